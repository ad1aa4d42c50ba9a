// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of <swimmem/slab.h>. What a slab does as a heap is in heap_kunit.c.
 */
#include <linux/sizes.h>

#include "../interrupt.h"

#define UNITS		SWIM_SLAB_UNITS_MAX
#define PATTERN		0x5a
#define IN_INTERRUPT	100	/* rounds */

/* Cases run one at a time; what a slab is made of, and what it has given out. */
static u8 memory[SZ_256K] __aligned(PAGE_SIZE);
static struct swim_block taken[UNITS + 1];
static struct swim_slab slab;

/**
 * struct shape - a slab
 * @unit: bytes of each
 * @bytes: of the block
 * @total: how many that are
 */
struct shape {
	size_t unit;
	size_t bytes;
	unsigned int total;
};

static const struct shape shapes[] = {
	{ 1, 1, 1 }, { 1, 100, 100 }, { 1, UNITS, UNITS },
	{ 8, 8, 1 }, { 8, 64 * 8 - 1, 63 }, { 8, 8 * UNITS + 7, UNITS },
	{ 16, 65 * 16 + 15, 65 }, { 24, SZ_4K, SZ_4K / 24 },
	{ 64, 64 * 64, 64 }, { 64, 64 * UNITS, UNITS },
	{ 4096, 4096, 1 }, { 4096, 8191, 1 }, { 4096, SZ_256K, 64 },
};

static void describe(const struct shape *shape, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u of %zu in %zu", shape->total, shape->unit,
		 shape->bytes);
}

KUNIT_ARRAY_PARAM(shape, shapes, describe);

static void make(struct kunit *test, size_t unit, size_t bytes)
{
	const struct swim_block block = { memory, bytes };

	KUNIT_ASSERT_EQ(test, swim_slab_init(&slab, &block, unit), 0);
}

/* With a parameter, its slab; without, 100 units of 24 bytes: two rows, one not full. */
static int slab_init(struct kunit *test)
{
	const struct shape *shape = test->param_value;
	const struct swim_block block = { memory, shape ? shape->bytes : 100 * 24 };

	memset(memory, PATTERN, sizeof(memory));
	memset(taken, 0, sizeof(taken));
	return swim_kunit_init(test) ?: swim_slab_init(&slab, &block, shape ? shape->unit : 24);
}

#define EXPECT_STATS(test, _live, _dead)					\
do {										\
	struct kunit *__test = (test);						\
	struct swim_slab_stats __stats;						\
										\
	swim_slab_stats(&slab, &__stats);					\
	KUNIT_EXPECT_EQ(__test, __stats.live, (unsigned int)(_live));		\
	KUNIT_EXPECT_EQ(__test, __stats.dead, (unsigned int)(_dead));		\
	KUNIT_EXPECT_EQ(__test, __stats.total, (unsigned int)((_live) + (_dead))); \
} while (0)

static unsigned int number_of(const struct swim_block *block)
{
	return ((u8 *)block->addr - memory) / slab.unit;
}

static struct swim_block get(struct kunit *test)
{
	struct swim_block block = {};

	KUNIT_ASSERT_EQ(test, swim_slab_alloc(&slab, &block), 0);
	return block;
}

/* Take all, and expect that these are @n. */
static void get_all(struct kunit *test, unsigned int n)
{
	unsigned int i = 0;

	while (i <= n && !swim_slab_alloc(&slab, &taken[i]))
		i++;
	KUNIT_ASSERT_EQ(test, i, n);
}

#define EXPECT_FREE(test, block)	KUNIT_EXPECT_EQ(test, swim_slab_free(&slab, &(block)), 0)

/* There is none: nothing changes, in the slab, its memory or the caller's block. */
static void expect_full(struct kunit *test)
{
	struct swim_block block = { &block, 4711 };
	const struct swim_slab before = slab;

	KUNIT_EXPECT_EQ(test, swim_slab_alloc(&slab, &block), -ENOMEM);
	KUNIT_EXPECT_EQ(test, memcmp(&slab, &before, sizeof(slab)), 0);
	KUNIT_EXPECT_PTR_EQ(test, block.addr, (void *)&block);
	KUNIT_EXPECT_EQ(test, block.size, 4711UL);
}

static void expect_refused(struct kunit *test, void *addr, size_t size)
{
	const struct swim_block block = { addr, size };
	const struct swim_slab before = slab;

	KUNIT_EXPECT_EQ_MSG(test, swim_slab_free(&slab, &block), -EINVAL, "%zu bytes", size);
	KUNIT_EXPECT_EQ(test, memcmp(&slab, &before, sizeof(slab)), 0);
}

