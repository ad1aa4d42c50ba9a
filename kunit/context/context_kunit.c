// SPDX-License-Identifier: GPL-2.0-only
/*
 * Context: what says that it may be called from any context but NMI does all it does in each: in a
 * thread, in a softirq, in a hard interrupt, and with interrupts or preemption off.
 */
#include <linux/sizes.h>
#include <swimmem/pack.h>
#include <swimmem/slab.h>

#include "../interrupt.h"

/**
 * struct place - what the calls are made on
 * @bed: a space, and a pool over it
 * @there: another pool over that space
 */
struct place {
	struct swim_bed bed;
	struct swim_pool *there;
};

/**
 * struct row - calls that belong together
 * @name: of the noun that they are about
 * @calls: makes them all, and leaves nothing; returns 0, or the line that went wrong
 */
struct row {
	const char *name;
	int (*calls)(struct place *place);
};

static bool numbers_equal(const void *a, const void *b)
{
	return *(const u64 *)a == *(const u64 *)b;
}

static int numbers_compare(const void *a, const void *b)
{
	return *(const u64 *)a < *(const u64 *)b ? -1 : *(const u64 *)a > *(const u64 *)b;
}

static u32 number_hash(const void *value, u32 seed)
{
	return *(const u64 *)value + seed;
}

static const struct swim_type_ops number_ops = {
	.equal = numbers_equal,
	.compare = numbers_compare,
	.hash = number_hash,
};

static SWIM_PLAIN_TYPE_OPS(number_type, u64, &number_ops);
static SWIM_PLAIN_TYPE(word_type, u64);

struct node {
	u64 number;
	struct swim_box left;
	struct swim_hard_box right;
	struct swim_string name;
};

static SWIM_TYPE(node_type, struct node, SWIM_PART(left), SWIM_PART(right), SWIM_PART(name));

static struct swim_hold *hold_of(struct place *place)
{
	return swim_pool_hold(place->bed.pool);
}

static int hold_calls(struct place *place)
{
	struct swim_hold *hold = hold_of(place);
	struct swim_hold_stats stats;
	void *object, *aligned, *large, *nothing;

	object = swim_alloc(hold, 40, GFP_ATOMIC);
	aligned = swim_alloc_aligned(hold, 64, 64, GFP_ATOMIC);
	large = swim_alloc(hold, SZ_32K, GFP_ATOMIC);
	nothing = swim_alloc(hold, 0, GFP_ATOMIC);
	if (IS_ERR(object) || IS_ERR(aligned) || IS_ERR(large) || IS_ERR(nothing))
		return __LINE__;
	if (swim_size(object) != 40 || swim_size(large) != SZ_32K)
		return __LINE__;
	if (swim_hold_of(object) != hold || swim_hold_of(large) != hold)
		return __LINE__;
	swim_hold_stats(hold, &stats);
	if (stats.live < 4)
		return __LINE__;
	if (swim_resize(object, 24))
		return __LINE__;
	object = swim_realloc(object, 400, GFP_ATOMIC);
	if (IS_ERR(object) || swim_size(object) != 400)
		return __LINE__;
	if (swim_free(object) || swim_free(aligned) || swim_free(large) || swim_free(nothing))
		return __LINE__;
	if (PTR_ERR(swim_alloc(swim_empty_hold(), 8, GFP_ATOMIC)) != -SWIM_EOVERSIZED)
		return __LINE__;
	object = swim_alloc(swim_global_hold(), 8, GFP_ATOMIC);
	if (IS_ERR(object) || swim_free(object))
		return __LINE__;
	return 0;
}

static int pool_calls(struct place *place)
{
	struct swim_pool *pool = place->bed.pool;
	struct swim_pool_stats stats;
	void *first = NULL, *object;
	unsigned int n;

	/* More than a hunk holds, each leading to the one before. */
	for (n = 0; n < 200; n++) {
		object = swim_pool_alloc(pool, 1000, GFP_ATOMIC);
		if (IS_ERR(object))
			return __LINE__;
		*(void **)object = first;
		first = object;
	}
	swim_pool_stats(pool, &stats);
	if (stats.live < 200 || stats.hunks < 2)
		return __LINE__;
	for (object = first; object; object = first) {
		first = *(void **)object;
		if (swim_free(object))
			return __LINE__;
	}
	if (swim_pool_set_target(pool, 80) || swim_pool_set_target(pool, 0))
		return __LINE__;
	if (swim_pool_set_budget(pool, SZ_64K, 100))
		return __LINE__;
	return 0;
}

