// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of swimmem/alloc/segment.c: runs of pages out of 2 MiB.
 */
#include <linux/mm.h>

#include "../kunit.h"
#include "../../swimmem/alloc/segment.h"

#define FRAME_PAGES	(SWIM_FRAME_SIZE / PAGE_SIZE)

/* The rows of a segment, to compare them with what they were. */
struct rows {
	unsigned long row[SWIM_SEGMENT_ROWS];
};

static struct rows rows_of(const struct swim_segment *segment)
{
	struct rows rows;

	memcpy(rows.row, segment->row, sizeof(rows.row));
	return rows;
}

#define EXPECT_ROWS(test, segment, rows)					\
	KUNIT_EXPECT_EQ_MSG(test, memcmp((segment)->row, (rows).row, sizeof((rows).row)), 0, \
			    "the rows have changed")

static bool page_is_free(const struct swim_segment *segment, unsigned int page)
{
	return !(segment->row[page / BITS_PER_LONG] & 1UL << page % BITS_PER_LONG);
}

/* Every page open, without memory: taking and giving look at bits only. */
static void open_all(struct swim_segment *segment)
{
	memset(segment, 0, sizeof(*segment));
	swim_segment_init(segment, 0);
	segment->contiguous = SWIM_SEGMENT_ORDER;
	segment->pages = SWIM_SEGMENT_PAGES;
	swim_segment_open(segment, 0, SWIM_SEGMENT_PAGES);
}

static int segment_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct swim_segment), GFP_KERNEL);
	if (!test->priv)
		return -ENOMEM;
	open_all(test->priv);
	return swim_kunit_init(test);
}

static void segment_without_memory_gives_nothing(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int order;

	memset(segment, 0, sizeof(*segment));
	swim_segment_init(segment, 7);
	KUNIT_EXPECT_EQ(test, segment->index, 7U);
	KUNIT_EXPECT_EQ(test, swim_segment_used(segment), 0U);
	for (order = 0; order < SWIM_ORDERS; order++)
		KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 1U << order, order, 0), -1);
	/* It is locked until it gets memory. */
	KUNIT_EXPECT_FALSE(test, swim_segment_lock(segment));
	KUNIT_EXPECT_EQ(test, swim_segment_used(segment), 0U);
	KUNIT_EXPECT_EQ(test, swim_segment_free_frames(segment), 0U);
}

static void only_opened_pages_are_given(struct kunit *test)
{
	const unsigned int first = 60, pages = 75; /* over two borders of rows */
	struct swim_segment *segment = test->priv;
	unsigned int n;

	memset(segment, 0, sizeof(*segment));
	swim_segment_init(segment, 0);
	segment->contiguous = SWIM_SEGMENT_ORDER;
	segment->pages = pages;
	swim_segment_open(segment, first, pages);
	KUNIT_EXPECT_EQ(test, swim_segment_used(segment), 0U);
	for (n = 1; n <= pages; n++) {
		int page = swim_segment_take(segment, 1, 0, n);

		KUNIT_ASSERT_GE(test, page, (int)first);
		KUNIT_ASSERT_LT(test, page, (int)(first + pages));
		KUNIT_EXPECT_EQ(test, swim_segment_used(segment), n);
	}
	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 1, 0, 0), -1);
}

static void runs_of_every_order_fill_the_segment_aligned_and_apart(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	const struct rows before = rows_of(segment);
	unsigned int order;

	for (order = 0; order < SWIM_ORDERS; order++) {
		const unsigned int runs = SWIM_SEGMENT_PAGES >> order;
		DECLARE_BITMAP(seen, SWIM_SEGMENT_PAGES);
		unsigned int n;

		bitmap_zero(seen, SWIM_SEGMENT_PAGES);
		for (n = 0; n < runs; n++) {
			int page = swim_segment_take(segment, 1U << order, order, n);

			KUNIT_ASSERT_GE(test, page, 0);
			KUNIT_ASSERT_EQ(test, page % (1 << order), 0);
			KUNIT_ASSERT_FALSE(test, test_bit(page, seen));
			__set_bit(page, seen);
			KUNIT_ASSERT_EQ(test, swim_segment_used(segment), (n + 1) << order);
		}
		KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 1U << order, order, 0), -1);
		for (n = 0; n < SWIM_SEGMENT_PAGES; n += 1U << order)
			KUNIT_ASSERT_TRUE(test, swim_segment_give(segment, n, 1U << order));
		EXPECT_ROWS(test, segment, before);
	}
}

