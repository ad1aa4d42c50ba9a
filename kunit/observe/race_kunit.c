// SPDX-License-Identifier: GPL-2.0-only
/*
 * Race: somebody is in the middle of something when another one comes, at each place between two
 * of his steps in turn, as long as there are any. What torture meets by chance is met here for
 * sure.
 *
 * The other one is a thread on another CPU; when he has to wait for whom he came between, that one
 * goes on after a while. Or he is an interrupt, on the same CPU, and then waits for nobody.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "../../swimmem/alloc/pool.h"
#include "../../swimmem/alloc/space.h"
#include "../../swimmem/compact/relocate.h"
#include "../../swimmem/lease/cell.h"
#include "../../swimmem/observe/step.h"
#include "../kunit.h"

#define PATIENCE	2000	/* microseconds that the other one has before we go on */
#define LATE		100000	/* microseconds until he begins, at the most */
#define PLACES		250	/* more than there are in anything, but where somebody waits */
#define SECOND_PLACES	40	/* behind the first one */
#define LARGE		(SZ_16K - 64)	/* so many fill a hunk */
#define LARGES		4
#define CHILDREN	3
#define ITEMS		20
#define HUNKS		15	/* with one more, a pool has a reserve in this build */
#define PACK		SZ_4K
#define SCRIBBLE	0x58	/* where metadata was it says that there is a type */

/**
 * struct race - what two do
 * @begin: before that: everything is there
 * @work: what the one does
 * @other: what the other one does
 * @third: what somebody does later; may be NULL
 * @end: after that: nothing is lost or changed, nor left
 * @interrupt: the other one is an interrupt
 */
struct race {
	void (*begin)(struct kunit *test);
	void (*work)(struct kunit *test);
	void (*other)(struct kunit *test);
	void (*third)(struct kunit *test);
	void (*end)(struct kunit *test);
	bool interrupt;
};

#define RACE(_begin, _work, _other, _end)					\
	(&(const struct race){							\
		.begin = _begin, .work = _work, .other = _other, .end = _end,	\
	})

#define INTERRUPT(_begin, _work, _other, _end)					\
	(&(const struct race){							\
		.begin = _begin, .work = _work, .other = _other, .end = _end,	\
		.interrupt = true,						\
	})

/* @_interrupt: the first one of the others is. */
#define RACE_OF_THREE(_begin, _work, _other, _interrupt, _third, _end)		\
	(&(const struct race){							\
		.begin = _begin, .work = _work, .other = _other, .third = _third, \
		.end = _end, .interrupt = _interrupt,				\
	})

/**
 * struct parent - owns what is in another pool
 * @number: its own
 * @child: owns @number bytes
 * @hard: what others may have, too
 */
struct parent {
	u64 number;
	struct swim_raw child[CHILDREN];
	struct swim_hard_box hard;
};

static SWIM_TYPE(parent_type, struct parent, SWIM_PART(child[0]), SWIM_PART(child[1]),
		 SWIM_PART(child[2]), SWIM_PART(hard));
static SWIM_PLAIN_TYPE(number_type, u64);

/**
 * struct holder - owns what says itself what it is, in another pool
 * @number: its own
 * @child: owns some bytes
 */
struct holder {
	u64 number;
	struct swim_ptr child;
};

static SWIM_TYPE(holder_type, struct holder, SWIM_PART(child));

/**
 * struct item - one of an array
 * @number: of it
 * @bytes: that it owns
 */
struct item {
	u64 number;
	struct swim_raw bytes;
};

static SWIM_TYPE(item_type, struct item, SWIM_PART(bytes));

static struct swim_pool *far, *near;	/* in a space of its own, in that of the heap */
static struct swim_pool *shared;
static struct swim_pack *pack;
static struct swim_space *far_space;
static struct swim_raw raw, next_raw, large[LARGES + 1], others[4 * LARGES], many[HUNKS * LARGES];
static struct swim_ptr ptr, next_ptr;
static struct swim_hard_box hard, more;
static struct swim_soft_box soft;
static struct swim_box root, root2;
static struct swim_buf array, numbers;
static struct swim_string text;
static struct swim_raw *used;
static struct swim_cell *busy;
static void *object;
static atomic_t freed;
static unsigned int measured;
static u8 *objects[LARGES + 1];

/* The thread on another CPU; it does one thing for each time it is released. */
static struct {
	struct task_struct *task;
	struct kunit *test;
	void (*what)(struct kunit *test);
	unsigned int released;
	unsigned int begun;
	unsigned int done;
} other;

static int be_other(void *unused)
{
	while (!kthread_should_stop()) {
		/* Pairs with other_release(). */
		if (smp_load_acquire(&other.released) == other.done) {
			cpu_relax();
			cond_resched();
			continue;
		}
		WRITE_ONCE(other.begun, other.done + 1);
		other.what(other.test);
		/* Pairs with other_is_done(). */
		smp_store_release(&other.done, other.done + 1);
	}
	return 0;
}

static void other_begin(struct kunit *test)
{
	other.test = test;
	other.task = kthread_create(be_other, NULL, "kunit/other");
	KUNIT_ASSERT_FALSE(test, IS_ERR(other.task));
	kthread_bind(other.task, cpumask_any_but(cpu_online_mask, raw_smp_processor_id()));
	wake_up_process(other.task);
}

static void other_end(void)
{
	if (!IS_ERR_OR_NULL(other.task))
		kthread_stop(other.task);
	other.task = NULL;
}

static void other_release(void (*what)(struct kunit *test))
{
	other.what = what;
	/* Pairs with be_other(). */
	smp_store_release(&other.released, other.released + 1);
}

static bool other_is_done(void)
{
	/* Pairs with be_other(). */
	return smp_load_acquire(&other.done) == other.released;
}

