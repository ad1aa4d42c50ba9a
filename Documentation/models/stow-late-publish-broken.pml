/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stow.pml with a fault, which the checker must find: the root's lease leads to the copy when the old root is given back already.
 *
 * Check: spin -a stow-late-publish-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define LATE_PUBLISH
#include "stow.pml"
