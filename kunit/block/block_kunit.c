// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of <swimmem/block.h>, sentence by sentence.
 */
#include "../kunit.h"

static char bytes[64];
static const struct swim_block whole = { bytes, sizeof(bytes) };
static const struct swim_block untouched = { bytes, 4711 };

static void block_of_size_0_is_empty(struct kunit *test)
{
	const struct swim_block none = {}, somewhere = { bytes, 0 }, one = { bytes, 1 };

	KUNIT_EXPECT_TRUE(test, swim_block_empty(&none));
	KUNIT_EXPECT_TRUE(test, swim_block_empty(&somewhere));
	KUNIT_EXPECT_FALSE(test, swim_block_empty(&one));
	KUNIT_EXPECT_FALSE(test, swim_block_empty(&whole));
}

static void block_contains_its_first_to_its_last_byte(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, swim_block_contains(&whole, bytes));
	KUNIT_EXPECT_TRUE(test, swim_block_contains(&whole, bytes + 1));
	KUNIT_EXPECT_TRUE(test, swim_block_contains(&whole, bytes + sizeof(bytes) - 1));
}

static void block_contains_nothing_beside_itself(struct kunit *test)
{
	const struct swim_block inner = { bytes + 8, 8 };

	KUNIT_EXPECT_FALSE(test, swim_block_contains(&inner, bytes + 7));
	KUNIT_EXPECT_FALSE(test, swim_block_contains(&inner, bytes + 16));
	KUNIT_EXPECT_FALSE(test, swim_block_contains(&inner, NULL));
	KUNIT_EXPECT_FALSE(test, swim_block_contains(&inner, (void *)ULONG_MAX));
}

static void empty_block_contains_nothing(struct kunit *test)
{
	const struct swim_block none = {}, somewhere = { bytes, 0 };

	KUNIT_EXPECT_FALSE(test, swim_block_contains(&none, NULL));
	KUNIT_EXPECT_FALSE(test, swim_block_contains(&none, bytes));
	KUNIT_EXPECT_FALSE(test, swim_block_contains(&somewhere, bytes));
}

static void block_may_reach_the_last_address(struct kunit *test)
{
	const struct swim_block last = { (void *)(ULONG_MAX - 15), 16 };

	KUNIT_EXPECT_TRUE(test, swim_block_contains(&last, (void *)ULONG_MAX));
	KUNIT_EXPECT_TRUE(test, swim_block_contains(&last, (void *)(ULONG_MAX - 15)));
	KUNIT_EXPECT_FALSE(test, swim_block_contains(&last, (void *)(ULONG_MAX - 16)));
	KUNIT_EXPECT_FALSE(test, swim_block_contains(&last, NULL));
}

static void blocks_are_equal_when_they_cover_the_same_range(struct kunit *test)
{
	const struct swim_block same = { bytes, sizeof(bytes) };
	const struct swim_block shorter = { bytes, sizeof(bytes) - 1 };
	const struct swim_block later = { bytes + 1, sizeof(bytes) };

	KUNIT_EXPECT_TRUE(test, swim_block_equal(&whole, &same));
	KUNIT_EXPECT_TRUE(test, swim_block_equal(&whole, &whole));
	KUNIT_EXPECT_FALSE(test, swim_block_equal(&whole, &shorter));
	KUNIT_EXPECT_FALSE(test, swim_block_equal(&whole, &later));
}

static void empty_blocks_are_equal_only_at_the_same_address(struct kunit *test)
{
	const struct swim_block a = { bytes, 0 }, b = { bytes, 0 }, c = { bytes + 1, 0 };

	KUNIT_EXPECT_TRUE(test, swim_block_equal(&a, &b));
	KUNIT_EXPECT_FALSE(test, swim_block_equal(&a, &c));
}

static void split_gives_head_and_tail_at_every_size(struct kunit *test)
{
	struct swim_block head, tail;
	size_t at;

	for (at = 0; at <= sizeof(bytes); at++) {
		KUNIT_ASSERT_EQ(test, swim_block_split(&whole, at, &head, &tail), 0);
		KUNIT_EXPECT_PTR_EQ(test, head.addr, (void *)bytes);
		KUNIT_EXPECT_EQ(test, head.size, at);
		KUNIT_EXPECT_PTR_EQ(test, tail.addr, (void *)(bytes + at));
		KUNIT_EXPECT_EQ(test, tail.size, sizeof(bytes) - at);
	}
}

static void split_at_0_leaves_an_empty_head(struct kunit *test)
{
	struct swim_block head, tail;

	KUNIT_ASSERT_EQ(test, swim_block_split(&whole, 0, &head, &tail), 0);
	KUNIT_EXPECT_TRUE(test, swim_block_empty(&head));
	KUNIT_EXPECT_TRUE(test, swim_block_equal(&tail, &whole));
}

