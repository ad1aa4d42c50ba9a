/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The summary bits of a space: a free extent is never invisible for ever.
 *
 * One order; two segments of two rows, an extent for each row. leaf, top and room are the
 * three levels of the page-backed space: leaf[s] stands for region->room, top for the bit of
 * the word that holds them, room for the bit of the region.
 *
 * Shown: once everybody is through, a segment with a free extent can be found from the top;
 * nobody gives back what is not taken, or gets what somebody has.
 *
 *	find()			room_find() in alloc/space.c
 *	some(), none()		room_some(), room_none(); climb() is summary_clear()
 *	taker			take(), then swim_space_free()
 *	trimmer			swim_segment_claim() of segment 0 with the way back when a row is not
 *				free; stands for take_rows() with its way back, too
 *
 * Three things keep it true. "Clear, then look again" at the leaf, against "give, then set". A
 * bit of a summary that is set again by the one who cleared it is set again in all levels
 * above, for somebody may have seen it clear and cleared those. And who took rows and puts
 * them back says so like anybody who gives: somebody may have looked in between.
 *
 * What the checker must find when it is left out:
 *
 *	NO_LOOK		the second look, after the leaf's bit is cleared
 *	NO_CLIMB	setting the levels above again
 *	NO_SAY		room_some() after the way back
 *
 * Memory is sequentially consistent here; space.c names the barriers.
 *
 * Check: spin -a room.pml && cc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m1000000
 */
#define SEGMENTS 2
#define ROWS	2
#define NOBODY	255

#ifndef TURNS
#define TURNS	1	/* times that each taker takes and gives back */
#endif

bool row[SEGMENTS * ROWS];	/* set: taken */
bool leaf[SEGMENTS];
bool top, room;
byte done;

#define ANY_LEAF (leaf[0] || leaf[1])

/* Say that there may be an extent in segment @s. */
inline some(s)
{
	if
	:: leaf[s] ->
		if
		:: top ->
			if
			:: room -> known = 1
			:: else
			fi
		:: else
		fi
	:: else
	fi;
	if
	:: known -> known = 0
	:: else ->
		leaf[s] = true;
		top = true;
		room = true
	fi
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
	leaf[s] = false;
	if
	:: !ANY_LEAF -> clear_top()
	:: else
	fi;
	if
	:: !top -> clear_room()
	:: else
	fi
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

/* swim_segment_take(): each row once, with a compare-and-swap. */
inline take_from(s, got)
{
	atomic {
		if
		:: !row[s * ROWS] -> row[s * ROWS] = true; got = s * ROWS
		:: else
		fi
	}
	if
	:: got == NOBODY ->
		atomic {
			if
			:: !row[s * ROWS + 1] -> row[s * ROWS + 1] = true; got = s * ROWS + 1
			:: else
			fi
		}
	:: else
	fi
}

inline give(n)
{
	d_step { assert(row[n]); row[n] = false }
}

proctype taker(byte has)
{
	byte s, got = has, turns;
	bool known;

	do
	:: got != NOBODY ->
		give(got);
		s = got / ROWS;
		got = NOBODY;
		some(s)
	:: got == NOBODY && turns == TURNS -> break
	:: got == NOBODY && turns < TURNS ->
		turns++;
		do
		:: find(s);
		   if
		   :: s == NOBODY -> break	/* out of memory, or grow */
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
		od
	od;
	done++
}

proctype trimmer()
{
	bool known;

	atomic {
		if
		:: row[0] -> goto out
		:: else -> row[0] = true
		fi
	}
	atomic {
		if
		:: row[1] -> goto undo
		:: else -> row[1] = true
		fi
	}
	/* All of it: its pages go, and come again with grow(). */
	give(0);
	give(1);
	some(0);
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
		:: run taker(0); run taker(1)
		:: run taker(0); run taker(2)
		:: row[0] = false; run taker(NOBODY); run taker(1)
		:: row[0] = false; row[2] = false; run taker(NOBODY); run taker(NOBODY)
		:: row[0] = false; run taker(2); run taker(NOBODY)
		fi;
		/* A bit that is set for nothing is allowed, and so is one that is clear. */
		if
		:: row[2] && row[3] -> leaf[1] = false
		:: skip
		fi;
		run trimmer()
	}
	done == 3;
	assert((row[0] && row[1]) || (leaf[0] && top && room));
	assert((row[2] && row[3]) || (leaf[1] && top && room))
}
