// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extents: 2^order pages are got and given back, of each order that a space has.
 *
 *	extent WHOSE order=N,objects=N,how=HOW,cpus=N
 *
 *	WHOSE	space, alloc_pages; genalloc, which only gives addresses out of a range that is not
 *		there; nothing, the loop alone
 *	HOW	pair	one is got and given back at once; the end of the distribution is of those
 *			that were timed one by one; the loop's and the clock's time is taken off
 *		first	as many as there are objects are got, then given back in the same order
 *		random	the same in a random order
 *	cpus	so many do the same at once, each with extents of its own; more than one of an order
 *		that hunks have
 *
 * An operation is a get with its put. Memory is as it was left, but where the kernel is told to
 * zero all that it gives (init_on_alloc): there alloc_pages zeroes each extent, and a space what it
 * grows by. It grows by 2 MiB, and gives such pieces back as soon as they are free, but for one of
 * each CPU. Where instructions are counted there are fewer extents, as there zeroing is one for
 * each byte.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/genalloc.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "peer.h"

#define OBJECTS		1000U
#define MOST		SZ_256M		/* bytes at a time, on one CPU */
#define MOST_COUNTED	SZ_8M
#define CHECKED		SZ_4M
#define CPUS		2
#define AT_ONCE		4		/* the order that is measured on several CPUs */
#define LOOPS		1000U
#define SAMPLES		5000
#define ROUNDS		15
#define COUNTED		3

static unsigned int n_rounds, n_loops, n_samples, n_objects;

static struct swim_space *space;

static int space_begin(void)
{
	space = swim_space_create("bench-extents", 0);
	return PTR_ERR_OR_ZERO(space);
}

static int space_end(void)
{
	return swim_space_destroy(space);
}

static __always_inline bool space_get(union bench_object *object)
{
	struct swim_block block = {};
	int err = swim_space_alloc(space, bench_size, GFP_NOWAIT | __GFP_NOWARN, &block);

	object->plain = block.addr;
	return !err;
}

static __always_inline bool space_put(union bench_object *object)
{
	return !swim_space_free(space, &(struct swim_block){ object->plain, bench_size });
}

static void *space_map(union bench_object *object)
{
	return object->plain;
}

static void space_unmap(union bench_object *object)
{
}

BENCH_PEER(space, .least = PAGE_SIZE, .most = SWIM_SEGMENT_SIZE, .begin = space_begin,
	   .end = space_end, .map = space_map, .unmap = space_unmap);

/* Addresses that nobody looks at. */
#define RANGE		((unsigned long)SZ_1G)

static struct gen_pool *range;

static int range_begin(void)
{
	int err;

	range = gen_pool_create(ilog2(bench_size), NUMA_NO_NODE);
	if (!range)
		return -ENOMEM;
	err = gen_pool_add(range, RANGE, CPUS * n_objects * bench_size, NUMA_NO_NODE);
	if (err)
		gen_pool_destroy(range);
	return err;
}

static int range_end(void)
{
	const size_t size = gen_pool_size(range), left = gen_pool_avail(range);

	gen_pool_destroy(range);
	return size == left ? 0 : -EBUSY;
}

static __always_inline bool range_get(union bench_object *object)
{
	object->handle = gen_pool_alloc(range, bench_size);
	return object->handle;
}

static __always_inline bool range_put(union bench_object *object)
{
	gen_pool_free(range, object->handle, bench_size);
	return true;
}

BENCH_PEER(range, .least = PAGE_SIZE, .most = SWIM_SEGMENT_SIZE, .begin = range_begin,
	   .end = range_end);

static const struct {
	const struct bench_peer *peer;
	const char *name;
} peers[] = {
	{ &bench_nothing, "nothing" }, { &bench_space, "space" },
	{ &bench_alloc_pages, "alloc_pages" }, { &bench_range, "genalloc" },
};

#define PEERS	ARRAY_SIZE(peers)

static union bench_object *objects[CPUS];
static u32 shuffled[OBJECTS];
static u64 rounds[PEERS][ROUNDS], alone[SAMPLES];

/**
 * struct extents - what is measured
 * @order: of each
 * @n: as many at a time; 1: pairs
 * @random: the order in which they are given back
 * @cpus: at once
 */
struct extents {
	unsigned int order, n;
	bool random;
	unsigned int cpus;
};

struct work {
	struct bench_job job;
	const struct bench_peer *peer;
	union bench_object *objects;
	const u32 *order;
	unsigned int n, times;
	u64 *took;	/* of each pair alone; NULL: they are timed together */
};

/* Those that were got before there was no memory. */
static unsigned int there(const union bench_object *object, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n && object[i].plain; i++)
		;
	return i;
}

static bool run_work(struct bench_job *job)
{
	struct work *work = container_of(job, struct work, job);
	unsigned int i;

	if (work->took)
		return work->peer->alone(work->took, work->times);
	if (work->n == 1)
		return work->peer->pairs(work->times);
	for (i = 0; i < work->times; i++) {
		if (!work->peer->fill(work->objects, work->n)) {
			work->peer->drain(work->objects, NULL, there(work->objects, work->n));
			return false;
		}
		if (!work->peer->drain(work->objects, work->order, work->n))
			return false;
	}
	return true;
}

