// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fail: whoever asks for memory and gets none says so, and has changed nothing. Each call
 * that may ask is made with the first request failing, the second, and so on, until there
 * are no more; each time in a scene of its own, with all kinds of objects standing by.
 */
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "../kunit.h"
#include "../../swimmem/alloc/fail.h"
#include "../../swimmem/alloc/pool.h"
#include "../../swimmem/alloc/space.h"
#include "../../swimmem/lease/raw.h"

#define KEPT		12
#define FILLERS		512
#define LEASES		1200	/* for compaction; fewer elsewhere */
#define LARGE_FRONT	(SWIM_HUNK_BEGIN + SWIM_TAG_SLOT + swim_kunit_large())
#define LARGE_MAX	(SWIM_SEGMENT_SIZE - LARGE_FRONT)
#define NTH_MAX		200
#define NOWAIT		(GFP_NOWAIT | __GFP_NOWARN)

/* What the pool of a scene stands on. */
enum ground {
	BARE,		/* a page-backed space, and no pool */
	PAGES,		/* a page-backed space */
	LIMITED,	/* one of 1 MiB at most */
	READERS,	/* one with a pool for readers */
	FIXED,		/* a static space, hunks of a page */
	UNITS,		/* a slab, hunks of a page */
	GROUNDS,
};

#define POOLS		(BIT(PAGES) | BIT(LIMITED) | BIT(READERS) | BIT(FIXED) | BIT(UNITS))
#define PAGED		(BIT(PAGES) | BIT(READERS))

DEFINE_SWIM_SPACE(fail_fixed, 24 * PAGE_SIZE);
static char fail_units[24 * PAGE_SIZE] __aligned(PAGE_SIZE);

struct part { u64 word[8]; };
static SWIM_PLAIN_TYPE(part_type, struct part);
struct whole { struct swim_box part; u64 word[30]; };
static SWIM_TYPE(whole_type, struct whole, SWIM_PART(part));
struct large { u64 word[5000]; };
static SWIM_PLAIN_TYPE(large_type, struct large);

/**
 * struct scene - what is there when a call is made
 * @test: the case
 * @ground: what the pool stands on
 * @gfp: that the call asks with
 * @space: or NULL
 * @slab: for UNITS
 * @pool: or NULL
 * @kept: objects without a lease, of different sizes
 * @filler: objects that fill the hunk
 * @fillers: how many
 * @lease: leases, some of them pinned
 * @leases: how many
 * @object: what the call has to do with, or has made
 * @size: of it
 * @block: the same
 * @raw: the same
 * @box: the same
 * @made_space: the same
 * @made_pool: the same
 */
static struct scene {
	struct kunit *test;
	enum ground ground;
	gfp_t gfp;
	struct swim_space *space;
	struct swim_slab slab;
	struct swim_pool *pool;
	void *kept[KEPT];
	void *filler[FILLERS];
	unsigned int fillers;
	struct swim_raw lease[LEASES];
	unsigned int leases;
	void *object;
	size_t size;
	struct swim_block block;
	struct swim_raw raw;
	struct swim_box box;
	struct swim_space *made_space;
	struct swim_pool *made_pool;
} scene;

static unsigned int scene_failures;	/* calls that gave an error */

/* Everything that must not change. */
struct state {
	struct swim_space_stats space;
	struct swim_slab_stats slab;
	struct swim_pool_stats pool;
	u32 pages;
};

/* As KUNIT_EXPECT_TRUE(), told where. */
#define EXPECT(s, condition, n)								\
	KUNIT_EXPECT_TRUE_MSG((s)->test, condition, "ground %d, gfp %#x, request %lu",	\
			      (s)->ground, (__force unsigned int)(s)->gfp, (unsigned long)(n))

static size_t kept_size(unsigned int i)
{
	return 8 + 13 * i;
}

static size_t lease_size(unsigned int i)
{
	return 24 + i % 5 * 20;
}

static struct swim_heap *heap_of(struct scene *s)
{
	return s->space ? swim_space_heap(s->space) : swim_slab_heap(&s->slab);
}

