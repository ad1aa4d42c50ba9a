/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The summary bits of a space: a free extent is never invisible for ever, and nobody is told
 * that there is none while there is one.
 *
 * One order; two segments of two rows, an extent for each row. leaf, top and room are the
 * three levels of the page-backed space: leaf[s] stands for region->room, top for the bit of
 * the word that holds them, room for the bit of the region; missed[s] for segment->missed.
 *
 * Shown: once everybody is through, a segment with a free extent can be found from the top, or
 * nobody has looked there yet; nobody gives back what is not taken, or gets what somebody has;
 * who gets nothing was right: no extent was free all the time.
 *
 *	find()			room_find() in alloc/space.c
 *	some(), none()		room_some(), room_none(); clear_top(), clear_room() are
 *				top_clear(), room_clear()
 *	taker			take(), the last look at all segments, then swim_space_free()
 *	trimmer			segment_put() of segment 0: swim_segment_claim() with the way back when
 *				a row is not free; stands for take_rows() with its way back, too. Then
 *				grow()
 *
 * Five things keep it true. "Clear, say so, then look" stands against "give, then see". What
 * was missed is said after the bits are cleared, or the one who sees it could set them before;
 * and it is forgotten before they are set, or what is said meanwhile would be forgotten with
 * it. A bit of a summary that is set again by the one who cleared it is set again in all levels
 * above, for somebody may have seen it clear and cleared those. And who took rows and puts
 * them back says so like anybody who gives: somebody may have looked in between.
 *
 * Between two of these steps an extent cannot be seen for a moment, which is as long as whoever
 * is between them is interrupted: the last look is for that.
 *
 * What the checker must find when it is left out, or is the other way round:
 *
 *	NO_LOOK		the second look, after it was said that the segment was missed
 *	NO_CLIMB	setting the levels above again
 *	NO_SAY		room_some() after the way back
 *	NO_LAST_LOOK	the look at all segments before "out of memory"
 *	EARLY_MISS	missed is set before the bits are cleared
 *	LATE_FORGET	missed is cleared after the bits are set
 *
 * Memory is sequentially consistent here; space.c names the barriers.
 *
 * Check: spin -a room.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define SEGMENTS 2
#define ROWS	2
#define NOBODY	255

#ifndef TURNS
#define TURNS	1	/* times that each taker takes and gives back */
#endif

bool row[SEGMENTS * ROWS];	/* set: taken */
bool leaf[SEGMENTS];
bool missed[SEGMENTS];
bool top, room;
byte stays[SEGMENTS * ROWS];	/* who has begun to look since when it is free */
byte done;

#define ANY_LEAF (leaf[0] || leaf[1])
#define STAYS(me) ((stays[0] | stays[1] | stays[2] | stays[3]) & (me))

/* room_set() of segment @s */
inline set(s)
{
	leaf[s] = true;
	top = true;
	room = true
}

inline some(s)
{
	do
	:: missed[s] ->
#ifdef LATE_FORGET
		set(s);
		missed[s] = false
#else
		missed[s] = false;
		set(s)
#endif
	:: else -> break
	od
}

/* summary_clear() of the top level, then of the top of all. */
inline clear_top()
{
	top = false;
	if
	:: ANY_LEAF ->
		top = true;
#ifndef NO_CLIMB
		room = true
#endif
	:: else
	fi
}

inline clear_room()
{
	room = false;
	if
	:: top -> room = true
	:: else
	fi
}

inline none(s)
{
#ifdef EARLY_MISS
	missed[s] = true;
#endif
	leaf[s] = false;
	if
	:: !ANY_LEAF -> clear_top()
	:: else
	fi;
	if
	:: !top -> clear_room()
	:: else
	fi;
#ifndef EARLY_MISS
	missed[s] = true
#endif
}

