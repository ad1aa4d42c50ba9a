// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record: each event that is mirrored, in the order in which all CPUs have seen them, so that
 * the life of a system's heap can be replayed elsewhere.
 *
 * A record is a word of 32 bits, in the byte order of the machine:
 *
 *	1 size		an object was allocated, of so many bytes: the upper bit, and the others
 *	0 distance	the object was freed whose allocation is so many records before this one
 *
 * There is no address in it: an object is known by the place of its allocation's record,
 * which its slot in the table keeps, and which belongs to whoever has claimed the slot.
 *
 * Order. An allocation takes its place before its slot can be found, a free after it has
 * claimed the slot: no free comes before its allocation. (A) and (B) in table.c see to that.
 *
 * All memory is there from the beginning. When it is full nothing more is recorded, and what
 * had no room is counted; when somebody opens the file, that was all, too. Then each place
 * that was taken has its record once no event is under way any more.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/vmalloc.h>

#include "shadow.h"

#define ALLOCATED	BIT(31)

static u32 *records;
static u32 room;
static atomic_t taken;	/* places; somewhat more than there is room for, when it is full */
static bool recording;

/**
 * shadow_record_create - begin to record
 * @events: how many at the most
 *
 * Return: 0 or -ENOMEM.
 */
int shadow_record_create(u32 events)
{
	records = vzalloc(array_size(events, sizeof(*records)));
	if (!records)
		return -ENOMEM;
	room = events;
	recording = true;
	return 0;
}

/* No event comes any more. What is dropped from now on is not recorded. */
void shadow_record_destroy(void)
{
	recording = false;
	vfree(records);
	records = NULL;
}

/* Take the next place, or SHADOW_NO_RECORD. */
static u32 take(void)
{
	u32 place;

	if (!READ_ONCE(recording))
		return SHADOW_NO_RECORD;
	/* What is full is not counted on: it would begin anew. */
	if (atomic_read(&taken) < room) {
		place = atomic_fetch_inc(&taken);
		if (place < room)
			return place;
	}
	shadow_add(SHADOW_RECORD_LOST, 1);
	return SHADOW_NO_RECORD;
}

/**
 * shadow_record_alloc - a mirror was made
 * @size: bytes that were asked for
 *
 * Context: Any but NMI, preemption off, the mirror's slot claimed.
 * Return: what to give to shadow_record_free().
 */
u32 shadow_record_alloc(size_t size)
{
	u32 place = take();

	if (place != SHADOW_NO_RECORD)
		WRITE_ONCE(records[place], ALLOCATED | size);
	return place;
}

/**
 * shadow_record_free - a mirror was dropped
 * @allocation: what shadow_record_alloc() has returned
 *
 * Context: Any but NMI, preemption off, the mirror's slot claimed.
 */
void shadow_record_free(u32 allocation)
{
	u32 place;

	/* Nobody could tell what was freed. */
	if (allocation == SHADOW_NO_RECORD)
		return;
	place = take();
	if (place != SHADOW_NO_RECORD)
		WRITE_ONCE(records[place], place - allocation);
}

/* How many events have their record. */
u32 shadow_record_count(void)
{
	return min_t(u32, atomic_read(&taken), room);
}

static int trace_open(struct inode *inode, struct file *file)
{
	WRITE_ONCE(recording, false);
	/* Events run with preemption off: those that have a place have filled it then. */
	synchronize_rcu();
	return 0;
}

static ssize_t trace_read(struct file *file, char __user *to, size_t n, loff_t *at)
{
	return simple_read_from_buffer(to, n, at, records,
				       array_size(shadow_record_count(), sizeof(*records)));
}

const struct file_operations shadow_record_fops = {
	.owner = THIS_MODULE,
	.open = trace_open,
	.read = trace_read,
	.llseek = default_llseek,
};
