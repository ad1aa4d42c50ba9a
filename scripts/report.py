#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tables out of what guests brought home.

	scripts/report.py demo FOLDER		one shadowed heap, before and after compaction
	scripts/report.py bench JSON		all that `make bench` has measured, and the targets

`demo` reads FOLDER/{before,after}.{stats,shadow,verify}: lines `name value unit`; JSON is what scripts/results.py
makes. A figure that is missing or wrong is a failure, a target that is missed is not.
"""

import json
import sys

from results import Missing, Results, moment, sound


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


def short(value):
    """Three digits that say something."""
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def key_text(value):
    """A parameter's value as a person writes it."""
    if isinstance(value, int) and value >= 1000 and set(str(value)[1:]) == {"0"}:
        power = f"10^{len(str(value)) - 1}"
        return power if str(value)[0] == "1" else f"{str(value)[0]}*{power}"
    return str(value)


WHICH = {"median": "", "p10": "10 %", "p90": "90 %", "p999": "99.9 %", "max": "worst"}


def pivot(results, title, name, guest, rows=("allocator",), columns=(), which=("median",), notes=(), but=(), only=None,
          **fixed):
    """Print all figures of that name: a row for each value of `rows`, a column for each of `columns`, each of which is
    "allocator" or a parameter. `fixed` parameters are as given, of `only` one of those given; `but` are allocators to
    leave out."""
    found = [row for row in results.select(name, guest, **fixed) if row["allocator"] not in but and
             all(row["parameters"].get(one) in values for one, values in (only or {}).items())]
    if not found:
        raise Missing(f"all of {name} in the {guest} guest")

    def key(row, names):
        return tuple(row["allocator"] if one == "allocator" else row["parameters"].get(one) for one in names)

    def keys(names):
        distinct = list(dict.fromkeys(key(row, names) for row in found))
        if all(isinstance(value, int) for one in distinct for value in one):
            return sorted(distinct)
        # What has the same first name stands together, in the order in which it was measured.
        first = [one[0] for one in distinct] if names else []
        return sorted(distinct, key=lambda one: first.index(one[0])) if names else distinct

    cells = {(key(row, rows), key(row, columns)): row for row in found}
    across = keys(columns)
    head = [""] * len(rows)
    for at, one in enumerate(rows):
        head[at] = "" if one == "allocator" else one
    for one in across:
        text = " ".join(key_text(value) for value in one)
        head += [" ".join(filter(None, (text, WHICH[w]))) or "median" for w in which]
    print(f"\n{title}\n")
    lines = [head]
    for down in keys(rows):
        line = ["" if value is None else key_text(value) for value in down]
        for one in across:
            row = cells.get((down, one))
            line += [short(row[w]) if row else "" for w in which]
        lines.append(line)
    table(lines)
    for note in notes:
        print(f"\n  {note}")


SPREAD = ("median", "p10", "p90", "p999", "max")

