// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stow: structures go to another hold, all or nothing, while others go on.
 */
#include <linux/sizes.h>
#include <linux/smp.h>

#include "../../swimmem/alloc/fail.h"
#include "../interrupt.h"
#include "../structure.h"

DEFINE_SWIM_SPACE(stow_fixed, 12 * PAGE_SIZE);
static char stow_block[SZ_256K] __aligned(PAGE_SIZE);

/* Where to; another pool over the same space. */
static struct swim_pool *there;

static int stow_init(struct kunit *test)
{
	int err = swim_heap_init(test, 0, 0);
	struct swim_bed *heap = test->priv;

	if (err)
		return err;
	there = swim_pool_create("there", swim_space_heap(heap->space), 0);
	return PTR_ERR_OR_ZERO(there);
}

static void stow_exit(struct kunit *test)
{
	swim_fail_nth(0);
	if (!IS_ERR_OR_NULL(there))
		KUNIT_EXPECT_EQ(test, swim_pool_destroy(there), 0);
	swim_heap_exit(test);
}

/* Let both pools be others: with these flags, over spaces of their own. */
static void stow_again(struct kunit *test, unsigned long flags)
{
	struct swim_bed *heap = test->priv;

	KUNIT_ASSERT_EQ(test, swim_pool_destroy(there), 0);
	there = NULL;
	swim_heap_again(test, 0, flags);
	there = swim_pool_create("there", swim_space_heap(heap->space), flags);
	KUNIT_ASSERT_FALSE(test, IS_ERR(there));
}

/* Nothing of a structure is left where it was: that pool can go at once, and come again. */
static void source_is_done(struct kunit *test, unsigned long flags)
{
	struct swim_bed *heap = test->priv;

	expect_empty(test, heap->pool);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(heap->pool), 0);
	heap->pool = swim_pool_create("kunit", swim_space_heap(heap->space), flags);
	KUNIT_ASSERT_FALSE(test, IS_ERR(heap->pool));
}

static int stow(void *slot, enum swim_lease_kind kind, struct swim_pool *pool)
{
	return __swim_stow(slot, kind, swim_pool_hold(pool), GFP_KERNEL);
}

/* A whole structure goes, and nothing gets lost in either pool. */
static void expect_stow(struct kunit *test, void *slot, enum swim_lease_kind kind,
			struct swim_pool *from, struct swim_pool *to)
{
	struct view *before = view_of(test, slot, kind), *after;
	struct swim_pool_stats was = stats_of(from), there_was = stats_of(to);

	KUNIT_ASSERT_EQ(test, stow(slot, kind, to), 0);
	after = view_of(test, slot, kind);
	expect_like(test, before, after, true);
	KUNIT_EXPECT_EQ(test, stats_of(from).live, was.live - before->n);
	KUNIT_EXPECT_EQ(test, stats_of(to).live, there_was.live + before->n);
	KUNIT_EXPECT_EQ(test, stats_of(from).used + stats_of(to).used,
			was.used + there_was.used);
	view_put(test, before);
	view_put(test, after);
}

/* It does not, and nothing has changed. */
static void expect_no_stow(struct kunit *test, void *slot, enum swim_lease_kind kind,
			   struct swim_hold *hold, int err)
{
	struct view *before = view_of(test, slot, kind);
	struct swim_pool_stats was = heap_stats(test);
	struct swim_hold_stats there_was, there_is;

	swim_hold_stats(hold, &there_was);
	KUNIT_EXPECT_EQ(test, __swim_stow(slot, kind, hold, GFP_KERNEL), err);
	expect_same(test, before, slot, kind);
	swim_hold_stats(hold, &there_is);
	KUNIT_EXPECT_EQ(test, there_is.live, there_was.live);
	KUNIT_EXPECT_EQ(test, there_is.used, there_was.used);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, was.live);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, was.used);
	view_put(test, before);
}

static void bytes_of_any_size_go_by_each_kind_of_lease(struct kunit *test)
{
	static const size_t sizes[] = { 0, 1, 8, 63, 100, SZ_4K, SZ_16K - 8, SZ_16K, SZ_16K + 1,
					SZ_64K, SZ_1M };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct swim_hard hard = {};
		struct swim_raw raw = {};
		struct swim_ptr ptr = {};
		struct swim_mut mut = {};
		struct swim_ref ref = {};
		void *bytes;

		KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), sizes[i], GFP_KERNEL), 0);
		memset(swim_raw_pin(&raw), 1, sizes[i]);
		swim_raw_unpin(&raw);
		KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), sizes[i], GFP_KERNEL), 0);
		memset(swim_ptr_pin(&ptr), 2, sizes[i]);
		swim_ptr_unpin(&ptr);
		KUNIT_ASSERT_EQ(test, swim_mut_new(&mut, heap_hold(test), sizes[i], GFP_KERNEL), 0);
		memset(swim_mut_get(&mut), 3, sizes[i]);
		KUNIT_ASSERT_EQ(test, swim_mut_into_hard(&hard, &mut), 0);

		expect_stow(test, &raw, SWIM_KIND_RAW, heap_pool(test), there);
		expect_stow(test, &ptr, SWIM_KIND_PTR, heap_pool(test), there);
		expect_stow(test, &hard, SWIM_KIND_HARD, heap_pool(test), there);
		source_is_done(test, 0);

		KUNIT_EXPECT_EQ(test, swim_raw_size(&raw), sizes[i]);
		bytes = swim_raw_pin(&raw);
		KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 1, sizes[i]));
		swim_raw_unpin(&raw);
		bytes = swim_ptr_pin(&ptr);
		KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 2, sizes[i]));
		swim_ptr_unpin(&ptr);
		KUNIT_ASSERT_EQ(test, swim_hard_poll_to_ref(&ref, &hard), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(swim_ref_get(&ref), 3, sizes[i]));
		KUNIT_EXPECT_EQ(test, swim_ref_drop(&ref), 0);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
		KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
		KUNIT_EXPECT_EQ(test, swim_hard_drop(&hard), 0);
		expect_empty(test, there);
	}
}

/* A value that goes in is empty afterwards. */
static void push(struct kunit *test, struct swim_buf *buf, struct swim_ptr_buf *ptr,
		 struct swim_mut_buf *mut, u64 number)
{
	struct node node[3] = { { .number = number }, { .number = number }, { .number = number } };

