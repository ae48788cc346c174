"""Placement: which process of a visit may run on which CPUs, set explicitly for each.

spread: each process has its own CPU, in one last-level cache as far as possible; two processes share a core's hardware
threads only when no core is left. Background threads get a CPU each if there are enough for all processes; otherwise
they share the CPU of their process. pack: all on one CPU. free: the scheduler chooses.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ipcbench.model import Case, Placement

if TYPE_CHECKING:  # the warden, which imports this module, needs neither
    from ipcbench.measure.api.mechanism import Mechanism
    from ipcbench.measure.api.pattern import Pattern

_CPU = Path("/sys/devices/system/cpu")


def usable_cpus() -> list[int]:
    """Return the CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def parse_cpu_list(text: str) -> list[int]:
    """Read the kernel's list format: '0-3,8' -> [0, 1, 2, 3, 8]."""
    cpus: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first:
            cpus.extend(range(int(first), int(last or first) + 1))
    return cpus


def near_first(cpus: Sequence[int]) -> list[int]:
    """Order CPUs: one per core in the first CPU's last-level cache, then one per core elsewhere, then the others."""
    if len(cpus) < 3:
        return list(cpus)
    cores = {cpu: _core(cpu) for cpu in cpus}
    caches = {cpu: _last_level_cache(cpu) for cpu in cpus}
    seen: dict[int, int] = {}
    ranked = []
    for cpu in cpus:
        thread = seen.setdefault(cores[cpu], 0)
        seen[cores[cpu]] += 1
        ranked.append((thread, caches[cpu] != caches[cpus[0]], caches[cpu], cpu))
    return [cpu for *_, cpu in sorted(ranked)]


def assign(placement: Placement, cpus: Sequence[int], threads: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the CPUs of each process, given its number of background threads: driver, peers, then helpers."""
    if placement == "free":
        return [tuple(cpus)] * len(threads)
    if placement == "pack":
        return [(cpus[0],)] * len(threads)
    ordered = near_first(cpus)
    if sum(1 + extra for extra in threads) <= len(ordered):
        left = iter(ordered)
        return [tuple(sorted(next(left) for _ in range(1 + extra))) for extra in threads]
    return [(ordered[i % len(ordered)],) for i in range(len(threads))]


def background_threads(mechanism: Mechanism, pattern: Pattern, case: Case) -> list[int]:
    """Return the number of background threads of each process of a visit, in the order of `assign`."""
    peers = pattern.peers(case.workers) if mechanism.starts_peers else 0
    own = case.workers if mechanism.peers == "own" else 0
    return [mechanism.background_threads] * (1 + peers) + [0] * (own + mechanism.background_processes)


def cores(cpus: Sequence[int]) -> int:
    """Return the number of cores that these CPUs are threads of."""
    return len({_core(cpu) for cpu in cpus})


def place(cpus: Sequence[int]) -> None:
    """Pin the calling thread, and everything that it starts from now on, to these CPUs."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus)


def _core(cpu: int) -> int:
    """Return the first CPU of the core of a CPU."""
    return _first_of(_CPU / f"cpu{cpu}/topology/thread_siblings_list", cpu)


def _first_of(path: Path, default: int) -> int:
    try:
        return parse_cpu_list(path.read_text())[0]
    except (OSError, ValueError, IndexError):
        return default


def _last_level_cache(cpu: int) -> int:
    """Return the first CPU that shares this CPU's last-level cache; the kernel numbers caches from the nearest."""
    for index in (3, 2):
        path = _CPU / f"cpu{cpu}/cache/index{index}/shared_cpu_list"
        if path.exists():
            return _first_of(path, cpu)
    return cpu
