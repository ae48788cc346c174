"""Panels of ratios on a logarithmic axis centred on 1×, for machine-ratios and speedup-vs-queue."""

from __future__ import annotations

import math

from matplotlib.patches import Rectangle

from ipcbench.analysis.difference import WORTH
from ipcbench.report.content.words import short_ratio
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.scale import spread
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, Sheet, fit, text_width

LEAST_SPAN = 2.0  # from half to twice, so that noise is not magnified
NUMBERS = 33.0  # at the right of a panel, for the ratios


def ratio_word(ratio: float) -> str:
    """Write a ratio for a narrow place: as elsewhere, and as a fraction far below 1: '1/400×'."""
    return short_ratio(ratio) if ratio >= 0.095 else f"1/{short_ratio(1 / ratio)}"


def span(low: float, high: float) -> float:
    """Return how far an axis reaches on both sides of 1, as a factor, to show values from low to high."""
    return float(1.1 * max(LEAST_SPAN, high, 1 / low) ** 1.03)


def frame(plot: Plot, reach: float) -> None:
    """Draw grid, ticks, the band of differences too small to matter, and a line at 1×."""
    theme = plot.sheet.theme
    left, right = plot.across([1 / (1 + WORTH), 1 + WORTH])
    plot.sheet.patch(
        Rectangle((left, plot.top), right - left, plot.height, facecolor=theme.grid, linewidth=0, zorder=0.1)
    )
    most = math.floor(math.log2(reach))
    ticks = [2.0**power for power in range(-most, most + 1) if power % math.ceil(most / 4) == 0]
    names = [_tick(tick) for tick in ticks]
    places = [float(place) for place in plot.across(ticks)]
    middle = len(ticks) // 2  # 1× is always labelled, others if there is room
    widths = [text_width(name, SMALLEST) for name in names]
    kept = {middle} | {place for place in spread(widths, places, 3.0) if _clear(place, middle, widths, places)}
    plot.frame({tick: names[place] if place in kept else "" for place, tick in enumerate(ticks)}, {})
    one = plot.across([1.0])[0]
    plot.sheet.line([one, one], [plot.top, plot.top + plot.height], color=theme.muted, linewidth=0.8, zorder=1)


def _tick(tick: float) -> str:
    if tick < 0.1:
        return f"1/{1 / tick:g}×" if tick > 1e-5 else ratio_word(tick)
    return f"{tick:g}×" if tick < 1 else short_ratio(tick).replace(".00", "").replace(".0", "")


def _clear(place: int, middle: int, widths: list[float], places: list[float]) -> bool:
    return abs(places[place] - places[middle]) >= (widths[place] + widths[middle]) / 2 + 3


def ratio_dot(
    plot: Plot, y: float, ratio: tuple[float, float, float], colour: str, marker: str = "o", sign: str = ""
) -> None:
    """Draw a ratio with its interval (NaN if unknown) and its number, followed by `sign`.

    Muted ink means no clear difference.
    """
    sheet, theme = plot.sheet, plot.sheet.theme
    value, low, high = ratio
    if low == low:
        sheet.line(plot.across([low, high]), [y, y], color=colour, linewidth=1.4, zorder=3)
    face = theme.page if colour == theme.muted else colour
    look = {"marker": marker, "color": colour, "markerfacecolor": face, "markersize": 5, "markeredgewidth": 1.1}
    sheet.line(plot.across([value]), [y], linestyle="none", zorder=4, **look)
    sheet.text(plot.left + plot.width + 4, y + 3, ratio_word(value) + sign, size=SMALLEST, color=colour)


def sides(sheet: Sheet, y: float, names: float, left: tuple[list[str], str], right: tuple[list[str], str]) -> None:
    """Write under the panels what left and right mean; each side is texts from long to short, and a colour."""
    room = (sheet.width - names) / 2 - 20
    sheet.text(MARGIN + names, y, fit(left[0], room, SMALLEST), size=SMALLEST, color=left[1])
    sheet.text(sheet.width - MARGIN, y, fit(right[0], room, SMALLEST), size=SMALLEST, color=right[1], ha="right")
