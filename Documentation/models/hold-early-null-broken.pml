/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hold.pml with a fault, which the checker must find: the frame says that it is nobody's before the pool was touched last.
 *
 * Check: spin -a hold-early-null-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define EARLY_NULL
#include "hold.pml"
