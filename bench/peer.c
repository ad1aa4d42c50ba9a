// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peer: see peer.h.
 *
 * kmalloc, mempool, zsmalloc, genalloc, page_frag and alloc_pages give memory as it was left,
 * kmem_cache too, but for kmem_cache_zeroed; a pool and a pack give it zeroed, a slab does not.
 * Where the kernel is told to zero all that it gives (init_on_alloc), as Debian's is, it does so in
 * all but genalloc and zsmalloc.
 */
#include <linux/genalloc.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/version.h>
#include <linux/zsmalloc.h>
#if KERNEL_VERSION(6, 13, 0) <= LINUX_VERSION_CODE
#include <linux/page_frag_cache.h>
#endif

#include "peer.h"

#define NOWAIT	(GFP_NOWAIT | __GFP_NOWARN)

/* Bytes of what genalloc, a pack and a slab have. */
#define BLOCK	SZ_256K

size_t bench_size;

/* Each is asked as its clients do. */
static __always_inline bool got(union bench_object *object, void *plain)
{
	object->plain = plain;
	return plain;
}

static __always_inline bool got_or_err(union bench_object *object, void *plain)
{
	object->plain = plain;
	return !IS_ERR(plain);
}

static void *plain_map(union bench_object *object)
{
	return object->plain;
}

static void plain_unmap(union bench_object *object)
{
}

/* The pool of all of swimmem's peers, as long as one of them is at work. */
static struct swim_space *space;
static struct swim_pool *pool;
static struct swim_hold *hold;
static unsigned int at_home;

struct swim_pool *bench_home(void)
{
	return pool;
}

struct swim_space *bench_home_space(void)
{
	return space;
}

static int home_begin(void)
{
	int err;

	if (at_home++)
		return 0;
	space = swim_space_create("bench", 0);
	err = PTR_ERR_OR_ZERO(space);
	if (!err) {
		pool = swim_pool_create("bench", swim_space_heap(space), 0);
		err = PTR_ERR_OR_ZERO(pool);
		if (err)
			swim_space_destroy(space);
	}
	if (err) {
		at_home--;
		return err;
	}
	/* Nothing in the background while something is timed. */
	swim_pool_set_target(pool, 0);
	hold = swim_pool_hold(pool);
	return 0;
}

static int home_end(void)
{
	return --at_home ? 0 : swim_pool_destroy(pool) ?: swim_space_destroy(space);
}

static size_t home_held(void)
{
	struct swim_pool_stats stats;

	swim_pool_stats(pool, &stats);
	return stats.held;
}

static int home_compact(void)
{
	return swim_pool_compact(pool, 100);
}

#define HOME									\
	.least = 1, .most = SZ_1M, .begin = home_begin, .end = home_end,	\
	.held = home_held, .compact = home_compact

static __always_inline bool pool_get(union bench_object *object)
{
	return got_or_err(object, swim_pool_alloc(pool, bench_size, NOWAIT));
}

static __always_inline bool pool_put(union bench_object *object)
{
	return !swim_free(object->plain);
}

BENCH_PEER(pool, HOME, .map = plain_map, .unmap = plain_unmap);

static __always_inline bool raw_get(union bench_object *object)
{
	return !swim_raw_new(&object->raw, hold, bench_size, NOWAIT);
}

static __always_inline bool raw_put(union bench_object *object)
{
	return !swim_raw_drop(&object->raw);
}

static void *raw_map(union bench_object *object)
{
	return swim_raw_pin(&object->raw);
}

static void raw_unmap(union bench_object *object)
{
	swim_raw_unpin(&object->raw);
}

BENCH_PEER(raw, HOME, .map = raw_map, .unmap = raw_unmap);

static __always_inline bool ptr_get(union bench_object *object)
{
	return !swim_ptr_new(&object->ptr, hold, bench_size, NOWAIT);
}

static __always_inline bool ptr_put(union bench_object *object)
{
	return !swim_ptr_drop(&object->ptr);
}

static void *ptr_map(union bench_object *object)
{
	return swim_ptr_pin(&object->ptr);
}

static void ptr_unmap(union bench_object *object)
{
	swim_ptr_unpin(&object->ptr);
}

BENCH_PEER(ptr, HOME, .map = ptr_map, .unmap = ptr_unmap);

