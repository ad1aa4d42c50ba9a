// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of <swimmem/scope.h>.
 */
#include <linux/hash.h>
#include <linux/mm.h>

#include "../interrupt.h"

/* Holds are told apart by their address; nothing is allocated from these. */
DEFINE_SWIM_PACK(pack_a, 0);
DEFINE_SWIM_PACK(pack_b, 0);
DEFINE_SWIM_PACK(pack_c, 0);

#define A	(&pack_a->hold)
#define B	(&pack_b->hold)
#define C	(&pack_c->hold)

#define EXPECT_LOCAL(test, hold)	KUNIT_EXPECT_PTR_EQ(test, swim_local_hold(), hold)
#define EXPECT_NO_LOCAL(test)		EXPECT_LOCAL(test, (struct swim_hold *)ERR_PTR(-ENOENT))

static void outside_of_any_scope_there_is_no_local_hold(struct kunit *test)
{
	EXPECT_NO_LOCAL(test);
	KUNIT_EXPECT_EQ(test, PTR_ERR(swim_local_hold()), -ENOENT);
}

static void scope_makes_its_hold_the_local_one(struct kunit *test)
{
	unsigned int ran = 0;

	swim_scope(A) {
		EXPECT_LOCAL(test, A);
		ran++;
	}
	KUNIT_EXPECT_EQ(test, ran, 1U);
	EXPECT_NO_LOCAL(test);
}

static void innermost_scope_wins(struct kunit *test)
{
	swim_scope(A) {
		swim_scope(B) {
			swim_scope(C)
				EXPECT_LOCAL(test, C);
			EXPECT_LOCAL(test, B);
			/* The same once more. */
			swim_scope(B)
				EXPECT_LOCAL(test, B);
			EXPECT_LOCAL(test, B);
			swim_scope(A)
				EXPECT_LOCAL(test, A);
			EXPECT_LOCAL(test, B);
		}
		EXPECT_LOCAL(test, A);
	}
	EXPECT_NO_LOCAL(test);
}

static struct swim_hold *nested_to(unsigned int depth)
{
	struct swim_hold *hold = NULL;

	swim_scope(depth % 2 ? A : B)
		hold = depth ? nested_to(depth - 1) : swim_local_hold();
	return hold;
}

static void scopes_nest_over_calls(struct kunit *test)
{
	swim_scope(C) {
		KUNIT_EXPECT_PTR_EQ(test, nested_to(10), B);
		EXPECT_LOCAL(test, C);
	}
	EXPECT_NO_LOCAL(test);
}

static void scope_is_left_by_break_and_continue(struct kunit *test)
{
	unsigned int ran = 0, i;

	swim_scope(A) {
		ran++;
		if (ran)
			break;
		ran = 100;
	}
	EXPECT_NO_LOCAL(test);
	KUNIT_EXPECT_EQ(test, ran, 1U);
	swim_scope(A) {
		ran++;
		if (ran)
			continue;
		ran = 100;
	}
	EXPECT_NO_LOCAL(test);
	KUNIT_EXPECT_EQ(test, ran, 2U);
	for (i = 0; i < 3; i++) {
		swim_scope(A)
			ran++;
		EXPECT_NO_LOCAL(test);
	}
	KUNIT_EXPECT_EQ(test, ran, 5U);
}

static int return_from_within(struct kunit *test)
{
	swim_scope(B) {
		swim_scope(C) {
			EXPECT_LOCAL(test, C);
			return 4711;
		}
	}
	return 0;
}

static void scope_is_left_by_return(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, return_from_within(test), 4711);
	EXPECT_NO_LOCAL(test);
	swim_scope(A) {
		KUNIT_EXPECT_EQ(test, return_from_within(test), 4711);
		EXPECT_LOCAL(test, A);
	}
	EXPECT_NO_LOCAL(test);
}

