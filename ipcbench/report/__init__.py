"""From a results file to things people look at: sentences, tables, charts, one page and one summary.

What draws is imported where it is used: a comparison in a terminal needs no charts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ipcbench.results.schema import ResultFile

if TYPE_CHECKING:
    from ipcbench.report.content.study import Study

__all__ = ["headlines", "said", "step_summary", "traps", "write"]


def headlines(result: ResultFile) -> list[str]:
    """Up to seven plain sentences with figures: which mechanism for what, and what to watch."""
    from ipcbench.report.content.findings import sentences
    from ipcbench.report.content.study import study

    return sentences(study(result).summary, result.ipcbench.rounds)


def traps(result: ResultFile) -> list[str]:
    """The traps that a run shows, in sentences with figures."""
    from ipcbench.report.content.study import study

    return study(result).warnings


def said(result: ResultFile, about: Study | None = None) -> list[str]:
    """What headlines and traps say, analysed once; not even that where `about` is the study of the result."""
    from ipcbench.report.content.findings import sentences
    from ipcbench.report.content.study import study

    about = about or study(result)
    return [*filter(None, [about.noisy]), *sentences(about.summary, result.ipcbench.rounds), *about.warnings]


def step_summary(result: ResultFile, about: Study) -> str:
    """summary.md without its charts, for where no relative address leads anywhere, as in the summary of a CI job."""
    from ipcbench.report.content.findings import sentences
    from ipcbench.report.page import markdown

    return markdown.summary(about, sentences(about.summary, result.ipcbench.rounds), ())


def write(result: ResultFile, out: Path, source: tuple[str, str] = ("", ""), about: Study | None = None) -> Path:
    """Write the report of one run into a folder, made where needed, and give the path of its report.html.

    Writes summary.md, report.html, cases.csv, for each chart charts/<id>-light.svg, -dark.svg, .png and .csv, and
    manifest.json last; each file is replaced whole. source is the name of the results file and the SHA-256 of its
    content, empty for a result that no file holds; about is the study of the result, if there is one already. Raises
    ResultError where the file system refuses.
    """
    from ipcbench.report.content.findings import sentences
    from ipcbench.report.content.study import study
    from ipcbench.report.content.tables import cases
    from ipcbench.report.files.contents import draw_all, of_run
    from ipcbench.report.files.folder import write_report
    from ipcbench.report.page import html, markdown

    about = about or study(result)
    drawn = draw_all(about)
    lines = sentences(about.summary, result.ipcbench.rounds)
    texts = {
        "cases.csv": cases(about.summary),
        "summary.md": markdown.summary(about, lines, drawn),
        "report.html": html.page(about, lines, drawn),
    }
    write_report(out, drawn, texts, of_run(about, drawn, *source))
    return out / "report.html"
