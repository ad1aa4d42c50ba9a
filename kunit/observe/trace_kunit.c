// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trace: what is done in a hold is told, once, with its name, its size and its object.
 *
 * The cases attach to the tracepoints themselves; a kernel without tracepoints skips them.
 */
#include <linux/sizes.h>

#include "../../swimmem/observe/trace.h"
#include "../kunit.h"

DEFINE_SWIM_SPACE(pages, 3 * PAGE_SIZE);
DEFINE_SWIM_PACK(pack, 4096);

/**
 * struct told - what was told since the case began
 * @hold: name of the last one
 * @object: of the last alloc or free
 * @size: of the last alloc or free
 * @gfp: of the last alloc
 * @from: of the last refill
 * @need: of the last refill
 * @room: of the last refill
 * @allocs: how many
 * @frees: how many
 * @refills: how many
 * @begins: of compactions
 * @ends: of compactions
 * @why: of the last compaction
 * @target: of it
 * @held: at its begin or end
 * @live: at its begin or end
 * @done: what it has done
 * @bytes: allocated less freed, each rounded up to 8
 */
struct told {
	char hold[SWIM_NAME_MAX];
	const void *object;
	size_t size;
	gfp_t gfp;
	enum swim_refill_from from;
	size_t need;
	size_t room;
	unsigned int allocs;
	unsigned int frees;
	unsigned int refills;
	unsigned int begins;
	unsigned int ends;
	enum swim_clean_why why;
	unsigned int target;
	size_t held;
	size_t live;
	struct swim_moves done;
	long bytes;
};

static struct told told;

static void on_alloc(void *data, const char *hold, const void *object, size_t size, gfp_t gfp)
{
	strscpy(told.hold, hold, sizeof(told.hold));
	told.object = object;
	told.size = size;
	told.gfp = gfp;
	told.allocs++;
	told.bytes += round_up(size, 8);
}

static void on_free(void *data, const char *hold, const void *object, size_t size)
{
	strscpy(told.hold, hold, sizeof(told.hold));
	told.object = object;
	told.size = size;
	told.frees++;
	told.bytes -= size;
}

static void on_refill(void *data, const struct swim_pool *pool, size_t need, size_t room,
		      enum swim_refill_from from)
{
	strscpy(told.hold, pool->name, sizeof(told.hold));
	told.need = need;
	told.room = room;
	told.from = from;
	told.refills++;
}

static void on_begin(void *data, const struct swim_pool *pool, enum swim_clean_why why,
		     unsigned int target, size_t held, size_t live)
{
	strscpy(told.hold, pool->name, sizeof(told.hold));
	told.why = why;
	told.target = target;
	told.held = held;
	told.live = live;
	told.begins++;
}

static void on_end(void *data, const struct swim_pool *pool, enum swim_clean_why why,
		   unsigned int target, size_t held, size_t live, const struct swim_moves *done)
{
	strscpy(told.hold, pool->name, sizeof(told.hold));
	told.why = why;
	told.target = target;
	told.held = held;
	told.live = live;
	told.done = *done;
	told.ends++;
}

static void detach(void)
{
	unregister_trace_swim_alloc(on_alloc, NULL);
	unregister_trace_swim_free(on_free, NULL);
	unregister_trace_swim_refill(on_refill, NULL);
	unregister_trace_swim_clean_begin(on_begin, NULL);
	unregister_trace_swim_clean_end(on_end, NULL);
	tracepoint_synchronize_unregister();
}

static int attach(void)
{
	return register_trace_swim_alloc(on_alloc, NULL) ?:
	       register_trace_swim_free(on_free, NULL) ?:
	       register_trace_swim_refill(on_refill, NULL) ?:
	       register_trace_swim_clean_begin(on_begin, NULL) ?:
	       register_trace_swim_clean_end(on_end, NULL);
}

static int trace_init(struct kunit *test)
{
	int err;

	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "this kernel has no tracepoints");
	err = swim_heap_init(test, SZ_4M, 0);
	if (err)
		return err;
	memset(&told, 0, sizeof(told));
	return attach();
}

static void trace_exit(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_TRACEPOINTS))
		detach();
	swim_heap_exit(test);
}

/* What was told last is of this object, and so many of either were told. */
static void expect_told(struct kunit *test, const char *hold, const void *object, size_t size,
			unsigned int allocs, unsigned int frees)
{
	KUNIT_EXPECT_STREQ(test, told.hold, hold);
	KUNIT_EXPECT_PTR_EQ(test, told.object, object);
	KUNIT_EXPECT_EQ(test, told.size, size);
	KUNIT_EXPECT_EQ(test, told.allocs, allocs);
	KUNIT_EXPECT_EQ(test, told.frees, frees);
}

