// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counted: Mut, Ref, Hard and Soft, transition by transition, the counts looked at after
 * each.
 */
#include <linux/delay.h>
#include <linux/sizes.h>
#include <linux/wait_bit.h>

#include "../../swimmem/lease/cell.h"
#include "../kunit.h"

struct leaf {
	u64 number;
};

struct node {
	u64 key;
	struct swim_hard_box left;
	struct swim_soft_box up;
	struct swim_box own;
	struct swim_ptr_box other;
};

static unsigned int dropped;

static void node_drop(void *value)
{
	dropped++;
}

static SWIM_PLAIN_TYPE(leaf_type, struct leaf);
static const struct swim_type_ops node_ops = { .drop = node_drop };
static SWIM_TYPE_OPS(node_type, struct node, &node_ops, SWIM_PART(left), SWIM_PART(up),
		      SWIM_PART(own), SWIM_PART(other));

static int counted_init(struct kunit *test)
{
	dropped = 0;
	return swim_heap_init(test, SZ_4M, 0);
}

/* The counts of an object, through its cell. */
static void expect_counts(struct kunit *test, const struct swim_cell *cell, unsigned int hard,
			  unsigned int soft, unsigned int ref, bool mut)
{
	struct swim_counts counts;

	__swim_counted_counts(cell, &counts);
	KUNIT_EXPECT_EQ(test, counts.hard, hard);
	KUNIT_EXPECT_EQ(test, counts.soft, soft);
	KUNIT_EXPECT_EQ(test, counts.ref, ref);
	KUNIT_EXPECT_EQ(test, counts.mut, mut);
}

static void new_hard(struct kunit *test, struct swim_hard_box *hard)
{
	KUNIT_ASSERT_EQ(test, swim_hard_box_new(hard, heap_hold(test), &node_type, GFP_KERNEL), 0);
}

static void expect_nothing_lives(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, 0);
}

static void new_has_one_hard_and_its_own_weight(struct kunit *test)
{
	struct swim_hard_box hard = {};
	struct swim_ref_box ref = {};
	struct swim_mut_box mut = {};

	new_hard(test, &hard);
	expect_counts(test, hard.hard.cell, 1, 0, 0, false);
	KUNIT_EXPECT_EQ(test, swim_hard_box_new(&hard, heap_hold(test), &node_type, GFP_KERNEL),
			-EEXIST);
	KUNIT_ASSERT_EQ(test, swim_ref_box_new(&ref, heap_hold(test), &node_type, GFP_KERNEL), 0);
	expect_counts(test, ref.ref.cell, 1, 0, 1, false);
	KUNIT_ASSERT_EQ(test, swim_mut_box_new(&mut, heap_hold(test), &node_type, GFP_KERNEL), 0);
	expect_counts(test, mut.mut.cell, 1, 0, 0, true);
	KUNIT_EXPECT_NULL(test, memchr_inv(swim_mut_box_get(&mut), 0, sizeof(struct node)));
	KUNIT_EXPECT_NULL(test, memchr_inv(swim_ref_box_get(&ref), 0, sizeof(struct node)));
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	KUNIT_EXPECT_EQ(test, dropped, 3U);
	expect_nothing_lives(test);
}

static void costs_24_bytes_more_than_an_exclusive_one(struct kunit *test)
{
	struct swim_hard hard = {};

	KUNIT_ASSERT_EQ(test, swim_hard_new(&hard, heap_hold(test), 64, GFP_KERNEL), 0);
	/* The metadata in the object, and the cell. */
	KUNIT_EXPECT_EQ(test, heap_stats(test).used + heap_stats(test).tags,
			64UL + 8 + 8 + swim_kunit_trailer());
	KUNIT_EXPECT_EQ(test, sizeof(struct swim_cell), 2 * sizeof(long));
	KUNIT_EXPECT_EQ(test, swim_hard_drop(&hard), 0);
}

static void last_strong_lease_drops_the_object(struct kunit *test)
{
	struct swim_hard_box hard = {}, other = {};

	new_hard(test, &hard);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&other, &hard), 0);
	expect_counts(test, hard.hard.cell, 2, 0, 0, false);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	KUNIT_EXPECT_TRUE(test, swim_hard_box_is_empty(&hard));
	KUNIT_EXPECT_EQ(test, dropped, 0U);
	expect_counts(test, other.hard.cell, 1, 0, 0, false);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&other), 0);
	KUNIT_EXPECT_EQ(test, dropped, 1U);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&other), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_hard_box_clone(&hard, &other), -ENOENT);
	expect_nothing_lives(test);
}

