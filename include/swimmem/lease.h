/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lease: ownership of, and access to, one object. The six kinds, and in them the three
 * residents; what can be done with each is in the header of its name.
 *
 *			exclusive		counted
 *			Raw	Ptr		Mut	Ref	Hard	Soft
 *	box, buf,	beside	inside		a cell with the counts, and the
 *	string		the	the		address; the metadata inside
 *			pointer	object		the object
 *
 * A zeroed lease owns nothing. Where an object is changes at any time but while it is pinned or
 * read under RCU: for sparse the address in a lease is in an address space of its own, and to use
 * it as it is gives a warning.
 */
#ifndef SWIMMEM_LEASE_H
#define SWIMMEM_LEASE_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/types.h>

#if defined(__CHECKER__) && !defined(__swim)
#define __swim	__attribute__((noderef, address_space(__swim)))
#elif !defined(__swim)
#define __swim
#endif

/**
 * struct swim_raw - exclusive lease, its metadata beside the pointer
 * @object: where the object is now; private
 * @meta: its size or its type; private
 */
struct swim_raw {
	void __swim *object;
	unsigned long meta;
} __aligned(8);

/**
 * struct swim_ptr - exclusive lease, its metadata inside the object
 * @object: where the object is now; private
 */
struct swim_ptr {
	void __swim *object;
} __aligned(8);

/**
 * struct swim_cell - what all counted leases of one object lead to; private
 * @status: the counts, see below
 * @object: where the object is now
 */
struct swim_cell {
	atomic_long_t status;
	void __swim *object;
} __aligned(8);

/**
 * struct swim_mut - counted lease, at most one: may write, keeps the object in place
 * @cell: private
 */
struct swim_mut {
	struct swim_cell *cell;
} __aligned(8);

/**
 * struct swim_ref - counted lease, one of many: may read, keeps the object in place
 * @cell: private
 */
struct swim_ref {
	struct swim_cell *cell;
} __aligned(8);

/**
 * struct swim_hard - counted lease: keeps the object alive
 * @cell: private
 */
struct swim_hard {
	struct swim_cell *cell;
} __aligned(8);

/**
 * struct swim_soft - counted lease: knows when the object is gone
 * @cell: private
 */
struct swim_soft {
	struct swim_cell *cell;
} __aligned(8);

/*
 * A cell's status: how many leases of which kind, and whether somebody else is at the object.
 * One word has all of it, so on 32-bit an object has up to 4095 strong leases, as many Soft ones,
 * and 63 Refs; on 64-bit 16777215 and 16383.
 */
#if BITS_PER_LONG == 64
#define SWIM_HARD_BITS	24
#define SWIM_REF_BITS	14
#else
#define SWIM_HARD_BITS	12
#define SWIM_REF_BITS	6
#endif
#define SWIM_SOFT_BITS	SWIM_HARD_BITS

#define SWIM_BUSY	BIT(0)		/* a mover has it, or it is being dropped */
#define SWIM_MUT_ONE	BIT(1)
#define SWIM_REF_SHIFT	2
#define SWIM_SOFT_SHIFT	(SWIM_REF_SHIFT + SWIM_REF_BITS)
#define SWIM_HARD_SHIFT	(SWIM_SOFT_SHIFT + SWIM_SOFT_BITS)
#define SWIM_REF_ONE	BIT(SWIM_REF_SHIFT)
#define SWIM_SOFT_ONE	BIT(SWIM_SOFT_SHIFT)
#define SWIM_HARD_ONE	BIT(SWIM_HARD_SHIFT)

#define SWIM_HARD_MAX	(BIT(SWIM_HARD_BITS) - 1)
#define SWIM_SOFT_MAX	(BIT(SWIM_SOFT_BITS) - 1)
#define SWIM_REF_MAX	(BIT(SWIM_REF_BITS) - 1)

static_assert(SWIM_HARD_SHIFT + SWIM_HARD_BITS == BITS_PER_LONG);

/**
 * struct swim_counts - how many leases of which kind an object has
 * @hard: strong ones: every Hard, Ref and Mut is one
 * @soft: Soft ones
 * @ref: Ref ones
 * @mut: is there a Mut?
 * @relocating: is the object being moved just now, or dropped? Then no Ref and no Mut comes
 */
struct swim_counts {
	unsigned int hard;
	unsigned int soft;
	unsigned int ref;
	bool mut;
	bool relocating;
};

/* How a type tells what kind of lease a member is: in the low bits of its offset. */
enum swim_lease_kind {
	SWIM_KIND_RAW,
	SWIM_KIND_PTR,
	SWIM_KIND_MUT,
	SWIM_KIND_REF,
	SWIM_KIND_HARD,
	SWIM_KIND_SOFT,
};

#define SWIM_KIND_MASK	0x7U

/**
 * struct swim_box - Raw lease of one value
 * @raw: the lease
 */
struct swim_box {
	struct swim_raw raw;
};

/**
 * struct swim_buf - Raw lease of an array that can grow
 * @raw: the lease
 * @len: elements in it
 * @cap: elements that it has room for
 */
struct swim_buf {
	struct swim_raw raw;
	u32 len;
	u32 cap;
};

/**
 * struct swim_string - Raw lease of a text that can grow
 * @buf: its bytes; the NUL at the end is one of those that there is room for
 */
struct swim_string {
	struct swim_buf buf;
};

/* The other five of a resident. */
#define __SWIM_RESIDENT(resident)						\
	struct swim_ptr_##resident { struct swim_ptr ptr; };			\
	struct swim_mut_##resident { struct swim_mut mut; };			\
	struct swim_ref_##resident { struct swim_ref ref; };			\
	struct swim_hard_##resident { struct swim_hard hard; };			\
	struct swim_soft_##resident { struct swim_soft soft; }

__SWIM_RESIDENT(box);
__SWIM_RESIDENT(buf);
__SWIM_RESIDENT(string);

#undef __SWIM_RESIDENT

#endif
