// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counted: Mut, Ref, Hard and Soft. Each of them is the address of a cell, and adds its
 * weight to the cell's status (cell.c); the rest follows from that.
 */
#include <linux/export.h>
#include <linux/kernel.h>

#include <swimmem/counted.h>
#include <swimmem/stow.h>

#include "../observe/report.h"
#include "cell.h"
#include "lease.h"

/* What is known of @body where this is called needs no look at it. */
static __always_inline int own(struct swim_cell **to, struct swim_hold *hold,
			       const struct swim_body *body, enum swim_lease_kind kind, gfp_t gfp)
{
	struct swim_cell *cell;
	unsigned long apart;
	void *object;

	if (unlikely(*to))
		return -SWIM_EOCCUPIED;
	cell = swim_cell_alloc(gfp);
	if (!cell)
		return -SWIM_ENOMEM;
	object = swim_object_new(hold, body, gfp, &apart);
	if (IS_ERR(object)) {
		swim_cell_free(cell);
		return PTR_ERR(object);
	}
	/* A mover that comes from the cell's last object may be looking: swim_owned_peek(). */
	WRITE_ONCE(*swim_cell_object(cell), object);
	/* Pairs with swim_cell_busy(): who finds it alive finds the object. */
	atomic_long_set_release(&cell->status, swim_weight(kind));
	swim_step(CELL_NEW);
	swim_tag_write(swim_tag_of(object), swim_tag_owned(cell, SWIM_TAG_COUNTED));
	swim_step(TAG_OWN_COUNTED);
	*to = cell;
	return 0;
}

/**
 * swim_counted_own - make an object and a counted lease of it
 * @to: empty
 * @hold: where the object lives
 * @body: its metadata
 * @kind: of the lease: strong
 * @gfp: what to do when the hold must grow for it
 */
int swim_counted_own(struct swim_cell **to, struct swim_hold *hold, const struct swim_body *body,
		     enum swim_lease_kind kind, gfp_t gfp)
{
	return own(to, hold, body, kind, gfp);
}

/**
 * __swim_counted_new - make an object and a counted lease of it
 * @to: empty
 * @hold: where the object lives
 * @size: bytes, when there is no type
 * @type: what it is, or NULL
 * @kind: of the lease: strong
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -EEXIST, -E2BIG, -ENOMEM, -EINVAL as swim_raw_new(). On an error nothing has
 * changed.
 */
int __swim_counted_new(struct swim_cell **to, struct swim_hold *hold, size_t size,
		       const struct swim_type *type, enum swim_lease_kind kind, gfp_t gfp)
{
	if (unlikely(!to || IS_ERR_OR_NULL(hold)))
		return -SWIM_EMISALIGNED;
	if (type)
		return own(to, hold, &(struct swim_body){ .meta = swim_meta_typed(type) }, kind,
			   gfp);
	if (size > SWIM_SEGMENT_SIZE)
		return -SWIM_EOVERSIZED;
	return own(to, hold, &(struct swim_body){ .meta = swim_meta_plain(size) }, kind, gfp);
}
EXPORT_SYMBOL_GPL(__swim_counted_new);

/* The last strong lease is gone, and the cell is the caller's. */
static void drop_object(struct swim_cell *cell)
{
	void *object = *swim_cell_object(cell);
	struct swim_hard last = { .cell = cell };
	struct swim_body *body = object;

	if (likely(swim_meta_is_leaf(body->meta))) {
		unsigned long sized = swim_body_sized(body, SWIM_TAG_COUNTED, 0);

		WRITE_ONCE(*swim_cell_object(cell), NULL);
		swim_release_object(object, sized & SWIM_TAG_WHERE, swim_tag_size(sized));
		swim_cell_unbusy(cell);
		return;
	}
	swim_tag_write(swim_tag_of(object), swim_tag_dropping(NULL, SWIM_TAG_OWNED));
	swim_step(TAG_DROP_COUNTED);
	swim_drop_all(&last, SWIM_TAG_COUNTED);
}

static int check(struct swim_cell **to, struct swim_cell **from)
{
	if (unlikely(!to || !from))
		return -SWIM_EMISALIGNED;
	if (unlikely(!*from))
		return -SWIM_ECLEARED;
	return unlikely(*to) ? -SWIM_EOCCUPIED : 0;
}

static void made(struct swim_cell **to, struct swim_cell **from, bool into, bool last)
{
	struct swim_cell *cell = *from;

	*to = cell;
	if (into)
		WRITE_ONCE(*from, NULL);
	if (last)
		drop_object(cell);
}

/**
 * __swim_counted_turn - make a lease out of another, at once or not at all
 * @to: empty
 * @to_kind: of it
 * @from: owned by the caller
 * @from_kind: of it
 * @into: @from is empty afterwards
 *
 * Context: Any but NMI.
 * Return: 0; -EEXIST when @to owns something; -ENOENT when @from does not, or is Soft and the
 * object is gone; -EBUSY while a Mut, or for a Mut also a Ref, lives; -EINPROGRESS while the
 * object is being moved; -EAGAIN when others were faster too often; -EOVERFLOW, -ERANGE,
 * -EUSERS when the hard, soft, ref count is at its limit. On an error nothing has changed.
 */
