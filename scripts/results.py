#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What was measured: one table for all that the guests of `make bench` say.

	scripts/results.py JSON GUEST=LOG... [shadow@CPUS=FOLDER...]

Each line `bench: NAME WHOSE PARAMETERS UNIT MEDIAN P10 P90 P99.9 WORST RUNS` of a guest's log becomes an entry of
JSON's "results", and what a shadowed system has left in FOLDER some more; "summary" has the figures that say most, by
name. A figure that the summary needs and nobody has measured is a failure.
"""

import json
import re
import sys

LINE = re.compile(r"\bbench: (\S+) (\S+) (\S+) (\S+)" + r" (\d+\.\d+)" * 5 + r" (\d+)$")
SPREAD = ("median", "p10", "p90", "p999", "max")


class Missing(Exception):
    """A figure that was not measured."""


def number(text):
    return int(text) if re.fullmatch(r"\d+", text) else text


def lines_of(path):
    with open(path, errors="replace") as lines:
        return [line.rstrip() for line in lines]


def read_log(guest, path):
    """The figures of a guest's log."""
    found = []
    for line in lines_of(path):
        match = LINE.search(line)
        if not match:
            continue
        name, allocator, parameters, unit = match.groups()[:4]
        pairs = [] if parameters == "-" else [pair.split("=", 1) for pair in parameters.split(",")]
        found.append({
            "name": name, "allocator": allocator, "guest": guest, "unit": unit,
            "parameters": {key: number(value) for key, value in pairs},
            **{which: float(value) for which, value in zip(SPREAD, match.groups()[4:9])},
            "runs": int(match[10]),
        })
    if not found:
        sys.exit(f"results: no line `bench: NAME ...` in {path}")
    return found


def figures(path):
    """The lines `name value unit` of a file, as a dictionary of numbers."""
    found = {}
    for line in lines_of(path):
        words = line.split()
        if len(words) >= 2 and re.fullmatch(r"-?\d+(\.\d+)?", words[1]):
            found[words[0].rstrip(":")] = float(words[1])
    return found


def moment(folder, when):
    """What a shadowed system's pool and the shadow said at one moment."""
    pool = figures(f"{folder}/{when}.stats")
    shadow = figures(f"{folder}/{when}.shadow")
    verify = figures(f"{folder}/{when}.verify")
    live, held = pool["used"], pool["held"]
    now = {
        "objects": pool["live"],
        "live": live,
        "tagged": live + pool["tags"],
        "held": held,
        "moved": pool.get("moved"),
        "moved_bytes": pool.get("moved_bytes"),
        "cancelled": pool.get("cancelled"),
        "refused": pool.get("refused"),
        "time": pool.get("time"),
        "mirrored": shadow.get("mirrored"),
        "dropped": shadow.get("dropped"),
        "slub": shadow.get("slub_held"),
        "errors": shadow["pattern_errors"],
        "astray": shadow["lease_errors"],
        "verified": verify["verified"],
        "wrong": verify["errors"],
        "passed": sum(shadow[name] for name in shadow if name.startswith("passed")),
    }
    now["held/live"] = 100 * held / live if live else None
    now["held/tagged"] = 100 * held / now["tagged"] if live else None
    return now


def sound(now):
    """Whether every object still had its bytes, and its lease its object."""
    return not (now["errors"] or now["astray"] or now["wrong"])


def read_shadow(cpus, folder):
    """The figures of a shadowed system, before and after compaction."""
    found = []
    for when in "before", "after":
        now = moment(folder, when)
        if not sound(now):
            sys.exit(f"results: a shadowed system had objects that were not as they were written: {folder}")
        for name, what, unit in (("shadow_held", "held/tagged", "%"), ("shadow_objects", "verified", "objects")):
            found.append({
                "name": name, "allocator": "pool", "guest": "shadow", "unit": unit,
                "parameters": {"cpus": int(cpus), "when": when}, "runs": 1,
                **{which: now[what] for which in SPREAD},
            })
    return found


class Results:
    """Figures by name, allocator, guest and parameters."""

    def __init__(self, rows):
        self.rows = rows
        self.by_key = {(row["name"], row["allocator"], row["guest"], tuple(sorted(row["parameters"].items()))): row
                       for row in rows}

    @classmethod
    def load(cls, path):
        with open(path) as file:
            return cls(json.load(file)["results"])

    def row(self, name, allocator, guest, **parameters):
        key = (name, allocator, guest, tuple(sorted(parameters.items())))
        if key not in self.by_key:
            told = ",".join(f"{key}={value}" for key, value in sorted(parameters.items())) or "-"
            raise Missing(f"{name} {allocator} {told} in the {guest} guest")
        return self.by_key[key]

    def value(self, name, allocator, guest, which="median", **parameters):
        return self.row(name, allocator, guest, **parameters)[which]

    def has(self, name, allocator, guest, **parameters):
        return (name, allocator, guest, tuple(sorted(parameters.items()))) in self.by_key

    def select(self, name, guest, **parameters):
        """All rows of that name and guest that have these parameters, among others."""
        return [row for row in self.rows if row["name"] == name and row["guest"] == guest
                and parameters.items() <= row["parameters"].items()]


