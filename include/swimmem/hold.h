/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hold: allocates objects. Each object leads back to its hold through its tag, so
 * swim_free() needs nothing but the object.
 *
 *	alloc, free, size	any context but NMI, on every CPU at once
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

void *__must_check swim_alloc(struct swim_hold *hold, size_t size, gfp_t gfp);
int swim_free(void *object);
size_t swim_size(const void *object);

#endif
