// SPDX-License-Identifier: GPL-2.0-only
// Error: argument 1 of 'flow_box_drop' from incompatible pointer type
#include "flow.h"

static __used int sample(struct flow_box *raw, struct flow_ptr_box *ptr)
{
#ifdef CORRECT
	return flow_box_drop(raw);
#else
	return flow_box_drop(ptr);
#endif
}
