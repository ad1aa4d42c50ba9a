/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scope.pml with a fault, which the checker must find: what the cleaner has in hand is passed over.
 *
 * Check: spin -a scope-no-wait-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_WAIT
#include "scope.pml"
