/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stacks of holds: tasks and interrupts enter and leave scopes, and ask for the innermost.
 *
 * Two tasks on two CPUs, and an interrupt that comes upon one of them between any two steps and
 * takes its CPU until it is through. All of their owners fall into one bucket, a list behind one
 * lock. Owner 1 and 2 are the tasks, 3 is the interrupt. A scope is an entry: its owner and its
 * hold; the first of an owner in the list is his innermost.
 *
 * Shown: each finds his own innermost hold, whatever the others do; the list is whole; nobody
 * waits for a lock that he has interrupted the owner of.
 *
 *	lock(), unlock()	raw_spin_lock_irqsave(), raw_spin_unlock_irqrestore() of a bucket
 *	enter(), leave()	swim_scope_enter(), swim_scope_leave(), up to the pop
 *	look()			swim_local_hold(): innermost()
 *
 * Memory is sequentially consistent here; the lock orders what is under it.
 *
 * What the checker must find when it is left out, or is otherwise:
 *
 *	IRQS_ON		interrupts come while the bucket is locked
 *	NO_OWNER	the innermost scope of all is taken, not of the owner
 *	NO_LOCK		the list is changed without the lock
 *	TASK_OWNER	an interrupt is taken for the task that it has interrupted
 *
 * Check: spin -a scope-stack.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define MOST	6	/* entries */
#define NONE	0

byte owner[MOST];
byte hold[MOST];
byte length;		/* the last entry is the first of the list */
bool locked;
byte writer;		/* who changes the list now */
bool off;		/* interrupts, on the CPU of task 1 */
bool interrupted;	/* that CPU runs the interrupt */
byte done;

/* A step of whoever runs on a CPU: not of task 1 while it is interrupted. */
#define RUNS(id)	(id != 1 || !interrupted)

inline lock(party)
{
#ifndef NO_LOCK
#ifndef IRQS_ON
	atomic { RUNS(party) -> if :: party == 1 -> off = true :: else fi };
#endif
	atomic { RUNS(party) && !locked -> locked = true }
#else
	skip
#endif
}

inline unlock(party)
{
#ifndef NO_LOCK
	atomic { RUNS(party) -> locked = false };
#ifndef IRQS_ON
	atomic { RUNS(party) -> if :: party == 1 -> off = false :: else fi }
#endif
#else
	skip
#endif
}

/* To change a list takes two steps; between them it is not whole. */
inline enter(me, own, h)
{
	lock(me);
	atomic { RUNS(me) -> assert(!writer); writer = me };
	atomic {
		RUNS(me) ->
		owner[length] = own; hold[length] = h; length++;
		writer = 0
	}
	unlock(me)
}

/* The innermost of an owner goes; others may have entered theirs after it. */
inline leave(me, own)
{
	lock(me);
	atomic { RUNS(me) -> assert(!writer); writer = me };
	atomic {
		RUNS(me) ->
		i = length - 1;
		do
		:: owner[i] == own -> break
		:: else -> i--
		od;
		do
		:: i + 1 < length -> owner[i] = owner[i + 1]; hold[i] = hold[i + 1]; i++
		:: else -> break
		od;
		length--; owner[length] = 0; hold[length] = NONE;
		i = 0;
		writer = 0
	}
	unlock(me)
}

inline look(me, own, h)
{
	lock(me);
	atomic {
		RUNS(me) ->
		assert(!writer);
		found = NONE;
		i = length;
		do
#ifdef NO_OWNER
		:: i > 0 && found == NONE -> i--; found = hold[i]
#else
		:: i > 0 && found == NONE -> i--; if :: owner[i] == own -> found = hold[i] :: else fi
#endif
		:: i == 0 || found != NONE -> break
		od;
		i = 0
	}
	unlock(me);
	assert(found == h);
	found = NONE
}

inline scopes(who, mine)
{
	look(who, mine, NONE);
	enter(who, mine, who * 10);
	look(who, mine, who * 10);
	enter(who, mine, who * 10 + 1);
	look(who, mine, who * 10 + 1);
	leave(who, mine);
	look(who, mine, who * 10);
	leave(who, mine);
	look(who, mine, NONE)
}

proctype task(byte id)
{
	byte i, found;

	scopes(id, id);
	done++
}

proctype interrupt()
{
	byte i, found;

	atomic { !off -> interrupted = true };
#ifdef TASK_OWNER
	scopes(3, 1);
#else
	scopes(3, 3);
#endif
	atomic { interrupted = false; done++ }
}

init
{
	atomic {
		run task(1);
		run task(2);
		run interrupt()
	}
	done == 3;
	assert(!length && !locked)
}
