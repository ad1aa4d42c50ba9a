/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relocation-counted.pml with a fault, which the checker must find: a Mut does not keep a mover away.
 *
 * Check: spin -a relocation-counted-mut-moves-broken.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define MUT_MOVES
#include "relocation-counted.pml"
