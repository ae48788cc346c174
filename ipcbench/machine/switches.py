"""The switches of an interpreter that change its speed: a program that prints them, and a function that runs it.

Options and environment variables set such switches, but so do debuggers and coverage tools that start in every process.
Therefore a new interpreter, started like a worker, reports its own switches. Standard library only.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import os
import re
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SECONDS = 30.0
_MARK = "ipcbench-switches "  # other lines may come first, from -X importtime or site-packages
_ALLOCATORS = ("jemalloc", "tcmalloc", "mimalloc")
_TUNING = ("MALLOC_", "GLIBC_TUNABLES")  # environment variables that configure the allocator of libc

Switches = tuple[tuple[str, bool], ...]


def own_options() -> list[str]:
    """Return the options of this interpreter that a worker gets too: -X and -O.

    They are meant for the measured code. Options about the search path of modules are left out, since a worker has to
    find this package.
    """
    found = ["-" + "O" * sys.flags.optimize] if sys.flags.optimize else []
    for name, value in getattr(sys, "_xoptions", {}).items():
        found += ["-X", name if value is True else f"{name}={value}"]
    return found


@functools.cache
def switches() -> Switches | None:
    """Return the active switches of a worker's interpreter, each with whether it slows it down; None if unknown.

    A switch is text without a path, such as 'tracemalloc (25 frames)'.
    """
    words = [sys.executable, *own_options(), "-P", __file__]
    try:
        done = subprocess.run(
            words,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
        (line,) = [line for line in done.stdout.decode(errors="replace").splitlines() if line.startswith(_MARK)]
        return tuple((str(name), bool(slow)) for name, slow in json.loads(line[len(_MARK) :]))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _here() -> Iterator[tuple[str, bool]]:
    """Yield the active switches of this process, each with whether it slows the process down."""
    yield from _debugging()
    yield from _watching()
    yield from _build_options()
    yield from _libraries()


def _debugging() -> Iterator[tuple[str, bool]]:
    if sys.flags.dev_mode:
        yield "dev mode", True
    allocator = _variable("PYTHONMALLOC")
    if allocator and allocator != "default":
        yield f"PYTHONMALLOC={allocator}", allocator.endswith("debug")
    with contextlib.suppress(ImportError):
        import tracemalloc

        if tracemalloc.is_tracing():
            frames = tracemalloc.get_traceback_limit()
            yield f"tracemalloc ({frames} frame{'' if frames == 1 else 's'})", True
    for option, variable, name in (
        ("importtime", "PYTHONPROFILEIMPORTTIME", "import times"),
        ("showrefcount", "", "reference counts shown"),
        ("pystats", "PYTHONSTATS", "statistics of the interpreter"),
        ("", "PYTHONASYNCIODEBUG", "asyncio's debug mode"),
    ):
        if option in _options() or (variable and _variable(variable)):
            yield name, True


def _watching() -> Iterator[tuple[str, bool]]:
    if sys.gettrace() or getattr(threading, "_trace_hook", None):
        yield "a trace function", True
    if sys.getprofile() or getattr(threading, "_profile_hook", None):
        yield "a profile function", True
    monitoring: Any = getattr(sys, "monitoring", None)
    for number in range(6) if monitoring else ():
        tool = monitoring.get_tool(number)
        if tool:
            yield f"monitoring by {_plain(tool)}", True
    active = getattr(sys, "is_stack_trampoline_active", None)
    if active and active():
        yield "support for perf", True
    with contextlib.suppress(OSError, ValueError):
        text = Path("/proc/self/status").read_bytes()
        traced = re.search(rb"^TracerPid:\s*([0-9]+)", text, re.MULTILINE)
        if traced and int(traced[1]):
            yield "traced from outside, as by strace", True


def _build_options() -> Iterator[tuple[str, bool]]:
    if sys.flags.optimize:
        yield "-" + "O" * sys.flags.optimize, False
    jit: Any = getattr(sys, "_jit", None)
    if jit is not None:
        if jit.is_enabled():
            yield "JIT", False
    elif "jit" in str(sysconfig.get_config_var("CONFIG_ARGS")) and _variable("PYTHON_JIT"):
        yield f"PYTHON_JIT={_variable('PYTHON_JIT')}", False
    if sysconfig.get_config_var("Py_GIL_DISABLED") and sys._is_gil_enabled():  # type: ignore[attr-defined]
        yield "GIL on", False
    for option, variable in (("tlbc", "PYTHON_TLBC"), ("lazy_imports", "PYTHON_LAZY_IMPORTS")):
        value = _options().get(option) or _variable(variable)
        if value:
            yield f"{variable}={_plain(value)}", False
    if not gc.isenabled():
        yield "no garbage collection", False


def _libraries() -> Iterator[tuple[str, bool]]:
    loaded = os.environ.get("LD_PRELOAD", "")
    if loaded.strip():
        yield f"LD_PRELOAD ({next((name for name in _ALLOCATORS if name in loaded), 'another library')})", False
    for name in sorted(os.environ):
        if name.startswith(_TUNING):
            yield _plain(name), False


def _options() -> dict[str, Any]:
    return getattr(sys, "_xoptions", {})


def _variable(name: str) -> str:
    """Return the plain characters of an environment variable of Python; empty if it is unset or ignored."""
    return "" if sys.flags.ignore_environment else _plain(os.environ.get(name, ""))


def _plain(text: object) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "", str(text))[:30]


if __name__ == "__main__":
    print(_MARK + json.dumps(list(_here())), flush=True)
