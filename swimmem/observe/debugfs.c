// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people see, in /sys/kernel/debug/swimmem, for root only and without an address:
 *
 *	totals				all spaces and pools together
 *	steps				of a build for tests: how often each transition was done
 *	spaces/NAME/stats		one space
 *	pools/NAME/stats		one pool: what it holds, what lives, what was moved
 *	pools/NAME/histogram		its hunks by how much of them lives
 *	pools/NAME/map			a line for each hunk, a character for each KiB of it
 *	pools/NAME/pauses		for how long at a time its moves had interrupts off
 *	pools/NAME/costs		its compactions by bytes moved for each byte freed
 *	pools/NAME/history		how full it was, and what was moved, at the last 256 samples
 *	pools/NAME/owners		of a debug pool: who has allocated what lives
 *	pools/NAME/obstacles		what is in the way of compaction, by how and what it is
 *	pools/NAME/compact		write a number from 1 to 100: compact to that per cent
 *	pools/NAME/target		per cent that is kept in the background; 0: none
 *	pools/NAME/budget_bytes		bytes that a step of compaction moves; write 0: default
 *	pools/NAME/budget_us		microseconds that a step takes; write 0: default
 */
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "../alloc/space.h"
#include "../compact/walk.h"
#include "debugfs.h"
#include "leak.h"
#include "record.h"
#include "registry.h"
#include "step.h"

#define KIB_PER_FRAME	(SWIM_FRAME_SIZE / SZ_1K)

static struct dentry *root, *spaces_dir, *pools_dir;

static void line(struct seq_file *seq, const char *name, u64 value, const char *unit)
{
	seq_printf(seq, "%-18s %16llu %s\n", name, value, unit);
}

static void line_utilisation(struct seq_file *seq, u64 part, u64 whole)
{
	u64 tenths = whole ? div64_u64(part * 1000, whole) : 0;

	seq_printf(seq, "%-18s %14llu.%llu %%\n", "utilisation", tenths / 10, tenths % 10);
}

