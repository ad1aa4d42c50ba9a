// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flat: plain bytes in exclusive leases, Raw and Ptr, of all sizes, in all pools.
 *
 *	writer		makes, changes and drops them
 *	pinner		pins several for long, and sees that they stay where they are
 *	reader		looks at them under RCU, without owning them
 *	dropper		drops what others have made
 *	rehomer		hands them from lease to lease
 *	hardirq,	do what a writer does, and what is done with shares, in interrupts
 *	softirq		that come to CPUs which do something else
 *
 * An object that a reader may find tells its seed and its size itself, in its first two words, and
 * has these and all others, but the third, from before anybody can find it. The third is the mark:
 * it is changed under a pin, and its halves tell whether it is one that was written.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "torture.h"

#define FLATS		1024	/* of each pool */
#define TOLD		24	/* bytes of seed, size and mark */
#define PINS		8	/* at once by one pinner */
#define BURST		8	/* steps in one interrupt */

/**
 * struct flat - an object, and its lease
 * @busy: somebody has claimed it
 * @arena: where its object lives
 * @size: of the object
 * @seed: of the object
 * @raw: owns it, in every second one
 * @ptr: owns it, in the others
 */
struct flat {
	unsigned long busy;
	u32 arena;
	u32 size;
	u64 seed;
	struct swim_raw raw;
	struct swim_ptr ptr;
};

static struct flat *flats;

static bool is_ptr(const struct flat *flat)
{
	return (flat - flats) & 1;
}

static bool is_empty(const struct flat *flat)
{
	return is_ptr(flat) ? swim_ptr_is_empty(&flat->ptr) : swim_raw_is_empty(&flat->raw);
}

static void *pin(struct flat *flat)
{
	return is_ptr(flat) ? swim_ptr_pin(&flat->ptr) : swim_raw_pin(&flat->raw);
}

static void unpin(struct flat *flat)
{
	if (is_ptr(flat))
		swim_ptr_unpin(&flat->ptr);
	else
		swim_raw_unpin(&flat->raw);
}

static const void *read(const struct flat *flat)
{
	return is_ptr(flat) ? swim_ptr_read(&flat->ptr) : swim_raw_read(&flat->raw);
}

static bool is_read(const struct flat *flat)
{
	return arenas[flat->arena].flags & SWIM_POOL_RCU;
}

/* Any entry that nobody else has just now, of the same kind of lease as another one if asked. */
static struct flat *claim_flat(struct thread *t, const struct flat *like)
{
	struct flat *flat = &flats[below(t, ARENAS * FLATS)];

	if (like)
		flat = &flats[like->arena * FLATS + (below(t, FLATS) & ~1) + is_ptr(like)];
	return claim(&flat->busy) ? flat : NULL;
}

static bool tells(u32 size)
{
	return size >= TOLD;
}

static void write(void *object, u64 seed, u32 size)
{
	u64 *word = object;

	fill(object, seed, 0, size);
	if (tells(size)) {
		word[1] = size;
		WRITE_ONCE(word[2], seed);
	}
}

/* What has been added to the mark is the same in its halves. */
static bool is_mark(u64 mark, u64 seed)
{
	mark -= seed;
	return mark >> 32 == (u32)mark;
}

static bool looks_right(struct thread *t, const void *object, u64 seed, u32 size)
{
	const u64 *word = object;

	if (!tells(size))
		return check(t, object, seed, 0, size);
	if (word[0] != seed || word[1] != size || !is_mark(READ_ONCE(word[2]), seed)) {
		fail(t, "object of %u bytes and seed %llx begins with %llx, %llu, %llx", size, seed,
		     word[0], word[1], READ_ONCE(word[2]));
		return false;
	}
	return check(t, object, seed, TOLD, size);
}

static u32 any_size(struct thread *t, const struct flat *flat)
{
	const struct arena *arena = &arenas[flat->arena];
	u32 size;

	if (arena->large && !t->interrupt && one_in(t, 64))
		return arena->small + below(t, arena->large - arena->small);
	size = below(t, one_in(t, 8) && !t->interrupt ? arena->small : 400);
	return is_read(flat) ? max_t(u32, size, TOLD) : size;
}

