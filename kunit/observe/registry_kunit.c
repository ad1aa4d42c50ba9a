// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registry: what a module that goes has left is looked for in each pool, and nobody looks at its
 * leases and types afterwards. Here the module is the suite's own, which then stays.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/ktime.h>

#include "../kunit.h"
#include "../../swimmem/alloc/pool.h"
#include "../../swimmem/alloc/space.h"
#include "../../swimmem/observe/registry.h"

struct flow {
	u64 packets;
};

static SWIM_PLAIN_TYPE(flow_type, struct flow);
static struct swim_raw in_the_module;

static int registry_init(struct kunit *test)
{
	return swim_heap_init(test, 0, 0);
}

static long live(struct kunit *test)
{
	return heap_stats(test).live;
}

/* The warning is that not all pools were looked at. */
static void expect_warnings(struct kunit *test, unsigned int n)
{
	KUNIT_EXPECT_EQ_MSG(test, swim_reports.warnings, n, "'%s'", swim_reports.warning);
}

static void leave_nothing(struct kunit *test)
{
	swim_registry_leave(THIS_MODULE);
	expect_warnings(test, 0);
	EXPECT_NO_REPORT(test);
}

/* Nobody moves it, so it is still there when it is held, and the lease means nothing. */
static void *box_new(struct kunit *test, struct swim_box *box)
{
	void *object, *held;

	KUNIT_ASSERT_EQ(test, swim_box_new(box, heap_hold(test), &flow_type, GFP_KERNEL), 0);
	object = swim_box_pin(box);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(object));
	held = object;
	swim_box_unpin(box);
	return held;
}

static void what_has_its_type_in_the_module_is_told_and_held(struct kunit *test)
{
	struct swim_box box = {};
	void *held = box_new(test, &box);

	swim_registry_leave(THIS_MODULE);
	EXPECT_REPORT(test, "module 'registry_kunit' gone with 1 objects");
	/* It is told once. */
	leave_nothing(test);
	KUNIT_EXPECT_EQ(test, live(test), 1);
	KUNIT_EXPECT_EQ(test, swim_free(held), 0);
	KUNIT_EXPECT_EQ(test, live(test), 0);
}

static void what_has_its_lease_in_the_module_is_told_and_held(struct kunit *test)
{
	void *object, *held;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&in_the_module, heap_hold(test), 24, GFP_KERNEL), 0);
	object = swim_raw_pin(&in_the_module);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(object));
	held = object;
	swim_raw_unpin(&in_the_module);
	swim_registry_leave(THIS_MODULE);
	EXPECT_REPORT(test, "24 bytes live in pool 'kunit'");
	in_the_module = (struct swim_raw){};
	KUNIT_EXPECT_EQ(test, swim_free(held), 0);
	KUNIT_EXPECT_EQ(test, live(test), 0);
}

static void what_others_have_is_left_alone(struct kunit *test)
{
	struct swim_raw *raw = kunit_kzalloc(test, sizeof(*raw), GFP_KERNEL);
	void *held = swim_pool_alloc(heap_pool(test), 40, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, raw);
	KUNIT_ASSERT_FALSE(test, IS_ERR(held));
	KUNIT_ASSERT_EQ(test, swim_raw_new(raw, heap_hold(test), 24, GFP_KERNEL), 0);
	leave_nothing(test);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(raw), 0);
	KUNIT_EXPECT_EQ(test, swim_free(held), 0);
}

/* Somebody who has the heap's lock of cleaning. */
struct other {
	struct swim_pool *pool;
	struct completion has;
};

#define OTHER_MS	100

static int other_work(void *arg, unsigned int number)
{
	struct other *other = arg;

	if (!number) {
		mutex_lock(&other->pool->space->clean);
		complete(&other->has);
		msleep(OTHER_MS);
		mutex_unlock(&other->pool->space->clean);
	} else {
		wait_for_completion(&other->has);
		swim_registry_leave(THIS_MODULE);
	}
	return 0;
}

static void a_pool_that_somebody_has_is_looked_at_afterwards(struct kunit *test)
{
	struct other other = { .pool = heap_pool(test) };
	struct swim_box box = {};
	void *held = box_new(test, &box);

	init_completion(&other.has);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 2, other_work, &other), 0);
	expect_warnings(test, 0);
	EXPECT_REPORT(test, "module 'registry_kunit' gone with 1 objects");
	KUNIT_EXPECT_EQ(test, swim_free(held), 0);
}

static void a_pool_that_cannot_be_looked_at_is_warned_of(struct kunit *test)
{
	ktime_t began = ktime_get();

	mutex_lock(&heap_pool(test)->space->clean);
	swim_registry_leave(THIS_MODULE);
	mutex_unlock(&heap_pool(test)->space->clean);
	KUNIT_EXPECT_GE(test, ktime_ms_delta(ktime_get(), began), 1900);
	expect_warnings(test, 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(swim_reports.warning, "module 'registry_kunit' gone"));
	EXPECT_NO_REPORT(test);
	/* The next one is looked for as before. */
	leave_nothing(test);
}

static struct kunit_case registry_cases[] = {
	KUNIT_CASE(what_has_its_type_in_the_module_is_told_and_held),
	KUNIT_CASE(what_has_its_lease_in_the_module_is_told_and_held),
	KUNIT_CASE(what_others_have_is_left_alone),
	KUNIT_CASE(a_pool_that_somebody_has_is_looked_at_afterwards),
	KUNIT_CASE(a_pool_that_cannot_be_looked_at_is_warned_of),
	{}
};

static struct kunit_suite registry_suite = {
	.name = "registry",
	.init = registry_init,
	.exit = swim_heap_exit,
	.test_cases = registry_cases,
};

kunit_test_suite(registry_suite);

MODULE_DESCRIPTION("KUnit suite: what a module that goes leaves");
MODULE_LICENSE("GPL");