static void *get(struct scene *s, size_t size)
{
	void *object = swim_pool_alloc(s->pool, size, GFP_KERNEL);

	KUNIT_ASSERT_FALSE(s->test, IS_ERR(object));
	return object;
}

static int lease_one(struct scene *s, size_t size)
{
	struct swim_raw *raw = &s->lease[s->leases];
	void *object;
	int err;

	err = swim_raw_new(raw, swim_pool_hold(s->pool), size, GFP_KERNEL);
	if (err)
		return err;
	object = swim_raw_pin(raw);
	KUNIT_ASSERT_FALSE(s->test, IS_ERR(object));
	memset(object, s->leases++ + 100, size);
	swim_raw_unpin(raw);
	return 0;
}

static void scene_pool(struct scene *s)
{
	unsigned int i;

	s->pool = swim_pool_create("fail", heap_of(s), s->ground == READERS ? SWIM_POOL_RCU : 0);
	if (IS_ERR(s->pool))
		s->pool = NULL;
	KUNIT_ASSERT_NOT_NULL(s->test, s->pool);
	for (i = 0; i < KEPT; i++)
		s->kept[i] = memset(get(s, kept_size(i)), i + 1, kept_size(i));
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(s->test, lease_one(s, lease_size(i)), 0);
	KUNIT_ASSERT_FALSE(s->test, IS_ERR(swim_raw_pin(&s->lease[3])));
}

static void scene_begin(struct scene *s, struct kunit *test, enum ground ground, gfp_t gfp)
{
	const struct swim_block units = { fail_units, sizeof(fail_units) };

	*s = (struct scene){ .test = test, .ground = ground, .gfp = gfp };
	switch (ground) {
	case UNITS:
		KUNIT_ASSERT_EQ(test, swim_slab_init(&s->slab, &units, PAGE_SIZE), 0);
		break;
	case FIXED:
		KUNIT_ASSERT_EQ(test, swim_space_add(&fail_fixed), 0);
		s->space = &fail_fixed;
		break;
	default:
		s->space = swim_space_create("fail", ground == LIMITED ? SZ_1M : 0);
		if (IS_ERR(s->space))
			s->space = NULL;
		KUNIT_ASSERT_NOT_NULL(test, s->space);
	}
	if (ground != BARE)
		scene_pool(s);
}

/* All objects are where they were, or were moved to, with what was in them. */
static void scene_check(struct scene *s, unsigned long n)
{
	unsigned int i, wrong = 0;

	if (!s->pool)
		return;
	for (i = 0; i < KEPT; i++)
		if (s->kept[i])
			wrong += !!memchr_inv(s->kept[i], i + 1, kept_size(i)) ||
				 swim_size(s->kept[i]) != round_up(kept_size(i), 8);
	for (i = 0; i < s->fillers; i++)
		wrong += !!memchr_inv(s->filler[i], 0x77, swim_size(s->filler[i]));
	EXPECT(s, !wrong, n);
	for (i = 0; i < s->leases; i++) {
		const void *object;

		rcu_read_lock();
		object = swim_raw_read(&s->lease[i]);
		if (object)
			wrong += !!memchr_inv(object, (i + 100) & 0xff,
					      swim_raw_size(&s->lease[i]));
		rcu_read_unlock();
		if (!object || i == 3)
			continue;
		wrong += swim_raw_pin(&s->lease[i]) != object;
		swim_raw_unpin(&s->lease[i]);
	}
	EXPECT(s, !wrong, n);
	KUNIT_EXPECT_EQ(s->test, swim_raw_size(&s->lease[3]), lease_size(3));
}

