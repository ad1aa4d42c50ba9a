// SPDX-License-Identifier: GPL-2.0-only
/*
 * String: a text that grows: an array of bytes (grip.c) without a NUL among them, and with one
 * behind them.
 *
 * From len on all bytes are 0, up to the last one that there is room for. So whoever reads it
 * under RCU while its owner writes finds an end, wherever he began.
 */
#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/nls.h>
#include <linux/string.h>

#include <swimmem/string.h>

#include "grip.h"

/* A byte of a string, whose cap counts the NUL. */
SWIM_PLAIN_TYPE(swim_text_type, char);

/* Only what is UTF-8 all through; a character that is cut off is not. */
static int check_utf8(const char *bytes, size_t n)
{
	unicode_t character;
	int used;

	if (!IS_REACHABLE(CONFIG_NLS))
		return -SWIM_EUNSUPPORTED;
	for (; n; bytes += used, n -= used) {
		used = utf8_to_utf32(bytes, min_t(size_t, n, INT_MAX), &character);
		if (used <= 0)
			return -SWIM_EUTF8;
	}
	return 0;
}

/* Can it be the text of a string, or a part of it? */
static int check(const char *bytes, size_t n, bool utf8)
{
	if (unlikely(n && !bytes))
		return -SWIM_EMISALIGNED;
	if (n >= SWIM_SEGMENT_SIZE)
		return -SWIM_EOVERSIZED;
	if (memchr(bytes, '\0', n))
		return -SWIM_EMISALIGNED;
	return utf8 ? check_utf8(bytes, n) : 0;
}

/**
 * __swim_string_new - make an empty text
 * @slot: the lease, empty
 * @kind: of it: any but Soft
 * @hold: where it lives
 * @cap: bytes that it has room for, without the NUL
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -EEXIST, -E2BIG, -ENOMEM, -EINVAL as swim_raw_new(). (Model: residents, String)
 */
int __swim_string_new(void *slot, enum swim_lease_kind kind, struct swim_hold *hold, u32 cap,
		      gfp_t gfp)
{
	return swim_grip_new(slot, kind, hold, &swim_text_type, cap + 1ULL, gfp);
}
EXPORT_SYMBOL_GPL(__swim_string_new);

/**
 * __swim_string_from - make a text of some bytes
 * @slot: the lease, empty
 * @kind: of it: any but Soft
 * @hold: where it lives
 * @bytes: without a NUL among them
 * @n: how many
 * @utf8: must they be UTF-8?
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows. The time is proportional to @n.
 * Return: as __swim_string_new(); -EINVAL for a NUL among the bytes; -EILSEQ when they must be
 * UTF-8 and are not, or -EOPNOTSUPP when the kernel cannot tell. On an error nothing has
 * changed. (Model: residents, String)
 */
int __swim_string_from(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
		       const char *bytes, size_t n, bool utf8, gfp_t gfp)
{
	int err = check(bytes, n, utf8);

	if (err)
		return err;
	return swim_grip_copy(slot, kind, hold, &swim_text_type, n + 1, bytes, n, gfp);
}
EXPORT_SYMBOL_GPL(__swim_string_from);

static void put(struct swim_grip *grip, const char *bytes, u32 n)
{
	char *end = swim_grip_at(grip, grip->body->len);

	memcpy(end + 1, bytes + 1, n - 1);
	swim_window();
	/* Who looks for the end finds it here, until all others are there. */
	smp_store_release(end, *bytes);
	grip->body->len += n;
}

/**
 * __swim_string_append - add bytes at the end
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @bytes: without a NUL among them; none of the text itself
 * @n: how many
 * @utf8: must they be UTF-8?
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -ENOENT when the lease owns nothing; -EINVAL when it owns no text, for a NUL, or
 * for bytes of the text itself; -EBUSY when it is in use; -EILSEQ, -EOPNOTSUPP as
 * __swim_string_from(); -E2BIG; -ENOMEM. On an error nothing has changed.
 * (Model: residents, String)
 */
