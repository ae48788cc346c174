"""Try every case of a request once, and leave out the slow ones if there is no time to measure all of them."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from ipcbench.model import Case, Outcome
from ipcbench.run.listener import Ahead, Listener
from ipcbench.run.precision import LEAST
from ipcbench.run.request import RunRequest
from ipcbench.run.schedule import shares
from ipcbench.run.session import plan_run
from ipcbench.run.site import Site

LEAST_ROUNDS = LEAST  # an answer has intervals
ROUNDS = 5  # that should fit
FEWEST_VALUES, MOST_VALUES = 4, 8  # per visit; with more time there are more rounds
TOO_SLOW = 4  # times as long as the fastest


class Trial(NamedTuple):
    """What is left of a request after the trial.

    tried is the number of cases that were tried. slow has the mechanisms that are left out, and fastest is the one that
    they were compared with. needed is the budget in seconds that measures all cases.
    """

    request: RunRequest
    tried: int
    slow: frozenset[str]
    fastest: str
    needed: float


def narrowed(request: RunRequest, site: Site, listener: Listener) -> Trial:
    """Try the cases of a request, which are of one block and have a time budget; plan the rest of this time.

    If too few rounds of all cases fit, those that take more than TOO_SLOW times as long as the fastest are left out. If
    that is not enough, there will be fewer rounds, see LEAST_ROUNDS. Raises BadRequest, and Interrupted.
    """
    begun = time.monotonic()
    costs, times = _tried(request, site, listener)
    rest = max((request.budget.seconds or 0.0) - (time.monotonic() - begun), 0.1)
    least = request.timing.min_time

    def seconds(cases: Iterable[Case], values: int) -> float:
        """Return the seconds of calibration and ROUNDS rounds, with so many values per visit."""
        return sum(costs[case] + ROUNDS * (costs[case] + values * least) for case in cases)

    slow: frozenset[Case] = frozenset()
    fastest = min(times, key=times.__getitem__, default=None)
    if fastest and seconds(costs, FEWEST_VALUES) > rest:
        slow = frozenset(case for case, each in times.items() if each > TOO_SLOW * times[fastest])
    left = costs.keys() - slow
    values = next((n for n in range(MOST_VALUES, FEWEST_VALUES, -1) if seconds(left, n) <= rest), FEWEST_VALUES)
    names = frozenset(case.mechanism for case in slow)
    kept = tuple(name for name in request.request.mechanisms if name not in names)
    smaller = replace(
        request,
        request=replace(request.request, mechanisms=kept),
        budget=request.budget._replace(seconds=rest, least_rounds=LEAST_ROUNDS),
        timing=request.timing._replace(values=values),
    )
    needed = time.monotonic() - begun + seconds(costs, FEWEST_VALUES)
    return Trial(smaller, len(costs), names, fastest.mechanism if fastest else "", needed)


def _tried(request: RunRequest, site: Site, listener: Listener) -> tuple[dict[Case, float], dict[Case, float]]:
    """Return for each case what its visit cost in seconds, and its least seconds per operation if it succeeded.

    The least, because other load on the machine can make a single turn many times as long, and never shorter.
    """
    plan = plan_run(request, site, listener)
    costs, times = {}, {}
    with (
        site.stopping() as stop,
        contextlib.closing(site.visits(plan, stop)) as visits,
        listener.progress() as progress,
    ):
        for sitting in plan.sittings(0, plan.cases, {}):
            progress.visiting(sitting, Ahead(None, False, request.budget.seconds or 0.0, math.inf))
            begun = time.monotonic()
            found = visits.sitting(sitting, str(plan.seed))
            took = time.monotonic() - begun
            for visit, one, share in zip(sitting, found, shares(found), strict=True):
                costs[visit.case] = share * took
                if isinstance(one, Outcome):
                    times[visit.case] = min(seconds for _, seconds in one.warmups)
    return costs, times
