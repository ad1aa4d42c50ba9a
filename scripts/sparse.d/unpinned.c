// SPDX-License-Identifier: GPL-2.0-only
/*
 * What sparse must warn of, line by line, and nothing else: scripts/check compares.
 */
#include <linux/module.h>
#include <swimmem/swimmem.h>

static struct swim_raw raw;
static struct swim_box box;
static struct swim_ptr_box ptr;

int unpinned_value(void);
int unpinned_value(void)
{
	const int *value = raw.object;					/* WARN */

	return *value + *(int *)box.raw.object;				/* WARN */
}

void *unpinned_address(void);
void *unpinned_address(void)
{
	return ptr.ptr.object;						/* WARN */
}

int pinned_value(void);
int pinned_value(void)
{
	const int *value = swim_box_pin(&box);
	int copy;

	if (IS_ERR(value))
		return PTR_ERR(value);
	copy = *value;
	swim_box_unpin(&box);
	return copy;
}

int value_read(void);
int value_read(void)
{
	const int *value;
	int copy;

	rcu_read_lock();
	value = swim_box_read(&box);
	copy = value ? *value : 0;
	rcu_read_unlock();
	return copy;
}

bool is_there(void);
bool is_there(void)
{
	return !swim_box_is_empty(&box) && raw.object;
}

MODULE_DESCRIPTION("What sparse must warn of");
MODULE_LICENSE("GPL");
