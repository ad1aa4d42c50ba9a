/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Structures: grown at random, looked at as a whole, and compared.
 */
#ifndef SWIMMEM_KUNIT_STRUCTURE_H
#define SWIMMEM_KUNIT_STRUCTURE_H

#include "../swimmem/lease/cell.h"
#include "../swimmem/lease/lease.h"
#include "kunit.h"

#define NOWAIT	(GFP_NOWAIT | __GFP_NOWARN)

struct node {
	u64 number;
	struct swim_raw raw;
	struct swim_ptr ptr;
	struct swim_box box;
	struct swim_ptr_box ptr_box;
	struct swim_buf buf;
	struct swim_hard_box hard;
	struct swim_hard_buf hard_buf;
	struct swim_soft_box soft;
};

struct twig {
	u64 number;
	struct swim_ptr_buf ptr_buf;
	struct swim_hard bytes;
	struct swim_mut mut;
	struct swim_ref ref;
};

static SWIM_TYPE(node_type, struct node, SWIM_PART(raw), SWIM_PART(ptr), SWIM_PART(box),
		 SWIM_PART(ptr_box), SWIM_PART(buf), SWIM_PART(hard), SWIM_PART(hard_buf),
		 SWIM_PART(soft));
static SWIM_TYPE(twig_type, struct twig, SWIM_PART(ptr_buf), SWIM_PART(bytes), SWIM_PART(mut),
		 SWIM_PART(ref));

/**
 * struct grower - makes structures
 * @test: for whom
 * @hold: where they live
 * @state: of its random numbers
 * @budget: values that it still may make
 * @large: make bytes that need an extent of their own too
 * @shared: a counted node that some leases lead to
 */
struct grower {
	struct kunit *test;
	struct swim_hold *hold;
	u32 state;
	int budget;
	bool large;
	struct swim_hard_box shared;
};

static inline bool chance(struct grower *g, unsigned int in)
{
	return swim_random(&g->state) % in == 0;
}

static inline size_t random_size(struct grower *g)
{
	if (g->large && chance(g, 4))
		return SZ_16K + swim_random(&g->state) % SZ_32K;
	return swim_random(&g->state) % 200;
}

static inline void grow_bytes(struct grower *g, struct swim_raw *raw, struct swim_ptr *ptr)
{
	size_t size = random_size(g);
	u8 byte = swim_random(&g->state);
	void *bytes;

	if (raw) {
		KUNIT_ASSERT_EQ(g->test, swim_raw_new(raw, g->hold, size, GFP_KERNEL), 0);
		bytes = swim_raw_pin(raw);
		memset(bytes, byte, size);
		swim_raw_unpin(raw);
	} else {
		KUNIT_ASSERT_EQ(g->test, swim_ptr_new(ptr, g->hold, size, GFP_KERNEL), 0);
		bytes = swim_ptr_pin(ptr);
		memset(bytes, byte, size);
		swim_ptr_unpin(ptr);
	}
}

static inline void grow(struct grower *g, struct node *node, unsigned int depth);

static inline void grow_twig(struct grower *g, struct twig *twig, unsigned int depth)
{
	unsigned int n = swim_random(&g->state) % 3;
	struct swim_mut mut = {};

	twig->number = swim_random(&g->state);
	KUNIT_ASSERT_EQ(g->test, swim_mut_new(&mut, g->hold, 24, GFP_KERNEL), 0);
	memset(swim_mut_get(&mut), 3, 24);
	KUNIT_ASSERT_EQ(g->test, swim_mut_into_hard(&twig->bytes, &mut), 0);
	KUNIT_ASSERT_EQ(g->test, swim_ptr_buf_new(&twig->ptr_buf, g->hold, &node_type, n,
						  GFP_KERNEL), 0);
	while (n--) {
		struct node node = {};

		grow(g, &node, depth);
		KUNIT_ASSERT_EQ(g->test, swim_ptr_buf_push(&twig->ptr_buf, &node, GFP_KERNEL), 0);
	}
}

static inline void grow_box(struct grower *g, struct swim_box *box, unsigned int depth)
{
	const bool is_twig = depth && chance(g, 3);
	void *value;

	KUNIT_ASSERT_EQ(g->test, swim_box_new(box, g->hold, is_twig ? &twig_type : &node_type,
					      GFP_KERNEL), 0);
	value = swim_box_pin(box);
	KUNIT_ASSERT_FALSE(g->test, IS_ERR(value));
	if (is_twig)
		grow_twig(g, value, depth - 1);
	else
		grow(g, value, depth);
	swim_box_unpin(box);
}

static inline void grow_ptr_box(struct grower *g, struct swim_ptr_box *box, unsigned int depth)
{
	struct node *node;

	KUNIT_ASSERT_EQ(g->test, swim_ptr_box_new(box, g->hold, &node_type, GFP_KERNEL), 0);
	node = swim_ptr_box_pin(box);
	KUNIT_ASSERT_FALSE(g->test, IS_ERR(node));
	grow(g, node, depth);
	swim_ptr_box_unpin(box);
}