	KUNIT_ASSERT_EQ(test, swim_buf_push(buf, &node[0], GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_buf_push(ptr, &node[1], GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_mut_buf_push(mut, &node[2], GFP_KERNEL), 0);
}

static void bufs_go_with_their_room_and_grow_there(struct kunit *test)
{
	struct swim_hard_buf hard = {};
	struct swim_ptr_buf ptr = {};
	struct swim_mut_buf mut = {};
	struct swim_buf buf = {};
	struct swim_slice slice;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, swim_buf_new(&buf, heap_hold(test), &node_type, 5, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_buf_new(&ptr, heap_hold(test), &node_type, 5, GFP_KERNEL),
			0);
	KUNIT_ASSERT_EQ(test, swim_mut_buf_new(&mut, heap_hold(test), &node_type, 5, GFP_KERNEL),
			0);
	for (i = 0; i < 3; i++)
		push(test, &buf, &ptr, &mut, i);
	KUNIT_ASSERT_EQ(test, swim_mut_buf_into_hard(&hard, &mut), 0);
	expect_stow(test, &buf, SWIM_KIND_RAW, heap_pool(test), there);
	expect_stow(test, &ptr, SWIM_KIND_PTR, heap_pool(test), there);
	expect_stow(test, &hard, SWIM_KIND_HARD, heap_pool(test), there);
	source_is_done(test, 0);

	KUNIT_EXPECT_EQ(test, swim_buf_len(&buf), 3U);
	KUNIT_EXPECT_EQ(test, swim_buf_cap(&buf), 5U);
	KUNIT_EXPECT_EQ(test, swim_ptr_buf_len(&ptr), 3U);
	KUNIT_EXPECT_EQ(test, swim_ptr_buf_cap(&ptr), 5U);
	KUNIT_ASSERT_EQ(test, swim_hard_buf_poll_into_mut(&mut, &hard), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_buf_len(&mut), 3U);
	KUNIT_EXPECT_EQ(test, swim_mut_buf_cap(&mut), 5U);
	for (; i < 20; i++)
		push(test, &buf, &ptr, &mut, i);
	KUNIT_ASSERT_EQ(test, swim_mut_buf_get(&mut, &slice), 0);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, ((struct node *)swim_slice_at(&slice, i))->number, (u64)i);
	expect_empty(test, heap_pool(test));
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_buf_drop(&ptr), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_buf_drop(&mut), 0);
}

/* Structures of any shape, by each kind of root, to and fro. */
static void shapes(struct kunit *test, unsigned int rounds, bool large)
{
	unsigned int round, i;

	for (round = 0; round < rounds; round++) {
		struct grower g = {
			.test = test,
			.hold = heap_hold(test),
			.state = swim_random_seed(round),
			.budget = 40,
			.large = large,
		};
		struct swim_hard_box hard = {};
		struct swim_ptr_box ptr = {};
		struct swim_box box = {};
		struct view *view;

		grow_hard(&g, &g.shared, 1);
		grow_box(&g, &box, 3);
		grow_ptr_box(&g, &ptr, 2);
		grow_hard(&g, &hard, 2);
		for (i = 0; i < 3; i++) {
			struct swim_pool *from = i % 2 ? there : heap_pool(test);
			struct swim_pool *to = i % 2 ? heap_pool(test) : there;

			/* What is shared comes with the first, so it cannot be counted. */
			view = view_of(test, &box, SWIM_KIND_RAW);
			KUNIT_ASSERT_EQ(test, stow(&g.shared, SWIM_KIND_HARD, to), 0);
			KUNIT_ASSERT_EQ(test, stow(&box, SWIM_KIND_RAW, to), 0);
			KUNIT_ASSERT_EQ(test, stow(&ptr, SWIM_KIND_PTR, to), 0);
			KUNIT_ASSERT_EQ(test, stow(&hard, SWIM_KIND_HARD, to), 0);
			expect_empty(test, from);
			expect_like(test, view, view_of(test, &box, SWIM_KIND_RAW), true);
		}
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&g.shared), 0);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
		KUNIT_EXPECT_EQ(test, swim_ptr_box_drop(&ptr), 0);
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
		expect_empty(test, there);
	}
}

static void structures_of_any_shape_go_to_and_fro(struct kunit *test)
{
	shapes(test, ROUNDS(100), false);
}

static void parts_with_extents_of_their_own_go_too(struct kunit *test)
{
	shapes(test, ROUNDS(100), true);
}

static void pools_with_rcu_readers_do_the_same(struct kunit *test)
{
	stow_again(test, SWIM_POOL_RCU);
	shapes(test, ROUNDS(30), true);
}

static void children_stand_directly_behind_their_parents(struct kunit *test)
{
	struct grower g = {
		.test = test,
		.hold = heap_hold(test),
		.state = swim_random_seed(4),
		.budget = 30,
	};
	struct swim_box box = {};
	struct view *view;
	unsigned int i;

	/* Elsewhere first, in any order. */
	grow_hard(&g, &g.shared, 1);
	grow_box(&g, &box, 3);
	KUNIT_ASSERT_EQ(test, swim_box_stow(&box, swim_pool_hold(there), GFP_KERNEL), 0);
	view = view_of(test, &box, SWIM_KIND_RAW);
	KUNIT_ASSERT_GT(test, view->n, 20U);
	for (i = 1; i < view->n; i++) {
		const struct seen *last = &view->seen[i - 1];

		/* A hunk has an end. */
		if (((unsigned long)last->object ^ (unsigned long)view->seen[i].object) &
		    SWIM_FRAME_MASK)
			continue;
		KUNIT_EXPECT_PTR_EQ(test, view->seen[i].object,
				    last->object + last->size + 8 + swim_kunit_trailer());
	}
	KUNIT_EXPECT_LE(test, stats_of(there).hunks, 2UL);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&g.shared), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
}

/* A list of @n boxes, of nodes, each owning the next. */
static void new_list(struct kunit *test, struct swim_box *head, unsigned int n)
{
	while (n--) {
		struct swim_box box = {};
		struct node *node;

		KUNIT_ASSERT_EQ(test, swim_box_new(&box, heap_hold(test), &node_type, GFP_KERNEL),
				0);
		node = swim_box_pin(&box);
		node->number = n;
		if (!swim_box_is_empty(head))
			KUNIT_ASSERT_EQ(test, swim_box_move(&node->box, head), 0);
		swim_box_unpin(&box);
		KUNIT_ASSERT_EQ(test, swim_box_move(head, &box), 0);
	}
}

static void a_list_goes_however_long_it_is(struct kunit *test)
{
	const unsigned int n = ROUNDS(100000);
	struct swim_box head = {}, *at = &head;
	unsigned int i;

	new_list(test, &head, n);
	KUNIT_ASSERT_EQ(test, stow(&head, SWIM_KIND_RAW, there), 0);
	source_is_done(test, 0);
	KUNIT_EXPECT_EQ(test, stats_of(there).live, (long)n);
	for (i = 0; i < n; i++) {
		struct node *node = at->raw.object;

		if (node->number != i ||
		    swim_tag_read(swim_tag_of(node)) != swim_tag_owned(at, SWIM_TAG_OWNED))
			break;
		at = &node->box;
	}
	KUNIT_EXPECT_EQ(test, i, n);
	KUNIT_EXPECT_TRUE(test, swim_box_is_empty(at));
	KUNIT_EXPECT_EQ(test, swim_box_drop(&head), 0);
}

static void a_counted_list_goes_however_long_it_is(struct kunit *test)
{
	const unsigned int n = ROUNDS(50000);
	struct swim_hard_box head = {};
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct swim_mut_box mut = {};
		struct node *node;

		KUNIT_ASSERT_EQ(test, swim_mut_box_new(&mut, heap_hold(test), &node_type,
						       GFP_KERNEL), 0);
		node = swim_mut_box_get(&mut);
		node->number = i;
		if (i)
			KUNIT_ASSERT_EQ(test, swim_hard_box_move(&node->hard, &head), 0);
		KUNIT_ASSERT_EQ(test, swim_mut_box_into_hard(&head, &mut), 0);
	}
	KUNIT_ASSERT_EQ(test, swim_hard_box_stow(&head, swim_pool_hold(there), GFP_KERNEL), 0);
	source_is_done(test, 0);
	KUNIT_EXPECT_EQ(test, stats_of(there).live, (long)n);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&head), 0);
	expect_empty(test, there);
}

