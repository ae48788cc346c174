"""Lock files: by flock(2), or if the file system or kernel has none, by looking who has the file open."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os


def lock(descriptor: int) -> bool:
    """Lock an open file until its last descriptor is closed; raises BlockingIOError if it is locked elsewhere.

    If files cannot be locked, a file that is also open elsewhere counts as locked. Returns False if even that is
    unknown, because there is no /proc.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # ENOLCK, ENOSYS, ENOTSUP, EINVAL, EPERM: it depends on the file system or sandbox
        if _is_open_elsewhere(descriptor):
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK)) from None
        return os.path.isdir("/proc/self/fd")
    return True


def _is_open_elsewhere(descriptor: int) -> bool:
    """Return whether /proc shows another descriptor of this file, in this process or another of this user."""
    wanted, own = os.fstat(descriptor), (str(os.getpid()), str(descriptor))
    for process in _names("/proc"):
        for name in _names(f"/proc/{process}/fd") if process.isdigit() else ():
            with contextlib.suppress(OSError):  # it may have been closed meanwhile
                if (process, name) != own and os.path.samestat(os.stat(f"/proc/{process}/fd/{name}"), wanted):
                    return True
    return False


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
