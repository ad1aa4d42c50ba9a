// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hot: a few objects that everybody wants, while movers go through them again and again.
 *
 *	rival		uses, drops, hands on, stows what an entry owns, and keeps some of it pinned
 *			when the rest may move
 *	chaser		moves all that is there, and in the pools where the children are
 *
 * Each entry has an object in a Raw, one in a Ptr, and a twig, which owns leaves and items in
 * several pools.
 */
#include <linux/delay.h>
#include <linux/vmalloc.h>

#include "../../swimmem/compact/cleaner.h"
#include "torture.h"

#define HOTS	6
#define POOLS	3	/* each in a space of its own: one is compacted at a time in each */
#define LEAVES	4
#define LEAF	200	/* bytes of a leaf, at the most */
#define ITEMS	40	/* of a twig, at the most: a mover hands over a few at a time */
#define SOME	12	/* it has these at the least */

/**
 * struct bit - in an array of a twig
 * @seed: of the bytes
 * @bytes: so many as its seed says
 */
struct bit {
	u64 seed;
	struct swim_raw bytes;
};

/**
 * struct twig - owns what stands in other pools
 * @seed: of it, and of its leaves
 * @a: a leaf
 * @b: a leaf
 * @c: a leaf
 * @d: a leaf
 * @bits: an array
 * @one: what others have leases of as well
 * @other: the same, or the same as @one
 */
struct twig {
	u64 seed;
	struct swim_raw a;
	struct swim_ptr b;
	struct swim_raw c;
	struct swim_raw d;
	struct swim_buf bits;
	struct swim_hard_box one;
	struct swim_hard_box other;
};

static SWIM_TYPE(bit_type, struct bit, SWIM_PART(bytes));
static SWIM_TYPE(twig_type, struct twig, SWIM_PART(a), SWIM_PART(b), SWIM_PART(c), SWIM_PART(d),
		 SWIM_PART(bits), SWIM_PART(one), SWIM_PART(other));

/**
 * struct hot - an entry
 * @busy: somebody has claimed it
 * @seed: of the objects
 * @raw: owns one, or is empty
 * @ptr: the same
 * @next: where @ptr's goes, and comes back from
 * @twig: owns a twig, or is empty
 */
struct hot {
	unsigned long busy;
	u64 seed;
	struct swim_raw raw;
	struct swim_ptr ptr;
	struct swim_ptr next;
	struct swim_box twig;
};

static struct hot *hots;
static struct swim_space *space[POOLS];
static struct swim_pool *pools[POOLS];

/**
 * hot_hold - where those objects are
 * @t: who asks
 */
struct swim_hold *hot_hold(struct thread *t)
{
	return swim_pool_hold(pools[below(t, POOLS)]);
}

static size_t size_of(u64 seed)
{
	return 8 + (u32)seed % LEAF;
}

/* Where no object of an entry is, but a child may be: pools with movers of their own. */
static struct swim_hold *elsewhere(struct thread *t)
{
	static const unsigned int arena[] = { IN_TIGHT, IN_FIXED, IN_PAGES };
	const unsigned int n = below(t, ARRAY_SIZE(arena) + 1);

	return n < ARRAY_SIZE(arena) ? hold_of(arena[n]) : hot_hold(t);
}

/* A pin is in line most often; what is behind it has to be met, too. */
static void *pin_raw(struct thread *t, struct swim_raw *raw)
{
	void *object;

	if (one_in(t, 2))
		return swim_raw_pin(raw);
	object = swim_pin_slow(raw, SWIM_TAG_OF_RAW);
	if (!IS_ERR(object))
		swim_pin_enter();
	return object;
}

static int new_raw(struct thread *t, struct swim_raw *raw, struct swim_hold *hold, u64 seed)
{
	void *object;
	int err = swim_raw_new(raw, hold, size_of(seed), NOWAIT);

	/* The others are full most of the time. */
	if (err == -ENOMEM)
		err = swim_raw_new(raw, hot_hold(t), size_of(seed), NOWAIT);
	if (err)
		return err;
	object = pin_raw(t, raw);
	if (!done(t, PTR_ERR_OR_ZERO(object), "pin of what is new"))
		return 0;
	check_zero(t, object, size_of(seed));
	fill(object, seed, 0, size_of(seed));
	swim_raw_unpin(raw);
	count(t, COUNT_MADE);
	return 0;
}

