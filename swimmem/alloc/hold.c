// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hold: what can be done with an object of any hold. Its tag tells in which kind of hold it
 * is, and how to get there.
 */
#include <linux/module.h>
#include <linux/string.h>

#include "../compat.h"
#include "../lease/lease.h"
#include "../observe/report.h"
#include "../observe/trace.h"
#include "pack.h"
#include "pool.h"
#include "space.h"

/* Nothing of any size but 0 fits here. */
DEFINE_SWIM_PACK(empty_pack, 0);

static struct swim_space *global_space;
static struct swim_pool *global_pool;

/**
 * swim_empty_hold - the hold that has no memory
 *
 * It gives objects of size 0 without a lease, and of any other size says -E2BIG.
 *
 * Context: Any. (Model: holds, empty hold)
 */
struct swim_hold *swim_empty_hold(void)
{
	return &empty_pack->hold;
}
EXPORT_SYMBOL_GPL(swim_empty_hold);

/**
 * swim_global_hold - the hold of the module itself
 *
 * A pool over a space without a limit, both named "global", for clients that need no hold of
 * their own.
 *
 * Context: Any. (Model: holds, global hold)
 */
struct swim_hold *swim_global_hold(void)
{
	return &global_pool->hold;
}
EXPORT_SYMBOL_GPL(swim_global_hold);

/* Where what belongs to no client comes from. */
struct swim_space *swim_global_space(void)
{
	return global_space;
}

int swim_hold_init(void)
{
	global_space = swim_space_make("global", 0, NUMA_NO_NODE);
	if (IS_ERR(global_space))
		return PTR_ERR(global_space);
	global_pool = swim_pool_make("global", swim_space_heap(global_space), 0);
	if (IS_ERR(global_pool)) {
		swim_space_unmake(global_space);
		return PTR_ERR(global_pool);
	}
	return 0;
}

void swim_hold_exit(void)
{
	/* Whoever left objects there is gone; that is reported, and rather leak than dangle. */
	if (swim_pool_unmake(global_pool))
		swim_pool_quiesce(global_pool);
	else
		swim_space_unmake(global_space);
}

static bool is_packed(unsigned long value)
{
	return swim_tag_is_packed(value, SWIM_TAG_PACKED);
}

/**
 * swim_apart_of - what an object that stands apart leads to
 * @object: the object
 * @value: its tag
 *
 * Return: one of both; none when the tag is overwritten.
 */
struct swim_apart swim_apart_of(const void *object, unsigned long value)
{
	struct swim_apart apart = { .pack = swim_pack_of(object, value) };

	if (!apart.pack && !is_packed(value))
		apart.hunk = swim_hunk_of_page(object);
	return apart;
}

/**
 * swim_object_hold - the hold of an object that a lease owns
 * @object: the object
 * @apart: of SWIM_TAG_WHERE
 */
struct swim_hold *swim_object_hold(void *object, unsigned long apart)
{
	struct swim_apart at;

	if (!apart)
		return &swim_hunk_of(object)->pool->hold;
	at = swim_apart_of(object, apart);
	return at.pack ? &at.pack->hold : &at.hunk->pool->hold;
}

/**
 * swim_release_apart - the end of an object that stands apart
 * @object: its tag is GOING, or still one that only the caller may change
 * @where: of SWIM_TAG_WHERE
 * @size: bytes, a multiple of 8
 */
void swim_release_apart(void *object, unsigned long where, size_t size)
{
	struct swim_apart apart = swim_apart_of(object, where);

	if (apart.pack) {
		swim_pack_release(apart.pack, object, size);
	} else if (apart.hunk->frame) {
		swim_pool_release(apart.hunk->pool, apart.hunk, object, size);
	} else {
		trace_swim_free(apart.hunk->pool->name, object, size);
		swim_large_release(apart.hunk, size);
	}
}

/**
 * swim_alloc - get memory from any hold, without a lease
 * @hold: where from
 * @size: bytes. 0 gives an address that must not be dereferenced, the same for all
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * The object is zeroed and aligned to 8 bytes. Nobody moves it before swim_free().
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: the object, or ERR_PTR: -E2BIG for more than the hold can ever give, -ENOMEM,
 * -EINVAL without a hold. (Model: holds)
 */
