/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_COMPACT_STOW_H
#define SWIMMEM_COMPACT_STOW_H

#include <swimmem/hold.h>

#include "../alloc/tag.h"

int swim_stow(void *slot, enum swim_tag_kind kind, struct swim_hold *hold, gfp_t gfp);

#endif
