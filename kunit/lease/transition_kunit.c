// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transition: each row of the table of counted leases, for each resident, in each situation in
 * which an object can be: what is allowed, what is refused and how, and the counts after it.
 */
#include <linux/delay.h>
#include <linux/sizes.h>
#include <linux/timer.h>

#include "../../swimmem/alloc/fail.h"
#include "../../swimmem/lease/cell.h"
#include "../interrupt.h"
#include "../kunit.h"

struct number {
	u64 n;
};

struct owner {
	struct swim_box child;
};

static SWIM_PLAIN_TYPE(number_type, struct number);
static SWIM_TYPE(owner_type, struct owner, SWIM_PART(child));

/* Any counted lease of any resident. */
struct slot {
	struct swim_cell *cell;
} __aligned(8);

/* One row of the table, of one resident. */
struct row {
	const char *name;
	const struct resident *resident;
	enum swim_lease_kind from;
	enum swim_lease_kind to;
	bool into;
	bool waits;
	bool clone;
	int (*turn)(void *to, void *from);
};

struct resident {
	int (*new)(void *lease, enum swim_lease_kind kind, struct swim_hold *hold);
	int (*drop)(void *lease, enum swim_lease_kind kind);
	void (*counts)(void *lease, enum swim_lease_kind kind, struct swim_counts *counts);
	int (*unique)(void *to, void *from, struct swim_hold *hold, gfp_t gfp);
	const void *bytes;
	size_t size;
};

static const struct number seven = { 7 };
static const char text[] = "seven";

static int box_new(void *lease, enum swim_lease_kind kind, struct swim_hold *hold)
{
	const struct slot *slot = lease;
	int err;

	err = kind == SWIM_KIND_HARD ? swim_hard_box_new(lease, hold, &number_type, GFP_ATOMIC) :
	      kind == SWIM_KIND_REF ? swim_ref_box_new(lease, hold, &number_type, GFP_ATOMIC) :
				      swim_mut_box_new(lease, hold, &number_type, GFP_ATOMIC);
	if (!err)
		memcpy(__swim_counted_payload(slot->cell), &seven, sizeof(seven));
	return err;
}

static int buf_new(void *lease, enum swim_lease_kind kind, struct swim_hold *hold)
{
	switch (kind) {
	case SWIM_KIND_HARD:
		return swim_hard_buf_copy(lease, hold, &number_type, &seven, 1, GFP_ATOMIC);
	case SWIM_KIND_REF:
		return swim_ref_buf_copy(lease, hold, &number_type, &seven, 1, GFP_ATOMIC);
	default:
		return swim_mut_buf_copy(lease, hold, &number_type, &seven, 1, GFP_ATOMIC);
	}
}

static int string_new(void *lease, enum swim_lease_kind kind, struct swim_hold *hold)
{
	switch (kind) {
	case SWIM_KIND_HARD:
		return swim_hard_string_from(lease, hold, text, GFP_ATOMIC);
	case SWIM_KIND_REF:
		return swim_ref_string_from(lease, hold, text, GFP_ATOMIC);
	default:
		return swim_mut_string_from(lease, hold, text, GFP_ATOMIC);
	}
}

#define TURN(resident, from, FROM, verb, to, TO, how, into)				\
static int resident##_##from##_##verb##_##to(void *made, void *of)			\
{											\
	return swim_##from##_##resident##_##verb##_##to(made, of);			\
}

#define CLONE(resident, kind)								\
static int resident##_##kind##_clone(void *made, void *of)				\
{											\
	return swim_##kind##_##resident##_clone(made, of);				\
}

#define DEFINE_RESIDENT(_name, content, length)						\
SWIM_TRANSITIONS(TURN, _name)								\
CLONE(_name, ref)									\
CLONE(_name, hard)									\
CLONE(_name, soft)									\
											\
static int _name##_drop(void *lease, enum swim_lease_kind kind)				\
{											\
	switch (kind) {									\
	case SWIM_KIND_HARD:								\
		return swim_hard_##_name##_drop(lease);					\
	case SWIM_KIND_REF:								\
		return swim_ref_##_name##_drop(lease);					\
	case SWIM_KIND_MUT:								\
		return swim_mut_##_name##_drop(lease);					\
	default:									\
		return swim_soft_##_name##_drop(lease);					\
	}										\
}											\
											\
static void _name##_counts(void *lease, enum swim_lease_kind kind,			\
			      struct swim_counts *counts)				\
{											\
	switch (kind) {									\
	case SWIM_KIND_HARD:								\
		return swim_hard_##_name##_counts(lease, counts);			\
	case SWIM_KIND_REF:								\
		return swim_ref_##_name##_counts(lease, counts);			\
	case SWIM_KIND_MUT:								\
		return swim_mut_##_name##_counts(lease, counts);			\
	default:									\
		return swim_soft_##_name##_counts(lease, counts);			\
	}										\
}											\
											\
