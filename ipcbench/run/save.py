"""Where what was measured goes: the label that may be taken, and the file, or another place where that fails."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from ipcbench.cli.output import tell
from ipcbench.errors import ResultError
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load, save
from ipcbench.run.journal.file import SUFFIX, Journal, left_over
from ipcbench.run.journal.records import Ended
from ipcbench.run.journal.resume import Past
from ipcbench.run.schedule import Findings
from ipcbench.run.stop import Stop


def refuse_existing(path: Path, force: bool) -> None:
    """Raise ResultError for a label that must not be taken."""
    if force:
        return
    journal = path.with_suffix(SUFFIX)
    if journal.exists() and journal.stat().st_size:
        raise ResultError(left_over(journal))
    if path.exists():
        raise ResultError(f"{path} exists: choose another --label, or --force to overwrite")


def replaces(path: Path, past: Past, force: bool) -> bool:
    """Whether a results file is there that this run may replace; raises ResultError if it is another run's."""
    if force or not path.exists():
        return force
    record, planned = load(path).ipcbench, past.planned
    if (record.started, record.command, record.settings.seed) != (planned.started, planned.command, past.plan.seed):
        raise ResultError(f"{path} is of another run: move it, or --force to overwrite")
    return True


def write_end(journal: Journal, findings: Findings, stop: Stop) -> None:
    """Say in the journal how this part ended; without that it ends as if it had been killed, which loses nothing."""
    trouble = findings.unsaved or findings.broken
    with contextlib.suppress(ResultError):
        journal.append(Ended(findings.complete, stop.by, str(trouble or "")[:1000]))


def save_all(result: ResultFile, path: Path, replace: bool, findings: Findings, journal: Journal) -> tuple[Path, bool]:
    """Save where it belongs, or where that fails in the temporary folder; the file and whether it is in its place."""
    problem = findings.unsaved
    try:
        save(result, path, replace)
        if findings.complete:
            journal.discard()
    except ResultError as error:
        problem = problem or error
        path = _save_elsewhere(result, path.name) or journal.path
    if findings.broken:
        tell(f"ipcbench: {findings.broken}; no further visit was made")
    if problem:
        tell(f"ipcbench: {problem}; what was measured is in {path}")
    return path, problem is None


def _save_elsewhere(result: ResultFile, name: str) -> Path | None:
    """Save in a new temporary folder; None where that cannot be done either, and then the folder is gone again."""
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
