// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buf: an array that grows, in any lease through which it can be changed. Here is how values
 * go in and out with all that they own; grip.c has the array itself.
 */
#include <linux/export.h>
#include <linux/string.h>

#include "../observe/report.h"
#include "grip.h"

/* Move values to where nothing is; the places are whole values apart. All or none. */
static bool move_values(const struct swim_type *type, void *to, void *from, u32 n)
{
	const long step = to < from ? type->size : -(long)type->size;
	const size_t last = to < from ? 0 : (size_t)(n - 1) * type->size;
	u32 i;

	if (!type->parts || !n) {
		memmove(to, from, n * type->size);
		return true;
	}
	/* From the end that is moved towards, so that none is overwritten. */
	for (i = 0, to += last, from += last; i < n; i++, to += step, from += step) {
		memcpy(to, from, type->size);
		if (!swim_rehome(type, from, to, 1, true))
			break;
	}
	if (i == n)
		return true;
	while (i--) {
		to -= step;
		from -= step;
		memcpy(from, to, type->size);
		WARN_ON_ONCE(!swim_rehome(type, to, from, 1, true));
	}
	return false;
}

static int put_in(struct swim_grip *grip, u32 at, void *in, u32 n)
{
	const struct swim_type *type = grip->type;
	u32 behind = grip->body->len - at;

	if (!move_values(type, swim_grip_at(grip, at + n), swim_grip_at(grip, at), behind))
		return -SWIM_EALIASED;
	if (!move_values(type, swim_grip_at(grip, at), in, n)) {
		WARN_ON_ONCE(!move_values(type, swim_grip_at(grip, at),
					  swim_grip_at(grip, at + n), behind));
		return -SWIM_EALIASED;
	}
	/* What they owned they own here. */
	if (type->parts)
		memset(in, 0, n * type->size);
	grip->body->len += n;
	return 0;
}

static int add_values(struct swim_grip *grip, u32 at, void *in, u32 n, gfp_t gfp)
{
	const struct swim_type *type = grip->type;
	const u64 len = (u64)grip->body->len + n;
	u32 behind = grip->body->len - at;
	int err;

	/* Room is not given back again: look first whether all can go where they have to. */
	if (len > grip->body->cap &&
	    !(swim_rehome_ready(type, in, n) &&
	      swim_rehome_ready(type, swim_grip_at(grip, at), behind)))
		return -SWIM_EALIASED;
	err = swim_grip_room(grip, len, gfp);
	if (err)
		return err;
	/* As in swim_slot_move(), for each lease among the values. */
	rcu_read_lock();
	err = put_in(grip, at, in, n);
	rcu_read_unlock();
	return err;
}

static int take_out(struct swim_grip *grip, u32 at, u32 n, void *out)
{
	const struct swim_type *type = grip->type;
	u32 behind = grip->body->len - at - n;

	if (!move_values(type, out, swim_grip_at(grip, at), n))
		goto in_use;
	if (!move_values(type, swim_grip_at(grip, at), swim_grip_at(grip, at + n), behind)) {
		WARN_ON_ONCE(!move_values(type, swim_grip_at(grip, at), out, n));
		goto in_use;
	}
	grip->body->len -= n;
	return 0;

in_use:
	/* No lease in there owns anything. */
	memset(out, 0, n * type->size);
	return -SWIM_EALIASED;
}

static int remove_values(struct swim_grip *grip, u32 at, u32 n, void *out)
{
	int err;

	/* The same. */
	rcu_read_lock();
	err = take_out(grip, at, n, out);
	rcu_read_unlock();
	return err;
}

/**
 * __swim_buf_splice - put elements in, or take some out
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @at: where; SWIM_BUF_END for the end
 * @remove: how many come out
 * @in: what comes in, of the buf's type; values that own others are moved from there
 * @add: how many come in; when some do, none come out
 * @out: where those that come out go; zeroed when a child is in use
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -ENOENT when the lease owns nothing, or has not that many at its end; -EINVAL
 * beyond the end, when it owns no buf, or for a value that stands in the buf itself; -EBUSY
 * when it, or a child that would move, is in use; -E2BIG; -ENOMEM. On an error nothing has
 * changed. (Model: residents, Buf)
 */
int __swim_buf_splice(void *slot, enum swim_lease_kind kind, u32 at, u32 remove, void *in,
		      u32 add, void *out, gfp_t gfp)
{
	const bool at_end = at == SWIM_BUF_END;
	struct swim_grip grip;
	u32 len;
	int err;

	if (unlikely((add && !in) || (remove && !out)))
		return -SWIM_EMISALIGNED;
	err = swim_grip_take(&grip, slot, kind, false);
	if (err)
		return err;
	len = grip.body->len;
	if (at_end)
		at = len - min(len, remove);
	if (at > len || remove > len - at)
		err = at_end ? -SWIM_ECLEARED : -SWIM_EMISALIGNED;
	else if (swim_grip_has(&grip, in) || swim_grip_has(&grip, out))
		err = -SWIM_EMISALIGNED;
	else if (add)
		err = add_values(&grip, at, in, add, gfp);
	else if (remove)
		err = remove_values(&grip, at, remove, out);
	swim_grip_let_go(&grip);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_buf_splice);

