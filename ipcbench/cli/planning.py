"""What is ordered becomes a plan, which is measured, or only shown."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from ipcbench.run.local import HERE
from ipcbench.cli.options import Order
from ipcbench.cli.output import say_prose
from ipcbench.run.save import refuse_existing
from ipcbench.cli.summary import count, outlook, skip_lines
from ipcbench.errors import BadRequest
from ipcbench.model import Case
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan
from ipcbench.results.store import MOST_PARTS, check_label
from ipcbench.run.capacity import refuse_unkeepable
from ipcbench.run.cost import fitted, time_to_start
from ipcbench.run.result import Occasion
from ipcbench.run.site import Site
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor
from ipcbench.units import format_size


def dry_run(order: Order) -> None:
    """Print the plan: cases, skips with reasons, rounds, estimated time."""
    plan = planned(order)
    if order.label is not None:
        path = order.keeping.results / f"{check_label(order.label)}.json"
        refuse_existing(path, order.keeping.force)
    for block in dict.fromkeys(case.block for case in plan.cases):
        question, size, workers, *settings = block
        names = [case.mechanism for case in plan.cases if case.block == block]
        more = "".join(f", {word}" for word in settings if word not in ("bytes", "fork", "spread"))
        say_prose(f"{question}, {format_size(size)}, {count(workers, 'worker')}{more}: {', '.join(names)}")
    for line in skip_lines(plan.skips):
        say_prose(line)
    with Stop() as stop, contextlib.closing(Visitor(plan.timing, stop, pythons=plan.pythons)) as visitor:
        start = time_to_start(plan, visitor.visit)
        say_prose(outlook(fitted(plan, start), start, order.keeping.reports is not None))


def planned(order: Order, site: Site = HERE) -> Plan:
    """What is ordered, planned for the place where it is to be measured."""
    plan = _within_one_file(site.plan(order.request, order.seed, order.budget, order.timing))
    refuse_unkeepable(plan, Occasion("", "", order.command, 0.0, site.machine(), full_metadata=order.full_metadata))
    return plan


def _within_one_file(plan: Plan) -> Plan:
    """The plan with no more rounds than one results file holds; raises BadRequest where more were asked for."""
    per_visit = 60 + plan.timing.values + 4 * plan.timing.warmups
    most = MOST_PARTS // max(1, sum(per_visit + 4 * _peers(case) for case in plan.cases))
    if most < max(1, plan.budget.rounds or 0):
        asked = f"{count(plan.budget.rounds or 1, 'round')} of {count(len(plan.cases), 'case')}"
        raise BadRequest(f"{asked}: one results file holds {most:,} rounds of them; choose fewer rounds or cases")
    return replace(plan, budget=plan.budget._replace(most_rounds=min(plan.budget.most_rounds, most)))


def _peers(case: Case) -> int:
    return catalog.pattern(case.pattern).peers(case.workers)
