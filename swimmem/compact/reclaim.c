// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim: when a pool is compacted without anybody having asked for it.
 *
 *	background	after objects were dropped, or hunks filled, a work looks what that has
 *			come to. It begins when a tenth less than the target is used, and goes on
 *			in steps, within a budget, with three times as long a rest between them
 *	pressed		the same work, without rests, when there is little room left in a heap
 *			with a limit
 *	direct		an allocation that may sleep, before it fails
 *	shrinker	the kernel wants pages back
 *	out of memory	somebody is about to be killed
 *
 * Who drops objects says so in one word, which the work clears before it looks:
 *
 *	drop: count in the hunk			work: stirred = false
 *	      full barrier (A)			      full barrier (A)
 *	      stirred? if not, kick		      look at the hunks
 *
 * (A) They pair: the work sees what was dropped, or who has dropped it kicks again.
 *
 * Drops and allocations come in any context and under any lock: so the kick is an irq_work.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/swap.h>

#include "../alloc/space.h"
#include "../compat.h"
#include "../alloc/pool.h"
#include "../observe/registry.h"
#include "../observe/trace.h"

#define TARGET_DEFAULT	90		/* per cent */
#define BUDGET_BYTES	SZ_1M
#define BUDGET_US	1000
#define LOOK_DELAY	(HZ / 10)	/* jiffies from a kick to the look */
#define REST		3		/* times as long as a step */
#define GAIN_LEAST	8		/* hunks at a time, where there is little room */
#define GAIN_SHARE	128		/* or a part of the heap, if that is more */
#define GAIN_MOST	256
#define SHRINK_PAGES	(SZ_4M / PAGE_SIZE)	/* at the least: it takes two grace periods */
#define OOM_PAGES	(SZ_64M / PAGE_SIZE)
#define TARGET_MOST	97		/* fuller hunks are not worth it, whoever wants memory */

unsigned int swim_target_default = TARGET_DEFAULT;
EXPORT_SYMBOL_SWIM_KUNIT(swim_target_default);

static int target_default_set(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 0, 99);
}

static const struct kernel_param_ops target_default_ops = {
	.set = target_default_set,
	.get = param_get_uint,
};

module_param_cb(target, &target_default_ops, &swim_target_default, 0644);
MODULE_PARM_DESC(target, "utilisation of new pools, in per cent, that is kept in the background; 0: none");

static struct workqueue_struct *wq;
static struct shrinker *shrinker;
static DEFINE_MUTEX(shrinking_lock);	/* of whoever gives pages back */

static bool is_pressed(const struct swim_pool *pool)
{
	return atomic_long_read(&pool->reclaim.hunks) > pool->reclaim.most;
}

/* As long as there is little room, a few hunks at a time, and room for others to come between. */
static bool relieve(struct swim_pool *pool)
{
	const long hunks = atomic_long_read(&pool->reclaim.hunks);

	if (swim_clean_begin(pool, SWIM_CLEAN_BACKGROUND, TARGET_MOST,
			     pool->reclaim.gain_at_once))
		while (swim_clean_step(pool, 0, 0) > 0)
			;
	swim_step(RECLAIM_RELIEVE);
	swim_clean_drain(pool);
	/* What is in the way may leave nothing to gain; who takes hunks meanwhile kicks again. */
	return atomic_long_read(&pool->reclaim.hunks) < hunks && is_pressed(pool);
}

/* Is so much to be gained that it is worth to begin? */
static bool is_worth(struct swim_pool *pool, unsigned int target)
{
	unsigned long hunks, gain = swim_clean_gain(pool, target, &hunks);

	return gain > 1 && gain * 8 >= hunks;
}

