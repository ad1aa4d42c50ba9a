#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tables out of what a guest brought home.

	scripts/report.py demo FOLDER			one shadowed heap, before and after compaction
	scripts/report.py count LOG JSON		instruction counts, from the kernel's log
	scripts/report.py live LOG JSON			the same, by how many objects live
	scripts/report.py time LOG JSON			nanoseconds, from the kernel's log
	scripts/report.py lease LOG JSON		the same, of leases and of moving structures
	scripts/report.py held LOG JSON			how full compaction makes a pool
	scripts/report.py speed LOG JSON		how fast it is
	scripts/report.py walk LOG JSON			walking what has survived, before and after it
	scripts/report.py pins LOG JSON			how long pins take meanwhile
	scripts/report.py churn LOG JSON		what it costs to keep a space full
	scripts/report.py pressure LOG JSON		what comes back when memory is short
	scripts/report.py shadow JSON CPUS=FOLDER...	how full the heap got, by the number of CPUs

`demo` reads FOLDER/{before,after}.{stats,shadow,verify}: lines `name value unit`. The others add
their figures to the file JSON. A figure that is missing or wrong is a failure, a target that is
missed is not.
"""

import json
import math
import re
import sys


def figures(path):
    """The lines `name value unit` of a file, as a dictionary of numbers."""
    found = {}
    with open(path) as lines:
        for line in lines:
            words = line.split()
            if len(words) >= 2 and re.fullmatch(r"-?\d+(\.\d+)?", words[1]):
                found[words[0].rstrip(":")] = float(words[1])
    return found


def moment(folder, when):
    """What the pool and the shadow said at one moment."""
    pool = figures(f"{folder}/{when}.stats")
    shadow = figures(f"{folder}/{when}.shadow")
    verify = figures(f"{folder}/{when}.verify")

    def one(source, *names):
        return next((source[name] for name in names if name in source), None)

    live, held = pool["used"], pool["held"]
    now = {
        "objects": pool["live"],
        "live": live,
        "tagged": live + pool["tags"],
        "held": held,
        "hunks": one(pool, "hunks"),
        "moved": one(pool, "moved"),
        "moved_bytes": one(pool, "moved_bytes"),
        "cancelled": one(pool, "cancelled"),
        "refused": one(pool, "refused"),
        "time": one(pool, "time"),
        "mirrored": one(shadow, "mirrored"),
        "dropped": one(shadow, "dropped"),
        "slub": one(shadow, "slub_held"),
        "errors": one(shadow, "pattern_errors"),
        "astray": one(shadow, "lease_errors"),
        "verified": one(verify, "verified"),
        "wrong": one(verify, "errors"),
        "passed": sum(shadow[name] for name in shadow if name.startswith("passed")),
    }
    now["held/live"] = 100 * held / live if live else None
    now["held/tagged"] = 100 * held / now["tagged"] if live else None
    return now


def sound(now):
    """Whether every object still had its bytes, and its lease its object."""
    return not (now["errors"] or now["astray"] or now["wrong"])


def table(rows):
    """Print rows of strings, the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))).rstrip())


def shown(value, unit=""):
    if value is None:
        return "-"
    if unit == "KiB":
        value /= 1024
    if unit == "ms":
        value /= 1e6
    return f"{value:,.1f}" if unit in ("%", "ms") else f"{value:,.0f}"


DEMO = (
    ("live objects", "objects", ""),
    ("live", "live", "KiB"),
    ("live + tags", "tagged", "KiB"),
    ("held by the pool", "held", "KiB"),
    ("held / live", "held/live", "%"),
    ("held / (live + tags)", "held/tagged", "%"),
    ("held by SLUB for all that it has", "slub", "KiB"),
    ("allocations mirrored so far", "mirrored", ""),
    ("frees mirrored so far", "dropped", ""),
    ("events let pass", "passed", ""),
    ("objects moved", "moved", ""),
    ("bytes moved", "moved_bytes", "KiB"),
    ("moves cancelled by a client", "cancelled", ""),
    ("moves refused", "refused", ""),
    ("time compacting", "time", "ms"),
    ("objects read back", "verified", ""),
    ("of these wrong", "wrong", ""),
    ("pattern errors when freed", "errors", ""),
    ("lease errors", "astray", ""),
)


