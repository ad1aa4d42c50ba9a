/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * swimmem: a relocatable allocator for kernel modules. This header takes all others.
 */
#ifndef SWIMMEM_SWIMMEM_H
#define SWIMMEM_SWIMMEM_H

#include <swimmem/block.h>
#include <swimmem/box.h>
#include <swimmem/buf.h>
#include <swimmem/cleanup.h>
#include <swimmem/counted.h>
#include <swimmem/error.h>
#include <swimmem/heap.h>
#include <swimmem/hold.h>
#include <swimmem/layout.h>
#include <swimmem/pack.h>
#include <swimmem/pool.h>
#include <swimmem/ptr.h>
#include <swimmem/raw.h>
#include <swimmem/scope.h>
#include <swimmem/slab.h>
#include <swimmem/space.h>
#include <swimmem/stow.h>
#include <swimmem/string.h>
#include <swimmem/type.h>
#include <swimmem/typed.h>
#include <swimmem/value.h>

#endif