static void expect_not_made(struct kunit *test, const struct swim_block *block, size_t unit,
			    int err)
{
	struct swim_slab other, before;

	memset(&other, PATTERN, sizeof(other));
	before = other;
	KUNIT_EXPECT_EQ_MSG(test, swim_slab_init(&other, block, unit), err, "unit of %zu", unit);
	KUNIT_EXPECT_EQ(test, memcmp(&other, &before, sizeof(other)), 0);
}

static void slab_has_as_many_units_as_fit_and_all_are_free(struct kunit *test)
{
	const struct shape *shape = test->param_value;

	EXPECT_STATS(test, 0, shape->total);
}

static void each_unit_is_given_once_and_then_there_are_no_more(struct kunit *test)
{
	const struct shape *shape = test->param_value;
	unsigned long *seen = kunit_kcalloc(test, BITS_TO_LONGS(UNITS), sizeof(long), GFP_KERNEL);
	unsigned int i, n;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	get_all(test, shape->total);
	for (i = 0; i < shape->total; i++) {
		n = number_of(&taken[i]);
		KUNIT_ASSERT_LT(test, n, shape->total);
		KUNIT_ASSERT_PTR_EQ(test, taken[i].addr, (void *)memory + n * shape->unit);
		KUNIT_ASSERT_EQ(test, taken[i].size, shape->unit);
		KUNIT_ASSERT_FALSE(test, __test_and_set_bit(n, seen));
	}
	EXPECT_STATS(test, shape->total, 0);
	expect_full(test);
	for (i = 0; i < shape->total; i++)
		EXPECT_FREE(test, taken[i]);
	EXPECT_STATS(test, 0, shape->total);
}

static void full_slab_works_again_after_any_one_free(struct kunit *test)
{
	const struct shape *shape = test->param_value;
	const unsigned int step = 1 + shape->total / 100;
	unsigned int i;

	get_all(test, shape->total);
	for (i = 0; i < shape->total; i += step) {
		struct swim_block again;

		EXPECT_FREE(test, taken[i]);
		EXPECT_STATS(test, shape->total - 1, 1);
		again = get(test);
		KUNIT_ASSERT_TRUE(test, swim_block_equal(&again, &taken[i]));
		expect_full(test);
	}
}

static void slab_never_writes_to_its_units(struct kunit *test)
{
	const struct shape *shape = test->param_value;
	unsigned int round, i;

	for (round = 0; round < 2; round++) {
		get_all(test, shape->total);
		expect_full(test);
		for (i = 0; i < shape->total; i++)
			EXPECT_FREE(test, taken[i]);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(memory, PATTERN, sizeof(memory)));
}

static void units_are_freed_in_any_order_and_the_accounts_are_exact(struct kunit *test)
{
	const struct shape *shape = test->param_value;
	u32 state = swim_random_seed(shape->total);
	unsigned int live = 0, round;

	for (round = 0; round < ROUNDS(20000); round++) {
		unsigned int i = swim_random(&state) % shape->total;

		if (taken[i].size) {
			KUNIT_ASSERT_EQ(test, swim_slab_free(&slab, &taken[i]), 0);
			taken[i].size = 0;
			live--;
		} else {
			taken[i] = get(test);
			live++;
		}
		if (!(round % 64))
			EXPECT_STATS(test, live, shape->total - live);
	}
	for (round = 0; round < shape->total; round++)
		EXPECT_FREE(test, taken[round]);
	EXPECT_STATS(test, 0, shape->total);
}

static void unit_is_what_its_last_owner_left(struct kunit *test)
{
	struct swim_block block, again;

	get_all(test, 100);
	block = taken[77];
	memset(block.addr, 'A', block.size);
	EXPECT_FREE(test, block);
	again = get(test);
	KUNIT_EXPECT_PTR_EQ(test, again.addr, block.addr);
	KUNIT_EXPECT_NULL(test, memchr_inv(again.addr, 'A', again.size));
}

static void slab_is_made_of_any_bytes(struct kunit *test)
{
	const struct swim_block block = { memory + 3, 64 * 24 };
	struct swim_block unit;

	/* It need be no page, nor aligned; nor need the slab be zeroed. */
	memset(&slab, 0xff, sizeof(slab));
	KUNIT_ASSERT_EQ(test, swim_slab_init(&slab, &block, 24), 0);
	EXPECT_STATS(test, 0, 64);
	unit = get(test);
	KUNIT_EXPECT_EQ(test, (size_t)((u8 *)unit.addr - memory - 3) % 24, 0UL);
	EXPECT_FREE(test, unit);
}

