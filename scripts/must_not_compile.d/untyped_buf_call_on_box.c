// SPDX-License-Identifier: GPL-2.0-only
// Error: argument 1 of 'swim_buf_len' from incompatible pointer type
#include "flow.h"

static __used u32 sample(struct swim_box *box, struct swim_buf *buf)
{
#ifdef CORRECT
	return swim_buf_len(buf);
#else
	return swim_buf_len(box);
#endif
}
