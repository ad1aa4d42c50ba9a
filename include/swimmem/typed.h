/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Typed: the leases of one C type, so that the compiler tells a box of flows from a box of
 * anything else.
 *
 *	struct flow { u64 packets, bytes; };
 *	static SWIM_PLAIN_TYPE(flow_type, struct flow);
 *	DEFINE_SWIM_BOX(flow, struct flow, &flow_type);
 *	DEFINE_SWIM_BUF(flow, struct flow, &flow_type);
 *
 *	struct flow_box box = {};		struct flow_buf buf = {};
 *	struct flow *flow;			struct flow_slice all;
 *
 *	flow_box_new(&box, hold, gfp)		flow_buf_new(&buf, hold, cap, gfp)
 *	flow = flow_box_pin(&box)		flow_buf_push(&buf, &one, gfp)
 *
 * What box.h and buf.h have as swim_LEASE_VERB() is here NAME_LEASE_VERB(), does the same, and
 * costs nothing. A child of a type is told as SWIM_PART(member.box) or SWIM_PART(member.buf).
 *
 * A type whose values own others of it needs the leases before it is complete, and the calls
 * when it is:
 *
 *	DECLARE_SWIM_BOX(node);
 *	struct node { struct node_box left, right; };
 *	static SWIM_TYPE(node_type, struct node, SWIM_PART(left.box), SWIM_PART(right.box));
 *	DEFINE_SWIM_BOX_CALLS(node, struct node, &node_type);
 */
#ifndef SWIMMEM_TYPED_H
#define SWIMMEM_TYPED_H

#include <linux/build_bug.h>
#include <swimmem/box.h>
#include <swimmem/buf.h>
#include <swimmem/cleanup.h>
#include <swimmem/stow.h>
#include <swimmem/value.h>

/* A client uses some of the calls; of the others nothing is left, and nothing said. */
#define __swim_typed	static inline __maybe_unused

/* A lease is named by the word between NAME_ and a verb: box, ptr_box, hard_buf. */
#define __SWIM_TYPED_LEASE(name, lease, resident)				\
struct name##_##lease {								\
	struct swim_##lease resident;						\
}

