/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scope-stack.pml with a fault, which the checker must find: the list is changed without the lock.
 *
 * Check: spin -a scope-stack-no-lock-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_LOCK
#include "scope-stack.pml"
