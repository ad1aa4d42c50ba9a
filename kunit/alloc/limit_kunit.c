// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limit: pools that have all the memory they can get. What is freed is used again, on every
 * CPU and in every context; and what memory looks like to others: to the control group
 * that pays for it, to KASAN, to whoever reads it after a free.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/kasan.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/smp.h>

#include "../kunit.h"
#include "../../swimmem/alloc/space.h"
#include "../../swimmem/compact/walk.h"

#define NOWAIT		(GFP_NOWAIT | __GFP_NOWARN)
#define OBJECTS		SZ_64K
#define LEASES		SZ_8K

/* What a pool stands on. */
enum ground {
	PAGES,		/* a page-backed space of 1 MiB, hunks of 64 KiB */
	FIXED,		/* a static space of four pages, hunks of a page */
	UNITS,		/* a slab of pages, the same */
};

/**
 * struct bed - a pool at its limit
 * @heap: the space, or NULL, and the pool
 * @slab: for UNITS
 * @size: of the space, after a trim, with nothing in the pool
 * @used: of the space or the slab, with nothing in the pool
 */
static struct bed {
	struct swim_bed heap;
	struct swim_slab slab;
	size_t size;
	size_t used;
} bed;

DEFINE_SWIM_SPACE(limit_fixed, 4 * PAGE_SIZE);
static char limit_units[32 * PAGE_SIZE] __aligned(PAGE_SIZE);

static const enum ground grounds[] = { PAGES, FIXED, UNITS };

static void ground_describe(const enum ground *ground, char *text)
{
	static const char *const names[] = { "1 MiB of pages", "four static pages", "slab" };

	strscpy(text, names[*ground], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ground, grounds, ground_describe);

/* Too many for the stack; cases run one at a time. */
static void *objects[OBJECTS];
static size_t object_size[OBJECTS];
static atomic_t objects_n;
static struct swim_raw leases[LEASES];

static struct swim_heap *heap_under(void)
{
	return bed.heap.space ? swim_space_heap(bed.heap.space) : swim_slab_heap(&bed.slab);
}

static size_t heap_used(void)
{
	struct swim_heap_stats stats;

	swim_heap_stats(heap_under(), &stats);
	return stats.used;
}

static size_t heap_size(void)
{
	struct swim_heap_stats stats;

	swim_space_trim(bed.heap.space);
	swim_heap_stats(heap_under(), &stats);
	return stats.size;
}

static int bed_begin(enum ground ground, unsigned long flags, size_t unit)
{
	const struct swim_block units = { limit_units, sizeof(limit_units) };
	int err = 0;

	bed = (struct bed){};
	atomic_set(&objects_n, 0);
	memset(objects, 0, sizeof(objects));
	switch (ground) {
	case PAGES:
		bed.heap.space = swim_space_create("limit", SZ_1M);
		err = PTR_ERR_OR_ZERO(bed.heap.space);
		break;
	case FIXED:
		err = swim_space_add(&limit_fixed);
		bed.heap.space = &limit_fixed;
		break;
	case UNITS:
		err = swim_slab_init(&bed.slab, &units, unit);
		break;
	}
	if (err) {
		bed.heap.space = NULL;
		return err;
	}
	bed.heap.pool = swim_pool_create("limit", heap_under(), flags);
	err = PTR_ERR_OR_ZERO(bed.heap.pool);
	if (err)
		bed.heap.pool = NULL;
	bed.used = heap_used();
	bed.size = heap_size();
	return err;
}

/* Free all there is. */
static void drop_all(struct kunit *test)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < OBJECTS; i++) {
		wrong += !!swim_free(objects[i]);
		objects[i] = NULL;
	}
	for (i = 0; i < LEASES; i++) {
		if (swim_raw_is_empty(&leases[i]))
			continue;
		if (swim_tag_is_pinned(swim_tag_read(swim_tag_of(leases[i].object))))
			swim_raw_unpin(&leases[i]);
		wrong += !!swim_raw_drop(&leases[i]);
	}
	atomic_set(&objects_n, 0);
	KUNIT_EXPECT_EQ(test, wrong, 0U);
}

/* Nothing is left, and the heap has back what it gave. */
static void expect_empty(struct kunit *test)
{
	struct swim_pool_stats stats;

	swim_pool_flush(bed.heap.pool);
	rcu_barrier();
	rcu_barrier();
	swim_pool_stats(bed.heap.pool, &stats);
	KUNIT_EXPECT_EQ(test, stats.live, 0L);
	KUNIT_EXPECT_EQ(test, stats.used, 0UL);
	KUNIT_EXPECT_EQ(test, stats.tags, 0UL);
	KUNIT_EXPECT_EQ(test, stats.hunks, 0UL);
	KUNIT_EXPECT_EQ(test, stats.held, 0UL);
	KUNIT_EXPECT_EQ(test, stats.waiting, 0UL);
	KUNIT_EXPECT_EQ(test, stats.large, 0L);
	KUNIT_EXPECT_EQ(test, heap_used(), bed.used);
	KUNIT_EXPECT_EQ(test, heap_size(), bed.size);
}

static void bed_end(struct kunit *test)
{
	if (bed.heap.pool) {
		drop_all(test);
		expect_empty(test);
		KUNIT_EXPECT_EQ(test, swim_pool_destroy(bed.heap.pool), 0);
	}
	if (bed.heap.space)
		KUNIT_EXPECT_EQ(test, swim_space_destroy(bed.heap.space), 0);
	bed = (struct bed){};
}

static void bed_again(struct kunit *test, enum ground ground, unsigned long flags, size_t unit)
{
	bed_end(test);
	KUNIT_ASSERT_EQ(test, bed_begin(ground, flags, unit), 0);
}

static int limit_init(struct kunit *test)
{
	const enum ground *ground = test->param_value;

	test->priv = &bed;
	return swim_kunit_init(test) ?: bed_begin(ground ? *ground : PAGES, 0, PAGE_SIZE);
}

static void limit_exit(struct kunit *test)
{
	bed_end(test);
	swim_kunit_exit(test);
}

static size_t small_max(void)
{
	return bed.heap.pool->small_max;
}

static size_t hunk_size(void)
{
	return swim_pool_hunk_size(bed.heap.pool);
}

static bool same_hunk(const void *a, const void *b)
{
	return !(((unsigned long)a ^ (unsigned long)b) & bed.heap.pool->mask);
}

/* What is in an object tells which it is. */
static u64 mark_of(u32 number, u32 word)
{
	return (number + 1) * 0x9e3779b97f4a7c15ULL + word;
}

static void *mark(void *object, size_t size, u32 number)
{
	u64 *word = object;
	u32 i;

	for (i = 0; i < size / 8; i++)
		word[i] = mark_of(number, i);
	return object;
}

static bool marked(const void *object, size_t size, u32 number)
{
	const u64 *word = object;
	u32 i;

	for (i = 0; i < size / 8; i++)
		if (word[i] != mark_of(number, i))
			return false;
	return true;
}

static void expect_marked(struct kunit *test)
{
	unsigned int i, n = atomic_read(&objects_n), wrong = 0;

	for (i = 0; i < n; i++)
		wrong += objects[i] && !marked(objects[i], object_size[i], i);
	KUNIT_EXPECT_EQ(test, wrong, 0U);
}

enum context { SLEEPS, ATOMIC, INTERRUPT, CONTEXTS };

/**
 * struct errand - get one object somewhere
 * @work: for interrupts
 * @size: of the object
 * @align: of it
 * @raw: a lease for it, or NULL
 * @object: without one; or NULL
 * @err: 0, or the errno of a call; 1 for one that did not begin zeroed
 * @there: was it the context that was meant?
 */
struct errand {
	struct irq_work work;
	size_t size;
	size_t align;
	struct swim_raw *raw;
	void *object;
	int err;
	bool there;
};

static void errand_do(struct errand *errand, gfp_t gfp)
{
	struct swim_hold *hold = swim_pool_hold(bed.heap.pool);
	void *object;

	errand->object = NULL;
	if (errand->raw) {
		errand->err = swim_raw_new(errand->raw, hold, errand->size, gfp);
		return;
	}
	object = errand->align ? swim_alloc_aligned(hold, errand->size, errand->align, gfp) :
				 swim_alloc(hold, errand->size, gfp);
	errand->err = PTR_ERR_OR_ZERO(object);
	if (errand->err)
		return;
	errand->object = object;
	errand->err = memchr_inv(object, 0, round_up(errand->size, 8)) ? 1 : 0;
}

static void errand_in_interrupt(struct irq_work *work)
{
	struct errand *errand = container_of(work, struct errand, work);

	errand->there = in_hardirq();
	errand_do(errand, GFP_ATOMIC | __GFP_NOWARN);
}

static void errand_there(struct kunit *test, struct errand *errand, unsigned int cpu,
			 enum context context)
{
	unsigned long flags;

