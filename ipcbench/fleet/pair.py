"""Two hosts as a place where visits are made between them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from ipcbench.fleet import half
from ipcbench.fleet.pair_visitor import Ends, PairVisitor
from ipcbench.fleet.visitor import HostSite
from ipcbench.machine.finding import Finding
from ipcbench.machine.identity import Identity
from ipcbench.model import Budget, Timing
from ipcbench.plan.between import cases_between, plan_between
from ipcbench.plan.planner import Plan, Request
from ipcbench.results.schema import Between, MachineFacts
from ipcbench.run.interrupt import Stop
from ipcbench.run.schedule import Progress
from ipcbench.run.site import Meeting


class PairSite:
    """Two hosts of a fleet as a `run.site.Site`; the record of the machine is the client's, whose clock is read."""

    def __init__(
        self, server: HostSite, client: HostSite, link: half.Interface, stop: Stop, progress: Callable[[bool], Progress]
    ) -> None:
        self.server, self.client, self.link, self.stop = server, client, link, stop
        self._progress = progress

    def stopping(self) -> contextlib.AbstractContextManager[Stop]:
        return contextlib.nullcontext(self.stop)

    def plan(self, request: Request, seed: int, budget: Budget, timing: Timing) -> Plan:
        cases = cases_between(request)
        reasons = {site.name: site.call(half.obstacles, cases) for site in (self.server, self.client)}
        return plan_between(cases, reasons, seed, budget, timing)

    def machine(self) -> MachineFacts:
        return self.client.machine()

    def between(self) -> Meeting:
        mtu = self.link.mtu or None
        return Meeting(Between(self.server.name, self.client.name, self.server.machine(), mtu), self.link.address)

    def identity(self, salt: str | None, plugins: Sequence[str]) -> Identity:
        client = self.client.identity(salt, plugins)
        return both(client, self.server.identity(client.salt, plugins))

    def examine(self) -> list[Finding]:
        found = [replace(finding, name=f"server: {finding.name}") for finding in self.server.examine()]
        return [*self.client.examine(), *found]

    def leftovers(self) -> int:
        return self.client.leftovers() + self.server.leftovers()

    def visits(self, plan: Plan, stop: Stop) -> PairVisitor:
        ends = Ends(self.server.name, self.client.name, self.link.address)
        return PairVisitor(self.client.fleet, ends, plan.timing, stop, self.client.facts.isolation)

    def progress(self, quiet: bool) -> contextlib.AbstractContextManager[Progress]:
        return contextlib.nullcontext(self._progress(quiet))


def both(client: Identity, server: Identity) -> Identity:
    """Two hosts as one that measures; what they share is said once."""
    each = {
        name: mine if mine == its else f"{mine}; server: {its}"
        for name in ("host", "boot", "interpreter", "executable", "software")
        for mine, its in [(getattr(client, name), getattr(server, name))]
    }
    return Identity(salt=client.salt, cpus=(*client.cpus, *server.cpus), **each)
