// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count: instructions for one operation, of swimmem and of its peers, in the same run.
 *
 * Made for a guest in which one nanosecond is one instruction (QEMU's -icount shift=0):
 * there ktime_get_ns() counts exactly. Elsewhere the figures are nanoseconds. Each
 * figure is the median of ROUNDS rounds of LOOPS operations; a loop that does nothing
 * is measured in the same way and taken off, and a loop of five known instructions is
 * printed, so that the counter itself is seen to be right.
 *
 *	count: NAME VALUE UNIT
 */
#define pr_fmt(fmt) "count: " fmt

#include <linux/genalloc.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include <swimmem/swimmem.h>

#define LOOPS	1000
#define ROUNDS	31

static struct swim_space *space;
static struct swim_pool *pool;
static struct swim_raw lease;
static struct kmem_cache *cache;
static struct gen_pool *genpool;
static unsigned long genmemory;
static void *volatile sink;

static unsigned int size = 64;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "bytes of each object (default 64)");

static u64 nothing(void)
{
	unsigned int i;
	u64 begin = ktime_get_ns();

	for (i = 0; i < LOOPS; i++)
		barrier();
	return ktime_get_ns() - begin;
}

/* Five instructions each, with those of the loop. */
static u64 five(void)
{
	u64 begin = ktime_get_ns();
#ifdef CONFIG_X86
	unsigned long n = LOOPS;

	asm volatile("1: nop; nop; nop; dec %0; jnz 1b" : "+r" (n) : : "cc");
#endif
	return ktime_get_ns() - begin;
}

#define PAIR(name, get, put)							\
static u64 name(void)								\
{										\
	unsigned int i;								\
	u64 begin = ktime_get_ns();						\
										\
	for (i = 0; i < LOOPS; i++) {						\
		void *object = get;						\
										\
		if (IS_ERR_OR_NULL(object))					\
			return U64_MAX;						\
		sink = object;							\
		put;								\
	}									\
	return ktime_get_ns() - begin;						\
}

PAIR(pool_pair, swim_pool_alloc(pool, size, GFP_ATOMIC), swim_free(object))
PAIR(cache_pair, kmem_cache_alloc(cache, GFP_ATOMIC), kmem_cache_free(cache, object))
PAIR(zeroed_cache_pair, kmem_cache_zalloc(cache, GFP_ATOMIC), kmem_cache_free(cache, object))
PAIR(kmalloc_pair, kmalloc(size, GFP_ATOMIC), kfree(object))
PAIR(genalloc_pair, (void *)gen_pool_alloc(genpool, size),
     gen_pool_free(genpool, (unsigned long)object, size))
PAIR(lease_pair, swim_raw_new(&lease, swim_pool_hold(pool), size, GFP_ATOMIC) ? NULL : &lease,
     swim_raw_drop(&lease))
PAIR(pin_pair, swim_raw_pin(&lease), swim_raw_unpin(&lease))

static void *extent_get(struct swim_block *block)
{
	return swim_space_alloc(space, SZ_64K, GFP_ATOMIC, block) ? NULL : block->addr;
}

static u64 extent_pair(void)
{
	struct swim_block block;
	unsigned int i;
	u64 begin = ktime_get_ns();

	for (i = 0; i < LOOPS; i++) {
		if (!extent_get(&block))
			return U64_MAX;
		swim_space_free(space, &block);
	}
	return ktime_get_ns() - begin;
}

static u64 raw_pointer(void)
{
	unsigned int i;
	u64 begin = ktime_get_ns();

	rcu_read_lock();
	for (i = 0; i < LOOPS; i++)
		sink = *(void *volatile *)&sink;
	rcu_read_unlock();
	return ktime_get_ns() - begin;
}

static u64 rcu_read(void)
{
	unsigned int i;
	u64 begin = ktime_get_ns();

	rcu_read_lock();
	for (i = 0; i < LOOPS; i++)
		sink = (void *)swim_raw_read(&lease);
	rcu_read_unlock();
	return ktime_get_ns() - begin;
}

static int compare(const void *a, const void *b)
{
	return *(const u64 *)a < *(const u64 *)b ? -1 : *(const u64 *)a > *(const u64 *)b;
}

