// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lease: what it takes to use memory through leases, and to move structures of them, beside
 * what the kernel has for it. Made for native code, as time.c; of each the median of ROUNDS.
 *
 *	lease: NAME VALUE UNIT
 *
 *	pin			a Raw lease is pinned and unpinned
 *	hard			a Hard lease is cloned, and the clone dropped
 *	refcount		refcount_inc() and refcount_dec_and_test()
 *	lock			a spinlock is taken and released
 *	build.WHOSE		a tree of NODES nodes of 64 bytes is laid in random order
 *	walk.WHOSE.churned	it is walked, depth first
 *	stow			it is stowed into another hold: MB of its nodes in a second
 *	walk.WHOSE.stowed	it is walked again
 *	clone			a clone of it is made: MB of its nodes in a second
 *	memcpy			the same bytes are copied
 */
#define pr_fmt(fmt) "lease: " fmt

#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

/* Before the inline functions of swimmem: on user-mode Linux they are to be as on x86. */
#include "../swimmem/compat.h"

#include <swimmem/swimmem.h>

#include "bench.h"

#define PAIRS	100000
#define NODES	1000000
#define ROUNDS	7
#define DEPTH	64

static struct swim_space *space;
static struct swim_pool *pool, *other;
static u32 *order;

static u64 median(u64 *took)
{
	bench_sort(took, ROUNDS);
	return took[ROUNDS / 2];
}

/* Nanoseconds for @n of something, to a tenth of one. */
static void tell_ns(const char *name, u64 *took, unsigned int n)
{
	u64 tenths = div64_u64(median(took) * 10, n);

	pr_info("%s %llu.%llu ns\n", name, tenths / 10, tenths % 10);
}

static void tell_speed(const char *name, u64 *took)
{
	pr_info("%s %llu MB/s\n", name, div64_u64(64ULL * NODES * 1000, median(took)));
}

static u64 pin_pairs(void)
{
	static struct swim_raw raw;
	unsigned int n;
	u64 begin;

	if (swim_raw_new(&raw, swim_pool_hold(pool), 64, GFP_KERNEL))
		return 0;
	begin = ktime_get_ns();
	for (n = 0; n < PAIRS; n++) {
		void *object = swim_raw_pin(&raw);

		if (IS_ERR(object))
			return 0;
		swim_raw_unpin(&raw);
	}
	begin = ktime_get_ns() - begin;
	return swim_raw_drop(&raw) ? 0 : begin;
}

static u64 hard_pairs(void)
{
	static struct swim_hard hard;
	unsigned int n;
	u64 begin;

	if (swim_hard_new(&hard, swim_pool_hold(pool), 64, GFP_KERNEL))
		return 0;
	begin = ktime_get_ns();
	for (n = 0; n < PAIRS; n++) {
		struct swim_hard clone = {};

		if (swim_hard_clone(&clone, &hard))
			return 0;
		if (swim_hard_drop(&clone))
			return 0;
	}
	begin = ktime_get_ns() - begin;
	return swim_hard_drop(&hard) ? 0 : begin;
}

static u64 refcount_pairs(void)
{
	static refcount_t count;
	unsigned int n;
	u64 begin;

	refcount_set(&count, 1);
	begin = ktime_get_ns();
	for (n = 0; n < PAIRS; n++) {
		refcount_inc(&count);
		if (refcount_dec_and_test(&count))
			return 0;
	}
	return ktime_get_ns() - begin;
}

static u64 lock_pairs(void)
{
	static DEFINE_SPINLOCK(lock);
	unsigned int n;
	u64 begin = ktime_get_ns();

	for (n = 0; n < PAIRS; n++) {
		spin_lock(&lock);
		spin_unlock(&lock);
	}
	return ktime_get_ns() - begin;
}

/* A node, of either kind: 64 bytes. */
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

/* Node @n of the tree has nodes 2n + 1 and 2n + 2 below; where each lies is random. */
static int build_swim(struct swim_box *box)
{
	unsigned int n;
	int err = 0;

	for (n = 0; n < NODES && !err; n++)
		err = swim_box_new(&box[order[n]], swim_pool_hold(pool), &node_type, GFP_KERNEL);
	for (n = NODES; n-- > 1 && !err;) {
		struct swim_box *up = &box[(n - 1) / 2];
		struct node *node = swim_box_pin(up);

		if (IS_ERR(node))
			return PTR_ERR(node);
		node->key = 1;
		err = swim_box_move(n % 2 ? &node->left : &node->right, &box[n]);
		swim_box_unpin(up);
	}
	return err;
}

