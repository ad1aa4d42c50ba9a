/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Type: tells once what a value is made of: its size, where the leases of its
 * children sit, and what bytes alone do not tell: how to drop, clone, compare it.
 */
#ifndef SWIMMEM_TYPE_H
#define SWIMMEM_TYPE_H

#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <swimmem/lease.h>

/**
 * struct swim_type_ops - what bytes alone do not tell; each may be NULL
 * @drop: a value goes, and is pinned. Its children are dropped afterwards; not by this
 * @clone: @to has the bytes of @from by now. Makes it a value of its own, or returns an errno,
 *	   and then nothing has changed. The leases in both are not its business. Without it a
 *	   type that has a @drop has no clones
 * @equal: do two values mean the same? Without it, if they own nothing, when their bytes do
 * @compare: order of two values: below, equal to or above 0. Without it they have none
 * @hash: of a value, beginning with a seed. Without it, if it owns nothing, that of its bytes
 * @user: bytes of user metadata that stand beside each object of the type, however many values
 *	  it has: zeroed when it is made, cloned and moved with it, see swim_user(). Not for Raw
 *	  leases: what a client wants beside these he puts beside them
 *
 * Context: that of the call in which they run; @drop, @equal, @compare and @hash never sleep.
 */
struct swim_type_ops {
	void (*drop)(void *value);
	int (*clone)(void *to, const void *from, gfp_t gfp);
	bool (*equal)(const void *a, const void *b);
	int (*compare)(const void *a, const void *b);
	u32 (*hash)(const void *value, u32 seed);
	size_t user;
};

/**
 * struct swim_type - a type whose values swimmem moves and drops
 * @name: of the C type
 * @size: bytes
 * @parts: how many leases a value holds
 * @part: their offsets in bytes, and in the low three bits what kind of lease each is
 * @sized: private
 * @ops: what to do with its values; may be NULL
 */
struct swim_type {
	const char *name;
	size_t size;
	unsigned long sized;
	unsigned int parts;
	const u32 *part;
	const struct swim_type_ops *ops;
} __aligned(32);

/**
 * swim_user - the user metadata beside what a Ptr, a Mut or a Ref leads to
 * @payload: its value, or its first element, while that may be used; of a Ref only to read
 * @type: the type, whose ops tell that there is user metadata
 *
 * Context: Any. Return: the metadata, as long as the payload is valid. (Model: residents)
 */
static inline void *swim_user(void *payload, const struct swim_type *type)
{
	return payload - ALIGN(type->ops->user, 8);
}

/* One member that is a lease; anything else does not compile. */
#define SWIM_PART(member)	member

/* Is a member one of these four structs: 1 or 0. */
#define __SWIM_IS(type, member, a, b, c, d)					\
	(__same_type(((type *)0)->member, struct a) ||				\
	 __same_type(((type *)0)->member, struct b) ||				\
	 __same_type(((type *)0)->member, struct c) ||				\
	 __same_type(((type *)0)->member, struct d))

#define __SWIM_IS_RAW(type, member)						\
	__SWIM_IS(type, member, swim_raw, swim_box, swim_buf, swim_string)
#define __SWIM_IS_KIND(type, member, kind)					\
	__SWIM_IS(type, member, swim_##kind, swim_##kind##_box, swim_##kind##_buf, \
		  swim_##kind##_string)

/* The kind of a member that is a lease. */
#define __SWIM_KIND(type, member)						\
	(__SWIM_IS_RAW(type, member) * SWIM_KIND_RAW +				\
	 __SWIM_IS_KIND(type, member, ptr) * SWIM_KIND_PTR +			\
	 __SWIM_IS_KIND(type, member, mut) * SWIM_KIND_MUT +			\
	 __SWIM_IS_KIND(type, member, ref) * SWIM_KIND_REF +			\
	 __SWIM_IS_KIND(type, member, hard) * SWIM_KIND_HARD +			\
	 __SWIM_IS_KIND(type, member, soft) * SWIM_KIND_SOFT)

/* Raw adds nothing to the kind, so it is asked for on its own. */
#define __SWIM_PART(type, member)						\
	(offsetof(type, member) + __SWIM_KIND(type, member) +			\
	 BUILD_BUG_ON_ZERO(offsetof(type, member) & SWIM_KIND_MASK) +		\
	 BUILD_BUG_ON_ZERO(!__SWIM_IS_RAW(type, member) && !__SWIM_KIND(type, member)))

/* The size as the tag of a value has it: in units of 8 bytes from bit 7 on. */
#define __SWIM_SIZED(size)							\
	((((size) + 7UL) & ~7UL) << 4 | 1)

#define __SWIM_TYPE(_type, _ops)						\
	.name = #_type,								\
	.size = sizeof(_type) + BUILD_BUG_ON_ZERO(__alignof__(_type) > 8),	\
	.sized = __SWIM_SIZED(sizeof(_type)),					\
	.ops = (_ops)

/* Up to eight parts; what is beyond the first @_n repeats the first. */
#define __SWIM_TYPE_PARTS(_name, _type, _ops, _n, a, b, c, d, e, f, g, h, ...)	\
	const struct swim_type _name = {					\
		__SWIM_TYPE(_type, _ops),					\
		.parts = (_n) + BUILD_BUG_ON_ZERO((_n) > 8),			\
		.part = (const u32 []){						\
			__SWIM_PART(_type, a), __SWIM_PART(_type, b),		\
			__SWIM_PART(_type, c), __SWIM_PART(_type, d),		\
			__SWIM_PART(_type, e), __SWIM_PART(_type, f),		\
			__SWIM_PART(_type, g), __SWIM_PART(_type, h),		\
		},								\
	}

/**
 * SWIM_TYPE - define a type whose values own others
 * @_name: of the struct swim_type
 * @_type: the C type, aligned to at most 8 bytes
 * @...: one to eight SWIM_PART(member), members that are a lease of any kind
 *
 * At file scope, usually with static in front.
 */
#define SWIM_TYPE(_name, _type, ...)						\
	SWIM_TYPE_OPS(_name, _type, NULL, __VA_ARGS__)

/**
 * SWIM_TYPE_OPS - the same, with what bytes alone do not tell
 * @_name: of the struct swim_type
 * @_type: the C type
 * @_ops: const struct swim_type_ops *
 * @_part: SWIM_PART(member)
 * @...: up to seven more
 */
#define SWIM_TYPE_OPS(_name, _type, _ops, _part, ...)				\
	__SWIM_TYPE_PARTS(_name, _type, _ops, COUNT_ARGS(_part, ##__VA_ARGS__), \
			  _part, ##__VA_ARGS__, _part, _part, _part, _part,	\
			  _part, _part, _part, _part)

/**
 * SWIM_PLAIN_TYPE - define a type whose values own nothing
 * @_name: of the struct swim_type
 * @_type: the C type, aligned to at most 8 bytes
 */
#define SWIM_PLAIN_TYPE(_name, _type)						\
	SWIM_PLAIN_TYPE_OPS(_name, _type, NULL)

/**
 * SWIM_PLAIN_TYPE_OPS - the same, with what bytes alone do not tell
 * @_name: of the struct swim_type
 * @_type: the C type
 * @_ops: const struct swim_type_ops *
 */
#define SWIM_PLAIN_TYPE_OPS(_name, _type, _ops)					\
	const struct swim_type _name = { __SWIM_TYPE(_type, _ops) }

#endif
