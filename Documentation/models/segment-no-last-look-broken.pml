/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * segment.pml with a fault, which the checker must find: who took both frames does not look whether they still are one block.
 *
 * Check: spin -a segment-no-last-look-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_LAST_LOOK
#include "segment.pml"
