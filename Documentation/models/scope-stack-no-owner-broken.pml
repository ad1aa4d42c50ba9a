/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scope-stack.pml with a fault, which the checker must find: the innermost scope of all is taken.
 *
 * Check: spin -a scope-stack-no-owner-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_OWNER
#include "scope-stack.pml"
