// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rehome: when a value goes elsewhere with the leases in it, what these own must know. The
 * tag of each child is changed from the lease in the old place to that in the new one; the
 * child itself stays, or is just being moved by somebody else.
 *
 * Nobody may touch the leases meanwhile, but another mover may visit a child and change its
 * lease: in the old place until the tag names the new one, and there afterwards. So the lease
 * is read again for each compare-and-swap on the tag.
 *
 * An owner waits for that other mover, and asks him for the child. A mover gives up instead:
 * so no two of them wait for each other, whatever clients make of their leases.
 */
#include "lease.h"

/* How an exclusive lease stands to what it leads to. */
enum tie {
	TIED,		/* owns it, or owns nothing */
	VISITED,	/* another mover has it, with interrupts off: not for long */
	IN_USE,
};

/* @child: what it leads to, whose memory stays as long as preemption is off. */
static enum tie look(void *slot, enum swim_tag_kind kind, void **child)
{
	unsigned long word, value, *tag;

	*child = READ_ONCE(*swim_slot_object(slot));
	if (!*child)
		return TIED;
	tag = swim_tag_of(*child);
	swim_window();
	/* Pairs with (E) in relocate.c: who sees DEAD sees the lease changed, below. */
	word = smp_load_acquire(tag);
	value = word ? swim_tag_mangle(tag, word) : 0;
	if (value == swim_tag_owned(slot, kind))
		return TIED;
	if (swim_tag_is_bare(value, SWIM_TAG_VISITED)) {
		swim_visited_ask(*child, value);
		swim_step(HAND_ASK);
		return VISITED;
	}
	if (READ_ONCE(*swim_slot_object(slot)) != *child) {
		swim_step(HAND_FOLLOW);
		return VISITED;
	}
	swim_step(HAND_IN_USE);
	return IN_USE;
}

/* Let the exclusive lease @to, a copy of @from, own what @from owns; @wait for movers. */
static bool rehome_one(void *from, void *to, enum swim_tag_kind kind, bool wait)
{
	enum tie tie;
	void *child;

	for (;;) {
		/* From the lease to its object: what a mover has emptied stays meanwhile. */
		rcu_read_lock_sched();
		tie = look(from, kind, &child);
		WRITE_ONCE(*swim_slot_object(to), child);
		swim_window();
		if (tie == TIED && child) {
			if (swim_tag_try(swim_tag_of(child), swim_tag_owned(from, kind),
					 swim_tag_owned(to, kind))) {
				swim_step(HAND_OVER);
			} else {
				swim_step(HAND_LOST);
				tie = VISITED;
			}
		}
		rcu_read_unlock_sched();
		if (tie != VISITED || !wait)
			return tie == TIED;
		cpu_relax();
	}
}

static bool is_ready(void *slot, enum swim_tag_kind kind)
{
	enum tie tie;
	void *child;

	for (;;) {
		rcu_read_lock_sched();
		tie = look(slot, kind, &child);
		rcu_read_unlock_sched();
		if (tie != VISITED)
			return tie == TIED;
		cpu_relax();
	}
}

/* The exclusive leases of a value, from the first on to the @n-th; how many were rehomed. */
static unsigned int rehome_value(const struct swim_type *type, void *from, void *to,
				 unsigned int n, bool wait)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		u32 part = type->part[i];

		if (swim_part_is_exclusive(part) &&
		    !rehome_one(swim_part(from, part), swim_part(to, part), swim_part_tag(part),
				wait))
			break;
	}
	return i;
}

/**
 * swim_rehome - let copies of values own what the values own, all or none
 * @type: of the values
 * @from: the values, which nobody else may touch
 * @to: their copies
 * @count: how many
 * @wait: for children that are just being moved, for at most a step of that each
 *
 * Counted leases lead to cells, which do not know them: a copy of one is as good.
 *
 * Context: Any but NMI.
 * Return: false when a child is in use, or is being moved and that was not to be waited for;
 * then nothing has changed, but that leases in the copies may lead to it.
 */
bool swim_rehome(const struct swim_type *type, void *from, void *to, u32 count, bool wait)
{
	unsigned int done = 0;
	u32 n;

	for (n = 0; n < count; n++, from += type->size, to += type->size) {
		done = rehome_value(type, from, to, type->parts, wait);
		if (done < type->parts)
			break;
	}
	if (n == count)
		return true;
	/* Nobody but movers can have got at what was rehomed: this way back cannot fail. */
	WARN_ON_ONCE(rehome_value(type, to, from, done, true) < done);
	if (done)
		swim_step(HAND_BACK);
	while (n--) {
		from -= type->size;
		to -= type->size;
		WARN_ON_ONCE(rehome_value(type, to, from, type->parts, true) < type->parts);
	}
	return false;
}

/**
 * swim_rehome_ready - could swim_rehome() be done now?
 * @type: of the values
 * @values: which nobody else may touch
 * @count: how many
 *
 * Only their owner could use the children meanwhile, so it can be done then as well.
 *
 * Context: as swim_rehome().
 * Return: false when a child is in use.
 */
bool swim_rehome_ready(const struct swim_type *type, void *values, u32 count)
{
	unsigned int i;
	u32 n;

	for (n = 0; type->parts && n < count; n++, values += type->size) {
		for (i = 0; i < type->parts; i++) {
			u32 part = type->part[i];

			if (swim_part_is_exclusive(part) &&
			    !is_ready(swim_part(values, part), swim_part_tag(part)))
				return false;
		}
	}
	return true;
}