static __always_inline bool hard_get(union bench_object *object)
{
	return !swim_hard_new(&object->hard, hold, bench_size, NOWAIT);
}

static __always_inline bool hard_put(union bench_object *object)
{
	return !swim_hard_drop(&object->hard);
}

BENCH_PEER(hard, HOME);

static __always_inline bool ref_get(union bench_object *object)
{
	return !swim_ref_new(&object->ref, hold, bench_size, NOWAIT);
}

static __always_inline bool ref_put(union bench_object *object)
{
	return !swim_ref_drop(&object->ref);
}

BENCH_PEER(ref, HOME);

static __always_inline bool mut_get(union bench_object *object)
{
	return !swim_mut_new(&object->mut, hold, bench_size, NOWAIT);
}

static __always_inline bool mut_put(union bench_object *object)
{
	return !swim_mut_drop(&object->mut);
}

static void *mut_map(union bench_object *object)
{
	return swim_mut_get(&object->mut);
}

BENCH_PEER(mut, HOME, .map = mut_map, .unmap = plain_unmap);

static unsigned long packed;
static struct swim_pack *pack;
static void *lasting;	/* lives in the pack, so that it is never empty */

static int pack_begin(void)
{
	packed = __get_free_pages(GFP_KERNEL, get_order(BLOCK));
	if (!packed)
		return -ENOMEM;
	pack = swim_pack_create(&(struct swim_block){ (void *)packed, BLOCK });
	lasting = IS_ERR(pack) ? pack : swim_pack_alloc(pack, 8);
	if (!IS_ERR(lasting))
		return 0;
	free_pages(packed, get_order(BLOCK));
	return PTR_ERR(lasting);
}

static int pack_end(void)
{
	int err = swim_free(lasting) ?: swim_pack_destroy(pack);

	free_pages(packed, get_order(BLOCK));
	return err;
}

static __always_inline bool pack_get(union bench_object *object)
{
	return got_or_err(object, swim_pack_alloc(pack, bench_size));
}

static __always_inline bool pack_put(union bench_object *object)
{
	return !swim_free(object->plain);
}

BENCH_PEER(pack, .least = 1, .most = SZ_8K, .objects = 1, .begin = pack_begin, .end = pack_end,
	   .map = plain_map, .unmap = plain_unmap);

static unsigned long slabbed;
static struct swim_slab slab;

static int slab_begin(void)
{
	int err;

	slabbed = __get_free_pages(GFP_KERNEL, get_order(BLOCK));
	if (!slabbed)
		return -ENOMEM;
	err = swim_slab_init(&slab, &(struct swim_block){ (void *)slabbed, BLOCK },
			     max_t(size_t, bench_size, 64));
	if (err)
		free_pages(slabbed, get_order(BLOCK));
	return err;
}

static int slab_end(void)
{
	free_pages(slabbed, get_order(BLOCK));
	return 0;
}

/* The block is made again for the free: a client knows its size. */
static struct swim_block unit;

static __always_inline bool slab_get(union bench_object *object)
{
	return !swim_slab_alloc(&slab, &unit) && got(object, unit.addr);
}

static __always_inline bool slab_put(union bench_object *object)
{
	return !swim_slab_free(&slab, &(struct swim_block){ object->plain, unit.size });
}

BENCH_PEER(slab, .least = 64, .most = SZ_8K, .objects = 1, .begin = slab_begin, .end = slab_end,
	   .map = plain_map, .unmap = plain_unmap);

/* One cache for all of its ways; all want the same size at a time. */
static struct kmem_cache *cache;
static unsigned int cache_users;

static int cache_begin(void)
{
	if (cache_users++)
		return 0;
	cache = kmem_cache_create("swimmem_bench", bench_size, 8, 0, NULL);
	if (cache)
		return 0;
	cache_users--;
	return -ENOMEM;
}

static int cache_end(void)
{
	if (!--cache_users)
		kmem_cache_destroy(cache);
	return 0;
}

#define CACHE									\
	.least = 8, .most = SZ_8K, .begin = cache_begin, .end = cache_end,	\
	.map = plain_map, .unmap = plain_unmap

static __always_inline bool kmem_cache_get(union bench_object *object)
{
	return got(object, kmem_cache_alloc(cache, NOWAIT));
}

static __always_inline bool kmem_cache_put(union bench_object *object)
{
	kmem_cache_free(cache, object->plain);
	return true;
}

