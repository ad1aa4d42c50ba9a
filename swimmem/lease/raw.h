/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_LEASE_RAW_H
#define SWIMMEM_LEASE_RAW_H

#include <swimmem/box.h>
#include <swimmem/raw.h>

#include "lease.h"

/* Make an object and let the empty lease own it. */
static __always_inline int swim_raw_own(struct swim_raw *raw, struct swim_hold *hold, size_t size,
					unsigned long meta, gfp_t gfp)
{
	unsigned long apart;
	void *object;

	if (unlikely(!swim_raw_is_empty(raw)))
		return -SWIM_EOCCUPIED;
	object = swim_reserve(hold, size, gfp, &apart);
	if (IS_ERR(object))
		return PTR_ERR(object);
	raw->meta = swim_meta_apart(meta, apart);
	/* The object is zeroed before a reader can find it, the lease whole before a mover can. */
	smp_store_release(swim_slot_object(raw), object);
	swim_tag_write(swim_tag_of(object), swim_tag_owned(raw, SWIM_TAG_OWNED));
	return 0;
}

#endif
