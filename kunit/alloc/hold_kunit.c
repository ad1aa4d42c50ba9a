// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of <swimmem/hold.h>, for every kind of hold: each case runs for each.
 */
#include <linux/mm.h>
#include <swimmem/pack.h>
#include <swimmem/slab.h>

#include "../../swimmem/lease/raw.h"
#include "../interrupt.h"

#define NOWAIT	(GFP_NOWAIT | __GFP_NOWARN)
#define BYTES	(SZ_256K + SZ_128K)	/* that slabs and packs are made of */
#define OBJECTS	SZ_16K

DEFINE_SWIM_SPACE(four_pages, 4 * PAGE_SIZE);

/* Cases run one at a time. */
static void *objects[OBJECTS];

/* A case that fails and leaves something in its hold is not to fail the next one too. */
static char name[SWIM_NAME_MAX];
static unsigned int names;

/**
 * struct kind - a hold
 * @name: of its kind
 * @small: of a pool: larger objects have extents of their own
 * @most: bytes of the largest extent, or of the pack, that there certainly is room for
 * @ever: the same, that there can be room for
 * @unit: of the slab under a pool
 * @flags: of the pool
 * @full: it can be full, and then a free is enough for it to work again
 */
struct kind {
	const char *name;
	size_t small;
	size_t most;
	size_t ever;
	size_t unit;
	unsigned long flags;
	bool full;
};

enum { SPACE, READERS, STATIC, PAGES, UNITS, PACK, GLOBAL, EMPTY };

static const struct kind kinds[] = {
	[SPACE]	  = { "pool over a space", SZ_16K, SZ_2M, SZ_2M, .full = true },
	[READERS] = { "RCU pool", SZ_16K, SZ_2M, SZ_2M, .flags = SWIM_POOL_RCU },
	[STATIC]  = { "pool over four pages", PAGE_SIZE / 4, PAGE_SIZE, 4 * PAGE_SIZE,
		      .full = true },
	[PAGES]	  = { "pool over a slab of pages", PAGE_SIZE / 4, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE,
		      .full = true },
	[UNITS]	  = { "pool over a slab of 64 KiB", SZ_16K, SZ_64K, SZ_64K, SZ_64K, .full = true },
	[PACK]	  = { "pack", 0, BYTES - sizeof(struct swim_pack), BYTES - sizeof(struct swim_pack),
		      .full = true },
	[GLOBAL]  = { "global hold", SZ_16K, SZ_2M, SZ_2M },
	[EMPTY]	  = { "empty hold" },
};

