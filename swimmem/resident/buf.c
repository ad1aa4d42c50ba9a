// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buf: an array that grows, in any lease through which it can be changed.
 *
 * Each operation takes hold of the array (struct grip): pinned through an exclusive lease,
 * or through a Mut, of which there is one. Then it is an object with len, cap and elements,
 * wherever these stand. When it has to be larger the object's end moves if it is the newest
 * of its hunk; else the elements go to a new object, twice as large if there is memory for
 * that, and their children are told (rehome.c).
 */
#include <linux/export.h>
#include <linux/string.h>

#include <swimmem/buf.h>

#include "../lease/cell.h"
#include "../lease/ptr.h"
#include "../lease/raw.h"
#include "../observe/report.h"

/* The least that a buf grows to: so many elements, and bytes. */
#define CAP_MIN		4U
#define BYTES_MIN	16U

static_assert(ALIGN(sizeof(struct swim_body), SWIM_OBJECT_ALIGN) == SWIM_BUF_FRONT);

/**
 * struct grip - an array that the caller has to himself
 * @slot: the lease, or the cell
 * @kind: of tag that it makes
 * @object: the object
 * @body: len and cap
 * @type: of the elements
 */
struct grip {
	void *slot;
	enum swim_tag_kind kind;
	void *object;
	struct swim_body *body;
	const struct swim_type *type;
};

static void grip_look(struct grip *grip)
{
	grip->body = swim_body_of(grip->slot, grip->object, grip->kind);
	grip->type = swim_meta_type(grip->body->meta);
}

static void let_go(const struct grip *grip)
{
	if (grip->kind != SWIM_TAG_COUNTED)
		__swim_unpin(grip->slot, grip->kind);
}

static int take_hold(struct grip *grip, void *slot, enum swim_lease_kind kind)
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
	if (swim_meta_is_buf(grip->body->meta))
		return 0;
	let_go(grip);
	return -SWIM_EMISALIGNED;
}

static void *element(const struct grip *grip, u32 n)
{
	return grip->object + swim_body_front(grip->body, grip->kind) +
	       (size_t)n * grip->type->size;
}

static size_t object_size(const struct grip *grip, u32 cap)
{
	return swim_body_front(grip->body, grip->kind) +
	       round_up((size_t)cap * grip->type->size, SWIM_OBJECT_ALIGN);
}

/* The tag of the object while it is held. */
static unsigned long held_tag(const struct grip *grip)
{
	if (grip->kind == SWIM_TAG_COUNTED)
		return swim_tag_owned(grip->slot, SWIM_TAG_COUNTED);
	return swim_tag_pinned(grip->slot, grip->kind);
}

/*
 * Let the object be another one, in which the elements are already. Meanwhile both have a
 * tag that tells whoever walks how long they are.
 */
static void replace(struct grip *grip, void *to, unsigned long apart, u32 cap)
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
	if (grip->kind != SWIM_TAG_OWNED)
		*(struct swim_body *)to = body;
	swim_tag_write(swim_tag_of(to), swim_body_sized(&body, grip->kind, SWIM_TAG_TAKEN));
	/* Who reads the address finds the elements. */
	smp_store_release(address, to);
	grip->object = to;
	grip_look(grip);
	if (grip->kind == SWIM_TAG_OWNED)
		*grip->body = body;
	swim_tag_write(swim_tag_of(to), held_tag(grip));
}

/* Make the object's end move; only the newest of its hunk can. */
static bool extend(struct grip *grip, u32 cap)
{
	size_t before = object_size(grip, grip->body->cap), size = object_size(grip, cap);

	if (swim_meta_is_apart(grip->body->meta) ||
	    !swim_pool_extend(swim_hunk_of(grip->object)->pool, grip->object, before, size))
		return false;
	grip->body->cap = cap;
	swim_tag_write(swim_tag_of(grip->object), held_tag(grip));
	return true;
}

