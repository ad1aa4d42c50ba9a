// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim: pools are compacted in steps, without being asked, and when memory is short.
 */
#include <linux/delay.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "../../swimmem/alloc/fail.h"
#include "../../swimmem/alloc/pool.h"
#include "../../swimmem/alloc/space.h"
#include "../../swimmem/lease/raw.h"
#include "../structure.h"

#define OBJECT		240		/* bytes */
#define OBJECTS		26400		/* in a hundred hunks */
#define BIG		2000		/* 32 of them in a hunk */
#define MANY_HUNKS	160		/* enough of them for a reserve */
#define RESERVED_FROM	128
#define LIMIT		SZ_16M
#define PATIENCE	(60 * HZ)	/* in jiffies: what takes so long does not come */
#define EVERYTHING	(LONG_MAX / PAGE_SIZE)

/* Wait until something has happened. */
#define EXPECT_SOON(test, condition)						\
do {										\
	const unsigned long __end = jiffies + PATIENCE;				\
	bool __is;								\
										\
	while (!(__is = (condition)) && time_before(jiffies, __end))		\
		msleep(20);							\
	KUNIT_EXPECT_TRUE_MSG(test, __is, "%s", #condition);			\
} while (0)

static int reclaim_init(struct kunit *test)
{
	return swim_heap_init(test, 0, 0);
}

static void reclaim_exit(struct kunit *test)
{
	swim_fail_nth(0);
	swim_heap_exit(test);
}

/* Another space with a pool, which is the case's to end. */
static void bed_make(struct kunit *test, struct swim_bed *bed, const char *name)
{
	bed->space = swim_space_create(name, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(bed->space));
	bed->pool = swim_pool_create(name, swim_space_heap(bed->space), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(bed->pool));
}

static void bed_end(struct kunit *test, struct swim_bed *bed)
{
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(bed->pool), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(bed->space), 0);
}

/**
 * struct load - objects of which each byte tells which one it is in
 * @raw: their leases
 * @n: how many
 */
struct load {
	struct swim_raw *raw;
	unsigned int n;
};

static int load_one(struct swim_raw *raw, struct swim_pool *pool, size_t size, u8 byte, gfp_t gfp)
{
	int err = swim_raw_new(raw, swim_pool_hold(pool), size, gfp);
	void *object;

	if (err)
		return err;
	object = swim_raw_pin(raw);
	if (IS_ERR(object))
		return PTR_ERR(object);
	memset(object, byte, size);
	swim_raw_unpin(raw);
	return 0;
}

/* Up to @n objects, as long as there is memory. */
static void load_make(struct kunit *test, struct load *load, struct swim_pool *pool,
		      unsigned int n, size_t size, gfp_t gfp)
{
	load->raw = vzalloc(n * sizeof(*load->raw));
	KUNIT_ASSERT_NOT_NULL(test, load->raw);
	for (load->n = 0; load->n < n; load->n++)
		if (load_one(&load->raw[load->n], pool, size, load->n, gfp | __GFP_NOWARN))
			break;
}

/* Drop all but one in @keep. */
static void load_thin(struct load *load, unsigned int keep)
{
	unsigned int i;

	for (i = 0; i < load->n; i++)
		if (i % keep)
			swim_raw_drop(&load->raw[i]);
}

/* Drop one in @in. */
static void load_drop(struct load *load, unsigned int in)
{
	unsigned int i;

	for (i = 0; i < load->n; i += in)
		swim_raw_drop(&load->raw[i]);
}

/* Objects that are not what they were; pinned ones are looked at too. */
static unsigned int load_wrong(const struct load *load)
{
	unsigned int i, wrong = 0;
	const void *object;

	for (i = 0; i < load->n; i++) {
		rcu_read_lock();
		object = swim_raw_read(&load->raw[i]);
		if (object && memchr_inv(object, i, swim_raw_size(&load->raw[i])))
			wrong++;
		rcu_read_unlock();
	}
	return wrong;
}

/* Pin one in @in of those that live; how many that were. */
static unsigned int load_pin(struct load *load, unsigned int in)
{
	unsigned int i, pinned = 0;

	for (i = 0; i < load->n; i += in)
		pinned += !IS_ERR(swim_raw_pin(&load->raw[i]));
	return pinned;
}

static void load_unpin(struct load *load, unsigned int in)
{
	unsigned int i;

	for (i = 0; i < load->n; i += in)
		if (!swim_raw_is_empty(&load->raw[i]))
			swim_raw_unpin(&load->raw[i]);
}

static void load_end(struct kunit *test, struct load *load)
{
	unsigned int i, wrong = load_wrong(load);

	KUNIT_EXPECT_EQ(test, wrong, 0U);
	for (i = 0; i < load->n; i++)
		if (!swim_raw_is_empty(&load->raw[i]) && swim_raw_drop(&load->raw[i]))
			wrong++;
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	vfree(load->raw);
	load->raw = NULL;
}

static u64 moved_in(struct swim_pool *pool)
{
	return stats_of(pool).moves.moved;
}

/* About as much is held as is used, but for some hunks that are open, or not worth it. */
static bool is_dense(struct swim_pool *pool)
{
	struct swim_pool_stats stats = stats_of(pool);

	return stats.held <= (stats.used + stats.tags) * 4 / 3 + 4 * SZ_64K;
}

/* Has the background work seen all that it was told of, and does it want nothing more? */
static bool is_at_rest(struct swim_pool *pool)
{
	return !READ_ONCE(pool->reclaim.stirred) && !READ_ONCE(pool->reclaim.pressed) &&
	       !work_busy(&pool->reclaim.work.work);
}

static void a_burst_is_compacted_in_the_background(struct kunit *test)
{
	struct swim_pool *pool = heap_pool(test);
	struct load load;
	size_t held;
	u64 moved;

	KUNIT_EXPECT_EQ(test, swim_pool_set_target(pool, 90), 0);
	load_make(test, &load, pool, OBJECTS, OBJECT, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, load.n, OBJECTS);
	held = heap_stats(test).held;
	load_thin(&load, 5);
	EXPECT_SOON(test, is_dense(pool));
	KUNIT_EXPECT_LT(test, heap_stats(test).held, held / 2);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.compactions, 0ULL);
	KUNIT_EXPECT_EQ(test, load_wrong(&load), 0U);
	/* It ends; and what some more are worth is nothing. */
	EXPECT_SOON(test, is_at_rest(pool));
	moved = moved_in(pool);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&load.raw[0]), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&load.raw[OBJECTS / 2]), 0);
	EXPECT_SOON(test, is_at_rest(pool));
	KUNIT_EXPECT_EQ(test, moved_in(pool), moved);
	load_end(test, &load);
}

