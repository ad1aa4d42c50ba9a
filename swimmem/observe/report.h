/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_OBSERVE_REPORT_H
#define SWIMMEM_OBSERVE_REPORT_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

typedef void (*swim_reporter)(const char *text);

__printf(1, 2) void swim_report(const char *fmt, ...);
bool swim_may_sleep(const char *what);
bool swim_is_leased(void *object, unsigned long value);
void swim_report_overwritten(const char *what, const void *object);
swim_reporter swim_report_divert(swim_reporter reporter);

#endif