/* One run. @second: places between the first that comes and the second. */
struct run {
	struct kunit *test;
	const struct race *race;
	unsigned int second;
	unsigned int come;
};

static bool is_over(const struct run *run)
{
	return run->come == (run->race->third ? 2 : 1);
}

/* Is the next one? */
static bool is_interrupt(const struct run *run)
{
	return !run->come && run->race->interrupt;
}

/* The next one of the others. */
static void do_other(struct run *run)
{
	const struct race *race = run->race;
	const bool interrupt = is_interrupt(run);
	const bool first = !run->come++;

	while (!other_is_done())
		cpu_relax();
	if (interrupt)
		race->other(run->test);
	else
		other_release(first ? race->other : race->third);
}

static void come_between(void *arg)
{
	struct run *run = arg;
	unsigned int us;

	/* The one before may wait for us, and not the other way round. */
	if (!other_is_done() || (is_interrupt(run) && irqs_disabled())) {
		swim_step_intrude(0, come_between, run);
		return;
	}
	do_other(run);
	/* His CPU may be late, on a busy machine. */
	for (us = 0; us < LATE && READ_ONCE(other.begun) != other.released; us++)
		udelay(1);
	for (us = 0; us < PATIENCE && !other_is_done(); us++)
		udelay(1);
	if (!is_over(run))
		swim_step_intrude(run->second, come_between, run);
}

/* How many of the others came. */
static unsigned int run_once(struct kunit *test, const struct race *race, unsigned int first,
			     unsigned int second)
{
	struct run run = { test, race, second };
	unsigned int came;

	race->begin(test);
	swim_step_intrude(first, come_between, &run);
	race->work(test);
	swim_step_intrude(0, NULL, NULL);
	came = run.come;
	while (!other_is_done())
		cond_resched();
	while (!is_over(&run)) {
		do_other(&run);
		while (!other_is_done())
			cond_resched();
	}
	race->end(test);
	return came;
}

static void explore(struct kunit *test, const struct race *race)
{
	unsigned int first, second, came, runs = 0;

	if (num_online_cpus() < 2)
		kunit_skip(test, "there is one CPU");
	other_begin(test);
	swim_steps_count(true);
	for (first = 0; first < PLACES; first++) {
		second = 0;
		do {
			came = run_once(test, race, first, second++);
			runs++;
		} while (came == 2 && second < SECOND_PLACES);
		if (!came)
			break;
	}
	swim_steps_count(false);
	other_end();
	kunit_info(test, "%u places, %u runs", first, runs);
}

static int race_init(struct kunit *test)
{
	int err = swim_heap_init(test, 0, 0);
	const struct swim_bed *heap = test->priv;

	if (err)
		return err;
	far_space = swim_space_create("kunit-far", 0);
	if (IS_ERR(far_space))
		return PTR_ERR(far_space);
	far = swim_pool_create("kunit-far", swim_space_heap(far_space), 0);
	near = swim_pool_create("kunit-near", swim_space_heap(heap->space), 0);
	return PTR_ERR_OR_ZERO(far) ?: PTR_ERR_OR_ZERO(near);
}

static void race_exit(struct kunit *test)
{
	/* When a case was given up. */
	swim_step_intrude(0, NULL, NULL);
	swim_steps_count(false);
	other_end();
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(near), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(far), 0);
	KUNIT_EXPECT_EQ(test, swim_space_destroy(far_space), 0);
	swim_heap_exit(test);
}

static void nothing(struct kunit *test)
{
}

/* Somebody else may be at it. */
static void chase(struct kunit *test, struct swim_pool *pool)
{
	const int err = swim_clean_chase(pool);

	KUNIT_EXPECT_TRUE_MSG(test, !err || err == -EBUSY, "%d", err);
}

static void compact(struct kunit *test)
{
	chase(test, heap_pool(test));
}

static void compact_far(struct kunit *test)
{
	chase(test, far);
}

static void new_raw(struct kunit *test, struct swim_raw *to, struct swim_hold *hold, size_t size)
{
	u8 *bytes;

	KUNIT_EXPECT_EQ(test, swim_raw_new(to, hold, size, GFP_NOWAIT), 0);
	bytes = swim_raw_pin(to);
	KUNIT_EXPECT_FALSE(test, IS_ERR(bytes));
	if (IS_ERR(bytes))
		return;
	memset(bytes, 0x5a, size);
	swim_raw_unpin(to);
}

static void use_raw(struct kunit *test, struct swim_raw *of)
{
	u8 *bytes = swim_raw_pin(of);

	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR(bytes), "%d", PTR_ERR_OR_ZERO(bytes));
	if (IS_ERR(bytes))
		return;
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0x5a, swim_raw_size(of)));
	swim_raw_unpin(of);
}

static void drop_raw(struct kunit *test, struct swim_raw *of)
{
	use_raw(test, of);
	KUNIT_EXPECT_EQ(test, swim_raw_drop(of), 0);
}

static void begin_raw(struct kunit *test)
{
	new_raw(test, &raw, heap_hold(test), 300);
}

/* A pin is in line most often, where it makes no steps. */
static void pin(struct kunit *test)
{
	u8 *bytes = swim_pin_slow(&raw, SWIM_TAG_OF_RAW);

	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR(bytes), "%d", PTR_ERR_OR_ZERO(bytes));
	if (IS_ERR(bytes))
		return;
	swim_pin_enter();
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0x5a, swim_raw_size(&raw)));
	swim_raw_unpin(&raw);
	use_raw(test, &raw);
}

static void hand_on(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_raw_move(&next_raw, &raw), 0);
	use_raw(test, &next_raw);
	KUNIT_EXPECT_EQ(test, swim_raw_move(&raw, &next_raw), 0);
}

