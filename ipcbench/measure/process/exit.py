"""The end of a measured process: report why it failed, and what it still holds."""

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

_VERDICTS = {WrongResult: "wrong", Unverified: "unverified", NotOffered: "unsupported"}  # a subclass before its base
_LACKING = re.compile(r"AttributeError: module '(\w+)' has no attribute '(\w+)'")


def complain(error: Exception) -> None:
    """Write why the visit has no number to a file in its folder, which the orchestrator reads."""
    verdict = next((verdict for kind, verdict in _VERDICTS.items() if isinstance(error, kind)), "failed")
    detail = str(error) if isinstance(error, Unverified | IpcbenchError) else f"{type(error).__name__}: {error}"
    lacking = _LACKING.search(detail)
    if lacking and lacking[1] in sys.stdlib_module_names and sys.implementation.name != "cpython":
        verdict, detail = "unsupported", f"{sys.implementation.name} has no {lacking[1]}.{lacking[2]}"
    with contextlib.suppress(OSError):  # no descriptor may be free; the worker prints the error as well
        leave(FAILURE, {"verdict": verdict, "detail": detail})


def leave_process(before: Ledger) -> NoReturn:
    """Run the exit handlers, record leaks, then call os._exit.

    Skipping the interpreter's finalization saves a tenth of the cost of a visit. What the process
    holds now and did not hold before the visit is a leak of the mechanism.
    """
    _collect()  # multiprocessing's exit handler drops the finalizers of objects in reference cycles
    atexit._run_exitfuncs()
    _collect()  # a port in a reference cycle may still hold descriptors
    leaks = leaked_since(before)
    if leaks:
        leave(LEAKS, leaks)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _collect() -> None:
    """Collect garbage; without reference counts, each pass may free objects that only the next pass collects."""
    for _ in range(1 if sys.implementation.name == "cpython" else 4):
        gc.collect()