/* The first segment that may have room, or NOBODY. */
inline find(s)
{
	do
	:: !room -> s = NOBODY; break
	:: else ->
		if
		:: !top -> clear_room()
		:: else ->
			if
			:: atomic { leaf[0] -> s = 0 }; break
			:: atomic { !leaf[0] && leaf[1] -> s = 1 }; break
			:: atomic { !leaf[0] && !leaf[1] -> skip }; clear_top()
			fi
		fi
	od
}

inline take_row(n, got)
{
	d_step {
		if
		:: !row[n] -> row[n] = true; stays[n] = 0; got = n
		:: else
		fi
	}
}

/* swim_segment_take(): each row once, with a compare-and-swap. */
inline take_from(s, got)
{
	take_row(s * ROWS, got);
	if
	:: got == NOBODY -> take_row(s * ROWS + 1, got)
	:: else
	fi
}

inline give(n)
{
	d_step { assert(row[n]); row[n] = false }
}

proctype taker(byte has; byte me)
{
	byte s, got = has, turns;

	do
	:: got != NOBODY ->
		give(got);
		s = got / ROWS;
		got = NOBODY;
		some(s);
		s = 0
	:: got == NOBODY && turns == TURNS -> break
	:: got == NOBODY && turns < TURNS ->
		d_step {
			turns++;
			if :: !row[0] -> stays[0] = stays[0] | me :: else fi;
			if :: !row[1] -> stays[1] = stays[1] | me :: else fi;
			if :: !row[2] -> stays[2] = stays[2] | me :: else fi;
			if :: !row[3] -> stays[3] = stays[3] | me :: else fi
		}
		do
		:: find(s);
		   if
		   :: s == NOBODY -> break
		   :: else
		   fi;
		   take_from(s, got);
		   if
		   :: got == NOBODY ->
			none(s);
#ifndef NO_LOOK
			take_from(s, got);
			if
			:: got != NOBODY -> some(s)
			:: else
			fi
#endif
		   :: else
		   fi;
		   if
		   :: got != NOBODY -> break
		   :: else
		   fi
		od;
#ifndef NO_LAST_LOOK
		if
		:: got == NOBODY -> take_from(0, got)
		:: else
		fi;
		if
		:: got == NOBODY -> take_from(1, got)
		:: else
		fi;
#endif
		/* Out of memory, when it is nobody's. */
		atomic {
			assert(got != NOBODY || !STAYS(me));
			stays[0] = stays[0] & ~me; stays[1] = stays[1] & ~me;
			stays[2] = stays[2] & ~me; stays[3] = stays[3] & ~me;
			s = 0
		}
	od;
	done++
}

proctype trimmer()
{
	byte got = NOBODY;

	take_row(0, got);
	if
	:: got == NOBODY -> goto out
	:: else -> got = NOBODY
	fi;
	take_row(1, got);
	if
	:: got == NOBODY -> goto undo
	:: else -> got = NOBODY
	fi;
	/* All of it: its pages go, and come again with grow(). */
	give(0);
	give(1);
	set(0);
	goto out;
undo:
	give(0);
#ifndef NO_SAY
	some(0);
#endif
out:
	done++
}

init
{
	atomic {
		/* Rows that nobody here has are some other client's, for ever. */
		row[0] = true; row[1] = true; row[2] = true; row[3] = true;
		leaf[0] = true; leaf[1] = true; top = true; room = true;
		if
		:: run taker(0, 1); run taker(1, 2)
		:: run taker(0, 1); run taker(2, 2)
		:: row[0] = false; run taker(NOBODY, 1); run taker(1, 2)
		:: row[0] = false; row[2] = false; run taker(NOBODY, 1); run taker(NOBODY, 2)
		:: row[0] = false; run taker(2, 1); run taker(NOBODY, 2)
		fi;
		/* A bit that is set for nothing is allowed, and so is one that is clear. */
		if
		:: row[2] && row[3] -> leaf[1] = false; missed[1] = true
		:: missed[1] = true
		:: skip
		fi;
		run trimmer()
	}
	done == 3;
	assert((row[0] && row[1]) || (leaf[0] && top && room));
	assert((row[2] && row[3]) || (leaf[1] && top && room))
}
