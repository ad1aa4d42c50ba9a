// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of <swimmem/heap.h>, for every kind of heap: each case runs for each.
 */
#include <linux/mm.h>
#include <swimmem/heap.h>
#include <swimmem/slab.h>

#include "../interrupt.h"

/* Wherever it lies, there are two whole segments in it. */
DEFINE_SWIM_SPACE(static_heap, 3 * SZ_2M);

static u8 memory[SZ_256K] __aligned(PAGE_SIZE);
static struct swim_block many[SZ_16M / SZ_4K];

/**
 * struct kind - a heap
 * @name: of its kind
 * @unit: bytes of a slab's; sizes of spaces are rounded up to the page
 * @begin: of a slab in the memory that there is
 * @most: bytes of the largest block
 * @align: the largest alignment
 */
struct kind {
	const char *name;
	size_t unit;
	size_t begin;
	size_t most;
	size_t align;
};

static const struct kind kinds[] = {
	{ "space", 0, 0, SZ_2M, SZ_2M },
	{ "static space", 0, 0, SZ_2M, SZ_2M },
	{ "slab of pages", PAGE_SIZE, 0, PAGE_SIZE, PAGE_SIZE },
	{ "slab of 64", 64, 0, 64, 64 },
	/* As far as both the begin and the unit go. */
	{ "slab of 48", 48, 0, 48, 16 },
	{ "slab of 64 from 8 on", 64, 8, 64, 8 },
	{ "slab of 7", 7, 1, 7, 1 },
};

