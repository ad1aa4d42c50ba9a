// SPDX-License-Identifier: GPL-2.0-only
// Error: argument 2 of 'flow_ref_buf_get' from incompatible pointer type
#include "flow.h"

static __used int sample(struct flow_ref_buf *ref, struct flow_const_slice *seen, struct flow_slice *all)
{
#ifdef CORRECT
	return flow_ref_buf_get(ref, seen);
#else
	return flow_ref_buf_get(ref, all);
#endif
}
