/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * segment.pml with a fault, which the checker must find: a segment without memory is not locked.
 *
 * Check: spin -a segment-early-unlock-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define EARLY_UNLOCK
#include "segment.pml"
