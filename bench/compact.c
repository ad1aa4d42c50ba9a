// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compact: how much a pool holds for what lives in it once it is compacted, and how fast that
 * goes, beside zsmalloc, which compacts too, and SLUB, which does not.
 *
 * Objects of random sizes are allocated and written, four of five are freed, at random, and
 * what is left is compacted as far as it goes, and not before. Each peer has the same sizes and
 * the same frees. Of each figure the median of ROUNDS is told, each with other sizes.
 *
 *	compact: NAME VALUE UNIT
 *
 *	held.SET.WHOSE	bytes held when all is done, in per cent of the bytes asked for
 *	space.SET.swim	the same of what the pool's space has
 *	speed.SET.WHOSE	bytes that live, by the time that it took to compact them
 *	speed.SET.memcpy	a copy of as many bytes
 *	object.SET.swim	what each object that lives took of that time
 *	waits.SET.swim	how often the compaction slept, for a grace period as a rule
 *	grace		how long a grace period takes while nothing else is to do
 *
 * zsmalloc's objects are not written: it saves that time.
 * Each CPU counts SLUB's pages, and tells now and then: that figure is right within 0.2 MB.
 */
#define pr_fmt(fmt) "compact: " fmt

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/zsmalloc.h>

/* Before the inline functions of swimmem: on user-mode Linux they are to be as on x86. */
#include "../swimmem/compat.h"

#include <swimmem/swimmem.h>

#include "bench.h"

#define MOST	1000000
#define ROUNDS	5
#define STAY	5	/* one of so many stays */

/* One of any peer; all zero when there is none. */
union object {
	struct swim_raw raw;
	unsigned long handle;
	void *plain;
};

/**
 * struct set - which objects
 * @name: in the figures
 * @n: how many
 * @least: bytes of the smallest
 * @most: bytes of the largest
 */
struct set {
	const char *name;
	unsigned int n;
	unsigned int least, most;
};

/**
 * struct peer - whose objects
 * @name: in the figures
 * @begin: before a round
 * @get: allocate and write one; false when there is no memory
 * @put: free it; false when that is refused
 * @compact: as far as it goes; NULL: it cannot
 * @held: bytes that it has from the system
 * @right: whether it is still what was written; NULL: nothing was
 * @end: after a round; an errno when something is left
 */
struct peer {
	const char *name;
	int (*begin)(void);
	bool (*get)(union object *object, size_t size, u8 byte);
	bool (*put)(union object *object);
	int (*compact)(void);
	size_t (*held)(void);
	bool (*right)(union object *object, size_t size, u8 byte);
	int (*end)(void);
};

static u16 *sizes;
static union object *objects;

static struct swim_space *space;
static struct swim_pool *pool;

static int swim_begin(void)
{
	int err;

	space = swim_space_create("compact", 0);
	if (IS_ERR(space))
		return PTR_ERR(space);
	pool = swim_pool_create("compact", swim_space_heap(space), 0);
	if (!IS_ERR(pool))
		return swim_pool_set_target(pool, 0);
	err = PTR_ERR(pool);
	swim_space_destroy(space);
	return err;
}

static int swim_end(void)
{
	return swim_pool_destroy(pool) ?: swim_space_destroy(space);
}

static bool swim_get(union object *object, size_t size, u8 byte)
{
	void *at;

	if (swim_raw_new(&object->raw, swim_pool_hold(pool), size, GFP_KERNEL))
		return false;
	at = swim_raw_pin(&object->raw);
	if (IS_ERR(at))
		return false;
	memset(at, byte, size);
	swim_raw_unpin(&object->raw);
	return true;
}

static bool swim_put(union object *object)
{
	return !swim_raw_drop(&object->raw);
}

static int swim_compact(void)
{
	return swim_pool_compact(pool, 100);
}

static size_t swim_held(void)
{
	struct swim_pool_stats stats;

	swim_pool_stats(pool, &stats);
	return stats.held;
}

static bool swim_right(union object *object, size_t size, u8 byte)
{
	const void *at;
	bool right;

	rcu_read_lock();
	at = swim_raw_read(&object->raw);
	right = at && !memchr_inv(at, byte, size);
	rcu_read_unlock();
	return right;
}

static const struct peer swim_peer = {
	"swim", swim_begin, swim_get, swim_put, swim_compact, swim_held, swim_right, swim_end
};

static struct zs_pool *zspool;

static int zsmalloc_begin(void)
{
	zspool = zs_create_pool("compact");
	return zspool ? 0 : -ENOMEM;
}

static int zsmalloc_end(void)
{
	zs_destroy_pool(zspool);
	return 0;
}

/* Newer kernels want to know from which node. */
typedef unsigned long zs_malloc_t(struct zs_pool *pool, size_t size, gfp_t gfp);
typedef unsigned long zs_malloc_node_t(struct zs_pool *pool, size_t size, gfp_t gfp, const int nid);

