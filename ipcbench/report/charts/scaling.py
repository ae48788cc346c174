"""scaling: operations per second against the number of workers, one panel per mechanism, one chart per pattern."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.report.content.study import Study
from ipcbench.report.drawing.chart import Chart, needs, select, told, typical_size
from ipcbench.report.drawing.panels import BELOW, PLOT, Layout, head
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.scale import log_limits, log_ticks, ticks_at
from ipcbench.report.drawing.sheet import LINE, SMALLEST, Sheet
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count, safe_text
from ipcbench.units import format_rate, format_size

MANY = 4


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of a chart for one pattern: its title, what is counted, what the axis counts, and its caption.

    paired: a worker is two processes, and the driver takes no part.
    """

    title: str
    counted: str
    axis: str
    caption: str
    paired: bool = False


WORDS = {
    "task-queue": Words(
        "Do more workers get more tasks done?",
        "Tasks of {size} per second, each with its result",
        "workers",
        "The driver hands tasks to N workers and takes their results back; tasks do no work, so this is the most "
        "that the mechanism can carry.",
    ),
    "fan-in": Words(
        "Do more senders get more messages through?",
        "Messages of {size} per second, from all senders to one receiver",
        "senders",
        "N workers send over one channel and the driver receives everything.",
    ),
    "fan-out": Words(
        "Do more receivers take more messages?",
        "Messages of {size} per second, from one sender to all receivers",
        "receivers",
        "The driver sends over one channel, and N workers take what they can get.",
    ),
    "many-to-many": Words(
        "Do more senders and receivers get more messages through?",
        "Messages of {size} per second, from all senders to all receivers",
        "pairs of a sender and a receiver",
        "N senders and N receivers use one channel at once.",
        paired=True,
    ),
    "pairs": Words(
        "Do more pairs make more round trips?",
        "Round trips of {size} per second, of all pairs together",
        "pairs",
        "N pairs of processes make round trips at once, each pair over its own channels.",
        paired=True,
    ),
}


def table(about: Study, pattern: str) -> pd.DataFrame:
    """Return a pattern's cases at the typical size that have a time, the highest rate with 4 workers first.

    New columns: rate with rate_low and rate_high (operations of all workers, per second), ideal (the rate with the
    fewest workers, scaled up in proportion to the workers), many (the number of workers by which mechanisms are
    ordered: 4, or the most) and cpus (usable CPUs of the machine).
    """
    cases = select(about, pattern)
    cases = cases[cases["seconds"].notna() & (cases["size"] == typical_size(cases))]
    cases = cases.drop_duplicates(["mechanism", "workers"]).sort_values(["mechanism", "workers"])
    counts = sorted(cases["workers"].unique())
    many = MANY if MANY in counts else max(counts, default=0)
    cases = cases.assign(rate=1 / cases["seconds"], rate_low=1 / cases["high"], rate_high=1 / cases["low"], many=many)
    first = cases.groupby("mechanism")[["rate", "workers"]].transform("first")
    cases = cases.assign(
        ideal=first["rate"] * cases["workers"] / first["workers"], cpus=about.record.machine.usable_cpus
    )
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
    words = WORDS[cells["question"].iloc[0]]
    many, cpus = int(cells["many"].iloc[0]), int(cells["cpus"].iloc[0])
    subtitle = (
        f"{words.counted.format(size=format_size(cells['size'].iloc[0]))}; higher is better. Thin line: ideal "
        f"scaling from the first point; grey: all others. Shaded: more processes than the {count(cpus, 'CPU')}"
        f"{'' if words.paired else f'; dotted: as many {words.axis} as CPUs'}. "
        f"Right of each name: its rate at {many} {words.axis}, best first."
    )
    groups = {name: rows for name, rows in cells.groupby("mechanism", sort=False)}
    layout = Layout(len(groups))
    sheet = Sheet.new(theme, words.title, subtitle, layout.height + LINE)
    low, high = cells["rate_low"].fillna(cells["rate"]), cells["rate_high"].fillna(cells["rate"])
    counts = sorted(cells["workers"].unique())
    x, y = log_limits(counts[0], counts[-1], 0.06, 2.0), log_limits(low.min(), high.max())
    x_ticks = ticks_at(counts, lambda number: f"{number:g}")
    y_ticks = ticks_at(log_ticks(*y, most=5), format_rate)
    for number, (name, rows) in enumerate(groups.items()):
        left, top = layout.place(number)
        plot = Plot(sheet, left, sheet.body + top, layout.width, PLOT, x, y)
        _crowd(plot, cpus, words.paired)
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
    sheet.text(sheet.width / 2, foot, words.axis, ha="center", size=SMALLEST, color=theme.muted)
    return sheet.figure


def _crowd(plot: Plot, cpus: int, paired: bool) -> None:
    """Shade where processes outnumber the CPUs; if a worker is one process, draw a rule where workers equal CPUs."""
    theme = plot.sheet.theme
    # Unless paired, the driver is a busy process too: as many workers as CPUs are then one process too many.
    fitting = math.floor(cpus / 2 if paired else cpus - 1)
    crowded = max(math.sqrt(max(fitting, 0.5) * (fitting + 1)), plot.x[0])
    if crowded < plot.x[1]:
        left, right = plot.across([crowded, plot.x[1]])
        plot.sheet.patch(
            Rectangle((left, plot.top), right - left, plot.height, facecolor=theme.panel, linewidth=0, zorder=0.1)
        )
    if not paired and plot.x[0] < cpus < plot.x[1]:
        plot.curve([cpus, cpus], plot.y, color=theme.muted, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)


def _alt(cells: pd.DataFrame) -> str:
    first = cells[cells["workers"] == cells["many"]].iloc[0]
    words = WORDS[first["question"]]
    found = (
        f"At {first['workers']} {words.axis} {safe_text(first['mechanism'], 40)} is first of "
        f"{count(cells['mechanism'].nunique(), 'mechanism')} with {format_rate(first['rate'])}."
    )
    return told(f"{words.title} {found}", found)


def _chart(pattern: str) -> Chart[Study]:
    words = WORDS[pattern]
    return Chart(
        id=f"scaling-{pattern}",
        topic=f"More {words.axis.split(' of ')[0]}",
        title=words.title,
        caption=(
            f"{words.caption} In the shaded part there are more processes than CPUs, so the scheduler is measured "
            "too. ≈ is a tie with the best."
        ),
        lacks=needs(pattern, workers=2),
        table=partial(table, pattern=pattern),
        draw=draw,
        alt=_alt,
        pattern=pattern,
    )


CHART = replace(_chart("task-queue"), id="scaling")


def variants(about: Study) -> list[Chart[Study]]:
    """Return the chart `scaling` of the first pattern that a run has for it, and one for each other with rivals."""
    first, *others = [chart for chart in map(_chart, WORDS) if not chart.lacks(about)] or [CHART]
    rivals = select(about, *WORDS).dropna(subset="seconds").groupby("question")["mechanism"].nunique()
    return [replace(first, id=CHART.id), *(chart for chart in others if rivals[chart.pattern] > 1)]
