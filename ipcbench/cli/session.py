"""The steps of `run` and `all`, from their options to a finished run, and the output that both print."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from ipcbench.cli.exit_codes import exit_code
from ipcbench.cli.listener import Terminal
from ipcbench.cli.options import make_resume_request, make_run_request
from ipcbench.cli.output import say, say_prose
from ipcbench.cli.summary import outlook, skip_lines
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
        names = [case.mechanism for case in plan.cases if case.block == block]
        more = "".join(f", {word}" for word in settings if word not in ("bytes", "fork", "spread"))
        say_prose(f"{question}, {format_size(size)}, {count(workers, 'worker')}{more}: {', '.join(names)}")
    for line in skip_lines(plan.skips):
        say_prose(line)
    with site.stopping() as stop, contextlib.closing(site.visits(plan, stop)) as visits:
        start = time_to_start(plan, visits.sitting)
        say_prose(outlook(fitted(plan, start), start, destination.reports is not None))


def code_of(finished: FinishedRun) -> int:
    """Return the exit code of a run."""
    return exit_code(finished.findings, finished.stopped_by, finished.saved)


def say_report(finished: FinishedRun, reports: Path | None = None) -> None:
    """Print the command that writes the report, below `reports` if given; nothing if no results file was saved."""
    if finished.path.suffix != SUFFIX:
        place = ["--out", file_argument(reports / finished.result.ipcbench.label)] if reports else []
        say(f"to report: {pasted('report', file_argument(finished.path), *place)}")
