/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tag: the word in front of every object. It is the object's only state, and its lock.
 *
 *	0		unwritten: allocated, but its owner has not said what it is yet
 *	sized		the size, a flag for "leads to its hunk by the page", and one of
 *	   DEAD		  nobody owns it: dropped, moved away, or padding
 *	   HELD		  given out without a lease
 *	   PINNED	  its owner uses it (the lease is the owner's, so need not stand here)
 *	   VISITED	  a mover has it; the size may be unknown, then it is 0
 *	   NOTHING	  the one object of size 0 that all share
 *	OWNED		the address of the lease that owns it; it may move
 *	OWNED_PAGE	the same, for an object that leads to its hunk by the page
 *	DROPPING	being dropped with all that it owns; the lease that owns its parent,
 *			NULL at the root
 *
 *	           alloc                pin                     drop
 *	unwritten -------> OWNED ----------------> PINNED ---------------> DROPPING
 *	    |               |  ^ ^------------------- |                       |
 *	    | alloc   visit |  |         unpin                                |
 *	    v   (mover)     v  | abort                                        |
 *	   HELD           VISITED ------- commit -------> DEAD <--------------'
 *	    |                            (OWNED at the new place)      OWNED to DEAD too, when
 *	    '------ free -------> DEAD                                 there is nothing below
 *
 * The low three bits tell the kind and are plain, so no written tag is 0; the others are
 * mangled with a secret and the object's own address, so that what an overflow or a copy
 * left there makes no sense instead of being followed.
 *
 * A size stands in the tag in every state in which a lease must not be looked at, so a
 * hunk can be walked while leases come and go; an OWNED object is visited first, which
 * keeps its lease's memory (see swim_tag_visit()).
 */
#ifndef SWIMMEM_ALLOC_TAG_H
#define SWIMMEM_ALLOC_TAG_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <swimmem/type.h>

struct swim_raw;

#define SWIM_TAG_SLOT		8	/* bytes in front of an object; the tag is the last word */
#define SWIM_OBJECT_ALIGN	8

enum swim_tag_kind {
	SWIM_TAG_UNWRITTEN	= 0,
	SWIM_TAG_SIZED		= 1,
	SWIM_TAG_DROPPING	= 2,
	SWIM_TAG_OWNED		= 3,
	SWIM_TAG_OWNED_PAGE	= 5,
};

enum swim_tag_state {
	SWIM_TAG_DEAD		= 1 << 3,
	SWIM_TAG_HELD		= 2 << 3,
	SWIM_TAG_PINNED		= 3 << 3,
	SWIM_TAG_VISITED	= 4 << 3,
	SWIM_TAG_NOTHING	= 5 << 3,
};

#define SWIM_TAG_KIND		0x7UL
#define SWIM_TAG_STATE		0x38UL
#define SWIM_TAG_PAGE		0x40UL
#define SWIM_TAG_SIZE_SHIFT	7	/* of the size in units of 8 bytes */
#define SWIM_TAG_SIZED_BITS	27	/* a sized tag has none above: 8 MiB */
#define SWIM_TAG_SIZED_MASK	(SWIM_TAG_KIND | SWIM_TAG_STATE | ~0UL << SWIM_TAG_SIZED_BITS)

static_assert(sizeof(unsigned long) <= SWIM_TAG_SLOT);
static_assert(__SWIM_SIZED(1) == (1UL << SWIM_TAG_SIZE_SHIFT | SWIM_TAG_SIZED));
static_assert(__SWIM_SIZED(SZ_1M) == (SZ_1M / 8UL << SWIM_TAG_SIZE_SHIFT | SWIM_TAG_PAGE |
				      SWIM_TAG_SIZED));

extern unsigned long swim_secret;

static inline unsigned long *swim_tag_of(const void *object)
{
	return (unsigned long *)object - 1;
}

static inline void *swim_tag_object(unsigned long *tag)
{
	return tag + 1;
}

/*
 * Both ways: what stands in memory, and what it means. The secret's low bits are 0. The
 * address goes above the bits of a sized tag, so that one which was copied is none.
 */
static inline unsigned long swim_tag_mangle(const unsigned long *tag, unsigned long value)
{
	return value ^ swim_secret ^ (unsigned long)(tag + 1) << (SWIM_TAG_SIZED_BITS - 3);
}

static inline unsigned long swim_tag_read(const unsigned long *tag)
{
	unsigned long word = READ_ONCE(*tag);

	return word ? swim_tag_mangle(tag, word) : 0;
}

/* @size in bytes, a multiple of 8; @page is SWIM_TAG_PAGE or 0. */
static inline unsigned long swim_tag_sized(enum swim_tag_state state, size_t size,
					   unsigned long page)
{
	return size << (SWIM_TAG_SIZE_SHIFT - 3) | page | state | SWIM_TAG_SIZED;
}

static inline unsigned long swim_tag_owned(const struct swim_raw *lease, unsigned long page)
{
	return (unsigned long)lease | (page ? SWIM_TAG_OWNED_PAGE : SWIM_TAG_OWNED);
}

static inline enum swim_tag_kind swim_tag_kind(unsigned long value)
{
	return value & SWIM_TAG_KIND;
}

static inline struct swim_raw *swim_tag_lease(unsigned long value)
{
	return (struct swim_raw *)(value & ~SWIM_TAG_KIND);
}

static inline size_t swim_tag_size(unsigned long value)
{
	return value >> SWIM_TAG_SIZE_SHIFT << 3;
}

/* A sized tag in this state, whatever its size? */
static inline bool swim_tag_is(unsigned long value, enum swim_tag_state state)
{
	return (value & SWIM_TAG_SIZED_MASK) == (state | SWIM_TAG_SIZED);
}

/* The same, and it leads to its hunk by the hunk's size. */
static inline bool swim_tag_is_small(unsigned long value, enum swim_tag_state state)
{
	return (value & (SWIM_TAG_SIZED_MASK | SWIM_TAG_PAGE)) == (state | SWIM_TAG_SIZED);
}

static inline bool swim_tag_is_owned(unsigned long value)
{
	return swim_tag_kind(value) == SWIM_TAG_OWNED ||
	       swim_tag_kind(value) == SWIM_TAG_OWNED_PAGE;
}

/* Only for a tag that nobody else may change: unwritten, or ours. */
static inline void swim_tag_write(unsigned long *tag, unsigned long value)
{
	/* What was written to the object comes before its new state. */
	smp_store_release(tag, swim_tag_mangle(tag, value));
}

static inline bool swim_tag_try(unsigned long *tag, unsigned long from, unsigned long to)
{
	unsigned long old = swim_tag_mangle(tag, from);

	return try_cmpxchg(tag, &old, swim_tag_mangle(tag, to));
}

#endif
