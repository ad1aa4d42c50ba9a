// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walk: what it takes to follow the pointers of a list and of a tree that have survived, before
 * and after the pool is compacted, beside the same in memory from kmalloc(). Made for native
 * code, as time.c; of each the median of ROUNDS, each with another order.
 *
 * NODES nodes of 64 bytes are allocated in random order; between any two of them an object of
 * random size comes, and one of those that came so goes. Four of five nodes are freed, at random,
 * and the rest of what came between. The others make a list, in which a node is anywhere, or a
 * tree, walked depth first.
 *
 *	walk: NAME VALUE ns
 *
 *	SHAPE.swim.churned	a node, in a pool, before it is compacted
 *	SHAPE.swim.compacted	afterwards
 *	SHAPE.kmalloc.churned	a node from kmalloc()
 */
#define pr_fmt(fmt) "walk: " fmt

#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/* Before the inline functions of swimmem: on user-mode Linux they are to be as on x86. */
#include "../swimmem/compat.h"

#include <swimmem/swimmem.h>

#include "bench.h"

#define NODES		1000000
#define STAY		5	/* one of so many stays */
#define SURVIVORS	(NODES / STAY)
#define KEYS		((u64)SURVIVORS * (SURVIVORS - 1) / 2)
#define BETWEEN		1000	/* objects that come and go */
#define ROUNDS		5
#define DEPTH		64

/* A node of either kind; a list has no right ones. */
struct node {
	struct swim_box left, right;
	u64 key;
	u64 rest[3];
};

struct plain {
	struct plain *left, *right;
	u64 key;
	u64 rest[5];
};

static_assert(sizeof(struct node) == 64 && sizeof(struct plain) == 64);

static SWIM_TYPE(node_type, struct node, SWIM_PART(left), SWIM_PART(right));

static struct swim_space *space;
static struct swim_pool *pool;
static struct swim_box *boxes;
static struct plain **plains;
static u32 *order;
static struct swim_raw between[BETWEEN];
static void *plain_between[BETWEEN];

/**
 * struct shape - how survivors hang together
 * @name: in the figures
 * @up: who leads to node @n, which is not 0; a number below @n
 * @right: by its right lease?
 */
struct shape {
	const char *name;
	u32 (*up)(u32 n);
	bool (*right)(u32 n);
};

static u32 list_up(u32 n)
{
	return n - 1;
}

static bool list_right(u32 n)
{
	return false;
}

static u32 tree_up(u32 n)
{
	return (n - 1) / 2;
}

static bool tree_right(u32 n)
{
	return n % 2 == 0;
}

/* Something comes, where something else goes. */
static int churn(struct rnd_state *random)
{
	struct swim_raw *one = &between[bench_below(random, BETWEEN)];
	int err = swim_raw_is_empty(one) ? 0 : swim_raw_drop(one);

	return err ?: swim_raw_new(one, swim_pool_hold(pool), 32 + bench_below(random, 481),
				   GFP_KERNEL);
}

/* The nodes from @n on, and what is between them. */
static int drop(u32 n)
{
	int err = 0;

	for (; n < NODES; n++)
		if (!swim_box_is_empty(&boxes[n]) && swim_box_drop(&boxes[n]))
			err = -EIO;
	for (n = 0; n < BETWEEN; n++)
		if (!swim_raw_is_empty(&between[n]) && swim_raw_drop(&between[n]))
			err = -EIO;
	return err;
}

/* The first nodes stay; allocated in random order, they lie anywhere. */
static int build(const struct shape *shape, struct rnd_state *random)
{
	u32 n;
	int err = 0;

	for (n = 0; n < NODES && !err; n++) {
		err = swim_box_new(&boxes[order[n]], swim_pool_hold(pool), &node_type,
				   GFP_KERNEL) ?: churn(random);
		if (n % 1024 == 0)
			cond_resched();
	}
	err = err ?: drop(SURVIVORS);
	for (n = SURVIVORS; n-- > 1 && !err;) {
		struct swim_box *up = &boxes[shape->up(n)];
		struct node *node = swim_box_pin(up);

		if (IS_ERR(node))
			return PTR_ERR(node);
		node->key += n;
		err = swim_box_move(shape->right(n) ? &node->right : &node->left, &boxes[n]);
		swim_box_unpin(up);
	}
	return err;
}

/* Nanoseconds; 0 when not every node was found. */
static u64 walk(void)
{
	const struct node *stack[DEPTH], *node;
	unsigned int top = 0;
	u64 begin = ktime_get_ns(), sum = 0, nodes = 0;

	rcu_read_lock();
	for (node = swim_box_read(boxes); node; node = top ? stack[--top] : NULL) {
		for (; node; node = swim_box_read(&node->left)) {
			const struct node *right = swim_box_read(&node->right);

			nodes++;
			sum += node->key;
			if (right)
				stack[top++] = right;
		}
	}
	rcu_read_unlock();
	begin = ktime_get_ns() - begin;
	return nodes == SURVIVORS && sum == KEYS ? begin : 0;
}

static int plain_churn(struct rnd_state *random)
{
	void **one = &plain_between[bench_below(random, BETWEEN)];

	kfree(*one);
	*one = kmalloc(32 + bench_below(random, 481), GFP_KERNEL);
	return *one ? 0 : -ENOMEM;
}

