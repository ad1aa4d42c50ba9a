/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stowing a structure to and fro between two holds while others go on.
 *
 * A root R, which a Raw lease of the stower owns, has a Hard lease of H, which has a Raw
 * lease of X. Another owner has a Hard lease of H too. Slots 0 and 1 are for R, in one hold
 * and in the other, 2 and 3 for H, 4 and 5 for X; a mover moves any of them to slot 6. Lease
 * 0 is the root's, lease 1 + s the one of X inside slot s.
 *
 * Shown: nobody touches free memory, or finds an object that he owns in nobody's hands; a
 * reader finds the whole old or the whole new copy, at any depth; no write through a Mut is
 * lost; a stow that fails has changed nothing; nobody is stuck.
 *
 *	take()			__swim_pin(), swim_take_slow() in lease/exclusive.c
 *	stower			swim_stow() in compact/stow.c: enter_counted(),
 *				swim_trail_exclusive(), publish(), finish(), unstow()
 *	holder			swim_hard_try_to_mut(), and a pin of what H owns
 *	reader			swim_raw_read() of R; a Ref of H, and swim_raw_read() of X
 *	mover			swim_relocate()
 *	retire(), expire()	swim_retire_object(), hunk_put_rcu(): reuse after grace periods,
 *				as early as it can be
 *
 * One slot stands for one hunk, or extent. What is stowed out of is reused after one grace
 * period, which is what an extent waits for; what is moved out of after two (relocation.pml).
 *
 * Memory is sequentially consistent here; stow.c names the barriers.
 *
 * What the checker must find when it is left out:
 *
 *	NO_GRACE	no grace period after a stow
 *	LATE_PUBLISH	the root's lease leads to the copy when all else is done
 *	PARENTS_FIRST	parents get their tags, and their cells back, before their children
 *	NO_BUSY		H is copied without its cell
 *
 * Check: spin -a stow.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define N	7
#define SPARE	6
#define EMPTY	255
#define ROOT	0
#define LEASE(s) (1 + (s))

/* Tag states. */
#define FREE	0	/* no object: touching it is the error */
#define UNW	1
#define OWNED	2
#define PINNED	3
#define VISITED	4
#define COUNTED	5
#define DROPPING 6	/* of H on the stower's trail */
#define TAKEN	7
#define DEAD	8

#ifndef STOWS
#define STOWS	2	/* times that the stower begins */
#endif
#ifndef TRIES
#define TRIES	1	/* moves that the mover begins */
#endif

byte st[N];
byte own[N];		/* the lease that an OWNED tag names */
byte val[N];		/* two words of payload, so that half a copy can be told */
byte val2[N];
bool asked[N];
byte lease[1 + N];

/* The cell of H. */
byte object;
bool busy, mut, wanted;
byte refs;

byte version = 1;	/* what must stand in H and X, when nobody writes */

/* Grace periods: who is in a read-side section, whom a slot still waits for, and how often. */
#define STOWER	1
#define HOLDER	2
#define READER	4
#define MOVER	8
byte inside;
byte pend[N];
byte stage[N];

byte done;

inline enter(party) { inside = inside | party }

inline touch(s) { assert(st[s] != FREE) }

