// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pool: bump allocation in hunks.
 *
 * Each CPU has one word, the address of the next tag slot in its current hunk.
 * this_cpu_cmpxchg() on it is the whole allocation: whatever came between, an
 * interrupt that allocated, a migration to another CPU, the hunk closed by a refill,
 * the word is no longer the one that was read, and it is tried again. A word that is
 * the same again (an interrupt allocated and freed last-in-first-out, or the hunk was
 * closed, died, and came back) is as good as the one that was read: beyond the mark
 * everything is zero, and that is all that counts.
 *
 * Free takes the object by its tag (HELD or PINNED to DEAD). When it is the newest one
 * of this CPU's hunk, the mark goes back over it after its bytes are zero again; until
 * the mark has moved its tag says "unwritten", so that nobody who walks takes it for
 * something. Otherwise its bytes are counted dead in the hunk's word (hunk.h), and who
 * counts the last ones gives the hunk back. As long as they are not counted the hunk
 * cannot go away, so free may be preempted or migrate between any two steps.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "../compat.h"
#include "../observe/registry.h"
#include "../observe/report.h"
#include "pool.h"
#include "space.h"

static_assert(SWIM_HUNK_BEGIN % SWIM_TAG_SLOT == 0);

static unsigned int mark_of(unsigned long next)
{
	return next & ~SWIM_FRAME_MASK;
}

/* Close the hunk that a CPU's word led to, after the word has been changed. */
static void close_current(unsigned long next)
{
	struct swim_hunk *hunk = swim_hunk_of((void *)next);

	if (next != SWIM_NO_HUNK && swim_hunk_close(hunk, mark_of(next)))
		swim_hunk_put(hunk);
}

/* Start this CPU's hunk over when everything in it is dead. */
static struct swim_hunk *restart_current(struct swim_pool *pool)
{
	unsigned long flags, next;
	struct swim_hunk *hunk;
	unsigned int mark;

	if (pool->flags & SWIM_POOL_RCU)
		return NULL;
	/* While the word stands the hunk may be looked at, so nobody may change it. */
	local_irq_save(flags);
	next = this_cpu_read(pool->cpu->next);
	hunk = swim_hunk_of((void *)next);
	mark = mark_of(next);
	if (next == SWIM_NO_HUNK ||
	    atomic_read(&hunk->frame->live) != SWIM_HUNK_OPEN - (int)(mark - SWIM_HUNK_BEGIN))
		hunk = NULL;
	else
		this_cpu_write(pool->cpu->next, SWIM_NO_HUNK);
	local_irq_restore(flags);
	if (!hunk || !swim_hunk_close(hunk, mark))
		return NULL;
	swim_hunk_reset(hunk, mark);
	return hunk;
}

/* Give this CPU a hunk with room for @need bytes. */
static noinline int refill(struct swim_pool *pool, size_t need, gfp_t gfp)
{
	struct swim_hunk *hunk = restart_current(pool);
	unsigned long old, new;

	if (!hunk)
		hunk = swim_hunk_get(pool, gfp);
	if (!hunk)
		return -SWIM_ENOMEM;
	new = (unsigned long)hunk + SWIM_HUNK_BEGIN;
	old = this_cpu_read(pool->cpu->next);
	if (!((old ^ (old + need)) & SWIM_FRAME_MASK) ||
	    this_cpu_cmpxchg(pool->cpu->next, old, new) != old)
		swim_hunk_put_now(hunk);	/* somebody was faster */
	else
		close_current(old);
	return 0;
}

/* An object in an extent of its own: header, tag, object. */
static noinline void *reserve_large(struct swim_pool *pool, size_t size, gfp_t gfp)
{
	const size_t front = SWIM_HUNK_BEGIN + SWIM_TAG_SLOT;
	struct swim_block block;
	struct swim_hunk *hunk;
	int err;

	if (size > SWIM_SEGMENT_SIZE - front)
		return ERR_PTR(-SWIM_EOVERSIZED);
	err = swim_space_alloc(pool->space, front + size, gfp, &block);
	if (err)
		return ERR_PTR(err);
	hunk = block.addr;
	memset(hunk, 0, block.size);
	hunk->pool = pool;
	hunk->size = block.size;
	atomic_long_inc(&pool->large);
	atomic_long_add(round_up(size, SWIM_OBJECT_ALIGN), &pool->large_used);
	atomic_long_add(block.size, &pool->large_held);
	this_cpu_inc(pool->cpu->apart);
	return block.addr + front;
}

