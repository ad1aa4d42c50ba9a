// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cell: what all counted leases of one object lead to: one status word and the object's
 * address.
 *
 *	status	| hard | soft | ref | mut | busy |
 *
 *	every lease adds its weight when it is made and takes it off when it is dropped;
 *	turning one kind into another is one compare-and-swap of the difference
 *
 *	busy	a mover, or who stows, may set it while hard is not 0, ref is 0 and mut is
 *		clear; then leases of kinds Hard and Soft come and go, and none of kind Ref or
 *		Mut comes. Whoever takes hard to 0 sets it, with that, for as long as he drops
 *		the object
 *	mut	beside busy: somebody asks for the object. It stands here and not where the
 *		object is, as the object may go meanwhile
 *	0	whoever makes it so frees the cell
 *
 * Cells are of type-stable memory: a mover that finds one in a tag may look at it, whatever
 * has become of it meanwhile. Their slabs are extents of the global space; they are never
 * given back before the module goes.
 */
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/wait_bit.h>

#include <swimmem/slab.h>

#include "../alloc/heap.h"
#include "../alloc/space.h"
#include "../compat.h"
#include "cell.h"
#include "lease.h"

/**
 * struct chunk - some pages with cells, aligned to their size
 * @slab: of the cells behind this header
 * @link: in the list of all chunks
 */
struct chunk {
	struct swim_slab slab;
	struct llist_node link;
};

/* As many as a slab has units at the most: these are fewer on 32-bit, and the cells smaller. */
#if BITS_PER_LONG == 64
#define CHUNK_SIZE	SWIM_FRAME_SIZE
#else
#define CHUNK_SIZE	ALIGN(SZ_8K, PAGE_SIZE)
#endif
#define CHUNK_BEGIN	ALIGN(sizeof(struct chunk), sizeof(struct swim_cell))
#define CHUNK_CELLS	((CHUNK_SIZE - CHUNK_BEGIN) / sizeof(struct swim_cell))

static_assert(CHUNK_CELLS <= SWIM_SLAB_UNITS_MAX || PAGE_SIZE > SZ_8K);

/*
 * How often a change is tried over before it is said to be contended. Where races are provoked,
 * which takes time, so many in a row would be too rare.
 */
#define TRIES		(IS_ENABLED(CONFIG_SWIMMEM_STEPS) ? 4 : 64)

static LLIST_HEAD(chunks);
static DEFINE_PER_CPU(struct chunk *, preferred);
/* The cell that was freed last on this CPU, or NULL: taken, for its slab. */
static DEFINE_PER_CPU(struct swim_cell *, spare);

static struct chunk *chunk_of(const struct swim_cell *cell)
{
	return (struct chunk *)((unsigned long)cell & ~(CHUNK_SIZE - 1));
}

static struct swim_cell *take(struct chunk *chunk)
{
	struct swim_block block;

	return swim_slab_alloc(&chunk->slab, &block) ? NULL : block.addr;
}

static struct chunk *chunk_new(gfp_t gfp)
{
	struct swim_block block, cells;
	struct chunk *chunk;

	if (swim_space_alloc(swim_global_space(), CHUNK_SIZE, gfp, &block))
		return NULL;
	chunk = block.addr;
	cells = (struct swim_block){
		block.addr + CHUNK_BEGIN,
		min_t(size_t, CHUNK_CELLS, SWIM_SLAB_UNITS_MAX) * sizeof(struct swim_cell),
	};
	memset(chunk, 0, block.size);
	if (swim_slab_init(&chunk->slab, &cells, sizeof(struct swim_cell))) {
		swim_space_free(swim_global_space(), &block);
		return NULL;
	}
	llist_add(&chunk->link, &chunks);
	swim_step(CELL_CHUNK);
	return chunk;
}

/* A chunk that may have a cell: constant over as many allocations as one has cells. */
static struct swim_cell *alloc_slow(gfp_t gfp)
{
	struct swim_cell *cell;
	struct chunk *chunk;

