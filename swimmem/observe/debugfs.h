/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_OBSERVE_DEBUGFS_H
#define SWIMMEM_OBSERVE_DEBUGFS_H

struct swim_pool;
struct swim_space;

void swim_debugfs_init(void);
void swim_debugfs_exit(void);
void swim_debugfs_add_space(struct swim_space *space);
void swim_debugfs_del_space(struct swim_space *space);
void swim_debugfs_add_pool(struct swim_pool *pool);
void swim_debugfs_del_pool(struct swim_pool *pool);

#endif
