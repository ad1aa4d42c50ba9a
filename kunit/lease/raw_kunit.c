// SPDX-License-Identifier: GPL-2.0-only
/*
 * Raw: the exclusive lease, call by call.
 */
#include <linux/irq_work.h>
#include <linux/sizes.h>

#include "../../swimmem/lease/raw.h"
#include "../kunit.h"

static int raw_init(struct kunit *test)
{
	return swim_heap_init(test, SZ_4M, 0);
}

static void *pin(struct kunit *test, struct swim_raw *raw)
{
	void *object = swim_raw_pin(raw);

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(object));
	return object;
}

static void new_owns_zeroed_bytes(struct kunit *test)
{
	struct swim_raw raw = {};
	u8 *object;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 100, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_size(&raw), 100);
	object = pin(test, &raw);
	KUNIT_EXPECT_EQ(test, (unsigned long)object % 8, 0UL);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, 100));
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void new_costs_the_payload_and_one_tag(struct kunit *test)
{
	struct swim_raw raw = {};

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 61, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, 64);
	KUNIT_EXPECT_EQ(test, heap_stats(test).tags, 8 + swim_kunit_trailer());
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).tags, 0);
}

static void new_refuses_what_makes_no_sense(struct kunit *test)
{
	struct swim_raw raw = {};

	KUNIT_EXPECT_EQ(test, swim_raw_new(NULL, heap_hold(test), 8, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, NULL, 8, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, heap_hold(test), SZ_2M, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, heap_hold(test), SIZE_MAX, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_TRUE(test, swim_raw_is_empty(&raw));
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

static void new_refuses_an_occupied_lease(struct kunit *test)
{
	struct swim_raw raw = {}, before;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 8, GFP_KERNEL), 0);
	before = raw;
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, heap_hold(test), 16, GFP_KERNEL), -EEXIST);
	KUNIT_EXPECT_EQ(test, memcmp(&raw, &before, sizeof(raw)), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void new_out_of_memory_leaves_all_as_it_was(struct kunit *test)
{
	struct swim_raw *raws = kunit_kcalloc(test, 512, sizeof(*raws), GFP_KERNEL);
	struct swim_pool_stats before, after;
	unsigned int n;
	int err = 0;

	KUNIT_ASSERT_NOT_NULL(test, raws);
	for (n = 0; n < 512; n++) {
		err = swim_raw_new(&raws[n], heap_hold(test), SZ_16K, GFP_KERNEL | __GFP_NOWARN);
		if (err)
			break;
	}
	KUNIT_ASSERT_LT(test, n, 512U);
	KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	KUNIT_EXPECT_TRUE(test, swim_raw_is_empty(&raws[n]));
	before = heap_stats(test);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raws[n], heap_hold(test), SZ_16K, GFP_ATOMIC), -ENOMEM);
	after = heap_stats(test);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(after)), 0);
	while (n--)
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raws[n]), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_new(raws, heap_hold(test), SZ_16K, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(raws), 0);
}

static void size_zero_owns_an_object_without_bytes(struct kunit *test)
{
	struct swim_raw raw = {};

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_FALSE(test, swim_raw_is_empty(&raw));
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, 0);
	pin(test, &raw);
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void pin_is_exclusive(struct kunit *test)
{
	struct swim_raw raw = {};
	void *object;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 24, GFP_KERNEL), 0);
	object = pin(test, &raw);
	EXPECT_ERR_PTR(test, swim_raw_pin(&raw), -EBUSY);
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_PTR_EQ(test, pin(test, &raw), object);
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void pin_refuses_an_empty_lease(struct kunit *test)
{
	struct swim_raw raw = {};

	EXPECT_ERR_PTR(test, swim_raw_pin(&raw), -ENOENT);
	EXPECT_ERR_PTR(test, swim_raw_pin(NULL), -EINVAL);
}

static void unpin_of_what_is_not_pinned_is_reported(struct kunit *test)
{
	struct swim_raw raw = {};

	swim_raw_unpin(&raw);
	EXPECT_REPORT(test, "not pinned");
	swim_raw_unpin(NULL);
	EXPECT_REPORT(test, "not pinned");
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 24, GFP_KERNEL), 0);
	swim_raw_unpin(&raw);
	EXPECT_REPORT(test, "not pinned");
	pin(test, &raw);
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void drop_empties_the_lease(struct kunit *test)
{
	struct swim_raw raw = {};

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 24, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	KUNIT_EXPECT_TRUE(test, swim_raw_is_empty(&raw));
	KUNIT_EXPECT_EQ(test, swim_raw_size(&raw), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(NULL), -EINVAL);
	EXPECT_ERR_PTR(test, swim_raw_pin(&raw), -ENOENT);
}

