// SPDX-License-Identifier: GPL-2.0-only
/*
 * Typed: the leases of one C type do what those of any type do. That they take nothing else is
 * seen by scripts/must_not_compile.
 */
#include <linux/sizes.h>

#include "../kunit.h"

struct flow {
	u64 packets;
	u32 port;
};

static SWIM_PLAIN_TYPE(flow_type, struct flow);
DEFINE_SWIM_BOX(flow, struct flow, &flow_type);
DEFINE_SWIM_BUF(flow, struct flow, &flow_type);

/* Nodes that own nodes, and flows in each way. */
DECLARE_SWIM_BOX(node);

struct node {
	u32 key;
	struct node_box next;
	struct flow_ptr_box first;
	struct flow_buf all;
	struct flow_hard_box shared;
	struct node_soft_box up;
};

static SWIM_TYPE(node_type, struct node, SWIM_PART(next.box), SWIM_PART(first.box),
		 SWIM_PART(all.buf), SWIM_PART(shared.box), SWIM_PART(up.box));
DEFINE_SWIM_BOX_CALLS(node, struct node, &node_type);

/* The leases of a buf before the type of its elements is complete. */
DECLARE_SWIM_BUF(tree);

struct tree {
	u32 key;
	struct tree_buf below;
};

static SWIM_TYPE(tree_type, struct tree, SWIM_PART(below.buf));
DEFINE_SWIM_BUF_CALLS(tree, struct tree, &tree_type);

static int typed_init(struct kunit *test)
{
	return swim_heap_init(test, SZ_4M, 0);
}

