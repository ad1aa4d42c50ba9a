// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segment: 2 MiB as 32 frames of 64 KiB, and a bit for each page.
 *
 * The words that change are the rows: a set bit is a page that somebody has,
 * or that is absent. Whoever moves a bit from clear to set owns the page until
 * he clears it again; nothing else is shared. What tells of the memory behind the
 * pages (frame[].base, order[], contiguous, pages) is changed by the one who has the
 * segment's lock. A frame's memory comes and goes while he has every bit of it, too, and is
 * published by the release that clears them:
 *
 *	fill: base, order, pages          take: row, clear to set (full barrier)
 *	open: row, clear with release     then: base
 *
 * The lock is one bit. Nobody waits for it: who finds it set goes on as if there were
 * nothing to do here. A segment without memory is locked, for the one who has its index:
 *
 *	                      open, unlock               lock, claim, empty
 *	locked, all absent ------------------> memory ------------------------> locked, all absent
 *	                                       |    ^
 *	                                 lock  |    | unlock
 *	                                       v    |
 *	                 release: free frames become absent, with their bits set
 *	                 refill: an absent frame gets memory, and is opened
 *
 * Frames that come back one by one are not contiguous with their neighbours. So the first
 * that goes ends what is larger than a frame here, until all of the segment has gone.
 * (Documentation/models/segment.pml)
 *
 * An extent of at most a row of pages lies in one row and comes and goes with
 * one compare-and-swap. A longer one takes whole rows in ascending order and
 * gives back what it has when one is not free; when it is freed, the first
 * row decides who frees it.
 */
#include <linux/bitops.h>
#include <linux/mm.h>

#include "../compat.h"
#include "../observe/step.h"
#include "fail.h"
#include "segment.h"

#define FRAME_ABSENT	0xff	/* no memory here */
#define FRAME_WITHIN	0xfe	/* inside the block that begins at an earlier frame */
#define FRAME_SPLIT	0xfd	/* single pages, which were part of a block */
#define FRAME_PAGES	(SWIM_FRAME_SIZE / PAGE_SIZE)
#define ROW_ORDER	(BITS_PER_LONG == 64 ? 6 : 5)

/* Where extents of each order may begin in a row. */
static const unsigned long aligned_bits[] = {
	~0UL, ~0UL / 0x3, ~0UL / 0xf, ~0UL / 0xff, ~0UL / 0xffff,
#if BITS_PER_LONG == 64
	~0UL / 0xffffffff,
#endif
	1UL,
};

/**
 * swim_segment_init - make a segment without memory: every page is absent
 * @segment: zeroed; it is locked then
 * @index: its place in the space
 */
void swim_segment_init(struct swim_segment *segment, u32 index)
{
	segment->locked = 1;
	memset(segment->row, 0xff, sizeof(segment->row));
	memset(segment->order, FRAME_ABSENT, sizeof(segment->order));
	segment->index = index;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_init);

/**
 * swim_segment_lock - be the one who changes what memory a segment has
 * @segment: any
 *
 * Return: false when somebody else is, or when it has no memory. There is nothing to wait for.
 */
bool swim_segment_lock(struct swim_segment *segment)
{
	if (test_and_set_bit_lock(0, &segment->locked)) {
		swim_step(SEGMENT_LOCK_LOST);
		return false;
	}
	swim_step(SEGMENT_LOCK);
	return true;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_lock);

/**
 * swim_segment_unlock - the end of swim_segment_lock()
 * @segment: locked by the caller, and with memory
 */
void swim_segment_unlock(struct swim_segment *segment)
{
	clear_bit_unlock(0, &segment->locked);
	swim_step(SEGMENT_UNLOCK);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_unlock);

/* The bits of @pages pages from @bit on, all in one row. */
static unsigned long row_mask(unsigned int bit, unsigned int pages)
{
	return (~0UL >> (BITS_PER_LONG - pages)) << bit;
}

/**
 * swim_segment_open - let pages be taken that were absent or claimed until now
 * @segment: the segment
 * @page: the first
 * @pages: how many
 *
 * The caller holds these pages' bits.
 */
void swim_segment_open(struct swim_segment *segment, unsigned int page, unsigned int pages)
{
	while (pages) {
		unsigned int bit = page % BITS_PER_LONG;
		unsigned int n = min_t(unsigned int, pages, BITS_PER_LONG - bit);
		unsigned long *row = &segment->row[page / BITS_PER_LONG];
		unsigned long old = READ_ONCE(*row);

		swim_window();
		while (!try_cmpxchg_release(row, &old, old & ~row_mask(bit, n)))
			;
		page += n;
		pages -= n;
	}
	swim_step(SEGMENT_OPEN);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_open);

