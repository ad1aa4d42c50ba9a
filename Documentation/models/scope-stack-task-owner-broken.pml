/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scope-stack.pml with a fault, which the checker must find: an interrupt is taken for the task that it has interrupted.
 *
 * Check: spin -a scope-stack-task-owner-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define TASK_OWNER
#include "scope-stack.pml"
