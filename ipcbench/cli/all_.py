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
    from ipcbench.run.execute import Finish


@click.command("all")
@run_options
@click.option(
    "--reports", type=click.Path(path_type=Path), default=REPORTS, help="Folder for reports. Default: reports."
)
def command(**given: Any) -> int:
    """Measure the mechanisms people choose between, and write the report.

    Tells first what 'ipcbench doctor' warns of. Takes ten minutes on two CPUs and makes at least 7 rounds; with --fast
    two and 5, with --rigorous forty and 15. Writes results/<label>.json and reports/<label>/ with report.html,
    summary.md, cases.csv and charts/. Everything `run` takes, `all` takes; --resume continues a run of either and then
    reports.

    \b
    Examples:
      ipcbench all --fast
      ipcbench all --label laptop
      ipcbench all --resume laptop
      ipcbench all --budget 5m --mechanism 'manager-*,queue'
    """
    from ipcbench.run.execute import say_report
    from ipcbench.run.session import measured
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
