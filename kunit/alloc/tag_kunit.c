// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of swimmem/alloc/tag.h: what stands in front of an object, in every state.
 */
#include "../kunit.h"
#include "../../swimmem/alloc/tag.h"

static const enum swim_tag_state states[] = {
	SWIM_TAG_DEAD, SWIM_TAG_HELD, SWIM_TAG_TAKEN, SWIM_TAG_VISITED, SWIM_TAG_NOTHING,
};

static const unsigned long pages[] = { 0, SWIM_TAG_APART };

/* No state at all. */
#define SWIM_TAG_NONE	(~0U)

/* As an object stands in memory. */
struct tagged {
	char front[SWIM_TAG_SLOT - sizeof(long)];
	unsigned long tag;
	u64 object[2];
} __aligned(8);

static void expect_is_only(struct kunit *test, unsigned long value, enum swim_tag_state state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		KUNIT_EXPECT_EQ(test, swim_tag_is(value, states[i]), states[i] == state);
}

static void tag_stands_in_the_word_in_front_of_the_object(struct kunit *test)
{
	struct tagged it;

	KUNIT_EXPECT_PTR_EQ(test, swim_tag_of(it.object), &it.tag);
	KUNIT_EXPECT_PTR_EQ(test, swim_tag_object(&it.tag), (void *)it.object);
	KUNIT_EXPECT_EQ(test, SWIM_TAG_SLOT, 8);
}

static void sized_tag_tells_state_size_and_page(struct kunit *test)
{
	unsigned int s, p;
	size_t size;

	for (s = 0; s < ARRAY_SIZE(states); s++) {
		for (p = 0; p < ARRAY_SIZE(pages); p++) {
			for (size = 0; size <= SZ_2M; size = size < SZ_64K ? size + 8 : size * 2) {
				unsigned long value = swim_tag_sized(states[s], size, pages[p]);

				KUNIT_ASSERT_EQ(test, swim_tag_kind(value), SWIM_TAG_SIZED);
				KUNIT_ASSERT_EQ(test, swim_tag_size(value), size);
				KUNIT_ASSERT_EQ(test, value & SWIM_TAG_APART, pages[p]);
				KUNIT_ASSERT_TRUE(test, swim_tag_is(value, states[s]));
				KUNIT_ASSERT_FALSE(test, swim_tag_is_owned(value));
			}
			expect_is_only(test, swim_tag_sized(states[s], 64, pages[p]), states[s]);
		}
	}
}

static void sized_tag_holds_sizes_below_8_mib_and_nothing_above(struct kunit *test)
{
	const size_t most = SZ_8M - 8;
	unsigned long value = swim_tag_sized(SWIM_TAG_HELD, most, SWIM_TAG_APART);
	unsigned int bit;

	KUNIT_EXPECT_TRUE(test, swim_tag_is(value, SWIM_TAG_HELD));
	KUNIT_EXPECT_EQ(test, swim_tag_size(value), most);
	for (bit = SWIM_TAG_SIZED_BITS; bit < BITS_PER_LONG; bit++)
		KUNIT_EXPECT_FALSE(test, swim_tag_is(value | 1UL << bit, SWIM_TAG_HELD));
}

static const enum swim_tag_kind owned[] = { SWIM_TAG_OWNED, SWIM_TAG_INNER, SWIM_TAG_COUNTED };

static void owned_tag_tells_who_owns_it_and_how(struct kunit *test)
{
	static struct swim_raw leases[4];
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(leases); i++) {
		for (k = 0; k < ARRAY_SIZE(owned); k++) {
			unsigned long value = swim_tag_owned(&leases[i], owned[k]);

			KUNIT_EXPECT_EQ(test, swim_tag_kind(value), owned[k]);
			KUNIT_EXPECT_PTR_EQ(test, swim_tag_slot(value), (void *)&leases[i]);
			KUNIT_EXPECT_TRUE(test, swim_tag_is_owned(value));
			KUNIT_EXPECT_FALSE(test, swim_tag_is_dropping(value));
			expect_is_only(test, value, SWIM_TAG_NONE);
		}
	}
}

