// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a debug pool finds out about its clients: each of their errors once, with who allocated
 * the object and who dropped it. And what leaks, in any hold.
 *
 * Stacks are looked into where the kernel has some; elsewhere they are told as not known.
 */
#include <linux/seq_file.h>

#include "../kunit.h"
#include "../../swimmem/alloc/pool.h"
#include "../../swimmem/observe/leak.h"

struct leaf {
	u64 number;
};

static SWIM_PLAIN_TYPE(leaf_type, struct leaf);

struct knot {
	struct swim_hard_box next;
	struct swim_hard_box other;
	struct swim_soft_box up;
	struct swim_box own;
};

static SWIM_TYPE(knot_type, struct knot, SWIM_PART(next), SWIM_PART(other), SWIM_PART(up),
		 SWIM_PART(own));

/* As swimmem was loaded. */
static bool debug_before;

/* Can this kernel tell who called? */
static bool has_stacks(void)
{
	unsigned long entries[4];

	return swim_stack_walk(entries, ARRAY_SIZE(entries), 0);
}

static bool stack_has(u32 stack, const char *function)
{
	unsigned long *entries;
	unsigned int i, n = swim_stack_fetch(stack, &entries);
	char name[64];

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%ps", (void *)entries[i]);
		if (strstarts(name, function))
			return true;
	}
	return false;
}

#define EXPECT_STACK(test, stack, function)					\
do {										\
	if (has_stacks())							\
		KUNIT_EXPECT_TRUE_MSG(test, stack_has(stack, function),		\
				      "%s is not on the stack", function);	\
	else									\
		KUNIT_EXPECT_EQ(test, stack, 0U);				\
} while (0)

/* One report with these words, and both stacks: of get() or own(), and of a drop. */
#define EXPECT_BOTH(test, words, allocated, dropped)				\
do {										\
	KUNIT_EXPECT_EQ(test, swim_reports.stacks, 2U);				\
	EXPECT_STACK(test, swim_reports.born, allocated);			\
	EXPECT_STACK(test, swim_reports.gone, dropped);				\
	EXPECT_REPORT(test, words);						\
} while (0)

/* The same of an object that nobody has dropped. */
#define EXPECT_LIVE(test, words, allocated)					\
do {										\
	KUNIT_EXPECT_EQ(test, swim_reports.stacks, 1U);				\
	KUNIT_EXPECT_EQ(test, swim_reports.gone, 0U);				\
	EXPECT_STACK(test, swim_reports.born, allocated);			\
	EXPECT_REPORT(test, words);						\
} while (0)

/* They stand on stacks: neither inlined nor left by a jump. */
static noinline void *get(struct swim_pool *pool, size_t size)
{
	void *object = swim_pool_alloc(pool, size, GFP_KERNEL);

	barrier();
	return object;
}

static noinline void *get_elsewhere(struct swim_pool *pool, size_t size)
{
	void *object = swim_alloc(swim_pool_hold(pool), size, GFP_KERNEL);

	barrier();
	return object;
}

static noinline int give(void *object)
{
	int err = swim_free(object);

	barrier();
	return err;
}

static noinline int own(struct swim_raw *raw, struct swim_pool *pool, size_t size)
{
	int err = swim_raw_new(raw, swim_pool_hold(pool), size, GFP_KERNEL);

	barrier();
	return err;
}

static noinline int drop(struct swim_raw *raw)
{
	int err = swim_raw_drop(raw);

	barrier();
	return err;
}

/* Nobody may write there, and KASAN would say so first. */
static __no_sanitize_address noinline void scribble(u8 *at, size_t size)
{
	while (size--) {
		WRITE_ONCE(*at, ~READ_ONCE(*at));
		at++;
	}
}

static const size_t sizes[] = { 8, 24, 1000, SZ_16K, 40000, SZ_1M };

static void overflow_is_told_when_the_object_goes(struct kunit *test)
{
	static const size_t over[] = { 1, sizeof(long) };
	unsigned int s, o;
	char words[64];
	u8 *object;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		for (o = 0; o < ARRAY_SIZE(over); o++) {
			object = get(heap_pool(test), sizes[s]);
			KUNIT_ASSERT_FALSE(test, IS_ERR(object));
			scribble(object + sizes[s], over[o]);
			KUNIT_EXPECT_EQ(test, give(object), 0);
			snprintf(words, sizeof(words), "overflow behind object %p of %zu bytes",
				 object, sizes[s]);
			EXPECT_BOTH(test, words, "get", "give");
		}
		object = get(heap_pool(test), sizes[s]);
		KUNIT_ASSERT_FALSE(test, IS_ERR(object));
		scribble(object, sizes[s]);
		KUNIT_EXPECT_EQ(test, give(object), 0);
		EXPECT_NO_REPORT(test);
	}
}

