// SPDX-License-Identifier: GPL-2.0-only
/*
 * Around: what goes on while others use their objects.
 *
 *	compactor	compacts pools, to targets at random, at once or in steps
 *	observer	asks for numbers; lets spaces grow, and give back what is free; tells pools
 *			how much to do in the background
 *	failure		lets requests for memory fail, now and then
 *	hotplug		takes CPUs away, and brings them back
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>

#include "../../swimmem/alloc/fail.h"
#include "torture.h"

/* As a whole, or a few steps of it, which may be of a run that another compactor has begun. */
static void compact(struct thread *t, struct swim_pool *pool)
{
	const unsigned int target = one_in(t, 2) ? 0 : 1 + below(t, 100);
	unsigned int steps = below(t, 50);
	int left;

	if (one_in(t, 4)) {
		left = swim_pool_compact(pool, target);
	} else {
		do {
			left = swim_pool_compact_step(pool, target);
			count(t, COUNT_STEPS);
		} while (left == 1 && steps--);
	}
	if (left != 1 && !no_memory(t, left, "compact"))
		count(t, COUNT_COMPACTED);
}

static void compactor_step(struct thread *t)
{
	compact(t, arenas[below(t, ARENAS)].pool);
	if (one_in(t, 4))
		usleep_range(100, 5000);
}

/* In the background, more or less of it. */
static void tune(struct thread *t, struct swim_pool *pool)
{
	done(t, swim_pool_set_target(pool, below(t, 100)), "set a target");
	done(t, swim_pool_set_budget(pool, one_in(t, 2) ? 0 : below(t, SZ_256K),
				     one_in(t, 2) ? 0 : below(t, 5000)), "set a budget");
}

static void look_at_space(struct thread *t, struct swim_space *space)
{
	struct swim_space_stats stats;

	swim_space_stats(space, &stats);
	if (stats.live < 0 || stats.size > stats.limit)
		fail(t, "a space has %zu bytes of %zu, and %ld extents", stats.size, stats.limit,
		     stats.live);
}

static void observer_step(struct thread *t)
{
	struct swim_pool *pool = arenas[below(t, ARENAS)].pool;
	struct swim_hold_stats hold;
	struct swim_pool_stats stats;
	int err;

	swim_pool_stats(pool, &stats);
	swim_hold_stats(swim_pool_hold(pool), &hold);
	look_at_space(t, spaces.plain);
	look_at_space(t, spaces.tight);
	look_at_space(t, spaces.fixed);
	swim_space_trim(one_in(t, 2) ? spaces.plain : spaces.tight);
	err = swim_space_grow(one_in(t, 2) ? spaces.plain : spaces.tight, NOWAIT);
	no_memory(t, err, "grow");
	if (one_in(t, 16))
		tune(t, pool);
	count(t, COUNT_LOOKED);
	usleep_range(100, 2000);
}

const struct kind compactor_kind = { .name = "compactor", .times = 3, .step = compactor_step };
const struct kind observer_kind = {
	.name = "observer", .single = true, .turn = TURN_ANY, .step = observer_step,
};

/* The rest of the time all is well, for otherwise little would be there to be tortured. */
static void failure_step(struct thread *t)
{
#if IS_ENABLED(CONFIG_KUNIT)
	swim_fail_every(failures);
	usleep_range(1000, 50000);
	count(t, COUNT_FAILED);
	swim_fail_nth(0);
#endif
	usleep_range(1000, 50000);
}

const struct kind failure_kind = {
	.name = "failure", .single = true, .turn = TURN_ANY, .step = failure_step,
};

static void hotplug_step(struct thread *t)
{
#ifdef CONFIG_HOTPLUG_CPU
	const unsigned int cpu = below(t, nr_cpu_ids);

	/* Some CPUs always stay. */
	if (!cpu_online(cpu) || remove_cpu(cpu)) {
		count(t, COUNT_REFUSED);
	} else {
		count(t, COUNT_CPUS);
		msleep(below(t, 50));
		done(t, add_cpu(cpu), "bring a CPU back");
	}
#endif
	msleep(below(t, 200));
}

const struct kind hotplug_kind = {
	.name = "hotplug", .single = true, .turn = TURN_ANY, .step = hotplug_step,
};
