"""The memory of this process and its descendants, from /proc; zeros where that does not show it.

The memory of a process is its private pages of private mappings, plus its proportional share of shared mappings (Pss in
proc_pid_smaps(5)). Pages that a forked process shares with the process it was forked from do not count until either
writes to them. The usual proportional set size would count a share of them, and so depend on how many other visits are
forked from the same process.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from ipcbench.model import Memory

# The permissions of a mapping, such as rw-s for a shared one, and its sums.
_LINES = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ ...(.)|^(Pss|Private_Clean|Private_Dirty): +([0-9]+)", re.MULTILINE)
_PAGE = os.sysconf("SC_PAGE_SIZE")


def used(but: Iterable[int] = ()) -> Memory:
    """Return the memory of this process and its descendants, without the processes `but`; `grown` is 0."""
    private = shared = 0
    for pid in _family(but):
        of_it, of_all = _used_by(pid)
        private += of_it
        shared += of_all
    return Memory(private + shared, shared)


def resident(but: Iterable[int] = ()) -> int:
    """Return the bytes of all pages in memory of this process and its descendants; a shared page counts for each."""
    pages = 0
    for pid in _family(but):
        with suppress(OSError), open(f"/proc/{pid}/statm", "rb") as file:
            pages += int(file.read().split()[1])
    return pages * _PAGE


def _family(but: Iterable[int]) -> Iterator[int]:
    """Yield this process and its descendants."""
    out, unseen = {*but}, [os.getpid()]
    while unseen:
        pid = unseen.pop()
        yield pid
        with suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):
                with suppress(OSError), open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                    unseen += {*map(int, file.read().split())} - out


def _used_by(pid: int) -> tuple[int, int]:
    """Return the private bytes of a process, and its share of shared mappings."""
    private = shared = 0
    with suppress(OSError), open(f"/proc/{pid}/smaps", "rb") as file:
        common = False
        for kind, name, kilobytes in _LINES.findall(file.read()):
            if kind:
                common = kind == b"s"
            elif common and name == b"Pss":
                shared += int(kilobytes)
            elif not common and name != b"Pss":
                private += int(kilobytes)
    return 1024 * private, 1024 * shared
