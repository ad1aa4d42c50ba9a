/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a suite's threads do (swim_workers_run()), done in interrupts instead.
 */
#ifndef SWIMMEM_KUNIT_INTERRUPT_H
#define SWIMMEM_KUNIT_INTERRUPT_H

#include <linux/interrupt.h>
#include <linux/irq_work.h>

#include "kunit.h"

/**
 * struct swim_errand - work that is done elsewhere
 * @work: returns 0 or what went wrong, as the caller likes to number it
 * @arg: given to @work
 * @irq_work: for hard interrupts
 * @tasklet: for softirqs
 * @done: when it has been done
 * @there: was it the context that was meant?
 * @result: of @work
 */
struct swim_errand {
	int (*work)(void *arg, unsigned int number);
	void *arg;
	struct irq_work irq_work;
	struct tasklet_struct tasklet;
	struct completion done;
	bool there;
	int result;
};

static void swim_errand_do(struct swim_errand *errand, bool there)
{
	errand->there = there;
	errand->result = errand->work(errand->arg, 0);
	complete(&errand->done);
}

static void swim_errand_hardirq(struct irq_work *work)
{
	swim_errand_do(container_of(work, struct swim_errand, irq_work), in_hardirq());
}

static void swim_errand_softirq(struct tasklet_struct *tasklet)
{
	swim_errand_do(container_of(tasklet, struct swim_errand, tasklet), in_serving_softirq());
}

/*
 * Do @work in a hard interrupt, in a softirq, with interrupts off, and with preemption off.
 *
 * Return: 0, or the result of the first for which it was not 0.
 */
static inline int swim_interrupts_run(struct kunit *test,
				      int (*work)(void *arg, unsigned int number), void *arg)
{
	struct swim_errand errand = { .work = work, .arg = arg };
	unsigned long flags;
	int result = 0;

	init_completion(&errand.done);
	errand.irq_work = IRQ_WORK_INIT_HARD(swim_errand_hardirq);
	irq_work_queue(&errand.irq_work);
	wait_for_completion(&errand.done);
	irq_work_sync(&errand.irq_work);
	KUNIT_EXPECT_TRUE(test, errand.there);
	result = errand.result;

	reinit_completion(&errand.done);
	tasklet_setup(&errand.tasklet, swim_errand_softirq);
	tasklet_schedule(&errand.tasklet);
	wait_for_completion(&errand.done);
	tasklet_kill(&errand.tasklet);
	KUNIT_EXPECT_TRUE(test, errand.there);
	result = result ?: errand.result;

	local_irq_save(flags);
	swim_errand_do(&errand, irqs_disabled());
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, errand.there);
	result = result ?: errand.result;

	preempt_disable();
	swim_errand_do(&errand, true);
	preempt_enable();
	return result ?: errand.result;
}

#endif
