// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of <swimmem/space.h>, page-backed and static.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "../kunit.h"
#include "../../swimmem/alloc/fail.h"
#include "../../swimmem/alloc/segment.h"
#include "../../swimmem/alloc/space.h"

#define NOWAIT	(GFP_NOWAIT | __GFP_NOWARN)

DEFINE_SWIM_SPACE(one_page, PAGE_SIZE);
DEFINE_SWIM_SPACE(four_pages, 4 * PAGE_SIZE);
DEFINE_SWIM_SPACE(odd_pages, 17 * PAGE_SIZE);
DEFINE_SWIM_SPACE(big_space, SZ_4M + 5 * PAGE_SIZE);

static struct swim_space *const static_spaces[] = {
	&one_page, &four_pages, &odd_pages, &big_space,
};

/* The pages of a segment, or the frames of several: too many for the stack; one case at a time. */
static struct swim_block many[SWIM_SEGMENT_PAGES > 16 * SWIM_SEGMENT_FRAMES ? SWIM_SEGMENT_PAGES :
			      16 * SWIM_SEGMENT_FRAMES];

static struct swim_space_stats stats_of(struct swim_space *space)
{
	struct swim_space_stats stats;

	swim_space_stats(space, &stats);
	return stats;
}

#define EXPECT_STATS(test, space, _size, _used, _live)				\
do {										\
	struct swim_space_stats __stats = stats_of(space);			\
	struct kunit *__test = (test);						\
										\
	KUNIT_EXPECT_EQ(__test, __stats.size, (size_t)(_size));			\
	KUNIT_EXPECT_EQ(__test, __stats.used, (size_t)(_used));			\
	KUNIT_EXPECT_EQ(__test, __stats.live, (long)(_live));			\
} while (0)

/* Nothing at all is other than it was. */
static void expect_same(struct kunit *test, struct swim_space *space,
			const struct swim_space_stats *before)
{
	const struct swim_space_stats now = stats_of(space);

	KUNIT_EXPECT_EQ(test, now.limit, before->limit);
	KUNIT_EXPECT_EQ(test, now.size, before->size);
	KUNIT_EXPECT_EQ(test, now.used, before->used);
	KUNIT_EXPECT_EQ(test, now.live, before->live);
	KUNIT_EXPECT_EQ(test, now.segments, before->segments);
}

static struct swim_space *space_of(struct kunit *test, size_t limit)
{
	struct swim_space *space = swim_space_create("kunit", limit);

	KUNIT_ASSERT_FALSE(test, IS_ERR(space));
	test->priv = space;
	return space;
}

/* What a case made with space_of() it must leave without extents. */
static void space_exit(struct kunit *test)
{
	if (test->priv)
		KUNIT_EXPECT_EQ(test, swim_space_destroy(test->priv), 0);
	swim_kunit_exit(test);
}

static struct swim_block get(struct kunit *test, struct swim_space *space, size_t size)
{
	struct swim_block block = {};

	KUNIT_ASSERT_EQ(test, swim_space_alloc(space, size, GFP_KERNEL, &block), 0);
	return block;
}

#define EXPECT_FREE(test, space, block)						\
	KUNIT_EXPECT_EQ(test, swim_space_free(space, &(block)), 0)

static void space_is_created_empty(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_8M);
	struct swim_space_stats stats = stats_of(space);

	KUNIT_EXPECT_EQ(test, stats.limit, (size_t)SZ_8M);
	KUNIT_EXPECT_EQ(test, stats.segments, 0U);
	EXPECT_STATS(test, space, 0, 0, 0);
}

static void space_without_a_limit_has_a_large_one(struct kunit *test)
{
	struct swim_space *space = space_of(test, 0);

	KUNIT_EXPECT_EQ(test, stats_of(space).limit, (size_t)SWIM_SPACE_MAX);
	KUNIT_EXPECT_GE(test, (size_t)SWIM_SPACE_MAX, (size_t)SZ_2G - SWIM_FRAME_SIZE);
}

/* Whatever the client's flags say that does not tell how to get a page. */
static void memory_is_in_the_kernels_map(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, SZ_64K, SZ_2M };
	struct swim_space *space = space_of(test, SZ_4M);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct swim_block block = {};

		KUNIT_ASSERT_EQ(test, swim_space_alloc(space, sizes[i], GFP_HIGHUSER_MOVABLE |
						       __GFP_COMP, &block), 0);
		KUNIT_EXPECT_TRUE(test, virt_addr_valid(block.addr));
		KUNIT_EXPECT_FALSE(test, PageHighMem(virt_to_page(block.addr)));
		KUNIT_EXPECT_FALSE(test, PageCompound(virt_to_page(block.addr)));
		memset(block.addr, 0x5a, block.size);
		EXPECT_FREE(test, space, block);
		KUNIT_EXPECT_GT(test, swim_space_release(space, SIZE_MAX), (size_t)0);
	}
}

static void limit_below_64_kib_is_refused(struct kunit *test)
{
	EXPECT_ERR_PTR(test, swim_space_create("kunit", 1), -EINVAL);
	EXPECT_ERR_PTR(test, swim_space_create("kunit", SZ_64K - 1), -EINVAL);
	space_of(test, SZ_64K);
}

static void space_grows_by_segments_when_it_is_asked(struct kunit *test)
{
	struct swim_space *space = space_of(test, 0);
	struct swim_space_stats stats;
	unsigned int n;

	for (n = 1; n <= 3; n++) {
		size_t before = stats_of(space).size;

		KUNIT_ASSERT_EQ(test, swim_space_grow(space, GFP_KERNEL), 0);
		stats = stats_of(space);
		KUNIT_EXPECT_EQ(test, stats.segments, n);
		KUNIT_EXPECT_GE(test, stats.size, before + SWIM_FRAME_SIZE);
		KUNIT_EXPECT_LE(test, stats.size, before + SWIM_SEGMENT_SIZE);
		KUNIT_EXPECT_EQ(test, stats.used, 0UL);
	}
	KUNIT_EXPECT_EQ(test, swim_space_trim(space), stats.size);
	EXPECT_STATS(test, space, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, stats_of(space).segments, 0U);
	KUNIT_EXPECT_EQ(test, swim_space_trim(space), 0UL);
}

static void grow_stops_at_the_limit(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_2M + SZ_256K);
	struct swim_space_stats before;
	unsigned int n = 0;

	while (!swim_space_grow(space, GFP_KERNEL))
		KUNIT_ASSERT_LT(test, n++, 100U);
	EXPECT_STATS(test, space, SZ_2M + SZ_256K, 0, 0);
	before = stats_of(space);
	KUNIT_EXPECT_EQ(test, swim_space_grow(space, GFP_KERNEL), -ENOMEM);
	expect_same(test, space, &before);
}

static void space_grows_for_an_extent(struct kunit *test)
{
	struct swim_space *space = space_of(test, 0);
	struct swim_block block = get(test, space, PAGE_SIZE);

	KUNIT_EXPECT_GE(test, stats_of(space).size, SWIM_FRAME_SIZE);
	KUNIT_EXPECT_EQ(test, stats_of(space).used, PAGE_SIZE);
	EXPECT_FREE(test, space, block);
}