static void without_a_target_nothing_is_done(struct kunit *test)
{
	struct swim_pool *pool = heap_pool(test);
	struct load load, other;
	struct swim_bed bed;
	size_t held;

	bed_make(test, &bed, "other");
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(bed.pool, 90), 0);
	load_make(test, &load, pool, OBJECTS, OBJECT, GFP_KERNEL);
	load_make(test, &other, bed.pool, OBJECTS, OBJECT, GFP_KERNEL);
	load_thin(&load, 5);
	held = heap_stats(test).held;
	load_thin(&other, 5);
	/* Long enough for the one is long enough for the other. */
	EXPECT_SOON(test, is_dense(bed.pool) && is_at_rest(bed.pool));
	KUNIT_EXPECT_EQ(test, moved_in(pool), 0ULL);
	KUNIT_EXPECT_EQ(test, heap_stats(test).held, held);
	/* Nobody has to drop anything for what was dropped before to be seen. */
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(pool, 90), 0);
	EXPECT_SOON(test, is_dense(pool));
	load_end(test, &load);
	load_end(test, &other);
	bed_end(test, &bed);
}

static void work_rests_where_nothing_can_be_gained(struct kunit *test)
{
	struct swim_pool *pool = heap_pool(test);
	struct load load, later;
	unsigned int pinned;
	size_t held;

	load_make(test, &load, pool, OBJECTS, OBJECT, GFP_KERNEL);
	pinned = load_pin(&load, 32);
	KUNIT_EXPECT_EQ(test, pinned, OBJECTS / 32);
	load_drop(&load, 3);
	load_drop(&load, 5);
	load_drop(&load, 7);
	/* Some of these is left open, and some more is closed. */
	load_make(test, &later, pool, 100, OBJECT, GFP_KERNEL);
	held = heap_stats(test).held;
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(pool, 90), 0);
	EXPECT_SOON(test, moved_in(pool));
	EXPECT_SOON(test, is_at_rest(pool));
	/* What is pinned is in each of them. */
	KUNIT_EXPECT_GE(test, heap_stats(test).held, held - 2 * SZ_64K);
	load_unpin(&load, 32);
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(pool, 90), 0);
	EXPECT_SOON(test, is_dense(pool));
	load_end(test, &load);
	load_end(test, &later);
}

/* Unpin those of @n objects that are pinned. */
static void unpin_some(struct load *load, unsigned int from, unsigned int n)
{
	while (n--)
		swim_raw_unpin(&load->raw[32 * from++]);
}

static void work_does_not_move_the_same_again_and_again(struct kunit *test)
{
	struct swim_pool *pool = heap_pool(test);
	struct load load;
	u64 moved;

	/* So few that by the numbers all but one hunk could be gained. */
	load_make(test, &load, pool, OBJECTS / 5, OBJECT, GFP_KERNEL);
	load_pin(&load, 32);
	load_thin(&load, 32);
	/* A few of them are in an open hunk with much room, and the next ones do not go there. */
	unpin_some(&load, 0, 10);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 100), 0);
	moved = moved_in(pool);
	KUNIT_EXPECT_EQ(test, moved, 10ULL);
	unpin_some(&load, 10, 30);
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(pool, 90), 0);
	EXPECT_SOON(test, moved_in(pool) >= moved + 30);
	EXPECT_SOON(test, is_at_rest(pool));
	KUNIT_EXPECT_LE(test, moved_in(pool), moved + 4 * 40);
	unpin_some(&load, 40, OBJECTS / 5 / 32 - 40);
	load_end(test, &load);
}