static void drop_and_make(struct kunit *test)
{
	drop_raw(test, &raw);
	new_raw(test, &raw, heap_hold(test), 300);
}

static void end_raw(struct kunit *test)
{
	drop_raw(test, &raw);
}

/* Either comes between the steps of the other one. */
static void explore_both(struct kunit *test, const struct race *race)
{
	explore(test, race);
	explore(test, RACE(race->begin, race->other, race->work, race->end));
}

static void a_mover_and_who_pins(struct kunit *test)
{
	explore_both(test, RACE(begin_raw, compact, pin, end_raw));
}

static void a_mover_and_who_hands_on(struct kunit *test)
{
	explore_both(test, RACE(begin_raw, compact, hand_on, end_raw));
}

static void a_mover_and_who_drops(struct kunit *test)
{
	explore_both(test, RACE(begin_raw, compact, drop_and_make, end_raw));
}

/* A value that a Hard keeps, and a Soft of it. */
static void new_hard(struct kunit *test, struct swim_hard_box *to)
{
	struct swim_mut_box mut = {};
	int err;

	KUNIT_EXPECT_EQ(test, swim_mut_box_new(&mut, heap_hold(test), &number_type, GFP_NOWAIT), 0);
	*(u64 *)swim_mut_box_get(&mut) = 4711;
	do {
		err = swim_mut_box_into_hard(to, &mut);
	} while (err == -EAGAIN);
	KUNIT_EXPECT_EQ(test, err, 0);
}

static void begin_hard(struct kunit *test)
{
	new_hard(test, &hard);
}

static void begin_hard_and_soft(struct kunit *test)
{
	begin_hard(test);
	KUNIT_EXPECT_EQ(test, swim_hard_box_to_soft(&soft, &hard), 0);
}

/* The new one has the same cell. */
static void drop_hard_and_make(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
	begin_hard(test);
}

static void hard_into_soft(struct kunit *test)
{
	struct swim_soft_box last = {};
	int err;

	do {
		err = swim_hard_box_into_soft(&last, &hard);
	} while (err == -EAGAIN);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&last), 0);
}

static void clone_hard(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_hard_box_clone(&more, &hard), 0);
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&more), 0);
}

static void drop_hard(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&hard), 0);
}

static void drop_soft(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_soft_box_drop(&soft), 0);
}

/* Whoever has it may be refused, and asks for it; then it comes. */
static void read_hard(struct kunit *test)
{
	struct swim_ref_box ref = {};
	int err;

	do {
		err = swim_hard_box_poll_to_ref(&ref, &hard);
		cpu_relax();
	} while (err == -EINPROGRESS || err == -EAGAIN);
	KUNIT_EXPECT_EQ(test, err, 0);
	if (err)
		return;
	KUNIT_EXPECT_EQ(test, *(const u64 *)swim_ref_box_get(&ref), 4711ULL);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
}

static void end_hard(struct kunit *test)
{
	if (!swim_hard_box_is_empty(&hard)) {
		read_hard(test);
		drop_hard(test);
	}
	if (!swim_soft_box_is_empty(&soft))
		drop_soft(test);
}

static void a_mover_and_who_reads_by_a_cell(struct kunit *test)
{
	explore_both(test, RACE(begin_hard, compact, read_hard, end_hard));
}

static void a_mover_and_who_drops_the_last(struct kunit *test)
{
	explore_both(test, RACE(begin_hard, compact, drop_hard_and_make, end_hard));
	explore_both(test, RACE(begin_hard, compact, hard_into_soft, end_hard));
}

static void wait_and_read(struct kunit *test)
{
	struct swim_ref_box ref = {};

	KUNIT_EXPECT_EQ(test, swim_hard_box_try_to_ref(&ref, &hard), 0);
	KUNIT_EXPECT_EQ(test, *(const u64 *)swim_ref_box_get(&ref), 4711ULL);
	KUNIT_EXPECT_EQ(test, swim_ref_box_drop(&ref), 0);
}

/* A mover has it, if it is still there, and then no more. */
static void make_busy(struct kunit *test)
{
	struct swim_cell *cell = READ_ONCE(((struct swim_hard *)&hard)->cell);

	busy = cell && swim_cell_busy(cell) ? cell : NULL;
}

static void make_unbusy(struct kunit *test)
{
	if (busy)
		swim_cell_unbusy(busy);
}

static void who_is_in_the_way_of_a_mover(struct kunit *test)
{
	static void (*const owners[])(struct kunit *test) = {
		read_hard, wait_and_read, drop_hard_and_make, hard_into_soft,
	};
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(owners); n++)
		explore(test, RACE_OF_THREE(begin_hard, owners[n], make_busy, false, make_unbusy,
					    end_hard));
}

static void a_mover_and_who_clones(struct kunit *test)
{
	explore_both(test, RACE(begin_hard, compact, clone_hard, end_hard));
}

static void keep_more(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_hard_box_clone(&more, &hard), 0);
}

static void begin_hard_and_more(struct kunit *test)
{
	begin_hard(test);
	keep_more(test);
}

/* For longer than he is waited for in between: then the other one waits for the lease. */
static void change_for_long(struct kunit *test)
{
	struct swim_mut_box mut = {};
	int err = swim_hard_box_poll_to_mut(&mut, &more);
	unsigned int ms;

	/* He has it. */
	if (err == -EBUSY)
		return;
	KUNIT_EXPECT_EQ(test, err, 0);
	for (ms = 0; ms <= PATIENCE / 1000; ms++)
		mdelay(1);
	KUNIT_EXPECT_EQ(test, swim_mut_box_drop(&mut), 0);
}

static void end_hard_and_more(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&more), 0);
	end_hard(test);
}

