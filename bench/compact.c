// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compact: how much a pool holds for what lives in it once it is compacted, and how fast that
 * goes, beside zsmalloc, which compacts too, and kmalloc, which does not.
 *
 * Objects of random sizes are allocated and written, four of five are freed, at random, and
 * what is left is compacted as far as it goes, and not before; then each is looked at. In each
 * round all peers have the same sizes and the same frees, and in the next one others.
 *
 *	held WHOSE objects=N,size=LEAST..MOST
 *		bytes held when all is done, in per cent of the bytes asked for
 *	held_before WHOSE objects=N,size=LEAST..MOST
 *		before it is compacted
 *	space pool objects=N,size=LEAST..MOST
 *		what the pool's space has, when all is done
 *	compact WHOSE objects=N,size=LEAST..MOST
 *		bytes that live, by the time that it took to compact them; memcpy: a copy of as
 *		many bytes
 *	compact_object WHOSE objects=N,size=LEAST..MOST
 *		what each object that lives took of that time
 *	compact_waits WHOSE objects=N,size=LEAST..MOST
 *		how often it slept: as a rule for a grace period
 *	grace synchronize_rcu -
 *		what that takes while nothing else is to do
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "peer.h"

#define MOST	1000000
#define ROUNDS	5
#define STAY	5	/* one of so many stays */

static const struct bench_peer *const peers[] = {
	&bench_raw, &bench_zsmalloc, &bench_kmalloc,
};

#define PEERS	ARRAY_SIZE(peers)

/**
 * struct set - which objects
 * @n: how many
 * @least: bytes of the smallest
 * @most: bytes of the largest
 * @size: both, as the figures have it
 */
struct set {
	unsigned int n;
	unsigned int least, most;
	const char *size;
};

/* What is measured of each peer in each round, in thousandths of its unit. */
enum figure { HELD, BEFORE, SPACE, SPEED, EACH, WAITS, FIGURES };

static u64 values[PEERS][FIGURES][ROUNDS], copied[ROUNDS];

static union bench_object *objects;
static u16 *sizes;
static u32 *chosen;

static bool stays(unsigned int n)
{
	return chosen[n] % STAY == 0;
}

/* The sizes and the frees of this round; the bytes that live then. */
static u64 choose(const struct set *set, struct rnd_state *random)
{
	unsigned int n;
	u64 live = 0;

	bench_shuffle(random, chosen, set->n);
	for (n = 0; n < set->n; n++) {
		sizes[n] = set->least + bench_below(random, set->most - set->least + 1);
		live += stays(n) ? sizes[n] : 0;
	}
	return live;
}

static int fill(const struct bench_peer *peer, const struct set *set)
{
	unsigned int n;

	for (n = 0; n < set->n; n++) {
		bench_size = sizes[n];
		if (!peer->fill(&objects[n], 1)) {
			objects[n] = (union bench_object){};
			pr_err("%s has no memory for object %u of %s bytes\n", peer->name, n,
			       set->size);
			return -ENOMEM;
		}
		if (!bench_peer_write(peer, &objects[n], n))
			return -EIO;
		if (n % 1024 == 0)
			cond_resched();
	}
	return 0;
}

/* Free what does not stay, or all that is left, in the order in which it was allocated. */
static bool drain(const struct bench_peer *peer, const struct set *set, bool all)
{
	bool right = true;
	unsigned int n;

	for (n = 0; n < set->n; n++) {
		bench_size = sizes[n];
		if (objects[n].plain && (all || !stays(n)))
			right &= peer->drain(&objects[n], NULL, 1);
		if (n % 1024 == 0)
			cond_resched();
	}
	return right;
}

static bool check(const struct bench_peer *peer, const struct set *set)
{
	bool right = true;
	unsigned int n;

	for (n = 0; n < set->n; n++) {
		bench_size = sizes[n];
		if (stays(n))
			right &= bench_peer_right(peer, &objects[n], n);
	}
	if (!right)
		pr_err("%s has objects of %s bytes that are not theirs\n", peer->name, set->size);
	return right;
}

static u64 share(u64 bytes, u64 live)
{
	return div64_u64(bytes * 100000, live);
}

static u64 space_share(u64 live)
{
	struct swim_space_stats stats;

	swim_space_stats(bench_home_space(), &stats);
	return share(stats.size, live);
}

