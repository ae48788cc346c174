"""A private /dev/shm for tests, so that they find only their own names there, even if several test runs overlap."""

from __future__ import annotations

import ctypes
import sys

_CLONE_NEWNS = 0x00020000  # sched.h
_MS_REC, _MS_PRIVATE = 0x4000, 1 << 18  # sys/mount.h


def mount_own() -> bool:
    """Mount an empty /dev/shm that only this thread and its children see; return whether that is possible.

    It needs Linux and root. The mount ends with the last process that sees it.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    if libc.unshare(_CLONE_NEWNS):
        return False
    # Otherwise all processes would see the mount.
    if libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None):
        return False
    return bool(libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, b"mode=1777") == 0)