BENCH_PEER(kmem_cache, CACHE);

static __always_inline bool kmem_cache_zeroed_get(union bench_object *object)
{
	return got(object, kmem_cache_zalloc(cache, NOWAIT));
}

static __always_inline bool kmem_cache_zeroed_put(union bench_object *object)
{
	return kmem_cache_put(object);
}

BENCH_PEER(kmem_cache_zeroed, CACHE);

#define BULK	16

/* So many at a time, and the rest. */
static bool kmem_cache_bulk_pairs(unsigned int n)
{
	void *object[BULK];

	while (n) {
		unsigned int now = min(n, BULK + 0U);

		if (!kmem_cache_alloc_bulk(cache, NOWAIT, now, object))
			return false;
		kmem_cache_free_bulk(cache, now, object);
		n -= now;
	}
	return true;
}

static bool kmem_cache_bulk_fill(union bench_object *objects, unsigned int n)
{
	void *object[BULK];
	unsigned int i;

	while (n) {
		unsigned int now = min(n, BULK + 0U);

		if (!kmem_cache_alloc_bulk(cache, NOWAIT, now, object))
			return false;
		for (i = 0; i < now; i++)
			(objects++)->plain = object[i];
		n -= now;
	}
	return true;
}

static bool kmem_cache_bulk_drain(union bench_object *objects, const u32 *order, unsigned int n)
{
	void *object[BULK];
	unsigned int i, j;

	for (i = 0; i < n; i += j) {
		for (j = 0; j < BULK && i + j < n; j++) {
			union bench_object *one = &objects[order ? order[i + j] : i + j];

			object[j] = one->plain;
			one->plain = NULL;
		}
		kmem_cache_free_bulk(cache, j, object);
	}
	return true;
}

const struct bench_peer bench_kmem_cache_bulk = {
	.name = "kmem_cache_bulk", .pairs = kmem_cache_bulk_pairs, .fill = kmem_cache_bulk_fill,
	.drain = kmem_cache_bulk_drain, CACHE
};

static size_t slub_before;

/* Each CPU counts these, and tells now and then: right within 0.2 MB. */
static size_t slub_pages(void)
{
	return (global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
		global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B)) << PAGE_SHIFT;
}

/**
 * bench_kmalloc_shrink - let kmalloc give back what it can
 *
 * It keeps empty slabs, and for each CPU freed objects, each of which may keep a slab.
 *
 * Context: Process context; sleeps.
 */
void bench_kmalloc_shrink(void)
{
	unsigned int type, size;

	for (type = 0; type < ARRAY_SIZE(kmalloc_caches); type++)
		for (size = 0; size < ARRAY_SIZE(kmalloc_caches[type]); size++)
			if (kmalloc_caches[type][size])
				kmem_cache_shrink(kmalloc_caches[type][size]);
}

/* What those who were measured before have left would be for nothing. */
static int kmalloc_begin(void)
{
	bench_kmalloc_shrink();
	slub_before = slub_pages();
	return 0;
}

static int kmalloc_end(void)
{
	return 0;
}

static size_t kmalloc_held(void)
{
	size_t now = slub_pages();

	return now > slub_before ? now - slub_before : 0;
}

static __always_inline bool kmalloc_get(union bench_object *object)
{
	return got(object, kmalloc(bench_size, NOWAIT));
}

static __always_inline bool kmalloc_put(union bench_object *object)
{
	kfree(object->plain);
	return true;
}

BENCH_PEER(kmalloc, .least = 1, .most = SZ_1M, .begin = kmalloc_begin, .end = kmalloc_end,
	   .held = kmalloc_held, .map = plain_map, .unmap = plain_unmap);

static struct zs_pool *zspool;

struct zs_pool *bench_zsmalloc_pool(void)
{
	return zspool;
}

static size_t zsmalloc_held(void)
{
	return zs_get_total_pages(zspool) << PAGE_SHIFT;
}

static int zsmalloc_compact(void)
{
	zs_compact(zspool);
	return 0;
}

#if KERNEL_VERSION(6, 15, 0) > LINUX_VERSION_CODE

static __always_inline unsigned long zs_alloc(void)
{
	return zs_malloc(zspool, bench_size, NOWAIT);
}

static void *zsmalloc_map(union bench_object *object)
{
	return zs_map_object(zspool, object->handle, ZS_MM_RW);
}

