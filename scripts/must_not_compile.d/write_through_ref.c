// SPDX-License-Identifier: GPL-2.0-only
// Error: 'packets' in read-only object
#include "flow.h"

static __used void sample(struct flow_ref_box *ref, struct flow_mut_box *mut)
{
#ifdef CORRECT
	flow_mut_box_get(mut)->packets = flow_ref_box_get(ref)->packets;
#else
	flow_ref_box_get(ref)->packets = flow_mut_box_get(mut)->packets;
#endif
}
