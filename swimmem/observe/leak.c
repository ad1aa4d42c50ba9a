// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leak: what still lives in a hold when it ends, by who allocated it, or at least by what it
 * is; and which of it nobody can drop any more, for it is in a cycle of Hard leases. And what is
 * in the way of compaction.
 *
 * Everything here is looked at from outside, and some of it by addresses that a client has
 * left behind when he went: so leases, types and names are peeked at.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <swimmem/pack.h>

#include "../alloc/segment.h"
#include "../compact/walk.h"
#include "../compat.h"
#include "../lease/cell.h"
#include "leak.h"
#include "report.h"

#define GROUPS		1024	/* that are told apart */
#define GROUPS_TOLD	8	/* in a report */
#define NAME_MAX_TOLD	40
#define NODES_MAX	BIT(20)	/* among which cycles are looked for */

/* An object that somebody has. */
struct seen {
	void *object;
	unsigned long value;
	size_t size;
};

/* What is done with each. */
struct visitor {
	void (*visit)(struct visitor *visitor, const struct seen *seen);
};

static bool is_live(unsigned long value)
{
	return !swim_tag_is(value, SWIM_TAG_DEAD) && !swim_tag_is(value, SWIM_TAG_GOING);
}

/* The size of an owned object that nobody uses; false when its lease or its type is gone. */
static bool measure(struct seen *seen)
{
	const struct swim_type *type;
	struct swim_buf lease;
	struct swim_type copy;

	if (!swim_owned_peek(seen->object, seen->value, &lease))
		return false;
	type = swim_meta_type(swim_body_of(&lease, seen->object,
					   swim_tag_kind(seen->value))->meta);
	if (type && !swim_peek(type, &copy, sizeof(copy)))
		return false;
	seen->size = swim_owned_size(seen->object, seen->value, &lease);
	return true;
}

/* Go over an object; false when that is not possible. @alone: see visit_frame(). */
static bool step(struct swim_walk *walk, struct seen *seen, bool alone)
{
	unsigned int at = walk->at;

	if (alone && swim_tag_is_owned(seen->value))
		return measure(seen) && swim_walk_over(walk, seen->size);
	if (!swim_walk_next(walk))
		return false;
	seen->size = walk->at - at - SWIM_TAG_SLOT - swim_pool_behind(walk->pool, seen->value);
	return true;
}

/* false when it was not possible to come to its end. */
static bool visit_hunk(struct visitor *visitor, struct swim_walk *walk, bool alone)
{
	while (walk->at < walk->end) {
		struct seen seen = { .object = swim_walk_object(walk) };

		seen.value = swim_tag_read(swim_tag_of(seen.object));
		if (!step(walk, &seen, alone))
			return false;
		if (is_live(seen.value) &&
		    swim_tag_read(swim_tag_of(seen.object)) == seen.value)
			visitor->visit(visitor, &seen);
	}
	return true;
}

/**
 * swim_open_mark - how far an open hunk is filled
 * @pool: whose
 * @frame: of the hunk
 *
 * Return: the mark, or 0 when it is not known.
 */
unsigned int swim_open_mark(struct swim_pool *pool, const struct swim_frame *frame)
{
	const struct swim_hunk *hunk = swim_frame_hunk(pool, frame);
	unsigned long next = READ_ONCE(pool->spare);
	int cpu;

	if (swim_pool_hunk(pool, next) == hunk)
		return next & ~pool->mask;
	next = READ_ONCE(pool->cleaner.mover.next);
	if (swim_pool_hunk(pool, next) == hunk)
		return next & ~pool->mask;
	for_each_possible_cpu(cpu) {
		next = READ_ONCE(per_cpu_ptr(pool->cpu, cpu)->next);
		if (swim_pool_hunk(pool, next) == hunk)
			return next & ~pool->mask;
	}
	return 0;
}

/*
 * @alone: nobody uses the pool, so the open hunks can be looked at too. false when what was closed
 * could not be looked at to its end.
 */
