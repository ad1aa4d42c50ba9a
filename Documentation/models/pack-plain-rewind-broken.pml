/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pack.pml with a fault, which the checker must find: free stores the mark, without a look whether it is the one that it has read.
 *
 * Check: spin -a pack-plain-rewind-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define PLAIN_REWIND
#include "pack.pml"