static void describe(const struct kind *kind, char *text)
{
	strscpy(text, kind->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, describe);

/**
 * struct heap - the heap of a case
 * @kind: what it is
 * @heap: as such
 * @space: when it is one
 * @slab: when it is one
 */
struct heap {
	const struct kind *kind;
	struct swim_heap *heap;
	struct swim_space *space;
	struct swim_slab slab;
};

static int heap_make(struct heap *this)
{
	const struct kind *kind = this->kind;
	struct swim_block block = { memory + kind->begin, kind->unit * 64 };

	if (kind->unit) {
		this->heap = swim_slab_heap(&this->slab);
		return swim_slab_init(&this->slab, &block, kind->unit);
	}
	if (kind == &kinds[0])
		this->space = swim_space_create("kunit", SZ_4M);
	else
		this->space = swim_space_add(&static_heap) ? ERR_PTR(-EIO) : &static_heap;
	if (IS_ERR(this->space))
		return PTR_ERR(this->space);
	this->heap = swim_space_heap(this->space);
	return 0;
}

static int heap_init(struct kunit *test)
{
	struct heap *this = kunit_kzalloc(test, sizeof(*this), GFP_KERNEL);

	test->priv = this;
	if (!this)
		return -ENOMEM;
	this->kind = test->param_value ?: &kinds[0];
	return swim_kunit_init(test) ?: heap_make(this);
}

static struct swim_heap_stats stats_of(struct kunit *test)
{
	struct heap *this = test->priv;
	struct swim_heap_stats stats;

	swim_heap_stats(this->heap, &stats);
	return stats;
}

/* The case must have left nothing in its heap. */
static void heap_exit(struct kunit *test)
{
	struct heap *this = test->priv;

	if (this && !IS_ERR_OR_NULL(this->heap)) {
		KUNIT_EXPECT_EQ(test, stats_of(test).live, 0L);
		KUNIT_EXPECT_EQ(test, stats_of(test).used, 0UL);
	}
	if (this && !IS_ERR_OR_NULL(this->space))
		KUNIT_EXPECT_EQ(test, swim_space_destroy(this->space), 0);
	swim_kunit_exit(test);
}

static struct swim_heap *heap_of(struct kunit *test)
{
	return ((struct heap *)test->priv)->heap;
}

static const struct kind *kind_of(struct kunit *test)
{
	return ((struct heap *)test->priv)->kind;
}

/* Bytes that a request takes. */
static size_t taken_by(const struct kind *kind, size_t size, size_t align)
{
	return kind->unit ?: PAGE_ALIGN(max(size, align > PAGE_SIZE ? align : 0));
}

static struct swim_block get(struct kunit *test, size_t size, size_t align)
{
	const struct swim_layout layout = { size, align };
	struct swim_block block = {};

	KUNIT_ASSERT_EQ_MSG(test, swim_heap_alloc(heap_of(test), &layout, GFP_KERNEL, &block), 0,
			    "%zu bytes at %zu", size, align);
	return block;
}

#define EXPECT_FREE(test, block)						\
	KUNIT_EXPECT_EQ(test, swim_heap_free(heap_of(test), &(block)), 0)

#define EXPECT_STATS(test, _used, _live)					\
do {										\
	struct kunit *__test = (test);						\
	const struct swim_heap_stats __stats = stats_of(__test);		\
										\
	KUNIT_EXPECT_EQ(__test, __stats.used, (size_t)(_used));			\
	KUNIT_EXPECT_EQ(__test, __stats.live, (long)(_live));			\
} while (0)

static void expect_same(struct kunit *test, const struct swim_heap_stats *before)
{
	const struct swim_heap_stats now = stats_of(test);

	KUNIT_EXPECT_EQ(test, now.size, before->size);
	KUNIT_EXPECT_EQ(test, now.used, before->used);
	KUNIT_EXPECT_EQ(test, now.live, before->live);
}

static void expect_not_given(struct kunit *test, size_t size, size_t align, int err)
{
	const struct swim_heap_stats before = stats_of(test);
	const struct swim_layout layout = { size, align };
	struct swim_block block = { &block, 4711 };

	KUNIT_EXPECT_EQ_MSG(test, swim_heap_alloc(heap_of(test), &layout, GFP_KERNEL, &block), err,
			    "%zu bytes at %zu", size, align);
	KUNIT_EXPECT_PTR_EQ(test, block.addr, (void *)&block);
	KUNIT_EXPECT_EQ(test, block.size, 4711UL);
	expect_same(test, &before);
}

static void expect_not_freed(struct kunit *test, void *addr, size_t size)
{
	const struct swim_heap_stats before = stats_of(test);
	const struct swim_block block = { addr, size };

	KUNIT_EXPECT_EQ_MSG(test, swim_heap_free(heap_of(test), &block), -EINVAL, "%zu bytes",
			    size);
	expect_same(test, &before);
}

static void block_has_at_least_the_bytes_asked_for(struct kunit *test)
{
	const struct kind *kind = kind_of(test);
	size_t size;

	for (size = 1; size <= kind->most; size = size < 8 ? size + 1 : size * 3 / 2) {
		struct swim_block block = get(test, size, 1);

		KUNIT_EXPECT_EQ(test, block.size, taken_by(kind, size, 1));
		EXPECT_STATS(test, block.size, 1);
		memset(block.addr, 0xff, block.size);
		EXPECT_FREE(test, block);
		EXPECT_STATS(test, 0, 0);
	}
}

static void block_is_aligned_as_asked(struct kunit *test)
{
	const struct kind *kind = kind_of(test);
	const size_t sizes[] = { 1, kind->most / 3, kind->most };
	size_t align;
	unsigned int i;

	for (align = 1; align <= kind->align; align *= 2) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			/* Were all at the begin of the heap, each would be aligned. */
			struct swim_block front = get(test, 1, 1);
			struct swim_block block = get(test, sizes[i], align);

			KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)block.addr, align));
			KUNIT_EXPECT_EQ(test, block.size, taken_by(kind, sizes[i], align));
			EXPECT_STATS(test, front.size + block.size, 2);
			EXPECT_FREE(test, block);
			EXPECT_FREE(test, front);
		}
	}
}

static void size_0_gives_the_empty_block(struct kunit *test)
{
	const struct swim_heap_stats before = stats_of(test);
	struct swim_block block;
	size_t align;

	for (align = 1; align <= kind_of(test)->align; align *= 2) {
		block = (struct swim_block){ &block, 4711 };
		KUNIT_EXPECT_EQ(test, swim_heap_alloc(heap_of(test),
						      &(struct swim_layout){ 0, align },
						      GFP_KERNEL, &block), 0);
		KUNIT_EXPECT_TRUE(test, swim_block_empty(&block));
		KUNIT_EXPECT_NULL(test, block.addr);
	}
	expect_same(test, &before);
}

static void free_of_the_empty_block_is_nothing_to_do(struct kunit *test)
{
	const struct swim_block empty = {}, somewhere = { memory, 0 };
	const struct swim_heap_stats before = stats_of(test);

	EXPECT_FREE(test, empty);
	EXPECT_FREE(test, somewhere);
	expect_same(test, &before);
}

