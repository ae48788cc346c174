"""Run a command without some system calls, as under an old kernel, in a sandbox or on a file system without them.

    python without.py pidfd_open=ENOSYS,flock=ENOLCK COMMAND …

The calls fail with that error in the command and in all processes that it starts; seccomp(2) cannot be undone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

_NUMBERS = {
    "x86_64": {
        "flock": (73,),
        "fsync": (74,),
        "fdatasync": (75,),
        "link": (86, 265),
        "chmod": (90, 91, 268),
        "pidfd_open": (434,),
        "pidfd_send_signal": (424,),
        "sched_setscheduler": (144,),
    },
    "aarch64": {
        "flock": (32,),
        "fsync": (82,),
        "fdatasync": (83,),
        "link": (37,),
        "chmod": (52, 53),
        "pidfd_open": (434,),
        "pidfd_send_signal": (424,),
        "sched_setscheduler": (119,),
    },
}
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 22, 38, 2


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def words(*lacking: str) -> list[str]:
    """Return the words that, before a command, take these calls away, such as 'flock=ENOLCK'."""
    return [sys.executable, "-S", "-P", __file__, ",".join(lacking)]


def can_take_away() -> bool:
    """Return whether system calls can be taken from a process on this machine."""
    return sys.platform == "linux" and platform.machine() in _NUMBERS and "Seccomp:" in _status()


def _status() -> str:
    with open("/proc/self/status") as file:
        return file.read()


def take_away(lacking: str) -> None:
    """Make these calls fail in this process from now on; raises OSError."""
    program = struct.pack("HBBI", _LOAD, 0, 0, 0)
    for name, _, error in (word.partition("=") for word in lacking.split(",")):
        for number in _NUMBERS[platform.machine()][name]:
            program += struct.pack("HBBI", _EQUAL, 0, 1, number)
            program += struct.pack("HBBI", _RETURN, 0, 0, _ERROR | getattr(errno, error))
    program += struct.pack("HBBI", _RETURN, 0, 0, _ALLOW)
    held = ctypes.create_string_buffer(program, len(program))
    whole = _Program(len(program) // 8, ctypes.addressof(held))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(whole)):
        raise OSError(ctypes.get_errno(), "cannot take system calls away")


if __name__ == "__main__":
    take_away(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])
