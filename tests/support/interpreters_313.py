"""Provide concurrent.interpreters in CPython 3.13, from its test suite, in the interpreter that calls `install`.

test.support.interpreters is the forerunner of the module in 3.14, with nearly equal names. After `install`, mechanisms
that need 3.14 exist, because the default of one argument is changed. Only tests do this.
"""

from __future__ import annotations

import concurrent.futures
import importlib
from importlib.util import find_spec
from pathlib import Path

from ipcbench.measure.api.mechanism import Mechanism


def support() -> Path | None:
    """Return the folder that contains the forerunner; None if this Python has none."""
    tests = find_spec("test")
    folder = Path(tests.origin).parent / "support" if tests and tests.origin else None
    return folder if folder and (folder / "interpreters" / "queues.py").exists() else None


def install() -> None:
    """Make concurrent.interpreters and InterpreterPoolExecutor importable, and make 3.14 the version checked for."""
    concurrent.__path__.append(str(support()))
    importlib.import_module("concurrent.interpreters.queues")  # this registers its types in C

    from interpreter_pool import InterpreterPoolExecutor

    concurrent.futures.InterpreterPoolExecutor = InterpreterPoolExecutor  # type: ignore[attr-defined]
    Mechanism.missing.__defaults__ = ((3, 14),)
