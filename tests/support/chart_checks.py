"""Draw a chart, and check the texts and the table of what was drawn."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
from layout import boxes, faults
from matplotlib.figure import Figure

from ipcbench.report.charts import Chart
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import csv
from ipcbench.report.drawing.chart import LONGEST_ALT
from ipcbench.report.drawing.inline import merge
from ipcbench.report.drawing.sheet import sign
from ipcbench.report.drawing.svg import drawing, in_dark, to_svg
from ipcbench.report.drawing.theme import DARK, LIGHT, Theme


def drawn(chart: Chart[Study], about: Study, theme: Theme) -> Figure:
    figure = chart.draw(chart.table(about), theme)
    sign(figure, about.footer, theme)
    return figure


def check_texts(chart: Chart[Study], about: Study) -> None:
    if chart.lacks(about):
        return
    with drawing(LIGHT, chart.id):
        figure = drawn(chart, about, LIGHT)
        assert len(boxes(figure)) > 5
        assert faults(figure) == []


def check_csv(chart: Chart[Study], about: Study) -> None:
    if chart.lacks(about):
        return
    table = chart.table(about)
    back = pd.read_csv(io.StringIO(csv(table)), keep_default_na=False, na_values=[""])
    assert list(back.columns) == list(table.columns)
    for column in table.columns:
        if pd.api.types.is_numeric_dtype(table[column]):
            np.testing.assert_allclose(back[column].astype(float), table[column].astype(float), rtol=1e-11)
        else:
            inert = [f"'{text}" if text[:1] in "=+-@" and text else text for text in table[column]]
            assert ["" if text != text else text for text in back[column]] == inert


def texts_of(chart: Chart[Study], about: Study) -> list[str]:
    with drawing(LIGHT, chart.id):
        figure = drawn(chart, about, LIGHT)
        return [text.get_text() for text, _ in boxes(figure)]


def check_layout(chart: Chart[Any], table: pd.DataFrame, footer: tuple[str, str]) -> None:
    """Draw a chart of a comparison or fleet; check that texts lie inside the figure and do not overlap."""
    with drawing(LIGHT, chart.id):
        figure = chart.draw(table, LIGHT)
        sign(figure, footer, LIGHT)
        assert len(boxes(figure)) > 5
        assert faults(figure) == []


def check_drawn_twice(chart: Chart[Any], table: pd.DataFrame) -> None:
    """Draw a chart twice; check for equal bytes, a dark picture that differs in colours only, and its whole table."""
    pictures = []
    for _ in range(2):
        with drawing(LIGHT, chart.id):
            pictures.append(to_svg(chart.draw(table, LIGHT)))
    assert pictures[0] == pictures[1]
    with drawing(DARK, chart.id):
        dark = to_svg(chart.draw(table, DARK))
    assert dark == in_dark(pictures[0])
    assert merge(pictures[0], dark).colours
    assert any(character.isdigit() for character in chart.alt(table))
    assert len(chart.alt(table)) <= LONGEST_ALT
    back = pd.read_csv(io.StringIO(csv(table)), keep_default_na=False, na_values=[""])
    assert list(back.columns) == list(table.columns)
    assert len(back) == len(table)
