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
 *     compare-and-swap on the child's tag. A child in use, or just visited, ends the move.
 * (D) release; pairs with the address dependency of readers: they see the whole copy.
 * (E) release; pairs with the acquire in take_failed().
 *
 * An object whose leases are counted is visited by its cell: busy. Its tag stays, and he who
 * asks for it says so there (cell.c).
 *
 * Between the values of an array the mover looks whether he is asked, too, and may go all the
 * way back. After (C) nothing can fail, and being asked comes too late: the owner finds the copy
 * a few instructions later. The old copy stays as it is for as long as swim_hunk_put() says,
 * for readers and for owners between reading the lease and taking the tag.
 */
#include <linux/irqflags.h>
#include <linux/prefetch.h>

#include "../compat.h"
#include "../lease/cell.h"
#include "relocate.h"

#define STEP	64	/* bytes between two looks at "asked" */
#define REHOMED	8	/* values whose children are handed over between two such looks */
#define TRIES	3	/* looks at a lease that does not own what its tag says */

/**
 * swim_owned_peek - look at the lease that a tag names
 * @object: whose tag it is
 * @value: the tag, owned, or pinned too; it may have been overwritten with anything
 * @lease: what a Raw lease says; of others the first word
 *
 * Return: false when nothing there owns the object.
 */
bool swim_owned_peek(void *object, unsigned long value, struct swim_buf *lease)
{
	void *slot = swim_tag_lease(value);

	switch (swim_tag_kind(value)) {
	case SWIM_TAG_OWNED:
		if (!swim_peek(slot, lease, sizeof(struct swim_raw)) ||
		    *swim_slot_object(lease) != object)
			return false;
		swim_window();
		return !swim_meta_is_buf(lease->raw.meta) ||
		       swim_peek(slot, lease, sizeof(*lease));
	case SWIM_TAG_INNER:
		return swim_peek(slot, lease, sizeof(struct swim_ptr)) &&
		       *swim_slot_object(lease) == object;
	case SWIM_TAG_COUNTED:
		return swim_cell_is(slot) &&
		       READ_ONCE(*swim_cell_object(slot)) == object;
	default:
		return false;
	}
}

/**
 * swim_owned_size - the size of an owned object
 * @object: the object
 * @value: its tag
 * @lease: what swim_owned_peek() found
 */
size_t swim_owned_size(void *object, unsigned long value, struct swim_buf *lease)
{
	enum swim_tag_kind kind = swim_tag_kind(value);

	return swim_body_object_size(swim_body_of(lease, object, kind), kind);
}

/* From then on the object stays where it is, its lease or its cell too, which is read. */
static enum swim_relocated visit(struct swim_pool *pool, void *object, unsigned long value,
				 struct swim_buf *lease)
{
	unsigned long *tag = swim_tag_of(object);

	if (swim_tag_is_pinned(value))
		return SWIM_REFUSED;
	if (swim_tag_kind(value) == SWIM_TAG_COUNTED) {
		struct swim_cell *cell = swim_tag_slot(value);

		if (!swim_cell_is(cell))
			return SWIM_CORRUPT;
		swim_window();
		if (!swim_cell_busy(cell)) {
			swim_step(MOVE_IN_USE);
			return swim_tag_read(tag) == value ? SWIM_REFUSED : SWIM_CHANGED;
		}
		if (swim_owned_peek(object, value, lease))
			return SWIM_MOVED;
		swim_cell_unbusy(cell);
		swim_step(MOVE_OTHER);
		return swim_tag_read(tag) == value ? SWIM_CORRUPT : SWIM_CHANGED;
	}
	swim_window();
	if (!swim_tag_try(tag, value, swim_tag_sized(SWIM_TAG_VISITED, 0, pool->apart))) {
		swim_step(TAG_VISIT_LOST);
		return SWIM_CHANGED;
	}
	swim_step(TAG_VISIT);
	if (swim_owned_peek(object, value, lease))
		return SWIM_MOVED;
	swim_tag_write(tag, value);
	return SWIM_CORRUPT;
}

static void unvisit(void *object, unsigned long value)
{
	if (swim_tag_kind(value) == SWIM_TAG_COUNTED) {
		swim_cell_unbusy(swim_tag_slot(value));
		return;
	}
	swim_tag_write(swim_tag_of(object), value);
	swim_step(TAG_ABORT);
}

/* Does somebody want the object that is visited? */
static bool is_asked(const struct swim_hunk *from, unsigned long value)
{
	if (swim_tag_kind(value) == SWIM_TAG_COUNTED)
		return swim_cell_is_asked(swim_tag_slot(value));
	return READ_ONCE(from->asked);
}

static bool copy(void *to, const void *object, size_t size, const struct swim_hunk *from,
		 unsigned long value)
{
	size_t at;

	for (at = 0; at + STEP <= size; at += STEP) {
		memcpy(to + at, object + at, STEP);
		if (is_asked(from, value))
			return false;
	}
	memcpy(to + at, object + at, size - at);
	return !is_asked(from, value);
}

