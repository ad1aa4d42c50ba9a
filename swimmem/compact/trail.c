// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trail: the way through a structure of which a copy is made. trail.h tells how.
 */
#include <linux/prefetch.h>
#include <linux/string.h>

#include "../alloc/space.h"
#include "../compat.h"
#include "trail.h"

#define STEPS_MORE	((SWIM_FRAME_SIZE - sizeof(struct swim_steps)) / sizeof(struct swim_step))

/* How many steps the way back looks ahead. */
#define AHEAD		16

/**
 * swim_trail_begin - before the first step
 * @trail: its ops, hold and gfp are set
 */
void swim_trail_begin(struct swim_trail *trail)
{
	trail->first = (struct swim_steps){ .max = SWIM_STEPS_FIRST, .step = trail->room };
	trail->last = &trail->first;
}

static struct swim_steps *steps_more(struct swim_trail *trail)
{
	struct swim_steps *steps;
	struct swim_block block;

	if (swim_space_alloc(swim_global_space(), SWIM_FRAME_SIZE, trail->gfp, &block))
		return NULL;
	steps = block.addr;
	*steps = (struct swim_steps){
		.before = trail->last,
		.max = STEPS_MORE,
		.step = block.addr + sizeof(*steps),
	};
	trail->last = steps;
	swim_step(TRAIL_MORE);
	return steps;
}

/**
 * swim_trail_add - another step
 * @trail: any
 * @up: of the parent; NULL for the root
 * @slot: the lease, see struct swim_step
 * @kind: of tag that it makes
 *
 * Return: the step, without an object; NULL when out of memory.
 */
struct swim_step *swim_trail_add(struct swim_trail *trail, struct swim_step *up, void *slot,
				 enum swim_tag_kind kind)
{
	struct swim_steps *steps = trail->last;
	struct swim_step *step;

	if (unlikely(steps->used == steps->max))
		steps = steps_more(trail);
	if (unlikely(!steps))
		return NULL;
	step = &steps->step[steps->used++];
	*step = (struct swim_step){ .up = up, .trail = trail, .slot = slot, .kind = kind };
	return step;
}

/**
 * swim_trail_back - take the last step off the trail
 * @trail: any
 *
 * Return: the step, until the next call; NULL when there is none left.
 */
struct swim_step *swim_trail_back(struct swim_trail *trail)
{
	struct swim_steps *steps = trail->last;
	struct swim_block block;

	if (!steps->used) {
		if (!steps->before)
			return NULL;
		block = (struct swim_block){ steps, SWIM_FRAME_SIZE };
		steps = steps->before;
		trail->last = steps;
		WARN_ON_ONCE(swim_space_free(swim_global_space(), &block));
		swim_step(TRAIL_LESS);
	}
	steps->used--;
	if (steps->used >= AHEAD)
		prefetchw(swim_tag_of(steps->step[steps->used - AHEAD].old));
	return &steps->step[steps->used];
}

static u8 step_where(unsigned long apart)
{
	return (apart & SWIM_TAG_APART ? SWIM_STEP_APART : 0) |
	       (apart & SWIM_TAG_LINKED ? SWIM_STEP_LINKED : 0);
}

/* The type of what an exclusive lease owns, when it is one value. */
static const struct swim_type *type_below(void *slot, void *object, enum swim_tag_kind kind)
{
	unsigned long meta = swim_body_of(slot, object, kind)->meta;

	return swim_meta_is_buf(meta) ? NULL : swim_meta_type(meta);
}

/* Fetch what the leases in a value lead to; @more: and what the leases there do. */
static void prefetch_below(const struct swim_type *type, void *value, bool more)
{
	unsigned int n;

	for (n = 0; n < type->parts; n++) {
		void *slot = swim_part(value, type->part[n]);
		enum swim_tag_kind kind = swim_part_tag(type->part[n]);
		void *object = READ_ONCE(*swim_slot_object(slot));
		const struct swim_type *below;

		if (!object)
			continue;
		prefetchw(swim_tag_of(object));
		/* What has just been moved, or is another lease's by mistake, says nothing. */
		if (!more || kind == SWIM_TAG_COUNTED ||
		    swim_tag_read(swim_tag_of(object)) != swim_tag_owned(slot, kind))
			continue;
		below = type_below(slot, object, kind);
		if (below)
			prefetch_below(below, object + (kind == SWIM_TAG_OWNED ? 0 :
							SWIM_OBJECT_ALIGN), false);
	}
}

/*
 * A step waits for its object's cache line, which was random memory's until now. So that it is
 * there already, fetch it as soon as it is known: when the step of the parent's parent is made,
 * whose children have been fetched for the same reason.
 */
