// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live: does an operation cost the same, however many objects of SIZE bytes live, and wherever?
 *
 *	live WHOSE state=STATE,objects=N,what=WHAT
 *
 *	STATE	fresh: allocated just now, one behind another
 *		fragmented: of twice as many any half has been freed again
 *	WHAT	hot: an object is allocated and freed at once: rounds of LOOPS, from which the same
 *			of a loop that does nothing is taken off
 *		free, alloc: any object is freed, and another one allocated: each of SAMPLES alone;
 *			what the same of nothing takes is taken off
 *		free_with_hunk, alloc_with_hunk: those of them that gave memory back, or got some:
 *			a hunk, or a slab; or that began a hunk in which all is dead from its front
 *
 * Whoever gets a hunk zeroes it, and so does who gets pages where the kernel is told to zero all
 * that it gives (init_on_alloc).
 */
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "peer.h"

#include "../swimmem/alloc/pool.h"

#define SIZE	64
#define LOOPS	1000
#define ROUNDS	15
#define SAMPLES	20000
#define CHUNK	4096
#define CHECKED	1000

static unsigned int most = 10000000;
module_param_named(live_objects, most, uint, 0444);
MODULE_PARM_DESC(live_objects, "live objects at the most; each takes 180 bytes (default 10^7)");

/* To fill with 10^7 takes long: only one of each kind is. */
static const struct {
	const struct bench_peer *peer;
	unsigned int most;
} peers[] = {
	{ &bench_pool, 10000000 }, { &bench_kmem_cache_zeroed, 10000000 },
	{ &bench_raw, 100000 }, { &bench_kmem_cache, 100000 }, { &bench_kmalloc, 100000 },
	{ &bench_zsmalloc, 100000 },
};

#define PEERS	ARRAY_SIZE(peers)

static union bench_object *objects;

/* What is measured: those told apart stand at the end. */
struct samples {
	u64 value[SAMPLES];
	unsigned int plain, apart;
	u64 least;	/* what nothing takes */
};

static struct samples *frees, *allocs;

static void keep(struct samples *samples, u64 ticks, bool apart)
{
	if (apart)
		samples->value[SAMPLES - ++samples->apart] = bench_milli(ticks);
	else
		samples->value[samples->plain++] = bench_milli(ticks);
}

/* Another number than before when this CPU has got memory meanwhile, or given some back. */
static unsigned long memory(void)
{
	unsigned long sum = this_cpu_read(vm_event_states.event[PGALLOC_NORMAL]) +
			    this_cpu_read(vm_event_states.event[PGFREE]);

#ifdef CONFIG_ZONE_DMA32
	sum += this_cpu_read(vm_event_states.event[PGALLOC_DMA32]);
#endif
	return sum;
}

static bool is_of_swimmem(const struct bench_peer *peer)
{
	return peer == &bench_pool || peer == &bench_raw;
}

/* Extents that the space has given out less those that it got back, here: hunks, mostly. */
static long hunks(const struct bench_peer *peer)
{
	return is_of_swimmem(peer) ? this_cpu_read(bench_home()->space->cpu->live) : 0;
}

/**
 * struct live - what is measured by a thread
 * @job: it
 * @peer: whose objects
 * @slots: among which they are
 * @random: which of them
 */
struct live {
	struct bench_job job;
	const struct bench_peer *peer;
	unsigned int slots;
	struct rnd_state random;
};

/* One of each two neighbours is there at the least. */
static union bench_object *any(struct live *live)
{
	unsigned int n = bench_below(&live->random, live->slots);

	return objects[n].plain ? &objects[n] : &objects[n ^ 1];
}

/* Is it in front of the one before, in the same hunk? Then that has begun again. */
static bool is_again(const void *now, const void *before)
{
	return now < before && !(((unsigned long)now ^ (unsigned long)before) & SWIM_FRAME_MASK);
}

/* Free one, and allocate another one, each alone. */
static bool replace(struct live *live, union bench_object *object, void **last)
{
	unsigned long pages = memory();
	long had = hunks(live->peer);
	u64 begin = bench_ticks(), end;
	bool right = live->peer->drain(object, NULL, 1), apart;

	end = bench_ticks();
	keep(frees, end - begin, pages != memory() || had != hunks(live->peer));
	pages = memory();
	had = hunks(live->peer);
	begin = bench_ticks();
	right &= live->peer->fill(object, 1);
	end = bench_ticks();
	apart = pages != memory() || had != hunks(live->peer);
	if (is_of_swimmem(live->peer))
		apart |= is_again(object->plain, *last);
	keep(allocs, end - begin, apart);
	*last = object->plain;
	return right;
}

static bool run_replace(struct bench_job *job)
{
	struct live *live = container_of(job, struct live, job);
	union bench_object nothing = {};
	void *last = NULL;
	bool right = true;
	unsigned int i;

	frees->plain = 0;
	frees->apart = 0;
	allocs->plain = 0;
	allocs->apart = 0;
	for (i = 0; i < SAMPLES && right; i++)
		right = replace(live, live->slots ? any(live) : &nothing, &last);
	return right;
}

static bool run_pairs(struct bench_job *job)
{
	return container_of(job, struct live, job)->peer->pairs(LOOPS);
}

