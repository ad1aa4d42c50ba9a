// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clean: compact a pool, by moving what lives in its emptiest hunks together.
 *
 * One at a time for each pool (pool->clean). Hunks are taken in order of how much lives
 * in them, tenth by tenth; a hunk whose last object has moved is kept on a list until
 * all are done, and then they wait together until no reader is left in them. Hunks that
 * this compaction has filled it leaves alone.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "../alloc/space.h"
#include "../compat.h"
#include "../observe/report.h"
#include "walk.h"

#define TARGET_DEFAULT	97	/* per cent */
#define ROUNDS		4	/* over hunks that are closed meanwhile */

/**
 * struct cleaner - one compaction
 * @pool: whose
 * @mover: its hunk
 * @emptied: hunks that wait for a grace period
 * @live: bytes that live in closed hunks
 * @hunks: how many these are
 * @target: utilisation in per cent at which it is enough
 * @number: of this compaction
 * @waited: how many objects had moved when readers were last waited for
 */
struct cleaner {
	struct swim_pool *pool;
	struct swim_mover mover;
	struct llist_head emptied;
	size_t live;
	unsigned long hunks;
	unsigned int target;
	u32 number;
	u64 waited;
};

/* The two grace periods that swim_hunk_put() waits for where objects have moved. */
static void wait_for_readers(struct cleaner *cleaner)
{
	cleaner->waited = cleaner->pool->moves.moved;
	synchronize_rcu();
	synchronize_rcu();
}

/* Give back what was emptied so far. */
static void put_emptied(struct cleaner *cleaner)
{
	struct llist_node *emptied = llist_del_all(&cleaner->emptied);
	struct swim_hunk *hunk, *next;

	if (!emptied)
		return;
	wait_for_readers(cleaner);
	llist_for_each_entry_safe(hunk, next, emptied, emptied) {
		swim_hunk_put_now(hunk);
		cleaner->pool->moves.freed_hunks++;
	}
}

static void close_mover(struct cleaner *cleaner)
{
	struct swim_mover *mover = &cleaner->mover;

	if (mover->to && swim_hunk_close(mover->pool, mover->to, mover->mark))
		swim_hunk_put(mover->to);
	mover->to = NULL;
}

/* Another hunk to move to. */
static bool open_mover(struct cleaner *cleaner)
{
	struct swim_mover *mover = &cleaner->mover;
	struct swim_hunk *hunk = swim_hunk_get(cleaner->pool, GFP_NOWAIT | __GFP_NOWARN);

	if (!hunk && !llist_empty(&cleaner->emptied)) {
		put_emptied(cleaner);
		hunk = swim_hunk_get(cleaner->pool, GFP_NOWAIT | __GFP_NOWARN);
	}
	if (!hunk)
		return false;
	close_mover(cleaner);
	hunk->filled = cleaner->number;
	mover->to = hunk;
	mover->mark = SWIM_HUNK_BEGIN;
	cleaner->hunks++;
	return true;
}

/* Move one owned object, and step over it. */
static int clean_owned(struct cleaner *cleaner, struct swim_walk *walk, unsigned long value,
		       unsigned int *moved)
{
	struct swim_moves *moves = &cleaner->pool->moves;
	size_t size;

	switch (swim_relocate(&cleaner->mover, swim_walk_object(walk), value, &size)) {
	case SWIM_MOVED:
		*moved += SWIM_TAG_SLOT + size + swim_pool_trailer(cleaner->pool);
		moves->moved++;
		moves->moved_bytes += size;
		break;
	case SWIM_CHANGED:
		return 0;
	case SWIM_CANCELLED:
		moves->cancelled++;
		break;
	case SWIM_REFUSED:
		moves->refused++;
		break;
	case SWIM_FULL:
		return open_mover(cleaner) ? 0 : -SWIM_ENOMEM;
	case SWIM_CORRUPT:
		return -SWIM_ECORRUPT;
	}
	return swim_walk_over(walk, size) ? 0 : -SWIM_ECORRUPT;
}

/*
 * Move what can be moved out of a hunk.
 *
 * Return: 0, also when something stays; -ENOMEM when there is no hunk to move to.
 */
