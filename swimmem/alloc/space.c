// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address space: extents of whole pages out of segments.
 *
 *	space ── room[order]: a bit for each region
 *	  └─ region, 2048 segments ── top[order], room[order]: a bit for each segment
 *	       └─ page of 4 segments ── rows: a bit for each page
 *
 * A static space has its segments in an array and its room bits stand for them
 * directly. Tables and segment descriptions, once made, stay until the space is
 * destroyed, so a stale look at them is never a stray one; only the pages that
 * segments describe come and go.
 *
 * room is a hint that is never wrong for long: a set bit says that there may be an
 * extent of this order below. Who finds none clears it, from the leaf up, says so in
 * the segment (missed), and then looks again; who gives pages back looks whether
 * somebody missed them, and only then sets bits, from the leaf up. Between "say, then
 * look" and "give, then see" stand full barriers, room_none() with room_some(), so one
 * of the two always sees the other, and no room is lost. (Documentation/models/room.pml)
 *
 * Allocation looks at the segment that its CPU preferred last, then follows three
 * words to one that has room. Each miss clears a bit that a free has set: constant
 * time, amortised over the frees. All segments are looked at before the space grows for an
 * extent that is no power of two, which may fit where its order does not; and before it is
 * said that there is no memory.
 *
 * Free segments go back to the page allocator, and when memory is wanted free frames of the
 * others, too. A segment that gave frames back has a bit of its own in room, as if a gap were
 * one more order; but this one is set and cleared by who has the segment's lock, and so it is
 * true in the leaf. The space fills gaps before it takes a new segment.
 */
#include <linux/bitops.h>
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "../compat.h"
#include "../observe/registry.h"
#include "../observe/report.h"
#include "../observe/step.h"
#include "fail.h"
#include "heap.h"
#include "segment.h"
#include "space.h"

#define SEGMENTS_PER_PAGE	(PAGE_SIZE / roundup_pow_of_two(sizeof(struct swim_segment)))
#define REGION_WORDS		(SWIM_REGION_SEGMENTS / BITS_PER_LONG)
#define FRAME_PAGES		(SWIM_FRAME_SIZE / PAGE_SIZE)
#define ROOM_GAP		SWIM_ORDERS	/* absent frames, to be filled one by one */

struct swim_region {
	unsigned long top[SWIM_ORDERS + 1];
	unsigned long room[SWIM_ORDERS + 1][REGION_WORDS];
	unsigned long present[REGION_WORDS];
	void *page[SWIM_REGION_SEGMENTS / SEGMENTS_PER_PAGE];
};

static_assert(REGION_WORDS <= BITS_PER_LONG);
static_assert(sizeof(struct swim_segment) <= PAGE_SIZE);
static_assert(SWIM_SPACE_MAX <= LONG_MAX);
static_assert(SWIM_SPACE_MAX / SWIM_SEGMENT_SIZE <= SWIM_REGIONS * SWIM_REGION_SEGMENTS);

/**
 * swim_space_segments - an upper bound of the indices of segments
 * @space: any
 */
u32 swim_space_segments(const struct swim_space *space)
{
	u32 region;

	if (space->segment)
		return __SWIM_STATIC_SEGMENTS(space->fixed.size);
	for (region = 0; region < SWIM_REGIONS; region++)
		if (!READ_ONCE(space->region[region]))
			break;
	return region * SWIM_REGION_SEGMENTS;
}

/**
 * swim_space_segment - a segment by its index
 * @space: any
 * @index: below swim_space_segments()
 *
 * Return: the segment, or NULL when there never was one.
 */
struct swim_segment *swim_space_segment(const struct swim_space *space, u32 index)
{
	struct swim_region *region;
	char *page;

	if (space->segment)
		return &space->segment[index];
	/* Pairs with the cmpxchg() in region_make(). */
	region = smp_load_acquire(&space->region[index / SWIM_REGION_SEGMENTS]);
	if (!region)
		return NULL;
	index %= SWIM_REGION_SEGMENTS;
	/* Pairs with the cmpxchg() in segment_make(). */
	page = smp_load_acquire(&region->page[index / SEGMENTS_PER_PAGE]);
	if (!page)
		return NULL;
	return (void *)(page + index % SEGMENTS_PER_PAGE * (PAGE_SIZE / SEGMENTS_PER_PAGE));
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_space_segment);

/**
 * swim_space_next - the first segment from an index on
 * @space: any
 * @index: where to begin, and where it is
 *
 * Return: the segment, or NULL when there is none left.
 */
struct swim_segment *swim_space_next(const struct swim_space *space, u32 *index)
{
	struct swim_segment *segment;
	u32 end = swim_space_segments(space);

	while (*index < end) {
		segment = swim_space_segment(space, *index);
		if (segment)
			return segment;
		/* A page has the descriptions of several. */
		*index = round_up(*index + 1, SEGMENTS_PER_PAGE);
	}
	return NULL;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_space_next);

/* Is this address in the frame that has its place in the segment, as in one block of 2 MiB? */
static bool segment_covers(const struct swim_segment *segment, unsigned long addr)
{
	const unsigned int frame = addr % SWIM_SEGMENT_SIZE / SWIM_FRAME_SIZE;

	return (READ_ONCE(segment->frame[frame].base) ^ addr) < SWIM_FRAME_SIZE;
}

/*
 * The segment of an address and its page there, or NULL when it is not of this
 * space. What page_private() says is checked, so that any address may be asked for.
 */
