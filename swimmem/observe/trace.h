/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, in tracefs as events/swimmem/. Names are copied; of an object's address, which
 * is printed with %p, a hash is shown. Sizes are in bytes, of objects rounded up to 8 and
 * without their tags: what is freed adds up with what was allocated, unless it was resized.
 *
 *	swim_alloc		an object in a pool, or in a pack
 *	swim_free		and its end, also where it was stowed away
 *	swim_refill		a pool needed room for more
 *	swim_move		an object has moved, in that time
 *	swim_cancel		it has not
 *	swim_clean_begin	a pool is cleaned, and how full it is
 *	swim_clean_end		what came of it
 *	swim_shrink		the system has asked for pages
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM swimmem

#if !defined(SWIMMEM_OBSERVE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SWIMMEM_OBSERVE_TRACE_H

#include <linux/math64.h>
#include <linux/tracepoint.h>
#include <trace/events/mmflags.h>

#include "../alloc/pool.h"
#include "events.h"

TRACE_DEFINE_ENUM(SWIM_REFILL_HEAP);
TRACE_DEFINE_ENUM(SWIM_REFILL_SPARE);
TRACE_DEFINE_ENUM(SWIM_REFILL_RESTART);
TRACE_DEFINE_ENUM(SWIM_REFILL_TAIL);
TRACE_DEFINE_ENUM(SWIM_REFILL_HOLE);
TRACE_DEFINE_ENUM(SWIM_CANCEL_ASKED);
TRACE_DEFINE_ENUM(SWIM_CANCEL_IN_USE);
TRACE_DEFINE_ENUM(SWIM_CLEAN_REQUEST);
TRACE_DEFINE_ENUM(SWIM_CLEAN_BACKGROUND);
TRACE_DEFINE_ENUM(SWIM_CLEAN_DIRECT);
TRACE_DEFINE_ENUM(SWIM_CLEAN_SHRINK);

#define swim_show_refill(from)							\
	__print_symbolic(from,							\
			 { SWIM_REFILL_HEAP, "heap" },				\
			 { SWIM_REFILL_SPARE, "spare" },			\
			 { SWIM_REFILL_RESTART, "restart" },			\
			 { SWIM_REFILL_TAIL, "tail" },				\
			 { SWIM_REFILL_HOLE, "hole" })

#define swim_show_cancel(why)							\
	__print_symbolic(why,							\
			 { SWIM_CANCEL_ASKED, "asked" },			\
			 { SWIM_CANCEL_IN_USE, "in use" })

#define swim_show_clean(why)							\
	__print_symbolic(why,							\
			 { SWIM_CLEAN_REQUEST, "request" },			\
			 { SWIM_CLEAN_BACKGROUND, "background" },		\
			 { SWIM_CLEAN_DIRECT, "direct" },			\
			 { SWIM_CLEAN_SHRINK, "shrink" })

/* Per cent. */
#define swim_share(part, whole)							\
	((whole) ? (unsigned int)div64_u64((u64)(part) * 100, whole) : 0)

/* __assign_str(), whose arguments are not the same on all kernels. */
#define swim_copy_name(field, name)						\
	memcpy(__get_str(field), name, __get_dynamic_array_len(field))

TRACE_EVENT(swim_alloc,
	    TP_PROTO(const char *hold, const void *object, size_t size, gfp_t gfp),

	    TP_ARGS(hold, object, size, gfp),

	    TP_STRUCT__entry(__string(hold, hold)
			     __field(const void *, object)
			     __field(size_t, size)
			     __field(unsigned long, gfp)),

	    TP_fast_assign(swim_copy_name(hold, hold);
			   __entry->object = object;
			   __entry->size = round_up(size, SWIM_OBJECT_ALIGN);
			   __entry->gfp = (__force unsigned long)gfp;),

	    TP_printk("hold=%s object=%p size=%zu gfp=%s", __get_str(hold), __entry->object,
		      __entry->size, show_gfp_flags(__entry->gfp)));

TRACE_EVENT(swim_free,
	    TP_PROTO(const char *hold, const void *object, size_t size),

	    TP_ARGS(hold, object, size),

	    TP_STRUCT__entry(__string(hold, hold)
			     __field(const void *, object)
			     __field(size_t, size)),

	    TP_fast_assign(swim_copy_name(hold, hold);
			   __entry->object = object;
			   __entry->size = size;),

	    TP_printk("hold=%s object=%p size=%zu", __get_str(hold), __entry->object,
		      __entry->size));

