"""Remove what a killed visit left under names that are not the visit's: message queues, and memory named by a library.

Records in the visit's folder name these objects. Only recorded objects are removed, since a user's other queues belong
to other programs. Standard library only, as the warden imports this.
"""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path

from ipcbench.measure.process.names import POSIX_QUEUE, SEGMENT, SYSV_QUEUE

_KINDS = "|".join(map(re.escape, (POSIX_QUEUE, SYSV_QUEUE, SEGMENT)))
_RECORD = re.compile(rf"ib[a-z2-7]{{13}}_[0-9]{{1,7}}-[0-9]+-[0-9]+({_KINDS})([a-z0-9_-]{{1,60}})")
_MPI = re.compile(r"mpich_shm_[0-9a-f]{1,8}_0")
_OURS = re.compile(r"ib[a-z2-7]{13}_[0-9]{1,7}-[0-9]+-[0-9]+")
_IPC_RMID = 0  # msgctl(2)


def remove_queues(folder: Path) -> list[str]:
    """Remove the objects that records below a folder name; return the keys of those that existed."""
    remove = {POSIX_QUEUE: _remove_posix, SYSV_QUEUE: _remove_sysv, SEGMENT: _remove_segment}
    found = []
    for _, _, files in os.walk(folder):
        for name in files:
            record = _RECORD.fullmatch(name)
            if record and remove[record[1]](record[2]):
                found.append(record[2])
    return sorted(found)


def _remove_posix(key: str) -> bool:
    if not _OURS.fullmatch(key):
        return False
    unlink = _library("mq_unlink")
    return bool(unlink and unlink(f"/{key}".encode()) == 0)


def _remove_segment(key: str) -> bool:
    if not _MPI.fullmatch(key):
        return False
    try:
        os.unlink(f"/dev/shm/{key}")
    except OSError:
        return False
    return True


def _remove_sysv(key: str) -> bool:
    if not (key.isdigit() and 0 < int(key) < 2**31):
        return False
    get, control = _library("msgget"), _library("msgctl")
    if not (get and control):
        return False
    queue = get(int(key), 0)
    return bool(queue >= 0 and control(queue, _IPC_RMID, None) == 0)


def _library(function: str) -> ctypes._NamedFuncPointer | None:
    """Return a function of the C library, or of librt, where older ones keep it."""
    for library in (None, "librt.so.1"):
        try:
            found: ctypes._NamedFuncPointer = getattr(ctypes.CDLL(library), function)
        except (OSError, AttributeError):
            continue
        return found
    return None
