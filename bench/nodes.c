// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes: see nodes.h.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "nodes.h"

#define NOWAIT	(GFP_NOWAIT | __GFP_NOWARN)

/* Bytes that a node keeps, with what came between it and the next one, until all is compacted. */
#define KEPT	400

const struct bench_shape bench_list = { "list", 1, false };
const struct bench_shape bench_tree = { "tree", 1, true };
const struct bench_shape bench_hash = { "hash", BENCH_ROOTS, false };

static SWIM_TYPE(node_type, struct bench_node, SWIM_PART(left), SWIM_PART(right));

static int begin_pools(struct bench_nodes *nodes)
{
	nodes->space = swim_space_create("bench", 0);
	if (IS_ERR(nodes->space))
		return PTR_ERR(nodes->space);
	nodes->pool = swim_pool_create("bench", swim_space_heap(nodes->space), 0);
	nodes->other = swim_pool_create("bench_other", swim_space_heap(nodes->space), 0);
	/* Nothing in the background. */
	return PTR_ERR_OR_ZERO(nodes->pool) ?: PTR_ERR_OR_ZERO(nodes->other) ?:
	       swim_pool_set_target(nodes->pool, 0) ?: swim_pool_set_target(nodes->other, 0);
}

/**
 * bench_nodes_begin - make room for nodes
 * @nodes: all zero
 * @n: to be allocated
 * @stay: so many of them
 *
 * Return: 0, or an errno, -ENOMEM when there would not be enough memory for them, too;
 * bench_nodes_end() is called in any case.
 */
int bench_nodes_begin(struct bench_nodes *nodes, u32 n, u32 stay)
{
	/* A pool that has no memory looks for room in its hunks each time, which takes forever. */
	if (si_mem_available() < (long)((u64)n * KEPT >> PAGE_SHIFT))
		return -ENOMEM;
	nodes->n = n;
	nodes->stay = stay;
	nodes->order = vmalloc(array_size(n, sizeof(*nodes->order)));
	nodes->boxes = vzalloc(array_size(n, sizeof(*nodes->boxes)));
	nodes->roots = vzalloc(array_size(BENCH_ROOTS, sizeof(*nodes->roots)));
	if (!nodes->order || !nodes->boxes || !nodes->roots)
		return -ENOMEM;
	return begin_pools(nodes);
}

/**
 * bench_nodes_end - the end of all that is left of them
 * @nodes: as bench_nodes_begin() has left it, or as it was afterwards
 *
 * Return: 0; -EIO when something is left.
 */
int bench_nodes_end(struct bench_nodes *nodes)
{
	int err = nodes->boxes && nodes->roots ? bench_nodes_drop(nodes) : 0;

	if (!IS_ERR_OR_NULL(nodes->other) && swim_pool_destroy(nodes->other))
		err = -EIO;
	if (!IS_ERR_OR_NULL(nodes->pool) && swim_pool_destroy(nodes->pool))
		err = -EIO;
	if (!IS_ERR_OR_NULL(nodes->space) && swim_space_destroy(nodes->space))
		err = -EIO;
	vfree(nodes->roots);
	vfree(nodes->boxes);
	vfree(nodes->order);
	return err;
}

/* Something comes, where something else goes. */
static int churn(struct bench_nodes *nodes, struct rnd_state *random)
{
	struct swim_raw *one = &nodes->between[bench_below(random, BENCH_BETWEEN)];
	int err = swim_raw_is_empty(one) ? 0 : swim_raw_drop(one);

	return err ?: swim_raw_new(one, swim_pool_hold(nodes->pool), bench_between(random), NOWAIT);
}

/* The nodes from @n on that hang nowhere, and what is between them. */
static int drop_loose(struct bench_nodes *nodes, u32 n)
{
	int err = 0;
	u32 i;

	for (; n < nodes->n; n++)
		if (!swim_box_is_empty(&nodes->boxes[n]) && swim_box_drop(&nodes->boxes[n]))
			err = -EIO;
	for (i = 0; i < BENCH_BETWEEN; i++)
		if (!swim_raw_is_empty(&nodes->between[i]) && swim_raw_drop(&nodes->between[i]))
			err = -EIO;
	return err;
}