static void a_buf_with_many_children_goes(struct kunit *test)
{
	const unsigned int n = ROUNDS(10000);
	struct swim_slice slice;
	struct swim_buf buf = {};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, swim_buf_new(&buf, heap_hold(test), &node_type, 0, GFP_KERNEL), 0);
	for (i = 0; i < n; i++) {
		struct node node = { .number = i };

		KUNIT_ASSERT_EQ(test, swim_box_new(&node.box, heap_hold(test), &node_type,
						   GFP_KERNEL), 0);
		((struct node *)node.box.raw.object)->number = i;
		KUNIT_ASSERT_EQ(test, swim_buf_push(&buf, &node, GFP_KERNEL), 0);
	}
	KUNIT_ASSERT_EQ(test, swim_buf_stow(&buf, swim_pool_hold(there), GFP_KERNEL), 0);
	source_is_done(test, 0);
	KUNIT_ASSERT_EQ(test, swim_buf_pin(&buf, &slice), 0);
	for (i = 0; i < n; i++) {
		struct node *node = swim_slice_at(&slice, i), *child = node->box.raw.object;

		if (node->number != i || child->number != i ||
		    swim_tag_read(swim_tag_of(child)) != swim_tag_owned(&node->box,
									SWIM_TAG_OWNED))
			break;
	}
	KUNIT_EXPECT_EQ(test, i, n);
	swim_buf_unpin(&buf);
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf), 0);
}

static void new_node(struct kunit *test, struct swim_box *box, u64 number)
{
	KUNIT_ASSERT_EQ(test, swim_box_new(box, heap_hold(test), &node_type, GFP_KERNEL), 0);
	((struct node *)box->raw.object)->number = number;
}

/* The caller has the only lease, so that he can look behind its back. */
static struct node *node_of(const struct swim_box *box)
{
	return box->raw.object;
}

static void new_hard(struct kunit *test, struct swim_hard_box *hard, u64 number)
{
	KUNIT_ASSERT_EQ(test, swim_hard_box_new(hard, heap_hold(test), &node_type, GFP_KERNEL), 0);
	((struct node *)(hard->hard.cell->object + SWIM_PTR_FRONT))->number = number;
}

static struct node *node_of_hard(const struct swim_hard_box *hard)
{
	return hard->hard.cell->object + SWIM_PTR_FRONT;
}

static void expect_number(struct kunit *test, struct swim_hard_box *hard, u64 number)
{
	struct swim_ref_box ref = {};

	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_ref(&ref, hard), 0);
	KUNIT_EXPECT_EQ(test, ((const struct node *)swim_ref_box_get(&ref))->number, number);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
}

static void what_is_shared_goes_once_and_for_all_its_owners(struct kunit *test)
{
	struct swim_hard_box outside = {};
	struct swim_soft_box soft = {};
	struct swim_box root = {};
	struct swim_counts counts;
	void *before;

	new_node(test, &root, 1);
	new_node(test, &node_of(&root)->box, 2);
	new_hard(test, &outside, 3);
	before = outside.hard.cell->object;
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&node_of(&root)->hard, &outside), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&node_of(&node_of(&root)->box)->hard, &outside),
			0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&soft, &outside), 0);
	expect_stow(test, &root, SWIM_KIND_RAW, heap_pool(test), there);
	source_is_done(test, 0);
	KUNIT_EXPECT_EQ(test, stats_of(there).live, 3);
	KUNIT_EXPECT_PTR_NE(test, outside.hard.cell->object, before);
	swim_hard_box_counts(&outside, &counts);
	KUNIT_EXPECT_EQ(test, counts.hard, 3U);
	KUNIT_EXPECT_EQ(test, counts.soft, 1U);
	expect_number(test, &outside, 3);
	expect_number(test, &node_of(&root)->hard, 3);
	expect_number(test, &node_of(&node_of(&root)->box)->hard, 3);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
	expect_number(test, &outside, 3);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&outside), 0);
	expect_empty(test, there);
	KUNIT_EXPECT_EQ(test, swim_soft_box_to_hard(&outside, &soft), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&soft), 0);
}

static void a_cycle_goes_as_a_whole(struct kunit *test)
{
	struct swim_hard_box a = {}, b = {}, last = {};

	new_hard(test, &a, 1);
	new_hard(test, &b, 2);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&node_of_hard(&a)->hard, &b), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&node_of_hard(&b)->hard, &a), 0);
	expect_stow(test, &a, SWIM_KIND_HARD, heap_pool(test), there);
	expect_empty(test, heap_pool(test));
	expect_number(test, &a, 1);
	expect_number(test, &b, 2);
	/* From the other side, and back. */
	expect_stow(test, &b, SWIM_KIND_HARD, there, heap_pool(test));
	expect_empty(test, there);
	KUNIT_ASSERT_EQ(test, swim_hard_box_move(&last, &node_of_hard(&b)->hard), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&last), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&b), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&a), 0);
	expect_empty(test, heap_pool(test));
}

static void what_only_soft_leases_lead_to_stays(struct kunit *test)
{
	struct swim_hard_box hard = {};
	struct swim_box root = {};
	void *before;

	new_node(test, &root, 1);
	new_hard(test, &hard, 2);
	before = hard.hard.cell->object;
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&node_of(&root)->soft, &hard), 0);
	expect_stow(test, &root, SWIM_KIND_RAW, heap_pool(test), there);
	KUNIT_EXPECT_PTR_EQ(test, hard.hard.cell->object, before);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	KUNIT_EXPECT_EQ(test, swim_soft_box_to_hard(&hard, &node_of(&root)->soft), -ENOENT);
	expect_empty(test, heap_pool(test));
	/* Into the structure itself: it leads to the new place. */
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&node_of(&root)->soft), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&node_of(&root)->hard, swim_pool_hold(there),
						&node_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&node_of(&root)->soft, &node_of(&root)->hard),
			0);
	expect_stow(test, &root, SWIM_KIND_RAW, there, heap_pool(test));
	KUNIT_ASSERT_EQ(test, swim_soft_box_to_hard(&hard, &node_of(&root)->soft), 0);
	expect_number(test, &hard, 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
}

static void into_its_own_hold_it_goes_as_well(struct kunit *test)
{
	struct grower g = {
		.test = test,
		.hold = heap_hold(test),
		.state = swim_random_seed(9),
		.budget = 30,
	};
	struct swim_pool_stats was;
	struct swim_box box = {};
	struct view *before;

	grow_box(&g, &box, 3);
	before = view_of(test, &box, SWIM_KIND_RAW);
	was = heap_stats(test);
	KUNIT_ASSERT_EQ(test, stow(&box, SWIM_KIND_RAW, heap_pool(test)), 0);
	expect_like(test, before, view_of(test, &box, SWIM_KIND_RAW), true);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, was.live);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, was.used);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
}

