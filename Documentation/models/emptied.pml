/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emptied: when the memory that a cleaner has moved objects out of may be used again, while it
 * goes on moving others.
 *
 * relocation.pml finds that such memory waits for two grace periods. The cleaner does not
 * wait for them after each move: it counts elapsed ones, and each hunk has the number at which
 * something was moved out of it last. Objects 0 and 1 stand in one hunk, 2 in another.
 *
 * A parent's mover is another pool's, with interrupts off: while it has the parent, the object
 * belongs to the copy already, and may be moved; the old parent, which readers find until the
 * copy is published, leads to where it was.
 *
 * Shown: no reader finds memory that is used again; all of it is used again in the end.
 *
 *	cleaner		a move; the look whether the cookie has elapsed, and the next one; a hunk
 *			that is put, or whose dead are not readers' any more
 *	parent		swim_relocate() of a parent, from swim_rehome() to commit()
 *	reader		swim_raw_read() of the parent and of its child
 *
 * A cookie is what get_state_synchronize_rcu() gives. It has elapsed when all sections that
 * were there when it was taken have ended, at any time after that: no grace period promises
 * more, normal or expedited. The next cookie is taken when the last one has elapsed. What was
 * moved at number n may have been so after cookie n was taken: cookies n + 1 and n + 2
 * are its two grace periods.
 *
 * Memory is sequentially consistent here: both calls have full barriers.
 *
 * What the checker must find when it is otherwise:
 *
 *	OVERLAP		a cookie is taken when the last one has not elapsed
 *	TOO_SOON	the cookie that had been taken before the move counts
 *	FIRST_MOVE	the number is that of the first move out of a hunk
 *
 * Check: spin -a emptied.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define OBJECTS	3
#define HUNK(i)	((i) / 2)
#define LAST	6	/* the number of the last cookie */
#define ROUNDS	1

#ifdef TOO_SOON
#define FIRST(h)	(stamp[h])
#else
#define FIRST(h)	(stamp[h] + 1)
#endif
#define ELAPSED(h)	(number > FIRST(h) && !pend[FIRST(h)] && !pend[FIRST(h) + 1])
#define FINDS(i)	(!moved[i] || path[i])

bool moved[OBJECTS];
bool path[OBJECTS];	/* the parent is being moved: the old one leads to the old place */
bool reused[OBJECTS];
byte stamp[2];		/* of a hunk: the number of the last move */

byte number;		/* of the newest cookie */
byte pend[LAST + 1];	/* sections that a cookie still waits for */
byte inside;
byte done;

#define READER	1
#define PARENT	2

inline enter(party) { inside = inside | party }

inline over(n, party) { pend[n] = pend[n] & (3 - party) }

inline leave(party)
{
	d_step {
		inside = inside & (3 - party);
		over(0, party); over(1, party); over(2, party); over(3, party); over(4, party);
		over(5, party); over(6, party)
	}
}

inline any(i)
{
	if :: i = 0 :: i = 1 :: i = 2 fi
}

inline reuse(h)
{
	d_step {
		moves[h] = 0;
		if
		:: h == 0 -> reused[0] = moved[0]; reused[1] = moved[1]
		:: else -> reused[2] = moved[2]
		fi
	}
}

proctype cleaner()
{
	byte n;
	byte moves[2];	/* out of a hunk, since it was used again */

	pend[0] = inside;
	do
	:: n < OBJECTS && number < LAST - 2 ->
		/* The move is done; it is counted for the hunk that is held. */
		moved[n] = true;
		d_step {
#ifdef FIRST_MOVE
			if
			:: !moves[HUNK(n)] -> stamp[HUNK(n)] = number
			:: else
			fi;
#else
			stamp[HUNK(n)] = number;
#endif
			moves[HUNK(n)]++;
			n++
		}
#ifdef OVERLAP
	:: number < LAST -> d_step { number++; pend[number] = inside }
#else
	:: number < LAST && !pend[number] -> d_step { number++; pend[number] = inside }
#endif
	:: moves[0] && ELAPSED(0) -> reuse(0)
	:: moves[1] && ELAPSED(1) -> reuse(1)
	:: number == LAST && !pend[LAST] && !moves[0] && !moves[1] -> break
	od;
	done++
}

proctype parent()
{
	byte i, rounds;

	do
	:: rounds < ROUNDS ->
		rounds++;
		any(i);
		enter(PARENT);
		if
		:: atomic { !moved[i] -> path[i] = true };
		   path[i] = false
		:: moved[i]
		fi;
		leave(PARENT)
	:: else -> break
	od;
	atomic { i = 0; rounds = 0; done++ }
}

proctype reader()
{
	byte i, rounds;

	do
	:: rounds < ROUNDS ->
		rounds++;
		any(i);
		enter(READER);
		if
		:: FINDS(i) ->
			assert(!reused[i]);
			assert(!reused[i])
		:: else
		fi;
		leave(READER)
	:: else -> break
	od;
	atomic { i = 0; rounds = 0; done++ }
}

init
{
	atomic {
		run cleaner();
		run parent();
		run reader()
	}
	done == 3
}
