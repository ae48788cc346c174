"""How the Python that measures was built, as far as that decides what its part of a message costs."""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from typing import Any

from ipcbench.machine.finding import Finding, Topic

BUILD = Topic(
    "Python build",
    "The interpreter's part of every operation is slower than in the Pythons that people use.",
    "measure with a release build: configure --enable-optimizations, or your system's own",
)
THREADS = Topic(
    "free threading", "Counting references costs more, locks are taken elsewhere: compare with its like only."
)
DEVELOPMENT = Topic("dev mode", "Every allocation and many calls are checked.", "leave out -X dev")


def interpreter(build: Mapping[str, Any] | None = None, development: bool | None = None) -> Iterator[Finding]:
    """All findings of this kind; build is as of `sysconfig.get_config_vars`."""
    build = sysconfig.get_config_vars() if build is None else build
    yield _build(build)
    free = bool(build.get("Py_GIL_DISABLED"))
    yield THREADS.found("note" if free else "good", "yes" if free else "no")
    checking = sys.flags.dev_mode if development is None else development
    yield DEVELOPMENT.found("warning" if checking else "good", "on" if checking else "off")


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
