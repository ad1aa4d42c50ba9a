/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Relocation of exclusive leases while owners, readers and two movers go on.
 *
 * A parent lives in slot 0 or 1, its child in slot 2 or 3: two pools, each with a mover of
 * its own, so that one may visit the child while the other visits the parent. Lease 0 and
 * 1 are roots of the owner, lease 2 + s is the one inside slot s.
 *
 * Shown: nobody touches free memory; no object is lost, or there twice; no write is lost;
 * a reader finds the whole old or the whole new copy, at any depth; a lease that a tag
 * names points back; the owner always gets what it asks for; nobody is stuck.
 *
 *	take()			swim_take_now(), swim_take_leaf_now(), __swim_pin(); swim_take_slow(),
 *				take_failed() in lease/exclusive.c
 *	owner			swim_raw_pin(), _unpin(), _move(), _drop(), swim_drop_all(). Who hands
 *				over is a reader until the old lease is empty: when the tag names the
 *				new one the object may move, and only that one is changed
 *	drop_leaf()		swim_slot_drop_now(), which takes what owns nothing to unwritten at
 *				once; drop_leaf(), to GOING first. A mover that meets either leaves it
 *	reader			swim_raw_read() of a parent, then of its child
 *	mover			swim_relocate(): visit(), copy(), rehome(), move(), commit()
 *	rehome_one()		look(), rehome_one(): a mover waits for no other one on the way
 *				forth, and does on the way back
 *	retire(), expire()	swim_clean_settle(), swim_hunk_put(): reuse after grace periods, as
 *				early as it can be
 *
 * One slot stands for one hunk; "asked" is the hunk's. A dropped object is reused at once,
 * unless the pool was made with SWIM_POOL_RCU (rcu_pool), and then after one grace period. A
 * slot that was moved out of is reused after two: while a parent is visited, its child, which
 * belongs to the copy already, may move; then the old parent, still the one that is found,
 * leads to the child's old place until the mover has committed. The first period ends after
 * that section with interrupts off, the second after the readers that began in it.
 *
 * Memory is sequentially consistent here; exclusive.c and relocate.c name the barriers.
 *
 * What the checker must find when it is left out:
 *
 *	ONE_GRACE	one grace period only after a move
 *	NO_GRACE	none
 *	PLAIN_STORE	the child's tag is stored, not compared and swapped, and its lease
 *			read only once
 *	NO_REHOME	the child's tag goes on naming the lease in the old place
 *	OPEN_MOVE	who hands an object over to another lease is no reader meanwhile
 *
 * Check: spin -a relocation.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define N	4
#define EMPTY	255
#define LEASE(s) (2 + (s))

/* Tag states. */
#define FREE	0	/* no object: touching it is the error */
#define UNW	1
#define OWNED	2
#define PINNED	3
#define VISITED	4
#define DROPPING 5
#define DEAD	6
#define GOING	7

#ifndef TRIES
#define TRIES	1	/* moves that each mover begins */
#endif
#ifndef ROUNDS
#define ROUNDS	1	/* times that the owner uses what it has */
#endif
#ifndef READS
#define READS	1
#endif

byte st[N];
byte own[N];		/* the lease that an OWNED tag names */
byte val[N];		/* two words of payload, so that half a copy can be told */
byte val2[N];
bool asked[N];
byte lease[2 + 2];

/* Grace periods: who is in a read-side section, whom a slot still waits for, and how often. */
#define OWNER	1
#define READER	2
#define MOVER0	4
#define MOVER1	8
byte inside;
byte pend[N];
byte stage[N];

bool rcu_pool, reader_done;
byte done;

inline enter(party) { inside = inside | party }

inline touch(s) { assert(st[s] != FREE) }

inline wipe(s)
{
	st[s] = FREE; val[s] = 0; val2[s] = 0; own[s] = EMPTY; asked[s] = false; stage[s] = 0;
	if
	:: s < 2 -> lease[LEASE(s)] = EMPTY
	:: else
	fi
}

/* A slot that waits for nobody any more: the next period begins, or its memory is free. */
inline expire(s)
{
	if
	:: stage[s] && !pend[s] ->
		stage[s]--;
		if
		:: stage[s] && inside -> pend[s] = inside
		:: else -> wipe(s)
		fi
	:: else
	fi
}

