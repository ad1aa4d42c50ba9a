// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ptr: the exclusive lease of one pointer, call by call.
 */
#include <linux/sizes.h>

#include "../../swimmem/lease/ptr.h"
#include "../interrupt.h"
#include "../kunit.h"

static int ptr_init(struct kunit *test)
{
	return swim_heap_init(test, SZ_4M, 0);
}

static void *pin(struct kunit *test, struct swim_ptr *ptr)
{
	void *object = swim_ptr_pin(ptr);

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(object));
	return object;
}

static void new_owns_zeroed_bytes(struct kunit *test)
{
	struct swim_ptr ptr = {};
	u8 *object;

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 100, GFP_KERNEL), 0);
	object = pin(test, &ptr);
	KUNIT_EXPECT_EQ(test, (unsigned long)object % 8, 0UL);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, 100));
	swim_ptr_unpin(&ptr);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void new_costs_the_payload_eight_bytes_and_one_tag(struct kunit *test)
{
	struct swim_ptr ptr = {};

	KUNIT_EXPECT_EQ(test, sizeof(ptr), 8);
	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 61, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, 64 + SWIM_PTR_FRONT);
	KUNIT_EXPECT_EQ(test, heap_stats(test).tags, 8 + swim_kunit_trailer());
	KUNIT_EXPECT_PTR_EQ(test, pin(test, &ptr), ptr.object + SWIM_PTR_FRONT);
	swim_ptr_unpin(&ptr);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).tags, 0);
}

static void new_refuses_what_makes_no_sense(struct kunit *test)
{
	struct swim_ptr ptr = {};

	KUNIT_EXPECT_EQ(test, swim_ptr_new(NULL, heap_hold(test), 8, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_ptr_new(&ptr, NULL, 8, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), SZ_2M, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), SIZE_MAX, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_TRUE(test, swim_ptr_is_empty(&ptr));
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

static void new_refuses_an_occupied_lease(struct kunit *test)
{
	struct swim_ptr ptr = {}, before;

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 8, GFP_KERNEL), 0);
	before = ptr;
	KUNIT_EXPECT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 16, GFP_KERNEL), -EEXIST);
	KUNIT_EXPECT_EQ(test, memcmp(&ptr, &before, sizeof(ptr)), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void new_out_of_memory_leaves_all_as_it_was(struct kunit *test)
{
	struct swim_ptr *ptrs = kunit_kcalloc(test, 512, sizeof(*ptrs), GFP_KERNEL);
	struct swim_pool_stats before, after;
	unsigned int n;
	int err = 0;

	KUNIT_ASSERT_NOT_NULL(test, ptrs);
	for (n = 0; n < 512; n++) {
		err = swim_ptr_new(&ptrs[n], heap_hold(test), SZ_16K, GFP_KERNEL | __GFP_NOWARN);
		if (err)
			break;
	}
	KUNIT_ASSERT_LT(test, n, 512U);
	KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	KUNIT_EXPECT_TRUE(test, swim_ptr_is_empty(&ptrs[n]));
	before = heap_stats(test);
	KUNIT_EXPECT_EQ(test, swim_ptr_new(&ptrs[n], heap_hold(test), SZ_16K, GFP_ATOMIC), -ENOMEM);
	after = heap_stats(test);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(after)), 0);
	while (n--)
		KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptrs[n]), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_new(ptrs, heap_hold(test), SZ_16K, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(ptrs), 0);
}

