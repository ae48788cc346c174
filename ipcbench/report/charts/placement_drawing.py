"""How `placement` is drawn: a block of panels per question, dots on a logarithmic axis centred on 1×."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.report.charts.plot import Plot
from ipcbench.report.charts.scale import spread
from ipcbench.report.charts.sheet import LINE, MARGIN, SMALLEST, WIDTH, Sheet, fit, text_width
from ipcbench.report.tables import records
from ipcbench.report.text import count, short_ratio
from ipcbench.report.theme import Theme
from ipcbench.units import format_size, format_time

TITLE = "Does it matter where the processes run?"
MEANS = {
    "spread": "each process on a CPU of its own",
    "pack": "all on one CPU",
    "free": "left to the scheduler",
}
MARKERS = ("o", "s", "D", "^", "v")
PANELS = 4
NAMES = 118.0
NUMBERS = 33.0
TIMES = 46.0  # the time under the base, where there is room: beside one panel or two
GAP = 8.0
HEAD = 32.0
FOOT = 18.0
LEAST_SPAN = 2.0  # from half to twice, so that noise is not magnified


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one block of panels per question, a panel per size, on one logarithmic axis centred on 1×."""
    others = sorted(cells["placement"].unique())
    blocks = [rows for _, rows in cells.groupby("question", sort=False)]
    row = 14.0 if len(others) == 1 else 11.0 * len(others) + 4
    heights = [HEAD + row * rows["mechanism"].nunique() + FOOT for rows in blocks]
    sheet = Sheet.new(theme, TITLE, _subtitle(cells), sum(heights) + 2 * LINE)
    low, high = cells["low"].fillna(cells["ratio"]), cells["high"].fillna(cells["ratio"])
    span = float(max(LEAST_SPAN, high.max(), 1 / low.min())) * 1.12
    top, panels = sheet.body, max(rows["size"].nunique() for rows in blocks)
    for rows, height in zip(blocks, heights, strict=True):
        _draw_block(sheet, rows, top, (row, span, panels), others)
        top += height
    _key(sheet, cells, others, top + 6)
    return sheet.figure


def _subtitle(cells: pd.DataFrame) -> str:
    base = str(cells["base"].iloc[0])
    return (
        f"Time as a multiple of that under {base}{f' ({MEANS[base]})' if base in MEANS else ''}, paired by round; "
        "logarithmic, 1× in the middle. Stroke: 95 % interval. Filled: certainly different; hollow and grey: no clear "
        "difference."
    )


def _draw_block(
    sheet: Sheet, rows: pd.DataFrame, top: float, look: tuple[float, float, int], others: list[str]
) -> None:
    row, span, panels = look  # the height of a row, how far the axis reaches, and how many panels stand side by side
    names = list(dict.fromkeys(rows["mechanism"]))
    rows = rows.assign(place=[names.index(name) for name in rows["mechanism"]])
    sizes = sorted(int(size) for size in rows["size"].unique())
    width = (WIDTH - 2 * MARGIN - NAMES - GAP * (panels - 1)) / panels
    beside = NUMBERS + (TIMES if panels <= 2 else 0)
    first, body = rows.iloc[0], top + HEAD
    workers = f", {count(int(first['workers']), 'worker')}" if first["workers"] > 1 else ""
    sheet.text(MARGIN, top + 13, f"{first['question']}{workers}", weight="bold")
    for place, name in enumerate(names):
        y = body + row * (place + 0.5)
        if place % 2 == 0:
            sheet.patch(_stripe(sheet, y - row / 2, row))
        short = str(rows.loc[rows["mechanism"] == name, "short"].iloc[0])
        sheet.of(name).text(MARGIN + NAMES - 8, y + 3, fit([name, short], NAMES - 8), ha="right")
    for number, size in enumerate(sizes):
        left = MARGIN + NAMES + number * (width + GAP)
        plot = Plot(sheet, left, body, width - beside, row * len(names), (1 / span, span))
        sheet.text(left, body - 6, format_size(size), color=sheet.theme.muted)
        _frame(plot, span)
        for cell in records(rows[rows["size"] == size]):
            y = body + row * cell.place + row / len(others) * (others.index(cell.placement) + 0.5)
            _dot(plot.of(cell.mechanism), cell, y, MARKERS[others.index(cell.placement) % len(MARKERS)])
        if panels <= 2:
            _base_times(sheet, rows[rows["size"] == size], left + width, body, row)


