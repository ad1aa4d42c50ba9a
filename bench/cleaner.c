// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cleaner: compacts on one CPU while something is measured on another one.
 *
 * It has objects of its own among those that are measured. Any one of GOES of them goes, what is
 * left is compacted as far as it goes, and they are allocated again, and so on: so there always is
 * something to move, and much of the time it is moved. Where they can be written, each of them has
 * its number in it, which is looked at when it goes.
 */
#include <linux/kthread.h>
#include <linux/sched.h>

#include "../swimmem/alloc/pool.h"

#include "cleaner.h"

#define GOES	8

static bool is_written(const struct bench_cleaner *cleaner)
{
	return cleaner->peer->map && cleaner->peer != &bench_zsmalloc;
}

/**
 * bench_cleaner_get - allocate one of a cleaner's own objects
 * @cleaner: is not at work
 * @n: which
 *
 * Return: 0, -ENOMEM, or -EIO when it cannot be written.
 */
int bench_cleaner_get(struct bench_cleaner *cleaner, unsigned int n)
{
	union bench_object *object = &cleaner->objects[n];
	u64 *at;

	bench_size = cleaner->least +
		     bench_below(&cleaner->random, cleaner->most - cleaner->least + 1);
	if (!cleaner->peer->fill(object, 1)) {
		object->plain = NULL;
		return -ENOMEM;
	}
	if (!is_written(cleaner))
		return 0;
	at = cleaner->peer->map(object);
	if (IS_ERR_OR_NULL(at))
		return -EIO;
	*at = n;
	cleaner->peer->unmap(object);
	return 0;
}

static int put(struct bench_cleaner *cleaner, unsigned int n)
{
	union bench_object *object = &cleaner->objects[n];
	bool right = true;
	u64 *at;

	if (!object->plain)
		return 0;
	if (is_written(cleaner)) {
		at = cleaner->peer->map(object);
		right = !IS_ERR_OR_NULL(at) && *at == n;
		if (!IS_ERR_OR_NULL(at))
			cleaner->peer->unmap(object);
	}
	return cleaner->peer->drain(object, NULL, 1) && right ? 0 : -EIO;
}

/**
 * bench_cleaner_put_all - free all of a cleaner's own objects
 * @cleaner: is not at work
 *
 * Return: 0, or -EIO when one was not as it was left.
 */
int bench_cleaner_put_all(struct bench_cleaner *cleaner)
{
	unsigned int n;
	int err = 0;

	for (n = 0; n < cleaner->n; n++)
		err = put(cleaner, n) ?: err;
	return err;
}

static int compact(struct bench_cleaner *cleaner)
{
	u64 begin = ktime_get_ns();
	int err;

	WRITE_ONCE(cleaner->since, begin);
	err = cleaner->peer->compact();
	WRITE_ONCE(cleaner->since, 0);
	WRITE_ONCE(cleaner->spent, cleaner->spent + ktime_get_ns() - begin);
	return err;
}

static int clean(struct bench_cleaner *cleaner)
{
	unsigned int n;
	int err = 0;

	for (n = 0; n < cleaner->n && !err; n++)
		if (!bench_below(&cleaner->random, GOES))
			err = put(cleaner, n);
	err = err ?: compact(cleaner);
	for (n = 0; n < cleaner->n && !err; n++) {
		if (!cleaner->objects[n].plain)
			err = bench_cleaner_get(cleaner, n);
		if (n % 1024 == 0)
			cond_resched();
	}
	return err;
}

/* Until it is told to stop; then what went wrong, if something did. */
static int thread(void *arg)
{
	struct bench_cleaner *cleaner = arg;
	int err = clean(cleaner);

	complete(&cleaner->begun);
	while (!kthread_should_stop()) {
		if (err)
			schedule_timeout_interruptible(1);
		else
			err = clean(cleaner);
		cond_resched();
	}
	return err;
}

/**
 * bench_cleaner_start - begin to compact without a pause
 * @cleaner: its objects may be there already
 * @cpu: where
 *
 * Context: Process context; sleeps until it has compacted once.
 */
int bench_cleaner_start(struct bench_cleaner *cleaner, unsigned int cpu)
{
	struct task_struct *task = kthread_create(thread, cleaner, "swimmem_cleaner/%u", cpu);

	if (IS_ERR(task))
		return PTR_ERR(task);
	init_completion(&cleaner->begun);
	cleaner->task = task;
	kthread_bind(task, cpu);
	wake_up_process(task);
	wait_for_completion(&cleaner->begun);
	return 0;
}

/**
 * bench_cleaner_stop - compact no longer
 * @cleaner: was started
 *
 * Return: 0, or what went wrong meanwhile.
 */
int bench_cleaner_stop(struct bench_cleaner *cleaner)
{
	return kthread_stop(cleaner->task);
}

/* Objects that were moved so far; of zsmalloc, which does not tell, microseconds of it. */
static u64 progress(const struct bench_cleaner *cleaner)
{
	u64 since = READ_ONCE(cleaner->since), spent = READ_ONCE(cleaner->spent);

	if (cleaner->peer != &bench_zsmalloc)
		return READ_ONCE(bench_home()->moves.moved);
	return div_u64(spent + (since ? ktime_get_ns() - since : 0), NSEC_PER_USEC);
}

/**
 * bench_cleaner_is_moving - is a cleaner just moving something?
 * @cleaner: at work
 *
 * It has other things to do, too: it frees, it allocates, and swimmem waits for readers.
 *
 * Context: Any. Takes five microseconds if it is not.
 */
bool bench_cleaner_is_moving(const struct bench_cleaner *cleaner)
{
	u64 before = progress(cleaner), begin = bench_ticks();

	do {
		if (progress(cleaner) != before)
			return true;
		cpu_relax();
	} while (bench_milli(bench_ticks() - begin) < 5 * 1000 * 1000);
	return false;
}

static void tell(const char *name, const char *what, u64 times)
{
	u64 value = times * 1000;

	bench_figure(name, "swimmem", "times", &value, 1, "what=%s", what);
}

/**
 * bench_cleaner_tell - tell what compaction has done in the pool of swimmem's peers
 * @name: of the figure
 * @before: what it had done before that
 */
void bench_cleaner_tell(const char *name, const struct swim_moves *before)
{
	struct swim_pool_stats stats;

	swim_pool_stats(bench_home(), &stats);
	tell(name, "compactions", stats.moves.compactions - before->compactions);
	tell(name, "moved", stats.moves.moved - before->moved);
	tell(name, "cancelled", stats.moves.cancelled - before->cancelled);
	tell(name, "refused", stats.moves.refused - before->refused);
}
