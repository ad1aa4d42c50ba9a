// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stow: move a structure, the object of a lease with all that it owns, into another hold.
 *
 *	1	copy it along a trail (trail.h); each object is kept meanwhile, and stays as it is
 *	2a	if that fails: let the objects go again, give the copies back
 *	2b	else: the root's lease leads to its copy from now on (P). Then from the last step
 *		to the first: the copy gets its tag, the object is dead
 *
 * (P) release; pairs with the address dependency of readers. They see the old structure or the
 *     new one, each whole. What is dead stays for those in the old one, for as long as
 *     swim_hunk_put() says.
 *
 * Children get their tags before their parents: a mover that takes a parent's copy with its
 * tag finds the leases in it known to the children.
 *
 * A counted object is entered by the first Hard lease on the way that leads to it. Its cell is
 * busy until its copy has its tag, and meanwhile its own tag names the step. Whoever comes to it
 * again finds it busy, and by the step whether it is on his own trail.
 */
#include <linux/export.h>

#include <swimmem/stow.h>

#include "../compat.h"
#include "stow.h"
#include "trail.h"

/* The trail on which a counted object is, or NULL when it is on none. */
static const struct swim_trail *trail_of(struct swim_cell *cell)
{
	void *object = READ_ONCE(*swim_cell_object(cell));
	unsigned long word, value = SWIM_TAG_UNWRITTEN;
	struct swim_step step = {};

	/* The object and the step may go, or be something else by now. */
	if (object && swim_peek(swim_tag_of(object), &word, sizeof(word)) && word)
		value = swim_tag_mangle(swim_tag_of(object), word);
	if (!swim_tag_is_dropping(value) ||
	    !swim_peek(swim_tag_slot(value), &step, sizeof(step)) || step.old != object)
		return NULL;
	return step.trail;
}

/* Make the cell busy, and its object's tag name the step. */
static bool keep(struct swim_step *step, struct swim_cell *cell)
{
	unsigned long flags;
	bool kept;

	/* Who finds it busy finds the step: in an interrupt he could not wait for that. */
	local_irq_save(flags);
	kept = swim_cell_busy(cell);
	if (kept) {
		swim_window();
		step->old = *swim_cell_object(cell);
		swim_tag_write(swim_tag_of(step->old), swim_tag_dropping(step, SWIM_TAG_OWNED));
	}
	local_irq_restore(flags);
	if (kept)
		swim_step(STOW_KEEP);
	return kept;
}

/* Let it go, at its old place or at the new one. */
static void let_go(struct swim_cell *cell, void *object)
{
	unsigned long flags;

	/* As above: who finds it busy, and no step, waits. */
	local_irq_save(flags);
	/* As (P), for those who get a Ref next. */
	smp_store_release(swim_cell_object(cell), object);
	swim_window();
	swim_tag_write(swim_tag_of(object), swim_tag_owned(cell, SWIM_TAG_COUNTED));
	swim_cell_unbusy(cell);
	local_irq_restore(flags);
	swim_step(STOW_LET_GO);
	swim_cell_wake(cell);
}

/* Why a counted object could not be kept; 0 to try again. */
static int refuse(const struct swim_trail *trail, struct swim_cell *cell)
{
	unsigned long status = atomic_long_read(&cell->status);
	const struct swim_trail *other;

	if (swim_status_ref(status) || swim_status_mut(status)) {
		swim_step(STOW_ALIASED);
		return -SWIM_EALIASED;
	}
	if (!(status & SWIM_BUSY)) {
		swim_step(STOW_AGAIN);
		return 0;
	}
	other = trail_of(cell);
	if (other) {
		if (other == trail)
			swim_step(STOW_TWICE);
		else
			swim_step(STOW_OTHER);
		return other == trail ? -SWIM_EOCCUPIED : -SWIM_ERELOCATING;
	}
	swim_step(STOW_ASK);
	/* Somebody has it with interrupts off: not for long. */
	swim_cell_ask(cell);
	return 0;
}

static struct swim_step *enter_counted(struct swim_trail *trail, struct swim_step *up, void *slot)
{
	struct swim_cell *cell = ((struct swim_hard *)slot)->cell;
	struct swim_step *step = swim_trail_add(trail, up, slot, SWIM_TAG_COUNTED);
	int err = 0;

	if (!step)
		return ERR_PTR(-SWIM_ENOMEM);
	while (!keep(step, cell)) {
		swim_window();
		err = refuse(trail, cell);
		if (err)
			goto leave;
	}
	err = swim_trail_copy(step);
	if (!err)
		return step;
	let_go(cell, step->old);
leave:
	swim_trail_back(trail);
	/* It is on the way already. */
	return err == -SWIM_EOCCUPIED ? NULL : ERR_PTR(err);
}