inline leave(party)
{
	d_step {
		inside = inside & (15 - party);
		pend[0] = pend[0] & (15 - party);
		pend[1] = pend[1] & (15 - party);
		pend[2] = pend[2] & (15 - party);
		pend[3] = pend[3] & (15 - party);
		expire(0); expire(1); expire(2); expire(3)
	}
}

/* The slot's memory waits for @n grace periods. */
inline retire(s, n)
{
	d_step { stage[s] = n; pend[s] = inside; expire(s) }
}

/* swim_release_object(): the last reference to the memory is gone. */
inline release(s)
{
	st[s] = UNW;
	if
	:: rcu_pool -> st[s] = DEAD; stage[s] = 1; pend[s] = inside; expire(s)
	:: else -> wipe(s)
	fi
}

/* The object of lease @l, its tag from OWNED by @l to @new. */
inline take(l, x, new)
{
	enter(OWNER);
	do
	:: d_step { x = lease[l]; assert(x != EMPTY) };
	   atomic {
		touch(x);
		if
		:: st[x] == OWNED && own[x] == l -> st[x] = new; break
		:: else
		fi
	   }
	   atomic { touch(x); state = st[x]; who = own[x] };
	   if
	   :: state == VISITED -> d_step { touch(x); asked[x] = true }
	   :: else ->
	      if
	      :: lease[l] != x	/* it has moved */
	      :: else -> assert(state == OWNED && who == l)
	      fi
	   fi
	od;
	state = 0; who = 0;
	leave(OWNER)
}

/* What owns nothing; its memory is its last owner's until it is released. */
inline drop_leaf(l, x)
{
	may_drop();
	if
	:: take(l, x, UNW)
	:: take(l, x, GOING)
	fi;
	assert(st[x] == UNW || st[x] == GOING);
	d_step { lease[l] = EMPTY };
	d_step { release(x) }
}

inline unpin(l, x)
{
	d_step { assert(st[x] == PINNED); own[x] = l; st[x] = OWNED }
}

/* Readers after a drop are the client's business, without SWIM_POOL_RCU. */
inline may_drop()
{
	if
	:: rcu_pool = true
	:: reader_done
	fi
}

proctype owner()
{
	byte r, s, c, rounds, version = 1, state, who;

	do
	:: rounds < ROUNDS ->
		rounds++;
		take(r, s, PINNED);
		if
		:: d_step { assert(val[s] == version && val2[s] == version); version++; val[s] = version };
		   val2[s] = version
		:: r == 0 ->				/* hand over to the other lease */
#ifndef OPEN_MOVE
		   enter(OWNER);
#endif
		   lease[1] = s;
		   unpin(1, s);
		   lease[0] = EMPTY;
#ifndef OPEN_MOVE
		   leave(OWNER);
#endif
		   r = 1;
		   goto next
		:: lease[LEASE(s)] != EMPTY ->
		   take(LEASE(s), c, PINNED);
		   d_step { assert(val[c] == 9 && val2[c] == 9) };
		   unpin(LEASE(s), c)
		:: lease[LEASE(s)] != EMPTY -> drop_leaf(LEASE(s), c)
		fi;
		unpin(r, s);
next:
		skip;
		d_step { c = 0; s = 0 }
	:: else -> break
	od;

	may_drop();
	take(r, s, DROPPING);
	d_step { assert(val[s] == version && val2[s] == version) };
	if
	:: lease[LEASE(s)] != EMPTY ->
		take(LEASE(s), c, DROPPING);
		d_step { assert(val[c] == 9 && val2[c] == 9); lease[LEASE(s)] = EMPTY; release(c) }
	:: else
	fi;
	d_step { lease[r] = EMPTY; release(s) };
	d_step { c = 0; s = 0; done++ }
}

proctype reader()
{
	byte p, c, reads;

	do
	:: reads < READS ->
		reads++;
		atomic {
			enter(READER);
			if
			:: lease[0] != EMPTY -> p = lease[0]
			:: else -> p = lease[1]
			fi
		};
		if
		:: p != EMPTY ->
			d_step { touch(p); assert(val[p]); c = lease[LEASE(p)] };
			if
			:: c != EMPTY ->
				d_step { touch(c); assert(val[c] == 9) };
				d_step { touch(c); assert(val2[c] == 9) }
			:: else
			fi;
			d_step { touch(p); assert(val2[p]) }
		:: else
		fi;
		d_step { p = 0; c = 0 };
		leave(READER)
	:: else -> break
	od;
	atomic { reader_done = true; done++ }
}

