"""Calibrate every case once, then visit every case once a round, until the budget is met.

A visit that fails or times out is made once more; a case that fails twice leaves the remaining rounds. The number of
rounds follows from what calibration and rounds really cost; a budget never cuts a round short, and never goes below the
least number of rounds. If a precision is asked for, rounds of the blocks that are still wide follow, see `precision`.

A resumed run repeats all steps, and takes the findings of earlier visits from its journal. It makes the same decisions,
because these follow from the plan and from what visits found and cost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeGuard

from ipcbench.errors import Interrupted, IpcbenchError, ResultError
from ipcbench.model import SEVERITY, Case, Failure, Outcome, Visit
from ipcbench.plan.planner import Plan
from ipcbench.run.cost import Costs, Measure, calibration_cost, loops_for, rounds_of_all, rounds_within, visit_cost
from ipcbench.run.listener import Progress
from ipcbench.run.precision import wide
from ipcbench.run.stop import Stop

RETRIED = ("failed", "timed-out")  # a second attempt that succeeds would hide the other verdicts


class Log(Protocol):
    """Records every visit before the next begins."""

    def started(self, visit: Visit, attempt: int) -> None:
        """Record that a visit begins; raises ResultError."""

    def ended(self, visit: Visit, attempt: int, seconds: float, found: Outcome | Failure) -> None:
        """Record what a visit found, `seconds` after the end of the one before; raises ResultError."""


class Attempt(NamedTuple):
    """A visit that has ended, and the seconds since the end of the one before it."""

    found: Outcome | Failure
    seconds: float


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier parts of a run found, by case, round and attempt; complete says that nothing is left to do."""

    attempts: Mapping[tuple[Case, int, int], Attempt] = field(default_factory=dict)
    complete: bool = False

    @property
    def rounds(self) -> int:
        """Return how many rounds were begun."""
        return max((number for _, number, _ in self.attempts), default=0)


@dataclass(slots=True)
class Findings:
    """What a run has found so far: outcomes by (case, round), failures, loops and retries by case.

    rounds counts the complete ones. If the run ended early, unsaved is why the journal could not be written, or broken
    why no further visit could be made, such as a process that outlived its visit.
    """

    outcomes: dict[tuple[Case, int], Outcome] = field(default_factory=dict)
    positions: dict[tuple[Case, int], int] = field(default_factory=dict)
    failures: dict[Case, Failure] = field(default_factory=dict)
    loops: dict[Case, int] = field(default_factory=dict)
    retries: dict[Case, int] = field(default_factory=dict)
    rounds: int = 0
    complete: bool = False
    unsaved: ResultError | None = None
    broken: IpcbenchError | None = None


NOTHING = Earlier()


def measure(
    plan: Plan, start: float, visit: Measure, log: Log, progress: Progress, stop: Stop, earlier: Earlier = NOTHING
) -> Findings:
    """Carry out the plan until the budget is met or the user stops it; return the findings of all parts of the run."""
    run = _Run(plan, start, visit, log, progress, stop, earlier)
    try:
        run.calibrate()
        run.rounds()
    except Interrupted:
        pass
    except ResultError as error:
        run.findings.unsaved = error
    except IpcbenchError as error:
        run.findings.broken = error
    return run.findings


def wants_retry(found: Outcome | Failure) -> TypeGuard[Failure]:
    """Return whether a first attempt that found this is followed by a second."""
    return isinstance(found, Failure) and found.verdict in RETRIED


def worse(one: Failure, other: Failure) -> Failure:
    """Return the failure with the worse verdict, the first if both are equal."""
    return max(one, other, key=lambda failure: SEVERITY.index(failure.verdict))