static void drop_refuses_a_pinned_object(struct kunit *test)
{
	struct swim_raw raw = {};
	u64 *object;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 24, GFP_KERNEL), 0);
	object = pin(test, &raw);
	*object = 7;
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), -EBUSY);
	KUNIT_EXPECT_EQ(test, *object, 7ULL);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void use_of_a_lease_behind_the_drop_is_reported(struct kunit *test)
{
	struct swim_raw below = {}, raw = {}, stale;

	/* The object is the newest, so its place is reclaimed; and then one that is not. */
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 24, GFP_KERNEL), 0);
	stale = raw;
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	raw = stale;
	EXPECT_ERR_PTR(test, swim_raw_pin(&raw), -ENOENT);
	EXPECT_REPORT(test, "after its object");

	KUNIT_ASSERT_EQ(test, swim_raw_new(&below, heap_hold(test), 24, GFP_KERNEL), 0);
	stale = below;
	raw = (struct swim_raw){};
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 24, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&below), 0);
	below = stale;
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&below), -ENOENT);
	EXPECT_REPORT(test, "after its object");
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void a_copy_of_a_lease_owns_nothing(struct kunit *test)
{
	struct swim_raw raw = {}, copy;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 24, GFP_KERNEL), 0);
	copy = raw;
	EXPECT_ERR_PTR(test, swim_raw_pin(&copy), -EINVAL);
	EXPECT_REPORT(test, "another lease owns");
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&copy), -EINVAL);
	EXPECT_REPORT(test, "another lease owns");
	pin(test, &raw);
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void an_overwritten_tag_is_reported_not_followed(struct kunit *test)
{
	struct swim_raw raw = {};
	unsigned long *tag, before, nonsense;
	u64 *object;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 24, GFP_KERNEL), 0);
	object = raw.object;
	tag = swim_tag_of(object);
	before = *tag;
	nonsense = REPEAT_BYTE(swim_nonsense(raw.object));
	*tag = nonsense;
	EXPECT_ERR_PTR(test, swim_raw_pin(&raw), -EUCLEAN);
	EXPECT_REPORT(test, "overwritten");
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), -EUCLEAN);
	EXPECT_REPORT(test, "overwritten");
	KUNIT_EXPECT_EQ(test, *tag, nonsense);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	*tag = before;
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void free_of_a_leased_object_is_refused(struct kunit *test)
{
	struct swim_raw raw = {};

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 24, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_free(pin(test, &raw)), -EBUSY);
	EXPECT_REPORT(test, "a lease owns");
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void move_hands_over(struct kunit *test)
{
	struct swim_raw from = {}, to = {};
	void *object;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&from, heap_hold(test), 24, GFP_KERNEL), 0);
	object = from.object;
	KUNIT_EXPECT_EQ(test, swim_raw_move(&to, &from), 0);
	KUNIT_EXPECT_TRUE(test, swim_raw_is_empty(&from));
	KUNIT_EXPECT_EQ(test, swim_raw_size(&to), 24);
	KUNIT_EXPECT_PTR_EQ(test, pin(test, &to), object);
	swim_raw_unpin(&to);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&to), 0);
}

static void move_refuses_and_changes_nothing(struct kunit *test)
{
	struct swim_raw from = {}, to = {}, empty = {};

	KUNIT_ASSERT_EQ(test, swim_raw_new(&from, heap_hold(test), 24, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&to, heap_hold(test), 24, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_move(&to, &from), -EEXIST);
	KUNIT_EXPECT_EQ(test, swim_raw_move(&from, &from), -EEXIST);
	KUNIT_EXPECT_EQ(test, swim_raw_move(NULL, &from), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_raw_move(&empty, NULL), -EINVAL);
	pin(test, &from);
	KUNIT_EXPECT_EQ(test, swim_raw_move(&empty, &from), -EBUSY);
	swim_raw_unpin(&from);
	KUNIT_EXPECT_TRUE(test, swim_raw_is_empty(&empty));
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&from), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_move(&empty, &from), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&to), 0);
}

static void move_into_the_object_itself_is_refused(struct kunit *test)
{
	struct swim_raw raw = {}, *inside;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 64, GFP_KERNEL), 0);
	inside = raw.object + 16;
	KUNIT_EXPECT_EQ(test, swim_raw_move(inside, &raw), -EINVAL);
	EXPECT_REPORT(test, "into the object");
	KUNIT_EXPECT_TRUE(test, swim_raw_is_empty(inside));
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void read_is_the_object_or_null(struct kunit *test)
{
	struct swim_raw raw = {};
	const u64 *seen;
	u64 *object;

	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, swim_raw_read(&raw));
	rcu_read_unlock();
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 24, GFP_KERNEL), 0);
	object = pin(test, &raw);
	*object = 99;
	rcu_read_lock();
	seen = swim_raw_read(&raw);
	KUNIT_EXPECT_EQ(test, *seen, 99ULL);
	rcu_read_unlock();
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void readers_outlive_the_drop_in_an_rcu_pool(struct kunit *test)
{
	struct swim_raw raw = {}, next = {};
	const u64 *seen;
	u64 *object;

	swim_heap_again(test, 0, SWIM_POOL_RCU);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 24, GFP_KERNEL), 0);
	object = pin(test, &raw);
	*object = 99;
	swim_raw_unpin(&raw);
	rcu_read_lock();
	seen = swim_raw_read(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&next, heap_hold(test), 24, GFP_ATOMIC), 0);
	KUNIT_EXPECT_EQ(test, *seen, 99ULL);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&next), 0);
}