static void dropping_tag_tells_the_parents_lease_and_its_kind(struct kunit *test)
{
	static struct swim_raw parent;
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(owned); k++) {
		unsigned long value = swim_tag_dropping(&parent, owned[k]);

		KUNIT_EXPECT_EQ(test, swim_tag_kind(value) + 1, (unsigned int)owned[k]);
		KUNIT_EXPECT_PTR_EQ(test, swim_tag_slot(value), (void *)&parent);
		KUNIT_EXPECT_TRUE(test, swim_tag_is_dropping(value));
		KUNIT_EXPECT_FALSE(test, swim_tag_is_owned(value));
		expect_is_only(test, value, SWIM_TAG_NONE);
	}
	KUNIT_EXPECT_NULL(test, swim_tag_slot(swim_tag_dropping(NULL, SWIM_TAG_OWNED)));
}

static void what_is_written_is_what_is_read(struct kunit *test)
{
	static struct swim_raw lease;
	const unsigned long values[] = {
		swim_tag_sized(SWIM_TAG_DEAD, 0, 0),
		swim_tag_sized(SWIM_TAG_HELD, 16, 0),
		swim_tag_sized(SWIM_TAG_TAKEN, SZ_16K, 0),
		swim_tag_sized(SWIM_TAG_VISITED, SZ_1M, SWIM_TAG_APART),
		swim_tag_owned(&lease, SWIM_TAG_OWNED),
		swim_tag_owned(&lease, SWIM_TAG_INNER),
		swim_tag_owned(&lease, SWIM_TAG_COUNTED),
		swim_tag_owned(&lease, SWIM_TAG_OWNED) ^ SWIM_TAG_PIN,
		swim_tag_dropping(NULL, SWIM_TAG_OWNED),
		swim_tag_dropping(&lease, SWIM_TAG_COUNTED),
	};
	struct tagged it = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		swim_tag_write(&it.tag, values[i]);
		KUNIT_EXPECT_EQ(test, swim_tag_read(&it.tag), values[i]);
		KUNIT_EXPECT_NE(test, it.tag, 0UL);
		/* The kind is plain, so that 0 is no written tag whatever the secret. */
		KUNIT_EXPECT_EQ(test, it.tag & SWIM_TAG_KIND, values[i] & SWIM_TAG_KIND);
	}
	KUNIT_EXPECT_EQ(test, it.object[0], 0ULL);
}

static void unwritten_is_0_and_nothing_else_is(struct kunit *test)
{
	struct tagged it = {};

	KUNIT_EXPECT_EQ(test, swim_tag_read(&it.tag), (unsigned long)SWIM_TAG_UNWRITTEN);
	KUNIT_EXPECT_EQ(test, (unsigned long)SWIM_TAG_UNWRITTEN, 0UL);
	expect_is_only(test, SWIM_TAG_UNWRITTEN, SWIM_TAG_NONE);
	KUNIT_EXPECT_FALSE(test, swim_tag_is_owned(SWIM_TAG_UNWRITTEN));
	/* The smallest of each kind that is written. */
	KUNIT_EXPECT_NE(test, swim_tag_sized(0, 0, 0), 0UL);
	KUNIT_EXPECT_NE(test, swim_tag_owned(NULL, SWIM_TAG_OWNED), 0UL);
	KUNIT_EXPECT_NE(test, swim_tag_dropping(NULL, SWIM_TAG_OWNED), 0UL);
}

/* Of an address four bits are mixed into 32: the same again 128 bytes further on. */
#define AS_FAR(n)	(BITS_PER_LONG == 32 && (n) * sizeof(struct tagged) % 128 == 0)