static void describe(const struct kind *kind, char *text)
{
	strscpy(text, kind->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, describe);

/**
 * struct bed - what the hold of a case stands on
 * @kind: what it is
 * @hold: as such
 * @space: under all but the global and the empty one
 * @block: of that space, for slabs and packs
 * @slab: under a pool
 * @pool: if it is one
 * @before: its numbers when the case began
 */
struct bed {
	const struct kind *kind;
	struct swim_hold *hold;
	struct swim_space *space;
	struct swim_block block;
	struct swim_slab slab;
	struct swim_pool *pool;
	struct swim_hold_stats before;
};

static int bed_space(struct bed *bed)
{
	if (bed->kind == &kinds[STATIC])
		bed->space = swim_space_add(&four_pages) ? ERR_PTR(-EIO) : &four_pages;
	else
		bed->space = swim_space_create(name, SZ_4M);
	return PTR_ERR_OR_ZERO(bed->space);
}

static int bed_hold(struct bed *bed)
{
	struct swim_heap *heap = swim_space_heap(bed->space);
	struct swim_pack *pack;
	int err;

	if (bed->kind->unit || bed->kind == &kinds[PACK]) {
		err = swim_space_alloc(bed->space, BYTES, GFP_KERNEL, &bed->block);
		if (err)
			return err;
	}
	if (bed->kind == &kinds[PACK]) {
		pack = swim_pack_create(&bed->block);
		bed->hold = IS_ERR(pack) ? NULL : swim_pack_hold(pack);
		return PTR_ERR_OR_ZERO(pack);
	}
	if (bed->kind->unit) {
		err = swim_slab_init(&bed->slab, &bed->block, bed->kind->unit);
		if (err)
			return err;
		heap = swim_slab_heap(&bed->slab);
	}
	bed->pool = swim_pool_create(name, heap, bed->kind->flags);
	if (!IS_ERR(bed->pool))
		bed->hold = swim_pool_hold(bed->pool);
	return PTR_ERR_OR_ZERO(bed->pool);
}

static int hold_init(struct kunit *test)
{
	struct bed *bed = kunit_kzalloc(test, sizeof(*bed), GFP_KERNEL);
	int err = swim_kunit_init(test);

	test->priv = bed;
	if (err || !bed)
		return err ?: -ENOMEM;
	memset(objects, 0, sizeof(objects));
	snprintf(name, sizeof(name), "kunit-%u", names++);
	bed->kind = test->param_value ?: &kinds[SPACE];
	if (bed->kind == &kinds[GLOBAL])
		bed->hold = swim_global_hold();
	else if (bed->kind == &kinds[EMPTY])
		bed->hold = swim_empty_hold();
	else
		err = bed_space(bed) ?: bed_hold(bed);
	if (bed->hold)
		swim_hold_stats(bed->hold, &bed->before);
	return err;
}

static struct bed *bed_of(struct kunit *test)
{
	return test->priv;
}

static struct swim_hold *hold_of(struct kunit *test)
{
	return bed_of(test)->hold;
}

static const struct kind *kind_of(struct kunit *test)
{
	return bed_of(test)->kind;
}

static bool is(struct kunit *test, unsigned int kind)
{
	return kind_of(test) == &kinds[kind];
}

static struct swim_hold_stats stats_of(struct kunit *test)
{
	struct swim_hold_stats stats;

	swim_hold_stats(hold_of(test), &stats);
	return stats;
}

/* Objects and their bytes, of this case. */
#define EXPECT_STATS(test, _used, _live)					\
do {										\
	struct kunit *__test = (test);						\
	const struct swim_hold_stats __before = bed_of(__test)->before;		\
	const struct swim_hold_stats __stats = stats_of(__test);		\
										\
	KUNIT_EXPECT_EQ(__test, __stats.used - __before.used, (size_t)(_used));	\
	KUNIT_EXPECT_EQ(__test, __stats.live - __before.live, (long)(_live));	\
} while (0)

static int bed_end(struct bed *bed)
{
	int err = 0;

	if (!IS_ERR_OR_NULL(bed->pool))
		err = swim_pool_destroy(bed->pool);
	/* What objects are left in is better left too. */
	if (!err && !swim_block_empty(&bed->block))
		err = swim_space_free(bed->space, &bed->block);
	if (!err && !IS_ERR_OR_NULL(bed->space))
		err = swim_space_destroy(bed->space);
	return err;
}

/* The case must have left nothing in its hold. */
static void hold_exit(struct kunit *test)
{
	struct bed *bed = test->priv;

	if (bed && bed->hold)
		EXPECT_STATS(test, 0, 0);
	if (bed)
		KUNIT_EXPECT_EQ(test, bed_end(bed), 0);
	swim_kunit_exit(test);
}

static void expect_same(struct kunit *test, const struct swim_hold_stats *before)
{
	const struct swim_hold_stats now = stats_of(test);

	KUNIT_EXPECT_EQ(test, now.size, before->size);
	KUNIT_EXPECT_EQ(test, now.used, before->used);
	KUNIT_EXPECT_EQ(test, now.live, before->live);
}

/* What must come of a request: 0, -E2BIG, or 1 when that depends on what else there is. */
static int fate(const struct kind *kind, size_t size, size_t align)
{
	size_t front = ALIGN(SWIM_HUNK_BEGIN + SWIM_TAG_SLOT, align);

	if (!size)
		return 0;
	if (kind == &kinds[PACK])
		front = SWIM_TAG_SLOT + align;
	if (size + max_t(size_t, align, 8) - 8 <= kind->small ||
	    (kind->most && size <= kind->most && front + round_up(size, 8) <= kind->most))
		return 0;
	return size > kind->ever || front + size > kind->ever ? -E2BIG : 1;
}

static void *get(struct kunit *test, size_t size)
{
	void *object = swim_alloc(hold_of(test), size, GFP_KERNEL);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(object), "%zu bytes: %ld", size, PTR_ERR(object));
	return object;
}

#define EXPECT_FREE(test, object)	KUNIT_EXPECT_EQ(test, swim_free(object), 0)

/* What a free gives back after a grace period must be back before we go on. */
static void settle(struct kunit *test)
{
	if (is(test, READERS))
		rcu_barrier();
}

static void expect_not_given(struct kunit *test, size_t size, size_t align, int err)
{
	const struct swim_hold_stats before = stats_of(test);
	void *object = swim_alloc_aligned(hold_of(test), size, align, GFP_KERNEL);

	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(object), err, "%zu bytes at %zu", size, align);
	if (!IS_ERR(object))
		EXPECT_FREE(test, object);
	if (align == 8)
		EXPECT_ERR_PTR(test, swim_alloc(hold_of(test), size, GFP_KERNEL), err);
	expect_same(test, &before);
}

/* An object can be had, is as it should be, is written to, and freed. */
static void expect_given(struct kunit *test, size_t size, size_t align)
{
	const size_t bytes = round_up(size, 8);
	void *object = swim_alloc_aligned(hold_of(test), size, align, GFP_KERNEL);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(object), "%zu bytes at %zu: %ld", size, align,
			       PTR_ERR(object));
	KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)object, max_t(size_t, align, 8)));
	KUNIT_ASSERT_NULL(test, memchr_inv(object, 0, bytes));
	KUNIT_ASSERT_EQ(test, swim_size(object), bytes);
	KUNIT_ASSERT_PTR_EQ(test, swim_hold_of(object), hold_of(test));
	EXPECT_STATS(test, bytes, 1);
	memset(object, 0xff, bytes);
	EXPECT_FREE(test, object);
	EXPECT_STATS(test, 0, 0);
}

static void object_of_any_size_and_alignment_is_zeroed_and_leads_to_its_hold(struct kunit *test)
{
	const struct kind *kind = kind_of(test);
	size_t align, size;
	void *object;

	for (align = 1; align <= PAGE_SIZE; align *= 2) {
		for (size = 1; size <= SZ_64K; size = size < 40 ? size + 1 : size * 9 / 7) {
			switch (fate(kind, size, align)) {
			case 0:
				expect_given(test, size, align);
				break;
			case -E2BIG:
				expect_not_given(test, size, align, -E2BIG);
				break;
			default:
				object = swim_alloc_aligned(hold_of(test), size, align,
							    GFP_KERNEL);
				if (IS_ERR(object))
					EXPECT_ERR_PTR(test, object, -ENOMEM);
				else
					EXPECT_FREE(test, object);
			}
		}
		settle(test);
	}
}

