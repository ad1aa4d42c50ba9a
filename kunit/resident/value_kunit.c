// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of <swimmem/value.h>, and of struct swim_type_ops as far as it is about values
 * and what stands beside them.
 */
#include "../interrupt.h"

/* Equal, and in order, by the key alone. */
struct keyed {
	u32 key;
	u32 noise;
};

static bool keyed_equal(const void *a, const void *b)
{
	return ((const struct keyed *)a)->key == ((const struct keyed *)b)->key;
}

static int keyed_compare(const void *a, const void *b)
{
	const u32 x = ((const struct keyed *)a)->key, y = ((const struct keyed *)b)->key;

	return x < y ? -1 : x > y;
}

static u32 keyed_hash(const void *value, u32 seed)
{
	return seed * 31 + ((const struct keyed *)value)->key;
}

static const struct swim_type_ops keyed_ops = {
	.equal = keyed_equal, .compare = keyed_compare, .hash = keyed_hash,
};

struct owner {
	struct swim_box box;
};

static SWIM_PLAIN_TYPE_OPS(keyed_type, struct keyed, &keyed_ops);
static SWIM_PLAIN_TYPE(bytes_type, struct keyed);
static SWIM_TYPE(owner_type, struct owner, SWIM_PART(box));

static int value_init(struct kunit *test)
{
	return swim_heap_init(test, SZ_4M, 0);
}

/* A box of each kind through which it can be read. */
struct boxes {
	struct swim_box raw;
	struct swim_ptr_box ptr;
	struct swim_mut_box mut;
	struct swim_ref_box ref;
};

static void boxes_make(struct kunit *test, struct boxes *boxes, const struct swim_type *type,
		       u32 key, u32 noise)
{
	const struct keyed value = { key, noise };
	struct swim_hard_box hard = {};
	struct keyed *at;

	*boxes = (struct boxes){};
	KUNIT_ASSERT_EQ(test, swim_box_new(&boxes->raw, heap_hold(test), type, GFP_KERNEL), 0);
	at = swim_box_pin(&boxes->raw);
	*at = value;
	swim_box_unpin(&boxes->raw);
	KUNIT_ASSERT_EQ(test, swim_ptr_box_new(&boxes->ptr, heap_hold(test), type, GFP_KERNEL), 0);
	at = swim_ptr_box_pin(&boxes->ptr);
	*at = value;
	swim_ptr_box_unpin(&boxes->ptr);
	KUNIT_ASSERT_EQ(test, swim_mut_box_new(&boxes->mut, heap_hold(test), type, GFP_KERNEL), 0);
	at = swim_mut_box_get(&boxes->mut);
	*at = value;
	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&hard, heap_hold(test), type, GFP_KERNEL), 0);
	{
		struct swim_mut_box mut = {};

		KUNIT_ASSERT_EQ(test, swim_hard_box_poll_into_mut(&mut, &hard), 0);
		at = swim_mut_box_get(&mut);
		*at = value;
		KUNIT_ASSERT_EQ(test, swim_mut_box_into_hard(&hard, &mut), 0);
	}
	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_into_ref(&boxes->ref, &hard), 0);
}

static void boxes_drop(struct kunit *test, struct boxes *boxes)
{
	KUNIT_EXPECT_EQ(test, swim_box_drop(&boxes->raw), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_box_drop(&boxes->ptr), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&boxes->mut), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&boxes->ref), 0);
}

/* What each kind of lease says: all the same. */
static int boxes_equal(const struct boxes *a, const struct boxes *b)
{
	const int equal = swim_box_equal(&a->raw, &b->raw);

	if (swim_ptr_box_equal(&a->ptr, &b->ptr) != equal ||
	    swim_mut_box_equal(&a->mut, &b->mut) != equal ||
	    swim_ref_box_equal(&a->ref, &b->ref) != equal)
		return 4711;
	return equal;
}

static int boxes_compare(const struct boxes *a, const struct boxes *b)
{
	int raw, ptr, mut, ref;

	if (swim_box_compare(&a->raw, &b->raw, &raw) ||
	    swim_ptr_box_compare(&a->ptr, &b->ptr, &ptr) ||
	    swim_mut_box_compare(&a->mut, &b->mut, &mut) ||
	    swim_ref_box_compare(&a->ref, &b->ref, &ref) ||
	    ptr != raw || mut != raw || ref != raw)
		return 4711;
	return raw;
}