static void scope_is_left_by_goto(struct kunit *test)
{
	unsigned int ran = 0;

	swim_scope(A) {
		swim_scope(B) {
			swim_scope(C) {
				ran++;
				goto out;
			}
		}
		ran = 100;
out:
		EXPECT_LOCAL(test, A);
	}
	KUNIT_EXPECT_EQ(test, ran, 1U);
	EXPECT_NO_LOCAL(test);
}

static void scope_without_a_hold_is_reported_and_not_run(struct kunit *test)
{
	struct swim_hold *const wrong[] = { NULL, ERR_PTR(-ENOENT), ERR_PTR(-ENOMEM) };
	unsigned int i, ran = 0;

	swim_scope(A) {
		for (i = 0; i < ARRAY_SIZE(wrong); i++) {
			swim_scope(wrong[i])
				ran++;
			EXPECT_REPORT(test, "scope without a hold");
			EXPECT_LOCAL(test, A);
		}
	}
	KUNIT_EXPECT_EQ(test, ran, 0U);
	EXPECT_NO_LOCAL(test);
}

static void objects_come_from_the_local_hold(struct kunit *test)
{
	struct swim_space *space = swim_space_create("kunit", 0);
	struct swim_pool *pool;
	struct swim_pool_stats stats;
	void *object = NULL;

	KUNIT_ASSERT_FALSE(test, IS_ERR(space));
	pool = swim_pool_create("kunit", swim_space_heap(space), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	swim_with_hold(swim_pool_hold(pool))
		object = swim_alloc(swim_local_hold(), 64, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(object));
	swim_pool_stats(pool, &stats);
	KUNIT_EXPECT_EQ(test, stats.live, 1L);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
}

static int thread_sees_none(void *arg, unsigned int number)
{
	return PTR_ERR_OR_ZERO(swim_local_hold()) == -ENOENT ? 0 : 1;
}

static void another_task_sees_none_of_our_scopes(struct kunit *test)
{
	swim_scope(A) {
		KUNIT_EXPECT_EQ(test, swim_workers_run(test, 1, thread_sees_none, NULL), 0);
		EXPECT_LOCAL(test, A);
	}
}

/* As scope.c finds the list in which the scopes of a task stand. */
#define BUCKET_BITS	8
#define TASKS_MAX	4096

static int sees_none(void *seen)
{
	struct completion *none = seen, *one = none + 1;

	complete(swim_local_hold() == ERR_PTR(-ENOENT) ? none : one);
	return 0;
}

/* Their scopes stand in the same list. */
static void a_neighbour_sees_none_of_our_scopes(struct kunit *test)
{
	struct task_struct **tasks = kvcalloc(TASKS_MAX, sizeof(*tasks), GFP_KERNEL);
	struct completion seen[2];	/* none, or one */
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, tasks);
	init_completion(&seen[0]);
	init_completion(&seen[1]);
	for (n = 0; n < TASKS_MAX; n++) {
		tasks[n] = kthread_create(sees_none, seen, "kunit/neighbour");
		if (IS_ERR(tasks[n]) || hash_ptr(tasks[n], BUCKET_BITS) ==
					hash_ptr(current, BUCKET_BITS))
			break;
	}
	KUNIT_EXPECT_LT(test, n, (unsigned int)TASKS_MAX);
	if (n < TASKS_MAX && !IS_ERR(tasks[n])) {
		get_task_struct(tasks[n]);
		swim_scope(A) {
			wake_up_process(tasks[n]);
			KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&seen[0], 10 * HZ), 0UL);
		}
		kthread_stop(tasks[n]);
		put_task_struct(tasks[n]);
	}
	KUNIT_EXPECT_FALSE(test, completion_done(&seen[1]));
	/* These have never run. */
	while (n--)
		kthread_stop(tasks[n]);
	kvfree(tasks);
}

