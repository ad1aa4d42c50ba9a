/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pack: a hold that allocates by bumping a mark in one block: of any memory, static or on
 * the stack. Objects that are freed last-in-first-out give their bytes back at once, and so
 * does the last one; others when those behind them are gone and all is free.
 *
 *	alloc, free, stats	any context but NMI, on every CPU at once, lock-free
 *	create, destroy		any context; destroy alone with its pack
 */
#ifndef SWIMMEM_PACK_H
#define SWIMMEM_PACK_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/sizes.h>
#include <swimmem/block.h>
#include <swimmem/hold.h>

/* Bytes of tags and objects: 8 MiB less 8. */
#define SWIM_PACK_MAX		(SZ_8M - 8)

/**
 * struct swim_pack - the begin of a pack's block; its members are private
 * @hold: what clients allocate from
 * @end: its end, in units of 8 bytes from here on
 * @state: where the mark is, how many objects live, and how much is dead
 * @nothings: objects of size 0
 * @slot: tag of the one object of size 0, which stands where the memory begins
 * @memory: tags and objects
 */
struct swim_pack {
	struct swim_hold hold;
	unsigned long end;
	atomic64_t state;
	atomic_long_t nothings;
	unsigned long slot[8 / sizeof(long)] __aligned(8);
	char memory[];
};

/**
 * struct swim_pack_stats - a pack in numbers
 * @size: bytes that it has for tags and objects
 * @free: bytes beyond the mark
 * @used: bytes of objects, without tags, each rounded up to 8
 * @live: objects
 */
struct swim_pack_stats {
	size_t size;
	size_t free;
	size_t used;
	long live;
};

extern const struct swim_hold_ops swim_pack_hold_ops;

/* The state of a pack in which nothing lives. */
#define __SWIM_PACK_EMPTY	(sizeof(struct swim_pack) / 8)

#define __SWIM_PACK(_name, _bytes)						\
	static_assert((_bytes) % 8 == 0 && (_bytes) <= SWIM_PACK_MAX);		\
	static union {								\
		struct swim_pack pack;						\
		char block[sizeof(struct swim_pack) + (_bytes)];		\
	} _name = {								\
		.pack = {							\
			.hold.ops = &swim_pack_hold_ops,			\
			.end = __SWIM_PACK_EMPTY + (_bytes) / 8,		\
			.state = ATOMIC64_INIT(__SWIM_PACK_EMPTY),		\
		},								\
	}

/**
 * DEFINE_SWIM_PACK - declare a static pack, ready for use
 * @_name: of the pointer to it
 * @_bytes: for tags and objects, a multiple of 8
 */
#define DEFINE_SWIM_PACK(_name, _bytes)						\
	__SWIM_PACK(__##_name, _bytes);						\
	static struct swim_pack *const _name = &__##_name.pack

struct swim_pack *__must_check swim_pack_create(const struct swim_block *block);
int swim_pack_destroy(struct swim_pack *pack);
void *__must_check swim_pack_alloc(struct swim_pack *pack, size_t size);
void swim_pack_stats(struct swim_pack *pack, struct swim_pack_stats *stats);

/**
 * swim_pack_hold - the pack as a hold
 * @pack: any
 */
static inline struct swim_hold *swim_pack_hold(struct swim_pack *pack)
{
	return &pack->hold;
}

#endif