static int _name##_unique(void *to, void *from, struct swim_hold *hold, gfp_t gfp)	\
{											\
	return swim_hard_##_name##_to_unique(to, from, hold, gfp);			\
}											\
											\
static const struct resident the_##_name = {						\
	.new = _name##_new,								\
	.drop = _name##_drop,								\
	.counts = _name##_counts,							\
	.unique = _name##_unique,							\
	.bytes = (content),								\
	.size = (length),								\
}

DEFINE_RESIDENT(box, &seven, sizeof(seven));
DEFINE_RESIDENT(buf, &seven, sizeof(seven));
DEFINE_RESIDENT(string, text, sizeof(text));

#define WAITS_turn	false
#define WAITS_try	true

#define ROW(_resident, _from, _FROM, verb, _to, _TO, how, _into)			\
	{										\
		.name = #_resident ": " #_from " " #verb " " #_to,			\
		.resident = &the_##_resident,						\
		.from = SWIM_KIND_##_FROM,						\
		.to = SWIM_KIND_##_TO,							\
		.into = _into,								\
		.waits = WAITS_##how,							\
		.turn = _resident##_##_from##_##verb##_##_to,				\
	},

#define CLONE_ROW(_resident, kind, KIND)						\
	{										\
		.name = #_resident ": " #kind " clone",					\
		.resident = &the_##_resident,						\
		.from = SWIM_KIND_##KIND,						\
		.to = SWIM_KIND_##KIND,							\
		.clone = true,								\
		.turn = _resident##_##kind##_clone,					\
	},

#define ROWS(resident)									\
	SWIM_TRANSITIONS(ROW, resident)							\
	CLONE_ROW(resident, ref, REF)							\
	CLONE_ROW(resident, hard, HARD)							\
	CLONE_ROW(resident, soft, SOFT)

static const struct row rows[] = {
	ROWS(box)
	ROWS(buf)
	ROWS(string)
};