static u64 walk_swim(const struct swim_box *root)
{
	const struct node *stack[DEPTH], *node;
	unsigned int top = 0;
	u64 begin = ktime_get_ns(), sum = 0, nodes = 0;

	rcu_read_lock();
	for (node = swim_box_read(root); node; node = top ? stack[--top] : NULL) {
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
	return nodes == NODES && sum == NODES / 2 ? begin : 0;
}

static int build_plain(struct plain **at)
{
	unsigned int n;

	for (n = 0; n < NODES; n++) {
		at[order[n]] = kzalloc(sizeof(struct plain), GFP_KERNEL);
		if (!at[order[n]])
			return -ENOMEM;
	}
	for (n = NODES; n-- > 1;) {
		struct plain *up = at[(n - 1) / 2];

		up->key = 1;
		*(n % 2 ? &up->left : &up->right) = at[n];
	}
	return 0;
}

static u64 walk_plain(const struct plain *root)
{
	const struct plain *stack[DEPTH], *node;
	unsigned int top = 0;
	u64 begin = ktime_get_ns(), sum = 0, nodes = 0;

	for (node = root; node; node = top ? stack[--top] : NULL) {
		for (; node; node = node->left) {
			nodes++;
			sum += node->key;
			if (node->right)
				stack[top++] = node->right;
		}
	}
	begin = ktime_get_ns() - begin;
	return nodes == NODES && sum == NODES / 2 ? begin : 0;
}

static int measure_pairs(void)
{
	static const struct {
		const char *name;
		u64 (*pairs)(void);
	} figure[] = {
		{ "pin", pin_pairs }, { "hard", hard_pairs },
		{ "refcount", refcount_pairs }, { "lock", lock_pairs },
	};
	u64 took[ARRAY_SIZE(figure)][ROUNDS];
	unsigned int round, f;

	for (round = 0; round < ROUNDS; round++)
		for (f = 0; f < ARRAY_SIZE(figure); f++) {
			took[f][round] = figure[f].pairs();
			if (!took[f][round])
				return -EIO;
		}
	for (f = 0; f < ARRAY_SIZE(figure); f++)
		tell_ns(figure[f].name, took[f], PAIRS);
	return 0;
}

static int measure_tree(struct swim_box *box)
{
	u64 churned[ROUNDS], stow[ROUNDS], stowed[ROUNDS], clone[ROUNDS];
	struct swim_box copy = {};
	unsigned int round;
	u64 begin;
	int err;

	for (round = 0; round < ROUNDS; round++) {
		err = build_swim(box);
		if (err)
			return err;
		churned[round] = walk_swim(box);
		begin = ktime_get_ns();
		err = swim_box_stow(box, swim_pool_hold(other), GFP_KERNEL);
		stow[round] = ktime_get_ns() - begin;
		if (err)
			return err;
		stowed[round] = walk_swim(box);
		begin = ktime_get_ns();
		err = swim_box_clone(&copy, box, swim_pool_hold(other), GFP_KERNEL);
		clone[round] = ktime_get_ns() - begin;
		if (err || !churned[round] || !stowed[round])
			return err ?: -EIO;
		err = swim_box_drop(&copy) ?: swim_box_drop(box);
		if (err)
			return err;
		cond_resched();
	}
	tell_ns("walk.swim.churned", churned, NODES);
	tell_speed("stow", stow);
	tell_ns("walk.swim.stowed", stowed, NODES);
	tell_speed("clone", clone);
	return 0;
}

static int measure_plain(struct plain **at)
{
	u64 churned[ROUNDS], copied[ROUNDS];
	unsigned int round, n;
	void *from = vmalloc(64UL * NODES), *to = vmalloc(64UL * NODES);
	u64 begin;
	int err = from && to ? build_plain(at) : -ENOMEM;

	for (round = 0; round < ROUNDS && !err; round++) {
		churned[round] = walk_plain(at[0]);
		memset(from, round, 64UL * NODES);
		begin = ktime_get_ns();
		memcpy(to, from, 64UL * NODES);
		copied[round] = ktime_get_ns() - begin;
		if (!churned[round])
			err = -EIO;
		cond_resched();
	}
	vfree(from);
	vfree(to);
	for (n = 0; n < NODES; n++)
		kfree(at[n]);
	if (err)
		return err;
	tell_ns("walk.kmalloc.churned", churned, NODES);
	tell_speed("memcpy", copied);
	return 0;
}

static int measure_trees(void)
{
	struct swim_box *box = vzalloc(array_size(NODES, sizeof(*box)));
	struct plain **at = vzalloc(array_size(NODES, sizeof(*at)));
	struct rnd_state random;
	unsigned int n;
	int err = -ENOMEM;

	order = vmalloc(array_size(NODES, sizeof(*order)));
	if (box && at && order) {
		prandom_seed_state(&random, 1);
		for (n = 0; n < NODES; n++) {
			unsigned int i = prandom_u32_state(&random) % (n + 1);

			order[n] = order[i];
			order[i] = n;
		}
		err = measure_tree(box) ?: measure_plain(at);
	}
	vfree(order);
	vfree(at);
	vfree(box);
	return err;
}

static int __init lease_begin(void)
{
	int err;

	space = swim_space_create("lease", 0);
	if (IS_ERR(space))
		return PTR_ERR(space);
	pool = swim_pool_create("lease", swim_space_heap(space), 0);
	other = swim_pool_create("lease-stowed", swim_space_heap(space), 0);
	err = PTR_ERR_OR_ZERO(pool) ?: PTR_ERR_OR_ZERO(other) ?:
	      measure_pairs() ?: measure_trees();
	if (!IS_ERR(pool) && swim_pool_destroy(pool))
		err = err ?: -EIO;
	if (!IS_ERR(other) && swim_pool_destroy(other))
		err = err ?: -EIO;
	if (swim_space_destroy(space))
		err = err ?: -EIO;
	pr_info("done %d\n", err);
	return err;
}
module_init(lease_begin);

static void __exit lease_end(void)
{
}
module_exit(lease_end);

MODULE_DESCRIPTION("What leases cost beside what the kernel has");
MODULE_LICENSE("GPL");
