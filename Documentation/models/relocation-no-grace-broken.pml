/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation.pml with a fault, which the checker must find: no grace period before a slot is reused that was moved out of.
 *
 * Check: spin -a relocation-no-grace-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define NO_GRACE
#include "relocation.pml"