/* Where aligned runs of @pages clear bits begin. */
static noinline unsigned long row_fits_any(unsigned long row, unsigned int pages,
					   unsigned int order)
{
	unsigned long fit = ~row;
	unsigned int run;

	for (run = 1; fit && run < pages; run *= 2)
		fit &= fit >> min(run, pages - run);
	return fit & aligned_bits[order];
}

/* The same; a run that fills its alignment is clear where a sum does not carry to its last bit. */
static __always_inline unsigned long row_fits(unsigned long row, unsigned int pages,
					      unsigned int order)
{
	const unsigned long first = aligned_bits[order], last = first << (pages - 1);

	if (unlikely(pages != 1U << order))
		return row_fits_any(row, pages, order);
	return ~(((row & ~last) + ~last) | row) >> (pages - 1) & first;
}

static __always_inline int take_in_row(unsigned long *row, unsigned int pages, unsigned int order)
{
	unsigned long fit, old = READ_ONCE(*row);
	int bit;

	do {
		fit = row_fits(old, pages, order);
		if (!fit)
			return SWIM_RUN_NONE;
		bit = __ffs(fit);
		swim_window();
	} while (!try_cmpxchg(row, &old, old | row_mask(bit, pages)) &&
		 swim_stepped(ROW_TAKE_LOST));
	swim_step(ROW_TAKE);
	return bit;
}

/* The bits that an extent of @pages, longer than a row, has in its @n-th row. */
static unsigned long long_mask(unsigned int pages, unsigned int n)
{
	return row_mask(0, min_t(unsigned int, pages - n * BITS_PER_LONG, BITS_PER_LONG));
}

static bool set_if_clear(unsigned long *row, unsigned long mask)
{
	unsigned long old = READ_ONCE(*row);

	do {
		if (old & mask)
			return false;
		swim_window();
	} while (!try_cmpxchg(row, &old, old | mask));
	return true;
}

static __always_inline bool clear_if_set(unsigned long *row, unsigned long mask)
{
	unsigned long old = READ_ONCE(*row);

	do {
		if ((old & mask) != mask)
			return false;
		swim_window();
	} while (!try_cmpxchg_release(row, &old, old & ~mask) && swim_stepped(ROW_GIVE_LOST));
	return true;
}

/* 0, or why not. Looks first: having had to undo something means that others got on. */
static noinline int take_rows(unsigned long *row, unsigned int pages)
{
	unsigned int n, rows = DIV_ROUND_UP(pages, BITS_PER_LONG);

	for (n = 0; n < rows; n++)
		if (READ_ONCE(row[n]) & long_mask(pages, n))
			return SWIM_RUN_NONE;
	for (n = 0; n < rows; n++) {
		swim_window();
		if (!set_if_clear(&row[n], long_mask(pages, n)))
			break;
	}
	if (n == rows) {
		swim_step(ROWS_TAKE);
		return 0;
	}
	if (n)
		swim_step(ROWS_UNDO);
	while (n--)
		clear_if_set(&row[n], long_mask(pages, n));
	return SWIM_RUN_UNDONE;
}

/* While we have pages they stay what they are; are they what they were? */
static __always_inline int keep(struct swim_segment *segment, int page, unsigned int pages,
				unsigned int order)
{
	if (likely(order <= READ_ONCE(segment->contiguous)))
		return page;
	swim_segment_give(segment, page, pages);
	swim_step(ROW_UNDO);
	return SWIM_RUN_UNDONE;
}

/* A run of more than one row. */
static noinline int take_long(struct swim_segment *segment, unsigned int pages,
			      unsigned int order, unsigned int start)
{
	const unsigned int step = 1U << (order - ROW_ORDER);
	unsigned int i, n;
	int err, none = SWIM_RUN_NONE;

	for (i = 0; i < SWIM_SEGMENT_ROWS; i += step) {
		n = (round_down(start, step) + i) % SWIM_SEGMENT_ROWS;
		err = take_rows(&segment->row[n], pages);
		if (!err)
			return keep(segment, n * BITS_PER_LONG, pages, order);
		none = min(none, err);
	}
	return none;
}