/* Steps of the background work; how long to rest until the next, in jiffies, or 0. */
static unsigned long look(struct swim_pool *pool)
{
	struct swim_reclaim *reclaim = &pool->reclaim;
	unsigned int target = READ_ONCE(reclaim->target);
	u64 begin = ktime_get_ns();
	bool settled;

	/* What is in the way may be worth a run for ever. */
	if (!pool->cleaner.phase) {
		if (reclaim->news && target && is_worth(pool, target) &&
		    swim_clean_begin(pool, SWIM_CLEAN_BACKGROUND, target, ULONG_MAX))
			swim_step(RECLAIM_BACKGROUND);
		reclaim->news = false;
	}
	/* No rest is shorter than a tick: as many steps as that is three times as long. */
	while (pool->cleaner.phase) {
		swim_clean_step(pool, READ_ONCE(reclaim->budget_bytes),
				READ_ONCE(reclaim->budget_us) * (u64)NSEC_PER_USEC);
		if ((ktime_get_ns() - begin) * REST >= TICK_NSEC)
			break;
		cond_resched();
	}
	swim_clean_keep_reserve(pool);
	settled = swim_clean_settle(pool);
	if (!pool->cleaner.phase && settled)
		return 0;
	return max(nsecs_to_jiffies((ktime_get_ns() - begin) * REST), 1UL);
}

/* Nobody kicks when there is no work for the background. Return: was anything stirred? */
static bool listen(struct swim_reclaim *reclaim)
{
	const bool deaf = !READ_ONCE(reclaim->target);

	WRITE_ONCE(reclaim->pressed, deaf);
	return xchg(&reclaim->stirred, deaf);
}

static void swim_reclaim_work(struct work_struct *work)
{
	struct swim_pool *pool = container_of(to_delayed_work(work), struct swim_pool,
					      reclaim.work);
	unsigned long rest = LOOK_DELAY;
	bool more = true;

	if (listen(&pool->reclaim))
		pool->reclaim.news = true;
	swim_step(RECLAIM_LISTEN);
	/* (A) */
	smp_mb();
	if (swim_clean_trylock(pool)) {
		more = is_pressed(pool) && relieve(pool);
		rest = more ? 0 : look(pool);
		more = more || rest;
		swim_clean_unlock(pool);
	}
	if (more)
		queue_delayed_work(wq, &pool->reclaim.work, rest);
	else if (pool->space)
		swim_space_trim(pool->space);
}

static void kicked(struct irq_work *kick)
{
	struct swim_reclaim *reclaim = container_of(kick, struct swim_reclaim, kick);

	if (READ_ONCE(reclaim->pressed))
		mod_delayed_work(wq, &reclaim->work, 0);
	else
		queue_delayed_work(wq, &reclaim->work, LOOK_DELAY);
}

/**
 * swim_reclaim_kick - let the background work look at a pool soon
 * @pool: any
 * @pressed: there is little room left in its heap
 *
 * Context: Any.
 */
void swim_reclaim_kick(struct swim_pool *pool, bool pressed)
{
	struct swim_reclaim *reclaim = &pool->reclaim;

	if (pressed ? !xchg(&reclaim->pressed, true) && swim_stepped(RECLAIM_PRESS) :
		      !xchg(&reclaim->stirred, true) && swim_stepped(RECLAIM_STIR))
		irq_work_queue(&reclaim->kick);
}

/**
 * swim_reclaim_direct - compact so that an allocation need not fail
 * @pool: of whose heap there is no memory left
 *
 * Context: Process, may sleep, in reclaim too.
 * Return: true when there may be memory now.
 */
bool swim_reclaim_direct(struct swim_pool *pool)
{
	u64 freed = READ_ONCE(pool->moves.freed_hunks);

	swim_clean_lock(pool);
	/* Somebody else may have seen to it. */
	if (freed == pool->moves.freed_hunks &&
	    swim_clean_begin(pool, SWIM_CLEAN_DIRECT, TARGET_MOST, pool->reclaim.gain_at_once))
		while (swim_clean_step(pool, 0, 0) > 0)
			;
	swim_clean_drain(pool);
	swim_step(RECLAIM_DIRECT);
	freed = pool->moves.freed_hunks - freed;
	swim_clean_unlock(pool);
	return freed;
}

/**
 * swim_pool_set_target - say how full a pool is to be kept in the background
 * @pool: any
 * @target: share of live bytes in its hunks, in per cent, up to 99; 0 for no such work
 *
 * Context: Any but NMI.
 * Return: 0; -EINVAL without a pool, or above 99. (Model: relocation)
 */