static void bad_targets_and_budgets_are_refused(struct kunit *test)
{
	struct swim_pool *pool = heap_pool(test), *none = ERR_PTR(-ENOMEM);
	struct swim_reclaim *reclaim = &pool->reclaim;

	KUNIT_EXPECT_EQ(test, swim_pool_set_target(pool, 77), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(pool, 12345, 678), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(NULL, 50), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(none, 50), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(pool, 100), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(pool, UINT_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(NULL, 1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(none, 1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(pool, (size_t)SZ_2G + 1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(pool, SIZE_MAX, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(pool, 1, USEC_PER_SEC + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_compact_step(NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_compact_step(none, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_compact_step(pool, 101), -EINVAL);
	KUNIT_EXPECT_EQ(test, reclaim->target, 77U);
	KUNIT_EXPECT_EQ(test, reclaim->budget_bytes, 12345U);
	KUNIT_EXPECT_EQ(test, reclaim->budget_us, 678U);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(pool, SZ_2G, USEC_PER_SEC), 0);
	KUNIT_EXPECT_EQ(test, reclaim->budget_bytes, (u32)SZ_2G);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(pool, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, reclaim->budget_bytes, (u32)SZ_1M);
	KUNIT_EXPECT_EQ(test, reclaim->budget_us, 1000U);
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(pool, 99), 0);
	KUNIT_EXPECT_EQ(test, reclaim->target, 99U);
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(pool, 0), 0);
}

/* Steps that end by their bytes alone. */
static void set_budget(struct kunit *test, struct swim_pool *pool, size_t bytes)
{
	KUNIT_ASSERT_EQ(test, swim_pool_set_budget(pool, bytes, USEC_PER_SEC), 0);
}

static void a_step_moves_no_more_than_its_budget(struct kunit *test)
{
	static const unsigned int budgets[] = { 1, 7, 100, 100000 };
	struct swim_pool *pool = heap_pool(test);
	unsigned int i, steps;
	struct load load;
	u64 begin, before, now;
	int more;

	load_make(test, &load, pool, 2000, OBJECT, GFP_KERNEL);
	load_thin(&load, 2);
	for (i = 0; i < ARRAY_SIZE(budgets); i++) {
		set_budget(test, pool, budgets[i] * OBJECT);
		begin = heap_stats(test).moves.moved_bytes;
		now = begin;
		steps = 0;
		do {
			before = now;
			more = swim_pool_compact_step(pool, 100);
			now = heap_stats(test).moves.moved_bytes;
			KUNIT_EXPECT_LE(test, now - before, (u64)budgets[i] * OBJECT);
			KUNIT_ASSERT_LE(test, ++steps, 2000U);
		} while (more > 0);
		KUNIT_EXPECT_EQ(test, more, 0);
		KUNIT_EXPECT_EQ(test, now - begin, 1000ULL * OBJECT);
		KUNIT_EXPECT_GE(test, steps, DIV_ROUND_UP(1000, budgets[i]));
		KUNIT_EXPECT_EQ(test, load_wrong(&load), 0U);
	}
	/* A step with nothing to do is the last one, too. */
	KUNIT_EXPECT_EQ(test, swim_pool_compact_step(pool, 1), 0);
	load_end(test, &load);
	KUNIT_EXPECT_EQ(test, swim_pool_compact_step(pool, 100), 0);
}

static void a_run_that_has_begun_is_given_up(struct kunit *test)
{
	struct swim_pool *pool = heap_pool(test);
	struct swim_cleaner *cleaner = &pool->cleaner;
	struct load load;
	u64 moved;
	u32 run;

	load_make(test, &load, pool, 2000, OBJECT, GFP_KERNEL);
	load_thin(&load, 5);
	set_budget(test, pool, 10 * OBJECT);
	KUNIT_EXPECT_EQ(test, swim_pool_compact_step(pool, 100), 1);
	KUNIT_EXPECT_NE(test, (int)cleaner->phase, (int)SWIM_CLEAN_IDLE);
	moved = moved_in(pool);
	KUNIT_EXPECT_EQ(test, moved, 10ULL);
	run = cleaner->run;
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 100), 0);
	KUNIT_EXPECT_EQ(test, cleaner->run, run + 1);
	KUNIT_EXPECT_EQ(test, (int)cleaner->phase, (int)SWIM_CLEAN_IDLE);
	KUNIT_EXPECT_GE(test, moved_in(pool), moved + 390);
	KUNIT_EXPECT_TRUE(test, is_dense(pool));
	/* The next step begins one of its own, and that is left for good. */
	KUNIT_EXPECT_EQ(test, swim_pool_compact_step(pool, 100), 1);
	KUNIT_EXPECT_EQ(test, cleaner->run, run + 2);
	load_end(test, &load);
	KUNIT_EXPECT_NE(test, (int)cleaner->phase, (int)SWIM_CLEAN_IDLE);
}

/* All that a structure is, but for where it is, and for leases from elsewhere. */
static u64 digest_of(struct kunit *test, void *slot, enum swim_lease_kind kind)
{
	struct view *view = view_of(test, slot, kind);
	u64 digest = view->n;
	unsigned int i;

	for (i = 0; i < view->n; i++) {
		const struct seen *seen = &view->seen[i];

		digest = ((digest * 31 + seen->size) * 31 + seen->sum) * 31 + seen->shared;
	}
	view_put(test, view);
	return digest;
}

/* The same for one of which nothing is pinned: all tags name their leases. */
static u64 expect_owned(struct kunit *test, void *slot, enum swim_lease_kind kind)
{
	struct view *view = view_of(test, slot, kind);
	unsigned int i, strangers = 0;

	for (i = 0; i < view->n; i++)
		strangers += !view->seen[i].owned;
	view_put(test, view);
	KUNIT_EXPECT_EQ(test, strangers, 0U);
	return digest_of(test, slot, kind);
}

/* A node with children of many kinds. */
static void grow_root(struct grower *g, struct swim_box *box, unsigned int depth)
{
	struct node *node;

	KUNIT_ASSERT_EQ(g->test, swim_box_new(box, g->hold, &node_type, GFP_KERNEL), 0);
	node = swim_box_pin(box);
	KUNIT_ASSERT_FALSE(g->test, IS_ERR(node));
	grow(g, node, depth);
	swim_box_unpin(box);
}

/* Go on with a run to its end. */
static void finish(struct kunit *test, struct swim_pool *pool)
{
	unsigned int steps = 0;
	int more;

	do {
		more = swim_pool_compact_step(pool, 100);
		KUNIT_ASSERT_LE(test, ++steps, 100000U);
	} while (more > 0);
	KUNIT_EXPECT_EQ(test, more, 0);
}

#define TREES	24

/**
 * struct tree - a structure, and what its owner knows of it
 * @box: the lease of its root
 * @digest: of it
 * @pinned: where its root is while it is pinned
 */
struct tree {
	struct swim_box box;
	u64 digest;
	void *pinned;
};

/* What the owner of a structure may do at any time. */
static void tend(struct grower *g, struct tree *tree)
{
	struct swim_box away = {};

	if (swim_box_is_empty(&tree->box)) {
		g->budget = 30;
		grow_root(g, &tree->box, 4);
		tree->digest = digest_of(g->test, &tree->box, SWIM_KIND_RAW);
		return;
	}
	KUNIT_EXPECT_EQ(g->test, digest_of(g->test, &tree->box, SWIM_KIND_RAW), tree->digest);
	if (tree->pinned) {
		KUNIT_EXPECT_PTR_EQ(g->test, tree->box.raw.object, tree->pinned);
		swim_box_unpin(&tree->box);
		tree->pinned = NULL;
		return;
	}
	switch (swim_random(&g->state) % 4) {
	case 0:
		tree->pinned = swim_box_pin(&tree->box);
		break;
	case 1:
		KUNIT_EXPECT_EQ(g->test, swim_box_move(&away, &tree->box), 0);
		KUNIT_EXPECT_EQ(g->test, swim_box_move(&tree->box, &away), 0);
		break;
	default:
		KUNIT_EXPECT_EQ(g->test, swim_box_drop(&tree->box), 0);
	}
}

static void clients_do_as_they_like_between_two_steps(struct kunit *test)
{
	struct tree *trees = kunit_kcalloc(test, TREES, sizeof(*trees), GFP_KERNEL);
	struct swim_pool *pool = heap_pool(test);
	struct grower g = { test, heap_hold(test), swim_random_seed(5) };
	unsigned int i, round, between = 0;

	KUNIT_ASSERT_NOT_NULL(test, trees);
	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&g.shared, g.hold, &node_type, GFP_KERNEL), 0);
	for (i = 0; i < TREES; i++)
		tend(&g, &trees[i]);
	set_budget(test, pool, 900);
	for (round = 0; round < ROUNDS(2000); round++) {
		between += swim_pool_compact_step(pool, 100) > 0;
		tend(&g, &trees[swim_random(&g.state) % TREES]);
	}
	/* Most of these came into the middle of a run. */
	KUNIT_EXPECT_GT(test, between, round / 2);
	KUNIT_EXPECT_GT(test, moved_in(pool), (u64)round);
	for (i = 0; i < TREES; i++)
		if (trees[i].pinned)
			tend(&g, &trees[i]);
	finish(test, pool);
	for (i = 0; i < TREES; i++) {
		if (swim_box_is_empty(&trees[i].box))
			continue;
		KUNIT_EXPECT_EQ(test, expect_owned(test, &trees[i].box, SWIM_KIND_RAW),
				trees[i].digest);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&trees[i].box), 0);
	}
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&g.shared), 0);
	expect_empty(test, pool);
}

/* What becomes of the object that a mover would go to next. */
enum fate {
	DROPPED,
	PINNED,
	HANDED_ON,
	ADOPTED,	/* by another parent */
	REPLACED,
	FATES
};

/**
 * struct fated - what is left of that
 * @parent: the other one, a node
 * @raw: who has it then
 * @ptr: or this one
 * @pinned: or who has pinned it
 * @ref: the same
 */
struct fated {
	struct swim_box parent;
	struct swim_buf raw;
	struct swim_ptr ptr;
	struct swim_raw *pinned;
	struct swim_ref ref;
};

/* Nobody moves anything meanwhile: leases in objects that are not pinned may be touched. */
static bool meet_raw(struct kunit *test, struct swim_hold *hold, struct swim_raw *slot,
		     enum fate fate, struct fated *fated)
{
	const bool is_buf = swim_meta_is_buf(slot->meta);
	struct node *parent;
	int err = 0;

	switch (fate) {
	case PINNED:
		if (IS_ERR(swim_raw_pin(slot)))
			return false;
		fated->pinned = slot;
		break;
	case HANDED_ON:
		err = swim_raw_move(&fated->raw.raw, slot);
		break;
	case ADOPTED:
		parent = swim_box_pin(&fated->parent);
		err = swim_raw_move(is_buf ? &parent->buf.raw : swim_meta_type(slot->meta) ?
				    &parent->box.raw : &parent->raw, slot);
		swim_box_unpin(&fated->parent);
		break;
	case REPLACED:
		if (is_buf)
			return false;
		err = swim_raw_drop(slot) ?: swim_raw_new(slot, hold, 40, GFP_KERNEL);
		break;
	default:
		err = swim_raw_drop(slot);
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	return true;
}

static bool meet_ptr(struct kunit *test, struct swim_hold *hold, struct swim_ptr *slot,
		     enum fate fate, struct fated *fated)
{
	struct node *parent;
	int err = 0;

