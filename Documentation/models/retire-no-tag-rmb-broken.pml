/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * retire.pml with a fault, which the checker must find: who salvages may read whether readers are left before he reads that it is dead.
 *
 * Check: spin -a retire-no-tag-rmb-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_TAG_RMB
#include "retire.pml"
