"""What is left of a run is measured, and what was found is saved."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ipcbench.cli.exit_codes import exit_code
from ipcbench.cli.options import Keeping
from ipcbench.cli.output import say
from ipcbench.run.save import save_all, write_end
from ipcbench.errors import Interrupted
from ipcbench.results.schema import ResultFile
from ipcbench.run.journal.file import SUFFIX, Journal
from ipcbench.run.journal.resume import Past
from ipcbench.run.result import Occasion, make_result
from ipcbench.run.schedule import Findings, measure
from ipcbench.run.site import Site, Visits
from ipcbench.run.stop import Stop
from ipcbench.shell import file_argument, pasted


@dataclass(frozen=True, slots=True)
class Finish:
    """What a run came to: its result and where that is, the exit code, whether a signal stopped it.

    resuming is the command that continues it, None where nothing is left to do.
    """

    result: ResultFile
    path: Path
    code: int
    stopped: bool
    resuming: str | None


def say_report(finish: Finish, reports: Path | None = None) -> None:
    """Print the command that writes the report, below `reports` if given; nothing if no results file was saved."""
    if finish.path.suffix != SUFFIX:
        place = ["--out", file_argument(reports / finish.result.ipcbench.label)] if reports else []
        say(f"to report: {pasted('report', file_argument(finish.path), *place)}")


@dataclass(frozen=True, slots=True)
class Bench:
    """What measuring needs while it goes on."""

    stop: Stop
    journal: Journal
    visitor: Visits
    site: Site


def carry_out(past: Past, path: Path, keeping: Keeping, bench: Bench, replace: bool) -> Finish:
    """Measure what is left, save what was found by all parts of the run; raises Interrupted if nothing was."""
    begun, planned, stop, journal = time.monotonic(), past.planned, bench.stop, bench.journal
    journal.full_metadata = planned.full_metadata
    with bench.site.progress(keeping.quiet) as progress:
        findings = measure(past.plan, planned.start, bench.visitor.visit, journal, progress, stop, past.earlier)
    resuming = keeping.resuming(planned.label, path.exists() and replace)
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
            result, path, saved = _kept(past, findings, wall, path, replace, bench)
    except Interrupted as error:
        text = f"stopped at once; what was measured is in {journal.path}; to continue: {resuming}"
        raise Interrupted(error.exit_code - 128, text) from error
    if saved:
        resuming = keeping.resuming(planned.label)
    over = findings.complete and saved
    return Finish(
        result, path, exit_code(findings, stop.by, saved), stop.by is not None, resuming=None if over else resuming
    )


def _kept(
    past: Past, findings: Findings, wall: float, path: Path, replace: bool, bench: Bench
) -> tuple[ResultFile, Path, bool]:
    """Save what was found: the result, where it is, whether that is its place."""
    planned = past.planned
    occasion = Occasion(
        label=planned.label,
        started=planned.started,
        command=planned.command,
        wall=wall,
        machine=planned.machine,
        isolation=bench.visitor.isolation,
        mixed=past.mixed,
        conditions=past.conditions,
        full_metadata=planned.full_metadata,
    )
    result = make_result(past.plan, findings, occasion)
    path, saved = save_all(result, path, replace, findings, bench.journal)
    return result, path, saved
