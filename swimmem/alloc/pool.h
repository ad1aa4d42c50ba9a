/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_ALLOC_POOL_H
#define SWIMMEM_ALLOC_POOL_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <swimmem/pool.h>
#include <swimmem/space.h>

#include "hunk.h"

struct swim_hold_ops {
	/* swim_alloc() */
	void *(*alloc)(struct swim_hold *hold, size_t size, gfp_t gfp);
	/* An object with an unwritten tag, zeroed, or ERR_PTR; the caller writes the tag. */
	void *(*reserve)(struct swim_hold *hold, size_t size, gfp_t gfp);
};

/* Larger objects are zeroed out of line when the mark goes back over them. */
#define SWIM_ZERO_INLINE	SZ_512

/* No hunk: every request crosses its end. */
#define SWIM_NO_HUNK		(~(SWIM_TAG_SLOT - 1UL))

/**
 * struct swim_pool_cpu - what each CPU has of a pool
 * @next: address of the next tag slot: the hunk in the high bits, the mark in the low
 * @objects: objects in hunks, allocated less freed here
 * @apart: the same for objects of size 0 and large ones
 */
struct swim_pool_cpu {
	unsigned long next;
	long objects;
	long apart;
};

/**
 * struct swim_pool - a pool; lives in the first page of an extent of its space
 * @head: makes this page the header that objects of size 0 lead to
 * @hold: what clients allocate from
 * @space: where hunks come from
 * @cpu: what each CPU has
 * @flags: SWIM_POOL_*
 * @zero_inline: over objects below this size the mark goes back at once
 * @large: objects with extents of their own
 * @large_used: their bytes
 * @large_held: bytes of their extents
 * @clean: held by the one who compacts
 * @moves: what he did; he alone writes it
 * @name: of its folder in debugfs
 * @link: in the list of all pools
 * @dir: in debugfs
 * @zero_slot: tag of the one object of size 0
 * @zero: that object
 */
struct swim_pool {
	struct swim_hunk head;
	struct swim_hold hold;
	struct swim_space *space;
	struct swim_pool_cpu __percpu *cpu;
	unsigned long flags;
	size_t zero_inline;
	atomic_long_t large;
	atomic_long_t large_used;
	atomic_long_t large_held;
	struct mutex clean;	/* and moves */
	struct swim_moves moves;
	char name[SWIM_NAME_MAX];
	struct list_head link;
	struct dentry *dir;
	unsigned long zero_slot[SWIM_TAG_SLOT / sizeof(long)] __aligned(8);
	char zero[];
};

static_assert(sizeof(struct swim_pool) <= PAGE_SIZE);
static_assert(offsetof(struct swim_pool, zero) % SWIM_OBJECT_ALIGN == 0);

extern const struct swim_hold_ops swim_pool_hold_ops;

void *swim_pool_reserve_slow(struct swim_pool *pool, size_t size, gfp_t gfp);
void swim_release_slow(void *object, size_t size);
void swim_release_large(void *object, size_t size);
bool swim_pool_adopt(struct swim_pool *pool, struct swim_hunk *hunk, unsigned int mark);
void swim_pool_flush(struct swim_pool *pool);
void swim_pool_flush_dead_cpu(struct swim_pool *pool, unsigned int cpu);

struct swim_hunk *swim_hunk_get(struct swim_pool *pool, gfp_t gfp);
bool swim_hunk_close(struct swim_hunk *hunk, unsigned int mark);
void swim_hunk_put(struct swim_hunk *hunk);
void swim_hunk_put_now(struct swim_hunk *hunk);
void swim_hunk_reset(struct swim_hunk *hunk, unsigned int mark);
bool swim_hunk_hold(struct swim_frame *frame, const struct swim_pool *pool);
bool swim_hunk_unhold(struct swim_frame *frame, unsigned int moved);

static inline struct swim_pool *swim_pool_of(struct swim_hold *hold)
{
	return container_of(hold, struct swim_pool, hold);
}

/*
 * The next bytes of this CPU's hunk, tag slot included, or NULL when they do not fit: the
 * whole of a small allocation.
 */
static __always_inline void *swim_pool_bump(struct swim_pool *pool, size_t size)
{
	struct swim_pool_cpu __percpu *cpu = pool->cpu;
	size_t need = round_up(size, SWIM_OBJECT_ALIGN) + SWIM_TAG_SLOT;
	unsigned long old, now = this_cpu_read(cpu->next);

	do {
		old = now;
		if (unlikely((old ^ (old + need)) & SWIM_FRAME_MASK))
			return NULL;
		now = this_cpu_cmpxchg(cpu->next, old, old + need);
	} while (unlikely(now != old));
	this_cpu_inc(cpu->objects);
	return (void *)(old + SWIM_TAG_SLOT);
}

/* An object with an unwritten tag, zeroed, or ERR_PTR; the caller writes the tag. */
static __always_inline void *swim_pool_reserve(struct swim_pool *pool, size_t size, gfp_t gfp)
{
	if (likely(size <= SWIM_SMALL_MAX)) {
		void *object = swim_pool_bump(pool, size);

		if (likely(object))
			return object;
	}
	return swim_pool_reserve_slow(pool, size, gfp);
}

static __always_inline void *swim_reserve(struct swim_hold *hold, size_t size, gfp_t gfp)
{
	/* The usual case needs no indirect call. */
	if (likely(hold->ops == &swim_pool_hold_ops))
		return swim_pool_reserve(swim_pool_of(hold), size, gfp);
	return hold->ops->reserve(hold, size, gfp);
}

/* Zero what is a multiple of 8, and short. */
static __always_inline void swim_zero(u64 *at, size_t size)
{
	size_t left;

	for (left = size & ~31UL; left; left -= 32, at += 4) {
		WRITE_ONCE(at[0], 0);
		WRITE_ONCE(at[1], 0);
		WRITE_ONCE(at[2], 0);
		WRITE_ONCE(at[3], 0);
	}
	for (left = size & 31; left; left -= 8, at++)
		WRITE_ONCE(*at, 0);
}

/* Let the mark go back over an object, whose bytes are zero, if it still is the newest. */
static __always_inline bool swim_pool_rewind(struct swim_pool_cpu __percpu *cpu, void *object,
					     unsigned long end)
{
	WRITE_ONCE(*swim_tag_of(object), SWIM_TAG_UNWRITTEN);
	barrier(); /* this CPU's interrupts see it zero before they can have it */
	return this_cpu_cmpxchg(cpu->next, end, (unsigned long)object - SWIM_TAG_SLOT) == end;
}

/*
 * The memory of a small object that its last owner has let go: its tag is DEAD, or still
 * one that only the caller may change. @size is a multiple of 8.
 */
static __always_inline void swim_release(void *object, size_t size)
{
	struct swim_pool *pool = swim_hunk_of(object)->pool;
	struct swim_pool_cpu __percpu *cpu = pool->cpu;
	unsigned long end = (unsigned long)object + size;

	this_cpu_dec(cpu->objects);
	if (this_cpu_read(cpu->next) == end && size < pool->zero_inline) {
		swim_zero(object, size);
		if (likely(swim_pool_rewind(cpu, object, end)))
			return;
	}
	swim_release_slow(object, size);
}

#endif