static u32 boxes_hash(struct kunit *test, const struct boxes *boxes, u32 seed)
{
	u32 raw = 0, other = 0;

	KUNIT_EXPECT_EQ(test, swim_box_hash(&boxes->raw, seed, &raw), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_box_hash(&boxes->ptr, seed, &other), 0);
	KUNIT_EXPECT_EQ(test, other, raw);
	KUNIT_EXPECT_EQ(test, swim_mut_box_hash(&boxes->mut, seed, &other), 0);
	KUNIT_EXPECT_EQ(test, other, raw);
	KUNIT_EXPECT_EQ(test, swim_ref_box_hash(&boxes->ref, seed, &other), 0);
	KUNIT_EXPECT_EQ(test, other, raw);
	return raw;
}

static void boxes_are_compared_as_their_type_tells(struct kunit *test)
{
	struct boxes one, same, two;

	boxes_make(test, &one, &keyed_type, 1, 100);
	boxes_make(test, &same, &keyed_type, 1, 200);
	boxes_make(test, &two, &keyed_type, 2, 100);
	KUNIT_EXPECT_EQ(test, boxes_equal(&one, &same), 1);
	KUNIT_EXPECT_EQ(test, boxes_equal(&one, &two), 0);
	KUNIT_EXPECT_EQ(test, boxes_compare(&one, &same), 0);
	KUNIT_EXPECT_EQ(test, boxes_compare(&one, &two), -1);
	KUNIT_EXPECT_EQ(test, boxes_compare(&two, &one), 1);
	KUNIT_EXPECT_EQ(test, boxes_hash(test, &one, 7), boxes_hash(test, &same, 7));
	KUNIT_EXPECT_NE(test, boxes_hash(test, &one, 7), boxes_hash(test, &two, 7));
	KUNIT_EXPECT_NE(test, boxes_hash(test, &one, 7), boxes_hash(test, &one, 8));
	boxes_drop(test, &one);
	boxes_drop(test, &same);
	boxes_drop(test, &two);
}

static void a_type_that_tells_nothing_is_compared_by_its_bytes(struct kunit *test)
{
	struct boxes one, same, other;
	int order;

	boxes_make(test, &one, &bytes_type, 1, 100);
	boxes_make(test, &same, &bytes_type, 1, 100);
	boxes_make(test, &other, &bytes_type, 1, 200);
	KUNIT_EXPECT_EQ(test, boxes_equal(&one, &same), 1);
	KUNIT_EXPECT_EQ(test, boxes_equal(&one, &other), 0);
	KUNIT_EXPECT_EQ(test, boxes_hash(test, &one, 0), boxes_hash(test, &same, 0));
	KUNIT_EXPECT_NE(test, boxes_hash(test, &one, 0), boxes_hash(test, &other, 0));
	KUNIT_EXPECT_EQ(test, swim_box_compare(&one.raw, &same.raw, &order), -EOPNOTSUPP);
	boxes_drop(test, &one);
	boxes_drop(test, &same);
	boxes_drop(test, &other);
}

