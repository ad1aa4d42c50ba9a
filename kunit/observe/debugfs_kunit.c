// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people see in debugfs: that it is there, for root only, and that it is true.
 *
 * Files are opened by their path and read and written as a process would: with memory of
 * a process, that which loads this module.
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "../kunit.h"
#include "../../swimmem/alloc/fail.h"
#include "../../swimmem/alloc/space.h"
#include "../../swimmem/compact/walk.h"

#define TOP		"/sys/kernel/debug/swimmem/"
#define POOL		TOP "pools/kunit/"
#define SPACE		TOP "spaces/kunit/"
#define TEXT_MAX	SZ_128K

/* Of who loads us; NULL when nobody does. */
static struct mm_struct *process;

/**
 * struct view - a heap, and what was read of it last
 * @heap: its pool has 2000 objects of 200 bytes, of which every third is freed again
 * @objects: they
 * @text: what was read, NUL-terminated
 */
struct view {
	struct swim_bed heap;
	void *objects[2000];
	char text[TEXT_MAX];
};

static int debugfs_suite_init(struct kunit_suite *suite)
{
	process = get_task_mm(current);
	return 0;
}

static void debugfs_suite_exit(struct kunit_suite *suite)
{
	if (process)
		mmput(process);
	process = NULL;
}

static struct swim_pool *pool_of(struct kunit *test)
{
	return ((struct view *)test->priv)->heap.pool;
}

static struct swim_space *space_of(struct kunit *test)
{
	return ((struct view *)test->priv)->heap.space;
}

static char *text_of(struct kunit *test)
{
	return ((struct view *)test->priv)->text;
}

static int view_init(struct kunit *test)
{
	struct view *view = kvzalloc(sizeof(*view), GFP_KERNEL);
	unsigned int i;
	int err;

	if (!view)
		return -ENOMEM;
	err = swim_heap_init(test, 0, 0);
	if (err) {
		kvfree(view);
		return err;
	}
	view->heap = *(struct swim_bed *)test->priv;
	test->priv = view;
	for (i = 0; i < ARRAY_SIZE(view->objects); i++) {
		view->objects[i] = swim_pool_alloc(view->heap.pool, 200, GFP_KERNEL);
		if (IS_ERR(view->objects[i]))
			view->objects[i] = NULL;
	}
	for (i = 0; i < ARRAY_SIZE(view->objects); i += 3) {
		swim_free(view->objects[i]);
		view->objects[i] = NULL;
	}
	return 0;
}

static void free_objects(struct kunit *test)
{
	struct view *view = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(view->objects); i++) {
		KUNIT_EXPECT_EQ(test, swim_free(view->objects[i]), 0);
		view->objects[i] = NULL;
	}
}

static void view_exit(struct kunit *test)
{
	struct view *view = test->priv;

	if (view) {
		free_objects(test);
		swim_heap_exit(test);
		test->priv = NULL;
		kvfree(view);
	} else {
		swim_kunit_exit(test);
	}
}

static struct file *open(struct kunit *test, const char *path, int flags)
{
	struct file *file = filp_open(TOP, O_RDONLY | O_DIRECTORY, 0);

	if (IS_ERR(file))
		kunit_skip(test, "debugfs is not mounted at /sys/kernel/debug");
	filp_close(file, NULL);
	return filp_open(path, flags, 0);
}

/* One read() or write() of a process: its memory is @buffer. */
static ssize_t transfer(struct kunit *test, struct file *file, char *buffer, size_t size,
			bool write, loff_t *pos)
{
	const size_t room = PAGE_ALIGN(size + 1);
	unsigned long memory;
	ssize_t done = -EFAULT;

	if (!process)
		kunit_skip(test, "no process has loaded this module");
	kthread_use_mm(process);
	memory = vm_mmap(NULL, 0, room, PROT_READ | PROT_WRITE,
			 MAP_ANONYMOUS | MAP_PRIVATE, 0);
	if (!IS_ERR_VALUE(memory)) {
		char __user *there = (char __user *)memory;

		if (!write)
			done = file->f_op->read(file, there, size, pos);
		else if (!copy_to_user(there, buffer, size))
			done = file->f_op->write(file, there, size, pos);
		if (!write && done > 0 && copy_from_user(buffer, there, done))
			done = -EFAULT;
		vm_munmap(memory, room);
	}
	kthread_unuse_mm(process);
	return done;
}

/* All of a file, as text_of(). */
static void look(struct kunit *test, const char *path)
{
	struct file *file = open(test, path, O_RDONLY);
	char *text = text_of(test);
	size_t size = 0;
	loff_t pos = 0;
	ssize_t n;

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(file), "%s", path);
	do {
		n = transfer(test, file, text + size, TEXT_MAX - 1 - size, false, &pos);
		size += max_t(ssize_t, n, 0);
	} while (n > 0 && size < TEXT_MAX - 1);
	text[size] = '\0';
	filp_close(file, NULL);
	KUNIT_ASSERT_EQ(test, n, 0L);
	KUNIT_ASSERT_GT(test, size, 0UL);
}

static ssize_t put(struct kunit *test, const char *path, const char *what)
{
	struct file *file = open(test, path, O_WRONLY);
	char buffer[64];
	loff_t pos = 0;
	ssize_t done;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	strscpy(buffer, what, sizeof(buffer));
	done = transfer(test, file, buffer, strlen(what), true, &pos);
	filp_close(file, NULL);
	return done;
}

static ssize_t compact(struct kunit *test, const char *what)
{
	return put(test, POOL "compact", what);
}

/* The number in the line that begins with @name, or -1. */
static s64 number(struct kunit *test, const char *name)
{
	const size_t length = strlen(name);
	const char *line = text_of(test);
	unsigned long long value;

	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, length) && line[length] == ' ')
			return sscanf(line + length, "%llu", &value) == 1 ? (s64)value : -1;
	}
	return -1;
}

static void expect_number(struct kunit *test, const char *name, u64 value)
{
	KUNIT_EXPECT_EQ_MSG(test, number(test, name), (s64)value, "%s", name);
}

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* Long words of hexadecimal digits are addresses, and nothing else is so long. */
static bool looks_like_an_address(const char *text)
{
	unsigned int digits = 0, letters = 0;

	for (; *text; text++) {
		if (!isxdigit(*text)) {
			digits = 0;
			letters = 0;
			continue;
		}
		digits++;
		letters += !isdigit(*text);
		if (digits >= 8 && letters)
			return true;
		if (digits >= 20)
			return true;
	}
	return false;
}

