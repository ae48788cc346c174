"""work-break-even: how many times as fast as a plain loop, by the work for each message, one panel per mechanism."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.analysis.break_even import gains, pays_from
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table, records
from ipcbench.report.content.words import interval
from ipcbench.report.drawing.chart import EVERY, SHOWN, Chart, told
from ipcbench.report.drawing.panels import BELOW, PLOT, Layout, head
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.scale import log_limits, log_ticks, ticks_at
from ipcbench.report.drawing.sheet import LINE, SMALLEST, Sheet
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count, safe_text
from ipcbench.units import format_ratio, format_time

MOST = 12  # panels
_FIRST = ("task-queue", "tasks:map-chunked", "tasks:map", "tasks:submit", "fan-out")  # shown of several for a mechanism


def table(about: Study) -> pd.DataFrame:
    """Return the cases of `gains`, one question for each mechanism, the largest gain first.

    New column: pays, the least work in seconds from which the mechanism is faster than a plain loop; NaN if it is not.
    """
    cells = gains(about.summary, about.series, about.record.machine.usable_cpus)
    order = {question: place for place, question in enumerate(_FIRST)}
    cells = cells.assign(place=cells["base"].map(order).fillna(len(order)))
    cells = cells[cells["place"] == cells.groupby("mechanism")["place"].transform("min")]
    cells = cells[cells.groupby("mechanism")["work"].transform("nunique") > 1]
    most = cells.groupby("mechanism")["gain"].transform("max")
    pays = {name: pays_from(rows) for name, rows in cells.groupby("mechanism")}
    cells = cells.assign(most=most, pays=cells["mechanism"].map(pays).astype(float))
    cells = cells.sort_values(["most", "mechanism", "work"], ascending=[False, True, True], ignore_index=True)
    kept = list(dict.fromkeys(cells["mechanism"]))[:MOST]
    return cells.loc[cells["mechanism"].isin(kept), [*SHOWN, "base", "work", "gain", "gain_low", "gain_high", "pays"]]


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one panel per mechanism on shared axes."""
    workers = sorted(set(cells["workers"]))
    subtitle = (
        f"Times as fast as a plain loop in one process, with {' or '.join(f'{n:g}' for n in workers)} "
        f"worker{'s' * (workers != [1])}; higher is better. Line at 1×: as fast as the loop; grey: all others. Right "
        "of each name: the work from which it is faster."
    )
    groups = {name: rows for name, rows in cells.groupby("mechanism", sort=False)}
    layout = Layout(len(groups))
    sheet = Sheet.new(theme, CHART.title, subtitle, layout.height + LINE)
    low, high = cells["gain_low"].fillna(cells["gain"]), cells["gain_high"].fillna(cells["gain"])
    works = sorted(cells["work"].unique())
    x, y = log_limits(works[0], works[-1], 0.06, 2.0), log_limits(min(low.min(), 0.9), max(high.max(), 1.1))
    x_ticks, y_ticks = ticks_at(works, format_time), ticks_at(log_ticks(*y, most=5), format_ratio)
    for number, (name, rows) in enumerate(groups.items()):
        left, top = layout.place(number)
        plot = Plot(sheet, left, sheet.body + top, layout.width, PLOT, x, y)
        plot.frame(x_ticks, y_ticks, below=layout.lowest(number), beside=number % layout.columns == 0)
        plot.curve(x, (1.0, 1.0), color=theme.muted, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
        plot.context([(r["work"], r["gain"]) for other, r in groups.items() if other != name])
        own, family = plot.of(str(name)), rows["family"].iloc[0]
        own.band(rows["work"], rows["gain_low"], rows["gain_high"], theme.family(family))
        own.family_curve(rows["work"], rows["gain"], family)
        pays = rows["pays"].iloc[0]
        head(own.sheet, left, sheet.body + top, layout.width, rows, _from(pays), "" if math.isnan(pays) else "≥")
    foot = sheet.body + layout.height - BELOW + LINE * 2
    sheet.text(sheet.width / 2, foot, "work for each message", ha="center", size=SMALLEST, color=theme.muted)
    return sheet.figure


def _from(pays: float) -> str:
    return "never" if math.isnan(pays) else format_time(pays)


def _alt(cells: pd.DataFrame) -> str:
    first = cells.iloc[0]
    name, workers = safe_text(first["mechanism"], 40), count(int(first["workers"]), "worker")
    many = count(cells["mechanism"].nunique(), "mechanism")
    if math.isnan(first["pays"]):
        return told(f"Of {many} none is surely faster than a plain loop; {name} comes nearest, with {workers}.")
    best = cells.loc[cells["mechanism"] == first["mechanism"], "gain"].max()
    return told(
        f"With {workers} {name} is faster than a plain loop from {format_time(first['pays'])} of work on, at most "
        f"{format_ratio(best)}; best of {many}.",
        f"{name} pays from {format_time(first['pays'])} of work on, at most {format_ratio(best)}.",
    )


def _details(cells: pd.DataFrame, caption: str) -> Table:
    rows = [
        [
            f"{row.mechanism}, {row.base}, {count(int(row.workers), 'worker')}",
            format_time(row.work),
            format_time(row.seconds),
            format_ratio(row.gain),
            interval(row.gain_low, row.gain_high, format_ratio),
        ]
        for row in records(cells)
    ]
    return Table(caption, ["Case", "Work", "Time", "× as fast as a loop", "its 95 % interval"], rows)


def _lacks(about: Study) -> str:
    if table(about).empty:
        return "A break-even needs two amounts of --work, for a mechanism with workers and for `serial`."
    return ""


CHART = Chart(
    id="work-break-even",
    topic="From which work on does it pay?",
    title="From which work on are several workers faster than a plain loop?",
    caption=(
        "Each message or task takes its receiver the time of work that is below; the loop does the same work without "
        "handing anything over. Band: 95 % interval, paired by round. A mechanism pays from the least work from which "
        "its interval lies above 1×. Where tasks and messages were measured, tasks are shown."
    ),
    lacks=_lacks,
    table=table,
    draw=draw,
    alt=_alt,
    details=_details,
    pattern=EVERY,
)
