// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trace: see trace.h. It is replayed on one CPU for one peer after the other, and each time MOMENTS
 * times looked at how much the peer holds: whenever a like share of all bytes has come and gone.
 * SLUB is measured by all slabs of the system, so nobody else has objects meanwhile.
 *
 * Objects are written when they come and looked at before they go, all of them, and those that are
 * left at the end once more after compaction; that is not timed, but it is time in which who works
 * in the background gets on. Operations are timed CHUNK at once, with interrupts off; what the same
 * takes where nothing is allocated is taken off. What swimmem gives is zeroed, what others give is
 * as it was left, unless the kernel has been told to zero it.
 *
 * WHOSE is kmalloc, zsmalloc, and three times swimmem: raw, where nobody compacts before the end;
 * raw_cleaned, where the pool itself does in the background, as pools do unless they are told
 * otherwise; and raw_paced, the same with a client that does not more than PACE, so that there is
 * an end to what the background has to do. What is too large for zsmalloc (more than 4032 bytes)
 * gets pages of its own there, of which it holds as many as are given to it; what is smaller than
 * its smallest (32) gets that. What each keeps of an object elsewhere is not among what it holds: a
 * lease of 16 bytes; a pointer; a handle and 8 bytes in a slab.
 *
 *	live trace pattern=PATTERN,moment=N	MB that were asked for and live then
 *	held WHOSE pattern=PATTERN,moment=N	bytes held for each of them, in per cent
 *	held_after WHOSE pattern=PATTERN	after the last event, when all was asked to
 *						compact, kmalloc by kmem_cache_shrink()
 *	space_after WHOSE pattern=PATTERN	the same of what the space of swimmem's pool
 *						has: it gives 2 MiB back when all are free
 *	cost WHOSE pattern=PATTERN		bytes moved before that for each byte freed
 *	op WHOSE pattern=PATTERN		an alloc or a free: between two moments on
 *						average; in single chunks at the end of the
 *						distribution
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "peer.h"
#include "trace.h"

#define MOMENTS		32
#define CHUNK		64	/* events */
#define TARGET		90	/* per cent: the default of swimmem's parameter */
#define PACE		200	/* MB that come or go in a second */

/**
 * bench_trace_begin - make an empty trace
 * @trace: which
 * @events: room for so many
 * @objects: and for so many that live at once
 *
 * Return: 0 or -ENOMEM; bench_trace_end() in any case.
 */
int bench_trace_begin(struct bench_trace *trace, u32 events, u32 objects)
{
	*trace = (struct bench_trace){
		.event = vmalloc(array_size(events, sizeof(*trace->event))),
		.size = vzalloc(array_size(objects, sizeof(*trace->size))),
		.unused = vmalloc(array_size(objects, sizeof(*trace->unused))),
		.room = events,
		.room_objects = objects,
	};
	return trace->event && trace->size && trace->unused ? 0 : -ENOMEM;
}

void bench_trace_end(struct bench_trace *trace)
{
	vfree(trace->event);
	vfree(trace->size);
	vfree(trace->unused);
	*trace = (struct bench_trace){};
}

static void add(struct bench_trace *trace, u32 object, u32 size)
{
	trace->event[trace->n++] = (struct bench_event){ object, size };
}

/**
 * bench_trace_alloc - let an object come
 * @trace: when it has no room for it, it is full, and nothing comes
 * @size: bytes, at least one
 *
 * Return: its number.
 */
u32 bench_trace_alloc(struct bench_trace *trace, u32 size)
{
	u32 object;

	if (trace->n == trace->room ||
	    (!trace->n_unused && trace->objects == trace->room_objects)) {
		trace->full = true;
		return 0;
	}
	object = trace->n_unused ? trace->unused[--trace->n_unused] : trace->objects++;
	trace->size[object] = size;
	trace->live += size;
	trace->turned += size;
	add(trace, object, size);
	return object;
}

/* Let an object go. */
void bench_trace_free(struct bench_trace *trace, u32 object)
{
	if (trace->n == trace->room || !trace->size[object]) {
		trace->full = true;
		return;
	}
	trace->live -= trace->size[object];
	trace->turned += trace->size[object];
	trace->size[object] = 0;
	trace->unused[trace->n_unused++] = object;
	add(trace, object, 0);
}

