/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kinds of leases share: the metadata, and how an exclusive lease's owner takes the
 * object.
 *
 *	Raw	lease | object | meta | len cap |	object | payload |
 *	Ptr	lease | object |			object | meta | len cap | user | payload |
 *	counted	lease | cell |				the same
 *
 * len and cap are there for a buf only, metadata of the user if the type tells so.
 */
#ifndef SWIMMEM_LEASE_LEASE_H
#define SWIMMEM_LEASE_LEASE_H

#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <swimmem/lease.h>
#include <swimmem/ptr.h>
#include <swimmem/type.h>

#include "../alloc/pool.h"

/**
 * struct swim_body - the metadata of an object
 * @meta: the address of a type, and BUF, APART, LINKED and USER; or, for plain bytes, their
 *	  size as a tag has it, and in place of the tag's state what rounding it up to 8 has added
 * @len: of a buf
 * @cap: of a buf
 */
struct swim_body {
	unsigned long meta;
	u32 len;
	u32 cap;
};

#define SWIM_META_BUF		2UL
#define SWIM_META_APART		4UL		/* where there is a type */
#define SWIM_META_LINKED	8UL
#define SWIM_META_WHERE		(SWIM_META_APART | SWIM_META_LINKED)
#define SWIM_META_ADDED_SHIFT	3

static_assert(__alignof__(struct swim_raw) > SWIM_TAG_KIND);
static_assert(__alignof__(struct swim_cell) > SWIM_TAG_KIND);
static_assert(__alignof__(struct swim_type) > ~SWIM_META_TYPE);
static_assert(SWIM_META_PLAIN == SWIM_TAG_SIZED);
/* A Raw lease is a pointer and a body. */
static_assert(offsetof(struct swim_buf, len) ==
	      offsetof(struct swim_raw, meta) + offsetof(struct swim_body, len));
static_assert(offsetof(struct swim_buf, cap) ==
	      offsetof(struct swim_raw, meta) + offsetof(struct swim_body, cap));

static inline unsigned long swim_meta_plain(size_t size)
{
	const size_t rounded = ALIGN(size, SWIM_OBJECT_ALIGN);

	return (rounded << (SWIM_TAG_SIZE_SHIFT - 3)) +
	       ((rounded - size) << SWIM_META_ADDED_SHIFT) + SWIM_META_PLAIN;
}

/* Of values that stand in an object with metadata inside. */
static inline unsigned long swim_meta_typed(const struct swim_type *type)
{
	return (unsigned long)type | (type->ops && type->ops->user ? SWIM_META_USER : 0);
}

static inline const struct swim_type *swim_meta_type(unsigned long meta)
{
	return meta & SWIM_META_PLAIN ? NULL : (const struct swim_type *)(meta & SWIM_META_TYPE);
}

static inline bool swim_meta_is_buf(unsigned long meta)
{
	return !(meta & SWIM_META_PLAIN) && meta & SWIM_META_BUF;
}

/* @apart as swim_reserve() gives it. */
static inline unsigned long swim_meta_apart(unsigned long meta, unsigned long apart)
{
	if (likely(!apart) || meta & SWIM_META_PLAIN)
		return meta | apart;
	return meta | (apart & SWIM_TAG_LINKED ? SWIM_META_WHERE : SWIM_META_APART);
}

/* The metadata of the same object elsewhere. */
static inline unsigned long swim_meta_elsewhere(unsigned long meta, unsigned long apart)
{
	return swim_meta_apart(meta & ~(meta & SWIM_META_PLAIN ? SWIM_TAG_WHERE : SWIM_META_WHERE),
			       apart);
}

/* Of SWIM_TAG_WHERE. */
static inline unsigned long swim_meta_is_apart(unsigned long meta)
{
	if (meta & SWIM_META_PLAIN)
		return meta & SWIM_TAG_WHERE;
	if (likely(!(meta & SWIM_META_WHERE)))
		return 0;
	return meta & SWIM_META_LINKED ? SWIM_TAG_WHERE : SWIM_TAG_APART;
}

/* Bytes of the payload, as they were asked for. */
static inline size_t swim_body_size(const struct swim_body *body)
{
	const struct swim_type *type = swim_meta_type(body->meta);

	if (!type)
		return swim_tag_size(body->meta) -
		       (body->meta >> SWIM_META_ADDED_SHIFT & 7);
	return swim_meta_is_buf(body->meta) ? (size_t)body->cap * type->size : type->size;
}

