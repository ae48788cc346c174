"""Try every candidate of a run once, and leave out the slow ones if there is no time to measure all of them."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import NamedTuple

from ipcbench.model import Case, Outcome
from ipcbench.plan.planner import Plan
from ipcbench.run.cost import calibration_cost, visit_cost
from ipcbench.run.listener import Listener
from ipcbench.run.request import RunRequest
from ipcbench.run.session import plan_run
from ipcbench.run.site import Site

ROUNDS = 5  # that an answer should have
LEAST_ROUNDS = 3  # without which there is no interval
FEWEST_VALUES = 4  # per visit that count as measuring a case
TOO_SLOW = 4  # times the fastest


class Trial(NamedTuple):
    """What is left to measure, and why the other mechanisms are left out, by name."""

    request: RunRequest
    slow: dict[str, str]


def narrowed(request: RunRequest, site: Site, listener: Listener) -> Trial:
    """Try the cases of a request with one block and a time budget; return what to measure in the rest of the time.

    If ROUNDS rounds of all cases do not fit, those that took more than TOO_SLOW times as long as the fastest are left
    out, and the listener is told. If that is not enough, the request has fewer rounds. Raises BadRequest and
    Interrupted.
    """
    begun = time.monotonic()
    plan = plan_run(request, site, listener)
    tried, seconds = _try(plan, site, listener)
    spent = time.monotonic() - begun
    fastest = min(tried, key=tried.__getitem__, default=None)
    slow = [case for case in tried if fastest and tried[case] > TOO_SLOW * tried[fastest]]
    budget = request.budget.seconds or 0.0
    wanted = spent + _duration(seconds, plan, ROUNDS)
    if wanted <= budget:
        slow = []
    left = {case: share for case, share in seconds.items() if case not in slow}
    enough = spent + _duration(left, plan, ROUNDS) <= budget
    reasons = {}
    if slow and fastest:
        reason = f"took more than {TOO_SLOW}× as long as {fastest.mechanism} in a first trial"
        reasons = {case.mechanism: f"{reason}; a budget of {_rounded(wanted)} measures it" for case in slow}
        listener.narrowed(len(plan.cases), len(left), budget)
    return Trial(
        replace(
            request,
            request=replace(
                request.request, mechanisms=tuple(name for name in request.request.mechanisms if name not in reasons)
            ),
            budget=request.budget._replace(
                seconds=max(budget - spent, 0.0), least_rounds=ROUNDS if enough else LEAST_ROUNDS
            ),
        ),
        reasons,
    )
