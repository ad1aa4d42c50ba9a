// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of <swimmem/pack.h>. What packs do as other holds do is in hold_kunit.c.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <swimmem/box.h>
#include <swimmem/pack.h>
#include <swimmem/scope.h>

#include "../../swimmem/lease/raw.h"
#include "../interrupt.h"

#define HEADER		sizeof(struct swim_pack)
#define PATTERN		0x5a
#define OBJECTS		512

DEFINE_SWIM_PACK(static_pack, 1000);

static const size_t sizes[] = { 1, 7, 8, 9, 16, 24, 61, 100, 504, 512, 984 };

/* Cases run one at a time. */
static void *objects[OBJECTS];
static u8 copy[SZ_32K];

struct node {
	u64 key;
	struct swim_box left;
	struct swim_box right;
};

static unsigned int dropped;

static void node_drop(void *value)
{
	dropped++;
}

static const struct swim_type_ops node_ops = { .drop = node_drop };
static SWIM_TYPE_OPS(node_type, struct node, &node_ops, SWIM_PART(left), SWIM_PART(right));

static struct swim_pack *pack_of(struct kunit *test)
{
	return test->priv;
}

static struct swim_hold *hold_of(struct kunit *test)
{
	return swim_pack_hold(pack_of(test));
}

static struct swim_pack_stats stats_of(struct swim_pack *pack)
{
	struct swim_pack_stats stats;

	swim_pack_stats(pack, &stats);
	return stats;
}

/* The case's pack is one of @bytes for tags and objects. */
static void make(struct kunit *test, size_t bytes)
{
	struct swim_block block = { kunit_kzalloc(test, HEADER + bytes, GFP_KERNEL),
				    HEADER + bytes };

	KUNIT_ASSERT_NOT_NULL(test, block.addr);
	memset(block.addr, PATTERN, block.size);
	test->priv = swim_pack_create(&block);
	KUNIT_ASSERT_FALSE(test, IS_ERR(test->priv));
	KUNIT_ASSERT_EQ(test, stats_of(pack_of(test)).size, bytes);
}

/* Unless it makes another one, a case has one of 4000 bytes. */
static int pack_init(struct kunit *test)
{
	dropped = 0;
	memset(objects, 0, sizeof(objects));
	make(test, 4000);
	return swim_kunit_init(test);
}

#define EXPECT_STATS(test, pack, _size, _free, _used, _live)			\
do {										\
	const struct swim_pack_stats __stats = stats_of(pack);			\
	struct kunit *__test = (test);						\
										\
	KUNIT_EXPECT_EQ(__test, __stats.size, (size_t)(_size));			\
	KUNIT_EXPECT_EQ(__test, __stats.free, (size_t)(_free));			\
	KUNIT_EXPECT_EQ(__test, __stats.used, (size_t)(_used));			\
	KUNIT_EXPECT_EQ(__test, __stats.live, (long)(_live));			\
} while (0)

/* The case must have left nothing in its pack, and then all of it is free. */
static void pack_exit(struct kunit *test)
{
	const size_t size = stats_of(pack_of(test)).size;

	EXPECT_STATS(test, pack_of(test), size, size, 0, 0);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack_of(test)), 0);
	swim_kunit_exit(test);
}

/* What a pack is, to the last byte. */
static void remember(struct kunit *test)
{
	const size_t bytes = HEADER + stats_of(pack_of(test)).size;

	KUNIT_ASSERT_LE(test, bytes, sizeof(copy));
	memcpy(copy, pack_of(test), bytes);
}

static void expect_same(struct kunit *test)
{
	const size_t bytes = HEADER + stats_of(pack_of(test)).size;

	KUNIT_EXPECT_EQ(test, memcmp(copy, pack_of(test), bytes), 0);
}

static void *get(struct kunit *test, size_t size)
{
	void *object = swim_pack_alloc(pack_of(test), size);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(object), "%zu bytes: %ld", size, PTR_ERR(object));
	return object;
}

/* Take objects of @size until there are no more. */
static unsigned int get_all(struct kunit *test, size_t size)
{
	unsigned int n;

	for (n = 0; n < OBJECTS; n++) {
		objects[n] = swim_pack_alloc(pack_of(test), size);
		if (IS_ERR(objects[n]))
			break;
	}
	KUNIT_ASSERT_LT(test, n, (unsigned int)OBJECTS);
	return n;
}

#define EXPECT_FREE(test, object)	KUNIT_EXPECT_EQ(test, swim_free(object), 0)

static void expect_not_given(struct kunit *test, size_t size, int err)
{
	struct swim_raw raw = {};

	remember(test);
	EXPECT_ERR_PTR(test, swim_pack_alloc(pack_of(test), size), err);
	EXPECT_ERR_PTR(test, swim_alloc(hold_of(test), size, GFP_KERNEL), err);
	expect_same(test);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raw, hold_of(test), size, GFP_KERNEL), err);
	KUNIT_EXPECT_TRUE(test, swim_raw_is_empty(&raw));
	expect_same(test);
}

static void expect_not_aligned(struct kunit *test, size_t size, size_t align, int err)
{
	remember(test);
	EXPECT_ERR_PTR(test, swim_alloc_aligned(hold_of(test), size, align, GFP_KERNEL), err);
	expect_same(test);
}

/* Free fails with this errno, one report with these words, and no byte of the pack changes. */
static void expect_not_freed(struct kunit *test, void *object, int err, const char *words)
{
	remember(test);
	KUNIT_EXPECT_EQ(test, swim_free(object), err);
	EXPECT_REPORT(test, words);
	expect_same(test);
}

