"""machine-ratios: is one column of a comparison faster than the base, and where? One row per mechanism."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.analysis.compare.contrast import Contrast
from ipcbench.analysis.stats import geometric_mean
from ipcbench.report.comparison.ratios import NUMBERS, frame, ratio_dot, sides, span
from ipcbench.report.comparison.words import Comparison
from ipcbench.report.content.tables import records
from ipcbench.report.content.words import short_ratio
from ipcbench.report.drawing.chart import Chart, told
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.sheet import LINE, MARGIN, SMALLEST, WIDTH, Sheet, fit, text_width
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count, safe_text
from ipcbench.units import format_size

PANELS = 4
NAMES = 118.0
GAP = 8.0
HEAD = 20.0
MARKERS = ("o", "s", "D", "^", "v", "P")
LONGEST = 40


def table(contrast: Contrast) -> pd.DataFrame:
    """Return the rows of one question and setting, by size, with the mechanisms in one order for all panels.

    The question is ping-pong, or else the one with the most rows, with its fewest workers, its most frequent setting
    and at most 4 of its sizes, evenly chosen. New columns: base, other (the name of the column), panel (the size) and
    mean (the geometric mean of the ratios of a panel). The table is empty if rows are not cases.
    """
    rows = contrast.table
    rows = rows[rows["ranked"] & (rows["mechanism"] != "")] if not contrast.projection.rows else rows[:0]
    if contrast.projection.column in ("mechanism", "size"):
        rows = rows[:0]
    asked = rows[rows["question"] == _most(rows["question"], "ping-pong")]
    asked = asked[asked["workers"] == asked["workers"].min()] if len(asked) else asked
    asked = asked[asked["setting"] == _most(asked["setting"])]
    sizes = _spread(sorted(int(size) for size in asked["size"].unique()))
    shown = asked[asked["size"].isin(sizes)]
    means = {
        key: geometric_mean(part["ratio"].to_numpy(dtype=float)) for key, part in shown.groupby(["size", "column"])
    }
    mechanisms = {
        str(name): geometric_mean(part["ratio"].to_numpy(dtype=float)) for name, part in shown.groupby("mechanism")
    }
    order = sorted(mechanisms, key=lambda name: (mechanisms[name], name))
    found = shown.assign(
        base=safe_text(contrast.base, LONGEST),
        other=[safe_text(name, LONGEST) for name in shown["column"]],
        panel=[format_size(size) for size in shown["size"]],
        mean=[means[key] for key in zip(shown["size"], shown["column"], strict=True)],
        mechanism=[safe_text(name, 60) for name in shown["mechanism"]],
        number=[contrast.columns.index(str(name)) for name in shown["column"]],
        place=[order.index(str(name)) for name in shown["mechanism"]],
    )
    columns = [
        "mechanism",
        "family",
        "question",
        "workers",
        "setting",
        "size",
        "panel",
        "base",
        "other",
        "number",
        "verdict",
    ]
    columns += ["ratio", "low", "high", "base_seconds", "seconds", "rounds", "mean"]
    ordered: pd.DataFrame = found.sort_values(["place", "size", "number"], kind="stable")[columns].reset_index(
        drop=True
    )
    return ordered


def _most(values: pd.Series, first: str = "") -> str:
    found = Counter(str(value) for value in values)
    return first if first in found else min(found, key=lambda name: (-found[name], name), default="")


def _spread(sizes: list[int]) -> list[int]:
    if len(sizes) <= PANELS:
        return sizes
    return [sizes[round(place * (len(sizes) - 1) / (PANELS - 1))] for place in range(PANELS)]


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one panel per size on one logarithmic axis, a dot with its interval for each mechanism and column."""
    names, others = list(dict.fromkeys(cells["mechanism"])), _others(cells)
    panels = [(str(name), rows) for name, rows in cells.groupby("panel", sort=False)]
    panels.sort(key=lambda panel: int(panel[1]["size"].iloc[0]))
    step = 14.0 if len(others) == 1 else 11.0
    row = step * len(others) + (0 if len(others) == 1 else 4)
    sheet = Sheet.new(theme, _title(cells), _subtitle(cells), HEAD + row * len(names) + 46 + LINE * (len(others) > 1))
    low, high = cells["low"].fillna(cells["ratio"]), cells["high"].fillna(cells["ratio"])
    reach = span(low.min(), high.max())
    width = (WIDTH - 2 * MARGIN - NAMES - GAP * (len(panels) - 1)) / len(panels)
    top = sheet.body + HEAD
    for place, name in enumerate(names):
        sheet.of(name).text(MARGIN + NAMES - 8, top + row * (place + 0.5) + 3, fit([name], NAMES - 8), ha="right")
    for number, (panel, rows) in enumerate(panels):
        left = MARGIN + NAMES + number * (width + GAP)
        plot = Plot(sheet, left, top, width - NUMBERS, row * len(names), (1 / reach, reach))
        sheet.text(left, top - 7, fit([panel], width, 9, "bold"), weight="bold")
        frame(plot, reach)
        for cell in records(rows):
            offset = step * (others.index(cell.other) + 0.5) + (0 if len(others) == 1 else 2)
            y = top + row * names.index(cell.mechanism) + offset
            _dot(plot.of(cell.mechanism), cell, y, MARKERS[others.index(cell.other) % 6])
        means = [short_ratio(each.mean) for each in records(rows.drop_duplicates("other").sort_values("number"))]
        foot = top + row * len(names)
        words = [f"mean {', '.join(means)}", f"mean {means[0]}", means[0]]
        sheet.text(left, foot + 24, fit(words, width, SMALLEST), size=SMALLEST, color=theme.ink)
    _key(sheet, others, top + row * len(names) + 40)
    return sheet.figure


