"""Rounds until the budget is met: calibrate every case once, then visit every case once a round.

A case that fails leaves the remaining rounds. The number of rounds follows from what calibration and rounds really
cost; a budget never cuts a round short, and never goes below the least number of rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ipcbench.errors import Interrupted, ResultError
from ipcbench.model import Budget, Case, Failure, Outcome, Timing, Visit
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan
from ipcbench.run.interrupt import Stop

Measure = Callable[[Visit], Outcome | Failure]
Record = Callable[[Visit, Outcome | Failure], None]


class Progress(Protocol):
    """Who wants to know how far the run is."""

    def visiting(self, visit: Visit, rounds: int, seconds_left: float) -> None:
        """A visit begins; rounds is how many there will be as far as is known."""

    def failed(self, case: Case, failure: Failure) -> None:
        """A case has left the run."""


@dataclass(slots=True)
class Findings:
    """What a run has found so far: outcomes by (case, round), failures by case, loops by case.

    rounds counts the complete ones. unsaved is why the journal could not be written any more, if it could not.
    """

    outcomes: dict[tuple[Case, int], Outcome] = field(default_factory=dict)
    positions: dict[tuple[Case, int], int] = field(default_factory=dict)
    failures: dict[Case, Failure] = field(default_factory=dict)
    loops: dict[Case, int] = field(default_factory=dict)
    retries: dict[Case, int] = field(default_factory=dict)
    rounds: int = 0
    complete: bool = False
    unsaved: ResultError | None = None


@dataclass(slots=True)
class Costs:
    """Seconds that visits take, learned from the visits made: one calibration, and one later visit, per case."""

    expected: dict[Case, float]
    seen: dict[Case, float] = field(default_factory=dict)

    def of(self, case: Case) -> float:
        return self.seen.get(case, self.expected[case])

    def learn(self, case: Case, seconds: float) -> None:
        self.seen[case] = (self.seen[case] + seconds) / 2 if case in self.seen else seconds

    def round(self, cases: Sequence[Case]) -> float:
        return sum(map(self.of, cases))


# What parts of a visit cost beyond its timed turns, in units of the time that a worker takes to start and say it is
# there. Medians on a 2-CPU virtual machine, where that unit was 0.2 s; the unit itself is measured before each run.
_PER_MANAGER, _PER_SPAWNED, _PER_FORKED = 0.3, 1.1, 0.03
_PER_MIB = 0.3
_CALIBRATION_TURNS = 2.9  # doubling ends between one and two times the shortest value, and its way there costs as much


def visit_cost(case: Case, timing: Timing, start: float) -> float:
    """Seconds one visit of a case should take on a machine where a worker starts in `start` seconds."""
    mechanism = catalog.mechanism(case.mechanism)
    forked = case.start_method == "fork"
    fixed = 1.0 + (_PER_FORKED if forked else _PER_SPAWNED) * case.workers
    fixed += (_PER_MANAGER if forked else _PER_SPAWNED) * mechanism.background_processes
    fixed += _PER_MIB * case.size / 2**20
    return start * fixed + (timing.values + timing.warmups) * timing.min_time


def calibration_cost(case: Case, timing: Timing, start: float) -> float:
    """Seconds the calibrating visit of a case should take."""
    turns = timing.values + timing.warmups
    return visit_cost(case, timing, start) + (_CALIBRATION_TURNS - turns) * timing.min_time


def rounds_within(budget: Budget, done: int, spent: float, one_round: float) -> int:
    """How many rounds a budget has room for, `done` of them being made after `spent` seconds.

    The last may end up to half a round late.
    """
    if budget.rounds is not None:
        return budget.rounds
    room = ((budget.seconds or 0.0) - spent) / max(one_round, 1e-3)
    return min(budget.most_rounds, max(budget.least_rounds, done + int(max(room, 0.0) + 0.5)))


def estimate(plan: Plan, start: float) -> tuple[int, float]:
    """Rounds and seconds the plan should take on a machine where a worker starts in `start` seconds."""
    calibration = sum(calibration_cost(case, plan.timing, start) for case in plan.cases)
    one_round = sum(visit_cost(case, plan.timing, start) for case in plan.cases)
    rounds = rounds_within(plan.budget, 0, calibration, one_round)
    return rounds, calibration + rounds * one_round


def fitted(plan: Plan, start: float) -> Plan:
    """The plan with fewer values per visit where its least rounds would not fit its budget otherwise.

    Rounds matter more than values: processes differ more than the values inside one.
    """
    seconds, least = plan.budget.seconds, plan.budget.least_rounds
    while seconds is not None and plan.timing.values > 1:
        _, wanted = estimate(replace(plan, budget=Budget(rounds=least)), start)
        if wanted <= seconds:
            break
        plan = replace(plan, timing=plan.timing._replace(values=plan.timing.values - 1))
    return plan


def time_to_start(plan: Plan, visit: Measure) -> float:
    """Seconds a worker takes to start here and now: the median of three visits of the plan's cheapest case.

    Raises Interrupted.
    """
    cheapest = min(plan.cases, key=lambda case: visit_cost(case, plan.timing, 1.0))
    fixed = visit_cost(cheapest, Timing(0, 0, 0.0), 1.0)
    seconds = []
    for _ in range(3):
        begun = time.monotonic()
        visit(Visit(cheapest, 0, 0, loops=1))
        seconds.append(time.monotonic() - begun)
    return statistics.median(seconds) / fixed


def measure(plan: Plan, start: float, visit: Measure, record: Record, progress: Progress, stop: Stop) -> Findings:
    """Carry the plan out until the budget is met or the user stops it; what was found until then."""
    run = _Run(plan, start, visit, record, progress, stop)
    try:
        run.calibrate()
        run.rounds()
    except Interrupted:
        pass
    except ResultError as error:
        run.findings.unsaved = error
    return run.findings


class _Run:
    def __init__(
        self, plan: Plan, start: float, visit: Measure, record: Record, progress: Progress, stop: Stop
    ) -> None:
        self.plan, self.visit, self.record, self.progress, self.stop = plan, visit, record, progress, stop
        self.findings = Findings()
        self.costs = Costs({case: visit_cost(case, plan.timing, start) for case in plan.cases})
        self.began = time.monotonic()
        self.start = start

    def calibrate(self) -> None:
        """Visit every case once to find the loops that fill the shortest value."""
        cost = {case: calibration_cost(case, self.plan.timing, self.start) for case in self.plan.cases}
        order = self.plan.round(0, self.plan.cases, {})
        for i, visit in enumerate(order):
            rest = sum(cost[later.case] for later in order[i:])
            spent = time.monotonic() - self.began
            one_round = self.costs.round(self.plan.cases)
            rounds = rounds_within(self.plan.budget, 0, spent + rest, one_round)
            found = self._make(visit, rounds, rest + rounds * one_round)
            if isinstance(found, Outcome):
                self.findings.loops[visit.case] = loops_for(found, self.plan.timing)

    def rounds(self) -> None:
        """Visit every case that is still in once a round, until the budget is met."""
        number = 1
        while self._left() and number <= (rounds := self._rounds_in_all(number - 1)):
            order = self.plan.round(number, self._left(), self.findings.loops)
            for i, visit in enumerate(order):
                rest = sum(self.costs.of(later.case) for later in order[i:])
                rest += (rounds - number) * self.costs.round(self._left())
                begun = time.monotonic()
                found = self._make(visit, rounds, rest)
                self.costs.learn(visit.case, time.monotonic() - begun)
                if isinstance(found, Outcome):
                    self.findings.outcomes[visit.case, number] = found
                    self.findings.positions[visit.case, number] = visit.position
            self.findings.rounds = number
            number += 1
        self.findings.complete = True

    def _make(self, visit: Visit, rounds: int, seconds_left: float) -> Outcome | Failure:
        if self.stop.by is not None:
            raise Interrupted(self.stop.by)
        self.progress.visiting(visit, rounds, seconds_left)
        found = self.visit(visit)
        self.record(visit, found)
        if isinstance(found, Failure):
            self.findings.failures[visit.case] = found
            self.progress.failed(visit.case, found)
        return found

    def _left(self) -> list[Case]:
        return [case for case in self.plan.cases if case not in self.findings.failures]

    def _rounds_in_all(self, done: int) -> int:
        spent = time.monotonic() - self.began
        return rounds_within(self.plan.budget, done, spent, self.costs.round(self._left()))


def loops_for(calibration: Outcome, timing: Timing) -> int:
    """Loops that fill the shortest value: pyperf's, which doubled until they did, scaled back to fit.

    The scaling makes every value last about as long, so that the time a run takes can be told in advance.
    """
    loops, per_operation = calibration.warmups[-1]
    inner = int(calibration.metadata.get("inner_loops", 1))
    seconds = per_operation * loops * inner
    return max(1, round(loops * timing.min_time / seconds))
