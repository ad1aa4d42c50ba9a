/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_LEASE_RAW_H
#define SWIMMEM_LEASE_RAW_H

#include <swimmem/box.h>
#include <swimmem/raw.h>

#include "../alloc/pool.h"

/*
 * What a lease knows of its object: the address of a type; or, for plain bytes, their size
 * as a tag has it, and in place of the tag's state what rounding it up to 8 has added.
 */
#define SWIM_META_PLAIN		SWIM_TAG_SIZED
#define SWIM_META_ADDED_SHIFT	3

static inline unsigned long swim_meta_plain(size_t size)
{
	return __SWIM_SIZED(size) | (-size & 7) << SWIM_META_ADDED_SHIFT;
}

static inline const struct swim_type *swim_meta_type(unsigned long meta)
{
	return meta & SWIM_META_PLAIN ? NULL : (const struct swim_type *)meta;
}

/* Bytes, as they were asked for. */
static inline size_t swim_meta_size(unsigned long meta)
{
	const struct swim_type *type = swim_meta_type(meta);

	return type ? type->size : swim_tag_size(meta) - (meta >> SWIM_META_ADDED_SHIFT & 7);
}

/* A sized tag in state @state for the object. */
static __always_inline unsigned long swim_meta_sized(unsigned long meta, enum swim_tag_state state)
{
	if (meta & SWIM_META_PLAIN)
		return (meta & ~SWIM_TAG_STATE) | state;
	return ((const struct swim_type *)meta)->sized | state;
}

static inline size_t swim_meta_object_size(unsigned long meta)
{
	return swim_tag_size(swim_meta_sized(meta, 0));
}

static inline struct swim_raw *swim_part(void *value, const struct swim_type *type, unsigned int n)
{
	return value + type->part[n];
}

bool swim_raw_peek(const struct swim_raw *raw, struct swim_raw *copy);

/* Make an object and let the empty lease own it. */
static __always_inline int swim_raw_own(struct swim_raw *raw, struct swim_hold *hold, size_t size,
					unsigned long meta, gfp_t gfp)
{
	unsigned long kind;
	void *object;

	if (unlikely(!swim_raw_is_empty(raw)))
		return -SWIM_EOCCUPIED;
	object = swim_reserve(hold, size, gfp, &kind);
	if (IS_ERR(object))
		return PTR_ERR(object);
	raw->meta = meta;
	/* The object is zeroed before a reader can find it, the lease whole before a mover can. */
	smp_store_release(&raw->object, object);
	swim_tag_write(swim_tag_of(object), (unsigned long)raw | kind);
	return 0;
}

#endif
