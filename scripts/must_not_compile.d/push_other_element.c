// SPDX-License-Identifier: GPL-2.0-only
// Error: argument 2 of 'flow_buf_push' from incompatible pointer type
#include "flow.h"

static __used int sample(struct flow_buf *buf, struct flow *flow, struct peer *peer)
{
#ifdef CORRECT
	return flow_buf_push(buf, flow, GFP_KERNEL);
#else
	return flow_buf_push(buf, peer, GFP_KERNEL);
#endif
}
