// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live: does an operation cost the same, however many objects live, and wherever?
 *
 * For 10^3, 10^5 and 10^7 live objects, of a pool and of its peer, in the same run:
 *
 *	fresh		allocated just now, one behind another
 *	fragmented	twice as many, of which half, at random, have been freed again
 *
 * and in each of these states
 *
 *	hot		an object is allocated and freed at once: the median of ROUNDS times LOOPS
 *	alloc, free	a random one is freed, and another one allocated: each of SAMPLES
 *			operations alone; what the clock itself takes is taken off
 *
 * An operation that got a hunk, started one over, or gave one back, is told apart. Made for
 * a guest in which a nanosecond is an instruction, as count.c.
 *
 *	live: STATE.OBJECTS.WHOSE.WHAT VALUE UNIT
 */
#define pr_fmt(fmt) "live: " fmt

#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <swimmem/swimmem.h>

#include "bench.h"

#define SIZE	64
#define LOOPS	1000
#define ROUNDS	31
#define SAMPLES	20000

static unsigned int most = 10000000;
module_param(most, uint, 0444);
MODULE_PARM_DESC(most, "live objects, at the most; each takes 160 bytes (default 10^7)");

static struct swim_space *space;
static struct swim_pool *pool;
static struct kmem_cache *cache;
static struct rnd_state random;
static void **object;
static u64 *sample;
static u64 clock;

static __always_inline void *pool_get(void)
{
	void *new = swim_pool_alloc(pool, SIZE, GFP_ATOMIC);

	return IS_ERR(new) ? NULL : new;
}

static __always_inline bool pool_put(void *old)
{
	return !swim_free(old);
}

static __always_inline void *cache_get(void)
{
	return kmem_cache_zalloc(cache, GFP_ATOMIC);
}

static __always_inline bool cache_put(void *old)
{
	kmem_cache_free(cache, old);
	return true;
}

/* LOOPS pairs, or U64_MAX when one failed. */
static __always_inline u64 pairs(void *(*get)(void), bool (*put)(void *old))
{
	bool right = true;
	u64 begin = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < LOOPS; i++) {
		void *new = get();

		OPTIMIZER_HIDE_VAR(new);
		right = new && put(new) && right;
	}
	return right ? ktime_get_ns() - begin : U64_MAX;
}

static u64 no_pairs(void)
{
	u64 begin = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < LOOPS; i++)
		barrier();
	return ktime_get_ns() - begin;
}

/* Extents that the space has given out less those that it got back, here: hunks, mostly. */
static __always_inline long extents(void)
{
	return this_cpu_read(space->cpu->live);
}

/* A free and an alloc, each alone: how long, and whether it got or gave a hunk. */
struct step {
	u64 free, alloc;
	bool free_apart, alloc_apart;
};

static __always_inline void *step(struct step *took, void *old, void *(*get)(void),
				  bool (*put)(void *old))
{
	u64 begin, end;
	unsigned long flags;
	long before;
	void *new;
	bool right;

	local_irq_save(flags);
	before = extents();
	begin = ktime_get_ns();
	right = put(old);
	end = ktime_get_ns();
	took->free = end - begin;
	took->free_apart = before != extents();
	before = extents();
	begin = ktime_get_ns();
	new = get();
	end = ktime_get_ns();
	took->alloc = end - begin;
	took->alloc_apart = before != extents();
	local_irq_restore(flags);
	return right ? new : NULL;
}

/* Whose operations; each of them is inlined into what times it. */
struct peer {
	const char *name;
	u64 (*pairs)(void);
	void *(*step)(struct step *took, void *old);
	void *(*get)(void);
	bool (*put)(void *old);
};

static u64 pool_pairs(void)
{
	return pairs(pool_get, pool_put);
}

static u64 cache_pairs(void)
{
	return pairs(cache_get, cache_put);
}

static void *pool_step(struct step *took, void *old)
{
	return step(took, old, pool_get, pool_put);
}