static void overflow_of_a_leased_object_is_told(struct kunit *test)
{
	struct swim_raw raw = {};

	KUNIT_ASSERT_EQ(test, own(&raw, heap_pool(test), 24), 0);
	scribble((u8 *)raw.object + 24, 1);
	KUNIT_EXPECT_EQ(test, drop(&raw), 0);
	EXPECT_REPORT(test, "of 24 bytes");
}

static void overflow_is_told_when_the_object_moves(struct kunit *test)
{
	struct swim_raw first = {}, raw = {};
	void *before;

	KUNIT_ASSERT_EQ(test, own(&first, heap_pool(test), 1000), 0);
	KUNIT_ASSERT_EQ(test, own(&raw, heap_pool(test), 64), 0);
	KUNIT_EXPECT_EQ(test, drop(&first), 0);
	before = raw.object;
	scribble((u8 *)before + 64, sizeof(long));
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	KUNIT_EXPECT_PTR_NE(test, raw.object, before);
	EXPECT_LIVE(test, "overflow behind object", "own");
	/* Once; and where it is now there is another red zone, with the same past. */
	scribble((u8 *)raw.object + 64, 1);
	KUNIT_EXPECT_EQ(test, drop(&raw), 0);
	EXPECT_STACK(test, swim_reports.born, "own");
	EXPECT_REPORT(test, "overflow behind object");
}

static void red_zone_follows_a_resize(struct kunit *test)
{
	static const size_t to[] = { 72, 200, 199, 40, 8, 4096, 4000 };
	unsigned int i;
	u8 *object;

	for (i = 0; i < ARRAY_SIZE(to); i++) {
		object = get(heap_pool(test), to[i] == 4000 ? 40000 : 100);
		KUNIT_ASSERT_FALSE(test, IS_ERR(object));
		KUNIT_ASSERT_EQ(test, swim_resize(object, to[i]), 0);
		scribble(object, round_up(to[i], 8));
		scribble(object + round_up(to[i], 8), i % 2);
		KUNIT_EXPECT_EQ(test, give(object), 0);
		if (!(i % 2)) {
			EXPECT_NO_REPORT(test);
			continue;
		}
		EXPECT_STACK(test, swim_reports.born, "get");
		EXPECT_REPORT(test, "overflow behind object");
	}
}

static void aligned_objects_have_a_red_zone_too(struct kunit *test)
{
	size_t align;
	u8 *object;

	for (align = 8; align <= PAGE_SIZE; align *= 2) {
		object = swim_alloc_aligned(heap_hold(test), 100, align, GFP_KERNEL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(object));
		scribble(object + 104, 1);
		KUNIT_EXPECT_EQ(test, give(object), 0);
		EXPECT_REPORT(test, "of 104 bytes");
	}
}

static void second_free_is_told_with_both_stacks(struct kunit *test)
{
	void *object = get(heap_pool(test), 64), *newest = get(heap_pool(test), 64);

	KUNIT_EXPECT_EQ(test, give(object), 0);
	KUNIT_EXPECT_EQ(test, give(newest), 0);
	KUNIT_EXPECT_EQ(test, swim_free(object), -ENOENT);
	EXPECT_BOTH(test, "free of object", "get", "give");
	KUNIT_EXPECT_EQ(test, swim_free(newest), -ENOENT);
	EXPECT_REPORT(test, "after its free");
}

static void use_of_a_lease_behind_the_drop_is_told_with_both_stacks(struct kunit *test)
{
	struct swim_raw raw = {}, stale;

	KUNIT_ASSERT_EQ(test, own(&raw, heap_pool(test), 64), 0);
	stale = raw;
	KUNIT_EXPECT_EQ(test, drop(&raw), 0);
	/* It still is the lease that owned it. */
	raw = stale;
	EXPECT_ERR_PTR(test, swim_raw_pin(&raw), -ENOENT);
	EXPECT_BOTH(test, "was dropped", "own", "drop");
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), -ENOENT);
	EXPECT_BOTH(test, "was dropped", "own", "drop");
}