#define __SWIM_TYPED_LEASES(name, resident)					\
	struct name##_##resident {						\
		struct swim_##resident resident;				\
	};									\
	__SWIM_TYPED_LEASE(name, ptr_##resident, resident);			\
	__SWIM_TYPED_LEASE(name, mut_##resident, resident);			\
	__SWIM_TYPED_LEASE(name, ref_##resident, resident);			\
	__SWIM_TYPED_LEASE(name, hard_##resident, resident);			\
	__SWIM_TYPED_LEASE(name, soft_##resident, resident)

/* As far as the compiler sees both: a type that was told is that of the values. */
#define __SWIM_TYPED_CHECK(ctype, type)						\
	BUILD_BUG_ON_MSG(__builtin_constant_p((type)->size) &&			\
			 (type)->size != sizeof(ctype),				\
			 "swimmem: the struct swim_type is not that of " #ctype)

/* What each lease has. */
#define __SWIM_TYPED_COMMON(name, lease, resident)				\
__swim_typed int name##_##lease##_drop(struct name##_##lease *from)		\
{										\
	return swim_##lease##_drop(&from->resident);				\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_move(struct name##_##lease *to, struct name##_##lease *from)	\
{										\
	return swim_##lease##_move(&to->resident, &from->resident);		\
}										\
										\
__swim_typed bool name##_##lease##_is_empty(const struct name##_##lease *lease)	\
{										\
	return swim_##lease##_is_empty(&lease->resident);			\
}										\
										\
SWIM_AUTO(name##_##lease)

/* To another hold, or another of it there. */
#define __SWIM_TYPED_STOW(name, lease, resident, clone)				\
__swim_typed int __must_check							\
name##_##lease##_stow(struct name##_##lease *from, struct swim_hold *hold, gfp_t gfp) \
{										\
	return swim_##lease##_stow(&from->resident, hold, gfp);			\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_##clone(struct name##_##lease *to, struct name##_##lease *from, \
			 struct swim_hold *hold, gfp_t gfp)			\
{										\
	return swim_##lease##_##clone(&to->resident, &from->resident, hold, gfp); \
}

/* As the type tells. */
#define __SWIM_TYPED_VALUE(name, lease, resident)				\
__swim_typed int __must_check							\
name##_##lease##_equal(const struct name##_##lease *a, const struct name##_##lease *b) \
{										\
	return swim_##lease##_equal(&a->resident, &b->resident);		\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_compare(const struct name##_##lease *a, const struct name##_##lease *b, \
			 int *order)						\
{										\
	return swim_##lease##_compare(&a->resident, &b->resident, order);	\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_hash(const struct name##_##lease *lease, u32 seed, u32 *hash)	\
{										\
	return swim_##lease##_hash(&lease->resident, seed, hash);		\
}

#define __SWIM_TYPED_COUNTS(name, lease, resident)				\
__swim_typed void								\
name##_##lease##_counts(const struct name##_##lease *lease, struct swim_counts *counts) \
{										\
	swim_##lease##_counts(&lease->resident, counts);			\
}										\
										\
__SWIM_TYPED_IS(name, lease, resident, mut)					\
__SWIM_TYPED_IS(name, lease, resident, aliased)					\
__SWIM_TYPED_IS(name, lease, resident, relocating)

#define __SWIM_TYPED_IS(name, lease, resident, what)				\
__swim_typed bool name##_##lease##_is_##what(const struct name##_##lease *lease) \
{										\
	return swim_##lease##_is_##what(&lease->resident);			\
}

#define __SWIM_TYPED_CLONE(name, lease, resident)				\
__swim_typed int __must_check							\
name##_##lease##_clone(struct name##_##lease *to, struct name##_##lease *from)	\
{										\
	return swim_##lease##_clone(&to->resident, &from->resident);		\
}

#define __SWIM_TYPED_UNIQUE(name, resident)					\
__swim_typed int __must_check							\
name##_hard_##resident##_to_unique(struct name##_mut_##resident *to,		\
				   struct name##_hard_##resident *from,		\
				   struct swim_hold *hold, gfp_t gfp)		\
{										\
	return swim_hard_##resident##_to_unique(&to->resident, &from->resident, hold, gfp); \
}

#define __SWIM_TYPED_TURN(name, resident, from, verb, to)			\
__swim_typed int __must_check							\
name##_##from##_##resident##_##verb##_##to(struct name##_##to##_##resident *made, \
					   struct name##_##from##_##resident *of) \
{										\
	return swim_##from##_##resident##_##verb##_##to(&made->resident, &of->resident); \
}

#define __SWIM_TYPED_BOX_TURN(name, from, FROM, verb, to, TO, how, into)	\
	__SWIM_TYPED_TURN(name, box, from, verb, to)
#define __SWIM_TYPED_BUF_TURN(name, from, FROM, verb, to, TO, how, into)	\
	__SWIM_TYPED_TURN(name, buf, from, verb, to)

/* All that does not look at the values. */
#define __SWIM_TYPED_RESIDENT(name, resident)					\
	__SWIM_TYPED_COMMON(name, resident, resident)				\
	__SWIM_TYPED_COMMON(name, ptr_##resident, resident)			\
	__SWIM_TYPED_COMMON(name, mut_##resident, resident)			\
	__SWIM_TYPED_COMMON(name, ref_##resident, resident)			\
	__SWIM_TYPED_COMMON(name, hard_##resident, resident)			\
	__SWIM_TYPED_COMMON(name, soft_##resident, resident)			\
	__SWIM_TYPED_COUNTS(name, mut_##resident, resident)			\
	__SWIM_TYPED_COUNTS(name, ref_##resident, resident)			\
	__SWIM_TYPED_COUNTS(name, hard_##resident, resident)			\
	__SWIM_TYPED_COUNTS(name, soft_##resident, resident)			\
	__SWIM_TYPED_CLONE(name, ref_##resident, resident)			\
	__SWIM_TYPED_CLONE(name, hard_##resident, resident)			\
	__SWIM_TYPED_CLONE(name, soft_##resident, resident)			\
	__SWIM_TYPED_UNIQUE(name, resident)					\
	__SWIM_TYPED_STOW(name, resident, resident, clone)			\
	__SWIM_TYPED_STOW(name, ptr_##resident, resident, clone)		\
	__SWIM_TYPED_STOW(name, hard_##resident, resident, clone_into)		\
	__SWIM_TYPED_VALUE(name, resident, resident)				\
	__SWIM_TYPED_VALUE(name, ptr_##resident, resident)			\
	__SWIM_TYPED_VALUE(name, mut_##resident, resident)			\
	__SWIM_TYPED_VALUE(name, ref_##resident, resident)

#define __SWIM_TYPED_BOX_NEW(name, lease, ctype, type)				\
__swim_typed int __must_check							\
name##_##lease##_new(struct name##_##lease *lease, struct swim_hold *hold, gfp_t gfp) \
{										\
	__SWIM_TYPED_CHECK(ctype, type);					\
	return swim_##lease##_new(&lease->box, hold, type, gfp);		\
}

#define __SWIM_TYPED_BOX_PIN(name, lease, value_t)				\
__swim_typed __must_check value_t *name##_##lease##_pin(struct name##_##lease *lease) \
{										\
	return swim_##lease##_pin(&lease->box);					\
}										\
										\
__swim_typed void name##_##lease##_unpin(struct name##_##lease *lease)		\
{										\
	swim_##lease##_unpin(&lease->box);					\
}										\
										\
__swim_typed const value_t *name##_##lease##_read(const struct name##_##lease *lease) \
{										\
	return swim_##lease##_read(&lease->box);				\
}										\
										\
SWIM_LET_GO(name##_##lease)							\
SWIM_CLASS(name##_##lease, value_t)

#define __SWIM_TYPED_BOX_GET(name, lease, value_t)				\
__swim_typed value_t *name##_##lease##_get(const struct name##_##lease *lease)	\
{										\
	return swim_##lease##_get(&lease->box);					\
}

/**
 * DECLARE_SWIM_BOX - the six leases of a box of one type, without the calls
 * @name: what their names begin with
 */
#define DECLARE_SWIM_BOX(name)	__SWIM_TYPED_LEASES(name, box)

/**
 * DEFINE_SWIM_BOX_CALLS - the calls for the leases of a DECLARE_SWIM_BOX()
 * @name: the same
 * @ctype: C type of a value
 * @type: the struct swim_type * of it
 */
#define DEFINE_SWIM_BOX_CALLS(name, ctype, type)				\
	__SWIM_TYPED_RESIDENT(name, box)					\
	SWIM_TRANSITIONS(__SWIM_TYPED_BOX_TURN, name)				\
	__SWIM_TYPED_BOX_NEW(name, box, ctype, type)				\
	__SWIM_TYPED_BOX_NEW(name, ptr_box, ctype, type)			\
	__SWIM_TYPED_BOX_NEW(name, mut_box, ctype, type)			\
	__SWIM_TYPED_BOX_NEW(name, ref_box, ctype, type)			\
	__SWIM_TYPED_BOX_NEW(name, hard_box, ctype, type)			\
	__SWIM_TYPED_BOX_PIN(name, box, ctype)					\
	__SWIM_TYPED_BOX_PIN(name, ptr_box, ctype)				\
	__SWIM_TYPED_BOX_GET(name, mut_box, ctype)				\
	__SWIM_TYPED_BOX_GET(name, ref_box, const ctype)			\
	static_assert(sizeof(struct name##_box) == sizeof(struct swim_box))

/**
 * DEFINE_SWIM_BOX - the leases of a box of one type, with the calls that take them
 * @name: what all names begin with: struct @name_box, @name_ptr_box, @name_mut_box,
 *	  @name_ref_box, @name_hard_box, @name_soft_box, and @name_box_new() and so on
 * @ctype: C type of a value
 * @type: the struct swim_type * of it
 *
 * At file scope, with a semicolon behind it. A pin gives @ctype *, a read and the get of a Ref
 * give const @ctype *; nothing else differs from the calls of box.h.
 */
#define DEFINE_SWIM_BOX(name, ctype, type)					\
	struct name##_box;							\
	DECLARE_SWIM_BOX(name);							\
	DEFINE_SWIM_BOX_CALLS(name, ctype, type)

#define __SWIM_TYPED_SLICE(name, slice, value_t)				\
struct name##_##slice {								\
	value_t *at;								\
	u32 len;								\
};										\
										\
__swim_typed value_t *name##_##slice##_at(const struct name##_##slice *all, u32 n) \
{										\
	return n < all->len ? all->at + n : NULL;				\
}

#define __SWIM_TYPED_BUF_NEW(name, lease, value_t, type)				\
__swim_typed int __must_check							\
name##_##lease##_new(struct name##_##lease *lease, struct swim_hold *hold, u32 cap, gfp_t gfp) \
{										\
	__SWIM_TYPED_CHECK(value_t, type);					\
	return swim_##lease##_new(&lease->buf, hold, type, cap, gfp);		\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_copy(struct name##_##lease *lease, struct swim_hold *hold,	\
		      const value_t *values, u32 n, gfp_t gfp)			\
{										\
	__SWIM_TYPED_CHECK(value_t, type);					\
	return swim_##lease##_copy(&lease->buf, hold, type, values, n, gfp);	\
}

/* What changes an array, for the three leases that may. */
#define __SWIM_TYPED_BUF_CHANGE(name, lease, value_t)				\
__swim_typed u32 name##_##lease##_len(struct name##_##lease *lease)		\
{										\
	return swim_##lease##_len(&lease->buf);					\
}										\
										\
__swim_typed u32 name##_##lease##_cap(struct name##_##lease *lease)		\
{										\
	return swim_##lease##_cap(&lease->buf);					\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_push(struct name##_##lease *lease, value_t *value, gfp_t gfp)	\
{										\
	return swim_##lease##_push(&lease->buf, value, gfp);			\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_append(struct name##_##lease *lease, value_t *values, u32 n, gfp_t gfp) \
{										\
	return swim_##lease##_append(&lease->buf, values, n, gfp);		\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_insert(struct name##_##lease *lease, u32 at, value_t *value, gfp_t gfp) \
{										\
	return swim_##lease##_insert(&lease->buf, at, value, gfp);		\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_remove(struct name##_##lease *lease, u32 at, value_t *value)	\
{										\
	return swim_##lease##_remove(&lease->buf, at, value);			\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_pop(struct name##_##lease *lease, value_t *value)		\
{										\
	return swim_##lease##_pop(&lease->buf, value);				\
}										\
										\
__swim_typed int name##_##lease##_truncate(struct name##_##lease *lease, u32 len) \
{										\
	return swim_##lease##_truncate(&lease->buf, len);			\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_reserve(struct name##_##lease *lease, u32 cap, gfp_t gfp)	\
{										\
	return swim_##lease##_reserve(&lease->buf, cap, gfp);			\
}										\
										\
__swim_typed int __must_check							\
name##_##lease##_shrink(struct name##_##lease *lease, gfp_t gfp)		\
{										\
	return swim_##lease##_shrink(&lease->buf, gfp);				\
}

/* What gives the elements, verb is pin or get. */
#define __SWIM_TYPED_BUF_SLICE(name, lease, verb, slice)			\
__swim_typed int __must_check							\
name##_##lease##_##verb(struct name##_##lease *lease, struct name##_##slice *all) \
{										\
	struct swim_slice untyped;						\
	int err = swim_##lease##_##verb(&lease->buf, &untyped);			\
										\
	if (!err)								\
		*all = (struct name##_##slice){ untyped.at, untyped.len };	\
	return err;								\
}

#define __SWIM_TYPED_BUF_UNPIN(name, lease)					\
__swim_typed void name##_##lease##_unpin(struct name##_##lease *lease)		\
{										\
	swim_##lease##_unpin(&lease->buf);					\
}										\
										\
SWIM_LET_GO(name##_##lease)

/**
 * DECLARE_SWIM_BUF - the six leases of a buf of one type, without the calls
 * @name: what their names begin with
 */
#define DECLARE_SWIM_BUF(name)	__SWIM_TYPED_LEASES(name, buf)

/**
 * DEFINE_SWIM_BUF_CALLS - the calls for the leases of a DECLARE_SWIM_BUF()
 * @name: the same
 * @ctype: C type of an element
 * @type: the struct swim_type * of it
 */
#define DEFINE_SWIM_BUF_CALLS(name, ctype, type)				\
	__SWIM_TYPED_RESIDENT(name, buf)					\
	SWIM_TRANSITIONS(__SWIM_TYPED_BUF_TURN, name)				\
	__SWIM_TYPED_BUF_NEW(name, buf, ctype, type)				\
	__SWIM_TYPED_BUF_NEW(name, ptr_buf, ctype, type)			\
	__SWIM_TYPED_BUF_NEW(name, mut_buf, ctype, type)			\
	__SWIM_TYPED_BUF_NEW(name, ref_buf, ctype, type)			\
	__SWIM_TYPED_BUF_NEW(name, hard_buf, ctype, type)			\
	__SWIM_TYPED_BUF_CHANGE(name, buf, ctype)				\
	__SWIM_TYPED_BUF_CHANGE(name, ptr_buf, ctype)				\
	__SWIM_TYPED_BUF_CHANGE(name, mut_buf, ctype)				\
	__SWIM_TYPED_SLICE(name, slice, ctype)					\
	__SWIM_TYPED_SLICE(name, const_slice, const ctype)			\
	__SWIM_TYPED_BUF_SLICE(name, buf, pin, slice)				\
	__SWIM_TYPED_BUF_SLICE(name, ptr_buf, pin, slice)			\
	__SWIM_TYPED_BUF_SLICE(name, mut_buf, get, slice)			\
	__SWIM_TYPED_BUF_SLICE(name, ref_buf, get, const_slice)			\
	__SWIM_TYPED_BUF_UNPIN(name, buf)					\
	__SWIM_TYPED_BUF_UNPIN(name, ptr_buf)					\
	static_assert(sizeof(struct name##_buf) == sizeof(struct swim_buf))

/**
 * DEFINE_SWIM_BUF - the leases of a buf of one type, with the calls that take them
 * @name: what all names begin with: struct @name_buf, @name_ptr_buf, @name_mut_buf,
 *	  @name_ref_buf, @name_hard_buf, @name_soft_buf, and @name_buf_push() and so on
 * @ctype: C type of an element
 * @type: the struct swim_type * of it
 *
 * At file scope, with a semicolon behind it. Elements go in and come out as @ctype *. A pin,
 * and the get of a Mut, give a struct @name_slice, the get of a Ref a struct @name_const_slice;
 * @name_slice_at() and @name_const_slice_at() are NULL beyond the end. Nothing else differs from
 * the calls of buf.h.
 */
#define DEFINE_SWIM_BUF(name, ctype, type)					\
	struct name##_buf;							\
	DECLARE_SWIM_BUF(name);							\
	DEFINE_SWIM_BUF_CALLS(name, ctype, type)

#endif