static void runs_of_any_length_take_their_pages_and_no_other(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int pages, n;

	for (pages = 1; pages <= SWIM_SEGMENT_PAGES; pages++) {
		const unsigned int order = order_base_2(pages);
		int page = swim_segment_take(segment, pages, order, pages / 3);
		unsigned int wrong = 0;

		KUNIT_ASSERT_GE(test, page, 0);
		KUNIT_ASSERT_EQ(test, page % (1 << order), 0);
		KUNIT_ASSERT_EQ(test, swim_segment_used(segment), pages);
		for (n = 0; n < SWIM_SEGMENT_PAGES; n++)
			wrong += page_is_free(segment, n) == (n >= page && n < page + pages);
		KUNIT_ASSERT_EQ(test, wrong, 0U);
		KUNIT_ASSERT_TRUE(test, swim_segment_give(segment, page, pages));
		KUNIT_ASSERT_EQ(test, swim_segment_used(segment), 0U);
	}
}

static void what_a_long_run_leaves_of_its_last_row_is_for_others(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int n;

	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, BITS_PER_LONG + 1, 7, 0), 0);
	for (n = BITS_PER_LONG + 1; n < SWIM_SEGMENT_PAGES; n++)
		KUNIT_ASSERT_GE(test, swim_segment_take(segment, 1, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 1, 0, 1), -1);
	KUNIT_EXPECT_EQ(test, swim_segment_used(segment), (unsigned int)SWIM_SEGMENT_PAGES);
}

static void run_begins_in_the_row_that_was_asked_for(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int row;

	for (row = 0; row < 3 * SWIM_SEGMENT_ROWS; row++) {
		int page = swim_segment_take(segment, 1, 0, row);

		KUNIT_EXPECT_EQ(test, page / BITS_PER_LONG, row % SWIM_SEGMENT_ROWS);
	}
}

static void run_longer_than_the_memory_is_contiguous_is_refused(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	const struct rows before = rows_of(segment);
	unsigned int order;

	segment->contiguous = 5;
	for (order = 6; order < SWIM_ORDERS; order++)
		KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 1U << order, order, 0), -1);
	EXPECT_ROWS(test, segment, before);
	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 32, 5, 0), 0);
}

static void long_run_that_does_not_fit_changes_nothing(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	struct rows before;
	unsigned int row;

	/* One page in the last row of each pair. */
	for (row = 1; row < SWIM_SEGMENT_ROWS; row += 2)
		KUNIT_ASSERT_GE(test, swim_segment_take(segment, 1, 0, row), 0);
	before = rows_of(segment);
	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 128, 7, 0), -1);
	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 65, 7, 0), -1);
	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 512, 9, 0), -1);
	EXPECT_ROWS(test, segment, before);
}

static void run_that_is_free_already_is_not_given(struct kunit *test)
{
	static const unsigned int lengths[] = { 1, 2, 3, 32, 63, 64, 65, 100, 128, 300, 512 };
	struct swim_segment *segment = test->priv;
	const struct rows before = rows_of(segment);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		const unsigned int pages = lengths[i];
		int page = swim_segment_take(segment, pages, order_base_2(pages), 0);

		KUNIT_ASSERT_GE(test, page, 0);
		KUNIT_EXPECT_TRUE(test, swim_segment_give(segment, page, pages));
		KUNIT_EXPECT_FALSE_MSG(test, swim_segment_give(segment, page, pages), "%u", pages);
		EXPECT_ROWS(test, segment, before);
	}
}