static void largest_object_is_given_and_a_larger_one_is_not(struct kunit *test)
{
	const struct kind *kind = kind_of(test);
	const size_t front = is(test, PACK) ? SWIM_TAG_SLOT :
			     SWIM_HUNK_BEGIN + SWIM_TAG_SLOT + swim_kunit_large();
	const size_t ever = is(test, EMPTY) ? 0 : kind->ever - front;
	const size_t small[] = { kind->small - 1, kind->small, kind->small + 1 };
	unsigned int i;

	if (kind->most == kind->ever && ever) {
		expect_given(test, ever - 1, 8);
		settle(test);
		expect_given(test, ever, 8);
	}
	for (i = 0; i < ARRAY_SIZE(small) && kind->small; i++)
		expect_given(test, small[i], 8);
	settle(test);
	expect_not_given(test, ever + 1, 8, -E2BIG);
	expect_not_given(test, 2 * ever + 1, 8, -E2BIG);
	expect_not_given(test, SZ_16M, 8, -E2BIG);
	expect_not_given(test, SIZE_MAX - 7, 8, -E2BIG);
	expect_not_given(test, SIZE_MAX, 8, -E2BIG);
	expect_not_given(test, SIZE_MAX, 1, -E2BIG);
	expect_not_given(test, SIZE_MAX - PAGE_SIZE, PAGE_SIZE, -E2BIG);
	expect_not_given(test, SIZE_MAX, PAGE_SIZE, -E2BIG);
}

static void alignment_that_is_no_power_of_two_up_to_a_page_is_refused(struct kunit *test)
{
	static const size_t wrong[] = { 0, 3, 12, PAGE_SIZE - 8, 2 * PAGE_SIZE, SIZE_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		expect_not_given(test, 8, wrong[i], -EINVAL);
		expect_not_given(test, SIZE_MAX, wrong[i], -EINVAL);
	}
}

static void without_a_hold_nothing_is_given(struct kunit *test)
{
	static const size_t sizes[] = { 0, 8, SZ_1M, SIZE_MAX };
	struct swim_hold *const wrong[] = { NULL, ERR_PTR(-ENOENT) };
	unsigned int i, s;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		for (s = 0; s < ARRAY_SIZE(sizes); s++) {
			EXPECT_ERR_PTR(test, swim_alloc(wrong[i], sizes[s], GFP_KERNEL), -EINVAL);
			EXPECT_ERR_PTR(test, swim_alloc_aligned(wrong[i], sizes[s], 8, GFP_KERNEL),
				       -EINVAL);
		}
	}
}

static void objects_of_size_0_share_one_address_and_use_nothing(struct kunit *test)
{
	void *nothing = get(test, 0);
	size_t align;
	long n = 1;

	for (align = 1; align <= PAGE_SIZE; align *= 2, n++)
		KUNIT_EXPECT_PTR_EQ(test, swim_alloc_aligned(hold_of(test), 0, align, GFP_KERNEL),
				    nothing);
	EXPECT_STATS(test, 0, n);
	KUNIT_EXPECT_EQ(test, swim_size(nothing), 0UL);
	KUNIT_EXPECT_PTR_EQ(test, swim_hold_of(nothing), hold_of(test));
	while (n--) {
		EXPECT_FREE(test, nothing);
		EXPECT_STATS(test, 0, n);
	}
}

static void no_more_objects_of_size_0_are_freed_than_there_are(struct kunit *test)
{
	void *nothing = get(test, 0);

	EXPECT_FREE(test, nothing);
	KUNIT_EXPECT_EQ(test, swim_free(nothing), -ENOENT);
	EXPECT_REPORT(test, "after its free");
	EXPECT_STATS(test, 0, 0);
	/* That the hold can be destroyed. */
	if (stats_of(test).live < bed_of(test)->before.live)
		get(test, 0);
}

static void full_hold_is_out_of_memory_and_works_after_a_free(struct kunit *test)
{
	static const size_t sizes[] = { 8, 200, 1000, 3904, SZ_16K, SZ_32K };
	struct swim_raw raw = {};
	unsigned int s, n;

	if (!kind_of(test)->full)
		kunit_skip(test, "it is never full");
	for (s = 0; s < ARRAY_SIZE(sizes) && !fate(kind_of(test), sizes[s], 8); s++) {
		for (n = 0; n < OBJECTS; n++) {
			objects[n] = swim_alloc(hold_of(test), sizes[s], NOWAIT);
			if (IS_ERR(objects[n]))
				break;
		}
		/* Where there is room for more than we can count. */
		if (n == OBJECTS) {
			while (n)
				EXPECT_FREE(test, objects[--n]);
			continue;
		}
		KUNIT_ASSERT_GT(test, n, 0U);
		expect_not_given(test, sizes[s], 8, -ENOMEM);
		KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, hold_of(test), sizes[s], NOWAIT), -ENOMEM);
		KUNIT_EXPECT_TRUE(test, swim_raw_is_empty(&raw));
		EXPECT_STATS(test, n * sizes[s], n);
		EXPECT_FREE(test, objects[n - 1]);
		objects[n - 1] = get(test, sizes[s]);
		while (n)
			EXPECT_FREE(test, objects[--n]);
		EXPECT_STATS(test, 0, 0);
	}
	KUNIT_EXPECT_GE(test, s, 3U);
}

