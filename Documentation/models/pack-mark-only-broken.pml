/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pack.pml with a fault, which the checker must find: the mark alone is compared, not the counts.
 *
 * Check: spin -a pack-mark-only-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define MARK_ONLY
#include "pack.pml"