static void free_segments_go_back_but_for_the_preferred_one(struct kunit *test)
{
	struct swim_space *space = space_of(test, 0);
	struct swim_block block[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(block); i++)
		block[i] = get(test, space, SZ_2M);
	EXPECT_STATS(test, space, SZ_8M, SZ_8M, 4);
	for (i = 0; i < ARRAY_SIZE(block); i++)
		EXPECT_FREE(test, space, block[i]);
	EXPECT_STATS(test, space, SZ_2M, 0, 0);
	KUNIT_EXPECT_EQ(test, swim_space_trim(space), (size_t)SZ_2M);
	EXPECT_STATS(test, space, 0, 0, 0);
}

static void trim_leaves_segments_in_use(struct kunit *test)
{
	struct swim_space *space = space_of(test, 0);
	struct swim_block page = get(test, space, PAGE_SIZE);
	struct swim_space_stats before = stats_of(space);

	memset(page.addr, 0x5a, page.size);
	KUNIT_EXPECT_EQ(test, swim_space_trim(space), 0UL);
	expect_same(test, space, &before);
	KUNIT_EXPECT_NULL(test, memchr_inv(page.addr, 0x5a, page.size));
	EXPECT_FREE(test, space, page);
}

static void limit_is_rounded_down_to_64_kib(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_64K + SZ_64K / 2);
	struct swim_block page[17];
	unsigned int n;

	for (n = 0; n < SZ_64K / PAGE_SIZE; n++)
		page[n] = get(test, space, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, swim_space_alloc(space, PAGE_SIZE, GFP_KERNEL, &page[n]), -ENOMEM);
	EXPECT_STATS(test, space, SZ_64K, SZ_64K, SZ_64K / PAGE_SIZE);
	while (n--)
		EXPECT_FREE(test, space, page[n]);
}

static void limit_below_a_segment_is_honoured(struct kunit *test)
{
	struct swim_space *space = space_of(test, 3 * SZ_64K);
	struct swim_block block[3], more;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(block); i++)
		block[i] = get(test, space, SZ_64K);
	KUNIT_EXPECT_EQ(test, swim_space_alloc(space, 1, GFP_KERNEL, &more), -ENOMEM);
	EXPECT_STATS(test, space, 3 * SZ_64K, 3 * SZ_64K, 3);
	for (i = 0; i < ARRAY_SIZE(block); i++)
		EXPECT_FREE(test, space, block[i]);
}

static void sizes_round_up_to_the_page(struct kunit *test)
{
	static const size_t sizes[][2] = {
		{ 1, PAGE_SIZE }, { PAGE_SIZE - 1, PAGE_SIZE }, { PAGE_SIZE, PAGE_SIZE },
		{ PAGE_SIZE + 1, 2 * PAGE_SIZE }, { SZ_64K - 1, SZ_64K },
		{ SZ_64K + 1, SZ_64K + PAGE_SIZE }, { SZ_2M - 1, SZ_2M }, { SZ_2M, SZ_2M },
	};
	struct swim_space *space = space_of(test, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct swim_block block = get(test, space, sizes[i][0]);

		KUNIT_EXPECT_EQ(test, block.size, sizes[i][1]);
		KUNIT_EXPECT_EQ(test, stats_of(space).used, sizes[i][1]);
		EXPECT_FREE(test, space, block);
	}
}

static void size_0_gives_the_empty_block(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_2M);
	struct swim_block block = { &block, 4711 };
	const struct swim_block somewhere = { &block, 0 };

	KUNIT_EXPECT_EQ(test, swim_space_alloc(space, 0, GFP_KERNEL, &block), 0);
	KUNIT_EXPECT_TRUE(test, swim_block_empty(&block));
	KUNIT_EXPECT_NULL(test, block.addr);
	EXPECT_STATS(test, space, 0, 0, 0);
	EXPECT_FREE(test, space, block);
	EXPECT_FREE(test, space, somewhere);
	EXPECT_STATS(test, space, 0, 0, 0);
}

static void more_than_a_segment_or_the_limit_is_oversized(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_4M);
	struct swim_block block = { &block, 4711 };

	KUNIT_EXPECT_EQ(test, swim_space_alloc(space, SZ_2M + 1, GFP_KERNEL, &block), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_space_alloc(space, SZ_4M, GFP_KERNEL, &block), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_space_alloc(space, SIZE_MAX, GFP_KERNEL, &block), -E2BIG);
	EXPECT_STATS(test, space, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);

	space = space_of(test, SZ_128K);
	KUNIT_EXPECT_EQ(test, swim_space_alloc(space, SZ_128K + 1, GFP_KERNEL, &block), -E2BIG);
	KUNIT_EXPECT_EQ(test, block.size, 4711UL);
	KUNIT_EXPECT_PTR_EQ(test, block.addr, (void *)&block);
	EXPECT_STATS(test, space, 0, 0, 0);
}

static void nothing_given_is_invalid(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_2M);
	struct swim_block block = { &block, 4711 };

	KUNIT_EXPECT_EQ(test, swim_space_alloc(NULL, 1, GFP_KERNEL, &block), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_space_alloc(space, 1, GFP_KERNEL, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_space_free(NULL, &block), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_space_free(space, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_space_grow(NULL, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_space_add(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(ERR_PTR(-ENOMEM)), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_space_trim(NULL), 0UL);
	KUNIT_EXPECT_EQ(test, block.size, 4711UL);
	EXPECT_STATS(test, space, 0, 0, 0);
}

static void page_backed_space_is_not_added(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_2M);

	KUNIT_EXPECT_EQ(test, swim_space_add(space), -EINVAL);
}

static void expect_refused(struct kunit *test, struct swim_space *space, void *addr, size_t size)
{
	const struct swim_space_stats before = stats_of(space);
	const struct swim_block block = { addr, size };

	KUNIT_EXPECT_EQ_MSG(test, swim_space_free(space, &block), -EINVAL, "%zu bytes", size);
	expect_same(test, space, &before);
}

static void misaligned_block_is_not_freed(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_4M);
	struct swim_block block = get(test, space, SZ_64K);

	expect_refused(test, space, block.addr + 8, PAGE_SIZE);
	expect_refused(test, space, block.addr, SZ_64K - 8);
	expect_refused(test, space, block.addr, SZ_2M + PAGE_SIZE);
	expect_refused(test, space, block.addr, SIZE_MAX & PAGE_MASK);
	EXPECT_FREE(test, space, block);
}

static void block_at_no_place_of_an_extent_of_its_size_is_not_freed(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_4M);
	struct swim_block block = get(test, space, SZ_64K);

	/* An extent of two pages is aligned to two, one of three or four to four. */
	expect_refused(test, space, block.addr + PAGE_SIZE, 2 * PAGE_SIZE);
	expect_refused(test, space, block.addr + 2 * PAGE_SIZE, 3 * PAGE_SIZE);
	EXPECT_FREE(test, space, block);
}

static void block_that_reaches_beyond_a_small_segment_is_not_freed(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_64K);
	struct swim_block block = get(test, space, SZ_64K);

	expect_refused(test, space, block.addr, 2 * SZ_64K);
	expect_refused(test, space, block.addr, SZ_2M);
	EXPECT_FREE(test, space, block);
}

