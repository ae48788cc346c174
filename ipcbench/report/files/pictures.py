"""Charts as files: each chart in every theme, with its table as CSV and its finding in words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from ipcbench.report.content.tables import Table, csv
from ipcbench.report.content.words import shortened
from ipcbench.report.drawing.chart import Chart
from ipcbench.report.drawing.sheet import sign
from ipcbench.report.drawing.svg import CSS_PIXELS, LONGEST_DESC, drawing, in_dark, to_png, to_svg
from ipcbench.report.drawing.theme import DARK, LIGHT, THEMES, Theme
from ipcbench.report.files.descriptions import describe
from ipcbench.report.files.manifest import LONGEST_ALT, ChartEntry, Digests, Files
from ipcbench.results.writing import replace_whole
from ipcbench.text import safe_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Source = TypeVar("Source")
_WAITING = {"block": "blocking", "spin": "spinning"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart that was drawn; if it was not, missing says why and the other fields are empty.

    svg holds the picture by the name of the theme, csv the data drawn, details these data formatted for readers; width
    and height are in CSS pixels. kind names what is compared, such as 'bytes/blocking'.
    """

    chart: Chart[Any]
    missing: str = ""
    alt: str = ""
    long_desc: str = ""
    kind: str = ""
    svg: Mapping[str, str] = field(default_factory=dict)
    png: bytes = b""
    csv: str = ""
    width: int = 0
    height: int = 0
    details: Table | None = None

    @property
    def id(self) -> str:
        """The id of the chart, which its files are named after."""
        return self.chart.id

    @property
    def files(self) -> dict[str, bytes]:
        """The content of the chart's files by the endings of their names; empty if nothing was drawn."""
        if self.missing:
            return {}
        pictures = {f"-{theme}.svg": svg.encode() for theme, svg in self.svg.items()}
        return pictures | {".png": self.png, ".csv": self.csv.encode()}

    @property
    def entry(self) -> ChartEntry:
        """Return the chart's entry in the manifest."""
        files = {ending: f"{FOLDER}/{self.id}{ending}" for ending in ENDINGS}
        digests = {ending: hashlib.sha256(content).hexdigest() for ending, content in self.files.items()}
        drawn = not self.missing
        return ChartEntry(
            title=safe_text(self.chart.topic),
            question=safe_text(self.chart.title),
            caption=safe_text(self.chart.caption, 2000),
            alt=self.alt,
            long_desc=self.long_desc,
            class_=self.kind,
            pattern=self.chart.pattern,
            width=self.width,
            height=self.height,
            files=Files(*(files[ending] for ending in ENDINGS)) if drawn else None,
            sha256=Digests(*(digests[ending] for ending in ENDINGS if ending != PNG)) if drawn else None,
            available=drawn,
            reason=safe_text(self.missing, 500),
        )


FOLDER = "charts"  # beside the manifest
PNG = ".png"
ENDINGS = (*(f"-{theme.name}.svg" for theme in THEMES), PNG, ".csv")


def draw(
    chart: Chart[Source],
    source: Source,
    footer: tuple[str, str],
    payload: str = "",
    png: bool = True,
    missing: str | None = None,
) -> Picture:
    """Draw one chart, or return a Picture that says why not.

    footer is the two lines that say where the numbers come from, payload the kind of payload of the chart. Without
    `png` no PNG is drawn. missing is what `chart.lacks` has answered, if it was asked already.
    """
    missing = chart.lacks(source) if missing is None else missing
    if missing:
        return Picture(chart, missing, kind=payload)
    table = chart.table(source)
    description = describe(table)
    with drawing(LIGHT, chart.id):
        figure = plotted(chart, table, footer, LIGHT)
        width, height = figure.get_size_inches() * 72 * CSS_PIXELS
        light = svg_of(figure, chart, description, footer)
        bitmap = to_png(figure) if png else b""
    return Picture(
        chart,
        alt=alt_of(chart, table),
        long_desc=description,
        kind=_kind(payload, table),
        svg={LIGHT.name: light, DARK.name: in_dark(light)},
        png=bitmap,
        csv=csv(table),
        width=round(width),
        height=round(height),
        details=chart.details(table, chart.title) if chart.details else None,
    )


def plotted(chart: Chart[Any], table: pd.DataFrame, footer: tuple[str, str], theme: Theme) -> Figure:
    """Return the figure of one chart with its footer; call this and use the figure inside `svg.drawing`."""
    figure = chart.draw(table, theme)
    sign(figure, footer, theme, chart.payload)
    return figure


def alt_of(chart: Chart[Any], table: pd.DataFrame) -> str:
    """Return the finding of a chart in words, cut to the longest alt text allowed."""
    return shortened(safe_text(chart.alt(table), 4 * LONGEST_ALT), LONGEST_ALT)


def svg_of(figure: Figure, chart: Chart[Any], description: str, footer: tuple[str, str]) -> str:
    """Return the figure as SVG text, with the description of the chart and the source of its numbers."""
    desc = " ".join([description[: LONGEST_DESC - sum(map(len, footer)) - 2], *footer])
    return to_svg(figure, id=chart.id, title=chart.title, desc=desc)


def _kind(payload: str, table: pd.DataFrame) -> str:
    """Return what is compared: the kind of payload, and how the mechanisms wait."""
    waits = sorted(set(table["wait"].astype(str)) - {""}) if "wait" in table else []
    kinds = [f"{payload}/{_WAITING.get(wait, wait)}" if payload else _WAITING.get(wait, wait) for wait in waits]
    return safe_text(", ".join(kinds) or payload)


def save(picture: Picture, folder: Path) -> None:
    """Write the files of a picture into a folder. Raises OSError."""
    for ending, content in picture.files.items():
        replace_whole(folder / f"{picture.id}{ending}", content)
