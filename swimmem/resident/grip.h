/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SWIMMEM_RESIDENT_GRIP_H
#define SWIMMEM_RESIDENT_GRIP_H

#include <swimmem/buf.h>

#include "../lease/lease.h"

/**
 * struct swim_grip - an array that the caller has to himself
 * @slot: the lease, or the cell
 * @kind: of tag that it makes
 * @object: the object
 * @body: len and cap
 * @type: of the elements
 */
struct swim_grip {
	void *slot;
	enum swim_tag_kind kind;
	void *object;
	struct swim_body *body;
	const struct swim_type *type;
};

/* A byte of a string, whose cap counts the NUL. */
extern const struct swim_type swim_text_type;

int swim_grip_take(struct swim_grip *grip, void *slot, enum swim_lease_kind kind, bool text);
int swim_grip_pin(struct swim_grip *grip, void *slot, enum swim_lease_kind kind, bool text);
int swim_grip_resettle(struct swim_grip *grip, u32 cap, gfp_t gfp);
int swim_grip_reserve(struct swim_grip *grip, u64 cap, gfp_t gfp);
int swim_grip_room(struct swim_grip *grip, u64 len, gfp_t gfp);
int swim_grip_new(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
		  const struct swim_type *type, u64 cap, gfp_t gfp);
int swim_grip_copy(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
		   const struct swim_type *type, u64 cap, const void *values, u32 n, gfp_t gfp);

static inline void swim_grip_let_go(const struct swim_grip *grip)
{
	if (grip->kind != SWIM_TAG_COUNTED) {
		__swim_unpin(grip->slot, grip->kind);
		swim_step(TAG_UNPIN);
	}
}

/* The place of the @n-th element, which need not be there. */
static inline void *swim_grip_at(const struct swim_grip *grip, u32 n)
{
	return grip->object + swim_body_front(grip->body, grip->kind) +
	       (size_t)n * grip->type->size;
}

/* Bytes of the object when it has room for @cap elements. */
static inline size_t swim_grip_size(const struct swim_grip *grip, u32 cap)
{
	return swim_body_front(grip->body, grip->kind) +
	       round_up((size_t)cap * grip->type->size, SWIM_OBJECT_ALIGN);
}

/* Does something stand in the array itself, which is about to change? */
static inline bool swim_grip_has(const struct swim_grip *grip, const void *at)
{
	return (size_t)(at - grip->object) < swim_grip_size(grip, grip->body->cap);
}

#endif