class _Run:
    def __init__(
        self, plan: Plan, start: float, visit: Measure, log: Log, progress: Progress, stop: Stop, earlier: Earlier
    ) -> None:
        self.plan, self.visit, self.log, self.progress, self.stop = plan, visit, log, progress, stop
        self.earlier = earlier
        self.begun = earlier.rounds
        self.findings = Findings()
        self.costs = Costs({case: visit_cost(case, plan.timing, start) for case in plan.cases})
        self.spent = 0.0  # seconds, over all parts of the run
        self.mark = time.monotonic()
        self.start = start
        self.narrowing = False  # whether all further rounds are of wide blocks only

    def calibrate(self) -> None:
        """Visit every case once, to find the loops that fill the shortest value."""
        cost = {case: calibration_cost(case, self.plan.timing, self.start) for case in self.plan.cases}
        order = self.plan.round(0, self.plan.cases, {})
        for i, visit in enumerate(order):
            rest = sum(cost[later.case] for later in order[i:])
            one_round = self.costs.round(self.plan.cases)
            rounds = rounds_within(self.plan.budget, 0, self.spent + rest, one_round)
            found = self._make(visit, rounds, rest + rounds * one_round)
            if isinstance(found, Outcome):
                self.findings.loops[visit.case] = loops_for(found, self.plan.timing)

    def rounds(self) -> None:
        """Visit every remaining case once a round until the budget is met, then the cases that are still wide."""
        number = 1
        while chosen := self._chosen(number):
            rounds = max(number, self._rounds_of_all(number - 1))
            order = self.plan.round(number, chosen, self.findings.loops)
            for i, visit in enumerate(order):
                rest = sum(self.costs.of(later.case) for later in order[i:])
                rest += (rounds - number) * self.costs.round(self._left())
                before = self.spent
                found = self._make(visit, rounds, rest)
                self.costs.learn(visit.case, self.spent - before)
                if isinstance(found, Outcome):
                    self.findings.outcomes[visit.case, number] = found
                    self.findings.positions[visit.case, number] = visit.position
            self.findings.rounds = number
            number += 1
        self.findings.complete = True

    def _make(self, visit: Visit, rounds: int, seconds_left: float) -> Outcome | Failure:
        """Make a visit, twice if the first attempt fails; a case that fails twice has the worse verdict."""
        found = self._attempt(visit, 1, rounds, seconds_left)
        if wants_retry(found):
            second = self._attempt(visit, 2, rounds, seconds_left)
            self.findings.retries[visit.case] = self.findings.retries.get(visit.case, 0) + 1
            found = second if isinstance(second, Outcome) else worse(found, second)
        if isinstance(found, Failure):
            self.findings.failures[visit.case] = found
            self.progress.failed(visit.case, found)
        return found

    def _attempt(self, visit: Visit, attempt: int, rounds: int, seconds_left: float) -> Outcome | Failure:
        """Make a visit and record it, or return what an earlier part of the run recorded."""
        known = self.earlier.attempts.get((visit.case, visit.round, attempt))
        if known:
            self.spent += known.seconds
            return known.found
        if self.stop.by is not None:
            raise Interrupted(self.stop.by)
        self.progress.visiting(visit, rounds, seconds_left)
        self.log.started(visit, attempt)
        found = self.visit(visit)
        if attempt > 1 and isinstance(found, Outcome):
            found = found._replace(notes=(*found.notes, "retried"))
        now = time.monotonic()
        seconds, self.mark = now - self.mark, now
        self.spent += seconds
        self.log.ended(visit, attempt, seconds, found)
        return found

    def _left(self) -> list[Case]:
        return [case for case in self.plan.cases if case not in self.findings.failures]

    def _chosen(self, number: int) -> list[Case]:
        """Return the cases to visit in this round; none when the run is over."""
        if self.earlier.complete and number > self.begun:
            return []
        left, budget = self._left(), self.plan.budget
        if not self.narrowing and number <= self._rounds_of_all(number - 1):
            return left
        if budget.precision is None:  # finish a round that an earlier part has begun
            return left if number <= self.begun else []
        self.narrowing = True
        chosen = wide(left, self.findings.outcomes, budget.precision)
        return chosen if number <= self.begun or self._has_room(number, chosen) else []

    def _rounds_of_all(self, done: int) -> int:
        return rounds_of_all(self.plan.budget, done, self.spent, self.costs.round(self._left()))

    def _has_room(self, number: int, chosen: list[Case]) -> bool:
        """Return whether one more round of these cases fits the limit of a run with a precision."""
        budget = self.plan.budget
        if budget.rounds is not None:
            return number <= min(2 * budget.rounds, budget.most_rounds)
        within = rounds_within(budget._replace(least_rounds=1), number - 1, self.spent, self.costs.round(chosen))
        return number <= within
