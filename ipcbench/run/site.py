"""Where a run is made: this machine, or a host of a fleet. What measuring asks of the place, and of its visitor."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from ipcbench.machine.finding import Finding
from ipcbench.machine.identity import Identity
from ipcbench.model import Budget, Failure, Outcome, Timing, Visit
from ipcbench.plan.planner import Plan, Request
from ipcbench.results.schema import MachineFacts
from ipcbench.run.schedule import Progress
from ipcbench.run.stop import Stop


class Visits(Protocol):
    """Who makes the visits of one run, one after the other; see `visit.Visitor`."""

    timing: Timing

    @property
    def isolation(self) -> str:
        """What contains the visits, see run.containment.processes."""

    def visit(self, visit: Visit) -> Outcome | Failure:
        """Make one visit; raises Interrupted, and another IpcbenchError if no further one can be made."""

    def close(self) -> None:
        """Leave nothing behind; harmless when called twice."""


class Site(Protocol):
    """A place where visits are made. All of it may raise an IpcbenchError where the place cannot be reached."""

    def stopping(self) -> AbstractContextManager[Stop]:
        """What tells that the user wants the run to end."""

    def plan(self, request: Request, seed: int, budget: Budget, timing: Timing) -> Plan:
        """What is asked for, planned for what this place offers; raises BadRequest."""

    def machine(self) -> MachineFacts:
        """What is recorded of its machine and interpreter."""

    def identity(self, salt: str | None, plugins: Sequence[str]) -> Identity:
        """Who measures there, see `machine.identity`."""

    def examine(self) -> list[Finding]:
        """What about its machine decides numbers."""

    def leftovers(self) -> int:
        """How many killed runs have left something there."""

    def visits(self, plan: Plan, stop: Stop) -> Visits:
        """Who makes the visits of this plan there."""

    def progress(self, quiet: bool) -> AbstractContextManager[Progress]:
        """Who is told how far the run is."""
