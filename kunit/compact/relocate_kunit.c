// SPDX-License-Identifier: GPL-2.0-only
/*
 * Relocate: objects move while owners and readers go on.
 */
#include <linux/delay.h>
#include <linux/sizes.h>

#include "../../swimmem/lease/raw.h"
#include "../kunit.h"

struct pair {
	u64 number;
	struct swim_box left;
	struct swim_raw right;
};

static SWIM_TYPE(pair_type, struct pair, SWIM_PART(left), SWIM_PART(right));

static int relocate_init(struct kunit *test)
{
	return swim_heap_init(test, 0, 0);
}

/* Compact to the last byte, so that everything which can move does. */
static void compact(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_pool_compact(heap_pool(test), 100), 0);
}

static void new_raw(struct kunit *test, struct swim_raw *raw, size_t size, u8 byte)
{
	void *object;

	KUNIT_ASSERT_EQ(test, swim_raw_new(raw, heap_hold(test), size,
					   GFP_KERNEL), 0);
	object = swim_raw_pin(raw);
	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	memset(object, byte, size);
	swim_raw_unpin(raw);
}

static void expect_raw(struct kunit *test, struct swim_raw *raw, u8 byte)
{
	void *object = swim_raw_pin(raw);

	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	KUNIT_EXPECT_NULL(test, memchr_inv(object, byte, swim_raw_size(raw)));
	swim_raw_unpin(raw);
}

static void the_lease_resolves_to_the_new_place(struct kunit *test)
{
	static const size_t sizes[] = { 0, 1, 8, 63, 64, 65, 1000, SZ_16K };
	struct swim_raw raws[ARRAY_SIZE(sizes)] = {};
	void *before[ARRAY_SIZE(sizes)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		new_raw(test, &raws[i], sizes[i], i + 1);
		before[i] = raws[i].object;
	}
	compact(test);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.moved, ARRAY_SIZE(sizes));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_PTR_NE(test, raws[i].object, before[i]);
		KUNIT_EXPECT_EQ(test, swim_raw_size(&raws[i]), sizes[i]);
		expect_raw(test, &raws[i], i + 1);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&raws[i]), 0);
	}
}

static void a_pinned_object_stays(struct kunit *test)
{
	struct swim_raw pinned = {}, raw = {};
	void *object;

	new_raw(test, &pinned, 64, 1);
	new_raw(test, &raw, 64, 2);
	object = swim_raw_pin(&pinned);
	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	compact(test);
	KUNIT_EXPECT_PTR_EQ(test, pinned.object, object);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.moved, 1ULL);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.refused, 1ULL);
	swim_raw_unpin(&pinned);
	compact(test);
	KUNIT_EXPECT_PTR_NE(test, pinned.object, object);
	expect_raw(test, &pinned, 1);
	expect_raw(test, &raw, 2);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&pinned), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

/* Somebody had to wait for another one in the same hunk, or for this one. */
static void what_was_asked_for_before_moves(struct kunit *test)
{
	struct swim_raw raw = {};
	void *before;

	new_raw(test, &raw, 64, 1);
	before = raw.object;
	swim_hunk_of(before)->asked = true;
	compact(test);
	KUNIT_EXPECT_PTR_NE(test, raw.object, before);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.cancelled, 0ULL);
	expect_raw(test, &raw, 1);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void an_object_without_a_lease_stays(struct kunit *test)
{
	u8 *object = swim_pool_alloc(heap_pool(test), 64, GFP_KERNEL);
	struct swim_raw raw = {};

	KUNIT_ASSERT_FALSE(test, IS_ERR(object));
	memset(object, 3, 64);
	new_raw(test, &raw, 64, 2);
	compact(test);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.refused, 1ULL);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.moved, 1ULL);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 3, 64));
	KUNIT_EXPECT_EQ(test, swim_free(object), 0);
	expect_raw(test, &raw, 2);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&raw), 0);
}

