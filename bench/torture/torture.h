/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Torture: what the kinds of threads share.
 *
 * Leases stand in tables. Whoever has claimed an entry owns the leases in it; nobody waits for an
 * entry, he takes another one. So a lease, and what it owns, goes from thread to thread, and from
 * these to interrupts, while each single one has one owner at a time.
 *
 * What an object holds follows from a seed, which its entry knows too, and is looked at whenever
 * somebody has the object.
 */
#ifndef SWIMMEM_TORTURE_H
#define SWIMMEM_TORTURE_H

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/prandom.h>
#include <linux/sched.h>

/* Before the inline functions of swimmem: on user-mode Linux they are to be as on x86. */
#include "../../swimmem/compat.h"

#include <swimmem/swimmem.h>

#define NOWAIT	(GFP_NOWAIT | __GFP_NOWARN)

/* What is counted, as the table at the end calls it. */
#define COUNTS(X)								\
	X(MADE, "made") X(NOMEM, "out of memory") X(PINNED, "pinned")		\
	X(CHANGED, "changed") X(READ, "read") X(DROPPED, "dropped")		\
	X(HANDED, "handed on") X(RESIZED, "resized") X(TURNED, "turned")	\
	X(REFUSED, "refused") X(GONE, "gone") X(STOWED, "stowed")		\
	X(CLONED, "cloned") X(SCOPES, "scopes") X(COMPACTED, "compacted")	\
	X(STEPS, "steps") X(LOOKED, "looked at") X(FAILED, "failures")		\
	X(LEFT, "scopes left behind") X(POOLS, "pools") X(NAMES, "bad names")	\
	X(CPUS, "CPUs taken away") X(CHECKED, "checked")

#define COUNT(name, text)	COUNT_##name,
enum count { COUNTS(COUNT) COUNT_N };
#undef COUNT

struct thread;

/*
 * Where races are provoked, all threads run half of the time. The other half goes to those that
 * provoke them, in turns: who wants the same things at the same time must have the CPUs, and the
 * others rest.
 */
enum turn {
	TURN_NONE,	/* provokes nothing, and rests in all of these */
	TURN_HOT, TURN_CROWD, TURN_SHUTTLE, TURN_TIDE, TURN_EXTENT, TURN_UNIT, TURN_PROD,
	TURN_ANY,	/* does not rest */
};

/**
 * struct kind - what a thread does
 * @name: of it
 * @times: so many of it for each that is asked for, when not one
 * @single: there is one of it, however many are asked for
 * @provoked: there is none of it, unless races are provoked
 * @urgent: it runs whenever it can: it waits for readers most of the time, and then for no CPU
 * @turn: when it runs while others rest
 * @begin: before the first step: 0 or an errno; may be NULL
 * @step: a few operations
 * @end: behind the last step; may be NULL
 */
struct kind {
	const char *name;
	unsigned int times;
	bool single;
	bool provoked;
	bool urgent;
	enum turn turn;
	int (*begin)(struct thread *t);
	void (*step)(struct thread *t);
	void (*end)(struct thread *t);
};

/**
 * struct thread - who does it
 * @kind: what
 * @number: of the thread
 * @interrupt: it is doing it in an interrupt: no sleep, and nothing that takes long
 * @random: its numbers, from the module's seed and its own number
 * @count: what it has done
 * @own: what its kind keeps for it
 * @task: that runs it
 */
struct thread {
	const struct kind *kind;
	unsigned int number;
	bool interrupt;
	struct rnd_state random;
	unsigned long count[COUNT_N];
	void *own;
	struct task_struct *task;
};

/**
 * struct arena - a pool, and what is done in it
 * @name: of the pool
 * @flags: of the pool
 * @small: bytes of the largest object in a hunk that is asked for here
 * @large: the same of objects with an extent of their own, or 0
 * @pool: the pool
 */
struct arena {
	const char *name;
	unsigned long flags;
	u32 small;
	u32 large;
	struct swim_pool *pool;
};

enum { IN_PLAIN, IN_OTHER, IN_TIGHT, IN_FIXED, IN_PAGES, IN_READ, IN_REREAD, ARENAS };

extern struct arena arenas[ARENAS];

/**
 * struct spaces - where the pools get their hunks from
 * @plain: as much as there is
 * @tight: a limited one, which is often full
 * @fixed: a static one
 */