/* Let all requests for memory fail from one on, until it works: @root of @kind into @to. */
static void each_request_fails(struct kunit *test, void *root, enum swim_lease_kind kind,
			       struct swim_pool *to)
{
	struct view *before = view_of(test, root, kind);
	unsigned long n;
	int err;

	/* A hunk that is open needs no request. */
	swim_pool_flush(to);
	for (n = 1; n < 200; n++) {
		struct swim_pool_stats was = stats_of(to);

		swim_fail_from(n);
		err = __swim_stow(root, kind, swim_pool_hold(to), GFP_KERNEL);
		swim_fail_nth(0);
		if (!err)
			break;
		KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		expect_same(test, before, root, kind);
		KUNIT_EXPECT_EQ(test, stats_of(to).live, was.live);
		KUNIT_EXPECT_EQ(test, stats_of(to).used, was.used);
	}
	KUNIT_EXPECT_GT(test, n, 1UL);
	KUNIT_EXPECT_EQ(test, err, 0);
	kunit_info(test, "%lu requests for %u objects", n - 1, before->n);
	expect_like(test, before, view_of(test, root, kind), true);
}

static void out_of_memory_anywhere_everything_is_back(struct kunit *test)
{
	struct grower g = {
		.test = test,
		.hold = heap_hold(test),
		.state = swim_random_seed(1),
		.budget = 150,
		.large = true,
	};
	struct swim_hard_box hard = {};
	struct swim_box box = {};

	grow_hard(&g, &g.shared, 2);
	do {
		if (!swim_box_is_empty(&box))
			KUNIT_ASSERT_EQ(test, swim_box_drop(&box), 0);
		g.budget = 150;
		grow_box(&g, &box, 4);
	} while (view_of(test, &box, SWIM_KIND_RAW)->n < 100);
	grow_hard(&g, &hard, 3);
	each_request_fails(test, &hard, SWIM_KIND_HARD, there);
	each_request_fails(test, &box, SWIM_KIND_RAW, there);
	KUNIT_EXPECT_EQ(test, stow(&g.shared, SWIM_KIND_HARD, there), 0);
	expect_empty(test, heap_pool(test));
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&g.shared), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
}

/* Where the way through a structure is kept. */
static size_t way_used(void)
{
	struct swim_space_stats stats;

	swim_space_stats(swim_pool_of(swim_global_hold())->space, &stats);
	return stats.used;
}

static void without_memory_for_its_way_everything_is_back(struct kunit *test)
{
	struct swim_space *space = swim_pool_of(swim_global_hold())->space;
	struct swim_block *blocks = kunit_kcalloc(test, 1024, sizeof(*blocks), GFP_KERNEL);
	struct swim_box head = {}, first = {};
	unsigned int n = 0;

	KUNIT_ASSERT_NOT_NULL(test, blocks);
	new_list(test, &head, 100);
	/* All of them have room in a hunk that is there, and their way has none. */
	KUNIT_ASSERT_EQ(test, swim_box_new(&first, swim_pool_hold(there), &node_type, GFP_KERNEL),
			0);
	swim_fail_from(1);
	while (n < 1024 && !swim_space_alloc(space, SWIM_FRAME_SIZE, NOWAIT, &blocks[n]))
		n++;
	expect_no_stow(test, &head, SWIM_KIND_RAW, swim_pool_hold(there), -ENOMEM);
	swim_fail_nth(0);
	KUNIT_ASSERT_LT(test, n, 1024U);
	while (n--)
		KUNIT_EXPECT_EQ(test, swim_space_free(space, &blocks[n]), 0);
	expect_stow(test, &head, SWIM_KIND_RAW, heap_pool(test), there);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&head), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&first), 0);
}

static void the_way_leaves_nothing_behind(struct kunit *test)
{
	const size_t used = way_used();
	struct swim_box head = {}, *at = &head;
	unsigned int i;

	new_list(test, &head, 4000);
	for (i = 1; i < 4000; i++)
		at = &node_of(at)->box;
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_box_pin(at)));
	KUNIT_EXPECT_EQ(test, stow(&head, SWIM_KIND_RAW, there), -EBUSY);
	expect_empty(test, there);
	KUNIT_EXPECT_EQ(test, way_used(), used);
	swim_box_unpin(at);
	KUNIT_EXPECT_EQ(test, stow(&head, SWIM_KIND_RAW, there), 0);
	KUNIT_EXPECT_EQ(test, way_used(), used);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&head), 0);
}

static void what_is_in_use_stays_with_all_above_it(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(there);
	struct swim_hard_box outside = {};
	struct swim_ref_box ref = {};
	struct swim_mut_box mut = {};
	struct swim_box root = {};
	struct node *child;

	new_node(test, &root, 1);
	new_node(test, &node_of(&root)->box, 2);
	KUNIT_ASSERT_EQ(test, swim_ptr_box_new(&node_of(&root)->ptr_box, heap_hold(test),
					       &node_type, GFP_KERNEL), 0);
	new_hard(test, &outside, 3);
	child = node_of(&node_of(&root)->box);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&child->hard, &outside), 0);

	/* The root itself, a child, a counted one behind it. */
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_box_pin(&root)));
	KUNIT_EXPECT_EQ(test, swim_box_stow(&root, hold, GFP_KERNEL), -EBUSY);
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_ptr_box_pin(&node_of(&root)->ptr_box)));
	swim_box_unpin(&root);
	KUNIT_EXPECT_EQ(test, swim_box_stow(&root, hold, GFP_KERNEL), -EBUSY);
	swim_ptr_box_unpin(&node_of(&root)->ptr_box);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_ref(&ref, &outside), 0);
	expect_no_stow(test, &root, SWIM_KIND_RAW, hold, -EBUSY);
	expect_no_stow(test, &outside, SWIM_KIND_HARD, hold, -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, &outside), 0);
	expect_no_stow(test, &root, SWIM_KIND_RAW, hold, -EBUSY);
	expect_no_stow(test, &outside, SWIM_KIND_HARD, hold, -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	expect_stow(test, &root, SWIM_KIND_RAW, heap_pool(test), there);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&outside), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
}

static void a_child_that_another_lease_owns_is_told_and_not_looked_at(struct kunit *test)
{
	struct swim_box root = {};
	struct swim_raw raw = {};
	struct node *node;
	void *own;

	new_node(test, &root, 1);
	node = node_of(&root);
	KUNIT_ASSERT_EQ(test, swim_ptr_new(&node->ptr, heap_hold(test), 40, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 40, GFP_KERNEL), 0);
	/* Who takes this for metadata goes for a type that is nowhere. */
	memset(raw.object, 0x58, 40);
	own = node->ptr.object;
	node->ptr.object = raw.object;
	KUNIT_EXPECT_EQ(test, swim_box_stow(&root, swim_pool_hold(there), GFP_KERNEL), -EINVAL);
	EXPECT_REPORT(test, "which another lease owns");
	node->ptr.object = own;
	expect_stow(test, &root, SWIM_KIND_RAW, heap_pool(test), there);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
}

