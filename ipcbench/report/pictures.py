"""Charts as files: each drawn in every theme, with its table as CSV and its finding in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ipcbench.report.charts.chart import Chart
from ipcbench.report.charts.sheet import sign
from ipcbench.report.svg import drawing, to_png, to_svg
from ipcbench.report.tables import Table, csv
from ipcbench.report.theme import THEMES
from ipcbench.results.writing import replace_whole

CSS_PIXELS = 96 / 72  # per point
Source = TypeVar("Source")


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart that was drawn; missing says why there is none, and then the rest is empty.

    svg holds the picture by the name of the theme, csv what was drawn, details the same for readers; width and height
    are in CSS pixels.
    """

    chart: Chart[Any]
    missing: str = ""
    alt: str = ""
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
        """The content of its files by their names' endings; none where nothing was drawn."""
        if self.missing:
            return {}
        pictures = {f"-{theme}.svg": svg.encode() for theme, svg in self.svg.items()}
        return pictures | {".png": self.png, ".csv": self.csv.encode()}


def draw(chart: Chart[Source], source: Source, footer: tuple[str, str]) -> Picture:
    """Draw one chart in every theme, or say why not; footer is the two lines that say where the numbers come from."""
    missing = chart.lacks(source)
    if missing:
        return Picture(chart, missing)
    table = chart.table(source)
    svg: dict[str, str] = {}
    png, width, height = b"", 0.0, 0.0
    for theme in THEMES:
        with drawing(theme, chart.id):
            figure = chart.draw(table, theme)
            sign(figure, footer, theme)
            width, height = figure.get_size_inches() * 72 * CSS_PIXELS
            svg[theme.name] = to_svg(figure)
            png = png or to_png(figure)
    details = chart.details(table, chart.title) if chart.details else None
    return Picture(chart, "", chart.alt(table), svg, png, csv(table), round(width), round(height), details)


ENDINGS = (*(f"-{theme.name}.svg" for theme in THEMES), ".png", ".csv")


def save(picture: Picture, folder: Path) -> None:
    """Write the files of a picture into a folder; of one that was not drawn nothing stays. Raises OSError."""
    for ending in ENDINGS:
        path = folder / f"{picture.id}{ending}"
        if ending in picture.files:
            replace_whole(path, picture.files[ending])
        else:
            path.unlink(missing_ok=True)
