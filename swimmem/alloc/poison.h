/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KASAN is told of hunks: bytes beyond the mark, and those of objects that nobody can
 * have any more, are nobody's. Tags below the mark are ours at any time.
 */
#ifndef SWIMMEM_ALLOC_POISON_H
#define SWIMMEM_ALLOC_POISON_H

#include <linux/kasan.h>
#include <linux/types.h>

#ifdef CONFIG_KASAN_GENERIC

#define SWIM_SHADOW_POISON	0xfb	/* reads as "freed" in a report */

void swim_shadow_set(const void *addr, size_t size, u8 value);

static inline void swim_poison(const void *addr, size_t size)
{
	swim_shadow_set(addr, size, SWIM_SHADOW_POISON);
}

static inline void swim_unpoison(const void *addr, size_t size)
{
	swim_shadow_set(addr, size, 0);
}

#else

static inline void swim_poison(const void *addr, size_t size) { }
static inline void swim_unpoison(const void *addr, size_t size) { }

#endif

#endif