static void two_who_have_leases_of_one(struct kunit *test)
{
	explore_both(test, RACE(begin_hard_and_soft, drop_hard, drop_soft, end_hard));
	explore_both(test, RACE(begin_hard, clone_hard, read_hard, end_hard));
	explore(test, RACE(begin_hard, read_hard, keep_more, end_hard_and_more));
	explore(test, RACE(begin_hard_and_more, wait_and_read, change_for_long,
			   end_hard_and_more));
}

/* The children are elsewhere, where others may move them. */
static void begin_parent(struct kunit *test)
{
	struct parent *parent;
	unsigned int n;

	KUNIT_EXPECT_EQ(test, swim_box_new(&root, heap_hold(test), &parent_type, GFP_NOWAIT), 0);
	parent = swim_box_pin(&root);
	KUNIT_EXPECT_FALSE(test, IS_ERR(parent));
	if (IS_ERR(parent))
		return;
	for (n = 0; n < CHILDREN; n++)
		new_raw(test, &parent->child[n], swim_pool_hold(far), 40);
	KUNIT_EXPECT_EQ(test, swim_hard_box_new(&parent->hard, swim_pool_hold(far), &number_type,
						GFP_NOWAIT), 0);
	swim_box_unpin(&root);
}

/* One of the children has been moved, and no CPU is asked for anything before the others are. */
static void begin_parent_and_a_run(struct kunit *test)
{
	begin_parent(test);
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(far, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, swim_pool_compact_step(far, 100), 1);
}

static void use_parent(struct kunit *test)
{
	struct parent *parent = swim_box_pin(&root);
	unsigned int n;

	KUNIT_EXPECT_FALSE(test, IS_ERR(parent));
	if (IS_ERR(parent))
		return;
	for (n = 0; n < CHILDREN; n++)
		use_raw(test, &parent->child[n]);
	swim_box_unpin(&root);
}

static void stow_parent(struct kunit *test)
{
	const int err = swim_box_stow(&root, swim_pool_hold(near), GFP_NOWAIT);

	KUNIT_EXPECT_TRUE_MSG(test, !err || err == -EBUSY || err == -EINPROGRESS || err == -EAGAIN,
			      "%d", err);
}

static void end_parent(struct kunit *test)
{
	use_parent(test);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
}

/* What is pinned keeps its owner where it is. */
static void begin_parent_in_use(struct kunit *test)
{
	struct parent *parent;

	begin_parent(test);
	parent = swim_box_pin(&root);
	used = &parent->child[CHILDREN - 1];
	KUNIT_EXPECT_FALSE(test, IS_ERR(swim_raw_pin(used)));
	swim_box_unpin(&root);
}

static void let_the_child_go(struct kunit *test)
{
	__swim_unpin(used, SWIM_TAG_OF_RAW);
}

static void end_parent_in_use(struct kunit *test)
{
	/* In the thread that has pinned it. */
	swim_pin_leave();
	end_parent(test);
}

static void who_moves_a_parent_and_who_has_a_child_pinned(struct kunit *test)
{
	explore(test, RACE(begin_parent_in_use, compact, let_the_child_go, end_parent_in_use));
}

/* So many values that a mover looks between them whether somebody asks. */
static void begin_array(struct kunit *test)
{
	unsigned int n;

	KUNIT_EXPECT_EQ(test, swim_buf_new(&array, heap_hold(test), &item_type, ITEMS, GFP_NOWAIT),
			0);
	for (n = 0; n < ITEMS; n++) {
		struct item item = { .number = n };

		new_raw(test, &item.bytes, swim_pool_hold(far), 40);
		KUNIT_EXPECT_EQ(test, swim_buf_push(&array, &item, GFP_NOWAIT), 0);
	}
}

static void use_array(struct kunit *test)
{
	struct swim_slice slice;
	unsigned int n;

	KUNIT_EXPECT_EQ(test, swim_buf_pin(&array, &slice), 0);
	KUNIT_EXPECT_EQ(test, slice.len, (u32)ITEMS);
	for (n = 0; n < ITEMS; n++) {
		struct item *item = swim_slice_at(&slice, n);

		KUNIT_EXPECT_EQ(test, item->number, (u64)n);
		use_raw(test, &item->bytes);
	}
	swim_buf_unpin(&array);
}

static void end_array(struct kunit *test)
{
	use_array(test);
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&array), 0);
}

static void who_moves_an_array_and_who_asks_for_it(struct kunit *test)
{
	explore(test, RACE(begin_array, compact, use_array, end_array));
}

/* Whoever moves what the items own has it for a moment only: that is not in use. */
static void shift_array(struct kunit *test)
{
	struct item item;

	KUNIT_EXPECT_EQ(test, swim_buf_remove(&array, 0, &item), 0);
	KUNIT_EXPECT_EQ(test, swim_buf_insert(&array, 0, &item, GFP_NOWAIT), 0);
}

static void who_shifts_an_array_and_who_moves_its_children(struct kunit *test)
{
	explore(test, RACE(begin_array, shift_array, compact_far, end_array));
}

/* Both own what they share. */
static void begin_parents(struct kunit *test)
{
	struct parent *parent, *second;

	begin_parent(test);
	KUNIT_EXPECT_EQ(test, swim_box_new(&root2, heap_hold(test), &parent_type, GFP_NOWAIT), 0);
	parent = swim_box_pin(&root);
	second = swim_box_pin(&root2);
	KUNIT_EXPECT_EQ(test, swim_hard_box_clone(&second->hard, &parent->hard), 0);
	swim_box_unpin(&root2);
	swim_box_unpin(&root);
}

static void stow_second(struct kunit *test)
{
	const int err = swim_box_stow(&root2, swim_pool_hold(near), GFP_NOWAIT);

	KUNIT_EXPECT_TRUE_MSG(test, !err || err == -EBUSY || err == -EINPROGRESS || err == -EAGAIN,
			      "%d", err);
}

