/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ptr: an exclusive lease of exactly one pointer. Its metadata is inside the object, 8 bytes
 * in front of the payload. Else it is as a Raw lease: raw.h tells who may call what.
 */
#ifndef SWIMMEM_PTR_H
#define SWIMMEM_PTR_H

#include <linux/rcupdate.h>
#include <swimmem/hold.h>
#include <swimmem/lease.h>

/* Bytes of metadata in front of a payload that is no buf. */
#define SWIM_PTR_FRONT	8

int __must_check swim_ptr_new(struct swim_ptr *ptr, struct swim_hold *hold, size_t size,
			      gfp_t gfp);
void *__must_check swim_ptr_pin(struct swim_ptr *ptr);
void swim_ptr_unpin(struct swim_ptr *ptr);
int __must_check swim_ptr_move(struct swim_ptr *to, struct swim_ptr *from);
int swim_ptr_drop(struct swim_ptr *ptr);

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
	const void *object = READ_ONCE(ptr->object);

	RCU_LOCKDEP_WARN(!rcu_read_lock_any_held(), "lease read outside of rcu_read_lock()");
	return object ? object + SWIM_PTR_FRONT : NULL;
}

#endif
