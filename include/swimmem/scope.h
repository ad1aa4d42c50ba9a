/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scope: binds allocations to the block of C that they are for.
 *
 *	swim_scope(hold) {
 *		err = build(&tree, swim_local_hold());
 *	}
 *
 * Scopes nest. Each task has its own stack of them, and so has each softirq and each
 * hard interrupt while it runs: none sees the scopes of what it interrupted.
 *
 * What is allocated from a hold that was empty when its scope began belongs to the scope. At
 * its end what is left there and has a lease is stowed into the hold of the next outer scope,
 * and what cannot be is reported. The leases must not be in use then, as for any stow. The
 * global hold belongs to nobody.
 */
#ifndef SWIMMEM_SCOPE_H
#define SWIMMEM_SCOPE_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <swimmem/hold.h>

/**
 * struct swim_scope - one entry of a stack of holds; lives on the C stack
 * @hold: the hold
 * @owner: whose stack; private
 * @bound: what is left in the hold at the end belongs to the scope; private
 * @link: private
 */
struct swim_scope {
	struct swim_hold *hold;
	const void *owner;
	bool bound;
	struct hlist_node link;
};

struct swim_scope *swim_scope_enter(struct swim_scope *scope, struct swim_hold *hold, bool bound);
void swim_scope_leave(struct swim_scope *scope);
struct swim_hold *__must_check swim_local_hold(void);

/**
 * swim_scope - run the block that follows with @_hold as the local hold
 * @_hold: any hold that outlives the block; without one that is not run, and reported
 *
 * The scope ends with the block, on every way out of it: its end, break, return, goto. When
 * the hold was empty at its begin, what is left there at its end is stowed into the next outer
 * hold, or reported. That sleeps where the block may; where it must not, what another CPU has
 * allocated for it is reported. (Model: holds, hold scope)
 *
 * Context: Any but NMI.
 */
#define swim_scope(_hold)	__swim_scope(_hold, true)

/**
 * swim_with_hold - the same, and nothing happens to what is left in the hold
 * @_hold: any hold, that others may use as well
 *
 * Context: Any but NMI.
 */
#define swim_with_hold(_hold)	__swim_scope(_hold, false)

#define __swim_scope(_hold, _bound)						\
	for (struct swim_scope __scope						\
		__attribute__((__cleanup__(swim_scope_leave))) = {},		\
		*__in = swim_scope_enter(&__scope, _hold, _bound);		\
	     __in; __in = NULL)

#endif
