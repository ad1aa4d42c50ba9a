// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of <swimmem/pool.h> and <swimmem/hold.h>, but for leases and compaction.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "../kunit.h"
#include "../../swimmem/alloc/space.h"
#include "../../swimmem/compact/walk.h"

#define NOWAIT		(GFP_NOWAIT | __GFP_NOWARN)
#define LARGE_FRONT	(SWIM_HUNK_BEGIN + SWIM_TAG_SLOT + swim_kunit_large())
#define LARGE_MAX	(SWIM_SEGMENT_SIZE - LARGE_FRONT)
#define OBJECTS		4096

static const size_t sizes[] = { 1, 7, 8, 9, 64, 100, 512, SZ_1K, 4097, SWIM_SMALL_MAX };

/* Too many for the stack; cases run one at a time. */
static void *objects[OBJECTS];

static int pool_init(struct kunit *test)
{
	return swim_heap_init(test, 0, 0);
}

static struct swim_pool *pool_of(struct kunit *test)
{
	return ((struct swim_bed *)test->priv)->pool;
}

static struct swim_space *space_of(struct kunit *test)
{
	return ((struct swim_bed *)test->priv)->space;
}

static struct swim_pool_stats stats_of(struct swim_pool *pool)
{
	struct swim_pool_stats stats;

	swim_pool_stats(pool, &stats);
	return stats;
}

static size_t space_used(struct kunit *test)
{
	struct swim_space_stats stats;

	swim_space_stats(space_of(test), &stats);
	return stats.used;
}

static void expect_same(struct kunit *test, const struct swim_pool_stats *before)
{
	const struct swim_pool_stats now = stats_of(pool_of(test));

	KUNIT_EXPECT_EQ(test, now.held, before->held);
	KUNIT_EXPECT_EQ(test, now.live, before->live);
	KUNIT_EXPECT_EQ(test, now.used, before->used);
	KUNIT_EXPECT_EQ(test, now.tags, before->tags);
	KUNIT_EXPECT_EQ(test, now.hunks, before->hunks);
	KUNIT_EXPECT_EQ(test, now.open, before->open);
	KUNIT_EXPECT_EQ(test, now.large, before->large);
	KUNIT_EXPECT_EQ(test, memcmp(now.histogram, before->histogram, sizeof(now.histogram)), 0);
}

#define EXPECT_STATS(test, _live, _used, _tags)					\
do {										\
	struct kunit *__test = (test);						\
	const struct swim_pool_stats __stats = stats_of(pool_of(__test));	\
										\
	KUNIT_EXPECT_EQ(__test, __stats.live, (long)(_live));			\
	KUNIT_EXPECT_EQ(__test, __stats.used, (size_t)(_used));			\
	/* With each tag a debug pool keeps more. */				\
	KUNIT_EXPECT_EQ(__test, __stats.tags,					\
			(size_t)(_tags) / 8 * (8 + swim_kunit_trailer()));	\
} while (0)

static void *get(struct kunit *test, size_t size)
{
	void *object = swim_pool_alloc(pool_of(test), size, GFP_KERNEL);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(object), "%zu bytes: %ld", size, PTR_ERR(object));
	return object;
}

/* Take objects of @size until there are no more, or as many as we can keep. */
static unsigned int get_all(struct kunit *test, size_t size)
{
	unsigned int n;

	for (n = 0; n < OBJECTS; n++) {
		objects[n] = swim_pool_alloc(pool_of(test), size, GFP_KERNEL);
		if (IS_ERR(objects[n]))
			break;
	}
	return n;
}

#define EXPECT_FREE(test, object)	KUNIT_EXPECT_EQ(test, swim_free(object), 0)

/* Free fails with this errno, one report with these words, and nothing changes. */
static void expect_refused(struct kunit *test, void *object, int err, const char *words)
{
	const struct swim_pool_stats before = stats_of(pool_of(test));

	KUNIT_EXPECT_EQ(test, swim_free(object), err);
	EXPECT_REPORT(test, words);
	expect_same(test, &before);
}

static void pool_is_created_empty_and_takes_one_page(struct kunit *test)
{
	EXPECT_STATS(test, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).held, 0UL);
	KUNIT_EXPECT_EQ(test, space_used(test), PAGE_SIZE);
}

static void objects_are_zeroed_and_aligned_to_8(struct kunit *test)
{
	u32 state = swim_random_seed(0);
	unsigned int round, i, s;

	for (round = 0; round < 4; round++) {
		for (i = 0; i < 512; i++) {
			s = swim_random(&state) % ARRAY_SIZE(sizes);
			objects[i] = get(test, sizes[s]);
			KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)objects[i], 8));
			KUNIT_ASSERT_NULL(test, memchr_inv(objects[i], 0, round_up(sizes[s], 8)));
			memset(objects[i], 0xff, round_up(sizes[s], 8));
		}
		swim_shuffle(objects, 512, sizeof(*objects), &state);
		for (i = 0; i < 512; i++)
			EXPECT_FREE(test, objects[i]);
	}
	EXPECT_STATS(test, 0, 0, 0);
}

static void objects_do_not_overlap(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		objects[i] = get(test, sizes[i % ARRAY_SIZE(sizes)]);
		memset(objects[i], i, sizes[i % ARRAY_SIZE(sizes)]);
	}
	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_NULL(test, memchr_inv(objects[i], i & 0xff,
						   sizes[i % ARRAY_SIZE(sizes)]));
	for (i = 0; i < 1000; i++)
		EXPECT_FREE(test, objects[i]);
}

static void last_in_first_out_reclaims_at_once(struct kunit *test)
{
	unsigned int s;

	SKIP_IN_DEBUG(test, "the mark does not go back");
	for (s = 0; s < ARRAY_SIZE(sizes) && sizes[s] <= SWIM_SMALL_MAX; s++) {
		void *keep = get(test, 8), *object = get(test, sizes[s]), *again;

		memset(object, 0xff, sizes[s]);
		EXPECT_FREE(test, object);
		again = get(test, sizes[s]);
		KUNIT_EXPECT_PTR_EQ(test, again, object);
		KUNIT_EXPECT_NULL(test, memchr_inv(again, 0, round_up(sizes[s], 8)));
		EXPECT_FREE(test, again);
		EXPECT_FREE(test, keep);
	}
}

