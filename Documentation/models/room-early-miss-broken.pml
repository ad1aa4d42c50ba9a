/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * room.pml with a fault, which the checker must find: missed is set before the summary bits are cleared.
 *
 * Check: spin -a room-early-miss-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define EARLY_MISS
#include "room.pml"
