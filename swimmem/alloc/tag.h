/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tag: the word in front of every object. It is the object's only state, and its lock.
 *
 *	0		unwritten: allocated, but its owner has not said what it is yet; or in a
 *			hunk of 64 KiB, its last owner lets it go
 *	sized		the size, and one of
 *	   GOING	  its last owner lets it go, and its size is needed yet
 *	   DEAD		  nobody owns it: dropped, moved away, or padding
 *	   HELD		  given out without a lease
 *	   PACKED	  the same, in a pack; how far the pack's begin is stands here too
 *	   TAKEN	  its owner is just making it another one, and has it to himself
 *	   VISITED	  a mover has it; the size is not told, and 0 here
 *	   NOTHING	  the one object of size 0 that all share
 *	   LINK		  no object: leads from one in a pack, which a lease owns, to the pack
 *	OWNED		the address of the Raw lease that owns it; it may move
 *	INNER		the same, of a Ptr lease
 *	PINNED		either of these with its highest bit inverted: the owner uses it (pin.h)
 *	COUNTED		the address of the cell that its leases share; who may do what the
 *			cell's status says
 *	DROPPING	being dropped with all that it owns; the lease that owns its parent,
 *			NULL at the root
 *
 *	             alloc            pin
 *	unwritten --------> OWNED <---------> PINNED <---> TAKEN
 *	    |               ^  | |   unpin       (a buf that grows)
 *	    |         abort |  | |         drop
 *	    | alloc         |  | '----------------> DROPPING, when it owns others
 *	    v         visit |  '-----------------------.   |
 *	   HELD     (mover) v          drop            v   v
 *	    |            VISITED                       GOING ---> DEAD, or unwritten when
 *	    |               '-- commit --> DEAD           ^       the mark goes back over it
 *	    '-------------------- free -------------------'  (OWNED at the new place)
 *
 * Most objects stand in hunks of 64 KiB, and lead to the hunk's header by a mask. The others
 * stand apart: in hunks of a page, in extents of their own, in packs (pool.h). Sized tags
 * have a flag for these; of the others the metadata has it.
 *
 * The low three bits tell the kind and are plain, so no written tag is 0; the others are
 * mangled with a secret, so that what an overflow left there makes no sense instead of being
 * followed. So is what was copied from a neighbour: a lease says whether it owns the object,
 * and into other tags the object's own address is mixed.
 *
 * A size stands in the tag in every state in which a lease must not be looked at, so a
 * hunk can be walked while leases come and go. An OWNED object is visited first, which
 * keeps its lease's memory; of a PINNED one the lease is looked at, and then whether the tag
 * is still the same.
 */
#ifndef SWIMMEM_ALLOC_TAG_H
#define SWIMMEM_ALLOC_TAG_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <swimmem/pin.h>
#include <swimmem/type.h>

#include "../compat.h"
#include "../observe/step.h"

#define SWIM_TAG_SLOT		8	/* bytes in front of an object; the tag is the last word */
#define SWIM_OBJECT_ALIGN	8

enum swim_tag_kind {
	SWIM_TAG_UNWRITTEN	= 0,
	SWIM_TAG_SIZED		= 1,
	SWIM_TAG_OWNED		= 3,
	SWIM_TAG_INNER		= 5,
	SWIM_TAG_COUNTED	= 7,
	/* DROPPING: one less than the kind of the lease that owns the parent. */
	SWIM_TAG_DROPPING	= 2,
	SWIM_TAG_DROPPING_INNER	= 4,
	SWIM_TAG_DROPPING_COUNTED = 6,
};

enum swim_tag_state {
	SWIM_TAG_GOING		= 0 << 3,
	SWIM_TAG_DEAD		= 1 << 3,
	SWIM_TAG_HELD		= 2 << 3,
	SWIM_TAG_TAKEN		= 3 << 3,
	SWIM_TAG_VISITED	= 4 << 3,
	SWIM_TAG_NOTHING	= 5 << 3,
	SWIM_TAG_PACKED		= 6 << 3,
	SWIM_TAG_LINK		= 7 << 3,
};

