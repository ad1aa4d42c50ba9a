/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stow: move a structure into another hold; clone: make another of it there. A structure is
 * what a lease leads to, with all that it owns, as its types tell; however deep, it needs no
 * more of the kernel's stack.
 *
 *	swim_box_stow()		swim_ptr_box_stow()	swim_hard_box_stow()
 *	swim_box_clone()	swim_ptr_box_clone()	swim_hard_box_clone_into()
 *
 * and so for buf and string. Children are laid directly behind their parents.
 *
 * Readers under RCU find what was stowed in its old place, as it was, until they are done; but
 * a pack has its bytes back at once.
 *
 *	all but NMI		as gfp allows; by the owner of the lease
 */
#ifndef SWIMMEM_STOW_H
#define SWIMMEM_STOW_H

#include <swimmem/counted.h>
#include <swimmem/hold.h>
#include <swimmem/lease.h>

int __must_check __swim_stow(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
			     gfp_t gfp);
int __must_check __swim_clone(void *to, enum swim_lease_kind to_kind, void *from,
			      enum swim_lease_kind from_kind, struct swim_hold *hold, gfp_t gfp);

/* For one struct of a lease: what __swim_stow() and __swim_clone() say holds. */
#define __SWIM_STOW(name, KIND)							\
static inline int __must_check name##_stow(struct name *lease, struct swim_hold *hold, gfp_t gfp) \
{										\
	return __swim_stow(lease, SWIM_KIND_##KIND, hold, gfp);			\
}

#define __SWIM_CLONE(name, KIND, verb)						\
static inline int __must_check name##_##verb(struct name *to, struct name *from, \
					     struct swim_hold *hold, gfp_t gfp)	\
{										\
	return __swim_clone(to, SWIM_KIND_##KIND, from, SWIM_KIND_##KIND, hold, gfp); \
}

#define __SWIM_STOW_RESIDENT(raw, ptr, hard)					\
	__SWIM_STOW(raw, RAW)							\
	__SWIM_STOW(ptr, PTR)							\
	__SWIM_STOW(hard, HARD)							\
	__SWIM_CLONE(raw, RAW, clone)						\
	__SWIM_CLONE(ptr, PTR, clone)						\
	__SWIM_CLONE(hard, HARD, clone_into)

__SWIM_STOW_RESIDENT(swim_raw, swim_ptr, swim_hard)
__SWIM_STOW_RESIDENT(swim_box, swim_ptr_box, swim_hard_box)
__SWIM_STOW_RESIDENT(swim_buf, swim_ptr_buf, swim_hard_buf)
__SWIM_STOW_RESIDENT(swim_string, swim_ptr_string, swim_hard_string)

#undef __SWIM_STOW
#undef __SWIM_CLONE
#undef __SWIM_STOW_RESIDENT

#endif