/* An operation, in thousandths, on average of all CPUs. */
static int run(const struct extents *extents, unsigned int p, u64 *took, u64 *value)
{
	struct work work[CPUS];
	struct bench_job *jobs[CPUS];
	unsigned int cpu;
	u64 sum = 0;
	int err;

	for (cpu = 0; cpu < extents->cpus; cpu++) {
		work[cpu] = (struct work){
			.job.run = run_work, .peer = peers[p].peer, .objects = objects[cpu],
			.order = extents->random ? shuffled : NULL, .n = extents->n,
			.times = took ? n_samples : DIV_ROUND_UP(n_loops, extents->n),
			.took = took,
		};
		jobs[cpu] = &work[cpu].job;
	}
	err = bench_run(jobs, 0, extents->cpus);
	if (err)
		pr_err("%s failed, order %u\n", peers[p].name, extents->order);
	for (cpu = 0; cpu < extents->cpus; cpu++)
		sum += bench_milli(work[cpu].job.took);
	*value = div_u64(sum, extents->cpus * extents->n * DIV_ROUND_UP(n_loops, extents->n));
	return err;
}

#define PARAMETERS(_extents, _how)							\
	"order=%u,objects=%u,how=%s,cpus=%u", (_extents)->order, (_extents)->n, _how,	\
	(_extents)->cpus

/* Pairs: the loop and the clock are of the first peer. */
static int tell_pairs(const struct extents *extents, unsigned int p)
{
	static u64 loop, clock;
	unsigned int i;
	u64 unused;
	int err = run(extents, p, alone, &unused);

	for (i = 0; i < n_samples; i++)
		alone[i] = bench_milli(alone[i]);
	if (p) {
		bench_less(rounds[p], n_rounds, loop);
	} else {
		loop = bench_median(rounds[p], n_rounds);
		clock = bench_median(alone, n_samples);
	}
	bench_less(alone, n_samples, clock);
	if (!err)
		bench_figure_alone("extent", peers[p].name, bench_unit(), rounds[p], n_rounds,
				   alone, n_samples, PARAMETERS(extents, "pair"));
	return err;
}

static int tell(const struct extents *extents, unsigned int p)
{
	if (extents->n == 1 && extents->cpus == 1)
		return tell_pairs(extents, p);
	bench_figure("extent", peers[p].name, bench_unit(), rounds[p], n_rounds,
		     PARAMETERS(extents, extents->n == 1 ? "pair" :
					 extents->random ? "random" : "first"));
	return 0;
}

/* In turns. */
static int measure_extents(const struct extents *extents)
{
	unsigned int r, p;
	int err = 0;

	/* One round is not counted. */
	for (r = 0; r <= n_rounds; r++)
		for (p = 0; p < PEERS && !err; p++) {
			err = run(extents, p, NULL, &rounds[p][r ? r - 1 : 0]);
			cond_resched();
		}
	for (p = 0; p < PEERS && !err; p++)
		err = tell(extents, p);
	return err;
}

/* No address is given out twice, and all are of the range. */
static int check_range(unsigned int n)
{
	static DECLARE_BITMAP(seen, CPUS * OBJECTS);
	unsigned long at;
	unsigned int i;
	int err = 0;

	if (!bench_range.fill(objects[0], n))
		return -ENOMEM;
	bitmap_zero(seen, CPUS * OBJECTS);
	for (i = 0; i < n; i++) {
		at = objects[0][i].handle - RANGE;
		if (at % bench_size || at / bench_size >= CPUS * n_objects ||
		    test_and_set_bit(at / bench_size, seen))
			err = -EIO;
	}
	bench_range.drain(objects[0], NULL, n);
	return err;
}

static int check(void)
{
	const unsigned int n = clamp(CHECKED / (unsigned int)bench_size, 1U, n_objects);

	return bench_peer_check(&bench_space, objects[0], n) ?:
	       bench_peer_check(&bench_alloc_pages, objects[0], n) ?: check_range(n_objects);
}

static int measure_with_peers(unsigned int order)
{
	unsigned int cpus = order == AT_ONCE ? min(num_online_cpus(), CPUS + 0U) : 1;
	struct rnd_state random;
	int err;

	prandom_seed_state(&random, order);
	bench_shuffle(&random, shuffled, n_objects);
	err = check() ?:
	      measure_extents(&(struct extents){ order, 1, false, 1 }) ?:
	      measure_extents(&(struct extents){ order, n_objects, false, 1 }) ?:
	      measure_extents(&(struct extents){ order, n_objects, true, 1 });
	if (err || cpus == 1)
		return err;
	return measure_extents(&(struct extents){ order, 1, false, cpus }) ?:
	       measure_extents(&(struct extents){ order, n_objects, false, cpus });
}

static int measure_order(unsigned int order)
{
	unsigned int begun = 0;
	int err = 0;

	bench_size = PAGE_SIZE << order;
	n_objects = min_t(size_t, OBJECTS, (bench_counts ? MOST_COUNTED : MOST) / bench_size);
	n_loops = bench_counts ? n_objects : LOOPS;
	n_samples = bench_counts ? n_objects : SAMPLES;
	while (!err && begun < PEERS) {
		err = peers[begun].peer->begin();
		begun += !err;
	}
	err = err ?: measure_with_peers(order);
	while (begun--)
		err = peers[begun].peer->end() ?: err;
	return err;
}

static int measure(void)
{
	unsigned int order, cpu;
	int err = bench_counts ? 0 : bench_touch();

	n_rounds = bench_counts ? COUNTED : ROUNDS;
	for (cpu = 0; cpu < CPUS; cpu++) {
		objects[cpu] = vzalloc(array_size(OBJECTS, sizeof(*objects[cpu])));
		if (!objects[cpu])
			err = -ENOMEM;
	}
	for (order = 0; order < SWIM_ORDERS && !err; order++)
		err = measure_order(order);
	for (cpu = 0; cpu < CPUS; cpu++)
		vfree(objects[cpu]);
	return err;
}

const struct bench_topic topic_extents = { "extents", measure };
