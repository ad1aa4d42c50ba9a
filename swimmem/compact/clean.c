// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clean: compact a pool, by moving what lives in some of its hunks together.
 *
 * One at a time for each space (swim_clean_lock()), in runs; who wants one, and when, is told
 * in reclaim.c. A run can be left after any object and taken up again:
 *
 *	IDLE --begin--> ROOTS --> REST --> IDLE
 *
 * Begin looks at each hunk and gives it a score: what its cleaning gains, the bytes in which
 * nothing lives, for what it costs, to read the hunk and to write what lives; and more the
 * longer ago it was closed, for in a young one more is going to die by itself. The hunks with
 * the best scores are wanted, as many of them as are needed.
 *
 * ROOTS goes through these hunks and moves each object whose lease is not in one of them
 * itself; then, depth first, what it owns, and what that owns, directly behind it. That goes
 * by hints, addresses where objects stood: their owners go on meanwhile, so each is looked at
 * as if anything could be there (follow()). REST moves what is left: objects whose parents
 * cannot move, those with counted leases to which no structure has led, and what was no
 * longer among the hints. What stays then is in the way, and is counted.
 *
 * Out of an emptied hunk nobody takes memory for two grace periods (swim_hunk_put()). Nobody
 * waits for them as long as there is memory:
 *
 *	                    a period ends          the next one ends
 *	emptied, moves go on -----------> first ------------------> second ----> put
 *	                        (waits for its first)  (for its second)
 *
 * The periods are counted (epoch); a hunk out of which only some objects have moved keeps the
 * epoch of the last of them, and so is known to have no readers when the count is by three
 * larger: the period of then, which may have begun before, and two whole ones.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prefetch.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "../alloc/space.h"
#include "../compat.h"
#include "../observe/leak.h"
#include "../observe/report.h"
#include "../observe/trace.h"
#include "walk.h"

#define TARGET_DEFAULT	99	/* per cent, of a request */
#define ROUNDS		4	/* over hunks that are closed meanwhile */
#define SCORES		32
#define AHEAD		SZ_1K	/* bytes of a hunk that are fetched before the walk is there */
#define LOOKS		32	/* objects between two looks at the clock */
#define QUIET_OBJECT	256	/* bytes of SWIM_QUIET that an object counts for beside its own */
/* Hunks from which on one more is below a per cent; fewer where tests shall come there often. */
#define RESERVED_FROM	(IS_ENABLED(CONFIG_SWIMMEM_STEPS) ? 16 : 128)
#define PIN_WARN	10	/* seconds */

unsigned int swim_pin_warn = PIN_WARN;
EXPORT_SYMBOL_SWIM_KUNIT(swim_pin_warn);
module_param_named(pin_warn, swim_pin_warn, uint, 0644);
MODULE_PARM_DESC(pin_warn, "seconds after which an object that compaction still finds pinned is named; 0: never");

/* How the walk through a hunk goes on. */
enum walked {
	WALK_ON,
	WALK_STOP,	/* what follows cannot be reached now */
	WALK_LATER,	/* the step is at its end */
	WALK_FULL,	/* there is no hunk to move to */
};

static struct mutex *lock_of(struct swim_pool *pool)
{
	return pool->space ? &pool->space->clean : &pool->clean;
}

/**
 * swim_clean_lock - be the only one who cleans
 * @pool: of which
 */
void swim_clean_lock(struct swim_pool *pool)
{
	mutex_lock(lock_of(pool));
}

bool swim_clean_trylock(struct swim_pool *pool)
{
	return mutex_trylock(lock_of(pool));
}

void swim_clean_unlock(struct swim_pool *pool)
{
	mutex_unlock(lock_of(pool));
}

static struct swim_pool *pool_of(struct swim_cleaner *cleaner)
{
	return container_of(cleaner, struct swim_pool, cleaner);
}

static bool wants_reserve(const struct swim_pool *pool)
{
	return !READ_ONCE(pool->cleaner.reserve) && !swim_pool_trailer(pool) &&
	       atomic_long_read(&pool->reclaim.hunks) >= RESERVED_FROM;
}

/* Keep an empty open hunk; somebody else may have kept one meanwhile. */
static void set_aside(struct swim_cleaner *cleaner, struct swim_hunk *hunk)
{
	swim_window();
	if (cmpxchg(&cleaner->reserve, NULL, hunk)) {
		swim_step(RESERVE_LOST);
		swim_hunk_put_now(hunk);
	} else {
		swim_step(RESERVE_KEEP);
	}
}

/* What nobody reads in any more. */
static void put(struct swim_cleaner *cleaner, struct swim_hunk *hunk)
{
	struct swim_pool *pool = pool_of(cleaner);

	swim_record_count(&pool->moves.freed_hunks, 1);
	swim_step(EMPTIED_PUT);
	if (!wants_reserve(pool)) {
		swim_hunk_put_now(hunk);
		return;
	}
	swim_hunk_reset(hunk, swim_frame_mark(pool, hunk->frame));
	hunk->moved = 0;
	WRITE_ONCE(hunk->stowed, false);
	set_aside(cleaner, hunk);
}

static void put_all(struct swim_cleaner *cleaner, struct swim_hunk *hunk)
{
	while (hunk) {
		struct swim_hunk *next = hunk->emptied;

		put(cleaner, hunk);
		hunk = next;
	}
}

