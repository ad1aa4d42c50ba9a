// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pool: bump allocation in hunks.
 *
 * Each CPU has one word, the address of the next tag slot in its current hunk.
 * this_cpu_try_cmpxchg() on it is the whole allocation: whatever came between, an
 * interrupt that allocated, a migration to another CPU, the hunk closed by a refill,
 * the word is no longer the one that was read, and it is tried again. A word that is
 * the same again (an interrupt allocated and freed last-in-first-out, or the hunk was
 * closed, died, and came back) is as good as the one that was read: beyond the mark
 * everything is zero, and that is all that counts.
 *
 * Free takes the object by its tag (HELD or OWNED to unwritten), and then nobody who walks
 * takes it for something. When it is the newest one of this CPU's hunk, the mark goes back
 * over it after its bytes are zero again. Otherwise it becomes DEAD, its bytes are counted
 * so in the hunk's word (hunk.h), and who counts the last ones gives the hunk back. As long
 * as they are not counted the hunk cannot go away, so free may be preempted or migrate
 * between any two steps.
 *
 * A CPU whose hunk is full starts it over when all in it is dead; or takes the spare one,
 * which a CPU that is gone or a mover has left; or gets one from the heap. When the heap has
 * none, what is in use is searched for room (salvage.c).
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <swimmem/slab.h>

#include "../compact/evacuate.h"
#include "../compat.h"
#include "../observe/leak.h"
#include "../observe/registry.h"
#include "../observe/report.h"
#include "../observe/trace.h"
#include "fail.h"
#include "pool.h"
#include "space.h"

/* With fewer frames than this a static space is cut into hunks of a page. */
#define FRAMES_MIN	4

static_assert(SWIM_HUNK_BEGIN % SWIM_TAG_SLOT == 0);

static unsigned int mark_of(const struct swim_pool *pool, unsigned long next)
{
	return next & ~pool->mask;
}

static bool has_room(const struct swim_pool *pool, unsigned long next, size_t need)
{
	return !((next ^ (next + need)) & pool->mask);
}

/* Close the hunk that a CPU's word led to, after the word has been changed. */
static void close_current(struct swim_pool *pool, unsigned long next)
{
	struct swim_hunk *hunk = swim_pool_hunk(pool, next);

	if (next != SWIM_NO_HUNK && swim_hunk_close(pool, hunk, mark_of(pool, next)))
		swim_hunk_put(hunk);
}

/* The word that this CPU allocates by: its own, or the one of all. */
static unsigned long word_read(struct swim_pool *pool)
{
	return pool->shared ? READ_ONCE(pool->spare) : this_cpu_read(pool->cpu->next);
}

static bool word_try(struct swim_pool *pool, unsigned long old, unsigned long new)
{
	if (pool->shared)
		return try_cmpxchg(&pool->spare, &old, new);
	return this_cpu_try_cmpxchg(pool->cpu->next, &old, new);
}

static unsigned long word_xchg(struct swim_pool *pool, unsigned long new)
{
	return pool->shared ? xchg(&pool->spare, new) : this_cpu_xchg(pool->cpu->next, new);
}

/* Start this CPU's hunk over when everything in it is dead. */
static struct swim_hunk *restart_current(struct swim_pool *pool)
{
	unsigned long flags, next;
	struct swim_hunk *hunk;
	unsigned int mark;

	if (pool->flags & SWIM_POOL_RCU || pool->shared)
		return NULL;
	/* While the word stands the hunk may be looked at, so nobody may change it. */
	local_irq_save(flags);
	next = this_cpu_read(pool->cpu->next);
	hunk = swim_pool_hunk(pool, next);
	mark = mark_of(pool, next);
	if (next == SWIM_NO_HUNK ||
	    atomic_read(&hunk->frame->live) != SWIM_HUNK_OPEN - (int)(mark - SWIM_HUNK_BEGIN))
		hunk = NULL;
	/* Pairs with swim_pool_retire(): who made the last one dead may have left readers. */
	smp_rmb();
	if (hunk && swim_hunk_has_readers(hunk))
		hunk = NULL;
	if (hunk)
		this_cpu_write(pool->cpu->next, SWIM_NO_HUNK);
	local_irq_restore(flags);
	swim_window();
	if (!hunk || !swim_hunk_close(pool, hunk, mark))
		return NULL;
	swim_hunk_reset(hunk, mark);
	swim_step(POOL_RESTART);
	return hunk;
}

/**
 * swim_pool_spare - leave an open hunk to whoever needs one next
 * @pool: whose
 * @next: a word as a CPU's next, that nobody else has
 *
 * Return: false when there is a spare one with as much room; then nothing has changed.
 */
