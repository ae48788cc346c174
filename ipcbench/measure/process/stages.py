"""What a process of a visit leaves for whoever has to find out what became of it.

All of it is below the visit's folder: the stage it came to, where its threads stand when it is asked, why it failed.
Processes started by hand have no such folder and leave nothing.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from typing import Any

from ipcbench.measure.process.names import visit_folder

_LINE = re.compile(r"^([0-9]+\.[0-9]{6}) ([a-z -]{1,40})\n", re.MULTILINE)
_MOST = 4096

STAGE, STACK, FAILURE, LEAKS, RESULT = "stage", "stack-", "failure.json", "leaks.json", "visit.json"


def mark(stage: str) -> None:
    """Leave word of the stage that begins, as a line `<seconds of CLOCK_MONOTONIC> <stage>`."""
    folder = visit_folder()
    if folder:
        with open(folder / STAGE, "a") as file:
            file.write(f"{time.monotonic():.6f} {stage}\n")


def read_stages(folder: str) -> list[tuple[float, str]]:
    """The stages that a worker came to, each with when it began; what is no such line is left out."""
    try:
        with open(os.path.join(folder, STAGE), errors="replace") as file:
            text = file.read(_MOST)
    except OSError:
        return []
    return [(float(found[1]), found[2]) for found in _LINE.finditer(text)]


def show_stacks(role: str) -> None:
    """Write the stack of every thread when SIGUSR1 asks, and when the interpreter crashes, to stack-<role>-<pid>.

    The same when SIGCONT comes, which tells that the process was stopped. That the file is there says that the signals
    are safe; they interrupt no system call for longer than it takes.
    """
    folder = visit_folder()
    if folder:
        import faulthandler  # not at the top: it cannot be imported in a subinterpreter, and this module must be

        file = open(folder / f"{STACK}{role}-{os.getpid()}", "wb", buffering=0)  # noqa: SIM115 - as long as the process
        faulthandler.enable(file)
        faulthandler.register(signal.SIGUSR1, file)
        faulthandler.register(signal.SIGCONT, file)


def leave(name: str, content: Any) -> None:
    """Leave something as JSON."""
    folder = visit_folder()
    if folder:
        (folder / name).write_text(json.dumps(content))
