/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hold.pml with a fault, which the checker must find: who held another pool's hunk for a moment does not give it back.
 *
 * Check: spin -a hold-no-put-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_PUT
#include "hold.pml"
