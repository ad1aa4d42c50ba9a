// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record: what compaction of a pool has cost. Counts are in the pool itself; the history is a
 * ring of samples that is there when there was memory for it. To show them nothing is walked.
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

#define SAMPLES	256

/**
 * struct sample - a pool at one moment
 * @ms: since the system was booted
 * @held: bytes that it has from its heap
 * @live: bytes that live in it, tags included
 * @moved: bytes of objects moved so far
 * @freed: hunks that compaction has given back so far
 * @cancelled: moves given up so far
 */
struct sample {
	u64 ms;
	u64 held;
	u64 live;
	u64 moved;
	u64 freed;
	u64 cancelled;
};

/**
 * struct swim_history - the last samples
 * @lock: of the others
 * @next: how many there were so far
 * @ring: each at its number, modulo SAMPLES
 */
struct swim_history {
	spinlock_t lock;	/* of the others */
	u64 next;
	struct sample ring[SAMPLES];
};

static struct sample sample_of(struct swim_pool *pool)
{
	struct swim_pool_stats stats;

	swim_pool_stats(pool, &stats);
	return (struct sample){
		.ms = ktime_to_ms(ktime_get()),
		.held = stats.held,
		.live = stats.used + stats.tags,
		.moved = stats.moves.moved_bytes,
		.freed = stats.moves.freed_hunks,
		.cancelled = stats.moves.cancelled,
	};
}

static void keep(struct swim_history *history, const struct sample *sample)
{
	if (!history)
		return;
	spin_lock(&history->lock);
	history->ring[history->next++ % SAMPLES] = *sample;
	spin_unlock(&history->lock);
}

/**
 * swim_history_add - take a sample
 * @pool: any
 *
 * Context: Process. Looks at every segment of the space, as swim_pool_stats().
 */
void swim_history_add(struct swim_pool *pool)
{
	struct sample sample;

	if (!pool->record.history)
		return;
	sample = sample_of(pool);
	keep(pool->record.history, &sample);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_history_add);

/**
 * swim_history_create - let a pool have a history, if there is memory for it
 * @pool: that nobody has seen yet
 */
void swim_history_create(struct swim_pool *pool)
{
	struct swim_history *history = NULL;

	if (!swim_fail())
		history = kvzalloc(sizeof(*history), GFP_KERNEL | __GFP_NOWARN);
	if (history) {
		/* The pool may be where kmemleak does not look. */
		kmemleak_not_leak(history);
		spin_lock_init(&history->lock);
	}
	pool->record.history = history;
}

/**
 * swim_history_destroy - the end of it
 * @pool: that nobody compacts or looks at any more
 */
void swim_history_destroy(struct swim_pool *pool)
{
	kvfree(pool->record.history);
	pool->record.history = NULL;
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
	struct swim_record *record = &pool->record;
	unsigned int i = 0;

	if (!moved && !freed)
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
	struct sample sample = sample_of(pool);

	*before = pool->moves;
	keep(pool->record.history, &sample);
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
	struct sample sample = sample_of(pool);
	const struct swim_moves *now = &pool->moves;
	const struct swim_moves done = {
		.moved = now->moved - before->moved,
		.moved_bytes = now->moved_bytes - before->moved_bytes,
		.freed_hunks = now->freed_hunks - before->freed_hunks,
		.nanoseconds = now->nanoseconds - before->nanoseconds,
	};
	u64 moved = done.moved_bytes + done.moved * (SWIM_TAG_SLOT + pool->trailer);
	u64 freed = done.freed_hunks * swim_pool_hunk_size(pool);

	keep(pool->record.history, &sample);
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
	const struct swim_record *record = &pool->record;
	unsigned int i;

	seq_puts(seq, "# interrupts off at a time, for one move or several: from and below, in ns; times\n");
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
	const struct swim_record *record = &pool->record;
	u64 moved = READ_ONCE(record->moved), freed = READ_ONCE(record->freed);
	u64 hundredths = freed ? div64_u64(moved * 100, freed) : 0;
	unsigned int i;

	seq_puts(seq, "# bytes moved for each byte freed, above and up to; compactions\n");
	for (i = 0; i < SWIM_COSTS; i++)
		seq_printf(seq, "%-18s %16llu\n", steps[i], READ_ONCE(record->costs[i]));
	seq_printf(seq, "%-18s %16llu bytes\n", "moved", moved);
	seq_printf(seq, "%-18s %16llu bytes\n", "freed", freed);
	seq_printf(seq, "%-18s %13llu.%02u bytes/byte\n", "cost", hundredths / 100,
		   (unsigned int)(hundredths % 100));
	return 0;
}

/* The first sample from the number @n on that is still kept; false when there is none. */
static bool recall(struct swim_history *history, u64 *n, struct sample *sample)
{
	bool found;

	spin_lock(&history->lock);
	if (history->next > SAMPLES)
		*n = max(*n, history->next - SAMPLES);
	found = *n < history->next;
	if (found)
		*sample = history->ring[*n % SAMPLES];
	spin_unlock(&history->lock);
	return found;
}

/**
 * swim_history_show - show the last samples, the oldest first
 * @seq: where to
 * @pool: whose
 */
int swim_history_show(struct seq_file *seq, struct swim_pool *pool)
{
	struct sample sample;
	u64 n;

	seq_puts(seq, "# ms since boot, held and live in bytes, live with tags; so far: bytes moved, hunks freed, moves cancelled\n");
	if (!pool->record.history)
		return 0;
	for (n = 0; recall(pool->record.history, &n, &sample); n++)
		seq_printf(seq, "%12llu %16llu %16llu %16llu %12llu %12llu\n", sample.ms,
			   sample.held, sample.live, sample.moved, sample.freed, sample.cancelled);
	return 0;
}
