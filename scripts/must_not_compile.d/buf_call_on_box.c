// SPDX-License-Identifier: GPL-2.0-only
// Error: argument 1 of 'flow_buf_len' from incompatible pointer type
#include "flow.h"

static __used u32 sample(struct flow_box *box, struct flow_buf *buf)
{
#ifdef CORRECT
	return flow_buf_len(buf);
#else
	return flow_buf_len(box);
#endif
}
