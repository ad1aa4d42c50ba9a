// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faulty: a client that does what clients must not do, so that others can be seen to go on.
 *
 *	leak	goes without dropping what it has; its pool is not destroyed, and tells why
 *	forget	the same, in the middle of a compaction, and does not even ask for that
 *	global	leaves an object in the global hold
 *	static	leaves its static space, with a pool in there
 *	pinned	dies of a fault with objects pinned
 *	shared	dies with a Mut and a Ref
 *	scope	dies in scopes, with objects in their holds, and their leases on its stack
 *	reader	dies under rcu_read_lock()
 *	drop	dies while a value is dropped, in what its type does then
 *	clone	dies while a value is cloned, in what its type does then
 *	write	writes behind the end of an object, and to one that it has dropped
 *
 * Those who die do it in a thread of their own, and the kernel has to survive it: without
 * panic_on_oops. Loading the module commits the fault, and waits until the thread is gone.
 */
#define pr_fmt(fmt) "faulty: " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <swimmem/swimmem.h>

#define VICTIMS	100

static char *fault = "leak";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "what it does wrong (default leak)");

static struct swim_space *space;
static struct swim_pool *pool, *scratch;
static struct task_struct *task;

/* NULL, which the compiler does not know. */
static int *nowhere;

static void die(void)
{
	pr_info("%s: dies\n", fault);
	WRITE_ONCE(*READ_ONCE(nowhere), 1);
}

/**
 * struct victim - a value
 * @number: of it
 * @bytes: that it owns
 */
struct victim {
	u64 number;
	struct swim_raw bytes;
};

static bool deadly;	/* whoever drops or clones a victim dies */

static void victim_drop(void *value)
{
	if (deadly)
		die();
}

static int victim_clone(void *to, const void *from, gfp_t gfp)
{
	if (deadly)
		die();
	return 0;
}

static const struct swim_type_ops victim_ops = { .drop = victim_drop, .clone = victim_clone };
static SWIM_TYPE_OPS(victim_type, struct victim, &victim_ops, SWIM_PART(bytes));

/* The leases are not in the module: they are there when it has gone. */
static struct swim_box *victims;

static int make(struct swim_box *box, struct swim_hold *hold, u64 number)
{
	struct victim *victim;
	int err = swim_box_new(box, hold, &victim_type, GFP_KERNEL);

	if (err)
		return err;
	victim = swim_box_pin(box);
	if (IS_ERR(victim))
		return PTR_ERR(victim);
	victim->number = number;
	err = swim_raw_new(&victim->bytes, hold, 8 * number, GFP_ATOMIC);
	swim_box_unpin(box);
	return err;
}

static int make_all(void)
{
	unsigned int n;
	int err = 0;

	victims = kcalloc(VICTIMS, sizeof(*victims), GFP_KERNEL);
	if (!victims)
		return -ENOMEM;
	for (n = 0; n < VICTIMS && !err; n++)
		err = make(&victims[n], swim_pool_hold(pool), n);
	/* So that there is something to compact. */
	for (n = 0; n < VICTIMS && !err; n += 4)
		err = swim_box_drop(&victims[n]);
	return err;
}

static int leak(void)
{
	return 0;
}

DEFINE_SWIM_SPACE(faulty_static, SZ_256K);

static int leave_static(void)
{
	static struct swim_box box;
	struct swim_pool *inside;
	int err = swim_space_add(&faulty_static);

	if (err)
		return err;
	inside = swim_pool_create("faulty-inside", swim_space_heap(&faulty_static), 0);
	if (IS_ERR(inside))
		return PTR_ERR(inside);
	return swim_box_new(&box, swim_pool_hold(inside), &victim_type, GFP_KERNEL);
}

static int leave_in_global(void)
{
	static struct swim_box box;
	int err = swim_box_new(&box, swim_global_hold(), &victim_type, GFP_KERNEL);
	unsigned int n;

	/* Much has come and gone there: there is something to do in the background. */
	for (n = 0; n < 100000 && !err; n++) {
		void *object = swim_alloc(swim_global_hold(), 1024, GFP_KERNEL);

		err = IS_ERR(object) ? PTR_ERR(object) : swim_free(object);
	}
	return err;
}

static int die_pinned(void)
{
	unsigned int n;

	for (n = 0; n < VICTIMS; n++)
		if (n % 4 == 1)
			(void)!swim_box_pin(&victims[n]);
	die();
	return 0;
}

static int die_sharing(void)
{
	struct swim_hard_box hard[2] = {};
	struct swim_mut_box mut = {};
	struct swim_ref_box ref = {};
	unsigned int n;
	int err = 0;

	for (n = 0; n < ARRAY_SIZE(hard) && !err; n++)
		err = swim_hard_box_new(&hard[n], swim_pool_hold(pool), &victim_type, GFP_KERNEL);
	err = err ?: swim_hard_box_try_to_mut(&mut, &hard[0]) ?:
	      swim_hard_box_try_to_ref(&ref, &hard[1]);
	if (!err)
		die();
	return err;
}

