// SPDX-License-Identifier: GPL-2.0-only
/*
 * Value: equality, order and hash of what leases lead to.
 */
#include <linux/export.h>
#include <linux/jhash.h>
#include <linux/string.h>

#include <swimmem/value.h>

#include "../compat.h"
#include "../lease/lease.h"

/**
 * struct values - what a lease leads to, for reading
 * @type: of each; NULL for plain bytes
 * @first: the first of them; NULL when the lease owns nothing
 * @size: bytes of each
 * @count: how many
 */
struct values {
	const struct swim_type *type;
	const void *first;
	size_t size;
	u32 count;
};

/* Under RCU. */
static struct values values_of(const void *lease, enum swim_lease_kind kind)
{
	const enum swim_tag_kind tag = swim_kind_tag(kind);
	void *slot = (void *)lease, *object = READ_ONCE(*swim_slot_object(slot));
	struct values values = {};
	const struct swim_body *body;

	if (object && tag == SWIM_TAG_COUNTED)
		object = READ_ONCE(*swim_cell_object(object));
	if (!object)
		return values;
	body = swim_body_of(slot, object, tag);
	values.type = swim_meta_type(body->meta);
	values.first = object + swim_body_front(body, tag);
	values.size = values.type ? values.type->size : swim_body_size(body);
	values.count = swim_meta_is_buf(body->meta) ? body->len : 1;
	return values;
}

static const struct swim_type_ops *ops_of(const struct swim_type *type)
{
	static const struct swim_type_ops none;

	return type && type->ops ? type->ops : &none;
}

/* Do the bytes tell all? */
static bool is_bytes(const struct swim_type *type)
{
	return !type || (!type->parts && !type->ops);
}

static int equal(const struct values *a, const struct values *b)
{
	const struct swim_type_ops *ops = ops_of(a->type);
	size_t offset = 0;
	u32 n;

	if (!a->first || !b->first)
		return -SWIM_ECLEARED;
	if (a->type != b->type)
		return -SWIM_EMISALIGNED;
	if (!ops->equal && !is_bytes(a->type))
		return -SWIM_EUNSUPPORTED;
	if (a->count != b->count || a->size != b->size)
		return false;
	if (!ops->equal)
		return !memcmp(a->first, b->first, a->count * a->size);
	for (n = 0; n < a->count; n++, offset += a->size)
		if (!ops->equal(a->first + offset, b->first + offset))
			return false;
	return true;
}

/**
 * __swim_equal - are two values, or arrays of them, equal?
 * @a: a lease
 * @b: a lease of the same kind
 * @kind: of both: Raw, Ptr, Mut or Ref
 *
 * Context: Any.
 * Return: 1 if so, 0 if not; -ENOENT when a lease owns nothing; -EINVAL without leases, or when
 * they own values of different types; -EOPNOTSUPP when the type does not tell.
 * (Model: residents)
 */
int __swim_equal(const void *a, const void *b, enum swim_lease_kind kind)
{
	struct values x, y;
	int result;

	if (unlikely(!a || !b))
		return -SWIM_EMISALIGNED;
	rcu_read_lock();
	x = values_of(a, kind);
	y = values_of(b, kind);
	result = equal(&x, &y);
	rcu_read_unlock();
	return result;
}
EXPORT_SYMBOL_GPL(__swim_equal);

static int compare(const struct values *a, const struct values *b, int *order)
{
	const struct swim_type_ops *ops = ops_of(a->type);
	size_t offset = 0;
	u32 n;

	if (!a->first || !b->first)
		return -SWIM_ECLEARED;
	if (a->type != b->type)
		return -SWIM_EMISALIGNED;
	if (!ops->compare)
		return -SWIM_EUNSUPPORTED;
	for (n = 0; n < min(a->count, b->count); n++, offset += a->size) {
		*order = ops->compare(a->first + offset, b->first + offset);
		if (*order)
			return 0;
	}
	*order = a->count < b->count ? -1 : a->count > b->count;
	return 0;
}

/**
 * __swim_compare - which of two values, or arrays of them, comes first?
 * @a: a lease
 * @b: a lease of the same kind
 * @kind: of both: Raw, Ptr, Mut or Ref
 * @order: below, equal to or above 0, as @a is to @b
 *
 * Context: Any.
 * Return: 0, or as __swim_equal(). (Model: residents)
 */
int __swim_compare(const void *a, const void *b, enum swim_lease_kind kind, int *order)
{
	struct values x, y;
	int err;

	if (unlikely(!a || !b || !order))
		return -SWIM_EMISALIGNED;
	rcu_read_lock();
	x = values_of(a, kind);
	y = values_of(b, kind);
	err = compare(&x, &y, order);
	rcu_read_unlock();
	return err;
}
EXPORT_SYMBOL_GPL(__swim_compare);

static int hash_values(const struct values *values, u32 seed, u32 *hash)
{
	const struct swim_type_ops *ops = ops_of(values->type);
	size_t offset = 0;
	u32 n;

	if (!values->first)
		return -SWIM_ECLEARED;
	/* Values that are equal by other rules than their bytes need a hash by these. */
	if (!ops->hash && !is_bytes(values->type))
		return -SWIM_EUNSUPPORTED;
	*hash = seed;
	if (!ops->hash) {
		*hash = jhash(values->first, values->count * values->size, seed);
		return 0;
	}
	for (n = 0; n < values->count; n++, offset += values->size)
		*hash = ops->hash(values->first + offset, *hash);
	return 0;
}

/**
 * __swim_hash - the hash of a value, or of an array of them
 * @a: a lease
 * @kind: of it: Raw, Ptr, Mut or Ref
 * @seed: where to begin
 * @hash: the hash; the same for what is equal, with the same seed
 *
 * Context: Any.
 * Return: 0, or as __swim_equal(). (Model: residents)
 */
int __swim_hash(const void *a, enum swim_lease_kind kind, u32 seed, u32 *hash)
{
	struct values values;
	int err;

	if (unlikely(!a || !hash))
		return -SWIM_EMISALIGNED;
	rcu_read_lock();
	values = values_of(a, kind);
	err = hash_values(&values, seed, hash);
	rcu_read_unlock();
	return err;
}
EXPORT_SYMBOL_GPL(__swim_hash);