/* Tenths of an instruction for one operation. */
static int measure(const char *name, u64 (*run)(void), u64 base, u64 *median)
{
	u64 rounds[ROUNDS];
	unsigned int i;

	run(); /* warm */
	for (i = 0; i < ROUNDS; i++) {
		unsigned long flags;

		local_irq_save(flags);
		rounds[i] = run();
		local_irq_restore(flags);
		if (rounds[i] == U64_MAX) {
			pr_err("%s failed\n", name);
			return -ENOMEM;
		}
	}
	sort(rounds, ROUNDS, sizeof(*rounds), compare, NULL);
	*median = rounds[ROUNDS / 2];
	if (*median < base)
		base = *median;
	pr_info("%s %llu.%llu instructions\n", name, (*median - base) / LOOPS,
		(*median - base) % LOOPS * 10 / LOOPS);
	return 0;
}

static int measure_all(void)
{
	const struct {
		const char *name;
		u64 (*run)(void);
	} of[] = {
		{ "five", five },
		{ "pool_pair", pool_pair },
		{ "lease_pair", lease_pair },
		{ "kmem_cache_pair", cache_pair },
		{ "kmem_cache_zeroed_pair", zeroed_cache_pair },
		{ "kmalloc_pair", kmalloc_pair },
		{ "genalloc_pair", genalloc_pair },
		{ "extent_64k_pair", extent_pair },
	};
	u64 base, median;
	unsigned int i;
	int err;

	err = measure("empty_loop", nothing, 0, &base);
	for (i = 0; !err && i < ARRAY_SIZE(of); i++)
		err = measure(of[i].name, of[i].run, of[i].run == five ? 0 : base, &median);
	if (err)
		return err;
	err = swim_raw_new(&lease, swim_pool_hold(pool), size, GFP_KERNEL);
	if (err)
		return err;
	err = measure("pin_pair", pin_pair, base, &median) ?:
	      measure("raw_pointer", raw_pointer, base, &median) ?:
	      measure("rcu_read", rcu_read, base, &median);
	swim_raw_drop(&lease);
	return err;
}

/* What an object costs beyond its bytes, and what the rest of the pool costs. */
static int measure_overhead(void)
{
	const unsigned int objects = 200000;
	struct swim_pool_stats stats;
	struct swim_raw *leases;
	unsigned int i;
	int err = 0;

	leases = vzalloc(objects * sizeof(*leases));
	if (!leases)
		return -ENOMEM;
	for (i = 0; !err && i < objects; i++)
		err = swim_raw_new(&leases[i], swim_pool_hold(pool), size, GFP_KERNEL);
	if (!err) {
		swim_pool_stats(pool, &stats);
		pr_info("overhead_object %zu.0 bytes\n", stats.tags / stats.live);
		pr_info("overhead_rest %zu.%02zu %%\n",
			(stats.held - stats.used - stats.tags) * 100 / stats.held,
			(stats.held - stats.used - stats.tags) * 10000 / stats.held % 100);
	}
	for (i = 0; i < objects; i++)
		if (!swim_raw_is_empty(&leases[i]))
			swim_raw_drop(&leases[i]);
	vfree(leases);
	return err;
}

static void teardown(void)
{
	/* Whoever has nothing says so: each of these takes NULL or an error. */
	swim_pool_destroy(pool);
	swim_space_destroy(space);
	kmem_cache_destroy(cache);
	if (genpool)
		gen_pool_destroy(genpool);
	free_pages(genmemory, get_order(SZ_64K));
}

static int setup(void)
{
	space = swim_space_create("count", 0);
	if (IS_ERR(space))
		return PTR_ERR(space);
	pool = swim_pool_create("count", space, 0);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	cache = kmem_cache_create("swimmem_count", size, 8, 0, NULL);
	genpool = gen_pool_create(3, NUMA_NO_NODE);
	genmemory = __get_free_pages(GFP_KERNEL, get_order(SZ_64K));
	if (!cache || !genpool || !genmemory)
		return -ENOMEM;
	return gen_pool_add(genpool, genmemory, SZ_64K, NUMA_NO_NODE);
}

static int __init count_init(void)
{
	int err;

	if (!size || size > SZ_8K)
		return -EINVAL;
	err = setup() ?: measure_all() ?: measure_overhead();
	if (err)
		teardown();
	return err;
}
module_init(count_init);

static void __exit count_exit(void)
{
	teardown();
}
module_exit(count_exit);

MODULE_DESCRIPTION("Instructions for one operation of swimmem and its peers");
MODULE_AUTHOR("The swimmem authors");
MODULE_LICENSE("GPL");
