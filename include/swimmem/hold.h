/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hold: allocates objects. Each object leads back to its hold through its tag, so what is
 * done with an object needs nothing but the object.
 *
 *	pool		in hunks of any heap (pool.h)
 *	pack		in one block, last-in-first-out (pack.h)
 *	empty		nothing but objects of size 0
 *	global		the pool of the module itself
 *	local		the hold of the innermost scope (scope.h)
 *
 *	all but NMI	on every CPU at once, lock-free; one call at a time for an object
 */
#ifndef SWIMMEM_HOLD_H
#define SWIMMEM_HOLD_H

#include <linux/gfp.h>
#include <linux/types.h>
#include <swimmem/error.h>

struct swim_hold_ops;

/**
 * struct swim_hold - what every kind of hold begins with
 * @ops: how this kind allocates; private
 */
struct swim_hold {
	const struct swim_hold_ops *ops;
};

/**
 * struct swim_hold_stats - a hold in numbers
 * @size: bytes that it has
 * @used: bytes of objects, without tags, each rounded up to 8
 * @live: objects
 */
struct swim_hold_stats {
	size_t size;
	size_t used;
	long live;
};

void *__must_check swim_alloc(struct swim_hold *hold, size_t size, gfp_t gfp);
void *__must_check swim_alloc_aligned(struct swim_hold *hold, size_t size, size_t align,
				      gfp_t gfp);
void *__must_check swim_realloc(void *object, size_t size, gfp_t gfp);
int __must_check swim_resize(void *object, size_t size);
int swim_free(void *object);
size_t swim_size(const void *object);
struct swim_hold *swim_hold_of(const void *object);
void swim_hold_stats(struct swim_hold *hold, struct swim_hold_stats *stats);

struct swim_hold *swim_empty_hold(void);
struct swim_hold *swim_global_hold(void);

#endif
