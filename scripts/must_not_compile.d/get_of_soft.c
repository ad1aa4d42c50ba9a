// SPDX-License-Identifier: GPL-2.0-only
// Error: implicit declaration of function 'flow_soft_box_get'
#include "flow.h"

static __used u64 sample(struct flow_soft_box *soft, struct flow_ref_box *ref)
{
#ifdef CORRECT
	return flow_ref_box_get(ref)->bytes;
#else
	return flow_soft_box_get(soft)->bytes;
#endif
}