static void zsmalloc_unmap(union bench_object *object)
{
	zs_unmap_object(zspool, object->handle);
}

#define zsmalloc_write	NULL

#else

static __always_inline unsigned long zs_alloc(void)
{
	return zs_malloc(zspool, bench_size, NOWAIT, NUMA_NO_NODE);
}

/* Nothing but to be read; what crosses a page is copied. One at a time. */
static u8 mapped[SZ_4K];
static void *mapping;

static void *zsmalloc_map(union bench_object *object)
{
	mapping = zs_obj_read_begin(zspool, object->handle, bench_size, mapped);
	return mapping;
}

static void zsmalloc_unmap(union bench_object *object)
{
	zs_obj_read_end(zspool, object->handle, bench_size, mapping);
}

static void zsmalloc_write(union bench_object *object, u8 byte)
{
	memset(mapped, byte, bench_size);
	zs_obj_write(zspool, object->handle, mapped, bench_size);
}

#endif

/* Of the size that is measured, so that its pages do not come and go with each object. */
static unsigned long zslasting;

static int zsmalloc_begin(void)
{
	zspool = zs_create_pool("swimmem_bench");
	if (!zspool)
		return -ENOMEM;
	zslasting = zs_alloc();
	if (!IS_ERR_VALUE(zslasting))
		return 0;
	zs_destroy_pool(zspool);
	return -ENOMEM;
}

static int zsmalloc_end(void)
{
	zs_free(zspool, zslasting);
	zs_destroy_pool(zspool);
	return 0;
}

static __always_inline bool zsmalloc_get(union bench_object *object)
{
	object->handle = zs_alloc();
	return !IS_ERR_VALUE(object->handle);
}

static __always_inline bool zsmalloc_put(union bench_object *object)
{
	zs_free(zspool, object->handle);
	return true;
}

BENCH_PEER(zsmalloc, .least = 32, .most = SZ_4K - 64, .begin = zsmalloc_begin,
	   .end = zsmalloc_end, .held = zsmalloc_held, .compact = zsmalloc_compact,
	   .map = zsmalloc_map, .unmap = zsmalloc_unmap, .write = zsmalloc_write);

static struct gen_pool *genpool;
static unsigned long genmemory;

static int genalloc_begin(void)
{
	int err = -ENOMEM;

	genpool = gen_pool_create(3, NUMA_NO_NODE);
	genmemory = __get_free_pages(GFP_KERNEL, get_order(BLOCK));
	if (genpool && genmemory)
		err = gen_pool_add(genpool, genmemory, BLOCK, NUMA_NO_NODE);
	if (err) {
		if (genpool)
			gen_pool_destroy(genpool);
		free_pages(genmemory, get_order(BLOCK));
	}
	return err;
}

static int genalloc_end(void)
{
	gen_pool_destroy(genpool);
	free_pages(genmemory, get_order(BLOCK));
	return 0;
}

static __always_inline bool genalloc_get(union bench_object *object)
{
	return got(object, (void *)gen_pool_alloc(genpool, bench_size));
}

static __always_inline bool genalloc_put(union bench_object *object)
{
	gen_pool_free(genpool, (unsigned long)object->plain, bench_size);
	return true;
}

/* It looks for a place among all that live. */
BENCH_PEER(genalloc, .least = 8, .most = SZ_8K, .objects = 1, .begin = genalloc_begin,
	   .end = genalloc_end, .map = plain_map, .unmap = plain_unmap);

static mempool_t *mempool;

static int mempool_begin(void)
{
	mempool = mempool_create_kmalloc_pool(16, bench_size);
	return mempool ? 0 : -ENOMEM;
}

static int mempool_end(void)
{
	mempool_destroy(mempool);
	return 0;
}

static __always_inline bool mempool_get(union bench_object *object)
{
	return got(object, mempool_alloc(mempool, NOWAIT));
}

static __always_inline bool mempool_put(union bench_object *object)
{
	mempool_free(object->plain, mempool);
	return true;
}

BENCH_PEER(mempool, .least = 8, .most = SZ_8K, .begin = mempool_begin, .end = mempool_end,
	   .map = plain_map, .unmap = plain_unmap);

/* What is left of its page when all is over is freed with its last object. */
static struct page_frag_cache frags;

static int page_frag_begin(void)
{
	frags = (struct page_frag_cache){};
	return 0;
}

