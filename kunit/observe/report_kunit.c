// SPDX-License-Identifier: GPL-2.0-only
/*
 * What sleeps is refused, and reported, where nobody may sleep; each error has a text; and a
 * report comes to the kernel's log.
 */
#include <linux/console.h>
#include <linux/kmsg_dump.h>

#include "../interrupt.h"

/**
 * struct sleepers - what may sleep, done where that is not possible
 * @test: the case
 * @bed: a space and a pool
 * @hard: a lease of which there is a Mut
 * @what: which of them
 */
struct sleepers {
	struct kunit *test;
	struct swim_bed *bed;
	struct swim_hard hard;
	int what;
};

static int sleep_there(void *arg, unsigned int number)
{
	struct sleepers *it = arg;
	struct swim_mut mut = {};
	struct swim_ref ref = {};

	switch (it->what) {
	case 0:
		return PTR_ERR_OR_ZERO(swim_space_create("asleep", 0));
	case 1:
		return swim_space_destroy(it->bed->space);
	case 2:
		return PTR_ERR_OR_ZERO(swim_pool_create("asleep", swim_space_heap(it->bed->space),
							0));
	case 3:
		return swim_pool_destroy(it->bed->pool);
	case 4:
		return swim_pool_compact(it->bed->pool, 0);
	case 5:
		return swim_hard_try_to_mut(&mut, &it->hard);
	case 6:
		return swim_hard_try_to_ref(&ref, &it->hard);
	default:
		return 0;
	}
}

static const char *const said[] = {
	"space created", "space destroyed", "pool created", "pool destroyed", "pool compacted",
	"wait for a lease", "wait for a lease",
};

/* Refuse each of them in this context. */
static void expect_refused(struct sleepers *it, int err)
{
	KUNIT_EXPECT_EQ_MSG(it->test, err, -EPERM, "%s", said[it->what]);
	EXPECT_REPORT(it->test, said[it->what]);
}

static void sleepers_init(struct kunit *test, struct sleepers *it)
{
	*it = (struct sleepers){ .test = test, .bed = test->priv };
	KUNIT_ASSERT_EQ(test, swim_hard_new(&it->hard, heap_hold(test), 8, GFP_KERNEL), 0);
}

static void what_sleeps_is_refused_with_interrupts_off(struct kunit *test)
{
	struct sleepers it;
	unsigned long flags;
	int err;

	sleepers_init(test, &it);
	for (it.what = 0; it.what < (int)ARRAY_SIZE(said); it.what++) {
		local_irq_save(flags);
		err = sleep_there(&it, 0);
		local_irq_restore(flags);
		expect_refused(&it, err);
	}
	KUNIT_EXPECT_EQ(test, swim_hard_drop(&it.hard), 0);
}

static void what_sleeps_is_refused_with_softirqs_off(struct kunit *test)
{
	struct sleepers it;
	int err;

	sleepers_init(test, &it);
	for (it.what = 0; it.what < (int)ARRAY_SIZE(said); it.what++) {
		local_bh_disable();
		err = sleep_there(&it, 0);
		local_bh_enable();
		expect_refused(&it, err);
	}
	KUNIT_EXPECT_EQ(test, swim_hard_drop(&it.hard), 0);
}

static void what_sleeps_is_refused_with_preemption_off(struct kunit *test)
{
	struct sleepers it;
	int err;

	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		kunit_skip(test, "this kernel does not count preemption");
	sleepers_init(test, &it);
	for (it.what = 0; it.what < (int)ARRAY_SIZE(said); it.what++) {
		preempt_disable();
		err = sleep_there(&it, 0);
		preempt_enable();
		expect_refused(&it, err);
	}
	KUNIT_EXPECT_EQ(test, swim_hard_drop(&it.hard), 0);
}

static void what_sleeps_is_refused_in_a_softirq(struct kunit *test)
{
	struct swim_errand errand = { .work = sleep_there };
	struct sleepers it;

	sleepers_init(test, &it);
	errand.arg = &it;
	init_completion(&errand.done);
	tasklet_setup(&errand.tasklet, swim_errand_softirq);
	for (it.what = 0; it.what < (int)ARRAY_SIZE(said); it.what++) {
		reinit_completion(&errand.done);
		tasklet_schedule(&errand.tasklet);
		wait_for_completion(&errand.done);
		KUNIT_EXPECT_TRUE(test, errand.there);
		expect_refused(&it, errand.result);
	}
	tasklet_kill(&errand.tasklet);
	KUNIT_EXPECT_EQ(test, swim_hard_drop(&it.hard), 0);
}

static void each_error_has_a_text_of_its_own(struct kunit *test)
{
	static const int errs[] = {
		0, -SWIM_EMISALIGNED, -SWIM_EOVERSIZED, -SWIM_ENOMEM, -SWIM_EUNSUPPORTED,
		-SWIM_ECLEARED, -SWIM_EALIASED, -SWIM_EOCCUPIED, -SWIM_ECORRUPT,
		-SWIM_ERELOCATING, -SWIM_ECONTENDED, -SWIM_EHARD, -SWIM_ESOFT, -SWIM_EREF,
		-SWIM_ECONTEXT, -SWIM_EUTF8, -ENXIO,
	};
	unsigned int i, j;

	KUNIT_EXPECT_STREQ(test, swim_error_text(-ENXIO), "unknown");
	for (i = 0; i < ARRAY_SIZE(errs); i++)
		for (j = 0; j < i; j++) {
			KUNIT_EXPECT_NE(test, errs[i], errs[j]);
			KUNIT_EXPECT_STRNEQ(test, swim_error_text(errs[i]),
					    swim_error_text(errs[j]));
		}
}

