/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Heap: allocates blocks. There are two kinds: the address space (space.h) and the slab
 * (slab.h). What is done with a heap here can be done with either.
 *
 *	alloc, free, stats	any context but NMI, on every CPU at once
 */
#ifndef SWIMMEM_HEAP_H
#define SWIMMEM_HEAP_H

#include <linux/gfp.h>
#include <swimmem/block.h>
#include <swimmem/layout.h>

struct swim_heap_ops;

/**
 * struct swim_heap - what every kind of heap begins with
 * @ops: how this kind allocates; private
 */
struct swim_heap {
	const struct swim_heap_ops *ops;
};

/**
 * struct swim_heap_stats - a heap in numbers
 * @size: bytes that it has
 * @used: bytes that it has given out
 * @live: blocks that it has given out
 */
struct swim_heap_stats {
	size_t size;
	size_t used;
	long live;
};

int __must_check swim_heap_alloc(struct swim_heap *heap, const struct swim_layout *layout,
				 gfp_t gfp, struct swim_block *block);
int swim_heap_free(struct swim_heap *heap, const struct swim_block *block);
void swim_heap_stats(struct swim_heap *heap, struct swim_heap_stats *stats);

#endif