static void expect_nothing_lives(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

/* Raw and Ptr are alike but for their names. */
#define EXCLUSIVE_BOX(lease)							\
static void lease##_is_pinned_read_moved_and_dropped(struct kunit *test)	\
{										\
	struct flow_##lease box = {}, to = {};					\
	const struct flow *seen;						\
	struct flow *flow;							\
										\
	KUNIT_EXPECT_TRUE(test, flow_##lease##_is_empty(&box));			\
	EXPECT_ERR_PTR(test, flow_##lease##_pin(&box), -ENOENT);		\
	KUNIT_ASSERT_EQ(test, flow_##lease##_new(&box, heap_hold(test), GFP_KERNEL), 0); \
	KUNIT_EXPECT_FALSE(test, flow_##lease##_is_empty(&box));		\
	flow = flow_##lease##_pin(&box);					\
	KUNIT_ASSERT_FALSE(test, IS_ERR(flow));					\
	KUNIT_EXPECT_NULL(test, memchr_inv(flow, 0, sizeof(*flow)));		\
	flow->packets = 42;							\
	KUNIT_EXPECT_EQ(test, flow_##lease##_drop(&box), -EBUSY);		\
	flow_##lease##_unpin(&box);						\
	KUNIT_EXPECT_EQ(test, flow_##lease##_move(&to, &box), 0);		\
	KUNIT_EXPECT_TRUE(test, flow_##lease##_is_empty(&box));			\
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);	\
	rcu_read_lock();							\
	KUNIT_EXPECT_NULL(test, flow_##lease##_read(&box));			\
	seen = flow_##lease##_read(&to);					\
	KUNIT_EXPECT_EQ(test, seen->packets, 42ULL);				\
	rcu_read_unlock();							\
	KUNIT_EXPECT_EQ(test, flow_##lease##_drop(&to), 0);			\
	KUNIT_EXPECT_TRUE(test, flow_##lease##_is_empty(&to));			\
	expect_nothing_lives(test);						\
}

EXCLUSIVE_BOX(box)
EXCLUSIVE_BOX(ptr_box)

/* What counted leases of each resident have, but for the transitions. */
#define COUNTED(resident, new_args...)						\
static void counted_##resident##_is_cloned_moved_and_dropped(struct kunit *test) \
{										\
	struct flow_mut_##resident mut = {}, mut_to = {};			\
	struct flow_ref_##resident ref = {}, ref_to = {}, ref_more = {};	\
	struct flow_hard_##resident hard = {}, hard_to = {}, hard_more = {};	\
	struct flow_soft_##resident soft = {}, soft_to = {}, soft_more = {};	\
	struct swim_counts counts;						\
										\
	KUNIT_ASSERT_EQ(test, flow_mut_##resident##_new(&mut, heap_hold(test), new_args), 0); \
	KUNIT_EXPECT_EQ(test, flow_mut_##resident##_move(&mut_to, &mut), 0);	\
	KUNIT_EXPECT_TRUE(test, flow_mut_##resident##_is_empty(&mut));		\
	flow_mut_##resident##_counts(&mut_to, &counts);				\
	KUNIT_EXPECT_TRUE(test, counts.mut);					\
	KUNIT_EXPECT_EQ(test, flow_mut_##resident##_drop(&mut_to), 0);		\
	expect_nothing_lives(test);						\
										\
	KUNIT_ASSERT_EQ(test, flow_ref_##resident##_new(&ref, heap_hold(test), new_args), 0); \
	KUNIT_EXPECT_EQ(test, flow_ref_##resident##_clone(&ref_more, &ref), 0);	\
	KUNIT_EXPECT_EQ(test, flow_ref_##resident##_move(&ref_to, &ref), 0);	\
	KUNIT_EXPECT_TRUE(test, flow_ref_##resident##_is_empty(&ref));		\
	flow_ref_##resident##_counts(&ref_to, &counts);				\
	KUNIT_EXPECT_EQ(test, counts.ref, 2U);					\
	KUNIT_EXPECT_EQ(test, flow_ref_##resident##_drop(&ref_to), 0);		\
	KUNIT_EXPECT_EQ(test, flow_ref_##resident##_drop(&ref_more), 0);	\
	expect_nothing_lives(test);						\
										\
	KUNIT_ASSERT_EQ(test, flow_hard_##resident##_new(&hard, heap_hold(test), new_args), 0); \
	KUNIT_EXPECT_EQ(test, flow_hard_##resident##_clone(&hard_more, &hard), 0); \
	KUNIT_EXPECT_EQ(test, flow_hard_##resident##_move(&hard_to, &hard), 0);	\
	KUNIT_EXPECT_TRUE(test, flow_hard_##resident##_is_empty(&hard));	\
	flow_hard_##resident##_counts(&hard_to, &counts);			\
	KUNIT_EXPECT_EQ(test, counts.hard, 2U);					\
	KUNIT_EXPECT_EQ(test, flow_hard_##resident##_drop(&hard_more), 0);	\
	KUNIT_EXPECT_EQ(test, flow_hard_##resident##_to_unique(&mut, &hard_to, heap_hold(test), \
							       GFP_KERNEL), 0);	\
	KUNIT_EXPECT_TRUE(test, flow_hard_##resident##_is_empty(&hard_to));	\
	KUNIT_EXPECT_EQ(test, flow_mut_##resident##_to_soft(&soft, &mut), 0);	\
	KUNIT_EXPECT_EQ(test, flow_soft_##resident##_clone(&soft_more, &soft), 0); \
	KUNIT_EXPECT_EQ(test, flow_soft_##resident##_move(&soft_to, &soft), 0);	\
	KUNIT_EXPECT_TRUE(test, flow_soft_##resident##_is_empty(&soft));	\
	KUNIT_EXPECT_EQ(test, flow_mut_##resident##_drop(&mut), 0);		\
	flow_soft_##resident##_counts(&soft_to, &counts);			\
	KUNIT_EXPECT_EQ(test, counts.hard, 0U);					\
	KUNIT_EXPECT_EQ(test, counts.soft, 2U);					\
	KUNIT_EXPECT_EQ(test, flow_soft_##resident##_to_hard(&hard, &soft_to), -ENOENT); \
	KUNIT_EXPECT_EQ(test, flow_soft_##resident##_drop(&soft_to), 0);	\
	KUNIT_EXPECT_EQ(test, flow_soft_##resident##_drop(&soft_more), 0);	\
	expect_nothing_lives(test);						\
}

COUNTED(box, GFP_KERNEL)
COUNTED(buf, 4, GFP_KERNEL)

/* Four leases of one object, of which a transition needs one, and a Soft its Hard. */
#define MAKE(resident, new_args...)						\
static int make_hard_##resident(struct kunit *test, struct flow_hard_##resident *hard, \
				struct flow_hard_##resident *keep)		\
{										\
	return flow_hard_##resident##_new(hard, heap_hold(test), new_args);	\
}										\
										\
static int make_ref_##resident(struct kunit *test, struct flow_ref_##resident *ref, \
			       struct flow_hard_##resident *keep)		\
{										\
	return flow_ref_##resident##_new(ref, heap_hold(test), new_args);	\
}										\
										\
static int make_mut_##resident(struct kunit *test, struct flow_mut_##resident *mut, \
			       struct flow_hard_##resident *keep)		\
{										\
	return flow_mut_##resident##_new(mut, heap_hold(test), new_args);	\
}										\
										\
static int make_soft_##resident(struct kunit *test, struct flow_soft_##resident *soft, \
				struct flow_hard_##resident *keep)		\
{										\
	return flow_hard_##resident##_new(keep, heap_hold(test), new_args) ?:	\
	       flow_hard_##resident##_to_soft(soft, keep);			\
}

MAKE(box, GFP_KERNEL)
MAKE(buf, 4, GFP_KERNEL)

/* The counts when a lease of @from made one of @to, and a Soft was kept alive by a Hard. */
static void expect_turned(struct kunit *test, const struct swim_counts *counts,
			  enum swim_lease_kind from, enum swim_lease_kind to, bool into)
{
	unsigned int kinds[SWIM_KIND_SOFT + 1] = {};

	kinds[from]++;
	kinds[to]++;
	if (into)
		kinds[from]--;
	if (from == SWIM_KIND_SOFT)
		kinds[SWIM_KIND_HARD]++;
	KUNIT_EXPECT_EQ(test, counts->hard, kinds[SWIM_KIND_HARD] + kinds[SWIM_KIND_REF] +
					    kinds[SWIM_KIND_MUT]);
	KUNIT_EXPECT_EQ(test, counts->soft, kinds[SWIM_KIND_SOFT]);
	KUNIT_EXPECT_EQ(test, counts->ref, kinds[SWIM_KIND_REF]);
	KUNIT_EXPECT_EQ(test, counts->mut, kinds[SWIM_KIND_MUT]);
}

#define TURN(resident, from, FROM, verb, to, TO, how, into)			\
static noinline void								\
turn_##from##_##resident##_##verb##_##to(struct kunit *test)			\
{										\
	struct flow_hard_##resident keep = {};					\
	struct flow_##from##_##resident of = {};				\
	struct flow_##to##_##resident made = {};				\
	struct swim_counts counts;						\
										\
	KUNIT_ASSERT_EQ(test, make_##from##_##resident(test, &of, &keep), 0);	\
	KUNIT_ASSERT_EQ(test, flow_##from##_##resident##_##verb##_##to(&made, &of), 0); \
	KUNIT_EXPECT_EQ(test, flow_##from##_##resident##_is_empty(&of), into);	\
	flow_##to##_##resident##_counts(&made, &counts);			\
	expect_turned(test, &counts, SWIM_KIND_##FROM, SWIM_KIND_##TO, into);	\
	KUNIT_EXPECT_EQ(test, flow_##to##_##resident##_drop(&made), 0);		\
	KUNIT_EXPECT_EQ(test, flow_##from##_##resident##_drop(&of), into ? -ENOENT : 0); \
	flow_hard_##resident##_drop(&keep);					\
	expect_nothing_lives(test);						\
}

#define TURN_NAME(resident, from, FROM, verb, to, TO, how, into)			\
	turn_##from##_##resident##_##verb##_##to,

SWIM_TRANSITIONS(TURN, box)
SWIM_TRANSITIONS(TURN, buf)

static void (*const turns[])(struct kunit *test) = {
	SWIM_TRANSITIONS(TURN_NAME, box)
	SWIM_TRANSITIONS(TURN_NAME, buf)
};

static void every_transition_counts_as_it_should(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(turns); i++)
		turns[i](test);
}

static void mut_box_writes_what_ref_box_reads(struct kunit *test)
{
	struct flow_mut_box mut = {};
	struct flow_hard_box hard = {};
	struct flow_ref_box ref = {};
	const struct flow *seen;
	struct flow *flow;

	KUNIT_ASSERT_EQ(test, flow_mut_box_new(&mut, heap_hold(test), GFP_KERNEL), 0);
	flow = flow_mut_box_get(&mut);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	flow->port = 443;
	KUNIT_ASSERT_EQ(test, flow_mut_box_into_hard(&hard, &mut), 0);
	KUNIT_ASSERT_EQ(test, flow_hard_box_poll_into_ref(&ref, &hard), 0);
	seen = flow_ref_box_get(&ref);
	KUNIT_EXPECT_PTR_EQ(test, seen, (const struct flow *)flow);
	KUNIT_EXPECT_EQ(test, seen->port, 443U);
	KUNIT_EXPECT_EQ(test, flow_ref_box_drop(&ref), 0);
}

/* The same calls for each lease through which an array may be changed. */
#define CHANGE(lease, verb, release)						\
static void lease##_is_filled_changed_and_emptied(struct kunit *test)		\
{										\
	struct flow two[] = { { 2 }, { 3 } }, one = { 1 }, zero = { 0 }, out = {}; \
	struct flow_##lease buf = {};						\
	struct flow_slice all = {};						\
	u32 i;									\
										\
	KUNIT_EXPECT_TRUE(test, flow_##lease##_is_empty(&buf));			\
	KUNIT_ASSERT_EQ(test, flow_##lease##_new(&buf, heap_hold(test), 1, GFP_KERNEL), 0); \
	KUNIT_EXPECT_EQ(test, flow_##lease##_len(&buf), 0U);			\
	KUNIT_EXPECT_EQ(test, flow_##lease##_pop(&buf, &out), -ENOENT);		\
	KUNIT_EXPECT_EQ(test, flow_##lease##_push(&buf, &one, GFP_KERNEL), 0);	\
	KUNIT_EXPECT_EQ(test, flow_##lease##_append(&buf, two, 2, GFP_KERNEL), 0); \
	KUNIT_EXPECT_EQ(test, flow_##lease##_insert(&buf, 0, &zero, GFP_KERNEL), 0); \
	KUNIT_EXPECT_EQ(test, flow_##lease##_insert(&buf, 9, &zero, GFP_KERNEL), -EINVAL); \
	KUNIT_EXPECT_EQ(test, flow_##lease##_len(&buf), 4U);			\
	KUNIT_EXPECT_EQ(test, flow_##lease##_reserve(&buf, 33, GFP_KERNEL), 0);	\
	KUNIT_EXPECT_GE(test, flow_##lease##_cap(&buf), 33U);			\
	KUNIT_EXPECT_EQ(test, flow_##lease##_shrink(&buf, GFP_KERNEL), 0);	\
	KUNIT_EXPECT_EQ(test, flow_##lease##_cap(&buf), 4U);			\
	KUNIT_ASSERT_EQ(test, flow_##lease##_##verb(&buf, &all), 0);		\
	KUNIT_ASSERT_EQ(test, all.len, 4U);					\
	for (i = 0; i < 4; i++)							\
		KUNIT_EXPECT_EQ(test, flow_slice_at(&all, i)->packets, (u64)i);	\
	KUNIT_EXPECT_PTR_EQ(test, flow_slice_at(&all, 3), all.at + 3);		\
	KUNIT_EXPECT_NULL(test, flow_slice_at(&all, 4));			\
	KUNIT_EXPECT_NULL(test, flow_slice_at(&all, U32_MAX));			\
	all.at[3].port = 80;							\
	release;								\
	KUNIT_EXPECT_EQ(test, flow_##lease##_remove(&buf, 1, &out), 0);		\
	KUNIT_EXPECT_EQ(test, out.packets, 1ULL);				\
	KUNIT_EXPECT_EQ(test, flow_##lease##_pop(&buf, &out), 0);		\
	KUNIT_EXPECT_EQ(test, out.packets, 3ULL);				\
	KUNIT_EXPECT_EQ(test, out.port, 80U);					\
	KUNIT_EXPECT_EQ(test, flow_##lease##_truncate(&buf, 1), 0);		\
	KUNIT_EXPECT_EQ(test, flow_##lease##_len(&buf), 1U);			\
	KUNIT_EXPECT_EQ(test, flow_##lease##_drop(&buf), 0);			\
	KUNIT_EXPECT_TRUE(test, flow_##lease##_is_empty(&buf));			\
	KUNIT_EXPECT_EQ(test, flow_##lease##_##verb(&buf, &all), -ENOENT);	\
	expect_nothing_lives(test);						\
}

CHANGE(buf, pin, flow_buf_unpin(&buf))
CHANGE(ptr_buf, pin, flow_ptr_buf_unpin(&buf))
CHANGE(mut_buf, get, do { } while (0))

#define EXCLUSIVE_BUF(lease)							\
static void lease##_moves_to_another_lease(struct kunit *test)			\
{										\
	struct flow_##lease buf = {}, to = {};					\
	struct flow out, seven = { 7 };						\
										\
	KUNIT_ASSERT_EQ(test, flow_##lease##_new(&buf, heap_hold(test), 0, GFP_KERNEL), 0); \
	KUNIT_ASSERT_EQ(test, flow_##lease##_push(&buf, &seven, GFP_KERNEL), 0); \
	KUNIT_EXPECT_EQ(test, flow_##lease##_move(&to, &buf), 0);		\
	KUNIT_EXPECT_TRUE(test, flow_##lease##_is_empty(&buf));			\
	KUNIT_EXPECT_EQ(test, flow_##lease##_pop(&to, &out), 0);		\
	KUNIT_EXPECT_EQ(test, out.packets, 7ULL);				\
	KUNIT_EXPECT_EQ(test, flow_##lease##_drop(&to), 0);			\
}

EXCLUSIVE_BUF(buf)
EXCLUSIVE_BUF(ptr_buf)

static void ref_buf_gives_a_slice_to_be_read(struct kunit *test)
{
	struct flow one = { 1, 22 };
	struct flow_mut_buf mut = {};
	struct flow_hard_buf hard = {};
	struct flow_ref_buf ref = {};
	struct flow_const_slice all = {};

	KUNIT_ASSERT_EQ(test, flow_mut_buf_new(&mut, heap_hold(test), 2, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, flow_mut_buf_push(&mut, &one, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, flow_mut_buf_into_hard(&hard, &mut), 0);
	KUNIT_ASSERT_EQ(test, flow_hard_buf_poll_into_ref(&ref, &hard), 0);
	KUNIT_ASSERT_EQ(test, flow_ref_buf_get(&ref, &all), 0);
	KUNIT_EXPECT_EQ(test, all.len, 1U);
	KUNIT_EXPECT_EQ(test, flow_const_slice_at(&all, 0)->port, 22U);
	KUNIT_EXPECT_NULL(test, flow_const_slice_at(&all, 1));
	KUNIT_EXPECT_EQ(test, flow_ref_buf_drop(&ref), 0);
	KUNIT_EXPECT_EQ(test, flow_ref_buf_get(&ref, &all), -ENOENT);
}

static void a_typed_lease_is_told_by_the_lease_in_it(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, node_type.parts, 5U);
	KUNIT_EXPECT_EQ(test, node_type.part[0], offsetof(struct node, next) + SWIM_KIND_RAW);
	KUNIT_EXPECT_EQ(test, node_type.part[1], offsetof(struct node, first) + SWIM_KIND_PTR);
	KUNIT_EXPECT_EQ(test, node_type.part[2], offsetof(struct node, all) + SWIM_KIND_RAW);
	KUNIT_EXPECT_EQ(test, node_type.part[3], offsetof(struct node, shared) + SWIM_KIND_HARD);
	KUNIT_EXPECT_EQ(test, node_type.part[4], offsetof(struct node, up) + SWIM_KIND_SOFT);
}

static void fill_node(struct kunit *test, struct node *node, u32 key)
{
	struct flow one = { .packets = key };

	node->key = key;
	KUNIT_ASSERT_EQ(test, flow_ptr_box_new(&node->first, heap_hold(test), GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, flow_buf_new(&node->all, heap_hold(test), 1, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, flow_buf_push(&node->all, &one, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, flow_hard_box_new(&node->shared, heap_hold(test), GFP_KERNEL), 0);
}

static void children_move_and_go_with_their_owner(struct kunit *test)
{
	struct node_box root = {};
	struct node *node, *next;
	struct flow out = {};
	void *hole;

	hole = swim_alloc(heap_hold(test), 4000, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(hole));
	KUNIT_ASSERT_EQ(test, node_box_new(&root, heap_hold(test), GFP_KERNEL), 0);
	node = node_box_pin(&root);
	KUNIT_ASSERT_FALSE(test, IS_ERR(node));
	fill_node(test, node, 1);
	KUNIT_ASSERT_EQ(test, node_box_new(&node->next, heap_hold(test), GFP_KERNEL), 0);
	next = node_box_pin(&node->next);
	KUNIT_ASSERT_FALSE(test, IS_ERR(next));
	fill_node(test, next, 2);
	node_box_unpin(&node->next);
	node_box_unpin(&root);
	KUNIT_EXPECT_EQ(test, swim_free(hole), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);

	node = node_box_pin(&root);
	KUNIT_ASSERT_FALSE(test, IS_ERR(node));
	KUNIT_EXPECT_EQ(test, node->key, 1U);
	next = node_box_pin(&node->next);
	KUNIT_ASSERT_FALSE(test, IS_ERR(next));
	KUNIT_EXPECT_EQ(test, next->key, 2U);
	KUNIT_EXPECT_EQ(test, flow_buf_pop(&next->all, &out), 0);
	KUNIT_EXPECT_EQ(test, out.packets, 2ULL);
	node_box_unpin(&node->next);
	node_box_unpin(&root);
	KUNIT_EXPECT_EQ(test, node_box_drop(&root), 0);
	expect_nothing_lives(test);
}

static void a_buf_may_own_bufs_of_its_own_kind(struct kunit *test)
{
	struct tree leaf = { .key = 2 }, branch = { .key = 1 };
	struct tree_buf root = {};
	struct tree_slice all = {}, below = {};

	KUNIT_ASSERT_EQ(test, tree_buf_new(&branch.below, heap_hold(test), 1, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, tree_buf_push(&branch.below, &leaf, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, tree_buf_new(&root, heap_hold(test), 1, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, tree_buf_push(&root, &branch, GFP_KERNEL), 0);
	KUNIT_EXPECT_TRUE(test, tree_buf_is_empty(&branch.below));
	KUNIT_ASSERT_EQ(test, tree_buf_pin(&root, &all), 0);
	KUNIT_ASSERT_EQ(test, tree_buf_pin(&all.at[0].below, &below), 0);
	KUNIT_EXPECT_EQ(test, tree_slice_at(&below, 0)->key, 2U);
	tree_buf_unpin(&all.at[0].below);
	tree_buf_unpin(&root);
	KUNIT_EXPECT_EQ(test, tree_buf_drop(&root), 0);
	expect_nothing_lives(test);
}

static void structures_are_stowed_cloned_and_compared(struct kunit *test)
{
	const struct flow flows[] = { { 1, 2 }, { 3, 4 }, { 5, 6 } };
	struct flow_box box = {}, box_clone = {};
	struct flow_ptr_buf buf = {}, buf_clone = {};
	struct flow_hard_box hard = {}, hard_clone = {};
	struct flow_slice all;
	struct flow *flow;
	u32 one = 0, two = 1;
	int order;

	KUNIT_ASSERT_EQ(test, flow_box_new(&box, heap_hold(test), GFP_KERNEL), 0);
	flow = flow_box_pin(&box);
	*flow = flows[1];
	flow_box_unpin(&box);
	KUNIT_ASSERT_EQ(test, flow_ptr_buf_copy(&buf, heap_hold(test), flows, ARRAY_SIZE(flows),
						GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, flow_hard_box_new(&hard, heap_hold(test), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, flow_box_stow(&box, swim_global_hold(), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, flow_ptr_buf_stow(&buf, swim_global_hold(), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, flow_hard_box_stow(&hard, swim_global_hold(), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0L);
	KUNIT_EXPECT_EQ(test, flow_box_clone(&box_clone, &box, heap_hold(test), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, flow_ptr_buf_clone(&buf_clone, &buf, heap_hold(test), GFP_KERNEL),
			0);
	KUNIT_EXPECT_EQ(test, flow_hard_box_clone_into(&hard_clone, &hard, heap_hold(test),
						       GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 3L);
	KUNIT_EXPECT_EQ(test, flow_box_equal(&box, &box_clone), 1);
	KUNIT_EXPECT_EQ(test, flow_ptr_buf_equal(&buf, &buf_clone), 1);
	KUNIT_EXPECT_EQ(test, flow_box_hash(&box, 7, &one), 0);
	KUNIT_EXPECT_EQ(test, flow_box_hash(&box_clone, 7, &two), 0);
	KUNIT_EXPECT_EQ(test, one, two);
	KUNIT_EXPECT_EQ(test, flow_box_compare(&box, &box_clone, &order), -EOPNOTSUPP);
	KUNIT_ASSERT_EQ(test, flow_ptr_buf_pin(&buf_clone, &all), 0);
	KUNIT_EXPECT_EQ(test, all.len, 3U);
	flow_slice_at(&all, 2)->packets++;
	flow_ptr_buf_unpin(&buf_clone);
	KUNIT_EXPECT_EQ(test, flow_ptr_buf_equal(&buf, &buf_clone), 0);
	KUNIT_EXPECT_EQ(test, flow_box_drop(&box), 0);
	KUNIT_EXPECT_EQ(test, flow_box_drop(&box_clone), 0);
	KUNIT_EXPECT_EQ(test, flow_ptr_buf_drop(&buf), 0);
	KUNIT_EXPECT_EQ(test, flow_ptr_buf_drop(&buf_clone), 0);
	KUNIT_EXPECT_EQ(test, flow_hard_box_drop(&hard), 0);
	KUNIT_EXPECT_EQ(test, flow_hard_box_drop(&hard_clone), 0);
}

static struct kunit_case typed_cases[] = {
	KUNIT_CASE(box_is_pinned_read_moved_and_dropped),
	KUNIT_CASE(ptr_box_is_pinned_read_moved_and_dropped),
	KUNIT_CASE(counted_box_is_cloned_moved_and_dropped),
	KUNIT_CASE(counted_buf_is_cloned_moved_and_dropped),
	KUNIT_CASE(every_transition_counts_as_it_should),
	KUNIT_CASE(mut_box_writes_what_ref_box_reads),
	KUNIT_CASE(buf_is_filled_changed_and_emptied),
	KUNIT_CASE(ptr_buf_is_filled_changed_and_emptied),
	KUNIT_CASE(mut_buf_is_filled_changed_and_emptied),
	KUNIT_CASE(buf_moves_to_another_lease),
	KUNIT_CASE(ptr_buf_moves_to_another_lease),
	KUNIT_CASE(ref_buf_gives_a_slice_to_be_read),
	KUNIT_CASE(a_typed_lease_is_told_by_the_lease_in_it),
	KUNIT_CASE(children_move_and_go_with_their_owner),
	KUNIT_CASE(a_buf_may_own_bufs_of_its_own_kind),
	KUNIT_CASE(structures_are_stowed_cloned_and_compared),
	{}
};

static struct kunit_suite typed_suite = {
	.name = "typed",
	.init = typed_init,
	.exit = swim_heap_exit,
	.test_cases = typed_cases,
};

kunit_test_suite(typed_suite);

MODULE_DESCRIPTION("KUnit: typed leases of swimmem");
MODULE_LICENSE("GPL");
