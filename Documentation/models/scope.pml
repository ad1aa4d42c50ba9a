/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of a scope: what is left in its pool goes to the outer hold, while a background
 * cleaner moves it about in there, and while owners use it who should not.
 *
 * Three objects stand in a hunk of the pool: the first is owned by a lease outside, and has the
 * lease of the second in it; the third is what counted leases share. Hunk 0 is the one that was
 * filled, hunk 1 is where the cleaner moves to: its own as long as its run goes on, and then the
 * pool's spare one, or closed. The outer hold is OUT.
 *
 * Shown: every object is in one place, and its lease leads there; what nobody else uses is in
 * the outer hold in the end, and nothing is reported; what somebody uses, or drops, is where its
 * owner finds it, and reported only if it still is in the scope's pool; the last one out of a
 * hunk gives it back, once, and nobody holds it then.
 *
 *	leaver			swim_scope_leave(), swim_evacuate(), swim_pool_evacuate(), pool_round()
 *	consider()		consider(), swim_stow() of a root with what it owns, or of a Hard lease
 *	stop(), flush()		swim_clean_stop(), swim_pool_flush()
 *	cleaner			swim_clean_begin(), steps that leave the lock with the run not at its end,
 *				end_run(); the look for a reason to begin is left out
 *	owner			swim_box_pin(), _unpin(), _drop() while the scope ends: a client's mistake
 *
 * One step are: a move, which is relocation.pml; and what stow does from the last pin to the
 * tags of the copies, which is stow.pml. The count of a hunk is that of its objects here. Memory
 * is sequentially consistent; the lock is a mutex.
 *
 * What the checker must find when it is left out:
 *
 *	NO_WAIT		what the cleaner has is passed over, and that is all
 *	OPEN_RUN	the lock is waited for, but the run goes on, with a hunk of its own
 *	ONE_FLUSH	the spare hunk is closed before the first round only, and not when the
 *			cleaner may have left one
 *	NO_COUNTED	only exclusive leases are gone through
 *	NO_HOLD		the hunk is not held while it is gone through
 *
 * Check: spin -a scope.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define OBJECTS	3
#define OUT	2	/* the outer hold */
#define NOWHERE	3

#define OPEN	8
#define HOLD	16

#define OWNED	0
#define PINNED	1
#define DEAD	2

#define STEPS	3	/* of the cleaner */
#define TRIES	5	/* rounds of the leaver: more than the cleaner has steps */

byte at[OBJECTS];	/* where an object stands */
byte leads[OBJECTS];	/* and where its lease says that it does */
byte tag[OBJECTS];
byte live[2];
bool given[2];		/* the hunk is the heap's again */
byte spare = NOWHERE;
byte mover = NOWHERE;	/* the cleaner's open hunk, between its steps too */
bool run_on;		/* a run has begun */
bool lock;
bool used[OBJECTS];	/* somebody uses it, who should not */
bool left, reported;
byte done;

#define IN_POOL(i)	(at[i] < OUT)
#define EMPTY		(!IN_POOL(0) && !IN_POOL(1) && !IN_POOL(2))

inline give(f)
{
	assert(!given[f] && live[f] == 0);
	assert(at[0] != f && at[1] != f && at[2] != f);
	given[f] = true
}

inline subtract(f, n)
{
	d_step {
		assert(live[f] >= (n));
		live[f] = live[f] - (n);
		if :: live[f] == 0 -> give(f) :: else fi
	}
}

/* An open hunk is closed: what lives there is counted from now on. */
inline close(f)
{
	d_step {
		assert(live[f] >= OPEN);
		live[f] = live[f] - OPEN;
		if :: live[f] == 0 -> give(f) :: else fi
	}
}

inline hold(f, ok)
{
	d_step {
		ok = (!given[f] && live[f] > 0 && live[f] < OPEN);
		if :: ok -> live[f] = live[f] + HOLD :: else fi
	}
}

inline take_lock()	{ atomic { !lock -> lock = true } }
inline drop_lock()	{ lock = false }

/* Whoever comes before or between finds it in use, or gone; and then all stays where it is. */
inline consider(i)
{
	assert(!given[f]);		/* its tag is read */
	if
	:: i == 0 && !counted ->
		atomic {
			if
			:: at[0] == f && tag[0] == OWNED && tag[1] != PINNED ->
				/* swim_stow(): both, if the second is there. */
				at[0] = OUT; leads[0] = OUT; moved++;
				if
				:: tag[1] == OWNED ->
					assert(IN_POOL(1));
					g = at[1]; at[1] = OUT; leads[1] = OUT
				:: else -> g = NOWHERE
				fi
			:: else -> g = NOWHERE
			fi
		}
	:: i == 2 && counted ->
		atomic {
			g = NOWHERE;
			if
			:: at[2] == f && tag[2] == OWNED -> at[2] = OUT; leads[2] = OUT; moved++
			:: else
			fi
		}
	:: else -> g = NOWHERE		/* inside of another: that one takes it along */
	fi;
	/* Its last owner counts it dead: the hunk that he has, and another one. */
	if
	:: moved -> moved = 0; subtract(f, 1)
	:: else
	fi;
	if
	:: g != NOWHERE -> subtract(g, 1)
	:: else
	fi;
	g = NOWHERE
}