static struct swim_segment *segment_of(const struct swim_space *space, const void *addr,
				       unsigned int *page)
{
	unsigned long base = (unsigned long)addr & SWIM_FRAME_MASK;
	struct swim_segment *segment;
	unsigned long number;

	if (space->segment) {
		unsigned long first = (unsigned long)space->fixed.addr & ~(SWIM_SEGMENT_SIZE - 1UL);

		if (!swim_block_contains(&space->fixed, addr))
			return NULL;
		number = ((unsigned long)addr - first) / PAGE_SIZE;
		*page = number % SWIM_SEGMENT_PAGES;
		return &space->segment[number / SWIM_SEGMENT_PAGES];
	}
	/* Most often the address is of the segment that this CPU prefers. */
	segment = raw_cpu_read(space->cpu->preferred);
	if (likely(segment && segment_covers(segment, (unsigned long)addr))) {
		*page = (unsigned long)addr % SWIM_SEGMENT_SIZE / PAGE_SIZE;
		return segment;
	}
	if (!virt_addr_valid((void *)base))
		return NULL;
	number = page_private(virt_to_page((void *)base)) - 1;
	if (number / SWIM_SEGMENT_FRAMES >= swim_space_segments(space))
		return NULL;
	segment = swim_space_segment(space, number / SWIM_SEGMENT_FRAMES);
	number %= SWIM_SEGMENT_FRAMES;
	if (!segment || (READ_ONCE(segment->frame[number].base) & SWIM_FRAME_MASK) != base)
		return NULL;
	*page = number * FRAME_PAGES + ((unsigned long)addr - base) / PAGE_SIZE;
	return segment;
}

/**
 * swim_space_frame - the frame that an address lies in
 * @space: where it was got from
 * @addr: inside an extent that the caller holds
 */
struct swim_frame *swim_space_frame(const struct swim_space *space, const void *addr)
{
	unsigned int page;
	struct swim_segment *segment = segment_of(space, addr, &page);

	return segment ? &segment->frame[page / FRAME_PAGES] : NULL;
}

static void *page_address_in(const struct swim_segment *segment, unsigned int page)
{
	return (void *)((segment->frame[page / FRAME_PAGES].base & SWIM_FRAME_MASK) +
			page % FRAME_PAGES * PAGE_SIZE);
}

/* Say that there may be an extent of this order in a segment, up the tree. */
static void room_set(struct swim_space *space, u32 index, unsigned int order)
{
	struct swim_region *region;
	unsigned int bit = index % SWIM_REGION_SEGMENTS;

	if (space->segment) {
		set_bit(index, &space->room[order]);
		return;
	}
	region = space->region[index / SWIM_REGION_SEGMENTS];
	set_bit(bit, region->room[order]);
	swim_window();
	/* Below before above: pairs with summary_clear(). */
	smp_mb__after_atomic();
	set_bit(bit / BITS_PER_LONG, &region->top[order]);
	swim_window();
	/* The same. */
	smp_mb__after_atomic();
	set_bit(index / SWIM_REGION_SEGMENTS, &space->room[order]);
}

/* A segment has memory now: there may be extents of any order, up to this one. */
static void room_upto(struct swim_space *space, struct swim_segment *segment, unsigned int most)
{
	unsigned int order;

	for (order = 0; order <= most; order++)
		room_set(space, segment->index, order);
}

/* Say so where somebody has missed an extent. */
static noinline void room_missed(struct swim_space *space, struct swim_segment *segment)
{
	unsigned long missed;

	while ((missed = READ_ONCE(segment->missed))) {
		clear_bit(__ffs(missed), &segment->missed);
		/* Whoever clears the bits of room after this says so in missed again. */
		smp_mb__after_atomic();
		swim_window();
		room_set(space, segment->index, __ffs(missed));
		swim_step(ROOM_SOME);
	}
}

/* There may be extents again in a segment where somebody missed them. */
static __always_inline void room_some(struct swim_space *space, struct swim_segment *segment)
{
	/* Give, then see who missed it: pairs with the one in room_none(). */
	smp_mb();
	if (unlikely(READ_ONCE(segment->missed)))
		room_missed(space, segment);
}

/* Clear a bit of a summary; true when what it sums up has room after all: it is set again. */
static bool summary_clear(unsigned int bit, unsigned long *summary, const unsigned long *below)
{
	clear_bit(bit, summary);
	swim_window();
	/* Above before below: pairs with room_some(). */
	smp_mb__after_atomic();
	if (!READ_ONCE(*below)) {
		swim_step(ROOM_CLIMB);
		return false;
	}
	set_bit(bit, summary);
	swim_step(ROOM_CLIMB_BACK);
	return true;
}

static void room_clear(struct swim_space *space, u32 at, unsigned int order)
{
	summary_clear(at, &space->room[order], &space->region[at]->top[order]);
}

static void top_clear(struct swim_space *space, u32 at, unsigned int word, unsigned int order)
{
	struct swim_region *region = space->region[at];

	if (summary_clear(word, &region->top[order], &region->room[order][word])) {
		/* While it was clear the bit above may have been cleared for it. */
		smp_mb__after_atomic();
		set_bit(at, &space->room[order]);
	}
}

