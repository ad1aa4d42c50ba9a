// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bench: what swimmem and its peers cost, in the same run. A file for each topic; scripts/bench
 * runs them in guests that count instructions, that run at native speed, or that have many CPUs.
 *
 *	insmod bench.ko run=pairs,batches
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"

static char *run = "";
module_param(run, charp, 0444);
MODULE_PARM_DESC(run, "topics, with commas between them");

bool bench_counts;
module_param_named(counts, bench_counts, bool, 0444);
MODULE_PARM_DESC(counts, "a nanosecond is an instruction here (default: no)");

static const struct bench_topic *const topics[] = {
	&topic_pairs, &topic_batches, &topic_access, &topic_live, &topic_extents,
	&topic_compact, &topic_walk, &topic_stow, &topic_churn, &topic_replay, &topic_cost,
	&topic_pins, &topic_pressure,
#ifdef CONFIG_HAVE_HW_BREAKPOINT
	&topic_waits,
#endif
};

static bool measured[ARRAY_SIZE(topics)];

static int measure(const char *name)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(topics); i++) {
		if (strcmp(topics[i]->name, name))
			continue;
		err = topics[i]->measure();
		measured[i] = !err;
		pr_info("topic %s %s %d\n", name, err ? "failed" : "done", err);
		return err;
	}
	pr_err("there is no topic %s\n", name);
	return -EINVAL;
}

static void end_all(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(topics); i++)
		if (measured[i] && topics[i]->end)
			topics[i]->end();
}

static int __init begin(void)
{
	char *names = kstrdup(run, GFP_KERNEL), *rest = names, *name;
	int err = names ? bench_begin() : -ENOMEM;

	while (!err && (name = strsep(&rest, ",")) && *name)
		err = measure(name);
	kfree(names);
	if (err)
		end_all();
	return err;
}
module_init(begin);

static void __exit end(void)
{
	end_all();
}
module_exit(end);

MODULE_DESCRIPTION("What swimmem and its peers cost");
MODULE_LICENSE("GPL");
