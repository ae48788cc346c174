"""What is measured between two hosts: the cases that a request names, and why a host cannot have its half of one."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from ipcbench.errors import BadRequest
from ipcbench.model import BETWEEN_HOSTS, Budget, Capabilities, Case, Skip, Timing
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan, Request, why_none, why_too_large


def cases_between(request: Request) -> list[Case]:
    """Every case the request names, possible or not; raises BadRequest and UnknownName."""
    mechanisms, patterns = _mechanisms(request.mechanisms), _patterns(request.patterns)
    return [
        Case(pattern, name, size, payload=payload, placement=BETWEEN_HOSTS)
        for pattern in patterns
        for size, payload, name in itertools.product(
            request.sizes or catalog.pattern(pattern).sizes, request.payloads or ("bytes",), mechanisms
        )
    ]


def why_not_between(case: Case, offer: Capabilities) -> str | None:
    """Why a host that offers this cannot have a half of the case, in words; None if it can."""
    mechanism = catalog.mechanism(case.mechanism)
    reason = catalog.pattern(case.pattern).unfit(mechanism, case) or catalog.missing(case.mechanism)
    return reason or why_too_large(case, mechanism.shared_memory, offer)


def plan_between(
    cases: Sequence[Case],
    reasons: Mapping[str, Sequence[str | None]],
    seed: int,
    budget: Budget,
    timing: Timing,
) -> Plan:
    """Plan what both hosts can; reasons are those of `why_not_between` for each case, by host. Raises BadRequest."""
    possible, skips = [], []
    for i, case in enumerate(cases):
        found = {name: reason for name, each in reasons.items() if (reason := each[i])}
        if not found:
            possible.append(case)
        elif len(found) == len(reasons) and len(set(found.values())) == 1:
            skips.append(Skip(case, next(iter(found.values()))))
        else:
            skips.append(Skip(case, "; ".join(f"host {name}: {reason}" for name, reason in found.items())))
    if not possible:
        raise BadRequest(why_none(skips))
    return Plan(tuple(possible), tuple(skips), seed, budget, timing)


def far_mechanisms() -> list[str]:
    """The mechanisms that are measured between hosts."""
    return [mechanism.name for mechanism in catalog.mechanisms() if mechanism.far]


def _mechanisms(texts: Sequence[str]) -> list[str]:
    """Those that names and globs choose, or all that are ranked."""
    far = far_mechanisms()
    chosen = catalog.select_mechanisms(texts)
    near = [name for name in texts if name in chosen and name not in far]
    found = [name for name in chosen if name in far] if texts else [n for n in far if catalog.mechanism(n).ranked]
    if near or not found:
        raise BadRequest(
            f"mechanism {', '.join(near or texts)} is not measured between hosts: expected one of {', '.join(far)}"
        )
    return found


def _patterns(texts: Sequence[str]) -> list[str]:
    """Those that names and globs choose, or ping-pong."""
    far = [pattern.name for pattern in catalog.patterns() if pattern.far]
    chosen = catalog.select_questions(texts)
    near = [name for name in texts if name in chosen and name not in far]
    found = [name for name in chosen if name in far] if texts else ["ping-pong"]
    if near or not found:
        raise BadRequest(
            f"pattern {', '.join(near or texts)} is not measured between hosts: expected one of {', '.join(far)}"
        )
    return found
