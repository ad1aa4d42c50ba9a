/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites share. Each suite is one source and one module, so all here is static.
 *
 *	init = swim_kunit_init		each case begins on one CPU, with reports kept
 *	exit = swim_kunit_exit		and ends without a report that it did not expect
 *
 * A violation is reported in the kernel's log, and a guest whose log has one has failed.
 * So reports are diverted while a case runs, and EXPECT_REPORT() asks for each by its words.
 */
#ifndef SWIMMEM_KUNIT_H
#define SWIMMEM_KUNIT_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <swimmem/swimmem.h>

#include "../swimmem/alloc/hunk.h"
#include "../swimmem/compact/cleaner.h"
#include "../swimmem/compat.h"
#include "../swimmem/observe/report.h"
#include "../swimmem/observe/track.h"

/* Rounds of a loop that tries at random: a detector kernel is slow, or any in an emulator. */
#define SLOW		(IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_KCSAN) ||	\
			 IS_ENABLED(CONFIG_PROVE_LOCKING) || IS_ENABLED(CONFIG_ARM64))
#define ROUNDS(n)	((n) / (SLOW ? 10 : 1))

/*
 * Does a word say nothing as a tag? In 32 bits one in a few hundred says something by chance, and
 * then a client's error is told as another one.
 */
static inline bool swim_is_nonsense(const void *object, unsigned long word)
{
	return swim_tag_mangle_sized(swim_tag_of(object), word) >> SWIM_TAG_SIZED_BITS;
}

/* A byte of which a tag in front of @object can be made that says nothing. */
static inline u8 __maybe_unused swim_nonsense(const void *object)
{
	u8 byte = 'A';

	while (!swim_is_nonsense(object, REPEAT_BYTE(byte)))
		byte += 8;	/* SIZED as well */
	return byte;
}

/**
 * struct swim_reports - the reports since they were last asked for
 * @lock: of the others
 * @count: how many
 * @last: text of the last one
 * @lines: what else it said, each line with a newline
 * @born: stack that it has of an allocation
 * @gone: stack that it has of a drop
 * @stacks: how many stacks were told, known or not
 * @warnings: what was told that is no violation: how many
 * @warning: text of the last one
 */
struct swim_reports {
	raw_spinlock_t lock;
	unsigned int count;
	char last[160];
	char lines[1600];
	u32 born;
	u32 gone;
	unsigned int stacks;
	unsigned int warnings;
	char warning[160];
};

static struct swim_reports swim_reports = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(swim_reports.lock),
};

static void swim_report_keep_part(enum swim_report_part part, const char *text, u32 stack)
{
	switch (part) {
	case SWIM_REPORT_HEAD:
		swim_reports.count++;
		strscpy(swim_reports.last, text, sizeof(swim_reports.last));
		swim_reports.lines[0] = '\0';
		swim_reports.born = 0;
		swim_reports.gone = 0;
		swim_reports.stacks = 0;
		break;
	case SWIM_REPORT_LINE:
		strlcat(swim_reports.lines, text, sizeof(swim_reports.lines));
		strlcat(swim_reports.lines, "\n", sizeof(swim_reports.lines));
		break;
	case SWIM_REPORT_STACK:
		swim_reports.stacks++;
		if (!strcmp(text, "allocated"))
			swim_reports.born = stack;
		else
			swim_reports.gone = stack;
		break;
	case SWIM_REPORT_WARNING:
		swim_reports.warnings++;
		strscpy(swim_reports.warning, text, sizeof(swim_reports.warning));
		swim_reports.born = 0;
		swim_reports.stacks = 0;
		break;
	}
}

static void swim_report_keep(enum swim_report_part part, const char *text, u32 stack)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&swim_reports.lock, flags);
	swim_report_keep_part(part, text, stack);
	raw_spin_unlock_irqrestore(&swim_reports.lock, flags);
}

static inline void swim_reports_reset(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&swim_reports.lock, flags);
	swim_reports.count = 0;
	swim_reports.last[0] = '\0';
	swim_reports.warnings = 0;
	swim_reports.warning[0] = '\0';
	raw_spin_unlock_irqrestore(&swim_reports.lock, flags);
}

