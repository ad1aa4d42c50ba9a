// SPDX-License-Identifier: GPL-2.0-only
/*
 * swimmem: a relocatable allocator for other modules. Documentation/design.rst tells how
 * the parts stand together.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>

#include "alloc/hold.h"
#include "alloc/tag.h"
#include "compact/cleaner.h"
#include "compat.h"
#include "lease/cell.h"
#include "observe/registry.h"

/* What tags are mangled with. Written once, before anybody can have a tag. */
unsigned long swim_secret __ro_after_init;
EXPORT_SYMBOL_GPL(swim_secret);
unsigned long swim_held __ro_after_init;

/*
 * Leases stand in modules, in the kernel's map of memory, and on stacks, wherever these are. Does
 * the bit that a pin inverts mean the same in all of them?
 */
static bool __init can_pin(void)
{
	const unsigned long here = (unsigned long)&swim_secret;

	return !(((here ^ PAGE_OFFSET) | (here ^ (unsigned long)&here)) & SWIM_TAG_PIN);
}

static int __init swimmem_init(void)
{
	int err;

	if (!can_pin()) {
		pr_err("swimmem: modules and memory are in different halves of all addresses here\n");
		return -SWIM_EUNSUPPORTED;
	}
	swim_secret = get_random_long() & ~SWIM_TAG_KIND;
	swim_held = swim_secret ^ swim_tag_sized(SWIM_TAG_HELD, 0, 0);
	err = swim_registry_init();
	if (err)
		return err;
	err = swim_reclaim_start();
	if (err)
		goto exit_registry;
	err = swim_scope_init();
	if (err)
		goto stop_reclaim;
	err = swim_hold_init();
	if (err)
		goto exit_scope;
	return 0;

exit_scope:
	swim_scope_exit();
stop_reclaim:
	swim_reclaim_stop();
exit_registry:
	swim_registry_exit();
	return err;
}
module_init(swimmem_init);

/* Every space and pool of a client holds a reference: when this runs there are none. */
static void __exit swimmem_exit(void)
{
	swim_cell_exit();
	swim_hold_exit();
	swim_scope_exit();
	swim_reclaim_stop();
	swim_registry_exit();
}
module_exit(swimmem_exit);

MODULE_DESCRIPTION("Relocatable memory for kernel modules");
MODULE_AUTHOR("The swimmem authors");
MODULE_LICENSE("GPL");