static void second_drop_through_a_ptr_is_told(struct kunit *test)
{
	unsigned int debug;

	if (IS_ENABLED(CONFIG_KASAN))
		kunit_skip(test, "KASAN tells that the metadata is read");
	for (debug = 0; debug < 2; debug++) {
		struct swim_ptr ptr = {}, stale;

		swim_debug = debug;
		swim_heap_again(test, 0, 0);
		KUNIT_ASSERT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 64, GFP_KERNEL), 0);
		stale = ptr;
		KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
		ptr = stale;
		KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), -ENOENT);
		EXPECT_REPORT(test, "was dropped");
	}
}

static void free_of_a_leased_object_tells_who_allocated_it(struct kunit *test)
{
	static const size_t leased[] = { 64, SZ_32K };
	struct swim_raw raw = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leased); i++) {
		KUNIT_ASSERT_EQ(test, own(&raw, heap_pool(test), leased[i]), 0);
		KUNIT_EXPECT_EQ(test, swim_free(raw.object), -EBUSY);
		EXPECT_LIVE(test, "which a lease owns", "own");
		KUNIT_EXPECT_EQ(test, drop(&raw), 0);
	}
}

static void drop_through_a_foreign_lease_tells_who_allocated_it(struct kunit *test)
{
	struct swim_raw raw = {}, copy;

	KUNIT_ASSERT_EQ(test, own(&raw, heap_pool(test), 64), 0);
	copy = raw;
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&copy), -EINVAL);
	EXPECT_LIVE(test, "which another lease owns", "own");
	KUNIT_EXPECT_EQ(test, drop(&raw), 0);
}

/* An overwritten tag: the one in front is told with who allocated it. */
static void overflow_beyond_the_red_zone_names_the_one_in_front(struct kunit *test)
{
	u8 *front = get(heap_pool(test), 64), *object = get_elsewhere(heap_pool(test), 64);
	u8 *slot = object - SWIM_TAG_SLOT;

	KUNIT_ASSERT_PTR_EQ(test, slot, front + 64 + swim_kunit_trailer());
	scribble(slot, SWIM_TAG_SLOT);
	KUNIT_EXPECT_EQ(test, swim_free(object), -EUCLEAN);
	EXPECT_LIVE(test, "tag is overwritten", "get");
	scribble(slot, SWIM_TAG_SLOT);
	KUNIT_EXPECT_EQ(test, give(object), 0);
	KUNIT_EXPECT_EQ(test, give(front), 0);
}

static void write_after_the_drop_is_told_by_the_next_compaction(struct kunit *test)
{
	u8 *object = get(heap_pool(test), 64), *other = get(heap_pool(test), 1000);

	KUNIT_EXPECT_EQ(test, give(object), 0);
	scribble(object + 5, 1);
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	EXPECT_BOTH(test, "of 64 bytes written to after its drop, at byte 5", "get", "give");
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
	EXPECT_NO_REPORT(test);
	KUNIT_EXPECT_EQ(test, give(other), 0);
}

static void write_after_the_drop_is_told_when_the_hunk_goes(struct kunit *test)
{
	/* The last byte, the red zone, and what is behind it. */
	const size_t behind = 64 + offsetof(struct swim_track, born);
	const size_t at[] = { 63, 64, behind, 64 + sizeof(struct swim_track) - 1 };
	unsigned int i;
	u8 *object;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		object = get(heap_pool(test), 64);
		KUNIT_EXPECT_EQ(test, give(object), 0);
		scribble(object + at[i], 1);
		swim_pool_flush(heap_pool(test));
		if (at[i] < behind)
			EXPECT_REPORT(test, "written to after its drop");
	}
	/* Stacks that were overwritten are not believed. */
	EXPECT_NO_REPORT(test);
}

static void overwritten_stacks_are_not_believed(struct kunit *test)
{
	u8 *object = get(heap_pool(test), 64);

	scribble(object + 64, sizeof(struct swim_track));
	KUNIT_EXPECT_EQ(test, give(object), 0);
	KUNIT_EXPECT_EQ(test, swim_reports.born, 0U);
	EXPECT_REPORT(test, "overflow behind object");
}