static void run_that_is_free_in_part_is_not_given(struct kunit *test)
{
	static const unsigned int holes[] = { 0, 1, 63, 64, 100, 127, 128, 191 };
	struct swim_segment *segment = test->priv;
	struct rows before;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(holes); i++) {
		open_all(segment);
		KUNIT_ASSERT_EQ(test, swim_segment_take(segment, 192, 8, 0), 0);
		KUNIT_ASSERT_TRUE(test, swim_segment_give(segment, holes[i], 1));
		before = rows_of(segment);
		KUNIT_EXPECT_FALSE_MSG(test, swim_segment_give(segment, 0, 192), "%u", holes[i]);
		EXPECT_ROWS(test, segment, before);
	}
	open_all(segment);
	KUNIT_ASSERT_EQ(test, swim_segment_take(segment, 1, 0, 0), 0);
	before = rows_of(segment);
	KUNIT_EXPECT_FALSE(test, swim_segment_give(segment, 0, 2));
	EXPECT_ROWS(test, segment, before);
}

static void run_that_cannot_have_been_taken_is_not_given(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	struct rows before;

	KUNIT_ASSERT_EQ(test, swim_segment_take(segment, 512, 9, 0), 0);
	before = rows_of(segment);
	KUNIT_EXPECT_FALSE(test, swim_segment_give(segment, 511, 2));
	KUNIT_EXPECT_FALSE(test, swim_segment_give(segment, 448, 65));
	KUNIT_EXPECT_FALSE(test, swim_segment_give(segment, 512, 1));
	KUNIT_EXPECT_FALSE(test, swim_segment_give(segment, 1, 512));
	/* Longer than a row, and not at the begin of one. */
	KUNIT_EXPECT_FALSE(test, swim_segment_give(segment, 1, 64));
	KUNIT_EXPECT_FALSE(test, swim_segment_give(segment, 32, 128));
	EXPECT_ROWS(test, segment, before);
}

static unsigned int fill(struct swim_segment *segment, unsigned int least, unsigned int frames)
{
	memset(segment, 0, sizeof(*segment));
	swim_segment_init(segment, 3);
	return swim_segment_fill(segment, NUMA_NO_NODE, GFP_KERNEL, least, frames);
}

/* Open what was filled. */
static void begin(struct swim_segment *segment, unsigned int frames)
{
	swim_segment_open(segment, 0, frames * FRAME_PAGES);
	swim_segment_unlock(segment);
}

static bool claim(struct swim_segment *segment)
{
	if (!swim_segment_lock(segment))
		return false;
	if (swim_segment_claim(segment))
		return true;
	swim_segment_unlock(segment);
	return false;
}

static void empty_again(struct kunit *test, struct swim_segment *segment)
{
	KUNIT_ASSERT_TRUE(test, claim(segment));
	swim_segment_empty(segment);
}

static void filled_segment_has_frames_of_64_kib_aligned_and_apart(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int frames = fill(segment, SWIM_FRAME_ORDER, SWIM_SEGMENT_FRAMES), i, j;

	KUNIT_ASSERT_GE(test, frames, 1U);
	KUNIT_ASSERT_LE(test, frames, (unsigned int)SWIM_SEGMENT_FRAMES);
	KUNIT_EXPECT_EQ(test, segment->pages, frames * FRAME_PAGES);
	KUNIT_EXPECT_GE(test, segment->contiguous, SWIM_FRAME_ORDER);
	for (i = 0; i < frames; i++) {
		KUNIT_ASSERT_TRUE(test, IS_ALIGNED(segment->frame[i].base, SWIM_FRAME_SIZE));
		KUNIT_ASSERT_NE(test, segment->frame[i].base, 0UL);
		for (j = 0; j < i; j++)
			KUNIT_ASSERT_NE(test, segment->frame[i].base, segment->frame[j].base);
		memset((void *)segment->frame[i].base, i, SWIM_FRAME_SIZE);
	}
	for (i = 0; i < frames; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv((void *)segment->frame[i].base, i,
						   SWIM_FRAME_SIZE));
	begin(segment, frames);
	KUNIT_EXPECT_EQ(test, swim_segment_used(segment), 0U);
	empty_again(test, segment);
}

