"""The control groups of this process: the folders in which the kernel keeps what limits it.

Standard library only, since the warden reads them too. Folders come from /proc/self/cgroup below `root`, so that tests
can make up a machine; both versions are known, and a container, which sees its own group as the root.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_MOST = 65_536  # bytes of one file


def read(path: Path | str) -> str:
    """The text of a small file of the kernel's; empty where it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (OSError, ValueError):
        return ""
    try:
        return os.read(descriptor, _MOST).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def group_folders(controller: str, root: Path = Path("/")) -> list[Path]:
    """The groups that limit this process by this controller: its own first, then those around it."""
    mounts = root / "sys/fs/cgroup"
    found: dict[Path, None] = {}
    for line in read(root / "proc/self/cgroup").splitlines():
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


def times_throttled(folders: Iterable[Path]) -> int:
    """How often these groups have used up their CPU time before the end of a period, all together."""
    total = 0
    for folder in folders:
        for line in read(folder / "cpu.stat").splitlines():
            name, _, value = line.partition(" ")
            if name == "nr_throttled" and value.strip().isdigit():
                total += int(value)
    return total