/* Bytes of the object in front of the payload, for a lease that makes this kind of tag. */
static __always_inline size_t swim_body_front(const struct swim_body *body, enum swim_tag_kind kind)
{
	if (kind == SWIM_TAG_OWNED)
		return 0;
	return __swim_user_size(body->meta) +
	       (swim_meta_is_buf(body->meta) ? ALIGN(sizeof(*body), SWIM_OBJECT_ALIGN) :
					       SWIM_OBJECT_ALIGN);
}

/* Bytes of the object. */
static inline size_t swim_body_object_size(const struct swim_body *body, enum swim_tag_kind kind)
{
	return swim_body_front(body, kind) + round_up(swim_body_size(body), SWIM_OBJECT_ALIGN);
}

/*
 * An object with its metadata inside: the payload zeroed, the tag unwritten; or ERR_PTR.
 * @apart: as of swim_reserve().
 */
static __always_inline void *swim_object_new(struct swim_hold *hold, const struct swim_body *body,
					     gfp_t gfp, unsigned long *apart)
{
	struct swim_body *inside = swim_reserve(hold, swim_body_object_size(body, SWIM_TAG_INNER),
						gfp, apart);

	if (IS_ERR(inside))
		return inside;
	inside->meta = swim_meta_apart(body->meta, *apart);
	if (swim_meta_is_buf(body->meta)) {
		inside->len = body->len;
		inside->cap = body->cap;
	}
	return inside;
}

/* A sized tag in state @state for the object. */
static __always_inline unsigned long swim_body_sized(const struct swim_body *body,
						     enum swim_tag_kind kind,
						     enum swim_tag_state state)
{
	unsigned long meta = body->meta;

	if (meta & SWIM_META_PLAIN)
		meta = (meta & ~SWIM_TAG_STATE) | state;
	else if (likely(!(meta & SWIM_META_BUF)))
		meta = swim_meta_type(meta)->sized | state | swim_meta_is_apart(meta);
	else
		meta = swim_tag_sized(state, round_up(swim_body_size(body), SWIM_OBJECT_ALIGN),
				      swim_meta_is_apart(meta));
	return meta + (swim_body_front(body, kind) << (SWIM_TAG_SIZE_SHIFT - 3));
}

/* Where the metadata of an exclusive lease's object is. */
static __always_inline struct swim_body *swim_body_of(void *slot, void *object,
						      enum swim_tag_kind kind)
{
	if (kind == SWIM_TAG_OWNED)
		return (struct swim_body *)&((struct swim_raw *)slot)->meta;
	return object;
}

/* The address in a cell. */
static __always_inline void **swim_cell_object(struct swim_cell *cell)
{
	return (__force void **)&cell->object;
}

/*
 * Is the metadata where swim_body_of() says? Inside an object it is no longer there when the
 * object was dropped behind the lease's back.
 */
static __always_inline bool swim_body_is_there(void *slot, void *object, enum swim_tag_kind kind)
{
	return kind == SWIM_TAG_OWNED ||
	       swim_tag_read(swim_tag_of(object)) == swim_tag_owned(slot, kind);
}

/* The address in an exclusive lease: the first word of either kind. */
static __always_inline void **swim_slot_object(void *slot)
{
	return slot;
}

/* What kind of tag a kind of lease makes. */
static inline enum swim_tag_kind swim_kind_tag(enum swim_lease_kind kind)
{
	switch (kind) {
	case SWIM_KIND_RAW:
		return SWIM_TAG_OWNED;
	case SWIM_KIND_PTR:
		return SWIM_TAG_INNER;
	default:
		return SWIM_TAG_COUNTED;
	}
}

/* The lease of kind @part in a value, and what kind of tag it makes. */
static inline void *swim_part(void *value, u32 part)
{
	return value + (part & ~SWIM_KIND_MASK);
}

static inline enum swim_lease_kind swim_part_kind(u32 part)
{
	return part & SWIM_KIND_MASK;
}

static inline bool swim_part_is_exclusive(u32 part)
{
	return swim_part_kind(part) <= SWIM_KIND_PTR;
}

static inline enum swim_tag_kind swim_part_tag(u32 part)
{
	return swim_kind_tag(swim_part_kind(part));
}

void *swim_take_slow(void *slot, enum swim_tag_kind kind, unsigned long dropping,
		     enum swim_tag_state state);