static void expect_mode(struct kunit *test, const char *folder, const char *name,
			const char *file, umode_t mode)
{
	struct dentry *top = debugfs_lookup("swimmem", NULL), *all, *one, *it;

	KUNIT_ASSERT_NOT_NULL(test, top);
	all = debugfs_lookup(folder, top);
	KUNIT_ASSERT_NOT_NULL(test, all);
	one = debugfs_lookup(name, all);
	KUNIT_ASSERT_NOT_NULL(test, one);
	it = debugfs_lookup(file, one);
	KUNIT_EXPECT_NOT_NULL_MSG(test, it, "%s/%s/%s", folder, name, file);
	if (it) {
		KUNIT_EXPECT_EQ_MSG(test, d_inode(it)->i_mode & 07777, mode, "%s/%s/%s", folder,
				    name, file);
		KUNIT_EXPECT_TRUE(test, uid_eq(d_inode(it)->i_uid, GLOBAL_ROOT_UID));
	}
	dput(it);
	dput(one);
	dput(all);
	dput(top);
}

static bool exists(const char *folder, const char *name)
{
	struct dentry *top = debugfs_lookup("swimmem", NULL);
	struct dentry *all = debugfs_lookup(folder, top), *one = debugfs_lookup(name, all);
	const bool is = !!one;

	dput(one);
	dput(all);
	dput(top);
	return is;
}

static void files_of_a_pool_and_a_space_are_for_root_only(struct kunit *test)
{
	struct dentry *top = debugfs_lookup("swimmem", NULL), *totals;

	expect_mode(test, "spaces", "kunit", "stats", 0400);
	expect_mode(test, "pools", "kunit", "stats", 0400);
	expect_mode(test, "pools", "kunit", "histogram", 0400);
	expect_mode(test, "pools", "kunit", "map", 0400);
	expect_mode(test, "pools", "kunit", "pauses", 0400);
	expect_mode(test, "pools", "kunit", "costs", 0400);
	expect_mode(test, "pools", "kunit", "history", 0400);
	if (swim_debug)
		expect_mode(test, "pools", "kunit", "owners", 0400);
	expect_mode(test, "pools", "kunit", "obstacles", 0400);
	expect_mode(test, "pools", "kunit", "compact", 0200);
	expect_mode(test, "pools", "kunit", "target", 0600);
	expect_mode(test, "pools", "kunit", "budget_bytes", 0600);
	expect_mode(test, "pools", "kunit", "budget_us", 0600);
	totals = debugfs_lookup("totals", top);
	KUNIT_EXPECT_NOT_NULL(test, totals);
	if (totals)
		KUNIT_EXPECT_EQ(test, d_inode(totals)->i_mode & 07777, 0400);
	dput(totals);
	dput(top);
}

static void folders_vanish_with_what_they_show(struct kunit *test)
{
	struct swim_space *space = swim_space_create("vanish", 0);
	struct swim_pool *pool;

	KUNIT_ASSERT_FALSE(test, IS_ERR(space));
	pool = swim_pool_create("vanish", swim_space_heap(space), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	KUNIT_EXPECT_TRUE(test, exists("spaces", "vanish"));
	KUNIT_EXPECT_TRUE(test, exists("pools", "vanish"));
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	KUNIT_EXPECT_FALSE(test, exists("pools", "vanish"));
	KUNIT_EXPECT_TRUE(test, exists("spaces", "vanish"));
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
	KUNIT_EXPECT_FALSE(test, exists("spaces", "vanish"));
}

static void destroy_that_is_refused_leaves_the_folders(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool_of(test)), -EBUSY);
	EXPECT_REPORT(test, "destroyed");
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space_of(test)), -EBUSY);
	EXPECT_REPORT(test, "destroyed");
	KUNIT_EXPECT_TRUE(test, exists("pools", "kunit"));
	KUNIT_EXPECT_TRUE(test, exists("spaces", "kunit"));
}

static void create_that_fails_leaves_no_folder(struct kunit *test)
{
	EXPECT_ERR_PTR(test, swim_pool_create("none", swim_space_heap(space_of(test)), BIT(5)),
		       -EINVAL);
	EXPECT_ERR_PTR(test, swim_space_create("none", 1), -EINVAL);
	KUNIT_EXPECT_FALSE(test, exists("pools", "none"));
	KUNIT_EXPECT_FALSE(test, exists("spaces", "none"));
}

static void stats_of_a_pool_are_those_of_swim_pool_stats(struct kunit *test)
{
	struct swim_pool_stats stats;
	unsigned int round;

	for (round = 0; round < 2; round++) {
		swim_pool_stats(pool_of(test), &stats);
		look(test, POOL "stats");
		expect_number(test, "held", stats.held);
		expect_number(test, "live", stats.live);
		expect_number(test, "used", stats.used);
		expect_number(test, "tags", stats.tags);
		expect_number(test, "utilisation", (stats.used + stats.tags) * 100 / stats.held);
		expect_number(test, "hunks", stats.hunks);
		expect_number(test, "open", stats.open);
		expect_number(test, "waiting", stats.waiting);
		expect_number(test, "large", stats.large);
		expect_number(test, "moved", stats.moves.moved);
		expect_number(test, "moved_bytes", stats.moves.moved_bytes);
		expect_number(test, "cancelled", stats.moves.cancelled);
		expect_number(test, "refused", stats.moves.refused);
		expect_number(test, "freed_hunks", stats.moves.freed_hunks);
		expect_number(test, "compactions", stats.moves.compactions);
		expect_number(test, "time", stats.moves.nanoseconds);
		expect_number(test, "pinned", stats.obstacles.pinned);
		expect_number(test, "pinned_bytes", stats.obstacles.pinned_bytes);
		expect_number(test, "lasting", stats.obstacles.lasting);
		expect_number(test, "unleased", stats.obstacles.unleased);
		expect_number(test, "unleased_bytes", stats.obstacles.unleased_bytes);
		expect_number(test, "blocked", stats.obstacles.hunks);
		expect_number(test, "held_back", stats.obstacles.held_back);
		KUNIT_EXPECT_EQ(test, swim_pool_compact(pool_of(test), 100), 0);
	}
	KUNIT_EXPECT_EQ(test, stats.moves.compactions, 1ULL);
	KUNIT_EXPECT_GT(test, stats.obstacles.unleased, 0UL);
}

static void stats_of_a_space_are_those_of_swim_space_stats(struct kunit *test)
{
	struct swim_space_stats stats;

	swim_space_stats(space_of(test), &stats);
	KUNIT_EXPECT_GT(test, stats.used, 0UL);
	look(test, SPACE "stats");
	expect_number(test, "limit", stats.limit);
	expect_number(test, "size", stats.size);
	expect_number(test, "used", stats.used);
	expect_number(test, "live", stats.live);
	expect_number(test, "segments", stats.segments);
	expect_number(test, "utilisation", stats.used * 100 / stats.size);
}

