"""The report of a comparison as files: its Markdown, its cases as CSV and its charts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.errors import ResultError
from ipcbench.report.charts import machine_ratios, winner_map_diff
from ipcbench.report.charts.sheet import sign
from ipcbench.report.comparison import Comparison
from ipcbench.report.comparison_formats import as_csv, as_markdown
from ipcbench.report.svg import drawing, to_png, to_svg
from ipcbench.report.tables import csv
from ipcbench.report.theme import THEMES, Theme
from ipcbench.results.side import Side
from ipcbench.results.writing import write_whole
from ipcbench.text import safe_text


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with its table; without rows there is nothing to draw. alt says the finding in words."""

    id: str
    table: pd.DataFrame
    draw: Callable[[pd.DataFrame, Theme], Figure]
    alt: Callable[[pd.DataFrame], str]


def write(comparison: Comparison, folder: Path) -> Path:
    """Write summary.md, cases.csv and charts/ into a folder, made where needed, and give the path of summary.md.

    For each chart that there is something for: charts/<id>-light.svg, -dark.svg, .png and .csv; of the others nothing
    stays from before. Raises ResultError where the file system refuses.
    """
    try:
        (folder / "charts").mkdir(parents=True, exist_ok=True)
        pictures = charts(comparison)
        for picture in pictures:
            _draw(picture, footer(comparison), folder / "charts")
        about = replace(comparison, charts=[(each.id, each.alt(each.table)) for each in pictures if len(each.table)])
        write_whole(folder / "cases.csv", as_csv(comparison).encode(), replace=True)
        write_whole(folder / "summary.md", as_markdown(about, everything=False).encode(), replace=True)
    except OSError as error:
        raise ResultError(f"{folder}: cannot write a report here: {error.strerror}; choose another --report") from error
    return folder / "summary.md"


def charts(comparison: Comparison) -> list[Picture]:
    """The charts of a comparison. The map of winners is that of the first machine that is another one."""
    ratios, shapes = machine_ratios.table(comparison.contrast), comparison.shapes
    winners = winner_map_diff.table(shapes[0]) if shapes else pd.DataFrame()
    return [
        Picture(machine_ratios.ID, ratios, machine_ratios.draw, machine_ratios.alt),
        Picture(winner_map_diff.ID, winners, winner_map_diff.draw, winner_map_diff.alt),
    ]


def footer(comparison: Comparison) -> tuple[str, str]:
    """The two lines under every chart: where the base comes from, and the others."""
    base, *others = comparison.sides
    return _origin(base), " · ".join(_origin(side, short=len(others) > 1) for side in others)


def _origin(side: Side, short: bool = False) -> str:
    names = ("CPU", "Python", "ipcbench") if short else ("CPU", "CPUs", "Python", "ipcbench", "rounds", "date")
    units = {"CPUs": "CPUs ", "ipcbench": "ipcbench ", "rounds": "rounds "}
    known = [f"{units.get(name, '')}{safe_text(side.facts[name], 60)}" for name in names if name in side.facts]
    return safe_text(f"{side.name}: {', '.join(known)}")


def _draw(picture: Picture, lines: tuple[str, str], folder: Path) -> None:
    """Draw one chart in every theme into files, or remove those of an earlier report."""
    files = {suffix: folder / f"{picture.id}{suffix}" for suffix in ("-light.svg", "-dark.svg", ".png", ".csv")}
    if picture.table.empty:
        for path in files.values():
            path.unlink(missing_ok=True)
        return
    write_whole(files[".csv"], csv(picture.table).encode(), replace=True)
    for theme in THEMES:
        with drawing(theme, picture.id):
            figure = picture.draw(picture.table, theme)
            sign(figure, lines, theme)
            write_whole(files[f"-{theme.name}.svg"], to_svg(figure).encode(), replace=True)
            if theme.name == "light":
                write_whole(files[".png"], to_png(figure), replace=True)
