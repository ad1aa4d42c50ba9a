// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pressure: how much of a pool's memory has come back when the system is about to kill somebody
 * for memory.
 *
 * A pool of @pressure_megabytes is filled with objects of 32 to 512 bytes, and four of five are
 * dropped, at random; nobody compacts it unless memory is short. Somebody else takes memory then.
 * When the kernel is about to kill a process it tells those who want to know, and so do we. When
 * the module goes, each object is looked at, and errors are told.
 *
 *	pressure_filled raw -	what the space has when the pool is full
 *	pressure_live raw -	what was asked for and lives, after the drops
 *	pressure_space raw -	what the space has at the first kill
 *	pressure_held raw -	what the pool has then
 *	pressure_back raw -	per cent of the first figure that are back in the system then
 *	pressure_kills raw -	so many, when the module goes
 *	pressure_objects raw -	looked at then
 */
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "peer.h"

#define STAY	5	/* one of so many stays */
#define SMALL	32	/* bytes of the smallest object, of the largest */
#define LARGE	512
#define TAG	8

static unsigned int megabytes = 500;
module_param_named(pressure_megabytes, megabytes, uint, 0444);
MODULE_PARM_DESC(pressure_megabytes, "size of the pool (default 500)");

static unsigned int target;
module_param_named(pressure_target, target, uint, 0444);
MODULE_PARM_DESC(pressure_target, "utilisation kept in the background, in per cent (default 0: none)");

static struct swim_space *space;
static struct swim_pool *pool;
static struct swim_raw *raw;
static u32 objects;
static u64 filled;
static unsigned int kills;

static void tell(const char *name, const char *unit, u64 milli)
{
	bench_figure(name, "raw", unit, &milli, 1, "-");
}

static void tell_bytes(const char *name, u64 bytes)
{
	tell(name, "MB", div_u64(bytes, 1000));
}

static u64 space_size(void)
{
	struct swim_space_stats stats;

	swim_space_stats(space, &stats);
	return stats.size;
}

static u64 pool_held(void)
{
	struct swim_pool_stats stats;

	swim_pool_stats(pool, &stats);
	return stats.held;
}

/* We have nothing to give, we only look. */
static int oom(struct notifier_block *block, unsigned long unused, void *freed)
{
	u64 left = space_size();

	/* Nobody is killed as long as somebody has given something back. */
	if (*(unsigned long *)freed)
		return NOTIFY_OK;
	if (!kills++) {
		tell_bytes("pressure_space", left);
		tell_bytes("pressure_held", pool_held());
		tell("pressure_back", "%",
		     div64_u64((filled - min(left, filled)) * 100000, filled));
	}
	return NOTIFY_OK;
}

/* The last one to be asked. */
static struct notifier_block oom_block = { .notifier_call = oom, .priority = INT_MIN };

/* What is in object @n: its size, and bytes that only it has so. */
static void write(u8 *at, u32 n, size_t size)
{
	memset(at, n, size);
	*(u32 *)at = n;
}

static bool right(const u8 *at, u32 n, size_t size)
{
	return *(const u32 *)at == n && !memchr_inv(at + sizeof(n), (u8)n, size - sizeof(n));
}

/* Every object is written as it comes; those that go are any four of five. */
static int fill(struct rnd_state *random)
{
	const u64 enough = (u64)megabytes << 20;
	const u32 most = enough / (LARGE / 2);
	u64 need = 0;
	int err = 0;

	raw = vzalloc(array_size(most, sizeof(*raw)));
	if (!raw)
		return -ENOMEM;
	while (need < enough && objects < most) {
		size_t size = SMALL + bench_below(random, LARGE - SMALL + 1);
		struct swim_raw *one;
		void *at;

		err = swim_raw_new(&raw[objects], swim_pool_hold(pool), size, GFP_KERNEL);
		if (err)
			break;
		one = &raw[objects++];
		at = swim_raw_pin(one);
		if (IS_ERR(at))
			return PTR_ERR(at);
		write(at, one - raw, size);
		swim_raw_unpin(one);
		need += ALIGN(size, 8) + TAG;
		if (objects % 1024 == 0)
			cond_resched();
	}
	filled = space_size();
	tell_bytes("pressure_filled", filled);
	return err;
}

static int thin(struct rnd_state *random)
{
	u64 live = 0;
	int err = 0;
	u32 n;

	for (n = 0; n < objects && !err; n++) {
		if (bench_below(random, STAY))
			err = swim_raw_drop(&raw[n]);
		else
			live += swim_raw_size(&raw[n]);
		if (n % 1024 == 0)
			cond_resched();
	}
	tell_bytes("pressure_live", live);
	return err;
}

/* Look at each object, and let it go; how many there were. */
static u32 check(u32 *errors)
{
	u32 n, seen = 0;

	for (n = 0; n < objects; n++) {
		size_t size = swim_raw_size(&raw[n]);
		const void *at;

		if (!size)
			continue;
		seen++;
		rcu_read_lock();
		at = swim_raw_read(&raw[n]);
		*errors += !at || !right(at, n, size);
		rcu_read_unlock();
		*errors += !!swim_raw_drop(&raw[n]);
		if (seen % 1024 == 0)
			cond_resched();
	}
	return seen;
}

static int setup(void)
{
	space = swim_space_create("pressure", 0);
	if (IS_ERR(space))
		return PTR_ERR(space);
	pool = swim_pool_create("pressure", swim_space_heap(space), 0);
	return IS_ERR(pool) ? PTR_ERR(pool) : swim_pool_set_target(pool, target);
}

/* The end of all; how many objects there were. */
static u32 teardown(void)
{
	u32 errors = 0, seen = check(&errors);

	vfree(raw);
	if ((!IS_ERR_OR_NULL(pool) && swim_pool_destroy(pool)) ||
	    (!IS_ERR_OR_NULL(space) && swim_space_destroy(space)))
		pr_err("pressure: something is left\n");
	if (errors)
		pr_err("pressure: %u objects are not as they were written\n", errors);
	return seen;
}

static int measure(void)
{
	struct rnd_state random;
	int err = setup();

	prandom_seed_state(&random, 1);
	err = err ?: fill(&random) ?: thin(&random) ?: register_oom_notifier(&oom_block);
	if (err)
		teardown();
	return err;
}

static void end(void)
{
	unregister_oom_notifier(&oom_block);
	tell("pressure_kills", "times", kills * 1000ULL);
	tell("pressure_objects", "times", teardown() * 1000ULL);
}

const struct bench_topic topic_pressure = { "pressure", measure, end };
