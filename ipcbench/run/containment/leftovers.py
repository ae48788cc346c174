"""Find and remove what killed runs left behind, by their folders; live runs and foreign files are left alone.

The orchestrator and the warden of a run hold the lock of its folder. A run is over when the lock is free.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ipcbench.measure.process.names import run_prefix
from ipcbench.run.containment.file_lock import lock
from ipcbench.run.containment.processes import Member, carrying, end_all, names_left, remove_folder, unlink_names
from ipcbench.run.containment.run_folder import LOCK, PLACES

_RUN = re.compile(r"(ib[a-z2-7]{13})-[a-z0-9_]{8}")
_EXEC = 0.1  # seconds, more than a worker has from fork to exec; until then it holds the lock of its dead warden
_STARTING = 60.0  # seconds; a younger folder without a lock may belong to a run that is about to lock it


class Leftover(NamedTuple):
    """What one killed run left behind."""

    folder: Path
    processes: list[Member]
    names: list[str]


def find_leftovers() -> list[Leftover]:
    """Return what killed runs of this user have left below the temporary folders."""
    folders = list(_run_folders())
    if not all(map(_is_over, folders)):
        time.sleep(_EXEC)
    return [
        Leftover(folder, carrying(folder), names_left(run_prefix(folder))) for folder in folders if _is_over(folder)
    ]


def live_runs() -> list[Path]:
    """Return the folders of this user's runs that are under way."""
    return [folder for folder in _run_folders() if not _is_over(folder)]


def remove_leftover(leftover: Leftover) -> list[Member]:
    """End, unlink and remove all of it; return the processes that did not end, in which case the folder stays."""
    survivors = end_all(lambda: carrying(leftover.folder))
    if not survivors:
        unlink_names(run_prefix(leftover.folder))
        remove_folder(leftover.folder)
    return survivors


def _run_folders() -> Iterator[Path]:
    for place in dict.fromkeys((tempfile.gettempdir(), *PLACES)):
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if _RUN.fullmatch(entry.name) and _is_ours(entry):
                yield Path(entry.path)


def _is_ours(entry: os.DirEntry[str]) -> bool:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _is_over(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return folder.exists() and time.time() - folder.stat().st_mtime > _STARTING
    except OSError:
        return False
    try:
        return lock(descriptor)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
