"""The report of a comparison as files: its Markdown, its cases as CSV and its charts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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

Draw = Callable[[pd.DataFrame, Theme], Figure]


def write(comparison: Comparison, folder: Path) -> Path:
    """Write summary.md, cases.csv and charts/ into a folder, made where needed, and give the path of summary.md.

    For each chart that there is something for: charts/<id>-light.svg, -dark.svg, .png and .csv; of the others nothing
    stays from before. Raises ResultError where the file system refuses.
    """
    try:
        (folder / "charts").mkdir(parents=True, exist_ok=True)
        drawn = [
            _chart(id_, table, draw, footer(comparison), folder / "charts") for id_, table, draw in charts(comparison)
        ]
        about = replace(comparison, charts=[id_ for id_ in drawn if id_])
        write_whole(folder / "cases.csv", as_csv(comparison).encode(), replace=True)
        write_whole(folder / "summary.md", as_markdown(about, everything=False).encode(), replace=True)
    except OSError as error:
        raise ResultError(f"{folder}: cannot write a report here: {error.strerror}; choose another --report") from error
    return folder / "summary.md"


def charts(comparison: Comparison) -> list[tuple[str, pd.DataFrame, Draw]]:
    """The charts of a comparison: id, table and drawing; a table without rows means that there is nothing to draw."""
    shapes = [winner_map_diff.table(shape) for shape in comparison.shapes[:1]]
    return [
        (machine_ratios.ID, machine_ratios.table(comparison.contrast), machine_ratios.draw),
        (winner_map_diff.ID, shapes[0] if shapes else pd.DataFrame(), winner_map_diff.draw),
    ]


def footer(comparison: Comparison) -> tuple[str, str]:
    """The two lines under every chart: where the base comes from, and the others."""
    base, *others = comparison.sides
    return _origin(base), " · ".join(_origin(side, short=len(others) > 1) for side in others)


def _origin(side: Side, short: bool = False) -> str:
    names = ("CPU", "date") if short else ("CPU", "CPUs", "Python", "ipcbench", "rounds", "date")
    units = {"CPUs": "CPUs ", "ipcbench": "ipcbench ", "rounds": "rounds "}
    known = [f"{units.get(name, '')}{safe_text(side.facts[name], 60)}" for name in names if name in side.facts]
    return safe_text(f"{side.name}: {', '.join(known)}")


def _chart(id_: str, table: pd.DataFrame, draw: Draw, lines: tuple[str, str], folder: Path) -> str:
    """Draw one chart in every theme into files; gives its id, or nothing where there is nothing to draw."""
    files = {suffix: folder / f"{id_}{suffix}" for suffix in ("-light.svg", "-dark.svg", ".png", ".csv")}
    if table.empty:
        for path in files.values():
            path.unlink(missing_ok=True)
        return ""
    write_whole(files[".csv"], csv(table).encode(), replace=True)
    for theme in THEMES:
        with drawing(theme, id_):
            figure = draw(table, theme)
            sign(figure, lines, theme)
            write_whole(files[f"-{theme.name}.svg"], to_svg(figure).encode(), replace=True)
            if theme.name == "light":
                write_whole(files[".png"], to_png(figure), replace=True)
    return id_