/* Values in an object. */
static u32 count_of(const struct swim_body *body)
{
	return swim_meta_is_buf(body->meta) ? body->len : 1;
}

/* The copy is the object from now on. */
static void commit(struct swim_mover *mover, void *object, unsigned long value, void *to,
		   size_t size)
{
	struct swim_cell *cell = swim_tag_slot(value);
	const bool counted = swim_tag_kind(value) == SWIM_TAG_COUNTED;
	void **address = counted ? swim_cell_object(cell) : swim_slot_object(swim_tag_slot(value));

	if (swim_pool_trailer(mover->pool))
		swim_track_move(to, object, size);
	swim_tag_write(swim_tag_of(to), value);
	swim_window();
	/* Whoever looks at an open hunk up to here finds what stands there. */
	smp_store_release(&mover->next, mover->next + SWIM_TAG_SLOT + size +
					swim_pool_trailer(mover->pool));
	/* (D) */
	smp_store_release(address, to);
	swim_window();
	/* (E) */
	swim_tag_write(swim_tag_of(object), swim_tag_sized(SWIM_TAG_DEAD, size,
							   mover->pool->apart));
	swim_step(TAG_COMMIT);
	if (counted) {
		swim_cell_unbusy(cell);
		swim_step(MOVE_COUNTED);
	}
}

/* The lease of what stands behind an object is going to be wanted next. */
static void look_ahead(const struct swim_mover *mover, void *behind, const struct swim_hunk *from)
{
	unsigned long value;

	if (behind - (const void *)from >= swim_frame_mark(mover->pool, from->frame))
		return;
	value = swim_tag_read(behind);
	if (swim_tag_is_owned(value))
		prefetchw(swim_tag_slot(value));
}

/* Where what a lease leads to stands now; NULL when it leads to nothing, or keeps nothing. */
static struct swim_hint hint_of(void *value, u32 part)
{
	void *slot = swim_part(value, part);
	struct swim_hint hint = {};
	struct swim_cell *cell;

	if (swim_part_is_exclusive(part)) {
		hint.object = READ_ONCE(*swim_slot_object(slot));
		hint.tag = swim_tag_owned(slot, swim_part_tag(part));
	} else if (swim_part_kind(part) == SWIM_KIND_HARD) {
		cell = ((struct swim_hard *)slot)->cell;
		hint.object = cell ? READ_ONCE(*swim_cell_object(cell)) : NULL;
		hint.tag = swim_tag_owned(cell, SWIM_TAG_COUNTED);
	}
	return hint;
}

/*
 * Keep in mind what values own that are just being moved, so that the first is the next to be
 * moved. For what comes later there may be no room.
 */
static void keep_hints(struct swim_mover *mover, const struct swim_type *type, void *values,
		       u32 count)
{
	unsigned int first = mover->hints, last, part;
	struct swim_hint hint;

	for (; count--; values += type->size) {
		for (part = 0; part < type->parts; part++) {
			if (mover->hints == SWIM_HINTS)
				goto reverse;
			hint = hint_of(values, type->part[part]);
			if (hint.object)
				mover->hint[mover->hints++] = hint;
		}
	}
reverse:
	for (last = mover->hints; first + 1 < last; first++, last--)
		swap(mover->hint[first], mover->hint[last - 1]);
}

/* Hand over to copies of values what these own, a few at a time. */
static enum swim_relocated rehome(const struct swim_type *type, void *values, void *copies,
				  u32 count, const struct swim_hunk *from, unsigned long value)
{
	enum swim_relocated result = SWIM_MOVED;
	u32 done, n;

	for (done = 0; done < count; done += n) {
		n = min_t(u32, count - done, REHOMED);
		if (done)
			swim_linger();
		if (done && is_asked(from, value)) {
			swim_step(MOVE_ASKED_LATE);
			result = SWIM_CANCELLED;
		} else if (!swim_rehome(type, values + (size_t)done * type->size,
					copies + (size_t)done * type->size, n, false)) {
			swim_step(MOVE_REFUSED);
			result = SWIM_REFUSED;
		}
		if (result != SWIM_MOVED)
			break;
	}
	if (result != SWIM_MOVED) {
		WARN_ON_ONCE(!swim_rehome(type, copies, values, done, true));
		if (done)
			swim_step(MOVE_BACK);
	}
	return result;
}

static enum swim_relocated move(struct swim_mover *mover, void *object, unsigned long value,
				struct swim_buf *lease, size_t size)
{
	enum swim_tag_kind kind = swim_tag_kind(value);
	const struct swim_body *body = swim_body_of(lease, object, kind);
	const struct swim_type *type = swim_meta_type(body->meta);
	struct swim_hunk *from = swim_pool_hunk(mover->pool, (unsigned long)swim_tag_of(object));
	enum swim_relocated result = SWIM_CANCELLED;
	void *to = (void *)mover->next + SWIM_TAG_SLOT;
	size_t front = swim_body_front(body, kind);
	size_t need = SWIM_TAG_SLOT + size + swim_pool_trailer(mover->pool);