static void parts_that_are_ref_or_mut_keep_it_where_it_is(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(there);
	struct swim_box root = {};
	struct twig *twig;

	KUNIT_ASSERT_EQ(test, swim_box_new(&root, heap_hold(test), &twig_type, GFP_KERNEL), 0);
	twig = root.raw.object;
	KUNIT_ASSERT_EQ(test, swim_hard_new(&twig->bytes, heap_hold(test), 8, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_mut_new(&twig->mut, heap_hold(test), 8, GFP_KERNEL), 0);
	expect_no_stow(test, &root, SWIM_KIND_RAW, hold, -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_mut_drop(&twig->mut), 0);
	KUNIT_ASSERT_EQ(test, swim_ref_new(&twig->ref, heap_hold(test), 8, GFP_KERNEL), 0);
	expect_no_stow(test, &root, SWIM_KIND_RAW, hold, -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_ref_drop(&twig->ref), 0);
	expect_stow(test, &root, SWIM_KIND_RAW, heap_pool(test), there);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
}

static void without_room_everything_is_back(struct kunit *test)
{
	struct swim_space *space = swim_space_create("small", SZ_2M);
	struct swim_block block = { stow_block, SZ_4K };
	struct swim_pack *pack = swim_pack_create(&block);
	struct grower g = {
		.test = test,
		.hold = heap_hold(test),
		.state = swim_random_seed(2),
		.budget = 100,
	};
	struct swim_pool *pool;
	struct swim_box box = {}, list = {};
	struct swim_raw raw = {};

	KUNIT_ASSERT_FALSE(test, IS_ERR(space));
	KUNIT_ASSERT_FALSE(test, IS_ERR(pack));
	pool = swim_pool_create("small", swim_space_heap(space), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	grow_hard(&g, &g.shared, 2);
	grow_box(&g, &box, 4);
	new_list(test, &list, 30000);
	KUNIT_ASSERT_GT(test, view_of(test, &box, SWIM_KIND_RAW)->n, 50U);
	expect_no_stow(test, &box, SWIM_KIND_RAW, swim_pack_hold(pack), -ENOMEM);
	expect_no_stow(test, &box, SWIM_KIND_RAW, swim_empty_hold(), -E2BIG);
	KUNIT_EXPECT_EQ(test, stow(&list, SWIM_KIND_RAW, pool), -ENOMEM);
	expect_empty(test, pool);

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), SZ_64K, GFP_KERNEL), 0);
	expect_no_stow(test, &raw, SWIM_KIND_RAW, swim_pack_hold(pack), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	/* What was refused there goes where there is room. */
	expect_stow(test, &box, SWIM_KIND_RAW, heap_pool(test), pool);
	KUNIT_EXPECT_EQ(test, stow(&list, SWIM_KIND_RAW, there), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&list), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&g.shared), 0);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
}

static void wrong_arguments_change_nothing(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(there);
	struct swim_hard hard = {};
	struct swim_ptr ptr = {};
	struct swim_raw raw = {};

	KUNIT_EXPECT_EQ(test, swim_raw_stow(&raw, hold, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_ptr_stow(&ptr, hold, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_hard_stow(&hard, hold, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_raw_stow(NULL, hold, GFP_KERNEL), -EINVAL);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 8, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_stow(&raw, NULL, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_raw_stow(&raw, ERR_PTR(-ENOMEM), GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	expect_empty(test, there);
}

/* Static memory, and hunks of a page. */
static void hunks_of_a_page_give_and_take(struct kunit *test)
{
	struct swim_pool *small;
	struct swim_box list = {}, copy = {};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, swim_space_add(&stow_fixed), 0);
	small = swim_pool_create("static", swim_space_heap(&stow_fixed), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(small));
	for (i = 0; i < 20; i++) {
		new_list(test, &list, 40);
		expect_stow(test, &list, SWIM_KIND_RAW, heap_pool(test), small);
		expect_empty(test, heap_pool(test));
		expect_stow(test, &list, SWIM_KIND_RAW, small, there);
		expect_empty(test, small);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&list), 0);
		/* Pages in which readers may be left come back later. */
		rcu_barrier();
		rcu_barrier();
	}
	/* More than it can ever have. */
	new_list(test, &list, 1000);
	KUNIT_EXPECT_EQ(test, stow(&list, SWIM_KIND_RAW, small), -ENOMEM);
	expect_empty(test, small);
	new_list(test, &copy, 1);
	KUNIT_EXPECT_EQ(test, stow(&copy, SWIM_KIND_RAW, small), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&copy), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&list), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(small), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&stow_fixed), 0);
}

static void packs_give_and_take(struct kunit *test)
{
	struct swim_block block = { stow_block, SZ_256K };
	struct swim_pack *pack = swim_pack_create(&block);
	struct swim_pack_stats stats;
	unsigned int round;

	KUNIT_ASSERT_FALSE(test, IS_ERR(pack));
	for (round = 0; round < ROUNDS(50); round++) {
		struct grower g = {
			.test = test,
			.hold = round % 2 ? swim_pack_hold(pack) : heap_hold(test),
			.state = swim_random_seed(round),
			.budget = 30,
		};
		struct swim_hard_box hard = {};
		struct swim_box box = {};
		struct view *before, *after;
		unsigned int i;

		grow_box(&g, &box, 3);
		grow_hard(&g, &hard, 3);
		before = view_of(test, &box, SWIM_KIND_RAW);
		for (i = round % 2; i < 4; i++) {
			struct swim_hold *hold = i % 2 ? swim_pool_hold(there) :
							 swim_pack_hold(pack);

			KUNIT_ASSERT_EQ(test, swim_box_stow(&box, hold, GFP_KERNEL), 0);
			KUNIT_ASSERT_EQ(test, swim_hard_box_stow(&hard, hold, GFP_KERNEL), 0);
			after = view_of(test, &box, SWIM_KIND_RAW);
			expect_like(test, before, after, true);
			before = after;
			expect_number(test, &hard, node_of_hard(&hard)->number);
			swim_pack_stats(pack, &stats);
			if (i % 2)
				KUNIT_EXPECT_EQ(test, stats.live, 0);
			else
				expect_empty(test, there);
			expect_empty(test, heap_pool(test));
		}
		KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	}
	swim_pack_stats(pack, &stats);
	KUNIT_EXPECT_EQ(test, stats.free, stats.size);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
}

/* A reader between two looks at what goes meanwhile: the list of @n from @node on is whole. */
static bool list_is_whole(const struct node *node, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!node || node->number != i)
			return false;
		node = swim_box_read(&node->box);
	}
	return !node;
}

/* Ask @pool for all that it has, and fill it with what nobody wants to read. */
static unsigned int fill(struct swim_pool *pool, void **objects, unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max; n++) {
		objects[n] = swim_pool_alloc(pool, 200, NOWAIT);
		if (IS_ERR(objects[n]))
			break;
		memset(objects[n], 0xff, 200);
	}
	return n;
}

