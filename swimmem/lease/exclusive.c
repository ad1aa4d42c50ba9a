// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exclusive: what the owner of a Raw or a Ptr lease does. All of its state is in the
 * object's tag (tag.h); the lease itself is a pointer that a mover may change while the
 * object is VISITED, and the owner at any other time.
 *
 * The owner takes the object by its tag, OWNED (or INNER) by this lease to PINNED, DROPPING,
 * GOING or unwritten. When that fails he looks why:
 *
 *	VISITED		a mover copies it: ask for it, look again. The mover has interrupts
 *			off and looks at "asked" after each cache line
 *	lease changed	it has moved: try at the new place
 *	else		the owner's mistake
 *
 * Between reading the lease and taking the tag the object may move, and its old hunk must
 * not be used for something else: preemption is off, which is a reader for RCU, and what
 * a mover has emptied waits for a grace period.
 */
#include <linux/debug_locks.h>
#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "../alloc/pack.h"
#include "../compat.h"
#include "../observe/report.h"
#include "../observe/trace.h"
#include "lease.h"

#ifdef CONFIG_UML
static bool mapped(const void *at)
{
	return is_vmalloc_addr(at) ? !!vmalloc_to_page(at) : virt_addr_valid(at);
}
#endif

/**
 * swim_peek - read memory of which only an address is known
 * @from: the tag that said so may have been overwritten with anything
 * @copy: what is there
 * @size: bytes
 *
 * Return: false when no memory is there.
 */
bool swim_peek(const void *from, void *copy, size_t size)
{
#ifdef CONFIG_UML
	/* Reading with faults caught is a system call there. */
	if (!mapped(from) || !mapped(from + size - 1))
		return false;
	memcpy(copy, from, size);
	return true;
#else
	return !copy_from_kernel_nofault(copy, from, size);
#endif
}

/**
 * swim_release_object - the memory of an object that the caller has taken
 * @object: the object
 * @apart: of SWIM_TAG_WHERE
 * @size: its bytes
 */
void swim_release_object(void *object, unsigned long apart, size_t size)
{
	if (apart) {
		swim_release_apart(object, apart, size);
		return;
	}
	WRITE_ONCE(*swim_tag_of(object), SWIM_TAG_UNWRITTEN);
	swim_release(object, size);
}

/**
 * swim_retire_object - the memory of an object of which there is a copy elsewhere now
 * @object: its tag is one that only the caller may change
 * @apart: of SWIM_TAG_WHERE
 * @size: its bytes
 *
 * Readers may be left in it, and find it as it was; in a pack there must be none.
 */
void swim_retire_object(void *object, unsigned long apart, size_t size)
{
	struct swim_apart at = { .hunk = swim_hunk_of(object) };

	if (apart)
		at = swim_apart_of(object, apart);
	if (at.pack) {
		swim_pack_release(at.pack, object, size);
	} else if (at.hunk->frame) {
		swim_pool_retire(at.hunk->pool, at.hunk, object, size);
	} else {
		trace_swim_free(at.hunk->pool->name, object, size);
		swim_large_retire(at.hunk, size);
	}
}

/**
 * swim_visited_ask - ask the mover that has an object for it
 * @object: whose memory stays meanwhile
 * @value: its tag, VISITED
 */
void swim_visited_ask(void *object, unsigned long value)
{
	struct swim_hunk *hunk = value & SWIM_TAG_APART ? swim_hunk_of_page(object) :
							  swim_hunk_of(object);

	WRITE_ONCE(hunk->asked, true);
}

/* 0 to try again, or why the tag could not be taken. */
static int take_failed(void *slot, void *object, enum swim_tag_kind kind)
{
	unsigned long *tag = swim_tag_of(object);
	unsigned long word, value;

	swim_window();
	/* Pairs with (E) in relocate.c: who sees DEAD sees the lease changed. */
	word = smp_load_acquire(tag);
	value = word ? swim_tag_mangle(tag, word) : 0;
	if (swim_tag_is_bare(value, SWIM_TAG_VISITED)) {
		swim_visited_ask(object, value);
		swim_step(TAG_ASK);
		cpu_relax();
		return 0;
	}
	if (READ_ONCE(*swim_slot_object(slot)) != object) {
		swim_step(TAG_FOLLOW);
		return 0;
	}
	if (value == swim_tag_pinned(slot, kind) || swim_tag_is(value, SWIM_TAG_TAKEN) ||
	    swim_tag_is_dropping(value))
		return -SWIM_EALIASED;
	if (swim_tag_is_owned(value)) {
		if (value == swim_tag_owned(slot, kind)) {
			swim_step(TAG_AGAIN);
			return 0;
		}
		swim_report_object(object, "lease %p used for object %p, which another lease owns",
				   slot, object);
		return -SWIM_EMISALIGNED;
	}
	if (swim_tag_is(value, SWIM_TAG_DEAD) || swim_tag_is(value, SWIM_TAG_GOING) ||
	    value == SWIM_TAG_UNWRITTEN) {
		swim_report_object(object, "lease %p used after its object %p was dropped", slot,
				   object);
		return -SWIM_ECLEARED;
	}
	swim_report_overwritten("use", object);
	return -SWIM_ECORRUPT;
}