static void soft_lease_does_not_keep_the_object(struct kunit *test)
{
	struct swim_hard_box hard = {}, again = {};
	struct swim_soft_box soft = {}, other = {};
	struct swim_ref_box ref = {};
	struct swim_mut_box mut = {};

	new_hard(test, &hard);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&soft, &hard), 0);
	expect_counts(test, soft.soft.cell, 1, 1, 0, false);
	KUNIT_ASSERT_EQ(test, swim_soft_box_clone(&other, &soft), 0);
	expect_counts(test, soft.soft.cell, 1, 2, 0, false);
	KUNIT_ASSERT_EQ(test, swim_soft_box_to_hard(&again, &soft), 0);
	expect_counts(test, soft.soft.cell, 2, 2, 0, false);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&again), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	/* The memory of the object is back at once, only the cell is left. */
	KUNIT_EXPECT_EQ(test, dropped, 1U);
	expect_nothing_lives(test);
	expect_counts(test, soft.soft.cell, 0, 2, 0, false);
	KUNIT_EXPECT_EQ(test, swim_soft_box_to_hard(&hard, &soft), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_soft_box_into_hard(&hard, &soft), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_soft_box_poll_to_ref(&ref, &soft), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_soft_box_poll_to_mut(&mut, &soft), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_soft_box_try_into_ref(&ref, &soft), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_soft_box_try_into_mut(&mut, &soft), -ENOENT);
	KUNIT_EXPECT_TRUE(test, swim_hard_box_is_empty(&hard) && swim_ref_box_is_empty(&ref) &&
			  swim_mut_box_is_empty(&mut));
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&soft), 0);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&other), 0);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&other), -ENOENT);
}

static void into_soft_consumes_and_the_last_drops(struct kunit *test)
{
	struct swim_hard_box hard = {};
	struct swim_soft_box soft[3] = {};
	struct swim_ref_box ref = {};
	struct swim_mut_box mut = {};

	new_hard(test, &hard);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_ref(&ref, &hard), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_box_into_soft(&soft[0], &ref), 0);
	KUNIT_EXPECT_TRUE(test, swim_ref_box_is_empty(&ref));
	expect_counts(test, hard.hard.cell, 1, 1, 0, false);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, &hard), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_into_soft(&soft[1], &mut), 0);
	expect_counts(test, hard.hard.cell, 1, 2, 0, false);
	KUNIT_EXPECT_EQ(test, dropped, 0U);
	KUNIT_EXPECT_EQ(test, swim_hard_box_into_soft(&soft[2], &hard), 0);
	KUNIT_EXPECT_TRUE(test, swim_hard_box_is_empty(&hard));
	KUNIT_EXPECT_EQ(test, dropped, 1U);
	expect_nothing_lives(test);
	expect_counts(test, soft[0].soft.cell, 0, 3, 0, false);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&soft[0]), 0);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&soft[1]), 0);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&soft[2]), 0);
}

static void refs_are_many_and_a_mut_is_alone(struct kunit *test)
{
	struct swim_hard_box hard = {};
	struct swim_ref_box ref[2] = {}, more = {};
	struct swim_mut_box mut = {}, second = {};

	new_hard(test, &hard);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_ref(&ref[0], &hard), 0);
	KUNIT_ASSERT_EQ(test, swim_ref_box_clone(&ref[1], &ref[0]), 0);
	expect_counts(test, hard.hard.cell, 3, 0, 2, false);
	KUNIT_EXPECT_EQ(test, swim_hard_box_poll_to_mut(&mut, &hard), -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref[0]), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_poll_to_mut(&mut, &hard), -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref[1]), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, &hard), 0);
	expect_counts(test, hard.hard.cell, 2, 0, 0, true);
	KUNIT_EXPECT_EQ(test, swim_hard_box_poll_to_mut(&second, &hard), -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_hard_box_poll_to_ref(&more, &hard), -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_hard_box_poll_into_ref(&more, &hard), -EBUSY);
	expect_counts(test, hard.hard.cell, 2, 0, 0, true);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	expect_nothing_lives(test);
}