static void leases_live_in_any_hold(struct kunit *test)
{
	static const size_t sizes[] = { 1, 100, 1000, 3000, SZ_32K, SZ_256K };
	struct swim_raw raw = {};
	unsigned int s;
	void *object;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		const int fit = fate(kind_of(test), sizes[s], 16);

		if (fit == 1)
			continue;
		KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, hold_of(test), sizes[s], GFP_KERNEL), fit);
		KUNIT_EXPECT_EQ(test, swim_raw_is_empty(&raw), !!fit);
		if (fit)
			continue;
		EXPECT_STATS(test, round_up(sizes[s], 8), 1);
		object = swim_raw_pin(&raw);
		KUNIT_ASSERT_FALSE(test, IS_ERR(object));
		KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, sizes[s]));
		memset(object, 0xff, sizes[s]);
		KUNIT_EXPECT_EQ(test, swim_size(object), 0UL);
		KUNIT_EXPECT_NULL(test, swim_hold_of(object));
		swim_raw_unpin(&raw);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
		EXPECT_STATS(test, 0, 0);
	}
}

/* Sizes from which, and to which, objects are made: small and large ones. */
static const size_t from_to[] = {
	0, 1, 8, 64, 200, 1000, 1016, 1024, 2000, 3904, 16000, SZ_16K, SZ_16K + 8, 40000,
	SZ_64K + 8, 300000,
};

/* Make one of @from bytes one of @to, and back what is left of it. */
static void expect_realloc(struct kunit *test, size_t from, size_t to)
{
	const int fit = fate(kind_of(test), to, 8);
	u8 *object = get(test, from), *now;
	struct swim_hold_stats before;

	memset(object, 'A', from);
	before = stats_of(test);
	now = swim_realloc(object, to, GFP_KERNEL);
	if (IS_ERR(now)) {
		KUNIT_EXPECT_NE(test, fit, 0);
		EXPECT_ERR_PTR(test, now, fit < 0 ? fit : -ENOMEM);
		expect_same(test, &before);
		KUNIT_EXPECT_EQ(test, swim_size(object), round_up(from, 8));
		now = object;
		to = from;
	}
	KUNIT_ASSERT_EQ_MSG(test, swim_size(now), round_up(to, 8), "%zu to %zu", from, to);
	KUNIT_EXPECT_PTR_EQ(test, swim_hold_of(now), hold_of(test));
	KUNIT_EXPECT_NULL(test, memchr_inv(now, 'A', min(from, to)));
	if (to > from)
		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(now + from, 0, to - from), "%zu to %zu",
				      from, to);
	EXPECT_STATS(test, round_up(to, 8), 1);
	memset(now, 'B', to);
	EXPECT_FREE(test, now);
	EXPECT_STATS(test, 0, 0);
	if (max(from, to) > SZ_16K)
		settle(test);
}

static void realloc_keeps_what_fits_and_zeroes_what_is_added(struct kunit *test)
{
	unsigned int from, to;

	for (from = 0; from < ARRAY_SIZE(from_to); from++) {
		if (fate(kind_of(test), from_to[from], 8))
			continue;
		for (to = 0; to < ARRAY_SIZE(from_to); to++)
			expect_realloc(test, from_to[from], from_to[to]);
	}
}

static void realloc_again_and_again_keeps_what_fits(struct kunit *test)
{
	size_t size = 8, most = 8;
	u32 state = swim_random_seed(0);
	unsigned int round;
	u8 *object, *now;

	if (is(test, EMPTY))
		kunit_skip(test, "nothing fits in it");
	object = get(test, size);
	memset(object, 'A', size);
	for (round = 0; round < 200; round++) {
		const size_t to = 8 * (1 + swim_random(&state) % (1 << (2 + round % 12)));

		if (fate(kind_of(test), to, 8))
			continue;
		now = swim_realloc(object, to, GFP_KERNEL);
		/* What a pack, and an RCU pool, have lost on the way may be missing now. */
		if (IS_ERR(now))
			continue;
		object = now;
		most = min(size, to);
		KUNIT_ASSERT_NULL(test, memchr_inv(object, 'A', most));
		KUNIT_ASSERT_NULL(test, memchr_inv(object + most, 0, to - most));
		memset(object, 'A', to);
		size = to;
		EXPECT_STATS(test, size, 1);
	}
	EXPECT_FREE(test, object);
}

static void failed_realloc_leaves_everything_as_it_was(struct kunit *test)
{
	static const size_t sizes[] = { 0, 64, 500 };
	const size_t too_large[] = {
		kind_of(test)->ever + 1, 2 * kind_of(test)->ever + 9, SZ_16M, LONG_MAX,
		SIZE_MAX - PAGE_SIZE,
	};
	struct swim_hold_stats before;
	unsigned int s, i, n;
	u8 *object;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		if (fate(kind_of(test), sizes[s], 8))
			continue;
		object = get(test, sizes[s]);
		memset(object, 'A', sizes[s]);
		before = stats_of(test);
		for (i = 0; i < ARRAY_SIZE(too_large); i++) {
			EXPECT_ERR_PTR(test, swim_realloc(object, too_large[i], GFP_KERNEL),
				       -E2BIG);
			expect_same(test, &before);
		}
		/* Now fill it, so that there is no room for more. */
		for (n = 0; n < OBJECTS && kind_of(test)->full; n++) {
			objects[n] = swim_alloc(hold_of(test), 400, NOWAIT);
			if (IS_ERR(objects[n]))
				break;
		}
		before = stats_of(test);
		if (kind_of(test)->full) {
			EXPECT_ERR_PTR(test, swim_realloc(object, 3904, NOWAIT), -ENOMEM);
			expect_same(test, &before);
		}
		KUNIT_EXPECT_EQ(test, swim_size(object), round_up(sizes[s], 8));
		KUNIT_EXPECT_NULL(test, memchr_inv(object, 'A', sizes[s]));
		while (n)
			EXPECT_FREE(test, objects[--n]);
		EXPECT_FREE(test, object);
	}
}

