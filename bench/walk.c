// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walk: what it takes to follow the pointers of a list, of a tree and of the chains of a hash table
 * that have survived, in a pool before and after it is compacted, and after they were stowed into
 * another one; beside the same in memory from kmalloc and from a kmem_cache.
 *
 * NODES nodes of 64 bytes are allocated in random order; between any two of them an object of 32
 * to 512 bytes comes, and one of those that came so goes. Four of five nodes are freed, at random,
 * and the rest of what came between. The others make a list, in which a node is anywhere; a tree,
 * walked depth first; or chains of three on average, walked from the first bucket to the last one.
 * Leases are read under RCU. Before each walk the caches are filled with something else. In each
 * round all peers have the same order, and in the next one another.
 *
 *	walk WHOSE shape=list|tree|hash,state=churned|compacted|stowed
 *		a node
 */
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "nodes.h"

#define NODES		1000000
#define STAY		(NODES / 5)
#define ROUNDS		5
#define ELSEWHERE	SZ_64M	/* more than the caches of a processor */

struct plain {
	struct plain *left, *right;
	u64 key;
	u64 rest[(64 - sizeof(u64) - 2 * sizeof(void *)) / sizeof(u64)];
};

static_assert(sizeof(struct plain) == sizeof(struct bench_node));

enum state { CHURNED, COMPACTED, STOWED, STATES };

static const char *const states[] = { "churned", "compacted", "stowed" };

static const struct bench_peer *const peers[] = { &bench_kmalloc, &bench_kmem_cache };

#define PEERS	ARRAY_SIZE(peers)

static u64 walked[STATES][ROUNDS], plain_walked[PEERS][ROUNDS];

static struct bench_nodes nodes;
static union bench_object *objects, between[BENCH_BETWEEN];
static struct plain **plain_roots;
static void *elsewhere;

/* Something comes, where something else goes. */
static bool plain_churn(struct rnd_state *random)
{
	union bench_object *one = &between[bench_below(random, BENCH_BETWEEN)];

	if (one->plain && !bench_kmalloc.drain(one, NULL, 1))
		return false;
	bench_size = bench_between(random);
	return bench_kmalloc.fill(one, 1);
}

/* The nodes from @n on, and what is between them. */
static void plain_drop(const struct bench_peer *peer, u32 n)
{
	u32 i;

	for (; n < NODES; n++)
		if (objects[n].plain)
			peer->drain(&objects[n], NULL, 1);
	for (i = 0; i < BENCH_BETWEEN; i++)
		if (between[i].plain)
			bench_kmalloc.drain(&between[i], NULL, 1);
}

static void plain_hang(const struct bench_shape *shape, u32 n)
{
	struct plain *node = objects[n].plain, **chain = &plain_roots[bench_root_of(shape, n)];

	if (!shape->tree) {
		*node = (struct plain){ .left = *chain, .key = n };
		*chain = node;
		return;
	}
	*node = (struct plain){ .key = n };
	if (2 * n + 1 < STAY)
		node->left = objects[2 * n + 1].plain;
	if (2 * n + 2 < STAY)
		node->right = objects[2 * n + 2].plain;
	*plain_roots = objects->plain;
}

/* As bench_nodes_build(). */
static int plain_build(const struct bench_peer *peer, const struct bench_shape *shape, u64 seed)
{
	struct rnd_state random;
	u32 i;

	memset(plain_roots, 0, array_size(BENCH_ROOTS, sizeof(*plain_roots)));
	prandom_seed_state(&random, seed);
	for (i = 0; i < NODES; i++) {
		bench_size = sizeof(struct plain);
		if (!peer->fill(&objects[nodes.order[i]], 1) || !plain_churn(&random))
			return -ENOMEM;
		if (i % 1024 == 0)
			cond_resched();
	}
	plain_drop(peer, STAY);
	for (i = 0; i < STAY; i++)
		plain_hang(shape, i);
	return 0;
}

static bool plain_walk_chains(u32 roots)
{
	const struct plain *node;
	u64 found = 0, sum = 0;
	u32 i;

	for (i = 0; i < roots; i++)
		for (node = plain_roots[i]; node; node = node->left) {
			found++;
			sum += node->key;
		}
	return bench_nodes_all(found, sum, STAY);
}

static bool plain_walk_tree(void)
{
	const struct plain *stack[BENCH_DEPTH], *node;
	u64 found = 0, sum = 0;
	unsigned int top = 0;

	for (node = *plain_roots; node; node = top ? stack[--top] : NULL) {
		for (; node; node = node->left) {
			found++;
			sum += node->key;
			if (node->right)
				stack[top++] = node->right;
		}
	}
	return bench_nodes_all(found, sum, STAY);
}