static void children_belong_to_the_new_place(struct kunit *test)
{
	struct swim_hold *hold = heap_hold(test);
	struct swim_box root = {};
	struct pair *pair, *left;
	void *before;

	KUNIT_ASSERT_EQ(test, swim_box_new(&root, hold, &pair_type, GFP_KERNEL), 0);
	pair = swim_box_pin(&root);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pair));
	pair->number = 1;
	KUNIT_ASSERT_EQ(test, swim_box_new(&pair->left, hold, &pair_type, GFP_KERNEL), 0);
	new_raw(test, &pair->right, SZ_64K, 4);	/* large, so only its lease moves */
	left = swim_box_pin(&pair->left);
	KUNIT_ASSERT_FALSE(test, IS_ERR(left));
	left->number = 2;
	new_raw(test, &left->right, 100, 5);
	swim_box_unpin(&pair->left);
	before = pair;
	swim_box_unpin(&root);

	compact(test);
	KUNIT_EXPECT_PTR_NE(test, root.raw.object, before);
	compact(test);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.moved, 6ULL);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.refused, 0ULL);
	pair = swim_box_pin(&root);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pair));
	KUNIT_EXPECT_EQ(test, pair->number, 1ULL);
	expect_raw(test, &pair->right, 4);
	left = swim_box_pin(&pair->left);
	KUNIT_ASSERT_FALSE(test, IS_ERR(left));
	KUNIT_EXPECT_EQ(test, left->number, 2ULL);
	expect_raw(test, &left->right, 5);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&left->right), 0);
	swim_box_unpin(&pair->left);
	swim_box_unpin(&root);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

/* Against the rules a child stays pinned while its parent is not: the parent waits for it. */
static void a_parent_stays_while_a_child_is_in_use(struct kunit *test)
{
	struct swim_hold *hold = heap_hold(test);
	struct swim_box root = {};
	struct pair *pair;
	void *child;

	KUNIT_ASSERT_EQ(test, swim_box_new(&root, hold, &pair_type, GFP_KERNEL), 0);
	pair = swim_box_pin(&root);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pair));
	KUNIT_ASSERT_EQ(test, swim_box_new(&pair->left, hold, &pair_type, GFP_KERNEL), 0);
	new_raw(test, &pair->right, 100, 6);
	child = swim_raw_pin(&pair->right);
	KUNIT_ASSERT_FALSE(test, IS_ERR(child));
	swim_box_unpin(&root);
	compact(test);
	KUNIT_EXPECT_PTR_EQ(test, root.raw.object, (void *)pair);
	/* The left child, which nobody has. */
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.moved, 1ULL);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.refused, 2ULL);
	pair = swim_box_pin(&root);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pair));
	swim_raw_unpin(&pair->right);
	/* What the mover had handed over came back: both children can be used. */
	expect_raw(test, &pair->right, 6);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&pair->left), 0);
	swim_box_unpin(&root);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
}

static void an_overwritten_tag_ends_the_walk_of_its_hunk(struct kunit *test)
{
	struct swim_raw first = {}, second = {};
	unsigned long *tag, before, nonsense;

	new_raw(test, &first, 64, 1);
	new_raw(test, &second, 64, 2);
	tag = swim_tag_of(first.object);
	before = *tag;
	nonsense = REPEAT_BYTE(swim_nonsense(first.object));
	*tag = nonsense;
	compact(test);
	EXPECT_REPORT(test, "overwritten");
	KUNIT_EXPECT_EQ(test, *tag, nonsense);
	/* A tag that would name a lease, but no address at all. */
	nonsense ^= SWIM_TAG_SIZED ^ SWIM_TAG_OWNED;
	*tag = nonsense;
	compact(test);
	EXPECT_REPORT(test, "overwritten");
	KUNIT_EXPECT_EQ(test, *tag, nonsense);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.moved, 0ULL);
	/* A tag that names a lease, but one that does not own the object. */
	*tag = swim_tag_mangle(tag, swim_tag_owned(&second, SWIM_TAG_OWNED));
	compact(test);
	EXPECT_REPORT(test, "overwritten, in pool");
	KUNIT_EXPECT_EQ(test, *tag, swim_tag_mangle(tag, swim_tag_owned(&second, SWIM_TAG_OWNED)));
	*tag = before;
	compact(test);
	KUNIT_EXPECT_EQ(test, heap_stats(test).moves.moved, 2ULL);
	expect_raw(test, &first, 1);
	expect_raw(test, &second, 2);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&first), 0);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&second), 0);
}