/**
 * struct whose - who replays a trace
 * @name: in the figures
 * @peer: who allocates
 * @target: utilisation that swimmem keeps in the background, in per cent
 * @pace: MB that come or go in a second; 0: as many as can
 */
struct whose {
	const char *name;
	const struct bench_peer *peer;
	unsigned int target, pace;
};

static const struct whose all[] = {
	/* What it takes is taken off the others, so it is first. */
	{ "nothing", &bench_nothing },
	{ "raw", &bench_raw },
	{ "raw_cleaned", &bench_raw, TARGET },
	{ "raw_paced", &bench_raw, TARGET, PACE },
	{ "kmalloc", &bench_kmalloc },
	{ "zsmalloc", &bench_zsmalloc },
};

/**
 * struct place - where an object is, if it lives
 * @object: the peer's
 * @size: bytes that were asked for; 0: it does not live
 */
struct place {
	union bench_object object;
	u32 size;
};

/**
 * struct replay - a trace that is replayed
 * @trace: which
 * @whose: for whom
 * @place: of each object
 * @live: bytes that live
 * @turned: bytes that came, and that went
 * @paged: bytes of pages for what is too large for the peer
 * @moment: the next one
 * @chunk: what an operation took, in thousandths, in each chunk
 * @chunks: so many
 * @op: what it took before each moment
 * @lives: @live at each moment
 * @held: what the peer held for each byte of them then
 */
struct replay {
	const struct bench_trace *trace;
	const struct whose *whose;
	struct place *place;
	u64 live, turned, paged;
	unsigned int moment;
	u64 *chunk;
	unsigned int chunks;
	u64 op[MOMENTS];
	u64 lives[MOMENTS], held[MOMENTS];
};

/* Who has an object of this size, and make it the one that is asked for. */
static __always_inline const struct bench_peer *choose(const struct bench_peer *peer, u32 size)
{
	bench_size = max_t(size_t, size, peer->least);
	return likely(size <= peer->most) ? peer : &bench_alloc_pages;
}

static u64 pages(const struct bench_peer *peer, u32 size)
{
	return size <= peer->most ? 0 : (u64)PAGE_SIZE << get_order(size);
}

static __always_inline bool come(struct replay *replay, struct place *place, u32 size)
{
	const struct bench_peer *peer = replay->whose->peer;

	if (!choose(peer, size)->fill(&place->object, 1))
		return false;
	place->size = size;
	replay->live += size;
	replay->turned += size;
	replay->paged += pages(peer, size);
	return true;
}

static __always_inline bool go(struct replay *replay, struct place *place)
{
	const struct bench_peer *peer = replay->whose->peer;
	const u32 size = place->size;

	place->size = 0;
	replay->live -= size;
	replay->turned += size;
	replay->paged -= pages(peer, size);
	return choose(peer, size)->drain(&place->object, NULL, 1);
}

/* What is timed. */
static bool step(struct replay *replay, const struct bench_event *event, unsigned int n)
{
	for (; n; n--, event++) {
		struct place *place = &replay->place[event->object];

		if (unlikely(event->size ? !come(replay, place, event->size) : !go(replay, place)))
			return false;
	}
	return true;
}

/* What is written into each byte of an object: another byte for each. */
static u8 content(const struct replay *replay, const struct place *place)
{
	return ((u32)(place - replay->place) * 0x9e3779b1U + place->size) >> 24;
}

/* Is it as it was written, if it lives? */
static bool is_right(const struct replay *replay, struct place *place)
{
	const struct bench_peer *peer = choose(replay->whose->peer, place->size);

	return !peer->map || !place->size ||
	       bench_peer_right(peer, &place->object, content(replay, place));
}

static bool write(const struct replay *replay, struct place *place)
{
	const struct bench_peer *peer = choose(replay->whose->peer, place->size);

	return !peer->map || !place->size ||
	       bench_peer_write(peer, &place->object, content(replay, place));
}

