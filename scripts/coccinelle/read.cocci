// SPDX-License-Identifier: GPL-2.0-only
/// An address that was got by reading is used after the rcu_read_unlock() up to which it was valid.
//# What is compared or measured is not used. A copy of the address in another variable is not
//# followed.
///
// Confidence: High
// Options: --no-includes --include-headers

virtual org
virtual report

@ended exists@
identifier read =~ "(^swim_(raw|ptr)|_(box|string))_read$";
identifier lock =~ "^rcu_read_lock(_bh|_sched)?$";
identifier unlock =~ "^rcu_read_unlock(_bh|_sched)?$";
identifier v;
expression L, X;
position p;
@@

v = read(L)
... when != v = X
    when != lock()
unlock@p()

@looked@
identifier v;
position p;
@@

sizeof(<+... v@p ...+>)

@used exists@
identifier ended.v, ended.unlock, f, m;
expression X;
iterator iter;
statement S;
position ended.p, p2 != looked.p;
@@

unlock@p()
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

@script:python depends on org@
p << ended.p;
p2 << used.p2;
@@

cocci.print_main("unlock", p)
cocci.print_secs("use", p2)

@script:python depends on report@
p << ended.p;
p2 << used.p2;
@@

msg = "ERROR: address used after the rcu_read_unlock() on line %s" % (p[0].line)
coccilib.report.print_report(p2[0], msg)