int __swim_string_append(void *slot, enum swim_lease_kind kind, const char *bytes, size_t n,
			 bool utf8, gfp_t gfp)
{
	struct swim_grip grip;
	int err = check(bytes, n, utf8) ?: swim_grip_take(&grip, slot, kind, true);

	if (err)
		return err;
	if (n && swim_grip_has(&grip, bytes))
		err = -SWIM_EMISALIGNED;
	else if (n)
		err = swim_grip_room(&grip, (u64)grip.body->len + n + 1, gfp);
	if (n && !err)
		put(&grip, bytes, n);
	swim_grip_let_go(&grip);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_string_append);

/* Format @n bytes behind the text, where there is room for them. */
static __printf(3, 0) int format(struct swim_grip *grip, u32 n, const char *fmt, va_list args)
{
	char *end = swim_grip_at(grip, grip->body->len);

	/* What is told by its address may be shorter now. */
	n = min_t(u32, n, vsnprintf(end, n + 1, fmt, args));
	if (memchr(end, '\0', n)) {
		memset(end, 0, n);
		return -SWIM_EMISALIGNED;
	}
	grip->body->len += n;
	return 0;
}

/**
 * __swim_string_vprintf - add formatted text at the end
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 * @fmt: as for printf()
 * @args: what it says; nothing of the text itself
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as __swim_string_append(); -EINVAL also when a NUL is formatted, and then there may
 * be more room than before. (Model: residents, String, format)
 */
int __swim_string_vprintf(void *slot, enum swim_lease_kind kind, gfp_t gfp, const char *fmt,
			  va_list args)
{
	struct swim_grip grip;
	va_list again;
	int n, err;

	if (unlikely(!fmt))
		return -SWIM_EMISALIGNED;
	err = swim_grip_take(&grip, slot, kind, true);
	if (err)
		return err;
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	err = swim_grip_room(&grip, (u64)grip.body->len + n + 1, gfp) ?:
	      format(&grip, n, fmt, args);
	swim_grip_let_go(&grip);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_string_vprintf);

/**
 * __swim_string_truncate - cut the end off
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @len: bytes that stay; more than there are changes nothing
 *
 * Context: Any but NMI. The time is proportional to what is cut off.
 * Return: 0, or the errno of the pin. (Model: residents, String)
 */
int __swim_string_truncate(void *slot, enum swim_lease_kind kind, u32 len)
{
	struct swim_grip grip;
	int err = swim_grip_take(&grip, slot, kind, true);

	if (err)
		return err;
	if (len < grip.body->len) {
		memset(swim_grip_at(&grip, len), 0, grip.body->len - len);
		grip.body->len = len;
	}
	swim_grip_let_go(&grip);
	return 0;
}
EXPORT_SYMBOL_GPL(__swim_string_truncate);

/**
 * __swim_string_reserve - have room for some bytes
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @cap: how many in all, without the NUL
 * @gfp: as for __swim_string_append()
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as __swim_string_append(). (Model: residents, String)
 */
int __swim_string_reserve(void *slot, enum swim_lease_kind kind, u32 cap, gfp_t gfp)
{
	struct swim_grip grip;
	int err = swim_grip_take(&grip, slot, kind, true);

	if (err)
		return err;
	err = swim_grip_reserve(&grip, cap + 1ULL, gfp);
	swim_grip_let_go(&grip);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_string_reserve);

/**
 * __swim_string_shrink - have no more room than bytes, and the NUL
 * @slot: the lease
 * @kind: of lease: Raw, Ptr or Mut
 * @gfp: as for __swim_string_append()
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as __swim_string_append(). (Model: residents, String)
 */
