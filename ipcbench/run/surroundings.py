"""What happened to the machine during a visit: two looks, one before it starts and one after all of it has ended.

The warden looks, never while a process of the visit lives, so nothing is inside a timed turn. Standard library only.

    loaded              others used the visit's CPUs: time neither idle, nor stolen, nor in interrupts, nor our own
    stolen              the hypervisor gave the CPUs to somebody else
    throttled           a CPU slowed down because it was hot, or a control group had used up its CPU time
    suspended           the machine slept
    affinity-changed    other CPUs were usable than when the run began

What cannot be read is not judged. The kernel counts CPU time in ticks of 10 ms, mostly: a share is only told where it
is beyond what rounding can do.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import NamedTuple

from ipcbench.machine.cgroup import group_folders, read, times_throttled
from ipcbench.machine.cpu_times import TICK, CpuTimes, cpu_times
from ipcbench.measure.placement import near_first, usable_cpus

LOADED = 0.10  # of one CPU
STOLEN = 0.02  # of the time of all usable CPUs
ASLEEP = 0.1  # seconds
MOST_SENSORS = 24  # files, so that a look stays far below a millisecond on a large machine


class Look(NamedTuple):
    """The machine at one moment.

    at is CLOCK_MONOTONIC, slept the seconds the machine has slept so far, own the CPU seconds of the calling process
    and of all its children that are over, throttled a count that only grows. times is None where there are none.
    """

    at: float
    slept: float
    cpus: tuple[int, ...]
    times: CpuTimes | None
    own: float
    throttled: int


class Watch:
    """Looks at one machine; root is where its /proc and /sys are. cpus are those usable when it was made."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.cpus = tuple(usable_cpus())
        self._stat = root / "proc/stat"
        self._groups = group_folders("cpu", root)
        self._sensors = _sensors(root / "sys/devices/system/cpu", near_first(self.cpus))

    def look(self) -> Look:
        """Look once; takes a few reads of files that are not on a disk."""
        cpus = tuple(usable_cpus())
        return Look(
            at=time.monotonic(),
            slept=_slept(),
            cpus=cpus,
            times=cpu_times(read(self._stat), cpus),
            own=sum(sum(getrusage(who)[:2]) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)),
            throttled=times_throttled(self._groups) + sum(_number(read(path)) for path in self._sensors),
        )

    def since(self, before: Look) -> list[str]:
        """What has happened since an earlier look."""
        return notes(before, self.look(), self.cpus)


def notes(before: Look, after: Look, cpus: tuple[int, ...]) -> list[str]:
    """What happened between two looks, as notes of a visit; cpus are those usable when the run began."""
    found = []
    if before.times and after.times and before.cpus == after.cpus:
        found += _of_times(before.times, after.times, after.at - before.at, after.own - before.own)
    if after.throttled > before.throttled:
        found.append("throttled")
    if after.slept - before.slept > ASLEEP:
        found.append("suspended")
    if not before.cpus == after.cpus == cpus:
        found.append("affinity-changed")
    return found


def _of_times(before: CpuTimes, after: CpuTimes, wall: float, own: float) -> list[str]:
    """Whether others used the CPUs, and whether their time was stolen. wall and own are seconds.

    Waking an idle CPU and sending it to sleep is work that the kernel charges to no process: up to a fifth of a CPU in
    a quiet ping-pong (2-CPU virtual machine). It shows in neither idle nor busy time, so the lesser of what is charged
    as busy and what is not spare counts.
    """
    capacity = wall * after.cpus
    accounted = after.total - before.total
    if after.lines != before.lines or accounted < 0.5 * capacity:
        return []  # some sandboxes show zeros
    rounding = 2 * TICK * math.sqrt(after.lines)
    stolen = after.stolen - before.stolen
    others = min(capacity, accounted) - (after.spare - before.spare) - stolen - own
    found = []
    if others > LOADED * wall + rounding:
        found.append("loaded")
    if stolen > STOLEN * capacity + rounding / 2:  # one figure, and not the difference of several
        found.append("stolen")
    return found


def _sensors(folder: Path, cpus: list[int]) -> list[Path]:
    """The files that count how often these CPUs were too hot; those first on which a visit is placed first.

    A package counts for all its CPUs, so the first and the last CPU speak for two of them.
    """
    places = [(cpu, "package") for cpu in dict.fromkeys((cpus[0], cpus[-1]))] + [(cpu, "core") for cpu in cpus]
    paths = [folder / f"cpu{cpu}/thermal_throttle/{part}_throttle_count" for cpu, part in places]
    return [path for path in paths if path.exists()][:MOST_SENSORS]


def _number(text: str) -> int:
    return int(text) if text.strip().isdecimal() else 0


def _slept() -> float:
    """Seconds this machine has slept since it started, on a scale of its own."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
