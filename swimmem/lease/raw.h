/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_LEASE_RAW_H
#define SWIMMEM_LEASE_RAW_H

#include <swimmem/box.h>
#include <swimmem/raw.h>

#include "../alloc/pool.h"

/* What a lease knows of its object: a type, or a number of plain bytes. */
#define SWIM_META_PLAIN		1UL
#define SWIM_META_SHIFT		2

static inline unsigned long swim_meta_plain(size_t size)
{
	return size << SWIM_META_SHIFT | SWIM_META_PLAIN;
}

static inline const struct swim_type *swim_meta_type(unsigned long meta)
{
	return meta & SWIM_META_PLAIN ? NULL : (const struct swim_type *)meta;
}

/* Bytes, as they were asked for. */
static inline size_t swim_meta_size(unsigned long meta)
{
	const struct swim_type *type = swim_meta_type(meta);

	return type ? type->size : meta >> SWIM_META_SHIFT;
}

static inline size_t swim_meta_object_size(unsigned long meta)
{
	return round_up(swim_meta_size(meta), SWIM_OBJECT_ALIGN);
}

/* Objects of this size lead to their hunk by the page. */
static inline unsigned long swim_size_page(size_t size)
{
	return unlikely(size > SWIM_SMALL_MAX) ? SWIM_TAG_PAGE : 0;
}

static inline struct swim_raw *swim_part(void *value, const struct swim_type *type, unsigned int n)
{
	return value + type->part[n];
}

int swim_raw_own(struct swim_raw *raw, struct swim_hold *hold, size_t size, unsigned long meta,
		 gfp_t gfp);

#endif
