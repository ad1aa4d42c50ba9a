// SPDX-License-Identifier: GPL-2.0-only
/*
 * Share: values in counted leases. Each entry has a Hard and a Soft lease, often of one value,
 * which other entries, and plants, have leases of as well. Nobody keeps a Ref or a Mut for longer
 * than one step, and nobody who has one waits for another.
 *
 *	share		does what can be done with an entry
 *	sharer		the same, where races are provoked
 *	single		ends a value with its only Hard, while a mover may have it and somebody else
 *			drops its only Soft, and makes the next one at once
 *
 * A value counts itself: it is made, or cloned, once, and dropped once.
 */
#include <linux/delay.h>
#include <linux/vmalloc.h>

#include "torture.h"

#define SHARES	256
#define WANTED	3	/* of these, half of the time */
#define MAGIC	0x73776d6dULL
#define WORDS	14

/**
 * struct value - what is shared
 * @magic: from when it is made to when it is dropped, with the seed
 * @seed: of the words
 * @word: follow from it
 */
struct value {
	u64 magic;
	u64 seed;
	u64 word[WORDS];
};

static atomic_long_t values;	/* made or cloned, and not dropped */

static void value_drop(void *of)
{
	struct value *value = of;

	if (value->magic != (MAGIC ^ value->seed))
		fail(NULL, "a value is dropped that is none: %llx", value->magic);
	value->magic = 0;
	atomic_long_dec(&values);
}

static int value_clone(void *to, const void *from, gfp_t gfp)
{
	const struct value *value = to;

	if (value->magic != (MAGIC ^ value->seed))
		fail(NULL, "a value is copied that is none: %llx", value->magic);
	atomic_long_inc(&values);
	return 0;
}

static const struct swim_type_ops value_ops = { .drop = value_drop, .clone = value_clone };
static SWIM_PLAIN_TYPE_OPS(value_type, struct value, &value_ops);

/**
 * struct share - an entry; the first few are wanted more often where races are provoked
 * @busy: somebody has claimed it
 * @hard: keeps a value
 * @soft: does not
 */
struct share {
	unsigned long busy;
	struct swim_hard_box hard;
	struct swim_soft_box soft;
};

static struct share *shares;

/**
 * struct single - a value that nobody else has leases of
 * @hard_busy: somebody has claimed @hard
 * @soft_busy: somebody has claimed @soft
 * @hard: keeps it
 * @soft: does not; of the same value, or one before
 */
struct single {
	unsigned long hard_busy;
	unsigned long soft_busy;
	struct swim_hard_box hard;
	struct swim_soft_box soft;
};

static struct single singles[8];

static void value_write(struct value *value, u64 seed)
{
	value->magic = MAGIC ^ seed;
	value->seed = seed;
	fill(value->word, seed, 0, sizeof(value->word));
}

static bool value_check(struct thread *t, const struct value *value)
{
	if (value->magic == (MAGIC ^ value->seed))
		return check(t, value->word, value->seed, 0, sizeof(value->word));
	fail(t, "a value of seed %llx has the magic %llx", value->seed, value->magic);
	return false;
}

static struct share *claim_share(struct thread *t)
{
	struct share *share = &shares[below(t, steps && one_in(t, 2) ? WANTED : SHARES)];

	return claim(&share->busy) ? share : NULL;
}

/* Whoever has a Hard may be refused a Ref or a Mut by the others who have one, and by movers. */
static bool refused(struct thread *t, int err, const char *what)
{
	if (!err) {
		count(t, COUNT_TURNED);
		return false;
	}
	count(t, COUNT_REFUSED);
	if (err != -EBUSY && err != -EINPROGRESS && err != -EAGAIN)
		fail(t, "%s: %d", what, err);
	return true;
}

static void dropped(struct thread *t, int err)
{
	if (done(t, err, "drop of a counted lease"))
		count(t, COUNT_DROPPED);
}

static void check_counts(struct thread *t, const struct swim_counts *counts, bool ref, bool mut)
{
	if (!counts->hard || (ref && !counts->ref) || counts->mut != mut ||
	    counts->hard < counts->ref || (mut && counts->ref))
		fail(t, "counts: %u hard, %u soft, %u ref, %d mut", counts->hard, counts->soft,
		     counts->ref, counts->mut);
}

