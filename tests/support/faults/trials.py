"""Trials of faults: each is one visit of a faulty case, and a clean visit after a leak, all under one warden.

After each visit and after the run, everything that still carries its name is reported and removed.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

import pytest
from commands import EXTRA
from paths import SUPPORT

from faults.kinds import KINDS, Fault, expected, mentioned, parse_fault
from faults.loading import SWITCH, load
from ipcbench.measure.process.names import visit_name
from ipcbench.model import Capabilities, Case, Failure, Outcome, StartMethod, Timing, Verdict, Visit
from ipcbench.plan import catalog
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import LEAST_DEADLINE, TIMEOUT_MUL, Visitor, deadlines, slowness
from ipcbench.testing.remains import sweep

BASES = ("pipe", "queue", "array", "manager-queue")
TIMING = Timing(values=1, warmups=1, min_time=0.001)
LOOPS = 20  # even, and below the number of payloads: so the last message shows swapped pairs and stale messages
SIZE = 64
_SHORTEST = 1.5  # seconds for a visit that hangs
_LONGEST = 10.0
LATE = 2.0  # seconds that a visit which hangs may take beyond its deadline


class Trial(NamedTuple):
    """One fault in one case, and its right verdicts."""

    fault: Fault
    case: Case
    verdicts: tuple[Verdict, ...]

    @property
    def hangs(self) -> bool:
        """Whether a deadline ends the visit, or may end it."""
        return "timed-out" in self.verdicts or self.fault.kind == "lose"

    @property
    def harmless(self) -> bool:
        """Whether ok is the right verdict."""
        return self.verdicts == ("ok",)


class Tried(NamedTuple):
    """The result of a trial. seconds: the time of its visit. deadline: the limit of that time. left: what outlived it.

    clean: the result of the clean visit after a leak, None if there was none.
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
        """What differs from the table, in words; None if nothing does."""
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
    """Return every kind with each start method and base mechanism, shuffled by the seed."""
    trials = [
        make_trial(parse_fault(f"fault:{kind}")._replace(base=base), method)
        for method in start_methods
        for base in bases
        for kind in KINDS
    ]
    random.Random(seed).shuffle(trials)
    return trials


def make_trial(fault: Fault, start_method: StartMethod) -> Trial:
    """Return the trial of a fault, in the pattern that shows the fault."""
    case = Case(KINDS[fault.kind].pattern, fault.name, SIZE, start_method=start_method)
    return Trial(fault, case, expected(fault, start_method))


def unfit(trial: Trial, capable: Capabilities) -> str | None:
    """Return why this machine cannot try the fault, in words; None if it can."""
    mechanism = catalog.mechanism(trial.fault.base)
    if capable.semaphores and (mechanism.semaphores or trial.fault.kind in ("lock-dead", "leak-semaphore")):
        return capable.semaphores
    if not capable.shared_memory and (mechanism.shared_memory or trial.fault.kind == "leak-shm"):
        return "there is no shared memory"
    if trial.case.start_method not in capable.start_methods:
        return f"there is no {trial.case.start_method}"
    return None


@contextmanager
def faults_by_name() -> Iterator[None]:
    """Make this process and its visits load a fault by name, like any mechanism."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "load_mechanism", load)
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (EXTRA, SUPPORT))))
        patch.setenv(SWITCH, "1")
        yield


def try_all(stop: Stop, trials: Sequence[Trial]) -> tuple[list[Tried], list[str]]:
    """Try all trials on a new bench; return their results, and what the bench left behind."""
    with closing(Bench(stop)) as bench:
        tried = [bench.attempt(trial) for trial in trials]
        return tried, bench.close()


class Bench:
    """Tries faults one after the other, in one run, with deadlines that fit the speed of this machine.

    walls: the seconds that clean visits took, by mechanism and start method.
    """

    def __init__(self, stop: Stop) -> None:
        self.visitor = Visitor(TIMING, stop)
        self.slowness = slowness()
        self.walls: dict[tuple[str, StartMethod], float] = {}

    def close(self) -> list[str]:
        """End the run and return what it left behind, in words; harmless when called twice."""
        self.visitor.close()
        return sweep(f"ib{self.visitor.run_id}", self.visitor.folder.parent)

    def attempt(self, trial: Trial) -> Tried:
        """Try one fault; raises Interrupted if the user asks to stop meanwhile."""
        seconds = self._deadline(trial)
        clean: Outcome | Failure | None = None
        began = time.monotonic()
        with self._at_most(seconds):
            had = deadlines(Visit(trial.case, 1, 0, LOOPS), TIMING)["visit"]
            found, left = self._visit(trial.case)
            took = time.monotonic() - began
            if trial.fault.kind.startswith("leak-"):
                clean, more = self._visit(_clean(trial))
                left += more
        return Tried(trial, found, took, had, tuple(left), clean)

    @contextmanager
    def _at_most(self, seconds: float) -> Iterator[None]:
        """Limit visits to so many seconds, times the slowness of this machine."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(TIMEOUT_MUL, str(self.slowness * seconds / LEAST_DEADLINE))
            yield

    def _visit(self, case: Case) -> tuple[Outcome | Failure, list[str]]:
        """Make a visit; remove what it left behind, and return that too."""
        found = self.visitor.visit(Visit(case, 1, 0, LOOPS))
        return found, sweep(visit_name(self.visitor.run_id, self.visitor.made), self.visitor.folder)

    def _deadline(self, trial: Trial) -> float:
        """Return the limit of a trial: short if the visit hangs, but several times as long as a clean visit takes."""
        if not trial.hangs:
            return _LONGEST
        key = trial.fault.base, trial.case.start_method
        if key not in self.walls:
            began = time.monotonic()
            with self._at_most(_LONGEST):
                self._visit(_clean(trial))
            self.walls[key] = time.monotonic() - began
        return min(max(_SHORTEST, 2.5 * self.walls[key]), _LONGEST)


def _clean(trial: Trial) -> Case:
    return trial.case._replace(mechanism=trial.fault.base)


def verdict_of(found: Outcome | Failure) -> Verdict:
    """Return the verdict of a visit."""
    return found.verdict if isinstance(found, Failure) else "ok"
