/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Relocation of an object that counted leases share, while these come and go.
 *
 * The object stands in one of the slots 0 to 2, and a mover moves it. In
 * relocation-counted-child.pml it owns another through a Raw lease, in slot 3 or 4: another
 * pool, with a mover of its own. In relocation-counted-parent.pml an exclusive object stands
 * there, and one of the Hard leases is in it. There is one cell. When it is free it becomes
 * another object's, also while the mover has it as a number, out of the tag of an object that
 * is gone. One client begins with a Hard lease, one with a Soft or a Hard. So that there are
 * not too many states, the two other models have one thing less for each client to do: they
 * begin with a Hard and a Soft, and do not come to another object.
 *
 * Shown: nobody touches free memory; leases lead to a cell that is there; no write is lost; a
 * Mut is alone; the cell is freed once; no object is lost, or there twice; who waits gets
 * the object, or hears that it is gone; nobody is stuck.
 *
 *	put()			swim_cell_put(), and swim_hard_drop(), which is a part of it
 *	unbusy(), cell_free()	swim_cell_unbusy(), swim_cell_free()
 *	drop_object()		drop_object() in lease/counted.c, swim_drop_all(), leave(),
 *				swim_release_object()
 *	to_ref(), to_mut()	__swim_counted_try(), from whichever lease there is; to_X and into_X
 *	client			swim_cell_turn() for the others, and swim_hard_clone()
 *	make()			swim_counted_own()
 *	take()			__swim_pin(), swim_take_slow() in lease/exclusive.c
 *	mover			swim_relocate() of a COUNTED tag: visit(), copy(), commit()
 *	mover_exclusive		swim_relocate() of an OWNED one
 *
 * Asking sets the bit of the Mut beside busy, as in the cell. What is one compare-and-swap of
 * the status is one step, with the look for whose sake it was tried; waiting for the status
 * to change is not a loop. A slot is a hunk: the mover holds the one whose tag it has read, so
 * what is dropped there stays dead until he is through. A slot that was moved out of is reused
 * after two grace periods, as relocation.pml tells.
 *
 * Memory is sequentially consistent here; cell.c and relocate.c name the barriers.
 *
 * What the checker must find when it is left out, or is otherwise:
 *
 *	NO_RECHECK	the mover does not look whether the cell is still the object's
 *	NO_LAST_FREE	who is busy last does not free the cell
 *	REF_BUSY	a Ref can be made while the cell is busy
 *	PUT_BUSY	the last strong lease goes while the cell is busy
 *	MUT_MOVES	a Mut does not keep a mover away
 *	EARLY_UNBUSY	the cell is let go before it leads to the copy
 *	NO_GRACE	no grace period before a slot is reused that was moved out of
 *
 * Check: spin -a relocation-counted.pml && cc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=512 pan.c -o pan && ./pan -m1000000
 */
#define N	5
#define SHARED	3	/* slots below are for what the cell leads to */
#define ROOT	5	/* the lease outside of all slots; lease s is the one inside slot s */
#define EMPTY	255
#define CELL	100	/* what a Hard lease in a slot leads to */

/* Tag states. */
#define FREE	0	/* no object: touching it is the error */
#define UNW	1
#define OWNED	2
#define PINNED	3
#define VISITED	4
#define COUNTED	5
#define DROPPING 6
#define DEAD	7

#if defined(CHILD) || defined(PARENT)
#define OTHERS
#endif
#ifndef TURNS
#define TURNS	2	/* things that each client does before it drops what it has */
#endif
#ifndef TRIES
#define TRIES	1	/* moves that each mover begins */
#endif

byte st[N];
byte own[N];		/* the lease that an OWNED tag names */
byte val[N];		/* two words of payload, so that half a copy can be told */
byte val2[N];
bool asked[N];
byte lease[N + 1];

/* The cell: its status, and where the object is. */
byte hard, soft, ref;
bool mut, busy;
byte object;
bool used;		/* it is somebody's; else its slab's */

byte held;		/* the hunk that the mover of what is shared walks */
bool again;		/* the cell has become another object's */

