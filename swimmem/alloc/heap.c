// SPDX-License-Identifier: GPL-2.0-only
/*
 * Heap: what can be asked of any kind of heap, space.c and slab.c.
 */
#include <linux/err.h>
#include <linux/export.h>

#include "heap.h"

/**
 * swim_heap_alloc - get a block
 * @heap: where from
 * @layout: size and alignment in bytes. Size 0 gives the empty block
 * @gfp: what to do when the heap must grow for it; sleeps if it says so
 * @block: the block, at least of that size; its content is undefined
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -EINVAL when the alignment is no power of two, or the heap cannot give it, or
 * without heap, layout or block; -E2BIG for more than the heap can ever give; -ENOMEM. On an
 * error @block is untouched. (Model: heaps)
 */
int swim_heap_alloc(struct swim_heap *heap, const struct swim_layout *layout, gfp_t gfp,
		    struct swim_block *block)
{
	int err;

	if (IS_ERR_OR_NULL(heap) || !layout || !block)
		return -SWIM_EMISALIGNED;
	err = swim_layout_check(layout);
	if (err)
		return err;
	if (!layout->size) {
		*block = (struct swim_block){};
		return 0;
	}
	return heap->ops->alloc(heap, layout, gfp, block);
}
EXPORT_SYMBOL_GPL(swim_heap_alloc);

/**
 * swim_heap_free - give a block back
 * @heap: where it is from
 * @block: as swim_heap_alloc() gave it; the empty block is nothing to do
 *
 * Context: Any but NMI.
 * Return: 0; -EINVAL when the block is none of this heap's that is in use. Then nothing has
 * changed.
 */
int swim_heap_free(struct swim_heap *heap, const struct swim_block *block)
{
	if (IS_ERR_OR_NULL(heap) || !block)
		return -SWIM_EMISALIGNED;
	return swim_block_empty(block) ? 0 : heap->ops->free(heap, block);
}
EXPORT_SYMBOL_GPL(swim_heap_free);

/**
 * swim_heap_stats - a heap in numbers
 * @heap: any
 * @stats: the numbers; exact when nobody allocates or frees meanwhile
 *
 * Context: Any but NMI.
 */
void swim_heap_stats(struct swim_heap *heap, struct swim_heap_stats *stats)
{
	heap->ops->stats(heap, stats);
}
EXPORT_SYMBOL_GPL(swim_heap_stats);
