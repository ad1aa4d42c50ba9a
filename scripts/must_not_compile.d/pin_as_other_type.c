// SPDX-License-Identifier: GPL-2.0-only
// Error: initialization of 'struct peer \*' from incompatible pointer type 'struct flow \*'
#include "flow.h"

static __used bool sample(struct flow_box *box)
{
#ifdef CORRECT
	struct flow *value = flow_box_pin(box);
#else
	struct peer *value = flow_box_pin(box);
#endif

	return IS_ERR(value);
}
