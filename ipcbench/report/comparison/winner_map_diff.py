"""winner-map-diff: the best mechanism by question and size on two machines, and where it differs."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.analysis.compare.rankings import Shape
from ipcbench.report.charts.winners import ROW, Winner, family_key, winner_cell
from ipcbench.report.comparison.words import Comparison
from ipcbench.report.content.setting import in_setting, main_setting
from ipcbench.report.content.tables import records
from ipcbench.report.drawing.chart import Chart, told
from ipcbench.report.drawing.sheet import MARGIN, WIDTH, Sheet, fit
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count, safe_text
from ipcbench.units import format_size

TITLE = "Does another mechanism win?"
SUBTITLE = (
    "The fastest mechanism that blocks, for each question and payload size that both machines measured. Stronger "
    "colour: a larger lead; ≈: a tie with the one named. Outlined: not the winner of the map above."
)
HEADER = 32.0
NAMES = 112.0
LEAST_COLUMN, MOST_COLUMN = 60.0, 96.0
KEY = 22.0


def table(shape: Shape) -> pd.DataFrame:
    """Return the winners among mechanisms that block, in the setting that most blocks share."""
    winners = shape.winners[shape.winners["wait"].isin(["block", ""])]
    kept = winners[in_setting(winners, main_setting(winners))]
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
                left = MARGIN + NAMES + sizes.index(int(cell.size)) * column
                names = [cell.winner, cell.short]
                winner = Winner(names, safe_text(cell.family, 60), cell.lead, [cell.next], int(cell.tied))
                words = [f"was {cell.was}", cell.was] if cell.changed else winner.words
                winner_cell(sheet.of(cell.winner), winner, words, left, y, column, outlined=cell.changed)
        top += HEADER + ROW * len(asks)
    family_key(sheet, cells["family"].map(safe_text), top + 14)
    return sheet.figure


def _alt(cells: pd.DataFrame) -> str:
    """Return the finding in words: in how many cells another mechanism wins, and one of these cells."""
    blocks, changed = len(cells) // 2, cells[cells["changed"]]
    sides = list(dict.fromkeys(cells["side"]))
    found = f"{len(changed)} of {count(blocks, 'cell')} change"
    said = f"Winners by question and size on {sides[0]} and {sides[-1]}: {found}"
    if changed.empty:
        return told(f"{said}.", f"Winners on two machines: {found}.")
    first = changed.iloc[0]
    such = f"such as {first['ask']} at {format_size(first['size'])}: {first['was']} to {first['winner']}"
    return told(f"{said}, {such}.", f"Winners: {found}, {such}.", f"Winners on two machines: {found}.")


def _lacks(comparison: Comparison) -> str:
    if not comparison.shapes:
        return "No side was measured on another machine than the base."
    return "" if len(table(comparison.shapes[0])) else "The two machines have no question in common."


CHART: Chart[Comparison] = Chart(
    id="winner-map-diff",
    topic="Does another mechanism win?",
    title=TITLE,
    caption="The fastest mechanism by question and payload size on both machines; outlined where another one wins.",
    lacks=_lacks,
    table=lambda comparison: table(comparison.shapes[0]),
    draw=draw,
    alt=_alt,
    details=None,
)
