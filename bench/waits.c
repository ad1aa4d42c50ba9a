// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits: how long a mover keeps an object that somebody asks it for.
 *
 * Whoever pins an object that is being moved asks the mover for it, and waits until it gives it up,
 * or has moved it. Where both run, time says nothing about that: a host takes CPUs away. So here is
 * only the mover, where instructions are counted. A debug register watches a word that it gets at
 * while it moves the object; there, in the middle of the mover, the exception asks for the object,
 * just as its owner would. Another one watches for the word by which the mover gives it up. Between
 * the two are the mover's own instructions. What the exceptions take is known from stores, one
 * behind the other, that are watched in the same way, and is taken off. That is done for each word
 * that the mover reads or writes meanwhile, so that no wait is longer than the worst.
 *
 *	pin_wait WHOSE size=BYTES,asked=WHEN
 *		WHOSE	raw, ptr, hard; box: it owns CHILDREN others
 *		WHEN	visit: as soon as the mover has it, and when it looks at the lease
 *			copy: at each word of it; the first one of ptr and hard tells its size, and
 *				is read before
 *			children: when these are handed over to the copy, one after the other
 *			commit: when the copy is about to be the object, and when the lease says
 *				so; the mover does not give it up any more then
 *	pin_wait nothing exceptions=N
 *		what the exceptions take, which is taken off: the two, and one more between them
 */
#include <linux/hw_breakpoint.h>
#include <linux/irqflags.h>
#include <linux/perf_event.h>
#include <linux/vmalloc.h>

#include "peer.h"

#include "../swimmem/alloc/pool.h"
#include "../swimmem/lease/cell.h"

#define FILLERS		1000	/* the half of which goes, so that something is to be gained */
#define FILLER		64
#define BEFORE		300	/* so many of them stand before the object */
#define CHILDREN	8
#define CONTROLS	15
#define PLACES		128	/* of a large object not all words are watched */
#define NUMBER		0x5eed5eed5eed5eedULL
#define VISITED		swim_tag_sized(SWIM_TAG_VISITED, 0, 0)

struct child {
	u64 number;
};

static SWIM_PLAIN_TYPE(child_type, struct child);

struct parent {
	struct swim_box child[CHILDREN];
};

static SWIM_TYPE(parent_type, struct parent, SWIM_PART(child[0]), SWIM_PART(child[1]),
		 SWIM_PART(child[2]), SWIM_PART(child[3]), SWIM_PART(child[4]),
		 SWIM_PART(child[5]), SWIM_PART(child[6]), SWIM_PART(child[7]));

enum kind { RAW, PTR, HARD, BOX };

enum when { VISIT, COPY, HANDED, COMMIT };

static const char *const when_name[] = { "visit", "copy", "children", "commit" };

static union bench_object fillers[FILLERS], subject;
static u64 waits[PLACES];

/* What exceptions take, in thousandths: the two, and each one more between them. */
static u64 two, one_more;

/**
 * struct watched - the object that is moved, and how far that is
 * @tag: of it
 * @cell: of its leases, if they are counted
 * @hunk: in which it stands
 * @at: where the mover is asked for it
 * @state: of all that
 * @more: exceptions between the two
 * @asked: when
 * @given: when the mover gave it up
 */
static struct watched {
	unsigned long *tag;
	struct swim_cell *cell;
	struct swim_hunk *hunk;
	unsigned long at;
	enum { ARMED, ASKED, GIVEN } state;
	unsigned int more;
	u64 asked, given;
} watched;

static bool is_visited(void)
{
	if (watched.cell)
		return atomic_long_read(&watched.cell->status) & SWIM_BUSY;
	return swim_tag_is(swim_tag_read(watched.tag), SWIM_TAG_VISITED);
}

/* As swim_visited_ask() and swim_cell_ask(). */
static void ask(void)
{
	if (watched.cell)
		atomic_long_or(SWIM_ASKED, &watched.cell->status);
	else
		WRITE_ONCE(watched.hunk->asked, true);
}

/* By which the mover gives it up. */
static unsigned long word(void)
{
	return watched.cell ? (unsigned long)&watched.cell->status : (unsigned long)watched.tag;
}

/* In the middle of the mover. */
static void hit(struct perf_event *event, struct perf_sample_data *data, struct pt_regs *regs)
{
	const u64 now = bench_ticks();

	if (watched.state == ARMED && event->attr.bp_addr == watched.at && is_visited()) {
		ask();
		watched.state = ASKED;
		watched.asked = bench_ticks();
	} else if (watched.state == ASKED && !is_visited()) {
		watched.state = GIVEN;
		watched.given = now;
	} else if (watched.state == ASKED) {
		/* The same word again. */
		watched.more++;
	}
}

/* A word that is watched: bytes, and what is done to it. */
struct place {
	unsigned long at;
	unsigned int len, type;
};

static struct perf_event *__percpu *watch(const struct place *place)
{
	struct perf_event_attr attr;

