/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slab.pml with a fault, which the checker must find: who finds nothing by the hint does not look at all rows.
 *
 * Check: spin -a slab-no-last-look-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_LAST_LOOK
#include "slab.pml"