static void into_keeps_the_hard_count(struct kunit *test)
{
	struct swim_hard_box hard = {}, third = {};
	struct swim_soft_box soft = {};
	struct swim_ref_box ref = {};
	struct swim_mut_box mut = {};

	new_hard(test, &hard);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&soft, &hard), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_poll_into_ref(&ref, &hard), 0);
	expect_counts(test, ref.ref.cell, 1, 1, 1, false);
	KUNIT_EXPECT_EQ(test, swim_ref_box_into_hard(&hard, &ref), 0);
	expect_counts(test, hard.hard.cell, 1, 1, 0, false);
	KUNIT_EXPECT_EQ(test, swim_hard_box_poll_into_mut(&mut, &hard), 0);
	expect_counts(test, mut.mut.cell, 1, 1, 0, true);
	KUNIT_EXPECT_EQ(test, swim_mut_box_into_hard(&hard, &mut), 0);
	expect_counts(test, hard.hard.cell, 1, 1, 0, false);
	KUNIT_EXPECT_EQ(test, swim_soft_box_poll_into_mut(&mut, &soft), 0);
	expect_counts(test, hard.hard.cell, 2, 0, 0, true);
	KUNIT_EXPECT_EQ(test, swim_mut_box_to_hard(&third, &mut), 0);
	expect_counts(test, hard.hard.cell, 3, 0, 0, true);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&third), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	KUNIT_EXPECT_EQ(test, dropped, 1U);
	expect_nothing_lives(test);
}

static void a_lease_that_is_made_must_be_empty(struct kunit *test)
{
	struct swim_hard_box hard = {}, other = {};
	struct swim_soft_box soft = {};

	new_hard(test, &hard);
	new_hard(test, &other);
	KUNIT_EXPECT_EQ(test, swim_hard_box_clone(&other, &hard), -EEXIST);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&soft, &hard), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_to_soft(&soft, &other), -EEXIST);
	KUNIT_EXPECT_EQ(test, swim_hard_box_move(&other, &hard), -EEXIST);
	expect_counts(test, hard.hard.cell, 1, 1, 0, false);
	expect_counts(test, other.hard.cell, 1, 0, 0, false);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&other), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_move(&other, &hard), 0);
	KUNIT_EXPECT_TRUE(test, swim_hard_box_is_empty(&hard));
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&other), 0);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&soft), 0);
}

/* Let a count stand at its limit; the cell's status is all that counts. */
static void counts_overflow_at_their_limits_and_nothing_changes(struct kunit *test)
{
	struct swim_hard_box hard = {}, more = {};
	struct swim_soft_box soft = {};
	struct swim_ref_box ref = {};
	struct swim_cell *cell;
	unsigned long status;

	new_hard(test, &hard);
	cell = hard.hard.cell;
	status = atomic_long_read(&cell->status);

	atomic_long_set(&cell->status, SWIM_HARD_MAX << SWIM_HARD_SHIFT);
	KUNIT_EXPECT_EQ(test, swim_hard_box_clone(&more, &hard), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, swim_hard_box_poll_to_ref(&ref, &hard), -EOVERFLOW);
	expect_counts(test, cell, SWIM_HARD_MAX, 0, 0, false);
	/* One that keeps the count is possible. */
	KUNIT_EXPECT_EQ(test, swim_hard_box_poll_into_ref(&ref, &hard), 0);
	expect_counts(test, cell, SWIM_HARD_MAX, 0, 1, false);
	KUNIT_EXPECT_EQ(test, swim_ref_box_into_hard(&hard, &ref), 0);

	atomic_long_set(&cell->status, status + (SWIM_SOFT_MAX << SWIM_SOFT_SHIFT));
	KUNIT_EXPECT_EQ(test, swim_hard_box_to_soft(&soft, &hard), -ERANGE);
	expect_counts(test, cell, 1, SWIM_SOFT_MAX, 0, false);

	atomic_long_set(&cell->status, SWIM_REF_MAX * (SWIM_REF_ONE | SWIM_HARD_ONE));
	KUNIT_EXPECT_EQ(test, swim_hard_box_poll_to_ref(&ref, &hard), -EUSERS);
	expect_counts(test, cell, SWIM_REF_MAX, 0, SWIM_REF_MAX, false);

	atomic_long_set(&cell->status, status);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	expect_nothing_lives(test);
}

