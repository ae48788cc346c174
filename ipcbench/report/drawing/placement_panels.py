"""Draw `placement`: a block of panels per question, dots on a logarithmic axis centred on 1×."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.report.comparison.ratios import NUMBERS, frame, ratio_dot, ratio_word, sides, span
from ipcbench.report.content.tables import records
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.sheet import LINE, MARGIN, SMALLEST, WIDTH, Sheet, fit, text_width
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count
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
TIMES = 46.0  # room for the time under the base, which is shown beside one panel or two
GAP = 8.0
HEAD = 32.0
FOOT = 18.0


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one block of panels per question, a panel per size, on one logarithmic axis centred on 1×."""
    others = sorted(cells["placement"].unique())
    blocks = [rows for _, rows in cells.groupby("question", sort=False)]
    row = 14.0 if len(others) == 1 else 11.0 * len(others) + 4
    heights = [HEAD + row * rows["mechanism"].nunique() + FOOT for rows in blocks]
    sheet = Sheet.new(theme, TITLE, _subtitle(cells), sum(heights) + 2 * LINE)
    low, high = cells["low"].fillna(cells["ratio"]), cells["high"].fillna(cells["ratio"])
    reach = span(low.min(), high.max())
    top, panels = sheet.body, max(rows["size"].nunique() for rows in blocks)
    for rows, height in zip(blocks, heights, strict=True):
        _draw_block(sheet, rows, top, (row, reach, panels), others)
        top += height
    _key(sheet, cells, others, top + 6)
    return sheet.figure


def _subtitle(cells: pd.DataFrame) -> str:
    base = str(cells["base"].iloc[0])
    which = f"{base} ({MEANS[base]})" if base in MEANS else base
    return (
        f"Time relative to {which}, paired by round; logarithmic, 1× in the middle. Line: 95 % interval. Shaded: "
        "within 3 %. Filled: a clear difference; hollow and grey: none."
    )


def _draw_block(
    sheet: Sheet, rows: pd.DataFrame, top: float, look: tuple[float, float, int], others: list[str]
) -> None:
    row, reach, panels = look  # the height of a row, the reach of the axis, and the number of panels side by side
    names = list(dict.fromkeys(rows["mechanism"]))
    rows = rows.assign(place=[names.index(name) for name in rows["mechanism"]])
    sizes = sorted(int(size) for size in rows["size"].unique())
    width = (WIDTH - 2 * MARGIN - NAMES - GAP * (panels - 1)) / panels
    widest = max(text_width(ratio_word(ratio), SMALLEST) for ratio in rows["ratio"])
    beside = max(NUMBERS, 6 * math.ceil((widest + 6) / 6)) + (TIMES if panels <= 2 else 0)
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
        plot = Plot(sheet, left, body, width - beside, row * len(names), (1 / reach, reach))
        sheet.text(left, body - 6, format_size(size), color=sheet.theme.muted)
        frame(plot, reach)
        for cell in records(rows[rows["size"] == size]):
            y = body + row * cell.place + row / len(others) * (others.index(cell.placement) + 0.5)
            _dot(plot.of(cell.mechanism), cell, y, MARKERS[others.index(cell.placement) % len(MARKERS)])
        if panels <= 2:
            _base_times(sheet, rows[rows["size"] == size], left + width, body, row)


def _base_times(sheet: Sheet, rows: pd.DataFrame, right: float, top: float, row: float) -> None:
    """Write the time that a ratio of 1 means, right of each row."""
    look: dict[str, Any] = {"size": SMALLEST, "color": sheet.theme.muted, "ha": "right"}
    sheet.text(right - 4, top - 6, fit([str(rows["base"].iloc[0])], TIMES - 6, SMALLEST), **look)
    for cell in records(rows.drop_duplicates("mechanism")):
        y = top + row * (int(cell.place) + 0.5) + 3
        sheet.of(cell.mechanism).text(right - 4, y, format_time(cell.base_seconds), **look)


def _stripe(sheet: Sheet, top: float, height: float) -> Rectangle:
    return Rectangle((MARGIN, top), WIDTH - 2 * MARGIN, height, facecolor=sheet.theme.panel, linewidth=0, zorder=0.05)


def _dot(plot: Plot, cell: Any, y: float, marker: str) -> None:
    theme = plot.sheet.theme
    colour = theme.muted if cell.tied else theme.slower if cell.ratio > 1 else theme.faster
    ratio_dot(plot, y, (cell.ratio, cell.low, cell.high), colour, marker)


def _key(sheet: Sheet, cells: pd.DataFrame, others: list[str], y: float) -> None:
    """Write which marker means which placement, and what each side means."""
    theme, base, x = sheet.theme, str(cells["base"].iloc[0]), MARGIN + 4
    for place, name in enumerate(others):
        text = fit([f"{name}: {MEANS[name]}" if name in MEANS else name], WIDTH / len(others) - 30, SMALLEST)
        marker = MARKERS[place % len(MARKERS)]
        sheet.line([x], [y - 3], marker=marker, color=theme.muted, markersize=5, linestyle="none")
        sheet.text(x + 8, y, text, size=SMALLEST, color=theme.muted)
        x += text_width(text, SMALLEST) + 26
    left, right = [f"◀ faster than {base}", "◀ faster"], [f"slower than {base} ▶", "slower ▶"]
    sides(sheet, y + LINE, NAMES, (left, theme.faster), (right, theme.slower))
