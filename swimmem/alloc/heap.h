/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_ALLOC_HEAP_H
#define SWIMMEM_ALLOC_HEAP_H

#include <swimmem/heap.h>

/**
 * struct swim_heap_ops - what each kind of heap can do
 * @alloc: a block for a layout that has been checked and is not empty
 * @free: takes a block back that is not empty
 * @stats: fills in the numbers
 */
struct swim_heap_ops {
	int (*alloc)(struct swim_heap *heap, const struct swim_layout *layout, gfp_t gfp,
		     struct swim_block *block);
	int (*free)(struct swim_heap *heap, const struct swim_block *block);
	void (*stats)(struct swim_heap *heap, struct swim_heap_stats *stats);
};

extern const struct swim_heap_ops swim_slab_heap_ops;

#endif