struct spaces {
	struct swim_space *plain;
	struct swim_space *tight;
	struct swim_space *fixed;
};

extern struct spaces spaces;

/* One in so many requests for pages, for a segment, for a hunk fails. */
extern unsigned int failures;

/* Requests for memory fail, ours or the kernel's: where a scope ends, what does not fit stays. */
extern bool shortage;

/* Transitions are counted, and races provoked. */
extern bool steps;

/* May a scope leave something? Also where nobody knows whether it may wait for who compacts. */
static inline bool may_be_left(void)
{
	return shortage || !IS_ENABLED(CONFIG_PREEMPT_COUNT);
}

extern const struct kind writer_kind, pinner_kind, reader_kind, dropper_kind, rehomer_kind;
extern const struct kind hardirq_kind, softirq_kind;
extern const struct kind share_kind, plant_kind, scope_kind, bare_kind, brief_kind;
extern const struct kind rival_kind, chaser_kind, sharer_kind, single_kind;
extern const struct kind crowd_kind, shuttle_kind, tide_kind;
extern const struct kind extent_kind, unit_kind, packer_kind;
extern const struct kind prodded_kind, prodder_kind;
extern const struct kind compactor_kind, observer_kind, failure_kind, hotplug_kind;

/* The tables: made before the first thread, emptied behind the last. */
int flats_begin(void);
void flats_step(struct thread *t);
void flats_end(struct thread *t);
int shares_begin(void);
void shares_step(struct thread *t);
void shares_lend(struct thread *t, struct swim_hard_box *hard);
void shares_look(struct thread *t, struct swim_hard_box *hard);
void shares_end(struct thread *t);
int plants_begin(void);
void plants_read(struct thread *t);
struct swim_pool *any_scope_pool(struct thread *t);
void plants_end(struct thread *t);
int hots_begin(void);
struct swim_hold *hot_hold(struct thread *t);
void chase(struct thread *t, struct swim_pool *pool);
void hots_end(struct thread *t);
bool hot_pools_end(struct thread *t);
int narrows_begin(void);
bool narrows_end(struct thread *t);
int grounds_begin(void);
bool grounds_end(struct thread *t);
int prods_begin(void);
bool prods_end(struct thread *t);
bool pool_end(struct thread *t, struct swim_pool *pool, const char *name);
bool space_end(struct thread *t, struct swim_space *space);

__printf(2, 3) void fail(struct thread *t, const char *fmt, ...);
bool failed(void);

/* A number at random. */
static inline u32 any(struct thread *t)
{
	return prandom_u32_state(&t->random);
}

/* A number below @n. */
static inline u32 below(struct thread *t, u32 n)
{
	return (u64)any(t) * n >> 32;
}

static inline bool one_in(struct thread *t, u32 n)
{
	return !below(t, n);
}

static inline u64 any_seed(struct thread *t)
{
	return (u64)any(t) << 32 | any(t);
}

static inline void count(struct thread *t, enum count what)
{
	t->count[what]++;
}

static inline struct swim_hold *hold_of(unsigned int arena)
{
	return swim_pool_hold(arenas[arena].pool);
}

static inline bool claim(unsigned long *busy)
{
	return !test_and_set_bit_lock(0, busy);
}

static inline void let_go(unsigned long *busy)
{
	clear_bit_unlock(0, busy);
}

/* Where a failed call is one that may fail: memory has an end, and runs out on purpose. */
static inline bool no_memory(struct thread *t, int err, const char *what)
{
	if (err == -ENOMEM)
		count(t, COUNT_NOMEM);
	else if (err)
		fail(t, "%s: %d", what, err);
	return err;
}

/* What cannot fail. */
static inline bool done(struct thread *t, int err, const char *what)
{
	if (err)
		fail(t, "%s: %d", what, err);
	return !err;
}

/* A word of an object, of which the seed is known. */
static inline u64 word_of(u64 seed, size_t n)
{
	return seed + n * 0x9e3779b97f4a7c15ULL;
}

void fill(void *object, u64 seed, size_t from, size_t size);
bool check(struct thread *t, const void *object, u64 seed, size_t from, size_t size);
bool check_zero(struct thread *t, const void *object, size_t size);

#endif