bool swim_pool_spare(struct swim_pool *pool, unsigned long next)
{
	unsigned long old = READ_ONCE(pool->spare);

	if (pool->shared || (old != SWIM_NO_HUNK && mark_of(pool, old) <= mark_of(pool, next) &&
			     swim_stepped(POOL_SPARE_KEPT)))
		return false;
	swim_window();
	/* Full barrier: what was done in the hunk comes before; pairs with take_spare(). */
	if (!try_cmpxchg(&pool->spare, &old, next)) {
		swim_step(POOL_SPARE_LEAVE_LOST);
		return false;
	}
	swim_step(POOL_SPARE_LEAVE);
	close_current(pool, old);
	return true;
}

static unsigned long take_spare(struct swim_pool *pool, size_t need)
{
	unsigned long next = READ_ONCE(pool->spare);

	if (pool->shared || next == SWIM_NO_HUNK || !has_room(pool, next, need))
		return SWIM_NO_HUNK;
	swim_window();
	if (!try_cmpxchg(&pool->spare, &next, SWIM_NO_HUNK)) {
		swim_step(POOL_SPARE_TAKE_LOST);
		return SWIM_NO_HUNK;
	}
	swim_step(POOL_SPARE_TAKE);
	return next;
}

/* What refill() found somebody else has made unnecessary. */
static void leave(struct swim_pool *pool, unsigned long next)
{
	if (mark_of(pool, next) == SWIM_HUNK_BEGIN)
		swim_hunk_put_now(swim_pool_hunk(pool, next));
	else if (!swim_pool_spare(pool, next))
		close_current(pool, next);
}

/* An open hunk with room for @need bytes, as a word; SWIM_NO_HUNK when out of memory. */
static unsigned long find_hunk(struct swim_pool *pool, size_t need, gfp_t gfp,
			       enum swim_refill_from *from)
{
	struct swim_hunk *hunk = restart_current(pool);
	unsigned long next;

	*from = SWIM_REFILL_RESTART;
	if (!hunk) {
		*from = SWIM_REFILL_SPARE;
		next = take_spare(pool, need);
		if (next != SWIM_NO_HUNK)
			return next;
		*from = SWIM_REFILL_HEAP;
		hunk = swim_hunk_get(pool, gfp);
	}
	if (!hunk) {
		swim_step(POOL_EMPTY);
		/* What is left of these is for others, or for smaller objects; or all is dead. */
		close_current(pool, word_xchg(pool, SWIM_NO_HUNK));
		close_current(pool, xchg(&pool->spare, SWIM_NO_HUNK));
		hunk = swim_hunk_get(pool, gfp);
	}
	if (unlikely(atomic_long_read(&pool->reclaim.hunks) > pool->reclaim.most))
		swim_reclaim_kick(pool, true);
	if (hunk) {
		swim_clean_keep_reserve(pool);
		return (unsigned long)hunk + SWIM_HUNK_BEGIN;
	}
	*from = SWIM_REFILL_TAIL;
	return swim_salvage_tail(pool, need);
}

/* Give this CPU a hunk with room for @need bytes. */
static noinline int refill(struct swim_pool *pool, size_t need, gfp_t gfp)
{
	enum swim_refill_from from;
	unsigned long old, new = find_hunk(pool, need, gfp, &from);

	if (new == SWIM_NO_HUNK)
		return -SWIM_ENOMEM;
	trace_swim_refill(pool, need, swim_pool_hunk_size(pool) - mark_of(pool, new), from);
	old = word_read(pool);
	swim_window();
	if (has_room(pool, old, need) || !word_try(pool, old, new)) {
		swim_step(POOL_REFILL_LOST);
		leave(pool, new);	/* somebody was faster */
	} else {
		swim_step(POOL_REFILL);
		close_current(pool, old);
	}
	return 0;
}

/* As swim_pool_rewind(), for whichever word it is. */
static bool rewind(struct swim_pool *pool, void *object, unsigned long end)
{
	unsigned long slot = (unsigned long)object - SWIM_TAG_SLOT;
	struct swim_pool_cpu __percpu *cpu;
	bool rewound;

	WRITE_ONCE(*swim_tag_of(object), SWIM_TAG_UNWRITTEN);
	if (!pool->shared) {
		cpu = swim_cpu_get(pool->cpu);
		rewound = swim_pool_rewind(cpu, object, end);
		swim_cpu_put(cpu);
		return rewound;
	}
	swim_poison(object, end - (unsigned long)object);
	swim_window();
	/* Full barrier: whoever has it next finds it zero. */
	if (word_try(pool, end, slot)) {
		swim_step(POOL_REWIND_SHARED);
		return true;
	}
	swim_step(POOL_REWIND_SHARED_LOST);
	swim_unpoison(object, end - (unsigned long)object);
	return false;
}

