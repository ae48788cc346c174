"""slowdown-matrix: every mechanism at every payload size, as a multiple of the best one there."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.analysis.stats import geometric_mean
from ipcbench.report.charts.chart import Chart, doubts, needs, select
from ipcbench.report.charts.sheet import MARGIN, SMALLEST, WIDTH, Sheet, fit, text_width, wrap
from ipcbench.report.study import Study
from ipcbench.report.tables import records
from ipcbench.report.text import absence, short_ratio
from ipcbench.report.theme import FAMILY_MARKS, STEP_EDGES, Theme
from ipcbench.units import format_ratio, format_size, format_time

ROW = 19.0
LEAST_COLUMN = 52.0
MOST_COLUMN = 76.0
LONGEST_NAME = 150.0
HEADER = 18.0
KEY = 34.0
TITLE = "How many times slower than the best mechanism?"
SUBTITLE = (
    "Round trip of one message, by payload size. Blue: the best of its column, with its time. Other cells: how many "
    "times as long. Outlined ≈: a tie with the best. Rows from best to worst over all sizes."
)


def table(about: Study) -> pd.DataFrame:
    """Rows of ping-pong cases with one worker, in drawing order; what was not planned has the verdict 'not run'.

    Two more columns: word (what stands in a cell without a number) and geo_mean (geometric mean of the slowdowns of
    the mechanism over all sizes; NaN where one is missing).
    """
    cases = select(about, "ping-pong")
    cases = cases[cases["workers"] == cases["workers"].min()].drop_duplicates(["mechanism", "size"])
    known = cases.set_index(["mechanism", "size"])
    cases = pd.concat([cases, _not_run(cases)], ignore_index=True) if len(known) else cases
    means, order, carried = {}, {}, {}
    for name, row in cases.groupby("mechanism"):
        there = row["slowdown"].dropna()
        carried[name] = set(row.loc[row["seconds"].notna(), "size"])
        complete = len(there) == len(row)
        means[name] = geometric_mean(there.to_numpy(dtype=float)) if complete else math.nan
        some = geometric_mean(there.to_numpy(dtype=float)) if len(there) else math.inf
        order[name] = (str(row["wait"].iloc[0]), not complete, some)
    cases["word"] = [
        "" if seconds == seconds else absence(verdict, carried[name])
        for name, verdict, seconds in zip(cases["mechanism"], cases["verdict"], cases["seconds"], strict=True)
    ]
    cases["geo_mean"] = cases["mechanism"].map(means).astype(float)
    places = {name: place for place, name in enumerate(sorted(order, key=lambda each: (*order[each], str(each))))}
    ordered: pd.DataFrame = cases.assign(place=cases["mechanism"].map(places)).sort_values(["place", "size"])
    return ordered.drop(columns="place").reset_index(drop=True)


def _not_run(cases: pd.DataFrame) -> pd.DataFrame:
    """Rows for the pairs of mechanism and size that the plan did not hold."""
    present = set(zip(cases["mechanism"], cases["size"], strict=True))
    sizes = sorted(cases["size"].unique())
    gaps = []
    for name, rows in cases.groupby("mechanism"):
        gaps += [
            rows.iloc[0].to_dict()
            | {"case": "", "size": size, "verdict": "not run", "reason": "not in the plan of this run", "notes": ""}
            | dict.fromkeys(("seconds", "low", "high", "cpu", "slowdown", "slowdown_low", "slowdown_high"), math.nan)
            | {"best": False, "tied": False, "rounds": 0}
            for size in sizes
            if (name, size) not in present
        ]
    return pd.DataFrame(gaps, columns=cases.columns).astype(cases.dtypes)


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw the matrix from rectangles and text, so that it stays sharp and selectable."""
    names = list(dict.fromkeys(cells["mechanism"]))
    sizes = sorted(cells["size"].unique())
    gutter = _gutter(cells)
    column = min(max((WIDTH - gutter - MARGIN) / (len(sizes) + 1), LEAST_COLUMN), MOST_COLUMN)
    width = max(WIDTH, gutter + column * (len(sizes) + 1) + MARGIN)
    notes = _notes(cells, width)
    height = HEADER + ROW * len(names) + KEY + 11 * len(notes)
    sheet = Sheet.new(theme, TITLE, SUBTITLE, height, width)
    for number, size in enumerate([*sizes, None]):
        middle = gutter + (number + 0.5) * column
        sheet.text(middle, sheet.body + 10, format_size(size) if size else "all sizes", ha="center", weight="bold")
    for place, name in enumerate(names):
        top = sheet.body + HEADER + place * ROW
        row = cells[cells["mechanism"] == name]
        _row_name(sheet, row.iloc[0], top, gutter)
        for number, cell in enumerate(records(row)):
            _cell(sheet, cell, gutter + number * column, top, column)
        geo_mean = float(row["geo_mean"].iloc[0])
        text = "†" if math.isnan(geo_mean) else short_ratio(geo_mean)
        sheet.text(gutter + (len(sizes) + 0.5) * column, top + 13, text, ha="center", color=theme.ink)
    _key(sheet, cells, sheet.body + HEADER + ROW * len(names) + 13)
    for number, line in enumerate(notes):
        y = sheet.body + HEADER + ROW * len(names) + KEY + 8 + 11 * number
        sheet.text(MARGIN, y, line, size=SMALLEST, color=theme.muted)
    return sheet.figure


