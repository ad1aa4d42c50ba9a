// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clone: another of a structure, deep where it is owned, shared where it is counted; all or
 * nothing.
 */
#include <linux/sizes.h>

#include "../../swimmem/alloc/fail.h"
#include "../interrupt.h"
#include "../structure.h"

/* A value that something hangs on of which swimmem does not know: @live of them. */
struct thing {
	u64 number;
	struct swim_box child;
	struct swim_hard_box hard;
	struct swim_soft_box soft;
};

static const struct swim_type_ops thing_ops;
static SWIM_TYPE_OPS(thing_type, struct thing, &thing_ops, SWIM_PART(child), SWIM_PART(hard),
		     SWIM_PART(soft));

static struct things {
	int live;
	unsigned int refuse;	/* the clone that is refused, from 1 on; 0 for none */
	unsigned int wrong;	/* drops of values whose child is not theirs */
} things;

static void thing_drop(void *value)
{
	struct thing *thing = value;
	void *child = thing->child.raw.object;

	things.live--;
	if (child && swim_tag_read(swim_tag_of(child)) != swim_tag_owned(&thing->child,
									 SWIM_TAG_OWNED))
		things.wrong++;
}

static int thing_clone(void *to, const void *from, gfp_t gfp)
{
	if (((struct thing *)to)->number != ((const struct thing *)from)->number)
		return -EINVAL;
	if (things.refuse && !--things.refuse)
		return -EPERM;
	things.live++;
	return 0;
}

static const struct swim_type_ops thing_ops = { .drop = thing_drop, .clone = thing_clone };

static void only_drop(void *value)
{
}

static const struct swim_type_ops only_drop_ops = { .drop = only_drop };
static SWIM_PLAIN_TYPE_OPS(only_drop_type, u64, &only_drop_ops);

static char clone_block[SZ_64K] __aligned(8);

/* Where clones are made; another pool over the same space. */
static struct swim_pool *there;

static int clone_init(struct kunit *test)
{
	int err = swim_heap_init(test, 0, 0);
	struct swim_bed *heap = test->priv;

	if (err)
		return err;
	things = (struct things){};
	there = swim_pool_create("there", swim_space_heap(heap->space), 0);
	return PTR_ERR_OR_ZERO(there);
}

static void clone_exit(struct kunit *test)
{
	swim_fail_nth(0);
	if (!IS_ERR_OR_NULL(there))
		KUNIT_EXPECT_EQ(test, swim_pool_destroy(there), 0);
	KUNIT_EXPECT_EQ(test, things.live, 0);
	KUNIT_EXPECT_EQ(test, things.wrong, 0U);
	swim_heap_exit(test);
}

static int clone(void *to, void *from, enum swim_lease_kind kind)
{
	return __swim_clone(to, kind, from, kind, swim_pool_hold(there), GFP_KERNEL);
}

/* It cannot be cloned, and nothing has changed. */
static void expect_no_clone(struct kunit *test, void *from, enum swim_lease_kind kind,
			    struct swim_hold *hold, int err)
{
	struct view *before = view_of(test, from, kind);
	struct swim_hold_stats was, is;
	const int live = things.live;
	struct swim_buf to = {};

	swim_hold_stats(hold, &was);
	KUNIT_EXPECT_EQ(test, __swim_clone(&to, kind, from, kind, hold, GFP_KERNEL), err);
	KUNIT_EXPECT_NULL(test, memchr_inv(&to, 0, sizeof(to)));
	expect_same(test, before, from, kind);
	swim_hold_stats(hold, &is);
	KUNIT_EXPECT_EQ(test, is.live, was.live);
	KUNIT_EXPECT_EQ(test, is.used, was.used);
	KUNIT_EXPECT_EQ(test, things.live, live);
	view_put(test, before);
}

static void expect_counts(struct kunit *test, const struct swim_cell *cell, unsigned int hard,
			  unsigned int soft, unsigned int ref)
{
	struct swim_counts counts;

	__swim_counted_counts(cell, &counts);
	KUNIT_EXPECT_EQ(test, counts.hard, hard);
	KUNIT_EXPECT_EQ(test, counts.soft, soft);
	KUNIT_EXPECT_EQ(test, counts.ref, ref);
	KUNIT_EXPECT_FALSE(test, counts.mut);
}

