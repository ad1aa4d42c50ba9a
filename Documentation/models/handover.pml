/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handover: memory goes from one who has written there to one who takes it by a word.
 *
 * This is what all words have in common by which memory changes hands:
 *
 *	the word			who hands over			who takes
 *	tag of an object		unpin, a mover that gives up	pin, a mover
 *	object of a lease or cell	a mover, (D) in relocate.c	readers; and owners, to pin
 *	status of a cell		who makes a counted object	who gets a Ref or a Mut
 *	live bytes of a hunk		who frees an object		who gets the hunk
 *	row of a segment		who frees pages			who allocates pages
 *
 * One gives the word with release, when all is written; the other one takes it by a
 * compare-and-swap, or reads what the word leads to: neither comes before that.
 *
 * Here memory is as weak as may be where it matters: what a party writes waits in a buffer of its
 * own, an entry for each place, and comes to be seen in any order, until a release waits for all
 * that was written before. x86 does not do that: no test on it shows that a release is missing.
 *
 * Shown: who takes the memory finds what was written there; and what he writes there stays.
 *
 * What the checker must find when it is left out:
 *
 *	NO_RELEASE	the word is written as anything else is
 *
 * Check: spin -a handover.pml && cc -O2 -DSAFETY pan.c -o pan && ./pan -m100000
 */
#define PARTIES	3
#define ROUNDS	2

byte memory;		/* the number of handovers, as who had it last wrote it */
byte word;		/* whose turn it is */
byte handed;		/* how often, as it should be */
byte done;

/* What each party has written, and nobody else sees yet. */
typedef buffer {
	bool has_memory, has_word;
	byte memory, word;
};
buffer buf[PARTIES];

/* Something that was written comes to be seen, whenever it likes. */
active [PARTIES] proctype drain()
{
	byte me = _pid;

end:
	do
	:: atomic { buf[me].has_memory -> memory = buf[me].memory; buf[me].has_memory = false }
	:: atomic { buf[me].has_word -> word = buf[me].word; buf[me].has_word = false }
	od
}

/* A party sees its own writes at once. */
inline read_memory(to)
{
	if
	:: buf[me].has_memory -> to = buf[me].memory
	:: else -> to = memory
	fi
}

inline write_memory(value)
{
	atomic { buf[me].memory = value; buf[me].has_memory = true }
}

inline give(value)
{
#ifndef NO_RELEASE
	!buf[me].has_memory;
#endif
	atomic { buf[me].word = value; buf[me].has_word = true }
}

active [PARTIES] proctype party()
{
	byte me = _pid - PARTIES, round, seen;

	do
	:: round < ROUNDS ->
		/* A compare-and-swap sees what is there. */
		(word == me && !buf[me].has_word);
		atomic { read_memory(seen) }
		assert(seen == handed);
		handed++;
		write_memory(handed);
		give((me + 1) % PARTIES);
		round++
	:: else -> break
	od;
	done++;
	done == PARTIES;
	/* All is written in the end. */
	!buf[me].has_memory && !buf[me].has_word;
	if
	:: me == 0 -> (!buf[1].has_memory && !buf[2].has_memory); assert(memory == handed)
	:: else
	fi
}
