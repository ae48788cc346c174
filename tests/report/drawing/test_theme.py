"""Colours in figures: text can be read, and what differs in meaning looks different to every kind of colour vision.

Contrast as WCAG 2.2 defines it. Colour blindness as Machado, Oliveira and Fernandes (2009) simulate it, at severity
1.0. Differences in CIELAB under D65 by CIEDE2000.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.colors import CSS4_COLORS, is_color_like
from synthetic import MECHANISMS

import ipcbench
from ipcbench.report.drawing.theme import (
    CELL_INKS,
    DARK,
    FAMILY_MARKS,
    LIGHT,
    NEUTRAL_MARK,
    STRENGTHS,
    THEMES,
    TO_DARK,
    Theme,
    contrast,
)

Array = npt.NDArray[np.float64]

PACKAGE = Path(ipcbench.__file__).parent
VISION: dict[str, Array] = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.119192, 0.9503041]]
)
WHITE = TO_XYZ.sum(axis=1)

HEXADECIMAL = re.compile(r"(?<![\w/])#(?:[0-9a-fA-F]{3,4}){1,2}\b")  # and not a number of an issue

themes = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)


def linear(colour: str) -> Array:
    """The linear red, green and blue of '#rrggbb', 0 to 1."""
    value = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(colour: str, vision: str = "normal") -> Array:
    """CIELAB of a colour as somebody sees it."""
    seen = np.clip(VISION[vision] @ linear(colour), 0, 1)
    ratio = TO_XYZ @ seen / WHITE
    root = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def ciede2000(first: Array, second: Array) -> float:
    """How different two colours in CIELAB look; Sharma, Wu and Dalal (2005), equations 2 to 22, weights 1."""
    l1, l2 = first[0], second[0]
    c_mean = (np.hypot(*first[1:]) + np.hypot(*second[1:])) / 2
    stretch = 1 + 0.5 * (1 - np.sqrt(c_mean**7 / (c_mean**7 + 25.0**7)))
    (a1, b1), (a2, b2) = (first[1] * stretch, first[2]), (second[1] * stretch, second[2])
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    grey = c1 * c2 == 0
    turn = 0.0 if grey else (h2 - h1 + 180) % 360 - 180
    around = (h1 + h2) / 2 if abs(h1 - h2) <= 180 else ((h1 + h2 + 360) / 2) % 360
    hue = h1 + h2 if grey else around
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    weight = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    rotation = (
        -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    )
    dl = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * chroma * weight)
    return float(np.sqrt(dl**2 + dc**2 + dh**2 + rotation * dc * dh))


def apart(first: str, second: str) -> float:
    """How different two colours look to whoever tells them apart least."""
    return min(ciede2000(lab(first, vision), lab(second, vision)) for vision in VISION)


def fills(theme: Theme) -> Iterator[str]:
    """Every colour that a cell with text in it can have."""
    yield from (theme.best, *theme.steps)
    yield from (theme.tint(family, strength) for family in [*theme.families, "other"] for strength in STRENGTHS)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [  # from the data of Sharma, Wu and Dalal
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_difference_of_colours_is_that_of_its_authors(
    first: tuple[float, ...], second: tuple[float, ...], expected: float
) -> None:
    assert ciede2000(np.array(first), np.array(second)) == pytest.approx(expected, abs=5e-5)
    assert ciede2000(np.array(second), np.array(first)) == pytest.approx(expected, abs=5e-5)


def test_black_on_white_has_the_greatest_contrast() -> None:
    black, white = "#000000", "#ffffff"
    assert contrast(black, white) == pytest.approx(21)
    assert lab(white) == pytest.approx([100, 0, 0], abs=1e-3)


@themes
def test_every_text_line_and_marker_can_be_read(theme: Theme) -> None:
    for colour in (theme.ink, theme.muted, theme.best, theme.faster, theme.slower, *theme.families.values()):
        assert contrast(colour, theme.page) >= 4.5
        assert contrast(colour, theme.panel) >= 4.5


@themes
def test_text_in_every_cell_can_be_read(theme: Theme) -> None:
    for fill in fills(theme):
        assert contrast(theme.ink_on(fill), fill) >= 4.5, fill


@themes
def test_a_word_on_a_hatch_can_be_read_on_both_its_colours(theme: Theme) -> None:
    assert contrast(theme.muted, theme.panel) >= 4.5
    assert contrast(theme.muted, theme.grid) >= 4.5


@themes
def test_families_look_different_to_everybody(theme: Theme) -> None:
    assert set(theme.families) == set(FAMILY_MARKS)
    for one, other in itertools.combinations(theme.families, 2):
        assert apart(theme.families[one], theme.families[other]) >= 12, (one, other)


@themes
def test_the_steps_of_a_matrix_look_different_to_everybody_and_the_best_stands_out(theme: Theme) -> None:
    for one, other in itertools.pairwise(theme.steps):
        assert apart(one, other) >= 5, (one, other)
    for step in theme.steps:
        assert apart(theme.best, step) >= 25, step


@themes
def test_the_steps_of_a_matrix_leave_the_page_step_by_step(theme: Theme) -> None:
    for vision in VISION:
        lightness = [lab(step, vision)[0] for step in theme.steps]
        assert lightness == sorted(lightness, reverse=theme.name == "light")


@themes
def test_faster_and_slower_look_different_to_everybody(theme: Theme) -> None:
    assert apart(theme.faster, theme.slower) >= 40


@themes
def test_no_colour_is_the_one_that_an_svg_leaves_out(theme: Theme) -> None:
    """matplotlib writes no fill where it is black; light and dark could then not be merged."""
    written = [theme.page, theme.panel, theme.grid, theme.ink, theme.muted, theme.context, *CELL_INKS.values()]
    assert "#000000" not in [*written, theme.faster, theme.slower, *fills(theme)]


def test_a_colour_of_the_light_theme_stands_for_one_colour_of_the_dark_theme() -> None:
    assert all(TO_DARK[light] == dark for light, dark in zip(fills(LIGHT), fills(DARK), strict=True))
    names = ("page", "panel", "grid", "ink", "muted", "context", "best", "faster", "slower")
    assert all(TO_DARK[getattr(LIGHT, name)] == getattr(DARK, name) for name in names)
    for light, dark in zip(fills(LIGHT), fills(DARK), strict=True):
        assert TO_DARK[LIGHT.ink_on(light)] == DARK.ink_on(dark)


def test_families_differ_in_marker_and_dash() -> None:
    assert len({*FAMILY_MARKS.values(), NEUTRAL_MARK}) == len(FAMILY_MARKS) + 1
    assert {facts[1] for facts in MECHANISMS.values()} <= set(FAMILY_MARKS)


def coloured(source: str) -> list[str]:
    """The colours that Python code names: in hexadecimal, by a name of CSS, or as an argument that is a colour."""
    nodes = list(ast.walk(ast.parse(source)))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    given = [node.value for node in nodes if isinstance(node, ast.keyword) and str(node.arg).endswith("color")]
    values = [node.value for node in given if isinstance(node, ast.Constant) and is_color_like(node.value)]
    named = [text for text in texts if HEXADECIMAL.search(text) or text.lower() in CSS4_COLORS]
    return sorted({*named, *map(str, values)} - {"none"})


def test_a_named_colour_is_found() -> None:
    code = "fill = '#fff'\ninks = ['Tomato']\ndraw(x, edgecolor='k', color='0.5', facecolor='none')"
    assert coloured(code) == ["#fff", "0.5", "Tomato", "k"]
    assert coloured("mark = 'o'\nheading = '# Title'\nlink = '#findings'\ndraw(x, color=theme.ink)") == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_colours_are_named_in_the_theme_only(path: Path) -> None:
    found = coloured(path.read_text())
    assert bool(found) == (path.name == "theme.py"), found


@pytest.mark.parametrize("path", sorted((PACKAGE / "report/page/templates").iterdir()), ids=lambda path: path.name)
def test_templates_name_no_colour(path: Path) -> None:
    text = re.sub(r"{{.*?}}", "", path.read_text())
    assert not re.search(r":\s*#[0-9a-fA-F]{3}|\b(?:rgb|hsl|oklch)a?\(", text)
    words = re.findall(r"(?:color|background|border|fill|stroke)[a-z-]*\s*:([^;}]*)", text)
    assert not {word for value in words for word in re.findall(r"[a-z]+", value)} & set(CSS4_COLORS)