/* Write to an object that nobody has seen yet; it must be zero. */
static bool begin_raw(struct thread *t, struct swim_raw *raw, u64 seed, u32 size)
{
	void *object = swim_raw_pin(raw);

	if (!done(t, PTR_ERR_OR_ZERO(object), "pin of what is new"))
		return false;
	if (check_zero(t, object, size))
		write(object, seed, size);
	swim_raw_unpin(raw);
	return true;
}

static bool begin_ptr(struct thread *t, struct swim_ptr *ptr, u64 seed, u32 size)
{
	void *object = swim_ptr_pin(ptr);

	if (!done(t, PTR_ERR_OR_ZERO(object), "pin of what is new"))
		return false;
	if (check_zero(t, object, size))
		write(object, seed, size);
	swim_ptr_unpin(ptr);
	return true;
}

/* It is made in another lease, for those who find it in this one shall find it written. */
static int make_in(struct thread *t, struct flat *flat, gfp_t gfp)
{
	struct swim_hold *hold = hold_of(flat->arena);
	struct swim_raw raw = {};
	struct swim_ptr ptr = {};
	int err;

	if (is_ptr(flat)) {
		err = swim_ptr_new(&ptr, hold, flat->size, gfp);
		if (!err && begin_ptr(t, &ptr, flat->seed, flat->size))
			done(t, swim_ptr_move(&flat->ptr, &ptr), "move of what is new");
	} else {
		err = swim_raw_new(&raw, hold, flat->size, gfp);
		if (!err && begin_raw(t, &raw, flat->seed, flat->size))
			done(t, swim_raw_move(&flat->raw, &raw), "move of what is new");
	}
	return err;
}

static void make(struct thread *t, struct flat *flat)
{
	const gfp_t gfp = t->interrupt || one_in(t, 2) ? NOWAIT : GFP_KERNEL | __GFP_NOWARN;

	flat->seed = any_seed(t);
	flat->size = any_size(t, flat);
	if (!no_memory(t, make_in(t, flat, gfp), "new"))
		count(t, COUNT_MADE);
}

static void drop(struct thread *t, struct flat *flat)
{
	int err = is_ptr(flat) ? swim_ptr_drop(&flat->ptr) : swim_raw_drop(&flat->raw);

	if (done(t, err, "drop"))
		count(t, COUNT_DROPPED);
}

/* The object, pinned, and found to be right. */
static void *look(struct thread *t, struct flat *flat)
{
	void *object = pin(flat);

	if (!done(t, PTR_ERR_OR_ZERO(object), "pin"))
		return NULL;
	count(t, COUNT_PINNED);
	if (looks_right(t, object, flat->seed, flat->size))
		return object;
	unpin(flat);
	return NULL;
}

/* Readers may be looking on: then only the mark changes. */
static void change(struct thread *t, struct flat *flat)
{
	u64 *word = look(t, flat);

	if (!word)
		return;
	if (is_read(flat)) {
		WRITE_ONCE(word[2], flat->seed + any(t) * 0x100000001ULL);
	} else {
		flat->seed = any_seed(t);
		write(word, flat->seed, flat->size);
	}
	unpin(flat);
	count(t, COUNT_CHANGED);
}

/* What a writer does. */
void flats_step(struct thread *t)
{
	struct flat *flat = claim_flat(t, NULL);

	if (!flat)
		return;
	if (is_empty(flat))
		make(t, flat);
	else if (one_in(t, 3))
		drop(t, flat);
	else
		change(t, flat);
	let_go(&flat->busy);
}

