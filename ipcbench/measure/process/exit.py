"""How a measured process ends: what it says of a failure, and of what it still holds."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import re
import sys
from typing import NoReturn

from ipcbench.errors import IpcbenchError, NotOffered
from ipcbench.measure.api.pattern import Unverified, WrongResult
from ipcbench.measure.process.leaks import Ledger, leaked_since
from ipcbench.measure.process.stages import FAILURE, LEAKS, leave

_VERDICTS = {WrongResult: "wrong", Unverified: "unverified", NotOffered: "unsupported"}  # the narrower first
_LACKING = re.compile(r"AttributeError: module '(\w+)' has no attribute '(\w+)'")


def complain(error: Exception) -> None:
    """Say why there is no number, in a file that the orchestrator finds in the visit's folder."""
    verdict = next((verdict for kind, verdict in _VERDICTS.items() if isinstance(error, kind)), "failed")
    detail = str(error) if isinstance(error, Unverified | IpcbenchError) else f"{type(error).__name__}: {error}"
    lacking = _LACKING.search(detail)
    if lacking and lacking[1] in sys.stdlib_module_names and sys.implementation.name != "cpython":
        verdict, detail = "unsupported", f"{sys.implementation.name} has no {lacking[1]}.{lacking[2]}"
    with contextlib.suppress(OSError):  # there may be no descriptor left; the worker's last words are printed as well
        leave(FAILURE, {"verdict": verdict, "detail": detail})


def leave_process(before: Ledger) -> NoReturn:
    """Run the exit functions, multiprocessing's among them, and go without taking the interpreter apart first.

    A visit has nothing left to lose by then, and this saves a tenth of what it costs. What the process still holds that
    it did not before the visit is left behind by the mechanism.
    """
    _collect()  # multiprocessing's exit function forgets how to close what a process in a circle still holds
    atexit._run_exitfuncs()
    _collect()  # a port may hold descriptors until its last reference, in a circle, goes
    leaks = leaked_since(before)
    if leaks:
        leave(LEAKS, leaks)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _collect() -> None:
    """Collect what nobody refers to; without reference counts, finalizers of one pass free what only the next finds."""
    for _ in range(1 if sys.implementation.name == "cpython" else 4):
        gc.collect()