static inline void grow_buf(struct grower *g, struct swim_buf *buf, unsigned int depth)
{
	unsigned int n = swim_random(&g->state) % 4;

	KUNIT_ASSERT_EQ(g->test, swim_buf_new(buf, g->hold, &node_type, 1, GFP_KERNEL), 0);
	while (n--) {
		struct node node = {};

		grow(g, &node, depth);
		KUNIT_ASSERT_EQ(g->test, swim_buf_push(buf, &node, GFP_KERNEL), 0);
	}
}

static inline void grow_hard(struct grower *g, struct swim_hard_box *hard, unsigned int depth)
{
	struct swim_mut_box mut = {};

	if (!swim_hard_box_is_empty(&g->shared) && chance(g, 3)) {
		KUNIT_ASSERT_EQ(g->test, swim_hard_box_clone(hard, &g->shared), 0);
		return;
	}
	KUNIT_ASSERT_EQ(g->test, swim_mut_box_new(&mut, g->hold, &node_type, GFP_KERNEL), 0);
	grow(g, swim_mut_box_get(&mut), depth);
	KUNIT_ASSERT_EQ(g->test, swim_mut_box_into_hard(hard, &mut), 0);
}

static inline void grow_hard_buf(struct grower *g, struct swim_hard_buf *hard, unsigned int depth)
{
	unsigned int n = swim_random(&g->state) % 3;
	struct swim_mut_buf mut = {};

	KUNIT_ASSERT_EQ(g->test, swim_mut_buf_new(&mut, g->hold, &node_type, 3, GFP_KERNEL), 0);
	while (n--) {
		struct node node = {};

		grow(g, &node, depth);
		KUNIT_ASSERT_EQ(g->test, swim_mut_buf_push(&mut, &node, GFP_KERNEL), 0);
	}
	KUNIT_ASSERT_EQ(g->test, swim_mut_buf_into_hard(hard, &mut), 0);
}

/* Children of all kinds for a node that has none. */
static inline void grow(struct grower *g, struct node *node, unsigned int depth)
{
	node->number = swim_random(&g->state);
	if (chance(g, 2))
		grow_bytes(g, &node->raw, NULL);
	if (chance(g, 2))
		grow_bytes(g, NULL, &node->ptr);
	if (!depth-- || g->budget-- < 0)
		return;
	if (chance(g, 2))
		grow_box(g, &node->box, depth);
	if (chance(g, 2))
		grow_ptr_box(g, &node->ptr_box, depth);
	if (chance(g, 2))
		grow_buf(g, &node->buf, depth);
	if (chance(g, 2))
		grow_hard(g, &node->hard, depth);
	if (chance(g, 2))
		grow_hard_buf(g, &node->hard_buf, depth);
	if (!swim_hard_box_is_empty(&g->shared) && chance(g, 2))
		KUNIT_ASSERT_EQ(g->test, swim_hard_box_to_soft(&node->soft, &g->shared), 0);
}

#define SEEN_MAX	4096

/**
 * struct seen - an object as it was when it was looked at
 * @slot: the lease by which it was found first
 * @object: where it was
 * @size: its bytes
 * @cell: if it is counted
 * @status: of the cell
 * @sum: of what is in it, leases not counted
 * @owned: its tag names the lease, or the cell
 * @shared: a counted object, not the root, or below one
 */
struct seen {
	void *slot;
	void *object;
	size_t size;
	struct swim_cell *cell;
	unsigned long status;
	u64 sum;
	u32 owned;
	u32 shared;
};

/**
 * struct view - a structure as it was: its objects, parents before children
 * @n: how many
 * @seen: each of them
 */
struct view {
	unsigned int n;
	struct seen seen[SEEN_MAX];
};

static inline bool view_has(const struct view *view, const struct swim_cell *cell)
{
	unsigned int i;

	for (i = 0; i < view->n; i++)
		if (view->seen[i].cell == cell)
			return true;
	return false;
}

static inline u64 view_sum(const void *payload, const struct swim_body *body)
{
	const struct swim_type *type = swim_meta_type(body->meta);
	u32 n, count = swim_meta_is_buf(body->meta) ? body->len : 1;
	const u8 *bytes = payload;
	u64 sum = count;

	for (n = 0; !type && n < swim_body_size(body); n++)
		sum = sum * 31 + bytes[n];
	/* Each value begins with its number. */
	for (n = 0; type && n < count; n++)
		sum = sum * 31 + *(const u64 *)(payload + n * type->size);
	return sum;
}

/**
 * struct values - what an object is made of
 * @type: of each of them; NULL for bytes
 * @at: the first
 * @count: how many
 * @shared: others may have leases of it
 */
