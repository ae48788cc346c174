"""`ipcbench all`: measure, then report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ipcbench.cli.exit_codes import NOT_SAVED, severest
from ipcbench.cli.options import REPORTS, run_options
from ipcbench.cli.output import printing, say, say_prose, tell
from ipcbench.errors import ResultError

if TYPE_CHECKING:
    from ipcbench.run.execute import FinishedRun


@click.command("all")
@run_options
@click.option(
    "--reports", type=click.Path(path_type=Path), default=REPORTS, help="Folder for reports. Default: reports."
)
def command(**given: Any) -> int:
    """Measure the mechanisms people choose between, and write the report.

    Prints the warnings of 'ipcbench doctor' first. Takes ten minutes on two CPUs and makes at least 7 rounds; with
    --fast two minutes and 5 rounds, with --rigorous forty and 15. Writes results/<label>.json and reports/<label>/ with
    report.html, summary.md, cases.csv and charts/. Takes all options of `run`; --resume continues a run of either
    command, then reports.

    \b
    Examples:
      ipcbench all --fast
      ipcbench all --label laptop
      ipcbench all --resume laptop
      ipcbench all --budget 5m --mechanism 'manager-*,queue'
    """
    from ipcbench.cli.session import code_of, measured, say_report
    from ipcbench.cli.summary import cost_line, self_check_line, summary_lines

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
            say_prose(self_check_line(finished.result))
            say_prose(cost_line(finished.result))
        if finished.resuming:
            say(f"to continue: {finished.resuming}")
    return code


def _report(finished: FinishedRun, code: int, folder: Path) -> int:
    """Write the report and print its sentences; return the exit code, a worse one if the report cannot be written."""
    from ipcbench.report import said, write
    from ipcbench.report.content.study import study

    about = study(finished.result)
    try:
        page = write(finished.result, folder, (finished.path.name, finished.result.ipcbench.digest), about)
    except ResultError as error:
        tell(f"ipcbench: {error}")
        return severest(code, NOT_SAVED)
    for line in [*said(finished.result, about), f"report: {page}"]:
        say_prose(line)
    return code
