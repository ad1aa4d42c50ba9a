/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_ALLOC_POOL_H
#define SWIMMEM_ALLOC_POOL_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <swimmem/heap.h>
#include <swimmem/pool.h>
#include <swimmem/space.h>

#include "../compact/cleaner.h"
#include "../observe/events.h"
#include "../observe/record.h"
#include "../observe/track.h"
#include "hold.h"
#include "hunk.h"
#include "poison.h"

/* Larger objects are zeroed out of line when the mark goes back over them. */
#define SWIM_ZERO_INLINE	SZ_512

static_assert(SWIM_FRAME_SIZE == 1UL << 16);	/* swim_pool_bump() */

/* No hunk: every request crosses its end. */
#define SWIM_NO_HUNK		(~(SWIM_TAG_SLOT - 1UL))

/**
 * struct swim_pool_cpu - what each CPU has of a pool
 * @next: address of the next tag slot: the hunk in the high bits, the mark in the low
 * @objects: objects in hunks, allocated less freed here
 */
struct swim_pool_cpu {
	unsigned long next;
	long objects;
};

/**
 * struct swim_pool - a pool; lives in a block of its own heap
 * @head: makes this block the header of an extent
 * @hold: what clients allocate from
 * @cpu: what each CPU has
 * @fast_max: objects up to this size are allocated by swim_pool_bump(); 0 where hunks are pages
 * @held: mangled tag of a small object without a lease, but for its size and address
 * @zero_inline: over objects below this size the mark goes back at once
 * @apart: SWIM_TAG_APART in the tags of small objects, or 0
 * @mask: takes an address to its hunk
 * @small_max: larger objects get extents of their own
 * @heap: where hunks come from
 * @space: the same, when its segments describe the hunks' frames; else @frame does
 * @range: where hunks can be, when @frame describes them
 * @frames: how many
 * @unit: bytes of the heap's block that a hunk is in
 * @shared: there are too few hunks for each CPU to have one: all use @spare
 * @spare: a word as @next, of a hunk that the next CPU in need takes
 * @salvaged: number of the frame in which the last hole was found (salvage.c)
 * @flags: SWIM_POOL_*
 * @trailer: bytes behind each object, of a debug pool (track.h); else 0
 * @larges: of a debug pool: its large objects
 * @larges_lock: of these
 * @nothings: objects of size 0
 * @large: objects with extents of their own
 * @large_used: their bytes
 * @large_held: bytes of their extents
 * @clean: held by the one who compacts, if no space has such a lock
 * @moves: what he did; he alone writes it
 * @cleaner: his too
 * @reclaim: when that is without being asked
 * @record: what that has cost; NULL when there was no memory for it
 * @name: of its folder in debugfs
 * @link: in the list of all pools
 * @dir: in debugfs
 * @looks: how often all of it was looked at for what a module that goes has left (registry.c)
 * @slot: tag of the one object of size 0, which stands behind it
 * @frame: state of hunks that no segment describes
 */
struct swim_pool {
	struct swim_hunk head;
	struct swim_hold hold;
	struct swim_pool_cpu __percpu *cpu;
	size_t fast_max;
	unsigned long held;
	size_t zero_inline;
	unsigned long apart;
	unsigned long mask;
	size_t small_max;
	struct swim_heap *heap;
	struct swim_space *space;
	struct swim_block range;
	unsigned int frames;
	size_t unit;
	bool shared;
	unsigned long spare;
	u32 salvaged;
	unsigned long flags;
	size_t trailer;
	struct list_head larges;
	raw_spinlock_t larges_lock;
	atomic_long_t nothings;
	atomic_long_t large;
	atomic_long_t large_used;
	atomic_long_t large_held;
	struct mutex clean;	/* and moves, and cleaner */
	struct swim_moves moves;
	struct swim_cleaner cleaner;
	struct swim_reclaim reclaim;
	struct swim_record *record;
	char name[SWIM_NAME_MAX];
	struct list_head link;
	struct dentry *dir;
	unsigned int looks;
	unsigned long slot[SWIM_TAG_SLOT / sizeof(long)] __aligned(8);
	struct swim_frame frame[];
};

static_assert(sizeof(struct swim_pool) % SWIM_OBJECT_ALIGN == 0);

