// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases used after their drop: each line that drop.cocci must report is marked.
 */
#include <swimmem/swimmem.h>

struct node {
	u32 key;
	struct swim_box next;
};

static void pinned_again(struct swim_raw *raw)
{
	void *bytes;

	swim_raw_drop(raw);
	bytes = swim_raw_pin(raw);	/* CATCH */
	memset(bytes, 0, 8);
	swim_raw_unpin(raw);
}

static void dropped_twice(bool early)
{
	struct swim_box box = {};

	if (swim_box_new(&box, swim_global_hold(), &node_type, GFP_KERNEL))
		return;
	if (early)
		swim_box_drop(&box);
	swim_box_drop(&box);	/* CATCH */
}

static u32 read_after(struct swim_ptr_box *box)
{
	const struct node *node;
	u32 key;

	swim_ptr_box_drop(box);
	rcu_read_lock();
	node = swim_ptr_box_read(box);	/* CATCH */
	key = node->key;
	rcu_read_unlock();
	return key;
}

static u32 got_after(struct swim_hard *hard)
{
	struct swim_ref ref = {};
	u32 key;

	if (swim_hard_poll_to_ref(&ref, hard))
		return 0;
	swim_ref_drop(&ref);
	key = *(u32 *)swim_ref_get(&ref);	/* CATCH */
	return key;
}

static int turned_after(struct swim_hard_box *hard, struct swim_soft_box *soft)
{
	int err;

	err = swim_hard_box_drop(hard);
	if (err)
		return err;
	return swim_hard_box_to_soft(soft, hard);	/* CATCH */
}

static int cloned_after(struct swim_soft *soft, struct swim_soft *to)
{
	swim_soft_drop(soft);
	return swim_soft_clone(to, soft);	/* CATCH */
}

static int moved_after(struct swim_mut_box *mut)
{
	struct swim_mut_box to = {};
	int err;

	swim_mut_box_drop(mut);
	err = swim_mut_box_move(&to, mut);	/* CATCH */
	return err;
}

static int pushed_after(struct swim_buf *buf, struct node *node)
{
	if (swim_buf_len(buf) > 16) {
		swim_buf_drop(buf);
		if (!node)
			return -EINVAL;
	}
	return swim_buf_push(buf, node, GFP_KERNEL);	/* CATCH */
}

static void child(struct swim_box *box)
{
	struct node *node = swim_box_pin(box);

	if (IS_ERR(node))
		return;
	swim_box_drop(&node->next);
	swim_box_unpin(box);
	swim_box_drop(box);
	node = swim_box_pin(box);	/* CATCH */
}

static void in_a_loop(struct swim_box *box, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		swim_box_drop(box);	/* CATCH */
}

static void in_a_scope(struct swim_hold *hold)
{
	struct swim_raw raw = {};

	swim_scope(hold) {
		if (swim_raw_new(&raw, swim_local_hold(), 24, GFP_KERNEL))
			return;
		swim_raw_drop(&raw);
	}
	swim_raw_drop(&raw);	/* CATCH */
}

static void typed(struct flow_hard_box *hard)
{
	struct flow_ref_box ref = {};

	flow_hard_box_drop(hard);
	if (flow_hard_box_poll_to_ref(&ref, hard))	/* CATCH */
		return;
	flow_ref_box_drop(&ref);
}