/**
 * swim_take_slow - swim_take(), when it was not the usual case
 * @slot: the lease
 * @kind: of tag that it makes
 * @dropping: what the tag becomes, or 0
 * @state: of the sized tag that it becomes then
 *
 * Return: the object, or ERR_PTR as swim_raw_pin().
 */
noinline void *swim_take_slow(void *slot, enum swim_tag_kind kind, unsigned long dropping,
			      enum swim_tag_state state)
{
	void *object;
	int err = 0;

	rcu_read_lock_sched();
	do {
		object = READ_ONCE(*swim_slot_object(slot));
		if (!object) {
			err = -SWIM_ECLEARED;
			break;
		}
		swim_window();
		if (swim_body_is_there(slot, object, kind) &&
		    swim_tag_try(swim_tag_of(object), swim_tag_owned(slot, kind),
				 dropping ?: swim_body_sized(swim_body_of(slot, object, kind), kind,
							     state)))
			break;
		err = take_failed(slot, object, kind);
	} while (!err);
	rcu_read_unlock_sched();
	return err ? ERR_PTR(err) : object;
}

#ifdef CONFIG_DEBUG_LOCK_ALLOC

/*
 * The pins of a task nest in any order, and under any lock. They are held within another lock,
 * so that they count as one that is held several times. An interrupt has locks of its own, so
 * that it does not take what it has interrupted for its own.
 */
enum context { TASK, SOFTIRQ, HARDIRQ, CONTEXTS };

static struct lock_class_key pin_key[CONTEXTS], pins_key[CONTEXTS];

#define PIN_MAP(_name, _context)						\
	[_context] = {								\
		.name = "swim_" #_name,						\
		.key = &_name##_key[_context],					\
		.wait_type_outer = LD_WAIT_FREE,				\
		.wait_type_inner = LD_WAIT_CONFIG,				\
	}

static struct lockdep_map pin_map[CONTEXTS] = {
	PIN_MAP(pin, TASK), PIN_MAP(pin, SOFTIRQ), PIN_MAP(pin, HARDIRQ),
};

static struct lockdep_map pins_map[CONTEXTS] = {
	PIN_MAP(pins, TASK), PIN_MAP(pins, SOFTIRQ), PIN_MAP(pins, HARDIRQ),
};

static enum context context(void)
{
	if (in_hardirq())
		return HARDIRQ;
	return in_serving_softirq() ? SOFTIRQ : TASK;
}

/* Suites keep pins for long. */
static bool untold;

/**
 * swim_pin_tell - let lockdep hear of pins, or not
 * @tell: whether it does; it does before this is called
 */
void swim_pin_tell(bool tell)
{
	WRITE_ONCE(untold, !tell);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_pin_tell);

/**
 * swim_pin_enter - tell lockdep of a pin
 */
void swim_pin_enter(void)
{
	const enum context here = context();

	if (READ_ONCE(untold))
		return;
	if (!lock_is_held(&pins_map[here]))
		lock_acquire(&pins_map[here], 0, 0, 2, 0, NULL, _RET_IP_);
	lock_acquire(&pin_map[here], 0, 0, 2, 0, &pins_map[here], _RET_IP_);
}
EXPORT_SYMBOL_GPL(swim_pin_enter);

/**
 * swim_pin_leave - tell lockdep of an unpin
 */
void swim_pin_leave(void)
{
	const enum context here = context();

	/* If there is no pin, that is reported where it is unpinned. */
	if (!swim_pin_is_held())
		return;
	lock_release(&pin_map[here], _RET_IP_);
	if (!swim_pin_is_held())
		lock_release(&pins_map[here], _RET_IP_);
}
EXPORT_SYMBOL_GPL(swim_pin_leave);

/**
 * swim_pin_again - tell of a pin under a pin that can only fail
 * @slot: the lease, which is pinned
 */
void swim_pin_again(const void *slot)
{
	if (swim_pin_is_held())
		swim_report("lease %p pinned again under a pin", slot);
}
EXPORT_SYMBOL_GPL(swim_pin_again);

/**
 * swim_pin_is_held - has the running task, or interrupt, a pin?
 *
 * Return: false too when lockdep has given up.
 */
bool swim_pin_is_held(void)
{
	return debug_locks && lock_is_held(&pin_map[context()]);
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_pin_is_held);

#endif