byte version = 1;	/* what must stand in the object, when nobody writes */
byte refs, muts;	/* clients that use a Ref, or a Mut */

/* Grace periods: who is in a read-side section, whom a slot still waits for, and how often. */
#define CLIENT0	1
#define CLIENT1	2
#define MOVER0	4
#define MOVER1	8
byte inside;
byte pend[N];
byte stage[N];

byte done;

inline enter(party) { inside = inside | party }

inline touch(s) { assert(st[s] != FREE) }

inline wipe(s)
{
	st[s] = FREE; val[s] = 0; val2[s] = 0; own[s] = EMPTY; asked[s] = false; stage[s] = 0;
	lease[s] = EMPTY
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
		over(0, party); over(1, party); over(2, party); over(3, party); over(4, party)
	}
}

/* It was moved out of. */
#ifdef NO_GRACE
#define retire(s) wipe(s)
#else
#define retire(s) st[s] = DEAD; stage[s] = 2; pend[s] = inside; expire(s)
#endif

/* The last reference to the memory is gone, but for somebody who walks there. */
inline release(s)
{
	if
	:: held == s -> st[s] = DEAD
	:: else -> wipe(s)
	fi
}

inline unhold(s)
{
	held = EMPTY;
	if
	:: st[s] == DEAD && !stage[s] -> wipe(s)
	:: else
	fi
}

/* The object of the exclusive lease @l, its tag from OWNED by @l to @new. */
inline take(l, x, new)
{
	enter(party);
	do
	:: d_step { x = lease[l]; assert(x != EMPTY) };
	   atomic {
		touch(x);
		if
		:: st[x] == OWNED && own[x] == l -> st[x] = new; break
		:: else
		fi
	   }
	   atomic {
		touch(x);
		if
		:: st[x] == VISITED -> asked[x] = true
		:: else -> assert(lease[l] != x || (st[x] == OWNED && own[x] == l))
		fi
	   }
	od;
	leave(party)
}

inline unpin(l, x)
{
	d_step { assert(st[x] == PINNED && lease[l] == x); own[x] = l; st[x] = OWNED; x = 0 }
}

inline cell_free()
{
	d_step {
		assert(used && !hard && !soft && !ref && !mut && !busy);
		used = false
	}
}

inline unbusy()
{
	atomic {
		assert(busy && used);
		busy = false; mut = false;
		if
#ifndef NO_LAST_FREE
		:: !hard && !soft && !ref -> last = true
#endif
		:: else
		fi
	};
	if
	:: last -> last = false; cell_free()
	:: else
	fi
}

/* The last strong lease is gone, and the cell is the caller's. */
inline drop_object()
{
	d_step {
		o = object;
		assert(o != EMPTY && st[o] == COUNTED && !refs && !muts);
		assert(val[o] == version && val2[o] == version)
	};
	if
	:: lease[o] != EMPTY ->
		st[o] = DROPPING;
		take(o, x, DROPPING);
		d_step { assert(val[x] == version && val2[x] == version); lease[o] = EMPTY };
		st[x] = UNW;
		d_step { release(x); x = 0 }
	:: else				/* it owns nothing: its tag names the cell until it goes */
	fi;
	object = EMPTY;
	st[o] = UNW;
	d_step { release(o); o = 0 };
	unbusy()
}

#ifdef PUT_BUSY
#define LAST_WAITS(dh) false
#else
#define LAST_WAITS(dh) ((dh) && hard == (dh) && busy)
#endif

/* A lease goes that has added so much to the hard, soft and ref counts; @dm: a Mut. */
inline put(dh, ds, dr, dm)
{
	do
	:: atomic {
		assert(used && hard >= dh && soft >= ds && ref >= dr);
		if
		:: LAST_WAITS(dh) -> mut = true		/* ask for it */
		:: else ->
			hard = hard - dh; soft = soft - ds; ref = ref - dr;
			mut = mut && !(dm);
			if
			:: dh && !hard -> busy = true; last = true
			:: else -> gone = (!hard && !soft && !ref && !mut && !busy)
			fi;
			break
		fi
	   }
	   !busy
	od;
	if
	:: last -> last = false; drop_object()
	:: gone -> gone = false; cell_free()
	:: else
	fi
}