static void end_parents(struct kunit *test)
{
	end_parent(test);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root2), 0);
}

static void two_who_stow_what_they_share(struct kunit *test)
{
	explore(test, RACE(begin_parents, stow_parent, stow_second, end_parents));
	explore(test, INTERRUPT(begin_parents, stow_parent, stow_second, end_parents));
}

static void who_moves_a_parent_and_who_moves_its_children(struct kunit *test)
{
	explore_both(test, RACE(begin_parent_and_a_run, compact, compact_far, end_parent));
}

static void who_moves_a_parent_and_who_uses_its_children(struct kunit *test)
{
	explore_both(test, RACE(begin_parent, compact, use_parent, end_parent));
}

static void who_stows_a_parent_and_who_moves_its_children(struct kunit *test)
{
	explore_both(test, RACE(begin_parent_and_a_run, stow_parent, compact_far, end_parent));
}

static void begin_holder(struct kunit *test)
{
	struct holder *holder;
	u8 *bytes;

	KUNIT_EXPECT_EQ(test, swim_box_new(&root, heap_hold(test), &holder_type, GFP_NOWAIT), 0);
	holder = swim_box_pin(&root);
	KUNIT_EXPECT_FALSE(test, IS_ERR(holder));
	if (IS_ERR(holder))
		return;
	KUNIT_EXPECT_EQ(test, swim_ptr_new(&holder->child, swim_pool_hold(far), 40, GFP_NOWAIT), 0);
	bytes = swim_ptr_pin(&holder->child);
	KUNIT_EXPECT_FALSE(test, IS_ERR(bytes));
	if (!IS_ERR(bytes)) {
		memset(bytes, 0x5a, 40);
		swim_ptr_unpin(&holder->child);
	}
	swim_box_unpin(&root);
}

/* Where readers are not in the way: a CPU that waits for them is none. */
static void move_the_child_and_use_its_memory(struct kunit *test)
{
	struct swim_block block[HUNKS];
	unsigned int n;

	if (!preemptible())
		return;
	KUNIT_EXPECT_EQ(test, swim_pool_compact(far, 100), 0);
	for (n = 0; n < HUNKS; n++) {
		KUNIT_EXPECT_EQ(test, swim_space_alloc(far_space, SWIM_FRAME_SIZE, GFP_KERNEL,
						       &block[n]), 0);
		memset(block[n].addr, SCRIBBLE, SWIM_FRAME_SIZE);
	}
	while (n--)
		KUNIT_EXPECT_EQ(test, swim_space_free(far_space, &block[n]), 0);
}

static void end_holder(struct kunit *test)
{
	struct holder *holder = swim_box_pin(&root);
	u8 *bytes;

	KUNIT_EXPECT_FALSE(test, IS_ERR(holder));
	if (IS_ERR(holder))
		return;
	bytes = swim_ptr_pin(&holder->child);
	KUNIT_EXPECT_FALSE(test, IS_ERR(bytes));
	if (!IS_ERR(bytes)) {
		KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0x5a, 40));
		swim_ptr_unpin(&holder->child);
	}
	swim_box_unpin(&root);
	KUNIT_EXPECT_EQ(test, swim_box_drop(&root), 0);
}

static void who_stows_a_parent_and_who_uses_where_its_child_was(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		kunit_skip(test, "nobody knows where readers are not in the way");
	explore(test, INTERRUPT(begin_holder, stow_parent, move_the_child_and_use_its_memory,
				end_holder));
}

/* Who measures it finds that its lease is empty, but then its tag is the same as before. */
static void begin_ptr(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_ptr_new(&ptr, heap_hold(test), 300, GFP_NOWAIT), 0);
	object = swim_ptr_pin(&ptr);
	KUNIT_EXPECT_FALSE(test, IS_ERR(object));
	swim_ptr_unpin(&ptr);
	swim_pool_flush(heap_pool(test));
}

static void measure(struct kunit *test)
{
	const unsigned long value = swim_tag_read(swim_tag_of(object));
	size_t size = 0;

	if (swim_measure(heap_pool(test), object, value, &size))
		KUNIT_EXPECT_GE(test, size, (size_t)300);
}

static void hand_there(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_ptr_move(&next_ptr, &ptr), 0);
}

static void hand_back(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_ptr_move(&ptr, &next_ptr), 0);
}

static void end_ptr(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_ptr_drop(&ptr), 0);
}

static void who_measures_and_who_hands_on(struct kunit *test)
{
	explore(test, RACE_OF_THREE(begin_ptr, measure, hand_there, false, hand_back, end_ptr));
}

/* Pinned, so that a look has to do; and beside something that keeps the hunk. */
static void begin_numbers(struct kunit *test)
{
	struct swim_slice slice;

	begin_raw(test);
	KUNIT_EXPECT_EQ(test, swim_buf_new(&numbers, heap_hold(test), &number_type, 1, GFP_NOWAIT),
			0);
	KUNIT_EXPECT_EQ(test, swim_buf_pin(&numbers, &slice), 0);
	object = slice.at;
	swim_pool_flush(heap_pool(test));
}

static void measure_numbers(struct kunit *test)
{
	const unsigned long value = swim_tag_read(swim_tag_of(object));
	size_t size = 0;

	if (!swim_measure(heap_pool(test), object, value, &size))
		return;
	KUNIT_EXPECT_EQ(test, size, sizeof(u64));
	measured++;
}

static void replace_numbers(struct kunit *test)
{
	__swim_unpin(&numbers, SWIM_TAG_OF_RAW);
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&numbers), 0);
	KUNIT_EXPECT_EQ(test, swim_buf_new(&numbers, heap_hold(test), &number_type, ITEMS,
					   GFP_NOWAIT), 0);
}

