/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pool: a hold that allocates by bumping a pointer in 64 KiB hunks of a heap, one
 * for each CPU, and that compacts.
 *
 *	alloc, free		any context but NMI, on every CPU at once, lock-free
 *	compact			process context, may sleep; one at a time for a pool
 *	create, destroy		process context; destroy alone with its pool
 */
#ifndef SWIMMEM_POOL_H
#define SWIMMEM_POOL_H

#include <linux/bits.h>
#include <swimmem/hold.h>

struct swim_pool;
struct swim_heap;

/* Clients read objects under RCU: no byte is reused before a grace period has passed. */
#define SWIM_POOL_RCU		BIT(0)

#define SWIM_HISTOGRAM		10

/**
 * struct swim_moves - what compaction has done in a pool so far
 * @moved: objects that were moved
 * @moved_bytes: their bytes
 * @cancelled: moves given up because somebody asked for the object
 * @refused: objects that a mover passed over: pinned, held without a lease, in use
 * @freed_hunks: hunks that compaction has given back
 * @compactions: times it was asked for
 * @nanoseconds: spent in it
 */
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
 * struct swim_obstacles - what the last compaction that went through all could not move
 * @pinned: objects that were pinned, or used otherwise
 * @pinned_bytes: their bytes
 * @lasting: those of them, one of each hunk, that were found pinned again and again for as
 *	     long as the module's parameter pin_warn says
 * @unleased: objects without a lease
 * @unleased_bytes: their bytes
 * @hunks: in which these were
 * @held_back: bytes of these hunks in which nothing lives
 */
struct swim_obstacles {
	unsigned long pinned;
	size_t pinned_bytes;
	unsigned long lasting;
	unsigned long unleased;
	size_t unleased_bytes;
	unsigned long hunks;
	size_t held_back;
};

/**
 * struct swim_pool_stats - a pool in numbers
 * @held: bytes that it has from its space
 * @live: objects
 * @used: bytes of objects, without tags, each rounded up to 8
 * @tags: bytes of their tags, and of what a debug pool keeps behind them
 * @trailer: bytes that a debug pool keeps behind each object; else 0
 * @hunks: hunks, of 64 KiB each
 * @open: those of them that are open for allocation
 * @waiting: those of them that are empty and wait until no reader is left in them
 * @large: objects in extents of their own
 * @histogram: closed hunks by tenths of them that are live
 * @moves: what compaction has done
 * @obstacles: what was in its way
 */
struct swim_pool_stats {
	size_t held;
	long live;
	size_t used;
	size_t tags;
	size_t trailer;
	unsigned long hunks;
	unsigned long open;
	unsigned long waiting;
	long large;
	unsigned long histogram[SWIM_HISTOGRAM];
	struct swim_moves moves;
	struct swim_obstacles obstacles;
};

struct swim_pool *__must_check swim_pool_create(const char *name, struct swim_heap *heap,
						unsigned long flags);
int swim_pool_destroy(struct swim_pool *pool);
struct swim_hold *swim_pool_hold(struct swim_pool *pool);
void *__must_check swim_pool_alloc(struct swim_pool *pool, size_t size, gfp_t gfp);
void swim_pool_stats(struct swim_pool *pool, struct swim_pool_stats *stats);
int swim_pool_compact(struct swim_pool *pool, unsigned int target);
int swim_pool_compact_step(struct swim_pool *pool, unsigned int target);
int swim_pool_set_target(struct swim_pool *pool, unsigned int target);
int swim_pool_set_budget(struct swim_pool *pool, size_t bytes, unsigned int usecs);

#endif
