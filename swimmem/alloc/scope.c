// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scope: a stack of holds for each task, and for each interrupt that runs.
 *
 * The entries stand on the C stack of their owner. A hash table leads from the owner to
 * them, the innermost first. Only the owner looks for his entries, adds and removes them;
 * the lock of a bucket only keeps its list whole against its neighbours, for a few
 * instructions, with interrupts off.
 *
 * A task that dies of a fault leaves no scope by itself, and its stack goes away: so its entries
 * are taken out when the kernel tells of the fault. Not every architecture does, x86 and arm64 do;
 * and one that ends by itself (kthread_exit()) in a scope is not told of: that is a client's bug.
 */
#include <linux/hash.h>
#include <linux/kdebug.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include <swimmem/scope.h>

#include "../compact/evacuate.h"
#include "../compat.h"
#include "../observe/report.h"
#include "hold.h"

#define BUCKET_BITS	8
#define TRIES		10000	/* looks at a lock that somebody has for some instructions */

struct bucket {
	raw_spinlock_t lock;
	struct hlist_head scopes;
};

static struct bucket table[1 << BUCKET_BITS] = {
	[0 ... (1 << BUCKET_BITS) - 1] = {
		.lock = __RAW_SPIN_LOCK_UNLOCKED(table.lock),
	},
};

/* Stand for what runs in these contexts, for it is not the task. */
static DEFINE_PER_CPU(char, softirq_owner);
static DEFINE_PER_CPU(char, hardirq_owner);

static const void *current_owner(void)
{
	if (in_hardirq())
		return this_cpu_ptr(&hardirq_owner);
	if (in_serving_softirq())
		return this_cpu_ptr(&softirq_owner);
	return current;
}

static struct bucket *bucket_of(const void *owner)
{
	return &table[hash_ptr(owner, BUCKET_BITS)];
}

/* The innermost scope of an owner. The bucket is locked. */
static struct swim_scope *innermost(const struct bucket *bucket, const void *owner)
{
	struct swim_scope *scope;

	hlist_for_each_entry(scope, &bucket->scopes, link)
		if (scope->owner == owner)
			return scope;
	return NULL;
}

static bool has_scope(const struct bucket *bucket, const void *owner, const struct swim_hold *hold)
{
	struct swim_scope *scope;

	hlist_for_each_entry(scope, &bucket->scopes, link)
		if (scope->owner == owner && scope->hold == hold)
			return true;
	return false;
}

/**
 * swim_scope_enter - push a hold onto the stack of whoever is running
 * @scope: on the C stack until swim_scope_leave()
 * @hold: the hold; stays until then
 * @bound: if the hold is empty, what is allocated there belongs to the scope
 *
 * swim_scope() does this, and leaves in time.
 *
 * Context: Any but NMI.
 * Return: @scope; NULL, and a report, without a hold.
 */
struct swim_scope *swim_scope_enter(struct swim_scope *scope, struct swim_hold *hold, bool bound)
{
	struct bucket *bucket;
	unsigned long flags;

	if (IS_ERR_OR_NULL(hold)) {
		scope->owner = NULL;
		swim_report("scope without a hold");
		return NULL;
	}
	scope->hold = hold;
	scope->owner = current_owner();
	/* The global hold is everybody's, even while nobody uses it. */
	scope->bound = bound && hold != swim_global_hold() && hold->ops->is_empty(hold);
	bucket = bucket_of(scope->owner);
	raw_spin_lock_irqsave(&bucket->lock, flags);
	if (scope->bound && has_scope(bucket, scope->owner, hold))
		scope->bound = false;
	hlist_add_head(&scope->link, &bucket->scopes);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	swim_step(SCOPE_ENTER);
	return scope;
}
EXPORT_SYMBOL_GPL(swim_scope_enter);

/**
 * swim_scope_leave - pop the hold again
 * @scope: entered by the same task, softirq or hard interrupt, or not entered
 *
 * Context: Any but NMI. Sleeps where the caller may, when something is left in the hold.
 */
void swim_scope_leave(struct swim_scope *scope)
{
	struct swim_scope *outer;
	struct bucket *bucket;
	struct swim_hold *to;
	unsigned long flags;

	if (!scope->owner)
		return;
	if (scope->owner != current_owner())
		swim_report("scope left in another context than it was entered in");
	bucket = bucket_of(scope->owner);
	raw_spin_lock_irqsave(&bucket->lock, flags);
	hlist_del(&scope->link);
	outer = innermost(bucket, scope->owner);
	/* It is ours, and further out: it stays for as long as we are here. */
	to = outer ? outer->hold : NULL;
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	swim_step(SCOPE_LEAVE);
	scope->owner = NULL;
	if (scope->bound && !scope->hold->ops->is_empty(scope->hold))
		swim_evacuate(scope->hold, to);
}
EXPORT_SYMBOL_GPL(swim_scope_leave);

/**
 * swim_local_hold - the hold of the innermost scope
 *
 * Context: Any but NMI.
 * Return: the hold, or ERR_PTR(-ENOENT) outside of any scope. (Model: holds, local hold)
 */
struct swim_hold *swim_local_hold(void)
{
	struct swim_hold *hold = ERR_PTR(-SWIM_ECLEARED);
	const void *owner = current_owner();
	struct bucket *bucket = bucket_of(owner);
	struct swim_scope *scope;
	unsigned long flags;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	scope = innermost(bucket, owner);
	if (scope)
		hold = scope->hold;
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	return hold;
}
EXPORT_SYMBOL_GPL(swim_local_hold);

/*
 * What the task has allocated stays, for who knows what it has left half done. Others have the
 * bucket for a few instructions; where the fault came with it locked, it stays so.
 */
static int fault(struct notifier_block *unused, unsigned long what, void *arg)
{
	struct bucket *bucket = bucket_of(current);
	unsigned int tries = TRIES;
	struct swim_scope *scope;
	struct hlist_node *next;
	unsigned long flags;

	if (what != DIE_OOPS)
		return NOTIFY_DONE;
	while (!raw_spin_trylock_irqsave(&bucket->lock, flags)) {
		if (!--tries)
			return NOTIFY_DONE;
		cpu_relax();
	}
	hlist_for_each_entry_safe(scope, next, &bucket->scopes, link)
		if (scope->owner == current)
			hlist_del(&scope->link);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	return NOTIFY_DONE;
}

static struct notifier_block fault_notifier = { .notifier_call = fault };

int swim_scope_init(void)
{
	return register_die_notifier(&fault_notifier);
}

void swim_scope_exit(void)
{
	unregister_die_notifier(&fault_notifier);
}
