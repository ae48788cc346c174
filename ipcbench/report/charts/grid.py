"""latency-grid: the round trip of each mechanism against payload size, one panel each."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.report.charts import matrix
from ipcbench.report.charts.chart import Chart, needs
from ipcbench.report.charts.panels import PLOT, Layout, head
from ipcbench.report.charts.plot import Plot
from ipcbench.report.charts.scale import log_limits, log_ticks, size_ticks, ticks_at
from ipcbench.report.charts.sheet import Sheet
from ipcbench.report.study import Study
from ipcbench.report.theme import Theme
from ipcbench.units import format_size, format_time

TITLE = "How long is a round trip, and how does it grow with the payload?"


def table(about: Study) -> pd.DataFrame:
    """Rows of ping-pong cases that have a time, mechanisms from best to worst; `fastest` is the best time of the size.

    Times in seconds per round trip.
    """
    cells = matrix.table(about)
    cells = cells[cells["seconds"].notna()].drop(columns=["word"])
    return cells.assign(fastest=cells.groupby("size")["seconds"].transform("min")).reset_index(drop=True)


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one panel per mechanism on shared logarithmic axes."""
    smallest = int(cells["size"].min())
    subtitle = (
        "Each panel: one mechanism in colour, band = 95 % interval, all others grey, the fastest of each size dashed. "
        f"At the right of each name: its time at {format_size(smallest)}. Both axes logarithmic."
    )
    groups = {name: rows for name, rows in cells.groupby("mechanism", sort=False)}
    layout = Layout(len(groups))
    sheet = Sheet.new(theme, TITLE, subtitle, layout.height)
    sizes = sorted(cells["size"].unique())
    x = log_limits(sizes[0], sizes[-1], 0.04)
    y = log_limits(cells["low"].fillna(cells["seconds"]).min(), cells["high"].fillna(cells["seconds"]).max())
    x_ticks, y_ticks = size_ticks(sizes, x, layout.width), ticks_at(log_ticks(*y, most=5), format_time)
    fastest = cells.drop_duplicates("size").sort_values("size")
    for number, (name, rows) in enumerate(groups.items()):
        left, top = layout.place(number)
        plot = Plot(sheet, left, sheet.body + top, layout.width, PLOT, x, y)
        plot.frame(x_ticks, y_ticks, below=layout.lowest(number), beside=number % layout.columns == 0)
        plot.context([(r["size"], r["seconds"]) for other, r in groups.items() if other != name])
        plot.curve(fastest["size"], fastest["fastest"], color=theme.ink, linewidth=0.9, linestyle=(0, (2, 2)))
        family = rows["family"].iloc[0]
        plot.band(rows["size"], rows["low"], rows["high"], theme.family(family))
        plot.family_curve(rows["size"], rows["seconds"], family)
        at_smallest = rows[rows["size"] == smallest]
        value = format_time(at_smallest["seconds"].iloc[0]) if len(at_smallest) else ""
        head(sheet, left, sheet.body + top, layout.width, rows, value)
    return sheet.figure


def _alt(cells: pd.DataFrame) -> str:
    first = cells[cells["best"]].sort_values("size").iloc[[0, -1]]
    found = " and ".join(
        f"{name} with {format_time(seconds)} at {format_size(size)}"
        for name, seconds, size in zip(first["mechanism"], first["seconds"], first["size"], strict=True)
    )
    return f"{cells['mechanism'].nunique()} curves of round-trip time over payload size. Fastest: {found}."


CHART = Chart(
    id="latency-grid",
    topic="Round trips: what shape?",
    title=TITLE,
    caption=(
        "A flat part means that the cost of one message decides, a rising part that copying bytes does. "
        "Where the coloured line lies on the dashed one, this mechanism is the fastest measured."
    ),
    lacks=needs("ping-pong", sizes=2),
    table=table,
    draw=draw,
    alt=_alt,
    pattern="ping-pong",
    by_payload=True,
)