/* Exactly one report since the last of these, and it has these words in it. */
#define EXPECT_REPORT(test, words)						\
do {										\
	const char *__words = (words);						\
	struct kunit *__test = (test);						\
										\
	KUNIT_EXPECT_EQ_MSG(__test, swim_reports.count, 1U,			\
			    "reports, the last is '%s'", swim_reports.last);	\
	KUNIT_EXPECT_TRUE_MSG(__test, !!strstr(swim_reports.last, __words),	\
			      "no '%s' in '%s'", __words, swim_reports.last);	\
	swim_reports_reset();							\
} while (0)

#define EXPECT_NO_REPORT(test)							\
do {										\
	KUNIT_EXPECT_EQ_MSG(test, swim_reports.count, 0U,			\
			    "reports, the last is '%s'", swim_reports.last);	\
	swim_reports_reset();							\
} while (0)

/*
 * The suites run with swimmem's debug=1 as well. Then pools keep more of each object, all CPUs
 * allocate in one hunk, and what is dropped there is not used again before the hunk goes.
 */
#define SKIP_IN_DEBUG(test, why)						\
do {										\
	if (swim_debug)								\
		kunit_skip(test, "in a debug pool " why);			\
} while (0)

/* What is zeroed by whoever frees can be read where KASAN does not forbid it. */
static inline void init_on_free_or_skip(struct kunit *test)
{
	if (!want_init_on_free())
		kunit_skip(test, "needs init_on_free=1");
	if (IS_ENABLED(CONFIG_KASAN))
		kunit_skip(test, "KASAN says who reads freed memory");
}

/* Bytes that a pool keeps behind each object. */
static inline size_t swim_kunit_trailer(void)
{
	return swim_debug ? sizeof(struct swim_track) : 0;
}

/* Bytes that it keeps more of a large object than of none: in front, and behind. */
static inline size_t swim_kunit_large(void)
{
	return swim_debug ? sizeof(struct swim_large) - sizeof(struct swim_hunk) +
			    sizeof(struct swim_track) : 0;
}

/* A pointer that carries this errno. */
#define EXPECT_ERR_PTR(test, ptr, err)	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ptr), err)

static inline int swim_kunit_init(struct kunit *test)
{
	swim_reports_reset();
	swim_report_divert(swim_report_keep);
	/* Cases keep objects pinned while they do what sleeps. */
	swim_pin_tell(false);
	/* They count moves, so nobody else is to move anything in the background. */
	swim_target_default = 0;
	/* Each case has a thread of its own, so there is nothing to undo. */
	return set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
}

static inline void swim_kunit_exit(struct kunit *test)
{
	swim_pin_tell(true);
	swim_report_divert(NULL);
	EXPECT_NO_REPORT(test);
}

/**
 * struct swim_bed - a page-backed space with a pool over it, which most cases need
 * @space: the space
 * @pool: the pool; NULL when the case destroyed it
 */
struct swim_bed {
	struct swim_space *space;
	struct swim_pool *pool;
};

static inline struct swim_pool *heap_pool(struct kunit *test)
{
	struct swim_bed *heap = test->priv;

	return heap->pool;
}

static inline struct swim_hold *heap_hold(struct kunit *test)
{
	return swim_pool_hold(heap_pool(test));
}

static inline struct swim_pool_stats heap_stats(struct kunit *test)
{
	struct swim_pool_stats stats;

	swim_pool_stats(heap_pool(test), &stats);
	return stats;
}

static inline int swim_bed_create(struct swim_bed *bed, size_t limit, unsigned long flags)
{
	bed->space = swim_space_create("kunit", limit);
	if (IS_ERR(bed->space))
		return PTR_ERR(bed->space);
	bed->pool = swim_pool_create("kunit", swim_space_heap(bed->space), flags);
	if (IS_ERR(bed->pool)) {
		swim_space_destroy(bed->space);
		return PTR_ERR(bed->pool);
	}
	return 0;
}

/* For a suite's init: test->priv is a heap, of up to @limit bytes. */
static inline int swim_heap_init(struct kunit *test, size_t limit, unsigned long flags)
{
	struct swim_bed *heap = kunit_kzalloc(test, sizeof(*heap), GFP_KERNEL);
	int err = swim_kunit_init(test);

	if (err || !heap)
		return err ?: -ENOMEM;
	err = swim_bed_create(heap, limit, flags);
	if (!err)
		test->priv = heap;
	return err;
}