static void row_name(const struct row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(row, rows, row_name);

static const struct resident *const residents[] = { &the_box, &the_buf, &the_string };

static void resident_name(const struct resident *const *resident, char *name)
{
	strscpy(name, *resident == &the_box ? "box" : *resident == &the_buf ? "buf" : "string",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(resident, residents, resident_name);

static const struct resident *resident_of(struct kunit *test)
{
	const struct resident *const *resident = test->param_value;

	return *resident;
}

/* What an object is in when a transition is tried. */
enum situation {
	SHARED,		/* a Hard lease beside it */
	LAST,		/* no other strong lease */
	CLEARED,	/* no strong lease: the object is gone */
	WITH_MUT,	/* a Mut lease beside it */
	WITH_REF,	/* a Ref lease beside it */
	MOVING,		/* a mover has it */
	MOVING_LAST,	/* the same, and no other strong lease */
	HARD_FULL,	/* no more Hard leases can be counted */
	SOFT_FULL,
	REF_FULL,
	EMPTY,		/* the lease that is there owns nothing */
	OCCUPIED,	/* the lease that is to be made owns something */
};

#define NOT_POSSIBLE	1	/* nobody can be in this situation with this row */

/* What the table says. */
static int expected(const struct row *row, enum situation situation)
{
	const bool strong = row->from != SWIM_KIND_SOFT;
	const bool uses = row->to == SWIM_KIND_REF || row->to == SWIM_KIND_MUT;
	const bool one_more = row->to != SWIM_KIND_SOFT && !(strong && row->into);

	switch (situation) {
	case SHARED:
		/* A Ref lease is aliased by no other one. */
		return 0;
	case LAST:
		return strong ? 0 : NOT_POSSIBLE;
	case CLEARED:
		if (strong)
			return NOT_POSSIBLE;
		return row->to == SWIM_KIND_SOFT ? 0 : -ENOENT;
	case WITH_MUT:
		if (row->from == SWIM_KIND_REF || row->from == SWIM_KIND_MUT)
			return NOT_POSSIBLE;
		return uses ? row->waits ? NOT_POSSIBLE : -EBUSY : 0;
	case WITH_REF:
		if (row->from == SWIM_KIND_MUT)
			return NOT_POSSIBLE;
		return row->to != SWIM_KIND_MUT ? 0 : row->waits ? NOT_POSSIBLE : -EBUSY;
	case MOVING:
		if (row->from == SWIM_KIND_REF || row->from == SWIM_KIND_MUT)
			return NOT_POSSIBLE;
		return uses ? row->waits ? NOT_POSSIBLE : -EINPROGRESS : 0;
	case MOVING_LAST:
		/* It would have to be dropped, and others are faster each time. */
		return row->from == SWIM_KIND_HARD && row->to == SWIM_KIND_SOFT && row->into ?
		       -EAGAIN : NOT_POSSIBLE;
	case HARD_FULL:
		return one_more ? -EOVERFLOW : 0;
	case SOFT_FULL:
		return row->to == SWIM_KIND_SOFT ? -ERANGE : 0;
	case REF_FULL:
		if (row->from == SWIM_KIND_MUT || (row->to == SWIM_KIND_MUT && row->waits))
			return NOT_POSSIBLE;
		return row->to == SWIM_KIND_REF ? -EUSERS : row->to == SWIM_KIND_MUT ? -EBUSY : 0;
	case EMPTY:
		return -ENOENT;
	case OCCUPIED:
		return -EEXIST;
	}
	return NOT_POSSIBLE;
}

/* What each lease counts. */
static struct swim_counts weight(enum swim_lease_kind kind)
{
	return (struct swim_counts){
		.hard = kind != SWIM_KIND_SOFT,
		.soft = kind == SWIM_KIND_SOFT,
		.ref = kind == SWIM_KIND_REF,
		.mut = kind == SWIM_KIND_MUT,
	};
}

static struct swim_counts counts_after(struct swim_counts counts, const struct row *row)
{
	const struct swim_counts to = weight(row->to), from = weight(row->from);

	counts.hard += to.hard - (row->into ? from.hard : 0);
	counts.soft += to.soft - (row->into ? from.soft : 0);
	counts.ref += to.ref - (row->into ? from.ref : 0);
	counts.mut = to.mut || (counts.mut && !(row->into && from.mut));
	return counts;
}

static bool same_counts(const struct swim_counts *a, const struct swim_counts *b)
{
	return a->hard == b->hard && a->soft == b->soft && a->ref == b->ref && a->mut == b->mut;
}

static struct swim_counts counts_of(const struct swim_cell *cell)
{
	struct swim_counts counts;

	__swim_counted_counts(cell, &counts);
	return counts;
}

/* One attempt at one transition. */
struct trial {
	const struct row *row;
	enum situation situation;
	struct swim_pool *pool;
	struct slot keeper;	/* Hard */
	struct slot from;
	struct slot to;
	struct slot other;	/* Mut or Ref, as the situation is */
	struct swim_cell *cell;
};

static long live(struct trial *trial)
{
	struct swim_pool_stats stats;

	swim_pool_stats(trial->pool, &stats);
	return stats.live;
}

static int drop(struct trial *trial, struct slot *slot, enum swim_lease_kind kind)
{
	return slot->cell ? trial->row->resident->drop(slot, kind) : 0;
}

static enum swim_lease_kind other_kind(struct trial *trial)
{
	return trial->situation == WITH_MUT ? SWIM_KIND_MUT : SWIM_KIND_REF;
}

/* All leases that there are then. */
static int set_up(struct trial *trial)
{
	const struct resident *resident = trial->row->resident;
	struct swim_hold *hold = swim_pool_hold(trial->pool);
	int err;

	trial->keeper = (struct slot){};
	trial->from = trial->keeper;
	trial->to = trial->keeper;
	trial->other = trial->keeper;
	err = resident->new(&trial->keeper, SWIM_KIND_HARD, hold);
	if (!err && trial->situation != EMPTY)
		err = __swim_counted_turn(&trial->from.cell, trial->row->from,
					  &trial->keeper.cell, SWIM_KIND_HARD, false);
	if (!err && (trial->situation == WITH_MUT || trial->situation == WITH_REF))
		err = __swim_counted_turn(&trial->other.cell, other_kind(trial),
					  &trial->keeper.cell, SWIM_KIND_HARD, false);
	if (!err && trial->situation == OCCUPIED)
		err = resident->new(&trial->to, SWIM_KIND_HARD, hold);
	trial->cell = trial->keeper.cell;
	if (!err && (trial->situation == LAST || trial->situation == CLEARED ||
		     trial->situation == MOVING_LAST))
		err = drop(trial, &trial->keeper, SWIM_KIND_HARD);
	return err;
}

/* What the situation adds to the status. */
static unsigned long extra_of(struct trial *trial)
{
	const struct swim_counts counts = counts_of(trial->cell);

	switch (trial->situation) {
	case MOVING:
	case MOVING_LAST:
		return SWIM_BUSY;
	case HARD_FULL:
		return (SWIM_HARD_MAX - counts.hard) << SWIM_HARD_SHIFT;
	case SOFT_FULL:
		return (SWIM_SOFT_MAX - counts.soft) << SWIM_SOFT_SHIFT;
	case REF_FULL:
		return (SWIM_REF_MAX - counts.ref) * (SWIM_REF_ONE | SWIM_HARD_ONE);
	default:
		return 0;
	}
}

static bool is_intact(struct trial *trial)
{
	const struct resident *resident = trial->row->resident;

	return !memcmp(__swim_counted_payload(trial->cell), resident->bytes, resident->size);
}

/* Nothing has changed, or all that the table says. Results: where it was not so. */
static int look_after(struct trial *trial, int err, const struct trial *before,
		      struct swim_counts counts, long lived)
{
	const struct row *row = trial->row;
	struct swim_counts now = counts_of(trial->cell), told;

	if (err != expected(row, trial->situation))
		return __LINE__;
	if (!err)
		counts = counts_after(counts, row);
	if (!same_counts(&now, &counts))
		return __LINE__;
	if (err) {
		if (trial->from.cell != before->from.cell || trial->to.cell != before->to.cell)
			return __LINE__;
	} else {
		if (trial->from.cell != (row->into ? NULL : before->from.cell))
			return __LINE__;
		if (trial->to.cell != trial->cell)
			return __LINE__;
		row->resident->counts(&trial->to, row->to, &told);
		if (!same_counts(&told, &counts))
			return __LINE__;
	}
	/* The object goes with the last strong lease and not before. */
	if (live(trial) != (counts.hard ? lived : trial->situation == CLEARED ? lived : lived - 1))
		return __LINE__;
	return counts.hard && !is_intact(trial) ? __LINE__ : 0;
}

static int tear_down(struct trial *trial)
{
	const enum swim_lease_kind to = trial->situation == OCCUPIED ? SWIM_KIND_HARD :
								       trial->row->to;

	return drop(trial, &trial->from, trial->row->from) || drop(trial, &trial->to, to) ||
	       drop(trial, &trial->other, other_kind(trial)) ||
	       drop(trial, &trial->keeper, SWIM_KIND_HARD) ? __LINE__ : 0;
}

/* Results: the line of what was not as the table says. */
static int try_once(void *arg, unsigned int number)
{
	struct trial *trial = arg, before;
	unsigned long extra;
	struct swim_counts counts;
	int err, wrong;
	long lived;

	if (set_up(trial))
		return __LINE__;
	extra = extra_of(trial);
	atomic_long_add(extra, &trial->cell->status);
	before = *trial;
	counts = counts_of(trial->cell);
	lived = live(trial);
	err = trial->row->turn(&trial->to, &trial->from);
	wrong = look_after(trial, err, &before, counts, lived);
	atomic_long_sub(extra, &trial->cell->status);
	return wrong ?: tear_down(trial);
}

static void each_row(struct kunit *test, enum situation situation)
{
	struct trial trial = {
		.row = test->param_value,
		.situation = situation,
		.pool = heap_pool(test),
	};
	long before = heap_stats(test).live;

	if (expected(trial.row, situation) == NOT_POSSIBLE) {
		kunit_skip(test, "not possible for this row");
		return;
	}
	KUNIT_EXPECT_EQ(test, try_once(&trial, 0), 0);
	/* What may wait is for process context only. */
	if (!trial.row->waits)
		KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, try_once, &trial), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, before);
}

static void shared(struct kunit *test)
{
	each_row(test, SHARED);
}

static void by_the_last_strong_lease(struct kunit *test)
{
	each_row(test, LAST);
}

static void cleared(struct kunit *test)
{
	each_row(test, CLEARED);
}

static void aliased_by_a_mut(struct kunit *test)
{
	each_row(test, WITH_MUT);
}

static void aliased_by_a_ref(struct kunit *test)
{
	each_row(test, WITH_REF);
}

static void relocating(struct kunit *test)
{
	each_row(test, MOVING);
}

static void contended(struct kunit *test)
{
	each_row(test, MOVING_LAST);
}

static void hard_count_overflow(struct kunit *test)
{
	each_row(test, HARD_FULL);
}

static void soft_count_overflow(struct kunit *test)
{
	each_row(test, SOFT_FULL);
}

static void ref_count_overflow(struct kunit *test)
{
	each_row(test, REF_FULL);
}

static void from_an_empty_lease(struct kunit *test)
{
	each_row(test, EMPTY);
}

static void to_an_occupied_lease(struct kunit *test)
{
	each_row(test, OCCUPIED);
}

static void without_a_lease(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct trial trial = { .row = row, .situation = SHARED, .pool = heap_pool(test) };
	struct swim_counts before, after;

	if (row->clone && row->from == SWIM_KIND_HARD) {
		kunit_skip(test, "inline, and does not look");
		return;
	}
	KUNIT_ASSERT_EQ(test, set_up(&trial), 0);
	before = counts_of(trial.cell);
	KUNIT_EXPECT_EQ(test, row->turn(NULL, &trial.from), -EINVAL);
	KUNIT_EXPECT_EQ(test, row->turn(&trial.to, NULL), -EINVAL);
	after = counts_of(trial.cell);
	KUNIT_EXPECT_TRUE(test, same_counts(&before, &after));
	KUNIT_EXPECT_NULL(test, trial.to.cell);
	KUNIT_EXPECT_EQ(test, tear_down(&trial), 0);
}

/*
 * One waits with try_, the other ends what he waits for. A mover is one with interrupts off,
 * on another CPU; so he that is played here ends in an interrupt, and may have this CPU.
 */
struct waiter {
	struct trial trial;
	struct timer_list timer;
	unsigned long extra;
	bool released;
	bool too_early;
};

static void end_of_move(struct timer_list *timer)
{
	struct waiter *waiter = container_of(timer, struct waiter, timer);

	WRITE_ONCE(waiter->released, true);
	/* Whoever waits has asked for it. */
	atomic_long_andnot(SWIM_BUSY | SWIM_ASKED, &waiter->trial.cell->status);
}

static void begin_of_move(struct waiter *waiter)
{
	atomic_long_add(waiter->extra, &waiter->trial.cell->status);
	timer_setup(&waiter->timer, end_of_move, 0);
	mod_timer(&waiter->timer, jiffies + 2);
}

static int wait_worker(void *arg, unsigned int number)
{
	struct waiter *waiter = arg;
	struct trial *trial = &waiter->trial;
	int err;

	if (!number) {
		if (waiter->extra)
			begin_of_move(waiter);
		err = trial->row->turn(&trial->to, &trial->from);
		waiter->too_early = !READ_ONCE(waiter->released);
		return err;
	}
	if (waiter->extra)
		return 0;
	msleep(20);
	WRITE_ONCE(waiter->released, true);
	return drop(trial, &trial->other, other_kind(trial));
}

static void wait_for(struct kunit *test, const struct row *row, enum situation situation)
{
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	struct swim_counts counts, now;
	struct trial *trial;

	KUNIT_ASSERT_NOT_NULL(test, waiter);
	trial = &waiter->trial;
	*trial = (struct trial){ .row = row, .situation = situation, .pool = heap_pool(test) };
	KUNIT_ASSERT_EQ(test, set_up(trial), 0);
	waiter->extra = extra_of(trial);
	KUNIT_EXPECT_EQ_MSG(test, swim_workers_run(test, 2, wait_worker, waiter), 0, "%s",
			    row->name);
	KUNIT_EXPECT_FALSE_MSG(test, waiter->too_early, "%s", row->name);
	counts = (struct swim_counts){ .hard = 1 };	/* the keeper's */
	counts.hard += row->from == SWIM_KIND_HARD;
	counts.soft += row->from == SWIM_KIND_SOFT;
	counts = counts_after(counts, row);
	now = counts_of(trial->cell);
	KUNIT_EXPECT_TRUE_MSG(test, same_counts(&now, &counts), "%s", row->name);
	KUNIT_EXPECT_EQ(test, tear_down(trial), 0);
}

static void try_waits_for_what_is_in_the_way(struct kunit *test)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!rows[i].waits || rows[i].resident != resident_of(test))
			continue;
		wait_for(test, &rows[i], WITH_MUT);
		wait_for(test, &rows[i], MOVING);
		if (rows[i].to == SWIM_KIND_MUT)
			wait_for(test, &rows[i], WITH_REF);
		n++;
	}
	KUNIT_EXPECT_EQ(test, n, 8U);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

