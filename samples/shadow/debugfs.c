// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people see, in /sys/kernel/debug/shadow, for root only and without an address:
 *
 *	stats		what is mirrored, and what SLUB and the pool hold for it
 *	verify		reading it verifies every mirror that lives
 *	trace		with the parameter record=N: the first N events that were mirrored, as
 *			record.c has them; opening it ends the recording
 */
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/vmstat.h>

#include "shadow.h"

#define TAG_SIZE	8

static struct dentry *root;

static void line(struct seq_file *seq, const char *name, u64 value, const char *unit)
{
	seq_printf(seq, "%-18s %16llu %s\n", name, value, unit);
}

/* What SLUB holds for all that it has, mirrored or not. */
static u64 slub_held(void)
{
	u64 pages = global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
		    global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B);

	return pages * PAGE_SIZE;
}

static int stats_show(struct seq_file *seq, void *unused)
{
	const long mirrored = shadow_sum(SHADOW_MIRRORED), dropped = shadow_sum(SHADOW_DROPPED);
	const u64 objects = max(mirrored - dropped, 0L), bytes = shadow_sum(SHADOW_BYTES);
	const u64 tags = objects * TAG_SIZE;
	struct swim_pool_stats pool;
	u64 tenths;

	shadow_mirror_stats(&pool);
	tenths = objects ? div64_u64(pool.held * 1000ULL, bytes + tags) : 0;
	line(seq, "mirrored", mirrored, "events");
	line(seq, "dropped", dropped, "events");
	line(seq, "live_objects", objects, "objects");
	line(seq, "live_bytes", bytes, "bytes");
	line(seq, "live_tags", tags, "bytes");
	line(seq, "slub_held", slub_held(), "bytes");
	line(seq, "pool_held", pool.held, "bytes");
	line(seq, "pool_used", pool.used, "bytes");
	seq_printf(seq, "%-18s %14llu.%llu %%\n", "held_per_live", tenths / 10, tenths % 10);
	line(seq, "pattern_errors", shadow_sum(SHADOW_PATTERN_ERRORS), "objects");
	line(seq, "lease_errors", shadow_sum(SHADOW_LEASE_ERRORS), "objects");
	line(seq, "recorded", shadow_record_count(), "events");
	line(seq, "record_lost", shadow_sum(SHADOW_RECORD_LOST), "events");
	line(seq, "passed_recursion", shadow_sum(SHADOW_PASSED_RECURSION), "events");
	line(seq, "passed_nmi", shadow_sum(SHADOW_PASSED_NMI), "events");
	line(seq, "passed_table", shadow_sum(SHADOW_PASSED_TABLE), "events");
	line(seq, "passed_nomem", shadow_sum(SHADOW_PASSED_NOMEM), "events");
	line(seq, "passed_size", shadow_sum(SHADOW_PASSED_SIZE), "events");
	line(seq, "passed_unknown_free", shadow_sum(SHADOW_PASSED_UNKNOWN_FREE), "events");
	line(seq, "passed_missed_free", shadow_sum(SHADOW_PASSED_MISSED_FREE), "events");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static int verify_show(struct seq_file *seq, void *unused)
{
	struct shadow_verified verified;

	shadow_mirror_verify(&verified);
	line(seq, "verified", verified.objects, "objects");
	line(seq, "verified_bytes", verified.bytes, "bytes");
	line(seq, "busy", verified.busy, "objects");
	line(seq, "errors", verified.errors, "objects");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(verify);

/* What there is to see, and the @recorded trace. */
void shadow_debugfs_create(bool recorded)
{
	root = debugfs_create_dir("shadow", NULL);
	debugfs_create_file("stats", 0400, root, NULL, &stats_fops);
	debugfs_create_file("verify", 0400, root, NULL, &verify_fops);
	if (recorded)
		debugfs_create_file("trace", 0400, root, NULL, &shadow_record_fops);
}

void shadow_debugfs_destroy(void)
{
	debugfs_remove(root);
}
