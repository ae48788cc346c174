"""Refuse impossible numbers, after the proof that every byte moved.

Values are compared with controls that the orchestrator times itself, and with the stage marks. A clock or a loop that
goes wrong in a measured process then yields no result. The limits are wide: values within them may still be wrong.
"""

from __future__ import annotations

from itertools import repeat
from time import perf_counter

from ipcbench.measure.process.placement import usable_cpus
from ipcbench.model import Case, Outcome
from ipcbench.plan import catalog
from ipcbench.run.containment.warden_client import Report
from ipcbench.units import format_bandwidth, format_time

_CALLS, _COPY = 2000, 65_536  # bytes; fits the cache of one core, where copying is fastest
_COPIES = 16
_MARGIN = 2.0  # a machine may be this much faster at another moment
_UNTIMED = 0.25  # seconds between the marks around timing that may be untimed
_LEAST_SHARE = 0.1  # of the rest of the time between the marks must be timed


class Controls:
    """The fastest empty call, in seconds, and the fastest copy, in bytes per second, seen so far on this machine."""

    def __init__(self) -> None:
        self.call = float("inf")
        self.copy = 0.0
        self.refresh()

    def refresh(self) -> None:
        """Time both again, which takes a quarter of a millisecond each, and keep the faster."""
        # Clock: around the loop. Operation: one call of a function that does nothing.
        start = perf_counter()
        for _ in repeat(None, _CALLS):
            _nothing()
        self.call = min(self.call, (perf_counter() - start) / _CALLS)
        source, target = bytes(_COPY), bytearray(_COPY)
        # Clock: around the loop. Operation: one copy of 64 KiB.
        start = perf_counter()
        for _ in repeat(None, _COPIES):
            target[:] = source
        self.copy = max(self.copy, _COPIES * _COPY / (perf_counter() - start))


def why_implausible(
    case: Case,
    outcome: Outcome,
    inner_loops: int,
    report: Report,
    controls: Controls,
) -> str | None:
    """Return why the values of a visit are impossible; None if they are plausible."""
    mechanism = catalog.mechanism(case.mechanism)
    cpus = len(usable_cpus())
    ends = catalog.pattern(case.pattern).per_loop(case.workers)
    together = min(max(case.workers, ends), cpus)  # several workers overlap, and so do two ends that stream
    for value in outcome.values:
        if value * together * _MARGIN < controls.call:
            return (
                f"{format_time(value)} per operation, but calling an empty function takes {format_time(controls.call)}"
            )
        if mechanism.ranked and case.size / value > controls.copy * cpus * _MARGIN:
            return (
                f"{format_bandwidth(case.size / value)}, but {cpus} CPUs copy {format_bandwidth(controls.copy * cpus)}"
            )
    began = {name: at for at, name in reversed(report.stages)}  # when each stage first began
    if "timing" not in began or "second verification" not in began:
        return "no marks around timing"
    wall = began["second verification"] - began["timing"] - report.rested
    timed = sum(outcome.values) * outcome.loops * inner_loops
    timed += sum(loops * value * inner_loops for loops, value in outcome.warmups)
    if timed > wall * 1.01 + 0.001:
        return f"values add up to {format_time(timed)} but were taken within {format_time(wall)}"
    # A stop may fall into a timed loop, or beside it; other load on the machine may delay everything around the loops.
    if not report.machine and timed < _LEAST_SHARE * (wall - report.stopped - _UNTIMED):
        return f"values add up to only {format_time(timed)} but took {format_time(wall)}"
    return None


def _nothing() -> None:
    pass
