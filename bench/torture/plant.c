// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plant: trees of nodes in Box, Ptr and Buf leases, with strings and with leases of shared values.
 *
 *	plant		grows, prunes, stows, clones and looks at them
 *	scope		grows them in the hold of a scope, at whose end they move to an outer one
 *
 * Where a node has which children follows from its seed, as do the seeds of these; so whoever has
 * a plant to himself knows what must be there. Readers under RCU find in some of them each node
 * whole, and where it belongs.
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "torture.h"

#define PLANTS	64		/* that readers find, and as many others */
#define HEIGHT	5
#define ITEMS	16		/* of a node, at the most */
#define NAME	400		/* bytes of its name, at the most */
#define PACK	SZ_64K		/* of a scope */
#define SCOPES	64		/* threads with scopes that movers know of, at the most */

/**
 * struct item - in an array of a node
 * @seed: of the bytes
 * @bytes: a few
 */
struct item {
	u64 seed;
	struct swim_raw bytes;
};

/**
 * struct node - of a plant
 * @seed: tells what stands below
 * @height: of it, above the leaves, and with it a mark that it is a node
 * @left: a node
 * @right: a node
 * @next: a node
 * @items: what comes and goes
 * @name: grows and is cut
 * @value: what others have leases of as well
 */
struct node {
	u64 seed;
	u64 height;
	struct swim_box left;
	struct swim_box right;
	struct swim_ptr_box next;
	struct swim_buf items;
	struct swim_string name;
	struct swim_hard_box value;
};

static atomic_long_t nodes;	/* made or cloned, and not dropped */

static u64 height_of(u64 seed, unsigned int height)
{
	return (word_of(seed, 99) << 8) | height;
}

static bool is_node(const struct node *node)
{
	return node->height >> 8 == word_of(node->seed, 99) << 8 >> 8 &&
	       (u8)node->height < HEIGHT;
}

static void node_drop(void *of)
{
	struct node *node = of;

	if (!is_node(node))
		fail(NULL, "a node is dropped that is none: %llx %llx", node->seed, node->height);
	atomic_long_dec(&nodes);
}

static int node_clone(void *to, const void *from, gfp_t gfp)
{
	static atomic_t clones;

	if (!is_node(to))
		fail(NULL, "a node is cloned that is none");
	/* What a client does there may fail. */
	if (steps && !(atomic_inc_return(&clones) % 64))
		return -ENOMEM;
	atomic_long_inc(&nodes);
	return 0;
}

static const struct swim_type_ops node_ops = { .drop = node_drop, .clone = node_clone };
static SWIM_TYPE_OPS(node_type, struct node, &node_ops, SWIM_PART(left), SWIM_PART(right),
		     SWIM_PART(next), SWIM_PART(items), SWIM_PART(name), SWIM_PART(value));
static SWIM_TYPE(item_type, struct item, SWIM_PART(bytes));

enum side { LEFT, RIGHT, NEXT, SIDES };

static u64 seed_of(const struct node *node, enum side side)
{
	return word_of(node->seed, 17 + side) * 0xd6e8feb86659fd93ULL;
}

static bool has(const struct node *node, enum side side)
{
	return (u8)node->height && node->seed >> (20 + side) & 1;
}

/**
 * struct plant - an entry
 * @busy: somebody has claimed it
 * @is_read: readers may find it
 * @seed: of the root
 * @root: a node
 */
struct plant {
	unsigned long busy;
	bool is_read;
	u64 seed;
	struct swim_box root;
};

static struct plant *plants;

static int grow(struct thread *t, struct swim_box *box, struct swim_hold *hold, u64 seed,
		unsigned int height, bool lend);

/* The lease of an item's bytes goes into the array, and out of it. */
static int push_item(struct thread *t, struct node *node, struct swim_hold *hold, bool anywhere)
{
	struct item item = { .seed = any_seed(t) };
	const size_t size = 8 + (item.seed & 0xff);
	const u32 at = anywhere ? below(t, swim_buf_len(&node->items) + 1) : SWIM_BUF_END;
	void *bytes;
	int err = swim_raw_new(&item.bytes, hold, size, NOWAIT);

	if (err)
		return err;
	bytes = swim_raw_pin(&item.bytes);
	if (!done(t, PTR_ERR_OR_ZERO(bytes), "pin of what is new"))
		return 0;
	fill(bytes, item.seed, 0, size);
	swim_raw_unpin(&item.bytes);
	err = at == SWIM_BUF_END ? swim_buf_push(&node->items, &item, NOWAIT) :
				   swim_buf_insert(&node->items, at, &item, NOWAIT);
	if (err)
		swim_raw_drop(&item.bytes);
	else if (!swim_raw_is_empty(&item.bytes))
		fail(t, "an item is in the array, and still there");
	return err;
}