/* For a moment, or until others had their turn. */
static void stay(struct thread *t)
{
	if (!t->interrupt && one_in(t, 32))
		usleep_range(10, 500);
	else
		udelay(below(t, 10));
}

/* While there is a Ref the value stays where and what it is. */
static void look(struct thread *t, struct swim_ref_box *ref)
{
	const struct value *value = swim_ref_box_get(ref);
	const u64 seed = value->seed;
	struct swim_counts counts;

	if (value_check(t, value)) {
		swim_ref_box_counts(ref, &counts);
		check_counts(t, &counts, true, false);
		stay(t);
		if (swim_ref_box_get(ref) != value || value->seed != seed)
			fail(t, "what has a Ref was moved, or changed");
		value_check(t, value);
	}
	dropped(t, swim_ref_box_drop(ref));
}

/* Others who come and go with leases may be faster, many times. */
static void into_hard(struct thread *t, struct swim_hard_box *to, struct swim_mut_box *mut)
{
	int err;

	do {
		err = swim_mut_box_into_hard(to, mut);
	} while (err == -EAGAIN);
	done(t, err, "Mut into Hard");
}

/* Whoever has the Mut is alone. */
static void change(struct thread *t, struct swim_mut_box *mut, struct swim_hard_box *to)
{
	struct value *value = swim_mut_box_get(mut);
	struct swim_counts counts;

	if (value_check(t, value)) {
		swim_mut_box_counts(mut, &counts);
		check_counts(t, &counts, false, true);
		value_write(value, any_seed(t));
		stay(t);
		if (swim_mut_box_get(mut) != value)
			fail(t, "what has a Mut was moved");
		value_check(t, value);
		count(t, COUNT_CHANGED);
	}
	if (to)
		into_hard(t, to, mut);
	else
		dropped(t, swim_mut_box_drop(mut));
}

static unsigned int any_arena(struct thread *t)
{
	return below(t, ARENAS);
}

static gfp_t any_gfp(struct thread *t)
{
	return t->interrupt || one_in(t, 2) ? NOWAIT : GFP_KERNEL | __GFP_NOWARN;
}

/* @soft: gets a lease, too; NULL for none. */
static void make(struct thread *t, struct swim_hold *hold, struct swim_hard_box *hard,
		 struct swim_soft_box *soft)
{
	struct swim_mut_box mut = {};

	if (no_memory(t, swim_mut_box_new(&mut, hold, &value_type, any_gfp(t)), "new Mut"))
		return;
	value_write(swim_mut_box_get(&mut), any_seed(t));
	atomic_long_inc(&values);
	count(t, COUNT_MADE);
	if (soft)
		refused(t, swim_mut_box_to_soft(soft, &mut), "Mut to Soft");
	into_hard(t, hard, &mut);
}

static void make_share(struct thread *t, struct share *share)
{
	struct swim_hold *hold = steps && share < &shares[WANTED] ? hot_hold(t) :
								    hold_of(any_arena(t));
	bool soft = one_in(t, 2) && swim_soft_box_is_empty(&share->soft);

	make(t, hold, &share->hard, soft ? &share->soft : NULL);
}

/* Another entry gets a lease of what this one keeps. */
static void clone(struct thread *t, struct share *share)
{
	struct share *to = claim_share(t);

	if (!to)
		return;
	if (swim_hard_box_is_empty(&to->hard) &&
	    done(t, swim_hard_box_clone(&to->hard, &share->hard), "Hard to Hard"))
		count(t, COUNT_CLONED);
	if (swim_soft_box_is_empty(&to->soft))
		refused(t, swim_hard_box_to_soft(&to->soft, &share->hard), "Hard to Soft");
	let_go(&to->busy);
}

static void hand_on(struct thread *t, struct share *share)
{
	struct share *to = claim_share(t);

	if (!to)
		return;
	if (swim_hard_box_is_empty(&to->hard) &&
	    done(t, swim_hard_box_move(&to->hard, &share->hard), "move of a Hard"))
		count(t, COUNT_HANDED);
	let_go(&to->busy);
}