static void large_put_now(struct swim_hunk *hunk)
{
	struct swim_block block = { hunk, hunk->size };

	atomic_long_sub(block.size, &hunk->pool->large_held);
	WARN_ON_ONCE(swim_space_free(hunk->pool->space, &block));
}

static void large_put_rcu(struct rcu_head *rcu)
{
	large_put_now(container_of(rcu, struct swim_hunk, rcu));
}

/**
 * swim_release_large - the end of a large object
 * @object: its tag is DEAD, or still one that only the caller may change
 * @size: bytes, a multiple of 8
 */
void swim_release_large(void *object, size_t size)
{
	struct swim_hunk *hunk = swim_hunk_of_page(object);
	struct swim_pool *pool = hunk->pool;

	atomic_long_dec(&pool->large);
	atomic_long_sub(size, &pool->large_used);
	this_cpu_dec(pool->cpu->apart);
	if (pool->flags & SWIM_POOL_RCU)
		call_rcu(&hunk->rcu, large_put_rcu);
	else
		large_put_now(hunk);
}

/**
 * swim_release_slow - the end of a small object that is not short, or not the newest
 * @object: its tag is DEAD, or still one that only the caller may change
 * @size: bytes, a multiple of 8
 */
void swim_release_slow(void *object, size_t size)
{
	struct swim_hunk *hunk = swim_hunk_of(object);
	struct swim_pool *pool = hunk->pool;
	unsigned long end = (unsigned long)object + size;

	if (size >= SWIM_ZERO_INLINE && this_cpu_read(pool->cpu->next) == end &&
	    !(pool->flags & SWIM_POOL_RCU)) {
		memset(object, 0, size);
		if (swim_pool_rewind(pool->cpu, object, end))
			return;
	}
	swim_tag_write(swim_tag_of(object), swim_tag_sized(SWIM_TAG_DEAD, size, 0));
	/* Full barrier: whoever gets the hunk finds nothing of ours still to be written. */
	if (!atomic_sub_return(size + SWIM_TAG_SLOT, &hunk->frame->live))
		swim_hunk_put(hunk);
}

/**
 * swim_pool_reserve_slow - reserve what needs a new hunk, or an extent of its own
 * @pool: where from
 * @size: bytes
 * @gfp: how the space may grow for it
 *
 * Return: an object with an unwritten tag, zeroed, or ERR_PTR.
 */
void *swim_pool_reserve_slow(struct swim_pool *pool, size_t size, gfp_t gfp)
{
	void *object;
	int err;

	if (size > SWIM_SMALL_MAX)
		return reserve_large(pool, size, gfp);
	while (!(object = swim_pool_bump(pool, size))) {
		err = refill(pool, round_up(size, SWIM_OBJECT_ALIGN) + SWIM_TAG_SLOT, gfp);
		if (err)
			return ERR_PTR(err);
	}
	return object;
}

static void *write_held(void *object, size_t size, unsigned long page)
{
	swim_tag_write(swim_tag_of(object),
		       swim_tag_sized(SWIM_TAG_HELD, round_up(size, SWIM_OBJECT_ALIGN), page));
	return object;
}

static noinline void *alloc_slow(struct swim_pool *pool, size_t size, gfp_t gfp)
{
	void *object;

	if (!pool)
		return ERR_PTR(-SWIM_EMISALIGNED);
	if (!size) {
		this_cpu_inc(pool->cpu->apart);
		return pool->zero;
	}
	object = swim_pool_reserve_slow(pool, size, gfp);
	if (IS_ERR(object))
		return object;
	return write_held(object, size, size > SWIM_SMALL_MAX ? SWIM_TAG_PAGE : 0);
}

/**
 * swim_pool_alloc - get memory from a pool, without a lease
 * @pool: where from
 * @size: bytes. 0 gives an address that must not be dereferenced, the same for all
 * @gfp: what to do when the pool must grow for it; sleeps if it says so
 *
 * The object is zeroed and aligned to 8 bytes. Nobody moves it before swim_free().
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: the object, or ERR_PTR: -E2BIG for more than 2 MiB with its header, or than
 * the space can ever give; -ENOMEM when out of memory; -EINVAL without a pool.
 * (Model: holds, pool)
 */
void *swim_pool_alloc(struct swim_pool *pool, size_t size, gfp_t gfp)
{
	void *object;

	/* Size 0 is large here too. */
	if (unlikely(!pool || size - 1 >= SWIM_SMALL_MAX))
		return alloc_slow(pool, size, gfp);
	object = swim_pool_bump(pool, size);
	if (unlikely(!object))
		return alloc_slow(pool, size, gfp);
	return write_held(object, size, 0);
}
EXPORT_SYMBOL_GPL(swim_pool_alloc);

