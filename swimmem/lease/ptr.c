// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ptr: the exclusive lease whose metadata is inside the object. How it is done is told in
 * exclusive.c.
 */
#include <linux/export.h>

#include "../observe/report.h"
#include "ptr.h"

/* What is known of @body where this is called needs no look at it. */
static __always_inline int own(struct swim_ptr *ptr, struct swim_hold *hold,
			       const struct swim_body *body, gfp_t gfp)
{
	unsigned long apart;
	void *object;

	if (unlikely(!swim_ptr_is_empty(ptr)))
		return -SWIM_EOCCUPIED;
	object = swim_object_new(hold, body, gfp, &apart);
	if (IS_ERR(object))
		return PTR_ERR(object);
	/* As in swim_raw_own(). */
	smp_store_release(swim_slot_object(ptr), object);
	swim_tag_write(swim_tag_of(object), swim_tag_owned(ptr, SWIM_TAG_INNER));
	swim_step(TAG_OWN_INNER);
	return 0;
}

/**
 * swim_ptr_own - make an object and let an empty lease own it
 * @ptr: the lease
 * @hold: where the object lives
 * @body: its metadata
 * @gfp: what to do when the hold must grow for it
 */
int swim_ptr_own(struct swim_ptr *ptr, struct swim_hold *hold, const struct swim_body *body,
		 gfp_t gfp)
{
	return own(ptr, hold, body, gfp);
}

/**
 * swim_ptr_new - allocate plain bytes into a lease
 * @ptr: empty
 * @hold: where the object lives
 * @size: bytes, zeroed, aligned to 8; 0 owns an object without bytes
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as swim_raw_new(). (Model: leases, Ptr)
 */
int swim_ptr_new(struct swim_ptr *ptr, struct swim_hold *hold, size_t size, gfp_t gfp)
{
	const struct swim_body body = { .meta = swim_meta_plain(size) };

	if (unlikely(!ptr || IS_ERR_OR_NULL(hold)))
		return -SWIM_EMISALIGNED;
	if (unlikely(size > SWIM_SEGMENT_SIZE))
		return -SWIM_EOVERSIZED;
	return own(ptr, hold, &body, gfp);
}
EXPORT_SYMBOL_GPL(swim_ptr_new);

/**
 * swim_ptr_move - hand the object over to another lease
 * @to: empty
 * @from: owned by the caller, not pinned; empty afterwards
 *
 * Context: Any but NMI.
 * Return: as swim_raw_move(). On an error nothing has changed.
 */
int swim_ptr_move(struct swim_ptr *to, struct swim_ptr *from)
{
	if (unlikely(!to || !from))
		return -SWIM_EMISALIGNED;
	if (unlikely(!swim_ptr_is_empty(to)))
		return -SWIM_EOCCUPIED;
	return swim_slot_move(to, from, SWIM_TAG_INNER);
}
EXPORT_SYMBOL_GPL(swim_ptr_move);

/**
 * swim_ptr_drop - the end of an object and of all that it owns
 * @ptr: owned by the caller, not pinned; empty afterwards
 *
 * Context: Any but NMI. As swim_raw_drop().
 * Return: as swim_raw_drop(). On an error nothing has changed. (Model: leases, drop)
 */
int swim_ptr_drop(struct swim_ptr *ptr)
{
	if (unlikely(!ptr))
		return -SWIM_EMISALIGNED;
	return swim_slot_drop_now(ptr, SWIM_TAG_INNER);
}
EXPORT_SYMBOL_GPL(swim_ptr_drop);
