#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tables out of what a guest brought home.

	scripts/report.py demo FOLDER			one shadowed heap, before and after compaction
	scripts/report.py count LOG JSON		instruction counts, from the kernel's log
	scripts/report.py shadow JSON CPUS=FOLDER...	how full the heap got, by the number of CPUs

`demo` reads FOLDER/{before,after}.{stats,shadow,verify}: lines `name value unit`. `count` and `shadow` add their figures to
the file JSON.
"""

import json
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


def count(log, path):
    counts = {}
    with open(log) as lines:
        for line in lines:
            match = re.search(r"count: (\S+) (-?\d+(?:\.\d+)?) (\S+)", line)
            if match:
                counts[match[1]] = (float(match[2]), match[3])
    if not counts:
        sys.exit(f"no lines `count: name value unit` in {log}")
    base = next((counts[name][0] for name in counts if "kmem_cache" in name and counts[name][1].startswith("instr")), 0)
    rows = [["operation", "count", "unit", "of kmem_cache"]]
    for name, (value, unit) in counts.items():
        allocates = name.endswith("_pair") and not name.startswith("pin")
        ratio = f"{100 * value / base:.0f} %" if base and allocates else ""
        rows.append([name, f"{value:,.2f}" if unit == "%" else f"{value:,.1f}", unit, ratio])
    table(rows)
    keep(path, "count", {name: {"value": value, "unit": unit} for name, (value, unit) in counts.items()})
    return True


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
    commands = {"demo": demo, "count": count, "shadow": shadow}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(0 if commands[sys.argv[1]](*sys.argv[2:]) else 1)
