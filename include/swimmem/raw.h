/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raw: an exclusive lease with its metadata beside the pointer. The object is exactly
 * its payload, with one tag in front.
 *
 * A lease may stand anywhere, in an object that another lease owns too. It belongs to
 * one owner: he alone pins, unpins, moves and drops it, one call at a time, from any
 * context but NMI. He is never kept waiting by a move: asking for the object ends it.
 * Anybody may read it under RCU. A lease inside an object is only touched, but for
 * reads, while that object is pinned.
 *
 * An address got by a pin is valid until the unpin, one got by a read until
 * rcu_read_unlock(), provided that for reads after a drop the pool was made with
 * SWIM_POOL_RCU. In between the object may be anywhere.
 */
#ifndef SWIMMEM_RAW_H
#define SWIMMEM_RAW_H

#include <linux/rcupdate.h>
#include <swimmem/hold.h>
#include <swimmem/lease.h>
#include <swimmem/pin.h>
#include <swimmem/type.h>

int __must_check swim_raw_new(struct swim_raw *raw, struct swim_hold *hold, size_t size,
			      gfp_t gfp);
int __must_check swim_raw_move(struct swim_raw *to, struct swim_raw *from);
int swim_raw_drop(struct swim_raw *raw);
size_t swim_raw_size(const struct swim_raw *raw);

/**
 * swim_raw_pin - use the object, exclusively, and keep it where it is
 * @raw: owned by the caller
 *
 * Context: Any but NMI. Waits for at most one step of a move, of one cache line.
 * Return: the object until swim_raw_unpin(), or ERR_PTR: -ENOENT when the lease is empty,
 * -EBUSY when it is pinned already or being dropped; after a report, -ENOENT when the object
 * was dropped behind the lease's back, -EINVAL when another lease owns it, and -EUCLEAN when
 * its tag was overwritten. (Model: leases, dereference)
 */
static inline void *__must_check swim_raw_pin(struct swim_raw *raw)
{
	return __swim_pin_enter(raw, SWIM_TAG_OF_RAW);
}

/**
 * swim_raw_unpin - let the object move again
 * @raw: pinned by the caller; if it is not, that is reported and nothing changes
 *
 * Context: Any but NMI.
 */
static inline void swim_raw_unpin(struct swim_raw *raw)
{
	__swim_unpin_leave(raw, SWIM_TAG_OF_RAW);
}

/**
 * swim_raw_read - the object, for reading under RCU
 * @raw: any lease
 *
 * Context: Under rcu_read_lock() or what implies it.
 * Return: the object as it is or as it was before the move that is going on; NULL when
 * the lease owns nothing. (Model: leases, dereference)
 */
static inline const void *swim_raw_read(const struct swim_raw *raw)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_any_held(), "lease read outside of rcu_read_lock()");
	return (__force const void *)READ_ONCE(raw->object);
}

/**
 * swim_raw_is_empty - does the lease own nothing?
 * @raw: any lease
 */
static inline bool swim_raw_is_empty(const struct swim_raw *raw)
{
	return !READ_ONCE(raw->object);
}

#endif