static void slab_without_a_unit_is_not_made(struct kunit *test)
{
	const struct swim_block block = { memory, 64 }, empty = { memory, 0 };

	expect_not_made(test, &block, 65, -EINVAL);
	expect_not_made(test, &block, SIZE_MAX, -EINVAL);
	expect_not_made(test, &block, 0, -EINVAL);
	expect_not_made(test, &empty, 1, -EINVAL);
	expect_not_made(test, &empty, 0, -EINVAL);
	expect_not_made(test, NULL, 8, -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_slab_init(NULL, &block, 8), -EINVAL);
}

static void slab_of_too_many_units_is_not_made(struct kunit *test)
{
	const size_t units[] = { 1, 8, 16 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(units); i++) {
		const struct swim_block more = { memory, units[i] * (UNITS + 1) };

		expect_not_made(test, &more, units[i], -E2BIG);
		/* A byte less, and it is not one too many. */
		make(test, units[i], more.size - 1);
		EXPECT_STATS(test, 0, UNITS);
	}
}

static void without_slab_or_block_nothing_is_done(struct kunit *test)
{
	struct swim_block block = { &block, 4711 };
	const struct swim_slab before = slab;

	KUNIT_EXPECT_EQ(test, swim_slab_alloc(NULL, &block), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_slab_alloc(&slab, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_slab_free(NULL, &block), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_slab_free(&slab, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, memcmp(&slab, &before, sizeof(slab)), 0);
	KUNIT_EXPECT_EQ(test, block.size, 4711UL);
}

static void free_of_the_empty_block_is_nothing_to_do(struct kunit *test)
{
	const struct swim_block empty = {}, somewhere = { memory, 0 };
	const struct swim_slab before = slab;

	EXPECT_FREE(test, empty);
	EXPECT_FREE(test, somewhere);
	KUNIT_EXPECT_EQ(test, memcmp(&slab, &before, sizeof(slab)), 0);
}

static void unit_is_freed_once(struct kunit *test)
{
	unsigned int i;

	/* None has been given out, one has, all have. */
	expect_refused(test, memory, 24);
	taken[0] = get(test);
	EXPECT_FREE(test, taken[0]);
	expect_refused(test, taken[0].addr, 24);
	get_all(test, 100);
	for (i = 0; i < 100; i++) {
		EXPECT_FREE(test, taken[i]);
		expect_refused(test, taken[i].addr, 24);
	}
}

static void foreign_block_is_not_freed(struct kunit *test)
{
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	get_all(test, 100);
	expect_refused(test, page, 24);
	expect_refused(test, NULL, 24);
	expect_refused(test, (void *)ULONG_MAX - 23, 24);
	expect_refused(test, memory - 24, 24);
	/* Behind the last unit, where the row still has bits. */
	expect_refused(test, memory + 100 * 24, 24);
	expect_refused(test, memory + 101 * 24, 24);
}

static void misaligned_block_is_not_freed(struct kunit *test)
{
	unsigned int offset;

	get_all(test, 100);
	for (offset = 1; offset < 24; offset++)
		expect_refused(test, memory + offset, 24);
	expect_refused(test, memory + 99 * 24 + 1, 24);
}

static void block_of_another_size_is_not_freed(struct kunit *test)
{
	static const size_t wrong[] = { 1, 8, 23, 25, 48, 100 * 24, SIZE_MAX };
	unsigned int i;

	get_all(test, 100);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		expect_refused(test, memory, wrong[i]);
}

/* Units are words, 0 as long as nobody has them. */
static void make_words(struct kunit *test, unsigned int units)
{
	make(test, sizeof(u64), units * sizeof(u64));
	memset(memory, 0, sizeof(memory));
}

/**
 * struct taking - what each thread does again and again: take units, and give them back
 * @most: how many at a time
 * @enough: there are as many for each thread
 * @rounds: how often
 */
struct taking {
	unsigned int most;
	bool enough;
	unsigned int rounds;
};

/* Results: 1 given twice, 2 not freed, 3 there was none where there must be one. */
static int take_units(void *arg, unsigned int number)
{
	const struct taking *taking = arg;
	u32 state = swim_random_seed(number), round;
	struct swim_block block[64];
	unsigned int n, want;

	for (round = 0; round < taking->rounds; round++) {
		want = 1 + swim_random(&state) % taking->most;
		for (n = 0; n < want && !swim_slab_alloc(&slab, &block[n]); n++)
			if (xchg((u32 *)block[n].addr, number + 1))
				return 1;
		if (n < want && taking->enough)
			return 3;
		while (n--) {
			if (xchg((u32 *)block[n].addr, 0) != number + 1)
				return 1;
			if (swim_slab_free(&slab, &block[n]))
				return 2;
		}
		if (!(round % 64) && taking->rounds > IN_INTERRUPT)
			cond_resched();
	}
	return 0;
}

static void units_are_got_and_freed_in_interrupts(struct kunit *test)
{
	struct taking taking = { 64, true, IN_INTERRUPT };

	make_words(test, 64);
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, take_units, &taking), 0);
	EXPECT_STATS(test, 0, 64);
}