def _base_times(sheet: Sheet, rows: pd.DataFrame, right: float, top: float, row: float) -> None:
    """Write what a ratio of 1 is, right of each row."""
    look: dict[str, Any] = {"size": SMALLEST, "color": sheet.theme.muted, "ha": "right"}
    sheet.text(right - 4, top - 6, fit([str(rows["base"].iloc[0])], TIMES - 6, SMALLEST), **look)
    for cell in records(rows.drop_duplicates("mechanism")):
        y = top + row * (int(cell.place) + 0.5) + 3
        sheet.of(cell.mechanism).text(right - 4, y, format_time(cell.base_seconds), **look)


def _stripe(sheet: Sheet, top: float, height: float) -> Rectangle:
    return Rectangle((MARGIN, top), WIDTH - 2 * MARGIN, height, facecolor=sheet.theme.panel, linewidth=0, zorder=0.05)


def _frame(plot: Plot, span: float) -> None:
    """Grid lines at powers of two, labels as far as there is room, 1× before all others."""
    theme, most = plot.sheet.theme, math.floor(math.log2(span))
    ticks = [2.0**power for power in range(-most, most + 1) if power % math.ceil(most / 4) == 0]
    names = [f"{tick:g}×" if tick < 1 else short_ratio(tick).replace(".00", "").replace(".0", "") for tick in ticks]
    places = [float(place) for place in plot.across(ticks)]
    widths, middle = [text_width(name, SMALLEST) for name in names], len(ticks) // 2
    free = [place for place in range(len(ticks)) if _clear(place, middle, widths, places)]
    kept = (
        {free[place] for place in spread([widths[i] for i in free], [places[i] for i in free], 4.0)} if free else set()
    )
    plot.frame({tick: names[i] if i == middle or i in kept else "" for i, tick in enumerate(ticks)}, {})
    one = plot.across([1.0])[0]
    plot.sheet.line([one, one], [plot.top, plot.top + plot.height], color=theme.muted, linewidth=0.8, zorder=1)


def _clear(place: int, middle: int, widths: list[float], places: list[float]) -> bool:
    return abs(places[place] - places[middle]) >= (widths[place] + widths[middle]) / 2 + 4


def _dot(plot: Plot, cell: Any, y: float, marker: str) -> None:
    sheet, theme = plot.sheet, plot.sheet.theme
    colour = theme.muted if cell.tied else theme.slower if cell.ratio > 1 else theme.faster
    if cell.low == cell.low:
        sheet.line(plot.across([cell.low, cell.high]), [y, y], color=colour, linewidth=1.4, zorder=3)
    look = {"marker": marker, "color": colour, "markerfacecolor": theme.page if cell.tied else colour}
    sheet.line(plot.across([cell.ratio]), [y], linestyle="none", markersize=5, markeredgewidth=1.1, zorder=4, **look)
    sheet.text(plot.left + plot.width + 4, y + 3, short_ratio(cell.ratio), size=SMALLEST, color=colour)


def _key(sheet: Sheet, cells: pd.DataFrame, others: list[str], y: float) -> None:
    """Say which marker is which placement, and which side is which."""
    theme, base, x = sheet.theme, str(cells["base"].iloc[0]), MARGIN + 4
    for place, name in enumerate(others):
        text = fit([f"{name}: {MEANS[name]}" if name in MEANS else name], WIDTH / len(others) - 30, SMALLEST)
        marker = MARKERS[place % len(MARKERS)]
        sheet.line([x], [y - 3], marker=marker, color=theme.muted, markersize=5, linestyle="none")
        sheet.text(x + 8, y, text, size=SMALLEST, color=theme.muted)
        x += text_width(text, SMALLEST) + 26
    sheet.text(MARGIN, y + LINE, f"◀ faster than {base}", size=SMALLEST, color=theme.faster)
    sheet.text(WIDTH - MARGIN, y + LINE, f"slower than {base} ▶", size=SMALLEST, color=theme.slower, ha="right")