static void totals_are_the_sums(struct kunit *test)
{
	struct swim_pool_stats stats, other_stats;
	struct swim_pool *other;
	s64 pools, held, live;
	void *object;

	look(test, TOP "totals");
	pools = number(test, "pools");
	held = number(test, "held");
	live = number(test, "live");
	swim_pool_stats(pool_of(test), &stats);
	KUNIT_EXPECT_GE(test, pools, 1LL);
	KUNIT_EXPECT_GE(test, number(test, "spaces"), 1LL);
	KUNIT_EXPECT_GE(test, held, (s64)stats.held);
	KUNIT_EXPECT_GE(test, live, (s64)stats.live);
	other = swim_pool_create("other", swim_space_heap(space_of(test)), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	object = swim_pool_alloc(other, 100, GFP_KERNEL);
	swim_pool_stats(other, &other_stats);
	look(test, TOP "totals");
	expect_number(test, "pools", pools + 1);
	expect_number(test, "held", held + other_stats.held);
	expect_number(test, "live", live + 1);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(other), 0);
	look(test, TOP "totals");
	expect_number(test, "pools", pools);
	expect_number(test, "held", held);
	expect_number(test, "live", live);
}

static void histogram_has_each_hunk_once(struct kunit *test)
{
	struct swim_pool_stats stats;
	unsigned long expected[SWIM_HISTOGRAM + 2], sum = 0, n;
	unsigned int i = 0;
	const char *line;
	int fields;

	swim_pool_stats(pool_of(test), &stats);
	memcpy(expected, stats.histogram, sizeof(stats.histogram));
	expected[SWIM_HISTOGRAM] = stats.open;
	expected[SWIM_HISTOGRAM + 1] = stats.waiting;
	look(test, POOL "histogram");
	KUNIT_ASSERT_EQ(test, lines(text_of(test)), SWIM_HISTOGRAM + 3U);
	for (line = strchr(text_of(test), '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		/* "  0.. 10 %             3", and at last "open              1" and "waiting" */
		fields = sscanf(line + 1 + strlen("  0.. 10 %"), "%lu", &n);
		KUNIT_ASSERT_EQ(test, fields, 1);
		KUNIT_EXPECT_EQ(test, n, expected[i]);
		sum += n;
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, SWIM_HISTOGRAM + 2U);
	KUNIT_EXPECT_EQ(test, sum, stats.hunks);
	KUNIT_EXPECT_GT(test, sum, 3UL);
}

static void each_hunk_has_a_line_in_the_map(struct kunit *test)
{
	unsigned int hunk, mark, n, closed = 0;
	struct swim_pool_stats stats;
	long live, sum = 0;
	const char *line;
	char state[8];
	int fields;

	swim_pool_stats(pool_of(test), &stats);
	look(test, POOL "map");
	KUNIT_EXPECT_EQ(test, lines(text_of(test)), (unsigned int)stats.hunks + 1);
	for (line = strchr(text_of(test), '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		fields = sscanf(line + 1, "%u %7s %u %ld %n", &hunk, state, &mark, &live, &n);
		KUNIT_ASSERT_EQ(test, fields, 4);
		closed += !strcmp(state, "closed");
		KUNIT_EXPECT_LE(test, mark, (unsigned int)SWIM_FRAME_SIZE);
		KUNIT_EXPECT_LE(test, live, (long)mark);
		sum += live;
		KUNIT_EXPECT_EQ(test, strspn(line + 1 + n, "0123456789.?"),
				SWIM_FRAME_SIZE / SZ_1K);
	}
	KUNIT_EXPECT_EQ(test, closed, (unsigned int)(stats.hunks - stats.open));
	KUNIT_EXPECT_EQ(test, sum, (long)(stats.used + stats.tags));
}

static void map_shows_what_lives_where(struct kunit *test)
{
	struct view *view = test->priv;
	unsigned int hunk, mark, live, i, n;
	const char *line;
	int fields;

	SKIP_IN_DEBUG(test, "an object and what is kept with it are no KiB");
	/* Of 40 KiB the first lives and the last. */
	free_objects(test);
	swim_pool_flush(pool_of(test));
	for (i = 0; i < 40; i++)
		view->objects[i] = swim_pool_alloc(pool_of(test), 1016, GFP_KERNEL);
	for (i = 1; i < 39; i++) {
		KUNIT_EXPECT_EQ(test, swim_free(view->objects[i]), 0);
		view->objects[i] = NULL;
	}
	swim_pool_flush(pool_of(test));
	look(test, POOL "map");
	KUNIT_ASSERT_EQ(test, lines(text_of(test)), 2U);
	line = strchr(text_of(test), '\n') + 1;
	fields = sscanf(line, "%u closed %u %u %n", &hunk, &mark, &live, &n);
	KUNIT_ASSERT_EQ(test, fields, 3);
	KUNIT_EXPECT_EQ(test, live, 2 * 1024U);
	/* An object and its tag are a KiB, the header pushes each over the border of one. */
	KUNIT_EXPECT_NE(test, line[n], '0');
	KUNIT_EXPECT_EQ(test, strspn(line + n + 2, "0"), 37UL);
	KUNIT_EXPECT_NE(test, line[n + 39], '0');
	KUNIT_EXPECT_EQ(test, strspn(line + n + 41, "."), 23UL);
}

static void pauses_are_counted_by_powers_of_two(struct kunit *test)
{
	static const u64 pauses[] = {
		0, 1, 63, 64, 127, 128, 1000, 1024, 65535, SZ_1M - 1, SZ_1M, 3 * SZ_1M,
	};
	unsigned long long from, below = 0, count, expected;
	unsigned int i, found = 0;
	const char *line;
	int fields;

	look(test, POOL "pauses");
	expect_number(test, "worst                ns", 0);
	for (i = 0; i < ARRAY_SIZE(pauses); i++)
		swim_pause_add(pool_of(test), pauses[ARRAY_SIZE(pauses) - 1 - i]);
	look(test, POOL "pauses");
	KUNIT_ASSERT_EQ(test, lines(text_of(test)), SWIM_PAUSES + 2U);
	line = strchr(text_of(test), '\n');
	while (sscanf(line + 1, " %llu..", &from) == 1) {
		KUNIT_EXPECT_EQ(test, from, below);
		if (sscanf(strstr(line, "..") + 2, " %llu ns", &below) != 1)
			below = U64_MAX;
		fields = sscanf(strstr(line, "ns"), "ns %llu", &count);
		KUNIT_ASSERT_EQ(test, fields, 1);
		for (expected = 0, i = 0; i < ARRAY_SIZE(pauses); i++)
			expected += pauses[i] >= from && pauses[i] < below;
		KUNIT_EXPECT_EQ_MSG(test, count, expected, "from %llu", from);
		found += count;
		line = strchr(line + 1, '\n');
	}
	KUNIT_EXPECT_EQ(test, below, U64_MAX);
	KUNIT_EXPECT_EQ(test, found, (unsigned int)ARRAY_SIZE(pauses));
	expect_number(test, "worst                ns", 3 * SZ_1M);
}

static void costs_are_counted_by_what_was_freed_for_them(struct kunit *test)
{
	/* Bytes moved, bytes freed, and the line where they count. */
	static const u64 costs[][3] = {
		{ 0, 1000, 0 }, { 1, 4, 0 }, { 251, 1000, 1 }, { 1, 2, 1 }, { 3, 4, 2 },
		{ 7, 7, 2 }, { 8, 7, 3 }, { 2, 1, 3 }, { 4000, 1001, 4 }, { 3, 1, 4 },
		{ 8, 1, 5 }, { 9, 1, 6 }, { 5, 0, 6 }, { SZ_2G, 1, 6 },
	};
	u64 expected[SWIM_COSTS] = {}, moved = 0, freed = 0, count, whole, rest;
	const char *line;
	unsigned int i;
	int fields;
	char cost[32];

	for (i = 0; i < ARRAY_SIZE(costs); i++) {
		swim_cost_add(pool_of(test), costs[i][0], costs[i][1]);
		moved += costs[i][0];
		freed += costs[i][1];
		expected[costs[i][2]]++;
	}
	/* Nothing was moved and nothing freed: that is no compaction. */
	swim_cost_add(pool_of(test), 0, 0);
	look(test, POOL "costs");
	KUNIT_ASSERT_EQ(test, lines(text_of(test)), SWIM_COSTS + 4U);
	line = strchr(text_of(test), '\n') + 1;
	for (i = 0; i < SWIM_COSTS; i++) {
		fields = sscanf(line + strlen("0.25 .. 0.5 "), "%llu", &count);
		KUNIT_ASSERT_EQ(test, fields, 1);
		KUNIT_EXPECT_EQ_MSG(test, count, expected[i], "line %u", i);
		line = strchr(line, '\n') + 1;
	}
	expect_number(test, "moved", moved);
	expect_number(test, "freed", freed);
	whole = div64_u64_rem(moved, freed, &rest);
	snprintf(cost, sizeof(cost), " %llu.%02llu bytes/byte\n", whole,
		 div64_u64(rest * 100, freed));
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text_of(test), cost), "%s", cost);
}