/* The opposite of room_set(). */
static void room_unset(struct swim_space *space, u32 index, unsigned int order)
{
	struct swim_region *region;
	unsigned int bit = index % SWIM_REGION_SEGMENTS;

	if (space->segment) {
		clear_bit(index, &space->room[order]);
		return;
	}
	region = space->region[index / SWIM_REGION_SEGMENTS];
	clear_bit(bit, region->room[order]);
	/* The word is looked at after this bit of it is gone. */
	smp_mb__after_atomic();
	if (!READ_ONCE(region->room[order][bit / BITS_PER_LONG]))
		top_clear(space, index / SWIM_REGION_SEGMENTS, bit / BITS_PER_LONG, order);
	if (!READ_ONCE(region->top[order]))
		room_clear(space, index / SWIM_REGION_SEGMENTS, order);
}

/* Say that a segment has no extent of this order. */
static void room_none(struct swim_space *space, struct swim_segment *segment, unsigned int order)
{
	room_unset(space, segment->index, order);
	swim_window();
	/* In this order: see room_some(). */
	smp_mb__before_atomic();
	set_bit(order, &segment->missed);
	swim_step(ROOM_NONE);
	/* Say that it was missed, then look: pairs with the one in room_some(). */
	smp_mb__after_atomic();
}

/* The first segment that may have an extent of this order, or -1. */
static int room_find(struct swim_space *space, unsigned int order)
{
	unsigned long word, top;

	while ((word = READ_ONCE(space->room[order]))) {
		unsigned int at = __ffs(word);
		struct swim_region *region;

		if (space->segment)
			return at;
		region = space->region[at];
		swim_window();
		top = READ_ONCE(region->top[order]);
		if (!top) {
			swim_step(ROOM_STALE);
			room_clear(space, at, order);
			continue;
		}
		top = __ffs(top);
		word = READ_ONCE(region->room[order][top]);
		if (!word) {
			swim_step(ROOM_STALE_TOP);
			top_clear(space, at, top, order);
			continue;
		}
		return at * SWIM_REGION_SEGMENTS + top * BITS_PER_LONG + __ffs(word);
	}
	return -1;
}

/* The first segment from an index on that may have an extent of this order, or a gap. */
static struct swim_segment *next_with_room(const struct swim_space *space, unsigned int order,
					   u32 *index)
{
	const struct swim_region *region;
	struct swim_segment *segment;
	u32 end = swim_space_segments(space), bit;

	while (*index < end) {
		/* Pairs with the cmpxchg() in region_make(). */
		region = smp_load_acquire(&space->region[*index / SWIM_REGION_SEGMENTS]);
		bit = find_next_bit(region->room[order], SWIM_REGION_SEGMENTS,
				    *index % SWIM_REGION_SEGMENTS);
		*index = round_down(*index, SWIM_REGION_SEGMENTS) + bit;
		if (bit == SWIM_REGION_SEGMENTS)
			continue;
		segment = swim_space_segment(space, *index);
		if (segment)
			return segment;
		(*index)++;
	}
	return NULL;
}

#define for_each_segment_with_room(space, order, index, segment)			\
	for ((index) = 0; ((segment) = next_with_room(space, order, &(index))); (index)++)

/* Say whether a segment has a gap; its lock is the caller's. */
static void room_gap(struct swim_space *space, struct swim_segment *segment)
{
	const struct swim_region *region = space->region[segment->index / SWIM_REGION_SEGMENTS];
	const bool gap = swim_segment_has_gap(segment);

	if (gap == test_bit(segment->index % SWIM_REGION_SEGMENTS, region->room[ROOM_GAP]))
		return;
	if (gap)
		room_set(space, segment->index, ROOM_GAP);
	else
		room_unset(space, segment->index, ROOM_GAP);
}

/* Reserve up to @want bytes under the limit, in whole frames. */
static size_t size_reserve(struct swim_space *space, size_t want)
{
	long size = atomic_long_read(&space->size);
	size_t get;

	do {
		get = min_t(size_t, want, (space->limit - size) & SWIM_FRAME_MASK);
		if (!get)
			return 0;
		swim_window();
	} while (!atomic_long_try_cmpxchg(&space->size, &size, size + get) &&
		 swim_stepped(SPACE_SIZE_LOST));
	return get;
}

static struct swim_region *region_make(struct swim_space *space, u32 at, gfp_t gfp)
{
	struct swim_region *old, *region = READ_ONCE(space->region[at]);

	if (region)
		return region;
	if (swim_fail())
		return NULL;
	region = (void *)__get_free_pages(gfp | __GFP_ZERO, get_order(sizeof(*region)));
	if (!region)
		return NULL;
	old = cmpxchg(&space->region[at], NULL, region);
	if (!old)
		return region;
	free_pages((unsigned long)region, get_order(sizeof(*region)));
	return old;
}

/* The description of a segment, made together with its neighbours in one page. */
static struct swim_segment *segment_make(struct swim_space *space, u32 index, gfp_t gfp)
{
	struct swim_segment *segment = swim_space_segment(space, index);
	const u32 first = round_down(index, SEGMENTS_PER_PAGE);
	struct swim_region *region = space->region[index / SWIM_REGION_SEGMENTS];
	void **slot = &region->page[index % SWIM_REGION_SEGMENTS / SEGMENTS_PER_PAGE];
	char *page;
	u32 i;

	if (segment)
		return segment;
	page = swim_fail() ? NULL : (void *)get_zeroed_page(gfp);
	if (!page)
		return NULL;
	for (i = 0; i < SEGMENTS_PER_PAGE; i++)
		swim_segment_init((void *)(page + i * (PAGE_SIZE / SEGMENTS_PER_PAGE)), first + i);
	if (cmpxchg(slot, NULL, page))
		free_page((unsigned long)page);
	return swim_space_segment(space, index);
}

