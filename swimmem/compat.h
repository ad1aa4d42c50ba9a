/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that swimmem builds on, and nothing else.
 */
#ifndef SWIMMEM_COMPAT_H
#define SWIMMEM_COMPAT_H

#include <linux/export.h>

/* What the suites see and no client does, where the kernel can run suites. */
#if IS_ENABLED(CONFIG_KUNIT)
#define EXPORT_SYMBOL_SWIM_KUNIT(symbol)	EXPORT_SYMBOL_GPL(symbol)
#else
#define EXPORT_SYMBOL_SWIM_KUNIT(symbol)
#endif

#endif