/* New leases and dropped ones; the result is the line of what was wrong. */
struct life {
	const struct resident *resident;
	struct swim_pool *pool;
};

static int new_and_drop(struct life *life, enum swim_lease_kind kind)
{
	const struct resident *resident = life->resident;
	struct swim_hold *hold = swim_pool_hold(life->pool);
	struct slot slot = {}, soft = {}, other = {};
	struct swim_counts counts, kept, want = weight(kind);
	struct swim_pool_stats before, after;
	const struct swim_cell *cell;

	swim_pool_stats(life->pool, &before);
	if (resident->new(&slot, kind, hold))
		return __LINE__;
	cell = slot.cell;
	resident->counts(&slot, kind, &counts);
	if (!same_counts(&counts, &want))
		return __LINE__;
	if (resident->new(&slot, kind, hold) != -EEXIST || slot.cell != cell)
		return __LINE__;
	if (__swim_counted_turn(&soft.cell, SWIM_KIND_SOFT, &slot.cell, kind, false) ||
	    __swim_counted_turn(&other.cell, SWIM_KIND_HARD, &slot.cell, kind, false))
		return __LINE__;
	/* Not the last one: the object stays. */
	if (resident->drop(&slot, kind) || slot.cell)
		return __LINE__;
	kept = (struct swim_counts){ .hard = 1, .soft = 1 };
	resident->counts(&soft, SWIM_KIND_SOFT, &counts);
	if (!same_counts(&counts, &kept))
		return __LINE__;
	if (memcmp(__swim_counted_payload(cell), resident->bytes, resident->size))
		return __LINE__;
	/* Of the kind once more, the last one: the object goes, and only the cell is there. */
	if (kind != SWIM_KIND_HARD &&
	    (__swim_counted_turn(&slot.cell, kind, &other.cell, SWIM_KIND_HARD, true)))
		return __LINE__;
	if (resident->drop(kind == SWIM_KIND_HARD ? &other : &slot, kind))
		return __LINE__;
	kept.hard = 0;
	resident->counts(&soft, SWIM_KIND_SOFT, &counts);
	if (!same_counts(&counts, &kept))
		return __LINE__;
	swim_pool_stats(life->pool, &after);
	if (after.live != before.live || after.used != before.used)
		return __LINE__;
	if (resident->drop(&soft, SWIM_KIND_SOFT) ||
	    resident->drop(&soft, SWIM_KIND_SOFT) != -ENOENT ||
	    resident->drop(&slot, kind) != -ENOENT)
		return __LINE__;
	return 0;
}

