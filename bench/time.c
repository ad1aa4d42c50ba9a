// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time: nanoseconds for one operation, of swimmem and of its peers, in the same run.
 *
 * Made for a guest that is native code on two CPUs (user-mode Linux). The machine has other
 * things to do, so measurements that are to be compared are made in turns, ROUNDS times
 * each, and of each the median is told, and between which figures most rounds were:
 *
 *	time: NAME VALUE ns
 *	time: NAME.p10 VALUE ns
 *	time: NAME.p90 VALUE ns
 *
 *	pair.WHOSE		an object is allocated and freed at once
 *	batch.N.WHOSE		N are allocated, then freed in the same order
 *	random.N.WHOSE		the same, freed in a random order
 *	extent.WHOSE		64 KiB are got and given back at once
 *	extents.N.WHOSE		N of them are got, then given back in the same order
 *	alone.WHAT[.N].WHOSE	on one CPU, while the other one is idle
 *	both.WHAT[.N].WHOSE	on both CPUs at once
 *	free_here.N.WHOSE	objects are freed by the CPU that has allocated them
 *	free_there.N.WHOSE	by the other one
 *
 * Of pairs and batches an operation is an alloc with its free. "nothing" is a loop that
 * leaves memory alone: what it loses on both CPUs at once the machine has lost.
 *
 * Interrupts are off while something is timed. User-mode Linux on several CPUs makes two
 * system calls to disable them and enable them again, 600 ns, where other machines take
 * one; they would be most of what is seen here, of all that disables them inside.
 */
#define pr_fmt(fmt) "time: " fmt

#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/genalloc.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <swimmem/swimmem.h>

#include "bench.h"

#define SIZE		64
#define MOST		1000000
#define ROUNDS		15
#define CPUS		2
#define EXTENT		SZ_64K
#define EXTENTS		1000

static bool interrupts;
module_param(interrupts, bool, 0444);
MODULE_PARM_DESC(interrupts, "leave interrupts on while something is timed (default: no)");

static struct swim_space *space;
static struct swim_pool *pool;
static struct swim_pack *pack;
static unsigned long packed;
static struct kmem_cache *cache;
static struct gen_pool *genpool;
static void **object[CPUS];
static u32 *shuffled;

/**
 * struct peer - whose operations; each of them is inlined into what times it
 * @name: in the figures
 * @pairs: allocate and free at once, @n times
 * @fill: allocate @n
 * @drain: free @n, in the order of @order when there is one
 * @size: bytes of each object
 *
 * Each returns whether all went well.
 */
struct peer {
	const char *name;
	bool (*pairs)(unsigned int n);
	bool (*fill)(void **object, unsigned int n);
	bool (*drain)(void **object, const u32 *order, unsigned int n);
	size_t size;
};

static __always_inline bool pairs(void *(*get)(void), bool (*put)(void *old), unsigned int n)
{
	bool right = true;

	while (n--) {
		void *new = get();

		OPTIMIZER_HIDE_VAR(new);
		if (IS_ERR_OR_NULL(new))
			return false;
		right &= put(new);
	}
	return right;
}

static __always_inline bool fill(void *(*get)(void), void **object, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		object[i] = get();
		if (IS_ERR_OR_NULL(object[i]))
			return false;
	}
	return true;
}

static __always_inline bool drain(bool (*put)(void *old), void **object, const u32 *order,
				  unsigned int n)
{
	bool right = true;
	unsigned int i;

	for (i = 0; i < n; i++)
		right &= put(object[order ? order[i] : i]);
	return right;
}