static void end_numbers(struct kunit *test)
{
	/* In the thread that has pinned the first ones. */
	swim_pin_leave();
	KUNIT_EXPECT_EQ(test, swim_buf_drop(&numbers), 0);
	end_raw(test);
}

static void who_measures_and_who_replaces(struct kunit *test)
{
	measured = 0;
	explore(test, RACE(begin_numbers, measure_numbers, replace_numbers, end_numbers));
	KUNIT_EXPECT_GT(test, measured, 0U);
}

/* A reader finds the text from before or from behind. */
static void begin_text(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_string_from(&text, swim_pool_hold(shared), "one", GFP_NOWAIT),
			0);
}

static void begin_text_with_room(struct kunit *test)
{
	begin_text(test);
	KUNIT_EXPECT_EQ(test, swim_string_reserve(&text, 20, GFP_NOWAIT), 0);
}

static void add_text(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_string_append(&text, " and two", GFP_NOWAIT), 0);
}

static void read_text(struct kunit *test)
{
	const char *found;

	rcu_read_lock();
	found = swim_string_read(&text);
	KUNIT_EXPECT_TRUE_MSG(test, !strcmp(found, "one") || !strcmp(found, "one and two"), "%s",
			      found);
	rcu_read_unlock();
}

static void end_text(struct kunit *test)
{
	read_text(test);
	KUNIT_EXPECT_EQ(test, swim_string_drop(&text), 0);
}

static void who_adds_to_a_text_and_who_reads_it(struct kunit *test)
{
	shared = swim_pool_create("kunit-shared", swim_space_heap(far_space), SWIM_POOL_RCU);
	KUNIT_ASSERT_FALSE(test, IS_ERR(shared));
	explore_both(test, RACE(begin_text, add_text, read_text, end_text));
	explore_both(test, RACE(begin_text_with_room, add_text, read_text, end_text));
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(shared), 0);
}

/*
 * A hunk of this pool, of the same space as another one, and as full as that will be; of the CPU
 * that has the other one, whose next hunk is then the same memory.
 */
static void fill_a_hunk(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < LARGES; n++)
		new_raw(test, &large[n], heap_hold(test), LARGE);
	swim_pool_flush(heap_pool(test));
}

static void begin_larges(struct kunit *test)
{
	other_release(fill_a_hunk);
	while (!other_is_done())
		cond_resched();
}

/* Some hunks, among which that one is. */
static void let_the_other_pool_have_it(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < LARGES; n++)
		drop_raw(test, &large[n]);
	for (n = 0; n < ARRAY_SIZE(others); n++)
		new_raw(test, &others[n], swim_pool_hold(near), LARGE);
	swim_pool_flush(near);
}

static void end_others(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(others); n++)
		drop_raw(test, &others[n]);
}

static void who_compacts_and_another_pool_that_gets_the_hunk(struct kunit *test)
{
	explore(test, RACE(begin_larges, compact, let_the_other_pool_have_it, end_others));
}

/* Exactly one of both frees it; the other one is told of, or finds another object there. */
static void begin_one(struct kunit *test)
{
	objects[0] = swim_alloc(heap_hold(test), 100, GFP_NOWAIT);
	objects[1] = swim_alloc(heap_hold(test), 100, GFP_NOWAIT);
	KUNIT_EXPECT_FALSE(test, IS_ERR(objects[0]) || IS_ERR(objects[1]));
	atomic_set(&freed, 0);
}

static void free_one(struct kunit *test)
{
	if (!swim_free(objects[0]))
		atomic_inc(&freed);
}

static void end_one(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&freed), 1);
	KUNIT_EXPECT_EQ(test, swim_free(objects[1]), 0);
	swim_reports_reset();
}

static void two_who_free_one_object(struct kunit *test)
{
	explore(test, RACE(begin_one, free_one, free_one, end_one));
}

/* What a CPU has is what its interrupt has, too. */
static void begin_allocations(struct kunit *test)
{
	swim_pool_flush(heap_pool(test));
}

static void allocate(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < LARGES + 1; n++) {
		objects[n] = swim_alloc(heap_hold(test), LARGE, GFP_NOWAIT);
		KUNIT_EXPECT_FALSE(test, IS_ERR(objects[n]));
		KUNIT_EXPECT_NULL(test, memchr_inv(objects[n], 0, LARGE));
		memset(objects[n], n + 1, LARGE);
	}
	KUNIT_EXPECT_EQ(test, swim_resize(objects[LARGES], 100), 0);
	KUNIT_EXPECT_EQ(test, swim_free(objects[LARGES]), 0);
}

static void interrupt(struct kunit *test)
{
	u8 *mine = swim_alloc(heap_hold(test), LARGE, GFP_NOWAIT);

	KUNIT_EXPECT_FALSE(test, IS_ERR(mine));
	KUNIT_EXPECT_NULL(test, memchr_inv(mine, 0, LARGE));
	memset(mine, 0xff, LARGE);
	KUNIT_EXPECT_EQ(test, swim_free(mine), 0);
}

static void end_allocations(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < LARGES; n++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(objects[n], n + 1, LARGE));
		KUNIT_EXPECT_EQ(test, swim_free(objects[n]), 0);
	}
}

static void who_allocates_and_an_interrupt(struct kunit *test)
{
	explore(test, INTERRUPT(begin_allocations, allocate, interrupt, end_allocations));
}

/* The CPU has a spare cell. */
static void begin_cells(struct kunit *test)
{
	begin_hard(test);
	drop_hard(test);
}

static void make_more(struct kunit *test)
{
	new_hard(test, &more);
}

static void drop_more(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_hard_box_drop(&more), 0);
}

