// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hunk: from the space to a pool and back. The states are drawn in hunk.h.
 */
#include <linux/jiffies.h>
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "../compat.h"
#include "../observe/report.h"
#include "fail.h"
#include "pool.h"
#include "segment.h"
#include "space.h"

#ifdef CONFIG_KASAN_GENERIC
/**
 * swim_shadow_set - tell KASAN what it may think of some memory
 * @addr: a multiple of 8
 * @size: bytes, a multiple of 8
 * @value: as shadow memory has it
 */
__no_sanitize_address void swim_shadow_set(const void *addr, size_t size, u8 value)
{
	u8 *shadow = kasan_mem_to_shadow(addr);
	size_t left = size >> KASAN_SHADOW_SCALE_SHIFT;

	/* Not by memset(), which is checked. */
	while (left--)
		WRITE_ONCE(*shadow++, value);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_shadow_set);
#endif

/**
 * swim_pool_frame - the frame of a hunk
 * @pool: whose
 * @hunk: a block of the pool's heap
 *
 * Return: the frame, or NULL when no hunk of the pool can be there.
 */
struct swim_frame *swim_pool_frame(const struct swim_pool *pool, const void *hunk)
{
	if (pool->space)
		return swim_space_frame(pool->space, hunk);
	if (!swim_block_contains(&pool->range, hunk))
		return NULL;
	return (struct swim_frame *)&pool->frame[(hunk - pool->range.addr) /
						 swim_pool_hunk_size(pool)];
}

/**
 * swim_pool_next_frame - the first frame from a number on
 * @pool: any
 * @number: where to begin, and where it is
 *
 * Return: the frame, of which another pool may have the hunk; NULL when none is left.
 */
struct swim_frame *swim_pool_next_frame(const struct swim_pool *pool, u32 *number)
{
	struct swim_segment *segment;
	u32 index;

	if (!pool->space)
		return *number < pool->frames ? (struct swim_frame *)&pool->frame[*number] : NULL;
	index = *number / SWIM_SEGMENT_FRAMES;
	segment = swim_space_next(pool->space, &index);
	if (!segment)
		return NULL;
	if (index != *number / SWIM_SEGMENT_FRAMES)
		*number = index * SWIM_SEGMENT_FRAMES;
	return &segment->frame[*number % SWIM_SEGMENT_FRAMES];
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_pool_next_frame);

/* Zero an empty hunk from its header to @end. */
static void zero(struct swim_hunk *hunk, unsigned int end)
{
	void *begin = (void *)hunk + SWIM_HUNK_BEGIN;

	swim_unpoison(begin, end - SWIM_HUNK_BEGIN);
	memset(begin, 0, end - SWIM_HUNK_BEGIN);
	swim_poison(begin, end - SWIM_HUNK_BEGIN);
}

/**
 * swim_hunk_take - an empty open hunk, of which only the header is zeroed
 * @pool: for whom
 * @gfp: how its heap may grow for it
 *
 * Return: the hunk, or NULL when the heap is out of memory.
 */
struct swim_hunk *swim_hunk_take(struct swim_pool *pool, gfp_t gfp)
{
	const size_t size = swim_pool_hunk_size(pool);
	const struct swim_layout layout = { .size = size, .align = size };
	struct swim_block block;
	struct swim_hunk *hunk;

	if (swim_fail() || swim_heap_alloc(pool->heap, &layout, gfp, &block))
		return NULL;
	hunk = block.addr;
	memset(hunk, 0, SWIM_HUNK_BEGIN);
	swim_poison((void *)hunk + SWIM_HUNK_BEGIN, size - SWIM_HUNK_BEGIN);
	if (swim_pool_scanned(pool) && swim_pages_allowed())
		kmemleak_alloc(hunk, size, 0, gfp);
	hunk->pool = pool;
	hunk->frame = swim_pool_frame(pool, hunk);
	WRITE_ONCE(hunk->frame->base, (unsigned long)hunk);
	WRITE_ONCE(hunk->frame->pool, pool);
	atomic_long_inc(&pool->reclaim.hunks);
	/* Who sees it live sees whose it is: pairs with swim_hunk_hold(). */
	atomic_set_release(&hunk->frame->live, SWIM_HUNK_OPEN);
	swim_step(HUNK_OPEN);
	return hunk;
}