static void objects_of_any_size_are_told(struct kunit *test)
{
	static const size_t sizes[] = { 0, 1, 8, 61, 64, 513, SZ_16K, SZ_16K + 1, SZ_1M };
	unsigned int i;
	void *object;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		object = swim_alloc(heap_hold(test), sizes[i], GFP_KERNEL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(object));
		expect_told(test, "kunit", object, sizes[i], i + 1, i);
		KUNIT_EXPECT_TRUE(test, told.gfp == GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, swim_free(object), 0);
		expect_told(test, "kunit", object, round_up(sizes[i], 8), i + 1, i + 1);
	}
	object = swim_alloc_aligned(heap_hold(test), 100, 256, GFP_ATOMIC);
	expect_told(test, "kunit", object, 100, i + 1, i);
	KUNIT_EXPECT_TRUE(test, told.gfp == GFP_ATOMIC);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	expect_told(test, "kunit", object, 104, i + 1, i + 1);
}

static void objects_of_leases_are_told(struct kunit *test)
{
	struct swim_raw raw = {};
	struct swim_ptr ptr = {};
	struct swim_hard hard = {}, clone = {};
	const void *object;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 100, GFP_KERNEL), 0);
	object = told.object;
	expect_told(test, "kunit", raw.object, 100, 1, 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	expect_told(test, "kunit", object, 104, 1, 1);
	KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 100, GFP_KERNEL), 0);
	object = told.object;
	expect_told(test, "kunit", ptr.object, 104 + SWIM_PTR_FRONT, 2, 1);
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
	expect_told(test, "kunit", object, 104 + SWIM_PTR_FRONT, 2, 2);
	KUNIT_ASSERT_EQ(test, swim_hard_new(&hard, heap_hold(test), 100, GFP_KERNEL), 0);
	object = told.object;
	KUNIT_ASSERT_EQ(test, swim_hard_clone(&clone, &hard), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_drop(&hard), 0);
	expect_told(test, "kunit", object, 104 + SWIM_PTR_FRONT, 3, 2);
	KUNIT_EXPECT_EQ(test, swim_hard_drop(&clone), 0);
	expect_told(test, "kunit", object, 104 + SWIM_PTR_FRONT, 3, 3);
}

static void objects_of_a_pack_are_told(struct kunit *test)
{
	static const size_t sizes[] = { 0, 1, 64, 1000 };
	struct swim_raw raw = {};
	const void *leased;
	unsigned int i;
	void *object;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		object = swim_pack_alloc(pack, sizes[i]);
		KUNIT_ASSERT_FALSE(test, IS_ERR(object));
		expect_told(test, "pack", object, sizes[i], i + 1, i);
		KUNIT_EXPECT_EQ(test, swim_free(object), 0);
		expect_told(test, "pack", object, round_up(sizes[i], 8), i + 1, i + 1);
	}
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, swim_pack_hold(pack), 100, GFP_KERNEL), 0);
	leased = told.object;
	expect_told(test, "pack", raw.object, 100, i + 1, i);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	expect_told(test, "pack", leased, 104, i + 1, i + 1);
}

static void objects_in_hunks_of_a_page_are_told(struct kunit *test)
{
	struct swim_raw raw = {};
	struct swim_pool *pool;
	const void *leased;
	void *object;

	KUNIT_ASSERT_EQ(test, swim_space_add(&pages), 0);
	pool = swim_pool_create("pages", swim_space_heap(&pages), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	object = swim_pool_alloc(pool, 100, GFP_KERNEL);
	expect_told(test, "pages", object, 100, 1, 0);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, swim_pool_hold(pool), 8, GFP_KERNEL), 0);
	leased = told.object;
	expect_told(test, "pages", raw.object, 8, 2, 0);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	expect_told(test, "pages", object, 104, 2, 1);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	expect_told(test, "pages", leased, 8, 2, 2);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&pages), 0);
}

static void what_fails_is_not_told(struct kunit *test)
{
	void *object = swim_alloc(heap_hold(test), 64, GFP_KERNEL);
	struct swim_raw raw = {};

	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	EXPECT_ERR_PTR(test, swim_alloc(heap_hold(test), SZ_4M, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, heap_hold(test), SZ_2M, GFP_KERNEL), -E2BIG);
	expect_told(test, "kunit", object, 64, 1, 0);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	KUNIT_EXPECT_EQ(test, swim_free(object), -ENOENT);
	EXPECT_REPORT(test, "after its free");
	expect_told(test, "kunit", object, 64, 1, 1);
}

/* Sizes and numbers of what was told are those that the pool itself has counted. */
static void what_is_told_adds_up(struct kunit *test)
{
	u32 state = swim_random_seed(0);
	void *objects[64] = {};
	unsigned int i, n;

	for (n = 0; n < ROUNDS(20000); n++) {
		i = swim_random(&state) % ARRAY_SIZE(objects);
		if (objects[i]) {
			KUNIT_EXPECT_EQ(test, swim_free(objects[i]), 0);
			objects[i] = NULL;
			continue;
		}
		objects[i] = swim_alloc(heap_hold(test), swim_random(&state) %
					(n % 50 ? 2000 : 30000), GFP_KERNEL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(objects[i]));
	}
	KUNIT_EXPECT_EQ(test, told.bytes, (long)heap_stats(test).used);
	KUNIT_EXPECT_EQ(test, (long)told.allocs - told.frees, heap_stats(test).live);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		KUNIT_EXPECT_EQ(test, swim_free(objects[i]), 0);
	KUNIT_EXPECT_EQ(test, told.bytes, 0L);
	KUNIT_EXPECT_EQ(test, told.allocs, told.frees);
}

