// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record: what compaction of a pool has cost: counts, and a history, which is a ring of samples.
 * It stands outside of the pool, whose block may have to be small. To show it nothing is walked.
 */
#include <linux/kmemleak.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>

#include "../alloc/fail.h"
#include "../alloc/pool.h"
#include "../compat.h"
#include "record.h"
#include "trace.h"

static struct swim_sample sample_of(struct swim_pool *pool)
{
	struct swim_pool_stats stats;

	swim_pool_stats(pool, &stats);
	return (struct swim_sample){
		.ms = ktime_to_ms(ktime_get()),
		.held = stats.held,
		.live = stats.used + stats.tags,
		.moved = stats.moves.moved_bytes,
		.freed = stats.moves.freed_hunks,
		.cancelled = stats.moves.cancelled,
	};
}

static void keep(struct swim_record *record, const struct swim_sample *sample)
{
	if (!record)
		return;
	spin_lock(&record->lock);
	record->ring[record->samples++ % SWIM_SAMPLES] = *sample;
	spin_unlock(&record->lock);
}

/**
 * swim_history_add - take a sample
 * @pool: any
 *
 * Context: Process. Looks at every segment of the space, as swim_pool_stats().
 */
void swim_history_add(struct swim_pool *pool)
{
	struct swim_sample sample;

	if (!pool->record)
		return;
	sample = sample_of(pool);
	keep(pool->record, &sample);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_history_add);

/**
 * swim_record_create - let a pool have a record, if there is memory for it
 * @pool: that nobody has seen yet
 */
void swim_record_create(struct swim_pool *pool)
{
	struct swim_record *record = NULL;

	if (!swim_fail())
		record = kvzalloc(sizeof(*record), GFP_KERNEL | __GFP_NOWARN);
	if (record) {
		/* The pool may be where kmemleak does not look. */
		kmemleak_not_leak(record);
		spin_lock_init(&record->lock);
	}
	pool->record = record;
}

/**
 * swim_record_destroy - the end of it
 * @pool: that nobody compacts or looks at any more
 */
void swim_record_destroy(struct swim_pool *pool)
{
	kvfree(pool->record);
	pool->record = NULL;
}

/**
 * swim_cost_add - count what a compaction has cost
 * @pool: whose
 * @moved: bytes that it moved, tags included
 * @freed: bytes of the hunks that it freed, less those that it moved to
 *
 * One that has moved and freed nothing is not counted.
 *
 * Context: By the one who compacts.
 */
void swim_cost_add(struct swim_pool *pool, u64 moved, u64 freed)
{
	struct swim_record *record = pool->record;
	unsigned int i = 0;

	if (!record || (!moved && !freed))
		return;
	while (i < SWIM_COSTS - 1 && moved * 4 > freed << i)
		i++;
	swim_record_count(&record->costs[i], 1);
	swim_record_count(&record->moved, moved);
	swim_record_count(&record->freed, freed);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_cost_add);

/**
 * swim_record_begin - a compaction begins
 * @pool: whose
 * @why: who wants it
 * @target: utilisation in per cent at which it is to stop
 * @before: what compaction has done so far, for swim_record_end()
 *
 * Context: Process, by the one who compacts.
 */
void swim_record_begin(struct swim_pool *pool, enum swim_clean_why why, unsigned int target,
		       struct swim_moves *before)
{
	struct swim_sample sample = sample_of(pool);

	*before = pool->moves;
	keep(pool->record, &sample);
	trace_swim_clean_begin(pool, why, target, sample.held, sample.live);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_record_begin);

/**
 * swim_record_end - a compaction ends
 * @pool: whose
 * @why: as of swim_record_begin()
 * @target: as well
 * @before: from there
 *
 * Context: Process, by the one who compacts, when all that it did, and its time, is counted.
 */
