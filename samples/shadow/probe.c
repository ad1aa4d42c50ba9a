// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probe: what the kernel's slab allocators tell of each allocation and each free. Bulk
 * allocations and frees they do not tell of.
 *
 * Below an event swimmem may ask the page allocator for memory or hand something to RCU,
 * and where these are debugged, that allocates. So each CPU notes for each level of
 * context that it is inside: an event that comes on the same level is one of ours, while
 * one on another level has interrupted us and is mirrored. In an NMI nobody may allocate.
 *
 * All that depends on the kernel's version is here: the prototypes of these tracepoints,
 * the same from 6.1 to 7.2 at least, and that from 7.0 on probes are preemptible.
 */
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <trace/events/kmem.h>

#include "shadow.h"

#define LEVEL_NMI	3	/* of interrupt_context_level() */

static DEFINE_PER_CPU(bool [LEVEL_NMI], inside);

static bool enter(void)
{
	unsigned int level;

	preempt_disable_notrace();
	level = interrupt_context_level();
	if (level == LEVEL_NMI) {
		shadow_add(SHADOW_PASSED_NMI, 1);
	} else if (this_cpu_read(inside[level])) {
		shadow_add(SHADOW_PASSED_RECURSION, 1);
	} else {
		this_cpu_write(inside[level], true);
		return true;
	}
	preempt_enable_notrace();
	return false;
}

static void leave(void)
{
	this_cpu_write(inside[interrupt_context_level()], false);
	preempt_enable_notrace();
}

static void allocated(const void *object, size_t size)
{
	if (ZERO_OR_NULL_PTR(object) || !enter())
		return;
	shadow_mirror_alloc(object, size);
	leave();
}

static void freed(const void *object)
{
	if (ZERO_OR_NULL_PTR(object) || !enter())
		return;
	shadow_mirror_free(object);
	leave();
}

static void probe_kmalloc(void *data, unsigned long call_site, const void *object,
			  size_t bytes_req, size_t bytes_alloc, gfp_t gfp, int node)
{
	allocated(object, bytes_req);
}

static void probe_kmem_cache_alloc(void *data, unsigned long call_site, const void *object,
				   struct kmem_cache *cache, gfp_t gfp, int node)
{
	allocated(object, kmem_cache_size(cache));
}

static void probe_kfree(void *data, unsigned long call_site, const void *object)
{
	freed(object);
}

static void probe_kmem_cache_free(void *data, unsigned long call_site, const void *object,
				  const struct kmem_cache *cache)
{
	freed(object);
}

/* Attach to the tracepoints, to the frees first: no mirror shall miss its own. */
int shadow_probe_register(void)
{
	int err;

	err = register_trace_kfree(probe_kfree, NULL);
	if (err)
		return err;
	err = register_trace_kmem_cache_free(probe_kmem_cache_free, NULL);
	if (err)
		goto no_kmem_cache_free;
	err = register_trace_kmem_cache_alloc(probe_kmem_cache_alloc, NULL);
	if (err)
		goto no_kmem_cache_alloc;
	err = register_trace_kmalloc(probe_kmalloc, NULL);
	if (!err)
		return 0;

	unregister_trace_kmem_cache_alloc(probe_kmem_cache_alloc, NULL);
no_kmem_cache_alloc:
	unregister_trace_kmem_cache_free(probe_kmem_cache_free, NULL);
no_kmem_cache_free:
	unregister_trace_kfree(probe_kfree, NULL);
	tracepoint_synchronize_unregister();
	return err;
}

/* Detach; afterwards no event is under way any more. */
void shadow_probe_unregister(void)
{
	unregister_trace_kmalloc(probe_kmalloc, NULL);
	unregister_trace_kmem_cache_alloc(probe_kmem_cache_alloc, NULL);
	unregister_trace_kmem_cache_free(probe_kmem_cache_free, NULL);
	unregister_trace_kfree(probe_kfree, NULL);
	tracepoint_synchronize_unregister();
}
