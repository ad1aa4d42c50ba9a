// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cost: what it costs to keep a space of fixed size as full as it is, while objects of random
 * sizes come and go at random.
 *
 * A pool in a space of @megabytes is filled until live bytes and tags are so much of the space.
 * Then any object goes and another one comes, of any size from 32 to 512 bytes, on one CPU; the
 * pool's own work cleans, on the other one as a rule, when there is little room left, and the
 * client itself when there is none. When it gets no memory all the same it takes a step of the
 * compaction and asks again, which is counted. Both ends of an object are written when it comes,
 * and looked at when it goes.
 *
 * After WARM turnovers of all that lives, so that nothing is left of how it was filled, EPOCHS
 * are measured. Together they are @turnovers of the room that is not live, or LEAST of all that
 * lives, if that is more. Beside it the same objects come and go in a pool where memory has no end
 * and nobody cleans, and with kmalloc; zsmalloc's do not fit, for they cannot be written at both
 * ends. For days of it: turnovers=100000 seconds=86400.
 *
 *	cost raw full=N
 *		bytes moved for each byte that was freed; N: per cent
 *	churn WHOSE full=N
 *		one goes, another comes
 *	churn WHOSE full=N,limit=no
 *		the same without end
 *	nomem raw full=N
 *		how often a call said so, in all epochs
 *	warm raw full=N
 *		how often all that lives was replaced before the first epoch
 *	turned raw full=N
 *		in all epochs; less than asked for when an epoch has taken @seconds
 *	used raw full=N
 *		of the space in extents, at the end
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "peer.h"

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
MODULE_PARM_DESC(megabytes, "cost: size of the space (default 256)");

static unsigned int turnovers = 20;
module_param(turnovers, uint, 0444);
MODULE_PARM_DESC(turnovers, "cost: of the room that is not live (default 20)");

static unsigned int seconds = 4;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "cost: at most, for each epoch and for what comes before (default 4)");

static unsigned int target = 99;
module_param(target, uint, 0444);
MODULE_PARM_DESC(target, "cost: utilisation kept in the background, in per cent (default 99: as there is room)");

static unsigned int only;
module_param(only, uint, 0444);
MODULE_PARM_DESC(only, "cost: how full the space is, in per cent (default 0: 70, 80, 90 and 95)");

/**
 * struct cost - objects that come and go
 * @whose: raw, where they are in @pool, or kmalloc
 * @full: per cent of @limit that live, with their tags
 * @limit: bytes of the space
 * @cleaned: is there an end of memory, and is it cleaned?
 * @space: theirs
 * @pool: in it
 * @object: they
 * @size: what was asked for
 * @n: how many
 * @random: which comes next
 * @freed: bytes so far
 * @nomem: times that there was no memory
 * @times: objects to replace in an epoch
 * @warm: objects replaced before
 * @replaced: in all epochs
 * @took: thousandths of a nanosecond for each object, of each epoch
 * @moved: thousandths of a byte moved for each that was freed
 * @err: of the client
 * @done: by the client
 */
struct cost {
	const struct bench_peer *whose;
	unsigned int full;
	size_t limit;
	bool cleaned;
	struct swim_space *space;
	struct swim_pool *pool;
	union bench_object *object;
	u16 *size;
	u32 n;
	struct rnd_state random;
	u64 freed, nomem;
	u64 times, warm, replaced;
	u64 took[EPOCHS], moved[EPOCHS];
	int err;
	struct completion done;
};

static bool is_raw(const struct cost *cost)
{
	return cost->whose == &bench_raw;
}

static int raw_new(struct cost *cost, struct swim_raw *raw, size_t size)
{
	unsigned int tries;
	int err;

	for (tries = 0; tries < TRIES; tries++) {
		err = swim_raw_new(raw, swim_pool_hold(cost->pool), size, GFP_KERNEL);
		if (err != -ENOMEM || !cost->cleaned)
			break;
		cost->nomem++;
		swim_pool_compact_step(cost->pool, 99);
	}
	return err;
}

