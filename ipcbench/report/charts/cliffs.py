"""cliffs: round trips over payload size of the mechanisms whose time jumps between two sizes."""

from __future__ import annotations

import math
from itertools import groupby
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.analysis.traps import STEP, steps
from ipcbench.report.content.setting import in_setting
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import records
from ipcbench.report.content.words import short_ratio
from ipcbench.report.drawing.chart import SHOWN, Chart, told
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.scale import log_limits, log_ticks, size_ticks, ticks_at
from ipcbench.report.drawing.sheet import SMALLEST, WIDTH, Sheet, fit, wrap
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count
from ipcbench.units import format_ratio, format_size, format_time

TITLE = "Which sizes should I avoid?"
MOST = 8
COLUMNS = 2
LEFT = 50.0
GAP = 54.0
RIGHT = 14.0
PLOT = 110.0
SAID = 2  # lines of text above a panel that describe its steps
HEAD = 18.0 + 11 * SAID
FOOT = 26.0


def table(about: Study) -> pd.DataFrame:
    """Return the ping-pong cases of at most 8 mechanisms with a step, the highest first, and of one reference without.

    The reference, whose column `reference` is true, is the mechanism without a step that has the most of the sizes
    shown; of equals, the fastest. New columns: step (time ÷ time at the next smaller size, if `analysis.traps.steps`
    finds a step there; else NaN) with step_low and step_high, before (that smaller size, in bytes) and found (how many
    mechanisms have steps).
    """
    cases = _cases(about)
    found = {step.above.key: step for step in steps(cases.assign(case=cases["key"]), about.series)}
    cases = cases.assign(
        step=[found[key].change.ratio if key in found else math.nan for key in cases["key"]],
        step_low=[found[key].change.low if key in found else math.nan for key in cases["key"]],
        step_high=[found[key].change.high if key in found else math.nan for key in cases["key"]],
        before=[float(found[key].below.size) if key in found else math.nan for key in cases["key"]],
    )
    heights = {
        str(name): max(abs(math.log(step)) for step in rows["step"].dropna())
        for name, rows in cases.groupby("mechanism")
        if rows["step"].notna().any()
    }
    order = sorted(heights, key=lambda name: (-heights[name], name))[:MOST]
    reference = _reference(cases, set(heights), set(cases.loc[cases["mechanism"].isin(order), "size"]))
    places = {name: place for place, name in enumerate([*order, *reference])}
    chosen = cases[cases["mechanism"].isin(places)]
    chosen = chosen.assign(
        reference=chosen["mechanism"].isin(reference),
        found=len(heights),
        order=chosen["mechanism"].map(places),
    )
    kept = [*SHOWN, "step", "step_low", "step_high", "before", "reference", "found"]
    ordered: pd.DataFrame = chosen.sort_values(["order", "size"])[kept].reset_index(drop=True)
    return ordered


def _cases(about: Study) -> pd.DataFrame:
    """Return the ping-pong cases of the setting shown that have a time, with the fewest workers; controls included."""
    cases: pd.DataFrame = about.summary
    cases = cases[(cases["question"] == "ping-pong") & in_setting(cases, about.setting) & cases["seconds"].notna()]
    fewest: pd.DataFrame = cases[(cases["workers"] == cases["workers"].min()) & (cases["size"] > 0)]
    return fewest


