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
 * @link: private
 */
struct swim_scope {
	struct swim_hold *hold;
	const void *owner;
	struct hlist_node link;
};

struct swim_scope *swim_scope_enter(struct swim_scope *scope, struct swim_hold *hold);
void swim_scope_leave(struct swim_scope *scope);
struct swim_hold *__must_check swim_local_hold(void);

/**
 * swim_scope - run the block that follows with @_hold as the local hold
 * @_hold: any hold; without one the block is not run, and that is reported
 *
 * The scope ends with the block, on every way out of it: its end, break, return, goto.
 *
 * Context: Any but NMI.
 */
#define swim_scope(_hold)							\
	for (struct swim_scope __scope						\
		__attribute__((__cleanup__(swim_scope_leave))) = {},		\
		*__in = swim_scope_enter(&__scope, _hold);			\
	     __in; __in = NULL)

#endif