/* Claim the lowest index without a segment, and its description. */
static struct swim_segment *segment_claim_index(struct swim_space *space, gfp_t gfp)
{
	struct swim_segment *segment;
	struct swim_region *region;
	u32 at, bit;

	for (at = 0; at < SWIM_REGIONS; at++) {
		region = region_make(space, at, gfp);
		if (!region)
			return NULL;
		do {
			bit = find_first_zero_bit(region->present, SWIM_REGION_SEGMENTS);
			swim_window();
		} while (bit < SWIM_REGION_SEGMENTS && test_and_set_bit(bit, region->present) &&
			 swim_stepped(SPACE_INDEX_LOST));
		if (bit == SWIM_REGION_SEGMENTS)
			continue;
		segment = segment_make(space, at * SWIM_REGION_SEGMENTS + bit, gfp);
		if (!segment)
			clear_bit(bit, region->present);
		return segment;
	}
	return NULL;
}

static void segment_release_index(struct swim_space *space, u32 index)
{
	struct swim_region *region = space->region[index / SWIM_REGION_SEGMENTS];

	clear_bit_unlock(index % SWIM_REGION_SEGMENTS, region->present);
}

/* What only decides how the pages are got; they are ours, plain and in the kernel's map. */
static gfp_t gfp_for_pages(gfp_t gfp)
{
	return gfp & (__GFP_RECLAIM | __GFP_HIGH | __GFP_IO | __GFP_FS | __GFP_NOWARN |
		      __GFP_RETRY_MAYFAIL | __GFP_NORETRY | __GFP_MEMALLOC |
		      __GFP_NOMEMALLOC | __GFP_HARDWALL | __GFP_ACCOUNT | __GFP_THISNODE);
}

static int grow(struct swim_space *space, unsigned int order, gfp_t gfp)
{
	struct swim_segment *segment;
	unsigned int frames;
	size_t size;

	if (swim_fail() || !swim_pages_allowed())
		return -SWIM_ENOMEM;
	gfp = gfp_for_pages(gfp);
	size = size_reserve(space, SWIM_SEGMENT_SIZE);
	if (!size)
		return -SWIM_ENOMEM;
	segment = segment_claim_index(space, gfp);
	if (!segment) {
		atomic_long_sub(size, &space->size);
		return -SWIM_ENOMEM;
	}
	frames = swim_segment_fill(segment, space->node, gfp,
				   max_t(unsigned int, order, SWIM_FRAME_ORDER),
				   size / SWIM_FRAME_SIZE);
	atomic_long_sub(size - frames * SWIM_FRAME_SIZE, &space->size);
	if (!frames) {
		segment_release_index(space, segment->index);
		return -SWIM_ENOMEM;
	}
	swim_segment_open(segment, 0, frames * FRAME_PAGES);
	room_gap(space, segment);
	swim_segment_unlock(segment);
	room_upto(space, segment, SWIM_SEGMENT_ORDER);
	swim_step(SPACE_GROW);
	return 0;
}

/* Give a frame's pages to a segment with a gap; others are at those that are locked. */
static bool refill_with(struct swim_space *space, struct page *pages)
{
	struct swim_segment *segment;
	bool done = false;
	u32 index;

	for_each_segment_with_room(space, ROOM_GAP, index, segment) {
		if (!swim_segment_lock(segment))
			continue;
		done = swim_segment_refill(segment, pages);
		room_gap(space, segment);
		swim_segment_unlock(segment);
		if (done)
			break;
	}
	if (done)
		room_upto(space, segment, SWIM_FRAME_ORDER);
	return done;
}

/* Fill an absent frame of a segment in use. Return: 0, -ENOMEM, or 1 when there is none. */
static int refill(struct swim_space *space, gfp_t gfp)
{
	struct page *pages;

	if (room_find(space, ROOM_GAP) < 0)
		return 1;
	if (!size_reserve(space, SWIM_FRAME_SIZE))
		return -SWIM_ENOMEM;
	swim_window();
	pages = swim_frame_pages(space->node, gfp_for_pages(gfp));
	if (pages && refill_with(space, pages)) {
		swim_step(SPACE_REFILL);
		return 0;
	}
	/* Somebody else was quicker, or is at it. */
	if (pages) {
		swim_step(SPACE_REFILL_LOST);
		__free_pages(pages, SWIM_FRAME_ORDER);
	}
	atomic_long_sub(SWIM_FRAME_SIZE, &space->size);
	return pages ? 1 : -SWIM_ENOMEM;
}

/* Get memory for an extent of this order. */
static int more(struct swim_space *space, unsigned int order, gfp_t gfp)
{
	int err = order > SWIM_FRAME_ORDER ? 1 : refill(space, gfp);

	return err > 0 ? grow(space, order, gfp) : err;
}

/**
 * swim_space_grow - add memory to a space
 * @space: page-backed
 * @gfp: how to get it; sleeps if it says so
 *
 * Adds a segment of 2 MiB, or as much of one as the limit leaves and the page
 * allocator has, in pieces of at least 64 KiB.
 *
 * Context: Any but NMI, as @gfp allows. Under PREEMPT_RT nothing is added where nobody may sleep.
 * Return: 0; -ENOMEM when there are no pages or the limit is reached; -EINVAL without a space;
 * -EOPNOTSUPP for a static one. (Model: heaps, "can grow")
 */
