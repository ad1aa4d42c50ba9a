// SPDX-License-Identifier: GPL-2.0-only
/*
 * Raw: the exclusive lease. All of its state is in the object's tag (tag.h); the lease
 * itself is a pointer that a mover may change while the object is VISITED, and the
 * owner at any other time.
 *
 * The owner takes the object by its tag, OWNED by this lease to PINNED, DROPPING or
 * GOING. When that fails he looks why:
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
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/uaccess.h>

#include "../compat.h"
#include "../observe/report.h"
#include "raw.h"

static_assert(sizeof(struct swim_box) == sizeof(struct swim_raw));
static_assert(__alignof__(struct swim_raw) > SWIM_TAG_KIND);
static_assert(__alignof__(struct swim_type) > SWIM_META_PLAIN);

/**
 * swim_raw_peek - read a lease of which only an address is known
 * @raw: where it may be; the tag that said so may have been overwritten with anything
 * @copy: what is there
 *
 * Return: false when no memory is there.
 */
bool swim_raw_peek(const struct swim_raw *raw, struct swim_raw *copy)
{
#ifdef CONFIG_UML
	/* Reading with faults caught is a system call there. */
	if (!virt_addr_valid((void *)raw) && !is_vmalloc_addr(raw))
		return false;
	copy->object = READ_ONCE(raw->object);
	copy->meta = raw->meta;
	return true;
#else
	return !copy_from_kernel_nofault(copy, raw, sizeof(*copy));
#endif
}

/* The memory of an object that the caller has taken; @value is its tag. */
static void release(void *object, unsigned long value, size_t size)
{
	if (swim_tag_is_apart(value))
		swim_release_apart(object, size);
	else
		swim_release(object, size);
}

/* The hunk of an object that a mover has. */
static struct swim_hunk *hunk_of(void *object, unsigned long value)
{
	return value & SWIM_TAG_APART ? swim_hunk_of_page(object) : swim_hunk_of(object);
}

/* 0 to try again, or why the tag could not be taken. */
static noinline int take_failed(struct swim_raw *raw, void *object)
{
	unsigned long *tag = swim_tag_of(object);
	/* Pairs with (E) in relocate.c: who sees DEAD sees the lease changed. */
	unsigned long word = smp_load_acquire(tag);
	unsigned long value = word ? swim_tag_mangle(tag, word) : 0;

	if (swim_tag_is(value, SWIM_TAG_VISITED)) {
		WRITE_ONCE(hunk_of(object, value)->asked, true);
		cpu_relax();
		return 0;
	}
	if (READ_ONCE(raw->object) != object)
		return 0;
	if (swim_tag_is(value, SWIM_TAG_PINNED) || swim_tag_is_dropping(value))
		return -SWIM_EALIASED;
	if (swim_tag_is_owned(value)) {
		if (swim_tag_lease(value) == raw)
			return 0;
		swim_report("lease %p used for object %p, which another lease owns", raw, object);
		return -SWIM_EMISALIGNED;
	}
	if (swim_tag_is(value, SWIM_TAG_DEAD) || swim_tag_is(value, SWIM_TAG_GOING) ||
	    value == SWIM_TAG_UNWRITTEN) {
		swim_report("lease %p used after its object %p was dropped", raw, object);
		return -SWIM_ECLEARED;
	}
	swim_report("lease %p used for object %p, whose tag is overwritten", raw, object);
	return -SWIM_ECORRUPT;
}

/* As @value is for an object in a hunk of 64 KiB, so for one that stands apart. */
static unsigned long apart(unsigned long value)
{
	if (swim_tag_kind(value) == SWIM_TAG_SIZED)
		return value | SWIM_TAG_APART;
	return swim_tag_dropping(swim_tag_lease(value), SWIM_TAG_APART);
}

static noinline void *take_slow(struct swim_raw *raw, unsigned long value)
{
	void *object;
	int err = 0;

	rcu_read_lock_sched();
	do {
		object = READ_ONCE(raw->object);
		if (!object) {
			err = -SWIM_ECLEARED;
			break;
		}
		if (swim_tag_try(swim_tag_of(object), swim_tag_owned(raw, 0), value) ||
		    swim_tag_try(swim_tag_of(object), swim_tag_owned(raw, SWIM_TAG_APART),
				 apart(value)))
			break;
		err = take_failed(raw, object);
	} while (!err);
	rcu_read_unlock_sched();
	return err ? ERR_PTR(err) : object;
}

