/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_LEASE_CELL_H
#define SWIMMEM_LEASE_CELL_H

#include <linux/gfp.h>
#include <swimmem/lease.h>

struct swim_body;
struct swim_hold;

int swim_counted_own(struct swim_cell **to, struct swim_hold *hold, const struct swim_body *body,
		     enum swim_lease_kind kind, gfp_t gfp);
struct swim_cell *swim_cell_alloc(gfp_t gfp);
void swim_cell_free(struct swim_cell *cell);
bool swim_cell_is(const struct swim_cell *cell);
bool swim_cell_busy(struct swim_cell *cell);
void swim_cell_unbusy(struct swim_cell *cell);
void swim_cell_ask(struct swim_cell *cell);
void swim_cell_wake(struct swim_cell *cell);
bool swim_cell_put(struct swim_cell *cell, enum swim_lease_kind kind);
int swim_cell_turn(struct swim_cell *cell, enum swim_lease_kind from, enum swim_lease_kind to,
		   bool into, bool *last);
int swim_cell_wait(struct swim_cell *cell, enum swim_lease_kind to, int err);
void swim_cell_exit(void);

/* While it is busy there is no Mut: then this says that somebody wants the object. */
#define SWIM_ASKED	SWIM_MUT_ONE

/* What one lease of a kind adds to the status. */
static inline unsigned long swim_weight(enum swim_lease_kind kind)
{
	switch (kind) {
	case SWIM_KIND_HARD:
		return SWIM_HARD_ONE;
	case SWIM_KIND_REF:
		return SWIM_HARD_ONE | SWIM_REF_ONE;
	case SWIM_KIND_MUT:
		return SWIM_HARD_ONE | SWIM_MUT_ONE;
	case SWIM_KIND_SOFT:
		return SWIM_SOFT_ONE;
	default:
		return 0;
	}
}

static inline unsigned long swim_status_hard(unsigned long status)
{
	return status >> SWIM_HARD_SHIFT;
}

static inline unsigned long swim_status_soft(unsigned long status)
{
	return status >> SWIM_SOFT_SHIFT & SWIM_SOFT_MAX;
}

static inline unsigned long swim_status_ref(unsigned long status)
{
	return status >> SWIM_REF_SHIFT & SWIM_REF_MAX;
}

static inline bool swim_status_mut(unsigned long status)
{
	return (status & (SWIM_MUT_ONE | SWIM_BUSY)) == SWIM_MUT_ONE;
}

/* Does somebody want the object of a cell that is busy? */
static inline bool swim_cell_is_asked(const struct swim_cell *cell)
{
	return atomic_long_read(&cell->status) & SWIM_ASKED;
}

#endif