static int space_stats_show(struct seq_file *seq, void *unused)
{
	struct swim_space_stats stats;

	swim_space_stats(seq->private, &stats);
	line(seq, "limit", stats.limit, "bytes");
	line(seq, "size", stats.size, "bytes");
	line(seq, "used", stats.used, "bytes");
	line(seq, "live", stats.live, "extents");
	line(seq, "segments", stats.segments, "segments");
	line_utilisation(seq, stats.used, stats.size);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(space_stats);

static int pool_stats_show(struct seq_file *seq, void *unused)
{
	struct swim_pool_stats stats;

	swim_pool_stats(seq->private, &stats);
	line(seq, "held", stats.held, "bytes");
	line(seq, "live", stats.live, "objects");
	line(seq, "used", stats.used, "bytes");
	line(seq, "tags", stats.tags, "bytes");
	line_utilisation(seq, stats.used + stats.tags, stats.held);
	line(seq, "hunks", stats.hunks, "hunks");
	line(seq, "open", stats.open, "hunks");
	line(seq, "waiting", stats.waiting, "hunks");
	line(seq, "large", stats.large, "objects");
	line(seq, "moved", stats.moves.moved, "objects");
	line(seq, "moved_bytes", stats.moves.moved_bytes, "bytes");
	line(seq, "cancelled", stats.moves.cancelled, "moves");
	line(seq, "refused", stats.moves.refused, "moves");
	line(seq, "freed_hunks", stats.moves.freed_hunks, "hunks");
	line(seq, "compactions", stats.moves.compactions, "compactions");
	line(seq, "time", stats.moves.nanoseconds, "ns");
	line(seq, "pinned", stats.obstacles.pinned, "objects");
	line(seq, "pinned_bytes", stats.obstacles.pinned_bytes, "bytes");
	line(seq, "lasting", stats.obstacles.lasting, "objects");
	line(seq, "unleased", stats.obstacles.unleased, "objects");
	line(seq, "unleased_bytes", stats.obstacles.unleased_bytes, "bytes");
	line(seq, "blocked", stats.obstacles.hunks, "hunks");
	line(seq, "held_back", stats.obstacles.held_back, "bytes");
	/* Not 0 for a debug pool. */
	line(seq, "debug", stats.trailer, "bytes/object");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pool_stats);

static int pool_histogram_show(struct seq_file *seq, void *unused)
{
	struct swim_pool_stats stats;
	unsigned int i;

	swim_pool_stats(seq->private, &stats);
	seq_puts(seq, "# live share of a closed hunk, hunks\n");
	for (i = 0; i < SWIM_HISTOGRAM; i++)
		seq_printf(seq, "%3u..%3u %%  %12lu\n", i * 100 / SWIM_HISTOGRAM,
			   (i + 1) * 100 / SWIM_HISTOGRAM, stats.histogram[i]);
	seq_printf(seq, "open       %12lu\n", stats.open);
	seq_printf(seq, "waiting    %12lu\n", stats.waiting);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pool_histogram);

/* Add an object, with its tag, to the KiBs that it lies in. */
static void map_add(u16 *kib, unsigned int at, size_t size)
{
	unsigned int end = at + size;

	while (at < end) {
		unsigned int next = min_t(unsigned int, end, round_down(at, SZ_1K) + SZ_1K);

		kib[at / SZ_1K] += next - at;
		at = next;
	}
}

/* The live bytes in each KiB of a closed hunk; false when it cannot be walked to its end now. */
static bool map_closed(struct swim_pool *pool, const struct swim_frame *frame, u16 *kib)
{
	struct swim_walk walk;

	swim_walk_begin(&walk, pool, frame);
	while (walk.at < walk.end) {
		unsigned long value = swim_tag_read(swim_tag_of(swim_walk_object(&walk)));
		unsigned int at = walk.at;

		if (!swim_walk_next(&walk))
			return false;
		if (!swim_tag_is(value, SWIM_TAG_DEAD) && !swim_tag_is(value, SWIM_TAG_GOING))
			map_add(kib, at, walk.at - at);
	}
	return true;
}

static void map_line(struct seq_file *seq, const struct swim_pool *pool, u32 number,
		     unsigned int mark, int live, const u16 *kib)
{
	unsigned int i;

	seq_printf(seq, "%8u %-6s %6u %6d ", number, kib ? "closed" : "open", mark, live);
	for (i = 0; i < swim_pool_hunk_size(pool) / SZ_1K; i++) {
		if (!kib)
			seq_putc(seq, i * SZ_1K < mark ? '?' : '.');
		else if (i * SZ_1K >= mark)
			seq_putc(seq, '.');
		else
			seq_putc(seq, '0' + DIV_ROUND_UP(kib[i] * 9, SZ_1K));
	}
	seq_putc(seq, '\n');
}

static void map_frame(struct seq_file *seq, struct swim_pool *pool, struct swim_frame *frame,
		      u32 number)
{
	u16 kib[KIB_PER_FRAME] = {};
	unsigned int mark;
	bool walked;
	int live;

	if (!swim_hunk_hold(frame, pool)) {
		live = atomic_read(&frame->live) % SWIM_HUNK_HOLD;
		mark = swim_open_mark(pool, frame);
		if (live && READ_ONCE(frame->pool) == pool)
			map_line(seq, pool, number, mark, mark ? live - SWIM_HUNK_OPEN +
				 (int)(mark - SWIM_HUNK_BEGIN) : 0, NULL);
		return;
	}
	mark = swim_frame_mark(pool, frame);
	live = atomic_read(&frame->live) - SWIM_HUNK_HOLD;
	walked = map_closed(pool, frame, kib);
	if (swim_hunk_unhold(frame, 0))
		swim_hunk_put(swim_frame_hunk(pool, frame));
	else
		map_line(seq, pool, number, mark, live, walked ? kib : NULL);
}

static int pool_map_show(struct seq_file *seq, void *unused)
{
	struct swim_pool *pool = seq->private;
	struct swim_frame *frame;
	u32 number;

	seq_puts(seq, "# hunk, state, mark and live in bytes, then a character for each KiB: live share 0 to 9, . unused, ? not known\n");
	swim_for_each_frame(pool, number, frame)
		map_frame(seq, pool, frame, number);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pool_map);

static int pool_pauses_show(struct seq_file *seq, void *unused)
{
	return swim_pauses_show(seq, seq->private);
}
DEFINE_SHOW_ATTRIBUTE(pool_pauses);

static int pool_costs_show(struct seq_file *seq, void *unused)
{
	return swim_costs_show(seq, seq->private);
}
DEFINE_SHOW_ATTRIBUTE(pool_costs);

static int pool_history_show(struct seq_file *seq, void *unused)
{
	return swim_history_show(seq, seq->private);
}
DEFINE_SHOW_ATTRIBUTE(pool_history);

static int pool_owners_show(struct seq_file *seq, void *unused)
{
	return swim_owners_show(seq, seq->private);
}
DEFINE_SHOW_ATTRIBUTE(pool_owners);

static int pool_obstacles_show(struct seq_file *seq, void *unused)
{
	return swim_obstacles_show(seq, seq->private);
}
DEFINE_SHOW_ATTRIBUTE(pool_obstacles);

static ssize_t pool_compact_write(struct file *file, const char __user *from, size_t count,
				  loff_t *pos)
{
	struct swim_pool *pool = file_inode(file)->i_private;
	unsigned int target;
	int err = kstrtouint_from_user(from, count, 0, &target);

	if (err)
		return err;
	if (!target || target > 100)
		return -EINVAL;
	err = swim_pool_compact(pool, target == 1 ? 0 : target);
	return err ?: count;
}

static const struct file_operations pool_compact_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = pool_compact_write,
	.llseek = noop_llseek,
};

