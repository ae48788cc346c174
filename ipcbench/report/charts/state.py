"""state-operations: what it costs to read, write and increment shared state, one panel per operation."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import records
from ipcbench.report.drawing.chart import Chart, doubts, needs, select, told
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.scale import log_limits, log_ticks, spread, ticks_at
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, Sheet, Weight, fit, text_width, wrap
from ipcbench.report.drawing.theme import Theme, known_families
from ipcbench.text import count
from ipcbench.units import format_size, format_time

TITLE = "What does one operation on shared state cost?"
SUBTITLE = (
    "Further left is better: time of one operation with its 95 % interval, best first in each panel. All panels share "
    "one logarithmic axis. Blue: the best; blue with ≈: a tie with it."
)
OPERATIONS = {"access:read": "read", "access:write": "write", "counter": "increment under the lock"}
ROW = 14.0
HEAD = 20.0
FOOT = 24.0
KEY = 14.0
GAP = 18.0
NAMES = 104.0
NUMBERS = 50.0  # kept free at the right for the number of the slowest mechanism
WIDE = (WIDTH - 2 * MARGIN - GAP) / 2


def table(about: Study) -> pd.DataFrame:
    """Return the access and counter cases that have a time, in each panel from best to worst.

    A panel shows one operation with one number of workers, at the payload size that most mechanisms have; the column
    `panel` holds its name.
    """
    cases = select(about, *OPERATIONS)
    cases = cases[cases["seconds"].notna()]
    kept = []
    for place, question in enumerate(OPERATIONS):
        rows = cases[cases["question"] == question]
        having = Counter(rows.drop_duplicates(["mechanism", "size"])["size"])
        size = int(min(having, key=lambda each: (-having[each], each), default=0))
        rows = rows[rows["size"] == size].drop_duplicates(["mechanism", "workers"])
        kept.append(rows.assign(panel=[_panel(question, size, int(n)) for n in rows["workers"]], place=place))
    found = pd.concat(kept, ignore_index=True) if kept else cases.assign(panel="", place=0)
    ordered = found.sort_values(
        ["place", "workers", "best", "seconds", "mechanism"], ascending=[True, True, False, True, True]
    )
    return ordered.drop(columns="place").reset_index(drop=True)


def _panel(question: str, size: int, workers: int) -> str:
    return f"{OPERATIONS[question]}, {format_size(size)}, {count(workers, 'worker')}"


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw the panels in two columns, one row of dot, interval and number per mechanism."""
    groups = [rows for _, rows in cells.groupby("panel", sort=False)]
    pairs = [groups[start : start + 2] for start in range(0, len(groups), 2)]
    heights = [HEAD + ROW * max(len(rows) for rows in pair) + FOOT for pair in pairs]
    notes = wrap(doubts(cells), WIDTH - 2 * MARGIN, SMALLEST)[:3] if doubts(cells) else []
    sheet = Sheet.new(theme, TITLE, SUBTITLE, sum(heights) + KEY + 11 * len(notes))
    low, high = cells["low"].fillna(cells["seconds"]), cells["high"].fillna(cells["seconds"])
    limits = log_limits(low.min(), high.max(), 0.05)
    top = sheet.body
    for pair, height in zip(pairs, heights, strict=True):
        for column, rows in enumerate(pair):
            _draw_panel(sheet, rows, MARGIN + column * (WIDE + GAP), top, limits)
        top += height
    x = MARGIN
    for family in known_families(cells["family"])[:6]:
        name = fit([family], 66, SMALLEST)
        sheet.dot(x + 4, top + 3, family)
        sheet.text(x + 11, top + 6, name, size=SMALLEST, color=theme.muted)
        x += 11 + text_width(name, SMALLEST) + 12
    for number, line in enumerate(notes):
        sheet.text(MARGIN, top + KEY + 6 + 11 * number, line, size=SMALLEST, color=theme.muted)
    return sheet.figure


def _draw_panel(sheet: Sheet, rows: pd.DataFrame, left: float, top: float, limits: tuple[float, float]) -> None:
    width = WIDE - NAMES - NUMBERS
    height = ROW * len(rows)
    sheet.text(left, top + 12, fit([rows["panel"].iloc[0]], WIDE, 9, "bold"), weight="bold")
    plot = Plot(sheet, left + NAMES, top + HEAD, width, height, limits)
    ticks = ticks_at(log_ticks(*limits, most=20), format_time)
    kept = spread([text_width(label, SMALLEST) for label in ticks.values()], list(plot.across(list(ticks))))
    plot.frame({tick: label if place in kept else "" for place, (tick, label) in enumerate(ticks.items())}, {})
    theme = sheet.theme
    for number, row in enumerate(records(rows)):
        ground = theme.page if number % 2 else theme.panel
        if ground != theme.page:
            stripe = (left, plot.top + ROW * number), WIDE, ROW
            sheet.patch(Rectangle(*stripe, facecolor=ground, linewidth=0, zorder=0.05))
        _draw_row(plot.of(row.mechanism), row, plot.top + ROW * (number + 0.5), ground)


def _draw_row(plot: Plot, row: Any, middle: float, ground: str) -> None:
    """Draw one mechanism on a background colour, with its number right of its interval."""
    sheet, theme = plot.sheet, plot.sheet.theme
    low, high = (row.seconds, row.seconds) if math.isnan(row.low) else (row.low, row.high)
    start, dot, end = plot.across([low, row.seconds, high])
    sheet.line([start, end], [middle, middle], color=theme.family(row.family), linewidth=1.6, zorder=3)
    sheet.dot(dot, middle, row.family)
    weight: Weight = "bold" if row.best else "normal"
    name = fit([row.mechanism, row.short], NAMES - 8, 9, weight)
    sheet.text(plot.left - 8, middle + 3, name, ha="right", weight=weight)
    number = f"{'≈ ' if row.tied else ''}{format_time(row.seconds)}{'*' if row.notes else ''}"
    ink = theme.best if row.best or row.tied else theme.ink
    sheet.text(end + 6, middle + 3, number, size=SMALLEST, color=ink, weight=weight, ground=ground)


def _alt(cells: pd.DataFrame) -> str:
    first = cells.drop_duplicates("question")
    found = [
        f"{operation.split(' ')[0]} {name} {format_time(seconds)}"
        for operation, name, seconds in zip(
            first["question"].map(OPERATIONS), first["mechanism"], first["seconds"], strict=True
        )
    ]
    shape = "Dots with intervals for operations on shared state."
    cheapest = f"Cheapest: {'; '.join(found)}."
    return told(f"{shape} {cheapest}", cheapest, f"{found[0]}.")


CHART = Chart(
    id="state-operations",
    topic="Shared state",
    title=TITLE,
    caption=(
        "Reading and writing are one call on the shared object. An increment takes the lock, adds one and releases the "
        "lock, in all workers of the panel at once; the final total is checked."
    ),
    lacks=needs("access", "counter"),
    table=table,
    draw=draw,
    alt=_alt,
    pattern="access, counter",
)