static char letter(u64 seed, u32 n)
{
	return 'a' + (seed % 26 + n) % 26;
}

static int append(struct thread *t, struct node *node)
{
	const u32 len = swim_string_len(&node->name);
	char text[48];
	u32 i, n = below(t, sizeof(text));

	if (len + n > NAME)
		return swim_string_truncate(&node->name, below(t, len));
	for (i = 0; i < n; i++)
		text[i] = letter(node->seed, len + i);
	return swim_string_append_bytes(&node->name, text, n, NOWAIT);
}

static int grow_next(struct thread *t, struct node *node, struct swim_hold *hold, bool lend);

/* What a node owns; the caller has it pinned. */
static int grow_below(struct thread *t, struct node *node, struct swim_hold *hold, bool lend)
{
	const unsigned int height = (u8)node->height;
	u32 n = below(t, 5);
	int err = swim_buf_new(&node->items, hold, &item_type, below(t, 4), NOWAIT) ?:
		  swim_string_new(&node->name, hold, below(t, 40), NOWAIT);

	while (!err && n--)
		err = push_item(t, node, hold, false);
	err = err ?: append(t, node);
	if (!err && has(node, LEFT))
		err = grow(t, &node->left, hold, seed_of(node, LEFT), height - 1, lend);
	if (!err && has(node, RIGHT))
		err = grow(t, &node->right, hold, seed_of(node, RIGHT), height - 1, lend);
	if (!err && has(node, NEXT))
		err = grow_next(t, node, hold, lend);
	if (!err && lend && one_in(t, 4))
		shares_lend(t, &node->value);
	return err;
}

static void node_begin(struct node *node, u64 seed, unsigned int height)
{
	node->seed = seed;
	node->height = height_of(seed, height);
	atomic_long_inc(&nodes);
}

static int grow_next(struct thread *t, struct node *node, struct swim_hold *hold, bool lend)
{
	struct node *next;
	int err = swim_ptr_box_new(&node->next, hold, &node_type, NOWAIT);

	if (err)
		return err;
	next = swim_ptr_box_pin(&node->next);
	if (!done(t, PTR_ERR_OR_ZERO(next), "pin of what is new"))
		return 0;
	node_begin(next, seed_of(node, NEXT), (u8)node->height - 1);
	err = grow_below(t, next, hold, lend);
	swim_ptr_box_unpin(&node->next);
	return err;
}

/* On an error there is a part of it. */
static int grow(struct thread *t, struct swim_box *box, struct swim_hold *hold, u64 seed,
		unsigned int height, bool lend)
{
	struct node *node;
	int err = swim_box_new(box, hold, &node_type, NOWAIT);

	if (err)
		return err;
	node = swim_box_pin(box);
	if (!done(t, PTR_ERR_OR_ZERO(node), "pin of what is new"))
		return 0;
	node_begin(node, seed, height);
	err = grow_below(t, node, hold, lend);
	swim_box_unpin(box);
	count(t, COUNT_MADE);
	return err;
}

static void drop(struct thread *t, struct swim_box *box)
{
	if (done(t, swim_box_drop(box), "end of nodes"))
		count(t, COUNT_DROPPED);
}

/* All of it or nothing. */
static bool grow_all(struct thread *t, struct swim_box *box, struct swim_hold *hold, u64 seed,
		     unsigned int height, bool lend)
{
	int err = grow(t, box, hold, seed, height, lend);

	if (!no_memory(t, err, "nodes"))
		return true;
	if (!swim_box_is_empty(box))
		drop(t, box);
	return false;
}

static void look_at_items(struct thread *t, struct node *node)
{
	struct swim_slice slice;
	u32 n;

	if (!done(t, swim_buf_pin(&node->items, &slice), "pin of items"))
		return;
	for (n = 0; n < slice.len; n++) {
		struct item *item = swim_slice_at(&slice, n);
		void *bytes = swim_raw_pin(&item->bytes);

		if (!done(t, PTR_ERR_OR_ZERO(bytes), "pin of an item"))
			break;
		check(t, bytes, item->seed, 0, 8 + (item->seed & 0xff));
		swim_raw_unpin(&item->bytes);
	}
	swim_buf_unpin(&node->items);
}

static void look_at_name(struct thread *t, struct node *node)
{
	u32 n, len;
	char *text = swim_string_pin(&node->name, &len);

	if (!done(t, PTR_ERR_OR_ZERO(text), "pin of a name"))
		return;
	for (n = 0; n < len && text[n] == letter(node->seed, n); n++)
		;
	if (n < len || text[len])
		fail(t, "name of %u bytes has %02x at %u", len, text[n], n);
	swim_string_unpin(&node->name);
}

