/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes: a structure in a pool, of nodes that have survived when many others went. Walk and stow
 * are measured with it.
 */
#ifndef SWIMMEM_BENCH_NODES_H
#define SWIMMEM_BENCH_NODES_H

#include <linux/jhash.h>

#include "peer.h"

#define BENCH_ROOTS	65536	/* at most; a power of two */
#define BENCH_BETWEEN	1000	/* objects that come and go between the nodes */
#define BENCH_DEPTH	64	/* more than any tree has */

/* In a chain only the left one owns somebody. */
struct bench_node {
	struct swim_box left, right;
	u64 key;
	u64 rest[(64 - sizeof(u64) - 2 * sizeof(struct swim_box)) / sizeof(u64)];
};

static_assert(sizeof(struct bench_node) == 64);

/**
 * struct bench_shape - how survivors hang together
 * @name: in the figures
 * @roots: that lead to all of them; a power of two
 * @tree: node n leads to nodes 2n + 1 and 2n + 2, where it is not a chain
 */
struct bench_shape {
	const char *name;
	u32 roots;
	bool tree;
};

/* One chain, one tree, and a table of buckets, each with a chain of its own. */
extern const struct bench_shape bench_list, bench_tree, bench_hash;

/* The chain that node @n is put into, in front of those that are there. */
static inline u32 bench_root_of(const struct bench_shape *shape, u32 n)
{
	return jhash_1word(n, 0) & (shape->roots - 1);
}

/**
 * struct bench_nodes - nodes, and where they are
 * @n: allocated
 * @stay: so many of them
 * @order: in which they are allocated: those that stay are the first in number
 * @pool: in which they grow up
 * @other: another one, for them to move to
 * @boxes: nodes that do not hang together yet
 * @roots: of the structure
 * @space: of the pools; private
 * @between: objects between the nodes; private
 */
struct bench_nodes {
	u32 n, stay;
	u32 *order;
	struct swim_pool *pool, *other;
	struct swim_box *boxes, *roots;
	struct swim_space *space;
	struct swim_raw between[BENCH_BETWEEN];
};

int bench_nodes_begin(struct bench_nodes *nodes, u32 n, u32 stay);
int bench_nodes_end(struct bench_nodes *nodes);
int bench_nodes_build(struct bench_nodes *nodes, const struct bench_shape *shape, u64 seed);
int bench_nodes_drop(struct bench_nodes *nodes);
bool bench_nodes_walk(const struct swim_box *roots, const struct bench_shape *shape, u32 stay);

/* Bytes of the next object that comes between. */
static inline size_t bench_between(struct rnd_state *random)
{
	return 32 + bench_below(random, 512 - 32 + 1);
}

/* Whether a walk has found all: the sum of their keys is that of their numbers. */
static inline bool bench_nodes_all(u64 found, u64 sum, u32 stay)
{
	return found == stay && sum == (u64)stay * (stay - 1) / 2;
}

#endif
