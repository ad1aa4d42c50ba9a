// SPDX-License-Identifier: GPL-2.0-only
// Error: 'packets' in read-only object
#include "flow.h"

static __used u64 sample(const struct flow_box *box)
{
#ifdef CORRECT
	return flow_box_read(box)->packets;
#else
	return flow_box_read(box)->packets = 1;
#endif
}
