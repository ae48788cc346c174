"""memory: what all processes of a case take, at its smallest and at its largest payload, one row per mechanism."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.report.content.memory import about_memory, by_mechanisms
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table, records
from ipcbench.report.drawing.chart import EVERY, SHOWN, Chart, common_sizes, told
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.scale import log_limits, log_ticks, spread, ticks_at
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, Sheet, fit, text_width
from ipcbench.report.drawing.theme import Theme, mark
from ipcbench.text import count, safe_text
from ipcbench.units import format_size

TITLE = "How much memory do all processes of a case take?"
ROW = 14.0
HEAD = 22.0
FOOT = 18.0
NAMES = 146.0
COLUMN = 58.0  # of numbers, at the right


def table(about: Study) -> pd.DataFrame:
    """Return the cases of the question with most mechanisms, at the smallest and the largest size, the least first.

    memory is in bytes. Both sizes are the same if there is only one; a mechanism may lack either. Cases have the
    question's most workers. The order is that of the memory at the largest size.
    """
    known = about_memory(about)
    questions = by_mechanisms(known)
    known = known[known["question"] == next(iter(questions), "")]
    known = known[known["workers"] == known["workers"].max()]
    common = common_sizes(known)
    cells = known[known["size"].isin([min(common), max(common)])].drop_duplicates(["mechanism", "size"])
    by = cells.sort_values(["size", "memory", "mechanism"], ascending=[False, True, True])
    largest = by.drop_duplicates("mechanism")
    order = {name: place for place, name in enumerate(largest["mechanism"])}
    cells = cells.assign(place=cells["mechanism"].map(order)).sort_values(["place", "size"], ignore_index=True)
    shown: pd.DataFrame = cells[[*SHOWN, "memory"]]
    return shown


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw a row per mechanism: a hollow mark at the smallest size, a filled one at the largest, and both numbers."""
    sizes = sorted(set(cells["size"]))
    names = list(dict.fromkeys(cells["mechanism"]))
    first = cells.iloc[0]
    marks = "Filled: " if len(sizes) == 1 else f"Hollow: payloads of {format_size(sizes[0])}; filled: "
    subtitle = (
        f"{first['question']}, {count(int(first['workers']), 'worker')}: private memory of each process, and shared "
        f"memory once, after the timed turns; further left is better. {marks}{format_size(sizes[-1])}. Logarithmic."
    )
    sheet = Sheet.new(theme, TITLE, subtitle, HEAD + ROW * len(names) + FOOT)
    top, right = sheet.body + HEAD, WIDTH - MARGIN
    edges = {size: right - COLUMN * (len(sizes) - 1 - place) for place, size in enumerate(sizes)}
    limits = log_limits(cells["memory"].min(), cells["memory"].max(), 0.05)
    width = WIDTH - 2 * MARGIN - NAMES - COLUMN * len(sizes)
    plot = Plot(sheet, MARGIN + NAMES, top, width, ROW * len(names), limits)
    for place, row in enumerate(records(cells.drop_duplicates("mechanism"))):
        y = top + ROW * (place + 0.5)
        if place % 2 == 0:
            stripe = (MARGIN, y - ROW / 2), WIDTH - 2 * MARGIN, ROW
            sheet.patch(Rectangle(*stripe, facecolor=theme.panel, linewidth=0, zorder=0.05))
        sheet.of(row.mechanism).text(MARGIN + NAMES - 8, y + 3, fit([row.mechanism, row.short], NAMES - 8), ha="right")
        _draw_row(plot.of(row.mechanism), cells[cells["mechanism"] == row.mechanism], y, edges)
    ticks = ticks_at(log_ticks(*limits, base=2), format_size)
    kept = spread([text_width(label, SMALLEST) for label in ticks.values()], list(plot.across(list(ticks))))
    plot.frame({tick: label if place in kept else "" for place, (tick, label) in enumerate(ticks.items())}, {})
    for size, edge in edges.items():
        sheet.text(edge, top - 5, format_size(size), size=SMALLEST, color=theme.muted, ha="right")
    return sheet.figure


def _draw_row(plot: Plot, rows: pd.DataFrame, y: float, edges: dict[int, float]) -> None:
    sheet, theme = plot.sheet, plot.sheet.theme
    places = plot.across(rows["memory"])
    family = str(rows["family"].iloc[0])
    colour, (marker, _) = theme.family(family), mark(family)
    sheet.line(places, [y] * len(places), color=colour, linewidth=0.9, zorder=2)
    for place, row in zip(places, records(rows), strict=True):
        filled = row.size == max(edges)
        look: dict[str, Any] = {"marker": marker, "markersize": 4.5, "markeredgewidth": 0.9}
        sheet.line([place], [y], color=colour, markerfacecolor=colour if filled else theme.page, zorder=3, **look)
        sheet.text(edges[row.size], y + 3, format_size(row.memory), size=SMALLEST, ha="right")


def _alt(cells: pd.DataFrame) -> str:
    last = cells[cells["size"] == cells["size"].max()].sort_values(["memory", "mechanism"])
    least, most = records(last.iloc[[0, -1]])
    where = f"{safe_text(least.question, 40)}, {format_size(int(least.size))}"
    ends = [f"{safe_text(row.mechanism, 40)} {format_size(row.memory)}" for row in (least, most)]
    return told(f"Memory of all processes, {where}: {' to '.join(dict.fromkeys(ends))}.", f"Least: {ends[0]}.")


def _details(cells: pd.DataFrame, caption: str) -> Table:
    rows = [
        [row.mechanism, row.question, format_size(row.size), count(int(row.workers), "worker"), format_size(row.memory)]
        for row in records(cells)
    ]
    return Table(caption, ["Mechanism", "Question", "Payload", "Workers", "Memory"], rows)


CHART = Chart(
    id="memory",
    topic="Memory",
    title=TITLE,
    caption=(
        "The question that most mechanisms answer, with its most workers. Every process has its own interpreter, so a "
        "mechanism with a server of its own begins higher. A longer row is memory that grows with the payload: the "
        "messages that the senders keep, and every copy on its way."
    ),
    lacks=lambda about: "" if len(about_memory(about)) else "This run has no memory of any case.",
    table=table,
    draw=draw,
    alt=_alt,
    details=_details,
    pattern=EVERY,
)
