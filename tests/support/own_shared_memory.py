"""A /dev/shm of the tests' own, so that what they look for there is theirs however many of them run side by side."""

from __future__ import annotations

import ctypes
import sys

_CLONE_NEWNS = 0x00020000  # sched.h
_MS_REC, _MS_PRIVATE = 0x4000, 1 << 18  # sys/mount.h


def mount_own() -> bool:
    """Mount an empty /dev/shm that only this thread and what it starts can see; whether that is allowed here.

    Needs Linux and root. The mount ends with the last process that sees it.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    if libc.unshare(_CLONE_NEWNS):
        return False
    # Otherwise the mount would be seen by everybody.
    if libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None):
        return False
    return bool(libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, b"mode=1777") == 0)