/* Each has scopes of its own while all others come and go. Results: 1 another's, 2 one left. */
static int thread_nests(void *arg, unsigned int number)
{
	static struct swim_hold own[SWIM_WORKERS_MAX][2];
	unsigned int round;
	int err = 0;

	for (round = 0; !err && round < ROUNDS(20000); round++) {
		swim_with_hold(&own[number][0]) {
			swim_with_hold(&own[number][1]) {
				cond_resched();
				if (swim_local_hold() != &own[number][1])
					err = 1;
			}
			if (swim_local_hold() != &own[number][0])
				err = 1;
		}
		if (!err && swim_local_hold() != ERR_PTR(-ENOENT))
			err = 2;
	}
	return err;
}

static void tasks_have_their_own_scopes_at_the_same_time(struct kunit *test)
{
	const unsigned int n = swim_workers();

	swim_scope(A) {
		KUNIT_EXPECT_EQ(test, swim_workers_run(test, n, thread_nests, NULL), 0);
		EXPECT_LOCAL(test, A);
	}
}

/**
 * struct visit - a look from an interrupt, from within a scope of the task
 * @irq_work: for hard interrupts
 * @tasklet: for softirqs
 * @done: when it is over
 * @there: was it the context that was meant?
 * @before: local hold at first
 * @within: in a scope of its own
 * @after: after that
 */
struct visit {
	struct irq_work irq_work;
	struct tasklet_struct tasklet;
	struct completion done;
	bool there;
	struct swim_hold *before;
	struct swim_hold *within;
	struct swim_hold *after;
};

static void look(struct visit *visit, bool there)
{
	visit->there = there;
	visit->before = swim_local_hold();
	swim_scope(C)
		visit->within = swim_local_hold();
	visit->after = swim_local_hold();
	complete(&visit->done);
}

static void look_in_hardirq(struct irq_work *work)
{
	look(container_of(work, struct visit, irq_work), in_hardirq());
}

static void look_in_softirq(struct tasklet_struct *tasklet)
{
	look(container_of(tasklet, struct visit, tasklet), in_serving_softirq());
}

static void expect_own(struct kunit *test, const struct visit *visit)
{
	KUNIT_EXPECT_TRUE(test, visit->there);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(visit->before), -ENOENT);
	KUNIT_EXPECT_PTR_EQ(test, visit->within, C);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(visit->after), -ENOENT);
}

static void hard_interrupt_sees_its_own_scopes_only(struct kunit *test)
{
	struct visit *visit = kunit_kzalloc(test, sizeof(*visit), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, visit);
	init_completion(&visit->done);
	visit->irq_work = IRQ_WORK_INIT_HARD(look_in_hardirq);
	swim_scope(A) {
		irq_work_queue(&visit->irq_work);
		wait_for_completion(&visit->done);
		irq_work_sync(&visit->irq_work);
		EXPECT_LOCAL(test, A);
	}
	expect_own(test, visit);
}

static void softirq_sees_its_own_scopes_only(struct kunit *test)
{
	struct visit *visit = kunit_kzalloc(test, sizeof(*visit), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, visit);
	init_completion(&visit->done);
	tasklet_setup(&visit->tasklet, look_in_softirq);
	swim_scope(A) {
		/* It runs here, on top of us, when softirqs are let in again. */
		local_bh_disable();
		tasklet_schedule(&visit->tasklet);
		local_bh_enable();
		wait_for_completion(&visit->done);
		tasklet_kill(&visit->tasklet);
		EXPECT_LOCAL(test, A);
	}
	expect_own(test, visit);
}

static void scope_of_a_task_holds_with_softirqs_and_interrupts_off(struct kunit *test)
{
	struct swim_hold *bh = NULL, *irq = NULL;
	unsigned long flags;

	swim_scope(A) {
		local_bh_disable();
		bh = swim_local_hold();
		local_irq_save(flags);
		swim_scope(B)
			irq = swim_local_hold();
		local_irq_restore(flags);
		local_bh_enable();
		EXPECT_LOCAL(test, A);
	}
	KUNIT_EXPECT_PTR_EQ(test, bh, A);
	KUNIT_EXPECT_PTR_EQ(test, irq, B);
}