static void each_error_has_its_own_text(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, swim_error_text(-EOVERFLOW), "hard count overflow");
	KUNIT_EXPECT_STREQ(test, swim_error_text(-ERANGE), "soft count overflow");
	KUNIT_EXPECT_STREQ(test, swim_error_text(-EUSERS), "ref count overflow");
	KUNIT_EXPECT_STREQ(test, swim_error_text(-EINPROGRESS), "relocating");
	KUNIT_EXPECT_STREQ(test, swim_error_text(-EAGAIN), "contended");
}

static void unique_is_the_same_when_alone_and_a_copy_when_shared(struct kunit *test)
{
	struct swim_hard_box hard = {}, other = {};
	struct swim_mut_box mut = {};
	struct swim_ref_box ref = {};
	struct leaf *leaf;

	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&hard, heap_hold(test), &leaf_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_unique(&mut, &hard, heap_hold(test), GFP_KERNEL), 0);
	KUNIT_EXPECT_TRUE(test, swim_hard_box_is_empty(&hard));
	leaf = swim_mut_box_get(&mut);
	leaf->number = 42;
	KUNIT_EXPECT_EQ(test, swim_mut_box_into_hard(&hard, &mut), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&other, &hard), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_unique(&mut, &hard, heap_hold(test), GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_NE(test, mut.mut.cell, other.hard.cell);
	leaf = swim_mut_box_get(&mut);
	KUNIT_EXPECT_EQ(test, leaf->number, 42ULL);
	leaf->number = 43;
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_ref(&ref, &other), 0);
	KUNIT_EXPECT_EQ(test, ((const struct leaf *)swim_ref_box_get(&ref))->number, 42ULL);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&other), 0);
	expect_nothing_lives(test);
}

static void unique_of_what_cannot_be_copied_is_unsupported(struct kunit *test)
{
	struct swim_hard_box hard = {}, other = {};
	struct swim_mut_box mut = {};

	new_hard(test, &hard);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&other, &hard), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_to_unique(&mut, &hard, heap_hold(test), GFP_KERNEL),
			-EOPNOTSUPP);
	KUNIT_EXPECT_TRUE(test, swim_mut_box_is_empty(&mut));
	expect_counts(test, hard.hard.cell, 2, 0, 0, false);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&other), 0);
}

/* A chain of @n nodes, each owning the next by a hard lease; the last one first. */
static void chain(struct kunit *test, struct swim_hard_box *head, unsigned int n)
{
	while (n--) {
		struct swim_mut_box mut = {};
		struct node *node;

		KUNIT_ASSERT_EQ(test, swim_mut_box_new(&mut, heap_hold(test), &node_type,
						       GFP_KERNEL), 0);
		node = swim_mut_box_get(&mut);
		if (!swim_hard_box_is_empty(head))
			KUNIT_ASSERT_EQ(test, swim_hard_box_move(&node->left, head), 0);
		KUNIT_ASSERT_EQ(test, swim_box_new(&node->own, heap_hold(test), &leaf_type,
						   GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_ptr_box_new(&node->other, heap_hold(test), &leaf_type,
						       GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_mut_box_into_hard(head, &mut), 0);
	}
}

static void structure_of_mixed_leases_is_dropped_however_deep(struct kunit *test)
{
	const unsigned int deep = ROUNDS(10000);
	struct swim_hard_box head = {};

	swim_heap_again(test, SZ_64M, 0);
	chain(test, &head, deep);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 3L * deep);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&head), 0);
	KUNIT_EXPECT_EQ(test, dropped, deep);
	expect_nothing_lives(test);
}

static void shared_child_outlives_one_parent(struct kunit *test)
{
	struct swim_hard_box head = {}, child = {};
	struct swim_mut_box mut = {};
	struct node *node;

	chain(test, &head, 2);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, &head), 0);
	node = swim_mut_box_get(&mut);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&child, &node->left), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&head), 0);
	KUNIT_EXPECT_EQ(test, dropped, 1U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 3);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&child), 0);
	KUNIT_EXPECT_EQ(test, dropped, 2U);
	expect_nothing_lives(test);
}

