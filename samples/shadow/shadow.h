/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of shadow know of each other; main.c tells what it is.
 */
#ifndef SHADOW_H
#define SHADOW_H

#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <swimmem/swimmem.h>

/* What is counted, on each CPU for itself. */
enum shadow_count {
	SHADOW_MIRRORED,		/* allocations that got a mirror */
	SHADOW_DROPPED,			/* mirrors dropped */
	SHADOW_BYTES,			/* requested bytes of the former less those of the latter */
	SHADOW_PATTERN_ERRORS,		/* mirrors found with wrong bytes */
	SHADOW_LEASE_ERRORS,		/* mirrors that could not be pinned or dropped */
	SHADOW_PASSED_RECURSION,	/* events from below shadow itself */
	SHADOW_PASSED_NMI,		/* events in a non-maskable interrupt */
	SHADOW_PASSED_TABLE,		/* allocations whose bucket was full */
	SHADOW_PASSED_NOMEM,		/* allocations that the pool had no memory for */
	SHADOW_PASSED_SIZE,		/* allocations larger than any pool's object */
	SHADOW_PASSED_UNKNOWN_FREE,	/* frees of what has no mirror */
	SHADOW_PASSED_MISSED_FREE,	/* frees that no tracepoint told of */
	SHADOW_RECORD_LOST,		/* events that were mirrored, but found the record full */
	SHADOW_COUNTS
};

DECLARE_PER_CPU(long [SHADOW_COUNTS], shadow_counts);

static inline void shadow_add(enum shadow_count count, long n)
{
	this_cpu_add(shadow_counts[count], n);
}

long shadow_sum(enum shadow_count count);

/**
 * struct shadow_slot - a place in the table
 * @key: whose mirror the lease is, and who has claimed it; see table.c
 * @lease: the mirror
 * @record: what shadow_record_alloc() has said of it
 */
struct shadow_slot {
	unsigned long *key;
	struct swim_raw *lease;
	u32 *record;
};

int shadow_table_create(unsigned int objects);
void shadow_table_destroy(void);
unsigned long shadow_table_slots(void);
struct shadow_slot shadow_table_slot(unsigned long index);

bool shadow_slot_find(const void *object, struct shadow_slot *slot);
bool shadow_slot_get(const void *object, struct shadow_slot *slot);
void shadow_slot_publish(const struct shadow_slot *slot, const void *object);
void shadow_slot_put(const struct shadow_slot *slot);
const void *shadow_slot_borrow(const struct shadow_slot *slot);
void shadow_slot_return(const struct shadow_slot *slot, const void *object);

/**
 * struct shadow_verified - what a look at all mirrors has found
 * @objects: mirrors looked at
 * @bytes: of them
 * @busy: mirrors that an event was just working on; those were left out
 * @errors: mirrors with wrong bytes, or that could not be pinned
 */
struct shadow_verified {
	unsigned long objects;
	unsigned long bytes;
	unsigned long busy;
	unsigned long errors;
};

int shadow_mirror_create(void);
int shadow_mirror_destroy(void);
void shadow_mirror_alloc(const void *object, size_t size);
void shadow_mirror_free(const void *object);
void shadow_mirror_verify(struct shadow_verified *verified);
void shadow_mirror_stats(struct swim_pool_stats *stats);

#define SHADOW_NO_RECORD	U32_MAX

extern const struct file_operations shadow_record_fops;

int shadow_record_create(u32 events);
void shadow_record_destroy(void);
u32 shadow_record_alloc(size_t size);
void shadow_record_free(u32 allocation);
u32 shadow_record_count(void);

int shadow_probe_register(void);
void shadow_probe_unregister(void);

void shadow_debugfs_create(bool recorded);
void shadow_debugfs_destroy(void);

#endif
