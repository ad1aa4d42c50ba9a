// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cleanup: leases and pins that end with their block, whichever way it is left.
 */
#include "../kunit.h"

struct flow {
	u64 packets;
};

static SWIM_PLAIN_TYPE(flow_type, struct flow);
DEFINE_SWIM_BOX(flow, struct flow, &flow_type);
DEFINE_SWIM_BUF(flow, struct flow, &flow_type);

static int cleanup_init(struct kunit *test)
{
	return swim_heap_init(test, 0, 0);
}

static long live(struct kunit *test)
{
	return heap_stats(test).live;
}

/* A lease of each kind, with an object in it, and one without. */
#define EXPECT_AUTO(lease, new_args...)						\
do {										\
	{									\
		struct lease full swim_auto(lease) = {};			\
		struct lease none swim_auto(lease) = {};			\
										\
		KUNIT_EXPECT_TRUE(test, lease##_is_empty(&none));		\
		KUNIT_ASSERT_EQ(test, lease##_new(&full, heap_hold(test), new_args), 0); \
		KUNIT_EXPECT_EQ(test, live(test), 1);				\
	}									\
	KUNIT_EXPECT_EQ(test, live(test), 0);					\
} while (0)

static void exclusive_leases_are_dropped_when_their_block_ends(struct kunit *test)
{
	EXPECT_AUTO(swim_raw, 24, GFP_KERNEL);
	EXPECT_AUTO(swim_ptr, 24, GFP_KERNEL);
	EXPECT_AUTO(swim_box, &flow_type, GFP_KERNEL);
	EXPECT_AUTO(swim_ptr_box, &flow_type, GFP_KERNEL);
	EXPECT_AUTO(swim_buf, &flow_type, 4, GFP_KERNEL);
	EXPECT_AUTO(swim_ptr_buf, &flow_type, 4, GFP_KERNEL);
}

static void counted_leases_are_dropped_when_their_block_ends(struct kunit *test)
{
	EXPECT_AUTO(swim_mut, 24, GFP_KERNEL);
	EXPECT_AUTO(swim_ref, 24, GFP_KERNEL);
	EXPECT_AUTO(swim_hard, 24, GFP_KERNEL);
	EXPECT_AUTO(swim_mut_box, &flow_type, GFP_KERNEL);
	EXPECT_AUTO(swim_ref_box, &flow_type, GFP_KERNEL);
	EXPECT_AUTO(swim_hard_box, &flow_type, GFP_KERNEL);
	EXPECT_AUTO(swim_mut_buf, &flow_type, 4, GFP_KERNEL);
	EXPECT_AUTO(swim_ref_buf, &flow_type, 4, GFP_KERNEL);
	EXPECT_AUTO(swim_hard_buf, &flow_type, 4, GFP_KERNEL);
}

static void typed_leases_are_dropped_when_their_block_ends(struct kunit *test)
{
	EXPECT_AUTO(flow_box, GFP_KERNEL);
	EXPECT_AUTO(flow_ptr_box, GFP_KERNEL);
	EXPECT_AUTO(flow_hard_box, GFP_KERNEL);
	EXPECT_AUTO(flow_buf, 4, GFP_KERNEL);
	EXPECT_AUTO(flow_mut_buf, 4, GFP_KERNEL);
}

static void soft_lease_is_dropped_when_its_block_ends(struct kunit *test)
{
	struct swim_hard_box hard = {};
	struct swim_counts counts;

	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&hard, heap_hold(test), &flow_type, GFP_KERNEL), 0);
	{
		struct swim_soft_box soft swim_auto(swim_soft_box) = {};

		KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&soft, &hard), 0);
		swim_hard_box_counts(&hard, &counts);
		KUNIT_EXPECT_EQ(test, counts.soft, 1U);
	}
	swim_hard_box_counts(&hard, &counts);
	KUNIT_EXPECT_EQ(test, counts.soft, 0U);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
}

static int build(struct kunit *test, struct swim_box *to, int err)
{
	struct swim_box box swim_auto(swim_box) = {};
	int made = swim_box_new(&box, heap_hold(test), &flow_type, GFP_KERNEL);

	if (made || err)
		return made ?: err;
	return swim_box_move(to, &box);
}

static void a_lease_that_was_moved_away_is_left_alone(struct kunit *test)
{
	struct swim_box box = {};

	KUNIT_EXPECT_EQ(test, build(test, &box, -EINTR), -EINTR);
	KUNIT_EXPECT_TRUE(test, swim_box_is_empty(&box));
	KUNIT_EXPECT_EQ(test, live(test), 0);
	KUNIT_EXPECT_EQ(test, build(test, &box, 0), 0);
	KUNIT_EXPECT_FALSE(test, swim_box_is_empty(&box));
	KUNIT_EXPECT_EQ(test, live(test), 1);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
}