static void look(struct thread *t, struct swim_box *box, u64 seed, unsigned int height);

/* A node that is pinned, and all below. */
static void look_at(struct thread *t, struct node *node, u64 seed, unsigned int height)
{
	struct node *next;

	count(t, COUNT_CHECKED);
	if (node->seed != seed || node->height != height_of(seed, height)) {
		fail(t, "node of seed %llx and height %llx, not %llx, %u", node->seed,
		     node->height, seed, height);
		return;
	}
	look_at_items(t, node);
	look_at_name(t, node);
	if (has(node, LEFT))
		look(t, &node->left, seed_of(node, LEFT), height - 1);
	if (has(node, RIGHT))
		look(t, &node->right, seed_of(node, RIGHT), height - 1);
	if (!swim_hard_box_is_empty(&node->value))
		shares_look(t, &node->value);
	if (!has(node, NEXT))
		return;
	next = swim_ptr_box_pin(&node->next);
	if (!done(t, PTR_ERR_OR_ZERO(next), "pin of the next node"))
		return;
	look_at(t, next, seed_of(node, NEXT), height - 1);
	swim_ptr_box_unpin(&node->next);
}

static void look(struct thread *t, struct swim_box *box, u64 seed, unsigned int height)
{
	struct node *node = swim_box_pin(box);

	if (!done(t, PTR_ERR_OR_ZERO(node), "pin of a node"))
		return;
	count(t, COUNT_PINNED);
	look_at(t, node, seed, height);
	swim_box_unpin(box);
}

static unsigned int height_at(u64 seed)
{
	return seed % HEIGHT;
}

static unsigned int any_arena(struct thread *t, const struct plant *plant)
{
	return plant->is_read ? IN_READ + below(t, 2) : below(t, IN_READ);
}

static void sow(struct thread *t, struct plant *plant)
{
	struct swim_hold *hold = hold_of(any_arena(t, plant));
	struct swim_box box = {};
	u64 seed = any_seed(t);

	if (!grow_all(t, &box, hold, seed, height_at(seed), true))
		return;
	/* Readers find it from here on. */
	if (done(t, swim_box_move(&plant->root, &box), "move of what is new"))
		plant->seed = seed;
}

/* What is in the way of a stow, or of a clone: somebody else has a lease of a shared value. */
static bool refused(struct thread *t, int err, const char *what)
{
	if (err == -EBUSY || err == -EINPROGRESS || err == -EAGAIN)
		count(t, COUNT_REFUSED);
	else
		return no_memory(t, err, what);
	return true;
}

static gfp_t any_gfp(struct thread *t)
{
	return one_in(t, 2) ? NOWAIT : GFP_KERNEL | __GFP_NOWARN;
}

static void stow(struct thread *t, struct plant *plant)
{
	struct swim_hold *hold = hold_of(any_arena(t, plant));

	if (!refused(t, swim_box_stow(&plant->root, hold, any_gfp(t)), "stow"))
		count(t, COUNT_STOWED);
}

static void clone(struct thread *t, struct plant *plant)
{
	struct swim_hold *hold = hold_of(any_arena(t, plant));
	struct swim_box box = {};

	if (refused(t, swim_box_clone(&box, &plant->root, hold, any_gfp(t)), "clone"))
		return;
	count(t, COUNT_CLONED);
	look(t, &box, plant->seed, height_at(plant->seed));
	drop(t, &box);
}

/* A branch of the root is grown anew, and takes the place of the old one. */
static void prune(struct thread *t, struct plant *plant)
{
	struct swim_box fresh = {}, old = {};
	struct swim_hold *hold = hold_of(any_arena(t, plant));
	struct node *node = swim_box_pin(&plant->root);

	if (!done(t, PTR_ERR_OR_ZERO(node), "pin of a node"))
		return;
	if (has(node, LEFT) && grow_all(t, &fresh, hold, seed_of(node, LEFT),
					(u8)node->height - 1, true)) {
		if (done(t, swim_box_move(&old, &node->left), "move of a branch") &&
		    done(t, swim_box_move(&node->left, &fresh), "move of a branch"))
			count(t, COUNT_HANDED);
	}
	swim_box_unpin(&plant->root);
	if (!swim_box_is_empty(&old))
		drop(t, &old);
}

