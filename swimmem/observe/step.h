/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Step: every transition of every state drawing, so that a test can show that each has run, and
 * can provoke the races that each may lose.
 *
 *	swim_step(NAME)		it has just been done: count it
 *	swim_stepped(NAME)	the same, in a condition: true
 *	swim_window()		between a look and what relies on it: others may come between
 *	swim_linger()		a mover has what its owner may ask for: for longer
 *
 * At each of these the CPU waits now and then, so that others see what stands there in between.
 * All of that is only in a build for tests (CONFIG_SWIMMEM_STEPS), and there behind a static key
 * that is off until a test asks for it. In any other build there is no trace of it.
 *
 * What is listed here is what the configuration can do; torture fails when one of these has never
 * been done. What only a client's mistake leads to, or the last moment before somebody is killed
 * for memory, is not listed: suites show that.
 */
#ifndef SWIMMEM_OBSERVE_STEP_H
#define SWIMMEM_OBSERVE_STEP_H

#include <linux/types.h>

/* tag.h */
#define SWIM_STEPS_OF_TAG(X)							\
	X(TAG_HOLD,		"tag", "unwritten, HELD")			\
	X(TAG_OWN,		"tag", "unwritten, OWNED")			\
	X(TAG_OWN_INNER,	"tag", "unwritten, INNER")			\
	X(TAG_OWN_COUNTED,	"tag", "unwritten, COUNTED")			\
	X(TAG_PIN,		"tag", "OWNED, PINNED")				\
	X(TAG_UNPIN,		"tag", "PINNED, OWNED")				\
	X(TAG_HAND,		"tag", "PINNED, OWNED by another lease")	\
	X(TAG_TAKE,		"tag", "PINNED, TAKEN")				\
	X(TAG_UNTAKE,		"tag", "TAKEN, PINNED elsewhere")		\
	X(TAG_VISIT,		"tag", "OWNED, VISITED")			\
	X(TAG_ABORT,		"tag", "VISITED, OWNED")			\
	X(TAG_COMMIT,		"tag", "VISITED, DEAD, OWNED at the new place")	\
	X(TAG_DROP,		"tag", "OWNED, DROPPING")			\
	X(TAG_DROP_COUNTED,	"tag", "COUNTED, DROPPING")			\
	X(TAG_GO,		"tag", "OWNED, GOING")				\
	X(TAG_LET_GO,		"tag", "OWNED, unwritten")			\
	X(TAG_FREE,		"tag", "HELD, unwritten")			\
	X(TAG_FREE_APART,	"tag", "HELD, GOING")				\
	X(TAG_FREE_PACKED,	"tag", "PACKED, unwritten")			\
	X(TAG_DIE,		"tag", "GOING, DEAD")				\
	X(TAG_RETIRE,		"tag", "PINNED, DEAD with readers left")	\
	X(TAG_ASK,		"tag", "owner finds VISITED and asks")		\
	X(TAG_FOLLOW,		"tag", "owner finds that the lease has changed") \
	X(TAG_AGAIN,		"tag", "owner finds OWNED again")		\
	X(TAG_VISIT_LOST,	"tag", "mover finds another tag")

/* relocate.c */
#define SWIM_STEPS_OF_RELOCATE(X)						\
	X(MOVE_COPIED,		"relocate", "copied whole")			\
	X(MOVE_REHOMED,		"relocate", "children handed over")		\
	X(MOVE_COUNTED,		"relocate", "moved by its cell")		\
	X(MOVE_ASKED,		"relocate", "asked for while copied")		\
	X(MOVE_ASKED_LATE,	"relocate", "asked for between values")		\
	X(MOVE_REFUSED,		"relocate", "a child is in use or in motion")	\
	X(MOVE_BACK,		"relocate", "values handed back")		\
	X(MOVE_FULL,		"relocate", "no room where it is to go")	\
	X(MOVE_IN_USE,		"relocate", "its cell is in use")		\
	X(MOVE_OTHER,		"relocate", "its cell is of another object by now") \
	X(MEASURE_VISIT,	"relocate", "measured, visited")		\
	X(MEASURE_PEEK,		"relocate", "measured from outside")		\
	X(MEASURE_CHANGED,	"relocate", "measured, and the tag has changed") \
	X(MEASURE_AGAIN,	"relocate", "measured, handed on and back")

/* rehome.c */
#define SWIM_STEPS_OF_REHOME(X)							\
	X(HAND_OVER,		"rehome", "child's tag names the copy")		\
	X(HAND_ASK,		"rehome", "finds the child VISITED and asks")	\
	X(HAND_FOLLOW,		"rehome", "finds that the child has moved")	\
	X(HAND_LOST,		"rehome", "finds another tag after the look")	\
	X(HAND_IN_USE,		"rehome", "finds the child in use")		\
	X(HAND_BACK,		"rehome", "some handed back")