	KUNIT_EXPECT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(cpu)), 0);
	switch (context) {
	case SLEEPS:
		errand_do(errand, GFP_KERNEL);
		break;
	case ATOMIC:
		preempt_disable();
		local_irq_save(flags);
		errand_do(errand, NOWAIT);
		local_irq_restore(flags);
		preempt_enable();
		break;
	default:
		errand->work = IRQ_WORK_INIT_HARD(errand_in_interrupt);
		irq_work_queue(&errand->work);
		irq_work_sync(&errand->work);
		KUNIT_EXPECT_TRUE(test, errand->there);
	}
}

static unsigned int next_cpu(unsigned int cpu)
{
	cpu = cpumask_next(cpu, cpu_online_mask);
	return cpu < nr_cpu_ids ? cpu : cpumask_first(cpu_online_mask);
}

/* Results: 1 not zeroed, 2 another error than "out of memory", 3 more than there can be. */
static int get_all_here(void *arg, unsigned int number)
{
	const size_t size = *(size_t *)arg;

	for (;;) {
		void *object = swim_pool_alloc(bed.heap.pool, size, GFP_KERNEL);
		unsigned int at;

		if (IS_ERR(object))
			return PTR_ERR(object) == -ENOMEM ? 0 : 2;
		at = atomic_inc_return(&objects_n) - 1;
		if (at >= OBJECTS)
			return 3;
		objects[at] = object;
		object_size[at] = size;
		if (memchr_inv(object, 0, size))
			return 1;
		mark(object, size, at);
		if (!(at % 64))
			cond_resched();
	}
}

/* Fill the pool from all CPUs at once, and then what is left in turn; how many there are. */
static unsigned int get_all(struct kunit *test, size_t size)
{
	unsigned int cpu, n;

	KUNIT_ASSERT_EQ(test, swim_workers_run(test, swim_workers(), get_all_here, &size), 0);
	do {
		n = atomic_read(&objects_n);
		for_each_online_cpu(cpu) {
			set_cpus_allowed_ptr(current, cpumask_of(cpu));
			KUNIT_ASSERT_EQ(test, get_all_here(&size, 0), 0);
		}
	} while (atomic_read(&objects_n) != n);
	return n;
}

/* Each CPU is told so, in each context, and that changes nothing. */
static void expect_full(struct kunit *test, size_t size)
{
	const struct swim_pool_stats before = heap_stats(test);
	struct errand errand = { .size = size };
	struct swim_pool_stats now;
	enum context context;
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		for (context = 0; context < CONTEXTS; context++) {
			errand_there(test, &errand, cpu, context);
			KUNIT_EXPECT_EQ(test, errand.err, -ENOMEM);
		}
	}
	now = heap_stats(test);
	KUNIT_EXPECT_EQ(test, now.live, before.live);
	KUNIT_EXPECT_EQ(test, now.used, before.used);
	KUNIT_EXPECT_EQ(test, now.held, before.held);
}

/* What a walk over all closed hunks finds: every number that stats should have. */
static void walk(struct kunit *test, struct swim_pool_stats *found)
{
	struct swim_pool *pool = bed.heap.pool;
	struct swim_frame *frame;
	struct swim_walk walk;
	u32 number;

	*found = (struct swim_pool_stats){};
	swim_for_each_frame(pool, number, frame) {
		size_t live = 0;

		if (frame->pool != pool)
			continue;
		swim_walk_begin(&walk, pool, frame);
		while (walk.at < walk.end) {
			void *object = swim_walk_object(&walk);
			unsigned long value = swim_tag_read(swim_tag_of(object));
			size_t size = swim_tag_size(value);

			if (swim_tag_is_owned(value))
				KUNIT_ASSERT_TRUE(test, swim_measure(pool, object, value, &size));
			else
				KUNIT_ASSERT_TRUE(test, swim_tag_is(value, SWIM_TAG_DEAD) ||
						  swim_tag_is(value, SWIM_TAG_HELD));
			KUNIT_ASSERT_TRUE(test, swim_tag_is_owned(value) ?
						swim_walk_over(&walk, size) :
						swim_walk_over_sized(&walk, value));
			if (swim_tag_is(value, SWIM_TAG_DEAD))
				continue;
			live += size + SWIM_TAG_SLOT + swim_kunit_trailer();
			found->live++;
			found->used += size;
			found->tags += SWIM_TAG_SLOT + swim_kunit_trailer();
		}
		KUNIT_ASSERT_EQ(test, walk.at, walk.end);
		KUNIT_ASSERT_EQ(test, (int)live, atomic_read(&frame->live));
		found->hunks++;
		found->held += hunk_size();
		found->histogram[min_t(size_t, live * SWIM_HISTOGRAM / hunk_size(),
				       SWIM_HISTOGRAM - 1)]++;
	}
}

/* The accounts are those of a walk; large objects, of which it knows nothing, are added. */
static void expect_walk(struct kunit *test)
{
	struct swim_pool *pool = bed.heap.pool;
	struct swim_pool_stats now, found;

	swim_pool_flush(pool);
	rcu_barrier();
	rcu_barrier();
	walk(test, &found);
	swim_pool_stats(pool, &now);
	KUNIT_EXPECT_EQ(test, now.live, found.live + now.large);
	KUNIT_EXPECT_EQ(test, now.used, found.used + atomic_long_read(&pool->large_used));
	KUNIT_EXPECT_EQ(test, now.tags,
			found.tags + now.large * (SWIM_TAG_SLOT + swim_kunit_trailer()));
	KUNIT_EXPECT_EQ(test, now.hunks, found.hunks);
	KUNIT_EXPECT_EQ(test, now.held, found.held + atomic_long_read(&pool->large_held));
	KUNIT_EXPECT_EQ(test, now.open, 0UL);
	KUNIT_EXPECT_EQ(test, now.waiting, 0UL);
	KUNIT_EXPECT_EQ(test, memcmp(now.histogram, found.histogram, sizeof(now.histogram)), 0);
	KUNIT_EXPECT_EQ(test, heap_used(), bed.used + now.held);
}

static void any_freed_object_makes_room_on_each_cpu(struct kunit *test)
{
	const size_t sizes[] = { 8, 64, 1000, small_max() };
	u32 state = swim_random_seed(1);
	unsigned int s, n, at, round, cpu = 0;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		struct errand errand = { .size = sizes[s] };

		n = get_all(test, sizes[s]);
		KUNIT_ASSERT_GT(test, n, 8U);
		expect_full(test, sizes[s]);
		for (round = 0; round < 60; round++) {
			at = swim_random(&state) % (n - 1); /* not the newest */
			KUNIT_EXPECT_TRUE(test, marked(objects[at], sizes[s], at));
			KUNIT_EXPECT_EQ(test, swim_free(objects[at]), 0);
			objects[at] = NULL;
			cpu = next_cpu(cpu);
			errand_there(test, &errand, cpu, round % CONTEXTS);
			KUNIT_ASSERT_EQ_MSG(test, errand.err, 0, "%zu bytes, round %u, CPU %u",
					    sizes[s], round, cpu);
			objects[at] = mark(errand.object, sizes[s], at);
		}
		expect_full(test, sizes[s]);
		expect_marked(test);
		expect_walk(test);
		drop_all(test);
		expect_empty(test);
	}
}

static void any_dropped_lease_makes_room_on_each_cpu(struct kunit *test)
{
	const size_t sizes[] = { 136, 1000, small_max() };
	u32 state = swim_random_seed(2);
	unsigned int s, n, at, round, cpu = 0;
	void *object;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		struct errand errand = { .size = sizes[s] };
		const size_t size = sizes[s];

		/* Every second one is leased, and of these each fifth pinned. */
		for (n = 0; n < 2 * LEASES; n++) {
			if (n % 2) {
				objects[n] = swim_pool_alloc(bed.heap.pool, size, GFP_KERNEL);
				if (IS_ERR(objects[n]))
					break;
				object_size[n] = size;
				mark(objects[n], size, n);
				continue;
			}
			if (swim_raw_new(&leases[n / 2], heap_hold(test), size, GFP_KERNEL))
				break;
			object = swim_raw_pin(&leases[n / 2]);
			KUNIT_ASSERT_FALSE(test, IS_ERR(object));
			mark(object, size, n);
			if (n % 10)
				swim_raw_unpin(&leases[n / 2]);
		}
		if (n % 2)
			objects[n] = NULL;
		KUNIT_ASSERT_LT(test, n, 2U * LEASES);
		KUNIT_ASSERT_GT(test, n, 8U);
		atomic_set(&objects_n, n);
		expect_full(test, size);
		for (round = 0; round < 60; round++) {
			do {
				at = swim_random(&state) % n & ~1U;
			} while (!(at % 10));
			object = swim_raw_pin(&leases[at / 2]);
			KUNIT_ASSERT_FALSE(test, IS_ERR(object));
			KUNIT_EXPECT_TRUE(test, marked(object, size, at));
			swim_raw_unpin(&leases[at / 2]);
			KUNIT_EXPECT_EQ(test, swim_raw_drop(&leases[at / 2]), 0);
			cpu = next_cpu(cpu);
			errand.raw = &leases[at / 2];
			errand_there(test, &errand, cpu, round % CONTEXTS);
			KUNIT_ASSERT_EQ_MSG(test, errand.err, 0, "%zu bytes, round %u, CPU %u",
					    size, round, cpu);
			object = swim_raw_pin(&leases[at / 2]);
			KUNIT_ASSERT_FALSE(test, IS_ERR(object));
			KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, size));
			mark(object, size, at);
			swim_raw_unpin(&leases[at / 2]);
		}
		expect_full(test, size);
		expect_marked(test);
		for (at = 0; at < n; at += 2)
			KUNIT_EXPECT_TRUE(test, marked(leases[at / 2].object, size, at));
		expect_walk(test);
		drop_all(test);
		expect_empty(test);
	}
}