	llist_for_each_entry(chunk, READ_ONCE(chunks.first), link) {
		cell = READ_ONCE(chunk->slab.room) ? take(chunk) : NULL;
		if (cell)
			goto found;
	}
	chunk = chunk_new(gfp);
	if (!chunk)
		return NULL;
	cell = take(chunk);
found:
	raw_cpu_write(preferred, chunk);
	return cell;
}

/**
 * swim_cell_alloc - a cell
 * @gfp: how the global space may grow for it
 *
 * Return: the cell, its status 0; NULL when out of memory.
 */
struct swim_cell *swim_cell_alloc(gfp_t gfp)
{
	struct swim_cell *cell = this_cpu_read(spare);
	struct chunk *chunk;

	/* An interrupt may have had it meanwhile; if it is there, it is free. */
	swim_window();
	if (likely(cell && this_cpu_cmpxchg(spare, cell, NULL) == cell)) {
		swim_step(CELL_SPARE_TAKE);
		return cell;
	}
	if (cell)
		swim_step(CELL_SPARE_TAKE_LOST);
	chunk = raw_cpu_read(preferred);
	cell = chunk ? take(chunk) : NULL;
	return cell ?: alloc_slow(gfp);
}

static noinline void free_slow(struct swim_cell *cell)
{
	struct swim_block block = { cell, sizeof(*cell) };

	WARN_ON_ONCE(swim_slab_free(&chunk_of(cell)->slab, &block));
	swim_step(CELL_UNIT_FREE);
}

void swim_cell_free(struct swim_cell *cell)
{
	bool full = this_cpu_read(spare);

	swim_window();
	if (likely(!full && !this_cpu_cmpxchg(spare, NULL, cell))) {
		swim_step(CELL_SPARE_LEAVE);
		return;
	}
	if (!full)
		swim_step(CELL_SPARE_LEAVE_LOST);
	free_slow(cell);
}

/**
 * swim_cell_is - is there a cell?
 * @cell: from a tag, which may have been overwritten with anything
 */
bool swim_cell_is(const struct swim_cell *cell)
{
	const size_t at = (unsigned long)cell & (CHUNK_SIZE - 1);
	const struct swim_heap_ops *ops;

	return at >= CHUNK_BEGIN && !((at - CHUNK_BEGIN) % sizeof(*cell)) &&
	       swim_peek(&chunk_of(cell)->slab.heap.ops, &ops, sizeof(ops)) &&
	       ops == &swim_slab_heap_ops;
}

/**
 * swim_cell_busy - keep a counted object for a mover
 * @cell: of the object, or of another one by now
 *
 * Return: false when it is in use, or gone.
 */
bool swim_cell_busy(struct swim_cell *cell)
{
	unsigned long status = atomic_long_read(&cell->status);

	do {
		if (!swim_status_hard(status) || swim_status_ref(status) ||
		    status & (SWIM_MUT_ONE | SWIM_BUSY))
			return false;
		swim_window();
	} while (!atomic_long_try_cmpxchg(&cell->status, &status, status | SWIM_BUSY) &&
		 swim_stepped(CELL_BUSY_LOST));
	swim_step(CELL_BUSY);
	return true;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_cell_busy);

/* The end of being busy, and of the cell if nothing else is left. */
void swim_cell_unbusy(struct swim_cell *cell)
{
	unsigned long status = atomic_long_read(&cell->status);

	swim_window();
	/* Nobody else has a lease, nor can get one. */
	if (status == SWIM_BUSY) {
		swim_step(CELL_END);
		atomic_long_set(&cell->status, 0);
		swim_cell_free(cell);
		return;
	}
	/* Full barrier: what was done to the object comes before. */
	status = atomic_long_fetch_andnot(SWIM_BUSY | SWIM_ASKED, &cell->status);
	swim_step(CELL_UNBUSY);
	if (!(status & ~(SWIM_BUSY | SWIM_ASKED))) {
		swim_step(CELL_UNBUSY_END);
		swim_cell_free(cell);
	}
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_cell_unbusy);

/**
 * swim_cell_ask - ask the mover that has a counted object for it
 * @cell: of a lease of the caller's
 */
