// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirror: an object in the pool for each object of the kernel's, of the size that was
 * asked for there. Its bytes are a function of the kernel object's address and of their
 * place, and nobody else changes them, so one that was moved wrongly, or to the wrong
 * lease, or written to by others, cannot hide.
 */
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "shadow.h"

#define PATTERN_STEP	0xd6e8feb86659fd93ULL
#define VERIFY_STEP	SZ_4K		/* bytes verified with interrupts off */

static struct swim_space *space;
static struct swim_pool *pool;

/* The eight bytes at offset @at, a multiple of 8, of the mirror of @object. */
static u64 pattern(const void *object, size_t at)
{
	return (u64)(unsigned long)object * GOLDEN_RATIO_64 + at / sizeof(u64) * PATTERN_STEP;
}

static void fill(u64 *to, size_t size, const void *object)
{
	u64 value = pattern(object, 0);

	for (; size >= sizeof(value); size -= sizeof(value), value += PATTERN_STEP)
		*to++ = value;
	memcpy(to, &value, size);
}

/* Are the @size bytes at offset @at what fill() has written? */
static bool holds(const void *bytes, size_t at, size_t size, const void *object)
{
	u64 value = pattern(object, at), differ = 0;
	const u64 *word = bytes + at;

	for (; size >= sizeof(value); size -= sizeof(value), value += PATTERN_STEP)
		differ |= *word++ ^ value;
	return !differ && !memcmp(word, &value, size);
}

/* Pin a mirror and look at some of its bytes. */
static bool verify(struct swim_raw *lease, size_t at, size_t size, const void *object)
{
	void *bytes = swim_raw_pin(lease);
	bool right;

	if (IS_ERR(bytes)) {
		shadow_add(SHADOW_LEASE_ERRORS, 1);
		return false;
	}
	right = holds(bytes, at, size, object);
	swim_raw_unpin(lease);
	if (!right)
		shadow_add(SHADOW_PATTERN_ERRORS, 1);
	return right;
}

/* Verify and drop what is in a claimed slot; false when it cannot be dropped, and stays. */
static bool drop(const struct shadow_slot *slot, const void *object)
{
	size_t size = swim_raw_size(slot->lease);

	verify(slot->lease, 0, size, object);
	if (swim_raw_drop(slot->lease)) {
		shadow_add(SHADOW_LEASE_ERRORS, 1);
		return false;
	}
	shadow_record_free(*slot->record);
	shadow_add(SHADOW_DROPPED, 1);
	shadow_add(SHADOW_BYTES, -(long)size);
	return true;
}

/**
 * shadow_mirror_alloc - the kernel has allocated
 * @object: what
 * @size: bytes that were asked for
 *
 * Context: Any but NMI, preemption off.
 */
void shadow_mirror_alloc(const void *object, size_t size)
{
	struct shadow_slot slot;
	void *bytes;
	int err;

	/* A mirror from before: the free was not told, as those of many at once are not. */
	if (shadow_slot_find(object, &slot)) {
		shadow_add(SHADOW_PASSED_MISSED_FREE, 1);
		if (!drop(&slot, object))
			return;
	} else if (!shadow_slot_get(object, &slot)) {
		shadow_add(SHADOW_PASSED_TABLE, 1);
		return;
	}
	err = swim_raw_new(slot.lease, swim_pool_hold(pool), size, __GFP_NOWARN);
	if (err) {
		shadow_add(err == -SWIM_EOVERSIZED ? SHADOW_PASSED_SIZE : SHADOW_PASSED_NOMEM, 1);
		shadow_slot_put(&slot);
		return;
	}
	bytes = swim_raw_pin(slot.lease);
	if (IS_ERR(bytes)) {
		shadow_add(SHADOW_LEASE_ERRORS, 1);
	} else {
		fill(bytes, size, object);
		swim_raw_unpin(slot.lease);
	}
	*slot.record = shadow_record_alloc(size);
	shadow_add(SHADOW_MIRRORED, 1);
	shadow_add(SHADOW_BYTES, size);
	shadow_slot_publish(&slot, object);
}

/**
 * shadow_mirror_free - the kernel frees
 * @object: what
 *
 * Context: Any but NMI, preemption off.
 */
void shadow_mirror_free(const void *object)
{
	struct shadow_slot slot;

	if (!shadow_slot_find(object, &slot))
		shadow_add(SHADOW_PASSED_UNKNOWN_FREE, 1);
	else if (drop(&slot, object))
		shadow_slot_put(&slot);
}

/* Verify one step of a slot's mirror from @at on; where the next one begins, or 0. */
static size_t verify_step(const struct shadow_slot *slot, size_t at,
			  struct shadow_verified *verified)
{
	const void *object;
	size_t size, step;
	unsigned long flags;
	bool more = false;

	local_irq_save(flags);
	object = shadow_slot_borrow(slot);
	if (IS_ERR(object)) {
		verified->busy++;
	} else if (object) {
		/* Between two steps it may have become another's, and smaller. */
		size = swim_raw_size(slot->lease);
		step = min_t(size_t, size - min(at, size), VERIFY_STEP);
		if (!verify(slot->lease, at, step, object))
			verified->errors++;
		else
			more = at + step < size;
		verified->objects += !at;
		verified->bytes += step;
		at += step;
		shadow_slot_return(slot, object);
	}
	local_irq_restore(flags);
	return more ? at : 0;
}

/**
 * shadow_mirror_verify - look at all mirrors while everything goes on
 * @verified: what was found
 *
 * Context: Process, may sleep. Interrupts are off for a pin and 4 KiB at a time.
 */
void shadow_mirror_verify(struct shadow_verified *verified)
{
	unsigned long index;

	*verified = (struct shadow_verified){};
	for (index = 0; index < shadow_table_slots(); index++) {
		struct shadow_slot slot = shadow_table_slot(index);
		size_t at = 0;

		do {
			at = verify_step(&slot, at, verified);
			cond_resched();
		} while (at);
	}
}

void shadow_mirror_stats(struct swim_pool_stats *stats)
{
	swim_pool_stats(pool, stats);
}

/* Make the pool that mirrors live in. */
int shadow_mirror_create(void)
{
	space = swim_space_create("shadow", 0);
	if (IS_ERR(space))
		return PTR_ERR(space);
	pool = swim_pool_create("shadow", swim_space_heap(space), 0);
	if (IS_ERR(pool)) {
		swim_space_destroy(space);
		return PTR_ERR(pool);
	}
	return 0;
}

/**
 * shadow_mirror_destroy - drop all mirrors, each verified, and the pool
 *
 * Context: Process, may sleep; no event comes any more.
 * Return: 0, or an errno when mirrors are left, and the pool with them.
 */
int shadow_mirror_destroy(void)
{
	unsigned long index;
	int err;

	for (index = 0; index < shadow_table_slots(); index++) {
		struct shadow_slot slot = shadow_table_slot(index);
		const void *object = (const void *)READ_ONCE(*slot.key);

		if (object && shadow_slot_find(object, &slot) && drop(&slot, object))
			shadow_slot_put(&slot);
		cond_resched();
	}
	err = swim_pool_destroy(pool);
	if (!err)
		err = swim_space_destroy(space);
	if (err)
		pr_err("shadow: mirrors are left that cannot be dropped (%d)\n", err);
	return err;
}