static void split_at_its_size_leaves_an_empty_tail(struct kunit *test)
{
	struct swim_block head, tail;

	KUNIT_ASSERT_EQ(test, swim_block_split(&whole, whole.size, &head, &tail), 0);
	KUNIT_EXPECT_TRUE(test, swim_block_equal(&head, &whole));
	KUNIT_EXPECT_TRUE(test, swim_block_empty(&tail));
}

static void split_of_the_empty_block_gives_two_empty_blocks(struct kunit *test)
{
	const struct swim_block none = {};
	struct swim_block head = whole, tail = whole;

	KUNIT_ASSERT_EQ(test, swim_block_split(&none, 0, &head, &tail), 0);
	KUNIT_EXPECT_TRUE(test, swim_block_equal(&head, &none));
	KUNIT_EXPECT_TRUE(test, swim_block_equal(&tail, &none));
}

static void split_beyond_the_block_is_oversized_and_writes_nothing(struct kunit *test)
{
	const struct swim_block none = {};
	struct swim_block head = untouched, tail = untouched;

	KUNIT_EXPECT_EQ(test, swim_block_split(&whole, whole.size + 1, &head, &tail), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_block_split(&whole, SIZE_MAX, &head, &tail), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_block_split(&none, 1, &head, &tail), -E2BIG);
	KUNIT_EXPECT_TRUE(test, swim_block_equal(&head, &untouched));
	KUNIT_EXPECT_TRUE(test, swim_block_equal(&tail, &untouched));
}

static void split_may_write_over_the_block_it_cuts(struct kunit *test)
{
	struct swim_block block = whole, tail, head;

	KUNIT_ASSERT_EQ(test, swim_block_split(&block, 16, &block, &tail), 0);
	KUNIT_EXPECT_EQ(test, block.size, 16UL);
	KUNIT_EXPECT_PTR_EQ(test, tail.addr, (void *)(bytes + 16));
	KUNIT_EXPECT_EQ(test, tail.size, 48UL);
	KUNIT_ASSERT_EQ(test, swim_block_split(&tail, 8, &head, &tail), 0);
	KUNIT_EXPECT_PTR_EQ(test, head.addr, (void *)(bytes + 16));
	KUNIT_EXPECT_PTR_EQ(test, tail.addr, (void *)(bytes + 24));
	KUNIT_EXPECT_EQ(test, tail.size, 40UL);
}

static void offset_counts_bytes_from_the_begin(struct kunit *test)
{
	size_t at, offset;

	for (at = 0; at < sizeof(bytes); at++) {
		offset = SIZE_MAX;
		KUNIT_ASSERT_EQ(test, swim_block_offset(&whole, bytes + at, &offset), 0);
		KUNIT_EXPECT_EQ(test, offset, at);
	}
}

static void offset_of_an_address_outside_is_misaligned_and_writes_nothing(struct kunit *test)
{
	const struct swim_block inner = { bytes + 8, 8 }, empty = { bytes, 0 };
	size_t offset = 4711;

	KUNIT_EXPECT_EQ(test, swim_block_offset(&inner, bytes + 7, &offset), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_block_offset(&inner, bytes + 16, &offset), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_block_offset(&inner, NULL, &offset), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_block_offset(&empty, bytes, &offset), -EINVAL);
	KUNIT_EXPECT_EQ(test, offset, 4711UL);
}

static struct kunit_case block_cases[] = {
	KUNIT_CASE(block_of_size_0_is_empty),
	KUNIT_CASE(block_contains_its_first_to_its_last_byte),
	KUNIT_CASE(block_contains_nothing_beside_itself),
	KUNIT_CASE(empty_block_contains_nothing),
	KUNIT_CASE(block_may_reach_the_last_address),
	KUNIT_CASE(blocks_are_equal_when_they_cover_the_same_range),
	KUNIT_CASE(empty_blocks_are_equal_only_at_the_same_address),
	KUNIT_CASE(split_gives_head_and_tail_at_every_size),
	KUNIT_CASE(split_at_0_leaves_an_empty_head),
	KUNIT_CASE(split_at_its_size_leaves_an_empty_tail),
	KUNIT_CASE(split_of_the_empty_block_gives_two_empty_blocks),
	KUNIT_CASE(split_beyond_the_block_is_oversized_and_writes_nothing),
	KUNIT_CASE(split_may_write_over_the_block_it_cuts),
	KUNIT_CASE(offset_counts_bytes_from_the_begin),
	KUNIT_CASE(offset_of_an_address_outside_is_misaligned_and_writes_nothing),
	{}
};

static struct kunit_suite block_suite = {
	.name = "block",
	.init = swim_kunit_init,
	.exit = swim_kunit_exit,
	.test_cases = block_cases,
};

kunit_test_suite(block_suite);

MODULE_DESCRIPTION("KUnit suite: blocks");
MODULE_LICENSE("GPL");
