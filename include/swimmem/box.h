/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Box: one value of a type, in any of the six leases. raw.h and counted.h tell who may call
 * what; here is what knows that it is a value.
 */
#ifndef SWIMMEM_BOX_H
#define SWIMMEM_BOX_H

#include <swimmem/counted.h>
#include <swimmem/ptr.h>
#include <swimmem/raw.h>

int __must_check swim_box_new(struct swim_box *box, struct swim_hold *hold,
			      const struct swim_type *type, gfp_t gfp);
const struct swim_type *swim_box_type(const struct swim_box *box);

/**
 * swim_box_pin - use the value, exclusively, and keep it where it is
 * @box: owned by the caller
 *
 * Context: Any but NMI. Waits for at most one step of a move, of one cache line.
 * Return: the value until swim_box_unpin(), or ERR_PTR: -ENOENT when the box is empty,
 * -EBUSY when it is pinned already; after a report, -ENOENT when the value was dropped
 * behind the lease's back and -EUCLEAN when its tag was overwritten.
 */
static inline void *__must_check swim_box_pin(struct swim_box *box)
{
	return swim_raw_pin(&box->raw);
}

/**
 * swim_box_unpin - let the value move again
 * @box: pinned by the caller
 *
 * Context: Any but NMI.
 */
static inline void swim_box_unpin(struct swim_box *box)
{
	swim_raw_unpin(&box->raw);
}

/**
 * swim_box_read - the value, for reading under RCU
 * @box: any
 *
 * Context: Under rcu_read_lock() or what implies it.
 * Return: the value, or NULL when the box is empty.
 */
static inline const void *swim_box_read(const struct swim_box *box)
{
	return swim_raw_read(&box->raw);
}

/**
 * swim_box_move - hand the value over to another box
 * @to: empty
 * @from: owned by the caller; empty afterwards
 *
 * Context: Any but NMI.
 * Return: 0, or the errno of swim_raw_move(); then nothing has changed.
 */
static inline int __must_check swim_box_move(struct swim_box *to, struct swim_box *from)
{
	return swim_raw_move(&to->raw, &from->raw);
}

/**
 * swim_box_drop - the end of the value and of all that it owns
 * @box: owned by the caller, not pinned; empty afterwards
 *
 * Context: Any but NMI.
 * Return: 0, or the errno of swim_raw_drop(); then nothing has changed.
 */
static inline int swim_box_drop(struct swim_box *box)
{
	return swim_raw_drop(&box->raw);
}

/**
 * swim_box_is_empty - does the box own nothing?
 * @box: any
 */
static inline bool swim_box_is_empty(const struct swim_box *box)
{
	return swim_raw_is_empty(&box->raw);
}

int __must_check swim_ptr_box_new(struct swim_ptr_box *box, struct swim_hold *hold,
				  const struct swim_type *type, gfp_t gfp);

static inline void *__must_check swim_ptr_box_pin(struct swim_ptr_box *box)
{
	return swim_ptr_pin(&box->ptr);
}

static inline void swim_ptr_box_unpin(struct swim_ptr_box *box)
{
	swim_ptr_unpin(&box->ptr);
}

static inline const void *swim_ptr_box_read(const struct swim_ptr_box *box)
{
	return swim_ptr_read(&box->ptr);
}

static inline int __must_check swim_ptr_box_move(struct swim_ptr_box *to,
						 struct swim_ptr_box *from)
{
	return swim_ptr_move(&to->ptr, &from->ptr);
}

static inline int swim_ptr_box_drop(struct swim_ptr_box *box)
{
	return swim_ptr_drop(&box->ptr);
}

static inline bool swim_ptr_box_is_empty(const struct swim_ptr_box *box)
{
	return swim_ptr_is_empty(&box->ptr);
}

#define __SWIM_BOX_NEW(kind, KIND)						\
static inline int __must_check							\
swim_##kind##_box_new(struct swim_##kind##_box *box, struct swim_hold *hold,	\
		      const struct swim_type *type, gfp_t gfp)			\
{										\
	if (!type)								\
		return -SWIM_EMISALIGNED;					\
	return __swim_counted_new(&box->kind.cell, hold, 0, type, SWIM_KIND_##KIND, gfp); \
}

__SWIM_BOX_NEW(mut, MUT)
__SWIM_BOX_NEW(ref, REF)
__SWIM_BOX_NEW(hard, HARD)

#undef __SWIM_BOX_NEW

SWIM_COUNTED_RESIDENT(box)

/**
 * swim_ref_box_get - the value, to be read, as long as the lease is there
 * @box: owns a value
 */
static inline const void *swim_ref_box_get(const struct swim_ref_box *box)
{
	return swim_ref_get(&box->ref);
}

/**
 * swim_mut_box_get - the value, to be written, as long as the lease is there
 * @box: owns a value
 */
static inline void *swim_mut_box_get(const struct swim_mut_box *box)
{
	return swim_mut_get(&box->mut);
}

#endif