def _reference(cases: pd.DataFrame, stepped: set[str], sizes: set[int]) -> list[str]:
    """Return the one mechanism without a step to show beside the others, or an empty list if there is none."""
    others = cases[cases["ranked"] & ~cases["mechanism"].isin(stepped) & cases["size"].isin(sizes)]
    standing = {
        str(name): (-len(rows), float(rows["seconds"].sum()), name) for name, rows in others.groupby("mechanism")
    }
    known = [name for name in standing if standing[name][0] <= -2]
    return [min(known, key=lambda name: standing[name])] if known else []


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one panel per mechanism on shared logarithmic axes, its steps marked, the reference grey."""
    grey = cells[cells["reference"]]
    panels = [rows for _, rows in cells[~cells["reference"]].groupby("mechanism", sort=False)]
    columns = min(COLUMNS, len(panels))
    lines = math.ceil(len(panels) / columns)
    sheet = Sheet.new(theme, TITLE, _subtitle(cells), lines * (HEAD + PLOT + FOOT))
    width = (WIDTH - LEFT - RIGHT - GAP * (columns - 1)) / columns
    sizes = sorted(cells["size"].unique())
    x = log_limits(sizes[0], sizes[-1], 0.04)
    low, high = cells["low"].fillna(cells["seconds"]), cells["high"].fillna(cells["seconds"])
    y = log_limits(low.min(), high.max(), 0.1)
    x_ticks, y_ticks = size_ticks(sizes, x, width), ticks_at(log_ticks(*y, most=6), format_time)
    for number, rows in enumerate(panels):
        line, column = divmod(number, columns)
        top = sheet.body + line * (HEAD + PLOT + FOOT) + HEAD
        plot = Plot(sheet, LEFT + column * (width + GAP), top, width, PLOT, x, y)
        plot.frame(x_ticks, y_ticks)
        if len(grey):
            beside = plot.of(str(grey["mechanism"].iloc[0]))
            beside.curve(
                grey["size"], grey["seconds"], color=theme.muted, linewidth=1.0, linestyle=(0, (2, 2)), zorder=2
            )
        _draw_panel(plot.of(str(rows["mechanism"].iloc[0])), rows)
    return sheet.figure


def _subtitle(cells: pd.DataFrame) -> str:
    first, shown = cells.iloc[0], cells.loc[~cells["reference"], "mechanism"].nunique()
    grey = cells.loc[cells["reference"], "mechanism"].unique()
    beside = f" Dashed: {grey[0]}, which has no step." if len(grey) else ""
    hidden = int(first["found"]) - shown
    more = f" Not shown: {count(hidden, 'more mechanism')} with steps." if hidden else ""
    return (
        f"Round trips by payload size, both axes logarithmic, the largest step first. Shaded: a step, where the time "
        f"changes by {STEP:g}× or more beyond what the size explains.{beside}{more}"
    )


def _draw_panel(plot: Plot, rows: pd.DataFrame) -> None:
    """Draw one mechanism: its curve, its steps shaded, and above it the steps in words."""
    sheet, theme = plot.sheet, plot.sheet.theme
    first = rows.iloc[0]
    family = str(first["family"])
    by_size = {int(row.size): row for row in records(rows)}
    jumps = [row for row in records(rows) if not math.isnan(row.step)]
    for row in jumps:
        left, right = plot.across([row.before, row.size])
        sheet.patch(
            Rectangle((left, plot.top), right - left, plot.height, facecolor=theme.grid, linewidth=0, zorder=0.1)
        )
    plot.band(rows["size"], rows["low"], rows["high"], theme.family(family))
    plot.family_curve(rows["size"], rows["seconds"], family)
    name = fit([first["mechanism"], first["short"]], plot.width, 9, "bold")
    top = plot.top - HEAD + 8
    sheet.text(plot.left, top, name, weight="bold", color=theme.family(family))
    for number, line in enumerate(_said(jumps, by_size, plot.width)):
        sheet.text(plot.left, top + 12 + 11 * number, line, size=SMALLEST)


def _said(jumps: list[Any], by_size: dict[int, Any], room: float) -> list[str]:
    """Describe the steps of a mechanism by slow size, the worst first, in at most two lines; count the rest."""
    pairs = []
    for row in jumps:
        slow, fast = (row, by_size[int(row.before)]) if row.step > 1 else (by_size[int(row.before)], row)
        pairs.append((int(slow.size), slow, fast, max(row.step, 1 / row.step)))
    found = []
    for size, group in groupby(sorted(pairs, key=lambda pair: (pair[0], -pair[3])), key=lambda pair: pair[0]):
        same = list(group)
        beside = " and ".join(f"{short_ratio(ratio)} as long as {format_size(fast.size)}" for _, _, fast, ratio in same)
        found.append((-same[0][3], f"{format_size(size)} takes {format_time(same[0][1].seconds)}, {beside}"))
    texts = [text for _, text in sorted(found)]
    for number in range(len(texts), 0, -1):
        more = f"; {len(texts) - number} more like this" if number < len(texts) else ""
        lines = wrap("; ".join(texts[:number]) + more, room, SMALLEST)
        if len(lines) <= SAID:
            return lines
    return lines[:SAID]


def _alt(cells: pd.DataFrame) -> str:
    rows = cells[~cells["reference"]]
    name = str(rows["mechanism"].iloc[0])
    own = rows[rows["mechanism"] == name]
    worst = max(records(own[own["step"].notna()]), key=lambda row: abs(math.log(row.step)))
    slow, fast = (worst.size, worst.before) if worst.step > 1 else (worst.before, worst.size)
    ratio = max(worst.step, 1 / worst.step)
    shape = f"Curves of {count(rows['mechanism'].nunique(), 'mechanism')} with steps in size."
    found = f"{name}, where {format_size(slow)} takes {format_ratio(ratio)} as long as {format_size(fast)}."
    return told(f"{shape} The highest: {found}", f"Highest step: {found}", f"{format_ratio(ratio)}: {name}")


def _lacks(about: Study) -> str:
    cases = _cases(about)
    if cases.empty:
        return "A step is looked for among round trips; this run has no ping-pong case with a number."
    sizes = cases.groupby("mechanism")["size"].nunique()
    several = cases[cases["mechanism"].isin(sizes[sizes > 1].index)]
    if several.empty:
        return "A step needs two payload sizes of one mechanism; this run has one of each."
    if next(steps(cases.assign(case=cases["key"]), about.series), None) is None:
        many = count(several["mechanism"].nunique(), "mechanism")
        return f"No step was found among {many} at {count(several['size'].nunique(), 'size')}."
    return ""


CHART = Chart(
    id="cliffs",
    topic="Sizes to avoid",
    title=TITLE,
    caption=(
        "A full buffer, a header and a body sent separately, or a delayed acknowledgement makes a step, which a mean "
        "over sizes hides. The step lies somewhere between two measured sizes. A step in a control, such as memcpy, "
        "comes from the machine."
    ),
    lacks=_lacks,
    table=table,
    draw=draw,
    alt=_alt,
    pattern="ping-pong",
)
