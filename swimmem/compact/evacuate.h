/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_COMPACT_EVACUATE_H
#define SWIMMEM_COMPACT_EVACUATE_H

#include <linux/gfp.h>

struct swim_hold;
struct swim_pack;
struct swim_pool;

void swim_evacuate(struct swim_hold *from, struct swim_hold *to);
void swim_pool_evacuate(struct swim_pool *pool, struct swim_hold *to, gfp_t gfp);
void swim_pack_evacuate(struct swim_pack *pack, struct swim_hold *to, gfp_t gfp);

#endif
