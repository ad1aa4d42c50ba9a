/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stow.pml with a fault, which the checker must find: parents get their tags, and their cells back, before their children.
 *
 * Check: spin -a stow-parents-first-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define PARENTS_FIRST
#include "stow.pml"