static int space_calls(struct place *place)
{
	const struct swim_layout layout = { .size = SZ_64K, .align = SZ_64K };
	struct swim_space *space = place->bed.space;
	struct swim_heap_stats heap_stats;
	struct swim_space_stats stats;
	struct swim_block block;

	if (swim_space_alloc(space, SZ_16K, GFP_ATOMIC, &block) || block.size != SZ_16K)
		return __LINE__;
	swim_space_stats(space, &stats);
	if (stats.used < SZ_16K || stats.live < 1)
		return __LINE__;
	if (swim_space_free(space, &block))
		return __LINE__;
	if (swim_heap_alloc(swim_space_heap(space), &layout, GFP_ATOMIC, &block))
		return __LINE__;
	swim_heap_stats(swim_space_heap(space), &heap_stats);
	if (heap_stats.used < SZ_64K)
		return __LINE__;
	if (swim_heap_free(swim_space_heap(space), &block))
		return __LINE__;
	if (swim_space_grow(space, GFP_ATOMIC))
		return __LINE__;
	swim_space_trim(space);
	return 0;
}

static int slab_calls(struct place *place)
{
	static char memory[4 * 64] __aligned(64);
	struct swim_slab_stats stats;
	struct swim_block unit;
	struct swim_slab slab;

	if (swim_slab_init(&slab, &(struct swim_block){ memory, sizeof(memory) }, 64))
		return __LINE__;
	if (swim_slab_alloc(&slab, &unit) || unit.size != 64)
		return __LINE__;
	swim_slab_stats(&slab, &stats);
	if (stats.live != 1 || stats.dead != 3 || stats.total != 4)
		return __LINE__;
	if (swim_slab_free(&slab, &unit))
		return __LINE__;
	return 0;
}

static int pack_calls(struct place *place)
{
	static char memory[SZ_1K] __aligned(8);
	struct swim_pack_stats stats;
	struct swim_pack *pack;
	struct swim_raw raw = {};
	void *object;

	pack = swim_pack_create(&(struct swim_block){ memory, sizeof(memory) });
	if (IS_ERR(pack))
		return __LINE__;
	object = swim_pack_alloc(pack, 40);
	if (IS_ERR(object))
		return __LINE__;
	if (swim_raw_new(&raw, swim_pack_hold(pack), 16, GFP_ATOMIC))
		return __LINE__;
	swim_pack_stats(pack, &stats);
	if (stats.live != 2)
		return __LINE__;
	if (swim_raw_drop(&raw) || swim_free(object))
		return __LINE__;
	if (swim_pack_destroy(pack))
		return __LINE__;
	return 0;
}

static int scope_calls(struct place *place)
{
	struct swim_hold *outer = hold_of(place), *inner = swim_pool_hold(place->there);
	struct swim_box box = {};

	swim_with_hold(outer) {
		if (swim_local_hold() != outer)
			return __LINE__;
		/* What is left of a hold that was empty goes to the outer one at its end. */
		swim_scope(inner) {
			if (swim_local_hold() != inner)
				return __LINE__;
			if (swim_box_new(&box, swim_local_hold(), &node_type, GFP_ATOMIC))
				return __LINE__;
		}
		swim_with_hold(inner)
			if (swim_local_hold() != inner)
				return __LINE__;
		if (swim_local_hold() != outer)
			return __LINE__;
	}
	if (!IS_ERR(swim_local_hold()))
		return __LINE__;
	if (IS_ERR(swim_box_pin(&box)))
		return __LINE__;
	swim_box_unpin(&box);
	if (swim_box_drop(&box))
		return __LINE__;
	return 0;
}

static int raw_calls(struct place *place)
{
	struct swim_raw raw = {}, other = {};
	char *payload, seen;

	if (swim_raw_new(&raw, hold_of(place), 100, GFP_ATOMIC))
		return __LINE__;
	if (swim_raw_size(&raw) != 100)
		return __LINE__;
	payload = swim_raw_pin(&raw);
	if (IS_ERR(payload))
		return __LINE__;
	payload[99] = 1;
	swim_raw_unpin(&raw);
	if (swim_raw_move(&other, &raw) || !swim_raw_is_empty(&raw))
		return __LINE__;
	rcu_read_lock();
	seen = ((const char *)swim_raw_read(&other))[99];
	rcu_read_unlock();
	if (seen != 1 || swim_raw_drop(&other))
		return __LINE__;
	return 0;
}

