/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scope.pml with a fault, which the checker must find: only what exclusive leases own is looked at.
 *
 * Check: spin -a scope-no-counted-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_COUNTED
#include "scope.pml"