# Each table: what is above it, and what pivot() wants.
TABLES = (
    ("Alloc + free at once, instructions on Debian's 6.1, by size in bytes:",
     "pair", "counted", {"columns": ("size",), "but": ("nothing",)}),
    ("The same where the kernel does not zero all that it gives (init_on_alloc=0); swimmem still does, but for a slab:",
     "pair", "unzeroed", {"columns": ("size",), "but": ("nothing", "memset"), "notes": (
         "A `rep stos` counts once for each byte or word: memset, and all that zeroes so.",
     )}),
    ("Alloc + free at once, native ns on 7.2, by size in bytes, medians:",
     "pair", "native", {"columns": ("size",), "but": ("nothing",)}),
    ("The same of 64 bytes, and how long the longest take; 99.9 % and worst are of pairs timed alone:",
     "pair", "native", {"which": SPREAD, "size": 64}),
    ("What is held for each of 200,000 objects of 64 bytes, less these, in bytes:",
     "overhead", "native", {}),
    ("Alloc n, then free n, native ns for both, 64 bytes, freed in order of allocation and at random:",
     "batch", "native", {"rows": ("allocator", "order"), "columns": ("objects",), "cpus": 1, "but": ("nothing",)}),
    ("On one CPU and on two at once, each with objects of its own, native ns:",
     "batch", "native", {"columns": ("objects", "cpus"), "order": "first", "only": {"objects": (1, 1000)}}),
    ("On one, two and four emulated CPUs, ns, for shape only:",
     "batch", "parallel", {"columns": ("objects", "cpus"), "order": "first", "only": {"objects": (1, 1000)}}),
    ("Freed by the CPU that has allocated it and by another one, native ns for the free:",
     "handed", "native", {"columns": ("to",), "but": ("nothing",)}),
    ("To get at an object of 64 bytes, instructions:",
     "access", "counted", {"rows": ("allocator", "how"), "columns": ("objects",), "cleaner": "no", "but": ("nothing",)}),
    ("To get at one of 1000 objects, native ns, while the other CPU is idle and while it compacts their pool:",
     "access", "native", {"rows": ("allocator", "how"), "columns": ("cleaner",), "which": ("median", "p999"),
                          "objects": 1000, "but": ("nothing",)}),
    ("The longest that a mover keeps an object that somebody asks it for, in its own instructions:",
     "pin_wait", "counted", {"rows": ("allocator", "size"), "columns": ("asked",), "which": ("median", "max"),
                             "but": ("nothing",)}),
    ("Instructions by how many objects live, freshly allocated and fragmented, where nobody gets or gives memory:",
     "live", "counted", {"rows": ("allocator", "state", "objects"), "columns": ("what",), "which": ("median", "max"),
                         "only": {"what": ("hot", "alloc", "free")}}),
    ("The same where somebody does, and who gets some zeroes it, here by the byte:",
     "live", "counted", {"rows": ("allocator", "what"), "columns": ("objects",), "state": "fragmented",
                         "only": {"what": ("alloc_with_hunk", "free_with_hunk")}}),
    ("Extents, by order, got and given back, instructions:",
     "extent", "counted", {"columns": ("order",), "objects": 1, "how": "pair", "cpus": 1, "but": ("nothing",)}),
    ("The same, native ns: one at a time, many in order and at random, and one on each of two CPUs:",
     "extent", "native", {"rows": ("allocator", "how", "cpus"), "columns": ("order",), "but": ("nothing",)}),
    ("Held / asked for in %, when four of five objects are gone and what is left was compacted:",
     "held", "native", {"columns": ("objects", "size"), "only": {"moment": (None,)}}),
    ("What the space has from the system then, in % of what was asked for:",
     "space", "native", {"columns": ("objects", "size")}),
    ("Live MB compacted in a second, and memcpy of as many bytes:",
     "compact", "native", {"columns": ("objects", "size")}),
    ("Walking survivors, native ns a node:",
     "walk", "native", {"rows": ("shape", "allocator"), "columns": ("state",)}),
    ("Moving a tree of 10^6 nodes, MB/s:",
     "stow", "native", {"columns": ("how",)}),
    ("Held / asked for in % at the last moment of a trace, nobody has been asked to compact:",
     "held", "native", {"columns": ("pattern",), "moment": 32}),
    ("The same when all have been asked to:",
     "held_after", "native", {"columns": ("pattern",)}),
    ("An alloc or a free of a trace, native ns:",
     "op", "native", {"columns": ("pattern",), "which": ("median", "p999"), "but": ("nothing",)}),
    ("Bytes moved for each byte that is freed, in a space of fixed size kept so full in %:",
     "cost", "native", {"columns": ("full",), "only": {"pattern": (None,)}, "which": ("median", "p10", "p90"), "notes": (
         "Ideal segments that die at random cost 0.9 at 70 %, 1.7 at 80 %, 4.2 at 90 %, 9.2 at 95 %.",
     )}),
    ("There one object goes and another one comes, native ns, with that limit and without:",
     "churn", "native", {"rows": ("allocator", "limit"), "columns": ("full",)}),
    ("A pin of any object and its unpin, native ns, and a loop of the same length, which shows the machine:",
     "pin", "native", {"columns": ("cleaner",), "which": ("median", "p999", "max")}),
    ("What a pool of 500 MB, a fifth of it live, has given back before somebody is killed for memory, in %:",
     "pressure_back", "pressure", {}),
    ("Held / (live + tags) in %, all slab allocations of a system mirrored, by CPUs:",
     "shadow_held", "shadow", {"columns": ("cpus", "when")}),
)


