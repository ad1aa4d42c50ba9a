/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * segment.pml with a fault, which the checker must find: who gives frames back does not ask for the lock.
 *
 * Check: spin -a segment-no-lock-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_LOCK
#include "segment.pml"
