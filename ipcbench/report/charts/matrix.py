"""slowdown-matrix: every mechanism at every payload size, as a multiple of the best at that size."""

from __future__ import annotations

import math

import pandas as pd

from ipcbench.analysis.stats import geometric_mean
from ipcbench.report.content.study import Study
from ipcbench.report.content.words import absence
from ipcbench.report.drawing.chart import Chart, common_sizes, needs, select, told
from ipcbench.report.drawing.heatmap import TITLE, draw, shown
from ipcbench.text import count
from ipcbench.units import format_ratio, format_size, format_time

WAITS = ("block", "poll", "spin")  # rows are grouped by the way of waiting, in this order


def table(about: Study) -> pd.DataFrame:
    """Return the ping-pong cases with the fewest workers, in drawing order; unplanned cells have the verdict 'not run'.

    Mechanisms are grouped by the way they wait; each group has its own best and goes from best to worst. New columns:
    word (the text of a cell without a number), in_mean (whether the size counts for the mean: at least half of the
    mechanisms of the group that have several sizes have this one) and geo_mean (geometric mean of the slowdowns of the
    mechanism over the sizes in_mean; NaN if one of them is missing or the group has one mechanism).
    """
    cases = select(about, "ping-pong")
    cases = cases[cases["workers"] == cases["workers"].min()].drop_duplicates(["mechanism", "size"])
    cases = pd.concat([cases, _not_run(cases)], ignore_index=True) if len(cases) else cases
    carried = {name: set(rows.loc[rows["seconds"].notna(), "size"]) for name, rows in cases.groupby("mechanism")}
    cases["word"] = [
        "" if seconds == seconds else absence(verdict, carried[name])
        for name, verdict, seconds in zip(cases["mechanism"], cases["verdict"], cases["seconds"], strict=True)
    ]
    groups = [_meant(group) for _, group in cases.groupby("wait")]
    found = pd.concat(groups, ignore_index=True) if groups else cases.assign(in_mean=False, geo_mean=math.nan, place=0)
    found["waits"] = [WAITS.index(wait) if wait in WAITS else -1 for wait in found["wait"]]
    ordered: pd.DataFrame = found.sort_values(["waits", "wait", "place", "size"], ignore_index=True)
    return ordered.drop(columns=["waits", "place"])


def _meant(group: pd.DataFrame) -> pd.DataFrame:
    """Add the columns in_mean, geo_mean and place (the order) to the rows of mechanisms that wait in the same way."""
    having = group[group["slowdown"].notna()]
    rivals = having["mechanism"].nunique()
    sizes = common_sizes(having)
    means, order = {}, {}
    for name, rows in group.groupby("mechanism"):
        there = rows[rows["slowdown"].notna()]
        common = there.loc[there["size"].isin(sizes), "slowdown"].to_numpy(dtype=float)
        mean = geometric_mean(common) if len(common) else math.inf
        means[name] = mean if len(common) == len(sizes) and rivals > 1 else math.nan
        order[name] = (len(sizes) - len(common), not len(there), mean, name)
    places = {name: place for place, name in enumerate(sorted(order, key=lambda name: order[name]))}
    return group.assign(
        in_mean=group["size"].isin(sizes) & (rivals > 1),
        geo_mean=group["mechanism"].map(means).astype(float),
        place=group["mechanism"].map(places),
    )


def _not_run(cases: pd.DataFrame) -> pd.DataFrame:
    """Return rows for the pairs of mechanism and size that were not in the plan."""
    present = set(zip(cases["mechanism"], cases["size"], strict=True))
    sizes = sorted(cases["size"].unique())
    gaps = []
    for name, rows in cases.groupby("mechanism"):
        gaps += [
            rows.iloc[0].to_dict()
            | {"case": "", "size": size, "verdict": "not run", "reason": "not in the plan of this run", "notes": ""}
            | dict.fromkeys(("seconds", "low", "high", "cpu", "slowdown", "slowdown_low", "slowdown_high"), math.nan)
            | {"best": False, "tied": False, "rounds": 0}
            for size in sizes
            if (name, size) not in present
        ]
    return pd.DataFrame(gaps, columns=cases.columns).astype(cases.dtypes)


def _alt(cells: pd.DataFrame) -> str:
    cells = shown(cells)
    counts = cells[cells["slowdown"].notna()].value_counts(["size", "wait"])
    size, wait = min(counts.index, key=lambda where: (-counts[where], where))
    column = cells[(cells["size"] == size) & (cells["wait"] == wait) & cells["slowdown"].notna()]
    column = column.sort_values("slowdown")
    first, last = column.iloc[0], column.iloc[-1]
    shape = f"{count(cells['mechanism'].nunique(), 'mechanism')} by {count(cells['size'].nunique(), 'payload size')}."
    if len(column) == 1:
        alone = f"At {format_size(size)} {first['mechanism']} takes {format_time(first['seconds'])}."
        return told(f"{shape} {alone}", alone)
    best = f"At {format_size(size)} {first['mechanism']} is best with {format_time(first['seconds'])}"
    slowest = f"{best}; {last['mechanism']} takes {format_ratio(last['slowdown'])} as long."
    return told(f"{shape} {slowest}", slowest, f"{best}.")


CHART = Chart(
    id="slowdown-matrix",
    topic="Round trips: which mechanism is fastest?",
    title=TITLE,
    caption=(
        "Look down the column of your payload size: the blue cell is the fastest round trip, the others say how many "
        "times as long they take. ≈ is a tie: less than 3 % apart, or no clear difference in this run. A word stands "
        "for a missing number. A mechanism that spins keeps a CPU busy while it waits, so it is ranked separately."
    ),
    lacks=needs("ping-pong"),
    table=table,
    draw=draw,
    alt=_alt,
    pattern="ping-pong",
    by_payload=True,
)