/* The usual case: nobody else has the object, and it is in a hunk of 64 KiB; else NULL. */
static __always_inline void *take_near(struct swim_raw *raw, unsigned long value)
{
	void *object;
	bool taken;

	rcu_read_lock_sched();
	object = READ_ONCE(raw->object);
	/* Full barrier: all of the last owner's, or mover's, writes come before. */
	taken = object && swim_tag_try(swim_tag_of(object), swim_tag_owned(raw, 0), value);
	rcu_read_unlock_sched();
	return likely(taken) ? object : NULL;
}

/* Take the object away from movers and other calls: @value is what its tag becomes. */
static __always_inline void *take(struct swim_raw *raw, unsigned long value)
{
	void *object = take_near(raw, value);

	return likely(object) ? object : take_slow(raw, value);
}

/**
 * swim_raw_new - allocate plain bytes into a lease
 * @raw: empty
 * @hold: where the object lives
 * @size: bytes, zeroed, aligned to 8; 0 owns an object without bytes
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -EEXIST when the lease owns an object; -E2BIG for more than 2 MiB with its
 * header, or than the hold can ever give; -ENOMEM; -EINVAL without lease or hold. On an
 * error nothing has changed. (Model: leases, Raw)
 */
int swim_raw_new(struct swim_raw *raw, struct swim_hold *hold, size_t size, gfp_t gfp)
{
	if (unlikely(!raw || !hold))
		return -SWIM_EMISALIGNED;
	if (unlikely(size > SWIM_SEGMENT_SIZE))
		return -SWIM_EOVERSIZED;
	return swim_raw_own(raw, hold, size, swim_meta_plain(size), gfp);
}
EXPORT_SYMBOL_GPL(swim_raw_new);

/**
 * swim_raw_pin - use the object, exclusively, and keep it where it is
 * @raw: owned by the caller
 *
 * Context: Any but NMI. Waits for at most one step of a move, of one cache line.
 * Return: the object until swim_raw_unpin(), or ERR_PTR: -ENOENT when the lease is empty,
 * -EBUSY when it is pinned already or being dropped, -EINVAL without a lease; after a
 * report, -ENOENT when the object was dropped behind the lease's back, -EINVAL when another
 * lease owns it, and -EUCLEAN when its tag was overwritten. (Model: leases, dereference)
 */
void *swim_raw_pin(struct swim_raw *raw)
{
	if (unlikely(!raw))
		return ERR_PTR(-SWIM_EMISALIGNED);
	if (unlikely(swim_raw_is_empty(raw)))
		return ERR_PTR(-SWIM_ECLEARED);
	return take(raw, swim_meta_sized(raw->meta, SWIM_TAG_PINNED));
}
EXPORT_SYMBOL_GPL(swim_raw_pin);

/**
 * swim_raw_unpin - let the object move again
 * @raw: pinned by the caller; if it is not, that is reported and nothing changes
 *
 * Context: Any but NMI.
 */
void swim_raw_unpin(struct swim_raw *raw)
{
	void *object = raw ? READ_ONCE(raw->object) : NULL;
	unsigned long *tag = swim_tag_of(object);

	if (likely(object)) {
		unsigned long value = swim_tag_mangle(tag, READ_ONCE(*tag));

		if (likely(swim_tag_is_near(value, SWIM_TAG_PINNED))) {
			swim_tag_write(tag, swim_tag_owned(raw, 0));
			return;
		}
		if (swim_tag_is(value, SWIM_TAG_PINNED)) {
			swim_tag_write(tag, swim_tag_owned(raw, SWIM_TAG_APART));
			return;
		}
	}
	swim_report("unpin of lease %p, which is not pinned", raw);
}
EXPORT_SYMBOL_GPL(swim_raw_unpin);

/**
 * swim_raw_move - hand the object over to another lease
 * @to: empty
 * @from: owned by the caller, not pinned; empty afterwards
 *
 * Readers find the object through @to before they stop finding it through @from.
 *
 * Context: Any but NMI.
 * Return: 0; -EEXIST when @to owns an object; -EINVAL without both leases, or, after a
 * report, when @to stands in the object itself; else as swim_raw_pin(). On an error
 * nothing has changed.
 */
