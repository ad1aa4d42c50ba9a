/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hunk.pml with a fault, which the checker must find: a hunk in which nothing lives can be held.
 *
 * Check: spin -a hunk-no-live-test-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define NO_LIVE_TEST
#include "hunk.pml"
