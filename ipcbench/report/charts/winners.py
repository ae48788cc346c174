"""Cells that name a winner and its lead, and their key, for winner-map and winner-map-diff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.patches import Rectangle

from ipcbench.report.content.words import short_ratio
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, Sheet, fit, inside, text_width
from ipcbench.report.drawing.theme import STRENGTHS, known_families
from ipcbench.text import count

ROW = 28.0
LARGE_LEAD = 1.5


@dataclass(frozen=True, slots=True)
class Winner:
    """The fastest mechanism of a cell, and how many times as long the next one takes.

    names are the ways to write the winner, nexts those to write the next one, from long to short; ties is how many
    mechanisms tie with the winner.
    """

    names: list[str]
    family: str
    lead: float
    nexts: list[str]
    ties: int

    @property
    def strength(self) -> float:
        """The strength of the cell's colour, one of STRENGTHS."""
        return STRENGTHS[2] if self.ties else STRENGTHS[0] if self.lead >= LARGE_LEAD else STRENGTHS[1]

    @property
    def words(self) -> list[str]:
        """The lead, or the mechanisms that tie, in words from long to short."""
        if not self.ties:
            return [f"{short_ratio(self.lead)} ahead", short_ratio(self.lead)]
        more = f" +{self.ties - 1}" if self.ties > 1 else ""
        names = [f"≈ {name}{more}" for name in self.nexts]
        return [*names, f"≈ {count(self.ties, 'other')}"]


def winner_cell(
    sheet: Sheet, winner: Winner, words: list[str], left: float, top: float, width: float, *, outlined: bool = False
) -> None:
    """Draw a cell in the colour of the winner's family: the winner, and below it the first of `words` that fits."""
    fill = sheet.theme.tint(winner.family, winner.strength)
    filled_cell(sheet, (winner.names, words), fill, left, top, width, outlined=outlined)


def filled_cell(
    sheet: Sheet,
    lines: tuple[list[str], list[str]],
    fill: str,
    left: float,
    top: float,
    width: float,
    *,
    outlined: bool = False,
) -> None:
    """Draw two lines of text on the colour `fill`; each line is a list of ways to write it, from long to short."""
    theme, (names, words) = sheet.theme, lines
    ink, middle, room = theme.ink_on(fill), left + width / 2, width - 6
    sheet.patch(Rectangle((left + 1, top + 1), width - 2, ROW - 2, facecolor=fill, linewidth=0))
    if outlined:
        sheet.patch(Rectangle((left + 2, top + 2), width - 4, ROW - 4, fill=False, edgecolor=theme.ink, linewidth=2))
    box = inside(left + 1, top + 1, width - 2, ROW - 2)
    size = 9.0 if text_width(names[0]) <= room else SMALLEST
    sheet.text(middle, top + 12, fit(names, room, size), box=box, ha="center", size=size, color=ink)
    sheet.text(middle, top + 22.5, fit(words, room, SMALLEST), box=box, ha="center", size=SMALLEST, color=ink)


def plain_cell(sheet: Sheet, lines: list[list[str]], left: float, top: float, width: float) -> None:
    """Draw a cell without a winner: one or two muted lines, each a list of ways to write it, from long to short."""
    theme, box = sheet.theme, inside(left + 1, top + 1, width - 2, ROW - 2)
    sheet.patch(Rectangle((left + 1, top + 1), width - 2, ROW - 2, facecolor=theme.panel, linewidth=0))
    for number, line in enumerate(lines):
        y = top + (22.5 if number else 12 if len(lines) > 1 else 17)
        word = fit(line, width - 6, SMALLEST)
        sheet.text(left + width / 2, y, word, box=box, ha="center", size=SMALLEST, color=theme.muted)


def family_key(sheet: Sheet, families: pd.Series, y: float) -> None:
    """Draw one row that names the colour of each family."""
    theme, x = sheet.theme, MARGIN
    for family in known_families(families)[:6]:
        name = fit([family], 66, SMALLEST)
        sheet.patch(Rectangle((x, y - 7), 9, 9, facecolor=theme.tint(family, 1.0), linewidth=0))
        sheet.text(x + 12, y, name, size=SMALLEST, color=theme.muted)
        x += 12 + text_width(name, SMALLEST) + 10


LEADS = (f"leads by {LARGE_LEAD:g}× or more", "leads by less", "a tie")


def strength_key(sheet: Sheet, families: pd.Series, y: float, names: Sequence[str] = LEADS) -> None:
    """Draw one row that explains the three strengths of a colour, in the colours of the first families."""
    theme, x = sheet.theme, MARGIN
    for name, share in zip(names, STRENGTHS, strict=True):
        for place, family in enumerate(known_families(families)[:3]):
            fill = theme.tint(family, share)
            sheet.patch(Rectangle((x + 9 * place, y - 7), 9, 9, facecolor=fill, linewidth=0))
        x += 9 * min(len(known_families(families)), 3) + 3
        sheet.text(x, y, name, size=SMALLEST, color=theme.muted)
        x += text_width(name, SMALLEST) + 14