static void last_in_first_out_reclaims_all_the_way(struct kunit *test)
{
	unsigned int i;
	void *first;

	SKIP_IN_DEBUG(test, "the mark does not go back");
	first = get(test, 64);
	EXPECT_FREE(test, first);
	for (i = 0; i < 500; i++)
		objects[i] = get(test, 64);
	KUNIT_EXPECT_PTR_EQ(test, objects[0], first);
	while (i--)
		EXPECT_FREE(test, objects[i]);
	for (i = 0; i < 500; i++)
		KUNIT_ASSERT_PTR_EQ(test, get(test, 64), objects[i]);
	KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).hunks, 1UL);
	while (i--)
		EXPECT_FREE(test, objects[i]);
}

static void used_counts_bytes_rounded_to_8_without_tags(struct kunit *test)
{
	size_t used = 0;
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		objects[s] = get(test, sizes[s]);
		used += round_up(sizes[s], 8);
		EXPECT_STATS(test, s + 1, used, (s + 1) * 8);
	}
	while (s--) {
		EXPECT_FREE(test, objects[ARRAY_SIZE(sizes) - s - 1]);
		used -= round_up(sizes[ARRAY_SIZE(sizes) - s - 1], 8);
		EXPECT_STATS(test, s, used, s * 8);
	}
}

static void overhead_is_8_bytes_for_each_object(struct kunit *test)
{
	const long overhead = 8 + swim_kunit_trailer();
	size_t size;

	for (size = 1; size <= 256; size++) {
		char *a = get(test, size), *b = get(test, size), *c = get(test, 8);

		/* At the end of a hunk the next one begins elsewhere. */
		if (swim_hunk_of(a) == swim_hunk_of(b))
			KUNIT_EXPECT_EQ(test, b - a, (long)round_up(size, 8) + overhead);
		if (swim_hunk_of(b) == swim_hunk_of(c))
			KUNIT_EXPECT_EQ(test, c - b, (long)round_up(size, 8) + overhead);
		EXPECT_FREE(test, c);
		EXPECT_FREE(test, b);
		EXPECT_FREE(test, a);
	}
}

static void headers_and_reserves_are_below_1_per_cent_of_a_full_pool(struct kunit *test)
{
	struct swim_segment *segment;
	size_t held = 0, live = 0;
	unsigned int i;
	u32 index;

	for (i = 0; i < OBJECTS; i++)
		objects[i] = get(test, 32 + i % 480);
	/* The hunk that is open is not full yet. */
	swim_for_each_segment(space_of(test), index, segment) {
		for (i = 0; i < SWIM_SEGMENT_FRAMES; i++) {
			int count = atomic_read(&segment->frame[i].live);

			if (!count || count > (int)SWIM_FRAME_SIZE)
				continue;
			held += SWIM_FRAME_SIZE;
			live += count;
		}
	}
	KUNIT_EXPECT_GT(test, held, 10 * SWIM_FRAME_SIZE);
	KUNIT_EXPECT_LT(test, (held - live) * 100, held);
	for (i = 0; i < OBJECTS; i++)
		EXPECT_FREE(test, objects[i]);
}

static void objects_of_size_0_share_one_address_and_use_nothing(struct kunit *test)
{
	void *first = get(test, 0);
	unsigned int i;

	KUNIT_EXPECT_NOT_NULL(test, first);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)first, 8));
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_PTR_EQ(test, get(test, 0), first);
	EXPECT_STATS(test, 11, 0, 0);
	KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).held, 0UL);
	KUNIT_EXPECT_EQ(test, swim_size(first), 0UL);
	for (i = 0; i < 11; i++) {
		EXPECT_STATS(test, 11 - i, 0, 0);
		EXPECT_FREE(test, first);
	}
	EXPECT_STATS(test, 0, 0, 0);
}

static void large_objects_have_extents_of_their_own(struct kunit *test)
{
	const size_t large[] = {
		SWIM_SMALL_MAX + 1, SZ_32K, SZ_64K, SZ_64K + 1, SZ_1M, LARGE_MAX - 1, LARGE_MAX,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(large); i++) {
		char *object = get(test, large[i]);
		const size_t size = round_up(large[i], 8);
		const size_t held = PAGE_ALIGN(LARGE_FRONT + large[i]);

		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)object, 8));
		KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, large[i]));
		memset(object, 0xff, large[i]);
		KUNIT_EXPECT_EQ(test, swim_size(object), size);
		EXPECT_STATS(test, 1, size, 8);
		KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).large, 1L);
		KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).hunks, 0UL);
		KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).held, held);
		KUNIT_EXPECT_EQ(test, space_used(test), held + PAGE_SIZE);
		EXPECT_FREE(test, object);
		EXPECT_STATS(test, 0, 0, 0);
		KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).held, 0UL);
		KUNIT_EXPECT_EQ(test, space_used(test), PAGE_SIZE);
	}
}

static void more_than_2_mib_with_its_header_is_oversized(struct kunit *test)
{
	const struct swim_pool_stats before = stats_of(pool_of(test));

	EXPECT_ERR_PTR(test, swim_pool_alloc(pool_of(test), LARGE_MAX + 1, GFP_KERNEL), -E2BIG);
	EXPECT_ERR_PTR(test, swim_pool_alloc(pool_of(test), SZ_2M, GFP_KERNEL), -E2BIG);
	EXPECT_ERR_PTR(test, swim_pool_alloc(pool_of(test), SIZE_MAX - 7, GFP_KERNEL), -E2BIG);
	EXPECT_ERR_PTR(test, swim_pool_alloc(pool_of(test), SIZE_MAX, GFP_KERNEL), -E2BIG);
	expect_same(test, &before);
}