/* Objects @at and @at + 1 up to @at + @count - 1 stand one behind the other; or -1. */
static int find_run(unsigned int n, unsigned int count, size_t size)
{
	unsigned int i, k;

	for (i = 1; i + count + 1 < n; i++) {
		for (k = 1; k < count; k++)
			if (!objects[i + k - 1] || !objects[i + k] ||
			    !same_hunk(objects[i], objects[i + k]) ||
			    objects[i + k] - objects[i + k - 1] !=
			    size + swim_kunit_trailer() + SWIM_TAG_SLOT)
				break;
		if (k == count)
			return i;
	}
	return -1;
}

/* Fill with objects of 64 bytes from this CPU alone, and then with the smallest. */
static unsigned int get_all_in_order(struct kunit *test)
{
	const size_t size = 64, least = 8;
	unsigned int n;

	KUNIT_ASSERT_EQ(test, get_all_here((void *)&size, 0), 0);
	n = atomic_read(&objects_n);
	get_all(test, least);
	return n;
}

static void freed_neighbours_make_room_for_one_larger(struct kunit *test)
{
	struct errand errand = {};
	unsigned int cpu = 0, n, i, last;
	enum context context;
	int at;

	SKIP_IN_DEBUG(test, "a hole is not as large as so many of the smallest objects");
	n = get_all_in_order(test);
	for (context = 0; context < CONTEXTS; context++) {
		void *first;

		at = find_run(n, 2, 64);
		KUNIT_ASSERT_GE(test, at, 0);
		first = objects[at];
		KUNIT_EXPECT_EQ(test, swim_free(objects[at + 1]), 0);
		KUNIT_EXPECT_EQ(test, swim_free(objects[at]), 0);
		objects[at] = NULL;
		objects[at + 1] = NULL;
		cpu = next_cpu(cpu);
		/* Two of 72 bytes with their tags: 136 and a tag, and not a byte more. */
		errand.size = 137;
		errand_there(test, &errand, cpu, context);
		KUNIT_EXPECT_EQ(test, errand.err, -ENOMEM);
		errand.size = 136;
		errand_there(test, &errand, cpu, context);
		KUNIT_ASSERT_EQ(test, errand.err, 0);
		KUNIT_EXPECT_PTR_EQ(test, errand.object, first);
		expect_full(test, 8);
		/* And it serves nine of the smallest. */
		KUNIT_EXPECT_EQ(test, swim_free(errand.object), 0);
		last = atomic_read(&objects_n);
		errand.size = 8;
		for (i = 0; i < 9; i++) {
			errand_there(test, &errand, cpu, context);
			KUNIT_ASSERT_EQ(test, errand.err, 0);
			object_size[last + i] = 8;
			objects[last + i] = mark(errand.object, 8, last + i);
			atomic_inc(&objects_n);
		}
		expect_full(test, 8);
	}
	expect_marked(test);
	expect_walk(test);
}

static void holes_have_room_for_aligned_objects(struct kunit *test)
{
	const unsigned int n = get_all_in_order(test);
	struct errand errand = { .size = 64, .align = 64 };
	unsigned int cpu = 0, i;
	enum context context;
	int at;

	for (context = 0; context < CONTEXTS; context++) {
		at = find_run(n, 3, 64);
		KUNIT_ASSERT_GE(test, at, 0);
		for (i = 0; i < 3; i++) {
			KUNIT_EXPECT_EQ(test, swim_free(objects[at + i]), 0);
			objects[at + i] = NULL;
		}
		cpu = next_cpu(cpu);
		errand_there(test, &errand, cpu, context);
		KUNIT_ASSERT_EQ(test, errand.err, 0);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)errand.object, 64));
		object_size[at] = 64;
		objects[at] = mark(errand.object, 64, at);
		expect_marked(test);
		expect_walk(test);
	}
	/* What is in front and behind is room, for smaller ones. */
	errand.align = 0;
	errand.size = 8;
	errand_there(test, &errand, cpu, SLEEPS);
	KUNIT_EXPECT_EQ(test, errand.err, 0);
	KUNIT_EXPECT_EQ(test, swim_free(errand.object), 0);
}

static void room_behind_the_mark_of_a_closed_hunk_is_used(struct kunit *test)
{
	struct errand errand = { .size = small_max() };
	unsigned int n = get_all(test, small_max()), hunks = heap_stats(test).hunks, cpu;
	enum context context;

	/* What is too small for the last size is enough for this, as long as there are hunks. */
	errand.size = 8;
	for_each_online_cpu(cpu) {
		if (!hunks--)
			break;
		for (context = 0; context < CONTEXTS; context++) {
			errand_there(test, &errand, cpu, context);
			KUNIT_ASSERT_EQ(test, errand.err, 0);
			object_size[n] = 8;
			objects[n] = mark(errand.object, 8, n);
			atomic_set(&objects_n, ++n);
		}
	}
	expect_marked(test);
	expect_walk(test);
}

/* Each hunk is open on some CPU, with much room, and another CPU asks. */
static void room_in_the_open_hunks_of_other_cpus_is_used(struct kunit *test)
{
	struct errand errand = { .size = 64 };
	unsigned int n = 0, cpu;

	if (num_online_cpus() < 4)
		kunit_skip(test, "needs more CPUs than there are hunks");
	bed_again(test, FIXED, 0, 0);
	for_each_online_cpu(cpu) {
		errand_there(test, &errand, cpu, SLEEPS);
		KUNIT_EXPECT_EQ_MSG(test, errand.err, 0, "CPU %u, %zu bytes are used, of %zu", cpu,
				    heap_stats(test).used, heap_stats(test).held);
		if (errand.err)
			break;
		object_size[n] = 64;
		objects[n] = mark(errand.object, 64, n);
		atomic_set(&objects_n, ++n);
	}
}

/* Nobody looks at what is in front of an object but its tag. */
static void objects_are_freed_in_the_order_of_allocation(struct kunit *test)
{
	const unsigned int n = 12;
	unsigned int i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < n; i++) {
			objects[i] = swim_pool_alloc(bed.heap.pool, 64, GFP_KERNEL);
			KUNIT_ASSERT_FALSE(test, IS_ERR(objects[i]));
			KUNIT_ASSERT_EQ(test, swim_raw_new(&leases[i], heap_hold(test), 64,
							   GFP_KERNEL), 0);
		}
		for (i = 0; i < n; i++) {
			KUNIT_EXPECT_EQ(test, swim_free(objects[i]), 0);
			objects[i] = NULL;
			if (round)
				KUNIT_EXPECT_EQ(test, swim_raw_drop(&leases[i]), 0);
		}
		for (i = 0; i < n && !round; i++)
			KUNIT_EXPECT_EQ(test, swim_raw_drop(&leases[i]), 0);
	}
}

static void rcu_pool_reuses_no_hole_before_a_grace_period(struct kunit *test)
{
	unsigned int n, i, k, wrong = 0, got = 0;
	void *freed[64], *object;

	bed_again(test, PAGES, SWIM_POOL_RCU, 0);
	n = get_all(test, 512);
	KUNIT_ASSERT_GT(test, n, 64U * 16);
	rcu_read_lock();
	for (i = 0; i < 64; i++) {
		freed[i] = objects[i * 16];
		wrong += !!swim_free(freed[i]);
		objects[i * 16] = NULL;
	}
	for (i = 0; i < 64; i++) {
		object = swim_pool_alloc(bed.heap.pool, 512, NOWAIT);
		if (IS_ERR(object))
			continue;
		for (k = 0; k < 64; k++)
			wrong += object == freed[k];
		wrong += !!swim_free(object);
		got++;
	}
	for (i = 0; i < 64; i++)
		wrong += !marked(freed[i], 512, i * 16);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	KUNIT_EXPECT_EQ(test, got, 0U);
	expect_marked(test);
	expect_walk(test);
}

