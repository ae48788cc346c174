"""stability: the values of the least steady cases in the order in which they were taken, one strip each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table
from ipcbench.report.drawing.chart import EVERY, Chart, told
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, Sheet, fit
from ipcbench.report.drawing.strips import MOST_MARKS, table
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count
from ipcbench.units import format_ratio, format_size, format_time

TITLE = "Can this run be trusted?"
ROW = 27.0
STRIP = 22.0
NAMES = 152.0
WORDS = 152.0
GAP = 8.0
SPANS = (1.25, 1.5, 2.0)  # how far a strip reaches above and below its median
MOST_BORDERS = 40


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one strip per case on a shared logarithmic scale around the median of each."""
    strips = [rows for _, rows in cells.groupby("case", sort=False)]
    span = _span(cells)
    rest = int(cells["cases"].iloc[0]) - len(strips)
    sheet = Sheet.new(theme, TITLE, _subtitle(cells, span), ROW * len(strips) + 12 + 12)
    rounds = int(cells["rounds"].iloc[0])
    for number, rows in enumerate(strips):
        _draw_strip(sheet.of(str(rows["mechanism"].iloc[0])), rows, sheet.body + ROW * number, span, rounds)
    foot = sheet.body + ROW * len(strips) + 9
    first, last = f"round {int(cells['round'].min())}", f"round {rounds}"
    left, right = MARGIN + NAMES, WIDTH - MARGIN - WORDS
    sheet.text(left, foot, first, size=SMALLEST, color=theme.muted)
    sheet.text(right, foot, last, size=SMALLEST, color=theme.muted, ha="right")
    if rest:
        shown = cells.drop_duplicates("case")
        odd = int(cells["unsteady"].iloc[0]) - int((shown["flags"] != "").sum())
        text = f"{count(rest, 'more case')}, {f'{odd:,} unsteady' if odd else 'all steady' if rest > 1 else 'steady'}"
        sheet.text(right + GAP, foot, text, size=SMALLEST, color=theme.muted)
    return sheet.figure


def _subtitle(cells: pd.DataFrame, span: float) -> str:
    first = cells.iloc[0]
    single = bool((cells["value"] > 0).any())
    dots = "Dot: one value; hollow: a warm-up. " if single else "Dot: mean of visits; stroke: all their values. "
    borders = " Faint lines separate visits." if int(first["rounds"]) <= MOST_BORDERS else ""
    return (
        f"{first['unsteady']:,} of {count(int(first['cases']), 'case')} drift, fall into two groups or scatter by more "
        f"than 10 %. Values in the order of the run, worst case first{_after_controls(cells)}. {dots}Line: median; a "
        f"strip spans {1 / span:.2g}× to {span:g}× of it, and triangles lie beyond.{borders}"
    )


def _after_controls(cells: pd.DataFrame) -> str:
    names = list(dict.fromkeys(cells.loc[cells["control"], "mechanism"]))
    return f" after {' and '.join(names)}, which show the machine alone" if names else ""


def _span(cells: pd.DataFrame) -> float:
    """Return the smallest of SPANS that holds 95 % of the values shown."""
    away = np.abs(np.log(cells["time"] / cells["seconds"]))
    reach = float(np.exp(np.quantile(away, 0.95)))
    return next((span for span in SPANS if span >= reach), SPANS[-1])


def _draw_strip(sheet: Sheet, rows: pd.DataFrame, top: float, span: float, rounds: int) -> None:
    theme, first = sheet.theme, rows.iloc[0]
    width = WIDTH - 2 * MARGIN - NAMES - WORDS
    plot = Plot(sheet, MARGIN + NAMES, top, width, STRIP, (1.0, math.e), (1 / span, span))
    right = plot.left + width
    sheet.patch(Rectangle((plot.left, top), width, STRIP, facecolor=theme.panel, linewidth=0, zorder=0.1))
    if rounds <= MOST_BORDERS:
        places = [plot.left + width * number / rounds for number in range(1, rounds) for _ in range(2)]
        borders = np.insert(np.array(places), range(2, len(places), 2), np.nan) if places else np.array(places)
        heights = np.tile([top, top + STRIP, np.nan], rounds - 1)[: len(borders)]
        sheet.line(borders, heights, color=theme.grid, linewidth=0.8, zorder=0.5)
    sheet.line([plot.left, right], [top + STRIP / 2] * 2, color=theme.muted, linewidth=0.8, zorder=1)
    _marks(plot, rows, rounds)
    _words(sheet, first, top, right + GAP)


