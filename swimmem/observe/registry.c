// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registry: all spaces and pools by name, for those who look, and for CPUs and modules that go
 * away.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../alloc/pool.h"
#include "../compat.h"
#include "debugfs.h"
#include "leak.h"
#include "record.h"
#include "registry.h"
#include "report.h"

/* For so long who is in the way of a module that goes is waited for. */
#define LEAVE_TICKS	(2 * HZ)
/* What was closed may be open again before it is looked at. */
#define LOOKS		2

static DEFINE_MUTEX(lock);	/* of both lists */
static LIST_HEAD(spaces);
static LIST_HEAD(pools);
static enum cpuhp_state hotplug;

/**
 * swim_registry_name - take a name over, if it can be that of a folder
 * @to: SWIM_NAME_MAX bytes
 * @name: what somebody calls it
 *
 * Return: 0 or -EINVAL.
 */
int swim_registry_name(char *to, const char *name)
{
	const char *c;

	if (!name || !*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return -SWIM_EMISALIGNED;
	for (c = name; *c; c++)
		if (!isascii(*c) || !isprint(*c) || *c == '/')
			return -SWIM_EMISALIGNED;
	if (strscpy(to, name, SWIM_NAME_MAX) < 0)
		return -SWIM_EMISALIGNED;
	return 0;
}

int swim_registry_add_space(struct swim_space *space)
{
	struct swim_space *other;
	int err = 0;

	mutex_lock(&lock);
	list_for_each_entry(other, &spaces, link)
		if (!strcmp(other->name, space->name))
			err = -SWIM_EOCCUPIED;
	if (!err) {
		list_add_tail(&space->link, &spaces);
		swim_debugfs_add_space(space);
	}
	mutex_unlock(&lock);
	return err;
}

/**
 * swim_registry_has_space - has a space been added?
 * @space: any
 */
bool swim_registry_has_space(const struct swim_space *space)
{
	struct swim_space *other;
	bool found = false;

	mutex_lock(&lock);
	list_for_each_entry(other, &spaces, link)
		found |= other == space;
	mutex_unlock(&lock);
	return found;
}

void swim_registry_del_space(struct swim_space *space)
{
	/* Outside the lock: waits for those who read its files. */
	swim_debugfs_del_space(space);
	mutex_lock(&lock);
	list_del(&space->link);
	mutex_unlock(&lock);
}

int swim_registry_add_pool(struct swim_pool *pool)
{
	struct swim_pool *other;
	int err = 0;

	swim_record_create(pool);
	mutex_lock(&lock);
	list_for_each_entry(other, &pools, link)
		if (!strcmp(other->name, pool->name))
			err = -SWIM_EOCCUPIED;
	if (!err) {
		list_add_tail(&pool->link, &pools);
		swim_debugfs_add_pool(pool);
	}
	mutex_unlock(&lock);
	if (err)
		swim_record_destroy(pool);
	return err;
}

void swim_registry_del_pool(struct swim_pool *pool)
{
	swim_debugfs_del_pool(pool);
	mutex_lock(&lock);
	list_del(&pool->link);
	mutex_unlock(&lock);
	swim_record_destroy(pool);
}

static void each(void (*space)(struct swim_space *space, void *arg),
		 void (*pool)(struct swim_pool *pool, void *arg), void *arg)
{
	struct swim_space *s;
	struct swim_pool *p;

	if (space)
		list_for_each_entry(s, &spaces, link)
			space(s, arg);
	if (pool)
		list_for_each_entry(p, &pools, link)
			pool(p, arg);
}

/**
 * swim_registry_each - call a function for each space, then one for each pool
 * @space: may be NULL
 * @pool: may be NULL
 * @arg: for both
 *
 * Context: Process, may sleep. None comes or goes meanwhile.
 */
void swim_registry_each(void (*space)(struct swim_space *space, void *arg),
			void (*pool)(struct swim_pool *pool, void *arg), void *arg)
{
	mutex_lock(&lock);
	each(space, pool, arg);
	mutex_unlock(&lock);
}

/**
 * swim_registry_try_each - the same, unless somebody else is at it
 * @space: may be NULL
 * @pool: may be NULL
 * @arg: for both
 *
 * Context: Process, in reclaim: who has the lock may be waiting for memory.
 * Return: false when nothing was called.
 */
bool swim_registry_try_each(void (*space)(struct swim_space *space, void *arg),
			    void (*pool)(struct swim_pool *pool, void *arg), void *arg)
{
	if (!mutex_trylock(&lock))
		return false;
	each(space, pool, arg);
	mutex_unlock(&lock);
	return true;
}

static void pool_cpu_dead(struct swim_pool *pool, void *arg)
{
	swim_pool_flush_dead_cpu(pool, *(unsigned int *)arg);
}

/* What a CPU that is gone had open goes to the others. */
static int cpu_dead(unsigned int cpu)
{
	swim_registry_each(NULL, pool_cpu_dead, &cpu);
	return 0;
}

/* May it be a client? Not if it uses no other module at all. */
static bool is_client(const struct module *module)
{
#ifdef CONFIG_MODULE_UNLOAD
	return !list_empty(&module->target_list);
#else
	return false;
#endif
}

static void pool_not_looked_at(struct swim_pool *pool, void *arg)
{
	pool->looks = 0;
}

/**
 * struct leaving - a look for what a module has left
 * @module: that goes
 * @whole: all pools have been looked at as often as is needed
 */
struct leaving {
	const struct module *module;
	bool whole;
};

static void pool_leave(struct swim_pool *pool, void *arg)
{
	struct leaving *leaving = arg;

	if (pool->looks == LOOKS)
		return;
	swim_pool_flush_cpuslocked(pool);
	if (swim_leak_module(pool, leaving->module))
		pool->looks++;
	leaving->whole &= pool->looks == LOOKS;
}

static bool goes_with(const struct swim_pool *pool, const struct module *module)
{
	return within_module((unsigned long)pool, module) ||
	       within_module((unsigned long)pool->heap, module);
}

static struct swim_pool *pool_of(const struct module *module)
{
	struct swim_pool *pool, *found = NULL;

	mutex_lock(&lock);
	list_for_each_entry(pool, &pools, link)
		if (goes_with(pool, module))
			found = pool;
	mutex_unlock(&lock);
	return found;
}

static struct swim_space *space_of(const struct module *module)
{
	struct swim_space *space, *found = NULL;

	mutex_lock(&lock);
	list_for_each_entry(space, &spaces, link)
		if (within_module((unsigned long)space, module))
			found = space;
	mutex_unlock(&lock);
	return found;
}

/* A static space of a module goes with it, and what stands in there. */
static void forget_statics(const struct module *module)
{
	struct swim_space *space;
	struct swim_pool *pool;

	while ((pool = pool_of(module))) {
		swim_report("module '%s' gone with pool '%s' in its memory", module->name,
			    pool->name);
		swim_pool_quiesce(pool);
	}
	while ((space = space_of(module))) {
		swim_report("module '%s' gone with its static space '%s'", module->name,
			    space->name);
		swim_registry_del_space(space);
	}
}

/*
 * What a client that goes has not dropped would lead to what is no longer there. Who compacts or
 * looks at a pool meanwhile is in the way, but not to be waited for with these locks: so each pool
 * has its turn when nobody is.
 */
static bool look_for_what_is_left(const struct module *module)
{
	const unsigned long until = jiffies + LEAVE_TICKS;
	struct leaving leaving = { .module = module };

	swim_registry_each(NULL, pool_not_looked_at, NULL);
	for (;;) {
		leaving.whole = true;
		/* In this order, as for a CPU that goes. */
		cpus_read_lock();
		swim_registry_each(NULL, pool_leave, &leaving);
		cpus_read_unlock();
		if (leaving.whole || time_after(jiffies, until))
			return leaving.whole;
		schedule_timeout_uninterruptible(1);
	}
}

/**
 * swim_registry_leave - tell what a module that goes has left, and let it be nobody's
 * @module: nobody runs in it any more, and its memory is still there
 *
 * Context: Process, may sleep: for two seconds where somebody has a pool for so long.
 */
void swim_registry_leave(const struct module *module)
{
	static DEFINE_MUTEX(one_at_a_time);
	bool whole;

	mutex_lock(&one_at_a_time);
	whole = look_for_what_is_left(module);
	mutex_unlock(&one_at_a_time);
	if (!whole)
		swim_report_warn("module '%s' gone before all pools were looked at for what it left",
				 module->name);
	forget_statics(module);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_registry_leave);

static int module_notify(struct notifier_block *unused, unsigned long state, void *module)
{
	if (state != MODULE_STATE_GOING || !is_client(module))
		return NOTIFY_DONE;
	swim_registry_leave(module);
	return NOTIFY_OK;
}

static struct notifier_block module_notifier = { .notifier_call = module_notify };

int swim_registry_init(void)
{
	int state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "swimmem:dead", NULL, cpu_dead);

	if (state < 0)
		return state;
	hotplug = state;
	register_module_notifier(&module_notifier);
	swim_debugfs_init();
	return 0;
}

void swim_registry_exit(void)
{
	swim_debugfs_exit();
	unregister_module_notifier(&module_notifier);
	cpuhp_remove_state_nocalls(hotplug);
}
