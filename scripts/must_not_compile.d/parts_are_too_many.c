// SPDX-License-Identifier: GPL-2.0-only
// Error: negative width in bit-field|static assertion failed: .*\(9\) > 8
#include "flow.h"

struct node {
	struct swim_box a, b, c, d, e, f, g, h, i;
};

#define EIGHT	SWIM_PART(a), SWIM_PART(b), SWIM_PART(c), SWIM_PART(d), \
		SWIM_PART(e), SWIM_PART(f), SWIM_PART(g), SWIM_PART(h)

#ifdef CORRECT
static __maybe_unused SWIM_TYPE(node_type, struct node, EIGHT);
#else
static __maybe_unused SWIM_TYPE(node_type, struct node, EIGHT, SWIM_PART(i));
#endif