MIXED = {"objects": 1000000, "size": "32..512"}


def flat_ratio(results):
    """The dearest median of an operation, by the cheapest one, over all numbers of live objects, fresh and fragmented."""
    ratios = []
    for what in "hot", "alloc", "free":
        medians = [row["median"] for row in results.select("live", "counted", what=what) if row["allocator"] == "pool"]
        if len(medians) < 6:
            raise Missing(f"live pool what={what}, of three sizes, fresh and fragmented")
        ratios.append(max(medians) / min(medians))
    return max(ratios)


def beyond_pointer(results, allocator, how):
    """Instructions to get at an object, less those that a plain pointer takes."""
    return (results.value("access", allocator, "counted", how=how, objects=1, cleaner="no") -
            results.value("access", "pointer", "counted", how="read", objects=1, cleaner="no"))


def two_cpu_ratio(results):
    return max(results.value("batch", "pool", "native", objects=n, order="first", cpus=2) /
               results.value("batch", "pool", "native", objects=n, order="first", cpus=1) for n in (1, 1000))


def of(name, allocator, guest, **parameters):
    return lambda results: results.value(name, allocator, guest, **parameters)


# What says most, in which unit, from where.
SUMMARY = (
    ("pair_instr_pool", "instructions", of("pair", "pool", "counted", size=64)),
    ("pair_instr_pack", "instructions", of("pair", "pack", "counted", size=64)),
    ("pair_instr_slub", "instructions", of("pair", "kmem_cache", "counted", size=64)),
    ("pair_instr_lease", "instructions", of("pair", "raw", "counted", size=64)),
    ("pair_instr_zs", "instructions", of("pair", "zsmalloc", "counted", size=64)),
    ("pair_ns_pool", "ns", of("pair", "pool", "native", size=64)),
    ("pair_ns_slub", "ns", of("pair", "kmem_cache", "native", size=64)),
    ("batch_ns_pool", "ns", of("batch", "pool", "native", objects=1000000, order="first", cpus=1)),
    ("batch_ns_slub", "ns", of("batch", "kmem_cache", "native", objects=1000000, order="first", cpus=1)),
    ("two_cpu_ratio", "ratio", two_cpu_ratio),
    ("read_extra_instr", "instructions", lambda results: beyond_pointer(results, "raw", "read")),
    ("pin_instr", "instructions", lambda results: beyond_pointer(results, "raw", "pin")),
    ("pin_ns", "ns", of("access", "raw", "native", how="pin", objects=1, cleaner="no")),
    ("zs_map_instr", "instructions", lambda results: beyond_pointer(results, "zsmalloc", "map")),
    ("zs_map_ns", "ns", of("access", "zsmalloc", "native", how="map", objects=1, cleaner="no")),
    ("held_live_swim_1e6", "%", of("held", "raw", "native", **MIXED)),
    ("space_live_swim_1e6", "%", of("space", "pool", "native", **MIXED)),
    ("held_live_zs_1e6", "%", of("held", "zsmalloc", "native", **MIXED)),
    ("held_live_slub_1e6", "%", of("held", "kmalloc", "native", **MIXED)),
    ("compact_mb_s", "MB/s", of("compact", "raw", "native", **MIXED)),
    ("zs_compact_mb_s", "MB/s", of("compact", "zsmalloc", "native", **MIXED)),
    ("walk_ns_swim", "ns", of("walk", "pool", "native", shape="list", state="compacted")),
    ("walk_ns_kmalloc", "ns", of("walk", "kmalloc", "native", shape="list", state="churned")),
    ("flat_ratio", "ratio", flat_ratio),
    ("pin_wait_instr", "instructions", lambda results:
     max([row["max"] for row in results.select("pin_wait", "counted") if row["allocator"] != "nothing"], default=None)
     or results.value("pin_wait", "raw", "counted", size=64, asked="copy")),
    ("pressure_back", "%", of("pressure_back", "raw", "pressure")),
    ("extent_ns", "ns", of("extent", "space", "native", order=4, objects=1, how="pair", cpus=1)),
)


def main(target, sources):
    rows = []
    for source in sources:
        guest, path = source.split("=", 1)
        rows += read_shadow(guest.split("@")[1], path) if guest.startswith("shadow@") else read_log(guest, path)
    results, summary, missing = Results(rows), {}, []
    for name, _, figure in SUMMARY:
        try:
            summary[name] = round(figure(results), 4)
        except Missing as what:
            missing.append(f"{name}: {what}")
    with open(target, "w") as file:
        json.dump({"summary": summary, "units": {name: unit for name, unit, _ in SUMMARY}, "results": rows}, file, indent=1)
        file.write("\n")
    for what in missing:
        print(f"results: not measured: {what}", file=sys.stderr)
    return not missing


if __name__ == "__main__":
    if len(sys.argv) < 3 or not all("=" in source for source in sys.argv[2:]):
        sys.exit(__doc__)
    sys.exit(0 if main(sys.argv[1], sys.argv[2:]) else 1)
