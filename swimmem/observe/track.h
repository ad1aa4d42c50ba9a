/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Track: what a debug pool keeps behind each object: a red zone, and where the object was
 * allocated and dropped.
 *
 *	| tag | payload, as its size says | zone | born gone | check | next tag ...
 *
 * Neither fast path knows of it: the CPUs of a debug pool have no hunks of their own, so
 * whatever is allocated or freed there takes the slow path, as in a pool of few hunks. Slow
 * paths ask swim_pool_trailer(), behind a static key that is off when there is no such pool.
 *
 * The words change hands with the tag: who may write that may write these.
 */
#ifndef SWIMMEM_OBSERVE_TRACK_H
#define SWIMMEM_OBSERVE_TRACK_H

#include <linux/jump_label.h>
#include <linux/types.h>

/**
 * struct swim_track - behind the payload of an object
 * @zone: which of its three lives the object is in, mixed with the address
 * @born: stack that allocated it, or stowed or cloned it to here; 0 when not known
 * @gone: stack that dropped it
 * @check: tells whether the stacks are what was written
 */
struct swim_track {
	unsigned long zone;
	u32 born;
	u32 gone;
	unsigned long check;
} __aligned(8);

extern bool swim_debug;
DECLARE_STATIC_KEY_FALSE(swim_debug_key);

size_t swim_track_begin(void);
void swim_track_end(size_t trailer);
u32 swim_stack_save(void);
void swim_track_new(void *object, size_t size);
void swim_track_move(void *to, void *from, size_t size);
void swim_track_resize(void *object, size_t before, size_t size);
void swim_track_drop(void *object, size_t size, bool poison);
void swim_track_check(void *object, size_t size);
bool swim_track_is_gone(const struct swim_track *past, const void *at);
bool swim_track_past(const void *object, size_t size, struct swim_track *past);

#endif