void *swim_pool_alloc_aligned(struct swim_hold *hold, size_t size, size_t align, gfp_t gfp);
void swim_release_slow(void *object, size_t size);
void swim_pool_release(struct swim_pool *pool, struct swim_hunk *hunk, void *object, size_t size);
void swim_pool_retire(struct swim_pool *pool, struct swim_hunk *hunk, void *object, size_t size);
bool swim_pool_spare(struct swim_pool *pool, unsigned long next);
void swim_pool_flush(struct swim_pool *pool);
void swim_pool_flush_cpuslocked(struct swim_pool *pool);
void swim_pool_flush_local(struct swim_pool *pool);
void swim_pool_flush_dead_cpu(struct swim_pool *pool, unsigned int cpu);
bool swim_pool_extend(struct swim_pool *pool, void *object, size_t before, size_t size);
int swim_pool_resize(struct swim_pool *pool, void *object, unsigned long value, size_t size);
struct swim_pool *swim_pool_make(const char *name, struct swim_heap *heap, unsigned long flags);
int swim_pool_unmake(struct swim_pool *pool);
void swim_pool_quiesce(struct swim_pool *pool);

void *swim_large_reserve(struct swim_pool *pool, size_t size, size_t align, gfp_t gfp);
void swim_large_release(struct swim_hunk *head, size_t size);
void swim_large_retire(struct swim_hunk *head, size_t size);
int swim_large_resize(struct swim_pool *pool, void *object, unsigned long value, size_t size);

unsigned long swim_salvage_tail(struct swim_pool *pool, size_t need);
void *swim_salvage_hole(struct swim_pool *pool, size_t size, size_t align);

struct swim_hunk *swim_hunk_take(struct swim_pool *pool, gfp_t gfp);
struct swim_hunk *swim_hunk_get(struct swim_pool *pool, gfp_t gfp);
bool swim_hunk_close(struct swim_pool *pool, struct swim_hunk *hunk, unsigned int mark);
void swim_hunk_reopen(struct swim_frame *frame, unsigned int mark);
void swim_hunk_put(struct swim_hunk *hunk);
void swim_hunk_put_now(struct swim_hunk *hunk);
void swim_hunk_reset(struct swim_hunk *hunk, unsigned int mark);
bool swim_hunk_hold(struct swim_frame *frame, const struct swim_pool *pool);
bool swim_hunk_unhold(struct swim_frame *frame, unsigned int moved);
struct swim_frame *swim_pool_frame(const struct swim_pool *pool, const void *hunk);
struct swim_frame *swim_pool_next_frame(const struct swim_pool *pool, u32 *number);

/* Every frame in which the pool may have a hunk, by its number. */
#define swim_for_each_frame(pool, number, frame)				\
	for ((number) = 0; ((frame) = swim_pool_next_frame(pool, &(number))); (number)++)

static inline struct swim_pool *swim_pool_of(struct swim_hold *hold)
{
	return container_of(hold, struct swim_pool, hold);
}

static inline void *swim_pool_zero(struct swim_pool *pool)
{
	return pool->frame;
}

static inline struct swim_pool *swim_pool_of_zero(void *object)
{
	return object - offsetof(struct swim_pool, frame);
}

/* Is its memory of the page allocator, which kmemleak does not know? */
static inline bool swim_pool_scanned(const struct swim_pool *pool)
{
	return pool->space && !pool->space->segment;
}

/* Count a time for which moves had interrupts off; by the one who compacts. */
static inline void swim_pause_add(struct swim_pool *pool, u64 ns)
{
	struct swim_record *record = pool->record;

	if (!record)
		return;
	swim_record_count(&record->pauses[swim_pause_bucket(ns)], 1);
	if (ns > record->worst)
		WRITE_ONCE(record->worst, ns);
}

static inline size_t swim_pool_hunk_size(const struct swim_pool *pool)
{
	return -pool->mask;
}

static inline size_t swim_pool_trailer(const struct swim_pool *pool)
{
	return static_branch_unlikely(&swim_debug_key) ? pool->trailer : 0;
}

/* Bytes between the end of an object in a hunk and the next tag slot; @value: its tag. */
static inline size_t swim_pool_behind(const struct swim_pool *pool, unsigned long value)
{
	if (swim_tag_is(value, SWIM_TAG_DEAD) && value & SWIM_TAG_PADDING)
		return 0;
	return swim_pool_trailer(pool);
}

/* An object in a hunk is DEAD: is it as it was left? */
static inline void swim_pool_check(const struct swim_pool *pool, void *object, unsigned long value)
{
	if (swim_pool_behind(pool, value))
		swim_track_check(object, swim_tag_size(value));
}

/* May there be readers where objects are dead? */
static inline bool swim_hunk_has_readers(const struct swim_hunk *hunk)
{
	const u32 moved = READ_ONCE(hunk->moved);

	/* Acquire: pairs with count_epochs(). */
	return (moved && smp_load_acquire(&hunk->pool->cleaner.epoch) - moved < SWIM_EPOCHS) ||
	       READ_ONCE(hunk->stowed);
}

/* What makes a tag that of padding. */
static inline unsigned long swim_pool_padding(const struct swim_pool *pool)
{
	return pool->apart | (swim_pool_trailer(pool) ? SWIM_TAG_PADDING : 0);
}

