"""From a results file to things people look at: sentences, tables, charts, one page and one summary.

What draws is imported where it is used: a comparison in a terminal needs no charts.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from ipcbench.errors import ResultError
from ipcbench.results.schema import ResultFile

if TYPE_CHECKING:
    from ipcbench.report import html
    from ipcbench.report.charts import Chart
    from ipcbench.report.study import Study

__all__ = ["headlines", "said", "traps", "write"]

CSS_PIXELS = 96 / 72  # per point


def headlines(result: ResultFile) -> list[str]:
    """Three to six plain sentences with figures: which mechanism for what, and what to watch."""
    from ipcbench.report.findings import sentences
    from ipcbench.report.study import study

    return sentences(study(result).summary, result.ipcbench.rounds)


def traps(result: ResultFile) -> list[str]:
    """The traps that a run shows, in sentences with figures."""
    from ipcbench.report.study import study

    return study(result).warnings


def said(result: ResultFile) -> list[str]:
    """What headlines and traps say, analysed once."""
    from ipcbench.report.findings import sentences
    from ipcbench.report.study import study

    about = study(result)
    return [*sentences(about.summary, result.ipcbench.rounds), *about.warnings]


def write(result: ResultFile, out: Path) -> Path:
    """Write the report of one run into a folder, made where needed, and give the path of its report.html.

    Writes summary.md, report.html, cases.csv and for each chart charts/<id>-light.svg, -dark.svg, .png and .csv; each
    file is replaced whole. Raises ResultError where the file system refuses.
    """
    from ipcbench.report import html, markdown
    from ipcbench.report.charts import CHARTS
    from ipcbench.report.findings import sentences
    from ipcbench.report.study import study
    from ipcbench.report.tables import cases

    about = study(result)
    try:
        (out / "charts").mkdir(parents=True, exist_ok=True)
        drawn = [_draw(chart, about, out / "charts") for chart in CHARTS]
        lines = sentences(about.summary, result.ipcbench.rounds)
        first = next((chart.id for chart in drawn if not chart.missing), "")
        _replace(out / "cases.csv", cases(about.summary).encode())
        _replace(out / "summary.md", markdown.summary(about, lines, first).encode())
        _replace(out / "report.html", html.page(about, lines, drawn).encode())
    except OSError as error:
        raise ResultError(f"{out}: cannot write the report here: {error.strerror}; choose another folder") from error
    return out / "report.html"


def _draw(chart: Chart, about: Study, folder: Path) -> html.Drawn:
    """Draw one chart in every theme into files, or say why not; files of an earlier report do not stay."""
    from ipcbench.report import html
    from ipcbench.report.charts.sheet import sign
    from ipcbench.report.rows import exact
    from ipcbench.report.svg import drawing, to_png, to_svg
    from ipcbench.report.tables import csv
    from ipcbench.report.theme import THEMES

    files = {suffix: folder / f"{chart.id}{suffix}" for suffix in ("-light.svg", "-dark.svg", ".png", ".csv")}
    missing = chart.missing(about.summary)
    if missing:
        for path in files.values():
            path.unlink(missing_ok=True)
        return html.Drawn(chart.id, chart.topic, chart.title, chart.caption, missing)
    table = chart.table(about.summary)
    _replace(files[".csv"], csv(table).encode())
    pictures, width, height = {}, 0.0, 0.0
    for theme in THEMES:
        with drawing(theme, chart.id):
            figure = chart.draw(table, theme)
            sign(figure, about.footer, theme)
            width, height = figure.get_size_inches() * 72 * CSS_PIXELS
            pictures[theme.name] = to_svg(figure)
            _replace(files[f"-{theme.name}.svg"], pictures[theme.name].encode())
            if theme.name == "light":
                _replace(files[".png"], to_png(figure))
    return html.Drawn(
        id=chart.id,
        topic=chart.topic,
        title=chart.title,
        caption=chart.caption,
        alt=chart.alt(table),
        light=html.data_uri(pictures["light"]),
        dark=html.data_uri(pictures["dark"]),
        width=round(width),
        height=round(height),
        table=exact(table, chart.title),
    )


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; a report can be made again, so nothing waits for the disk."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:  # never through a link that somebody has put there
            file.write(data)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
