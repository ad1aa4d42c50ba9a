// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: how long a pin with its unpin takes on one CPU while another one compacts the same pool
 * without a pause, and while it does nothing.
 *
 * Of KEPT objects of 32 to 512 bytes any is pinned, looked at and unpinned, PINS times. Among them
 * lie the cleaner's. The clock is read before and after each pin; what that takes is in the
 * figures. So is what the machine does meanwhile: the host gives the CPU to somebody else, it has
 * interrupts of its own. How much that is shows a loop that reads the clock until the median of a
 * pin has passed, as many times, with the other CPU at the same work: all that it takes longer the
 * machine has taken. Interrupts of the guest are off, for BATCH pins at a time.
 *
 *	pin WHOSE cleaner=WHETHER
 *		WHOSE: raw, machine; of QUANTILES equal parts of the pins
 *	pins_over WHOSE over=TIME,cleaner=WHETHER
 *		so many took longer than 1us, 20us
 *	pin_slow raw cleaner=yes
 *		what was left of those that did not get the object at once: it was being moved, or
 *		stood no longer where the lease had said
 *	pins_over raw over=TIME,cleaner=yes,slow=yes
 *		so many of these took longer: no other can have waited for the mover
 *	pins_cleaned swimmem what=WHAT
 *		what the cleaner has done meanwhile
 *
 * For whom a slow one has waited, the mover, or the host that had taken the mover's CPU away, no
 * clock tells: it finds just that object again and again that the mover was at when it lost the
 * CPU. How long the mover itself lets somebody wait is counted in waits.c.
 */
#include <linux/cpumask.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "cleaner.h"

#define KEPT		50000
#define LEAST		32
#define MOST		512
#define PINS		10000000
#define BATCH		1000
#define TICKS		100000	/* longer ones are counted as that */
#define SLOW		100000	/* of these so many are kept */
#define QUANTILES	10000
#define MICROSECOND	1000000	/* in thousandths of a nanosecond */

static union bench_object *kept;

/**
 * struct spread - how long it took
 * @times: how often so many ticks; what is longer is in the last one
 * @worst: ticks
 * @slow: what was left of those that did not get the object at once
 * @slows: how many of them there were
 * @values: for bench_figure()
 */
struct spread {
	u32 times[TICKS];
	u64 worst;
	u64 slow[SLOW];
	unsigned int slows;
	u64 values[QUANTILES];
};

static struct spread *spread;

static void note(u64 took)
{
	spread->times[min_t(u64, took, TICKS - 1)]++;
	spread->worst = max(spread->worst, took);
}

static void note_slow(u64 took)
{
	if (spread->slows < SLOW)
		spread->slow[spread->slows] = took;
	spread->slows++;
}

/* swim_raw_pin(), which also notes what is left when it does not get the object at once. */
static __always_inline u64 *pin_noted(struct swim_raw *raw)
{
	unsigned long owned = ((unsigned long)raw | SWIM_TAG_OF_RAW) ^ swim_secret;
	void *object;
	bool got;
	u64 begin;

	rcu_read_lock_sched();
	object = (__force void *)READ_ONCE(raw->object);
	got = try_cmpxchg((unsigned long *)object - 1, &owned, owned ^ SWIM_TAG_PIN);
	rcu_read_unlock_sched();
	if (likely(got))
		return object;
	begin = bench_ticks();
	object = swim_pin_slow(raw, SWIM_TAG_OF_RAW);
	note_slow(bench_ticks() - begin);
	return object;
}

static __always_inline bool pin(struct swim_raw *raw, u64 number)
{
	u64 begin = bench_ticks();
	u64 *object = pin_noted(raw);
	bool right;

	if (IS_ERR(object))
		return false;
	/* Used, so that a move that was not cancelled would be seen. */
	right = READ_ONCE(*object) == number;
	swim_raw_unpin(raw);
	note(bench_ticks() - begin);
	return right;
}

static __always_inline void wait(u64 ticks)
{
	u64 begin = bench_ticks(), took;

	do {
		took = bench_ticks() - begin;
	} while (took < ticks);
	note(took);
}

/**
 * struct pins - what a thread does
 * @job: it
 * @ticks: it waits so long; 0: it pins
 */
struct pins {
	struct bench_job job;
	u64 ticks;
};

static bool run_pins(struct bench_job *job)
{
	const u64 ticks = container_of(job, struct pins, job)->ticks;
	struct rnd_state random;
	bool right = true;
	unsigned int n;

	prandom_seed_state(&random, 1);
	for (n = 0; n < PINS && right; n++) {
		u32 number = bench_below(&random, KEPT);

		if (ticks)
			wait(ticks);
		else
			right = pin(&kept[number].raw, number);
		if (n % BATCH == 0) {
			local_irq_enable();
			cond_resched();
			local_irq_disable();
		}
	}
	return right;
}

/* The value below which @share of @whole are, in ticks. */
static u64 share_of(unsigned int share, unsigned int whole)
{
	u64 sum = 0;
	u32 n;

	for (n = 0; n < TICKS - 1; n++) {
		sum += spread->times[n];
		if (sum * whole > (u64)PINS * share)
			break;
	}
	return n;
}

