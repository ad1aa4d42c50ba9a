/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pack: one word is the whole state.
 *
 * Memory of a few units. Three processes allocate an object or two, of one or two units and one
 * or two of tags (a lease needs a LINK), write to them, may resize the first, and free them in
 * either order.
 *
 * Shown: nobody has a unit that somebody else has, or that is beyond the mark; how much is used
 * and how many live is exact at any time, and in the end all is free again.
 *
 *	alloc()			swim_pack_alloc(), bump() in alloc/pack.c
 *	release()		swim_free(), swim_pack_release(), with put() for both; swim_packed_put() is
 *				the same where nothing is dead
 *	resize()		swim_pack_resize()
 *
 * Reading the word is a step, and the compare-and-swap is one. That the word may have been
 * another in between is part of this: mark, dead and live are compared, nothing else.
 *
 * What the checker must find when it is otherwise:
 *
 *	PLAIN_REWIND	free counts, looks whether it was the newest, and then stores the mark
 *	MARK_ONLY	the mark alone is compared, and the counts with it are stored
 *
 * Check: spin -a pack.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define UNITS	8

#ifdef MARK_ONLY
#define SAME(state)	(mark == state.mark)
#else
#define SAME(state)	(mark == state.mark && dead == state.dead && live == state.live)
#endif
/* An object has one tag; others in front of it are dead. */
#define USED(state)	(state.mark - state.dead - state.live)

typedef word { byte mark; byte dead; byte live }

byte mark, dead, live;		/* the word */
byte whose[UNITS];		/* 0: nobody's */
byte is_used, is_live;		/* what it should say */
byte done;

/* Units @first to @end go from one to another. */
inline pass(first, end, one, other)
{
	i = first;
	do
	:: i < end -> assert(whose[i] == one); whose[i] = other; i++
	:: else -> break
	od;
	i = 0
}

inline read()
{
	d_step { old.mark = mark; old.dead = dead; old.live = live }
}

inline swap()
{
	mark = new.mark; dead = new.dead; live = new.live;
	assert(live == is_live && dead + live <= mark && USED(new) == is_used)
}

inline forget()
{
	old.mark = 0; old.dead = 0; old.live = 0;
	new.mark = 0; new.dead = 0; new.live = 0
}

/* An object of @units behind @front of tags: at @at, which is UNITS when there is no room. */
inline alloc(at, front, units)
{
	read();
	do
	:: old.mark + front + units > UNITS -> at = UNITS; break
	:: else ->
		atomic {
			if
			:: SAME(old) ->
				d_step {
					at = old.mark + front;
					new.mark = at + units; new.dead = old.dead + front - 1; new.live = old.live + 1;
					is_used = is_used + units; is_live++;
					swap();
					pass(at - front, at + units, 0, _pid)
				}
				break
			:: else -> read()
			fi
		}
	od;
	/* It is zeroed, and its tags are written. */
	atomic {
		forget();
		if
		:: at != UNITS -> pass(at - front, at + units, _pid, _pid)
		:: else
		fi
	}
}

inline release(at, front, units)
{
	/* Its tag says so. */
	d_step { pass(at - front, at + units, _pid, _pid) };
	read();
	do
	:: atomic {
		if
		:: SAME(old) ->
			d_step {
				new.mark = old.mark; new.dead = old.dead + 1 + units; new.live = old.live - 1;
				if
				:: new.live == 0 -> new.mark = 0; new.dead = 0
#ifndef PLAIN_REWIND
				:: new.live != 0 && old.mark == at + units ->
					new.mark = at - front; new.dead = new.dead - front - units
#endif
				:: else
				fi;
				pass(at - front, at + units, _pid, 0);
				is_used = is_used - units; is_live--;
				swap()
			}
			break
		:: else -> read()
		fi
	   }
	od;
#ifdef PLAIN_REWIND
	if
	:: mark == at + units -> mark = at - front
	:: else
	fi;
#endif
	atomic { forget(); at = UNITS }
}

/* One unit more or less. */
inline resize(at, units, want)
{
	read();
	do
	:: want > units && (old.mark != at + units || at + want > UNITS) -> want = units; break
	:: else ->
		/* The first of the rest of one that is not the newest gets a tag. */
		assert(want > units || old.mark == at + units || whose[at + want] == _pid);
		atomic {
			if
			:: SAME(old) ->
				d_step {
					new.mark = old.mark; new.dead = old.dead; new.live = old.live;
					if
					:: old.mark == at + units -> new.mark = at + want
					:: else -> new.dead = old.dead + units - want
					fi;
					is_used = is_used + want - units;
					swap();
					if
					:: want > units -> pass(at + units, at + want, 0, _pid)
					:: want < units -> pass(at + want, at + units, _pid, 0)
					:: else
					fi
				}
				break
			:: else -> read()
			fi
		}
	od;
	atomic { forget(); units = want; want = 0 }
}

/* @front: units of tags of the first object; @two: there may be two, and the first is resized */
proctype user(byte front; bool two)
{
	byte a, b = UNITS, au, bu = 1, to, i;
	word old, new;

	if :: au = 1 :: au = 2 fi;
	alloc(a, front, au);
	if
	:: two && a != UNITS && au == 2 -> to = 1; resize(a, au, to)
	:: two && a != UNITS && au == 1 -> to = 2; resize(a, au, to)
	:: skip
	fi;
	if
	:: two -> alloc(b, 1, bu)
	:: skip
	fi;
	if
	:: a != UNITS -> release(a, front, au)
	:: b != UNITS -> release(b, 1, bu)
	:: else
	fi;
	if
	:: a != UNITS -> release(a, front, au)
	:: else
	fi;
	if
	:: b != UNITS -> release(b, 1, bu)
	:: else
	fi;
	d_step { a = 0; b = 0; au = 0; done++ }
}

init
{
	atomic {
		run user(2, true);
		run user(1, true);
		run user(1, false)
	}
	done == 3;
	assert(mark == 0 && dead == 0 && live == 0)
}
