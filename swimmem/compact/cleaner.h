/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_COMPACT_CLEANER_H
#define SWIMMEM_COMPACT_CLEANER_H

#include <linux/irq_work.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <swimmem/pool.h>

struct swim_frame;
struct swim_hunk;
struct swim_pool;

/* The period in which a move was, which had begun before, and two whole ones. */
#define SWIM_EPOCHS	3

/* Objects that a mover goes to next, at most: what is not among them comes in its turn. */
#define SWIM_HINTS	48
#define SWIM_HINTS_KEPT	4	/* from one step to the next */

/**
 * struct swim_hint - where an object has stood
 * @object: its address; by now there may be anything, or no memory
 * @tag: what its tag says if it still is there: by whom it is owned
 */
struct swim_hint {
	void *object;
	unsigned long tag;
};

/**
 * struct swim_mover - moves objects into a hunk of its own
 * @pool: in which it moves
 * @next: address of the next tag slot in its hunk, which nobody else knows, as a CPU's
 *	  word; SWIM_NO_HUNK without one
 * @hints: how many there are in @hint
 * @hint: of what is owned by what has moved; the one to go to first is the last.
 *	  On the stack of a step
 */
struct swim_mover {
	struct swim_pool *pool;
	unsigned long next;
	unsigned int hints;
	struct swim_hint *hint;
};

/* Who wants a pool compacted. */
enum swim_clean_why {
	SWIM_CLEAN_REQUEST,
	SWIM_CLEAN_BACKGROUND,
	SWIM_CLEAN_DIRECT,	/* an allocation that may sleep, before it fails */
	SWIM_CLEAN_SHRINK,
};

/* What a cleaner does now. */
enum swim_clean_phase {
	SWIM_CLEAN_IDLE,
	SWIM_CLEAN_ROOTS,	/* moves roots, and what they lead to */
	SWIM_CLEAN_REST,	/* moves what is left, and sees what is in the way */
};

/**
 * struct swim_cleaner - compacts a pool; all under the lock that swim_clean_lock() takes
 * @mover: what moves the objects
 * @kept: the last hints of the step before
 * @reserve: an empty open hunk for when there is no memory, or NULL; whoever lets the pool grow
 *	     may put one there, and who lets it shrink take it
 * @emptied: hunks out of which all has moved, since the current grace period began
 * @first: those that wait for the first grace period
 * @second: those that wait for their second
 * @period: the current grace period
 * @epoch: counts these; never 0
 * @dirty: epoch of the last move; 0 when no reader can be left since
 * @unwiped: objects have moved since all that is dead was wiped
 * @run: number of the current run, or of the last one
 * @phase: of it
 * @why: there is one
 * @target: utilisation in per cent at which it has done enough; 100 to move everything
 * @cursor: number of the frame that it has come to
 * @least: score of a hunk that is worth its cleaning
 * @hunks: that are closed
 * @goal: how many are to be left
 * @frame: that it holds now
 * @moved: bytes that moved out of that, tags included
 * @left: bytes that may still be moved in this step
 * @until: when this step has to end, in nanoseconds; 0 for no such time
 * @looks: how often that was asked
 * @quiet: what may still be done until interrupts are on again, in bytes; 0 when they are
 * @flags: of interrupts, when they were on
 * @hushed: when that was, in nanoseconds
 * @recorded: a run has begun, and its end is not yet recorded
 * @before: what had been done when it began
 * @obstacles: what the current run has come upon
 * @seen: what the last whole one had
 */
struct swim_cleaner {
	struct swim_mover mover;
	struct swim_hint kept[SWIM_HINTS_KEPT];
	struct swim_hunk *reserve;
	struct swim_hunk *emptied;
	struct swim_hunk *first;
	struct swim_hunk *second;
	unsigned long period;
	u32 epoch;
	u32 dirty;
	bool unwiped;
	u32 run;
	u8 phase;
	u8 why;
	u8 target;
	u8 least;
	u32 cursor;
	unsigned long hunks;
	unsigned long goal;
	struct swim_frame *frame;
	unsigned int moved;
	size_t left;
	u64 until;
	unsigned int looks;
	unsigned int quiet;
	unsigned long flags;
	u64 hushed;
	bool recorded;
	struct swim_moves before;
	struct swim_obstacles obstacles;
	struct swim_obstacles seen;
};

/**
 * struct swim_reclaim - when a pool is compacted without being asked
 * @target: utilisation in per cent that the background work aims at; 0 for none
 * @budget_bytes: that a step moves at the most
 * @budget_us: that a step takes at the most
 * @most: hunks above which there is little room left in the heap
 * @gain_at_once: hunks that a run is to gain then
 * @hunks: that the pool has
 * @stirred: objects were dropped, or hunks filled, since the work last looked
 * @pressed: there is little room left; both are words, as not every processor exchanges bytes
 * @news: it was stirred since the work last began a run, or saw no need for one; the work's own
 * @kick: lets any context start the work
 * @work: the background work
 * @gain: hunks that compaction would give back, when somebody last counted
 * @counted: when that was, in jiffies
 */
struct swim_reclaim {
	u32 target;
	u32 budget_bytes;
	u32 budget_us;
	unsigned long most;
	unsigned long gain_at_once;
	atomic_long_t hunks;
	unsigned int stirred;
	unsigned int pressed;
	bool news;
	struct irq_work kick;
	struct delayed_work work;
	unsigned long gain;
	unsigned long counted;
};

extern unsigned int swim_target_default;
extern unsigned int swim_pin_warn;

void swim_cleaner_init(struct swim_pool *pool);
void swim_cleaner_end(struct swim_pool *pool);
void swim_clean_lock(struct swim_pool *pool);
bool swim_clean_trylock(struct swim_pool *pool);
void swim_clean_unlock(struct swim_pool *pool);
unsigned long swim_clean_gain(struct swim_pool *pool, unsigned int target, unsigned long *hunks);
bool swim_clean_begin(struct swim_pool *pool, enum swim_clean_why why, unsigned int target,
		      unsigned long gain);
int swim_clean_step(struct swim_pool *pool, size_t bytes, u64 nanoseconds);
int swim_clean_chase(struct swim_pool *pool);
bool swim_clean_settle(struct swim_pool *pool);
void swim_clean_drain(struct swim_pool *pool);
bool swim_clean_stop(struct swim_pool *pool, bool wait);
void swim_clean_keep_reserve(struct swim_pool *pool);
struct swim_hunk *swim_clean_take_reserve(struct swim_pool *pool, long hunks);

void swim_reclaim_init(struct swim_pool *pool);
void swim_reclaim_end(struct swim_pool *pool);
void swim_reclaim_kick(struct swim_pool *pool, bool pressed);
bool swim_reclaim_direct(struct swim_pool *pool);
int swim_reclaim_start(void);
void swim_reclaim_stop(void);
unsigned long swim_reclaim_count(void);
unsigned long swim_reclaim_shrink(unsigned long pages);

#endif