/**
 * swim_segment_take - take a run of pages
 * @segment: where
 * @pages: how many
 * @order: the run is aligned to 2^order pages, and no longer
 * @start: row to look at first
 *
 * Context: Any but NMI. Looks at each row at most once.
 * Return: the first page, or SWIM_RUN_NONE or SWIM_RUN_UNDONE when no run is free.
 */
int swim_segment_take(struct swim_segment *segment, unsigned int pages, unsigned int order,
		      unsigned int start)
{
	unsigned int i, n;
	int bit;

	if (unlikely(order > READ_ONCE(segment->contiguous)))
		return SWIM_RUN_NONE;
	if (unlikely(order > ROW_ORDER))
		return take_long(segment, pages, order, start);
	for (i = 0; i < SWIM_SEGMENT_ROWS; i++) {
		n = (start + i) % SWIM_SEGMENT_ROWS;
		bit = take_in_row(&segment->row[n], pages, order);
		swim_window();
		if (bit >= 0)
			return keep(segment, n * BITS_PER_LONG + bit, pages, order);
	}
	return SWIM_RUN_NONE;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_take);

static noinline bool give_rows(unsigned long *row, unsigned int pages)
{
	unsigned int n, rows = DIV_ROUND_UP(pages, BITS_PER_LONG);

	for (n = 1; n < rows; n++)
		if (~READ_ONCE(row[n]) & long_mask(pages, n))
			return false;
	for (n = 0; n < rows; n++) {
		if (!clear_if_set(&row[n], long_mask(pages, n)))
			return false;
		swim_window();
	}
	swim_step(ROWS_GIVE);
	return true;
}

/**
 * swim_segment_give - give a run of pages back
 * @segment: where it is from
 * @page: the first
 * @pages: how many
 *
 * Return: false when they are not all taken, or cannot be one run; then nothing has changed.
 */
bool swim_segment_give(struct swim_segment *segment, unsigned int page, unsigned int pages)
{
	unsigned int bit = page % BITS_PER_LONG;
	unsigned long *row = &segment->row[page / BITS_PER_LONG];

	/* No run that was taken crosses the power of two that it fits in. */
	if (page + pages > SWIM_SEGMENT_PAGES || page % roundup_pow_of_two(pages))
		return false;
	if (pages <= BITS_PER_LONG)
		return clear_if_set(row, row_mask(bit, pages)) && swim_stepped(ROW_GIVE);
	return give_rows(row, pages);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_give);

/**
 * swim_segment_used - pages that somebody has
 * @segment: any
 */
unsigned int swim_segment_used(const struct swim_segment *segment)
{
	unsigned int absent = SWIM_SEGMENT_ROWS * BITS_PER_LONG - READ_ONCE(segment->pages);
	unsigned int n, set = 0;

	for (n = 0; n < SWIM_SEGMENT_ROWS; n++)
		set += hweight_long(READ_ONCE(segment->row[n]));
	/* Pages may have come since we looked how many are absent. */
	return max(set, absent) - absent;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_used);

/**
 * swim_segment_free_frames - frames that have memory and of which nobody has a page
 * @segment: any
 */
unsigned int swim_segment_free_frames(const struct swim_segment *segment)
{
	unsigned int n, frames = 0;

	for (n = 0; n < SWIM_SEGMENT_ROWS; n++)
		frames += hweight_long(row_fits(READ_ONCE(segment->row[n]), FRAME_PAGES,
						SWIM_FRAME_ORDER));
	return frames;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_free_frames);

/**
 * swim_segment_is_free - has nobody a page?
 * @segment: any
 *
 * Return: true also while somebody gives it back; false when it has no memory.
 */
bool swim_segment_is_free(const struct swim_segment *segment)
{
	unsigned int n;

	/* Where pages are large there are fewer of them than a row has bits; the others are set. */
	if (SWIM_SEGMENT_PAGES % BITS_PER_LONG ||
	    READ_ONCE(segment->pages) != SWIM_SEGMENT_PAGES)
		return READ_ONCE(segment->pages) && !swim_segment_used(segment);
	for (n = 0; n < SWIM_SEGMENT_ROWS; n++)
		if (READ_ONCE(segment->row[n]))
			return false;
	return true;
}