def demo(folder):
    before, after = moment(folder, "before"), moment(folder, "after")
    table([["", "before", "after", "unit"]] +
          [[text, shown(before[name], unit), shown(after[name], unit), unit] for text, name, unit in DEMO])
    return sound(after)


def keep(path, part, what):
    try:
        with open(path) as old:
            results = json.load(old)
    except FileNotFoundError:
        results = {}
    results[part] = what
    with open(path, "w") as new:
        json.dump(results, new, indent=1, sort_keys=True)
        new.write("\n")


def told(log, module):
    """The lines `module: name value unit` of a kernel's log: name to value and unit."""
    found = {}
    with open(log, errors="replace") as lines:
        for line in lines:
            match = re.search(rf"\b{module}: (\S+) (-?\d+(?:\.\d+)?) (\S+)$", line.rstrip())
            if match:
                found[match[1]] = (float(match[2]), match[3])
    if not found:
        sys.exit(f"no lines `{module}: name value unit` in {log}")
    return found


def value_of(found, name):
    if name not in found:
        sys.exit(f"the figure {name} is missing")
    return found[name][0]


def as_json(found):
    return {name: {"value": value, "unit": unit} for name, (value, unit) in found.items()}


class Verdict:
    """What was aimed at, as text, and whether it was met."""

    def __init__(self):
        self.targets = {}

    def cells(self, name, *aims, least=False):
        """Each aim: what is measured, at most (or at least) what, in which unit."""
        aims = [aim for aim in aims if aim[1] is not None]
        if not aims:
            return ["", ""]
        met = all(value >= bound if least else value <= bound for value, bound, _ in aims)
        self.targets[name] = {
            "met": met,
            "aims": [{"value": value, "at_least" if least else "at_most": bound, "unit": unit}
                     for value, bound, unit in aims],
        }
        return [", ".join(f"{'>= ' if least else ''}{bound:g} {unit}" for _, bound, unit in aims),
                "yes" if met else "NO"]

    def tell(self):
        missed = [name for name in self.targets if not self.targets[name]["met"]]
        print(f"\n  {len(self.targets) - len(missed)} of {len(self.targets)} targets met"
              + (f"; missed: {', '.join(missed)}" if missed else ""))


# What, by us, by the peer, at most so many, at most so much of the peer.
COUNT = (
    ("pool: alloc + free", "pool_pair", "kmem_cache_pair", 100, 0.35),
    ("pool: alloc aligned to 64 + free", "aligned_pool_pair", "kmem_cache_pair", None, None),
    ("pack: alloc + free", "pack_pair", "kmem_cache_pair", 80, None),
    ("pool: new + drop, with a lease", "lease_pair", "kmem_cache_pair", None, None),
    ("pool, beside kmalloc", "pool_pair", "kmalloc_pair", None, None),
    ("pool, beside genalloc", "pool_pair", "genalloc_pair", None, None),
    ("slab: alloc + free", "slab_pair", "genalloc_pair", None, None),
    ("space: 64 KiB get + put", "extent_64k_pair", "genalloc_pair", None, None),
    ("read under RCU, beside a pointer", "rcu_read", "raw_pointer", 4, None),
    ("lease: pin + unpin", "pin_pair", "raw_pointer", 30, None),
    ("lease: clone + drop of a Hard", "hard_pair", "refcount_pair", None, None),
)


def count(log, path):
    found = told(log, "count")
    verdict = Verdict()
    rows = [["instructions", "swimmem", "beside it", "ratio", "at most", "met"]]
    for what, ours, theirs, most, share in COUNT:
        here, there = value_of(found, ours), value_of(found, theirs)
        rows.append([what, f"{here:,.1f}", f"{theirs.removesuffix('_pair')} {there:,.1f}",
                     f"{here / there:.2f}"]
                    + verdict.cells(ours, (here, most, "instr"), (here / there, share, "of it")))
    shown_already = {name for row in COUNT for name in row[1:3]}
    for name, (value, unit) in found.items():
        if name not in shown_already:
            rows.append([name, f"{value:,.2f} {unit}" if unit == "%" else f"{value:,.1f} {unit}"])
    table(rows)
    verdict.tell()
    keep(path, "count", as_json(found))
    keep(path, "count_targets", verdict.targets)
    return True