#define SWIM_TAG_KIND		0x7UL
#define SWIM_TAG_STATE		0x38UL
#define SWIM_TAG_APART		0x40UL
#define SWIM_TAG_SIZE_SHIFT	7	/* of the size in units of 8 bytes */
#define SWIM_TAG_LINKED		BIT(27)	/* stands apart, and has a LINK in front */
#define SWIM_TAG_PADDING	SWIM_TAG_LINKED	/* DEAD in a debug pool: no track behind it */
#define SWIM_TAG_SIZED_BITS	28	/* a sized tag has none above: sizes below 8 MiB */
#define SWIM_TAG_SIZED_MASK	(SWIM_TAG_KIND | SWIM_TAG_STATE | ~0UL << SWIM_TAG_SIZED_BITS)
/* Where an object leads, as far as the tag tells. */
#define SWIM_TAG_WHERE		(SWIM_TAG_APART | SWIM_TAG_LINKED)
/* The address is mixed in where no tag has anything but 0, not even PACKED. */
#define SWIM_TAG_MIX_SHIFT	(BITS_PER_LONG == 64 ? 46 : SWIM_TAG_SIZED_BITS - 3)
static_assert(sizeof(unsigned long) <= SWIM_TAG_SLOT);
static_assert(SWIM_TAG_OWNED == SWIM_TAG_OF_RAW && SWIM_TAG_INNER == SWIM_TAG_OF_PTR);
static_assert(__SWIM_SIZED(1) == (1UL << SWIM_TAG_SIZE_SHIFT | SWIM_TAG_SIZED));
static_assert(__SWIM_SIZED(SZ_1M) == (SZ_1M / 8UL << SWIM_TAG_SIZE_SHIFT | SWIM_TAG_SIZED));

/* Mangled tag of a HELD object in a hunk of 64 KiB, but for its size and address. */
extern unsigned long swim_held;

static inline unsigned long *swim_tag_of(const void *object)
{
	return (unsigned long *)object - 1;
}

static inline void *swim_tag_object(unsigned long *tag)
{
	return tag + 1;
}

static inline enum swim_tag_kind swim_tag_kind(unsigned long value)
{
	return value & SWIM_TAG_KIND;
}

/* By one lease or by several, pinned or not. */
static inline bool swim_tag_is_owned(unsigned long value)
{
	return value & 1 && swim_tag_kind(value) != SWIM_TAG_SIZED;
}

/* Both ways: what stands in memory, and what it means, if it is sized. */
static inline unsigned long swim_tag_mangle_sized(const unsigned long *tag, unsigned long value)
{
	return value ^ swim_secret ^ (unsigned long)(tag + 1) << SWIM_TAG_MIX_SHIFT;
}

/* The same for any. The secret's low bits are 0. */
static inline unsigned long swim_tag_mangle(const unsigned long *tag, unsigned long value)
{
	return swim_tag_is_owned(value) ? value ^ swim_secret : swim_tag_mangle_sized(tag, value);
}

static inline unsigned long swim_tag_read(const unsigned long *tag)
{
	/* Beyond the mark KASAN takes it for nobody's; but it is ours. */
	unsigned long word = READ_ONCE_NOCHECK(*tag);

	return word ? swim_tag_mangle(tag, word) : 0;
}

/* @size in bytes, a multiple of 8; @apart of SWIM_TAG_WHERE. */
static inline unsigned long swim_tag_sized(enum swim_tag_state state, size_t size,
					   unsigned long apart)
{
	return size << (SWIM_TAG_SIZE_SHIFT - 3) | apart | state | SWIM_TAG_SIZED;
}

/* @slot: the lease; @kind: OWNED or INNER. Or a cell, and COUNTED. */
static inline unsigned long swim_tag_owned(const void *slot, enum swim_tag_kind kind)
{
	return (unsigned long)slot | kind;
}

/* @slot: the lease that owns the parent; @kind: what kind of tag it makes; NULL at the root. */
static inline unsigned long swim_tag_dropping(const void *slot, enum swim_tag_kind kind)
{
	return (unsigned long)slot | (kind - 1);
}

/* The lease, or the cell, of a tag that is not sized, nor pinned. */
static inline void *swim_tag_slot(unsigned long value)
{
	return (void *)(value & ~SWIM_TAG_KIND);
}

/* Only for one that is owned. */
static inline bool swim_tag_is_pinned(unsigned long value)
{
	return (value ^ (unsigned long)&swim_secret) & SWIM_TAG_PIN;
}