static bool visit_frame(struct visitor *visitor, struct swim_pool *pool, struct swim_frame *frame,
			bool alone)
{
	struct swim_walk walk;
	bool whole;

	if (swim_hunk_hold(frame, pool)) {
		swim_walk_begin(&walk, pool, frame);
		whole = visit_hunk(visitor, &walk, alone);
		if (swim_hunk_unhold(frame, 0))
			swim_hunk_put(swim_frame_hunk(pool, frame));
		return whole;
	}
	if (READ_ONCE(frame->pool) != pool)
		return true;
	if (alone && atomic_read(&frame->live) > (int)SWIM_FRAME_SIZE) {
		swim_walk_begin(&walk, pool, frame);
		walk.end = swim_open_mark(pool, frame);
		return visit_hunk(visitor, &walk, true);
	}
	/* Somebody else is at it. */
	return atomic_read(&frame->live) < SWIM_HUNK_HOLD;
}

/* Only a debug pool knows where its large objects are. */
static void visit_larges(struct visitor *visitor, struct swim_pool *pool)
{
	struct swim_large *large;
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->larges_lock, flags);
	list_for_each_entry(large, &pool->larges, link) {
		struct seen seen = { .object = large->object };

		seen.value = swim_tag_read(swim_tag_of(seen.object));
		seen.size = swim_tag_size(seen.value);
		if (swim_tag_is_owned(seen.value) && !measure(&seen))
			continue;
		if (is_live(seen.value) && seen.size < SWIM_SEGMENT_SIZE)
			visitor->visit(visitor, &seen);
	}
	raw_spin_unlock_irqrestore(&pool->larges_lock, flags);
}

static bool visit_pool(struct visitor *visitor, struct swim_pool *pool, bool alone)
{
	struct swim_frame *frame;
	bool whole = true;
	u32 number;

	swim_for_each_frame(pool, number, frame)
		whole &= visit_frame(visitor, pool, frame, alone);
	visit_larges(visitor, pool);
	return whole;
}

/* The metadata and the type of an owned object; false when it has none, or no type. */
static bool peek_type(const struct seen *seen, struct swim_body *body, struct swim_type *type)
{
	enum swim_tag_kind kind = swim_tag_kind(seen->value);
	struct swim_buf lease;

	if (!swim_tag_is_owned(seen->value) ||
	    !swim_owned_peek(seen->object, seen->value, &lease))
		return false;
	return swim_peek(swim_body_of(&lease, seen->object, kind), body, sizeof(*body)) &&
	       swim_meta_type(body->meta) &&
	       swim_peek(swim_meta_type(body->meta), type, sizeof(*type));
}

/* What is of no type. */
static const struct swim_type leased = { .name = "bytes" };
static const struct swim_type held = { .name = "bytes without a lease" };

/**
 * struct group - objects that have something in common
 * @type: what they are, one of the above, or NULL for a group that is none
 * @stack: that allocated them, 0 when it is not known; or how they are in the way
 * @objects: how many
 * @bytes: theirs
 * @hunk: of what is in the way: the hunk of the last one
 * @hunks: of how many hunks that was
 * @held_back: bytes of these in which nothing lives
 */
struct group {
	const struct swim_type *type;
	u32 stack;
	unsigned long objects;
	size_t bytes;
	const struct swim_hunk *hunk;
	unsigned long hunks;
	size_t held_back;
};

/**
 * struct groups - all of them
 * @visitor: puts objects into them
 * @group: hashed, and later sorted; NULL when there was no memory
 * @count: how many
 * @all: objects in all of them
 * @rest: those of them for which there was no group
 * @counted: some have counted leases
 */
struct groups {
	struct visitor visitor;
	struct group *group;
	unsigned int count;
	struct group all;
	struct group rest;
	bool counted;
};

static void add_to(struct group *group, const struct seen *seen)
{
	group->objects++;
	group->bytes += seen->size;
}

/* The group of such objects. */
static struct group *group_of(struct groups *groups, const struct swim_type *type, u32 stack)
{
	unsigned int n = hash_long((unsigned long)type + stack, ilog2(GROUPS));

	if (!groups->group)
		return &groups->rest;
	for (; groups->group[n].type; n = (n + 1) % GROUPS)
		if (groups->group[n].type == type && groups->group[n].stack == stack)
			return &groups->group[n];
	if (groups->count == GROUPS - 1)
		return &groups->rest;
	groups->count++;
	groups->group[n] = (struct group){ .type = type, .stack = stack };
	return &groups->group[n];
}