static void expect_not_resized(struct kunit *test, u8 *object, size_t to, int err)
{
	const struct swim_hold_stats before = stats_of(test);
	const size_t size = swim_size(object);

	KUNIT_EXPECT_EQ_MSG(test, swim_resize(object, to), err, "%zu to %zu", size, to);
	KUNIT_EXPECT_EQ(test, swim_size(object), size);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 'A', size));
	expect_same(test, &before);
}

/* What is added is zeroed; then it has a pattern as the rest. */
static void expect_resized(struct kunit *test, u8 *object, size_t to)
{
	const size_t size = swim_size(object), used = stats_of(test).used;
	const long live = stats_of(test).live;

	KUNIT_ASSERT_EQ_MSG(test, swim_resize(object, to), 0, "%zu to %zu", size, to);
	to = round_up(to, 8);
	KUNIT_EXPECT_EQ(test, swim_size(object), to);
	KUNIT_EXPECT_EQ(test, stats_of(test).used, used + to - size);
	KUNIT_EXPECT_EQ(test, stats_of(test).live, live);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 'A', min(size, to)));
	if (to > size)
		KUNIT_EXPECT_NULL(test, memchr_inv(object + size, 0, to - size));
	memset(object, 'A', to);
}

static void *get_filled(struct kunit *test, size_t size)
{
	return memset(get(test, size), 'A', round_up(size, 8));
}

/* Can what was given up in the hold be used again at once? */
static bool goes_back(struct kunit *test)
{
	return !is(test, READERS) && (is(test, PACK) || !swim_debug);
}

static void newest_object_grows_where_it_is(struct kunit *test)
{
	size_t size;
	u8 *object;

	if (is(test, EMPTY))
		kunit_skip(test, "nothing fits in it");
	object = get_filled(test, 8);
	/* As far as there is room behind it, also over and over. */
	for (size = 9; size <= 1000; size += 13)
		expect_resized(test, object, size);
	for (size = 1000; size > 8; size -= 31)
		expect_resized(test, object, size);
	/* What it gave up is there again, but where readers may be left in it. */
	if (goes_back(test))
		expect_resized(test, object, 1000);
	else
		expect_not_resized(test, object, 1000, -E2BIG);
	expect_not_resized(test, object, kind_of(test)->ever, -E2BIG);
	EXPECT_FREE(test, object);
}

static void no_other_object_grows(struct kunit *test)
{
	u8 *object, *newest;

	if (is(test, EMPTY))
		kunit_skip(test, "nothing fits in it");
	object = get_filled(test, 64);
	newest = get_filled(test, 64);
	expect_not_resized(test, object, 65, -E2BIG);
	expect_not_resized(test, object, 128, -E2BIG);
	expect_not_resized(test, object, SZ_16M, -E2BIG);
	EXPECT_FREE(test, newest);
	/* In an RCU pool there are readers behind it. */
	if (goes_back(test))
		expect_resized(test, object, 65);
	EXPECT_FREE(test, object);
}

static void any_object_shrinks(struct kunit *test)
{
	size_t to;

	if (is(test, EMPTY))
		kunit_skip(test, "nothing fits in it");
	for (to = 248; to; to -= 8) {
		u8 *object = get_filled(test, 256), *newest = get_filled(test, 256);

		expect_resized(test, object, to);
		expect_resized(test, newest, to - 7);
		/* Its own size, rounded, is no change. */
		expect_resized(test, object, to - 7);
		EXPECT_STATS(test, 2 * to, 2);
		KUNIT_EXPECT_NULL(test, memchr_inv(newest, 'A', to));
		EXPECT_FREE(test, object);
		EXPECT_FREE(test, newest);
		EXPECT_STATS(test, 0, 0);
	}
}

static void what_the_newest_gives_up_is_there_for_the_next(struct kunit *test)
{
	u8 *object, *next;

	if (is(test, EMPTY) || !goes_back(test))
		kunit_skip(test, "it is not");
	object = get_filled(test, 256);
	expect_resized(test, object, 64);
	next = get(test, 64);
	KUNIT_EXPECT_PTR_EQ(test, next, object + 72);
	KUNIT_EXPECT_NULL(test, memchr_inv(next, 0, 64));
	EXPECT_FREE(test, next);
	EXPECT_FREE(test, object);
}

static void large_object_shrinks_and_grows_in_its_extent(struct kunit *test)
{
	u8 *object;

	if (fate(kind_of(test), 40000, 8))
		kunit_skip(test, "it does not fit");
	object = get_filled(test, 40000);
	expect_resized(test, object, 100);
	expect_resized(test, object, 20000);
	expect_resized(test, object, 39999);
	expect_resized(test, object, 40000);
	expect_not_resized(test, object, SZ_16M, -E2BIG);
	EXPECT_FREE(test, object);
}