int __swim_counted_turn(struct swim_cell **to, enum swim_lease_kind to_kind,
			struct swim_cell **from, enum swim_lease_kind from_kind, bool into)
{
	bool last;
	int err = check(to, from);

	if (!err)
		err = swim_cell_turn(*from, from_kind, to_kind, into, &last);
	if (!err)
		made(to, from, into, last);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_counted_turn);

/**
 * __swim_counted_try - make a lease out of another, and wait until that is possible
 * @to: empty
 * @to_kind: of it: Ref or Mut
 * @from: owned by the caller
 * @from_kind: of it
 * @into: @from is empty afterwards
 *
 * Context: Process, may sleep: for as long as somebody keeps a Ref or Mut that is in the way.
 * Return: as __swim_counted_turn(), but for what waiting helps against; -EPERM, and a report,
 * where nobody may sleep.
 */
int __swim_counted_try(struct swim_cell **to, enum swim_lease_kind to_kind,
		       struct swim_cell **from, enum swim_lease_kind from_kind, bool into)
{
	bool last;
	int err = check(to, from);

	if (!err && !swim_may_sleep("wait for a lease"))
		err = -SWIM_ECONTEXT;
	if (err)
		return err;
	might_sleep();
	do {
		err = swim_cell_turn(*from, from_kind, to_kind, into, &last);
		if (!err) {
			made(to, from, into, last);
			return 0;
		}
		err = swim_cell_wait(*from, to_kind, err);
	} while (!err);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_counted_try);

/**
 * __swim_counted_unique - see swim_hard_to_unique()
 * @to: empty
 * @from: owned by the caller; empty afterwards
 * @hold: where a copy lives
 * @gfp: how the hold may grow for it
 *
 * Return: as swim_hard_to_unique().
 */
int __swim_counted_unique(struct swim_mut *to, struct swim_hard *from, struct swim_hold *hold,
			  gfp_t gfp)
{
	unsigned long alone = SWIM_HARD_ONE;
	struct swim_ref ref = {};
	int err = check(to ? &to->cell : NULL, from ? &from->cell : NULL);

	if (err)
		return err;
	if (atomic_long_try_cmpxchg(&from->cell->status, &alone, SWIM_HARD_ONE | SWIM_MUT_ONE)) {
		swim_step(CELL_UNIQUE);
		to->cell = from->cell;
		WRITE_ONCE(from->cell, NULL);
		return 0;
	}
	swim_step(CELL_SHARED);
	err = swim_hard_poll_to_ref(&ref, from);
	if (err)
		return err;
	err = __swim_clone(to, SWIM_KIND_MUT, &ref, SWIM_KIND_REF, hold, gfp);
	swim_ref_drop(&ref);
	if (!err)
		swim_hard_drop(from);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_counted_unique);

/**
 * __swim_counted_drop - the end of a counted lease
 * @from: owned by the caller; empty afterwards
 * @kind: of it
 *
 * Context: Any but NMI.
 * Return: 0; -ENOENT when it leads to nothing; -EINVAL without a lease.
 */
int __swim_counted_drop(struct swim_cell **from, enum swim_lease_kind kind)
{
	struct swim_cell *cell;

	if (unlikely(!from))
		return -SWIM_EMISALIGNED;
	cell = *from;
	if (unlikely(!cell))
		return -SWIM_ECLEARED;
	WRITE_ONCE(*from, NULL);
	if (swim_cell_put(cell, kind))
		drop_object(cell);
	return 0;
}
EXPORT_SYMBOL_GPL(__swim_counted_drop);

/**
 * __swim_counted_move - hand a counted lease over
 * @to: empty
 * @from: owned by the caller; empty afterwards
 *
 * Context: Any.
 * Return: 0; -EEXIST, -ENOENT, -EINVAL.
 */
int __swim_counted_move(struct swim_cell **to, struct swim_cell **from)
{
	int err = check(to, from);

	if (!err) {
		*to = *from;
		WRITE_ONCE(*from, NULL);
	}
	return err;
}
EXPORT_SYMBOL_GPL(__swim_counted_move);

/**
 * __swim_counted_payload - what a Ref or a Mut leads to
 * @cell: of it
 *
 * Return: the payload.
 */
void *__swim_counted_payload(const struct swim_cell *cell)
{
	void *object = (__force void *)READ_ONCE(cell->object);

	return object + swim_body_front(object, SWIM_TAG_COUNTED);
}
EXPORT_SYMBOL_GPL(__swim_counted_payload);

/**
 * __swim_counted_counts - how many leases an object has
 * @cell: of any of them; NULL for none
 * @counts: the numbers, of one moment
 *
 * Context: Any.
 */
void __swim_counted_counts(const struct swim_cell *cell, struct swim_counts *counts)
{
	unsigned long status = cell ? atomic_long_read(&cell->status) : 0;

	*counts = (struct swim_counts){
		.hard = swim_status_hard(status),
		.soft = swim_status_soft(status),
		.ref = swim_status_ref(status),
		.mut = swim_status_mut(status),
		.relocating = status & SWIM_BUSY,
	};
}
EXPORT_SYMBOL_GPL(__swim_counted_counts);