static void more_than_the_space_can_give_is_oversized(struct kunit *test)
{
	struct swim_pool_stats before;

	swim_heap_again(test, SZ_128K, 0);
	before = stats_of(pool_of(test));
	EXPECT_ERR_PTR(test, swim_pool_alloc(pool_of(test), SZ_128K, GFP_KERNEL), -E2BIG);
	expect_same(test, &before);
}

static void nothing_given_is_invalid(struct kunit *test)
{
	EXPECT_ERR_PTR(test, swim_pool_alloc(NULL, 8, GFP_KERNEL), -EINVAL);
	EXPECT_ERR_PTR(test, swim_pool_alloc(NULL, 0, GFP_KERNEL), -EINVAL);
	EXPECT_ERR_PTR(test, swim_alloc(NULL, 8, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(ERR_PTR(-ENOMEM)), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_free(NULL), 0);
	KUNIT_EXPECT_EQ(test, swim_size(NULL), 0UL);
}

static void pool_is_a_hold(struct kunit *test)
{
	struct swim_hold *hold = swim_pool_hold(pool_of(test));
	void *object = swim_alloc(hold, 100, GFP_KERNEL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	EXPECT_STATS(test, 1, 104, 8);
	EXPECT_FREE(test, object);
	EXPECT_ERR_PTR(test, swim_alloc(hold, LARGE_MAX + 1, GFP_KERNEL), -E2BIG);
}

static void size_is_what_was_asked_for_rounded_to_8(struct kunit *test)
{
	struct swim_raw raw = {};
	unsigned int s;
	void *object;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		object = get(test, sizes[s]);
		KUNIT_EXPECT_EQ(test, swim_size(object), round_up(sizes[s], 8));
		KUNIT_EXPECT_EQ(test, swim_size(object + 4), 0UL);
		EXPECT_FREE(test, object);
		KUNIT_EXPECT_EQ(test, swim_size(object), 0UL);
	}
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, swim_pool_hold(pool_of(test)), 8, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_size(raw.object), 0UL);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void object_is_freed_once(struct kunit *test)
{
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		void *object = get(test, sizes[s]), *keep = get(test, 8);

		EXPECT_FREE(test, object);
		expect_refused(test, object, -ENOENT, "after its free");
		EXPECT_FREE(test, keep);
	}
}

static void newest_object_is_freed_once(struct kunit *test)
{
	void *keep = get(test, 8), *object = get(test, 64);

	EXPECT_FREE(test, object);
	expect_refused(test, object, -ENOENT, "after its free");
	EXPECT_FREE(test, keep);
}

static void large_object_is_freed_once(struct kunit *test)
{
	void *object = get(test, SZ_32K);

	EXPECT_FREE(test, object);
	expect_refused(test, object, -ENOENT, "after its free");
}

static void free_of_what_is_no_object_is_refused(struct kunit *test)
{
	char *object = get(test, 64);
	const u8 byte = swim_nonsense(object + 8);

	memset(object, byte, 64);
	expect_refused(test, object + 1, -EINVAL, "which is no object");
	expect_refused(test, object + 4, -EINVAL, "which is no object");
	expect_refused(test, object + 8, -EUCLEAN, "tag is overwritten");
	KUNIT_EXPECT_NULL(test, memchr_inv(object, byte, 64));
	EXPECT_FREE(test, object);
}

static void free_with_an_overwritten_tag_is_refused(struct kunit *test)
{
	char *object = get(test, 64), *after = get(test, 64);
	u8 saved[SWIM_TAG_SLOT + sizeof(struct swim_track)];
	unsigned long *tag = swim_tag_of(after);

	KUNIT_ASSERT_LE(test, (size_t)(after - (object + 64)), sizeof(saved));
	memcpy(saved, object + 64, after - (object + 64));
	memset(object, swim_nonsense(after), after - object);
	expect_refused(test, after, -EUCLEAN, "tag is overwritten");
	KUNIT_EXPECT_EQ(test, swim_size(after), 0UL);
	/* A tag that was copied from its neighbour makes no sense either. */
	*tag = *swim_tag_of(object);
	expect_refused(test, after, -EUCLEAN, "tag is overwritten");
	memcpy(object + 64, saved, after - (object + 64));
	EXPECT_FREE(test, after);
	EXPECT_FREE(test, object);
}

static void free_of_a_leased_object_is_refused(struct kunit *test)
{
	static const size_t leased[] = { 64, SZ_32K };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leased); i++) {
		struct swim_raw raw = {};
		void *object;

		KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, swim_pool_hold(pool_of(test)), leased[i],
						   GFP_KERNEL), 0);
		expect_refused(test, raw.object, -EBUSY, "which a lease owns");
		object = swim_raw_pin(&raw);
		KUNIT_ASSERT_FALSE(test, IS_ERR(object));
		expect_refused(test, object, -EBUSY, "which a lease owns");
		swim_raw_unpin(&raw);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	}
}

static void hunk_that_is_all_dead_goes_back(struct kunit *test)
{
	size_t used;
	unsigned int i;

	for (i = 0; i < 960; i++)
		objects[i] = get(test, 512);
	KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).hunks, 8UL);
	used = space_used(test);
	for (i = 0; i < 960; i++)
		EXPECT_FREE(test, objects[i]);
	KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).hunks, 1UL);
	KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).open, 1UL);
	KUNIT_EXPECT_EQ(test, space_used(test), used - 7 * SWIM_FRAME_SIZE);
	EXPECT_STATS(test, 0, 0, 0);
}

static void current_hunk_that_is_all_dead_starts_over(struct kunit *test)
{
	unsigned int n, i;
	size_t size;

	/* One frame for the pool's page, one for a hunk. */
	swim_heap_again(test, SZ_128K, 0);
	n = get_all(test, SZ_2K);
	KUNIT_ASSERT_GT(test, n, 10U);
	/* The last of them goes back over the mark; what is left behind it is too small then. */
	for (size = SZ_4K; size <= SZ_16K; size *= 2) {
		for (i = 0; i < n; i++)
			EXPECT_FREE(test, objects[i]);
		EXPECT_STATS(test, 0, 0, 0);
		n = SZ_64K / size - 1;
		for (i = 0; i < n; i++) {
			objects[i] = get(test, size);
			KUNIT_ASSERT_NULL(test, memchr_inv(objects[i], 0, size));
			memset(objects[i], 0xff, size);
		}
		KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).hunks, 1UL);
	}
	for (i = 0; i < n; i++)
		EXPECT_FREE(test, objects[i]);
}