static void rcu_pool_reuses_hunks_after_a_grace_period(struct kunit *test)
{
	unsigned int n, i, at = 0;
	const void *first;

	bed_again(test, PAGES, SWIM_POOL_RCU, 0);
	n = get_all(test, 512);
	first = objects[n / 2];
	for (i = 0; i < n; i++) {
		if (!same_hunk(first, objects[i]))
			continue;
		KUNIT_EXPECT_EQ(test, swim_free(objects[i]), 0);
		objects[i] = NULL;
		at = i;
	}
	rcu_barrier();
	objects[at] = swim_pool_alloc(bed.heap.pool, 512, GFP_KERNEL);
	KUNIT_EXPECT_FALSE(test, IS_ERR(objects[at]));
	if (IS_ERR(objects[at]))
		objects[at] = NULL;
	else
		mark(objects[at], 512, at);
	expect_marked(test);
	expect_walk(test);
}

/* A slab's units are what its user says; a hunk takes one and gives back the same one. */
static void hunks_go_back_to_a_slab_of_larger_units(struct kunit *test)
{
	void *object;

	bed_again(test, UNITS, 0, 2 * PAGE_SIZE);
	object = swim_pool_alloc(bed.heap.pool, 64, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	swim_pool_flush(bed.heap.pool);
	KUNIT_EXPECT_EQ(test, heap_used(), bed.used);
}

/*
 * Fill a pool with leased objects and, in each hunk, one that cannot move; drop half of the
 * leased ones, and fill it again. How many more or less fit then than before?
 */
static int fill_again(struct kunit *test, bool compact)
{
	const size_t size = 504;
	unsigned int n, i, again = 0;
	int err;

	for (n = 0; n < LEASES; n++) {
		if (!(n % 120)) {
			objects[n] = swim_pool_alloc(bed.heap.pool, size, GFP_KERNEL);
			if (IS_ERR(objects[n])) {
				objects[n] = NULL;
				break;
			}
		} else if (swim_raw_new(&leases[n], heap_hold(test), size, GFP_KERNEL)) {
			break;
		}
	}
	KUNIT_ASSERT_LT(test, n, (unsigned int)LEASES);
	for (i = 0; i < n; i++) {
		/* Two hunks are free: there is memory to compact with. */
		if (i < 300 && objects[i]) {
			KUNIT_EXPECT_EQ(test, swim_free(objects[i]), 0);
			objects[i] = NULL;
		}
		if ((i % 2 || i < 300) && !swim_raw_is_empty(&leases[i]))
			KUNIT_EXPECT_EQ(test, swim_raw_drop(&leases[i]), 0);
	}
	if (compact) {
		err = swim_pool_compact(bed.heap.pool, 100);
		KUNIT_EXPECT_TRUE(test, !err || err == -ENOMEM);
		KUNIT_EXPECT_GT(test, heap_stats(test).moves.moved, 0ULL);
	}
	synchronize_rcu();
	synchronize_rcu();
	for (i = 0; i < LEASES; i++) {
		if (objects[i] || !swim_raw_is_empty(&leases[i])) {
			again++;
			continue;
		}
		if (swim_raw_new(&leases[i], heap_hold(test), size, GFP_KERNEL))
			break;
		again++;
	}
	for (; i < LEASES; i++)
		again += objects[i] || !swim_raw_is_empty(&leases[i]);
	expect_walk(test);
	drop_all(test);
	expect_empty(test);
	return (int)again - (int)n;
}

static void all_room_is_used_again(struct kunit *test)
{
	KUNIT_EXPECT_GE(test, fill_again(test, false), 0);
}

/* When no reader can be left in it, that is. */
static void room_that_objects_moved_out_of_is_used_again(struct kunit *test)
{
	KUNIT_EXPECT_GE(test, fill_again(test, true), 0);
}

#define SLOTS		64
#define OWN		16

/**
 * struct storm - all at once, at the limit
 * @slot: objects, or NULL
 * @lease: of each worker
 * @left: workers that still trade
 * @missed: times there was no memory
 * @got: times there was
 */
static struct storm {
	void *slot[SLOTS];
	struct swim_raw lease[SWIM_WORKERS_MAX][OWN];
	atomic_t left;
	atomic_long_t missed;
	atomic_long_t got;
} storm;

/* Mostly small ones, some as large as they can be in a hunk, few larger. */
static size_t storm_size(u32 *state)
{
	u32 kind = swim_random(state) % 64;

	if (kind == 0 && bed.heap.space && hunk_size() == SZ_64K)
		return small_max() + 8 + swim_random(state) % SZ_16K / 8 * 8;
	if (kind < 4)
		return 16 + swim_random(state) % small_max() / 16 * 8;
	return 16 + swim_random(state) % (small_max() / 16) / 8 * 8;
}

/* An object knows its size and what is in it: words of 8 bytes. */
static u64 *goods_mark(void *object, size_t size, u32 seed)
{
	u64 *goods = object;
	u32 i;

	goods[0] = size;
	goods[1] = seed;
	for (i = 2; i < size / 8; i++)
		goods[i] = mark_of(seed, i);
	return goods;
}

static bool goods_whole(const u64 *goods, size_t size)
{
	u32 i;

	if (goods[0] != size)
		return false;
	for (i = 2; i < size / 8; i++)
		if (goods[i] != mark_of(goods[1], i))
			return false;
	return true;
}

/* Results: 1 not zeroed, 2 overwritten, 3 not freed, 4 another error than no memory. */
static int trade_plain(u32 *state)
{
	u64 *goods = NULL;

	if (swim_random(state) % 8 < 5) {
		const size_t size = storm_size(state);

		goods = swim_pool_alloc(bed.heap.pool, size,
					swim_random(state) % 2 ? NOWAIT : GFP_KERNEL);
		if (IS_ERR(goods)) {
			if (PTR_ERR(goods) != -ENOMEM)
				return 4;
			atomic_long_inc(&storm.missed);
			goods = NULL;
		} else {
			atomic_long_inc(&storm.got);
			if (memchr_inv(goods, 0, size))
				return 1;
			goods_mark(goods, size, swim_random(state));
		}
	}
	goods = xchg(&storm.slot[swim_random(state) % SLOTS], goods);
	if (goods && !goods_whole(goods, swim_size(goods)))
		return 2;
	return swim_free(goods) ? 3 : 0;
}

static int trade_leased(u32 *state, struct swim_raw *raw)
{
	const size_t size = storm_size(state);
	void *object;
	int err = 0;

	if (swim_raw_is_empty(raw)) {
		err = swim_raw_new(raw, swim_pool_hold(bed.heap.pool), size, NOWAIT);
		if (err) {
			atomic_long_inc(&storm.missed);
			return err == -ENOMEM ? 0 : 4;
		}
		object = swim_raw_pin(raw);
		if (IS_ERR(object))
			return 4;
		if (memchr_inv(object, 0, size))
			err = 1;
		goods_mark(object, size, swim_random(state));
		swim_raw_unpin(raw);
		return err;
	}
	object = swim_raw_pin(raw);
	if (IS_ERR(object))
		return 4;
	if (!goods_whole(object, swim_raw_size(raw)))
		err = 2;
	swim_raw_unpin(raw);
	if (!err && swim_random(state) % 2 && swim_raw_drop(raw))
		err = 3;
	return err;
}

static int trade(unsigned int number)
{
	u32 state = swim_random_seed(number), round;
	int err = 0;

	for (round = 0; round < ROUNDS(10000) && !err; round++) {
		if (swim_random(&state) % 3)
			err = trade_plain(&state);
		else
			err = trade_leased(&state, &storm.lease[number]
							       [swim_random(&state) % OWN]);
		if (!(round % 16))
			cond_resched();
	}
	atomic_dec(&storm.left);
	return err;
}

/* Compact to any target; result 5 for an error but "out of memory". */
static int compact(void)
{
	u32 state = swim_random_seed(100);
	int err;

	while (atomic_read(&storm.left)) {
		err = swim_pool_compact(bed.heap.pool, 1 + swim_random(&state) % 100);
		if (err && err != -ENOMEM)
			return 5;
		cond_resched();
	}
	return 0;
}

/* Look at the numbers; result 6 when they say more than there can be. */
static int look(void)
{
	struct swim_pool_stats pool;
	struct swim_heap_stats heap;
	struct swim_hold_stats hold;

	while (atomic_read(&storm.left)) {
		swim_pool_stats(bed.heap.pool, &pool);
		swim_heap_stats(heap_under(), &heap);
		swim_hold_stats(swim_pool_hold(bed.heap.pool), &hold);
		if (pool.hunks * hunk_size() > SZ_1M || heap.used > heap.size)
			return 6;
		cond_resched();
	}
	return 0;
}

static int storm_work(void *arg, unsigned int number)
{
	switch (number) {
	case 0:
		return compact();
	case 1:
		return look();
	default:
		return trade(number);
	}
}

static void storm_end(struct kunit *test)
{
	unsigned int i, k, wrong = 0;

	for (i = 0; i < SLOTS; i++) {
		u64 *goods = storm.slot[i];

		wrong += goods && !goods_whole(goods, swim_size(goods));
		wrong += !!swim_free(goods);
	}
	for (i = 0; i < SWIM_WORKERS_MAX; i++) {
		for (k = 0; k < OWN; k++) {
			struct swim_raw *raw = &storm.lease[i][k];

			if (swim_raw_is_empty(raw))
				continue;
			wrong += !goods_whole(raw->object, swim_raw_size(raw));
			wrong += !!swim_raw_drop(raw);
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0U);
}

/* Of what fills the pool, one in @keep goes first; the others stay. */
static void run_storm(struct kunit *test, unsigned int keep)
{
	const unsigned int n = min(swim_workers() + 2, (unsigned int)SWIM_WORKERS_MAX);
	unsigned int all = get_all(test, small_max() / 32 & ~7UL), i;

	for (i = 0; i < all; i++) {
		if (i % keep)
			continue;
		KUNIT_EXPECT_EQ(test, swim_free(objects[i]), 0);
		objects[i] = NULL;
	}
	memset(&storm, 0, sizeof(storm));
	atomic_set(&storm.left, n - 2);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, n, storm_work, NULL), 0);
	kunit_info(test, "%ld times there was memory, %ld times there was none",
		   atomic_long_read(&storm.got), atomic_long_read(&storm.missed));
	KUNIT_EXPECT_GT(test, atomic_long_read(&storm.got), 0L);
	KUNIT_EXPECT_GT(test, atomic_long_read(&storm.missed), 0L);
	expect_marked(test);
	expect_walk(test);
	storm_end(test);
	drop_all(test);
	expect_empty(test);
}

