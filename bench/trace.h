/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace: a sequence of allocations and frees that any peer can replay, whether it was made from a
 * seed (churn.c) or recorded (replay.c). What is measured of a replay is told in trace.c.
 *
 * Objects have numbers; that of an object that was freed is given to another one.
 */
#ifndef SWIMMEM_BENCH_TRACE_H
#define SWIMMEM_BENCH_TRACE_H

#include <linux/types.h>

/**
 * struct bench_event - an object comes or goes
 * @object: its number
 * @size: in bytes of one that is allocated; 0: it is freed
 */
struct bench_event {
	u32 object;
	u32 size;
};

/**
 * struct bench_trace - a sequence of events
 * @event: the first one
 * @n: so many
 * @objects: so many live at the most
 * @room: for so many events
 * @room_objects: for so many objects at once
 * @full: there were more of either
 * @size: of the objects that live now
 * @unused: numbers of objects that were freed
 * @n_unused: so many
 * @live: bytes of the objects that live now
 * @turned: bytes that came, and that went, so far
 */
struct bench_trace {
	struct bench_event *event;
	u32 n, objects;
	u32 room, room_objects;
	bool full;
	u32 *size;
	u32 *unused;
	u32 n_unused;
	u64 live, turned;
};

int bench_trace_begin(struct bench_trace *trace, u32 events, u32 objects);
void bench_trace_end(struct bench_trace *trace);
u32 bench_trace_alloc(struct bench_trace *trace, u32 size);
void bench_trace_free(struct bench_trace *trace, u32 object);

int bench_trace_measure(const struct bench_trace *trace, const char *pattern);

#endif