/* Bytes of what stands where a walk is; @live counts it when it is an object. */
static size_t size_at(struct kunit *test, void *object, long *live)
{
	const unsigned long value = swim_tag_read(swim_tag_of(object));
	const size_t size = swim_tag_size(value & (BIT(SWIM_TAG_SIZED_BITS) - 1));

	if (swim_tag_is_owned(value)) {
		(*live)++;
		return swim_body_object_size(swim_body_of(swim_tag_lease(value), NULL,
							  SWIM_TAG_OWNED), SWIM_TAG_OWNED);
	}
	KUNIT_ASSERT_EQ(test, swim_tag_kind(value), SWIM_TAG_SIZED);
	KUNIT_ASSERT_TRUE(test, value & SWIM_TAG_APART);
	switch (value & SWIM_TAG_STATE) {
	case SWIM_TAG_PACKED:
		(*live)++;
		break;
	case SWIM_TAG_DEAD:
	case SWIM_TAG_LINK:
		break;
	default:
		KUNIT_FAIL(test, "a tag in state %lu", (value & SWIM_TAG_STATE) >> 3);
	}
	return size;
}

/* The numbers are what a walk over all tags finds, up to the mark and not beyond. */
static void expect_walk(struct kunit *test)
{
	struct swim_pack *pack = pack_of(test);
	const struct swim_pack_stats stats = stats_of(pack);
	void *at = pack->memory, *mark = at + stats.size - stats.free;
	size_t used = 0;
	long live = 0;

	while (at < mark) {
		void *object = at + SWIM_TAG_SLOT;
		const long before = live;
		const size_t size = size_at(test, object, &live);

		used += live > before ? size : 0;
		at = object + size;
	}
	KUNIT_ASSERT_PTR_EQ(test, at, mark);
	KUNIT_ASSERT_EQ(test, stats.used, used);
	KUNIT_ASSERT_EQ(test, stats.live, live);
}

static void pack_is_made_of_any_block_in_which_its_header_fits(struct kunit *test)
{
	static const size_t rest[] = { 0, 1, 7, 8, 9, 15, 16, 17, 100, 1000 };
	u8 *area = kunit_kzalloc(test, 2048, GFP_KERNEL);
	unsigned int offset, i;

	KUNIT_ASSERT_NOT_NULL(test, area);
	for (offset = 0; offset < 16; offset++) {
		for (i = 0; i < ARRAY_SIZE(rest); i++) {
			const struct swim_block block = { area + 64 + offset, HEADER + rest[i] };
			const unsigned int skip = -offset & 7;
			struct swim_pack *pack;
			void *object;
			size_t size;

			memset(area, PATTERN, 2048);
			pack = swim_pack_create(&block);
			if (rest[i] < skip) {
				EXPECT_ERR_PTR(test, pack, -EINVAL);
				KUNIT_EXPECT_NULL(test, memchr_inv(area, PATTERN, 2048));
				continue;
			}
			KUNIT_ASSERT_FALSE(test, IS_ERR(pack));
			size = round_down(rest[i] - skip, 8);
			EXPECT_STATS(test, pack, size, size, 0, 0);
			if (size > 8) {
				object = swim_pack_alloc(pack, size - 8);
				KUNIT_ASSERT_FALSE(test, IS_ERR(object));
				memset(object, 0xff, size - 8);
				EXPECT_STATS(test, pack, size, 0, size - 8, 1);
				EXPECT_FREE(test, object);
			}
			KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
			/* Nothing around the block was touched. */
			size = area + 2048 - (u8 *)block.addr - block.size;
			KUNIT_EXPECT_NULL(test, memchr_inv(area, PATTERN, 64 + offset));
			KUNIT_EXPECT_NULL(test, memchr_inv(block.addr + block.size, PATTERN, size));
		}
	}
}

static void block_without_room_for_the_header_is_refused(struct kunit *test)
{
	struct swim_block block = { copy, 0 };
	const struct swim_block nowhere = { NULL, SZ_4K };

	memset(copy, PATTERN, sizeof(copy));
	for (; block.size < HEADER; block.size++)
		EXPECT_ERR_PTR(test, swim_pack_create(&block), -EINVAL);
	block = (struct swim_block){ copy + 1, HEADER + 6 };
	EXPECT_ERR_PTR(test, swim_pack_create(&block), -EINVAL);
	EXPECT_ERR_PTR(test, swim_pack_create(NULL), -EINVAL);
	EXPECT_ERR_PTR(test, swim_pack_create(&nowhere), -EINVAL);
	KUNIT_EXPECT_NULL(test, memchr_inv(copy, PATTERN, sizeof(copy)));
}

static void expect_works(struct kunit *test, struct swim_pack *pack, size_t size)
{
	char *a, *b;

	EXPECT_STATS(test, pack, size, size, 0, 0);
	a = swim_pack_alloc(pack, 100);
	b = swim_pack_alloc(pack, 50);
	KUNIT_ASSERT_FALSE(test, IS_ERR(a) || IS_ERR(b));
	KUNIT_EXPECT_EQ(test, b - a, 104L + 8);
	EXPECT_STATS(test, pack, size, size - 8 - 104 - 8 - 56, 104 + 56, 2);
	EXPECT_FREE(test, a);
	EXPECT_FREE(test, b);
	EXPECT_STATS(test, pack, size, size, 0, 0);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
}

static void static_pack_is_ready_for_use(struct kunit *test)
{
	expect_works(test, static_pack, 1000);
}

