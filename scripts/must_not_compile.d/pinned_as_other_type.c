// SPDX-License-Identifier: GPL-2.0-only
// Error: assignment to 'struct peer \*' from incompatible pointer type 'struct flow \*'
#include "flow.h"

static __used void sample(struct flow_box *box)
{
#ifdef CORRECT
	struct flow *value;
#else
	struct peer *value;
#endif

	swim_pinned(flow_box, value, box)
		memset(value, 0, sizeof(*value));
}
