// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses used as long as they are valid: unpin.cocci must let all of this pass.
 */
#include <swimmem/swimmem.h>

struct node {
	u32 key;
	u32 values[4];
	struct swim_box next;
};

static int copied(struct swim_box *box)
{
	struct node *node = swim_box_pin(box);
	u32 key;

	if (IS_ERR(node))
		return PTR_ERR(node);
	key = node->key;
	swim_box_unpin(box);
	pr_info("key %u of %zu bytes\n", key, sizeof(*node));
	return key;
}

static bool has_moved(struct swim_box *box, struct swim_pool *pool)
{
	void *before, *after;

	before = swim_box_pin(box);
	swim_box_unpin(box);
	if (swim_pool_compact(pool, 0))
		return false;
	after = swim_box_pin(box);
	swim_box_unpin(box);
	return before != after && !IS_ERR(after);
}

static u32 again(struct swim_box *boxes, unsigned int n)
{
	struct node *node;
	u32 total = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		node = swim_box_pin(&boxes[i]);
		if (IS_ERR(node))
			continue;
		total += node->key;
		swim_box_unpin(&boxes[i]);
	}
	for (i = 0; i < n; i++) {
		struct node *other = swim_box_pin(&boxes[i]);

		if (!IS_ERR(other)) {
			total += other->values[1];
			swim_box_unpin(&boxes[i]);
		}
	}
	return total;
}

static int on_every_way(struct swim_box *box, bool stop)
{
	struct node *node = swim_box_pin(box);
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	if (stop) {
		swim_box_unpin(box);
		return -EINTR;
	}
	err = fill(node->values);
	if (err)
		goto out;
	node->key = 1;
out:
	swim_box_unpin(box);
	return err;
}

static int fails(struct swim_raw *raw)
{
	void *bytes = swim_raw_pin(raw);
	int err = PTR_ERR_OR_ZERO(bytes);

	if (!err) {
		memset(bytes, 0, 16);
		swim_raw_unpin(raw);
	}
	return err ?: PTR_ERR_OR_ZERO(bytes);
}

static u32 two(struct swim_box *one, struct swim_box *other)
{
	struct node *a = swim_box_pin(one);
	struct node *b = swim_box_pin(other);
	u32 key;

	swim_box_unpin(one);
	key = b->key;
	swim_box_unpin(other);
	return key;
}

static u32 sum(struct swim_buf *buf)
{
	struct swim_slice slice;
	u32 total = 0, i, *value;

	for (;;) {
		if (swim_buf_pin(buf, &slice))
			return 0;
		for (i = 0; i < slice.len; i++) {
			value = swim_slice_at(&slice, i);
			total += *value;
		}
		swim_buf_unpin(buf);
		if (slice.len)
			break;
	}
	return total;
}

static u64 typed_slice(struct flow_buf *buf)
{
	struct flow_slice slice;
	struct flow *flow;
	u64 bytes;

	if (flow_buf_pin(buf, &slice))
		return 0;
	flow = flow_slice_at(&slice, 0);
	bytes = flow ? flow->bytes : 0;
	flow_buf_unpin(buf);
	if (flow_buf_pin(buf, &slice))
		return 0;
	flow = slice.at;
	bytes += flow->bytes;
	flow_buf_unpin(buf);
	return bytes;
}

static int in_a_block(struct swim_box *box, struct swim_box *other)
{
	struct node *node;
	u32 key = 0;

	swim_box_pinned(node, box) {
		key = node->key;
		if (key)
			return node->values[0];
		node->key = 1;
	}
	if (IS_ERR(node))
		return PTR_ERR(node);
	swim_box_pinned(node, other)
		key += node->key;
	return PTR_ERR_OR_ZERO(node) ?: key;
}