/* Whether it was @old; it is @now afterwards. */
static bool mark(struct cost *cost, u32 n, u32 old, u32 now)
{
	u32 *first = cost->whose->map(&cost->object[n]), *last;
	bool right;

	if (IS_ERR_OR_NULL(first))
		return false;
	last = first + cost->size[n] / sizeof(*last) - 1;
	right = *first == old && *last == old;
	*first = now;
	*last = now;
	cost->whose->unmap(&cost->object[n]);
	return right;
}

/* One that comes, in the place of nothing. */
static int come(struct cost *cost, u32 n)
{
	union bench_object *object = &cost->object[n];
	size_t size = SMALL + bench_below(&cost->random, LARGE - SMALL + 1);
	int err;

	if (is_raw(cost)) {
		err = raw_new(cost, &object->raw, size);
	} else {
		object->plain = kmalloc(size, GFP_KERNEL);
		err = object->plain ? 0 : -ENOMEM;
	}
	if (err)
		return err;
	cost->size[n] = size;
	/* What kmalloc has left there means nothing. */
	return mark(cost, n, 0, ~n) || !is_raw(cost) ? 0 : -EIO;
}

static int go(struct cost *cost, u32 n)
{
	union bench_object *object = &cost->object[n];
	bool right = mark(cost, n, ~n, 0);
	int err = 0;

	cost->freed += cost->size[n];
	if (is_raw(cost)) {
		err = swim_raw_drop(&object->raw);
	} else {
		kfree(object->plain);
		object->plain = NULL;
	}
	return err ?: right ? 0 : -EIO;
}

/* @times: how often; fewer are done when the time is up. */
static int replace(struct cost *cost, u64 *times)
{
	const u64 end = ktime_get_ns() + (u64)seconds * NSEC_PER_SEC;
	u64 i;
	int err = 0;

	for (i = 0; i < *times && !err; i++) {
		u32 n = bench_below(&cost->random, cost->n);

		if (i % 256 == 0) {
			cond_resched();
			if (ktime_get_ns() > end)
				break;
		}
		err = go(cost, n) ?: come(cost, n);
	}
	*times = i;
	return err;
}

/* As many objects as make the space so full. */
static int fill(struct cost *cost)
{
	const size_t enough = cost->limit / 100 * cost->full, most = cost->limit / 256;
	size_t live = 0;
	int err = 0;

	cost->object = vzalloc(array_size(most, sizeof(*cost->object)));
	cost->size = vzalloc(array_size(most, sizeof(*cost->size)));
	if (!cost->object || !cost->size)
		return -ENOMEM;
	while (live < enough && cost->n < most && !err) {
		err = come(cost, cost->n);
		live += ALIGN(cost->size[cost->n++], 8) + TAG;
		if (cost->n % 256 == 0)
			cond_resched();
	}
	return err ?: live < enough ? -EIO : 0;
}

static u64 moved_bytes(const struct cost *cost)
{
	struct swim_pool_stats stats;

	if (!is_raw(cost))
		return 0;
	swim_pool_stats(cost->pool, &stats);
	return stats.moves.moved_bytes;
}

static int run_epoch(struct cost *cost, unsigned int epoch)
{
	u64 moved = moved_bytes(cost), freed = cost->freed, begin = ktime_get_ns();
	u64 times = cost->times;
	int err = replace(cost, &times);

	if (err)
		return err;
	cost->replaced += times;
	cost->took[epoch] = div64_u64((ktime_get_ns() - begin) * 1000, times);
	cost->moved[epoch] = div64_u64((moved_bytes(cost) - moved) * 1000, cost->freed - freed);
	return 0;
}

static int client(void *arg)
{
	struct cost *cost = arg;
	unsigned int epoch;

	cost->err = fill(cost);
	/* Turnovers of the room that is left are so many of what lives. */
	cost->times = max_t(u64, div_u64((u64)cost->n * turnovers * (100 - cost->full),
					 cost->full), (u64)cost->n * LEAST);
	cost->times = div_u64(cost->times, EPOCHS) + 1;
	cost->warm = (u64)cost->n * WARM;
	cost->err = cost->err ?: replace(cost, &cost->warm);
	cost->nomem = 0;
	for (epoch = 0; epoch < EPOCHS && !cost->err; epoch++)
		cost->err = run_epoch(cost, epoch);
	kthread_complete_and_exit(&cost->done, 0);
}

