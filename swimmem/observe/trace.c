// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trace: the tracepoints themselves. Others may attach to them.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"

EXPORT_TRACEPOINT_SYMBOL_GPL(swim_alloc);
EXPORT_TRACEPOINT_SYMBOL_GPL(swim_free);
EXPORT_TRACEPOINT_SYMBOL_GPL(swim_refill);
EXPORT_TRACEPOINT_SYMBOL_GPL(swim_move);
EXPORT_TRACEPOINT_SYMBOL_GPL(swim_cancel);
EXPORT_TRACEPOINT_SYMBOL_GPL(swim_clean_begin);
EXPORT_TRACEPOINT_SYMBOL_GPL(swim_clean_end);
EXPORT_TRACEPOINT_SYMBOL_GPL(swim_shrink);
