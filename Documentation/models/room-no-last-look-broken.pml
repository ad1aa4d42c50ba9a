/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * room.pml with a fault, which the checker must find: who finds nothing by the summary does not look at all segments.
 *
 * Check: spin -a room-no-last-look-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_LAST_LOOK
#include "room.pml"