inline round()
{
	f = 0;
	do
	:: f < 2 ->
#ifdef NO_HOLD
		d_step { ok = (!given[f] && live[f] > 0 && live[f] < OPEN) };
#else
		hold(f, ok);
#endif
		if
		:: ok ->
			consider(0); consider(1); consider(2);
#ifndef NO_HOLD
			subtract(f, HOLD)
#endif
		:: else ->
			if :: !given[f] -> all = false :: else fi
		fi;
		f++
	:: else -> break
	od;
	f = 0
}

inline stop()
{
	take_lock();
#ifndef OPEN_RUN
	run_on = false;
	if
	:: mover != NOWHERE -> f = mover; mover = NOWHERE; close(f); f = 0
	:: else
	fi;
#endif
	drop_lock()
}

inline flush()
{
	atomic { f = spare; spare = NOWHERE };
	if
	:: f != NOWHERE -> close(f)
	:: else
	fi;
	f = 0
}

proctype leaver()
{
	byte f, g = NOWHERE, tries, moved;
	bool ok, all, counted;

	do
	:: tries < TRIES ->
		tries++;
#ifdef ONE_FLUSH
		if :: tries == 1 -> flush() :: else fi;
#else
		flush();
#endif
		all = true;
		counted = false;
		round();
#ifndef NO_COUNTED
		counted = true;
		round();
#endif
		if
		:: all || EMPTY -> break
		:: else
		fi;
#ifdef NO_WAIT
		break
#else
		stop()
#endif
	:: else -> break
	od;
	atomic {
		reported = !EMPTY;
		/* Nobody else has used what is left, so it must have gone. */
		assert(!IN_POOL(0) || tag[0] == DEAD || used[0] || used[1]);
		assert(!IN_POOL(1) || tag[1] == DEAD || used[0] || used[1]);
		assert(!IN_POOL(2) || tag[2] == DEAD || used[2]);
		left = true;
		done++
	}
}

/* Move one object, if it can be. */
inline move(i)
{
	atomic {
		if
		:: at[i] == 0 && tag[i] == OWNED ->
			assert(!given[0] && live[0] >= HOLD);
			assert(mover == 1 && !given[1] && live[1] >= OPEN);
			at[i] = 1; leads[i] = 1; live[1]++; moved++
		:: else
		fi
	}
}

proctype cleaner()
{
	byte f, steps, moved;
	bool ok;

	do
	:: steps < STEPS ->
		steps++;
		take_lock();
		run_on = true;
		/* A step: one hunk, or a part of it. */
		if
		:: given[0] || live[0] == 0 || live[0] >= OPEN	/* none is wanted */
		:: !given[0] && live[0] > 0 && live[0] < OPEN ->
			hold(0, ok);
			if
			:: ok ->
				if
				:: mover == NOWHERE && spare != 1 && !given[1] && live[1] == 0 ->
					d_step { live[1] = OPEN; mover = 1 }
				:: else
				fi;
				if
				:: mover == 1 ->
					move(0);
					if
					:: move(1); move(2)
					:: skip			/* the step is at its end */
					fi
				:: else
				fi;
				subtract(0, HOLD + moved)
			:: else
			fi
		fi;
		moved = 0;
		if
		:: skip				/* the run goes on in another step */
		:: run_on = false;		/* hand_over() */
		   f = mover;
		   mover = NOWHERE;
		   if
		   :: f != NOWHERE && spare == NOWHERE -> spare = f
		   :: f != NOWHERE -> close(f)
		   :: f == NOWHERE
		   fi;
		   f = 0
		fi;
		drop_lock()
	:: else -> break
	od;
	atomic { steps = 0; done++ }
}

/* Uses one of the objects, by its lease, though the scope is about to end. */
proctype owner()
{
	byte i, f;

	if
	:: i = 0
	:: i = 1
	:: i = 2
	:: goto over
	fi;
	used[i] = true;
	atomic { tag[i] == OWNED -> tag[i] = PINNED };
	d_step { f = at[i]; assert(leads[i] == f); assert(f == OUT || !given[f]) };
	d_step { assert(at[i] == f && leads[i] == f); tag[i] = OWNED };
	if
	:: i == 2 || i == 1 ->		/* and drops it */
		atomic { tag[i] == OWNED -> tag[i] = DEAD; f = at[i]; at[i] = NOWHERE };
		if
		:: f < OUT -> subtract(f, 1)
		:: else
		fi
	:: skip
	fi;
over:
	atomic { i = 0; f = 0; done++ }
}

/* The pool goes, or stays with what was reported. */
init
{
	byte f;

	atomic {
		live[0] = OBJECTS;
		run leaver();
		run cleaner();
		run owner()
	}
	done == 3;
	assert(left);
	if :: mover != NOWHERE -> f = mover; mover = NOWHERE; close(f) :: else fi;
	if :: spare != NOWHERE -> f = spare; spare = NOWHERE; close(f) :: else fi;
	/* Every hunk in which something stands is there, and no other one. */
	assert(live[0] == (at[0] == 0) + (at[1] == 0) + (at[2] == 0));
	assert(live[1] == (at[0] == 1) + (at[1] == 1) + (at[2] == 1));
	assert(!EMPTY || (live[0] == 0 && live[1] == 0));
	assert(leads[0] == at[0] || tag[0] == DEAD)
}
