/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * handover.pml with a fault, which the checker must find: the word is written as anything else is.
 *
 * Check: spin -a handover-no-release-broken.pml && cc -O2 -DSAFETY pan.c -o pan && ./pan -m100000
 */
#define NO_RELEASE
#include "handover.pml"
