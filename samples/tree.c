// SPDX-License-Identifier: GPL-2.0-only
/*
 * A search tree of typed boxes: each node owns the two below it, and an array of the values that
 * were put under its key. Who writes has a mutex and pins the nodes on his way down; who reads
 * has RCU only, while nodes are moved.
 */
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <swimmem/swimmem.h>

struct value {
	u64 number;
};

static SWIM_PLAIN_TYPE(value_type, struct value);
DEFINE_SWIM_BUF(value, struct value, &value_type);

DECLARE_SWIM_BOX(node);

struct node {
	u32 key;
	u32 sum;				/* of the values, for those who only read */
	struct node_box less, more;
	struct value_buf values;
};

static SWIM_TYPE(node_type, struct node, SWIM_PART(less.box), SWIM_PART(more.box),
		 SWIM_PART(values.buf));
DEFINE_SWIM_BOX_CALLS(node, struct node, &node_type);

static struct swim_space *space;
static struct swim_pool *pool;
static struct node_box root;
static DEFINE_MUTEX(tree_lock);			/* of whoever changes the tree */

static int node_add(struct node *node, u32 number)
{
	struct value value = { .number = number };
	struct swim_hold *hold = swim_pool_hold(pool);
	int err = 0;

	if (value_buf_is_empty(&node->values))
		err = value_buf_new(&node->values, hold, 1, GFP_KERNEL);
	if (!err)
		err = value_buf_push(&node->values, &value, GFP_KERNEL);
	if (!err)
		WRITE_ONCE(node->sum, node->sum + number);
	return err;
}

static int node_create(struct node_box *box, u32 key)
{
	struct node_box made swim_auto(node_box) = {};
	struct node *node;
	int err = node_box_new(&made, swim_pool_hold(pool), GFP_KERNEL);

	if (err)
		return err;
	swim_pinned(node_box, node, &made)
		node->key = key;
	/* Once it is moved others see it, with its key. */
	return PTR_ERR_OR_ZERO(node) ?: node_box_move(box, &made);
}

/*
 * A lease in a node may be touched only while the node is pinned, so all nodes on the way are.
 */
static int node_add_below(struct node_box *box, u32 key, u32 number, unsigned int depth)
{
	struct node *node;
	int err = 0;

	if (!depth)
		return -E2BIG;
	if (node_box_is_empty(box))
		err = node_create(box, key);
	if (err)
		return err;
	swim_pinned(node_box, node, box) {
		if (key == node->key)
			return node_add(node, number);
		box = key < node->key ? &node->less : &node->more;
		return node_add_below(box, key, number, depth - 1);
	}
	return PTR_ERR(node);
}

static int tree_add(u32 word, u32 number)
{
	int err;

	mutex_lock(&tree_lock);
	err = node_add_below(&root, hash_32(word, 32), number, 64);
	mutex_unlock(&tree_lock);
	return err;
}

/* The sum of what was put under a word; 0 when nothing was. */
static u32 tree_sum(u32 word)
{
	const u32 key = hash_32(word, 32);
	const struct node *node;
	u32 sum;

	rcu_read_lock();
	node = node_box_read(&root);
	while (node && node->key != key)
		node = node_box_read(key < node->key ? &node->less : &node->more);
	sum = node ? READ_ONCE(node->sum) : 0;
	rcu_read_unlock();
	return sum;
}

static void tree_end(void)
{
	node_box_drop(&root);			/* and all nodes, and their arrays */
	swim_pool_destroy(pool);
	swim_space_destroy(space);
}
module_exit(tree_end);

#define WORDS	1000U

static int __init tree_begin(void)
{
	struct swim_pool_stats stats;
	u32 word;
	int err;

	space = swim_space_create("tree", 0);
	pool = swim_pool_create("tree", swim_space_heap(space), SWIM_POOL_RCU);
	err = PTR_ERR_OR_ZERO(pool);
	for (word = 0; !err && word < 2 * WORDS; word++)
		err = tree_add(word % WORDS, word + 1);
	/* The arrays have grown, and what they were in has holes. */
	err = err ?: swim_pool_compact(pool, 100);
	for (word = 0; !err && word < WORDS; word++)
		if (tree_sum(word) != 2 * (word + 1) + WORDS)
			err = -ENODATA;
	if (err) {
		tree_end();
		return err;
	}
	swim_pool_stats(pool, &stats);
	pr_info("tree: %u words, all found, %ld objects in %zu KiB\n", WORDS, stats.live,
		stats.held / 1024);
	return 0;
}
module_init(tree_begin);
MODULE_DESCRIPTION("A tree of typed boxes of swimmem");
MODULE_LICENSE("GPL");
