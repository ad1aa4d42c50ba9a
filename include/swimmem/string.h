/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * String: a text that grows: bytes with a NUL behind them and none among them. It is changed
 * through a Raw, a Ptr or a Mut lease and read through a Ref; the other leases of it are
 * turned into one of these. Lengths and capacities do not count the NUL.
 *
 *	swim_string_append()	swim_ptr_string_append()	swim_mut_string_append()
 *
 * and so on: what is told of the first holds for all three. What changes the text has it to
 * itself: a pinned one says -EBUSY.
 *
 * Context: Any but NMI, as gfp allows where there is one.
 */
#ifndef SWIMMEM_STRING_H
#define SWIMMEM_STRING_H

#include <linux/stdarg.h>
#include <linux/string.h>
#include <swimmem/buf.h>

int __must_check __swim_string_new(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
				   u32 cap, gfp_t gfp);
int __must_check __swim_string_from(void *slot, enum swim_lease_kind kind,
				    struct swim_hold *hold, const char *bytes, size_t n, bool utf8,
				    gfp_t gfp);
int __must_check __swim_string_append(void *slot, enum swim_lease_kind kind, const char *bytes,
				      size_t n, bool utf8, gfp_t gfp);
int __must_check __printf(4, 0) __swim_string_vprintf(void *slot, enum swim_lease_kind kind,
						      gfp_t gfp, const char *fmt, va_list args);
int __must_check __swim_string_reserve(void *slot, enum swim_lease_kind kind, u32 cap, gfp_t gfp);
int __must_check __swim_string_shrink(void *slot, enum swim_lease_kind kind, gfp_t gfp);
int __swim_string_truncate(void *slot, enum swim_lease_kind kind, u32 len);
char *__must_check __swim_string_pin(void *slot, enum swim_lease_kind kind, u32 *len);
int __swim_string_compare(const void *a, const void *b, enum swim_lease_kind kind);
u32 __swim_string_hash(const void *slot, enum swim_lease_kind kind, u32 seed);
ssize_t __swim_string_copy_to(const void *slot, enum swim_lease_kind kind, char *to, size_t size);

/*
 * For one kind of lease, any but Soft:
 *
 * new		an empty text with room for @cap bytes
 * from		a copy of a C string
 * from_bytes	a copy of @n bytes; -EINVAL when a NUL is among them
 * from_utf8	the same; -EILSEQ for what is no valid UTF-8: overlong forms, surrogates, what
 *		is cut off or beyond U+10FFFF. -EOPNOTSUPP in a kernel without CONFIG_NLS
 */
#define __SWIM_STRING_NEW(name, KIND)						\
static inline int __must_check name##_new(struct name *string, struct swim_hold *hold, \
					  u32 cap, gfp_t gfp)			\
{										\
	return __swim_string_new(string, SWIM_KIND_##KIND, hold, cap, gfp);	\
}										\
										\
static inline int __must_check name##_from(struct name *string, struct swim_hold *hold, \
					   const char *text, gfp_t gfp)		\
{										\
	if (unlikely(!text))							\
		return -SWIM_EMISALIGNED;					\
	return __swim_string_from(string, SWIM_KIND_##KIND, hold, text, strlen(text), \
				  false, gfp);					\
}										\
										\