static void threads_storm_the_limit_while_others_compact_and_look(struct kunit *test)
{
	run_storm(test, 3);
}

static void threads_storm_an_rcu_pool_at_its_limit(struct kunit *test)
{
	bed_again(test, PAGES, SWIM_POOL_RCU, 0);
	run_storm(test, 3);
}

/**
 * struct strike - interrupts in the middle of what they do themselves
 * @irq_work: where there is one CPU
 * @cpu: that is struck
 * @done: the struck one is
 * @strikes: so far
 * @got: objects, in interrupts
 * @err: 0, or the first that was wrong
 */
static struct strike {
	struct irq_work irq_work;
	unsigned int cpu;
	struct completion done;
	unsigned int strikes;
	unsigned int got;
	int err;
} strike;

/* Results: 1 not zeroed, 2 another error than no memory, 3 overwritten, 4 not freed. */
static int in_and_out(u32 seed, unsigned int *got)
{
	u32 state = swim_random_seed(seed);
	size_t size[8];
	void *object[8];
	unsigned int n, i;
	int err = 0;

	for (n = 0; n < ARRAY_SIZE(object); n++) {
		size[n] = 8 + swim_random(&state) % 250 / 8 * 8;
		object[n] = swim_pool_alloc(bed.heap.pool, size[n], NOWAIT);
		if (IS_ERR(object[n])) {
			err = PTR_ERR(object[n]) == -ENOMEM ? 0 : 2;
			break;
		}
		if (memchr_inv(object[n], 0, size[n]))
			err = err ?: 1;
		mark(object[n], size[n], seed + n);
		(*got)++;
	}
	for (i = 0; i < n; i++) {
		unsigned int at = seed % 2 ? i : n - i - 1;

		if (!marked(object[at], size[at], seed + at))
			err = err ?: 3;
		if (swim_free(object[at]))
			err = err ?: 4;
	}
	return err;
}

static void strike_now(void *unused)
{
	strike.err = strike.err ?: in_and_out(strike.strikes++ * 77, &strike.got);
}

static void strike_in_irq_work(struct irq_work *work)
{
	strike_now(NULL);
}

static int struck(void *arg, unsigned int number)
{
	const unsigned long end = jiffies + HZ;
	u32 delay = swim_random_seed(9), sent = 0;
	unsigned int got = 0, round = 0;
	int err = 0;

	/* Not for ever: where interrupts come without pause the clock may stand still. */
	while (number && num_online_cpus() > 1 && !completion_done(&strike.done) &&
	       sent++ < 20000) {
		smp_call_function_single(strike.cpu, strike_now, NULL, 1);
		ndelay(swim_random(&delay) % 10000);
	}
	if (number)
		return 0;
	while (!err && time_before(jiffies, end)) {
		if (num_online_cpus() == 1)
			irq_work_queue(&strike.irq_work);
		err = in_and_out(round++, &got);
		cond_resched();
	}
	irq_work_sync(&strike.irq_work);
	complete_all(&strike.done);
	return err ?: got ? 0 : 5;
}

static void strike_limit(struct kunit *test, unsigned int keep)
{
	unsigned int n = get_all(test, 248), i;

	/* Holes everywhere, and nothing else. */
	for (i = 0; i < n - 1; i += keep) {
		KUNIT_EXPECT_EQ(test, swim_free(objects[i]), 0);
		objects[i] = NULL;
	}
	strike = (struct strike){ .irq_work = IRQ_WORK_INIT_HARD(strike_in_irq_work) };
	init_completion(&strike.done);
	strike.cpu = cpumask_first(cpu_online_mask);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 2, struck, NULL), 0);
	KUNIT_EXPECT_EQ(test, strike.err, 0);
	KUNIT_EXPECT_GT(test, strike.strikes, 10U);
	KUNIT_EXPECT_GT(test, strike.got, 0U);
	expect_marked(test);
	expect_walk(test);
}

static void interrupts_allocate_in_the_middle_of_an_allocation_at_the_limit(struct kunit *test)
{
	strike_limit(test, 5);
}

/* CPUs that can be taken away, other than ours and the first; @n-th of them, or nr_cpu_ids. */
static unsigned int spare_cpu(unsigned int n)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (cpu > 0 && cpu != raw_smp_processor_id() && IS_ENABLED(CONFIG_HOTPLUG_CPU) &&
		    !n--)
			return cpu;
	return nr_cpu_ids;
}

/* On @cpu, @n objects of @size bytes. */
static void get_on(struct kunit *test, unsigned int cpu, unsigned int n, size_t size)
{
	struct errand errand = { .size = size };
	unsigned int at;

	while (n--) {
		errand_there(test, &errand, cpu, SLEEPS);
		KUNIT_EXPECT_EQ(test, errand.err, 0);
		if (errand.err)
			break;
		at = atomic_inc_return(&objects_n) - 1;
		object_size[at] = size;
		objects[at] = mark(errand.object, size, at);
	}
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
}

static void the_hunk_of_a_cpu_that_went_away_is_the_next_one(struct kunit *test)
{
	const unsigned int home = cpumask_first(cpu_online_mask);
	struct swim_pool_stats before, after;
	unsigned int cpu;

	set_cpus_allowed_ptr(current, cpumask_of(home));
	cpu = spare_cpu(0);
	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "no CPU can be taken away here");
	get_on(test, cpu, 16, 64);
	before = heap_stats(test);
	KUNIT_EXPECT_EQ(test, before.hunks, 1UL);
	KUNIT_EXPECT_EQ(test, remove_cpu(cpu), 0);
	after = heap_stats(test);
	KUNIT_EXPECT_EQ(test, after.live, before.live);
	KUNIT_EXPECT_EQ(test, after.used, before.used);
	KUNIT_EXPECT_EQ(test, after.tags, before.tags);
	KUNIT_EXPECT_EQ(test, after.held, before.held);
	get_on(test, home, 16, 64);
	KUNIT_EXPECT_EQ(test, heap_stats(test).held, before.held);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 32L);
	KUNIT_EXPECT_TRUE(test, same_hunk(objects[0], objects[31]));
	/* Behind what is there, not over it. */
	KUNIT_EXPECT_GT(test, (unsigned long)objects[16], (unsigned long)objects[15]);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	/* It comes back with nothing, and works. */
	get_on(test, cpu, 1, 64);
	if (!swim_debug)
		KUNIT_EXPECT_FALSE(test, same_hunk(objects[0], objects[32]));
	expect_marked(test);
	expect_walk(test);
}

