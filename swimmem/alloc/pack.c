// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pack: bump allocation in one block.
 *
 *	pack      memory                         mark            end
 *	| header | tag object | tag object | ... | not used ... |
 *
 * One word is the whole state (pack.h): where the mark is, how many objects there are, and how much
 * below the mark is dead. Each allocation and each free changes it with one compare-and-swap.
 * That it may be the same again in between is no matter: what is beyond the mark is free,
 * whatever has been there.
 *
 *	alloc	mark + tag + size,  live + 1
 *	free	live - 1, and mark back to the object's tag when it was the newest, else
 *		dead + tag + size; all of it as in the beginning when it was the last
 *
 * An object without a lease has in its tag how far the pack is. In front of one that a lease
 * owns, whose tag has no room for that, stands a LINK which says it.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../compact/evacuate.h"
#include "../observe/leak.h"
#include "../observe/trace.h"
#include "pack.h"

#define UNIT		SWIM_PACK_UNIT
#define UNIT_SHIFT	3

static_assert(SWIM_TAG_SLOT == 1 << UNIT_SHIFT);
static_assert(SWIM_OBJECT_ALIGN == 1 << UNIT_SHIFT);
static_assert(offsetof(struct swim_pack, memory) == __SWIM_PACK_EMPTY * UNIT);
static_assert(SWIM_PACK_MAX / UNIT + __SWIM_PACK_EMPTY <= SWIM_PACK_MARK);
static_assert(SWIM_PACK_MAX / UNIT < BIT(SWIM_TAG_SIZED_BITS - 1 - SWIM_TAG_SIZE_SHIFT));
static_assert(SWIM_PACK_MAX / UNIT < BIT_ULL(64 - SWIM_PACK_DEAD_SHIFT));
/* The smallest object is a tag and 8 bytes, or for a lease a LINK and a tag. */
static_assert(SWIM_PACK_MAX / (2 * UNIT) < BIT(SWIM_PACK_LIVE_BITS));

/* What the state says. */
struct state {
	u32 mark;
	u32 live;
	u32 dead;
};

static struct state state_of(u64 word)
{
	return (struct state){
		.mark = word & SWIM_PACK_MARK,
		.live = word >> SWIM_PACK_LIVE_SHIFT & (BIT(SWIM_PACK_LIVE_BITS) - 1),
		.dead = word >> SWIM_PACK_DEAD_SHIFT,
	};
}

static u64 state_word(struct state state)
{
	if (!state.live)
		return __SWIM_PACK_EMPTY;
	return state.mark | (state.dead ? SWIM_PACK_HOLES : 0) |
	       (u64)state.live << SWIM_PACK_LIVE_SHIFT | (u64)state.dead << SWIM_PACK_DEAD_SHIFT;
}

/* Units from the pack's begin. */
static u32 unit_of(const struct swim_pack *pack, const void *at)
{
	return (size_t)(at - (const void *)pack) >> UNIT_SHIFT;
}

static size_t pack_size(const struct swim_pack *pack)
{
	return (pack->end - __SWIM_PACK_EMPTY) * UNIT;
}

/* The size in a PACKED tag. */
static size_t packed_size(unsigned long value)
{
	return swim_tag_size(value & ~(~0UL << SWIM_PACK_FAR_SHIFT));
}

#if BITS_PER_LONG == 64

/* What leads from a tag to the pack; @mark: where the tag stands. */
static __always_inline unsigned long far_to(struct swim_pack *pack, void *object,
					    unsigned long mark)
{
	return mark << SWIM_PACK_FAR_SHIFT;
}

/* The pack that a PACKED tag, or a LINK, leads to, if it is a pack. */
static struct swim_pack *pack_from(const void *object, unsigned long value)
{
	const unsigned long mark = value >> SWIM_PACK_FAR_SHIFT;
	const struct swim_pack *pack = object - SWIM_TAG_SLOT - mark * UNIT;

	/* A tag that was overwritten comes this far one time in four million. */
	if (unlikely(mark > SWIM_PACK_MARK || !swim_pack_is(pack)))
		return NULL;
	return (struct swim_pack *)pack;
}

#else

/* The slot has another word, in front of the tag: the pack itself. */
static unsigned long far_to(struct swim_pack *pack, void *object, unsigned long mark)
{
	swim_tag_of(object)[-1] = (unsigned long)pack ^ swim_secret;
	return 0;
}

static struct swim_pack *pack_from(const void *object, unsigned long value)
{
	struct swim_pack *pack = (struct swim_pack *)(swim_tag_of(object)[-1] ^ swim_secret);
	const struct swim_hold_ops *ops;