static int compact(unsigned int p, unsigned int round, const struct set *set, u64 live)
{
	const struct bench_peer *peer = peers[p];
	unsigned long switches;
	u64 took, value[FIGURES];
	unsigned int f;
	int err = fill(peer, set) ?: drain(peer, set, false) ? 0 : -EIO;

	if (err)
		return err;
	value[BEFORE] = share(peer->held(), live);
	switches = current->nvcsw;
	took = bench_ticks();
	err = peer->compact ? peer->compact() : 0;
	took = bench_milli(bench_ticks() - took);
	value[WAITS] = (current->nvcsw - switches) * 1000;
	value[HELD] = share(peer->held(), live);
	value[SPACE] = peer == &bench_raw ? space_share(live) : 0;
	value[SPEED] = bench_speed(live, took);
	value[EACH] = div_u64(took, set->n / STAY);
	for (f = 0; f < FIGURES; f++)
		values[p][f][round] = value[f];
	return err ?: check(peer, set) ? 0 : -EIO;
}

static int run(unsigned int p, unsigned int round, const struct set *set, u64 live)
{
	int err;

	/* zsmalloc's lasting object is among those of a size that comes anyway. */
	bench_size = set->least;
	err = peers[p]->begin();
	if (err)
		return err;
	err = compact(p, round, set, live);
	/* What stayed; also when something went wrong. */
	if (!drain(peers[p], set, true))
		err = err ?: -EIO;
	return peers[p]->end() ?: err;
}

static void tell(unsigned int p, enum figure figure, const char *name, const char *unit,
		 const struct set *set)
{
	bench_figure(name, figure == SPACE ? "pool" : peers[p]->name, unit, values[p][figure],
		     ROUNDS, "objects=%u,size=%s", set->n, set->size);
}

static void tell_all(const struct set *set)
{
	unsigned int p;

	for (p = 0; p < PEERS; p++) {
		tell(p, HELD, "held", "%", set);
		tell(p, BEFORE, "held_before", "%", set);
		if (peers[p] == &bench_raw)
			tell(p, SPACE, "space", "%", set);
		if (!peers[p]->compact)
			continue;
		tell(p, SPEED, "compact", "MB/s", set);
		tell(p, EACH, "compact_object", bench_unit(), set);
		tell(p, WAITS, "compact_waits", "times", set);
	}
	bench_figure("compact", "memcpy", "MB/s", copied, ROUNDS, "objects=%u,size=%s", set->n,
		     set->size);
}

static int measure_set(const struct set *set, struct rnd_state *random)
{
	unsigned int r, p;
	int err = 0;
	u64 live;

	for (r = 0; r < ROUNDS && !err; r++) {
		live = choose(set, random);
		for (p = 0; p < PEERS && !err; p++) {
			err = run(p, r, set, live);
			if (err)
				pr_err("%s failed: %d\n", peers[p]->name, err);
		}
		err = err ?: bench_copy(live, &copied[r]);
	}
	if (!err)
		tell_all(set);
	return err;
}

static void measure_grace(void)
{
	u64 took[ROUNDS];
	unsigned int r;

	for (r = 0; r < ROUNDS; r++) {
		took[r] = ktime_get_ns();
		synchronize_rcu();
		took[r] = div_u64(ktime_get_ns() - took[r], 1000);
	}
	bench_figure("grace", "synchronize_rcu", "ms", took, ROUNDS, "-");
}

static int measure_all(void)
{
	static const struct set sets[] = {
		{ 20000, 32, 512, "32..512" },
		{ MOST, 32, 512, "32..512" },
		{ MOST, 64, 64, "64" },
		{ MOST / 4, 1024, 1024, "1024" },
	};
	struct rnd_state random;
	unsigned int s;
	int err = bench_touch();

	prandom_seed_state(&random, 1);
	for (s = 0; s < ARRAY_SIZE(sets) && !err; s++)
		err = measure_set(&sets[s], &random);
	if (!err)
		measure_grace();
	return err;
}

static int measure(void)
{
	int err = -ENOMEM;

	objects = vzalloc(array_size(MOST, sizeof(*objects)));
	sizes = vmalloc(array_size(MOST, sizeof(*sizes)));
	chosen = vmalloc(array_size(MOST, sizeof(*chosen)));
	if (objects && sizes && chosen)
		err = measure_all();
	vfree(chosen);
	vfree(sizes);
	vfree(objects);
	return err;
}

const struct bench_topic topic_compact = { "compact", measure };