void swim_record_end(struct swim_pool *pool, enum swim_clean_why why, unsigned int target,
		     const struct swim_moves *before)
{
	struct swim_sample sample = sample_of(pool);
	const struct swim_moves *now = &pool->moves;
	const struct swim_moves done = {
		.moved = now->moved - before->moved,
		.moved_bytes = now->moved_bytes - before->moved_bytes,
		.freed_hunks = now->freed_hunks - before->freed_hunks,
		.nanoseconds = now->nanoseconds - before->nanoseconds,
	};
	u64 moved = done.moved_bytes + done.moved * (SWIM_TAG_SLOT + pool->trailer);
	u64 freed = done.freed_hunks * swim_pool_hunk_size(pool);

	keep(pool->record, &sample);
	swim_cost_add(pool, moved, freed - min(moved, freed));
	trace_swim_clean_end(pool, why, target, sample.held, sample.live, &done);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_record_end);

/**
 * swim_pauses_show - show for how long at a time interrupts were off
 * @seq: where to
 * @pool: whose
 */
int swim_pauses_show(struct seq_file *seq, struct swim_pool *pool)
{
	const struct swim_record *record = pool->record;
	unsigned int i;

	seq_puts(seq, "# interrupts off at a time, for one move or several: from and below, in ns; times\n");
	if (!record)
		return 0;
	for (i = 0; i < SWIM_PAUSES; i++) {
		seq_printf(seq, "%9llu..", i ? BIT_ULL(i - 1 + SWIM_PAUSE_SHIFT) : 0ULL);
		if (i < SWIM_PAUSES - 1)
			seq_printf(seq, "%9llu", BIT_ULL(i + SWIM_PAUSE_SHIFT));
		else
			seq_printf(seq, "%9s", "");
		seq_printf(seq, " ns %16llu\n", READ_ONCE(record->pauses[i]));
	}
	seq_printf(seq, "%-20s ns %16llu\n", "worst", READ_ONCE(record->worst));
	return 0;
}

/**
 * swim_costs_show - show what was moved for what was freed
 * @seq: where to
 * @pool: whose
 */
int swim_costs_show(struct seq_file *seq, struct swim_pool *pool)
{
	static const char * const steps[SWIM_COSTS] = {
		"0    .. 0.25", "0.25 .. 0.5", "0.5  .. 1", "1    .. 2", "2    .. 4", "4    .. 8",
		"8    ..",
	};
	const struct swim_record *record = pool->record;
	u64 moved, freed, hundredths;
	unsigned int i;

	seq_puts(seq, "# bytes moved for each byte freed, above and up to; compactions\n");
	if (!record)
		return 0;
	moved = READ_ONCE(record->moved);
	freed = READ_ONCE(record->freed);
	hundredths = freed ? div64_u64(moved * 100, freed) : 0;
	for (i = 0; i < SWIM_COSTS; i++)
		seq_printf(seq, "%-18s %16llu\n", steps[i], READ_ONCE(record->costs[i]));
	seq_printf(seq, "%-18s %16llu bytes\n", "moved", moved);
	seq_printf(seq, "%-18s %16llu bytes\n", "freed", freed);
	seq_printf(seq, "%-18s %13llu.%02u bytes/byte\n", "cost", hundredths / 100,
		   (unsigned int)(hundredths % 100));
	return 0;
}

/* The first sample from the number @n on that is still kept; false when there is none. */
static bool recall(struct swim_record *record, u64 *n, struct swim_sample *sample)
{
	bool found;

	spin_lock(&record->lock);
	if (record->samples > SWIM_SAMPLES)
		*n = max(*n, record->samples - SWIM_SAMPLES);
	found = *n < record->samples;
	if (found)
		*sample = record->ring[*n % SWIM_SAMPLES];
	spin_unlock(&record->lock);
	return found;
}

/**
 * swim_history_show - show the last samples, the oldest first
 * @seq: where to
 * @pool: whose
 */
int swim_history_show(struct seq_file *seq, struct swim_pool *pool)
{
	struct swim_sample sample;
	u64 n;

	seq_puts(seq, "# ms since boot, held and live in bytes, live with tags; so far: bytes moved, hunks freed, moves cancelled\n");
	if (!pool->record)
		return 0;
	for (n = 0; recall(pool->record, &n, &sample); n++)
		seq_printf(seq, "%12llu %16llu %16llu %16llu %12llu %12llu\n", sample.ms,
			   sample.held, sample.live, sample.moved, sample.freed, sample.cancelled);
	return 0;
}
