/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation-counted.pml with a fault, which the checker must find: the last strong lease goes while the cell is busy, and its owner drops the object.
 *
 * Check: spin -a relocation-counted-put-busy-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define PUT_BUSY
#include "relocation-counted.pml"