#ifdef REF_BUSY
#define REF_WAITS mut
#define IN_WAY	(mut)
#else
#define REF_WAITS busy
#define IN_WAY	(busy || mut)
#endif

/* A Ref out of what there is, beside it or of it; @none when the object is gone. */
inline to_ref(none)
{
	do
	:: atomic {
		assert(used);
		if
		:: !h && !hard -> none = true; break
		:: (h || hard) && IN_WAY -> mut = mut || REF_WAITS
		:: (h || hard) && !IN_WAY ->
			ref++;
			if
			:: hard++
			:: h -> h--
			:: !h && s -> hard++; soft--; s--
			fi;
			break
		fi
	   }
	   !IN_WAY || (!h && !hard)
	od
}

inline to_mut(none)
{
	do
	:: atomic {
		assert(used);
		if
		:: !h && !hard -> none = true; break
		:: (h || hard) && (busy || mut || ref) -> mut = mut || busy
		:: (h || hard) && !(busy || mut || ref) ->
			mut = true;
			if
			:: hard++
			:: h -> h--
			:: !h && s -> hard++; soft--; s--
			fi;
			break
		fi
	   }
	   !(busy || mut || ref) || (!h && !hard)
	od
}

inline read_all()
{
	d_step {
		refs++;
		assert(!muts);
		o = object;
		assert(o != EMPTY); touch(o);
		assert(val[o] == version)
	};
	atomic { enter(party); x = lease[o] };
	if
	:: x != EMPTY ->
		d_step { touch(x); assert(val[x] == version) };
		d_step { touch(x); assert(val2[x] == version) }
	:: else
	fi;
	leave(party);
	d_step {
		assert(object == o && st[o] == COUNTED && val2[o] == version);
		refs--; o = 0; x = 0
	}
}

inline write_all()
{
	d_step {
		muts++;
		assert(muts == 1 && !refs);
		o = object;
		assert(o != EMPTY); touch(o);
		assert(val[o] == version && val2[o] == version);
		version++;
		val[o] = version
	};
	if
	:: lease[o] != EMPTY ->
		take(o, x, PINNED);
		d_step { touch(x); val[x] = version };
		d_step { touch(x); val2[x] = version };
		unpin(o, x)
	:: else
	fi;
	d_step { assert(object == o && st[o] == COUNTED); val2[o] = version; muts--; o = 0 }
}

/* Another object, for which the cell is used again. */
inline make()
{
	atomic {
		if
		:: !used -> used = true; again = true
		:: else -> goto next
		fi
	};
	d_step {
		o = 0;
		do
		:: o < SHARED && st[o] != FREE -> o++
		:: else -> break
		od;
		if
		:: o < SHARED -> st[o] = UNW; val[o] = 1; val2[o] = 1
		:: else -> o = EMPTY
		fi
	};
	if
	:: o == EMPTY -> cell_free()
	:: else ->
		object = o;
		atomic {
			assert(!hard && !soft && !ref && !mut && !busy);
			version = 1; hard = 1; h = 1
		};
		st[o] = COUNTED
	fi;
	o = 0
}