/* Everything goes back. */
static void scene_end(struct scene *s)
{
	struct kunit *test = s->test;
	struct swim_space_stats stats;
	unsigned int i;

	if (s->pool) {
		swim_raw_unpin(&s->lease[3]);
		for (i = 0; i < s->leases; i++)
			if (!swim_raw_is_empty(&s->lease[i]))
				KUNIT_EXPECT_EQ(test, swim_raw_drop(&s->lease[i]), 0);
		for (i = 0; i < KEPT; i++)
			KUNIT_EXPECT_EQ(test, swim_free(s->kept[i]), 0);
		for (i = 0; i < s->fillers; i++)
			KUNIT_EXPECT_EQ(test, swim_free(s->filler[i]), 0);
		KUNIT_EXPECT_EQ(test, swim_pool_destroy(s->pool), 0);
	}
	if (s->space) {
		swim_space_trim(s->space);
		swim_space_stats(s->space, &stats);
		KUNIT_EXPECT_EQ(test, stats.used, 0UL);
		KUNIT_EXPECT_EQ(test, stats.live, 0L);
		KUNIT_EXPECT_EQ(test, stats.size,
				s->ground == FIXED ? sizeof(fail_fixed_fixed) : 0);
		KUNIT_EXPECT_EQ(test, swim_space_destroy(s->space), 0);
	} else if (s->ground == UNITS) {
		struct swim_slab_stats units;

		swim_slab_stats(&s->slab, &units);
		KUNIT_EXPECT_EQ(test, units.live, 0U);
	}
	s->pool = NULL;
	s->space = NULL;
}

static u32 mix(u32 hash, unsigned long word)
{
	return (hash ^ (u32)word ^ (u32)((u64)word >> 32)) * 0x9e3779b1U + (hash >> 15);
}

/* Which pages the space has, which of them are taken, and whose hunk each frame is. */
static u32 pages_of(struct swim_space *space)
{
	struct swim_segment *segment;
	unsigned int i;
	u32 index, hash = 1;

	swim_for_each_segment(space, index, segment) {
		if (!segment->pages)
			continue;
		hash = mix(mix(hash, index), segment->pages);
		for (i = 0; i < SWIM_SEGMENT_ROWS; i++)
			hash = mix(hash, segment->row[i]);
		for (i = 0; i < SWIM_SEGMENT_FRAMES; i++) {
			hash = mix(hash, segment->frame[i].base & SWIM_FRAME_MASK);
			hash = mix(hash, (unsigned long)segment->frame[i].pool);
			hash = mix(hash, segment->order[i]);
		}
	}
	return hash;
}

static void look(struct scene *s, struct state *state)
{
	*state = (struct state){};
	if (s->ground == READERS)
		rcu_barrier();
	if (s->space) {
		/* A segment that was got for a call, and is free again, is no change. */
		swim_space_trim(s->space);
		swim_space_stats(s->space, &state->space);
		state->pages = pages_of(s->space);
	} else {
		swim_slab_stats(&s->slab, &state->slab);
	}
	if (s->pool)
		swim_pool_stats(s->pool, &state->pool);
}

static unsigned long hunks_counted(const struct swim_pool_stats *pool)
{
	unsigned long n = pool->open + pool->waiting, i;

	for (i = 0; i < SWIM_HISTOGRAM; i++)
		n += pool->histogram[i];
	return n;
}

static void expect_same(struct scene *s, const struct state *before, unsigned long n)
{
	struct state now;

	look(s, &now);
	EXPECT(s, now.space.limit == before->space.limit, n);
	EXPECT(s, now.space.size == before->space.size, n);
	EXPECT(s, now.space.used == before->space.used, n);
	EXPECT(s, now.space.live == before->space.live, n);
	EXPECT(s, now.space.segments == before->space.segments, n);
	EXPECT(s, now.pages == before->pages, n);
	EXPECT(s, !memcmp(&now.slab, &before->slab, sizeof(now.slab)), n);
	EXPECT(s, now.pool.held == before->pool.held, n);
	EXPECT(s, now.pool.live == before->pool.live, n);
	EXPECT(s, now.pool.used == before->pool.used, n);
	EXPECT(s, now.pool.tags == before->pool.tags, n);
	EXPECT(s, now.pool.hunks == before->pool.hunks, n);
	EXPECT(s, now.pool.large == before->pool.large, n);
	EXPECT(s, now.pool.waiting == before->pool.waiting, n);
	/* The hunk in which there was no room may have been closed. */
	EXPECT(s, now.pool.open == before->pool.open || now.pool.open + 1 == before->pool.open, n);
	EXPECT(s, hunks_counted(&now.pool) == now.pool.hunks, n);
	EXPECT(s, !memcmp(&now.pool.moves, &before->pool.moves, sizeof(now.pool.moves)), n);
}

