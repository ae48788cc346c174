"""From a results file to things people look at: sentences, tables, charts, one page and one summary.

What draws is imported where it is used: a comparison in a terminal needs no charts.
"""

from __future__ import annotations

from pathlib import Path

from ipcbench.errors import ResultError
from ipcbench.results.schema import ResultFile
from ipcbench.results.writing import replace_whole

__all__ = ["headlines", "said", "traps", "write"]


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
    from ipcbench.report import html, markdown, pictures
    from ipcbench.report.charts import charts
    from ipcbench.report.findings import sentences
    from ipcbench.report.study import study
    from ipcbench.report.tables import cases

    about = study(result)
    drawn = [pictures.draw(chart, view, about.footer) for chart, view in charts(about)]
    lines = sentences(about.summary, result.ipcbench.rounds)
    try:
        (out / "charts").mkdir(parents=True, exist_ok=True)
        for picture in drawn:
            pictures.save(picture, out / "charts")
        first = next((picture.id for picture in drawn if not picture.missing), "")
        replace_whole(out / "cases.csv", cases(about.summary).encode())
        replace_whole(out / "summary.md", markdown.summary(about, lines, first).encode())
        replace_whole(out / "report.html", html.page(about, lines, drawn).encode())
    except OSError as error:
        raise ResultError(f"{out}: cannot write the report here: {error.strerror}; choose another folder") from error
    return out / "report.html"