/* @h Hard leases and @s Soft ones; @root: and the object that has one in it. */
proctype client(byte party; byte h; byte s; bool root)
{
	byte turns, o, x;
	bool last, gone, none;

	do
	:: turns < TURNS ->
		turns++;
		if
		:: h == 1 -> atomic { assert(used && hard); hard++; h++ }
		:: h -> h--; put(1, 0, 0, false)
		:: h && !s -> atomic { soft++; s++ }
		:: h && !s ->					/* into Soft */
			do
			:: atomic {
				if
				:: LAST_WAITS(1) -> mut = true
				:: else ->
					h--; s++; hard--; soft++;
					if
					:: !hard -> busy = true; last = true
					:: else
					fi;
					break
				fi
			   }
			   !busy
			od;
			if
			:: last -> last = false; drop_object()
			:: else
			fi
		:: s && !h ->					/* to and into Hard */
			atomic {
				assert(used);
				if
				:: hard -> hard++; h++
				:: hard -> hard++; h++; soft--; s--
				:: !hard
				fi
			}
		:: s -> s--; put(0, 1, 0, false)
		:: h || s ->
			to_ref(none);
			if
			:: none -> none = false
			:: else ->
				read_all();
				if
				:: put(1, 0, 1, false)
				:: !h -> atomic { ref--; h++ }
				fi
			fi
		:: h || s ->
			to_mut(none);
			if
			:: none -> none = false
			:: else ->
				write_all();
				if
				:: put(1, 0, 0, true)
				:: !h -> atomic { assert(mut); mut = false; h++ }
				fi
			fi
		:: !h && !s && !again -> make()
		:: !h && !s && again && !root -> skip
		:: root ->					/* through its owner */
			take(ROOT, x, PINNED);
			if
			:: lease[x] != EMPTY && !h ->
				atomic { assert(used && hard); hard++; h++ }
			:: lease[x] != EMPTY && !h -> atomic { lease[x] = EMPTY; h++ }
			:: lease[x] == EMPTY && h -> atomic { lease[x] = CELL; h-- }
			:: (lease[x] == EMPTY) == !h
			fi;
			unpin(ROOT, x)
		fi;
next:
		skip
	:: else -> break
	od;
	do
	:: h -> h--; put(1, 0, 0, false)
	:: s -> s--; put(0, 1, 0, false)
	:: !h && !s -> break
	od;
	if
	:: root ->
		take(ROOT, x, DROPPING);
		if
		:: lease[x] != EMPTY -> lease[x] = EMPTY; put(1, 0, 0, false)
		:: else
		fi;
		x = lease[ROOT];
		d_step { lease[ROOT] = EMPTY; release(x) }
	:: else
	fi;
	atomic { turns = 0; x = 0; done++ }
}

/* Lease @to, a copy of @from, owns what @from owns; not ok when another mover is at that. */
inline rehome_one(from, to)
{
	c = lease[from];
	ok = true;
	if
	:: c == EMPTY -> lease[to] = EMPTY
	:: else ->
		atomic {
			touch(c);
			if
			:: st[c] == OWNED && own[c] == from
			:: st[c] == VISITED -> asked[c] = true; ok = false
			:: else -> assert(lease[from] != c); ok = false
			fi
		}
		lease[to] = c;
		if
		:: ok -> atomic {
			touch(c);
			if
			:: st[c] == OWNED && own[c] == from -> own[c] = to
			:: else -> ok = false
			fi
		   }
		:: else
		fi
	fi;
	c = 0
}

proctype mover()
{
	byte s, d, c, tries;
	bool last, ok;

	do
	:: tries < TRIES ->
		tries++;
		/* A walk comes to it: the hunk is held, the tag is read. */
		atomic {
			if
			:: st[0] == COUNTED -> s = 0
			:: st[1] == COUNTED -> s = 1
			:: st[2] == COUNTED -> s = 2
			:: else -> goto next
			fi;
			held = s
		};
		/* swim_cell_busy(), of this object's cell or of another's by now */
		atomic {
			enter(MOVER0);
			if
#ifdef MUT_MOVES
			:: hard && !ref && !busy -> busy = true
#else
			:: hard && !ref && !mut && !busy -> busy = true
#endif
			:: else -> goto leave_it
			fi
		};
#ifndef NO_RECHECK
		if
		:: object != s -> goto let_go
		:: else
		fi;
#endif
		d_step {
			assert(used);
			d = 0;
			do
			:: d < SHARED && st[d] != FREE -> d++
			:: else -> break
			od;
			if
			:: d < SHARED -> st[d] = UNW
			:: else -> d = EMPTY
			fi
		};
		if
		:: d == EMPTY -> goto let_go
		:: else
		fi;
		d_step { touch(s); val[d] = val[s] };
		if :: mut -> goto abort :: else fi;
		d_step { touch(s); val2[d] = val2[s]; lease[d] = lease[s] };
		if :: mut -> goto abort :: else fi;
		rehome_one(s, d);
		if :: !ok -> goto abort :: else -> ok = false fi;
		st[d] = COUNTED;
#ifdef EARLY_UNBUSY
		unbusy();
#endif
		object = d;
		d_step { touch(s); st[s] = DEAD };
#ifndef EARLY_UNBUSY
		unbusy();
#endif
		leave(MOVER0);
		d_step { held = EMPTY; retire(s) };
		goto next;
abort:
		skip;
		d_step { wipe(d); ok = false };
let_go:
		skip;
		unbusy();
leave_it:
		skip;
		leave(MOVER0);
		d_step { unhold(s) };
next:
		skip;
		d_step { s = 0; d = 0 }
	:: else -> break
	od;
	atomic { tries = 0; done++ }
}

