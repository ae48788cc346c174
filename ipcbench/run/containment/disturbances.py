"""Find what disturbed the machine during a visit, by two looks: before the visit, and after its last process has ended.

The warden never looks while a process of the visit lives, so no look falls into a timed turn; during a visit it only
wakes up now and then to check whether it was stopped itself. Standard library only.

    loaded              others used the visit's CPUs: time neither idle, nor stolen, nor in interrupts, nor our own
    stolen              the hypervisor gave the CPUs to other guests
    throttled           a CPU slowed down because it was hot, or a control group had used up its CPU time
    suspended           the machine slept
    affinity-changed    other CPUs were usable than when the run began
    paused              processes of the visit were stopped while the machine ran, see `Pulse`

What cannot be read yields no note. The kernel mostly counts CPU time in ticks of 10 ms: a share yields a note only if
it exceeds the rounding error.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import NamedTuple

from ipcbench.machine.cgroup import group_folders, read, times_out_of_memory, times_throttled
from ipcbench.machine.cpu_times import TICK, CpuTimes, cpu_times
from ipcbench.measure.process.placement import near_first, usable_cpus

LOADED = 0.10  # of one CPU
STOLEN = 0.02  # of the time of all usable CPUs
ASLEEP = 0.1  # seconds
BEAT = 0.2  # seconds between the warden's wake-ups during a visit
LATE = 0.1  # seconds
MOST_SENSORS = 24  # files, so that a look stays far below a millisecond on a large machine


class Look(NamedTuple):
    """The machine at one moment.

    at is CLOCK_MONOTONIC, slept the seconds the machine has slept so far, own the CPU seconds of the calling process
    and of its ended children. throttled is a count that only grows. times is None if unknown.
    """

    at: float
    slept: float
    cpus: tuple[int, ...]
    times: CpuTimes | None
    own: float
    throttled: int


class Watch:
    """Looks at one machine; root holds its /proc and /sys. cpus are those usable at the start."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.cpus = tuple(usable_cpus())
        self._stat = root / "proc/stat"
        self._groups = group_folders("cpu", root)
        self._memory_groups = group_folders("memory", root)
        self._vmstat = root / "proc/vmstat"
        self._sensors = _sensors(root / "sys/devices/system/cpu", near_first(self.cpus))

    def look(self) -> Look:
        """Look once, by a few reads of files of the kernel."""
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
        """Return the notes on what happened since an earlier look."""
        return notes(before, self.look(), self.cpus)

    def times_out_of_memory(self) -> int:
        """Return how often the kernel has ended a process because memory ran out, a count that only grows."""
        return times_out_of_memory(self._memory_groups, self._vmstat)


class Pulse:
    """Detects from overlong sleeps that this process was stopped, as all processes of a paused container are.

    A freezer (`docker pause`) sends no signal and stops no clock, so nothing else shows it. A process that wakes late
    because of other work has waited for a CPU, which the kernel counts (proc(5), schedstat); a stopped process has not.
    A stop of BEAT + LATE seconds is always detected, one of less than LATE never.
    """

    def __init__(self, schedule: Path = Path("/proc/self/schedstat")) -> None:
        self._schedule = schedule
        self._used = self._uses()
        self.stopped = 0.0  # seconds

    def woke(self, late: float) -> None:
        """Record that a sleep lasted `late` seconds longer than asked for."""
        if late <= LATE:
            return
        before, self._used = self._used, self._uses()
        late -= self._used - before
        if late > LATE:
            self.stopped += late

    def _uses(self) -> float:
        """Return the seconds this process has run and waited for a CPU so far; 0 if the kernel does not count them."""
        return sum(map(_number, read(self._schedule).split()[:2])) / 1e9


def notes(before: Look, after: Look, cpus: tuple[int, ...]) -> list[str]:
    """Return the notes on what happened between two looks; cpus are those usable when the run began."""
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
    """Return whether others used the CPUs, and whether CPU time was stolen. wall and own are seconds.

    Waking an idle CPU and sending it to sleep is work that the kernel charges to no process: up to a fifth of a CPU in
    a quiet ping-pong (2-CPU virtual machine). The kernel counts this work neither as idle nor as busy. Therefore two
    times are compared, the time charged as busy and the time that is not spare, and the smaller one counts.
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
    """Return the files that count how often these CPUs were too hot, in the order in which visits use the CPUs.

    A package counts for all its CPUs, so the first and the last CPU stand for two packages.
    """
    places = [(cpu, "package") for cpu in dict.fromkeys((cpus[0], cpus[-1]))] + [(cpu, "core") for cpu in cpus]
    paths = [folder / f"cpu{cpu}/thermal_throttle/{part}_throttle_count" for cpu, part in places]
    return [path for path in paths if path.exists()][:MOST_SENSORS]


def _number(text: str) -> int:
    return int(text) if text.strip().isdecimal() else 0


def _slept() -> float:
    """Return the seconds that this machine has slept, up to a constant."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
