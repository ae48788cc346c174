"""`ipcbench all`: measure, then report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ipcbench.cli.exit_codes import NOT_SAVED, severest
from ipcbench.cli.help import GroupedCommand
from ipcbench.cli.options import GROUPS, REPORTS, run_options
from ipcbench.cli.output import printing, say, say_prose, tell
from ipcbench.errors import ResultError

if TYPE_CHECKING:
    from ipcbench.run.execute import FinishedRun


@click.command("all", cls=GroupedCommand, groups=GROUPS)
@run_options
@click.option(
    "--reports",
    type=click.Path(path_type=Path),
    default=REPORTS,
    metavar="FOLDER",
    help="Folder for reports. Default: reports.",
)
def command(**given: Any) -> int:
    """Measure a curated selection and write a report.

    \b
    Examples:
      ipcbench all --fast
      ipcbench all --label laptop
      ipcbench all --resume laptop
      ipcbench all --budget 5m --mechanism 'manager-*,queue'

    \b
    Default      about 10 minutes on 2 CPUs, at least 7 rounds
    --fast       about 2 minutes, at least 5 rounds
    --rigorous   about 40 minutes, at least 15 rounds

    The command first prints the warnings of 'ipcbench doctor'. It writes results/<label>.json and the folder
    reports/<label>/ with report.html, summary.md, cases.csv and charts/. It takes all options of 'ipcbench run', and
    --resume continues a run that either command began.
    """
    from ipcbench.cli.session import code_of, measured, say_report
    from ipcbench.cli.summary import summary_lines

    finished = measured("all", given)
    if finished is None:
        return 0
    code = code_of(finished)
    with printing(code):
        for line in summary_lines(finished.result, finished.path):
            say_prose(line)
        if finished.stopped_by:  # the user wants the prompt back
            say_report(finished, None if given["reports"] == REPORTS else given["reports"])
        else:
            code = _report(finished, code, given["reports"] / finished.result.ipcbench.label)
        if finished.resuming:
            say(f"to continue: {finished.resuming}")
    return code


def _report(finished: FinishedRun, code: int, folder: Path) -> int:
    """Write the report and print its sentences; return the exit code, a worse one if the report cannot be written."""
    from ipcbench.cli.summary import cost_line
    from ipcbench.report import said, write
    from ipcbench.report.content.study import study

    about = study(finished.result)
    lines = []
    try:
        page = write(finished.result, folder, (finished.path.name, finished.result.ipcbench.digest), about)
        lines = [*said(finished.result, about), f"report: {page}"]
    except ResultError as error:
        tell(f"ipcbench: {error}")
        code = severest(code, NOT_SAVED)
    for line in dict.fromkeys(
        [*lines, about.check.words(), cost_line(finished.result)]
    ):  # a doubt comes first, and once
        say_prose(line)
    return code
