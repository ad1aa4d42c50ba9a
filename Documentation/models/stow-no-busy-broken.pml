/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stow.pml with a fault, which the checker must find: a counted object is copied without its cell.
 *
 * Check: spin -a stow-no-busy-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define NO_BUSY
#include "stow.pml"
