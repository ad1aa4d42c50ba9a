/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation.pml with a fault, which the checker must find: who hands an object over to another lease is no reader until the old one is empty.
 *
 * Check: spin -a relocation-open-move-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define OPEN_MOVE
#include "relocation.pml"
