// SPDX-License-Identifier: GPL-2.0-only
/*
 * String: a text that grows. Most cases run through each lease that can change one: Raw, Ptr
 * and Mut.
 */
#include <linux/jhash.h>
#include <linux/sizes.h>

#include "../../swimmem/alloc/fail.h"
#include "../interrupt.h"
#include "../kunit.h"

#define NOWAIT		(GFP_NOWAIT | __GFP_NOWARN)

DEFINE_SWIM_SPACE(string_fixed, 48 * PAGE_SIZE);
DEFINE_SWIM_PACK(string_pack, SZ_4K);

struct character {
	char c;
};

/* A value that owns texts. */
struct person {
	u64 key;
	struct swim_string name;
	struct swim_ptr_string town;
	struct swim_hard_string shared;
};

static SWIM_PLAIN_TYPE(character_type, struct character);
static SWIM_TYPE(person_type, struct person, SWIM_PART(name), SWIM_PART(town), SWIM_PART(shared));

/* Any lease of a text through which it can be changed. */
union lease {
	struct swim_string raw;
	struct swim_ptr_string ptr;
	struct swim_mut_string mut;
};

/* How a text is used through one kind of lease. */
struct way {
	const char *name;
	enum swim_lease_kind kind;
	int (*new)(void *string, struct swim_hold *hold, u32 cap, gfp_t gfp);
	int (*from)(void *string, struct swim_hold *hold, const char *text, gfp_t gfp);
	int (*from_bytes)(void *string, struct swim_hold *hold, const char *bytes, size_t n,
			  gfp_t gfp);
	int (*from_utf8)(void *string, struct swim_hold *hold, const char *bytes, size_t n,
			 gfp_t gfp);
	u32 (*len)(const void *string);
	u32 (*cap)(const void *string);
	int (*append)(void *string, const char *text, gfp_t gfp);
	int (*append_bytes)(void *string, const char *bytes, size_t n, gfp_t gfp);
	int (*append_utf8)(void *string, const char *bytes, size_t n, gfp_t gfp);
	int (*vprintf)(void *string, gfp_t gfp, const char *fmt, va_list args) __printf(3, 0);
	int (*truncate)(void *string, u32 len);
	int (*reserve)(void *string, u32 cap, gfp_t gfp);
	int (*shrink)(void *string, gfp_t gfp);
	int (*compare)(const void *a, const void *b);
	bool (*equal)(const void *a, const void *b);
	u32 (*hash)(const void *string, u32 seed);
	ssize_t (*copy_to)(const void *string, char *to, size_t size);
	char *(*pin)(void *string, u32 *len);
	void (*unpin)(void *string);
	int (*drop)(void *string);
};

static void swim_mut_string_unpin(struct swim_mut_string *string)
{
}

#define swim_mut_string_pin swim_mut_string_get

#define DEFINE_WAY(_name, _kind, lease)							\
static int _name##_way_new(void *string, struct swim_hold *hold, u32 cap, gfp_t gfp)	\
{											\
	return lease##_new(string, hold, cap, gfp);					\
}											\
											\
static int _name##_way_from(void *string, struct swim_hold *hold, const char *text,	\
			    gfp_t gfp)							\
{											\
	return lease##_from(string, hold, text, gfp);					\
}											\
											\
static int _name##_way_from_bytes(void *string, struct swim_hold *hold, const char *bytes, \
				  size_t n, gfp_t gfp)					\
{											\
	return lease##_from_bytes(string, hold, bytes, n, gfp);				\
}											\
											\
static int _name##_way_from_utf8(void *string, struct swim_hold *hold, const char *bytes, \
				 size_t n, gfp_t gfp)					\
{											\
	return lease##_from_utf8(string, hold, bytes, n, gfp);				\
}											\
											\
static u32 _name##_way_len(const void *string)						\
{											\
	return lease##_len(string);							\
}											\
											\
static u32 _name##_way_cap(const void *string)						\
{											\
	return lease##_cap(string);							\
}											\
											\
static int _name##_way_append(void *string, const char *text, gfp_t gfp)		\
{											\
	return lease##_append(string, text, gfp);					\
}											\
											\
static int _name##_way_append_bytes(void *string, const char *bytes, size_t n, gfp_t gfp) \
{											\
	return lease##_append_bytes(string, bytes, n, gfp);				\
}											\
											\
static int _name##_way_append_utf8(void *string, const char *bytes, size_t n, gfp_t gfp) \
{											\
	return lease##_append_utf8(string, bytes, n, gfp);				\
}											\
											\
static __printf(3, 0) int _name##_way_vprintf(void *string, gfp_t gfp, const char *fmt,	\
					      va_list args)				\
{											\
	return lease##_vprintf(string, gfp, fmt, args);					\
}											\
											\
static int _name##_way_truncate(void *string, u32 len)					\
{											\
	return lease##_truncate(string, len);						\
}											\
											\
static int _name##_way_reserve(void *string, u32 cap, gfp_t gfp)			\
{											\
	return lease##_reserve(string, cap, gfp);					\
}											\
											\
static int _name##_way_shrink(void *string, gfp_t gfp)					\
{											\
	return lease##_shrink(string, gfp);						\
}											\
											\
static int _name##_way_compare(const void *a, const void *b)				\
{											\
	return lease##_compare(a, b);							\
}											\
											\
static bool _name##_way_equal(const void *a, const void *b)				\
{											\
	return lease##_equal(a, b);							\
}											\
											\
static u32 _name##_way_hash(const void *string, u32 seed)				\
{											\
	return lease##_hash(string, seed);						\
}											\
											\
static ssize_t _name##_way_copy_to(const void *string, char *to, size_t size)		\
{											\
	return lease##_copy_to(string, to, size);					\
}											\
											\
static char *_name##_way_pin(void *string, u32 *len)					\
{											\
	return lease##_pin(string, len);						\
}											\
											\
static void _name##_way_unpin(void *string)						\
{											\
	lease##_unpin(string);								\
}											\
											\
static int _name##_way_drop(void *string)						\
{											\
	return lease##_drop(string);							\
}											\
											\
static const struct way _name##_way = {							\
	.name = #_name,									\
	.kind = SWIM_KIND_##_kind,							\
	.new = _name##_way_new,								\
	.from = _name##_way_from,							\
	.from_bytes = _name##_way_from_bytes,						\
	.from_utf8 = _name##_way_from_utf8,						\
	.len = _name##_way_len,								\
	.cap = _name##_way_cap,								\
	.append = _name##_way_append,							\
	.append_bytes = _name##_way_append_bytes,					\
	.append_utf8 = _name##_way_append_utf8,						\
	.vprintf = _name##_way_vprintf,							\
	.truncate = _name##_way_truncate,						\
	.reserve = _name##_way_reserve,							\
	.shrink = _name##_way_shrink,							\
	.compare = _name##_way_compare,							\
	.equal = _name##_way_equal,							\
	.hash = _name##_way_hash,							\
	.copy_to = _name##_way_copy_to,							\
	.pin = _name##_way_pin,								\
	.unpin = _name##_way_unpin,							\
	.drop = _name##_way_drop,							\
}

DEFINE_WAY(raw, RAW, swim_string);
DEFINE_WAY(ptr, PTR, swim_ptr_string);
DEFINE_WAY(mut, MUT, swim_mut_string);

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

static __printf(3, 4) int way_printf(const struct way *way, void *string, const char *fmt, ...)
{
	va_list args;
	int err;

	va_start(args, fmt);
	err = way->vprintf(string, GFP_ATOMIC, fmt, args);
	va_end(args);
	return err;
}