int swim_pool_set_target(struct swim_pool *pool, unsigned int target)
{
	if (IS_ERR_OR_NULL(pool) || target > 99)
		return -SWIM_EMISALIGNED;
	WRITE_ONCE(pool->reclaim.target, target);
	listen(&pool->reclaim);
	swim_reclaim_kick(pool, false);
	return 0;
}
EXPORT_SYMBOL_GPL(swim_pool_set_target);

/**
 * swim_pool_set_budget - say how much a step of compaction may do
 * @pool: any
 * @bytes: of objects that it moves at the most, but for the last; 0 for the default of 1 MiB
 * @usecs: microseconds that it takes at the most, but for a hunk; 0 for the default of a
 *	   thousand
 *
 * For steps in the background and for swim_pool_compact_step().
 *
 * Context: Any but NMI.
 * Return: 0; -EINVAL without a pool, or for more than 2 GiB or than a second.
 * (Model: relocation)
 */
int swim_pool_set_budget(struct swim_pool *pool, size_t bytes, unsigned int usecs)
{
	if (IS_ERR_OR_NULL(pool) || bytes > SZ_2G || usecs > USEC_PER_SEC)
		return -SWIM_EMISALIGNED;
	WRITE_ONCE(pool->reclaim.budget_bytes, bytes ?: BUDGET_BYTES);
	WRITE_ONCE(pool->reclaim.budget_us, usecs ?: BUDGET_US);
	return 0;
}
EXPORT_SYMBOL_GPL(swim_pool_set_budget);

/* Hunks that a heap with a limit has room for; 0 when there is no such limit. */
static unsigned long room_of(const struct swim_pool *pool)
{
	if (!pool->space)
		return pool->frames;
	return pool->space->limit / SWIM_FRAME_SIZE;
}

void swim_reclaim_init(struct swim_pool *pool)
{
	struct swim_reclaim *reclaim = &pool->reclaim;
	unsigned long room = room_of(pool);

	reclaim->target = READ_ONCE(swim_target_default);
	reclaim->budget_bytes = BUDGET_BYTES;
	reclaim->budget_us = BUDGET_US;
	reclaim->gain_at_once = clamp_t(unsigned long, room / GAIN_SHARE, GAIN_LEAST, GAIN_MOST);
	/* The last part of a heap is for what is being cleaned. A small one has no such part. */
	reclaim->most = room < GAIN_LEAST * 8 ? ULONG_MAX : room - room / 32;
	listen(reclaim);
	init_irq_work(&reclaim->kick, kicked);
	INIT_DELAYED_WORK(&reclaim->work, swim_reclaim_work);
}

/**
 * swim_reclaim_end - no work for a pool from here on
 * @pool: nobody else uses it any more
 */
void swim_reclaim_end(struct swim_pool *pool)
{
	struct swim_reclaim *reclaim = &pool->reclaim;

	irq_work_sync(&reclaim->kick);
	cancel_delayed_work_sync(&reclaim->work);
}

/* What a pool could give back, at the latest look. */
static void count_pool(struct swim_pool *pool, void *arg)
{
	struct swim_reclaim *reclaim = &pool->reclaim;
	const unsigned long counted = READ_ONCE(reclaim->counted);
	unsigned long *bytes = arg, hunks;

	/* A static space has nothing to give. */
	if (!swim_pool_scanned(pool))
		return;
	if (!counted || time_after(jiffies, counted + LOOK_DELAY)) {
		WRITE_ONCE(reclaim->gain, swim_clean_gain(pool, TARGET_MOST, &hunks));
		WRITE_ONCE(reclaim->counted, jiffies ?: 1);
	}
	*bytes += READ_ONCE(reclaim->gain) * swim_pool_hunk_size(pool);
}

static void count_space(struct swim_space *space, void *arg)
{
	*(unsigned long *)arg += swim_space_free_bytes(space);
}

/**
 * struct shrinking - what the shrinker is after
 * @want: bytes
 * @freed: those of them that went back
 */
struct shrinking {
	unsigned long want;
	unsigned long freed;
};