static void bufs_are_compared_as_words_are(struct kunit *test)
{
	static const u32 keys[][3] = { { 1, 2, 3 }, { 1, 2, 4 }, { 1, 2, 0 } };
	static const u32 lens[] = { 3, 3, 2 };
	struct swim_buf buf[ARRAY_SIZE(keys)] = {};
	struct swim_ptr_buf ptr[ARRAY_SIZE(keys)] = {};
	unsigned int i, n;
	u32 hash[3];
	int order;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		KUNIT_ASSERT_EQ(test, swim_buf_new(&buf[i], heap_hold(test), &keyed_type, i,
						   GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_ptr_buf_new(&ptr[i], heap_hold(test), &keyed_type, i,
						       GFP_KERNEL), 0);
		for (n = 0; n < lens[i]; n++) {
			struct keyed value = { keys[i][n], i };

			KUNIT_ASSERT_EQ(test, swim_buf_push(&buf[i], &value, GFP_KERNEL), 0);
			KUNIT_ASSERT_EQ(test, swim_ptr_buf_push(&ptr[i], &value, GFP_KERNEL), 0);
		}
		KUNIT_EXPECT_EQ(test, swim_buf_hash(&buf[i], 1, &hash[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, swim_buf_equal(&buf[0], &buf[0]), 1);
	KUNIT_EXPECT_EQ(test, swim_buf_equal(&buf[0], &buf[1]), 0);
	KUNIT_EXPECT_EQ(test, swim_buf_equal(&buf[0], &buf[2]), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_buf_equal(&ptr[0], &ptr[0]), 1);
	KUNIT_EXPECT_EQ(test, swim_ptr_buf_equal(&ptr[0], &ptr[2]), 0);
	KUNIT_EXPECT_EQ(test, swim_buf_compare(&buf[0], &buf[1], &order), 0);
	KUNIT_EXPECT_EQ(test, order, -1);
	KUNIT_EXPECT_EQ(test, swim_ptr_buf_compare(&ptr[0], &ptr[2], &order), 0);
	KUNIT_EXPECT_EQ(test, order, 1);
	KUNIT_EXPECT_EQ(test, swim_buf_compare(&buf[2], &buf[0], &order), 0);
	KUNIT_EXPECT_EQ(test, order, -1);
	KUNIT_EXPECT_EQ(test, swim_buf_compare(&buf[2], &buf[2], &order), 0);
	KUNIT_EXPECT_EQ(test, order, 0);
	KUNIT_EXPECT_NE(test, hash[0], hash[1]);
	KUNIT_EXPECT_NE(test, hash[0], hash[2]);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf[i]), 0);
		KUNIT_EXPECT_EQ(test, swim_ptr_buf_drop(&ptr[i]), 0);
	}
}