struct values {
	const struct swim_type *type;
	void *at;
	u32 count;
	bool shared;
};

/* Look at what a lease owns, if it has not been seen. */
static noinline __maybe_unused struct values
view_one(struct view *view, void *slot, enum swim_lease_kind kind, bool shared)
{
	const enum swim_tag_kind tag = swim_kind_tag(kind);
	struct seen *seen = &view->seen[view->n];
	struct values values = { .shared = shared };
	struct swim_cell *cell = NULL;
	struct swim_body *body;
	void *object = *(void **)slot;

	if (!object || kind == SWIM_KIND_SOFT || WARN_ON(view->n == SEEN_MAX))
		return values;
	if (tag == SWIM_TAG_COUNTED) {
		cell = object;
		object = cell->object;
		if (view_has(view, cell))
			return values;
		values.shared = shared || view->n;
	}
	body = swim_body_of(slot, object, tag);
	values.type = swim_meta_type(body->meta);
	values.at = object + swim_body_front(body, tag);
	values.count = swim_meta_is_buf(body->meta) ? body->len : 1;
	view->n++;
	*seen = (struct seen){
		.slot = slot,
		.object = object,
		.size = swim_body_object_size(body, tag),
		.cell = cell,
		.status = cell ? atomic_long_read(&cell->status) : 0,
		.sum = view_sum(values.at, body),
		.owned = swim_tag_read(swim_tag_of(object)) ==
			 swim_tag_owned(cell ?: slot, tag),
		.shared = values.shared,
	};
	return values;
}

/* And below. There may be a hundred above each other: little of that is on the stack. */
static inline void view_add(struct view *view, void *slot, enum swim_lease_kind kind, bool shared)
{
	struct values values = view_one(view, slot, kind, shared);
	u32 part;

	for (; values.type && values.count; values.count--, values.at += values.type->size)
		for (part = 0; part < values.type->parts; part++)
			view_add(view, swim_part(values.at, values.type->part[part]),
				 swim_part_kind(values.type->part[part]), values.shared);
}

static inline struct view *view_of(struct kunit *test, void *slot, enum swim_lease_kind kind)
{
	struct view *view = kunit_kmalloc(test, sizeof(*view), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, view);
	view->n = 0;
	view_add(view, slot, kind, false);
	return view;
}

static inline void view_put(struct kunit *test, struct view *view)
{
	kunit_kfree(test, view);
}

/* Everything is where it was, and as it was. */
static inline void expect_same(struct kunit *test, const struct view *before, void *slot,
			       enum swim_lease_kind kind)
{
	struct view *now = view_of(test, slot, kind);

	KUNIT_EXPECT_EQ(test, now->n, before->n);
	KUNIT_EXPECT_EQ(test, memcmp(now->seen, before->seen,
				     before->n * sizeof(now->seen[0])), 0);
	view_put(test, now);
}

/* What is shared may have been moved more than once, and be back where it was. */
static inline bool seen_moved(const struct seen *of, const struct seen *is)
{
	return of->size == is->size && of->sum == is->sum && is->owned &&
	       (of->shared || of->object != is->object) && of->cell == is->cell &&
	       of->status == is->status;
}

/* What is shared is the same. */
static inline bool seen_cloned(const struct seen *of, const struct seen *is)
{
	if (of->size != is->size || of->sum != is->sum || !is->owned || of->shared != is->shared)
		return false;
	return of->shared == (of->object == is->object) && (!of->shared || of->cell == is->cell);
}

/* The same structure at other addresses; or another of it. */
static inline void expect_like(struct kunit *test, const struct view *a, const struct view *b,
			       bool moved)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, a->n, b->n);
	for (i = 0; i < a->n; i++) {
		const struct seen *of = &a->seen[i], *is = &b->seen[i];
		const bool like = moved ? seen_moved(of, is) : seen_cloned(of, is);

		KUNIT_EXPECT_TRUE_MSG(test, like, "object %u of %u: %zu, %zu bytes%s%s%s%s%s", i,
				      a->n, of->size, is->size,
				      of->sum != is->sum ? ", another sum" : "",
				      is->owned ? "" : ", not owned",
				      of->object == is->object ? ", the same place" : "",
				      of->cell != is->cell ? ", another cell" : "",
				      of->status != is->status ? ", another status" : "");
		if (!like)
			return;
	}
}

static inline struct swim_pool_stats stats_of(struct swim_pool *pool)
{
	struct swim_pool_stats stats;

	swim_pool_stats(pool, &stats);
	return stats;
}

static inline void expect_empty(struct kunit *test, struct swim_pool *pool)
{
	KUNIT_EXPECT_EQ(test, stats_of(pool).live, 0);
	KUNIT_EXPECT_EQ(test, stats_of(pool).used, 0);
}

#endif
