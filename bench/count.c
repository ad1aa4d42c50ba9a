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
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <swimmem/swimmem.h>

#include "bench.h"

#define LOOPS	1000
#define ROUNDS	31

static struct swim_space *space;
static struct swim_pool *pool;
static struct swim_pack *pack;
static struct swim_slab slab;
static unsigned long packed, slabbed;	/* their memory */
static void *other;			/* lives in the pack, so that it is never empty */
static struct swim_raw lease;
static struct kmem_cache *cache;
static struct gen_pool *genpool;
static unsigned long genmemory;
static const void *pointer;

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

/* LOOPS times get and put; both are inlined here. */
static __always_inline u64 pairs(void *(*get)(void), void (*put)(void *object))
{
	u64 begin = ktime_get_ns();
	unsigned int i;
	void *object;

	for (i = 0; i < LOOPS; i++) {
		object = get();
		if (IS_ERR_OR_NULL(object))
			return U64_MAX;
		OPTIMIZER_HIDE_VAR(object);
		put(object);
	}
	return ktime_get_ns() - begin;
}

static __always_inline void *pool_get(void)
{
	return swim_pool_alloc(pool, size, GFP_ATOMIC);
}

static __always_inline void pool_put(void *object)
{
	swim_free(object);
}

static u64 pool_pair(void)
{
	return pairs(pool_get, pool_put);
}

static __always_inline void *aligned_get(void)
{
	return swim_alloc_aligned(swim_pool_hold(pool), size, SMP_CACHE_BYTES, GFP_ATOMIC);
}

static u64 aligned_pool_pair(void)
{
	return pairs(aligned_get, pool_put);
}

static __always_inline void *pack_get(void)
{
	return swim_pack_alloc(pack, size);
}

static u64 pack_pair(void)
{
	return pairs(pack_get, pool_put);
}

static struct swim_block unit;

static __always_inline void *slab_get(void)
{
	return swim_slab_alloc(&slab, &unit) ? NULL : unit.addr;
}

static __always_inline void slab_put(void *object)
{
	swim_slab_free(&slab, &unit);
}

static u64 slab_pair(void)
{
	return pairs(slab_get, slab_put);
}

static __always_inline void *lease_get(void)
{
	return swim_raw_new(&lease, swim_pool_hold(pool), size, GFP_ATOMIC) ? NULL : &lease;
}

static __always_inline void lease_put(void *object)
{
	swim_raw_drop(object);
}

static u64 lease_pair(void)
{
	return pairs(lease_get, lease_put);
}

static __always_inline void *pin_get(void)
{
	return swim_raw_pin(&lease);
}

static __always_inline void pin_put(void *object)
{
	swim_raw_unpin(&lease);
}

static u64 pin_pair(void)
{
	return pairs(pin_get, pin_put);
}

static struct swim_hard hard, clone;

static __always_inline void *hard_get(void)
{
	return ERR_PTR(swim_hard_clone(&clone, &hard)) ?: &clone;
}

static __always_inline void hard_put(void *lease)
{
	swim_hard_drop(lease);
}

static u64 hard_pair(void)
{
	return pairs(hard_get, hard_put);
}

static refcount_t count = REFCOUNT_INIT(1);

static __always_inline void *count_get(void)
{
	refcount_inc(&count);
	return &count;
}

static __always_inline void count_put(void *counted)
{
	if (refcount_dec_and_test(counted))
		pr_err("a count that never ends has ended\n");
}

static u64 refcount_pair(void)
{
	return pairs(count_get, count_put);
}

static __always_inline void *cache_get(void)
{
	return kmem_cache_alloc(cache, GFP_ATOMIC);
}

static __always_inline void *cache_get_zeroed(void)
{
	return kmem_cache_zalloc(cache, GFP_ATOMIC);
}

static __always_inline void cache_put(void *object)
{
	kmem_cache_free(cache, object);
}

static u64 cache_pair(void)
{
	return pairs(cache_get, cache_put);
}

static u64 zeroed_cache_pair(void)
{
	return pairs(cache_get_zeroed, cache_put);
}

static __always_inline void *kmalloc_get(void)
{
	return kmalloc(size, GFP_ATOMIC);
}

static __always_inline void kmalloc_put(void *object)
{
	kfree(object);
}

static u64 kmalloc_pair(void)
{
	return pairs(kmalloc_get, kmalloc_put);
}

