/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What memory a segment has: filled, claimed and emptied, given back a frame at a time, and
 * filled again, while others take and give its pages.
 *
 * One segment of two frames, each one extent and a row of its own; both together are one more
 * extent, when they are one block. Memory is told apart by block: block[f] is 0 where there is
 * none, and frames that were filled together have the same.
 *
 * Shown: who has a frame has its memory, and nobody else has; who has both has one block; memory
 * is never given back while somebody has it, or twice; a segment has memory only while its index
 * is taken, and no two parties have the index; whenever the lock is free, pages and the gap
 * are what the frames say. In the end a bit is clear exactly where there is memory.
 *
 *	taker			swim_segment_take(), swim_segment_give(), of one frame
 *	wide			the same of both frames: take_rows() with its way back
 *	putter			segment_put() in alloc/space.c: lock, claim, empty
 *	releaser		frames_put(): swim_segment_release()
 *	grower			refill_with(), or else grow(): swim_segment_refill(), swim_segment_fill()
 *
 * What the checker must find when it is left out, or is otherwise:
 *
 *	NO_LOCK		who gives frames back does not ask for the lock
 *	EARLY_UNLOCK	a segment without memory is not locked
 *	NO_LAST_LOOK	who took both frames does not look whether they still are one block
 *	STILL_ONE	extents larger than a frame go on when a frame has gone
 *
 * One step are: a compare-and-swap; and what is written to words that nobody reads meanwhile but
 * who has the lock or the frame. Memory is sequentially consistent here; segment.c names the
 * barriers.
 *
 * Check: spin -a segment.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
#define FRAMES	2
#define NOBODY	0
#define ABSENT	0

#ifndef TURNS
#define TURNS	1	/* of each party */
#endif

bool row[FRAMES];	/* set: taken, or absent */
byte block[FRAMES];	/* base and order: which block it is part of */
bool contiguous;	/* an extent may be larger than a frame */
byte pages;		/* frames that are not absent */
bool locked;
bool present;		/* somebody has the index */
bool gap;		/* room's bit for the segment */
byte owner[FRAMES];	/* whose a frame is: not in the code */
byte next = 1;		/* number of the next block: not in the code */
byte done;

#define HAS(f)		(block[f] != ABSENT)
#define COUNT		((HAS(0) -> 1 : 0) + (HAS(1) -> 1 : 0))
#ifdef STILL_ONE
#define HAS_GAP		(pages > 0 && pages < FRAMES)
#else
#define HAS_GAP		(pages > 0 && pages < FRAMES && !contiguous)
#endif

inline lock(got)
{
	atomic {
		got = !locked;
		locked = true
	}
}

/* What whoever gets the lock may rely on. */
inline unlock()
{
	atomic {
		assert(present && pages == COUNT && pages > 0 && gap == HAS_GAP);
		locked = false
	}
}

/* Nobody has the frame when it goes; its bit is set. */
inline memory_goes(f)
{
	atomic {
		assert(row[f] && HAS(f) && owner[f] == NOBODY);
		block[f] = ABSENT
	}
}

inline memory_comes(f, b)
{
	atomic {
		assert(row[f] && !HAS(f) && owner[f] == NOBODY && present);
		block[f] = b
	}
}

/* swim_segment_open() */
inline open(f)
{
	atomic {
		assert(row[f] && owner[f] == NOBODY);
		row[f] = false
	}
}

inline own(f)
{
	atomic {
		assert(HAS(f) && owner[f] == NOBODY);
		owner[f] = _pid
	}
}

inline give(f)
{
	atomic {
		assert(HAS(f) && row[f] && owner[f] == _pid);
		owner[f] = NOBODY;
		row[f] = false
	}
}

inline take_row(f, got)
{
	atomic {
		got = !row[f];
		row[f] = true
	}
}

proctype taker(byte f)
{
	bool got;
	byte turns;

	do
	:: turns == TURNS -> break
	:: turns < TURNS ->
		turns++;
		take_row(f, got);
		if
		:: got -> own(f); give(f)
		:: else
		fi;
		got = false
	od;
	done++
}

