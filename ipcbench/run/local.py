"""This machine as a place where visits are made; see `run.site`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from ipcbench.cli.output import tell
from ipcbench.cli.progress import Bar, Lines, Quiet, progress_for
from ipcbench.machine.doctor import examine
from ipcbench.machine.facts import capabilities, machine_facts
from ipcbench.machine.finding import Finding
from ipcbench.machine.identity import Identity, identity
from ipcbench.measure.registry import installed
from ipcbench.model import Budget, Timing
from ipcbench.plan.planner import Plan, Request, make_plan, mechanisms_of
from ipcbench.results.schema import MachineFacts
from ipcbench.run.containment.leftovers import find_leftovers
from ipcbench.run.site import Visits
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor


class Here:
    """The machine that this process runs on, as a place where visits are made."""

    def stopping(self) -> contextlib.AbstractContextManager[Stop]:
        return Stop()

    def plan(self, request: Request, seed: int, budget: Budget, timing: Timing) -> Plan:
        if mechanisms_of(request) != list(request.mechanisms):  # by globs or all: nobody named what is left out
            for reason in installed().refused.values():
                tell(f"ipcbench: plug-in {reason}")
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
        return Visitor(plan.timing, stop, pythons=plan.pythons)

    def progress(self, quiet: bool) -> contextlib.AbstractContextManager[Quiet | Lines | Bar]:
        return progress_for(quiet)


HERE = Here()