/* The end of an object in a hunk, when more has to be done than swim_release() does. */
static void release(struct swim_pool *pool, struct swim_hunk *hunk, void *object, size_t size)
{
	unsigned long end = (unsigned long)object + size;
	size_t trailer = swim_pool_trailer(pool);

	trace_swim_free(pool->name, object, size);
	if (trailer) {
		/* Its tag stays, to tell who comes again: the mark does not go back. */
		swim_track_drop(object, size, !(pool->flags & SWIM_POOL_RCU));
		if (!(pool->flags & SWIM_POOL_RCU))
			swim_poison(object, size);
	} else if (!(pool->flags & SWIM_POOL_RCU)) {
		if (word_read(pool) == end) {
			memset(object, 0, size);
			if (rewind(pool, object, end))
				return;
		} else if (want_init_on_free()) {
			memset(object, 0, size);
		}
		swim_poison(object, size);
	}
	swim_tag_write(swim_tag_of(object),
		       swim_tag_sized(SWIM_TAG_DEAD, size, pool->apart));
	swim_step(TAG_DIE);
	/* Full barrier: whoever gets the hunk finds nothing of ours still to be written. */
	if (!atomic_sub_return(size + trailer + SWIM_TAG_SLOT, &hunk->frame->live)) {
		swim_step(HUNK_DEAD);
		swim_hunk_put(hunk);
	}
	swim_window();
	/* After that: pairs with swim_reclaim_work(). */
	if (unlikely(!READ_ONCE(pool->reclaim.stirred)))
		swim_reclaim_kick(pool, false);
}

/**
 * swim_release_slow - the end of a small object that is not short, or not the newest
 * @object: its tag is unwritten, by the caller
 * @size: bytes, a multiple of 8
 */
void swim_release_slow(void *object, size_t size)
{
	struct swim_hunk *hunk = swim_hunk_of(object);

	release(hunk->pool, hunk, object, size);
}

/**
 * swim_pool_release - the end of an object in a hunk of a page
 * @pool: whose
 * @hunk: in which it stands
 * @object: its tag is GOING, or still one that only the caller may change
 * @size: bytes, a multiple of 8
 */
void swim_pool_release(struct swim_pool *pool, struct swim_hunk *hunk, void *object, size_t size)
{
	this_cpu_dec(pool->cpu->objects);
	release(pool, hunk, object, size);
}

/**
 * swim_pool_retire - the end of an object in a hunk, in which readers may be left
 * @pool: whose
 * @hunk: in which it stands
 * @object: its tag is one that only the caller may change
 * @size: bytes, a multiple of 8
 */
void swim_pool_retire(struct swim_pool *pool, struct swim_hunk *hunk, void *object, size_t size)
{
	size_t trailer = swim_pool_trailer(pool);

	trace_swim_free(pool->name, object, size);
	this_cpu_dec(pool->cpu->objects);
	WRITE_ONCE(hunk->stowed, true);
	if (trailer)
		swim_track_drop(object, size, false);
	/* Release: who finds it dead finds that readers may be left: hole_in(), settle_frame(). */
	swim_tag_write(swim_tag_of(object), swim_tag_sized(SWIM_TAG_DEAD, size, pool->apart));
	swim_step(TAG_RETIRE);
	/* Full barrier, and what comes after it: as in release(). */
	if (!atomic_sub_return(size + trailer + SWIM_TAG_SLOT, &hunk->frame->live))
		swim_hunk_put(hunk);
	if (unlikely(!READ_ONCE(pool->reclaim.stirred)))
		swim_reclaim_kick(pool, false);
}

/* Make bytes below the mark dead that are no object; others in the hunk live. */
static void pad(struct swim_pool *pool, unsigned long at, size_t bytes)
{
	if (want_init_on_free())
		memset((void *)at + SWIM_TAG_SLOT, 0, bytes - SWIM_TAG_SLOT);
	if (!(pool->flags & SWIM_POOL_RCU))
		swim_poison((void *)at + SWIM_TAG_SLOT, bytes - SWIM_TAG_SLOT);
	swim_tag_write(swim_tag_of((void *)at + SWIM_TAG_SLOT),
		       swim_tag_sized(SWIM_TAG_DEAD, bytes - SWIM_TAG_SLOT,
				      swim_pool_padding(pool)));
	atomic_sub(bytes, &swim_pool_hunk(pool, at)->frame->live);
}