/**
 * bench_nodes_drop - drop all nodes, and what is between them
 * @nodes: has begun
 *
 * Return: 0; -EIO when one cannot be dropped.
 */
int bench_nodes_drop(struct bench_nodes *nodes)
{
	int err = 0;
	u32 i;

	for (i = 0; i < BENCH_ROOTS; i++)
		if (!swim_box_is_empty(&nodes->roots[i]) && swim_box_drop(&nodes->roots[i]))
			err = -EIO;
	return drop_loose(nodes, 0) ?: err;
}

/* In front of a chain. */
static int hang_in_chain(struct bench_nodes *nodes, struct swim_box *chain, u32 n)
{
	struct bench_node *node = swim_box_pin(&nodes->boxes[n]);
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	node->key = n;
	err = swim_box_is_empty(chain) ? 0 : swim_box_move(&node->left, chain);
	swim_box_unpin(&nodes->boxes[n]);
	return err ?: swim_box_move(chain, &nodes->boxes[n]);
}

/* All that is below it hangs there already. */
static int hang_in_tree(struct bench_nodes *nodes, u32 n)
{
	struct swim_box *above = &nodes->boxes[n ? (n - 1) / 2 : 0];
	struct bench_node *node;
	int err;

	if (!n)
		return swim_box_move(nodes->roots, above);
	node = swim_box_pin(above);
	if (IS_ERR(node))
		return PTR_ERR(node);
	node->key += n;
	err = swim_box_move(n % 2 ? &node->left : &node->right, &nodes->boxes[n]);
	swim_box_unpin(above);
	return err;
}

/**
 * bench_nodes_build - allocate nodes, drop most, and hang together those that stay
 * @nodes: has begun, and no node is left of before
 * @shape: of the structure
 * @seed: of all that is left to chance
 *
 * Nodes are allocated in the order of @nodes, so they lie anywhere. Between any two of them an
 * object of random size comes, and one of those that came so goes.
 *
 * Return: 0, or an errno.
 */
int bench_nodes_build(struct bench_nodes *nodes, const struct bench_shape *shape, u64 seed)
{
	struct swim_hold *hold = swim_pool_hold(nodes->pool);
	struct rnd_state random;
	int err = 0;
	u32 i;

	prandom_seed_state(&random, seed);
	for (i = 0; i < nodes->n && !err; i++) {
		err = swim_box_new(&nodes->boxes[nodes->order[i]], hold, &node_type, NOWAIT) ?:
		      churn(nodes, &random);
		if (i % 1024 == 0)
			cond_resched();
	}
	err = err ?: drop_loose(nodes, nodes->stay);
	for (i = 0; i < nodes->stay && !err; i++)
		err = shape->tree ?
		      hang_in_tree(nodes, nodes->stay - 1 - i) :
		      hang_in_chain(nodes, &nodes->roots[bench_root_of(shape, i)], i);
	return err;
}

static bool walk_chains(const struct swim_box *roots, u32 n, u32 stay)
{
	const struct bench_node *node;
	u64 found = 0, sum = 0;

	for (; n--; roots++)
		for (node = swim_box_read(roots); node; node = swim_box_read(&node->left)) {
			found++;
			sum += node->key;
		}
	return bench_nodes_all(found, sum, stay);
}

static bool walk_tree(const struct swim_box *root, u32 stay)
{
	const struct bench_node *stack[BENCH_DEPTH], *node, *right;
	u64 found = 0, sum = 0;
	unsigned int top = 0;

	for (node = swim_box_read(root); node; node = top ? stack[--top] : NULL) {
		for (; node; node = swim_box_read(&node->left)) {
			right = swim_box_read(&node->right);
			found++;
			sum += node->key;
			if (right)
				stack[top++] = right;
		}
	}
	return bench_nodes_all(found, sum, stay);
}

/**
 * bench_nodes_walk - follow all leases of a structure, depth first
 * @roots: of it
 * @shape: of it
 * @stay: how many nodes it has
 *
 * Return: whether each was found.
 */
bool bench_nodes_walk(const struct swim_box *roots, const struct bench_shape *shape, u32 stay)
{
	bool all;

	rcu_read_lock();
	all = shape->tree ? walk_tree(roots, stay) : walk_chains(roots, shape->roots, stay);
	rcu_read_unlock();
	return all;
}