/* The numbers in a line of the history; the next line. */
static const char *sample(struct kunit *test, const char *line, u64 *numbers)
{
	int fields = sscanf(line, " %llu %llu %llu %llu %llu %llu", &numbers[0], &numbers[1],
			    &numbers[2], &numbers[3], &numbers[4], &numbers[5]);

	KUNIT_ASSERT_EQ(test, fields, 6);
	return strchr(line, '\n') + 1;
}

static void history_has_what_the_pool_was(struct kunit *test)
{
	struct swim_pool_stats stats[3];
	u64 numbers[6], before = 0;
	const char *line;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stats); i++) {
		swim_pool_stats(pool_of(test), &stats[i]);
		swim_history_add(pool_of(test));
		if (i == 0)
			free_objects(test);
		KUNIT_EXPECT_EQ(test, swim_pool_compact(pool_of(test), 100), 0);
	}
	KUNIT_EXPECT_LT(test, stats[1].held, stats[0].held);
	look(test, POOL "history");
	line = strchr(text_of(test), '\n') + 1;
	for (i = 0; i < ARRAY_SIZE(stats); i++) {
		/* Whoever compacts takes samples, too. */
		do {
			line = sample(test, line, numbers);
			KUNIT_EXPECT_GE(test, numbers[0], before);
			before = numbers[0];
		} while (*line && (numbers[1] != stats[i].held ||
				   numbers[2] != stats[i].used + stats[i].tags));
		KUNIT_EXPECT_EQ(test, numbers[1], (u64)stats[i].held);
		KUNIT_EXPECT_EQ(test, numbers[2], (u64)(stats[i].used + stats[i].tags));
		KUNIT_EXPECT_EQ(test, numbers[3], stats[i].moves.moved_bytes);
		KUNIT_EXPECT_EQ(test, numbers[4], stats[i].moves.freed_hunks);
		KUNIT_EXPECT_EQ(test, numbers[5], stats[i].moves.cancelled);
	}
}

static void history_keeps_the_last_256_samples(struct kunit *test)
{
	const unsigned int kept = 256, more = 44;
	const char *line;
	u64 numbers[6];
	unsigned int i;

	look(test, POOL "history");
	KUNIT_EXPECT_EQ(test, lines(text_of(test)), 1U);
	for (i = 0; i < kept + more; i++) {
		pool_of(test)->moves.cancelled = i;
		swim_history_add(pool_of(test));
	}
	look(test, POOL "history");
	KUNIT_ASSERT_EQ(test, lines(text_of(test)), kept + 1);
	line = strchr(text_of(test), '\n') + 1;
	for (i = more; i < kept + more; i++) {
		line = sample(test, line, numbers);
		KUNIT_EXPECT_EQ(test, numbers[5], (u64)i);
	}
}

static void pool_without_memory_for_a_record_has_none(struct kunit *test)
{
	struct swim_pool *pool;
	unsigned long n;

	/* The first request that a pool can do without. */
	for (n = 1; n < 100; n++) {
		swim_fail_nth(n);
		pool = swim_pool_create("none", swim_space_heap(space_of(test)), 0);
		swim_fail_nth(0);
		if (!IS_ERR(pool))
			break;
	}
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	KUNIT_EXPECT_NULL(test, pool->record);
	swim_pause_add(pool, 100);
	swim_cost_add(pool, 100, 100);
	swim_history_add(pool);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool, 0), 0);
	look(test, TOP "pools/none/history");
	KUNIT_EXPECT_EQ(test, lines(text_of(test)), 1U);
	look(test, TOP "pools/none/pauses");
	KUNIT_EXPECT_EQ(test, lines(text_of(test)), 1U);
	look(test, TOP "pools/none/costs");
	KUNIT_EXPECT_EQ(test, lines(text_of(test)), 1U);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
}