static void bytes_are_cloned_by_each_kind_of_lease(struct kunit *test)
{
	static const size_t sizes[] = { 0, 1, 8, 63, 100, SZ_16K, SZ_16K + 1, SZ_1M };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		const size_t size = sizes[i];
		struct swim_hard hard[2] = {};
		struct swim_raw raw[2] = {};
		struct swim_ptr ptr[2] = {};
		struct swim_mut mut = {};
		void *bytes;

		KUNIT_ASSERT_EQ(test, swim_raw_new(&raw[0], heap_hold(test), size, GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr[0], heap_hold(test), size, GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_mut_new(&mut, heap_hold(test), size, GFP_KERNEL), 0);
		memset(swim_raw_pin(&raw[0]), 1, size);
		swim_raw_unpin(&raw[0]);
		memset(swim_ptr_pin(&ptr[0]), 2, size);
		swim_ptr_unpin(&ptr[0]);
		memset(swim_mut_get(&mut), 3, size);
		KUNIT_ASSERT_EQ(test, swim_mut_into_hard(&hard[0], &mut), 0);

		KUNIT_ASSERT_EQ(test, clone(&raw[1], &raw[0], SWIM_KIND_RAW), 0);
		KUNIT_ASSERT_EQ(test, clone(&ptr[1], &ptr[0], SWIM_KIND_PTR), 0);
		KUNIT_ASSERT_EQ(test, clone(&hard[1], &hard[0], SWIM_KIND_HARD), 0);
		KUNIT_EXPECT_PTR_NE(test, hard[0].cell, hard[1].cell);
		expect_counts(test, hard[0].cell, 1, 0, 0);
		expect_counts(test, hard[1].cell, 1, 0, 0);
		/* The original goes, the clone stays. */
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw[0]), 0);
		KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr[0]), 0);
		KUNIT_EXPECT_EQ(test, swim_hard_drop(&hard[0]), 0);
		expect_empty(test, heap_pool(test));
		KUNIT_EXPECT_EQ(test, swim_raw_size(&raw[1]), size);
		bytes = swim_raw_pin(&raw[1]);
		KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 1, size));
		swim_raw_unpin(&raw[1]);
		bytes = swim_ptr_pin(&ptr[1]);
		KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 2, size));
		swim_ptr_unpin(&ptr[1]);
		KUNIT_ASSERT_EQ(test, swim_hard_poll_into_mut(&mut, &hard[1]), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(swim_mut_get(&mut), 3, size));
		KUNIT_EXPECT_EQ(test, swim_mut_drop(&mut), 0);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw[1]), 0);
		KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr[1]), 0);
		expect_empty(test, there);
	}
}

/* Structures of any shape: a clone is like the original, and lives without it. */
static void shapes(struct kunit *test, unsigned int rounds, bool large)
{
	unsigned int round;

	for (round = 0; round < rounds; round++) {
		struct grower g = {
			.test = test,
			.hold = heap_hold(test),
			.state = swim_random_seed(round),
			.budget = 40,
			.large = large,
		};
		struct swim_hard_box hard[2] = {};
		struct swim_ptr_box ptr[2] = {};
		struct swim_buf buf[2] = {};
		struct swim_box box[2] = {};
		struct view *view[4], *now;

		grow_hard(&g, &g.shared, 1);
		grow_box(&g, &box[0], 3);
		grow_ptr_box(&g, &ptr[0], 2);
		grow_buf(&g, &buf[0], 2);
		grow_hard(&g, &hard[0], 2);
		view[0] = view_of(test, &box[0], SWIM_KIND_RAW);
		view[1] = view_of(test, &ptr[0], SWIM_KIND_PTR);
		view[2] = view_of(test, &buf[0], SWIM_KIND_RAW);
		view[3] = view_of(test, &hard[0], SWIM_KIND_HARD);
		KUNIT_ASSERT_EQ(test, clone(&box[1], &box[0], SWIM_KIND_RAW), 0);
		KUNIT_ASSERT_EQ(test, clone(&ptr[1], &ptr[0], SWIM_KIND_PTR), 0);
		KUNIT_ASSERT_EQ(test, clone(&buf[1], &buf[0], SWIM_KIND_RAW), 0);
		KUNIT_ASSERT_EQ(test, clone(&hard[1], &hard[0], SWIM_KIND_HARD), 0);
		expect_like(test, view[0], view_of(test, &box[1], SWIM_KIND_RAW), false);
		expect_like(test, view[1], view_of(test, &ptr[1], SWIM_KIND_PTR), false);
		expect_like(test, view[2], view_of(test, &buf[1], SWIM_KIND_RAW), false);
		now = view_of(test, &hard[1], SWIM_KIND_HARD);
		/* The root itself is another cell. */
		expect_like(test, view[3], now, false);
		KUNIT_EXPECT_PTR_NE(test, now->seen[0].cell, view[3]->seen[0].cell);

		/* One of both goes, at random, and the other one is as it was. */
		if (chance(&g, 2)) {
			KUNIT_EXPECT_EQ(test, swim_box_drop(&box[1]), 0);
			KUNIT_EXPECT_EQ(test, swim_ptr_box_drop(&ptr[1]), 0);
			KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf[1]), 0);
			KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard[1]), 0);
			expect_same(test, view[0], &box[0], SWIM_KIND_RAW);
			expect_same(test, view[1], &ptr[0], SWIM_KIND_PTR);
			expect_same(test, view[2], &buf[0], SWIM_KIND_RAW);
			expect_same(test, view[3], &hard[0], SWIM_KIND_HARD);
			expect_empty(test, there);
			KUNIT_EXPECT_EQ(test, swim_box_drop(&box[0]), 0);
			KUNIT_EXPECT_EQ(test, swim_ptr_box_drop(&ptr[0]), 0);
			KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf[0]), 0);
			KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard[0]), 0);
		} else {
			KUNIT_EXPECT_EQ(test, swim_box_drop(&box[0]), 0);
			KUNIT_EXPECT_EQ(test, swim_ptr_box_drop(&ptr[0]), 0);
			KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf[0]), 0);
			KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard[0]), 0);
			expect_like(test, view[0], view_of(test, &box[1], SWIM_KIND_RAW), false);
			expect_like(test, view[3], view_of(test, &hard[1], SWIM_KIND_HARD), false);
			KUNIT_EXPECT_EQ(test, swim_box_drop(&box[1]), 0);
			KUNIT_EXPECT_EQ(test, swim_ptr_box_drop(&ptr[1]), 0);
			KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf[1]), 0);
			KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard[1]), 0);
		}
		expect_counts(test, g.shared.hard.cell, 1, 0, 0);
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&g.shared), 0);
		expect_empty(test, heap_pool(test));
		expect_empty(test, there);
	}
}