static void shrink_pool(struct swim_pool *pool, void *arg)
{
	struct shrinking *shrinking = arg;
	struct swim_space *space = pool->space;
	long want, size;

	/* A static space has nothing to give; who compacts already gives soon. */
	if (!swim_pool_scanned(pool) || shrinking->freed >= shrinking->want ||
	    !swim_clean_trylock(pool))
		return;
	want = shrinking->want - shrinking->freed;
	size = atomic_long_read(&space->size);
	if (swim_clean_begin(pool, SWIM_CLEAN_SHRINK, TARGET_MOST,
			     DIV_ROUND_UP(want, SWIM_FRAME_SIZE)))
		while (swim_clean_step(pool, 0, 0) > 0)
			;
	swim_clean_drain(pool);
	swim_clean_unlock(pool);
	swim_step(RECLAIM_SHRINK);
	WRITE_ONCE(pool->reclaim.counted, 0);
	/* Segments went meanwhile, and the mover's hunks came. */
	want -= size - atomic_long_read(&space->size);
	if (want > 0)
		swim_space_release(space, want);
	shrinking->freed += max(size - atomic_long_read(&space->size), 0L);
}

static void shrink_space(struct swim_space *space, void *arg)
{
	struct shrinking *shrinking = arg;

	if (shrinking->freed < shrinking->want)
		shrinking->freed += swim_space_release(space,
						       shrinking->want - shrinking->freed);
}

/**
 * swim_reclaim_count - pages that all spaces and pools could give back
 *
 * Context: Process, in reclaim.
 */
unsigned long swim_reclaim_count(void)
{
	unsigned long bytes = 0;

	swim_registry_try_each(count_space, count_pool, &bytes);
	return bytes / PAGE_SIZE;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_reclaim_count);

/**
 * swim_reclaim_shrink - give pages back: first what is free, then what compaction makes free
 * @pages: how many
 *
 * Who comes while another one is at it waits for him: if he went on at once, he might find that
 * there is no progress, and somebody would be killed for memory that is just coming.
 *
 * Context: Process, in reclaim. Waits for readers, and for nobody who may wait for memory.
 * Return: how many went back.
 */
unsigned long swim_reclaim_shrink(unsigned long pages)
{
	struct shrinking shrinking = { .want = pages * PAGE_SIZE };

	mutex_lock(&shrinking_lock);
	swim_registry_try_each(shrink_space, shrink_pool, &shrinking);
	mutex_unlock(&shrinking_lock);
	return shrinking.freed / PAGE_SIZE;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_reclaim_shrink);

static unsigned long shrinker_count(struct shrinker *unused, struct shrink_control *control)
{
	return swim_reclaim_count() ?: SHRINK_EMPTY;
}

static unsigned long shrinker_scan(struct shrinker *unused, struct shrink_control *control)
{
	unsigned long pages = swim_reclaim_shrink(max(control->nr_to_scan, SHRINK_PAGES));

	control->nr_scanned = max(control->nr_to_scan, pages);
	swim_account_reclaimed(pages);
	trace_swim_shrink(control->nr_to_scan, pages);
	return pages ?: SHRINK_STOP;
}

/* The last chance: reclaim gives up when it frees pages slower than others take them. */
static int out_of_memory_soon(struct notifier_block *unused, unsigned long action, void *freed)
{
	unsigned long pages = swim_reclaim_shrink(OOM_PAGES);

	trace_swim_shrink(OOM_PAGES, pages);
	*(unsigned long *)freed += pages;
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = {
	.notifier_call = out_of_memory_soon,
};

int swim_reclaim_start(void)
{
	wq = alloc_workqueue("swimmem", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!wq)
		return -SWIM_ENOMEM;
	shrinker = swim_shrinker_start(shrinker_count, shrinker_scan);
	if (!shrinker) {
		destroy_workqueue(wq);
		return -SWIM_ENOMEM;
	}
	register_oom_notifier(&oom_notifier);
	return 0;
}

void swim_reclaim_stop(void)
{
	unregister_oom_notifier(&oom_notifier);
	swim_shrinker_stop(shrinker);
	destroy_workqueue(wq);
}
