// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clean: a whole pool is compacted, in any memory.
 */
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "../../swimmem/compat.h"
#include "../../swimmem/lease/raw.h"
#include "../kunit.h"

#define MOST	100000

static int clean_init(struct kunit *test)
{
	return swim_heap_init(test, 0, 0);
}

static size_t space_size(struct kunit *test)
{
	struct swim_bed *heap = test->priv;
	struct swim_space_stats stats;

	swim_space_stats(heap->space, &stats);
	return stats.size;
}

/* Sizes from 32 to 512 bytes; each byte tells which object it is in. */
static void fill(struct kunit *test, struct swim_raw *raws, unsigned int n)
{
	u32 state = swim_random_seed(0);
	unsigned int i;
	void *object;

	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(test, swim_raw_new(&raws[i], heap_hold(test),
						   32 + swim_random(&state) % 481, GFP_KERNEL), 0);
		object = swim_raw_pin(&raws[i]);
		KUNIT_ASSERT_FALSE(test, IS_ERR(object));
		memset(object, i, swim_raw_size(&raws[i]));
		swim_raw_unpin(&raws[i]);
	}
}

/* Drop all but about one in @keep; the requested bytes that live on. */
static size_t thin(struct swim_raw *raws, unsigned int n, unsigned int keep)
{
	u32 state = swim_random_seed(1);
	size_t live = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (swim_random(&state) % keep)
			swim_raw_drop(&raws[i]);
		else
			live += swim_raw_size(&raws[i]);
	}
	return live;
}

static void drop_all_and_check(struct kunit *test, struct swim_raw *raws, unsigned int n)
{
	unsigned int i, wrong = 0;
	void *object;

	for (i = 0; i < n; i++) {
		if (swim_raw_is_empty(&raws[i]))
			continue;
		object = swim_raw_pin(&raws[i]);
		if (IS_ERR(object) || memchr_inv(object, i, swim_raw_size(&raws[i])))
			wrong++;
		if (!IS_ERR(object))
			swim_raw_unpin(&raws[i]);
		if (swim_raw_drop(&raws[i]))
			wrong++;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

static void what_is_held_is_what_lives(struct kunit *test)
{
	const unsigned int n = ROUNDS(MOST);
	struct swim_raw *raws = vzalloc(n * sizeof(*raws));
	struct swim_pool_stats before, after;
	size_t live;

	KUNIT_ASSERT_NOT_NULL(test, raws);
	fill(test, raws, n);
	live = thin(raws, n, 5);
	before = heap_stats(test);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 0), 0);
	after = heap_stats(test);
	kunit_info(test, "requested %zu, held before %zu, after %zu bytes", live, before.held,
		   after.held);
	KUNIT_EXPECT_EQ(test, after.live, before.live);
	KUNIT_EXPECT_EQ(test, after.used, before.used);
	KUNIT_EXPECT_EQ(test, after.moves.refused, 0ULL);
	KUNIT_EXPECT_EQ(test, after.moves.compactions, 1ULL);
	KUNIT_EXPECT_GT(test, before.held, live * 4);
	/* Two hunks of slack: the one that is open, and what the small number of them rounds up. */
	live += after.live * swim_kunit_trailer();
	KUNIT_EXPECT_LT(test, after.held, live / 100 * 105 + 2 * SZ_64K);
	drop_all_and_check(test, raws, n);
	vfree(raws);
}

/* Each object counts for its bytes and these. */
#define QUIET_OBJECT	256

static void interrupts_are_on_again_after_some_objects(struct kunit *test)
{
	const struct swim_record *record = heap_pool(test)->record;
	const unsigned int n = ROUNDS(MOST), most = SWIM_QUIET / (8 + QUIET_OBJECT) + 1;
	struct swim_raw *raws = vzalloc(n * sizeof(*raws));
	u64 pauses = 0;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, raws);
	KUNIT_ASSERT_NOT_NULL(test, record);
	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, swim_raw_new(&raws[i], heap_hold(test), 8, GFP_KERNEL), 0);
	for (i = 0; i < n; i += 2)
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raws[i]), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	for (i = 0; i < SWIM_PAUSES; i++)
		pauses += record->pauses[i];
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.moved, (u64)n / 2);
	KUNIT_EXPECT_GE(test, pauses * most, (u64)n / 2);
	for (i = 1; i < n; i += 2)
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raws[i]), 0);
	vfree(raws);
}

