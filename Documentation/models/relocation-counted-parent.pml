/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation-counted.pml, where an object that a second mover moves has one of the Hard leases.
 *
 * Check: spin -a relocation-counted-parent.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define PARENT
#define TURNS	1
#include "relocation-counted.pml"
