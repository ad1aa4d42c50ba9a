// SPDX-License-Identifier: GPL-2.0-only
// Error: argument 2 of 'flow_soft_box_to_hard' from incompatible pointer type
#include "flow.h"

static __used int sample(struct flow_hard_box *to, struct flow_hard_box *hard, struct flow_soft_box *soft)
{
#ifdef CORRECT
	return flow_soft_box_to_hard(to, soft);
#else
	return flow_soft_box_to_hard(to, hard);
#endif
}