static void segments_that_are_empty_go_back(struct kunit *test)
{
	const unsigned int n = ROUNDS(MOST);
	struct swim_raw *raws;
	size_t live;

	SKIP_IN_DEBUG(test, "there are more bytes than were asked for");
	raws = vzalloc(n * sizeof(*raws));
	KUNIT_ASSERT_NOT_NULL(test, raws);
	fill(test, raws, n);
	live = thin(raws, n, 10);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 0), 0);
	KUNIT_EXPECT_LT(test, space_size(test), live / 100 * 105 + 2 * SZ_2M);
	drop_all_and_check(test, raws, n);
	vfree(raws);
}

static void a_second_compaction_has_nothing_to_do(struct kunit *test)
{
	const unsigned int n = ROUNDS(MOST);
	struct swim_raw *raws = vzalloc(n * sizeof(*raws));
	u64 moved;

	KUNIT_ASSERT_NOT_NULL(test, raws);
	fill(test, raws, n);
	thin(raws, n, 5);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 0), 0);
	moved = heap_stats(test).moves.moved;
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 0), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.moved, moved);
	drop_all_and_check(test, raws, n);
	vfree(raws);
}

static void the_target_says_when_it_is_enough(struct kunit *test)
{
	const unsigned int n = ROUNDS(MOST);
	struct swim_raw *raws = vzalloc(n * sizeof(*raws));
	struct swim_pool_stats half, most;

	KUNIT_ASSERT_NOT_NULL(test, raws);
	fill(test, raws, n);
	thin(raws, n, 5);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 50), 0);
	half = heap_stats(test);
	KUNIT_EXPECT_GE(test, (half.used + half.tags) * 100, half.held * 45);
	KUNIT_EXPECT_LE(test, (half.used + half.tags) * 100, half.held * 70);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 95), 0);
	most = heap_stats(test);
	KUNIT_EXPECT_LT(test, most.held, half.held);
	drop_all_and_check(test, raws, n);
	vfree(raws);
}

static void bad_requests_are_refused(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_pool_compact(NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(ERR_PTR(-ENOMEM), 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 101), -EINVAL);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.compactions, 0ULL);
}

static void an_empty_pool_gives_all_back(struct kunit *test)
{
	struct swim_raw raw = {};

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 64, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 0), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).held, 0);
}

static unsigned int fill_to_the_limit(struct kunit *test, struct swim_raw *raws, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (swim_raw_new(&raws[i], heap_hold(test), 1000,
				 GFP_KERNEL | __GFP_NOWARN))
			break;
	return i;
}

static void without_a_hunk_to_move_to_nothing_changes(struct kunit *test)
{
	struct swim_raw *raws = vzalloc(MOST * sizeof(*raws));
	struct swim_pool_stats before, after;
	unsigned int n, i;

	KUNIT_ASSERT_NOT_NULL(test, raws);
	swim_heap_again(test, SZ_1M, 0);
	n = fill_to_the_limit(test, raws, MOST);
	KUNIT_ASSERT_LT(test, n, (unsigned int)MOST);
	for (i = 0; i < n; i++)
		if (i % 64 && i % 2)
			swim_raw_drop(&raws[i]);
	before = heap_stats(test);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 0), -ENOMEM);
	after = heap_stats(test);
	KUNIT_EXPECT_EQ(test, after.live, before.live);
	KUNIT_EXPECT_EQ(test, after.used, before.used);
	KUNIT_EXPECT_EQ(test, after.moves.moved, 0ULL);
	for (i = 0; i < n; i++)
		if (!swim_raw_is_empty(&raws[i]))
			KUNIT_EXPECT_EQ(test, swim_raw_drop(&raws[i]), 0);
	vfree(raws);
}

