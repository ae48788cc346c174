"""Draw slowdown-matrix from rectangles and text, so it stays sharp and selectable."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.report.content.findings import sparse
from ipcbench.report.content.tables import records
from ipcbench.report.content.words import listing, short_ratio
from ipcbench.report.drawing.chart import doubts
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, Sheet, fit, inside, text_width, wrap
from ipcbench.report.drawing.theme import STEP_EDGES, Theme, known_families
from ipcbench.units import format_size, format_time

ROW = 19.0
LEAST_COLUMN = 52.0
MOST_COLUMN = 76.0
LONGEST_NAME = 150.0
HEADER = 18.0  # over the rows of each way of waiting
GAP = 8.0
KEY = 34.0
TITLE = "How many times slower than the best mechanism?"
SUBTITLE = (
    "Round trip of one message, by payload size. Blue: the best of its column, with its time. Other cells: how many "
    "times as long. Outlined ≈: a tie with the best. Last column: geometric mean over the sizes in bold, best first."
)
ALONE = "Round trip of one message, by payload size: its time. There is no other mechanism here to compare with."
WORDS = {
    "block": "blocking",
    "poll": "polling: looks again and again, with pauses",
    "spin": "spinning: keeps a CPU busy",
}


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one group of rows for each way of waiting, and below them a key to colours and markers."""
    everything, cells = cells, shown(cells)
    sizes = sorted(cells["size"].unique())
    groups = [rows for _, rows in cells.groupby("wait", sort=False)]
    ranked = bool(cells["in_mean"].any())
    gutter, columns = _gutter(cells), len(sizes) + ranked
    column = min(max((WIDTH - gutter - MARGIN) / columns, LEAST_COLUMN), MOST_COLUMN)
    width = max(WIDTH, gutter + column * columns + MARGIN)
    notes = _notes(cells, _left_out(everything, cells), width)
    body = HEADER * len(groups) + GAP * (len(groups) - 1) + ROW * cells["mechanism"].nunique()
    sheet = Sheet.new(theme, TITLE, SUBTITLE if ranked else ALONE, body + KEY + 11 * len(notes), width)
    top = sheet.body
    for number, group in enumerate(groups):
        headed = number == 0 or bool(group["in_mean"].any())
        if len(groups) > 1:
            room = (gutter if headed else width) - 2 * MARGIN
            sheet.text(MARGIN, top + 10, fit(_heading(group), room, SMALLEST), size=SMALLEST, color=theme.muted)
        if headed:
            _header(sheet, group, top, gutter, column)
        top = _rows(sheet, group, top + HEADER, gutter, column) + GAP
    top -= GAP
    _key(sheet, cells, top + 13)
    for number, line in enumerate(notes):
        sheet.text(MARGIN, top + KEY + 8 + 11 * number, line, size=SMALLEST, color=theme.muted)
    return sheet.figure