	if (get_kernel_nofault(ops, &pack->hold.ops) || ops != &swim_pack_hold_ops)
		return NULL;
	return pack;
}

#endif

static void write_far(struct swim_pack *pack, void *object, enum swim_tag_state state, size_t size)
{
	swim_tag_write_sized(swim_tag_of(object),
			     swim_tag_sized(state, size, SWIM_TAG_APART) |
			     far_to(pack, object, unit_of(pack, object - SWIM_TAG_SLOT)));
}

static struct swim_pack *pack_of_nothing(const void *object)
{
	return (void *)object - offsetof(struct swim_pack, memory);
}

/**
 * swim_pack_of - the pack that an object is in
 * @object: any object that stands apart
 * @value: its tag; or for what a lease owns SWIM_TAG_LINKED as its metadata has it
 *
 * Return: the pack, or NULL when the object is in none.
 */
struct swim_pack *swim_pack_of(const void *object, unsigned long value)
{
	const void *link = object - SWIM_TAG_SLOT;

	if (swim_tag_is_bare(value, SWIM_TAG_NOTHING))
		return pack_of_nothing(object);
	if (swim_tag_is_packed(value, SWIM_TAG_PACKED))
		return pack_from(object, value);
	if (!(value & SWIM_TAG_LINKED))
		return NULL;
	value = swim_tag_read(swim_tag_of(link));
	return swim_tag_is_packed(value, SWIM_TAG_LINK) ? pack_from(link, value) : NULL;
}

/*
 * Move the mark over an object of @size bytes with @front bytes of tags, aligned so.
 *
 * Return: the object, its bytes zeroed, or NULL when there is no room.
 */
static void *bump(struct swim_pack *pack, size_t size, size_t front, size_t align)
{
	const unsigned int units = DIV_ROUND_UP(size, UNIT);
	s64 old = atomic64_read(&pack->state);
	unsigned long at, object;
	struct state state;

	do {
		state = state_of(old);
		at = (unsigned long)pack + state.mark * UNIT;
		object = ALIGN(at + front, align);
		if (object + units * UNIT > (unsigned long)pack + pack->end * UNIT)
			return NULL;
		state.mark += (object - at) / UNIT + units;
		state.dead += (object - at) / UNIT - 1;
		state.live++;
		swim_window();
		/* Acquire: pairs with the release of what was here before. */
	} while (!atomic64_try_cmpxchg(&pack->state, &old, state_word(state)) &&
		 swim_stepped(PACK_BUMP_LOST));
	swim_step(PACK_BUMP);
	memset((void *)object, 0, units * UNIT);
	/* What alignment has left in front is dead on its own. */
	if (object - at > front)
		swim_tag_write((unsigned long *)(at + SWIM_TAG_SLOT) - 1,
			       swim_tag_sized(SWIM_TAG_DEAD, object - at - front - SWIM_TAG_SLOT,
					      SWIM_TAG_APART));
	return (void *)object;
}

/* Why there is no room: there never is, or not now. */
static void *failed(struct swim_pack *pack, size_t size, size_t front, size_t align)
{
	size_t first = ALIGN((unsigned long)pack->memory + front, align) -
		       (unsigned long)pack->memory;

	if (first > pack_size(pack) || size > pack_size(pack) - first)
		return ERR_PTR(-SWIM_EOVERSIZED);
	return ERR_PTR(-SWIM_ENOMEM);
}

static void *alloc_nothing(struct swim_pack *pack)
{
	/* Its tag cannot be part of a static pack: it is mangled. It is always the same. */
	swim_tag_write(swim_tag_of(pack->memory),
		       swim_tag_sized(SWIM_TAG_NOTHING, 0, SWIM_TAG_APART));
	atomic_long_inc(&pack->nothings);
	trace_swim_alloc("pack", pack->memory, 0, 0);
	return pack->memory;
}

/* Move the mark over so many units and a tag: the usual case. @mark: where it was. */
static __always_inline bool take(struct swim_pack *pack, unsigned long units, unsigned long *mark)
{
	s64 old = atomic64_read(&pack->state);

	*mark = old & SWIM_PACK_MARK;
	swim_window();
	/* Acquire: pairs with the release of what was here before. */
	return *mark + units < pack->end &&
	       atomic64_try_cmpxchg(&pack->state, &old, old + units + 1 + SWIM_PACK_LIVE_ONE);
}

static __always_inline void *object_at(struct swim_pack *pack, unsigned long mark)
{
	return (void *)pack + mark * UNIT + SWIM_TAG_SLOT;
}

