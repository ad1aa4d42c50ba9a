// SPDX-License-Identifier: GPL-2.0-only
/*
 * Report: what a client did that it must not do, once, with the stack that did it.
 *
 * Leaves no address behind but hashed ones (%p).
 */
#define pr_fmt(fmt) "swimmem: " fmt

#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "../compact/walk.h"
#include "../compat.h"
#include "report.h"
#include "track.h"

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

/* Let whoever reads reports instead of the log have a part of one; false when nobody does. */
static bool divert(enum swim_report_part part, const char *text, u32 stack)
{
	swim_reporter reporter;

	rcu_read_lock();
	reporter = READ_ONCE(diverted);
	if (reporter)
		reporter(part, text, stack);
	rcu_read_unlock();
	return reporter;
}

static __printf(1, 0) bool begin(const char *fmt, va_list args)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	char text[160];

	vscnprintf(text, sizeof(text), fmt, args);
	if (divert(SWIM_REPORT_HEAD, text, 0))
		return true;
	if (!__ratelimit(&limit))
		return false;
	pr_err("violation: %s\n", text);
	return true;
}

/**
 * swim_report_begin - tell of a violation, in several parts
 * @fmt: the first line, without newline, as for printf()
 *
 * Context: Any but NMI.
 * Return: false when there were too many just now, and the rest is not to be told.
 */
bool swim_report_begin(const char *fmt, ...)
{
	va_list args;
	bool go_on;

	va_start(args, fmt);
	go_on = begin(fmt, args);
	va_end(args);
	return go_on;
}

/**
 * swim_report_line - more about it
 * @fmt: one line without newline, as for printf()
 */
void swim_report_line(const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!divert(SWIM_REPORT_LINE, text, 0))
		pr_err("%s\n", text);
}

/**
 * swim_report_warn - tell of what is no violation, but harms
 * @fmt: one line without newline, as for printf()
 *
 * Context: Any but NMI.
 * Return: false when there were too many just now, and this one was not told.
 */
bool swim_report_warn(const char *fmt, ...)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	char text[160];
	va_list args;

	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (divert(SWIM_REPORT_WARNING, text, 0))
		return true;
	if (!__ratelimit(&limit))
		return false;
	pr_warn("%s\n", text);
	return true;
}

/**
 * swim_report_call - a line of a stack, without an address
 * @call: SWIM_CALL_MAX bytes for it
 * @address: in a function, whose module may be gone
 */
const char *swim_report_call(char *call, unsigned long address)
{
	snprintf(call, SWIM_CALL_MAX, "%pS", (void *)address);
	return strstarts(call, "0x") ? "(in a module that is gone)" : call;
}

/**
 * swim_report_stack - who did something earlier
 * @what: was done: allocated, dropped
 * @stack: of swim_stack_save(); 0 when it is not known
 */
void swim_report_stack(const char *what, u32 stack)
{
	char call[SWIM_CALL_MAX];
	unsigned long *entries;
	unsigned int i, n;

	if (divert(SWIM_REPORT_STACK, what, stack))
		return;
	n = swim_stack_fetch(stack, &entries);
	pr_err("%s at:%s\n", what, n ? "" : " (not known)");
	for (i = 0; i < n; i++)
		pr_err("    %s\n", swim_report_call(call, entries[i]));
}

/* Here is who did it, or found it. */
void swim_report_end(void)
{
	if (!READ_ONCE(diverted))
		dump_stack();
}

/**
 * swim_report - tell of a violation
 * @fmt: one line without newline, as for printf()
 *
 * Context: Any but NMI.
 */
void swim_report(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (begin(fmt, args))
		swim_report_end();
	va_end(args);
}

/* Is this the header of a hunk that leads to its frame and back? Anything may be there. */
static bool is_hunk(const struct swim_hunk *at, unsigned long mask)
{
	struct swim_hunk hunk;
	struct swim_frame frame;

	return swim_peek(at, &hunk, sizeof(hunk)) &&
	       hunk.frame && swim_peek(hunk.frame, &frame, sizeof(frame)) &&
	       hunk.pool && frame.pool == hunk.pool && (frame.base & mask) == (unsigned long)at;
}