static int string_init(struct kunit *test)
{
	return swim_heap_init(test, 0, 0);
}

static void expect_nothing_lives(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).large, 0);
}

/* Bytes of metadata in front of the text. */
static size_t front(const struct way *way)
{
	return way->kind == SWIM_KIND_RAW ? 0 : SWIM_BUF_FRONT;
}

static void new_text(struct kunit *test, void *string, const char *text)
{
	KUNIT_ASSERT_EQ(test, way_of(test)->from(string, heap_hold(test), text, GFP_KERNEL), 0);
}

/* The text is this one, and zero from its end on. */
static int check_text(const struct way *way, void *string, const char *expected, u32 n)
{
	u32 len, cap = way->cap(string);
	char *text = way->pin(string, &len);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = len != n || way->len(string) != n || cap < n || memcmp(text, expected, n) ||
	      memchr_inv(text + n, 0, cap + 1 - n) ? -EDOM : 0;
	way->unpin(string);
	return err;
}

static void expect_text(struct kunit *test, void *string, const char *expected)
{
	KUNIT_EXPECT_EQ(test, check_text(way_of(test), string, expected, strlen(expected)), 0);
}

static void new_is_empty_and_has_room(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease string = {};

	KUNIT_ASSERT_EQ(test, way->new(&string, heap_hold(test), 10, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->len(&string), 0U);
	KUNIT_EXPECT_EQ(test, way->cap(&string), 10U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + 16);
	expect_text(test, &string, "");
	KUNIT_EXPECT_EQ(test, way->append(&string, "0123456789", GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&string), 10U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + 16);
	expect_text(test, &string, "0123456789");
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	KUNIT_ASSERT_EQ(test, way->new(&string, heap_hold(test), 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&string), 0U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + 8);
	expect_text(test, &string, "");
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	expect_nothing_lives(test);
}

static void from_is_a_copy_that_fits(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct swim_hold *hold = heap_hold(test);
	union lease string = {};
	char text[] = "swim and mem";

	KUNIT_ASSERT_EQ(test, way->from(&string, hold, text, GFP_KERNEL), 0);
	text[0] = 'S';
	expect_text(test, &string, "swim and mem");
	KUNIT_EXPECT_EQ(test, way->cap(&string), 12U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + 16);
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	KUNIT_ASSERT_EQ(test, way->from_bytes(&string, hold, text, 4, GFP_KERNEL), 0);
	expect_text(test, &string, "Swim");
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	KUNIT_ASSERT_EQ(test, way->from(&string, hold, "", GFP_KERNEL), 0);
	expect_text(test, &string, "");
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	KUNIT_ASSERT_EQ(test, way->from_bytes(&string, hold, NULL, 0, GFP_KERNEL), 0);
	expect_text(test, &string, "");
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	expect_nothing_lives(test);
}

static void new_refuses_and_leaves_the_lease_alone(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct swim_hold *hold = heap_hold(test);
	const union lease empty = {};
	union lease string = {}, before;

	KUNIT_EXPECT_EQ(test, way->new(NULL, hold, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->new(&string, NULL, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->new(&string, hold, SZ_2M, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->new(&string, hold, U32_MAX, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->new(&string, swim_empty_hold(), 0, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->from(NULL, hold, "a", GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->from(&string, NULL, "a", GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->from(&string, hold, NULL, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->from_bytes(&string, hold, NULL, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->from_bytes(&string, hold, "a\0b", 3, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->from_bytes(&string, hold, "a", SZ_2M, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->from_bytes(&string, hold, "a", SIZE_MAX, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, memcmp(&string, &empty, sizeof(string)), 0);
	expect_nothing_lives(test);
	new_text(test, &string, "a");
	before = string;
	KUNIT_EXPECT_EQ(test, way->new(&string, hold, 5, GFP_KERNEL), -EEXIST);
	KUNIT_EXPECT_EQ(test, way->from(&string, hold, "abc", GFP_KERNEL), -EEXIST);
	KUNIT_EXPECT_EQ(test, memcmp(&string, &before, sizeof(string)), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	expect_text(test, &string, "a");
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
}

static void empty_lease_says_so(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease string = {};
	char out[4] = "xyz";

	KUNIT_EXPECT_EQ(test, way->len(&string), 0U);
	KUNIT_EXPECT_EQ(test, way->cap(&string), 0U);
	KUNIT_EXPECT_EQ(test, way->append(&string, "a", GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->append(&string, "", GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, way_printf(way, &string, "%d", 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->truncate(&string, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->reserve(&string, 1, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->shrink(&string, GFP_KERNEL), -ENOENT);
	EXPECT_ERR_PTR(test, way->pin(&string, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, way->copy_to(&string, out, sizeof(out)), (ssize_t)-ENOENT);
	KUNIT_EXPECT_STREQ(test, out, "xyz");
	KUNIT_EXPECT_EQ(test, way->drop(&string), -ENOENT);
}

static void no_lease_and_no_text_are_refused(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease string = {};
	const char *no_format = NULL;

	KUNIT_EXPECT_EQ(test, way->len(NULL), 0U);
	KUNIT_EXPECT_EQ(test, way->cap(NULL), 0U);
	KUNIT_EXPECT_EQ(test, way->append(NULL, "a", GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way_printf(way, NULL, "a"), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->truncate(NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->reserve(NULL, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->shrink(NULL, GFP_KERNEL), -EINVAL);
	EXPECT_ERR_PTR(test, way->pin(NULL, NULL), -EINVAL);
	new_text(test, &string, "text");
	KUNIT_EXPECT_EQ(test, way->append(&string, NULL, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->append_bytes(&string, NULL, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way_printf(way, &string, no_format), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->append_bytes(&string, NULL, 0, GFP_KERNEL), 0);
	expect_text(test, &string, "text");
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
}

static void bytes_are_no_text_and_a_text_no_buf(struct kunit *test)
{
	struct character c = { 'x' };
	struct swim_string string = {};
	struct swim_slice slice;
	struct swim_buf buf = {};
	struct swim_raw raw = {};
	u32 len;

	KUNIT_ASSERT_EQ(test, swim_string_from(&string, heap_hold(test), "text", GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_buf_push(&string.buf, &c, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_buf_pin(&string.buf, &slice), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_string_drop(&string), 0);
	KUNIT_ASSERT_EQ(test, swim_buf_new(&buf, heap_hold(test), &character_type, 4,
					   GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, __swim_string_append(&buf, SWIM_KIND_RAW, "a", 1, false,
						   GFP_KERNEL), -EINVAL);
	EXPECT_ERR_PTR(test, __swim_string_pin(&buf, SWIM_KIND_RAW, &len), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&buf), 0);
	KUNIT_ASSERT_EQ(test, swim_raw_new(&raw, heap_hold(test), 4, GFP_KERNEL), 0);
	EXPECT_ERR_PTR(test, __swim_string_pin(&raw, SWIM_KIND_RAW, &len), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void append_adds_at_the_end(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease string = {};

	KUNIT_ASSERT_EQ(test, way->new(&string, heap_hold(test), 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->append(&string, "one", GFP_KERNEL), 0);
	expect_text(test, &string, "one");
	KUNIT_EXPECT_EQ(test, way->append(&string, "", GFP_KERNEL), 0);
	expect_text(test, &string, "one");
	KUNIT_EXPECT_EQ(test, way->append_bytes(&string, ", two, three", 5, GFP_KERNEL), 0);
	expect_text(test, &string, "one, two");
	KUNIT_EXPECT_EQ(test, way->append(&string, ", and a text that needs more room",
					  GFP_KERNEL), 0);
	expect_text(test, &string, "one, two, and a text that needs more room");
	KUNIT_EXPECT_EQ(test, way->append_bytes(&string, "a\0", 2, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->append_bytes(&string, "\0", 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->append_bytes(&string, "a", SIZE_MAX, GFP_KERNEL), -E2BIG);
	expect_text(test, &string, "one, two, and a text that needs more room");
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	expect_nothing_lives(test);
}

static void printf_adds_at_the_end(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease string = {};
	u32 cap;

	KUNIT_ASSERT_EQ(test, way->new(&string, heap_hold(test), 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way_printf(way, &string, "%d", 42), 0);
	expect_text(test, &string, "42");
	KUNIT_EXPECT_EQ(test, way_printf(way, &string, "%s", ""), 0);
	KUNIT_EXPECT_EQ(test, way_printf(way, &string, " %s %#x %5d|", "abc", 0xbeef, -7), 0);
	expect_text(test, &string, "42 abc 0xbeef    -7|");
	KUNIT_EXPECT_EQ(test, way_printf(way, &string, "%50s", "far"), 0);
	KUNIT_EXPECT_EQ(test, way->len(&string), 70U);
	KUNIT_EXPECT_EQ(test, way->truncate(&string, 2), 0);
	cap = way->cap(&string);
	KUNIT_EXPECT_EQ(test, way_printf(way, &string, "a%cb", '\0'), -EINVAL);
	expect_text(test, &string, "42");
	KUNIT_EXPECT_EQ(test, way->cap(&string), cap);
	KUNIT_EXPECT_EQ(test, way_printf(way, &string, "%c", '!'), 0);
	expect_text(test, &string, "42!");
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	expect_nothing_lives(test);
}

static void printf_of_each_lease_checks_its_format(struct kunit *test)
{
	struct swim_ptr_string ptr = {};
	struct swim_mut_string mut = {};
	struct swim_string raw = {};
	char out[16];

	KUNIT_ASSERT_EQ(test, swim_string_new(&raw, heap_hold(test), 0, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_string_new(&ptr, heap_hold(test), 0, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_mut_string_new(&mut, heap_hold(test), 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_string_printf(&raw, GFP_KERNEL, "%s-%d", "raw", 1), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_string_printf(&ptr, GFP_KERNEL, "%s-%d", "ptr", 2), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_string_printf(&mut, GFP_KERNEL, "%s-%d", "mut", 3), 0);
	KUNIT_EXPECT_EQ(test, swim_string_copy_to(&raw, out, sizeof(out)), 5L);
	KUNIT_EXPECT_STREQ(test, out, "raw-1");
	KUNIT_EXPECT_EQ(test, swim_ptr_string_copy_to(&ptr, out, sizeof(out)), 5L);
	KUNIT_EXPECT_STREQ(test, out, "ptr-2");
	KUNIT_EXPECT_EQ(test, swim_mut_string_copy_to(&mut, out, sizeof(out)), 5L);
	KUNIT_EXPECT_STREQ(test, out, "mut-3");
	KUNIT_EXPECT_EQ(test, swim_string_drop(&raw), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_string_drop(&ptr), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_string_drop(&mut), 0);
	expect_nothing_lives(test);
}

static void room_is_without_the_nul(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease string = {};

	new_text(test, &string, "0123456789");
	KUNIT_EXPECT_EQ(test, way->reserve(&string, 5, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&string), 10U);
	KUNIT_EXPECT_EQ(test, way->reserve(&string, 100, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&string), 100U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + 104);
	expect_text(test, &string, "0123456789");
	KUNIT_EXPECT_EQ(test, way->truncate(&string, 11), 0);
	expect_text(test, &string, "0123456789");
	KUNIT_EXPECT_EQ(test, way->truncate(&string, 4), 0);
	expect_text(test, &string, "0123");
	KUNIT_EXPECT_EQ(test, way->cap(&string), 100U);
	KUNIT_EXPECT_EQ(test, way->shrink(&string, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&string), 4U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + 8);
	expect_text(test, &string, "0123");
	KUNIT_EXPECT_EQ(test, way->truncate(&string, 0), 0);
	KUNIT_EXPECT_EQ(test, way->shrink(&string, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->cap(&string), 0U);
	expect_text(test, &string, "");
	KUNIT_EXPECT_EQ(test, way->reserve(&string, SZ_2M, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->reserve(&string, U32_MAX, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->append(&string, "again", GFP_KERNEL), 0);
	expect_text(test, &string, "again");
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	expect_nothing_lives(test);
}

static void newest_of_its_hunk_grows_in_place(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct swim_raw next = {};
	union lease string = {};
	const char *at;
	unsigned int i;

	new_text(test, &string, "text");
	at = way->pin(&string, NULL);
	way->unpin(&string);
	for (i = 0; i < 500; i++)
		KUNIT_ASSERT_EQ(test, way->append(&string, ", more", GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_EQ(test, (const char *)way->pin(&string, NULL), at);
	way->unpin(&string);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	/* Behind something else it settles elsewhere, and leaves nothing behind. */
	KUNIT_ASSERT_EQ(test, swim_raw_new(&next, heap_hold(test), 8, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, way->reserve(&string, SZ_8K - 1, GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_NE(test, (const char *)way->pin(&string, NULL), at);
	way->unpin(&string);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 2);
	KUNIT_EXPECT_EQ(test, heap_stats(test).used, front(way) + SZ_8K + 8);
	KUNIT_EXPECT_EQ(test, way->len(&string), 3004U);
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&next), 0);
	expect_nothing_lives(test);
}

#define MODEL_MAX	2000

/* What is to be in a text. */
struct model {
	u32 len;
	char text[MODEL_MAX + 64];
};

/* One operation at random, on the text and on the model. */
static int model_step(const struct way *way, void *string, struct model *model, u32 *state)
{
	u32 n = swim_random(state) % 40, number = swim_random(state), i;
	char bytes[64];

	if (model->len > MODEL_MAX - sizeof(bytes)) {
		model->len = n;
		model->text[n] = '\0';
		return way->truncate(string, n);
	}
	for (i = 0; i < n; i++)
		bytes[i] = swim_random(state) % 255 + 1;
	bytes[n] = '\0';
	switch (swim_random(state) % 8) {
	case 0 ... 1:
		memcpy(model->text + model->len, bytes, n + 1);
		model->len += n;
		return way->append(string, bytes, GFP_ATOMIC);
	case 2:
		memcpy(model->text + model->len, bytes, n);
		model->len += n;
		return way->append_bytes(string, bytes, n, GFP_ATOMIC);
	case 3 ... 4:
		model->len += sprintf(model->text + model->len, "<%*u>", (int)n, number);
		return way_printf(way, string, "<%*u>", (int)n, number);
	case 5:
		model->len -= min(model->len, n);
		return way->truncate(string, model->len);
	case 6:
		return way->reserve(string, model->len + 10 * n, GFP_ATOMIC);
	default:
		return way->shrink(string, GFP_ATOMIC);
	}
}

static void follow_the_model(struct kunit *test, struct swim_hold *hold, struct swim_pool *pool)
{
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	const struct way *way = way_of(test);
	u32 state = swim_random_seed(0), i;
	union lease string = {};

	KUNIT_ASSERT_NOT_NULL(test, model);
	KUNIT_ASSERT_EQ(test, way->new(&string, hold, 2, GFP_KERNEL), 0);
	for (i = 0; i < ROUNDS(5000); i++) {
		KUNIT_ASSERT_EQ(test, model_step(way, &string, model, &state), 0);
		if (pool && i % 100 == 0)
			KUNIT_ASSERT_EQ(test, swim_pool_compact(pool, 100), 0);
		KUNIT_ASSERT_EQ(test, check_text(way, &string, model->text, model->len), 0);
	}
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
}

static void does_what_a_text_does(struct kunit *test)
{
	follow_the_model(test, heap_hold(test), heap_pool(test));
	expect_nothing_lives(test);
}

static void does_the_same_in_a_pool_for_readers(struct kunit *test)
{
	swim_heap_again(test, 0, SWIM_POOL_RCU);
	follow_the_model(test, heap_hold(test), heap_pool(test));
	expect_nothing_lives(test);
}

static void does_the_same_in_hunks_of_a_page(struct kunit *test)
{
	struct swim_pool_stats stats;
	struct swim_pool *pool;

	KUNIT_ASSERT_EQ(test, swim_space_add(&string_fixed), 0);
	pool = swim_pool_create("string pages", swim_space_heap(&string_fixed), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	follow_the_model(test, swim_pool_hold(pool), pool);
	swim_pool_stats(pool, &stats);
	KUNIT_EXPECT_EQ(test, stats.live, 0);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(&string_fixed), 0);
}

static void does_the_same_in_a_pack(struct kunit *test)
{
	const struct swim_block block = { kunit_kzalloc(test, SZ_4M, GFP_KERNEL), SZ_4M };
	struct swim_pack *pack;

	KUNIT_ASSERT_NOT_NULL(test, block.addr);
	pack = swim_pack_create(&block);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pack));
	follow_the_model(test, swim_pack_hold(pack), NULL);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
}

static void a_full_pack_says_so_and_loses_nothing(struct kunit *test)
{
	const struct way *way = way_of(test);
	struct swim_pack_stats before, after;
	char expected[256] = "";
	union lease string = {};
	u32 len, cap;
	int err;

	KUNIT_ASSERT_EQ(test, way->new(&string, swim_pack_hold(string_pack), 0, GFP_KERNEL), 0);
	do {
		len = way->len(&string);
		cap = way->cap(&string);
		swim_pack_stats(string_pack, &before);
		err = way->append(&string, "0123456789", GFP_KERNEL);
	} while (!err);
	swim_pack_stats(string_pack, &after);
	KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(after)), 0);
	KUNIT_EXPECT_EQ(test, way->len(&string), len);
	KUNIT_EXPECT_EQ(test, way->cap(&string), cap);
	KUNIT_EXPECT_EQ(test, way_printf(way, &string, "%1000d", 1), -ENOMEM);
	KUNIT_EXPECT_EQ(test, way->reserve(&string, SZ_4K, GFP_KERNEL), -E2BIG);
	KUNIT_EXPECT_EQ(test, way->len(&string), len);
	KUNIT_EXPECT_EQ(test, way->copy_to(&string, expected, sizeof(expected)), (ssize_t)-E2BIG);
	for (err = 0; err < 255; err++)
		KUNIT_ASSERT_EQ(test, expected[err], '0' + err % 10);
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	swim_pack_stats(string_pack, &after);
	KUNIT_EXPECT_EQ(test, after.free, SZ_4K);
}

static void large_texts_have_extents_of_their_own(struct kunit *test)
{
	char *expected = kunit_kzalloc(test, SZ_64K + 1, GFP_KERNEL);
	const struct way *way = way_of(test);
	union lease string = {};
	u32 i, cap;

	KUNIT_ASSERT_NOT_NULL(test, expected);
	KUNIT_ASSERT_EQ(test, way->new(&string, heap_hold(test), 0, GFP_KERNEL), 0);
	for (i = 0; i < SZ_64K; i += 64) {
		memset(expected + i, 'A' + i / 64 % 26, 64);
		KUNIT_ASSERT_EQ(test, way->append(&string, expected + i, GFP_KERNEL), 0);
	}
	KUNIT_EXPECT_EQ(test, heap_stats(test).large, 1);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 1);
	expect_text(test, &string, expected);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	expect_text(test, &string, expected);
	KUNIT_EXPECT_EQ(test, way->truncate(&string, 100), 0);
	KUNIT_EXPECT_EQ(test, way->shrink(&string, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).large, 0);
	memset(expected + 100, 0, SZ_64K - 100);
	expect_text(test, &string, expected);
	/* The header of the extent, one tag and the NUL have to fit as well. */
	for (cap = SZ_2M - 1; way->reserve(&string, cap, GFP_KERNEL) == -E2BIG; cap--)
		;
	KUNIT_EXPECT_EQ(test, way->cap(&string), cap);
	KUNIT_EXPECT_GE(test, cap, SZ_2M - 128U);
	expect_text(test, &string, expected);
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	expect_nothing_lives(test);
}

/* In their order. */
static const char *const texts[] = {
	"", "\x01", "A", "AA", "AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAB", "AB", "B", "a", "aa",
	"aaaaaaaaaaaaaaaaaaaaaaaa", "\x7f", "\x80", "\x80\x41", "\xff",
};

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

static void order_is_that_of_the_bytes(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease a[ARRAY_SIZE(texts)] = {}, b[ARRAY_SIZE(texts)] = {}, empty = {};
	int i, j, n = ARRAY_SIZE(texts);

	for (i = 0; i < n; i++) {
		new_text(test, &a[i], texts[i]);
		new_text(test, &b[i], texts[i]);
		/* The room does not count. */
		KUNIT_ASSERT_EQ(test, way->reserve(&b[i], 100, GFP_KERNEL), 0);
	}
	for (i = 0; i < n; i++) {
		for (j = 0; j < n; j++) {
			KUNIT_EXPECT_EQ(test, sign(way->compare(&a[i], &b[j])), sign(i - j));
			KUNIT_EXPECT_EQ(test, way->equal(&a[i], &b[j]), i == j);
			KUNIT_EXPECT_EQ(test, way->hash(&a[i], 1) == way->hash(&b[j], 1), i == j);
		}
		KUNIT_EXPECT_EQ(test, way->hash(&a[i], 1), jhash(texts[i], strlen(texts[i]), 1));
		KUNIT_EXPECT_NE(test, way->hash(&a[i], 1), way->hash(&a[i], 2));
		KUNIT_EXPECT_EQ(test, way->compare(&a[i], &a[i]), 0);
		KUNIT_EXPECT_LT(test, way->compare(&empty, &a[i]), 0);
		KUNIT_EXPECT_GT(test, way->compare(&a[i], &empty), 0);
		KUNIT_EXPECT_FALSE(test, way->equal(&a[i], &empty));
		KUNIT_EXPECT_LT(test, way->compare(NULL, &a[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, way->compare(&empty, &empty), 0);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, way->drop(&a[i]), 0);
		KUNIT_EXPECT_EQ(test, way->drop(&b[i]), 0);
	}
	expect_nothing_lives(test);
}

static void order_of_refs_is_the_same(struct kunit *test)
{
	struct swim_ref_string a = {}, b = {}, empty = {};
	char out[4];

	KUNIT_ASSERT_EQ(test, swim_ref_string_from(&a, heap_hold(test), "abc", GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ref_string_from(&b, heap_hold(test), "abd", GFP_KERNEL), 0);
	KUNIT_EXPECT_LT(test, swim_ref_string_compare(&a, &b), 0);
	KUNIT_EXPECT_GT(test, swim_ref_string_compare(&b, &a), 0);
	KUNIT_EXPECT_TRUE(test, swim_ref_string_equal(&a, &a));
	KUNIT_EXPECT_FALSE(test, swim_ref_string_equal(&a, &b));
	KUNIT_EXPECT_LT(test, swim_ref_string_compare(&empty, &a), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_string_hash(&a, 3), jhash("abc", 3, 3));
	KUNIT_EXPECT_EQ(test, swim_ref_string_len(&a), 3U);
	KUNIT_EXPECT_EQ(test, swim_ref_string_cap(&a), 3U);
	KUNIT_EXPECT_EQ(test, swim_ref_string_copy_to(&b, out, 4), 3L);
	KUNIT_EXPECT_STREQ(test, out, "abd");
	KUNIT_EXPECT_EQ(test, swim_ref_string_drop(&a), 0);
	KUNIT_EXPECT_EQ(test, swim_ref_string_drop(&b), 0);
}

static void copy_to_ends_with_a_nul(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease string = {};
	char out[8];

	new_text(test, &string, "12345");
	memset(out, 'x', sizeof(out));
	KUNIT_EXPECT_EQ(test, way->copy_to(&string, out, 8), 5L);
	KUNIT_EXPECT_STREQ(test, out, "12345");
	memset(out, 'x', sizeof(out));
	KUNIT_EXPECT_EQ(test, way->copy_to(&string, out, 6), 5L);
	KUNIT_EXPECT_EQ(test, memcmp(out, "12345\0xx", 8), 0);
	memset(out, 'x', sizeof(out));
	KUNIT_EXPECT_EQ(test, way->copy_to(&string, out, 5), (ssize_t)-E2BIG);
	KUNIT_EXPECT_EQ(test, memcmp(out, "1234\0xxx", 8), 0);
	memset(out, 'x', sizeof(out));
	KUNIT_EXPECT_EQ(test, way->copy_to(&string, out, 0), (ssize_t)-E2BIG);
	KUNIT_EXPECT_NULL(test, memchr_inv(out, 'x', 8));
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
}

static const char *const valid[] = {
	"", "plain", "\x01", "\x7f", "\xc2\x80", "\xc3\xa4\xc3\xb6\xc3\xbc", "\xdf\xbf",
	"\xe0\xa0\x80", "\xe2\x82\xac", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
	"\xf0\x90\x80\x80", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "a\xf0\x9f\x98\x80z",
};

static const char *const invalid[] = {
	/* overlong */
	"\xc0\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xf0\x80\x80\xaf",
	"\xf0\x8f\xbf\xbf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf",
	/* surrogates, alone and as a pair */
	"\xed\xa0\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbf\xbf", "\xed\xa0\x80\xed\xb0\x80",
	/* beyond U+10FFFF */
	"\xf4\x90\x80\x80", "\xf7\xbf\xbf\xbf", "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80",
	/* cut off */
	"\xc3", "\xe2", "\xe2\x82", "\xf0", "\xf0\x9f", "\xf0\x9f\x98", "text\xe2\x82",
	/* out of place */
	"\x80", "\xbf", "a\x80", "\xc3\xa4\xa4", "\xe2\x28\xa1", "\xe2\x82\x28", "\xf0\x28\x98\x80",
	"\xc3z", "\xfe", "\xff", "\xfe\xfe\xff\xff", "good \xff bad",
};

static void utf8_is_valid_or_refused(struct kunit *test)
{
	const int no_tables = IS_REACHABLE(CONFIG_NLS) ? 0 : -EOPNOTSUPP;
	const struct way *way = way_of(test);
	struct swim_hold *hold = heap_hold(test);
	union lease string = {}, text = {};
	unsigned int i;
	u32 cap;

	new_text(test, &text, "text ");
	cap = way->cap(&text);
	for (i = 0; i < ARRAY_SIZE(invalid); i++) {
		const int err = no_tables ?: -EILSEQ;
		size_t n = strlen(invalid[i]);

		KUNIT_EXPECT_EQ_MSG(test, way->from_utf8(&string, hold, invalid[i], n, GFP_KERNEL),
				    err, "invalid %u", i);
		KUNIT_EXPECT_EQ_MSG(test, way->append_utf8(&text, invalid[i], n, GFP_KERNEL), err,
				    "invalid %u", i);
		/* Where nobody asks for Unicode, bytes are bytes. */
		KUNIT_ASSERT_EQ(test, way->from(&string, hold, invalid[i], GFP_KERNEL), 0);
		expect_text(test, &string, invalid[i]);
		KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	}
	KUNIT_EXPECT_EQ(test, way->append_utf8(&text, "a\0b", 3, GFP_KERNEL), -EINVAL);
	expect_text(test, &text, "text ");
	KUNIT_EXPECT_EQ(test, way->cap(&text), cap);
	for (i = 0; i < ARRAY_SIZE(valid); i++) {
		size_t n = strlen(valid[i]);

		KUNIT_EXPECT_EQ_MSG(test, way->from_utf8(&string, hold, valid[i], n, GFP_KERNEL),
				    no_tables, "valid %u", i);
		KUNIT_EXPECT_EQ_MSG(test, way->append_utf8(&text, valid[i], n, GFP_KERNEL),
				    no_tables, "valid %u", i);
		if (no_tables)
			continue;
		expect_text(test, &string, valid[i]);
		KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	}
	KUNIT_EXPECT_EQ(test, way->drop(&text), 0);
	expect_nothing_lives(test);
	KUNIT_EXPECT_STREQ(test, swim_error_text(-EILSEQ), "invalid UTF-8");
}

static void each_character_is_valid_but_surrogates(struct kunit *test)
{
	struct swim_string string = {};
	unsigned int n, wrong = 0;
	char bytes[4];
	u32 u;

	if (!IS_REACHABLE(CONFIG_NLS))
		kunit_skip(test, "no tables of Unicode in this kernel");
	KUNIT_ASSERT_EQ(test, swim_string_new(&string, heap_hold(test), 4, GFP_KERNEL), 0);
	for (u = 1; u < 0x120000; u += u < 0x900 || u - 0xd700 < 0xa00 ? 1 : 211) {
		bool is_one = u <= 0x10ffff && (u < 0xd800 || u > 0xdfff);

		if (u < 0x80) {
			n = 1;
			bytes[0] = u;
		} else if (u < 0x800) {
			n = 2;
			bytes[0] = 0xc0 | u >> 6;
		} else if (u < 0x10000) {
			n = 3;
			bytes[0] = 0xe0 | u >> 12;
			bytes[1] = 0x80 | (u >> 6 & 0x3f);
		} else {
			n = 4;
			bytes[0] = 0xf0 | u >> 18;
			bytes[1] = 0x80 | (u >> 12 & 0x3f);
			bytes[2] = 0x80 | (u >> 6 & 0x3f);
		}
		if (n > 1)
			bytes[n - 1] = 0x80 | (u & 0x3f);
		wrong += swim_string_append_utf8(&string, bytes, n, GFP_KERNEL) !=
			 (is_one ? 0 : -EILSEQ);
		wrong += swim_string_len(&string) != (is_one ? n : 0);
		/* Nor is a part of it one. */
		if (n > 1)
			wrong += swim_string_append_utf8(&string, bytes, n - 1, GFP_KERNEL) !=
				 -EILSEQ;
		wrong += swim_string_truncate(&string, 0) != 0;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	KUNIT_EXPECT_EQ(test, swim_string_drop(&string), 0);
}

static void each_call_has_the_text_to_itself(struct kunit *test)
{
	const struct way *way = way_of(test);
	union lease string = {};
	char *text, out[8];
	u32 len;

	if (way->kind == SWIM_KIND_MUT)
		kunit_skip(test, "a Mut needs no pin");
	new_text(test, &string, "text");
	text = way->pin(&string, &len);
	KUNIT_ASSERT_FALSE(test, IS_ERR(text));
	KUNIT_EXPECT_EQ(test, len, 4U);
	text[0] = 'n';
	EXPECT_ERR_PTR(test, way->pin(&string, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->append(&string, "a", GFP_KERNEL), -EBUSY);
	KUNIT_EXPECT_EQ(test, way_printf(way, &string, "a"), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->truncate(&string, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->reserve(&string, 10, GFP_KERNEL), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->shrink(&string, GFP_KERNEL), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->drop(&string), -EBUSY);
	/* Who only reads needs no pin. */
	KUNIT_EXPECT_EQ(test, way->copy_to(&string, out, sizeof(out)), 4L);
	KUNIT_EXPECT_STREQ(test, out, "next");
	KUNIT_EXPECT_TRUE(test, way->equal(&string, &string));
	way->unpin(&string);
	expect_text(test, &string, "next");
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
}

static void bytes_of_the_text_itself_are_refused(struct kunit *test)
{
	struct swim_mut_string mut = {};
	char *text;

	KUNIT_ASSERT_EQ(test, swim_mut_string_from(&mut, heap_hold(test), "text", GFP_KERNEL), 0);
	text = swim_mut_string_get(&mut, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(text));
	KUNIT_EXPECT_EQ(test, swim_mut_string_append(&mut, text, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, swim_mut_string_append_bytes(&mut, text + 3, 1, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_STREQ(test, (char *)swim_mut_string_get(&mut, NULL), "text");
	KUNIT_EXPECT_EQ(test, swim_mut_string_drop(&mut), 0);
}

static void read_is_the_text_or_null(struct kunit *test)
{
	struct swim_ptr_string ptr = {}, other_ptr = {};
	struct swim_string raw = {}, other = {};

	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, swim_string_read(&raw));
	KUNIT_EXPECT_NULL(test, swim_ptr_string_read(&ptr));
	rcu_read_unlock();
	KUNIT_ASSERT_EQ(test, swim_string_from(&raw, heap_hold(test), "raw", GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_string_from(&ptr, heap_hold(test), "ptr", GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_string_move(&other, &raw), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_string_move(&other_ptr, &ptr), 0);
	KUNIT_EXPECT_TRUE(test, swim_string_is_empty(&raw));
	KUNIT_EXPECT_TRUE(test, swim_ptr_string_is_empty(&ptr));
	KUNIT_EXPECT_EQ(test, swim_string_move(&other, &raw), -EEXIST);
	rcu_read_lock();
	KUNIT_EXPECT_STREQ(test, swim_string_read(&other), "raw");
	KUNIT_EXPECT_STREQ(test, swim_ptr_string_read(&other_ptr), "ptr");
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, swim_string_append(&other, " and more", GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_string_len(&other), 12U);
	rcu_read_lock();
	KUNIT_EXPECT_STREQ(test, swim_string_read(&other), "raw and more");
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, swim_string_drop(&other), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_string_drop(&other_ptr), 0);
	expect_nothing_lives(test);
}

static void hard_soft_and_ref_lead_to_what_a_mut_has_written(struct kunit *test)
{
	struct swim_hard_string hard = {};
	struct swim_soft_string soft = {};
	struct swim_ref_string ref = {};
	struct swim_mut_string mut = {};
	struct swim_counts counts;
	const char *text;
	u32 i, len;

	KUNIT_ASSERT_EQ(test, swim_hard_string_from(&hard, heap_hold(test), "text", GFP_KERNEL), 0);
	swim_hard_string_counts(&hard, &counts);
	KUNIT_EXPECT_EQ(test, counts.hard, 1U);
	KUNIT_EXPECT_EQ(test, counts.ref, 0U);
	KUNIT_ASSERT_EQ(test, swim_hard_string_to_soft(&soft, &hard), 0);
	KUNIT_ASSERT_EQ(test, swim_soft_string_poll_to_mut(&mut, &soft), 0);
	/* It settles elsewhere, and all leases lead there. */
	for (i = 0; i < 5000; i++)
		KUNIT_ASSERT_EQ(test, swim_mut_string_append(&mut, ", more", GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_string_poll_to_ref(&ref, &hard), -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_mut_string_drop(&mut), 0);
	KUNIT_ASSERT_EQ(test, swim_soft_string_poll_to_ref(&ref, &soft), 0);
	text = swim_ref_string_get(&ref, &len);
	KUNIT_ASSERT_FALSE(test, IS_ERR(text));
	KUNIT_EXPECT_EQ(test, len, 30004U);
	KUNIT_EXPECT_EQ(test, strlen(text), 30004);
	KUNIT_EXPECT_EQ(test, strncmp(text, "text, more, more", 16), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_string_poll_to_mut(&mut, &hard), -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_ref_string_drop(&ref), 0);
	EXPECT_ERR_PTR(test, swim_ref_string_get(&ref, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_hard_string_drop(&hard), 0);
	expect_nothing_lives(test);
	KUNIT_EXPECT_EQ(test, swim_soft_string_poll_to_mut(&mut, &soft), -ENOENT);
	KUNIT_EXPECT_EQ(test, swim_soft_string_drop(&soft), 0);
}

static void unique_of_a_shared_text_is_a_text_of_its_own(struct kunit *test)
{
	struct swim_hard_string hard = {}, other = {};
	struct swim_mut_string mut = {};
	struct swim_ref_string ref = {};

	KUNIT_ASSERT_EQ(test, swim_hard_string_from(&hard, heap_hold(test), "text", GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_string_clone(&other, &hard), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_string_to_unique(&mut, &hard, heap_hold(test),
							 GFP_KERNEL), 0);
	KUNIT_EXPECT_STREQ(test, (char *)swim_mut_string_get(&mut, NULL), "text");
	KUNIT_EXPECT_EQ(test, swim_mut_string_append(&mut, " of its own", GFP_KERNEL), 0);
	KUNIT_EXPECT_STREQ(test, (char *)swim_mut_string_get(&mut, NULL), "text of its own");
	KUNIT_ASSERT_EQ(test, swim_hard_string_poll_to_ref(&ref, &other), 0);
	KUNIT_EXPECT_STREQ(test, (const char *)swim_ref_string_get(&ref, NULL), "text");
	KUNIT_EXPECT_EQ(test, swim_ref_string_drop(&ref), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_string_drop(&mut), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_string_drop(&other), 0);
	expect_nothing_lives(test);
}

#define MANY	200

static void person_is(struct kunit *test, struct swim_box *box, unsigned int i)
{
	struct person *person = swim_box_pin(box);
	struct swim_ref_string ref = {};
	char name[32], out[32];

	KUNIT_ASSERT_FALSE(test, IS_ERR(person));
	snprintf(name, sizeof(name), "person number %u", i);
	KUNIT_EXPECT_EQ(test, swim_string_copy_to(&person->name, out, sizeof(out)),
			(ssize_t)strlen(name));
	KUNIT_EXPECT_STREQ(test, out, name);
	KUNIT_EXPECT_EQ(test, swim_ptr_string_copy_to(&person->town, out, sizeof(out)), 4L);
	KUNIT_EXPECT_STREQ(test, out, "town");
	KUNIT_ASSERT_EQ(test, swim_hard_string_poll_to_ref(&ref, &person->shared), 0);
	KUNIT_EXPECT_STREQ(test, (const char *)swim_ref_string_get(&ref, NULL), "shared");
	KUNIT_EXPECT_EQ(test, swim_ref_string_drop(&ref), 0);
	swim_box_unpin(box);
}

static void texts_move_and_fall_with_who_owns_them(struct kunit *test)
{
	struct swim_box *boxes = kunit_kcalloc(test, MANY, sizeof(*boxes), GFP_KERNEL);
	struct swim_raw *gaps = kunit_kcalloc(test, MANY, sizeof(*gaps), GFP_KERNEL);
	struct swim_hold *hold = heap_hold(test);
	struct swim_hard_string shared = {};
	struct swim_counts counts;
	struct person *person;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, boxes);
	KUNIT_ASSERT_NOT_NULL(test, gaps);
	KUNIT_ASSERT_EQ(test, swim_hard_string_from(&shared, hold, "shared", GFP_KERNEL), 0);
	for (i = 0; i < MANY; i++) {
		KUNIT_ASSERT_EQ(test, swim_raw_new(&gaps[i], hold, 2000, GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_box_new(&boxes[i], hold, &person_type, GFP_KERNEL), 0);
		person = swim_box_pin(&boxes[i]);
		KUNIT_ASSERT_FALSE(test, IS_ERR(person));
		KUNIT_ASSERT_EQ(test, swim_string_new(&person->name, hold, 0, GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_string_printf(&person->name, GFP_KERNEL,
							 "person number %u", i), 0);
		KUNIT_ASSERT_EQ(test, swim_ptr_string_from(&person->town, hold, "town",
							   GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, swim_hard_string_clone(&person->shared, &shared), 0);
		swim_box_unpin(&boxes[i]);
	}
	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_EQ(test, swim_raw_drop(&gaps[i]), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	KUNIT_EXPECT_GE(test, heap_stats(test).moves.moved, 3ULL * MANY);
	for (i = 0; i < MANY; i++) {
		person_is(test, &boxes[i], i);
		KUNIT_EXPECT_EQ(test, swim_box_drop(&boxes[i]), 0);
	}
	swim_hard_string_counts(&shared, &counts);
	KUNIT_EXPECT_EQ(test, counts.hard, 1U);
	KUNIT_EXPECT_EQ(test, swim_hard_string_drop(&shared), 0);
	expect_nothing_lives(test);
}

/* The calls that may need memory. */
enum call {
	NEW,
	FROM,
	APPEND,
	PRINTF,
	RESERVE,
	SHRINK,
	CALLS,
};

#define FAILING	SZ_16K	/* bytes: so each request is for an extent */

static int do_call(const struct way *way, enum call call, void *string, void *other,
		   struct swim_hold *hold, const char *text)
{
	switch (call) {
	case NEW:
		return way->new(other, hold, FAILING, NOWAIT);
	case FROM:
		return way->from(other, hold, text, NOWAIT);
	case APPEND:
		return way->append(string, "more", NOWAIT);
	case PRINTF:
		return way_printf(way, string, "%d", 1000);
	case RESERVE:
		return way->reserve(string, 2 * FAILING, NOWAIT);
	default:
		return way->shrink(string, NOWAIT);
	}
}

/* Let the @n-th request fail, or all from there on; false when there were not that many. */
static bool fail_call(struct kunit *test, enum call call, unsigned long n, bool on)
{
	char *text = kunit_kzalloc(test, FAILING + 8, GFP_KERNEL);
	const struct way *way = way_of(test);
	union lease string = {}, other = {}, before;
	const union lease empty = {};
	unsigned long asked;
	size_t used;
	u32 cap;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, text);
	memset(text, 'x', FAILING);
	new_text(test, &string, text);
	if (call == SHRINK)
		KUNIT_ASSERT_EQ(test, way->reserve(&string, 2 * FAILING, GFP_KERNEL), 0);
	cap = way->cap(&string);
	used = heap_stats(test).used;
	before = string;
	if (on)
		swim_fail_from(n);
	else
		swim_fail_nth(n);
	err = do_call(way, call, &string, &other, heap_hold(test), text);
	asked = swim_fail_count();
	swim_fail_nth(0);
	if (err) {
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_EQ(test, memcmp(&string, &before, sizeof(string)), 0);
		KUNIT_EXPECT_EQ(test, memcmp(&other, &empty, sizeof(other)), 0);
		KUNIT_EXPECT_EQ(test, way->cap(&string), cap);
		KUNIT_EXPECT_EQ(test, heap_stats(test).used, used);
		expect_text(test, &string, text);
	} else if (call == APPEND || call == PRINTF) {
		KUNIT_EXPECT_EQ(test, way->len(&string), FAILING + 4U);
	}
	/* All from the first on can only fail. */
	KUNIT_EXPECT_TRUE(test, err || n > 1 || !on);
	if (call <= FROM && !err)
		KUNIT_EXPECT_EQ(test, way->drop(&other), 0);
	KUNIT_EXPECT_EQ(test, way->drop(&string), 0);
	kunit_kfree(test, text);
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

/* What interrupts and threads do with a text of their own. */
struct life {
	const struct way *way;
	struct swim_pool *pool;
	unsigned int rounds;
	atomic_t running;
	struct swim_string text;	/* that all read */
};

/* Too large for a stack. */
static struct model life_model[SWIM_WORKERS_MAX];

/* Results: which check failed. */
static int life_of(struct life *life, unsigned int number, u32 seed)
{
	struct swim_hold *hold = swim_pool_hold(life->pool);
	struct model *model = &life_model[number];
	u32 state = swim_random_seed(seed), i;
	union lease string = {}, again = {};
	int err;

	model->len = 0;
	err = life->way->new(&string, hold, 0, GFP_ATOMIC) ? 1 : 0;
	for (i = 0; !err && i < life->rounds; i++) {
		err = model_step(life->way, &string, model, &state) ? 2 : 0;
		if (!err && check_text(life->way, &string, model->text, model->len))
			err = 3;
	}
	if (!err && life->way->from_bytes(&again, hold, model->text, model->len, GFP_ATOMIC))
		err = 4;
	if (!err && (!life->way->equal(&string, &again) ||
		     life->way->hash(&string, 0) != life->way->hash(&again, 0)))
		err = 5;
	if (!err && life->way->drop(&again))
		err = 6;
	return err ?: life->way->drop(&string) ? 7 : 0;
}

static int interrupted(void *arg, unsigned int number)
{
	return life_of(arg, 0, 0);
}

static void all_calls_work_in_interrupts(struct kunit *test)
{
	struct life life = { .way = way_of(test), .pool = heap_pool(test), .rounds = 100 };

	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, interrupted, &life), 0);
	expect_nothing_lives(test);
}

static int compact_while_running(struct life *life)
{
	while (atomic_read(&life->running)) {
		swim_pool_compact(life->pool, 100);
		cond_resched();
	}
	return 0;
}

static int racing_worker(void *arg, unsigned int number)
{
	struct life *life = arg;
	int err = 0;
	u32 i;

	if (!number)
		return compact_while_running(life);
	for (i = 0; !err && i < ROUNDS(100); i++) {
		err = life_of(life, number, number + i);
		cond_resched();
	}
	atomic_dec(&life->running);
	return err;
}

static void workers_change_texts_that_move(struct kunit *test)
{
	const unsigned int workers = swim_workers();
	struct life life = { .way = way_of(test), .pool = heap_pool(test), .rounds = 100 };

	atomic_set(&life.running, workers - 1);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, workers, racing_worker, &life), 0);
	expect_nothing_lives(test);
}

#define PATTERN		"0123456789"

/* The owner makes the text longer and shorter; it always is the begin of the pattern. */
static int pattern_owner(struct life *life)
{
	static const char digits[] = PATTERN PATTERN;
	u32 state = swim_random_seed(1), i, n, len;
	int err = 0;

	for (i = 0; !err && i < ROUNDS(20000); i++) {
		len = swim_string_len(&life->text);
		n = swim_random(&state) % 10;
		switch (swim_random(&state) % 16) {
		case 0:
			err = swim_string_truncate(&life->text, len / 2);
			break;
		case 1:
			err = swim_string_shrink(&life->text, GFP_KERNEL);
			break;
		default:
			err = len > 2000 ? swim_string_truncate(&life->text, n) :
					   swim_string_append_bytes(&life->text, digits + len % 10,
								    n, GFP_KERNEL);
		}
		cond_resched();
	}
	return err ? 1 : 0;
}

static int pattern_reader(struct life *life)
{
	const char *text;
	unsigned int i;
	int err = 0;

	while (!err && atomic_read(&life->running)) {
		rcu_read_lock();
		text = swim_string_read(&life->text);
		for (i = 0; i < 3000; i++) {
			char c = READ_ONCE(text[i]);

			if (!c)
				break;
			if (c != PATTERN[i % 10])
				err = 2;
		}
		if (i == 3000)
			err = 3;
		rcu_read_unlock();
		cond_resched();
	}
	return err;
}

static int reading_worker(void *arg, unsigned int number)
{
	struct life *life = arg;
	int err;

	if (!number)
		return compact_while_running(life);
	if (number > 1)
		return pattern_reader(life);
	err = pattern_owner(life);
	atomic_set(&life->running, 0);
	return err;
}

static void readers_always_find_an_end(struct kunit *test)
{
	const unsigned int workers = swim_workers();
	struct life life = {};

	swim_heap_again(test, 0, SWIM_POOL_RCU);
	life.pool = heap_pool(test);
	atomic_set(&life.running, 1);
	KUNIT_ASSERT_EQ(test, swim_string_new(&life.text, heap_hold(test), 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, workers, reading_worker, &life), 0);
	KUNIT_EXPECT_EQ(test, swim_string_drop(&life.text), 0);
	expect_nothing_lives(test);
}

static void texts_are_stowed_and_cloned(struct kunit *test)
{
	struct swim_ptr_string ptr = {}, ptr_clone = {};
	struct swim_string raw = {}, raw_clone = {};
	struct swim_hard_string hard = {}, hard_clone = {};

	KUNIT_ASSERT_EQ(test, swim_string_from(&raw, heap_hold(test), "raw text", GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_string_reserve(&raw, 100, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_ptr_string_from(&ptr, heap_hold(test), "ptr text", GFP_KERNEL),
			0);
	KUNIT_ASSERT_EQ(test, swim_hard_string_from(&hard, heap_hold(test), "hard", GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_string_stow(&raw, swim_global_hold(), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_string_stow(&ptr, swim_global_hold(), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_string_stow(&hard, swim_global_hold(), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0L);
	KUNIT_EXPECT_EQ(test, swim_string_clone(&raw_clone, &raw, heap_hold(test), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_string_clone(&ptr_clone, &ptr, heap_hold(test), GFP_KERNEL),
			0);
	KUNIT_EXPECT_EQ(test, swim_hard_string_clone_into(&hard_clone, &hard, heap_hold(test),
							  GFP_KERNEL), 0);
	/* One goes on alone, and its text still has an end. */
	KUNIT_EXPECT_EQ(test, swim_string_append(&raw_clone, "!", GFP_KERNEL), 0);
	rcu_read_lock();
	KUNIT_EXPECT_STREQ(test, swim_string_read(&raw), "raw text");
	KUNIT_EXPECT_STREQ(test, swim_string_read(&raw_clone), "raw text!");
	KUNIT_EXPECT_STREQ(test, swim_ptr_string_read(&ptr), "ptr text");
	KUNIT_EXPECT_STREQ(test, swim_ptr_string_read(&ptr_clone), "ptr text");
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, swim_string_drop(&raw), 0);
	KUNIT_EXPECT_EQ(test, swim_string_drop(&raw_clone), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_string_drop(&ptr), 0);
	KUNIT_EXPECT_EQ(test, swim_ptr_string_drop(&ptr_clone), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_string_drop(&hard), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_string_drop(&hard_clone), 0);
}

static struct kunit_case string_cases[] = {
	KUNIT_CASE_PARAM(new_is_empty_and_has_room, way_gen_params),
	KUNIT_CASE_PARAM(from_is_a_copy_that_fits, way_gen_params),
	KUNIT_CASE_PARAM(new_refuses_and_leaves_the_lease_alone, way_gen_params),
	KUNIT_CASE_PARAM(empty_lease_says_so, way_gen_params),
	KUNIT_CASE_PARAM(no_lease_and_no_text_are_refused, way_gen_params),
	KUNIT_CASE(bytes_are_no_text_and_a_text_no_buf),
	KUNIT_CASE_PARAM(append_adds_at_the_end, way_gen_params),
	KUNIT_CASE_PARAM(printf_adds_at_the_end, way_gen_params),
	KUNIT_CASE(printf_of_each_lease_checks_its_format),
	KUNIT_CASE_PARAM(room_is_without_the_nul, way_gen_params),
	KUNIT_CASE_PARAM(newest_of_its_hunk_grows_in_place, way_gen_params),
	KUNIT_CASE_PARAM(does_what_a_text_does, way_gen_params),
	KUNIT_CASE_PARAM(does_the_same_in_a_pool_for_readers, way_gen_params),
	KUNIT_CASE_PARAM(does_the_same_in_hunks_of_a_page, way_gen_params),
	KUNIT_CASE_PARAM(does_the_same_in_a_pack, way_gen_params),
	KUNIT_CASE_PARAM(a_full_pack_says_so_and_loses_nothing, way_gen_params),
	KUNIT_CASE_PARAM(large_texts_have_extents_of_their_own, way_gen_params),
	KUNIT_CASE_PARAM(order_is_that_of_the_bytes, way_gen_params),
	KUNIT_CASE(order_of_refs_is_the_same),
	KUNIT_CASE_PARAM(copy_to_ends_with_a_nul, way_gen_params),
	KUNIT_CASE_PARAM(utf8_is_valid_or_refused, way_gen_params),
	KUNIT_CASE(each_character_is_valid_but_surrogates),
	KUNIT_CASE_PARAM(each_call_has_the_text_to_itself, way_gen_params),
	KUNIT_CASE(bytes_of_the_text_itself_are_refused),
	KUNIT_CASE(read_is_the_text_or_null),
	KUNIT_CASE(hard_soft_and_ref_lead_to_what_a_mut_has_written),
	KUNIT_CASE(unique_of_a_shared_text_is_a_text_of_its_own),
	KUNIT_CASE(texts_move_and_fall_with_who_owns_them),
	KUNIT_CASE(texts_are_stowed_and_cloned),
	KUNIT_CASE_PARAM(out_of_memory_changes_nothing, way_gen_params),
	KUNIT_CASE_PARAM(all_calls_work_in_interrupts, way_gen_params),
	KUNIT_CASE_PARAM(workers_change_texts_that_move, way_gen_params),
	KUNIT_CASE(readers_always_find_an_end),
	{}
};

static struct kunit_suite string_suite = {
	.name = "string",
	.init = string_init,
	.exit = swim_heap_exit,
	.test_cases = string_cases,
};

kunit_test_suite(string_suite);

MODULE_DESCRIPTION("KUnit: texts of swimmem");
MODULE_LICENSE("GPL");