static void resize_from_or_to_size_0_is_unsupported(struct kunit *test)
{
	void *nothing = get(test, 0), *object;

	expect_not_resized(test, nothing, 0, -EOPNOTSUPP);
	expect_not_resized(test, nothing, 8, -EOPNOTSUPP);
	EXPECT_FREE(test, nothing);
	if (is(test, EMPTY))
		return;
	object = get_filled(test, 64);
	expect_not_resized(test, object, 0, -EOPNOTSUPP);
	EXPECT_FREE(test, object);
}

/* What can be done to an object; what it returns when it is refused. */
static int do_free(void *object)
{
	return swim_free(object);
}

static int do_resize(void *object)
{
	return swim_resize(object, 8);
}

static int do_resize_to_0(void *object)
{
	return swim_resize(object, 0);
}

static int do_realloc(void *object)
{
	return PTR_ERR_OR_ZERO(swim_realloc(object, 100, GFP_KERNEL));
}

static int do_realloc_to_0(void *object)
{
	return PTR_ERR_OR_ZERO(swim_realloc(object, 0, GFP_KERNEL));
}

static int (*const calls[])(void *object) = {
	do_free, do_resize, do_resize_to_0, do_realloc, do_realloc_to_0,
};

/* Each call is refused, changes nothing, and is reported once with these words. */
static void expect_refused(struct kunit *test, void *object, int err, const char *words)
{
	const struct swim_hold_stats before = stats_of(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		KUNIT_EXPECT_EQ_MSG(test, calls[i](object), err, "call %u", i);
		EXPECT_REPORT(test, words);
	}
	KUNIT_EXPECT_EQ(test, swim_size(object), 0UL);
	KUNIT_EXPECT_NULL(test, swim_hold_of(object));
	expect_same(test, &before);
}

static void what_is_no_object_is_refused(struct kunit *test)
{
	u8 *object, byte;

	KUNIT_EXPECT_EQ(test, swim_free(NULL), 0);
	KUNIT_EXPECT_EQ(test, swim_size(NULL), 0UL);
	KUNIT_EXPECT_NULL(test, swim_hold_of(NULL));
	KUNIT_EXPECT_EQ(test, swim_resize(NULL, 8), -EINVAL);
	EXPECT_REPORT(test, "which is no object");
	EXPECT_ERR_PTR(test, swim_realloc(NULL, 8, GFP_KERNEL), -EINVAL);
	EXPECT_REPORT(test, "which is no object");
	if (is(test, EMPTY))
		return;
	object = get(test, 64);
	byte = swim_nonsense(object + 8);
	memset(object, byte, 64);
	expect_refused(test, object + 1, -EINVAL, "which is no object");
	expect_refused(test, object + 4, -EINVAL, "which is no object");
	expect_refused(test, object + 8, -EUCLEAN, "tag is overwritten");
	KUNIT_EXPECT_NULL(test, memchr_inv(object, byte, 64));
	EXPECT_FREE(test, object);
}

static void what_is_freed_is_refused(struct kunit *test)
{
	void *keep, *middle, *newest;

	if (is(test, EMPTY))
		kunit_skip(test, "nothing fits in it");
	keep = get(test, 8);
	middle = get(test, 64);
	newest = get(test, 64);
	EXPECT_FREE(test, middle);
	expect_refused(test, middle, -ENOENT, "after its free");
	EXPECT_FREE(test, newest);
	expect_refused(test, newest, -ENOENT, "after its free");
	EXPECT_FREE(test, keep);
}

static void what_a_lease_owns_is_refused(struct kunit *test)
{
	static const size_t sizes[] = { 64, SZ_32K };
	struct swim_raw raw = {};
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		if (fate(kind_of(test), sizes[s], 16))
			continue;
		KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, hold_of(test), sizes[s], GFP_KERNEL), 0);
		expect_refused(test, raw.object, -EBUSY, "which a lease owns");
		KUNIT_ASSERT_FALSE(test, IS_ERR(swim_raw_pin(&raw)));
		expect_refused(test, raw.object, -EBUSY, "which a lease owns");
		swim_raw_unpin(&raw);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	}
}

static void whatever_overwrites_a_tag_is_found(struct kunit *test)
{
	const unsigned int n = ARRAY_SIZE(calls);
	u8 saved[SWIM_TAG_SLOT + sizeof(struct swim_track)];
	unsigned int byte, call, wrong = 0, sized = 0, told = 0;
	struct swim_hold_stats before;
	u8 *front, *object;

	if (is(test, EMPTY))
		kunit_skip(test, "nothing fits in it");
	front = get(test, 64);
	object = get(test, 64);
	KUNIT_ASSERT_LE(test, (size_t)(object - (front + 64)), sizeof(saved));
	memcpy(saved, front + 64, object - (front + 64));
	before = stats_of(test);
	for (byte = 1; byte < 256; byte++) {
		if (!swim_is_nonsense(object, REPEAT_BYTE(byte))) {
			told++;
			continue;
		}
		memset(front, byte, object - front);
		for (call = 0; call < n; call++) {
			wrong += calls[call](object) != -EUCLEAN || swim_reports.count != 1 ||
				 !strstr(swim_reports.last, "tag is overwritten");
			swim_reports_reset();
		}
		sized += swim_size(object) || swim_hold_of(object);
	}
	/* Of 32 bits, some say something by chance: here a size, there another thing. */
	KUNIT_EXPECT_LE(test, told, BITS_PER_LONG == 64 ? 0U : 32U);
	KUNIT_EXPECT_LE_MSG(test, wrong, BITS_PER_LONG == 64 ? 0U : 4 * n, "calls of %u",
			    255 * n);
	KUNIT_EXPECT_EQ_MSG(test, sized, 0U, "of 255");
	expect_same(test, &before);
	memcpy(front + 64, saved, object - (front + 64));
	EXPECT_FREE(test, object);
	EXPECT_FREE(test, front);
}

