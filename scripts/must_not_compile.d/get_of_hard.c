// SPDX-License-Identifier: GPL-2.0-only
// Error: argument 1 of 'flow_mut_box_get' from incompatible pointer type
#include "flow.h"

static __used u64 sample(struct flow_hard_box *hard, struct flow_mut_box *mut)
{
#ifdef CORRECT
	return flow_mut_box_get(mut)->bytes;
#else
	return flow_mut_box_get(hard)->bytes;
#endif
}