	switch (fate) {
	case PINNED:
		return false;
	case HANDED_ON:
		err = swim_ptr_move(&fated->ptr, slot);
		break;
	case ADOPTED:
		parent = swim_box_pin(&fated->parent);
		err = swim_ptr_move(&parent->ptr, slot);
		swim_box_unpin(&fated->parent);
		break;
	case REPLACED:
		err = swim_ptr_drop(slot) ?: swim_ptr_new(slot, hold, 40, GFP_KERNEL);
		break;
	default:
		err = swim_ptr_drop(slot);
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	return true;
}

/* Let the object that comes next meet its fate; false when that is not possible. */
static bool meet(struct kunit *test, struct swim_pool *pool, enum fate fate, struct fated *fated)
{
	const struct swim_cleaner *cleaner = &pool->cleaner;
	struct swim_hold *hold = swim_pool_hold(pool);
	struct swim_hard hard = {};
	struct swim_hint hint;

	if (!cleaner->phase || !cleaner->mover.hints)
		return false;
	hint = cleaner->kept[cleaner->mover.hints - 1];
	if (swim_tag_read(swim_tag_of(hint.object)) != hint.tag)
		return false;
	switch (swim_tag_kind(hint.tag)) {
	case SWIM_TAG_OWNED:
		return meet_raw(test, hold, swim_tag_slot(hint.tag), fate, fated);
	case SWIM_TAG_INNER:
		return meet_ptr(test, hold, swim_tag_slot(hint.tag), fate, fated);
	default:
		if (fate != PINNED)
			return false;
		hard.cell = swim_tag_slot(hint.tag);
		return !swim_hard_poll_to_ref(&fated->ref, &hard);
	}
}

/* The fate comes @steps objects after the begin of a run. */
static bool try_fate(struct kunit *test, enum fate fate, unsigned int steps)
{
	struct swim_pool *pool = heap_pool(test);
	struct grower g = { test, heap_hold(test), swim_random_seed(steps * FATES + fate), 30 };
	struct fated fated = {};
	struct swim_box box = {};
	u64 here, parent, raw;
	unsigned int i;
	bool met;

	KUNIT_ASSERT_EQ(test, swim_box_new(&fated.parent, g.hold, &node_type, GFP_KERNEL), 0);
	grow_root(&g, &box, 4);
	for (i = 0; i < steps; i++)
		swim_pool_compact_step(pool, 100);
	met = meet(test, pool, fate, &fated);
	here = digest_of(test, &box, SWIM_KIND_RAW);
	parent = digest_of(test, &fated.parent, SWIM_KIND_RAW);
	raw = digest_of(test, &fated.raw, SWIM_KIND_RAW);
	finish(test, pool);
	if (fated.ptr.object)
		KUNIT_EXPECT_EQ(test, swim_tag_read(swim_tag_of(fated.ptr.object)),
				swim_tag_owned(&fated.ptr, SWIM_TAG_INNER));
	KUNIT_EXPECT_EQ(test, digest_of(test, &box, SWIM_KIND_RAW), here);
	KUNIT_EXPECT_EQ(test, digest_of(test, &fated.parent, SWIM_KIND_RAW), parent);
	KUNIT_EXPECT_EQ(test, digest_of(test, &fated.raw, SWIM_KIND_RAW), raw);
	if (fated.pinned)
		swim_raw_unpin(fated.pinned);
	if (fated.ref.cell)
		KUNIT_EXPECT_EQ(test, swim_ref_drop(&fated.ref), 0);
	if (fated.raw.raw.object)
		KUNIT_EXPECT_EQ(test, swim_buf_drop(&fated.raw), 0);
	if (fated.ptr.object)
		KUNIT_EXPECT_EQ(test, swim_ptr_drop(&fated.ptr), 0);
	expect_owned(test, &box, SWIM_KIND_RAW);
	expect_owned(test, &fated.parent, SWIM_KIND_RAW);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&fated.parent), 0);
	expect_empty(test, pool);
	return met;
}

static void what_comes_next_may_be_gone_by_then(struct kunit *test)
{
	unsigned int fate, steps, met;

	set_budget(test, heap_pool(test), 1);
	for (fate = 0; fate < FATES; fate++) {
		for (met = 0, steps = 1; steps < 25; steps++)
			met += try_fate(test, fate, steps);
		KUNIT_EXPECT_GT_MSG(test, met, 5U, "fate %u", fate);
	}
}

#define CHAIN	24

/* Nodes of which each has a Hard lease of the next. */
static void chain_make(struct kunit *test, struct swim_hard_box *to, unsigned int n,
		       struct swim_hold *const *holds)
{
	struct swim_mut_box mut = {};
	struct node *node;

	KUNIT_ASSERT_EQ(test, swim_mut_box_new(&mut, holds[n % 2], &node_type, GFP_KERNEL), 0);
	node = swim_mut_box_get(&mut);
	node->number = n;
	if (n)
		chain_make(test, &node->hard, n - 1, holds);
	KUNIT_ASSERT_EQ(test, swim_mut_box_into_hard(to, &mut), 0);
}

/* Do something to the lease of the node that comes @at nodes behind. */
static void chain_change(struct kunit *test, struct swim_hard_box *hard, unsigned int at,
			 enum fate fate, struct swim_hard_box *away)
{
	struct swim_hold *hold = heap_hold(test);
	struct swim_mut_box mut = {};
	struct node *node;
	int err;

	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, hard), 0);
	node = swim_mut_box_get(&mut);
	if (at) {
		chain_change(test, &node->hard, at - 1, fate, away);
	} else {
		switch (fate) {
		case DROPPED:
			err = swim_hard_box_drop(&node->hard);
			break;
		case REPLACED:
			err = swim_hard_box_drop(&node->hard) ?:
			      swim_hard_box_new(&node->hard, hold, &node_type, GFP_KERNEL);
			break;
		case ADOPTED:
			err = swim_hard_box_clone(away, &node->hard);
			break;
		default:
			err = swim_hard_box_move(away, &node->hard);
		}
		KUNIT_EXPECT_EQ(test, err, 0);
	}
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
}

static void try_chain(struct kunit *test, enum fate fate, unsigned int steps, unsigned int at,
		      struct swim_hold *const *holds)
{
	struct swim_hard_box hard = {}, away = {};
	struct swim_ref_box ref = {};
	unsigned int i;
	u64 here, there;
	void *object;

