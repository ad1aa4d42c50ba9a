// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fail: the n-th request for memory, where suites ask for it.
 */
#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/limits.h>

#include "fail.h"

#if IS_ENABLED(CONFIG_KUNIT)

DEFINE_STATIC_KEY_FALSE(swim_fail_key);
static atomic_long_t fail_count;	/* requests since swim_fail_nth() */
static unsigned long fail_first, fail_last, fail_step = 1;

/* Has the request come that has to fail? Others may change the question while it is asked. */
bool swim_fail_now(void)
{
	unsigned long n = atomic_long_inc_return(&fail_count);

	return n >= READ_ONCE(fail_first) && n <= READ_ONCE(fail_last) &&
	       !(n % READ_ONCE(fail_step));
}

static void fail(unsigned long first, unsigned long last, unsigned long step)
{
	atomic_long_set(&fail_count, 0);
	WRITE_ONCE(fail_first, first);
	WRITE_ONCE(fail_last, last);
	WRITE_ONCE(fail_step, step);
	if (first)
		static_branch_enable(&swim_fail_key);
	else
		static_branch_disable(&swim_fail_key);
}

/**
 * swim_fail_nth - let one request for memory fail
 * @n: which, counted from 1 from now on; 0 for none, and no more counting
 *
 * Context: Process, may sleep.
 */
void swim_fail_nth(unsigned long n)
{
	fail(n, n, 1);
}
EXPORT_SYMBOL_GPL(swim_fail_nth);

/**
 * swim_fail_from - let requests for memory fail, all from one on
 * @n: the first, counted from 1 from now on; swim_fail_nth(0) ends it
 *
 * Context: Process, may sleep.
 */
void swim_fail_from(unsigned long n)
{
	fail(n, ULONG_MAX, 1);
}
EXPORT_SYMBOL_GPL(swim_fail_from);

/**
 * swim_fail_every - let requests for memory fail again and again
 * @n: one in so many, not 0; swim_fail_nth(0) ends it
 *
 * Context: Process, may sleep.
 */
void swim_fail_every(unsigned long n)
{
	fail(n, ULONG_MAX, n);
}
EXPORT_SYMBOL_GPL(swim_fail_every);

/* How many requests there were since then. */
unsigned long swim_fail_count(void)
{
	return atomic_long_read(&fail_count);
}
EXPORT_SYMBOL_GPL(swim_fail_count);

#endif