/* As swim_pool_bump(), with what alignment needs in front. */
static void *bump_aligned(struct swim_pool *pool, size_t size, size_t align)
{
	unsigned long old, new, slot;

	do {
		old = word_read(pool);
		slot = ALIGN(old + SWIM_TAG_SLOT, align) - SWIM_TAG_SLOT;
		new = slot + swim_need(size) + swim_pool_trailer(pool);
		if ((old ^ new) & pool->mask)
			return NULL;
		swim_window();
	} while (!word_try(pool, old, new) && swim_stepped(POOL_BUMP_LOST));
	swim_step(POOL_BUMP_SLOW);
	this_cpu_inc(pool->cpu->objects);
	swim_unpoison((void *)old, new - old);
	if (slot != old)
		pad(pool, old, slot - old);
	return (void *)slot + SWIM_TAG_SLOT;
}

/* A small object, from a new hunk or from where there is room. */
static noinline void *reserve_small(struct swim_pool *pool, size_t size, size_t align, gfp_t gfp)
{
	const size_t trailer = swim_pool_trailer(pool);
	const size_t need = swim_need(size) + trailer + align - SWIM_OBJECT_ALIGN;
	void *object;

	while (!(object = bump_aligned(pool, size, align))) {
		int err = refill(pool, need, gfp);

		if (!err || (gfpflags_allow_blocking(gfp) && swim_reclaim_direct(pool)))
			continue;
		/* Somebody may have found a hunk meanwhile, or put one. */
		object = swim_salvage_hole(pool, size, align);
		if (object)
			trace_swim_refill(pool, need, need, SWIM_REFILL_HOLE);
		else
			object = bump_aligned(pool, size, align);
		if (!object)
			return ERR_PTR(err);
		break;
	}
	if (trailer)
		swim_track_new(object, round_up(size, SWIM_OBJECT_ALIGN));
	trace_swim_alloc(pool->name, object, size, gfp);
	return object;
}

static bool is_small(const struct swim_pool *pool, size_t size, size_t align)
{
	return size <= pool->small_max && size + align - SWIM_OBJECT_ALIGN <= pool->small_max;
}

static __always_inline void *write_held(struct swim_pool *pool, void *object, size_t size)
{
	swim_tag_write_size(swim_tag_of(object), size, pool->held);
	swim_step(TAG_HOLD);
	return object;
}

static noinline void *alloc_slow(struct swim_pool *pool, size_t size, size_t align, gfp_t gfp)
{
	void *object;

	if (IS_ERR_OR_NULL(pool) || !is_power_of_2(align) || align > PAGE_SIZE)
		return ERR_PTR(-SWIM_EMISALIGNED);
	if (!size) {
		atomic_long_inc(&pool->nothings);
		trace_swim_alloc(pool->name, swim_pool_zero(pool), 0, gfp);
		return swim_pool_zero(pool);
	}
	align = max_t(size_t, align, SWIM_OBJECT_ALIGN);
	if (is_small(pool, size, align)) {
		object = reserve_small(pool, size, align, gfp);
		return IS_ERR(object) ? object :
					write_held(pool, object, ALIGN(size, SWIM_OBJECT_ALIGN));
	}
	object = swim_large_reserve(pool, size, align, gfp);
	if (!IS_ERR(object))
		swim_tag_write(swim_tag_of(object),
			       swim_tag_sized(SWIM_TAG_HELD, round_up(size, SWIM_OBJECT_ALIGN),
					      SWIM_TAG_APART));
	return object;
}

/**
 * swim_pool_alloc - get memory from a pool, without a lease
 * @pool: where from
 * @size: bytes. 0 gives an address that must not be dereferenced, the same for all
 * @gfp: what to do when the pool must grow for it; sleeps if it says so
 *
 * The object is zeroed and aligned to 8 bytes. Nobody moves it before swim_free().
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: the object, or ERR_PTR: -E2BIG for more than 2 MiB with its header, or than
 * the heap can ever give; -ENOMEM when out of memory; -EINVAL without a pool.
 * (Model: holds, pool)
 */
void *swim_pool_alloc(struct swim_pool *pool, size_t size, gfp_t gfp)
{
	const size_t rounded = ALIGN(size, SWIM_OBJECT_ALIGN);
	void *object;

	/* Size 0 is large here too. */
	if (unlikely(swim_is_traced(swim_alloc) || !pool || size - 1 >= pool->fast_max ||
		     !swim_pool_bump(pool, rounded, SWIM_OBJECT_ALIGN, &object)))
		return alloc_slow(pool, size, SWIM_OBJECT_ALIGN, gfp);
	return write_held(pool, object, rounded);
}
EXPORT_SYMBOL_GPL(swim_pool_alloc);

/**
 * swim_pool_alloc_aligned - the same, with an alignment
 * @hold: of the pool
 * @size: bytes
 * @align: bytes, a power of two up to a page
 * @gfp: what to do when the pool must grow for it
 *
 * Return: as swim_alloc_aligned().
 */
