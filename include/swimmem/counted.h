/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counted: the four kinds of lease of which an object can have several.
 *
 *	Hard	keeps the object alive
 *	Soft	does not; says -ENOENT when it is gone
 *	Ref	a Hard that may read, and keeps the object where it is
 *	Mut	a Hard that may write, and keeps the object where it is; one, and no Ref beside it
 *
 *	to_X	makes an X beside the lease that is there
 *	into_X	makes an X of it; the lease that was there is empty then
 *	poll_	says at once that it is not possible now
 *	try_	waits until it is; process context, may sleep
 *
 * Leases of one object may be used on every CPU at once; each single one belongs to one owner,
 * who does one thing at a time with it. All but try_ from any context but NMI; it waits for at
 * most one step of a move, of one cache line.
 */
#ifndef SWIMMEM_COUNTED_H
#define SWIMMEM_COUNTED_H

#include <linux/threads.h>
#include <swimmem/hold.h>
#include <swimmem/lease.h>
#include <swimmem/type.h>

int __must_check __swim_counted_new(struct swim_cell **to, struct swim_hold *hold, size_t size,
				    const struct swim_type *type, enum swim_lease_kind kind,
				    gfp_t gfp);
int __must_check __swim_counted_turn(struct swim_cell **to, enum swim_lease_kind to_kind,
				     struct swim_cell **from, enum swim_lease_kind from_kind,
				     bool into);
int __must_check __swim_counted_try(struct swim_cell **to, enum swim_lease_kind to_kind,
				    struct swim_cell **from, enum swim_lease_kind from_kind,
				    bool into);
int __must_check __swim_counted_unique(struct swim_mut *to, struct swim_hard *from,
				       struct swim_hold *hold, gfp_t gfp);
int __swim_counted_drop(struct swim_cell **from, enum swim_lease_kind kind);
int __swim_counted_move(struct swim_cell **to, struct swim_cell **from);
void *__swim_counted_payload(const struct swim_cell *cell);
void __swim_counted_counts(const struct swim_cell *cell, struct swim_counts *counts);

/*
 * What each kind has: to be empty, to move, to be dropped; its object's counts, whether there is
 * a Mut, whether a Mut could not be made because there is a Ref or a Mut (aliased), or because
 * the object is being moved. What these say may have changed when they return.
 */
#define __SWIM_COUNTED(kind, KIND)						\
static inline bool swim_##kind##_is_empty(const struct swim_##kind *lease)	\
{										\
	return !READ_ONCE(lease->cell);						\
}										\
										\
static inline int __must_check swim_##kind##_move(struct swim_##kind *to,	\
						  struct swim_##kind *from)	\
{										\
	return __swim_counted_move(&to->cell, &from->cell);			\
}										\
										\
static inline void swim_##kind##_counts(const struct swim_##kind *lease,	\
					struct swim_counts *counts)		\
{										\
	__swim_counted_counts(lease->cell, counts);				\
}										\
										\
static inline bool swim_##kind##_is_mut(const struct swim_##kind *lease)	\
{										\
	struct swim_counts counts;						\
										\
	swim_##kind##_counts(lease, &counts);					\
	return counts.mut;							\
}										\
										\
static inline bool swim_##kind##_is_aliased(const struct swim_##kind *lease)	\
{										\
	struct swim_counts counts;						\
										\
	swim_##kind##_counts(lease, &counts);					\
	return counts.mut || counts.ref;					\
}										\
										\
static inline bool swim_##kind##_is_relocating(const struct swim_##kind *lease)	\
{										\
	struct swim_counts counts;						\
										\
	swim_##kind##_counts(lease, &counts);					\
	return counts.relocating;						\
}										\
										\
