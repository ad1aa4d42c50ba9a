/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block: a sequential range of addresses. The empty block has size 0.
 */
#ifndef SWIMMEM_BLOCK_H
#define SWIMMEM_BLOCK_H

#include <linux/types.h>
#include <linux/minmax.h>
#include <swimmem/error.h>

/**
 * struct swim_block - a range of addresses
 * @addr: first byte, NULL in the empty block that a heap gives
 * @size: bytes
 */
struct swim_block {
	void *addr;
	size_t size;
};

/**
 * swim_block_empty - does the block hold no byte?
 * @block: any block
 */
static inline bool swim_block_empty(const struct swim_block *block)
{
	return !block->size;
}

/**
 * swim_block_contains - does the byte at @addr belong to the block?
 * @block: any block
 * @addr: any address
 */
static inline bool swim_block_contains(const struct swim_block *block, const void *addr)
{
	return (uintptr_t)addr - (uintptr_t)block->addr < block->size;
}

/**
 * swim_block_equal - do both blocks cover the same range?
 * @a: any block
 * @b: any block
 *
 * Empty blocks are equal only at the same address.
 */
static inline bool swim_block_equal(const struct swim_block *a, const struct swim_block *b)
{
	return a->addr == b->addr && a->size == b->size;
}

/**
 * swim_block_split - cut a block in two
 * @block: what is cut, in bytes
 * @at: size of the head in bytes
 * @head: the first @at bytes
 * @tail: the rest, may be empty
 *
 * Return: 0, or -E2BIG when @at is beyond the block; then nothing is written.
 */
static inline int __must_check swim_block_split(const struct swim_block *block, size_t at,
						struct swim_block *head, struct swim_block *tail)
{
	struct swim_block whole = *block;

	if (at > whole.size)
		return -SWIM_EOVERSIZED;
	*head = (struct swim_block){ whole.addr, at };
	*tail = (struct swim_block){ (char *)whole.addr + at, whole.size - at };
	return 0;
}

/**
 * swim_block_offset - where in the block is an address?
 * @block: any block
 * @addr: an address in it
 * @offset: bytes from the block's begin
 *
 * Return: 0, or -EINVAL when @addr is outside; then nothing is written.
 */
static inline int __must_check swim_block_offset(const struct swim_block *block, const void *addr,
						 size_t *offset)
{
	if (!swim_block_contains(block, addr))
		return -SWIM_EMISALIGNED;
	*offset = (uintptr_t)addr - (uintptr_t)block->addr;
	return 0;
}

#endif
