// SPDX-License-Identifier: GPL-2.0-only
/*
 * Report: what a client did that it must not do, once, with the stack that did it.
 *
 * Leaves no address behind but hashed ones (%p).
 */
#define pr_fmt(fmt) "swimmem: " fmt

#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>

#include <swimmem/error.h>

#include "../compat.h"
#include "report.h"

/* Where the suites read reports instead of the log. */
static swim_reporter diverted;

/**
 * swim_report_divert - let somebody else have the reports
 * @reporter: called in the reporting context; NULL for the log
 *
 * Context: Process, may sleep.
 * Return: who had them before.
 */
swim_reporter swim_report_divert(swim_reporter reporter)
{
	swim_reporter before = xchg(&diverted, reporter);

	/* Pairs with the read-side section in swim_report(). */
	synchronize_rcu();
	return before;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_report_divert);

/**
 * swim_report - tell of a violation
 * @fmt: one line without newline, as for printf()
 *
 * Context: Any but NMI.
 */
void swim_report(const char *fmt, ...)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	swim_reporter reporter;
	char text[160];
	va_list args;

	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	rcu_read_lock();
	reporter = READ_ONCE(diverted);
	if (reporter)
		reporter(text);
	rcu_read_unlock();
	if (reporter || !__ratelimit(&limit))
		return;
	pr_err("violation: %s\n", text);
	dump_stack();
}

/**
 * swim_error_text - what an errno of swimmem means
 * @err: negative errno, or 0
 */
const char *swim_error_text(int err)
{
	switch (-err) {
	case 0:			return "success";
	case SWIM_EMISALIGNED:	return "misaligned or invalid";
	case SWIM_EOVERSIZED:	return "oversized";
	case SWIM_ENOMEM:	return "out of memory";
	case SWIM_EUNSUPPORTED:	return "unsupported";
	case SWIM_ECLEARED:	return "cleared";
	case SWIM_EALIASED:	return "aliased";
	case SWIM_EOCCUPIED:	return "occupied";
	case SWIM_ECORRUPT:	return "corrupt";
	default:		return "unknown";
	}
}
EXPORT_SYMBOL_GPL(swim_error_text);
