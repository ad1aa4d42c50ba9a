// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs: an object is allocated and freed at once, of each size, by each peer.
 *
 * The median is of rounds of LOOPS pairs, from which the same rounds of a loop that does
 * nothing are taken off; the end of the distribution of pairs that were timed one by one,
 * from which the clock's own time is taken off. Peers take turns.
 *
 *	pair WHOSE size=BYTES
 *	overhead WHOSE size=64,objects=N
 *			what is held for each of N objects, less its own bytes; what is kept of it
 *			elsewhere, as a Raw lease of 16 bytes or a cell of 16, is not in there
 *	five			a loop of five instructions, where they are counted
 */
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "peer.h"

#define LOOPS	1000
#define ROUNDS	31
#define SAMPLES	5000
/* Where instructions are counted each round is as the one before. */
#define COUNTED	5
#define CHECKED	100

static const struct bench_peer *const peers[] = {
	&bench_nothing, &bench_memset,
	&bench_pool, &bench_raw, &bench_ptr, &bench_hard, &bench_ref, &bench_mut,
	&bench_pack, &bench_slab,
	&bench_kmem_cache, &bench_kmem_cache_zeroed, &bench_kmem_cache_bulk, &bench_kmalloc,
	&bench_zsmalloc, &bench_genalloc, &bench_mempool, &bench_page_frag, &bench_alloc_pages,
};

#define PEERS	ARRAY_SIZE(peers)

static unsigned int n_rounds, n_samples;

struct pairs {
	struct bench_job job;
	const struct bench_peer *peer;
	u64 *took;	/* of each alone; NULL: they are timed together */
};

static bool run_pairs(struct bench_job *job)
{
	struct pairs *pairs = container_of(job, struct pairs, job);

	if (pairs->took)
		return pairs->peer->alone(pairs->took, n_samples);
	return pairs->peer->pairs(LOOPS);
}

static int run(const struct bench_peer *peer, u64 *took, u64 *ticks)
{
	struct pairs pairs = { .job.run = run_pairs, .peer = peer, .took = took };
	struct bench_job *job = &pairs.job;
	int err = bench_run(&job, 0, 1);

	*ticks = pairs.job.took;
	return err;
}

static u64 rounds[PEERS][ROUNDS];

static int measure_rounds(void)
{
	unsigned int r, p;
	u64 ticks;
	int err = 0;

	/* One that is not counted. */
	for (r = 0; r <= n_rounds && !err; r++)
		for (p = 0; p < PEERS && !err; p++) {
			if (!bench_peer_takes(peers[p], bench_size))
				continue;
			err = run(peers[p], NULL, &ticks);
			if (err)
				pr_err("%s failed\n", peers[p]->name);
			if (r)
				rounds[p][r - 1] = div_u64(bench_milli(ticks), LOOPS);
			cond_resched();
		}
	return err;
}

/* Of peer @p; the loop and the clock are of the first one. */
static int measure_alone(unsigned int p, u64 *alone)
{
	static u64 loop, clock;
	unsigned int i;
	u64 ticks;
	int err;

	if (!peers[p]->alone) {
		bench_less(rounds[p], n_rounds, loop);
		bench_figure("pair", peers[p]->name, bench_unit(), rounds[p], n_rounds, "size=%zu",
			     bench_size);
		return 0;
	}
	err = run(peers[p], alone, &ticks);
	if (err)
		return err;
	for (i = 0; i < n_samples; i++)
		alone[i] = bench_milli(alone[i]);
	if (peers[p] == &bench_nothing) {
		loop = bench_median(rounds[p], n_rounds);
		clock = bench_median(alone, n_samples);
	} else {
		bench_less(rounds[p], n_rounds, loop);
	}
	bench_less(alone, n_samples, clock);
	bench_figure_alone("pair", peers[p]->name, bench_unit(), rounds[p], n_rounds, alone,
			   n_samples, "size=%zu", bench_size);
	return 0;
}