/* Until the client is done. */
static int run_client(struct cost *cost)
{
	struct task_struct *task;

	init_completion(&cost->done);
	task = kthread_create(client, cost, "swimmem_cost");
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, CLIENT);
	wake_up_process(task);
	wait_for_completion(&cost->done);
	return cost->err;
}

/* Each is looked at. */
static int drop_all(struct cost *cost)
{
	int err = 0;
	u32 n;

	for (n = 0; n < cost->n; n++)
		if (cost->object[n].plain && go(cost, n))
			err = -EIO;
	vfree(cost->size);
	vfree(cost->object);
	return err;
}

static int run_raw(struct cost *cost)
{
	cost->space = swim_space_create("bench", cost->cleaned ? cost->limit : 0);
	if (IS_ERR(cost->space))
		return PTR_ERR(cost->space);
	cost->pool = swim_pool_create("bench", swim_space_heap(cost->space), 0);
	return PTR_ERR_OR_ZERO(cost->pool) ?:
	       swim_pool_set_target(cost->pool, cost->cleaned ? target : 0) ?: run_client(cost);
}

static void tell_one(const struct cost *cost, const char *name, const char *unit, u64 value)
{
	bench_figure(name, cost->whose->name, unit, &value, 1, "full=%u", cost->full);
}

static void tell_cleaned(struct cost *cost)
{
	struct swim_space_stats stats;

	swim_space_stats(cost->space, &stats);
	bench_figure("cost", cost->whose->name, "bytes/byte", cost->moved, EPOCHS, "full=%u",
		     cost->full);
	tell_one(cost, "nomem", "times", cost->nomem * 1000);
	tell_one(cost, "warm", "times", div_u64(cost->warm * 1000, cost->n));
	tell_one(cost, "turned", "times", div_u64(cost->replaced * 1000, cost->n));
	tell_one(cost, "used", "%", div64_u64(stats.used * 100000ULL, cost->limit));
}

static void tell(struct cost *cost)
{
	bench_figure("churn", cost->whose->name, "ns", cost->took, EPOCHS, "full=%u%s", cost->full,
		     cost->cleaned ? "" : ",limit=no");
	if (cost->cleaned)
		tell_cleaned(cost);
}

static int measure_whose(const struct bench_peer *whose, unsigned int full, bool cleaned)
{
	struct cost cost = {
		.whose = whose,
		.full = full,
		.limit = (size_t)megabytes << 20,
		.cleaned = cleaned,
	};
	int err;

	prandom_seed_state(&cost.random, full);
	err = is_raw(&cost) ? run_raw(&cost) : run_client(&cost);
	if (err)
		pr_err("%s, %u %% full, failed: %d\n", whose->name, full, err);
	else
		tell(&cost);
	err = drop_all(&cost) ?: err;
	if (!IS_ERR_OR_NULL(cost.pool) && swim_pool_destroy(cost.pool))
		err = err ?: -EIO;
	if (!IS_ERR_OR_NULL(cost.space) && swim_space_destroy(cost.space))
		err = err ?: -EIO;
	return err;
}

static int measure_full(unsigned int full)
{
	return measure_whose(&bench_raw, full, true) ?:
	       measure_whose(&bench_raw, full, false) ?:
	       measure_whose(&bench_kmalloc, full, false);
}

static int measure(void)
{
	static const unsigned int all[] = { 70, 80, 90, 95 };
	unsigned int i;
	int err;

	if (!megabytes || !turnovers || only > 99)
		return -EINVAL;
	err = bench_touch();
	if (only)
		return err ?: measure_full(only);
	for (i = 0; i < ARRAY_SIZE(all) && !err; i++)
		err = measure_full(all[i]);
	return err;
}

const struct bench_topic topic_cost = { "cost", measure };