static int ptr_calls(struct place *place)
{
	struct swim_ptr ptr = {}, other = {};
	char *payload, seen;

	if (swim_ptr_new(&ptr, hold_of(place), 100, GFP_ATOMIC))
		return __LINE__;
	payload = swim_ptr_pin(&ptr);
	if (IS_ERR(payload))
		return __LINE__;
	payload[99] = 1;
	swim_ptr_unpin(&ptr);
	if (swim_ptr_move(&other, &ptr) || !swim_ptr_is_empty(&ptr))
		return __LINE__;
	rcu_read_lock();
	seen = ((const char *)swim_ptr_read(&other))[99];
	rcu_read_unlock();
	if (seen != 1 || swim_ptr_drop(&other))
		return __LINE__;
	return 0;
}

static int box_calls(struct place *place)
{
	struct swim_box box = {}, other = {};
	struct swim_ptr_box ptr = {};
	struct node *node;
	u32 hash;
	int order;

	if (swim_box_new(&box, hold_of(place), &node_type, GFP_ATOMIC))
		return __LINE__;
	if (swim_box_type(&box) != &node_type)
		return __LINE__;
	node = swim_box_pin(&box);
	if (IS_ERR(node))
		return __LINE__;
	if (swim_box_new(&node->left, hold_of(place), &number_type, GFP_ATOMIC))
		return __LINE__;
	swim_box_unpin(&box);
	if (swim_box_move(&other, &box))
		return __LINE__;
	if (swim_box_drop(&other))
		return __LINE__;
	if (swim_box_new(&box, hold_of(place), &number_type, GFP_ATOMIC))
		return __LINE__;
	if (swim_box_new(&other, hold_of(place), &number_type, GFP_ATOMIC))
		return __LINE__;
	if (swim_box_equal(&box, &other) != 1)
		return __LINE__;
	if (swim_box_compare(&box, &other, &order) || order)
		return __LINE__;
	if (swim_box_hash(&box, 3, &hash) || hash != 3)
		return __LINE__;
	if (swim_box_drop(&box) || swim_box_drop(&other))
		return __LINE__;
	if (swim_ptr_box_new(&ptr, hold_of(place), &number_type, GFP_ATOMIC))
		return __LINE__;
	if (swim_ptr_box_drop(&ptr))
		return __LINE__;
	return 0;
}

static int counted_calls(struct place *place)
{
	struct swim_hard hard = {}, clone = {}, moved = {};
	struct swim_soft soft = {};
	struct swim_counts counts;
	struct swim_ref ref = {};
	struct swim_mut mut = {};

	if (swim_hard_new(&hard, hold_of(place), 16, GFP_ATOMIC))
		return __LINE__;
	if (swim_hard_clone(&clone, &hard) || swim_hard_to_soft(&soft, &hard))
		return __LINE__;
	swim_hard_counts(&hard, &counts);
	if (counts.hard != 2 || counts.soft != 1)
		return __LINE__;
	if (swim_hard_move(&moved, &clone) || swim_hard_drop(&moved))
		return __LINE__;
	if (swim_hard_poll_to_ref(&ref, &hard) || !swim_ref_get(&ref))
		return __LINE__;
	if (swim_soft_poll_to_mut(&mut, &soft) != -SWIM_EALIASED)
		return __LINE__;
	if (swim_ref_drop(&ref))
		return __LINE__;
	if (swim_soft_poll_to_mut(&mut, &soft) || !swim_mut_get(&mut))
		return __LINE__;
	if (swim_mut_drop(&mut) || swim_hard_drop(&hard))
		return __LINE__;
	if (swim_soft_to_hard(&hard, &soft) != -SWIM_ECLEARED)
		return __LINE__;
	if (swim_soft_drop(&soft))
		return __LINE__;
	if (swim_ref_new(&ref, hold_of(place), 16, GFP_ATOMIC) || swim_ref_drop(&ref))
		return __LINE__;
	if (swim_mut_new(&mut, hold_of(place), 16, GFP_ATOMIC))
		return __LINE__;
	if (swim_mut_into_hard(&hard, &mut))
		return __LINE__;
	/* One that is shared is cloned. */
	if (swim_hard_clone(&clone, &hard))
		return __LINE__;
	if (swim_hard_to_unique(&mut, &hard, hold_of(place), GFP_ATOMIC))
		return __LINE__;
	if (swim_mut_drop(&mut) || swim_hard_drop(&clone))
		return __LINE__;
	return 0;
}