static int clean_hunk(struct cleaner *cleaner, struct swim_frame *frame, unsigned int *moved)
{
	struct swim_moves *moves = &cleaner->pool->moves;
	struct swim_walk walk;
	int err = 0;

	swim_walk_begin(&walk, cleaner->pool, frame);
	while (!err && walk.at < walk.end) {
		void *object = swim_walk_object(&walk);
		unsigned long value = swim_tag_read(swim_tag_of(object));

		if (swim_tag_is_owned(value)) {
			err = clean_owned(cleaner, &walk, value, moved);
			continue;
		}
		if (swim_tag_is(value, SWIM_TAG_DEAD))
			swim_pool_check(cleaner->pool, object, value);
		else
			moves->refused++;
		if (value == SWIM_TAG_UNWRITTEN || swim_tag_is_dropping(value))
			break; /* in the middle of something: what follows has to wait */
		if (!swim_tag_is_walkable(value) ||
		    !swim_walk_over_sized(&walk, value)) {
			swim_report("tag of object %p overwritten, in pool '%s'", object,
				    cleaner->pool->name);
			break;
		}
	}
	return err == -SWIM_ENOMEM ? err : 0;
}

/* As full as it has to be; or, unless all has to move, in no more hunks than it needs. */
static bool enough(const struct cleaner *cleaner)
{
	const size_t size = swim_pool_hunk_size(cleaner->pool);

	if ((u64)cleaner->live * 100 >= (u64)cleaner->hunks * size * cleaner->target)
		return true;
	return cleaner->target < 100 &&
	       cleaner->hunks <= DIV_ROUND_UP(cleaner->live, size - SWIM_HUNK_BEGIN);
}

/* Clean a hunk when its live share is in this tenth: each comes once. */
static int clean_frame(struct cleaner *cleaner, struct swim_frame *frame, int tenth)
{
	const int size = swim_pool_hunk_size(cleaner->pool);
	const int from = (tenth - 1) * size / 10;
	const int below = min_t(int, tenth * 10, cleaner->target) * size / 100;
	struct swim_hunk *hunk;
	unsigned int moved = 0;
	int live = atomic_read(&frame->live);
	int err = 0;

	if (live < from || live >= below || enough(cleaner))
		return 0;
	if (!swim_hunk_hold(frame, cleaner->pool))
		return 0;
	hunk = swim_frame_hunk(cleaner->pool, frame);
	if (hunk->filled != cleaner->number)
		err = clean_hunk(cleaner, frame, &moved);
	if (swim_hunk_unhold(frame, moved)) {
		llist_add(&hunk->emptied, &cleaner->emptied);
		/* It may have been closed after they were counted. */
		if (cleaner->hunks)
			cleaner->hunks--;
	}
	cond_resched();
	return err;
}

/* No reader is left in hunks out of which objects have moved, and in which others live. */
static int settle_frame(struct cleaner *cleaner, struct swim_frame *frame, int unused)
{
	struct swim_pool *pool = cleaner->pool;
	struct swim_hunk *hunk;
	struct swim_walk walk;

	if (!swim_hunk_hold(frame, pool))
		return 0;
	hunk = swim_frame_hunk(pool, frame);
	swim_walk_begin(&walk, pool, frame);
	/*
	 * What a debug pool has poisoned stays poison; and of what was dropped since there may
	 * be readers, if the pool says so. That waits for the hunk's end.
	 */
	while (hunk->moved && want_init_on_free() && !swim_pool_trailer(pool) &&
	       !(pool->flags & SWIM_POOL_RCU) &&
	       walk.at < walk.end) {
		void *object = swim_walk_object(&walk);
		unsigned long value = swim_tag_read(swim_tag_of(object));

		/* Pairs with swim_pool_retire(). */
		smp_rmb();
		if (READ_ONCE(hunk->stowed))
			break;
		if (swim_tag_is(value, SWIM_TAG_DEAD)) {
			swim_unpoison(object, swim_tag_size(value));
			memset(object, 0, swim_tag_size(value));
			swim_poison(object, swim_tag_size(value));
		}
		if (!swim_walk_next(&walk))
			break;
	}
	WRITE_ONCE(hunk->moved, false);
	if (swim_hunk_unhold(frame, 0))
		swim_hunk_put(hunk);
	cond_resched();
	return 0;
}

