/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_COMPACT_WALK_H
#define SWIMMEM_COMPACT_WALK_H

#include "relocate.h"

/**
 * struct swim_walk - a way through the objects of a closed hunk
 * @hunk: held by the walker
 * @at: offset of the next tag slot
 * @end: the mark at which it was closed
 */
struct swim_walk {
	struct swim_hunk *hunk;
	unsigned int at;
	unsigned int end;
};

static inline void swim_walk_begin(struct swim_walk *walk, const struct swim_frame *frame)
{
	walk->hunk = swim_frame_hunk(frame);
	walk->at = SWIM_HUNK_BEGIN;
	walk->end = swim_frame_mark(frame);
}

static inline void *swim_walk_object(const struct swim_walk *walk)
{
	return (void *)walk->hunk + walk->at + SWIM_TAG_SLOT;
}

/* Step over an object of @size bytes; false when none of that size can be there. */
static inline bool swim_walk_over(struct swim_walk *walk, size_t size)
{
	if (size > walk->end - walk->at - SWIM_TAG_SLOT)
		return false;
	walk->at += SWIM_TAG_SLOT + size;
	return true;
}

#endif
