/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmarks share: figures that were measured more than once, chance that is the
 * same in each run, a clock, and memory that the host has really given.
 */
#ifndef SWIMMEM_BENCH_H
#define SWIMMEM_BENCH_H

#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/mm.h>
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

/* Tell a figure that is known in thousandths of its unit, to a hundredth. */
#define bench_tell(milli, unit, fmt, ...)					\
do {										\
	u64 __milli = (milli);							\
										\
	pr_info(fmt " %llu.%02llu " unit "\n", ##__VA_ARGS__, __milli / 1000,	\
		__milli / 10 % 100);						\
} while (0)

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
 * before is done by then.
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

/* How many picoseconds a tick of it takes. */
static inline u64 bench_tick(void)
{
	u64 ticks = bench_ticks(), begin = ktime_get_ns(), took;

	do {
		took = ktime_get_ns() - begin;
	} while (took < 50 * NSEC_PER_MSEC);
	return div64_u64(took * 1000, bench_ticks() - ticks);
}

/* Use all that is free once, so that the host has given it to us before anything is timed. */
static inline int bench_touch(void)
{
	const unsigned int order = get_order(SZ_2M);
	unsigned long keep = 0, left;
	struct page *page, *next;
	struct sysinfo memory;
	LIST_HEAD(pages);
	unsigned int i;

	si_meminfo(&memory);
	for (left = memory.freeram / 8 * 7 >> order; left--; keep++) {
		page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, order);
		if (!page)
			break;
		for (i = 0; i < 1U << order; i++)
			memset(page_address(page + i), 0, 8);
		list_add(&page->lru, &pages);
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_pages(page, order);
	return keep ? 0 : -ENOMEM;
}

#endif