static void partly_filled_segment_gives_these_pages_only(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int frames, n;

	for (n = 1; n < SWIM_SEGMENT_FRAMES; n = n * 2 + 1) {
		unsigned int page;

		frames = fill(segment, SWIM_FRAME_ORDER, n);
		KUNIT_ASSERT_GE(test, frames, 1U);
		KUNIT_ASSERT_LE(test, frames, n);
		begin(segment, frames);
		for (page = 0; page < frames * FRAME_PAGES; page++)
			KUNIT_ASSERT_LT(test, (unsigned int)swim_segment_take(segment, 1, 0, 0),
					(unsigned int)(frames * FRAME_PAGES));
		KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 1, 0, 0), -1);
		for (page = 0; page < frames * FRAME_PAGES; page++)
			KUNIT_ASSERT_TRUE(test, swim_segment_give(segment, page, 1));
		KUNIT_EXPECT_EQ(test, swim_segment_used(segment), 0U);
		empty_again(test, segment);
	}
}

static void segment_too_small_for_the_least_block_stays_without_memory(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	struct rows before;

	KUNIT_EXPECT_EQ(test, fill(segment, SWIM_SEGMENT_ORDER, 31), 0U);
	KUNIT_EXPECT_EQ(test, segment->pages, 0U);
	before = rows_of(segment);
	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 1, 0, 0), -1);
	EXPECT_ROWS(test, segment, before);
	KUNIT_EXPECT_EQ(test, swim_segment_used(segment), 0U);
}

static void claim_takes_every_page_of_a_free_segment(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int frames = fill(segment, SWIM_FRAME_ORDER, SWIM_SEGMENT_FRAMES);

	KUNIT_ASSERT_GE(test, frames, 1U);
	begin(segment, frames);
	KUNIT_EXPECT_TRUE(test, claim(segment));
	KUNIT_EXPECT_EQ(test, swim_segment_used(segment), frames * (unsigned int)FRAME_PAGES);
	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 1, 0, 0), -1);
	KUNIT_EXPECT_FALSE(test, claim(segment));
	swim_segment_empty(segment);
	KUNIT_EXPECT_EQ(test, swim_segment_used(segment), 0U);
	KUNIT_EXPECT_EQ(test, segment->pages, 0U);
	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 1, 0, 0), -1);
	KUNIT_EXPECT_FALSE(test, claim(segment));
}

static void claim_fails_over_any_page_in_use_and_changes_nothing(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int frames = fill(segment, SWIM_FRAME_ORDER, 19), row;
	const unsigned int pages = frames * FRAME_PAGES;

	KUNIT_ASSERT_GE(test, frames, 1U);
	begin(segment, frames);
	for (row = 0; row < DIV_ROUND_UP(pages, BITS_PER_LONG); row++) {
		int page = swim_segment_take(segment, 1, 0, row);
		const struct rows before = rows_of(segment);

		KUNIT_ASSERT_EQ(test, (unsigned int)page / BITS_PER_LONG, row);
		KUNIT_EXPECT_FALSE(test, claim(segment));
		EXPECT_ROWS(test, segment, before);
		KUNIT_EXPECT_TRUE(test, swim_segment_give(segment, page, 1));
	}
	empty_again(test, segment);
}

static void lock_is_had_by_one_at_a_time(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int frames = fill(segment, SWIM_FRAME_ORDER, 2);

	KUNIT_ASSERT_GE(test, frames, 1U);
	KUNIT_EXPECT_FALSE(test, swim_segment_lock(segment));
	begin(segment, frames);
	KUNIT_EXPECT_TRUE(test, swim_segment_lock(segment));
	KUNIT_EXPECT_FALSE(test, swim_segment_lock(segment));
	swim_segment_unlock(segment);
	empty_again(test, segment);
	KUNIT_EXPECT_FALSE(test, swim_segment_lock(segment));
}

static void free_frames_are_those_of_which_nobody_has_a_page(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int frame, page;

	KUNIT_EXPECT_EQ(test, swim_segment_free_frames(segment), 0U + SWIM_SEGMENT_FRAMES);
	for (frame = 0; frame < SWIM_SEGMENT_FRAMES; frame++) {
		/* One page of each frame, at another place in each. */
		page = frame * FRAME_PAGES + frame % FRAME_PAGES;
		segment->row[page / BITS_PER_LONG] |= 1UL << page % BITS_PER_LONG;
		KUNIT_EXPECT_EQ(test, swim_segment_free_frames(segment),
				SWIM_SEGMENT_FRAMES - 1U - frame);
	}
}