void *swim_alloc(struct swim_hold *hold, size_t size, gfp_t gfp)
{
	/* The usual case needs no indirect call. */
	if (!IS_ERR_OR_NULL(hold) && hold->ops == &swim_pool_hold_ops)
		return swim_pool_alloc(swim_pool_of(hold), size, gfp);
	return swim_alloc_aligned(hold, size, SWIM_OBJECT_ALIGN, gfp);
}
EXPORT_SYMBOL_GPL(swim_alloc);

/**
 * swim_alloc_aligned - the same, with an alignment
 * @hold: where from
 * @size: bytes
 * @align: bytes, a power of two up to a page; below 8 it is 8
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as swim_alloc(), and -EINVAL for another alignment. (Model: holds)
 */
void *swim_alloc_aligned(struct swim_hold *hold, size_t size, size_t align, gfp_t gfp)
{
	if (IS_ERR_OR_NULL(hold) || !is_power_of_2(align) || align > PAGE_SIZE)
		return ERR_PTR(-SWIM_EMISALIGNED);
	if (likely(hold->ops == &swim_pool_hold_ops))
		return swim_pool_alloc_aligned(hold, size, align, gfp);
	return hold->ops->alloc(hold, size, align, gfp);
}
EXPORT_SYMBOL_GPL(swim_alloc_aligned);

/**
 * swim_hold_stats - a hold in numbers
 * @hold: any
 * @stats: the numbers; exact when nobody allocates or frees meanwhile
 *
 * Context: Any but NMI.
 */
void swim_hold_stats(struct swim_hold *hold, struct swim_hold_stats *stats)
{
	hold->ops->stats(hold, stats);
}
EXPORT_SYMBOL_GPL(swim_hold_stats);

static bool is_misaligned(const void *object)
{
	return (unsigned long)object % SWIM_OBJECT_ALIGN;
}

/*
 * Is it HELD? A tag of 32 bits has few that are always the same, so what was overwritten may say
 * so by chance; then there is no pool.
 */
static bool is_held(const void *object, unsigned long value)
{
	const struct swim_hunk *hunk = value & SWIM_TAG_APART ? swim_hunk_of_page(object) :
								swim_hunk_of(object);
	const struct swim_hold_ops *ops;
	const struct swim_pool *pool;

	if (!swim_tag_is(value, SWIM_TAG_HELD))
		return false;
	return BITS_PER_LONG == 64 ||
	       (swim_peek(&hunk->pool, &pool, sizeof(pool)) &&
		swim_peek(&pool->hold.ops, &ops, sizeof(ops)) && ops == &swim_pool_hold_ops);
}

/* Is it in use, by somebody who has no lease on it? */
static bool is_plain(const void *object, unsigned long value)
{
	return is_held(object, value) || swim_tag_is_bare(value, SWIM_TAG_NOTHING) ||
	       (is_packed(value) && swim_pack_of(object, value));
}

static noinline int refuse_misaligned(const char *what, const void *object)
{
	swim_report("%s of %p, which is no object", what, object);
	return -SWIM_EMISALIGNED;
}

/**
 * swim_refuse - tell what is wrong with an object
 * @what: was to be done with it
 * @object: the object
 *
 * Return: as swim_free().
 */
noinline int swim_refuse(const char *what, void *object)
{
	unsigned long value = swim_tag_read(swim_tag_of(object));

	if (is_misaligned(object))
		return refuse_misaligned(what, object);
	if (swim_tag_is(value, SWIM_TAG_DEAD) || swim_tag_is(value, SWIM_TAG_GOING) ||
	    swim_tag_is_bare(value, SWIM_TAG_NOTHING) || value == SWIM_TAG_UNWRITTEN) {
		swim_report_object(object, "%s of object %p after its free", what, object);
		return -SWIM_ECLEARED;
	}
	if (swim_tag_is(value, SWIM_TAG_TAKEN) || swim_tag_is_bare(value, SWIM_TAG_VISITED) ||
	    swim_is_leased(object, value)) {
		swim_report_object(object, "%s of object %p, which a lease owns", what, object);
		return -SWIM_EALIASED;
	}
	swim_report_overwritten(what, object);
	return -SWIM_ECORRUPT;
}