static void readers_find_a_dropped_object_as_it_was(struct kunit *test)
{
	u8 *object;

	swim_heap_again(test, 0, SWIM_POOL_RCU);
	object = get(heap_pool(test), 64);
	memset(object, 'A', 64);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, give(object), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 'A', 64));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, swim_free(object), -ENOENT);
	EXPECT_REPORT(test, "after its free");
}

static void stowed_object_counts_as_allocated_where_it_was_stowed(struct kunit *test)
{
	struct swim_raw raw = {};
	struct swim_pool *to;

	to = swim_pool_create("kunit-to", heap_pool(test)->heap, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(to));
	KUNIT_ASSERT_EQ(test, own(&raw, heap_pool(test), 64), 0);
	KUNIT_ASSERT_EQ(test, swim_raw_stow(&raw, swim_pool_hold(to), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_free(raw.object), -EBUSY);
	EXPECT_LIVE(test, "which a lease owns", "stowed_object_counts");
	scribble((u8 *)raw.object + 64, 1);
	KUNIT_EXPECT_EQ(test, drop(&raw), 0);
	EXPECT_REPORT(test, "overflow behind object");
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(to), 0);
}

static void pool_is_what_it_was_made_as(struct kunit *test)
{
	struct swim_pool *plain;
	u8 *object;

	swim_debug = false;
	plain = swim_pool_create("kunit-plain", heap_pool(test)->heap, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(plain));
	object = get(plain, 64);
	scribble(object + 64, 1);
	KUNIT_EXPECT_EQ(test, give(object), 0);
	EXPECT_NO_REPORT(test);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(plain), 0);
	/* And the other one is a debug pool still. */
	object = get(heap_pool(test), 64);
	scribble(object + 64, 1);
	KUNIT_EXPECT_EQ(test, give(object), 0);
	EXPECT_REPORT(test, "overflow behind object");
}

/* Where in the report of a leak this line is; -1 if it is nowhere. */
static long line_at(const char *line)
{
	const char *at = strstr(swim_reports.lines, line);

	return at ? at - swim_reports.lines : -1;
}

#define EXPECT_LINE(test, line)							\
	KUNIT_EXPECT_GE_MSG(test, line_at(line), 0L, "no '%s' in '%s'", line,	\
			    swim_reports.lines)
#define EXPECT_NO_LINE(test, line)						\
	KUNIT_EXPECT_EQ_MSG(test, line_at(line), -1L, "'%s' in '%s'", line,	\
			    swim_reports.lines)

static void leaks_are_told_by_who_allocated_them(struct kunit *test)
{
	static const size_t elsewhere[] = { 40000, 1000 };
	struct swim_pool_stats before;
	void *objects[7];
	unsigned int i, n = ARRAY_SIZE(objects);

	if (!has_stacks())
		kunit_skip(test, "this kernel cannot tell who called");
	for (i = 0; i < 5; i++)
		objects[i] = get(heap_pool(test), 100);
	/* One call, not two that are alike. */
	OPTIMIZER_HIDE_VAR(n);
	for (; i < n; i++) {
		OPTIMIZER_HIDE_VAR(i);
		objects[i] = get_elsewhere(heap_pool(test), elsewhere[i - 5]);
	}
	before = heap_stats(test);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(heap_pool(test)), -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_reports.stacks, 2U);
	/* The largest first. */
	KUNIT_EXPECT_EQ(test, line_at("2 objects, 41000 bytes: bytes without a lease\n"), 0L);
	EXPECT_LINE(test, "5 objects, 520 bytes: bytes without a lease\n");
	EXPECT_STACK(test, swim_reports.born, "get");
	EXPECT_REPORT(test, "'kunit' destroyed with 7 objects, 41520 bytes live");
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, before.live);
	KUNIT_EXPECT_EQ(test, heap_stats(test).open, before.open);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ(test, give(objects[i]), 0);
}

