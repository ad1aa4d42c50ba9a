/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Record: what compaction of a pool has cost, for those who look. A pool for which there was no
 * memory has none. Whoever compacts writes the counts, and there is one of these at a time for
 * a pool; they are read without a lock. On 32-bit who reads one that is just being counted may
 * find half of it changed; nothing is decided by that.
 */
#ifndef SWIMMEM_OBSERVE_RECORD_H
#define SWIMMEM_OBSERVE_RECORD_H

#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

#include "../compact/cleaner.h"

struct seq_file;
struct swim_moves;
struct swim_pool;

/* The first bucket is below 2^6 ns, the last from 2^20 ns on; each is twice the one before. */
#define SWIM_PAUSE_SHIFT	6
#define SWIM_PAUSES		16

/* 0.25, 0.5, 1, 2, 4 and 8 bytes moved for each byte freed; and more. */
#define SWIM_COSTS		7

#define SWIM_SAMPLES		256

/**
 * struct swim_sample - a pool at one moment
 * @ms: since the system was booted
 * @held: bytes that it has from its heap
 * @live: bytes that live in it, tags included
 * @moved: bytes of objects moved so far
 * @freed: hunks that compaction has given back so far
 * @cancelled: moves given up so far
 */
struct swim_sample {
	u64 ms;
	u64 held;
	u64 live;
	u64 moved;
	u64 freed;
	u64 cancelled;
};

/**
 * struct swim_record - what compaction of a pool has cost
 * @pauses: times that interrupts were off, for one move or several, by their length
 * @worst: the longest of these times, in ns
 * @costs: compactions, by bytes moved for each byte freed
 * @moved: bytes that they have moved, tags included
 * @freed: bytes that they have freed by that, those taken to move to off
 * @lock: of the others
 * @samples: how many there were so far
 * @ring: the last of them, each at its number, modulo SWIM_SAMPLES
 */
struct swim_record {
	u64 pauses[SWIM_PAUSES];
	u64 worst;
	u64 costs[SWIM_COSTS];
	u64 moved;
	u64 freed;
	spinlock_t lock;	/* of the others */
	u64 samples;
	struct swim_sample ring[SWIM_SAMPLES];
};

static inline unsigned int swim_pause_bucket(u64 ns)
{
	return min_t(unsigned int, fls64(ns >> SWIM_PAUSE_SHIFT), SWIM_PAUSES - 1);
}

/* A counter that has one writer. */
static inline void swim_record_count(u64 *counter, u64 more)
{
	WRITE_ONCE(*counter, *counter + more);
}

void swim_cost_add(struct swim_pool *pool, u64 moved, u64 freed);
void swim_history_add(struct swim_pool *pool);
void swim_record_create(struct swim_pool *pool);
void swim_record_destroy(struct swim_pool *pool);
void swim_record_begin(struct swim_pool *pool, enum swim_clean_why why, unsigned int target,
		       struct swim_moves *before);
void swim_record_end(struct swim_pool *pool, enum swim_clean_why why, unsigned int target,
		     const struct swim_moves *before);
int swim_pauses_show(struct seq_file *seq, struct swim_pool *pool);
int swim_costs_show(struct seq_file *seq, struct swim_pool *pool);
int swim_history_show(struct seq_file *seq, struct swim_pool *pool);

#endif