static void pack_stands_on_the_stack(struct kunit *test)
{
	u8 stack[300];
	const struct swim_block block = { stack, sizeof(stack) };
	struct swim_pack *pack = swim_pack_create(&block);
	const size_t skip = -(unsigned long)stack & 7;

	KUNIT_ASSERT_FALSE(test, IS_ERR(pack));
	expect_works(test, pack, round_down(sizeof(stack) - skip - HEADER, 8));
}

/* A pack in a large block; @size is what of it is used. */
static void make_large(struct kunit *test, size_t bytes, size_t size)
{
	struct swim_block block = { vmalloc(bytes), bytes };

	KUNIT_ASSERT_NOT_NULL(test, block.addr);
	test->priv = swim_pack_create(&block);
	EXPECT_STATS(test, pack_of(test), size, size, 0, 0);
}

static void end_large(struct kunit *test)
{
	vfree(pack_of(test));
	make(test, 8);
}

static void of_a_block_of_more_than_8_mib_only_that_much_is_used(struct kunit *test)
{
	unsigned int n;

	make_large(test, SZ_8M + SZ_64K, SWIM_PACK_MAX);
	n = get_all(test, SZ_64K - 8);
	KUNIT_EXPECT_EQ(test, n, SZ_8M / SZ_64K - 1U);
	objects[n++] = get(test, SZ_64K - 16);
	EXPECT_STATS(test, pack_of(test), SWIM_PACK_MAX, 0, SWIM_PACK_MAX - 8 * n, n);
	while (n)
		EXPECT_FREE(test, objects[--n]);
	EXPECT_STATS(test, pack_of(test), SWIM_PACK_MAX, SWIM_PACK_MAX, 0, 0);
	end_large(test);
}

static void object_may_be_as_large_as_its_pack(struct kunit *test)
{
	static const size_t large[] = {
		SZ_1M, SZ_4M - 8, SZ_4M, SZ_4M + 8, SWIM_PACK_MAX - 8,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(large); i++) {
		void *object;
		long live = 0;

		make_large(test, SZ_8M + SZ_64K, SWIM_PACK_MAX);
		object = get(test, large[i]);
		EXPECT_STATS(test, pack_of(test), SWIM_PACK_MAX, SWIM_PACK_MAX - 8 - large[i],
			     large[i], 1);
		/* Were it not, it would lead to no pack, and who knows where. */
		KUNIT_ASSERT_EQ(test, size_at(test, object, &live), large[i]);
		KUNIT_EXPECT_EQ(test, swim_size(object), large[i]);
		KUNIT_EXPECT_PTR_EQ(test, swim_hold_of(object), hold_of(test));
		EXPECT_FREE(test, object);
		EXPECT_STATS(test, pack_of(test), SWIM_PACK_MAX, SWIM_PACK_MAX, 0, 0);
		end_large(test);
	}
}

static void as_many_objects_fit_as_have_room_with_their_tags(struct kunit *test)
{
	static const size_t bytes[] = { 1000, 1008, 1016, 4096, 4104 };
	unsigned int b, s, n, i, round;

	for (b = 0; b < ARRAY_SIZE(bytes); b++) {
		make(test, bytes[b]);
		for (s = 0; s < ARRAY_SIZE(sizes); s++) {
			const size_t size = round_up(sizes[s], 8);

			/* Freed in the reverse order, and in that of allocation. */
			for (round = 0; round < 2; round++) {
				n = get_all(test, sizes[s]);
				KUNIT_EXPECT_EQ(test, n, (unsigned int)(bytes[b] / (8 + size)));
				EXPECT_STATS(test, pack_of(test), bytes[b],
					     bytes[b] - n * (8 + size), n * size, n);
				expect_walk(test);
				expect_not_given(test, sizes[s], -ENOMEM);
				for (i = 0; i < n; i++)
					EXPECT_FREE(test, objects[round ? i : n - i - 1]);
				EXPECT_STATS(test, pack_of(test), bytes[b], bytes[b], 0, 0);
			}
		}
	}
}

static void objects_are_zeroed_and_aligned_to_8_also_after_reuse(struct kunit *test)
{
	u32 state = swim_random_seed(0);
	unsigned int round, n, i;

	for (round = 0; round < 100; round++) {
		for (n = 0; n < OBJECTS; n++) {
			const size_t size = sizes[swim_random(&state) % ARRAY_SIZE(sizes)];

			objects[n] = swim_pack_alloc(pack_of(test), size);
			if (IS_ERR(objects[n]))
				break;
			KUNIT_ASSERT_EQ(test, swim_size(objects[n]), round_up(size, 8));
			KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)objects[n], 8));
			KUNIT_ASSERT_NULL(test, memchr_inv(objects[n], 0, round_up(size, 8)));
			memset(objects[n], 0xff, round_up(size, 8));
		}
		swim_shuffle(objects, n, sizeof(*objects), &state);
		for (i = 0; i < n; i++)
			EXPECT_FREE(test, objects[i]);
	}
}

static void last_in_first_out_gives_bytes_back_at_once(struct kunit *test)
{
	size_t free[ARRAY_SIZE(sizes) + 1];
	unsigned int i;

	free[0] = stats_of(pack_of(test)).free;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		objects[i] = get(test, sizes[i]);
		free[i + 1] = free[i] - 8 - round_up(sizes[i], 8);
		KUNIT_EXPECT_EQ(test, stats_of(pack_of(test)).free, free[i + 1]);
	}
	while (i--) {
		EXPECT_FREE(test, objects[i]);
		KUNIT_EXPECT_EQ(test, stats_of(pack_of(test)).free, free[i]);
		/* And the next one stands there. */
		KUNIT_EXPECT_PTR_EQ(test, get(test, sizes[i]), objects[i]);
		EXPECT_FREE(test, objects[i]);
	}
}