/* Compaction that ends early has moved some, and all is still there. */
static void expect_same_objects(struct scene *s, const struct state *before, unsigned long n)
{
	struct state now;

	look(s, &now);
	EXPECT(s, now.pool.live == before->pool.live, n);
	EXPECT(s, now.pool.used == before->pool.used, n);
	EXPECT(s, now.pool.tags == before->pool.tags, n);
	EXPECT(s, now.pool.large == before->pool.large, n);
	EXPECT(s, now.pool.held <= before->pool.held, n);
	EXPECT(s, hunks_counted(&now.pool) == now.pool.hunks, n);
	/* Nothing but hunks may have changed hands. */
	EXPECT(s, (long)(before->space.used - now.space.used) ==
		  (s->space ? (long)(before->pool.held - now.pool.held) : 0), n);
	EXPECT(s, now.pool.moves.compactions == before->pool.moves.compactions + 1, n);
}

/* Leave no room in the hunk of this CPU, so that the next object needs another one. */
static void fill(struct scene *s)
{
	for (;;) {
		unsigned long next = swim_debug ? s->pool->spare :
						  this_cpu_read(s->pool->cpu->next);
		size_t room = next == SWIM_NO_HUNK ? 0 : -next & ~s->pool->mask;
		size_t size;

		if (room < 3 * SWIM_TAG_SLOT + swim_kunit_trailer())
			return;
		size = min(room - 2 * SWIM_TAG_SLOT - swim_kunit_trailer(), s->pool->small_max);
		KUNIT_ASSERT_LT(s->test, s->fillers, (unsigned int)FILLERS);
		s->filler[s->fillers++] = memset(get(s, size), 0x77, size);
	}
}

static int made(struct scene *s, void *object)
{
	if (IS_ERR(object))
		return PTR_ERR(object);
	EXPECT(s, !s->size || !memchr_inv(object, 0, s->size), 0);
	s->object = object;
	return 0;
}

static void undo_object(struct scene *s)
{
	KUNIT_EXPECT_EQ(s->test, swim_free(s->object), 0);
}

static void undo_block(struct scene *s)
{
	KUNIT_EXPECT_EQ(s->test, swim_heap_free(heap_of(s), &s->block), 0);
}

/* The calls; what each is given it takes from the scene, and what it made it leaves there. */

static int call_space_create(struct scene *s)
{
	struct swim_space *space = swim_space_create("made", 0);

	if (IS_ERR(space))
		return PTR_ERR(space);
	s->made_space = space;
	return 0;
}

static int call_space_create_node(struct scene *s)
{
	struct swim_space *space = swim_space_create_node("made", SZ_1M, 0);

	if (IS_ERR(space))
		return PTR_ERR(space);
	s->made_space = space;
	return 0;
}

static void undo_space_create(struct scene *s)
{
	KUNIT_EXPECT_EQ(s->test, swim_space_destroy(s->made_space), 0);
}

static int space_alloc(struct scene *s, size_t size)
{
	const struct swim_block none = { (void *)1, 2 };
	int err;

	s->block = none;
	err = swim_space_alloc(s->space, size, s->gfp, &s->block);
	if (err)
		EXPECT(s, !memcmp(&s->block, &none, sizeof(none)), 0);
	return err;
}

static int call_space_alloc_page(struct scene *s)
{
	return space_alloc(s, 1);
}

static int call_space_alloc_odd(struct scene *s)
{
	return space_alloc(s, 37 * PAGE_SIZE);
}