static void tag_copied_to_another_address_makes_no_sense_there(struct kunit *test)
{
	static struct swim_raw lease;
	static struct tagged it[512];
	unsigned int i, s, n, wrong = 0;

	for (s = 0; s < ARRAY_SIZE(states); s++) {
		swim_tag_write(&it[0].tag, swim_tag_sized(states[s], 64, 0));
		for (i = 1; i < ARRAY_SIZE(it); i++) {
			it[i].tag = it[0].tag;
			if (AS_FAR(i))
				continue;
			for (n = 0; n < ARRAY_SIZE(states); n++)
				wrong += swim_tag_is(swim_tag_read(&it[i].tag), states[n]);
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	/* One that names the owner makes sense, but the owner does not know the object. */
	swim_tag_write(&it[0].tag, swim_tag_dropping(&lease, SWIM_TAG_OWNED));
	for (i = 1; i < ARRAY_SIZE(it); i++) {
		it[i].tag = it[0].tag;
		if (AS_FAR(i))
			continue;
		KUNIT_EXPECT_PTR_NE(test, swim_tag_slot(swim_tag_read(&it[i].tag)), &lease);
	}
}

static void plain_value_in_memory_makes_no_sense(struct kunit *test)
{
	static struct swim_raw lease;
	struct tagged it;

	/* What an attacker, or an overflow, would write without the secret. */
	it.tag = swim_tag_owned(&lease, SWIM_TAG_OWNED);
	KUNIT_EXPECT_PTR_NE(test, swim_tag_slot(swim_tag_read(&it.tag)), &lease);
	memset(&it.tag, swim_nonsense(it.object), sizeof(it.tag));
	expect_is_only(test, swim_tag_read(&it.tag), 0);
}

static void try_changes_the_tag_only_from_what_it_should_be(struct kunit *test)
{
	const unsigned long held = swim_tag_sized(SWIM_TAG_HELD, 16, 0);
	const unsigned long dead = swim_tag_sized(SWIM_TAG_DEAD, 16, 0);
	struct tagged it = {};

	swim_tag_write(&it.tag, held);
	KUNIT_EXPECT_FALSE(test, swim_tag_try(&it.tag, dead, held));
	KUNIT_EXPECT_FALSE(test, swim_tag_try(&it.tag, swim_tag_sized(SWIM_TAG_HELD, 24, 0), dead));
	KUNIT_EXPECT_EQ(test, swim_tag_read(&it.tag), held);
	KUNIT_EXPECT_TRUE(test, swim_tag_try(&it.tag, held, dead));
	KUNIT_EXPECT_EQ(test, swim_tag_read(&it.tag), dead);
	KUNIT_EXPECT_FALSE(test, swim_tag_try(&it.tag, held, dead));
}

static struct kunit_case tag_cases[] = {
	KUNIT_CASE(tag_stands_in_the_word_in_front_of_the_object),
	KUNIT_CASE(sized_tag_tells_state_size_and_page),
	KUNIT_CASE(sized_tag_holds_sizes_below_8_mib_and_nothing_above),
	KUNIT_CASE(owned_tag_tells_who_owns_it_and_how),
	KUNIT_CASE(dropping_tag_tells_the_parents_lease_and_its_kind),
	KUNIT_CASE(what_is_written_is_what_is_read),
	KUNIT_CASE(unwritten_is_0_and_nothing_else_is),
	KUNIT_CASE(tag_copied_to_another_address_makes_no_sense_there),
	KUNIT_CASE(plain_value_in_memory_makes_no_sense),
	KUNIT_CASE(try_changes_the_tag_only_from_what_it_should_be),
	{}
};

static struct kunit_suite tag_suite = {
	.name = "tag",
	.init = swim_kunit_init,
	.exit = swim_kunit_exit,
	.test_cases = tag_cases,
};

kunit_test_suite(tag_suite);

MODULE_DESCRIPTION("KUnit suite: tags");
MODULE_LICENSE("GPL");
