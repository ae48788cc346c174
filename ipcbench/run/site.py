"""Where a run measures: this machine, or a host of a fleet."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from ipcbench.machine.finding import Finding
from ipcbench.machine.identity import Identity
from ipcbench.model import Budget, Failure, Outcome, Timing, Visit
from ipcbench.plan.planner import Plan, Request
from ipcbench.results.schema import MachineFacts
from ipcbench.run.stop import Stop


class Visits(Protocol):
    """Makes the visits of one run, one sitting after the other; see `run.visitor.Visitor`."""

    timing: Timing

    @property
    def isolation(self) -> str:
        """Return what contains the visits, see `run.containment.processes`."""

    def sitting(self, visits: Sequence[Visit], seed: str) -> Sequence[Outcome | Failure]:
        """Make visits that take turns, in an order that follows from the seed; return what each found.

        Raises Interrupted, and another IpcbenchError if no further visit can be made.
        """

    def close(self) -> None:
        """End all processes and remove all files of the visits; may be called twice."""


class Site(Protocol):
    """A place to measure. Every method may raise an IpcbenchError if the place cannot be reached."""

    def stopping(self) -> AbstractContextManager[Stop]:
        """Return the Stop through which the user ends the run."""

    def refused(self, request: Request) -> Sequence[str]:
        """Return why plug-ins that the request does not name, but would select, cannot be used."""

    def plan(self, request: Request, seed: int, budget: Budget, timing: Timing) -> Plan:
        """Plan the request for the capabilities of this place; raises BadRequest."""

    def machine(self) -> MachineFacts:
        """Return the facts of the machine and its interpreter."""

    def identity(self, salt: str | None, plugins: Sequence[str]) -> Identity:
        """Return the identity of machine and software, see `machine.identity`."""

    def examine(self) -> list[Finding]:
        """Check the machine for settings that distort measurements."""

    def leftovers(self) -> int:
        """Return how many killed runs have left processes or files."""

    def visits(self, plan: Plan, stop: Stop) -> Visits:
        """Return what makes the visits of this plan."""
