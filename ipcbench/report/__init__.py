"""Reports of a results file: sentences, tables, charts, a page and a summary.

Modules that draw are imported where they are used: a comparison in a terminal needs no charts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ipcbench.results.schema import ResultFile

if TYPE_CHECKING:
    from ipcbench.report.content.study import Study

_TEXTS = ("cases.csv", "summary.md", "report.html")

__all__ = ["headlines", "said", "step_summary", "traps", "write"]


def headlines(result: ResultFile) -> list[str]:
    """Return the answers of a run in short sentences: which mechanism is fastest, by how much, and what ties."""
    from ipcbench.report.content.findings import sentences
    from ipcbench.report.content.study import study

    return sentences(study(result).summary)


def traps(result: ResultFile) -> list[str]:
    """Return the traps that a run shows, in sentences with figures."""
    from ipcbench.report.content.study import study

    return study(result).warnings


def said(result: ResultFile, about: Study | None = None) -> list[str]:
    """Return headlines and traps, after the verdict of the self-check where that is doubtful.

    about is the study of the result, if there is one already.
    """
    from ipcbench.report.content.findings import sentences
    from ipcbench.report.content.study import study

    about = about or study(result)
    doubt = [about.check.words()] if about.check.known and about.check.doubts else []
    return [*doubt, *sentences(about.summary), *about.warnings]


def step_summary(result: ResultFile, about: Study) -> str:
    """Return summary.md without charts, for the summary of a CI job, where relative addresses lead nowhere."""
    from ipcbench.report.page.summary import summary

    return summary(about, ())


def write(result: ResultFile, out: Path, source: tuple[str, str] = ("", ""), about: Study | None = None) -> Path:
    """Write the report of one run into a folder, created if missing, and return the path of its report.html.

    Writes summary.md, report.html, cases.csv, for each chart charts/<id>-light.svg, -dark.svg, .png and .csv, and
    manifest.json last; each file is replaced whole. source is the name and the digest of the results file, empty for a
    result without a file; about is the study of the result, if there is one already. Raises ResultError if the folder
    cannot be written.
    """
    from ipcbench.report.content.study import study
    from ipcbench.report.content.tables import cases
    from ipcbench.report.files.contents import draw_all, of_run
    from ipcbench.report.files.folder import prepare, write_report
    from ipcbench.report.page import html
    from ipcbench.report.page.summary import summary

    about = about or study(result)
    drawn = draw_all(about, begin=lambda ids: prepare(out, _TEXTS, ids))  # refused before seconds of drawing
    texts = dict(zip(_TEXTS, (cases(about.summary), summary(about, drawn), html.page(about, drawn)), strict=True))
    write_report(out, drawn, texts, of_run(about, drawn, *source))
    return out / "report.html"