/*
 * Lease @to, a copy of @from, owns what @from owns. Nobody but a mover can have the child: it
 * is VISITED, or its lease has changed. Who does not wait for him fails: ok.
 */
inline rehome_one(from, to, wait)
{
	do
	:: c = lease[from];
	   ok = true;
	   if
	   :: c == EMPTY -> lease[to] = EMPTY; break
	   :: else
	   fi;
#ifdef PLAIN_STORE
	   lease[to] = c;
	   d_step { touch(c); own[c] = to };
	   break;
#endif
	   /* look() */
	   atomic {
		touch(c);
		if
		:: st[c] == OWNED && own[c] == from -> state = 1
		:: st[c] == VISITED -> state = 2; asked[c] = true
		:: else -> state = 3
		fi
	   }
	   if
	   :: state == 3 -> assert(lease[from] != c)
	   :: else
	   fi;
	   lease[to] = c;
	   if
	   :: state == 1 ->
		atomic {
			touch(c);
#ifdef NO_REHOME
			break
#else
			if
			:: st[c] == OWNED && own[c] == from -> own[c] = to; break
			:: else -> ok = false
			fi
#endif
		}
	   :: else -> ok = false
	   fi;
	   if
	   :: !(wait) -> break
	   :: else
	   fi
	od;
	c = 0; state = 0
}

proctype mover(byte first; byte party)
{
	byte s, d, l, c, tries, state;
	bool ok;

	do
	:: tries < TRIES ->
		tries++;
		/* Its hunk is held. asked = false, then OWNED -> VISITED. */
		atomic {
			if
			:: st[first] == OWNED -> s = first
			:: st[first + 1] == OWNED -> s = first + 1
			:: else -> goto over
			fi;
			enter(party);
			asked[s] = false;
			st[s] = VISITED;
			l = own[s]
		}
		atomic {
			assert(lease[l] == s);		/* visit(): never CORRUPT */
			d = first + (1 - (s - first));
			if
			:: st[d] == FREE -> st[d] = UNW
			:: else -> st[s] = OWNED; goto next	/* FULL */
			fi
		}
		val[d] = val[s];
		if :: asked[s] -> goto abort :: else fi;
		d_step {
			val2[d] = val2[s];
			if :: first == 0 -> lease[LEASE(d)] = lease[LEASE(s)] :: else fi
		};
		if
		:: asked[s] -> goto abort
		:: !asked[s] && first == 0 ->
			rehome_one(LEASE(s), LEASE(d), false);
			if
			:: !ok -> goto abort
			:: ok
			:: ok -> rehome_one(LEASE(d), LEASE(s), true); goto abort /* the next part is in use */
			fi
		:: !asked[s] && first != 0
		fi;
		d_step { own[d] = l; st[d] = OWNED };
		lease[l] = d;
		st[s] = DEAD;
		leave(party);
#ifdef NO_GRACE
		d_step { wipe(s) };
#else
#ifdef ONE_GRACE
		retire(s, 1);
#else
		retire(s, 2);
#endif
#endif
		goto over;
abort:
		skip;
		d_step { wipe(d) };
		st[s] = OWNED;
next:
		leave(party);
over:
		s = 0; d = 0; l = 0; ok = false
	:: else -> break
	od;
	atomic { tries = 0; done++ }
}

init
{
	atomic {
		st[0] = OWNED; own[0] = 0; lease[0] = 0; val[0] = 1; val2[0] = 1;
		st[2] = OWNED; own[2] = LEASE(0); lease[LEASE(0)] = 2; val[2] = 9; val2[2] = 9;
		lease[1] = EMPTY; lease[LEASE(1)] = EMPTY;
		own[1] = EMPTY; own[3] = EMPTY;
		run owner();
		run reader();
		run mover(0, MOVER0);
		run mover(2, MOVER1)
	}
	done == 4;
	/* Everybody is through: everything was dropped, once. */
	assert((st[0] == FREE || st[0] == DEAD) && (st[1] == FREE || st[1] == DEAD) &&
	       (st[2] == FREE || st[2] == DEAD) && (st[3] == FREE || st[3] == DEAD));
	assert(lease[0] == EMPTY && lease[1] == EMPTY)
}