/* What is in no hunk of 64 KiB and no pack, or cannot be freed; @word: its tag as it stands. */
static noinline int free_other(void *object, unsigned long word)
{
	unsigned long *tag = swim_tag_of(object);
	unsigned long value = swim_tag_mangle_sized(tag, word);
	size_t size;

	if (is_packed(value))
		return swim_pack_free(object, word, value);
	value = swim_tag_mangle(tag, word);
	size = swim_tag_size(value);
	if (value == swim_tag_sized(SWIM_TAG_NOTHING, 0, 0) &&
	    atomic_long_dec_if_positive(&swim_pool_of_zero(object)->nothings) >= 0) {
		trace_swim_free(swim_pool_of_zero(object)->name, object, 0);
		return 0;
	}
	if (swim_tag_is_bare(value, SWIM_TAG_NOTHING) && value & SWIM_TAG_APART &&
	    !swim_pack_free_nothing(object))
		return 0;
	if (!is_held(object, value) || !(value & SWIM_TAG_APART) ||
	    !swim_tag_try(tag, value, swim_tag_sized(SWIM_TAG_GOING, size, SWIM_TAG_APART)))
		return swim_refuse("free", object);
	swim_step(TAG_FREE_APART);
	swim_release_apart(object, SWIM_TAG_APART, size);
	return 0;
}

/* What is not in a hunk of 64 KiB: most often it is in a pack. */
static __always_inline int free_apart(void *object, unsigned long word, long rest)
{
	struct swim_pack *pack;

	if (unlikely(!swim_packed_pack(object, rest, &pack)))
		return free_other(object, word);
	/* As in swim_free(). */
	if (unlikely(!try_cmpxchg(swim_tag_of(object), &word, SWIM_TAG_UNWRITTEN)))
		return swim_refuse("free", object);
	swim_step(TAG_FREE_PACKED);
	swim_packed_put(pack, object, rest);
	return 0;
}

/**
 * swim_free - give an object back that has no lease
 * @object: from swim_alloc() or the like; NULL is nothing to do
 *
 * Context: Any but NMI.
 * Return: 0. On a client's error nothing has changed, and it is reported: -ENOENT for a
 * double free, -EBUSY when a lease owns the object, -EUCLEAN when its tag was
 * overwritten, -EINVAL when it cannot be an object at all. (Model: holds)
 */
int swim_free(void *object)
{
	unsigned long *tag = swim_tag_of(object), word;
	size_t size;

	if (unlikely(!object))
		return 0;
	/* What is misaligned has no tag that makes sense, where such a read is allowed at all. */
	if (!IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) && unlikely(is_misaligned(object)))
		return refuse_misaligned("free", object);
	word = READ_ONCE(*tag);
	size = swim_tag_held_size(tag, word);
	if (unlikely(size & SWIM_TAG_NO_SIZE))
		return free_apart(object, word, swim_packed_rest(size));
	/* One of two that free it at once gets the tag. */
	swim_window();
	if (unlikely(!try_cmpxchg(tag, &word, SWIM_TAG_UNWRITTEN)))
		return swim_refuse("free", object);
	swim_step(TAG_FREE);
	swim_release(object, size);
	return 0;
}
EXPORT_SYMBOL_GPL(swim_free);

/**
 * swim_size - usable bytes of an object without a lease
 * @object: from swim_alloc() or the like
 *
 * Context: Any but NMI.
 * Return: its size rounded up to 8; 0 when it is no such object.
 */
size_t swim_size(const void *object)
{
	unsigned long value;

	if (!object || is_misaligned(object))
		return 0;
	value = swim_tag_read(swim_tag_of(object));
	return is_plain(object, value) ? swim_tag_size(value & ~(~0UL << SWIM_TAG_SIZED_BITS)) : 0;
}
EXPORT_SYMBOL_GPL(swim_size);