def shown(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells without sparse sizes that count in no mean, and without mechanisms that ran only there."""
    dropped = sparse(cells) - set(cells.loc[cells["in_mean"], "size"])
    kept = cells[~cells["size"].isin(dropped)]
    ran = kept.loc[kept["verdict"] != "not run", "mechanism"]
    return kept[kept["mechanism"].isin(ran)]


def _left_out(cells: pd.DataFrame, kept: pd.DataFrame) -> str:
    sizes = sorted(set(cells["size"]) - set(kept["size"]))
    words = listing([format_size(size) for size in sizes], 8)
    return f"Not drawn: {words}, which only one or two mechanisms have." if sizes else ""


def _gutter(cells: pd.DataFrame) -> float:
    names = max(text_width(name) for name in cells["mechanism"])
    carries = max(text_width(text, SMALLEST) for text in cells["carries"])
    return math.ceil((MARGIN + 14 + min(names, LONGEST_NAME) + 8 + min(carries, 50) + 8) / 6) * 6.0


def _heading(group: pd.DataFrame) -> list[str]:
    """Return the heading of the mechanisms that wait in one way, from long to short."""
    wait = str(group["wait"].iloc[0])
    words = WORDS.get(wait, f"waiting: {wait}")
    alone = [f"{words}; without a rival, so times"] if not group["in_mean"].any() else []
    return [*alone, words, words.partition(":")[0]]


def _header(sheet: Sheet, group: pd.DataFrame, top: float, gutter: float, column: float) -> None:
    """Write the sizes over their columns, those of the mean in bold."""
    places = group.drop_duplicates("size").sort_values("size")
    ranked = bool(group["in_mean"].any())
    for number, (size, counts) in enumerate(zip(places["size"], places["in_mean"], strict=True)):
        weight, ink = ("bold", sheet.theme.ink) if counts or not ranked else ("normal", sheet.theme.muted)
        sheet.text(gutter + (number + 0.5) * column, top + 10, format_size(size), ha="center", weight=weight, color=ink)
    if ranked:
        sheet.text(gutter + (len(places) + 0.5) * column, top + 10, "mean", ha="center", weight="bold")


def _rows(sheet: Sheet, group: pd.DataFrame, top: float, gutter: float, column: float) -> float:
    """Draw the mechanisms that wait in one way; return where they end."""
    ranked = bool(group["in_mean"].any())
    for name, row in group.groupby("mechanism", sort=False):
        own = sheet.of(str(name))
        _row_name(own, row.iloc[0], top, gutter)
        for number, cell in enumerate(records(row)):  # the best of a column is never dimmed
            _cell(sheet if cell.best else own, cell, gutter + number * column, top, column)
        if ranked:
            mean, left = float(row["geo_mean"].iloc[0]), gutter + len(row) * column
            box = inside(left + 1, top + 1, column - 2, ROW - 2)
            text = "†" if math.isnan(mean) else short_ratio(mean)
            own.text(left + column / 2, top + 13, text, box=box, ha="center", color=sheet.theme.ink)
        top += ROW
    return top


def _row_name(sheet: Sheet, row: Any, top: float, gutter: float) -> None:
    sheet.dot(MARGIN + 4, top + ROW / 2, row["family"], 6)
    box = inside(MARGIN + 10, top, gutter - MARGIN - 12, ROW)
    sheet.text(MARGIN + 14, top + 13, fit([row["mechanism"], row["short"]], LONGEST_NAME), box=box)
    carries = fit([row["carries"]], 50, SMALLEST)
    sheet.text(gutter - 8, top + 13, carries, box=box, ha="right", size=SMALLEST, color=sheet.theme.muted)


def _cell(sheet: Sheet, cell: Any, left: float, top: float, width: float) -> None:
    theme = sheet.theme
    place = (left + 1, top + 1)
    middle, line, box = left + width / 2, top + 13, inside(*place, width - 2, ROW - 2)
    if cell.word:
        hatched = Rectangle(place, width - 2, ROW - 2, facecolor=theme.panel, edgecolor=theme.grid, linewidth=0)
        hatched.set_hatch("//")
        sheet.patch(hatched)
        word = fit([cell.word], width - 6, SMALLEST)
        sheet.text(middle, line, word, box=box, ha="center", size=SMALLEST, color=theme.muted)
        return
    best = cell.best and cell.rivals > 1
    fill = theme.best if best else theme.panel if cell.best else theme.step(cell.slowdown)
    sheet.patch(Rectangle(place, width - 2, ROW - 2, facecolor=fill, linewidth=0))
    if cell.tied:
        inner = (left + 2, top + 2)
        sheet.patch(Rectangle(inner, width - 4, ROW - 4, fill=False, edgecolor=theme.best, linewidth=2))
    text = cell_text(cell)
    weight = "bold" if best else "normal"
    size = 9.0 if text_width(text, 9, weight) <= width - 6 else SMALLEST
    sheet.text(middle, line, text, box=box, ha="center", size=size, weight=weight, color=theme.ink_on(fill))


def cell_text(cell: Any) -> str:
    """Return the text of a cell: the time of the best, the ratio of others, ≈ for a tie, * for a number with notes."""
    number = format_time(cell.seconds) if cell.best else short_ratio(cell.slowdown)
    return f"{'≈ ' if cell.tied else ''}{number}{'*' if cell.notes else ''}"


def _key(sheet: Sheet, cells: pd.DataFrame, y: float) -> None:
    """Write the key to colours and markers."""
    theme, x = sheet.theme, MARGIN
    names = ["best", f"below {STEP_EDGES[0]:g}×", *(f"≥ {edge:g}×" for edge in STEP_EDGES)]
    for name, fill in zip(names, (theme.best, *theme.steps), strict=True):
        sheet.patch(Rectangle((x, y - 7), 9, 9, facecolor=fill, edgecolor=theme.context, linewidth=0.4))
        x += 12
        sheet.text(x, y, name, size=SMALLEST, color=theme.muted)
        x += text_width(name, SMALLEST) + 9
    x, y = MARGIN, y + 14
    for family in known_families(cells["family"])[:7]:
        name = fit([family], 90, SMALLEST)
        sheet.dot(x + 4, y - 3, family)
        sheet.text(x + 11, y, name, size=SMALLEST, color=theme.muted)
        x += 11 + text_width(name, SMALLEST) + 12


def _notes(cells: pd.DataFrame, left_out: str, width: float) -> list[str]:
    lacking: dict[str, list[str]] = {}  # ways of waiting by the sizes that count in their means
    ranked = cells[cells["in_mean"]]
    for wait, group in ranked.groupby("wait", sort=False):
        if group["geo_mean"].isna().any():
            sizes = listing([format_size(size) for size in sorted(group["size"].unique())], 20)
            lacking.setdefault(sizes, []).append(str(wait))
    first, *others = lacking or [""]
    more = "".join(f"; of those that {listing(lacking[sizes])}, at one of {sizes}" for sizes in others)
    said = [
        f"† no mean: this mechanism lacks a number at one of {first}{more}." if first else "",
        left_out,
        doubts(cells),
    ]
    return [line for text in said if text for line in wrap(text, width - 2 * MARGIN, SMALLEST)[:3]]