static void free_in_the_middle_gives_back_nothing_and_the_last_gives_all(struct kunit *test)
{
	static const unsigned int order[] = { 3, 8, 0, 9, 1, 7, 2, 6, 4, 5 };
	size_t free = 4000 - 10 * 72;
	unsigned int i;

	for (i = 0; i < 10; i++)
		objects[i] = get(test, 64);
	for (i = 0; i < 9; i++) {
		EXPECT_FREE(test, objects[order[i]]);
		/* Only the newest gives its own back, and not those that died before it. */
		free += order[i] == 9 ? 72 : 0;
		EXPECT_STATS(test, pack_of(test), 4000, free, (9 - i) * 64, 9 - i);
		expect_walk(test);
	}
	EXPECT_FREE(test, objects[order[i]]);
	EXPECT_STATS(test, pack_of(test), 4000, 4000, 0, 0);
}

/* Whatever is live of one of these is freed, and it is empty. */
static void expect_drop(struct kunit *test, struct swim_raw *raw)
{
	KUNIT_ASSERT_EQ(test, swim_raw_drop(raw), 0);
	KUNIT_ASSERT_TRUE(test, swim_raw_is_empty(raw));
}

static void numbers_are_what_a_walk_over_the_tags_finds(struct kunit *test)
{
	struct swim_raw *raws = kunit_kcalloc(test, 16, sizeof(*raws), GFP_KERNEL);
	u32 state = swim_random_seed(1);
	unsigned int round, i;

	KUNIT_ASSERT_NOT_NULL(test, raws);
	make(test, 16000);
	for (round = 0; round < ROUNDS(20000); round++) {
		const size_t size = swim_random(&state) % 200;

		i = swim_random(&state) % 16;
		switch (swim_random(&state) % 4) {
		case 0:
			if (!swim_raw_is_empty(&raws[i]))
				expect_drop(test, &raws[i]);
			else if (!swim_raw_new(&raws[i], hold_of(test), size, GFP_KERNEL))
				KUNIT_ASSERT_EQ(test, swim_raw_size(&raws[i]), size);
			break;
		case 1:
			if (objects[i] && !swim_resize(objects[i], size + 1))
				KUNIT_ASSERT_EQ(test, swim_size(objects[i]), round_up(size + 1, 8));
			break;
		default:
			EXPECT_FREE(test, objects[i]);
			objects[i] = swim_alloc_aligned(hold_of(test), size + 1,
							BIT(swim_random(&state) % 7), GFP_KERNEL);
			if (IS_ERR(objects[i]))
				objects[i] = NULL;
		}
		expect_walk(test);
	}
	for (i = 0; i < 16; i++) {
		EXPECT_FREE(test, objects[i]);
		if (!swim_raw_is_empty(&raws[i]))
			expect_drop(test, &raws[i]);
	}
}

static void objects_of_size_0_share_one_address_and_use_nothing(struct kunit *test)
{
	void *nothing = get(test, 0), *object;
	unsigned int i;

	KUNIT_EXPECT_NOT_NULL(test, nothing);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)nothing, 8));
	object = get(test, 64);
	KUNIT_EXPECT_PTR_NE(test, object, nothing);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_PTR_EQ(test, get(test, 0), nothing);
	KUNIT_EXPECT_EQ(test, swim_size(nothing), 0UL);
	KUNIT_EXPECT_PTR_EQ(test, swim_hold_of(nothing), hold_of(test));
	EXPECT_STATS(test, pack_of(test), 4000, 4000 - 72, 64, 12);
	/* Other objects come and go independently of these. */
	EXPECT_FREE(test, object);
	EXPECT_STATS(test, pack_of(test), 4000, 4000, 0, 11);
	while (i-- + 1) {
		EXPECT_FREE(test, nothing);
		EXPECT_STATS(test, pack_of(test), 4000, 4000, 0, i + 1);
	}
	expect_not_freed(test, nothing, -ENOENT, "after its free");
}

static void full_pack_still_gives_objects_of_size_0(struct kunit *test)
{
	unsigned int n = get_all(test, 8);
	void *nothing = get(test, 0);

	EXPECT_FREE(test, nothing);
	while (n)
		EXPECT_FREE(test, objects[--n]);
}

static void more_than_the_pack_can_ever_give_is_oversized(struct kunit *test)
{
	void *keep;

	expect_not_given(test, 4000 - 7, -E2BIG);
	expect_not_given(test, 4000, -E2BIG);
	expect_not_given(test, 4001, -E2BIG);
	expect_not_given(test, SZ_16M, -E2BIG);
	expect_not_given(test, SIZE_MAX - 7, -E2BIG);
	expect_not_given(test, SIZE_MAX, -E2BIG);
	/* The largest that there can be is only not there now. */
	keep = get(test, 8);
	EXPECT_ERR_PTR(test, swim_pack_alloc(pack_of(test), 4000 - 8), -ENOMEM);
	EXPECT_FREE(test, keep);
	keep = get(test, 4000 - 8);
	EXPECT_FREE(test, keep);
}

static void without_a_pack_nothing_is_given(struct kunit *test)
{
	EXPECT_ERR_PTR(test, swim_pack_alloc(NULL, 8), -EINVAL);
	EXPECT_ERR_PTR(test, swim_pack_alloc(NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(ERR_PTR(-ENOMEM)), -EINVAL);
}

static void object_is_freed_once(struct kunit *test)
{
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		void *first = get(test, 8), *object = get(test, sizes[s]), *last = get(test, 8);

		/* In the middle, as the newest one, and in an empty pack. */
		EXPECT_FREE(test, object);
		expect_not_freed(test, object, -ENOENT, "after its free");
		EXPECT_FREE(test, last);
		expect_not_freed(test, last, -ENOENT, "after its free");
		expect_not_freed(test, object, -ENOENT, "after its free");
		EXPECT_FREE(test, first);
		expect_not_freed(test, first, -ENOENT, "after its free");
		expect_not_freed(test, last, -ENOENT, "after its free");
	}
}