/* For a suite's exit: the case must have left nothing live in its heap. */
static inline void swim_heap_exit(struct kunit *test)
{
	struct swim_bed *heap = test->priv;

	if (heap && heap->pool)
		KUNIT_EXPECT_EQ(test, swim_pool_destroy(heap->pool), 0);
	if (heap && heap->space)
		KUNIT_EXPECT_EQ(test, swim_space_destroy(heap->space), 0);
	swim_kunit_exit(test);
}

/* Let the heap of this case be another one. */
static inline void swim_heap_again(struct kunit *test, size_t limit, unsigned long flags)
{
	struct swim_bed *heap = test->priv;

	KUNIT_ASSERT_EQ(test, swim_pool_destroy(heap->pool), 0);
	heap->pool = NULL;
	KUNIT_ASSERT_EQ(test, swim_space_destroy(heap->space), 0);
	heap->space = NULL;
	heap->space = swim_space_create("kunit", limit);
	KUNIT_ASSERT_FALSE(test, IS_ERR(heap->space));
	heap->pool = swim_pool_create("kunit", swim_space_heap(heap->space), flags);
	KUNIT_ASSERT_FALSE(test, IS_ERR(heap->pool));
}

#define SWIM_WORKERS_MAX	16

/**
 * struct swim_worker - one of several threads that do the same at the same time
 * @work: what they do; returns 0 or what went wrong, as the caller likes to number it
 * @arg: shared by all
 * @number: of this one, from 0 on
 * @start: when all are there
 * @done: when this one is
 * @task: its thread
 * @result: of @work
 */
struct swim_worker {
	int (*work)(void *arg, unsigned int number);
	void *arg;
	unsigned int number;
	struct completion *start;
	struct completion done;
	struct task_struct *task;
	int result;
};

static int swim_worker_thread(void *data)
{
	struct swim_worker *worker = data;

	wait_for_completion(worker->start);
	worker->result = worker->work(worker->arg, worker->number);
	complete(&worker->done);
	return 0;
}

/*
 * Do @work on @n threads at once, on all CPUs in turn, and wait for all of them.
 *
 * Return: 0, or the result of one for which it was not 0.
 */
static inline int swim_workers_run(struct kunit *test, unsigned int n,
				   int (*work)(void *arg, unsigned int number), void *arg)
{
	struct swim_worker *workers = kunit_kcalloc(test, n, sizeof(*workers), GFP_KERNEL);
	DECLARE_COMPLETION_ONSTACK(start);
	unsigned int i, started = 0;
	int cpu = -1, result = 0;

	KUNIT_ASSERT_LE(test, n, SWIM_WORKERS_MAX);
	KUNIT_ASSERT_NOT_NULL(test, workers);
	for (i = 0; i < n; i++) {
		struct swim_worker *worker = &workers[i];

		*worker = (struct swim_worker){ work, arg, i, &start };
		init_completion(&worker->done);
		worker->task = kthread_create(swim_worker_thread, worker, "kunit/%u", i);
		if (IS_ERR(worker->task))
			break;
		get_task_struct(worker->task);
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		kthread_bind(worker->task, cpu);
		wake_up_process(worker->task);
		started++;
	}
	complete_all(&start);
	for (i = 0; i < started; i++) {
		wait_for_completion(&workers[i].done);
		/* It must have left this module's text. */
		kthread_stop(workers[i].task);
		put_task_struct(workers[i].task);
		result = result ?: workers[i].result;
	}
	KUNIT_EXPECT_EQ(test, started, n);
	return result;
}

/* As many threads as there are CPUs, but several, and not too many. */
static inline unsigned int swim_workers(void)
{
	return clamp(num_online_cpus(), 4U, (unsigned int)SWIM_WORKERS_MAX);
}

/* Numbers that are the same in each run, and different in each thread: xorshift. */
static inline u32 swim_random(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static inline u32 swim_random_seed(unsigned int number)
{
	return 2463534242U + number * 0x9e3779b9U;
}

static inline void swim_shuffle(void *items, size_t n, size_t size, u32 *state)
{
	u8 swap[64];
	size_t i, j;

	if (WARN_ON(size > sizeof(swap)))
		return;
	for (i = n; i > 1; i--) {
		j = swim_random(state) % i;
		memcpy(swap, items + j * size, size);
		memcpy(items + j * size, items + (i - 1) * size, size);
		memcpy(items + (i - 1) * size, swap, size);
	}
}

#endif
