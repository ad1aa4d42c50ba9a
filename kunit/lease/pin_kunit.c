// SPDX-License-Identifier: GPL-2.0-only
/*
 * What lockdep knows of pins, as <swimmem/pin.h> says.
 */
#include <linux/debug_locks.h>

#include "../interrupt.h"

struct pair {
	struct swim_raw raw;
	struct swim_ptr ptr;
	struct swim_buf buf;
};

static SWIM_PLAIN_TYPE(word_type, u64);

static int pin_init(struct kunit *test)
{
	int err = swim_kunit_init(test);

	if (err)
		return err;
	if (!IS_ENABLED(CONFIG_PROVE_LOCKING) || !debug_locks)
		kunit_skip(test, "no lockdep here, or it has given up");
	swim_pin_tell(true);
	return 0;
}

static void pair_new(struct kunit *test, struct swim_hold *hold, struct pair *pair)
{
	*pair = (struct pair){};
	KUNIT_ASSERT_EQ(test, swim_raw_new(&pair->raw, hold, 64, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_new(&pair->ptr, hold, 64, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_buf_new(&pair->buf, hold, &word_type, 4, GFP_KERNEL), 0);
}

static void pair_drop(struct kunit *test, struct pair *pair)
{
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&pair->raw), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&pair->ptr), 0);
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&pair->buf), 0);
}

static void lockdep_knows_each_pin(struct kunit *test)
{
	struct swim_slice slice;
	struct pair pair;

	pair_new(test, swim_global_hold(), &pair);
	KUNIT_EXPECT_FALSE(test, swim_pin_is_held());
	KUNIT_EXPECT_FALSE(test, IS_ERR(swim_raw_pin(&pair.raw)));
	KUNIT_EXPECT_TRUE(test, swim_pin_is_held());
	/* One that fails is none. */
	EXPECT_ERR_PTR(test, swim_raw_pin(&pair.raw), -EBUSY);
	EXPECT_REPORT(test, "pinned again under a pin");
	KUNIT_EXPECT_FALSE(test, IS_ERR(swim_ptr_pin(&pair.ptr)));
	KUNIT_EXPECT_EQ(test, swim_buf_pin(&pair.buf, &slice), 0);
	KUNIT_EXPECT_EQ(test, swim_buf_pin(&pair.buf, &slice), -EBUSY);
	EXPECT_REPORT(test, "pinned again under a pin");
	swim_raw_unpin(&pair.raw);
	KUNIT_EXPECT_TRUE(test, swim_pin_is_held());
	swim_buf_unpin(&pair.buf);
	KUNIT_EXPECT_TRUE(test, swim_pin_is_held());
	swim_ptr_unpin(&pair.ptr);
	KUNIT_EXPECT_FALSE(test, swim_pin_is_held());
	pair_drop(test, &pair);
}

static void many_pins_are_one_lock(struct kunit *test)
{
	static struct swim_raw many[200];
	static DEFINE_SPINLOCK(lock);
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(many); n++)
		KUNIT_ASSERT_EQ(test, swim_raw_new(&many[n], swim_global_hold(), 8, GFP_KERNEL), 0);
	for (n = 0; n < ARRAY_SIZE(many); n++)
		KUNIT_EXPECT_FALSE(test, IS_ERR(swim_raw_pin(&many[n])));
	/* Another lock in between is in order, whichever comes first. */
	spin_lock(&lock);
	swim_raw_unpin(&many[0]);
	KUNIT_EXPECT_FALSE(test, IS_ERR(swim_raw_pin(&many[0])));
	spin_unlock(&lock);
	for (n = 0; n < ARRAY_SIZE(many); n++) {
		KUNIT_EXPECT_TRUE(test, swim_pin_is_held());
		swim_raw_unpin(&many[n]);
	}
	KUNIT_EXPECT_FALSE(test, swim_pin_is_held());
	/* It would have given up on more locks than it can keep. */
	KUNIT_EXPECT_TRUE(test, debug_locks);
	for (n = 0; n < ARRAY_SIZE(many); n++)
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&many[n]), 0);
}

static int pins_here(void *arg, unsigned int number)
{
	struct pair *pair = arg;
	int err = 0;

	if (IS_ERR(swim_raw_pin(&pair->raw)))
		return 1;
	if (!swim_pin_is_held())
		err = 2;
	swim_raw_unpin(&pair->raw);
	return err;
}

static void pins_are_known_in_every_context(struct kunit *test)
{
	struct pair pair;

	pair_new(test, swim_global_hold(), &pair);
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, pins_here, &pair), 0);
	KUNIT_EXPECT_TRUE(test, debug_locks);
	pair_drop(test, &pair);
}

static int pins_of_others_are_not_ours(void *arg, unsigned int number)
{
	struct pair *pair = arg;
	int err = 0;

	if (in_interrupt() && swim_pin_is_held())
		return 1;
	if (IS_ERR(swim_ptr_pin(&pair->ptr)))
		return 2;
	if (!swim_pin_is_held())
		err = 3;
	swim_ptr_unpin(&pair->ptr);
	return err;
}

static void an_interrupt_leaves_the_pins_of_its_task_alone(struct kunit *test)
{
	struct swim_errand errand = { .work = pins_of_others_are_not_ours };
	struct pair pair;
	unsigned int n;

	pair_new(test, swim_global_hold(), &pair);
	errand.arg = &pair;
	init_completion(&errand.done);
	errand.irq_work = IRQ_WORK_INIT_HARD(swim_errand_hardirq);
	for (n = 0; n < ROUNDS(1000); n++) {
		KUNIT_EXPECT_FALSE(test, IS_ERR(swim_raw_pin(&pair.raw)));
		reinit_completion(&errand.done);
		/* On this CPU, at once; to wait for it needs no sleep. */
		irq_work_queue(&errand.irq_work);
		irq_work_sync(&errand.irq_work);
		KUNIT_EXPECT_TRUE(test, swim_pin_is_held());
		swim_raw_unpin(&pair.raw);
		KUNIT_EXPECT_FALSE(test, swim_pin_is_held());
		KUNIT_EXPECT_EQ(test, errand.result, 0);
	}
	KUNIT_EXPECT_TRUE(test, errand.there);
	KUNIT_EXPECT_TRUE(test, debug_locks);
	pair_drop(test, &pair);
}

static struct kunit_case pin_cases[] = {
	KUNIT_CASE(lockdep_knows_each_pin),
	KUNIT_CASE(many_pins_are_one_lock),
	KUNIT_CASE(pins_are_known_in_every_context),
	KUNIT_CASE(an_interrupt_leaves_the_pins_of_its_task_alone),
	{}
};

static struct kunit_suite pin_suite = {
	.name = "pin",
	.init = pin_init,
	.exit = swim_kunit_exit,
	.test_cases = pin_cases,
};

kunit_test_suite(pin_suite);

MODULE_DESCRIPTION("KUnit suite: pins and lockdep");
MODULE_LICENSE("GPL");