/* cell.c */
#define SWIM_STEPS_OF_CELL(X)							\
	X(CELL_NEW,		"cell", "0, first lease")			\
	X(CELL_PUT,		"cell", "less a lease")				\
	X(CELL_PUT_LAST,	"cell", "less the last strong one, busy")	\
	X(CELL_PUT_END,		"cell", "less the last Soft, 0")		\
	X(CELL_PUT_WAIT,	"cell", "the last strong one waits for a mover") \
	X(CELL_PUT_LOST,	"cell", "put finds another status")		\
	X(CELL_TURN,		"cell", "one lease out of another")		\
	X(CELL_TURN_LAST,	"cell", "the last strong one into Soft, busy")	\
	X(CELL_TURN_WAIT,	"cell", "the last strong one into Soft waits for a mover") \
	X(CELL_TURN_LOST,	"cell", "turn finds another status")		\
	X(CELL_TURN_BUSY,	"cell", "refused: relocating")			\
	X(CELL_TURN_ALIASED,	"cell", "refused: aliased")			\
	X(CELL_TURN_CLEARED,	"cell", "refused: cleared")			\
	X(CELL_CONTENDED,	"cell", "refused: contended")			\
	X(CELL_WAIT,		"cell", "waits for a Ref or a Mut")		\
	X(CELL_WAIT_BUSY,	"cell", "waits for a mover")			\
	X(CELL_UNIQUE,		"cell", "Hard alone into Mut")			\
	X(CELL_SHARED,		"cell", "Hard that is not alone is cloned")	\
	X(CELL_BUSY,		"cell", "busy")					\
	X(CELL_BUSY_LOST,	"cell", "busy finds another status")		\
	X(CELL_ASK,		"cell", "busy, asked")				\
	X(CELL_ASK_LOST,	"cell", "ask finds another status")		\
	X(CELL_UNBUSY,		"cell", "busy, not busy")			\
	X(CELL_UNBUSY_END,	"cell", "busy with a Soft that goes just then, 0") \
	X(CELL_END,		"cell", "busy, 0")				\
	X(CELL_SPARE_TAKE,	"cell", "spare one taken")			\
	X(CELL_SPARE_TAKE_LOST,	"cell", "spare one taken by an interrupt")	\
	X(CELL_SPARE_LEAVE,	"cell", "spare one left")			\
	X(CELL_SPARE_LEAVE_LOST, "cell", "spare one left by an interrupt")	\
	X(CELL_UNIT_FREE,	"cell", "given back to its slab")		\
	X(CELL_CHUNK,		"cell", "another slab")

/* drop.c */
#define SWIM_STEPS_OF_DROP(X)							\
	X(DROP_CHILD,		"drop", "down to what an exclusive lease owns")	\
	X(DROP_COUNTED,		"drop", "down to what the last strong lease kept") \
	X(DROP_SHARED,		"drop", "past what others keep")		\
	X(DROP_LEAVE,		"drop", "up again")

/* hunk.h; clean.c has what a mover has emptied */
#define SWIM_STEPS_OF_HUNK(X)							\
	X(HUNK_OPEN,		"hunk", "0, OPEN")				\
	X(HUNK_CLOSE,		"hunk", "OPEN, CLOSED")				\
	X(HUNK_CLOSE_DEAD,	"hunk", "OPEN, all dead")			\
	X(HUNK_DEAD,		"hunk", "CLOSED, all dead")			\
	X(HUNK_HOLD,		"hunk", "CLOSED, HELD")				\
	X(HUNK_HOLD_LOST,	"hunk", "hold finds another count")		\
	X(HUNK_HOLD_REFUSED,	"hunk", "hold finds it open, held or gone")	\
	X(HUNK_HOLD_OTHERS,	"hunk", "hold finds that it is another pool's")	\
	X(HUNK_UNHOLD,		"hunk", "HELD, CLOSED")				\
	X(HUNK_UNHOLD_DEAD,	"hunk", "HELD, all dead")			\
	X(HUNK_REOPEN,		"hunk", "HELD, OPEN")				\
	X(HUNK_RESET,		"hunk", "all dead, OPEN")			\
	X(HUNK_PUT_NOW,		"hunk", "put at once")				\
	X(HUNK_PUT_ONE,		"hunk", "put after a grace period")		\
	X(HUNK_PUT_TWO,		"hunk", "put after two")			\
	X(HUNK_PUT_AGAIN,	"hunk", "the first of two is over")		\
	X(HUNK_PUT,		"hunk", "all dead, 0")

