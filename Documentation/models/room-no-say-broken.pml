/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * room.pml with a fault, which the checker must find: rows that are put back after half a long extent are not told of.
 *
 * Check: spin -a room-no-say-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_SAY
#include "room.pml"
