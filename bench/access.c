// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access: what it takes to get at an object of SIZE bytes, and to look at a number in it.
 *
 *	access WHOSE how=HOW,objects=N,cleaner=WHETHER
 *
 *	WHOSE		HOW
 *	pointer		read	a pointer is followed, under RCU
 *			section	with an rcu_read_lock() and unlock for each time
 *	raw		read	the same of a Raw lease
 *			section
 *	raw, ptr, box	pin	a pin and its unpin
 *	zsmalloc	map	a map and its unmap
 *	spinlock	lock	a lock, which stands in the object, and its unlock
 *	ref, mut	make	a Ref, or a Mut, is made of a Hard, and dropped
 *			get	it is there
 *	hard		clone	a Hard is cloned and dropped; nobody looks at the object
 *	refcount	clone	the same with a refcount_t, which stands in the object
 *	nothing		nothing	the loop alone, which is taken off all others
 *
 * The number of objects is OBJECTS, in a random order, or 1. Where cleaner=yes, another CPU
 * compacts meanwhile, without a pause: zsmalloc's pool for zsmalloc, and for all others that of
 * swimmem; so those that nothing moves show what the machine loses by that. What is told was
 * measured while objects were really being moved, as far as that can be waited for. The median is
 * of rounds, in which processors look ahead to the next accesses. The end of the distribution is of
 * accesses that were timed one by one, from which the clock's own time is taken off.
 *
 *	access_cleaned swimmem what=WHAT	what the cleaner has done meanwhile
 */
#include <linux/cpumask.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/zsmalloc.h>

#include "cleaner.h"

#define SIZE		64
#define OBJECTS		1000
#define OTHERS		30000	/* which the cleaner has */
#define TRIES		50	/* to measure while it moves them */
#define PASSES		20
#define ROUNDS		31
#define SAMPLES		(PASSES * OBJECTS)
/* Where instructions are counted each round is as the one before. */
#define COUNTED		5
#define WRONG		BIT_ULL(40)	/* more than all numbers together */

/* What is in an object; a kernel that looks after its locks makes them larger. */
struct payload {
	u64 number;
	refcount_t count;
	spinlock_t lock;	/* of the number */
};

#define PAYLOAD		max_t(size_t, SIZE, sizeof(struct payload))

struct value {
	u64 number;
	u8 rest[SIZE - sizeof(u64)];
};

static SWIM_PLAIN_TYPE(value_type, struct value);

enum whose { PLAIN, RAW, PTR, BOX, HARD, REF, MUT, ZSMALLOC, SETS };

static const struct bench_peer *const peers[SETS] = {
	[PLAIN] = &bench_kmalloc, [RAW] = &bench_raw, [PTR] = &bench_ptr, [BOX] = &bench_raw,
	[HARD] = &bench_hard, [REF] = &bench_ref, [MUT] = &bench_mut,
	[ZSMALLOC] = &bench_zsmalloc,
};

static union bench_object objects[SETS][OBJECTS];
static u32 shuffled[OBJECTS], hot[OBJECTS];

static unsigned int n_rounds, n_passes;

static struct swim_box *box_of(union bench_object *object)
{
	return container_of(&object->raw, struct swim_box, raw);
}

/* Each of these returns the number that it found, or WRONG. */

static __always_inline u64 nothing(union bench_object *object)
{
	barrier_data(object);
	return 0;
}

static __always_inline u64 pointer_read(union bench_object *object)
{
	return READ_ONCE(*(u64 *)READ_ONCE(object->plain));
}

static __always_inline u64 pointer_section(union bench_object *object)
{
	u64 number;

	rcu_read_lock();
	number = pointer_read(object);
	rcu_read_unlock();
	return number;
}

static __always_inline u64 raw_read(union bench_object *object)
{
	return READ_ONCE(*(const u64 *)swim_raw_read(&object->raw));
}

static __always_inline u64 raw_section(union bench_object *object)
{
	u64 number;

	rcu_read_lock();
	number = raw_read(object);
	rcu_read_unlock();
	return number;
}

static __always_inline u64 raw_pin(union bench_object *object)
{
	u64 *at = swim_raw_pin(&object->raw), number;

	if (IS_ERR(at))
		return WRONG;
	number = READ_ONCE(*at);
	swim_raw_unpin(&object->raw);
	return number;
}

static __always_inline u64 ptr_pin(union bench_object *object)
{
	u64 *at = swim_ptr_pin(&object->ptr), number;

	if (IS_ERR(at))
		return WRONG;
	number = READ_ONCE(*at);
	swim_ptr_unpin(&object->ptr);
	return number;
}

