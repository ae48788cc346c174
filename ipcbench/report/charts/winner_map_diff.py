"""winner-map-diff: the best mechanism by question and size on two machines, and where the advice is another one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.analysis.machines import Shape
from ipcbench.report.charts.chart import Chart
from ipcbench.report.charts.sheet import MARGIN, SMALLEST, WIDTH, Sheet, fit, text_width
from ipcbench.report.comparison import Comparison
from ipcbench.report.setting import SETTING
from ipcbench.report.tables import records
from ipcbench.report.text import count, short_ratio
from ipcbench.report.theme import FAMILY_MARKS, Theme
from ipcbench.text import safe_text
from ipcbench.units import format_size

TITLE = "Does the advice change?"
SUBTITLE = (
    "The fastest mechanism for each question and payload size on two machines, of those that both measured and that "
    "block. Stronger colour: a larger lead; ≈: a tie with the one named. Outlined: another one wins than above."
)
ROW = 27.0
HEADER = 32.0
NAMES = 112.0
LEAST_COLUMN, MOST_COLUMN = 60.0, 96.0
KEY = 22.0
LARGE_LEAD = 1.5
STRENGTHS = (1.0, 0.45, 0.18)  # of a large lead, a smaller one, a tie


def table(shape: Shape) -> pd.DataFrame:
    """The winners of the setting that most blocks share, for mechanisms that block, with their place in the map."""
    winners = shape.winners[shape.winners["wait"].isin(["block", ""])]
    found = Counter(tuple(row) for row in winners[SETTING].itertuples(index=False))
    main = min(found, key=lambda setting: (-found[setting], setting), default=None)
    same = [tuple(row) == main for row in winners[SETTING].itertuples(index=False)]
    kept = winners[pd.Series(same, winners.index, dtype=bool)]
    asks = [f"{safe_text(row.question, 40)}, {row.workers}w" for row in records(kept)]
    text = {name: [safe_text(each, 60) for each in kept[name]] for name in ("side", "winner", "short", "next", "was")}
    columns = ["side", "ask", "size", "winner", "short", "family", "seconds", "lead", "next", "tied", "was", "changed"]
    ordered: pd.DataFrame = kept.assign(**text, ask=asks).reset_index(drop=True)[["question", "workers", *columns]]
    return ordered


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one map above the other from rectangles and text."""
    sides, asks = list(dict.fromkeys(cells["side"])), list(dict.fromkeys(cells["ask"]))
    sizes = sorted(int(size) for size in cells["size"].unique())
    column = min(max((WIDTH - 2 * MARGIN - NAMES) / len(sizes), LEAST_COLUMN), MOST_COLUMN)
    width = max(WIDTH, NAMES + 2 * MARGIN + column * len(sizes))
    height = len(sides) * (HEADER + ROW * len(asks)) + KEY
    sheet = Sheet.new(theme, TITLE, SUBTITLE, height, width)
    top = sheet.body
    for side in sides:
        sheet.text(MARGIN, top + 12, fit([side], width - 2 * MARGIN, 9, "bold"), weight="bold")
        for place, size in enumerate(sizes):
            sheet.text(MARGIN + NAMES + (place + 0.5) * column, top + 27, format_size(size), ha="center", weight="bold")
        for place, ask in enumerate(asks):
            y = top + HEADER + place * ROW
            sheet.text(MARGIN, y + 17, fit([ask], NAMES - 6))
            here = cells[(cells["side"] == side) & (cells["ask"] == ask)]
            for cell in records(here):
                _cell(sheet, cell, MARGIN + NAMES + sizes.index(int(cell.size)) * column, y, column)
        top += HEADER + ROW * len(asks)
    _key(sheet, cells, top + 14)
    return sheet.figure


def strength(cell: Any) -> float:
    """How strong the colour of a cell is."""
    return STRENGTHS[2] if cell.tied else STRENGTHS[0] if cell.lead >= LARGE_LEAD else STRENGTHS[1]


def _cell(sheet: Sheet, cell: Any, left: float, top: float, width: float) -> None:
    theme = sheet.theme
    fill = theme.tint(cell.family, strength(cell))
    ink, middle, room = theme.ink_on(fill), left + width / 2, width - 8
    sheet.canvas.add_patch(Rectangle((left + 1, top + 1), width - 2, ROW - 2, facecolor=fill, linewidth=0))
    if cell.changed:
        box = Rectangle((left + 2, top + 2), width - 4, ROW - 4, fill=False, edgecolor=theme.ink, linewidth=2)
        sheet.canvas.add_patch(box)
    size = 9.0 if text_width(cell.winner) <= room else SMALLEST
    sheet.text(middle, top + 11.5, fit([cell.winner, cell.short], room, size), ha="center", size=size, color=ink)
    lead = f"≈ {cell.next}" if cell.tied else f"{short_ratio(cell.lead)} ahead"
    words = [f"was {cell.was}", cell.was] if cell.changed else [lead, "≈" if cell.tied else short_ratio(cell.lead)]
    sheet.text(middle, top + 22, fit(words, room, SMALLEST), ha="center", size=SMALLEST, color=ink)


def _key(sheet: Sheet, cells: pd.DataFrame, y: float) -> None:
    theme, x, present = sheet.theme, MARGIN, set(cells["family"])
    for family in [*(name for name in FAMILY_MARKS if name in present), *sorted(present - set(FAMILY_MARKS))][:6]:
        name = fit([safe_text(family, 60)], 66, SMALLEST)
        sheet.canvas.add_patch(Rectangle((x, y - 7), 9, 9, facecolor=theme.tint(family, 1.0), linewidth=0))
        sheet.text(x + 12, y, name, size=SMALLEST, color=theme.muted)
        x += 12 + text_width(name, SMALLEST) + 10


def _alt(cells: pd.DataFrame) -> str:
    """The finding in words: in how many cells another mechanism wins, and one of them."""
    blocks, changed = len(cells) // 2, cells[cells["changed"]]
    sides = list(dict.fromkeys(cells["side"]))
    said = (
        f"Winners by question and size on {sides[0]} and {sides[-1]}: {len(changed)} of {count(blocks, 'cell')} change"
    )
    if changed.empty:
        return f"{said}."
    first = changed.iloc[0]
    return f"{said}, such as {first['ask']} at {format_size(first['size'])}: {first['was']} to {first['winner']}."


def _lacks(comparison: Comparison) -> str:
    if not comparison.shapes:
        return "No side was measured on another machine than the base."
    return "" if len(table(comparison.shapes[0])) else "The two machines have no question in common."


CHART: Chart[Comparison] = Chart(
    id="winner-map-diff",
    topic="Does the advice change?",
    title=TITLE,
    caption="The fastest mechanism by question and payload size on both machines; outlined where another one wins.",
    lacks=_lacks,
    table=lambda comparison: table(comparison.shapes[0]),
    draw=draw,
    alt=_alt,
    details=None,
)
