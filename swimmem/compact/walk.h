/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_COMPACT_WALK_H
#define SWIMMEM_COMPACT_WALK_H

#include "relocate.h"

/**
 * struct swim_walk - a way through the objects of a closed hunk
 * @pool: whose
 * @hunk: held by the walker
 * @at: offset of the next tag slot
 * @end: the mark at which it was closed
 */
struct swim_walk {
	struct swim_pool *pool;
	struct swim_hunk *hunk;
	unsigned int at;
	unsigned int end;
};

static inline void swim_walk_begin(struct swim_walk *walk, struct swim_pool *pool,
				   const struct swim_frame *frame)
{
	walk->pool = pool;
	walk->hunk = swim_frame_hunk(pool, frame);
	walk->at = SWIM_HUNK_BEGIN;
	walk->end = swim_frame_mark(pool, frame);
}

static inline void *swim_walk_object(const struct swim_walk *walk)
{
	return (void *)walk->hunk + walk->at + SWIM_TAG_SLOT;
}

/* Step over @bytes behind the tag slot; false when they cannot be there. */
static inline bool swim_walk_step(struct swim_walk *walk, size_t bytes)
{
	if (bytes > walk->end - walk->at - SWIM_TAG_SLOT)
		return false;
	walk->at += SWIM_TAG_SLOT + bytes;
	return true;
}

/* Step over an owned object of @size bytes; false when none of that size can be there. */
static inline bool swim_walk_over(struct swim_walk *walk, size_t size)
{
	return swim_walk_step(walk, size + swim_pool_trailer(walk->pool));
}

/* Step over one whose tag tells its size. */
static inline bool swim_walk_over_sized(struct swim_walk *walk, unsigned long value)
{
	return swim_walk_step(walk, swim_tag_size(value) + swim_pool_behind(walk->pool, value));
}

/*
 * Step over whatever is there; false when that is not possible now: it is in the middle of
 * something, or overwritten.
 */
static inline bool swim_walk_next(struct swim_walk *walk)
{
	void *object = swim_walk_object(walk);
	unsigned long value;
	size_t size;

	for (;;) {
		value = swim_tag_read(swim_tag_of(object));
		if (!swim_tag_is_owned(value))
			return swim_tag_is_walkable(value) && swim_walk_over_sized(walk, value);
		if (swim_measure(walk->pool, object, value, &size))
			return swim_walk_over(walk, size);
		if (swim_tag_read(swim_tag_of(object)) == value)
			return false;
	}
}

#endif
