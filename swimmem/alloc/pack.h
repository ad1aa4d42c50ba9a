/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_ALLOC_PACK_H
#define SWIMMEM_ALLOC_PACK_H

#include <linux/mm.h>
#include <swimmem/pack.h>

#include "../observe/events.h"
#include "hold.h"

/*
 * A pack's state, in units of 8 bytes and in objects. What is dead below the mark is counted with
 * its tags, and so is what else stands there that is neither an object nor its one tag.
 *
 *	 63   62..42	41..22	  21	20..0
 *	|   |  dead   |  live  | holes | mark	|
 *
 * The mark is counted from the pack's own begin; holes tells that dead is not 0.
 */
#define SWIM_PACK_MARK_BITS	21
#define SWIM_PACK_MARK		(BIT(SWIM_PACK_MARK_BITS) - 1)
#define SWIM_PACK_HOLES		BIT(SWIM_PACK_MARK_BITS)
#define SWIM_PACK_LIVE_SHIFT	(SWIM_PACK_MARK_BITS + 1)
#define SWIM_PACK_LIVE_BITS	20
#define SWIM_PACK_LIVE_ONE	BIT(SWIM_PACK_LIVE_SHIFT)
#define SWIM_PACK_DEAD_SHIFT	(SWIM_PACK_LIVE_SHIFT + SWIM_PACK_LIVE_BITS)

#define SWIM_PACK_UNIT		SWIM_OBJECT_ALIGN

/* In a tag, above its size: units from the pack to the tag. */
#define SWIM_PACK_FAR_SHIFT	SWIM_TAG_SIZED_BITS

/* What a PACKED tag has that a HELD one in a hunk has not. */
#define SWIM_PACK_NOT_HELD	(SWIM_TAG_APART | (SWIM_TAG_PACKED ^ SWIM_TAG_HELD))

int swim_pack_free(void *object, unsigned long word, unsigned long value);
int swim_pack_free_nothing(void *object);
void swim_pack_put(struct swim_pack *pack, void *object, size_t units);
void swim_pack_release(struct swim_pack *pack, void *object, size_t size);
int swim_pack_resize(struct swim_pack *pack, void *object, unsigned long value, size_t size);
size_t swim_pack_used(struct swim_pack *pack);
struct swim_pack *swim_pack_of(const void *object, unsigned long value);

/* Is there a pack? Of an address out of a tag, which may have been overwritten with anything. */
static __always_inline bool swim_pack_is(const struct swim_pack *pack)
{
	if (IS_ENABLED(CONFIG_KASAN))
		return READ_ONCE_NOCHECK(pack->hold.ops) == &swim_pack_hold_ops;
	return pack->hold.ops == &swim_pack_hold_ops;
}

#if BITS_PER_LONG == 64

#define SWIM_PACK_UNITS_BITS	(SWIM_PACK_FAR_SHIFT - SWIM_TAG_SIZE_SHIFT)

/*
 * What a PACKED tag tells, out of what swim_tag_held_size() has made of it: all that a HELD tag
 * has is taken off. The rest of what it has to say is taken off too, all is inverted, and rotated
 * so far that the size is lowest. Then it is a negative number: -1 - mark in the high bits, the
 * highest of which are ones, and -1 - units in the low.
 */
static __always_inline long swim_packed_rest(unsigned long rotated)
{
	const unsigned long rest = rotated ^ ~(SWIM_PACK_NOT_HELD >> (SWIM_TAG_SIZE_SHIFT - 3));

	return rest >> 3 | rest << (BITS_PER_LONG - 3);
}

/* Its pack, in the usual case: the tag makes sense, and nobody watches. */
static __always_inline bool swim_packed_pack(void *object, long rest, struct swim_pack **pack)
{
	const unsigned long far = rest >> SWIM_PACK_UNITS_BITS;

	*pack = object + far * SWIM_PACK_UNIT;
	return far >= ~0UL << SWIM_PACK_MARK_BITS && swim_pack_is(*pack) &&
	       !want_init_on_free() && !swim_is_traced(swim_free);
}

/* The same as swim_pack_put(), in the usual case in one breath. */
static __always_inline void swim_packed_put(struct swim_pack *pack, void *object, long rest)
{
	const long far = rest >> SWIM_PACK_UNITS_BITS, units = rest | ~0UL << SWIM_PACK_UNITS_BITS;
	s64 old = atomic64_read(&pack->state);
	/* Less all up to its end: if it is the newest, and nothing is dead, the low bits are 0. */
	unsigned long state = old + far + units + 1;

	swim_window();
	if (unlikely(state & (SWIM_PACK_MARK | SWIM_PACK_HOLES) ||
		     !atomic64_try_cmpxchg(&pack->state, &old,
					   state - far - 1 - SWIM_PACK_LIVE_ONE)))
		swim_pack_put(pack, object, ~units);
	else
		swim_step(PACK_REWIND_NOW);
}

#else

static inline long swim_packed_rest(unsigned long rotated)
{
	return 0;
}

static inline bool swim_packed_pack(void *object, long rest, struct swim_pack **pack)
{
	return false;
}

static inline void swim_packed_put(struct swim_pack *pack, void *object, long rest) { }

#endif

#endif