static void *hold_alloc(struct swim_hold *hold, size_t size, gfp_t gfp)
{
	return swim_pool_alloc(swim_pool_of(hold), size, gfp);
}

static void *hold_reserve(struct swim_hold *hold, size_t size, gfp_t gfp)
{
	return swim_pool_reserve(swim_pool_of(hold), size, gfp);
}

const struct swim_hold_ops swim_pool_hold_ops = {
	.alloc = hold_alloc,
	.reserve = hold_reserve,
};

/**
 * swim_alloc - get memory from any hold, without a lease
 * @hold: where from
 * @size: bytes
 * @gfp: as for swim_pool_alloc()
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as swim_pool_alloc().
 */
void *swim_alloc(struct swim_hold *hold, size_t size, gfp_t gfp)
{
	if (unlikely(!hold))
		return ERR_PTR(-SWIM_EMISALIGNED);
	return hold->ops->alloc(hold, size, gfp);
}
EXPORT_SYMBOL_GPL(swim_alloc);

/* What is no small object without a lease. */
static noinline int free_slow(void *object, unsigned long value)
{
	unsigned long *tag = swim_tag_of(object);
	size_t size = swim_tag_size(value);

	if (swim_tag_is(value, SWIM_TAG_NOTHING)) {
		this_cpu_dec(swim_hunk_of_page(object)->pool->cpu->apart);
		return 0;
	}
	if (swim_tag_is(value, SWIM_TAG_HELD) && value & SWIM_TAG_PAGE &&
	    swim_tag_try(tag, value, swim_tag_sized(SWIM_TAG_DEAD, size, SWIM_TAG_PAGE))) {
		swim_release_large(object, size);
		return 0;
	}
	value = swim_tag_read(tag);
	if (swim_tag_is(value, SWIM_TAG_DEAD) || value == SWIM_TAG_UNWRITTEN) {
		swim_report("double free of object %p", object);
		return -SWIM_ECLEARED;
	}
	if (swim_tag_is_owned(value) || swim_tag_is(value, SWIM_TAG_PINNED) ||
	    swim_tag_is(value, SWIM_TAG_VISITED) || swim_tag_kind(value) == SWIM_TAG_DROPPING) {
		swim_report("free of object %p, which a lease owns", object);
		return -SWIM_EALIASED;
	}
	swim_report("free of object %p, whose tag is overwritten", object);
	return -SWIM_ECORRUPT;
}

static noinline int free_misaligned(const void *object)
{
	swim_report("free of %p, which is no object", object);
	return -SWIM_EMISALIGNED;
}

/**
 * swim_free - give an object back that has no lease
 * @object: from swim_alloc() or swim_pool_alloc(); NULL is nothing to do
 *
 * Context: Any but NMI.
 * Return: 0. On a client's error nothing has changed, and it is reported: -ENOENT for a
 * double free, -EBUSY when a lease owns the object, -EUCLEAN when its tag was
 * overwritten, -EINVAL when it cannot be an object at all.
 */
int swim_free(void *object)
{
	unsigned long *tag = swim_tag_of(object), word, value;
	size_t size;

	if (unlikely(!object))
		return 0;
	if (unlikely((unsigned long)object % SWIM_OBJECT_ALIGN))
		return free_misaligned(object);
	/* Unwritten, it is of no kind. */
	word = READ_ONCE(*tag);
	value = swim_tag_mangle(tag, word);
	size = swim_tag_size(value);
	/* One of two that free it at once gets the tag. */
	if (unlikely(!swim_tag_is_small(value, SWIM_TAG_HELD) ||
		     !try_cmpxchg(tag, &word, word ^ SWIM_TAG_HELD ^ SWIM_TAG_DEAD)))
		return free_slow(object, value);
	swim_release(object, size);
	return 0;
}
EXPORT_SYMBOL_GPL(swim_free);

/**
 * swim_size - usable bytes of an object without a lease
 * @object: from swim_alloc() or swim_pool_alloc()
 *
 * Context: Any but NMI.
 * Return: its size rounded up to 8; 0 when it is no such object.
 */
size_t swim_size(const void *object)
{
	unsigned long value;

	if (!object || (unsigned long)object % SWIM_OBJECT_ALIGN)
		return 0;
	value = swim_tag_read(swim_tag_of(object));
	return swim_tag_is(value, SWIM_TAG_HELD) ? swim_tag_size(value) : 0;
}
EXPORT_SYMBOL_GPL(swim_size);