static void what_cannot_be_compared_is_refused(struct kunit *test)
{
	struct swim_box empty = {}, keyed = {}, bytes = {}, owner = {};
	int order;
	u32 hash;

	KUNIT_ASSERT_EQ(test, swim_box_new(&keyed, heap_hold(test), &keyed_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_box_new(&bytes, heap_hold(test), &bytes_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_box_new(&owner, heap_hold(test), &owner_type, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_box_equal(&empty, &keyed), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_box_equal(&keyed, &empty), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_box_equal(&keyed, &bytes), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_box_equal(NULL, &bytes), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_box_equal(&owner, &owner), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, swim_box_compare(&empty, &keyed, &order), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_box_compare(&keyed, &bytes, &order), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_box_compare(&keyed, &keyed, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_box_compare(&owner, &owner, &order), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, swim_box_hash(&empty, 0, &hash), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_box_hash(&keyed, 0, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_box_hash(&owner, 0, &hash), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&keyed), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&bytes), 0);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&owner), 0);
}

struct label {
	u32 color;
	char name[9];
};

static const struct swim_type_ops labelled_ops = { .user = sizeof(struct label) };
static SWIM_PLAIN_TYPE_OPS(labelled_type, struct keyed, &labelled_ops);

static struct label *label_of(void *payload)
{
	return swim_user(payload, &labelled_type);
}

static void user_metadata_stands_beside_a_box(struct kunit *test)
{
	struct swim_ptr_box ptr = {}, clone = {};
	struct swim_mut_box mut = {};
	struct swim_hard_box hard = {};
	struct swim_ref_box ref = {};
	struct keyed *value;

	KUNIT_ASSERT_EQ(test, swim_ptr_box_new(&ptr, heap_hold(test), &labelled_type,
					       GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_mut_box_new(&mut, heap_hold(test), &labelled_type,
					       GFP_KERNEL), 0);
	value = swim_ptr_box_pin(&ptr);
	KUNIT_EXPECT_NULL(test, memchr_inv(value, 0, sizeof(*value)));
	KUNIT_EXPECT_NULL(test, memchr_inv(label_of(value), 0, sizeof(struct label)));
	*value = (struct keyed){ 1, 2 };
	*label_of(value) = (struct label){ 3, "ptr label" };
	swim_ptr_box_unpin(&ptr);
	value = swim_mut_box_get(&mut);
	*value = (struct keyed){ 4, 5 };
	*label_of(value) = (struct label){ 6, "mut label" };
	KUNIT_EXPECT_EQ(test, swim_mut_box_into_hard(&hard, &mut), 0);

	/* Moved by the pool, moved by us, cloned: it comes along. */
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_box_stow(&ptr, heap_hold(test), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_box_clone(&clone, &ptr, heap_hold(test), GFP_KERNEL), 0);
	value = swim_ptr_box_pin(&clone);
	KUNIT_EXPECT_EQ(test, value->key + 10 * value->noise, 21U);
	KUNIT_EXPECT_EQ(test, label_of(value)->color, 3U);
	KUNIT_EXPECT_EQ(test, memcmp(label_of(value)->name, "ptr label", 9), 0);
	swim_ptr_box_unpin(&clone);
	KUNIT_EXPECT_EQ(test, swim_hard_box_poll_into_ref(&ref, &hard), 0);
	KUNIT_EXPECT_EQ(test, label_of((void *)swim_ref_box_get(&ref))->color, 6U);
	KUNIT_EXPECT_EQ(test, ((const struct keyed *)swim_ref_box_get(&ref))->key, 4U);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_box_drop(&ptr), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_box_drop(&clone), 0);
}

static void user_metadata_stands_beside_a_buf_that_grows(struct kunit *test)
{
	struct keyed value = {};
	struct swim_ptr_buf buf = {};
	struct swim_slice slice;
	void *wall;
	u32 n;

	KUNIT_ASSERT_EQ(test, swim_ptr_buf_new(&buf, heap_hold(test), &labelled_type, 0,
					       GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_buf_pin(&buf, &slice), 0);
	*label_of(slice.at) = (struct label){ 7, "buf label" };
	swim_ptr_buf_unpin(&buf);
	for (n = 0; n < 1000; n++) {
		value.key = n;
		KUNIT_ASSERT_EQ(test, swim_ptr_buf_push(&buf, &value, GFP_KERNEL), 0);
		/* So that it cannot grow where it is. */
		wall = swim_alloc(heap_hold(test), 8, GFP_KERNEL);
		KUNIT_ASSERT_EQ(test, swim_free(wall), 0);
		if (n % 100)
			continue;
		KUNIT_ASSERT_EQ(test, swim_ptr_buf_shrink(&buf, GFP_KERNEL), 0);
	}
	KUNIT_ASSERT_EQ(test, swim_ptr_buf_pin(&buf, &slice), 0);
	KUNIT_EXPECT_EQ(test, label_of(slice.at)->color, 7U);
	KUNIT_EXPECT_EQ(test, memcmp(label_of(slice.at)->name, "buf label", 9), 0);
	for (n = 0; n < slice.len; n++)
		KUNIT_EXPECT_EQ(test, ((struct keyed *)swim_slice_at(&slice, n))->key, n);
	KUNIT_EXPECT_EQ(test, slice.len, 1000U);
	swim_ptr_buf_unpin(&buf);
	KUNIT_EXPECT_EQ(test, swim_ptr_buf_drop(&buf), 0);
}

static int compare_here(void *arg, unsigned int number)
{
	const struct boxes *boxes = arg;

	return boxes_equal(&boxes[0], &boxes[1]) != 1 || boxes_compare(&boxes[0], &boxes[1]);
}

static void all_works_in_every_context(struct kunit *test)
{
	static struct boxes boxes[2];

	boxes_make(test, &boxes[0], &keyed_type, 1, 100);
	boxes_make(test, &boxes[1], &keyed_type, 1, 200);
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, compare_here, boxes), 0);
	boxes_drop(test, &boxes[0]);
	boxes_drop(test, &boxes[1]);
}

static struct kunit_case value_cases[] = {
	KUNIT_CASE(boxes_are_compared_as_their_type_tells),
	KUNIT_CASE(a_type_that_tells_nothing_is_compared_by_its_bytes),
	KUNIT_CASE(bufs_are_compared_as_words_are),
	KUNIT_CASE(what_cannot_be_compared_is_refused),
	KUNIT_CASE(user_metadata_stands_beside_a_box),
	KUNIT_CASE(user_metadata_stands_beside_a_buf_that_grows),
	KUNIT_CASE(all_works_in_every_context),
	{}
};

static struct kunit_suite value_suite = {
	.name = "value",
	.init = value_init,
	.exit = swim_heap_exit,
	.test_cases = value_cases,
};

kunit_test_suite(value_suite);

MODULE_DESCRIPTION("KUnit suite: equality, order, hash");
MODULE_LICENSE("GPL");
