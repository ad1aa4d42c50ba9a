/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: what the tracepoints (trace.h) tell in one word, and those that hot paths ask for.
 * A hot path that is traced goes its slow way, where the event is told; while it is not, that
 * costs it one no-op.
 */
#ifndef SWIMMEM_OBSERVE_EVENTS_H
#define SWIMMEM_OBSERVE_EVENTS_H

#include <linux/tracepoint-defs.h>

DECLARE_TRACEPOINT(swim_alloc);
DECLARE_TRACEPOINT(swim_free);

/* In a hot path: does somebody listen? */
#define swim_is_traced(event)	unlikely(tracepoint_enabled(event))

/* Where room for more objects came from. */
enum swim_refill_from {
	SWIM_REFILL_HEAP,	/* another hunk */
	SWIM_REFILL_SPARE,	/* the hunk that a CPU or a mover has left */
	SWIM_REFILL_RESTART,	/* this CPU's hunk, all dead */
	SWIM_REFILL_TAIL,	/* salvage: beyond the mark of a closed hunk */
	SWIM_REFILL_HOLE,	/* salvage: where objects have died */
};

/* Why an object was not moved. */
enum swim_cancel_why {
	SWIM_CANCEL_ASKED,	/* somebody asked for it while it was copied */
	SWIM_CANCEL_IN_USE,	/* pinned, without a lease, or otherwise in use */
};

#endif
