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
    from ipcbench.cli.finishing import Finish


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
    from ipcbench.cli.finishing import say_report
    from ipcbench.cli.measuring import measured
    from ipcbench.cli.summary import cost_line, self_check_line, summary_lines

    finish = measured("all", given)
    if finish is None:
        return 0
    code = finish.code
    with printing(code):
        for line in summary_lines(finish.result, finish.path):
            say_prose(line)
        if finish.stopped:  # who stops a run wants the prompt back
            say_report(finish, None if given["reports"] == REPORTS else given["reports"])
        else:
            code = _report(finish, given["reports"] / finish.result.ipcbench.label)
            say_prose(self_check_line(finish.result))
            say_prose(cost_line(finish.result))
        if finish.resuming:
            say(f"to continue: {finish.resuming}")
    return code


def _report(finish: Finish, folder: Path) -> int:
    """Write the report and print its sentences; the exit code, which a report that cannot be written makes worse."""
    from ipcbench.report import said, write
    from ipcbench.report.content.study import study

    about = study(finish.result)
    try:
        page = write(finish.result, folder, (finish.path.name, finish.result.ipcbench.digest), about)
    except ResultError as error:
        tell(f"ipcbench: {error}")
        return severest(finish.code, NOT_SAVED)
    for line in [*said(finish.result, about), f"report: {page}"]:
        say_prose(line)
    return finish.code