int swim_space_grow(struct swim_space *space, gfp_t gfp)
{
	if (!space)
		return -SWIM_EMISALIGNED;
	if (space->segment)
		return -SWIM_EUNSUPPORTED;
	return grow(space, 0, gfp);
}
EXPORT_SYMBOL_GPL(swim_space_grow);

/* The memory of a segment went, all or a part of it; the caller has its lock, and lets go of it. */
static void memory_gone(struct swim_space *space, struct swim_segment *segment, size_t size)
{
	atomic_long_sub(size, &space->size);
	room_gap(space, segment);
	if (segment->pages) {
		swim_segment_unlock(segment);
	} else {
		segment_release_index(space, segment->index);
		swim_step(SPACE_SHRINK);
	}
}

/*
 * Give a segment back that has become free; returns its bytes. When somebody has its lock, or
 * pages cannot go from here, it stays, until the next who frees or trims.
 */
static size_t segment_put(struct swim_space *space, struct swim_segment *segment)
{
	size_t size;

	if (!swim_segment_is_free(segment) || !swim_pages_allowed() || !swim_segment_lock(segment))
		return 0;
	if (!swim_segment_claim(segment)) {
		swim_segment_unlock(segment);
		/* Somebody may have found no room while we had some of it. */
		room_some(space, segment);
		return 0;
	}
	size = (size_t)segment->pages * PAGE_SIZE;
	swim_segment_empty(segment);
	memory_gone(space, segment, size);
	return size;
}

/* Give free frames of a segment back, of @most bytes or a little more; returns their bytes. */
static size_t frames_put(struct swim_space *space, struct swim_segment *segment, size_t most)
{
	const size_t frames = DIV_ROUND_UP(min_t(size_t, most, SWIM_SEGMENT_SIZE),
					   SWIM_FRAME_SIZE);
	size_t size;

	if (!swim_segment_free_frames(segment) || !swim_pages_allowed() ||
	    !swim_segment_lock(segment))
		return 0;
	size = swim_segment_release(segment, frames) * SWIM_FRAME_SIZE;
	memory_gone(space, segment, size);
	return size;
}

/**
 * swim_space_trim - give all free segments back to the page allocator
 * @space: any; a static one has nothing to give
 *
 * Context: Any but NMI. Under PREEMPT_RT nothing goes back where nobody may sleep.
 * Return: bytes given back.
 */
size_t swim_space_trim(struct swim_space *space)
{
	struct swim_segment *segment;
	size_t freed = 0;
	u32 index;

	if (!space || space->segment)
		return 0;
	swim_for_each_segment(space, index, segment)
		freed += segment_put(space, segment);
	return freed;
}
EXPORT_SYMBOL_GPL(swim_space_trim);

/**
 * swim_space_free_bytes - what swim_space_release() can give back
 * @space: any
 *
 * Context: Any but NMI. Looks at the rows of segments where a frame may be free, not at others.
 * Return: bytes of free frames; 0 for a static space.
 */
size_t swim_space_free_bytes(const struct swim_space *space)
{
	struct swim_segment *segment;
	size_t frames = 0;
	u32 index;

	if (space->segment)
		return 0;
	for_each_segment_with_room(space, SWIM_FRAME_ORDER, index, segment)
		frames += swim_segment_free_frames(segment);
	return frames * SWIM_FRAME_SIZE;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_space_free_bytes);

/**
 * swim_space_release - give free memory back to the page allocator, of segments in use too
 * @space: any; a static one has nothing to give
 * @most: bytes at which to stop; it may be some more, for segments that are free go whole
 *
 * Free segments go first, then free frames of 64 KiB. Extents larger than a frame are not given
 * out of a segment that has lost frames, until all of it has gone. Asks for no memory and
 * waits for nobody.
 *
 * Context: as swim_space_trim().
 * Return: bytes given back.
 */
size_t swim_space_release(struct swim_space *space, size_t most)
{
	struct swim_segment *segment;
	size_t freed = 0;
	u32 index;

	if (space->segment)
		return 0;
	for_each_segment_with_room(space, SWIM_FRAME_ORDER, index, segment) {
		if (freed >= most)
			return freed;
		freed += segment_put(space, segment);
	}
	for_each_segment_with_room(space, SWIM_FRAME_ORDER, index, segment) {
		if (freed >= most)
			return freed;
		freed += frames_put(space, segment, most - freed);
	}
	return freed;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_space_release);

static void *take_from(struct swim_space *space, struct swim_segment *segment, unsigned int pages,
		       unsigned int order)
{
	/* Each CPU begins at a row of its own, so that they do not share one. */
	int page = swim_segment_take(segment, pages, order, raw_smp_processor_id());

	/* What we had for a moment somebody else may have missed. */
	if (page == SWIM_RUN_UNDONE) {
		swim_step(SPACE_UNDONE);
		room_some(space, segment);
	}
	return page < 0 ? NULL : page_address_in(segment, page);
}

static void *take(struct swim_space *space, unsigned int pages, unsigned int order)
{
	struct swim_segment *segment = raw_cpu_read(space->cpu->preferred);
	void *addr = NULL;
	int index;

	if (likely(segment))
		addr = take_from(space, segment, pages, order);
	while (unlikely(!addr)) {
		index = room_find(space, order);
		if (index < 0)
			return NULL;
		segment = swim_space_segment(space, index);
		addr = take_from(space, segment, pages, order);
		if (!addr) {
			room_none(space, segment, order);
			addr = take_from(space, segment, pages, order);
			if (addr) {
				swim_step(ROOM_LAST_LOOK);
				room_some(space, segment);
			}
		}
		if (addr)
			raw_cpu_write(space->cpu->preferred, segment);
	}
	return addr;
}