/* Let the elements stand in an object with room for @cap of them. */
static int resettle(struct grip *grip, u32 cap, gfp_t gfp)
{
	const unsigned long old_apart = swim_meta_is_apart(grip->body->meta);
	const size_t old_size = object_size(grip, grip->body->cap);
	struct swim_hold *hold = swim_object_hold(grip->object, old_apart);
	void *old = grip->object, *values = element(grip, 0), *to;
	const u32 len = grip->body->len;
	unsigned long apart;
	size_t front;

	to = swim_reserve(hold, object_size(grip, cap), gfp, &apart);
	if (IS_ERR(to))
		return PTR_ERR(to);
	front = swim_body_front(grip->body, grip->kind);
	/* With the user's metadata, if there is any. */
	memcpy(to, values - front, front + (size_t)len * grip->type->size);
	if (grip->type->parts && !swim_rehome(grip->type, values, to + front, len)) {
		swim_release_object(to, apart, object_size(grip, cap));
		return -SWIM_EALIASED;
	}
	replace(grip, to, apart, cap);
	swim_release_object(old, old_apart, old_size);
	return 0;
}

/* The most elements that anything but a pack can have in one object. */
static size_t cap_max(const struct grip *grip)
{
	return (SWIM_SEGMENT_SIZE - SWIM_HUNK_BEGIN - SWIM_TAG_SLOT -
		swim_body_front(grip->body, grip->kind)) / grip->type->size;
}

/*
 * Have room for @len elements, and if possible for twice as many as before, so that the next
 * ones find it. When there is not that much memory, what is needed will do.
 */
static int room_for(struct grip *grip, u64 len, gfp_t gfp)
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
		err = extend(grip, cap) ? 0 : resettle(grip, cap, gfp | __GFP_NOWARN);
		if (!err || err == -SWIM_EALIASED)
			return err;
	}
	return extend(grip, len) ? 0 : resettle(grip, len, gfp);
}

/* Move values to where nothing is; the places are whole values apart. All or none. */
static bool move_values(const struct swim_type *type, void *to, void *from, u32 n)
{
	const long step = to < from ? type->size : -(long)type->size;
	const size_t last = to < from ? 0 : (size_t)(n - 1) * type->size;
	u32 i;

	if (!type->parts || !n) {
		memmove(to, from, n * type->size);
		return true;
	}
	/* From the end that is moved towards, so that none is overwritten. */
	for (i = 0, to += last, from += last; i < n; i++, to += step, from += step) {
		memcpy(to, from, type->size);
		if (!swim_rehome(type, from, to, 1))
			break;
	}
	if (i == n)
		return true;
	while (i--) {
		to -= step;
		from -= step;
		memcpy(from, to, type->size);
		WARN_ON_ONCE(!swim_rehome(type, to, from, 1));
	}
	return false;
}

static int add_values(struct grip *grip, u32 at, void *in, u32 n, gfp_t gfp)
{
	const struct swim_type *type = grip->type;
	const u64 len = (u64)grip->body->len + n;
	u32 behind = grip->body->len - at;
	int err;

	/* Room is not given back again: look first whether all can go where they have to. */
	if (len > grip->body->cap &&
	    !(swim_rehome_ready(type, in, n) &&
	      swim_rehome_ready(type, element(grip, at), behind)))
		return -SWIM_EALIASED;
	err = room_for(grip, len, gfp);
	if (err)
		return err;
	if (!move_values(type, element(grip, at + n), element(grip, at), behind))
		return -SWIM_EALIASED;
	if (!move_values(type, element(grip, at), in, n)) {
		WARN_ON_ONCE(!move_values(type, element(grip, at), element(grip, at + n), behind));
		return -SWIM_EALIASED;
	}
	/* What they owned they own here. */
	if (type->parts)
		memset(in, 0, n * type->size);
	grip->body->len += n;
	return 0;
}

static int remove_values(struct grip *grip, u32 at, u32 n, void *out)
{
	const struct swim_type *type = grip->type;
	u32 behind = grip->body->len - at - n;

	if (!move_values(type, out, element(grip, at), n))
		goto in_use;
	if (!move_values(type, element(grip, at), element(grip, at + n), behind)) {
		WARN_ON_ONCE(!move_values(type, element(grip, at), out, n));
		goto in_use;
	}
	grip->body->len -= n;
	return 0;

in_use:
	/* No lease in there owns anything. */
	memset(out, 0, n * type->size);
	return -SWIM_EALIASED;
}

/* Does something stand in the array itself, which is about to change? */
static bool is_inside(const struct grip *grip, const void *at)
{
	return (size_t)(at - grip->object) < object_size(grip, grip->body->cap);
}

