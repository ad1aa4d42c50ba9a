/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_BENCH_CLEANER_H
#define SWIMMEM_BENCH_CLEANER_H

#include "peer.h"

/**
 * struct bench_cleaner - a thread that compacts a peer's memory without a pause
 * @peer: can be compacted
 * @objects: its own, which come and go among those that are measured
 * @n: how many
 * @least: bytes of the smallest of them
 * @most: bytes of the largest one
 * @random: which of them go
 * @task: it
 * @begun: it has compacted once
 * @since: when the compaction began that is going on; 0 when none is
 * @spent: nanoseconds in those that are over
 */
struct bench_cleaner {
	const struct bench_peer *peer;
	union bench_object *objects;
	unsigned int n;
	size_t least, most;
	struct rnd_state random;
	struct task_struct *task;
	struct completion begun;
	u64 since, spent;
};

int bench_cleaner_get(struct bench_cleaner *cleaner, unsigned int n);
int bench_cleaner_put_all(struct bench_cleaner *cleaner);
int bench_cleaner_start(struct bench_cleaner *cleaner, unsigned int cpu);
int bench_cleaner_stop(struct bench_cleaner *cleaner);
bool bench_cleaner_is_moving(const struct bench_cleaner *cleaner);
void bench_cleaner_tell(const char *name, const struct swim_moves *before);

#endif
