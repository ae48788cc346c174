"""Make the remaining visits of a run and save its result."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ipcbench.errors import Interrupted
from ipcbench.results.schema import ResultFile
from ipcbench.run.journal.file import Journal
from ipcbench.run.journal.resume import Past
from ipcbench.run.listener import Listener
from ipcbench.run.request import Destination
from ipcbench.run.result import Occasion, make_result
from ipcbench.run.save import save_result, write_end
from ipcbench.run.schedule import Findings, measure
from ipcbench.run.site import Visits
from ipcbench.run.stop import Stop


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that has ended.

    path is where the result is: a results file, or the journal if no results file could be written; saved says whether
    it is the file that the label names. stopped_by is the signal that ended the run. resuming is the command that
    continues it, None if nothing is left to do.
    """

    result: ResultFile
    path: Path
    findings: Findings
    stopped_by: int | None
    saved: bool
    resuming: str | None


def execute(
    past: Past,
    path: Path,
    destination: Destination,
    replace: bool,
    *,
    stop: Stop,
    journal: Journal,
    visits: Visits,
    listener: Listener,
) -> FinishedRun:
    """Measure what is left and save what all parts of the run found; raises Interrupted if they found nothing."""
    begun, planned = time.monotonic(), past.planned
    journal.full_metadata = planned.full_metadata
    with listener.progress() as progress:
        findings = measure(past.plan, planned.start, visits.sitting, journal, progress, stop, past.earlier)
    resuming = destination.resume_command(planned.label, path.exists() and replace)
    if stop.by is not None and not findings.outcomes:
        if not (findings.loops or findings.failures or past.earlier.attempts):
            journal.discard()
            raise Interrupted(stop.by)
        write_end(journal, findings, stop)
        kept = f"stopped before the first round; what was calibrated is in {journal.path}"
        raise Interrupted(stop.by, f"{kept}; to continue: {resuming}")
    try:
        with stop.breakable():
            write_end(journal, findings, stop)
            wall = past.seconds + time.monotonic() - begun
            result = make_result(past.plan, findings, _occasion(past, wall, visits.isolation))
            path, saved = save_result(result, path, replace, findings, journal, listener)
    except Interrupted as error:
        text = f"stopped at once; what was measured is in {journal.path}; to continue: {resuming}"
        raise Interrupted(error.exit_code - 128, text) from error
    if saved:
        resuming = destination.resume_command(planned.label, False)
    over = findings.complete and saved
    return FinishedRun(result, path, findings, stop.by, saved, resuming=None if over else resuming)


def _occasion(past: Past, wall: float, isolation: str) -> Occasion:
    planned = past.planned
    return Occasion(
        label=planned.label,
        started=planned.started,
        command=planned.command,
        wall=wall,
        machine=planned.machine,
        isolation=isolation,
        mixed=past.mixed,
        conditions=past.conditions,
        full_metadata=planned.full_metadata,
    )
