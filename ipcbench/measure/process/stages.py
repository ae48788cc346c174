"""Evidence that a process of a visit writes to the visit's folder, for the process that judges the visit.

It consists of the stages that the process reached, the stacks of its threads on request, and why it failed. A process
that was started by hand has no such folder and writes nothing.
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
    """Record that a stage begins, as a line `<seconds of CLOCK_MONOTONIC> <stage>`."""
    folder = visit_folder()
    if folder:
        with open(folder / STAGE, "a") as file:
            file.write(f"{time.monotonic():.6f} {stage}\n")


def read_stages(folder: str) -> list[tuple[float, str]]:
    """Return the stages that a worker reached, as (seconds of CLOCK_MONOTONIC, stage); other lines are ignored."""
    try:
        with open(os.path.join(folder, STAGE), errors="replace") as file:
            text = file.read(_MOST)
    except OSError:
        return []
    return [(float(found[1]), found[2]) for found in _LINE.finditer(text)]


def show_stacks(role: str) -> None:
    """Write the stack of every thread to stack-<role>-<pid> on SIGUSR1, on SIGCONT, and when the interpreter crashes.

    SIGCONT shows that the process was stopped. The signals are safe once the file exists; a system call that they
    interrupt is resumed.
    """
    folder = visit_folder()
    if folder:
        import faulthandler  # not at the top: a subinterpreter imports this module, and cannot import faulthandler

        file = open(folder / f"{STACK}{role}-{os.getpid()}", "wb", buffering=0)  # noqa: SIM115 - for the life of the process
        faulthandler.enable(file)
        faulthandler.register(signal.SIGUSR1, file)
        faulthandler.register(signal.SIGCONT, file)


def leave(name: str, content: Any) -> None:
    """Write `content` as JSON to a file of that name in the visit's folder."""
    folder = visit_folder()
    if folder:
        (folder / name).write_text(json.dumps(content))