TRACE_EVENT(swim_refill,
	    TP_PROTO(const struct swim_pool *pool, size_t need, size_t room,
		     enum swim_refill_from from),

	    TP_ARGS(pool, need, room, from),

	    TP_STRUCT__entry(__string(pool, pool->name)
			     __field(size_t, need)
			     __field(size_t, room)
			     __field(unsigned int, from)),

	    TP_fast_assign(swim_copy_name(pool, pool->name);
			   __entry->need = need;
			   __entry->room = room;
			   __entry->from = from;),

	    TP_printk("pool=%s need=%zu room=%zu from=%s", __get_str(pool), __entry->need,
		      __entry->room, swim_show_refill(__entry->from)));

TRACE_EVENT(swim_move,
	    TP_PROTO(const struct swim_pool *pool, const void *from, const void *to, size_t size,
		     u64 ns),

	    TP_ARGS(pool, from, to, size, ns),

	    TP_STRUCT__entry(__string(pool, pool->name)
			     __field(const void *, from)
			     __field(const void *, to)
			     __field(size_t, size)
			     __field(u64, ns)),

	    TP_fast_assign(swim_copy_name(pool, pool->name);
			   __entry->from = from;
			   __entry->to = to;
			   __entry->size = size;
			   __entry->ns = ns;),

	    TP_printk("pool=%s from=%p to=%p size=%zu ns=%llu", __get_str(pool), __entry->from,
		      __entry->to, __entry->size, __entry->ns));

TRACE_EVENT(swim_cancel,
	    TP_PROTO(const struct swim_pool *pool, const void *object, size_t size,
		     enum swim_cancel_why why),

	    TP_ARGS(pool, object, size, why),

	    TP_STRUCT__entry(__string(pool, pool->name)
			     __field(const void *, object)
			     __field(size_t, size)
			     __field(unsigned int, why)),

	    TP_fast_assign(swim_copy_name(pool, pool->name);
			   __entry->object = object;
			   __entry->size = size;
			   __entry->why = why;),

	    TP_printk("pool=%s object=%p size=%zu why=%s", __get_str(pool), __entry->object,
		      __entry->size, swim_show_cancel(__entry->why)));

TRACE_EVENT(swim_clean_begin,
	    TP_PROTO(const struct swim_pool *pool, enum swim_clean_why why, unsigned int target,
		     size_t held, size_t live),

	    TP_ARGS(pool, why, target, held, live),

	    TP_STRUCT__entry(__string(pool, pool->name)
			     __field(unsigned int, why)
			     __field(unsigned int, target)
			     __field(size_t, held)
			     __field(size_t, live)
			     __field(unsigned int, utilisation)),

	    TP_fast_assign(swim_copy_name(pool, pool->name);
			   __entry->why = why;
			   __entry->target = target;
			   __entry->held = held;
			   __entry->live = live;
			   __entry->utilisation = swim_share(live, held);),

	    TP_printk("pool=%s why=%s target=%u%% held=%zu live=%zu utilisation=%u%%",
		      __get_str(pool), swim_show_clean(__entry->why), __entry->target,
		      __entry->held, __entry->live, __entry->utilisation));

TRACE_EVENT(swim_clean_end,
	    TP_PROTO(const struct swim_pool *pool, enum swim_clean_why why, unsigned int target,
		     size_t held, size_t live, const struct swim_moves *done),

	    TP_ARGS(pool, why, target, held, live, done),

	    TP_STRUCT__entry(__string(pool, pool->name)
			     __field(unsigned int, why)
			     __field(unsigned int, target)
			     __field(size_t, held)
			     __field(size_t, live)
			     __field(unsigned int, utilisation)
			     __field(u64, moved)
			     __field(u64, moved_bytes)
			     __field(u64, freed_hunks)
			     __field(u64, ns)),

	    TP_fast_assign(swim_copy_name(pool, pool->name);
			   __entry->why = why;
			   __entry->target = target;
			   __entry->held = held;
			   __entry->live = live;
			   __entry->utilisation = swim_share(live, held);
			   __entry->moved = done->moved;
			   __entry->moved_bytes = done->moved_bytes;
			   __entry->freed_hunks = done->freed_hunks;
			   __entry->ns = done->nanoseconds;),

	    TP_printk("pool=%s why=%s target=%u%% held=%zu live=%zu utilisation=%u%% moved=%llu moved_bytes=%llu freed_hunks=%llu ns=%llu",
		      __get_str(pool), swim_show_clean(__entry->why), __entry->target,
		      __entry->held, __entry->live, __entry->utilisation,
		      __entry->moved, __entry->moved_bytes, __entry->freed_hunks, __entry->ns));

TRACE_EVENT(swim_shrink,
	    TP_PROTO(unsigned long asked, unsigned long back),

	    TP_ARGS(asked, back),

	    TP_STRUCT__entry(__field(unsigned long, asked)
			     __field(unsigned long, back)),

	    TP_fast_assign(__entry->asked = asked;
			   __entry->back = back;),

	    TP_printk("asked=%lu back=%lu", __entry->asked, __entry->back));

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