static __always_inline u64 box_pin(union bench_object *object)
{
	struct value *at = swim_box_pin(box_of(object));
	u64 number;

	if (IS_ERR(at))
		return WRONG;
	number = READ_ONCE(at->number);
	swim_box_unpin(box_of(object));
	return number;
}

static __always_inline u64 spinlock(union bench_object *object)
{
	struct payload *at = object->plain;
	u64 number;

	spin_lock(&at->lock);
	number = READ_ONCE(at->number);
	spin_unlock(&at->lock);
	return number;
}

/* An object that is being moved has no Ref and no Mut: it is asked for again. */
static __always_inline u64 ref_make(union bench_object *object)
{
	struct swim_ref ref = {};
	u64 number;
	int err;

	while (unlikely(err = swim_hard_poll_to_ref(&ref, &object->hard))) {
		if (err != -SWIM_ERELOCATING)
			return WRONG;
		cpu_relax();
	}
	number = READ_ONCE(*(const u64 *)swim_ref_get(&ref));
	return swim_ref_drop(&ref) ? WRONG : number;
}

static __always_inline u64 mut_make(union bench_object *object)
{
	struct swim_mut mut = {};
	u64 number;
	int err;

	while (unlikely(err = swim_hard_poll_to_mut(&mut, &object->hard))) {
		if (err != -SWIM_ERELOCATING)
			return WRONG;
		cpu_relax();
	}
	number = READ_ONCE(*(u64 *)swim_mut_get(&mut));
	return swim_mut_drop(&mut) ? WRONG : number;
}

static __always_inline u64 ref_get(union bench_object *object)
{
	return READ_ONCE(*(const u64 *)swim_ref_get(&object->ref));
}

static __always_inline u64 mut_get(union bench_object *object)
{
	return READ_ONCE(*(u64 *)swim_mut_get(&object->mut));
}

static __always_inline u64 hard_clone(union bench_object *object)
{
	struct swim_hard clone = {};

	return swim_hard_clone(&clone, &object->hard) || swim_hard_drop(&clone) ? WRONG : 0;
}

static __always_inline u64 refcount_clone(union bench_object *object)
{
	struct payload *at = object->plain;

	refcount_inc(&at->count);
	return refcount_dec_and_test(&at->count) ? WRONG : 0;
}

#if KERNEL_VERSION(6, 15, 0) > LINUX_VERSION_CODE

static __always_inline u64 zsmalloc_map(union bench_object *object)
{
	u64 *at = zs_map_object(bench_zsmalloc_pool(), object->handle, ZS_MM_RO);
	u64 number = READ_ONCE(*at);

	zs_unmap_object(bench_zsmalloc_pool(), object->handle);
	return number;
}

static void zsmalloc_write(union bench_object *object, u64 number)
{
	u64 *at = zs_map_object(bench_zsmalloc_pool(), object->handle, ZS_MM_WO);

	*at = number;
	zs_unmap_object(bench_zsmalloc_pool(), object->handle);
}

#else

static __always_inline u64 zsmalloc_map(union bench_object *object)
{
	u8 copy[SIZE];
	u64 *at = zs_obj_read_begin(bench_zsmalloc_pool(), object->handle, SIZE, copy);
	u64 number = READ_ONCE(*at);

	zs_obj_read_end(bench_zsmalloc_pool(), object->handle, SIZE, at);
	return number;
}

static void zsmalloc_write(union bench_object *object, u64 number)
{
	struct value value = { .number = number };

	zs_obj_write(bench_zsmalloc_pool(), object->handle, &value, SIZE);
}

#endif

/* Accesses in an order; the sum of what they found. */
static __always_inline u64 together(u64 (*get)(union bench_object *object), bool reads,
				    union bench_object *of, const u32 *order)
{
	u64 sum = 0;
	unsigned int i;

	if (reads)
		rcu_read_lock();
	for (i = 0; i < OBJECTS; i++)
		sum += get(&of[order[i]]);
	if (reads)
		rcu_read_unlock();
	return sum;
}

static __always_inline u64 alone(u64 (*get)(union bench_object *object), bool reads,
				 union bench_object *of, const u32 *order, u64 *took)
{
	u64 sum = 0;
	unsigned int i;