/**
 * swim_is_leased - does a lease own the object, as its tag says?
 * @object: any object
 * @value: its tag, which may have been overwritten with anything
 */
bool swim_is_leased(void *object, unsigned long value)
{
	struct swim_buf lease;
	void *up;

	if (swim_tag_is_owned(value))
		return swim_owned_peek(object, value, &lease);
	/* Being dropped: at the root, or there is a lease that owns the parent. */
	return swim_tag_is_dropping(value) &&
	       (!swim_tag_slot(value) || (swim_peek(swim_tag_slot(value), &up, sizeof(up)) && up));
}

/* Bytes of an object by its tag, as far as that can be told; -1 when it makes no sense. */
static long size_of(void *object)
{
	unsigned long value = swim_tag_read(swim_tag_of(object));
	struct swim_buf lease;

	if (swim_tag_is_walkable(value))
		return swim_tag_size(value);
	if (swim_tag_is_owned(value) && swim_owned_peek(object, value, &lease))
		return swim_owned_size(object, value, &lease);
	return -1;
}

/* Where it was allocated and dropped, if it is of a debug pool and its tag tells its size. */
static void report_past(void *object)
{
	struct swim_track past;
	long size = size_of(object);

	if (size < 0 || !swim_track_past(object, size, &past))
		return;
	swim_report_stack("allocated", past.born);
	if (swim_track_is_gone(&past, object + size))
		swim_report_stack("dropped", past.gone);
}

/**
 * swim_report_object - tell of a violation, and what is known of the object
 * @object: any object, whose tag may be read
 * @fmt: one line without newline, as for printf()
 *
 * Context: Any but NMI.
 */
void swim_report_object(void *object, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (begin(fmt, args)) {
		report_past(object);
		swim_report_end();
	}
	va_end(args);
}

/* The object that ends where another one's tag stands, and its size; NULL if not found. */
static void *neighbour(const void *object, long *size)
{
	const unsigned long masks[] = { SWIM_FRAME_MASK, PAGE_MASK };
	const void *slot = object - SWIM_TAG_SLOT;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		struct swim_hunk *hunk = (void *)((unsigned long)slot & masks[i]);
		void *at = (void *)hunk + SWIM_HUNK_BEGIN + SWIM_TAG_SLOT;
		size_t behind;

		if (!is_hunk(hunk, masks[i]))
			continue;
		for (*size = 0; *size >= 0 && at < object; at += *size + behind + SWIM_TAG_SLOT) {
			*size = size_of(at);
			behind = swim_pool_behind(hunk->pool, swim_tag_read(swim_tag_of(at)));
			if (at + *size + behind == slot)
				return at;
		}
	}
	return NULL;
}

#define OVERWRITTEN	"%s of object %p, tag is overwritten; before is object %p of %ld bytes"

/**
 * swim_report_overwritten - tell of a tag that makes no sense
 * @what: was to be done
 * @object: whose tag it is
 *
 * Whoever overwrote it may be the owner of the object in front, or that of this one.
 *
 * Context: Any but NMI.
 */
void swim_report_overwritten(const char *what, void *object)
{
	long size;
	void *front = neighbour(object, &size);

	if (front)
		swim_report_object(front, OVERWRITTEN, what, object, front, size);
	else
		swim_report("%s of object %p, whose tag is overwritten", what, object);
}

/**
 * swim_may_sleep - refuse to do what may sleep where that is not possible
 * @what: is about to be done
 *
 * A kernel that does not count preemption knows of interrupts only.
 *
 * Return: false, after a report, when the caller must not sleep.
 */
bool swim_may_sleep(const char *what)
{
	if (likely(!preempt_count() && !irqs_disabled() && !rcu_preempt_depth()))
		return true;
	swim_report("%s where nobody may sleep", what);
	return false;
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
	case SWIM_ERELOCATING:	return "relocating";
	case SWIM_ECONTENDED:	return "contended";
	case SWIM_EHARD:	return "hard count overflow";
	case SWIM_ESOFT:	return "soft count overflow";
	case SWIM_EREF:		return "ref count overflow";
	case SWIM_ECONTEXT:	return "not in this context";
	case SWIM_EUTF8:	return "invalid UTF-8";
	default:		return "unknown";
	}
}
EXPORT_SYMBOL_GPL(swim_error_text);