	if (size > mover->pool->small_max)
		return SWIM_CORRUPT;
	if ((mover->next ^ (mover->next + need)) & mover->pool->mask) {
		swim_step(MOVE_FULL);
		return SWIM_FULL;
	}
	look_ahead(mover, object + need - SWIM_TAG_SLOT, from);
	swim_unpoison(to - SWIM_TAG_SLOT, need);
	if (!copy(to, object, size, from, value)) {
		swim_step(MOVE_ASKED);
		goto abort;
	}
	swim_step(MOVE_COPIED);
	if (type && type->parts) {
		result = rehome(type, object + front, to + front, count_of(body), from, value);
		if (result != SWIM_MOVED)
			goto abort;
		swim_step(MOVE_REHOMED);
		keep_hints(mover, type, to + front, count_of(body));
	}
	WRITE_ONCE(from->moved, mover->pool->cleaner.epoch);
	commit(mover, object, value, to, size);
	return SWIM_MOVED;

abort:
	swim_poison(to - SWIM_TAG_SLOT, need);
	return result;
}

/*
 * What is being freed meanwhile KASAN may call poisoned, and who gets that memory next may write
 * there, unmarked; what was read is not used then.
 */
static __no_sanitize_address __no_kcsan void read_body(const struct swim_body *from,
						       struct swim_body *body)
{
	body->meta = READ_ONCE(from->meta);
	body->cap = READ_ONCE(from->cap);
}

/* Where nobody changes the metadata meanwhile a look is enough: inside the object, or pinned. */
static enum swim_relocated measure_peek(void *object, unsigned long value, size_t *size)
{
	const unsigned long *tag = swim_tag_of(object);
	enum swim_tag_kind kind = swim_tag_kind(value);
	struct swim_buf lease;
	struct swim_body body;
	unsigned int tries;

	/* It may be handed on, and back, between a look at the lease and one at the tag. */
	for (tries = 0; tries < TRIES; tries++) {
		bool owned;

		swim_window();
		/* The tag comes before what it is about: pairs with the release of its writers. */
		smp_rmb();
		owned = swim_owned_peek(object, value, &lease);
		if (owned)
			read_body(swim_body_of(&lease, object, kind), &body);
		swim_window();
		/* It was the metadata if the object is still there. */
		smp_rmb();
		if (swim_tag_read(tag) != value) {
			swim_step(MEASURE_CHANGED);
			return SWIM_CHANGED;
		}
		if (!owned) {
			swim_step(MEASURE_AGAIN);
			continue;
		}
		*size = swim_body_object_size(&body, kind);
		swim_step(MEASURE_PEEK);
		return SWIM_MOVED;
	}
	return SWIM_CORRUPT;
}

/* MOVED: that is its size. */
static enum swim_relocated measure(struct swim_pool *pool, void *object, unsigned long value,
				   size_t *size)
{
	enum swim_relocated result;
	struct swim_buf lease;
	unsigned long flags;

	if (swim_tag_kind(value) != SWIM_TAG_OWNED || swim_tag_is_pinned(value))
		return measure_peek(object, value, size);
	local_irq_save(flags);
	result = visit(pool, object, value, &lease);
	if (result == SWIM_MOVED) {
		*size = swim_owned_size(object, value, &lease);
		swim_tag_write(swim_tag_of(object), value);
		swim_step(MEASURE_VISIT);
	}
	local_irq_restore(flags);
	return result;
}

/**
 * swim_relocate - move one object
 * @mover: where to
 * @object: in a closed hunk that the caller holds
 * @value: its tag, owned
 * @size: its bytes, known whenever the return is none of CHANGED and CORRUPT
 *
 * Context: Any but NMI. Interrupts are off while the object is visited: for its copy, at
 * most SWIM_SMALL_MAX bytes, and a word for each of its children.
 */
enum swim_relocated swim_relocate(struct swim_mover *mover, void *object, unsigned long value,
				  size_t *size)
{
	struct swim_buf lease;
	enum swim_relocated result;
	unsigned long flags;

	local_irq_save(flags);
	/* Before VISITED: who sees that, asks afterwards. */
	WRITE_ONCE(swim_pool_hunk(mover->pool, (unsigned long)swim_tag_of(object))->asked, false);
	result = visit(mover->pool, object, value, &lease);
	if (result == SWIM_MOVED) {
		swim_linger();
		*size = swim_owned_size(object, value, &lease);
		result = move(mover, object, value, &lease, *size);
		if (result != SWIM_MOVED)
			unvisit(object, value);
	} else if (result == SWIM_REFUSED) {
		result = measure(mover->pool, object, value, size);
		if (result == SWIM_MOVED)
			result = SWIM_REFUSED;
	}
	local_irq_restore(flags);
	return result;
}

/**
 * swim_measure - the size of an owned object
 * @pool: in which it is
 * @object: in a closed hunk that the caller holds
 * @value: its tag
 * @size: its bytes
 *
 * Return: false when the tag changed meanwhile, or names no lease that owns it.
 */
bool swim_measure(struct swim_pool *pool, void *object, unsigned long value, size_t *size)
{
	return measure(pool, object, value, size) == SWIM_MOVED;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_measure);