struct reader {
	struct kunit *test;
	struct swim_raw raw;
	struct completion begun;
	bool same;
	bool moved;
};

static int read_or_compact(void *arg, unsigned int number)
{
	struct reader *reader = arg;
	const u64 *seen;
	unsigned int wait;

	if (number == 1) {
		wait_for_completion(&reader->begun);
		return swim_pool_compact(heap_pool(reader->test), 100);
	}
	rcu_read_lock();
	seen = swim_raw_read(&reader->raw);
	complete(&reader->begun);
	for (wait = 0; wait < 200 && READ_ONCE(reader->raw.object) == seen; wait++)
		mdelay(1);
	reader->moved = READ_ONCE(reader->raw.object) != seen;
	mdelay(1);
	reader->same = !memchr_inv(seen, 7, 64);
	rcu_read_unlock();
	return 0;
}

static void readers_keep_the_old_copy_for_a_grace_period(struct kunit *test)
{
	struct reader reader = { .test = test };

	if (num_online_cpus() < 2)
		kunit_skip(test, "one CPU only: nobody moves while somebody reads");
	init_completion(&reader.begun);
	new_raw(test, &reader.raw, 64, 7);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 2, read_or_compact, &reader), 0);
	KUNIT_EXPECT_TRUE(test, reader.moved);
	KUNIT_EXPECT_TRUE(test, reader.same);
	expect_raw(test, &reader.raw, 7);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(&reader.raw), 0);
}

#define TUGGED	64

struct tug {
	struct swim_pool *pool;
	struct swim_raw raws[TUGGED];
	bool done;
};

/* One mover has it, and one owner wants it, again and again. */
static int tug_worker(void *arg, unsigned int number)
{
	struct tug *tug = arg;
	struct swim_pool_stats stats;
	unsigned int round, i;
	int err = 0;

	for (round = 0; !number && !err && round < 2000; round++) {
		err = swim_pool_compact(tug->pool, 100);
		swim_pool_stats(tug->pool, &stats);
		if (stats.moves.cancelled)
			break;
	}
	if (!number)
		WRITE_ONCE(tug->done, true);
	while (!READ_ONCE(tug->done)) {
		for (i = 0; i < TUGGED; i++) {
			u64 *object = swim_raw_pin(&tug->raws[i]);

			if (IS_ERR(object) || memchr_inv(object, i, SZ_16K)) {
				WRITE_ONCE(tug->done, true);
				return 1;
			}
			swim_raw_unpin(&tug->raws[i]);
		}
		cond_resched();
	}
	return err;
}

static void asking_for_an_object_ends_its_move(struct kunit *test)
{
	struct tug *tug = kunit_kzalloc(test, sizeof(*tug), GFP_KERNEL);
	unsigned int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one CPU only: nobody asks while somebody moves");
	KUNIT_ASSERT_NOT_NULL(test, tug);
	tug->pool = heap_pool(test);
	for (i = 0; i < TUGGED; i++)
		new_raw(test, &tug->raws[i], SZ_16K, i);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, 2, tug_worker, tug), 0);
	KUNIT_EXPECT_GT(test, heap_stats(test).moves.cancelled, 0ULL);
	for (i = 0; i < TUGGED; i++) {
		expect_raw(test, &tug->raws[i], i);
		KUNIT_EXPECT_EQ(test, swim_raw_drop(&tug->raws[i]), 0);
	}
}

/*
 * Owners, readers and movers at once. Each owner has slots of its own; what is in a slot
 * can be told from its number, and each byte is looked at. Numbers of a value and its
 * child must agree, so neither a lost write nor a stale child can hide.
 */