inline wipe(s)
{
	st[s] = FREE; val[s] = 0; val2[s] = 0; own[s] = EMPTY; asked[s] = false; stage[s] = 0;
	lease[LEASE(s)] = EMPTY
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

inline over(s, party) { pend[s] = pend[s] & (15 - party); expire(s) }

inline leave(party)
{
	d_step {
		inside = inside & (15 - party);
		over(0, party); over(1, party); over(2, party); over(3, party);
		over(4, party); over(5, party); over(6, party)
	}
}

/* It is dead, and the slot's memory waits for @n grace periods. */
inline retire(s, n)
{
	d_step { st[s] = DEAD; stage[s] = n; pend[s] = inside; expire(s) }
}

#ifdef NO_GRACE
#define retire_stowed(s) d_step { wipe(s) }
#else
#define retire_stowed(s) retire(s, 1)
#endif

/* The object of lease @l, its tag from OWNED by @l to PINNED. */
inline take(party, l, x)
{
	enter(party);
	do
	:: d_step { x = lease[l]; assert(x != EMPTY) };
	   atomic {
		touch(x);
		if
		:: st[x] == OWNED && own[x] == l -> st[x] = PINNED; break
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
	leave(party)
}

inline unpin(l, x)
{
	d_step { assert(st[x] == PINNED); own[x] = l; st[x] = OWNED }
}

/* One of two slots that is free, for a copy; EMPTY when the hold is out of memory. */
inline reserve(first, to)
{
	d_step {
		if
		:: st[first] == FREE -> to = first; st[to] = UNW
		:: st[first] != FREE && st[first + 1] == FREE -> to = first + 1; st[to] = UNW
		:: else -> to = EMPTY
		fi
	}
}

/* One word after the other. */
inline copy(to, from)
{
	touch(from);
	val[to] = val[from];
	d_step { touch(from); val2[to] = val2[from]; lease[LEASE(to)] = lease[LEASE(from)] }
}

inline publish()
{
	st[r] = TAKEN;
	lease[ROOT] = rr
}

inline finish_root()
{
	d_step { own[rr] = ROOT; st[rr] = OWNED };
	retire_stowed(r)
}

inline finish_counted()
{
	object = hh;
	st[hh] = COUNTED;
	d_step { busy = false; wanted = false };
	retire_stowed(h)
}

inline finish_child()
{
	d_step { own[xx] = LEASE(hh); st[xx] = OWNED };
	retire_stowed(x)
}

proctype stower()
{
	byte r, h, x, rr, hh, xx, stows, state, who;

	do
	:: stows < STOWS ->
		stows++;
		take(STOWER, ROOT, r);
		reserve(0, rr);
		if :: rr == EMPTY -> goto undo_root :: else fi;
		copy(rr, r);
#ifdef NO_BUSY
		h = object;
#else
		do
		:: atomic {
			if
			:: !busy && !mut && !refs -> busy = true; break
			:: mut || refs -> goto undo_copy
			:: else -> wanted = true	/* the mover has it */
			fi
		   }
		od;
		skip;
		d_step { h = object; touch(h); assert(st[h] == COUNTED) };
		st[h] = DROPPING;
#endif
		reserve(2, hh);
		if :: hh == EMPTY -> goto undo_counted :: else fi;
		copy(hh, h);
		take(STOWER, LEASE(h), x);
		reserve(4, xx);
		if :: xx == EMPTY -> goto undo_child :: else fi;
		copy(xx, x);
		lease[LEASE(hh)] = xx;
		if
		:: skip
		:: d_step { wipe(xx) }; goto undo_child	/* what comes behind it fails */
		fi;

#ifndef LATE_PUBLISH
		publish();
#endif
#ifdef PARENTS_FIRST
		finish_root();
		finish_counted();
		finish_child();
#else
		finish_child();
		finish_counted();
#ifdef LATE_PUBLISH
		retire_stowed(r);
		publish();
		d_step { own[rr] = ROOT; st[rr] = OWNED };
#else
		finish_root();
#endif
#endif
		goto next;

undo_child:
		skip;
		unpin(LEASE(h), x);
		d_step {
			if
			:: hh != EMPTY -> wipe(hh)
			:: else
			fi
		};
undo_counted:
		skip;
		st[h] = COUNTED;
		d_step { busy = false; wanted = false };
undo_copy:
		skip;
		d_step { wipe(rr) };
undo_root:
		skip;
		unpin(ROOT, r);
next:
		skip;
		d_step { r = 0; h = 0; x = 0; rr = 0; hh = 0; xx = 0 }
	:: else -> break
	od;
	/* What was stowed is the stower's, as before. */
	take(STOWER, ROOT, r);
	d_step { assert(val[r] == 9 && val2[r] == 9) };
	unpin(ROOT, r);
	atomic { r = 0; stows = 0; done++ }
}

proctype holder()
{
	byte h, x, state, who;

	do
	:: atomic { !busy && !mut && !refs -> mut = true }; break
	:: atomic { busy && !wanted -> wanted = true }
	od;
	skip;
	d_step { h = object; touch(h); assert(st[h] == COUNTED);
		 assert(val[h] == version && val2[h] == version) };
	take(HOLDER, LEASE(h), x);
	d_step { assert(val[x] == version && val2[x] == version) };
	d_step { version++; val[h] = version };
	d_step { touch(h); val2[h] = version };
	d_step { touch(x); val[x] = version };
	d_step { touch(x); val2[x] = version };
	unpin(LEASE(h), x);
	atomic { mut = false; h = 0; x = 0; done++ }
}

proctype reader()
{
	byte r, h, x;

	atomic { enter(READER); r = lease[ROOT]; assert(r != EMPTY) };
	d_step { touch(r); assert(val[r] == 9) };
	d_step { touch(r); assert(val2[r] == 9) };
	leave(READER);
	if
	:: atomic { !busy && !mut -> refs++ };
		d_step { h = object; touch(h); assert(st[h] == COUNTED);
			 assert(val[h] == version && val2[h] == version) };
		atomic { enter(READER); x = lease[LEASE(h)]; assert(x != EMPTY) };
		d_step { touch(x); assert(val[x] == version) };
		d_step { touch(x); assert(val2[x] == version) };
		leave(READER);
		refs--
	:: skip
	fi;
	atomic { r = 0; h = 0; x = 0; done++ }
}

/* Lease @to, a copy of @from, owns what @from owns: nobody has X while he does not have H. */
inline rehome(from, to)
{
	do
	:: c = lease[from];
	   lease[to] = c;
	   atomic {
		touch(c);
		if
		:: st[c] == OWNED && own[c] == from -> own[c] = to; break
		:: else -> assert(lease[from] != c)
		fi
	   }
	od;
	c = 0
}

inline move_exclusive()
{
	byte l;

	/* Its hunk is held. asked = false, then OWNED -> VISITED. */
	atomic {
		if
		:: st[s] == OWNED -> enter(MOVER); asked[s] = false; st[s] = VISITED; l = own[s]
		:: else -> goto next
		fi
	}
	atomic {
		assert(lease[l] == s);		/* visit(): never CORRUPT */
		if
		:: st[SPARE] == FREE -> st[SPARE] = UNW
		:: else -> st[s] = OWNED; goto leave_it
		fi
	}
	copy(SPARE, s);
	if
	:: asked[s] -> d_step { wipe(SPARE) }; st[s] = OWNED; goto leave_it
	:: else
	fi;
	d_step { own[SPARE] = l; st[SPARE] = OWNED };
	lease[l] = SPARE;
	leave(MOVER);
	retire(s, 2);
	goto next
}

inline move_counted()
{
	atomic {
		if
		:: st[s] == COUNTED
		:: else -> goto next
		fi
	}
	/* By the tag it is H; by now it may be elsewhere. */
	atomic {
		if
		:: !busy && !mut && !refs -> enter(MOVER); busy = true
		:: else -> goto next
		fi
	}
	if :: object != s -> goto unbusy :: else fi;
	atomic {
		if
		:: st[SPARE] == FREE -> st[SPARE] = UNW
		:: else -> goto unbusy
		fi
	}
	copy(SPARE, s);
	if
	:: wanted -> d_step { wipe(SPARE) }; goto unbusy
	:: else
	fi;
	rehome(LEASE(s), LEASE(SPARE));
	st[SPARE] = COUNTED;
	object = SPARE;
	d_step { busy = false; wanted = false };
	leave(MOVER);
	retire(s, 2);
	goto next
}

proctype mover()
{
	byte s, c, tries;

	do
	:: tries < TRIES ->
		tries++;
		/* A walk comes to each of them. */
		if
		:: s = 0 :: s = 1 :: s = 2 :: s = 3 :: s = 4 :: s = 5
		fi;
		if
		:: s == 2 || s == 3 -> move_counted()
		:: else -> move_exclusive()
		fi;
unbusy:
		skip;
		d_step { busy = false; wanted = false };
leave_it:
		skip;
		leave(MOVER);
next:
		skip;
		s = 0
	:: else -> break
	od;
	atomic { tries = 0; done++ }
}

init
{
	atomic {
		st[0] = OWNED; own[0] = ROOT; lease[ROOT] = 0; val[0] = 9; val2[0] = 9;
		st[2] = COUNTED; object = 2; val[2] = 1; val2[2] = 1;
		st[4] = OWNED; own[4] = LEASE(2); lease[LEASE(2)] = 4; val[4] = 1; val2[4] = 1;
		run stower();
		run holder();
		run reader();
		run mover()
	}
	done == 4;
	/* Everybody is through: all is there, once, and of the newest version. */
	assert(!busy && !mut && !refs && !inside);
	assert(st[lease[ROOT]] == OWNED && own[lease[ROOT]] == ROOT && val[lease[ROOT]] == 9);
	assert(st[object] == COUNTED && val[object] == version && val2[object] == version);
	assert(st[lease[LEASE(object)]] == OWNED && own[lease[LEASE(object)]] == LEASE(object));
	assert(val[lease[LEASE(object)]] == version && val2[lease[LEASE(object)]] == version)
}