static void begin_two_cells(struct kunit *test)
{
	begin_hard(test);
	make_more(test);
}

static void end_cells(struct kunit *test)
{
	drop_hard(test);
	drop_more(test);
}

static void who_has_a_spare_cell_and_an_interrupt(struct kunit *test)
{
	explore(test, INTERRUPT(begin_cells, begin_hard, make_more, end_cells));
	explore(test, INTERRUPT(begin_two_cells, drop_hard, drop_more, nothing));
}

static void who_allocates_and_who_compacts(struct kunit *test)
{
	explore_both(test, RACE(begin_allocations, allocate, compact, end_allocations));
}

/* A mover has left a spare hunk, and this CPU has none. Something is still to be moved. */
static void begin_spare(struct kunit *test)
{
	begin_raw(test);
	new_raw(test, &next_raw, heap_hold(test), 300);
	KUNIT_EXPECT_FALSE(test, IS_ERR(swim_raw_pin(&next_raw)));
	compact(test);
	swim_raw_unpin(&next_raw);
}

static void allocate_one(struct kunit *test)
{
	objects[0] = swim_alloc(heap_hold(test), 100, GFP_NOWAIT);
	KUNIT_EXPECT_FALSE(test, IS_ERR(objects[0]));
}

static void allocate_another(struct kunit *test)
{
	objects[1] = swim_alloc(heap_hold(test), 100, GFP_NOWAIT);
	KUNIT_EXPECT_FALSE(test, IS_ERR(objects[1]));
}

static void end_spare(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_free(objects[0]), 0);
	KUNIT_EXPECT_EQ(test, swim_free(objects[1]), 0);
	end_raw(test);
	drop_raw(test, &next_raw);
}

static void two_who_take_a_spare_hunk(struct kunit *test)
{
	explore(test, RACE(begin_spare, allocate_one, allocate_another, end_spare));
}

/* An interrupt gives the CPU another one, so that it is left again; as who compacts does. */
static void two_who_leave_a_spare_hunk(struct kunit *test)
{
	explore(test, RACE_OF_THREE(begin_spare, allocate_one, allocate_another, true, compact,
				    end_spare));
}

/* So many hunks, all of them full, that the next ones ask for a reserve. */
static void begin_many(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(many) && heap_stats(test).hunks < HUNKS; n++)
		new_raw(test, &many[n], heap_hold(test), LARGE);
	swim_pool_flush(heap_pool(test));
}

static void fill_one_more(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < LARGES + 1; n++)
		new_raw(test, &large[n], heap_hold(test), LARGE);
}

static void fill_another_one(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < LARGES + 1; n++)
		new_raw(test, &others[n], heap_hold(test), LARGE);
}

static void end_many(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < LARGES + 1; n++) {
		drop_raw(test, &large[n]);
		drop_raw(test, &others[n]);
	}
	for (n = 0; n < ARRAY_SIZE(many); n++)
		if (!swim_raw_is_empty(&many[n]))
			drop_raw(test, &many[n]);
}

static void two_who_let_a_pool_become_large(struct kunit *test)
{
	SKIP_IN_DEBUG(test, "there is no reserve");
	explore(test, RACE(begin_many, fill_one_more, fill_another_one, end_many));
}

/* One mark for all CPUs; and where something dies below it nothing is used again. */
static void take_packed(struct kunit *test, u8 **packed)
{
	packed[0] = swim_pack_alloc(pack, 40);
	packed[1] = swim_pack_alloc(pack, 100);
	KUNIT_EXPECT_FALSE(test, IS_ERR(packed[0]) || IS_ERR(packed[1]));
	memset(packed[0], 0x11, 40);
	memset(packed[1], 0x22, 100);
	KUNIT_EXPECT_EQ(test, swim_resize(packed[1], 60), 0);
	KUNIT_EXPECT_EQ(test, swim_free(packed[0]), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(packed[1], 0x22, 60));
	KUNIT_EXPECT_EQ(test, swim_free(packed[1]), 0);
}

static void pack_two(struct kunit *test)
{
	u8 *packed[2];

	take_packed(test, packed);
}

static void no_more(struct kunit *test)
{
	struct swim_hold_stats stats;

	swim_hold_stats(swim_pack_hold(pack), &stats);
	KUNIT_EXPECT_EQ(test, stats.live, 0);
}

static void two_who_have_a_pack(struct kunit *test)
{
	void *memory = kunit_kmalloc(test, 2 * PACK, GFP_KERNEL);
	const struct swim_block block = { PTR_ALIGN(memory, PACK), PACK };

	KUNIT_ASSERT_NOT_NULL(test, memory);
	pack = swim_pack_create(&block);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pack));
	explore(test, RACE(no_more, pack_two, pack_two, no_more));
	KUNIT_EXPECT_EQ(test, swim_pack_destroy(pack), 0);
}

/* The hunk, a page, is all CPUs'. */
static void allocate_and_free(struct kunit *test)
{
	u8 *mine = swim_alloc(swim_pool_hold(shared), 100, GFP_NOWAIT);

	KUNIT_EXPECT_FALSE(test, IS_ERR(mine));
	KUNIT_EXPECT_NULL(test, memchr_inv(mine, 0, 100));
	memset(mine, 0x33, 100);
	KUNIT_EXPECT_EQ(test, swim_resize(mine, 50), 0);
	KUNIT_EXPECT_EQ(test, swim_free(mine), 0);
}