void *swim_pool_alloc_aligned(struct swim_hold *hold, size_t size, size_t align, gfp_t gfp)
{
	const size_t rounded = ALIGN(size, SWIM_OBJECT_ALIGN);
	struct swim_pool *pool = swim_pool_of(hold);
	void *object;

	if (unlikely(swim_is_traced(swim_alloc) || size - 1 >= pool->fast_max ||
		     !swim_pool_bump(pool, rounded, align, &object)))
		return alloc_slow(pool, size, align, gfp);
	return write_held(pool, object, rounded);
}

static void *hold_reserve(struct swim_hold *hold, size_t size, gfp_t gfp, unsigned long *apart)
{
	struct swim_pool *pool = swim_pool_of(hold);

	if (size <= pool->small_max) {
		*apart = pool->apart;
		return reserve_small(pool, size, SWIM_OBJECT_ALIGN, gfp);
	}
	*apart = SWIM_TAG_APART;
	return swim_large_reserve(pool, size, SWIM_OBJECT_ALIGN, gfp);
}

static void hold_stats(struct swim_hold *hold, struct swim_hold_stats *stats)
{
	struct swim_pool_stats pool;

	swim_pool_stats(swim_pool_of(hold), &pool);
	*stats = (struct swim_hold_stats){ pool.held, pool.used, pool.live };
}

static long objects_of(const struct swim_pool *pool)
{
	long objects = atomic_long_read(&pool->large) + atomic_long_read(&pool->nothings);
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		objects += READ_ONCE(per_cpu_ptr(pool->cpu, cpu)->objects);
	return objects;
}

static bool hold_is_empty(struct swim_hold *hold)
{
	return !objects_of(swim_pool_of(hold));
}

static void hold_evacuate(struct swim_hold *from, struct swim_hold *to, gfp_t gfp)
{
	swim_pool_evacuate(swim_pool_of(from), to, gfp);
}

static void hold_leak(struct swim_hold *hold)
{
	struct swim_pool *pool = swim_pool_of(hold);
	struct swim_pool_stats stats;

	swim_pool_stats(pool, &stats);
	if (preemptible())
		swim_leak_pool(pool, &stats, "left by its scope");
	else
		swim_report("pool '%s' left by its scope with %ld objects, %zu bytes live",
			    pool->name, stats.live, stats.used);
}

const struct swim_hold_ops swim_pool_hold_ops = {
	.alloc = swim_pool_alloc_aligned,
	.reserve = hold_reserve,
	.stats = hold_stats,
	.is_empty = hold_is_empty,
	.evacuate = hold_evacuate,
	.leak = hold_leak,
};

/**
 * swim_pool_extend - let the newest object of this CPU's hunk have more bytes, all zero
 * @pool: whose
 * @object: in a hunk; the caller writes its tag afterwards
 * @before: its bytes
 * @size: bytes that it has then; both multiples of 8
 *
 * Return: false when there is no room behind it; then nothing has changed.
 */
bool swim_pool_extend(struct swim_pool *pool, void *object, size_t before, size_t size)
{
	const size_t trailer = swim_pool_trailer(pool);
	unsigned long end = (unsigned long)object + before + trailer;
	unsigned long to = (unsigned long)object + size + trailer;

	swim_window();
	if (size > pool->small_max || (end ^ to) & pool->mask || !word_try(pool, end, to))
		return false;
	swim_step(POOL_EXTEND);
	swim_unpoison((void *)end, to - end);
	if (trailer)
		swim_track_resize(object, before, size);
	return true;
}

static void shrink(struct swim_pool *pool, void *object, size_t before, size_t size)
{
	const size_t trailer = swim_pool_trailer(pool);
	unsigned long end = (unsigned long)object + before + trailer;
	unsigned long to = (unsigned long)object + size + trailer;

	if (trailer) {
		swim_track_resize(object, before, size);
	} else if (word_read(pool) == end && !(pool->flags & SWIM_POOL_RCU)) {
		memset((void *)to, 0, end - to);
		write_held(pool, object, size);
		swim_poison((void *)to, end - to);
		barrier(); /* as in swim_pool_rewind() */
		swim_window();
		if (word_try(pool, end, to)) {
			swim_step(POOL_SHRINK);
			return;
		}
		swim_step(POOL_SHRINK_LOST);
		swim_unpoison((void *)to, end - to);
	}
	pad(pool, to, end - to);
	write_held(pool, object, size);
}

/**
 * swim_pool_resize - resize in place, for swim_resize()
 * @pool: whose
 * @object: HELD, and in a hunk
 * @value: its tag
 * @size: bytes, not 0
 *
 * Return: 0, or -E2BIG when there is no room for it.
 */
