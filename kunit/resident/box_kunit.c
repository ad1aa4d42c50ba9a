// SPDX-License-Identifier: GPL-2.0-only
/*
 * Box: one value of a type, and what a type tells.
 */
#include <linux/sizes.h>

#include "../../swimmem/lease/raw.h"
#include "../kunit.h"

struct leaf {
	u64 number;
};

struct node {
	u32 key;
	struct swim_box left;
	struct swim_raw name;
	struct swim_box right;
};

static unsigned int dropped;
static u32 last_dropped;

static void node_drop(void *value)
{
	struct node *node = value;

	dropped++;
	last_dropped = node->key;
}

static SWIM_PLAIN_TYPE(leaf_type, struct leaf);
static const struct swim_type_ops node_ops = { .drop = node_drop };
static SWIM_TYPE_OPS(node_type, struct node, &node_ops, SWIM_PART(left), SWIM_PART(name),
		      SWIM_PART(right));

static int box_init(struct kunit *test)
{
	dropped = 0;
	return swim_heap_init(test, 0, 0);
}

static long live(struct kunit *test)
{
	return heap_stats(test).live;
}

static struct node *pin(struct kunit *test, struct swim_box *box)
{
	struct node *node = swim_box_pin(box);

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(node));
	return node;
}

static void a_type_tells_its_parts(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, node_type.name, "struct node");
	KUNIT_EXPECT_EQ(test, node_type.size, sizeof(struct node));
	KUNIT_ASSERT_EQ(test, node_type.parts, 3U);
	KUNIT_EXPECT_EQ(test, node_type.part[0], offsetof(struct node, left));
	KUNIT_EXPECT_EQ(test, node_type.part[1], offsetof(struct node, name));
	KUNIT_EXPECT_EQ(test, node_type.part[2], offsetof(struct node, right));
	KUNIT_EXPECT_EQ(test, leaf_type.parts, 0U);
}

