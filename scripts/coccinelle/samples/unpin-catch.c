// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses kept for too long: each line that unpin.cocci must report is marked.
 */
#include <swimmem/swimmem.h>

struct node {
	u32 key;
	u32 values[4];
	struct swim_box next;
};

static int written_after(struct swim_box *box)
{
	struct node *node = swim_box_pin(box);

	if (IS_ERR(node))
		return PTR_ERR(node);
	node->values[0] = 1;
	swim_box_unpin(box);
	node->key = 1;	/* CATCH */
	return 0;
}

static u8 first(struct swim_raw *raw)
{
	u8 *bytes;

	bytes = swim_raw_pin(raw);
	if (IS_ERR(bytes))
		return 0;
	swim_raw_unpin(raw);
	return *bytes;	/* CATCH */
}

static void passed_on(struct swim_ptr *ptr)
{
	char *text = swim_ptr_pin(ptr);

	if (IS_ERR_OR_NULL(text))
		return;
	swim_ptr_unpin(ptr);
	pr_info("%s\n", text);	/* CATCH */
}

static struct node *given_back(struct swim_ptr_box *box)
{
	struct node *node = swim_ptr_box_pin(box);

	if (!IS_ERR(node))
		swim_ptr_box_unpin(box);
	return node;	/* CATCH */
}

static void on_one_way(struct swim_box *box, bool early)
{
	struct node *node = swim_box_pin(box);

	if (IS_ERR(node))
		return;
	if (early)
		swim_box_unpin(box);
	node->values[2] = 3;	/* CATCH */
	if (!early)
		swim_box_unpin(box);
}

static void child(struct swim_box *box)
{
	struct node *node = swim_box_pin(box);

	if (IS_ERR(node))
		return;
	swim_box_unpin(box);
	swim_box_drop(&node->next);	/* CATCH */
}

static void down(struct swim_box *box, u32 key)
{
	struct swim_box *at = box;
	struct node *node;

	while (at) {
		node = swim_box_pin(at);
		if (IS_ERR(node))
			return;
		swim_box_unpin(at);
		at = &node->next;	/* CATCH */
	}
}

static int sum(struct swim_buf *buf)
{
	struct swim_slice slice;
	u32 *first, *second;
	int err;

	err = swim_buf_pin(buf, &slice);
	if (err)
		return err;
	first = swim_slice_at(&slice, 0);
	second = slice.at + slice.size;
	swim_buf_unpin(buf);
	return *first;	/* CATCH */
}

static u32 *of_a_slice(struct swim_ptr_buf *buf)
{
	struct swim_slice slice;

	if (swim_ptr_buf_pin(buf, &slice))
		return NULL;
	swim_ptr_buf_unpin(buf);
	return swim_slice_at(&slice, 1);	/* CATCH */
}

static u64 typed(struct flow_box *box)
{
	struct flow *flow = flow_box_pin(box);

	if (IS_ERR(flow))
		return 0;
	flow_box_unpin(box);
	return flow->bytes;	/* CATCH */
}

static u64 typed_slice(struct flow_buf *buf)
{
	struct flow_slice slice;

	if (flow_buf_pin(buf, &slice))
		return 0;
	flow_buf_unpin(buf);
	return slice.at[0].bytes;	/* CATCH */
}

static u32 behind_the_block(struct swim_box *box)
{
	struct node *node;
	u32 key = 0;

	swim_box_pinned(node, box) {
		key = node->key;
		if (!key)
			break;
		node->key = 0;
	}
	if (IS_ERR(node))
		return 0;
	return key + node->values[0];	/* CATCH */
}