/* What a walk over all closed hunks of a pool finds: every number that stats should have. */
static void walk(struct kunit *test, struct swim_pool *pool, struct swim_pool_stats *found)
{
	const size_t hunk_size = swim_pool_hunk_size(pool);
	struct swim_frame *frame;
	struct swim_walk walk;
	u32 number;

	*found = (struct swim_pool_stats){};
	swim_for_each_frame(pool, number, frame) {
		size_t live = 0;

		if (frame->pool != pool)
			continue;
		/* Open, with nothing in it yet. */
		if (swim_frame_hunk(pool, frame) == pool->cleaner.reserve) {
			found->open++;
			found->hunks++;
			found->held += hunk_size;
			continue;
		}
		swim_walk_begin(&walk, pool, frame);
		while (walk.at < walk.end) {
			void *object = swim_walk_object(&walk);
			unsigned long value = swim_tag_read(swim_tag_of(object));
			const size_t size = swim_tag_size(value);

			KUNIT_ASSERT_TRUE(test, swim_tag_is(value, SWIM_TAG_DEAD) ||
					  swim_tag_is(value, SWIM_TAG_HELD));
			KUNIT_ASSERT_TRUE(test, swim_walk_over_sized(&walk, value));
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
		found->held += hunk_size;
		found->histogram[min_t(size_t, live * SWIM_HISTOGRAM / hunk_size,
				       SWIM_HISTOGRAM - 1)]++;
	}
}

static void stats_are_what_a_walk_over_the_hunks_finds(struct kunit *test)
{
	const unsigned int n = 2048;
	u32 state = swim_random_seed(3);
	struct swim_pool_stats found;
	unsigned int round, i;

	memset(objects, 0, sizeof(objects));
	for (round = 0; round < ROUNDS(20000); round++) {
		i = swim_random(&state) % n;
		if (objects[i]) {
			EXPECT_FREE(test, objects[i]);
			objects[i] = NULL;
		} else {
			objects[i] = get(test, 1 + swim_random(&state) % (8 << i % 10));
		}
		if (round % 1000 == 999) {
			swim_pool_flush(pool_of(test));
			walk(test, pool_of(test), &found);
			expect_same(test, &found);
		}
	}
	for (i = 0; i < n; i++)
		EXPECT_FREE(test, objects[i]);
	EXPECT_STATS(test, 0, 0, 0);
}

static void flush_changes_no_number_but_open(struct kunit *test)
{
	struct swim_pool_stats before, after;
	unsigned int i;

	for (i = 0; i < 300; i++)
		objects[i] = get(test, 200);
	for (i = 0; i < 300; i += 2)
		EXPECT_FREE(test, objects[i]);
	before = stats_of(pool_of(test));
	swim_pool_flush(pool_of(test));
	after = stats_of(pool_of(test));
	KUNIT_EXPECT_EQ(test, before.open, 1UL);
	KUNIT_EXPECT_EQ(test, after.open, 0UL);
	KUNIT_EXPECT_EQ(test, after.hunks, before.hunks);
	KUNIT_EXPECT_EQ(test, after.held, before.held);
	EXPECT_STATS(test, before.live, before.used,
		     before.tags / (8 + swim_kunit_trailer()) * 8);
	for (i = 1; i < 300; i += 2)
		EXPECT_FREE(test, objects[i]);
	KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).held, 0UL);
}

static void full_pool_fails_cleanly_and_works_after_a_free(struct kunit *test)
{
	static const size_t full[] = { 8, 100, SZ_1K, SZ_4K, SWIM_SMALL_MAX, SWIM_SMALL_MAX + 1 };
	struct swim_pool_stats before;
	unsigned int s, n, i;

	swim_heap_again(test, SZ_128K, 0);
	for (s = 0; s < ARRAY_SIZE(full); s++) {
		n = get_all(test, full[s]);
		KUNIT_ASSERT_GE(test, n, 1U);
		KUNIT_ASSERT_LT(test, n, (unsigned int)OBJECTS);
		before = stats_of(pool_of(test));
		for (i = 0; i < 3; i++)
			EXPECT_ERR_PTR(test, swim_pool_alloc(pool_of(test), full[s], GFP_KERNEL),
				       -ENOMEM);
		expect_same(test, &before);
		EXPECT_FREE(test, objects[--n]);
		objects[n++] = get(test, full[s]);
		while (n)
			EXPECT_FREE(test, objects[--n]);
		EXPECT_STATS(test, 0, 0, 0);
	}
}

static void full_pool_leaves_a_new_lease_empty(struct kunit *test)
{
	struct swim_hold *hold;
	struct swim_pool_stats before;
	struct swim_raw raw = {};
	unsigned int n;

	swim_heap_again(test, SZ_128K, 0);
	hold = swim_pool_hold(pool_of(test));
	n = get_all(test, 1000);
	before = stats_of(pool_of(test));
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, hold, 1000, GFP_KERNEL), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, swim_raw_is_empty(&raw));
	expect_same(test, &before);
	EXPECT_FREE(test, objects[--n]);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, hold, 1000, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	while (n)
		EXPECT_FREE(test, objects[--n]);
}

