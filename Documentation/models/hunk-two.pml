/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hunk.pml with two frames: hunks change places as the CPUs' words and the spare one, are started
 * over, closed and given back. Nobody walks them, and what is in use is not salvaged.
 *
 * Check: spin -a hunk-two.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define FRAMES 2
#include "hunk.pml"