static void a_lease_is_dropped_by_break_and_goto(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct swim_ptr ptr swim_auto(swim_ptr) = {};

		KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 8, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, live(test), 1);
		if (i == 1)
			continue;
		if (i == 2)
			break;
	}
	KUNIT_EXPECT_EQ(test, i, 2U);
	KUNIT_EXPECT_EQ(test, live(test), 0);
	{
		struct swim_ptr ptr swim_auto(swim_ptr) = {};

		KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 8, GFP_KERNEL), 0);
		if (i)
			goto out;
		i = 100;
	}
out:
	KUNIT_EXPECT_EQ(test, i, 2U);
	KUNIT_EXPECT_EQ(test, live(test), 0);
}

static void a_lease_that_ends_pinned_is_reported(struct kunit *test)
{
	struct swim_box box = {};

	KUNIT_ASSERT_EQ(test, swim_box_new(&box, heap_hold(test), &flow_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_box_pin(&box)));
	/* As the end of a block would do it; but this one can be mended. */
	__free_swim_box(&box);
	EXPECT_REPORT(test, "pinned when its block ended");
	KUNIT_EXPECT_EQ(test, live(test), 1);
	swim_box_unpin(&box);
	__free_swim_box(&box);
	KUNIT_EXPECT_EQ(test, live(test), 0);
}