static void new_makes_a_zeroed_value(struct kunit *test)
{
	struct swim_box box = {};
	struct node *node;

	KUNIT_EXPECT_NULL(test, swim_box_type(&box));
	KUNIT_ASSERT_EQ(test, swim_box_new(&box, heap_hold(test), &node_type, GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_EQ(test, swim_box_type(&box), &node_type);
	node = pin(test, &box);
	KUNIT_EXPECT_NULL(test, memchr_inv(node, 0, sizeof(*node)));
	KUNIT_EXPECT_TRUE(test, swim_box_is_empty(&node->left));
	swim_box_unpin(&box);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	KUNIT_EXPECT_NULL(test, swim_box_type(&box));
	KUNIT_EXPECT_NULL(test, swim_box_type(NULL));
}

static void new_refuses_what_makes_no_sense(struct kunit *test)
{
	static const struct swim_type huge = { .name = "huge", .size = SZ_4M };
	struct swim_box box = {};

	KUNIT_EXPECT_EQ(test, swim_box_new(NULL, heap_hold(test), &leaf_type, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_box_new(&box, NULL, &leaf_type, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_box_new(&box, heap_hold(test), NULL, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_box_new(&box, heap_hold(test), &huge, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_TRUE(test, swim_box_is_empty(&box));
	KUNIT_ASSERT_EQ(test, swim_box_new(&box, heap_hold(test), &leaf_type, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_box_new(&box, heap_hold(test), &leaf_type, GFP_KERNEL), -EEXIST);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
}

static void read_and_move_are_those_of_the_lease(struct kunit *test)
{
	struct swim_box from = {}, to = {};
	const struct leaf *seen;
	struct leaf *leaf;

	KUNIT_ASSERT_EQ(test, swim_box_new(&from, heap_hold(test), &leaf_type, GFP_KERNEL), 0);
	leaf = swim_box_pin(&from);
	KUNIT_ASSERT_FALSE(test, IS_ERR(leaf));
	leaf->number = 5;
	swim_box_unpin(&from);
	KUNIT_EXPECT_EQ(test, swim_box_move(&to, &from), 0);
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, swim_box_read(&from));
	seen = swim_box_read(&to);
	KUNIT_EXPECT_EQ(test, seen->number, 5ULL);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, swim_box_drop(&to), 0);
}

static void drop_drops_all_that_the_value_owns(struct kunit *test)
{
	struct swim_box root = {};
	struct node *node, *left;

	KUNIT_ASSERT_EQ(test, swim_box_new(&root, heap_hold(test), &node_type, GFP_KERNEL), 0);
	node = pin(test, &root);
	node->key = 1;
	KUNIT_EXPECT_EQ(test, swim_box_new(&node->left, heap_hold(test), &node_type,
					   GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_box_new(&node->right, heap_hold(test), &leaf_type,
					   GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&node->name, heap_hold(test), 33, GFP_KERNEL), 0);
	left = pin(test, &node->left);
	left->key = 2;
	KUNIT_EXPECT_EQ(test, swim_raw_new(&left->name, heap_hold(test), SZ_32K, GFP_KERNEL), 0);
	swim_box_unpin(&node->left);
	swim_box_unpin(&root);
	KUNIT_EXPECT_EQ(test, live(test), 5);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
	KUNIT_EXPECT_TRUE(test, swim_box_is_empty(&root));
	KUNIT_EXPECT_EQ(test, live(test), 0);
	KUNIT_EXPECT_EQ(test, dropped, 2U);
	KUNIT_EXPECT_EQ(test, last_dropped, 2U);	/* the parent's came first */
}

/* A list as deep as a recursion could never be. */
static void drop_of_a_long_list_needs_no_stack(struct kunit *test)
{
	const unsigned int length = ROUNDS(200000);
	struct swim_box root = {}, list;
	struct node *node;
	unsigned int i;

	for (i = 0; i < length; i++) {
		list = (struct swim_box){};
		KUNIT_ASSERT_EQ(test, swim_box_new(&list, heap_hold(test), &node_type,
						   GFP_KERNEL), 0);
		node = pin(test, &list);
		if (!swim_box_is_empty(&root))
			KUNIT_ASSERT_EQ(test, swim_box_move(&node->right, &root), 0);
		swim_box_unpin(&list);
		KUNIT_ASSERT_EQ(test, swim_box_move(&root, &list), 0);
	}
	KUNIT_EXPECT_EQ(test, live(test), length);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
	KUNIT_EXPECT_EQ(test, live(test), 0);
	KUNIT_EXPECT_EQ(test, dropped, length);
}

static void grow_tree(struct kunit *test, struct swim_box *box, unsigned int depth)
{
	struct node *node;

	KUNIT_ASSERT_EQ(test, swim_box_new(box, heap_hold(test), &node_type, GFP_KERNEL), 0);
	if (!depth)
		return;
	node = pin(test, box);
	grow_tree(test, &node->left, depth - 1);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&node->name, heap_hold(test), depth, GFP_KERNEL), 0);
	grow_tree(test, &node->right, depth - 1);
	swim_box_unpin(box);
}

static void drop_of_a_tree_leaves_nothing(struct kunit *test)
{
	struct swim_box root = {};

	grow_tree(test, &root, 10);
	KUNIT_EXPECT_EQ(test, live(test), 2047 + 1023);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
	KUNIT_EXPECT_EQ(test, live(test), 0);
	KUNIT_EXPECT_EQ(test, dropped, 2047U);
}

static void a_child_in_use_is_leaked_and_reported_when_its_parent_goes(struct kunit *test)
{
	struct swim_box root = {};
	struct node *node;
	struct leaf *leaf;

	KUNIT_ASSERT_EQ(test, swim_box_new(&root, heap_hold(test), &node_type, GFP_KERNEL), 0);
	node = pin(test, &root);
	KUNIT_ASSERT_EQ(test, swim_box_new(&node->left, heap_hold(test), &leaf_type,
					   GFP_KERNEL), 0);
	leaf = swim_box_pin(&node->left);
	KUNIT_ASSERT_FALSE(test, IS_ERR(leaf));
	swim_box_unpin(&root);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
	EXPECT_REPORT(test, "while in use");
	KUNIT_EXPECT_EQ(test, live(test), 1);
	leaf->number = 1;	/* still there */
	swim_tag_write(swim_tag_of(leaf), swim_tag_sized(SWIM_TAG_HELD, sizeof(*leaf), 0));
	KUNIT_EXPECT_EQ(test, swim_free(leaf), 0);
}

static struct kunit_case box_cases[] = {
	KUNIT_CASE(a_type_tells_its_parts),
	KUNIT_CASE(new_makes_a_zeroed_value),
	KUNIT_CASE(new_refuses_what_makes_no_sense),
	KUNIT_CASE(read_and_move_are_those_of_the_lease),
	KUNIT_CASE(drop_drops_all_that_the_value_owns),
	KUNIT_CASE(drop_of_a_long_list_needs_no_stack),
	KUNIT_CASE(drop_of_a_tree_leaves_nothing),
	KUNIT_CASE(a_child_in_use_is_leaked_and_reported_when_its_parent_goes),
	{}
};

static struct kunit_suite box_suite = {
	.name = "box",
	.init = box_init,
	.exit = swim_heap_exit,
	.test_cases = box_cases,
};

kunit_test_suite(box_suite);

MODULE_DESCRIPTION("KUnit: boxes of swimmem");
MODULE_LICENSE("GPL");