def _marks(plot: Plot, rows: pd.DataFrame, rounds: int) -> None:
    """Draw each value at its place in its visit; a value beyond the strip becomes a triangle at the edge."""
    sheet, theme = plot.sheet, plot.sheet.theme
    colour = theme.family(str(rows["family"].iloc[0]))
    low, high = plot.y
    x = plot.left + plot.width * rows["place"].to_numpy(dtype=float) / rounds
    ratio = (rows["time"] / rows["seconds"]).to_numpy(dtype=float)
    warm = rows["warmup"].to_numpy(dtype=bool)
    if (rows["value"] == 0).any():
        ends = [np.clip((rows[name] / rows["seconds"]).to_numpy(dtype=float), low, high) for name in ("least", "most")]
        nan = np.full(len(x), np.nan)
        lines = np.column_stack([plot.down(ends[0]), plot.down(ends[1]), nan]).ravel()
        sheet.line(np.column_stack([x, x, nan]).ravel(), lines, color=colour, linewidth=1.0, zorder=2)
    y = plot.down(np.clip(ratio, low, high))
    within = (ratio >= low) & (ratio <= high)
    for chosen, size, ink in ((warm, 3.4, theme.muted), (warm, 2.0, theme.page), (~warm, 3.2, colour)):
        _dots(sheet, x[chosen & within], y[chosen & within], size, ink)
    for marker, chosen, shift in (("^", ratio > high, 2.0), ("v", ratio < low, -2.0)):
        for hollow, edge, face in ((True, theme.muted, theme.page), (False, colour, colour)):
            drawn = chosen & (warm == hollow)
            if drawn.any():
                look = {"marker": marker, "markersize": 4.0, "markeredgecolor": edge, "markerfacecolor": face}
                sheet.line(x[drawn], y[drawn] + shift, linestyle="none", markeredgewidth=0.7, zorder=3, **look)


def _dots(sheet: Sheet, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], size: float, colour: str) -> None:
    """Draw round dots as one path of very short strokes, which takes a quarter of the bytes of as many markers."""
    if len(x):
        nan = np.full(len(x), np.nan)
        places = np.column_stack([x, x + 0.02, nan]).ravel(), np.column_stack([y, y, nan]).ravel()
        sheet.line(*places, color=colour, linewidth=size, solid_capstyle="round", snap=False, zorder=3)


def _words(sheet: Sheet, first: Any, top: float, right: float) -> None:
    """Write the name of the case at the left of its strip, and what is odd about it at the right."""
    theme = sheet.theme
    sheet.text(MARGIN, top + 9, fit([first["mechanism"]], NAMES - GAP))
    sheet.text(MARGIN, top + 20, fit([first["about"]], NAMES - GAP, SMALLEST), size=SMALLEST, color=theme.muted)
    colour = theme.slower if first["flags"] else theme.muted
    sheet.text(right, top + 9, first["flags"] or "steady", size=SMALLEST, color=colour)
    sheet.text(right, top + 20, _figures(first), size=SMALLEST, color=theme.muted)


def _figures(first: Any) -> str:
    return f"median {format_time(first['seconds'])}, scatter {_percent(first['spread'])}"


def _percent(share: float) -> str:
    return f"{100 * share:,.0f} %"


def _alt(cells: pd.DataFrame) -> str:
    first = cells.iloc[0]
    worst = cells[~cells["control"]].drop_duplicates("case")
    found = f"{first['unsteady']} of {count(int(first['cases']), 'case')} are unsteady"
    case = worst.iloc[0] if len(worst) else first
    odd = f"{case['flags'] or 'steady'}, scatter {_percent(case['spread'])}"
    where = f"{case['mechanism']}, {case['question']}, {format_size(case['size'])}"
    return told(
        f"Values in run order. {found}; worst: {where}: {odd}.", f"{found}; worst: {case['mechanism']}.", f"{found}."
    )


def _details(cells: pd.DataFrame, caption: str) -> Table:
    """Return one row per strip; the values themselves are in the CSV file."""
    rows = []
    for _, values in cells.groupby("case", sort=False):
        first = values.iloc[0]
        counted = values[~values["warmup"]]
        ends = [format_ratio(end / first["seconds"]) for end in (counted["least"].min(), counted["most"].max())]
        name, figures = str(first["case"]), [format_time(first["seconds"]), _percent(first["spread"]), *ends]
        rows.append([name, *figures, first["flags"] or "steady"])
    header = ["Case", "Median", "Scatter of visits", "Least value", "Greatest value", "What is odd"]
    return Table(caption, header, rows)


def _lacks(about: Study) -> str:
    if about.summary["seconds"].notna().sum() == 0:
        return "No case of this run has a number."
    if about.summary["spread"].notna().sum() == 0:
        return f"Scatter and drift need 3 rounds; this run has {count(about.record.rounds, 'round')}."
    return ""


CHART = Chart(
    id="stability",
    topic="Can this run be trusted?",
    title=TITLE,
    caption=(
        "Scatter is the width of the middle half of the visits of a case, as a share of their median; noisy is more "
        "than 10 %. Drift and two groups need more rounds, and are named only where they are certain. Measure cases "
        f"that drift again before you compare them. A case with more than {MOST_MARKS} values shows visits instead."
    ),
    lacks=_lacks,
    table=table,
    draw=draw,
    alt=_alt,
    details=_details,
    pattern=EVERY,
)