/* Of slots 3 and 4. */
proctype mover_exclusive()
{
	byte s, d, l, tries;

	do
	:: tries < TRIES ->
		tries++;
		/* Its hunk is held. asked = false, then OWNED -> VISITED. */
		atomic {
			if
			:: st[3] == OWNED -> s = 3
			:: st[4] == OWNED -> s = 4
			:: else -> goto next
			fi;
			enter(MOVER1);
			asked[s] = false;
			st[s] = VISITED;
			l = own[s]
		}
		atomic {
			assert(l == ROOT || st[l] != FREE);
			assert(lease[l] == s);		/* visit(): never CORRUPT */
			d = 7 - s;
			if
			:: st[d] == FREE -> st[d] = UNW
			:: else -> st[s] = OWNED; goto leave_it
			fi
		}
		val[d] = val[s];
		if :: asked[s] -> goto abort :: else fi;
		d_step { val2[d] = val2[s]; lease[d] = lease[s] };
		if :: asked[s] -> goto abort :: else fi;
		/* The lease in it is a counted one, if there is any: a copy is as good. */
		d_step { own[d] = l; st[d] = OWNED };
		d_step { assert(l == ROOT || st[l] != FREE); lease[l] = d };
		d_step { touch(s); st[s] = DEAD };
		leave(MOVER1);
		d_step { retire(s) };
		goto next;
abort:
		skip;
		d_step { wipe(d) };
		st[s] = OWNED;
leave_it:
		leave(MOVER1);
next:
		skip;
		d_step { s = 0; d = 0; l = 0 }
	:: else -> break
	od;
	atomic { tries = 0; done++ }
}

init
{
	atomic {
		st[0] = COUNTED; val[0] = 1; val2[0] = 1;
		used = true;
		lease[0] = EMPTY; lease[1] = EMPTY; lease[2] = EMPTY;
		lease[3] = EMPTY; lease[4] = EMPTY; lease[ROOT] = EMPTY;
		own[3] = EMPTY; own[4] = EMPTY;
		held = EMPTY;
		hard = 1;
#ifdef PARENT
		st[3] = OWNED; own[3] = ROOT; lease[ROOT] = 3; lease[3] = CELL;
		run client(CLIENT0, 0, 0, true);
#else
		run client(CLIENT0, 1, 0, false);
#endif
#ifdef CHILD
		st[3] = OWNED; own[3] = 0; lease[0] = 3; val[3] = 1; val2[3] = 1;
#endif
		if
#ifndef OTHERS
		:: hard++; run client(CLIENT1, 1, 0, false)
#endif
		:: soft++; run client(CLIENT1, 0, 1, false)
		fi;
#ifdef OTHERS
		run mover_exclusive();
#endif
		run mover()
	}
#ifdef OTHERS
	done == 4;
#else
	done == 3;
#endif
	/* Everybody is through: all was dropped, and the cell freed, once. */
	assert(!used && !hard && !soft && !ref && !mut && !busy);
	assert(st[0] == FREE && st[1] == FREE && st[2] == FREE && st[3] == FREE && st[4] == FREE)
}