static void poll_ref(struct thread *t, struct share *share)
{
	struct swim_ref_box ref = {}, other = {};

	if (refused(t, swim_hard_box_poll_to_ref(&ref, &share->hard), "Hard to Ref"))
		return;
	if (one_in(t, 4) && done(t, swim_ref_box_clone(&other, &ref), "Ref to Ref"))
		look(t, &other);
	look(t, &ref);
}

static void poll_mut(struct thread *t, struct share *share)
{
	struct swim_mut_box mut = {};

	if (one_in(t, 2)) {
		if (!refused(t, swim_hard_box_poll_to_mut(&mut, &share->hard), "Hard to Mut"))
			change(t, &mut, NULL);
	} else {
		if (!refused(t, swim_hard_box_poll_into_mut(&mut, &share->hard), "Hard into Mut"))
			change(t, &mut, &share->hard);
	}
}

/* This waits for those who have a Ref or a Mut, and they do not wait for us. */
static void try_it(struct thread *t, struct share *share)
{
	struct swim_ref_box ref = {};
	struct swim_mut_box mut = {};

	if (one_in(t, 2)) {
		if (done(t, swim_hard_box_try_to_ref(&ref, &share->hard), "wait for a Ref"))
			look(t, &ref);
	} else {
		if (done(t, swim_hard_box_try_to_mut(&mut, &share->hard), "wait for a Mut"))
			change(t, &mut, NULL);
	}
	count(t, COUNT_TURNED);
}

static void unique(struct thread *t, struct share *share)
{
	struct swim_mut_box mut = {};
	int err = swim_hard_box_to_unique(&mut, &share->hard, hold_of(any_arena(t)), any_gfp(t));

	if (err == -ENOMEM) {
		count(t, COUNT_NOMEM);
		return;
	}
	if (refused(t, err, "a Mut alone"))
		return;
	change(t, &mut, &share->hard);
}

static void stow(struct thread *t, struct share *share)
{
	int err = swim_hard_box_stow(&share->hard, hold_of(any_arena(t)), any_gfp(t));

	if (err == -ENOMEM)
		count(t, COUNT_NOMEM);
	else if (!refused(t, err, "Hard elsewhere"))
		count(t, COUNT_STOWED);
}

static void keep(struct thread *t, struct share *share)
{
	switch (below(t, t->interrupt ? 8 : 11)) {
	case 0:
	case 1:
		clone(t, share);
		break;
	case 2:
		hand_on(t, share);
		break;
	case 3:
	case 4:
		poll_ref(t, share);
		break;
	case 5:
		poll_mut(t, share);
		break;
	case 6:
		dropped(t, swim_hard_box_drop(&share->hard));
		break;
	case 7:
		if (swim_soft_box_is_empty(&share->soft))
			refused(t, swim_hard_box_into_soft(&share->soft, &share->hard),
				"Hard into Soft");
		else
			dropped(t, swim_hard_box_drop(&share->hard));
		break;
	case 8:
		try_it(t, share);
		break;
	case 9:
		unique(t, share);
		break;
	case 10:
		stow(t, share);
		break;
	}
}

/* Whether the value is still there is known when a lease is made of the Soft one. */
static void upgrade(struct thread *t, struct share *share)
{
	struct swim_ref_box ref = {};
	int err;

	if (one_in(t, 2)) {
		err = swim_soft_box_to_hard(&share->hard, &share->soft);
	} else {
		err = swim_soft_box_poll_to_ref(&ref, &share->soft);
		if (!err)
			look(t, &ref);
	}
	if (err != -ENOENT) {
		refused(t, err, "Soft to Hard or Ref");
		return;
	}
	count(t, COUNT_GONE);
	dropped(t, swim_soft_box_drop(&share->soft));
}

void shares_step(struct thread *t)
{
	struct share *share = claim_share(t);

	if (!share)
		return;
	if (!swim_hard_box_is_empty(&share->hard))
		keep(t, share);
	else if (!swim_soft_box_is_empty(&share->soft))
		upgrade(t, share);
	else
		make_share(t, share);
	if (!swim_soft_box_is_empty(&share->soft) && one_in(t, 16))
		dropped(t, swim_soft_box_drop(&share->soft));
	let_go(&share->busy);
}