/**
 * struct listener - hears what is written to the kernel's log, which the console does not
 * @at: of the next line
 * @level: of the console before
 */
struct listener {
	struct kmsg_dump_iter at;
	int level;
};

/* What was said before is on the console: it goes by the level that there is when it is written. */
static void console_catch_up(void)
{
	console_lock();
	console_unlock();
}

static void listen(struct listener *listener)
{
	swim_report_divert(NULL);
	/* KUnit's line of the case before has no end yet: it comes to the console with the next. */
	pr_info("listening to the log\n");
	console_catch_up();
	listener->level = console_loglevel;
	console_loglevel = 0;
	kmsg_dump_rewind(&listener->at);
	listener->at.cur_seq = listener->at.next_seq;
}

static void listen_no_more(struct listener *listener)
{
	console_catch_up();
	console_loglevel = listener->level;
	swim_report_divert(swim_report_keep);
}

/*
 * Lines with some words; and none of ours has the address of what they are about, unless this
 * kernel is to show addresses (no_hash_pointers, slub_debug).
 */
static unsigned int heard(struct kunit *test, struct listener *listener, const char *words,
			  const void *about)
{
	struct kmsg_dump_iter at = listener->at;
	static char line[1024];
	char address[20], shown[20];
	unsigned int n = 0;
	size_t len;

	snprintf(address, sizeof(address), "%lx", (unsigned long)about);
	snprintf(shown, sizeof(shown), "%p", about);
	while (kmsg_dump_get_line(&at, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		n += !!strstr(line, words);
		/* The kernel may show all that is on a stack. */
		if (strstr(line, "swimmem: ") && !strstr(shown, address))
			KUNIT_EXPECT_NULL_MSG(test, strstr(line, address), "%s", line);
	}
	return n;
}

static void a_report_is_in_the_log_without_an_address(struct kunit *test)
{
	const bool debug = swim_debug;
	unsigned long entries[4];
	struct listener listener;
	void *object;

	swim_debug = true;
	swim_heap_again(test, SZ_4M, 0);
	swim_debug = debug;
	object = swim_alloc(heap_hold(test), 40, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	listen(&listener);
	KUNIT_EXPECT_EQ(test, swim_free(object), -ENOENT);
	listen_no_more(&listener);
	KUNIT_EXPECT_EQ(test, heard(test, &listener, "swimmem: violation: free of object", object),
			1U);
	KUNIT_EXPECT_EQ(test, heard(test, &listener, "swimmem: allocated at:", object), 1U);
	KUNIT_EXPECT_EQ(test, heard(test, &listener, "swimmem: dropped at:", object), 1U);
	/* Both were done by this case. */
	if (swim_stack_walk(entries, ARRAY_SIZE(entries), 0))
		KUNIT_EXPECT_GE(test, heard(test, &listener, "swimmem:     a_report_is_in", object),
				2U);
}

static void a_leak_is_told_in_the_log_with_what_it_is(struct kunit *test)
{
	struct swim_bed *heap = test->priv;
	struct listener listener;
	void *object;

	object = swim_alloc(heap_hold(test), 40, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	listen(&listener);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(heap->pool), -EBUSY);
	listen_no_more(&listener);
	KUNIT_EXPECT_EQ(test, heard(test, &listener, "violation: pool 'kunit' destroyed with 1 obj",
				    object), 1U);
	KUNIT_EXPECT_EQ(test, heard(test, &listener, "1 objects, 40 bytes: bytes without a lease",
				    object), 1U);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
}

static void a_flood_of_reports_does_not_fill_the_log(struct kunit *test)
{
	struct listener listener;
	unsigned int n;
	void *object;

	object = swim_alloc(heap_hold(test), 40, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	listen(&listener);
	for (n = 0; n < 30; n++)
		KUNIT_EXPECT_EQ(test, swim_free(object), -ENOENT);
	listen_no_more(&listener);
	n = heard(test, &listener, "swimmem: violation: free of object", object);
	/* Ten in five seconds, and five may end in between. */
	KUNIT_EXPECT_GT(test, n, 0U);
	KUNIT_EXPECT_LE(test, n, 20U);
}

static int report_init(struct kunit *test)
{
	return swim_heap_init(test, SZ_4M, 0);
}

static struct kunit_case report_cases[] = {
	KUNIT_CASE(what_sleeps_is_refused_with_interrupts_off),
	KUNIT_CASE(what_sleeps_is_refused_with_softirqs_off),
	KUNIT_CASE(what_sleeps_is_refused_with_preemption_off),
	KUNIT_CASE(what_sleeps_is_refused_in_a_softirq),
	KUNIT_CASE(each_error_has_a_text_of_its_own),
	KUNIT_CASE(a_report_is_in_the_log_without_an_address),
	KUNIT_CASE(a_leak_is_told_in_the_log_with_what_it_is),
	KUNIT_CASE(a_flood_of_reports_does_not_fill_the_log),
	{}
};

static struct kunit_suite report_suite = {
	.name = "report",
	.init = report_init,
	.exit = swim_heap_exit,
	.test_cases = report_cases,
};

kunit_test_suite(report_suite);

MODULE_DESCRIPTION("KUnit suite: errors and refusals");
MODULE_LICENSE("GPL");