/* What is true of a frame with memory, and of one without. */
static void expect_frame(struct kunit *test, const struct swim_segment *segment,
			 unsigned int frame, bool absent)
{
	const struct swim_frame *f = &segment->frame[frame];
	unsigned int page = frame * FRAME_PAGES, free = 0, n;

	for (n = 0; n < FRAME_PAGES; n++)
		free += page_is_free(segment, page + n);
	if (absent) {
		KUNIT_EXPECT_EQ(test, f->base, 0UL);
		KUNIT_EXPECT_EQ(test, free, 0U);
	} else {
		KUNIT_EXPECT_EQ(test, page_private(virt_to_page((void *)f->base)),
				3UL * SWIM_SEGMENT_FRAMES + frame + 1);
	}
}

static bool refill(struct kunit *test, struct swim_segment *segment)
{
	struct page *pages = swim_frame_pages(NUMA_NO_NODE, GFP_KERNEL);
	bool done;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	done = swim_segment_refill(segment, pages);
	if (!done)
		__free_pages(pages, SWIM_FRAME_ORDER);
	return done;
}

static void free_frames_are_released_and_filled_again(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int frames = fill(segment, SWIM_FRAME_ORDER, SWIM_SEGMENT_FRAMES), i;
	const unsigned int used = 2, page = FRAME_PAGES;
	struct page *first = virt_to_page((void *)segment->frame[0].base);

	KUNIT_ASSERT_GE(test, frames, 3U);
	begin(segment, frames);
	/* A page at each end of the second frame, or all that it has. */
	segment->row[page / BITS_PER_LONG] |= 1UL << page % BITS_PER_LONG;
	segment->row[(2 * page - 1) / BITS_PER_LONG] |= 1UL << (2 * page - 1) % BITS_PER_LONG;
	memset((void *)segment->frame[1].base, 0x5a, SWIM_FRAME_SIZE);
	KUNIT_ASSERT_TRUE(test, swim_segment_lock(segment));
	KUNIT_EXPECT_EQ(test, swim_segment_release(segment, SWIM_SEGMENT_FRAMES), frames - 1);
	KUNIT_EXPECT_EQ(test, segment->pages, FRAME_PAGES);
	KUNIT_EXPECT_EQ(test, segment->contiguous, SWIM_FRAME_ORDER);
	KUNIT_EXPECT_EQ(test, swim_segment_used(segment), min_t(unsigned int, used, FRAME_PAGES));
	KUNIT_EXPECT_EQ(test, swim_segment_free_frames(segment), 0U);
	/* It may be somebody else's by now, but it does not lead here. */
	KUNIT_EXPECT_NE(test, page_private(first), 3UL * SWIM_SEGMENT_FRAMES + 1);
	for (i = 0; i < SWIM_SEGMENT_FRAMES; i++)
		expect_frame(test, segment, i, i != 1);
	KUNIT_EXPECT_EQ(test, swim_segment_release(segment, SWIM_SEGMENT_FRAMES), 0U);
	/* Only what is left of the second frame can be had. */
	for (i = used; i < FRAME_PAGES; i++)
		KUNIT_EXPECT_EQ(test, (unsigned int)swim_segment_take(segment, 1, 0, 0) /
				      (unsigned int)FRAME_PAGES, 1U);
	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 1, 0, 0), SWIM_RUN_NONE);

	for (i = 1; i < SWIM_SEGMENT_FRAMES; i++) {
		KUNIT_EXPECT_TRUE(test, swim_segment_has_gap(segment));
		KUNIT_ASSERT_TRUE(test, refill(test, segment));
		KUNIT_EXPECT_EQ(test, segment->pages, (i + 1) * FRAME_PAGES);
		KUNIT_EXPECT_EQ(test, swim_segment_free_frames(segment), i);
	}
	KUNIT_EXPECT_FALSE(test, swim_segment_has_gap(segment));
	KUNIT_EXPECT_FALSE(test, refill(test, segment));
	for (i = 0; i < SWIM_SEGMENT_FRAMES; i++) {
		expect_frame(test, segment, i, false);
		if (i != 1)
			memset((void *)segment->frame[i].base, i, SWIM_FRAME_SIZE);
	}
	for (i = 0; i < SWIM_SEGMENT_FRAMES; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv((void *)segment->frame[i].base,
						   i == 1 ? 0x5a : i, SWIM_FRAME_SIZE));
	/* Nothing larger than a frame is one piece any more. */
	KUNIT_EXPECT_EQ(test, swim_segment_take(segment, 2 * FRAME_PAGES, SWIM_FRAME_ORDER + 1, 1),
			SWIM_RUN_NONE);
	swim_segment_unlock(segment);
	for (i = 0; i < FRAME_PAGES; i++)
		KUNIT_EXPECT_TRUE(test, swim_segment_give(segment, page + i, 1));
	empty_again(test, segment);
	for (i = 0; i < SWIM_SEGMENT_FRAMES; i++)
		expect_frame(test, segment, i, true);
}