static struct swim_step *stow_enter(struct swim_trail *trail, struct swim_step *up, void *slot,
				    u32 part)
{
	switch (swim_part_kind(part)) {
	case SWIM_KIND_RAW:
	case SWIM_KIND_PTR:
		return swim_trail_exclusive(trail, up, slot, swim_part_tag(part));
	case SWIM_KIND_HARD:
		return enter_counted(trail, up, slot);
	case SWIM_KIND_SOFT:
		return NULL;
	default:
		/* It keeps the object where it is. */
		return ERR_PTR(-SWIM_EALIASED);
	}
}

static const struct swim_trail_ops stow_ops = { .enter = stow_enter };

static struct swim_cell *step_cell(const struct swim_step *step)
{
	return ((struct swim_hard *)step->slot)->cell;
}

/* Everything is back where it was. */
static void unstow(struct swim_trail *trail)
{
	struct swim_step *step;

	swim_step(STOW_UNDO);
	while ((step = swim_trail_back(trail))) {
		swim_release_object(step->new, swim_step_where(step->to), swim_step_size(step));
		if (step->kind == SWIM_TAG_COUNTED)
			let_go(step_cell(step), step->old);
		else
			__swim_unpin(swim_step_source(step), step->kind);
	}
}

/* The lease of the root, an exclusive one, leads to the copy. */
static void publish(struct swim_trail *trail, const struct swim_step *root)
{
	struct swim_body *body = swim_body_of(root->slot, root->old, root->kind);

	/* Whoever walks finds its size, and no lease to look at. */
	swim_tag_write(swim_tag_of(root->old),
		       swim_body_sized(body, root->kind, SWIM_TAG_TAKEN));
	if (root->kind == SWIM_TAG_OWNED)
		body->meta = trail->meta;
	/* (P) */
	smp_store_release(swim_slot_object(root->slot), root->new);
	swim_step(STOW_PUBLISH);
}

static void finish(struct swim_trail *trail)
{
	struct swim_step *step = trail->room;

	if (step->kind != SWIM_TAG_COUNTED)
		publish(trail, step);
	while ((step = swim_trail_back(trail))) {
		const size_t size = swim_step_size(step);

		if (step->kind == SWIM_TAG_COUNTED)
			let_go(step_cell(step), step->new);
		else
			swim_tag_write(swim_tag_of(step->new),
				       swim_tag_owned(step->slot, step->kind));
		swim_step(STOW_FINISH);
		swim_retire_object(step->old, swim_step_where(step->from), size);
	}
}

/**
 * swim_stow - move what a lease owns, and all that this owns, into another hold
 * @slot: the lease
 * @kind: of tag that it makes
 * @hold: where to
 * @gfp: what to do when the hold must grow for it
 */
int swim_stow(void *slot, enum swim_tag_kind kind, struct swim_hold *hold, gfp_t gfp)
{
	struct swim_trail trail = {
		.ops = &stow_ops,
		.hold = hold,
		.gfp = gfp,
	};
	struct swim_step *root;
	int err;

	swim_trail_begin(&trail);
	root = kind == SWIM_TAG_COUNTED ? enter_counted(&trail, NULL, slot) :
					  swim_trail_exclusive(&trail, NULL, slot, kind);
	if (IS_ERR(root))
		return PTR_ERR(root);
	err = swim_trail_follow(&trail, root);
	if (err)
		unstow(&trail);
	else
		finish(&trail);
	return err;
}

/**
 * __swim_stow - move what a lease owns, and all that this owns, into another hold
 * @slot: the lease, owned by the caller
 * @kind: of it: Raw, Ptr or Hard
 * @hold: where to; may be the hold where it is
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * What exclusive and Hard leases lead to is moved, in the order of the structure; what only
 * Soft ones lead to stays. Each object is kept until all are copied: who else asks for one
 * meanwhile hears that it is in use, or relocating. Readers go on, in the old place until
 * all is done. An object that others have Hard leases of as well is moved for them too.
 *
 * Context: Any but NMI, as @gfp allows. The time is proportional to what is moved.
 * Return: 0; -ENOENT when the lease owns nothing; -EINVAL without lease or hold; -EBUSY when
 * something of it is pinned, or has a Mut or a Ref; -EINPROGRESS when somebody else is
 * stowing something of it; -ENOMEM; -E2BIG for more than the hold can ever give. On an error
 * nothing has changed. (Model: stow)
 */
int __swim_stow(void *slot, enum swim_lease_kind kind, struct swim_hold *hold, gfp_t gfp)
{
	if (unlikely(!slot || IS_ERR_OR_NULL(hold)))
		return -SWIM_EMISALIGNED;
	/* Whatever kind of lease it is, this is its first word. */
	if (unlikely(!READ_ONCE(*swim_slot_object(slot))))
		return -SWIM_ECLEARED;
	return swim_stow(slot, swim_kind_tag(kind), hold, gfp);
}
EXPORT_SYMBOL_GPL(__swim_stow);