static void cycle_through_a_soft_lease_falls(struct kunit *test)
{
	struct swim_hard_box head = {};
	struct swim_soft_box up = {};
	struct swim_mut_box mut = {}, below = {};
	struct node *node;

	chain(test, &head, 2);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&up, &head), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, &head), 0);
	node = swim_mut_box_get(&mut);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&below, &node->left), 0);
	node = swim_mut_box_get(&below);
	KUNIT_ASSERT_EQ(test, swim_soft_box_move(&node->up, &up), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&below), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	expect_counts(test, head.hard.cell, 1, 1, 0, false);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&head), 0);
	KUNIT_EXPECT_EQ(test, dropped, 2U);
	expect_nothing_lives(test);
}

#define MANY	300

/* Make holes, so that compaction has something to move. */
static void holes(struct kunit *test, struct swim_hard_box *hard, struct swim_raw *gap)
{
	struct swim_mut_box mut = {};
	unsigned int i;
	struct node *node;

	for (i = 0; i < MANY; i++) {
		KUNIT_ASSERT_EQ(test, swim_raw_new(&gap[i], heap_hold(test), 1000, GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_mut_box_new(&mut, heap_hold(test), &node_type,
						       GFP_KERNEL), 0);
		node = swim_mut_box_get(&mut);
		node->key = i;
		KUNIT_ASSERT_EQ(test, swim_ptr_box_new(&node->other, heap_hold(test), &leaf_type,
						       GFP_KERNEL), 0);
		((struct leaf *)swim_ptr_box_pin(&node->other))->number = ~i;
		swim_ptr_box_unpin(&node->other);
		KUNIT_ASSERT_EQ(test, swim_mut_box_into_hard(&hard[i], &mut), 0);
	}
	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_EQ(test, swim_raw_drop(&gap[i]), 0);
}

static void expect_node(struct kunit *test, struct swim_hard_box *hard, u64 key)
{
	struct swim_mut_box mut = {};
	struct node *node;
	struct leaf *leaf;

	KUNIT_ASSERT_EQ(test, swim_hard_box_try_to_mut(&mut, hard), 0);
	node = swim_mut_box_get(&mut);
	KUNIT_EXPECT_EQ(test, node->key, key);
	leaf = swim_ptr_box_pin(&node->other);
	KUNIT_ASSERT_FALSE(test, IS_ERR(leaf));
	KUNIT_EXPECT_EQ(test, leaf->number, (u64)~(unsigned int)key);
	swim_ptr_box_unpin(&node->other);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
}

static void hard_and_soft_leases_resolve_to_the_new_place_at_once(struct kunit *test)
{
	struct swim_hard_box *hard = kunit_kcalloc(test, MANY, sizeof(*hard), GFP_KERNEL);
	struct swim_raw *gap = kunit_kcalloc(test, MANY, sizeof(*gap), GFP_KERNEL);
	struct swim_soft_box soft = {};
	struct swim_ref_box ref = {};
	unsigned int i;

	holes(test, hard, gap);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&soft, &hard[7]), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	KUNIT_EXPECT_GE(test, heap_stats(test).moves.moved, 2ULL * MANY);
	KUNIT_ASSERT_EQ(test, swim_soft_box_poll_to_ref(&ref, &soft), 0);
	KUNIT_EXPECT_EQ(test, ((const struct node *)swim_ref_box_get(&ref))->key, 7ULL);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&soft), 0);
	for (i = 0; i < MANY; i++) {
		expect_node(test, &hard[i], i);
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard[i]), 0);
	}
	expect_nothing_lives(test);
}

static void what_has_a_ref_or_a_mut_stays_where_it_is(struct kunit *test)
{
	struct swim_hard_box *hard = kunit_kcalloc(test, MANY, sizeof(*hard), GFP_KERNEL);
	struct swim_raw *gap = kunit_kcalloc(test, MANY, sizeof(*gap), GFP_KERNEL);
	struct swim_ref_box ref = {};
	struct swim_mut_box mut = {};
	const void *read, *written;
	unsigned int i;

	holes(test, hard, gap);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_ref(&ref, &hard[3]), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, &hard[5]), 0);
	read = swim_ref_box_get(&ref);
	written = swim_mut_box_get(&mut);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	KUNIT_EXPECT_GE(test, heap_stats(test).moves.refused, 2ULL);
	KUNIT_EXPECT_PTR_EQ(test, swim_ref_box_get(&ref), read);
	KUNIT_EXPECT_PTR_EQ(test, (const void *)swim_mut_box_get(&mut), written);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	for (i = 0; i < MANY; i++) {
		expect_node(test, &hard[i], i);
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard[i]), 0);
	}
	expect_nothing_lives(test);
}

