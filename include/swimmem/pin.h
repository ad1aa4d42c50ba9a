/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pin: how the owner of an exclusive lease keeps its object in place, in a few instructions
 * wherever he does it. Private: a Raw or a Ptr, or a resident in one, is pinned by its name.
 *
 * The word in front of an object, its tag, says which lease owns it, mangled with a secret.
 * Pinned, it says the same with its highest bit inverted, which is the same in the address of
 * every lease. swimmem/alloc/tag.h tells the rest.
 *
 * A pin is short, as a section under a spinlock is: nobody sleeps before the unpin, and whoever
 * pins unpins. What has to stay in place for longer has a Mut or a Ref, or no lease. Lockdep
 * knows pins: it reports who takes a sleeping lock under one, or forgets to unpin; and where it
 * is there, who pins what is pinned while he has a pin hears of it.
 */
#ifndef SWIMMEM_PIN_H
#define SWIMMEM_PIN_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <swimmem/lease.h>

/* User-mode Linux is asked when swimmem is loaded, as all others are once more (module.c). */
#if !defined(CONFIG_64BIT) && !defined(CONFIG_UML)
static_assert(PAGE_OFFSET >> (BITS_PER_LONG - 1),
	      "swimmem: on 32-bit the kernel has to be in the upper half of all addresses");
#endif

#define SWIM_TAG_PIN	BIT(BITS_PER_LONG - 1)

/* The low bits of the tag of what a Raw, and what a Ptr, owns. */
#define SWIM_TAG_OF_RAW	3UL
#define SWIM_TAG_OF_PTR	5UL

extern unsigned long swim_secret;

void *__must_check swim_pin_slow(void *slot, unsigned long kind);
void swim_unpin_slow(void *slot);

#ifdef CONFIG_DEBUG_LOCK_ALLOC
void swim_pin_enter(void);
void swim_pin_leave(void);
void swim_pin_again(const void *slot);
bool swim_pin_is_held(void);
void swim_pin_tell(bool tell);
#else
static inline void swim_pin_enter(void) { }
static inline void swim_pin_leave(void) { }
static inline void swim_pin_again(const void *slot) { }
static inline bool swim_pin_is_held(void) { return false; }
static inline void swim_pin_tell(bool tell) { }
#endif

/* @slot: the lease, whose first word is the object's address; @kind: SWIM_TAG_OF_RAW or _PTR. */
static __always_inline void *__must_check __swim_pin(void *slot, unsigned long kind)
{
	unsigned long owned = ((unsigned long)slot | kind) ^ swim_secret;
	void *object;

	if (unlikely(!slot))
		return ERR_PTR(-EINVAL);
	/* The memory that it moves out of stays meanwhile. */
	rcu_read_lock_sched();
	object = READ_ONCE(*(void **)slot);
	/* Full barrier: all of the last owner's, or mover's, writes come before. */
	if (likely(object) && likely(try_cmpxchg((unsigned long *)object - 1, &owned,
						 owned ^ SWIM_TAG_PIN))) {
		rcu_read_unlock_sched();
		return object;
	}
	rcu_read_unlock_sched();
	return swim_pin_slow(slot, kind);
}

/* The same for a client. */
static __always_inline void *__must_check __swim_pin_enter(void *slot, unsigned long kind)
{
	void *object = __swim_pin(slot, kind);

	if (!IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC))
		return object;
	if (!IS_ERR(object))
		swim_pin_enter();
	else if (PTR_ERR(object) == -EBUSY)
		swim_pin_again(slot);
	return object;
}

static __always_inline void __swim_unpin(void *slot, unsigned long kind)
{
	const unsigned long owned = ((unsigned long)slot | kind) ^ swim_secret;
	void *object = likely(slot) ? READ_ONCE(*(void **)slot) : NULL;
	unsigned long *tag = (unsigned long *)object - 1;

	if (unlikely(!object) || unlikely(READ_ONCE(*tag) != (owned ^ SWIM_TAG_PIN)))
		swim_unpin_slow(slot);
	else
		/* Pairs with whoever takes the tag next: he sees what was written. */
		smp_store_release(tag, owned);
}

static __always_inline void __swim_unpin_leave(void *slot, unsigned long kind)
{
	swim_pin_leave();
	__swim_unpin(slot, kind);
}

#endif