static void pool_is_not_created_in_a_full_space(struct kunit *test)
{
	struct swim_block block[32];
	struct swim_pool *pool;
	unsigned int n = 0;

	swim_heap_again(test, SZ_128K, 0);
	while (!swim_space_alloc(space_of(test), PAGE_SIZE, GFP_KERNEL, &block[n]))
		n++;
	KUNIT_EXPECT_EQ(test, n, 31U);
	EXPECT_ERR_PTR(test, swim_pool_create("another", swim_space_heap(space_of(test)), 0),
		       -ENOMEM);
	KUNIT_EXPECT_EQ(test, space_used(test), (size_t)SZ_128K);
	KUNIT_EXPECT_EQ(test, swim_space_free(space_of(test), &block[--n]), 0);
	pool = swim_pool_create("another", swim_space_heap(space_of(test)), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	while (n)
		KUNIT_EXPECT_EQ(test, swim_space_free(space_of(test), &block[--n]), 0);
}

static void pool_with_objects_is_not_destroyed(struct kunit *test)
{
	static const size_t live[] = { 0, 64, SZ_32K };
	struct swim_pool_stats before;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(live); i++) {
		void *object = get(test, live[i]);

		before = stats_of(pool_of(test));
		KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool_of(test)), -EBUSY);
		EXPECT_REPORT(test, "pool 'kunit' destroyed with 1 objects");
		expect_same(test, &before);
		/* It is still usable, and its name still taken. */
		EXPECT_FREE(test, get(test, 64));
		EXPECT_ERR_PTR(test, swim_pool_create("kunit", swim_space_heap(space_of(test)), 0),
			       -EEXIST);
		EXPECT_FREE(test, object);
	}
}

static void space_under_a_pool_is_not_destroyed(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space_of(test)), -EBUSY);
	EXPECT_REPORT(test, "space 'kunit' destroyed with 1 extents");
	EXPECT_FREE(test, get(test, 64));
}

static void bad_names_flags_and_spaces_are_refused(struct kunit *test)
{
	static const char * const names[] = {
		NULL, "", ".", "..", "a/b", "tab\t", "12345678901234567890123456789012",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_ERR_PTR(test, swim_pool_create(names[i], swim_space_heap(space_of(test)), 0),
			       -EINVAL);
	EXPECT_ERR_PTR(test, swim_pool_create("other", NULL, 0), -EINVAL);
	EXPECT_ERR_PTR(test, swim_pool_create("other", ERR_PTR(-ENOMEM), 0), -EINVAL);
	EXPECT_ERR_PTR(test, swim_pool_create("other", swim_space_heap(space_of(test)), BIT(1)),
		       -EINVAL);
	EXPECT_ERR_PTR(test, swim_pool_create("other", swim_space_heap(space_of(test)),
					      ~SWIM_POOL_RCU), -EINVAL);
	EXPECT_ERR_PTR(test, swim_pool_create("kunit", swim_space_heap(space_of(test)), 0),
		       -EEXIST);
	KUNIT_EXPECT_EQ(test, space_used(test), PAGE_SIZE);
}

static void name_has_no_byte_that_does_not_print(struct kunit *test)
{
	unsigned int at, byte;

	for (at = 0; at < 3; at++) {
		for (byte = 1; byte < 256; byte++) {
			char name[] = "abc";

			if (byte >= ' ' && byte <= '~' && byte != '/')
				continue;
			name[at] = byte;
			EXPECT_ERR_PTR(test, swim_pool_create(name, swim_space_heap(space_of(test)),
							      0), -EINVAL);
		}
	}
	KUNIT_EXPECT_EQ(test, space_used(test), PAGE_SIZE);
}

static void pools_share_a_space_and_nothing_else(struct kunit *test)
{
	struct swim_pool *other = swim_pool_create("other", swim_space_heap(space_of(test)), 0);
	void *mine, *theirs;

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	mine = get(test, 64);
	theirs = swim_pool_alloc(other, 100, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(theirs));
	EXPECT_STATS(test, 1, 64, 8);
	KUNIT_EXPECT_EQ(test, stats_of(other).live, 1L);
	KUNIT_EXPECT_EQ(test, stats_of(other).used, 104UL);
	KUNIT_EXPECT_EQ(test, stats_of(other).hunks, 1UL);
	/* Each object leads back to its own. */
	EXPECT_FREE(test, theirs);
	EXPECT_STATS(test, 1, 64, 8);
	KUNIT_EXPECT_EQ(test, stats_of(other).live, 0L);
	EXPECT_FREE(test, mine);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(other), 0);
}

static void rcu_pool_reuses_no_byte_of_the_newest_object(struct kunit *test)
{
	void *object, *again;

	swim_heap_again(test, 0, SWIM_POOL_RCU);
	object = get(test, 64);
	memset(object, 'A', 64);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	again = swim_pool_alloc(pool_of(test), 64, NOWAIT);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 'A', 64));
	rcu_read_unlock();
	KUNIT_ASSERT_FALSE(test, IS_ERR(again));
	KUNIT_EXPECT_PTR_NE(test, again, object);
	EXPECT_FREE(test, again);
}

static void rcu_pool_gives_no_hunk_back_before_a_grace_period(struct kunit *test)
{
	const unsigned int n = 200; /* of 512 bytes: two hunks */
	unsigned int i, wrong = 0;
	size_t used;

	swim_heap_again(test, 0, SWIM_POOL_RCU);
	for (i = 0; i < n; i++)
		objects[i] = memset(get(test, 512), 'A', 512);
	used = space_used(test);
	rcu_read_lock();
	for (i = 0; i < n; i++)
		wrong += !!swim_free(objects[i]);
	for (i = 0; i < n; i++)
		wrong += !!memchr_inv(objects[i], 'A', 512);
	KUNIT_EXPECT_EQ(test, space_used(test), used);
	KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).waiting, 1UL);
	KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).hunks, 2UL);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	EXPECT_STATS(test, 0, 0, 0);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, stats_of(pool_of(test)).waiting, 0UL);
	KUNIT_EXPECT_EQ(test, space_used(test), used - SWIM_FRAME_SIZE);
}

static void rcu_pool_starts_no_hunk_over_before_a_grace_period(struct kunit *test)
{
	unsigned int n, i, wrong = 0;
	void *object;

	swim_heap_again(test, SZ_128K, SWIM_POOL_RCU);
	n = get_all(test, 512);
	for (i = 0; i < n; i++)
		memset(objects[i], 'A', 512);
	rcu_read_lock();
	for (i = 0; i < n; i++)
		wrong += !!swim_free(objects[i]);
	object = swim_pool_alloc(pool_of(test), 512, NOWAIT);
	for (i = 0; i < n; i++)
		wrong += !!memchr_inv(objects[i], 'A', 512);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	EXPECT_ERR_PTR(test, object, -ENOMEM);
}

