/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slab: units, the rows that have a bit for each, and the hint which rows have room.
 *
 * Two rows of two units. Each process gives back what it has and takes a unit, and gives
 * that back in the end.
 *
 * Shown: nobody gets a unit that somebody has; who gets none was right, for no unit was free
 * all the time that he looked; once everybody is through no unit is lost, and the hint tells of
 * every row that has one.
 *
 *	take()			take_now() and take() in alloc/slab.c; row_take() is one step, of which more than one
 *				can be tried
 *	none()			room_none()
 *	give()			swim_slab_free()
 *
 * "Clear, then look" and "give, then set" keep the hint. In between it is behind, and for as
 * long as whoever is there is interrupted: so all rows are looked at before "out of memory".
 *
 * What the checker must find when it is left out, or is the other way round:
 *
 *	NO_LOOK		the look at a row after its bit was cleared
 *	NO_LAST_LOOK	the look at all rows before "out of memory"
 *	EARLY_SET	free sets the bit before it gives the unit back
 *
 * Memory is sequentially consistent here; slab.c names the barriers.
 *
 * Check: spin -a slab.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define ROWS	2
#define BITS	2
#define FULL	3		/* a row of which all bits are set */
#define NOTHING	255

#ifndef TURNS
#define TURNS	1	/* times that each one takes a unit */
#endif

byte row[ROWS];
byte room;
byte whose[ROWS * BITS];	/* 0: nobody's */
byte stays[ROWS * BITS];	/* who has begun to look since when it is free */
byte done;

#define STAYS(me) ((stays[0] | stays[1] | stays[2] | stays[3]) & (me))

/* Unit @got, whose bit was clear and has just been set. */
inline mine(got, me)
{
	assert(!whose[got]);
	whose[got] = me;
	stays[got] = 0
}

/* row_take(): the lowest clear bit. */
inline take_row(r, got, me)
{
	d_step {
		if
		:: !(row[r] & 1) -> row[r] = row[r] | 1; got = r * BITS; mine(got, me)
		:: (row[r] & 1) && !(row[r] & 2) -> row[r] = row[r] | 2; got = r * BITS + 1; mine(got, me)
		:: else
		fi;
		filled = (row[r] == FULL)
	}
}

inline none(r)
{
	room = room & ~(1 << r);
#ifndef NO_LOOK
	if
	:: row[r] != FULL -> room = room | (1 << r)
	:: else
	fi
#endif
}

/* A unit, or NOTHING. */
inline take(got, me)
{
	do
	:: !room -> break
	/* Each CPU begins with a row of its own. */
	:: atomic {
		if
		:: room & 1 -> r = 0
		:: room & 2 -> r = 1
		fi
	   };
	   take_row(r, got, me);
	   if
	   :: filled -> none(r)
	   :: else
	   fi;
	   if
	   :: got != NOTHING -> break
	   :: else
	   fi
	od;
#ifndef NO_LAST_LOOK
	if
	:: got == NOTHING -> take_row(0, got, me)
	:: else
	fi;
	if
	:: got == NOTHING -> take_row(1, got, me)
	:: else
	fi;
#endif
	r = 0; filled = false
}

inline set(r)
{
	if
	:: !(room & (1 << r)) -> room = room | (1 << r)
	:: else
	fi
}

inline give(got, me)
{
#ifdef EARLY_SET
	set(got / BITS);
#endif
	d_step {
		assert(whose[got] == me && (row[got / BITS] & (1 << (got % BITS))));
		whose[got] = 0;
		row[got / BITS] = row[got / BITS] & ~(1 << (got % BITS))
	};
#ifndef EARLY_SET
	set(got / BITS);
#endif
	got = NOTHING
}

proctype user(byte has; byte me)
{
	byte got = has, r, turns;
	bool filled;

	do
	:: got != NOTHING -> give(got, me)
	:: got == NOTHING && turns == TURNS -> break
	:: got == NOTHING && turns < TURNS ->
		d_step {
			turns++;
			if :: !whose[0] -> stays[0] = stays[0] | me :: else fi;
			if :: !whose[1] -> stays[1] = stays[1] | me :: else fi;
			if :: !whose[2] -> stays[2] = stays[2] | me :: else fi;
			if :: !whose[3] -> stays[3] = stays[3] | me :: else fi
		}
		take(got, me);
		/* Out of memory, when it is nobody's. */
		d_step {
			assert(got != NOTHING || !STAYS(me));
			stays[0] = stays[0] & ~me; stays[1] = stays[1] & ~me;
			stays[2] = stays[2] & ~me; stays[3] = stays[3] & ~me
		}
	od;
	done++
}

init
{
	atomic {
		/* Units that nobody here has are some other client's, for ever. */
		row[0] = FULL; row[1] = FULL;
		whose[0] = 8; whose[1] = 8; whose[2] = 8; whose[3] = 8;
		if
		:: whose[0] = 1; whose[1] = 2; run user(0, 1); run user(1, 2); run user(NOTHING, 4)
		:: whose[0] = 1; whose[2] = 2; run user(0, 1); run user(2, 2); run user(NOTHING, 4)
		:: whose[0] = 1; whose[1] = 2; whose[2] = 4;
		   run user(0, 1); run user(1, 2); run user(2, 4)
		:: row[0] = 2; whose[0] = 0; whose[2] = 1;
		   run user(2, 1); run user(NOTHING, 2); run user(NOTHING, 4)
		fi;
		/* A bit that is set for nothing is allowed. */
		if
		:: room = 3
		:: room = 1
		:: row[0] == FULL -> room = 0
		fi
	}
	done == 3;
	/* Each unit is free or the other client's, as its bit says. */
	assert((row[0] & 1) == (whose[0] >> 3) && (row[0] >> 1) == (whose[1] >> 3));
	assert((row[1] & 1) == (whose[2] >> 3) && (row[1] >> 1) == (whose[3] >> 3));
	assert(row[0] == FULL || (room & 1));
	assert(row[1] == FULL || (room & 2))
}