static void pinner_step(struct thread *t)
{
	struct flat *flat[PINS];
	void *object[PINS];
	unsigned int i, n = 0;

	while (n < PINS && !one_in(t, PINS)) {
		flat[n] = claim_flat(t, NULL);
		if (!flat[n])
			continue;
		object[n] = is_empty(flat[n]) ? NULL : look(t, flat[n]);
		if (object[n])
			n++;
		else
			let_go(&flat[n]->busy);
	}
	udelay(below(t, 500));
	for (i = 0; i < n; i++) {
		rcu_read_lock();
		if (read(flat[i]) != object[i])
			fail(t, "a pinned object was moved");
		rcu_read_unlock();
		looks_right(t, object[i], flat[i]->seed, flat[i]->size);
		unpin(flat[i]);
		let_go(&flat[i]->busy);
	}
}

/* What an object says of itself must be so. */
static void read_told(struct thread *t, const struct flat *flat)
{
	const u64 *word;

	rcu_read_lock();
	word = read(flat);
	if (word) {
		count(t, COUNT_READ);
		if (word[1] >= TOLD && word[1] <= SWIM_SEGMENT_SIZE)
			looks_right(t, word, word[0], word[1]);
		else
			fail(t, "a reader found %llx, of %llu bytes", word[0], word[1]);
	}
	rcu_read_unlock();
}

/* In the other pools only the owner may, for what was dropped does not stay. */
static void read_own(struct thread *t, struct flat *flat)
{
	const void *object;

	if (!claim(&flat->busy))
		return;
	if (!is_empty(flat)) {
		rcu_read_lock();
		object = read(flat);
		looks_right(t, object, flat->seed, flat->size);
		rcu_read_unlock();
		count(t, COUNT_READ);
	}
	let_go(&flat->busy);
}

static void reader_step(struct thread *t)
{
	struct flat *flat = &flats[below(t, ARENAS * FLATS)];

	if (one_in(t, 4))
		plants_read(t);
	else if (is_read(flat))
		read_told(t, flat);
	else
		read_own(t, flat);
}

static void drop_one(struct thread *t, struct flat *flat)
{
	if (!claim(&flat->busy))
		return;
	if (is_empty(flat))
		count(t, COUNT_GONE);
	else
		drop(t, flat);
	let_go(&flat->busy);
}

/* Now and then most of a pool goes, so that there is something to compact, also in a full one. */
static void drop_most(struct thread *t)
{
	struct flat *flat = &flats[below(t, ARENAS) * FLATS];
	unsigned int n;

	for (n = 0; n < FLATS; n++)
		if (!one_in(t, 5))
			drop_one(t, &flat[n]);
}

/* Writers shall be ahead. */
static void dropper_step(struct thread *t)
{
	if (one_in(t, 500)) {
		drop_most(t);
		schedule_timeout_uninterruptible(2 * HZ);
		return;
	}
	drop_one(t, &flats[below(t, ARENAS * FLATS)]);
	if (one_in(t, 4))
		schedule_timeout_uninterruptible(1);
}

static int hand_on(struct flat *to, struct flat *from)
{
	return is_ptr(to) ? swim_ptr_move(&to->ptr, &from->ptr) :
			    swim_raw_move(&to->raw, &from->raw);
}

static void rehome(struct thread *t, struct flat *to, struct flat *from)
{
	const int expected = !is_empty(to) ? -EEXIST : is_empty(from) ? -ENOENT : 0;
	int err = hand_on(to, from);

	if (err != expected)
		fail(t, "move: %d, and not %d", err, expected);
	if (err) {
		count(t, COUNT_REFUSED);
		return;
	}
	to->seed = from->seed;
	to->size = from->size;
	count(t, COUNT_HANDED);
	if (is_empty(to) || !is_empty(from))
		fail(t, "moved, and still there");
}

static void rehomer_step(struct thread *t)
{
	struct flat *from = claim_flat(t, NULL), *to;

	if (!from)
		return;
	to = claim_flat(t, from);
	if (to) {
		rehome(t, to, from);
		if (!is_empty(to) && look(t, to))
			unpin(to);
		let_go(&to->busy);
	}
	let_go(&from->busy);
}

/**
 * struct errand - what is done in an interrupt
 * @t: for whom, who waits
 * @call: interrupts some CPU, whatever that is doing
 * @tasklet: behind it, for softirqs
 * @done: when it has been done
 */
