/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_OBSERVE_LEAK_H
#define SWIMMEM_OBSERVE_LEAK_H

#include <linux/types.h>

struct module;
struct seq_file;
struct swim_frame;
struct swim_pack;
struct swim_pack_stats;
struct swim_pool;
struct swim_pool_stats;

void swim_leak_pool(struct swim_pool *pool, const struct swim_pool_stats *stats,
		    const char *what);
void swim_leak_pack(struct swim_pack *pack, const struct swim_pack_stats *stats,
		    const char *what);
bool swim_leak_module(struct swim_pool *pool, const struct module *module);
int swim_owners_show(struct seq_file *seq, struct swim_pool *pool);
int swim_obstacles_show(struct seq_file *seq, struct swim_pool *pool);
bool swim_tell_lasting(struct swim_pool *pool, void *object, unsigned long value, size_t size,
		       unsigned int seconds, size_t held_back);
unsigned int swim_open_mark(struct swim_pool *pool, const struct swim_frame *frame);

#endif