static void one_free_hunk_is_enough_for_all(struct kunit *test)
{
	struct swim_raw *raws = vzalloc(MOST * sizeof(*raws));
	struct swim_pool_stats before, after;
	unsigned int n, i;

	KUNIT_ASSERT_NOT_NULL(test, raws);
	swim_heap_again(test, SZ_1M, 0);
	n = fill_to_the_limit(test, raws, MOST);
	KUNIT_ASSERT_LT(test, n, (unsigned int)MOST);
	/* All of the first two hunks, and four in five of the rest. */
	for (i = 0; i < n; i++)
		if (i < 128 || i % 5)
			swim_raw_drop(&raws[i]);
	before = heap_stats(test);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 0), 0);
	after = heap_stats(test);
	KUNIT_EXPECT_EQ(test, after.live, before.live);
	KUNIT_EXPECT_LE(test, after.held, before.held / 2);
	KUNIT_EXPECT_LE(test, after.held, (after.used + after.tags) / 100 * 105 + 2 * SZ_64K);
	for (i = 0; i < n; i++)
		if (!swim_raw_is_empty(&raws[i]))
			KUNIT_EXPECT_EQ(test, swim_raw_drop(&raws[i]), 0);
	vfree(raws);
}

DEFINE_SWIM_SPACE(clean_static, SZ_1M);

static void a_pool_in_a_static_space_compacts(struct kunit *test)
{
	struct swim_raw *raws = vzalloc(MOST * sizeof(*raws));
	struct swim_bed *heap = test->priv;
	struct swim_pool *page_backed = heap->pool;
	struct swim_pool_stats after;
	unsigned int n, i;

	KUNIT_ASSERT_NOT_NULL(test, raws);
	KUNIT_ASSERT_EQ(test, swim_space_add(&clean_static), 0);
	heap->pool = swim_pool_create("static", swim_space_heap(&clean_static), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(heap->pool));
	n = fill_to_the_limit(test, raws, MOST);
	KUNIT_ASSERT_LT(test, n, (unsigned int)MOST);
	for (i = 0; i < n; i++)
		if (i < 128 || i % 5)
			swim_raw_drop(&raws[i]);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap->pool, 0), 0);
	after = heap_stats(test);
	KUNIT_EXPECT_GT(test, after.moves.moved, 0ULL);
	KUNIT_EXPECT_LE(test, after.held, (after.used + after.tags) / 100 * 105 + 2 * SZ_64K);
	for (i = 0; i < n; i++)
		if (!swim_raw_is_empty(&raws[i]))
			KUNIT_EXPECT_EQ(test, swim_raw_drop(&raws[i]), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(heap->pool), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&clean_static), 0);
	heap->pool = page_backed;
	vfree(raws);
}

static void large_objects_are_left_alone(struct kunit *test)
{
	struct swim_raw large = {}, small = {};
	void *before;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&large, heap_hold(test), SZ_64K,
					   GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&small, heap_hold(test), 64,
					   GFP_KERNEL), 0);
	before = large.object;
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	KUNIT_EXPECT_PTR_EQ(test, large.object, before);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.moved, 1ULL);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&large), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&small), 0);
}

static int compact_worker(void *arg, unsigned int number)
{
	unsigned int round;
	int err = 0;

	for (round = 0; !err && round < 5; round++)
		err = swim_pool_compact(arg, 100);
	return err;
}

static void several_at_once_take_turns(struct kunit *test)
{
	struct swim_raw *raws = vzalloc(2000 * sizeof(*raws));

	KUNIT_ASSERT_NOT_NULL(test, raws);
	fill(test, raws, 2000);
	thin(raws, 2000, 3);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), compact_worker,
					       heap_pool(test)), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.compactions, 5ULL * swim_workers());
	drop_all_and_check(test, raws, 2000);
	vfree(raws);
}

struct node {
	struct swim_box left, right;
	u32 number;
};

static SWIM_TYPE(node_type, struct node, SWIM_PART(left), SWIM_PART(right));

#define NODES	4095

/* Complete: node n leads to 2 n + 1 and 2 n + 2. */
static void plant(struct kunit *test, struct swim_box *boxes)
{
	u32 state = swim_random_seed(2), n, other;
	u32 *order = vmalloc(NODES * sizeof(*order));

	KUNIT_ASSERT_NOT_NULL(test, order);
	for (n = 0; n < NODES; n++) {
		other = swim_random(&state) % (n + 1);
		order[n] = order[other];
		order[other] = n;
	}
	for (n = 0; n < NODES; n++) {
		struct node *node;

		KUNIT_ASSERT_EQ(test, swim_box_new(&boxes[order[n]], heap_hold(test), &node_type,
						   GFP_KERNEL), 0);
		node = swim_box_pin(&boxes[order[n]]);
		KUNIT_ASSERT_FALSE(test, IS_ERR(node));
		node->number = order[n];
		swim_box_unpin(&boxes[order[n]]);
	}
	vfree(order);
	for (n = NODES - 1; n > 0; n--) {
		struct swim_box *up = &boxes[(n - 1) / 2];
		struct node *node = swim_box_pin(up);

		KUNIT_ASSERT_FALSE(test, IS_ERR(node));
		KUNIT_EXPECT_EQ(test, swim_box_move(n % 2 ? &node->left : &node->right,
						    &boxes[n]), 0);
		swim_box_unpin(up);
	}
}

