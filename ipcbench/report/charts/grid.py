"""latency-grid: the round trip of each mechanism against payload size, one panel each."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.report.charts import matrix
from ipcbench.report.content.study import Study
from ipcbench.report.drawing.chart import Chart, common_sizes, needs, told
from ipcbench.report.drawing.panels import PLOT, Layout, head
from ipcbench.report.drawing.plot import Plot, repeat_context
from ipcbench.report.drawing.scale import log_limits, log_ticks, size_ticks, ticks_at
from ipcbench.report.drawing.sheet import Sheet
from ipcbench.report.drawing.theme import Theme
from ipcbench.units import format_size, format_time

TITLE = "How long is a round trip, and how does it grow with the payload?"


def table(about: Study) -> pd.DataFrame:
    """Return the ping-pong cases that have a time, mechanisms from best to worst, those that spin last.

    Mechanisms measured at one size have no curve and are left out, unless all mechanisms have one size only. `fastest`
    is the best time at a size of the mechanisms shown that wait in the same way; NaN at a size that most of them lack.
    Times are in seconds per round trip.
    """
    cells = matrix.table(about)
    cells = cells[cells["seconds"].notna()].drop(columns=["word"])
    curves = cells[cells.duplicated("mechanism", keep=False)]
    cells = curves if len(curves) else cells
    fastest = cells.groupby(["wait", "size"])["seconds"].transform("min")
    for wait, rows in cells.groupby("wait"):
        rare = (cells["wait"] == wait) & ~cells["size"].isin(common_sizes(rows))
        fastest = fastest.mask(rare)
    return cells.assign(fastest=fastest).reset_index(drop=True)


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one panel per mechanism on shared logarithmic axes."""
    small = min(common_sizes(cells))
    fastest = "the fastest that waits in the same way" if cells["wait"].nunique() > 1 else "the fastest"
    subtitle = (
        f"Each panel: one mechanism in colour with its 95 % interval as a band, all others grey; dashed: {fastest}. "
        f"Right of each name: its time at {format_size(small)}. Both axes logarithmic."
    )
    groups = {name: rows for name, rows in cells.groupby("mechanism", sort=False)}
    layout = Layout(len(groups))
    sheet = Sheet.new(theme, TITLE, subtitle, layout.height)
    sizes = sorted(cells["size"].unique())
    x = log_limits(sizes[0], sizes[-1], 0.04)
    y = log_limits(cells["low"].fillna(cells["seconds"]).min(), cells["high"].fillna(cells["seconds"]).max())
    x_ticks, y_ticks = size_ticks(sizes, x, layout.width), ticks_at(log_ticks(*y, most=5), format_time)
    front = cells[cells["fastest"].notna()].drop_duplicates(["wait", "size"]).sort_values("size")
    plots: list[Plot] = []
    for number, (name, rows) in enumerate(groups.items()):
        left, top = layout.place(number)
        plot = Plot(sheet, left, sheet.body + top, layout.width, PLOT, x, y)
        plot.frame(x_ticks, y_ticks, below=layout.lowest(number), beside=number % layout.columns == 0)
        plots.append(plot)
        best = front[front["wait"] == rows["wait"].iloc[0]]
        plot.curve(best["size"], best["fastest"], color=theme.ink, linewidth=0.9, linestyle=(0, (2, 2)))
        family = rows["family"].iloc[0]
        own = plot.of(str(name))
        own.band(rows["size"], rows["low"], rows["high"], theme.family(family))
        own.family_curve(rows["size"], rows["seconds"], family)
        there = rows[rows["size"] == small]
        value = format_time(there["seconds"].iloc[0]) if len(there) else ""
        head(own.sheet, left, sheet.body + top, layout.width, rows, value)
    repeat_context(plots, [(rows["size"], rows["seconds"]) for rows in groups.values()])
    return sheet.figure


def _alt(cells: pd.DataFrame) -> str:
    wait = cells["wait"].iloc[0]
    first = cells[cells["best"] & (cells["wait"] == wait)].sort_values("size").iloc[[0, -1]]
    found = [
        f"{name} with {format_time(seconds)} at {format_size(size)}"
        for name, seconds, size in zip(first["mechanism"], first["seconds"], first["size"], strict=True)
    ]
    shape = f"{cells['mechanism'].nunique()} curves of round-trip time over payload size."
    return told(f"{shape} Fastest: {found[0]} and {found[1]}.", f"{shape} Fastest: {found[0]}.", f"{found[0]}.")


CHART = Chart(
    id="latency-grid",
    topic="Round trips: growth with the payload",
    title=TITLE,
    caption=(
        "In a flat part the cost of one message dominates, in a rising part the copying of bytes. Where the coloured "
        "line lies on the dashed one, this mechanism is the fastest measured. A mechanism measured at one size only "
        "has no curve."
    ),
    lacks=needs("ping-pong", sizes=2),
    table=table,
    draw=draw,
    alt=_alt,
    pattern="ping-pong",
    by_payload=True,
)