static inline int swim_##kind##_drop_slow(struct swim_##kind *lease)		\
{										\
	return __swim_counted_drop(&lease->cell, SWIM_KIND_##KIND);		\
}

/* A new object of plain bytes, in a lease of a strong kind. */
#define __SWIM_COUNTED_NEW(kind, KIND)						\
static inline int __must_check swim_##kind##_new(struct swim_##kind *lease,	\
						 struct swim_hold *hold,	\
						 size_t size, gfp_t gfp)	\
{										\
	return __swim_counted_new(&lease->cell, hold, size, NULL,		\
				  SWIM_KIND_##KIND, gfp);			\
}

/*
 * Every transition but cloning: X(arg, from, FROM, verb, to, TO, how, into), for a function
 * swim_FROM_VERB_TO().
 */
#define SWIM_TRANSITIONS(X, arg)						\
	X(arg, hard, HARD, to, soft, SOFT, turn, false)				\
	X(arg, ref, REF, to, soft, SOFT, turn, false)				\
	X(arg, mut, MUT, to, soft, SOFT, turn, false)				\
	X(arg, hard, HARD, into, soft, SOFT, turn, true)			\
	X(arg, ref, REF, into, soft, SOFT, turn, true)				\
	X(arg, mut, MUT, into, soft, SOFT, turn, true)				\
	X(arg, ref, REF, to, hard, HARD, turn, false)				\
	X(arg, mut, MUT, to, hard, HARD, turn, false)				\
	X(arg, soft, SOFT, to, hard, HARD, turn, false)				\
	X(arg, ref, REF, into, hard, HARD, turn, true)				\
	X(arg, mut, MUT, into, hard, HARD, turn, true)				\
	X(arg, soft, SOFT, into, hard, HARD, turn, true)			\
	X(arg, hard, HARD, poll_to, ref, REF, turn, false)			\
	X(arg, soft, SOFT, poll_to, ref, REF, turn, false)			\
	X(arg, hard, HARD, poll_into, ref, REF, turn, true)			\
	X(arg, soft, SOFT, poll_into, ref, REF, turn, true)			\
	X(arg, hard, HARD, poll_to, mut, MUT, turn, false)			\
	X(arg, soft, SOFT, poll_to, mut, MUT, turn, false)			\
	X(arg, hard, HARD, poll_into, mut, MUT, turn, true)			\
	X(arg, soft, SOFT, poll_into, mut, MUT, turn, true)			\
	X(arg, hard, HARD, try_to, ref, REF, try, false)			\
	X(arg, soft, SOFT, try_to, ref, REF, try, false)			\
	X(arg, hard, HARD, try_into, ref, REF, try, true)			\
	X(arg, soft, SOFT, try_into, ref, REF, try, true)			\
	X(arg, hard, HARD, try_to, mut, MUT, try, false)			\
	X(arg, soft, SOFT, try_to, mut, MUT, try, false)			\
	X(arg, hard, HARD, try_into, mut, MUT, try, true)			\
	X(arg, soft, SOFT, try_into, mut, MUT, try, true)

#define __SWIM_COUNTED_TURN(unused, from, FROM, verb, to, TO, how, into)	\
static inline int __must_check swim_##from##_##verb##_##to(struct swim_##to *made, \
							   struct swim_##from *of) \
{										\
	return __swim_counted_##how(&made->cell, SWIM_KIND_##TO, &of->cell,	\
				    SWIM_KIND_##FROM, into);			\
}

__SWIM_COUNTED(mut, MUT)
__SWIM_COUNTED(ref, REF)
__SWIM_COUNTED(hard, HARD)
__SWIM_COUNTED(soft, SOFT)

__SWIM_COUNTED_NEW(mut, MUT)
__SWIM_COUNTED_NEW(ref, REF)
__SWIM_COUNTED_NEW(hard, HARD)

SWIM_TRANSITIONS(__SWIM_COUNTED_TURN, lease)

static inline int __must_check swim_ref_clone(struct swim_ref *to, struct swim_ref *from)
{
	return __swim_counted_turn(&to->cell, SWIM_KIND_REF, &from->cell, SWIM_KIND_REF, false);
}

static inline int __must_check swim_soft_clone(struct swim_soft *to, struct swim_soft *from)
{
	return __swim_counted_turn(&to->cell, SWIM_KIND_SOFT, &from->cell, SWIM_KIND_SOFT, false);
}

static_assert(BITS_PER_LONG == 32 || PID_MAX_LIMIT < SWIM_HARD_MAX / 2);

/**
 * swim_hard_clone - another lease that keeps the object alive
 * @to: empty
 * @from: owned by the caller
 *
 * Context: Any but NMI.
 * Return: 0; -EEXIST when @to owns something; -ENOENT when @from owns nothing; -EOVERFLOW when
 * there are SWIM_HARD_MAX strong leases. (Model: leases, Hard, clone)
 */
static inline int __must_check swim_hard_clone(struct swim_hard *to, const struct swim_hard *from)
{
	struct swim_cell *cell = from->cell;

	if (unlikely(!cell))
		return -SWIM_ECLEARED;
	if (unlikely(to->cell))
		return -SWIM_EOCCUPIED;
	/* There are fewer tasks than there is room: nobody who has looked exceeds the limit. */
	if (BITS_PER_LONG == 32 ||
	    unlikely((unsigned long)atomic_long_read(&cell->status) >> SWIM_HARD_SHIFT >
		     SWIM_HARD_MAX / 2))
		return __swim_counted_turn(&to->cell, SWIM_KIND_HARD,
					   (struct swim_cell **)&from->cell, SWIM_KIND_HARD,
					   false);
	atomic_long_add(SWIM_HARD_ONE, &cell->status);
	to->cell = cell;
	return 0;
}

/**
 * swim_hard_drop - the end of a lease that keeps the object alive
 * @hard: owned by the caller; empty afterwards
 *
 * The last strong one drops the object with all that it owns.
 *
 * Context: Any but NMI.
 * Return: 0; -ENOENT when it owns nothing. (Model: leases, drop)
 */
static inline int swim_hard_drop(struct swim_hard *hard)
{
	struct swim_cell *cell = hard->cell;
	unsigned long status;

	if (unlikely(!cell))
		return -SWIM_ECLEARED;
	status = atomic_long_read(&cell->status);
	do {
		if (unlikely(status >> SWIM_HARD_SHIFT == 1))
			return swim_hard_drop_slow(hard);
		/* What this owner did comes before the last one's drop. */
	} while (unlikely(!atomic_long_try_cmpxchg_release(&cell->status, &status,
							   status - SWIM_HARD_ONE)));
	hard->cell = NULL;
	return 0;
}

/**
 * swim_soft_drop - the end of a lease that did not keep the object alive
 * @soft: owned by the caller; empty afterwards
 *
 * Context: Any but NMI.
 * Return: 0; -ENOENT when it leads to nothing. (Model: leases, drop)
 */
static inline int swim_soft_drop(struct swim_soft *soft)
{
	return swim_soft_drop_slow(soft);
}

/**
 * swim_ref_drop - the end of a lease that reads
 * @ref: owned by the caller; empty afterwards
 *
 * Context: Any but NMI.
 * Return: as swim_hard_drop(). (Model: leases, drop)
 */
static inline int swim_ref_drop(struct swim_ref *ref)
{
	return swim_ref_drop_slow(ref);
}

/**
 * swim_mut_drop - the end of a lease that writes
 * @mut: owned by the caller; empty afterwards
 *
 * Context: Any but NMI.
 * Return: as swim_hard_drop(). (Model: leases, drop)
 */
static inline int swim_mut_drop(struct swim_mut *mut)
{
	return swim_mut_drop_slow(mut);
}

/**
 * swim_hard_to_unique - the only lease of what a lease leads to
 * @to: empty
 * @from: owned by the caller; empty afterwards
 * @hold: where a copy lives, if one has to be made because others have leases too
 * @gfp: what to do when the hold must grow for it
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -EEXIST, -ENOENT; -EBUSY while somebody has a Mut; -EINPROGRESS, -EAGAIN;
 * -EOPNOTSUPP when a copy is needed and the type has no clone; -ENOMEM. (Model: leases, unique)
 */
static inline int __must_check swim_hard_to_unique(struct swim_mut *to, struct swim_hard *from,
						   struct swim_hold *hold, gfp_t gfp)
{
	return __swim_counted_unique(to, from, hold, gfp);
}

/**
 * swim_ref_get - what a Ref leads to
 * @ref: owns something
 *
 * Context: Any. Return: the payload, until the lease is dropped or turned into another.
 */
static inline const void *swim_ref_get(const struct swim_ref *ref)
{
	return __swim_counted_payload(ref->cell);
}

/**
 * swim_mut_get - what a Mut leads to
 * @mut: owns something
 *
 * Context: Any. Return: the payload, until the lease is dropped or turned into another.
 */
static inline void *swim_mut_get(const struct swim_mut *mut)
{
	return __swim_counted_payload(mut->cell);
}

#undef __SWIM_COUNTED
#undef __SWIM_COUNTED_NEW
#undef __SWIM_COUNTED_TURN

/*
 * The same for one resident, so that a lease of another one does not compile:
 * swim_hard_box_clone(), swim_soft_buf_to_hard(), ...
 */
#define SWIM_COUNTED_RESIDENT(resident)						\
	SWIM_TRANSITIONS(__SWIM_RESIDENT_TURN, resident)			\
	__SWIM_RESIDENT_KIND(resident, mut)					\
	__SWIM_RESIDENT_KIND(resident, ref)					\
	__SWIM_RESIDENT_KIND(resident, hard)					\
	__SWIM_RESIDENT_KIND(resident, soft)					\
	__SWIM_RESIDENT_CLONE(resident, ref)					\
	__SWIM_RESIDENT_CLONE(resident, hard)					\
	__SWIM_RESIDENT_CLONE(resident, soft)					\
	__SWIM_RESIDENT_UNIQUE(resident)

#define __SWIM_RESIDENT_TURN(resident, from, FROM, verb, to, TO, how, into)	\
static inline int __must_check							\
swim_##from##_##resident##_##verb##_##to(struct swim_##to##_##resident *made,	\
					 struct swim_##from##_##resident *of)	\
{										\
	return swim_##from##_##verb##_##to(&made->to, &of->from);		\
}

#define __SWIM_RESIDENT_KIND(resident, kind)					\
static inline int swim_##kind##_##resident##_drop(struct swim_##kind##_##resident *lease) \
{										\
	return swim_##kind##_drop(&lease->kind);				\
}										\
										\
static inline int __must_check							\
swim_##kind##_##resident##_move(struct swim_##kind##_##resident *to,		\
				struct swim_##kind##_##resident *from)		\
{										\
	return swim_##kind##_move(&to->kind, &from->kind);			\
}										\
										\
static inline void								\
swim_##kind##_##resident##_counts(const struct swim_##kind##_##resident *lease,	\
				  struct swim_counts *counts)			\
{										\
	swim_##kind##_counts(&lease->kind, counts);				\
}										\
										\
__SWIM_RESIDENT_IS(resident, kind, empty)					\
__SWIM_RESIDENT_IS(resident, kind, mut)						\
__SWIM_RESIDENT_IS(resident, kind, aliased)					\
__SWIM_RESIDENT_IS(resident, kind, relocating)

#define __SWIM_RESIDENT_IS(resident, kind, what)				\
static inline bool								\
swim_##kind##_##resident##_is_##what(const struct swim_##kind##_##resident *lease) \
{										\
	return swim_##kind##_is_##what(&lease->kind);				\
}

#define __SWIM_RESIDENT_CLONE(resident, kind)					\
static inline int __must_check							\
swim_##kind##_##resident##_clone(struct swim_##kind##_##resident *to,		\
				 struct swim_##kind##_##resident *from)		\
{										\
	return swim_##kind##_clone(&to->kind, &from->kind);			\
}

#define __SWIM_RESIDENT_UNIQUE(resident)					\
static inline int __must_check							\
swim_hard_##resident##_to_unique(struct swim_mut_##resident *to,		\
				 struct swim_hard_##resident *from,		\
				 struct swim_hold *hold, gfp_t gfp)		\
{										\
	return swim_hard_to_unique(&to->mut, &from->hard, hold, gfp);		\
}

#endif
