// SPDX-License-Identifier: GPL-2.0-only
/*
 * Evacuate: what happens at the end of a scope to the objects that are left in its hold.
 *
 * What a lease outside of the hold owns is the root of a structure, and is stowed; so first all
 * that exclusive leases own, then what counted leases, which may be anywhere, still own. What
 * stays then is pinned, has no lease, did not fit into the other hold, or has an extent of its
 * own: it is reported.
 *
 * The scope is the hold's only user, and the leases are not used meanwhile. If somebody breaks
 * this nothing is lost: he may hear that something is in use, or be reported.
 */
#include <linux/preempt.h>
#include <linux/sched.h>

#include <swimmem/counted.h>

#include "../alloc/pack.h"
#include "../compat.h"
#include "../lease/cell.h"
#include "evacuate.h"
#include "stow.h"
#include "walk.h"

/* Rounds over hunks that somebody else has. */
#define TRIES		16
#define TRIES_ATOMIC	2	/* no other CPU closes its hunk meanwhile */

/**
 * struct evacuation - what is done with each object
 * @is_inside: does memory belong to the hold?
 * @from: the hold
 * @to: where its objects go
 * @gfp: how that one may grow
 * @counted: what counted leases own, or what exclusive ones do?
 */
struct evacuation {
	bool (*is_inside)(struct swim_hold *hold, const void *at);
	struct swim_hold *from;
	struct swim_hold *to;
	gfp_t gfp;
	bool counted;
};

/* Have a Hard lease of what the cell in a tag leads to, if that is the object. */
static bool lease_of(struct swim_hard *hard, struct swim_cell *cell, void *object)
{
	bool last;

	if (!swim_cell_is(cell) ||
	    swim_cell_turn(cell, SWIM_KIND_SOFT, SWIM_KIND_HARD, false, &last))
		return false;
	hard->cell = cell;
	if (READ_ONCE(*swim_cell_object(cell)) == object)
		return true;
	swim_hard_drop(hard);
	return false;
}

/* Stow an object if it is a root; what becomes of it its tag says. */
static void consider(const struct evacuation *out, void *object)
{
	unsigned long value = swim_tag_read(swim_tag_of(object));
	struct swim_hard hard = {};
	struct swim_buf lease;

	if (!swim_tag_is_owned(value) || swim_tag_is_pinned(value) ||
	    out->counted != (swim_tag_kind(value) == SWIM_TAG_COUNTED))
		return;
	if (out->counted) {
		if (!lease_of(&hard, swim_tag_slot(value), object))
			return;
		if (!swim_stow(&hard, SWIM_TAG_COUNTED, out->to, out->gfp))
			swim_step(SCOPE_STOW_COUNTED);
		swim_hard_drop(&hard);
		return;
	}
	if (!out->is_inside(out->from, swim_tag_slot(value)) &&
	    swim_owned_peek(object, value, &lease) &&
	    !swim_stow(swim_tag_slot(value), swim_tag_kind(value), out->to, out->gfp))
		swim_step(SCOPE_STOW);
}

static bool is_in_pool(struct swim_hold *hold, const void *at)
{
	struct swim_pool *pool = swim_pool_of(hold);
	struct swim_frame *frame = swim_pool_frame(pool, at);

	return frame && READ_ONCE(frame->pool) == pool;
}

/* false when a hunk was passed over, for a mover had it, or a CPU; not if it waits for readers. */
static bool pool_round(struct swim_pool *pool, const struct evacuation *out)
{
	struct swim_frame *frame;
	struct swim_walk walk;
	bool all = true;
	u32 number;

	swim_for_each_frame(pool, number, frame) {
		if (!swim_hunk_hold(frame, pool)) {
			all &= !(READ_ONCE(frame->pool) == pool && atomic_read(&frame->live) &&
				 swim_stepped(SCOPE_PASS_OVER));
			continue;
		}
		swim_walk_begin(&walk, pool, frame);
		do {
			if (walk.at >= walk.end)
				break;
			consider(out, swim_walk_object(&walk));
		} while (swim_walk_next(&walk));
		if (swim_hunk_unhold(frame, 0))
			swim_hunk_put(swim_frame_hunk(pool, frame));
	}
	return all;
}