	chain_make(test, &hard, CHAIN, holds);
	for (i = 0; i < steps; i++) {
		swim_pool_compact_step(swim_pool_of(holds[0]), 100);
		swim_pool_compact_step(swim_pool_of(holds[1]), 100);
	}
	chain_change(test, &hard, at, fate, &away);
	here = digest_of(test, &hard, SWIM_KIND_HARD);
	there = digest_of(test, &away, SWIM_KIND_HARD);
	if (fate == PINNED) {
		KUNIT_EXPECT_EQ(test, swim_hard_box_poll_to_ref(&ref, &away), 0);
		there = digest_of(test, &away, SWIM_KIND_HARD);
	}
	object = ref.ref.cell ? ref.ref.cell->object : NULL;
	finish(test, swim_pool_of(holds[0]));
	finish(test, swim_pool_of(holds[1]));
	if (fate == PINNED) {
		KUNIT_EXPECT_PTR_EQ(test, (void *)ref.ref.cell->object, object);
		KUNIT_EXPECT_EQ(test, digest_of(test, &away, SWIM_KIND_HARD), there);
		KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
		there = digest_of(test, &away, SWIM_KIND_HARD);
	}
	KUNIT_EXPECT_EQ(test, expect_owned(test, &hard, SWIM_KIND_HARD), here);
	KUNIT_EXPECT_EQ(test, expect_owned(test, &away, SWIM_KIND_HARD), there);
	if (!swim_hard_box_is_empty(&away))
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&away), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	expect_empty(test, swim_pool_of(holds[0]));
	expect_empty(test, swim_pool_of(holds[1]));
}

static void try_chains(struct kunit *test, struct swim_hold *const *holds)
{
	unsigned int fate, steps;

	for (fate = 0; fate < FATES; fate++) {
		for (steps = 1; steps < CHAIN; steps += 5) {
			/* What has moved, what is next, and what is far. */
			try_chain(test, fate, steps, 0, holds);
			try_chain(test, fate, steps, steps, holds);
			try_chain(test, fate, steps, CHAIN - 1, holds);
		}
	}
}

static void chains_of_hard_leases_change_between_steps(struct kunit *test)
{
	struct swim_hold *const holds[] = { heap_hold(test), heap_hold(test) };

	set_budget(test, heap_pool(test), 1);
	try_chains(test, holds);
}

static void structures_may_be_over_two_pools(struct kunit *test)
{
	struct swim_bed *heap = test->priv, bed;
	struct swim_pool *beside;

	beside = swim_pool_create("beside", swim_space_heap(heap->space), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(beside));
	bed_make(test, &bed, "elsewhere");
	set_budget(test, heap->pool, 1);
	set_budget(test, beside, 1);
	set_budget(test, bed.pool, 1);
	try_chains(test, (struct swim_hold *[]){ heap_hold(test), swim_pool_hold(beside) });
	try_chains(test, (struct swim_hold *[]){ heap_hold(test), swim_pool_hold(bed.pool) });
	KUNIT_EXPECT_GT(test, moved_in(beside), 0ULL);
	KUNIT_EXPECT_GT(test, moved_in(bed.pool), 0ULL);
	bed_end(test, &bed);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(beside), 0);
}

struct pearl {
	u64 number;
	struct swim_raw raw;
};

static SWIM_TYPE(pearl_type, struct pearl, SWIM_PART(raw));

#define PEARLS	(4 * SWIM_HINTS)

static void string_make(struct kunit *test, struct swim_buf *buf)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, swim_buf_new(buf, heap_hold(test), &pearl_type, PEARLS,
					   GFP_KERNEL), 0);
	for (i = 0; i < PEARLS; i++) {
		struct pearl pearl = { .number = i };

		KUNIT_ASSERT_EQ(test, load_one(&pearl.raw, heap_pool(test), 56, i, GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_buf_push(buf, &pearl, GFP_KERNEL), 0);
	}
}

/* Elements whose bytes stand behind those of the one in front, from the first on. */
static unsigned int string_in_order(struct kunit *test, struct swim_buf *buf)
{
	const size_t span = SWIM_TAG_SLOT + 56 + swim_kunit_trailer();
	unsigned int i, in_order = 1, wrong = 0;
	struct swim_slice slice;
	struct pearl *pearl;

	KUNIT_ASSERT_EQ(test, swim_buf_pin(buf, &slice), 0);
	KUNIT_EXPECT_EQ(test, slice.len, (u32)PEARLS);
	pearl = slice.at;
	for (i = 0; i < slice.len; i++)
		wrong += pearl[i].number != i || memchr_inv(pearl[i].raw.object, i, 56);
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	while (in_order < slice.len &&
	       pearl[in_order].raw.object == pearl[in_order - 1].raw.object + span)
		in_order++;
	swim_buf_unpin(buf);
	return in_order;
}

static void a_buf_may_own_more_than_is_kept_in_mind(struct kunit *test)
{
	struct swim_pool *pool = heap_pool(test);
	struct swim_buf buf = {};
	u64 digest;

	string_make(test, &buf);
	digest = digest_of(test, &buf, SWIM_KIND_RAW);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 100), 0);
	KUNIT_EXPECT_EQ(test, moved_in(pool), 1ULL + PEARLS);
	KUNIT_EXPECT_GE(test, string_in_order(test, &buf), (unsigned int)SWIM_HINTS);
	KUNIT_EXPECT_EQ(test, expect_owned(test, &buf, SWIM_KIND_RAW), digest);
	/* In steps almost all of it is forgotten, and comes in its turn. */
	set_budget(test, pool, 56);
	finish(test, pool);
	KUNIT_EXPECT_EQ(test, moved_in(pool), 2ULL + 2 * PEARLS);
	string_in_order(test, &buf);
	KUNIT_EXPECT_EQ(test, expect_owned(test, &buf, SWIM_KIND_RAW), digest);
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf), 0);
	expect_empty(test, pool);
}

/* As many objects as are in @hunks of them. */
static void load_hunks(struct kunit *test, struct load *load, unsigned int hunks)
{
	load_make(test, load, heap_pool(test), hunks * 32, BIG, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, load->n, hunks * 32);
}

static void a_large_pool_has_a_reserve(struct kunit *test)
{
	struct swim_pool *pool = heap_pool(test);
	struct swim_hunk *reserve;
	struct load load;
	u64 moved;

	SKIP_IN_DEBUG(test, "there is no reserve");
	load_hunks(test, &load, RESERVED_FROM / 2);
	KUNIT_EXPECT_NULL(test, pool->cleaner.reserve);
	load_end(test, &load);
	load_hunks(test, &load, MANY_HUNKS);
	KUNIT_EXPECT_NOT_NULL(test, pool->cleaner.reserve);
	load_drop(&load, 7);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 0), 0);
	reserve = pool->cleaner.reserve;
	KUNIT_ASSERT_NOT_NULL(test, reserve);
	moved = moved_in(pool);
	load_drop(&load, 20);
	/* From here on there is no memory. */
	swim_fail_from(1);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 0), 0);
	KUNIT_EXPECT_GT(test, swim_fail_count(), 0UL);
	swim_fail_nth(0);
	KUNIT_EXPECT_GT(test, moved_in(pool), moved);
	KUNIT_EXPECT_GE(test, atomic_long_read(&pool->reclaim.hunks), (long)RESERVED_FROM);
	KUNIT_EXPECT_TRUE(test, is_dense(pool));
	KUNIT_EXPECT_NOT_NULL(test, pool->cleaner.reserve);
	KUNIT_EXPECT_PTR_NE(test, pool->cleaner.reserve, reserve);
	load_end(test, &load);
	/* It is small again. */
	KUNIT_EXPECT_NULL(test, pool->cleaner.reserve);
}