#ifdef CONFIG_HOTPLUG_CPU
#define SWIM_STEPS_OF_HOTPLUG(X)						\
	X(POOL_FLUSH_GONE,	"pool", "hunk of a CPU that is gone left")
#else
/* No CPU goes: the mark is there, and is never reached. */
#define SWIM_STEPS_OF_HOTPLUG(X)
#define SWIM_STEP_POOL_FLUSH_GONE	SWIM_STEP_POOL_FLUSH
#endif

/* pool.c, salvage.c */
#define SWIM_STEPS_OF_POOL(X)							\
	X(POOL_BUMP,		"pool", "mark moved")				\
	X(POOL_BUMP_SLOW,	"pool", "mark moved, out of line")		\
	X(POOL_BUMP_LOST,	"pool", "bump finds another word")		\
	X(POOL_REWIND,		"pool", "mark moved back")			\
	X(POOL_REWIND_LOST,	"pool", "rewind finds another word")		\
	X(POOL_REWIND_SHARED,	"pool", "mark of all CPUs moved back")		\
	X(POOL_REWIND_SHARED_LOST, "pool", "rewind for all finds another word")	\
	X(POOL_EXTEND,		"pool", "newest object longer")			\
	X(POOL_SHRINK,		"pool", "newest object shorter")		\
	X(POOL_SHRINK_LOST,	"pool", "shrink finds another word")		\
	X(POOL_REFILL,		"pool", "another hunk")				\
	X(POOL_REFILL_LOST,	"pool", "somebody was faster with another hunk") \
	X(POOL_RESTART,		"pool", "hunk started over")			\
	X(POOL_SPARE_LEAVE,	"pool", "spare hunk left")			\
	X(POOL_SPARE_KEPT,	"pool", "spare hunk with more room kept")	\
	X(POOL_SPARE_LEAVE_LOST, "pool", "somebody else left a spare hunk")	\
	X(POOL_SPARE_TAKE,	"pool", "spare hunk taken")			\
	X(POOL_SPARE_TAKE_LOST,	"pool", "spare hunk taken by somebody else")	\
	X(POOL_FLUSH,		"pool", "hunk of a CPU closed")			\
	SWIM_STEPS_OF_HOTPLUG(X)						\
	X(POOL_EMPTY,		"pool", "no memory: hunks closed")		\
	X(POOL_TAIL,		"pool", "no memory: room beyond a mark")	\
	X(POOL_HOLE,		"pool", "no memory: room where others died")	\
	X(LARGE_GET,		"pool", "extent of one object")			\
	X(LARGE_PUT,		"pool", "extent given back")			\
	X(LARGE_RETIRE,		"pool", "extent given back after a grace period")

/* segment.c */
#define SWIM_STEPS_OF_SEGMENT(X)						\
	X(SEGMENT_FILL,		"segment", "locked, gets memory")		\
	X(SEGMENT_OPEN,		"segment", "pages opened")			\
	X(SEGMENT_LOCK,		"segment", "locked")				\
	X(SEGMENT_LOCK_LOST,	"segment", "locked by somebody else")		\
	X(SEGMENT_UNLOCK,	"segment", "unlocked")				\
	X(SEGMENT_CLAIM,	"segment", "claimed whole")			\
	X(SEGMENT_CLAIM_LOST,	"segment", "claimed in part, and opened again")	\
	X(SEGMENT_EMPTY,	"segment", "all absent")			\
	X(SEGMENT_RELEASE,	"segment", "free frame, absent")		\
	X(SEGMENT_SPLIT,	"segment", "block split")			\
	X(SEGMENT_REFILL,	"segment", "absent frame, free")		\
	X(ROW_TAKE,		"segment", "pages taken")			\
	X(ROW_TAKE_LOST,	"segment", "take finds another row")		\
	X(ROW_UNDO,		"segment", "taken, but not contiguous any more") \
	X(ROW_GIVE,		"segment", "pages given back")			\
	X(ROW_GIVE_LOST,	"segment", "give finds another row")		\
	X(ROWS_TAKE,		"segment", "rows taken")			\
	X(ROWS_UNDO,		"segment", "some rows taken, and given back")	\
	X(ROWS_GIVE,		"segment", "rows given back")

