#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Pictures of what `make bench` has measured.

	scripts/draw.py JSON FOLDER

JSON is what scripts/results.py makes. An allocator has the same colour everywhere, swimmem's are blue; where a thing was
measured several times, a band or a whisker is from 10 % to 90 % of that. A picture for which nothing was measured is a
failure.
"""

import math
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plot

from results import Missing, Results

COLOURS = {
    "pool": "#08306b", "raw": "#2171b5", "ptr": "#6baed6", "box": "#08306b", "pack": "#41b6c4", "slab": "#a1dab4",
    "space": "#08306b", "raw_cleaned": "#08306b", "raw_paced": "#41b6c4", "hard": "#9e9ac8", "ref": "#807dba", "mut": "#6a51a3",
    "kmem_cache": "#cb181d", "kmem_cache_zeroed": "#fb6a4a", "kmem_cache_bulk": "#fcae91", "kmalloc": "#f16913",
    "alloc_pages": "#67000d", "zsmalloc": "#238b45", "genalloc": "#8c6d31", "mempool": "#fd8d3c", "page_frag": "#dd1c77",
}
OTHER = "#969696"


def colour(allocator):
    return COLOURS.get(allocator, OTHER)


def grid(panel):
    panel.grid(True, color="#dddddd", linewidth=0.6)
    panel.set_axisbelow(True)


def lines(panel, rows, x, band=True):
    """A line for each allocator, over parameter `x`."""
    for allocator in dict.fromkeys(row["allocator"] for row in rows):
        mine = sorted((row for row in rows if row["allocator"] == allocator), key=lambda row: row["parameters"][x])
        at = [row["parameters"][x] for row in mine]
        drawn, = panel.plot(at, [row["median"] for row in mine], marker="o", markersize=3, linewidth=1.4,
                            color=colour(allocator), label=allocator)
        drawn.set_gid(f"{mine[0]['name']}-{allocator}")
        if band:
            panel.fill_between(at, [row["p10"] for row in mine], [row["p90"] for row in mine], color=colour(allocator),
                               alpha=0.15, linewidth=0)
    grid(panel)


def bars(panel, rows, label):
    """A bar for each row, with its whisker, the first one on top."""
    for at, row in enumerate(reversed(rows)):
        drawn = panel.barh(at, row["median"], color=colour(row["allocator"]), height=0.75)
        drawn[0].set_gid(f"{row['name']}-{len(rows) - 1 - at}")
        panel.plot([row["p10"], row["p90"]], [at, at], color="black", linewidth=1)
        panel.annotate(f" {row['median']:,.1f}", (max(row["median"], row["p90"]), at), va="center", fontsize=7)
    panel.set_xlim(0, 1.15 * max(max(row["median"], row["p90"]) for row in rows))
    panel.set_yticks(range(len(rows)))
    panel.set_yticklabels([label(row) for row in reversed(rows)], fontsize=8)
    panel.grid(True, axis="x", color="#dddddd", linewidth=0.6)
    panel.set_axisbelow(True)


class Picture:
    """One file of panels side by side."""

    def __init__(self, panels, size, **how):
        self.figure, found = plot.subplots(1, panels, figsize=size, squeeze=False, **how)
        self.panels = list(found[0])

    def save(self, target, legend=True):
        if legend:
            self.panels[-1].legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
        self.figure.tight_layout()
        self.figure.savefig(target, metadata={"Date": None}, bbox_inches="tight")
        plot.close(self.figure)


def wanted(results, name, guest, *but, **fixed):
    found = [row for row in results.select(name, guest, **fixed) if row["allocator"] not in ("nothing",) + but]
    if not found:
        raise Missing(f"all of {name} in the {guest} guest")
    return found


def pairs(results, target):
    picture = Picture(2, (11, 4.6))
    for panel, guest, unit in zip(picture.panels, ("counted", "native"), ("instructions, 6.1", "ns, native, 7.2")):
        lines(panel, wanted(results, "pair", guest), "size")
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.set_xlabel("bytes of an object")
        panel.set_ylabel(f"alloc + free ({unit})")
    picture.save(target)


def batches(results, target):
    picture = Picture(2, (11, 4.6), sharey=True)
    for panel, order, text in zip(picture.panels, ("first", "random"), ("in order of allocation", "at random")):
        lines(panel, wanted(results, "batch", "native", order=order, cpus=1), "objects")
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xlabel("objects allocated, then freed " + text)
    picture.panels[0].set_ylabel("an alloc with its free (ns, native)")
    picture.save(target)


def cpus(results, target):
    picture = Picture(2, (11, 4))
    for panel, guest, text in zip(picture.panels, ("native", "parallel"), ("real CPUs at once", "CPUs at once, emulated, for shape")):
        rows = [row for row in wanted(results, "batch", guest, "zsmalloc", objects=1, order="first")]
        lines(panel, rows, "cpus")
        panel.set_ylim(bottom=0)
        panel.set_xticks(sorted({row["parameters"]["cpus"] for row in rows}))
        panel.set_xlabel(text)
        panel.set_ylabel("alloc + free on each (ns)")
    picture.save(target)


def access(results, target):
    picture = Picture(2, (12, 6))
    for panel, cleaner, text in zip(picture.panels, ("no", "yes"), ("other CPU idle", "other CPU compacts their pool")):
        rows = wanted(results, "access", "native", cleaner=cleaner, objects=1000)
        bars(panel, rows, lambda row: f"{row['allocator']}: {row['parameters']['how']}")
        panel.set_xlabel(f"ns, native, {text}")
    picture.save(target, legend=False)


def live(results, target):
    picture = Picture(3, (12, 4), sharey=True)
    for panel, what in zip(picture.panels, ("hot", "alloc", "free")):
        for state, style in ("fresh", "-"), ("fragmented", "--"):
            rows = wanted(results, "live", "counted", what=what, state=state)
            for allocator in dict.fromkeys(row["allocator"] for row in rows):
                mine = [row for row in rows if row["allocator"] == allocator]
                panel.plot([row["parameters"]["objects"] for row in mine], [row["median"] for row in mine], style,
                           marker="o", markersize=3, color=colour(allocator), label=f"{allocator}, {state}")
        panel.set_xscale("log")
        panel.set_xlabel(f"live objects; {what}")
        grid(panel)
    picture.panels[0].set_ylim(bottom=0)
    picture.panels[0].set_ylabel("instructions")
    picture.save(target)


def churn(results, target):
    patterns = list(dict.fromkeys(row["parameters"]["pattern"] for row in wanted(results, "op", "native")))
    picture = Picture(len(patterns), (3.4 * len(patterns), 3.8), sharey=True)
    for panel, pattern in zip(picture.panels, patterns):
        rows = wanted(results, "held", "native", pattern=pattern)
        lines(panel, rows, "moment", band=False)
        last = max(row["parameters"]["moment"] for row in rows)
        for row in wanted(results, "held_after", "native", pattern=pattern):
            panel.plot(last + 2, row["median"], marker="D", markersize=5, color=colour(row["allocator"]))
        panel.axvline(last + 1, color="#bbbbbb", linewidth=0.8)
        panel.set_yscale("log")
        panel.set_xlabel(f"{pattern}: moments; right: compacted")
    picture.panels[0].set_ylabel("bytes held for those asked for (%)")
    picture.save(target)


def walk(results, target):
    shapes = list(dict.fromkeys(row["parameters"]["shape"] for row in wanted(results, "walk", "native")))
    picture = Picture(len(shapes), (4 * len(shapes), 2.6))
    for panel, shape in zip(picture.panels, shapes):
        bars(panel, wanted(results, "walk", "native", shape=shape), lambda row: f"{row['allocator']}: {row['parameters']['state']}")
        panel.set_xlabel(f"{shape}: ns a node, native")
    picture.save(target, legend=False)


def extents(results, target):
    picture = Picture(2, (11, 4))
    for panel, guest, unit in zip(picture.panels, ("counted", "native"), ("instructions", "ns, native")):
        lines(panel, wanted(results, "extent", guest, objects=1, how="pair", cpus=1), "order")
        panel.set_yscale("log")
        panel.set_xlabel("order: 2$^{n}$ pages, got and given back")
        panel.set_ylabel(unit)
    picture.save(target)


def cost(results, target):
    picture = Picture(2, (11, 4))
    left, right = picture.panels
    lines(left, [row for row in wanted(results, "cost", "native") if "full" in row["parameters"]], "full")
    full = [one / 100 for one in range(50, 97)]
    left.plot([100 * one for one in full], [cleaned(one) / (1 - cleaned(one)) for one in full], color="black",
              linestyle="--", linewidth=1, label="oldest first, c/(1-c)")
    left.plot([100 * one for one in full], [one / (1 - one) for one in full], color="black", linestyle=":", linewidth=1,
              label="all as full, u/(1-u)")
    left.set_xlabel("live bytes of a space of fixed size (%)")
    left.set_ylabel("bytes moved for each byte freed")
    left.legend(fontsize=8)
    for limit, style in (None, "-"), ("no", "--"):
        rows = [row for row in wanted(results, "churn", "native") if row["parameters"].get("limit") == limit]
        for allocator in dict.fromkeys(row["allocator"] for row in rows):
            mine = [row for row in rows if row["allocator"] == allocator]
            right.plot([row["parameters"]["full"] for row in mine], [row["median"] for row in mine], style, marker="o",
                       markersize=3, color=colour(allocator), label=allocator + (", no limit" if limit else ""))
    grid(right)
    right.set_ylim(bottom=0)
    right.set_xlabel("live bytes (%)")
    right.set_ylabel("one goes, another comes (ns, native)")
    picture.save(target)


def cleaned(full):
    """How full are the segments that are cleaned when what lives is `full` of the space, the oldest are cleaned, and any
    byte is as likely to die as another: c with full = (c - 1) / ln(c). Rosenblum and Ousterhout, The Design and
    Implementation of a Log-Structured File System (TOCS 1992); Rumble, Kejriwal and Ousterhout, Log-structured Memory
    for DRAM-based Storage (FAST 2014)."""
    low, high = 1e-9, 1 - 1e-9
    for _ in range(100):
        middle = (low + high) / 2
        if (middle - 1) / math.log(middle) < full:
            low = middle
        else:
            high = middle
    return low


def held(results, target):
    rows = [row for row in wanted(results, "held", "native") if "objects" in row["parameters"]]
    sets = list(dict.fromkeys((row["parameters"]["objects"], row["parameters"]["size"]) for row in rows))
    picture = Picture(len(sets), (3.6 * len(sets), 2.2))
    for panel, (objects, size) in zip(picture.panels, sets):
        bars(panel, [row for row in rows if row["parameters"]["objects"] == objects and row["parameters"]["size"] == size],
             lambda row: row["allocator"])
        panel.set_xlabel(f"{objects:,} of {size} bytes:\nheld / asked for (%)")
    picture.save(target, legend=False)


PICTURES = {"pairs": pairs, "batches": batches, "cpus": cpus, "access": access, "live": live, "churn": churn, "walk": walk,
            "extents": extents, "cost": cost, "held": held}


def main(source, folder):
    plot.rcParams["svg.hashsalt"] = "swimmem"
    results, missing = Results.load(source), []
    for name, draw in PICTURES.items():
        try:
            draw(results, f"{folder}/{name}.svg")
        except Missing as what:
            missing.append(str(what))
    for what in missing:
        print(f"draw: not measured: {what}", file=sys.stderr)
    return not missing


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(0 if main(*sys.argv[1:]) else 1)
