// SPDX-License-Identifier: GPL-2.0-only
/*
 * Torture: everything that swimmem does, at once, for a while, and nothing is lost or changed.
 *
 *	torture: KIND COUNT WHAT, ...		what the threads of one kind have done
 *	torture: pool NAME ...			what compaction has done there
 *	torture: passed				or FAILED: and the first thing that was wrong
 *
 * Each thread has random numbers of its own, from the module's seed and its number. What happens
 * is the same again only as far as one thread does not depend on others.
 *
 * Loading the module runs it, and fails when anything was wrong. The first thing that is wrong ends
 * all threads. The tables with the leases stay then, for somebody may have what they own.
 */
#define pr_fmt(fmt) "torture: " fmt

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../../swimmem/observe/report.h"
#include "../../swimmem/observe/step.h"
#include "torture.h"

#define SLAB_BYTES	SZ_256K
#define THREADS_MAX	256
#define TURN_TICKS	DIV_ROUND_UP(HZ, 5)

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of all random numbers (default 1)");

static unsigned int seconds = 60;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "to run for (default 60)");

static unsigned int threads;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "of each kind (default: one for two CPUs)");

unsigned int failures;
module_param(failures, uint, 0444);
MODULE_PARM_DESC(failures, "let one in so many requests for memory fail, part of the time; needs CONFIG_KUNIT (default 0: none)");

bool shortage;
module_param(shortage, bool, 0444);
MODULE_PARM_DESC(shortage, "the kernel will refuse memory, too (default 0)");

static bool hotplug;
module_param(hotplug, bool, 0444);
MODULE_PARM_DESC(hotplug, "take CPUs away and bring them back (default 0)");

bool steps;
module_param(steps, bool, 0444);
MODULE_PARM_DESC(steps, "count transitions, and provoke races; needs CONFIG_SWIMMEM_STEPS (default 0)");

struct spaces spaces;

DEFINE_SWIM_SPACE(torture_fixed, SZ_1M);
static struct swim_slab slab;

struct arena arenas[ARENAS] = {
	[IN_PLAIN] = { "torture-plain", 0, SZ_16K - 64, SZ_64K },
	[IN_OTHER] = { "torture-other", 0, SZ_16K - 64, SZ_64K },
	[IN_TIGHT] = { "torture-tight", 0, SZ_16K - 64, SZ_64K },
	[IN_FIXED] = { "torture-fixed", 0, SZ_4K, SZ_32K },
	[IN_PAGES] = { "torture-pages", 0, SZ_1K - 64, 0 },
	[IN_READ] = { "torture-read", SWIM_POOL_RCU, SZ_16K - 64, SZ_64K },
	[IN_REREAD] = { "torture-reread", SWIM_POOL_RCU, SZ_4K, SZ_32K },
};

static const struct kind *const kinds[] = {
	&writer_kind, &pinner_kind, &reader_kind, &dropper_kind, &rehomer_kind, &hardirq_kind,
	&softirq_kind, &share_kind, &plant_kind, &scope_kind, &bare_kind, &brief_kind,
	&compactor_kind, &observer_kind, &failure_kind, &hotplug_kind,
	/* The others have the same numbers, and so the same random ones, with and without these. */
	&rival_kind, &chaser_kind, &crowd_kind, &tide_kind, &extent_kind, &unit_kind, &packer_kind,
	&sharer_kind, &single_kind, &shuttle_kind, &prodded_kind, &prodder_kind,
};

/* Does nothing but look at what is left, when all others have ended. */
static const struct kind last_kind = { .name = "end" };

static struct thread *team;
static unsigned int team_size;

static bool over;
static unsigned long has_failed;
static char first_failure[160];

bool failed(void)
{
	return test_bit(0, &has_failed);
}

/**
 * fail - tell that something is wrong
 * @t: who has found it; NULL when that is not known
 * @fmt: what, without newline, as for printf()
 *
 * Context: Any but NMI.
 */
void fail(struct thread *t, const char *fmt, ...)
{
	char text[120];
	va_list args;

	if (test_and_set_bit(0, &has_failed))
		return;
	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(first_failure, sizeof(first_failure), "%s %u, seed %u: %s",
		 t ? t->kind->name : "somebody", t ? t->number : 0, seed, text);
	pr_err("FAILED: %s\n", first_failure);
	dump_stack();
}

/**
 * fill - write what follows from a seed
 * @object: whose bytes
 * @seed: of them
 * @from: the first byte, a multiple of 8
 * @size: behind the last byte
 */
