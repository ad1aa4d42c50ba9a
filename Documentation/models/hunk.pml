/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hunks: the CPUs' words, frame->live, and a walker.
 *
 * Two frames with room for two objects each. Every process may be interrupted, preempted and
 * migrated between any two steps: each per-CPU operation picks a CPU. One process stands in
 * for an interrupt that allocates and frees within another's steps.
 *
 * Shown: what is allocated is all zero and nobody else's; exactly one party gives a hunk back,
 * never while an object is in it, or somebody holds it; nobody touches a hunk that was given
 * back; the walker finds only objects that are there; in the end all hunks are back.
 *
 *	alloc()			swim_pool_bump() in alloc/pool.h; refill(), restart_current() in pool.c
 *	release()		swim_release(), swim_release_slow(): with and without going back over
 *				the newest object
 *	close()			close_current(), swim_hunk_close()
 *	put(), put_now()	swim_hunk_put(), swim_hunk_put_now(); grace periods are in relocation.pml
 *	flush()			flush_this_cpu(), swim_pool_flush_dead_cpu()
 *	walker			swim_hunk_hold(), clean_hunk(), swim_hunk_unhold(); it takes objects
 *				away (a move, for whom the hunk is concerned) and counts them at the end
 *
 * A word is frame * 8 + mark. The reads and writes with interrupts off in restart_current() are
 * one step. Memory is sequentially consistent here; pool.c and hunk.c name the barriers.
 *
 * What the checker must find when it is left out:
 *
 *	NO_LIVE_TEST	hold takes a hunk whose live is 0
 *	NO_ZERO		the tag still says DEAD when the mark goes back
 *	EARLY_COUNT	free counts first and writes the tag afterwards
 *
 * Check: spin -a hunk.pml && cc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m1000000
 */
#define FRAMES	2
#define SLOTS	2
#define CPUS	2
#define NO_HUNK	255

#define OPEN	16
#define HOLD	32

#define UNWRITTEN 0
#define HELD	1
#define DEAD	2

#define FRAME(word)	((word) / 8)
#define MARK(word)	((word) % 8)
#define SLOT(word)	(FRAME(word) * SLOTS + MARK(word))
#define ROOM(word)	((word) != NO_HUNK && MARK(word) < SLOTS)

byte next[CPUS];
byte live[FRAMES];
byte base[FRAMES];		/* the mark at which it was closed */
bool has[FRAMES];		/* the pool has it; else it is the space's */
byte tag[FRAMES * SLOTS];
bool dirty[FRAMES * SLOTS];	/* not zero */
byte whose[FRAMES * SLOTS];	/* 0: nobody's */
byte done;

inline this_cpu()
{
	if :: cpu = 0 :: cpu = 1 fi
}

inline wipe(f)
{
	tag[f * SLOTS] = UNWRITTEN; tag[f * SLOTS + 1] = UNWRITTEN;
	dirty[f * SLOTS] = false; dirty[f * SLOTS + 1] = false
}

inline put_now(f)
{
	d_step {
		assert(has[f] && !whose[f * SLOTS] && !whose[f * SLOTS + 1]);
		has[f] = false; live[f] = 0; base[f] = 0
	}
}

inline put(f)
{
	assert(live[f] == 0);
	put_now(f)
}

/* The word @old has just been taken out of a CPU. */
inline close(old)
{
	if
	:: old != NO_HUNK ->
		base[FRAME(old)] = MARK(old);
		d_step {
			assert(has[FRAME(old)]);
			live[FRAME(old)] = live[FRAME(old)] + MARK(old) - OPEN;
			zero = (live[FRAME(old)] == 0)
		};
		if
		:: zero -> put(FRAME(old))
		:: else
		fi
	:: else
	fi
}

/* Gives the word that the object was allocated from, or NO_HUNK. */
inline alloc(old, id)
{
	do
	:: atomic { this_cpu(); old = next[cpu]; cpu = 0 };
	   if
	   :: ROOM(old) ->
		atomic {
			this_cpu();
			if
			:: next[cpu] == old ->
				next[cpu] = old + 1;
				assert(has[FRAME(old)] && !whose[SLOT(old)]);
				assert(tag[SLOT(old)] == UNWRITTEN && !dirty[SLOT(old)]);
				whose[SLOT(old)] = id;
				break
			:: else
			fi;
			cpu = 0
		}
	   :: else ->
		/* restart_current() */
		atomic {
			this_cpu();
			old = next[cpu];
			if
			:: old != NO_HUNK && live[FRAME(old)] == OPEN - MARK(old) ->
				next[cpu] = NO_HUNK;
				hunk = FRAME(old)
			:: else
			fi;
			cpu = 0
		}
		if
		:: hunk != NO_HUNK ->
			base[hunk] = MARK(old);
			d_step {
				live[hunk] = live[hunk] + MARK(old) - OPEN;
				assert(live[hunk] == 0);
				assert(!whose[hunk * SLOTS] && !whose[hunk * SLOTS + 1])
			};
			d_step { wipe(hunk); live[hunk] = OPEN }
		:: else ->
			atomic {
				if
				:: !has[0] -> hunk = 0
				:: has[0] && !has[1] -> hunk = 1
				:: else
				fi;
				if
				:: hunk != NO_HUNK -> has[hunk] = true; wipe(hunk); live[hunk] = OPEN
				:: else -> old = NO_HUNK; break		/* out of memory */
				fi
			}
		fi;
		atomic { this_cpu(); old = next[cpu]; cpu = 0 };
		if
		:: ROOM(old) -> put_now(hunk)
		:: else ->
			atomic {
				this_cpu();
				if
				:: next[cpu] == old -> next[cpu] = hunk * 8; zero = true
				:: else -> zero = false
				fi;
				cpu = 0
			}
			if
			:: zero -> close(old)
			:: else -> put_now(hunk)
			fi
		fi;
		hunk = NO_HUNK
	   fi
	od;
	hunk = NO_HUNK; cpu = 0; zero = false
}

