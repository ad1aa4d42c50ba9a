/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hunks: the CPUs' words, the spare one, frame->live, a walker, and who salvages.
 *
 * A frame with room for two objects, which is all that the heap has. Every process may be
 * interrupted, preempted and migrated between any two steps: each per-CPU operation picks a
 * CPU. One process stands for an interrupt that allocates and frees within another's steps.
 * hunk-two.pml is the same with two frames, but nobody walks there, or salvages.
 *
 * Shown: what is allocated is all zero and nobody else's; exactly one party gives a hunk back,
 * never while an object is in it, or somebody holds it; nobody touches a hunk that was given
 * back, or an object that is another's by now; the walker finds only objects that are there; in
 * the end all hunks are back.
 *
 *	alloc()			swim_pool_bump() in alloc/pool.h, refill() in pool.c
 *	find()			find_hunk(), with restart_current(), take_spare(), swim_hunk_get() and
 *				what comes when all of these have nothing
 *	spare(), leave()	swim_pool_spare(), or close_current() instead; leave()
 *	tail(), hole()		swim_salvage_tail(), swim_salvage_hole()
 *	free()			swim_free(): HELD to unwritten; free_other(), where hunks are pages: to GOING
 *	release(), dead()	swim_release(), swim_release_slow(): with and without going back over
 *				the newest object
 *	close()			close_current(), swim_hunk_close()
 *	put(), put_now()	swim_hunk_put(), swim_hunk_put_now(); grace periods are in relocation.pml
 *	flush()			flush_this_cpu(); swim_pool_flush_dead_cpu() leaves the word to others
 *	hold(), unhold()	swim_hunk_hold(), swim_hunk_unhold()
 *	walker			clean_hunk(): it takes objects away (a move, for whom the hunk is
 *				concerned) and counts them at the end
 *
 * A word is frame * 8 + mark. One step are: the reads and writes with interrupts off in
 * restart_current(); a compare-and-swap with the look for whose sake it was tried; and what is
 * done to a hunk that nobody else can have. That a hunk out of which something has moved is not
 * salvaged is left out: without readers it may be. Memory is sequentially consistent here;
 * pool.c, hunk.c and salvage.c name the barriers.
 *
 * What the checker must find when it is left out, or is otherwise:
 *
 *	NO_LIVE_TEST	hold takes a hunk whose live is 0
 *	NO_ZERO		the tag still says GOING when the mark goes back
 *	EARLY_COUNT	free counts first and writes DEAD afterwards
 *	NO_GOING	free takes the object from HELD to DEAD at once, and goes on with it
 *	LATE_COUNT	who salvages an object counts it when the hunk is held no more
 *
 * Check: spin -a hunk.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#ifndef FRAMES
#define FRAMES	1
#endif
#define SLOTS	2
#define CPUS	2
#define NO_HUNK	255

#define OPEN	16
#define HOLD	32

#define UNWRITTEN 0
#define HELD	1
#define GOING	2
#define DEAD	3

#define FRAME(word)	((word) / 8)
#define MARK(word)	((word) % 8)
#define SLOT(word)	(FRAME(word) * SLOTS + MARK(word))
#define ROOM(word)	((word) != NO_HUNK && MARK(word) < SLOTS)
#ifdef NO_GOING
#define MINE(word, id) (!whose[SLOT(word)] || whose[SLOT(word)] == (id))
#else
#define MINE(word, id) (whose[SLOT(word)] == (id))
#endif
#define ALONE(f)	(!whose[(f) * SLOTS] && !whose[(f) * SLOTS + 1])

byte next[CPUS];
byte extra;			/* the spare word */
byte live[FRAMES];
byte base[FRAMES];		/* the mark at which it was closed */
bool has[FRAMES];		/* the pool has it; else it is the heap's */
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
		assert(has[f] && ALONE(f));
		has[f] = false; live[f] = 0; base[f] = 0
	}
}

inline put(f)
{
	assert(live[f] == 0);
	put_now(f)
}

/* The word @old has just been taken out of where it was. */
inline close(old)
{
	if
	:: old != NO_HUNK ->
		d_step {
			assert(has[FRAME(old)]);
			base[FRAME(old)] = MARK(old);
			live[FRAME(old)] = live[FRAME(old)] + MARK(old) - OPEN;
			zero = (live[FRAME(old)] == 0)
		};
		if
		:: zero -> put(FRAME(old))
		:: else
		fi
	:: else
	fi;
	old = NO_HUNK; zero = false
}

