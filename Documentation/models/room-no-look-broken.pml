/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * room.pml with a fault, which the checker must find: no second look after it was said that a segment was missed.
 *
 * Check: spin -a room-no-look-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_LOOK
#include "room.pml"
