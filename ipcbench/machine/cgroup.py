"""The control groups of this process: the folders in which the kernel keeps what limits it.

Standard library only, since the warden reads them too. Folders come from /proc/self/cgroup below `root`, so that tests
can make up a machine; both versions are known, and a container, which sees its own group as the root.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_MOST = 65_536  # bytes of one file
_NO_LIMIT = 2**60  # version 1 writes the largest number there is for no limit


def read(path: Path | str) -> str:
    """The text of a small file of the system's, which may hold any bytes; empty where it cannot be read."""
    return _read_bytes(path).decode("utf-8", "replace")


def _read_bytes(path: Path | str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (OSError, ValueError):
        return b""
    try:
        return os.read(descriptor, _MOST)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def group_folders(controller: str, root: Path = Path("/")) -> list[Path]:
    """The groups that limit this process by this controller: its own first, then those around it."""
    mounts = root / "sys/fs/cgroup"
    found: dict[Path, None] = {}
    for line in os.fsdecode(_read_bytes(root / "proc/self/cgroup")).split("\n"):  # paths may hold any bytes
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if names and controller not in names.split(","):
            continue
        bases = [mounts / names, mounts / controller] if names else [mounts, mounts / "unified"]
        parts = [part for part in path.split("/") if part]
        if ".." in parts:  # above the namespace, of which no more can be seen
            parts = []
        for base in bases:
            for depth in range(len(parts), -1, -1):
                found[base.joinpath(*parts[:depth])] = None
    return [folder for folder in found if os.path.isdir(folder)]


def cpu_quota(folders: Iterable[Path]) -> float | None:
    """How many CPUs' worth of time the narrowest of these groups may use; None where none is limited."""
    found = []
    for folder in folders:
        limit, _, period = read(folder / "cpu.max").partition(" ")
        if not limit:
            limit, period = read(folder / "cpu.cfs_quota_us"), read(folder / "cpu.cfs_period_us")
        try:
            if int(limit) > 0 and int(period) > 0:
                found.append(int(limit) / int(period))
        except ValueError:  # "max", or not there
            continue
    return min(found, default=None)


class MemoryLimit(NamedTuple):
    """How much memory a group may use, and how much of that is free, in bytes."""

    limit: int
    free: int


def memory_limit(folders: Iterable[Path]) -> MemoryLimit | None:
    """The limit of the group that has the least memory left; None where none is limited.

    Pages of files that nobody has used lately count as free, since the kernel takes them away before it ends a process.
    """
    found = []
    for folder in folders:
        for limit, used, cached in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            most, now = _number(read(folder / limit)), _number(read(folder / used))
            if most is None or now is None or most >= _NO_LIMIT:
                continue
            taken = now - (_column(read(folder / "memory.stat"), cached) or 0)
            found.append(MemoryLimit(most, max(0, most - max(0, taken))))
    return min(found, key=lambda one: one.free, default=None)


def times_out_of_memory(folders: Iterable[Path], vmstat: Path = Path("/proc/vmstat")) -> int:
    """How often the kernel has ended a process for want of memory: of the innermost of these groups that says so.

    Where none does, of the machine.
    """
    for folder in folders:
        for name in ("memory.events", "memory.oom_control"):
            times = _column(read(folder / name), "oom_kill")
            if times is not None:
                return times
    return _column(read(vmstat), "oom_kill") or 0


def times_throttled(folders: Iterable[Path]) -> int:
    """How often these groups have used up their CPU time before the end of a period, all together."""
    total = 0
    for folder in folders:
        total += _column(read(folder / "cpu.stat"), "nr_throttled") or 0
    return total


def _column(text: str, wanted: str) -> int | None:
    """The number behind this name in a file of `name number` lines; None where it has none."""
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == wanted:
            return _number(value)
    return None


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\s*[0-9]{1,20}\s*", text) else None
