// SPDX-License-Identifier: GPL-2.0-only
// Error: swimmem: the struct swim_type is not that of struct flow
#include "flow.h"

#ifdef CORRECT
DEFINE_SWIM_BOX(again, struct flow, &flow_type);
#else
DEFINE_SWIM_BOX(again, struct flow, &peer_type);
#endif

static __used int sample(struct again_box *box, struct swim_hold *hold)
{
	return again_box_new(box, hold, GFP_KERNEL);
}
