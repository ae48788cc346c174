"""The faults, tried on this machine: is each of them contained, and called by its name?

A trial is one visit of a faulty case, and after a leak a clean one, all in the custody of one warden. When a visit and
when the run is over, whatever still carries its name is looked for, told and removed.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from ipcbench.measure.faults import KINDS, Fault, expected, mentioned, parse_fault
from ipcbench.measure.names import visit_name
from ipcbench.model import Capabilities, Case, Failure, Outcome, StartMethod, Timing, Verdict, Visit
from ipcbench.plan import catalog
from ipcbench.run.interrupt import Stop
from ipcbench.run.tree import remove_folder
from ipcbench.run.visit import LEAST_DEADLINE, Visitor, deadlines

BASES = ("pipe", "queue", "array", "manager-queue")
TIMING = Timing(values=1, warmups=1, min_time=0.001)
LOOPS = 20  # even, and fewer than there are different payloads: swapped pairs and stale messages show in the last one
SIZE = 64
_SHORTEST = 1.5  # seconds for a visit that hangs
_LONGEST = 10.0
LATE = 2.0  # seconds that a visit which hangs may take beyond its deadline
_GRACE = 1.0  # for what is ending by itself
_STEADY = 0.1  # a process is left if two looks so far apart see it; one look catches the dying
_SHARED, _PROC = Path("/dev/shm"), Path("/proc/self")


class Trial(NamedTuple):
    """One fault in one case, and the verdicts that are right for it."""

    fault: Fault
    case: Case
    verdicts: tuple[Verdict, ...]

    @property
    def hangs(self) -> bool:
        """Whether a deadline is what ends it, or may be."""
        return "timed-out" in self.verdicts or self.fault.kind == "lose"

    @property
    def harmless(self) -> bool:
        """Whether ok is the right verdict."""
        return self.verdicts == ("ok",)


class Tried(NamedTuple):
    """What a trial came to. seconds is its visit's time, deadline what it had; left is what outlived it.

    clean is what the clean visit after a leak came to, None where there was none.
    """

    trial: Trial
    found: Outcome | Failure
    seconds: float
    deadline: float
    left: tuple[str, ...]
    clean: Outcome | Failure | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict of the faulty visit."""
        return verdict_of(self.found)

    @property
    def wrong(self) -> str | None:
        """What is not as the table says, in words; None if all is."""
        kind = KINDS[self.trial.fault.kind]
        if self.verdict not in self.trial.verdicts:
            return f"{self.verdict} instead of {' or '.join(self.trial.verdicts)}"
        if isinstance(self.found, Outcome):
            return None if kind.note in ("", *self.found.notes) else f"no note {kind.note!r}"
        word = mentioned(self.trial.fault)
        if self.verdict == kind.verdicts[0] and word not in self.found.detail:
            return f"{word!r} is not in {self.found.detail!r}"
        return None


def matrix(start_methods: Sequence[StartMethod], bases: Sequence[str], seed: int) -> list[Trial]:
    """Every kind with each start method and base mechanism, in an order that the seed repeats."""
    trials = [
        make_trial(parse_fault(f"fault:{kind}")._replace(base=base), method)
        for method in start_methods
        for base in bases
        for kind in KINDS
    ]
    random.Random(seed).shuffle(trials)
    return trials


def make_trial(fault: Fault, start_method: StartMethod) -> Trial:
    """A fault in the pattern it shows itself in."""
    case = Case(KINDS[fault.kind].pattern, fault.name, SIZE, start_method=start_method)
    return Trial(fault, case, expected(fault, start_method))


def unfit(trial: Trial, capable: Capabilities) -> str | None:
    """Why this machine cannot try it, in words; None if it can."""
    mechanism = catalog.mechanism(trial.fault.base)
    if capable.semaphores and (mechanism.semaphores or trial.fault.kind in ("lock-dead", "leak-semaphore")):
        return capable.semaphores
    if not capable.shared_memory and (mechanism.shared_memory or trial.fault.kind == "leak-shm"):
        return "there is no shared memory"
    if trial.case.start_method not in capable.start_methods:
        return f"there is no {trial.case.start_method}"
    return None


class Bench:
    """Tries faults one after the other in a run of its own, with deadlines that fit the speed of this machine.

    walls are the seconds that clean visits took.
    """

    def __init__(self, stop: Stop) -> None:
        self.visitor = Visitor(TIMING, stop)
        self.walls: dict[tuple[str, StartMethod], float] = {}

    def close(self) -> list[str]:
        """End the run; what it left, in words. Harmless when called twice."""
        self.visitor.close()
        return sweep(f"ib{self.visitor.run_id}", self.visitor.folder.parent)

    def attempt(self, trial: Trial) -> Tried:
        """Try one; raises Interrupted if the user asks to stop meanwhile."""
        seconds = self._deadline(trial)
        clean: Outcome | Failure | None = None
        began = time.monotonic()
        found, left = self._visit(trial.case, seconds)
        took = time.monotonic() - began
        if trial.fault.kind.startswith("leak-"):
            clean, more = self._visit(_clean(trial), seconds)
            left += more
        had = deadlines(Visit(trial.case, 1, 0, LOOPS), TIMING, seconds / LEAST_DEADLINE)["visit"]
        return Tried(trial, found, took, had, tuple(left), clean)

    def _visit(self, case: Case, seconds: float) -> tuple[Outcome | Failure, list[str]]:
        """Make a visit of at most so many seconds; what it left is told and goes."""
        self.visitor.patience = seconds / LEAST_DEADLINE
        found = self.visitor.visit(Visit(case, 1, 0, LOOPS))
        return found, sweep(visit_name(self.visitor.run_id, self.visitor.made), self.visitor.folder)

    def _deadline(self, trial: Trial) -> float:
        """Seconds for a trial: short where it is sure to be needed, but several times what a clean visit takes."""
        if not trial.hangs:
            return _LONGEST
        key = trial.fault.base, trial.case.start_method
        if key not in self.walls:
            began = time.monotonic()
            self._visit(_clean(trial), _LONGEST)
            self.walls[key] = time.monotonic() - began
        return min(max(_SHORTEST, 2.5 * self.walls[key]), _LONGEST)


def _clean(trial: Trial) -> Case:
    return trial.case._replace(mechanism=trial.fault.base)


def verdict_of(found: Outcome | Failure) -> Verdict:
    """The verdict of a visit."""
    return found.verdict if isinstance(found, Failure) else "ok"


def sweep(name: str, folder: Path) -> list[str]:
    """Remove what still carries the name of a visit or run that is over; what that was, in words."""
    processes = _processes(name)
    until = time.monotonic() + _GRACE
    while processes and time.monotonic() < until:
        time.sleep(_STEADY)
        processes &= _processes(name)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()  # psutil asks first whether this is still the same process
            process.wait(_GRACE)
    shared, entries = list(_SHARED.glob(f"*{name}*")), list(folder.glob(f"{name}*"))
    for path in shared:
        path.unlink(missing_ok=True)
    for path in entries:
        remove_folder(path)
    return [
        *(f"process {process.pid}" for process in processes),
        *(f"shared-memory name {path.name}" for path in shared),
        *(f"temporary entry {path.name}" for path in entries),
    ]


def _processes(name: str) -> set[psutil.Process]:
    """Every living process with this name in its environment or command line, except this one. Linux only."""
    found = set()
    for entry in os.scandir("/proc") if _PROC.exists() else ():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError, psutil.Error):
                folder = Path(entry.path)
                if name.encode() in (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes():
                    found.add(psutil.Process(int(entry.name)))
    return found