static void rcu_pool_gives_no_large_object_back_before_a_grace_period(struct kunit *test)
{
	void *object;

	swim_heap_again(test, 0, SWIM_POOL_RCU);
	object = memset(get(test, SZ_32K), 'A', SZ_32K);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 'A', SZ_32K));
	KUNIT_EXPECT_GT(test, space_used(test), (size_t)SZ_32K);
	rcu_read_unlock();
	EXPECT_STATS(test, 0, 0, 0);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, space_used(test), PAGE_SIZE);
}

/**
 * struct errand - allocate and free in another context
 * @pool: where
 * @done: when it has been done
 * @irq_work: for hard interrupts
 * @tasklet: for softirqs
 * @there: was it the context that was meant?
 * @cpu: the CPU that is interrupted
 * @delay: what the one who interrupts waits by
 * @rounds: how often
 * @err: 0, or the first that was wrong
 */
struct errand {
	struct swim_pool *pool;
	struct completion done;
	struct irq_work irq_work;
	struct tasklet_struct tasklet;
	bool there;
	unsigned int cpu;
	u32 delay;
	unsigned int rounds;
	int err;
};

/* Results: 1 no memory, 2 not zeroed, 3 overwritten, 4 not freed. */
static int alloc_and_free(struct swim_pool *pool, u32 seed)
{
	static const u16 lengths[] = { 8, 16, 64, 200, 1000, 5000, 20000 };
	u32 state = swim_random_seed(seed);
	void *object[12];
	unsigned int i, n;
	int err = 0;

	for (n = 0; n < ARRAY_SIZE(object); n++) {
		size_t length = lengths[swim_random(&state) % (n ? 5 : ARRAY_SIZE(lengths))];

		object[n] = swim_pool_alloc(pool, length, NOWAIT);
		if (IS_ERR(object[n])) {
			err = 1;
			break;
		}
		if (memchr_inv(object[n], 0, length))
			err = err ?: 2;
		memset(object[n], n + 1, swim_size(object[n]));
	}
	/* In the order of allocation, or in the reverse. */
	for (i = 0; i < n; i++) {
		unsigned int at = seed % 2 ? i : n - i - 1;

		if (memchr_inv(object[at], at + 1, swim_size(object[at])))
			err = err ?: 3;
		if (swim_free(object[at]))
			err = err ?: 4;
	}
	return err;
}

static void run_errand(struct errand *errand, bool there)
{
	unsigned int round;

	errand->there = there;
	for (round = 0; round < 50 && !errand->err; round++)
		errand->err = alloc_and_free(errand->pool, round);
	complete(&errand->done);
}

static void errand_in_hardirq(struct irq_work *work)
{
	run_errand(container_of(work, struct errand, irq_work), in_hardirq());
}

static void errand_in_softirq(struct tasklet_struct *tasklet)
{
	run_errand(container_of(tasklet, struct errand, tasklet), in_serving_softirq());
}

static struct errand *errand_of(struct kunit *test)
{
	struct errand *errand = kunit_kzalloc(test, sizeof(*errand), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, errand);
	errand->pool = pool_of(test);
	init_completion(&errand->done);
	return errand;
}

static void objects_are_got_and_freed_in_hard_interrupts(struct kunit *test)
{
	struct errand *errand = errand_of(test);

	errand->irq_work = IRQ_WORK_INIT_HARD(errand_in_hardirq);
	KUNIT_ASSERT_TRUE(test, irq_work_queue(&errand->irq_work));
	wait_for_completion(&errand->done);
	irq_work_sync(&errand->irq_work);
	KUNIT_EXPECT_TRUE(test, errand->there);
	KUNIT_EXPECT_EQ(test, errand->err, 0);
	EXPECT_STATS(test, 0, 0, 0);
}

static void objects_are_got_and_freed_in_softirqs(struct kunit *test)
{
	struct errand *errand = errand_of(test);

	tasklet_setup(&errand->tasklet, errand_in_softirq);
	tasklet_schedule(&errand->tasklet);
	wait_for_completion(&errand->done);
	tasklet_kill(&errand->tasklet);
	KUNIT_EXPECT_TRUE(test, errand->there);
	KUNIT_EXPECT_EQ(test, errand->err, 0);
	EXPECT_STATS(test, 0, 0, 0);
}

static void objects_are_got_and_freed_with_interrupts_off(struct kunit *test)
{
	struct errand *errand = errand_of(test);
	unsigned long flags;

	local_irq_save(flags);
	run_errand(errand, irqs_disabled());
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, errand->there);
	KUNIT_EXPECT_EQ(test, errand->err, 0);
	EXPECT_STATS(test, 0, 0, 0);
}

static void objects_are_got_and_freed_with_preemption_off(struct kunit *test)
{
	struct errand *errand = errand_of(test);

	preempt_disable();
	run_errand(errand, true);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, errand->err, 0);
	EXPECT_STATS(test, 0, 0, 0);
}

static void alloc_in_interrupt(void *arg)
{
	struct errand *errand = arg;

	errand->err = errand->err ?: alloc_and_free(errand->pool, errand->rounds++);
}

static void alloc_in_irq_work(struct irq_work *work)
{
	alloc_in_interrupt(container_of(work, struct errand, irq_work));
}

/*
 * The first allocates for a second; it is interrupted by the others, or, where there is no
 * other CPU, by work that waits for the next tick.
 */
