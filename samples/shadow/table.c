// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table: from the address of a kernel object to the lease of its mirror.
 *
 * The address selects a bucket of sixteen slots; there is nothing else to search, and
 * nothing to grow. A slot is a lease, what the record knows of it, and the key word that
 * says whose it is and who may touch it:
 *
 *	                get                  publish
 *	0 (free) ----------------> CLAIMED -----------> object <=========> LENT
 *	   ^                         |  ^                 |  ^    borrow     |
 *	   '-------------------------'  '-----------------'  '---------------'
 *	               put                     find               return
 *
 * CLAIMED belongs to the event that claimed it. The kernel gives an address to one owner
 * at a time, its allocation is told before the owner has it and its free before the
 * kernel has it back: two events never want the same key at once, so nobody waits for a
 * CLAIMED one, and an event may be interrupted at any point by others.
 *
 * LENT belongs to one who verifies. An event that finds its key LENT waits, be it in an
 * interrupt, and not for long: the borrower has interrupts off, so he is on another
 * CPU and running, and he returns it after a step of bounded size.
 *
 * Ordering. Whoever gets a slot out of 0, object or LENT sees all that was written by
 * the one who left it so:
 *
 * (A) get, find and borrow take the key by a compare-and-swap with acquire;
 * (B) publish, put and return leave it by a store with release. Pairs with (A): without
 *     it the next one could find the lease of the one before, or half of one.
 *
 * That the CPU of a free sees the key of the allocation is due to the object's owner: he
 * has handed the address over with at least a release, after (B), as he must for what is
 * in the object. If he has not, the free counts as unknown and later as missed.
 */
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "shadow.h"

#define SLOTS		16	/* in a bucket */
#define FILLED		8	/* of them, on average, in a table that has what it is made for */

#define KEY_CLAIMED	1UL
#define KEY_LENT	2UL

static_assert(ARCH_SLAB_MINALIGN > (KEY_CLAIMED | KEY_LENT));

/* The keys of a bucket fill two cache lines. */
struct bucket {
	unsigned long key[SLOTS];
	struct swim_raw lease[SLOTS];
	u32 record[SLOTS];
} __aligned(64);

static struct bucket *table;
static unsigned int table_bits;

/**
 * shadow_table_create - make room
 * @objects: how many at once, about
 *
 * Return: 0 or -ENOMEM.
 */
int shadow_table_create(unsigned int objects)
{
	table_bits = order_base_2(DIV_ROUND_UP(objects, FILLED));
	table = vzalloc(array_size(sizeof(*table), 1UL << table_bits));
	return table ? 0 : -ENOMEM;
}

void shadow_table_destroy(void)
{
	vfree(table);
	table = NULL;
}

/* How many slots there are. */
unsigned long shadow_table_slots(void)
{
	return SLOTS << table_bits;
}

static struct shadow_slot slot_of(struct bucket *bucket, unsigned int n)
{
	return (struct shadow_slot){ &bucket->key[n], &bucket->lease[n], &bucket->record[n] };
}

/* Any of them. */
struct shadow_slot shadow_table_slot(unsigned long index)
{
	return slot_of(&table[index / SLOTS], index % SLOTS);
}

static struct bucket *bucket_of(const void *object)
{
	return &table[hash_ptr(object, table_bits)];
}

/* (A) */
static bool key_take(unsigned long *key, unsigned long from, unsigned long to)
{
	return try_cmpxchg_acquire(key, &from, to);
}

/**
 * shadow_slot_find - claim the slot of an object
 * @object: the kernel's
 * @slot: its slot, claimed
 *
 * Return: false when it has none.
 */
bool shadow_slot_find(const void *object, struct shadow_slot *slot)
{
	const unsigned long name = (unsigned long)object;
	struct bucket *bucket = bucket_of(object);
	unsigned int n;

	for (n = 0; n < SLOTS; n++) {
		*slot = slot_of(bucket, n);
		while ((READ_ONCE(*slot->key) & ~KEY_LENT) == name) {
			if (key_take(slot->key, name, name | KEY_CLAIMED))
				return true;
			cpu_relax();
		}
	}
	return false;
}

/**
 * shadow_slot_get - claim a free slot for an object
 * @object: the kernel's, without a slot
 * @slot: a slot with an empty lease, claimed
 *
 * Return: false when there is none.
 */
bool shadow_slot_get(const void *object, struct shadow_slot *slot)
{
	const unsigned long name = (unsigned long)object;
	struct bucket *bucket = bucket_of(object);
	unsigned int n;

	for (n = 0; n < SLOTS; n++) {
		*slot = slot_of(bucket, n);
		if (!READ_ONCE(*slot->key) && key_take(slot->key, 0, name | KEY_CLAIMED))
			return true;
	}
	return false;
}

/* Let a claimed slot, its lease filled, be found. */
void shadow_slot_publish(const struct shadow_slot *slot, const void *object)
{
	smp_store_release(slot->key, (unsigned long)object);	/* (B) */
}

/* Free a claimed slot, its lease empty. */
void shadow_slot_put(const struct shadow_slot *slot)
{
	smp_store_release(slot->key, 0);	/* (B) */
}

/**
 * shadow_slot_borrow - have a slot for a moment
 * @slot: any
 *
 * Context: Interrupts off, until shadow_slot_return().
 * Return: the object whose slot it is; NULL when it is free; ERR_PTR(-EBUSY) when
 * somebody has it.
 */
const void *shadow_slot_borrow(const struct shadow_slot *slot)
{
	unsigned long key = READ_ONCE(*slot->key);

	lockdep_assert_irqs_disabled();
	if (!key)
		return NULL;
	if (key & (KEY_CLAIMED | KEY_LENT) || !key_take(slot->key, key, key | KEY_LENT))
		return ERR_PTR(-EBUSY);
	return (const void *)key;
}

/* Give it back. */
void shadow_slot_return(const struct shadow_slot *slot, const void *object)
{
	smp_store_release(slot->key, (unsigned long)object);	/* (B) */
}
