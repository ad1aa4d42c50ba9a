// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pack: bump allocation in one block.
 *
 *	pack      memory                         mark            memory + size
 *	| header | tag object | tag object | ... | not used ... |
 *
 * One word is the whole state: where the mark is, how many bytes objects use, how many
 * objects there are. Each allocation and each free changes it with one compare-and-swap.
 * That it may be the same again in between is no matter: what is beyond the mark is free,
 * whatever has been there.
 *
 *	alloc	mark + tag + size,  used + size,  live + 1
 *	free			    used - size,  live - 1,  and mark back to the object's
 *		tag when it was the newest; all of it 0 when it was the last
 *
 * An object without a lease has in its tag how far the pack is. In front of one that a lease
 * owns, whose tag has no room for that, stands a LINK which says it.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <swimmem/pack.h>

#include "../compact/evacuate.h"
#include "../observe/leak.h"
#include "../observe/trace.h"
#include "hold.h"

/* The state, in units of 8 bytes and in objects. */
#define MARK_BITS	21
#define USED_SHIFT	MARK_BITS
#define LIVE_SHIFT	(2 * MARK_BITS)
#define MARK_MASK	(BIT_ULL(MARK_BITS) - 1)
#define UNIT		SWIM_OBJECT_ALIGN
#define UNIT_SHIFT	3

/* What an object adds to the state: for each of its units, and for itself with its tag. */
#define STATE_UNIT	(1 + BIT_ULL(USED_SHIFT))
#define STATE_OBJECT	(1 + BIT_ULL(LIVE_SHIFT))

/* In a tag, above its size: units from the pack to the object. */
#define FAR_SHIFT	SWIM_TAG_SIZED_BITS
#define FAR_BITS	MARK_BITS

static_assert(SWIM_TAG_SLOT == 1 << UNIT_SHIFT);
static_assert(SWIM_OBJECT_ALIGN == 1 << UNIT_SHIFT);
static_assert(SWIM_PACK_MAX / UNIT <= MARK_MASK);
static_assert(SWIM_PACK_MAX / UNIT < BIT(SWIM_TAG_SIZED_BITS - 1 - SWIM_TAG_SIZE_SHIFT));
/* The smallest object is a tag and 8 bytes. */
static_assert(SWIM_PACK_MAX / (2 * UNIT) < BIT_ULL(64 - LIVE_SHIFT));
static_assert((SWIM_PACK_MAX + sizeof(struct swim_pack)) / UNIT < BIT(FAR_BITS));
static_assert(offsetof(struct swim_pack, memory) % UNIT == 0);

static unsigned int state_mark(u64 state)
{
	return state & MARK_MASK;
}

static unsigned int state_used(u64 state)
{
	return state >> USED_SHIFT & MARK_MASK;
}

static unsigned int state_live(u64 state)
{
	return state >> LIVE_SHIFT;
}

/* Units from where the memory begins. */
static unsigned long unit_of(const struct swim_pack *pack, const void *at)
{
	return (size_t)((const char *)at - pack->memory) >> UNIT_SHIFT;
}

/* The size in a PACKED tag. */
static size_t packed_size(unsigned long value)
{
	return swim_tag_size(value & ~(~0UL << FAR_SHIFT));
}

#if BITS_PER_LONG == 64

/* What a PACKED tag has that other sized tags have not. */
static unsigned long packed_far(unsigned long value)
{
	return value >> FAR_SHIFT << FAR_SHIFT;
}

/* The sized tag @value with how far the pack is. */
static unsigned long packed_value(const struct swim_pack *pack, const void *object,
				  unsigned long value)
{
	return (unsigned long)(object - (void *)pack) << (FAR_SHIFT - UNIT_SHIFT) | value;
}

/* The pack that a PACKED tag, or a LINK, leads to, if it is a pack. */
static struct swim_pack *pack_from(const void *object, unsigned long value)
{
	const unsigned long far = value >> FAR_SHIFT;
	const struct swim_pack *pack = object - (far << UNIT_SHIFT);