LIVE = [(state, objects) for state in ("fresh", "fragmented")
        for objects in (1000, 100000, 10000000)]


def live(log, path):
    found = told(log, "live")
    rows = [["state", "live objects", "whose", "pair, hot", "alloc", "99.9 %", "worst", "with hunk",
             "free", "99.9 %", "worst", "with hunk"]]
    values = {}
    for whose in ("pool", "kmem_cache"):
        for state, objects in LIVE:
            where = f"{state}.{objects}.{whose}"
            hot = value_of(found, f"{where}.hot")
            row = [state, f"{objects:,}", whose, f"{hot:,.1f}"]
            values.setdefault((whose, "hot"), []).append(hot)
            for what in ("alloc", "free"):
                median, most, worst = (value_of(found, f"{where}.{what}.{which}")
                                       for which in ("median", "p99.9", "worst"))
                apart = found.get(f"{where}.{what}.worst_with_hunk")
                row += [f"{median:,.0f}", f"{most:,.0f}", f"{worst:,.0f}",
                        f"{apart[0]:,.0f}" if apart else ""]
                values.setdefault((whose, what), []).append(median)
                values.setdefault((whose, f"{what}, worst / median"), []).append(worst / median)
            rows.append(row)
    table(rows)
    print()
    verdict = Verdict()
    rows = [["over all of these", "pool", "kmem_cache", "at most", "met"]]
    for what in ("hot", "alloc", "free"):
        spread = {whose: 100 * (max(values[whose, what]) / min(values[whose, what]) - 1)
                  for whose in ("pool", "kmem_cache")}
        rows.append([f"spread of {what}", f"{spread['pool']:.1f} %",
                     f"{spread['kmem_cache']:.1f} %"]
                    + verdict.cells(f"spread.{what}", (spread["pool"], 5, "%")))
    for what in ("alloc", "free"):
        worst = {whose: max(values[whose, f"{what}, worst / median"])
                 for whose in ("pool", "kmem_cache")}
        rows.append([f"worst {what} without a hunk / median", f"{worst['pool']:.2f}",
                     f"{worst['kmem_cache']:.2f}"]
                    + verdict.cells(f"worst.{what}", (worst["pool"], 3, "times")))
    table(rows)
    verdict.tell()
    keep(path, "live", as_json(found))
    keep(path, "live_targets", verdict.targets)
    return True


# What, by us, by whom it is compared with, at most so many ns, at most so many times that.
TIME = (
    ("pool: alloc + free", "pair.pool", "pair.kmem_cache", None, 0.6),
    ("pool, beside zeroed", "pair.pool", "pair.kmem_cache_zeroed", None, None),
    ("pool, beside kmalloc", "pair.pool", "pair.kmalloc", None, None),
    ("pack: alloc + free", "pair.pack", "pair.kmem_cache", None, None),
    ("alloc 10^3, free 10^3", "batch.1000.pool", "batch.1000.kmem_cache", None, None),
    ("alloc 10^5, free 10^5", "batch.100000.pool", "batch.100000.kmem_cache", None, None),
    ("alloc 10^6, free 10^6", "batch.1000000.pool", "batch.1000000.kmem_cache", None, 0.4),
    ("the same, beside kmalloc", "batch.1000000.pool", "batch.1000000.kmalloc", None, None),
    ("10^3, freed at random", "random.1000.pool", "random.1000.kmem_cache", None, None),
    ("10^5, freed at random", "random.100000.pool", "random.100000.kmem_cache", None, None),
    ("10^6, freed at random", "random.1000000.pool", "random.1000000.kmem_cache", None, None),
    ("64 KiB get + put", "extent.space", "extent.alloc_pages", 60, None),
    ("the same, beside genalloc", "extent.space", "extent.genalloc", None, None),
    ("1000 of them", "extents.1000.space", "extents.1000.alloc_pages", None, None),
    ("the same, beside genalloc", "extents.1000.space", "extents.1000.genalloc", None, None),
    ("two CPUs: pool pair", "both.pair.pool", "alone.pair.pool", None, 1.1),
    ("two CPUs: pool, alloc 10^3, free", "both.batch.1000.pool", "alone.batch.1000.pool",
     None, 1.1),
    ("two CPUs: 64 KiB get + put", "both.pair.space", "alone.pair.space", None, 1.1),
    ("two CPUs: kmem_cache pair", "both.pair.kmem_cache", "alone.pair.kmem_cache", None, None),
    ("two CPUs: kmem_cache, 10^3", "both.batch.1000.kmem_cache", "alone.batch.1000.kmem_cache",
     None, None),
    ("two CPUs: alloc_pages", "both.pair.alloc_pages", "alone.pair.alloc_pages", None, None),
    ("two CPUs: nothing", "both.pair.nothing", "alone.pair.nothing", None, None),
    ("free of the other CPU's: pool", "free_there.10000.pool", "free_here.10000.pool", None, 2),
    ("the same: kmem_cache", "free_there.10000.kmem_cache", "free_here.10000.kmem_cache",
     None, None),
)


