"""A file system that fails, or a process that dies, at the n-th call of one function: IPCBENCH_TEST_CRASH=write:3:EIO.

Only calls on the results folder and its files count, and only in the first process that finds the variable. Possible
failures: ENOSPC, EFBIG or EIO; `short`, a write of the first half; `kill`, SIGKILL instead of the call; `torn`, SIGKILL
after a write of the first half; `wait`, twice, each time until the file `waiting` that it makes is removed.
IPCBENCH_TEST_ACKNOWLEDGED names a file that gets the size of the journal whenever fdatasync has confirmed it; a file
`reached` beside it shows that the call was made.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FUNCTIONS = ("write", "fdatasync", "fsync", "replace", "rename", "link", "unlink")
_REAL = {name: getattr(os, name) for name in FUNCTIONS}


def install(where: str, acknowledged: str | None) -> None:
    """Make the named call misbehave in this process."""
    function, number, what = where.split(":")
    left = int(number)

    def injected(name: str) -> Callable[..., Any]:
        real = _REAL[name]

        def call(target: Any, *rest: Any, **more: Any) -> Any:
            nonlocal left
            path = _path(target)
            if name == function and _counts(path):
                left -= 1
                if left == 0:
                    if acknowledged:
                        Path(acknowledged).with_name("reached").touch()
                    _misbehave(what, target, *rest)
                    if what == "short":
                        return real(target, rest[0][: len(rest[0]) // 2])
            found = real(target, *rest, **more)
            if name == "fdatasync" and acknowledged and path.endswith(".journal"):
                with open(acknowledged, "w") as file:
                    file.write(str(os.fstat(target).st_size))
            return found

        return call

    for name in FUNCTIONS:
        setattr(os, name, injected(name))


def _misbehave(what: str, target: Any, *rest: Any) -> None:
    if what == "torn":
        _REAL["write"](target, rest[0][: len(rest[0]) // 2])
    if what in ("torn", "kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "wait":
        for _ in range(2):
            with open("results/waiting", "w"):
                pass
            while os.path.exists("results/waiting"):
                time.sleep(0.005)
        return
    if what != "short":
        code = getattr(errno, what)
        raise OSError(code, os.strerror(code))


def _path(target: Any) -> str:
    return os.readlink(f"/proc/self/fd/{target}") if isinstance(target, int) else os.path.abspath(os.fspath(target))


def _counts(path: str) -> bool:
    return path.endswith("/results") or os.path.dirname(path).endswith("/results")
