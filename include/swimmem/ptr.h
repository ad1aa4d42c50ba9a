/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ptr: an exclusive lease of exactly one pointer. Its metadata is inside the object, 8 bytes
 * in front of the payload. Else it is as a Raw lease: raw.h tells who may call what.
 */
#ifndef SWIMMEM_PTR_H
#define SWIMMEM_PTR_H

#include <linux/err.h>
#include <linux/rcupdate.h>
#include <swimmem/hold.h>
#include <swimmem/lease.h>
#include <swimmem/pin.h>
#include <swimmem/type.h>

/* Bytes of metadata in front of a payload that is no buf, and has none of the user's. */
#define SWIM_PTR_FRONT	8

/* Private: what the metadata is of, see swimmem/lease/lease.h. */
#define SWIM_META_PLAIN	1UL
#define SWIM_META_USER	16UL
#define SWIM_META_TYPE	(~31UL)

static inline size_t __swim_user_size(unsigned long meta)
{
	if (likely((meta & (SWIM_META_PLAIN | SWIM_META_USER)) != SWIM_META_USER))
		return 0;
	return ALIGN(((const struct swim_type *)(meta & SWIM_META_TYPE))->ops->user, 8);
}

int __must_check swim_ptr_new(struct swim_ptr *ptr, struct swim_hold *hold, size_t size,
			      gfp_t gfp);
int __must_check swim_ptr_move(struct swim_ptr *to, struct swim_ptr *from);
int swim_ptr_drop(struct swim_ptr *ptr);

/**
 * swim_ptr_pin - use the payload, exclusively, and keep it where it is
 * @ptr: owned by the caller; no buf
 *
 * Context: Any but NMI. Waits for at most one step of a move, of one cache line.
 * Return: the payload until swim_ptr_unpin(), or ERR_PTR as swim_raw_pin().
 * (Model: leases, dereference)
 */
static inline void *__must_check swim_ptr_pin(struct swim_ptr *ptr)
{
	void *object = __swim_pin_enter(ptr, SWIM_TAG_OF_PTR);

	if (IS_ERR(object))
		return object;
	return object + SWIM_PTR_FRONT + __swim_user_size(*(unsigned long *)object);
}

/**
 * swim_ptr_unpin - let the object move again
 * @ptr: pinned by the caller; if it is not, that is reported and nothing changes
 *
 * Context: Any but NMI.
 */
static inline void swim_ptr_unpin(struct swim_ptr *ptr)
{
	__swim_unpin_leave(ptr, SWIM_TAG_OF_PTR);
}

/**
 * swim_ptr_is_empty - does the lease own nothing?
 * @ptr: any lease
 */
static inline bool swim_ptr_is_empty(const struct swim_ptr *ptr)
{
	return !READ_ONCE(ptr->object);
}

/**
 * swim_ptr_read - the payload, for reading under RCU
 * @ptr: a lease of plain bytes or of a value
 *
 * Context: Under rcu_read_lock() or what implies it.
 * Return: as swim_raw_read(). (Model: leases, dereference)
 */
static inline const void *swim_ptr_read(const struct swim_ptr *ptr)
{
	const void *object = (__force const void *)READ_ONCE(ptr->object);

	RCU_LOCKDEP_WARN(!rcu_read_lock_any_held(), "lease read outside of rcu_read_lock()");
	if (!object)
		return NULL;
	return object + SWIM_PTR_FRONT + __swim_user_size(*(const unsigned long *)object);
}

#endif
