"""One plot on a sheet: two logarithmic axes, with curves, bands and labels placed in points.

matplotlib's own axes cost 30 ms each and three times the SVG; a report has more than fifty panels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.collections import PathCollection
from matplotlib.patches import Polygon, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from ipcbench.report.drawing.sheet import SMALLEST, Sheet
from ipcbench.report.drawing.theme import mark

FloatArray = npt.NDArray[np.float64]
Values = pd.Series | FloatArray | Sequence[float]


@dataclass(frozen=True, slots=True)
class Plot:
    """A rectangle of a sheet, in points, and the values at its edges: x from left to right, y from bottom to top."""

    sheet: Sheet
    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float] = (1.0, 2.0)

    def of(self, mechanism: str) -> Plot:
        """Return this plot for artists that belong to a mechanism."""
        return replace(self, sheet=self.sheet.of(mechanism))

    def across(self, values: Values) -> FloatArray:
        """Return the places of values of x on the sheet."""
        share: FloatArray = _share(values, self.x)
        return self.left + self.width * share

    def down(self, values: Values) -> FloatArray:
        """Return the places of values of y on the sheet."""
        share: FloatArray = _share(values, self.y)
        return self.top + self.height * (1 - share)

    def frame(
        self, x_ticks: Mapping[float, str], y_ticks: Mapping[float, str], *, below: bool = True, beside: bool = True
    ) -> None:
        """Draw grid and axis lines; write the tick labels that are not empty, below and beside them if asked to."""
        theme, right, bottom = self.sheet.theme, self.left + self.width, self.top + self.height
        xs, ys = self.across(list(x_ticks)), self.down(list(y_ticks))
        nan = float("nan")
        grid_x = [place for x in xs for place in (x, x, nan)] + [self.left, right, nan] * len(ys)
        grid_y = [self.top, bottom, nan] * len(xs) + [place for y in ys for place in (y, y, nan)]
        self.sheet.line(grid_x, grid_y, color=theme.grid, linewidth=0.6, zorder=0.5)
        edge = [self.left, self.left, right] if y_ticks else [self.left, right]
        self.sheet.line(edge, [self.top, bottom, bottom][-len(edge) :], color=theme.context, linewidth=0.8, zorder=0.6)
        for x, label in zip(xs, x_ticks.values(), strict=True):
            if below and label:
                self.sheet.text(x, bottom + 11, label, ha="center", size=SMALLEST, color=theme.muted)
        for y, label in zip(ys, y_ticks.values(), strict=True):
            if beside and label:
                self.sheet.text(self.left - 5, y + 3, label, ha="right", size=SMALLEST, color=theme.muted)

    def curve(self, x: Values, y: Values, *, clip: bool = False, **look: Any) -> None:
        """Draw a line through values; look are keywords of matplotlib's Line2D."""
        line = self.sheet.line(self.across(x), self.down(y), **look, clip_on=clip)
        if clip:
            box = Rectangle((self.left, self.top), self.width, self.height, transform=self.sheet.canvas.transData)
            line.set_clip_path(box)

    def family_curve(self, x: Values, y: Values, family: str, **look: Any) -> None:
        """Draw a line in the colour and dash and with the marker of a family; look changes its other properties."""
        marker, dash = mark(family)
        usual: dict[str, Any] = {
            "linestyle": dash,
            "linewidth": 1.6,
            "marker": marker,
            "markersize": 4,
            "markeredgewidth": 0,
        }
        usual |= {"color": self.sheet.theme.family(family), "zorder": 4}
        self.curve(x, y, **(usual | look))

    def hollow(self, x: Values, y: Values, family: str) -> None:
        """Draw the markers of a family hollow, over those of its line."""
        marker, _ = mark(family)
        theme = self.sheet.theme
        look: dict[str, Any] = {
            "marker": marker,
            "markersize": 5,
            "markerfacecolor": theme.page,
            "markeredgewidth": 1.2,
        }
        self.curve(x, y, linestyle="none", color=theme.family(family), zorder=5, **look)

    def context(self, curves: Sequence[tuple[Values, Values]]) -> None:
        """Draw many curves as one thin grey line with gaps, and those of one point as a dot."""
        colour = self.sheet.theme.context
        separated = [np.append(np.asarray(part, dtype=float), np.nan) for curve in curves for part in curve]
        if separated:
            x, y = np.concatenate(separated[::2]), np.concatenate(separated[1::2])
            self.curve(x, y, color=colour, linewidth=0.8, zorder=1)
        alone = [(part[0][0], part[1][0]) for part in _pairs(separated) if len(part[0]) == 2]
        if alone:
            x, y = np.array(alone).T
            self.curve(x, y, color=colour, linestyle="none", marker="o", markersize=2.5, zorder=1)

    def band(self, x: Values, low: Values, high: Values, colour: str) -> None:
        """Shade the interval around a line, or draw it as a stroke at a single point; nothing if it is unknown."""
        xs, lows, highs = (np.asarray(values, dtype=float) for values in (x, low, high))
        known = ~(np.isnan(lows) | np.isnan(highs))
        places, upper, lower = self.across(xs[known]), self.down(highs[known]), self.down(lows[known])
        if known.sum() == 1:
            self.sheet.line([places[0], places[0]], [lower[0], upper[0]], color=colour, linewidth=1.2, zorder=3)
        elif known.any():
            corners = np.column_stack([np.append(places, places[::-1]), np.append(upper, lower[::-1])])
            self.sheet.patch(Polygon(corners, facecolor=colour, alpha=0.28, linewidth=0, zorder=2))

    def strokes(self, x: Values, low: Values, high: Values, colour: str) -> None:
        """Draw the interval of each point as a stroke, for curves whose bands would overlap."""
        xs, lows, highs = self.across(x), self.down(low), self.down(high)
        nan = np.full(len(xs), np.nan)
        places = np.column_stack([xs, xs, nan]).ravel(), np.column_stack([lows, highs, nan]).ravel()
        self.sheet.line(*places, color=colour, linewidth=1.2, zorder=3)


def repeat_context(plots: Sequence[Plot], curves: Sequence[tuple[Values, Values]]) -> None:
    """Draw the same thin grey lines in several plots of one size with the same axes, and those of one point as dots.

    In an SVG the lines are written once and used in every plot: forty times forty lines would be half a megabyte.
    """
    first = plots[0]
    for plot in plots:
        plot.context([curve for curve in curves if len(curve[0]) == 1])
    vertices, codes = [], []
    for x, y in curves:
        if len(x) > 1:
            vertices.append(np.column_stack([first.across(x) - first.left, first.top - first.down(y)]))
            codes += [Path.MOVETO, *[Path.LINETO] * (len(x) - 1)]
    if not vertices:
        return
    canvas, figure = first.sheet.canvas, first.sheet.figure
    lines = PathCollection(
        [Path(np.concatenate(vertices), codes)],
        offsets=[(plot.left, plot.top) for plot in plots],
        offset_transform=canvas.transData,
        transform=Affine2D().scale(1 / 72) + figure.dpi_scale_trans,  # the path is in points
        facecolors="none",
        edgecolors=first.sheet.theme.context,
        linewidths=0.8,
        zorder=1,
    )
    canvas.add_collection(lines, autolim=False)


def _share(values: Values, limits: tuple[float, float]) -> FloatArray:
    share: FloatArray = np.log(np.asarray(values, dtype=float) / limits[0]) / np.log(limits[1] / limits[0])
    return share


def _pairs(parts: list[FloatArray]) -> list[tuple[FloatArray, FloatArray]]:
    return list(zip(parts[::2], parts[1::2], strict=True))
