/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hunk.pml with a fault, which the checker must find: the mark goes back over a tag that is not zero.
 *
 * Check: spin -a hunk-no-zero-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_ZERO
#include "hunk.pml"
