// SPDX-License-Identifier: GPL-2.0-only
/*
 * Relocate: move one object while its owner and its readers go on.
 *
 *	mover, interrupts off                  owner (raw.c)
 *	---------------------------------      -----------------------------------------
 *	tag: OWNED -> VISITED           (A)    tag: OWNED -> PINNED or dropped      (A)
 *	copy a cache line, look at "asked"     finds VISITED: sets "asked", looks again
 *	   ... asked: tag: OWNED        (B)
 *	tags of children: their lease is the
 *	   copy's now                   (C)
 *	copy's tag: OWNED
 *	lease: the copy                 (D)    reads the lease, new or old
 *	tag: DEAD                       (E)    finds DEAD, reads the lease again
 *
 * (A) compare-and-swap, one wins. From there on the lease cannot go away: its owner needs
 *     the tag for that.
 * (B) release; pairs with the owner's (A).
 * (C) While the object is VISITED it is not PINNED, so nobody may touch the leases in it,
 *     but another mover may visit a child and change its lease, in the old place until
 *     its tag names the copy's and there afterwards. So the lease is read again for each
 *     compare-and-swap on the child's tag. A child in use ends the move.
 * (D) release; pairs with the address dependency of readers: they see the whole copy.
 * (E) release; pairs with the acquire in take_failed().
 *
 * After (C) nothing can fail, and being asked comes too late: the owner finds the copy a
 * few instructions later. The old copy stays as it is for as long as swim_hunk_put() says,
 * for readers and for owners between reading the lease and taking the tag.
 */
#include <linux/irqflags.h>

#include "../compat.h"
#include "../observe/report.h"
#include "relocate.h"

#define STEP	64	/* bytes between two looks at "asked" */

/* SWIM_TAG_APART when an OWNED object stands apart. */
static unsigned long apart_of(unsigned long value)
{
	return swim_tag_is_apart(value) ? SWIM_TAG_APART : 0;
}

/* OWNED to VISITED; from then on the lease stays, and is read. */
static enum swim_relocated visit(void *object, unsigned long value, struct swim_raw *lease)
{
	unsigned long *tag = swim_tag_of(object);

	if (!swim_tag_try(tag, value, swim_tag_sized(SWIM_TAG_VISITED, 0, apart_of(value))))
		return SWIM_CHANGED;
	if (swim_raw_peek(swim_tag_lease(value), lease) && lease->object == object)
		return SWIM_MOVED;
	swim_tag_write(tag, value);
	return SWIM_CORRUPT;
}

static bool copy(void *to, const void *from, size_t size, const bool *asked)
{
	size_t at;

	for (at = 0; at + STEP <= size; at += STEP) {
		memcpy(to + at, from + at, STEP);
		if (READ_ONCE(*asked))
			return false;
	}
	memcpy(to + at, from + at, size - at);
	return !READ_ONCE(*asked);
}

/* Let the lease @to, a copy of @from, own what @from owns. */
static bool rehome_one(struct swim_raw *from, struct swim_raw *to)
{
	void *child;

	for (;;) {
		unsigned long *tag, word, value;

		child = READ_ONCE(from->object);
		WRITE_ONCE(to->object, child);
		if (!child)
			return true;
		tag = swim_tag_of(child);
		/* Pairs with (E): who sees DEAD sees the lease changed, below. */
		word = smp_load_acquire(tag);
		value = word ? swim_tag_mangle(tag, word) : 0;
		if (swim_tag_is_owned(value) && swim_tag_lease(value) == from) {
			if (swim_tag_try(tag, value, swim_tag_owned(to, apart_of(value))))
				return true;
		} else if (!swim_tag_is(value, SWIM_TAG_VISITED) &&
			   READ_ONCE(from->object) == child) {
			return false;
		}
		cpu_relax(); /* another mover has it, with interrupts off: not for long */
	}
}

