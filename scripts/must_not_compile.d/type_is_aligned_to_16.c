// SPDX-License-Identifier: GPL-2.0-only
// Error: negative width in bit-field|static assertion failed: .*__alignof__\(struct node\) > 8
#include "flow.h"

struct node {
	u64 key;
#ifdef CORRECT
};
#else
} __aligned(16);
#endif

static __maybe_unused SWIM_PLAIN_TYPE(node_type, struct node);