static void *cache_step(struct step *took, void *old)
{
	return step(took, old, cache_get, cache_put);
}

static void *no_get(void)
{
	return &random;
}

static bool no_put(void *old)
{
	return true;
}

static void *no_step(struct step *took, void *old)
{
	return step(took, old, no_get, no_put);
}

static const struct peer peers[] = {
	{ "pool", pool_pairs, pool_step, pool_get, pool_put },
	{ "kmem_cache", cache_pairs, cache_step, cache_get, cache_put },
};

static unsigned int below(unsigned int n)
{
	return (u64)prandom_u32_state(&random) * n >> 32;
}

/* The median, and the ends of the distribution; the @told of @n at the end are told apart. */
static void tell(const char *where, const struct peer *peer, const char *what, u64 *values,
		 unsigned int n, unsigned int told)
{
	u64 worst = 0, worst_told = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		values[i] -= min(values[i], clock);
		if (i < n - told)
			worst = max(worst, values[i]);
		else
			worst_told = max(worst_told, values[i]);
	}
	bench_sort(values, n);
	pr_info("%s.%s.%s.median %llu instructions\n", where, peer->name, what, values[n / 2]);
	pr_info("%s.%s.%s.p99.9 %llu instructions\n", where, peer->name, what,
		bench_share(values, n, 999, 1000));
	pr_info("%s.%s.%s.worst %llu instructions\n", where, peer->name, what, worst);
	if (!told)
		return;
	pr_info("%s.%s.%s.worst_with_hunk %llu instructions\n", where, peer->name, what,
		worst_told);
	pr_info("%s.%s.%s.with_hunk %u operations\n", where, peer->name, what, told);
}

/* Lay down a sample: from the begin, or told apart, from the end. */
static void keep(u64 *values, unsigned int *plain, unsigned int *told, u64 value, bool apart)
{
	if (apart)
		values[SAMPLES - ++*told] = value;
	else
		values[(*plain)++] = value;
}

/* Free a random object and allocate another one in its place. */
static int replace_one(const struct peer *peer, unsigned int live, struct step *took, void **last)
{
	void **at = &object[below(live)];
	void *new = peer->step(took, *at);

	if (!new)
		return -ENOMEM;
	/* The hunk that it stands in has been started over. */
	if (peer == peers && new < *last &&
	    !(((unsigned long)new ^ (unsigned long)*last) & SWIM_FRAME_MASK))
		took->alloc_apart = true;
	*last = new;
	*at = new;
	return 0;
}

static int replace(const char *where, const struct peer *peer, unsigned int live)
{
	unsigned int i, plain[2] = {}, told[2] = {};
	u64 *frees = sample, *allocs = sample + SAMPLES;
	void *last = NULL;
	struct step took;
	int err = replace_one(peer, live, &took, &last);

	for (i = 0; !err && i < SAMPLES; i++) {
		err = replace_one(peer, live, &took, &last);
		keep(frees, &plain[0], &told[0], took.free, took.free_apart);
		keep(allocs, &plain[1], &told[1], took.alloc, took.alloc_apart);
		if (!(i % 1024))
			cond_resched();
	}
	if (err)
		return err;
	tell(where, peer, "free", frees, SAMPLES, told[0]);
	tell(where, peer, "alloc", allocs, SAMPLES, told[1]);
	return 0;
}

static int hot_pairs(const char *where, const struct peer *peer)
{
	u64 rounds[ROUNDS], base[ROUNDS];
	unsigned int i;

	peer->pairs();
	for (i = 0; i < ROUNDS; i++) {
		unsigned long flags;

		local_irq_save(flags);
		base[i] = no_pairs();
		rounds[i] = peer->pairs();
		local_irq_restore(flags);
		if (rounds[i] == U64_MAX)
			return -ENOMEM;
	}
	bench_sort(rounds, ROUNDS);
	bench_sort(base, ROUNDS);
	rounds[0] = rounds[ROUNDS / 2] - base[ROUNDS / 2];
	pr_info("%s.%s.hot %llu.%llu instructions\n", where, peer->name, rounds[0] / LOOPS,
		rounds[0] % LOOPS * 10 / LOOPS);
	return 0;
}