static void a_small_pool_has_no_reserve(struct kunit *test)
{
	struct swim_pool *pool = heap_pool(test);
	struct load load;
	u64 moved;

	load_hunks(test, &load, RESERVED_FROM / 2);
	load_drop(&load, 3);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 0), 0);
	KUNIT_EXPECT_GT(test, moved_in(pool), 0ULL);
	KUNIT_EXPECT_NULL(test, pool->cleaner.reserve);
	load_drop(&load, 4);
	moved = moved_in(pool);
	swim_fail_from(1);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 0), -ENOMEM);
	swim_fail_nth(0);
	KUNIT_EXPECT_EQ(test, moved_in(pool), moved);
	load_end(test, &load);
}

static void what_is_in_the_way_is_counted(struct kunit *test)
{
	struct swim_pool *pool = heap_pool(test);
	const struct swim_obstacles *seen = &pool->cleaner.seen;
	const size_t more = SWIM_TAG_SLOT + swim_kunit_trailer();
	const unsigned int hunks = 8;
	struct load load;
	void *unleased[2];
	unsigned int i;

	load_hunks(test, &load, hunks);
	for (i = 0; i < 2; i++) {
		unleased[i] = swim_pool_alloc(pool, 100, GFP_KERNEL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(unleased[i]));
	}
	/* One here, and two there; they are more than a hunk apart from each other. */
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_raw_pin(&load.raw[40])));
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_raw_pin(&load.raw[120])));
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_raw_pin(&load.raw[121])));
	KUNIT_ASSERT_PTR_EQ(test, swim_hunk_of(load.raw[120].object),
			    swim_hunk_of(load.raw[121].object));
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 100), 0);
	KUNIT_EXPECT_EQ(test, seen->pinned, 3UL);
	KUNIT_EXPECT_EQ(test, seen->pinned_bytes, 3 * (size_t)BIG);
	KUNIT_EXPECT_EQ(test, seen->unleased, 2UL);
	KUNIT_EXPECT_EQ(test, seen->unleased_bytes, 2 * (size_t)104);
	KUNIT_EXPECT_EQ(test, seen->hunks, 3UL);
	KUNIT_EXPECT_EQ(test, seen->held_back,
			3 * (size_t)SZ_64K - 3 * (BIG + more) - 2 * (104 + more));
	swim_raw_unpin(&load.raw[40]);
	KUNIT_EXPECT_EQ(test, swim_free(unleased[0]), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 100), 0);
	KUNIT_EXPECT_EQ(test, seen->pinned, 2UL);
	KUNIT_EXPECT_EQ(test, seen->unleased, 1UL);
	KUNIT_EXPECT_EQ(test, seen->hunks, 2UL);
	KUNIT_EXPECT_EQ(test, seen->held_back,
			2 * (size_t)SZ_64K - 2 * (BIG + more) - (104 + more));
	swim_raw_unpin(&load.raw[120]);
	swim_raw_unpin(&load.raw[121]);
	KUNIT_EXPECT_EQ(test, swim_free(unleased[1]), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 100), 0);
	KUNIT_EXPECT_FALSE(test, memchr_inv(seen, 0, sizeof(*seen)));
	/* Also when they go with all others. */
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_raw_pin(&load.raw[40])));
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 100), 0);
	KUNIT_EXPECT_EQ(test, seen->pinned, 1UL);
	swim_raw_unpin(&load.raw[40]);
	load_end(test, &load);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 100), 0);
	KUNIT_EXPECT_FALSE(test, memchr_inv(seen, 0, sizeof(*seen)));
}

/* A pool with a reserve and no other memory, of which @load has objects of 1000 bytes. */
static void fill_to_the_limit(struct kunit *test, struct load *load, unsigned int target)
{
	struct swim_bed *heap = test->priv;

	swim_heap_again(test, LIMIT, 0);
	KUNIT_ASSERT_EQ(test, swim_pool_set_target(heap->pool, target), 0);
	load_make(test, load, heap->pool, LIMIT / 1000, 1000, GFP_ATOMIC);
	KUNIT_ASSERT_NOT_NULL(test, heap->pool->cleaner.reserve);
	KUNIT_ASSERT_GT(test, load->n, LIMIT / 1100);
	KUNIT_ASSERT_LT(test, load->n, LIMIT / 1000);
}

static void who_may_sleep_makes_room(struct kunit *test)
{
	struct load load, wide;
	struct swim_raw raw = {};
	struct swim_pool *pool;

	SKIP_IN_DEBUG(test, "there is no reserve");
	fill_to_the_limit(test, &load, 0);
	pool = heap_pool(test);
	KUNIT_EXPECT_EQ(test, load_one(&raw, pool, 1000, 0, GFP_ATOMIC), -ENOMEM);
	load_drop(&load, 2);
	/* Who may not sleep takes a hole, or nothing. */
	KUNIT_EXPECT_EQ(test, load_one(&raw, pool, 3000, 0, GFP_ATOMIC), -ENOMEM);
	KUNIT_EXPECT_EQ(test, load_one(&raw, pool, 900, 0, GFP_ATOMIC), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	KUNIT_EXPECT_EQ(test, moved_in(pool), 0ULL);
	load_make(test, &wide, pool, LIMIT / 3000, 3000, GFP_KERNEL);
	/* Half of the memory was dead. */
	KUNIT_EXPECT_GT(test, wide.n, LIMIT / 3000 * 2 / 5);
	KUNIT_EXPECT_LT(test, wide.n, LIMIT / 3000 * 3 / 5);
	KUNIT_EXPECT_GT(test, moved_in(pool), 0ULL);
	KUNIT_EXPECT_EQ(test, load_wrong(&load), 0U);
	load_end(test, &wide);
	load_end(test, &load);
}

static void where_all_is_pinned_there_is_no_room(struct kunit *test)
{
	struct swim_raw raw = {};
	struct swim_pool *pool;
	struct load load;
	unsigned int i;
	u64 moved;

	SKIP_IN_DEBUG(test, "there is no reserve");
	fill_to_the_limit(test, &load, 0);
	pool = heap_pool(test);
	moved = moved_in(pool);
	load_drop(&load, 2);
	KUNIT_EXPECT_EQ(test, load_pin(&load, 1), load.n / 2);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, load_one(&raw, pool, 3000, 0, GFP_KERNEL), -ENOMEM);
	KUNIT_EXPECT_EQ(test, moved_in(pool), moved);
	KUNIT_EXPECT_EQ(test, load_wrong(&load), 0U);
	load_unpin(&load, 1);
	KUNIT_EXPECT_EQ(test, load_one(&raw, pool, 3000, 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	load_end(test, &load);
}

#define SLOTS	2000

/* At the limit: objects of other sizes, again and again. */
static int churn_worker(void *arg, unsigned int number)
{
	struct swim_raw *raws = vzalloc(SLOTS * sizeof(*raws));
	u32 state = swim_random_seed(number), round, i, slot;
	struct swim_pool *pool = arg;
	void *object;
	int err = 0;

	for (round = 0; raws && !err && round < ROUNDS(40000); round++) {
		slot = swim_random(&state) % SLOTS;
		if (swim_raw_is_empty(&raws[slot])) {
			err = load_one(&raws[slot], pool, 64 + swim_random(&state) % 3000, slot,
				       GFP_KERNEL | __GFP_NOWARN);
			if (err != -ENOMEM)
				continue;
			for (i = slot % 2, err = 0; i < SLOTS; i += 2)
				if (!swim_raw_is_empty(&raws[i]))
					err = err ?: swim_raw_drop(&raws[i]);
			continue;
		}
		object = swim_raw_pin(&raws[slot]);
		if (IS_ERR(object) || memchr_inv(object, slot, swim_raw_size(&raws[slot])))
			err = -EILSEQ;
		if (!IS_ERR(object))
			swim_raw_unpin(&raws[slot]);
		err = err ?: swim_raw_drop(&raws[slot]);
	}
	for (slot = 0; raws && slot < SLOTS; slot++)
		if (!swim_raw_is_empty(&raws[slot]))
			err = err ?: swim_raw_drop(&raws[slot]);
	vfree(raws);
	return raws ? err : -ENOMEM;
}

static void several_make_room_at_once(struct kunit *test)
{
	struct swim_pool *pool;
	struct load load;
	u64 moved;

	SKIP_IN_DEBUG(test, "there is no reserve");
	fill_to_the_limit(test, &load, 0);
	pool = heap_pool(test);
	moved = moved_in(pool);
	load_drop(&load, 2);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), churn_worker, pool), 0);
	KUNIT_EXPECT_GT(test, moved_in(pool), moved);
	KUNIT_EXPECT_EQ(test, load_wrong(&load), 0U);
	load_end(test, &load);
	expect_empty(test, pool);
}

