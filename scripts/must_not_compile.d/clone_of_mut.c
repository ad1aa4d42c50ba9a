// SPDX-License-Identifier: GPL-2.0-only
// Error: implicit declaration of function 'flow_mut_box_clone'
#include "flow.h"

static __used int sample(struct flow_mut_box *to, struct flow_mut_box *mut, struct flow_ref_box *more,
	   struct flow_ref_box *ref)
{
#ifdef CORRECT
	return flow_ref_box_clone(more, ref);
#else
	return flow_mut_box_clone(to, mut);
#endif
}