static void size_zero_owns_an_object_without_bytes(struct kunit *test)
{
	struct swim_ptr ptr = {};

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_FALSE(test, swim_ptr_is_empty(&ptr));
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, SWIM_PTR_FRONT);
	pin(test, &ptr);
	swim_ptr_unpin(&ptr);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void pin_is_exclusive(struct kunit *test)
{
	struct swim_ptr ptr = {};
	void *object;

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 24, GFP_KERNEL), 0);
	object = pin(test, &ptr);
	EXPECT_ERR_PTR(test, swim_ptr_pin(&ptr), -EBUSY);
	swim_ptr_unpin(&ptr);
	KUNIT_EXPECT_PTR_EQ(test, pin(test, &ptr), object);
	swim_ptr_unpin(&ptr);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void pin_refuses_an_empty_lease(struct kunit *test)
{
	struct swim_ptr ptr = {};

	EXPECT_ERR_PTR(test, swim_ptr_pin(&ptr), -ENOENT);
	EXPECT_ERR_PTR(test, swim_ptr_pin(NULL), -EINVAL);
}

static void unpin_of_what_is_not_pinned_is_reported(struct kunit *test)
{
	struct swim_ptr ptr = {};

	swim_ptr_unpin(&ptr);
	EXPECT_REPORT(test, "not pinned");
	swim_ptr_unpin(NULL);
	EXPECT_REPORT(test, "not pinned");
	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 24, GFP_KERNEL), 0);
	swim_ptr_unpin(&ptr);
	EXPECT_REPORT(test, "not pinned");
	pin(test, &ptr);
	swim_ptr_unpin(&ptr);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void drop_empties_the_lease(struct kunit *test)
{
	struct swim_ptr ptr = {};

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 24, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
	KUNIT_EXPECT_TRUE(test, swim_ptr_is_empty(&ptr));
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(NULL), -EINVAL);
	EXPECT_ERR_PTR(test, swim_ptr_pin(&ptr), -ENOENT);
}

static void drop_refuses_a_pinned_object(struct kunit *test)
{
	struct swim_ptr ptr = {};
	u64 *object;

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 24, GFP_KERNEL), 0);
	object = pin(test, &ptr);
	*object = 7;
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), -EBUSY);
	KUNIT_EXPECT_EQ(test, *object, 7ULL);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	swim_ptr_unpin(&ptr);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void use_of_a_lease_behind_the_drop_is_reported(struct kunit *test)
{
	struct swim_ptr below = {}, ptr = {}, stale;

	/* The object is the newest, so its place is reclaimed; and then one that is not. */
	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 24, GFP_KERNEL), 0);
	stale = ptr;
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
	ptr = stale;
	EXPECT_ERR_PTR(test, swim_ptr_pin(&ptr), -ENOENT);
	EXPECT_REPORT(test, "after its object");

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&below, heap_hold(test), 24, GFP_KERNEL), 0);
	stale = below;
	ptr = (struct swim_ptr){};
	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 24, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&below), 0);
	below = stale;
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&below), -ENOENT);
	EXPECT_REPORT(test, "after its object");
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void a_copy_of_a_lease_owns_nothing(struct kunit *test)
{
	struct swim_ptr ptr = {}, copy;

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 24, GFP_KERNEL), 0);
	copy = ptr;
	EXPECT_ERR_PTR(test, swim_ptr_pin(&copy), -EINVAL);
	EXPECT_REPORT(test, "another lease owns");
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&copy), -EINVAL);
	EXPECT_REPORT(test, "another lease owns");
	pin(test, &ptr);
	swim_ptr_unpin(&ptr);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void an_overwritten_tag_is_reported_not_followed(struct kunit *test)
{
	struct swim_ptr ptr = {};
	unsigned long *tag, before, nonsense;
	u64 *object;

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 24, GFP_KERNEL), 0);
	object = ptr.object;
	tag = swim_tag_of(object);
	before = *tag;
	nonsense = REPEAT_BYTE(swim_nonsense(ptr.object));
	*tag = nonsense;
	EXPECT_ERR_PTR(test, swim_ptr_pin(&ptr), -EUCLEAN);
	EXPECT_REPORT(test, "overwritten");
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), -EUCLEAN);
	EXPECT_REPORT(test, "overwritten");
	KUNIT_EXPECT_EQ(test, *tag, nonsense);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	*tag = before;
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void free_of_a_leased_object_is_refused(struct kunit *test)
{
	struct swim_ptr ptr = {};
	void *payload;

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 24, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_free(ptr.object), -EBUSY);
	EXPECT_REPORT(test, "a lease owns");
	/* What stands in front of the payload is no tag; in 32 bits it looks like any. */
	payload = pin(test, &ptr);
	KUNIT_EXPECT_LT(test, swim_free(payload), 0);
	if (BITS_PER_LONG == 64)
		EXPECT_REPORT(test, "overwritten");
	swim_reports_reset();
	swim_ptr_unpin(&ptr);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void move_hands_over(struct kunit *test)
{
	struct swim_ptr from = {}, to = {};
	void *object;

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&from, heap_hold(test), 24, GFP_KERNEL), 0);
	object = pin(test, &from);
	swim_ptr_unpin(&from);
	KUNIT_EXPECT_EQ(test, swim_ptr_move(&to, &from), 0);
	KUNIT_EXPECT_TRUE(test, swim_ptr_is_empty(&from));
	KUNIT_EXPECT_PTR_EQ(test, pin(test, &to), object);
	swim_ptr_unpin(&to);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&to), 0);
}