static void tend_items(struct thread *t, struct node *node, struct swim_hold *hold)
{
	const u32 len = swim_buf_len(&node->items);
	struct item item = {};

	if (len >= ITEMS) {
		done(t, swim_buf_truncate(&node->items, below(t, len)), "truncate");
	} else if (len && one_in(t, 3)) {
		if (!done(t, swim_buf_remove(&node->items, below(t, len), &item), "remove"))
			return;
		if (swim_raw_size(&item.bytes) != 8 + (item.seed & 0xff))
			fail(t, "an item of %zu bytes came out", swim_raw_size(&item.bytes));
		done(t, swim_raw_drop(&item.bytes), "drop of an item");
	} else if (one_in(t, 8)) {
		no_memory(t, swim_buf_shrink(&node->items, NOWAIT), "shrink");
	} else {
		no_memory(t, push_item(t, node, hold, true), "push");
	}
	count(t, COUNT_RESIZED);
}

/* Items and names change while readers look at the nodes. */
static void tend(struct thread *t, struct plant *plant)
{
	struct swim_hold *hold = hold_of(any_arena(t, plant));
	struct node *node = swim_box_pin(&plant->root);
	unsigned int n;

	if (!done(t, PTR_ERR_OR_ZERO(node), "pin of a node"))
		return;
	for (n = below(t, 8); n; n--) {
		tend_items(t, node, hold);
		no_memory(t, append(t, node), "append");
	}
	swim_box_unpin(&plant->root);
	count(t, COUNT_CHANGED);
}

static void hand_on(struct thread *t, struct plant *plant)
{
	struct plant *to = &plants[below(t, PLANTS) + (plant->is_read ? 0 : PLANTS)];

	if (!claim(&to->busy))
		return;
	if (swim_box_is_empty(&to->root) &&
	    done(t, swim_box_move(&to->root, &plant->root), "move of a plant")) {
		to->seed = plant->seed;
		count(t, COUNT_HANDED);
	}
	let_go(&to->busy);
}

static void (*const works[])(struct thread *t, struct plant *plant) = {
	stow, stow, clone, prune, tend, tend, hand_on,
};

static void plant_step(struct thread *t)
{
	struct plant *plant = &plants[below(t, 2 * PLANTS)];

	if (!claim(&plant->busy))
		return;
	if (swim_box_is_empty(&plant->root)) {
		sow(t, plant);
	} else if (one_in(t, 8)) {
		drop(t, &plant->root);
	} else {
		works[below(t, ARRAY_SIZE(works))](t, plant);
		if (!swim_box_is_empty(&plant->root))
			look(t, &plant->root, plant->seed, height_at(plant->seed));
	}
	let_go(&plant->busy);
}

/* A reader sees the text from before or behind a change, or the begin of it. */
static void read_name(struct thread *t, const struct node *node)
{
	const char *text = swim_string_read(&node->name);
	u32 n;

	for (n = 0; text && n <= NAME; n++) {
		const char c = READ_ONCE(text[n]);

		if (!c)
			return;
		if (c != letter(node->seed, n))
			break;
	}
	if (text)
		fail(t, "a reader found a name with %02x at %u", READ_ONCE(text[n]), n);
}

/* From a node at random down to a leaf. */
static void read_down(struct thread *t, const struct node *node)
{
	while (node) {
		const enum side side = below(t, SIDES);
		const u64 seed = seed_of(node, side);

		if (!is_node(node)) {
			fail(t, "a reader found no node: %llx %llx", node->seed, node->height);
			return;
		}
		read_name(t, node);
		count(t, COUNT_READ);
		if (side == NEXT)
			node = swim_ptr_box_read(&node->next);
		else
			node = swim_box_read(side == LEFT ? &node->left : &node->right);
		if (node && node->seed != seed)
			fail(t, "a reader found the node %llx in place of %llx", node->seed, seed);
	}
}

/**
 * plants_read - look at a plant without owning it
 * @t: who does
 */
void plants_read(struct thread *t)
{
	const struct plant *plant = &plants[below(t, PLANTS)];

	rcu_read_lock();
	read_down(t, swim_box_read(&plant->root));
	rcu_read_unlock();
}

/**
 * struct scratch - what a scope allocates from
 * @memory: of the pack
 * @pack: when the scope is over a pack
 * @pool: when it is over a pool
 */
struct scratch {
	void *memory;
	struct swim_pack *pack;
	struct swim_pool *pool;
};

static struct swim_pool *scope_pools[SCOPES];
static unsigned int scopes;

/**
 * any_scope_pool - a pool that scopes are over
 * @t: who asks
 *
 * Return: the pool, or NULL without scopes.
 */
struct swim_pool *any_scope_pool(struct thread *t)
{
	return scopes ? scope_pools[below(t, scopes)] : NULL;
}

