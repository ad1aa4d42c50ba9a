/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * retire.pml with a fault, which the checker must find: the tag may say DEAD before the hunk says that readers may be left.
 *
 * Check: spin -a retire-no-release-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_RELEASE
#include "retire.pml"
