// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pressure: how much of a pool's memory has come back when the system is about to kill somebody
 * for memory.
 *
 * A pool of @megabytes is filled with objects of 32 to 512 bytes, and four of five are dropped,
 * at random; nobody compacts it unless memory is short. Somebody else takes memory then. When
 * the kernel is about to kill a process it tells those who want to know, and so do we:
 *
 *	pressure: NAME VALUE UNIT
 *
 *	filled		bytes of the space when the pool is full
 *	live		bytes that were asked for and live, after the drops
 *	kill.space	bytes of the space at the first kill
 *	kill.held	bytes of the pool then
 *	kill.back	per cent of @filled that are back in the system then
 *	kills		so many
 *	objects, errors	when the module goes: objects looked at, and not as they were written
 */
#define pr_fmt(fmt) "pressure: " fmt

#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <swimmem/swimmem.h>

#include "bench.h"

#define STAY	5	/* one of so many stays */
#define SMALL	32	/* bytes of the smallest object, of the largest */
#define LARGE	512
#define TAG	8

static unsigned int megabytes = 500;
module_param(megabytes, uint, 0444);
MODULE_PARM_DESC(megabytes, "size of the pool (default 500)");

static unsigned int target;
module_param(target, uint, 0444);
MODULE_PARM_DESC(target, "utilisation kept in the background, in per cent (default 0: none)");

static struct swim_space *space;
static struct swim_pool *pool;
static struct swim_raw *raw;
static u32 objects;
static u64 filled;
static unsigned int kills;

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
		pr_info("kill.space %llu bytes\n", left);
		pr_info("kill.held %llu bytes\n", pool_held());
		bench_tell(div64_u64((filled - min(left, filled)) * 100000, filled), "%%",
			   "kill.back");
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
	pr_info("filled %llu bytes\n", filled);
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
	pr_info("live %llu bytes\n", live);
	return err;
}

/* Look at each object, and let it go. */
static void check(void)
{
	u32 n, seen = 0, errors = 0;

	for (n = 0; n < objects; n++) {
		size_t size = swim_raw_size(&raw[n]);
		const void *at;

		if (!size)
			continue;
		seen++;
		rcu_read_lock();
		at = swim_raw_read(&raw[n]);
		errors += !at || !right(at, n, size);
		rcu_read_unlock();
		errors += !!swim_raw_drop(&raw[n]);
		if (seen % 1024 == 0)
			cond_resched();
	}
	pr_info("objects %u times\n", seen);
	pr_info("errors %u times\n", errors);
}

static int setup(void)
{
	space = swim_space_create("pressure", 0);
	if (IS_ERR(space))
		return PTR_ERR(space);
	pool = swim_pool_create("pressure", swim_space_heap(space), 0);
	return IS_ERR(pool) ? PTR_ERR(pool) : swim_pool_set_target(pool, target);
}

static void teardown(void)
{
	vfree(raw);
	if ((!IS_ERR_OR_NULL(pool) && swim_pool_destroy(pool)) ||
	    (!IS_ERR(space) && swim_space_destroy(space)))
		pr_err("something is left\n");
}

static int __init pressure_begin(void)
{
	struct rnd_state random;
	int err = setup();

	prandom_seed_state(&random, 1);
	err = err ?: fill(&random) ?: thin(&random) ?: register_oom_notifier(&oom_block);
	if (!err)
		return 0;
	check();
	teardown();
	return err;
}
module_init(pressure_begin);

static void __exit pressure_end(void)
{
	unregister_oom_notifier(&oom_block);
	pr_info("kills %u times\n", kills);
	check();
	teardown();
}
module_exit(pressure_end);

MODULE_DESCRIPTION("What a pool gives back before somebody is killed for memory");
MODULE_LICENSE("GPL");