static void foreign_block_is_not_freed(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_4M);
	struct swim_space *other = swim_space_create("other", SZ_4M);
	void *page = (void *)get_zeroed_page(GFP_KERNEL);
	void *mapped = vmalloc(PAGE_SIZE);
	struct swim_block mine, theirs;

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	mine = get(test, space, PAGE_SIZE);
	theirs = get(test, other, PAGE_SIZE);
	expect_refused(test, space, theirs.addr, theirs.size);
	expect_refused(test, other, mine.addr, mine.size);
	expect_refused(test, space, page, PAGE_SIZE);
	expect_refused(test, space, mapped, PAGE_SIZE);
	expect_refused(test, space, NULL, PAGE_SIZE);
	expect_refused(test, space, (void *)PAGE_SIZE, PAGE_SIZE);
	expect_refused(test, space, (void *)(ULONG_MAX & PAGE_MASK), PAGE_SIZE);
	expect_refused(test, space, one_page.fixed.addr, PAGE_SIZE);
	EXPECT_FREE(test, space, mine);
	EXPECT_FREE(test, other, theirs);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(other), 0);
	vfree(mapped);
	free_page((unsigned long)page);
}

static void extent_is_freed_once(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, 3 * PAGE_SIZE, SZ_64K, SZ_512K, SZ_1M + 1 };
	struct swim_space *space = space_of(test, SZ_4M);
	struct swim_block other = get(test, space, PAGE_SIZE);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct swim_block block = get(test, space, sizes[i]);

		EXPECT_FREE(test, space, block);
		expect_refused(test, space, block.addr, block.size);
	}
	EXPECT_FREE(test, space, other);
	/* The segment has gone back to the page allocator, or not: the same. */
	expect_refused(test, space, other.addr, other.size);
	swim_space_trim(space);
	expect_refused(test, space, other.addr, other.size);
}

static void accounts_are_exact_after_any_sequence(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_16M);
	struct swim_block block[64] = {};
	u32 state = swim_random_seed(0);
	size_t used = 0;
	long live = 0;
	unsigned int round, i;

	for (round = 0; round < ROUNDS(20000); round++) {
		i = swim_random(&state) % ARRAY_SIZE(block);
		if (block[i].size) {
			used -= block[i].size;
			live--;
			KUNIT_ASSERT_EQ(test, swim_space_free(space, &block[i]), 0);
			block[i].size = 0;
		} else {
			size_t size = 1 + swim_random(&state) % (PAGE_SIZE << i % 9);

			if (swim_space_alloc(space, size, GFP_KERNEL, &block[i]))
				continue;
			used += PAGE_ALIGN(size);
			live++;
		}
		KUNIT_ASSERT_EQ(test, stats_of(space).used, used);
		KUNIT_ASSERT_EQ(test, stats_of(space).live, live);
		KUNIT_ASSERT_GE(test, stats_of(space).size, used);
		KUNIT_ASSERT_LE(test, stats_of(space).size, (size_t)SZ_16M);
	}
	for (i = 0; i < ARRAY_SIZE(block); i++)
		EXPECT_FREE(test, space, block[i]);
	swim_space_trim(space);
	EXPECT_STATS(test, space, 0, 0, 0);
}

static void extents_do_not_overlap_and_are_aligned_and_writable(struct kunit *test)
{
	struct swim_space *space = space_of(test, 0);
	unsigned int step, n, i;
	struct swim_block block[32];

	for (step = 1; step <= 16; step++) {
		for (i = 0; i < ARRAY_SIZE(block); i++) {
			const unsigned int pages = 1 + i * step;

			block[i] = get(test, space, pages * PAGE_SIZE);
			KUNIT_ASSERT_EQ(test, block[i].size, pages * PAGE_SIZE);
			n = PAGE_SIZE * roundup_pow_of_two(pages);
			KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)block[i].addr,
							   min_t(unsigned int, n, SZ_64K)));
			memset(block[i].addr, i + 1, block[i].size);
		}
		for (i = 0; i < ARRAY_SIZE(block); i++) {
			KUNIT_ASSERT_NULL(test, memchr_inv(block[i].addr, i + 1, block[i].size));
			EXPECT_FREE(test, space, block[i]);
		}
		if (IS_ENABLED(CONFIG_KASAN))
			step += 4;
	}
}

/* Fill what @space may have with single pages, free them in random order, want it whole again. */
static void coalesce(struct kunit *test, struct swim_space *space, size_t bytes, size_t whole)
{
	const unsigned int n = bytes / PAGE_SIZE;
	struct swim_block *page = vcalloc(n + 1, sizeof(*page)), block;
	u32 state = swim_random_seed(1);
	size_t size;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < n; i++)
		if (swim_space_alloc(space, 1, GFP_KERNEL, &page[i]))
			break;
	KUNIT_EXPECT_EQ(test, i, n);
	KUNIT_EXPECT_EQ(test, swim_space_alloc(space, 1, GFP_KERNEL, &page[n]), -ENOMEM);
	EXPECT_STATS(test, space, bytes, bytes, n);
	swim_shuffle(page, n, sizeof(*page), &state);
	for (i = 0; i < n; i++)
		EXPECT_FREE(test, space, page[i]);
	size = stats_of(space).size;
	block = get(test, space, whole);
	/* Without growing. */
	KUNIT_EXPECT_EQ(test, stats_of(space).size, size);
	EXPECT_FREE(test, space, block);
	vfree(page);
}

static void freed_neighbours_become_one_again(struct kunit *test)
{
	coalesce(test, space_of(test, SZ_2M), SZ_2M, SZ_2M);
}

static void freed_neighbours_become_one_again_in_a_small_space(struct kunit *test)
{
	coalesce(test, space_of(test, SZ_512K), SZ_512K, SZ_512K);
}

static void freed_neighbours_become_one_again_in_a_static_space(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, swim_space_add(&big_space), 0);
	coalesce(test, &big_space, big_space.fixed.size, SZ_2M);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&big_space), 0);
}

static void any_fragmentation_heals(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_8M);
	struct swim_block *block = memset(many, 0, sizeof(many)), whole[4];
	u32 state = swim_random_seed(2);
	unsigned int round, i;

	for (round = 0; round < ROUNDS(20000); round++) {
		i = swim_random(&state) % 128;
		if (block[i].size) {
			KUNIT_ASSERT_EQ(test, swim_space_free(space, &block[i]), 0);
			block[i].size = 0;
		} else if (swim_space_alloc(space, 1 + swim_random(&state) % SZ_256K, GFP_KERNEL,
					    &block[i])) {
			block[i].size = 0;
		}
	}
	for (i = 0; i < 128; i++)
		EXPECT_FREE(test, space, block[i]);
	EXPECT_STATS(test, space, stats_of(space).size, 0, 0);
	for (i = 0; i < ARRAY_SIZE(whole); i++)
		whole[i] = get(test, space, SZ_2M);
	EXPECT_STATS(test, space, SZ_8M, SZ_8M, 4);
	for (i = 0; i < ARRAY_SIZE(whole); i++)
		EXPECT_FREE(test, space, whole[i]);
}

