// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drops after which nothing is wrong: drop.cocci must let all of this pass.
 */
#include <swimmem/swimmem.h>

struct node {
	u32 key;
	struct swim_box next;
};

static int again(struct swim_box *box)
{
	int err;

	swim_box_drop(box);
	err = swim_box_new(box, swim_global_hold(), &node_type, GFP_KERNEL);
	if (err)
		return err;
	return swim_box_drop(box);
}

static int replace(struct swim_box *box, struct swim_box *by)
{
	struct node *node;

	swim_box_drop(box);
	if (!swim_box_is_empty(box))
		return -EBUSY;
	if (swim_box_move(box, by))
		return -EBUSY;
	node = swim_box_pin(box);
	if (IS_ERR(node))
		return PTR_ERR(node);
	node->key = 1;
	swim_box_unpin(box);
	return 0;
}

static int until_it_goes(struct swim_raw *raw)
{
	int err;

	err = swim_raw_drop(raw);
	if (err == -EBUSY) {
		swim_raw_unpin(raw);
		return -EBUSY;
	}
	if (err) {
		pr_warn("%zu bytes stay\n", swim_raw_size(raw));
		return err;
	}
	if (swim_raw_drop(&spare)) {
		swim_raw_unpin(&spare);
		return swim_raw_drop(&spare);
	}
	return 0;
}

static void array(struct swim_hard *leases, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		swim_hard_drop(&leases[i]);
	for (i = 0; i < n; i++)
		WARN_ON(!swim_hard_is_empty(&leases[i]));
}

static void cursor(struct swim_soft *lease, struct swim_soft *end)
{
	while (lease < end) {
		swim_soft_drop(lease);
		lease++;
	}
	for (; lease < end; ++lease)
		swim_soft_drop(lease);
}

static void each_of_a_list(struct list_head *list)
{
	struct entry *entry, *next;

	list_for_each_entry_safe(entry, next, list, link) {
		swim_box_drop(&entry->box);
		list_del(&entry->link);
	}
}

static u32 turned(struct swim_soft_box *soft)
{
	struct swim_ref_box ref = {};
	const struct node *node;
	u32 key = 0, i;

	for (i = 0; i < 3; i++) {
		if (swim_soft_box_try_to_ref(&ref, soft))
			break;
		node = swim_ref_box_get(&ref);
		key += node->key;
		swim_ref_box_drop(&ref);
	}
	return key;
}

static int one_of_two(struct swim_box *box, bool keep)
{
	if (!keep) {
		swim_box_drop(box);
		return 0;
	}
	return PTR_ERR_OR_ZERO(swim_box_pin(box));
}

static void zeroed(struct swim_box *box)
{
	swim_box_drop(box);
	*box = (struct swim_box){};
	fill(box);
	swim_box_drop(box);
	refill(box);
	swim_box_drop(box);
}

static void other(struct swim_buf *buf, struct swim_buf *spare)
{
	struct swim_slice slice;

	swim_buf_drop(spare);
	if (swim_buf_pin(buf, &slice))
		return;
	swim_buf_unpin(buf);
	swim_buf_drop(buf);
}

static int in_a_scope(struct swim_hold *hold, struct swim_buf *buf)
{
	int err = 0;

	swim_buf_drop(buf);
	swim_scope(hold) {
		err = swim_buf_new(buf, swim_local_hold(), &node_type, 4, GFP_KERNEL);
		if (!err)
			err = swim_buf_reserve(buf, 8, GFP_KERNEL);
	}
	return err;
}

static void fail(struct swim_box *box, struct swim_hold *hold)
{
	int err;

	err = swim_box_new(box, hold, &node_type, GFP_KERNEL);
	if (err)
		goto none;
	err = fill(box);
	if (err)
		goto drop;
	swim_box_unpin(box);
	return;
drop:
	swim_box_drop(box);
none:
	pr_warn("no box: %d\n", err);
}