#define PEER(_name, _size)							\
static bool _name##_pairs(unsigned int n)					\
{										\
	return pairs(_name##_get, _name##_put, n);				\
}										\
static bool _name##_fill(void **object, unsigned int n)				\
{										\
	return fill(_name##_get, object, n);					\
}										\
static bool _name##_drain(void **object, const u32 *order, unsigned int n)	\
{										\
	return order ? drain(_name##_put, object, order, n) :			\
		       drain(_name##_put, object, NULL, n);			\
}										\
static const struct peer _name##_peer = {						\
	#_name, _name##_pairs, _name##_fill, _name##_drain, _size		\
}

static __always_inline void *pool_get(void)
{
	return swim_pool_alloc(pool, SIZE, GFP_NOWAIT);
}

static __always_inline bool pool_put(void *old)
{
	return !swim_free(old);
}

PEER(pool, SIZE);

static __always_inline void *pack_get(void)
{
	return swim_pack_alloc(pack, SIZE);
}

static __always_inline bool pack_put(void *old)
{
	return !swim_free(old);
}

PEER(pack, SIZE);

static __always_inline void *kmem_cache_get(void)
{
	return kmem_cache_alloc(cache, GFP_NOWAIT);
}

static __always_inline bool kmem_cache_put(void *old)
{
	kmem_cache_free(cache, old);
	return true;
}

PEER(kmem_cache, SIZE);

static __always_inline void *kmem_cache_zeroed_get(void)
{
	return kmem_cache_zalloc(cache, GFP_NOWAIT);
}

static __always_inline bool kmem_cache_zeroed_put(void *old)
{
	return kmem_cache_put(old);
}

PEER(kmem_cache_zeroed, SIZE);

static __always_inline void *kmalloc_get(void)
{
	return kmalloc(SIZE, GFP_NOWAIT);
}

static __always_inline bool kmalloc_put(void *old)
{
	kfree(old);
	return true;
}

PEER(kmalloc, SIZE);

static __always_inline void *nothing_get(void)
{
	unsigned int i;

	for (i = 0; i < 10; i++)
		barrier();
	return &space;
}

static __always_inline bool nothing_put(void *old)
{
	return true;
}

PEER(nothing, 0);

static __always_inline void *space_get(void)
{
	struct swim_block block = {};

	return swim_space_alloc(space, EXTENT, GFP_NOWAIT, &block) ? NULL : block.addr;
}

static __always_inline bool space_put(void *old)
{
	return !swim_space_free(space, &(struct swim_block){ old, EXTENT });
}

PEER(space, EXTENT);

static __always_inline void *alloc_pages_get(void)
{
	return (void *)__get_free_pages(GFP_NOWAIT, get_order(EXTENT));
}

static __always_inline bool alloc_pages_put(void *old)
{
	free_pages((unsigned long)old, get_order(EXTENT));
	return true;
}

PEER(alloc_pages, EXTENT);

static __always_inline void *genalloc_get(void)
{
	return (void *)gen_pool_alloc(genpool, EXTENT);
}

static __always_inline bool genalloc_put(void *old)
{
	gen_pool_free(genpool, (unsigned long)old, EXTENT);
	return true;
}

PEER(genalloc, 0);

/**
 * struct work - what a thread does on one CPU
 * @peer: with whose objects
 * @n: how many at a time; 0: pairs
 * @times: how many times that, or how many pairs
 * @random: in which order they are freed
 * @half: fill or drain alone
 * @object: where they are kept
 * @waiting: threads that have not begun yet, on all CPUs
 * @done: by all of them
 * @took: nanoseconds
 * @right: whether all went well
 */
struct work {
	const struct peer *peer;
	unsigned int n, times;
	bool random;
	enum { BOTH, FILL, DRAIN } half;
	void **object;
	atomic_t *waiting;
	struct completion done;
	u64 took;
	bool right;
};

static bool batches(struct work *work)
{
	const struct peer *peer = work->peer;
	bool right = true;
	unsigned int i;

	if (!work->n)
		return peer->pairs(work->times);
	for (i = 0; right && i < work->times; i++) {
		if (work->half != DRAIN)
			right = peer->fill(work->object, work->n);
		if (right && work->half != FILL)
			right = peer->drain(work->object, work->random ? shuffled : NULL, work->n);
	}
	return right;
}

static int thread(void *arg)
{
	struct work *work = arg;
	unsigned long flags;
	u64 begin;

	/* All at once. */
	atomic_dec(work->waiting);
	while (atomic_read(work->waiting))
		cpu_relax();
	local_irq_save(flags);
	if (interrupts)
		local_irq_enable();
	begin = ktime_get_ns();
	work->right = batches(work);
	work->took = ktime_get_ns() - begin;
	local_irq_restore(flags);
	kthread_complete_and_exit(&work->done, 0);
}

/* Run each of @work on its CPU, from @cpu on, at the same time; @n of them. */
static int run(struct work *work, unsigned int cpu, unsigned int n)
{
	struct task_struct *task[CPUS];
	atomic_t waiting = ATOMIC_INIT(n);
	int err = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		init_completion(&work[i].done);
		work[i].waiting = &waiting;
		task[i] = kthread_create(thread, &work[i], "swimmem_time/%u", cpu + i);
		if (IS_ERR(task[i])) {
			err = PTR_ERR(task[i]);
			break;
		}
		kthread_bind(task[i], cpu + i);
	}
	while (err && i--)
		kthread_stop(task[i]);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		wake_up_process(task[i]);
	for (i = 0; i < n; i++)
		wait_for_completion(&work[i].done);
	for (i = 0; i < n; i++)
		if (!work[i].right)
			return -EIO;
	return 0;
}

/**
 * struct figure - what is measured
 * @name: without the peer's
 * @how: it is measured
 * @work: what is done
 * @round: picoseconds for one operation, in each round
 */
struct figure {
	const char *name;
	int (*how)(struct figure *figure, u64 *took);
	struct work work;
	u64 round[ROUNDS];
};

static u64 operations(const struct work *work)
{
	return (u64)max(work->n, 1U) * work->times;
}

static int on_one(struct figure *figure, u64 *took)
{
	struct work work = figure->work;
	int err;

	work.object = object[0];
	err = run(&work, 0, 1);
	*took = div64_u64(work.took * 1000, operations(&work));
	return err;
}

/* On one CPU after the other. */
static int on_each(struct figure *figure, u64 *took)
{
	unsigned int cpu;
	int err = 0;

	*took = 0;
	for (cpu = 0; !err && cpu < CPUS; cpu++) {
		struct work work = figure->work;

		work.object = object[cpu];
		err = run(&work, cpu, 1);
		*took += div64_u64(work.took * 1000, operations(&work) * CPUS);
	}
	return err;
}

static int on_both(struct figure *figure, u64 *took)
{
	struct work work[CPUS];
	unsigned int cpu;
	int err;

	for (cpu = 0; cpu < CPUS; cpu++) {
		work[cpu] = figure->work;
		work[cpu].object = object[cpu];
	}
	err = run(work, 0, CPUS);
	*took = 0;
	for (cpu = 0; cpu < CPUS; cpu++)
		*took += div64_u64(work[cpu].took * 1000, operations(&work[cpu]) * CPUS);
	return err;
}

/* What one CPU has allocated is freed on the last one; only that is timed. */
static int drained(struct figure *figure, unsigned int from, u64 *took)
{
	struct work work = figure->work;
	unsigned int i;
	u64 sum = 0;
	int err = 0;

	work.object = object[0];
	work.times = 1;
	for (i = 0; !err && i < figure->work.times; i++) {
		work.half = FILL;
		err = run(&work, from, 1);
		if (err)
			break;
		work.half = DRAIN;
		err = run(&work, CPUS - 1, 1);
		sum += work.took;
	}
	*took = div64_u64(sum * 1000, operations(&figure->work));
	return err;
}

static int here(struct figure *figure, u64 *took)
{
	return drained(figure, CPUS - 1, took);
}

static int there(struct figure *figure, u64 *took)
{
	return drained(figure, 0, took);
}

/* Objects are aligned, none is another, and each keeps what is written to it. */
static int check(const struct work *work)
{
	const struct peer *peer = work->peer;
	unsigned int i, n = work->n ?: 100;
	bool right;

	if (!peer->size)
		return 0;
	if (!peer->fill(object[0], n))
		return -ENOMEM;
	for (i = 0; i < n; i++)
		memset(object[0][i], i % 251, peer->size);
	for (right = true, i = 0; i < n; i++)
		right &= IS_ALIGNED((unsigned long)object[0][i], 8) &&
			 !memchr_inv(object[0][i], i % 251, peer->size);
	return peer->drain(object[0], NULL, n) && right ? 0 : -EIO;
}

static void tell_one(const char *name, const char *suffix, u64 picoseconds)
{
	pr_info("%s%s %llu.%llu ns\n", name, suffix, picoseconds / 1000, picoseconds / 100 % 10);
}

static void tell(struct figure *figure)
{
	const struct work *work = &figure->work;
	u64 *round = figure->round;
	char name[48];

	if (work->n)
		snprintf(name, sizeof(name), "%s.%u.%s", figure->name, work->n, work->peer->name);
	else
		snprintf(name, sizeof(name), "%s.%s", figure->name, work->peer->name);
	bench_sort(round, ROUNDS);
	tell_one(name, "", round[ROUNDS / 2]);
	tell_one(name, ".p10", round[ROUNDS / 10]);
	tell_one(name, ".p90", round[ROUNDS - 1 - ROUNDS / 10]);
}

/* In turns, after a turn that is not counted. */
static int measure(struct figure *figure, unsigned int n)
{
	unsigned int round, i;
	u64 took;
	int err = 0;

	for (i = 0; !err && i < n; i++)
		err = check(&figure[i].work) ?: figure[i].how(&figure[i], &took);
	for (round = 0; !err && round < ROUNDS; round++)
		for (i = 0; !err && i < n; i++) {
			err = figure[i].how(&figure[i], &figure[i].round[round]);
			cond_resched();
		}
	if (err) {
		pr_err("failed: %d\n", err);
		return err;
	}
	for (i = 0; i < n; i++)
		tell(&figure[i]);
	return 0;
}

#define FIGURE(_name, _how, _whose, ...)						\
	{ .name = (_name), .how = (_how), .work = { .peer = &_whose##_peer, __VA_ARGS__ } }

static int measure_pairs(void)
{
	static struct figure figures[] = {
		FIGURE("pair", on_one, pool, .times = 20000),
		FIGURE("pair", on_one, pack, .times = 20000),
		FIGURE("pair", on_one, kmem_cache, .times = 20000),
		FIGURE("pair", on_one, kmem_cache_zeroed, .times = 20000),
		FIGURE("pair", on_one, kmalloc, .times = 20000),
	};

	return measure(figures, ARRAY_SIZE(figures));
}

static void shuffle(unsigned int n)
{
	struct rnd_state random;
	unsigned int i;

	prandom_seed_state(&random, n);
	for (i = 0; i < n; i++)
		shuffled[i] = i;
	for (; n > 1; n--) {
		i = (u64)prandom_u32_state(&random) * n >> 32;
		swap(shuffled[n - 1], shuffled[i]);
	}
}

static int measure_batches(unsigned int n, unsigned int times)
{
	static struct figure figures[] = {
		FIGURE("batch", on_one, pool, .random = false),
		FIGURE("batch", on_one, kmem_cache, .random = false),
		FIGURE("batch", on_one, kmalloc, .random = false),
		FIGURE("random", on_one, pool, .random = true),
		FIGURE("random", on_one, kmem_cache, .random = true),
		FIGURE("random", on_one, kmalloc, .random = true),
	};
	unsigned int i;

	shuffle(n);
	for (i = 0; i < ARRAY_SIZE(figures); i++) {
		figures[i].work.n = n;
		figures[i].work.times = times;
	}
	return measure(figures, ARRAY_SIZE(figures));
}

static int measure_cpus(void)
{
	static struct figure figures[] = {
		FIGURE("alone.pair", on_each, nothing, .times = 20000),
		FIGURE("both.pair", on_both, nothing, .times = 20000),
		FIGURE("alone.pair", on_each, pool, .times = 20000),
		FIGURE("both.pair", on_both, pool, .times = 20000),
		FIGURE("alone.pair", on_each, kmem_cache, .times = 20000),
		FIGURE("both.pair", on_both, kmem_cache, .times = 20000),
		FIGURE("alone.batch", on_each, pool, .n = 1000, .times = 50),
		FIGURE("both.batch", on_both, pool, .n = 1000, .times = 50),
		FIGURE("alone.batch", on_each, kmem_cache, .n = 1000, .times = 50),
		FIGURE("both.batch", on_both, kmem_cache, .n = 1000, .times = 50),
		FIGURE("alone.pair", on_each, space, .times = 20000),
		FIGURE("both.pair", on_both, space, .times = 20000),
		FIGURE("alone.pair", on_each, alloc_pages, .times = 20000),
		FIGURE("both.pair", on_both, alloc_pages, .times = 20000),
	};

	return measure(figures, ARRAY_SIZE(figures));
}

static int measure_there(void)
{
	static struct figure figures[] = {
		FIGURE("free_here", here, pool, .n = 10000, .times = 5),
		FIGURE("free_there", there, pool, .n = 10000, .times = 5),
		FIGURE("free_here", here, kmem_cache, .n = 10000, .times = 5),
		FIGURE("free_there", there, kmem_cache, .n = 10000, .times = 5),
	};

	return measure(figures, ARRAY_SIZE(figures));
}

static int measure_extents(void)
{
	static struct figure figures[] = {
		FIGURE("extent", on_one, space, .times = 10000),
		FIGURE("extent", on_one, alloc_pages, .times = 10000),
		FIGURE("extent", on_one, genalloc, .times = 10000),
		FIGURE("extents", on_one, space, .n = EXTENTS, .times = 10),
		FIGURE("extents", on_one, alloc_pages, .n = EXTENTS, .times = 10),
		FIGURE("extents", on_one, genalloc, .n = EXTENTS, .times = 10),
	};

	return measure(figures, ARRAY_SIZE(figures));
}

static void teardown(void)
{
	unsigned int i;

	/* Whoever has nothing says so: each of these takes NULL or an error. */
	swim_pack_destroy(pack);
	free_pages(packed, get_order(SZ_64K));
	swim_pool_destroy(pool);
	swim_space_destroy(space);
	kmem_cache_destroy(cache);
	if (genpool)
		gen_pool_destroy(genpool);
	for (i = 0; i < CPUS; i++)
		vfree(object[i]);
	vfree(shuffled);
}

static int setup_peers(void)
{
	cache = kmem_cache_create("swimmem_time", SIZE, 8, 0, NULL);
	genpool = gen_pool_create(ilog2(EXTENT), NUMA_NO_NODE);
	if (!cache || !genpool)
		return -ENOMEM;
	/* It gives out addresses, and never looks at what is there. */
	return gen_pool_add(genpool, SZ_1G, EXTENTS * EXTENT, NUMA_NO_NODE);
}

static int setup(void)
{
	unsigned int i;

	space = swim_space_create("time", 0);
	if (IS_ERR(space))
		return PTR_ERR(space);
	pool = swim_pool_create("time", swim_space_heap(space), 0);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	packed = __get_free_pages(GFP_KERNEL, get_order(SZ_64K));
	pack = swim_pack_create(&(struct swim_block){ (void *)packed, SZ_64K });
	if (IS_ERR(pack))
		return PTR_ERR(pack);
	for (i = 0; i < CPUS; i++) {
		object[i] = vmalloc(array_size(MOST, sizeof(*object[i])));
		if (!object[i])
			return -ENOMEM;
	}
	shuffled = vmalloc(array_size(MOST, sizeof(*shuffled)));
	return shuffled ? setup_peers() : -ENOMEM;
}

static int check_empty(void)
{
	struct swim_pool_stats pooled;
	struct swim_pack_stats inside;

	swim_pool_stats(pool, &pooled);
	swim_pack_stats(pack, &inside);
	return pooled.live || pooled.used || inside.live ? -EIO : 0;
}

static int __init time_begin(void)
{
	int err;

	if (num_online_cpus() < CPUS) {
		pr_err("needs %u CPUs\n", CPUS);
		return -ENODEV;
	}
	err = setup() ?: bench_touch() ?: measure_pairs() ?: measure_cpus() ?: measure_there() ?:
	      measure_extents() ?: measure_batches(1000, 100) ?: measure_batches(100000, 2) ?:
	      measure_batches(MOST, 1) ?: check_empty();
	teardown();
	return err;
}
module_init(time_begin);

static void __exit time_end(void)
{
}
module_exit(time_end);

MODULE_DESCRIPTION("How long an operation of swimmem and of its peers takes");
MODULE_AUTHOR("The swimmem authors");
MODULE_LICENSE("GPL");