static struct group *groups_add(struct groups *groups, const struct swim_type *type, u32 stack,
				const struct seen *seen)
{
	struct group *group = group_of(groups, type, stack);

	add_to(&groups->all, seen);
	add_to(group, seen);
	return group;
}

static void groups_visit(struct visitor *visitor, const struct seen *seen)
{
	struct groups *groups = container_of(visitor, struct groups, visitor);
	const struct swim_type *type = &held;
	struct swim_track past = {};
	struct swim_body body;
	struct swim_type copy;

	if (peek_type(seen, &body, &copy))
		type = swim_meta_type(body.meta);
	else if (swim_tag_is_owned(seen->value))
		type = &leased;
	if (!swim_track_past(seen->object, seen->size, &past))
		past.born = 0;
	groups->counted |= swim_tag_kind(seen->value) == SWIM_TAG_COUNTED;
	groups_add(groups, type, past.born, seen);
}

static int larger_first(const void *a, const void *b)
{
	const struct group *of_a = a, *of_b = b;

	return of_a->bytes == of_b->bytes ? 0 : of_a->bytes < of_b->bytes ? 1 : -1;
}

static void groups_begin(struct groups *groups,
			 void (*visit)(struct visitor *visitor, const struct seen *seen))
{
	*groups = (struct groups){ .visitor.visit = visit };
	/* A pack may end anywhere; without memory there is one group. */
	if (swim_pages_allowed())
		groups->group = kvcalloc(GROUPS, sizeof(*groups->group),
					 (preemptible() ? GFP_KERNEL : GFP_NOWAIT) | __GFP_NOWARN);
}

static void sort_groups(struct groups *groups)
{
	if (groups->group)
		sort(groups->group, GROUPS, sizeof(*groups->group), larger_first, NULL);
}

static void groups_end(struct groups *groups)
{
	kvfree(groups->group);
}

static const char *name_of(const struct swim_type *type, char *name)
{
	struct swim_type copy;
	size_t len = 0, part;

	/* Both ours and the client's; and his may be gone. */
	if (!swim_peek(type, &copy, sizeof(copy)))
		return "?";
	/* It may end with its page, and what is behind that need not be there. */
	for (; len < NAME_MAX_TOLD - 1; len += part) {
		part = min_t(size_t, NAME_MAX_TOLD - 1 - len,
			     PAGE_SIZE - offset_in_page(copy.name + len));
		if (!swim_peek(copy.name + len, name + len, part))
			break;
		if (memchr(name + len, '\0', part))
			return name;
	}
	name[len] = '\0';
	return len ? name : "?";
}

static void groups_tell(struct groups *groups, bool stacks)
{
	unsigned long objects = groups->all.objects;
	size_t bytes = groups->all.bytes;
	char name[NAME_MAX_TOLD];
	unsigned int n;

	sort_groups(groups);
	for (n = 0; n < min_t(unsigned int, groups->count, GROUPS_TOLD); n++) {
		const struct group *group = &groups->group[n];

		swim_report_line("%lu objects, %zu bytes: %s", group->objects, group->bytes,
				 name_of(group->type, name));
		if (stacks)
			swim_report_stack("allocated", group->stack);
		objects -= group->objects;
		bytes -= group->bytes;
	}
	if (objects)
		swim_report_line("... and %lu more objects, %zu bytes", objects, bytes);
}

/**
 * struct node - an object among which cycles are looked for
 * @seen: the object
 * @found: leases in objects of the hold that keep it
 * @next: number + 1 of the next one whose leases are to be followed
 * @reached: somebody outside leads to it
 */
struct node {
	struct seen seen;
	unsigned long found;
	unsigned int next;
	bool reached;
};

/**
 * struct graph - the objects of a hold, and who keeps whom
 * @visitor: puts objects into it
 * @node: hashed by the address
 * @bits: log2 of how many there can be
 * @count: how many there are
 * @todo: number + 1 of the first whose leases are to be followed
 */
struct graph {
	struct visitor visitor;
	struct node *node;
	unsigned int bits;
	unsigned long count;
	unsigned int todo;
};

/* The node of an object, or an empty one where it would be. */
static struct node *node_of(const struct graph *graph, const void *object)
{
	unsigned long n = hash_ptr(object, graph->bits);