static int new_ptr(struct thread *t, struct swim_ptr *ptr, struct swim_hold *hold, u64 seed)
{
	void *object;
	int err = swim_ptr_new(ptr, hold, size_of(seed), NOWAIT);

	if (err == -ENOMEM)
		err = swim_ptr_new(ptr, hot_hold(t), size_of(seed), NOWAIT);
	if (err)
		return err;
	object = swim_ptr_pin(ptr);
	if (!done(t, PTR_ERR_OR_ZERO(object), "pin of what is new"))
		return 0;
	check_zero(t, object, size_of(seed));
	fill(object, seed, 0, size_of(seed));
	swim_ptr_unpin(ptr);
	count(t, COUNT_MADE);
	return 0;
}

static void use_raw(struct thread *t, struct swim_raw *raw, u64 seed)
{
	void *object = pin_raw(t, raw);

	if (!done(t, PTR_ERR_OR_ZERO(object), "pin"))
		return;
	check(t, object, seed, 0, size_of(seed));
	swim_raw_unpin(raw);
	count(t, COUNT_PINNED);
}

static void use_ptr(struct thread *t, struct swim_ptr *ptr, u64 seed)
{
	void *object = swim_ptr_pin(ptr);

	if (!done(t, PTR_ERR_OR_ZERO(object), "pin"))
		return;
	check(t, object, seed, 0, size_of(seed));
	swim_ptr_unpin(ptr);
	count(t, COUNT_PINNED);
}

/* There and back, so that who looks at one of both leases finds the object in the other. */
static void swing(struct thread *t, struct hot *hot)
{
	unsigned int n = below(t, 64);

	while (n--) {
		if (!done(t, swim_ptr_move(&hot->next, &hot->ptr), "move") ||
		    !done(t, swim_ptr_move(&hot->ptr, &hot->next), "move"))
			return;
		use_ptr(t, &hot->ptr, hot->seed);
		count(t, COUNT_HANDED);
	}
}

static void use_plain(struct thread *t, struct hot *hot)
{
	if (swim_raw_is_empty(&hot->raw))
		no_memory(t, new_raw(t, &hot->raw, hot_hold(t), hot->seed), "new");
	else if (one_in(t, 4))
		done(t, swim_raw_drop(&hot->raw), "drop");
	else
		use_raw(t, &hot->raw, hot->seed);
	if (swim_ptr_is_empty(&hot->ptr))
		no_memory(t, new_ptr(t, &hot->ptr, hot_hold(t), hot->seed), "new");
	else if (one_in(t, 4))
		done(t, swim_ptr_drop(&hot->ptr), "drop");
	else if (one_in(t, 2))
		swing(t, hot);
	else
		use_ptr(t, &hot->ptr, hot->seed);
}

static int push_bit(struct thread *t, struct twig *twig)
{
	struct bit bit = { .seed = any_seed(t) };
	int err = new_raw(t, &bit.bytes, elsewhere(t), bit.seed);

	if (err)
		return err;
	err = swim_buf_push(&twig->bits, &bit, NOWAIT);
	if (err)
		done(t, swim_raw_drop(&bit.bytes), "drop");
	return err;
}

static int grow_twig(struct thread *t, struct twig *twig, u64 seed)
{
	int err;

	twig->seed = seed;
	err = new_raw(t, &twig->a, elsewhere(t), seed) ?:
	      new_ptr(t, &twig->b, elsewhere(t), seed) ?:
	      new_raw(t, &twig->c, elsewhere(t), seed) ?:
	      new_raw(t, &twig->d, hot_hold(t), seed) ?:
	      swim_buf_new(&twig->bits, hot_hold(t), &bit_type, 0, NOWAIT);
	while (!err && swim_buf_len(&twig->bits) < SOME)
		err = push_bit(t, twig);
	if (!err) {
		shares_lend(t, &twig->one);
		shares_lend(t, &twig->other);
	}
	return err;
}

static void make_twig(struct thread *t, struct hot *hot)
{
	struct twig *twig;
	int err = swim_box_new(&hot->twig, hot_hold(t), &twig_type, NOWAIT);

	if (no_memory(t, err, "new"))
		return;
	twig = swim_box_pin(&hot->twig);
	if (!done(t, PTR_ERR_OR_ZERO(twig), "pin of what is new"))
		return;
	err = grow_twig(t, twig, hot->seed);
	swim_box_unpin(&hot->twig);
	if (no_memory(t, err, "leaves"))
		done(t, swim_box_drop(&hot->twig), "drop");
}

static void *pin_leaf(struct thread *t, struct twig *twig, unsigned int leaf)
{
	switch (leaf) {
	case 0:
		return pin_raw(t, &twig->a);
	case 1:
		return swim_ptr_pin(&twig->b);
	case 2:
		return pin_raw(t, &twig->c);
	default:
		return pin_raw(t, &twig->d);
	}
}

