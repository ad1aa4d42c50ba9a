// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bare: objects without a lease, in the way of every mover, some of them aligned. They belong to
 * the thread that has made them, and are resized in place and elsewhere.
 */
#include <linux/slab.h>

#include "torture.h"

#define BARES	64	/* of each thread */

/**
 * struct bare - an object
 * @object: the object, or NULL
 * @arena: where it lives
 * @align: as it was asked for, while it is where it was made
 * @size: as it was asked for
 * @seed: of its bytes
 */
struct bare {
	void *object;
	unsigned int arena;
	u32 align;
	u32 size;
	u64 seed;
};

static u32 any_size(struct thread *t, const struct bare *bare)
{
	const struct arena *arena = &arenas[bare->arena];

	if (arena->large && one_in(t, 64))
		return arena->small + below(t, arena->large - arena->small);
	return 1 + below(t, one_in(t, 8) ? arena->small - 1 : 400);
}

static bool no_room(struct thread *t, const struct bare *bare, const void *object, const char *what)
{
	const long err = IS_ERR(object) ? PTR_ERR(object) : 0;

	if (no_memory(t, err, what))
		return true;
	if ((unsigned long)object % bare->align)
		fail(t, "%s: object at %zu beyond what it is aligned to", what,
		     (size_t)object % bare->align);
	return false;
}

static void make(struct thread *t, struct bare *bare)
{
	void *object;

	bare->arena = below(t, ARENAS);
	bare->size = any_size(t, bare);
	bare->align = one_in(t, 8) ? 8 << below(t, 4) : 8;
	bare->seed = any_seed(t);
	object = swim_alloc_aligned(hold_of(bare->arena), bare->size, bare->align,
				    one_in(t, 2) ? NOWAIT : GFP_KERNEL | __GFP_NOWARN);
	if (no_room(t, bare, object, "alloc") || !check_zero(t, object, bare->size))
		return;
	fill(object, bare->seed, 0, bare->size);
	if (swim_hold_of(object) != hold_of(bare->arena) ||
	    swim_size(object) != ALIGN(bare->size, 8))
		fail(t, "object of %u bytes is in another hold, or has %zu", bare->size,
		     swim_size(object));
	bare->object = object;
	count(t, COUNT_MADE);
}

static void drop(struct thread *t, struct bare *bare)
{
	check(t, bare->object, bare->seed, 0, bare->size);
	if (done(t, swim_free(bare->object), "free"))
		count(t, COUNT_DROPPED);
	bare->object = NULL;
}

/* The bytes that were there are there still. */
static void has_resized(struct thread *t, struct bare *bare, u32 size)
{
	check(t, bare->object, bare->seed, 0, min(size, bare->size));
	if (size > bare->size)
		fill(bare->object, bare->seed, bare->size & ~7, size);
	bare->size = size;
	count(t, COUNT_RESIZED);
}

static void resize(struct thread *t, struct bare *bare)
{
	const u32 size = any_size(t, bare);
	int err = swim_resize(bare->object, size);

	if (!err)
		has_resized(t, bare, size);
	else if (err == -E2BIG)
		count(t, COUNT_REFUSED);
	else
		fail(t, "in place: %d", err);
}

static void remake(struct thread *t, struct bare *bare)
{
	const u32 size = any_size(t, bare);
	void *object;

	bare->align = 8;
	object = swim_realloc(bare->object, size, NOWAIT);
	if (no_room(t, bare, object, "realloc"))
		return;
	bare->object = object;
	has_resized(t, bare, size);
}

static void bare_step(struct thread *t)
{
	struct bare *bare = (struct bare *)t->own + below(t, BARES);

	if (!bare->object) {
		make(t, bare);
		return;
	}
	check(t, bare->object, bare->seed, 0, bare->size);
	switch (below(t, 4)) {
	case 0:
		drop(t, bare);
		break;
	case 1:
		resize(t, bare);
		break;
	case 2:
		remake(t, bare);
		break;
	case 3:
		bare->seed = any_seed(t);
		fill(bare->object, bare->seed, 0, bare->size);
		count(t, COUNT_CHANGED);
		break;
	}
}

static int bare_begin(struct thread *t)
{
	t->own = kcalloc(BARES, sizeof(struct bare), GFP_KERNEL);
	return t->own ? 0 : -ENOMEM;
}

static void bare_end(struct thread *t)
{
	struct bare *bares = t->own;
	unsigned int n;

	for (n = 0; bares && n < BARES; n++)
		if (bares[n].object)
			drop(t, &bares[n]);
	kfree(bares);
}

const struct kind bare_kind = {
	.name = "bare", .begin = bare_begin, .step = bare_step, .end = bare_end,
};