void fill(void *object, u64 seed, size_t from, size_t size)
{
	u64 last = word_of(seed, size / 8);
	u64 *word = object;
	size_t n;

	for (n = from / 8; n < size / 8; n++)
		word[n] = word_of(seed, n);
	memcpy(object + size / 8 * 8, &last, size % 8);
}

/**
 * check - is there what fill() has written?
 * @t: who asks; in an interrupt he looks at some of it only
 * @object: whose bytes
 * @seed: of them
 * @from: the first byte, a multiple of 8
 * @size: behind the last byte
 */
bool check(struct thread *t, const void *object, u64 seed, size_t from, size_t size)
{
	const size_t words = size / 8, step = 1 + words / (t->interrupt ? 64 : 512);
	const u64 last = word_of(seed, words);
	const u64 *word = object;
	size_t n;

	count(t, COUNT_CHECKED);
	for (n = from / 8 + below(t, step); n < words; n += step) {
		if (word[n] != word_of(seed, n)) {
			fail(t, "object of %zu bytes and seed %llx has %llx at %zu", size, seed,
			     word[n], 8 * n);
			return false;
		}
	}
	if (memcmp(object + 8 * words, &last, size % 8)) {
		fail(t, "object of %zu bytes and seed %llx has another end", size, seed);
		return false;
	}
	return true;
}

/**
 * check_zero - is an object empty?
 * @t: who asks
 * @object: which
 * @size: its bytes
 */
bool check_zero(struct thread *t, const void *object, size_t size)
{
	const u8 *byte = memchr_inv(object, 0, size);

	if (byte)
		fail(t, "what is new, of %zu bytes, has %02x at %zu", size, *byte,
		     (size_t)(byte - (const u8 *)object));
	return !byte;
}

#if IS_ENABLED(CONFIG_KUNIT)

/* A scope that ends tells what it leaves; nothing else is to be told. */
static void reported(enum swim_report_part part, const char *text, u32 stack)
{
	if (part == SWIM_REPORT_HEAD &&
	    !(may_be_left() && strstr(text, " left by its scope with ")))
		fail(NULL, "report: %s", text);
}

static void watch_reports(bool watch)
{
	swim_report_divert(watch ? reported : NULL);
}

#else

static void watch_reports(bool watch)
{
}

#endif

/* Whose turn it is; TURN_NONE when all may run. */
static enum turn turn_now(void)
{
	/* What movers and owners do to each other takes most of it. */
	static const enum turn order[] = {
		TURN_HOT, TURN_CROWD, TURN_HOT, TURN_TIDE, TURN_HOT, TURN_EXTENT, TURN_HOT,
		TURN_UNIT, TURN_HOT, TURN_SHUTTLE, TURN_HOT, TURN_PROD,
	};
	const unsigned long period = jiffies / TURN_TICKS;

	return period % 2 ? order[period / 2 % ARRAY_SIZE(order)] : TURN_NONE;
}

static bool is_resting(const struct kind *kind)
{
	const enum turn now = steps ? turn_now() : TURN_NONE;

	return now && kind->turn != now && kind->turn != TURN_ANY;
}

static int run(void *arg)
{
	struct thread *t = arg;

	while (!READ_ONCE(over) && !kthread_should_stop() && !failed()) {
		if (is_resting(t->kind)) {
			schedule_timeout_uninterruptible(1);
			continue;
		}
		t->kind->step(t);
		cond_resched();
	}
	return 0;
}

static bool is_wanted(const struct kind *kind)
{
	if (kind == &failure_kind)
		return failures;
	if (kind->provoked)
		return steps;
	return kind != &hotplug_kind || hotplug;
}

static void thread_init(struct thread *t, const struct kind *kind, unsigned int number)
{
	t->kind = kind;
	t->number = number;
	prandom_seed_state(&t->random, (u64)seed << 32 | (number + 1) * 0x9e3779b9U);
}

static unsigned int times(const struct kind *kind)
{
	if (!is_wanted(kind))
		return 0;
	return kind->single ? 1 : max(kind->times, 1U) * threads;
}

static int team_make(void)
{
	unsigned int kind, n;

	if (!threads)
		threads = DIV_ROUND_UP(num_online_cpus(), 2);
	team = kvcalloc(THREADS_MAX, sizeof(*team), GFP_KERNEL);
	if (!team)
		return -ENOMEM;
	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		for (n = 0; n < times(kinds[kind]); n++) {
			if (team_size == THREADS_MAX)
				return -E2BIG;
			thread_init(&team[team_size], kinds[kind], team_size);
			team_size++;
		}
	}
	return 0;
}

