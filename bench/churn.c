// SPDX-License-Identifier: GPL-2.0-only
/*
 * Churn: what is held for what lives, over time, while objects come and go in four patterns, each
 * made from a seed, so that all peers replay the same. trace.c measures, and lists the figures.
 *
 *	uniform		32 to 512 bytes, any of them as often. What lives grows to the peak, falls
 *			to a fifth, and grows and falls once more; any object goes next.
 *	skewed		the same of 32 to 4032 bytes, of which twice as large is half as often:
 *			most objects are small, and each doubling has as many bytes.
 *	shifting	in phases. Each has objects of another size, half as large again as in the
 *			one before; seven of eight go in any order, the others stay for ever. What
 *			a phase leaves free the next ones cannot use, where sizes have classes.
 *	generations	in bursts of 32 to 512 bytes. Each dies as it came, but three of a hundred
 *			objects, which die three bursts later.
 */
#include <linux/moduleparam.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "trace.h"

#define LEAST		32	/* bytes: all peers take them */
#define USUAL		512
#define MOST		4032
#define WAVES		2
#define LOW		20	/* per cent of the peak that a wave falls to */
#define AGAINST		4	/* of so many events in a wave one is against it */
#define PHASES		8
#define FIRST_SIZE	60	/* bytes in the first phase */
#define PHASE		56	/* per cent of the peak that it brings */
#define PHASE_STAYS	8	/* of so many objects one */
#define BURSTS		8
#define BURST		90	/* per cent of the peak that it brings */
#define BURST_STAYS	3	/* of a hundred */
#define BURSTS_LATER	3

static unsigned int peak = 100;
module_param_named(churn_megabytes, peak, uint, 0444);
MODULE_PARM_DESC(churn_megabytes, "that live at the peak of a pattern (default 100)");

/* Objects that live, in some order. */
struct crowd {
	u32 *object;
	u32 n;
};

static int crowd_begin(struct crowd *crowd, u32 room)
{
	crowd->n = 0;
	crowd->object = vmalloc(array_size(room, sizeof(u32)));
	return crowd->object ? 0 : -ENOMEM;
}

/**
 * struct churn - a pattern that is made
 * @trace: it
 * @random: its chance
 * @peak: bytes
 * @crowd: who lives, where anybody may go next; or of each generation
 */
struct churn {
	struct bench_trace trace;
	struct rnd_state random;
	u64 peak;
	struct crowd crowd[BURSTS_LATER + 1];
};

static void come(struct churn *churn, struct crowd *crowd, u32 size)
{
	u32 object = bench_trace_alloc(&churn->trace, size);

	if (!churn->trace.full)
		crowd->object[crowd->n++] = object;
}

static void go(struct churn *churn, struct crowd *crowd, u32 which)
{
	bench_trace_free(&churn->trace, crowd->object[which]);
	crowd->object[which] = crowd->object[--crowd->n];
}

static u32 between(struct churn *churn, u32 least, u32 most)
{
	return least + bench_below(&churn->random, most - least + 1);
}

static u32 uniform_size(struct churn *churn)
{
	return between(churn, LEAST, USUAL);
}

/* Larger than s is one of s / LEAST. */
static u32 skewed_size(struct churn *churn)
{
	const u32 whole = MOST * 1024;

	return whole / between(churn, whole / MOST, whole / LEAST);
}

/* Towards so many live bytes, with some events against it. */
static void wave(struct churn *churn, u32 (*size)(struct churn *churn), u64 goal)
{
	struct crowd *crowd = &churn->crowd[0];
	const bool up = churn->trace.live < goal;

	while (!churn->trace.full && up == (churn->trace.live < goal)) {
		bool against = !bench_below(&churn->random, AGAINST);

		if (up != against || !crowd->n)
			come(churn, crowd, size(churn));
		else
			go(churn, crowd, bench_below(&churn->random, crowd->n));
	}
}

