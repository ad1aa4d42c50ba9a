/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scope-stack.pml with a fault, which the checker must find: interrupts come while the bucket is locked.
 *
 * Check: spin -a scope-stack-irqs-on-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define IRQS_ON
#include "scope-stack.pml"
