// SPDX-License-Identifier: GPL-2.0-only
/*
 * User-mode Linux up to 6.12 keeps 2696 bytes of vector registers of each process, and a host
 * whose CPUs have more (AMX) refuses so few when they are to be set. With this loaded before the C
 * library (LD_PRELOAD) they are set among the others, which stay as they are.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

static long (*next)(enum __ptrace_request request, pid_t pid, void *addr, void *data);

/* There is one CPU, so one caller at a time. */
static char all[64 << 10];

static long set_some(pid_t pid, void *addr, struct iovec *some)
{
	struct iovec whole = { all, sizeof(all) };

	if (next(PTRACE_GETREGSET, pid, addr, &whole) || whole.iov_len <= some->iov_len)
		return next(PTRACE_SETREGSET, pid, addr, some);
	memcpy(all, some->iov_base, some->iov_len);
	return next(PTRACE_SETREGSET, pid, addr, &whole);
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list list;
	void *addr, *data;
	pid_t pid;

	va_start(list, request);
	pid = va_arg(list, pid_t);
	addr = va_arg(list, void *);
	data = va_arg(list, void *);
	va_end(list);
	if (!next)
		next = dlsym(RTLD_NEXT, "ptrace");
	if (request == PTRACE_SETREGSET && (long)addr == NT_X86_XSTATE)
		return set_some(pid, addr, data);
	return next(request, pid, addr, data);
}
