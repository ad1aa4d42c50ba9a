// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stow: how fast a structure moves into another hold, and how fast a clone of it is made there,
 * beside a copy of as many bytes in one piece.
 *
 * The structure is a tree of NODES nodes of 64 bytes, each owned by the one above, which were
 * allocated in random order among others that are gone (nodes.c). Each round has another one; it is
 * cloned, the clone is walked and dropped, and then it is stowed itself, and walked. One more round
 * before them is not counted.
 *
 *	stow pool how=stow|clone
 *		bytes of the nodes, by the time
 *	stow_object pool how=stow|clone
 *		what a node took
 *	stow memcpy how=copy
 */
#include "nodes.h"

#define NODES	1000000
#define ROUNDS	5
#define BYTES	(NODES * sizeof(struct bench_node))

enum how { STOW, CLONE, HOWS };

static u64 speed[HOWS][ROUNDS + 1], each[HOWS][ROUNDS + 1], copied[ROUNDS + 1];

static struct bench_nodes nodes;

static void took(enum how how, unsigned int round, u64 ticks)
{
	speed[how][round] = bench_speed(BYTES, bench_milli(ticks));
	each[how][round] = div_u64(bench_milli(ticks), NODES);
}

/* Every node is to be found, from there. */
static int check(const struct swim_box *root)
{
	return bench_nodes_walk(root, &bench_tree, NODES) ? 0 : -EIO;
}

static int clone(unsigned int round)
{
	struct swim_box copy = {};
	u64 ticks = bench_ticks();
	int err = swim_box_clone(&copy, nodes.roots, swim_pool_hold(nodes.other), GFP_KERNEL);

	ticks = bench_ticks() - ticks;
	if (err)
		return err;
	took(CLONE, round, ticks);
	err = check(&copy) ?: check(nodes.roots);
	return swim_box_drop(&copy) ?: err;
}

static int stow(unsigned int round)
{
	u64 ticks = bench_ticks();
	int err = swim_box_stow(nodes.roots, swim_pool_hold(nodes.other), GFP_KERNEL);

	ticks = bench_ticks() - ticks;
	if (err)
		return err;
	took(STOW, round, ticks);
	return check(nodes.roots);
}

static int measure_round(unsigned int round, struct rnd_state *random)
{
	int err;

	bench_shuffle(random, nodes.order, nodes.n);
	err = bench_nodes_build(&nodes, &bench_tree, prandom_u32_state(random)) ?:
	      clone(round) ?: stow(round);
	err = bench_nodes_drop(&nodes) ?: err;
	return err ?: bench_copy(BYTES, &copied[round]);
}

static void tell(enum how how, const char *name)
{
	bench_figure("stow", "pool", "MB/s", speed[how] + 1, ROUNDS, "how=%s", name);
	bench_figure("stow_object", "pool", bench_unit(), each[how] + 1, ROUNDS, "how=%s", name);
}

static int measure(void)
{
	struct rnd_state random;
	unsigned int r;
	int err = bench_touch();

	nodes = (struct bench_nodes){};
	prandom_seed_state(&random, 1);
	err = err ?: bench_nodes_begin(&nodes, 2 * NODES, NODES);
	for (r = 0; r <= ROUNDS && !err; r++)
		err = measure_round(r, &random);
	err = bench_nodes_end(&nodes) ?: err;
	if (err)
		return err;
	tell(STOW, "stow");
	tell(CLONE, "clone");
	bench_figure("stow", "memcpy", "MB/s", copied + 1, ROUNDS, "how=copy");
	return 0;
}

const struct bench_topic topic_stow = { "stow", measure };
