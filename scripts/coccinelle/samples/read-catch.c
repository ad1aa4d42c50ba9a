// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses kept for too long: each line that read.cocci must report is marked.
 */
#include <swimmem/swimmem.h>

struct node {
	u32 key;
	u32 values[4];
	struct swim_box next;
};

static u32 read_outside(struct swim_box *box)
{
	const struct node *node;

	rcu_read_lock();
	node = swim_box_read(box);
	rcu_read_unlock();
	return node->key;	/* CATCH */
}

static u8 read_bytes(struct swim_raw *raw)
{
	const u8 *bytes;
	u8 byte = 0;

	rcu_read_lock_bh();
	bytes = swim_raw_read(raw);
	if (bytes)
		byte = bytes[0];
	rcu_read_unlock_bh();
	return byte + bytes[1];	/* CATCH */
}
