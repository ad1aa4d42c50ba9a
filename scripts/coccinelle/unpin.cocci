// SPDX-License-Identifier: GPL-2.0-only
/// An address is used after the unpin up to which it was valid.
//# What is compared, measured or asked for its error is not used. A copy of the address in
//# another variable is not followed, but for a place in a slice.
///
// Confidence: High
// Options: --no-includes --include-headers

virtual org
virtual report

@pinned exists@
identifier pin =~ "(^swim_(raw|ptr)|_(box|string))_pin$";
identifier pin_all =~ "_buf_pin$";
identifier unpin =~ "(^swim_(raw|ptr)|_(box|buf|string))_unpin$";
identifier v;
expression L, X;
position p;
@@

(
 v = pin(L)
|
 pin_all(L, &v)
)
... when != v = X
unpin@p(L)

// A place in a slice is an address as the slice is.
@placed exists@
identifier pin_all =~ "_buf_pin$";
identifier slice_at =~ "_slice_at$";
identifier unpin =~ "_buf_unpin$";
identifier s, v;
expression L, X;
position p;
@@

pin_all(L, &s)
...
v = \(slice_at(&s, ...)\|s.at\|&s.at[...]\)
... when != v = X
unpin@p(L)

// A block that is run pinned ends with the unpin.
@left exists@
iterator run =~ "^swim_(raw|ptr|box|ptr_box)_pinned$";
identifier v;
expression L;
statement S;
position p;
@@

run@p(v, L) S

// Nothing but the address, or its type, is looked at.
@looked@
identifier compare =~ "^KUNIT_(EXPECT|ASSERT)_";
identifier v;
position p;
@@

(
 sizeof(<+... v@p ...+>)
|
 \(IS_ERR\|IS_ERR_OR_NULL\|PTR_ERR\|PTR_ERR_OR_ZERO\)(v@p)
|
 compare(..., v@p, ...)
)

@used exists@
identifier pinned.v, pinned.unpin, f, m;
identifier pin_all =~ "_buf_pin$";
expression X;
iterator iter;
statement S;
position pinned.p, p2 != looked.p;
@@

unpin@p(...)
...
(
 iter(v, ...) S
|
 pin_all(X, &v)
|
 \(v@p2->m\|v@p2.at\|*v@p2\|v@p2[...]\|f(..., v@p2, ...)\|f(..., &v@p2, ...)\)
|
 return v@p2;
|
 v = X
)

@used_place exists@
identifier placed.v, placed.unpin, f, m;
expression X;
iterator iter;
statement S;
position placed.p, p2 != looked.p;
@@

unpin@p(...)
...
(
 iter(v, ...) S
|
 \(v@p2->m\|*v@p2\|v@p2[...]\|f(..., v@p2, ...)\)
|
 return v@p2;
|
 v = X
)

@used_left exists@
identifier left.v, f, m;
expression X;
iterator left.run, iter;
statement S, S2;
position left.p, p2 != looked.p;
@@

run@p(v, ...) S
...
(
 iter(v, ...) S2
|
 \(v@p2->m\|*v@p2\|v@p2[...]\|f(..., v@p2, ...)\)
|
 return v@p2;
|
 v = X
)

@script:python depends on org@
p << pinned.p;
p2 << used.p2;
@@

cocci.print_main("unpin", p)
cocci.print_secs("use", p2)

@script:python depends on org@
p << placed.p;
p2 << used_place.p2;
@@

cocci.print_main("unpin", p)
cocci.print_secs("use", p2)

@script:python depends on org@
p << left.p;
p2 << used_left.p2;
@@

cocci.print_main("block", p)
cocci.print_secs("use", p2)

@script:python depends on report@
p << pinned.p;
p2 << used.p2;
@@

msg = "ERROR: address used after its unpin on line %s" % (p[0].line)
coccilib.report.print_report(p2[0], msg)

@script:python depends on report@
p << placed.p;
p2 << used_place.p2;
@@

msg = "ERROR: place in a slice used after its unpin on line %s" % (p[0].line)
coccilib.report.print_report(p2[0], msg)

@script:python depends on report@
p << left.p;
p2 << used_left.p2;
@@

msg = "ERROR: address used after the block of line %s that was run pinned" % (p[0].line)
coccilib.report.print_report(p2[0], msg)
