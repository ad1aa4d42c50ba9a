// SPDX-License-Identifier: GPL-2.0-only
/*
 * Track: writes and checks what a debug pool keeps behind each object. track.h has the
 * picture.
 *
 *	LIVE	from its allocation on
 *	DEAD	dropped; its payload is poison
 *	LEFT	dropped or moved away; its payload is as it was, for readers
 */
#include <linux/gfp.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/poison.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include "../alloc/poison.h"
#include "../alloc/segment.h"
#include "../alloc/tag.h"
#include "../compat.h"
#include "../lease/lease.h"
#include "report.h"
#include "track.h"

bool swim_debug;
module_param_named(debug, swim_debug, bool, 0644);
MODULE_PARM_DESC(debug, "pools made from now on find out what their clients do wrong (default: N)");
EXPORT_SYMBOL_SWIM_KUNIT(swim_debug);

DEFINE_STATIC_KEY_FALSE(swim_debug_key);
EXPORT_SYMBOL_SWIM_KUNIT(swim_debug_key);

#define STACK_DEPTH	24

/* They differ in every byte, from each other as well. */
#define ZONE_LIVE	REPEAT_BYTE(0xb1UL)
#define ZONE_DEAD	REPEAT_BYTE(0xd2UL)
#define ZONE_LEFT	REPEAT_BYTE(0xe4UL)

static_assert(sizeof(struct swim_track) % SWIM_OBJECT_ALIGN == 0);

/**
 * swim_track_begin - before a pool is made
 *
 * Context: Process, may sleep.
 * Return: bytes that it keeps behind each object; 0 unless it is to be a debug pool.
 */
size_t swim_track_begin(void)
{
	if (!READ_ONCE(swim_debug))
		return 0;
	swim_stack_init();
	static_branch_inc(&swim_debug_key);
	return sizeof(struct swim_track);
}

/**
 * swim_track_end - after a pool is gone
 * @trailer: what swim_track_begin() said
 */
void swim_track_end(size_t trailer)
{
	if (trailer)
		static_branch_dec(&swim_debug_key);
}

/* This stack, from who called swimmem on: by that is grouped. 0 where there is none. */
noinline u32 swim_stack_save(void)
{
	unsigned long entries[STACK_DEPTH];
	unsigned int n = swim_stack_walk(entries, STACK_DEPTH, 0), own = 0;

	while (own < n && within_module(entries[own], THIS_MODULE))
		own++;
	/* An interrupt's stack may have nobody else on it. */
	if (own == n)
		own = 0;
	/* The kernel's store of stacks asks for pages, too. */
	return swim_pages_allowed() ? swim_stack_store(entries + own, n - own) : 0;
}

static unsigned long check_of(const void *at, u32 born, u32 gone)
{
	u64 mixed = (swim_secret ^ (unsigned long)at ^ ((u64)born << 32 | gone)) * GOLDEN_RATIO_64;

	/* The upper bits depend on all of it. */
	return mixed >> (64 - BITS_PER_LONG);
}

static bool zone_is(const struct swim_track *track, unsigned long zone)
{
	return track->zone == (zone ^ (unsigned long)track);
}

static void write(struct swim_track *track, unsigned long zone, u32 born, u32 gone)
{
	*track = (struct swim_track){
		.zone = zone ^ (unsigned long)track,
		.born = born,
		.gone = gone,
		.check = check_of(track, born, gone),
	};
}

/* Where it was allocated, unless that was overwritten. */
static u32 born_of(const struct swim_track *track)
{
	return track->check == check_of(track, track->born, track->gone) ? track->born : 0;
}

static noinline void report_overflow(const void *object, size_t size, u32 born, bool dropped,
				     u32 gone)
{
	if (!swim_report_begin("overflow behind object %p of %zu bytes", object, size))
		return;
	swim_report_stack("allocated", born);
	if (dropped)
		swim_report_stack("dropped", gone);
	/* That was here. */
	if (!gone)
		swim_report_end();
}

