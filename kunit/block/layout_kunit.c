// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of <swimmem/layout.h>, sentence by sentence.
 */
#include "../kunit.h"

/* In 32 bits some processors want less of a member than of a variable. */
struct sample {
	u8 a;
	aligned_u64 b;
	u16 c;
};

static const struct swim_layout sample_layout = SWIM_LAYOUT(struct sample);
static const struct swim_layout untouched = { 4711, 4711 };

/* No alignment at all. */
static const size_t odd_aligns[] = { 0, 3, 5, 6, 12, 4095, SIZE_MAX, SIZE_MAX / 2 };

static void expect_layout(struct kunit *test, const struct swim_layout *layout, size_t size,
			  size_t align)
{
	KUNIT_EXPECT_EQ(test, layout->size, size);
	KUNIT_EXPECT_EQ(test, layout->align, align);
}

static void layout_of_a_type_is_its_size_and_alignment(struct kunit *test)
{
	const struct swim_layout byte = SWIM_LAYOUT(u8), word = SWIM_LAYOUT(unsigned long);

	expect_layout(test, &sample_layout, sizeof(struct sample), __alignof__(struct sample));
	expect_layout(test, &byte, 1, 1);
	expect_layout(test, &word, sizeof(long), sizeof(long));
	KUNIT_EXPECT_EQ(test, swim_layout_check(&sample_layout), 0);
}

static void every_power_of_two_is_an_alignment(struct kunit *test)
{
	unsigned int bit;

	for (bit = 0; bit < BITS_PER_LONG; bit++) {
		const struct swim_layout layout = { 1, 1UL << bit };

		KUNIT_EXPECT_EQ(test, swim_layout_check(&layout), 0);
	}
}

static void alignment_that_is_no_power_of_two_is_misaligned(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(odd_aligns); i++) {
		const struct swim_layout odd = { 8, odd_aligns[i] };
		struct swim_layout to = untouched, whole = untouched;
		size_t offset = 4711;

		KUNIT_EXPECT_EQ(test, swim_layout_check(&odd), -EINVAL);
		KUNIT_EXPECT_EQ(test, swim_layout_pad(&odd, &to), -EINVAL);
		KUNIT_EXPECT_EQ(test, swim_layout_array(&odd, 2, &to), -EINVAL);
		KUNIT_EXPECT_EQ(test, swim_layout_array(&odd, 0, &to), -EINVAL);
		KUNIT_EXPECT_EQ(test, swim_layout_extend(&odd, &sample_layout, &whole, &offset),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, swim_layout_extend(&sample_layout, &odd, &whole, &offset),
				-EINVAL);
		expect_layout(test, &to, 4711, 4711);
		expect_layout(test, &whole, 4711, 4711);
		KUNIT_EXPECT_EQ(test, offset, 4711UL);
	}
}

static void pad_rounds_the_size_up_to_the_alignment(struct kunit *test)
{
	size_t size, align;

	for (align = 1; align <= 64; align *= 2) {
		for (size = 0; size <= 130; size++) {
			const struct swim_layout layout = { size, align };
			struct swim_layout padded = {};

			KUNIT_ASSERT_EQ(test, swim_layout_pad(&layout, &padded), 0);
			KUNIT_EXPECT_EQ(test, padded.align, align);
			KUNIT_EXPECT_EQ(test, padded.size % align, 0UL);
			KUNIT_EXPECT_GE(test, padded.size, size);
			KUNIT_EXPECT_LT(test, padded.size - size, align);
		}
	}
}

static void pad_may_write_over_its_source(struct kunit *test)
{
	struct swim_layout layout = { 9, 8 };

	KUNIT_ASSERT_EQ(test, swim_layout_pad(&layout, &layout), 0);
	expect_layout(test, &layout, 16, 8);
}

static void size_that_overflows_when_padded_is_oversized(struct kunit *test)
{
	const struct swim_layout fits = { SIZE_MAX - 7, 8 }, over = { SIZE_MAX - 6, 8 };
	const struct swim_layout bytes = { SIZE_MAX, 1 };
	struct swim_layout padded = untouched;

	KUNIT_EXPECT_EQ(test, swim_layout_check(&over), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_layout_pad(&over, &padded), -E2BIG);
	expect_layout(test, &padded, 4711, 4711);
	KUNIT_EXPECT_EQ(test, swim_layout_check(&fits), 0);
	KUNIT_EXPECT_EQ(test, swim_layout_pad(&fits, &padded), 0);
	expect_layout(test, &padded, SIZE_MAX - 7, 8);
	KUNIT_EXPECT_EQ(test, swim_layout_pad(&bytes, &padded), 0);
	expect_layout(test, &padded, SIZE_MAX, 1);
}

static void array_pads_each_element(struct kunit *test)
{
	const struct swim_layout odd = { 5, 4 };
	struct swim_layout array;

	KUNIT_ASSERT_EQ(test, swim_layout_array(&odd, 3, &array), 0);
	expect_layout(test, &array, 24, 4);
	KUNIT_ASSERT_EQ(test, swim_layout_array(&sample_layout, 7, &array), 0);
	expect_layout(test, &array, sizeof(struct sample[7]), __alignof__(struct sample));
}

static void array_of_no_elements_has_size_0(struct kunit *test)
{
	const struct swim_layout nothing = { 0, 8 };
	struct swim_layout array;

	KUNIT_ASSERT_EQ(test, swim_layout_array(&sample_layout, 0, &array), 0);
	expect_layout(test, &array, 0, __alignof__(struct sample));
	KUNIT_ASSERT_EQ(test, swim_layout_array(&nothing, SIZE_MAX, &array), 0);
	expect_layout(test, &array, 0, 8);
}

