"""The append-only journal of a run: every visit that ends is on disk before the next one begins.

`append` returns after fdatasync, if the file system offers it. The file is locked as long as it is open, so a label has
one run at a time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from ipcbench.errors import NotSaved, ResultError
from ipcbench.model import Failure, Outcome, Visit
from ipcbench.results.privacy import allowed, kept_stack, kept_text
from ipcbench.results.writing import if_offered, sync_folder
from ipcbench.run.containment.file_lock import lock
from ipcbench.run.journal.records import (
    Done,
    Entry,
    Failed,
    OutcomeRecord,
    Started,
    read_entries,
    write_entry,
)

SUFFIX = ".journal"


class Journal:
    """The journal of one label, open for appending and locked against a second run of the same label.

    size is how many of its bytes are whole records; full_metadata keeps all metadata of pyperf.
    """

    def __init__(self, path: Path, fd: int, size: int) -> None:
        self.path, self.fd, self.size = path, fd, size
        self.full_metadata = False
        self.damaged = 0  # bytes after the whole records

    @classmethod
    def begin(cls, path: Path, replace: bool) -> Journal:
        """Open an empty journal; raises ResultError if another run has it, or if it has content and not `replace`."""
        journal = cls(path, _opened(path, os.O_CREAT), 0)
        try:
            if os.fstat(journal.fd).st_size and not replace:
                raise ResultError(left_over(path))
            os.ftruncate(journal.fd, 0)
            sync_folder(path.parent)
        except OSError as error:
            journal.close()
            raise NotSaved(f"{path}: cannot write: {error.strerror}") from error
        except ResultError:
            os.close(journal.fd)
            raise
        return journal

    @classmethod
    def reopen(cls, path: Path) -> tuple[Journal, list[Entry]]:
        """Open the journal of an earlier run and read it; raises ResultError if there is none or another run has it.

        Damaged bytes after the whole records are cut off when the next record is appended.
        """
        fd = _opened(path, 0)
        with open(fd, "rb", closefd=False) as file:
            entries, size = read_entries(file)
        journal = cls(path, fd, size)
        journal.damaged = os.fstat(fd).st_size - size
        return journal, entries

    def started(self, visit: Visit, attempt: int) -> None:
        """Append that a visit begins; raises NotSaved."""
        self.append(Started(visit.case.id, visit.round, visit.position, attempt, os.getpid()))

    def ended(self, visit: Visit, attempt: int, seconds: float, found: Outcome | Failure) -> None:
        """Append what a visit found, `seconds` after the end of the one before; raises NotSaved."""
        about = visit.case.id, visit.round, attempt, seconds
        if isinstance(found, Outcome):
            kept = found.metadata if self.full_metadata else allowed(found.metadata)
            self.append(Done(*about, OutcomeRecord(*found._replace(metadata=kept))))
            return
        self.append(
            Failed(
                *about,
                verdict=found.verdict,  # type: ignore[arg-type]  # write_entry refuses any other
                stage=kept_text(found.stage),
                detail=kept_text(found.detail),
                stack=kept_stack(found.stack),
            )
        )

    def append(self, entry: Entry) -> None:
        """Append one record and wait until it is on disk; raises NotSaved, and then leaves the journal unchanged."""
        try:
            line = write_entry(entry)
        except ValueError as error:
            raise NotSaved(f"{self.path}: cannot write down what was found: {error}") from error
        try:
            os.ftruncate(self.fd, self.size)  # a crash may have left a part of a record
            if os.write(self.fd, line) != len(line):
                raise OSError(errno.ENOSPC, "only a part of a record fits")
            with if_offered():
                os.fdatasync(self.fd)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self.fd, self.size)
            raise NotSaved(f"{self.path}: cannot write: {error.strerror}") from error
        self.size += len(line)

    def discard(self) -> None:
        """Remove the journal, after everything in it was saved."""
        with contextlib.suppress(OSError):  # a complete journal may stay: resuming it saves the same file again
            self.path.unlink()
            sync_folder(self.path.parent)
        self.close()

    def close(self) -> None:
        """Close and unlock, and remove an empty journal; may be called twice."""
        if self.fd >= 0:
            if not os.fstat(self.fd).st_size:
                self.path.unlink(missing_ok=True)
            os.close(self.fd)
            self.fd = -1


def left_over(path: Path) -> str:
    """Return the error for a journal that is in the way of a new run."""
    return (
        f"{path} is left from a run that did not end: --resume {path.stem} continues it, "
        "--force begins anew, another --label leaves it alone"
    )


def _opened(path: Path, flags: int) -> int:
    """Open and lock the file of this name; raises ResultError."""
    while True:
        try:
            fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o644)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not flags:
                raise ResultError(_nothing_left(path)) from error
            raise ResultError(f"{path}: cannot write: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise ResultError(f"{path}: not a regular file")
        try:
            lock(fd)
        except BlockingIOError as error:
            os.close(fd)
            raise ResultError(f"{path}: another run is writing this label; choose another --label") from error
        # A run that ends removes its journal: the file may have lost its name between opening and locking.
        if os.fstat(fd).st_nlink:
            return fd
        os.close(fd)


def _nothing_left(path: Path) -> str:
    """Return the error for a label without a journal, which names the labels that have one."""
    others = sorted(other.stem for other in path.parent.glob(f"*{SUFFIX}") if other.stem.isprintable())
    known = f"it has journals of {', '.join(others[:10])}" if others else "it has no journal of any run"
    done = f"; {path.stem}.json is there, of a run that ended" if path.with_suffix(".json").exists() else ""
    return f"nothing to resume under label {path.stem!r} in {path.parent}: {known}{done}"