static void readers_find_the_old_place_as_it_was(struct kunit *test)
{
	const unsigned int max = 20000, n = 100;
	struct swim_space *space = swim_space_create("small", SZ_2M);
	void **objects = kunit_kcalloc(test, max, sizeof(*objects), GFP_KERNEL);
	struct swim_pool *pool;
	unsigned int round, i, filled;

	KUNIT_ASSERT_NOT_NULL(test, objects);
	KUNIT_ASSERT_FALSE(test, IS_ERR(space));
	pool = swim_pool_create("small", swim_space_heap(space), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	/* In the hunk that is open; in one that is closed; with others in it or alone. */
	for (round = 0; round < 8; round++) {
		struct swim_box list = {};
		const struct node *old;
		struct swim_raw other = {};

		new_list(test, &list, n);
		KUNIT_ASSERT_EQ(test, stow(&list, SWIM_KIND_RAW, pool), 0);
		if (round & 1)
			KUNIT_ASSERT_EQ(test, swim_raw_new(&other, swim_pool_hold(pool), 8,
							   GFP_KERNEL), 0);
		if (round & 2)
			swim_pool_flush(pool);
		rcu_read_lock();
		old = swim_box_read(&list);
		if (round & 4)
			KUNIT_EXPECT_EQ(test, __swim_stow(&list, SWIM_KIND_RAW,
							  swim_pool_hold(pool), NOWAIT), 0);
		KUNIT_EXPECT_EQ(test, __swim_stow(&list, SWIM_KIND_RAW, swim_pool_hold(there),
						  NOWAIT), 0);
		/* Until there is no more: what is dead is searched too. */
		filled = fill(pool, objects, max);
		KUNIT_EXPECT_TRUE(test, list_is_whole(old, n));
		KUNIT_EXPECT_TRUE(test, list_is_whole(swim_box_read(&list), n));
		rcu_read_unlock();
		KUNIT_EXPECT_GT(test, filled, 5000U);
		KUNIT_EXPECT_LT(test, filled, max);
		for (i = 0; i < filled; i++)
			swim_free(objects[i]);
		if (round & 1)
			KUNIT_EXPECT_EQ(test, swim_raw_drop(&other), 0);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&list), 0);
		expect_empty(test, pool);
		rcu_barrier();
		rcu_barrier();
	}
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
}

static void a_hunk_is_not_started_over_while_it_is_read(struct kunit *test)
{
	/* So many that nothing large has room behind them. */
	const unsigned int n = 450;
	struct swim_box list = {};
	const struct node *old;
	struct swim_raw raw = {};

	new_list(test, &list, n);
	KUNIT_ASSERT_EQ(test, stow(&list, SWIM_KIND_RAW, there), 0);
	KUNIT_ASSERT_EQ(test, stats_of(there).hunks, 1UL);
	rcu_read_lock();
	old = swim_box_read(&list);
	KUNIT_EXPECT_EQ(test, __swim_stow(&list, SWIM_KIND_RAW, heap_hold(test), NOWAIT), 0);
	expect_empty(test, there);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, swim_pool_hold(there), SZ_16K, NOWAIT), 0);
	KUNIT_EXPECT_TRUE(test, list_is_whole(old, n));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&list), 0);
}

/* What a case in interrupts does: a list goes to and fro. */
struct errand {
	struct swim_box list;
	struct swim_pool *pool[2];
};

static int errand_work(void *arg, unsigned int number)
{
	struct errand *errand = arg;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < 6; i++)
		err = swim_box_stow(&errand->list, swim_pool_hold(errand->pool[!(i % 2)]), NOWAIT);
	return err;
}

static void in_interrupts_it_goes_as_well(struct kunit *test)
{
	struct errand errand = { .pool = { heap_pool(test), there } };

	new_list(test, &errand.list, 20);
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, errand_work, &errand), 0);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, list_is_whole(swim_box_read(&errand.list), 20));
	rcu_read_unlock();
	expect_empty(test, there);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&errand.list), 0);
}

/*
 * Interrupts come from another CPU while a thread stows what both share: at any place in it.
 * They may hear that it is in use; they must not wait for the one that they have interrupted.
 */
#define MEETING_SHARED	16

struct meeting {
	struct swim_pool *pool[2];
	struct swim_buf all;
	struct swim_box each[MEETING_SHARED];
	struct swim_hard_box shared[MEETING_SHARED];
	struct completion begun;
	unsigned int cpu;
	unsigned int stowed;
	unsigned int interrupts;
	unsigned int met;
	int err;
	bool done;
};

/* Whoever comes second hears of it, and in an interrupt there may be no memory. */
static int meet(struct meeting *meeting, int err)
{
	if (err == -EINPROGRESS)
		WRITE_ONCE(meeting->met, meeting->met + 1);
	return err == -EINPROGRESS || err == -ENOMEM ? 0 : err;
}

static void meeting_interrupt(void *arg)
{
	struct meeting *meeting = arg;
	unsigned int i = meeting->interrupts++;
	int err;

	err = swim_box_stow(&meeting->each[i % MEETING_SHARED],
			    swim_pool_hold(meeting->pool[i / MEETING_SHARED % 2]), NOWAIT);
	err = meet(meeting, err);
	if (err)
		meeting->err = err;
}

static int meeting_worker(void *arg, unsigned int number)
{
	struct meeting *meeting = arg;
	int err = 0;

	if (number) {
		wait_for_completion(&meeting->begun);
		while (!READ_ONCE(meeting->done)) {
			smp_call_function_single(meeting->cpu, meeting_interrupt, meeting, true);
			cond_resched();
		}
		return meeting->err;
	}
	meeting->cpu = raw_smp_processor_id();
	complete(&meeting->begun);
	while (!err && meeting->stowed < ROUNDS(30000)) {
		struct swim_pool *to = meeting->pool[meeting->stowed++ % 2];

		err = meet(meeting, swim_buf_stow(&meeting->all, swim_pool_hold(to), NOWAIT));
		if (meeting->stowed % 256 == 0)
			cond_resched();
	}
	WRITE_ONCE(meeting->done, true);
	return err;
}

static void an_interrupt_in_the_middle_of_it_does_not_wait(struct kunit *test)
{
	struct meeting *meeting = kunit_kzalloc(test, sizeof(*meeting), GFP_KERNEL);
	unsigned int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one CPU only: nobody interrupts it");
	KUNIT_ASSERT_NOT_NULL(test, meeting);
	meeting->pool[0] = heap_pool(test);
	meeting->pool[1] = there;
	init_completion(&meeting->begun);
	KUNIT_ASSERT_EQ(test, swim_buf_new(&meeting->all, heap_hold(test), &node_type,
					   MEETING_SHARED, GFP_KERNEL), 0);
	for (i = 0; i < MEETING_SHARED; i++) {
		struct node node = {};

		new_hard(test, &meeting->shared[i], i);
		new_node(test, &meeting->each[i], i);
		KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&node_of(&meeting->each[i])->hard,
							  &meeting->shared[i]), 0);
		KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&node.hard, &meeting->shared[i]), 0);
		KUNIT_ASSERT_EQ(test, swim_buf_push(&meeting->all, &node, GFP_KERNEL), 0);
	}
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 2, meeting_worker, meeting), 0);
	kunit_info(test, "%u stowed, %u interrupts, %u of them met", meeting->stowed,
		   meeting->interrupts, meeting->met);
	KUNIT_EXPECT_GT(test, meeting->met, 0U);
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&meeting->all), 0);
	for (i = 0; i < MEETING_SHARED; i++) {
		expect_number(test, &meeting->shared[i], i);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&meeting->each[i]), 0);
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&meeting->shared[i]), 0);
	}
	expect_empty(test, heap_pool(test));
	expect_empty(test, there);
}