struct walk {
	struct bench_job job;
	const struct bench_shape *shape;
};

static bool run_walk(struct bench_job *job)
{
	struct walk *walk = container_of(job, struct walk, job);

	return bench_nodes_walk(nodes.roots, walk->shape, STAY);
}

static bool run_plain_walk(struct bench_job *job)
{
	struct walk *walk = container_of(job, struct walk, job);

	return walk->shape->tree ? plain_walk_tree() : plain_walk_chains(walk->shape->roots);
}

static bool run_elsewhere(struct bench_job *job)
{
	memset(elsewhere, 1, ELSEWHERE);
	return true;
}

static int time_walk(const struct bench_shape *shape, bool (*run)(struct bench_job *job),
		     u64 *value)
{
	struct walk away = { .job.run = run_elsewhere }, walk = { .job.run = run, .shape = shape };
	struct bench_job *away_job = &away.job, *job = &walk.job;
	int err = bench_run(&away_job, 0, 1) ?: bench_run(&job, 0, 1);

	*value = div_u64(bench_milli(walk.job.took), STAY);
	return err;
}

static int stow_all(const struct bench_shape *shape)
{
	struct swim_hold *hold = swim_pool_hold(nodes.other);
	int err = 0;
	u32 i;

	for (i = 0; i < shape->roots && !err; i++)
		if (!swim_box_is_empty(&nodes.roots[i]))
			err = swim_box_stow(&nodes.roots[i], hold, GFP_KERNEL);
	return err;
}

static int measure_pool(const struct bench_shape *shape, unsigned int round, u64 seed)
{
	int err = bench_nodes_build(&nodes, shape, seed) ?:
		  time_walk(shape, run_walk, &walked[CHURNED][round]) ?:
		  swim_pool_compact(nodes.pool, 100) ?:
		  time_walk(shape, run_walk, &walked[COMPACTED][round]) ?:
		  stow_all(shape) ?:
		  time_walk(shape, run_walk, &walked[STOWED][round]);

	return bench_nodes_drop(&nodes) ?: err;
}

static int measure_plain(unsigned int p, const struct bench_shape *shape, unsigned int round,
			 u64 seed)
{
	const struct bench_peer *peer = peers[p];
	int err;

	bench_size = sizeof(struct plain);
	err = peer->begin();
	if (err)
		return err;
	err = plain_build(peer, shape, seed) ?:
	      time_walk(shape, run_plain_walk, &plain_walked[p][round]);
	plain_drop(peer, 0);
	return peer->end() ?: err;
}

static void tell(const struct bench_shape *shape)
{
	unsigned int i;

	for (i = 0; i < STATES; i++)
		bench_figure("walk", "pool", bench_unit(), walked[i], ROUNDS, "shape=%s,state=%s",
			     shape->name, states[i]);
	for (i = 0; i < PEERS; i++)
		bench_figure("walk", peers[i]->name, bench_unit(), plain_walked[i], ROUNDS,
			     "shape=%s,state=churned", shape->name);
}

static int measure_shape(const struct bench_shape *shape, struct rnd_state *random)
{
	unsigned int r, p;
	int err = 0;

	for (r = 0; r < ROUNDS && !err; r++) {
		u64 seed = prandom_u32_state(random);

		bench_shuffle(random, nodes.order, NODES);
		err = measure_pool(shape, r, seed);
		for (p = 0; p < PEERS && !err; p++)
			err = measure_plain(p, shape, r, seed);
	}
	if (err)
		pr_err("%s failed: %d\n", shape->name, err);
	else
		tell(shape);
	return err;
}

static int measure(void)
{
	struct rnd_state random;
	int err;

	nodes = (struct bench_nodes){};
	prandom_seed_state(&random, 1);
	objects = vzalloc(array_size(NODES, sizeof(*objects)));
	plain_roots = vzalloc(array_size(BENCH_ROOTS, sizeof(*plain_roots)));
	elsewhere = vmalloc(ELSEWHERE);
	err = objects && plain_roots && elsewhere ? bench_touch() : -ENOMEM;
	err = err ?: bench_nodes_begin(&nodes, NODES, STAY) ?:
	      measure_shape(&bench_list, &random) ?:
	      measure_shape(&bench_tree, &random) ?:
	      measure_shape(&bench_hash, &random);
	err = bench_nodes_end(&nodes) ?: err;
	vfree(elsewhere);
	vfree(plain_roots);
	vfree(objects);
	return err;
}

const struct bench_topic topic_walk = { "walk", measure };
