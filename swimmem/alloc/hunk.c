// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hunk: from the space to a pool and back. The states are drawn in hunk.h.
 */
#include <linux/jiffies.h>
#include <linux/string.h>

#include "pool.h"
#include "space.h"

/**
 * swim_hunk_get - an empty open hunk
 * @pool: for whom
 * @gfp: how its space may grow for it
 *
 * Return: the hunk, or NULL when the space is out of memory.
 */
struct swim_hunk *swim_hunk_get(struct swim_pool *pool, gfp_t gfp)
{
	struct swim_block block;
	struct swim_hunk *hunk;

	if (swim_space_alloc(pool->space, SWIM_FRAME_SIZE, gfp, &block))
		return NULL;
	hunk = block.addr;
	memset(hunk, 0, SWIM_FRAME_SIZE);
	hunk->pool = pool;
	hunk->frame = swim_space_frame(pool->space, hunk);
	WRITE_ONCE(hunk->frame->pool, pool);
	/* Who sees it live sees whose it is: pairs with swim_hunk_hold(). */
	atomic_set_release(&hunk->frame->live, SWIM_HUNK_OPEN);
	return hunk;
}

/**
 * swim_hunk_close - no object is added to a hunk from here on
 * @hunk: open, and no CPU's current hunk any more
 * @mark: offset of its first unused byte
 *
 * Return: true when all of it is dead; then it is the caller's to put or reset.
 */
bool swim_hunk_close(struct swim_hunk *hunk, unsigned int mark)
{
	struct swim_frame *frame = hunk->frame;

	WRITE_ONCE(frame->base, (unsigned long)hunk | mark);
	WRITE_ONCE(frame->closed, (u32)jiffies);
	/* Full barrier: who sees it closed sees the mark. */
	return !atomic_add_return((int)(mark - SWIM_HUNK_BEGIN) - SWIM_HUNK_OPEN, &frame->live);
}

/**
 * swim_hunk_reset - start an all-dead hunk over
 * @hunk: closed, nothing live, no reader left in it
 * @mark: at which it was closed
 */
void swim_hunk_reset(struct swim_hunk *hunk, unsigned int mark)
{
	memset((char *)hunk + SWIM_HUNK_BEGIN, 0, mark - SWIM_HUNK_BEGIN);
	atomic_set_release(&hunk->frame->live, SWIM_HUNK_OPEN);
}

/**
 * swim_hunk_put_now - give an all-dead hunk back to its space
 * @hunk: live is 0 or was never anything else than OPEN, and no reader is left in it
 */
void swim_hunk_put_now(struct swim_hunk *hunk)
{
	struct swim_block block = { hunk, SWIM_FRAME_SIZE };
	struct swim_space *space = hunk->pool->space;
	struct swim_frame *frame = hunk->frame;

	atomic_set(&frame->live, 0);
	WRITE_ONCE(frame->base, (unsigned long)hunk);
	/* The last look at the pool was before: pairs with pool_has_hunks(). */
	smp_store_release(&frame->pool, NULL);
	WARN_ON_ONCE(swim_space_free(space, &block));
}

static void hunk_put_rcu(struct rcu_head *rcu)
{
	swim_hunk_put_now(container_of(rcu, struct swim_hunk, rcu));
}

static void hunk_put_rcu_again(struct rcu_head *rcu)
{
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
	if (hunk->moved)
		call_rcu(&hunk->rcu, hunk_put_rcu_again);
	else if (hunk->pool->flags & SWIM_POOL_RCU)
		call_rcu(&hunk->rcu, hunk_put_rcu);
	else
		swim_hunk_put_now(hunk);
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
		if (live <= 0 || live > (int)SWIM_FRAME_SIZE)
			return false;
	} while (!atomic_try_cmpxchg(&frame->live, &live, live + SWIM_HUNK_HOLD));
	/* It may have become another's meanwhile; that one waits for us in its destroy. */
	if (READ_ONCE(frame->pool) == pool)
		return true;
	if (swim_hunk_unhold(frame, 0))
		swim_hunk_put(swim_frame_hunk(frame));
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
	return !atomic_sub_return(SWIM_HUNK_HOLD + moved, &frame->live);
}