static int interrupted(void *arg, unsigned int number)
{
	struct errand *errand = arg;
	const unsigned long end = jiffies + HZ;
	unsigned int round = 0, sent = 0;
	int err = 0;

	/* Not for ever: where interrupts come without pause the clock may stand still. */
	while (number && num_online_cpus() > 1 && !completion_done(&errand->done) &&
	       sent++ < 20000) {
		smp_call_function_single(errand->cpu, alloc_in_interrupt, errand, 1);
		ndelay(swim_random(&errand->delay) % 10000);
	}
	if (number)
		return 0;
	while (!err && time_before(jiffies, end)) {
		if (num_online_cpus() == 1)
			irq_work_queue(&errand->irq_work);
		err = alloc_and_free(errand->pool, round++);
		cond_resched();
	}
	irq_work_sync(&errand->irq_work);
	complete_all(&errand->done);
	return err;
}

static void interrupts_allocate_in_the_middle_of_an_allocation(struct kunit *test)
{
	struct errand *errand = errand_of(test);

	errand->cpu = cpumask_first(cpu_online_mask);
	errand->delay = swim_random_seed(0);
	errand->irq_work = IRQ_WORK_INIT_HARD(alloc_in_irq_work);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 2, interrupted, errand), 0);
	KUNIT_EXPECT_EQ(test, errand->err, 0);
	KUNIT_EXPECT_GT(test, errand->rounds, 10U);
	EXPECT_STATS(test, 0, 0, 0);
}

#define SLOTS	256

/**
 * struct market - threads put objects here and take those of others away
 * @pool: where they are from
 * @slot: objects, or NULL
 */
struct market {
	struct swim_pool *pool;
	void *slot[SLOTS];
};

/* An object knows its length and what is in it. */
static u32 *goods_make(struct swim_pool *pool, u32 *state)
{
	u32 words = 2 + swim_random(state) % (swim_random(state) % 256 ? 60 : 2000), seed, i;
	u32 *goods = swim_pool_alloc(pool, words * sizeof(u32), NOWAIT);

	if (IS_ERR(goods))
		return NULL;
	if (memchr_inv(goods, 0, words * sizeof(u32)))
		return ERR_PTR(-EIO);
	goods[0] = words;
	goods[1] = swim_random(state);
	for (i = 2, seed = goods[1]; i < words; i++)
		goods[i] = swim_random(&seed);
	return goods;
}

static bool goods_whole(const u32 *goods)
{
	u32 seed = goods[1], i;

	if (round_up(goods[0] * sizeof(u32), 8) != swim_size(goods))
		return false;
	for (i = 2; i < goods[0]; i++)
		if (goods[i] != swim_random(&seed))
			return false;
	return true;
}

/* Results: 1 not zeroed, 2 overwritten, 3 not freed. */
static int trade(void *arg, unsigned int number)
{
	u32 state = swim_random_seed(number), round;
	struct market *market = arg;
	u32 *goods;

	for (round = 0; round < ROUNDS(60000); round++) {
		goods = swim_random(&state) % 2 ? goods_make(market->pool, &state) : NULL;
		if (IS_ERR(goods))
			return 1;
		goods = xchg(&market->slot[swim_random(&state) % SLOTS], goods);
		if (goods && !goods_whole(goods))
			return 2;
		if (swim_free(goods))
			return 3;
		if (!(round % 16))
			cond_resched();
	}
	return 0;
}

static struct market *market_of(struct kunit *test)
{
	struct market *market = kunit_kzalloc(test, sizeof(*market), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, market);
	market->pool = pool_of(test);
	return market;
}

static void market_close(struct kunit *test, struct market *market)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		if (market->slot[i])
			KUNIT_EXPECT_TRUE(test, goods_whole(market->slot[i]));
		EXPECT_FREE(test, market->slot[i]);
	}
	EXPECT_STATS(test, 0, 0, 0);
}

static void threads_allocate_and_free_what_others_allocated(struct kunit *test)
{
	struct market *market = market_of(test);
	struct swim_pool_stats found;

	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), trade, market), 0);
	swim_pool_flush(market->pool);
	walk(test, market->pool, &found);
	expect_same(test, &found);
	market_close(test, market);
	KUNIT_EXPECT_EQ(test, stats_of(market->pool).held, 0UL);
}

static void threads_share_an_rcu_pool(struct kunit *test)
{
	struct market *market;

	swim_heap_again(test, 0, SWIM_POOL_RCU);
	market = market_of(test);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), trade, market), 0);
	market_close(test, market);
	swim_pool_flush(market->pool);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, stats_of(market->pool).held, 0UL);
}

static void threads_share_a_pool_at_its_limit(struct kunit *test)
{
	struct market *market;

	swim_heap_again(test, SZ_64K * 6, 0);
	market = market_of(test);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), trade, market), 0);
	market_close(test, market);
	swim_pool_flush(market->pool);
	KUNIT_EXPECT_EQ(test, stats_of(market->pool).held, 0UL);
	EXPECT_FREE(test, get(test, 64));
}

struct crowd {
	void *object[40];
	atomic_t freed;
};

/* Who is not the one to free an object hears that it is gone. */
static int free_all(void *arg, unsigned int number)
{
	struct crowd *crowd = arg;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(crowd->object); i++) {
		err = swim_free(crowd->object[i]);
		if (!err)
			atomic_inc(&crowd->freed);
		else if (err != -ENOENT)
			return 1;
	}
	return 0;
}

static void of_those_who_free_an_object_at_once_one_succeeds(struct kunit *test)
{
	const unsigned int workers = swim_workers();
	struct crowd crowd;
	unsigned int round, i;

	for (round = 0; round < ROUNDS(100); round++) {
		atomic_set(&crowd.freed, 0);
		for (i = 0; i < ARRAY_SIZE(crowd.object); i++)
			crowd.object[i] = get(test, 64);
		KUNIT_EXPECT_EQ(test, swim_workers_run(test, workers, free_all, &crowd), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&crowd.freed), (int)ARRAY_SIZE(crowd.object));
		KUNIT_EXPECT_EQ(test, swim_reports.count,
				(workers - 1) * (unsigned int)ARRAY_SIZE(crowd.object));
		swim_reports_reset();
		EXPECT_STATS(test, 0, 0, 0);
	}
}