static int buf_calls(struct place *place)
{
	u64 numbers[] = { 1, 2, 3 }, out;
	struct swim_ptr_buf ptr = {};
	struct swim_slice slice;
	struct swim_buf buf = {};
	u64 n;

	if (swim_buf_new(&buf, hold_of(place), &number_type, 4, GFP_ATOMIC))
		return __LINE__;
	/* It grows out of its place. */
	for (n = 0; n < 100; n++)
		if (swim_buf_push(&buf, &n, GFP_ATOMIC))
			return __LINE__;
	if (swim_buf_insert(&buf, 3, &numbers[1], GFP_ATOMIC))
		return __LINE__;
	if (swim_buf_append(&buf, numbers, 3, GFP_ATOMIC))
		return __LINE__;
	if (swim_buf_remove(&buf, 3, &out) || out != 2)
		return __LINE__;
	if (swim_buf_pop(&buf, &out) || out != 3)
		return __LINE__;
	if (swim_buf_len(&buf) != 102 || swim_buf_cap(&buf) < 102)
		return __LINE__;
	if (swim_buf_pin(&buf, &slice))
		return __LINE__;
	if (*(u64 *)swim_slice_at(&slice, 99) != 99)
		return __LINE__;
	swim_buf_unpin(&buf);
	if (swim_buf_truncate(&buf, 2) || swim_buf_shrink(&buf, GFP_ATOMIC))
		return __LINE__;
	if (swim_buf_reserve(&buf, 1000, GFP_ATOMIC) || swim_buf_cap(&buf) < 1000)
		return __LINE__;
	if (swim_buf_drop(&buf))
		return __LINE__;
	if (swim_ptr_buf_copy(&ptr, hold_of(place), &word_type, numbers, 3, GFP_ATOMIC))
		return __LINE__;
	if (swim_ptr_buf_len(&ptr) != 3 || swim_ptr_buf_drop(&ptr))
		return __LINE__;
	return 0;
}

static int string_calls(struct place *place)
{
	struct swim_string string = {}, other = {};
	char text[16];
	u32 len;

	if (swim_string_new(&string, hold_of(place), 4, GFP_ATOMIC))
		return __LINE__;
	if (swim_string_append(&string, "one", GFP_ATOMIC))
		return __LINE__;
	if (swim_string_printf(&string, GFP_ATOMIC, " and %s %d", "the number", 2))
		return __LINE__;
	if (swim_string_append_bytes(&string, "more", 2, GFP_ATOMIC))
		return __LINE__;
	if (swim_string_reserve(&string, 500, GFP_ATOMIC))
		return __LINE__;
	if (swim_string_truncate(&string, 3) || swim_string_shrink(&string, GFP_ATOMIC))
		return __LINE__;
	if (swim_string_from(&other, hold_of(place), "one", GFP_ATOMIC))
		return __LINE__;
	if (!swim_string_equal(&string, &other) || swim_string_compare(&string, &other))
		return __LINE__;
	if (swim_string_hash(&string, 1) != swim_string_hash(&other, 1))
		return __LINE__;
	if (swim_string_copy_to(&string, text, sizeof(text)) != 3 || strcmp(text, "one"))
		return __LINE__;
	if (IS_ERR(swim_string_pin(&string, &len)) || len != 3)
		return __LINE__;
	swim_string_unpin(&string);
	if (swim_string_drop(&string) || swim_string_drop(&other))
		return __LINE__;
	return 0;
}

