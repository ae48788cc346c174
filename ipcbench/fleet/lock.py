"""The lock of a host: one visit of a fleet at a time, for all schedulers and clients.

Dask manages tasks, not processes: when it repeats a task, processes of the first attempt may still run. Therefore the
warden holds the lock too, and the lock is free only after the last of these processes has ended.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ipcbench.run.containment.file_lock import lock

LONGEST_WAIT = 60.0  # seconds, enough for a warden to end all its processes
_AGAIN = 0.05


class HostBusy(Exception):
    """Another visit of a fleet is on this host; the text names the lock."""


@contextlib.contextmanager
def only_here(name: str, seconds: float = LONGEST_WAIT) -> Iterator[int]:
    """Hold the lock of the host with this name, and yield its descriptor; raises HostBusy, and OSError.

    The lock is an empty file, which is removed afterwards.
    """
    path = Path(tempfile.gettempdir()) / f"ipcbench-fleet-{os.getuid()}-{name}.lock"
    descriptor = _taken(path, time.monotonic() + seconds)
    try:
        yield descriptor
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _taken(path: Path, until: float) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            lock(descriptor)
            if _is_at(path, descriptor):
                return descriptor
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                raise HostBusy(f"another visit is on this host: {path} is locked") from None
            time.sleep(_AGAIN)
        os.close(descriptor)  # the former holder has removed the file


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
    except OSError:
        return False