static void what_a_compaction_has_done_is_recorded(struct kunit *test)
{
	const size_t tag = 8 + swim_kunit_trailer();
	struct swim_pool *pool = pool_of(test);
	struct swim_moves before;

	swim_record_begin(pool, SWIM_CLEAN_REQUEST, 90, &before);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &pool->moves, sizeof(before)), 0);
	pool->moves.moved += 10;
	pool->moves.moved_bytes += 2000;
	pool->moves.freed_hunks += 2;
	swim_record_end(pool, SWIM_CLEAN_REQUEST, 90, &before);
	look(test, POOL "costs");
	expect_number(test, "moved", 2000 + 10 * tag);
	expect_number(test, "freed", 2 * SWIM_FRAME_SIZE - 2000 - 10 * tag);
	/* One that has freed less than it moved to has freed nothing. */
	swim_record_begin(pool, SWIM_CLEAN_REQUEST, 90, &before);
	pool->moves.moved += 1000;
	pool->moves.moved_bytes += 2 * SWIM_FRAME_SIZE;
	pool->moves.freed_hunks++;
	swim_record_end(pool, SWIM_CLEAN_REQUEST, 90, &before);
	look(test, POOL "costs");
	expect_number(test, "moved", 2000 + 2 * SWIM_FRAME_SIZE + 1010 * tag);
	expect_number(test, "freed", 2 * SWIM_FRAME_SIZE - 2000 - 10 * tag);
	look(test, POOL "history");
	KUNIT_EXPECT_EQ(test, lines(text_of(test)), 5U);
}

/* One that makes pools and destroys them, and others who read of them meanwhile. */
static int come_and_go(void *arg, unsigned int number)
{
	static const char * const files[] = { "pauses", "costs", "history", "stats" };
	const unsigned int rounds = ROUNDS(300);
	struct kunit *test = arg;
	struct swim_pool *pool;
	char path[64], text[64];
	struct file *file;
	unsigned int i;
	ssize_t n = 0;
	loff_t pos;

	for (i = 0; i < rounds && !number; i++) {
		pool = swim_pool_create("guest", swim_space_heap(space_of(test)), 0);
		if (IS_ERR(pool))
			return 1;
		swim_history_add(pool);
		cond_resched();
		if (swim_pool_destroy(pool))
			return 2;
	}
	for (i = 0; i < rounds && number; i++) {
		snprintf(path, sizeof(path), TOP "pools/guest/%s",
			 files[(i + number) % ARRAY_SIZE(files)]);
		file = filp_open(path, O_RDONLY, 0);
		cond_resched();
		if (IS_ERR(file))
			continue;
		pos = 0;
		n = transfer(test, file, text, sizeof(text) - 1, false, &pos);
		filp_close(file, NULL);
		/* It is gone, or it has begun to tell. */
		if (n != -EIO && n != sizeof(text) - 1)
			return 3;
	}
	return 0;
}

static void readers_may_come_and_go_with_pools(struct kunit *test)
{
	look(test, TOP "totals");
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), come_and_go, test), 0);
	KUNIT_EXPECT_FALSE(test, exists("pools", "guest"));
}

static void rubbish_written_to_compact_is_invalid(struct kunit *test)
{
	static const char * const rubbish[] = {
		"0", "101", "-1", "abc", "1x", "", " ", "\n", "4294967297", "1 2",
		"99999999999999999999999999",
	};
	struct swim_pool_stats stats;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rubbish); i++)
		KUNIT_EXPECT_LT_MSG(test, compact(test, rubbish[i]), 0L, "'%s'", rubbish[i]);
	KUNIT_EXPECT_EQ(test, compact(test, "0"), (ssize_t)-EINVAL);
	KUNIT_EXPECT_EQ(test, compact(test, "101"), (ssize_t)-EINVAL);
	KUNIT_EXPECT_EQ(test, compact(test, "abc"), (ssize_t)-EINVAL);
	KUNIT_EXPECT_EQ(test, compact(test, ""), (ssize_t)-EINVAL);
	swim_pool_stats(pool_of(test), &stats);
	KUNIT_EXPECT_EQ(test, stats.moves.compactions, 0ULL);
}

static void number_from_1_to_100_written_to_compact_compacts(struct kunit *test)
{
	static const char * const numbers[] = { "1", "2", "50", "97\n", "100", "0x10\n" };
	struct swim_pool_stats stats;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		KUNIT_EXPECT_EQ(test, compact(test, numbers[i]), (ssize_t)strlen(numbers[i]));
	swim_pool_stats(pool_of(test), &stats);
	KUNIT_EXPECT_EQ(test, stats.moves.compactions, (u64)ARRAY_SIZE(numbers));
}

static void no_text_looks_like_an_address(struct kunit *test)
{
	static const char * const paths[] = {
		TOP "totals", SPACE "stats", POOL "stats", POOL "histogram", POOL "pauses",
		POOL "costs", POOL "history", POOL "obstacles", POOL "target",
		POOL "budget_bytes", POOL "budget_us",
	};
	char address[32], numbers[30];
	const char *line;
	unsigned int i;

	snprintf(address, sizeof(address), "%lx", (unsigned long)test->priv | 0xabcdef);
	KUNIT_EXPECT_TRUE(test, looks_like_an_address(address));
	swim_history_add(pool_of(test));
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		look(test, paths[i]);
		KUNIT_EXPECT_FALSE_MSG(test, looks_like_an_address(text_of(test)), "%s", paths[i]);
	}
	if (swim_debug) {
		look(test, POOL "owners");
		KUNIT_EXPECT_FALSE(test, looks_like_an_address(text_of(test)));
	}
	/* In the map a digit stands for each KiB; what stands before them is no address. */
	look(test, POOL "map");
	for (line = strchr(text_of(test), '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		strscpy(numbers, line + 1, sizeof(numbers));
		KUNIT_EXPECT_FALSE_MSG(test, looks_like_an_address(numbers), "%s", numbers);
	}
}

struct flow {
	u64 key;
	u64 packets;
};

static SWIM_PLAIN_TYPE(flow_type, struct flow);

/* Objects of the pool that nobody has a lease of. */
static unsigned long unleased(struct kunit *test)
{
	struct view *view = test->priv;
	unsigned long n = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(view->objects); i++)
		n += !!view->objects[i];
	return n;
}

static struct swim_pool_stats compacted(struct kunit *test)
{
	struct swim_pool_stats stats;

	KUNIT_EXPECT_EQ(test, swim_pool_compact(pool_of(test), 100), 0);
	swim_pool_stats(pool_of(test), &stats);
	return stats;
}

static void *pinned(struct kunit *test, struct swim_box *box)
{
	void *value = swim_box_pin(box);

	KUNIT_ASSERT_FALSE(test, IS_ERR(value));
	return value;
}