/* Look at every segment. */
static void *take_anywhere(struct swim_space *space, unsigned int pages, unsigned int order)
{
	struct swim_segment *segment;
	void *addr = NULL;
	u32 index;

	swim_for_each_segment(space, index, segment) {
		/* Those of a static space that was not added say nothing yet. */
		if (READ_ONCE(segment->pages))
			addr = take_from(space, segment, pages, order);
		if (addr) {
			swim_step(SPACE_ANYWHERE);
			break;
		}
	}
	return addr;
}

static __always_inline int got(struct swim_space *space, void *addr, unsigned int pages,
			       struct swim_block *block)
{
	this_cpu_inc(space->cpu->live);
	*block = (struct swim_block){ addr, pages * PAGE_SIZE };
	return 0;
}

/* What this CPU's segment has not. */
static noinline int alloc_slow(struct swim_space *space, unsigned int pages, unsigned int order,
			       gfp_t gfp, struct swim_block *block)
{
	void *addr;

	while (!(addr = take(space, pages, order))) {
		/* One that is no power of two may fit where one of its order does not. */
		if (!is_power_of_2(pages))
			addr = take_anywhere(space, pages, order);
		if (!addr && !space->segment && !more(space, order, gfp))
			continue;
		/* The hints may be behind: before it is said that there is none, look. */
		addr = addr ?: take_anywhere(space, pages, order);
		if (!addr)
			return -SWIM_ENOMEM;
		break;
	}
	return got(space, addr, pages, block);
}

/**
 * swim_space_alloc - get an extent
 * @space: where from
 * @size: bytes; rounded up to whole pages. 0 gives the empty block
 * @gfp: what to do when the space must grow for it; sleeps if it says so
 * @block: the extent, aligned to the power of two that its size fits in. Its
 *	   content is undefined
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -E2BIG for more than a segment (2 MiB) or the space's limit; -ENOMEM
 * when it is out of memory, or at its limit; -EINVAL without space or block. On an
 * error @block is untouched. (Model: heaps, address space)
 */
int swim_space_alloc(struct swim_space *space, size_t size, gfp_t gfp, struct swim_block *block)
{
	struct swim_segment *segment;
	unsigned int pages, order;
	void *addr = NULL;

	if (unlikely(!space || !block))
		return -SWIM_EMISALIGNED;
	if (unlikely(!size)) {
		*block = (struct swim_block){};
		return 0;
	}
	if (unlikely(size > SWIM_SEGMENT_SIZE || size > space->limit))
		return -SWIM_EOVERSIZED;
	pages = PAGE_ALIGN(size) / PAGE_SIZE;
	order = order_base_2(pages);
	segment = raw_cpu_read(space->cpu->preferred);
	if (likely(segment))
		addr = take_from(space, segment, pages, order);
	return likely(addr) ? got(space, addr, pages, block) :
			      alloc_slow(space, pages, order, gfp, block);
}
EXPORT_SYMBOL_GPL(swim_space_alloc);

/* Have all these pages memory, in a segment where some have none? */
static noinline bool is_present(const struct swim_segment *segment, unsigned int page,
				unsigned int pages)
{
	unsigned int frame;

	if (page + pages > SWIM_SEGMENT_PAGES)
		return false;
	for (frame = page / FRAME_PAGES; frame * FRAME_PAGES < page + pages; frame++)
		if (!READ_ONCE(segment->frame[frame].base))
			return false;
	return true;
}

/* Has a block, whose begin is in a segment, memory to its end? */
static bool within(const struct swim_space *space, const struct swim_segment *segment,
		   const struct swim_block *block, unsigned int page)
{
	if (space->segment)
		return swim_block_contains(&space->fixed, block->addr + block->size - 1);
	return READ_ONCE(segment->pages) == SWIM_SEGMENT_PAGES ||
	       is_present(segment, page, block->size / PAGE_SIZE);
}

/* What is not of this CPU's segment, or that has not all of its memory. */
static noinline int free_other(struct swim_space *space, const struct swim_block *block)
{
	struct swim_segment *segment;
	unsigned int page;

	segment = segment_of(space, block->addr, &page);
	if (segment && !within(space, segment, block, page))
		return -SWIM_EMISALIGNED;
	if (!segment || !swim_segment_give(segment, page, block->size / PAGE_SIZE))
		return -SWIM_EMISALIGNED;
	this_cpu_dec(space->cpu->live);
	if (segment != raw_cpu_read(space->cpu->preferred) && !space->segment &&
	    swim_segment_is_free(segment) && segment_put(space, segment))
		return 0;
	room_some(space, segment);
	return 0;
}

/**
 * swim_space_free - give an extent back
 * @space: where it is from
 * @block: as swim_space_alloc() gave it; the empty block is nothing to do
 *
 * A segment that becomes free goes back to the page allocator, unless this CPU
 * prefers it.
 *
 * Context: Any but NMI.
 * Return: 0; -EINVAL when the block is not an extent of this space that is in use:
 * outside, misaligned, or free already. Then nothing has changed.
 */