/**
 * shares_lend - a lease of what some entry keeps
 * @t: for whom
 * @hard: empty; it stays so when there is none just now
 */
void shares_lend(struct thread *t, struct swim_hard_box *hard)
{
	struct share *share = claim_share(t);

	if (!share)
		return;
	if (!swim_hard_box_is_empty(&share->hard) &&
	    done(t, swim_hard_box_clone(hard, &share->hard), "Hard to Hard"))
		count(t, COUNT_CLONED);
	let_go(&share->busy);
}

/**
 * shares_look - look at what a lent lease leads to
 * @t: who does
 * @hard: of shares_lend()
 */
void shares_look(struct thread *t, struct swim_hard_box *hard)
{
	struct swim_ref_box ref = {};

	if (!refused(t, swim_hard_box_poll_to_ref(&ref, hard), "Hard to Ref")) {
		value_check(t, swim_ref_box_get(&ref));
		dropped(t, swim_ref_box_drop(&ref));
	}
}

static void end_single(struct thread *t, struct single *single)
{
	struct swim_soft_box soft = {};

	if (swim_hard_box_is_empty(&single->hard))
		return;
	if (one_in(t, 2)) {
		dropped(t, swim_hard_box_drop(&single->hard));
		return;
	}
	if (!refused(t, swim_hard_box_into_soft(&soft, &single->hard), "Hard into Soft"))
		dropped(t, swim_soft_box_drop(&soft));
}

static void end_soft(struct thread *t, struct single *single)
{
	if (!swim_soft_box_is_empty(&single->soft))
		dropped(t, swim_soft_box_drop(&single->soft));
}

static void make_single(struct thread *t, struct single *single)
{
	bool soft = claim(&single->soft_busy);

	if (swim_hard_box_is_empty(&single->hard))
		make(t, hot_hold(t), &single->hard,
		     soft && swim_soft_box_is_empty(&single->soft) ? &single->soft : NULL);
	if (soft)
		let_go(&single->soft_busy);
}

static void single_step(struct thread *t)
{
	struct single *single = &singles[below(t, ARRAY_SIZE(singles))];

	if (one_in(t, 2)) {
		if (!claim(&single->soft_busy))
			return;
		end_soft(t, single);
		let_go(&single->soft_busy);
	} else if (claim(&single->hard_busy)) {
		end_single(t, single);
		make_single(t, single);
		let_go(&single->hard_busy);
	}
}

const struct kind share_kind = {
	.name = "share", .turn = TURN_HOT, .step = shares_step,
};

const struct kind sharer_kind = {
	.name = "sharer", .provoked = true, .turn = TURN_HOT, .times = 2, .step = shares_step,
};

const struct kind single_kind = {
	.name = "single", .provoked = true, .turn = TURN_HOT, .times = 2, .step = single_step,
};

int shares_begin(void)
{
	shares = vzalloc(array_size(SHARES, sizeof(*shares)));
	return shares ? 0 : -ENOMEM;
}

/* Nobody is left who could refuse it, but who moves in the background, and not for long. */
static int last_ref(struct swim_ref_box *ref, struct swim_hard_box *hard)
{
	unsigned int tries;
	int err;

	for (tries = 0; tries < 1000; tries++) {
		err = swim_hard_box_poll_to_ref(ref, hard);
		if (err != -EINPROGRESS)
			break;
		usleep_range(1000, 2000);
	}
	return err;
}

void shares_end(struct thread *t)
{
	struct swim_ref_box ref = {};
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(singles); n++) {
		end_single(t, &singles[n]);
		end_soft(t, &singles[n]);
	}
	for (n = 0; shares && n < SHARES; n++) {
		struct share *share = &shares[n];

		if (share->busy)
			fail(t, "an entry was not given back");
		if (!swim_hard_box_is_empty(&share->hard)) {
			if (done(t, last_ref(&ref, &share->hard), "Hard to Ref"))
				look(t, &ref);
			dropped(t, swim_hard_box_drop(&share->hard));
		}
		if (!swim_soft_box_is_empty(&share->soft))
			dropped(t, swim_soft_box_drop(&share->soft));
	}
	if (atomic_long_read(&values))
		fail(t, "%ld values were not dropped", atomic_long_read(&values));
	vfree(shares);
}
