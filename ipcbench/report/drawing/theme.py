"""Colours, markers and dashes of every chart and of the page: the only place where a colour is written.

A chart is drawn once, in the light theme; its dark picture is the same with every colour exchanged by TO_DARK. So a
colour of the light theme stands for one colour of the dark theme.

Six family hues, the same in both themes, at least 4.5:1 against page and panel and told apart under protanopia,
deuteranopia and tritanopia (CIEDE2000 of 14.5 and more). A family that is not among them is drawn in muted ink.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Dash = tuple[float, tuple[float, ...] | None]

FAMILY_MARKS: Mapping[str, tuple[str, Dash]] = MappingProxyType(
    {
        "pipes": ("o", (0, None)),
        "queues": ("s", (0, (6, 2))),
        "shared memory": ("D", (0, None)),
        "managers": ("X", (0, (1, 1.5))),
        "executors": ("^", (0, (6, 2, 1, 2))),
        "sockets": ("P", (0, (3, 1.5))),
    }
)
NEUTRAL_MARK: tuple[str, Dash] = ("v", (0, (4, 1.5, 1, 1.5, 1, 1.5)))
BLACK, WHITE = "#0d1117", "#ffffff"  # inks on coloured cells
CELL_INKS = {(BLACK, BLACK): BLACK, (BLACK, WHITE): "#0d1118", (WHITE, WHITE): "#fffffe", (WHITE, BLACK): WHITE}
"""The ink of a cell in the light theme, by the inks that the cell needs in the light and in the dark theme."""
STRENGTHS = (1.0, 0.45, 0.18)  # of a family's colour for a large lead, a smaller lead and a tie
STEP_EDGES = (1.5, 2.5, 5.0, 10.0, 25.0, 100.0)  # slowdowns at which a matrix cell takes the next colour


@dataclass(frozen=True, slots=True)
class Theme:
    """The light or the dark theme. steps are the matrix colours from fast to slow, one more than STEP_EDGES."""

    name: Literal["light", "dark"]
    page: str
    panel: str
    grid: str
    ink: str
    muted: str
    context: str
    best: str
    faster: str
    slower: str
    steps: tuple[str, ...]
    families: Mapping[str, str]

    def family(self, name: str) -> str:
        """The colour of a family; muted ink for one that has none."""
        return self.families.get(name, self.muted)

    def tint(self, name: str, strength: float) -> str:
        """The colour of a family mixed into the page, as '#rrggbb'; strength is one of STRENGTHS."""
        parts = [(int(self.family(name)[at : at + 2], 16), int(self.page[at : at + 2], 16)) for at in (1, 3, 5)]
        return "#" + "".join(f"{round(page + strength * (colour - page)):02x}" for colour, page in parts)

    def step(self, slowdown: float) -> str:
        """The colour of a matrix cell that is `slowdown` times slower than the best."""
        return self.steps[sum(slowdown >= edge for edge in STEP_EDGES)]

    def ink_on(self, fill: str) -> str:
        """The ink that contrasts more with a cell of this colour, black or white, in the shade of CELL_INKS."""
        ink = strongest_ink(fill)
        return CELL_INKS[ink, strongest_ink(TO_DARK[fill])] if self.name == "light" else ink

    def rc(self) -> dict[str, object]:
        """The matplotlib parameters of this theme; all others keep matplotlib's defaults."""
        return {
            "font.family": ["DejaVu Sans"],
            "font.size": 9,
            "text.color": self.ink,
            "text.hinting": "none",  # with hinting the width of a text depends on the resolution
            "text.parse_math": False,
            "axes.edgecolor": self.context,
            "axes.facecolor": "none",
            "axes.labelcolor": self.muted,
            "axes.linewidth": 0.8,
            "axes.unicode_minus": True,
            "figure.facecolor": self.page,
            "figure.edgecolor": self.page,
            "grid.color": self.grid,
            "grid.linewidth": 0.6,
            "hatch.linewidth": 0.7,
            "path.simplify": False,
            "svg.fonttype": "none",
            "xtick.color": self.context,
            "xtick.labelcolor": self.muted,
            "xtick.labelsize": 8,
            "ytick.color": self.context,
            "ytick.labelcolor": self.muted,
            "ytick.labelsize": 8,
        }


def mark(family: str) -> tuple[str, Dash]:
    """Marker and dash of a family."""
    return FAMILY_MARKS.get(family, NEUTRAL_MARK)


def known_families(names: Iterable[str]) -> list[str]:
    """Each family once, those with a colour of their own first."""
    present = set(names)
    return [*(name for name in FAMILY_MARKS if name in present), *sorted(present - set(FAMILY_MARKS))]


def strongest_ink(fill: str) -> str:
    """Return BLACK or WHITE, whichever contrasts more with a colour."""
    return max(BLACK, WHITE, key=lambda ink: contrast(ink, fill))


def contrast(first: str, second: str) -> float:
    """WCAG 2.2 contrast of two '#rrggbb' colours, 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


LIGHT = Theme(
    name="light",
    page="#ffffff",
    panel="#f6f8fa",
    grid="#e3e6ea",
    ink="#1f2328",
    muted="#59636e",
    context="#c9d0d8",
    best="#0b57d0",
    faster="#0b57d0",
    slower="#b35900",
    steps=("#fdf3d9", "#f7daa5", "#f7ba71", "#f2964f", "#d5613d", "#a53234", "#721c35"),
    families=MappingProxyType(
        {
            "pipes": "#1363fd",
            "queues": "#80351b",
            "shared memory": "#086d5d",
            "managers": "#d31367",
            "executors": "#936a01",
            "sockets": "#503c9a",
        }
    ),
)
DARK = Theme(
    name="dark",
    page="#0d1117",
    panel="#161b22",
    grid="#29303b",
    ink="#f0f6fc",
    muted="#9198a1",
    context="#3d444d",
    best="#6cb6ff",
    faster="#6cb6ff",
    slower="#ff9a4d",
    steps=("#361f1f", "#552926", "#753428", "#994627", "#d67531", "#e5a152", "#f0d08f"),
    families=MappingProxyType(
        {
            "pipes": "#81bdff",
            "queues": "#e65207",
            "shared memory": "#15956e",
            "managers": "#f592ac",
            "executors": "#d6cc6f",
            "sockets": "#7e70f7",
        }
    ),
)
THEMES = (LIGHT, DARK)


def _colours(theme: Theme) -> list[str]:
    """Every colour of a theme but the inks of cells, in an order that is the same in both themes."""
    plain = [theme.page, theme.panel, theme.grid, theme.ink, theme.muted, theme.context]
    tints = [theme.tint(family, strength) for family in (*FAMILY_MARKS, "") for strength in STRENGTHS]
    return [*plain, theme.best, theme.faster, theme.slower, *theme.steps, *tints]


_INKS_IN_DARK = {shade: dark for (_, dark), shade in CELL_INKS.items()}
TO_DARK: Mapping[str, str] = MappingProxyType(_INKS_IN_DARK | dict(zip(_colours(LIGHT), _colours(DARK), strict=True)))
"""The colours of the dark theme by those of the light theme."""
