/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation-counted.pml, where the object owns another one, which a second mover moves.
 *
 * Check: spin -a relocation-counted-child.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define CHILD
#define TURNS	1
#include "relocation-counted.pml"
