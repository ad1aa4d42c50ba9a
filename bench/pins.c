// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: how long a pin with its unpin takes on one CPU while the other one compacts the same
 * pool without a pause, and while it does nothing.
 *
 * KEPT objects are pinned, any of them, PINS times. Among them lie as many others; the cleaner
 * lets half of these go, at random, has the pool compacted as far as it goes, allocates them
 * again, and so on, so that there always is something to move. All live in hunks that are
 * cleaned.
 *
 * The clock is the processor's, read before and after each pin; what that takes is in the
 * figures. So is what the machine does meanwhile: the host gives the CPU to somebody else, it
 * has interrupts of its own. How much that is shows a loop that reads the clock until the median
 * of a pin has passed, as many times, with the other CPU at the same work: all that it takes
 * longer the machine has taken. Interrupts of the guest are off, BATCH pins at a time.
 *
 *	pins: WHEN.WHAT.WHICH VALUE ns		WHEN: idle, compacting; WHAT: pin, machine
 *						WHICH: median, p99.9, worst
 *	pins: WHEN.WHAT.over1us VALUE times	so many of them took longer than that
 *	pins: WHEN.WHAT.over20us VALUE times
 *	pins: clock VALUE ns			from one read of the clock to the next
 *	pins: NAME VALUE UNIT			what the cleaner has done meanwhile
 */
#define pr_fmt(fmt) "pins: " fmt

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

/* Before the inline functions of swimmem: on user-mode Linux they are to be as on x86. */
#include "../swimmem/compat.h"

#include <swimmem/swimmem.h>

#include "bench.h"

#define KEPT	50000
#define PINS	10000000
#define BATCH	1000
#define PINNER	0	/* on this CPU */
#define CLEANER	1
#define TICKS	100000	/* longer ones are counted as that */

static struct swim_space *space;
static struct swim_pool *pool;
static struct swim_raw *kept, *others;
static u64 tick;

/**
 * struct spread - how long it took
 * @times: how often so many ticks; what is longer is in the last one
 * @worst: ticks
 * @right: whether all pins went well
 */
struct spread {
	u32 times[TICKS];
	u64 worst;
	bool right;
};

static void note(struct spread *spread, u64 took)
{
	spread->times[min_t(u64, took, TICKS - 1)]++;
	spread->worst = max(spread->worst, took);
}

static __always_inline void pin(struct spread *spread, struct swim_raw *raw, u64 number)
{
	u64 begin = bench_ticks();
	u64 *object = swim_raw_pin(raw);

	if (IS_ERR(object)) {
		spread->right = false;
		return;
	}
	/* Used, so that a move that was not cancelled would be seen. */
	spread->right &= *object == number;
	swim_raw_unpin(raw);
	note(spread, bench_ticks() - begin);
}

static __always_inline void wait(struct spread *spread, u64 ticks)
{
	u64 begin = bench_ticks(), took;

	do {
		took = bench_ticks() - begin;
	} while (took < ticks);
	note(spread, took);
}

/**
 * struct work - what a thread does
 * @ticks: it waits so long; 0: it pins
 * @spread: how long that took
 * @random: which objects
 * @done: by the thread
 */
struct work {
	u64 ticks;
	struct spread *spread;
	struct rnd_state random;
	struct completion done;
};

static int pinner(void *arg)
{
	struct work *work = arg;
	unsigned int n, i;
	unsigned long flags;

	for (n = 0; n < PINS; n += BATCH) {
		local_irq_save(flags);
		for (i = 0; i < BATCH; i++) {
			u32 number = bench_below(&work->random, KEPT);

			if (work->ticks)
				wait(work->spread, work->ticks);
			else
				pin(work->spread, &kept[number], number);
		}
		local_irq_restore(flags);
		cond_resched();
	}
	kthread_complete_and_exit(&work->done, 0);
}

static int allocate(struct swim_raw *raw, struct rnd_state *random, u64 number)
{
	u64 *object;
	int err = swim_raw_new(raw, swim_pool_hold(pool), 32 + bench_below(random, 481),
			       GFP_KERNEL);

	if (err)
		return err;
	object = swim_raw_pin(raw);
	if (IS_ERR(object))
		return PTR_ERR(object);
	*object = number;
	swim_raw_unpin(raw);
	return 0;
}

/* One round of the cleaner. */
static int clean(struct rnd_state *random)
{
	u32 n;
	int err = 0;

	for (n = 0; n < KEPT && !err; n++)
		if (bench_below(random, 2))
			err = swim_raw_drop(&others[n]);
	err = err ?: swim_pool_compact(pool, 100);
	for (n = 0; n < KEPT && !err; n++) {
		if (swim_raw_is_empty(&others[n]))
			err = allocate(&others[n], random, n);
		if (n % 1024 == 0)
			cond_resched();
	}
	return err;
}

/* Until it is told to stop; then what went wrong, if something did. */
static int cleaner(void *arg)
{
	struct rnd_state random;
	int err = 0;

	prandom_seed_state(&random, 2);
	while (!kthread_should_stop()) {
		if (err)
			schedule_timeout_interruptible(1);
		else
			err = clean(&random);
	}
	return err;
}

static struct task_struct *start(int (*thread)(void *), void *arg, unsigned int cpu)
{
	struct task_struct *task = kthread_create(thread, arg, "swimmem_pins/%u", cpu);

