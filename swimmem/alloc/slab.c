// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slab: units of one size out of one block.
 *
 *	room		a bit for each row that may have a free unit
 *	  └─ row[]	a bit for each unit; set: taken, or beyond the last
 *
 * Who moves a bit of a row from clear to set owns the unit until he clears it again. There
 * are no links, so there is nothing that could be the same again and yet another (ABA); nor
 * does the slab ever write to its units.
 *
 * room is a hint: who fills a row clears its bit, and then looks again; who gives a unit
 * back sets it. Between "clear, then look" and "give, then set" stand full barriers, so
 * one of the two always sees the other, and no unit is lost. (Documentation/models/slab.pml)
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/smp.h>

#include <swimmem/slab.h>

#include "../observe/step.h"
#include "heap.h"

/* Take a free unit of a row; its number there, or -1. */
static int row_take(unsigned long *row, bool *filled)
{
	unsigned long old = READ_ONCE(*row);

	do {
		if (!~old)
			return -1;
		*filled = !~(old | (old + 1));
		swim_window();
	} while (!try_cmpxchg(row, &old, old | (old + 1)) && swim_stepped(SLAB_TAKE_LOST));
	swim_step(SLAB_TAKE);
	return ffz(old);
}

/* Say that a row is full, unless it is not. */
static void room_none(struct swim_slab *slab, unsigned int row)
{
	clear_bit(row, &slab->room);
	swim_step(SLAB_FULL);
	/* Clear, then look: pairs with the test_and_clear_bit() in swim_slab_free(). */
	smp_mb__after_atomic();
	if (~READ_ONCE(slab->row[row])) {
		set_bit(row, &slab->room);
		swim_step(SLAB_NOT_FULL);
	}
}

/* The first row with room at or, round the end, after one that this CPU begins with. */
static unsigned int room_find(unsigned long room)
{
	unsigned long from = ~0UL << raw_smp_processor_id() % SWIM_SLAB_ROWS;

	return __ffs(room & from ?: room);
}

/* Take a unit, but not the last one of a row: the usual case. Its number, or -1. */
static __always_inline int take_now(struct swim_slab *slab)
{
	unsigned long old, new, *row, room = READ_ONCE(slab->room);

	if (unlikely(!room))
		return -1;
	row = &slab->row[room_find(room)];
	old = READ_ONCE(*row);
	new = old | (old + 1);
	swim_window();
	if (unlikely(!~new || !try_cmpxchg(row, &old, new)))
		return -1;
	return (row - slab->row) * BITS_PER_LONG + ffz(old);
}

/* Take a unit; its number, or -1. */
static int take(struct swim_slab *slab)
{
	unsigned long room;
	unsigned int row;
	bool filled;
	int bit;

	while ((room = READ_ONCE(slab->room))) {
		row = room_find(room);
		bit = row_take(&slab->row[row], &filled);
		swim_window();
		if (bit < 0 || filled)
			room_none(slab, row);
		if (bit >= 0)
			return row * BITS_PER_LONG + bit;
	}
	/* The hint may be behind; before it is said that there is none, look everywhere. */
	for (row = 0; row < SWIM_SLAB_ROWS; row++) {
		bit = row_take(&slab->row[row], &filled);
		if (bit >= 0) {
			swim_step(SLAB_ANYWHERE);
			return row * BITS_PER_LONG + bit;
		}
	}
	return -1;
}

static __always_inline int give(struct swim_slab *slab, int n, struct swim_block *block)
{
	*block = (struct swim_block){ slab->memory.addr + n * slab->unit, slab->unit };
	return 0;
}

static noinline int alloc_slow(struct swim_slab *slab, struct swim_block *block)
{
	int n = take(slab);

	return n < 0 ? -SWIM_ENOMEM : give(slab, n, block);
}

/**
 * swim_slab_alloc - take a unit
 * @slab: where from
 * @block: the unit, of the slab's unit size; its content is what the last owner left
 *
 * Context: Any but NMI.
 * Return: 0; -ENOMEM when no unit was free all the while; -EINVAL without slab or block. On
 * an error @block is untouched. (Model: heaps, slab)
 */
int swim_slab_alloc(struct swim_slab *slab, struct swim_block *block)
{
	int n;

	if (unlikely(!slab || !block))
		return -SWIM_EMISALIGNED;
	n = take_now(slab);
	if (unlikely(n < 0))
		return alloc_slow(slab, block);
	swim_step(SLAB_TAKE);
	return give(slab, n, block);
}
EXPORT_SYMBOL_GPL(swim_slab_alloc);