static void stale_object_is_not_freed(struct kunit *test)
{
	void *first = get(test, 16), *stale = get(test, 16), *object;
	u8 byte;

	EXPECT_FREE(test, stale);
	EXPECT_FREE(test, first);
	/* Now another one covers both. */
	object = get(test, 100);
	KUNIT_ASSERT_PTR_EQ(test, object, first);
	expect_not_freed(test, stale, -ENOENT, "after its free");
	byte = swim_nonsense(stale);
	memset(object, byte, 100);
	expect_not_freed(test, stale, -EUCLEAN, "tag is overwritten");
	KUNIT_EXPECT_NULL(test, memchr_inv(object, byte, 100));
	EXPECT_FREE(test, object);
}

static void what_is_no_object_is_not_freed(struct kunit *test)
{
	char *object = get(test, 64);

	memset(object, swim_nonsense(object + 8), 64);
	expect_not_freed(test, object + 1, -EINVAL, "which is no object");
	expect_not_freed(test, object + 4, -EINVAL, "which is no object");
	expect_not_freed(test, object + 8, -EUCLEAN, "tag is overwritten");
	EXPECT_FREE(test, object);
}

/* Neither that the object is free, or in use otherwise, nor that it is being dropped? */
static bool says_nothing(const unsigned long *tag)
{
	const unsigned long value = swim_tag_read(tag);

	return swim_tag_is_owned(value) ||
	       (swim_tag_kind(value) == SWIM_TAG_SIZED && value >> SWIM_TAG_SIZED_BITS);
}

static void overwritten_tag_is_reported_once(struct kunit *test)
{
	char *front = get(test, 64), *object = get(test, 64), *slot = object - SWIM_TAG_SLOT;
	unsigned long *tag = swim_tag_of(object);
	unsigned int byte, wrong = 0;
	char saved[SWIM_TAG_SLOT];

	memcpy(saved, slot, sizeof(saved));
	for (byte = 1; byte < 256; byte++) {
		memset(front, byte, 64 + SWIM_TAG_SLOT);
		/* In 32 bits some say something by chance. */
		if (BITS_PER_LONG == 32 && !says_nothing(tag))
			continue;
		remember(test);
		wrong += swim_free(object) != -EUCLEAN || swim_reports.count != 1 ||
			 !strstr(swim_reports.last, "tag is overwritten");
		swim_reports_reset();
		expect_same(test);
	}
	KUNIT_EXPECT_EQ_MSG(test, wrong, 0U, "of 255");
	memcpy(slot, saved, sizeof(saved));
	EXPECT_FREE(test, object);
	EXPECT_FREE(test, front);
}

static void tag_that_was_copied_makes_no_sense(struct kunit *test)
{
	unsigned long *tag, saved;
	char *front, *object;

	if (BITS_PER_LONG == 32)
		kunit_skip(test, "the tag in a pack has no bit left to tell by");
	front = get(test, 64);
	object = get(test, 16);
	tag = swim_tag_of(object);
	saved = *tag;
	*tag = *swim_tag_of(front);
	KUNIT_EXPECT_EQ(test, swim_size(object), 0UL);
	expect_not_freed(test, object, -EUCLEAN, "tag is overwritten");
	*tag = saved;
	EXPECT_FREE(test, object);
	EXPECT_FREE(test, front);
}

static void alignment_is_any_power_of_two_up_to_a_page(struct kunit *test)
{
	size_t align;
	void *object;

	make(test, 3 * PAGE_SIZE);
	for (align = 1; align <= PAGE_SIZE; align *= 2) {
		void *front = get(test, 8);

		object = swim_alloc_aligned(hold_of(test), 100, align, GFP_KERNEL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(object));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)object, max_t(size_t, align, 8)));
		KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, 104));
		KUNIT_EXPECT_EQ(test, stats_of(pack_of(test)).used, 112UL);
		expect_walk(test);
		memset(object, 0xff, 104);
		EXPECT_FREE(test, object);
		expect_walk(test);
		EXPECT_FREE(test, front);
	}
}

static void another_alignment_is_refused(struct kunit *test)
{
	static const size_t wrong[] = { 0, 3, 12, PAGE_SIZE - 8, 2 * PAGE_SIZE, SIZE_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		expect_not_aligned(test, 8, wrong[i], -EINVAL);
		expect_not_aligned(test, 0, wrong[i], -EINVAL);
		expect_not_aligned(test, SIZE_MAX, wrong[i], -EINVAL);
	}
}

static void alignment_without_room_for_it_changes_nothing(struct kunit *test)
{
	void *object;

	make(test, 2 * PAGE_SIZE);
	object = get(test, PAGE_SIZE);
	expect_not_aligned(test, PAGE_SIZE - 64, PAGE_SIZE, -ENOMEM);
	EXPECT_FREE(test, object);
}

static void alignment_that_the_pack_can_never_give_is_oversized(struct kunit *test)
{
	const struct swim_block block = {
		PTR_ALIGN((void *)copy, PAGE_SIZE), HEADER + 1000,
	};

	test->priv = swim_pack_create(&block);
	KUNIT_ASSERT_FALSE(test, IS_ERR(test->priv));
	EXPECT_ERR_PTR(test, swim_alloc_aligned(hold_of(test), 8, PAGE_SIZE, GFP_KERNEL), -E2BIG);
}