static void unpin_leaf(struct twig *twig, unsigned int leaf)
{
	switch (leaf) {
	case 0:
		swim_raw_unpin(&twig->a);
		break;
	case 1:
		swim_ptr_unpin(&twig->b);
		break;
	case 2:
		swim_raw_unpin(&twig->c);
		break;
	default:
		swim_raw_unpin(&twig->d);
		break;
	}
}

static void expect_busy(struct thread *t, int err, const char *what)
{
	/* Another part of it may have been refused first; and memory has an end. */
	if (err != -EBUSY && err != -EINPROGRESS && err != -EAGAIN && err != -ENOMEM)
		fail(t, "%s of what has a pinned child: %d", what, err);
	count(t, COUNT_REFUSED);
}

/* Nobody can take a twig elsewhere while something that it owns is pinned. */
static void try_elsewhere(struct thread *t, struct hot *hot)
{
	struct swim_box clone = {};

	if (one_in(t, 2)) {
		expect_busy(t, swim_box_stow(&hot->twig, elsewhere(t), NOWAIT), "stow");
		return;
	}
	expect_busy(t, swim_box_clone(&clone, &hot->twig, elsewhere(t), NOWAIT), "clone");
	if (!swim_box_is_empty(&clone))
		fail(t, "half a clone is left");
}

/* What is pinned keeps its place, and that of the lease, but its owner may be unpinned. */
static void keep_leaf(struct thread *t, struct hot *hot, struct twig *twig)
{
	const unsigned int leaf = below(t, LEAVES);
	const u64 seed = twig->seed;
	void *object = pin_leaf(t, twig, leaf);

	swim_box_unpin(&hot->twig);
	if (!done(t, PTR_ERR_OR_ZERO(object), "pin of a leaf"))
		return;
	if (one_in(t, 4))
		try_elsewhere(t, hot);
	else
		udelay(below(t, one_in(t, 8) ? 1000 : 30));
	check(t, object, seed, 0, size_of(seed));
	unpin_leaf(twig, leaf);
	count(t, COUNT_PINNED);
}

/* The same with one of the array: pinned, it keeps the array where it is. */
static void keep_bit(struct thread *t, struct hot *hot, struct twig *twig)
{
	struct swim_slice slice;
	struct swim_raw *lease;
	struct bit *bit;
	void *bytes;
	u64 seed;

	if (!done(t, swim_buf_pin(&twig->bits, &slice), "pin of an array")) {
		swim_box_unpin(&hot->twig);
		return;
	}
	bit = swim_slice_at(&slice, below(t, slice.len));
	seed = bit->seed;
	lease = &bit->bytes;
	bytes = pin_raw(t, lease);
	swim_buf_unpin(&twig->bits);
	swim_box_unpin(&hot->twig);
	if (!done(t, PTR_ERR_OR_ZERO(bytes), "pin of one"))
		return;
	udelay(below(t, one_in(t, 8) ? 1000 : 30));
	check(t, bytes, seed, 0, size_of(seed));
	swim_raw_unpin(lease);
	count(t, COUNT_PINNED);
}

/* It has to settle elsewhere now and then, with all that it owns. */
static void change_bits(struct thread *t, struct twig *twig)
{
	struct bit bit = {};

	if (swim_buf_len(&twig->bits) < ITEMS) {
		no_memory(t, push_bit(t, twig), "push");
	} else {
		if (!done(t, swim_buf_remove(&twig->bits, 0, &bit), "remove"))
			return;
		use_raw(t, &bit.bytes, bit.seed);
		done(t, swim_raw_drop(&bit.bytes), "drop");
		done(t, swim_buf_truncate(&twig->bits, SOME), "truncate");
		no_memory(t, swim_buf_shrink(&twig->bits, NOWAIT), "shrink");
	}
	count(t, COUNT_RESIZED);
}

/* Again and again, for the mover who has it may just be handing over what it owns. */
static void knock(struct thread *t, struct twig *twig)
{
	struct swim_slice slice;
	unsigned int n = below(t, 32);

	while (n--) {
		if (!done(t, swim_buf_pin(&twig->bits, &slice), "pin of an array"))
			return;
		swim_buf_unpin(&twig->bits);
		count(t, COUNT_PINNED);
	}
}

static void use_twig(struct thread *t, struct hot *hot)
{
	struct twig *twig = swim_box_pin(&hot->twig);

	if (!done(t, PTR_ERR_OR_ZERO(twig), "pin of a twig"))
		return;
	if (twig->seed != hot->seed)
		fail(t, "twig of seed %llx, not %llx", twig->seed, hot->seed);
	switch (below(t, 4)) {
	case 0:
		keep_leaf(t, hot, twig);
		return;
	case 1:
		keep_bit(t, hot, twig);
		return;
	case 2:
		change_bits(t, twig);
		break;
	case 3:
		knock(t, twig);
		break;
	}
	swim_box_unpin(&hot->twig);
}