static __always_inline void *write_packed(struct swim_pack *pack, unsigned long mark,
					  unsigned long units)
{
	void *object = object_at(pack, mark);

	swim_tag_write_size(swim_tag_of(object), 0, swim_held ^
			    (far_to(pack, object, mark) + (units << SWIM_TAG_SIZE_SHIFT) +
			     SWIM_PACK_NOT_HELD));
	swim_step(PACK_BUMP_NOW);
	return object;
}

/* What is larger than short, of size 0, aligned to more than 8, or does not fit. */
static noinline void *alloc_slow(struct swim_pack *pack, size_t size, size_t align)
{
	void *object;

	if (IS_ERR_OR_NULL(pack))
		return ERR_PTR(-SWIM_EMISALIGNED);
	if (!size)
		return alloc_nothing(pack);
	if (size > pack_size(pack))
		return failed(pack, size, SWIM_TAG_SLOT, align);
	object = bump(pack, size, SWIM_TAG_SLOT, align);
	if (!object)
		return failed(pack, size, SWIM_TAG_SLOT, align);
	write_far(pack, object, SWIM_TAG_PACKED, round_up(size, UNIT));
	trace_swim_alloc("pack", object, size, 0);
	return object;
}

/* What swim_pack_alloc() does not do itself. */
static noinline void *alloc_other(struct swim_pack *pack, size_t size)
{
	const unsigned long units = (size + UNIT - 1) >> UNIT_SHIFT;
	unsigned long mark;

	if (swim_is_traced(swim_alloc) || !pack || size - 1 >= SZ_512 || !take(pack, units, &mark))
		return alloc_slow(pack, size, UNIT);
	swim_zero(object_at(pack, mark), units << UNIT_SHIFT);
	return write_packed(pack, mark, units);
}

/**
 * swim_pack_alloc - get memory from a pack, without a lease
 * @pack: where from
 * @size: bytes. 0 gives an address that must not be dereferenced, the same for all
 *
 * The object is zeroed and aligned to 8 bytes.
 *
 * Context: Any but NMI.
 * Return: the object, or ERR_PTR: -E2BIG for more than the pack can ever give; -ENOMEM when
 * it has not that much now; -EINVAL without a pack. (Model: holds, pack)
 */
void *swim_pack_alloc(struct swim_pack *pack, size_t size)
{
	unsigned long mark, units = (size + UNIT - 1) >> UNIT_SHIFT;

	/* Not to be made of the size again. */
	OPTIMIZER_HIDE_VAR(units);
	if (unlikely(swim_is_traced(swim_alloc) || !pack || units - 4 > 4 ||
		     !take(pack, units, &mark)))
		return alloc_other(pack, size);
	swim_zero_line(object_at(pack, mark), object_at(pack, mark + units));
	return write_packed(pack, mark, units);
}
EXPORT_SYMBOL_GPL(swim_pack_alloc);

static void *hold_alloc(struct swim_hold *hold, size_t size, size_t align, gfp_t gfp)
{
	struct swim_pack *pack = container_of(hold, struct swim_pack, hold);

	if (align <= UNIT)
		return swim_pack_alloc(pack, size);
	return alloc_slow(pack, size, align);
}

static void *hold_reserve(struct swim_hold *hold, size_t size, gfp_t gfp, unsigned long *apart)
{
	struct swim_pack *pack = container_of(hold, struct swim_pack, hold);
	void *object;

	if (size > pack_size(pack))
		return failed(pack, size, 2 * SWIM_TAG_SLOT, UNIT);
	object = bump(pack, size, 2 * SWIM_TAG_SLOT, UNIT);
	if (!object)
		return failed(pack, size, 2 * SWIM_TAG_SLOT, UNIT);
	WRITE_ONCE(*swim_tag_of(object), SWIM_TAG_UNWRITTEN);
	write_far(pack, object - SWIM_TAG_SLOT, SWIM_TAG_LINK, 0);
	trace_swim_alloc("pack", object, size, gfp);
	*apart = SWIM_TAG_APART | SWIM_TAG_LINKED;
	return object;
}

/*
 * Take an object off the state: from the unit @begin, its first tag, to @end, @units of them its
 * own with its tag.
 */
