// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ground: what pools stand on, without them.
 *
 *	extent		extents of all sizes, in a space that grows, shrinks and has gaps
 *	unit		units of a slab that is full most of the time
 *	packer		objects in one pack, which come, go and are resized
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "torture.h"

#define LIMIT		SZ_8M
#define EXTENTS		8	/* of each thread */
#define UNIT		64
#define UNITS		96	/* in all */
#define OWN_UNITS	64	/* of each thread, at the most */
#define PACK		SZ_8K
#define PACKED		8	/* objects of each thread */
#define PACKED_MAX	200	/* bytes of one */

static struct swim_space *space;
static struct swim_pool *pool;	/* so that somebody may ask for the space's memory */
static struct swim_slab slab;
static struct swim_pack *pack;

/* Whoever has a block signs it at either end. */
static void sign(const struct swim_block *block, u64 seed)
{
	u64 *word = block->addr;

	word[0] = seed;
	word[block->size / 8 - 1] = ~seed;
}

static void check_sign(struct thread *t, const struct swim_block *block, u64 seed)
{
	const u64 *word = block->addr;

	count(t, COUNT_CHECKED);
	if (word[0] != seed || word[block->size / 8 - 1] != ~seed)
		fail(t, "a block of %zu bytes is another's: %llx, %llx", block->size, word[0],
		     word[block->size / 8 - 1]);
}

/**
 * struct signed_block - a block
 * @block: it, or the empty one
 * @seed: that it is signed with
 */
struct signed_block {
	struct swim_block block;
	u64 seed;
};

static size_t any_extent(struct thread *t)
{
	if (one_in(t, 8))
		return PAGE_SIZE * (1 + below(t, SWIM_SEGMENT_PAGES));
	return one_in(t, 4) ? PAGE_SIZE << below(t, 9) : PAGE_SIZE * (1 + below(t, 40));
}

static void extent_step(struct thread *t)
{
	struct signed_block *it = (struct signed_block *)t->own + below(t, EXTENTS);

	if (!swim_block_empty(&it->block)) {
		check_sign(t, &it->block, it->seed);
		if (done(t, swim_space_free(space, &it->block), "free of an extent"))
			count(t, COUNT_DROPPED);
		it->block = (struct swim_block){};
	} else if (!no_memory(t, swim_space_alloc(space, any_extent(t),
						  one_in(t, 8) ? GFP_KERNEL | __GFP_NOWARN : NOWAIT,
						  &it->block), "extent")) {
		it->seed = any_seed(t);
		sign(&it->block, it->seed);
		count(t, COUNT_MADE);
	}
	if (one_in(t, 64))
		swim_space_trim(space);
	if (one_in(t, 64))
		no_memory(t, swim_space_grow(space, NOWAIT), "grow");
	/* That gives back all that is free. */
	if (one_in(t, 128) && done(t, swim_pool_compact(pool, 0), "compact"))
		count(t, COUNT_COMPACTED);
}

static int extent_begin(struct thread *t)
{
	t->own = kcalloc(EXTENTS, sizeof(struct signed_block), GFP_KERNEL);
	return t->own ? 0 : -ENOMEM;
}

static void extent_end(struct thread *t)
{
	struct signed_block *it = t->own;
	unsigned int n;

	for (n = 0; it && n < EXTENTS; n++) {
		if (swim_block_empty(&it[n].block))
			continue;
		check_sign(t, &it[n].block, it[n].seed);
		done(t, swim_space_free(space, &it[n].block), "free of an extent");
	}
	kfree(it);
}

static void unit_free(struct thread *t, struct signed_block *it)
{
	check_sign(t, &it->block, it->seed);
	if (done(t, swim_slab_free(&slab, &it->block), "free of a unit"))
		count(t, COUNT_DROPPED);
	it->block = (struct swim_block){};
}

/* As many as there are, then about half of them again, so that rows are filled all the time. */
static void unit_step(struct thread *t)
{
	struct signed_block *own = t->own;
	unsigned int n;

	for (n = 0; n < OWN_UNITS; n++) {
		struct signed_block *it = &own[n];

		if (!swim_block_empty(&it->block)) {
			if (one_in(t, 2))
				unit_free(t, it);
		} else if (!no_memory(t, swim_slab_alloc(&slab, &it->block), "unit")) {
			it->seed = any_seed(t);
			sign(&it->block, it->seed);
			count(t, COUNT_MADE);
		}
	}
}

static int unit_begin(struct thread *t)
{
	t->own = kcalloc(OWN_UNITS, sizeof(struct signed_block), GFP_KERNEL);
	return t->own ? 0 : -ENOMEM;
}