/* A CPU that can be taken away, other than ours; or nr_cpu_ids. */
static unsigned int spare_cpu(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (cpu > 0 && cpu != raw_smp_processor_id() && IS_ENABLED(CONFIG_HOTPLUG_CPU))
			return cpu;
	return nr_cpu_ids;
}

static void get_here(void *arg)
{
	struct market *market = arg;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		market->slot[i] = swim_pool_alloc(market->pool, 64, NOWAIT);
		if (IS_ERR(market->slot[i]))
			market->slot[i] = NULL;
		else
			memset(market->slot[i], i, 64);
	}
}

static void objects_of_a_cpu_that_goes_away_stay(struct kunit *test)
{
	struct market *market = market_of(test);
	const unsigned int cpu = spare_cpu();
	unsigned int i;
	void *object;

	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "no CPU can be taken away here");
	KUNIT_ASSERT_EQ(test, smp_call_function_single(cpu, get_here, market, 1), 0);
	KUNIT_EXPECT_EQ(test, stats_of(market->pool).open, 1UL);
	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	/* What it had open is there for the next one, and nothing else has changed. */
	KUNIT_EXPECT_EQ(test, stats_of(market->pool).open, 1UL);
	EXPECT_STATS(test, 16, 16 * 64, 16 * 8);
	object = get(test, 64);
	KUNIT_EXPECT_EQ(test, stats_of(market->pool).held, (size_t)SZ_64K);
	EXPECT_FREE(test, object);
	for (i = 0; i < 16; i++) {
		KUNIT_ASSERT_NOT_NULL(test, market->slot[i]);
		KUNIT_EXPECT_NULL(test, memchr_inv(market->slot[i], i, 64));
		EXPECT_FREE(test, market->slot[i]);
	}
	KUNIT_EXPECT_EQ(test, stats_of(market->pool).hunks, 1UL);
	KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	/* It comes back and works. */
	KUNIT_ASSERT_EQ(test, smp_call_function_single(cpu, get_here, market, 1), 0);
	for (i = 0; i < 16; i++) {
		KUNIT_ASSERT_NOT_NULL(test, market->slot[i]);
		EXPECT_FREE(test, market->slot[i]);
	}
}

static struct kunit_case pool_cases[] = {
	KUNIT_CASE(pool_is_created_empty_and_takes_one_page),
	KUNIT_CASE(objects_are_zeroed_and_aligned_to_8),
	KUNIT_CASE(objects_do_not_overlap),
	KUNIT_CASE(last_in_first_out_reclaims_at_once),
	KUNIT_CASE(last_in_first_out_reclaims_all_the_way),
	KUNIT_CASE(used_counts_bytes_rounded_to_8_without_tags),
	KUNIT_CASE(overhead_is_8_bytes_for_each_object),
	KUNIT_CASE(headers_and_reserves_are_below_1_per_cent_of_a_full_pool),
	KUNIT_CASE(objects_of_size_0_share_one_address_and_use_nothing),
	KUNIT_CASE(large_objects_have_extents_of_their_own),
	KUNIT_CASE(more_than_2_mib_with_its_header_is_oversized),
	KUNIT_CASE(more_than_the_space_can_give_is_oversized),
	KUNIT_CASE(nothing_given_is_invalid),
	KUNIT_CASE(pool_is_a_hold),
	KUNIT_CASE(size_is_what_was_asked_for_rounded_to_8),
	KUNIT_CASE(object_is_freed_once),
	KUNIT_CASE(newest_object_is_freed_once),
	KUNIT_CASE(large_object_is_freed_once),
	KUNIT_CASE(free_of_what_is_no_object_is_refused),
	KUNIT_CASE(free_with_an_overwritten_tag_is_refused),
	KUNIT_CASE(free_of_a_leased_object_is_refused),
	KUNIT_CASE(hunk_that_is_all_dead_goes_back),
	KUNIT_CASE(current_hunk_that_is_all_dead_starts_over),
	KUNIT_CASE(stats_are_what_a_walk_over_the_hunks_finds),
	KUNIT_CASE(flush_changes_no_number_but_open),
	KUNIT_CASE(full_pool_fails_cleanly_and_works_after_a_free),
	KUNIT_CASE(full_pool_leaves_a_new_lease_empty),
	KUNIT_CASE(pool_is_not_created_in_a_full_space),
	KUNIT_CASE(pool_with_objects_is_not_destroyed),
	KUNIT_CASE(space_under_a_pool_is_not_destroyed),
	KUNIT_CASE(bad_names_flags_and_spaces_are_refused),
	KUNIT_CASE(name_has_no_byte_that_does_not_print),
	KUNIT_CASE(pools_share_a_space_and_nothing_else),
	KUNIT_CASE(rcu_pool_reuses_no_byte_of_the_newest_object),
	KUNIT_CASE(rcu_pool_gives_no_hunk_back_before_a_grace_period),
	KUNIT_CASE(rcu_pool_starts_no_hunk_over_before_a_grace_period),
	KUNIT_CASE(rcu_pool_gives_no_large_object_back_before_a_grace_period),
	KUNIT_CASE(objects_are_got_and_freed_in_hard_interrupts),
	KUNIT_CASE(objects_are_got_and_freed_in_softirqs),
	KUNIT_CASE(objects_are_got_and_freed_with_interrupts_off),
	KUNIT_CASE(objects_are_got_and_freed_with_preemption_off),
	KUNIT_CASE(interrupts_allocate_in_the_middle_of_an_allocation),
	KUNIT_CASE(threads_allocate_and_free_what_others_allocated),
	KUNIT_CASE(of_those_who_free_an_object_at_once_one_succeeds),
	KUNIT_CASE(threads_share_an_rcu_pool),
	KUNIT_CASE(threads_share_a_pool_at_its_limit),
	KUNIT_CASE(objects_of_a_cpu_that_goes_away_stay),
	{}
};

static struct kunit_suite pool_suite = {
	.name = "pool",
	.init = pool_init,
	.exit = swim_heap_exit,
	.test_cases = pool_cases,
};

kunit_test_suite(pool_suite);

MODULE_DESCRIPTION("KUnit suite: pools");
MODULE_LICENSE("GPL");
