/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that swimmem builds on, and nothing else.
 */
#ifndef SWIMMEM_COMPAT_H
#define SWIMMEM_COMPAT_H

#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/shrinker.h>
#include <linux/version.h>

/* What the suites see and no client does, where the kernel can run suites. */
#if IS_ENABLED(CONFIG_KUNIT)
#define EXPORT_SYMBOL_SWIM_KUNIT(symbol)	EXPORT_SYMBOL_GPL(symbol)
#else
#define EXPORT_SYMBOL_SWIM_KUNIT(symbol)
#endif

/* The kernel's own store of stacks, where it has one; else no stack is known. */
#if defined(CONFIG_STACKDEPOT) && defined(CONFIG_STACKTRACE)

#include <linux/stackdepot.h>
#include <linux/stacktrace.h>

static inline void swim_stack_init(void)
{
	stack_depot_init();
}

static __always_inline unsigned int swim_stack_walk(unsigned long *entries, unsigned int max,
						    unsigned int skip)
{
	return stack_trace_save(entries, max, skip);
}

static inline u32 swim_stack_store(unsigned long *entries, unsigned int n)
{
	return n ? stack_depot_save(entries, n, GFP_NOWAIT | __GFP_NOWARN) : 0;
}

static inline unsigned int swim_stack_fetch(u32 stack, unsigned long **entries)
{
	return stack ? stack_depot_fetch(stack, entries) : 0;
}

#else

static inline void swim_stack_init(void) { }

static inline unsigned int swim_stack_walk(unsigned long *entries, unsigned int max,
					   unsigned int skip)
{
	return 0;
}

static inline u32 swim_stack_store(unsigned long *entries, unsigned int n)
{
	return 0;
}

static inline unsigned int swim_stack_fetch(u32 stack, unsigned long **entries)
{
	return 0;
}

#endif

typedef unsigned long (*swim_shrinker_fn)(struct shrinker *shrinker,
					  struct shrink_control *control);

/* There is one shrinker. NULL when out of memory. */
static inline struct shrinker *swim_shrinker_start(swim_shrinker_fn count, swim_shrinker_fn scan)
{
#ifdef SHRINKER_ALLOCATED
	struct shrinker *shrinker = shrinker_alloc(0, "swimmem");

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker_register(shrinker);
	return shrinker;
#else
	static struct shrinker shrinker;

	shrinker = (struct shrinker){
		.count_objects = count,
		.scan_objects = scan,
		.seeks = DEFAULT_SEEKS,
	};
	return register_shrinker(&shrinker, "swimmem") ? NULL : &shrinker;
#endif
}

static inline void swim_shrinker_stop(struct shrinker *shrinker)
{
#ifdef SHRINKER_ALLOCATED
	shrinker_free(shrinker);
#else
	unregister_shrinker(shrinker);
#endif
}

/* Reclaim is to know that it got on: <linux/swap.h>. */
#if KERNEL_VERSION(6, 4, 0) <= LINUX_VERSION_CODE
#define swim_account_reclaimed(pages)	mm_account_reclaimed_pages(pages)
#else
#define swim_account_reclaimed(pages)						\
do {										\
	if (current->reclaim_state)						\
		current->reclaim_state->reclaimed_slab += (pages);		\
} while (0)
#endif

/*
 * User-mode Linux on x86 has none of x86's per-CPU instructions: it turns interrupts off
 * instead, which takes two system calls; and each release and acquire is a fence, as if x86
 * did not order memory. Here is what x86 itself has. Interrupts are signals there, so one
 * instruction is as atomic as on the processor that it runs on.
 */
#ifdef CONFIG_UML_X86

/* Bytes that a cleaner moves while it has interrupts off. */
#define SWIM_QUIET	SZ_128K

#include <asm/asm.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

#define swim_on_this_cpu(op)							\
do {										\
	preempt_disable_notrace();						\
	op;									\
	preempt_enable_notrace();						\
} while (0)

#undef this_cpu_cmpxchg
#define this_cpu_cmpxchg(pcp, old, new)						\
({										\
	typeof(pcp) __was;							\
										\
	swim_on_this_cpu(__was = cmpxchg_local(raw_cpu_ptr(&(pcp)), old, new));	\
	__was;									\
})
#undef this_cpu_try_cmpxchg

