"""scaling: tasks per second against the number of workers, one panel per mechanism."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.report.charts.chart import Chart, needs, select, told, typical_size
from ipcbench.report.charts.panels import BELOW, PLOT, Layout, head
from ipcbench.report.charts.plot import Plot
from ipcbench.report.charts.scale import log_limits, log_ticks, ticks_at
from ipcbench.report.charts.sheet import LINE, SMALLEST, Sheet
from ipcbench.report.study import Study
from ipcbench.report.text import count
from ipcbench.report.theme import Theme
from ipcbench.units import format_rate, format_size

TITLE = "Do more workers get more tasks done?"
MANY = 4


def table(about: Study) -> pd.DataFrame:
    """Rows of task-queue cases of the typical size that have a time, the most tasks per second with 4 workers first.

    New columns: rate with rate_low and rate_high (tasks per second), ideal (the rate of the fewest workers times how
    many times more there are), many (the number of workers that the order is by: 4, or the most) and cpus (usable
    CPUs of the machine).
    """
    cases = select(about, "task-queue")
    cases = cases[cases["seconds"].notna() & (cases["size"] == typical_size(cases))]
    cases = cases.drop_duplicates(["mechanism", "workers"]).sort_values(["mechanism", "workers"])
    counts = sorted(cases["workers"].unique())
    many = MANY if MANY in counts else max(counts, default=0)
    cases = cases.assign(rate=1 / cases["seconds"], rate_low=1 / cases["high"], rate_high=1 / cases["low"], many=many)
    first = cases.groupby("mechanism")[["rate", "workers"]].transform("first")
    cases = cases.assign(ideal=first["rate"] * cases["workers"] / first["workers"], cpus=about.summary["cpus"].max())
    there = cases[cases["workers"] == many].set_index("mechanism")["seconds"]
    order = cases["mechanism"].map(there).fillna(math.inf)
    return (
        cases.assign(order=order)
        .sort_values(["order", "mechanism", "workers"])
        .drop(columns="order")
        .reset_index(drop=True)
    )


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one panel per mechanism on shared axes."""
    many, cpus = int(cells["many"].iloc[0]), int(cells["cpus"].iloc[0])
    subtitle = (
        f"Tasks of {format_size(cells['size'].iloc[0])}, out and back, per second; up is better. Thin line: ideal from "
        f"the first point; grey: the others. Shaded: more processes than the {count(cpus, 'CPU')}. "
        f"At the right of each name: its rate with {count(many, 'worker')}, best first."
    )
    groups = {name: rows for name, rows in cells.groupby("mechanism", sort=False)}
    layout = Layout(len(groups))
    sheet = Sheet.new(theme, TITLE, subtitle, layout.height + LINE)
    low, high = cells["rate_low"].fillna(cells["rate"]), cells["rate_high"].fillna(cells["rate"])
    counts = sorted(cells["workers"].unique())
    x, y = log_limits(counts[0], counts[-1], 0.06, 2.0), log_limits(low.min(), high.max())
    x_ticks = ticks_at(counts, lambda number: f"{number:g}")
    y_ticks = ticks_at(log_ticks(*y, most=5), format_rate)
    for number, (name, rows) in enumerate(groups.items()):
        left, top = layout.place(number)
        plot = Plot(sheet, left, sheet.body + top, layout.width, PLOT, x, y)
        _crowd(plot, cpus)
        plot.frame(x_ticks, y_ticks, below=layout.lowest(number), beside=number % layout.columns == 0)
        plot.context([(r["workers"], r["rate"]) for other, r in groups.items() if other != name])
        own = plot.of(str(name))
        plot.curve(rows["workers"], rows["ideal"], clip=True, color=theme.muted, linewidth=0.7)
        family = rows["family"].iloc[0]
        own.band(rows["workers"], rows["rate_low"], rows["rate_high"], theme.family(family))
        own.family_curve(rows["workers"], rows["rate"], family)
        there = rows[rows["workers"] == many]
        value = format_rate(there["rate"].iloc[0]) if len(there) else ""
        note = "best" if there["best"].any() else "≈" if there["tied"].any() else ""
        head(own.sheet, left, sheet.body + top, layout.width, rows, value, note)
    foot = sheet.body + layout.height - BELOW + LINE * 2
    sheet.text(sheet.width / 2, foot, "workers", ha="center", size=SMALLEST, color=theme.muted)
    return sheet.figure


def _crowd(plot: Plot, cpus: int) -> None:
    """Shade where processes outnumber the CPUs, and put a rule at as many workers as CPUs."""
    theme = plot.sheet.theme
    # The driver is a process too: as many workers as CPUs are already one process too many.
    crowded = max(math.sqrt(max(cpus - 1, 0.5) * cpus), plot.x[0])
    if crowded < plot.x[1]:
        left, right = plot.across([crowded, plot.x[1]])
        plot.sheet.patch(
            Rectangle((left, plot.top), right - left, plot.height, facecolor=theme.panel, linewidth=0, zorder=0.1)
        )
    if plot.x[0] < cpus < plot.x[1]:
        plot.curve([cpus, cpus], plot.y, color=theme.muted, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)


def _alt(cells: pd.DataFrame) -> str:
    first = cells[cells["workers"] == cells["many"]].iloc[0]
    shape = f"Tasks per second over workers for {cells['mechanism'].nunique()} mechanisms."
    many = count(int(first["workers"]), "worker")
    found = f"With {many} {first['mechanism']} is first with {format_rate(first['rate'])}."
    return told(f"{shape} {found}", found)


CHART = Chart(
    id="scaling",
    topic="More workers",
    title=TITLE,
    caption=(
        "The driver hands tasks to N workers and takes their results back; tasks do no work of their own, so this is "
        "the most that the mechanism can carry. Beyond the dotted rule there are more workers than CPUs, and in the "
        "shaded part workers and driver together outnumber them: what is measured there is also the scheduler. "
        "≈ is a tie with the best."
    ),
    lacks=needs("task-queue"),
    table=table,
    draw=draw,
    alt=_alt,
    pattern="task-queue",
)
