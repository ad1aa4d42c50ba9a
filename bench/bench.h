/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmarks share: how a figure is told, chance that is the same in each run, a clock,
 * threads that begin at once, and memory that the host has really given.
 *
 * A topic is a file here; it measures what its comment says, for all peers (peer.h) in turns. Each
 * figure is a line of the kernel's log:
 *
 *	bench: NAME WHOSE PARAMETERS UNIT MEDIAN P10 P90 P99.9 WORST RUNS
 *
 * PARAMETERS are NAME=VALUE, with commas between them, or "-". scripts/results.py makes a table of
 * JSON of them.
 */
#ifndef SWIMMEM_BENCH_H
#define SWIMMEM_BENCH_H

#undef pr_fmt
#define pr_fmt(fmt) "bench: " fmt

#include <linux/completion.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/sort.h>
#include <linux/types.h>

static inline int bench_compare(const void *a, const void *b)
{
	return *(const u64 *)a < *(const u64 *)b ? -1 : *(const u64 *)a > *(const u64 *)b;
}

static inline void bench_sort(u64 *values, unsigned int n)
{
	sort(values, n, sizeof(*values), bench_compare, NULL);
}

/* Of @n sorted values, that below which @share of @whole lie. */
static inline u64 bench_share(const u64 *values, unsigned int n, unsigned int share,
			      unsigned int whole)
{
	return values[min_t(u64, div_u64((u64)n * share, whole), n - 1)];
}

static inline u64 bench_median(u64 *values, unsigned int n)
{
	bench_sort(values, n);
	return values[n / 2];
}

/* Take off what was measured too, as a clock or a loop. */
static inline void bench_less(u64 *values, unsigned int n, u64 what)
{
	for (; n--; values++)
		*values -= min(*values, what);
}

/* Any number below @n. */
static inline u32 bench_below(struct rnd_state *random, u32 n)
{
	return (u64)prandom_u32_state(random) * n >> 32;
}

/* The numbers below @n in any order. */
static inline void bench_shuffle(struct rnd_state *random, u32 *order, u32 n)
{
	u32 i, other;

	for (i = 0; i < n; i++) {
		other = bench_below(random, i + 1);
		order[i] = order[other];
		order[other] = i;
	}
}

/*
 * A clock that is cheap: of the processor, where it is known how to read that. All that comes
 * before is done by then. In a guest that counts, it is a tick for each instruction.
 */
static __always_inline u64 bench_ticks(void)
{
#ifdef __x86_64__
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
#else
	return ktime_get_ns();
#endif
}

/* Whether this guest counts: then a nanosecond of it is an instruction. */
extern bool bench_counts;

/* In what time is told then. */
static inline const char *bench_unit(void)
{
	return bench_counts ? "instructions" : "ns";
}

/* How many thousandths of that a tick takes, times 2^10; from bench_begin() on. */
extern u64 bench_tick;

static inline u64 bench_milli(u64 ticks)
{
	return ticks * bench_tick >> 10;
}

/* Thousandths of a MB/s: so many bytes in so many thousandths of a nanosecond. */
static inline u64 bench_speed(u64 bytes, u64 milli)
{
	return div64_u64(bytes * NSEC_PER_SEC, max_t(u64, milli, 1));
}

int bench_begin(void);
int bench_touch(void);
int bench_copy(size_t bytes, u64 *speed);

__printf(6, 7)
void bench_figure(const char *name, const char *whose, const char *unit, u64 *values,
		  unsigned int n, const char *parameters, ...);
__printf(8, 9)
void bench_figure_alone(const char *name, const char *whose, const char *unit, u64 *values,
			unsigned int n, u64 *alone, unsigned int of, const char *parameters, ...);

/**
 * struct bench_job - what a thread does on one CPU, timed, with interrupts off
 * @run: it; whether all went well
 * @took: ticks
 * @right: what @run has said
 * @waiting: jobs that have not begun yet, on all CPUs
 * @done: by the thread
 */
struct bench_job {
	bool (*run)(struct bench_job *job);
	u64 took;
	bool right;
	atomic_t *waiting;
	struct completion done;
};

int bench_run(struct bench_job **jobs, unsigned int cpu, unsigned int n);

/**
 * struct bench_topic - what can be measured
 * @name: as the module's parameter "run" has it
 * @measure: do it
 * @end: when the module goes; may be NULL
 */
struct bench_topic {
	const char *name;
	int (*measure)(void);
	void (*end)(void);
};

extern const struct bench_topic topic_pairs, topic_batches, topic_access, topic_live, topic_extents,
	topic_compact, topic_walk, topic_stow, topic_churn, topic_replay, topic_cost, topic_pins,
	topic_waits, topic_pressure;

#endif
