// SPDX-License-Identifier: GPL-2.0-only
// Error: 'bytes' in read-only object
#include "flow.h"

static __used int sample(struct flow_ref_buf *ref, struct flow *flow)
{
	struct flow_const_slice all;
	int err = flow_ref_buf_get(ref, &all);

	if (err)
		return err;
#ifdef CORRECT
	flow->bytes = all.at[0].bytes;
#else
	all.at[0].bytes = flow->bytes;
#endif
	return 0;
}