static int measure_size(size_t size, u64 *alone, union bench_object *objects)
{
	unsigned int p, begun;
	int err = 0;

	bench_size = size;
	for (begun = 0; begun < PEERS; begun++) {
		err = bench_peer_takes(peers[begun], size) ? peers[begun]->begin() : 0;
		if (err)
			break;
	}
	for (p = 0; p < begun && !err; p++)
		if (bench_peer_takes(peers[p], size))
			err = bench_peer_check(peers[p], objects, CHECKED);
	err = err ?: measure_rounds();
	for (p = 0; p < PEERS && !err; p++)
		if (bench_peer_takes(peers[p], size))
			err = measure_alone(p, alone);
	for (p = 0; p < begun; p++)
		if (bench_peer_takes(peers[p], size))
			err = peers[p]->end() ?: err;
	return err;
}

/* Five instructions each, with those of the loop. */
static bool run_five(struct bench_job *job)
{
#ifdef CONFIG_X86
	unsigned long n = LOOPS;

	asm volatile("1: nop; nop; nop; dec %0; jnz 1b" : "+r" (n) : : "cc");
#endif
	return true;
}

static bool run_none(struct bench_job *job)
{
	return true;
}

/* Whether this guest counts well. */
static int measure_five(void)
{
	struct bench_job job = { .run = run_five }, none = { .run = run_none };
	struct bench_job *five_job = &job, *none_job = &none;
	u64 five[ROUNDS];
	unsigned int r;
	int err = 0;

	for (r = 0; r < ROUNDS && !err; r++) {
		err = bench_run(&five_job, 0, 1) ?: bench_run(&none_job, 0, 1);
		five[r] = div_u64(bench_milli(job.took - min(job.took, none.took)), LOOPS);
	}
	if (err)
		return err;
	bench_figure("five", "nothing", bench_unit(), five, ROUNDS, "-");
	return five[ROUNDS / 2] < 4990 || five[ROUNDS / 2] > 5010 ? -ERANGE : 0;
}

#define MANY	200000

static int measure_overhead(const struct bench_peer *peer, union bench_object *objects)
{
	u64 held;
	int err;

	bench_size = 64;
	err = peer->begin();
	if (err)
		return err;
	err = peer->fill(objects, MANY) ? 0 : -ENOMEM;
	held = peer->held();
	if (!err) {
		held = div_u64((max_t(u64, held, MANY * 64) - MANY * 64) * 1000, MANY);
		bench_figure("overhead", peer->name, "bytes", &held, 1, "size=64,objects=%u", MANY);
		err = peer->drain(objects, NULL, MANY) ? 0 : -EIO;
	}
	return peer->end() ?: err;
}

static int measure_overheads(void)
{
	union bench_object *objects = vzalloc(array_size(MANY, sizeof(*objects)));
	unsigned int p;
	int err = objects ? 0 : -ENOMEM;

	for (p = 0; p < PEERS && !err; p++)
		if (peers[p]->held)
			err = measure_overhead(peers[p], objects);
	vfree(objects);
	return err;
}

static int measure(void)
{
	u64 *alone = vmalloc(array_size(SAMPLES, sizeof(*alone)));
	union bench_object *objects = vzalloc(array_size(CHECKED, sizeof(*objects)));
	size_t size;
	int err = alone && objects ? 0 : -ENOMEM;

	n_rounds = bench_counts ? COUNTED : ROUNDS;
	n_samples = bench_counts ? SAMPLES / 5 : SAMPLES;
	if (!err && bench_counts && IS_ENABLED(CONFIG_X86))
		err = measure_five();
	for (size = 8; size <= SZ_8K && !err; size *= 2)
		err = measure_size(size, alone, objects);
	vfree(objects);
	vfree(alone);
	return err ?: bench_counts ? 0 : measure_overheads();
}

const struct bench_topic topic_pairs = { "pairs", measure };
