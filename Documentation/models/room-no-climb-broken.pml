/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * room.pml with a fault, which the checker must find: a summary bit that is set again is not set in the levels above.
 *
 * Check: spin -a room-no-climb-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_CLIMB
#include "room.pml"