static void report_of_an_overwritten_tag_names_both_neighbours(struct kunit *test)
{
	const size_t between = SWIM_TAG_SLOT + swim_kunit_trailer();
	u8 saved[SWIM_TAG_SLOT + sizeof(struct swim_track)];
	char names[2][32], bytes[32];
	u8 *front, *object;
	size_t size;

	if (!kind_of(test)->small)
		kunit_skip(test, "only in hunks of a pool they can be found");
	for (size = 8; size <= 256; size += 24) {
		front = get(test, size);
		object = get(test, 64);
		if (object != front + size + between) {	/* at the end of a hunk */
			EXPECT_FREE(test, object);
			EXPECT_FREE(test, front);
			continue;
		}
		/* One word beyond its end. */
		memcpy(saved, front + size, between);
		memset(front, swim_nonsense(object), size + between);
		KUNIT_EXPECT_EQ(test, swim_free(object), -EUCLEAN);
		snprintf(names[0], sizeof(names[0]), "of object %p,", object);
		snprintf(names[1], sizeof(names[1]), "is object %p ", front);
		snprintf(bytes, sizeof(bytes), "of %zu bytes", size);
		KUNIT_EXPECT_NOT_NULL(test, strstr(swim_reports.last, names[0]));
		KUNIT_EXPECT_NOT_NULL(test, strstr(swim_reports.last, names[1]));
		KUNIT_EXPECT_NOT_NULL(test, strstr(swim_reports.last, bytes));
		EXPECT_REPORT(test, "tag is overwritten");
		memcpy(front + size, saved, between);
		EXPECT_FREE(test, object);
		EXPECT_FREE(test, front);
	}
}

/**
 * struct thing - an object that somebody has
 * @object: where it is, or NULL
 * @size: bytes
 * @byte: in all of them
 */
struct thing {
	u8 *object;
	size_t size;
	u8 byte;
};

static bool thing_is_whole(const struct thing *thing)
{
	return swim_size(thing->object) == thing->size &&
	       !memchr_inv(thing->object, thing->byte, thing->size);
}

/* The thing is @size bytes now, the first @kept of them as they were. Result: 2 or 0. */
static int thing_has(struct thing *thing, size_t size, size_t kept)
{
	if (memchr_inv(thing->object, thing->byte, kept) ||
	    memchr_inv(thing->object + kept, 0, size - kept))
		return 2;
	thing->size = size;
	memset(thing->object, ++thing->byte, size);
	return 0;
}

/* A call for a thing. Results: 1 overwritten, 2 not zeroed or not kept, 3 not freed, 4 errno. */
static int thing_change(struct swim_hold *hold, struct thing *thing, u32 *state)
{
	const size_t size = round_up(1 + swim_random(state) % 300, 8);
	void *object;
	int err;

	if (!thing->object) {
		object = swim_alloc_aligned(hold, size, BIT(swim_random(state) % 7), NOWAIT);
		if (IS_ERR(object))
			return PTR_ERR(object) == -ENOMEM ? 0 : 4;
		thing->object = object;
		return thing_has(thing, size, 0);
	}
	if (!thing_is_whole(thing))
		return 1;
	switch (swim_random(state) % 4) {
	case 0:
		err = swim_resize(thing->object, size);
		if (err)
			return err == -E2BIG ? 0 : 4;
		return thing_has(thing, size, min(size, thing->size));
	case 1:
		object = swim_realloc(thing->object, size, NOWAIT);
		if (IS_ERR(object))
			return PTR_ERR(object) == -ENOMEM ? 0 : 4;
		thing->object = object;
		return thing_has(thing, size, min(size, thing->size));
	default:
		err = swim_free(thing->object) ? 3 : 0;
		thing->object = NULL;
		return err;
	}
}

/* Results: as thing_change(), 5 the accounts are wrong. */
static int change_things(struct swim_hold *hold, unsigned int number, unsigned int rounds,
			 const struct swim_hold_stats *before)
{
	u32 state = swim_random_seed(number);
	struct thing things[8] = {};
	struct swim_hold_stats now;
	size_t used = 0;
	long live = 0;
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(things); i++)
		things[i].byte = 31 * number + i;
	while (rounds-- && !err) {
		struct thing *thing = &things[swim_random(&state) % ARRAY_SIZE(things)];

		used -= thing->object ? thing->size : 0;
		live -= !!thing->object;
		err = thing_change(hold, thing, &state);
		used += thing->object ? thing->size : 0;
		live += !!thing->object;
		if (!before || rounds % 16)
			continue;
		swim_hold_stats(hold, &now);
		if (now.used - before->used != used || now.live - before->live != live)
			err = err ?: 5;
	}
	for (i = 0; i < ARRAY_SIZE(things); i++) {
		if (things[i].object && !thing_is_whole(&things[i]))
			err = err ?: 1;
		if (swim_free(things[i].object))
			err = err ?: 3;
	}
	return err;
}

