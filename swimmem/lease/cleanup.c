// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cleanup: what cannot be inline of leases that end with their block.
 */
#include <linux/export.h>

#include <swimmem/cleanup.h>

#include "../observe/report.h"

/**
 * __swim_auto_leak - tell that a lease went away with an object that it could not drop
 * @lease: on the C stack
 *
 * Context: Any but NMI.
 */
void __swim_auto_leak(const void *lease)
{
	swim_report("lease %p pinned when its block ended, what it owns is leaked", lease);
}
EXPORT_SYMBOL_GPL(__swim_auto_leak);