void swim_retire_object(void *object, unsigned long apart, size_t size);
void swim_release_object(void *object, unsigned long apart, size_t size);
int swim_drop_slow(void *slot, enum swim_tag_kind kind);
void swim_drop_all(void *root, enum swim_tag_kind kind);
bool swim_rehome(const struct swim_type *type, void *from, void *to, u32 count, bool wait);
bool swim_rehome_ready(const struct swim_type *type, void *values, u32 count);
int swim_slot_move(void *to, void *from, enum swim_tag_kind kind);
int swim_slot_drop(void *slot, enum swim_tag_kind kind);
void swim_visited_ask(void *object, unsigned long value);
bool swim_peek(const void *from, void *copy, size_t size);

/*
 * The usual case: nobody else has the object. Its tag becomes @dropping, which may be sized,
 * or if that is 0 a sized one in state @state. NULL when it is not so.
 */
static __always_inline void *swim_take_now(void *slot, enum swim_tag_kind kind,
					   unsigned long dropping, enum swim_tag_state state)
{
	unsigned long *tag, old, new;
	bool taken = false;
	void *object;

	rcu_read_lock_sched();
	object = READ_ONCE(*swim_slot_object(slot));
	if (likely(object) && (dropping || swim_body_is_there(slot, object, kind))) {
		tag = swim_tag_of(object);
		swim_window();
		old = swim_tag_mangle(tag, swim_tag_owned(slot, kind));
		new = dropping ?: swim_body_sized(swim_body_of(slot, object, kind), kind, state);
		/* Full barrier: all of the last owner's, or mover's, writes come before. */
		taken = try_cmpxchg(tag, &old, swim_tag_mangle_sized(tag, new));
	}
	rcu_read_unlock_sched();
	return likely(taken) ? object : NULL;
}

/* Has a value nothing to do when it goes? */
static __always_inline bool swim_meta_is_leaf(unsigned long meta)
{
	const struct swim_type *type = swim_meta_type(meta);

	return !type || !(type->parts || type->ops);
}

/*
 * The same to let go what owns nothing: its tag is unwritten then. @sized is what a sized tag
 * of it would say, but for the state.
 */
static __always_inline void *swim_take_leaf_now(void *slot, enum swim_tag_kind kind,
						unsigned long *sized)
{
	unsigned long *tag, owned, meta;
	bool taken = false;
	void *object;

	rcu_read_lock_sched();
	object = READ_ONCE(*swim_slot_object(slot));
	if (likely(object)) {
		tag = swim_tag_of(object);
		owned = swim_tag_mangle(tag, swim_tag_owned(slot, kind));
		/* Inside, the metadata is there for as long as the tag says so. */
		if (likely(kind == SWIM_TAG_OWNED || READ_ONCE(*tag) == owned)) {
			meta = swim_body_of(slot, object, kind)->meta;
			*sized = swim_body_sized(swim_body_of(slot, object, kind), kind, 0);
			swim_window();
			/* Full barrier: as above. */
			taken = likely(swim_meta_is_leaf(meta)) &&
				likely(try_cmpxchg(tag, &owned, SWIM_TAG_UNWRITTEN));
		}
	}
	rcu_read_unlock_sched();
	return likely(taken) ? object : NULL;
}

/* As swim_slot_drop(), with the usual case in line; of an empty lease -ENOENT. */
static __always_inline int swim_slot_drop_now(void *slot, enum swim_tag_kind kind)
{
	unsigned long sized;
	void *object = swim_take_leaf_now(slot, kind, &sized);

	if (unlikely(!object))
		return swim_slot_drop(slot, kind);
	swim_step(TAG_LET_GO);
	WRITE_ONCE(*swim_slot_object(slot), NULL);
	if (likely(!(sized & SWIM_TAG_WHERE)))
		swim_release(object, sized >> SWIM_TAG_SIZE_SHIFT << 3);
	else
		swim_release_apart(object, sized & SWIM_TAG_WHERE, swim_tag_size(sized));
	return 0;
}

/* Take the object away from movers and other calls, or ERR_PTR. */
static __always_inline void *swim_take(void *slot, enum swim_tag_kind kind,
				       unsigned long dropping, enum swim_tag_state state)
{
	return swim_take_now(slot, kind, dropping, state) ?:
	       swim_take_slow(slot, kind, dropping, state);
}

static inline unsigned long swim_tag_pinned(const void *slot, enum swim_tag_kind kind)
{
	return swim_tag_owned(slot, kind) ^ SWIM_TAG_PIN;
}

#endif