/* Look at what goes, and write what has come and is still there. */
static int run_chunk(struct replay *replay, const struct bench_event *event, unsigned int n,
		     u64 *ticks)
{
	unsigned long flags;
	bool right = true;
	unsigned int i;
	u64 begin;

	for (i = 0; i < n; i++)
		right &= event[i].size || is_right(replay, &replay->place[event[i].object]);
	if (!right)
		return -EIO;
	local_irq_save(flags);
	begin = bench_ticks();
	right = step(replay, event, n);
	*ticks = bench_ticks() - begin;
	local_irq_restore(flags);
	if (!right)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		right &= !event[i].size || write(replay, &replay->place[event[i].object]);
	cond_resched();
	return right ? 0 : -EIO;
}

/* In thousandths of a per cent of what lives. */
static u64 share(const struct replay *replay, u64 bytes)
{
	return div64_u64(bytes * 100000, max_t(u64, replay->live, 1));
}

static u64 held(const struct replay *replay)
{
	const struct bench_peer *peer = replay->whose->peer;

	return peer->held ? share(replay, peer->held() + replay->paged) : 0;
}

static u64 in_space(const struct replay *replay)
{
	struct swim_space_stats stats;

	swim_space_stats(bench_home_space(), &stats);
	return share(replay, stats.size);
}

static void look(struct replay *replay, u64 ticks, u32 events)
{
	const unsigned int moment = replay->moment++;

	replay->op[moment] = div_u64(bench_milli(ticks), max(events, 1U));
	replay->lives[moment] = replay->live;
	replay->held[moment] = held(replay);
}

/* Has so much come and gone that a moment is there? At the last event the last one is. */
static bool is_moment(const struct replay *replay, u32 at)
{
	const struct bench_trace *trace = replay->trace;

	return at == trace->n || (replay->moment < MOMENTS - 1 &&
				  replay->turned * MOMENTS >= trace->turned * (replay->moment + 1));
}

/* Until somebody with such a pace would be as far. */
static void rest(const struct replay *replay, u64 begin)
{
	const u64 due = begin + div_u64(replay->turned * 1000, replay->whose->pace);

	while (ktime_get_ns() < due)
		schedule_timeout_uninterruptible(1);
}

static int run(struct replay *replay)
{
	const struct bench_trace *trace = replay->trace;
	u64 ticks = 0, sum = 0, begin = ktime_get_ns();
	u32 at, since = 0, n;
	int err = 0;

	for (at = 0; at < trace->n && !err; at += n) {
		n = min(trace->n - at, CHUNK + 0U);
		err = run_chunk(replay, &trace->event[at], n, &ticks);
		replay->chunk[replay->chunks++] = div_u64(bench_milli(ticks), n);
		sum += ticks;
		since += n;
		if (!err && is_moment(replay, at + n)) {
			look(replay, sum, since);
			sum = 0;
			since = 0;
		}
		if (replay->whose->pace)
			rest(replay, begin);
	}
	return err;
}

static void less(u64 *value, u64 what)
{
	*value -= min(*value, what);
}

static void tell_op(struct replay *replay, const char *pattern)
{
	static u64 loop;	/* which all the others have too */
	unsigned int i;

	if (replay->whose->peer == &bench_nothing)
		loop = 0;
	for (i = 0; i < replay->moment; i++)
		less(&replay->op[i], loop);
	for (i = 0; i < replay->chunks; i++)
		less(&replay->chunk[i], loop);
	if (replay->whose->peer == &bench_nothing)
		loop = bench_median(replay->op, replay->moment);
	bench_figure_alone("op", replay->whose->name, bench_unit(), replay->op, replay->moment,
			   replay->chunk, replay->chunks, "pattern=%s", pattern);
}

static void tell_held(struct replay *replay, const char *pattern)
{
	unsigned int i;

	for (i = 0; i < replay->moment; i++)
		bench_figure("held", replay->whose->name, "%", &replay->held[i], 1,
			     "pattern=%s,moment=%u", pattern, i + 1);
}

static void tell_live(const struct replay *replay, const char *pattern)
{
	unsigned int i;
	u64 live;

	for (i = 0; i < replay->moment; i++) {
		live = div_u64(replay->lives[i], 1000);
		bench_figure("live", "trace", "MB", &live, 1, "pattern=%s,moment=%u", pattern,
			     i + 1);
	}
}