static void count_epochs(struct swim_cleaner *cleaner, u32 n)
{
	u32 epoch = cleaner->epoch + n;

	/* Who sees it comes after the readers: pairs with swim_hunk_has_readers(). */
	smp_store_release(&cleaner->epoch, epoch ?: 1);
}

/* Has nobody to be waited for? */
static bool is_settled(const struct swim_cleaner *cleaner)
{
	return !cleaner->dirty && !cleaner->emptied && !cleaner->first && !cleaner->second;
}

/* No reader is left where objects are dead: with init_on_free what they were goes. */
static void wipe(struct swim_pool *pool)
{
	struct swim_frame *frame;
	u32 number;

	/*
	 * What a debug pool has poisoned stays poison; and of what was dropped since there may
	 * be readers, if the pool says so. That waits for the hunk's end.
	 */
	if (!pool->cleaner.unwiped || !want_init_on_free() || swim_pool_trailer(pool) ||
	    pool->flags & SWIM_POOL_RCU)
		return;
	pool->cleaner.unwiped = false;
	swim_for_each_frame(pool, number, frame) {
		struct swim_hunk *hunk;
		struct swim_walk walk;

		if (!swim_hunk_hold(frame, pool))
			continue;
		hunk = swim_frame_hunk(pool, frame);
		swim_walk_begin(&walk, pool, frame);
		while (hunk->moved && walk.at < walk.end) {
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
		hunk->moved = 0;
		if (swim_hunk_unhold(frame, 0))
			swim_hunk_put(hunk);
		cond_resched();
	}
}

/* A run is over, and nobody is waited for. */
static void end_record(struct swim_cleaner *cleaner)
{
	struct swim_pool *pool = pool_of(cleaner);

	if (cleaner->phase || !cleaner->recorded)
		return;
	cleaner->recorded = false;
	wipe(pool);
	swim_record_end(pool, cleaner->why, cleaner->target, &cleaner->before);
}

/**
 * swim_clean_settle - give back what nobody reads in any more, without waiting
 * @pool: under swim_clean_lock()
 *
 * Return: true when there is nothing left to be waited for.
 */
bool swim_clean_settle(struct swim_pool *pool)
{
	struct swim_cleaner *cleaner = &pool->cleaner;
	struct swim_hunk *over = cleaner->second;

	if (is_settled(cleaner)) {
		end_record(cleaner);
		return true;
	}
	if (!poll_state_synchronize_rcu(cleaner->period))
		return false;
	cleaner->second = cleaner->first;
	cleaner->first = cleaner->emptied;
	cleaner->emptied = NULL;
	if (cleaner->second)
		swim_step(EMPTIED_SECOND);
	if (cleaner->first)
		swim_step(EMPTIED_FIRST);
	put_all(cleaner, over);
	count_epochs(cleaner, 1);
	if (cleaner->epoch - cleaner->dirty >= SWIM_EPOCHS)
		cleaner->dirty = 0;
	cleaner->period = start_poll_synchronize_rcu();
	if (!is_settled(cleaner))
		return false;
	end_record(cleaner);
	return true;
}

/**
 * swim_clean_drain - wait for all readers, and give back what was emptied
 * @pool: under swim_clean_lock()
 *
 * Context: Process, may sleep, in reclaim too.
 */
void swim_clean_drain(struct swim_pool *pool)
{
	struct swim_cleaner *cleaner = &pool->cleaner;
	struct swim_hunk *emptied = cleaner->emptied, *first = cleaner->first;

	if (!is_settled(cleaner)) {
		swim_step(EMPTIED_DRAIN);
		cleaner->emptied = NULL;
		cleaner->first = NULL;
		synchronize_rcu_expedited();
		put_all(cleaner, cleaner->second);
		cleaner->second = NULL;
		synchronize_rcu_expedited();
		put_all(cleaner, first);
		put_all(cleaner, emptied);
		cleaner->dirty = 0;
		count_epochs(cleaner, SWIM_EPOCHS);
	}
	end_record(cleaner);
}

/* What is not filled, and was not zeroed when the hunk was taken. */
static void zero_tail(const struct swim_mover *mover)
{
	void *tail = (void *)mover->next;
	size_t size = swim_pool_hunk_size(mover->pool) - (mover->next & ~mover->pool->mask);

	swim_unpoison(tail, size);
	memset(tail, 0, size);
	swim_poison(tail, size);
}

static void close_mover(struct swim_mover *mover)
{
	struct swim_hunk *hunk = swim_pool_hunk(mover->pool, mover->next);
	unsigned int mark = mover->next & ~mover->pool->mask;

	if (mover->next == SWIM_NO_HUNK)
		return;
	zero_tail(mover);
	WRITE_ONCE(mover->next, SWIM_NO_HUNK);
	if (swim_hunk_close(mover->pool, hunk, mark))
		swim_hunk_put(hunk);
}

static struct swim_hunk *get_hunk(struct swim_cleaner *cleaner)
{
	/* What reclaim keeps for itself it keeps: there is a reserve. */
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC;
	struct swim_hunk *hunk = swim_hunk_take(pool_of(cleaner), gfp);

	if (hunk)
		return hunk;
	hunk = xchg(&cleaner->reserve, NULL);
	if (hunk)
		swim_step(RESERVE_USE);
	return hunk;
}

/* Another hunk to move to. */
static bool open_mover(struct swim_cleaner *cleaner)
{
	struct swim_mover *mover = &cleaner->mover;
	struct swim_hunk *hunk = get_hunk(cleaner);

	if (!hunk && (cleaner->emptied || cleaner->first || cleaner->second)) {
		swim_clean_drain(pool_of(cleaner));
		hunk = get_hunk(cleaner);
	}
	if (!hunk) {
		swim_step(CLEAN_FULL);
		return false;
	}
	close_mover(mover);
	hunk->filled = cleaner->run;
	WRITE_ONCE(mover->next, (unsigned long)hunk + SWIM_HUNK_BEGIN);
	cleaner->hunks++;
	return true;
}

/* The mover's last hunk has room: leave it to the next CPU that needs some. */
static void hand_over(struct swim_mover *mover)
{
	if (mover->next == SWIM_NO_HUNK)
		return;
	zero_tail(mover);
	if (swim_pool_spare(mover->pool, mover->next)) {
		WRITE_ONCE(mover->next, SWIM_NO_HUNK);
		swim_step(CLEAN_HAND_OVER);
	}
	close_mover(mover);
}

static unsigned int score(const struct swim_pool *pool, const struct swim_frame *frame, int live)
{
	const int size = swim_pool_hunk_size(pool);
	const u32 age = ((u32)jiffies - READ_ONCE(frame->closed)) / DIV_ROUND_UP(HZ, 8);
	const int weight = min(4 + fls(age), 16);

	return (size - live) * weight / 16 * SCORES / (size + live);
}

/* Bytes that live in a closed hunk of the pool which is less full than the target; or 0. */
static int live_in(const struct swim_pool *pool, const struct swim_frame *frame,
		   unsigned int target)
{
	int live = atomic_read(&frame->live);

	if (live <= 0 || live > (int)SWIM_FRAME_SIZE || READ_ONCE(frame->pool) != pool)
		return 0;
	if (target < 100 && (size_t)live * 100 >= swim_pool_hunk_size(pool) * target)
		return 0;
	return live;
}

/* Is a closed hunk one of those that the run is to empty? */
static bool is_wanted(const struct swim_cleaner *cleaner, const struct swim_frame *frame)
{
	const struct swim_pool *pool = cleaner->mover.pool;
	int live = live_in(pool, frame, cleaner->target);

	return live && score(pool, frame, live) >= cleaner->least;
}

/* Hunks that so many bytes need, if these are not to be fuller than the target. */
static unsigned long hunks_for(const struct swim_pool *pool, size_t live, unsigned int target)
{
	const size_t size = swim_pool_hunk_size(pool);

	return max_t(u64, DIV_ROUND_UP(live, size - SWIM_HUNK_BEGIN),
		     DIV_ROUND_UP_ULL((u64)live * 100, size * target));
}

/**
 * swim_clean_gain - how many hunks can be gained
 * @pool: any
 * @target: utilisation in per cent, at the most
 * @hunks: how many closed ones there are
 */
unsigned long swim_clean_gain(struct swim_pool *pool, unsigned int target, unsigned long *hunks)
{
	struct swim_frame *frame;
	unsigned long goal;
	size_t lives = 0;
	u32 number;
	int live;

	*hunks = 0;
	swim_for_each_frame(pool, number, frame) {
		live = live_in(pool, frame, 100);
		lives += live;
		*hunks += !!live;
	}
	goal = hunks_for(pool, lives, target);
	return *hunks > goal ? *hunks - goal : 0;
}

/* The score from which on hunks have to be emptied to gain @gain of them. */
static unsigned int least_score(struct swim_pool *pool, unsigned int target, unsigned long gain)
{
	const size_t size = swim_pool_hunk_size(pool) - SWIM_HUNK_BEGIN;
	unsigned long hunks[SCORES] = {};
	size_t lives[SCORES] = {};
	struct swim_frame *frame;
	u64 gained = 0;
	u32 number;
	int i;

	swim_for_each_frame(pool, number, frame) {
		int live = live_in(pool, frame, target);

		if (!live)
			continue;
		i = score(pool, frame, live);
		hunks[i]++;
		lives[i] += live;
	}
	for (i = SCORES; i > 0 && gained < (u64)gain * size; i--)
		gained += (u64)hunks[i - 1] * size - min_t(u64, lives[i - 1], hunks[i - 1] * size);
	return i;
}

/**
 * swim_clean_begin - begin a run; one that is not at its end is given up
 * @pool: under swim_clean_lock()
 * @why: somebody wants that
 * @target: utilisation in per cent at which it is enough; 100 to move everything
 * @gain: hunks that are enough
 *
 * Return: false when there is nothing to gain.
 */
bool swim_clean_begin(struct swim_pool *pool, enum swim_clean_why why, unsigned int target,
		      unsigned long gain)
{
	struct swim_cleaner *cleaner = &pool->cleaner;

	if (cleaner->phase)
		swim_step(CLEAN_GIVE_UP);
	cleaner->phase = SWIM_CLEAN_IDLE;
	cleaner->mover.hints = 0;
	gain = min(gain, swim_clean_gain(pool, target, &cleaner->hunks));
	/* Nothing is in the way where nothing is. */
	if (!cleaner->hunks)
		memset(&cleaner->seen, 0, sizeof(cleaner->seen));
	if (target < 100 ? !gain : !cleaner->hunks)
		return false;
	cleaner->goal = target < 100 ? cleaner->hunks - gain : 0;
	cleaner->least = target < 100 ? least_score(pool, target, gain) : 0;
	cleaner->target = target;
	cleaner->why = why;
	if (!cleaner->recorded)
		swim_record_begin(pool, why, target, &cleaner->before);
	cleaner->recorded = true;
	cleaner->run++;
	cleaner->cursor = 0;
	memset(&cleaner->obstacles, 0, sizeof(cleaner->obstacles));
	cleaner->phase = SWIM_CLEAN_ROOTS;
	swim_step(CLEAN_ROOTS);
	return true;
}

static bool is_enough(const struct swim_cleaner *cleaner)
{
	return cleaner->target < 100 && cleaner->hunks <= cleaner->goal;
}

/* Has the step no time left? */
static bool is_late(const struct swim_cleaner *cleaner)
{
	return cleaner->until && ktime_get_ns() >= cleaner->until;
}

/* Let go of a hunk out of which so many bytes have moved. */
static void let_go(struct swim_cleaner *cleaner, struct swim_frame *frame, unsigned int moved)
{
	struct swim_hunk *hunk = swim_frame_hunk(pool_of(cleaner), frame);

	if (!swim_hunk_unhold(frame, moved))
		return;
	hunk->emptied = cleaner->emptied;
	cleaner->emptied = hunk;
	swim_step(EMPTIED);
	/* It may have been closed after they were counted. */
	if (cleaner->hunks)
		cleaner->hunks--;
}

/* Have interrupts off, for some objects or a large one: turning them off and on takes time. */
static void hush(struct swim_cleaner *cleaner)
{
	if (cleaner->quiet)
		return;
	local_irq_save(cleaner->flags);
	cleaner->hushed = ktime_get_mono_fast_ns();
	cleaner->quiet = SWIM_QUIET;
}

/* Have them on again. */
static void unhush(struct swim_cleaner *cleaner)
{
	u64 ns;

	if (!cleaner->quiet)
		return;
	cleaner->quiet = 0;
	ns = ktime_get_mono_fast_ns() - cleaner->hushed;
	local_irq_restore(cleaner->flags);
	swim_pause_add(pool_of(cleaner), ns);
}

/* Move an owned object, and count what became of it. */
static enum swim_relocated move_object(struct swim_cleaner *cleaner, void *object,
				       unsigned long value, size_t *size)
{
	struct swim_moves *moves = &pool_of(cleaner)->moves;
	enum swim_relocated result;
	u64 begin = 0;
	void *to;

	do {
		if (trace_swim_move_enabled())
			begin = ktime_get_mono_fast_ns();
		to = (void *)cleaner->mover.next + SWIM_TAG_SLOT;
		hush(cleaner);
		result = swim_relocate(&cleaner->mover, object, value, size);
		if (result != SWIM_MOVED || *size + QUIET_OBJECT >= cleaner->quiet)
			unhush(cleaner);
		else
			cleaner->quiet -= *size + QUIET_OBJECT;
	} while (result == SWIM_FULL && open_mover(cleaner));
	if (result == SWIM_MOVED) {
		cleaner->dirty = cleaner->epoch;
		cleaner->unwiped = true;
		cleaner->left -= min(cleaner->left, *size);
		swim_record_count(&moves->moved, 1);
		swim_record_count(&moves->moved_bytes, *size);
		trace_swim_move(pool_of(cleaner), object, to, *size,
				begin ? ktime_get_mono_fast_ns() - begin : 0);
	} else if (result == SWIM_CANCELLED) {
		swim_record_count(&moves->cancelled, 1);
		trace_swim_cancel(pool_of(cleaner), object, *size, SWIM_CANCEL_ASKED);
	}
	return result;
}

/* Bytes of an object in its hunk. */
static unsigned int span(const struct swim_cleaner *cleaner, size_t size)
{
	return SWIM_TAG_SLOT + size + swim_pool_trailer(cleaner->mover.pool);
}

/*
 * Is the object of a hint still there, in a hunk that the caller holds? What else may be there
 * has no such word but by chance, and where a lease leads there is an object.
 */
static bool is_there(const struct swim_pool *pool, const struct swim_frame *frame,
		     const struct swim_hint *hint)
{
	unsigned long at = (unsigned long)hint->object -
			   (unsigned long)swim_frame_hunk(pool, frame);
	struct swim_buf lease;

	return !(at % SWIM_OBJECT_ALIGN) && at >= SWIM_HUNK_BEGIN + SWIM_TAG_SLOT &&
	       at <= swim_frame_mark(pool, frame) &&
	       swim_tag_read(swim_tag_of(hint->object)) == hint->tag &&
	       swim_owned_peek(hint->object, hint->tag, &lease);
}

/* Move what stands where a hint says, if it still is there, and in a hunk that is wanted. */
static enum walked follow_one(struct swim_cleaner *cleaner, const struct swim_hint *hint)
{
	struct swim_pool *pool = pool_of(cleaner);
	struct swim_frame *frame = swim_pool_frame(pool, swim_tag_of(hint->object));
	enum walked walked = WALK_ON;
	unsigned int moved = 0;
	size_t size;

	if (!frame || (frame != cleaner->frame &&
		       (!is_wanted(cleaner, frame) || !swim_hunk_hold(frame, pool))))
		return WALK_ON;
	if (swim_frame_hunk(pool, frame)->filled != cleaner->run &&
	    is_there(pool, frame, hint)) {
		switch (move_object(cleaner, hint->object, hint->tag, &size)) {
		case SWIM_MOVED:
			swim_step(CLEAN_FOLLOW);
			moved = span(cleaner, size);
			break;
		case SWIM_FULL:
			walked = WALK_FULL;
			break;
		default:
			break;
		}
	}
	if (frame == cleaner->frame)
		cleaner->moved += moved;
	else
		let_go(cleaner, frame, moved);
	return walked;
}

static enum walked follow(struct swim_cleaner *cleaner)
{
	struct swim_mover *mover = &cleaner->mover;
	struct swim_hint hint;

	while (mover->hints) {
		if (!cleaner->left || (!(++cleaner->looks % LOOKS) && is_late(cleaner)))
			return WALK_LATER;
		/* What it owns takes its place. */
		hint = mover->hint[--mover->hints];
		if (follow_one(cleaner, &hint) == WALK_FULL)
			return WALK_FULL;
	}
	return WALK_ON;
}

/* Is the object to be left until what owns it has moved? */
static bool is_inner(const struct swim_cleaner *cleaner, unsigned long value)
{
	struct swim_pool *pool = cleaner->mover.pool;
	struct swim_frame *frame;

	if (swim_tag_is_pinned(value) || swim_tag_kind(value) == SWIM_TAG_COUNTED)
		return true;
	frame = swim_pool_frame(pool, swim_tag_slot(value));
	return frame && (frame == cleaner->frame || is_wanted(cleaner, frame));
}

/* What was found pinned in a hunk. */
static void *lasting_object(struct swim_hunk *hunk)
{
	return (void *)hunk + hunk->lasting.at * SWIM_OBJECT_ALIGN;
}

/* Forget it, if it is not there any more, or not pinned. */
static void forget_lasting(struct swim_hunk *hunk)
{
	struct swim_lasting *lasting = &hunk->lasting;

	if (lasting->at && swim_tag_read(swim_tag_of(lasting_object(hunk))) != lasting->tag)
		lasting->at = 0;
}

/* One of each hunk is enough: it is what holds the hunk back. */
static void note_pinned(struct swim_cleaner *cleaner, void *object, unsigned long value)
{
	struct swim_hunk *hunk = swim_frame_hunk(pool_of(cleaner), cleaner->frame);

	if (hunk->lasting.at)
		return;
	hunk->lasting = (struct swim_lasting){
		.tag = value,
		.since = jiffies,
		.at = (object - (void *)hunk) / SWIM_OBJECT_ALIGN,
	};
}

/* Name what has been found pinned for long, in a hunk that is held and gone through. */
static void tell_lasting(struct swim_cleaner *cleaner, const struct swim_frame *frame)
{
	struct swim_pool *pool = pool_of(cleaner);
	struct swim_hunk *hunk = swim_frame_hunk(pool, frame);
	struct swim_lasting *lasting = &hunk->lasting;
	const unsigned int warn = READ_ONCE(swim_pin_warn);
	void *object = lasting_object(hunk);
	unsigned int seconds = ((u32)jiffies - lasting->since) / HZ;
	size_t size, live;

	if (cleaner->phase != SWIM_CLEAN_REST || !lasting->at || !warn || seconds < warn ||
	    !swim_measure(pool, object, lasting->tag, &size))
		return;
	cleaner->obstacles.lasting++;
	if (lasting->told)
		return;
	live = atomic_read(&frame->live) - SWIM_HUNK_HOLD - cleaner->moved;
	lasting->told = swim_tell_lasting(pool, object, lasting->tag, size, seconds,
					  swim_pool_hunk_size(pool) - live);
}

static void count_obstacle(struct swim_cleaner *cleaner, void *object, unsigned long value,
			   size_t size)
{
	struct swim_obstacles *obstacles = &cleaner->obstacles;
	const bool unleased = swim_tag_is(value, SWIM_TAG_HELD);

	if (cleaner->phase != SWIM_CLEAN_REST)
		return;
	swim_record_count(&pool_of(cleaner)->moves.refused, 1);
	trace_swim_cancel(pool_of(cleaner), object, size, SWIM_CANCEL_IN_USE);
	*(unleased ? &obstacles->unleased : &obstacles->pinned) += 1;
	*(unleased ? &obstacles->unleased_bytes : &obstacles->pinned_bytes) += size;
	if (swim_tag_is_owned(value) && swim_tag_is_pinned(value))
		note_pinned(cleaner, object, value);
}

static void report_overwritten(struct swim_cleaner *cleaner, void *object)
{
	/* Once is enough. */
	if (cleaner->phase == SWIM_CLEAN_REST)
		swim_report("tag of object %p overwritten, in pool '%s'", object,
			    pool_of(cleaner)->name);
}

/* Move one owned object, with what it owns, and step over it. */
static enum walked clean_owned(struct swim_cleaner *cleaner, struct swim_walk *walk,
			       unsigned long value)
{
	void *object = swim_walk_object(walk);
	size_t size;

	if (cleaner->phase == SWIM_CLEAN_ROOTS && is_inner(cleaner, value))
		return swim_walk_next(walk) ? WALK_ON : WALK_STOP;
	if (!cleaner->left)
		return WALK_LATER;
	switch (move_object(cleaner, object, value, &size)) {
	case SWIM_MOVED:
		cleaner->moved += span(cleaner, size);
		break;
	case SWIM_CHANGED:
		swim_step(CLEAN_CHANGED);
		return WALK_ON;
	case SWIM_CANCELLED:
	case SWIM_REFUSED:
		count_obstacle(cleaner, object, value, size);
		break;
	case SWIM_FULL:
		return WALK_FULL;
	case SWIM_CORRUPT:
		report_overwritten(cleaner, object);
		return WALK_STOP;
	}
	return swim_walk_over(walk, size) ? follow(cleaner) : WALK_STOP;
}

/* Step over what nobody owns by a lease. */
static enum walked pass_over(struct swim_cleaner *cleaner, struct swim_walk *walk,
			     unsigned long value)
{
	void *object = swim_walk_object(walk);

	if (swim_tag_is(value, SWIM_TAG_DEAD))
		swim_pool_check(walk->pool, object, value);
	else
		count_obstacle(cleaner, object, value, swim_tag_is(value, SWIM_TAG_HELD) ?
			       swim_tag_size(value) : 0);
	if (value == SWIM_TAG_UNWRITTEN || swim_tag_is_dropping(value)) {
		swim_step(CLEAN_STOP);
		return WALK_STOP; /* in the middle of something: what follows has to wait */
	}
	if (swim_tag_is_walkable(value) && swim_walk_over_sized(walk, value))
		return WALK_ON;
	report_overwritten(cleaner, object);
	return WALK_STOP;
}

/* Where the next tag is the one before tells: all lines are fetched in time. */
static void fetch_ahead(const struct swim_walk *walk, unsigned int *fetched)
{
	const unsigned int until = min(walk->at + AHEAD, walk->end);

	for (; *fetched < until; *fetched += SMP_CACHE_BYTES)
		prefetch((void *)walk->hunk + *fetched);
}

/* Move what is to be moved out of a hunk. */
static enum walked clean_hunk(struct swim_cleaner *cleaner, struct swim_frame *frame)
{
	enum walked walked = WALK_ON;
	unsigned int fetched = 0;
	struct swim_walk walk;

	swim_walk_begin(&walk, pool_of(cleaner), frame);
	forget_lasting(walk.hunk);
	while (walked == WALK_ON && walk.at < walk.end) {
		unsigned long value;

		fetch_ahead(&walk, &fetched);
		value = swim_tag_read(swim_tag_of(swim_walk_object(&walk)));
		walked = swim_tag_is_owned(value) ? clean_owned(cleaner, &walk, value) :
						    pass_over(cleaner, &walk, value);
	}
	unhush(cleaner);
	return walked;
}

/* What stays in a hunk is in the way. */
static void count_held_back(struct swim_cleaner *cleaner, struct swim_frame *frame)
{
	int live = live_in(pool_of(cleaner), frame, 100);

	if (cleaner->phase != SWIM_CLEAN_REST || !live)
		return;
	cleaner->obstacles.hunks++;
	cleaner->obstacles.held_back += swim_pool_hunk_size(pool_of(cleaner)) - live;
}

static enum walked clean_frame(struct swim_cleaner *cleaner, struct swim_frame *frame)
{
	const struct swim_obstacles before = cleaner->obstacles;
	struct swim_pool *pool = pool_of(cleaner);
	enum walked walked = WALK_ON;
	bool filled;

	if (!is_wanted(cleaner, frame) || !swim_hunk_hold(frame, pool))
		return WALK_ON;
	cleaner->frame = frame;
	cleaner->moved = 0;
	filled = swim_frame_hunk(pool, frame)->filled == cleaner->run;
	if (!filled)
		walked = clean_hunk(cleaner, frame);
	cleaner->frame = NULL;
	if (!filled && walked < WALK_LATER)
		tell_lasting(cleaner, frame);
	let_go(cleaner, frame, cleaner->moved);
	if (!filled && walked < WALK_LATER)
		count_held_back(cleaner, frame);
	else
		cleaner->obstacles = before; /* it is gone through again, from its begin */
	return walked;
}

static enum walked clean_frames(struct swim_cleaner *cleaner)
{
	struct swim_pool *pool = pool_of(cleaner);
	struct swim_frame *frame;
	enum walked walked;

	while (!is_enough(cleaner) && (frame = swim_pool_next_frame(pool, &cleaner->cursor))) {
		walked = clean_frame(cleaner, frame);
		if (walked >= WALK_LATER)
			return walked;
		cleaner->cursor++;
		swim_clean_settle(pool);
		/* A hunk at the least, for in its middle it would have to be begun again. */
		if (is_late(cleaner))
			return WALK_LATER;
		cond_resched();
	}
	return WALK_ON;
}

static void end_run(struct swim_cleaner *cleaner)
{
	if (cleaner->phase > SWIM_CLEAN_REST && !is_enough(cleaner))
		cleaner->seen = cleaner->obstacles;
	cleaner->phase = SWIM_CLEAN_IDLE;
	swim_step(CLEAN_IDLE);
	hand_over(&cleaner->mover);
	swim_clean_keep_reserve(pool_of(cleaner));
}

static void take_hints(struct swim_cleaner *cleaner, struct swim_hint *hint)
{
	cleaner->mover.hint = hint;
	memcpy(hint, cleaner->kept, cleaner->mover.hints * sizeof(*hint));
}

/* Those that come first. */
static void leave_hints(struct swim_cleaner *cleaner)
{
	struct swim_mover *mover = &cleaner->mover;
	unsigned int kept = min_t(unsigned int, mover->hints, SWIM_HINTS_KEPT);

	memcpy(cleaner->kept, mover->hint + mover->hints - kept, kept * sizeof(*mover->hint));
	mover->hints = kept;
	mover->hint = NULL;
}

/**
 * swim_clean_step - go on with a run
 * @pool: under swim_clean_lock(), with a run
 * @bytes: of objects that are moved at the most, but for the last one; 0 for any
 * @nanoseconds: that it takes at the most, but for a hunk; 0 for any
 *
 * Context: Process, may sleep.
 * Return: 1 when there is more to do, 0 at the end of the run; -ENOMEM when there was no
 * memory for a hunk to move to, which ends the run too.
 */
int swim_clean_step(struct swim_pool *pool, size_t bytes, u64 nanoseconds)
{
	struct swim_cleaner *cleaner = &pool->cleaner;
	struct swim_hint hint[SWIM_HINTS];
	u64 begin = ktime_get_ns();
	enum walked walked;

	take_hints(cleaner, hint);
	cleaner->left = bytes ?: SIZE_MAX;
	cleaner->until = nanoseconds ? begin + nanoseconds : 0;
	walked = follow(cleaner);
	unhush(cleaner);
	while (walked < WALK_LATER && cleaner->phase <= SWIM_CLEAN_REST) {
		walked = clean_frames(cleaner);
		if (walked >= WALK_LATER)
			break;
		cleaner->phase++;
		swim_step(CLEAN_REST);
		cleaner->cursor = 0;
	}
	leave_hints(cleaner);
	if (walked != WALK_LATER)
		end_run(cleaner);
	else
		swim_step(CLEAN_LATER);
	swim_record_count(&pool->moves.nanoseconds, ktime_get_ns() - begin);
	if (walked == WALK_FULL)
		return -SWIM_ENOMEM;
	return walked == WALK_LATER;
}

/**
 * swim_clean_keep_reserve - see to it that a large pool can be cleaned when memory is gone
 * @pool: any
 *
 * Context: Any but NMI: whoever lets the pool grow, before it cannot any more.
 */
void swim_clean_keep_reserve(struct swim_pool *pool)
{
	struct swim_hunk *hunk;

	if (likely(!wants_reserve(pool)))
		return;
	hunk = swim_hunk_take(pool, GFP_NOWAIT | __GFP_NOWARN);
	if (hunk)
		set_aside(&pool->cleaner, hunk);
}

/**
 * swim_clean_take_reserve - let a pool that has become small do without
 * @pool: any
 * @hunks: that it has
 *
 * Context: Any but NMI.
 * Return: what was the reserve, for the caller to put; or NULL.
 */
struct swim_hunk *swim_clean_take_reserve(struct swim_pool *pool, long hunks)
{
	if (likely(hunks >= RESERVED_FROM / 2 || !READ_ONCE(pool->cleaner.reserve)))
		return NULL;
	swim_step(RESERVE_TAKE);
	return xchg(&pool->cleaner.reserve, NULL);
}

void swim_cleaner_init(struct swim_pool *pool)
{
	mutex_init(&pool->clean);
	pool->cleaner.mover.pool = pool;
	pool->cleaner.mover.next = SWIM_NO_HUNK;
	pool->cleaner.epoch = 1;
	/* There is nobody to wait for yet; and of a period that nobody begins there is no end. */
	pool->cleaner.period = get_completed_synchronize_rcu();
}

/* The run is given up, and the mover has no hunk any more. */
static void give_up(struct swim_cleaner *cleaner)
{
	cleaner->phase = SWIM_CLEAN_IDLE;
	cleaner->mover.hints = 0;
	close_mover(&cleaner->mover);
}

/**
 * swim_clean_stop - give up the run that is not at its end, if there is one
 * @pool: its cleaner has none of its hunks until swim_clean_unlock()
 * @wait: for the step of who cleans; the caller may sleep
 *
 * Context: Process; or any but NMI without @wait.
 * Return: true, with the lock; false when somebody cleans, and that is not to be waited for, or
 * where interrupts are kept away: a mutex has a lock that they do not know of.
 */
bool swim_clean_stop(struct swim_pool *pool, bool wait)
{
	if (wait)
		swim_clean_lock(pool);
	else if (!in_task() || in_softirq() || irqs_disabled() || !swim_clean_trylock(pool))
		return false;
	give_up(&pool->cleaner);
	return true;
}

/**
 * swim_cleaner_end - give everything back that cleaning has
 * @pool: that is going to go
 */
void swim_cleaner_end(struct swim_pool *pool)
{
	struct swim_cleaner *cleaner = &pool->cleaner;
	struct swim_hunk *reserve;

	swim_clean_lock(pool);
	give_up(cleaner);
	swim_clean_drain(pool);
	reserve = xchg(&cleaner->reserve, NULL);
	if (reserve)
		swim_hunk_put_now(reserve);
	swim_clean_unlock(pool);
}

/* The whole of a request. */
static int compact(struct swim_pool *pool, unsigned int target)
{
	unsigned int round;
	int err = 0;

	for (round = 0; !err && round < ROUNDS; round++) {
		/* Hunks that CPUs allocate in are cleaned too. */
		swim_pool_flush(pool);
		if (!swim_clean_begin(pool, SWIM_CLEAN_REQUEST, target, ULONG_MAX))
			break;
		err = swim_clean_step(pool, 0, 0);
		/* Where all has to move it has; where clients went on there may be more to do. */
		if (target == 100)
			break;
	}
	return err;
}

/**
 * swim_pool_compact - move what lives together, and give back what is empty then
 * @pool: any
 * @target: share of live bytes in the hunks, in per cent, at which to stop: 1 to 99; 100 to
 *	    move everything that can be moved; 0 for the default of 99
 *
 * Owners and readers go on meanwhile; pinned objects and those without a lease stay
 * where they are. What a structure owns is laid behind its owner, depth first. Pages go back
 * to the space, and what is free there, in frames of 64 KiB, to the system.
 *
 * Context: Process, may sleep.
 * Return: 0, also when less could be done; -ENOMEM when there was no memory for the first
 * hunk to move to, or for another, and more could have been done; -EINVAL without a pool or
 * for a target above 100; -EPERM, and a report, where nobody may sleep. (Model: relocation)
 */
int swim_pool_compact(struct swim_pool *pool, unsigned int target)
{
	int err;

	if (IS_ERR_OR_NULL(pool) || target > 100)
		return -SWIM_EMISALIGNED;
	if (!swim_may_sleep("pool compacted"))
		return -SWIM_ECONTEXT;
	swim_clean_lock(pool);
	swim_record_count(&pool->moves.compactions, 1);
	err = compact(pool, target ?: TARGET_DEFAULT);
	swim_clean_drain(pool);
	swim_clean_unlock(pool);
	/* Who asks for it wants the memory back, not only in the space. */
	if (pool->space)
		swim_space_release(pool->space, SIZE_MAX);
	return err;
}
EXPORT_SYMBOL_GPL(swim_pool_compact);

/**
 * swim_pool_compact_step - do a part of that
 * @pool: any
 * @target: as of swim_pool_compact(), for whoever begins
 *
 * Goes on with the run that somebody has begun, or else begins one. A step moves no more, and
 * takes no longer, than swim_pool_set_budget() says; the last one, which has nothing more to
 * move, waits for readers.
 *
 * Context: Process, may sleep.
 * Return: 1 when there is more to do; 0 when nothing is left to do; or as
 * swim_pool_compact(). (Model: relocation)
 */
int swim_pool_compact_step(struct swim_pool *pool, unsigned int target)
{
	struct swim_reclaim *reclaim;
	int err = 0;

	if (IS_ERR_OR_NULL(pool) || target > 100)
		return -SWIM_EMISALIGNED;
	if (!swim_may_sleep("pool compacted"))
		return -SWIM_ECONTEXT;
	reclaim = &pool->reclaim;
	swim_clean_lock(pool);
	if (!pool->cleaner.phase) {
		swim_pool_flush(pool);
		swim_clean_begin(pool, SWIM_CLEAN_REQUEST, target ?: TARGET_DEFAULT, ULONG_MAX);
	}
	if (pool->cleaner.phase)
		err = swim_clean_step(pool, READ_ONCE(reclaim->budget_bytes),
				      READ_ONCE(reclaim->budget_us) * (u64)NSEC_PER_USEC);
	/* At its end the run has done all that can be done now. */
	if (err <= 0)
		swim_clean_drain(pool);
	swim_clean_unlock(pool);
	return err;
}
EXPORT_SYMBOL_GPL(swim_pool_compact_step);

#ifdef CONFIG_SWIMMEM_STEPS

/**
 * swim_clean_chase - move all that can be moved, and wait for nobody
 * @pool: any
 *
 * Who waits for readers, most of the time, does not get in the way of owners; tests shall.
 *
 * Context: Process, may sleep.
 * Return: as swim_pool_compact(); -EBUSY when somebody else is at it.
 */
int swim_clean_chase(struct swim_pool *pool)
{
	int err = 0;

	if (!swim_clean_trylock(pool))
		return -EBUSY;
	if (!pool->cleaner.phase) {
		swim_pool_flush(pool);
		swim_clean_begin(pool, SWIM_CLEAN_REQUEST, 100, ULONG_MAX);
	}
	if (pool->cleaner.phase)
		err = swim_clean_step(pool, 0, 0);
	swim_clean_settle(pool);
	swim_clean_unlock(pool);
	return err;
}
EXPORT_SYMBOL_GPL(swim_clean_chase);

#endif
