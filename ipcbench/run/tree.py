"""The processes and names of one visit: end them all, unlink what carries its name and nothing else."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import time
from pathlib import Path

_SHARED = Path("/dev/shm")
_GRACE = 0.5
_PATIENCE = 2.0
_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def adopt_orphans() -> None:
    """Make this process the parent of every descendant that loses its own, so that it can be waited for. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_group(group: int, at_once: bool) -> bool:
    """End every process of a group, and say whether any had to be killed.

    Unless at_once, they first get half a second to end by themselves: multiprocessing's resource tracker unlinks what
    its clients left when its pipe closes, and must not be killed before (gh-82300).
    """
    if not at_once and _gone_within(group, _GRACE):
        return False
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return False
    _gone_within(group, _PATIENCE)
    return True


def unlink_names(prefix: str) -> list[str]:
    """Unlink the shared-memory objects and semaphores that carry this prefix; what was there."""
    found = [*_SHARED.glob(f"{prefix}-*"), *_SHARED.glob(f"sem.{prefix}-*")]
    for path in found:
        path.unlink(missing_ok=True)
    return [path.name for path in found]


def remove_folder(folder: Path) -> None:
    """Remove a folder of ours and what is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _gone_within(group: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    pause = 0.001
    while time.monotonic() < deadline:
        _reap(group)
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    return False


def _reap(group: int) -> None:
    """Take the exit status of every dead process of a group, which would stay in it as a zombie otherwise."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-group, os.WNOHANG) != (0, 0):
            pass