int swim_pool_resize(struct swim_pool *pool, void *object, unsigned long value, size_t size)
{
	size_t before = swim_tag_size(value);

	size = round_up(size, SWIM_OBJECT_ALIGN);
	if (size > before) {
		if (!swim_pool_extend(pool, object, before, size))
			return -SWIM_EOVERSIZED;
		write_held(pool, object, size);
	}
	if (size < before)
		shrink(pool, object, before, size);
	return 0;
}

static void flush_this_cpu(void *arg)
{
	struct swim_pool *pool = arg;

	close_current(pool, this_cpu_xchg(pool->cpu->next, SWIM_NO_HUNK));
	swim_step(POOL_FLUSH);
}

/**
 * swim_pool_flush_local - close this CPU's hunk, and the spare one
 * @pool: any
 */
void swim_pool_flush_local(struct swim_pool *pool)
{
	flush_this_cpu(pool);
	close_current(pool, xchg(&pool->spare, SWIM_NO_HUNK));
}

/**
 * swim_pool_flush_cpuslocked - close every CPU's hunk, and the spare one
 * @pool: any
 *
 * Context: Process, may sleep. No CPU comes or goes meanwhile.
 */
void swim_pool_flush_cpuslocked(struct swim_pool *pool)
{
	unsigned int cpu;

	on_each_cpu(flush_this_cpu, pool, true);
	/* A CPU that is not online uses no word of its own. */
	for_each_possible_cpu(cpu)
		if (!cpu_online(cpu))
			swim_pool_flush_dead_cpu(pool, cpu);
	close_current(pool, xchg(&pool->spare, SWIM_NO_HUNK));
}

/**
 * swim_pool_flush - the same, where CPUs may come and go
 * @pool: any
 *
 * Context: Process, may sleep.
 */
void swim_pool_flush(struct swim_pool *pool)
{
	cpus_read_lock();
	swim_pool_flush_cpuslocked(pool);
	cpus_read_unlock();
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_pool_flush);

/**
 * swim_pool_flush_dead_cpu - leave the hunk of a CPU that is gone to the others
 * @pool: any
 * @cpu: not online, and not coming back meanwhile
 */
void swim_pool_flush_dead_cpu(struct swim_pool *pool, unsigned int cpu)
{
	unsigned long next = xchg(&per_cpu_ptr(pool->cpu, cpu)->next, SWIM_NO_HUNK);

	if (next != SWIM_NO_HUNK && swim_stepped(POOL_FLUSH_GONE) && !swim_pool_spare(pool, next))
		close_current(pool, next);
}

static void stats_hunks(struct swim_pool *pool, struct swim_pool_stats *stats, size_t *bytes)
{
	const size_t size = swim_pool_hunk_size(pool);
	struct swim_frame *frame;
	u32 number;

	swim_for_each_frame(pool, number, frame) {
		int live = atomic_read(&frame->live) % SWIM_HUNK_HOLD;

		if (READ_ONCE(frame->pool) != pool)
			continue;
		stats->hunks++;
		if (!live) {
			stats->waiting++;
			continue;
		}
		if (live > (int)SWIM_FRAME_SIZE) {
			stats->open++;
			continue;
		}
		*bytes += live;
		stats->histogram[min_t(unsigned int, live * SWIM_HISTOGRAM / size,
				       SWIM_HISTOGRAM - 1)]++;
	}
}

/* Bytes of an open hunk that are not dead; the hunk itself is not looked at. */
static size_t stats_open(struct swim_pool *pool, unsigned long next)
{
	struct swim_frame *frame;
	int live;

	if (next == SWIM_NO_HUNK)
		return 0;
	frame = swim_pool_frame(pool, swim_pool_hunk(pool, next));
	if (!frame)
		return 0;
	live = atomic_read(&frame->live);
	if (live <= (int)SWIM_FRAME_SIZE || live > SWIM_HUNK_OPEN)
		return 0;
	return mark_of(pool, next) - SWIM_HUNK_BEGIN - (SWIM_HUNK_OPEN - live);
}

/**
 * swim_pool_stats - a pool in numbers
 * @pool: any
 * @stats: the numbers; exact when nobody allocates, frees or compacts meanwhile
 *
 * Context: Any but NMI. Looks at every segment of the space.
 */
