/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * emptied.pml with a fault, which the checker must find: a cookie counts that was taken before the move.
 *
 * Check: spin -a emptied-too-soon-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define TOO_SOON
#include "emptied.pml"
