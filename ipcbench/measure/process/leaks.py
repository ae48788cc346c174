"""Find leaks of a mechanism: what this process holds after a visit and did not hold before.

This is the view from inside the process; the warden looks from outside, at processes, names and files.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, NamedTuple

_EXITING = 0.2  # seconds; the kernel may list a joined thread for a moment longer
_kept: set[str] = set()


class Ledger(NamedTuple):
    """What one process holds. descriptors: number to target, as in /proc/self/fd. handlers: signal to its handler."""

    descriptors: dict[int, str]
    environment: dict[str, str]
    handlers: dict[int, Any]
    folder: str
    umask: int


def take_ledger() -> Ledger:
    """Return what the calling process holds now."""
    umask = os.umask(0)
    os.umask(umask)
    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in signal.valid_signals()}
    return Ledger(_descriptors(), dict(os.environ), handlers, os.getcwd(), umask)


def leaked_since(before: Ledger) -> list[str]:
    """Return what the calling process holds now and did not hold before, each in words; any extra thread is a leak."""
    after = take_ledger()
    found = [
        f"a thread named {thread.name}" for thread in threading.enumerate() if thread is not threading.main_thread()
    ]
    if not found and _tasks() > 1:
        found.append("a thread that Python does not know")
    guests = {after.descriptors.get(number) for number in _guests()}  # an arena's mmap duplicates its descriptor
    guests |= _kept
    opened = {
        number: what
        for number, what in after.descriptors.items()
        if before.descriptors.get(number) != what and what not in guests
    }
    code = code_files() if opened else frozenset()
    found += [f"descriptor {number} of {_kind(what)}" for number, what in opened.items() if what not in code]
    changed = {*before.environment.items()} ^ {*after.environment.items()}
    found += [f"environment variable {name}" for name in sorted({name for name, _ in changed})]
    found += [
        f"a handler of {signal.Signals(number).name}"
        for number, handler in after.handlers.items()
        if handler != before.handlers[number]
    ]
    found += ["another current folder"] * (after.folder != before.folder)
    found += ["another umask"] * (after.umask != before.umask)
    return found


@contextmanager
def kept_by_a_library() -> Iterator[None]:
    """Exempt descriptors that the block opens and leaves open, because a library keeps them on purpose."""
    before = _descriptors()
    yield
    _kept.update(what for number, what in _descriptors().items() if before.get(number) != what)


def code_files() -> frozenset[str]:
    """Return the paths of files whose code is mapped into the calling process: the interpreter and shared libraries.

    A library may keep its own file open until the process ends. libffi 3.4 and later, if built with static trampolines,
    does so from the first ctypes callback on (source: libffi, src/tramp.c).
    """
    try:
        with open("/proc/self/maps", errors="surrogateescape") as file:
            mapped = [line.rstrip("\n").split(maxsplit=5) for line in file]
    except OSError:
        return frozenset()  # this system has no /proc/self/maps
    return frozenset(fields[5] for fields in mapped if len(fields) == 6 and "x" in fields[1])


def _descriptors() -> dict[int, str]:
    found = {}
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return {}  # this system has no /proc/self/fd
    for name in names:
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # the descriptor that listed the folder
    return found


def _guests() -> set[int]:
    """Return descriptors that multiprocessing keeps for the life of a process.

    They lead to its resource tracker, its forkserver, and the arenas of shared Values and Arrays. The names are
    private, in CPython 3.11 to 3.15; a test over all start methods pins them.
    """
    guests = [resource_tracker._resource_tracker._fd]  # type: ignore[attr-defined]
    forkserver = sys.modules.get("multiprocessing.forkserver")
    if forkserver:
        guests.append(forkserver._forkserver._forkserver_alive_fd)
    heap = sys.modules.get("multiprocessing.heap")
    if heap:
        guests += [arena.fd for arena in heap.BufferWrapper._heap._arenas]
    return {number for number in guests if number is not None}


def _kind(what: str) -> str:
    """Return the kind of a descriptor's target, without inode or path: 'socket', 'pipe', 'file'."""
    return what.partition(":")[0] if ":" in what and not what.startswith("/") else "file"


def _tasks() -> int:
    """Count this process's threads as the kernel sees them; waits a moment for exiting ones to vanish."""
    deadline = time.monotonic() + _EXITING
    while True:
        try:
            count = len(os.listdir("/proc/self/task"))
        except OSError:
            return 1
        if count == 1 or time.monotonic() > deadline:
            return count
        time.sleep(0.001)
