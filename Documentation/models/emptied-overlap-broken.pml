/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * emptied.pml with a fault, which the checker must find: a cookie is taken while the last one has not elapsed.
 *
 * Check: spin -a emptied-overlap-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define OVERLAP
#include "emptied.pml"