static void a_clone_lives_without_the_original(struct kunit *test)
{
	shapes(test, ROUNDS(100), false);
}

static void parts_with_extents_of_their_own_are_cloned(struct kunit *test)
{
	shapes(test, ROUNDS(50), true);
}

static void new_node(struct kunit *test, struct swim_box *box)
{
	KUNIT_ASSERT_EQ(test, swim_box_new(box, heap_hold(test), &node_type, GFP_KERNEL), 0);
}

static struct node *node_of(const struct swim_box *box)
{
	return box->raw.object;
}

static void children_stand_directly_behind_their_parents(struct kunit *test)
{
	struct swim_box box[2] = {}, *at = &box[0];
	struct view *view;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		struct swim_raw gap = {};

		new_node(test, at);
		KUNIT_ASSERT_EQ(test, swim_raw_new(&node_of(at)->raw, heap_hold(test), i * 8,
						   GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_raw_new(&gap, heap_hold(test), 64, GFP_KERNEL), 0);
		at = &node_of(at)->box;
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&gap), 0);
	}
	KUNIT_ASSERT_EQ(test, clone(&box[1], &box[0], SWIM_KIND_RAW), 0);
	view = view_of(test, &box[1], SWIM_KIND_RAW);
	KUNIT_EXPECT_EQ(test, view->n, 40U);
	for (i = 1; i < view->n; i++)
		KUNIT_EXPECT_PTR_EQ(test, view->seen[i].object,
				    view->seen[i - 1].object + view->seen[i - 1].size + 8 +
				    swim_kunit_trailer());
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box[0]), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box[1]), 0);
}

static void a_list_is_cloned_however_long_it_is(struct kunit *test)
{
	const unsigned int n = ROUNDS(100000);
	struct swim_box box[2] = {}, *at = &box[0];
	unsigned int i;

	for (i = 0; i < n; i++) {
		new_node(test, at);
		node_of(at)->number = i;
		at = &node_of(at)->box;
	}
	KUNIT_ASSERT_EQ(test, clone(&box[1], &box[0], SWIM_KIND_RAW), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box[0]), 0);
	for (i = 0, at = &box[1]; i < n && node_of(at)->number == i; i++)
		at = &node_of(at)->box;
	KUNIT_EXPECT_EQ(test, i, n);
	KUNIT_EXPECT_EQ(test, stats_of(there).live, (long)n);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box[1]), 0);
}

/* What all kinds of counted lease lead to. */
struct shared {
	struct swim_hard_box node;
	struct swim_ref ref;
};

