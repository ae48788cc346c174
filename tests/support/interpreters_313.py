"""Makes concurrent.interpreters of what CPython 3.13 tests it with, in the interpreter that calls `install`.

test.support.interpreters is the forerunner of the module in 3.14, with nearly the same names. Mechanisms that need 3.14
exist from then on, by the default of one argument. Only tests do this; the package never looks here.
"""

from __future__ import annotations

import concurrent.futures
import importlib
from importlib.util import find_spec
from pathlib import Path

from ipcbench.measure.api.mechanism import Mechanism


def support() -> Path | None:
    """The folder that the forerunner is in; None where Python comes without it."""
    tests = find_spec("test")
    folder = Path(tests.origin).parent / "support" if tests and tests.origin else None
    return folder if folder and (folder / "interpreters" / "queues.py").exists() else None


def install() -> None:
    """Let concurrent.interpreters be imported, InterpreterPoolExecutor too, and 3.14 be the version asked about."""
    concurrent.__path__.append(str(support()))
    importlib.import_module("concurrent.interpreters.queues")  # which makes its types known in C

    from interpreter_pool import InterpreterPoolExecutor

    concurrent.futures.InterpreterPoolExecutor = InterpreterPoolExecutor  # type: ignore[attr-defined]
    Mechanism.missing.__defaults__ = ((3, 14),)