static unsigned int longer(u64 milli)
{
	unsigned int sum = 0;
	u32 n;

	for (n = 0; n < TICKS; n++)
		if (bench_milli(n) > milli)
			sum += spread->times[n];
	return sum;
}

static unsigned int longer_slow(u64 milli)
{
	unsigned int n, sum = 0;

	for (n = 0; n < min(spread->slows, SLOW + 0U); n++)
		sum += bench_milli(spread->slow[n]) > milli;
	return sum;
}

static void tell_over(const char *whose, const char *cleaner, const char *slow, unsigned int us,
		      unsigned int times)
{
	u64 value = (u64)times * 1000;

	bench_figure("pins_over", whose, "times", &value, 1, "over=%uus,cleaner=%s%s", us, cleaner,
		     slow);
}

static void tell(const char *whose, const char *cleaner)
{
	u64 sum = 0;
	u32 ticks = 0;
	unsigned int n;

	for (n = 0; n < QUANTILES - 1; n++) {
		for (; ticks < TICKS - 1; ticks++) {
			if (sum + spread->times[ticks] > (u64)n * (PINS / QUANTILES))
				break;
			sum += spread->times[ticks];
		}
		spread->values[n] = bench_milli(ticks);
	}
	spread->values[n] = bench_milli(spread->worst);
	bench_figure("pin", whose, "ns", spread->values, QUANTILES, "cleaner=%s", cleaner);
	tell_over(whose, cleaner, "", 1, longer(MICROSECOND));
	tell_over(whose, cleaner, "", 20, longer(20 * MICROSECOND));
}

static void tell_slow(void)
{
	unsigned int n, slows = min(spread->slows, SLOW + 0U);

	tell_over("raw", "yes", ",slow=yes", 1, longer_slow(MICROSECOND));
	tell_over("raw", "yes", ",slow=yes", 20, longer_slow(20 * MICROSECOND));
	for (n = 0; n < slows; n++)
		spread->slow[n] = bench_milli(spread->slow[n]);
	if (slows)
		bench_figure("pin_slow", "raw", "ns", spread->slow, slows, "cleaner=yes");
}

/* Pins, or waits for @ticks, on one CPU; the other one cleans meanwhile, or does nothing. */
static int run(struct bench_cleaner *cleaner, u64 ticks)
{
	struct pins pins = { .job.run = run_pins, .ticks = ticks };
	struct bench_job *job = &pins.job;
	int err = cleaner ? bench_cleaner_start(cleaner, 1) : 0;

	if (err)
		return err;
	memset(spread, 0, sizeof(*spread));
	err = bench_run(&job, 0, 1);
	if (cleaner)
		err = bench_cleaner_stop(cleaner) ?: err;
	return err;
}

static int measure_beside(struct bench_cleaner *cleaner)
{
	const char *name = cleaner ? "yes" : "no";
	struct swim_pool_stats before;
	int err;

	swim_pool_stats(bench_home(), &before);
	err = run(cleaner, 0);
	if (err)
		return err;
	tell("raw", name);
	if (cleaner) {
		tell_slow();
		bench_cleaner_tell("pins_cleaned", &before.moves);
	}
	err = run(cleaner, share_of(1, 2));
	if (err)
		return err;
	tell("machine", name);
	return 0;
}

static int get(unsigned int n, struct rnd_state *random)
{
	u64 *at;

	bench_size = LEAST + bench_below(random, MOST - LEAST + 1);
	if (!bench_raw.fill(&kept[n], 1))
		return -ENOMEM;
	at = bench_raw.map(&kept[n]);
	if (IS_ERR(at))
		return PTR_ERR(at);
	*at = n;
	bench_raw.unmap(&kept[n]);
	return 0;
}

static int measure_with(struct bench_cleaner *cleaner)
{
	struct rnd_state random;
	unsigned int n;
	int err = 0;

	prandom_seed_state(&random, 1);
	for (n = 0; n < KEPT && !err; n++)
		err = get(n, &random) ?: bench_cleaner_get(cleaner, n);
	err = err ?: measure_beside(NULL) ?: measure_beside(cleaner);
	for (n = 0; n < KEPT; n++)
		if (kept[n].plain && !bench_raw.drain(&kept[n], NULL, 1))
			err = -EIO;
	return bench_cleaner_put_all(cleaner) ?: err;
}

static int measure(void)
{
	struct bench_cleaner cleaner = {
		.peer = &bench_raw, .n = KEPT, .least = LEAST, .most = MOST,
	};
	int err;

	if (num_online_cpus() < 2) {
		pr_err("pins need 2 CPUs\n");
		return -ENODEV;
	}
	err = bench_touch() ?: bench_raw.begin();
	if (err)
		return err;
	prandom_seed_state(&cleaner.random, 2);
	kept = vzalloc(array_size(KEPT, sizeof(*kept)));
	cleaner.objects = vzalloc(array_size(KEPT, sizeof(*cleaner.objects)));
	spread = vmalloc(sizeof(*spread));
	err = kept && cleaner.objects && spread ? measure_with(&cleaner) : -ENOMEM;
	vfree(spread);
	vfree(cleaner.objects);
	vfree(kept);
	return bench_raw.end() ?: err;
}

const struct bench_topic topic_pins = { "pins", measure };