static void of_two_cpus_that_went_away_nothing_is_lost(struct kunit *test)
{
	const unsigned int home = cpumask_first(cpu_online_mask);
	struct swim_pool_stats before;
	unsigned int cpu[2], i;

	set_cpus_allowed_ptr(current, cpumask_of(home));
	cpu[0] = spare_cpu(0);
	cpu[1] = spare_cpu(1);
	if (cpu[1] >= nr_cpu_ids)
		kunit_skip(test, "no two CPUs can be taken away here");
	get_on(test, cpu[0], 500, 64);
	get_on(test, cpu[1], 16, 64);
	before = heap_stats(test);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, remove_cpu(cpu[i]), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).held, before.held);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, before.live);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, before.used);
	/* The one with more room is kept for the next. */
	get_on(test, home, 1, 64);
	KUNIT_EXPECT_TRUE(test, same_hunk(objects[500], objects[516]));
	KUNIT_EXPECT_EQ(test, heap_stats(test).held, before.held);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, add_cpu(cpu[i]), 0);
	expect_marked(test);
	expect_walk(test);
}

static void at_the_limit_a_cpu_that_goes_away_makes_room(struct kunit *test)
{
	const unsigned int home = cpumask_first(cpu_online_mask);
	struct errand errand = { .size = 64 };
	unsigned int cpu, hunks = 0;

	set_cpus_allowed_ptr(current, cpumask_of(home));
	if (spare_cpu(2) >= nr_cpu_ids)
		kunit_skip(test, "too few CPUs can be taken away here");
	bed_again(test, FIXED, 0, 0);
	/* Three hunks of a page: all CPUs may share one. */
	for (cpu = spare_cpu(0); hunks < 3; cpu = spare_cpu(hunks)) {
		get_on(test, cpu, 1, 64);
		hunks++;
	}
	KUNIT_EXPECT_LE(test, heap_stats(test).hunks, 3UL);
	cpu = spare_cpu(0);
	KUNIT_EXPECT_EQ(test, remove_cpu(cpu), 0);
	errand_there(test, &errand, home, SLEEPS);
	KUNIT_EXPECT_EQ(test, errand.err, 0);
	KUNIT_EXPECT_EQ(test, swim_free(errand.object), 0);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	expect_marked(test);
	expect_walk(test);
}

#ifdef CONFIG_MEMCG_KMEM

/* Cases run in kernel threads, which nobody charges; who loads the suite has a group. */
static struct mem_cgroup *group;

static int limit_suite_init(struct kunit_suite *suite)
{
	rcu_read_lock();
	group = mem_cgroup_from_task(current);
	if (group && (!group->css.parent || !css_tryget(&group->css)))
		group = NULL;
	rcu_read_unlock();
	return 0;
}

static void limit_suite_exit(struct kunit_suite *suite)
{
	if (group)
		css_put(&group->css);
	group = NULL;
}

/* Who is charged for a space that @gfp made grow. */
static struct mem_cgroup *charged(struct kunit *test, gfp_t gfp)
{
	struct swim_space *space = swim_space_create("charged", SZ_2M);
	struct mem_cgroup *old, *who = NULL;
	struct swim_segment *segment;
	unsigned int i, kmem = 0, blocks = 0;
	unsigned long before;
	u32 index;

	KUNIT_ASSERT_FALSE(test, IS_ERR(space));
	before = page_counter_read(&group->memory);
	old = set_active_memcg(group);
	KUNIT_EXPECT_EQ(test, swim_space_grow(space, gfp), 0);
	set_active_memcg(old);
	swim_for_each_segment(space, index, segment) {
		for (i = 0; i < SWIM_SEGMENT_FRAMES; i++) {
			struct page *page = virt_to_page((void *)segment->frame[i].base);

			/* The first page of each block stands for all. */
			if (!segment->pages || segment->order[i] > SWIM_SEGMENT_ORDER)
				continue;
			blocks++;
			kmem += PageMemcgKmem(page);
			who = page_memcg_check(page);
		}
	}
	KUNIT_EXPECT_GT(test, blocks, 0U);
	KUNIT_EXPECT_EQ(test, kmem, gfp & __GFP_ACCOUNT ? blocks : 0);
	/* A CPU may keep some charges for a while, before and after. */
	if (gfp & __GFP_ACCOUNT)
		KUNIT_EXPECT_GE(test, page_counter_read(&group->memory) + 128, before + 512);
	KUNIT_EXPECT_EQ(test, swim_space_trim(space), (size_t)SZ_2M);
	KUNIT_EXPECT_LE(test, page_counter_read(&group->memory), before + 128);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
	return who;
}

static void accounted_pages_are_charged_to_the_group_of_the_caller(struct kunit *test)
{
	if (!group)
		kunit_skip(test, "nothing is charged to the group at the root");
	KUNIT_EXPECT_PTR_EQ(test, charged(test, GFP_KERNEL_ACCOUNT), group);
	KUNIT_EXPECT_PTR_EQ(test, charged(test, NOWAIT | __GFP_ACCOUNT), group);
}

static void released_frames_are_charged_to_nobody(struct kunit *test)
{
	const size_t rest = SZ_2M - SZ_64K;
	struct swim_block page = {}, frame[SWIM_SEGMENT_FRAMES - 1] = {};
	struct swim_space *space;
	struct mem_cgroup *old;
	unsigned long before;
	unsigned int i;

	if (!group)
		kunit_skip(test, "nothing is charged to the group at the root");
	space = swim_space_create("released", SZ_2M);
	KUNIT_ASSERT_FALSE(test, IS_ERR(space));
	before = page_counter_read(&group->memory);
	old = set_active_memcg(group);
	KUNIT_EXPECT_EQ(test, swim_space_alloc(space, 1, GFP_KERNEL_ACCOUNT, &page), 0);
	/* A CPU may keep some charges for a while, before and after. */
	KUNIT_EXPECT_GE(test, page_counter_read(&group->memory) + 128, before + SZ_2M / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, swim_space_release(space, SIZE_MAX), rest);
	KUNIT_EXPECT_LE(test, page_counter_read(&group->memory),
			before + SZ_64K / PAGE_SIZE + 128);
	for (i = 0; i < ARRAY_SIZE(frame); i++)
		KUNIT_EXPECT_EQ(test, swim_space_alloc(space, SZ_64K, GFP_KERNEL_ACCOUNT,
						       &frame[i]), 0);
	KUNIT_EXPECT_GE(test, page_counter_read(&group->memory) + 128, before + SZ_2M / PAGE_SIZE);
	set_active_memcg(old);
	for (i = 0; i < ARRAY_SIZE(frame); i++)
		KUNIT_EXPECT_EQ(test, swim_space_free(space, &frame[i]), 0);
	KUNIT_EXPECT_EQ(test, swim_space_free(space, &page), 0);
	KUNIT_EXPECT_EQ(test, swim_space_trim(space), (size_t)SZ_2M);
	KUNIT_EXPECT_LE(test, page_counter_read(&group->memory), before + 128);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
}

static void other_pages_are_charged_to_nobody(struct kunit *test)
{
	if (!group)
		kunit_skip(test, "nothing is charged to the group at the root");
	KUNIT_EXPECT_NULL(test, charged(test, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, charged(test, NOWAIT));
}

/* What a pool grows by is charged to whom its caller says. */
static void pool_grows_on_account(struct kunit *test)
{
	struct mem_cgroup *old;
	struct page *page;
	void *object;

	if (!group)
		kunit_skip(test, "nothing is charged to the group at the root");
	bed_again(test, UNITS, 0, PAGE_SIZE);
	bed_end(test);
	bed.heap.space = swim_space_create("limit", 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(bed.heap.space));
	bed.heap.pool = swim_pool_create("limit", heap_under(), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(bed.heap.pool));
	bed.used = heap_used();
	bed.size = heap_size();
	/* The pool's own segment has no room for this one. */
	old = set_active_memcg(group);
	object = swim_pool_alloc(bed.heap.pool, SZ_2M - SZ_4K, GFP_KERNEL_ACCOUNT);
	set_active_memcg(old);
	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	page = virt_to_page((void *)round_down((unsigned long)object, SZ_2M));
	KUNIT_EXPECT_TRUE(test, PageMemcgKmem(page));
	KUNIT_EXPECT_PTR_EQ(test, page_memcg_check(page), group);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
}

#else

#define limit_suite_init	NULL
#define limit_suite_exit	NULL

static void accounted_pages_are_charged_to_the_group_of_the_caller(struct kunit *test)
{
	kunit_skip(test, "this kernel charges nobody");
}

static void released_frames_are_charged_to_nobody(struct kunit *test)
{
	kunit_skip(test, "this kernel charges nobody");
}

static void other_pages_are_charged_to_nobody(struct kunit *test)
{
	kunit_skip(test, "this kernel charges nobody");
}

static void pool_grows_on_account(struct kunit *test)
{
	kunit_skip(test, "this kernel charges nobody");
}

#endif

static void pages_come_from_the_node_of_their_space(struct kunit *test)
{
	struct swim_space *space;
	struct swim_block block;
	int node;

	for_each_online_node(node) {
		space = swim_space_create_node("node", 0, node);
		KUNIT_ASSERT_FALSE(test, IS_ERR(space));
		KUNIT_EXPECT_EQ(test, swim_space_alloc(space, SZ_64K, GFP_KERNEL | __GFP_THISNODE,
						       &block), 0);
		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(block.addr)), node);
		KUNIT_EXPECT_EQ(test, swim_space_free(space, &block), 0);
		KUNIT_EXPECT_EQ(test, swim_space_alloc(space, SZ_2M, NOWAIT, &block), 0);
		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(block.addr)), node);
		KUNIT_EXPECT_EQ(test, swim_space_free(space, &block), 0);
		KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
	}
}

