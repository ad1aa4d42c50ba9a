/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reserve.pml with a fault, which the checker must find: the reserve is read, and cleared afterwards.
 *
 * Check: spin -a reserve-twice-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define TWICE
#include "reserve.pml"