static int page_frag_end(void)
{
#if KERNEL_VERSION(6, 13, 0) <= LINUX_VERSION_CODE
	page_frag_cache_drain(&frags);
#else
	if (frags.va)
		__page_frag_cache_drain(virt_to_head_page(frags.va), frags.pagecnt_bias);
#endif
	return 0;
}

static __always_inline bool page_frag_get(union bench_object *object)
{
	return got(object, page_frag_alloc(&frags, bench_size, NOWAIT));
}

static __always_inline bool page_frag_put(union bench_object *object)
{
	page_frag_free(object->plain);
	return true;
}

BENCH_PEER(page_frag, .least = 8, .most = SZ_4K, .begin = page_frag_begin, .end = page_frag_end,
	   .map = plain_map, .unmap = plain_unmap);

static int alloc_pages_begin(void)
{
	return 0;
}

static __always_inline bool alloc_pages_get(union bench_object *object)
{
	return got(object, (void *)__get_free_pages(NOWAIT, get_order(bench_size)));
}

static __always_inline bool alloc_pages_put(union bench_object *object)
{
	free_pages((unsigned long)object->plain, get_order(bench_size));
	return true;
}

BENCH_PEER(alloc_pages, .least = 8, .most = SZ_2M, .begin = alloc_pages_begin,
	   .end = alloc_pages_begin, .map = plain_map, .unmap = plain_unmap);

static __always_inline bool nothing_get(union bench_object *object)
{
	barrier();
	return true;
}

static __always_inline bool nothing_put(union bench_object *object)
{
	return true;
}

BENCH_PEER(nothing, .least = 0, .most = SIZE_MAX, .begin = alloc_pages_begin,
	   .end = alloc_pages_begin);

static u8 zeroed[SZ_8K] __aligned(64);

static __always_inline bool memset_get(union bench_object *object)
{
	memset(zeroed, 0, bench_size);
	barrier();
	return true;
}

static __always_inline bool memset_put(union bench_object *object)
{
	return true;
}

BENCH_PEER(memset, .least = 1, .most = SZ_8K, .begin = alloc_pages_begin,
	   .end = alloc_pages_begin);

/**
 * bench_peer_write - write each byte of an object
 * @peer: can map it
 * @object: of bench_size bytes
 * @byte: what to write
 *
 * Return: whether it is there, and aligned.
 */
bool bench_peer_write(const struct bench_peer *peer, union bench_object *object, u8 byte)
{
	void *at;
	bool right;

	if (peer->write) {
		peer->write(object, byte);
		return true;
	}
	at = peer->map(object);
	if (IS_ERR_OR_NULL(at))
		return false;
	right = IS_ALIGNED((unsigned long)at, 8);
	memset(at, byte, bench_size);
	peer->unmap(object);
	return right;
}

/**
 * bench_peer_right - see that an object is as it was written
 * @peer: can map it
 * @object: of bench_size bytes
 * @byte: what was written
 */
bool bench_peer_right(const struct bench_peer *peer, union bench_object *object, u8 byte)
{
	void *at = peer->map(object);
	bool right;

	if (IS_ERR_OR_NULL(at))
		return false;
	right = !memchr_inv(at, byte, bench_size);
	peer->unmap(object);
	return right;
}

/**
 * bench_peer_check - see that an allocator does what it is measured for
 * @peer: has begun
 * @objects: room for @n
 * @n: how many to have at once
 *
 * Objects are aligned, none is another one, and each keeps what is written to it.
 *
 * Return: 0; -ENOMEM; -EIO when it does not.
 */
int bench_peer_check(const struct bench_peer *peer, union bench_object *objects, unsigned int n)
{
	bool right = true;
	unsigned int i;

	if (!peer->map)
		return 0;
	if (peer->objects)
		n = min(n, peer->objects);
	if (!peer->fill(objects, n)) {
		pr_err("%s has no memory for objects of %zu bytes\n", peer->name, bench_size);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		right &= bench_peer_write(peer, &objects[i], i % 251);
	for (i = 0; i < n; i++)
		right &= bench_peer_right(peer, &objects[i], i % 251);
	right = peer->drain(objects, NULL, n) && right;
	if (!right)
		pr_err("%s has objects of %zu bytes that are not theirs\n", peer->name, bench_size);
	return right ? 0 : -EIO;
}