static void where_there_is_little_room_the_work_makes_some(struct kunit *test)
{
	struct swim_raw raw = {};
	struct swim_pool *pool;
	struct load load;
	unsigned int i;
	u64 moved;

	SKIP_IN_DEBUG(test, "there is no reserve");
	/* By this target there is never anything to do. */
	fill_to_the_limit(test, &load, 1);
	pool = heap_pool(test);
	moved = moved_in(pool);
	load_drop(&load, 2);
	for (i = 0; i < 20; i++) {
		EXPECT_SOON(test, !load_one(&raw, pool, 3000, 0, GFP_ATOMIC));
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	}
	EXPECT_SOON(test, is_at_rest(pool));
	KUNIT_EXPECT_LE(test, atomic_long_read(&pool->reclaim.hunks), (long)pool->reclaim.most);
	KUNIT_EXPECT_GT(test, moved_in(pool), moved);
	KUNIT_EXPECT_EQ(test, load_wrong(&load), 0U);
	load_end(test, &load);
}

static void work_rests_where_all_is_pinned(struct kunit *test)
{
	struct swim_raw raw = {};
	struct swim_pool *pool;
	struct load load;
	u64 moved;

	SKIP_IN_DEBUG(test, "there is no reserve");
	fill_to_the_limit(test, &load, 1);
	pool = heap_pool(test);
	moved = moved_in(pool);
	load_pin(&load, 2);
	load_thin(&load, 2);
	KUNIT_EXPECT_EQ(test, load_one(&raw, pool, 3000, 0, GFP_ATOMIC), -ENOMEM);
	EXPECT_SOON(test, is_at_rest(pool));
	KUNIT_EXPECT_EQ(test, moved_in(pool), moved);
	load_unpin(&load, 2);
	load_end(test, &load);
}

static size_t size_of(struct swim_space *space)
{
	struct swim_space_stats stats;

	swim_space_stats(space, &stats);
	return stats.size;
}

/* What could be given back now, not a moment ago. */
static unsigned long count_now(struct swim_pool *pool)
{
	WRITE_ONCE(pool->reclaim.counted, 0);
	return swim_reclaim_count();
}

/* Nobody has anything to give but this case. */
static void shrink_all_others(struct kunit *test)
{
	swim_reclaim_shrink(EVERYTHING);
	KUNIT_ASSERT_EQ(test, count_now(heap_pool(test)), 0UL);
}

static void the_shrinker_gives_what_it_has_counted(struct kunit *test)
{
	const unsigned long hunk = SZ_64K / PAGE_SIZE;
	struct swim_bed *heap = test->priv;
	unsigned long counted, freed;
	struct load load;
	size_t before;

	shrink_all_others(test);
	load_make(test, &load, heap->pool, OBJECTS, OBJECT, GFP_KERNEL);
	load_thin(&load, 4);
	before = size_of(heap->space);
	counted = count_now(heap->pool);
	KUNIT_EXPECT_GT(test, counted * PAGE_SIZE, before / 2);
	freed = swim_reclaim_shrink(counted);
	KUNIT_EXPECT_LE(test, freed, counted + hunk);
	KUNIT_EXPECT_GE(test, freed + hunk, counted);
	KUNIT_EXPECT_EQ(test, size_of(heap->space), before - freed * PAGE_SIZE);
	KUNIT_EXPECT_LE(test, count_now(heap->pool), hunk);
	swim_reclaim_shrink(EVERYTHING);
	KUNIT_EXPECT_EQ(test, count_now(heap->pool), 0UL);
	KUNIT_EXPECT_EQ(test, swim_reclaim_shrink(EVERYTHING), 0UL);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.compactions, 0ULL);
	load_end(test, &load);
}

static void the_shrinker_gives_no_more_than_is_wanted(struct kunit *test)
{
	const unsigned long want = SZ_1M / PAGE_SIZE;
	struct swim_bed *heap = test->priv;
	unsigned long freed;
	struct load load;
	size_t before;

	shrink_all_others(test);
	load_make(test, &load, heap->pool, OBJECTS, OBJECT, GFP_KERNEL);
	load_thin(&load, 4);
	swim_space_release(heap->space, SIZE_MAX);
	before = size_of(heap->space);
	freed = swim_reclaim_shrink(want);
	KUNIT_EXPECT_GE(test, freed, want - SZ_64K / PAGE_SIZE);
	/* A segment that is free goes whole. */
	KUNIT_EXPECT_LE(test, freed, want + SZ_2M / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, size_of(heap->space), before - freed * PAGE_SIZE);
	KUNIT_EXPECT_GT(test, count_now(heap->pool), 0UL);
	load_end(test, &load);
}

static void pinned_objects_keep_their_hunks(struct kunit *test)
{
	struct swim_bed *heap = test->priv;
	void *last = NULL, **where;
	struct load load;
	unsigned int i, n = 0, elsewhere = 0;
	unsigned long hunks;

	shrink_all_others(test);
	load_make(test, &load, heap->pool, OBJECTS, OBJECT, GFP_KERNEL);
	where = vzalloc(OBJECTS * sizeof(*where));
	KUNIT_ASSERT_NOT_NULL(test, where);
	/* One in each hunk. */
	for (i = 0; i < load.n; i++) {
		if (swim_hunk_of(load.raw[i].object) == last) {
			KUNIT_EXPECT_EQ(test, swim_raw_drop(&load.raw[i]), 0);
			continue;
		}
		last = swim_hunk_of(load.raw[i].object);
		where[i] = swim_raw_pin(&load.raw[i]);
		n++;
	}
	hunks = heap_stats(test).hunks;
	KUNIT_ASSERT_EQ(test, (unsigned long)n, hunks);
	swim_reclaim_shrink(EVERYTHING);
	KUNIT_EXPECT_EQ(test, heap_stats(test).hunks, hunks);
	for (i = 0; i < load.n; i++)
		elsewhere += where[i] && load.raw[i].object != where[i];
	KUNIT_EXPECT_EQ(test, elsewhere, 0U);
	KUNIT_EXPECT_EQ(test, load_wrong(&load), 0U);
	load_unpin(&load, 1);
	KUNIT_EXPECT_GT(test, swim_reclaim_shrink(EVERYTHING), 0UL);
	KUNIT_EXPECT_LE(test, heap_stats(test).hunks, 4UL);
	vfree(where);
	load_end(test, &load);
}