/* space.c */
#define SWIM_STEPS_OF_SPACE(X)							\
	X(ROOM_NONE,		"space", "no room: summary cleared, missed")	\
	X(ROOM_CLIMB,		"space", "the summary above cleared")		\
	X(ROOM_CLIMB_BACK,	"space", "the summary above set again")		\
	X(ROOM_LAST_LOOK,	"space", "room after all, at the last look")	\
	X(ROOM_SOME,		"space", "room that was missed: summary set")	\
	X(ROOM_STALE,		"space", "summary of a region was behind")	\
	X(ROOM_STALE_TOP,	"space", "summary of a word was behind")	\
	X(SPACE_ANYWHERE,	"space", "room where no summary leads")		\
	X(SPACE_UNDONE,		"space", "room that somebody had for a moment")	\
	X(SPACE_GROW,		"space", "another segment")			\
	X(SPACE_SHRINK,		"space", "a segment less")			\
	X(SPACE_REFILL,		"space", "a gap filled")			\
	X(SPACE_REFILL_LOST,	"space", "a gap filled by somebody else")	\
	X(SPACE_SIZE_LOST,	"space", "reserve finds another size")		\
	X(SPACE_INDEX_LOST,	"space", "index claimed by somebody else")

/* slab.c */
#define SWIM_STEPS_OF_SLAB(X)							\
	X(SLAB_TAKE,		"slab", "unit taken")				\
	X(SLAB_TAKE_LOST,	"slab", "take finds another row")		\
	X(SLAB_FULL,		"slab", "row without room")			\
	X(SLAB_NOT_FULL,	"slab", "room after all")			\
	X(SLAB_ANYWHERE,	"slab", "room where no bit leads")		\
	X(SLAB_GIVE,		"slab", "unit given back")			\
	X(SLAB_ROOM,		"slab", "row with room again")

/* pack.c */
#define SWIM_STEPS_OF_PACK(X)							\
	X(PACK_BUMP_NOW,	"pack", "mark moved")				\
	X(PACK_BUMP,		"pack", "mark moved, out of line")		\
	X(PACK_BUMP_LOST,	"pack", "bump finds another state")		\
	X(PACK_REWIND_NOW,	"pack", "mark moved back")			\
	X(PACK_REWIND,		"pack", "mark moved back, out of line")		\
	X(PACK_DIE,		"pack", "dead below the mark")			\
	X(PACK_EMPTY,		"pack", "the last one gone")			\
	X(PACK_PUT_LOST,	"pack", "put finds another state")		\
	X(PACK_RESIZE,		"pack", "resized in place")			\
	X(PACK_RESIZE_LOST,	"pack", "resize finds another state")

/* scope.c, evacuate.c */
#define SWIM_STEPS_OF_SCOPE(X)							\
	X(SCOPE_ENTER,		"scope", "entered")				\
	X(SCOPE_LEAVE,		"scope", "left")				\
	X(SCOPE_STOW,		"scope", "root handed over")			\
	X(SCOPE_STOW_COUNTED,	"scope", "counted one handed over")		\
	X(SCOPE_PASS_OVER,	"scope", "hunk passed over, a mover has it")	\
	X(SCOPE_WAIT,		"scope", "waits for who cleans")

/* trail.h, stow.c */
#define SWIM_STEPS_OF_STOW(X)							\
	X(TRAIL_PIN,		"stow", "child pinned")				\
	X(TRAIL_REFUSED,	"stow", "child in use")				\
	X(TRAIL_MORE,		"stow", "more steps")				\
	X(TRAIL_LESS,		"stow", "steps given back")			\
	X(STOW_KEEP,		"stow", "counted child busy")			\
	X(STOW_ALIASED,		"stow", "counted child has a Ref or a Mut")	\
	X(STOW_AGAIN,		"stow", "counted child was busy until now")	\
	X(STOW_TWICE,		"stow", "counted child on this trail")		\
	X(STOW_OTHER,		"stow", "counted child on another trail")	\
	X(STOW_ASK,		"stow", "a mover has the counted child")	\
	X(STOW_PUBLISH,		"stow", "root's lease leads to the copy")	\
	X(STOW_FINISH,		"stow", "copy has its tag")			\
	X(STOW_LET_GO,		"stow", "counted child let go")			\
	X(STOW_UNDO,		"stow", "undone")

/* clone.c */
#define SWIM_STEPS_OF_CLONE(X)							\
	X(CLONE_ADOPT,		"clone", "copy is a value of its own")		\
	X(CLONE_DISOWN,		"clone", "copy cannot be")			\
	X(CLONE_PUBLISH,	"clone", "new lease leads to the copy")		\
	X(CLONE_FINISH,		"clone", "copy has its tag")			\
	X(CLONE_UNDO,		"clone", "undone")