static int team_begin(void)
{
	unsigned int n;
	int err = 0;

	for (n = 0; !err && n < team_size; n++) {
		struct thread *t = &team[n];

		err = t->kind->begin ? t->kind->begin(t) : 0;
		if (err)
			break;
		t->task = kthread_create(run, t, "torture/%s", t->kind->name);
		if (IS_ERR(t->task)) {
			err = PTR_ERR(t->task);
			t->task = NULL;
			break;
		}
		/* It may have ended by itself before it is asked to. */
		get_task_struct(t->task);
		if (t->kind->urgent)
			sched_set_fifo_low(t->task);
	}
	for (n = 0; !err && n < team_size; n++)
		wake_up_process(team[n].task);
	return err;
}

/* A signal to who loads the module ends it before its time. */
static void team_wait(void)
{
	const unsigned long end = jiffies + seconds * HZ;

	while (time_before(jiffies, end) && !failed() && !signal_pending(current))
		msleep_interruptible(100);
}

static void team_end(void)
{
	unsigned int n;

	/* All at once: each of the others would go on until it is its turn. */
	WRITE_ONCE(over, true);
	for (n = 0; n < team_size; n++) {
		if (!team[n].task)
			continue;
		kthread_stop(team[n].task);
		put_task_struct(team[n].task);
	}
	for (n = 0; n < team_size; n++)
		if (team[n].kind->end)
			team[n].kind->end(&team[n]);
}

static int spaces_make(void)
{
	const struct swim_block block = { vmalloc(SLAB_BYTES), SLAB_BYTES };
	int err;

	spaces.plain = swim_space_create("torture", 0);
	spaces.tight = swim_space_create("torture-tight", SZ_2M);
	err = PTR_ERR_OR_ZERO(spaces.plain) ?: PTR_ERR_OR_ZERO(spaces.tight) ?:
	      swim_space_add(&torture_fixed);
	if (err)
		return err;
	spaces.fixed = &torture_fixed;
	return block.addr ? swim_slab_init(&slab, &block, PAGE_SIZE) : -ENOMEM;
}

static struct swim_heap *heap_of(unsigned int arena)
{
	switch (arena) {
	case IN_TIGHT:
		return swim_space_heap(spaces.tight);
	case IN_FIXED:
		return swim_space_heap(spaces.fixed);
	case IN_PAGES:
		return swim_slab_heap(&slab);
	default:
		return swim_space_heap(spaces.plain);
	}
}

static int pools_make(void)
{
	unsigned int n;

	for (n = 0; n < ARENAS; n++) {
		struct arena *arena = &arenas[n];
		struct swim_pool *pool = swim_pool_create(arena->name, heap_of(n), arena->flags);

		if (IS_ERR(pool))
			return PTR_ERR(pool);
		arena->pool = pool;
	}
	return 0;
}

/**
 * pool_end - tell what compaction has done in a pool, and end it
 * @t: who ends it
 * @pool: it; or none, if it was not made
 * @name: of it
 *
 * Return: false when something in it is still in use: the first failure, if there is none yet.
 */
bool pool_end(struct thread *t, struct swim_pool *pool, const char *name)
{
	struct swim_pool_stats stats;

	if (IS_ERR_OR_NULL(pool))
		return true;
	swim_pool_stats(pool, &stats);
	pr_info("pool %s: %llu moved, %llu KiB, %llu cancelled, %llu refused, %llu hunks freed, %llu compactions\n",
		name, stats.moves.moved, stats.moves.moved_bytes >> 10, stats.moves.cancelled,
		stats.moves.refused, stats.moves.freed_hunks, stats.moves.compactions);
	if (stats.live || stats.used || stats.large)
		fail(t, "%s has %ld objects, %zu bytes, %ld large ones at the end", name,
		     stats.live, stats.used, stats.large);
	return done(t, swim_pool_destroy(pool), "end of a pool");
}

static bool pools_end(struct thread *t)
{
	bool ended = true;
	unsigned int n;

	for (n = 0; n < ARENAS; n++)
		ended = pool_end(t, arenas[n].pool, arenas[n].name) && ended;
	return ended;
}

