// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buf: an array that grows. Most cases run through each lease that can change one: Raw, Ptr
 * and Mut.
 */
#include <linux/sizes.h>

#include "../../swimmem/alloc/fail.h"
#include "../../swimmem/lease/raw.h"
#include "../interrupt.h"
#include "../kunit.h"

#define NOWAIT		(GFP_NOWAIT | __GFP_NOWARN)

struct number {
	u64 n;
};

struct odd {
	u8 byte[3];
};

struct huge {
	u8 byte[600 * SZ_1K];
};

/* A value with a child in each of the six leases. */
struct owner {
	u64 key;
	struct swim_box raw;
	struct swim_ptr_box ptr;
	struct swim_mut_box mut;
	struct swim_ref_box ref;
	struct swim_hard_box hard;
	struct swim_soft_box soft;
};

#define CHILDREN	5	/* objects: the soft lease is of the hard one */

static atomic_t dropped;

static void owner_drop(void *value)
{
	atomic_inc(&dropped);
}

static SWIM_PLAIN_TYPE(number_type, struct number);
static SWIM_PLAIN_TYPE(odd_type, struct odd);
static SWIM_PLAIN_TYPE(huge_type, struct huge);
static const struct swim_type_ops owner_ops = { .drop = owner_drop };
static SWIM_TYPE_OPS(owner_type, struct owner, &owner_ops, SWIM_PART(raw), SWIM_PART(ptr),
		      SWIM_PART(mut), SWIM_PART(ref), SWIM_PART(hard), SWIM_PART(soft));
static const struct swim_type nothing_type = { .name = "nothing" };
static const struct swim_type oversized_type = { .name = "oversized", .size = SZ_4M };
static const struct swim_type dropping_type = { .name = "dropping", .size = 8, .ops = &owner_ops };

DEFINE_SWIM_SPACE(buf_fixed, 48 * PAGE_SIZE);
DEFINE_SWIM_PACK(buf_pack, SZ_4K);

/* Any lease of a buf through which it can be changed. */
union lease {
	struct swim_buf raw;
	struct swim_ptr_buf ptr;
	struct swim_mut_buf mut;
};

/* How a buf is used through one kind of lease. */
struct way {
	const char *name;
	enum swim_lease_kind kind;
	int (*new)(void *buf, struct swim_hold *hold, const struct swim_type *type, u32 cap,
		   gfp_t gfp);
	int (*copy)(void *buf, struct swim_hold *hold, const struct swim_type *type,
		    const void *values, u32 n, gfp_t gfp);
	u32 (*len)(void *buf);
	u32 (*cap)(void *buf);
	int (*push)(void *buf, void *value, gfp_t gfp);
	int (*append)(void *buf, void *values, u32 n, gfp_t gfp);
	int (*insert)(void *buf, u32 at, void *value, gfp_t gfp);
	int (*remove)(void *buf, u32 at, void *value);
	int (*pop)(void *buf, void *value);
	int (*truncate)(void *buf, u32 len);
	int (*reserve)(void *buf, u32 cap, gfp_t gfp);
	int (*shrink)(void *buf, gfp_t gfp);
	int (*pin)(void *buf, struct swim_slice *slice);
	void (*unpin)(void *buf);
	int (*drop)(void *buf);
};

static void swim_mut_buf_unpin(struct swim_mut_buf *buf)
{
}

#define swim_mut_buf_pin swim_mut_buf_get

#define DEFINE_WAY(_name, _kind, lease)							\
static int _name##_way_new(void *buf, struct swim_hold *hold, const struct swim_type *type, \
			   u32 cap, gfp_t gfp)						\
{											\
	return lease##_new(buf, hold, type, cap, gfp);					\
}											\
											\
static int _name##_way_copy(void *buf, struct swim_hold *hold, const struct swim_type *type, \
			    const void *values, u32 n, gfp_t gfp)			\
{											\
	return lease##_copy(buf, hold, type, values, n, gfp);				\
}											\
											\
static u32 _name##_way_len(void *buf)							\
{											\
	return lease##_len(buf);							\
}											\
											\
static u32 _name##_way_cap(void *buf)							\
{											\
	return lease##_cap(buf);							\
}											\
											\
static int _name##_way_push(void *buf, void *value, gfp_t gfp)				\
{											\
	return lease##_push(buf, value, gfp);						\
}											\
											\
static int _name##_way_append(void *buf, void *values, u32 n, gfp_t gfp)		\
{											\
	return lease##_append(buf, values, n, gfp);					\
}											\
											\
static int _name##_way_insert(void *buf, u32 at, void *value, gfp_t gfp)		\
{											\
	return lease##_insert(buf, at, value, gfp);					\
}											\
											\
static int _name##_way_remove(void *buf, u32 at, void *value)				\
{											\
	return lease##_remove(buf, at, value);						\
}											\
											\
static int _name##_way_pop(void *buf, void *value)					\
{											\
	return lease##_pop(buf, value);							\
}											\
											\
static int _name##_way_truncate(void *buf, u32 len)					\
{											\
	return lease##_truncate(buf, len);						\
}											\
											\
static int _name##_way_reserve(void *buf, u32 cap, gfp_t gfp)				\
{											\
	return lease##_reserve(buf, cap, gfp);						\
}											\
											\
static int _name##_way_shrink(void *buf, gfp_t gfp)					\
{											\
	return lease##_shrink(buf, gfp);						\
}											\
											\
static int _name##_way_pin(void *buf, struct swim_slice *slice)				\
{											\
	return lease##_pin(buf, slice);							\
}											\
											\
static void _name##_way_unpin(void *buf)						\
{											\
	lease##_unpin(buf);								\
}											\
											\
static int _name##_way_drop(void *buf)							\
{											\
	return lease##_drop(buf);							\
}											\
											\
static const struct way _name##_way = {							\
	.name = #_name,									\
	.kind = SWIM_KIND_##_kind,							\
	.new = _name##_way_new,								\
	.copy = _name##_way_copy,							\
	.len = _name##_way_len,								\
	.cap = _name##_way_cap,								\
	.push = _name##_way_push,							\
	.append = _name##_way_append,							\
	.insert = _name##_way_insert,							\
	.remove = _name##_way_remove,							\
	.pop = _name##_way_pop,								\
	.truncate = _name##_way_truncate,						\
	.reserve = _name##_way_reserve,							\
	.shrink = _name##_way_shrink,							\
	.pin = _name##_way_pin,								\
	.unpin = _name##_way_unpin,							\
	.drop = _name##_way_drop,							\
}

DEFINE_WAY(raw, RAW, swim_buf);
DEFINE_WAY(ptr, PTR, swim_ptr_buf);
DEFINE_WAY(mut, MUT, swim_mut_buf);

static const struct way *const ways[] = { &raw_way, &ptr_way, &mut_way };

static void way_name(const struct way *const *way, char *name)
{
	strscpy(name, (*way)->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_name);

static const struct way *way_of(struct kunit *test)
{
	const struct way *const *way = test->param_value;

	return *way;
}

static int buf_init(struct kunit *test)
{
	atomic_set(&dropped, 0);
	return swim_heap_init(test, 0, 0);
}

static void expect_nothing_lives(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).large, 0);
}

/* Bytes of metadata in front of the elements. */
static size_t front(const struct way *way)
{
	return way->kind == SWIM_KIND_RAW ? 0 : SWIM_BUF_FRONT;
}

static void new_numbers(struct kunit *test, void *buf, u32 cap)
{
	KUNIT_ASSERT_EQ(test, way_of(test)->new(buf, heap_hold(test), &number_type, cap,
						GFP_KERNEL), 0);
}

/* Push the numbers @from to @to - 1. */
static void push_numbers(struct kunit *test, void *buf, u64 from, u64 to)
{
	for (; from < to; from++) {
		struct number number = { from };

		KUNIT_ASSERT_EQ(test, way_of(test)->push(buf, &number, GFP_KERNEL), 0);
	}
}

static void *address(struct kunit *test, void *buf)
{
	const struct way *way = way_of(test);
	struct swim_slice slice = {};

	KUNIT_EXPECT_EQ(test, way->pin(buf, &slice), 0);
	if (slice.at)
		way->unpin(buf);
	return slice.at;
}

/* The numbers from 0 on. */
static void expect_numbers(struct kunit *test, void *buf, u32 len)
{
	const struct way *way = way_of(test);
	struct swim_slice slice;
	u32 i, wrong = 0;

	KUNIT_ASSERT_EQ(test, way->pin(buf, &slice), 0);
	KUNIT_EXPECT_EQ(test, slice.len, len);
	for (i = 0; i < slice.len; i++)
		wrong += ((struct number *)swim_slice_at(&slice, i))->n != i;
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	way->unpin(buf);
}