static void no_more_frames_are_released_than_asked_for(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int frames = fill(segment, SWIM_FRAME_ORDER, SWIM_SEGMENT_FRAMES);

	KUNIT_ASSERT_GE(test, frames, 4U);
	begin(segment, frames);
	KUNIT_ASSERT_TRUE(test, swim_segment_lock(segment));
	KUNIT_EXPECT_EQ(test, swim_segment_release(segment, 0), 0U);
	KUNIT_EXPECT_FALSE(test, swim_segment_has_gap(segment));
	KUNIT_EXPECT_EQ(test, swim_segment_release(segment, 1), 1U);
	KUNIT_EXPECT_EQ(test, swim_segment_release(segment, 2), 2U);
	KUNIT_EXPECT_EQ(test, segment->pages, (frames - 3) * FRAME_PAGES);
	KUNIT_EXPECT_EQ(test, swim_segment_free_frames(segment), frames - 3);
	swim_segment_unlock(segment);
	/* What is left of a block that was split goes with the segment. */
	empty_again(test, segment);
}

static void segment_that_released_every_frame_can_be_filled(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int frames = fill(segment, SWIM_FRAME_ORDER, SWIM_SEGMENT_FRAMES);

	KUNIT_ASSERT_GE(test, frames, 1U);
	begin(segment, frames);
	KUNIT_ASSERT_TRUE(test, swim_segment_lock(segment));
	KUNIT_EXPECT_EQ(test, swim_segment_release(segment, SWIM_SEGMENT_FRAMES), frames);
	KUNIT_EXPECT_EQ(test, segment->pages, 0U);
	KUNIT_EXPECT_FALSE(test, swim_segment_has_gap(segment));
	KUNIT_EXPECT_FALSE(test, refill(test, segment));
	frames = swim_segment_fill(segment, NUMA_NO_NODE, GFP_KERNEL, SWIM_FRAME_ORDER, 2);
	KUNIT_EXPECT_GE(test, frames, 1U);
	begin(segment, frames);
	KUNIT_EXPECT_EQ(test, swim_segment_free_frames(segment), frames);
	empty_again(test, segment);
}

static void segment_of_larger_blocks_has_no_gap(struct kunit *test)
{
	struct swim_segment *segment = test->priv;
	unsigned int frames = fill(segment, SWIM_FRAME_ORDER + 1, 2);

	/* Absent frames at its end stay absent, so that what is larger than a frame has a place. */
	KUNIT_ASSERT_EQ(test, frames, 2U);
	begin(segment, frames);
	KUNIT_ASSERT_TRUE(test, swim_segment_lock(segment));
	KUNIT_EXPECT_FALSE(test, swim_segment_has_gap(segment));
	KUNIT_EXPECT_FALSE(test, refill(test, segment));
	swim_segment_unlock(segment);
	empty_again(test, segment);
}