struct node {
	struct swim_box left;
	struct swim_hard shared;
	u64 key;
};

static SWIM_TYPE(node_type, struct node, SWIM_PART(left), SWIM_PART(shared));

/* Two pools, an outer and an inner one, in which something is left. */
struct beds {
	struct swim_space *space;
	struct swim_pool *outer, *inner;
};

static void beds_make(struct kunit *test, struct beds *beds)
{
	beds->space = swim_space_create("scope", SZ_8M);
	KUNIT_ASSERT_FALSE(test, IS_ERR(beds->space));
	beds->outer = swim_pool_create("outer", swim_space_heap(beds->space), 0);
	beds->inner = swim_pool_create("inner", swim_space_heap(beds->space), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(beds->outer));
	KUNIT_ASSERT_FALSE(test, IS_ERR(beds->inner));
}

static void beds_end(struct kunit *test, struct beds *beds)
{
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(beds->inner), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(beds->outer), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(beds->space), 0);
}

static long live_in(struct swim_hold *hold)
{
	struct swim_hold_stats stats;

	swim_hold_stats(hold, &stats);
	return stats.live;
}

/* A node with a child and a counted object, all from the local hold. */
static int grow(struct swim_box *box, u64 key, gfp_t gfp)
{
	struct node *node;
	int err = swim_box_new(box, swim_local_hold(), &node_type, gfp);

	if (err)
		return err;
	node = swim_box_pin(box);
	if (IS_ERR(node))
		return PTR_ERR(node);
	node->key = key;
	err = swim_hard_new(&node->shared, swim_local_hold(), 48, gfp) ?:
	      swim_box_new(&node->left, swim_local_hold(), &node_type, gfp);
	if (!err) {
		struct node *left = swim_box_pin(&node->left);

		if (IS_ERR(left))
			return PTR_ERR(left);
		left->key = key + 1;
		swim_box_unpin(&node->left);
	}
	swim_box_unpin(box);
	return err;
}

static int keys_are(const struct swim_box *box, u64 key)
{
	const struct node *node;
	int wrong;

	rcu_read_lock();
	node = swim_box_read(box);
	wrong = node->key != key ||
		((const struct node *)swim_box_read(&node->left))->key != key + 1;
	rcu_read_unlock();
	return wrong;
}

static void what_is_left_with_a_lease_is_stowed(struct kunit *test)
{
	struct swim_box kept[16] = {}, gone = {};
	struct swim_hard hard = {};
	struct swim_ptr ptr = {};
	struct beds beds;
	unsigned int i;

	beds_make(test, &beds);
	swim_scope(swim_pool_hold(beds.outer)) {
		swim_scope(swim_pool_hold(beds.inner)) {
			for (i = 0; i < ARRAY_SIZE(kept); i++)
				KUNIT_EXPECT_EQ(test, grow(&kept[i], 10 * i, GFP_KERNEL), 0);
			KUNIT_EXPECT_EQ(test, grow(&gone, 1, GFP_KERNEL), 0);
			KUNIT_EXPECT_EQ(test, swim_hard_new(&hard, swim_local_hold(), 24,
							    GFP_KERNEL), 0);
			KUNIT_EXPECT_EQ(test, swim_ptr_new(&ptr, swim_local_hold(), 24,
							   GFP_KERNEL), 0);
			KUNIT_EXPECT_EQ(test, swim_box_drop(&gone), 0);
			KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.inner)), 50L);
			KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.outer)), 0L);
		}
		KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.inner)), 0L);
		KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.outer)), 50L);
		for (i = 0; i < ARRAY_SIZE(kept); i++) {
			KUNIT_EXPECT_EQ(test, keys_are(&kept[i], 10 * i), 0);
			KUNIT_EXPECT_EQ(test, swim_box_drop(&kept[i]), 0);
		}
		KUNIT_EXPECT_EQ(test, swim_hard_drop(&hard), 0);
		KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
	}
	beds_end(test, &beds);
}