	hw_breakpoint_init(&attr);
	attr.bp_addr = place->at;
	attr.bp_len = place->len;
	attr.bp_type = place->type;
	return register_wide_hw_breakpoint(&attr, hit, NULL);
}

static int error_of(struct perf_event *__percpu *event)
{
	return PTR_ERR_OR_ZERO((void __force *)event);
}

/* Ask at a place while @run runs; how long it took then. */
static int watch_while(int (*run)(void), const struct place *place, u64 *milli)
{
	const struct place last = { word(), HW_BREAKPOINT_LEN_8, HW_BREAKPOINT_W };
	struct perf_event *__percpu *begin = NULL, *__percpu *end = watch(&last);
	int err = error_of(end);

	if (err)
		return err;
	watched.at = place->at;
	watched.state = ARMED;
	watched.more = 0;
	if (place->at != last.at) {
		begin = watch(place);
		err = error_of(begin);
	}
	if (!err) {
		err = run();
		if (begin)
			unregister_wide_hw_breakpoint(begin);
	}
	unregister_wide_hw_breakpoint(end);
	if (!err && watched.state != GIVEN) {
		pr_err("the mover was %s\n", watched.state == ARMED ? "not there" : "not heard of");
		err = -ENODATA;
	}
	*milli = bench_milli(watched.given - watched.asked);
	return err;
}

static struct {
	unsigned long first, tag;
} stores;

/* What a mover does, and no more: an instruction from the one exception to the other. */
static int store_two(void)
{
	unsigned long flags;

	local_irq_save(flags);
	swim_tag_write(&stores.tag, VISITED);
	WRITE_ONCE(stores.first, 0);
	WRITE_ONCE(stores.tag, 0);
	local_irq_restore(flags);
	return 0;
}

/* The same with one more between them. */
static int store_three(void)
{
	unsigned long flags;

	local_irq_save(flags);
	swim_tag_write(&stores.tag, VISITED);
	WRITE_ONCE(stores.first, 0);
	WRITE_ONCE(stores.first, 0);
	WRITE_ONCE(stores.tag, 0);
	local_irq_restore(flags);
	return 0;
}

static int measure_stores(int (*run)(void), unsigned int exceptions, u64 *milli)
{
	const struct place place = {
		(unsigned long)&stores.first, HW_BREAKPOINT_LEN_8, HW_BREAKPOINT_RW,
	};
	static struct swim_hunk hunk;
	unsigned int n;
	int err = 0;

	watched = (struct watched){ .tag = &stores.tag, .hunk = &hunk };
	for (n = 0; n < CONTROLS && !err; n++)
		err = watch_while(run, &place, &waits[n]);
	if (err)
		return err;
	/* Without the last store. */
	*milli = bench_median(waits, CONTROLS) - 1000;
	bench_figure("pin_wait", "nothing", bench_unit(), waits, CONTROLS, "exceptions=%u",
		     exceptions);
	return 0;
}

static int measure_exceptions(void)
{
	u64 three;
	int err = measure_stores(store_two, 2, &two) ?: measure_stores(store_three, 3, &three);

	/* Without its store. */
	one_more = three - two - 1000;
	return err;
}

static const struct bench_peer *peer_of(enum kind kind)
{
	static const struct bench_peer *const peers[] = {
		[RAW] = &bench_raw, [PTR] = &bench_ptr, [HARD] = &bench_hard, [BOX] = &bench_raw,
	};

	return peers[kind];
}

static void *object_of(enum kind kind)
{
	if (kind == HARD)
		return (__force void *)subject.hard.cell->object;
	return subject.plain;
}

static struct swim_box *subject_box(void)
{
	return container_of(&subject.raw, struct swim_box, raw);
}

static int get_box(void)
{
	struct swim_hold *hold = swim_pool_hold(bench_home());
	struct parent *parent;
	unsigned int n;
	int err = swim_box_new(subject_box(), hold, &parent_type, GFP_KERNEL);

	if (err)
		return err;
	parent = swim_box_pin(subject_box());
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	for (n = 0; n < CHILDREN && !err; n++)
		err = swim_box_new(&parent->child[n], hold, &child_type, GFP_ATOMIC);
	swim_box_unpin(subject_box());
	return err;
}

static int get(enum kind kind, size_t size)
{
	int err = 0;

	bench_size = size;
	if (kind == BOX)
		err = get_box();
	else if (!peer_of(kind)->fill(&subject, 1))
		err = -ENOMEM;
	if (err)
		return err;
	watched = (struct watched){
		.tag = swim_tag_of(object_of(kind)), .hunk = swim_hunk_of(object_of(kind)),
		.cell = kind == HARD ? subject.hard.cell : NULL,
	};
	/* The last word of it, which nobody needs. */
	if (kind != BOX)
		*(u64 *)(object_of(kind) + size - sizeof(u64)) = NUMBER;
	bench_size = FILLER;
	return 0;
}

