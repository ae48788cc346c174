"""Find the places of the texts of a figure, and what is wrong with them, without a browser."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from ipcbench.report.drawing.sheet import SMALLEST

MARGIN = 4.0


def boxes(figure: Figure) -> list[tuple[Text, Bbox]]:
    """Return every visible text with its place, in points."""
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    scale = 72 / figure.dpi
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_visible()]
    found = [(text, text.get_window_extent(renderer)) for text in texts if text.get_text().strip()]
    return [(text, Bbox(box.get_points() * scale)) for text, box in found]


def faults(figure: Figure) -> list[str]:
    """Return what is wrong with the places of the texts of a figure, in words."""
    texts = boxes(figure)
    width, height = figure.get_size_inches() * 72
    found = []
    for text, box in texts:
        name, cell = repr(text.get_text()), getattr(text, "ipcbench_box", None)
        if box.x0 < MARGIN or box.y0 < MARGIN or box.x1 > width - MARGIN or box.y1 > height - MARGIN:
            found.append(f"{name} leaves the figure: {box}")
        if cell is not None and not _within(box, cell, height):
            found.append(f"{name} leaves its cell: {box}")
        if float(text.get_fontsize()) < SMALLEST:
            found.append(f"{name} is too small")
    for (one, first), (other, second) in itertools.combinations(texts, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        if across > 0.5 and down > 0.5:
            found.append(f"{one.get_text()!r} touches {other.get_text()!r}")
    places = markers(figure)
    for text, box in texts:
        x, y = places[:, 0], height - places[:, 1]
        if ((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)).any():
            found.append(f"{text.get_text()!r} covers a marker")
    return found


def _within(box: Bbox, cell: Bbox, height: float) -> bool:
    """Return whether a text lies in its cell with 2 points to spare; the cell's y counts from the top."""
    across = min(box.x0 - cell.x0, cell.x1 - box.x1)
    down = min(height - box.y1 - cell.y0, cell.y1 - height + box.y0)
    return bool(min(across, down) >= 1.99)


def markers(figure: Figure) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the places of markers, in points from the top left: (n, 2)."""
    lines = [line for line in figure.findobj(Line2D) if isinstance(line, Line2D)]
    found = [line.get_xydata() for line in lines if line.get_marker() not in ("None", None, "")]
    return np.concatenate([np.empty((0, 2)), *(np.asarray(points, dtype=float) for points in found)])
