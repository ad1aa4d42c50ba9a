// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grip: what a buf and a string have in common: an array that one caller has to himself.
 *
 * Each operation takes hold of it: pinned through an exclusive lease, or through a Mut, of
 * which there is one. Then it is an object with len, cap and elements, wherever these stand.
 * When it has to be larger the object's end moves if it is the newest of its hunk; else the
 * elements go to a new object, twice as large if there is memory for that, and their children
 * are told (rehome.c).
 */
#include <linux/export.h>
#include <linux/string.h>

#include "../lease/cell.h"
#include "../lease/ptr.h"
#include "../lease/raw.h"
#include "grip.h"

/* The least that an array grows to: so many elements, and bytes. */
#define CAP_MIN		4U
#define BYTES_MIN	16U

static_assert(ALIGN(sizeof(struct swim_body), SWIM_OBJECT_ALIGN) == SWIM_BUF_FRONT);

static void grip_look(struct swim_grip *grip)
{
	grip->body = swim_body_of(grip->slot, grip->object, grip->kind);
	grip->type = swim_meta_type(grip->body->meta);
}

static bool is_text(const struct swim_grip *grip)
{
	return grip->type == &swim_text_type;
}

/**
 * swim_grip_take - take hold of an array
 * @grip: of it, until swim_grip_let_go()
 * @slot: the lease
 * @kind: of lease: a Raw or a Ptr is pinned by it
 * @text: must it be that of a string? else it must not be
 *
 * Return: 0; -ENOENT when the lease owns nothing; -EINVAL without a lease, or when it owns
 * something else; or the errno of the pin.
 */
int swim_grip_take(struct swim_grip *grip, void *slot, enum swim_lease_kind kind, bool text)
{
	if (unlikely(!slot))
		return -SWIM_EMISALIGNED;
	grip->kind = swim_kind_tag(kind);
	if (grip->kind == SWIM_TAG_COUNTED) {
		/* Whichever counted lease it is, it is a cell's address. */
		grip->slot = ((struct swim_mut *)slot)->cell;
		grip->object = grip->slot ? *swim_cell_object(grip->slot) :
					    ERR_PTR(-SWIM_ECLEARED);
	} else {
		grip->slot = slot;
		grip->object = __swim_pin(slot, grip->kind);
	}
	if (IS_ERR(grip->object))
		return PTR_ERR(grip->object);
	grip_look(grip);
	if (swim_meta_is_buf(grip->body->meta) && is_text(grip) == text)
		return 0;
	swim_grip_let_go(grip);
	return -SWIM_EMISALIGNED;
}

/**
 * swim_grip_pin - take hold of an array for a client, until he lets go of its lease
 * @grip: of it
 * @slot: the lease
 * @kind: of lease: a Raw or a Ptr is pinned by it
 * @text: is it a string?
 *
 * Return: as swim_grip_take().
 */
int swim_grip_pin(struct swim_grip *grip, void *slot, enum swim_lease_kind kind, bool text)
{
	int err = swim_grip_take(grip, slot, kind, text);

	if (kind > SWIM_KIND_PTR)
		return err;
	if (!err)
		swim_pin_enter();
	else if (err == -SWIM_EALIASED)
		swim_pin_again(slot);
	return err;
}

/* The tag of the object while it is held. */
static unsigned long held_tag(const struct swim_grip *grip)
{
	if (grip->kind == SWIM_TAG_COUNTED)
		return swim_tag_owned(grip->slot, SWIM_TAG_COUNTED);
	return swim_tag_pinned(grip->slot, grip->kind);
}

/*
 * Let the object be another one, in which the elements are already. Meanwhile both have a
 * tag that tells whoever walks how long they are.
 */
static void replace(struct swim_grip *grip, void *to, unsigned long apart, u32 cap)
{
	struct swim_cell *cell = grip->slot;
	void **address = grip->kind == SWIM_TAG_COUNTED ? swim_cell_object(cell) : grip->slot;
	struct swim_body body = {
		.meta = swim_meta_elsewhere(grip->body->meta, apart),
		.len = grip->body->len,
		.cap = cap,
	};

	swim_tag_write(swim_tag_of(grip->object),
		       swim_body_sized(grip->body, grip->kind, SWIM_TAG_TAKEN));
	swim_step(TAG_TAKE);
	if (grip->kind != SWIM_TAG_OWNED)
		*(struct swim_body *)to = body;
	swim_tag_write(swim_tag_of(to), swim_body_sized(&body, grip->kind, SWIM_TAG_TAKEN));
	/* Who reads the address finds the elements. */
	smp_store_release(address, to);
	swim_window();
	grip->object = to;
	grip_look(grip);
	/* Who looks at the metadata of the old one finds it TAKEN then: measure_peek(). */
	smp_wmb();
	if (grip->kind == SWIM_TAG_OWNED)
		*grip->body = body;
	swim_tag_write(swim_tag_of(to), held_tag(grip));
	swim_step(TAG_UNTAKE);
}