/* The object among others, of which every other one has gone. */
static int get_all(enum kind kind, size_t size)
{
	unsigned int n;
	int err = 0;

	bench_size = FILLER;
	for (n = 0; n < FILLERS && !err; n++) {
		if (n == BEFORE)
			err = get(kind, size);
		if (!err && !bench_raw.fill(&fillers[n], 1))
			err = -ENOMEM;
	}
	for (n = 0; n < FILLERS && !err; n += 2)
		err = bench_raw.drain(&fillers[n], NULL, 1) ? 0 : -EIO;
	return err;
}

static int put_all(enum kind kind)
{
	unsigned int n;
	int err = 0;

	if (!IS_ERR_OR_NULL(subject.plain) && !peer_of(kind)->drain(&subject, NULL, 1))
		err = -EIO;
	for (n = 0; n < FILLERS; n++)
		if (fillers[n].plain && !bench_raw.drain(&fillers[n], NULL, 1))
			err = -EIO;
	return err;
}

/* Places in all, of some time. */
static unsigned int places(enum kind kind, size_t size, enum when when)
{
	switch (when) {
	case COPY:
		return (size + (kind == PTR || kind == HARD ? SWIM_PTR_FRONT : 0)) / sizeof(u64);
	case HANDED:
		return kind == BOX ? CHILDREN : 0;
	default:
		return 2;
	}
}

static struct place place(enum kind kind, enum when when, unsigned int n)
{
	const unsigned long lease = kind == HARD ? (unsigned long)&watched.cell->object :
						   (unsigned long)&subject.plain;
	struct parent *parent = object_of(kind);
	struct place place = {
		(unsigned long)parent + n * sizeof(u64), HW_BREAKPOINT_LEN_8, HW_BREAKPOINT_RW,
	};

	switch (when) {
	case VISIT:
		place.at = n ? lease : word();
		break;
	case HANDED:
		place.at = (unsigned long)swim_tag_of((__force void *)parent->child[n].raw.object);
		break;
	case COMMIT:
		/* Before the first and after the last thing but one that is done then. */
		place.at = n ? lease : (unsigned long)&watched.hunk->moved;
		place.len = n ? HW_BREAKPOINT_LEN_8 : HW_BREAKPOINT_LEN_4;
		place.type = HW_BREAKPOINT_W;
		break;
	default:
		break;
	}
	return place;
}

static int compact(void)
{
	return swim_pool_compact(bench_home(), 100);
}

static int measure_place(enum kind kind, size_t size, enum when when, unsigned int n, u64 *wait)
{
	struct place at;
	int err = get_all(kind, size);

	if (!err) {
		at = place(kind, when, n);
		err = watch_while(compact, &at, wait);
	}
	if (!err && kind != BOX && *(u64 *)(object_of(kind) + size - sizeof(u64)) != NUMBER)
		err = -EIO;
	*wait -= min(*wait, two + watched.more * one_more);
	return put_all(kind) ?: err;
}

static int measure_when(enum kind kind, size_t size, enum when when)
{
	static const char *const name[] = { "raw", "ptr", "hard", "box" };
	const unsigned int all = places(kind, size, when);
	/* No divisor of the words of a step. */
	unsigned int step = all > PLACES ? DIV_ROUND_UP(all, PLACES) | 1 : 1;
	unsigned int n, i;
	int err = 0;

	for (i = 0, n = 0; n < all && !err; n += step)
		err = measure_place(kind, size, when, n, &waits[i++]);
	if (err)
		pr_err("%s of %zu bytes, asked for at place %u of %s: %d\n", name[kind], size,
		       n - step, when_name[when], err);
	else if (i)
		bench_figure("pin_wait", name[kind], bench_unit(), waits, i, "size=%zu,asked=%s",
			     size, when_name[when]);
	return err;
}

/* Whole steps of the mover: behind them it goes by the byte. */
static int measure_all(void)
{
	static const struct {
		enum kind kind;
		size_t size;
	} of[] = {
		{ RAW, 64 }, { RAW, 512 }, { RAW, 4096 }, { RAW, 16384 },
		{ PTR, 512 - SWIM_PTR_FRONT }, { HARD, 512 - SWIM_PTR_FRONT },
		{ BOX, sizeof(struct parent) },
	};
	enum when when;
	unsigned int i;
	int err = measure_exceptions();

	for (i = 0; i < ARRAY_SIZE(of); i++)
		for (when = VISIT; when <= COMMIT && !err; when++)
			err = measure_when(of[i].kind, of[i].size, when);
	return err;
}

static int measure(void)
{
	int err;

	if (!bench_counts) {
		pr_err("waits are counted, with one CPU\n");
		return -ENODEV;
	}
	err = bench_raw.begin();
	if (err)
		return err;
	err = measure_all();
	return bench_raw.end() ?: err;
}

const struct bench_topic topic_waits = { "waits", measure };