def _others(cells: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(cells.sort_values("number", kind="stable")["other"]))


def _title(cells: pd.DataFrame) -> str:
    others = _others(cells)
    first = others[0] if len(others) == 1 else f"any of {count(len(others), 'other')}"
    return f"Is {first} faster than {cells['base'].iloc[0]}, and where?"


def _subtitle(cells: pd.DataFrame) -> str:
    first = cells.iloc[0]
    return (
        f"Time of {first['question']} with {count(int(first['workers']), 'worker')} relative to "
        f"{first['base']}, by payload size; logarithmic. Line: 95 % interval. Shaded: within 3 %. Filled: a clear "
        "difference; hollow and grey: none."
    )


def _dot(plot: Plot, cell: Any, y: float, marker: str) -> None:
    theme = plot.sheet.theme
    colour = {"slower": theme.slower, "faster": theme.faster}.get(cell.verdict, theme.muted)
    ratio_dot(plot, y, (cell.ratio, cell.low, cell.high), colour, marker)


def _key(sheet: Sheet, others: list[str], y: float) -> None:
    theme, one = sheet.theme, f"{others[0]} is " if len(others) == 1 else ""
    left = [f"◀ {one}faster", "◀ faster"], theme.faster
    sides(sheet, y, NAMES, left, ([f"{one}slower ▶", "slower ▶"], theme.slower))
    if len(others) == 1:
        return
    x, room = MARGIN, (sheet.width - 2 * MARGIN) / min(len(others), 6)
    for place, name in enumerate(others[:6]):
        sheet.line([x + 4], [y + LINE - 3], marker=MARKERS[place], color=theme.muted, markersize=5, linestyle="none")
        sheet.text(x + 12, y + LINE, fit([name], room - 18, SMALLEST), size=SMALLEST, color=theme.muted)
        x += min(room, text_width(fit([name], room - 18, SMALLEST), SMALLEST) + 24)


def _alt(cells: pd.DataFrame) -> str:
    """Return the finding in words: how many rows differ, and the largest difference."""
    clear = cells[cells["verdict"].isin(["slower", "faster"])]
    where = f"{len(clear)} of {len(cells)} cases differ from {cells['base'].iloc[0]}"
    shape = "Dots with intervals by mechanism and payload size."
    if clear.empty:
        return told(f"{shape} {where}.", f"{where}.")
    far = max(records(clear), key=lambda cell: abs(math.log(cell.ratio)))
    most = f"the most {far.mechanism} at {far.panel}: {short_ratio(far.ratio)} in {far.other}"
    return told(f"{shape} {where}, {most}.", f"{where}, {most}.", f"{most[0].upper()}{most[1:]}.")


def _lacks(comparison: Comparison) -> str:
    return "" if len(table(comparison.contrast)) else "No row of this comparison is a case of a ranked mechanism."


CHART: Chart[Comparison] = Chart(
    id="machine-ratios",
    topic="Is one faster, and where?",
    title="Is one side faster than the base, and where?",
    caption="Each dot is the time of one case divided by its time in the base. Hollow and grey: no clear difference.",
    lacks=_lacks,
    table=lambda comparison: table(comparison.contrast),
    draw=draw,
    alt=_alt,
    details=None,
)