static void pin(struct kunit *test, struct swim_raw *raw, int byte)
{
	void *object = swim_raw_pin(raw);

	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	KUNIT_EXPECT_NULL(test, memchr_inv(object, byte, swim_raw_size(raw)));
}

static void leases_live_in_a_pack(struct kunit *test)
{
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		const size_t size = round_up(sizes[s], 8);
		struct swim_raw raw = {}, to = {};

		/* Each costs a tag and what leads to the pack. */
		KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, hold_of(test), sizes[s], GFP_KERNEL), 0);
		EXPECT_STATS(test, pack_of(test), 4000, 4000 - 16 - size, size, 1);
		expect_walk(test);
		pin(test, &raw, 0);
		expect_walk(test);
		memset(raw.object, 'A', sizes[s]);
		EXPECT_ERR_PTR(test, swim_raw_pin(&raw), -EBUSY);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), -EBUSY);
		KUNIT_EXPECT_EQ(test, swim_raw_move(&to, &raw), -EBUSY);
		expect_not_freed(test, raw.object, -EBUSY, "which a lease owns");
		swim_raw_unpin(&raw);
		expect_not_freed(test, raw.object, -EBUSY, "which a lease owns");
		KUNIT_EXPECT_EQ(test, swim_raw_move(&to, &raw), 0);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), -ENOENT);
		expect_walk(test);
		pin(test, &to, 'A');
		swim_raw_unpin(&to);
		rcu_read_lock();
		KUNIT_EXPECT_PTR_EQ(test, swim_raw_read(&to), (const void *)to.object);
		rcu_read_unlock();
		expect_drop(test, &to);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&to), -ENOENT);
		EXPECT_STATS(test, pack_of(test), 4000, 4000, 0, 0);
	}
}

static void lease_of_size_0_owns_an_object_of_its_own(struct kunit *test)
{
	struct swim_raw a = {}, b = {};

	KUNIT_ASSERT_EQ(test, swim_raw_new(&a, hold_of(test), 0, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&b, hold_of(test), 0, GFP_KERNEL), 0);
	EXPECT_STATS(test, pack_of(test), 4000, 4000 - 32, 0, 2);
	KUNIT_EXPECT_PTR_NE(test, a.object, b.object);
	expect_walk(test);
	expect_drop(test, &a);
	expect_drop(test, &b);
}

static void full_pack_leaves_a_new_lease_empty(struct kunit *test)
{
	struct swim_raw *raws = kunit_kcalloc(test, OBJECTS, sizeof(*raws), GFP_KERNEL);
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, raws);
	for (n = 0; n < OBJECTS; n++)
		if (swim_raw_new(&raws[n], hold_of(test), 61, GFP_KERNEL))
			break;
	KUNIT_EXPECT_EQ(test, n, 4000U / (16 + 64));
	expect_not_given(test, 61, -ENOMEM);
	expect_drop(test, &raws[n / 2]);
	/* What died in the middle comes back with the last one. */
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raws[n / 2], hold_of(test), 61, GFP_KERNEL), -ENOMEM);
	expect_drop(test, &raws[n - 1]);
	KUNIT_EXPECT_EQ(test, swim_raw_new(&raws[n - 1], hold_of(test), 61, GFP_KERNEL), 0);
	while (n--)
		if (!swim_raw_is_empty(&raws[n]))
			expect_drop(test, &raws[n]);
}

static void mistakes_with_a_lease_are_reported_and_change_nothing(struct kunit *test)
{
	struct swim_raw raw = {}, stale, other = {};
	unsigned long saved;

	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, hold_of(test), 64, GFP_KERNEL), 0);
	saved = *swim_tag_of(raw.object);
	stale = raw;
	remember(test);
	EXPECT_ERR_PTR(test, swim_raw_pin(&stale), -EINVAL);
	EXPECT_REPORT(test, "which another lease owns");
	swim_raw_unpin(&raw);
	EXPECT_REPORT(test, "which is not pinned");
	expect_same(test);
	*swim_tag_of(raw.object) = REPEAT_BYTE(swim_nonsense(raw.object));
	remember(test);
	EXPECT_ERR_PTR(test, swim_raw_pin(&raw), -EUCLEAN);
	EXPECT_REPORT(test, "tag is overwritten");
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), -EUCLEAN);
	EXPECT_REPORT(test, "tag is overwritten");
	KUNIT_EXPECT_EQ(test, swim_raw_move(&other, &raw), -EUCLEAN);
	EXPECT_REPORT(test, "tag is overwritten");
	expect_same(test);
	KUNIT_EXPECT_TRUE(test, swim_raw_is_empty(&other));
	*swim_tag_of(raw.object) = saved;
	expect_drop(test, &raw);
	remember(test);
	EXPECT_ERR_PTR(test, swim_raw_pin(&stale), -ENOENT);
	EXPECT_REPORT(test, "was dropped");
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&stale), -ENOENT);
	EXPECT_REPORT(test, "was dropped");
	expect_same(test);
}

/* A tree of @depth levels in @box, its levels in turn in these holds. */
static void grow_tree(struct kunit *test, struct swim_box *box, struct swim_hold *hold,
		      struct swim_hold *below, unsigned int depth)
{
	struct node *node;