	while (graph->node[n].seen.object && graph->node[n].seen.object != object)
		n = (n + 1) & (BIT(graph->bits) - 1);
	return &graph->node[n];
}

static void graph_visit(struct visitor *visitor, const struct seen *seen)
{
	struct graph *graph = container_of(visitor, struct graph, visitor);

	/* Never full: what is looked for must not be looked for without end. */
	if (graph->count < BIT(graph->bits) - 1) {
		graph->count++;
		node_of(graph, seen->object)->seen = *seen;
	}
}

typedef void (*edge_fn)(struct graph *graph, struct node *child);

/* The object that a lease keeps; NULL for none. */
static const void *kept_by(const void *slot, enum swim_lease_kind kind)
{
	struct swim_cell *cell = *(void **)slot;

	switch (kind) {
	case SWIM_KIND_RAW:
	case SWIM_KIND_PTR:
		return *(void **)slot;
	case SWIM_KIND_SOFT:
		return NULL;
	default:
		return cell && swim_cell_is(cell) ? READ_ONCE(*swim_cell_object(cell)) : NULL;
	}
}

static void each_part(struct graph *graph, void *value, const struct swim_type *type,
		      const void *end, edge_fn fn)
{
	const void *object;
	struct node *child;
	unsigned int n;
	u32 part;

	for (n = 0; n < type->parts; n++) {
		if (!swim_peek(&type->part[n], &part, sizeof(part)) ||
		    swim_part(value, part) + sizeof(void *) > end)
			return;
		object = kept_by(swim_part(value, part), swim_part_kind(part));
		child = object ? node_of(graph, object) : NULL;
		if (child && child->seen.object)
			fn(graph, child);
	}
}

/* Each object that an object keeps. */
static void each_child(struct graph *graph, const struct node *node, edge_fn fn)
{
	const struct seen *seen = &node->seen;
	struct swim_body body;
	struct swim_type type;
	void *value;
	u32 n;

	if (!peek_type(seen, &body, &type))
		return;
	value = seen->object + swim_body_front(&body, swim_tag_kind(seen->value));
	n = swim_meta_is_buf(body.meta) ? body.len : 1;
	for (; n && value < seen->object + seen->size; n--, value += type.size)
		each_part(graph, value, &type, seen->object + seen->size, fn);
}

static void found(struct graph *graph, struct node *child)
{
	child->found++;
}

static void reach(struct graph *graph, struct node *node)
{
	if (node->reached)
		return;
	node->reached = true;
	node->next = graph->todo;
	graph->todo = node - graph->node + 1;
}

/* How many leases keep an object, wherever they are. */
static unsigned long kept(const struct seen *seen)
{
	struct swim_cell *cell = swim_tag_lease(seen->value);

	if (!swim_tag_is_owned(seen->value))
		return ULONG_MAX;
	if (swim_tag_kind(seen->value) != SWIM_TAG_COUNTED)
		return 1;
	return swim_cell_is(cell) ? swim_status_hard(atomic_long_read(&cell->status)) : ULONG_MAX;
}

/* Reach what somebody outside keeps, and all that this keeps. */
static void mark(struct graph *graph)
{
	struct node *node, *end = graph->node + BIT(graph->bits);

	for (node = graph->node; node < end; node++)
		if (node->seen.object)
			each_child(graph, node, found);
	for (node = graph->node; node < end; node++)
		if (node->seen.object && kept(&node->seen) > node->found)
			reach(graph, node);
	while (graph->todo) {
		node = &graph->node[graph->todo - 1];
		graph->todo = node->next;
		each_child(graph, node, reach);
	}
}

/* Nobody but objects of the hold themselves keeps these. */
static void tell_cycles(struct graph *graph, bool stacks)
{
	struct node *node, *end = graph->node + BIT(graph->bits);
	struct groups groups;

	groups_begin(&groups, groups_visit);
	for (node = graph->node; node < end; node++)
		if (node->seen.object && !node->reached)
			groups_visit(&groups.visitor, &node->seen);
	if (groups.all.objects) {
		swim_report_line("%lu objects, %zu bytes in cycles of Hard leases:",
				 groups.all.objects, groups.all.bytes);
		groups_tell(&groups, stacks);
	}
	groups_end(&groups);
}

