/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trail: the way through a structure of which a copy is made elsewhere, for stow and clone.
 *
 * The way goes depth first, parents before their children, so that is how the copies are laid.
 * Each object is a step of the trail: what it was and what it is a copy of stands there, so
 * the way up needs neither recursion nor the objects, and the way back, to finish or to undo,
 * is a walk over the steps from the last one on.
 *
 * While a step is on the trail its object is kept as it is: an exclusive one is pinned, a
 * counted one is busy (stow), or has a Ref (clone). The copy is nobody's, its tag unwritten;
 * the leases in it lead to the copies of the children already.
 */
#ifndef SWIMMEM_COMPACT_TRAIL_H
#define SWIMMEM_COMPACT_TRAIL_H

#include "../lease/cell.h"
#include "../lease/lease.h"

/**
 * struct swim_step - an object and its copy
 * @old: the object
 * @new: its copy
 * @up: step of the parent; NULL for the root
 * @trail: on which it is
 * @slot: the lease that leads to the copy, in the parent's copy; of the root, to the object
 * @element: of the parent, in which the lease stands
 * @part: which of the parts of its type it is
 * @kind: of tag that the lease makes
 * @from: where the object stood: bits of enum swim_step_where
 * @to: where the copy stands
 */
struct swim_step {
	void *old;
	void *new;
	struct swim_step *up;
	struct swim_trail *trail;
	void *slot;
	u32 element;
	u8 part;
	u8 kind;
	u8 from;
	u8 to;
} __aligned(8);

/* A tag names a step as it names a lease. */
static_assert(__alignof__(struct swim_step) > SWIM_TAG_KIND);

/* SWIM_TAG_WHERE in a byte. */
enum swim_step_where {
	SWIM_STEP_APART	 = 1,
	SWIM_STEP_LINKED = 2,
};

/* Steps of a structure that needs no memory for its trail. */
#define SWIM_STEPS_FIRST	4

/**
 * struct swim_steps - some steps, one behind another
 * @before: those in front of them, or NULL
 * @used: how many there are
 * @max: how many there can be
 * @step: the steps
 */
struct swim_steps {
	struct swim_steps *before;
	unsigned int used;
	unsigned int max;
	struct swim_step *step;
};

/* In an extent the steps stand behind it. */
static_assert(sizeof(struct swim_steps) % __alignof__(struct swim_step) == 0);

struct swim_trail;

/**
 * struct swim_trail_ops - what stow and clone do differently
 * @enter: go to a child, and add a step for it: the step, NULL to leave it where it is, or
 *	   ERR_PTR. @slot is the lease in the parent's copy
 */
struct swim_trail_ops {
	struct swim_step *(*enter)(struct swim_trail *trail, struct swim_step *up, void *slot,
				   u32 part);
};

/**
 * struct swim_trail - a way through a structure
 * @ops: of stow or clone
 * @hold: where the copies are made
 * @gfp: how it may grow for them
 * @meta: the root's metadata, when that is beside the pointer
 * @last: the last steps
 * @first: the first ones
 * @room: memory of the first ones
 */
struct swim_trail {
	const struct swim_trail_ops *ops;
	struct swim_hold *hold;
	gfp_t gfp;
	unsigned long meta;
	struct swim_steps *last;
	struct swim_steps first;
	struct swim_step room[SWIM_STEPS_FIRST];
};

void swim_trail_begin(struct swim_trail *trail);
int swim_trail_follow(struct swim_trail *trail, struct swim_step *root);
struct swim_step *swim_trail_add(struct swim_trail *trail, struct swim_step *up, void *slot,
				 enum swim_tag_kind kind);
int swim_trail_copy(struct swim_step *step);
struct swim_step *swim_trail_exclusive(struct swim_trail *trail, struct swim_step *up, void *slot,
				       enum swim_tag_kind kind);
struct swim_step *swim_trail_back(struct swim_trail *trail);

/* The lease that leads to the object itself. */
static inline void *swim_step_source(const struct swim_step *step)
{
	return step->up ? step->up->old + (step->slot - step->up->new) : step->slot;
}

static inline unsigned long swim_step_where(u8 where)
{
	return (where & SWIM_STEP_APART ? SWIM_TAG_APART : 0) |
	       (where & SWIM_STEP_LINKED ? SWIM_TAG_LINKED : 0);
}

/* The metadata, as good as the object's but for where that is. */
static inline struct swim_body *swim_step_body(const struct swim_step *step)
{
	return swim_body_of(step->slot, step->new, step->kind);
}

/* Bytes of the object, and of its copy. */
static inline size_t swim_step_size(const struct swim_step *step)
{
	return swim_body_object_size(swim_step_body(step), step->kind);
}

#endif
