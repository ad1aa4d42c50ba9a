// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of <swimmem/scope.h>.
 */
#include <linux/interrupt.h>
#include <linux/irq_work.h>

#include "../kunit.h"

/* Holds are told apart by their address; nothing is allocated from these. */
static struct swim_hold a, b, c;

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

	swim_scope(&a) {
		EXPECT_LOCAL(test, &a);
		ran++;
	}
	KUNIT_EXPECT_EQ(test, ran, 1U);
	EXPECT_NO_LOCAL(test);
}

static void innermost_scope_wins(struct kunit *test)
{
	swim_scope(&a) {
		swim_scope(&b) {
			swim_scope(&c)
				EXPECT_LOCAL(test, &c);
			EXPECT_LOCAL(test, &b);
			/* The same once more. */
			swim_scope(&b)
				EXPECT_LOCAL(test, &b);
			EXPECT_LOCAL(test, &b);
			swim_scope(&a)
				EXPECT_LOCAL(test, &a);
			EXPECT_LOCAL(test, &b);
		}
		EXPECT_LOCAL(test, &a);
	}
	EXPECT_NO_LOCAL(test);
}

static struct swim_hold *nested_to(unsigned int depth)
{
	struct swim_hold *hold = NULL;

	swim_scope(depth % 2 ? &a : &b)
		hold = depth ? nested_to(depth - 1) : swim_local_hold();
	return hold;
}

static void scopes_nest_over_calls(struct kunit *test)
{
	swim_scope(&c) {
		KUNIT_EXPECT_PTR_EQ(test, nested_to(10), &b);
		EXPECT_LOCAL(test, &c);
	}
	EXPECT_NO_LOCAL(test);
}

static void scope_is_left_by_break_and_continue(struct kunit *test)
{
	unsigned int ran = 0, i;

	swim_scope(&a) {
		ran++;
		if (ran)
			break;
		ran = 100;
	}
	EXPECT_NO_LOCAL(test);
	KUNIT_EXPECT_EQ(test, ran, 1U);
	swim_scope(&a) {
		ran++;
		if (ran)
			continue;
		ran = 100;
	}
	EXPECT_NO_LOCAL(test);
	KUNIT_EXPECT_EQ(test, ran, 2U);
	for (i = 0; i < 3; i++) {
		swim_scope(&a)
			ran++;
		EXPECT_NO_LOCAL(test);
	}
	KUNIT_EXPECT_EQ(test, ran, 5U);
}

static int return_from_within(struct kunit *test)
{
	swim_scope(&b) {
		swim_scope(&c) {
			EXPECT_LOCAL(test, &c);
			return 4711;
		}
	}
	return 0;
}

static void scope_is_left_by_return(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, return_from_within(test), 4711);
	EXPECT_NO_LOCAL(test);
	swim_scope(&a) {
		KUNIT_EXPECT_EQ(test, return_from_within(test), 4711);
		EXPECT_LOCAL(test, &a);
	}
	EXPECT_NO_LOCAL(test);
}

static void scope_is_left_by_goto(struct kunit *test)
{
	unsigned int ran = 0;

	swim_scope(&a) {
		swim_scope(&b) {
			swim_scope(&c) {
				ran++;
				goto out;
			}
		}
		ran = 100;
out:
		EXPECT_LOCAL(test, &a);
	}
	KUNIT_EXPECT_EQ(test, ran, 1U);
	EXPECT_NO_LOCAL(test);
}

static void scope_without_a_hold_is_reported_and_not_run(struct kunit *test)
{
	struct swim_hold *const wrong[] = { NULL, ERR_PTR(-ENOENT), ERR_PTR(-ENOMEM) };
	unsigned int i, ran = 0;

	swim_scope(&a) {
		for (i = 0; i < ARRAY_SIZE(wrong); i++) {
			swim_scope(wrong[i])
				ran++;
			EXPECT_REPORT(test, "scope without a hold");
			EXPECT_LOCAL(test, &a);
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
	swim_scope(swim_pool_hold(pool))
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
	swim_scope(&a) {
		KUNIT_EXPECT_EQ(test, swim_workers_run(test, 1, thread_sees_none, NULL), 0);
		EXPECT_LOCAL(test, &a);
	}
}

/* Each has scopes of its own while all others come and go. Results: 1 another's, 2 one left. */
static int thread_nests(void *arg, unsigned int number)
{
	static struct swim_hold own[SWIM_WORKERS_MAX][2];
	unsigned int round;
	int err = 0;

	for (round = 0; !err && round < ROUNDS(20000); round++) {
		swim_scope(&own[number][0]) {
			swim_scope(&own[number][1]) {
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

	swim_scope(&a) {
		KUNIT_EXPECT_EQ(test, swim_workers_run(test, n, thread_nests, NULL), 0);
		EXPECT_LOCAL(test, &a);
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
	swim_scope(&c)
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
	KUNIT_EXPECT_PTR_EQ(test, visit->within, &c);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(visit->after), -ENOENT);
}

static void hard_interrupt_sees_its_own_scopes_only(struct kunit *test)
{
	struct visit *visit = kunit_kzalloc(test, sizeof(*visit), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, visit);
	init_completion(&visit->done);
	visit->irq_work = IRQ_WORK_INIT_HARD(look_in_hardirq);
	swim_scope(&a) {
		irq_work_queue(&visit->irq_work);
		wait_for_completion(&visit->done);
		irq_work_sync(&visit->irq_work);
		EXPECT_LOCAL(test, &a);
	}
	expect_own(test, visit);
}

static void softirq_sees_its_own_scopes_only(struct kunit *test)
{
	struct visit *visit = kunit_kzalloc(test, sizeof(*visit), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, visit);
	init_completion(&visit->done);
	tasklet_setup(&visit->tasklet, look_in_softirq);
	swim_scope(&a) {
		/* It runs here, on top of us, when softirqs are let in again. */
		local_bh_disable();
		tasklet_schedule(&visit->tasklet);
		local_bh_enable();
		wait_for_completion(&visit->done);
		tasklet_kill(&visit->tasklet);
		EXPECT_LOCAL(test, &a);
	}
	expect_own(test, visit);
}

static void scope_of_a_task_holds_with_softirqs_and_interrupts_off(struct kunit *test)
{
	struct swim_hold *bh = NULL, *irq = NULL;
	unsigned long flags;

	swim_scope(&a) {
		local_bh_disable();
		bh = swim_local_hold();
		local_irq_save(flags);
		swim_scope(&b)
			irq = swim_local_hold();
		local_irq_restore(flags);
		local_bh_enable();
		EXPECT_LOCAL(test, &a);
	}
	KUNIT_EXPECT_PTR_EQ(test, bh, &a);
	KUNIT_EXPECT_PTR_EQ(test, irq, &b);
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
	KUNIT_CASE(tasks_have_their_own_scopes_at_the_same_time),
	KUNIT_CASE(hard_interrupt_sees_its_own_scopes_only),
	KUNIT_CASE(softirq_sees_its_own_scopes_only),
	KUNIT_CASE(scope_of_a_task_holds_with_softirqs_and_interrupts_off),
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