static void find_cycles(struct swim_pool *pool, unsigned long objects)
{
	struct graph graph = {
		.visitor.visit = graph_visit,
		.bits = order_base_2(objects + 1) + 1,
	};

	if (objects > NODES_MAX)
		graph.node = NULL;
	else
		graph.node = kvcalloc(BIT(graph.bits), sizeof(*graph.node),
				      GFP_KERNEL | __GFP_NOWARN);
	if (!graph.node) {
		swim_report_line("too many objects to look for cycles");
		return;
	}
	visit_pool(&graph.visitor, pool, true);
	mark(&graph);
	tell_cycles(&graph, pool->trailer);
	kvfree(graph.node);
}

/**
 * swim_leak_pool - tell what lives in a pool that nobody should need any more
 * @pool: nobody else uses it
 * @stats: its numbers
 * @what: has happened: it is destroyed, or its scope has ended
 *
 * Context: Process, may sleep.
 */
void swim_leak_pool(struct swim_pool *pool, const struct swim_pool_stats *stats, const char *what)
{
	struct groups groups;
	long rest;

	if (!swim_report_begin("pool '%s' %s with %ld objects, %zu bytes live", pool->name, what,
			       stats->live, stats->used))
		return;
	groups_begin(&groups, groups_visit);
	visit_pool(&groups.visitor, pool, true);
	groups_tell(&groups, pool->trailer);
	rest = stats->live - groups.all.objects;
	if (rest > 0)
		swim_report_line("%ld objects not found: large, of size 0, or the lease is gone",
				 rest);
	if (groups.counted)
		find_cycles(pool, groups.all.objects);
	groups_end(&groups);
	swim_report_end();
}

/* Bytes of what a tag in a pack stands before; false when that makes no sense. */
static bool packed_size(struct seen *seen)
{
	seen->size = swim_tag_size(seen->value & ~(~0UL << SWIM_TAG_SIZED_BITS));
	if (swim_tag_kind(seen->value) == SWIM_TAG_SIZED)
		return true;
	return swim_tag_is_owned(seen->value) && measure(seen);
}

/**
 * swim_leak_pack - tell what lives in a pack that is to be destroyed
 * @pack: nobody else uses it
 * @stats: its numbers
 * @what: has happened, as of swim_leak_pool()
 *
 * Context: Any but NMI.
 */
void swim_leak_pack(struct swim_pack *pack, const struct swim_pack_stats *stats, const char *what)
{
	void *at = pack->memory, *end = at + stats->size - stats->free;
	struct groups groups;

	if (!swim_report_begin("pack %s with %ld objects, %zu bytes live", what, stats->live,
			       stats->used))
		return;
	groups_begin(&groups, groups_visit);
	while (at < end) {
		struct seen seen = { .object = at + SWIM_TAG_SLOT };

		seen.value = swim_tag_read(swim_tag_of(seen.object));
		if (!packed_size(&seen) || seen.size > end - seen.object)
			break;
		at = seen.object + seen.size;
		if (swim_tag_is_owned(seen.value) ||
		    swim_tag_is_packed(seen.value, SWIM_TAG_PACKED))
			groups_visit(&groups.visitor, &seen);
	}
	groups_tell(&groups, false);
	groups_end(&groups);
	swim_report_end();
}

/**
 * struct leaving - what a module that goes leaves in a pool
 * @groups: of that
 * @pool: the pool
 * @module: the module, whose memory is still there
 */
struct leaving {
	struct groups groups;
	struct swim_pool *pool;
	const struct module *module;
};

/* Is the lease in the module, or what the lease tells of the object? */
static bool goes_with(const struct seen *seen, const struct module *module)
{
	struct swim_body body;
	struct swim_type copy;

	if (!swim_tag_is_owned(seen->value))
		return false;
	if (swim_tag_kind(seen->value) != SWIM_TAG_COUNTED &&
	    within_module((unsigned long)swim_tag_slot(seen->value), module))
		return true;
	return peek_type(seen, &body, &copy) &&
	       within_module((unsigned long)swim_meta_type(body.meta), module);
}