static int scope_begin(struct thread *t)
{
	struct scratch *own = kzalloc(sizeof(*own), GFP_KERNEL);
	struct swim_block block = { .size = PACK };
	char name[SWIM_NAME_MAX];

	if (!own)
		return -ENOMEM;
	t->own = own;
	snprintf(name, sizeof(name), "torture-scope-%u", t->number);
	own->memory = vmalloc(PACK);
	block.addr = own->memory;
	own->pack = own->memory ? swim_pack_create(&block) : ERR_PTR(-ENOMEM);
	own->pool = swim_pool_create(name, swim_space_heap(spaces.plain), 0);
	if (!IS_ERR(own->pool) && scopes < SCOPES)
		scope_pools[scopes++] = own->pool;
	/* Of a run there is more than one step. */
	if (!IS_ERR(own->pool) && steps)
		done(t, swim_pool_set_budget(own->pool, 1, 0), "set a budget");
	return PTR_ERR_OR_ZERO(own->pack) ?: PTR_ERR_OR_ZERO(own->pool);
}

/* Grow one to keep, and one that goes with the scope. */
static bool grow_in_scope(struct thread *t, struct swim_hold *hold, struct swim_box *kept,
			  struct swim_hard *counted, u64 seed)
{
	struct swim_box box = {};
	bool grown;

	if (swim_local_hold() != hold) {
		fail(t, "the local hold is another one");
		return false;
	}
	grown = grow_all(t, kept, swim_local_hold(), seed, height_at(seed), false);
	if (steps)
		no_memory(t, swim_hard_new(counted, swim_local_hold(), 64, NOWAIT), "counted");
	if (grow_all(t, &box, swim_local_hold(), ~seed, 2, false)) {
		look(t, &box, ~seed, 2);
		drop(t, &box);
	}
	return grown;
}

static long live_in(struct swim_hold *hold)
{
	struct swim_hold_stats stats;

	swim_hold_stats(hold, &stats);
	return stats.live;
}

static void scope_step(struct thread *t)
{
	struct scratch *own = t->own;
	struct swim_hold *hold = one_in(t, 2) ? swim_pack_hold(own->pack) :
						swim_pool_hold(own->pool);
	struct swim_hard counted = {};
	struct swim_box kept = {};
	u64 seed = any_seed(t);
	bool grown = false;

	swim_with_hold(hold_of(IN_PLAIN)) {
		swim_scope(hold)
			grown = grow_in_scope(t, hold, &kept, &counted, seed);
	}
	count(t, COUNT_SCOPES);
	if (live_in(hold)) {
		count(t, COUNT_LEFT);
		if (!may_be_left())
			fail(t, "%ld objects are left behind a scope", live_in(hold));
	}
	if (counted.cell)
		done(t, swim_hard_drop(&counted), "drop of a counted one");
	if (!grown)
		return;
	/* Wherever it is now. */
	look(t, &kept, seed, height_at(seed));
	drop(t, &kept);
	if (live_in(hold))
		fail(t, "%ld objects behind a scope are nobody's", live_in(hold));
}

static void scope_end(struct thread *t)
{
	struct scratch *own = t->own;

	if (!own)
		return;
	if (!IS_ERR_OR_NULL(own->pack))
		done(t, swim_pack_destroy(own->pack), "end of a pack");
	if (!IS_ERR_OR_NULL(own->pool))
		done(t, swim_pool_destroy(own->pool), "end of a pool");
	if (!failed())
		vfree(own->memory);
	kfree(own);
}

const struct kind plant_kind = { .name = "plant", .step = plant_step };
const struct kind scope_kind = {
	.name = "scope", .turn = TURN_HOT,
	.begin = scope_begin, .step = scope_step, .end = scope_end,
};

int plants_begin(void)
{
	unsigned int n;

	plants = vzalloc(array_size(2 * PLANTS, sizeof(*plants)));
	for (n = 0; plants && n < PLANTS; n++)
		plants[n].is_read = true;
	return plants ? 0 : -ENOMEM;
}

void plants_end(struct thread *t)
{
	unsigned int n;

	for (n = 0; plants && n < 2 * PLANTS; n++) {
		struct plant *plant = &plants[n];

		if (plant->busy)
			fail(t, "an entry was not given back");
		if (swim_box_is_empty(&plant->root))
			continue;
		look(t, &plant->root, plant->seed, height_at(plant->seed));
		drop(t, &plant->root);
		cond_resched();
	}
	if (atomic_long_read(&nodes))
		fail(t, "%ld nodes were not dropped", atomic_long_read(&nodes));
	synchronize_rcu();
	if (!failed())
		vfree(plants);
}
