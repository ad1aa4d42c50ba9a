/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scope.pml with a fault, which the checker must find: the cleaner's step is waited for, but not the end of its run.
 *
 * Check: spin -a scope-open-run-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define OPEN_RUN
#include "scope.pml"