/* It is held without a lease from then on: its tag tells its size, and nobody moves it. */
static void leaving_visit(struct visitor *visitor, const struct seen *seen)
{
	struct groups *groups = container_of(visitor, struct groups, visitor);
	struct leaving *leaving = container_of(groups, struct leaving, groups);
	struct swim_pool *pool = leaving->pool;

	/* Only who walks a debug pool comes to large ones, and he does not trust their types. */
	if (seen->size <= pool->small_max && goes_with(seen, leaving->module) &&
	    swim_tag_try(swim_tag_of(seen->object), seen->value,
			 swim_tag_sized(SWIM_TAG_HELD, seen->size, pool->apart)))
		groups_visit(visitor, seen);
}

/**
 * swim_leak_module - tell what a module that goes leaves in a pool, and let it be nobody's
 * @pool: any, of which every CPU's hunk was closed since the module ran
 * @module: nobody runs in it any more, and its memory is still there
 *
 * Whoever walks the pool later must not look at a lease or a type that has gone with it.
 *
 * Context: Process, may sleep.
 * Return: false when somebody else is at work on the pool: then there may be more.
 */
bool swim_leak_module(struct swim_pool *pool, const struct module *module)
{
	struct leaving leaving = { .pool = pool, .module = module };
	struct groups *groups = &leaving.groups;
	bool whole;

	if (!swim_clean_stop(pool, false))
		return false;
	groups_begin(groups, leaving_visit);
	whole = visit_pool(&groups->visitor, pool, false);
	swim_clean_unlock(pool);
	if (groups->all.objects &&
	    swim_report_begin("module '%s' gone with %lu objects, %zu bytes live in pool '%s'",
			      module->name, groups->all.objects, groups->all.bytes, pool->name)) {
		groups_tell(groups, pool->trailer);
		swim_report_end();
	}
	groups_end(groups);
	return whole;
}

static void show_group(struct seq_file *seq, const struct group *group)
{
	char name[NAME_MAX_TOLD], call[SWIM_CALL_MAX];
	unsigned long *entries;
	unsigned int i, n;

	seq_printf(seq, "%8lu %12zu %s\n", group->objects, group->bytes,
		   name_of(group->type, name));
	n = swim_stack_fetch(group->stack, &entries);
	for (i = 0; i < n; i++)
		seq_printf(seq, "        %s\n", swim_report_call(call, entries[i]));
}

/**
 * swim_owners_show - who has allocated what lives in a debug pool
 * @seq: a line for each call site with objects, bytes and what they are; and the stack
 * @pool: the pool, which may be in use
 *
 * Context: Process, may sleep.
 */
int swim_owners_show(struct seq_file *seq, struct swim_pool *pool)
{
	struct groups groups;
	unsigned int n;

	groups_begin(&groups, groups_visit);
	if (!groups.group)
		return -ENOMEM;
	/* What is open cannot be looked at. */
	swim_pool_flush(pool);
	visit_pool(&groups.visitor, pool, false);
	sort_groups(&groups);
	seq_puts(seq, "# objects, bytes, what they are; and the stack that allocated them\n");
	for (n = 0; n < groups.count; n++)
		show_group(seq, &groups.group[n]);
	groups_end(&groups);
	return 0;
}
EXPORT_SYMBOL_SWIM_KUNIT(swim_owners_show);

/* How an object can be in the way of compaction. */
enum obstacle {
	OBSTACLE_NONE,
	OBSTACLE_PINNED,
	OBSTACLE_SHARED,	/* counted, and somebody has a Ref or a Mut */
	OBSTACLE_UNLEASED,
};

static const char * const obstacles[] = {
	[OBSTACLE_PINNED] = "pinned",
	[OBSTACLE_SHARED] = "shared",
	[OBSTACLE_UNLEASED] = "unleased",
};

/**
 * struct blocking - what is in the way in a pool
 * @groups: by how it is, and what
 * @pool: the pool
 */
struct blocking {
	struct groups groups;
	struct swim_pool *pool;
};

static enum obstacle obstacle_of(const struct seen *seen)
{
	const struct swim_cell *cell;
	unsigned long status;

	if (swim_tag_is(seen->value, SWIM_TAG_HELD))
		return OBSTACLE_UNLEASED;
	if (!swim_tag_is_owned(seen->value))
		return OBSTACLE_NONE;
	if (swim_tag_is_pinned(seen->value))
		return OBSTACLE_PINNED;
	cell = swim_tag_slot(seen->value);
	if (swim_tag_kind(seen->value) != SWIM_TAG_COUNTED || !swim_cell_is(cell))
		return OBSTACLE_NONE;
	status = atomic_long_read(&cell->status);
	return swim_status_ref(status) || swim_status_mut(status) ? OBSTACLE_SHARED :
								    OBSTACLE_NONE;
}

