"""The sheet of a chart: title, subtitle, body and footer, measured in points from the top left.

Positions are fixed numbers, not a layout engine's: text widths are measured first, so nothing is cut or collides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Bbox

from ipcbench.report.content.words import slug
from ipcbench.report.drawing.theme import Theme, mark
from ipcbench.text import safe_text

WIDTH = 518.0  # points: 691 CSS pixels on a page
MARGIN = 8.0
FOOTER = 36.0
LINE = 12.5
LONGEST = 400  # characters of one line, more than fit on the widest sheet
SMALLEST = 8.0  # no text is smaller than this, in points

Weight = Literal["normal", "bold"]
Values = Sequence[float] | npt.NDArray[np.float64]


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap())


def drawable(text: str) -> str:
    """Clean a text for a figure; a character without a glyph becomes '?'."""
    return "".join(character if ord(character) in _glyphs() else "?" for character in safe_text(text, LONGEST))


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = 9, weight: Weight = "normal") -> float:
    """Return the width of a text, in half points rounded up: the hundredths differ between versions of matplotlib."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(drawable(text), font, ismath=False)
    return math.ceil(2 * float(width) - 0.02) / 2


def fit(texts: list[str], room: float, size: float = 9, weight: Weight = "normal") -> str:
    """Return the first of several texts that fits into `room` points; if none does, the last is cut."""
    for text in texts:
        if text_width(text, size, weight) <= room:
            return text
    text = texts[-1]
    while text and text_width(text + "…", size, weight) > room:
        text = text[:-1]
    return text + "…"


def wrap(text: str, room: float, size: float = 9) -> list[str]:
    """Break a text at blanks into lines of at most `room` points; a single longer word is cut."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size) > room:
            lines.append(line)
            longer = word
        line = longer
    return [fit([each], room, size) for each in [*lines, line]]


def inside(left: float, top: float, width: float, height: float) -> Bbox:
    """Return the box of a cell or panel on a sheet, in points."""
    return Bbox.from_bounds(left, top, width, height)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A figure of width x height points; the chart itself begins at `body`, from the top.

    canvas is an invisible pair of axes over the whole figure whose data are points from the top left. gid is put on
    everything drawn; `of` sets it, so that a page can find what belongs to a mechanism.
    """

    figure: Figure
    canvas: Axes
    theme: Theme
    width: float
    height: float
    body: float
    gid: str | None = None

    @classmethod
    def new(cls, theme: Theme, title: str, subtitle: str, body_height: float, width: float = WIDTH) -> Sheet:
        """Start a figure with its title and its subtitle, which says how to read it, and room for the footer."""
        lines = wrap(subtitle, min(width, 1.4 * WIDTH) - 2 * MARGIN)  # longer lines are hard to follow
        body = 26 + LINE * len(lines) + 8
        height = math.ceil((body + body_height + FOOTER) / 6) * 6.0
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        canvas = figure.add_axes((0, 0, 1, 1), zorder=5)
        canvas.set_axis_off()
        canvas.set_xlim(0, width)
        canvas.set_ylim(height, 0)
        sheet = cls(figure, canvas, theme, width, height, body)
        sheet.text(MARGIN, 19, fit([title], width - 2 * MARGIN, 11.5, "bold"), size=11.5, weight="bold")
        for number, line in enumerate(lines):
            sheet.text(MARGIN, 36 + LINE * number, line, color=theme.muted)
        return sheet

    def of(self, mechanism: str) -> Sheet:
        """Return this sheet for artists that belong to a mechanism: their gid is 'mech:' and its `slug`."""
        return replace(self, gid=f"mech:{slug(mechanism)}")

    def text(self, x: float, y: float, text: str, *, box: Bbox | None = None, ground: str = "", **look: Any) -> Text:
        """Write a text with its baseline at y; look are keywords of matplotlib's Text.

        box, see `inside`, is the cell or panel that it must stay in, for the tests of layout. ground is the colour of
        a rectangle that hides the grid behind the text: its height is ours, since glyphs differ between versions.
        """
        settings: dict[str, Any] = {"va": "baseline", "size": 9, "clip_on": False, "gid": self.gid} | look
        if ground:
            width = text_width(text, settings["size"], settings.get("weight", "normal"))
            left = x - {"left": 0.0, "center": width / 2, "right": width}[settings.get("ha", "left")]
            self.patch(Rectangle((left - 0.5, y - 7), width + 1, 9, facecolor=ground, linewidth=0))
        artist = self.canvas.text(x, y, drawable(text), **settings)
        artist.ipcbench_box = box  # type: ignore[attr-defined]
        return artist

    def line(self, x: Values, y: Values, **look: Any) -> Line2D:
        """Draw a line through places; look are keywords of matplotlib's Line2D."""
        return self.canvas.add_line(Line2D(x, y, **{"clip_on": False, "gid": self.gid} | look))

    def patch(self, patch: Patch) -> Patch:
        """Draw a matplotlib patch."""
        patch.set_gid(self.gid)
        return self.canvas.add_patch(patch)

    def notes(self, y: float, lines: Sequence[str]) -> None:
        """Write what the * at numbers means, in small lines under a chart, the first at y."""
        for number, line in enumerate(lines):
            self.text(MARGIN, y + 11 * number, line, size=SMALLEST, color=self.theme.muted)

    def dot(self, x: float, y: float, family: str, size: float = 5) -> None:
        """Draw the marker of a family at a place."""
        marker, _ = mark(family)
        colour = self.theme.family(family)
        self.line([x], [y], marker=marker, color=colour, markersize=size, markeredgewidth=0, linestyle="none", zorder=4)


def sign(figure: Figure, footer: tuple[str, str], theme: Theme, payload: str = "") -> None:
    """Write the origin of the numbers in two small lines at the bottom of a finished figure.

    payload, a word, stands in the upper right corner.
    """
    width = figure.get_figwidth() * 72
    height = figure.get_figheight() * 72
    if payload:
        place = (width - MARGIN) / width, 1 - 19 / height
        figure.text(*place, payload, size=11.5, weight="bold", color=theme.muted, va="baseline", ha="right")
    for number, line in enumerate(footer):
        text = drawable(fit([line], width - 2 * MARGIN, SMALLEST))
        y = (18 - 11 * number) / height
        figure.text(MARGIN / width, y, text, size=SMALLEST, color=theme.muted, va="baseline")