static void new_shared(struct kunit *test, struct shared *shared, struct swim_box *root)
{
	struct twig *twig;

	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&shared->node, heap_hold(test), &node_type,
						GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ref_new(&shared->ref, heap_hold(test), 8, GFP_KERNEL), 0);
	new_node(test, root);
	KUNIT_ASSERT_EQ(test, swim_box_new(&node_of(root)->box, heap_hold(test), &twig_type,
					   GFP_KERNEL), 0);
	twig = node_of(root)->box.raw.object;
	KUNIT_ASSERT_EQ(test, swim_ref_to_hard(&twig->bytes, &shared->ref), 0);
	KUNIT_ASSERT_EQ(test, swim_ref_clone(&twig->ref, &shared->ref), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&node_of(root)->hard, &shared->node), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&node_of(root)->soft, &shared->node), 0);
}

static void drop_shared(struct kunit *test, struct shared *shared)
{
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&shared->node), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_drop(&shared->ref), 0);
	expect_empty(test, heap_pool(test));
	expect_empty(test, there);
}

static void each_counted_lease_counts_in_a_clone_too(struct kunit *test)
{
	struct shared shared = {};
	struct swim_box box[2] = {};

	new_shared(test, &shared, &box[0]);
	expect_counts(test, shared.node.hard.cell, 2, 1, 0);
	expect_counts(test, shared.ref.cell, 3, 0, 2);
	KUNIT_ASSERT_EQ(test, clone(&box[1], &box[0], SWIM_KIND_RAW), 0);
	expect_counts(test, shared.node.hard.cell, 3, 2, 0);
	expect_counts(test, shared.ref.cell, 5, 0, 3);
	KUNIT_EXPECT_EQ(test, stats_of(there).live, 2);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box[0]), 0);
	expect_counts(test, shared.node.hard.cell, 2, 1, 0);
	expect_counts(test, shared.ref.cell, 3, 0, 2);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box[1]), 0);
	expect_counts(test, shared.node.hard.cell, 1, 0, 0);
	expect_counts(test, shared.ref.cell, 1, 0, 1);
	drop_shared(test, &shared);
}

/* The cell's status is @status, as if there were leases elsewhere. */
static void expect_limit(struct kunit *test, struct swim_cell *cell, struct swim_box *root,
			 unsigned long status, int err)
{
	const unsigned long was = atomic_long_read(&cell->status);

	atomic_long_set(&cell->status, status);
	expect_no_clone(test, root, SWIM_KIND_RAW, swim_pool_hold(there), err);
	KUNIT_EXPECT_EQ(test, (unsigned long)atomic_long_read(&cell->status), status);
	atomic_long_set(&cell->status, was);
}

static void a_count_at_its_limit_undoes_all(struct kunit *test)
{
	struct swim_cell *node, *bytes;
	struct shared shared = {};
	struct swim_box box = {};

	new_shared(test, &shared, &box);
	node = shared.node.hard.cell;
	bytes = shared.ref.cell;
	expect_limit(test, node, &box, SWIM_HARD_MAX * SWIM_HARD_ONE + SWIM_SOFT_ONE, -EOVERFLOW);
	expect_limit(test, node, &box, 2 * SWIM_HARD_ONE + SWIM_SOFT_MAX * SWIM_SOFT_ONE, -ERANGE);
	expect_limit(test, bytes, &box, SWIM_HARD_MAX * SWIM_HARD_ONE + 2 * SWIM_REF_ONE,
		     -EOVERFLOW);
	/* The Hard has counted by then, and the Ref cannot. */
	expect_limit(test, bytes, &box, (SWIM_HARD_MAX - 1) * SWIM_HARD_ONE + 2 * SWIM_REF_ONE,
		     -EOVERFLOW);
	expect_limit(test, bytes, &box, (SWIM_REF_MAX + 1) * SWIM_HARD_ONE +
		     SWIM_REF_MAX * SWIM_REF_ONE, -EUSERS);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	drop_shared(test, &shared);
}

static void a_mut_in_it_is_unsupported(struct kunit *test)
{
	struct shared shared = {};
	struct swim_box box = {};
	struct twig *twig;

	new_shared(test, &shared, &box);
	twig = node_of(&box)->box.raw.object;
	KUNIT_ASSERT_EQ(test, swim_mut_new(&twig->mut, heap_hold(test), 8, GFP_KERNEL), 0);
	expect_no_clone(test, &box, SWIM_KIND_RAW, swim_pool_hold(there), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	drop_shared(test, &shared);
}

static struct thing *new_thing(struct kunit *test, struct swim_box *box, u64 number,
			       struct swim_hard_box *shared)
{
	struct thing *thing;

	KUNIT_ASSERT_EQ(test, swim_box_new(box, heap_hold(test), &thing_type, GFP_KERNEL), 0);
	thing = box->raw.object;
	thing->number = number;
	things.live++;
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&thing->hard, shared), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&thing->soft, shared), 0);
	return thing;
}