void swim_cell_ask(struct swim_cell *cell)
{
	unsigned long status = atomic_long_read(&cell->status);

	if (status & SWIM_BUSY && !(status & SWIM_ASKED)) {
		swim_window();
		if (atomic_long_try_cmpxchg(&cell->status, &status, status | SWIM_ASKED))
			swim_step(CELL_ASK);
		else
			swim_step(CELL_ASK_LOST);
	}
	cpu_relax();
}

/**
 * swim_cell_wake - let those who wait for a lease try again
 * @cell: only as a number
 *
 * Context: Any but NMI. Under PREEMPT_RT this takes locks that sleep; where nobody may sleep there,
 * nobody is woken, and who waits looks again by himself (swim_cell_wait()).
 */
void swim_cell_wake(struct swim_cell *cell)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible())
		wake_up_var(&cell->status);
}

/* A lease of kind @gone has been in somebody's way. */
static void wake(struct swim_cell *cell, enum swim_lease_kind gone, unsigned long status)
{
	if (swim_weight(gone) & (SWIM_REF_ONE | SWIM_MUT_ONE) && !swim_status_ref(status))
		swim_cell_wake(cell);
}

/**
 * swim_cell_put - take the weight of a lease off
 * @cell: of the lease
 * @kind: of the lease
 *
 * Return: true when it was the last strong one: then the cell is busy, and the caller has to
 * drop the object. Waits for at most one step of a move, of one cache line.
 */
bool swim_cell_put(struct swim_cell *cell, enum swim_lease_kind kind)
{
	unsigned long new, old = atomic_long_read(&cell->status);

	for (;;) {
		new = old - swim_weight(kind);
		if (kind != SWIM_KIND_SOFT && !swim_status_hard(new)) {
			if (old & SWIM_BUSY) {
				swim_step(CELL_PUT_WAIT);
				swim_cell_ask(cell);
				old = atomic_long_read(&cell->status);
				continue;
			}
			new |= SWIM_BUSY;
		}
		swim_window();
		/* Full barrier: this owner's accesses come before those of the last one. */
		if (atomic_long_try_cmpxchg(&cell->status, &old, new))
			break;
		swim_step(CELL_PUT_LOST);
	}
	swim_step(CELL_PUT);
	if (!new) {
		swim_step(CELL_PUT_END);
		swim_cell_free(cell);
	}
	wake(cell, kind, new);
	return kind != SWIM_KIND_SOFT && !swim_status_hard(new) && swim_stepped(CELL_PUT_LAST);
}

/* Why a lease cannot be made out of another, or 0. */
static int refuse(unsigned long status, enum swim_lease_kind from, enum swim_lease_kind to,
		  bool into)
{
	const bool strong = from != SWIM_KIND_SOFT;

	if (to == SWIM_KIND_SOFT)
		return (strong || !into) && swim_status_soft(status) == SWIM_SOFT_MAX ?
		       -SWIM_ESOFT : 0;
	if (!strong && !swim_status_hard(status))
		return -SWIM_ECLEARED;
	if (to == SWIM_KIND_REF || to == SWIM_KIND_MUT) {
		if (status & SWIM_BUSY)
			return -SWIM_ERELOCATING;
		if (status & SWIM_MUT_ONE || (to == SWIM_KIND_MUT && swim_status_ref(status)))
			return -SWIM_EALIASED;
		if (to == SWIM_KIND_REF && swim_status_ref(status) == SWIM_REF_MAX)
			return -SWIM_EREF;
	}
	return !(strong && into) && swim_status_hard(status) == SWIM_HARD_MAX ? -SWIM_EHARD : 0;
}

/**
 * swim_cell_turn - make a lease out of another
 * @cell: of both
 * @from: kind of the lease that is there
 * @to: kind of the lease that is made
 * @into: the lease that is there goes; never the last strong one, but for a Soft
 * @last: when it did, and the caller has to drop the object, as of swim_cell_put()
 *
 * Return: 0, or an errno, and then nothing has changed: -ECLEARED, -EALIASED, -ERELOCATING,
 * -ECONTENDED when others were faster too often, or that a count is at its limit.
 */
