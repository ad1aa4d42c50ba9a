/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that swimmem builds on, and nothing else.
 */
#ifndef SWIMMEM_COMPAT_H
#define SWIMMEM_COMPAT_H

#include <linux/export.h>
#include <linux/version.h>

/* 6.13 made the namespace a string. The suites see what no client does. */
#if IS_ENABLED(CONFIG_KUNIT)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define SWIM_EXPORT_KUNIT(symbol)	EXPORT_SYMBOL_NS_GPL(symbol, "SWIMMEM_KUNIT")
#define SWIM_IMPORT_KUNIT		MODULE_IMPORT_NS("SWIMMEM_KUNIT")
#else
#define SWIM_EXPORT_KUNIT(symbol)	EXPORT_SYMBOL_NS_GPL(symbol, SWIMMEM_KUNIT)
#define SWIM_IMPORT_KUNIT		MODULE_IMPORT_NS(SWIMMEM_KUNIT)
#endif
#else
#define SWIM_EXPORT_KUNIT(symbol)
#endif

#endif
