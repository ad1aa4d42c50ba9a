/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_COMPACT_RELOCATE_H
#define SWIMMEM_COMPACT_RELOCATE_H

#include "../lease/lease.h"

enum swim_relocated {
	SWIM_MOVED,
	SWIM_CHANGED,	/* the tag is another by now: look at it again */
	SWIM_CANCELLED,	/* somebody asked for the object */
	SWIM_REFUSED,	/* something that it owns is in use */
	SWIM_FULL,	/* the mover's hunk has no room for it */
	SWIM_CORRUPT,	/* its tag names no lease that owns it */
};

enum swim_relocated swim_relocate(struct swim_mover *mover, void *object, unsigned long value,
				  size_t *size);
bool swim_measure(struct swim_pool *pool, void *object, unsigned long value, size_t *size);
bool swim_owned_peek(void *object, unsigned long value, struct swim_buf *lease);
size_t swim_owned_size(void *object, unsigned long value, struct swim_buf *lease);

#endif