static void two_who_share_a_hunk(struct kunit *test)
{
	const struct swim_block block = { vmalloc(8 * PAGE_SIZE), 8 * PAGE_SIZE };
	struct swim_slab *slab = kunit_kzalloc(test, sizeof(*slab), GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, block.addr && slab);
	KUNIT_ASSERT_EQ(test, swim_slab_init(slab, &block, PAGE_SIZE), 0);
	shared = swim_pool_create("kunit-shared", swim_slab_heap(slab), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(shared));
	explore(test, RACE(nothing, allocate_and_free, allocate_and_free, nothing));
	KUNIT_EXPECT_EQ(test, swim_pool_destroy(shared), 0);
	vfree(block.addr);
}

/* Extents of all sizes, of a space that has to grow for them, and to shrink. */
static const size_t sizes[] = { SZ_4K, SZ_64K, SZ_4K, SZ_1M, SZ_256K, SZ_2M };
static struct swim_block blocks[2][ARRAY_SIZE(sizes)];

static void begin_extents(struct kunit *test)
{
	swim_space_trim(far_space);
}

static void take(struct kunit *test, struct swim_block *block)
{
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(sizes); n++)
		KUNIT_EXPECT_EQ(test, swim_space_alloc(far_space, sizes[n], GFP_ATOMIC, &block[n]),
				0);
	/* Every second one. */
	for (n = 0; n < ARRAY_SIZE(sizes); n += 2)
		KUNIT_EXPECT_EQ(test, swim_space_free(far_space, &block[n]), 0);
}

static void take_extents(struct kunit *test)
{
	take(test, blocks[0]);
}

static void others_take_extents(struct kunit *test)
{
	take(test, blocks[1]);
	swim_space_release(far_space, SZ_256K);
}

static void end_extents(struct kunit *test)
{
	unsigned int n;

	for (n = 1; n < ARRAY_SIZE(sizes); n += 2) {
		KUNIT_EXPECT_EQ(test, swim_space_free(far_space, &blocks[0][n]), 0);
		KUNIT_EXPECT_EQ(test, swim_space_free(far_space, &blocks[1][n]), 0);
	}
}

static void two_who_take_extents(struct kunit *test)
{
	explore(test, RACE(begin_extents, take_extents, others_take_extents, end_extents));
}

static void begin_scope(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, swim_pool_set_budget(near, 1, 0), 0);
}

static void go_through_a_scope(struct kunit *test)
{
	swim_with_hold(heap_hold(test)) {
		swim_scope(swim_pool_hold(near)) {
			new_raw(test, &raw, swim_local_hold(), 100);
			new_raw(test, &next_raw, swim_local_hold(), 100);
		}
	}
}

/* Of two objects one is moved, and then there is more to do. */
static void compact_a_little(struct kunit *test)
{
	const int err = swim_pool_compact_step(near, 100);

	KUNIT_EXPECT_TRUE_MSG(test, !err || err == 1, "%d", err);
}

static void end_scope(struct kunit *test)
{
	struct swim_pool_stats stats;

	swim_pool_stats(near, &stats);
	/* Where nobody knows whether he may wait for who compacts, that has been told. */
	if (IS_ENABLED(CONFIG_PREEMPT_COUNT))
		KUNIT_EXPECT_EQ(test, stats.live, 0);
	else
		swim_reports_reset();
	drop_raw(test, &raw);
	drop_raw(test, &next_raw);
}

static void the_end_of_a_scope_and_who_compacts(struct kunit *test)
{
	explore(test, RACE(begin_scope, go_through_a_scope, compact_a_little, end_scope));
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE(a_mover_and_who_pins),
	KUNIT_CASE(a_mover_and_who_hands_on),
	KUNIT_CASE(a_mover_and_who_drops),
	KUNIT_CASE(a_mover_and_who_reads_by_a_cell),
	KUNIT_CASE(a_mover_and_who_drops_the_last),
	KUNIT_CASE(who_is_in_the_way_of_a_mover),
	KUNIT_CASE(a_mover_and_who_clones),
	KUNIT_CASE(two_who_have_leases_of_one),
	KUNIT_CASE(who_moves_a_parent_and_who_moves_its_children),
	KUNIT_CASE(who_moves_a_parent_and_who_uses_its_children),
	KUNIT_CASE(who_moves_a_parent_and_who_has_a_child_pinned),
	KUNIT_CASE(who_stows_a_parent_and_who_moves_its_children),
	KUNIT_CASE(who_stows_a_parent_and_who_uses_where_its_child_was),
	KUNIT_CASE(two_who_stow_what_they_share),
	KUNIT_CASE(who_moves_an_array_and_who_asks_for_it),
	KUNIT_CASE(who_shifts_an_array_and_who_moves_its_children),
	KUNIT_CASE(who_measures_and_who_hands_on),
	KUNIT_CASE(who_measures_and_who_replaces),
	KUNIT_CASE(who_adds_to_a_text_and_who_reads_it),
	KUNIT_CASE(who_compacts_and_another_pool_that_gets_the_hunk),
	KUNIT_CASE(two_who_free_one_object),
	KUNIT_CASE(who_allocates_and_an_interrupt),
	KUNIT_CASE(who_has_a_spare_cell_and_an_interrupt),
	KUNIT_CASE(who_allocates_and_who_compacts),
	KUNIT_CASE(two_who_take_a_spare_hunk),
	KUNIT_CASE(two_who_leave_a_spare_hunk),
	KUNIT_CASE(two_who_let_a_pool_become_large),
	KUNIT_CASE(two_who_have_a_pack),
	KUNIT_CASE(two_who_share_a_hunk),
	KUNIT_CASE(two_who_take_extents),
	KUNIT_CASE(the_end_of_a_scope_and_who_compacts),
	{}
};

static struct kunit_suite race_suite = {
	.name = "race",
	.init = race_init,
	.exit = race_exit,
	.test_cases = race_cases,
};

kunit_test_suite(race_suite);

MODULE_DESCRIPTION("KUnit suite: somebody comes between each two steps of another one");
MODULE_LICENSE("GPL");