static int structure_calls(struct place *place)
{
	struct swim_box box = {}, clone = {};
	struct swim_hold_stats stats;
	struct node *node;

	if (swim_box_new(&box, hold_of(place), &node_type, GFP_ATOMIC))
		return __LINE__;
	node = swim_box_pin(&box);
	if (IS_ERR(node))
		return __LINE__;
	if (swim_box_new(&node->left, hold_of(place), &node_type, GFP_ATOMIC))
		return __LINE__;
	if (swim_hard_box_new(&node->right, hold_of(place), &number_type, GFP_ATOMIC))
		return __LINE__;
	if (swim_string_from(&node->name, hold_of(place), "root", GFP_ATOMIC))
		return __LINE__;
	swim_box_unpin(&box);
	if (swim_box_clone(&clone, &box, swim_pool_hold(place->there), GFP_ATOMIC))
		return __LINE__;
	if (swim_box_drop(&clone))
		return __LINE__;
	if (swim_box_stow(&box, swim_pool_hold(place->there), GFP_ATOMIC))
		return __LINE__;
	swim_hold_stats(swim_pool_hold(place->there), &stats);
	if (stats.live != 4)
		return __LINE__;
	if (swim_box_drop(&box))
		return __LINE__;
	return 0;
}

static int cleanup_calls(struct place *place)
{
	struct swim_hard kept __maybe_unused swim_auto(swim_hard) = {};
	struct swim_raw raw swim_auto(swim_raw) = {};
	void *payload;

	if (swim_raw_new(&raw, hold_of(place), 8, GFP_ATOMIC))
		return __LINE__;
	swim_pinned(swim_raw, payload, &raw)
		if (!payload)
			return __LINE__;
	if (swim_hard_new(&kept, hold_of(place), 8, GFP_ATOMIC))
		return __LINE__;
	return 0;
}

static const struct row rows[] = {
	{ "hold", hold_calls },
	{ "pool", pool_calls },
	{ "space", space_calls },
	{ "slab", slab_calls },
	{ "pack", pack_calls },
	{ "scope", scope_calls },
	{ "raw", raw_calls },
	{ "ptr", ptr_calls },
	{ "box", box_calls },
	{ "counted", counted_calls },
	{ "buf", buf_calls },
	{ "string", string_calls },
	{ "structure", structure_calls },
	{ "cleanup", cleanup_calls },
};

static void row_name(const struct row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(row, rows, row_name);

static int context_init(struct kunit *test)
{
	struct place *place = kunit_kzalloc(test, sizeof(*place), GFP_KERNEL);
	int err = swim_heap_init(test, 0, 0);

	if (err || !place)
		return err ?: -ENOMEM;
	place->bed = *(struct swim_bed *)test->priv;
	place->there = swim_pool_create("there", swim_space_heap(place->bed.space), 0);
	if (IS_ERR(place->there)) {
		swim_heap_exit(test);
		return PTR_ERR(place->there);
	}
	test->priv = place;
	return 0;
}

static void context_exit(struct kunit *test)
{
	struct place *place = test->priv;

	if (place && !IS_ERR_OR_NULL(place->there))
		KUNIT_EXPECT_EQ(test, swim_pool_destroy(place->there), 0);
	swim_heap_exit(test);
}

/* One row in one context, for swim_interrupts_run(). */
struct errand {
	const struct row *row;
	struct place *place;
};

static int do_row(void *arg, unsigned int number)
{
	struct errand *errand = arg;

	return errand->row->calls(errand->place);
}

static void calls_do_the_same_in_each_context(struct kunit *test)
{
	struct errand errand = { test->param_value, test->priv };
	struct swim_pool_stats stats;

	KUNIT_EXPECT_EQ_MSG(test, do_row(&errand, 0), 0, "line, in a thread");
	KUNIT_EXPECT_EQ_MSG(test, swim_interrupts_run(test, do_row, &errand), 0,
			    "line, in an interrupt");
	swim_pool_stats(errand.place->bed.pool, &stats);
	KUNIT_EXPECT_EQ(test, stats.live, 0);
	swim_pool_stats(errand.place->there, &stats);
	KUNIT_EXPECT_EQ(test, stats.live, 0);
}

static struct kunit_case context_cases[] = {
	KUNIT_CASE_PARAM(calls_do_the_same_in_each_context, row_gen_params),
	{}
};

static struct kunit_suite context_suite = {
	.name = "context",
	.init = context_init,
	.exit = context_exit,
	.test_cases = context_cases,
};

kunit_test_suite(context_suite);

MODULE_DESCRIPTION("KUnit suite: the contexts in which calls may be made");
MODULE_LICENSE("GPL");