static int call_space_alloc_frame(struct scene *s)
{
	return space_alloc(s, SZ_64K);
}

static int call_space_alloc_segment(struct scene *s)
{
	return space_alloc(s, SZ_2M);
}

static int call_heap_alloc(struct scene *s)
{
	const struct swim_layout layout = { .size = 100, .align = PAGE_SIZE };

	return swim_heap_alloc(heap_of(s), &layout, s->gfp, &s->block);
}

static int call_heap_alloc_aligned(struct scene *s)
{
	const struct swim_layout layout = { .size = 100, .align = SZ_1M };

	return swim_heap_alloc(heap_of(s), &layout, s->gfp, &s->block);
}

static int call_space_grow(struct scene *s)
{
	struct swim_space_stats before, now;
	int err;

	swim_space_stats(s->space, &before);
	err = swim_space_grow(s->space, s->gfp);
	swim_space_stats(s->space, &now);
	EXPECT(s, err ? now.size == before.size : now.size > before.size, 0);
	return err;
}

static int call_pool_create(struct scene *s)
{
	struct swim_pool *pool = swim_pool_create("made", heap_of(s), 0);

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	s->made_pool = pool;
	return 0;
}

static void undo_pool_create(struct scene *s)
{
	KUNIT_EXPECT_EQ(s->test, swim_pool_destroy(s->made_pool), 0);
}

static int pool_alloc(struct scene *s, size_t size)
{
	s->size = size;
	return made(s, swim_pool_alloc(s->pool, size, s->gfp));
}

static int call_pool_alloc_small(struct scene *s)
{
	return pool_alloc(s, 64);
}

static int call_pool_alloc_nothing(struct scene *s)
{
	return pool_alloc(s, 0);
}

static int call_pool_alloc_small_max(struct scene *s)
{
	return pool_alloc(s, s->pool->small_max);
}

static int call_pool_alloc_large(struct scene *s)
{
	return pool_alloc(s, s->pool->small_max + 1);
}

static int call_pool_alloc_large_odd(struct scene *s)
{
	return pool_alloc(s, 300 * SZ_1K);
}

static int call_pool_alloc_large_max(struct scene *s)
{
	return pool_alloc(s, LARGE_MAX);
}

static int call_alloc(struct scene *s)
{
	s->size = 100;
	return made(s, swim_alloc(swim_pool_hold(s->pool), 100, s->gfp));
}

static int call_alloc_aligned(struct scene *s)
{
	s->size = 100;
	return made(s, swim_alloc_aligned(swim_pool_hold(s->pool), 100, 256, s->gfp));
}

/* Small in a hunk of 64 KiB, large in one of a page. */
static int call_alloc_aligned_page(struct scene *s)
{
	s->size = 100;
	return made(s, swim_alloc_aligned(swim_pool_hold(s->pool), 100, PAGE_SIZE, s->gfp));
}

static int call_alloc_aligned_large(struct scene *s)
{
	s->size = SZ_32K;
	return made(s, swim_alloc_aligned(swim_pool_hold(s->pool), SZ_32K, PAGE_SIZE, s->gfp));
}

/* Make an object of @before bytes larger; where it was it must still be on an error. */
static int reallocate(struct scene *s, size_t before, size_t after)
{
	void *old = s->object, *object;

	EXPECT(s, !memchr_inv(old, 0x55, before), 0);
	object = swim_realloc(old, after, s->gfp);
	if (IS_ERR(object)) {
		EXPECT(s, swim_size(old) == round_up(before, 8), 0);
		EXPECT(s, !memchr_inv(old, 0x55, before), 0);
		return PTR_ERR(object);
	}
	EXPECT(s, !memchr_inv(object, 0x55, min(before, after)), 0);
	if (after > before)
		EXPECT(s, !memchr_inv(object + round_up(before, 8), 0,
				      after - round_up(before, 8)), 0);
	s->object = object;
	return 0;
}

static void setup_realloc(struct scene *s)
{
	s->object = memset(get(s, 64), 0x55, 64);
	fill(s);
}

