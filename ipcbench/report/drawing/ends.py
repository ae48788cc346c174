"""Place names at the ends of lines: in a column at the right, or beside a line that ends early."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ipcbench.report.drawing.plot import FloatArray, Plot
from ipcbench.report.drawing.scale import spaced
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, fit, text_width

STEP = 13.0  # from one name to the next, in points
TALL = 21.0  # a name with its value under it
CLEAR = 5.0  # between a name and any line
Places = tuple[FloatArray, FloatArray]  # across and down, in points


@dataclass(frozen=True, slots=True)
class End:
    """The end of a line at x, y in points; its name is the first of `names` that fits, and value stands after it."""

    x: float
    y: float
    mechanism: str
    names: list[str]
    value: str
    colour: str


def label_right(plot: Plot, ends: Sequence[End]) -> None:
    """Write names and values right of a plot, in the order of the ends, with a dotted leader from each."""
    ordered = sorted(ends, key=lambda end: (end.y, end.mechanism))
    places = spaced([end.y for end in ordered], STEP, plot.top + 4, plot.top + plot.height - 4)
    x = plot.left + plot.width + 12
    for end, place in zip(ordered, places, strict=True):
        sheet = plot.sheet.of(end.mechanism)
        sheet.line([end.x + 4, x - 2], [end.y, place], color=end.colour, linewidth=0.7, linestyle=(0, (1, 2)))
        room = WIDTH - MARGIN - x - text_width(end.value, SMALLEST) - 6
        sheet.text(x, place + 3, fit(end.names, room), color=end.colour)
        sheet.text(WIDTH - MARGIN, place + 3, end.value, ha="right", size=SMALLEST, color=sheet.theme.muted)


def label_beside(plot: Plot, ends: Sequence[End], lines: Sequence[Places]) -> list[End]:
    """Write names with values under them at the nearest place that no line crosses; return the ends without one.

    A line is the places of its points, from left to right.
    """
    taken = np.concatenate([_dense(*line) for line in lines]) if lines else np.empty((0, 2))
    left_over = []
    for end in sorted(ends, key=lambda end: (end.x, -end.y, end.mechanism)):
        sheet = plot.sheet.of(end.mechanism)
        name = fit(end.names, plot.width / 2)
        wide = max(text_width(name), text_width(end.value, SMALLEST))
        place = _free(plot, end, wide, taken)
        if place is None:
            left_over.append(end)
            continue
        left, top = place
        sheet.text(left, top + 9, name, color=end.colour)
        sheet.text(left, top + 19, end.value, size=SMALLEST, color=sheet.theme.muted)
        foot = min(max(end.x, left), left + wide), min(max(end.y, top), top + TALL)
        if math.dist(foot, (end.x, end.y)) > 12:
            sheet.line([end.x, foot[0]], [end.y, foot[1]], color=end.colour, linewidth=0.7, linestyle=(0, (1, 2)))
        corners = np.linspace(left, left + wide, 12), np.linspace(top, top + TALL, 8)
        taken = np.concatenate([taken, np.array(np.meshgrid(*corners)).reshape(2, -1).T])
    return left_over


def _dense(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return points of a line so close together that a box between them touches one."""
    many = np.linspace(0, len(x) - 1, 150 * max(len(x) - 1, 1) + 1)
    return np.column_stack([np.interp(many, np.arange(len(x)), each) for each in (x, y)])


def _free(plot: Plot, end: End, wide: float, taken: FloatArray) -> tuple[float, float] | None:
    """Return left and top of the nearest box to an end, above before below, inside the plot and free of points."""
    lefts = np.arange(plot.left + 4, plot.left + plot.width - wide, 4)
    tops = np.arange(plot.top, plot.top + plot.height - TALL - 2, 4)
    boxes = np.array(np.meshgrid(lefts, tops)).reshape(2, -1).T
    extent, here = np.array([wide, TALL]), np.array([end.x, end.y])
    far = np.hypot(*(np.clip(here, boxes, boxes + extent) - here).T)
    far[boxes[:, 1] > end.y] *= 2
    for number in np.argsort(far, kind="stable"):
        low, high = boxes[number] - CLEAR, boxes[number] + extent + CLEAR
        if not ((taken > low) & (taken < high)).all(axis=1).any():
            return float(boxes[number][0]), float(boxes[number][1])
    return None