static unsigned long zs_alloc(size_t size)
{
	void *alloc = zs_malloc;

	return __builtin_choose_expr(__same_type(zs_malloc, zs_malloc_t),
				     ((zs_malloc_t *)alloc)(zspool, size, GFP_KERNEL),
				     ((zs_malloc_node_t *)alloc)(zspool, size, GFP_KERNEL,
								 NUMA_NO_NODE));
}

static bool zsmalloc_get(union object *object, size_t size, u8 byte)
{
	unsigned long handle = zs_alloc(size);

	if (IS_ERR_VALUE(handle))
		return false;
	object->handle = handle;
	return true;
}

static bool zsmalloc_put(union object *object)
{
	zs_free(zspool, object->handle);
	object->handle = 0;
	return true;
}

static int zsmalloc_compact(void)
{
	zs_compact(zspool);
	return 0;
}

static size_t zsmalloc_held(void)
{
	return zs_get_total_pages(zspool) << PAGE_SHIFT;
}

static const struct peer zsmalloc_peer = {
	"zsmalloc", zsmalloc_begin, zsmalloc_get, zsmalloc_put, zsmalloc_compact, zsmalloc_held,
	NULL, zsmalloc_end
};

static size_t slub_before;

static size_t slub_pages(void)
{
	return (global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
		global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B)) << PAGE_SHIFT;
}

static int slub_begin(void)
{
	slub_before = slub_pages();
	return 0;
}

static int slub_end(void)
{
	return 0;
}

static bool slub_get(union object *object, size_t size, u8 byte)
{
	object->plain = kmalloc(size, GFP_KERNEL);
	if (!object->plain)
		return false;
	memset(object->plain, byte, size);
	return true;
}

static bool slub_put(union object *object)
{
	kfree(object->plain);
	object->plain = NULL;
	return true;
}

static size_t slub_held(void)
{
	size_t now = slub_pages();

	return now > slub_before ? now - slub_before : 0;
}

static bool slub_right(union object *object, size_t size, u8 byte)
{
	return !memchr_inv(object->plain, byte, size);
}

static const struct peer slub_peer = {
	"slub", slub_begin, slub_get, slub_put, NULL, slub_held, slub_right, slub_end
};

/* The sizes of this round. */
static void choose(const struct set *set, struct rnd_state *random)
{
	unsigned int n;

	for (n = 0; n < set->n; n++)
		sizes[n] = set->least + bench_below(random, set->most - set->least + 1);
}

static bool stays(unsigned int n, const u32 *chosen)
{
	return chosen[n] % STAY == 0;
}

static bool fill(const struct peer *peer, const struct set *set)
{
	unsigned int n;

	for (n = 0; n < set->n; n++) {
		if (!peer->get(&objects[n], sizes[n], n)) {
			pr_err("%s has no memory for object %u of %s\n", peer->name, n, set->name);
			return false;
		}
		if (n % 1024 == 0)
			cond_resched();
	}
	return true;
}

/* Free what does not stay, in the order in which it was allocated. */
static bool drain(const struct peer *peer, const struct set *set, const u32 *chosen)
{
	bool right = true;
	unsigned int n;

	for (n = 0; n < set->n; n++) {
		if (!stays(n, chosen))
			right &= peer->put(&objects[n]);
		if (n % 1024 == 0)
			cond_resched();
	}
	return right;
}

static bool check(const struct peer *peer, const struct set *set, const u32 *chosen)
{
	bool right = true;
	unsigned int n;

	for (n = 0; n < set->n && peer->right; n++)
		if (stays(n, chosen))
			right &= peer->right(&objects[n], sizes[n], n);
	return right;
}

/**
 * struct round - what was measured
 * @held: by those that live, in thousandths of a per cent of their bytes
 * @space: the same of the space
 * @speed: bytes in a millisecond
 * @each: picoseconds for each object that lives
 * @waits: how often it slept
 */
struct round {
	u64 held, space, speed, each, waits;
};

static int compact(const struct peer *peer, const struct set *set, const u32 *chosen, u64 live,
		   struct round *round)
{
	unsigned long switches;
	u64 took;
	int err;

	if (!fill(peer, set) || !drain(peer, set, chosen))
		return -EIO;
	switches = current->nvcsw;
	took = ktime_get_ns();
	err = peer->compact ? peer->compact() : 0;
	took = max(ktime_get_ns() - took, 1ULL);
	round->waits = current->nvcsw - switches;
	round->held = div64_u64(peer->held() * 100000ULL, live);
	round->speed = div64_u64(live * USEC_PER_SEC, took);
	round->each = div64_u64(took * 1000, set->n / STAY);
	if (peer == &swim_peer) {
		struct swim_space_stats stats;

		swim_space_stats(space, &stats);
		round->space = div64_u64(stats.size * 100000ULL, live);
	}
	return err ?: check(peer, set, chosen) ? 0 : -EIO;
}

