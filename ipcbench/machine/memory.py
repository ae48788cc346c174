"""Findings on memory: its free space and limits, shared memory, pages and address layout."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterator

import psutil

from ipcbench.machine.cgroup import group_folders, memory_limit
from ipcbench.machine.finding import Finding, Topic, Tree, level
from ipcbench.units import format_size

SMALL = 64 * 2**20  # the default of a container

SHARED = Topic(
    "/dev/shm",
    "It holds shared memory, arrays and semaphores: cases with large payloads or many workers become unsupported.",
    "enlarge it: docker --shm-size=1g, or remount it",
)
FREE = Topic(
    "memory",
    "The kernel swaps pages out and in while processes wait for them: single visits are far slower.",
    "end programs that use memory, or choose smaller payloads",
)
LIMIT = Topic(
    "memory limit",
    "If a visit needs more, the kernel kills one of its processes and the case fails with 'out of memory'.",
    "raise the limit (docker --memory, limits of the pod), or choose smaller payloads",
)
HUGE_PAGES = Topic(
    "huge pages",
    "Large buffers get pages of 2 MiB only sometimes: times for payloads from 2 MiB can jump between runs.",
    "as root, write madvise to /sys/kernel/mm/transparent_hugepage/enabled",
)
LAYOUT = Topic(
    "address layout",
    "All visits have the same address layout: they agree better than visits on other machines would.",
    "as root, write 2 to /proc/sys/kernel/randomize_va_space",
)


def total_memory() -> int | None:
    """Return the memory of this machine in bytes; None if unknown."""
    return _asked("total", "SC_PHYS_PAGES")


def available_memory() -> int | None:
    """Return the bytes of memory that this process and its children may still allocate; None if unknown."""
    limit = memory_limit(group_folders("memory"))
    known = (_asked("available", "SC_AVPHYS_PAGES"), limit.free if limit else None)
    return min((free for free in known if free is not None), default=None)


def _asked(what: str, pages: str) -> int | None:
    """Return a figure on memory in bytes from psutil, or from libc if psutil fails, as without /proc/meminfo."""
    with contextlib.suppress(Exception):  # psutil may fail in any way on an unusual system
        return int(getattr(psutil.virtual_memory(), what))
    with contextlib.suppress(OSError, ValueError):
        found = os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")
        return found if found > 0 else None
    return None


def memory(tree: Tree) -> Iterator[Finding]:
    """Yield all findings on memory."""
    yield _shared(tree)
    yield _free(tree)
    yield _limit(tree)
    yield _huge_pages(tree)
    yield _layout(tree)


def _shared(tree: Tree) -> Finding:
    folder = tree.root / "dev/shm"
    if not folder.is_dir():
        return SHARED.found("warning", "missing") if sys.platform == "linux" else SHARED.unknown()
    if not os.access(folder, os.W_OK | os.X_OK):
        return SHARED.found("warning", "not writable")
    try:
        space = shutil.disk_usage(folder)
    except OSError:
        return SHARED.unknown()
    scarce = space.total <= SMALL or space.free < SMALL
    return SHARED.found(
        "warning" if scarce else "good", f"{format_size(space.free)} free of {format_size(space.total)}"
    )


def _free(tree: Tree) -> Finding:
    known = _meminfo(tree)
    if not {"MemTotal", "MemAvailable"} <= set(known) or not known["MemTotal"]:
        return FREE.unknown()
    swapped = known.get("SwapTotal", 0) - known.get("SwapFree", 0)
    pressure = re.match(r"some avg10=([0-9]{1,3}\.[0-9]{1,4})", tree.text("proc/pressure/memory"))
    waiting = float(pressure[1]) if pressure else 0.0
    scarce = known["MemAvailable"] < 0.1 * known["MemTotal"]
    value = f"{format_size(known['MemAvailable'])} free of {format_size(known['MemTotal'])}"
    value += f", {format_size(swapped)} swapped out" if swapped > 0 else ""
    value += f", waited for {waiting:g} % of the time" if waiting else ""
    return FREE.found(level(scarce or waiting > 1, swapped > 0 or waiting > 0), value)


def _limit(tree: Tree) -> Finding:
    folders = group_folders("memory", tree.root)
    if not folders:
        return LIMIT.unknown()
    found, total = memory_limit(folders), _meminfo(tree).get("MemTotal")
    if found is None or (total and found.limit >= total):
        return LIMIT.found("good", "none")
    scarce = found.free < max(SMALL, 0.1 * found.limit)
    return LIMIT.found(
        "warning" if scarce else "note", f"{format_size(found.limit)}, of which {format_size(found.free)} free"
    )


def _meminfo(tree: Tree) -> dict[str, int]:
    """Return the figures of /proc/meminfo, in bytes."""
    lines = re.findall(r"^(\w{1,40}):\s*([0-9]{1,15}) kB$", tree.text("proc/meminfo"), re.MULTILINE)
    return {name: int(value) * 1024 for name, value in lines}


def _huge_pages(tree: Tree) -> Finding:
    chosen = re.search(r"\[(always|madvise|never)\]", tree.text("sys/kernel/mm/transparent_hugepage/enabled"))
    if not chosen:
        return HUGE_PAGES.unknown()
    return HUGE_PAGES.found("note" if chosen[1] == "always" else "good", chosen[1])


def _layout(tree: Tree) -> Finding:
    setting = tree.number("proc/sys/kernel/randomize_va_space")
    if setting is None:
        return LAYOUT.unknown()
    return LAYOUT.found("good" if setting else "note", "random" if setting else "the same for every process")
