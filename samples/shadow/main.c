// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadow: a mirror of the live kernel's slab allocations in a swimmem pool.
 *
 *	probe.c		tracepoints kmalloc, kmem_cache_alloc, kfree, kmem_cache_free
 *	   |
 *	mirror.c	an exclusive lease in the pool `shadow` for each allocation, filled
 *	   |		with a pattern at the allocation, verified and dropped at the free
 *	table.c		from the kernel object's address to its lease, without a lock
 *
 *	record.c	each of these events as a word, to be replayed elsewhere, if wanted
 *
 *	debugfs.c	/sys/kernel/debug/shadow/{stats,verify,trace}
 *
 * While it is loaded, compact the pool as often as you like by writing to
 * /sys/kernel/debug/swimmem/pools/shadow/compact: whatever is moved wrongly has another
 * pattern than its kernel object's address says.
 *
 * Events come in every context, under whatever locks, hard interrupts included. So
 * nothing here sleeps or takes a lock, and the pool grows by what the page allocator
 * has at once (__GFP_NOWARN and nothing else: no reclaim, and no wakeup of kswapd).
 * What cannot be mirrored is let pass and counted; nothing is ever refused to the kernel.
 */
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "shadow.h"

#define OBJECTS_DEFAULT	SZ_256K
#define OBJECTS_MIN	SZ_1K
#define OBJECTS_MAX	SZ_16M
#define RECORD_MAX	SZ_64M

static unsigned int objects = OBJECTS_DEFAULT;
module_param(objects, uint, 0444);
MODULE_PARM_DESC(objects, "Live objects that the table is made for, 1024 to 16777216 (default 262144)");

static unsigned int record;
module_param(record, uint, 0444);
MODULE_PARM_DESC(record, "Events that are recorded, at the most 67108864 (default 0: none)");

DEFINE_PER_CPU(long [SHADOW_COUNTS], shadow_counts);

/**
 * shadow_sum - one count, of all CPUs together
 * @count: which
 *
 * Return: the sum; exact when nothing happens meanwhile, and never below 0.
 */
long shadow_sum(enum shadow_count count)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(shadow_counts, cpu)[count]);
	return max(sum, 0L);
}

static int __init shadow_init(void)
{
	int err;

	if (objects < OBJECTS_MIN || objects > OBJECTS_MAX) {
		pr_err("shadow: objects=%u is not between %u and %u\n", objects, OBJECTS_MIN,
		       OBJECTS_MAX);
		return -EINVAL;
	}
	if (record > RECORD_MAX) {
		pr_err("shadow: record=%u is more than %u\n", record, RECORD_MAX);
		return -EINVAL;
	}
	err = shadow_table_create(objects);
	if (err)
		return err;
	err = shadow_mirror_create();
	if (err)
		goto destroy_table;
	err = record ? shadow_record_create(record) : 0;
	if (err)
		goto destroy_mirror;
	err = shadow_probe_register();
	if (err)
		goto destroy_record;
	shadow_debugfs_create(record);
	return 0;

destroy_record:
	shadow_record_destroy();
destroy_mirror:
	/* Some probes may have been there for a moment. */
	if (shadow_mirror_destroy())
		return err;
destroy_table:
	shadow_table_destroy();
	return err;
}
module_init(shadow_init);

static void __exit shadow_exit(void)
{
	shadow_debugfs_destroy();
	shadow_probe_unregister();
	shadow_record_destroy();
	/* Rather leak the table than let leases dangle that are in it. */
	if (!shadow_mirror_destroy())
		shadow_table_destroy();
	pr_info("shadow: mirrored %ld, errors %ld\n", shadow_sum(SHADOW_MIRRORED),
		shadow_sum(SHADOW_PATTERN_ERRORS) + shadow_sum(SHADOW_LEASE_ERRORS));
}
module_exit(shadow_exit);

MODULE_DESCRIPTION("Mirror of the kernel's slab allocations in a swimmem pool");
MODULE_AUTHOR("The swimmem authors");
MODULE_LICENSE("GPL");
