// SPDX-License-Identifier: GPL-2.0-only
/*
 * Churn: what it costs to keep a space of fixed size as full as it is, while objects of random
 * sizes come and go at random.
 *
 * A pool in a space of @megabytes is filled until live bytes and tags are so much of the space.
 * Then any object goes and another one comes, of any size from 32 to 512 bytes, on one CPU; the
 * pool's own work cleans, on the other one as a rule, when there is little room left, and the
 * client itself when there is none. When it gets no memory all the same it takes a step of the
 * compaction and asks again, which is counted.
 *
 * After WARM turnovers of all that lives, so that nothing is left of how it was filled, EPOCHS
 * are measured. Together they are @turnovers of the room that is not live, or LEAST of all that
 * lives, if that is more. Beside it the same objects come and go where memory has no end and
 * nobody cleans. For days of it: turnovers=100000 seconds=86400.
 *
 *	churn: FULL.cost VALUE bytes		moved for each byte that was freed
 *	churn: FULL.cost.EPOCH VALUE bytes
 *	churn: FULL.swim VALUE ns		one goes, another comes; FULL: per cent
 *	churn: FULL.endless VALUE ns		the same without end
 *	churn: FULL.nomem VALUE times		a call said so, in all epochs
 *	churn: FULL.warm VALUE times		all that lives was replaced before the first epoch
 *	churn: FULL.turned VALUE times		in all epochs; fewer than asked for when an epoch
 *						has taken @seconds
 *	churn: FULL.used VALUE %		of the space in extents, at the end
 */
#define pr_fmt(fmt) "churn: " fmt

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

/* Before the inline functions of swimmem: on user-mode Linux they are to be as on x86. */
#include "../swimmem/compat.h"

#include <swimmem/swimmem.h>

#include "bench.h"

#define WARM	3	/* turnovers of what lives */
#define LEAST	2
#define EPOCHS	5
#define CLIENT	0	/* on this CPU */
#define SMALL	32	/* bytes of the smallest object, of the largest */
#define LARGE	512
#define TAG	8
#define TRIES	100	/* without memory */

static unsigned int megabytes = 256;
module_param(megabytes, uint, 0444);
MODULE_PARM_DESC(megabytes, "size of the space (default 256)");

static unsigned int turnovers = 20;
module_param(turnovers, uint, 0444);
MODULE_PARM_DESC(turnovers, "of the room that is not live (default 20)");

static unsigned int seconds = 4;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "at most, for each epoch and for what comes before (default 4)");

static unsigned int target = 99;
module_param(target, uint, 0444);
MODULE_PARM_DESC(target, "utilisation kept in the background, in per cent (default 99: as there is room)");

static unsigned int only;
module_param(only, uint, 0444);
MODULE_PARM_DESC(only, "how full the space is, in per cent (default 0: 70, 80, 90 and 95)");

/**
 * struct churn - objects that come and go
 * @full: per cent of @limit that live, with their tags
 * @limit: bytes of the space
 * @cleaned: is there an end of memory, and is it cleaned?
 * @space: theirs
 * @pool: in it
 * @raw: their leases
 * @size: what was asked for
 * @n: how many
 * @random: which comes next
 * @freed: bytes so far
 * @nomem: times that there was no memory
 * @times: objects to replace in an epoch
 * @warm: objects replaced before
 * @replaced: in all epochs
 * @took: nanoseconds of each epoch
 * @cost: thousandths of a byte moved for each that was freed
 * @err: of the client
 * @done: by the client
 */
struct churn {
	unsigned int full;
	size_t limit;
	bool cleaned;
	struct swim_space *space;
	struct swim_pool *pool;
	struct swim_raw *raw;
	u16 *size;
	u32 n;
	struct rnd_state random;
	u64 freed, nomem;
	u64 times, warm, replaced;
	u64 took[EPOCHS], cost[EPOCHS];
	int err;
	struct completion done;
};

/* One that comes, in the place of nothing. */
static int come(struct churn *churn, u32 n)
{
	size_t size = SMALL + bench_below(&churn->random, LARGE - SMALL + 1);
	unsigned int tries;
	int err;

	for (tries = 0; tries < TRIES; tries++) {
		err = swim_raw_new(&churn->raw[n], swim_pool_hold(churn->pool), size, GFP_KERNEL);
		if (err != -ENOMEM || !churn->cleaned)
			break;
		churn->nomem++;
		swim_pool_compact_step(churn->pool, 99);
	}
	churn->size[n] = size;
	return err;
}

/* @times: how often; fewer are done when the time is up. */
static int replace(struct churn *churn, u64 *times)
{
	const u64 end = ktime_get_ns() + (u64)seconds * NSEC_PER_SEC;
	u64 i;
	int err = 0;

	for (i = 0; i < *times && !err; i++) {
		u32 n = bench_below(&churn->random, churn->n);

		if (i % 256 == 0) {
			cond_resched();
			if (ktime_get_ns() > end)
				break;
		}

		churn->freed += churn->size[n];
		err = swim_raw_drop(&churn->raw[n]) ?: come(churn, n);
	}
	*times = i;
	return err;
}