	KUNIT_ASSERT_EQ(test, swim_box_new(box, hold, &node_type, GFP_KERNEL), 0);
	node = swim_box_pin(box);
	KUNIT_ASSERT_FALSE(test, IS_ERR(node));
	node->key = depth;
	if (depth > 1) {
		grow_tree(test, &node->left, below, hold, depth - 1);
		grow_tree(test, &node->right, below, hold, depth - 1);
	}
	swim_box_unpin(box);
}

static void box_is_dropped_with_all_that_it_owns(struct kunit *test)
{
	struct swim_box root = {}, to = {};

	grow_tree(test, &root, hold_of(test), hold_of(test), 5);
	EXPECT_STATS(test, pack_of(test), 4000, 4000 - 31 * (16 + sizeof(struct node)),
		     31 * sizeof(struct node), 31);
	expect_walk(test);
	KUNIT_EXPECT_EQ(test, swim_box_move(&to, &root), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&to), 0);
	KUNIT_EXPECT_EQ(test, dropped, 31U);
	EXPECT_STATS(test, pack_of(test), 4000, 4000, 0, 0);
}

static void what_a_box_owns_may_be_in_another_hold(struct kunit *test)
{
	struct swim_hold *other = swim_global_hold();
	struct swim_hold_stats before, now;
	struct swim_box roots[2] = {};

	swim_hold_stats(other, &before);
	grow_tree(test, &roots[0], other, hold_of(test), 4);
	grow_tree(test, &roots[1], hold_of(test), other, 4);
	KUNIT_EXPECT_EQ(test, stats_of(pack_of(test)).live, 15L);
	expect_walk(test);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&roots[0]), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&roots[1]), 0);
	KUNIT_EXPECT_EQ(test, dropped, 30U);
	swim_hold_stats(other, &now);
	KUNIT_EXPECT_EQ(test, now.live, before.live);
	KUNIT_EXPECT_EQ(test, now.used, before.used);
}

static void expect_not_destroyed(struct kunit *test, const char *words)
{
	remember(test);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack_of(test)), -EBUSY);
	EXPECT_REPORT(test, words);
	expect_same(test);
	/* It is what it was. */
	EXPECT_FREE(test, get(test, 64));
}

static void pack_with_objects_is_not_destroyed(struct kunit *test)
{
	struct swim_raw raw = {};
	void *object;

	object = get(test, 0);
	expect_not_destroyed(test, "pack destroyed with 1 objects, 0 bytes live");
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, hold_of(test), 60, GFP_KERNEL), 0);
	expect_not_destroyed(test, "pack destroyed with 2 objects, 64 bytes live");
	EXPECT_FREE(test, object);
	object = get(test, 100);
	expect_not_destroyed(test, "pack destroyed with 2 objects, 168 bytes live");
	expect_drop(test, &raw);
	EXPECT_FREE(test, object);
}

static void block_is_the_callers_again_after_destroy(struct kunit *test)
{
	const struct swim_block block = { pack_of(test), HEADER + 4000 };

	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack_of(test)), 0);
	memset(block.addr, 0xff, block.size);
	test->priv = swim_pack_create(&block);
	KUNIT_ASSERT_FALSE(test, IS_ERR(test->priv));
	expect_works(test, pack_of(test), 4000);
}

static void pack_is_the_hold_of_a_scope(struct kunit *test)
{
	struct swim_raw raw = {};
	void *object = NULL;

	swim_with_hold(hold_of(test)) {
		object = swim_alloc(swim_local_hold(), 64, GFP_KERNEL);
		KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, swim_local_hold(), 64, GFP_KERNEL), 0);
	}
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(object));
	KUNIT_EXPECT_PTR_EQ(test, swim_hold_of(object), hold_of(test));
	EXPECT_STATS(test, pack_of(test), 4000, 4000 - 72 - 80, 128, 2);
	EXPECT_FREE(test, object);
	expect_drop(test, &raw);
}

/* In front of an object that stays, so that the memory does as well. */
static void freed_objects_are_zero_where_the_kernel_wants_it(struct kunit *test)
{
	struct swim_raw raw = {};
	void *object, *owned, *keep;

	init_on_free_or_skip(test);
	object = get(test, 104);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, hold_of(test), 104, GFP_KERNEL), 0);
	/* Nobody moves it: it may be looked at when it is gone. */
	owned = raw.object;
	KUNIT_ASSERT_PTR_EQ(test, swim_raw_pin(&raw), owned);
	memset(owned, 'A', 104);
	swim_raw_unpin(&raw);
	keep = get(test, 8);
	memset(object, 'A', 104);
	EXPECT_FREE(test, object);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, 104));
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(owned, 0, 104));
	EXPECT_FREE(test, keep);
}

/*
 * A lease and some objects, again and again, each with its owner's pattern, in a pack that
 * others fill too. Results: 1 not zeroed, 2 overwritten, 3 not freed, 4 never any room.
 */
static int alloc_and_free(void *arg, unsigned int number)
{
	u32 state = swim_random_seed(number), round, got = 0;
	struct swim_raw raw = {};
	u8 *object[6];
	unsigned int n, i;

	/* Others may have it all, and no CPU, for as long as these rounds take: then some more. */
	for (round = 0; round < (got ? 1 : 1000) * ROUNDS(2000); round++) {
		for (n = 0; n < ARRAY_SIZE(object); n++) {
			object[n] = swim_pack_alloc(arg, 1 + swim_random(&state) % 100);
			if (IS_ERR(object[n]))
				break;
			if (memchr_inv(object[n], 0, swim_size(object[n])))
				return 1;
			memset(object[n], number + n + 1, swim_size(object[n]));
		}
		if (!swim_raw_new(&raw, swim_pack_hold(arg), 61, GFP_NOWAIT | __GFP_NOWARN)) {
			u8 *bytes = swim_raw_pin(&raw);

			if (IS_ERR(bytes) || memchr_inv(bytes, 0, 61))
				return 1;
			memset(bytes, number + 1, 61);
			if (memchr_inv(bytes, number + 1, 61))
				return 2;
			swim_raw_unpin(&raw);
			if (swim_raw_drop(&raw))
				return 3;
		}
		for (i = 0; i < n; i++) {
			const unsigned int at = round % 2 ? i : n - i - 1;

			if (memchr_inv(object[at], number + at + 1, swim_size(object[at])))
				return 2;
			if (swim_free(object[at]))
				return 3;
		}
		got += n;
		if (!(round % 64) && !irqs_disabled() && !in_interrupt() && preemptible())
			cond_resched();
	}
	return got ? 0 : 4;
}

