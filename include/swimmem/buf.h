/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buf: an array of values of one type that grows. It is changed through a Raw, a Ptr or a Mut
 * lease and read through a Ref; the other leases of it are turned into one of these.
 *
 *	swim_buf_push()	  swim_ptr_buf_push()	swim_mut_buf_push()
 *
 * and so on: what is told of the first holds for all three. Each call has the array to
 * itself: a pinned one says -EBUSY. Values may own others; a value that goes in leaves
 * empty leases where it came from, one that comes out goes to a place with empty ones.
 *
 * Context: Any but NMI, as gfp allows where there is one.
 */
#ifndef SWIMMEM_BUF_H
#define SWIMMEM_BUF_H

#include <swimmem/counted.h>
#include <swimmem/ptr.h>
#include <swimmem/raw.h>

/* Bytes of metadata in front of the elements, where it is inside the object. */
#define SWIM_BUF_FRONT	16

/**
 * struct swim_slice - the elements of a buf, as long as it is pinned or has a Ref or a Mut
 * @at: the first
 * @len: how many
 * @size: bytes of each
 */
struct swim_slice {
	void *at;
	u32 len;
	size_t size;
};

int __must_check __swim_buf_new(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
				const struct swim_type *type, u32 cap, gfp_t gfp);
int __must_check __swim_buf_copy(void *slot, enum swim_lease_kind kind, struct swim_hold *hold,
				 const struct swim_type *type, const void *values, u32 n,
				 gfp_t gfp);
int __must_check __swim_buf_splice(void *slot, enum swim_lease_kind kind, u32 at, u32 remove,
				   void *in, u32 add, void *out, gfp_t gfp);
int __must_check __swim_buf_reserve(void *slot, enum swim_lease_kind kind, u32 cap, gfp_t gfp);
int __must_check __swim_buf_shrink(void *slot, enum swim_lease_kind kind, gfp_t gfp);
int __swim_buf_truncate(void *slot, enum swim_lease_kind kind, u32 len);
int __must_check __swim_buf_pin(void *slot, enum swim_lease_kind kind, struct swim_slice *slice);
int __swim_buf_counts(void *slot, enum swim_lease_kind kind, u32 *len, u32 *cap);

/* The place of an element, or NULL when there is none of this number. */
static inline void *swim_slice_at(const struct swim_slice *slice, u32 n)
{
	return n < slice->len ? slice->at + n * slice->size : NULL;
}

#define SWIM_BUF_END	U32_MAX		/* as a place: behind the last element */

/*
 * For one kind of lease, any but Soft:
 *
 * new		an empty array with room for @cap elements
 * copy		an array of copies of @n values, which own nothing: else -EOPNOTSUPP
 */
