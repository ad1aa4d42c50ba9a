// SPDX-License-Identifier: GPL-2.0-only
// Error: argument 2 of 'flow_mut_buf_pop' from incompatible pointer type
#include "flow.h"

static __used int sample(struct flow_mut_buf *buf, struct flow *flow, struct peer *peer)
{
#ifdef CORRECT
	return flow_mut_buf_pop(buf, flow);
#else
	return flow_mut_buf_pop(buf, peer);
#endif
}