static void full_space_fails_cleanly_and_works_after_one_free(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, SZ_64K, SZ_128K, SZ_1M };
	struct swim_space *space = space_of(test, SZ_2M);
	struct swim_block *block = many, extra = { &extra, 4711 };
	struct swim_space_stats before;
	unsigned int s, i;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		const unsigned int n = SZ_2M / sizes[s];

		for (i = 0; i < n; i++)
			block[i] = get(test, space, sizes[s]);
		before = stats_of(space);
		for (i = 0; i < 3; i++)
			KUNIT_EXPECT_EQ(test, swim_space_alloc(space, sizes[s], GFP_KERNEL, &extra),
					-ENOMEM);
		KUNIT_EXPECT_EQ(test, extra.size, 4711UL);
		KUNIT_EXPECT_PTR_EQ(test, extra.addr, (void *)&extra);
		expect_same(test, space, &before);
		for (i = 0; i < n; i += 1 + n / 8) {
			EXPECT_FREE(test, space, block[i]);
			block[i] = get(test, space, sizes[s]);
			expect_same(test, space, &before);
		}
		for (i = 0; i < n; i++)
			EXPECT_FREE(test, space, block[i]);
	}
}

static void extents_are_got_and_given_with_interrupts_off(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_4M);
	struct swim_block block[8] = {}, keep = get(test, space, PAGE_SIZE);
	unsigned long flags;
	unsigned int i;
	int err = 0;

	local_irq_save(flags);
	for (i = 0; i < ARRAY_SIZE(block); i++)
		err = err ?: swim_space_alloc(space, PAGE_SIZE << i, NOWAIT, &block[i]);
	for (i = 0; i < ARRAY_SIZE(block); i++)
		err = err ?: swim_space_free(space, &block[i]);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, stats_of(space).used, PAGE_SIZE);
	EXPECT_FREE(test, space, keep);
}

static void space_with_extents_is_not_destroyed(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_4M);
	struct swim_block block = get(test, space, PAGE_SIZE), more;
	struct swim_space_stats before = stats_of(space);

	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), -EBUSY);
	EXPECT_REPORT(test, "space 'kunit' destroyed with 1 extents");
	expect_same(test, space, &before);
	/* It is still usable, and its name still taken. */
	more = get(test, space, SZ_64K);
	EXPECT_FREE(test, space, more);
	EXPECT_ERR_PTR(test, swim_space_create("kunit", 0), -EEXIST);
	EXPECT_FREE(test, space, block);
}

static void name_is_taken_until_its_space_is_destroyed(struct kunit *test)
{
	struct swim_space *space = space_of(test, 0);

	EXPECT_ERR_PTR(test, swim_space_create("kunit", 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
	space_of(test, 0);
}

static void bad_names_are_refused(struct kunit *test)
{
	static const char * const names[] = {
		NULL, "", ".", "..", "/", "a/b", "tab\t", "line\n", "\x7f", "\xc3\xa4",
		"12345678901234567890123456789012",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(swim_space_create(names[i], 0)), -EINVAL,
				    "name %u", i);
}

static void names_of_1_to_31_characters_are_good(struct kunit *test)
{
	static const char * const names[] = {
		"a", "...", "with blank", "%s", "1234567890123456789012345678901",
	};
	struct swim_space *space;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		space = swim_space_create(names[i], 0);
		KUNIT_ASSERT_FALSE(test, IS_ERR(space));
		KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
	}
}

static void name_is_of_any_printable_bytes_but_a_slash(struct kunit *test)
{
	unsigned int at, byte;

	for (at = 0; at < 3; at++) {
		for (byte = 1; byte < 256; byte++) {
			const bool good = byte >= ' ' && byte <= '~' && byte != '/';
			char name[] = "abc";
			struct swim_space *space;

			name[at] = byte;
			space = swim_space_create(name, 0);
			KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(space), good ? 0 : -EINVAL,
					    "byte %u at %u", byte, at);
			if (!IS_ERR(space))
				KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
		}
	}
}

static void static_space_gives_exactly_its_pages(struct kunit *test)
{
	unsigned int s, i;

	for (s = 0; s < ARRAY_SIZE(static_spaces); s++) {
		struct swim_space *space = static_spaces[s];
		const unsigned int n = space->fixed.size / PAGE_SIZE;
		struct swim_block *page = vcalloc(n, sizeof(*page)), more;

		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_ASSERT_EQ(test, swim_space_add(space), 0);
		EXPECT_STATS(test, space, space->fixed.size, 0, 0);
		KUNIT_EXPECT_EQ(test, stats_of(space).limit, space->fixed.size);
		for (i = 0; i < n; i++) {
			page[i] = get(test, space, PAGE_SIZE);
			KUNIT_ASSERT_TRUE(test, swim_block_contains(&space->fixed, page[i].addr));
			*(unsigned int *)page[i].addr = i;
		}
		KUNIT_EXPECT_EQ(test, swim_space_alloc(space, 1, GFP_KERNEL, &more), -ENOMEM);
		EXPECT_STATS(test, space, space->fixed.size, space->fixed.size, n);
		for (i = 0; i < n; i++) {
			KUNIT_ASSERT_EQ(test, *(unsigned int *)page[i].addr, i);
			EXPECT_FREE(test, space, page[i]);
		}
		EXPECT_STATS(test, space, space->fixed.size, 0, 0);
		KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
		vfree(page);
	}
}

DEFINE_SWIM_SPACE(never_added, 4 * PAGE_SIZE);

static void static_space_that_is_not_added_has_nothing_and_is_not_destroyed(struct kunit *test)
{
	struct swim_block block = { .size = 1 };

	KUNIT_EXPECT_EQ(test, swim_space_alloc(&never_added, PAGE_SIZE, GFP_KERNEL, &block),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, block.size, 1UL);
	EXPECT_ERR_PTR(test, swim_pool_create("kunit", swim_space_heap(&never_added), 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&never_added), -EINVAL);
	KUNIT_ASSERT_EQ(test, swim_space_add(&four_pages), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&four_pages), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&four_pages), -EINVAL);
}

static void static_space_does_not_grow_nor_shrink(struct kunit *test)
{
	struct swim_space_stats before;
	struct swim_block block;

	KUNIT_ASSERT_EQ(test, swim_space_add(&four_pages), 0);
	before = stats_of(&four_pages);
	KUNIT_EXPECT_EQ(test, swim_space_grow(&four_pages, GFP_KERNEL), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, swim_space_trim(&four_pages), 0UL);
	KUNIT_EXPECT_EQ(test, swim_space_alloc(&four_pages, 4 * PAGE_SIZE + 1, GFP_KERNEL, &block),
			-E2BIG);
	expect_same(test, &four_pages, &before);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&four_pages), 0);
}

static void static_space_refuses_what_lies_outside(struct kunit *test)
{
	struct swim_block page;

	KUNIT_ASSERT_EQ(test, swim_space_add(&four_pages), 0);
	page = get(test, &four_pages, PAGE_SIZE);
	expect_refused(test, &four_pages, four_pages.fixed.addr - PAGE_SIZE, PAGE_SIZE);
	expect_refused(test, &four_pages, four_pages.fixed.addr + 4 * PAGE_SIZE, PAGE_SIZE);
	expect_refused(test, &four_pages, odd_pages.fixed.addr, PAGE_SIZE);
	expect_refused(test, &four_pages, page.addr + 1, PAGE_SIZE);
	EXPECT_FREE(test, &four_pages, page);
	expect_refused(test, &four_pages, page.addr, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&four_pages), 0);
}

