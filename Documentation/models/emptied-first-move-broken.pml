/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * emptied.pml with a fault, which the checker must find: a hunk's number is that of the first move out of it.
 *
 * Check: spin -a emptied-first-move-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define FIRST_MOVE
#include "emptied.pml"