/* Between two steps a run has a hunk that it moves to, and what it has moved there. */
static void what_a_run_has_in_hand_is_stowed(struct kunit *test)
{
	struct swim_box kept[64] = {};
	struct beds beds;
	unsigned int i;

	beds_make(test, &beds);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(beds.inner, 512, 0), 0);
	swim_scope(swim_pool_hold(beds.outer)) {
		swim_scope(swim_pool_hold(beds.inner)) {
			for (i = 0; i < ARRAY_SIZE(kept); i++)
				KUNIT_EXPECT_EQ(test, grow(&kept[i], 10 * i, GFP_KERNEL), 0);
			KUNIT_EXPECT_EQ(test, swim_pool_compact_step(beds.inner, 100), 1);
		}
		KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.inner)), 0L);
		KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.outer)),
				3L * (long)ARRAY_SIZE(kept));
		for (i = 0; i < ARRAY_SIZE(kept); i++) {
			KUNIT_EXPECT_EQ(test, keys_are(&kept[i], 10 * i), 0);
			KUNIT_EXPECT_EQ(test, swim_box_drop(&kept[i]), 0);
		}
	}
	beds_end(test, &beds);
}

static int leave_by_return(struct beds *beds, struct swim_box *box)
{
	swim_scope(swim_pool_hold(beds->inner)) {
		if (grow(box, 5, GFP_KERNEL))
			return 1;
		return 2;
	}
	return 3;
}

/**
 * struct elsewhere - what other CPUs allocate in a pool
 * @hold: of it
 * @kept: by each of them
 */
struct elsewhere {
	struct swim_hold *hold;
	struct swim_raw kept[SWIM_WORKERS_MAX];
};

static int keep_one(void *arg, unsigned int number)
{
	struct elsewhere *it = arg;

	return swim_raw_new(&it->kept[number], it->hold, 40, GFP_KERNEL);
}

/* Their hunks are open yet. */
static void what_other_cpus_have_left_is_stowed(struct kunit *test)
{
	const unsigned int n = swim_workers();
	struct elsewhere it = {};
	struct beds beds;
	unsigned int i;

	if (num_online_cpus() < 2 || !IS_ENABLED(CONFIG_PREEMPT_COUNT))
		kunit_skip(test, "needs another CPU, and a kernel that knows who may sleep");
	beds_make(test, &beds);
	it.hold = swim_pool_hold(beds.inner);
	swim_scope(swim_pool_hold(beds.outer)) {
		swim_scope(it.hold) {
			KUNIT_EXPECT_EQ(test, swim_workers_run(test, n, keep_one, &it), 0);
			KUNIT_EXPECT_EQ(test, live_in(it.hold), (long)n);
		}
		KUNIT_EXPECT_EQ(test, live_in(it.hold), 0L);
		KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.outer)), (long)n);
		for (i = 0; i < n; i++)
			KUNIT_EXPECT_EQ(test, swim_raw_drop(&it.kept[i]), 0);
	}
	beds_end(test, &beds);
}

static void it_is_stowed_on_every_way_out(struct kunit *test)
{
	struct swim_box box[3] = {};
	struct beds beds;
	unsigned int i;

	beds_make(test, &beds);
	swim_scope(swim_pool_hold(beds.outer)) {
		KUNIT_EXPECT_EQ(test, leave_by_return(&beds, &box[0]), 2);
		swim_scope(swim_pool_hold(beds.inner)) {
			KUNIT_EXPECT_EQ(test, grow(&box[1], 5, GFP_KERNEL), 0);
			break;
		}
		swim_scope(swim_pool_hold(beds.inner)) {
			KUNIT_EXPECT_EQ(test, grow(&box[2], 5, GFP_KERNEL), 0);
			goto out;
		}
out:
		KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.inner)), 0L);
		for (i = 0; i < ARRAY_SIZE(box); i++) {
			KUNIT_EXPECT_EQ(test, keys_are(&box[i], 5), 0);
			KUNIT_EXPECT_EQ(test, swim_box_drop(&box[i]), 0);
		}
	}
	beds_end(test, &beds);
}

