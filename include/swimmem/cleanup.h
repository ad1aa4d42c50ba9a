/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cleanup: leases that are dropped, and pins that end, with the block of C that they are for,
 * on every way out of it: its end, break, return, goto.
 *
 *	struct swim_box box swim_auto(swim_box) = {};	dropped, unless it was moved away
 *
 *	swim_box_pinned(node, &box) {			pinned within, not run without
 *		node->key = 1;
 *	}
 *	err = PTR_ERR_OR_ZERO(node);
 *
 * Where the kernel has <linux/cleanup.h>, __free(swim_box) is the same as swim_auto(swim_box),
 * and guard(swim_box)(&box) or CLASS(swim_box, pinned)(&box) pin up to the end of the block.
 *
 * What is declared last ends first: a pin before the lease that it is of.
 */
#ifndef SWIMMEM_CLEANUP_H
#define SWIMMEM_CLEANUP_H

#include <linux/err.h>
#include <swimmem/box.h>
#include <swimmem/buf.h>
#include <swimmem/string.h>

#ifdef __has_include		/* sparse has not */
#if __has_include("linux/cleanup.h")
#include <linux/cleanup.h>
#endif
#endif

void __swim_auto_leak(const void *lease);

/**
 * swim_auto - behind a lease on the stack: drop it when its block ends
 * @lease: the word after struct: swim_raw, swim_hard_box, flow_box, ...
 *
 * The lease must be initialised. It is left alone when it is empty then. One that is pinned
 * cannot be dropped: its object is leaked, and that is reported.
 *
 * Context: as the drop of that lease.
 */
#define swim_auto(lease)	__attribute__((__cleanup__(__free_##lease)))

/* How __free() of the kernel calls it, too. */
#define SWIM_AUTO(lease)							\
static inline __maybe_unused void __free_##lease(struct lease *from)		\
{										\
	if (!lease##_is_empty(from) && unlikely(lease##_drop(from)))		\
		__swim_auto_leak(from);						\
}

#define __SWIM_AUTO_RESIDENT(resident)						\
	SWIM_AUTO(swim_##resident)						\
	SWIM_AUTO(swim_ptr_##resident)						\
	SWIM_AUTO(swim_mut_##resident)						\
	SWIM_AUTO(swim_ref_##resident)						\
	SWIM_AUTO(swim_hard_##resident)						\
	SWIM_AUTO(swim_soft_##resident)

SWIM_AUTO(swim_raw)
SWIM_AUTO(swim_ptr)
SWIM_AUTO(swim_mut)
SWIM_AUTO(swim_ref)
SWIM_AUTO(swim_hard)
SWIM_AUTO(swim_soft)
__SWIM_AUTO_RESIDENT(box)
__SWIM_AUTO_RESIDENT(buf)
__SWIM_AUTO_RESIDENT(string)

#undef __SWIM_AUTO_RESIDENT

/* The end of a pin; of none when it failed. */
#define SWIM_LET_GO(lease)							\
static inline __maybe_unused void __##lease##_let_go(struct lease **pinned)	\
{										\
	if (*pinned)								\
		lease##_unpin(*pinned);						\
}

SWIM_LET_GO(swim_raw)
SWIM_LET_GO(swim_ptr)
SWIM_LET_GO(swim_box)
SWIM_LET_GO(swim_ptr_box)
SWIM_LET_GO(swim_buf)
SWIM_LET_GO(swim_ptr_buf)

/* A loop of one round, or none: the lease is pinned when @pin, an errno, is 0. */
#define __swim_pinned(lease, _from, pin)					\
	for (struct lease *__from = (_from),					\
		*__pinned __attribute__((__cleanup__(__##lease##_let_go))) =	\
			(pin) ? NULL : __from,					\
		*__in = __pinned;						\
	     __in; __in = NULL)

/**
 * swim_pinned - run the block that follows with a lease pinned
 * @lease: the word after struct: swim_raw, swim_ptr_box, flow_box, ...
 * @value: variable for the address, valid within the block
 * @from: the lease, owned by the caller
 *
 * The block is not run when the pin fails; @value tells why then, by an ERR_PTR.
 *
 * Context: as the pin of that lease.
 */
#define swim_pinned(lease, value, from)						\
	__swim_pinned(lease, from, PTR_ERR_OR_ZERO((value) = lease##_pin(__from)))

#define __swim_pin_slice(lease, slice, from)					\
({										\
	typeof(slice) __slice = (slice);					\
	int __err = lease##_pin(from, __slice);					\
										\
	if (__err) {								\
		__slice->at = ERR_PTR(__err);					\
		__slice->len = 0;						\
	}									\
	__err;									\
})

/**
 * swim_pinned_slice - run the block that follows with an array pinned
 * @lease: the word after struct: swim_buf, swim_ptr_buf, flow_buf, ...
 * @slice: where its elements are told, valid within the block
 * @from: the lease, owned by the caller
 *
 * The block is not run when the pin fails; @slice->at tells why then, by an ERR_PTR.
 *
 * Context: as the pin of that lease.
 */
#define swim_pinned_slice(lease, slice, from)					\
	__swim_pinned(lease, from, __swim_pin_slice(lease, slice, __from))

#define swim_raw_pinned(value, raw)		swim_pinned(swim_raw, value, raw)
#define swim_ptr_pinned(value, ptr)		swim_pinned(swim_ptr, value, ptr)
#define swim_box_pinned(value, box)		swim_pinned(swim_box, value, box)
#define swim_ptr_box_pinned(value, box)		swim_pinned(swim_ptr_box, value, box)
#define swim_buf_pinned(slice, buf)		swim_pinned_slice(swim_buf, slice, buf)
#define swim_ptr_buf_pinned(slice, buf)		swim_pinned_slice(swim_ptr_buf, slice, buf)

#ifdef DEFINE_CLASS

/* A class is the address that the pin gave, and what is to be unpinned, NULL when it failed. */
#define SWIM_CLASS(lease, value_t)						\
struct __##lease##_class {							\
	value_t *value;								\
	struct lease *pinned;							\
};										\
										\
static inline __maybe_unused struct __##lease##_class __##lease##_class_pin(struct lease *from) \
{										\
	value_t *value = lease##_pin(from);					\
										\
	return (struct __##lease##_class){ value, IS_ERR(value) ? NULL : from };	\
}										\
										\
DEFINE_CLASS(lease, struct __##lease##_class, __##lease##_let_go(&_T.pinned),	\
	     __##lease##_class_pin(from), struct lease *from)

SWIM_CLASS(swim_raw, void)
SWIM_CLASS(swim_ptr, void)
SWIM_CLASS(swim_box, void)
SWIM_CLASS(swim_ptr_box, void)

#else
#define SWIM_CLASS(lease, value_t)
#endif

#endif