/* Both for a long. */
#undef this_cpu_inc
#define this_cpu_inc(pcp)							\
	swim_on_this_cpu(asm volatile(_ASM_INC " %0" : "+m" (*raw_cpu_ptr(&(pcp)))))
#undef this_cpu_dec
#define this_cpu_dec(pcp)							\
	swim_on_this_cpu(asm volatile(_ASM_DEC " %0" : "+m" (*raw_cpu_ptr(&(pcp)))))

/*
 * And each of them would call a function to learn on which CPU it is: for several in a row that
 * is asked once, and what looks like a per-CPU pointer is an address from there on. Members are
 * longs.
 */
#define swim_cpu_get(pcp)							\
({										\
	preempt_disable_notrace();						\
	(typeof(pcp))(unsigned long)raw_cpu_ptr(pcp);				\
})
#define swim_cpu_put(cpu)		preempt_enable_notrace()
#define swim_cpu_read(cpu, member)	READ_ONCE((cpu)->member)
#define swim_cpu_try_cmpxchg(cpu, member, oldp, new)				\
({										\
	unsigned long *__oldp = (oldp), __expected = *__oldp;			\
										\
	*__oldp = cmpxchg_local(&(cpu)->member, __expected, new);		\
	likely(*__oldp == __expected);						\
})
#define swim_cpu_inc(cpu, member)						\
	asm volatile(_ASM_INC " %0" : "+m" ((cpu)->member))
#define swim_cpu_dec(cpu, member)						\
	asm volatile(_ASM_DEC " %0" : "+m" ((cpu)->member))

#undef __smp_mb
#define __smp_mb()	asm volatile("lock; addl $0,-4(%%" _ASM_SP ")" : : : "memory", "cc")
#undef __smp_mb__before_atomic
#define __smp_mb__before_atomic()	barrier()
#undef __smp_mb__after_atomic
#define __smp_mb__after_atomic()	barrier()
#undef __smp_store_release
#define __smp_store_release(p, v)						\
do {										\
	barrier();								\
	WRITE_ONCE(*(p), v);							\
} while (0)
#undef __smp_load_acquire
#define __smp_load_acquire(p)							\
({										\
	typeof(*(p)) __loaded = READ_ONCE(*(p));				\
										\
	barrier();								\
	__loaded;								\
})

#else

#define SWIM_QUIET	SZ_4K

#endif

/*
 * From 6.7 on the kernel has it. x86 tells in a flag whether it was done, and needs no comparison
 * for that. For a long.
 */
#ifndef this_cpu_try_cmpxchg

#include <asm/percpu.h>

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#define swim_this_cpu_cmpxchg(pcp, old, new)					\
({										\
	bool __done;								\
										\
	asm volatile("cmpxchgq %[_new], " __percpu_arg([_pcp])			\
		     : "=@ccz" (__done), "+a" (old), [_pcp] "+m" (pcp)		\
		     : [_new] "r" (new)						\
		     : "memory");						\
	__done;									\
})
#else
#define swim_this_cpu_cmpxchg(pcp, old, new)					\
({										\
	typeof(old) __expected = (old);						\
										\
	(old) = this_cpu_cmpxchg(pcp, __expected, new);				\
	(old) == __expected;							\
})
#endif

#define this_cpu_try_cmpxchg(pcp, oldp, new)					\
({										\
	typeof(pcp) *__oldp = (oldp), __old = *__oldp;				\
	const bool __swapped = swim_this_cpu_cmpxchg(pcp, __old, new);		\
										\
	*__oldp = __old; /* the same as it was, if it was done */		\
	likely(__swapped);							\
})

#endif

/* What this CPU has of per-CPU memory, wherever the task runs by then, for several operations. */
#ifndef swim_cpu_get
#define swim_cpu_get(pcp)		(pcp)
#define swim_cpu_put(cpu)		((void)(cpu))
#define swim_cpu_read(cpu, member)	this_cpu_read((cpu)->member)
#define swim_cpu_try_cmpxchg(cpu, member, oldp, new)				\
	this_cpu_try_cmpxchg((cpu)->member, oldp, new)
#define swim_cpu_inc(cpu, member)	this_cpu_inc((cpu)->member)
#define swim_cpu_dec(cpu, member)	this_cpu_dec((cpu)->member)
#endif

#endif
