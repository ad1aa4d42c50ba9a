/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reserve.pml with a fault, which the checker must find: the reserve is taken after the frame has gone.
 *
 * Check: spin -a reserve-late-take-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define LATE_TAKE
#include "reserve.pml"