static void waves(struct churn *churn, u32 (*size)(struct churn *churn))
{
	unsigned int i;

	for (i = 0; i < WAVES; i++) {
		wave(churn, size, churn->peak);
		wave(churn, size, churn->peak * LOW / 100);
	}
}

static void make_uniform(struct churn *churn)
{
	waves(churn, uniform_size);
}

static void make_skewed(struct churn *churn)
{
	waves(churn, skewed_size);
}

static void make_shifting(struct churn *churn)
{
	struct crowd *crowd = &churn->crowd[0];
	u32 size = FIRST_SIZE, stay;
	unsigned int i;
	u64 goal;

	for (i = 0; i < PHASES; i++, size += size / 2) {
		goal = churn->trace.live + churn->peak * PHASE / 100;
		while (churn->trace.live < goal && !churn->trace.full)
			come(churn, crowd, between(churn, size, size + size / 4));
		stay = crowd->n / PHASE_STAYS;
		while (crowd->n > stay)
			go(churn, crowd, bench_below(&churn->random, crowd->n));
		/* Those are for ever. */
		crowd->n = 0;
	}
}

/* All of a generation go, as they came. */
static void die(struct churn *churn, struct crowd *crowd)
{
	u32 i;

	for (i = 0; i < crowd->n; i++)
		bench_trace_free(&churn->trace, crowd->object[i]);
	crowd->n = 0;
}

static void make_generations(struct churn *churn)
{
	struct crowd *burst = &churn->crowd[BURSTS_LATER];
	unsigned int i;

	for (i = 0; i < BURSTS; i++) {
		struct crowd *old = &churn->crowd[i % BURSTS_LATER];
		u64 goal = churn->trace.live + churn->peak * BURST / 100;
		u32 j, n = 0;

		while (churn->trace.live < goal && !churn->trace.full)
			come(churn, burst, uniform_size(churn));
		die(churn, old);
		for (j = 0; j < burst->n; j++) {
			if (bench_below(&churn->random, 100) < BURST_STAYS)
				old->object[old->n++] = burst->object[j];
			else
				burst->object[n++] = burst->object[j];
		}
		burst->n = n;
		die(churn, burst);
	}
}

static const struct pattern {
	const char *name;
	void (*make)(struct churn *churn);
	unsigned int events;	/* at the most, for each KB of the peak */
	unsigned int objects;
} patterns[] = {
	{ "uniform", make_uniform, 32, 5 },
	{ "skewed", make_skewed, 64, 9 },
	{ "shifting", make_shifting, 64, 12 },
	{ "generations", make_generations, 64, 5 },
};

static int make(struct churn *churn, const struct pattern *pattern)
{
	const u32 kilobytes = peak * 1000, objects = kilobytes * pattern->objects;
	unsigned int i;
	int err = bench_trace_begin(&churn->trace, kilobytes * pattern->events, objects);

	for (i = 0; i < ARRAY_SIZE(churn->crowd) && !err; i++)
		err = crowd_begin(&churn->crowd[i], objects);
	if (err)
		return err;
	churn->peak = (u64)peak * 1000 * 1000;
	prandom_seed_state(&churn->random, 1);
	pattern->make(churn);
	return 0;
}

static int measure_pattern(const struct pattern *pattern)
{
	struct churn *churn = vzalloc(sizeof(*churn));
	unsigned int i;
	int err;

	if (!churn)
		return -ENOMEM;
	err = make(churn, pattern) ?: bench_trace_measure(&churn->trace, pattern->name);
	for (i = 0; i < ARRAY_SIZE(churn->crowd); i++)
		vfree(churn->crowd[i].object);
	bench_trace_end(&churn->trace);
	vfree(churn);
	return err;
}

static int measure(void)
{
	unsigned int i;
	int err = peak && peak <= 1000 ? bench_touch() : -EINVAL;

	for (i = 0; i < ARRAY_SIZE(patterns) && !err; i++)
		err = measure_pattern(&patterns[i]);
	return err;
}

const struct bench_topic topic_churn = { "churn", measure };
