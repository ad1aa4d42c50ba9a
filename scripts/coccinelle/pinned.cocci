// SPDX-License-Identifier: GPL-2.0-only
/// A function returns with a lease pinned that it unpins on another way.
//# False positives are functions that hand the pin over to their caller in some other way than
//# by returning the address. What returns because the pin itself failed is let pass: an address,
//# or an errno until it is another one's, tells that.
///
// Confidence: Moderate
// Options: --no-includes --include-headers

virtual org
virtual report

@initialize:python@
@@

def say_report(p, p2):
    coccilib.report.print_report(p2[0], "ERROR: return without the unpin for line %s" % p[0].line)

def say_org(p, p2):
    cocci.print_main("pin", p)
    cocci.print_secs("return", p2)

// These give an address, or an error pointer.
@pinned exists@
identifier pin =~ "(^swim_(raw|ptr)|_(box|string))_pin$";
identifier unpin =~ "(^swim_(raw|ptr)|_(box|string))_unpin$";
expression L;
position p;
@@

pin@p(L, ...)
... when any
unpin(L)

// These fill in a slice, and give an errno.
@filled exists@
identifier pin =~ "_buf_pin$";
identifier unpin =~ "_buf_unpin$";
expression L;
position p;
@@

pin@p(L, ...)
... when any
unpin(L)

// Whoever gets the address gets the pin with it.
@handed exists@
identifier pinned.pin, v;
expression pinned.L;
position pinned.p, p2;
@@

v = pin@p(L, ...)
... when any
return@p2 v;

@address exists@
identifier pinned.pin, pinned.unpin, v;
expression pinned.L;
position pinned.p, p2 != handed.p2;
@@

v = pin@p(L, ...)
... when != unpin(L)
    when != true IS_ERR(v)
    when != true unlikely(IS_ERR(v))
    when != true IS_ERR_OR_NULL(v)
    when != true unlikely(IS_ERR_OR_NULL(v))
    when != false !IS_ERR(v)
    when != false !IS_ERR_OR_NULL(v)
    when != PTR_ERR_OR_ZERO(v)
return@p2 ...;

@errno exists@
identifier filled.pin, filled.unpin, err;
expression filled.L, X, slice;
position filled.p, p2;
@@

err = pin@p(L, slice)
... when != unpin(L)
    when != true err
    when != true unlikely(err)
    when != true err < 0
    when != false !err
    when != err = X
return@p2 ...;

@errno_since exists@
identifier filled.pin, filled.unpin, err;
expression filled.L, X, slice;
position filled.p, p2;
@@

err = pin@p(L, slice)
... when != unpin(L)
    when != true err
    when != true unlikely(err)
    when != true err < 0
    when != false !err
err = X
... when != unpin(L)
return@p2 ...;

@address_errno exists@
identifier pinned.pin, pinned.unpin, err, v;
expression pinned.L, X;
position pinned.p, p2;
@@

v = pin@p(L, ...)
... when != unpin(L)
err = PTR_ERR_OR_ZERO(v)
... when != unpin(L)
    when != true err
    when != true unlikely(err)
    when != true err < 0
    when != false !err
    when != err = X
return@p2 ...;

@address_errno_since exists@
identifier pinned.pin, pinned.unpin, err, v;
expression pinned.L, X;
position pinned.p, p2;
@@

v = pin@p(L, ...)
... when != unpin(L)
err = PTR_ERR_OR_ZERO(v)
... when != unpin(L)
    when != true err
    when != true unlikely(err)
    when != true err < 0
    when != false !err
err = X
... when != unpin(L)
return@p2 ...;

@at_once exists@
identifier filled.pin, filled.unpin;
expression filled.L, slice;
statement S;
position filled.p, p2;
@@

if (\(pin@p(L, slice)\|unlikely(pin@p(L, slice))\|pin@p(L, slice) < 0\)) S
... when != unpin(L)
return@p2 ...;

@script:python depends on org@
p << pinned.p;
p2 << address.p2;
@@

say_org(p, p2)

@script:python depends on org@
p << filled.p;
p2 << errno.p2;
@@

say_org(p, p2)

@script:python depends on org@
p << filled.p;
p2 << errno_since.p2;
@@

say_org(p, p2)

@script:python depends on org@
p << pinned.p;
p2 << address_errno.p2;
@@

say_org(p, p2)

@script:python depends on org@
p << pinned.p;
p2 << address_errno_since.p2;
@@

say_org(p, p2)

@script:python depends on org@
p << filled.p;
p2 << at_once.p2;
@@

say_org(p, p2)

@script:python depends on report@
p << pinned.p;
p2 << address.p2;
@@

say_report(p, p2)

@script:python depends on report@
p << filled.p;
p2 << errno.p2;
@@

say_report(p, p2)

@script:python depends on report@
p << filled.p;
p2 << errno_since.p2;
@@

say_report(p, p2)

@script:python depends on report@
p << pinned.p;
p2 << address_errno.p2;
@@

say_report(p, p2)

@script:python depends on report@
p << pinned.p;
p2 << address_errno_since.p2;
@@

say_report(p, p2)

@script:python depends on report@
p << filled.p;
p2 << at_once.p2;
@@

say_report(p, p2)
