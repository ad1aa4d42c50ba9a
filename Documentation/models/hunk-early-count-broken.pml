/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hunk.pml with a fault, which the checker must find: free counts an object dead before it has written its tag.
 *
 * Check: spin -a hunk-early-count-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define EARLY_COUNT
#include "hunk.pml"
