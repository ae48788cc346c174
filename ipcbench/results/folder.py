"""The results files of a folder: their names, and which of them, or of several folders, is the newest.

The newest is the one whose run began last. The date of a file does not count: it says when the file was copied, checked
out or unpacked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ipcbench.results.reading import Refused, read_bytes

ENDINGS = (".json", ".json.gz")  # of results files


class _Machine(msgspec.Struct):
    id: str = ""


class Record(msgspec.Struct):
    """When the run of a results file began, and on which machine; an empty id is unknown."""

    started: str
    machine: _Machine = msgspec.field(default_factory=_Machine)


class _Results(msgspec.Struct):
    ipcbench: Record


def newest(paths: Iterable[Path], started: Callable[[Path], str | None] | None = None) -> Path | None:
    """Return the path whose run began last, see `newest_first`; None where none has a run."""
    found = newest_first(paths, started)
    return found[0] if found else None


def newest_first(paths: Iterable[Path], started: Callable[[Path], str | None] | None = None) -> list[Path]:
    """Return the paths that have a run, in reverse order of their start, then of their names.

    `started` gives the time at which the run of a path began as ISO 8601, or None for what holds no run; by default
    paths are results files. A time without a zone is UTC, and one that cannot be read is the oldest.
    """
    read = started_of if started is None else started
    dated = [(_moment(text), path) for path in paths if (text := read(path)) is not None]
    return [path for _, path in sorted(dated, reverse=True)]


def results_in(folder: Path) -> list[Path]:
    """Return the files in a folder that are named like results files, by name."""
    return sorted(path for path in folder.glob("*.json*") if path.name.endswith(ENDINGS) and path.is_file())


def stem_of(path: Path) -> str:
    """Return the name of a results file without its ending."""
    return path.name.removesuffix(".gz").removesuffix(".json")


def started_of(path: Path) -> str | None:
    """Return when the run of a results file began; None for any other file."""
    record = record_of(path)
    return record.started if record else None


def record_of(path: Path) -> Record | None:
    """Return the start and the machine of a results file; None for any other file. The rest of it is not checked."""
    try:
        return msgspec.json.decode(read_bytes(path), type=_Results).ipcbench
    except (OSError, Refused, msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)
