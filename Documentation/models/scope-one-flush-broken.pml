/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scope.pml with a fault, which the checker must find: the spare hunk is closed once, before the cleaner hands another one over.
 *
 * Check: spin -a scope-one-flush-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define ONE_FLUSH
#include "scope.pml"