static void block_that_reaches_out_of_a_static_space_is_not_freed(struct kunit *test)
{
	struct swim_block page[17];
	unsigned int i;

	/* What is absent around the array must not be taken for pages in use. */
	KUNIT_ASSERT_EQ(test, swim_space_add(&odd_pages), 0);
	for (i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = get(test, &odd_pages, PAGE_SIZE);
	expect_refused(test, &odd_pages, odd_pages.fixed.addr + 16 * PAGE_SIZE, 2 * PAGE_SIZE);
	expect_refused(test, &odd_pages, odd_pages.fixed.addr + 16 * PAGE_SIZE, 4 * PAGE_SIZE);
	expect_refused(test, &odd_pages, odd_pages.fixed.addr, 32 * PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(page); i++)
		KUNIT_EXPECT_EQ(test, swim_space_free(&odd_pages, &page[i]), 0);
	EXPECT_STATS(test, &odd_pages, 17 * PAGE_SIZE, 0, 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&odd_pages), 0);
}

static void static_space_can_be_added_again_after_destroy(struct kunit *test)
{
	struct swim_block page;
	unsigned int n;

	for (n = 0; n < 3; n++) {
		KUNIT_ASSERT_EQ(test, swim_space_add(&odd_pages), 0);
		KUNIT_EXPECT_EQ(test, swim_space_add(&odd_pages), -EEXIST);
		page = get(test, &odd_pages, PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, swim_space_destroy(&odd_pages), -EBUSY);
		EXPECT_REPORT(test, "space 'odd_pages' destroyed with 1 extents");
		EXPECT_FREE(test, &odd_pages, page);
		KUNIT_EXPECT_EQ(test, swim_space_destroy(&odd_pages), 0);
	}
}

static void pool_works_over_a_static_space(struct kunit *test)
{
	struct swim_pool *pool;
	unsigned int n;
	void *object[64];

	KUNIT_ASSERT_EQ(test, swim_space_add(&big_space), 0);
	pool = swim_pool_create("kunit", swim_space_heap(&big_space), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	for (n = 0; n < ARRAY_SIZE(object); n++) {
		object[n] = swim_pool_alloc(pool, 8 << n % 13, GFP_KERNEL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(object[n]));
		KUNIT_EXPECT_TRUE(test, swim_block_contains(&big_space.fixed, object[n]));
		memset(object[n], n, 8 << n % 13);
	}
	for (n = 0; n < ARRAY_SIZE(object); n++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(object[n], n, 8 << n % 13));
		KUNIT_EXPECT_EQ(test, swim_free(object[n]), 0);
	}
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	EXPECT_STATS(test, &big_space, big_space.fixed.size, 0, 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&big_space), 0);
}

static void pool_works_in_a_space_of_four_pages(struct kunit *test)
{
	struct swim_pool *pool;
	unsigned int n, i;
	void *object[128];

	KUNIT_ASSERT_EQ(test, swim_space_add(&four_pages), 0);
	pool = swim_pool_create("kunit", swim_space_heap(&four_pages), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	EXPECT_ERR_PTR(test, swim_pool_alloc(pool, SZ_64K, GFP_KERNEL), -E2BIG);
	for (n = 0; n < ARRAY_SIZE(object); n++) {
		object[n] = swim_pool_alloc(pool, 8 << n % 7, GFP_KERNEL);
		if (IS_ERR(object[n]))
			break;
		KUNIT_EXPECT_TRUE(test, swim_block_contains(&four_pages.fixed, object[n]));
		KUNIT_EXPECT_NULL(test, memchr_inv(object[n], 0, 8 << n % 7));
		memset(object[n], n, 8 << n % 7);
	}
	/* Three pages of objects. */
	KUNIT_ASSERT_LT(test, n, (unsigned int)ARRAY_SIZE(object));
	EXPECT_ERR_PTR(test, object[n], -ENOMEM);
	KUNIT_EXPECT_GT(test, n, 50U);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(object[i], i, 8 << i % 7));
		KUNIT_EXPECT_EQ(test, swim_free(object[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	EXPECT_STATS(test, &four_pages, 4 * PAGE_SIZE, 0, 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&four_pages), 0);
}

/* Results: 1 overwritten by another, 2 not freed. */
static int space_storm(void *arg, unsigned int number)
{
	struct swim_block block[16] = {};
	u32 state = swim_random_seed(number), round;
	struct swim_space *space = arg;
	unsigned int i, tag = number + 1;
	int err = 0;

	for (round = 0; !err && round < ROUNDS(20000); round++) {
		i = swim_random(&state) % ARRAY_SIZE(block);
		if (block[i].size) {
			if (*(u32 *)block[i].addr != tag ||
			    *(u32 *)(block[i].addr + block[i].size - 4) != tag)
				err = 1;
			else if (swim_space_free(space, &block[i]))
				err = 2;
			block[i].size = 0;
		} else if (!swim_space_alloc(space, 1 + swim_random(&state) % (PAGE_SIZE << i % 8),
					     NOWAIT, &block[i])) {
			*(u32 *)block[i].addr = tag;
			*(u32 *)(block[i].addr + block[i].size - 4) = tag;
		}
		if (!(swim_random(&state) % 1024))
			swim_space_trim(space);
		if (!(round % 32))
			cond_resched();
	}
	for (i = 0; !err && i < ARRAY_SIZE(block); i++)
		err = swim_space_free(space, &block[i]) ? 2 : 0;
	return err;
}

static void threads_share_a_space(struct kunit *test)
{
	struct swim_space *space = space_of(test, 0);

	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), space_storm, space), 0);
	KUNIT_EXPECT_EQ(test, stats_of(space).used, 0UL);
	KUNIT_EXPECT_EQ(test, stats_of(space).live, 0L);
	swim_space_trim(space);
	EXPECT_STATS(test, space, 0, 0, 0);
}

static void threads_share_a_space_at_its_limit(struct kunit *test)
{
	struct swim_space *space = space_of(test, SZ_2M);
	struct swim_block whole;

	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), space_storm, space), 0);
	KUNIT_EXPECT_EQ(test, stats_of(space).used, 0UL);
	KUNIT_EXPECT_EQ(test, stats_of(space).live, 0L);
	whole = get(test, space, SZ_2M);
	EXPECT_FREE(test, space, whole);
}

/**
 * struct trimming - one allocates while the others trim
 * @space: where
 * @over: has he finished?
 */
struct trimming {
	struct swim_space *space;
	bool over;
};

/* Results: 1 room is lost, 2 not freed. */
static int long_extents_and_trim(void *arg, unsigned int number)
{
	struct trimming *trimming = arg;
	struct swim_block block;
	int err = 0;
	u32 round;

	while (number && !READ_ONCE(trimming->over)) {
		swim_space_trim(trimming->space);
		cond_resched();
	}
	for (round = 0; !number && !err && round < ROUNDS(200000); round++) {
		const unsigned long end = jiffies + HZ;

		/* Trim has it all for a moment. Nobody else frees here: nothing heals this. */
		while (swim_space_alloc(trimming->space, SZ_256K, NOWAIT, &block)) {
			cond_resched();
			if (time_after(jiffies, end)) {
				err = 1;
				break;
			}
		}
		if (!err && swim_space_free(trimming->space, &block))
			err = 2;
	}
	if (!number)
		WRITE_ONCE(trimming->over, true);
	return err;
}