typedef int (*frame_fn)(struct cleaner *cleaner, struct swim_frame *frame, int arg);

static int each_frame(struct cleaner *cleaner, frame_fn fn, int arg)
{
	struct swim_frame *frame;
	u32 number;
	int err;

	swim_for_each_frame(cleaner->pool, number, frame) {
		err = fn(cleaner, frame, arg);
		if (err)
			return err;
	}
	return 0;
}

/* Room that objects have moved out of can be used again when no reader is left there. */
static void settle(struct cleaner *cleaner, u64 moved_before)
{
	if (cleaner->pool->moves.moved == moved_before)
		return;
	if (cleaner->waited != cleaner->pool->moves.moved)
		wait_for_readers(cleaner);
	each_frame(cleaner, settle_frame, 0);
}

static int count_frame(struct cleaner *cleaner, struct swim_frame *frame, int unused)
{
	int live = atomic_read(&frame->live);

	if (live > 0 && live <= (int)SWIM_FRAME_SIZE && READ_ONCE(frame->pool) == cleaner->pool) {
		cleaner->live += live;
		cleaner->hunks++;
	}
	return 0;
}

/* Clean the hunks that are closed now, those that CPUs allocate in among them. */
static int clean_round(struct cleaner *cleaner)
{
	unsigned int tenth;
	int err = 0;

	swim_pool_flush(cleaner->pool);
	cleaner->live = 0;
	cleaner->hunks = 0;
	each_frame(cleaner, count_frame, 0);
	for (tenth = 1; !err && tenth <= 10 && !enough(cleaner); tenth++)
		err = each_frame(cleaner, clean_frame, tenth);
	put_emptied(cleaner);
	return err;
}

/* The mover's last hunk has room: leave it to the next CPU that needs some. */
static void hand_over(struct cleaner *cleaner)
{
	struct swim_mover *mover = &cleaner->mover;

	if (mover->to && swim_pool_spare(mover->pool, (unsigned long)mover->to + mover->mark))
		mover->to = NULL;
	close_mover(cleaner);
}

/**
 * swim_pool_compact - move what lives together, and give back what is empty then
 * @pool: any
 * @target: share of live bytes in the hunks, in per cent, at which to stop: 1 to 99; 100 to
 *	    move everything that can be moved; 0 for the default of 97
 *
 * Owners and readers go on meanwhile; pinned objects and those without a lease stay
 * where they are. Pages go back to the space, and free segments of it to the system.
 *
 * Context: Process, may sleep.
 * Return: 0, also when less could be done; -ENOMEM when there was no memory for the first
 * hunk to move to, or for another, and more could have been done; -EINVAL without a pool or
 * for a target above 100; -EPERM, and a report, where nobody may sleep. (Model: relocation)
 */
int swim_pool_compact(struct swim_pool *pool, unsigned int target)
{
	struct cleaner cleaner = {
		.pool = pool,
		.mover.pool = pool,
		.target = target ?: TARGET_DEFAULT,
	};
	unsigned int round;
	u64 begin, before;
	int err = 0;

	if (IS_ERR_OR_NULL(pool) || target > 100)
		return -SWIM_EMISALIGNED;
	if (!swim_may_sleep("pool compacted"))
		return -SWIM_ECONTEXT;
	mutex_lock(&pool->clean);
	begin = ktime_get_ns();
	before = pool->moves.moved;
	cleaner.number = ++pool->moves.compactions;
	for (round = 0; !err && round < ROUNDS; round++) {
		err = clean_round(&cleaner);
		/* Where all has to move it has; where clients went on there may be more to do. */
		if (target == 100 || enough(&cleaner))
			break;
	}
	hand_over(&cleaner);
	put_emptied(&cleaner);
	settle(&cleaner, before);
	if (pool->space)
		swim_space_trim(pool->space);
	pool->moves.nanoseconds += ktime_get_ns() - begin;
	mutex_unlock(&pool->clean);
	return err;
}
EXPORT_SYMBOL_GPL(swim_pool_compact);