static void what_cannot_be_stowed_is_reported(struct kunit *test)
{
	struct swim_box box = {}, pinned = {};
	struct beds beds;
	void *bare = NULL;

	beds_make(test, &beds);
	swim_scope(swim_pool_hold(beds.outer)) {
		swim_scope(swim_pool_hold(beds.inner)) {
			bare = swim_alloc(swim_local_hold(), 40, GFP_KERNEL);
			KUNIT_EXPECT_FALSE(test, IS_ERR(bare));
			KUNIT_EXPECT_EQ(test, grow(&box, 5, GFP_KERNEL), 0);
			KUNIT_EXPECT_EQ(test, grow(&pinned, 7, GFP_KERNEL), 0);
			KUNIT_EXPECT_FALSE(test, IS_ERR(swim_box_pin(&pinned)));
		}
		/* The pinned one, its child, and the bare one; what it shares can go. */
		EXPECT_REPORT(test, "left by its scope with 3 objects");
		KUNIT_EXPECT_EQ(test, keys_are(&pinned, 7), 0);
		swim_box_unpin(&pinned);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&pinned), 0);
		KUNIT_EXPECT_EQ(test, swim_free(bare), 0);
		KUNIT_EXPECT_EQ(test, keys_are(&box, 5), 0);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	}
	beds_end(test, &beds);
}

static void without_an_outer_scope_it_is_reported(struct kunit *test)
{
	struct swim_box box = {};
	struct beds beds;

	beds_make(test, &beds);
	swim_scope(swim_pool_hold(beds.inner))
		KUNIT_EXPECT_EQ(test, grow(&box, 5, GFP_KERNEL), 0);
	EXPECT_REPORT(test, "left by its scope with 3 objects");
	KUNIT_EXPECT_EQ(test, keys_are(&box, 5), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	beds_end(test, &beds);
}

/* What is further out is another hold than the one that ends. */
static void scopes_of_one_hold_left_in_the_wrong_order_report_it(struct kunit *test)
{
	struct swim_scope outer, inner;
	struct swim_box box = {};
	struct beds beds;

	beds_make(test, &beds);
	swim_scope_enter(&outer, swim_pool_hold(beds.inner), true);
	swim_scope_enter(&inner, swim_pool_hold(beds.inner), true);
	KUNIT_EXPECT_EQ(test, grow(&box, 5, GFP_KERNEL), 0);
	swim_scope_leave(&outer);
	EXPECT_REPORT(test, "left by its scope with 3 objects");
	swim_scope_leave(&inner);
	KUNIT_EXPECT_EQ(test, keys_are(&box, 5), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	beds_end(test, &beds);
}

static void a_hold_in_use_before_is_left_alone(struct kunit *test)
{
	struct swim_box before = {}, during = {}, with = {};
	struct beds beds;

	beds_make(test, &beds);
	swim_scope(swim_pool_hold(beds.outer)) {
		KUNIT_EXPECT_EQ(test, swim_box_new(&before, swim_pool_hold(beds.inner), &node_type,
						   GFP_KERNEL), 0);
		swim_scope(swim_pool_hold(beds.inner))
			KUNIT_EXPECT_EQ(test, grow(&during, 5, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.inner)), 4L);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&before), 0);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&during), 0);
		swim_with_hold(swim_pool_hold(beds.inner))
			KUNIT_EXPECT_EQ(test, grow(&with, 5, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.inner)), 3L);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&with), 0);
		/* The same hold once more belongs to the first of its scopes. */
		swim_scope(swim_pool_hold(beds.inner)) {
			swim_scope(swim_pool_hold(beds.inner))
				KUNIT_EXPECT_EQ(test, grow(&with, 6, GFP_KERNEL), 0);
			KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.inner)), 3L);
		}
		KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.inner)), 0L);
		KUNIT_EXPECT_EQ(test, keys_are(&with, 6), 0);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&with), 0);
	}
	beds_end(test, &beds);
}

