"""Numbers that cannot be: gates that every visit must pass after its bytes are proven to have moved.

They compare with controls that the orchestrator times itself, and with the stage marks, so that a clock or a loop gone
wrong in a measured process does not become a result. They are wide: what passes is not proven to be right.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from time import perf_counter

from ipcbench.measure.process.placement import usable_cpus
from ipcbench.model import Case, Outcome
from ipcbench.plan import catalog
from ipcbench.units import format_bandwidth, format_time

_CALLS, _COPY = 2000, 65_536  # a copy that fits a core's own cache, where copying is fastest
_COPIES = 16
_MARGIN = 2.0  # how much faster than a control a machine may be at another moment
_UNTIMED = 0.25  # seconds between the marks around timing that may pass outside of timed turns, and the share of a turn
_LEAST_SHARE = 0.1


class Controls:
    """The fastest empty call and the fastest copy this machine has shown, in seconds and in bytes per second."""

    def __init__(self) -> None:
        self.call = float("inf")
        self.copy = 0.0
        self.refresh()

    def refresh(self) -> None:
        """Time both again, a quarter of a millisecond each, and keep the faster."""
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
    case: Case, outcome: Outcome, inner_loops: int, stages: Sequence[tuple[float, str]], controls: Controls
) -> str | None:
    """Why the values of a visit cannot be what they say they are, in words; None if they can.

    stages are (CLOCK_MONOTONIC, name) as the worker marked them.
    """
    mechanism = catalog.mechanism(case.mechanism)
    cpus = len(usable_cpus())
    ends = catalog.pattern(case.pattern).per_loop(case.workers)
    together = min(max(case.workers, ends), cpus)  # operations of several workers overlap, and of two ends that stream
    for value in outcome.values:
        if value * together * _MARGIN < controls.call:
            return (
                f"{format_time(value)} per operation, and calling an empty function takes {format_time(controls.call)}"
            )
        if mechanism.ranked and case.size / value > controls.copy * cpus * _MARGIN:
            return (
                f"{format_bandwidth(case.size / value)}, and {cpus} CPUs copy {format_bandwidth(controls.copy * cpus)}"
            )
    began = {name: at for at, name in stages}
    if "timing" not in began or "second verification" not in began:
        return "no marks around timing"
    wall = began["second verification"] - began["timing"]
    timed = sum(outcome.values) * outcome.loops * inner_loops
    timed += sum(loops * value * inner_loops for loops, value in outcome.warmups)
    if timed > wall * 1.01 + 0.001:
        return f"values add up to {format_time(timed)} and were taken within {format_time(wall)}"
    if timed < _LEAST_SHARE * (wall - _UNTIMED):
        return f"values add up to {format_time(timed)} only and took {format_time(wall)}"
    return None


def _nothing() -> None:
    pass