/* Leave the word @old to others, instead of one with less room; or close it. */
inline spare(old)
{
	d_step {
		if
		:: extra == NO_HUNK || MARK(extra) > MARK(old) -> cpu = extra; extra = old; old = cpu; cpu = 0
		:: else
		fi
	};
	close(old)
}

inline leave(old)
{
	if
	:: MARK(old) == 0 -> put_now(FRAME(old)); old = NO_HUNK
	:: else -> spare(old)
	fi
}

inline hold(f)
{
	d_step {
#ifdef NO_LIVE_TEST
		zero = (has[f] && live[f] <= SLOTS);
#else
		zero = (has[f] && live[f] > 0 && live[f] <= SLOTS);
#endif
		if
		:: zero -> live[f] = live[f] + HOLD
		:: else
		fi
	}
}

inline unhold(f, count)
{
	d_step {
		assert(has[f] && live[f] >= HOLD + count);
		live[f] = live[f] - HOLD - count;
		zero = (live[f] == 0)
	};
	if
	:: zero -> put(f)
	:: else
	fi
}

/* Open a closed hunk that has room beyond its mark: the word @old. */
inline tail(old)
{
	do
	:: hunk < FRAMES && base[hunk] < SLOTS ->
		hold(hunk);
		if
		:: zero && base[hunk] < SLOTS ->
			d_step {
				assert(has[hunk]);
				live[hunk] = live[hunk] + OPEN - HOLD - base[hunk];
				old = hunk * 8 + base[hunk]
			};
			break
		:: zero && base[hunk] >= SLOTS -> unhold(hunk, 0)
		:: else
		fi;
		hunk++
	:: hunk < FRAMES && base[hunk] >= SLOTS -> hunk++
	:: hunk == FRAMES -> break
	od;
	hunk = 0; zero = false
}

/* An empty hunk from the heap, zeroed, as the word @old. */
inline get(old)
{
	d_step {
		if
		:: !has[0] -> old = 0
		:: has[0] && !has[FRAMES - 1] -> old = 8
		:: else
		fi;
		if
		:: old != NO_HUNK ->
			has[FRAME(old)] = true; wipe(FRAME(old)); live[FRAME(old)] = OPEN
		:: else
		fi
	}
}

/* An open hunk with room, as the word @old. */
inline find(old)
{
	/* restart_current() */
	atomic {
		this_cpu();
		old = next[cpu];
		if
		:: old != NO_HUNK && live[FRAME(old)] == OPEN - MARK(old) -> next[cpu] = NO_HUNK
		:: else -> old = NO_HUNK
		fi;
		cpu = 0
	}
	if
	:: old != NO_HUNK ->
		d_step {
			live[FRAME(old)] = live[FRAME(old)] + MARK(old) - OPEN;
			assert(live[FRAME(old)] == 0 && ALONE(FRAME(old)));
			wipe(FRAME(old));
			live[FRAME(old)] = OPEN;
			old = FRAME(old) * 8
		}
	:: else ->
		d_step {
			if
			:: ROOM(extra) -> old = extra; extra = NO_HUNK
			:: else
			fi
		}
		if
		:: old == NO_HUNK ->
			get(old)
		:: else
		fi;
		if
		:: old == NO_HUNK ->
			atomic { this_cpu(); old = next[cpu]; next[cpu] = NO_HUNK; cpu = 0 };
			close(old);
			atomic { old = extra; extra = NO_HUNK };
			close(old);
			get(old);
#if FRAMES == 1
			if
			:: old == NO_HUNK -> tail(old)
			:: else
			fi
#endif
		:: else
		fi
	fi
}