/**
 * __swim_buf_reserve - have room for some elements
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @cap: how many in all
 * @gfp: as for __swim_buf_splice()
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as __swim_buf_splice(). (Model: residents, Buf)
 */
int __swim_buf_reserve(void *slot, enum swim_lease_kind kind, u32 cap, gfp_t gfp)
{
	struct swim_grip grip;
	int err = swim_grip_take(&grip, slot, kind, false);

	if (err)
		return err;
	err = swim_grip_reserve(&grip, cap, gfp);
	swim_grip_let_go(&grip);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_buf_reserve);

/**
 * __swim_buf_shrink - have no more room than elements
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @gfp: as for __swim_buf_splice()
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as __swim_buf_splice(). (Model: residents, Buf)
 */
int __swim_buf_shrink(void *slot, enum swim_lease_kind kind, gfp_t gfp)
{
	struct swim_grip grip;
	int err = swim_grip_take(&grip, slot, kind, false);

	if (err)
		return err;
	if (grip.body->cap > grip.body->len)
		err = swim_grip_resettle(&grip, grip.body->len, gfp);
	swim_grip_let_go(&grip);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_buf_shrink);

/* The end of a lease in a value that goes. */
static void drop_part(void *value, u32 part)
{
	void *slot = swim_part(value, part);
	int err = 0;

	if (!READ_ONCE(*swim_slot_object(slot)))
		return;
	if (swim_part_is_exclusive(part))
		err = swim_slot_drop(slot, swim_part_tag(part));
	else
		__swim_counted_drop(slot, swim_part_kind(part));
	if (err) {
		swim_report("lease %p dropped with its parent while in use", slot);
		WRITE_ONCE(*swim_slot_object(slot), NULL);	/* rather leak */
	}
}

/**
 * __swim_buf_truncate - drop elements at the end
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @len: how many stay; more than there are changes nothing
 *
 * Context: Any but NMI. The time is proportional to what is dropped.
 * Return: 0, or the errno of the pin. (Model: residents, Buf)
 */
int __swim_buf_truncate(void *slot, enum swim_lease_kind kind, u32 len)
{
	struct swim_grip grip;
	unsigned int n;
	int err = swim_grip_take(&grip, slot, kind, false);

	if (err)
		return err;
	while (grip.body->len > len) {
		void *value = swim_grip_at(&grip, --grip.body->len);

		if (grip.type->ops && grip.type->ops->drop)
			grip.type->ops->drop(value);
		for (n = 0; n < grip.type->parts; n++)
			drop_part(value, grip.type->part[n]);
	}
	swim_grip_let_go(&grip);
	return 0;
}
EXPORT_SYMBOL_GPL(__swim_buf_truncate);

/**
 * __swim_buf_pin - the elements
 * @slot: the lease
 * @kind: of lease: a Raw or a Ptr is pinned by it
 * @slice: the elements
 *
 * Context: Any but NMI.
 * Return: 0, or the errno of the pin. (Model: leases, dereference)
 */
int __swim_buf_pin(void *slot, enum swim_lease_kind kind, struct swim_slice *slice)
{
	struct swim_grip grip;
	int err = swim_grip_pin(&grip, slot, kind, false);

	if (err)
		return err;
	*slice = (struct swim_slice){ swim_grip_at(&grip, 0), grip.body->len, grip.type->size };
	return 0;
}
EXPORT_SYMBOL_GPL(__swim_buf_pin);

/**
 * __swim_buf_new - make an empty array
 * @slot: the lease, empty
 * @kind: of it: any but Soft
 * @hold: where it lives
 * @type: of the elements
 * @cap: elements that it has room for
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -EEXIST, -E2BIG, -ENOMEM, -EINVAL as swim_raw_new(). (Model: residents, Buf)
 */
int __swim_buf_new(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
		   const struct swim_type *type, u32 cap, gfp_t gfp)
{
	return swim_grip_new(slot, kind, hold, type, cap, gfp);
}
EXPORT_SYMBOL_GPL(__swim_buf_new);

/**
 * __swim_buf_copy - make an array of copies of some values
 * @slot: the lease, empty
 * @kind: of it: any but Soft
 * @hold: where it lives
 * @type: of the values, which own nothing
 * @values: what is copied, as bytes
 * @n: how many
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as __swim_buf_new(); -EOPNOTSUPP when the type has parts, or something to do when a
 * value is dropped. On an error nothing has changed. (Model: residents, from copy)
 */
int __swim_buf_copy(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
		    const struct swim_type *type, const void *values, u32 n, gfp_t gfp)
{
	if (unlikely(!type || (n && !values)))
		return -SWIM_EMISALIGNED;
	if (type->parts || type->ops)
		return -SWIM_EUNSUPPORTED;
	return swim_grip_copy(slot, kind, hold, type, n, values, n, gfp);
}
EXPORT_SYMBOL_GPL(__swim_buf_copy);
