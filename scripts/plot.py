#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Draw what a pool's compaction did, and what it cost.

	scripts/plot.py history FILE SVG		how full the pool was and what was moved, over time
	scripts/plot.py pauses PAUSES COSTS SVG		how long moves had interrupts off; bytes moved for bytes freed

The files are those of debugfs, pools/NAME/{history,pauses,costs}. What is in the SVG has a name there: each line is a
group with a mark for each sample, each bar is a group of its own.
"""

import re
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plot
from matplotlib.ticker import MaxNLocator

HUNK = 64 / 1024                    # MiB
# Dark to light, so that print without colour tells them apart, and so does the dash.
LIVE, HELD, MOVED, FREED, CANCELLED = "#08306b", "#6baed6", "#08306b", "#41ab5d", "#cb181d"


def data_lines(path):
    with open(path) as lines:
        return [line.rstrip("\n") for line in lines if line.strip() and not line.startswith("#")]


def line(panel, name, x, y, **style):
    drawn, = panel.plot(x, y, marker="o", markersize=2.5, linewidth=1.3, **style)
    drawn.set_gid(name)
    return drawn


def save(figure, target):
    figure.savefig(target, metadata={"Date": None})


def history(path, target):
    samples = [[int(word) for word in text.split()] for text in data_lines(path)]
    if not samples:
        samples = [[0] * 6]
    begin, moved, freed, cancelled = (samples[0][i] for i in (0, 3, 4, 5))
    seconds = [(sample[0] - begin) / 1000 for sample in samples]

    figure, panels = plot.subplots(3, 1, figsize=(8, 7.5), sharex=True)
    shares = [100 * sample[2] / sample[1] if sample[1] else 0 for sample in samples]
    line(panels[0], "utilisation", seconds, shares, color=LIVE, label="live bytes of held bytes, tags included")
    panels[0].set_ylim(0, 105)
    panels[0].set_ylabel("utilisation (%)")

    held, live = ([sample[i] / 2**20 for sample in samples] for i in (1, 2))
    line(panels[1], "held", seconds, held, color=HELD, label="held", drawstyle="steps-post")
    line(panels[1], "live", seconds, live, color=LIVE, label="live", drawstyle="steps-post")
    panels[1].fill_between(seconds, live, held, step="post", color=HELD, alpha=0.25, linewidth=0, label="dead or free")
    panels[1].set_ylim(bottom=0)
    panels[1].set_ylabel("memory (MiB)")

    line(panels[2], "moved", seconds, [(sample[3] - moved) / 2**20 for sample in samples], color=MOVED, label="moved")
    line(panels[2], "freed", seconds, [(sample[4] - freed) * HUNK for sample in samples], color=FREED, linestyle="--",
         label="hunks given back")
    panels[2].set_ylim(bottom=0)
    panels[2].set_ylabel("since the first sample (MiB)")
    panels[2].set_xlabel("time since the first sample (s)")
    lines, labels = panels[2].get_legend_handles_labels()
    if samples[-1][5] != cancelled:
        right = panels[2].twinx()
        lines.append(line(right, "cancelled", seconds, [sample[5] - cancelled for sample in samples], color=CANCELLED,
                          linestyle=":"))
        labels.append("moves cancelled (right)")
        right.set_ylim(bottom=0)
        right.yaxis.set_major_locator(MaxNLocator(integer=True))
        right.set_ylabel("moves")
    panels[2].legend(lines, labels, loc="best", fontsize=9)
    for panel in panels[:2]:
        panel.legend(loc="best", fontsize=9)
    for panel in panels:
        panel.grid(True, color="#dddddd", linewidth=0.6)
        panel.set_axisbelow(True)
    figure.tight_layout()
    save(figure, target)


def time_text(ns):
    for unit, many in (("ms", 2**20), ("us", 2**10)):
        if ns >= many:
            return f"{ns // many} {unit}"
    return f"{ns} ns"


def bars(panel, name, labels, counts, color):
    for i, bar in enumerate(panel.bar(range(len(counts)), counts, color=color, width=0.85)):
        bar.set_gid(f"{name}-{i}")
        if counts[i]:
            panel.annotate(f"{counts[i]}", (i, counts[i]), ha="center", va="bottom", fontsize=7)
    panel.set_xticks(range(len(counts)))
    panel.set_xticklabels(labels, rotation=45, ha="right", fontsize=8)
    panel.grid(True, axis="y", color="#dddddd", linewidth=0.6)
    panel.set_axisbelow(True)
    most = max(max(counts), 1)
    if most >= 100:
        panel.set_yscale("symlog", linthresh=1)
    panel.set_ylim(0, most * (2 if most >= 100 else 1.1))


def pauses(pauses_path, costs_path, target):
    found = [re.match(r"\s*(\d+)\.\.\s*(\d*)\s+ns\s+(\d+)$", text) for text in data_lines(pauses_path)]
    found = [match for match in found if match]
    worst = [int(text.split()[-1]) for text in data_lines(pauses_path) if text.startswith("worst")]
    costs = [re.match(r"([\d.]+)\s*\.\.\s*([\d.]*)\s+(\d+)$", text) for text in data_lines(costs_path)]
    costs = [match for match in costs if match]
    total = [text.split()[1] for text in data_lines(costs_path) if text.startswith("cost ")]
    if not found or not costs or not worst or not total:
        sys.exit(f"{pauses_path} and {costs_path} are no files of a pool")

    figure, (left, right) = plot.subplots(1, 2, figsize=(10, 4.2), gridspec_kw={"width_ratios": (5, 3)})
    labels = [f"< {time_text(int(match[2]))}" if match[2] else f"≥ {time_text(int(match[1]))}" for match in found]
    bars(left, "pause", labels, [int(match[3]) for match in found], LIVE)
    left.set_xlabel("interrupts off at a time (1 us, 1 ms: 2$^{10}$, 2$^{20}$ ns)")
    left.set_ylabel("times")
    left.set_title(f"worst: {worst[0]:,} ns", loc="right", fontsize=9)

    labels = [f"≤ {match[2]}" if match[2] else f"> {match[1]}" for match in costs]
    bars(right, "cost", labels, [int(match[3]) for match in costs], FREED)
    right.set_xlabel("bytes moved for each byte freed")
    right.set_ylabel("compactions")
    right.yaxis.set_major_locator(MaxNLocator(integer=True))
    right.set_title(f"all together: {total[0]}", loc="right", fontsize=9)
    figure.tight_layout()
    save(figure, target)


if __name__ == "__main__":
    plot.rcParams["svg.hashsalt"] = "swimmem"
    if len(sys.argv) == 4 and sys.argv[1] == "history":
        history(*sys.argv[2:])
    elif len(sys.argv) == 5 and sys.argv[1] == "pauses":
        pauses(*sys.argv[2:])
    else:
        sys.exit(__doc__)
