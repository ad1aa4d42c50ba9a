/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_ALLOC_HOLD_H
#define SWIMMEM_ALLOC_HOLD_H

#include <swimmem/hold.h>

#include "tag.h"

struct swim_pack;
struct swim_hunk;

/**
 * struct swim_hold_ops - what each kind of hold can do
 * @alloc: an object without a lease, or ERR_PTR
 * @reserve: an object for a lease, see swim_reserve()
 * @stats: fills in the numbers
 * @is_empty: has it no object? Exact when nobody allocates or frees meanwhile
 * @evacuate: stows what leases own from a hold that belongs to a scope
 * @leak: reports what is left there
 */
struct swim_hold_ops {
	void *(*alloc)(struct swim_hold *hold, size_t size, size_t align, gfp_t gfp);
	void *(*reserve)(struct swim_hold *hold, size_t size, gfp_t gfp, unsigned long *apart);
	void (*stats)(struct swim_hold *hold, struct swim_hold_stats *stats);
	bool (*is_empty)(struct swim_hold *hold);
	void (*evacuate)(struct swim_hold *from, struct swim_hold *to, gfp_t gfp);
	void (*leak)(struct swim_hold *hold);
};

extern const struct swim_hold_ops swim_pool_hold_ops;

struct swim_hold *swim_object_hold(void *object, unsigned long apart);
void swim_release_apart(void *object, unsigned long where, size_t size);
int swim_hold_init(void);
void swim_hold_exit(void);
int swim_scope_init(void);
void swim_scope_exit(void);

/* What an object that stands apart leads to; one of them is not NULL. */
struct swim_apart {
	struct swim_hunk *hunk;		/* header of a page hunk, or of an extent */
	struct swim_pack *pack;
};

struct swim_apart swim_apart_of(const void *object, unsigned long value);

int swim_refuse(const char *what, void *object);

static __always_inline void swim_zero_2(u64 *at)
{
	WRITE_ONCE(at[0], 0);
	WRITE_ONCE(at[1], 0);
}

static __always_inline void swim_zero_4(u64 *at)
{
	swim_zero_2(at);
	swim_zero_2(at + 2);
}

static __always_inline void swim_zero_8(u64 *at)
{
	swim_zero_4(at);
	swim_zero_4(at + 4);
}

/* Zero 32 to 64 bytes. To store twice to a word is less than to ask whether. */
static __always_inline void swim_zero_line(void *at, void *end)
{
	swim_zero_4(at);
	swim_zero_4(end - 32);
}

/* Zero what is short, and a multiple of 8. */
static __always_inline void swim_zero(void *at, size_t size)
{
	void *end = at + size;

	if (likely(size - 32 <= 32)) {
		swim_zero_line(at, end);
	} else if (size > 64) {
		for (; end - at > 64; at += 64)
			swim_zero_8(at);
		swim_zero_8(end - 64);
	} else if (size > 8) {
		swim_zero_2(at);
		swim_zero_2(end - 16);
	} else if (size & 8) {
		WRITE_ONCE(*(u64 *)at, 0);
	}
}

#endif
