/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation.pml with a fault, which the checker must find: the tag of a child is stored without a look at another mover.
 *
 * Check: spin -a relocation-plain-store-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define PLAIN_STORE
#include "relocation.pml"
