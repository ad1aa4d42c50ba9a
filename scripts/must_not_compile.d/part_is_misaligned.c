// SPDX-License-Identifier: GPL-2.0-only
// Error: negative width in bit-field|static assertion failed: .*flow.box\) & SWIM_KIND_MASK
#include "flow.h"

struct node {
	u32 key;
	struct flow_ptr_box flow;
#ifdef CORRECT
};
#else
} __packed;
#endif

static __maybe_unused SWIM_TYPE(node_type, struct node, SWIM_PART(flow.box));
