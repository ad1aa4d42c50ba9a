// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clone: make another of a structure, in any hold.
 *
 *	1	copy it along a trail (trail.h), which keeps its objects as they are meanwhile.
 *		Each copy is made a value of its own (adopt): what is counted counts it
 *	2a	if that fails: take that back, let the objects go, give the copies back
 *	2b	else: the new lease leads to the root's copy. Then from the last step to the first
 *		the copy gets its tag, and the object is let go
 */
#include <linux/export.h>

#include <swimmem/counted.h>
#include <swimmem/stow.h>

#include "../compat.h"
#include "trail.h"

/* The values in a step's copy. */
struct values {
	const struct swim_type *type;
	void *first;
	u32 count;
};

static struct values values_of(const struct swim_step *step)
{
	const struct swim_body *body = swim_step_body(step);
	const bool buf = swim_meta_is_buf(body->meta);

	return (struct values){
		.type = swim_meta_type(body->meta),
		.first = step->new + swim_body_front(body, step->kind),
		.count = buf ? body->len : 1,
	};
}

/* A counted lease in a copy counts from here on. */
static int count(void *slot, enum swim_lease_kind kind)
{
	struct swim_cell *cell = ((struct swim_hard *)slot)->cell;
	bool last;

	if (!cell)
		return 0;
	if (kind == SWIM_KIND_MUT)
		return -SWIM_EUNSUPPORTED;
	return swim_cell_turn(cell, kind, kind, false, &last);
}

/* The first @n leases in a value do not count any more. */
static void discount(const struct swim_type *type, void *value, unsigned int n)
{
	while (n--) {
		const u32 part = type->part[n];

		if (!swim_part_is_exclusive(part) && *swim_slot_object(swim_part(value, part)))
			__swim_counted_drop(swim_part(value, part), swim_part_kind(part));
	}
}

static void disown_value(const struct swim_type *type, void *value)
{
	unsigned int n;

	/* What these lead to is the original's, or has gone already: it is not told of that. */
	for (n = 0; n < type->parts; n++)
		if (swim_part_is_exclusive(type->part[n]))
			*swim_slot_object(swim_part(value, type->part[n])) = NULL;
	if (type->ops && type->ops->drop)
		type->ops->drop(value);
	discount(type, value, type->parts);
}

static int adopt_value(const struct swim_type *type, void *value, const void *of, gfp_t gfp)
{
	unsigned int n;
	int err = 0;

	for (n = 0; n < type->parts && !err; n++)
		if (!swim_part_is_exclusive(type->part[n]))
			err = count(swim_part(value, type->part[n]),
				    swim_part_kind(type->part[n]));
	if (err)
		n--;
	else if (type->ops && type->ops->clone)
		err = type->ops->clone(value, of, gfp);
	if (err)
		discount(type, value, n);
	return err;
}

/* Back to bytes that mean nothing. */
static void disown(const struct swim_step *step, u32 count)
{
	const struct values values = values_of(step);

	if (!values.type)
		return;
	while (count--)
		disown_value(values.type, values.first + count * values.type->size);
}

/* Make the values in a copy values of their own: all or none. */
static int adopt(const struct swim_step *step, gfp_t gfp)
{
	const struct values values = values_of(step);
	const struct swim_type *type = values.type;
	size_t offset = 0;
	u32 n;
	int err;

	if (!type)
		return 0;
	if (type->ops && type->ops->drop && !type->ops->clone)
		return -SWIM_EUNSUPPORTED;
	for (n = 0; n < values.count; n++, offset += type->size) {
		const void *of = step->old + (values.first + offset - step->new);

		err = adopt_value(type, values.first + offset, of, gfp);
		if (err) {
			swim_step(CLONE_DISOWN);
			disown(step, n);
			return err;
		}
	}
	return 0;
}

/* Give a step's copy back, and let its object go. */
static void give_up(const struct swim_step *step)
{
	swim_release_object(step->new, swim_step_where(step->to), swim_step_size(step));
	if (step->kind != SWIM_TAG_COUNTED)
		__swim_unpin(swim_step_source(step), step->kind);
}

static struct swim_step *adopted(struct swim_trail *trail, struct swim_step *step)
{
	int err;

	if (IS_ERR(step))
		return step;
	err = adopt(step, trail->gfp);
	if (!err) {
		swim_step(CLONE_ADOPT);
		return step;
	}
	give_up(swim_trail_back(trail));
	return ERR_PTR(err);
}

static struct swim_step *clone_enter(struct swim_trail *trail, struct swim_step *up, void *slot,
				     u32 part)
{
	/* What is counted is shared. */
	if (!swim_part_is_exclusive(part))
		return NULL;
	return adopted(trail, swim_trail_exclusive(trail, up, slot, swim_part_tag(part)));
}

static const struct swim_trail_ops clone_ops = { .enter = clone_enter };

static void undo(struct swim_trail *trail)
{
	struct swim_step *step;

	swim_step(CLONE_UNDO);
	while ((step = swim_trail_back(trail))) {
		disown(step, values_of(step).count);
		give_up(step);
	}
}

/* The new lease leads to the copy of the root: an exclusive one. */
static void publish(struct swim_trail *trail, const struct swim_step *root, void *to)
{
	struct swim_body *body;

	if (root->kind == SWIM_TAG_OWNED) {
		const struct swim_body *of = swim_body_of(root->slot, root->old, root->kind);

		body = swim_body_of(to, root->new, root->kind);
		body->meta = trail->meta;
		if (swim_meta_is_buf(of->meta)) {
			body->len = of->len;
			body->cap = of->cap;
		}
	}
	/* A reader that finds the copy finds it whole. */
	smp_store_release(swim_slot_object(to), root->new);
	swim_step(CLONE_PUBLISH);
}

