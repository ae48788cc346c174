"""throughput: bytes per second of a one-way stream against message size."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ipcbench.report.charts.chart import Chart, needs, select, told
from ipcbench.report.charts.plot import Plot
from ipcbench.report.charts.scale import log_limits, log_ticks, size_ticks, spaced, ticks_at
from ipcbench.report.charts.sheet import MARGIN, SMALLEST, WIDTH, Sheet, fit, text_width
from ipcbench.report.study import Study
from ipcbench.report.theme import Theme
from ipcbench.units import format_bandwidth, format_size

TITLE = "How many bytes per second flow one way?"
LABELLED = 6
LEFT = 70.0
RIGHT = 150.0
PLOT = 250.0


def table(about: Study) -> pd.DataFrame:
    """Rows of stream cases that have a time, mechanisms from most to least bandwidth over all sizes.

    New columns, in bytes per second: bandwidth with bandwidth_low and bandwidth_high; and labelled: whether the line
    has a name (of those that reach the largest size the best of each size, `queue`, then the next best, six in all).
    """
    cases = select(about, "stream")
    cases = cases[cases["seconds"].notna() & (cases["workers"] == cases["workers"].min())]
    cases = cases.drop_duplicates(["mechanism", "size"])
    cases = cases.assign(
        bandwidth=cases["size"] / cases["seconds"],
        bandwidth_low=cases["size"] / cases["high"],
        bandwidth_high=cases["size"] / cases["low"],
    )
    standing = {
        str(name): (-len(rows), float(np.log(rows["slowdown"]).mean())) for name, rows in cases.groupby("mechanism")
    }
    order = sorted(standing, key=lambda name: (standing[name], name))
    whole = set(cases.loc[cases["size"] == cases["size"].max(), "mechanism"])
    winners = list(dict.fromkeys(cases[cases["best"]].sort_values("size", ascending=False)["mechanism"]))
    wanted = dict.fromkeys([*winners, *(["queue"] if "queue" in standing else []), *order])
    named = set([name for name in wanted if name in whole][:LABELLED])
    places = {name: place for place, name in enumerate(order)}
    marked: pd.DataFrame = cases.assign(labelled=cases["mechanism"].isin(named), place=cases["mechanism"].map(places))
    return marked.sort_values(["place", "size"]).drop(columns="place").reset_index(drop=True)


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw at most six named lines, their names at their ends, the others grey."""
    subtitle = (
        "Up is better. Size times messages delivered a second; strokes = 95 % interval. Named: the best of each size, "
        f"queue and the next best, with the rate at {format_size(cells['size'].max())}. Grey: all others."
    )
    sheet = Sheet.new(theme, TITLE, subtitle, PLOT + 40)
    width = WIDTH - LEFT - RIGHT
    sizes = sorted(cells["size"].unique())
    low, high = cells["bandwidth_low"].fillna(cells["bandwidth"]), cells["bandwidth_high"].fillna(cells["bandwidth"])
    x, y = log_limits(sizes[0], sizes[-1], 0.04), log_limits(low.min(), high.max(), 0.03)
    plot = Plot(sheet, LEFT, sheet.body + 6, width, PLOT, x, y)
    plot.frame(size_ticks(sizes, x, width), ticks_at(log_ticks(*y, most=9, base=2), format_bandwidth))
    middle = LEFT + width / 2
    sheet.text(middle, sheet.body + PLOT + 32, "payload of one message", ha="center", size=SMALLEST, color=theme.muted)
    grey = [rows for _, rows in cells[~cells["labelled"]].groupby("mechanism", sort=False)]
    plot.context([(rows["size"], rows["bandwidth"]) for rows in grey])
    named = [rows for _, rows in cells[cells["labelled"]].groupby("mechanism", sort=False)]
    for rows in named:
        family = rows["family"].iloc[0]
        own = plot.of(str(rows["mechanism"].iloc[0]))
        own.strokes(rows["size"], rows["bandwidth_low"], rows["bandwidth_high"], theme.family(family))
        own.family_curve(rows["size"], rows["bandwidth"], family)
    _label(plot, [rows.iloc[-1] for rows in named])
    return sheet.figure


def _label(plot: Plot, ends: list[pd.Series]) -> None:
    """Write the names at the right, moved apart where lines end close together, with a leader from each line's end."""
    heights = plot.down([last["bandwidth"] for last in ends])
    ordered = sorted(zip(heights, ends, strict=True), key=lambda pair: (float(pair[0]), pair[1]["mechanism"]))
    places = spaced([float(height) for height, _ in ordered], 13.0, plot.top + 4, plot.top + plot.height - 4)
    x = plot.left + plot.width + 12
    for (height, last), place in zip(ordered, places, strict=True):
        sheet = plot.sheet.of(str(last["mechanism"]))
        colour = sheet.theme.family(last["family"])
        sheet.line([plot.across([last["size"]])[0] + 4, x - 2], [height, place], color=colour, linewidth=0.6)
        value = format_bandwidth(last["bandwidth"])
        room = WIDTH - MARGIN - x - text_width(value, SMALLEST) - 6
        sheet.text(x, place + 3, fit([last["mechanism"], last["short"]], room), color=colour)
        sheet.text(WIDTH - MARGIN, place + 3, value, ha="right", size=SMALLEST, color=sheet.theme.muted)


def _alt(cells: pd.DataFrame) -> str:
    top = cells.sort_values("bandwidth").iloc[-1]
    shape = f"Lines of stream bandwidth over payload size for {cells['mechanism'].nunique()} mechanisms."
    most = f"Most: {top['mechanism']} with {format_bandwidth(top['bandwidth'])} at {format_size(top['size'])}."
    return told(f"{shape} {most}", most)


CHART = Chart(
    id="throughput",
    topic="Streaming",
    title=TITLE,
    caption=(
        "One process sends, another receives; the clock stops when the receiver has the last message. Small messages "
        "are limited by the cost of each message, large ones by copying. A mechanism that cannot carry the largest "
        "payload has no name here; the table below has it."
    ),
    lacks=needs("stream"),
    table=table,
    draw=draw,
    alt=_alt,
    pattern="stream",
)
