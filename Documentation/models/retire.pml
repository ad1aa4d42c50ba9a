/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Retire: what is stowed away stays for those who read it, whoever finds it dead.
 *
 * Two objects of a hunk go: one is stowed, and readers may be left in it; the other is freed.
 * Meanwhile one party wants to start the hunk over, when all of it is dead, one looks for a hole,
 * and one wipes what is dead. None of them has anything in common with the one who stows but the
 * words of the hunk.
 *
 * Shown: nobody writes where a reader is left.
 *
 *	retirer			swim_pool_retire(), which says first that readers may be left
 *	freer			release() in alloc/pool.c
 *	restarter		restart_current()
 *	salvager, wiper		hole_in(), wipe(): by the tag, and no sooner than the hunk is closed
 *	reader			who came to the object before it was stowed, and leaves some time
 *
 * Here memory is not sequentially consistent where it matters: without its barrier a party does
 * its two writes, or its two reads, in either order, as the processor may. x86 does neither: this
 * is what no test on it shows.
 *
 * What the checker must find when it is left out, or is the other way round:
 *
 *	NO_RMB		whether all is dead is read, and whether readers may be left, in any order
 *	NO_TAG_RMB	the same of the tag
 *	NO_RELEASE	the tag says DEAD, and the hunk that readers may be left, in any order
 *	LATE_SIGN	that readers may be left is said when the object is counted dead
 *
 * Check: spin -a retire.pml && cc -O2 -DSAFETY -DCOLLAPSE pan.c -o pan && ./pan -m1000000
 */
bool dead[2];		/* the tags; 0 is stowed, 1 freed */
byte live = 2;
bool stowed;
bool inside = true;	/* a reader of object 0 */
bool closed;		/* it is nobody's current hunk: then it is not started over */
byte done;

inline sign()	{ stowed = true }

inline write_over()	{ assert(!inside) }

proctype retirer()
{
#ifdef LATE_SIGN
	dead[0] = true;
	live--;
	sign();
#else
#ifdef NO_RELEASE
	if
	:: sign(); dead[0] = true
	:: dead[0] = true; sign()
	fi;
#else
	sign();
	dead[0] = true;
#endif
	live--;
#endif
	done++
}

proctype freer()
{
	dead[1] = true;
	live--;
	done++
}

proctype restarter()
{
	bool none, left;

	if
	:: none = (live == 0); left = stowed
#ifdef NO_RMB
	:: left = stowed; none = (live == 0)
#endif
	fi;
	if
	:: none && !left && !closed -> write_over()
	:: else
	fi;
	closed = true;
	done++
}

/* salvager and wiper are the same for this. */
proctype salvager()
{
	bool gone, left;

	closed;
	if
	:: gone = dead[0]; left = stowed
#ifdef NO_TAG_RMB
	:: left = stowed; gone = dead[0]
#endif
	fi;
	if
	:: gone && !left -> write_over()
	:: else
	fi;
	done++
}

proctype reader()
{
	inside = false;
	done++
}

init
{
	atomic {
		run retirer();
		run freer();
		run restarter();
		run salvager();
		run reader()
	}
	done == 5
}