static int target_get(void *pool, u64 *value)
{
	*value = READ_ONCE(((struct swim_pool *)pool)->reclaim.target);
	return 0;
}

static int target_set(void *pool, u64 value)
{
	return swim_pool_set_target(pool, min_t(u64, value, UINT_MAX));
}
DEFINE_DEBUGFS_ATTRIBUTE(pool_target_fops, target_get, target_set, "%llu\n");

static int budget_bytes_get(void *pool, u64 *value)
{
	*value = READ_ONCE(((struct swim_pool *)pool)->reclaim.budget_bytes);
	return 0;
}

static int budget_bytes_set(void *data, u64 value)
{
	struct swim_pool *pool = data;

	return swim_pool_set_budget(pool, min_t(u64, value, SIZE_MAX),
				    READ_ONCE(pool->reclaim.budget_us));
}
DEFINE_DEBUGFS_ATTRIBUTE(pool_budget_bytes_fops, budget_bytes_get, budget_bytes_set, "%llu\n");

static int budget_us_get(void *pool, u64 *value)
{
	*value = READ_ONCE(((struct swim_pool *)pool)->reclaim.budget_us);
	return 0;
}

static int budget_us_set(void *data, u64 value)
{
	struct swim_pool *pool = data;

	return swim_pool_set_budget(pool, READ_ONCE(pool->reclaim.budget_bytes),
				    min_t(u64, value, UINT_MAX));
}
DEFINE_DEBUGFS_ATTRIBUTE(pool_budget_us_fops, budget_us_get, budget_us_set, "%llu\n");

/**
 * struct totals - sums over all spaces and pools
 * @spaces: how many
 * @pools: how many
 * @size: bytes of spaces
 * @held: bytes of pools
 * @live: objects
 * @used: their bytes
 * @tags: bytes of tags
 * @moved: objects that were moved
 */
