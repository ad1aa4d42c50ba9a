// SPDX-License-Identifier: GPL-2.0-only
/// A lease that was dropped owns nothing: it must not be used before it is given a new object.
//# Any other function that is given the lease, and whoever keeps its address, may do that. Values of variables may imply that
//# a path is not possible: what stands where the drop is known to have failed is let pass.
///
// Confidence: High
// Options: --no-includes --include-headers

virtual org
virtual report

@dropped@
identifier drop =~ "(^swim_(raw|ptr|mut|ref|hard|soft)|_(box|buf|string))_drop$";
expression L;
position p;
@@

drop@p(L)

// Where an error is what is asked for, it did not happen, or is not meant to.
@wanted@
identifier f, call;
constant E;
position p;
@@

f(..., <+... call@p(...) ...+>, -E, ...)

@failed exists@
identifier dropped.drop, call;
expression dropped.L, err;
constant E;
position p;
@@

(
if (\(drop(L)\|drop(L) < 0\|drop(L) != 0\)) { <+... call@p(...) ...+> }
|
err = drop(L);
... when any
    when != err = ...
if (\(err\|err < 0\|err != 0\|err == -E\)) { <+... call@p(...) ...+> }
)

@used exists@
identifier dropped.drop;
identifier use =~ "(^swim_(raw|ptr|mut|ref|hard|soft)|_(box|buf|string))_(pin|unpin|read|get|drop|push|append|insert|remove|pop|truncate|reserve|shrink)$";
identifier turn =~ "(^swim_(raw|ptr|mut|ref|hard|soft)|_(box|buf|string))_(move|clone|((poll|try)_)?(to|into)_(soft|hard|ref|mut|unique))$";
identifier other !~ "_(is_empty|counts|size|len|cap)$";
expression dropped.L, subL<=dropped.L, X;
iterator iter;
statement S;
position dropped.p != wanted.p, p2 != { wanted.p, failed.p };
@@

drop@p(L)
...
(
 iter(..., subL, ...) S
|
 use@p2(L, ...)
|
 turn@p2(X, L, ...)
|
 other(..., subL, ...)
|
 X = L
|
 subL = X
|
 *L = X
|
 subL++
|
 ++subL
|
 subL--
|
 --subL
)

@script:python depends on org@
p << dropped.p;
p2 << used.p2;
@@

cocci.print_main("drop", p)
cocci.print_secs("use", p2)

@script:python depends on report@
p << dropped.p;
p2 << used.p2;
@@

msg = "ERROR: lease used after its drop on line %s" % (p[0].line)
coccilib.report.print_report(p2[0], msg)
