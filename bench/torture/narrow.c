// SPDX-License-Identifier: GPL-2.0-only
/*
 * Narrow: pools that have less memory than is asked of them.
 *
 *	crowd		two pools take the last hunks of one space from each other; a third has
 *			a hunk for all CPUs, of a page
 *	shuttle		two more pools, which give one hunk to each other, filled alike
 *	tide		a large pool that is filled to its limit, thinned out, compacted and emptied
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "torture.h"

#define CROWDED		6	/* objects of each thread, of up to a quarter of a hunk */
#define CROWDS		3
#define PAGES		3	/* of the third pool, which itself needs one */
#define TIDE		(24 * SZ_64K)
#define TIDES		150	/* objects of each thread */

/**
 * struct owned - an object
 * @raw: owns it, or is empty
 * @seed: of its bytes
 * @size: of it
 */
struct owned {
	struct swim_raw raw;
	u64 seed;
	u32 size;
};

static struct swim_space *crowd_space, *shuttle_space, *tide_space;
static struct swim_slab crowd_slab;
static struct swim_pool *crowd[CROWDS], *tide, *shuttle[2];

static void make(struct thread *t, struct owned *owned, struct swim_pool *pool, u32 size, gfp_t gfp)
{
	void *object;

	owned->size = size;
	owned->seed = any_seed(t);
	if (no_memory(t, swim_raw_new(&owned->raw, swim_pool_hold(pool), size, gfp), "new"))
		return;
	object = swim_raw_pin(&owned->raw);
	if (!done(t, PTR_ERR_OR_ZERO(object), "pin of what is new"))
		return;
	if (check_zero(t, object, size))
		fill(object, owned->seed, 0, size);
	swim_raw_unpin(&owned->raw);
	count(t, COUNT_MADE);
}

static void drop(struct thread *t, struct owned *owned)
{
	void *object = swim_raw_pin(&owned->raw);

	if (!done(t, PTR_ERR_OR_ZERO(object), "pin"))
		return;
	check(t, object, owned->seed, 0, owned->size);
	swim_raw_unpin(&owned->raw);
	if (done(t, swim_raw_drop(&owned->raw), "drop"))
		count(t, COUNT_DROPPED);
}

static void drop_all(struct thread *t, unsigned int n)
{
	struct owned *owned = t->own;

	for (; owned && n--; owned++)
		if (!swim_raw_is_empty(&owned->raw))
			drop(t, owned);
	kvfree(t->own);
	t->own = NULL;
}

static void crowd_step(struct thread *t)
{
	struct owned *owned = (struct owned *)t->own + below(t, CROWDED);
	const unsigned int n = below(t, CROWDS);
	const u32 most = n == CROWDS - 1 ? SZ_1K - 64 : SZ_16K - 64;
	int err;

	if (!swim_raw_is_empty(&owned->raw))
		drop(t, owned);
	else
		make(t, owned, crowd[n], 8 + below(t, one_in(t, 4) ? 400 : most - 8),
		     one_in(t, 16) ? GFP_KERNEL | __GFP_NOWARN : NOWAIT);
	if (!one_in(t, 64))
		return;
	err = swim_pool_compact_step(crowd[n], 100);
	if (err != 1 && !no_memory(t, err, "compact"))
		count(t, COUNT_COMPACTED);
}

static int crowd_begin(struct thread *t)
{
	t->own = kvcalloc(CROWDED, sizeof(struct owned), GFP_KERNEL);
	return t->own ? 0 : -ENOMEM;
}

static void crowd_end(struct thread *t)
{
	drop_all(t, CROWDED);
}

/* Memory is at its end; of what there is every second object goes, so that no hunk is free. */
static void ebb(struct thread *t)
{
	struct owned *owned = t->own;
	unsigned int n;

	for (n = 0; n < TIDES; n += 2)
		if (!swim_raw_is_empty(&owned[n].raw))
			drop(t, &owned[n]);
	if (!no_memory(t, swim_pool_compact(tide, 0), "compact"))
		count(t, COUNT_COMPACTED);
	for (n = 0; n < TIDES; n++)
		if (!swim_raw_is_empty(&owned[n].raw))
			drop(t, &owned[n]);
}