static void setup_realloc_large(struct scene *s)
{
	s->object = memset(get(s, SZ_32K), 0x55, SZ_32K);
}

static int call_realloc(struct scene *s)
{
	return reallocate(s, 64, 200);
}

static int call_realloc_to_large(struct scene *s)
{
	return reallocate(s, 64, s->pool->small_max + 1);
}

static int call_realloc_large(struct scene *s)
{
	return reallocate(s, SZ_32K, SZ_64K);
}

static int raw_new(struct scene *s, size_t size)
{
	int err = swim_raw_new(&s->raw, swim_pool_hold(s->pool), size, s->gfp);

	EXPECT(s, swim_raw_is_empty(&s->raw) == !!err, 0);
	return err;
}

static int call_raw_new(struct scene *s)
{
	return raw_new(s, 64);
}

static int call_raw_new_nothing(struct scene *s)
{
	return raw_new(s, 0);
}

static int call_raw_new_large(struct scene *s)
{
	return raw_new(s, s->pool->small_max + 1);
}

static void undo_raw(struct scene *s)
{
	KUNIT_EXPECT_EQ(s->test, swim_raw_drop(&s->raw), 0);
}

static int box_new(struct scene *s, const struct swim_type *type)
{
	int err = swim_box_new(&s->box, swim_pool_hold(s->pool), type, s->gfp);

	EXPECT(s, swim_box_is_empty(&s->box) == !!err, 0);
	return err;
}

static int call_box_new(struct scene *s)
{
	return box_new(s, &whole_type);
}

static int call_box_new_large(struct scene *s)
{
	return box_new(s, &large_type);
}

static void undo_box(struct scene *s)
{
	KUNIT_EXPECT_EQ(s->test, swim_box_drop(&s->box), 0);
}

/* A box in a box that is there already. */
static void setup_part(struct scene *s)
{
	struct whole *whole;

	KUNIT_ASSERT_EQ(s->test, box_new(s, &whole_type), 0);
	whole = swim_box_pin(&s->box);
	KUNIT_ASSERT_FALSE(s->test, IS_ERR(whole));
	memset(whole->word, 0x66, sizeof(whole->word));
	swim_box_unpin(&s->box);
	fill(s);
}

static int call_part(struct scene *s)
{
	struct whole *whole = swim_box_pin(&s->box);
	int err = swim_box_new(&whole->part, swim_pool_hold(s->pool), &part_type, s->gfp);

	EXPECT(s, swim_box_is_empty(&whole->part) == !!err, 0);
	EXPECT(s, !memchr_inv(whole->word, 0x66, sizeof(whole->word)), 0);
	swim_box_unpin(&s->box);
	return err;
}

/* Most of what is leased goes, all over the hunks, and all in the last of them. */
static void setup_compact(struct scene *s)
{
	unsigned int i;

	while (s->leases < LEASES && !lease_one(s, s->ground <= READERS ? 400 : 100))
		;
	for (i = 8; i < s->leases; i++)
		if (i % 3 || i > s->leases / 4 * 3)
			KUNIT_EXPECT_EQ(s->test, swim_raw_drop(&s->lease[i]), 0);
}

static int call_compact(struct scene *s)
{
	return swim_pool_compact(s->pool, 100);
}

/**
 * struct entry - one that may ask for memory
 * @name: of it
 * @grounds: on which it is tried
 * @setup: before; not among what may fail
 * @call: errno
 * @undo: the opposite of @call
 * @same: what has not changed after an error; NULL for all
 * @never: it asks for nothing
 */
struct entry {
	const char *name;
	unsigned long grounds;
	void (*setup)(struct scene *s);
	int (*call)(struct scene *s);
	void (*undo)(struct scene *s);
	void (*same)(struct scene *s, const struct state *before, unsigned long n);
	bool never;
};

#define BLOCKS	(BIT(BARE) | PAGED)