/* The absent pages among those of the @n-th row of a page-backed segment. */
static unsigned long row_absent(const struct swim_segment *segment, unsigned int n)
{
	unsigned long absent = 0;
	unsigned int bit;

	for (bit = 0; bit < BITS_PER_LONG; bit += FRAME_PAGES) {
		unsigned int frame = (n * BITS_PER_LONG + bit) / FRAME_PAGES;

		if (frame >= SWIM_SEGMENT_FRAMES || segment->order[frame] == FRAME_ABSENT)
			absent |= row_mask(bit, FRAME_PAGES);
	}
	return absent;
}

/**
 * swim_segment_claim - take every page of a segment at once
 * @segment: page-backed, locked by the caller
 *
 * Return: false when somebody has a page; then nothing has changed.
 */
bool swim_segment_claim(struct swim_segment *segment)
{
	unsigned int n;

	for (n = 0; n < SWIM_SEGMENT_ROWS; n++) {
		unsigned long absent = row_absent(segment, n);

		swim_window();
		if (cmpxchg(&segment->row[n], absent, ~0UL) != absent)
			break;
	}
	if (n == SWIM_SEGMENT_ROWS) {
		swim_step(SEGMENT_CLAIM);
		return true;
	}
	swim_step(SEGMENT_CLAIM_LOST);
	while (n--) {
		/* As in swim_segment_open(). */
		smp_store_release(&segment->row[n], row_absent(segment, n));
	}
	return false;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_claim);

static struct page *block_get(int node, gfp_t gfp, unsigned int order, unsigned int least)
{
	if (swim_fail() || !swim_pages_allowed())
		return NULL;
	/* What a smaller block can stand in for is not worth reclaim or a warning. */
	if (order > least)
		gfp = (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL)) | __GFP_NORETRY | __GFP_NOWARN;
	/* Without a node the caller's memory policy decides. */
	return node == NUMA_NO_NODE ? alloc_pages(gfp, order) : alloc_pages_node(node, gfp, order);
}

/**
 * swim_frame_pages - get the memory of one frame from the page allocator
 * @node: where it comes from, or NUMA_NO_NODE
 * @gfp: the caller's; sleeps if it says so
 *
 * Return: the first of the pages, which are one block, or NULL.
 */
struct page *swim_frame_pages(int node, gfp_t gfp)
{
	return block_get(node, gfp, SWIM_FRAME_ORDER, SWIM_FRAME_ORDER);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_frame_pages);

/* An absent frame gets memory. */
static void frame_fill(struct swim_segment *segment, unsigned int frame, u8 order, void *addr)
{
	segment->order[frame] = order;
	WRITE_ONCE(segment->frame[frame].base, (unsigned long)addr);
	set_page_private(virt_to_page(addr), segment->index * SWIM_SEGMENT_FRAMES + frame + 1);
}

/*
 * A frame becomes absent, and the block that begins there goes. What led to the pages goes
 * before them, for they may be another segment's at once.
 */
static void frame_empty(struct swim_segment *segment, unsigned int frame)
{
	void *addr = (void *)segment->frame[frame].base;
	const u8 order = segment->order[frame];

	set_page_private(virt_to_page(addr), 0);
	WRITE_ONCE(segment->frame[frame].base, 0);
	segment->order[frame] = FRAME_ABSENT;
	if (order == FRAME_SPLIT)
		free_pages_exact(addr, SWIM_FRAME_SIZE);
	else if (order != FRAME_WITHIN)
		free_pages((unsigned long)addr, order);
}

/* The block that a frame is part of becomes single pages, so that a part of them can go. */
static void block_split(struct swim_segment *segment, unsigned int frame)
{
	unsigned long base;
	u8 order;

	while (segment->order[frame] == FRAME_WITHIN)
		frame--;
	order = segment->order[frame];
	base = READ_ONCE(segment->frame[frame].base) & SWIM_FRAME_MASK;
	split_page(virt_to_page((void *)base), order);
	memset(&segment->order[frame], FRAME_SPLIT, 1U << (order - SWIM_FRAME_ORDER));
	swim_step(SEGMENT_SPLIT);
}

/**
 * swim_segment_fill - back a segment with pages
 * @segment: without memory, and the caller's
 * @node: where pages come from, or NUMA_NO_NODE
 * @gfp: the caller's; sleeps if it says so
 * @least: order of the smallest block that will do, at least a frame's
 * @frames: how many frames at the most
 *
 * Asks for large blocks first and for smaller ones when there are none.
 *
 * Return: frames that have memory now; the caller opens them, and unlocks the segment.
 * 0 when out of memory.
 */
