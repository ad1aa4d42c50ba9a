// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses used as long as they are valid: read.cocci must let all of this pass.
 */
#include <swimmem/swimmem.h>

struct node {
	u32 key;
	u32 values[4];
	struct swim_box next;
};

static u32 found(struct swim_box *box)
{
	const struct node *node;
	u32 key = 0;

	rcu_read_lock();
	node = swim_box_read(box);
	if (!node) {
		rcu_read_unlock();
		return 0;
	}
	key = node->key;
	rcu_read_unlock();
	rcu_read_lock();
	node = swim_box_read(box);
	if (node)
		key += node->key;
	rcu_read_unlock();
	return key;
}

static u32 reading_in_reading(struct swim_box *box)
{
	const struct node *node;
	u32 key = 0;

	rcu_read_lock();
	node = swim_box_read(box);
	if (node) {
		rcu_read_lock();
		note(node);
		rcu_read_unlock();
		key = node->key;
	}
	rcu_read_unlock();
	return key;
}