int swim_cell_turn(struct swim_cell *cell, enum swim_lease_kind from, enum swim_lease_kind to,
		   bool into, bool *last)
{
	unsigned long new, old = atomic_long_read(&cell->status);
	unsigned int tries;
	int err;

	*last = false;
	for (tries = 0; tries < TRIES; tries++) {
		err = refuse(old, from, to, into);
		/* Who comes back finds it given up. */
		if (err == -SWIM_ERELOCATING) {
			swim_step(CELL_TURN_BUSY);
			swim_cell_ask(cell);
		}
		if (err == -SWIM_EALIASED)
			swim_step(CELL_TURN_ALIASED);
		if (err == -SWIM_ECLEARED)
			swim_step(CELL_TURN_CLEARED);
		if (err)
			return err;
		new = old + swim_weight(to) - (into ? swim_weight(from) : 0);
		if (!swim_status_hard(new) && swim_status_hard(old)) {
			if (old & SWIM_BUSY) {
				swim_step(CELL_TURN_WAIT);
				swim_cell_ask(cell);
				old = atomic_long_read(&cell->status);
				continue;
			}
			new |= SWIM_BUSY;
			*last = true;
		}
		swim_window();
		/* Full barrier: as in swim_cell_put(). */
		if (atomic_long_try_cmpxchg(&cell->status, &old, new)) {
			swim_step(CELL_TURN);
			if (*last)
				swim_step(CELL_TURN_LAST);
			if (into)
				wake(cell, from, new);
			return 0;
		}
		swim_step(CELL_TURN_LOST);
		*last = false;
	}
	swim_step(CELL_CONTENDED);
	return -SWIM_ECONTENDED;
}

/* Is nothing in the way of a Ref, or of a Mut, any more? */
static bool is_ready(struct swim_cell *cell, enum swim_lease_kind to)
{
	unsigned long status = atomic_long_read(&cell->status);

	return !swim_status_mut(status) && (to != SWIM_KIND_MUT || !swim_status_ref(status));
}

/* Wait until a cell is not busy: a mover lets go at once, who stows a structure does not. */
static void wait_for_busy(struct swim_cell *cell)
{
	unsigned int tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (!(atomic_long_read(&cell->status) & SWIM_BUSY))
			return;
		cpu_relax();
	}
	/* Movers do not wake us. */
	wait_var_event_timeout(&cell->status, !(atomic_long_read(&cell->status) & SWIM_BUSY), 1);
}

/**
 * swim_cell_wait - wait for what kept a lease from being made
 * @cell: of the lease
 * @to: kind that is to be made
 * @err: why it was not
 *
 * Context: Process, may sleep.
 * Return: 0 to try again, or @err when waiting does not help.
 */
int swim_cell_wait(struct swim_cell *cell, enum swim_lease_kind to, int err)
{
	switch (err) {
	case -SWIM_EALIASED:
		swim_step(CELL_WAIT);
		wait_var_event_timeout(&cell->status, is_ready(cell, to),
				       IS_ENABLED(CONFIG_PREEMPT_RT) ? 1 : MAX_SCHEDULE_TIMEOUT);
		return 0;
	case -SWIM_ERELOCATING:
		swim_step(CELL_WAIT_BUSY);
		swim_cell_ask(cell);
		wait_for_busy(cell);
		return 0;
	case -SWIM_ECONTENDED:
		cpu_relax();
		return 0;
	default:
		return err;
	}
}

/* Give all chunks back: every lease is gone, and every mover. */
void swim_cell_exit(void)
{
	struct llist_node *all = llist_del_all(&chunks);
	struct chunk *chunk, *next;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (per_cpu(spare, cpu))
			free_slow(per_cpu(spare, cpu));
	llist_for_each_entry_safe(chunk, next, all, link) {
		struct swim_block block = { chunk, CHUNK_SIZE };
		struct swim_slab_stats stats;

		swim_slab_stats(&chunk->slab, &stats);
		/* Somebody has leaked counted leases: what they lead to is leaked as well. */
		if (!stats.live)
			swim_space_free(swim_global_space(), &block);
	}
}
