// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measure: figures out of many measurements of the same, the clock, and threads that begin at
 * once.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "bench.h"

u64 bench_tick;

/* Values are in thousandths; they are told to a hundredth. */
#define VALUE		"%llu.%02u"
#define OF(milli)	div_u64(milli, 1000), hundredths(milli)

static u32 hundredths(u64 milli)
{
	u32 rest;

	div_u64_rem(milli, 1000, &rest);
	return rest / 10;
}

static void tell(const char *name, const char *whose, const char *unit, const u64 *values,
		 unsigned int n, u64 most, u64 worst, unsigned int runs,
		 struct va_format *parameters)
{
	u64 median = values[n / 2], p10 = bench_share(values, n, 1, 10);
	u64 p90 = bench_share(values, n, 9, 10);

	pr_info("%s %s %pV %s " VALUE " " VALUE " " VALUE " " VALUE " " VALUE " %u\n", name, whose,
		parameters, unit, OF(median), OF(p10), OF(p90), OF(most), OF(worst), runs);
}

/**
 * bench_figure - tell what was measured several times
 * @name: of the figure
 * @whose: name of the peer
 * @unit: of the values
 * @values: thousandths of the unit; they are sorted here
 * @n: how many
 * @parameters: of the measurement, without a space, "-" for none
 */
void bench_figure(const char *name, const char *whose, const char *unit, u64 *values,
		  unsigned int n, const char *parameters, ...)
{
	struct va_format format = { .fmt = parameters };
	va_list args;

	bench_sort(values, n);
	va_start(args, parameters);
	format.va = &args;
	tell(name, whose, unit, values, n, bench_share(values, n, 999, 1000), values[n - 1], n,
	     &format);
	va_end(args);
}

/**
 * bench_figure_alone - tell what was measured in rounds of many, and one by one
 * @name: of the figure
 * @whose: name of the peer
 * @unit: of the values
 * @values: of the rounds: the median and what is around it
 * @n: how many
 * @alone: of the single ones: the end of the distribution
 * @of: how many
 * @parameters: as for bench_figure()
 */
void bench_figure_alone(const char *name, const char *whose, const char *unit, u64 *values,
			unsigned int n, u64 *alone, unsigned int of, const char *parameters, ...)
{
	struct va_format format = { .fmt = parameters };
	va_list args;

	bench_sort(values, n);
	bench_sort(alone, of);
	va_start(args, parameters);
	format.va = &args;
	tell(name, whose, unit, values, n, bench_share(alone, of, 999, 1000), alone[of - 1], of,
	     &format);
	va_end(args);
}

/* What a tick of the clock is. */
int bench_begin(void)
{
	u64 ticks, begin, took;

	ticks = bench_ticks();
	begin = ktime_get_ns();
	do {
		took = ktime_get_ns() - begin;
	} while (took < 50 * NSEC_PER_MSEC);
	bench_tick = div64_u64((took * 1000) << 10, bench_ticks() - ticks);
	return bench_tick ? 0 : -ENODEV;
}

/* Use all that is free once, so that the host has given it to us before anything is timed. */
int bench_touch(void)
{
	const unsigned int order = get_order(SZ_2M);
	unsigned long keep = 0, left;
	struct page *page, *next;
	struct sysinfo memory;
	LIST_HEAD(pages);
	unsigned int i;

	si_meminfo(&memory);
	for (left = memory.freeram / 8 * 7 >> order; left--; keep++) {
		page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, order);
		if (!page)
			break;
		for (i = 0; i < 1U << order; i++)
			memset(page_address(page + i), 0, 8);
		list_add(&page->lru, &pages);
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_pages(page, order);
	return keep ? 0 : -ENOMEM;
}

/**
 * bench_copy - how fast memory is copied in one piece: the limit of who moves objects
 * @bytes: of it
 * @speed: thousandths of a MB/s
 *
 * Return: 0; -ENOMEM; -EIO when the copy is another one.
 */
int bench_copy(size_t bytes, u64 *speed)
{
	void *from = vmalloc(bytes), *to = vmalloc(bytes);
	int err = from && to ? 0 : -ENOMEM;
	u64 ticks;

	if (!err) {
		memset(from, 1, bytes);
		memset(to, 2, bytes);
		ticks = bench_ticks();
		memcpy(to, from, bytes);
		*speed = bench_speed(bytes, bench_milli(bench_ticks() - ticks));
		err = memchr_inv(to, 1, bytes) ? -EIO : 0;
	}
	vfree(to);
	vfree(from);
	return err;
}

static int thread(void *arg)
{
	struct bench_job *job = arg;
	unsigned long flags;
	u64 begin;

	/* All at once. */
	atomic_dec(job->waiting);
	while (atomic_read(job->waiting))
		cpu_relax();
	local_irq_save(flags);
	begin = bench_ticks();
	job->right = job->run(job);
	job->took = bench_ticks() - begin;
	local_irq_restore(flags);
	kthread_complete_and_exit(&job->done, 0);
}

/**
 * bench_run - run jobs at the same time, each on a CPU of its own
 * @jobs: what they do
 * @cpu: the first one's; the next ones follow
 * @n: how many
 *
 * Context: Process context; sleeps.
 * Return: 0; -EIO when a job did not go well; else an errno of kthread_create().
 */
int bench_run(struct bench_job **jobs, unsigned int cpu, unsigned int n)
{
	struct task_struct *task[8];
	atomic_t waiting = ATOMIC_INIT(n);
	int err = n <= ARRAY_SIZE(task) ? 0 : -EINVAL;
	unsigned int i;

	for (i = 0; i < n && !err; i++) {
		init_completion(&jobs[i]->done);
		jobs[i]->waiting = &waiting;
		task[i] = kthread_create(thread, jobs[i], "swimmem_bench/%u", cpu + i);
		if (IS_ERR(task[i])) {
			err = PTR_ERR(task[i]);
			break;
		}
		kthread_bind(task[i], cpu + i);
	}
	while (err && i--)
		kthread_stop(task[i]);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		wake_up_process(task[i]);
	for (i = 0; i < n; i++)
		wait_for_completion(&jobs[i]->done);
	for (i = 0; i < n; i++)
		if (!jobs[i]->right)
			return -EIO;
	return 0;
}