static int measure(const char *state, unsigned int live, const struct peer *peer)
{
	char where[32];

	snprintf(where, sizeof(where), "%s.%u", state, live);
	return hot_pairs(where, peer) ?: replace(where, peer, live);
}

/* The number of objects that there are then. */
static unsigned int fill(const struct peer *peer, unsigned int from, unsigned int to)
{
	for (; from < to; from++) {
		object[from] = peer->get();
		if (!object[from])
			break;
		if (!(from % 4096))
			cond_resched();
	}
	return from;
}

static int empty(const struct peer *peer, unsigned int from, unsigned int to)
{
	int err = 0;

	for (; from < to; from++) {
		if (!peer->put(object[from]))
			err = -EIO;
		if (!(from % 4096))
			cond_resched();
	}
	return err;
}

static void shuffle(unsigned int n)
{
	for (; n > 1; n--) {
		unsigned int other = below(n);

		swap(object[n - 1], object[other]);
		if (!(n % 4096))
			cond_resched();
	}
}

static int measure_live(const struct peer *peer, unsigned int live)
{
	unsigned int n = fill(peer, 0, live);
	int err = n == live ? measure("fresh", live, peer) : -ENOMEM;

	if (!err) {
		n = fill(peer, live, 2 * live);
		err = n == 2 * live ? 0 : -ENOMEM;
	}
	if (!err) {
		shuffle(n);
		err = empty(peer, live, n);
		n = live;
	}
	err = err ?: measure("fragmented", live, peer);
	return empty(peer, 0, n) ?: err;
}

static int measure_clock(void)
{
	struct step took;
	unsigned int i;

	for (i = 0; i < SAMPLES; i++) {
		no_step(&took, NULL);
		sample[i] = took.free;
	}
	bench_sort(sample, SAMPLES);
	clock = sample[SAMPLES / 2];
	pr_info("clock %llu instructions\n", clock);
	pr_info("clock_spread %llu instructions\n",
		bench_share(sample, SAMPLES, 999, 1000) - sample[0]);
	return 0;
}

static int measure_all(void)
{
	static const unsigned int live[] = { 1000, 100000, 10000000 };
	struct swim_pool_stats stats;
	unsigned int i, n;
	int err = measure_clock();

	for (n = 0; n < ARRAY_SIZE(live); n++)
		for (i = 0; !err && i < ARRAY_SIZE(peers) && live[n] <= most; i++)
			err = measure_live(&peers[i], live[n]);
	swim_pool_stats(pool, &stats);
	return stats.live ? -EIO : err;
}

static void teardown(void)
{
	/* Whoever has nothing says so: each of these takes NULL or an error. */
	swim_pool_destroy(pool);
	swim_space_destroy(space);
	kmem_cache_destroy(cache);
	vfree(object);
	vfree(sample);
}

static int __init live_init(void)
{
	int err;

	prandom_seed_state(&random, 20);
	space = swim_space_create("live", 0);
	pool = IS_ERR(space) ? NULL : swim_pool_create("live", swim_space_heap(space), 0);
	cache = kmem_cache_create("swimmem_live", SIZE, 8, 0, NULL);
	object = vmalloc(array_size(2 * most, sizeof(*object)));
	sample = vmalloc(array_size(2 * SAMPLES, sizeof(*sample)));
	if (IS_ERR_OR_NULL(pool) || !cache || !object || !sample)
		err = -ENOMEM;
	else
		err = measure_all();
	if (err)
		pr_err("failed: %d\n", err);
	teardown();
	return err;
}
module_init(live_init);

static void __exit live_exit(void)
{
}
module_exit(live_exit);

MODULE_DESCRIPTION("What an operation of swimmem costs, however many objects live");
MODULE_AUTHOR("The swimmem authors");
MODULE_LICENSE("GPL");
