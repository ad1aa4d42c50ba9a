// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches: many objects of SIZE bytes are allocated, and then freed; on one CPU and on several at
 * once, and freed by another CPU than the one that has allocated them. An operation is an alloc
 * with its free. Peers take turns, in ROUNDS rounds; fewer of the largest batches, and of these
 * only the peers that are done within seconds.
 *
 *	batch WHOSE objects=N,order=first|random,cpus=N
 *		order: first, freed in the order in which they were allocated; random
 *		cpus: so many do the same at once, each with objects of its own; objects=1: pairs
 *	handed WHOSE objects=N,to=same|other
 *		only the free, by the CPU that has allocated them, and by another one
 */
#include <linux/cpumask.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "peer.h"

#define SIZE	64
#define ROUNDS	11
#define SLICE	100000
#define CPUS	8
#define PAIRS	20000

static unsigned int most = 10000000;
module_param_named(most_objects, most, uint, 0444);
MODULE_PARM_DESC(most_objects, "of the largest batch; each takes 160 bytes (default 10^7)");

static const struct bench_peer *const peers[] = {
	&bench_pool, &bench_raw, &bench_kmem_cache, &bench_kmem_cache_zeroed,
	&bench_kmem_cache_bulk, &bench_kmalloc, &bench_zsmalloc, &bench_nothing,
};

#define PEERS	ARRAY_SIZE(peers)

static union bench_object *objects[CPUS];
static u32 *shuffled;

enum half { BOTH, FILL, DRAIN };

struct batch {
	struct bench_job job;
	const struct bench_peer *peer;
	union bench_object *objects;
	const u32 *order;
	unsigned int n;		/* 1: pairs */
	unsigned int times;
	enum half half;
};

/* Interrupts are not off for seconds. */
static void breathe(void)
{
	local_irq_enable();
	cond_resched();
	local_irq_disable();
}

static bool fill(struct batch *batch)
{
	unsigned int i, n;

	for (i = 0; i < batch->n; i += n) {
		if (i)
			breathe();
		n = min(batch->n - i, SLICE + 0U);
		if (!batch->peer->fill(batch->objects + i, n))
			return false;
	}
	return true;
}

static bool drain(struct batch *batch)
{
	bool right = true;
	unsigned int i, n;

	for (i = 0; i < batch->n; i += n) {
		if (i)
			breathe();
		n = min(batch->n - i, SLICE + 0U);
		right &= batch->order ? batch->peer->drain(batch->objects, batch->order + i, n) :
					batch->peer->drain(batch->objects + i, NULL, n);
	}
	return right;
}

static bool run_batch(struct bench_job *job)
{
	struct batch *batch = container_of(job, struct batch, job);
	unsigned int i;

	if (batch->n == 1)
		return batch->peer->pairs(batch->times);
	for (i = 0; i < batch->times; i++)
		if ((batch->half != DRAIN && !fill(batch)) ||
		    (batch->half != FILL && !drain(batch)))
			return false;
	return true;
}

static u64 milli(const struct batch *batch)
{
	return div64_u64(bench_milli(batch->job.took), (u64)batch->n * batch->times);
}

/* On @cpus at once, from CPU @first on: what an operation takes, on average of them. */
static int run_cpus(const struct batch *of, unsigned int first, unsigned int cpus, u64 *value)
{
	struct batch batch[CPUS];
	struct bench_job *jobs[CPUS];
	unsigned int cpu;
	u64 sum = 0;
	int err;

	for (cpu = 0; cpu < cpus; cpu++) {
		batch[cpu] = *of;
		batch[cpu].objects = objects[cpu];
		jobs[cpu] = &batch[cpu].job;
	}
	err = bench_run(jobs, first, cpus);
	for (cpu = 0; cpu < cpus; cpu++)
		sum += milli(&batch[cpu]);
	*value = div_u64(sum, cpus);
	return err;
}

/* Only the free, by CPU 0, of what CPU @from has allocated. */
static int run_handed(const struct batch *of, unsigned int from, u64 *value)
{
	struct batch batch = *of;
	struct bench_job *job = &batch.job;
	unsigned int i;
	u64 took = 0;
	int err = 0;

	batch.objects = objects[0];
	batch.times = 1;
	for (i = 0; i < of->times && !err; i++) {
		batch.half = FILL;
		err = bench_run(&job, from, 1);
		batch.half = DRAIN;
		err = err ?: bench_run(&job, 0, 1);
		took += batch.job.took;
	}
	batch.job.took = took;
	batch.times = of->times;
	*value = milli(&batch);
	return err;
}

#define TURNS	4

static u64 rounds[TURNS][PEERS][ROUNDS];

/**
 * struct batches - what is measured of all peers
 * @n: objects; 1: pairs
 * @times: that, for each measurement
 * @rounds: measurements
 * @random: the order of the frees
 * @cpus: at once
 * @of: any of so many CPUs, in turns
 * @handed: only the free, of what CPU @cpus - 1 has allocated
 */
struct batches {
	unsigned int n, times, rounds;
	bool random;
	unsigned int cpus, of;
	bool handed;
};

