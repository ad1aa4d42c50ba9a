// SPDX-License-Identifier: GPL-2.0-only
/* What one of the kernel's own rules reports, that a run of them without a report is known to have looked. */
#include <linux/slab.h>

int freed_and_read(void);

int freed_and_read(void)
{
	int *number = kmalloc(sizeof(*number), GFP_KERNEL);

	if (!number)
		return -ENOMEM;
	kfree(number);
	return *number; /* CATCH */
}