/* Nodes that stand directly behind the one that comes before them, depth first. */
static unsigned int in_order(struct kunit *test, struct swim_box *root)
{
	const size_t span = SWIM_TAG_SLOT + round_up(sizeof(struct node), 8) +
			    swim_kunit_trailer();
	const struct node *stack[32], *node, *last = NULL;
	unsigned int top = 0, behind = 0, seen = 0;

	rcu_read_lock();
	stack[top++] = swim_box_read(root);
	while (top) {
		node = stack[--top];
		seen++;
		behind += (void *)node == (void *)last + span;
		last = node;
		if (!swim_box_is_empty(&node->right))
			stack[top++] = swim_box_read(&node->right);
		if (!swim_box_is_empty(&node->left))
			stack[top++] = swim_box_read(&node->left);
	}
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, seen, NODES);
	return behind;
}

static void structures_are_laid_depth_first(struct kunit *test)
{
	struct swim_box *boxes = vzalloc(NODES * sizeof(*boxes));
	unsigned int breaks;

	KUNIT_ASSERT_NOT_NULL(test, boxes);
	plant(test, boxes);
	KUNIT_EXPECT_LT(test, in_order(test, boxes), NODES / 10);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	/* One in each hunk has another hunk in front of it. */
	breaks = NODES - in_order(test, boxes);
	KUNIT_EXPECT_LE(test, breaks, heap_stats(test).hunks + 1);
	KUNIT_EXPECT_EQ(test, swim_box_drop(boxes), 0);
	vfree(boxes);
}

static void steps_lay_structures_too(struct kunit *test)
{
	struct swim_box *boxes = vzalloc(NODES * sizeof(*boxes));
	unsigned int steps = 0;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, boxes);
	plant(test, boxes);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(heap_pool(test), 100 * sizeof(struct node),
						   USEC_PER_SEC), 0);
	do {
		err = swim_pool_compact_step(heap_pool(test), 100);
		steps++;
	} while (err > 0);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_GE(test, steps, NODES / 100);
	KUNIT_EXPECT_LE(test, steps, NODES / 100 + 2);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.moved, (u64)NODES);
	/* Of what a step leaves some is forgotten. */
	KUNIT_EXPECT_GT(test, in_order(test, boxes), NODES * 8 / 10);
	KUNIT_EXPECT_EQ(test, swim_box_drop(boxes), 0);
	vfree(boxes);
}

static struct kunit_case clean_cases[] = {
	KUNIT_CASE(structures_are_laid_depth_first),
	KUNIT_CASE(steps_lay_structures_too),
	KUNIT_CASE(what_is_held_is_what_lives),
	KUNIT_CASE(interrupts_are_on_again_after_some_objects),
	KUNIT_CASE(segments_that_are_empty_go_back),
	KUNIT_CASE(a_second_compaction_has_nothing_to_do),
	KUNIT_CASE(the_target_says_when_it_is_enough),
	KUNIT_CASE(bad_requests_are_refused),
	KUNIT_CASE(an_empty_pool_gives_all_back),
	KUNIT_CASE(without_a_hunk_to_move_to_nothing_changes),
	KUNIT_CASE(one_free_hunk_is_enough_for_all),
	KUNIT_CASE(a_pool_in_a_static_space_compacts),
	KUNIT_CASE(large_objects_are_left_alone),
	KUNIT_CASE(several_at_once_take_turns),
	{}
};

static struct kunit_suite clean_suite = {
	.name = "clean",
	.init = clean_init,
	.exit = swim_heap_exit,
	.test_cases = clean_cases,
};

kunit_test_suite(clean_suite);

MODULE_DESCRIPTION("KUnit: compaction of pools of swimmem");
MODULE_LICENSE("GPL");