static void nodes_that_are_not_online_are_refused(struct kunit *test)
{
	static const int never[] = { -2, INT_MIN, MAX_NUMNODES, MAX_NUMNODES + 1, INT_MAX };
	struct swim_space *space;
	unsigned int i;
	int node;

	for (i = 0; i < ARRAY_SIZE(never); i++)
		EXPECT_ERR_PTR(test, swim_space_create_node("node", 0, never[i]), -EINVAL);
	for (node = 0; node < MAX_NUMNODES; node++)
		if (!node_online(node))
			EXPECT_ERR_PTR(test, swim_space_create_node("node", 0, node), -EINVAL);
	/* -1 is no node, but says that any will do; the name is still free. */
	space = swim_space_create_node("node", 0, NUMA_NO_NODE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(space));
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
}

static void freed_objects_are_zero_where_the_kernel_wants_it(struct kunit *test)
{
	static const size_t sizes[] = { 8, 64, 1000, SWIM_SMALL_MAX };
	unsigned int s;

	init_on_free_or_skip(test);
	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		void *before = swim_pool_alloc(bed.heap.pool, 8, GFP_KERNEL);
		void *object = swim_pool_alloc(bed.heap.pool, sizes[s], GFP_KERNEL);
		void *after = swim_pool_alloc(bed.heap.pool, 8, GFP_KERNEL);

		KUNIT_ASSERT_FALSE(test, IS_ERR(before) || IS_ERR(object) || IS_ERR(after));
		memset(object, 'A', sizes[s]);
		KUNIT_EXPECT_EQ(test, swim_free(object), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, sizes[s]));
		KUNIT_EXPECT_EQ(test, swim_free(after), 0);
		KUNIT_EXPECT_EQ(test, swim_free(before), 0);
	}
}

static void what_is_cut_off_is_zero_where_the_kernel_wants_it(struct kunit *test)
{
	void *object, *after;

	init_on_free_or_skip(test);
	object = swim_pool_alloc(bed.heap.pool, 1000, GFP_KERNEL);
	after = swim_pool_alloc(bed.heap.pool, 8, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(object) || IS_ERR(after));
	memset(object, 'A', 1000);
	KUNIT_EXPECT_EQ(test, swim_resize(object, 104), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 'A', 104));
	/* Behind the tag of what is dead now. */
	KUNIT_EXPECT_NULL(test, memchr_inv(object + 104 + SWIM_TAG_SLOT, 0,
					   1000 - 104 - SWIM_TAG_SLOT));
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	KUNIT_EXPECT_EQ(test, swim_free(after), 0);
}

static void hunks_and_large_objects_go_back_zero_where_the_kernel_wants_it(struct kunit *test)
{
	unsigned int i;
	void *hunk;

	init_on_free_or_skip(test);
	bed_again(test, PAGES, SWIM_POOL_RCU, 0);
	for (i = 0; i < 2; i++) {
		const size_t size = i ? SZ_64K - SZ_4K : 512;
		void *object = swim_pool_alloc(bed.heap.pool, size, GFP_KERNEL);

		KUNIT_ASSERT_FALSE(test, IS_ERR(object));
		hunk = (void *)((unsigned long)object & SWIM_FRAME_MASK);
		memset(object, 'A', size);
		KUNIT_EXPECT_EQ(test, swim_free(object), 0);
		swim_pool_flush(bed.heap.pool);
		rcu_barrier();
		KUNIT_EXPECT_NULL(test, memchr_inv(hunk, 0, SZ_64K));
	}
}

static void old_places_are_zero_where_the_kernel_wants_it(struct kunit *test)
{
	void *old, *held;

	init_on_free_or_skip(test);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&leases[0], heap_hold(test), 1000, GFP_KERNEL), 0);
	held = swim_pool_alloc(bed.heap.pool, 8, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(held));
	old = swim_raw_pin(&leases[0]);
	KUNIT_ASSERT_FALSE(test, IS_ERR(old));
	memset(old, 'A', 1000);
	swim_raw_unpin(&leases[0]);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(bed.heap.pool, 100), 0);
	KUNIT_EXPECT_PTR_NE(test, leases[0].object, old);
	synchronize_rcu();
	/* Who compacts gives frames back to the page allocator. */
	bed.size = heap_size();
	/* Its hunk stays because of the one that is held; what was in it does not. */
	KUNIT_EXPECT_NULL(test, memchr_inv(old, 0, 1000));
	KUNIT_EXPECT_EQ(test, swim_free(held), 0);
}

/* What KASAN thinks of the 8 bytes at an address: 0 is good. */
static __no_sanitize_address noinline u8 shadow_of(const void *addr)
{
#ifdef CONFIG_KASAN_GENERIC
	return READ_ONCE(*(u8 *)kasan_mem_to_shadow(addr));
#else
	return 0;
#endif
}

/* How many of so many bytes are forbidden. */
static size_t poisoned(const void *addr, size_t size)
{
	size_t at, n = 0;

	for (at = 0; at < size; at += 8)
		n += shadow_of(addr + at) ? 8 : 0;
	return n;
}

#define EXPECT_POISONED(test, addr, size)						\
	KUNIT_EXPECT_EQ(test, poisoned(addr, size), (size_t)(size))
#define EXPECT_ALLOWED(test, addr, size)						\
	KUNIT_EXPECT_EQ(test, poisoned(addr, size), 0UL)

static void kasan_or_skip(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_KASAN_GENERIC))
		kunit_skip(test, "needs CONFIG_KASAN_GENERIC");
}

static void *get(struct kunit *test, size_t size)
{
	void *object = swim_pool_alloc(bed.heap.pool, size, GFP_KERNEL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	return object;
}

static void kasan_forbids_what_is_beyond_the_mark(struct kunit *test)
{
	void *object, *hunk;
	size_t rest;

	kasan_or_skip(test);
	SKIP_IN_DEBUG(test, "a track follows, which is allowed");
	object = get(test, 100);
	hunk = (void *)((unsigned long)object & bed.heap.pool->mask);
	EXPECT_ALLOWED(test, hunk, SWIM_HUNK_BEGIN);
	EXPECT_ALLOWED(test, object - SWIM_TAG_SLOT, SWIM_TAG_SLOT + 104);
	rest = hunk + hunk_size() - (object + 104);
	EXPECT_POISONED(test, object + 104, rest);
	/* The tag of the newest stays, so that its next free is reported by us. */
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	EXPECT_ALLOWED(test, object - SWIM_TAG_SLOT, SWIM_TAG_SLOT);
	EXPECT_POISONED(test, object, 104 + rest);
	EXPECT_ALLOWED(test, hunk, SWIM_HUNK_BEGIN);
}

static void kasan_forbids_what_is_freed(struct kunit *test)
{
	const size_t sizes[] = { 8, 64, 512, 520, small_max() };
	unsigned int s;

	kasan_or_skip(test);
	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		void *before = get(test, 8), *object = get(test, sizes[s]), *after = get(test, 8);

		EXPECT_ALLOWED(test, object - SWIM_TAG_SLOT, SWIM_TAG_SLOT + sizes[s]);
		KUNIT_EXPECT_EQ(test, swim_free(object), 0);
		EXPECT_ALLOWED(test, before, 8);
		EXPECT_ALLOWED(test, object - SWIM_TAG_SLOT, SWIM_TAG_SLOT);
		EXPECT_POISONED(test, object, sizes[s]);
		EXPECT_ALLOWED(test, after - SWIM_TAG_SLOT, SWIM_TAG_SLOT + 8);
		/* The newest. */
		KUNIT_EXPECT_EQ(test, swim_free(after), 0);
		EXPECT_ALLOWED(test, after - SWIM_TAG_SLOT, SWIM_TAG_SLOT);
		EXPECT_POISONED(test, after, 8);
		KUNIT_EXPECT_EQ(test, swim_free(before), 0);
	}
}