	/* A tag that was overwritten comes this far one time in four million. */
	if (unlikely(far - 1 >= BIT(FAR_BITS) - 1 ||
		     READ_ONCE_NOCHECK(pack->hold.ops) != &swim_pack_hold_ops))
		return NULL;
	return (struct swim_pack *)pack;
}

#else

/* The slot has another word, in front of the tag: the pack itself. */
static unsigned long packed_far(unsigned long value)
{
	return 0;
}

static unsigned long packed_value(const struct swim_pack *pack, const void *object,
				  unsigned long value)
{
	swim_tag_of(object)[-1] = (unsigned long)pack ^ swim_secret;
	return value;
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
			     packed_value(pack, object,
					  swim_tag_sized(state, size, SWIM_TAG_APART)));
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

	if (swim_tag_is(value, SWIM_TAG_NOTHING))
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
	u64 new, old = atomic64_read(&pack->state);
	unsigned long at, object;

	do {
		at = (unsigned long)pack->memory + state_mark(old) * UNIT;
		object = ALIGN(at + front, align);
		if (object + units * UNIT > (unsigned long)pack->memory + pack->size)
			return NULL;
		new = old + (object - at) / UNIT + units;
		new += (u64)units << USED_SHIFT | BIT_ULL(LIVE_SHIFT);
		/* Acquire: pairs with the release of what was here before. */
	} while (!atomic64_try_cmpxchg(&pack->state, &old, new));
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

	if (first > pack->size || size > pack->size - first)
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