/*
 * All at once: owners stow what is theirs to and fro between two pools, and with it what they
 * share; readers look at it; others make Refs and Muts of what is shared; movers clean both
 * pools. Each byte of a structure can be told from its number.
 */
#define FARM_ROOTS	8
#define FARM_SHARED	4

struct farm {
	struct swim_pool *pool[2];
	struct swim_box root[SWIM_WORKERS_MAX][FARM_ROOTS];
	struct swim_hard_box shared[FARM_SHARED];
	unsigned int owners;
	unsigned int rounds;
	atomic_t owning;
	atomic_t met;
};

enum farm_size { FARM_BYTES = 72, FARM_LARGE = SZ_32K };

static int farm_plant(struct farm *farm, struct swim_box *root, unsigned int number,
		      unsigned int i)
{
	struct swim_hold *hold = swim_pool_hold(farm->pool[i % 2]);
	struct node *node, *child;

	if (swim_box_new(root, hold, &node_type, GFP_KERNEL))
		return 1;
	node = swim_box_pin(root);
	node->number = number;
	if (swim_box_new(&node->box, hold, &node_type, GFP_KERNEL) ||
	    swim_raw_new(&node->raw, hold, i == 1 ? FARM_LARGE : FARM_BYTES, GFP_KERNEL) ||
	    swim_ptr_new(&node->ptr, hold, FARM_BYTES, GFP_KERNEL) ||
	    swim_hard_box_clone(&node->hard, &farm->shared[i % FARM_SHARED]))
		return 2;
	child = swim_box_pin(&node->box);
	child->number = number;
	if (swim_ptr_box_new(&child->ptr_box, hold, &node_type, GFP_KERNEL) ||
	    swim_hard_box_clone(&child->hard, &farm->shared[(i + 1) % FARM_SHARED]))
		return 3;
	((struct node *)swim_ptr_box_pin(&child->ptr_box))->number = number;
	swim_ptr_box_unpin(&child->ptr_box);
	swim_box_unpin(&node->box);
	memset(swim_raw_pin(&node->raw), number, i == 1 ? FARM_LARGE : FARM_BYTES);
	swim_raw_unpin(&node->raw);
	memset(swim_ptr_pin(&node->ptr), number, FARM_BYTES);
	swim_ptr_unpin(&node->ptr);
	swim_box_unpin(root);
	return 0;
}

/* Under RCU: it is all there, old or new. */
static int farm_look(const struct swim_box *root, unsigned int number)
{
	const struct node *node = swim_box_read(root), *child;

	if (!node || node->number != number)
		return 10;
	child = swim_box_read(&node->box);
	if (!child || child->number != number)
		return 11;
	if (memchr_inv(swim_raw_read(&node->raw), number, FARM_BYTES) ||
	    memchr_inv(swim_ptr_read(&node->ptr), number, FARM_BYTES))
		return 12;
	child = swim_ptr_box_read(&child->ptr_box);
	return child && child->number == number ? 0 : 13;
}

static int farm_own(struct farm *farm, unsigned int number)
{
	u32 state = swim_random_seed(number);
	unsigned int round, i;
	int err;

	for (round = 0; round < farm->rounds; round++) {
		struct swim_box *root = &farm->root[number][swim_random(&state) % FARM_ROOTS];

		err = swim_box_stow(root, swim_pool_hold(farm->pool[swim_random(&state) % 2]),
				    round % 3 ? NOWAIT : GFP_KERNEL);
		/* Somebody stows, or uses, what is shared. */
		if (err == -EINPROGRESS || err == -EBUSY)
			atomic_inc(&farm->met);
		else if (err && err != -ENOMEM)
			return 20;
		if (round % 64 == 0)
			schedule_timeout_uninterruptible(1);
		cond_resched();
	}
	for (i = 0; i < FARM_ROOTS; i++) {
		rcu_read_lock();
		err = farm_look(&farm->root[number][i], number + 1);
		rcu_read_unlock();
		if (err)
			return err;
	}
	return 0;
}

/* Another owner of what is shared: it is always there, and nobody writes beside a Mut. */
static int farm_share(struct farm *farm, u32 *state)
{
	struct swim_hard_box *hard = &farm->shared[swim_random(state) % FARM_SHARED];
	struct swim_ref_box ref = {};
	struct swim_mut_box mut = {};
	struct node *node;
	u64 number;
	int err = 0;

	if (swim_random(state) % 2) {
		if (swim_hard_box_try_to_ref(&ref, hard))
			return 30;
		number = ((const struct node *)swim_ref_box_get(&ref))->number;
		if (number != node_of_hard(hard)->number)
			err = 31;
		swim_ref_box_drop(&ref);
		return err;
	}
	if (swim_hard_box_try_to_mut(&mut, hard))
		return 32;
	node = swim_mut_box_get(&mut);
	node->number++;
	if (node_of_hard(hard) != node)
		err = 33;
	if (!swim_buf_is_empty(&node->buf)) {
		struct swim_slice slice;

		if (swim_buf_pin(&node->buf, &slice))
			err = 34;
		else
			swim_buf_unpin(&node->buf);
	}
	swim_mut_box_drop(&mut);
	return err;
}

static int farm_worker(void *arg, unsigned int number)
{
	struct farm *farm = arg;
	u32 state = swim_random_seed(number);
	int err = 0;

	if (number < farm->owners) {
		err = farm_own(farm, number);
		atomic_dec(&farm->owning);
		return err;
	}
	while (!err && atomic_read(&farm->owning)) {
		const unsigned int whose = swim_random(&state) % farm->owners;

		switch (number - farm->owners) {
		case 0:
		case 1:
			if (swim_pool_compact(farm->pool[number % 2], 100))
				err = 40;
			schedule_timeout_uninterruptible(1);
			break;
		case 2:
			err = farm_share(farm, &state);
			break;
		default:
			rcu_read_lock();
			err = farm_look(&farm->root[whose][swim_random(&state) % FARM_ROOTS],
					whose + 1);
			rcu_read_unlock();
		}
		cond_resched();
	}
	return err;
}

