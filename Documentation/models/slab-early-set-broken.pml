/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slab.pml with a fault, which the checker must find: free sets the bit of a row before it gives the unit back.
 *
 * Check: spin -a slab-early-set-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define EARLY_SET
#include "slab.pml"
