"""`ipcbench report`: write a report from a results file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ipcbench.cli.exit_codes import STALE
from ipcbench.cli.options import folder_option, results_option

if TYPE_CHECKING:
    from ipcbench.report.content.study import Study
    from ipcbench.results.schema import ResultFile

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


@click.command("report")
@click.argument("file", metavar="FILE|LABEL")
@results_option
@folder_option("Folder for the report. Default: reports/<name of FILE>.", "--out", None)
@click.option("--check", is_flag=True, help="Write nothing; end with code 10 if the report is not up to date.")
@click.option("--github-step-summary", "step", is_flag=True, help="Also append the summary to the GitHub job summary.")
def command(file: str, results: Path, out: Path | None, check: bool, step: bool) -> int:
    """Write a report from a results file.

    \b
    Examples:
      ipcbench report laptop
      ipcbench report results/laptop.json --check

    The report has report.html, summary.md, cases.csv, manifest.json and charts/ with SVG, PNG and CSV files. The
    argument is a path, a label, or - for standard input. --check draws the SVG and CSV files again and compares them
    byte by byte.
    """
    from ipcbench.cli.output import say, say_prose
    from ipcbench.errors import BadRequest
    from ipcbench.report import said, write
    from ipcbench.report.content.study import study
    from ipcbench.results.store import file_name, find, folder_name, load
    from ipcbench.shell import file_argument, pasted

    if check and step:
        raise BadRequest("--check writes nothing: leave out --github-step-summary")
    if step and not os.environ.get(STEP_SUMMARY):
        raise BadRequest(f"{STEP_SUMMARY} is not set: use --github-step-summary only in a step of a GitHub job")
    path = find(file, results)
    result = load(path)
    name, digest = file_name(path, result), result.ipcbench.digest
    folder = out or Path("reports") / folder_name(Path(name))
    if check:
        place = ["--out", file_argument(out)] if out else []
        source = file if file == "-" else file_argument(path)
        return _check(result, folder, (name, digest), pasted("report", source, *place))
    about = study(result)
    page = write(result, folder, (name, digest), about)
    if step:
        _add_to_step(result, about, Path(os.environ[STEP_SUMMARY]))
    for line in dict.fromkeys([*said(result, about), about.check.words()]):  # a doubt comes first, and once
        say_prose(line)
    say(f"report: {page}")
    return 0


def _check(result: ResultFile, folder: Path, source: tuple[str, str], anew: str) -> int:
    from ipcbench.cli.output import say, say_prose
    from ipcbench.report.page.freshness import differences
    from ipcbench.text import count

    found, left = differences(result, folder, source)
    for line in found:
        say_prose(line)
    if left:
        say(f"not compared: {left}")
    again = f"out of date in {count(len(found), 'place')}; to update it: {anew}"
    say(f"{folder}: {again if found else 'up to date'}")
    return STALE if found else 0


def _add_to_step(result: ResultFile, about: Study, path: Path) -> None:
    """Append the summary without charts, since relative addresses do not work there."""
    from ipcbench.errors import ResultError
    from ipcbench.report import step_summary

    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(step_summary(result, about))
    except OSError as error:
        raise ResultError(f"{STEP_SUMMARY}={path}: cannot write: {error.strerror}") from error
