/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reserve.pml with a fault, which the checker must find: the end of the pool forgets the reserve.
 *
 * Check: spin -a reserve-kept-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define KEPT
#include "reserve.pml"
