// SPDX-License-Identifier: GPL-2.0-only
// Error: negative width in bit-field|static assertion failed: .*__SWIM_KIND\(struct node, flow\)
#include "flow.h"

struct node {
#ifdef CORRECT
	struct swim_hard_box flow;
#else
	struct swim_hard_box *flow;
#endif
};

static __maybe_unused SWIM_TYPE(node_type, struct node, SWIM_PART(flow));