static void room_is_not_lost_when_trim_finds_a_segment_in_use(struct kunit *test)
{
	struct trimming trimming = { .space = space_of(test, SZ_2M) };
	struct swim_space *space = trimming.space;
	struct swim_block *page = many;
	unsigned int i;

	/* One page of the last row stays in use, so that trim looks at all others first. */
	for (i = 0; i < ARRAY_SIZE(many); i++)
		page[i] = get(test, space, PAGE_SIZE);
	for (i = 0; i + 1 < ARRAY_SIZE(many); i++)
		EXPECT_FREE(test, space, page[i]);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 4, long_extents_and_trim, &trimming), 0);
	EXPECT_FREE(test, space, page[ARRAY_SIZE(many) - 1]);
}

/* Frames of a segment, one extent each; they are many[0] and so on. */
static struct swim_space *space_of_frames(struct kunit *test, size_t limit, unsigned int frames)
{
	struct swim_space *space = space_of(test, limit);
	unsigned int i;

	for (i = 0; i < frames; i++)
		many[i] = get(test, space, SZ_64K);
	return space;
}

static void free_frames_of_segments_in_use_go_back(struct kunit *test)
{
	const unsigned int segments = 3;
	struct swim_space *space = space_of_frames(test, 0, segments * SWIM_SEGMENT_FRAMES);
	const size_t size = segments * SZ_2M, left = segments * SZ_64K;
	unsigned int i;

	EXPECT_STATS(test, space, size, size, segments * SWIM_SEGMENT_FRAMES);
	KUNIT_EXPECT_EQ(test, swim_space_free_bytes(space), 0UL);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX), 0UL);
	for (i = 0; i < segments * SWIM_SEGMENT_FRAMES; i++) {
		if (i % SWIM_SEGMENT_FRAMES == 7)
			memset(many[i].addr, i, many[i].size);
		else
			EXPECT_FREE(test, space, many[i]);
	}
	KUNIT_EXPECT_EQ(test, swim_space_trim(space), 0UL);
	KUNIT_EXPECT_EQ(test, swim_space_free_bytes(space), size - left);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX), size - left);
	EXPECT_STATS(test, space, left, left, segments);
	KUNIT_EXPECT_EQ(test, stats_of(space).segments, segments);
	KUNIT_EXPECT_EQ(test, swim_space_free_bytes(space), 0UL);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX), 0UL);
	for (i = 7; i < segments * SWIM_SEGMENT_FRAMES; i += SWIM_SEGMENT_FRAMES) {
		KUNIT_EXPECT_NULL(test, memchr_inv(many[i].addr, i, many[i].size));
		EXPECT_FREE(test, space, many[i]);
	}
	swim_space_trim(space);
	EXPECT_STATS(test, space, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, stats_of(space).segments, 0U);
}

static void pages_that_are_released_are_free_pages(struct kunit *test)
{
	const unsigned int segments = ARRAY_SIZE(many) / SWIM_SEGMENT_FRAMES;
	struct swim_space *space = space_of_frames(test, 0, ARRAY_SIZE(many));
	unsigned long before, after;
	unsigned int i;
	size_t size;

	for (i = 0; i < ARRAY_SIZE(many); i++)
		if (i % SWIM_SEGMENT_FRAMES)
			EXPECT_FREE(test, space, many[i]);
	before = global_zone_page_state(NR_FREE_PAGES);
	size = swim_space_release(space, SIZE_MAX);
	after = global_zone_page_state(NR_FREE_PAGES);
	KUNIT_EXPECT_EQ(test, size, segments * (SZ_2M - SZ_64K));
	/* Each CPU may keep some pages, and others take some. */
	KUNIT_EXPECT_GT(test, (long)(after - before), (long)(size / PAGE_SIZE / 4 * 3));
	for (i = 0; i < ARRAY_SIZE(many); i += SWIM_SEGMENT_FRAMES)
		EXPECT_FREE(test, space, many[i]);
}

static void release_stops_at_what_is_asked_for(struct kunit *test)
{
	struct swim_space *space = space_of_frames(test, 0, SWIM_SEGMENT_FRAMES);
	unsigned int i;

	for (i = 1; i < SWIM_SEGMENT_FRAMES; i++)
		EXPECT_FREE(test, space, many[i]);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, 0), 0UL);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, 1), (size_t)SZ_64K);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SZ_64K), (size_t)SZ_64K);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SZ_64K + 1), (size_t)SZ_128K);
	EXPECT_STATS(test, space, SZ_2M - SZ_256K, SZ_64K, 1);
	KUNIT_EXPECT_EQ(test, swim_space_free_bytes(space), (size_t)SZ_2M - SZ_256K - SZ_64K);
	/* Free segments go first, and whole. */
	KUNIT_ASSERT_EQ(test, swim_space_grow(space, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, 1), (size_t)SZ_2M);
	EXPECT_STATS(test, space, SZ_2M - SZ_256K, SZ_64K, 1);
	EXPECT_FREE(test, space, many[0]);
}

static void absent_frames_are_filled_before_a_segment_is_added(struct kunit *test)
{
	struct swim_space *space = space_of_frames(test, 0, 2 * SWIM_SEGMENT_FRAMES);
	struct swim_block more;
	unsigned int i;

	for (i = 0; i < 2 * SWIM_SEGMENT_FRAMES; i++)
		if (i % SWIM_SEGMENT_FRAMES > 1)
			EXPECT_FREE(test, space, many[i]);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX), (size_t)SZ_4M - SZ_256K);
	for (i = 0; i < 2 * SWIM_SEGMENT_FRAMES; i++) {
		if (i % SWIM_SEGMENT_FRAMES > 1) {
			many[i] = get(test, space, i % 2 ? SZ_64K : SZ_32K + 1);
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)many[i].addr, SZ_64K));
			KUNIT_EXPECT_EQ(test, stats_of(space).segments, 2U);
		}
		memset(many[i].addr, i, many[i].size);
	}
	KUNIT_EXPECT_EQ(test, stats_of(space).size, (size_t)SZ_4M);
	more = get(test, space, SZ_64K);
	KUNIT_EXPECT_EQ(test, stats_of(space).segments, 3U);
	EXPECT_FREE(test, space, more);
	for (i = 0; i < 2 * SWIM_SEGMENT_FRAMES; i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(many[i].addr, i, many[i].size));
		EXPECT_FREE(test, space, many[i]);
	}
	swim_space_trim(space);
	EXPECT_STATS(test, space, 0, 0, 0);
}

static void extents_larger_than_a_frame_are_in_one_piece(struct kunit *test)
{
	struct swim_space *space = space_of(test, 0);
	struct swim_block stays = get(test, space, SZ_256K), page = get(test, space, PAGE_SIZE);
	struct swim_block block[31];
	unsigned int i;

	memset(stays.addr, 0x5a, stays.size);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX),
			(size_t)SZ_2M - SZ_256K - SZ_64K);
	/* Fill the gaps with frames from anywhere, and let these be free. */
	for (i = 0; i < 27; i++)
		block[i] = get(test, space, SZ_64K);
	KUNIT_EXPECT_EQ(test, stats_of(space).segments, 1U);
	for (i = 0; i < 27; i++)
		EXPECT_FREE(test, space, block[i]);
	EXPECT_STATS(test, space, SZ_2M, SZ_256K + PAGE_SIZE, 2);
	for (i = 0; i < 12; i++) {
		block[i] = get(test, space, SZ_128K);
		memset(block[i].addr, i, block[i].size);
	}
	KUNIT_EXPECT_EQ(test, stats_of(space).segments, 2U);
	KUNIT_EXPECT_NULL(test, memchr_inv(stays.addr, 0x5a, stays.size));
	for (i = 0; i < 12; i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(block[i].addr, i, block[i].size));
		EXPECT_FREE(test, space, block[i]);
	}
	EXPECT_FREE(test, space, stays);
	EXPECT_FREE(test, space, page);
	swim_space_trim(space);
	EXPECT_STATS(test, space, 0, 0, 0);
}