static void put(struct swim_pack *pack, u32 begin, u32 end, u32 units)
{
	s64 old = atomic64_read(&pack->state);
	struct state state;

	do {
		state = state_of(old);
		state.live--;
		state.dead += units;
		if (state.mark == end) {
			state.dead -= end - begin;
			state.mark = begin;
		}
		swim_window();
	} while (!atomic64_try_cmpxchg(&pack->state, &old, state_word(state)) &&
		 swim_stepped(PACK_PUT_LOST));
	if (!state.live)
		swim_step(PACK_EMPTY);
	else if (state.mark == begin)
		swim_step(PACK_REWIND);
	else
		swim_step(PACK_DIE);
}

/**
 * swim_pack_put - the end of an object in a pack that had no lease
 * @pack: where it is
 * @object: its tag is unwritten, by the caller
 * @units: its size
 */
noinline void swim_pack_put(struct swim_pack *pack, void *object, size_t units)
{
	const u32 begin = unit_of(pack, object - SWIM_TAG_SLOT);

	swim_tag_write_sized(swim_tag_of(object), swim_tag_sized(SWIM_TAG_DEAD, units << UNIT_SHIFT,
								 SWIM_TAG_APART));
	put(pack, begin, begin + 1 + units, units + 1);
}

/**
 * swim_pack_release - the end of an object in a pack that a lease owned
 * @pack: where it is
 * @object: its tag is GOING, or still one that only the caller may change
 * @size: bytes, a multiple of 8
 */
void swim_pack_release(struct swim_pack *pack, void *object, size_t size)
{
	const u32 begin = unit_of(pack, object - 2 * SWIM_TAG_SLOT);
	const u32 units = (size + SWIM_TAG_SLOT) >> UNIT_SHIFT;

	trace_swim_free("pack", object, size);
	if (want_init_on_free())
		memset(object, 0, size);
	swim_tag_write(swim_tag_of(object), swim_tag_sized(SWIM_TAG_DEAD, size, SWIM_TAG_WHERE));
	/* Its LINK is dead already. */
	put(pack, begin, begin + 1 + units, units);
}

/**
 * swim_pack_free_nothing - free the object of size 0, for swim_free()
 * @object: the object
 *
 * Return: 0, or -ENOENT when nobody has it.
 */
int swim_pack_free_nothing(void *object)
{
	struct swim_pack *pack = pack_of_nothing(object);

	if (atomic_long_dec_if_positive(&pack->nothings) < 0)
		return -SWIM_ECLEARED;
	trace_swim_free("pack", object, 0);
	return 0;
}

/**
 * swim_pack_free - free an object without a lease, for swim_free()
 * @object: the object
 * @word: its tag as it stands in memory
 * @value: what that means: PACKED
 *
 * Return: as swim_free().
 */
int swim_pack_free(void *object, unsigned long word, unsigned long value)
{
	struct swim_pack *pack = pack_from(object, value);
	const size_t size = packed_size(value);

	/* One of two that free it at once gets the tag. */
	if (!pack || !try_cmpxchg(swim_tag_of(object), &word, SWIM_TAG_UNWRITTEN))
		return swim_refuse("free", object);
	trace_swim_free("pack", object, size);
	if (want_init_on_free())
		memset(object, 0, size);
	swim_pack_put(pack, object, size >> UNIT_SHIFT);
	return 0;
}

/**
 * swim_pack_resize - resize in place, for swim_resize()
 * @pack: where it is
 * @object: PACKED
 * @value: its tag
 * @size: bytes, not 0
 *
 * Return: 0, or -E2BIG when there is no room for it.
 */
int swim_pack_resize(struct swim_pack *pack, void *object, unsigned long value, size_t size)
{
	const size_t before = packed_size(value);
	const u32 end = unit_of(pack, object + before);
	s64 old = atomic64_read(&pack->state);
	struct state state;
	long delta;

	if (size > pack_size(pack))
		return -SWIM_EOVERSIZED;
	size = round_up(size, UNIT);
	delta = ((long)size - (long)before) / UNIT;
	do {
		bool newest;

		state = state_of(old);
		newest = state.mark == end;
		if (delta > 0 && (!newest || end + delta > pack->end))
			return -SWIM_EOVERSIZED;
		if (newest)
			state.mark += delta;
		else
			state.dead -= delta;
		/* The rest of one that is not the newest is dead on its own. */
		if (delta < 0 && !newest)
			swim_tag_write(swim_tag_of(object + size + SWIM_TAG_SLOT),
				       swim_tag_sized(SWIM_TAG_DEAD,
						      before - size - SWIM_TAG_SLOT,
						      SWIM_TAG_APART));
		swim_window();
	} while (!atomic64_try_cmpxchg(&pack->state, &old, state_word(state)) &&
		 swim_stepped(PACK_RESIZE_LOST));
	swim_step(PACK_RESIZE);
	if (delta > 0)
		memset(object + before, 0, size - before);
	write_far(pack, object, SWIM_TAG_PACKED, size);
	return 0;
}

