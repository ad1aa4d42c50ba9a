/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hunk.pml with a fault, which the checker must find: free says DEAD before it is through with the object, which is salvaged.
 *
 * Check: spin -a hunk-no-going-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_GOING
#include "hunk.pml"