static int new_and_drop_all(void *arg, unsigned int number)
{
	return new_and_drop(arg, SWIM_KIND_HARD) ?: new_and_drop(arg, SWIM_KIND_REF) ?:
	       new_and_drop(arg, SWIM_KIND_MUT);
}

static void new_and_drop_of_each_kind(struct kunit *test)
{
	struct life life = { resident_of(test), heap_pool(test) };

	KUNIT_EXPECT_EQ(test, new_and_drop_all(&life, 0), 0);
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, new_and_drop_all, &life), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

static void the_last_drop_waits_for_a_mover(struct kunit *test)
{
	const struct row row = { .resident = resident_of(test), .from = SWIM_KIND_HARD };
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	struct trial *trial;

	KUNIT_ASSERT_NOT_NULL(test, waiter);
	trial = &waiter->trial;
	*trial = (struct trial){ .row = &row, .situation = LAST, .pool = heap_pool(test) };
	KUNIT_ASSERT_EQ(test, set_up(trial), 0);
	waiter->extra = SWIM_BUSY;
	begin_of_move(waiter);
	KUNIT_EXPECT_EQ(test, drop(trial, &trial->from, SWIM_KIND_HARD), 0);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(waiter->released));
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

static int unique_alone(void *arg, unsigned int number)
{
	struct life *life = arg;
	const struct resident *resident = life->resident;
	struct swim_hold *hold = swim_pool_hold(life->pool);
	struct slot hard = {}, mut = {}, other = {};
	struct swim_counts counts, want = weight(SWIM_KIND_MUT);
	const struct swim_cell *cell;

	if (resident->unique(&mut, &hard, hold, GFP_ATOMIC) != -ENOENT)
		return __LINE__;
	if (resident->new(&hard, SWIM_KIND_HARD, hold) ||
	    resident->new(&other, SWIM_KIND_HARD, hold))
		return __LINE__;
	if (resident->unique(&other, &hard, hold, GFP_ATOMIC) != -EEXIST ||
	    resident->unique(NULL, &hard, hold, GFP_ATOMIC) != -EINVAL)
		return __LINE__;
	cell = hard.cell;
	/* Alone it is the same object, and no hold is asked. */
	if (resident->unique(&mut, &hard, swim_empty_hold(), GFP_ATOMIC) || hard.cell)
		return __LINE__;
	resident->counts(&mut, SWIM_KIND_MUT, &counts);
	if (mut.cell != cell || !same_counts(&counts, &want))
		return __LINE__;
	if (resident->drop(&mut, SWIM_KIND_MUT) || resident->drop(&other, SWIM_KIND_HARD))
		return __LINE__;
	return 0;
}