#define __SWIM_BUF_NEW(name, KIND)						\
static inline int __must_check name##_new(struct name *buf, struct swim_hold *hold, \
					  const struct swim_type *type, u32 cap, gfp_t gfp) \
{										\
	return __swim_buf_new(buf, SWIM_KIND_##KIND, hold, type, cap, gfp);	\
}										\
										\
static inline int __must_check name##_copy(struct name *buf, struct swim_hold *hold, \
					   const struct swim_type *type,	\
					   const void *values, u32 n, gfp_t gfp) \
{										\
	return __swim_buf_copy(buf, SWIM_KIND_##KIND, hold, type, values, n, gfp); \
}

__SWIM_BUF_NEW(swim_buf, RAW)
__SWIM_BUF_NEW(swim_ptr_buf, PTR)
__SWIM_BUF_NEW(swim_mut_buf, MUT)
__SWIM_BUF_NEW(swim_ref_buf, REF)
__SWIM_BUF_NEW(swim_hard_buf, HARD)

#undef __SWIM_BUF_NEW

/*
 * For one kind of lease:
 *
 * len, cap	elements in it, elements that it has room for
 * push, pop	at the end; pop says -ENOENT when there is nothing
 * insert	in front of the element @at, which may be the end; -EINVAL beyond it
 * append	@n values at the end, all or none
 * remove	the element @at; -EINVAL when there is none
 * truncate	drop all elements from @len on
 * reserve	room for @cap elements
 * shrink	no more room than elements
 *
 * What needs memory says -ENOMEM, or -E2BIG for more than the hold can ever give, and then
 * nothing has changed.
 */
#define __SWIM_BUF(name, KIND)							\
static inline u32 name##_len(struct name *buf)					\
{										\
	u32 len, cap;								\
										\
	return __swim_buf_counts(buf, SWIM_KIND_##KIND, &len, &cap) ? 0 : len;	\
}										\
										\
static inline u32 name##_cap(struct name *buf)					\
{										\
	u32 len, cap;								\
										\
	return __swim_buf_counts(buf, SWIM_KIND_##KIND, &len, &cap) ? 0 : cap;	\
}										\
										\
static inline int __must_check name##_push(struct name *buf, void *value, gfp_t gfp) \
{										\
	return __swim_buf_splice(buf, SWIM_KIND_##KIND, SWIM_BUF_END, 0, value, 1, NULL, gfp); \
}										\
										\
static inline int __must_check name##_append(struct name *buf, void *values, u32 n, gfp_t gfp) \
{										\
	return __swim_buf_splice(buf, SWIM_KIND_##KIND, SWIM_BUF_END, 0, values, n, NULL, gfp); \
}										\
										\
static inline int __must_check name##_insert(struct name *buf, u32 at, void *value, gfp_t gfp) \
{										\
	return __swim_buf_splice(buf, SWIM_KIND_##KIND, at, 0, value, 1, NULL, gfp); \
}										\
										\
static inline int __must_check name##_remove(struct name *buf, u32 at, void *value) \
{										\
	return __swim_buf_splice(buf, SWIM_KIND_##KIND, at, 1, NULL, 0, value, 0); \
}										\
										\
static inline int __must_check name##_pop(struct name *buf, void *value)	\
{										\
	return __swim_buf_splice(buf, SWIM_KIND_##KIND, SWIM_BUF_END, 1, NULL, 0, value, 0); \
}										\
										\
static inline int name##_truncate(struct name *buf, u32 len)			\
{										\
	return __swim_buf_truncate(buf, SWIM_KIND_##KIND, len);			\
}										\
										\
static inline int __must_check name##_reserve(struct name *buf, u32 cap, gfp_t gfp) \
{										\
	return __swim_buf_reserve(buf, SWIM_KIND_##KIND, cap, gfp);		\
}										\
										\
static inline int __must_check name##_shrink(struct name *buf, gfp_t gfp)	\
{										\
	return __swim_buf_shrink(buf, SWIM_KIND_##KIND, gfp);			\
}

__SWIM_BUF(swim_buf, RAW)
__SWIM_BUF(swim_ptr_buf, PTR)
__SWIM_BUF(swim_mut_buf, MUT)

#undef __SWIM_BUF

/**
 * swim_buf_pin - use the elements, exclusively, and keep them where they are
 * @buf: owned by the caller
 * @slice: the elements
 *
 * Return: 0 until swim_buf_unpin(), or the errno of swim_raw_pin().
 */
static inline int __must_check swim_buf_pin(struct swim_buf *buf, struct swim_slice *slice)
{
	return __swim_buf_pin(buf, SWIM_KIND_RAW, slice);
}

/**
 * swim_ptr_buf_pin - the same for a Ptr lease
 * @buf: owned by the caller
 * @slice: the elements
 */
static inline int __must_check swim_ptr_buf_pin(struct swim_ptr_buf *buf,
						struct swim_slice *slice)
{
	return __swim_buf_pin(buf, SWIM_KIND_PTR, slice);
}

/**
 * swim_mut_buf_get - the elements, to be written, as long as the lease is there
 * @buf: owns an array
 * @slice: the elements
 */
static inline int __must_check swim_mut_buf_get(struct swim_mut_buf *buf,
						struct swim_slice *slice)
{
	return __swim_buf_pin(buf, SWIM_KIND_MUT, slice);
}

/**
 * swim_ref_buf_get - the elements, to be read, as long as the lease is there
 * @buf: owns an array
 * @slice: the elements
 */
static inline int __must_check swim_ref_buf_get(struct swim_ref_buf *buf,
						struct swim_slice *slice)
{
	return __swim_buf_pin(buf, SWIM_KIND_REF, slice);
}

static inline void swim_buf_unpin(struct swim_buf *buf)
{
	swim_raw_unpin(&buf->raw);
}

static inline void swim_ptr_buf_unpin(struct swim_ptr_buf *buf)
{
	swim_ptr_unpin(&buf->ptr);
}

static inline int swim_buf_drop(struct swim_buf *buf)
{
	return swim_raw_drop(&buf->raw);
}

static inline int swim_ptr_buf_drop(struct swim_ptr_buf *buf)
{
	return swim_ptr_drop(&buf->ptr);
}

static inline bool swim_buf_is_empty(const struct swim_buf *buf)
{
	return swim_raw_is_empty(&buf->raw);
}

static inline bool swim_ptr_buf_is_empty(const struct swim_ptr_buf *buf)
{
	return swim_ptr_is_empty(&buf->ptr);
}

static inline int __must_check swim_buf_move(struct swim_buf *to, struct swim_buf *from)
{
	return swim_raw_move(&to->raw, &from->raw);
}

static inline int __must_check swim_ptr_buf_move(struct swim_ptr_buf *to,
						 struct swim_ptr_buf *from)
{
	return swim_ptr_move(&to->ptr, &from->ptr);
}

SWIM_COUNTED_RESIDENT(buf)

#endif