static void a_type_that_refuses_undoes_all(struct kunit *test)
{
	const unsigned int n = 9;
	struct swim_hard_box shared = {};
	struct swim_buf buf[2] = {};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&shared, heap_hold(test), &node_type, GFP_KERNEL),
			0);
	KUNIT_ASSERT_EQ(test, swim_buf_new(&buf[0], heap_hold(test), &thing_type, 4, GFP_KERNEL),
			0);
	/* Three values in an array, each with a child that has a child. */
	for (i = 0; i < 3; i++) {
		struct thing value = { .number = i };
		struct thing *child = new_thing(test, &value.child, i + 10, &shared);

		new_thing(test, &child->child, i + 20, &shared);
		KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&value.hard, &shared), 0);
		things.live++;
		KUNIT_ASSERT_EQ(test, swim_buf_push(&buf[0], &value, GFP_KERNEL), 0);
	}
	KUNIT_ASSERT_EQ(test, things.live, (int)n);
	expect_counts(test, shared.hard.cell, n + 1, 6, 0);
	for (i = 1; i <= n; i++) {
		things.refuse = i;
		expect_no_clone(test, &buf[0], SWIM_KIND_RAW, swim_pool_hold(there), -EPERM);
		KUNIT_EXPECT_EQ(test, things.refuse, 0U);
		expect_counts(test, shared.hard.cell, n + 1, 6, 0);
		KUNIT_EXPECT_EQ(test, things.wrong, 0U);
	}
	KUNIT_ASSERT_EQ(test, clone(&buf[1], &buf[0], SWIM_KIND_RAW), 0);
	KUNIT_EXPECT_EQ(test, things.live, (int)(2 * n));
	expect_counts(test, shared.hard.cell, 2 * n + 1, 12, 0);
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf[0]), 0);
	KUNIT_EXPECT_EQ(test, things.live, (int)n);
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf[1]), 0);
	expect_counts(test, shared.hard.cell, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&shared), 0);
}

static void what_has_a_drop_and_no_clone_is_unsupported(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(there);
	struct swim_hard_box hard = {};
	struct swim_box box = {};
	struct swim_buf buf = {};

	KUNIT_ASSERT_EQ(test, swim_buf_new(&buf, heap_hold(test), &only_drop_type, 2, GFP_KERNEL),
			0);
	expect_no_clone(test, &buf, SWIM_KIND_RAW, hold, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&hard, heap_hold(test), &only_drop_type,
						GFP_KERNEL), 0);
	expect_no_clone(test, &hard, SWIM_KIND_HARD, hold, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	/* Below, and behind what can be cloned. */
	new_node(test, &box);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&node_of(&box)->raw, heap_hold(test), 8, GFP_KERNEL),
			0);
	KUNIT_ASSERT_EQ(test, swim_box_new(&node_of(&box)->box, heap_hold(test), &only_drop_type,
					   GFP_KERNEL), 0);
	expect_no_clone(test, &box, SWIM_KIND_RAW, hold, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
}

/* Objects that a clone would ask for one by one. */
static unsigned int large_in(const struct view *view)
{
	unsigned int i, n = 0;

	for (i = 0; i < view->n; i++)
		n += !view->seen[i].shared && view->seen[i].size > SWIM_SMALL_MAX;
	return n;
}

static void out_of_memory_anywhere_all_is_undone(struct kunit *test)
{
	struct grower g = {
		.test = test,
		.hold = heap_hold(test),
		.state = swim_random_seed(1),
		.budget = 100,
		.large = true,
	};
	struct swim_hard_box hard[2] = {};
	struct swim_box box[2] = {};
	unsigned long n;
	int err;

	grow_hard(&g, &g.shared, 2);
	do {
		if (!swim_box_is_empty(&box[0]))
			KUNIT_ASSERT_EQ(test, swim_box_drop(&box[0]), 0);
		g.budget = 100;
		grow_box(&g, &box[0], 4);
	} while (large_in(view_of(test, &box[0], SWIM_KIND_RAW)) < 3);
	grow_hard(&g, &hard[0], 3);
	for (n = 1, err = -ENOMEM; err && n < 200; n++) {
		struct view *view = view_of(test, &box[0], SWIM_KIND_RAW);

		swim_fail_from(n);
		err = clone(&box[1], &box[0], SWIM_KIND_RAW);
		swim_fail_nth(0);
		if (!err)
			break;
		KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_TRUE(test, swim_box_is_empty(&box[1]));
		expect_same(test, view, &box[0], SWIM_KIND_RAW);
		expect_empty(test, there);
	}
	kunit_info(test, "%lu requests", n - 1);
	KUNIT_EXPECT_GT(test, n, 4UL);
	swim_pool_flush(there);
	for (n = 1, err = -ENOMEM; err && n < 200; n++) {
		struct view *view = view_of(test, &hard[0], SWIM_KIND_HARD);

		swim_fail_from(n);
		err = clone(&hard[1], &hard[0], SWIM_KIND_HARD);
		swim_fail_nth(0);
		if (!err)
			break;
		KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		expect_same(test, view, &hard[0], SWIM_KIND_HARD);
	}
	KUNIT_EXPECT_GT(test, n, 1UL);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box[0]), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box[1]), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard[0]), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard[1]), 0);
	expect_counts(test, g.shared.hard.cell, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&g.shared), 0);
}