static void accounts_are_exact_after_any_sequence(struct kunit *test)
{
	if (is(test, EMPTY))
		kunit_skip(test, "nothing fits in it");
	KUNIT_EXPECT_EQ(test, change_things(hold_of(test), 0, ROUNDS(20000),
					    &bed_of(test)->before), 0);
}

static int change_a_few(void *hold, unsigned int number)
{
	return change_things(hold, number, 500, NULL);
}

static void all_is_done_in_interrupts(struct kunit *test)
{
	if (is(test, EMPTY))
		kunit_skip(test, "nothing fits in it");
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, change_a_few, hold_of(test)), 0);
	settle(test);
}

static int change_many(void *hold, unsigned int number)
{
	unsigned int round;
	int err = 0;

	for (round = 0; round < ROUNDS(200) && !err; round++) {
		err = change_things(hold, number + round, 200, NULL);
		cond_resched();
	}
	return err;
}

static void all_is_done_by_several_threads_at_once(struct kunit *test)
{
	if (is(test, EMPTY))
		kunit_skip(test, "nothing fits in it");
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), change_many, hold_of(test)),
			0);
	settle(test);
}

static void there_is_one_global_and_one_empty_hold(struct kunit *test)
{
	KUNIT_EXPECT_NOT_NULL(test, swim_global_hold());
	KUNIT_EXPECT_NOT_NULL(test, swim_empty_hold());
	KUNIT_EXPECT_PTR_EQ(test, swim_global_hold(), swim_global_hold());
	KUNIT_EXPECT_PTR_EQ(test, swim_empty_hold(), swim_empty_hold());
	KUNIT_EXPECT_PTR_NE(test, swim_global_hold(), swim_empty_hold());
}

static void empty_hold_has_no_bytes(struct kunit *test)
{
	struct swim_hold_stats stats;

	swim_hold_stats(swim_empty_hold(), &stats);
	KUNIT_EXPECT_EQ(test, stats.size, 0UL);
	KUNIT_EXPECT_EQ(test, stats.used, 0UL);
}

static void resize_to_the_largest_of_all_sizes_is_oversized(struct kunit *test)
{
	size_t size;
	u8 *object;

	if (is(test, EMPTY))
		kunit_skip(test, "nothing fits in it");
	object = get_filled(test, 64);
	for (size = SIZE_MAX; size > SIZE_MAX - 16; size--) {
		expect_not_resized(test, object, size, -E2BIG);
		EXPECT_ERR_PTR(test, swim_realloc(object, size, GFP_KERNEL), -E2BIG);
	}
	EXPECT_FREE(test, object);
}

#define HOLD_CASE(name)	KUNIT_CASE_PARAM(name, kind_gen_params)

static struct kunit_case hold_cases[] = {
	HOLD_CASE(object_of_any_size_and_alignment_is_zeroed_and_leads_to_its_hold),
	HOLD_CASE(largest_object_is_given_and_a_larger_one_is_not),
	HOLD_CASE(alignment_that_is_no_power_of_two_up_to_a_page_is_refused),
	KUNIT_CASE(without_a_hold_nothing_is_given),
	HOLD_CASE(objects_of_size_0_share_one_address_and_use_nothing),
	HOLD_CASE(no_more_objects_of_size_0_are_freed_than_there_are),
	HOLD_CASE(full_hold_is_out_of_memory_and_works_after_a_free),
	HOLD_CASE(leases_live_in_any_hold),
	HOLD_CASE(realloc_keeps_what_fits_and_zeroes_what_is_added),
	HOLD_CASE(realloc_again_and_again_keeps_what_fits),
	HOLD_CASE(failed_realloc_leaves_everything_as_it_was),
	HOLD_CASE(newest_object_grows_where_it_is),
	HOLD_CASE(no_other_object_grows),
	HOLD_CASE(any_object_shrinks),
	HOLD_CASE(what_the_newest_gives_up_is_there_for_the_next),
	HOLD_CASE(large_object_shrinks_and_grows_in_its_extent),
	HOLD_CASE(resize_from_or_to_size_0_is_unsupported),
	HOLD_CASE(what_is_no_object_is_refused),
	HOLD_CASE(what_is_freed_is_refused),
	HOLD_CASE(what_a_lease_owns_is_refused),
	HOLD_CASE(whatever_overwrites_a_tag_is_found),
	HOLD_CASE(report_of_an_overwritten_tag_names_both_neighbours),
	HOLD_CASE(accounts_are_exact_after_any_sequence),
	HOLD_CASE(all_is_done_in_interrupts),
	HOLD_CASE(all_is_done_by_several_threads_at_once),
	KUNIT_CASE(there_is_one_global_and_one_empty_hold),
	KUNIT_CASE(empty_hold_has_no_bytes),
	HOLD_CASE(resize_to_the_largest_of_all_sizes_is_oversized),
	{}
};

static struct kunit_suite hold_suite = {
	.name = "hold",
	.init = hold_init,
	.exit = hold_exit,
	.test_cases = hold_cases,
};

kunit_test_suite(hold_suite);

MODULE_DESCRIPTION("KUnit suite: holds");
MODULE_LICENSE("GPL");
