// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prod: who allocates is interrupted by others who do the same in the same pool, all the time.
 *
 *	prodded		allocates, resizes and frees what is newest in a pool; makes and drops what
 *			leases own, and moves that
 *	prodder		the same, in interrupts of some CPU
 *
 * So what a CPU has for itself, its hunk's mark, its spare cell, is another one between a look and
 * what relies on it.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "torture.h"

#define OBJECTS	4	/* of each, at the most: two or three fill a hunk */

static struct swim_space *space;
static struct swim_pool *pool;

/**
 * struct objects - what one has
 * @object: in the pool
 * @size: of each
 * @seed: of each
 * @raw: owns one more, or is empty
 */
struct objects {
	void *object[OBJECTS];
	u32 size[OBJECTS];
	u64 seed[OBJECTS];
	struct swim_raw raw;
};

static void make(struct thread *t, struct objects *own, unsigned int n)
{
	own->size[n] = one_in(t, 2) ? SZ_16K - 64 : 8 + below(t, 120);
	own->object[n] = swim_alloc(swim_pool_hold(pool), own->size[n], NOWAIT);
	if (no_memory(t, PTR_ERR_OR_ZERO(own->object[n]), "new")) {
		own->object[n] = NULL;
		return;
	}
	check_zero(t, own->object[n], own->size[n]);
	own->seed[n] = any_seed(t);
	fill(own->object[n], own->seed[n], 0, own->size[n]);
	count(t, COUNT_MADE);
}

static void shrink(struct thread *t, struct objects *own, unsigned int n)
{
	own->size[n] = 1 + below(t, own->size[n]);
	if (!done(t, swim_resize(own->object[n], own->size[n]), "shrink"))
		return;
	fill(own->object[n], own->seed[n], 0, own->size[n]);
	count(t, COUNT_RESIZED);
}

static void drop(struct thread *t, struct objects *own, unsigned int n)
{
	check(t, own->object[n], own->seed[n], 0, own->size[n]);
	if (done(t, swim_free(own->object[n]), "free"))
		count(t, COUNT_DROPPED);
	own->object[n] = NULL;
}

static void make_and_drop_counted(struct thread *t)
{
	struct swim_hard hard = {};

	if (no_memory(t, swim_hard_new(&hard, swim_pool_hold(pool), 64, NOWAIT), "new counted"))
		return;
	count(t, COUNT_MADE);
	if (done(t, swim_hard_drop(&hard), "drop of a counted one"))
		count(t, COUNT_DROPPED);
}

/* What can be moved: whoever does leaves his hunk to the others in the end. */
static void make_or_drop_raw(struct thread *t, struct swim_raw *raw)
{
	if (swim_raw_is_empty(raw)) {
		if (!no_memory(t, swim_raw_new(raw, swim_pool_hold(pool), 64, NOWAIT), "new raw"))
			count(t, COUNT_MADE);
	} else if (done(t, swim_raw_drop(raw), "drop of a raw")) {
		count(t, COUNT_DROPPED);
	}
}

static void step(struct thread *t)
{
	struct objects *own = t->own;
	const unsigned int n = below(t, OBJECTS);

	if (one_in(t, 8))
		make_or_drop_raw(t, &own->raw);
	else if (one_in(t, 4))
		make_and_drop_counted(t);
	else if (!own->object[n])
		make(t, own, n);
	else if (one_in(t, 2))
		shrink(t, own, n);
	else
		drop(t, own, n);
}

static void prodded_step(struct thread *t)
{
	step(t);
	if (one_in(t, 32))
		chase(t, pool);
}

static void interrupted(void *arg)
{
	struct thread *t = arg;
	unsigned int n;

	t->interrupt = true;
	for (n = 1 + below(t, 4); n; n--)
		step(t);
	t->interrupt = false;
}

static void prodder_step(struct thread *t)
{
	int err;

	cpus_read_lock();
	err = smp_call_function_single(cpumask_nth(below(t, num_online_cpus()), cpu_online_mask),
				       interrupted, t, true);
	cpus_read_unlock();
	done(t, err, "call to a CPU");
}

static int prod_begin(struct thread *t)
{
	struct objects *own = kzalloc(sizeof(*own), GFP_KERNEL);

	t->own = own;
	return own ? 0 : -ENOMEM;
}

static void prod_end(struct thread *t)
{
	struct objects *own = t->own;
	unsigned int n;

	if (!own)
		return;
	for (n = 0; n < OBJECTS; n++)
		if (own->object[n])
			drop(t, own, n);
	if (!swim_raw_is_empty(&own->raw))
		done(t, swim_raw_drop(&own->raw), "drop of a raw");
	kfree(own);
}

const struct kind prodded_kind = {
	.name = "prodded", .provoked = true, .turn = TURN_PROD, .times = 2,
	.begin = prod_begin, .step = prodded_step, .end = prod_end,
};

const struct kind prodder_kind = {
	.name = "prodder", .provoked = true, .turn = TURN_PROD, .times = 1,
	.begin = prod_begin, .step = prodder_step, .end = prod_end,
};

int prods_begin(void)
{
	space = swim_space_create("torture-prod", SZ_2M);
	if (IS_ERR(space))
		return PTR_ERR(space);
	pool = swim_pool_create("torture-prod", swim_space_heap(space), 0);
	return PTR_ERR_OR_ZERO(pool);
}

bool prods_end(struct thread *t)
{
	return pool_end(t, pool, "torture-prod") && space_end(t, space);
}
