/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * retire.pml with a fault, which the checker must find: that readers may be left is said last.
 *
 * Check: spin -a retire-late-sign-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define LATE_SIGN
#include "retire.pml"