/* Pinned in the block, not behind it, and the block is not run when it is pinned already. */
#define EXPECT_PINNED(lease, new_args...)					\
do {										\
	struct lease from swim_auto(lease) = {};				\
	unsigned int ran = 0;							\
	u64 *value, *other;							\
										\
	swim_pinned(lease, value, &from)					\
		ran++;								\
	EXPECT_ERR_PTR(test, value, -ENOENT);					\
	KUNIT_EXPECT_EQ(test, ran, 0U);						\
	KUNIT_ASSERT_EQ(test, lease##_new(&from, heap_hold(test), new_args), 0); \
	swim_pinned(lease, value, &from) {					\
		*value = 42;							\
		ran++;								\
		swim_pinned(lease, other, &from)				\
			ran = 100;						\
		EXPECT_ERR_PTR(test, other, -EBUSY);				\
		KUNIT_EXPECT_EQ(test, lease##_drop(&from), -EBUSY);		\
	}									\
	KUNIT_EXPECT_EQ(test, ran, 1U);						\
	swim_pinned(lease, value, &from)					\
		ran += *value;							\
	KUNIT_EXPECT_EQ(test, ran, 43U);					\
	KUNIT_EXPECT_EQ(test, lease##_drop(&from), 0);				\
} while (0)

static void pinned_runs_a_block_with_the_lease_pinned(struct kunit *test)
{
	EXPECT_PINNED(swim_raw, 8, GFP_KERNEL);
	EXPECT_PINNED(swim_ptr, 8, GFP_KERNEL);
	EXPECT_PINNED(swim_box, &flow_type, GFP_KERNEL);
	EXPECT_PINNED(swim_ptr_box, &flow_type, GFP_KERNEL);
}

static int leave_by_return(struct swim_box *box)
{
	struct flow *flow;

	swim_box_pinned(flow, box) {
		flow->packets++;
		return 4711;
	}
	return PTR_ERR_OR_ZERO(flow);
}

static void expect_unpinned(struct kunit *test, struct swim_box *box)
{
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_box_pin(box)));
	swim_box_unpin(box);
}

static void a_pin_ends_on_every_way_out(struct kunit *test)
{
	struct swim_box box swim_auto(swim_box) = {};
	struct swim_box empty = {};
	unsigned int ran = 0;
	struct flow *flow;

	KUNIT_ASSERT_EQ(test, swim_box_new(&box, heap_hold(test), &flow_type, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, leave_by_return(&empty), -ENOENT);
	KUNIT_EXPECT_EQ(test, leave_by_return(&box), 4711);
	expect_unpinned(test, &box);
	swim_box_pinned(flow, &box) {
		ran++;
		if (flow->packets == 1)
			break;
		ran = 100;
	}
	KUNIT_EXPECT_EQ(test, ran, 1U);
	expect_unpinned(test, &box);
	swim_box_pinned(flow, &box) {
		ran++;
		if (flow->packets == 1)
			continue;
		ran = 100;
	}
	KUNIT_EXPECT_EQ(test, ran, 2U);
	expect_unpinned(test, &box);
	swim_box_pinned(flow, &box) {
		ran++;
		if (flow->packets == 1)
			goto out;
		ran = 100;
	}
	ran = 100;
out:
	KUNIT_EXPECT_EQ(test, ran, 3U);
	expect_unpinned(test, &box);
}

static void pinned_slice_runs_a_block_with_the_array_pinned(struct kunit *test)
{
	struct swim_ptr_buf ptr swim_auto(swim_ptr_buf) = {};
	struct swim_buf buf swim_auto(swim_buf) = {};
	struct flow flow = { .packets = 7 };
	struct swim_slice all;
	unsigned int ran = 0;

	swim_buf_pinned(&all, &buf)
		ran++;
	KUNIT_EXPECT_EQ(test, ran, 0U);
	EXPECT_ERR_PTR(test, all.at, -ENOENT);
	KUNIT_EXPECT_EQ(test, all.len, 0U);
	KUNIT_ASSERT_EQ(test, swim_buf_new(&buf, heap_hold(test), &flow_type, 1, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_buf_push(&buf, &flow, GFP_KERNEL), 0);
	swim_buf_pinned(&all, &buf) {
		ran++;
		KUNIT_EXPECT_EQ(test, ((struct flow *)swim_slice_at(&all, 0))->packets, 7ULL);
		KUNIT_EXPECT_EQ(test, swim_buf_push(&buf, &flow, GFP_KERNEL), -EBUSY);
	}
	KUNIT_EXPECT_EQ(test, swim_buf_push(&buf, &flow, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_buf_new(&ptr, heap_hold(test), &flow_type, 1, GFP_KERNEL),
			0);
	swim_ptr_buf_pinned(&all, &ptr) {
		ran++;
		KUNIT_EXPECT_EQ(test, swim_ptr_buf_drop(&ptr), -EBUSY);
		break;
	}
	KUNIT_EXPECT_EQ(test, swim_ptr_buf_push(&ptr, &flow, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, ran, 2U);
}

static void typed_leases_are_pinned_by_their_names(struct kunit *test)
{
	struct flow_box box swim_auto(flow_box) = {};
	struct flow_buf buf swim_auto(flow_buf) = {};
	struct flow_slice all;
	struct flow *flow, one = { .packets = 1 };

	KUNIT_ASSERT_EQ(test, flow_box_new(&box, heap_hold(test), GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, flow_buf_new(&buf, heap_hold(test), 1, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, flow_buf_push(&buf, &one, GFP_KERNEL), 0);
	swim_pinned(flow_box, flow, &box)
		swim_pinned_slice(flow_buf, &all, &buf)
			flow->packets = flow_slice_at(&all, 0)->packets + 1;
	KUNIT_EXPECT_EQ(test, flow_buf_push(&buf, &one, GFP_KERNEL), 0);
	swim_pinned(flow_box, flow, &box)
		one.packets = flow->packets;
	KUNIT_EXPECT_EQ(test, one.packets, 2ULL);
	KUNIT_EXPECT_EQ(test, flow_box_drop(&box), 0);
}

#ifdef DEFINE_CLASS

static void the_kernels_own_helpers_take_leases(struct kunit *test)
{
	struct flow_box typed __free(flow_box) = {};
	struct swim_box box __free(swim_box) = {};

	{
		CLASS(swim_box, none)(&box);

		EXPECT_ERR_PTR(test, none.value, -ENOENT);
	}
	KUNIT_ASSERT_EQ(test, swim_box_new(&box, heap_hold(test), &flow_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, flow_box_new(&typed, heap_hold(test), GFP_KERNEL), 0);
	{
		guard(swim_box)(&box);
		CLASS(flow_box, pinned)(&typed);

		KUNIT_ASSERT_FALSE(test, IS_ERR(pinned.value));
		pinned.value->packets = 1;
		KUNIT_EXPECT_EQ(test, swim_box_drop(&box), -EBUSY);
		KUNIT_EXPECT_EQ(test, flow_box_drop(&typed), -EBUSY);
	}
	expect_unpinned(test, &box);
	expect_unpinned(test, &typed.box);
	KUNIT_EXPECT_EQ(test, live(test), 2);
}

#else

static void the_kernels_own_helpers_take_leases(struct kunit *test)
{
	kunit_skip(test, "this kernel has no <linux/cleanup.h>");
}

#endif

static struct kunit_case cleanup_cases[] = {
	KUNIT_CASE(exclusive_leases_are_dropped_when_their_block_ends),
	KUNIT_CASE(counted_leases_are_dropped_when_their_block_ends),
	KUNIT_CASE(typed_leases_are_dropped_when_their_block_ends),
	KUNIT_CASE(soft_lease_is_dropped_when_its_block_ends),
	KUNIT_CASE(a_lease_that_was_moved_away_is_left_alone),
	KUNIT_CASE(a_lease_is_dropped_by_break_and_goto),
	KUNIT_CASE(a_lease_that_ends_pinned_is_reported),
	KUNIT_CASE(pinned_runs_a_block_with_the_lease_pinned),
	KUNIT_CASE(a_pin_ends_on_every_way_out),
	KUNIT_CASE(pinned_slice_runs_a_block_with_the_array_pinned),
	KUNIT_CASE(typed_leases_are_pinned_by_their_names),
	KUNIT_CASE(the_kernels_own_helpers_take_leases),
	{}
};

static struct kunit_suite cleanup_suite = {
	.name = "cleanup",
	.init = cleanup_init,
	.exit = swim_heap_exit,
	.test_cases = cleanup_cases,
};

kunit_test_suite(cleanup_suite);

MODULE_DESCRIPTION("KUnit: leases of swimmem that end with their block");
MODULE_LICENSE("GPL");
