/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation-counted.pml with a fault, which the checker must find: who is busy when the last lease goes does not free the cell.
 *
 * Check: spin -a relocation-counted-no-last-free-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define NO_LAST_FREE
#include "relocation-counted.pml"