static void check_zone(const void *object, size_t size, bool dropped, u32 gone)
{
	const struct swim_track *track = object + size;

	if (!zone_is(track, ZONE_LIVE))
		report_overflow(object, size, born_of(track), dropped, gone);
}

/**
 * swim_track_new - the beginning of an object
 * @object: the object
 * @size: its bytes, a multiple of 8
 */
noinline void swim_track_new(void *object, size_t size)
{
	write(object + size, ZONE_LIVE, swim_stack_save(), 0);
}

/**
 * swim_track_move - an object has moved in its pool
 * @to: the copy
 * @from: where it was
 * @size: its bytes, a multiple of 8
 */
void swim_track_move(void *to, void *from, size_t size)
{
	u32 born = born_of(from + size);

	check_zone(from, size, false, 0);
	write(to + size, ZONE_LIVE, born, 0);
	write(from + size, ZONE_LEFT, born, 0);
}

/**
 * swim_track_resize - an object has another size
 * @object: the object
 * @before: its bytes
 * @size: its bytes from now on; both multiples of 8
 *
 * What it has no more, and what was kept behind it, is zero then.
 */
void swim_track_resize(void *object, size_t before, size_t size)
{
	const size_t from = min(before, size);
	u32 born = born_of(object + before);

	check_zone(object, before, false, 0);
	memset(object + from, 0, before + sizeof(struct swim_track) - from);
	write(object + size, ZONE_LIVE, born, 0);
}

/**
 * swim_track_drop - the end of an object
 * @object: the object
 * @size: its bytes, a multiple of 8
 * @poison: no reader can be left in it
 */
noinline void swim_track_drop(void *object, size_t size, bool poison)
{
	u32 born = born_of(object + size), gone = swim_stack_save();

	check_zone(object, size, true, gone);
	if (poison)
		memset(object, POISON_FREE, size);
	write(object + size, poison ? ZONE_DEAD : ZONE_LEFT, born, gone);
}

/* The first byte that was changed in a dropped object; NULL when none was. */
static const void *written_at(const void *object, size_t size)
{
	const struct swim_track *track = object + size;
	const void *at = NULL;

	if (zone_is(track, ZONE_LEFT))
		return NULL;
	swim_unpoison(object, size);
	at = memchr_inv(object, POISON_FREE, size);
	swim_poison(object, size);
	return at ?: zone_is(track, ZONE_DEAD) ? NULL : track;
}

/**
 * swim_track_check - has somebody written to an object after its drop?
 * @object: the object, DEAD, in a hunk that the caller has to himself
 * @size: its bytes, a multiple of 8
 */
void swim_track_check(void *object, size_t size)
{
	struct swim_track *track = object + size, past = {};
	const void *at = written_at(object, size);

	if (!at)
		return;
	swim_track_past(object, size, &past);
	/* Once. */
	write(track, ZONE_LEFT, past.born, past.gone);
	if (!swim_report_begin("object %p of %zu bytes written to after its drop, at byte %zu",
			       object, size, (size_t)(at - (const void *)object)))
		return;
	swim_report_stack("allocated", past.born);
	swim_report_stack("dropped", past.gone);
	swim_report_end();
}

/* Does what is known of an object say that it was dropped? @at: where that stood. */
bool swim_track_is_gone(const struct swim_track *past, const void *at)
{
	unsigned long zone = past->zone ^ (unsigned long)at;

	return zone == ZONE_DEAD || zone == ZONE_LEFT;
}

/**
 * swim_track_past - what is known of an object
 * @object: the object, of any hold
 * @size: its bytes, a multiple of 8, as far as its tag tells
 * @past: where it was allocated and dropped
 *
 * Return: false when there is nothing behind it that says so.
 */
bool swim_track_past(const void *object, size_t size, struct swim_track *past)
{
	return swim_peek(object + size, past, sizeof(*past)) &&
	       past->check == check_of(object + size, past->born, past->gone);
}