static void tell(const struct batches *batches, const char *whose, u64 *values)
{
	if (batches->handed)
		bench_figure("handed", whose, bench_unit(), values, batches->rounds,
			     "objects=%u,to=%s", batches->n, batches->cpus > 1 ? "other" : "same");
	else
		bench_figure("batch", whose, bench_unit(), values, batches->rounds,
			     "objects=%u,order=%s,cpus=%u", batches->n,
			     batches->random ? "random" : "first", batches->cpus);
}

/* What takes half a minute for each round is left out. */
static bool takes(const struct bench_peer *peer, unsigned int n)
{
	return n <= 1000000 || (peer != &bench_zsmalloc && peer != &bench_kmem_cache_zeroed &&
				peer != &bench_kmem_cache_bulk && peer != &bench_nothing);
}

/* One measurement: the @round-th. */
static int run(const struct bench_peer *peer, const struct batches *batches, unsigned int round,
	       u64 *value)
{
	struct batch batch = {
		.job.run = run_batch, .peer = peer, .n = batches->n, .times = batches->times,
		.order = batches->random ? shuffled : NULL,
	};
	int err;

	if (batches->handed)
		err = run_handed(&batch, batches->cpus - 1, value);
	else
		err = run_cpus(&batch, round % (batches->of / batches->cpus) * batches->cpus,
			       batches->cpus, value);
	if (err)
		pr_err("%s failed: %d\n", peer->name, err);
	cond_resched();
	return err;
}

/* Of @turns kinds, in turns. */
static int measure_batches(const struct batches *batches, unsigned int turns)
{
	const unsigned int n = batches->n, most_rounds = batches->rounds;
	unsigned int r, p, t;
	u64 ignored;
	int err = 0;

	/* One round that is not counted, if it is not a long one. */
	for (r = most_rounds < ROUNDS; r <= most_rounds && !err; r++)
		for (p = 0; p < PEERS && !err; p++)
			for (t = 0; t < turns && takes(peers[p], n) && !err; t++)
				err = run(peers[p], &batches[t], r,
					  r ? &rounds[t][p][r - 1] : &ignored);
	for (t = 0; t < turns && !err; t++)
		for (p = 0; p < PEERS; p++)
			if (takes(peers[p], n))
				tell(&batches[t], peers[p]->name, rounds[t][p]);
	return err;
}

static int measure_size(unsigned int n)
{
	struct rnd_state random;
	unsigned int times = max(100000 / n, 1U), few = n > 1000000 ? 2 : n > 100000 ? 5 : ROUNDS;
	const struct batches both[] = {
		{ n, times, few, true, 1, 1 },
		{ n, times, few, false, 1, 1 },
	};

	prandom_seed_state(&random, n);
	bench_shuffle(&random, shuffled, n);
	/* Those of 1000 in order are among those of measure_cpus(). */
	return measure_batches(both, n == 1000 ? 1 : 2);
}

/* 1, 2, 4 CPUs at once, as many as there are. */
static int measure_cpus(unsigned int n, unsigned int times)
{
	struct batches batches[TURNS];
	unsigned int cpus, turns = 0, most_cpus;

	most_cpus = rounddown_pow_of_two(min(num_online_cpus(), CPUS + 0U));
	for (cpus = 1; cpus <= most_cpus; cpus *= 2)
		batches[turns++] = (struct batches){ n, times, ROUNDS, false, cpus, most_cpus };
	return measure_batches(batches, turns);
}

static int measure_handed(void)
{
	const struct batches both[] = {
		{ 10000, 5, ROUNDS, false, 1, 1, true },
		{ 10000, 5, ROUNDS, false, 2, 2, true },
	};

	return num_online_cpus() > 1 ? measure_batches(both, 2) : 0;
}

static int measure_all(void)
{
	unsigned int n;
	int err = measure_cpus(1, PAIRS) ?: measure_cpus(1000, 50) ?: measure_handed();

	for (n = 1000; n <= most && !err; n *= 10)
		err = measure_size(n);
	return err;
}

static int begin(void)
{
	unsigned int p, cpu, n = max(most, 10000U);
	int err = 0;

	bench_size = SIZE;
	shuffled = vmalloc(array_size(n, sizeof(*shuffled)));
	for (cpu = 0; cpu < CPUS && !err; cpu++) {
		objects[cpu] = vzalloc(array_size(cpu ? 10000 : n, sizeof(union bench_object)));
		if (!objects[cpu])
			err = -ENOMEM;
	}
	if (!shuffled)
		err = -ENOMEM;
	for (p = 0; p < PEERS && !err; p++) {
		err = peers[p]->begin();
		if (!err) {
			err = bench_peer_check(peers[p], objects[0], 10000);
			if (err)
				peers[p]->end();
		}
		while (err && p--)
			peers[p]->end();
	}
	return err;
}

static void free_all(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < CPUS; cpu++)
		vfree(objects[cpu]);
	vfree(shuffled);
}

static int measure(void)
{
	unsigned int p;
	int err = bench_touch() ?: begin();

	if (!err) {
		err = measure_all();
		for (p = 0; p < PEERS; p++)
			err = peers[p]->end() ?: err;
	}
	free_all();
	return err;
}

const struct bench_topic topic_batches = { "batches", measure };