/**
 * swim_hold_of - the hold that an object is in
 * @object: from swim_alloc() or the like, in use
 *
 * Context: Any but NMI.
 * Return: the hold, or NULL when it is no such object. (Model: vocabulary, hold)
 */
struct swim_hold *swim_hold_of(const void *object)
{
	struct swim_apart apart;
	unsigned long value;

	if (!object || is_misaligned(object))
		return NULL;
	value = swim_tag_read(swim_tag_of(object));
	if (!is_plain(object, value))
		return NULL;
	if (value == swim_tag_sized(SWIM_TAG_NOTHING, 0, 0))
		return &swim_pool_of_zero((void *)object)->hold;
	if (!(value & SWIM_TAG_APART))
		return &swim_hunk_of(object)->pool->hold;
	apart = swim_apart_of(object, value);
	if (apart.pack)
		return &apart.pack->hold;
	return apart.hunk ? &apart.hunk->pool->hold : NULL;
}
EXPORT_SYMBOL_GPL(swim_hold_of);

static int resize(void *object, unsigned long value, size_t size)
{
	struct swim_apart apart;
	struct swim_hunk *hunk = swim_hunk_of(object);

	if (value & SWIM_TAG_APART) {
		apart = swim_apart_of(object, value);
		if (apart.pack)
			return swim_pack_resize(apart.pack, object, value, size);
		hunk = apart.hunk;
		if (!hunk)
			return swim_refuse("resize", object);
		if (!hunk->frame)
			return swim_large_resize(hunk->pool, object, value, size);
	}
	return swim_pool_resize(hunk->pool, object, value, size);
}

/**
 * swim_resize - make an object larger or smaller where it is
 * @object: from swim_alloc() or the like
 * @size: bytes
 *
 * The newest object of its hold (of a pool: on this CPU) can grow, as far as there is room
 * behind it; any can shrink. What is added beyond the size rounded up to 8 is zeroed.
 *
 * Context: Any but NMI; alone with its object, without readers too.
 * Return: 0; -E2BIG when there is no room for it here; -EOPNOTSUPP from or to size 0. After
 * a report, as swim_free(). On an error nothing has changed. (Model: holds, resize)
 */
int swim_resize(void *object, size_t size)
{
	unsigned long value;

	if (!object || is_misaligned(object))
		return refuse_misaligned("resize", object);
	/* More than any hold has; and it can be rounded up. */
	if (size > max_t(size_t, SWIM_PACK_MAX, SWIM_SEGMENT_SIZE))
		return -SWIM_EOVERSIZED;
	value = swim_tag_read(swim_tag_of(object));
	if (!is_plain(object, value))
		return swim_refuse("resize", object);
	if (!size || swim_tag_is_bare(value, SWIM_TAG_NOTHING))
		return -SWIM_EUNSUPPORTED;
	return resize(object, value, size);
}
EXPORT_SYMBOL_GPL(swim_resize);

/**
 * swim_realloc - make an object larger or smaller, here or elsewhere in its hold
 * @object: from swim_alloc() or the like
 * @size: bytes
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * The content is kept, as far as it fits; what is added is zeroed. When the object has to go
 * elsewhere, it is aligned to 8 there, and the old address is freed.
 *
 * Context: Any but NMI, as @gfp allows; alone with its object.
 * Return: the object's address from now on; or ERR_PTR as of swim_alloc(), and after a
 * report as of swim_free(), and then the object is as it was. (Model: holds, realloc)
 */
void *swim_realloc(void *object, size_t size, gfp_t gfp)
{
	struct swim_hold *hold;
	size_t before;
	void *to;
	int err;

	err = swim_resize(object, size);
	if (!err)
		return object;
	if (err != -SWIM_EOVERSIZED && err != -SWIM_EUNSUPPORTED)
		return ERR_PTR(err);
	hold = swim_hold_of(object);
	before = swim_size(object);
	to = swim_alloc(hold, size, gfp);
	if (IS_ERR(to))
		return to;
	memcpy(to, object, min(before, size));
	swim_free(object);
	return to;
}
EXPORT_SYMBOL_GPL(swim_realloc);
