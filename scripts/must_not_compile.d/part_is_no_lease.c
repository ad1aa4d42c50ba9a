// SPDX-License-Identifier: GPL-2.0-only
// Error: negative width in bit-field|static assertion failed: .*__SWIM_KIND\(struct node, key\)
#include "flow.h"

struct node {
	u64 key;
	struct flow_box flow;
};

#ifdef CORRECT
static __maybe_unused SWIM_TYPE(node_type, struct node, SWIM_PART(flow.box));
#else
static __maybe_unused SWIM_TYPE(node_type, struct node, SWIM_PART(key));
#endif
