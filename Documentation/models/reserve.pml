/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reserve: the empty hunk that a large pool keeps so that it can be cleaned when memory is
 * gone, and the pool's end.
 *
 * Two clients let the pool grow and shrink, a cleaner takes the reserve and puts one there, and
 * somebody destroys the pool when all of them are through. Nobody has a lock for that.
 *
 * Shown: a hunk is in one place, whoever comes between; when the pool goes every hunk is the
 * heap's again; nobody touches a pool that is gone; the cleaner never gets a hunk that another
 * one has.
 *
 *	take()			swim_hunk_take(): the frame says whose it is, then it is counted
 *	keep(), aside()		swim_clean_keep_reserve(), set_aside()
 *	put_now()		swim_hunk_put_now(), with swim_clean_take_reserve(), and what that
 *				gives: again and again, but in fact there is one reserve
 *	client			refill(), and the last free in a hunk
 *	cleaner			get_hunk(), put() of what it has emptied
 *	later			hunk_put_rcu(): what was put waits for readers
 *	destroyer		swim_cleaner_end(), the rest of swim_pool_unmake()
 *
 * Memory is sequentially consistent here; hunk.c names the barriers.
 *
 * What the checker must find when it is left out, or is otherwise:
 *
 *	LOST		who sets a hunk aside does not look whether somebody else has
 *	TWICE		who takes the reserve reads it, and then clears it
 *	LATE_TAKE	who shrinks the pool takes the reserve after its own frame has gone
 *	KEPT		the end of the pool forgets the reserve
 *
 * Check: spin -a reserve.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define FRAMES	4
#define FROM	3	/* hunks from which on there is a reserve */
#define LEAST	2	/* fewer do without */
#define NONE	255

#ifndef ROUNDS
#define ROUNDS	1	/* of each client; the cleaner has one more */
#endif

bool heap[FRAMES];	/* free there */
bool of_pool[FRAMES];	/* frame->pool */
byte hunks;
byte reserve = NONE;
byte waits = NONE;	/* for readers */
byte whose[FRAMES];	/* 0: nobody's; who may do something with the hunk */
bool gone;
byte through, done;

inline pool()	{ assert(!gone) }

inline take(f, id)
{
	atomic {
		if
		:: heap[0] -> f = 0
		:: !heap[0] && heap[1] -> f = 1
		:: !heap[0] && !heap[1] && heap[2] -> f = 2
		:: !heap[0] && !heap[1] && !heap[2] && heap[3] -> f = 3
		:: else -> f = NONE
		fi;
		if
		:: f != NONE -> heap[f] = false; assert(!whose[f]); whose[f] = id
		:: else
		fi
	}
	if
	:: f != NONE ->
		d_step { pool(); of_pool[f] = true };
		d_step { pool(); hunks++ }
	:: else
	fi
}

/* swim_clean_take_reserve() */
inline shrink(id)
{
	if
	:: hunks_now < LEAST && reserve != NONE ->
#ifdef TWICE
		atomic { pool(); r = reserve; if :: r != NONE -> assert(!whose[r] || whose[r] == id); whose[r] = id :: else fi };
		reserve = NONE
#else
		atomic { pool(); r = reserve; reserve = NONE; if :: r != NONE -> assert(!whose[r]); whose[r] = id :: else fi }
#endif
	:: else
	fi
}

/* Gives the hunk @f back, and the reserve, when that is not to be there any more. */
inline put_now(f, id)
{
	do
	:: f != NONE ->
		r = NONE;
		d_step { pool(); assert(whose[f] == id && of_pool[f]); hunks--; hunks_now = hunks };
#ifndef LATE_TAKE
		shrink(id);
#endif
		of_pool[f] = false;
#ifdef LATE_TAKE
		pool();
		shrink(id);
#endif
		d_step { whose[f] = 0; heap[f] = true };
		f = r
	:: else -> break
	od;
	r = NONE; hunks_now = 0
}

inline aside(f, id)
{
	atomic {
		pool();
		whose[f] = 0;
#ifdef LOST
		reserve = f; f = NONE
#else
		if
		:: reserve == NONE -> reserve = f; f = NONE
		:: else -> whose[f] = id
		fi
#endif
	}
	put_now(f, id)
}

inline keep(f, id)
{
	if
	:: reserve == NONE && hunks >= FROM ->
		take(f, id);
		if
		:: f != NONE -> aside(f, id)
		:: else
		fi
	:: else
	fi
}

proctype client(byte id)
{
	byte f, g = NONE, r = NONE, hunks_now, rounds;

	do
	:: rounds < ROUNDS ->
		rounds++;
		take(f, id);
		keep(g, id);
		if
		:: f == NONE
		:: f != NONE -> put_now(f, id)
		:: f != NONE && waits == NONE ->
			atomic {
				if
				:: waits == NONE -> whose[f] = 9; waits = f; f = NONE
				:: else
				fi
			};
			put_now(f, id)
		fi
	:: else -> break
	od;
	atomic { rounds = 0; through++; done++ }
}

proctype cleaner()
{
	byte f, r = NONE, hunks_now, rounds;

	do
	:: rounds < ROUNDS + 1 ->
		rounds++;
		take(f, 3);
		if
		:: f == NONE ->
			atomic {
				f = reserve;
				reserve = NONE;
				if :: f != NONE -> assert(!whose[f]); whose[f] = 3 :: else fi
			}
		:: else
		fi;
		/* It is filled, and what it was filled from is put: one stands for the other. */
		if
		:: f == NONE
		:: f != NONE && reserve == NONE && hunks >= FROM -> aside(f, 3)
		:: f != NONE -> put_now(f, 3)
		fi
	:: else -> break
	od;
	atomic { rounds = 0; through++; done++ }
}

proctype later()
{
	byte f, r = NONE, hunks_now;

end:
	do
	:: atomic { waits != NONE -> f = waits; waits = NONE; whose[f] = 4 };
	   put_now(f, 4)
	:: gone -> break
	od;
	done++
}

proctype destroyer()
{
	byte f, r = NONE, hunks_now;

	through == 3;
#ifndef KEPT
	atomic {
		f = reserve;
		reserve = NONE;
		if :: f != NONE -> assert(!whose[f]); whose[f] = 5 :: else fi
	}
	put_now(f, 5);
#endif
	/* pool_has_hunks() */
	!of_pool[0] && !of_pool[1] && !of_pool[2] && !of_pool[3];
	gone = true;
	done++
}

init
{
	atomic {
		heap[0] = true; heap[1] = true; heap[2] = true; heap[3] = true;
		run client(1);
		run client(2);
		run cleaner();
		run later();
		run destroyer()
	}
	done == 5;
	assert(heap[0] && heap[1] && heap[2] && heap[3]);
	assert(reserve == NONE && !hunks)
}