/* @old as alloc() gave it; the tag is DEAD, by the caller. */
inline release(old)
{
	atomic { this_cpu(); zero = (next[cpu] == old + 1); cpu = 0 };
	if
	:: zero ->
		d_step { assert(has[FRAME(old)]); dirty[SLOT(old)] = false };
#ifndef NO_ZERO
		tag[SLOT(old)] = UNWRITTEN;
#endif
		atomic {
			this_cpu();
			if
			:: next[cpu] == old + 1 -> next[cpu] = old; whose[SLOT(old)] = 0
			:: else -> zero = false
			fi;
			cpu = 0
		}
	:: else
	fi;
	if
	:: !zero ->
#ifndef EARLY_COUNT
		d_step { assert(has[FRAME(old)]); tag[SLOT(old)] = DEAD };
#endif
		d_step {
			live[FRAME(old)] = live[FRAME(old)] - 1;
			whose[SLOT(old)] = 0;
			zero = (live[FRAME(old)] == 0)
		};
		if
		:: zero -> put(FRAME(old))
		:: else
		fi;
#ifdef EARLY_COUNT
		d_step { assert(has[FRAME(old)]); tag[SLOT(old)] = DEAD };
#endif
	:: else
	fi;
	old = NO_HUNK; zero = false; cpu = 0
}

inline write(old)
{
	d_step { tag[SLOT(old)] = HELD; dirty[SLOT(old)] = true }
}

/* Unless a mover was faster. */
inline free(old, id)
{
	atomic {
		if
		:: whose[SLOT(old)] == id && tag[SLOT(old)] == HELD -> tag[SLOT(old)] = DEAD
		:: else -> old = NO_HUNK
		fi
	}
	if
	:: old != NO_HUNK -> release(old)
	:: else
	fi
}

proctype task()
{
	byte a = NO_HUNK, b = NO_HUNK, hunk = NO_HUNK, cpu;
	bool zero;

	alloc(a, 1);
	if :: a != NO_HUNK -> write(a) :: else fi;
	alloc(b, 2);
	if :: b != NO_HUNK -> write(b) :: else fi;
	if
	:: a != NO_HUNK -> free(a, 1)
	:: skip
	fi;
	if :: b != NO_HUNK -> free(b, 2) :: else fi;
	if :: a != NO_HUNK -> free(a, 1) :: else fi;
	done++
}

proctype interrupt()
{
	byte a = NO_HUNK, hunk = NO_HUNK, cpu;
	bool zero;

	alloc(a, 3);
	if
	:: a != NO_HUNK -> write(a); free(a, 3)
	:: else
	fi;
	done++
}

inline flush(c)
{
	atomic { old = next[c]; next[c] = NO_HUNK };
	close(old);
	old = 0; zero = false
}

proctype walker()
{
	byte f, lv, at, moved, old;
	bool zero;

	flush(0);
	flush(1);
	do
	:: f < FRAMES ->
		lv = live[f];
		do
#ifdef NO_LIVE_TEST
		:: lv > SLOTS -> goto over
#else
		:: lv == 0 || lv > SLOTS -> goto over
#endif
		:: else ->
			atomic {
				if
				:: live[f] == lv -> live[f] = lv + HOLD; break
				:: else -> lv = live[f]
				fi
			}
		od;
		lv = base[f];
		do
		:: at < lv ->
			atomic {
				assert(has[f]);
				if
				:: tag[f * SLOTS + at] == UNWRITTEN -> break
				:: tag[f * SLOTS + at] == DEAD
				:: tag[f * SLOTS + at] == HELD -> assert(whose[f * SLOTS + at])
				:: tag[f * SLOTS + at] == HELD ->
					tag[f * SLOTS + at] = DEAD;
					whose[f * SLOTS + at] = 0;
					moved++
				fi;
				at++
			}
		:: else -> break
		od;
		atomic {
			assert(has[f]);
			live[f] = live[f] - HOLD - moved;
			zero = (live[f] == 0)
		};
		if
		:: zero -> put(f)
		:: else
		fi;
over:
		at = 0; moved = 0; lv = 0; zero = false;
		f++
	:: else -> break
	od;
	done++
}

init
{
	byte old;
	bool zero;

	atomic {
		next[0] = NO_HUNK;
		next[1] = NO_HUNK;
		run task();
		run interrupt();
		run walker()
	}
	done == 3;
	flush(0);
	flush(1);
	assert(!has[0] && !has[1])
}
