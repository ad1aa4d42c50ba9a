// SPDX-License-Identifier: GPL-2.0-only
/*
 * Brief: spaces and pools that come and go, under names with anything in them, while others read
 * all that debugfs shows.
 */
#include <linux/mm.h>

#include "torture.h"

#define OBJECTS	48	/* in one pool */
#define NAME	40	/* bytes of the longest that is tried */

/* What the documentation says that a name is. */
static bool is_name(const char *name)
{
	const size_t len = strlen(name);
	size_t n;

	for (n = 0; n < len; n++)
		if (name[n] < ' ' || name[n] > '~' || name[n] == '/')
			return false;
	return len >= 1 && len < SWIM_NAME_MAX && strcmp(name, ".") && strcmp(name, "..");
}

/* Mostly good ones, with what a shell or a format would stumble over. */
static void any_name(struct thread *t, char *name)
{
	static const char odd[] = " %.\\'\"*?$`-~";
	size_t n, len = below(t, 8) ? 1 + below(t, SWIM_NAME_MAX - 1) : below(t, NAME);

	for (n = 0; n < len; n++) {
		if (one_in(t, 200))
			name[n] = 1 + below(t, 255);
		else
			name[n] = one_in(t, 4) ? odd[below(t, sizeof(odd) - 1)] :
						 'a' + below(t, 26);
	}
	name[len] = '\0';
}

/* Is there what was asked for? Two threads may come to the same name. */
static bool is_there(struct thread *t, const char *name, int err, const char *what)
{
	if (is_name(name) && err == -EEXIST) {
		count(t, COUNT_REFUSED);
		return false;
	}
	if (!is_name(name)) {
		count(t, COUNT_NAMES);
		if (err != -EINVAL)
			fail(t, "%s with a bad name: %d", what, err);
		return false;
	}
	return !no_memory(t, err, what);
}

static void drop(struct thread *t, struct swim_raw *raw, u64 seed, u32 size)
{
	const void *object = swim_raw_pin(raw);

	if (!done(t, PTR_ERR_OR_ZERO(object), "pin"))
		return;
	check(t, object, seed, 0, size);
	swim_raw_unpin(raw);
	if (done(t, swim_raw_drop(raw), "drop"))
		count(t, COUNT_DROPPED);
}

static bool make(struct thread *t, struct swim_raw *raw, struct swim_pool *pool, u64 seed, u32 size)
{
	int err = swim_raw_new(raw, swim_pool_hold(pool), size, GFP_KERNEL | __GFP_NOWARN);
	void *object;

	if (no_memory(t, err, "new"))
		return false;
	object = swim_raw_pin(raw);
	if (!done(t, PTR_ERR_OR_ZERO(object), "pin of what is new"))
		return false;
	fill(object, seed, 0, size);
	swim_raw_unpin(raw);
	count(t, COUNT_MADE);
	return true;
}

static u32 size_of(u64 seed)
{
	return (u32)seed % 1000;
}

/* Some are dropped, what is left is moved, and then goes too. */
static void use(struct thread *t, struct swim_pool *pool)
{
	struct swim_raw raw[OBJECTS] = {};
	u64 seed[OBJECTS];
	unsigned int n, m = below(t, OBJECTS);

	for (n = 0; n < m; n++) {
		seed[n] = any_seed(t);
		if (!make(t, &raw[n], pool, seed[n], size_of(seed[n])))
			break;
	}
	m = n;
	for (n = 0; n < m; n += 2)
		drop(t, &raw[n], seed[n], size_of(seed[n]));
	if (!no_memory(t, swim_pool_compact(pool, 0), "compact"))
		count(t, COUNT_COMPACTED);
	for (n = 1; n < m; n += 2)
		drop(t, &raw[n], seed[n], size_of(seed[n]));
}

static void pool_for_a_while(struct thread *t, struct swim_space *space)
{
	char name[NAME + 1];
	struct swim_pool *pool;

	any_name(t, name);
	pool = swim_pool_create(name, swim_space_heap(space), one_in(t, 2) ? SWIM_POOL_RCU : 0);
	if (!is_there(t, name, PTR_ERR_OR_ZERO(pool), "pool"))
		return;
	count(t, COUNT_POOLS);
	use(t, pool);
	done(t, swim_pool_destroy(pool), "end of a pool");
}

static void brief_step(struct thread *t)
{
	char name[NAME + 1];
	struct swim_space *space;
	unsigned int pools = 1 + below(t, 4);

	any_name(t, name);
	space = swim_space_create(name, one_in(t, 2) ? 0 : SZ_1M);
	if (!is_there(t, name, PTR_ERR_OR_ZERO(space), "space"))
		return;
	while (pools--)
		pool_for_a_while(t, space);
	done(t, swim_space_destroy(space), "end of a space");
}

const struct kind brief_kind = { .name = "brief", .step = brief_step };