static void farm_run(struct kunit *test, unsigned long flags)
{
	struct farm *farm = kunit_kzalloc(test, sizeof(*farm), GFP_KERNEL);
	struct swim_counts counts;
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, farm);
	stow_again(test, flags);
	farm->pool[0] = heap_pool(test);
	farm->pool[1] = there;
	farm->owners = 4;
	farm->rounds = ROUNDS(8000);
	atomic_set(&farm->owning, farm->owners);
	for (i = 0; i < FARM_SHARED; i++) {
		new_hard(test, &farm->shared[i], 0);
		/* One of them, and what hangs on it, is large. */
		KUNIT_ASSERT_EQ(test, swim_buf_new(&node_of_hard(&farm->shared[i])->buf,
						   heap_hold(test), &node_type, i ? 2 : 200,
						   GFP_KERNEL), 0);
	}
	for (i = 0; i < farm->owners; i++)
		for (j = 0; j < FARM_ROOTS; j++)
			KUNIT_ASSERT_EQ(test, farm_plant(farm, &farm->root[i][j], i + 1, j), 0);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, farm->owners + 4, farm_worker, farm), 0);
	kunit_info(test, "%u times met, %llu and %llu moved", atomic_read(&farm->met),
		   stats_of(farm->pool[0]).moves.moved, stats_of(farm->pool[1]).moves.moved);
	for (i = 0; i < FARM_SHARED; i++) {
		swim_hard_box_counts(&farm->shared[i], &counts);
		KUNIT_EXPECT_EQ(test, counts.hard, 1 + 2 * farm->owners * FARM_ROOTS / FARM_SHARED);
		KUNIT_EXPECT_EQ(test, counts.ref, 0U);
		KUNIT_EXPECT_FALSE(test, counts.mut);
	}
	for (i = 0; i < farm->owners; i++)
		for (j = 0; j < FARM_ROOTS; j++)
			KUNIT_EXPECT_EQ(test, swim_box_drop(&farm->root[i][j]), 0);
	for (i = 0; i < FARM_SHARED; i++)
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&farm->shared[i]), 0);
	expect_empty(test, farm->pool[0]);
	expect_empty(test, farm->pool[1]);
}

static void owners_readers_sharers_and_movers_at_once(struct kunit *test)
{
	farm_run(test, 0);
}

static void the_same_with_rcu_pools(struct kunit *test)
{
	farm_run(test, SWIM_POOL_RCU);
}

/* Large counted objects, which are asked for while they are stowed. */
struct tug {
	struct swim_hard hard;
	struct swim_hold *hold[2];
	bool done;
};

static int tug_worker(void *arg, unsigned int number)
{
	struct tug *tug = arg;
	unsigned int round, to = 1;
	int err = 0;

	for (round = 0; !number && !err && round < ROUNDS(3000); round++) {
		err = swim_hard_stow(&tug->hard, tug->hold[to], GFP_KERNEL);
		/* Never where it is: a pack would have holes. */
		if (!err)
			to = !to;
		if (err == -EBUSY)
			err = 0;
		cond_resched();
	}
	if (!number)
		WRITE_ONCE(tug->done, true);
	while (!READ_ONCE(tug->done)) {
		struct swim_ref ref = {};

		if (swim_hard_try_to_ref(&ref, &tug->hard))
			return 1;
		if (memchr_inv(swim_ref_get(&ref), 5, SZ_32K))
			err = 2;
		swim_ref_drop(&ref);
		cond_resched();
	}
	return err;
}

static void asking_for_what_is_stowed_harms_nothing(struct kunit *test)
{
	struct swim_block block = { stow_block, SZ_256K };
	struct swim_pack *pack = swim_pack_create(&block);
	struct tug *tug = kunit_kzalloc(test, sizeof(*tug), GFP_KERNEL);
	struct swim_raw around[2] = {};
	unsigned int i, second;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one CPU only: nobody asks while somebody stows");
	KUNIT_ASSERT_NOT_NULL(test, tug);
	/* Between large objects, and between a pack, in which others stand, and a pool. */
	for (second = 0; second < 2; second++) {
		struct swim_mut mut = {};

		tug->hold[0] = second ? swim_pack_hold(pack) : heap_hold(test);
		tug->hold[1] = swim_pool_hold(there);
		tug->done = false;
		for (i = 0; i < 2; i++) {
			KUNIT_ASSERT_EQ(test, swim_raw_new(&around[i], tug->hold[0], SZ_64K,
							   GFP_KERNEL), 0);
			memset(swim_raw_pin(&around[i]), 0xa, SZ_64K);
			swim_raw_unpin(&around[i]);
		}
		KUNIT_ASSERT_EQ(test, swim_mut_new(&mut, tug->hold[0], SZ_32K, GFP_KERNEL), 0);
		memset(swim_mut_get(&mut), 5, SZ_32K);
		KUNIT_ASSERT_EQ(test, swim_mut_into_hard(&tug->hard, &mut), 0);
		KUNIT_EXPECT_EQ(test, swim_workers_run(test, 3, tug_worker, tug), 0);
		for (i = 0; i < 2; i++) {
			KUNIT_EXPECT_NULL(test, memchr_inv(swim_raw_pin(&around[i]), 0xa, SZ_64K));
			swim_raw_unpin(&around[i]);
			KUNIT_EXPECT_EQ(test, swim_raw_drop(&around[i]), 0);
		}
		KUNIT_EXPECT_EQ(test, swim_hard_drop(&tug->hard), 0);
	}
	expect_empty(test, there);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
}

static struct kunit_case stow_cases[] = {
	KUNIT_CASE(bytes_of_any_size_go_by_each_kind_of_lease),
	KUNIT_CASE(bufs_go_with_their_room_and_grow_there),
	KUNIT_CASE(structures_of_any_shape_go_to_and_fro),
	KUNIT_CASE(parts_with_extents_of_their_own_go_too),
	KUNIT_CASE(pools_with_rcu_readers_do_the_same),
	KUNIT_CASE(children_stand_directly_behind_their_parents),
	KUNIT_CASE(a_list_goes_however_long_it_is),
	KUNIT_CASE(a_counted_list_goes_however_long_it_is),
	KUNIT_CASE(a_buf_with_many_children_goes),
	KUNIT_CASE(what_is_shared_goes_once_and_for_all_its_owners),
	KUNIT_CASE(a_cycle_goes_as_a_whole),
	KUNIT_CASE(what_only_soft_leases_lead_to_stays),
	KUNIT_CASE(into_its_own_hold_it_goes_as_well),
	KUNIT_CASE(out_of_memory_anywhere_everything_is_back),
	KUNIT_CASE(without_memory_for_its_way_everything_is_back),
	KUNIT_CASE(the_way_leaves_nothing_behind),
	KUNIT_CASE(what_is_in_use_stays_with_all_above_it),
	KUNIT_CASE(a_child_that_another_lease_owns_is_told_and_not_looked_at),
	KUNIT_CASE(parts_that_are_ref_or_mut_keep_it_where_it_is),
	KUNIT_CASE(without_room_everything_is_back),
	KUNIT_CASE(wrong_arguments_change_nothing),
	KUNIT_CASE(hunks_of_a_page_give_and_take),
	KUNIT_CASE(packs_give_and_take),
	KUNIT_CASE(readers_find_the_old_place_as_it_was),
	KUNIT_CASE(a_hunk_is_not_started_over_while_it_is_read),
	KUNIT_CASE(in_interrupts_it_goes_as_well),
	KUNIT_CASE(an_interrupt_in_the_middle_of_it_does_not_wait),
	KUNIT_CASE(owners_readers_sharers_and_movers_at_once),
	KUNIT_CASE(the_same_with_rcu_pools),
	KUNIT_CASE(asking_for_what_is_stowed_harms_nothing),
	{}
};

static struct kunit_suite stow_suite = {
	.name = "stow",
	.init = stow_init,
	.exit = stow_exit,
	.test_cases = stow_cases,
};

kunit_test_suite(stow_suite);

MODULE_DESCRIPTION("KUnit: stowing in swimmem");
MODULE_LICENSE("GPL");