struct totals {
	u64 spaces;
	u64 pools;
	u64 size;
	u64 held;
	u64 live;
	u64 used;
	u64 tags;
	u64 moved;
};

static void totals_space(struct swim_space *space, void *arg)
{
	struct totals *totals = arg;
	struct swim_space_stats stats;

	swim_space_stats(space, &stats);
	totals->spaces++;
	totals->size += stats.size;
}

static void totals_pool(struct swim_pool *pool, void *arg)
{
	struct totals *totals = arg;
	struct swim_pool_stats stats;

	swim_pool_stats(pool, &stats);
	totals->pools++;
	totals->held += stats.held;
	totals->live += stats.live;
	totals->used += stats.used;
	totals->tags += stats.tags;
	totals->moved += stats.moves.moved;
}

static int totals_show(struct seq_file *seq, void *unused)
{
	struct totals totals = {};

	swim_registry_each(totals_space, totals_pool, &totals);
	line(seq, "spaces", totals.spaces, "spaces");
	line(seq, "pools", totals.pools, "pools");
	line(seq, "size", totals.size, "bytes");
	line(seq, "held", totals.held, "bytes");
	line(seq, "live", totals.live, "objects");
	line(seq, "used", totals.used, "bytes");
	line(seq, "tags", totals.tags, "bytes");
	line_utilisation(seq, totals.used + totals.tags, totals.held);
	line(seq, "moved", totals.moved, "objects");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(totals);

#ifdef CONFIG_SWIMMEM_STEPS
static int steps_show(struct seq_file *seq, void *unused)
{
	return swim_steps_show(seq);
}
DEFINE_SHOW_ATTRIBUTE(steps);
#endif

void swim_debugfs_add_space(struct swim_space *space)
{
	space->dir = debugfs_create_dir(space->name, spaces_dir);
	debugfs_create_file("stats", 0400, space->dir, space, &space_stats_fops);
}

void swim_debugfs_del_space(struct swim_space *space)
{
	debugfs_remove(space->dir);
}

void swim_debugfs_add_pool(struct swim_pool *pool)
{
	pool->dir = debugfs_create_dir(pool->name, pools_dir);
	debugfs_create_file("stats", 0400, pool->dir, pool, &pool_stats_fops);
	debugfs_create_file("histogram", 0400, pool->dir, pool, &pool_histogram_fops);
	debugfs_create_file("map", 0400, pool->dir, pool, &pool_map_fops);
	debugfs_create_file("pauses", 0400, pool->dir, pool, &pool_pauses_fops);
	debugfs_create_file("costs", 0400, pool->dir, pool, &pool_costs_fops);
	debugfs_create_file("history", 0400, pool->dir, pool, &pool_history_fops);
	if (pool->trailer)
		debugfs_create_file("owners", 0400, pool->dir, pool, &pool_owners_fops);
	debugfs_create_file("obstacles", 0400, pool->dir, pool, &pool_obstacles_fops);
	debugfs_create_file("compact", 0200, pool->dir, pool, &pool_compact_fops);
	debugfs_create_file("target", 0600, pool->dir, pool, &pool_target_fops);
	debugfs_create_file("budget_bytes", 0600, pool->dir, pool, &pool_budget_bytes_fops);
	debugfs_create_file("budget_us", 0600, pool->dir, pool, &pool_budget_us_fops);
}

void swim_debugfs_del_pool(struct swim_pool *pool)
{
	debugfs_remove(pool->dir);
}

void swim_debugfs_init(void)
{
	root = debugfs_create_dir("swimmem", NULL);
	spaces_dir = debugfs_create_dir("spaces", root);
	pools_dir = debugfs_create_dir("pools", root);
	debugfs_create_file("totals", 0400, root, NULL, &totals_fops);
#ifdef CONFIG_SWIMMEM_STEPS
	debugfs_create_file("steps", 0400, root, NULL, &steps_fops);
#endif
}

void swim_debugfs_exit(void)
{
	debugfs_remove(root);
}