static void kasan_forbids_padding(struct kunit *test)
{
	void *before, *object;
	size_t pad;

	kasan_or_skip(test);
	SKIP_IN_DEBUG(test, "a track follows, which is allowed");
	before = get(test, 8);
	object = swim_alloc_aligned(heap_hold(test), 100, 512, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	pad = object - SWIM_TAG_SLOT - (before + 8);
	KUNIT_ASSERT_GT(test, pad, (size_t)SWIM_TAG_SLOT);
	EXPECT_ALLOWED(test, before + 8, SWIM_TAG_SLOT);
	EXPECT_POISONED(test, before + 8 + SWIM_TAG_SLOT, pad - SWIM_TAG_SLOT);
	EXPECT_ALLOWED(test, object - SWIM_TAG_SLOT, SWIM_TAG_SLOT + 104);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	KUNIT_EXPECT_EQ(test, swim_free(before), 0);
}

static void kasan_forbids_what_is_cut_off(struct kunit *test)
{
	void *object, *after;

	kasan_or_skip(test);
	SKIP_IN_DEBUG(test, "a track follows, which is allowed");
	object = get(test, 200);
	KUNIT_EXPECT_EQ(test, swim_resize(object, 104), 0);
	EXPECT_ALLOWED(test, object, 104);
	EXPECT_POISONED(test, object + 104, 96);
	KUNIT_EXPECT_EQ(test, swim_resize(object, 200), 0);
	EXPECT_ALLOWED(test, object, 200);
	after = get(test, 8);
	KUNIT_EXPECT_EQ(test, swim_resize(object, 104), 0);
	EXPECT_ALLOWED(test, object, 104 + SWIM_TAG_SLOT);
	EXPECT_POISONED(test, object + 104 + SWIM_TAG_SLOT, 96 - SWIM_TAG_SLOT);
	EXPECT_ALLOWED(test, after, 8);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	KUNIT_EXPECT_EQ(test, swim_free(after), 0);
}

static void kasan_allows_what_readers_may_still_see(struct kunit *test)
{
	void *before, *object, *newest, *large;
	size_t forbidden;

	kasan_or_skip(test);
	bed_again(test, PAGES, SWIM_POOL_RCU, 0);
	before = get(test, 8);
	object = get(test, 200);
	newest = get(test, 200);
	large = get(test, SZ_32K);
	rcu_read_lock();
	swim_free(object);
	swim_free(newest);
	swim_free(large);
	forbidden = poisoned(object - SWIM_TAG_SLOT, SWIM_TAG_SLOT + 200) +
		    poisoned(newest - SWIM_TAG_SLOT, SWIM_TAG_SLOT + 200) +
		    poisoned(large - SWIM_TAG_SLOT, SWIM_TAG_SLOT + SZ_32K);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, forbidden, 0UL);
	KUNIT_EXPECT_EQ(test, swim_free(before), 0);
}

static void kasan_allows_what_readers_may_still_see_of_a_cut_object(struct kunit *test)
{
	void *object, *after;
	size_t forbidden;

	kasan_or_skip(test);
	bed_again(test, PAGES, SWIM_POOL_RCU, 0);
	object = get(test, 200);
	after = get(test, 8);
	rcu_read_lock();
	forbidden = swim_resize(object, 104) ? 1 : poisoned(object, 200);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, forbidden, 0UL);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	KUNIT_EXPECT_EQ(test, swim_free(after), 0);
}

static void kasan_allows_what_went_back_to_the_heap(struct kunit *test)
{
	const size_t size = small_max() / 4;
	unsigned int n = get_all(test, size), i, hunks = 0;
	void **hunk;

	kasan_or_skip(test);
	hunk = kunit_kcalloc(test, n, sizeof(*hunk), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hunk);
	for (i = 0; i < n; i++)
		if (!hunks || !same_hunk(hunk[hunks - 1], objects[i]))
			hunk[hunks++] = (void *)((unsigned long)objects[i] & bed.heap.pool->mask);
	drop_all(test);
	expect_empty(test);
	for (i = 0; i < hunks; i++)
		EXPECT_ALLOWED(test, hunk[i], hunk_size());
}

static void kasan_forbids_what_is_left_of_a_hole(struct kunit *test)
{
	unsigned int n, i, allowed = 0;
	struct errand errand = { .size = 64 };

	kasan_or_skip(test);
	SKIP_IN_DEBUG(test, "a track follows, which is allowed");
	n = get_all(test, 1000);
	i = n / 2;
	/* No room is left behind any mark. */
	get_all(test, 8);
	KUNIT_EXPECT_EQ(test, swim_free(objects[i]), 0);
	EXPECT_POISONED(test, objects[i], 1000);
	errand_there(test, &errand, raw_smp_processor_id(), SLEEPS);
	KUNIT_ASSERT_EQ(test, errand.err, 0);
	KUNIT_EXPECT_PTR_EQ(test, errand.object, objects[i]);
	EXPECT_ALLOWED(test, errand.object - SWIM_TAG_SLOT, SWIM_TAG_SLOT + 64 + SWIM_TAG_SLOT);
	allowed = 1000 - 64 - SWIM_TAG_SLOT -
		  poisoned(errand.object + 64 + SWIM_TAG_SLOT, 1000 - 64 - SWIM_TAG_SLOT);
	KUNIT_EXPECT_EQ_MSG(test, allowed, 0U, "bytes of nobody that KASAN allows");
	object_size[i] = 64;
	objects[i] = mark(errand.object, 64, i);
}

static struct kunit_case limit_cases[] = {
	KUNIT_CASE_PARAM(any_freed_object_makes_room_on_each_cpu, ground_gen_params),
	KUNIT_CASE_PARAM(any_dropped_lease_makes_room_on_each_cpu, ground_gen_params),
	KUNIT_CASE_PARAM(freed_neighbours_make_room_for_one_larger, ground_gen_params),
	KUNIT_CASE_PARAM(holes_have_room_for_aligned_objects, ground_gen_params),
	KUNIT_CASE_PARAM(room_behind_the_mark_of_a_closed_hunk_is_used, ground_gen_params),
	KUNIT_CASE(room_in_the_open_hunks_of_other_cpus_is_used),
	KUNIT_CASE_PARAM(objects_are_freed_in_the_order_of_allocation, ground_gen_params),
	KUNIT_CASE(rcu_pool_reuses_no_hole_before_a_grace_period),
	KUNIT_CASE(rcu_pool_reuses_hunks_after_a_grace_period),
	KUNIT_CASE(hunks_go_back_to_a_slab_of_larger_units),
	KUNIT_CASE(all_room_is_used_again),
	KUNIT_CASE(room_that_objects_moved_out_of_is_used_again),
	KUNIT_CASE_PARAM(threads_storm_the_limit_while_others_compact_and_look,
			 ground_gen_params),
	KUNIT_CASE(threads_storm_an_rcu_pool_at_its_limit),
	KUNIT_CASE_PARAM(interrupts_allocate_in_the_middle_of_an_allocation_at_the_limit,
			 ground_gen_params),
	KUNIT_CASE(the_hunk_of_a_cpu_that_went_away_is_the_next_one),
	KUNIT_CASE(of_two_cpus_that_went_away_nothing_is_lost),
	KUNIT_CASE(at_the_limit_a_cpu_that_goes_away_makes_room),
	KUNIT_CASE(accounted_pages_are_charged_to_the_group_of_the_caller),
	KUNIT_CASE(released_frames_are_charged_to_nobody),
	KUNIT_CASE(other_pages_are_charged_to_nobody),
	KUNIT_CASE(pool_grows_on_account),
	KUNIT_CASE(pages_come_from_the_node_of_their_space),
	KUNIT_CASE(nodes_that_are_not_online_are_refused),
	KUNIT_CASE(freed_objects_are_zero_where_the_kernel_wants_it),
	KUNIT_CASE(what_is_cut_off_is_zero_where_the_kernel_wants_it),
	KUNIT_CASE(hunks_and_large_objects_go_back_zero_where_the_kernel_wants_it),
	KUNIT_CASE(old_places_are_zero_where_the_kernel_wants_it),
	KUNIT_CASE_PARAM(kasan_forbids_what_is_beyond_the_mark, ground_gen_params),
	KUNIT_CASE_PARAM(kasan_forbids_what_is_freed, ground_gen_params),
	KUNIT_CASE_PARAM(kasan_forbids_padding, ground_gen_params),
	KUNIT_CASE_PARAM(kasan_forbids_what_is_cut_off, ground_gen_params),
	KUNIT_CASE(kasan_allows_what_readers_may_still_see),
	KUNIT_CASE(kasan_allows_what_readers_may_still_see_of_a_cut_object),
	KUNIT_CASE_PARAM(kasan_allows_what_went_back_to_the_heap, ground_gen_params),
	KUNIT_CASE_PARAM(kasan_forbids_what_is_left_of_a_hole, ground_gen_params),
	{}
};

static struct kunit_suite limit_suite = {
	.name = "limit",
	.suite_init = limit_suite_init,
	.suite_exit = limit_suite_exit,
	.init = limit_init,
	.exit = limit_exit,
	.test_cases = limit_cases,
};

kunit_test_suite(limit_suite);

MODULE_DESCRIPTION("KUnit suite: pools that are full");
MODULE_LICENSE("GPL");