def time(log, path):
    found = told(log, "time")

    def spread(name):
        return f"{value_of(found, name + '.p10'):,.1f} - {value_of(found, name + '.p90'):,.1f}"

    verdict = Verdict()
    rows = [["nanoseconds, medians", "measured", "10 - 90 %", "beside it", "", "10 - 90 %", "ratio",
             "at most", "met"]]
    for what, ours, theirs, most, share in TIME:
        here, there = value_of(found, ours), value_of(found, theirs)
        rows.append([what, f"{here:,.1f}", spread(ours), theirs, f"{there:,.1f}", spread(theirs),
                     f"{here / there:.2f}" if there else ""]
                    + verdict.cells(ours, (here, most, "ns"),
                                    (here / there if there else 0, share, "times")))
    table(rows)
    verdict.tell()
    keep(path, "time", as_json(found))
    keep(path, "time_targets", verdict.targets)
    return True


# What, by us, by whom it is compared with, at most so much of its unit, at most so many times that.
LEASE = (
    ("Raw: pin + unpin", "pin", "lock", 20, None),
    ("Hard: clone + drop", "hard", "refcount", None, 1.2),
    ("stow a churned tree of 10^6 nodes", "stow", "memcpy", -500, None),
    ("clone the stowed tree", "clone", "memcpy", None, None),
    ("walk the churned tree, a node", "walk.swim.churned", "walk.kmalloc.churned", None, None),
    ("walk the stowed tree, a node", "walk.swim.stowed", "walk.kmalloc.churned", 15, None),
)


def lease(log, path):
    found = told(log, "lease")
    verdict = Verdict()
    rows = [["medians", "measured", "unit", "beside it", "", "ratio", "at most", "met"]]
    for what, ours, theirs, bound, share in LEASE:
        here, there = value_of(found, ours), value_of(found, theirs)
        unit = found[ours][1]
        least = bound is not None and bound < 0
        rows.append([what, f"{here:,.1f}", unit, theirs, f"{there:,.1f}", f"{here / there:.2f}"]
                    + verdict.cells(ours, (here, -bound if least else bound, unit),
                                    (here / there, share, "times"), least=least))
    table(rows)
    verdict.tell()
    keep(path, "lease", as_json(found))
    keep(path, "lease_targets", verdict.targets)
    return True


# Which objects, how they are called, at most so much held.
SETS = (
    ("few", "2*10^4 of 32..512 bytes", 110),
    ("many", "10^6 of 32..512 bytes", 105),
    ("small", "10^6 of 64 bytes", None),
    ("large", "2.5*10^5 of 1024 bytes", None),
)


