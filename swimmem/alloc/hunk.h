/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hunk: memory in which a pool lays objects one behind another. Most hunks are a frame of
 * a space, 64 KiB; where there is no room for these, a hunk is a page.
 *
 *	base                                    mark               base + size
 *	| header | tag object | tag object | ... | zero ........... |
 *
 * frame->live is the hunk's state and its count in one word:
 *
 *	0			no hunk
 *	OPEN - dead		current hunk of a CPU, or a mover's: the mark still moves
 *	used - dead		closed: bytes, tags included, that are not dead yet
 *	HOLD + used - dead	closed and held: it cannot go away under the one who walks it
 *
 *	             close: + used - OPEN        hold (only when > 0)
 *	  0 --> OPEN ----------------------> CLOSED <=============> HELD
 *	  ^      ^                              |       unhold       |
 *	  |      '----------- reopen -----------+--------------------+
 *	  '---- whoever makes it 0 gives the ---+--------------------'
 *	        hunk back, after a grace period where readers may be left in it
 *
 * Every free subtracts, so exactly one party sees 0. A closed hunk's mark stands in
 * the low bits of frame->base.
 */
#ifndef SWIMMEM_ALLOC_HUNK_H
#define SWIMMEM_ALLOC_HUNK_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <swimmem/segment.h>

#include "tag.h"

struct swim_pool;

#define SWIM_HUNK_OPEN		((int)BIT(20))
#define SWIM_HUNK_HOLD		((int)BIT(21))

/**
 * struct swim_lasting - an object that compaction has found pinned
 * @tag: its tag then
 * @since: when that was first, in jiffies
 * @at: its place in the hunk, in units of 8 bytes; 0 for no object
 * @told: it was named
 */
struct swim_lasting {
	unsigned long tag;
	u32 since;
	u16 at;
	bool told;
};

/**
 * struct swim_hunk - the header of a hunk, and of the extent of a large object
 * @pool: whose it is
 * @frame: its state; NULL for a large object
 * @rcu: to give it back after a grace period
 * @emptied: the next one of those that a mover has emptied
 * @lasting: while something lives here: the first object that was found pinned, if it still
 *	     is; the cleaner's, as long as he holds the hunk
 * @size: bytes of the extent, for a large object
 * @asked: somebody wants the object here that is visited (see relocate.c)
 * @moved: epoch of the pool's cleaner when the last object has moved out of here: readers may
 *	   be left; or 0
 * @stowed: objects have been stowed out of here: readers may be left
 * @filled: number of the cleaner's run that filled it, if one did
 */
struct swim_hunk {
	struct swim_pool *pool;
	struct swim_frame *frame;
	union {
		struct rcu_head rcu;
		struct swim_hunk *emptied;
		struct swim_lasting lasting;
	};
	union {
		size_t size;
		struct {
			bool asked;
			bool stowed;
			u32 moved;
			u32 filled;
		};
	};
};

static_assert(BITS_PER_LONG != 64 || sizeof(struct swim_hunk) <= 48);

/**
 * struct swim_large - the header of a large object's extent in a debug pool
 * @head: the header of any
 * @link: in the pool's list
 * @object: where it begins
 */
struct swim_large {
	struct swim_hunk head;
	struct list_head link;
	void *object;
};

/* In a hunk of 64 KiB; larger objects get extents of their own. */
#define SWIM_SMALL_MAX		(SWIM_FRAME_SIZE / 4)
static_assert(!(SWIM_SMALL_MAX & SWIM_TAG_NO_SIZE));

#define SWIM_HUNK_BEGIN		ALIGN(sizeof(struct swim_hunk), SWIM_TAG_SLOT)

/* The header of the hunk of 64 KiB that an object stands in. */
static inline struct swim_hunk *swim_hunk_of(const void *object)
{
	return (struct swim_hunk *)((unsigned long)object & SWIM_FRAME_MASK);
}

/* The header of a hunk of one page, or of an extent: in the page in which the tag stands. */
static inline struct swim_hunk *swim_hunk_of_page(const void *object)
{
	return (struct swim_hunk *)((unsigned long)swim_tag_of(object) & PAGE_MASK);
}

#endif