/* The same where nothing but leases tells what it is. */
static void leaks_are_told_by_what_they_are(struct kunit *test)
{
	struct swim_box box[3] = {};
	struct swim_raw raw = {};
	void *held, *large;
	unsigned int i;

	swim_debug = false;
	swim_heap_again(test, 0, 0);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, swim_box_new(&box[i], heap_hold(test), &leaf_type,
						   GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, own(&raw, heap_pool(test), 500), 0);
	held = get(heap_pool(test), 64);
	large = get(heap_pool(test), 40000);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(heap_pool(test)), -EBUSY);
	KUNIT_EXPECT_EQ(test, swim_reports.stacks, 0U);
	KUNIT_EXPECT_EQ(test, line_at("1 objects, 504 bytes: bytes\n"), 0L);
	KUNIT_EXPECT_GT(test, line_at("3 objects, 24 bytes: struct leaf\n"),
			line_at("1 objects, 64 bytes: bytes without a lease\n"));
	EXPECT_LINE(test, "1 objects, 64 bytes: bytes without a lease\n");
	EXPECT_LINE(test, "1 objects not found: large");
	EXPECT_NO_LINE(test, "cycles");
	EXPECT_REPORT(test, "destroyed with 6 objects, 40592 bytes live");
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, swim_box_drop(&box[i]), 0);
	KUNIT_EXPECT_EQ(test, drop(&raw), 0);
	KUNIT_EXPECT_EQ(test, give(held), 0);
	KUNIT_EXPECT_EQ(test, give(large), 0);
}

#define TYPES	11

static void eight_groups_are_told_and_how_much_more_there_is(struct kunit *test)
{
	struct swim_type *types = kunit_kcalloc(test, TYPES, sizeof(*types), GFP_KERNEL);
	struct swim_box box[TYPES] = {};
	unsigned int i;
	char line[64];

	KUNIT_ASSERT_NOT_NULL(test, types);
	for (i = 0; i < TYPES; i++) {
		const struct swim_type type = {
			.name = "struct made_up",
			.size = 8 * (i + 1),
			.sized = __SWIM_SIZED(8 * (i + 1)),
		};

		memcpy(&types[i], &type, sizeof(type));
		KUNIT_ASSERT_EQ(test, swim_box_new(&box[i], heap_hold(test), &types[i],
						   GFP_KERNEL), 0);
	}
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(heap_pool(test)), -EBUSY);
	for (i = 0; i < TYPES; i++) {
		snprintf(line, sizeof(line), "1 objects, %u bytes: struct made_up\n", 8 * (i + 1));
		if (i >= TYPES - 8)
			EXPECT_LINE(test, line);
		else
			EXPECT_NO_LINE(test, line);
	}
	KUNIT_EXPECT_EQ(test, swim_reports.stacks, 8U);
	EXPECT_LINE(test, "... and 3 more objects, 48 bytes\n");
	EXPECT_REPORT(test, "destroyed with 11 objects");
	for (i = 0; i < TYPES; i++)
		KUNIT_EXPECT_EQ(test, swim_box_drop(&box[i]), 0);
}

static void leaks_in_a_pack_are_told_by_what_they_are(struct kunit *test)
{
	struct swim_block block = { kunit_kzalloc(test, SZ_4K, GFP_KERNEL), SZ_4K };
	struct swim_pack *pack = swim_pack_create(&block);
	struct swim_box box = {};
	void *held, *gone;

	KUNIT_ASSERT_FALSE(test, IS_ERR(pack));
	gone = swim_pack_alloc(pack, 40);
	held = swim_pack_alloc(pack, 200);
	KUNIT_ASSERT_EQ(test, swim_box_new(&box, swim_pack_hold(pack), &leaf_type, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_free(gone), 0);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), -EBUSY);
	KUNIT_EXPECT_STREQ(test, (char *)swim_reports.lines,
			   "1 objects, 200 bytes: bytes without a lease\n"
			   "1 objects, 8 bytes: struct leaf\n");
	EXPECT_REPORT(test, "pack destroyed with 2 objects, 208 bytes live");
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	KUNIT_EXPECT_EQ(test, swim_free(held), 0);
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
}

#define KNOTS	6

/**
 * struct net - knots that are tied to one another
 * @hard: one of ours to each; empty when it is let go
 * @soft: to get at it then
 * @n: how many there are
 */
struct net {
	struct swim_hard_box hard[KNOTS];
	struct swim_soft_box soft[KNOTS];
	unsigned int n;
};

static noinline int tie_new(struct swim_hard_box *hard, struct swim_hold *hold)
{
	int err = swim_hard_box_new(hard, hold, &knot_type, GFP_KERNEL);

	barrier();
	return err;
}

static struct net *net_new(struct kunit *test, unsigned int n)
{
	struct net *net = kunit_kzalloc(test, sizeof(*net), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, net);
	net->n = n;
	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(test, tie_new(&net->hard[i], heap_hold(test)), 0);
		KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&net->soft[i], &net->hard[i]), 0);
	}
	return net;
}

