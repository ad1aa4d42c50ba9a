/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peer: an allocator that is measured, swimmem's own ways and those of the kernel, each with the
 * same operations. What is timed has them inlined: each peer has its own loops.
 */
#ifndef SWIMMEM_BENCH_PEER_H
#define SWIMMEM_BENCH_PEER_H

#include <linux/types.h>

/* Before the inline functions of swimmem: on user-mode Linux they are to be as on x86. */
#include "../swimmem/compat.h"

#include <swimmem/swimmem.h>

#include "bench.h"

/* One object of any peer; all zero when there is none. */
union bench_object {
	void *plain;
	unsigned long handle;
	struct swim_raw raw;
	struct swim_ptr ptr;
	struct swim_mut mut;
	struct swim_ref ref;
	struct swim_hard hard;
};

/* Bytes of the next object that is allocated, and of those that are freed. */
extern size_t bench_size;

/**
 * struct bench_peer - an allocator
 * @name: in the figures
 * @least: bytes of the smallest object
 * @most: bytes of the largest one
 * @objects: it has memory for so many; 0: for any number
 * @begin: before the first object; for objects of bench_size, where they are all of one
 * @end: behind the last one; an errno when something is left
 * @pairs: allocate and free, so many times; whether all went well
 * @alone: the same, and how many ticks each pair took
 * @fill: allocate so many
 * @drain: free so many, in an order, or as they come
 * @map: the address of an object, which stays until @unmap; NULL: it cannot be written
 * @unmap: let go of it
 * @write: this into each byte of an object, where @map gives it to be read only; else NULL
 * @held: bytes that it has from the system; NULL: nobody knows
 * @compact: as far as it goes; NULL: it cannot
 */
struct bench_peer {
	const char *name;
	size_t least, most;
	unsigned int objects;
	int (*begin)(void);
	int (*end)(void);
	bool (*pairs)(unsigned int n);
	bool (*alone)(u64 *took, unsigned int n);
	bool (*fill)(union bench_object *object, unsigned int n);
	bool (*drain)(union bench_object *object, const u32 *order, unsigned int n);
	void *(*map)(union bench_object *object);
	void (*unmap)(union bench_object *object);
	void (*write)(union bench_object *object, u8 byte);
	size_t (*held)(void);
	int (*compact)(void);
};

static __always_inline bool bench_pairs(bool (*get)(union bench_object *object),
					bool (*put)(union bench_object *object), unsigned int n)
{
	union bench_object object = {};

	for (; n; n--)
		if (unlikely(!get(&object) || !put(&object)))
			return false;
	return true;
}

static __always_inline bool bench_alone(bool (*get)(union bench_object *object),
					bool (*put)(union bench_object *object), u64 *took,
					unsigned int n)
{
	union bench_object object = {};
	unsigned int i;

	for (i = 0; i < n; i++) {
		u64 begin = bench_ticks();

		if (unlikely(!get(&object) || !put(&object)))
			return false;
		took[i] = bench_ticks() - begin;
	}
	return true;
}

static __always_inline bool bench_fill(bool (*get)(union bench_object *object),
				       union bench_object *object, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (unlikely(!get(&object[i])))
			return false;
	return true;
}

static __always_inline bool bench_drain(bool (*put)(union bench_object *object),
					union bench_object *object, const u32 *order,
					unsigned int n)
{
	bool right = true;
	unsigned int i;

	for (i = 0; i < n; i++) {
		union bench_object *one = &object[order ? order[i] : i];

		right &= put(one);
		one->plain = NULL;
	}
	return right;
}

/* A peer out of NAME_get() and NAME_put(); the rest as members of the structure. */
#define BENCH_PEER(_name, ...)							\
static bool _name##_pairs(unsigned int n)					\
{										\
	return bench_pairs(_name##_get, _name##_put, n);			\
}										\
static bool _name##_alone(u64 *took, unsigned int n)				\
{										\
	return bench_alone(_name##_get, _name##_put, took, n);			\
}										\
static bool _name##_fill(union bench_object *object, unsigned int n)		\
{										\
	return bench_fill(_name##_get, object, n);				\
}										\
static bool _name##_drain(union bench_object *object, const u32 *order, unsigned int n) \
{										\
	return order ? bench_drain(_name##_put, object, order, n) :		\
		       bench_drain(_name##_put, object, NULL, n);		\
}										\
const struct bench_peer bench_##_name = {					\
	.name = #_name, .pairs = _name##_pairs, .alone = _name##_alone,		\
	.fill = _name##_fill, .drain = _name##_drain, __VA_ARGS__		\
}

/* What swimmem has: without a lease, under each kind of lease, in a pack, in a slab. */
extern const struct bench_peer bench_pool, bench_raw, bench_ptr, bench_hard, bench_ref, bench_mut,
	bench_pack, bench_slab;
/* What the kernel has. */
extern const struct bench_peer bench_kmem_cache, bench_kmem_cache_zeroed, bench_kmem_cache_bulk,
	bench_kmalloc, bench_zsmalloc, bench_genalloc, bench_mempool, bench_page_frag,
	bench_alloc_pages;
/* What gives extents of whole pages: extents.c. */
extern const struct bench_peer bench_space, bench_range;
/* The limits: a loop that does nothing, and one that only zeroes so many bytes. */
extern const struct bench_peer bench_nothing, bench_memset;

/* Those of swimmem share one pool in one space, which are there between begin and end. */
struct swim_pool *bench_home(void);
struct swim_space *bench_home_space(void);

/* That of zsmalloc, between begin and end. */
struct zs_pool *bench_zsmalloc_pool(void);

void bench_kmalloc_shrink(void);

static inline bool bench_peer_takes(const struct bench_peer *peer, size_t size)
{
	return peer->least <= size && size <= peer->most;
}

bool bench_peer_write(const struct bench_peer *peer, union bench_object *object, u8 byte);
bool bench_peer_right(const struct bench_peer *peer, union bench_object *object, u8 byte);
int bench_peer_check(const struct bench_peer *peer, union bench_object *objects, unsigned int n);

#endif