def _gutter(cells: pd.DataFrame) -> float:
    names = max(text_width(name) for name in cells["mechanism"])
    carries = max(text_width(text, SMALLEST) for text in cells["carries"])
    return math.ceil((MARGIN + 14 + min(names, LONGEST_NAME) + 8 + min(carries, 50) + 8) / 6) * 6.0


def _row_name(sheet: Sheet, row: Any, top: float, gutter: float) -> None:
    sheet.dot(MARGIN + 4, top + ROW / 2, row["family"], 6)
    sheet.text(MARGIN + 14, top + 13, fit([row["mechanism"], row["short"]], LONGEST_NAME))
    carries = fit([row["carries"]], 50, SMALLEST)
    sheet.text(gutter - 8, top + 13, carries, ha="right", size=SMALLEST, color=sheet.theme.muted)


def _cell(sheet: Sheet, cell: Any, left: float, top: float, width: float) -> None:
    theme = sheet.theme
    place = (left + 1, top + 1)
    middle, line = left + width / 2, top + 13
    if cell.word:
        box = Rectangle(place, width - 2, ROW - 2, facecolor=theme.panel, edgecolor=theme.grid, linewidth=0, hatch="//")
        sheet.canvas.add_patch(box)
        sheet.text(middle, line, fit([cell.word], width - 6, SMALLEST), ha="center", size=SMALLEST, color=theme.muted)
        return
    fill = theme.best if cell.best else theme.step(cell.slowdown)
    sheet.canvas.add_patch(Rectangle(place, width - 2, ROW - 2, facecolor=fill, linewidth=0))
    if cell.tied:
        inner = (left + 2, top + 2)
        sheet.canvas.add_patch(Rectangle(inner, width - 4, ROW - 4, fill=False, edgecolor=theme.best, linewidth=2))
    text = cell_text(cell)
    weight = "bold" if cell.best else "normal"
    size = 9.0 if text_width(text, 9, weight) <= width - 6 else SMALLEST
    sheet.text(middle, line, text, ha="center", size=size, weight=weight, color=theme.ink_on(fill))


def cell_text(cell: Any) -> str:
    """What stands in a cell: the time of the best, the ratio of the others, ≈ for a tie, * for a number with notes."""
    number = format_time(cell.seconds) if cell.best else short_ratio(cell.slowdown)
    return f"{'≈ ' if cell.tied else ''}{number}{'*' if cell.notes else ''}"


def _key(sheet: Sheet, cells: pd.DataFrame, y: float) -> None:
    """One row of words: what the colours and the markers mean."""
    theme, x = sheet.theme, MARGIN
    names = ["best", f"below {STEP_EDGES[0]:g}×", *(f"≥ {edge:g}×" for edge in STEP_EDGES)]
    for name, fill in zip(names, (theme.best, *theme.steps), strict=True):
        sheet.canvas.add_patch(Rectangle((x, y - 7), 9, 9, facecolor=fill, edgecolor=theme.context, linewidth=0.4))
        x += 12
        sheet.text(x, y, name, size=SMALLEST, color=theme.muted)
        x += text_width(name, SMALLEST) + 9
    x, y = MARGIN, y + 14
    present = set(cells["family"])
    for family in [*(name for name in FAMILY_MARKS if name in present), *sorted(present - set(FAMILY_MARKS))][:7]:
        name = fit([family], 90, SMALLEST)
        sheet.dot(x + 4, y - 3, family)
        sheet.text(x + 11, y, name, size=SMALLEST, color=theme.muted)
        x += 11 + text_width(name, SMALLEST) + 12


def _notes(cells: pd.DataFrame, width: float) -> list[str]:
    said = []
    if cells["geo_mean"].isna().any():
        said.append("† no mean: this mechanism has no number at every size.")
    said.append(doubts(cells))
    return [line for text in said if text for line in wrap(text, width - 2 * MARGIN, SMALLEST)[:3]]


def _alt(cells: pd.DataFrame) -> str:
    size = int(cells.loc[cells["best"], "size"].min())
    column = cells[(cells["size"] == size) & cells["slowdown"].notna()].sort_values("slowdown")
    first, last = column.iloc[0], column.iloc[-1]
    shape = f"Matrix of {cells['mechanism'].nunique()} mechanisms by {cells['size'].nunique()} payload sizes."
    found = f"At {format_size(size)} {first['mechanism']} is best with {format_time(first['seconds'])}"
    return f"{shape} {found}; {last['mechanism']} takes {format_ratio(last['slowdown'])} as long."


CHART = Chart(
    id="slowdown-matrix",
    topic="Round trips: which is best?",
    title=TITLE,
    caption=(
        "Look down the column of your payload size: the blue cell is the fastest round trip, the others say how many "
        "times as long they take. ≈ is a tie: less than 5 % apart, or further but not told apart by this run. "
        "Words stand where there is no number."
    ),
    lacks=needs("ping-pong"),
    table=table,
    draw=draw,
    alt=_alt,
    pattern="ping-pong",
    by_payload=True,
)