void swim_pool_stats(struct swim_pool *pool, struct swim_pool_stats *stats)
{
	long objects = 0;
	size_t bytes = 0;
	int cpu;

	*stats = (struct swim_pool_stats){
		.large = atomic_long_read(&pool->large),
		/* Of a moment, or of two: whoever compacts goes on counting. */
		.moves = data_race(pool->moves),
		/* As well. */
		.obstacles = data_race(pool->cleaner.seen),
	};
	stats_hunks(pool, stats, &bytes);
	for_each_possible_cpu(cpu) {
		struct swim_pool_cpu *this = per_cpu_ptr(pool->cpu, cpu);

		bytes += stats_open(pool, READ_ONCE(this->next));
		objects += READ_ONCE(this->objects);
	}
	bytes += stats_open(pool, READ_ONCE(pool->spare));
	bytes += stats_open(pool, READ_ONCE(pool->cleaner.mover.next));
	stats->held = stats->hunks * swim_pool_hunk_size(pool) +
		      atomic_long_read(&pool->large_held);
	stats->live = objects + stats->large + atomic_long_read(&pool->nothings);
	stats->trailer = pool->trailer;
	stats->tags = (objects + stats->large) * (SWIM_TAG_SLOT + pool->trailer);
	stats->used = bytes - objects * (SWIM_TAG_SLOT + pool->trailer) +
		      atomic_long_read(&pool->large_used);
}
EXPORT_SYMBOL_GPL(swim_pool_stats);

/**
 * swim_pool_hold - the pool as a hold
 * @pool: any
 */
struct swim_hold *swim_pool_hold(struct swim_pool *pool)
{
	return &pool->hold;
}
EXPORT_SYMBOL_GPL(swim_pool_hold);

/* How a static space or a slab is cut into hunks, and what that needs of the pool's block. */
static int shape(struct swim_pool *pool, struct swim_heap *heap)
{
	const struct swim_block *range = NULL;
	size_t size = SWIM_FRAME_SIZE;

	pool->heap = heap;
	pool->unit = SWIM_FRAME_SIZE;
	if (heap->ops == &swim_space_heap_ops) {
		pool->space = container_of(heap, struct swim_space, heap);
		if (swim_space_frames(pool->space) < FRAMES_MIN)
			range = &pool->space->fixed;
	} else {
		struct swim_slab *slab = container_of(heap, struct swim_slab, heap);

		range = &slab->memory;
		if (((unsigned long)range->addr | slab->unit) % PAGE_SIZE)
			return -SWIM_EMISALIGNED;
		if (((unsigned long)range->addr | slab->unit) % size)
			size = PAGE_SIZE;
		pool->unit = slab->unit;
	}
	if (range) {
		if (pool->space) {
			size = PAGE_SIZE;
			pool->unit = size;
		}
		pool->space = NULL;
		pool->range = *range;
		pool->frames = range->size / size;
		pool->shared = range->size / pool->unit < 2 * num_possible_cpus();
	}
	pool->mask = ~(size - 1);
	pool->small_max = size / 4;
	pool->apart = size == SWIM_FRAME_SIZE ? 0 : SWIM_TAG_APART;
	pool->fast_max = pool->apart ? 0 : pool->small_max;
	pool->held = swim_held ^ pool->apart;
	return 0;
}

static void pool_init(struct swim_pool *pool, size_t size, unsigned long flags)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu_ptr(pool->cpu, cpu)->next = SWIM_NO_HUNK;
	pool->head.pool = pool;
	pool->head.size = size;
	pool->hold.ops = &swim_pool_hold_ops;
	pool->spare = SWIM_NO_HUNK;
	pool->flags = flags;
	INIT_LIST_HEAD(&pool->larges);
	raw_spin_lock_init(&pool->larges_lock);
	/* A debug pool's CPUs have no hunks, so that nothing is done without its slow paths. */
	if (pool->trailer)
		pool->shared = true;
	pool->zero_inline = flags & SWIM_POOL_RCU ? 0 : SWIM_ZERO_INLINE;
	swim_cleaner_init(pool);
	swim_reclaim_init(pool);
	swim_tag_write(swim_tag_of(swim_pool_zero(pool)), swim_tag_sized(SWIM_TAG_NOTHING, 0, 0));
}

/**
 * swim_pool_make - swim_pool_create() without a reference to the module
 * @name: of the pool
 * @heap: where its hunks come from
 * @flags: SWIM_POOL_*
 */
struct swim_pool *swim_pool_make(const char *name, struct swim_heap *heap, unsigned long flags)
{
	struct swim_layout layout = { .align = PAGE_SIZE };
	struct swim_pool *pool, shaped = {};
	struct swim_block block;
	int err;

