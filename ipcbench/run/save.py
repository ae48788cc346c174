"""Save a result: check that its label is free, write its file, or another file where that fails."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from ipcbench.errors import ResultError
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load, save
from ipcbench.run.journal.file import SUFFIX, Journal, left_over
from ipcbench.run.journal.records import Ended
from ipcbench.run.journal.resume import Past
from ipcbench.run.listener import Listener
from ipcbench.run.schedule import Findings
from ipcbench.run.stop import Stop


def refuse_existing(path: Path, force: bool) -> None:
    """Raise ResultError if a results file or a journal of this label exists, unless `force`."""
    if force:
        return
    journal = path.with_suffix(SUFFIX)
    if journal.exists() and journal.stat().st_size:
        raise ResultError(left_over(journal))
    if path.exists():
        raise ResultError(f"{path} exists: choose another --label, or --force to overwrite")


def replaces(path: Path, past: Past, force: bool) -> bool:
    """Return whether saving overwrites; raises ResultError if the existing file is of another run, unless `force`."""
    if force or not path.exists():
        return force
    record, planned = load(path).ipcbench, past.planned
    if (record.started, record.command, record.settings.seed) != (planned.started, planned.command, past.plan.seed):
        raise ResultError(f"{path} is of another run: move it, or --force to overwrite")
    return True


def write_end(journal: Journal, findings: Findings, stop: Stop) -> None:
    """Record in the journal how this part of the run ended, if it can still be written.

    A journal without this record is read like that of a killed run, which loses nothing.
    """
    trouble = findings.unsaved or findings.broken
    with contextlib.suppress(ResultError):
        journal.append(Ended(findings.complete, stop.by, str(trouble or "")[:1000]))


def save_result(
    result: ResultFile, path: Path, replace: bool, findings: Findings, journal: Journal, listener: Listener
) -> tuple[Path, bool]:
    """Save to `path`, or if that fails to the temporary folder; return the file, and whether it is complete at `path`.

    If both fail, the file returned is the journal.
    """
    problem = findings.unsaved
    try:
        save(result, path, replace)
        if findings.complete:
            journal.discard()
    except ResultError as error:
        problem = problem or error
        path = _save_elsewhere(result, path.name) or journal.path
    if findings.broken:
        listener.warned(f"{findings.broken}; no further visit was made")
    if problem:
        listener.warned(f"{problem}; what was measured is in {path}")
    return path, problem is None


def _save_elsewhere(result: ResultFile, name: str) -> Path | None:
    """Save to a new temporary folder; return None, and leave no folder, if that fails."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="ipcbench-"))
    except OSError:
        return None
    try:
        save(result, folder / name, replace=False)
    except ResultError:
        with contextlib.suppress(OSError):
            folder.rmdir()
        return None
    return folder / name
