/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation.pml with a fault, which the checker must find: the tag of a child goes on naming the lease in the old place.
 *
 * Check: spin -a relocation-no-rehome-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define NO_REHOME
#include "relocation.pml"