static void move_refuses_and_changes_nothing(struct kunit *test)
{
	struct swim_ptr from = {}, to = {}, empty = {};

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&from, heap_hold(test), 24, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_new(&to, heap_hold(test), 24, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_move(&to, &from), -EEXIST);
	KUNIT_EXPECT_EQ(test, swim_ptr_move(&from, &from), -EEXIST);
	KUNIT_EXPECT_EQ(test, swim_ptr_move(NULL, &from), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_ptr_move(&empty, NULL), -EINVAL);
	pin(test, &from);
	KUNIT_EXPECT_EQ(test, swim_ptr_move(&empty, &from), -EBUSY);
	swim_ptr_unpin(&from);
	KUNIT_EXPECT_TRUE(test, swim_ptr_is_empty(&empty));
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&from), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_move(&empty, &from), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&to), 0);
}

static void move_into_the_object_itself_is_refused(struct kunit *test)
{
	struct swim_ptr ptr = {}, *inside;

	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 64, GFP_KERNEL), 0);
	inside = ptr.object + 16;
	KUNIT_EXPECT_EQ(test, swim_ptr_move(inside, &ptr), -EINVAL);
	EXPECT_REPORT(test, "into the object");
	KUNIT_EXPECT_TRUE(test, swim_ptr_is_empty(inside));
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void read_is_the_object_or_null(struct kunit *test)
{
	struct swim_ptr ptr = {};
	const u64 *seen;
	u64 *object;

	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, swim_ptr_read(&ptr));
	rcu_read_unlock();
	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 24, GFP_KERNEL), 0);
	object = pin(test, &ptr);
	*object = 99;
	rcu_read_lock();
	seen = swim_ptr_read(&ptr);
	KUNIT_EXPECT_EQ(test, *seen, 99ULL);
	rcu_read_unlock();
	swim_ptr_unpin(&ptr);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void readers_outlive_the_drop_in_an_rcu_pool(struct kunit *test)
{
	struct swim_ptr ptr = {}, next = {};
	const u64 *seen;
	u64 *object;

	swim_heap_again(test, 0, SWIM_POOL_RCU);
	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 24, GFP_KERNEL), 0);
	object = pin(test, &ptr);
	*object = 99;
	swim_ptr_unpin(&ptr);
	rcu_read_lock();
	seen = swim_ptr_read(&ptr);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_new(&next, heap_hold(test), 24, GFP_ATOMIC), 0);
	KUNIT_EXPECT_EQ(test, *seen, 99ULL);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&next), 0);
}