#define SLOTS	64

struct storm {
	struct swim_pool *pool[2];
	struct swim_box slot[SWIM_WORKERS_MAX][SLOTS];
	unsigned int owners;
	atomic_t owning;
	unsigned int rounds;
};

static int storm_check(struct pair *pair, u64 number)
{
	struct pair *child;
	u8 *bytes;
	int err = 0;

	if (pair->number != number)
		return 1;
	child = swim_box_pin(&pair->left);
	if (IS_ERR(child))
		return 2;
	if (child->number != number)
		err = 3;
	swim_box_unpin(&pair->left);
	bytes = swim_raw_pin(&pair->right);
	if (IS_ERR(bytes))
		return 4;
	if (memchr_inv(bytes, number, swim_raw_size(&pair->right)))
		err = 5;
	swim_raw_unpin(&pair->right);
	return err;
}

static int storm_write(struct pair *pair, u64 number)
{
	struct pair *child = swim_box_pin(&pair->left);
	u8 *bytes = swim_raw_pin(&pair->right);

	if (IS_ERR(child) || IS_ERR(bytes))
		return 6;
	/* Others may be reading. */
	WRITE_ONCE(pair->number, number);
	WRITE_ONCE(child->number, number);
	memset(bytes, number, swim_raw_size(&pair->right));
	swim_raw_unpin(&pair->right);
	swim_box_unpin(&pair->left);
	return 0;
}

/* Parents and children in different pools, so that two movers meet. */
static int storm_new(struct storm *storm, struct swim_box *slot, u64 number, u32 *state)
{
	unsigned int side = swim_random(state) % 2;
	struct swim_hold *hold = swim_pool_hold(storm->pool[side]);
	struct swim_hold *other = swim_pool_hold(storm->pool[!side]);
	struct pair *pair;
	int err;

	if (swim_box_new(slot, hold, &pair_type, GFP_KERNEL))
		return 7;
	pair = swim_box_pin(slot);
	if (IS_ERR(pair))
		return 8;
	if (swim_box_new(&pair->left, other, &pair_type, GFP_KERNEL) ||
	    swim_raw_new(&pair->right, hold, swim_random(state) % 600, GFP_KERNEL))
		return 9;
	err = storm_write(pair, number);
	swim_box_unpin(slot);
	return err;
}

static int storm_own(struct storm *storm, unsigned int number)
{
	u32 state = swim_random_seed(number);
	u64 *numbers = kcalloc(SLOTS, sizeof(*numbers), GFP_KERNEL);
	unsigned int round, i, j;
	struct swim_box swap = {};
	struct pair *pair;
	int err = numbers ? 0 : 10;

	for (round = 0; !err && round < storm->rounds; round++) {
		struct swim_box *slot;

		/* Where there is one CPU the movers come here. */
		if (round % 2048 == 2047)
			schedule_timeout_uninterruptible(1);
		i = swim_random(&state) % SLOTS;
		slot = &storm->slot[number][i];
		if (swim_box_is_empty(slot)) {
			numbers[i] = swim_random(&state);
			err = storm_new(storm, slot, numbers[i], &state);
			continue;
		}
		switch (swim_random(&state) % 8) {
		case 0:
			err = swim_box_drop(slot) ? 11 : 0;
			break;
		case 1:
			j = swim_random(&state) % SLOTS;
			if (swim_box_move(&swap, slot))
				err = 12;
			if (!err && !swim_box_is_empty(&storm->slot[number][j]) &&
			    swim_box_move(slot, &storm->slot[number][j]))
				err = 13;
			if (!err && swim_box_move(&storm->slot[number][j], &swap))
				err = 14;
			swap(numbers[i], numbers[j]);
			break;
		default:
			pair = swim_box_pin(slot);
			if (IS_ERR(pair)) {
				err = 15;
				break;
			}
			err = storm_check(pair, numbers[i]);
			numbers[i] = swim_random(&state);
			err = err ?: storm_write(pair, numbers[i]);
			swim_box_unpin(slot);
		}
	}
	for (i = 0; i < SLOTS; i++)
		if (!swim_box_is_empty(&storm->slot[number][i]))
			swim_box_drop(&storm->slot[number][i]);
	kfree(numbers);
	return err;
}