static inline int __must_check name##_from_bytes(struct name *string, struct swim_hold *hold, \
						 const char *bytes, size_t n, gfp_t gfp) \
{										\
	return __swim_string_from(string, SWIM_KIND_##KIND, hold, bytes, n, false, gfp); \
}										\
										\
static inline int __must_check name##_from_utf8(struct name *string, struct swim_hold *hold, \
						const char *bytes, size_t n, gfp_t gfp) \
{										\
	return __swim_string_from(string, SWIM_KIND_##KIND, hold, bytes, n, true, gfp); \
}

__SWIM_STRING_NEW(swim_string, RAW)
__SWIM_STRING_NEW(swim_ptr_string, PTR)
__SWIM_STRING_NEW(swim_mut_string, MUT)
__SWIM_STRING_NEW(swim_ref_string, REF)
__SWIM_STRING_NEW(swim_hard_string, HARD)

#undef __SWIM_STRING_NEW

/*
 * For one kind of lease that can change the text:
 *
 * append	a C string at the end
 * append_bytes	@n bytes at the end; -EINVAL when a NUL is among them
 * append_utf8	the same; -EILSEQ, -EOPNOTSUPP as from_utf8
 * printf	formatted text at the end, and vprintf
 * truncate	cut off all from @len on
 * reserve	room for @cap bytes
 * shrink	no more room than bytes
 *
 * What needs memory says -ENOMEM, or -E2BIG for more than the hold can ever give. On any
 * error the text is as it was.
 */
#define __SWIM_STRING(name, KIND)						\
static inline int __must_check name##_append(struct name *string, const char *text, gfp_t gfp) \
{										\
	if (unlikely(!text))							\
		return -SWIM_EMISALIGNED;					\
	return __swim_string_append(string, SWIM_KIND_##KIND, text, strlen(text), false, gfp); \
}										\
										\
static inline int __must_check name##_append_bytes(struct name *string, const char *bytes, \
						   size_t n, gfp_t gfp)		\
{										\
	return __swim_string_append(string, SWIM_KIND_##KIND, bytes, n, false, gfp); \
}										\
										\
static inline int __must_check name##_append_utf8(struct name *string, const char *bytes, \
						  size_t n, gfp_t gfp)		\
{										\
	return __swim_string_append(string, SWIM_KIND_##KIND, bytes, n, true, gfp); \
}										\
										\
static inline int __must_check __printf(3, 0)					\
name##_vprintf(struct name *string, gfp_t gfp, const char *fmt, va_list args)	\
{										\
	return __swim_string_vprintf(string, SWIM_KIND_##KIND, gfp, fmt, args);	\
}										\
										\
static inline int __must_check __printf(3, 4)					\
name##_printf(struct name *string, gfp_t gfp, const char *fmt, ...)		\
{										\
	va_list args;								\
	int err;								\
										\
	va_start(args, fmt);							\
	err = name##_vprintf(string, gfp, fmt, args);				\
	va_end(args);								\
	return err;								\
}										\
										\
static inline int name##_truncate(struct name *string, u32 len)			\
{										\
	return __swim_string_truncate(string, SWIM_KIND_##KIND, len);		\
}										\
										\
static inline int __must_check name##_reserve(struct name *string, u32 cap, gfp_t gfp) \
{										\
	return __swim_string_reserve(string, SWIM_KIND_##KIND, cap, gfp);	\
}										\
										\
static inline int __must_check name##_shrink(struct name *string, gfp_t gfp)	\
{										\
	return __swim_string_shrink(string, SWIM_KIND_##KIND, gfp);		\
}

__SWIM_STRING(swim_string, RAW)
__SWIM_STRING(swim_ptr_string, PTR)
__SWIM_STRING(swim_mut_string, MUT)

#undef __SWIM_STRING

/*
 * For one kind of lease that leads to the text:
 *
 * len, cap	bytes in it, bytes that it has room for; 0 when the lease owns nothing
 * compare	less than, equal to or greater than 0: by the bytes, as strcmp(). A lease that
 *		owns nothing comes first
 * equal	are they the same?
 * hash		the same number for equal texts
 * copy_to	as strscpy(): bytes copied, or -E2BIG when cut off; -ENOENT when the lease owns
 *		nothing
 *
 * From compare on: by its owner, or by anybody where he may read the text under RCU.
 */
#define __SWIM_STRING_READ(name, KIND)						\
static inline u32 name##_len(const struct name *string)				\
{										\
	u32 len, cap;								\
										\
	return __swim_buf_counts((void *)string, SWIM_KIND_##KIND, &len, &cap) ? 0 : len; \
}										\
										\
static inline u32 name##_cap(const struct name *string)				\
{										\
	u32 len, cap;								\
										\
	return __swim_buf_counts((void *)string, SWIM_KIND_##KIND, &len, &cap) ? 0 : cap - 1; \
}										\
										\
static inline int name##_compare(const struct name *a, const struct name *b)	\
{										\
	return __swim_string_compare(a, b, SWIM_KIND_##KIND);			\
}										\
										\
static inline bool name##_equal(const struct name *a, const struct name *b)	\
{										\
	return !__swim_string_compare(a, b, SWIM_KIND_##KIND);			\
}										\
										\
static inline u32 name##_hash(const struct name *string, u32 seed)		\
{										\
	return __swim_string_hash(string, SWIM_KIND_##KIND, seed);		\
}										\
										\
static inline ssize_t name##_copy_to(const struct name *string, char *to, size_t size) \
{										\
	return __swim_string_copy_to(string, SWIM_KIND_##KIND, to, size);	\
}

__SWIM_STRING_READ(swim_string, RAW)
__SWIM_STRING_READ(swim_ptr_string, PTR)
__SWIM_STRING_READ(swim_mut_string, MUT)
__SWIM_STRING_READ(swim_ref_string, REF)

#undef __SWIM_STRING_READ

/**
 * swim_string_pin - use the text, exclusively, and keep it where it is
 * @string: owned by the caller
 * @len: its bytes without the NUL; or NULL
 *
 * The bytes may be changed, but not to NULs.
 *
 * Return: the text until swim_string_unpin(), or ERR_PTR as swim_raw_pin().
 */
static inline char *__must_check swim_string_pin(struct swim_string *string, u32 *len)
{
	return __swim_string_pin(string, SWIM_KIND_RAW, len);
}

/**
 * swim_ptr_string_pin - the same for a Ptr lease
 * @string: owned by the caller
 * @len: its bytes without the NUL; or NULL
 */
static inline char *__must_check swim_ptr_string_pin(struct swim_ptr_string *string, u32 *len)
{
	return __swim_string_pin(string, SWIM_KIND_PTR, len);
}

/**
 * swim_mut_string_get - the text, to be written, until it changes otherwise
 * @string: a Mut
 * @len: its bytes without the NUL; or NULL
 *
 * Return: the text, or ERR_PTR(-ENOENT) when the lease owns nothing.
 */
static inline char *__must_check swim_mut_string_get(struct swim_mut_string *string, u32 *len)
{
	return __swim_string_pin(string, SWIM_KIND_MUT, len);
}

/**
 * swim_ref_string_get - the text, to be read, as long as the lease is there
 * @string: a Ref
 * @len: its bytes without the NUL; or NULL
 *
 * Return: the text, or ERR_PTR(-ENOENT) when the lease owns nothing.
 */
static inline const char *__must_check swim_ref_string_get(struct swim_ref_string *string,
							   u32 *len)
{
	return __swim_string_pin(string, SWIM_KIND_REF, len);
}

/**
 * swim_string_read - the text, for reading under RCU
 * @string: any
 *
 * Context: Under rcu_read_lock() or what implies it. In a pool with SWIM_POOL_RCU also while
 * the owner appends or truncates: then the reader finds the text from before or behind that,
 * or the begin of one of them; but always an end.
 * Return: the text, or NULL when the lease owns nothing. (Model: leases, dereference)
 */
static inline const char *swim_string_read(const struct swim_string *string)
{
	return swim_raw_read(&string->buf.raw);
}

/**
 * swim_ptr_string_read - the same for a Ptr lease
 * @string: any
 */
static inline const char *swim_ptr_string_read(const struct swim_ptr_string *string)
{
	const void *object = READ_ONCE(string->ptr.object);

	RCU_LOCKDEP_WARN(!rcu_read_lock_any_held(), "lease read outside of rcu_read_lock()");
	return object ? object + SWIM_BUF_FRONT : NULL;
}

static inline void swim_string_unpin(struct swim_string *string)
{
	swim_raw_unpin(&string->buf.raw);
}

static inline void swim_ptr_string_unpin(struct swim_ptr_string *string)
{
	swim_ptr_unpin(&string->ptr);
}

static inline int swim_string_drop(struct swim_string *string)
{
	return swim_raw_drop(&string->buf.raw);
}

static inline int swim_ptr_string_drop(struct swim_ptr_string *string)
{
	return swim_ptr_drop(&string->ptr);
}

static inline bool swim_string_is_empty(const struct swim_string *string)
{
	return swim_raw_is_empty(&string->buf.raw);
}

static inline bool swim_ptr_string_is_empty(const struct swim_ptr_string *string)
{
	return swim_ptr_is_empty(&string->ptr);
}

static inline int __must_check swim_string_move(struct swim_string *to, struct swim_string *from)
{
	return swim_raw_move(&to->buf.raw, &from->buf.raw);
}

static inline int __must_check swim_ptr_string_move(struct swim_ptr_string *to,
						    struct swim_ptr_string *from)
{
	return swim_ptr_move(&to->ptr, &from->ptr);
}

SWIM_COUNTED_RESIDENT(string)

#endif