static void alignment_that_is_no_power_of_two_is_refused(struct kunit *test)
{
	static const size_t wrong[] = { 0, 3, 5, 6, 12, 4095, SZ_2M + 1, SIZE_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		expect_not_given(test, 1, wrong[i], -EINVAL);
		expect_not_given(test, 0, wrong[i], -EINVAL);
	}
}

static void alignment_that_the_heap_cannot_give_is_refused(struct kunit *test)
{
	size_t align;

	for (align = 2 * kind_of(test)->align; align; align *= 2)
		expect_not_given(test, 1, align, -EINVAL);
}

static void more_than_the_heap_can_ever_give_is_oversized(struct kunit *test)
{
	const struct kind *kind = kind_of(test);

	expect_not_given(test, kind->most + 1, 1, -E2BIG);
	expect_not_given(test, kind->most + 1, kind->align, -E2BIG);
	expect_not_given(test, 2 * kind->most, 1, -E2BIG);
	expect_not_given(test, SIZE_MAX, 1, -E2BIG);
	/* With its alignment it goes round the end. */
	expect_not_given(test, SIZE_MAX, 4096, -E2BIG);
	expect_not_given(test, SIZE_MAX - 4094, 4096, -E2BIG);
}

static void without_heap_layout_or_block_nothing_is_done(struct kunit *test)
{
	const struct swim_heap_stats before = stats_of(test);
	const struct swim_layout layout = { 1, 1 }, nothing = { 0, 1 };
	struct swim_heap *heap = heap_of(test);
	struct swim_block block = { &block, 4711 };

	KUNIT_EXPECT_EQ(test, swim_heap_alloc(NULL, &layout, GFP_KERNEL, &block), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_heap_alloc(ERR_PTR(-ENOMEM), &layout, GFP_KERNEL, &block),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, swim_heap_alloc(heap, NULL, GFP_KERNEL, &block), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_heap_alloc(heap, &layout, GFP_KERNEL, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_heap_alloc(heap, &nothing, GFP_KERNEL, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_heap_free(NULL, &block), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_heap_free(ERR_PTR(-ENOMEM), &block), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_heap_free(heap, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, block.size, 4711UL);
	expect_same(test, &before);
}

static void full_heap_is_out_of_memory_and_works_after_one_free(struct kunit *test)
{
	const size_t size = kind_of(test)->most < PAGE_SIZE ? 1 : PAGE_SIZE;
	struct swim_heap_stats stats;
	unsigned int n = 0;

	while (n < ARRAY_SIZE(many) &&
	       !swim_heap_alloc(heap_of(test), &(struct swim_layout){ size, 1 }, GFP_KERNEL,
				&many[n]))
		n++;
	KUNIT_ASSERT_LT(test, n, (unsigned int)ARRAY_SIZE(many));
	stats = stats_of(test);
	/* To the last byte. */
	KUNIT_EXPECT_EQ(test, stats.used, stats.size);
	KUNIT_EXPECT_EQ(test, stats.live, (long)n);
	expect_not_given(test, 1, 1, -ENOMEM);
	expect_not_given(test, size, 1, -ENOMEM);
	EXPECT_FREE(test, many[n / 2]);
	many[n / 2] = get(test, size, 1);
	expect_not_given(test, size, 1, -ENOMEM);
	while (n--)
		EXPECT_FREE(test, many[n]);
}

static void block_is_freed_once(struct kunit *test)
{
	struct swim_block keep = get(test, 1, 1), block = get(test, 1, 1);

	EXPECT_FREE(test, block);
	expect_not_freed(test, block.addr, block.size);
	EXPECT_FREE(test, keep);
	expect_not_freed(test, keep.addr, keep.size);
	expect_not_freed(test, block.addr, block.size);
}

static void block_that_is_not_as_it_was_given_is_not_freed(struct kunit *test)
{
	struct swim_block block = get(test, 1, 1);
	void *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	expect_not_freed(test, block.addr + 1, block.size);
	expect_not_freed(test, block.addr, block.size - 1);
	expect_not_freed(test, block.addr, block.size + 1);
	expect_not_freed(test, block.addr, SIZE_MAX);
	expect_not_freed(test, page, block.size);
	expect_not_freed(test, NULL, block.size);
	EXPECT_FREE(test, block);
}

static void stats_count_what_is_given_out(struct kunit *test)
{
	const struct kind *kind = kind_of(test);
	u32 state = swim_random_seed(kind - kinds);
	unsigned int round, i;
	size_t used = 0;
	long live = 0;

	memset(many, 0, sizeof(many));
	for (round = 0; round < ROUNDS(5000); round++) {
		i = swim_random(&state) % 32;
		if (many[i].size) {
			used -= many[i].size;
			live--;
			EXPECT_FREE(test, many[i]);
			many[i].size = 0;
		} else {
			const struct swim_layout layout = {
				1 + swim_random(&state) % min_t(size_t, kind->most, SZ_32K),
				1UL << swim_random(&state) % (ilog2(kind->align) + 1),
			};

			if (swim_heap_alloc(heap_of(test), &layout, GFP_KERNEL, &many[i]))
				continue;
			used += taken_by(kind, layout.size, layout.align);
			live++;
		}
		if (round % 8)
			continue;
		EXPECT_STATS(test, used, live);
		KUNIT_ASSERT_GE(test, stats_of(test).size, used);
	}
	for (i = 0; i < 32; i++)
		EXPECT_FREE(test, many[i]);
}

static void block_is_that_of_the_space_or_slab(struct kunit *test)
{
	struct swim_block block = get(test, 1, 1);
	struct heap *this = test->priv;

	/* What came one way goes back the other. */
	if (this->space)
		KUNIT_EXPECT_EQ(test, swim_space_free(this->space, &block), 0);
	else
		KUNIT_EXPECT_EQ(test, swim_slab_free(&this->slab, &block), 0);
	EXPECT_STATS(test, 0, 0);
	expect_not_freed(test, block.addr, block.size);
}

/* Results: 1 not given, 2 not freed. */
static int alloc_and_free(void *arg, unsigned int number)
{
	const struct swim_layout layout = { 1, 1 };
	struct swim_block block[3];
	unsigned int round, n, i;
	int err = 0;

	for (round = 0; round < 100 && !err; round++) {
		for (n = 0; n < ARRAY_SIZE(block) && !err; n += !err)
			err = !!swim_heap_alloc(arg, &layout, GFP_NOWAIT | __GFP_NOWARN, &block[n]);
		for (i = 0; i < n; i++)
			if (swim_heap_free(arg, &block[i]))
				err = 2;
	}
	return err;
}

static void blocks_are_got_and_freed_in_any_context(struct kunit *test)
{
	struct swim_block first = get(test, 1, 1);

	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, alloc_and_free, heap_of(test)), 0);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), alloc_and_free,
					       heap_of(test)), 0);
	EXPECT_STATS(test, first.size, 1);
	EXPECT_FREE(test, first);
}

