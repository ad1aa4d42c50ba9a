/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slab.pml with a fault, which the checker must find: no look at a row after its bit was cleared.
 *
 * Check: spin -a slab-no-look-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_LOOK
#include "slab.pml"
