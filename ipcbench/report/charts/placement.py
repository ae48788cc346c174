"""placement: how times change with the CPUs that processes run on, as ratios to one CPU for each process."""

from __future__ import annotations

import math
from collections import Counter

import pandas as pd

from ipcbench.analysis.difference import paired
from ipcbench.report.comparison.ratios import ratio_word
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table, records
from ipcbench.report.content.words import interval, listing
from ipcbench.report.drawing.chart import EVERY, Chart, told
from ipcbench.report.drawing.placement_panels import PANELS, TITLE, draw
from ipcbench.text import count
from ipcbench.units import format_size, format_time

BASE = "spread"
BLOCKS = 4
COLUMNS = ["question", "size", "workers", "mechanism", "short", "family", "case", "base_case", "base", "placement"]
COLUMNS += ["base_seconds", "seconds", "ratio", "low", "high", "tied", "rounds"]
_SAME = ["question", "size", "workers", "mechanism"]


def table(about: Study) -> pd.DataFrame:
    """Return one row per case that was also measured under the base placement.

    The base is spread, or else the placement of most cases. ratio is the time ÷ the time under the base, paired by
    round, with its interval low to high; tied is that of `analysis.difference.Difference`. At most 4 questions are
    shown (ping-pong, then those with the most rows), each with its fewest workers and at most 4 of its sizes, evenly
    chosen. Mechanisms are ordered by their mean ratio.
    """
    cases = _cases(about)
    base = _base(cases)
    found = []
    for _, same in cases.groupby(_SAME, sort=True):
        by_placement = {str(row.placement): row for row in records(same)}
        if base not in by_placement:
            continue
        first = by_placement.pop(base)
        for placement, other in sorted(by_placement.items()):
            change = paired(about.series[other.key], about.series[first.key])
            facts = {name: getattr(other, name) for name in (*_SAME, "short", "family", "case", "rounds", "seconds")}
            ends = {"ratio": change.ratio, "low": change.low, "high": change.high, "tied": change.tied}
            bases = {"base": base, "base_case": first.case, "base_seconds": first.seconds}
            found.append(facts | ends | bases | {"placement": placement})
    rows = pd.DataFrame(found, columns=COLUMNS)
    asked = Counter(str(name) for name in rows["question"])
    questions = sorted(asked, key=lambda name: (name != "ping-pong", -asked[name], name))[:BLOCKS]
    blocks = [_block(rows[rows["question"] == question]) for question in questions]
    return pd.concat(blocks, ignore_index=True) if blocks else rows


def _cases(about: Study) -> pd.DataFrame:
    """Return the ranked cases with a time of the setting shown, under any placement."""
    payload, start_method, _, cpus, python = about.setting
    cases = about.summary
    same = (cases["payload"] == payload) & (cases["start_method"] == start_method) & (cases["python"] == python)
    same &= cases["cpus"] == cpus
    return cases[same & cases["ranked"] & cases["seconds"].notna()]


def _base(cases: pd.DataFrame) -> str:
    found = Counter(str(name) for name in cases["placement"])
    return BASE if BASE in found else min(found, key=lambda name: (-found[name], name), default=BASE)


def _block(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["workers"] == rows["workers"].min()]
    sizes = sorted(int(size) for size in rows["size"].unique())
    if len(sizes) > PANELS:
        sizes = [sizes[round(place * (len(sizes) - 1) / (PANELS - 1))] for place in range(PANELS)]
    rows = rows[rows["size"].isin(sizes)]
    means = {
        str(name): sum(math.log(ratio) for ratio in own["ratio"]) / len(own) for name, own in rows.groupby("mechanism")
    }
    ordered = rows.assign(mean=[means[str(name)] for name in rows["mechanism"]])
    return ordered.sort_values(["mean", "mechanism", "size", "placement"]).drop(columns="mean")


def _alt(cells: pd.DataFrame) -> str:
    clear = cells[~cells["tied"]]
    base = cells["base"].iloc[0]
    found = f"{len(clear)} of {count(len(cells), 'case')} differ from {base}"
    most = max(records(clear if len(clear) else cells), key=lambda row: abs(math.log(row.ratio)))
    where = f"{most.mechanism}, {most.question} {format_size(most.size)}"
    change = f"{most.placement} takes {ratio_word(most.ratio)} the time"
    return told(
        f"Times by placement. {found}; the most {where}: {change}.", f"{found}; the most {where}.", f"{change}: {where}"
    )


def _details(cells: pd.DataFrame, caption: str) -> Table:
    rows = [
        [
            f"{row.question}/{row.mechanism}, {format_size(row.size)}",
            format_time(row.base_seconds),
            row.placement,
            format_time(row.seconds),
            f"{'≈ ' if row.tied else ''}{ratio_word(row.ratio)}",
            interval(row.low, row.high, ratio_word),
            str(row.rounds),
        ]
        for row in records(cells)
    ]
    base = cells["base"].iloc[0] if len(cells) else BASE
    header = ["Case", f"Under {base}", "Placement", "Time", f"× {base}", "its 95 % interval", "Rounds"]
    return Table(caption, header, rows)


def _lacks(about: Study) -> str:
    cases = _cases(about)
    if cases.empty:
        return "No case of this run has a number."
    placements = sorted(str(name) for name in cases["placement"].unique())
    if len(placements) < 2:
        return f"A comparison needs two placements; this run has {placements[0]} only."
    return "" if len(table(about)) else f"No case of this run was measured under two of {listing(placements)}."


CHART = Chart(
    id="placement",
    topic="Where processes run",
    title=TITLE,
    caption=(
        "A blocking mechanism must wake the other process: that is slow on another CPU, and only a switch on the same "
        "CPU. Large messages gain from two CPUs that copy at once; processes that spin on one CPU wait for their turn. "
        "Left to the scheduler, processes may move while they are measured, so values scatter."
    ),
    lacks=_lacks,
    table=table,
    draw=draw,
    alt=_alt,
    details=_details,
    pattern=EVERY,
)