	if (reads)
		rcu_read_lock();
	for (i = 0; i < OBJECTS; i++) {
		union bench_object *one = &of[order[i]];
		u64 begin = bench_ticks();

		sum += get(one);
		took[i] = bench_ticks() - begin;
	}
	if (reads)
		rcu_read_unlock();
	return sum;
}

#define ACCESS(_get, _reads)								\
static u64 _get##_together(union bench_object *of, const u32 *order)			\
{											\
	return together(_get, _reads, of, order);					\
}											\
static u64 _get##_alone(union bench_object *of, const u32 *order, u64 *took)		\
{											\
	return alone(_get, _reads, of, order, took);					\
}

ACCESS(nothing, false)
ACCESS(pointer_read, true)
ACCESS(pointer_section, false)
ACCESS(raw_read, true)
ACCESS(raw_section, false)
ACCESS(raw_pin, false)
ACCESS(ptr_pin, false)
ACCESS(box_pin, false)
ACCESS(spinlock, false)
ACCESS(ref_make, false)
ACCESS(mut_make, false)
ACCESS(ref_get, false)
ACCESS(mut_get, false)
ACCESS(hard_clone, false)
ACCESS(refcount_clone, false)
ACCESS(zsmalloc_map, false)

/**
 * struct way - to get at an object
 * @whose: in the figures
 * @how: there, too
 * @set: whose objects
 * @blind: nobody looks at the number
 * @together: to all of them, in an order; the sum of the numbers
 * @alone: the same, and how many ticks each took
 */
struct way {
	const char *whose, *how;
	enum whose set;
	bool blind;
	u64 (*together)(union bench_object *of, const u32 *order);
	u64 (*alone)(union bench_object *of, const u32 *order, u64 *took);
};

