"""Find and remove what a visit or a run left behind, by its name."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import psutil

from ipcbench.run.containment.processes import remove_folder

_GRACE = 1.0  # seconds in which processes may still end by themselves
_STEADY = 0.1  # seconds between two looks; a process counts only if both see it, because one also sees dying processes
_SHARED, _PROC = Path("/dev/shm"), Path("/proc/self")


def sweep(name: str, folder: Path) -> list[str]:
    """Remove everything that still carries the name of an ended visit or run; return what it was, in words."""
    processes = _processes(name)
    until = time.monotonic() + _GRACE
    while processes and time.monotonic() < until:
        time.sleep(_STEADY)
        processes &= _processes(name)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()  # psutil first checks that the process id was not reused
            process.wait(_GRACE)
    shared, entries = list(_SHARED.glob(f"*{name}*")), list(folder.glob(f"{name}*"))
    for path in shared:
        path.unlink(missing_ok=True)
    for path in entries:
        remove_folder(path)
    return [
        *(f"process {process.pid}" for process in processes),
        *(f"shared-memory name {path.name}" for path in shared),
        *(f"temporary entry {path.name}" for path in entries),
    ]


def _processes(name: str) -> set[psutil.Process]:
    """Return every live process with this name in its environment or command line, except this one; Linux only."""
    found = set()
    for entry in os.scandir("/proc") if _PROC.exists() else ():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError, psutil.Error):
                folder = Path(entry.path)
                if name.encode() in (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes():
                    found.add(psutil.Process(int(entry.name)))
    return found