/**
 * swim_pool_adopt - let this CPU allocate in a hunk that is partly used
 * @pool: whose
 * @hunk: open, and nobody else's
 * @mark: offset of its first unused byte
 *
 * Return: false when this CPU's hunk has as much room; then nothing has changed.
 */
bool swim_pool_adopt(struct swim_pool *pool, struct swim_hunk *hunk, unsigned int mark)
{
	unsigned long old = this_cpu_read(pool->cpu->next);

	if (mark_of(old) <= mark ||
	    this_cpu_cmpxchg(pool->cpu->next, old, (unsigned long)hunk + mark) != old)
		return false;
	close_current(old);
	return true;
}

static void flush_this_cpu(void *arg)
{
	struct swim_pool *pool = arg;

	close_current(this_cpu_xchg(pool->cpu->next, SWIM_NO_HUNK));
}

/**
 * swim_pool_flush - close every CPU's hunk
 * @pool: any
 *
 * Context: Process, may sleep.
 */
void swim_pool_flush(struct swim_pool *pool)
{
	unsigned int cpu;

	/* A CPU that is not online uses no word of its own; nor does it come back meanwhile. */
	cpus_read_lock();
	on_each_cpu(flush_this_cpu, pool, true);
	for_each_possible_cpu(cpu)
		if (!cpu_online(cpu))
			swim_pool_flush_dead_cpu(pool, cpu);
	cpus_read_unlock();
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_pool_flush);

/**
 * swim_pool_flush_dead_cpu - close the hunk of a CPU that is gone
 * @pool: any
 * @cpu: not online, and not coming back meanwhile
 */
void swim_pool_flush_dead_cpu(struct swim_pool *pool, unsigned int cpu)
{
	unsigned long *next = &per_cpu_ptr(pool->cpu, cpu)->next;

	close_current(xchg(next, SWIM_NO_HUNK));
}

static void stats_hunks(struct swim_pool *pool, struct swim_pool_stats *stats, size_t *bytes)
{
	struct swim_segment *segment;
	unsigned int i;
	u32 index;

	swim_for_each_segment(pool->space, index, segment) {
		for (i = 0; i < SWIM_SEGMENT_FRAMES; i++) {
			struct swim_frame *frame = &segment->frame[i];
			int live = atomic_read(&frame->live) % SWIM_HUNK_HOLD;

			if (READ_ONCE(frame->pool) != pool)
				continue;
			stats->hunks++;
			if (!live) {
				stats->waiting++;
				continue;
			}
			if (live > (int)SWIM_FRAME_SIZE) {
				stats->open++;
				continue;
			}
			*bytes += live;
			stats->histogram[min_t(unsigned int, live * SWIM_HISTOGRAM /
					       SWIM_FRAME_SIZE, SWIM_HISTOGRAM - 1)]++;
		}
	}
}

/* Bytes of an open hunk that are not dead; the hunk itself is not looked at. */
static size_t stats_open(struct swim_pool *pool, unsigned long next)
{
	struct swim_frame *frame;
	int live;

	if (next == SWIM_NO_HUNK)
		return 0;
	frame = swim_space_frame(pool->space, (void *)(next & SWIM_FRAME_MASK));
	if (!frame)
		return 0;
	live = atomic_read(&frame->live);
	if (live <= (int)SWIM_FRAME_SIZE || live > SWIM_HUNK_OPEN)
		return 0;
	return mark_of(next) - SWIM_HUNK_BEGIN - (SWIM_HUNK_OPEN - live);
}

/**
 * swim_pool_stats - a pool in numbers
 * @pool: any
 * @stats: the numbers; exact when nobody allocates, frees or compacts meanwhile
 *
 * Context: Any but NMI. Looks at every segment of the space.
 */
void swim_pool_stats(struct swim_pool *pool, struct swim_pool_stats *stats)
{
	long objects = 0, apart = 0;
	size_t bytes = 0;
	int cpu;

	*stats = (struct swim_pool_stats){
		.large = atomic_long_read(&pool->large),
		.moves = pool->moves,
	};
	stats_hunks(pool, stats, &bytes);
	for_each_possible_cpu(cpu) {
		struct swim_pool_cpu *this = per_cpu_ptr(pool->cpu, cpu);

		bytes += stats_open(pool, READ_ONCE(this->next));
		objects += READ_ONCE(this->objects);
		apart += READ_ONCE(this->apart);
	}
	stats->held = stats->hunks * SWIM_FRAME_SIZE + atomic_long_read(&pool->large_held);
	stats->live = objects + apart;
	stats->tags = (objects + stats->large) * SWIM_TAG_SLOT;
	stats->used = bytes - objects * SWIM_TAG_SLOT + atomic_long_read(&pool->large_used);
}
EXPORT_SYMBOL_GPL(swim_pool_stats);