static void limit_holds_where_frames_come_and_go(struct kunit *test)
{
	struct swim_space *space = space_of_frames(test, SZ_2M + SZ_64K, SWIM_SEGMENT_FRAMES + 1);
	struct swim_space_stats full = stats_of(space);
	struct swim_block more;
	unsigned int round, i;

	KUNIT_EXPECT_EQ(test, full.size, (size_t)SZ_2M + SZ_64K);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < SWIM_SEGMENT_FRAMES; i++)
			if (i % 4 != round)
				EXPECT_FREE(test, space, many[i]);
		KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX), 24UL * SZ_64K);
		KUNIT_EXPECT_EQ(test, stats_of(space).size, 9UL * SZ_64K);
		for (i = 0; i < SWIM_SEGMENT_FRAMES; i++)
			if (i % 4 != round)
				many[i] = get(test, space, SZ_64K);
		KUNIT_EXPECT_EQ(test, swim_space_alloc(space, 1, GFP_KERNEL, &more), -ENOMEM);
		expect_same(test, space, &full);
	}
	for (i = 0; i < SWIM_SEGMENT_FRAMES + 1; i++)
		EXPECT_FREE(test, space, many[i]);
}

static void block_in_absent_frames_is_not_freed(struct kunit *test)
{
	struct swim_space *space = space_of(test, 0);
	struct swim_block half[2] = { get(test, space, SZ_1M), get(test, space, SZ_1M) }, few;
	void *begin;

	if (half[0].addr > half[1].addr)
		swap(half[0], half[1]);
	begin = half[0].addr;
	EXPECT_FREE(test, space, half[0]);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX), (size_t)SZ_1M);
	/* An absent frame has the address 0, but nothing is there. */
	expect_refused(test, space, NULL, PAGE_SIZE);
	expect_refused(test, space, NULL, SZ_64K);
	expect_refused(test, space, begin, PAGE_SIZE);
	expect_refused(test, space, begin, SZ_64K);
	expect_refused(test, space, begin + SZ_512K, SZ_512K);
	expect_refused(test, space, begin, SZ_2M);
	expect_refused(test, space, half[1].addr, SZ_2M);
	EXPECT_FREE(test, space, half[1]);
	expect_refused(test, space, half[1].addr, half[1].size);

	/* The other way round: what begins in memory ends where there is none. */
	swim_space_trim(space);
	few = get(test, space, SZ_128K);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX), (size_t)SZ_2M - SZ_128K);
	expect_refused(test, space, few.addr, SZ_256K);
	expect_refused(test, space, few.addr, SZ_2M);
	expect_refused(test, space, few.addr + SZ_64K, SZ_128K);
	EXPECT_FREE(test, space, few);
}

static void nobody_waits_for_a_segment_that_is_being_changed(struct kunit *test)
{
	struct swim_space *space = space_of_frames(test, SZ_2M, SWIM_SEGMENT_FRAMES);
	struct swim_segment *segment;
	struct swim_block more;
	unsigned int i;

	for (i = 0; i < 3; i++)
		EXPECT_FREE(test, space, many[i]);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SZ_64K), (size_t)SZ_64K);
	segment = swim_space_segment(space, 0);
	KUNIT_ASSERT_TRUE(test, swim_segment_lock(segment));
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX), 0UL);
	EXPECT_STATS(test, space, SZ_2M - SZ_64K, SZ_2M - 3 * SZ_64K, SWIM_SEGMENT_FRAMES - 3);
	/* What is free there can be had, and what is missing comes from elsewhere. */
	many[0] = get(test, space, SZ_64K);
	many[1] = get(test, space, SZ_64K);
	KUNIT_EXPECT_EQ(test, stats_of(space).segments, 1U);
	many[2] = get(test, space, SZ_64K);
	KUNIT_EXPECT_EQ(test, stats_of(space).segments, 2U);
	EXPECT_STATS(test, space, SZ_2M, SZ_2M, SWIM_SEGMENT_FRAMES);
	KUNIT_EXPECT_EQ(test, swim_space_alloc(space, 1, GFP_KERNEL, &more), -ENOMEM);
	for (i = 0; i < SWIM_SEGMENT_FRAMES; i++)
		EXPECT_FREE(test, space, many[i]);
	swim_space_trim(space);
	EXPECT_STATS(test, space, SZ_2M - SZ_64K, 0, 0);
	swim_segment_unlock(segment);
	KUNIT_EXPECT_EQ(test, swim_space_trim(space), (size_t)SZ_2M - SZ_64K);
	EXPECT_STATS(test, space, 0, 0, 0);
}

static void nothing_has_changed_when_no_frame_can_be_filled(struct kunit *test)
{
	struct swim_space *space = space_of_frames(test, SZ_2M, SWIM_SEGMENT_FRAMES);
	struct swim_block more = { &more, 4711 };
	struct swim_space_stats before;
	unsigned long n;
	int err;

	EXPECT_FREE(test, space, many[3]);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX), (size_t)SZ_64K);
	before = stats_of(space);
	for (n = 1; n < 10; n++) {
		swim_fail_nth(n);
		err = swim_space_alloc(space, SZ_64K, GFP_KERNEL, &more);
		swim_fail_nth(0);
		if (!err)
			break;
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_EQ(test, more.size, 4711UL);
		expect_same(test, space, &before);
	}
	/* There is one request, and it is made again the next time. */
	KUNIT_EXPECT_EQ(test, n, 2UL);
	many[3] = more;
	EXPECT_STATS(test, space, SZ_2M, SZ_2M, SWIM_SEGMENT_FRAMES);
	KUNIT_EXPECT_EQ(test, stats_of(space).segments, 1U);
	for (n = 0; n < SWIM_SEGMENT_FRAMES; n++)
		EXPECT_FREE(test, space, many[n]);
}

static void no_page_is_lost_where_frames_come_and_go(struct kunit *test)
{
	const unsigned int rounds = 20;
	struct swim_space *space = space_of_frames(test, SZ_2M, SWIM_SEGMENT_FRAMES);
	unsigned long before = 0, after;
	unsigned int round, i;

	/* What the first ones make is kept by others. */
	for (round = 0; round < 2 * rounds; round++) {
		if (round == rounds)
			before = global_zone_page_state(NR_FREE_PAGES);
		for (i = round % 2; i < SWIM_SEGMENT_FRAMES; i += 2)
			EXPECT_FREE(test, space, many[i]);
		KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX), (size_t)SZ_1M);
		for (i = round % 2; i < SWIM_SEGMENT_FRAMES; i += 2)
			many[i] = get(test, space, SZ_64K);
	}
	after = global_zone_page_state(NR_FREE_PAGES);
	/* One page of each frame would be 320; others take and give pages too. */
	KUNIT_EXPECT_LT(test, (long)(before - after), 16L * rounds);
	for (i = 0; i < SWIM_SEGMENT_FRAMES; i++)
		EXPECT_FREE(test, space, many[i]);
}

