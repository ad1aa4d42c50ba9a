/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation-counted.pml with a fault, which the checker must find: the cell is let go before it leads to the copy.
 *
 * Check: spin -a relocation-counted-early-unbusy-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define EARLY_UNBUSY
#include "relocation-counted.pml"