def held(log, path):
    found = told(log, "compact")
    verdict = Verdict()
    rows = [["held / asked for, %", "pool", "its space", "zsmalloc", "SLUB", "at most", "met"]]
    for name, what, most in SETS:
        pool, space, zsmalloc, slub = (value_of(found, f"{figure}.{name}.{whose}") for figure, whose in
                                       (("held", "swim"), ("space", "swim"), ("held", "zsmalloc"),
                                        ("held", "slub")))
        rows.append([what, f"{pool:.1f}", f"{space:.1f}", f"{zsmalloc:.1f}", f"{slub:.1f}"]
                    + verdict.cells(f"held.{name}", (pool, most, "%")))
    table(rows)
    verdict.tell()
    keep(path, "compact", as_json(found))
    keep(path, "held_targets", verdict.targets)
    return True


def speed(log, path):
    found = told(log, "compact")
    verdict = Verdict()
    rows = [["live MB compacted in a second", "pool", "zsmalloc", "memcpy", "ns an object", "waits",
             "at least", "met"]]
    for name, what, _ in SETS:
        pool, zsmalloc, memcpy = (value_of(found, f"speed.{name}.{whose}")
                                  for whose in ("swim", "zsmalloc", "memcpy"))
        rows.append([what, f"{pool:,.0f}", f"{zsmalloc:,.0f}", f"{memcpy:,.0f}",
                     f"{value_of(found, f'object.{name}.swim'):,.0f}",
                     f"{value_of(found, f'waits.{name}.swim'):.0f}"]
                    + verdict.cells(f"speed.{name}", (pool, 1500 if name == "many" else None, "MB/s"),
                                    least=True))
    table(rows)
    print(f"\n  a wait is for a grace period, as a rule: {value_of(found, 'grace'):.1f} ms")
    verdict.tell()
    keep(path, "speed_targets", verdict.targets)
    return True


def walk(log, path):
    found = told(log, "walk")
    verdict = Verdict()
    rows = [["ns a node", "before", "after", "kmalloc", "after / kmalloc", "at most", "met"]]
    for shape in ("list", "tree"):
        before, after, peer = (value_of(found, f"{shape}.{which}") for which in
                               ("swim.churned", "swim.compacted", "kmalloc.churned"))
        rows.append([f"{shape} of 2*10^5 survivors", f"{before:,.1f}", f"{after:,.1f}", f"{peer:,.1f}",
                     f"{after / peer:.2f}"] + verdict.cells(f"walk.{shape}", (after, 15, "ns")))
    table(rows)
    verdict.tell()
    keep(path, "walk", as_json(found))
    keep(path, "walk_targets", verdict.targets)
    return True


def pins(log, path):
    found = told(log, "pins")
    verdict = Verdict()
    rows = [["of 10^7, ns", "median", "99.9 %", "worst", "over 1 us", "over 20 us", "at most", "met"]]
    for when in ("idle", "compacting"):
        for what, name in (("pin", "pin + unpin"), ("machine", "the machine alone")):
            figures_of = [value_of(found, f"{when}.{what}.{which}")
                          for which in ("median", "p99.9", "worst", "over1us", "over20us")]
            row = [f"{when}: {name}"] + [f"{value:,.0f}" for value in figures_of]
            if (when, what) == ("compacting", "pin"):
                row += verdict.cells("pins", (figures_of[1], 1000, "ns"), (figures_of[2], 20000, "ns"))
            rows.append(row)
    table(rows)
    clock, compactions, moved, cancelled = (value_of(found, name) for name in
                                            ("clock", "compactions", "moved", "cancelled"))
    print(f"\n  the clock's own {clock:.0f} ns are in all of these; meanwhile {compactions:,.0f} "
          f"compactions, {moved:,.0f} objects moved, {cancelled:,.0f} moves cancelled by a pin")
    verdict.tell()
    keep(path, "pins", as_json(found))
    keep(path, "pins_targets", verdict.targets)
    return True


def cleaned(full):
    """How full are the segments that are cleaned when what lives is @full of the space, and any
    byte is as likely to die as another: c with full = (c - 1) / ln(c)."""
    low, high = 1e-9, 1 - 1e-9
    for _ in range(100):
        middle = (low + high) / 2
        if (middle - 1) / math.log(middle) < full:
            low = middle
        else:
            high = middle
    return low


# How full, at least so much of the throughput without end.
CHURN = ((70, None), (80, 0.5), (90, 0.25), (95, None))


