"""Findings on the Python interpreter: its build, free threading, and modes that change its speed."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ipcbench.machine.finding import Finding, Topic, level
from ipcbench.machine.switches import Switches, switches
from ipcbench.results.schema import NORMAL, PYTHON_MODE

BUILD = Topic(
    "Python build",
    "The interpreter is slower than the Pythons that people use, and so is its part of every operation.",
    "measure with a release build (configure --enable-optimizations) or the Python of your system",
)
THREADS = Topic(
    "free threading", "Reference counts and locks cost differently: compare only with other free-threaded Pythons."
)
MODE = Topic(
    PYTHON_MODE,
    "It changes the speed of the interpreter: compare only with runs in the same mode.",
    "remove the Python option, unset the environment variable, or end the tool that sets it",
)


def python_mode(found: Switches | None) -> str | None:
    """Return the active switches as words, NORMAL if there are none; None if they are unknown."""
    return None if found is None else ", ".join(name for name, _ in found) or NORMAL


def interpreter(
    build: Mapping[str, Any] | None = None, ask: Callable[[], Switches | None] = switches
) -> Iterator[Finding]:
    """Yield all findings on the interpreter.

    build is like `sysconfig.get_config_vars()`; ask returns the active switches.
    """
    build = sysconfig.get_config_vars() if build is None else build
    yield _build(build)
    free = bool(build.get("Py_GIL_DISABLED"))
    yield THREADS.found("note" if free else "good", "yes" if free else "no")
    yield _mode(ask())


def _mode(found: Switches | None) -> Finding:
    if found is None:
        return MODE.unknown()
    slow = any(slows for _, slows in found)
    return MODE.found(level(slow, bool(found)), python_mode(found))


def _build(build: Mapping[str, Any]) -> Finding:
    flags = f"{build.get('CFLAGS') or ''} {build.get('PY_CORE_CFLAGS') or ''}"
    levels = re.findall(r"(?<!\S)-O([0-3sgz]|fast)?(?!\S)", flags)
    if build.get("Py_DEBUG"):
        return BUILD.found("warning", "debug build")
    if not flags.strip():
        return BUILD.unknown()
    if not levels or levels[-1] in ("0", "g"):
        return BUILD.found("warning", "not optimised")
    if "--enable-optimizations" not in str(build.get("CONFIG_ARGS") or ""):
        return BUILD.found("note", f"-O{levels[-1]}, not profile-guided")
    return BUILD.found("good", f"-O{levels[-1]}, profile-guided")