struct errand {
	struct thread *t;
	call_single_data_t call;
	struct tasklet_struct tasklet;
	struct completion done;
};

static void burst(struct errand *errand)
{
	struct thread *t = errand->t;
	unsigned int n;

	t->interrupt = true;
	for (n = 0; n < BURST; n++) {
		if (one_in(t, 2))
			flats_step(t);
		else
			shares_step(t);
	}
	t->interrupt = false;
	complete(&errand->done);
}

static void softirq(struct tasklet_struct *tasklet)
{
	struct errand *errand = container_of(tasklet, struct errand, tasklet);

	if (!in_serving_softirq())
		fail(errand->t, "a tasklet runs in another context");
	burst(errand);
}

/* Where the CPU is the own one it is no interrupt, but they are off. */
static void hardirq(void *arg)
{
	struct errand *errand = arg;

	if (!irqs_disabled())
		fail(errand->t, "a call to a CPU runs in another context");
	if (errand->t->kind == &hardirq_kind)
		burst(errand);
	else
		tasklet_schedule(&errand->tasklet);
}

static int interrupt_begin(struct thread *t)
{
	struct errand *errand = kzalloc(sizeof(*errand), GFP_KERNEL);

	if (!errand)
		return -ENOMEM;
	errand->t = t;
	INIT_CSD(&errand->call, hardirq, errand);
	tasklet_setup(&errand->tasklet, softirq);
	init_completion(&errand->done);
	t->own = errand;
	return 0;
}

static int interrupt_any_cpu(struct thread *t, struct errand *errand)
{
	int err;

	cpus_read_lock();
	err = smp_call_function_single_async(cpumask_nth(below(t, num_online_cpus()),
							 cpu_online_mask), &errand->call);
	cpus_read_unlock();
	return err;
}

/* Under RT softirqs are a thread's, and a call must not raise one: an idle CPU warns of that. */
static void interrupt_step(struct thread *t)
{
	struct errand *errand = t->own;

	reinit_completion(&errand->done);
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && t->kind == &softirq_kind)
		tasklet_schedule(&errand->tasklet);
	else if (!done(t, interrupt_any_cpu(t, errand), "call to a CPU"))
		return;
	wait_for_completion(&errand->done);
	usleep_range(20, 20 + below(t, 1000));
}

static void interrupt_end(struct thread *t)
{
	struct errand *errand = t->own;

	if (errand)
		tasklet_kill(&errand->tasklet);
	kfree(errand);
}

const struct kind writer_kind = { .name = "writer", .times = 2, .step = flats_step };
const struct kind pinner_kind = { .name = "pinner", .step = pinner_step };
const struct kind reader_kind = { .name = "reader", .step = reader_step };
const struct kind dropper_kind = { .name = "dropper", .step = dropper_step };
const struct kind rehomer_kind = { .name = "rehomer", .step = rehomer_step };
const struct kind hardirq_kind = {
	.name = "hardirq",
	.begin = interrupt_begin, .step = interrupt_step, .end = interrupt_end,
};

const struct kind softirq_kind = {
	.name = "softirq",
	.begin = interrupt_begin, .step = interrupt_step, .end = interrupt_end,
};

int flats_begin(void)
{
	unsigned int n;

	flats = vzalloc(array_size(ARENAS * FLATS, sizeof(*flats)));
	for (n = 0; flats && n < ARENAS * FLATS; n++)
		flats[n].arena = n / FLATS;
	return flats ? 0 : -ENOMEM;
}

/* Nobody else is left: all must be there, and go. */
void flats_end(struct thread *t)
{
	unsigned int n;

	for (n = 0; flats && n < ARENAS * FLATS; n++) {
		struct flat *flat = &flats[n];

		if (flat->busy)
			fail(t, "an entry was not given back");
		if (is_empty(flat))
			continue;
		if (look(t, flat))
			unpin(flat);
		drop(t, flat);
		cond_resched();
	}
	/* Movers may still look at leases that they have found in tags. */
	synchronize_rcu();
	if (!failed())
		vfree(flats);
}
