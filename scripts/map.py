#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Draw a heap before and after its compaction.

	scripts/map.py FOLDER SVG

Reads FOLDER/{before,after}.map as debugfs gives them: a line for each hunk, `index open|closed used live cells`, with
one cell for each KiB: `.` never used, `0` to `9` how much of it is live in tenths, `?` not known.
"""

import math
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plot
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

CELLS = 64                          # to a hunk
ABSENT, NEVER, UNKNOWN, LIVE = 0, 1, 2, 3
TENTHS = [plot.get_cmap("YlGnBu")(0.08 + 0.92 * tenth / 9) for tenth in range(10)]
COLOURS = ListedColormap(["white", "#e3e3e3", "#e8a0a0"] + TENTHS)


def hunks_of(path):
    """Each hunk as (live bytes, its cells as indices into COLOURS)."""
    hunks = []
    with open(path) as lines:
        for line in lines:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            cells = [NEVER if c == "." else UNKNOWN if c == "?" else LIVE + int(c) for c in words[4]]
            hunks.append((int(words[3]), (cells + [NEVER] * CELLS)[:CELLS]))
    return hunks


def picture(hunks, rows, columns):
    """One line of cells for each hunk, top to bottom, in columns one cell apart."""
    width = CELLS + 1
    cells = [[ABSENT] * (columns * width - 1) for _ in range(rows)]
    for i, (_, hunk) in enumerate(hunks):
        left = i // rows * width
        cells[i % rows][left:left + CELLS] = hunk
    return cells


def main(folder, target):
    moments = [(when, hunks_of(f"{folder}/{when}.map")) for when in ("before", "after")]
    most = max(len(hunks) for _, hunks in moments)
    if most == 0:
        sys.exit(f"{folder}/before.map names no hunk")
    columns = max(4, math.ceil(math.sqrt(most / 12)))
    rows = math.ceil(most / columns)

    figure, panels = plot.subplots(2, 1, figsize=(10, 9.4))
    for panel, (when, hunks) in zip(panels, moments):
        panel.imshow(picture(hunks, rows, columns), cmap=COLOURS, vmin=0, vmax=len(COLOURS.colors) - 1,
                     interpolation="nearest", aspect="auto")
        held, live = len(hunks) * CELLS / 1024, sum(live for live, _ in hunks) / 2**20
        panel.set_title(f"{when} compaction: {len(hunks)} hunks, {held:.1f} MiB; {live:.1f} MiB known to be live",
                        loc="left", fontsize=11)
        panel.set_xticks([])
        panel.set_yticks([])
    figure.legend(
        handles=[Patch(facecolor=TENTHS[tenth], edgecolor="grey", label=text) for tenth, text in (
            (0, "under 1/10 live"), (2, "2/10"), (4, "4/10"), (6, "6/10"), (8, "8/10"), (9, "full"))] +
        [Patch(facecolor=COLOURS.colors[NEVER], edgecolor="grey", label="never used"),
         Patch(facecolor=COLOURS.colors[UNKNOWN], edgecolor="grey", label="open, not walked")],
        title="one line is one hunk of 64 KiB, one cell is 1 KiB of it", loc="lower center", ncol=8, fontsize=9,
        frameon=False)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    figure.savefig(target, dpi=150)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