int swim_space_free(struct swim_space *space, const struct swim_block *block)
{
	struct swim_segment *segment;
	unsigned int page;

	if (unlikely(!space || !block))
		return -SWIM_EMISALIGNED;
	if (unlikely(swim_block_empty(block)))
		return 0;
	if (unlikely(!PAGE_ALIGNED((unsigned long)block->addr | block->size) ||
		     block->size > SWIM_SEGMENT_SIZE))
		return -SWIM_EMISALIGNED;
	segment = raw_cpu_read(space->cpu->preferred);
	if (unlikely(!segment || !segment_covers(segment, (unsigned long)block->addr) ||
		     READ_ONCE(segment->pages) != SWIM_SEGMENT_PAGES))
		return free_other(space, block);
	page = (unsigned long)block->addr % SWIM_SEGMENT_SIZE / PAGE_SIZE;
	if (unlikely(!swim_segment_give(segment, page, block->size / PAGE_SIZE)))
		return -SWIM_EMISALIGNED;
	this_cpu_dec(space->cpu->live);
	room_some(space, segment);
	return 0;
}
EXPORT_SYMBOL_GPL(swim_space_free);

/**
 * swim_space_stats - a space in numbers
 * @space: any
 * @stats: the numbers; exact when nobody allocates or frees meanwhile
 *
 * Context: Any but NMI.
 */
void swim_space_stats(struct swim_space *space, struct swim_space_stats *stats)
{
	struct swim_segment *segment;
	u32 index;
	int cpu;

	*stats = (struct swim_space_stats){
		.limit = space->limit,
		.size = atomic_long_read(&space->size),
	};
	swim_for_each_segment(space, index, segment) {
		stats->used += (size_t)swim_segment_used(segment) * PAGE_SIZE;
		stats->segments += !!READ_ONCE(segment->pages);
	}
	for_each_possible_cpu(cpu)
		stats->live += READ_ONCE(per_cpu_ptr(space->cpu, cpu)->live);
}
EXPORT_SYMBOL_GPL(swim_space_stats);

/* Open the pages of a static space: they begin and end anywhere in a segment. */
static void fixed_open(struct swim_space *space)
{
	unsigned long begin = (unsigned long)space->fixed.addr;
	unsigned long end = begin + space->fixed.size;
	unsigned long at = begin & ~(SWIM_SEGMENT_SIZE - 1UL);
	u32 index, frame;

	for (index = 0; index < swim_space_segments(space); index++, at += SWIM_SEGMENT_SIZE) {
		struct swim_segment *segment = &space->segment[index];
		unsigned long from = max(begin, at), to = min(end, at + SWIM_SEGMENT_SIZE);

		swim_segment_init(segment, index);
		for (frame = 0; frame < SWIM_SEGMENT_FRAMES; frame++)
			segment->frame[frame].base = at + frame * SWIM_FRAME_SIZE;
		segment->contiguous = SWIM_SEGMENT_ORDER;
		if (from >= to)
			continue;
		segment->pages = (to - from) / PAGE_SIZE;
		swim_segment_open(segment, (from - at) / PAGE_SIZE, segment->pages);
		room_upto(space, segment, SWIM_SEGMENT_ORDER);
	}
	atomic_long_set(&space->size, space->fixed.size);
}

/**
 * swim_space_add - make a static space usable
 * @space: from DEFINE_SWIM_SPACE()
 *
 * Context: Process, may sleep.
 * Return: 0; -EEXIST when a space of this name exists, this one included; -EINVAL
 * when the space is not static.
 */
int swim_space_add(struct swim_space *space)
{
	int err;

	if (!space || !space->segment)
		return -SWIM_EMISALIGNED;
	err = swim_registry_add_space(space);
	if (err)
		return err;
	memset(space->room, 0, sizeof(space->room));
	fixed_open(space);
	return 0;
}
EXPORT_SYMBOL_GPL(swim_space_add);

/**
 * swim_space_frames - how many hunks of 64 KiB a space may have
 * @space: any
 */
unsigned int swim_space_frames(const struct swim_space *space)
{
	unsigned long begin = (unsigned long)space->fixed.addr;
	unsigned long end = begin + space->fixed.size;

	if (!space->segment)
		return UINT_MAX;
	begin = ALIGN(begin, SWIM_FRAME_SIZE);
	return end > begin ? (end - begin) / SWIM_FRAME_SIZE : 0;
}

static int heap_alloc(struct swim_heap *heap, const struct swim_layout *layout, gfp_t gfp,
		      struct swim_block *block)
{
	if (layout->align > SWIM_SEGMENT_SIZE)
		return -SWIM_EMISALIGNED;
	/* An extent is aligned to the power of two that it fits in. */
	return swim_space_alloc(container_of(heap, struct swim_space, heap),
				max(layout->size, layout->align > PAGE_SIZE ? layout->align : 0),
				gfp, block);
}

static int heap_free(struct swim_heap *heap, const struct swim_block *block)
{
	return swim_space_free(container_of(heap, struct swim_space, heap), block);
}

static void heap_stats(struct swim_heap *heap, struct swim_heap_stats *stats)
{
	struct swim_space_stats space;

	swim_space_stats(container_of(heap, struct swim_space, heap), &space);
	*stats = (struct swim_heap_stats){ space.size, space.used, space.live };
}

const struct swim_heap_ops swim_space_heap_ops = {
	.alloc = heap_alloc,
	.free = heap_free,
	.stats = heap_stats,
};
EXPORT_SYMBOL_GPL(swim_space_heap_ops);

static_assert(sizeof(struct swim_space) <= PAGE_SIZE);