/* clean.c */
#define SWIM_STEPS_OF_CLEAN(X)							\
	X(CLEAN_ROOTS,		"clean", "IDLE, ROOTS")				\
	X(CLEAN_REST,		"clean", "ROOTS, REST")				\
	X(CLEAN_IDLE,		"clean", "REST, IDLE")				\
	X(CLEAN_LATER,		"clean", "left, to be taken up again")		\
	X(CLEAN_GIVE_UP,	"clean", "given up for another run")		\
	X(CLEAN_FULL,		"clean", "no hunk to move to")			\
	X(CLEAN_FOLLOW,		"clean", "child moved behind its parent")	\
	X(CLEAN_CHANGED,	"clean", "tag has changed: looked at again")	\
	X(CLEAN_STOP,		"clean", "in the middle of something")		\
	X(CLEAN_HAND_OVER,	"clean", "mover's hunk left as the spare one")	\
	X(EMPTIED,		"clean", "all moved, emptied")			\
	X(EMPTIED_FIRST,	"clean", "emptied, first")			\
	X(EMPTIED_SECOND,	"clean", "first, second")			\
	X(EMPTIED_PUT,		"clean", "second, put")				\
	X(EMPTIED_DRAIN,	"clean", "waited for both periods at once")	\
	X(RESERVE_KEEP,		"clean", "reserve kept")			\
	X(RESERVE_LOST,		"clean", "somebody else kept a reserve")	\
	X(RESERVE_USE,		"clean", "reserve used")			\
	X(RESERVE_TAKE,		"clean", "reserve of a pool that is small now")

/* reclaim.c */
#define SWIM_STEPS_OF_RECLAIM(X)						\
	X(RECLAIM_STIR,		"reclaim", "not stirred, stirred")		\
	X(RECLAIM_PRESS,	"reclaim", "not pressed, pressed")		\
	X(RECLAIM_LISTEN,	"reclaim", "the work looks")			\
	X(RECLAIM_BACKGROUND,	"reclaim", "run in the background")		\
	X(RECLAIM_RELIEVE,	"reclaim", "run because there is little room")	\
	X(RECLAIM_DIRECT,	"reclaim", "run before an allocation fails")	\
	X(RECLAIM_SHRINK,	"reclaim", "run for the shrinker")

#define SWIM_STEPS(X)								\
	SWIM_STEPS_OF_TAG(X) SWIM_STEPS_OF_RELOCATE(X) SWIM_STEPS_OF_REHOME(X)	\
	SWIM_STEPS_OF_CELL(X) SWIM_STEPS_OF_DROP(X) SWIM_STEPS_OF_HUNK(X)	\
	SWIM_STEPS_OF_POOL(X) SWIM_STEPS_OF_SEGMENT(X) SWIM_STEPS_OF_SPACE(X)	\
	SWIM_STEPS_OF_SLAB(X) SWIM_STEPS_OF_PACK(X) SWIM_STEPS_OF_SCOPE(X)	\
	SWIM_STEPS_OF_STOW(X) SWIM_STEPS_OF_CLONE(X) SWIM_STEPS_OF_CLEAN(X)	\
	SWIM_STEPS_OF_RECLAIM(X)

#ifdef CONFIG_SWIMMEM_STEPS

#include <linux/jump_label.h>

struct seq_file;

#define SWIM_STEP(name, drawing, transition)	SWIM_STEP_##name,
enum swim_step_name { SWIM_STEPS(SWIM_STEP) SWIM_STEP_NAMES };
#undef SWIM_STEP

DECLARE_STATIC_KEY_FALSE(swim_steps_key);

void swim_step_done(enum swim_step_name name);
void swim_step_wait(unsigned int where);
void swim_step_linger(void);
void swim_step_intrude(unsigned int places, void (*intruder)(void *arg), void *arg);
void swim_steps_count(bool count);
unsigned long swim_step_times(enum swim_step_name name);
int swim_steps_show(struct seq_file *seq);

#define swim_step(name)								\
do {										\
	if (static_branch_unlikely(&swim_steps_key))				\
		swim_step_done(SWIM_STEP_##name);				\
} while (0)

#define swim_stepped(name)	({ swim_step(name); true; })

#define swim_window()								\
do {										\
	if (static_branch_unlikely(&swim_steps_key))				\
		swim_step_wait(__LINE__);					\
} while (0)

#define swim_linger()								\
do {										\
	if (static_branch_unlikely(&swim_steps_key))				\
		swim_step_linger();						\
} while (0)

#else

#define swim_step(name)		do { } while (0)
#define swim_stepped(name)	true
#define swim_window()		do { } while (0)
#define swim_linger()		do { } while (0)

#endif

#endif