static void the_global_hold_belongs_to_no_scope(struct kunit *test)
{
	struct swim_box box = {};

	swim_scope(swim_global_hold())
		KUNIT_EXPECT_EQ(test, grow(&box, 5, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, keys_are(&box, 5), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
}

DEFINE_SWIM_PACK(scratch, SZ_4K);

static void a_pack_is_evacuated_and_empty(struct kunit *test)
{
	struct swim_box box[4] = {};
	struct swim_hard hard = {};
	struct swim_pack_stats stats;
	struct beds beds;
	void *bare = NULL;
	unsigned int i;

	beds_make(test, &beds);
	swim_scope(swim_pool_hold(beds.outer)) {
		swim_scope(swim_pack_hold(scratch)) {
			bare = swim_alloc(swim_local_hold(), 40, GFP_KERNEL);
			for (i = 0; i < ARRAY_SIZE(box); i++)
				KUNIT_EXPECT_EQ(test, grow(&box[i], i, GFP_KERNEL), 0);
			KUNIT_EXPECT_EQ(test, swim_hard_new(&hard, swim_local_hold(), 24,
							    GFP_KERNEL), 0);
			KUNIT_EXPECT_EQ(test, swim_free(bare), 0);
			bare = swim_alloc(swim_local_hold(), 16, GFP_KERNEL);
			KUNIT_EXPECT_EQ(test, swim_free(bare), 0);
		}
		swim_pack_stats(scratch, &stats);
		KUNIT_EXPECT_EQ(test, stats.live, 0L);
		KUNIT_EXPECT_EQ(test, stats.free, (size_t)SZ_4K);
		KUNIT_EXPECT_EQ(test, live_in(swim_pool_hold(beds.outer)), 13L);
		for (i = 0; i < ARRAY_SIZE(box); i++) {
			KUNIT_EXPECT_EQ(test, keys_are(&box[i], i), 0);
			KUNIT_EXPECT_EQ(test, swim_box_drop(&box[i]), 0);
		}
		KUNIT_EXPECT_EQ(test, swim_hard_drop(&hard), 0);
	}
	beds_end(test, &beds);
}

static int stow_at_the_end(void *arg, unsigned int number)
{
	struct beds *beds = arg;
	struct swim_box box = {};
	int err = 1;

	swim_scope(swim_pool_hold(beds->outer)) {
		swim_scope(swim_pool_hold(beds->inner)) {
			err = grow(&box, 5, GFP_NOWAIT);
			if (err)
				return 2;
		}
		if (live_in(swim_pool_hold(beds->inner)) || keys_are(&box, 5))
			err = 3;
		if (swim_box_drop(&box))
			err = 4;
	}
	return err;
}

static void it_is_stowed_in_every_context(struct kunit *test)
{
	struct beds beds;

	beds_make(test, &beds);
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, stow_at_the_end, &beds), 0);
	beds_end(test, &beds);
}

static void what_is_left_where_nobody_may_sleep_is_reported_too(struct kunit *test)
{
	struct beds beds;
	void *bare = NULL;

	beds_make(test, &beds);
	preempt_disable();
	swim_scope(swim_pool_hold(beds.inner))
		bare = swim_alloc(swim_local_hold(), 40, GFP_NOWAIT);
	preempt_enable();
	EXPECT_REPORT(test, "left by its scope with 1 objects, 40 bytes live");
	KUNIT_EXPECT_FALSE(test, IS_ERR(bare));
	KUNIT_EXPECT_EQ(test, swim_free(bare), 0);
	beds_end(test, &beds);
}

