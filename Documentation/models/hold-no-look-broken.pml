/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hold.pml with a fault, which the checker must find: who holds a hunk does not look again whose it is.
 *
 * Check: spin -a hold-no-look-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_LOOK
#include "hold.pml"