static void what_is_in_use_is_not_cloned(struct kunit *test)
{
	struct swim_hard_box hard = {}, to = {};
	struct swim_mut_box mut = {};
	struct swim_ref_box ref = {};
	struct swim_box box[2] = {};

	new_node(test, &box[0]);
	KUNIT_ASSERT_EQ(test, swim_ptr_box_new(&node_of(&box[0])->ptr_box, heap_hold(test),
					       &node_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_box_pin(&box[0])));
	KUNIT_EXPECT_EQ(test, clone(&box[1], &box[0], SWIM_KIND_RAW), -EBUSY);
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_ptr_box_pin(&node_of(&box[0])->ptr_box)));
	swim_box_unpin(&box[0]);
	KUNIT_EXPECT_EQ(test, clone(&box[1], &box[0], SWIM_KIND_RAW), -EBUSY);
	swim_ptr_box_unpin(&node_of(&box[0])->ptr_box);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box[0]), 0);

	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&hard, heap_hold(test), &node_type, GFP_KERNEL),
			0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, &hard), 0);
	expect_no_clone(test, &hard, SWIM_KIND_HARD, swim_pool_hold(there), -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	/* As if somebody moved it: he is asked for it. */
	atomic_long_or(SWIM_BUSY, &hard.hard.cell->status);
	KUNIT_EXPECT_EQ(test, clone(&to, &hard, SWIM_KIND_HARD), -EINPROGRESS);
	KUNIT_EXPECT_TRUE(test, atomic_long_read(&hard.hard.cell->status) & SWIM_ASKED);
	expect_no_clone(test, &hard, SWIM_KIND_HARD, swim_pool_hold(there), -EINPROGRESS);
	expect_counts(test, hard.hard.cell, 1, 0, 0);
	atomic_long_andnot(SWIM_BUSY | SWIM_ASKED, &hard.hard.cell->status);
	/* Others may read. */
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_ref(&ref, &hard), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_clone_into(&to, &hard, swim_pool_hold(there),
						       GFP_KERNEL), 0);
	expect_counts(test, hard.hard.cell, 2, 0, 1);
	expect_counts(test, to.hard.cell, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&to), 0);
	expect_empty(test, there);
}

static void wrong_arguments_change_nothing(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(there);
	struct swim_raw raw = {}, to = {};
	struct swim_hard hard = {}, other = {};
	struct swim_block block = { clone_block, SZ_4K };
	struct swim_pack *pack = swim_pack_create(&block);

	KUNIT_EXPECT_EQ(test, swim_raw_clone(&to, &raw, hold, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_hard_clone_into(&other, &hard, hold, GFP_KERNEL), -ENOENT);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), SZ_8K, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_clone(NULL, &raw, hold, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_raw_clone(&to, NULL, hold, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_raw_clone(&to, &raw, NULL, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_raw_clone(&raw, &raw, hold, GFP_KERNEL), -EEXIST);
	expect_no_clone(test, &raw, SWIM_KIND_RAW, swim_empty_hold(), -E2BIG);
	expect_no_clone(test, &raw, SWIM_KIND_RAW, swim_pack_hold(pack), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_new(&hard, heap_hold(test), SZ_8K, GFP_KERNEL), 0);
	expect_no_clone(test, &hard, SWIM_KIND_HARD, swim_pack_hold(pack), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_hard_drop(&hard), 0);
	expect_empty(test, there);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
}

static void unique_is_a_deep_clone_when_it_is_shared(struct kunit *test)
{
	struct swim_hard_box hard = {}, other = {};
	struct swim_mut_box mut = {};
	struct swim_soft_box soft = {};
	struct view *view, *now;
	struct node *node;

	KUNIT_ASSERT_EQ(test, swim_mut_box_new(&mut, heap_hold(test), &node_type, GFP_KERNEL), 0);
	node = swim_mut_box_get(&mut);
	node->number = 5;
	new_node(test, &node->box);
	node_of(&node->box)->number = 6;
	KUNIT_ASSERT_EQ(test, swim_raw_new(&node_of(&node->box)->raw, heap_hold(test), 100,
					   GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_mut_box_into_hard(&hard, &mut), 0);
	/* Alone: the same. */
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_unique(&mut, &hard, swim_pool_hold(there),
						      GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_EQ(test, swim_mut_box_get(&mut), (void *)node);
	KUNIT_ASSERT_EQ(test, swim_mut_box_into_hard(&hard, &mut), 0);
	expect_empty(test, there);
	/* Others refer to it: another one, with all that it owns. */
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&other, &hard), 0);
	view = view_of(test, &hard, SWIM_KIND_HARD);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_unique(&mut, &hard, swim_pool_hold(there),
						      GFP_KERNEL), 0);
	KUNIT_EXPECT_TRUE(test, swim_hard_box_is_empty(&hard));
	KUNIT_EXPECT_PTR_NE(test, mut.mut.cell, other.hard.cell);
	expect_counts(test, other.hard.cell, 1, 0, 0);
	now = view_of(test, &mut, SWIM_KIND_MUT);
	expect_like(test, view, now, false);
	KUNIT_EXPECT_EQ(test, stats_of(there).live, 3);
	node = swim_mut_box_get(&mut);
	node_of(&node->box)->number = 7;
	KUNIT_EXPECT_EQ(test, view_of(test, &other, SWIM_KIND_HARD)->seen[1].sum,
			view->seen[1].sum);
	/* A Soft lease refers to it as well. */
	KUNIT_ASSERT_EQ(test, swim_mut_box_into_hard(&hard, &mut), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&soft, &hard), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_unique(&mut, &hard, heap_hold(test), GFP_KERNEL),
			0);
	/* The old one had no other owner. */
	expect_empty(test, there);
	KUNIT_EXPECT_EQ(test, swim_soft_box_to_hard(&hard, &soft), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&soft), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&other), 0);
	expect_empty(test, heap_pool(test));
}

