// SPDX-License-Identifier: GPL-2.0-only
/*
 * Step: counts transitions, and provokes races, for tests. step.h lists them and tells how.
 *
 * Where everybody is delayed, nobody is late. So for some ticks an eighth of all places are slow,
 * and then others: what stands in between there is to be seen for as long as a whole
 * operation takes elsewhere, or several. Most waits are short, and a few very long: one race
 * wants another CPU within a few instructions, and the next one a whole row of operations there.
 */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "../compat.h"
#include "step.h"

#define SLOT		DIV_ROUND_UP(HZ, 64)	/* ticks for which the same places are slow */
#define DOUBLINGS	11			/* of a microsecond: up to a millisecond */
#define LINGER		200			/* microseconds, where a mover has an object */

DEFINE_STATIC_KEY_FALSE(swim_steps_key);
EXPORT_SYMBOL_GPL(swim_steps_key);

static DEFINE_PER_CPU(unsigned long, times[SWIM_STEP_NAMES]);
static DEFINE_PER_CPU(u32, random);

/* That an interrupt comes between does no harm. */
static u32 any(void)
{
	raw_cpu_add(random, 1);
	return jhash_2words(raw_cpu_read(random), raw_smp_processor_id(), 0);
}

static bool is_slow(unsigned int where)
{
	return !(jhash_2words(where, (u32)jiffies / SLOT, 0) % 8);
}

/* What a test has done between two steps of a task, once. */
static struct {
	struct task_struct *task;
	unsigned int places;	/* that are to be passed before */
	void (*intruder)(void *arg);
	void *arg;
} intrusion;

/**
 * swim_step_intrude - have something done between two steps of what the caller does next
 * @places: how many steps and windows he comes to before
 * @intruder: is called at the next one, as the caller may be there: with a lock, or interrupts
 *	      off; NULL when there is to be none any more
 * @arg: for it
 *
 * Context: Process; one caller at a time.
 */
void swim_step_intrude(unsigned int places, void (*intruder)(void *arg), void *arg)
{
	WRITE_ONCE(intrusion.task, NULL);
	intrusion.places = places;
	intrusion.intruder = intruder;
	intrusion.arg = arg;
	if (intruder)
		WRITE_ONCE(intrusion.task, current);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_step_intrude);

static void intrude(void)
{
	if (READ_ONCE(intrusion.task) != current || !in_task())
		return;
	if (intrusion.places) {
		intrusion.places--;
		return;
	}
	WRITE_ONCE(intrusion.task, NULL);
	intrusion.intruder(intrusion.arg);
}

/**
 * swim_step_wait - let others come between
 * @where: that is
 *
 * Context: Any. Takes no time, or up to a millisecond.
 */
void swim_step_wait(unsigned int where)
{
	const bool slow = is_slow(where);
	const u32 n = any();

	intrude();
	if (!(n & (slow ? 7 : 0xfff)))
		udelay(1 << (n >> 16) % DOUBLINGS);
	else if (slow || !(n & 63))
		ndelay((n >> 16) % 500);
}
EXPORT_SYMBOL_GPL(swim_step_wait);

/**
 * swim_step_linger - let owners find out that a mover has their object
 *
 * There are few movers, and they have an object for a moment: so they wait longer than others.
 *
 * Context: Any.
 */
void swim_step_linger(void)
{
	const u32 n = any();

	if (!(n & 7))
		udelay(1 + (n >> 16) % LINGER);
}

/**
 * swim_step_done - count a transition, and let others see it
 * @name: of it
 *
 * Context: Any.
 */
void swim_step_done(enum swim_step_name name)
{
	this_cpu_inc(times[name]);
	/* Lines are not that long: places of their own. */
	swim_step_wait(name << 16);
}
EXPORT_SYMBOL_GPL(swim_step_done);

/**
 * swim_steps_count - count from here on, or no more
 * @count: which
 *
 * Context: Process, may sleep.
 */
void swim_steps_count(bool count)
{
	if (count)
		static_branch_enable(&swim_steps_key);
	else
		static_branch_disable(&swim_steps_key);
}
EXPORT_SYMBOL_GPL(swim_steps_count);

/**
 * swim_step_times - how often a transition was done while they were counted
 * @name: of it
 */
unsigned long swim_step_times(enum swim_step_name name)
{
	unsigned long sum = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(times, cpu)[name]);
	return sum;
}
EXPORT_SYMBOL_GPL(swim_step_times);

static const struct {
	const char *drawing;
	const char *transition;
} names[] = {
#define NAME(name, drawing, transition)	{ drawing, transition },
	SWIM_STEPS(NAME)
#undef NAME
};

/**
 * swim_steps_show - a line for each: the drawing, the transition, how often
 * @seq: where to
 */
int swim_steps_show(struct seq_file *seq)
{
	unsigned int n;

	seq_puts(seq, "# drawing, transition, times\n");
	for (n = 0; n < SWIM_STEP_NAMES; n++)
		seq_printf(seq, "%-10s%-52s%12lu\n", names[n].drawing, names[n].transition,
			   swim_step_times(n));
	return 0;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_steps_show);