	if (IS_ERR(task))
		return task;
	kthread_bind(task, cpu);
	wake_up_process(task);
	return task;
}

/* That below which @share of a thousand are, in ticks. */
static u64 share_of(const struct spread *spread, unsigned int share)
{
	u64 sum = 0;
	u32 n;

	for (n = 0; n < TICKS - 1; n++) {
		sum += spread->times[n];
		if (sum * 1000 >= (u64)PINS * share)
			break;
	}
	return n;
}

static u64 longer(const struct spread *spread, u64 ns)
{
	u64 sum = 0;
	u32 n;

	for (n = div64_u64(ns * 1000, tick); n < TICKS; n++)
		sum += spread->times[n];
	return sum;
}

static void tell(const char *when, const char *what, const struct spread *spread)
{
	bench_tell(share_of(spread, 500) * tick, "ns", "%s.%s.median", when, what);
	bench_tell(share_of(spread, 999) * tick, "ns", "%s.%s.p99.9", when, what);
	bench_tell(spread->worst * tick, "ns", "%s.%s.worst", when, what);
	bench_tell(longer(spread, 1000) * 1000, "times", "%s.%s.over1us", when, what);
	bench_tell(longer(spread, 20000) * 1000, "times", "%s.%s.over20us", when, what);
}

/* Pins, or waits for @ticks, on one CPU; the other one cleans meanwhile, or does nothing. */
static int run(bool cleaning, u64 ticks, struct spread *spread)
{
	struct work work = { .ticks = ticks, .spread = spread };
	struct task_struct *task, *other = NULL;
	int err = 0;

	memset(spread, 0, sizeof(*spread));
	spread->right = true;
	prandom_seed_state(&work.random, 1);
	init_completion(&work.done);
	if (cleaning) {
		other = start(cleaner, NULL, CLEANER);
		if (IS_ERR(other))
			return PTR_ERR(other);
	}
	task = start(pinner, &work, PINNER);
	if (IS_ERR(task))
		err = PTR_ERR(task);
	else
		wait_for_completion(&work.done);
	if (other)
		err = kthread_stop(other) ?: err;
	if (!err && !spread->right)
		err = -EIO;
	return err;
}

static int measure(bool cleaning, struct spread *spread)
{
	const char *when = cleaning ? "compacting" : "idle";
	int err = run(cleaning, 0, spread);

	if (err)
		return err;
	tell(when, "pin", spread);
	err = run(cleaning, share_of(spread, 500), spread);
	if (err)
		return err;
	tell(when, "machine", spread);
	return 0;
}

/* From one read of the clock to the next. */
static int measure_clock(struct spread *spread)
{
	int err = run(false, 1, spread);

	bench_tell(share_of(spread, 500) * tick, "ns", "clock");
	return err;
}

static int measure_all(void)
{
	struct spread *spread = vmalloc(sizeof(*spread));
	struct swim_pool_stats stats;
	struct rnd_state random;
	u32 n;
	int err = spread ? bench_touch() : -ENOMEM;

	prandom_seed_state(&random, 1);
	for (n = 0; n < KEPT && !err; n++)
		err = allocate(&kept[n], &random, n) ?: allocate(&others[n], &random, n);
	tick = bench_tick();
	err = err ?: measure_clock(spread) ?: measure(false, spread) ?: measure(true, spread);
	vfree(spread);
	if (err) {
		pr_err("failed: %d\n", err);
		return err;
	}
	swim_pool_stats(pool, &stats);
	bench_tell(stats.moves.compactions * 1000, "times", "compactions");
	bench_tell(stats.moves.moved * 1000, "times", "moved");
	bench_tell(stats.moves.cancelled * 1000, "times", "cancelled");
	bench_tell(stats.moves.refused * 1000, "times", "refused");
	return 0;
}

static int drop(struct swim_raw *raw)
{
	return swim_raw_is_empty(raw) ? 0 : swim_raw_drop(raw);
}

static int drop_all(void)
{
	int err = 0;
	u32 n;

	for (n = 0; n < KEPT; n++)
		if (drop(&kept[n]) || drop(&others[n]))
			err = -EIO;
	return err;
}

static int setup(void)
{
	space = swim_space_create("pins", 0);
	if (IS_ERR(space))
		return PTR_ERR(space);
	pool = swim_pool_create("pins", swim_space_heap(space), 0);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	/* Only the cleaner here. */
	swim_pool_set_target(pool, 0);
	kept = vzalloc(array_size(KEPT, sizeof(*kept)));
	others = vzalloc(array_size(KEPT, sizeof(*others)));
	return kept && others ? 0 : -ENOMEM;
}

static int __init pins_begin(void)
{
	int err;

	if (num_online_cpus() < 2) {
		pr_err("needs 2 CPUs\n");
		return -ENODEV;
	}
	err = setup() ?: measure_all();
	if (kept && others)
		err = drop_all() ?: err;
	vfree(others);
	vfree(kept);
	if (!IS_ERR_OR_NULL(pool) && swim_pool_destroy(pool))
		err = err ?: -EIO;
	if (!IS_ERR(space) && swim_space_destroy(space))
		err = err ?: -EIO;
	return err;
}
module_init(pins_begin);

static void __exit pins_end(void)
{
}
module_exit(pins_end);

MODULE_DESCRIPTION("How long pins take while their pool is compacted");
MODULE_LICENSE("GPL");