static void static_space_has_no_frame_to_release(struct kunit *test)
{
	struct swim_space_stats before;

	KUNIT_ASSERT_EQ(test, swim_space_add(&big_space), 0);
	before = stats_of(&big_space);
	KUNIT_EXPECT_EQ(test, swim_space_free_bytes(&big_space), 0UL);
	KUNIT_EXPECT_EQ(test, swim_space_release(&big_space, SIZE_MAX), 0UL);
	expect_same(test, &big_space, &before);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&big_space), 0);
}

/* Results: 1 overwritten by another, 2 not freed, 3 more was released than there was. */
static int release_storm(void *arg, unsigned int number)
{
	struct swim_block block[16] = {};
	u32 state = swim_random_seed(number), round;
	struct swim_space *space = arg;
	unsigned int i;
	int err = 0;

	for (round = 0; !err && round < ROUNDS(20000); round++) {
		i = swim_random(&state) % ARRAY_SIZE(block);
		if (block[i].size) {
			if (memchr_inv(block[i].addr, number * 16 + i, block[i].size))
				err = 1;
			else if (swim_space_free(space, &block[i]))
				err = 2;
			block[i].size = 0;
		} else if (!swim_space_alloc(space, 1 + swim_random(&state) % (PAGE_SIZE << i % 7),
					     NOWAIT, &block[i])) {
			memset(block[i].addr, number * 16 + i, block[i].size);
		}
		if (!(swim_random(&state) % 64) &&
		    swim_space_release(space, swim_random(&state) % SZ_4M) > 3 * SZ_2M)
			err = 3;
		if (!(swim_random(&state) % 1024))
			swim_space_trim(space);
		if (!(round % 32))
			cond_resched();
	}
	for (i = 0; i < ARRAY_SIZE(block); i++)
		if (swim_space_free(space, &block[i]))
			err = err ?: 2;
	return err;
}

static void release_while_threads_use(struct kunit *test, size_t limit)
{
	struct swim_space *space = space_of(test, limit);
	struct swim_block page = get(test, space, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), release_storm, space), 0);
	KUNIT_EXPECT_EQ(test, stats_of(space).used, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, stats_of(space).live, 1L);
	KUNIT_EXPECT_LE(test, stats_of(space).size, stats_of(space).limit);
	swim_space_release(space, SIZE_MAX);
	EXPECT_STATS(test, space, SZ_64K, PAGE_SIZE, 1);
	EXPECT_FREE(test, space, page);
	swim_space_trim(space);
	EXPECT_STATS(test, space, 0, 0, 0);
}

static void threads_share_a_space_that_releases_frames(struct kunit *test)
{
	release_while_threads_use(test, 0);
}

static void threads_share_a_space_that_releases_frames_at_its_limit(struct kunit *test)
{
	release_while_threads_use(test, SZ_1M);
}

static struct kunit_case space_cases[] = {
	KUNIT_CASE(space_is_created_empty),
	KUNIT_CASE(space_without_a_limit_has_a_large_one),
	KUNIT_CASE(memory_is_in_the_kernels_map),
	KUNIT_CASE(limit_below_64_kib_is_refused),
	KUNIT_CASE(space_grows_by_segments_when_it_is_asked),
	KUNIT_CASE(grow_stops_at_the_limit),
	KUNIT_CASE(space_grows_for_an_extent),
	KUNIT_CASE(free_segments_go_back_but_for_the_preferred_one),
	KUNIT_CASE(trim_leaves_segments_in_use),
	KUNIT_CASE(limit_is_rounded_down_to_64_kib),
	KUNIT_CASE(limit_below_a_segment_is_honoured),
	KUNIT_CASE(sizes_round_up_to_the_page),
	KUNIT_CASE(size_0_gives_the_empty_block),
	KUNIT_CASE(more_than_a_segment_or_the_limit_is_oversized),
	KUNIT_CASE(nothing_given_is_invalid),
	KUNIT_CASE(page_backed_space_is_not_added),
	KUNIT_CASE(misaligned_block_is_not_freed),
	KUNIT_CASE(block_at_no_place_of_an_extent_of_its_size_is_not_freed),
	KUNIT_CASE(block_that_reaches_beyond_a_small_segment_is_not_freed),
	KUNIT_CASE(foreign_block_is_not_freed),
	KUNIT_CASE(extent_is_freed_once),
	KUNIT_CASE(accounts_are_exact_after_any_sequence),
	KUNIT_CASE(extents_do_not_overlap_and_are_aligned_and_writable),
	KUNIT_CASE(freed_neighbours_become_one_again),
	KUNIT_CASE(freed_neighbours_become_one_again_in_a_small_space),
	KUNIT_CASE(freed_neighbours_become_one_again_in_a_static_space),
	KUNIT_CASE(any_fragmentation_heals),
	KUNIT_CASE(full_space_fails_cleanly_and_works_after_one_free),
	KUNIT_CASE(extents_are_got_and_given_with_interrupts_off),
	KUNIT_CASE(space_with_extents_is_not_destroyed),
	KUNIT_CASE(name_is_taken_until_its_space_is_destroyed),
	KUNIT_CASE(bad_names_are_refused),
	KUNIT_CASE(names_of_1_to_31_characters_are_good),
	KUNIT_CASE(name_is_of_any_printable_bytes_but_a_slash),
	KUNIT_CASE(static_space_gives_exactly_its_pages),
	KUNIT_CASE(static_space_does_not_grow_nor_shrink),
	KUNIT_CASE(static_space_refuses_what_lies_outside),
	KUNIT_CASE(block_that_reaches_out_of_a_static_space_is_not_freed),
	KUNIT_CASE(static_space_that_is_not_added_has_nothing_and_is_not_destroyed),
	KUNIT_CASE(static_space_can_be_added_again_after_destroy),
	KUNIT_CASE(pool_works_over_a_static_space),
	KUNIT_CASE(pool_works_in_a_space_of_four_pages),
	KUNIT_CASE(threads_share_a_space),
	KUNIT_CASE(threads_share_a_space_at_its_limit),
	KUNIT_CASE(room_is_not_lost_when_trim_finds_a_segment_in_use),
	KUNIT_CASE(free_frames_of_segments_in_use_go_back),
	KUNIT_CASE(pages_that_are_released_are_free_pages),
	KUNIT_CASE(release_stops_at_what_is_asked_for),
	KUNIT_CASE(absent_frames_are_filled_before_a_segment_is_added),
	KUNIT_CASE(extents_larger_than_a_frame_are_in_one_piece),
	KUNIT_CASE(limit_holds_where_frames_come_and_go),
	KUNIT_CASE(block_in_absent_frames_is_not_freed),
	KUNIT_CASE(nobody_waits_for_a_segment_that_is_being_changed),
	KUNIT_CASE(nothing_has_changed_when_no_frame_can_be_filled),
	KUNIT_CASE(no_page_is_lost_where_frames_come_and_go),
	KUNIT_CASE(static_space_has_no_frame_to_release),
	KUNIT_CASE(threads_share_a_space_that_releases_frames),
	KUNIT_CASE(threads_share_a_space_that_releases_frames_at_its_limit),
	{}
};

static struct kunit_suite space_suite = {
	.name = "space",
	.init = swim_kunit_init,
	.exit = space_exit,
	.test_cases = space_cases,
};

kunit_test_suite(space_suite);

MODULE_DESCRIPTION("KUnit suite: spaces");
MODULE_LICENSE("GPL");
