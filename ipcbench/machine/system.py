"""Findings on the system: semaphores, limits, clock, hypervisor, idle CPUs, power and container."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator

from ipcbench.machine.facts import missing_semaphores
from ipcbench.machine.finding import Finding, Topic, Tree, level
from ipcbench.units import format_size, format_time

SEMAPHORES = Topic(
    "semaphores",
    "Queues, locks, shared values and arrays need them and are unsupported; pipes and sockets still work.",
    "make /dev/shm writable, or use a Python that was built with semaphores",
)
FILES = Topic(
    "open files", "Cases with many workers or connections exceed the limit and are unsupported.", "ulimit -n 4096"
)
PROCESSES = Topic("processes", "Cases with many workers exceed the limit and fail.", "ulimit -u 4096")
LOCKED = Topic("locked memory", "Plug-ins that pin memory may fail; no built-in mechanism pins memory.")
CLOCK = Topic(
    "clock",
    "Reading the clock takes a system call or a device access: single messages look slower.",
    "boot with clocksource=tsc if the CPU has a constant TSC",
)
VIRTUAL = Topic(
    "hypervisor",
    "The hypervisor wakes idle CPUs; with placement spread this takes most of the time of a blocking round trip.",
    "measure with --cpus idle,awake: the difference is the cost of waking a CPU",
)
IDLE = Topic(
    "idle CPUs",
    "The cost of waking a CPU depends on how deep it sleeps and how long it polls before.",
    "compare only runs with the same setting",
)
POWER = Topic(
    "power", "On battery the clock rate is low and changes as the battery empties.", "plug in the charger, then measure"
)
CONTAINER = Topic(
    "container", "It has its own limits, CPU set and shared memory, and shares caches and CPU time with its neighbours."
)
_VENDORS = {
    "qemu": "QEMU",
    "kvm": "KVM",
    "vmware": "VMware",
    "xen": "Xen",
    "amazon": "Amazon EC2",
    "google": "Google",
    "microsoft": "Hyper-V",
    "innotek": "VirtualBox",
    "virtualbox": "VirtualBox",
    "parallels": "Parallels",
    "openstack": "OpenStack",
}
_STEADY = (
    "tsc",
    "arch_sys_counter",
    "kvm-clock",
    "hyperv_clocksource_tsc_page",
)  # clock sources that are read without a system call
_CONTAINERS = ("docker", "kubepods", "containerd", "libpod", "podman", "lxc", "crio")


def system(tree: Tree) -> Iterator[Finding]:
    """Yield all findings on the system."""
    yield _semaphores()
    yield _power(tree)
    yield _clock(tree)
    yield _virtual(tree)
    yield _idle(tree)
    yield _container(tree)
    yield from _limits(tree)


def _semaphores() -> Finding:
    return SEMAPHORES.found("warning", "none") if missing_semaphores() else SEMAPHORES.found("good", "there")


def _limits(tree: Tree) -> Iterator[Finding]:
    text = tree.text("proc/self/limits")
    for topic, name, least, enough in (
        (FILES, "Max open files", 256, 1024),
        (PROCESSES, "Max processes", 256, 1024),
        (LOCKED, "Max locked memory", 0, 65_536),
    ):
        found = re.search(rf"^{name} +([0-9]{{1,20}}|unlimited) ", text, re.MULTILINE)
        if not found:
            yield topic.unknown()
            continue
        many = float("inf") if found[1] == "unlimited" else int(found[1])
        written = (
            found[1] if found[1] == "unlimited" else format_size(int(many)) if topic is LOCKED else f"{int(many):,}"
        )
        yield topic.found(level(many < least, many < enough), written)


def _clock(tree: Tree) -> Finding:
    source = tree.word("sys/devices/system/clocksource/clocksource0/current_clocksource")
    step = f"steps of {format_time(_step())}"
    if not source:
        return CLOCK.found("note", f"unknown, {step}")
    return CLOCK.found("good" if source in _STEADY else "warning", f"{source}, {step}")


def _step() -> float:
    """Return the shortest step between two readings of the clock, in seconds: its resolution or the cost of reading."""
    readings = [time.perf_counter_ns() for _ in range(2000)]
    steps = [later - earlier for earlier, later in itertools.pairwise(readings) if later > earlier]
    return min(steps, default=1) / 1e9


def _virtual(tree: Tree) -> Finding:
    if "microsoft" in tree.text("proc/sys/kernel/osrelease").lower():
        return VIRTUAL.found("note", "WSL")
    vendor = " ".join(tree.text(f"sys/class/dmi/id/{name}") for name in ("sys_vendor", "product_name")).lower()
    named = next((title for name, title in _VENDORS.items() if name in vendor), "")
    cpu = tree.text("proc/cpuinfo")
    if re.search(r"^flags\s*:.*\bhypervisor\b", cpu, re.MULTILINE):
        return VIRTUAL.found("note", named or "of unknown kind")
    if named:
        return VIRTUAL.found("note", named)  # this processor has no hypervisor flag
    return VIRTUAL.found("good", "none") if cpu else VIRTUAL.unknown()


def _idle(tree: Tree) -> Finding:
    folder = "sys/devices/system/cpu/cpuidle"
    driver = tree.word(f"{folder}/current_driver")
    governor = tree.word(f"{folder}/current_governor") or tree.word(f"{folder}/current_governor_ro")
    polled = tree.number("sys/module/haltpoll/parameters/guest_halt_poll_ns")
    if not driver and not governor:
        return IDLE.unknown()
    parts = [f"driver {driver or 'unknown'}", f"governor {governor or 'unknown'}"]
    if polled is not None:
        parts.append(f"halt polling up to {format_time(polled / 1e9)}" if polled else "no halt polling")
    if tree.word("sys/module/cpuidle_haltpoll/parameters/force") in ("Y", "1"):
        parts.append("forced")
    return IDLE.found("note", ", ".join(parts))


def _power(tree: Tree) -> Finding:
    supplies = tree.root / "sys/class/power_supply"
    try:
        names = sorted(path.name for path in supplies.iterdir())[:50]
    except OSError:
        return POWER.unknown()
    kinds = {name: tree.word(f"sys/class/power_supply/{name}/type") for name in names}
    states = {tree.word(f"sys/class/power_supply/{name}/status") for name, kind in kinds.items() if kind == "Battery"}
    if "Discharging" in states:
        return POWER.found("warning", "battery")
    return POWER.found("good", "mains" if states else "no battery")


def _container(tree: Tree) -> Finding:
    groups = tree.text("proc/self/cgroup")
    if not groups:
        return CONTAINER.unknown()
    marks = {"docker": ".dockerenv", "podman": "run/.containerenv"}
    named = next((name for name, mark in marks.items() if (tree.root / mark).exists()), "")
    named = named or next((name for name in _CONTAINERS if name in groups), "")
    return CONTAINER.found("note", named) if named else CONTAINER.found("good", "none known")