/**
 * struct contest - threads that take and give pages of one segment
 * @segment: the segment
 * @owner: who has each page, as we know it; 0 for nobody
 * @frames: that have memory
 */
struct contest {
	struct swim_segment *segment;
	atomic_t owner[SWIM_SEGMENT_PAGES];
	unsigned int frames;
};

static int contest_own(struct contest *contest, unsigned int page, unsigned int pages, int me)
{
	unsigned int n;

	for (n = 0; n < pages; n++)
		if (atomic_cmpxchg(&contest->owner[page + n], 0, me))
			return 1;
	return 0;
}

static int contest_disown(struct contest *contest, unsigned int page, unsigned int pages, int me)
{
	unsigned int n;

	for (n = 0; n < pages; n++)
		if (atomic_cmpxchg(&contest->owner[page + n], me, 0) != me)
			return 2;
	return swim_segment_give(contest->segment, page, pages) ? 0 : 3;
}

/* Results: 1 taken while another has it, 2 taken from us, 3 not given back, 4 wrongly claimed. */
static int contest_take_and_give(void *arg, unsigned int number)
{
	struct { unsigned int page, pages; } mine[8] = {};
	u32 state = swim_random_seed(number), round;
	struct contest *contest = arg;
	unsigned int i;
	int err = 0;

	for (round = 0; !err && round < ROUNDS(40000); round++) {
		i = swim_random(&state) % ARRAY_SIZE(mine);
		if (mine[i].pages) {
			err = contest_disown(contest, mine[i].page, mine[i].pages, number + 1);
			mine[i].pages = 0;
		} else {
			unsigned int pages = 1 + swim_random(&state) %
					     (1 << swim_random(&state) % SWIM_ORDERS);
			int page = swim_segment_take(contest->segment, pages, order_base_2(pages),
						     swim_random(&state));

			if (page >= 0) {
				mine[i].page = page;
				mine[i].pages = pages;
				err = contest_own(contest, page, pages, number + 1);
			}
		}
		if (!(round % 16))
			cond_resched();
	}
	for (i = 0; !err && i < ARRAY_SIZE(mine); i++)
		if (mine[i].pages)
			err = contest_disown(contest, mine[i].page, mine[i].pages, number + 1);
	return err;
}

/* The first thread claims the whole segment when it can, and opens it again. */
static int contest_with_claims(void *arg, unsigned int number)
{
	struct contest *contest = arg;
	unsigned int round, i;

	if (number)
		return contest_take_and_give(arg, number);
	for (round = 0; round < ROUNDS(40000); round++) {
		cond_resched();
		if (!claim(contest->segment))
			continue;
		for (i = 0; i < SWIM_SEGMENT_PAGES; i++)
			if (atomic_read(&contest->owner[i]))
				return 4;
		begin(contest->segment, contest->frames);
	}
	return 0;
}

/* The first thread releases frames and fills them again. Results: 5 somebody has a page there. */
static int contest_with_releases(void *arg, unsigned int number)
{
	u32 state = swim_random_seed(number), round;
	struct contest *contest = arg;
	struct swim_segment *segment = contest->segment;
	unsigned int page, left;

	if (number)
		return contest_take_and_give(arg, number);
	for (round = 0; round < ROUNDS(10000); round++) {
		struct page *pages;

		cond_resched();
		if (!swim_segment_lock(segment))
			return 6;
		left = segment->pages / FRAME_PAGES - 1;
		swim_segment_release(segment, swim_random(&state) % (left + 1));
		for (page = 0; page < SWIM_SEGMENT_PAGES; page++)
			if (!segment->frame[page / FRAME_PAGES].base &&
			    atomic_read(&contest->owner[page]))
				return 5;
		for (left = swim_random(&state) % 8; left; left--) {
			pages = swim_frame_pages(NUMA_NO_NODE, GFP_KERNEL);
			if (pages && !swim_segment_refill(segment, pages))
				__free_pages(pages, SWIM_FRAME_ORDER);
		}
		swim_segment_unlock(segment);
	}
	return 0;
}