struct crowd {
	struct swim_pool *pool;
	struct swim_hard_box hard[8];
	struct swim_soft_box soft[8];
	atomic64_t written[8];
	unsigned int workers;
	atomic_t running;
};

/* One step of somebody who shares eight objects with all others. Results: which check failed. */
static int crowd_step(struct crowd *crowd, u32 *state, u64 *added)
{
	unsigned int i = swim_random(state) % 8;
	struct swim_hard_box hard = {};
	struct swim_soft_box soft = {};
	struct swim_ref_box ref = {};
	struct swim_mut_box mut = {};
	const struct node *node;
	int err;

	switch (swim_random(state) % 6) {
	case 0:
		if (swim_hard_box_clone(&hard, &crowd->hard[i]))
			return 1;
		return swim_hard_box_drop(&hard) ? 2 : 0;
	case 1:
		if (swim_soft_box_to_hard(&hard, &crowd->soft[i]))
			return 3;
		if (swim_hard_box_into_soft(&soft, &hard))
			return 4;
		return swim_soft_box_drop(&soft) ? 5 : 0;
	case 2:
		if (swim_hard_box_try_to_ref(&ref, &crowd->hard[i]))
			return 6;
		node = swim_ref_box_get(&ref);
		if (node->key >> 32 != (u32)node->key)
			return 7;
		return swim_ref_box_drop(&ref) ? 8 : 0;
	case 3:
		if (swim_soft_box_try_to_mut(&mut, &crowd->soft[i]))
			return 9;
		((struct node *)swim_mut_box_get(&mut))->key += 1ULL << 32 | 1;
		added[i]++;
		return swim_mut_box_drop(&mut) ? 10 : 0;
	default:
		err = swim_hard_box_poll_to_mut(&mut, &crowd->hard[i]);
		if (err)
			return err == -EBUSY || err == -EINPROGRESS || err == -EAGAIN ? 0 : 11;
		((struct node *)swim_mut_box_get(&mut))->key += 1ULL << 32 | 1;
		added[i]++;
		if (swim_mut_box_into_hard(&hard, &mut))
			return 12;
		return swim_hard_box_drop(&hard) ? 13 : 0;
	}
}

static int crowd_worker(void *arg, unsigned int number)
{
	struct crowd *crowd = arg;
	u32 state = swim_random_seed(number), round;
	u64 added[8] = {};
	int err = 0;
	unsigned int i;

	if (!number) {
		/* The mover, as long as somebody is at it. */
		while (atomic_read(&crowd->running)) {
			swim_pool_compact(crowd->pool, 100);
			cond_resched();
		}
		return 0;
	}
	for (round = 0; !err && round < ROUNDS(20000); round++) {
		err = crowd_step(crowd, &state, added);
		cond_resched();
	}
	for (i = 0; i < 8; i++)
		atomic64_add(added[i], &crowd->written[i]);
	atomic_dec(&crowd->running);
	return err;
}

static void crowd_shares_objects_that_move(struct kunit *test)
{
	struct crowd *crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	const unsigned int workers = num_online_cpus() + 2;
	struct swim_mut_box mut = {};
	unsigned int i;
	u64 written;

	crowd->pool = heap_pool(test);
	atomic_set(&crowd->running, workers - 1);
	for (i = 0; i < 8; i++) {
		new_hard(test, &crowd->hard[i]);
		KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&crowd->soft[i], &crowd->hard[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, workers, crowd_worker, crowd), 0);
	for (i = 0; i < 8; i++) {
		expect_counts(test, crowd->hard[i].hard.cell, 1, 1, 0, false);
		KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, &crowd->hard[i]), 0);
		written = ((struct node *)swim_mut_box_get(&mut))->key;
		KUNIT_EXPECT_EQ(test, written & U32_MAX, (u64)atomic64_read(&crowd->written[i]));
		KUNIT_EXPECT_EQ(test, written >> 32, (u64)atomic64_read(&crowd->written[i]));
		KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&crowd->hard[i]), 0);
		KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&crowd->soft[i]), 0);
	}
	expect_nothing_lives(test);
}

