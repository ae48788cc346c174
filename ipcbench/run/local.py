"""This machine as a place to measure."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from ipcbench.machine.doctor import examine
from ipcbench.machine.facts import capabilities, machine_facts
from ipcbench.machine.finding import Finding
from ipcbench.machine.identity import Identity, identity
from ipcbench.measure.registry import installed
from ipcbench.model import Budget, Timing
from ipcbench.plan.planner import Plan, Request, make_plan, mechanisms_of
from ipcbench.results.schema import MachineFacts
from ipcbench.run import own_work
from ipcbench.run.containment.leftovers import find_leftovers
from ipcbench.run.containment.run_folder import RunFolder
from ipcbench.run.own_payload import announce
from ipcbench.run.site import Visits
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor


class Local:
    """The machine that this process runs on, as a `run.site.Site`.

    stop, if given, is one that the caller has entered. own is the folder for the visits of a run, by default a new one.
    """

    def __init__(self, stop: Stop | None = None, own: RunFolder | None = None) -> None:
        self.stop, self.own = stop, own

    def stopping(self) -> contextlib.AbstractContextManager[Stop]:
        return contextlib.nullcontext(self.stop) if self.stop else Stop()

    def refused(self, request: Request) -> Sequence[str]:
        named = mechanisms_of(request) == list(request.mechanisms)  # then an error names each missing mechanism
        return () if named else tuple(installed().refused.values())

    def plan(self, request: Request, seed: int, budget: Budget, timing: Timing) -> Plan:
        announce(request.own_payloads)
        own_work.announce(request.own_works)
        return make_plan(request, capabilities(), seed, budget, timing)

    def machine(self) -> MachineFacts:
        return machine_facts()

    def identity(self, salt: str | None, plugins: Sequence[str]) -> Identity:
        return identity(salt, plugins)

    def examine(self) -> list[Finding]:
        return examine()

    def leftovers(self) -> int:
        return len(find_leftovers())

    def visits(self, plan: Plan, stop: Stop) -> Visits:
        announce(plan.payloads)
        own_work.announce(plan.works)
        return Visitor(plan.timing, stop, pythons=plan.pythons, own=self.own, payloads=plan.payloads)