/* Hunks are gone through one after the other. */
static void count_hunk(struct group *group, const struct swim_pool *pool,
		       const struct swim_hunk *hunk)
{
	if (group->hunk == hunk)
		return;
	group->hunk = hunk;
	group->hunks++;
	group->held_back += swim_pool_hunk_size(pool) -
			    (atomic_read(&hunk->frame->live) - SWIM_HUNK_HOLD);
}

static void blocking_visit(struct visitor *visitor, const struct seen *seen)
{
	struct groups *groups = container_of(visitor, struct groups, visitor);
	struct blocking *blocking = container_of(groups, struct blocking, groups);
	const struct swim_type *type = &leased;
	enum obstacle obstacle = obstacle_of(seen);
	struct swim_body body;
	struct swim_type copy;

	if (!obstacle)
		return;
	if (peek_type(seen, &body, &copy))
		type = swim_meta_type(body.meta);
	count_hunk(groups_add(groups, type, obstacle, seen), blocking->pool,
		   swim_pool_hunk(blocking->pool, (unsigned long)swim_tag_of(seen->object)));
}

static void show_obstacle(struct seq_file *seq, const struct group *group, const char *kind,
			  const char *name)
{
	seq_printf(seq, "%-8s %8lu %12zu %8lu %12zu %s\n", kind, group->objects, group->bytes,
		   group->hunks, group->held_back, name);
}

/**
 * swim_obstacles_show - what is in the way of compaction now
 * @seq: a line for each kind of obstacle and type, with how many there are, their bytes, the
 *	 closed hunks that they keep, and the bytes in these in which nothing lives. A hunk
 *	 counts in each line that has an object in it
 * @pool: the pool, which may be in use
 *
 * Context: Process, may sleep.
 * Return: 0, or -ENOMEM.
 */
int swim_obstacles_show(struct seq_file *seq, struct swim_pool *pool)
{
	struct blocking blocking = { .pool = pool };
	struct groups *groups = &blocking.groups;
	struct swim_frame *frame;
	char name[NAME_MAX_TOLD];
	unsigned int n;
	u32 number;

	groups_begin(groups, blocking_visit);
	if (!groups->group)
		return -SWIM_ENOMEM;
	swim_for_each_frame(pool, number, frame)
		visit_frame(&groups->visitor, pool, frame, false);
	sort_groups(groups);
	seq_puts(seq, "# how, objects, bytes, hunks they keep, bytes held back there, what they are\n");
	for (n = 0; n < groups->count; n++)
		show_obstacle(seq, &groups->group[n], obstacles[groups->group[n].stack],
			      name_of(groups->group[n].type, name));
	if (groups->rest.objects)
		show_obstacle(seq, &groups->rest, "others", "");
	groups_end(groups);
	return 0;
}

/**
 * swim_tell_lasting - name an object that is pinned for so long that compaction is hindered
 * @pool: in which it is
 * @object: in a closed hunk that the caller holds
 * @value: its tag, pinned
 * @size: its bytes
 * @seconds: since it was found pinned first
 * @held_back: bytes of its hunk in which nothing lives
 *
 * Context: Any but NMI.
 * Return: false when there were too many just now, and this one was not named.
 */
bool swim_tell_lasting(struct swim_pool *pool, void *object, unsigned long value, size_t size,
		       unsigned int seconds, size_t held_back)
{
	const struct seen seen = { .object = object, .value = value, .size = size };
	const struct swim_type *type = &leased;
	struct swim_track past;
	struct swim_body body;
	struct swim_type copy;
	char name[NAME_MAX_TOLD];

	if (peek_type(&seen, &body, &copy))
		type = swim_meta_type(body.meta);
	if (!swim_report_warn("pool '%s': %s of %zu bytes pinned for %u s, holds back %zu bytes",
			      pool->name, name_of(type, name), size, seconds, held_back))
		return false;
	if (swim_pool_trailer(pool) && swim_track_past(object, size, &past))
		swim_report_stack("allocated", past.born);
	return true;
}