/* What is larger than short, of size 0, aligned to more than 8, or does not fit. */
static noinline void *alloc_slow(struct swim_pack *pack, size_t size, size_t align)
{
	void *object;

	if (IS_ERR_OR_NULL(pack))
		return ERR_PTR(-SWIM_EMISALIGNED);
	if (!size)
		return alloc_nothing(pack);
	if (size > pack->size)
		return failed(pack, size, SWIM_TAG_SLOT, align);
	object = bump(pack, size, SWIM_TAG_SLOT, align);
	if (!object)
		return failed(pack, size, SWIM_TAG_SLOT, align);
	write_far(pack, object, SWIM_TAG_PACKED, round_up(size, UNIT));
	trace_swim_alloc("pack", object, size, 0);
	return object;
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
	const u64 units = (size + UNIT - 1) >> UNIT_SHIFT;
	unsigned long mark;
	void *object;
	u64 old;

	if (unlikely(swim_is_traced(swim_alloc) || !pack || size - 1 >= SZ_512))
		return alloc_slow(pack, size, UNIT);
	old = atomic64_read(&pack->state);
	do {
		mark = state_mark(old);
		if (unlikely((mark + units) << UNIT_SHIFT >= pack->size))
			return alloc_slow(pack, size, UNIT);
		/* Acquire: pairs with the release of what was here before. */
	} while (unlikely(!atomic64_try_cmpxchg(&pack->state, &old,
						old + units * STATE_UNIT + STATE_OBJECT)));
	object = pack->memory + (mark << UNIT_SHIFT) + SWIM_TAG_SLOT;
	swim_zero(object, units << UNIT_SHIFT);
	write_far(pack, object, SWIM_TAG_PACKED, units << UNIT_SHIFT);
	return object;
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

	if (size > pack->size)
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
 * Take an object off the state: from the unit @begin, its first tag, to @end, @units of them
 * its own.
 */
static __always_inline void put(struct swim_pack *pack, unsigned long begin, unsigned long end,
				u64 units)
{
	u64 new, old = atomic64_read(&pack->state);

	do {
		new = old - (units << USED_SHIFT) - BIT_ULL(LIVE_SHIFT);
		if (unlikely(!(new >> LIVE_SHIFT)))
			new = 0;
		else if (state_mark(new) == end)
			new -= end - begin;
	} while (unlikely(!atomic64_try_cmpxchg(&pack->state, &old, new)));
}

/**
 * swim_pack_release - the end of an object in a pack that a lease owned
 * @pack: where it is
 * @object: its tag is GOING, or still one that only the caller may change
 * @size: bytes, a multiple of 8
 */
void swim_pack_release(struct swim_pack *pack, void *object, size_t size)
{
	unsigned long begin = unit_of(pack, object - 2 * SWIM_TAG_SLOT);

	trace_swim_free("pack", object, size);
	if (want_init_on_free())
		memset(object, 0, size);
	swim_tag_write(swim_tag_of(object), swim_tag_sized(SWIM_TAG_DEAD, size, SWIM_TAG_WHERE));
	put(pack, begin, unit_of(pack, object + size), size >> UNIT_SHIFT);
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

static __always_inline int put_packed(struct swim_pack *pack, const void *object, u64 units)
{
	unsigned long end = unit_of(pack, object) + units;

	put(pack, end - units - 1, end, units);
	return 0;
}

static noinline int put_slow(struct swim_pack *pack, void *object, u64 units)
{
	trace_swim_free("pack", object, units << UNIT_SHIFT);
	if (want_init_on_free())
		memset(object, 0, units << UNIT_SHIFT);
	return put_packed(pack, object, units);
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
	const u64 units = packed_size(value) >> UNIT_SHIFT;

	/* One of two that free it at once gets the tag. How far the pack is nobody asks again. */
	if (unlikely(!pack || !try_cmpxchg(swim_tag_of(object), &word,
					   word ^ packed_far(value) ^ SWIM_TAG_PACKED ^
					   SWIM_TAG_DEAD)))
		return swim_refuse("free", object);
	if (want_init_on_free() || swim_is_traced(swim_free))
		return put_slow(pack, object, units);
	return put_packed(pack, object, units);
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
	const unsigned int end = unit_of(pack, object + before);
	u64 new, old = atomic64_read(&pack->state);
	long delta;

	if (size > pack->size)
		return -SWIM_EOVERSIZED;
	size = round_up(size, UNIT);
	delta = ((long)size - (long)before) / UNIT;
	do {
		bool newest = state_mark(old) == end;

		if (delta > 0 && (!newest || end + delta > pack->size / UNIT))
			return -SWIM_EOVERSIZED;
		new = old + ((u64)delta << USED_SHIFT) + (newest ? delta : 0);
		/* The rest of one that is not the newest is dead on its own. */
		if (delta < 0 && !newest)
			swim_tag_write(swim_tag_of(object + size + SWIM_TAG_SLOT),
				       swim_tag_sized(SWIM_TAG_DEAD,
						      before - size - SWIM_TAG_SLOT,
						      SWIM_TAG_APART));
	} while (!atomic64_try_cmpxchg(&pack->state, &old, new));
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
	u64 state = atomic64_read(&pack->state);

	*stats = (struct swim_pack_stats){
		.size = pack->size,
		.free = pack->size - state_mark(state) * UNIT,
		.used = state_used(state) * UNIT,
		.live = state_live(state) + atomic_long_read(&pack->nothings),
	};
}
EXPORT_SYMBOL_GPL(swim_pack_stats);

/**
 * swim_pack_used - bytes of a pack in which objects are, or have been
 * @pack: any
 */
size_t swim_pack_used(struct swim_pack *pack)
{
	return state_mark(atomic64_read(&pack->state)) * UNIT;
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

	return !state_live(atomic64_read(&pack->state)) && !atomic_long_read(&pack->nothings);
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
 * The pack begins with a header of 40 bytes (64-bit) in the block.
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
	pack->size = min_t(size_t, SWIM_PACK_MAX,
			   round_down(block->size - skip - sizeof(*pack), UNIT));
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
