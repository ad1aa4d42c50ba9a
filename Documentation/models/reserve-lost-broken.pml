/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reserve.pml with a fault, which the checker must find: who sets a hunk aside does not look whether somebody else has.
 *
 * Check: spin -a reserve-lost-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define LOST
#include "reserve.pml"