static void a_large_object_has_a_lease_like_any_other(struct kunit *test)
{
	static const size_t sizes[] = { SZ_16K, SZ_16K + 1, SZ_64K, SZ_1M };
	struct swim_raw raw = {}, other = {};
	unsigned int i;
	u8 *object;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), sizes[i], GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, heap_stats(test).large, sizes[i] > SZ_16K);
		object = pin(test, &raw);
		KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, sizes[i]));
		memset(object, 0x5a, sizes[i]);
		EXPECT_ERR_PTR(test, swim_raw_pin(&raw), -EBUSY);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), -EBUSY);
		swim_raw_unpin(&raw);
		KUNIT_EXPECT_EQ(test, swim_raw_move(&other, &raw), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(pin(test, &other), 0x5a, sizes[i]));
		swim_raw_unpin(&other);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&other), 0);
		KUNIT_EXPECT_EQ(test, heap_stats(test).large, 0);
	}
}

struct in_hardirq {
	struct irq_work work;
	struct swim_hold *hold;
	struct completion done;
	int err;
};

static int one_life(struct swim_hold *hold)
{
	struct swim_raw raw = {}, other = {};
	u64 *object;
	int err = swim_raw_new(&raw, hold, 64, GFP_ATOMIC);

	if (err)
		return err;
	object = swim_raw_pin(&raw);
	if (IS_ERR(object))
		return PTR_ERR(object);
	*object = 1;
	swim_raw_unpin(&raw);
	err = swim_raw_move(&other, &raw);
	return err ?: swim_raw_drop(&other);
}

static void hardirq(struct irq_work *work)
{
	struct in_hardirq *in = container_of(work, struct in_hardirq, work);

	in->err = in_hardirq() ? one_life(in->hold) : -EDOM;
	complete(&in->done);
}

static void all_calls_work_in_a_hard_interrupt(struct kunit *test)
{
	struct in_hardirq in = { .hold = heap_hold(test) };

	if (IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "no interrupt to run irq_work in");
	init_completion(&in.done);
	in.work = IRQ_WORK_INIT_HARD(hardirq);
	irq_work_queue(&in.work);
	wait_for_completion(&in.done);
	irq_work_sync(&in.work);
	KUNIT_EXPECT_EQ(test, in.err, 0);
}

static void all_calls_work_with_interrupts_or_preemption_off(struct kunit *test)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = one_life(heap_hold(test));
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, err, 0);
	preempt_disable();
	err = one_life(heap_hold(test));
	preempt_enable();
	KUNIT_EXPECT_EQ(test, err, 0);
	local_bh_disable();
	err = one_life(heap_hold(test));
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, err, 0);
}

static struct kunit_case raw_cases[] = {
	KUNIT_CASE(new_owns_zeroed_bytes),
	KUNIT_CASE(new_costs_the_payload_and_one_tag),
	KUNIT_CASE(new_refuses_what_makes_no_sense),
	KUNIT_CASE(new_refuses_an_occupied_lease),
	KUNIT_CASE(new_out_of_memory_leaves_all_as_it_was),
	KUNIT_CASE(size_zero_owns_an_object_without_bytes),
	KUNIT_CASE(pin_is_exclusive),
	KUNIT_CASE(pin_refuses_an_empty_lease),
	KUNIT_CASE(unpin_of_what_is_not_pinned_is_reported),
	KUNIT_CASE(drop_empties_the_lease),
	KUNIT_CASE(drop_refuses_a_pinned_object),
	KUNIT_CASE(use_of_a_lease_behind_the_drop_is_reported),
	KUNIT_CASE(a_copy_of_a_lease_owns_nothing),
	KUNIT_CASE(an_overwritten_tag_is_reported_not_followed),
	KUNIT_CASE(free_of_a_leased_object_is_refused),
	KUNIT_CASE(move_hands_over),
	KUNIT_CASE(move_refuses_and_changes_nothing),
	KUNIT_CASE(move_into_the_object_itself_is_refused),
	KUNIT_CASE(read_is_the_object_or_null),
	KUNIT_CASE(readers_outlive_the_drop_in_an_rcu_pool),
	KUNIT_CASE(a_large_object_has_a_lease_like_any_other),
	KUNIT_CASE(all_calls_work_in_a_hard_interrupt),
	KUNIT_CASE(all_calls_work_with_interrupts_or_preemption_off),
	{}
};

static struct kunit_suite raw_suite = {
	.name = "raw",
	.init = raw_init,
	.exit = swim_heap_exit,
	.test_cases = raw_cases,
};

kunit_test_suite(raw_suite);

MODULE_DESCRIPTION("KUnit: exclusive leases of swimmem");
MODULE_LICENSE("GPL");
