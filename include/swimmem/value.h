/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Value: whether two values are equal, which comes first, and the hash of one, as their type
 * tells (struct swim_type_ops). Values of a type without ops that owns nothing are equal when
 * their bytes are, and have the hash of these; an order has only a type that tells it.
 *
 * For what can be read through its leases: Raw and Ptr under RCU, Mut and Ref. An array is
 * compared as words are, element by element; a shorter one comes first.
 *
 *	swim_box_equal()	swim_ptr_box_equal()	swim_mut_box_equal()	swim_ref_box_equal()
 *
 * and so on: what is told of the first holds for all, and for buf.
 *
 *	any			while nobody writes to the values
 */
#ifndef SWIMMEM_VALUE_H
#define SWIMMEM_VALUE_H

#include <swimmem/error.h>
#include <swimmem/lease.h>
#include <swimmem/type.h>

int __must_check __swim_equal(const void *a, const void *b, enum swim_lease_kind kind);
int __must_check __swim_compare(const void *a, const void *b, enum swim_lease_kind kind,
				int *order);
int __must_check __swim_hash(const void *a, enum swim_lease_kind kind, u32 seed, u32 *hash);

#define __SWIM_VALUE(name, KIND)						\
static inline int __must_check name##_equal(const struct name *a, const struct name *b) \
{										\
	return __swim_equal(a, b, SWIM_KIND_##KIND);				\
}										\
										\
static inline int __must_check name##_compare(const struct name *a, const struct name *b, \
					      int *order)			\
{										\
	return __swim_compare(a, b, SWIM_KIND_##KIND, order);			\
}										\
										\
static inline int __must_check name##_hash(const struct name *lease, u32 seed, u32 *hash) \
{										\
	return __swim_hash(lease, SWIM_KIND_##KIND, seed, hash);		\
}

__SWIM_VALUE(swim_box, RAW)
__SWIM_VALUE(swim_ptr_box, PTR)
__SWIM_VALUE(swim_mut_box, MUT)
__SWIM_VALUE(swim_ref_box, REF)
__SWIM_VALUE(swim_buf, RAW)
__SWIM_VALUE(swim_ptr_buf, PTR)
__SWIM_VALUE(swim_mut_buf, MUT)
__SWIM_VALUE(swim_ref_buf, REF)

#undef __SWIM_VALUE

#endif