DEFINE_SWIM_SPACE(reclaim_static, SZ_1M);

static void a_static_space_has_nothing_to_give(struct kunit *test)
{
	struct swim_pool *pool;
	struct load load;

	shrink_all_others(test);
	KUNIT_ASSERT_EQ(test, swim_space_add(&reclaim_static), 0);
	pool = swim_pool_create("static", swim_space_heap(&reclaim_static), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	load_make(test, &load, pool, 2000, OBJECT, GFP_KERNEL);
	load_thin(&load, 4);
	KUNIT_EXPECT_EQ(test, count_now(pool), 0UL);
	KUNIT_EXPECT_EQ(test, swim_reclaim_shrink(EVERYTHING), 0UL);
	KUNIT_EXPECT_EQ(test, moved_in(pool), 0ULL);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 0), 0);
	KUNIT_EXPECT_GT(test, moved_in(pool), 0ULL);
	load_end(test, &load);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&reclaim_static), 0);
}

/* A pool of one's own, from its begin to its end. */
static int live_and_die(struct swim_space *space)
{
	struct swim_pool *pool = swim_pool_create("own", swim_space_heap(space), 0);
	struct swim_raw raw[8] = {};
	unsigned int i;
	int err;

	err = PTR_ERR_OR_ZERO(pool);
	if (err)
		return err;
	for (i = 0; !err && i < ARRAY_SIZE(raw); i++)
		err = load_one(&raw[i], pool, SZ_8K, i, GFP_KERNEL);
	err = err ?: swim_pool_set_target(pool, 90);
	for (i = 0; !err && i < ARRAY_SIZE(raw); i++)
		err = swim_raw_drop(&raw[i]);
	return err ?: swim_pool_destroy(pool);
}

static int shrink_worker(void *arg, unsigned int number)
{
	struct swim_bed *heap = arg;
	unsigned int round;
	int err = 0;

	/* The last one does more in a round. */
	for (round = 0; !err && round < (number == 3 ? 5 : ROUNDS(200)); round++) {
		switch (number) {
		case 0:
			swim_reclaim_count();
			swim_reclaim_shrink(round % 2 ? EVERYTHING : 64);
			break;
		case 1:
			err = round % 4 ? min(swim_pool_compact_step(heap->pool, 0), 0) :
					  swim_pool_compact(heap->pool, 100);
			break;
		case 2:
			err = live_and_die(heap->space);
			break;
		default:
			err = churn_worker(heap->pool, number + round);
		}
		cond_resched();
	}
	return err;
}

static void the_shrinker_comes_at_any_time(struct kunit *test)
{
	struct swim_bed *heap = test->priv;
	struct load load;

	load_make(test, &load, heap->pool, OBJECTS, OBJECT, GFP_KERNEL);
	load_thin(&load, 4);
	KUNIT_EXPECT_EQ(test, swim_pool_set_target(heap->pool, 90), 0);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 4, shrink_worker, heap), 0);
	KUNIT_EXPECT_EQ(test, load_wrong(&load), 0U);
	load_end(test, &load);
	expect_empty(test, heap->pool);
}

struct errand {
	struct work_struct work;
	struct completion done;
};

static void shrink(struct work_struct *work)
{
	swim_reclaim_shrink(EVERYTHING);
	complete(&container_of(work, struct errand, work)->done);
}

/* Who compacts may be waiting for memory, or for somebody who does. */
static void the_shrinker_waits_for_nobody_who_compacts(struct kunit *test)
{
	struct mutex *cleaning = &heap_pool(test)->space->clean;
	struct errand errand;
	struct load load;

	load_make(test, &load, heap_pool(test), OBJECTS / 10, OBJECT, GFP_KERNEL);
	load_thin(&load, 10);
	INIT_WORK_ONSTACK(&errand.work, shrink);
	init_completion(&errand.done);
	mutex_lock(cleaning);
	schedule_work(&errand.work);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&errand.done, PATIENCE / 3), 0UL);
	mutex_unlock(cleaning);
	flush_work(&errand.work);
	destroy_work_on_stack(&errand.work);
	KUNIT_EXPECT_EQ(test, load_wrong(&load), 0U);
	load_end(test, &load);
}

static struct kunit_case reclaim_cases[] = {
	KUNIT_CASE(bad_targets_and_budgets_are_refused),
	KUNIT_CASE(a_burst_is_compacted_in_the_background),
	KUNIT_CASE(without_a_target_nothing_is_done),
	KUNIT_CASE(work_rests_where_nothing_can_be_gained),
	KUNIT_CASE(work_does_not_move_the_same_again_and_again),
	KUNIT_CASE(a_step_moves_no_more_than_its_budget),
	KUNIT_CASE(clients_do_as_they_like_between_two_steps),
	KUNIT_CASE(a_run_that_has_begun_is_given_up),
	KUNIT_CASE(who_may_sleep_makes_room),
	KUNIT_CASE(where_all_is_pinned_there_is_no_room),
	KUNIT_CASE(several_make_room_at_once),
	KUNIT_CASE(where_there_is_little_room_the_work_makes_some),
	KUNIT_CASE(work_rests_where_all_is_pinned),
	KUNIT_CASE(the_shrinker_gives_what_it_has_counted),
	KUNIT_CASE(the_shrinker_gives_no_more_than_is_wanted),
	KUNIT_CASE(pinned_objects_keep_their_hunks),
	KUNIT_CASE(a_static_space_has_nothing_to_give),
	KUNIT_CASE(the_shrinker_comes_at_any_time),
	KUNIT_CASE(a_large_pool_has_a_reserve),
	KUNIT_CASE(a_small_pool_has_no_reserve),
	KUNIT_CASE(what_is_in_the_way_is_counted),
	KUNIT_CASE(what_comes_next_may_be_gone_by_then),
	KUNIT_CASE(chains_of_hard_leases_change_between_steps),
	KUNIT_CASE(structures_may_be_over_two_pools),
	KUNIT_CASE(a_buf_may_own_more_than_is_kept_in_mind),
	KUNIT_CASE(the_shrinker_waits_for_nobody_who_compacts),
	{}
};

static struct kunit_suite reclaim_suite = {
	.name = "reclaim",
	.init = reclaim_init,
	.exit = reclaim_exit,
	.test_cases = reclaim_cases,
};

kunit_test_suite(reclaim_suite);

MODULE_DESCRIPTION("KUnit suite: compaction in steps, in the background, and when memory is short");
MODULE_LICENSE("GPL");