/* The hunk that an address lies in, which is not its end. */
static inline struct swim_hunk *swim_pool_hunk(const struct swim_pool *pool, unsigned long addr)
{
	return (struct swim_hunk *)(addr & pool->mask);
}

static inline struct swim_hunk *swim_frame_hunk(const struct swim_pool *pool,
						const struct swim_frame *frame)
{
	return swim_pool_hunk(pool, READ_ONCE(frame->base));
}

static inline unsigned int swim_frame_mark(const struct swim_pool *pool,
					   const struct swim_frame *frame)
{
	return READ_ONCE(frame->base) & ~pool->mask;
}

static __always_inline size_t swim_need(size_t size)
{
	return round_up(size, SWIM_OBJECT_ALIGN) + SWIM_TAG_SLOT;
}

/*
 * The next @size bytes of this CPU's hunk, and their tag slot: the whole of a small allocation.
 * @size is a multiple of 8, and not above pool->fast_max. False when they do not fit, for behind
 * the end of a hunk of 64 KiB the low bits of an address begin again; when they are not aligned to
 * @align; or when somebody else was here.
 */
static __always_inline bool swim_pool_bump(struct swim_pool *pool, size_t size, size_t align,
					   void **object)
{
	struct swim_pool_cpu __percpu *cpu = swim_cpu_get(pool->cpu);
	unsigned long old = swim_cpu_read(cpu, next), new = old + SWIM_TAG_SLOT + size;
	bool bumped = false;

	swim_window();
	if (likely(align <= SWIM_OBJECT_ALIGN || !((old + SWIM_TAG_SLOT) & (align - 1))) &&
	    likely((u16)new > (u16)size && swim_cpu_try_cmpxchg(cpu, next, &old, new))) {
		swim_cpu_inc(cpu, objects);
		bumped = true;
	}
	swim_cpu_put(cpu);
	if (unlikely(!bumped))
		return false;
	swim_step(POOL_BUMP);
	swim_unpoison((void *)old, new - old);
	*object = (void *)(old + SWIM_TAG_SLOT);
	return true;
}

/* The same as swim_reserve(), in the usual case, where nothing stands apart; else false. */
static __always_inline bool swim_reserve_now(struct swim_hold *hold, size_t size, void **object)
{
	struct swim_pool *pool = swim_pool_of(hold);

	/* Size 0 is large here too. */
	return likely(hold->ops == &swim_pool_hold_ops && !swim_is_traced(swim_alloc) &&
		      size - 1 < pool->fast_max &&
		      swim_pool_bump(pool, ALIGN(size, SWIM_OBJECT_ALIGN), SWIM_OBJECT_ALIGN,
				     object));
}

/*
 * An object for a lease: zeroed, with an unwritten tag, or ERR_PTR. The caller writes the
 * tag. @apart: SWIM_TAG_APART or 0, for the metadata.
 */
static __always_inline void *swim_reserve(struct swim_hold *hold, size_t size, gfp_t gfp,
					  unsigned long *apart)
{
	void *object;

	if (!swim_reserve_now(hold, size, &object))
		return hold->ops->reserve(hold, size, gfp, apart);
	*apart = 0;
	return object;
}

/* Let the mark go back over an object, all of it zero, if it still is the newest. */
static __always_inline bool swim_pool_rewind(struct swim_pool_cpu __percpu *cpu, void *object,
					     unsigned long end)
{
	unsigned long slot = (unsigned long)object - SWIM_TAG_SLOT, old = end;

	/* Not the tag: who frees the object again should hear of it from us. */
	swim_poison(object, end - (unsigned long)object);
	barrier(); /* this CPU's interrupts see it zero before they can have it */
	swim_window();
	if (likely(swim_cpu_try_cmpxchg(cpu, next, &old, slot))) {
		swim_step(POOL_REWIND);
		return true;
	}
	swim_step(POOL_REWIND_LOST);
	swim_unpoison(object, end - (unsigned long)object);
	return false;
}

/*
 * The memory of an object in a hunk of 64 KiB that its last owner has let go: its tag is
 * unwritten, by the caller. @size is a multiple of 8.
 */
static __always_inline void swim_release(void *object, size_t size)
{
	struct swim_pool *pool = swim_hunk_of(object)->pool;
	struct swim_pool_cpu __percpu *cpu = swim_cpu_get(pool->cpu);
	unsigned long end = (unsigned long)object + size;
	bool rewound = false;

	swim_cpu_dec(cpu, objects);
	if (swim_cpu_read(cpu, next) == end && size < pool->zero_inline &&
	    !swim_is_traced(swim_free)) {
		swim_zero(object, size);
		rewound = swim_pool_rewind(cpu, object, end);
	}
	swim_cpu_put(cpu);
	if (!rewound)
		swim_release_slow(object, size);
}

#endif
