// SPDX-License-Identifier: GPL-2.0-only
/*
 * Salvage: room in hunks that are in use, for when there is no memory for another hunk.
 *
 * A closed hunk may have room beyond its mark, and holes where objects have died. Whoever
 * holds it (hunk.h) is alone in walking it, and DEAD, the last word of whoever let an object
 * go, becomes something else by his hands only. This looks at every hunk of the pool, and goes
 * through those in which enough has died, from the one on where there was a hole the last time.
 * It is not constant in time: it comes instead of "out of memory". Hunks in which readers may
 * be left are passed over.
 */
#include "walk.h"

/* Hold a hunk of the pool; @reuse: its dead objects are really nobody's. */
static bool hold(struct swim_pool *pool, struct swim_frame *frame, bool *reuse)
{
	if (!swim_hunk_hold(frame, pool))
		return false;
	*reuse = !(pool->flags & SWIM_POOL_RCU) &&
		 !swim_hunk_has_readers(swim_frame_hunk(pool, frame));
	return true;
}

static void unhold(struct swim_pool *pool, struct swim_frame *frame)
{
	if (swim_hunk_unhold(frame, 0))
		swim_hunk_put(swim_frame_hunk(pool, frame));
}

/**
 * swim_salvage_tail - open a closed hunk that has room beyond its mark
 * @pool: where
 * @need: bytes, tag included
 *
 * Return: a word as a CPU's next, of a hunk that is the caller's; SWIM_NO_HUNK if there is
 * none.
 */
unsigned long swim_salvage_tail(struct swim_pool *pool, size_t need)
{
	struct swim_frame *frame;
	u32 number;

	swim_for_each_frame(pool, number, frame) {
		unsigned int mark;
		bool reuse;

		/* A look from outside is a hint; what is held is looked at again. */
		if (swim_frame_mark(pool, frame) + need >= swim_pool_hunk_size(pool) ||
		    !hold(pool, frame, &reuse))
			continue;
		mark = swim_frame_mark(pool, frame);
		if (mark + need < swim_pool_hunk_size(pool) &&
		    !swim_hunk_has_readers(swim_frame_hunk(pool, frame))) {
			swim_hunk_reopen(frame, mark);
			swim_step(POOL_TAIL);
			return (unsigned long)swim_frame_hunk(pool, frame) + mark;
		}
		unhold(pool, frame);
	}
	return SWIM_NO_HUNK;
}

/* Bytes, tags included, that are dead where the walk is. */
static size_t dead_at(struct swim_walk walk)
{
	unsigned int begin = walk.at;

	while (walk.at < walk.end) {
		void *object = swim_walk_object(&walk);
		unsigned long value = swim_tag_read(swim_tag_of(object));

		if (!swim_tag_is(value, SWIM_TAG_DEAD) || !swim_walk_over_sized(&walk, value))
			break;
		swim_pool_check(walk.pool, object, value);
	}
	return walk.at - begin;
}

/* Where behind a tag slot an object can be that is aligned so. */
static unsigned long place(unsigned long at, size_t align)
{
	return ALIGN(at + SWIM_TAG_SLOT, align) - SWIM_TAG_SLOT;
}

/* Make an unwritten, zeroed object out of dead ones, whose hunk is held. */
static void *fill(struct swim_pool *pool, struct swim_frame *frame, unsigned long at, size_t dead,
		  size_t size, size_t align)
{
	const size_t need = swim_need(size) + swim_pool_trailer(pool);
	unsigned long slot = place(at, align);
	void *object = (void *)slot + SWIM_TAG_SLOT;
	size_t rest = at + dead - slot - need;

	swim_unpoison((void *)at, dead);
	memset((void *)slot, 0, need);
	swim_poison((void *)at + SWIM_TAG_SLOT, slot - at < SWIM_TAG_SLOT ? 0 :
						slot - at - SWIM_TAG_SLOT);
	if (rest)
		swim_poison((void *)slot + need + SWIM_TAG_SLOT, rest - SWIM_TAG_SLOT);
	/* What is left at either end is dead on its own. */
	if (rest)
		swim_tag_write(swim_tag_of((void *)slot + need + SWIM_TAG_SLOT),
			       swim_tag_sized(SWIM_TAG_DEAD, rest - SWIM_TAG_SLOT,
					      swim_pool_padding(pool)));
	if (slot != at)
		swim_tag_write(swim_tag_of((void *)at + SWIM_TAG_SLOT),
			       swim_tag_sized(SWIM_TAG_DEAD, slot - at - SWIM_TAG_SLOT,
					      swim_pool_padding(pool)));
	atomic_add(need, &frame->live);
	swim_step(POOL_HOLE);
	this_cpu_inc(pool->cpu->objects);
	return object;
}

static void *hole_in(struct swim_pool *pool, struct swim_frame *frame, size_t size, size_t align)
{
	const size_t need = swim_need(size) + swim_pool_trailer(pool);
	struct swim_walk walk;

	swim_walk_begin(&walk, pool, frame);
	while (walk.at < walk.end) {
		unsigned long at = (unsigned long)walk.hunk + walk.at;
		size_t dead = dead_at(walk);

		/* Pairs with swim_pool_retire(): readers may have been left there just now. */
		smp_rmb();
		swim_window();
		if (swim_hunk_has_readers(walk.hunk))
			break;
		/* Its last owner's writes come before this one's: a control dependency. */
		if (dead && place(at, align) + need <= at + dead)
			return fill(pool, frame, at, dead, size, align);
		walk.at += dead;
		if (!dead && !swim_walk_next(&walk))
			break;
	}
	return NULL;
}

/* Can there be a hole of so many bytes? A look from outside is a hint. */
static bool may_have(const struct swim_pool *pool, const struct swim_frame *frame, size_t need)
{
	const int live = atomic_read(&frame->live);

	return live > 0 && live + SWIM_HUNK_BEGIN + need <= swim_frame_mark(pool, frame);
}

/* In the frames from @number up to @end; where it was, in @number. */
static void *hole_from(struct swim_pool *pool, u32 *number, u32 end, size_t size, size_t align)
{
	const size_t need = swim_need(size) + swim_pool_trailer(pool);
	struct swim_frame *frame;
	void *object = NULL;
	bool reuse;

	for (; (frame = swim_pool_next_frame(pool, number)) && *number < end; ++*number) {
		if (!may_have(pool, frame, need) || !hold(pool, frame, &reuse))
			continue;
		if (reuse)
			object = hole_in(pool, frame, size, align);
		unhold(pool, frame);
		if (object)
			break;
	}
	return object;
}

/**
 * swim_salvage_hole - an object where others have died
 * @pool: where
 * @size: bytes
 * @align: of the object
 *
 * Return: the object, zeroed, with an unwritten tag; NULL when no hole is found.
 */
void *swim_salvage_hole(struct swim_pool *pool, size_t size, size_t align)
{
	/* Where the last one was there may be another one; before that all was looked at. */
	const u32 from = READ_ONCE(pool->salvaged);
	u32 number = from;
	void *object = hole_from(pool, &number, U32_MAX, size, align);

	if (!object) {
		number = 0;
		object = hole_from(pool, &number, from, size, align);
	}
	if (object)
		WRITE_ONCE(pool->salvaged, number);
	return object;
}
