"""The steps of `run` and `all`, from their options to a finished run, its findings and its report."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from ipcbench.cli.exit_codes import NOT_SAVED, exit_code, severest
from ipcbench.cli.measuring.listener import Terminal
from ipcbench.cli.measuring.request import make_resume_request, make_run_request
from ipcbench.cli.measuring.summary import cost_line, outlook, skip_lines, summary_lines
from ipcbench.cli.options import REPORTS
from ipcbench.cli.output import printing, say, say_prose, tell
from ipcbench.errors import ResultError
from ipcbench.results.store import check_label
from ipcbench.run.cost import fitted, time_to_start
from ipcbench.run.execute import FinishedRun
from ipcbench.run.journal.file import SUFFIX
from ipcbench.run.listener import Listener
from ipcbench.run.local import Local
from ipcbench.run.request import RunRequest
from ipcbench.run.save import refuse_existing
from ipcbench.run.session import plan_run, run
from ipcbench.shell import file_argument, pasted
from ipcbench.text import count
from ipcbench.units import format_size


def measure(command: str, given: dict[str, Any]) -> int:
    """Measure as the options of `run` or `all` say, print the findings and return the exit code; `all` also reports."""
    finished = measured(command, given)
    if finished is None:
        return 0
    code, reports = code_of(finished), given.get("reports")
    with printing(code):
        for line in summary_lines(finished.result, finished.path):
            say_prose(line)
        if not finished.stopped_by:
            code = _say_findings(finished, code, reports)
        elif reports:  # the user wants the prompt back
            _say_report(finished, None if reports == REPORTS else reports)
        if finished.resuming:
            say(f"to continue: {finished.resuming}")
    return code


def measured(command: str, given: dict[str, Any]) -> FinishedRun | None:
    """Plan or measure as the options of `run` or `all` say; return None after a dry run.

    Raises BadRequest and ResultError before the first visit, and Interrupted if a signal comes before any result.
    """
    listener = Terminal(given["quiet"], report=given.get("reports") is not None)
    if given["resume"] is not None:
        return run(make_resume_request(command, given), Local(), listener)
    request = make_run_request(command, given)
    if given["dry_run"]:
        dry_run(request, listener)
        return None
    return run(request, Local(), listener)


def dry_run(request: RunRequest, listener: Listener) -> None:
    """Print the plan: cases, skips with reasons, rounds, estimated time."""
    site, destination = Local(), request.destination
    plan = plan_run(request, site, listener)
    if request.label is not None:
        refuse_existing(destination.results / f"{check_label(request.label)}.json", destination.force)
    for block in dict.fromkeys(case.block for case in plan.cases):
        question, size, workers, *settings = block
        names = dict.fromkeys(case.mechanism for case in plan.cases if case.block == block)
        more = "".join(f", {word}" for word in settings if word not in ("bytes", "fork", "spread", "idle"))
        say_prose(f"{question}, {format_size(size)}, {count(workers, 'worker')}{more}: {', '.join(names)}")
    for line in skip_lines(plan.skips):
        say_prose(line)
    with site.stopping() as stop, contextlib.closing(site.visits(plan, stop)) as visits:
        start = time_to_start(plan, visits.sitting)
        say_prose(outlook(fitted(plan, start), start, destination.reports is not None))


def code_of(finished: FinishedRun) -> int:
    """Return the exit code of a run."""
    return exit_code(finished.findings, finished.stopped_by, finished.saved)


def _say_findings(finished: FinishedRun, code: int, reports: Path | None) -> int:
    """Print the findings, and write the report below `reports` if given; return the exit code.

    The code is a worse one if the report cannot be written.
    """
    from ipcbench.report import said, write
    from ipcbench.report.content.study import study

    about = study(finished.result)
    lines = said(finished.result, about)
    if reports:
        label, digest = finished.result.ipcbench.label, finished.result.ipcbench.digest
        try:
            page = write(finished.result, reports / label, (finished.path.name, digest), about)
            lines = [*lines, f"report: {page}"]
        except ResultError as error:
            tell(f"ipcbench: {error}")
            lines, code = [], severest(code, NOT_SAVED)
    closing = [about.check.words(), cost_line(finished.result)]
    for line in dict.fromkeys([*lines, *closing]):  # a doubt comes first, and once
        say_prose(line)
    if not reports:
        _say_report(finished)
    return code


def _say_report(finished: FinishedRun, reports: Path | None = None) -> None:
    """Print the command that writes the report, below `reports` if given; nothing if no results file was saved."""
    if finished.path.suffix != SUFFIX:
        place = ["--out", file_argument(reports / finished.result.ipcbench.label)] if reports else []
        say(f"to report: {pasted('report', file_argument(finished.path), *place)}")
