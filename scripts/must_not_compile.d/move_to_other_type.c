// SPDX-License-Identifier: GPL-2.0-only
// Error: argument 1 of 'flow_box_move' from incompatible pointer type
#include "flow.h"

static __used int sample(struct flow_box *to, struct peer_box *other, struct flow_box *from)
{
#ifdef CORRECT
	return flow_box_move(to, from);
#else
	return flow_box_move(other, from);
#endif
}