static void what_could_not_be_moved_is_counted(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(pool_of(test));
	struct swim_ref_box ref = {};
	struct swim_pool_stats stats;
	struct swim_box box = {};
	struct swim_raw raw = {};

	KUNIT_ASSERT_EQ(test, swim_box_new(&box, hold, &flow_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, hold, 104, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ref_box_new(&ref, hold, &flow_type, GFP_KERNEL), 0);
	pinned(test, &box);
	stats = compacted(test);
	KUNIT_EXPECT_EQ(test, stats.moves.moved, 1ULL);
	/* What has a Ref keeps its metadata beside its value. */
	KUNIT_EXPECT_EQ(test, stats.obstacles.pinned, 2UL);
	KUNIT_EXPECT_EQ(test, stats.obstacles.pinned_bytes, stats.used - 104 -
			200 * unleased(test));
	KUNIT_EXPECT_EQ(test, stats.obstacles.unleased, unleased(test));
	KUNIT_EXPECT_EQ(test, stats.obstacles.unleased_bytes, 200 * unleased(test));
	/* One hunk more has what has moved. */
	KUNIT_EXPECT_EQ(test, stats.obstacles.hunks, stats.hunks - 1);
	KUNIT_EXPECT_EQ(test, stats.obstacles.held_back, stats.obstacles.hunks * SWIM_FRAME_SIZE -
			(stats.used + stats.tags - 104 - 8 - swim_kunit_trailer()));
	KUNIT_EXPECT_EQ(test, stats.obstacles.lasting, 0UL);
	/* And the next run begins anew. */
	swim_box_unpin(&box);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
	free_objects(test);
	stats = compacted(test);
	KUNIT_EXPECT_EQ(test, stats.obstacles.pinned, 0UL);
	KUNIT_EXPECT_EQ(test, stats.obstacles.pinned_bytes, 0UL);
	KUNIT_EXPECT_EQ(test, stats.obstacles.unleased, 0UL);
	KUNIT_EXPECT_EQ(test, stats.obstacles.hunks, 0UL);
	KUNIT_EXPECT_EQ(test, stats.obstacles.held_back, 0UL);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void steps_count_each_once(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(pool_of(test));
	struct swim_hard_box hard[50] = {};
	struct swim_pool_stats stats;
	struct swim_box box = {};
	unsigned int i, steps = 0;
	int err;

	free_objects(test);
	KUNIT_ASSERT_EQ(test, swim_box_new(&box, hold, &flow_type, GFP_KERNEL), 0);
	for (i = 0; i < ARRAY_SIZE(hard); i++)
		KUNIT_ASSERT_EQ(test, swim_hard_box_new(&hard[i], hold, &flow_type, GFP_KERNEL), 0);
	pinned(test, &box);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(pool_of(test), 1, USEC_PER_SEC), 0);
	do {
		err = swim_pool_compact_step(pool_of(test), 100);
		steps++;
	} while (err > 0);
	swim_box_unpin(&box);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_GE(test, steps, (unsigned int)ARRAY_SIZE(hard));
	swim_pool_stats(pool_of(test), &stats);
	KUNIT_EXPECT_EQ(test, stats.obstacles.pinned, 1UL);
	KUNIT_EXPECT_EQ(test, stats.obstacles.pinned_bytes, sizeof(struct flow));
	KUNIT_EXPECT_EQ(test, stats.obstacles.hunks, 1UL);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	for (i = 0; i < ARRAY_SIZE(hard); i++)
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard[i]), 0);
}

/* The line of obstacles of this kind that are of this type, and what it says. */
static void expect_obstacle(struct kunit *test, const char *kind, const char *type,
			    unsigned long objects, size_t bytes, unsigned long hunks,
			    size_t held_back)
{
	char line[128];

	snprintf(line, sizeof(line), "\n%-8s %8lu %12zu %8lu %12zu %s\n", kind, objects, bytes,
		 hunks, held_back, type);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text_of(test), line), "no '%s' in '%s'", line,
				  text_of(test));
}

static void obstacles_are_told_by_kind_and_type(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(pool_of(test));
	struct swim_hard_box hard = {};
	struct swim_ref_box ref = {};
	struct swim_mut_box mut = {};
	struct swim_pool_stats stats;
	struct swim_box boxes[3] = {};
	struct swim_raw raws[2] = {};
	size_t held_back, counted;
	unsigned int i;

	free_objects(test);
	compacted(test);
	for (i = 0; i < ARRAY_SIZE(boxes); i++)
		KUNIT_ASSERT_EQ(test, swim_box_new(&boxes[i], hold, &flow_type, GFP_KERNEL), 0);
	for (i = 0; i < ARRAY_SIZE(raws); i++)
		KUNIT_ASSERT_EQ(test, swim_raw_new(&raws[i], hold, 40, GFP_KERNEL), 0);
	swim_pool_stats(pool_of(test), &stats);
	counted = stats.used;
	KUNIT_ASSERT_EQ(test, swim_ref_box_new(&ref, hold, &flow_type, GFP_KERNEL), 0);
	swim_pool_stats(pool_of(test), &stats);
	counted = stats.used - counted;
	KUNIT_ASSERT_EQ(test, swim_mut_box_new(&mut, hold, &flow_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&hard, hold, &flow_type, GFP_KERNEL), 0);
	((struct view *)test->priv)->objects[0] = swim_pool_alloc(pool_of(test), 200, GFP_KERNEL);
	/* Nothing is in the way of what is still open. */
	look(test, POOL "obstacles");
	KUNIT_EXPECT_EQ(test, lines(text_of(test)), 1U);
	pinned(test, &boxes[0]);
	pinned(test, &boxes[1]);
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_raw_pin(&raws[0])));
	swim_pool_flush(pool_of(test));
	swim_pool_stats(pool_of(test), &stats);
	KUNIT_ASSERT_EQ(test, stats.hunks, 1UL);
	held_back = SWIM_FRAME_SIZE - stats.used - stats.tags;
	look(test, POOL "obstacles");
	KUNIT_EXPECT_EQ(test, lines(text_of(test)), 5U);
	expect_obstacle(test, "pinned", "struct flow", 2, 2 * sizeof(struct flow), 1, held_back);
	expect_obstacle(test, "pinned", "bytes", 1, 40, 1, held_back);
	expect_obstacle(test, "shared", "struct flow", 2, 2 * counted, 1, held_back);
	expect_obstacle(test, "unleased", "bytes", 1, 200, 1, held_back);
	/* The rest moves, and a second hunk has the same in it. */
	compacted(test);
	swim_box_unpin(&boxes[1]);
	swim_raw_unpin(&raws[0]);
	pinned(test, &boxes[2]);
	swim_pool_flush(pool_of(test));
	swim_pool_stats(pool_of(test), &stats);
	KUNIT_ASSERT_EQ(test, stats.hunks, 2UL);
	look(test, POOL "obstacles");
	KUNIT_EXPECT_EQ(test, lines(text_of(test)), 4U);
	expect_obstacle(test, "pinned", "struct flow", 2, 2 * sizeof(struct flow), 2,
			2 * SWIM_FRAME_SIZE - stats.used - stats.tags);
	swim_box_unpin(&boxes[0]);
	swim_box_unpin(&boxes[2]);
	for (i = 0; i < ARRAY_SIZE(boxes); i++)
		KUNIT_EXPECT_EQ(test, swim_box_drop(&boxes[i]), 0);
	for (i = 0; i < ARRAY_SIZE(raws); i++)
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raws[i]), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
}