/**
 * swim_hunk_get - an empty open hunk
 * @pool: for whom
 * @gfp: how its heap may grow for it
 *
 * Return: the hunk, zeroed, or NULL when the heap is out of memory.
 */
struct swim_hunk *swim_hunk_get(struct swim_pool *pool, gfp_t gfp)
{
	struct swim_hunk *hunk = swim_hunk_take(pool, gfp);

	if (hunk)
		zero(hunk, swim_pool_hunk_size(pool));
	return hunk;
}

/**
 * swim_hunk_close - no object is added to a hunk from here on
 * @pool: whose
 * @hunk: open, and no CPU's current hunk any more
 * @mark: offset of its first unused byte
 *
 * Return: true when all of it is dead; then it is the caller's to put or reset.
 */
bool swim_hunk_close(struct swim_pool *pool, struct swim_hunk *hunk, unsigned int mark)
{
	struct swim_frame *frame = hunk->frame;

	WRITE_ONCE(frame->base, (unsigned long)hunk | mark);
	WRITE_ONCE(frame->closed, (u32)jiffies);
	swim_window();
	/* Full barrier: who sees it closed sees the mark. */
	if (atomic_add_return((int)(mark - SWIM_HUNK_BEGIN) - SWIM_HUNK_OPEN, &frame->live)) {
		swim_step(HUNK_CLOSE);
		return false;
	}
	swim_step(HUNK_CLOSE_DEAD);
	return true;
}

/**
 * swim_hunk_reopen - let objects be added to a closed hunk again
 * @frame: held by the caller, who then has an open hunk of his own
 * @mark: at which it was closed
 */
void swim_hunk_reopen(struct swim_frame *frame, unsigned int mark)
{
	atomic_add(SWIM_HUNK_OPEN - SWIM_HUNK_HOLD - (int)(mark - SWIM_HUNK_BEGIN), &frame->live);
	swim_step(HUNK_REOPEN);
}

/**
 * swim_hunk_reset - start an all-dead hunk over
 * @hunk: closed, nothing live, no reader left in it
 * @mark: at which it was closed
 */
void swim_hunk_reset(struct swim_hunk *hunk, unsigned int mark)
{
	zero(hunk, mark);
	atomic_set_release(&hunk->frame->live, SWIM_HUNK_OPEN);
	swim_step(HUNK_RESET);
}

/* A debug pool's hunk goes, and with it what tells who writes to dropped objects. */
static void check_dead(struct swim_pool *pool, struct swim_hunk *hunk)
{
	const void *end = (void *)hunk + swim_frame_mark(pool, hunk->frame);
	void *object = (void *)hunk + SWIM_HUNK_BEGIN + SWIM_TAG_SLOT;

	while (object <= end) {
		unsigned long value = swim_tag_read(swim_tag_of(object));
		size_t span = swim_tag_size(value) + swim_pool_behind(pool, value);

		if (!swim_tag_is(value, SWIM_TAG_DEAD) || span > end - object) {
			swim_report_overwritten("reuse", object);
			break;
		}
		swim_pool_check(pool, object, value);
		object += span + SWIM_TAG_SLOT;
	}
}

/**
 * swim_hunk_put_now - give an all-dead hunk back to its space
 * @hunk: live is 0 or was never anything else than OPEN, and no reader is left in it
 */