/**
 * swim_pool_hold - the pool as a hold
 * @pool: any
 */
struct swim_hold *swim_pool_hold(struct swim_pool *pool)
{
	return &pool->hold;
}
EXPORT_SYMBOL_GPL(swim_pool_hold);

/**
 * swim_pool_create - make a pool over a space
 * @name: unique among pools: 1 to 31 printable characters, no slash
 * @space: where its hunks come from; the pool itself takes one page of it
 * @flags: SWIM_POOL_RCU, or 0
 *
 * Context: Process, may sleep.
 * Return: the pool, or ERR_PTR: -EINVAL for a bad name, unknown flags or no space,
 * -EEXIST for a name in use, -ENOMEM.
 */
struct swim_pool *swim_pool_create(const char *name, struct swim_space *space,
				   unsigned long flags)
{
	struct swim_block block;
	struct swim_pool *pool;
	int cpu, err;

	if (IS_ERR_OR_NULL(space) || flags & ~SWIM_POOL_RCU)
		return ERR_PTR(-SWIM_EMISALIGNED);
	err = swim_space_alloc(space, sizeof(*pool), GFP_KERNEL, &block);
	if (err)
		return ERR_PTR(err);
	pool = block.addr;
	memset(pool, 0, sizeof(*pool));
	err = swim_registry_name(pool->name, name);
	if (err)
		goto free_block;
	err = -SWIM_ENOMEM;
	pool->cpu = alloc_percpu(struct swim_pool_cpu);
	if (!pool->cpu)
		goto free_block;
	for_each_possible_cpu(cpu)
		per_cpu_ptr(pool->cpu, cpu)->next = SWIM_NO_HUNK;
	pool->head.pool = pool;
	pool->head.size = block.size;
	pool->hold.ops = &swim_pool_hold_ops;
	pool->space = space;
	pool->flags = flags;
	pool->zero_inline = flags & SWIM_POOL_RCU ? 0 : SWIM_ZERO_INLINE;
	mutex_init(&pool->clean);
	swim_tag_write(swim_tag_of(pool->zero), swim_tag_sized(SWIM_TAG_NOTHING, 0, 0));
	err = swim_registry_add_pool(pool);
	if (err)
		goto free_cpu;
	__module_get(THIS_MODULE);
	return pool;

free_cpu:
	free_percpu(pool->cpu);
free_block:
	swim_space_free(space, &block);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(swim_pool_create);

static bool pool_has_hunks(const struct swim_pool *pool)
{
	struct swim_segment *segment;
	unsigned int i;
	u32 index;

	swim_for_each_segment(pool->space, index, segment)
		for (i = 0; i < SWIM_SEGMENT_FRAMES; i++)
			/* Pairs with the release in swim_hunk_put_now(). */
			if (smp_load_acquire(&segment->frame[i].pool) == pool)
				return true;
	return false;
}

/**
 * swim_pool_destroy - the end of a pool
 * @pool: nobody else uses it any more, nor its objects
 *
 * Context: Process, may sleep.
 * Return: 0; -EBUSY, and one report, when objects are live, and then the pool is what
 * it was; -EINVAL without a pool.
 */
int swim_pool_destroy(struct swim_pool *pool)
{
	struct swim_pool_stats stats;
	struct swim_block block;

	if (IS_ERR_OR_NULL(pool))
		return -SWIM_EMISALIGNED;
	swim_pool_stats(pool, &stats);
	if (stats.live) {
		swim_report("pool '%s' destroyed with %ld objects, %zu bytes live", pool->name,
			    stats.live, stats.used);
		return -SWIM_EALIASED;
	}
	swim_registry_del_pool(pool);
	swim_pool_flush(pool);
	/* What was put waits for readers, or for a walker that held it for a moment. */
	do {
		rcu_barrier();
		cond_resched();
	} while (pool_has_hunks(pool));
	free_percpu(pool->cpu);
	block = (struct swim_block){ pool, pool->head.size };
	swim_space_free(pool->space, &block);
	module_put(THIS_MODULE);
	return 0;
}
EXPORT_SYMBOL_GPL(swim_pool_destroy);
