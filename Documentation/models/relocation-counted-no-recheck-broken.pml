/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation-counted.pml with a fault, which the checker must find: a cell that is busy now is not looked at again, and may be another object's.
 *
 * Check: spin -a relocation-counted-no-recheck-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define NO_RECHECK
#include "relocation-counted.pml"
