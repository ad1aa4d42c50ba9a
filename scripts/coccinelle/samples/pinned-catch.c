// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways out of a function that leave a lease pinned: each line that pinned.cocci must report is
 * marked.
 */
#include <swimmem/swimmem.h>

struct node {
	u32 key;
	struct swim_box next;
};

static int one_of_two_errors(struct swim_box *box)
{
	struct node *node = swim_box_pin(box);
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	err = fill(node);
	if (err)
		return err;	/* CATCH */
	err = check(node);
	swim_box_unpin(box);
	return err;
}

static int by_a_label(struct swim_raw *raw)
{
	void *bytes;
	int err = 0;

	bytes = swim_raw_pin(raw);
	if (IS_ERR_OR_NULL(bytes))
		return -ENOENT;
	err = fill(bytes);
	if (err)
		goto out;
	err = check(bytes);
	swim_raw_unpin(raw);
out:
	return err;	/* CATCH */
}

static void returns_nothing(struct swim_ptr *ptr)
{
	u8 *bytes;

	bytes = swim_ptr_pin(ptr);
	if (IS_ERR(bytes)) {
		pr_warn("not there\n");
		return;
	}
	if (!bytes[0])
		return;	/* CATCH */
	bytes[0]--;
	swim_ptr_unpin(ptr);
}

static int the_other_one(struct swim_box *from, struct swim_box *to)
{
	struct node *a, *b;

	a = swim_box_pin(from);
	if (IS_ERR(a))
		return PTR_ERR(a);
	b = swim_box_pin(to);
	if (IS_ERR(b))
		return PTR_ERR(b);	/* CATCH */
	b->key = a->key;
	swim_box_unpin(to);
	swim_box_unpin(from);
	return 0;
}

static int in_a_loop(struct swim_box *boxes, unsigned int n)
{
	struct node *node;
	unsigned int i;

	for (i = 0; i < n; i++) {
		node = swim_box_pin(&boxes[i]);
		if (IS_ERR(node))
			continue;
		if (node->key == 42)
			return 1;	/* CATCH */
		swim_box_unpin(&boxes[i]);
	}
	return 0;
}

static int without_a_check(struct swim_ptr_box *box, bool stop)
{
	struct node *node = swim_ptr_box_pin(box);

	if (stop)
		return -EINTR;	/* CATCH */
	node->key = 1;
	swim_ptr_box_unpin(box);
	return 0;
}

static int errno_first(struct swim_box *box)
{
	struct node *node = swim_box_pin(box);
	int err = PTR_ERR_OR_ZERO(node);

	if (err)
		return err;
	err = fill(node);
	if (err)
		return err;	/* CATCH */
	swim_box_unpin(box);
	return 0;
}

static int slice(struct swim_buf *buf, u32 most)
{
	struct swim_slice slice;
	int err;

	err = swim_buf_pin(buf, &slice);
	if (err)
		return err;
	if (slice.len > most)
		return -EMSGSIZE;	/* CATCH */
	err = check(slice.at);
	swim_buf_unpin(buf);
	return err;
}

static int slice_again(struct swim_ptr_buf *buf)
{
	struct swim_slice slice;
	int err;

	err = swim_ptr_buf_pin(buf, &slice);
	if (!err) {
		err = check(slice.at);
		if (err)
			return err;	/* CATCH */
		swim_ptr_buf_unpin(buf);
	}
	return err;
}

static bool slice_at_once(struct swim_buf *buf)
{
	struct swim_slice slice;

	if (swim_buf_pin(buf, &slice))
		return false;
	if (!slice.len)
		return false;	/* CATCH */
	swim_buf_unpin(buf);
	return true;
}

static int typed(struct flow_box *box)
{
	struct flow *flow = flow_box_pin(box);

	if (IS_ERR(flow))
		return PTR_ERR(flow);
	if (!flow->bytes)
		return -ENODATA;	/* CATCH */
	flow->bytes = 0;
	flow_box_unpin(box);
	return 0;
}

static int text(struct swim_string *name)
{
	u32 n, len;
	char *text = swim_string_pin(name, &len);

	if (IS_ERR(text))
		return PTR_ERR(text);
	for (n = 0; n < len; n++)
		if (!text[n])
			return -EINVAL;	/* CATCH */
	swim_string_unpin(name);
	return 0;
}