/* Of one that is owned, pinned or not. */
static inline void *swim_tag_lease(unsigned long value)
{
	return swim_tag_slot(swim_tag_is_pinned(value) ? value ^ SWIM_TAG_PIN : value);
}

static inline size_t swim_tag_size(unsigned long value)
{
	return (value & ~SWIM_TAG_LINKED) >> SWIM_TAG_SIZE_SHIFT << 3;
}

/*
 * The size in @word, as it stands in memory, if that is a HELD tag in a hunk of 64 KiB. If it is
 * not, the result has bits of SWIM_TAG_NO_SIZE: all else that is in a tag is rotated to there.
 */
static __always_inline size_t swim_tag_held_size(const unsigned long *tag, unsigned long word)
{
	const unsigned int shift = SWIM_TAG_SIZE_SHIFT - 3;
	const unsigned long value = word ^ swim_held ^
				    (unsigned long)(tag + 1) << SWIM_TAG_MIX_SHIFT;

	return value >> shift | value << (BITS_PER_LONG - shift);
}

/* Nothing in such a hunk has a quarter of it and more than that: see hunk.h. */
#define SWIM_TAG_NO_SIZE	(~(SZ_32K - 1UL) | 7)

/* A sized tag in this state, whatever its size? */
static inline bool swim_tag_is(unsigned long value, enum swim_tag_state state)
{
	return (value & SWIM_TAG_SIZED_MASK) == (state | SWIM_TAG_SIZED);
}

/*
 * VISITED or NOTHING, which have no size: nothing else is in it, so that in 32 bits either nobody
 * waits for a mover where there is only what an overflow has left.
 */
static inline bool swim_tag_is_bare(unsigned long value, enum swim_tag_state state)
{
	return (value & ~SWIM_TAG_APART) == (state | SWIM_TAG_SIZED);
}

/* PACKED or LINK: has more in it than other sized tags. */
static inline bool swim_tag_is_packed(unsigned long value, enum swim_tag_state state)
{
	return (value & (SWIM_TAG_KIND | SWIM_TAG_STATE | SWIM_TAG_APART)) ==
	       (SWIM_TAG_SIZED | SWIM_TAG_APART | state);
}

static inline bool swim_tag_is_dropping(unsigned long value)
{
	return !(value & 1) && swim_tag_kind(value) != SWIM_TAG_UNWRITTEN;
}

/* A sized tag in a hunk that tells how long its object is? */
static inline bool swim_tag_is_walkable(unsigned long value)
{
	switch (value & SWIM_TAG_SIZED_MASK) {
	case SWIM_TAG_SIZED | SWIM_TAG_GOING:
	case SWIM_TAG_SIZED | SWIM_TAG_DEAD:
	case SWIM_TAG_SIZED | SWIM_TAG_HELD:
	case SWIM_TAG_SIZED | SWIM_TAG_TAKEN:
		return true;
	default:
		return false;
	}
}

/* Only for a tag that nobody else may change: unwritten, or ours. */
static inline void swim_tag_write(unsigned long *tag, unsigned long value)
{
	const unsigned long word = swim_tag_mangle(tag, value);

	/* What was written to the object comes before its new state. */
	smp_store_release(tag, word);
}

/* The same for one that is sized, some instructions shorter. */
static inline void swim_tag_write_sized(unsigned long *tag, unsigned long value)
{
	const unsigned long word = swim_tag_mangle_sized(tag, value);

	/* As above. */
	smp_store_release(tag, word);
}

/* The same for one of @size bytes; @rest: what else is in it, mangled but for the address. */
static inline void swim_tag_write_size(unsigned long *tag, size_t size, unsigned long rest)
{
	const unsigned long word = size << (SWIM_TAG_SIZE_SHIFT - 3) ^ rest ^
				   (unsigned long)(tag + 1) << SWIM_TAG_MIX_SHIFT;

	/* As above. */
	smp_store_release(tag, word);
}

static inline bool swim_tag_try(unsigned long *tag, unsigned long from, unsigned long to)
{
	unsigned long old = swim_tag_mangle(tag, from);

	return try_cmpxchg(tag, &old, swim_tag_mangle(tag, to));
}

#endif
