"""The control groups of this process, versions 1 and 2, and the limits they set.

Folders come from /proc/self/cgroup below `root`, so that tests can invent a machine; a container sees its own group as
the root. Standard library only, since the warden imports this module.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_MOST = 65_536  # bytes of one file
_NO_LIMIT = 2**60  # version 1 writes a huge number for no limit


def read(path: Path | str) -> str:
    """Return the text of a small system file, which may hold any bytes; empty if it cannot be read."""
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
    """Return the folders of the groups that limit this process by a controller, innermost first."""
    mounts = root / "sys/fs/cgroup"
    found: dict[Path, None] = {}
    for line in os.fsdecode(_read_bytes(root / "proc/self/cgroup")).split("\n"):  # paths may contain any bytes
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if names and controller not in names.split(","):
            continue
        bases = [mounts / names, mounts / controller] if names else [mounts, mounts / "unified"]
        parts = [part for part in path.split("/") if part]
        if ".." in parts:  # the group is outside the namespace, so it is invisible
            parts = []
        for base in bases:
            for depth in range(len(parts), -1, -1):
                found[base.joinpath(*parts[:depth])] = None
    return [folder for folder in found if os.path.isdir(folder)]


def cpu_quota(folders: Iterable[Path]) -> float | None:
    """Return the smallest CPU quota of these groups, in CPUs; None if no group has a quota."""
    found = []
    for folder in folders:
        limit, _, period = read(folder / "cpu.max").partition(" ")
        if not limit:
            limit, period = read(folder / "cpu.cfs_quota_us"), read(folder / "cpu.cfs_period_us")
        try:
            if int(limit) > 0 and int(period) > 0:
                found.append(int(limit) / int(period))
        except ValueError:  # "max", or no file
            continue
    return min(found, default=None)


class MemoryLimit(NamedTuple):
    """The memory limit of a group and its free part, in bytes."""

    limit: int
    free: int


def memory_limit(folders: Iterable[Path]) -> MemoryLimit | None:
    """Return the limit of the group with the least free memory; None if no group has a limit.

    Inactive pages of files count as free, since the kernel reclaims them before it kills a process.
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
    """Return how often the kernel killed a process for lack of memory.

    The count is that of the innermost group that has one, otherwise that of the machine.
    """
    for folder in folders:
        for name in ("memory.events", "memory.oom_control"):
            times = _column(read(folder / name), "oom_kill")
            if times is not None:
                return times
    return _column(read(vmstat), "oom_kill") or 0


def times_throttled(folders: Iterable[Path]) -> int:
    """Return how often these groups together used up their CPU quota before the end of a period."""
    total = 0
    for folder in folders:
        total += _column(read(folder / "cpu.stat"), "nr_throttled") or 0
    return total


def _column(text: str, wanted: str) -> int | None:
    """Return the number after a name in a file of `name number` lines; None if the name is missing."""
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == wanted:
            return _number(value)
    return None


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\s*[0-9]{1,20}\s*", text) else None