/**
 * space_end - the end of a space
 * @t: who ends it
 * @space: it; or none, if it was not made
 *
 * Return: false when something of it is still in use.
 */
bool space_end(struct thread *t, struct swim_space *space)
{
	return IS_ERR_OR_NULL(space) || done(t, swim_space_destroy(space), "end of a space");
}

static bool spaces_end(struct thread *t)
{
	struct swim_slab_stats stats;
	bool ended;

	ended = space_end(t, spaces.plain);
	ended = space_end(t, spaces.tight) && ended;
	ended = space_end(t, spaces.fixed) && ended;
	swim_slab_stats(&slab, &stats);
	if (stats.live)
		fail(t, "the slab has %u units in use at the end", stats.live);
	else
		vfree(slab.memory.addr);
	return ended && !stats.live;
}

/* What the threads of one kind have done. */
static void tell(const struct kind *kind)
{
#define TEXT(name, text)	text,
	static const char *const name[] = { COUNTS(TEXT) };
#undef TEXT
	unsigned long sum[COUNT_N] = {};
	unsigned int n, i, size = 0, found = 0;
	char line[512];

	for (n = 0; n < team_size; n++) {
		if (team[n].kind != kind)
			continue;
		found++;
		for (i = 0; i < COUNT_N; i++)
			sum[i] += team[n].count[i];
	}
	if (!found)
		return;
	for (i = 0; i < COUNT_N; i++)
		if (sum[i])
			size += scnprintf(line + size, sizeof(line) - size, "%s%lu %s",
					  size ? ", " : "", sum[i], name[i]);
	pr_info("%s, %u: %s\n", kind->name, found, size ? line : "nothing");
}

static void count_steps(bool on)
{
#ifdef CONFIG_SWIMMEM_STEPS
	swim_steps_count(on);
#endif
}

static int possible(void)
{
	if (failures && !IS_ENABLED(CONFIG_KUNIT))
		return -EOPNOTSUPP;
	if (steps && !IS_ENABLED(CONFIG_SWIMMEM_STEPS))
		return -EOPNOTSUPP;
	return hotplug && !IS_ENABLED(CONFIG_HOTPLUG_CPU) ? -EOPNOTSUPP : 0;
}

static int provoked_begin(void)
{
	return hots_begin() ?: narrows_begin() ?: grounds_begin() ?: prods_begin();
}

static bool provoked_end(struct thread *t)
{
	bool ended = hot_pools_end(t);

	ended = narrows_end(t) && ended;
	ended = grounds_end(t) && ended;
	return prods_end(t) && ended;
}

static int make(void)
{
	return possible() ?: spaces_make() ?: pools_make() ?: flats_begin() ?: shares_begin() ?:
	       plants_begin() ?: (steps ? provoked_begin() : 0) ?: team_make();
}

/* Nobody else is left. False when something of the module is still in use. */
static bool end(void)
{
	static struct thread last;
	bool ended;

	thread_init(&last, &last_kind, team_size);
	plants_end(&last);
	flats_end(&last);
	if (steps)
		hots_end(&last);
	shares_end(&last);
	ended = !steps || provoked_end(&last);
	ended = pools_end(&last) && ended;
	return spaces_end(&last) && ended;
}

static int __init torture_init(void)
{
	unsigned int n;
	int err;

	shortage = shortage || failures;
	watch_reports(true);
	err = make();
	if (!err) {
		pr_info("seed %u, %u seconds, %u threads\n", seed, seconds, team_size);
		count_steps(steps);
		err = team_begin();
		if (!err)
			team_wait();
		team_end();
		count_steps(false);
		for (n = 0; n < ARRAY_SIZE(kinds); n++)
			tell(kinds[n]);
	}
	watch_reports(false);
	if (!end()) {
		/* It cannot go, so it cannot say that it was not loaded. */
		pr_err("FAILED: %s; not to be unloaded\n", first_failure);
		__module_get(THIS_MODULE);
		return 0;
	}
	kvfree(team);
	if (err)
		pr_err("FAILED: it could not begin: %d\n", err);
	else if (failed())
		pr_err("FAILED: %s\n", first_failure);
	else
		pr_info("passed\n");
	return failed() ? -EIO : err;
}
module_init(torture_init);

static void __exit torture_exit(void)
{
}
module_exit(torture_exit);

MODULE_DESCRIPTION("Torture for swimmem: everything at once");
MODULE_AUTHOR("The swimmem authors");
MODULE_LICENSE("GPL");