struct waiter {
	struct swim_hard_box hard;
	struct swim_ref_box ref;
	bool released;
	bool too_early;
};

static int wait_worker(void *arg, unsigned int number)
{
	struct waiter *waiter = arg;
	struct swim_mut_box mut = {};

	if (number) {
		msleep(20);
		WRITE_ONCE(waiter->released, true);
		return swim_ref_box_drop(&waiter->ref);
	}
	if (swim_hard_box_try_to_mut(&mut, &waiter->hard))
		return 1;
	waiter->too_early = !READ_ONCE(waiter->released);
	return swim_mut_box_drop(&mut);
}

static void try_waits_for_the_last_ref(struct kunit *test)
{
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);

	new_hard(test, &waiter->hard);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_ref(&waiter->ref, &waiter->hard), 0);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 2, wait_worker, waiter), 0);
	KUNIT_EXPECT_FALSE(test, waiter->too_early);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&waiter->hard), 0);
	expect_nothing_lives(test);
}

/* One makes something harmless of what another one waits for. */
struct turner {
	struct swim_hard_box hard;
	struct swim_hard_box made;
	struct swim_soft_box soft;
	struct swim_ref_box ref;
	struct swim_mut_box mut;
	bool got;
};

static int turn_worker(void *arg, unsigned int number)
{
	struct turner *turner = arg;
	struct swim_cell *cell = turner->hard.hard.cell;
	struct swim_mut_box mut = {};
	unsigned int wait;
	int err;

	if (number) {
		err = swim_hard_box_try_to_mut(&mut, &turner->hard);
		WRITE_ONCE(turner->got, true);
		return err ?: swim_mut_box_drop(&mut);
	}
	msleep(20);
	if (!swim_mut_box_is_empty(&turner->mut))
		err = swim_mut_box_into_hard(&turner->made, &turner->mut);
	else
		err = swim_ref_box_into_soft(&turner->soft, &turner->ref);
	for (wait = 0; wait < HZ && !READ_ONCE(turner->got); wait++)
		schedule_timeout_uninterruptible(1);
	if (READ_ONCE(turner->got))
		return err;
	/* Nobody has told it. */
	wake_up_var(&cell->status);
	return -ETIMEDOUT;
}

static void try_waits_for_what_becomes_another_kind(struct kunit *test)
{
	struct turner *turner = kunit_kzalloc(test, sizeof(*turner), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, turner);
	new_hard(test, &turner->hard);
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&turner->mut, &turner->hard), 0);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 2, turn_worker, turner), 0);
	turner->got = false;
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_ref(&turner->ref, &turner->hard), 0);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 2, turn_worker, turner), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&turner->made), 0);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&turner->soft), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&turner->hard), 0);
	expect_nothing_lives(test);
}

static int busy_worker(void *arg, unsigned int number)
{
	struct waiter *waiter = arg;
	struct swim_cell *cell = waiter->hard.hard.cell;
	int err;

	if (number) {
		msleep(20);
		WRITE_ONCE(waiter->released, true);
		atomic_long_andnot(SWIM_BUSY | SWIM_ASKED, &cell->status);
		return 0;
	}
	err = swim_hard_box_try_to_ref(&waiter->ref, &waiter->hard);
	waiter->too_early = !READ_ONCE(waiter->released);
	return err;
}

/* As if he who stows it slept: on one CPU he must come to run. */
static void try_lets_others_run_while_it_is_stowed(struct kunit *test)
{
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, waiter);
	new_hard(test, &waiter->hard);
	atomic_long_or(SWIM_BUSY, &waiter->hard.hard.cell->status);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 2, busy_worker, waiter), 0);
	KUNIT_EXPECT_FALSE(test, waiter->too_early);
	expect_counts(test, waiter->hard.hard.cell, 2, 0, 1, false);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&waiter->ref), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&waiter->hard), 0);
}