/* Let @from keep @to. */
static void tie(struct kunit *test, struct net *net, unsigned int from, unsigned int to)
{
	struct swim_mut_box mut = {};
	struct knot *knot;

	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, &net->hard[from]), 0);
	knot = swim_mut_box_get(&mut);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(swim_hard_box_is_empty(&knot->next) ?
						  &knot->next : &knot->other,
						  &net->hard[to]), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
}

/* Let @from know @to, but not keep it. */
static void look_up(struct kunit *test, struct net *net, unsigned int from, unsigned int to)
{
	struct swim_mut_box mut = {};
	struct knot *knot;

	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, &net->hard[from]), 0);
	knot = swim_mut_box_get(&mut);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_soft(&knot->up, &net->hard[to]), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
}

/* Let @from own something by an exclusive lease. */
static void own_leaf(struct kunit *test, struct net *net, unsigned int from)
{
	struct swim_mut_box mut = {};
	struct knot *knot;

	KUNIT_ASSERT_EQ(test, swim_hard_box_poll_to_mut(&mut, &net->hard[from]), 0);
	knot = swim_mut_box_get(&mut);
	KUNIT_ASSERT_EQ(test, swim_box_new(&knot->own, heap_hold(test), &leaf_type,
					   GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
}

static void let_go(struct kunit *test, struct net *net)
{
	unsigned int i;

	for (i = 0; i < net->n; i++)
		if (!swim_hard_box_is_empty(&net->hard[i]))
			KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&net->hard[i]), 0);
}

/* Untie all, by the Soft leases: nothing lives then. */
static void net_end(struct kunit *test, struct net *net)
{
	struct swim_mut_box mut = {};
	struct knot *knot;
	unsigned int i;

	let_go(test, net);
	for (i = 0; i < net->n; i++) {
		if (!swim_soft_box_poll_to_mut(&mut, &net->soft[i])) {
			knot = swim_mut_box_get(&mut);
			if (!swim_hard_box_is_empty(&knot->next))
				swim_hard_box_drop(&knot->next);
			if (!swim_hard_box_is_empty(&knot->other))
				swim_hard_box_drop(&knot->other);
			KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
		}
		KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&net->soft[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0L);
}

/* The report of the leak has @objects in cycles; 0: it tells of none. */
static void expect_cycles(struct kunit *test, unsigned int objects)
{
	char line[64];

	KUNIT_EXPECT_EQ(test, swim_pool_destroy(heap_pool(test)), -EBUSY);
	snprintf(line, sizeof(line), "%u objects, ", objects);
	if (objects) {
		long at = line_at("in cycles of Hard leases:\n");

		KUNIT_ASSERT_GE(test, at, 0L);
		while (at && swim_reports.lines[at - 1] != '\n')
			at--;
		KUNIT_EXPECT_TRUE_MSG(test, strstarts(swim_reports.lines + at, line),
				      "no '%s' in '%s'", line, swim_reports.lines);
		KUNIT_EXPECT_NOT_NULL(test, strstr(swim_reports.lines + at, "struct knot"));
		if (heap_pool(test)->trailer)
			EXPECT_STACK(test, swim_reports.born, "tie_new");
	} else {
		EXPECT_NO_LINE(test, "cycles");
	}
	EXPECT_REPORT(test, "destroyed with");
}

static void object_that_keeps_itself_is_a_cycle(struct kunit *test)
{
	struct net *net = net_new(test, 1);

	tie(test, net, 0, 0);
	expect_cycles(test, 0);
	let_go(test, net);
	expect_cycles(test, 1);
	net_end(test, net);
}

static void two_that_keep_each_other_are_a_cycle(struct kunit *test)
{
	struct net *net = net_new(test, 2);

	tie(test, net, 0, 1);
	tie(test, net, 1, 0);
	let_go(test, net);
	expect_cycles(test, 2);
	net_end(test, net);
}

static void three_are_a_cycle_until_somebody_else_keeps_one(struct kunit *test)
{
	struct net *net = net_new(test, 3);
	unsigned int i;

	for (i = 0; i < 3; i++)
		tie(test, net, i, (i + 1) % 3);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&net->hard[i]), 0);
	expect_cycles(test, 0);
	let_go(test, net);
	expect_cycles(test, 3);
	net_end(test, net);
}