/* Make the object's end move; only the newest of its hunk can. */
static bool extend(struct swim_grip *grip, u32 cap)
{
	size_t before = swim_grip_size(grip, grip->body->cap), size = swim_grip_size(grip, cap);

	if (swim_meta_is_apart(grip->body->meta) ||
	    !swim_pool_extend(swim_hunk_of(grip->object)->pool, grip->object, before, size))
		return false;
	grip->body->cap = cap;
	swim_tag_write(swim_tag_of(grip->object), held_tag(grip));
	return true;
}

/**
 * swim_grip_resettle - let the elements stand in another object
 * @grip: of the array
 * @cap: elements that it has room for, not less than there are
 * @gfp: what to do when the hold must grow for it
 *
 * Return: 0; -ENOMEM, -E2BIG; -EBUSY when a child is in use. On an error nothing has changed.
 */
int swim_grip_resettle(struct swim_grip *grip, u32 cap, gfp_t gfp)
{
	const unsigned long old_apart = swim_meta_is_apart(grip->body->meta);
	const size_t old_size = swim_grip_size(grip, grip->body->cap);
	struct swim_hold *hold = swim_object_hold(grip->object, old_apart);
	void *old = grip->object, *values = swim_grip_at(grip, 0), *to;
	const u32 len = grip->body->len;
	unsigned long apart;
	size_t front;

	to = swim_reserve(hold, swim_grip_size(grip, cap), gfp, &apart);
	if (IS_ERR(to))
		return PTR_ERR(to);
	front = swim_body_front(grip->body, grip->kind);
	/* With the user's metadata, if there is any. */
	memcpy(to, values - front, front + (size_t)len * grip->type->size);
	/* As in swim_slot_move(): readers still find the leases in the old place. */
	rcu_read_lock();
	if (grip->type->parts && !swim_rehome(grip->type, values, to + front, len, true)) {
		rcu_read_unlock();
		swim_release_object(to, apart, swim_grip_size(grip, cap));
		return -SWIM_EALIASED;
	}
	replace(grip, to, apart, cap);
	rcu_read_unlock();
	swim_release_object(old, old_apart, old_size);
	return 0;
}

/* The most elements that anything but a pack can have in one object. */
static size_t cap_max(const struct swim_grip *grip)
{
	return (SWIM_SEGMENT_SIZE - SWIM_HUNK_BEGIN - SWIM_TAG_SLOT -
		swim_body_front(grip->body, grip->kind)) / grip->type->size;
}

/**
 * swim_grip_reserve - have room for some elements, and no more than these
 * @grip: of the array
 * @cap: how many in all
 * @gfp: what to do when the hold must grow for it
 *
 * Return: as swim_grip_resettle().
 */
int swim_grip_reserve(struct swim_grip *grip, u64 cap, gfp_t gfp)
{
	if (cap <= grip->body->cap)
		return 0;
	if (cap * grip->type->size > SWIM_SEGMENT_SIZE)
		return -SWIM_EOVERSIZED;
	return extend(grip, cap) ? 0 : swim_grip_resettle(grip, cap, gfp);
}

/**
 * swim_grip_room - have room for some elements
 * @grip: of the array
 * @len: how many in all
 * @gfp: what to do when the hold must grow for it
 *
 * If possible there is room for twice as many as before, so that the next ones find it. When
 * there is not that much memory, what is needed will do.
 *
 * Return: as swim_grip_resettle().
 */
int swim_grip_room(struct swim_grip *grip, u64 len, gfp_t gfp)
{
	const size_t size = grip->type->size;
	u32 cap = grip->body->cap;
	int err;

	if (len <= cap)
		return 0;
	if (len * size > SWIM_SEGMENT_SIZE)
		return -SWIM_EOVERSIZED;
	cap = max_t(size_t, 2 * cap, max_t(size_t, CAP_MIN, BYTES_MIN / size));
	cap = min_t(size_t, cap, cap_max(grip));
	if (cap > len) {
		err = extend(grip, cap) ? 0 : swim_grip_resettle(grip, cap, gfp | __GFP_NOWARN);
		if (!err || err == -SWIM_EALIASED)
			return err;
	}
	return swim_grip_reserve(grip, len, gfp);
}

