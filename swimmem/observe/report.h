/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_OBSERVE_REPORT_H
#define SWIMMEM_OBSERVE_REPORT_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

/* What a report is made of: first its head, which says what is wrong. */
enum swim_report_part {
	SWIM_REPORT_HEAD,
	SWIM_REPORT_LINE,	/* more about it */
	SWIM_REPORT_STACK,	/* what happened there; and the stack, 0 when it is not known */
	SWIM_REPORT_WARNING,	/* of its own: no violation */
};

#define SWIM_CALL_MAX	96

typedef void (*swim_reporter)(enum swim_report_part part, const char *text, u32 stack);

__printf(1, 2) void swim_report(const char *fmt, ...);
__printf(2, 3) void swim_report_object(void *object, const char *fmt, ...);
__printf(1, 2) bool swim_report_warn(const char *fmt, ...);
__printf(1, 2) bool swim_report_begin(const char *fmt, ...);
__printf(1, 2) void swim_report_line(const char *fmt, ...);
const char *swim_report_call(char *call, unsigned long address);
void swim_report_stack(const char *what, u32 stack);
void swim_report_end(void);
bool swim_may_sleep(const char *what);
bool swim_is_leased(void *object, unsigned long value);
void swim_report_overwritten(const char *what, void *object);
swim_reporter swim_report_divert(swim_reporter reporter);

#endif