/* A dead object of a closed hunk becomes one of @id, where @old stands for. */
inline hole(old, id)
{
	do
	:: hunk < FRAMES ->
		hold(hunk);
		if
		:: zero ->
			do
			:: at == base[hunk] || tag[hunk * SLOTS + at] == UNWRITTEN -> break
			:: at < base[hunk] && tag[hunk * SLOTS + at] == DEAD ->
				d_step {
					assert(has[hunk] && !whose[hunk * SLOTS + at]);
					tag[hunk * SLOTS + at] = UNWRITTEN;
					dirty[hunk * SLOTS + at] = false;
					whose[hunk * SLOTS + at] = id;
#ifndef LATE_COUNT
					live[hunk]++;
#endif
					old = hunk * 8 + at
				}
				break
			:: else -> at++
			od;
			at = 0;
			unhold(hunk, 0);
#ifdef LATE_COUNT
			if
			:: old != NO_HUNK -> live[hunk]++
			:: else
			fi;
#endif
			if
			:: old != NO_HUNK -> break
			:: else
			fi
		:: else
		fi;
		hunk++
	:: else -> break
	od;
	hunk = 0; zero = false
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
				cpu = 0;
				break
			:: else
			fi;
			cpu = 0
		}
	   :: else ->
		find(old);
		if
#if FRAMES == 1
		:: old == NO_HUNK -> hole(old, id); break	/* or out of memory */
#else
		:: old == NO_HUNK -> break
#endif
		:: else
		fi;
		atomic { this_cpu(); word = next[cpu]; cpu = 0 };
		if
		:: ROOM(word) -> leave(old)
		:: else ->
			atomic {
				this_cpu();
				if
				:: next[cpu] == word -> next[cpu] = old; old = word
				:: else -> zero = true
				fi;
				cpu = 0
			}
			word = NO_HUNK;
			if
			:: zero -> zero = false; leave(old)
			:: else -> close(old)
			fi
		fi;
		word = NO_HUNK
	   fi
	od
}

/* @old as alloc() gave it; the tag is unwritten or GOING, by the caller. */
inline release(old, id)
{
	atomic { this_cpu(); zero = (next[cpu] == old + 1); cpu = 0 };
	if
	:: zero ->
		d_step { assert(has[FRAME(old)] && MINE(old, id)); dirty[SLOT(old)] = false };
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
		dead(old, id);
#endif
		d_step {
			live[FRAME(old)] = live[FRAME(old)] - 1;
			zero = (live[FRAME(old)] == 0)
		};
		if
		:: zero -> put(FRAME(old))
		:: else
		fi;
#ifdef EARLY_COUNT
		dead(old, id);
#endif
	:: else
	fi;
	old = NO_HUNK; zero = false
}

inline dead(old, id)
{
	d_step {
		assert(has[FRAME(old)] && MINE(old, id));
		tag[SLOT(old)] = DEAD;
		whose[SLOT(old)] = 0
	}
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
		:: whose[SLOT(old)] == id && tag[SLOT(old)] == HELD ->
#ifdef NO_GOING
			tag[SLOT(old)] = DEAD;
			whose[SLOT(old)] = 0
#else
			if
			:: tag[SLOT(old)] = UNWRITTEN
			:: tag[SLOT(old)] = GOING
			fi
#endif
		:: else -> old = NO_HUNK
		fi
	}
	if
	:: old != NO_HUNK -> release(old, id)
	:: else
	fi
}

proctype task()
{
	byte a = NO_HUNK, b = NO_HUNK, word = NO_HUNK, hunk, at, cpu;
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
	byte a = NO_HUNK, word = NO_HUNK, hunk, at, cpu;
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
	close(old)
}

inline flush_spare()
{
	atomic { old = extra; extra = NO_HUNK };
	close(old)
}

proctype walker()
{
	byte f, at, moved, old = NO_HUNK, cpu;
	bool zero;

	flush(0);
	/* The other CPU is gone. */
	atomic { old = next[1]; next[1] = NO_HUNK };
	if
	:: old != NO_HUNK -> spare(old)
	:: else
	fi;
#if FRAMES == 1
	do
	:: f < FRAMES ->
		hold(f);
		if
		:: zero ->
			do
			:: at < base[f] ->
				atomic {
					assert(has[f]);
					if
					:: tag[f * SLOTS + at] == UNWRITTEN -> break
					:: tag[f * SLOTS + at] == DEAD || tag[f * SLOTS + at] == GOING
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
			unhold(f, moved)
		:: else
		fi;
		at = 0; moved = 0; zero = false;
		f++
	:: else -> break
	od;
#endif
	done++
}

init
{
	byte old = NO_HUNK;
	bool zero;

	atomic {
		next[0] = NO_HUNK;
		next[1] = NO_HUNK;
		extra = NO_HUNK;
		run task();
		run interrupt();
		run walker()
	}
	done == 3;
	flush(0);
	flush(1);
	flush_spare();
	assert(!has[0] && !has[FRAMES - 1])
}
