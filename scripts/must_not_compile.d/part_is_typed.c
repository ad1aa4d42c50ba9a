// SPDX-License-Identifier: GPL-2.0-only
// Error: negative width in bit-field|static assertion failed: .*__SWIM_KIND\(struct node, flow\)
#include "flow.h"

struct node {
	struct flow_box flow;
};

#ifdef CORRECT
static __maybe_unused SWIM_TYPE(node_type, struct node, SWIM_PART(flow.box));
#else
static __maybe_unused SWIM_TYPE(node_type, struct node, SWIM_PART(flow));	/* not the lease in it */
#endif