static const struct entry entries[] = {
	{ "swim_space_create", BIT(BARE), NULL, call_space_create, undo_space_create },
	{ "swim_space_create_node", BIT(BARE), NULL, call_space_create_node, undo_space_create },
	{ "swim_space_grow", BLOCKS, NULL, call_space_grow },
	{ "swim_space_alloc of a page", BLOCKS, NULL, call_space_alloc_page, undo_block },
	{ "swim_space_alloc of 37 pages", BLOCKS, NULL, call_space_alloc_odd, undo_block },
	{ "swim_space_alloc of 64 KiB", BLOCKS, NULL, call_space_alloc_frame, undo_block },
	{ "swim_space_alloc of 2 MiB", BLOCKS, NULL, call_space_alloc_segment, undo_block },
	{ "swim_heap_alloc", POOLS | BIT(BARE), NULL, call_heap_alloc, undo_block },
	{ "swim_heap_alloc aligned", BLOCKS, NULL, call_heap_alloc_aligned, undo_block },
	{ "swim_pool_create", POOLS | BIT(BARE), NULL, call_pool_create, undo_pool_create },
	{ "swim_pool_alloc with room", POOLS, NULL, call_pool_alloc_small, undo_object,
	  .never = true },
	{ "swim_pool_alloc of nothing", POOLS, fill, call_pool_alloc_nothing, undo_object,
	  .never = true },
	{ "swim_pool_alloc of a new hunk", POOLS, fill, call_pool_alloc_small, undo_object },
	{ "swim_pool_alloc of most of a hunk", POOLS, fill, call_pool_alloc_small_max,
	  undo_object },
	{ "swim_pool_alloc large", POOLS, fill, call_pool_alloc_large, undo_object },
	{ "swim_pool_alloc of 300 KiB", PAGED, NULL, call_pool_alloc_large_odd, undo_object },
	{ "swim_pool_alloc of 2 MiB", PAGED, NULL, call_pool_alloc_large_max, undo_object },
	{ "swim_alloc", POOLS, fill, call_alloc, undo_object },
	{ "swim_alloc_aligned", POOLS, fill, call_alloc_aligned, undo_object },
	{ "swim_alloc_aligned to a page", PAGED | BIT(FIXED), fill, call_alloc_aligned_page,
	  undo_object },
	{ "swim_alloc_aligned large", PAGED, fill, call_alloc_aligned_large, undo_object },
	{ "swim_realloc", POOLS, setup_realloc, call_realloc, undo_object },
	{ "swim_realloc to large", POOLS, setup_realloc, call_realloc_to_large, undo_object },
	{ "swim_realloc of large", PAGED, setup_realloc_large, call_realloc_large, undo_object },
	{ "swim_raw_new", POOLS, fill, call_raw_new, undo_raw },
	{ "swim_raw_new of nothing", POOLS, fill, call_raw_new_nothing, undo_raw },
	{ "swim_raw_new large", POOLS, fill, call_raw_new_large, undo_raw },
	{ "swim_box_new", POOLS, fill, call_box_new, undo_box },
	{ "swim_box_new large", PAGED, NULL, call_box_new_large, undo_box },
	{ "swim_box_new in a box", POOLS, setup_part, call_part, undo_box },
	{ "swim_pool_compact", POOLS, setup_compact, call_compact, NULL, expect_same_objects },
};

