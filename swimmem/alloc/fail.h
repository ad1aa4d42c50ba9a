/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fail: lets the n-th request for memory fail, where suites want to see what then happens.
 */
#ifndef SWIMMEM_ALLOC_FAIL_H
#define SWIMMEM_ALLOC_FAIL_H

#include <linux/jump_label.h>
#include <linux/types.h>

#if IS_ENABLED(CONFIG_KUNIT)

DECLARE_STATIC_KEY_FALSE(swim_fail_key);
bool swim_fail_now(void);
void swim_fail_nth(unsigned long n);
void swim_fail_from(unsigned long n);
void swim_fail_every(unsigned long n);
unsigned long swim_fail_count(void);

/* Asked before each request for pages, for a segment, for a hunk. */
static inline bool swim_fail(void)
{
	return static_branch_unlikely(&swim_fail_key) && swim_fail_now();
}

#else

static inline bool swim_fail(void)
{
	return false;
}

#endif

#endif
