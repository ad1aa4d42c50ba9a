// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that unpin on every way out, or leave that to their caller: pinned.cocci must let all
 * of this pass.
 */
#include <swimmem/swimmem.h>

struct node {
	u32 key;
	struct swim_box next;
};

static int on_every_way(struct swim_box *box)
{
	struct node *node = swim_box_pin(box);
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	err = fill(node);
	if (err) {
		swim_box_unpin(box);
		return err;
	}
	err = check(node);
	if (err)
		goto out;
	node->key = 1;
out:
	swim_box_unpin(box);
	return err;
}

static int the_pin_fails(struct swim_raw *raw)
{
	void *bytes;
	int err = -EINVAL;

	if (!raw)
		goto out;
	bytes = swim_raw_pin(raw);
	if (IS_ERR(bytes)) {
		err = PTR_ERR(bytes);
		goto out;
	}
	err = fill(bytes);
	swim_raw_unpin(raw);
out:
	return err;
}

static int only_if_there(struct swim_ptr_box *box)
{
	struct node *node = swim_ptr_box_pin(box);

	if (!IS_ERR(node)) {
		node->key = 1;
		swim_ptr_box_unpin(box);
	}
	return 0;
}

static int errno_first(struct swim_box *box)
{
	struct node *node = swim_box_pin(box);
	int err = PTR_ERR_OR_ZERO(node);

	if (err)
		return err;
	err = fill(node);
	swim_box_unpin(box);
	if (err)
		return err;
	return 0;
}

static int errno_alone(struct swim_box *box)
{
	struct node *node;
	int err;

	node = swim_box_pin(box);
	err = PTR_ERR_OR_ZERO(node);
	if (!err) {
		err = fill(node);
		swim_box_unpin(box);
	}
	return err;
}

static u32 in_a_loop(struct swim_box *boxes, unsigned int n)
{
	struct node *node;
	unsigned int i;
	u32 total = 0;

	for (i = 0; i < n; i++) {
		node = swim_box_pin(&boxes[i]);
		if (IS_ERR(node))
			continue;
		total += node->key;
		swim_box_unpin(&boxes[i]);
		if (total > 1000)
			return 1000;
	}
	return total;
}

static struct node *handed_over(struct swim_box *box, u32 key)
{
	struct node *node = swim_box_pin(box);

	if (IS_ERR(node))
		return node;
	if (node->key != key) {
		swim_box_unpin(box);
		return NULL;
	}
	return node;
}

static int two(struct swim_box *from, struct swim_box *to)
{
	struct node *a, *b;
	int err = 0;

	a = swim_box_pin(from);
	if (IS_ERR(a))
		return PTR_ERR(a);
	b = swim_box_pin(to);
	if (IS_ERR(b)) {
		err = PTR_ERR(b);
		goto unpin;
	}
	b->key = a->key;
	swim_box_unpin(to);
unpin:
	swim_box_unpin(from);
	return err;
}

static int slice(struct swim_buf *buf, u32 most)
{
	struct swim_slice slice;
	int err;

	err = swim_buf_pin(buf, &slice);
	if (err)
		return err;
	err = slice.len > most ? -EMSGSIZE : check(slice.at);
	swim_buf_unpin(buf);
	if (err)
		return err;
	err = swim_buf_pin(buf, &slice);
	if (!err) {
		slice.len--;
		swim_buf_unpin(buf);
	}
	return err;
}

static bool slice_at_once(struct swim_ptr_buf *buf)
{
	struct swim_slice slice;

	if (swim_ptr_buf_pin(buf, &slice) < 0)
		return false;
	swim_ptr_buf_unpin(buf);
	if (swim_ptr_buf_pin(buf, &slice))
		return false;
	swim_ptr_buf_unpin(buf);
	return true;
}

static int typed(struct flow_box *box)
{
	struct flow *flow = flow_box_pin(box);
	int err;

	if (IS_ERR(flow))
		return PTR_ERR(flow);
	err = flow->bytes ? 0 : -ENODATA;
	flow_box_unpin(box);
	return err;
}

static int in_a_block(struct swim_box *box, struct swim_box *other)
{
	struct node *node = swim_box_pin(other), *below;
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	swim_box_pinned(below, &node->next)
		below->key = node->key;
	err = PTR_ERR_OR_ZERO(below);
	swim_box_unpin(other);
	if (err)
		return err;
	swim_box_pinned(below, box)
		return below->key;
	return PTR_ERR(below);
}

static void text(struct swim_string *name)
{
	u32 n, len;
	char *text = swim_string_pin(name, &len);

	if (!well(PTR_ERR_OR_ZERO(text)))
		return;
	for (n = 0; n < len; n++)
		text[n] = '-';
	swim_string_unpin(name);
}

static int text_begins(struct swim_string *name)
{
	char *text;
	u32 len;

	text = swim_string_pin(name, &len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	len = len ? text[0] : 0;
	swim_string_unpin(name);
	return len;
}
