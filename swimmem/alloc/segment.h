/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_ALLOC_SEGMENT_H
#define SWIMMEM_ALLOC_SEGMENT_H

#include <linux/gfp.h>
#include <linux/preempt.h>
#include <swimmem/segment.h>

/* What swim_segment_take() says when it takes nothing. */
enum {
	SWIM_RUN_NONE	= -1,	/* there is no such run */
	SWIM_RUN_UNDONE	= -2,	/* nor had somebody else one, but we had some pages for a moment */
};

/*
 * May the page allocator be called here? Under PREEMPT_RT its locks sleep, so there a caller that
 * has interrupts or preemption off gets what the space has, and gives back to the space only.
 */
static inline bool swim_pages_allowed(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible();
}

void swim_segment_init(struct swim_segment *segment, u32 index);
bool swim_segment_lock(struct swim_segment *segment);
void swim_segment_unlock(struct swim_segment *segment);
void swim_segment_open(struct swim_segment *segment, unsigned int page, unsigned int pages);
int swim_segment_take(struct swim_segment *segment, unsigned int pages, unsigned int order,
		      unsigned int start);
bool swim_segment_give(struct swim_segment *segment, unsigned int page, unsigned int pages);
unsigned int swim_segment_used(const struct swim_segment *segment);
unsigned int swim_segment_free_frames(const struct swim_segment *segment);
bool swim_segment_claim(struct swim_segment *segment);
bool swim_segment_is_free(const struct swim_segment *segment);
unsigned int swim_segment_fill(struct swim_segment *segment, int node, gfp_t gfp,
			       unsigned int least, unsigned int frames);
void swim_segment_empty(struct swim_segment *segment);
unsigned int swim_segment_release(struct swim_segment *segment, unsigned int most);
bool swim_segment_has_gap(const struct swim_segment *segment);
bool swim_segment_refill(struct swim_segment *segment, struct page *pages);
struct page *swim_frame_pages(int node, gfp_t gfp);

#endif