static int unique_shared(void *arg, unsigned int number)
{
	struct life *life = arg;
	const struct resident *resident = life->resident;
	struct swim_hold *hold = swim_pool_hold(life->pool);
	struct slot hard = {}, mut = {}, other = {};
	struct swim_counts counts, want = weight(SWIM_KIND_MUT), left = weight(SWIM_KIND_HARD);

	if (resident->new(&hard, SWIM_KIND_HARD, hold) ||
	    __swim_counted_turn(&other.cell, SWIM_KIND_HARD, &hard.cell, SWIM_KIND_HARD, false))
		return __LINE__;
	if (resident->unique(&mut, &hard, NULL, GFP_ATOMIC) != -EINVAL ||
	    resident->unique(&mut, &hard, swim_empty_hold(), GFP_ATOMIC) != -E2BIG)
		return __LINE__;
	resident->counts(&hard, SWIM_KIND_HARD, &counts);
	if (counts.hard != 2 || counts.ref || mut.cell)
		return __LINE__;
	if (resident->unique(&mut, &hard, hold, GFP_ATOMIC) || hard.cell)
		return __LINE__;
	resident->counts(&mut, SWIM_KIND_MUT, &counts);
	if (mut.cell == other.cell || !same_counts(&counts, &want))
		return __LINE__;
	resident->counts(&other, SWIM_KIND_HARD, &counts);
	if (!same_counts(&counts, &left))
		return __LINE__;
	if (memcmp(__swim_counted_payload(mut.cell), resident->bytes, resident->size) ||
	    memcmp(__swim_counted_payload(other.cell), resident->bytes, resident->size))
		return __LINE__;
	if (resident->drop(&mut, SWIM_KIND_MUT) || resident->drop(&other, SWIM_KIND_HARD))
		return __LINE__;
	return 0;
}

