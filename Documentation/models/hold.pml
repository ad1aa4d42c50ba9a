/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holding a hunk: a frame goes from one pool to another, while somebody walks the first.
 *
 * One frame of a space that pools 1 and 2 share. Each takes it, puts an object there, closes the
 * hunk and frees the object, once or twice, and is destroyed then: pool 2 at any time, pool 1 when
 * nobody walks it any more.
 *
 * Shown: who holds a hunk of a pool has one of that pool; a hunk is given back once, and by the
 * last one who has it; nobody touches a pool that is gone.
 *
 *	owner			swim_hunk_take(), swim_hunk_close(), release(), swim_pool_unmake()
 *	put_now()		swim_hunk_put_now()
 *	walker			swim_hunk_hold(), swim_hunk_unhold()
 *
 * The walker reads the count, and whose the frame is, and then adds HOLD to the count if that is
 * the same still. It may be the same again, of another pool's hunk: so he looks again whose the
 * frame is, when it cannot change any more. Memory is sequentially consistent here; hunk.c names
 * the barriers.
 *
 * What the checker must find when it is left out, or is the other way round:
 *
 *	NO_LOOK		the second look at the pool
 *	EARLY_NULL	the frame says that it is nobody's before the pool was touched last
 *	NO_PUT		who held another pool's hunk for a moment leaves it, though it is all dead
 *
 * Check: spin -a hold.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define OPEN	8
#define HOLD	16
#define USED	1	/* what an object counts for */

#ifndef ROUNDS
#define ROUNDS	2
#endif

bool heap = true;	/* the frame is free */
byte pool;		/* frame->pool; 0: NULL */
byte live;		/* frame->live */
byte header;		/* hunk->pool */
bool gone[3];
bool walked;
byte done;

inline touch(p)	{ assert(p && !gone[p]) }

inline put_now()
{
	p = header;
	assert(live == 0);
	touch(p);
#ifdef EARLY_NULL
	pool = 0;
	touch(p);
#else
	touch(p);
	pool = 0;
#endif
	d_step { assert(!heap); heap = true };
	p = 0
}

inline subtract(n)
{
	d_step { assert(live >= (n)); live = live - (n); last = (live == 0) }
	if
	:: last -> put_now()
	:: else
	fi;
	last = false
}

proctype owner(byte me)
{
	byte rounds, p;
	bool last;

	do
	:: rounds < ROUNDS ->
		rounds++;
		if
		:: atomic { heap -> heap = false };
		   header = me;
		   pool = me;
		   live = OPEN;
		   /* An object, and the hunk is closed. */
		   d_step { live = live + USED - OPEN };
		   subtract(USED)
		:: skip
		fi
	:: else -> break
	od;
	/* pool_has_hunks() */
	if
	:: me == 1 -> walked
	:: else
	fi;
	pool != me;
	atomic { gone[me] = true; rounds = 0; done++ }
}

proctype walker()
{
	byte l, rounds, p;
	bool last;

	do
	:: rounds < ROUNDS ->
		rounds++;
		l = live;
		if
		:: pool != 1 || l == 0 || l >= OPEN -> goto next
		:: else
		fi;
		atomic {
			if
			:: live == l -> live = l + HOLD
			:: else -> goto next
			fi
		}
#ifndef NO_LOOK
		if
		:: pool != 1 ->
#ifdef NO_PUT
			d_step { live = live - HOLD };
#else
			subtract(HOLD);
#endif
			goto next
		:: else
		fi;
#endif
		assert(pool == 1 && header == 1);
		touch(1);
		assert(pool == 1 && header == 1 && live >= HOLD);
		subtract(HOLD);
next:
		l = 0
	:: else -> break
	od;
	atomic { walked = true; rounds = 0; done++ }
}

init
{
	atomic {
		run owner(1);
		run owner(2);
		run walker()
	}
	done == 3;
	assert(heap && !live && !pool)
}