void swim_hunk_put_now(struct swim_hunk *hunk)
{
	struct swim_pool *pool = hunk->pool;
	const size_t size = swim_pool_hunk_size(pool);
	struct swim_block block = { hunk, pool->unit };
	struct swim_heap *heap = pool->heap;
	struct swim_frame *frame = hunk->frame;
	struct swim_hunk *reserve;

	if (swim_pool_scanned(pool))
		kmemleak_free(hunk);
	if (swim_pool_trailer(pool))
		check_dead(pool, hunk);
	swim_unpoison(hunk, size);
	if (want_init_on_free())
		memset(hunk, 0, size);
	reserve = swim_clean_take_reserve(pool, atomic_long_dec_return(&pool->reclaim.hunks));
	atomic_set(&frame->live, 0);
	swim_step(HUNK_PUT);
	WRITE_ONCE(frame->base, (unsigned long)hunk);
	/* The last look at the pool was before: pairs with pool_has_hunks(). */
	smp_store_release(&frame->pool, NULL);
	swim_window();
	WARN_ON_ONCE(swim_heap_free(heap, &block));
	/* As long as it has that hunk, the pool is there. */
	if (unlikely(reserve))
		swim_hunk_put_now(reserve);
}

static void hunk_put_rcu(struct rcu_head *rcu)
{
	swim_hunk_put_now(container_of(rcu, struct swim_hunk, rcu));
}

static void hunk_put_rcu_again(struct rcu_head *rcu)
{
	swim_step(HUNK_PUT_AGAIN);
	call_rcu(rcu, hunk_put_rcu);
}

/**
 * swim_hunk_put - give an all-dead hunk back as soon as no reader is left in it
 * @hunk: live is 0
 *
 * Where objects have moved that takes two grace periods. While one mover took a child
 * from here, another may have been copying its parent: readers come from the old parent
 * to the old child until the parent's lease has changed, which the first grace period
 * waits for, as that mover has interrupts off. The second is for these readers.
 */
void swim_hunk_put(struct swim_hunk *hunk)
{
	if (swim_hunk_has_readers(hunk)) {
		swim_step(HUNK_PUT_TWO);
		call_rcu(&hunk->rcu, hunk_put_rcu_again);
	} else if (hunk->pool->flags & SWIM_POOL_RCU) {
		swim_step(HUNK_PUT_ONE);
		call_rcu(&hunk->rcu, hunk_put_rcu);
	} else {
		swim_step(HUNK_PUT_NOW);
		swim_hunk_put_now(hunk);
	}
}

/**
 * swim_hunk_hold - keep a closed hunk from going away while it is walked
 * @frame: any frame of any segment
 * @pool: whose hunk it has to be
 *
 * Return: false when it is not a closed hunk of @pool, or held already.
 */
bool swim_hunk_hold(struct swim_frame *frame, const struct swim_pool *pool)
{
	int live = atomic_read(&frame->live);

	if (READ_ONCE(frame->pool) != pool)
		return false;
	do {
		if (live <= 0 || live > (int)SWIM_FRAME_SIZE) {
			swim_step(HUNK_HOLD_REFUSED);
			return false;
		}
		swim_window();
	} while (!atomic_try_cmpxchg(&frame->live, &live, live + SWIM_HUNK_HOLD) &&
		 swim_stepped(HUNK_HOLD_LOST));
	swim_step(HUNK_HOLD);
	/* It may have become another's meanwhile; that one waits for us in its destroy. */
	if (READ_ONCE(frame->pool) == pool)
		return true;
	swim_step(HUNK_HOLD_OTHERS);
	if (swim_hunk_unhold(frame, 0))
		swim_hunk_put(swim_frame_hunk(pool, frame));
	return false;
}

/**
 * swim_hunk_unhold - the end of swim_hunk_hold()
 * @frame: held by the caller
 * @moved: bytes, tags included, that he made dead here
 *
 * Return: true when all of it is dead now; then it is the caller's to put.
 */
bool swim_hunk_unhold(struct swim_frame *frame, unsigned int moved)
{
	if (atomic_sub_return(SWIM_HUNK_HOLD + moved, &frame->live)) {
		swim_step(HUNK_UNHOLD);
		return false;
	}
	swim_step(HUNK_UNHOLD_DEAD);
	return true;
}