static void unit_end(struct thread *t)
{
	struct signed_block *it = t->own;
	unsigned int n;

	for (n = 0; it && n < OWN_UNITS; n++)
		if (!swim_block_empty(&it[n].block))
			unit_free(t, &it[n]);
	kfree(it);
}

/**
 * struct packed - an object in the pack
 * @object: it, or NULL
 * @seed: of its bytes
 * @size: of it
 */
struct packed {
	void *object;
	u64 seed;
	u32 size;
};

static void pack_drop(struct thread *t, struct packed *it)
{
	check(t, it->object, it->seed, 0, it->size);
	if (done(t, swim_free(it->object), "free"))
		count(t, COUNT_DROPPED);
	it->object = NULL;
}

static void pack_resize(struct thread *t, struct packed *it)
{
	const u32 size = 1 + below(t, PACKED_MAX);
	int err = swim_resize(it->object, size);

	if (err == -E2BIG) {
		count(t, COUNT_REFUSED);
		return;
	}
	if (!done(t, err, "resize"))
		return;
	check(t, it->object, it->seed, 0, min(size, it->size));
	fill(it->object, it->seed, 0, size);
	it->size = size;
	count(t, COUNT_RESIZED);
}

static void pack_make(struct thread *t, struct packed *it)
{
	void *object;

	it->size = 1 + below(t, PACKED_MAX);
	it->seed = any_seed(t);
	object = one_in(t, 8) ? swim_alloc_aligned(swim_pack_hold(pack), it->size, 64, NOWAIT) :
				swim_pack_alloc(pack, it->size);
	if (no_memory(t, PTR_ERR_OR_ZERO(object), "pack"))
		return;
	check_zero(t, object, it->size);
	fill(object, it->seed, 0, it->size);
	it->object = object;
	count(t, COUNT_MADE);
}

static void packer_step(struct thread *t)
{
	struct packed *it = (struct packed *)t->own + below(t, PACKED);
	unsigned int n;

	if (!it->object)
		pack_make(t, it);
	else if (one_in(t, 2))
		pack_resize(t, it);
	else
		pack_drop(t, it);
	/* Empty, for once, if the others happen to agree. */
	for (n = 0; n < PACKED && !(t->count[COUNT_MADE] % 64); n++) {
		it = (struct packed *)t->own + n;
		if (it->object)
			pack_drop(t, it);
	}
}

static int packer_begin(struct thread *t)
{
	t->own = kcalloc(PACKED, sizeof(struct packed), GFP_KERNEL);
	return t->own ? 0 : -ENOMEM;
}

static void packer_end(struct thread *t)
{
	struct packed *it = t->own;
	unsigned int n;

	for (n = 0; it && n < PACKED; n++)
		if (it[n].object)
			pack_drop(t, &it[n]);
	kfree(it);
}

const struct kind extent_kind = {
	.name = "extent", .provoked = true, .turn = TURN_EXTENT, .times = 3,
	.begin = extent_begin, .step = extent_step, .end = extent_end,
};

const struct kind unit_kind = {
	.name = "unit", .provoked = true, .turn = TURN_UNIT, .times = 2,
	.begin = unit_begin, .step = unit_step, .end = unit_end,
};

const struct kind packer_kind = {
	.name = "packer", .provoked = true, .turn = TURN_UNIT, .times = 2,
	.begin = packer_begin, .step = packer_step, .end = packer_end,
};

int grounds_begin(void)
{
	const struct swim_block units = { vmalloc(UNITS * UNIT), UNITS * UNIT };
	const struct swim_block packed = { vmalloc(PACK), PACK };

	if (!units.addr || !packed.addr)
		return -ENOMEM;
	pack = swim_pack_create(&packed);
	space = swim_space_create("torture-ground", LIMIT);
	if (IS_ERR(pack) || IS_ERR(space))
		return -ENOMEM;
	pool = swim_pool_create("torture-ground", swim_space_heap(space), 0);
	return PTR_ERR_OR_ZERO(pool) ?: swim_slab_init(&slab, &units, UNIT);
}

bool grounds_end(struct thread *t)
{
	struct swim_slab_stats stats;
	bool ended = pool_end(t, pool, "torture-ground") && space_end(t, space);

	if (!IS_ERR_OR_NULL(pack) && done(t, swim_pack_destroy(pack), "end of a pack"))
		vfree(PTR_ALIGN_DOWN(pack, PAGE_SIZE));
	swim_slab_stats(&slab, &stats);
	if (stats.live)
		fail(t, "the slab has %u units in use at the end", stats.live);
	else
		vfree(slab.memory.addr);
	return ended;
}