#define TYPES	1100

static void obstacles_of_too_many_types_are_summed(struct kunit *test)
{
	struct swim_type *types = vzalloc(TYPES * sizeof(*types));
	struct swim_box *boxes = vzalloc(TYPES * sizeof(*boxes));
	unsigned int i;

	free_objects(test);
	KUNIT_ASSERT_NOT_NULL(test, types);
	KUNIT_ASSERT_NOT_NULL(test, boxes);
	for (i = 0; i < TYPES; i++) {
		types[i] = flow_type;
		KUNIT_ASSERT_EQ(test, swim_box_new(&boxes[i], swim_pool_hold(pool_of(test)),
						   &types[i], GFP_KERNEL), 0);
	}
	for (i = 0; i < TYPES; i++)
		pinned(test, &boxes[i]);
	swim_pool_flush(pool_of(test));
	look(test, POOL "obstacles");
	/* A heading, 1023 groups, and the others. */
	KUNIT_EXPECT_EQ(test, lines(text_of(test)), 1025U);
	expect_number(test, "others", TYPES - 1023);
	for (i = 0; i < TYPES; i++) {
		swim_box_unpin(&boxes[i]);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&boxes[i]), 0);
	}
	vfree(boxes);
	vfree(types);
}

static void wait_for_seconds(unsigned int seconds)
{
	const unsigned long until = jiffies + seconds * HZ;

	while (time_before_eq(jiffies, until))
		schedule_timeout_uninterruptible(1);
}

/* Warnings since the last of these. */
static unsigned int warnings(void)
{
	unsigned int n = swim_reports.warnings;

	swim_reports_reset();
	return n;
}

static void expect_lasting(struct kunit *test, unsigned long lasting, unsigned int told)
{
	KUNIT_EXPECT_EQ(test, compacted(test).obstacles.lasting, lasting);
	KUNIT_EXPECT_EQ(test, warnings(), told);
}

/* A second later it is named, with what an object alone in its hunk holds back. */
static void expect_named(struct kunit *test, const char *what, size_t size)
{
	const size_t left = SWIM_FRAME_SIZE - size - 8 - swim_kunit_trailer();
	char start[64], end[48];
	unsigned long entry;

	wait_for_seconds(1);
	KUNIT_EXPECT_EQ(test, compacted(test).obstacles.lasting, 1UL);
	snprintf(start, sizeof(start), "pool 'kunit': %s of %zu bytes pinned for ", what, size);
	snprintf(end, sizeof(end), " s, holds back %zu bytes", left);
	KUNIT_EXPECT_TRUE_MSG(test, strstarts(swim_reports.warning, start), "'%s'",
			      swim_reports.warning);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(swim_reports.warning, end), "'%s'",
				  swim_reports.warning);
	KUNIT_EXPECT_FALSE(test, looks_like_an_address(swim_reports.warning));
	KUNIT_EXPECT_EQ(test, swim_reports.stacks, swim_debug ? 1U : 0U);
	KUNIT_EXPECT_EQ(test, !!swim_reports.born, swim_debug && swim_stack_walk(&entry, 1, 0));
	kunit_info(test, "%s", swim_reports.warning);
	KUNIT_EXPECT_EQ(test, warnings(), 1U);
}

static void what_stays_pinned_is_named_once(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(pool_of(test));
	const unsigned int before = swim_pin_warn;
	struct swim_box box = {}, other = {};

	free_objects(test);
	KUNIT_ASSERT_EQ(test, swim_box_new(&box, hold, &flow_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_box_new(&other, hold, &flow_type, GFP_KERNEL), 0);
	pinned(test, &box);
	wait_for_seconds(1);
	swim_pin_warn = 1;
	/* Since when it is pinned nobody knows before it is in the way. */
	expect_lasting(test, 0, 0);
	expect_named(test, "struct flow", sizeof(struct flow));
	expect_lasting(test, 1, 0);
	wait_for_seconds(1);
	expect_lasting(test, 1, 0);
	/* Where it has moved it is another obstacle. */
	swim_box_unpin(&box);
	expect_lasting(test, 0, 0);
	pinned(test, &box);
	expect_lasting(test, 0, 0);
	expect_lasting(test, 0, 0);
	expect_named(test, "struct flow", sizeof(struct flow));
	swim_pin_warn = before;
	swim_box_unpin(&box);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&other), 0);
}

static void bytes_that_stay_pinned_are_named(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(pool_of(test));
	const unsigned int before = swim_pin_warn;
	struct swim_raw raw = {};

	free_objects(test);
	swim_pin_warn = 1;
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, hold, 104, GFP_KERNEL), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_raw_pin(&raw)));
	expect_lasting(test, 0, 0);
	expect_named(test, "bytes", 104);
	swim_pin_warn = before;
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void another_one_at_the_same_place_is_not_named(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(pool_of(test));
	const unsigned int before = swim_pin_warn;
	struct swim_raw raw = {};
	const void *place;

	free_objects(test);
	compacted(test);
	swim_pin_warn = 1;
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, hold, 104, GFP_KERNEL), 0);
	place = swim_raw_pin(&raw);
	expect_lasting(test, 0, 0);
	swim_raw_unpin(&raw);
	/* Its end is that of its hunk. */
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	wait_for_seconds(1);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, hold, 104, GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_EQ(test, swim_raw_pin(&raw), (void *)place);
	expect_lasting(test, 0, 0);
	swim_pin_warn = before;
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void nothing_is_named_when_nobody_wants_that(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(pool_of(test));
	const unsigned int before = swim_pin_warn;
	struct swim_raw raw = {};

	free_objects(test);
	swim_pin_warn = 0;
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, hold, 104, GFP_KERNEL), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(swim_raw_pin(&raw)));
	expect_lasting(test, 0, 0);
	wait_for_seconds(1);
	expect_lasting(test, 0, 0);
	swim_pin_warn = before;
	swim_raw_unpin(&raw);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

