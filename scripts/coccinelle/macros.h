/* SPDX-License-Identifier: GPL-2.0-only */
/* What spatch must be told to parse a block behind these. */
#define swim_scope(hold)			if (1)
#define swim_pinned(lease, value, from)	YACFE_ITERATOR
#define swim_pinned_slice(lease, slice, from)	YACFE_ITERATOR
#define swim_raw_pinned(value, raw)	YACFE_ITERATOR
#define swim_ptr_pinned(value, ptr)	YACFE_ITERATOR
#define swim_box_pinned(value, box)	YACFE_ITERATOR
#define swim_ptr_box_pinned(value, box)	YACFE_ITERATOR
#define swim_buf_pinned(slice, buf)	YACFE_ITERATOR
#define swim_ptr_buf_pinned(slice, buf)	YACFE_ITERATOR