static void leases_tell_what_is_in_the_way(struct kunit *test)
{
	struct swim_hard_box hard = {};
	struct swim_soft_box soft = {};
	struct swim_mut_box mut = {};
	struct swim_ref_box ref = {};

	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&hard, heap_hold(test), &leaf_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&soft, &hard), 0);
	KUNIT_EXPECT_FALSE(test, swim_hard_box_is_mut(&hard));
	KUNIT_EXPECT_FALSE(test, swim_hard_box_is_aliased(&hard));
	KUNIT_EXPECT_FALSE(test, swim_hard_box_is_relocating(&hard));
	KUNIT_ASSERT_EQ(test, swim_soft_box_poll_to_ref(&ref, &soft), 0);
	KUNIT_EXPECT_FALSE(test, swim_ref_box_is_mut(&ref));
	KUNIT_EXPECT_TRUE(test, swim_ref_box_is_aliased(&ref));
	KUNIT_EXPECT_TRUE(test, swim_soft_box_is_aliased(&soft));
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
	KUNIT_ASSERT_EQ(test, swim_soft_box_poll_to_mut(&mut, &soft), 0);
	KUNIT_EXPECT_TRUE(test, swim_hard_box_is_mut(&hard) && swim_hard_box_is_aliased(&hard));
	KUNIT_EXPECT_TRUE(test, swim_mut_box_is_mut(&mut) && swim_soft_box_is_mut(&soft));
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	/* As a mover has it. */
	KUNIT_ASSERT_TRUE(test, swim_cell_busy(hard.hard.cell));
	KUNIT_EXPECT_TRUE(test, swim_hard_box_is_relocating(&hard));
	KUNIT_EXPECT_TRUE(test, swim_soft_box_is_relocating(&soft));
	KUNIT_EXPECT_FALSE(test, swim_hard_box_is_aliased(&hard));
	swim_cell_unbusy(hard.hard.cell);
	KUNIT_EXPECT_FALSE(test, swim_hard_box_is_relocating(&hard));
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&soft), 0);
	KUNIT_EXPECT_FALSE(test, swim_soft_box_is_mut(&soft));
	KUNIT_EXPECT_FALSE(test, swim_soft_box_is_aliased(&soft));
	KUNIT_EXPECT_FALSE(test, swim_soft_box_is_relocating(&soft));
}

static struct kunit_case counted_cases[] = {
	KUNIT_CASE(leases_tell_what_is_in_the_way),
	KUNIT_CASE(new_has_one_hard_and_its_own_weight),
	KUNIT_CASE(costs_24_bytes_more_than_an_exclusive_one),
	KUNIT_CASE(last_strong_lease_drops_the_object),
	KUNIT_CASE(soft_lease_does_not_keep_the_object),
	KUNIT_CASE(into_soft_consumes_and_the_last_drops),
	KUNIT_CASE(refs_are_many_and_a_mut_is_alone),
	KUNIT_CASE(into_keeps_the_hard_count),
	KUNIT_CASE(a_lease_that_is_made_must_be_empty),
	KUNIT_CASE(counts_overflow_at_their_limits_and_nothing_changes),
	KUNIT_CASE(each_error_has_its_own_text),
	KUNIT_CASE(unique_is_the_same_when_alone_and_a_copy_when_shared),
	KUNIT_CASE(unique_of_what_cannot_be_copied_is_unsupported),
	KUNIT_CASE(structure_of_mixed_leases_is_dropped_however_deep),
	KUNIT_CASE(shared_child_outlives_one_parent),
	KUNIT_CASE(cycle_through_a_soft_lease_falls),
	KUNIT_CASE(hard_and_soft_leases_resolve_to_the_new_place_at_once),
	KUNIT_CASE(what_has_a_ref_or_a_mut_stays_where_it_is),
	KUNIT_CASE(crowd_shares_objects_that_move),
	KUNIT_CASE(try_waits_for_the_last_ref),
	KUNIT_CASE(try_waits_for_what_becomes_another_kind),
	KUNIT_CASE(try_lets_others_run_while_it_is_stowed),
	{}
};

static struct kunit_suite counted_suite = {
	.name = "counted",
	.init = counted_init,
	.exit = swim_heap_exit,
	.test_cases = counted_cases,
};

kunit_test_suite(counted_suite);

MODULE_DESCRIPTION("KUnit suite for swimmem: counted leases");
MODULE_LICENSE("GPL");
