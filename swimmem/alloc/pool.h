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

/* What movers did; written by the one that holds pool->clean. */
struct swim_moves {
	u64 moved;
	u64 moved_bytes;
	u64 cancelled;
	u64 refused;
	u64 freed_hunks;
	u64 compactions;
	u64 nanoseconds;
};

/**
 * struct swim_pool - a pool; lives in the first page of an extent of its space
 * @head: makes this page the header that objects of size 0 lead to
 * @hold: what clients allocate from
 * @space: where hunks come from
 * @cpu: what each CPU has
 * @flags: SWIM_POOL_*
 * @large: objects with extents of their own
 * @large_used: their bytes
 * @large_held: bytes of their extents
 * @clean: held by the one who compacts
 * @moves: what he did
 * @name: of its folder in debugfs
 * @link: in the list of all pools
 * @dir: in debugfs
 * @zero_tag: tag of the one object of size 0
 * @zero: that object
 */
struct swim_pool {
	struct swim_hunk head;
	struct swim_hold hold;
	struct swim_space *space;
	struct swim_pool_cpu __percpu *cpu;
	unsigned long flags;
	atomic_long_t large;
	atomic_long_t large_used;
	atomic_long_t large_held;
	struct mutex clean;
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

void *swim_pool_reserve(struct swim_hold *hold, size_t size, gfp_t gfp);
void swim_release(void *object, size_t size, unsigned long page);
void swim_pool_flush(struct swim_pool *pool);
void swim_pool_flush_dead_cpu(struct swim_pool *pool, unsigned int cpu);

struct swim_hunk *swim_hunk_get(struct swim_pool *pool, gfp_t gfp);
bool swim_hunk_close(struct swim_hunk *hunk, unsigned int mark);
void swim_hunk_put(struct swim_hunk *hunk);
void swim_hunk_put_now(struct swim_hunk *hunk);
void swim_hunk_reset(struct swim_hunk *hunk, unsigned int mark);
bool swim_hunk_hold(struct swim_frame *frame, const struct swim_pool *pool);
bool swim_hunk_unhold(struct swim_frame *frame, unsigned int moved);

/* What hold_reserve() costs a pool is no indirect call. */
static __always_inline void *swim_reserve(struct swim_hold *hold, size_t size, gfp_t gfp)
{
	if (likely(hold->ops == &swim_pool_hold_ops))
		return swim_pool_reserve(hold, size, gfp);
	return hold->ops->reserve(hold, size, gfp);
}

#endif