class Target:
    """What is aimed at: a figure, perhaps beside another one; at most (or at least) so much, or so much of the other."""

    def __init__(self, what, ours, unit, theirs=None, most=None, least=None, ratio=None):
        self.what, self.ours, self.unit, self.theirs = what, ours, unit, theirs
        self.most, self.least, self.ratio = most, least, ratio

    def row(self, summary):
        here = summary[self.ours]
        there = summary[self.theirs] if self.theirs else None
        share = here / there if there else None
        good, aims = True, []
        if self.most is not None:
            good, aims = good and here <= self.most, aims + [f"<= {self.most:g}"]
        if self.least is not None:
            good, aims = good and here >= self.least, aims + [f">= {self.least:g}"]
        if self.ratio is not None:
            good, aims = good and share <= self.ratio, aims + [f"<= {self.ratio:g} of it"]
        return [self.what, short(here), self.unit, f"{self.theirs} {short(there)}" if self.theirs else "",
                f"{share:.2f}" if share else "", ", ".join(aims), "" if not aims else "yes" if good else "NO"]


TARGETS = (
    Target("pool: alloc + free", "pair_instr_pool", "instr", "pair_instr_slub", most=100, ratio=0.35),
    Target("pack: alloc + free", "pair_instr_pack", "instr", "pair_instr_slub", most=80),
    Target("pool: alloc + free, native", "pair_ns_pool", "ns", "pair_ns_slub", ratio=0.6),
    Target("alloc 10^6, free 10^6", "batch_ns_pool", "ns", "batch_ns_slub", ratio=0.4),
    Target("two CPUs at once, to one", "two_cpu_ratio", "", most=1.1),
    Target("read under RCU, more than a pointer", "read_extra_instr", "instr", most=3),
    Target("pin + unpin", "pin_instr", "instr", "zs_map_instr", most=30),
    Target("pin + unpin, native", "pin_ns", "ns", "zs_map_ns", most=20),
    Target("held / asked for, 10^6 objects", "held_live_swim_1e6", "%", "held_live_zs_1e6", most=105),
    Target("held by the space for that", "space_live_swim_1e6", "%", "held_live_slub_1e6"),
    Target("compaction, live bytes", "compact_mb_s", "MB/s", "zs_compact_mb_s", least=1500),
    Target("walk of compacted survivors, a node", "walk_ns_swim", "ns", "walk_ns_kmalloc", most=15),
    Target("dearest to cheapest operation, 10^3 to 10^7 live", "flat_ratio", "", most=1.05),
    Target("64 KiB extent, get + put", "extent_ns", "ns", most=60),
    Target("longest wait for a mover", "pin_wait_instr", "instr"),
    Target("back before a kill, of 80 % that are free", "pressure_back", "%", least=75),
)


def bench(path):
    results, missing = Results.load(path), []
    for title, name, guest, how in TABLES:
        try:
            pivot(results, title, name, guest, **how)
        except Missing as what:
            missing.append(str(what))
    with open(path) as file:
        summary = json.load(file)["summary"]
    print("\nWhat was aimed at:\n")
    rows = [["", "measured", "unit", "beside it", "ratio", "target", "met"]]
    for target in TARGETS:
        if target.ours in summary and (not target.theirs or target.theirs in summary):
            rows.append(target.row(summary))
    table(rows)
    missed = [row[0] for row in rows if row[-1] == "NO"]
    print(f"\n  {sum(row[-1] == 'yes' for row in rows)} targets met" +
          (f"; missed: {', '.join(missed)}" if missed else ""))
    for what in missing:
        print(f"report: not measured: {what}", file=sys.stderr)
    return not missing


if __name__ == "__main__":
    commands = {"demo": demo, "bench": bench}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(0 if commands[sys.argv[1]](sys.argv[2]) else 1)