/* As many objects as make the space so full. */
static int fill(struct churn *churn)
{
	const size_t enough = churn->limit / 100 * churn->full, most = churn->limit / 256;
	size_t live = 0;
	int err = 0;

	churn->raw = vzalloc(array_size(most, sizeof(*churn->raw)));
	churn->size = vzalloc(array_size(most, sizeof(*churn->size)));
	if (!churn->raw || !churn->size)
		return -ENOMEM;
	while (live < enough && churn->n < most && !err) {
		err = come(churn, churn->n);
		if (!err)
			live += ALIGN(churn->size[churn->n++], 8) + TAG;
		if (churn->n % 256 == 0)
			cond_resched();
	}
	return err ?: live < enough ? -EIO : 0;
}

static u64 moved_bytes(const struct churn *churn)
{
	struct swim_pool_stats stats;

	swim_pool_stats(churn->pool, &stats);
	return stats.moves.moved_bytes;
}

static int run_epoch(struct churn *churn, unsigned int epoch)
{
	u64 moved = moved_bytes(churn), freed = churn->freed, begin = ktime_get_ns();
	u64 times = churn->times;
	int err = replace(churn, &times);

	if (err)
		return err;
	churn->replaced += times;
	churn->took[epoch] = div64_u64((ktime_get_ns() - begin) * 1000, times);
	churn->cost[epoch] = div64_u64((moved_bytes(churn) - moved) * 1000, churn->freed - freed);
	return 0;
}

static int client(void *arg)
{
	struct churn *churn = arg;
	unsigned int epoch;

	churn->err = fill(churn);
	/* Turnovers of the room that is left are so many of what lives. */
	churn->times = max_t(u64, div_u64((u64)churn->n * turnovers * (100 - churn->full),
					  churn->full), (u64)churn->n * LEAST);
	churn->times = div_u64(churn->times, EPOCHS) + 1;
	churn->warm = (u64)churn->n * WARM;
	churn->err = churn->err ?: replace(churn, &churn->warm);
	churn->nomem = 0;
	for (epoch = 0; epoch < EPOCHS && !churn->err; epoch++)
		churn->err = run_epoch(churn, epoch);
	kthread_complete_and_exit(&churn->done, 0);
}

/* Until the client is done. */
static int run(struct churn *churn)
{
	struct task_struct *task;
	int err = swim_pool_set_target(churn->pool, churn->cleaned ? target : 0);

	if (err)
		return err;
	init_completion(&churn->done);
	task = kthread_create(client, churn, "swimmem_churn");
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, CLIENT);
	wake_up_process(task);
	wait_for_completion(&churn->done);
	return churn->err;
}

static int drop_all(struct churn *churn)
{
	int err = 0;
	u32 n;

	for (n = 0; n < churn->n; n++)
		if (!swim_raw_is_empty(&churn->raw[n]) && swim_raw_drop(&churn->raw[n]))
			err = -EIO;
	return err;
}

static void tell_cleaned(struct churn *churn)
{
	struct swim_space_stats stats;
	unsigned int epoch;

	swim_space_stats(churn->space, &stats);
	for (epoch = 0; epoch < EPOCHS; epoch++)
		bench_tell(churn->cost[epoch], "bytes", "%u.cost.%u", churn->full, epoch + 1);
	bench_tell(bench_median(churn->cost, EPOCHS), "bytes", "%u.cost", churn->full);
	bench_tell(churn->nomem * 1000, "times", "%u.nomem", churn->full);
	bench_tell(div_u64(churn->warm * 1000, churn->n), "times", "%u.warm", churn->full);
	bench_tell(div_u64(churn->replaced * 1000, churn->n), "times", "%u.turned", churn->full);
	bench_tell(div64_u64(stats.used * 100000ULL, churn->limit), "%%", "%u.used", churn->full);
}

static int measure(unsigned int full, bool cleaned)
{
	struct churn churn = {
		.full = full,
		.limit = (size_t)megabytes << 20,
		.cleaned = cleaned,
	};
	int err;

	prandom_seed_state(&churn.random, full);
	churn.space = swim_space_create("churn", cleaned ? churn.limit : 0);
	if (IS_ERR(churn.space))
		return PTR_ERR(churn.space);
	churn.pool = swim_pool_create("churn", swim_space_heap(churn.space), 0);
	err = PTR_ERR_OR_ZERO(churn.pool) ?: run(&churn);
	if (!err) {
		bench_tell(bench_median(churn.took, EPOCHS), "ns", "%u.%s", full,
			   cleaned ? "swim" : "endless");
		if (cleaned)
			tell_cleaned(&churn);
	} else {
		pr_err("%u failed: %d\n", full, err);
	}
	if (drop_all(&churn) || (!IS_ERR(churn.pool) && swim_pool_destroy(churn.pool)) ||
	    swim_space_destroy(churn.space))
		err = err ?: -EIO;
	vfree(churn.size);
	vfree(churn.raw);
	return err;
}

static int __init churn_begin(void)
{
	static const unsigned int all[] = { 70, 80, 90, 95 };
	unsigned int i;
	int err;

	if (!megabytes || !turnovers || only > 99)
		return -EINVAL;
	err = bench_touch();
	if (only)
		return err ?: measure(only, true) ?: measure(only, false);
	for (i = 0; i < ARRAY_SIZE(all) && !err; i++)
		err = measure(all[i], true) ?: measure(all[i], false);
	return err;
}
module_init(churn_begin);

static void __exit churn_end(void)
{
}
module_exit(churn_end);

MODULE_DESCRIPTION("Steady churn in a space of fixed size");
MODULE_LICENSE("GPL");
