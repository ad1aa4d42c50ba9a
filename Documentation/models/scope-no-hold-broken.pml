/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scope.pml with a fault, which the checker must find: hunks are gone through without being held.
 *
 * Check: spin -a scope-no-hold-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_HOLD
#include "scope.pml"