int __swim_string_shrink(void *slot, enum swim_lease_kind kind, gfp_t gfp)
{
	struct swim_grip grip;
	int err = swim_grip_take(&grip, slot, kind, true);

	if (err)
		return err;
	if (grip.body->cap > grip.body->len + 1)
		err = swim_grip_resettle(&grip, grip.body->len + 1, gfp);
	swim_grip_let_go(&grip);
	return err;
}
EXPORT_SYMBOL_GPL(__swim_string_shrink);

/**
 * __swim_string_pin - the text
 * @slot: the lease
 * @kind: of lease: a Raw or a Ptr is pinned by it
 * @len: its bytes without the NUL; or NULL
 *
 * Context: Any but NMI.
 * Return: the text, or ERR_PTR with the errno of the pin. (Model: leases, dereference)
 */
char *__swim_string_pin(void *slot, enum swim_lease_kind kind, u32 *len)
{
	struct swim_grip grip;
	int err = swim_grip_pin(&grip, slot, kind, true);

	if (err)
		return ERR_PTR(err);
	if (len)
		*len = grip.body->len;
	return swim_grip_at(&grip, 0);
}
EXPORT_SYMBOL_GPL(__swim_string_pin);

/* The text, or NULL when the lease owns nothing. Under RCU. */
static const char *look(const void *slot, enum swim_lease_kind kind)
{
	const void *object = slot ? READ_ONCE(*swim_slot_object((void *)slot)) : NULL;

	if (object && kind > SWIM_KIND_PTR)
		object = READ_ONCE(*swim_cell_object((void *)object));
	if (!object || kind == SWIM_KIND_RAW)
		return object;
	return object + SWIM_BUF_FRONT;
}

/**
 * __swim_string_compare - which of two texts comes first
 * @a: a lease of one
 * @b: a lease of one
 * @kind: of both: Raw, Ptr, Mut or Ref
 *
 * The order is that of the bytes, unsigned, as of strcmp(). A lease that owns nothing comes
 * before the empty text.
 *
 * Context: Any but NMI; by the owners, or where readers under RCU may be.
 * Return: less than, equal to or greater than 0, as @a is to @b.
 */
int __swim_string_compare(const void *a, const void *b, enum swim_lease_kind kind)
{
	const char *left, *right;
	int order;

	rcu_read_lock();
	left = look(a, kind);
	right = look(b, kind);
	order = left && right ? strcmp(left, right) : !!left - !!right;
	rcu_read_unlock();
	return order;
}
EXPORT_SYMBOL_GPL(__swim_string_compare);

/**
 * __swim_string_hash - a number for a text
 * @slot: a lease of it
 * @kind: of it: Raw, Ptr, Mut or Ref
 * @seed: another one gives other numbers
 *
 * Context: as __swim_string_compare().
 * Return: the jhash() of the bytes: the same for equal texts.
 */
u32 __swim_string_hash(const void *slot, enum swim_lease_kind kind, u32 seed)
{
	const char *text;
	u32 hash;

	rcu_read_lock();
	text = look(slot, kind) ?: "";
	hash = jhash(text, strlen(text), seed);
	rcu_read_unlock();
	return hash;
}
EXPORT_SYMBOL_GPL(__swim_string_hash);

/**
 * __swim_string_copy_to - copy a text to where its reader has room
 * @slot: a lease of it
 * @kind: of it: Raw, Ptr, Mut or Ref
 * @to: where; ends with a NUL if there is any room
 * @size: bytes that there is room for, with the NUL
 *
 * Context: as __swim_string_compare().
 * Return: bytes copied, without the NUL; -E2BIG when the text was cut off; -ENOENT when the
 * lease owns nothing, and then nothing is copied.
 */
ssize_t __swim_string_copy_to(const void *slot, enum swim_lease_kind kind, char *to, size_t size)
{
	ssize_t copied = -SWIM_ECLEARED;
	const char *text;

	rcu_read_lock();
	text = look(slot, kind);
	if (text)
		copied = strscpy(to, text, size);
	rcu_read_unlock();
	return copied;
}
EXPORT_SYMBOL_GPL(__swim_string_copy_to);