static void stow_twig(struct thread *t, struct hot *hot)
{
	int err = swim_box_stow(&hot->twig, hot_hold(t), NOWAIT);

	if (err == -EBUSY || err == -EINPROGRESS || err == -EAGAIN)
		count(t, COUNT_REFUSED);
	else if (!no_memory(t, err, "stow"))
		count(t, COUNT_STOWED);
}

static void rival_step(struct thread *t)
{
	struct hot *hot = &hots[below(t, HOTS)];

	if (!claim(&hot->busy))
		return;
	if (one_in(t, 2))
		use_plain(t, hot);
	else if (swim_box_is_empty(&hot->twig))
		make_twig(t, hot);
	else if (one_in(t, 16))
		done(t, swim_box_drop(&hot->twig), "drop of a twig");
	else if (one_in(t, 8))
		stow_twig(t, hot);
	else
		use_twig(t, hot);
	let_go(&hot->busy);
}

static void compacted(struct thread *t, int err)
{
	if (err == -EBUSY)
		count(t, COUNT_REFUSED);
	else if (err != 1 && !no_memory(t, err, "compact"))
		count(t, COUNT_COMPACTED);
}

/**
 * chase - move all that is in a pool, without waiting for readers
 * @t: who does
 * @pool: that is; nothing happens when somebody else compacts there
 */
void chase(struct thread *t, struct swim_pool *pool)
{
#ifdef CONFIG_SWIMMEM_STEPS
	compacted(t, swim_clean_chase(pool));
#endif
}

/* As there are runs of many steps in these, they may end between two. */
static void chase_scope(struct thread *t)
{
	struct swim_pool *pool = any_scope_pool(t);

	if (pool)
		compacted(t, swim_pool_compact_step(pool, 100));
}

static void chaser_step(struct thread *t)
{
	static const unsigned int arena[] = { IN_TIGHT, IN_FIXED, IN_PAGES };

	switch (below(t, 8)) {
	case 0:
	case 1:
		chase(t, arenas[arena[below(t, ARRAY_SIZE(arena))]].pool);
		break;
	case 2:
		chase_scope(t);
		break;
	default:
		chase(t, pools[below(t, POOLS)]);
		break;
	}
	/* Owners shall have something for it to move. */
	usleep_range(20, 200);
}

const struct kind rival_kind = {
	.name = "rival", .provoked = true, .turn = TURN_HOT, .times = 2, .step = rival_step,
};

const struct kind chaser_kind = {
	.name = "chaser", .provoked = true, .urgent = true, .turn = TURN_HOT, .times = 2,
	.step = chaser_step,
};

int hots_begin(void)
{
	char name[SWIM_NAME_MAX];
	unsigned int n;

	hots = vzalloc(array_size(HOTS, sizeof(*hots)));
	if (!hots)
		return -ENOMEM;
	for (n = 0; n < HOTS; n++)
		hots[n].seed = (n + 1) * 0x123456789abcdefULL;
	for (n = 0; n < POOLS; n++) {
		snprintf(name, sizeof(name), "torture-hot-%u", n);
		space[n] = swim_space_create(name, 0);
		if (IS_ERR(space[n]))
			return PTR_ERR(space[n]);
		pools[n] = swim_pool_create(name, swim_space_heap(space[n]), 0);
		if (IS_ERR(pools[n]))
			return PTR_ERR(pools[n]);
	}
	return 0;
}

static void hot_end(struct thread *t, struct hot *hot)
{
	if (hot->busy)
		fail(t, "an entry was not given back");
	if (!swim_raw_is_empty(&hot->raw)) {
		use_raw(t, &hot->raw, hot->seed);
		done(t, swim_raw_drop(&hot->raw), "drop");
	}
	if (!swim_ptr_is_empty(&hot->ptr)) {
		use_ptr(t, &hot->ptr, hot->seed);
		done(t, swim_ptr_drop(&hot->ptr), "drop");
	}
	if (!swim_box_is_empty(&hot->twig))
		done(t, swim_box_drop(&hot->twig), "drop of a twig");
}

/* Before the shares, of which twigs have leases. */
void hots_end(struct thread *t)
{
	unsigned int n;

	for (n = 0; hots && n < HOTS; n++)
		hot_end(t, &hots[n]);
	synchronize_rcu();
	if (!failed())
		vfree(hots);
}

/* Behind the shares, some of which are there. */
bool hot_pools_end(struct thread *t)
{
	bool ended = true;
	unsigned int n;

	for (n = 0; n < POOLS; n++) {
		ended = pool_end(t, pools[n], "torture-hot") && ended;
		ended = ended && space_end(t, space[n]);
	}
	return ended;
}
