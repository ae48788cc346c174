"""Small multiples: a panel per mechanism, with that one coloured and all others grey behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from ipcbench.report.drawing.sheet import SMALLEST, WIDTH, Sheet, fit, text_width

LEFT = 54.0
GAP = 18.0
RIGHT = 20.0  # room for the half of the last tick label that extends beyond the panel
PLOT = 78.0
ABOVE = 19.0  # the line over a panel, with its name and one value
BELOW = 22.0


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of `panels` panels: columns, rows and the width of one in points."""

    panels: int

    @property
    def columns(self) -> int:
        """Four side by side, or three if that fills the rows better."""
        return 4 if self.panels > 6 or self.panels == 4 else 3

    @property
    def rows(self) -> int:
        """The number of rows of panels."""
        return math.ceil(self.panels / self.columns)

    @property
    def width(self) -> float:
        """The width of one panel."""
        return (WIDTH - LEFT - RIGHT - GAP * (self.columns - 1)) / self.columns

    @property
    def height(self) -> float:
        """The height of all panels together."""
        return self.rows * (ABOVE + PLOT) + BELOW

    def place(self, number: int) -> tuple[float, float]:
        """Return left and top of the plot of a panel, from the corner of all panels."""
        row, column = divmod(number, self.columns)
        return LEFT + column * (self.width + GAP), row * (ABOVE + PLOT) + ABOVE

    def lowest(self, number: int) -> bool:
        """Return whether no panel is below this one, so that it carries the labels of the x axis."""
        return number + self.columns >= self.panels


def head(sheet: Sheet, left: float, top: float, width: float, rows: pd.DataFrame, value: str, note: str = "") -> None:
    """Write the line over a panel: the mechanism in its family's colour, and one value at the right."""
    theme, first = sheet.theme, rows.iloc[0]
    colour = theme.best if note else theme.muted
    text = f"{note} {value}".strip()
    sheet.text(left + width, top - 5, text, ha="right", size=SMALLEST, color=colour)
    room = width - text_width(text, SMALLEST) - 5
    name = fit([first["mechanism"], first["short"]], room, 9 if text_width(first["mechanism"]) <= room else SMALLEST)
    size = 9 if text_width(name) <= room else SMALLEST
    sheet.text(left, top - 5, name, size=size, color=theme.family(first["family"]))
