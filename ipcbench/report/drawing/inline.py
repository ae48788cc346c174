"""Merge the light and the dark picture of a chart into one that takes its colours from the page.

A colour that differs becomes `fill="var(--k3)"`; the page defines --k3 for either theme. Presentation attributes are
values of CSS, so this needs no style attribute and no class, and works under a policy that allows one style sheet only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ipcbench.report.drawing.svg import COLOUR


class Colour(NamedTuple):
    """A colour of a page: the name of its variable, without the dashes, and its value in each theme."""

    name: str
    light: str
    dark: str


@dataclass(frozen=True, slots=True)
class Inline:
    """SVG text for a page, and the colours that the page must define."""

    svg: str
    colours: tuple[Colour, ...]


def merge(light: str, dark: str) -> Inline:
    """Merge the light and the dark picture of a chart, as `to_svg` writes them.

    Raises ValueError where they differ in anything but colours.
    """
    names: dict[tuple[str, str], str] = {}
    svg = _merged(light, dark, names)
    return Inline(svg, _colours(names))


def merge_all(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], str]:
    """Merge each (light, dark) pair, and return the style sheet with all colours.

    Charts of other ids do not collide. Raises ValueError where a pair differs in anything but colours.
    """
    names: dict[tuple[str, str], str] = {}
    return [_merged(light, dark, names) for light, dark in pairs], style_sheet(_colours(names))


def style_sheet(colours: Sequence[Colour]) -> str:
    """Return the CSS that defines colours: by data-theme on the root element, else by the system; paper is light."""
    if not colours:
        return ""
    light = "".join(f"--{colour.name}:{colour.light};" for colour in colours)
    dark = "".join(f"--{colour.name}:{colour.dark};" for colour in colours)
    return (
        f":root{{{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}\n"
    )


def _colours(names: Mapping[tuple[str, str], str]) -> tuple[Colour, ...]:
    return tuple(Colour(name, *pair) for pair, name in names.items())


def _merged(light: str, dark: str, names: dict[tuple[str, str], str]) -> str:
    """Exchange the colours that differ; names, which grows, maps a pair of colours to the name of its variable."""
    one, two = COLOUR.split(light), COLOUR.split(dark)  # colours are at the odd places
    if one[::2] != two[::2]:
        raise ValueError("the light and the dark chart differ in more than colours")
    for place, pair in enumerate(zip(one, two, strict=True)):
        if place % 2 and pair[0] != pair[1]:
            one[place] = f"var(--{names.setdefault(pair, f'k{len(names) + 1}')})"
    return "".join(one)