/**
 * __swim_buf_splice - put elements in, or take some out
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @at: where; SWIM_BUF_END for the end
 * @remove: how many come out
 * @in: what comes in, of the buf's type; values that own others are moved from there
 * @add: how many come in; when some do, none come out
 * @out: where those that come out go; zeroed when a child is in use
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -ENOENT when the lease owns nothing, or has not that many at its end; -EINVAL
 * beyond the end, when it owns no buf, or for a value that stands in the buf itself; -EBUSY
 * when it, or a child that would move, is in use; -E2BIG; -ENOMEM. On an error nothing has
 * changed. (Model: residents, Buf)
 */
int __swim_buf_splice(void *slot, enum swim_lease_kind kind, u32 at, u32 remove, void *in,
		      u32 add, void *out, gfp_t gfp)
{
	const bool at_end = at == SWIM_BUF_END;
	struct grip grip;
	u32 len;
	int err;

	if (unlikely((add && !in) || (remove && !out)))
		return -SWIM_EMISALIGNED;
	err = take_hold(&grip, slot, kind);
	if (err)
		return err;
	len = grip.body->len;
	if (at_end)
		at = len - min(len, remove);
	if (at > len || remove > len - at)
		err = at_end ? -SWIM_ECLEARED : -SWIM_EMISALIGNED;
	else if (is_inside(&grip, in) || is_inside(&grip, out))
		err = -SWIM_EMISALIGNED;
	else if (add)
		err = add_values(&grip, at, in, add, gfp);
	else if (remove)
		err = remove_values(&grip, at, remove, out);
	let_go(&grip);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_buf_splice);

/**
 * __swim_buf_reserve - have room for some elements
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @cap: how many in all
 * @gfp: as for __swim_buf_splice()
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as __swim_buf_splice(). (Model: residents, Buf)
 */
int __swim_buf_reserve(void *slot, enum swim_lease_kind kind, u32 cap, gfp_t gfp)
{
	struct grip grip;
	int err = take_hold(&grip, slot, kind);

	if (err)
		return err;
	if (cap > grip.body->cap) {
		if ((u64)cap * grip.type->size > SWIM_SEGMENT_SIZE)
			err = -SWIM_EOVERSIZED;
		else if (!extend(&grip, cap))
			err = resettle(&grip, cap, gfp);
	}
	let_go(&grip);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_buf_reserve);

/**
 * __swim_buf_shrink - have no more room than elements
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @gfp: as for __swim_buf_splice()
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as __swim_buf_splice(). (Model: residents, Buf)
 */
int __swim_buf_shrink(void *slot, enum swim_lease_kind kind, gfp_t gfp)
{
	struct grip grip;
	int err = take_hold(&grip, slot, kind);

	if (err)
		return err;
	if (grip.body->cap > grip.body->len)
		err = resettle(&grip, grip.body->len, gfp);
	let_go(&grip);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_buf_shrink);

/* The end of a lease in a value that goes. */
static void drop_part(void *value, u32 part)
{
	void *slot = swim_part(value, part);
	int err = 0;

	if (!READ_ONCE(*swim_slot_object(slot)))
		return;
	if (swim_part_is_exclusive(part))
		err = swim_slot_drop(slot, swim_part_tag(part));
	else
		__swim_counted_drop(slot, swim_part_kind(part));
	if (err) {
		swim_report("lease %p dropped with its parent while in use", slot);
		WRITE_ONCE(*swim_slot_object(slot), NULL);	/* rather leak */
	}
}

/**
 * __swim_buf_truncate - drop elements at the end
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @len: how many stay; more than there are changes nothing
 *
 * Context: Any but NMI. The time is proportional to what is dropped.
 * Return: 0, or the errno of the pin. (Model: residents, Buf)
 */
int __swim_buf_truncate(void *slot, enum swim_lease_kind kind, u32 len)
{
	struct grip grip;
	unsigned int n;
	int err = take_hold(&grip, slot, kind);

	if (err)
		return err;
	while (grip.body->len > len) {
		void *value = element(&grip, --grip.body->len);

		if (grip.type->ops && grip.type->ops->drop)
			grip.type->ops->drop(value);
		for (n = 0; n < grip.type->parts; n++)
			drop_part(value, grip.type->part[n]);
	}
	let_go(&grip);
	return 0;
}
EXPORT_SYMBOL_GPL(__swim_buf_truncate);

