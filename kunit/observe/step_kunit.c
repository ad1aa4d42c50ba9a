// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transitions are counted when a test asks for it, and only then; debugfs has them all.
 */
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../kunit.h"
#include "../../swimmem/observe/step.h"

#define TEXT_MAX	SZ_64K

static int step_init(struct kunit *test)
{
	return swim_heap_init(test, 0, 0);
}

static void step_exit(struct kunit *test)
{
	swim_steps_count(false);
	swim_heap_exit(test);
}

static unsigned long all_times(void)
{
	unsigned long sum = 0;
	unsigned int n;

	for (n = 0; n < SWIM_STEP_NAMES; n++)
		sum += swim_step_times(n);
	return sum;
}

/* Make, pin, hand on, move and drop an object. */
static void work(struct kunit *test)
{
	struct swim_raw raw = {}, to = {};
	void *object;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 100, GFP_KERNEL), 0);
	object = swim_pin_slow(&raw, SWIM_TAG_OF_RAW);
	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	memset(object, 0x5a, 100);
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_move(&to, &raw), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	object = swim_raw_pin(&to);
	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 0x5a, 100));
	swim_raw_unpin(&to);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&to), 0);
}

static void nothing_is_counted_unless_asked_for(struct kunit *test)
{
	const unsigned long before = all_times();

	KUNIT_EXPECT_FALSE(test, static_key_enabled(&swim_steps_key));
	work(test);
	KUNIT_EXPECT_EQ(test, all_times(), before);
}

static void expect_more(struct kunit *test, const unsigned long *before,
			enum swim_step_name name, unsigned long more)
{
	KUNIT_EXPECT_EQ_MSG(test, swim_step_times(name) - before[name], more, "step %d", name);
}

static void each_transition_is_counted_once(struct kunit *test)
{
	unsigned long *before = kunit_kcalloc(test, SWIM_STEP_NAMES, sizeof(*before), GFP_KERNEL);
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, before);
	for (n = 0; n < SWIM_STEP_NAMES; n++)
		before[n] = swim_step_times(n);
	swim_steps_count(true);
	work(test);
	swim_steps_count(false);
	expect_more(test, before, SWIM_STEP_TAG_OWN, 1);
	expect_more(test, before, SWIM_STEP_TAG_PIN, 1);
	expect_more(test, before, SWIM_STEP_TAG_HAND, 1);
	/* The mover has no hunk yet, and comes back with one. */
	expect_more(test, before, SWIM_STEP_MOVE_FULL, 1);
	expect_more(test, before, SWIM_STEP_TAG_VISIT, 2);
	expect_more(test, before, SWIM_STEP_TAG_ABORT, 1);
	expect_more(test, before, SWIM_STEP_MOVE_COPIED, 1);
	expect_more(test, before, SWIM_STEP_TAG_COMMIT, 1);
	expect_more(test, before, SWIM_STEP_TAG_ASK, 0);
	expect_more(test, before, SWIM_STEP_TAG_LET_GO, 1);
	expect_more(test, before, SWIM_STEP_EMPTIED, 1);
	expect_more(test, before, SWIM_STEP_CELL_NEW, 0);
}

static void what_was_counted_stays(struct kunit *test)
{
	unsigned long counted;

	swim_steps_count(true);
	work(test);
	swim_steps_count(false);
	counted = swim_step_times(SWIM_STEP_TAG_COMMIT);
	KUNIT_EXPECT_GT(test, counted, 0UL);
	work(test);
	KUNIT_EXPECT_EQ(test, swim_step_times(SWIM_STEP_TAG_COMMIT), counted);
}

/* Nobody waits where that is not possible. */
static void waits_with_interrupts_off(struct kunit *test)
{
	unsigned long flags;
	unsigned int n;

	swim_steps_count(true);
	local_irq_save(flags);
	for (n = 0; n < 1000; n++)
		swim_step_wait(n);
	KUNIT_EXPECT_TRUE(test, irqs_disabled());
	local_irq_restore(flags);
}

/* A drawing in one word, what it says of the transition, and a number at the end. */
static void expect_line(struct kunit *test, const char *line, unsigned int n)
{
	const char *last = strrchr(line, ' ');
	unsigned long times;

	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, last);
	if (!last)
		return;
	KUNIT_EXPECT_EQ_MSG(test, kstrtoul(last + 1, 10, &times), 0, "%s", line);
	KUNIT_EXPECT_EQ_MSG(test, times, swim_step_times(n), "%s", line);
	KUNIT_EXPECT_LE_MSG(test, strcspn(line, " "), 9UL, "%s", line);
	KUNIT_EXPECT_NE_MSG(test, line[10], ' ', "%s", line);
	KUNIT_EXPECT_EQ_MSG(test, strlen(line), 74UL, "%s", line);
}

static void the_table_has_a_line_for_each(struct kunit *test)
{
	char *text = kvzalloc(TEXT_MAX, GFP_KERNEL), *rest = text, *line;
	struct seq_file seq = { .buf = text, .size = TEXT_MAX };
	unsigned int lines = 0;

	KUNIT_ASSERT_NOT_NULL(test, text);
	swim_steps_count(true);
	work(test);
	swim_steps_count(false);
	KUNIT_EXPECT_EQ(test, swim_steps_show(&seq), 0);
	KUNIT_EXPECT_FALSE(test, seq_has_overflowed(&seq));
	text[min_t(size_t, seq.count, TEXT_MAX - 1)] = '\0';
	line = strsep(&rest, "\n");
	KUNIT_EXPECT_STREQ(test, line, "# drawing, transition, times");
	while ((line = strsep(&rest, "\n")) && *line)
		expect_line(test, line, lines++);
	KUNIT_EXPECT_EQ(test, lines, (unsigned int)SWIM_STEP_NAMES);
	kvfree(text);
}

static struct kunit_case step_cases[] = {
	KUNIT_CASE(nothing_is_counted_unless_asked_for),
	KUNIT_CASE(each_transition_is_counted_once),
	KUNIT_CASE(what_was_counted_stays),
	KUNIT_CASE(waits_with_interrupts_off),
	KUNIT_CASE(the_table_has_a_line_for_each),
	{}
};

static struct kunit_suite step_suite = {
	.name = "step",
	.init = step_init,
	.exit = step_exit,
	.test_cases = step_cases,
};

kunit_test_suite(step_suite);

MODULE_DESCRIPTION("KUnit suite: transitions are counted");
MODULE_LICENSE("GPL");
