// SPDX-License-Identifier: GPL-2.0-only
// Error: argument 1 of '__free_flow_ptr_box' from incompatible pointer type
#include "flow.h"

static __used bool sample(void)
{
#ifdef CORRECT
	struct flow_box box swim_auto(flow_box) = {};
#else
	struct flow_box box swim_auto(flow_ptr_box) = {};
#endif

	return flow_box_is_empty(&box);
}