static void packs_give_and_take(struct kunit *test)
{
	struct swim_block block = { clone_block, SZ_64K };
	struct swim_pack *pack = swim_pack_create(&block);
	unsigned int round;

	KUNIT_ASSERT_FALSE(test, IS_ERR(pack));
	for (round = 0; round < ROUNDS(50); round++) {
		struct grower g = {
			.test = test,
			.hold = heap_hold(test),
			.state = swim_random_seed(round),
			.budget = 20,
		};
		struct swim_box box[3] = {};
		struct swim_pack_stats stats;
		struct view *view;

		grow_box(&g, &box[0], 3);
		view = view_of(test, &box[0], SWIM_KIND_RAW);
		KUNIT_ASSERT_EQ(test, swim_box_clone(&box[1], &box[0], swim_pack_hold(pack),
						     GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_box_clone(&box[2], &box[1], heap_hold(test),
						     GFP_KERNEL), 0);
		expect_like(test, view, view_of(test, &box[1], SWIM_KIND_RAW), false);
		expect_like(test, view, view_of(test, &box[2], SWIM_KIND_RAW), false);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&box[0]), 0);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&box[1]), 0);
		swim_pack_stats(pack, &stats);
		KUNIT_EXPECT_EQ(test, stats.live, 0);
		KUNIT_EXPECT_EQ(test, stats.free, stats.size);
		expect_like(test, view, view_of(test, &box[2], SWIM_KIND_RAW), false);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&box[2]), 0);
		expect_empty(test, heap_pool(test));
	}
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
}

static int clone_and_drop(void *arg, unsigned int number)
{
	struct swim_box to = {};
	int err = swim_box_clone(&to, arg, swim_pool_hold(there), NOWAIT);

	return err ?: swim_box_drop(&to);
}

static void in_interrupts_it_is_cloned_as_well(struct kunit *test)
{
	struct swim_box box = {};

	new_node(test, &box);
	new_node(test, &node_of(&box)->box);
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, clone_and_drop, &box), 0);
	expect_empty(test, there);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
}

/*
 * All of them clone what they share, and stow their clones, while its pool is cleaned. Who
 * finds another one at its children hears that they are in use.
 */
struct crowd {
	struct swim_pool *pool[2];
	struct swim_hard_box shared;
	unsigned int cloners;
	unsigned int rounds;
	atomic_t cloning;
	atomic_t met;
};

static int crowd_check(struct swim_hard_box *hard)
{
	struct swim_ref_box ref = {};
	const struct node *node, *child;
	int err;

	/* A mover may have it. */
	err = swim_hard_box_try_to_ref(&ref, hard);
	if (err)
		return 1;
	node = swim_ref_box_get(&ref);
	rcu_read_lock();
	child = swim_box_read(&node->box);
	if (node->number != 5 || child->number != 6 ||
	    memchr_inv(swim_raw_read(&child->raw), 7, 100))
		err = 2;
	rcu_read_unlock();
	swim_ref_box_drop(&ref);
	return err;
}