static void tail_of_a_cycle_leaks_with_it(struct kunit *test)
{
	struct net *net = net_new(test, 4);

	tie(test, net, 0, 1);
	tie(test, net, 1, 0);
	tie(test, net, 1, 2);
	tie(test, net, 2, 3);
	let_go(test, net);
	expect_cycles(test, 4);
	net_end(test, net);
}

static void what_a_cycle_owns_otherwise_leaks_with_it(struct kunit *test)
{
	struct swim_mut_box mut = {};
	struct net *net = net_new(test, 2);
	struct knot *knot;

	own_leaf(test, net, 0);
	tie(test, net, 0, 1);
	tie(test, net, 1, 0);
	let_go(test, net);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(heap_pool(test)), -EBUSY);
	EXPECT_LINE(test, "\n3 objects, ");
	EXPECT_LINE(test, "in cycles of Hard leases:\n");
	EXPECT_REPORT(test, "destroyed with 3 objects");
	KUNIT_ASSERT_EQ(test, swim_soft_box_poll_to_mut(&mut, &net->soft[0]), 0);
	knot = swim_mut_box_get(&mut);
	KUNIT_EXPECT_FALSE(test, swim_box_is_empty(&knot->own));
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	net_end(test, net);
}

static void what_leads_into_a_cycle_keeps_it_from_being_one(struct kunit *test)
{
	struct net *net = net_new(test, 6);

	/* One cycle that somebody leads to by way of another object, and one that nobody does. */
	tie(test, net, 0, 1);
	tie(test, net, 1, 2);
	tie(test, net, 2, 1);
	tie(test, net, 3, 4);
	tie(test, net, 4, 3);
	tie(test, net, 4, 5);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&net->hard[1]), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&net->hard[2]), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&net->hard[3]), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&net->hard[4]), 0);
	/* 5 is kept by us. */
	expect_cycles(test, 2);
	net_end(test, net);
}

static void soft_leases_back_make_no_cycle(struct kunit *test)
{
	struct net *net = net_new(test, 3);
	unsigned int i;

	tie(test, net, 0, 1);
	tie(test, net, 1, 2);
	look_up(test, net, 1, 0);
	look_up(test, net, 2, 0);
	for (i = 1; i < 3; i++)
		KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&net->hard[i]), 0);
	expect_cycles(test, 0);
	/* So all of it goes with the last lease from outside. */
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&net->hard[0]), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0L);
	net_end(test, net);
}

static void cycles_are_found_without_debug_too(struct kunit *test)
{
	struct net *net;

	swim_debug = false;
	swim_heap_again(test, 0, 0);
	net = net_new(test, 2);
	tie(test, net, 0, 1);
	tie(test, net, 1, 0);
	let_go(test, net);
	expect_cycles(test, 2);
	net_end(test, net);
}

static void among_too_many_objects_no_cycles_are_looked_for(struct kunit *test)
{
	const unsigned long most = BIT(20);
	void *object, *first = NULL;
	struct net *net;
	unsigned long n;

	if (IS_ENABLED(CONFIG_KASAN))
		kunit_skip(test, "a million objects take long here");
	swim_debug = false;
	swim_heap_again(test, 0, 0);
	net = net_new(test, 1);
	tie(test, net, 0, 0);
	let_go(test, net);
	for (n = 0; n < most; n++, first = object) {
		object = swim_alloc(heap_hold(test), sizeof(void *), GFP_KERNEL);
		if (IS_ERR(object))
			break;
		*(void **)object = first;
	}
	KUNIT_EXPECT_EQ(test, n, most);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(heap_pool(test)), -EBUSY);
	EXPECT_LINE(test, "too many objects to look for cycles\n");
	EXPECT_REPORT(test, "destroyed with 1048577 objects");
	for (; first; first = object) {
		object = *(void **)first;
		swim_free(first);
	}
	net_end(test, net);
}