/* The same of nothing. */
static int measure_least(void)
{
	struct live live = { .job.run = run_replace, .peer = &bench_nothing };
	struct bench_job *job = &live.job;
	int err;

	err = bench_run(&job, 0, 1);
	if (err)
		return err;
	frees->least = bench_median(frees->value, SAMPLES);
	allocs->least = bench_median(allocs->value, SAMPLES);
	return 0;
}

static void tell(const struct bench_peer *peer, const char *state, unsigned int n,
		 struct samples *samples, const char *what)
{
	const unsigned int plain = samples->plain, apart = samples->apart;

	bench_less(samples->value, SAMPLES, samples->least);
	if (plain)
		bench_figure("live", peer->name, bench_unit(), samples->value, plain,
			     "state=%s,objects=%u,what=%s", state, n, what);
	if (apart)
		bench_figure("live", peer->name, bench_unit(), samples->value + SAMPLES - apart,
			     apart, "state=%s,objects=%u,what=%s_with_hunk", state, n, what);
}

static int measure_hot(struct live *live, const char *state, unsigned int n)
{
	struct live nothing = { .job.run = run_pairs, .peer = &bench_nothing };
	struct bench_job *job = &live->job, *none = &nothing.job;
	u64 rounds[ROUNDS], loop[ROUNDS];
	unsigned int r;
	int err = 0;

	live->job.run = run_pairs;
	/* One round is not counted. */
	for (r = 0; r <= ROUNDS && !err; r++) {
		err = bench_run(&job, 0, 1) ?: bench_run(&none, 0, 1);
		rounds[r ? r - 1 : 0] = div_u64(bench_milli(live->job.took), LOOPS);
		loop[r ? r - 1 : 0] = div_u64(bench_milli(nothing.job.took), LOOPS);
	}
	if (err)
		return err;
	bench_less(rounds, ROUNDS, bench_median(loop, ROUNDS));
	bench_figure("live", live->peer->name, bench_unit(), rounds, ROUNDS,
		     "state=%s,objects=%u,what=hot", state, n);
	return 0;
}

/* @n objects live, among @slots. */
static int measure_state(const struct bench_peer *peer, const char *state, unsigned int n,
			 unsigned int slots)
{
	struct live live = { .peer = peer, .slots = slots };
	struct bench_job *job = &live.job;
	int err = measure_hot(&live, state, n);

	prandom_seed_state(&live.random, slots);
	live.job.run = run_replace;
	err = err ?: bench_run(&job, 0, 1);
	if (err)
		return err;
	tell(peer, state, n, frees, "free");
	tell(peer, state, n, allocs, "alloc");
	return 0;
}

static int fill(const struct bench_peer *peer, unsigned int from, unsigned int to)
{
	for (; from < to; from += CHUNK) {
		if (!peer->fill(objects + from, min(to - from, CHUNK + 0U)))
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/* Any one of each two neighbours goes. */
static int halve(const struct bench_peer *peer, unsigned int slots)
{
	struct rnd_state random;
	unsigned int i;

	prandom_seed_state(&random, slots);
	for (i = 0; i < slots; i += 2) {
		if (!peer->drain(&objects[i + bench_below(&random, 2)], NULL, 1))
			return -EIO;
		if (i % CHUNK == 0)
			cond_resched();
	}
	return 0;
}

/* All that are there. */
static int empty(const struct bench_peer *peer, unsigned int slots)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < slots; i++) {
		if (!IS_ERR_OR_NULL(objects[i].plain) && !peer->drain(&objects[i], NULL, 1))
			err = -EIO;
		objects[i].plain = NULL;
		if (i % CHUNK == 0)
			cond_resched();
	}
	return err;
}

static int measure_peer(const struct bench_peer *peer, unsigned int n)
{
	int err = peer->begin();

	if (err)
		return err;
	err = bench_peer_check(peer, objects, CHECKED) ?:
	      fill(peer, 0, n) ?: measure_state(peer, "fresh", n, n) ?:
	      fill(peer, n, 2 * n) ?: halve(peer, 2 * n) ?:
	      measure_state(peer, "fragmented", n, 2 * n);
	err = empty(peer, 2 * n) ?: err;
	err = peer->end() ?: err;
	if (err)
		pr_err("%s failed with %u objects: %d\n", peer->name, n, err);
	return err;
}

static int measure_all(void)
{
	static const unsigned int live[] = { 1000, 10000, 100000, 1000000, 10000000 };
	unsigned int i, p;
	int err = measure_least();

	for (i = 0; i < ARRAY_SIZE(live) && live[i] <= most; i++)
		for (p = 0; p < PEERS && !err; p++)
			if (live[i] <= peers[p].most)
				err = measure_peer(peers[p].peer, live[i]);
	return err;
}

static int measure(void)
{
	int err;

	bench_size = SIZE;
	objects = vzalloc(array3_size(2, max(most, CHECKED + 0U), sizeof(*objects)));
	frees = vmalloc(sizeof(*frees));
	allocs = vmalloc(sizeof(*allocs));
	if (!objects || !frees || !allocs) {
		err = -ENOMEM;
	} else {
		frees->least = 0;
		allocs->least = 0;
		/* Where instructions are counted it takes none to be given memory. */
		err = bench_counts ? 0 : bench_touch();
		err = err ?: measure_all();
	}
	vfree(allocs);
	vfree(frees);
	vfree(objects);
	return err;
}

const struct bench_topic topic_live = { "live", measure };
