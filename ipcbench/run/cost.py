"""Estimate what visits cost, learn what they do cost, and fit rounds into a budget."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ipcbench.measure.api.load import split
from ipcbench.measure.api.payload import load_kind
from ipcbench.model import Budget, Case, Failure, Outcome, Timing, Visit
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan
from ipcbench.run.precision import FIRST

Sit = Callable[[Sequence[Visit], str], Sequence[Outcome | Failure]]  # makes the visits of a sitting, from its seed


@dataclass(slots=True)
class Costs:
    """Seconds that a visit of each case takes: estimated at first, learned once visits of the case were made."""

    expected: dict[Case, float]
    seen: dict[Case, float] = field(default_factory=dict)

    def of(self, case: Case) -> float:
        return self.seen.get(case, self.expected[case])

    def learn(self, case: Case, seconds: float) -> None:
        self.seen[case] = (self.seen[case] + seconds) / 2 if case in self.seen else seconds

    def round(self, cases: Sequence[Case]) -> float:
        return sum(map(self.of, cases))


# Costs of a visit beyond its timed turns, in units of the time that a worker takes to start and report. Medians on a
# 2-CPU virtual machine, where that unit was 0.05 s; the unit itself is measured before each run.
_PER_MANAGER, _PER_SPAWNED, _PER_FORKED = 0.6, 2.2, 0.17
_PER_MIB = 0.8
_PER_LIBRARY = 2.4  # imported in every process to make payloads
_AROUND_TURN = 1.26  # a whole turn, with warming up, making payloads and giving orders, ÷ its timed part
_FLOWING, _LONGEST = 20, 0.5  # messages of a turn with work; seconds
# The last doubling takes 1 to 2 times half of the shortest value, all earlier ones together as long.
_CALIBRATION_TURNS = 1.5


def visit_cost(case: Case, timing: Timing, start: float) -> float:
    """Estimate the seconds of one visit on a machine where a worker starts in `start` seconds."""
    mechanism = catalog.mechanism(case.mechanism)
    forked = case.start_method == "fork"
    peers = 0 if mechanism.peers == "nobody" else catalog.pattern(case.pattern).peers(case.workers)
    fixed = 1.0 + (_PER_FORKED if forked else _PER_SPAWNED) * peers
    fixed += (_PER_MANAGER if forked else _PER_SPAWNED) * mechanism.background_processes
    fixed += _PER_MIB * case.size / 2**20 + _PER_LIBRARY * len(load_kind(case.payload).requires)
    return start * fixed + _AROUND_TURN * (timing.values + timing.warmups) * timing.min_time


def calibration_cost(case: Case, timing: Timing, start: float) -> float:
    """Estimate the seconds of the calibrating visit of a case."""
    return visit_cost(case, Timing(0, 0, 0.0), start) + _CALIBRATION_TURNS * timing.min_time


def rounds_within(budget: Budget, done: int, spent: float, one_round: float) -> int:
    """Return how many rounds fit a budget, given that `done` of them took `spent` seconds.

    The last round may exceed the budget by up to half a round.
    """
    if budget.rounds is not None:
        return budget.rounds
    room = ((budget.seconds or 0.0) - spent) / max(one_round, 1e-3)
    return min(budget.most_rounds, max(budget.least_rounds, done + int(max(room, 0.0) + 0.5)))


def rounds_of_all(budget: Budget, done: int, spent: float, one_round: float) -> int:
    """Return how many of the rounds visit every case; the rest of a budget in seconds is for blocks that need it."""
    within = rounds_within(budget, done, spent, one_round)
    return within if budget.rounds is not None else min(within, max(budget.least_rounds, FIRST))


def seconds_in_all(budget: Budget, done: int, spent: float, one_round: float, rest: float = 0.0) -> float:
    """Estimate how long a run takes. `spent` seconds and `done` rounds are over; `rest` seconds are under way.

    A run with a budget in seconds fills it, unless it has made the most rounds before; with a precision it may end
    earlier.
    """
    needed = spent + rest + max(rounds_of_all(budget, done, spent + rest, one_round) - done, 0) * one_round
    most = spent + rest + max(budget.most_rounds - done, 0) * one_round
    return max(needed, min(budget.seconds or 0.0, most))


def estimate(plan: Plan, start: float) -> tuple[int, float]:
    """Estimate the rounds of all cases and the seconds of a plan; starting a worker takes `start` seconds."""
    calibration = sum(calibration_cost(case, plan.timing, start) for case in plan.cases)
    one_round = sum(visit_cost(case, plan.timing, start) for case in plan.cases)
    rounds = rounds_of_all(plan.budget, 0, calibration, one_round)
    return rounds, seconds_in_all(plan.budget, 0, 0.0, one_round, calibration)


def fitted(plan: Plan, start: float) -> Plan:
    """Reduce the values per visit until the least number of rounds fits the budget.

    Rounds matter more than values: processes differ more than the values inside one.
    """
    seconds, least = plan.budget.seconds, plan.budget.least_rounds
    while seconds is not None and plan.timing.values > 1:
        _, wanted = estimate(replace(plan, budget=Budget(rounds=least)), start)
        if wanted <= seconds:
            break
        plan = replace(plan, timing=plan.timing._replace(values=plan.timing.values - 1))
    return plan


def time_to_start(plan: Plan, sit: Sit) -> float:
    """Measure the seconds a worker takes to start: the median of three visits of the plan's cheapest case.

    Raises Interrupted.
    """
    cheapest = min(plan.cases, key=_foreseeable)
    fixed = visit_cost(cheapest, Timing(0, 0, 0.0), 1.0)
    seconds = []
    for _ in range(3):
        begun = time.monotonic()
        sit([Visit(cheapest, 0, 0, loops=1)], "")
        seconds.append(time.monotonic() - begun)
    return statistics.median(seconds) / fixed


def _foreseeable(case: Case) -> tuple[bool, float]:
    """Return the sort key of a case: cheap cases first, baselines last, as the duration of a trap is unpredictable."""
    return catalog.mechanism(case.mechanism).baseline, visit_cost(case, Timing(), 1.0)


def loops_for(case: Case, calibration: Outcome, timing: Timing) -> int:
    """Return the loops that fill the shortest value: pyperf's doubling overshoots, so its count is scaled back.

    All values then last about equally long, which makes the duration of a run predictable. With work for each message a
    value has at least _FLOWING messages, unless it would last longer than _LONGEST: at the beginning and the end of a
    turn some workers have nothing to do, and of a few long operations that would be a large part.
    """
    loops, per_operation = calibration.warmups[-1]
    inner = int(calibration.metadata.get("inner_loops", 1))
    seconds = per_operation * loops * inner
    filling = max(1, round(loops * timing.min_time / seconds))
    load = split(case.operation)
    if not load.works or load.rate:
        return filling
    return max(filling, min(_FLOWING, int(loops * _LONGEST / seconds)))