static void owners_are_who_has_allocated_what_lives(struct kunit *test)
{
	struct seq_file seq = { .size = SZ_16K };
	void *large, *objects[5];
	struct swim_box box = {};
	unsigned int i;

	seq.buf = kunit_kzalloc(test, seq.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seq.buf);
	for (i = 0; i < 5; i++)
		objects[i] = get(heap_pool(test), 100);
	large = get_elsewhere(heap_pool(test), 40000);
	KUNIT_ASSERT_EQ(test, swim_box_new(&box, heap_hold(test), &leaf_type, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, give(objects[--i]), 0);
	KUNIT_EXPECT_EQ(test, swim_owners_show(&seq, heap_pool(test)), 0);
	KUNIT_EXPECT_LT(test, seq.count, seq.size);
	KUNIT_EXPECT_NOT_NULL(test, strstr(seq.buf, "            8 struct leaf\n"));
	if (has_stacks()) {
		KUNIT_EXPECT_NOT_NULL(test, strstr(seq.buf, "       4          416 bytes"));
		KUNIT_EXPECT_NOT_NULL(test, strstr(seq.buf, "       1        40000 bytes"));
		KUNIT_EXPECT_NOT_NULL(test, strstr(seq.buf, "\n        get_elsewhere"));
	} else {
		KUNIT_EXPECT_NOT_NULL(test, strstr(seq.buf, "       5        40416 bytes"));
	}
	KUNIT_EXPECT_EQ(test, swim_box_drop(&box), 0);
	KUNIT_EXPECT_EQ(test, give(large), 0);
	while (i--)
		KUNIT_EXPECT_EQ(test, give(objects[i]), 0);
}

static int debug_init(struct kunit *test)
{
	debug_before = swim_debug;
	swim_debug = true;
	return swim_heap_init(test, 0, 0);
}

static void debug_exit(struct kunit *test)
{
	swim_heap_exit(test);
	swim_debug = debug_before;
}

static struct kunit_case debug_cases[] = {
	KUNIT_CASE(overflow_is_told_when_the_object_goes),
	KUNIT_CASE(overflow_of_a_leased_object_is_told),
	KUNIT_CASE(overflow_is_told_when_the_object_moves),
	KUNIT_CASE(red_zone_follows_a_resize),
	KUNIT_CASE(aligned_objects_have_a_red_zone_too),
	KUNIT_CASE(second_free_is_told_with_both_stacks),
	KUNIT_CASE(use_of_a_lease_behind_the_drop_is_told_with_both_stacks),
	KUNIT_CASE(second_drop_through_a_ptr_is_told),
	KUNIT_CASE(free_of_a_leased_object_tells_who_allocated_it),
	KUNIT_CASE(drop_through_a_foreign_lease_tells_who_allocated_it),
	KUNIT_CASE(overflow_beyond_the_red_zone_names_the_one_in_front),
	KUNIT_CASE(write_after_the_drop_is_told_by_the_next_compaction),
	KUNIT_CASE(write_after_the_drop_is_told_when_the_hunk_goes),
	KUNIT_CASE(overwritten_stacks_are_not_believed),
	KUNIT_CASE(readers_find_a_dropped_object_as_it_was),
	KUNIT_CASE(stowed_object_counts_as_allocated_where_it_was_stowed),
	KUNIT_CASE(pool_is_what_it_was_made_as),
	KUNIT_CASE(leaks_are_told_by_who_allocated_them),
	KUNIT_CASE(leaks_are_told_by_what_they_are),
	KUNIT_CASE(eight_groups_are_told_and_how_much_more_there_is),
	KUNIT_CASE(leaks_in_a_pack_are_told_by_what_they_are),
	KUNIT_CASE(object_that_keeps_itself_is_a_cycle),
	KUNIT_CASE(two_that_keep_each_other_are_a_cycle),
	KUNIT_CASE(three_are_a_cycle_until_somebody_else_keeps_one),
	KUNIT_CASE(tail_of_a_cycle_leaks_with_it),
	KUNIT_CASE(what_a_cycle_owns_otherwise_leaks_with_it),
	KUNIT_CASE(what_leads_into_a_cycle_keeps_it_from_being_one),
	KUNIT_CASE(soft_leases_back_make_no_cycle),
	KUNIT_CASE(cycles_are_found_without_debug_too),
	KUNIT_CASE(among_too_many_objects_no_cycles_are_looked_for),
	KUNIT_CASE(owners_are_who_has_allocated_what_lives),
	{}
};

static struct kunit_suite debug_suite = {
	.name = "swimmem_debug",
	.init = debug_init,
	.exit = debug_exit,
	.test_cases = debug_cases,
};

kunit_test_suite(debug_suite);

MODULE_DESCRIPTION("KUnit suite: what debug pools find out, and leaks");
MODULE_LICENSE("GPL");