/* With this added to the status it is refused with @err, and nothing has changed. */
static int unique_refused(struct life *life, unsigned long extra, int err)
{
	const struct resident *resident = life->resident;
	struct swim_hold *hold = swim_pool_hold(life->pool);
	struct slot hard = {}, mut = {}, other = {};
	struct swim_pool_stats before, after;
	long status;

	if (resident->new(&hard, SWIM_KIND_HARD, hold) ||
	    __swim_counted_turn(&other.cell, SWIM_KIND_HARD, &hard.cell, SWIM_KIND_HARD, false))
		return __LINE__;
	swim_pool_stats(life->pool, &before);
	atomic_long_add(extra, &hard.cell->status);
	status = atomic_long_read(&hard.cell->status);
	if (resident->unique(&mut, &hard, hold, GFP_ATOMIC) != err)
		return __LINE__;
	/* Of a mover the object is asked for. */
	if (atomic_long_read(&hard.cell->status) !=
	    (err == -EINPROGRESS ? status | SWIM_ASKED : status) ||
	    mut.cell || hard.cell != other.cell)
		return __LINE__;
	atomic_long_set(&hard.cell->status, status - extra);
	swim_pool_stats(life->pool, &after);
	if (before.live != after.live || before.used != after.used)
		return __LINE__;
	if (resident->drop(&hard, SWIM_KIND_HARD) || resident->drop(&other, SWIM_KIND_HARD))
		return __LINE__;
	return 0;
}

static int unique_refusals(void *arg, unsigned int number)
{
	return unique_refused(arg, SWIM_MUT_ONE | SWIM_HARD_ONE, -EBUSY) ?:
	       unique_refused(arg, SWIM_BUSY, -EINPROGRESS) ?:
	       unique_refused(arg, (SWIM_HARD_MAX - 2) << SWIM_HARD_SHIFT, -EOVERFLOW) ?:
	       unique_refused(arg, SWIM_REF_MAX * (SWIM_REF_ONE | SWIM_HARD_ONE), -EUSERS);
}

