// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <swimmem/swimmem.h>

struct stats { u64 packets, bytes; };
static SWIM_PLAIN_TYPE(stats_type, struct stats);

struct flow { u32 key; struct swim_box stats; };
static SWIM_TYPE(flow_type, struct flow, SWIM_PART(stats));	/* a flow owns its stats */

static struct swim_space *space;
static struct swim_pool *pool;
static struct swim_box flow;

static void client_end(void)
{
	swim_box_drop(&flow);			/* and all that it owns */
	swim_pool_destroy(pool);
	swim_space_destroy(space);
}
module_exit(client_end);

static int __init client_begin(void)
{
	const struct flow *seen;
	struct flow *f;
	int err;

	space = swim_space_create("client", 0);
	pool = swim_pool_create("client", swim_space_heap(space), 0);
	err = PTR_ERR_OR_ZERO(pool) ?:
	      swim_box_new(&flow, swim_pool_hold(pool), &flow_type, GFP_KERNEL);
	if (!err) {
		f = swim_box_pin(&flow);	/* exclusive: may be written, stays; no sleep */
		f->key = 42;
		err = swim_box_new(&f->stats, swim_pool_hold(pool), &stats_type, GFP_ATOMIC);
		swim_box_unpin(&flow);		/* may move from here on */
	}
	err = err ?: swim_pool_compact(pool, 0);
	if (err) {
		client_end();
		return err;
	}
	rcu_read_lock();
	seen = swim_box_read(&flow);		/* one load, wherever it is now */
	pr_info("client: flow %u has moved\n", seen->key);
	rcu_read_unlock();
	return 0;
}
module_init(client_begin);
MODULE_DESCRIPTION("The client in swimmem's README");
MODULE_LICENSE("GPL");