	if (IS_ERR_OR_NULL(heap) || flags & ~SWIM_POOL_RCU)
		return ERR_PTR(-SWIM_EMISALIGNED);
	err = shape(&shaped, heap) ?: swim_registry_name(shaped.name, name);
	if (err)
		return ERR_PTR(err);
	if (swim_fail())
		return ERR_PTR(-SWIM_ENOMEM);
	layout.size = struct_size(pool, frame, shaped.frames);
	err = swim_heap_alloc(heap, &layout, GFP_KERNEL, &block);
	if (err)
		return ERR_PTR(err);
	pool = block.addr;
	memset(pool, 0, block.size);
	*pool = shaped;
	if (swim_pool_scanned(pool))
		kmemleak_alloc(pool, block.size, 0, GFP_KERNEL);
	err = -SWIM_ENOMEM;
	if (!swim_fail())
		pool->cpu = alloc_percpu_gfp(struct swim_pool_cpu, GFP_KERNEL | __GFP_NOWARN);
	if (!pool->cpu)
		goto free_block;
	pool->trailer = swim_track_begin();
	pool_init(pool, block.size, flags);
	err = swim_registry_add_pool(pool);
	if (err)
		goto free_cpu;
	return pool;

free_cpu:
	swim_track_end(pool->trailer);
	free_percpu(pool->cpu);
free_block:
	if (swim_pool_scanned(&shaped))
		kmemleak_free(pool);
	swim_heap_free(heap, &block);
	return ERR_PTR(err);
}

/**
 * swim_pool_create - make a pool over a heap
 * @name: unique among pools: 1 to 31 printable characters, no slash
 * @heap: where its hunks come from; the pool itself takes one block of it
 * @flags: SWIM_POOL_RCU, or 0
 *
 * A hunk is 64 KiB; over a slab whose units are not that large and aligned, or a static
 * space that has no room for more than a few, it is a page.
 *
 * Context: Process, may sleep.
 * Return: the pool, or ERR_PTR: -EINVAL for a bad name, unknown flags, no heap, or a slab
 * whose units are no pages; -EEXIST for a name in use; -E2BIG when a block of the heap is too
 * small to describe all its hunks; -ENOMEM; -EPERM, and a report, where nobody may sleep.
 * (Model: holds, pool)
 */
struct swim_pool *swim_pool_create(const char *name, struct swim_heap *heap, unsigned long flags)
{
	struct swim_pool *pool;

	if (!swim_may_sleep("pool created"))
		return ERR_PTR(-SWIM_ECONTEXT);
	pool = swim_pool_make(name, heap, flags);
	if (!IS_ERR(pool))
		__module_get(THIS_MODULE);
	return pool;
}
EXPORT_SYMBOL_GPL(swim_pool_create);

static bool pool_has_hunks(const struct swim_pool *pool)
{
	struct swim_frame *frame;
	u32 number;

	swim_for_each_frame(pool, number, frame)
		/* Pairs with the release in swim_hunk_put_now(). */
		if (smp_load_acquire(&frame->pool) == pool)
			return true;
	return false;
}

/**
 * swim_pool_quiesce - have nothing done for a pool any more, now or later
 * @pool: whose clients are gone, though not all of their objects are
 *
 * Context: Process, may sleep.
 */
void swim_pool_quiesce(struct swim_pool *pool)
{
	swim_registry_del_pool(pool);
	swim_reclaim_end(pool);
	swim_cleaner_end(pool);
	swim_pool_flush(pool);
	/* A hunk that goes waits twice. */
	rcu_barrier();
	rcu_barrier();
}

/**
 * swim_pool_unmake - swim_pool_destroy() without a reference to the module
 * @pool: any
 */
int swim_pool_unmake(struct swim_pool *pool)
{
	struct swim_pool_stats stats;
	struct swim_block block;

	swim_pool_stats(pool, &stats);
	if (stats.live) {
		swim_leak_pool(pool, &stats, "destroyed");
		return -SWIM_EALIASED;
	}
	swim_registry_del_pool(pool);
	swim_reclaim_end(pool);
	swim_cleaner_end(pool);
	swim_pool_flush(pool);
	/* What was put waits for readers, or for a walker that held it for a moment. */
	do {
		rcu_barrier();
		cond_resched();
	} while (pool_has_hunks(pool) || atomic_long_read(&pool->large_held));
	free_percpu(pool->cpu);
	swim_track_end(pool->trailer);
	if (swim_pool_scanned(pool))
		kmemleak_free(pool);
	block = (struct swim_block){ pool, pool->head.size };
	swim_heap_free(pool->heap, &block);
	return 0;
}

/**
 * swim_pool_destroy - the end of a pool
 * @pool: nobody else uses it any more, nor its objects
 *
 * Context: Process, may sleep.
 * Return: 0; -EBUSY, and one report, when objects are live, and then the pool is what
 * it was; -EINVAL without a pool; -EPERM, and a report, where nobody may sleep.
 */
int swim_pool_destroy(struct swim_pool *pool)
{
	int err;

	if (IS_ERR_OR_NULL(pool))
		return -SWIM_EMISALIGNED;
	if (!swim_may_sleep("pool destroyed"))
		return -SWIM_ECONTEXT;
	err = swim_pool_unmake(pool);
	if (!err)
		module_put(THIS_MODULE);
	return err;
}
EXPORT_SYMBOL_GPL(swim_pool_destroy);
