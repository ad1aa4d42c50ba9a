/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hunk.pml with a fault, which the checker must find: a salvaged object is counted when the hunk is held no more.
 *
 * Check: spin -a hunk-late-count-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define LATE_COUNT
#include "hunk.pml"