#define WAY(_whose, _how, _set, _blind, _get)						\
	{ _whose, _how, _set, _blind, _get##_together, _get##_alone }

static const struct way ways[] = {
	WAY("nothing", "nothing", PLAIN, true, nothing),
	WAY("pointer", "read", PLAIN, false, pointer_read),
	WAY("raw", "read", RAW, false, raw_read),
	WAY("pointer", "section", PLAIN, false, pointer_section),
	WAY("raw", "section", RAW, false, raw_section),
	WAY("raw", "pin", RAW, false, raw_pin),
	WAY("ptr", "pin", PTR, false, ptr_pin),
	WAY("box", "pin", BOX, false, box_pin),
	WAY("spinlock", "lock", PLAIN, false, spinlock),
	WAY("ref", "make", HARD, false, ref_make),
	WAY("ref", "get", REF, false, ref_get),
	WAY("mut", "make", HARD, false, mut_make),
	WAY("mut", "get", MUT, false, mut_get),
	WAY("hard", "clone", HARD, true, hard_clone),
	WAY("refcount", "clone", PLAIN, true, refcount_clone),
	WAY("zsmalloc", "map", ZSMALLOC, false, zsmalloc_map),
};

#define WAYS	ARRAY_SIZE(ways)

/* Whose memory is compacted: that of all of swimmem's peers, or zsmalloc's. */
enum cleaned { HOME, ZS, CLEANERS };

static struct bench_cleaner cleaners[CLEANERS] = {
	[HOME] = { .peer = &bench_raw, .n = OTHERS, .least = SIZE, .most = SIZE },
	[ZS] = { .peer = &bench_zsmalloc, .n = OTHERS, .least = SIZE, .most = SIZE },
};

static enum cleaned cleaned_of(const struct way *way)
{
	return way->set == ZSMALLOC ? ZS : HOME;
}

/* Any that is not another one's. */
static u64 number_of(enum whose set, u32 n)
{
	return (set + 1) * OBJECTS + n;
}

struct access {
	struct bench_job job;
	const struct way *way;
	const u32 *order;
	u64 sum;	/* of the numbers */
	u64 *took;	/* of each alone; NULL: they are timed together */
	u64 ticks;	/* together */
	const struct bench_cleaner *cleaner;
	bool beside;	/* it was at work before and afterwards */
};

static bool run_access(struct bench_job *job)
{
	struct access *access = container_of(job, struct access, job);
	union bench_object *of = objects[access->way->set];
	const u32 *order = access->order;
	/* After a pass that is not timed they are in the cache. */
	bool right = access->way->together(of, order) == access->sum;
	unsigned int i;
	u64 begin, sum;

	access->beside = !access->cleaner || bench_cleaner_is_moving(access->cleaner);
	begin = bench_ticks();
	for (i = 0; i < n_passes && right; i++) {
		if (access->took)
			sum = access->way->alone(of, order, access->took + i * OBJECTS);
		else
			sum = access->way->together(of, order);
		right = sum == access->sum;
	}
	access->ticks = bench_ticks() - begin;
	if (access->cleaner && access->beside)
		access->beside = bench_cleaner_is_moving(access->cleaner);
	return right;
}

/* Beside a cleaner, if there is one, while it moves something, if that can be waited for. */
static int run(const struct way *way, const u32 *order, u64 *took, u64 *ticks,
	       const struct bench_cleaner *cleaner)
{
	struct access access = {
		.job.run = run_access, .way = way, .order = order, .took = took,
		.cleaner = cleaner,
	};
	struct bench_job *job = &access.job;
	unsigned int i, tries = TRIES;
	int err;

	for (i = 0; i < OBJECTS && !way->blind; i++)
		access.sum += number_of(way->set, order[i]);
	do {
		err = bench_run(&job, 0, 1);
	} while (!err && !access.beside && --tries);
	if (err)
		pr_err("%s failed to %s\n", way->whose, way->how);
	*ticks = access.ticks;
	return err;
}

static u64 rounds[WAYS][2][ROUNDS];
static u64 samples[SAMPLES];

/* Orders of objects. */
static const u32 *const orders[] = { shuffled, hot };

/* In turns. */
static int measure_rounds(enum cleaned cleaned, const struct bench_cleaner *cleaner)
{
	unsigned int r, w, o;
	u64 ticks;
	int err = 0;

	/* One round is not counted. */
	for (r = 0; r <= n_rounds; r++)
		for (w = 0; w < WAYS; w++) {
			if (cleaned_of(&ways[w]) != cleaned)
				continue;
			for (o = 0; o < ARRAY_SIZE(orders) && !err; o++) {
				err = run(&ways[w], orders[o], NULL, &ticks, cleaner);
				rounds[w][o][r ? r - 1 : 0] = div_u64(bench_milli(ticks),
								      n_passes * OBJECTS);
			}
			cond_resched();
		}
	return err;
}

/* The loop and the clock are of the first way. */
static int measure_alone(unsigned int w, unsigned int o, const struct bench_cleaner *cleaner)
{
	static u64 loop[ARRAY_SIZE(orders)], clock[ARRAY_SIZE(orders)];
	unsigned int i, n = n_passes * OBJECTS;
	u64 ticks;
	int err = run(&ways[w], orders[o], samples, &ticks, cleaner);

	if (err)
		return err;
	for (i = 0; i < n; i++)
		samples[i] = bench_milli(samples[i]);
	if (!w) {
		loop[o] = bench_median(rounds[w][o], n_rounds);
		clock[o] = bench_median(samples, n);
	} else {
		bench_less(rounds[w][o], n_rounds, loop[o]);
	}
	bench_less(samples, n, clock[o]);
	bench_figure_alone("access", ways[w].whose, bench_unit(), rounds[w][o], n_rounds, samples,
			   n, "how=%s,objects=%u,cleaner=%s", ways[w].how, o ? 1 : OBJECTS,
			   cleaner ? "yes" : "no");
	return 0;
}

/* All ways that one cleaner is beside, or would be. */
static int measure_beside(enum cleaned cleaned, struct bench_cleaner *cleaner)
{
	unsigned int w, o;
	int err = cleaner ? bench_cleaner_start(cleaner, 1) : 0;

	if (err)
		return err;
	err = measure_rounds(cleaned, cleaner);
	for (w = 0; w < WAYS; w++)
		for (o = 0; o < ARRAY_SIZE(orders) && !err; o++)
			if (cleaned_of(&ways[w]) == cleaned)
				err = measure_alone(w, o, cleaner);
	if (cleaner)
		err = bench_cleaner_stop(cleaner) ?: err;
	return err;
}

static int measure_ways(void)
{
	struct swim_pool_stats before;
	int err;

	err = measure_beside(HOME, NULL) ?: measure_beside(ZS, NULL);
	if (err || num_online_cpus() < 2)
		return err;
	swim_pool_stats(bench_home(), &before);
	err = measure_beside(HOME, &cleaners[HOME]) ?: measure_beside(ZS, &cleaners[ZS]);
	if (!err)
		bench_cleaner_tell("access_cleaned", &before.moves);
	return err;
}

static int write_counted(struct swim_hard *hard, u64 number)
{
	struct swim_mut mut = {};
	int err = swim_hard_poll_to_mut(&mut, hard);

	if (err)
		return err;
	*(u64 *)swim_mut_get(&mut) = number;
	return swim_mut_drop(&mut);
}

static int write_mapped(enum whose set, union bench_object *object, u64 number)
{
	u64 *at = peers[set]->map(object);

	if (IS_ERR_OR_NULL(at))
		return -EIO;
	*at = number;
	if (set == PLAIN) {
		refcount_set(&((struct payload *)at)->count, 1);
		spin_lock_init(&((struct payload *)at)->lock);
	}
	peers[set]->unmap(object);
	return 0;
}

static int write(enum whose set, union bench_object *object, u64 number)
{
	struct swim_hard hard = {};
	int err;

	switch (set) {
	case HARD:
		return write_counted(&object->hard, number);
	case REF:
		/* A Ref cannot be written, a Hard can be made one. */
		err = swim_ref_to_hard(&hard, &object->ref) ?: swim_ref_drop(&object->ref) ?:
		      write_counted(&hard, number) ?:
		      swim_hard_poll_into_ref(&object->ref, &hard);
		if (!swim_hard_is_empty(&hard))
			swim_hard_drop(&hard);
		return err;
	case ZSMALLOC:
		zsmalloc_write(object, number);
		return 0;
	default:
		return write_mapped(set, object, number);
	}
}

static int get(enum whose set, u32 n)
{
	union bench_object *object = &objects[set][n];

	bench_size = set == PLAIN ? PAYLOAD : SIZE;
	if (set == BOX) {
		int err = swim_box_new(box_of(object), swim_pool_hold(bench_home()), &value_type,
				       GFP_KERNEL);
		if (err)
			return err;
	} else if (!peers[set]->fill(object, 1)) {
		object->plain = NULL;
		return -ENOMEM;
	}
	return write(set, object, number_of(set, n));
}

/* What the cleaners have lies among all others. */
static int get_all(void)
{
	enum cleaned cleaned;
	unsigned int i;
	enum whose set;
	u32 n;
	int err = 0;

	for (n = 0; n < OBJECTS; n++) {
		for (set = 0; set < SETS && !err; set++)
			err = get(set, n);
		for (cleaned = 0; cleaned < CLEANERS; cleaned++)
			for (i = 0; i < OTHERS / OBJECTS && !err; i++)
				err = bench_cleaner_get(&cleaners[cleaned],
							n * (OTHERS / OBJECTS) + i);
	}
	return err;
}

static int put_all(void)
{
	enum cleaned cleaned;
	enum whose set;
	int err = 0;
	u32 n;

	for (set = 0; set < SETS; set++) {
		bench_size = set == PLAIN ? PAYLOAD : SIZE;
		for (n = 0; n < OBJECTS; n++)
			if (objects[set][n].plain && !peers[set]->drain(&objects[set][n], NULL, 1))
				err = -EIO;
	}
	for (cleaned = 0; cleaned < CLEANERS; cleaned++)
		err = bench_cleaner_put_all(&cleaners[cleaned]) ?: err;
	return err;
}

static int measure_all(void)
{
	struct rnd_state random;
	int err;

	prandom_seed_state(&random, OBJECTS);
	bench_shuffle(&random, shuffled, OBJECTS);
	n_rounds = bench_counts ? COUNTED : ROUNDS;
	n_passes = bench_counts ? 2 : PASSES;
	err = get_all() ?: measure_ways();
	return put_all() ?: err;
}

static int begin(void)
{
	enum cleaned cleaned;

	for (cleaned = 0; cleaned < CLEANERS; cleaned++) {
		struct bench_cleaner *cleaner = &cleaners[cleaned];

		prandom_seed_state(&cleaner->random, cleaned);
		cleaner->objects = vzalloc(array_size(OTHERS, sizeof(*cleaner->objects)));
		if (!cleaner->objects)
			return -ENOMEM;
	}
	return 0;
}

static int measure(void)
{
	unsigned int begun = 0;
	enum cleaned cleaned;
	int err = begin();

	bench_size = SIZE;
	while (!err && begun < SETS) {
		err = peers[begun]->begin();
		begun += !err;
	}
	err = err ?: measure_all();
	while (begun--)
		err = peers[begun]->end() ?: err;
	for (cleaned = 0; cleaned < CLEANERS; cleaned++) {
		vfree(cleaners[cleaned].objects);
		cleaners[cleaned].objects = NULL;
	}
	return err;
}

const struct bench_topic topic_access = { "access", measure };
