"""Findings on CPUs: their speed, how many this process may use, and what else uses them."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import psutil

from ipcbench.machine.cgroup import cpu_quota, group_folders, read
from ipcbench.machine.cpu_times import CpuTimes, cpu_times
from ipcbench.machine.finding import Finding, Topic, Tree, level, listed

SAMPLE = 0.2  # seconds
_CPU = "sys/devices/system/cpu"
_STAT = "/proc/stat"

GOVERNOR = Topic(
    "CPU governor",
    "The CPU lowers its clock while processes wait for each other: blocking mechanisms look slower and vary more.",
    "as root: cpupower frequency-set -g performance; set the old governor again afterwards",
)
TURBO = Topic(
    "turbo",
    "The clock rate depends on temperature and on the number of busy CPUs: runs of another length or order differ.",
    "if stability matters more than speed, switch it off in the firmware, intel_pstate/no_turbo or cpufreq/boost",
)
SMT = Topic(
    "SMT",
    "Two CPUs may share one core. Placement spread gives each process its own core while there are enough.",
    "measure with no more processes than cores",
)
USABLE = Topic(
    "usable CPUs",
    "More processes than CPUs take turns instead of running at the same time; one CPU leaves nothing to spread.",
    "use a machine with more CPUs, or read only the cases with few workers",
)
CPUSET = Topic("CPU set", "Other processes may run on the other CPUs, and share caches with the measured ones.")
ISOLATED = Topic(
    "isolated CPUs",
    "The kernel does not balance load across them: with placement free all processes stay on one of them.",
    "for the most stable results, start ipcbench on them with taskset -c, and --placement spread or pack",
)
QUOTA = Topic(
    "CPU quota",
    "All processes stop when the quota of a period is used up: some times are about 0.1 s longer.",
    "raise the limit (docker --cpus, limits of the pod), or measure no more processes than it allows CPUs",
)
LOAD = Topic(
    "load average",
    "The machine was busy within the last minute, which may still affect clock rates and caches.",
    "wait until the load has fallen",
)
OTHERS = Topic(
    "other work",
    "Other processes take CPU time from the measured ones: results are slower, intervals wider, ranks uncertain.",
    "end or pause busy programs; affected visits get the note 'loaded'",
)
STEAL = Topic(
    "steal",
    "The hypervisor gives CPU time to other virtual machines: results may differ at another hour.",
    "use dedicated CPUs, or measure at another hour; affected visits get the note 'stolen'",
)


def cpus_in_use(cpus: Sequence[int]) -> float | None:
    """Return how many of these CPUs all processes use on average, sampled for 0.2 s while this process sleeps."""
    if sys.platform == "linux":
        before = cpu_times(read(_STAT), tuple(cpus))
        time.sleep(SAMPLE)
        return busy_cpus(before, cpu_times(read(_STAT), tuple(cpus)))
    with contextlib.suppress(Exception):  # psutil may fail in any way on an unusual system
        return sum(psutil.cpu_percent(SAMPLE, percpu=True)) / 100  # on other systems all CPUs are usable
    return None


def busy_cpus(before: CpuTimes | None, after: CpuTimes | None) -> float | None:
    """Return the average number of CPUs in use between two readings; None if the readings do not tell."""
    if before is None or after is None or after.total <= before.total:
        return None
    idle = after.spare + after.stolen - before.spare - before.stolen
    return max(0.0, 1.0 - idle / (after.total - before.total)) * after.cpus


def processors(tree: Tree, in_use: Callable[[Sequence[int]], float | None] = cpus_in_use) -> Iterator[Finding]:
    """Yield all findings on CPUs."""
    usable = tree.usable()
    yield _usable(usable)
    yield _quota(tree, len(usable))
    yield _others(in_use(usable), len(usable))
    yield _steal(tree)
    yield _load(tree, len(usable))
    yield _governor(tree, usable)
    yield _turbo(tree)
    yield _smt(tree)
    yield _cpuset(tree, usable)
    yield _isolated(tree, usable)


def _usable(usable: Sequence[int]) -> Finding:
    return USABLE.found(level(len(usable) < 2, len(usable) < 4), len(usable))


def _quota(tree: Tree, usable: int) -> Finding:
    folders = group_folders("cpu", tree.root)
    if not folders:
        return QUOTA.unknown()
    quota = cpu_quota(folders)
    if quota is None:
        return QUOTA.found("good", "none")
    return QUOTA.found("warning" if quota < usable else "note", f"{quota:.4g} CPUs of {usable}")


def _others(busy: float | None, usable: int) -> Finding:
    if busy is None:
        return OTHERS.unknown()
    much, some = max(0.2, 0.1 * usable), max(0.1, 0.05 * usable)
    return OTHERS.found(level(busy >= much, busy >= some), f"uses {busy:.1f} of {usable} CPUs")


def _steal(tree: Tree) -> Finding:
    columns = re.match(r"cpu ((?: [0-9]{1,18}){8})", tree.text("proc/stat"))
    times = [int(column) for column in columns[1].split()] if columns else []
    if not sum(times):
        return STEAL.unknown()
    share = times[7] / sum(times)
    return STEAL.found(level(share > 0.02, share > 0.002), f"{share:.1%} of CPU time since it started")


def _load(tree: Tree, usable: int) -> Finding:
    found = re.match(r"([0-9]{1,6}\.[0-9]{1,4}) ", tree.text("proc/loadavg"))
    if not found:
        return LOAD.unknown()
    return LOAD.found(level(False, float(found[1]) > max(0.5, 0.25 * usable)), f"{found[1]} over a minute")


def _governor(tree: Tree, usable: Sequence[int]) -> Finding:
    folders = [f"{_CPU}/cpu{cpu}/cpufreq" for cpu in usable]
    governors = sorted({tree.word(f"{folder}/scaling_governor") for folder in folders} - {""})
    drivers = sorted({tree.word(f"{folder}/scaling_driver") for folder in folders} - {""})
    if not governors:
        return GOVERNOR.unknown()
    about = f" ({', '.join(drivers)})" if drivers else ""
    return GOVERNOR.found(
        level("powersave" in governors, governors != ["performance"]), f"{', '.join(governors)}{about}"
    )


def _turbo(tree: Tree) -> Finding:
    off, boost = tree.number(f"{_CPU}/intel_pstate/no_turbo"), tree.number(f"{_CPU}/cpufreq/boost")
    if off is None and boost is None:
        return TURBO.unknown()
    on = off == 0 if off is not None else boost == 1
    return TURBO.found("note" if on else "good", "on" if on else "off")


def _smt(tree: Tree) -> Finding:
    active = tree.number(f"{_CPU}/smt/active")
    if active is None:
        return SMT.unknown()
    return SMT.found("note" if active else "good", "on" if active else "off")


def _cpuset(tree: Tree, usable: Sequence[int]) -> Finding:
    online = tree.cpus(f"{_CPU}/online")
    if online is None:
        return CPUSET.unknown()
    if len(usable) < len(online):
        return CPUSET.found("note", f"{listed(usable)} of {listed(online)}")
    return CPUSET.found("good", f"all of {listed(online)}")


def _isolated(tree: Tree, usable: Sequence[int]) -> Finding:
    isolated = tree.cpus(f"{_CPU}/isolated")
    if isolated:
        ours = sorted(set(isolated) & set(usable))
        return ISOLATED.found("note", f"{listed(isolated)}, usable: {listed(ours) or 'none'}")
    if (tree.root / _CPU / "isolated").exists():
        return ISOLATED.found("good", "none")
    return ISOLATED.unknown()