static void entry_describe(const struct entry *entry, char *text)
{
	strscpy(text, entry->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(entry, entries, entry_describe);

static int fail_init(struct kunit *test)
{
	return swim_kunit_init(test);
}

static void fail_exit(struct kunit *test)
{
	swim_fail_nth(0);
	if (scene.pool || scene.space)
		scene_end(&scene);
	swim_kunit_exit(test);
}

/* Call with the @n-th request failing; true when there were fewer. */
static bool run(struct kunit *test, const struct entry *entry, enum ground ground, gfp_t gfp,
		void (*fail)(unsigned long n), unsigned long n)
{
	struct scene *s = &scene;
	struct state before, again;
	unsigned long count;
	int err;

	scene_begin(s, test, ground, gfp);
	if (entry->setup)
		entry->setup(s);
	look(s, &before);
	fail(n);
	err = entry->call(s);
	count = swim_fail_count();
	swim_fail_nth(0);
	scene_check(s, n);
	if (err) {
		scene_failures++;
		EXPECT(s, err == -ENOMEM, n);
		EXPECT(s, count >= n, n);
		(entry->same ?: expect_same)(s, &before, n);
		/* Nothing is in the way of the next one. */
		EXPECT(s, !entry->call(s), n);
		scene_check(s, n);
	}
	if (entry->undo)
		entry->undo(s);
	scene_check(s, n);
	look(s, &again);
	if (entry->undo && !entry->setup)
		EXPECT(s, again.pool.used == before.pool.used, n);
	scene_end(s);
	return count < n;
}

/* One request alone, and all from one on. */
static void (*const fails[])(unsigned long n) = { swim_fail_nth, swim_fail_from };

static void nothing_has_changed_when_a_request_fails(struct kunit *test)
{
	static const gfp_t gfps[] = { GFP_KERNEL, NOWAIT };
	const struct entry *entry = test->param_value;
	unsigned int ground, i;
	unsigned long n;

	scene_failures = 0;
	for (ground = 0; ground < GROUNDS; ground++) {
		if (!(entry->grounds & BIT(ground)))
			continue;
		for (i = 0; i < ARRAY_SIZE(gfps) * ARRAY_SIZE(fails); i++) {
			for (n = 1; n < NTH_MAX && !run(test, entry, ground, gfps[i / 2],
							fails[i % 2], n); n++)
				cond_resched();
			KUNIT_EXPECT_LT(test, n, NTH_MAX);
		}
	}
	KUNIT_EXPECT_EQ(test, !scene_failures, entry->never);
}

/* Each waits for readers, which takes its time where there are CPUs. */
#define FAILURES	(IS_ENABLED(CONFIG_SMP) ? 24 : 100)

/* Pages that are free no more after so many failures. */
static long lost_pages(struct kunit *test, const struct entry *entry, unsigned long n)
{
	const enum ground ground = __ffs(entry->grounds);
	unsigned long before = 0;
	unsigned int i;

	for (i = 0; i < 2 * FAILURES; i++) {
		/* What the first ones make is kept by others. */
		if (i == FAILURES) {
			rcu_barrier();
			before = global_zone_page_state(NR_FREE_PAGES);
		}
		run(test, entry, ground, GFP_KERNEL, swim_fail_from, n);
	}
	rcu_barrier();
	return before - global_zone_page_state(NR_FREE_PAGES);
}

/* A leak of one page would show so many times. */
static void failures_again_and_again_leak_no_page(struct kunit *test)
{
	unsigned int e, tries;
	unsigned long n;
	long lost;

	if (IS_ENABLED(CONFIG_KASAN))
		kunit_skip(test, "what is freed stays in KASAN's quarantine");
	for (e = 0; e < ARRAY_SIZE(entries); e++) {
		if (entries[e].setup == setup_compact)
			continue;
		for (n = 1; n < 4; n++) {
			/* Others take and give pages too, but not as many again and again. */
			for (tries = 0; tries < 3; tries++) {
				lost = lost_pages(test, &entries[e], n);
				if (lost < FAILURES / 2)
					break;
			}
			KUNIT_EXPECT_LT_MSG(test, lost, FAILURES / 2L, "%s, request %lu",
					    entries[e].name, n);
			cond_resched();
		}
	}
}

static struct kunit_case fail_cases[] = {
	KUNIT_CASE_PARAM(nothing_has_changed_when_a_request_fails, entry_gen_params),
	KUNIT_CASE(failures_again_and_again_leak_no_page),
	{}
};

static struct kunit_suite fail_suite = {
	.name = "fail",
	.init = fail_init,
	.exit = fail_exit,
	.test_cases = fail_cases,
};

kunit_test_suite(fail_suite);

MODULE_DESCRIPTION("KUnit suite: out of memory, at each request");
MODULE_LICENSE("GPL");
