/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * room.pml with a fault, which the checker must find: missed is cleared after the summary bits are set.
 *
 * Check: spin -a room-late-forget-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define LATE_FORGET
#include "room.pml"
