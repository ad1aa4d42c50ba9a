/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slab: a heap of blocks of one size, cut out of one block that the caller gives.
 *
 *	alloc, free, stats	any context but NMI, on every CPU at once, lock-free
 *	init			process context or with nobody else around
 */
#ifndef SWIMMEM_SLAB_H
#define SWIMMEM_SLAB_H

#include <linux/bits.h>
#include <swimmem/heap.h>

#define SWIM_SLAB_ROWS		BITS_PER_LONG
#define SWIM_SLAB_UNITS_MAX	(SWIM_SLAB_ROWS * BITS_PER_LONG)

/**
 * struct swim_slab - a slab; its members are private
 * @heap: what it is as a heap
 * @memory: the units, one behind another
 * @unit: bytes of each
 * @total: how many
 * @room: a bit for each row that may have a unit which is free
 * @row: a bit for each unit, set when it is taken or absent
 */
struct swim_slab {
	struct swim_heap heap;
	struct swim_block memory;
	size_t unit;
	unsigned int total;
	unsigned long room;
	unsigned long row[SWIM_SLAB_ROWS];
};

/**
 * struct swim_slab_stats - a slab in numbers
 * @live: units given out
 * @dead: units that are free
 * @total: both
 */
struct swim_slab_stats {
	unsigned int live;
	unsigned int dead;
	unsigned int total;
};

int __must_check swim_slab_init(struct swim_slab *slab, const struct swim_block *block,
				size_t unit);
int __must_check swim_slab_alloc(struct swim_slab *slab, struct swim_block *block);
int swim_slab_free(struct swim_slab *slab, const struct swim_block *block);
void swim_slab_stats(const struct swim_slab *slab, struct swim_slab_stats *stats);

/**
 * swim_slab_heap - the slab as a heap
 * @slab: any
 */
static inline struct swim_heap *swim_slab_heap(struct swim_slab *slab)
{
	return &slab->heap;
}

#endif