static struct kunit_case heap_cases[] = {
	KUNIT_CASE_PARAM(block_has_at_least_the_bytes_asked_for, kind_gen_params),
	KUNIT_CASE_PARAM(block_is_aligned_as_asked, kind_gen_params),
	KUNIT_CASE_PARAM(size_0_gives_the_empty_block, kind_gen_params),
	KUNIT_CASE_PARAM(free_of_the_empty_block_is_nothing_to_do, kind_gen_params),
	KUNIT_CASE_PARAM(alignment_that_is_no_power_of_two_is_refused, kind_gen_params),
	KUNIT_CASE_PARAM(alignment_that_the_heap_cannot_give_is_refused, kind_gen_params),
	KUNIT_CASE_PARAM(more_than_the_heap_can_ever_give_is_oversized, kind_gen_params),
	KUNIT_CASE_PARAM(without_heap_layout_or_block_nothing_is_done, kind_gen_params),
	KUNIT_CASE_PARAM(full_heap_is_out_of_memory_and_works_after_one_free, kind_gen_params),
	KUNIT_CASE_PARAM(block_is_freed_once, kind_gen_params),
	KUNIT_CASE_PARAM(block_that_is_not_as_it_was_given_is_not_freed, kind_gen_params),
	KUNIT_CASE_PARAM(stats_count_what_is_given_out, kind_gen_params),
	KUNIT_CASE_PARAM(block_is_that_of_the_space_or_slab, kind_gen_params),
	KUNIT_CASE_PARAM(blocks_are_got_and_freed_in_any_context, kind_gen_params),
	{}
};

static struct kunit_suite heap_suite = {
	.name = "heap",
	.init = heap_init,
	.exit = heap_exit,
	.test_cases = heap_cases,
};

kunit_test_suite(heap_suite);

MODULE_DESCRIPTION("KUnit suite: heaps");
MODULE_LICENSE("GPL");