static void prefetch_children(const struct swim_body *body, void *payload)
{
	const struct swim_type *type = swim_meta_type(body->meta);

	if (!type || (swim_meta_is_buf(body->meta) && !body->len))
		return;
	swim_window();
	/* A child may just be moved: where it was stays meanwhile. */
	rcu_read_lock_sched();
	prefetch_below(type, payload, true);
	rcu_read_unlock_sched();
}

/* Bytes of an object in which there is something. */
static size_t filled(const struct swim_body *body, enum swim_tag_kind kind)
{
	if (!swim_meta_is_buf(body->meta))
		return swim_body_object_size(body, kind);
	return swim_body_front(body, kind) + (size_t)body->len * swim_meta_type(body->meta)->size;
}

/**
 * swim_trail_copy - make the copy of a step's object
 * @step: its object is kept
 *
 * Return: 0, -ENOMEM, -E2BIG.
 */
int swim_trail_copy(struct swim_step *step)
{
	struct swim_trail *trail = step->trail;
	const enum swim_tag_kind kind = step->kind;
	const struct swim_body *body = swim_body_of(swim_step_source(step), step->old, kind);
	unsigned long apart, meta;
	void *new;

	new = swim_reserve(trail->hold, swim_body_object_size(body, kind), trail->gfp, &apart);
	if (IS_ERR(new))
		return PTR_ERR(new);
	memcpy(new, step->old, filled(body, kind));
	step->new = new;
	step->from = step_where(swim_meta_is_apart(body->meta));
	step->to = step_where(apart);
	meta = swim_meta_elsewhere(body->meta, apart);
	if (kind != SWIM_TAG_OWNED)
		((struct swim_body *)new)->meta = meta;
	else if (step->up)
		swim_body_of(step->slot, new, kind)->meta = meta;
	else
		trail->meta = meta;
	if (step->up && kind != SWIM_TAG_COUNTED)
		*swim_slot_object(step->slot) = new;
	/* Not the copy's: its leases may lead to what has been moved, and is gone, since then. */
	prefetch_children(body, step->old + swim_body_front(body, kind));
	return 0;
}

/**
 * swim_trail_exclusive - go to what an exclusive lease owns: pin it, and copy it
 * @trail: any
 * @up: step of its parent; NULL for the root
 * @slot: the lease, see struct swim_step
 * @kind: of tag that it makes
 *
 * Return: the step; or ERR_PTR as of the pin, -ENOMEM, -E2BIG.
 */
struct swim_step *swim_trail_exclusive(struct swim_trail *trail, struct swim_step *up, void *slot,
				       enum swim_tag_kind kind)
{
	struct swim_step *step = swim_trail_add(trail, up, slot, kind);
	void *source;
	int err;

	if (!step)
		return ERR_PTR(-SWIM_ENOMEM);
	source = swim_step_source(step);
	step->old = __swim_pin(source, kind);
	if (IS_ERR(step->old)) {
		swim_step(TRAIL_REFUSED);
		err = PTR_ERR(step->old);
	} else {
		swim_step(TRAIL_PIN);
		err = swim_trail_copy(step);
		if (!err)
			return step;
		__swim_unpin(source, kind);
	}
	swim_trail_back(trail);
	return ERR_PTR(err);
}

/**
 * struct place - where on the way through an object's leases
 * @element: which value
 * @part: which lease in it
 */
struct place {
	u32 element;
	unsigned int part;
};

/* The next lease in a copy that is not empty, or NULL. */
static void *next_part(const struct swim_step *step, struct place *at, u32 *part)
{
	const struct swim_body *body = swim_step_body(step);
	const struct swim_type *type = swim_meta_type(body->meta);
	u32 count = swim_meta_is_buf(body->meta) ? body->len : 1;
	void *values = step->new + swim_body_front(body, step->kind);

	if (!type || !type->parts)
		return NULL;
	for (; at->element < count; at->element++, at->part = 0) {
		void *value = values + (size_t)at->element * type->size;

		for (; at->part < type->parts; at->part++) {
			void *slot = swim_part(value, type->part[at->part]);

			if (*swim_slot_object(slot)) {
				*part = type->part[at->part];
				return slot;
			}
		}
	}
	return NULL;
}

/**
 * swim_trail_follow - go the whole way
 * @trail: any
 * @root: its first step
 *
 * Return: 0, or the errno of a child that could not be entered.
 */
int swim_trail_follow(struct swim_trail *trail, struct swim_step *root)
{
	struct swim_step *step = root, *child;
	struct place at = {};
	void *slot;
	u32 part;

	for (;;) {
		slot = next_part(step, &at, &part);
		if (!slot) {
			if (!step->up)
				return 0;
			at = (struct place){ step->element, step->part + 1 };
			step = step->up;
			continue;
		}
		child = trail->ops->enter(trail, step, slot, part);
		if (IS_ERR(child))
			return PTR_ERR(child);
		if (!child) {
			at.part++;
			continue;
		}
		child->element = at.element;
		child->part = at.part;
		step = child;
		at = (struct place){};
	}
}
