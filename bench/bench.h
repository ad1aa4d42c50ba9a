/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmarks share: figures that were measured more than once.
 */
#ifndef SWIMMEM_BENCH_H
#define SWIMMEM_BENCH_H

#include <linux/math64.h>
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

#endif
