/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_ALLOC_SPACE_H
#define SWIMMEM_ALLOC_SPACE_H

#include <swimmem/space.h>

#define SWIM_REGION_SEGMENTS	(32 * BITS_PER_LONG)

u32 swim_space_segments(const struct swim_space *space);
struct swim_segment *swim_space_segment(const struct swim_space *space, u32 index);
struct swim_segment *swim_space_next(const struct swim_space *space, u32 *index);
unsigned int swim_space_frames(const struct swim_space *space);
struct swim_space *swim_space_make(const char *name, size_t limit, int node);
int swim_space_unmake(struct swim_space *space);
struct swim_space *swim_global_space(void);
struct swim_frame *swim_space_frame(const struct swim_space *space, const void *addr);
size_t swim_space_free_bytes(const struct swim_space *space);
size_t swim_space_release(struct swim_space *space, size_t most);

/* Every segment that the space has or once had; one without memory has no live frame. */
#define swim_for_each_segment(space, index, segment)				\
	for ((index) = 0; ((segment) = swim_space_next(space, &(index))); (index)++)

#endif