def churn(log, path):
    """Beside each cost what the literature has for it. To clean a segment of which u is live costs
    u / (1 - u) bytes moved for each byte that comes free, which makes 1 / (1 - u) written for each
    byte that comes: Rosenblum and Ousterhout, The Design and Implementation of a Log-Structured
    File System (SOSP 1991, TOCS 1992), where the segment is read too and it is 2 / (1 - u); Rumble,
    Kejriwal and Ousterhout, Log-structured Memory for DRAM-based Storage (FAST 2014). Where the
    segments that were filled first are cleaned, and any byte may die, those are emptier than the
    rest: see cleaned()."""
    found = told(log, "churn")
    verdict = Verdict()
    rows = [["live of the space", "moved / freed", "by epoch", "u/(1-u)", "c/(1-c)", "ns", "without end",
             "share", "no memory", "turnovers", "at least", "met"]]
    for full, least in CHURN:
        cost, took, endless, nomem, warm, turned = (value_of(found, f"{full}.{which}") for which in
                                                    ("cost", "swim", "endless", "nomem", "warm", "turned"))
        epochs = [value_of(found, f"{full}.cost.{epoch + 1}") for epoch in range(5)]
        u, c = full / 100, cleaned(full / 100)
        rows.append([f"{full} %", f"{cost:.2f}", f"{min(epochs):.2f} - {max(epochs):.2f}",
                     f"{u / (1 - u):.2f}", f"{c / (1 - c):.2f}", f"{took:,.0f}", f"{endless:,.0f}",
                     f"{endless / took:.2f}", f"{nomem:,.0f}", f"{warm:.1f} + {turned:.1f}"]
                    + verdict.cells(f"churn.{full}", (endless / took, least, "of it"), least=True))
    table(rows)
    print("\n  u/(1-u): all segments as full as the space (Rosenblum and Ousterhout 1992; Rumble et al.,"
          "\n  FAST 2014); c/(1-c): the oldest are cleaned, and any byte may die: u = (c - 1) / ln c")
    verdict.tell()
    keep(path, "churn", as_json(found))
    keep(path, "churn_targets", verdict.targets)
    return True


def pressure(log, path):
    found = told(log, "pressure")
    verdict = Verdict()
    back = value_of(found, "kill.back")
    rows = [["at the first kill", "", "unit", "at least", "met"]]
    for what, name, unit in (("the space, full", "filled", "KiB"), ("live, asked for", "live", "KiB"),
                             ("the space at the kill", "kill.space", "KiB"),
                             ("held by the pool", "kill.held", "KiB"),
                             ("objects read back", "objects", ""), ("of these wrong", "errors", "")):
        rows.append([what, shown(value_of(found, name), unit), unit])
    rows.append(["back in the system", f"{back:.1f}", "%"]
                + verdict.cells("pressure", (back, 75, "%"), least=True))
    table(rows)
    verdict.tell()
    keep(path, "pressure", as_json(found))
    keep(path, "pressure_targets", verdict.targets)
    return not value_of(found, "errors") and value_of(found, "objects") > 0


def shadow(path, *runs):
    rows = [["CPUs", "live objects", "live + tags KiB", "held before KiB", "held after KiB",
             "before %", "after %", "read back", "errors"]]
    results, right = {}, True
    for run in runs:
        cpus, folder = run.split("=", 1)
        before, after = moment(folder, "before"), moment(folder, "after")
        rows.append([cpus, shown(after["objects"]), shown(after["tagged"], "KiB"), shown(before["held"], "KiB"),
                     shown(after["held"], "KiB"), shown(before["held/tagged"], "%"),
                     shown(after["held/tagged"], "%"), shown(after["verified"]),
                     shown(after["errors"] + after["astray"] + after["wrong"])])
        results[cpus] = {"before": before, "after": after}
        right = right and sound(after)
    table(rows)
    keep(path, "shadow", results)
    return right


if __name__ == "__main__":
    commands = {"demo": demo, "count": count, "live": live, "time": time, "lease": lease,
                "held": held, "speed": speed, "walk": walk, "pins": pins, "churn": churn,
                "pressure": pressure, "shadow": shadow}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(0 if commands[sys.argv[1]](*sys.argv[2:]) else 1)