static int die_in_scope(void)
{
	struct swim_box left = {}, right = {};
	int err = 0;

	swim_scope(swim_pool_hold(pool)) {
		swim_scope(swim_pool_hold(scratch)) {
			err = make(&left, swim_local_hold(), 7) ?:
			      make(&right, swim_local_hold(), 9);
			if (!err)
				die();
		}
	}
	return err;
}

static int die_reading(void)
{
	rcu_read_lock();
	if (swim_box_read(&victims[1]))
		die();
	rcu_read_unlock();
	return 0;
}

static int die_dropping(void)
{
	deadly = true;
	return swim_box_drop(&victims[1]);
}

static int die_cloning(void)
{
	struct swim_box box = {};

	deadly = true;
	return swim_box_clone(&box, &victims[1], swim_pool_hold(pool), GFP_KERNEL);
}

/* A debug pool tells of both, when the first is dropped, and when the second is looked at. */
static int write_where_nothing_is(void)
{
	u8 *first = swim_alloc(swim_pool_hold(pool), 64, GFP_KERNEL);
	u8 *second = swim_alloc(swim_pool_hold(pool), 64, GFP_KERNEL);
	int err = PTR_ERR_OR_ZERO(first) ?: PTR_ERR_OR_ZERO(second);

	if (err)
		return err;
	first[64] = 1;
	err = swim_free(first) ?: swim_free(second);
	second[8] = 1;
	return err ?: swim_pool_compact(pool, 0);
}

static const struct {
	const char *name;
	int (*commit)(void);
	bool dies;
} faults[] = {
	{ "leak", leak },
	{ "forget", leak },
	{ "global", leave_in_global },
	{ "static", leave_static },
	{ "pinned", die_pinned, true },
	{ "shared", die_sharing, true },
	{ "scope", die_in_scope, true },
	{ "reader", die_reading, true },
	{ "drop", die_dropping, true },
	{ "clone", die_cloning, true },
	{ "write", write_where_nothing_is },
};

static DECLARE_COMPLETION(survived);
static int survivor;

static int run(void *arg)
{
	int (*commit)(void) = arg;

	survivor = commit();
	complete(&survived);
	return 0;
}

/* 0 when it died, as it should. */
static int die_apart(int (*commit)(void))
{
	task = kthread_create(run, commit, "faulty/%s", fault);
	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	wake_up_process(task);
	while (!READ_ONCE(task->exit_state) && !completion_done(&survived))
		msleep(20);
	put_task_struct(task);
	if (!completion_done(&survived))
		return 0;
	pr_err("%s: still alive: %d\n", fault, survivor);
	return survivor ?: -EIO;
}

/* Names of its own for each fault: they stay in use. */
static int begin(void)
{
	char name[SWIM_NAME_MAX];

	if (!strcmp(fault, "global"))
		return 0;
	snprintf(name, sizeof(name), "faulty-%s", fault);
	space = swim_space_create(name, 0);
	pool = swim_pool_create(name, swim_space_heap(space), 0);
	snprintf(name, sizeof(name), "scratch-%s", fault);
	scratch = swim_pool_create(name, swim_space_heap(space), 0);
	return PTR_ERR_OR_ZERO(space) ?: PTR_ERR_OR_ZERO(pool) ?: PTR_ERR_OR_ZERO(scratch) ?:
	       make_all();
}

/* It goes whether it may or not. */
static void __exit faulty_end(void)
{
	if (!strcmp(fault, "global"))
		return;
	/* Compaction has some of it in a hunk of its own. */
	if (!strcmp(fault, "forget")) {
		swim_pool_set_budget(pool, 1, 0);
		pr_info("%s: compaction %d\n", fault, swim_pool_compact_step(pool, 100));
		return;
	}
	pr_info("%s: pools %d, %d, space %d\n", fault, swim_pool_destroy(pool),
		swim_pool_destroy(scratch), swim_space_destroy(space));
}
module_exit(faulty_end);

static int __init faulty_begin(void)
{
	unsigned int n;
	int err;

	for (n = 0; n < ARRAY_SIZE(faults) && strcmp(faults[n].name, fault); n++)
		;
	if (n == ARRAY_SIZE(faults))
		return -EINVAL;
	err = begin();
	err = err ?: faults[n].dies ? die_apart(faults[n].commit) : faults[n].commit();
	pr_info("%s: %d\n", fault, err);
	return err;
}
module_init(faulty_begin);
MODULE_DESCRIPTION("A client of swimmem that does what clients must not do");
MODULE_AUTHOR("The swimmem authors");
MODULE_LICENSE("GPL");