/**
 * swim_pin_slow - __swim_pin(), when it was not the usual case
 * @slot: the lease
 * @kind: SWIM_TAG_OF_RAW or SWIM_TAG_OF_PTR
 *
 * Return: the object, or ERR_PTR as swim_raw_pin().
 */
void *swim_pin_slow(void *slot, unsigned long kind)
{
	void *object = swim_take_slow(slot, kind, swim_tag_pinned(slot, kind), 0);

	if (!IS_ERR(object))
		swim_step(TAG_PIN);
	return object;
}
EXPORT_SYMBOL_GPL(swim_pin_slow);

/**
 * swim_unpin_slow - tell of a lease that is not pinned
 * @slot: the lease
 */
void swim_unpin_slow(void *slot)
{
	swim_report("unpin of lease %p, which is not pinned", slot);
}
EXPORT_SYMBOL_GPL(swim_unpin_slow);

/**
 * swim_slot_move - hand an object over to another lease of the same kind
 * @to: empty
 * @from: owned by the caller, not pinned; empty afterwards
 * @kind: of tag that both make
 */
int swim_slot_move(void *to, void *from, enum swim_tag_kind kind)
{
	void *object = __swim_pin(from, kind);
	struct swim_body *body;

	if (IS_ERR(object))
		return PTR_ERR(object);
	body = swim_body_of(from, object, kind);
	if (unlikely((size_t)(to - object) < swim_body_object_size(body, kind))) {
		__swim_unpin(from, kind);
		swim_report_object(object, "lease %p moved into the object %p that it owns", from,
				   object);
		return -SWIM_EMISALIGNED;
	}
	if (kind == SWIM_TAG_OWNED) {
		struct swim_body *copy = swim_body_of(to, object, kind);

		copy->meta = body->meta;
		if (swim_meta_is_buf(body->meta)) {
			copy->len = body->len;
			copy->cap = body->cap;
		}
	}
	swim_window();
	/* A reader that finds the object through @to finds it whole. */
	smp_store_release(swim_slot_object(to), object);
	swim_window();
	/*
	 * From the tag on a mover may take the object, and change @to only: as long as @from
	 * leads to the old place as well, that is kept as for a reader.
	 */
	rcu_read_lock();
	/* Whoever walks and finds a lease in the tag finds the object in the lease. */
	swim_tag_write(swim_tag_of(object), swim_tag_owned(to, kind));
	swim_step(TAG_HAND);
	WRITE_ONCE(*swim_slot_object(from), NULL);
	rcu_read_unlock();
	return 0;
}

/* What owns others, or has something to do when it is dropped. */
static noinline int drop_structure(void *slot, enum swim_tag_kind kind)
{
	void *object = swim_take(slot, kind, swim_tag_dropping(NULL, SWIM_TAG_OWNED), 0);

	if (IS_ERR(object))
		return PTR_ERR(object);
	swim_step(TAG_DROP);
	swim_drop_all(slot, kind);
	return 0;
}

static noinline int drop_leaf(void *slot, enum swim_tag_kind kind)
{
	void *object = swim_take(slot, kind, 0, SWIM_TAG_GOING);
	unsigned long value;

	if (IS_ERR(object))
		return PTR_ERR(object);
	swim_step(TAG_GO);
	value = swim_tag_read(swim_tag_of(object));
	WRITE_ONCE(*swim_slot_object(slot), NULL);
	swim_release_object(object, value & SWIM_TAG_WHERE, swim_tag_size(value));
	return 0;
}

/* The metadata of what a lease owns; or of plain bytes, when it owns nothing any more. */
static unsigned long meta_of(void *slot, enum swim_tag_kind kind)
{
	unsigned long meta = SWIM_META_PLAIN, word, value, *tag;
	void *object;

	rcu_read_lock_sched();
	do {
		object = READ_ONCE(*swim_slot_object(slot));
		if (!object)
			break;
		tag = swim_tag_of(object);
		/* Pairs with (E) in relocate.c: who sees DEAD sees the lease changed, below. */
		word = smp_load_acquire(tag);
		value = word ? swim_tag_mangle(tag, word) : 0;
		/* While a mover copies it, it is there as well. */
		if (kind == SWIM_TAG_OWNED || value == swim_tag_owned(slot, kind) ||
		    swim_tag_is_bare(value, SWIM_TAG_VISITED)) {
			meta = swim_body_of(slot, object, kind)->meta;
			break;
		}
	} while (READ_ONCE(*swim_slot_object(slot)) != object);
	rcu_read_unlock_sched();
	return meta;
}

/**
 * swim_slot_drop - the end of an object and of all that it owns
 * @slot: a lease, not pinned; empty afterwards
 * @kind: of tag that it makes
 */
int swim_slot_drop(void *slot, enum swim_tag_kind kind)
{
	return swim_meta_is_leaf(meta_of(slot, kind)) ? drop_leaf(slot, kind) :
							drop_structure(slot, kind);
}
