// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handover: memory goes from one CPU to another, and what was written there goes before.
 *
 * These cases fail when two have the memory at once. Under KCSAN they fail, too, when a barrier
 * is missing where it is handed over: that takes each write to be late, until there is a barrier
 * or its function ends. So each turn is one function, which goes on for a while afterwards.
 */
#include <linux/sched.h>
#include <linux/sizes.h>

#include "../kunit.h"

#define TURNS		20000
#define AFTERWARDS	64	/* accesses */

static SWIM_PLAIN_TYPE(count_type, unsigned long);

static __always_inline void go_on(void)
{
	static const unsigned long something[AFTERWARDS];
	unsigned int n;

	for (n = 0; n < AFTERWARDS; n++)
		READ_ONCE(something[n]);
}

/* Each of them counts: two at once would lose some. */
static noinline int count_pinned(struct swim_raw *raw)
{
	unsigned long *count;

	for (;;) {
		count = swim_raw_pin(raw);
		if (count != ERR_PTR(-EBUSY))
			break;
		cond_resched();
	}
	if (IS_ERR(count))
		return PTR_ERR(count);
	(*count)++;
	swim_raw_unpin(raw);
	go_on();
	return 0;
}

static int thread_pins(void *raw, unsigned int number)
{
	unsigned int turn;
	int err = 0;

	for (turn = 0; !err && turn < TURNS; turn++)
		err = count_pinned(raw);
	return err;
}

static void by_a_pin(struct kunit *test)
{
	const unsigned int threads = swim_workers();
	static struct swim_raw raw;
	unsigned long *count;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), sizeof(*count), GFP_KERNEL), 0);
	count = swim_raw_pin(&raw);
	KUNIT_ASSERT_FALSE(test, IS_ERR(count));
	*count = 0;
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, threads, thread_pins, &raw), 0);
	count = swim_raw_pin(&raw);
	KUNIT_EXPECT_FALSE(test, IS_ERR(count));
	if (!IS_ERR(count)) {
		KUNIT_EXPECT_EQ(test, *count, (unsigned long)threads * TURNS);
		swim_raw_unpin(&raw);
	}
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static noinline int count_with_mut(struct swim_hard_box *hard)
{
	struct swim_mut_box mut = {};
	int err;

	for (;;) {
		err = swim_hard_box_poll_to_mut(&mut, hard);
		if (err != -EBUSY && err != -EINPROGRESS && err != -EAGAIN)
			break;
		cond_resched();
	}
	if (err)
		return err;
	(*(unsigned long *)swim_mut_box_get(&mut))++;
	err = swim_mut_box_drop(&mut);
	go_on();
	return err;
}

static int thread_has_a_mut(void *hards, unsigned int number)
{
	unsigned int turn;
	int err = 0;

	for (turn = 0; !err && turn < TURNS; turn++)
		err = count_with_mut((struct swim_hard_box *)hards + number);
	return err;
}

static void by_a_mut(struct kunit *test)
{
	static struct swim_hard_box hards[SWIM_WORKERS_MAX];
	const unsigned int threads = swim_workers();
	struct swim_ref_box ref = {};
	unsigned int n;

	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&hards[0], heap_hold(test), &count_type,
						GFP_KERNEL), 0);
	for (n = 1; n < threads; n++)
		KUNIT_EXPECT_EQ(test, swim_hard_box_clone(&hards[n], &hards[0]), 0);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, threads, thread_has_a_mut, hards), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_try_to_ref(&ref, &hards[0]), 0);
	KUNIT_EXPECT_EQ(test, *(const unsigned long *)swim_ref_box_get(&ref),
			(unsigned long)threads * TURNS);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
	for (n = 0; n < threads; n++)
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hards[n]), 0);
}

/* Nobody else writes there for a while. Results: an errno, or 1. */
static noinline int write_to_a_page(struct swim_space *space, unsigned long number)
{
	struct swim_block block;
	unsigned long *page;
	bool own;
	int err;

	for (;;) {
		err = swim_space_alloc(space, PAGE_SIZE, GFP_NOWAIT, &block);
		if (err != -ENOMEM)
			break;
		cond_resched();
	}
	if (err)
		return err;
	page = block.addr;
	*page = number;
	go_on();
	own = *page == number;
	err = swim_space_free(space, &block);
	go_on();
	return err ?: !own;
}

static int thread_takes_the_page(void *space, unsigned int number)
{
	unsigned int turn;
	int err = 0;

	for (turn = 0; !err && turn < TURNS; turn++)
		err = write_to_a_page(space, number);
	return err;
}

/* All but one are somebody else's. */
static void by_a_page(struct kunit *test)
{
	struct swim_space *space = swim_space_create("kunit-page", SZ_2M);
	const struct swim_block none = {};
	unsigned int n, pages = SZ_2M / PAGE_SIZE;
	struct swim_block *blocks = kunit_kcalloc(test, pages, sizeof(*blocks), GFP_KERNEL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(space));
	KUNIT_ASSERT_NOT_NULL(test, blocks);
	for (n = 0; n < pages; n++)
		KUNIT_EXPECT_EQ(test, swim_space_alloc(space, PAGE_SIZE, GFP_KERNEL, &blocks[n]),
				0);
	KUNIT_EXPECT_EQ(test, swim_space_free(space, &blocks[0]), 0);
	blocks[0] = none;
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), thread_takes_the_page, space),
			0);
	for (n = 0; n < pages; n++)
		KUNIT_EXPECT_EQ(test, swim_space_free(space, &blocks[n]), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
}

static int handover_init(struct kunit *test)
{
	return swim_heap_init(test, 0, 0);
}

static struct kunit_case handover_cases[] = {
	KUNIT_CASE(by_a_pin),
	KUNIT_CASE(by_a_mut),
	KUNIT_CASE(by_a_page),
	{}
};

static struct kunit_suite handover_suite = {
	.name = "handover",
	.init = handover_init,
	.exit = swim_heap_exit,
	.test_cases = handover_cases,
};

kunit_test_suite(handover_suite);

MODULE_DESCRIPTION("KUnit suite: memory that is handed over from one CPU to another");
MODULE_LICENSE("GPL");
