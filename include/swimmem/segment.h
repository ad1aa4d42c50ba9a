/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segment: 2 MiB of a space, in 32 frames of 64 KiB, with a bit for each page.
 * Public only because a static space declares its own segments; clients use
 * <swimmem/space.h>.
 */
#ifndef SWIMMEM_SEGMENT_H
#define SWIMMEM_SEGMENT_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <asm/page.h>

struct swim_pool;

#define SWIM_FRAME_SHIFT	16
#define SWIM_FRAME_SIZE		BIT(SWIM_FRAME_SHIFT)
#define SWIM_FRAME_MASK		(~(SWIM_FRAME_SIZE - 1))
#define SWIM_FRAME_ORDER	(SWIM_FRAME_SHIFT - PAGE_SHIFT)

#define SWIM_SEGMENT_SIZE	SZ_2M
#define SWIM_SEGMENT_FRAMES	(SWIM_SEGMENT_SIZE / SWIM_FRAME_SIZE)
#define SWIM_SEGMENT_PAGES	(SWIM_SEGMENT_SIZE / PAGE_SIZE)
#define SWIM_SEGMENT_ORDER	(21 - PAGE_SHIFT)
#define SWIM_SEGMENT_ROWS	DIV_ROUND_UP(SWIM_SEGMENT_PAGES, BITS_PER_LONG)
#define SWIM_ORDERS		(SWIM_SEGMENT_ORDER + 1)

static_assert(PAGE_SHIFT <= SWIM_FRAME_SHIFT);

/**
 * struct swim_frame - 64 KiB of a segment, and the state of the hunk in it
 * @base: address of the frame, 0 without memory; in the low bits the mark at which its hunk
 *	  was closed
 * @pool: the pool whose hunk it is, else NULL
 * @live: state and live bytes of the hunk, see hunk.h; 0 when it is no hunk
 * @closed: jiffies when its hunk was closed
 */
struct swim_frame {
	unsigned long base;
	struct swim_pool *pool;
	atomic_t live;
	u32 closed;
};

/**
 * struct swim_segment - what a space knows of one segment
 * @row: a bit for each page, set when taken or absent
 * @missed: orders of which somebody found none here
 * @locked: bit 0: somebody changes what memory it has, or it has none
 * @frame: the frames
 * @order: of the page block that begins at a frame, or one of the marks in segment.c
 * @contiguous: largest order that an extent here can have
 * @pages: pages that are not absent
 * @index: of this segment in its space
 */
struct swim_segment {
	unsigned long row[SWIM_SEGMENT_ROWS];
	unsigned long missed;
	unsigned long locked;
	struct swim_frame frame[SWIM_SEGMENT_FRAMES];
	u8 order[SWIM_SEGMENT_FRAMES];
	u8 contiguous;
	u16 pages;
	u32 index;
};

#endif