/**
 * __swim_buf_pin - the elements
 * @slot: the lease
 * @kind: of lease: a Raw or a Ptr is pinned by it
 * @slice: the elements
 *
 * Context: Any but NMI.
 * Return: 0, or the errno of the pin. (Model: leases, dereference)
 */
int __swim_buf_pin(void *slot, enum swim_lease_kind kind, struct swim_slice *slice)
{
	struct grip grip;
	int err = take_hold(&grip, slot, kind);

	if (err)
		return err;
	if (grip.kind != SWIM_TAG_COUNTED)
		swim_pin_enter();
	*slice = (struct swim_slice){ element(&grip, 0), grip.body->len, grip.type->size };
	return 0;
}
EXPORT_SYMBOL_GPL(__swim_buf_pin);

/**
 * __swim_buf_counts - how many elements there are, and for how many there is room
 * @slot: the lease
 * @kind: of lease: Raw, Ptr, Mut or Ref
 * @len: elements
 * @cap: elements that there is room for
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

/**
 * __swim_buf_new - make an empty array
 * @slot: the lease, empty
 * @kind: of it: any but Soft
 * @hold: where it lives
 * @type: of the elements
 * @cap: elements that it has room for
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -EEXIST, -E2BIG, -ENOMEM, -EINVAL as swim_raw_new(). (Model: residents, Buf)
 */
int __swim_buf_new(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
		   const struct swim_type *type, u32 cap, gfp_t gfp)
{
	struct swim_body body = { .cap = cap };
	struct swim_buf *buf = slot;
	int err;

	if (unlikely(!slot || IS_ERR_OR_NULL(hold) || !type || !type->size))
		return -SWIM_EMISALIGNED;
	if ((u64)cap * type->size > SWIM_SEGMENT_SIZE)
		return -SWIM_EOVERSIZED;
	body.meta = (kind == SWIM_KIND_RAW ? (unsigned long)type : swim_meta_typed(type)) |
		    SWIM_META_BUF;
	switch (swim_kind_tag(kind)) {
	case SWIM_TAG_OWNED:
		if (!swim_raw_is_empty(&buf->raw))
			return -SWIM_EOCCUPIED;
		buf->len = 0;
		buf->cap = cap;
		err = swim_raw_own(&buf->raw, hold, cap * type->size, body.meta, gfp);
		if (err)
			buf->cap = 0;
		return err;
	case SWIM_TAG_INNER:
		return swim_ptr_own(slot, hold, &body, gfp);
	default:
		return swim_counted_own(slot, hold, &body, kind, gfp);
	}
}
EXPORT_SYMBOL_GPL(__swim_buf_new);

/**
 * __swim_buf_copy - make an array of copies of some values
 * @slot: the lease, empty
 * @kind: of it: any but Soft
 * @hold: where it lives
 * @type: of the values, which own nothing
 * @values: what is copied, as bytes
 * @n: how many
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as __swim_buf_new(); -EOPNOTSUPP when the type has parts, or something to do when a
 * value is dropped. On an error nothing has changed. (Model: residents, from copy)
 */
int __swim_buf_copy(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
		    const struct swim_type *type, const void *values, u32 n, gfp_t gfp)
{
	/* Nobody writes through a Hard; and what has a Ref stays, which no other has yet. */
	const enum swim_lease_kind filled = kind == SWIM_KIND_HARD ? SWIM_KIND_REF : kind;
	struct grip grip;
	bool last;
	int err;

	if (unlikely(!type || (n && !values)))
		return -SWIM_EMISALIGNED;
	if (type->parts || type->drop)
		return -SWIM_EUNSUPPORTED;
	err = __swim_buf_new(slot, filled, hold, type, n, gfp) ?: take_hold(&grip, slot, filled);
	if (err)
		return err;
	memcpy(element(&grip, 0), values, (size_t)n * type->size);
	grip.body->len = n;
	let_go(&grip);
	if (filled != kind)
		err = swim_cell_turn(grip.slot, filled, kind, true, &last);
	return WARN_ON_ONCE(err) ? err : 0;
}
EXPORT_SYMBOL_GPL(__swim_buf_copy);