static int run(const struct peer *peer, const struct set *set, const u32 *chosen, u64 live,
	       struct round *round)
{
	unsigned int n;
	int err = peer->begin();

	if (err)
		return err;
	err = compact(peer, set, chosen, live, round);
	/* What stayed; also when something went wrong. */
	for (n = 0; n < set->n; n++) {
		if (objects[n].plain && !peer->put(&objects[n]))
			err = err ?: -EIO;
		if (n % 1024 == 0)
			cond_resched();
	}
	return peer->end() ?: err;
}

/* The limit: the bytes that live, in one piece. */
static int copy(u64 live, u64 *speed)
{
	void *from = vmalloc(live), *to = vmalloc(live);
	u64 took;

	if (from && to) {
		memset(from, 1, live);
		memset(to, 2, live);
		took = ktime_get_ns();
		memcpy(to, from, live);
		*speed = div64_u64(live * USEC_PER_SEC, ktime_get_ns() - took);
	}
	vfree(from);
	vfree(to);
	return from && to ? 0 : -ENOMEM;
}

#define MEDIAN(rounds, member)							\
({										\
	u64 __value[ROUNDS];							\
	unsigned int __i;							\
										\
	for (__i = 0; __i < ROUNDS; __i++)					\
		__value[__i] = (rounds)[__i].member;				\
	bench_median(__value, ROUNDS);						\
})

static int measure(const struct set *set, u32 *chosen, struct rnd_state *random)
{
	static const struct peer *const peers[] = { &swim_peer, &zsmalloc_peer, &slub_peer };
	static struct round rounds[ARRAY_SIZE(peers)][ROUNDS];
	u64 copied[ROUNDS], live;
	unsigned int r, p, n;
	int err = 0;

	for (r = 0; r < ROUNDS && !err; r++) {
		choose(set, random);
		bench_shuffle(random, chosen, set->n);
		for (live = 0, n = 0; n < set->n; n++)
			live += stays(n, chosen) ? sizes[n] : 0;
		for (p = 0; p < ARRAY_SIZE(peers) && !err; p++)
			err = run(peers[p], set, chosen, live, &rounds[p][r]);
		err = err ?: copy(live, &copied[r]);
	}
	if (err) {
		pr_err("%s failed: %d\n", set->name, err);
		return err;
	}
	for (p = 0; p < ARRAY_SIZE(peers); p++) {
		bench_tell(MEDIAN(rounds[p], held), "%%", "held.%s.%s", set->name, peers[p]->name);
		if (peers[p]->compact)
			bench_tell(MEDIAN(rounds[p], speed), "MB/s", "speed.%s.%s", set->name,
				   peers[p]->name);
	}
	bench_tell(MEDIAN(rounds[0], space), "%%", "space.%s.swim", set->name);
	bench_tell(MEDIAN(rounds[0], each), "ns", "object.%s.swim", set->name);
	bench_tell(MEDIAN(rounds[0], waits) * 1000, "times", "waits.%s.swim", set->name);
	bench_tell(bench_median(copied, ROUNDS), "MB/s", "speed.%s.memcpy", set->name);
	return 0;
}

static void measure_grace(void)
{
	u64 took[ROUNDS];
	unsigned int r;

	for (r = 0; r < ROUNDS; r++) {
		took[r] = ktime_get_ns();
		synchronize_rcu();
		took[r] = ktime_get_ns() - took[r];
	}
	bench_tell(bench_median(took, ROUNDS) / 1000, "ms", "grace");
}

static int measure_all(u32 *chosen)
{
	static const struct set sets[] = {
		{ "few", 20000, 32, 512 },
		{ "many", MOST, 32, 512 },
		{ "small", MOST, 64, 64 },
		{ "large", MOST / 4, 1024, 1024 },
	};
	struct rnd_state random;
	unsigned int s;
	int err = bench_touch();

	prandom_seed_state(&random, 1);
	for (s = 0; s < ARRAY_SIZE(sets) && !err; s++)
		err = measure(&sets[s], chosen, &random);
	if (!err)
		measure_grace();
	return err;
}

static int __init compact_begin(void)
{
	u32 *chosen = vmalloc(array_size(MOST, sizeof(*chosen)));
	int err = -ENOMEM;

	objects = vzalloc(array_size(MOST, sizeof(*objects)));
	sizes = vmalloc(array_size(MOST, sizeof(*sizes)));
	if (chosen && objects && sizes)
		err = measure_all(chosen);
	vfree(sizes);
	vfree(objects);
	vfree(chosen);
	return err;
}
module_init(compact_begin);

static void __exit compact_end(void)
{
}
module_exit(compact_end);

MODULE_DESCRIPTION("How full and how fast: compaction of a pool, beside zsmalloc");
MODULE_LICENSE("GPL");
