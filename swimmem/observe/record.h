/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Record: what compaction of a pool has cost, for those who look. Whoever compacts writes it,
 * and there is one of these at a time for a pool; it is read without a lock.
 */
#ifndef SWIMMEM_OBSERVE_RECORD_H
#define SWIMMEM_OBSERVE_RECORD_H

#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "../compact/cleaner.h"

struct seq_file;
struct swim_history;
struct swim_moves;
struct swim_pool;

/* The first bucket is below 2^6 ns, the last from 2^20 ns on; each is twice the one before. */
#define SWIM_PAUSE_SHIFT	6
#define SWIM_PAUSES		16

/* 0.25, 0.5, 1, 2, 4 and 8 bytes moved for each byte freed; and more. */
#define SWIM_COSTS		7

/**
 * struct swim_record - what compaction of a pool has cost
 * @pauses: times that interrupts were off, for one move or several, by their length
 * @worst: the longest of these times, in ns
 * @costs: compactions, by bytes moved for each byte freed
 * @moved: bytes that they have moved, tags included
 * @freed: bytes that they have freed by that, those taken to move to off
 * @history: the last samples; NULL when there was no memory for it
 */
struct swim_record {
	u64 pauses[SWIM_PAUSES];
	u64 worst;
	u64 costs[SWIM_COSTS];
	u64 moved;
	u64 freed;
	struct swim_history *history;
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
void swim_history_create(struct swim_pool *pool);
void swim_history_destroy(struct swim_pool *pool);
void swim_record_begin(struct swim_pool *pool, enum swim_clean_why why, unsigned int target,
		       struct swim_moves *before);
void swim_record_end(struct swim_pool *pool, enum swim_clean_why why, unsigned int target,
		     const struct swim_moves *before);
int swim_pauses_show(struct seq_file *seq, struct swim_pool *pool);
int swim_costs_show(struct seq_file *seq, struct swim_pool *pool);
int swim_history_show(struct seq_file *seq, struct swim_pool *pool);

#endif