/* Let the copy own the children, all or none. */
static bool rehome(const struct swim_type *type, void *from, void *to)
{
	unsigned int n;

	for (n = 0; n < type->parts; n++)
		if (!rehome_one(swim_part(from, type, n), swim_part(to, type, n)))
			break;
	if (n == type->parts)
		return true;
	/* Nobody but movers can have got at what was rehomed: this way back cannot fail. */
	while (n--)
		WARN_ON_ONCE(!rehome_one(swim_part(to, type, n), swim_part(from, type, n)));
	return false;
}

static enum swim_relocated move(struct swim_mover *mover, void *object, unsigned long value,
				const struct swim_raw *lease, size_t size)
{
	const struct swim_type *type = swim_meta_type(lease->meta);
	struct swim_raw *raw = swim_tag_lease(value);
	struct swim_hunk *from = swim_pool_hunk(mover->pool, (unsigned long)swim_tag_of(object));
	enum swim_relocated result = SWIM_CANCELLED;
	void *to = (void *)mover->to + mover->mark + SWIM_TAG_SLOT;

	if (size > mover->pool->small_max)
		return SWIM_CORRUPT;
	if (!mover->to || mover->mark + SWIM_TAG_SLOT + size >= swim_pool_hunk_size(mover->pool))
		return SWIM_FULL;
	swim_unpoison(to - SWIM_TAG_SLOT, SWIM_TAG_SLOT + size);
	if (!copy(to, object, size, &from->asked))
		goto abort;
	if (type && !rehome(type, object, to)) {
		result = SWIM_REFUSED;
		goto abort;
	}
	mover->mark += SWIM_TAG_SLOT + size;
	swim_tag_write(swim_tag_of(to), swim_tag_owned(raw, apart_of(value)));
	WRITE_ONCE(from->moved, true);
	/* (D) */
	smp_store_release(&raw->object, to);
	/* (E) */
	swim_tag_write(swim_tag_of(object), swim_tag_sized(SWIM_TAG_DEAD, size, apart_of(value)));
	return SWIM_MOVED;

abort:
	memset(to, 0, size); /* beyond the mark everything is zero */
	swim_poison(to - SWIM_TAG_SLOT, SWIM_TAG_SLOT + size);
	return result;
}

/**
 * swim_relocate - move one object
 * @mover: where to
 * @object: in a closed hunk that the caller holds
 * @value: its tag, OWNED
 * @size: its bytes, known whenever the return is none of CHANGED and CORRUPT
 *
 * Context: Any but NMI. Interrupts are off while the object is visited: for its copy, at
 * most SWIM_SMALL_MAX bytes, and a word for each of its children.
 */
enum swim_relocated swim_relocate(struct swim_mover *mover, void *object, unsigned long value,
				  size_t *size)
{
	struct swim_raw lease;
	enum swim_relocated result;
	unsigned long flags;

	local_irq_save(flags);
	/* Before VISITED: who sees that, asks afterwards. */
	WRITE_ONCE(swim_pool_hunk(mover->pool, (unsigned long)swim_tag_of(object))->asked, false);
	result = visit(object, value, &lease);
	if (result == SWIM_MOVED) {
		*size = swim_meta_object_size(lease.meta);
		result = move(mover, object, value, &lease, *size);
		if (result != SWIM_MOVED)
			swim_tag_write(swim_tag_of(object), value);
	}
	local_irq_restore(flags);
	if (result == SWIM_CORRUPT)
		swim_report("tag of object %p overwritten: no lease owns it", object);
	return result;
}

/**
 * swim_measure - the size of an owned object
 * @object: in a closed hunk that the caller holds
 * @value: its tag, OWNED
 * @size: its bytes
 *
 * Return: false when the tag changed meanwhile, or names no lease that owns it.
 */
bool swim_measure(void *object, unsigned long value, size_t *size)
{
	enum swim_relocated result;
	struct swim_raw lease;
	unsigned long flags;

	local_irq_save(flags);
	result = visit(object, value, &lease);
	if (result == SWIM_MOVED) {
		*size = swim_meta_object_size(lease.meta);
		swim_tag_write(swim_tag_of(object), value);
	}
	local_irq_restore(flags);
	return result == SWIM_MOVED;
}