static void hard_to_unique(struct kunit *test)
{
	struct life life = { resident_of(test), heap_pool(test) };

	KUNIT_EXPECT_EQ(test, unique_alone(&life, 0), 0);
	KUNIT_EXPECT_EQ(test, unique_shared(&life, 0), 0);
	KUNIT_EXPECT_EQ(test, unique_refusals(&life, 0), 0);
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, unique_alone, &life), 0);
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, unique_shared, &life), 0);
	KUNIT_EXPECT_EQ(test, swim_interrupts_run(test, unique_refusals, &life), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

static void unique_out_of_memory_changes_nothing(struct kunit *test)
{
	struct life life = { resident_of(test), heap_pool(test) };
	struct swim_space *space = swim_space_create("transition", SZ_1M);
	struct slot hard = {}, other = {}, mut = {};
	struct swim_pool *pool;
	struct swim_counts counts;

	KUNIT_ASSERT_FALSE(test, IS_ERR(space));
	/* A hold that has no hunk yet. */
	pool = swim_pool_create("transition", swim_space_heap(space), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	KUNIT_ASSERT_EQ(test, life.resident->new(&hard, SWIM_KIND_HARD, heap_hold(test)), 0);
	KUNIT_ASSERT_EQ(test, __swim_counted_turn(&other.cell, SWIM_KIND_HARD, &hard.cell,
						  SWIM_KIND_HARD, false), 0);
	swim_fail_from(1);
	KUNIT_EXPECT_EQ(test, life.resident->unique(&mut, &hard, swim_pool_hold(pool),
						    GFP_NOWAIT | __GFP_NOWARN), -ENOMEM);
	swim_fail_nth(0);
	life.resident->counts(&hard, SWIM_KIND_HARD, &counts);
	KUNIT_EXPECT_EQ(test, counts.hard, 2U);
	KUNIT_EXPECT_EQ(test, counts.ref, 0U);
	KUNIT_EXPECT_NULL(test, mut.cell);
	KUNIT_EXPECT_EQ(test, life.resident->unique(&mut, &hard, swim_pool_hold(pool),
						    GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, life.resident->drop(&mut, SWIM_KIND_MUT), 0);
	KUNIT_EXPECT_EQ(test, life.resident->drop(&other, SWIM_KIND_HARD), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(pool), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(space), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

static void silent_drop(void *value)
{
}

/* With something to do when a value goes, and nothing when one is cloned. */
static const struct swim_type_ops no_clone_ops = { .drop = silent_drop };
static SWIM_PLAIN_TYPE_OPS(no_clone_type, struct owner, &no_clone_ops);

static void unique_of_what_has_no_clone_is_unsupported(struct kunit *test)
{
	struct swim_hard_box box = {}, other_box = {};
	struct swim_hard_buf buf = {}, other_buf = {};
	struct swim_mut_box mut_box = {};
	struct swim_mut_buf mut_buf = {};
	struct swim_counts counts;
	struct owner value = {};

	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&box, heap_hold(test), &no_clone_type,
						GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&other_box, &box), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_to_unique(&mut_box, &box, heap_hold(test), GFP_KERNEL),
			-EOPNOTSUPP);
	swim_hard_box_counts(&box, &counts);
	KUNIT_EXPECT_EQ(test, counts.hard, 2U);
	KUNIT_EXPECT_EQ(test, counts.ref, 0U);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&box), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&other_box), 0);
	KUNIT_ASSERT_EQ(test, swim_mut_buf_new(&mut_buf, heap_hold(test), &no_clone_type, 3,
					       GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_mut_buf_push(&mut_buf, &value, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_mut_buf_into_hard(&buf, &mut_buf), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_buf_clone(&other_buf, &buf), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_buf_to_unique(&mut_buf, &buf, heap_hold(test), GFP_KERNEL),
			-EOPNOTSUPP);
	swim_hard_buf_counts(&buf, &counts);
	KUNIT_EXPECT_EQ(test, counts.hard, 2U);
	KUNIT_EXPECT_EQ(test, swim_hard_buf_drop(&buf), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_buf_drop(&other_buf), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

static void unique_of_what_owns_others_is_a_clone(struct kunit *test)
{
	struct swim_hard_box box = {}, other = {};
	struct swim_mut_box mut = {};

	KUNIT_ASSERT_EQ(test, swim_hard_box_new(&box, heap_hold(test), &owner_type, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_clone(&other, &box), 0);
	KUNIT_ASSERT_EQ(test, swim_hard_box_to_unique(&mut, &box, heap_hold(test), GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 2);
	KUNIT_EXPECT_PTR_NE(test, mut.mut.cell, other.hard.cell);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&other), 0);
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
}

/* Of all cases: most of the time of these hundreds of rows would go to heaps that come and go. */
static struct swim_bed bed;

static int transition_suite_init(struct kunit_suite *suite)
{
	swim_target_default = 0;
	return swim_bed_create(&bed, SZ_4M, 0);
}

/* What a case has left keeps swimmem from being unloaded. */
static void transition_suite_exit(struct kunit_suite *suite)
{
	swim_pool_destroy(bed.pool);
	swim_space_destroy(bed.space);
}

static int transition_init(struct kunit *test)
{
	test->priv = &bed;
	return swim_kunit_init(test);
}

static void transition_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, heap_stats(test).live, 0);
	swim_kunit_exit(test);
}

static struct kunit_case transition_cases[] = {
	KUNIT_CASE_PARAM(shared, row_gen_params),
	KUNIT_CASE_PARAM(by_the_last_strong_lease, row_gen_params),
	KUNIT_CASE_PARAM(cleared, row_gen_params),
	KUNIT_CASE_PARAM(aliased_by_a_mut, row_gen_params),
	KUNIT_CASE_PARAM(aliased_by_a_ref, row_gen_params),
	KUNIT_CASE_PARAM(relocating, row_gen_params),
	KUNIT_CASE_PARAM(contended, row_gen_params),
	KUNIT_CASE_PARAM(hard_count_overflow, row_gen_params),
	KUNIT_CASE_PARAM(soft_count_overflow, row_gen_params),
	KUNIT_CASE_PARAM(ref_count_overflow, row_gen_params),
	KUNIT_CASE_PARAM(from_an_empty_lease, row_gen_params),
	KUNIT_CASE_PARAM(to_an_occupied_lease, row_gen_params),
	KUNIT_CASE_PARAM(without_a_lease, row_gen_params),
	KUNIT_CASE_PARAM(try_waits_for_what_is_in_the_way, resident_gen_params),
	KUNIT_CASE_PARAM(new_and_drop_of_each_kind, resident_gen_params),
	KUNIT_CASE_PARAM(the_last_drop_waits_for_a_mover, resident_gen_params),
	KUNIT_CASE_PARAM(hard_to_unique, resident_gen_params),
	KUNIT_CASE_PARAM(unique_out_of_memory_changes_nothing, resident_gen_params),
	KUNIT_CASE(unique_of_what_has_no_clone_is_unsupported),
	KUNIT_CASE(unique_of_what_owns_others_is_a_clone),
	{}
};

static struct kunit_suite transition_suite = {
	.name = "transition",
	.suite_init = transition_suite_init,
	.suite_exit = transition_suite_exit,
	.init = transition_init,
	.exit = transition_exit,
	.test_cases = transition_cases,
};

kunit_test_suite(transition_suite);

MODULE_DESCRIPTION("KUnit: transitions of swimmem's counted leases");
MODULE_LICENSE("GPL");