/**
 * swim_pack_stats - a pack in numbers
 * @pack: any
 * @stats: the numbers, of one moment but for objects of size 0
 *
 * Context: Any but NMI.
 */
void swim_pack_stats(struct swim_pack *pack, struct swim_pack_stats *stats)
{
	const struct state state = state_of(atomic64_read(&pack->state));

	*stats = (struct swim_pack_stats){
		.size = pack_size(pack),
		.free = (pack->end - state.mark) * UNIT,
		.used = (state.mark - __SWIM_PACK_EMPTY - state.dead - state.live) * UNIT,
		.live = state.live + atomic_long_read(&pack->nothings),
	};
}
EXPORT_SYMBOL_GPL(swim_pack_stats);

/**
 * swim_pack_used - bytes of a pack in which objects are, or have been
 * @pack: any
 */
size_t swim_pack_used(struct swim_pack *pack)
{
	return (state_of(atomic64_read(&pack->state)).mark - __SWIM_PACK_EMPTY) * UNIT;
}

static void hold_stats(struct swim_hold *hold, struct swim_hold_stats *stats)
{
	struct swim_pack_stats pack;

	swim_pack_stats(container_of(hold, struct swim_pack, hold), &pack);
	*stats = (struct swim_hold_stats){ pack.size, pack.used, pack.live };
}

static bool hold_is_empty(struct swim_hold *hold)
{
	struct swim_pack *pack = container_of(hold, struct swim_pack, hold);

	return !state_of(atomic64_read(&pack->state)).live && !atomic_long_read(&pack->nothings);
}

static void hold_evacuate(struct swim_hold *from, struct swim_hold *to, gfp_t gfp)
{
	swim_pack_evacuate(container_of(from, struct swim_pack, hold), to, gfp);
}

static void hold_leak(struct swim_hold *hold)
{
	struct swim_pack *pack = container_of(hold, struct swim_pack, hold);
	struct swim_pack_stats stats;

	swim_pack_stats(pack, &stats);
	swim_leak_pack(pack, &stats, "left by its scope");
}

const struct swim_hold_ops swim_pack_hold_ops = {
	.alloc = hold_alloc,
	.reserve = hold_reserve,
	.stats = hold_stats,
	.is_empty = hold_is_empty,
	.evacuate = hold_evacuate,
	.leak = hold_leak,
};
EXPORT_SYMBOL_GPL(swim_pack_hold_ops);

/**
 * swim_pack_create - make a pack out of a block
 * @block: any memory, kept by the caller as long as the pack is used; of more than 8 MiB
 *	   only that much is used
 *
 * The pack begins with its struct swim_pack in the block.
 *
 * Context: Any.
 * Return: the pack, or ERR_PTR(-EINVAL) when the header does not fit, or without a block.
 * (Model: holds, pack)
 */
struct swim_pack *swim_pack_create(const struct swim_block *block)
{
	struct swim_pack *pack;
	size_t skip;

	if (!block || !block->addr)
		return ERR_PTR(-SWIM_EMISALIGNED);
	pack = PTR_ALIGN(block->addr, UNIT);
	skip = (void *)pack - block->addr;
	if (block->size < skip + sizeof(*pack))
		return ERR_PTR(-SWIM_EMISALIGNED);
	memset(pack, 0, sizeof(*pack));
	pack->hold.ops = &swim_pack_hold_ops;
	pack->end = __SWIM_PACK_EMPTY +
		    min_t(size_t, SWIM_PACK_MAX, block->size - skip - sizeof(*pack)) / UNIT;
	atomic64_set(&pack->state, __SWIM_PACK_EMPTY);
	return pack;
}
EXPORT_SYMBOL_GPL(swim_pack_create);

/**
 * swim_pack_destroy - the end of a pack
 * @pack: nobody else uses it any more, nor its objects
 *
 * Context: Any but NMI.
 * Return: 0, and the block is the caller's again; -EBUSY, and one report, when objects are
 * live, and then the pack is what it was; -EINVAL without a pack.
 */
int swim_pack_destroy(struct swim_pack *pack)
{
	struct swim_pack_stats stats;

	if (IS_ERR_OR_NULL(pack))
		return -SWIM_EMISALIGNED;
	swim_pack_stats(pack, &stats);
	if (stats.live) {
		swim_leak_pack(pack, &stats, "destroyed");
		return -SWIM_EALIASED;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(swim_pack_destroy);
