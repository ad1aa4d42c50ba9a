// SPDX-License-Identifier: GPL-2.0-only
/*
 * Raw: the exclusive lease whose metadata is beside the pointer. How it is done is told in
 * exclusive.c.
 */
#include <linux/export.h>

#include <swimmem/raw.h>

#include "../observe/report.h"
#include "raw.h"

static_assert(sizeof(struct swim_box) == sizeof(struct swim_raw));

/**
 * swim_raw_own_slow - swim_raw_own(), when it was not the usual case
 * @raw: empty
 * @hold: where the object lives
 * @size: bytes
 * @meta: what it is, in a hunk of 64 KiB
 * @gfp: what to do when the hold must grow for it
 *
 * Return: as swim_raw_new().
 */
noinline int swim_raw_own_slow(struct swim_raw *raw, struct swim_hold *hold, size_t size,
			       unsigned long meta, gfp_t gfp)
{
	unsigned long apart;
	void *object;

	if (size > SWIM_SEGMENT_SIZE)
		return -SWIM_EOVERSIZED;
	object = swim_reserve(hold, size, gfp, &apart);
	if (IS_ERR(object))
		return PTR_ERR(object);
	swim_raw_begin(raw, object, swim_meta_apart(meta, apart));
	return 0;
}

/**
 * swim_raw_new - allocate plain bytes into a lease
 * @raw: empty
 * @hold: where the object lives
 * @size: bytes, zeroed, aligned to 8; 0 owns an object without bytes
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -EEXIST when the lease owns an object; -E2BIG for more than 2 MiB with its
 * header, or than the hold can ever give; -ENOMEM; -EINVAL without lease or hold. On an
 * error nothing has changed. (Model: leases, Raw)
 */
int swim_raw_new(struct swim_raw *raw, struct swim_hold *hold, size_t size, gfp_t gfp)
{
	if (unlikely(!raw || IS_ERR_OR_NULL(hold)))
		return -SWIM_EMISALIGNED;
	return swim_raw_own(raw, hold, size, swim_meta_plain(size), gfp);
}
EXPORT_SYMBOL_GPL(swim_raw_new);

/**
 * swim_raw_move - hand the object over to another lease
 * @to: empty
 * @from: owned by the caller, not pinned; empty afterwards
 *
 * Readers find the object through @to before they stop finding it through @from.
 *
 * Context: Any but NMI.
 * Return: 0; -EEXIST when @to owns an object; -EINVAL without both leases, or, after a
 * report, when @to stands in the object itself; else as swim_raw_pin(). On an error
 * nothing has changed.
 */
int swim_raw_move(struct swim_raw *to, struct swim_raw *from)
{
	if (unlikely(!to || !from))
		return -SWIM_EMISALIGNED;
	if (unlikely(!swim_raw_is_empty(to)))
		return -SWIM_EOCCUPIED;
	return swim_slot_move(to, from, SWIM_TAG_OWNED);
}
EXPORT_SYMBOL_GPL(swim_raw_move);

/**
 * swim_raw_drop - the end of an object and of all that it owns
 * @raw: owned by the caller, not pinned; empty afterwards
 *
 * Context: Any but NMI. Waits for at most one step of a move, of one cache line. The
 * time is proportional to what is dropped.
 * Return: 0; -ENOENT when the lease is empty, -EBUSY when it is pinned, -EINVAL without a
 * lease; after a report as swim_raw_pin(). On an error nothing has changed.
 * (Model: leases, drop)
 */
int swim_raw_drop(struct swim_raw *raw)
{
	if (unlikely(!raw))
		return -SWIM_EMISALIGNED;
	return swim_slot_drop_now(raw, SWIM_TAG_OWNED);
}
EXPORT_SYMBOL_GPL(swim_raw_drop);

/**
 * swim_raw_size - bytes of the object
 * @raw: any lease
 *
 * Context: Any but NMI, by the owner.
 * Return: the size that was asked for, or 0 when the lease is empty.
 */
size_t swim_raw_size(const struct swim_raw *raw)
{
	if (!raw || swim_raw_is_empty(raw))
		return 0;
	return swim_body_size((const struct swim_body *)&raw->meta);
}
EXPORT_SYMBOL_GPL(swim_raw_size);