static void tide_step(struct thread *t)
{
	struct owned *owned = t->own;
	unsigned int n;

	for (n = 0; n < TIDES && !failed(); n++) {
		if (swim_raw_is_empty(&owned[n].raw))
			make(t, &owned[n], tide, SZ_8K + below(t, SZ_8K - 64), NOWAIT);
		if (swim_raw_is_empty(&owned[n].raw))
			break;
		cond_resched();
	}
	ebb(t);
}

/* So many that the hunk of the first is closed: who compacts may take it for one of before. */
static void shuttle_step(struct thread *t)
{
	struct owned *owned = t->own;
	struct swim_pool *pool = shuttle[below(t, ARRAY_SIZE(shuttle))];
	unsigned int n;

	if (one_in(t, 4)) {
		chase(t, pool);
		return;
	}
	for (n = 0; n < CROWDED; n++)
		make(t, &owned[n], pool, SZ_16K - 64, NOWAIT);
	for (n = 0; n < CROWDED; n++)
		if (!swim_raw_is_empty(&owned[n].raw))
			drop(t, &owned[n]);
}

static int tide_begin(struct thread *t)
{
	t->own = kvcalloc(TIDES, sizeof(struct owned), GFP_KERNEL);
	return t->own ? 0 : -ENOMEM;
}

static void tide_end(struct thread *t)
{
	drop_all(t, TIDES);
}

const struct kind crowd_kind = {
	.name = "crowd", .provoked = true, .turn = TURN_CROWD, .times = 3,
	.begin = crowd_begin, .step = crowd_step, .end = crowd_end,
};

const struct kind shuttle_kind = {
	.name = "shuttle", .provoked = true, .turn = TURN_SHUTTLE, .times = 2,
	.begin = crowd_begin, .step = shuttle_step, .end = crowd_end,
};

const struct kind tide_kind = {
	.name = "tide", .provoked = true, .turn = TURN_TIDE, .times = 2,
	.begin = tide_begin, .step = tide_step, .end = tide_end,
};

int narrows_begin(void)
{
	struct swim_block block = { vmalloc(PAGES * PAGE_SIZE), PAGES * PAGE_SIZE };

	if (!block.addr)
		return -ENOMEM;
	crowd_space = swim_space_create("torture-crowd", 5 * SZ_64K);
	shuttle_space = swim_space_create("torture-shuttle", 7 * SZ_64K);
	tide_space = swim_space_create("torture-tide", TIDE);
	if (IS_ERR(crowd_space) || IS_ERR(shuttle_space) || IS_ERR(tide_space) ||
	    swim_slab_init(&crowd_slab, &block, PAGE_SIZE))
		return -ENOMEM;
	crowd[0] = swim_pool_create("torture-crowd-0", swim_space_heap(crowd_space), 0);
	crowd[1] = swim_pool_create("torture-crowd-1", swim_space_heap(crowd_space), 0);
	crowd[2] = swim_pool_create("torture-crowd-2", swim_slab_heap(&crowd_slab), 0);
	shuttle[0] = swim_pool_create("torture-shuttle-0", swim_space_heap(shuttle_space), 0);
	shuttle[1] = swim_pool_create("torture-shuttle-1", swim_space_heap(shuttle_space), 0);
	tide = swim_pool_create("torture-tide", swim_space_heap(tide_space), 0);
	return PTR_ERR_OR_ZERO(crowd[0]) ?: PTR_ERR_OR_ZERO(crowd[1]) ?:
	       PTR_ERR_OR_ZERO(crowd[2]) ?: PTR_ERR_OR_ZERO(shuttle[0]) ?:
	       PTR_ERR_OR_ZERO(shuttle[1]) ?: PTR_ERR_OR_ZERO(tide);
}

bool narrows_end(struct thread *t)
{
	bool ended = pool_end(t, tide, "torture-tide");
	unsigned int n;

	for (n = 0; n < CROWDS; n++)
		ended = pool_end(t, crowd[n], "torture-crowd") && ended;
	for (n = 0; n < ARRAY_SIZE(shuttle); n++)
		ended = pool_end(t, shuttle[n], "torture-shuttle") && ended;
	ended = ended && space_end(t, crowd_space) && space_end(t, shuttle_space) &&
		space_end(t, tide_space);
	if (ended)
		vfree(crowd_slab.memory.addr);
	return ended;
}