static void plain_drop(u32 n)
{
	for (; n < NODES; n++) {
		kfree(plains[n]);
		plains[n] = NULL;
	}
	for (n = 0; n < BETWEEN; n++) {
		kfree(plain_between[n]);
		plain_between[n] = NULL;
	}
}

static void plain_link(const struct shape *shape)
{
	u32 n;

	for (n = 0; n < SURVIVORS; n++)
		*plains[n] = (struct plain){};
	for (n = SURVIVORS; n-- > 1;) {
		struct plain *up = plains[shape->up(n)];

		up->key += n;
		*(shape->right(n) ? &up->right : &up->left) = plains[n];
	}
}

static int plain_build(const struct shape *shape, struct rnd_state *random)
{
	u32 n;
	int err = 0;

	for (n = 0; n < NODES && !err; n++) {
		plains[order[n]] = kmalloc(sizeof(struct plain), GFP_KERNEL);
		err = plains[order[n]] ? plain_churn(random) : -ENOMEM;
		if (n % 1024 == 0)
			cond_resched();
	}
	plain_drop(SURVIVORS);
	if (!err)
		plain_link(shape);
	return err;
}

static u64 plain_walk(void)
{
	const struct plain *stack[DEPTH], *node;
	unsigned int top = 0;
	u64 begin = ktime_get_ns(), sum = 0, nodes = 0;

	for (node = plains[0]; node; node = top ? stack[--top] : NULL) {
		for (; node; node = node->left) {
			nodes++;
			sum += node->key;
			if (node->right)
				stack[top++] = node->right;
		}
	}
	begin = ktime_get_ns() - begin;
	return nodes == SURVIVORS && sum == KEYS ? begin : 0;
}

/**
 * struct rounds - nanoseconds of each walk
 * @churned: before the compaction
 * @compacted: after it
 * @plain: of the peer
 */
struct rounds {
	u64 churned[ROUNDS], compacted[ROUNDS], plain[ROUNDS];
};

static int run(const struct shape *shape, struct rnd_state *random, struct rounds *rounds,
	       unsigned int round)
{
	int err = build(shape, random);

	if (err)
		return err;
	rounds->churned[round] = walk();
	err = swim_pool_compact(pool, 100);
	if (err)
		return err;
	rounds->compacted[round] = walk();
	err = swim_box_drop(boxes);
	if (err)
		return err;
	err = plain_build(shape, random);
	if (!err)
		rounds->plain[round] = plain_walk();
	plain_drop(0);
	if (err)
		return err;
	if (!rounds->churned[round] || !rounds->compacted[round] || !rounds->plain[round])
		return -EIO;
	return 0;
}

static void tell(const struct shape *shape, const char *what, u64 *took)
{
	bench_tell(div_u64(bench_median(took, ROUNDS) * 1000, SURVIVORS), "ns", "%s.%s",
		   shape->name, what);
}

static int measure(const struct shape *shape, struct rnd_state *random)
{
	static struct rounds rounds;
	unsigned int r;
	int err = 0;

	for (r = 0; r < ROUNDS && !err; r++) {
		bench_shuffle(random, order, NODES);
		err = run(shape, random, &rounds, r);
	}
	if (err) {
		pr_err("%s failed: %d\n", shape->name, err);
		return err;
	}
	tell(shape, "swim.churned", rounds.churned);
	tell(shape, "swim.compacted", rounds.compacted);
	tell(shape, "kmalloc.churned", rounds.plain);
	return 0;
}

static int measure_all(void)
{
	static const struct shape list = { "list", list_up, list_right };
	static const struct shape tree = { "tree", tree_up, tree_right };
	struct rnd_state random;

	prandom_seed_state(&random, 1);
	return bench_touch() ?: measure(&list, &random) ?: measure(&tree, &random);
}

static int setup(void)
{
	space = swim_space_create("walk", 0);
	if (IS_ERR(space))
		return PTR_ERR(space);
	pool = swim_pool_create("walk", swim_space_heap(space), 0);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	/* Not before it is asked for. */
	swim_pool_set_target(pool, 0);
	boxes = vzalloc(array_size(NODES, sizeof(*boxes)));
	plains = vzalloc(array_size(NODES, sizeof(*plains)));
	order = vmalloc(array_size(NODES, sizeof(*order)));
	return boxes && plains && order ? 0 : -ENOMEM;
}

static int __init walk_begin(void)
{
	int err = setup() ?: measure_all();

	/* Also what is left when something went wrong. */
	if (boxes)
		err = drop(0) ?: err;
	vfree(order);
	vfree(plains);
	vfree(boxes);
	if (!IS_ERR_OR_NULL(pool) && swim_pool_destroy(pool))
		err = err ?: -EIO;
	if (!IS_ERR(space) && swim_space_destroy(space))
		err = err ?: -EIO;
	return err;
}
module_init(walk_begin);

static void __exit walk_end(void)
{
}
module_exit(walk_end);

MODULE_DESCRIPTION("Walking what has survived, before and after compaction");
MODULE_LICENSE("GPL");