/**
 * swim_slab_free - give a unit back
 * @slab: where it is from
 * @block: as swim_slab_alloc() gave it; the empty block is nothing to do
 *
 * Context: Any but NMI.
 * Return: 0; -EINVAL when the block is no unit of this slab that is in use. Then nothing
 * has changed.
 */
int swim_slab_free(struct swim_slab *slab, const struct swim_block *block)
{
	size_t offset;
	unsigned int n;

	if (unlikely(!slab || !block))
		return -SWIM_EMISALIGNED;
	if (unlikely(swim_block_empty(block)))
		return 0;
	if (unlikely(block->size != slab->unit ||
		     swim_block_offset(&slab->memory, block->addr, &offset) ||
		     offset % slab->unit))
		return -SWIM_EMISALIGNED;
	n = offset / slab->unit;
	/* Full barrier: the owner's writes come before, and give comes before set. */
	if (unlikely(!test_and_clear_bit(n, slab->row)))
		return -SWIM_EMISALIGNED;
	swim_step(SLAB_GIVE);
	if (!test_bit(n / BITS_PER_LONG, &slab->room)) {
		set_bit(n / BITS_PER_LONG, &slab->room);
		swim_step(SLAB_ROOM);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(swim_slab_free);

/**
 * swim_slab_stats - a slab in numbers
 * @slab: any
 * @stats: the numbers; exact when nobody allocates or frees meanwhile
 *
 * Context: Any but NMI.
 */
void swim_slab_stats(const struct swim_slab *slab, struct swim_slab_stats *stats)
{
	unsigned int row, dead = 0;

	for (row = 0; row < SWIM_SLAB_ROWS; row++)
		dead += hweight_long(~READ_ONCE(slab->row[row]));
	*stats = (struct swim_slab_stats){
		.live = slab->total - dead,
		.dead = dead,
		.total = slab->total,
	};
}
EXPORT_SYMBOL_GPL(swim_slab_stats);

/**
 * swim_slab_init - make a slab
 * @slab: zeroed or not, not in use
 * @block: the memory that it gives out, kept by the caller as long as the slab is used
 * @unit: bytes of each unit; what does not fill a unit at the end is not used
 *
 * Context: Any; nobody else has the slab yet.
 * Return: 0; -EINVAL when not even one unit fits, or without slab or block; -E2BIG when
 * there would be more than SWIM_SLAB_UNITS_MAX. (Model: heaps, slab)
 */
int swim_slab_init(struct swim_slab *slab, const struct swim_block *block, size_t unit)
{
	size_t total, left;
	unsigned int row;

	if (!slab || !block || !unit || block->size < unit)
		return -SWIM_EMISALIGNED;
	total = block->size / unit;
	if (total > SWIM_SLAB_UNITS_MAX)
		return -SWIM_EOVERSIZED;
	*slab = (struct swim_slab){
		.heap.ops = &swim_slab_heap_ops,
		.memory = { block->addr, total * unit },
		.unit = unit,
		.total = total,
	};
	for (row = 0, left = total; row < SWIM_SLAB_ROWS; row++) {
		slab->row[row] = left >= BITS_PER_LONG ? 0 : ~0UL << left;
		left -= min_t(size_t, left, BITS_PER_LONG);
		if (~slab->row[row])
			slab->room |= BIT(row);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(swim_slab_init);

static int heap_alloc(struct swim_heap *heap, const struct swim_layout *layout, gfp_t gfp,
		      struct swim_block *block)
{
	struct swim_slab *slab = container_of(heap, struct swim_slab, heap);

	if (layout->size > slab->unit)
		return -SWIM_EOVERSIZED;
	if (((unsigned long)slab->memory.addr | slab->unit) & (layout->align - 1))
		return -SWIM_EMISALIGNED;
	return swim_slab_alloc(slab, block);
}

static int heap_free(struct swim_heap *heap, const struct swim_block *block)
{
	return swim_slab_free(container_of(heap, struct swim_slab, heap), block);
}

static void heap_stats(struct swim_heap *heap, struct swim_heap_stats *stats)
{
	struct swim_slab *slab = container_of(heap, struct swim_slab, heap);
	struct swim_slab_stats units;

	swim_slab_stats(slab, &units);
	*stats = (struct swim_heap_stats){
		.size = units.total * slab->unit,
		.used = units.live * slab->unit,
		.live = units.live,
	};
}

const struct swim_heap_ops swim_slab_heap_ops = {
	.alloc = heap_alloc,
	.free = heap_free,
	.stats = heap_stats,
};