static int crowd_worker(void *arg, unsigned int number)
{
	struct crowd *crowd = arg;
	unsigned int round;
	int err = 0;

	if (number >= crowd->cloners) {
		while (!err && atomic_read(&crowd->cloning)) {
			err = swim_pool_compact(crowd->pool[number % 2], 100);
			schedule_timeout_uninterruptible(1);
		}
		return err;
	}
	for (round = 0; !err && round < crowd->rounds; round++) {
		struct swim_hold *hold = swim_pool_hold(crowd->pool[round % 2]);
		struct swim_hard_box mine = {};

		cond_resched();
		if (round % 64 == 63)
			schedule_timeout_uninterruptible(1);
		err = swim_hard_box_clone_into(&mine, &crowd->shared, hold, NOWAIT);
		if (err == -EBUSY || err == -EINPROGRESS || err == -EAGAIN || err == -ENOMEM) {
			atomic_inc(&crowd->met);
			err = 0;
			continue;
		}
		err = err ?: crowd_check(&mine);
		if (!err && round % 3 == 0)
			err = swim_hard_box_stow(&mine, swim_pool_hold(crowd->pool[!(round % 2)]),
						 NOWAIT);
		err = err == -ENOMEM ? 0 : err;
		err = err ?: crowd_check(&mine);
		swim_hard_box_drop(&mine);
	}
	atomic_dec(&crowd->cloning);
	return err;
}

static void many_clone_what_they_share_while_it_moves(struct kunit *test)
{
	struct crowd *crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	struct swim_mut_box mut = {};
	struct node *node;

	KUNIT_ASSERT_NOT_NULL(test, crowd);
	crowd->pool[0] = heap_pool(test);
	crowd->pool[1] = there;
	KUNIT_ASSERT_EQ(test, swim_mut_box_new(&mut, heap_hold(test), &node_type, GFP_KERNEL), 0);
	node = swim_mut_box_get(&mut);
	node->number = 5;
	new_node(test, &node->box);
	node_of(&node->box)->number = 6;
	KUNIT_ASSERT_EQ(test, swim_raw_new(&node_of(&node->box)->raw, heap_hold(test), 100,
					   GFP_KERNEL), 0);
	memset(node_of(&node->box)->raw.object, 7, 100);
	KUNIT_ASSERT_EQ(test, swim_mut_box_into_hard(&crowd->shared, &mut), 0);
	crowd->cloners = 4;
	crowd->rounds = ROUNDS(10000);
	atomic_set(&crowd->cloning, crowd->cloners);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, crowd->cloners + 2, crowd_worker, crowd), 0);
	kunit_info(test, "%u times met", atomic_read(&crowd->met));
	expect_counts(test, crowd->shared.hard.cell, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live + stats_of(there).live, 3L);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&crowd->shared), 0);
	expect_empty(test, heap_pool(test));
	expect_empty(test, there);
}

static struct kunit_case clone_cases[] = {
	KUNIT_CASE(bytes_are_cloned_by_each_kind_of_lease),
	KUNIT_CASE(a_clone_lives_without_the_original),
	KUNIT_CASE(parts_with_extents_of_their_own_are_cloned),
	KUNIT_CASE(children_stand_directly_behind_their_parents),
	KUNIT_CASE(a_list_is_cloned_however_long_it_is),
	KUNIT_CASE(each_counted_lease_counts_in_a_clone_too),
	KUNIT_CASE(a_count_at_its_limit_undoes_all),
	KUNIT_CASE(a_mut_in_it_is_unsupported),
	KUNIT_CASE(a_type_that_refuses_undoes_all),
	KUNIT_CASE(what_has_a_drop_and_no_clone_is_unsupported),
	KUNIT_CASE(out_of_memory_anywhere_all_is_undone),
	KUNIT_CASE(what_is_in_use_is_not_cloned),
	KUNIT_CASE(wrong_arguments_change_nothing),
	KUNIT_CASE(unique_is_a_deep_clone_when_it_is_shared),
	KUNIT_CASE(packs_give_and_take),
	KUNIT_CASE(in_interrupts_it_is_cloned_as_well),
	KUNIT_CASE(many_clone_what_they_share_while_it_moves),
	{}
};

static struct kunit_suite clone_suite = {
	.name = "clone",
	.init = clone_init,
	.exit = clone_exit,
	.test_cases = clone_cases,
};

kunit_test_suite(clone_suite);

MODULE_DESCRIPTION("KUnit: cloning in swimmem");
MODULE_LICENSE("GPL");