static void tables_free(struct swim_space *space)
{
	u32 at, page;

	for (at = 0; at < SWIM_REGIONS && space->region[at]; at++) {
		for (page = 0; page < ARRAY_SIZE(space->region[at]->page); page++)
			free_page((unsigned long)space->region[at]->page[page]);
		free_pages((unsigned long)space->region[at],
			   get_order(sizeof(struct swim_region)));
	}
}

/**
 * swim_space_make - swim_space_create_node() without a reference to the module
 * @name: of the space
 * @limit: bytes
 * @node: where pages come from
 */
struct swim_space *swim_space_make(const char *name, size_t limit, int node)
{
	char checked[SWIM_NAME_MAX];
	struct swim_space *space;
	int err = swim_registry_name(checked, name);

	if (err)
		return ERR_PTR(err);
	if (limit && limit < SWIM_FRAME_SIZE)
		return ERR_PTR(-SWIM_EMISALIGNED);
	if (node != NUMA_NO_NODE && (node < 0 || node >= MAX_NUMNODES || !node_online(node)))
		return ERR_PTR(-SWIM_EMISALIGNED);
	space = swim_fail() ? NULL : (void *)get_zeroed_page(GFP_KERNEL);
	if (!space)
		return ERR_PTR(-SWIM_ENOMEM);
	/* What it leads to is to be found there. */
	kmemleak_alloc(space, PAGE_SIZE, 0, GFP_KERNEL);
	space->heap.ops = &swim_space_heap_ops;
	space->limit = limit ? min_t(size_t, limit, SWIM_SPACE_MAX) : SWIM_SPACE_MAX;
	space->node = node;
	strscpy(space->name, checked, sizeof(space->name));
	mutex_init(&space->clean);
	err = -SWIM_ENOMEM;
	if (!swim_fail())
		space->cpu = alloc_percpu_gfp(struct swim_space_cpu, GFP_KERNEL | __GFP_NOWARN);
	if (!space->cpu)
		goto free_space;
	err = swim_registry_add_space(space);
	if (err)
		goto free_cpu;
	return space;

free_cpu:
	free_percpu(space->cpu);
free_space:
	kmemleak_free(space);
	free_page((unsigned long)space);
	return ERR_PTR(err);
}

/**
 * swim_space_create_node - make a page-backed space on a NUMA node
 * @name: unique among spaces: 1 to 31 printable characters, no slash
 * @limit: bytes that it may grow to; 0 for no other limit than SWIM_SPACE_MAX
 * @node: where its pages come from, first; with __GFP_THISNODE in an allocation's gfp nowhere
 *	  else. NUMA_NO_NODE for the one of whoever needs them
 *
 * The space begins empty and grows when it is asked.
 *
 * Context: Process, may sleep.
 * Return: the space, or ERR_PTR: -EINVAL for a bad name, a limit below 64 KiB, a node that is
 * not online; -EEXIST for a name in use, -ENOMEM; -EPERM, and a report, where nobody may sleep.
 * (Model: heaps, address space)
 */
struct swim_space *swim_space_create_node(const char *name, size_t limit, int node)
{
	struct swim_space *space;

	if (!swim_may_sleep("space created"))
		return ERR_PTR(-SWIM_ECONTEXT);
	space = swim_space_make(name, limit, node);
	if (!IS_ERR(space))
		__module_get(THIS_MODULE);
	return space;
}
EXPORT_SYMBOL_GPL(swim_space_create_node);

/**
 * swim_space_create - make a page-backed space
 * @name: as for swim_space_create_node()
 * @limit: the same
 *
 * Context: Process, may sleep.
 * Return: as swim_space_create_node(), for NUMA_NO_NODE. (Model: heaps, address space)
 */
struct swim_space *swim_space_create(const char *name, size_t limit)
{
	return swim_space_create_node(name, limit, NUMA_NO_NODE);
}
EXPORT_SYMBOL_GPL(swim_space_create);

/**
 * swim_space_unmake - swim_space_destroy() without a reference to the module
 * @space: any
 */
int swim_space_unmake(struct swim_space *space)
{
	struct swim_space_stats stats;

	swim_space_stats(space, &stats);
	if (stats.used) {
		swim_report("space '%s' destroyed with %ld extents, %zu bytes in use",
			    space->name, stats.live, stats.used);
		return -SWIM_EALIASED;
	}
	swim_registry_del_space(space);
	if (space->segment)
		return 0;
	swim_space_trim(space);
	tables_free(space);
	free_percpu(space->cpu);
	kmemleak_free(space);
	free_page((unsigned long)space);
	return 0;
}

/**
 * swim_space_destroy - the end of a space
 * @space: from swim_space_create(), or added by swim_space_add(), which may be
 *	   added again afterwards; nobody else uses it any more
 *
 * Context: Process, may sleep.
 * Return: 0; -EBUSY, and one report, when extents are in use, and then the space is
 * what it was; -EINVAL without a space, or for one that is not added; -EPERM, and a report,
 * where nobody may sleep.
 */
int swim_space_destroy(struct swim_space *space)
{
	bool fixed;
	int err;

	if (IS_ERR_OR_NULL(space))
		return -SWIM_EMISALIGNED;
	if (!swim_may_sleep("space destroyed"))
		return -SWIM_ECONTEXT;
	fixed = space->segment;
	if (fixed && !swim_registry_has_space(space))
		return -SWIM_EMISALIGNED;
	err = swim_space_unmake(space);
	if (!err && !fixed)
		module_put(THIS_MODULE);
	return err;
}
EXPORT_SYMBOL_GPL(swim_space_destroy);
