/* SPDX-License-Identifier: GPL-2.0-only */
/* What spatch must be told to parse a block behind these. */
#define swim_scope(hold)		YACFE_ITERATOR
#define swim_box_pinned(value, box)	YACFE_ITERATOR
#define swim_ptr_box_pinned(value, box)	YACFE_ITERATOR
#define swim_buf_pinned(slice, buf)	YACFE_ITERATOR
#define swim_ptr_buf_pinned(slice, buf)	YACFE_ITERATOR
