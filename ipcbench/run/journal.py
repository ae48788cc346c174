"""The append-only journal of a run: every finished visit is on disk before the next one begins.

One record a line, `<length> <crc32> <json>`, so that a line cut off by a crash is told from a whole one.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from pathlib import Path
from typing import Any

import msgspec

from ipcbench.errors import ResultError
from ipcbench.model import Failure, Outcome, Visit


class Journal:
    """The journal of one label, open for writing and locked against a second run of the same label."""

    def __init__(self, path: Path, replace: bool) -> None:
        """Open it; raises ResultError if another run has it, or a run left it and `replace` is false."""
        self.path = path
        try:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ResultError(f"{path}: cannot write: {error.strerror}") from error
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self.fd)
            raise ResultError(f"{path}: another run is writing this label; choose another --label") from error
        if os.fstat(self.fd).st_size and not replace:
            os.close(self.fd)
            raise ResultError(f"{path} is left from a run that did not end: choose another --label, or --force")
        os.ftruncate(self.fd, 0)

    def record(self, visit: Visit, found: Outcome | Failure) -> None:
        """Append what a visit found and wait until it is on disk; raises ResultError if it cannot be."""
        kind = "fail" if isinstance(found, Failure) else "done"
        self.append({"kind": kind, "case": visit.case.id, "round": visit.round} | found._asdict())

    def append(self, record: dict[str, Any]) -> None:
        """Append one record and wait until it is on disk; raises ResultError if it cannot be."""
        try:
            line = frame(msgspec.json.encode(record))
            if os.write(self.fd, line) != len(line):
                raise ResultError(f"{self.path}: cannot write: no space left")
            os.fdatasync(self.fd)
        except OSError as error:
            raise ResultError(f"{self.path}: cannot write: {error.strerror}") from error

    def discard(self) -> None:
        """Remove the journal, once everything in it is in the results file."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Close and unlock; harmless when called twice. A journal in which nothing stands goes."""
        if self.fd >= 0:
            if not os.fstat(self.fd).st_size:
                self.path.unlink(missing_ok=True)
            os.close(self.fd)
            self.fd = -1


def frame(payload: bytes) -> bytes:
    """One journal line around a JSON record."""
    return b"%d %08x %b\n" % (len(payload), zlib.crc32(payload), payload)


def read_records(data: bytes) -> list[dict[str, Any]]:
    """The whole records of a journal, up to the first line whose length or checksum is wrong."""
    records = []
    at = 0
    while (space := data.find(b" ", at)) > 0 and data[at:space].isdigit() and space - at <= 9:
        start = space + 10
        end = start + int(data[at:space])
        payload = data[start:end]
        if data[end : end + 1] != b"\n" or data[space + 1 : start] != b"%08x " % zlib.crc32(payload):
            break
        records.append(msgspec.json.decode(payload))
        at = end + 1
    return records
