// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large: objects of a pool that are too large for its hunks, each in an extent of its own:
 *
 *	| header | ... | tag object | rest |
 *
 * The tag stands in the first page, so that the header is one mask away. A debug pool has a
 * list of them, to find those that leak, and keeps a track behind each (track.h).
 */
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "../observe/trace.h"
#include "fail.h"
#include "pool.h"
#include "segment.h"

static size_t header_size(const struct swim_pool *pool)
{
	return swim_pool_trailer(pool) ? ALIGN(sizeof(struct swim_large), SWIM_TAG_SLOT) :
					 SWIM_HUNK_BEGIN;
}

static void list(struct swim_pool *pool, struct swim_hunk *head, void *object)
{
	struct swim_large *large = container_of(head, struct swim_large, head);
	unsigned long flags;

	large->object = object;
	raw_spin_lock_irqsave(&pool->larges_lock, flags);
	list_add_tail(&large->link, &pool->larges);
	raw_spin_unlock_irqrestore(&pool->larges_lock, flags);
}

static void unlist(struct swim_pool *pool, struct swim_hunk *head)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->larges_lock, flags);
	list_del(&container_of(head, struct swim_large, head)->link);
	raw_spin_unlock_irqrestore(&pool->larges_lock, flags);
}

/* The object of an extent goes. */
static void track_drop(struct swim_pool *pool, struct swim_hunk *head, size_t size, bool poison)
{
	void *object = container_of(head, struct swim_large, head)->object;

	unlist(pool, head);
	swim_track_drop(object, size, poison);
}

/**
 * swim_large_reserve - an extent for one object
 * @pool: for whom
 * @size: bytes
 * @align: of the object, at most a page
 * @gfp: how the heap may grow for it
 *
 * Return: the object, zeroed, with an unwritten tag; or ERR_PTR: -E2BIG, -ENOMEM.
 */
void *swim_large_reserve(struct swim_pool *pool, size_t size, size_t align, gfp_t gfp)
{
	const size_t front = ALIGN(header_size(pool) + SWIM_TAG_SLOT, align);
	const size_t trailer = swim_pool_trailer(pool);
	struct swim_layout layout = { .align = PAGE_SIZE };
	struct swim_block block;
	struct swim_hunk *head;
	int err;

	if (size > SWIM_SEGMENT_SIZE - front - trailer)
		return ERR_PTR(-SWIM_EOVERSIZED);
	if (swim_fail())
		return ERR_PTR(-SWIM_ENOMEM);
	layout.size = front + (trailer ? round_up(size, SWIM_OBJECT_ALIGN) + trailer : size);
	err = swim_heap_alloc(pool->heap, &layout, gfp, &block);
	if (err)
		return ERR_PTR(err);
	head = block.addr;
	memset(head, 0, block.size);
	if (swim_pool_scanned(pool) && swim_pages_allowed())
		kmemleak_alloc(head, block.size, 0, gfp);
	head->pool = pool;
	head->size = block.size;
	atomic_long_inc(&pool->large);
	atomic_long_add(round_up(size, SWIM_OBJECT_ALIGN), &pool->large_used);
	atomic_long_add(block.size, &pool->large_held);
	if (trailer) {
		swim_track_new(block.addr + front, round_up(size, SWIM_OBJECT_ALIGN));
		list(pool, head, block.addr + front);
	}
	trace_swim_alloc(pool->name, block.addr + front, size, gfp);
	swim_step(LARGE_GET);
	return block.addr + front;
}

static void put_now(struct swim_hunk *head)
{
	struct swim_pool *pool = head->pool;
	struct swim_block block = { head, head->size };

	if (swim_pool_scanned(pool))
		kmemleak_free(head);
	if (want_init_on_free())
		memset(head, 0, block.size);
	swim_step(LARGE_PUT);
	atomic_long_sub(block.size, &pool->large_held);
	WARN_ON_ONCE(swim_heap_free(pool->heap, &block));
}

static void put_rcu(struct rcu_head *rcu)
{
	put_now(container_of(rcu, struct swim_hunk, rcu));
}

static void retire(struct swim_pool *pool, struct swim_hunk *head, size_t size)
{
	atomic_long_dec(&pool->large);
	atomic_long_sub(size, &pool->large_used);
	swim_step(LARGE_RETIRE);
	call_rcu(&head->rcu, put_rcu);
}

/**
 * swim_large_retire - the end of a large object in which readers may be left
 * @head: of its extent; its object's tag is GOING, or still one that only the caller may change
 * @size: bytes, a multiple of 8
 */
void swim_large_retire(struct swim_hunk *head, size_t size)
{
	struct swim_pool *pool = head->pool;

	if (swim_pool_trailer(pool))
		track_drop(pool, head, size, false);
	retire(pool, head, size);
}

/**
 * swim_large_release - the end of a large object
 * @head: of its extent; its object's tag is GOING, or still one that only the caller may change
 * @size: bytes, a multiple of 8
 */
void swim_large_release(struct swim_hunk *head, size_t size)
{
	struct swim_pool *pool = head->pool;

	if (swim_pool_trailer(pool))
		track_drop(pool, head, size, !(pool->flags & SWIM_POOL_RCU));
	if (pool->flags & SWIM_POOL_RCU) {
		retire(pool, head, size);
		return;
	}
	atomic_long_dec(&pool->large);
	atomic_long_sub(size, &pool->large_used);
	put_now(head);
}

/**
 * swim_large_resize - resize in place, for swim_resize()
 * @pool: whose
 * @object: HELD, and large
 * @value: its tag
 * @size: bytes, not 0
 *
 * Return: 0, or -E2BIG when the extent has no room for it.
 */
int swim_large_resize(struct swim_pool *pool, void *object, unsigned long value, size_t size)
{
	struct swim_hunk *head = swim_hunk_of_page(object);
	const size_t trailer = swim_pool_trailer(pool);
	size_t before = swim_tag_size(value);

	if (size > (void *)head + head->size - trailer - object)
		return -SWIM_EOVERSIZED;
	size = round_up(size, SWIM_OBJECT_ALIGN);
	if (trailer)
		swim_track_resize(object, before, size);
	else if (size < before)
		memset(object + size, 0, before - size);
	atomic_long_add((long)size - (long)before, &pool->large_used);
	swim_tag_write(swim_tag_of(object), swim_tag_sized(SWIM_TAG_HELD, size, SWIM_TAG_APART));
	return 0;
}