/**
 * swim_pool_evacuate - stow what leases own into another hold
 * @pool: belongs to a scope
 * @to: where to
 * @gfp: how that one may grow; where it may sleep, every CPU's hunk is looked at
 */
void swim_pool_evacuate(struct swim_pool *pool, struct swim_hold *to, gfp_t gfp)
{
	struct evacuation out = {
		.is_inside = is_in_pool,
		.from = &pool->hold,
		.to = to,
		.gfp = gfp,
	};

	const bool may_sleep = gfpflags_allow_blocking(gfp);
	unsigned int tries;
	bool all;

	for (tries = 0; tries < (may_sleep ? TRIES : TRIES_ATOMIC); tries++) {
		if (may_sleep)
			swim_pool_flush(pool);
		else
			swim_pool_flush_local(pool);
		out.counted = false;
		all = pool_round(pool, &out);
		out.counted = true;
		all &= pool_round(pool, &out);
		/* Between its steps, too, a run has a hunk open, and objects in there. */
		if (all || pool->hold.ops->is_empty(&pool->hold) ||
		    !swim_clean_stop(pool, may_sleep))
			break;
		swim_clean_unlock(pool);
		swim_step(SCOPE_WAIT);
		/* Who only looks has a hunk for a moment. */
		if (may_sleep && tries)
			schedule_timeout_uninterruptible(1);
	}
}

static bool is_in_pack(struct swim_hold *hold, const void *at)
{
	struct swim_pack *pack = container_of(hold, struct swim_pack, hold);

	return at >= (void *)pack->memory && at < (void *)pack + pack->end * SWIM_PACK_UNIT;
}

/* Bytes of what is behind a tag in a pack, which says so or names a lease; below 0 if neither. */
static long pack_size(void *object, unsigned long value)
{
	struct swim_buf lease;

	if (swim_tag_is_owned(value))
		return swim_owned_peek(object, value, &lease) ?
		       (long)swim_owned_size(object, value, &lease) : -1;
	return swim_tag_kind(value) == SWIM_TAG_SIZED ?
	       (long)swim_tag_size(value & ~(~0UL << SWIM_TAG_SIZED_BITS)) : -1;
}

static void pack_round(struct swim_pack *pack, const struct evacuation *out)
{
	size_t at = 0;
	long size;

	/* The mark may go back over what is stowed. */
	while (at < swim_pack_used(pack)) {
		void *object = pack->memory + at + SWIM_TAG_SLOT;
		unsigned long value = swim_tag_read(swim_tag_of(object));

		size = pack_size(object, value);
		if (size < 0)
			return;
		at += SWIM_TAG_SLOT + size;
		consider(out, object);
	}
}

/**
 * swim_pack_evacuate - stow what leases own into another hold
 * @pack: belongs to a scope
 * @to: where to
 * @gfp: how that one may grow
 */
void swim_pack_evacuate(struct swim_pack *pack, struct swim_hold *to, gfp_t gfp)
{
	struct evacuation out = {
		.is_inside = is_in_pack,
		.from = &pack->hold,
		.to = to,
		.gfp = gfp,
	};

	pack_round(pack, &out);
	out.counted = true;
	pack_round(pack, &out);
}

/**
 * swim_evacuate - stow what is left in a hold into another one, report the rest
 * @from: belongs to a scope that has ended
 * @to: the next outer hold, or NULL
 *
 * Context: Any but NMI. Sleeps where the caller may, as far as that can be known.
 */
void swim_evacuate(struct swim_hold *from, struct swim_hold *to)
{
	const gfp_t gfp = preemptible() ? GFP_KERNEL : GFP_NOWAIT;

	if (to)
		from->ops->evacuate(from, to, gfp | __GFP_NOWARN);
	if (!from->ops->is_empty(from))
		from->ops->leak(from);
}