static void tell_cost(const struct replay *replay, const char *pattern)
{
	const u64 freed = (replay->turned - replay->live) / 2;
	struct swim_pool_stats stats;
	u64 cost;

	swim_pool_stats(bench_home(), &stats);
	cost = div64_u64(stats.moves.moved_bytes * 1000, max_t(u64, freed, 1));
	bench_figure("cost", replay->whose->name, "bytes", &cost, 1, "pattern=%s", pattern);
}

static void tell(struct replay *replay, const char *pattern)
{
	tell_op(replay, pattern);
	if (replay->whose->peer == &bench_nothing)
		tell_live(replay, pattern);
	else
		tell_held(replay, pattern);
	if (replay->whose->target)
		tell_cost(replay, pattern);
}

static int check_all(const struct replay *replay)
{
	bool right = true;
	u32 i;

	for (i = 0; i < replay->trace->objects; i++) {
		right &= is_right(replay, &replay->place[i]);
		if (i % CHUNK == 0)
			cond_resched();
	}
	return right ? 0 : -EIO;
}

/* The end: what each can give back, when it is asked to. */
static int compact(struct replay *replay, const char *pattern)
{
	const struct whose *whose = replay->whose;
	u64 after;
	int err = 0;

	if (whose->peer == &bench_nothing)
		return 0;
	if (whose->peer == &bench_kmalloc)
		bench_kmalloc_shrink();
	else
		err = whose->peer->compact();
	after = held(replay);
	bench_figure("held_after", whose->name, "%", &after, 1, "pattern=%s", pattern);
	if (whose->peer == &bench_raw) {
		after = in_space(replay);
		bench_figure("space_after", whose->name, "%", &after, 1, "pattern=%s", pattern);
	}
	return err ?: check_all(replay);
}

static int drop_all(struct replay *replay)
{
	int err = 0;
	u32 i;

	for (i = 0; i < replay->trace->objects; i++) {
		if (replay->place[i].size && !go(replay, &replay->place[i]))
			err = -EIO;
		if (i % CHUNK == 0)
			cond_resched();
	}
	return err;
}

static int measure(struct replay *replay, const char *pattern)
{
	const struct whose *whose = replay->whose;
	int err;

	/* What zsmalloc has one object of. */
	bench_size = 64;
	err = whose->peer->begin();
	if (err)
		return err;
	if (whose->target)
		err = swim_pool_set_target(bench_home(), whose->target);
	err = err ?: run(replay);
	if (!err)
		tell(replay, pattern);
	err = err ?: compact(replay, pattern);
	err = drop_all(replay) ?: err;
	err = whose->peer->end() ?: err;
	if (err)
		pr_err("%s failed at %s: %d\n", whose->name, pattern, err);
	return err;
}

static int measure_all(const struct bench_trace *trace, const char *pattern)
{
	struct replay *replay = vzalloc(sizeof(*replay));
	struct place *place = vmalloc(array_size(trace->objects, sizeof(*place)));
	u64 *chunk = vmalloc(array_size(trace->n / CHUNK + 1, sizeof(*chunk)));
	unsigned int i;
	int err = replay && place && chunk ? 0 : -ENOMEM;

	for (i = 0; i < ARRAY_SIZE(all) && !err; i++) {
		memset(place, 0, array_size(trace->objects, sizeof(*place)));
		*replay = (struct replay){
			.trace = trace, .whose = &all[i], .place = place, .chunk = chunk,
		};
		err = measure(replay, pattern);
	}
	vfree(chunk);
	vfree(place);
	vfree(replay);
	return err;
}

/**
 * bench_trace_measure - replay a trace for each peer, and tell all figures of it
 * @trace: complete
 * @pattern: what it is called there
 *
 * Context: Process context; sleeps. Stays on CPU 0 meanwhile: others are there for the background.
 * Return: 0; -ENOSPC when the trace had no room for all events; -EIO when an object was not as it
 * was written; -ENOMEM; an errno of the peer.
 */
int bench_trace_measure(const struct bench_trace *trace, const char *pattern)
{
	int err = trace->full ? -ENOSPC : trace->n ? 0 : -ENODATA;

	err = err ?: set_cpus_allowed_ptr(current, cpumask_of(0));
	if (err)
		return err;
	err = measure_all(trace, pattern);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	return err;
}