static void refills_tell_where_the_room_came_from(struct kunit *test)
{
	const size_t room = SWIM_FRAME_SIZE - SWIM_HUNK_BEGIN;
	void *objects[4], *last;
	unsigned int i;

	SKIP_IN_DEBUG(test, "no hunk starts over");
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = swim_alloc(heap_hold(test), 16000, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, told.refills, 1U);
	KUNIT_EXPECT_STREQ(test, told.hold, "kunit");
	KUNIT_EXPECT_EQ(test, told.from, SWIM_REFILL_HEAP);
	KUNIT_EXPECT_EQ(test, told.need, 16008UL);
	KUNIT_EXPECT_EQ(test, told.room, room);
	/* The mark goes back over the newest alone. */
	last = swim_alloc(heap_hold(test), 64, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		KUNIT_EXPECT_EQ(test, swim_free(objects[i]), 0);
	KUNIT_EXPECT_EQ(test, swim_free(last), 0);
	last = swim_alloc(heap_hold(test), 16000, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, told.refills, 2U);
	KUNIT_EXPECT_EQ(test, told.from, SWIM_REFILL_RESTART);
	KUNIT_EXPECT_EQ(test, told.room, room);
	KUNIT_EXPECT_EQ(test, swim_free(last), 0);
}

static void compaction_is_told(struct kunit *test)
{
	struct swim_pool *pool = heap_pool(test);
	struct swim_moves before;
	struct swim_pool_stats stats;
	void *object = swim_alloc(heap_hold(test), 100, GFP_KERNEL);

	stats = heap_stats(test);
	swim_record_begin(pool, SWIM_CLEAN_DIRECT, 90, &before);
	KUNIT_EXPECT_EQ(test, told.begins, 1U);
	KUNIT_EXPECT_STREQ(test, told.hold, "kunit");
	KUNIT_EXPECT_EQ(test, told.why, SWIM_CLEAN_DIRECT);
	KUNIT_EXPECT_EQ(test, told.target, 90U);
	KUNIT_EXPECT_EQ(test, told.held, stats.held);
	KUNIT_EXPECT_EQ(test, told.live, stats.used + stats.tags);
	pool->moves.moved += 3;
	pool->moves.moved_bytes += 300;
	pool->moves.freed_hunks += 2;
	pool->moves.nanoseconds += 77;
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	stats = heap_stats(test);
	swim_record_end(pool, SWIM_CLEAN_SHRINK, 80, &before);
	KUNIT_EXPECT_EQ(test, told.begins, 1U);
	KUNIT_EXPECT_EQ(test, told.ends, 1U);
	KUNIT_EXPECT_EQ(test, told.why, SWIM_CLEAN_SHRINK);
	KUNIT_EXPECT_EQ(test, told.target, 80U);
	KUNIT_EXPECT_EQ(test, told.held, stats.held);
	KUNIT_EXPECT_EQ(test, told.live, stats.used + stats.tags);
	KUNIT_EXPECT_EQ(test, told.done.moved, 3ULL);
	KUNIT_EXPECT_EQ(test, told.done.moved_bytes, 300ULL);
	KUNIT_EXPECT_EQ(test, told.done.freed_hunks, 2ULL);
	KUNIT_EXPECT_EQ(test, told.done.nanoseconds, 77ULL);
}

static void nobody_is_told_who_does_not_ask(struct kunit *test)
{
	void *object;

	detach();
	object = swim_alloc(heap_hold(test), 100, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	KUNIT_EXPECT_EQ(test, told.allocs + told.frees + told.refills, 0U);
	KUNIT_EXPECT_EQ(test, attach(), 0);
	object = swim_alloc(heap_hold(test), 100, GFP_KERNEL);
	expect_told(test, "kunit", object, 100, 1, 0);
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
}

static struct kunit_case trace_cases[] = {
	KUNIT_CASE(objects_of_any_size_are_told),
	KUNIT_CASE(objects_of_leases_are_told),
	KUNIT_CASE(objects_of_a_pack_are_told),
	KUNIT_CASE(objects_in_hunks_of_a_page_are_told),
	KUNIT_CASE(what_fails_is_not_told),
	KUNIT_CASE(what_is_told_adds_up),
	KUNIT_CASE(refills_tell_where_the_room_came_from),
	KUNIT_CASE(compaction_is_told),
	KUNIT_CASE(nobody_is_told_who_does_not_ask),
	{}
};

static struct kunit_suite trace_suite = {
	.name = "swimmem_trace",
	.init = trace_init,
	.exit = trace_exit,
	.test_cases = trace_cases,
};

kunit_test_suite(trace_suite);

MODULE_DESCRIPTION("KUnit suite: tracepoints");
MODULE_LICENSE("GPL");
