// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drop: the end of an object with all that it owns, children before parents, however deep:
 * without recursion and without memory.
 *
 * An object that has begun to be dropped has in its tag the lease that owns its parent, and
 * of what kind that is, so the way back up is in the tags. A lease leads to its object, and
 * to its metadata, until all below is dropped: readers find a whole object or none, from the
 * leaves up. Of a buf the last element goes first, and the length shrinks.
 */
#include "../observe/report.h"
#include "cell.h"
#include "lease.h"

/* A lease, and what it leads to; the caller has the object to himself. */
struct node {
	void *slot;
	enum swim_tag_kind kind;
	void *object;
	struct swim_body *body;
};

static struct node node_at(void *slot, enum swim_tag_kind kind)
{
	struct node node = { .slot = slot, .kind = kind };

	if (kind == SWIM_TAG_COUNTED)
		node.object = *swim_cell_object(((struct swim_hard *)slot)->cell);
	else
		node.object = *swim_slot_object(slot);
	node.body = swim_body_of(slot, node.object, kind);
	return node;
}

static void *payload(const struct node *node)
{
	return node->object + swim_body_front(node->body, node->kind);
}

/* Tell the type that its values go. */
static void tell(const struct node *node)
{
	const struct swim_type *type = swim_meta_type(node->body->meta);
	void *value = payload(node);
	u32 n;

	if (!type || !type->ops || !type->ops->drop)
		return;
	if (!swim_meta_is_buf(node->body->meta)) {
		type->ops->drop(value);
		return;
	}
	for (n = 0; n < node->body->len; n++)
		type->ops->drop(value + n * type->size);
}

/* The first lease in a value that owns something. */
static void *child_of(const struct swim_type *type, void *value, u32 *part)
{
	unsigned int n;

	for (n = 0; n < type->parts; n++) {
		void *slot = swim_part(value, type->part[n]);

		/* Whatever kind of lease it is, this is its first word. */
		if (READ_ONCE(*swim_slot_object(slot))) {
			*part = type->part[n];
			return slot;
		}
	}
	return NULL;
}

/* The next lease to drop, or NULL when there is none left. */
static void *next_child(const struct node *node, u32 *part)
{
	const struct swim_type *type = swim_meta_type(node->body->meta);
	void *value = payload(node), *slot;

	if (!type || !type->parts)
		return NULL;
	if (!swim_meta_is_buf(node->body->meta))
		return child_of(type, value, part);
	for (; node->body->len; node->body->len--) {
		slot = child_of(type, value + (node->body->len - 1) * type->size, part);
		if (slot)
			return slot;
	}
	return NULL;
}

/* Take the object of a lease in another that is being dropped; false when it stays. */
static bool enter_exclusive(const struct node *up, void *slot, enum swim_tag_kind kind)
{
	void *object = swim_take(slot, kind, swim_tag_dropping(up->slot, up->kind), 0);

	if (!IS_ERR(object)) {
		swim_step(DROP_CHILD);
		return true;
	}
	swim_report("lease %p dropped with its parent while in use", slot);
	WRITE_ONCE(*swim_slot_object(slot), NULL);	/* rather leak */
	return false;
}

static bool enter_counted(const struct node *up, struct swim_hard *slot, enum swim_lease_kind kind)
{
	struct swim_cell *cell = slot->cell;

	if (swim_cell_put(cell, kind)) {
		swim_tag_write(swim_tag_of(*swim_cell_object(cell)),
			       swim_tag_dropping(up->slot, up->kind));
		swim_step(DROP_COUNTED);
		return true;
	}
	swim_step(DROP_SHARED);
	WRITE_ONCE(slot->cell, NULL);
	return false;
}

/* The memory of a node below which there is nothing left. */
static void leave(const struct node *node)
{
	unsigned long apart = swim_meta_is_apart(node->body->meta);
	size_t size = swim_body_object_size(node->body, node->kind);
	struct swim_cell *cell;

	swim_step(DROP_LEAVE);
	if (node->kind != SWIM_TAG_COUNTED) {
		WRITE_ONCE(*swim_slot_object(node->slot), NULL);
		swim_release_object(node->object, apart, size);
		return;
	}
	cell = ((struct swim_hard *)node->slot)->cell;
	WRITE_ONCE(((struct swim_hard *)node->slot)->cell, NULL);
	WRITE_ONCE(*swim_cell_object(cell), NULL);
	swim_release_object(node->object, apart, size);
	swim_cell_unbusy(cell);
}

/**
 * swim_drop_all - drop what a lease owns, and all below
 * @root: the lease; its object is DROPPING, as of a root
 * @kind: of tag that it makes. Of a counted one the caller has the cell, busy
 */
void swim_drop_all(void *root, enum swim_tag_kind kind)
{
	struct node node = node_at(root, kind);

	tell(&node);
	for (;;) {
		unsigned long up;
		void *child;
		u32 part;

		child = next_child(&node, &part);
		if (child && swim_part_is_exclusive(part)) {
			if (!enter_exclusive(&node, child, swim_part_tag(part)))
				continue;
			node = node_at(child, swim_part_tag(part));
			tell(&node);
			continue;
		}
		if (child) {
			if (!enter_counted(&node, child, swim_part_kind(part)))
				continue;
			node = node_at(child, SWIM_TAG_COUNTED);
			tell(&node);
			continue;
		}
		up = swim_tag_read(swim_tag_of(node.object));
		leave(&node);
		if (node.slot == root)
			return;
		node = node_at(swim_tag_slot(up), swim_tag_kind(up) + 1);
	}
}