static int storm_worker(void *arg, unsigned int number)
{
	struct storm *storm = arg;
	u32 state = swim_random_seed(number);
	int err = 0;

	if (number < storm->owners) {
		err = storm_own(storm, number);
		atomic_dec(&storm->owning);
		return err;
	}
	while (atomic_read(&storm->owning)) {
		struct swim_pool *pool = storm->pool[number % 2];

		/* Readers: whatever they find is memory, and a pair. */
		if (number >= storm->owners + 2) {
			const struct pair *seen, *child;
			struct swim_box *slot;

			slot = storm->slot[swim_random(&state) % storm->owners];
			slot += swim_random(&state) % SLOTS;
			rcu_read_lock();
			seen = swim_box_read(slot);
			child = seen ? swim_box_read(&seen->left) : NULL;
			if (child && READ_ONCE(child->number) >> 32)
				err = 16;
			rcu_read_unlock();
		} else if (swim_pool_compact(pool, 100)) {
			err = 17;
		}
		cond_resched();
	}
	return err;
}

static void owners_readers_and_movers_at_once(struct kunit *test)
{
	struct storm *storm = kunit_kzalloc(test, sizeof(*storm), GFP_KERNEL);
	struct swim_bed *heap = test->priv;
	struct swim_pool_stats stats;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, storm);
	for (i = 0; i < 2; i++) {
		/* Readers look at what may be dropped: the pools say so. */
		storm->pool[i] = swim_pool_create(i ? "storm 1" : "storm 0",
						  swim_space_heap(heap->space),
						  SWIM_POOL_RCU);
		KUNIT_ASSERT_FALSE(test, IS_ERR(storm->pool[i]));
	}
	storm->owners = swim_workers();
	storm->rounds = IS_ENABLED(CONFIG_KASAN) ? 40000 : 100000;
	atomic_set(&storm->owning, storm->owners);
	KUNIT_EXPECT_EQ(test, swim_workers_run(test, storm->owners + 3, storm_worker,
					       storm), 0);
	for (i = 0; i < 2; i++) {
		swim_pool_stats(storm->pool[i], &stats);
		kunit_info(test, "pool %u: %llu moved, %llu cancelled, %llu refused", i,
			   stats.moves.moved, stats.moves.cancelled, stats.moves.refused);
		KUNIT_EXPECT_EQ(test, stats.live, 0);
		KUNIT_EXPECT_GT(test, stats.moves.moved, 0ULL);
		KUNIT_EXPECT_EQ(test, swim_pool_destroy(storm->pool[i]), 0);
	}
}

static struct kunit_case relocate_cases[] = {
	KUNIT_CASE(the_lease_resolves_to_the_new_place),
	KUNIT_CASE(a_pinned_object_stays),
	KUNIT_CASE(what_was_asked_for_before_moves),
	KUNIT_CASE(an_object_without_a_lease_stays),
	KUNIT_CASE(children_belong_to_the_new_place),
	KUNIT_CASE(a_parent_stays_while_a_child_is_in_use),
	KUNIT_CASE(an_overwritten_tag_ends_the_walk_of_its_hunk),
	KUNIT_CASE(readers_keep_the_old_copy_for_a_grace_period),
	KUNIT_CASE(asking_for_an_object_ends_its_move),
	KUNIT_CASE(owners_readers_and_movers_at_once),
	{}
};

static struct kunit_suite relocate_suite = {
	.name = "relocate",
	.init = relocate_init,
	.exit = swim_heap_exit,
	.test_cases = relocate_cases,
};

kunit_test_suite(relocate_suite);

MODULE_DESCRIPTION("KUnit: relocation in swimmem");
MODULE_LICENSE("GPL");