static void objects_are_got_and_freed_in_interrupts(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, alloc_and_free, pack_of(test)), 0);
}

static void threads_share_a_pack(struct kunit *test)
{
	make(test, 30000);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), alloc_and_free,
					       pack_of(test)), 0);
}

static void threads_share_a_pack_at_its_limit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), alloc_and_free,
					       pack_of(test)), 0);
}

/* Result: 0, all are freed; the count of those that we freed is added to. */
static int free_all(void *arg, unsigned int number)
{
	atomic_t *freed = arg;
	unsigned int i;

	for (i = 0; i < 40; i++)
		if (!swim_free(objects[i]))
			atomic_inc(freed);
	return 0;
}

static void of_those_who_free_an_object_at_once_one_succeeds(struct kunit *test)
{
	const unsigned int workers = swim_workers();
	unsigned int round, i;
	atomic_t freed;

	for (round = 0; round < ROUNDS(100); round++) {
		void *keep = get(test, 8);

		atomic_set(&freed, 0);
		for (i = 0; i < 40; i++)
			objects[i] = get(test, 64);
		KUNIT_EXPECT_EQ(test, swim_workers_run(test, workers, free_all, &freed), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&freed), 40);
		KUNIT_EXPECT_EQ(test, swim_reports.count, 40 * (workers - 1));
		swim_reports_reset();
		EXPECT_STATS(test, pack_of(test), 4000, stats_of(pack_of(test)).free, 8, 1);
		EXPECT_FREE(test, keep);
	}
}

static struct kunit_case pack_cases[] = {
	KUNIT_CASE(pack_is_made_of_any_block_in_which_its_header_fits),
	KUNIT_CASE(block_without_room_for_the_header_is_refused),
	KUNIT_CASE(static_pack_is_ready_for_use),
	KUNIT_CASE(pack_stands_on_the_stack),
	KUNIT_CASE(of_a_block_of_more_than_8_mib_only_that_much_is_used),
	KUNIT_CASE(object_may_be_as_large_as_its_pack),
	KUNIT_CASE(as_many_objects_fit_as_have_room_with_their_tags),
	KUNIT_CASE(objects_are_zeroed_and_aligned_to_8_also_after_reuse),
	KUNIT_CASE(last_in_first_out_gives_bytes_back_at_once),
	KUNIT_CASE(free_in_the_middle_gives_back_nothing_and_the_last_gives_all),
	KUNIT_CASE(numbers_are_what_a_walk_over_the_tags_finds),
	KUNIT_CASE(objects_of_size_0_share_one_address_and_use_nothing),
	KUNIT_CASE(full_pack_still_gives_objects_of_size_0),
	KUNIT_CASE(more_than_the_pack_can_ever_give_is_oversized),
	KUNIT_CASE(without_a_pack_nothing_is_given),
	KUNIT_CASE(object_is_freed_once),
	KUNIT_CASE(stale_object_is_not_freed),
	KUNIT_CASE(what_is_no_object_is_not_freed),
	KUNIT_CASE(overwritten_tag_is_reported_once),
	KUNIT_CASE(tag_that_was_copied_makes_no_sense),
	KUNIT_CASE(alignment_is_any_power_of_two_up_to_a_page),
	KUNIT_CASE(another_alignment_is_refused),
	KUNIT_CASE(alignment_without_room_for_it_changes_nothing),
	KUNIT_CASE(alignment_that_the_pack_can_never_give_is_oversized),
	KUNIT_CASE(leases_live_in_a_pack),
	KUNIT_CASE(lease_of_size_0_owns_an_object_of_its_own),
	KUNIT_CASE(full_pack_leaves_a_new_lease_empty),
	KUNIT_CASE(mistakes_with_a_lease_are_reported_and_change_nothing),
	KUNIT_CASE(box_is_dropped_with_all_that_it_owns),
	KUNIT_CASE(what_a_box_owns_may_be_in_another_hold),
	KUNIT_CASE(pack_with_objects_is_not_destroyed),
	KUNIT_CASE(block_is_the_callers_again_after_destroy),
	KUNIT_CASE(pack_is_the_hold_of_a_scope),
	KUNIT_CASE(freed_objects_are_zero_where_the_kernel_wants_it),
	KUNIT_CASE(objects_are_got_and_freed_in_interrupts),
	KUNIT_CASE(threads_share_a_pack),
	KUNIT_CASE(threads_share_a_pack_at_its_limit),
	KUNIT_CASE(of_those_who_free_an_object_at_once_one_succeeds),
	{}
};

static struct kunit_suite pack_suite = {
	.name = "pack",
	.init = pack_init,
	.exit = pack_exit,
	.test_cases = pack_cases,
};

kunit_test_suite(pack_suite);

MODULE_DESCRIPTION("KUnit suite: packs");
MODULE_LICENSE("GPL");
