/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layout: the size and alignment that somebody asks for.
 */
#ifndef SWIMMEM_LAYOUT_H
#define SWIMMEM_LAYOUT_H

#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/types.h>
#include <swimmem/error.h>

/**
 * struct swim_layout - size and alignment of a request
 * @size: bytes
 * @align: bytes, a power of two
 */
struct swim_layout {
	size_t size;
	size_t align;
};

/* The layout of a C type; a constant expression. */
#define SWIM_LAYOUT(type)	{ .size = sizeof(type), .align = __alignof__(type) }

/**
 * swim_layout_check - is this a layout at all?
 * @layout: any size and alignment
 *
 * Return: 0, -EINVAL when the alignment is no power of two, -E2BIG when the
 * size padded to it overflows.
 */
static inline int __must_check swim_layout_check(const struct swim_layout *layout)
{
	size_t padded;

	if (!is_power_of_2(layout->align))
		return -SWIM_EMISALIGNED;
	if (check_add_overflow(layout->size, layout->align - 1, &padded))
		return -SWIM_EOVERSIZED;
	return 0;
}

/**
 * swim_layout_pad - round the size up to the alignment
 * @layout: a layout
 * @padded: the same alignment, the size a multiple of it
 *
 * Return: 0 or the errno of swim_layout_check(); then nothing is written.
 */
static inline int __must_check swim_layout_pad(const struct swim_layout *layout,
					       struct swim_layout *padded)
{
	int err = swim_layout_check(layout);

	if (err)
		return err;
	*padded = (struct swim_layout){
		.size = (layout->size + layout->align - 1) & ~(layout->align - 1),
		.align = layout->align,
	};
	return 0;
}

/**
 * swim_layout_array - the layout of @n elements behind one another
 * @element: layout of one element
 * @n: how many
 * @array: the whole; each element is padded to its alignment
 *
 * Return: 0, -EINVAL for an alignment that is none, -E2BIG on overflow; on
 * an error nothing is written.
 */
static inline int __must_check swim_layout_array(const struct swim_layout *element, size_t n,
						 struct swim_layout *array)
{
	struct swim_layout padded;
	size_t size;
	int err = swim_layout_pad(element, &padded);

	if (err)
		return err;
	if (check_mul_overflow(padded.size, n, &size))
		return -SWIM_EOVERSIZED;
	*array = (struct swim_layout){ .size = size, .align = padded.align };
	return 0;
}

/**
 * swim_layout_extend - put a second layout behind a first
 * @first: what stands in front
 * @second: what follows, at its own alignment
 * @whole: both, padded to the larger alignment
 * @offset: bytes from the begin of @first to @second
 *
 * Return: 0, -EINVAL for an alignment that is none, -E2BIG on overflow; on
 * an error nothing is written.
 */
static inline int __must_check swim_layout_extend(const struct swim_layout *first,
						  const struct swim_layout *second,
						  struct swim_layout *whole, size_t *offset)
{
	struct swim_layout gap = { .size = first->size, .align = second->align };
	struct swim_layout both = { .align = max(first->align, second->align) };
	int err;

	err = swim_layout_check(first) ?: swim_layout_check(second) ?: swim_layout_pad(&gap, &gap);
	if (err)
		return err;
	if (check_add_overflow(gap.size, second->size, &both.size))
		return -SWIM_EOVERSIZED;
	err = swim_layout_pad(&both, &both);
	if (err)
		return err;
	*whole = both;
	*offset = gap.size;
	return 0;
}

#endif
