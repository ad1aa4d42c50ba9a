/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_OBSERVE_REGISTRY_H
#define SWIMMEM_OBSERVE_REGISTRY_H

struct module;
struct swim_pool;
struct swim_space;

int swim_registry_name(char *to, const char *name);
int swim_registry_add_space(struct swim_space *space);
bool swim_registry_has_space(const struct swim_space *space);
void swim_registry_del_space(struct swim_space *space);
int swim_registry_add_pool(struct swim_pool *pool);
void swim_registry_del_pool(struct swim_pool *pool);
bool swim_registry_try_each(void (*space)(struct swim_space *space, void *arg),
			    void (*pool)(struct swim_pool *pool, void *arg), void *arg);
void swim_registry_each(void (*space)(struct swim_space *space, void *arg),
			void (*pool)(struct swim_pool *pool, void *arg), void *arg);
void swim_registry_leave(const struct module *module);
int swim_registry_init(void);
void swim_registry_exit(void);

#endif