static void array_that_overflows_is_oversized_and_writes_nothing(struct kunit *test)
{
	const struct swim_layout eight = { 8, 8 }, seven = { 7, 8 }, over = { SIZE_MAX, 8 };
	struct swim_layout array = untouched;

	KUNIT_EXPECT_EQ(test, swim_layout_array(&eight, SIZE_MAX / 8 + 1, &array), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_layout_array(&seven, SIZE_MAX / 7, &array), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_layout_array(&over, 1, &array), -E2BIG);
	expect_layout(test, &array, 4711, 4711);
	KUNIT_EXPECT_EQ(test, swim_layout_array(&eight, SIZE_MAX / 8, &array), 0);
	expect_layout(test, &array, SIZE_MAX & ~7UL, 8);
}

static void extend_gives_the_padded_whole_and_the_offset_of_the_second(struct kunit *test)
{
	const struct swim_layout a = SWIM_LAYOUT(u8), b = SWIM_LAYOUT(u64), c = SWIM_LAYOUT(u16);
	struct swim_layout whole;
	size_t offset;

	KUNIT_ASSERT_EQ(test, swim_layout_extend(&a, &b, &whole, &offset), 0);
	expect_layout(test, &whole, 16, 8);
	KUNIT_EXPECT_EQ(test, offset, offsetof(struct sample, b));
	KUNIT_ASSERT_EQ(test, swim_layout_extend(&whole, &c, &whole, &offset), 0);
	expect_layout(test, &whole, sizeof(struct sample), __alignof__(struct sample));
	KUNIT_EXPECT_EQ(test, offset, offsetof(struct sample, c));
}

static void extend_takes_the_larger_alignment_of_both(struct kunit *test)
{
	const struct swim_layout small = { 3, 2 }, large = { 5, 64 };
	struct swim_layout whole;
	size_t offset;

	KUNIT_ASSERT_EQ(test, swim_layout_extend(&small, &large, &whole, &offset), 0);
	expect_layout(test, &whole, 128, 64);
	KUNIT_EXPECT_EQ(test, offset, 64UL);
	KUNIT_ASSERT_EQ(test, swim_layout_extend(&large, &small, &whole, &offset), 0);
	expect_layout(test, &whole, 64, 64);
	KUNIT_EXPECT_EQ(test, offset, 6UL);
}

static void extend_by_nothing_only_pads(struct kunit *test)
{
	const struct swim_layout first = { 5, 4 }, nothing = { 0, 1 };
	struct swim_layout whole;
	size_t offset;

	KUNIT_ASSERT_EQ(test, swim_layout_extend(&first, &nothing, &whole, &offset), 0);
	expect_layout(test, &whole, 8, 4);
	KUNIT_EXPECT_EQ(test, offset, 5UL);
	KUNIT_ASSERT_EQ(test, swim_layout_extend(&nothing, &first, &whole, &offset), 0);
	expect_layout(test, &whole, 8, 4);
	KUNIT_EXPECT_EQ(test, offset, 0UL);
}

static void extend_that_overflows_is_oversized_and_writes_nothing(struct kunit *test)
{
	static const struct swim_layout pairs[][2] = {
		{ { SIZE_MAX, 8 }, { 1, 1 } },			/* the first is none itself */
		{ { 1, 1 }, { SIZE_MAX, 8 } },			/* so is the second */
		{ { SIZE_MAX, 1 }, { 1, 8 } },			/* the gap between them */
		{ { SIZE_MAX - 7, 8 }, { 8, 8 } },		/* the sum */
		{ { SIZE_MAX - 15, 16 }, { 1, 1 } },		/* the padding behind */
	};
	struct swim_layout whole = untouched;
	size_t offset = 4711;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++)
		KUNIT_EXPECT_EQ_MSG(test, swim_layout_extend(&pairs[i][0], &pairs[i][1], &whole,
							     &offset), -E2BIG, "pair %u", i);
	expect_layout(test, &whole, 4711, 4711);
	KUNIT_EXPECT_EQ(test, offset, 4711UL);
}

static struct kunit_case layout_cases[] = {
	KUNIT_CASE(layout_of_a_type_is_its_size_and_alignment),
	KUNIT_CASE(every_power_of_two_is_an_alignment),
	KUNIT_CASE(alignment_that_is_no_power_of_two_is_misaligned),
	KUNIT_CASE(pad_rounds_the_size_up_to_the_alignment),
	KUNIT_CASE(pad_may_write_over_its_source),
	KUNIT_CASE(size_that_overflows_when_padded_is_oversized),
	KUNIT_CASE(array_pads_each_element),
	KUNIT_CASE(array_of_no_elements_has_size_0),
	KUNIT_CASE(array_that_overflows_is_oversized_and_writes_nothing),
	KUNIT_CASE(extend_gives_the_padded_whole_and_the_offset_of_the_second),
	KUNIT_CASE(extend_takes_the_larger_alignment_of_both),
	KUNIT_CASE(extend_by_nothing_only_pads),
	KUNIT_CASE(extend_that_overflows_is_oversized_and_writes_nothing),
	{}
};

static struct kunit_suite layout_suite = {
	.name = "layout",
	.init = swim_kunit_init,
	.exit = swim_kunit_exit,
	.test_cases = layout_cases,
};

kunit_test_suite(layout_suite);

MODULE_DESCRIPTION("KUnit suite: layouts");
MODULE_LICENSE("GPL");