static void a_large_object_has_a_lease_like_any_other(struct kunit *test)
{
	static const size_t sizes[] = { SZ_16K - 8, SZ_16K - 7, SZ_64K, SZ_1M };
	struct swim_ptr ptr = {}, other = {};
	unsigned int i;
	u8 *object;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), sizes[i], GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, heap_stats(test).large, sizes[i] + SWIM_PTR_FRONT > SZ_16K);
		object = pin(test, &ptr);
		KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, sizes[i]));
		memset(object, 0x5a, sizes[i]);
		EXPECT_ERR_PTR(test, swim_ptr_pin(&ptr), -EBUSY);
		KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), -EBUSY);
		swim_ptr_unpin(&ptr);
		KUNIT_EXPECT_EQ(test, swim_ptr_move(&other, &ptr), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(pin(test, &other), 0x5a, sizes[i]));
		swim_ptr_unpin(&other);
		KUNIT_EXPECT_EQ(test, swim_ptr_drop(&other), 0);
		KUNIT_EXPECT_EQ(test, heap_stats(test).large, 0);
	}
}

static int one_life(void *arg, unsigned int number)
{
	struct swim_ptr ptr = {}, other = {};
	u64 *payload;
	int err = swim_ptr_new(&ptr, arg, 64, GFP_ATOMIC);

	if (err)
		return err;
	payload = swim_ptr_pin(&ptr);
	if (IS_ERR(payload))
		return PTR_ERR(payload);
	*payload = 1;
	if (swim_ptr_drop(&ptr) != -EBUSY)
		return -EDOM;
	swim_ptr_unpin(&ptr);
	err = swim_ptr_move(&other, &ptr);
	rcu_read_lock();
	if (!err && *(const u64 *)swim_ptr_read(&other) != 1)
		err = -ERANGE;
	rcu_read_unlock();
	return err ?: swim_ptr_drop(&other);
}

static void all_calls_work_in_interrupts(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, one_life(heap_hold(test), 0), 0);
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, one_life, heap_hold(test)), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

#define MANY	300

static void objects_move_and_keep_their_bytes(struct kunit *test)
{
	struct swim_ptr *ptrs = kunit_kcalloc(test, MANY, sizeof(*ptrs), GFP_KERNEL);
	struct swim_ptr *gaps = kunit_kcalloc(test, MANY, sizeof(*gaps), GFP_KERNEL);
	void *held;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, ptrs);
	KUNIT_ASSERT_NOT_NULL(test, gaps);
	for (i = 0; i < MANY; i++) {
		KUNIT_ASSERT_EQ(test, swim_ptr_new(&gaps[i], heap_hold(test), 1000, GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptrs[i], heap_hold(test), i, GFP_KERNEL), 0);
		memset(pin(test, &ptrs[i]), i % 251 + 1, i);
		swim_ptr_unpin(&ptrs[i]);
	}
	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_EQ(test, swim_ptr_drop(&gaps[i]), 0);
	held = pin(test, &ptrs[5]);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	KUNIT_EXPECT_GE(test, heap_stats(test).moves.moved, MANY * 3ULL / 4);
	KUNIT_EXPECT_GE(test, heap_stats(test).moves.refused, 1ULL);
	swim_ptr_unpin(&ptrs[5]);
	KUNIT_EXPECT_PTR_EQ(test, pin(test, &ptrs[5]), held);
	swim_ptr_unpin(&ptrs[5]);
	for (i = 0; i < MANY; i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(pin(test, &ptrs[i]), i % 251 + 1, i));
		swim_ptr_unpin(&ptrs[i]);
		KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptrs[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, 0);
}

static struct kunit_case ptr_cases[] = {
	KUNIT_CASE(new_owns_zeroed_bytes),
	KUNIT_CASE(new_costs_the_payload_eight_bytes_and_one_tag),
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
	KUNIT_CASE(all_calls_work_in_interrupts),
	KUNIT_CASE(objects_move_and_keep_their_bytes),
	{}
};

static struct kunit_suite ptr_suite = {
	.name = "ptr",
	.init = ptr_init,
	.exit = swim_heap_exit,
	.test_cases = ptr_cases,
};

kunit_test_suite(ptr_suite);

MODULE_DESCRIPTION("KUnit: exclusive leases of one pointer");
MODULE_LICENSE("GPL");