static __always_inline void *genalloc_get(void)
{
	return (void *)gen_pool_alloc(genpool, size);
}

static __always_inline void genalloc_put(void *object)
{
	gen_pool_free(genpool, (unsigned long)object, size);
}

static u64 genalloc_pair(void)
{
	return pairs(genalloc_get, genalloc_put);
}

static struct swim_block extent;

static __always_inline void *extent_get(void)
{
	return swim_space_alloc(space, SZ_64K, GFP_ATOMIC, &extent) ? NULL : extent.addr;
}

static __always_inline void extent_put(void *object)
{
	swim_space_free(space, &extent);
}

static u64 extent_pair(void)
{
	return pairs(extent_get, extent_put);
}

/* What a reader does, with a plain pointer and with a lease. */
static __always_inline u64 reads(const void *(*read)(void))
{
	u64 begin = ktime_get_ns();
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < LOOPS; i++) {
		const void *object = read();

		OPTIMIZER_HIDE_VAR(object);
	}
	rcu_read_unlock();
	return ktime_get_ns() - begin;
}

static __always_inline const void *read_pointer(void)
{
	return READ_ONCE(pointer);
}

static u64 raw_pointer(void)
{
	return reads(read_pointer);
}

static __always_inline const void *read_lease(void)
{
	return swim_raw_read(&lease);
}

static u64 rcu_read(void)
{
	return reads(read_lease);
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
	bench_sort(rounds, ROUNDS);
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
		{ "aligned_pool_pair", aligned_pool_pair },
		{ "pack_pair", pack_pair },
		{ "slab_pair", slab_pair },
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
	err = swim_hard_new(&hard, swim_pool_hold(pool), size, GFP_KERNEL) ?:
	      measure("hard_pair", hard_pair, base, &median) ?:
	      measure("refcount_pair", refcount_pair, base, &median) ?:
	      swim_hard_drop(&hard);
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

/* The same of one that counted leases share: its metadata, and their cell. */
static int measure_counted(void)
{
	const unsigned int objects = 1000;
	struct swim_hard *leases = vzalloc(objects * sizeof(*leases));
	struct swim_pool_stats before, stats;
	unsigned int i;
	int err = 0;

	if (!leases)
		return -ENOMEM;
	swim_pool_stats(pool, &before);
	for (i = 0; !err && i < objects; i++)
		err = swim_hard_new(&leases[i], swim_pool_hold(pool), size, GFP_KERNEL);
	swim_pool_stats(pool, &stats);
	if (!err)
		pr_info("overhead_counted %zu.0 bytes\n",
			(stats.used + stats.tags - before.used - before.tags) / objects -
			round_up(size, 8) + sizeof(struct swim_cell));
	for (i = 0; i < objects; i++)
		if (!swim_hard_is_empty(&leases[i]))
			swim_hard_drop(&leases[i]);
	vfree(leases);
	return err;
}

static void teardown(void)
{
	/* Whoever has nothing says so: each of these takes NULL or an error. */
	if (!IS_ERR_OR_NULL(other))
		swim_free(other);
	swim_pack_destroy(pack);
	free_pages(packed, get_order(SZ_64K));
	free_pages(slabbed, get_order(SZ_64K));
	swim_pool_destroy(pool);
	swim_space_destroy(space);
	kmem_cache_destroy(cache);
	if (genpool)
		gen_pool_destroy(genpool);
	free_pages(genmemory, get_order(SZ_64K));
}

static int setup_pack(void)
{
	packed = __get_free_pages(GFP_KERNEL, get_order(SZ_64K));
	slabbed = __get_free_pages(GFP_KERNEL, get_order(SZ_64K));
	if (!packed || !slabbed)
		return -ENOMEM;
	pack = swim_pack_create(&(struct swim_block){ (void *)packed, SZ_64K });
	if (IS_ERR(pack))
		return PTR_ERR(pack);
	other = swim_pack_alloc(pack, size);
	if (IS_ERR(other))
		return PTR_ERR(other);
	return swim_slab_init(&slab, &(struct swim_block){ (void *)slabbed, SZ_64K },
			      round_up(size, 64));
}

static int setup(void)
{
	space = swim_space_create("count", 0);
	if (IS_ERR(space))
		return PTR_ERR(space);
	pool = swim_pool_create("count", swim_space_heap(space), 0);
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
	err = setup_pack() ?: setup() ?: measure_all() ?: measure_overhead() ?: measure_counted();
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