static void threads_never_have_the_same_page(struct kunit *test)
{
	struct contest *contest = kunit_kzalloc(test, sizeof(*contest), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, contest);
	contest->segment = test->priv;
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), contest_take_and_give,
					       contest), 0);
	KUNIT_EXPECT_EQ(test, swim_segment_used(contest->segment), 0U);
}

static void segment_is_claimed_only_while_no_thread_has_a_page(struct kunit *test)
{
	struct contest *contest = kunit_kzalloc(test, sizeof(*contest), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, contest);
	contest->segment = test->priv;
	contest->frames = fill(contest->segment, SWIM_FRAME_ORDER, SWIM_SEGMENT_FRAMES);
	KUNIT_ASSERT_GE(test, contest->frames, 1U);
	begin(contest->segment, contest->frames);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), contest_with_claims,
					       contest), 0);
	KUNIT_EXPECT_EQ(test, swim_segment_used(contest->segment), 0U);
	empty_again(test, contest->segment);
}

static void frames_are_released_only_while_no_thread_has_a_page(struct kunit *test)
{
	struct contest *contest = kunit_kzalloc(test, sizeof(*contest), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, contest);
	contest->segment = test->priv;
	contest->frames = fill(contest->segment, SWIM_FRAME_ORDER, SWIM_SEGMENT_FRAMES);
	KUNIT_ASSERT_GE(test, contest->frames, 1U);
	begin(contest->segment, contest->frames);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), contest_with_releases,
					       contest), 0);
	KUNIT_EXPECT_EQ(test, swim_segment_used(contest->segment), 0U);
	KUNIT_EXPECT_EQ(test, swim_segment_free_frames(contest->segment),
			contest->segment->pages / (unsigned int)FRAME_PAGES);
	empty_again(test, contest->segment);
}

static struct kunit_case segment_cases[] = {
	KUNIT_CASE(segment_without_memory_gives_nothing),
	KUNIT_CASE(only_opened_pages_are_given),
	KUNIT_CASE(runs_of_every_order_fill_the_segment_aligned_and_apart),
	KUNIT_CASE(runs_of_any_length_take_their_pages_and_no_other),
	KUNIT_CASE(what_a_long_run_leaves_of_its_last_row_is_for_others),
	KUNIT_CASE(run_begins_in_the_row_that_was_asked_for),
	KUNIT_CASE(run_longer_than_the_memory_is_contiguous_is_refused),
	KUNIT_CASE(long_run_that_does_not_fit_changes_nothing),
	KUNIT_CASE(run_that_is_free_already_is_not_given),
	KUNIT_CASE(run_that_is_free_in_part_is_not_given),
	KUNIT_CASE(run_that_cannot_have_been_taken_is_not_given),
	KUNIT_CASE(filled_segment_has_frames_of_64_kib_aligned_and_apart),
	KUNIT_CASE(partly_filled_segment_gives_these_pages_only),
	KUNIT_CASE(segment_too_small_for_the_least_block_stays_without_memory),
	KUNIT_CASE(claim_takes_every_page_of_a_free_segment),
	KUNIT_CASE(claim_fails_over_any_page_in_use_and_changes_nothing),
	KUNIT_CASE(lock_is_had_by_one_at_a_time),
	KUNIT_CASE(free_frames_are_those_of_which_nobody_has_a_page),
	KUNIT_CASE(free_frames_are_released_and_filled_again),
	KUNIT_CASE(no_more_frames_are_released_than_asked_for),
	KUNIT_CASE(segment_that_released_every_frame_can_be_filled),
	KUNIT_CASE(segment_of_larger_blocks_has_no_gap),
	KUNIT_CASE(threads_never_have_the_same_page),
	KUNIT_CASE(segment_is_claimed_only_while_no_thread_has_a_page),
	KUNIT_CASE(frames_are_released_only_while_no_thread_has_a_page),
	{}
};

static struct kunit_suite segment_suite = {
	.name = "segment",
	.init = segment_init,
	.exit = swim_kunit_exit,
	.test_cases = segment_cases,
};

kunit_test_suite(segment_suite);

MODULE_DESCRIPTION("KUnit suite: segments");
MODULE_LICENSE("GPL");