unsigned int swim_segment_fill(struct swim_segment *segment, int node, gfp_t gfp,
			       unsigned int least, unsigned int frames)
{
	unsigned int frame = 0, order = SWIM_SEGMENT_ORDER, i;

	while (frame < frames) {
		struct page *page = NULL;

		while (order > least && frame + (1U << (order - SWIM_FRAME_ORDER)) > frames)
			order--;
		if (frame + (1U << (order - SWIM_FRAME_ORDER)) > frames)
			break;
		while (!(page = block_get(node, gfp, order, least)) && order > least)
			order--;
		if (!page)
			break;
		for (i = 0; i < 1U << (order - SWIM_FRAME_ORDER); i++, frame++)
			frame_fill(segment, frame, i ? FRAME_WITHIN : order,
				   page_address(page) + i * SWIM_FRAME_SIZE);
		/* Once memory comes in pieces, one more piece at a time is enough. */
		if (order < SWIM_SEGMENT_ORDER && !(gfp & __GFP_DIRECT_RECLAIM))
			break;
	}
	WRITE_ONCE(segment->contiguous, order);
	WRITE_ONCE(segment->pages, frame * FRAME_PAGES);
	swim_step(SEGMENT_FILL);
	return frame;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_fill);

/**
 * swim_segment_empty - give a segment's pages back to the page allocator
 * @segment: locked and claimed by the caller; it stays locked
 */
void swim_segment_empty(struct swim_segment *segment)
{
	unsigned int i;

	WRITE_ONCE(segment->contiguous, 0);
	WRITE_ONCE(segment->pages, 0);
	swim_step(SEGMENT_EMPTY);
	/* The first frame of a block comes last: it takes the block with it. */
	for (i = SWIM_SEGMENT_FRAMES; i--;)
		if (segment->order[i] != FRAME_ABSENT)
			frame_empty(segment, i);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_empty);

/**
 * swim_segment_release - give free frames of a segment back to the page allocator
 * @segment: page-backed, locked by the caller
 * @most: how many at the most
 *
 * Return: how many went. When there is no page left the segment stays locked.
 */
unsigned int swim_segment_release(struct swim_segment *segment, unsigned int most)
{
	unsigned int frame, n = 0;

	for (frame = 0; frame < SWIM_SEGMENT_FRAMES && n < most; frame++) {
		const unsigned int page = frame * FRAME_PAGES;

		/* Absent frames have their bits set, too. */
		if (!set_if_clear(&segment->row[page / BITS_PER_LONG],
				  row_mask(page % BITS_PER_LONG, FRAME_PAGES)))
			continue;
		/*
		 * Who takes pages of the frame when it is back sees this, by the release in
		 * swim_segment_open(), and does not take it for a part of what it was.
		 */
		swim_window();
		WRITE_ONCE(segment->contiguous, SWIM_FRAME_ORDER);
		WRITE_ONCE(segment->pages, segment->pages - FRAME_PAGES);
		if (segment->order[frame] != FRAME_SPLIT &&
		    segment->order[frame] != SWIM_FRAME_ORDER)
			block_split(segment, frame);
		frame_empty(segment, frame);
		swim_step(SEGMENT_RELEASE);
		n++;
	}
	return n;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_release);

/**
 * swim_segment_has_gap - are there absent frames that may be filled one by one?
 * @segment: page-backed, locked by the caller
 *
 * Return: true when it has memory, but not all, and no extent here is larger than a frame.
 */
bool swim_segment_has_gap(const struct swim_segment *segment)
{
	return segment->contiguous == SWIM_FRAME_ORDER && segment->pages &&
	       segment->pages != SWIM_SEGMENT_PAGES;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_has_gap);

/**
 * swim_segment_refill - let an absent frame have memory again, and be taken
 * @segment: locked by the caller
 * @pages: from swim_frame_pages(); the segment's from here on
 *
 * Return: false when there is no gap; then the pages are still the caller's.
 */
bool swim_segment_refill(struct swim_segment *segment, struct page *pages)
{
	unsigned int frame = 0;

	if (!swim_segment_has_gap(segment))
		return false;
	while (segment->order[frame] != FRAME_ABSENT)
		frame++;
	frame_fill(segment, frame, SWIM_FRAME_ORDER, page_address(pages));
	WRITE_ONCE(segment->pages, segment->pages + FRAME_PAGES);
	swim_segment_open(segment, frame * FRAME_PAGES, FRAME_PAGES);
	swim_step(SEGMENT_REFILL);
	return true;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_segment_refill);