static void what_is_left_in_a_pack_without_a_lease_is_reported(struct kunit *test)
{
	static char memory[SZ_1K] __aligned(8);
	struct swim_pack *pack = swim_pack_create(&(struct swim_block){ memory, sizeof(memory) });
	void *bare = NULL;

	KUNIT_ASSERT_FALSE(test, IS_ERR(pack));
	swim_scope(A) {
		swim_scope(swim_pack_hold(pack))
			bare = swim_alloc(swim_local_hold(), 40, GFP_KERNEL);
		EXPECT_REPORT(test, "pack left by its scope with 1 objects, 40 bytes live");
	}
	KUNIT_EXPECT_EQ(test, swim_free(bare), 0);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
}

static int leave_there(void *arg, unsigned int number)
{
	swim_scope_leave(arg);
	return 0;
}

static void scope_left_in_another_context_is_reported_and_left(struct kunit *test)
{
	struct swim_errand errand = { .work = leave_there };
	struct swim_scope scope;

	errand.arg = &scope;
	init_completion(&errand.done);
	tasklet_setup(&errand.tasklet, swim_errand_softirq);
	KUNIT_ASSERT_PTR_EQ(test, swim_scope_enter(&scope, A, true), &scope);
	tasklet_schedule(&errand.tasklet);
	wait_for_completion(&errand.done);
	tasklet_kill(&errand.tasklet);
	EXPECT_REPORT(test, "scope left in another context than it was entered in");
	EXPECT_NO_LOCAL(test);
	/* Nor twice. */
	swim_scope_leave(&scope);
}

static struct kunit_case scope_cases[] = {
	KUNIT_CASE(outside_of_any_scope_there_is_no_local_hold),
	KUNIT_CASE(scope_makes_its_hold_the_local_one),
	KUNIT_CASE(innermost_scope_wins),
	KUNIT_CASE(scopes_nest_over_calls),
	KUNIT_CASE(scope_is_left_by_break_and_continue),
	KUNIT_CASE(scope_is_left_by_return),
	KUNIT_CASE(scope_is_left_by_goto),
	KUNIT_CASE(scope_without_a_hold_is_reported_and_not_run),
	KUNIT_CASE(objects_come_from_the_local_hold),
	KUNIT_CASE(another_task_sees_none_of_our_scopes),
	KUNIT_CASE(a_neighbour_sees_none_of_our_scopes),
	KUNIT_CASE(tasks_have_their_own_scopes_at_the_same_time),
	KUNIT_CASE(hard_interrupt_sees_its_own_scopes_only),
	KUNIT_CASE(softirq_sees_its_own_scopes_only),
	KUNIT_CASE(scope_of_a_task_holds_with_softirqs_and_interrupts_off),
	KUNIT_CASE(what_is_left_with_a_lease_is_stowed),
	KUNIT_CASE(what_a_run_has_in_hand_is_stowed),
	KUNIT_CASE(what_other_cpus_have_left_is_stowed),
	KUNIT_CASE(it_is_stowed_on_every_way_out),
	KUNIT_CASE(what_cannot_be_stowed_is_reported),
	KUNIT_CASE(without_an_outer_scope_it_is_reported),
	KUNIT_CASE(scopes_of_one_hold_left_in_the_wrong_order_report_it),
	KUNIT_CASE(a_hold_in_use_before_is_left_alone),
	KUNIT_CASE(the_global_hold_belongs_to_no_scope),
	KUNIT_CASE(a_pack_is_evacuated_and_empty),
	KUNIT_CASE(it_is_stowed_in_every_context),
	KUNIT_CASE(what_is_left_where_nobody_may_sleep_is_reported_too),
	KUNIT_CASE(what_is_left_in_a_pack_without_a_lease_is_reported),
	KUNIT_CASE(scope_left_in_another_context_is_reported_and_left),
	{}
};

static struct kunit_suite scope_suite = {
	.name = "scope",
	.init = swim_kunit_init,
	.exit = swim_kunit_exit,
	.test_cases = scope_cases,
};

kunit_test_suite(scope_suite);

MODULE_DESCRIPTION("KUnit suite: scopes");
MODULE_LICENSE("GPL");
