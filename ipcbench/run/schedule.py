"""Calibrate every case once, then visit every case once a round, until the budget is met.

The visits of a block make a sitting and take turns. A visit that fails or times out is made once more, in a sitting
with the others of its block that failed; a case that fails twice leaves the remaining rounds. The number of
rounds follows from what calibration and rounds really cost; a budget never cuts a round short, and never goes below the
least number of rounds. After the first rounds of all blocks, a budget or a precision pays for rounds of the blocks that
need them, see `precision`.

A resumed run repeats all steps, and takes the findings of earlier visits from its journal. It makes the same decisions,
because these follow from the plan and from what visits found and cost.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeGuard

from ipcbench.errors import Interrupted, IpcbenchError, ResultError
from ipcbench.model import SEVERITY, Case, Failure, Outcome, Visit
from ipcbench.plan.planner import Plan
from ipcbench.run.cost import (
    Costs,
    Sit,
    calibration_cost,
    loops_for,
    rounds_of_all,
    rounds_within,
    seconds_in_all,
    visit_cost,
)
from ipcbench.run.listener import Ahead, Progress
from ipcbench.run.precision import typical_width, wide
from ipcbench.run.stop import Stop

RETRIED = ("failed", "timed-out")  # a second attempt that succeeds would hide the other verdicts


class Log(Protocol):
    """Records every visit of a sitting before the next sitting begins."""

    def started(self, visit: Visit, attempt: int) -> None:
        """Record that a visit begins; raises ResultError."""

    def ended(self, visit: Visit, attempt: int, seconds: float, found: Outcome | Failure) -> None:
        """Record what a visit found, and its share of the seconds of its sitting; raises ResultError."""


class Attempt(NamedTuple):
    """A visit that has ended, and its share of the seconds of its sitting."""

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
    plan: Plan, start: float, sit: Sit, log: Log, progress: Progress, stop: Stop, earlier: Earlier = NOTHING
) -> Findings:
    """Carry out the plan until the budget is met or the user stops it; return the findings of all parts of the run."""
    run = _Run(plan, start, sit, log, progress, stop, earlier)
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


def equal_loops(loops: Mapping[Case, int]) -> dict[Case, int]:
    """Give cases that differ in Python only the most loops of any of them.

    What a value costs beyond its operations would otherwise make equal interpreters seem different.
    """
    most: dict[Case, int] = {}
    for case, number in loops.items():
        alike = case._replace(python="")
        most[alike] = max(number, most.get(alike, 0))
    return {case: most[case._replace(python="")] for case in loops}


def shares(found: Sequence[Outcome | Failure]) -> list[float]:
    """Return the share of each visit in the time of its sitting: by its own duration, a failed one as the mean."""
    walls = [one.wall for one in found if isinstance(one, Outcome)]
    mean = sum(walls) / len(walls) if walls else 1.0
    each = [one.wall if isinstance(one, Outcome) else mean for one in found]
    return [wall / sum(each) for wall in each] if sum(each) else [1 / len(each)] * len(each)


class _Run:
    def __init__(
        self, plan: Plan, start: float, sit: Sit, log: Log, progress: Progress, stop: Stop, earlier: Earlier
    ) -> None:
        self.plan, self.sit, self.log, self.progress, self.stop = plan, sit, log, progress, stop
        self.earlier = earlier
        self.begun = earlier.rounds
        self.findings = Findings()
        self.costs = Costs({case: visit_cost(case, plan.timing, start) for case in plan.cases})
        self.spent = 0.0  # seconds, over all parts of the run
        self.mark = time.monotonic()
        self.start = start
        self.narrowing = False  # whether all further rounds are of the blocks that need them
        self.width = math.inf  # how well ratios are known by now, the median over blocks

    def calibrate(self) -> None:
        """Visit every case once, to find the loops that fill the shortest value."""
        cost = {case: calibration_cost(case, self.plan.timing, self.start) for case in self.plan.cases}
        sittings = self.plan.sittings(0, self.plan.cases, {})
        for i, sitting in enumerate(sittings):
            rest = sum(cost[visit.case] for later in sittings[i:] for visit in later)
            for visit, attempt in self._make(sitting, 0, rest):
                if isinstance(attempt.found, Outcome):
                    self.findings.loops[visit.case] = loops_for(visit.case, attempt.found, self.plan.timing)
        self.findings.loops = equal_loops(self.findings.loops)

    def rounds(self) -> None:
        """Visit every remaining case once a round, then the blocks that need it, until the budget is met."""
        number = 1
        while chosen := self._chosen(number):
            sittings = self.plan.sittings(number, chosen, self.findings.loops)
            for i, sitting in enumerate(sittings):
                rest = sum(self.costs.of(visit.case) for later in sittings[i:] for visit in later)
                for visit, attempt in self._make(sitting, number, rest):
                    self.costs.learn(visit.case, attempt.seconds)
                    if isinstance(attempt.found, Outcome):
                        self.findings.outcomes[visit.case, number] = attempt.found
                        self.findings.positions[visit.case, number] = visit.position
            self.findings.rounds = number
            self.width = typical_width(self._left(), self.findings.outcomes)
            number += 1
        self.findings.complete = True

    def _make(self, sitting: Sequence[Visit], number: int, rest: float) -> list[tuple[Visit, Attempt]]:
        """Make the visits of a sitting; those that fail twice; a case that fails twice has the worse verdict.

        rest is how many seconds the sittings of this round will take from here on.
        """
        ahead = self._ahead(number, rest)
        found = dict(zip(sitting, self._attempts(sitting, 1, ahead), strict=True))
        again = [visit for visit, first in found.items() if wants_retry(first.found)]
        for visit, second in zip(again, self._attempts(again, 2, ahead), strict=True):
            first = found[visit]
            self.findings.retries[visit.case] = self.findings.retries.get(visit.case, 0) + 1
            worst = second.found
            if isinstance(first.found, Failure) and isinstance(second.found, Failure):
                worst = worse(first.found, second.found)
            found[visit] = Attempt(worst, first.seconds + second.seconds)
        for visit, attempt in found.items():
            if isinstance(attempt.found, Failure):
                self.findings.failures[visit.case] = attempt.found
                self.progress.failed(visit.case, attempt.found)
        return list(found.items())

    def _attempts(self, visits: Sequence[Visit], attempt: int, ahead: Ahead) -> list[Attempt]:
        """Make visits and record them; those that an earlier part of the run recorded are not made again."""
        earlier = self.earlier.attempts
        known = {visit: earlier[key] for visit in visits if (key := (visit.case, visit.round, attempt)) in earlier}
        left = [visit for visit in visits if visit not in known]
        if left:
            known |= dict(zip(left, self._sitting(left, attempt, ahead), strict=True))
        self.spent += sum(found.seconds for found in known.values())
        return [known[visit] for visit in visits]

    def _sitting(self, visits: Sequence[Visit], attempt: int, ahead: Ahead) -> list[Attempt]:
        if self.stop.by is not None:
            raise Interrupted(self.stop.by)
        self.progress.visiting(visits, ahead)
        for visit in visits:
            self.log.started(visit, attempt)
        found = self.sit(visits, f"{self.plan.seed}/{visits[0].round}/{attempt}")
        now = time.monotonic()
        seconds, self.mark = now - self.mark, now
        made = []
        for visit, one, share in zip(visits, found, shares(found), strict=True):
            if attempt > 1 and isinstance(one, Outcome):
                one = one._replace(notes=(*one.notes, "retried"))
            self.log.ended(visit, attempt, share * seconds, one)
            made.append(Attempt(one, share * seconds))
        return made

    def _ahead(self, number: int, rest: float) -> Ahead:
        """Estimate what is ahead in round `number`, whose sittings will take `rest` seconds from here on."""
        budget, one_round = self.plan.budget, self.costs.round(self._left())
        if self.narrowing:
            seconds = max(self.spent + rest, budget.seconds or 0.0)
        else:
            seconds = seconds_in_all(budget, number, self.spent, one_round, rest)
        return Ahead(None if self.narrowing else budget.rounds, self.narrowing, seconds - self.spent, self.width)

    def _left(self) -> list[Case]:
        return [case for case in self.plan.cases if case not in self.findings.failures]

    def _chosen(self, number: int) -> list[Case]:
        """Return the cases to visit in this round; none when the run is over."""
        if self.earlier.complete and number > self.begun:
            return []
        left, budget = self._left(), self.plan.budget
        if not self.narrowing and number <= self._rounds_of_all(number - 1):
            return left
        self.narrowing = True
        chosen = wide(left, self.findings.outcomes, budget)
        return chosen if number <= self.begun or self._has_room(number, chosen) else []

    def _rounds_of_all(self, done: int) -> int:
        return rounds_of_all(self.plan.budget, done, self.spent, self.costs.round(self._left()))

    def _has_room(self, number: int, chosen: list[Case]) -> bool:
        """Return whether one more round of these cases fits the budget, or the limit of a run with a precision."""
        budget = self.plan.budget
        if budget.rounds is not None:
            return number <= min(2 * budget.rounds, budget.most_rounds)
        within = rounds_within(budget._replace(least_rounds=1), number - 1, self.spent, self.costs.round(chosen))
        return number <= within
