/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation-counted.pml with a fault, which the checker must find: a Ref is made while the cell is busy.
 *
 * Check: spin -a relocation-counted-ref-busy-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define REF_BUSY
#include "relocation-counted.pml"