/* For both frames as one extent. */
proctype wide()
{
	bool got;
	byte turns;

	do
	:: turns == TURNS -> break
	:: turns < TURNS ->
		turns++;
		if
		:: contiguous ->
			take_row(0, got);
			if
			:: got ->
				take_row(1, got);
				if
				:: got ->
					if
#ifndef NO_LAST_LOOK
					:: !contiguous -> row[0] = false; row[1] = false
#endif
					:: else ->
						own(0);
						own(1);
						assert(block[0] == block[1]);
						give(0);
						give(1)
					fi
				:: else -> row[0] = false
				fi
			:: else
			fi
		:: else
		fi;
		got = false
	od;
	done++
}

/* memory_gone(): without memory it stays locked, and the index goes. */
inline memory_gone()
{
	gap = HAS_GAP;
	if
	:: pages > 0 -> unlock()
	:: else ->
		assert(!HAS(0) && !HAS(1));
#ifdef EARLY_UNLOCK
		locked = false;
#endif
		present = false
	fi
}

proctype putter()
{
	bool got, was;
	byte turns;

	do
	:: turns == TURNS -> break
	:: turns < TURNS ->
		turns++;
		lock(got);
		if
		:: got ->
			/* swim_segment_claim(): each row is what is absent in it, or the way back. */
			was = HAS(0);
			atomic { got = (row[0] == !was); if :: got -> row[0] = true :: else fi };
			if
			:: got ->
				was = HAS(1);
				atomic { got = (row[1] == !was); if :: got -> row[1] = true :: else fi };
				if
				:: got ->
					contiguous = false;
					pages = 0;
					if :: HAS(1) -> memory_goes(1) :: else fi;
					if :: HAS(0) -> memory_goes(0) :: else fi;
					memory_gone()
				:: else ->
					row[0] = !HAS(0);
					unlock()
				fi
			:: else -> unlock()
			fi
		:: else
		fi;
		got = false;
		was = false
	od;
	done++
}

inline release(f)
{
	take_row(f, got);
	if
	:: got ->
#ifndef STILL_ONE
		contiguous = false;
#endif
		pages--;
		memory_goes(f)
	:: else
	fi;
	got = false
}

proctype releaser()
{
	bool got;
	byte turns;

	do
	:: turns == TURNS -> break
	:: turns < TURNS ->
		turns++;
#ifdef NO_LOCK
		got = true;
#else
		lock(got);
#endif
		if
		:: got ->
			if
			:: release(0)
			:: release(1)
			:: release(0); release(1)
			fi;
			memory_gone()
		:: else
		fi;
		got = false
	od;
	done++
}

inline refill(f)
{
	memory_comes(f, next);
	next++;
	pages++;
	open(f)
}

proctype grower()
{
	bool got;
	byte turns;

	do
	:: turns == TURNS -> break
	:: turns < TURNS ->
		turns++;
		if
		:: gap ->
			lock(got);
			if
			:: got ->
				if
				:: HAS_GAP ->
					if
					:: !HAS(0) -> refill(0)
					:: else -> refill(1)
					fi
				:: else
				fi;
				gap = HAS_GAP;
				unlock()
			:: else
			fi
		:: else ->
			atomic { got = !present; present = true };
			if
			:: got ->
				/* swim_segment_fill(): as one block, or one frame of it */
				if
				:: memory_comes(0, next);
				   memory_comes(1, next);
				   contiguous = true;
				   pages = FRAMES
				:: memory_comes(0, next);
				   contiguous = false;
				   pages = 1
				fi;
				next++;
				open(0);
				if :: HAS(1) -> open(1) :: else fi;
				gap = HAS_GAP;
				unlock()
			:: else
			fi
		fi;
		got = false
	od;
	done++
}

init
{
	atomic {
		if
		:: row[0] = true; row[1] = true; locked = true
		:: block[0] = next; block[1] = next; next++; pages = FRAMES;
		   contiguous = true; present = true
		fi;
		run taker(0);
		run wide();
		run putter();
		run releaser();
		run grower();
		run grower()
	}
	done == 6;
	assert(pages == COUNT && present == (pages > 0));
	assert(row[0] == !HAS(0) && row[1] == !HAS(1) && gap == HAS_GAP)
}
