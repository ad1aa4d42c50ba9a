/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * segment.pml with a fault, which the checker must find: extents larger than a frame go on when a frame has gone.
 *
 * Check: spin -a segment-still-one-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define STILL_ONE
#include "segment.pml"