/* @to: the new lease, or its cell. */
static void finish(struct swim_trail *trail, void *to)
{
	const enum swim_tag_kind kind = trail->room[0].kind;
	struct swim_step *step;

	if (kind != SWIM_TAG_COUNTED)
		publish(trail, trail->room, to);
	while ((step = swim_trail_back(trail))) {
		swim_tag_write(swim_tag_of(step->new),
			       swim_tag_owned(step->up ? step->slot : to, step->kind));
		swim_step(CLONE_FINISH);
		if (step->kind != SWIM_TAG_COUNTED)
			__swim_unpin(swim_step_source(step), step->kind);
	}
}

static int follow(struct swim_trail *trail, struct swim_step *root)
{
	int err;

	root = adopted(trail, root);
	if (IS_ERR(root))
		return PTR_ERR(root);
	err = swim_trail_follow(trail, root);
	if (err)
		undo(trail);
	return err;
}

static int clone_exclusive(void *to, struct swim_trail *trail, void *from,
			   enum swim_tag_kind kind)
{
	int err = follow(trail, swim_trail_exclusive(trail, NULL, from, kind));

	if (!err)
		finish(trail, to);
	return err;
}

/* Of what a Ref or a Mut keeps. */
static struct swim_step *begin_counted(struct swim_trail *trail, struct swim_ref *from)
{
	struct swim_step *step = swim_trail_add(trail, NULL, from, SWIM_TAG_COUNTED);
	int err;

	step->old = *swim_cell_object(from->cell);
	err = swim_trail_copy(step);
	return err ? ERR_PTR(err) : step;
}

static int clone_counted(struct swim_cell **to, enum swim_lease_kind kind,
			 struct swim_trail *trail, struct swim_ref *from)
{
	struct swim_cell *cell = swim_cell_alloc(trail->gfp);
	int err;

	if (!cell)
		return -SWIM_ENOMEM;
	err = follow(trail, begin_counted(trail, from));
	if (err) {
		swim_cell_free(cell);
		return err;
	}
	/* Both as in swim_counted_own(). */
	WRITE_ONCE(*swim_cell_object(cell), trail->room[0].new);
	atomic_long_set_release(&cell->status, swim_weight(kind));
	finish(trail, cell);
	*to = cell;
	return 0;
}

/* Nobody writes to it meanwhile. */
static int clone_hard(struct swim_cell **to, enum swim_lease_kind kind, struct swim_trail *trail,
		      struct swim_hard *from)
{
	struct swim_ref ref = {};
	int err = swim_hard_poll_to_ref(&ref, from);

	if (err)
		return err;
	err = clone_counted(to, kind, trail, &ref);
	swim_ref_drop(&ref);
	return err;
}

/**
 * __swim_clone - make another of what a lease leads to, and of all that this owns
 * @to: a lease, empty
 * @to_kind: of it: as @from, or where that is Hard, Ref or Mut any of these
 * @from: the lease, owned by the caller
 * @from_kind: of it
 * @hold: where the clone lives
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * What exclusive leases lead to is cloned as well, in the order of the structure; counted
 * leases are cloned as leases, so what they lead to is shared. Each object is kept until all
 * are copied: who else asks for one meanwhile hears that it is in use.
 *
 * Context: Any but NMI, as @gfp allows. The time is proportional to what is cloned.
 * Return: 0; -EEXIST when @to owns something; -ENOENT when @from owns nothing; -EINVAL without
 * leases or hold; -EBUSY when something of it is pinned, or for a Hard has a Mut; -EINPROGRESS
 * and -EAGAIN as of swim_hard_poll_to_ref(); -EOPNOTSUPP when a type in it has something to do
 * when it is dropped and nothing when it is cloned, or there is a Mut in it; -EOVERFLOW,
 * -ERANGE, -EUSERS when a count of something in it is at its limit; -ENOMEM; -E2BIG; what a
 * type's clone returns. On an error nothing has changed. (Model: clone into hold)
 */
int __swim_clone(void *to, enum swim_lease_kind to_kind, void *from,
		 enum swim_lease_kind from_kind, struct swim_hold *hold, gfp_t gfp)
{
	struct swim_trail trail = {
		.ops = &clone_ops,
		.hold = hold,
		.gfp = gfp,
	};

	if (unlikely(!to || !from || IS_ERR_OR_NULL(hold)))
		return -SWIM_EMISALIGNED;
	/* Whatever kinds of lease they are, these are their first words. */
	if (unlikely(!READ_ONCE(*swim_slot_object(from))))
		return -SWIM_ECLEARED;
	if (unlikely(READ_ONCE(*swim_slot_object(to))))
		return -SWIM_EOCCUPIED;
	swim_trail_begin(&trail);
	switch (from_kind) {
	case SWIM_KIND_RAW:
	case SWIM_KIND_PTR:
		return clone_exclusive(to, &trail, from, swim_kind_tag(from_kind));
	case SWIM_KIND_HARD:
		return clone_hard(to, to_kind, &trail, from);
	default:
		return clone_counted(to, to_kind, &trail, from);
	}
}
EXPORT_SYMBOL_GPL(__swim_clone);