int swim_raw_move(struct swim_raw *to, struct swim_raw *from)
{
	void *object;

	if (unlikely(!to || !from))
		return -SWIM_EMISALIGNED;
	if (unlikely(!swim_raw_is_empty(to)))
		return -SWIM_EOCCUPIED;
	object = swim_raw_pin(from);
	if (IS_ERR(object))
		return PTR_ERR(object);
	if (unlikely((void *)to - object < swim_meta_size(from->meta))) {
		swim_raw_unpin(from);
		swim_report("lease %p moved into the object %p that it owns", from, object);
		return -SWIM_EMISALIGNED;
	}
	to->meta = from->meta;
	/* A reader that finds the object through @to finds it whole. */
	smp_store_release(&to->object, object);
	WRITE_ONCE(from->object, NULL);
	swim_raw_unpin(to);
	return 0;
}
EXPORT_SYMBOL_GPL(swim_raw_move);

/*
 * Drop a value with all that it owns, children before parents, however deep: without
 * recursion and without memory. A value that has begun to be dropped has in its tag the
 * lease that owns its parent, so the way back up is in the tags. A lease keeps its type,
 * and leads to its object, until all below that is dropped: readers find a whole object
 * or none, from the leaves up.
 */
static void drop_all(struct swim_raw *root)
{
	struct swim_raw *raw = root;

	for (;;) {
		const struct swim_type *type = swim_meta_type(raw->meta);
		void *value = raw->object;
		struct swim_raw *child = NULL;
		unsigned int n;
		unsigned long tag;
		size_t size;

		for (n = 0; type && n < type->parts && !child; n++)
			if (!swim_raw_is_empty(swim_part(value, type, n)))
				child = swim_part(value, type, n);
		if (child) {
			const struct swim_type *below = swim_meta_type(child->meta);
			void *object = take(child, swim_tag_dropping(raw, 0));

			if (IS_ERR(object)) {
				swim_report("lease %p dropped with its parent while in use", child);
				WRITE_ONCE(child->object, NULL);	/* rather leak */
				continue;
			}
			if (below && below->drop)
				below->drop(object);
			raw = child;
			continue;
		}
		size = swim_meta_object_size(raw->meta);
		child = raw;
		tag = swim_tag_read(swim_tag_of(value));
		raw = swim_tag_lease(tag);
		WRITE_ONCE(child->object, NULL);
		release(value, tag, size);
		if (child == root)
			return;
	}
}

static noinline int drop_value(struct swim_raw *raw, const struct swim_type *type)
{
	void *object = take(raw, swim_tag_dropping(NULL, 0));

	if (IS_ERR(object))
		return PTR_ERR(object);
	if (type->drop)
		type->drop(object);
	drop_all(raw);
	return 0;
}

static noinline int drop_slow(struct swim_raw *raw, unsigned long value)
{
	void *object = take_slow(raw, value);

	if (IS_ERR(object))
		return PTR_ERR(object);
	WRITE_ONCE(raw->object, NULL);
	release(object, swim_tag_read(swim_tag_of(object)), swim_tag_size(value));
	return 0;
}

/**
 * swim_raw_drop - the end of an object and of all that it owns
 * @raw: owned by the caller, not pinned; empty afterwards
 *
 * Context: Any but NMI. Waits for at most one step of a move, of one cache line. The
 * time is proportional to what is dropped.
 * Return: 0; -ENOENT when the lease is empty, -EBUSY when it is pinned, -EINVAL without a
 * lease; after a report as swim_raw_pin(). On an error nothing has changed.
 * (Model: leases, drop)
 */
int swim_raw_drop(struct swim_raw *raw)
{
	const struct swim_type *type;
	unsigned long value;
	void *object;

	if (unlikely(!raw))
		return -SWIM_EMISALIGNED;
	if (unlikely(swim_raw_is_empty(raw)))
		return -SWIM_ECLEARED;
	type = swim_meta_type(raw->meta);
	if (type && (type->parts || type->drop))
		return drop_value(raw, type);
	value = swim_meta_sized(raw->meta, SWIM_TAG_GOING);
	object = take_near(raw, value);
	if (unlikely(!object))
		return drop_slow(raw, value);
	WRITE_ONCE(raw->object, NULL);
	swim_release(object, swim_tag_size(value));
	return 0;
}
EXPORT_SYMBOL_GPL(swim_raw_drop);

/**
 * swim_raw_size - bytes of the object
 * @raw: any lease
 *
 * Context: Any but NMI, by the owner.
 * Return: the size that was asked for, or 0 when the lease is empty.
 */
size_t swim_raw_size(const struct swim_raw *raw)
{
	return !raw || swim_raw_is_empty(raw) ? 0 : swim_meta_size(raw->meta);
}
EXPORT_SYMBOL_GPL(swim_raw_size);
