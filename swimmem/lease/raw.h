/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_LEASE_RAW_H
#define SWIMMEM_LEASE_RAW_H

#include <swimmem/box.h>
#include <swimmem/raw.h>

#include "lease.h"

int swim_raw_own_slow(struct swim_raw *raw, struct swim_hold *hold, size_t size,
		      unsigned long meta, gfp_t gfp);

/* Let an empty lease own an object that has just been reserved. */
static __always_inline void swim_raw_begin(struct swim_raw *raw, void *object, unsigned long meta)
{
	raw->meta = meta;
	/* The object is zeroed before a reader can find it, the lease whole before a mover can. */
	smp_store_release(swim_slot_object(raw), object);
	swim_tag_write(swim_tag_of(object), swim_tag_owned(raw, SWIM_TAG_OWNED));
	swim_step(TAG_OWN);
}

/* Make an object and let the empty lease own it. */
static __always_inline int swim_raw_own(struct swim_raw *raw, struct swim_hold *hold, size_t size,
					unsigned long meta, gfp_t gfp)
{
	void *object;

	if (unlikely(!swim_raw_is_empty(raw)))
		return -SWIM_EOCCUPIED;
	if (!swim_reserve_now(hold, size, &object))
		return swim_raw_own_slow(raw, hold, size, meta, gfp);
	swim_raw_begin(raw, object, meta);
	return 0;
}

#endif