static void new_is_empty_and_has_room(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease buf = {};
	struct swim_slice slice;

	new_numbers(test, &buf, 10);
	KUNIT_EXPECT_EQ(test, way->len(&buf), 0U);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), 10U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + 80);
	KUNIT_ASSERT_EQ(test, way->pin(&buf, &slice), 0);
	KUNIT_EXPECT_EQ(test, slice.len, 0U);
	KUNIT_EXPECT_NULL(test, swim_slice_at(&slice, 0));
	way->unpin(&buf);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	KUNIT_EXPECT_EQ(test, way->len(&buf), 0U);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), 0U);
	expect_nothing_lives(test);
}

static void new_refuses_and_leaves_the_lease_alone(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct swim_hold *hold = heap_hold(test);
	const union lease empty = {};
	union lease buf = {}, before;

	KUNIT_EXPECT_EQ(test, way->new(NULL, hold, &number_type, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->new(&buf, NULL, &number_type, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->new(&buf, hold, NULL, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->new(&buf, hold, &nothing_type, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->new(&buf, hold, &oversized_type, 1, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->new(&buf, hold, &number_type, SZ_2M / 8, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->new(&buf, hold, &number_type, U32_MAX, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->new(&buf, swim_empty_hold(), &number_type, 1, GFP_KERNEL),
			-E2BIG);
	KUNIT_EXPECT_EQ(test, memcmp(&buf, &empty, sizeof(buf)), 0);
	expect_nothing_lives(test);
	new_numbers(test, &buf, 3);
	before = buf;
	KUNIT_EXPECT_EQ(test, way->new(&buf, hold, &number_type, 5, GFP_KERNEL), -EEXIST);
	KUNIT_EXPECT_EQ(test, way->copy(&buf, hold, &number_type, &before, 1, GFP_KERNEL), -EEXIST);
	KUNIT_EXPECT_EQ(test, memcmp(&buf, &before, sizeof(buf)), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
}

static void empty_lease_says_so(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct swim_slice slice;
	struct number number;
	union lease buf = {};

	KUNIT_EXPECT_EQ(test, way->len(&buf), 0U);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), 0U);
	KUNIT_EXPECT_EQ(test, way->push(&buf, &number, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->append(&buf, &number, 1, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->insert(&buf, 0, &number, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->remove(&buf, 0, &number), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->pop(&buf, &number), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->truncate(&buf, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->reserve(&buf, 1, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->shrink(&buf, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->pin(&buf, &slice), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), -ENOENT);
}

static void no_lease_and_no_value_are_refused(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct swim_slice slice;
	struct number number;
	union lease buf = {};

	KUNIT_EXPECT_EQ(test, way->len(NULL), 0U);
	KUNIT_EXPECT_EQ(test, way->cap(NULL), 0U);
	KUNIT_EXPECT_EQ(test, way->push(NULL, &number, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->remove(NULL, 0, &number), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->truncate(NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->reserve(NULL, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->shrink(NULL, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->pin(NULL, &slice), -EINVAL);
	new_numbers(test, &buf, 0);
	push_numbers(test, &buf, 0, 1);
	KUNIT_EXPECT_EQ(test, way->push(&buf, NULL, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->append(&buf, NULL, 2, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->insert(&buf, 0, NULL, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->remove(&buf, 0, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->pop(&buf, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->append(&buf, NULL, 0, GFP_KERNEL), 0);
	expect_numbers(test, &buf, 1);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
}

static void what_is_no_buf_is_refused(struct kunit *test)
{
	struct swim_ptr_box ptr = {};
	struct swim_mut_box mut = {};
	struct swim_slice slice;
	struct swim_box box = {};
	struct swim_raw raw = {};
	struct number number;

	KUNIT_ASSERT_EQ(test, swim_box_new(&box, heap_hold(test), &number_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_box_new(&ptr, heap_hold(test), &number_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_mut_box_new(&mut, heap_hold(test), &number_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 8, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, __swim_buf_pin(&box, SWIM_KIND_RAW, &slice), -EINVAL);
	KUNIT_EXPECT_EQ(test, __swim_buf_pin(&ptr, SWIM_KIND_PTR, &slice), -EINVAL);
	KUNIT_EXPECT_EQ(test, __swim_buf_pin(&mut, SWIM_KIND_MUT, &slice), -EINVAL);
	KUNIT_EXPECT_EQ(test, __swim_buf_splice(&raw, SWIM_KIND_RAW, 0, 0, &number, 1, NULL,
						GFP_KERNEL), -EINVAL);
	/* And none of them is pinned now. */
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_box_drop(&ptr), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void last_in_first_out(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct number number;
	union lease buf = {};
	u64 i;

	new_numbers(test, &buf, 0);
	KUNIT_EXPECT_EQ(test, way->pop(&buf, &number), -ENOENT);
	push_numbers(test, &buf, 0, 100);
	expect_numbers(test, &buf, 100);
	for (i = 100; i--;) {
		KUNIT_ASSERT_EQ(test, way->pop(&buf, &number), 0);
		KUNIT_EXPECT_EQ(test, number.n, i);
		KUNIT_EXPECT_EQ(test, way->len(&buf), i);
	}
	KUNIT_EXPECT_EQ(test, way->pop(&buf, &number), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	expect_nothing_lives(test);
}

static void places_have_bounds(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct number number = { 7 };
	struct swim_slice slice;
	union lease buf = {};

	new_numbers(test, &buf, 0);
	KUNIT_EXPECT_EQ(test, way->remove(&buf, 0, &number), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->insert(&buf, 1, &number, GFP_KERNEL), -EINVAL);
	push_numbers(test, &buf, 0, 3);
	KUNIT_EXPECT_EQ(test, way->insert(&buf, 4, &number, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->insert(&buf, U32_MAX - 1, &number, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->remove(&buf, 3, &number), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->remove(&buf, U32_MAX - 1, &number), -EINVAL);
	KUNIT_EXPECT_EQ(test, number.n, 7ULL);
	expect_numbers(test, &buf, 3);
	number.n = 3;
	KUNIT_EXPECT_EQ(test, way->insert(&buf, 3, &number, GFP_KERNEL), 0);
	expect_numbers(test, &buf, 4);
	KUNIT_ASSERT_EQ(test, way->pin(&buf, &slice), 0);
	KUNIT_EXPECT_PTR_EQ(test, swim_slice_at(&slice, 0), slice.at);
	KUNIT_EXPECT_PTR_EQ(test, swim_slice_at(&slice, 3), slice.at + 24);
	KUNIT_EXPECT_NULL(test, swim_slice_at(&slice, 4));
	KUNIT_EXPECT_NULL(test, swim_slice_at(&slice, U32_MAX));
	way->unpin(&buf);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
}

#define MODEL_MAX	300

/* What is to be in a buf, and how large its elements are. */
struct model {
	const struct swim_type *type;
	u32 len;
	u8 bytes[MODEL_MAX * 8];
};

static void fill(struct model *model, u8 *value, u32 *state)
{
	size_t i;

	for (i = 0; i < model->type->size; i++)
		value[i] = swim_random(state);
}

/* One operation at random, on the buf and on the model. */
static int model_step(const struct way *way, void *buf, struct model *model, u32 *state)
{
	const size_t size = model->type->size;
	u8 value[8 * 8], *at;
	u32 n = swim_random(state) % 8, place, i;
	int err = 0;

	for (i = 0; i < 8; i++)
		fill(model, value + i * size, state);
	switch (swim_random(state) % 16) {
	case 0 ... 3:
		if (model->len == MODEL_MAX)
			return 0;
		memcpy(model->bytes + model->len++ * size, value, size);
		return way->push(buf, value, GFP_ATOMIC);
	case 4 ... 6:
		if (model->len == MODEL_MAX)
			return 0;
		place = swim_random(state) % (model->len + 1);
		at = model->bytes + place * size;
		memmove(at + size, at, (model->len++ - place) * size);
		memcpy(at, value, size);
		return way->insert(buf, place, value, GFP_ATOMIC);
	case 7 ... 8:
		if (!model->len)
			return way->remove(buf, 0, value) == -EINVAL ? 0 : -EDOM;
		place = swim_random(state) % model->len;
		at = model->bytes + place * size;
		err = way->remove(buf, place, value) ?: memcmp(at, value, size);
		memmove(at, at + size, (--model->len - place) * size);
		return err;
	case 9 ... 10:
		if (!model->len)
			return way->pop(buf, value) == -ENOENT ? 0 : -EDOM;
		model->len--;
		return way->pop(buf, value) ?:
		       memcmp(model->bytes + model->len * size, value, size);
	case 11 ... 12:
		if (model->len + n > MODEL_MAX)
			return 0;
		memcpy(model->bytes + model->len * size, value, n * size);
		model->len += n;
		return way->append(buf, value, n, GFP_ATOMIC);
	case 13:
		model->len -= min(model->len, n);
		return way->truncate(buf, model->len);
	case 14:
		return way->reserve(buf, model->len + n * 8, GFP_ATOMIC);
	default:
		return way->shrink(buf, GFP_ATOMIC);
	}
}

static int model_check(const struct way *way, void *buf, const struct model *model)
{
	struct swim_slice slice;
	int err = way->pin(buf, &slice);

	if (err)
		return err;
	err = slice.len != model->len || slice.size != model->type->size ||
	      way->len(buf) != model->len || way->cap(buf) < model->len ||
	      memcmp(slice.at, model->bytes, model->len * slice.size);
	way->unpin(buf);
	return err;
}

static void follow_the_model(struct kunit *test, struct swim_hold *hold, struct swim_pool *pool,
			     const struct swim_type *type)
{
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	const struct way *way = way_of(test);
	u32 state = swim_random_seed(0), i;
	union lease buf = {};

	KUNIT_ASSERT_NOT_NULL(test, model);
	model->type = type;
	KUNIT_ASSERT_EQ(test, way->new(&buf, hold, type, 2, GFP_KERNEL), 0);
	for (i = 0; i < ROUNDS(5000); i++) {
		KUNIT_ASSERT_EQ(test, model_step(way, &buf, model, &state), 0);
		if (pool && i % 100 == 0)
			KUNIT_ASSERT_EQ(test, swim_pool_compact(pool, 100), 0);
		KUNIT_ASSERT_EQ(test, model_check(way, &buf, model), 0);
	}
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
}

static void does_what_an_array_does(struct kunit *test)
{
	follow_the_model(test, heap_hold(test), heap_pool(test), &number_type);
	follow_the_model(test, heap_hold(test), heap_pool(test), &odd_type);
	expect_nothing_lives(test);
}

static void does_the_same_in_a_pool_for_readers(struct kunit *test)
{
	swim_heap_again(test, 0, SWIM_POOL_RCU);
	follow_the_model(test, heap_hold(test), heap_pool(test), &number_type);
	expect_nothing_lives(test);
}

static void does_the_same_in_hunks_of_a_page(struct kunit *test)
{
	struct swim_pool_stats stats;
	struct swim_pool *pool;

	KUNIT_ASSERT_EQ(test, swim_space_add(&buf_fixed), 0);
	pool = swim_pool_create("buf pages", swim_space_heap(&buf_fixed), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	/* Elements of 3 bytes stay in hunks, those of 8 come to extents of their own too. */
	follow_the_model(test, swim_pool_hold(pool), pool, &odd_type);
	follow_the_model(test, swim_pool_hold(pool), pool, &number_type);
	swim_pool_stats(pool, &stats);
	KUNIT_EXPECT_EQ(test, stats.live, 0);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&buf_fixed), 0);
}

static void does_the_same_in_a_pack(struct kunit *test)
{
	/* Two objects of 300 elements, and the holes that come of resettling, which stay. */
	const struct swim_block block = { kunit_kzalloc(test, SZ_4M, GFP_KERNEL), SZ_4M };
	struct swim_pack *pack;

	KUNIT_ASSERT_NOT_NULL(test, block.addr);
	pack = swim_pack_create(&block);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pack));
	follow_the_model(test, swim_pack_hold(pack), NULL, &number_type);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
}

static void a_full_pack_says_so_and_loses_nothing(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct swim_hold *hold = swim_pack_hold(buf_pack);
	struct swim_pack_stats before, after;
	struct number number;
	union lease buf = {};
	u32 cap;
	int err;

	KUNIT_ASSERT_EQ(test, way->new(&buf, hold, &number_type, 0, GFP_KERNEL), 0);
	for (number.n = 0;; number.n++) {
		cap = way->cap(&buf);
		swim_pack_stats(buf_pack, &before);
		err = way->push(&buf, &number, GFP_KERNEL);
		if (err)
			break;
	}
	swim_pack_stats(buf_pack, &after);
	KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(after)), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), cap);
	/* It grew to what was left, not only as far as it could be doubled. */
	KUNIT_EXPECT_LT(test, after.free, (cap + 1) * 8 + front(way) + 16);
	expect_numbers(test, &buf, number.n);
	KUNIT_EXPECT_EQ(test, way->reserve(&buf, SZ_4K / 8, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->insert(&buf, 1, &number, GFP_KERNEL), -ENOMEM);
	expect_numbers(test, &buf, number.n);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	swim_pack_stats(buf_pack, &after);
	KUNIT_EXPECT_EQ(test, after.live, 0);
	KUNIT_EXPECT_EQ(test, after.free, SZ_4K);
}

static void growth_is_amortised(struct kunit *test)
{
	const u32 n = ROUNDS(100000);
	const struct way *way = way_of(test);
	u32 i, cap = 0, grown = 0;
	union lease buf = {};

	new_numbers(test, &buf, 0);
	for (i = 0; i < n; i++) {
		push_numbers(test, &buf, i, i + 1);
		grown += way->cap(&buf) != cap;
		cap = way->cap(&buf);
	}
	KUNIT_EXPECT_LE(test, grown, 16U);
	KUNIT_EXPECT_LE(test, cap, 2 * n);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	expect_numbers(test, &buf, n);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	expect_nothing_lives(test);
}

static void newest_of_its_hunk_grows_in_place(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct swim_raw next = {};
	union lease buf = {};
	void *at;
	u32 len;

	new_numbers(test, &buf, 4);
	at = address(test, &buf);
	push_numbers(test, &buf, 0, 500);
	KUNIT_EXPECT_PTR_EQ(test, address(test, &buf), at);
	KUNIT_EXPECT_EQ(test, way->reserve(&buf, 1000, GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_EQ(test, address(test, &buf), at);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), 1000U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + 8000);
	expect_numbers(test, &buf, 500);
	/* What is not the newest any more settles elsewhere, and leaves nothing behind. */
	KUNIT_ASSERT_EQ(test, swim_raw_new(&next, heap_hold(test), 8, GFP_KERNEL), 0);
	push_numbers(test, &buf, 500, 1000);
	KUNIT_EXPECT_PTR_EQ(test, address(test, &buf), at);
	push_numbers(test, &buf, 1000, 1001);
	KUNIT_EXPECT_PTR_NE(test, address(test, &buf), at);
	len = way->cap(&buf);
	KUNIT_EXPECT_EQ(test, len, 2000U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 2);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + 16000 + 8);
	expect_numbers(test, &buf, 1001);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&next), 0);
	expect_nothing_lives(test);
}

static void reserve_and_shrink_change_the_room_only(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease buf = {};

	new_numbers(test, &buf, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way));
	push_numbers(test, &buf, 0, 10);
	KUNIT_EXPECT_EQ(test, way->reserve(&buf, 100, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), 100U);
	KUNIT_EXPECT_EQ(test, way->reserve(&buf, 50, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), 100U);
	expect_numbers(test, &buf, 10);
	KUNIT_EXPECT_EQ(test, way->shrink(&buf, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), 10U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + 80);
	expect_numbers(test, &buf, 10);
	KUNIT_EXPECT_EQ(test, way->truncate(&buf, 0), 0);
	KUNIT_EXPECT_EQ(test, way->shrink(&buf, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), 0U);
	push_numbers(test, &buf, 0, 3);
	expect_numbers(test, &buf, 3);
	KUNIT_EXPECT_EQ(test, way->reserve(&buf, SZ_2M / 8, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->reserve(&buf, U32_MAX, GFP_KERNEL), -E2BIG);
	expect_numbers(test, &buf, 3);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	expect_nothing_lives(test);
}

static void large_bufs_have_extents_of_their_own(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease buf = {};
	u32 cap;

	new_numbers(test, &buf, 0);
	push_numbers(test, &buf, 0, SZ_16K / 8 + 1);
	KUNIT_EXPECT_EQ(test, heap_stats(test).large, 1);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	push_numbers(test, &buf, SZ_16K / 8 + 1, SZ_128K / 8);
	expect_numbers(test, &buf, SZ_128K / 8);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	expect_numbers(test, &buf, SZ_128K / 8);
	KUNIT_EXPECT_EQ(test, way->truncate(&buf, 100), 0);
	KUNIT_EXPECT_EQ(test, way->shrink(&buf, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).large, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	expect_numbers(test, &buf, 100);
	/* The header of the extent and one tag have to fit as well. */
	for (cap = SZ_2M / 8 - 1; way->reserve(&buf, cap, GFP_KERNEL) == -E2BIG; cap--)
		expect_numbers(test, &buf, 100);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), cap);
	KUNIT_EXPECT_GE(test, cap, SZ_2M / 8 - 16U);
	expect_numbers(test, &buf, 100);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	expect_nothing_lives(test);
}

static void all_that_fits_can_be_pushed(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct huge *huge = kunit_kzalloc(test, sizeof(*huge), GFP_KERNEL);
	union lease buf = {};
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, huge);
	KUNIT_ASSERT_EQ(test, way->new(&buf, heap_hold(test), &huge_type, 0, GFP_KERNEL), 0);
	for (i = 0; i < 3; i++) {
		memset(huge, i + 1, sizeof(*huge));
		KUNIT_ASSERT_EQ(test, way->push(&buf, huge, GFP_KERNEL), 0);
	}
	KUNIT_EXPECT_EQ(test, way->push(&buf, huge, GFP_KERNEL), -E2BIG);
	for (; i--;) {
		KUNIT_ASSERT_EQ(test, way->pop(&buf, huge), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(huge, i + 1, sizeof(*huge)));
	}
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	KUNIT_ASSERT_EQ(test, way->new(&buf, heap_hold(test), &oversized_type, 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->push(&buf, huge, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	expect_nothing_lives(test);
}

static void copy_is_of_the_bytes_of_plain_values(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct swim_hold *hold = heap_hold(test);
	struct number numbers[40];
	struct owner owner = {};
	union lease buf = {};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		numbers[i].n = i;
	KUNIT_EXPECT_EQ(test, way->copy(&buf, hold, &number_type, numbers, 40, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), 40U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + 320);
	numbers[0].n = 99;	/* a copy */
	expect_numbers(test, &buf, 40);
	push_numbers(test, &buf, 40, 50);
	expect_numbers(test, &buf, 50);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	KUNIT_EXPECT_EQ(test, way->copy(&buf, hold, &number_type, NULL, 0, GFP_KERNEL), 0);
	expect_numbers(test, &buf, 0);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	KUNIT_EXPECT_EQ(test, way->copy(&buf, hold, &owner_type, &owner, 1, GFP_KERNEL),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, way->copy(&buf, hold, &dropping_type, &owner, 1, GFP_KERNEL),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, way->copy(&buf, hold, &number_type, NULL, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->copy(&buf, hold, NULL, numbers, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->copy(&buf, NULL, &number_type, numbers, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->copy(NULL, hold, &number_type, numbers, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->copy(&buf, hold, &number_type, numbers, U32_MAX, GFP_KERNEL),
			-E2BIG);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), -ENOENT);
	expect_nothing_lives(test);
}

static void copy_through_a_ref_and_a_hard(struct kunit *test)
{
	const struct number numbers[3] = { { 5 }, { 6 }, { 7 } };
	struct swim_hard_buf hard = {};
	struct swim_ref_buf ref = {};
	struct swim_counts counts;
	struct swim_slice slice;

	KUNIT_ASSERT_EQ(test, swim_ref_buf_copy(&ref, heap_hold(test), &number_type, numbers, 3,
						GFP_KERNEL), 0);
	swim_ref_buf_counts(&ref, &counts);
	KUNIT_EXPECT_EQ(test, counts.hard, 1U);
	KUNIT_EXPECT_EQ(test, counts.ref, 1U);
	KUNIT_ASSERT_EQ(test, swim_ref_buf_get(&ref, &slice), 0);
	KUNIT_EXPECT_EQ(test, slice.len, 3U);
	KUNIT_EXPECT_EQ(test, memcmp(slice.at, numbers, sizeof(numbers)), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_buf_drop(&ref), 0);

	KUNIT_ASSERT_EQ(test, swim_hard_buf_copy(&hard, heap_hold(test), &number_type, numbers, 3,
						 GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_buf_copy(&hard, heap_hold(test), &number_type, numbers, 3,
						 GFP_KERNEL), -EEXIST);
	swim_hard_buf_counts(&hard, &counts);
	KUNIT_EXPECT_EQ(test, counts.hard, 1U);
	KUNIT_EXPECT_EQ(test, counts.ref, 0U);
	KUNIT_EXPECT_FALSE(test, counts.mut);
	KUNIT_ASSERT_EQ(test, swim_hard_buf_poll_into_ref(&ref, &hard), 0);
	KUNIT_ASSERT_EQ(test, swim_ref_buf_get(&ref, &slice), 0);
	KUNIT_EXPECT_EQ(test, slice.len, 3U);
	KUNIT_EXPECT_EQ(test, memcmp(slice.at, numbers, sizeof(numbers)), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_buf_drop(&ref), 0);
	expect_nothing_lives(test);
}

/* Owners: values with children. */

static int leaf_set(struct number *leaf, u64 n)
{
	if (IS_ERR(leaf))
		return PTR_ERR(leaf);
	leaf->n = n;
	return 0;
}

static int owner_make(struct owner *owner, struct swim_hold *hold, u64 key, gfp_t gfp)
{
	struct swim_mut_box mut = {};
	int err;

	*owner = (struct owner){ .key = key };
	err = swim_box_new(&owner->raw, hold, &number_type, gfp) ?:
	      swim_ptr_box_new(&owner->ptr, hold, &number_type, gfp) ?:
	      swim_mut_box_new(&owner->mut, hold, &number_type, gfp) ?:
	      swim_mut_box_new(&mut, hold, &number_type, gfp);
	if (err)
		return err;
	err = leaf_set(swim_box_pin(&owner->raw), key + 1) ?:
	      leaf_set(swim_ptr_box_pin(&owner->ptr), key + 2) ?:
	      leaf_set(swim_mut_box_get(&owner->mut), key + 3) ?:
	      leaf_set(swim_mut_box_get(&mut), key + 4);
	if (err)
		return err;
	swim_box_unpin(&owner->raw);
	swim_ptr_box_unpin(&owner->ptr);
	err = swim_mut_box_into_hard(&owner->hard, &mut) ?:
	      swim_hard_box_poll_into_ref(&owner->ref, &owner->hard) ?:
	      swim_mut_box_new(&mut, hold, &number_type, gfp);
	if (err)
		return err;
	return leaf_set(swim_mut_box_get(&mut), key + 5) ?:
	       swim_mut_box_into_hard(&owner->hard, &mut) ?:
	       swim_hard_box_to_soft(&owner->soft, &owner->hard);
}

static int leaf_is(const struct number *leaf, u64 n)
{
	if (IS_ERR(leaf))
		return PTR_ERR(leaf);
	return leaf->n == n ? 0 : -EDOM;
}

/* Each child is there, and can be used. Nobody else moves the counted ones meanwhile. */
static int owner_check(struct owner *owner, u64 key)
{
	struct swim_ref_box ref = {}, again = {};
	struct swim_counts counts;
	int err;

	if (owner->key != key)
		return -ERANGE;
	err = leaf_is(swim_box_pin(&owner->raw), key + 1) ?:
	      leaf_is(swim_ptr_box_pin(&owner->ptr), key + 2) ?:
	      leaf_is(swim_mut_box_get(&owner->mut), key + 3) ?:
	      leaf_is(swim_ref_box_get(&owner->ref), key + 4) ?:
	      swim_hard_box_poll_to_ref(&ref, &owner->hard) ?:
	      swim_soft_box_poll_to_ref(&again, &owner->soft);
	if (err)
		return err;
	swim_box_unpin(&owner->raw);
	swim_ptr_box_unpin(&owner->ptr);
	swim_hard_box_counts(&owner->hard, &counts);
	return leaf_is(swim_ref_box_get(&ref), key + 5) ?:
	       leaf_is(swim_ref_box_get(&again), key + 5) ?:
	       (counts.hard == 3 && counts.soft == 1 && counts.ref == 2 ? 0 : -EXDEV) ?:
	       swim_ref_box_drop(&ref) ?: swim_ref_box_drop(&again);
}

static void new_owner(struct kunit *test, struct owner *owner, u64 key)
{
	KUNIT_ASSERT_EQ(test, owner_make(owner, heap_hold(test), key, GFP_KERNEL), 0);
}

static void drop_owner(struct kunit *test, struct owner *owner)
{
	KUNIT_EXPECT_EQ(test, swim_box_drop(&owner->raw), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_box_drop(&owner->ptr), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&owner->mut), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&owner->ref), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&owner->hard), 0);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&owner->soft), 0);
}

/* A buf of owners with the keys 0, 100, 200, ... */
static void new_owners(struct kunit *test, void *buf, u32 cap, u32 n)
{
	const struct way *way = way_of(test);
	struct owner owner;
	u32 i;

	KUNIT_ASSERT_EQ(test, way->new(buf, heap_hold(test), &owner_type, cap, GFP_KERNEL), 0);
	for (i = 0; i < n; i++) {
		new_owner(test, &owner, 100 * i);
		KUNIT_ASSERT_EQ(test, way->push(buf, &owner, GFP_KERNEL), 0);
		/* What went in left empty leases. */
		KUNIT_ASSERT_NULL(test, memchr_inv(&owner, 0, sizeof(owner)));
	}
}

static void expect_owners(struct kunit *test, void *buf, const u64 *keys, u32 n)
{
	const struct way *way = way_of(test);
	struct swim_slice slice;
	u32 i;

	KUNIT_ASSERT_EQ(test, way->pin(buf, &slice), 0);
	KUNIT_ASSERT_EQ(test, slice.len, n);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, owner_check(swim_slice_at(&slice, i), keys[i]), 0);
	way->unpin(buf);
}

static void children_in_all_leases_come_along(struct kunit *test)
{
	const struct way *way = way_of(test);
	u64 keys[41];
	struct swim_raw next = {};
	struct owner owner;
	union lease buf = {};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		keys[i] = 100 * i;
	/* Children stand behind the buf, so it settles elsewhere each time it grows. */
	new_owners(test, &buf, 0, 40);
	expect_owners(test, &buf, keys, 40);
	KUNIT_EXPECT_EQ(test, way->remove(&buf, 7, &owner), 0);
	KUNIT_EXPECT_EQ(test, owner_check(&owner, 700), 0);
	memmove(keys + 7, keys + 8, 32 * sizeof(*keys));
	expect_owners(test, &buf, keys, 39);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	expect_owners(test, &buf, keys, 39);
	KUNIT_EXPECT_EQ(test, owner_check(&owner, 700), 0);
	KUNIT_EXPECT_EQ(test, way->insert(&buf, 0, &owner, GFP_KERNEL), 0);
	memmove(keys + 1, keys, 39 * sizeof(*keys));
	keys[0] = 700;
	expect_owners(test, &buf, keys, 40);
	KUNIT_EXPECT_EQ(test, way->shrink(&buf, GFP_KERNEL), 0);
	expect_owners(test, &buf, keys, 40);
	/* The newest grows in place. */
	KUNIT_ASSERT_EQ(test, swim_raw_new(&next, heap_hold(test), 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->reserve(&buf, 50, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->reserve(&buf, 60, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&next), 0);
	expect_owners(test, &buf, keys, 40);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	expect_owners(test, &buf, keys, 40);
	KUNIT_EXPECT_EQ(test, atomic_read(&dropped), 0);
	KUNIT_EXPECT_EQ(test, way->pop(&buf, &owner), 0);
	KUNIT_EXPECT_EQ(test, owner_check(&owner, keys[39]), 0);
	drop_owner(test, &owner);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1L + 39 * CHILDREN);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dropped), 39);
	expect_nothing_lives(test);
}

static void append_moves_all_values_in(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct owner *owners = kunit_kcalloc(test, 5, sizeof(*owners), GFP_KERNEL);
	u64 keys[7];
	union lease buf = {};
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, owners);
	for (i = 0; i < 7; i++)
		keys[i] = 100 * i;
	new_owners(test, &buf, 0, 2);
	for (i = 0; i < 5; i++)
		new_owner(test, &owners[i], 200 + 100 * i);
	KUNIT_EXPECT_EQ(test, way->append(&buf, owners, 5, GFP_KERNEL), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(owners, 0, 5 * sizeof(*owners)));
	expect_owners(test, &buf, keys, 7);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dropped), 7);
	expect_nothing_lives(test);
}

static void truncate_drops_what_is_beyond(struct kunit *test)
{
	const struct way *way = way_of(test);
	const u64 keys[] = { 0, 100, 200 };
	union lease buf = {};
	u32 cap;

	new_owners(test, &buf, 0, 10);
	cap = way->cap(&buf);
	KUNIT_EXPECT_EQ(test, way->truncate(&buf, 11), 0);
	KUNIT_EXPECT_EQ(test, way->truncate(&buf, 10), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dropped), 0);
	KUNIT_EXPECT_EQ(test, way->truncate(&buf, 3), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dropped), 7);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1L + 3 * CHILDREN);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), cap);
	expect_owners(test, &buf, keys, 3);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dropped), 10);
	expect_nothing_lives(test);
}

/* A child that its owner uses; which one of them says @which. */
static void hold_child(struct kunit *test, struct owner *owner, unsigned int which)
{
	if (which)
		KUNIT_ASSERT_FALSE(test, IS_ERR(swim_ptr_box_pin(&owner->ptr)));
	else
		KUNIT_ASSERT_FALSE(test, IS_ERR(swim_box_pin(&owner->raw)));
}

static void let_child_go(struct owner *owner, unsigned int which)
{
	if (which)
		swim_ptr_box_unpin(&owner->ptr);
	else
		swim_box_unpin(&owner->raw);
}

static struct owner *nth_owner(struct kunit *test, void *buf, u32 n)
{
	const struct way *way = way_of(test);
	struct swim_slice slice;

	KUNIT_ASSERT_EQ(test, way->pin(buf, &slice), 0);
	KUNIT_ASSERT_NOT_NULL(test, swim_slice_at(&slice, n));
	way->unpin(buf);
	return swim_slice_at(&slice, n);
}

/* What must be the same when a call was refused. */
struct state {
	void *at;
	u32 len;
	u32 cap;
	long live;
	size_t used;
	union lease lease;
};

static struct state state_of(struct kunit *test, void *buf)
{
	const struct way *way = way_of(test);
	struct swim_pool_stats stats = heap_stats(test);
	struct state state;

	memset(&state, 0, sizeof(state));
	state.at = address(test, buf);
	state.len = way->len(buf);
	state.cap = way->cap(buf);
	state.live = stats.live;
	state.used = stats.used;
	memcpy(&state.lease, buf, way->kind == SWIM_KIND_RAW ? sizeof(struct swim_buf) :
								sizeof(void *));
	return state;
}

static void expect_same_state(struct kunit *test, void *buf, const struct state *before)
{
	struct state now = state_of(test, buf);

	KUNIT_EXPECT_EQ(test, memcmp(&now, before, sizeof(now)), 0);
}

static void refuse_with_child_in_use(struct kunit *test, u32 cap, unsigned int which)
{
	const u64 keys[] = { 0, 100, 200, 300 };
	const struct way *way = way_of(test);
	struct owner *in_buf, owner, out = {};
	struct swim_raw next = {};
	union lease buf = {};
	struct state state;

	new_owners(test, &buf, cap, 4);
	KUNIT_ASSERT_EQ(test, way->shrink(&buf, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, way->reserve(&buf, cap, GFP_KERNEL), 0);
	new_owner(test, &owner, 900);
	/* With a neighbour it has to settle elsewhere to grow, without one it need not. */
	if (cap % 2)
		KUNIT_ASSERT_EQ(test, swim_raw_new(&next, heap_hold(test), 8, GFP_KERNEL), 0);

	/* In the value that comes. */
	state = state_of(test, &buf);
	hold_child(test, &owner, which);
	KUNIT_EXPECT_EQ(test, way->push(&buf, &owner, GFP_KERNEL), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->insert(&buf, 1, &owner, GFP_KERNEL), -EBUSY);
	let_child_go(&owner, which);
	expect_same_state(test, &buf, &state);
	KUNIT_EXPECT_EQ(test, owner_check(&owner, 900), 0);
	expect_owners(test, &buf, keys, 4);

	/* In one that has to make room, or that goes. */
	in_buf = nth_owner(test, &buf, 2);
	hold_child(test, in_buf, which);
	KUNIT_EXPECT_EQ(test, way->insert(&buf, 0, &owner, GFP_KERNEL), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->remove(&buf, 0, &out), -EBUSY);
	KUNIT_EXPECT_NULL(test, memchr_inv(&out, 0, sizeof(out)));
	KUNIT_EXPECT_EQ(test, way->remove(&buf, 2, &out), -EBUSY);
	KUNIT_EXPECT_NULL(test, memchr_inv(&out, 0, sizeof(out)));
	if (cap % 2)
		KUNIT_EXPECT_EQ(test, way->reserve(&buf, 100, GFP_KERNEL), -EBUSY);
	if (cap > 4)
		KUNIT_EXPECT_EQ(test, way->shrink(&buf, GFP_KERNEL), -EBUSY);
	let_child_go(in_buf, which);
	expect_same_state(test, &buf, &state);
	KUNIT_EXPECT_EQ(test, owner_check(&owner, 900), 0);
	expect_owners(test, &buf, keys, 4);

	/* And then it is possible. */
	KUNIT_EXPECT_EQ(test, way->push(&buf, &owner, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	if (cap % 2)
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&next), 0);
	expect_nothing_lives(test);
}

static void a_child_in_use_refuses_and_nothing_changes(struct kunit *test)
{
	unsigned int which;
	u32 cap;

	/* With room, and without. */
	for (which = 0; which < 2; which++)
		for (cap = 4; cap < 8; cap++)
			refuse_with_child_in_use(test, cap, which);
}

static void a_child_in_use_is_leaked_and_reported_by_truncate(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease buf = {};
	struct owner *owner;
	struct number *leaf;

	new_owners(test, &buf, 0, 1);
	owner = nth_owner(test, &buf, 0);
	leaf = swim_box_pin(&owner->raw);
	KUNIT_ASSERT_FALSE(test, IS_ERR(leaf));
	KUNIT_EXPECT_EQ(test, way->truncate(&buf, 0), 0);
	EXPECT_REPORT(test, "while in use");
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 2);
	KUNIT_EXPECT_EQ(test, leaf->n, 1ULL);
	swim_tag_write(swim_tag_of(leaf), swim_tag_sized(SWIM_TAG_HELD, sizeof(*leaf), 0));
	KUNIT_EXPECT_EQ(test, swim_free(leaf), 0);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	expect_nothing_lives(test);
}

static void each_call_has_the_buf_to_itself(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct swim_slice slice, second;
	struct number number = { 3 };
	union lease buf = {};

	if (way->kind == SWIM_KIND_MUT)
		kunit_skip(test, "a Mut needs no pin");
	new_numbers(test, &buf, 3);
	push_numbers(test, &buf, 0, 3);
	KUNIT_ASSERT_EQ(test, way->pin(&buf, &slice), 0);
	KUNIT_EXPECT_EQ(test, way->pin(&buf, &second), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->push(&buf, &number, GFP_KERNEL), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->append(&buf, &number, 1, GFP_KERNEL), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->insert(&buf, 0, &number, GFP_KERNEL), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->remove(&buf, 0, &number), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->pop(&buf, &number), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->truncate(&buf, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->reserve(&buf, 10, GFP_KERNEL), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->shrink(&buf, GFP_KERNEL), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->len(&buf), 3U);
	KUNIT_EXPECT_EQ(test, way->cap(&buf), 3U);
	way->unpin(&buf);
	expect_numbers(test, &buf, 3);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
}

static void elements_of_the_buf_itself_are_refused(struct kunit *test)
{
	struct swim_mut_buf buf = {};
	struct number number;
	struct swim_slice slice;
	u64 i;

	KUNIT_ASSERT_EQ(test, swim_mut_buf_new(&buf, heap_hold(test), &number_type, 4,
					       GFP_KERNEL), 0);
	for (i = 0; i < 4; i++) {
		number.n = i;
		KUNIT_ASSERT_EQ(test, swim_mut_buf_push(&buf, &number, GFP_KERNEL), 0);
	}
	KUNIT_ASSERT_EQ(test, swim_mut_buf_get(&buf, &slice), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_buf_push(&buf, slice.at, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_mut_buf_append(&buf, swim_slice_at(&slice, 3), 1, GFP_KERNEL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, swim_mut_buf_remove(&buf, 1, slice.at), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_mut_buf_len(&buf), 4U);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, ((struct number *)slice.at)[i].n, i);
	KUNIT_EXPECT_EQ(test, swim_mut_buf_drop(&buf), 0);
}

static void move_hands_the_array_over(struct kunit *test)
{
	struct swim_ptr_buf ptr = {}, other_ptr = {};
	struct swim_buf buf = {}, other = {};
	struct number number = { 9 };
	struct swim_slice slice;

	KUNIT_ASSERT_EQ(test, swim_buf_new(&buf, heap_hold(test), &number_type, 5, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_buf_push(&buf, &number, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_buf_move(&other, &buf), 0);
	KUNIT_EXPECT_TRUE(test, swim_buf_is_empty(&buf));
	KUNIT_EXPECT_EQ(test, swim_buf_len(&buf), 0U);
	KUNIT_EXPECT_EQ(test, swim_buf_len(&other), 1U);
	KUNIT_EXPECT_EQ(test, swim_buf_cap(&other), 5U);
	KUNIT_EXPECT_EQ(test, swim_buf_push(&other, &number, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_buf_move(&other, &other), -EEXIST);
	KUNIT_ASSERT_EQ(test, swim_buf_pin(&other, &slice), 0);
	KUNIT_EXPECT_EQ(test, ((struct number *)swim_slice_at(&slice, 1))->n, 9ULL);
	swim_buf_unpin(&other);
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&other), 0);

	KUNIT_ASSERT_EQ(test, swim_ptr_buf_new(&ptr, heap_hold(test), &number_type, 5,
					       GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_buf_push(&ptr, &number, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_buf_move(&other_ptr, &ptr), 0);
	KUNIT_EXPECT_TRUE(test, swim_ptr_buf_is_empty(&ptr));
	KUNIT_EXPECT_EQ(test, swim_ptr_buf_len(&other_ptr), 1U);
	KUNIT_EXPECT_EQ(test, swim_ptr_buf_cap(&other_ptr), 5U);
	KUNIT_EXPECT_EQ(test, swim_ptr_buf_drop(&other_ptr), 0);
	expect_nothing_lives(test);
}

static void hard_soft_and_ref_lead_to_what_a_mut_has_written(struct kunit *test)
{
	struct swim_hard_buf hard = {};
	struct swim_soft_buf soft = {};
	struct swim_ref_buf ref = {};
	struct swim_mut_buf mut = {};
	struct number number;
	struct swim_slice slice;
	u32 i;

	KUNIT_ASSERT_EQ(test, swim_hard_buf_new(&hard, heap_hold(test), &number_type, 0,
						GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_buf_to_soft(&soft, &hard), 0);
	KUNIT_ASSERT_EQ(test, swim_soft_buf_poll_to_mut(&mut, &soft), 0);
	/* It settles elsewhere, and all leases lead there. */
	for (i = 0; i < 5000; i++) {
		number.n = i;
		KUNIT_ASSERT_EQ(test, swim_mut_buf_push(&mut, &number, GFP_KERNEL), 0);
	}
	KUNIT_EXPECT_EQ(test, swim_hard_buf_poll_to_ref(&ref, &hard), -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_mut_buf_drop(&mut), 0);
	KUNIT_ASSERT_EQ(test, swim_soft_buf_poll_to_ref(&ref, &soft), 0);
	KUNIT_ASSERT_EQ(test, swim_ref_buf_get(&ref, &slice), 0);
	KUNIT_EXPECT_EQ(test, slice.len, 5000U);
	for (i = 0; i < slice.len; i++)
		if (((struct number *)swim_slice_at(&slice, i))->n != i)
			KUNIT_FAIL(test, "element %u", i);
	KUNIT_EXPECT_EQ(test, swim_hard_buf_poll_to_mut(&mut, &hard), -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_ref_buf_drop(&ref), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_buf_get(&ref, &slice), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_hard_buf_drop(&hard), 0);
	expect_nothing_lives(test);
	KUNIT_EXPECT_EQ(test, swim_soft_buf_poll_to_mut(&mut, &soft), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_soft_buf_drop(&soft), 0);
}

static void unique_of_a_shared_buf_is_a_buf_of_its_own(struct kunit *test)
{
	const struct number numbers[3] = { { 5 }, { 6 }, { 7 } };
	struct swim_hard_buf hard = {}, other = {};
	struct swim_mut_buf mut = {};
	struct swim_ref_buf ref = {};
	struct number number = { 8 };
	struct swim_slice slice;

	KUNIT_ASSERT_EQ(test, swim_hard_buf_copy(&hard, heap_hold(test), &number_type, numbers, 3,
						 GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_buf_clone(&other, &hard), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_buf_to_unique(&mut, &hard, NULL, GFP_KERNEL), -EINVAL);
	KUNIT_ASSERT_EQ(test, swim_hard_buf_to_unique(&mut, &hard, heap_hold(test), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, 2UL * (SWIM_BUF_FRONT + 24));
	KUNIT_ASSERT_EQ(test, swim_mut_buf_push(&mut, &number, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_mut_buf_get(&mut, &slice), 0);
	KUNIT_EXPECT_EQ(test, slice.len, 4U);
	KUNIT_EXPECT_EQ(test, memcmp(slice.at, numbers, sizeof(numbers)), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_buf_poll_to_ref(&ref, &other), 0);
	KUNIT_ASSERT_EQ(test, swim_ref_buf_get(&ref, &slice), 0);
	KUNIT_EXPECT_EQ(test, slice.len, 3U);
	KUNIT_EXPECT_EQ(test, memcmp(slice.at, numbers, sizeof(numbers)), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_buf_drop(&ref), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_buf_drop(&mut), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_buf_drop(&other), 0);
	expect_nothing_lives(test);
}

#define MANY	100

static void bufs_move_with_all_that_they_own(struct kunit *test)
{
	const u64 keys[] = { 0, 100 };
	const struct way *way = way_of(test);
	union lease *bufs = kunit_kcalloc(test, MANY, sizeof(*bufs), GFP_KERNEL);
	struct swim_raw *gaps = kunit_kcalloc(test, MANY, sizeof(*gaps), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, bufs);
	KUNIT_ASSERT_NOT_NULL(test, gaps);
	for (i = 0; i < MANY; i++) {
		KUNIT_ASSERT_EQ(test, swim_raw_new(&gaps[i], heap_hold(test), 4000, GFP_KERNEL), 0);
		new_owners(test, &bufs[i], 2 + i % 5, 2);
	}
	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_EQ(test, swim_raw_drop(&gaps[i]), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	/* A Mut stays where it is, and so do the mut and ref children of all. */
	KUNIT_EXPECT_GE(test, heap_stats(test).moves.moved,
			way->kind == SWIM_KIND_MUT ? 2ULL * MANY : 3ULL * MANY);
	for (i = 0; i < MANY; i++) {
		expect_owners(test, &bufs[i], keys, 2);
		KUNIT_EXPECT_EQ(test, way->cap(&bufs[i]), 2 + i % 5);
		KUNIT_EXPECT_EQ(test, way->drop(&bufs[i]), 0);
	}
	expect_nothing_lives(test);
}

/* The calls that may need memory. */
enum call {
	NEW,
	COPY,
	PUSH,
	APPEND,
	INSERT,
	RESERVE,
	SHRINK,
	CALLS,
};

#define FAILING	2048	/* elements: 16 KiB, so each request is for an extent */

static int do_call(const struct way *way, enum call call, void *buf, void *other,
		   struct swim_hold *hold, struct number *numbers)
{
	switch (call) {
	case NEW:
		return way->new(other, hold, &number_type, FAILING + 1, NOWAIT);
	case COPY:
		return way->copy(other, hold, &number_type, numbers, FAILING + 1, NOWAIT);
	case PUSH:
		return way->push(buf, numbers, NOWAIT);
	case APPEND:
		return way->append(buf, numbers, 3, NOWAIT);
	case INSERT:
		return way->insert(buf, 0, numbers, NOWAIT);
	case RESERVE:
		return way->reserve(buf, 2 * FAILING, NOWAIT);
	default:
		return way->shrink(buf, NOWAIT);
	}
}

/* Let the @n-th request fail, or all from there on; false when there were not that many. */
static bool fail_call(struct kunit *test, enum call call, unsigned long n, bool on)
{
	struct number *numbers = kunit_kcalloc(test, FAILING + 1, sizeof(*numbers), GFP_KERNEL);
	const struct way *way = way_of(test);
	union lease buf = {}, other = {};
	const union lease empty = {};
	unsigned long asked;
	struct state state;
	u32 len = FAILING;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, numbers);
	if (call == SHRINK)
		len = FAILING + 1;
	new_numbers(test, &buf, call == SHRINK ? 2 * FAILING : FAILING);
	push_numbers(test, &buf, 0, len);
	state = state_of(test, &buf);
	if (on)
		swim_fail_from(n);
	else
		swim_fail_nth(n);
	err = do_call(way, call, &buf, &other, heap_hold(test), numbers);
	asked = swim_fail_count();
	swim_fail_nth(0);
	if (err) {
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		expect_same_state(test, &buf, &state);
		expect_numbers(test, &buf, len);
		KUNIT_EXPECT_EQ(test, memcmp(&other, &empty, sizeof(other)), 0);
	} else {
		KUNIT_EXPECT_EQ(test, way->len(&buf), len + (call == PUSH || call == INSERT) +
				3 * (call == APPEND));
	}
	/* All from the first on can only fail. */
	KUNIT_EXPECT_TRUE(test, err || n > 1 || !on);
	if (call <= COPY && !err)
		KUNIT_EXPECT_EQ(test, way->drop(&other), 0);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	kunit_kfree(test, numbers);
	expect_nothing_lives(test);
	return asked >= n;
}

static void out_of_memory_changes_nothing(struct kunit *test)
{
	unsigned long n;
	enum call call;

	for (call = 0; call < CALLS; call++) {
		for (n = 1; fail_call(test, call, n, false); n++)
			;
		/* At least one request was there to fail. */
		KUNIT_EXPECT_GE(test, n, 2UL);
		for (n = 1; fail_call(test, call, n, true); n++)
			;
	}
}

static void out_of_memory_with_children_loses_none(struct kunit *test)
{
	const u64 keys[] = { 0, 100, 200, 300 };
	const struct way *way = way_of(test);
	struct swim_raw *fill = kunit_kcalloc(test, 64, sizeof(*fill), GFP_KERNEL);
	union lease buf = {};
	struct owner owner;
	struct state state;
	u32 i, n = 0;

	KUNIT_ASSERT_NOT_NULL(test, fill);
	swim_heap_again(test, SZ_2M, 0);
	new_owners(test, &buf, 0, 4);
	new_owner(test, &owner, 900);
	/* Let there be no room, neither in hunks nor for one. */
	swim_fail_from(1);
	for (i = SZ_8K; i >= 8; i /= 2)
		while (n < 64 && !swim_raw_new(&fill[n], heap_hold(test), i, NOWAIT))
			n++;
	KUNIT_EXPECT_LT(test, n, 64U);
	state = state_of(test, &buf);
	KUNIT_EXPECT_EQ(test, way->push(&buf, &owner, NOWAIT), -ENOMEM);
	KUNIT_EXPECT_EQ(test, way->insert(&buf, 2, &owner, NOWAIT), -ENOMEM);
	KUNIT_EXPECT_EQ(test, way->reserve(&buf, 50, NOWAIT), -ENOMEM);
	expect_same_state(test, &buf, &state);
	swim_fail_nth(0);
	expect_owners(test, &buf, keys, 4);
	KUNIT_EXPECT_EQ(test, owner_check(&owner, 900), 0);
	KUNIT_EXPECT_EQ(test, way->push(&buf, &owner, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->drop(&buf), 0);
	while (n--)
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&fill[n]), 0);
	expect_nothing_lives(test);
}

/* What interrupts and threads do with a buf of their own. */
struct life {
	const struct way *way;
	struct swim_pool *pool;
	unsigned int rounds;
	atomic_t running;
};

/* Results: which check failed. */
static int owners_life(const struct way *way, struct swim_hold *hold)
{
	struct swim_slice slice;
	union lease buf = {};
	struct owner owner;
	u32 i;

	if (way->new(&buf, hold, &owner_type, 0, GFP_ATOMIC))
		return 1;
	for (i = 0; i < 6; i++)
		if (owner_make(&owner, hold, 10 * i, GFP_ATOMIC) ||
		    way->insert(&buf, 0, &owner, GFP_ATOMIC))
			return 2;
	if (way->remove(&buf, 2, &owner) || owner_check(&owner, 30) ||
	    way->push(&buf, &owner, GFP_ATOMIC))
		return 3;
	if (way->reserve(&buf, 20, GFP_ATOMIC) || way->shrink(&buf, GFP_ATOMIC))
		return 4;
	if (way->pin(&buf, &slice) || slice.len != 6 ||
	    owner_check(swim_slice_at(&slice, 5), 30))
		return 5;
	way->unpin(&buf);
	if (way->truncate(&buf, 2) || way->len(&buf) != 2 || way->drop(&buf))
		return 6;
	return 0;
}

/* Too large for a stack. */
static struct model life_model[SWIM_WORKERS_MAX];

static int life_of(struct life *life, unsigned int number, u32 seed)
{
	struct swim_hold *hold = swim_pool_hold(life->pool);
	struct model *model = &life_model[number];
	u32 state = swim_random_seed(seed), i;
	union lease buf = {};
	int err;

	model->type = &odd_type;
	model->len = 0;
	err = life->way->new(&buf, hold, &odd_type, 0, GFP_ATOMIC) ? 10 : 0;
	for (i = 0; !err && i < life->rounds; i++) {
		err = model_step(life->way, &buf, model, &state) ? 11 : 0;
		if (!err && model_check(life->way, &buf, model))
			err = 12;
	}
	return err ?: life->way->drop(&buf) ? 13 : 0;
}

static int interrupted(void *arg, unsigned int number)
{
	struct life *life = arg;

	return owners_life(life->way, swim_pool_hold(life->pool)) ?: life_of(life, 0, 0);
}

static void all_calls_work_in_interrupts(struct kunit *test)
{
	struct life life = { .way = way_of(test), .pool = heap_pool(test), .rounds = 50 };

	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, interrupted, &life), 0);
	expect_nothing_lives(test);
}

/* Soft and hard children may be with a mover at any time: these are checked at the end. */
static int racing_worker(void *arg, unsigned int number)
{
	struct life *life = arg;
	int err = 0;
	u32 i;

	if (!number) {
		while (atomic_read(&life->running)) {
			swim_pool_compact(life->pool, 100);
			cond_resched();
		}
		return 0;
	}
	for (i = 0; !err && i < ROUNDS(100); i++) {
		err = life_of(life, number, number + i);
		cond_resched();
	}
	atomic_dec(&life->running);
	return err;
}

static void workers_change_bufs_that_move(struct kunit *test)
{
	const unsigned int workers = swim_workers();
	struct life life = { .way = way_of(test), .pool = heap_pool(test), .rounds = 100 };

	atomic_set(&life.running, workers - 1);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, workers, racing_worker, &life), 0);
	expect_nothing_lives(test);
}

/* Bufs of bufs, which settle elsewhere while a mover moves what they own. */
struct nest {
	struct swim_buf raw;
	struct swim_ptr_buf ptr;
};

static SWIM_TYPE(nest_type, struct nest, SWIM_PART(raw), SWIM_PART(ptr));

static int nest_step(struct swim_ptr_buf *buf, struct swim_hold *hold, u32 *state)
{
	struct number number = { 77 };
	struct swim_slice slice, leaves;
	struct nest nest = {}, *at;
	u32 place;
	int err;

	switch (swim_random(state) % 3) {
	case 0:
		if (swim_ptr_buf_len(buf) > 30)
			return swim_ptr_buf_truncate(buf, 3);
		err = swim_buf_new(&nest.raw, hold, &number_type, 1, GFP_KERNEL) ?:
		      swim_ptr_buf_new(&nest.ptr, hold, &number_type, 1, GFP_KERNEL);
		place = swim_random(state) % (swim_ptr_buf_len(buf) + 1);
		return err ?: swim_ptr_buf_insert(buf, place, &nest, GFP_KERNEL);
	case 1:
		if (swim_ptr_buf_len(buf) < 3)
			return 0;
		place = swim_random(state) % swim_ptr_buf_len(buf);
		return swim_ptr_buf_remove(buf, place, &nest) ?: swim_buf_drop(&nest.raw) ?:
		       swim_ptr_buf_drop(&nest.ptr);
	default:
		err = swim_ptr_buf_pin(buf, &slice);
		at = err ? NULL : swim_slice_at(&slice, swim_random(state) % (slice.len + 1));
		if (at) {
			err = swim_buf_push(&at->raw, &number, GFP_KERNEL) ?:
			      swim_ptr_buf_push(&at->ptr, &number, GFP_KERNEL) ?:
			      swim_ptr_buf_pin(&at->ptr, &leaves);
			if (!err) {
				if (leaves.len != swim_buf_len(&at->raw) ||
				    ((struct number *)leaves.at)[leaves.len - 1].n != 77)
					err = -EDOM;
				swim_ptr_buf_unpin(&at->ptr);
			}
		}
		swim_ptr_buf_unpin(buf);
		return err;
	}
}

static int nest_worker(void *arg, unsigned int number)
{
	struct life *life = arg;
	struct swim_hold *hold = swim_pool_hold(life->pool);
	u32 state = swim_random_seed(number), i;
	struct swim_ptr_buf buf = {};
	int err;

	if (!number)
		return racing_worker(arg, 0);
	err = swim_ptr_buf_new(&buf, hold, &nest_type, 0, GFP_KERNEL);
	for (i = 0; !err && i < ROUNDS(20000); i++) {
		err = nest_step(&buf, hold, &state);
		cond_resched();
	}
	err = err ?: swim_ptr_buf_drop(&buf);
	atomic_dec(&life->running);
	return err;
}

static void bufs_of_bufs_settle_while_they_move(struct kunit *test)
{
	const unsigned int workers = swim_workers();
	struct life life = { .pool = heap_pool(test) };

	atomic_set(&life.running, workers - 1);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, workers, nest_worker, &life), 0);
	expect_nothing_lives(test);
}

static struct kunit_case buf_cases[] = {
	KUNIT_CASE_PARAM(new_is_empty_and_has_room, way_gen_params),
	KUNIT_CASE_PARAM(new_refuses_and_leaves_the_lease_alone, way_gen_params),
	KUNIT_CASE_PARAM(empty_lease_says_so, way_gen_params),
	KUNIT_CASE_PARAM(no_lease_and_no_value_are_refused, way_gen_params),
	KUNIT_CASE(what_is_no_buf_is_refused),
	KUNIT_CASE_PARAM(last_in_first_out, way_gen_params),
	KUNIT_CASE_PARAM(places_have_bounds, way_gen_params),
	KUNIT_CASE_PARAM(does_what_an_array_does, way_gen_params),
	KUNIT_CASE_PARAM(does_the_same_in_a_pool_for_readers, way_gen_params),
	KUNIT_CASE_PARAM(does_the_same_in_hunks_of_a_page, way_gen_params),
	KUNIT_CASE_PARAM(does_the_same_in_a_pack, way_gen_params),
	KUNIT_CASE_PARAM(a_full_pack_says_so_and_loses_nothing, way_gen_params),
	KUNIT_CASE_PARAM(growth_is_amortised, way_gen_params),
	KUNIT_CASE_PARAM(newest_of_its_hunk_grows_in_place, way_gen_params),
	KUNIT_CASE_PARAM(reserve_and_shrink_change_the_room_only, way_gen_params),
	KUNIT_CASE_PARAM(large_bufs_have_extents_of_their_own, way_gen_params),
	KUNIT_CASE_PARAM(all_that_fits_can_be_pushed, way_gen_params),
	KUNIT_CASE_PARAM(copy_is_of_the_bytes_of_plain_values, way_gen_params),
	KUNIT_CASE(copy_through_a_ref_and_a_hard),
	KUNIT_CASE_PARAM(children_in_all_leases_come_along, way_gen_params),
	KUNIT_CASE_PARAM(append_moves_all_values_in, way_gen_params),
	KUNIT_CASE_PARAM(truncate_drops_what_is_beyond, way_gen_params),
	KUNIT_CASE_PARAM(a_child_in_use_refuses_and_nothing_changes, way_gen_params),
	KUNIT_CASE_PARAM(a_child_in_use_is_leaked_and_reported_by_truncate, way_gen_params),
	KUNIT_CASE_PARAM(each_call_has_the_buf_to_itself, way_gen_params),
	KUNIT_CASE(elements_of_the_buf_itself_are_refused),
	KUNIT_CASE(move_hands_the_array_over),
	KUNIT_CASE(hard_soft_and_ref_lead_to_what_a_mut_has_written),
	KUNIT_CASE(unique_of_a_shared_buf_is_a_buf_of_its_own),
	KUNIT_CASE_PARAM(bufs_move_with_all_that_they_own, way_gen_params),
	KUNIT_CASE_PARAM(out_of_memory_changes_nothing, way_gen_params),
	KUNIT_CASE_PARAM(out_of_memory_with_children_loses_none, way_gen_params),
	KUNIT_CASE_PARAM(all_calls_work_in_interrupts, way_gen_params),
	KUNIT_CASE_PARAM(workers_change_bufs_that_move, way_gen_params),
	KUNIT_CASE(bufs_of_bufs_settle_while_they_move),
	{}
};

static struct kunit_suite buf_suite = {
	.name = "buf",
	.init = buf_init,
	.exit = swim_heap_exit,
	.test_cases = buf_cases,
};

kunit_test_suite(buf_suite);

MODULE_DESCRIPTION("KUnit: arrays of swimmem");
MODULE_LICENSE("GPL");
