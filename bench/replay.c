// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replay: what a stock kernel has allocated and freed while it was at work, recorded by
 * samples/shadow (scripts/record), is done once more for each peer. trace.c measures, and lists the
 * figures; the pattern is "recorded".
 *
 * All that was told of is in there, of every cache and of kmalloc; SLUB replays all of it by
 * kmalloc. What was allocated before the recording began, and many at once, is not.
 */
#include <linux/kernel_read_file.h>
#include <linux/limits.h>
#include <linux/moduleparam.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "trace.h"

static char *trace_path = "/lib/swimmem/trace";
module_param_named(trace, trace_path, charp, 0444);
MODULE_PARM_DESC(trace, "file with the trace to replay (default /lib/swimmem/trace)");

/* As samples/shadow/record.c has them: an allocation's size, or how far back that was. */
#define ALLOCATED	BIT(31)
#define GONE		U32_MAX

/* The record at @at; @object: numbers of those that were allocated before. */
static bool add(struct bench_trace *trace, const u32 *record, u32 *object, u32 at)
{
	u32 value = record[at] & ~ALLOCATED, from;

	if (!value)
		return false;
	object[at] = GONE;
	if (record[at] & ALLOCATED) {
		object[at] = bench_trace_alloc(trace, value);
		return true;
	}
	if (value > at)
		return false;
	from = at - value;
	if (object[from] == GONE)
		return false;
	bench_trace_free(trace, object[from]);
	object[from] = GONE;
	return true;
}

static int make(struct bench_trace *trace, const u32 *record, u32 n)
{
	u32 *object = vmalloc(array_size(n, sizeof(*object)));
	int err = object ? bench_trace_begin(trace, n, n) : -ENOMEM;
	u32 i;

	for (i = 0; i < n && !err; i++) {
		if (add(trace, record, object, i))
			continue;
		pr_err("record %u of the trace is none\n", i);
		err = -EINVAL;
	}
	vfree(object);
	return err;
}

static int measure(void)
{
	struct bench_trace trace = {};
	void *records = NULL;
	ssize_t size;
	int err = bench_touch();

	if (err)
		return err;
	size = kernel_read_file_from_path(trace_path, 0, &records, INT_MAX, NULL, READING_UNKNOWN);
	if (size < 0) {
		pr_err("there is no trace %s: %zd\n", trace_path, size);
		return size;
	}
	err = make(&trace, records, size / sizeof(u32)) ?:
	      bench_trace_measure(&trace, "recorded");
	bench_trace_end(&trace);
	vfree(records);
	return err;
}

const struct bench_topic topic_replay = { "replay", measure };