/**
 * __swim_buf_counts - how many elements there are, and for how many there is room
 * @slot: the lease
 * @kind: of lease: Raw, Ptr, Mut or Ref
 * @len: elements
 * @cap: elements that there is room for; of a string the NUL is one
 *
 * Context: Any but NMI, by the owner.
 * Return: 0; -ENOENT when the lease owns nothing; -EINVAL without a lease.
 */
int __swim_buf_counts(void *slot, enum swim_lease_kind kind, u32 *len, u32 *cap)
{
	struct swim_body *body = NULL;
	void *object;

	if (unlikely(!slot))
		return -SWIM_EMISALIGNED;
	/* A mover may be at it: old or new place, both say the same. */
	rcu_read_lock_sched();
	object = READ_ONCE(*swim_slot_object(slot));
	if (object && swim_kind_tag(kind) == SWIM_TAG_COUNTED)
		object = READ_ONCE(*swim_cell_object(object));
	if (object) {
		body = swim_body_of(slot, object, swim_kind_tag(kind));
		*len = body->len;
		*cap = body->cap;
	}
	rcu_read_unlock_sched();
	return body ? 0 : -SWIM_ECLEARED;
}
EXPORT_SYMBOL_GPL(__swim_buf_counts);

static int make(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
		const struct swim_body *body, gfp_t gfp)
{
	struct swim_buf *buf = slot;
	int err;

	switch (swim_kind_tag(kind)) {
	case SWIM_TAG_OWNED:
		if (!swim_raw_is_empty(&buf->raw))
			return -SWIM_EOCCUPIED;
		buf->len = 0;
		buf->cap = body->cap;
		err = swim_raw_own(&buf->raw, hold, swim_body_size(body), body->meta, gfp);
		if (err)
			buf->cap = 0;
		return err;
	case SWIM_TAG_INNER:
		return swim_ptr_own(slot, hold, body, gfp);
	default:
		return swim_counted_own(slot, hold, body, kind, gfp);
	}
}

/**
 * swim_grip_new - make an array
 * @slot: the lease, empty
 * @kind: of it: any but Soft
 * @hold: where it lives
 * @type: of the elements
 * @cap: elements that it has room for
 * @gfp: what to do when the hold must grow for it
 *
 * Return: 0; -EEXIST, -E2BIG, -ENOMEM, -EINVAL as swim_raw_new().
 */
int swim_grip_new(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
		  const struct swim_type *type, u64 cap, gfp_t gfp)
{
	struct swim_body body = { .cap = cap };

	if (unlikely(!slot || IS_ERR_OR_NULL(hold) || !type || !type->size))
		return -SWIM_EMISALIGNED;
	if (cap * type->size > SWIM_SEGMENT_SIZE)
		return -SWIM_EOVERSIZED;
	body.meta = (kind == SWIM_KIND_RAW ? (unsigned long)type : swim_meta_typed(type)) |
		    SWIM_META_BUF;
	return make(slot, kind, hold, &body, gfp);
}

/**
 * swim_grip_copy - make an array of copies of some values
 * @slot: the lease, empty
 * @kind: of it: any but Soft
 * @hold: where it lives
 * @type: of the elements, which own nothing
 * @cap: elements that it has room for
 * @values: what is copied, as bytes
 * @n: how many, not more than @cap
 * @gfp: what to do when the hold must grow for it
 *
 * Return: as swim_grip_new().
 */
int swim_grip_copy(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
		   const struct swim_type *type, u64 cap, const void *values, u32 n, gfp_t gfp)
{
	/* Nobody writes through a Hard; and what has a Ref stays, which no other has yet. */
	const enum swim_lease_kind filled = kind == SWIM_KIND_HARD ? SWIM_KIND_REF : kind;
	struct swim_grip grip;
	bool last;
	int err;

	err = swim_grip_new(slot, filled, hold, type, cap, gfp) ?:
	      swim_grip_take(&grip, slot, filled, type == &swim_text_type);
	if (err)
		return err;
	memcpy(swim_grip_at(&grip, 0), values, (size_t)n * type->size);
	grip.body->len = n;
	swim_grip_let_go(&grip);
	if (filled != kind)
		err = swim_cell_turn(grip.slot, filled, kind, true, &last);
	return WARN_ON_ONCE(err) ? err : 0;
}