static void no_unit_is_given_to_two_threads(struct kunit *test)
{
	static const unsigned int totals[] = { 8 * SWIM_WORKERS_MAX, 1000, UNITS };
	struct taking taking = { 8, true, ROUNDS(20000) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(totals); i++) {
		make_words(test, totals[i]);
		KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), take_units, &taking),
				0);
		EXPECT_STATS(test, 0, totals[i]);
		get_all(test, totals[i]);
	}
}

static void as_many_threads_as_units_never_find_it_full(struct kunit *test)
{
	struct taking taking = { 1, true, ROUNDS(50000) };
	unsigned int n;

	for (n = 2; n <= SWIM_WORKERS_MAX; n *= 2) {
		make_words(test, n);
		KUNIT_EXPECT_EQ(test, swim_workers_run(test, n, take_units, &taking), 0);
		EXPECT_STATS(test, 0, n);
	}
}

static void nor_do_they_when_the_units_are_far_apart(struct kunit *test)
{
	struct taking taking = { 1, true, ROUNDS(500000) };
	unsigned int i, n, total;

	/* All units are taken but one of each row. */
	for (n = 2; n <= SWIM_WORKERS_MAX; n *= 2) {
		total = n * BITS_PER_LONG;
		make_words(test, total);
		get_all(test, total);
		for (i = 0; i < total; i++)
			if (number_of(&taken[i]) % BITS_PER_LONG == 17)
				EXPECT_FREE(test, taken[i]);
		EXPECT_STATS(test, total - n, n);
		KUNIT_EXPECT_EQ(test, swim_workers_run(test, n, take_units, &taking), 0);
		EXPECT_STATS(test, total - n, n);
	}
}

static void no_unit_is_lost_when_threads_find_it_full(struct kunit *test)
{
	static const unsigned int totals[] = { 1, 3, 64, 65, 130 };
	struct taking taking = { 64, false, ROUNDS(5000) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(totals); i++) {
		make_words(test, totals[i]);
		KUNIT_EXPECT_EQ(test, swim_workers_run(test, swim_workers(), take_units, &taking),
				0);
		EXPECT_STATS(test, 0, totals[i]);
		get_all(test, totals[i]);
		expect_full(test);
	}
}

static struct kunit_case slab_cases[] = {
	KUNIT_CASE_PARAM(slab_has_as_many_units_as_fit_and_all_are_free, shape_gen_params),
	KUNIT_CASE_PARAM(each_unit_is_given_once_and_then_there_are_no_more, shape_gen_params),
	KUNIT_CASE_PARAM(full_slab_works_again_after_any_one_free, shape_gen_params),
	KUNIT_CASE_PARAM(slab_never_writes_to_its_units, shape_gen_params),
	KUNIT_CASE_PARAM(units_are_freed_in_any_order_and_the_accounts_are_exact,
			 shape_gen_params),
	KUNIT_CASE(unit_is_what_its_last_owner_left),
	KUNIT_CASE(slab_is_made_of_any_bytes),
	KUNIT_CASE(slab_without_a_unit_is_not_made),
	KUNIT_CASE(slab_of_too_many_units_is_not_made),
	KUNIT_CASE(without_slab_or_block_nothing_is_done),
	KUNIT_CASE(free_of_the_empty_block_is_nothing_to_do),
	KUNIT_CASE(unit_is_freed_once),
	KUNIT_CASE(foreign_block_is_not_freed),
	KUNIT_CASE(misaligned_block_is_not_freed),
	KUNIT_CASE(block_of_another_size_is_not_freed),
	KUNIT_CASE(units_are_got_and_freed_in_interrupts),
	KUNIT_CASE(no_unit_is_given_to_two_threads),
	KUNIT_CASE(as_many_threads_as_units_never_find_it_full),
	KUNIT_CASE(nor_do_they_when_the_units_are_far_apart),
	KUNIT_CASE(no_unit_is_lost_when_threads_find_it_full),
	{}
};

static struct kunit_suite slab_suite = {
	.name = "slab",
	.init = slab_init,
	.exit = swim_kunit_exit,
	.test_cases = slab_cases,
};

kunit_test_suite(slab_suite);

MODULE_DESCRIPTION("KUnit suite: slabs");
MODULE_LICENSE("GPL");
