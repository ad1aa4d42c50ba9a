/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_LEASE_PTR_H
#define SWIMMEM_LEASE_PTR_H

#include <swimmem/ptr.h>

#include "lease.h"

static_assert(SWIM_PTR_FRONT == SWIM_OBJECT_ALIGN);

int swim_ptr_own(struct swim_ptr *ptr, struct swim_hold *hold, const struct swim_body *body,
		 gfp_t gfp);

#endif
