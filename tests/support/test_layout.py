"""Test the checks of layout: each finds a fault that was made on purpose."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chart_checks import drawn
from chart_runs import everything
from layout import boxes, faults
from matplotlib.text import Text

from ipcbench.report.charts import matrix
from ipcbench.report.content.study import Study, study
from ipcbench.report.drawing.svg import drawing
from ipcbench.report.drawing.theme import THEMES


@pytest.fixture(scope="module")
def normal() -> Study:
    return study(everything())


def _longer(text: Text) -> None:
    text.set_text(f"{text.get_text()} and so much more that no cell has room for it")


def _off_the_edge(text: Text) -> None:
    text.set_position((-20, text.get_position()[1]))


def _small(text: Text) -> None:
    text.set_fontsize(7)


def _tall(text: Text) -> None:
    text.set_fontsize(16)


def _on_its_neighbour(text: Text) -> None:
    text.set_position((text.get_position()[0] + 55, text.get_position()[1]))


def _on_a_marker(text: Text) -> None:
    text.set_position((14.0, text.get_position()[1]))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_longer, "leaves its cell"),
        (_tall, "leaves its cell"),
        (_longer, "touches"),
        (_on_its_neighbour, "touches"),
        (_off_the_edge, "leaves the figure"),
        (_small, "is too small"),
        (_on_a_marker, "covers a marker"),
    ],
)
def test_each_check_of_places_finds_what_was_spoilt(spoil: Callable[[Text], None], said: str, normal: Study) -> None:
    with drawing(THEMES[0], "x"):
        figure = drawn(matrix.CHART, normal, THEMES[0])
        (cell, *_) = (text for text, _ in boxes(figure) if text.get_text() == "8 B only")
        assert faults(figure) == []
        spoil(cell)
        assert any(said in fault for fault in faults(figure))