/* What is there when it is read, and is then what was written. */
static void expect_knob(struct kunit *test, const char *path, const char *value, u32 is)
{
	unsigned int read;

	KUNIT_EXPECT_EQ(test, put(test, path, value), (ssize_t)strlen(value));
	look(test, path);
	KUNIT_EXPECT_EQ_MSG(test, kstrtouint(text_of(test), 10, &read), 0, "'%s'", text_of(test));
	KUNIT_EXPECT_EQ_MSG(test, read, is, "%s to %s", value, path);
}

static void target_and_budget_can_be_read_and_written(struct kunit *test)
{
	struct swim_reclaim *reclaim = &pool_of(test)->reclaim;

	expect_knob(test, POOL "target", "99\n", 99);
	KUNIT_EXPECT_EQ(test, reclaim->target, 99U);
	expect_knob(test, POOL "target", "0", 0);
	KUNIT_EXPECT_EQ(test, reclaim->target, 0U);
	expect_knob(test, POOL "budget_bytes", "4096\n", 4096);
	KUNIT_EXPECT_EQ(test, reclaim->budget_bytes, 4096U);
	KUNIT_EXPECT_EQ(test, reclaim->budget_us, 1000U);
	expect_knob(test, POOL "budget_us", "50\n", 50);
	KUNIT_EXPECT_EQ(test, reclaim->budget_us, 50U);
	KUNIT_EXPECT_EQ(test, reclaim->budget_bytes, 4096U);
	expect_knob(test, POOL "budget_bytes", "0", SZ_1M);
	KUNIT_EXPECT_EQ(test, reclaim->budget_us, 50U);
	expect_knob(test, POOL "budget_us", "0", 1000);
	KUNIT_EXPECT_EQ(test, reclaim->budget_bytes, (u32)SZ_1M);
}

static void rubbish_written_to_target_or_budget_changes_nothing(struct kunit *test)
{
	static const struct {
		const char *path, *text;
	} rubbish[] = {
		{ POOL "target", "100" }, { POOL "target", "-1" }, { POOL "target", "abc" },
		{ POOL "target", "4294967296" }, { POOL "target", "1 2" },
		{ POOL "budget_bytes", "2147483649" }, { POOL "budget_bytes", "-1" },
		{ POOL "budget_bytes", "1x" }, { POOL "budget_bytes", "18446744073709551615" },
		{ POOL "budget_us", "1000001" }, { POOL "budget_us", "-1" },
		{ POOL "budget_us", "x" }, { POOL "budget_us", "4294967296" },
	};
	struct swim_reclaim *reclaim = &pool_of(test)->reclaim;
	unsigned int i;

	expect_knob(test, POOL "target", "42", 42);
	expect_knob(test, POOL "budget_bytes", "4242", 4242);
	expect_knob(test, POOL "budget_us", "424", 424);
	for (i = 0; i < ARRAY_SIZE(rubbish); i++)
		KUNIT_EXPECT_EQ_MSG(test, put(test, rubbish[i].path, rubbish[i].text),
				    (ssize_t)-EINVAL, "'%s' to %s", rubbish[i].text,
				    rubbish[i].path);
	KUNIT_EXPECT_EQ(test, reclaim->target, 42U);
	KUNIT_EXPECT_EQ(test, reclaim->budget_bytes, 4242U);
	KUNIT_EXPECT_EQ(test, reclaim->budget_us, 424U);
}

static void each_error_has_its_own_text(struct kunit *test)
{
	static const int errors[] = {
		0, SWIM_EMISALIGNED, SWIM_EOVERSIZED, SWIM_ENOMEM, SWIM_EUNSUPPORTED,
		SWIM_ECLEARED, SWIM_EALIASED, SWIM_EOCCUPIED, SWIM_ECORRUPT,
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		KUNIT_EXPECT_STRNEQ(test, swim_error_text(-errors[i]), "unknown");
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_STRNEQ(test, swim_error_text(-errors[i]),
					    swim_error_text(-errors[j]));
	}
	KUNIT_EXPECT_STREQ(test, swim_error_text(-ENXIO), "unknown");
	KUNIT_EXPECT_STREQ(test, swim_error_text(EINVAL), "unknown");
}

static struct kunit_case debugfs_cases[] = {
	KUNIT_CASE(files_of_a_pool_and_a_space_are_for_root_only),
	KUNIT_CASE(folders_vanish_with_what_they_show),
	KUNIT_CASE(destroy_that_is_refused_leaves_the_folders),
	KUNIT_CASE(create_that_fails_leaves_no_folder),
	KUNIT_CASE(stats_of_a_pool_are_those_of_swim_pool_stats),
	KUNIT_CASE(stats_of_a_space_are_those_of_swim_space_stats),
	KUNIT_CASE(totals_are_the_sums),
	KUNIT_CASE(histogram_has_each_hunk_once),
	KUNIT_CASE(each_hunk_has_a_line_in_the_map),
	KUNIT_CASE(map_shows_what_lives_where),
	KUNIT_CASE(pauses_are_counted_by_powers_of_two),
	KUNIT_CASE(costs_are_counted_by_what_was_freed_for_them),
	KUNIT_CASE(history_has_what_the_pool_was),
	KUNIT_CASE(history_keeps_the_last_256_samples),
	KUNIT_CASE(pool_without_memory_for_a_record_has_none),
	KUNIT_CASE(what_a_compaction_has_done_is_recorded),
	KUNIT_CASE(readers_may_come_and_go_with_pools),
	KUNIT_CASE(rubbish_written_to_compact_is_invalid),
	KUNIT_CASE(number_from_1_to_100_written_to_compact_compacts),
	KUNIT_CASE(what_could_not_be_moved_is_counted),
	KUNIT_CASE(steps_count_each_once),
	KUNIT_CASE(obstacles_are_told_by_kind_and_type),
	KUNIT_CASE(obstacles_of_too_many_types_are_summed),
	KUNIT_CASE(what_stays_pinned_is_named_once),
	KUNIT_CASE(bytes_that_stay_pinned_are_named),
	KUNIT_CASE(another_one_at_the_same_place_is_not_named),
	KUNIT_CASE(nothing_is_named_when_nobody_wants_that),
	KUNIT_CASE(target_and_budget_can_be_read_and_written),
	KUNIT_CASE(rubbish_written_to_target_or_budget_changes_nothing),
	KUNIT_CASE(no_text_looks_like_an_address),
	KUNIT_CASE(each_error_has_its_own_text),
	{}
};

static struct kunit_suite debugfs_suite = {
	.name = "swimmem_debugfs",
	.suite_init = debugfs_suite_init,
	.suite_exit = debugfs_suite_exit,
	.init = view_init,
	.exit = view_exit,
	.test_cases = debugfs_cases,
};

kunit_test_suite(debugfs_suite);

MODULE_DESCRIPTION("KUnit suite: what debugfs shows");
MODULE_LICENSE("GPL");
