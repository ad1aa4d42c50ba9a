/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address space: gives out page-aligned extents of one range of memory.
 *
 *	alloc, free, stats	any context but NMI, on every CPU at once
 *	grow, trim		any context but NMI; grow may sleep when its gfp says so
 *	create, add, destroy	process context; destroy alone with its space
 */
#ifndef SWIMMEM_SPACE_H
#define SWIMMEM_SPACE_H

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <swimmem/heap.h>
#include <swimmem/segment.h>

#define SWIM_NAME_MAX		32
#define SWIM_REGIONS		BITS_PER_LONG
#define SWIM_STATIC_SEGMENTS	BITS_PER_LONG

/* Bytes that a space can have: 256 GiB, or on 32-bit what is below 2 GiB in frames. */
#if BITS_PER_LONG == 64
#define SWIM_SPACE_MAX		(256UL * SZ_1G)
#else
#define SWIM_SPACE_MAX		(SZ_2G - SWIM_FRAME_SIZE)
#endif

/* And a static one: 126 MiB, on 32-bit 62 MiB. */
#define SWIM_STATIC_SPACE_MAX	((SWIM_STATIC_SEGMENTS - 1) * (size_t)SWIM_SEGMENT_SIZE)

struct dentry;
struct swim_region;

struct swim_space_cpu {
	struct swim_segment *preferred;	/* this CPU tries it first; may be NULL */
	long live;			/* extents given out less those taken back, here */
};

/**
 * struct swim_space - an address space; its members are private
 * @heap: what it is as a heap
 * @name: its folder in debugfs
 * @limit: bytes that it may grow to
 * @size: bytes that it has
 * @room: a bit for each region (page-backed) or segment (static) that may have an
 *	  extent of this order; the last one, absent frames that may be filled
 * @region: the tables of a page-backed space
 * @segment: the segments of a static space, else NULL
 * @fixed: the memory of a static space
 * @node: where pages come from, or NUMA_NO_NODE
 * @cpu: what each CPU keeps
 * @clean: held by the one who compacts a pool in it
 * @link: in the list of all spaces
 * @dir: in debugfs
 */
struct swim_space {
	struct swim_heap heap;
	char name[SWIM_NAME_MAX];
	size_t limit;
	atomic_long_t size;
	unsigned long room[SWIM_ORDERS + 1];
	struct swim_region *region[SWIM_REGIONS];
	struct swim_segment *segment;
	struct swim_block fixed;
	int node;
	struct swim_space_cpu __percpu *cpu;
	struct mutex clean;	/* and what a cleaner has */
	struct list_head link;
	struct dentry *dir;
};

/**
 * struct swim_space_stats - a space in numbers
 * @limit: bytes that it may grow to
 * @size: bytes that it has
 * @used: bytes in extents
 * @live: extents
 * @segments: segments that it has
 */
struct swim_space_stats {
	size_t limit;
	size_t size;
	size_t used;
	long live;
	unsigned int segments;
};

static_assert(offsetof(struct swim_space, heap) == 0);

extern const struct swim_heap_ops swim_space_heap_ops;

#define __SWIM_STATIC_SEGMENTS(bytes)	(((bytes) + SWIM_SEGMENT_SIZE - 1) / SWIM_SEGMENT_SIZE + 1)

/**
 * DEFINE_SWIM_SPACE - declare a static space
 * @_name: of the variable and of the space
 * @_bytes: its size, a multiple of the page, at most SWIM_STATIC_SPACE_MAX
 *
 * The memory is part of the module that declares it: no page allocator is
 * asked, ever. swim_space_add() makes it usable. Hunks are aligned to 64 KiB,
 * so up to 64 KiB at each end serve smaller extents only.
 */
#define DEFINE_SWIM_SPACE(_name, _bytes)						\
	static_assert((_bytes) > 0 && (_bytes) % PAGE_SIZE == 0);			\
	static_assert((_bytes) <= SWIM_STATIC_SPACE_MAX);				\
	static char _name##_fixed[_bytes] __aligned(PAGE_SIZE);				\
	static struct swim_segment _name##_segment[__SWIM_STATIC_SEGMENTS(_bytes)];	\
	static DEFINE_PER_CPU(struct swim_space_cpu, _name##_cpu);			\
	static struct swim_space _name = {						\
		.heap.ops = &swim_space_heap_ops,					\
		.name = #_name,								\
		.limit = (_bytes),							\
		.segment = _name##_segment,						\
		.fixed = { _name##_fixed, (_bytes) },					\
		.cpu = &_name##_cpu,							\
		.clean = __MUTEX_INITIALIZER(_name.clean),				\
	}

struct swim_space *__must_check swim_space_create(const char *name, size_t limit);
struct swim_space *__must_check swim_space_create_node(const char *name, size_t limit, int node);
int __must_check swim_space_add(struct swim_space *space);
int swim_space_destroy(struct swim_space *space);

int __must_check swim_space_alloc(struct swim_space *space, size_t size, gfp_t gfp,
				  struct swim_block *block);
int swim_space_free(struct swim_space *space, const struct swim_block *block);
int __must_check swim_space_grow(struct swim_space *space, gfp_t gfp);
size_t swim_space_trim(struct swim_space *space);
void swim_space_stats(struct swim_space *space, struct swim_space_stats *stats);

/**
 * swim_space_heap - the space as a heap
 * @space: any; an error pointer stays one
 */
static inline struct swim_heap *swim_space_heap(struct swim_space *space)
{
	return &space->heap;
}

#endif
