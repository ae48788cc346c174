"""A host of a fleet as a place to measure: plans, facts and visits come from the host."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import msgspec

from ipcbench.errors import BadRequest, HostLost, Interrupted, IpcbenchError, NotContained, NotHere
from ipcbench.fleet import host
from ipcbench.fleet.client import Fleet
from ipcbench.fleet.lock import LONGEST_WAIT
from ipcbench.machine.doctor import examine
from ipcbench.machine.finding import Finding
from ipcbench.machine.identity import Identity, identity
from ipcbench.model import Budget, Failure, Outcome, Timing, Visit
from ipcbench.plan.planner import Plan, Request
from ipcbench.results.schema import MachineFacts
from ipcbench.run.journal.resume import digest, plan_record
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import deadlines
from ipcbench.text import safe_text

T = TypeVar("T")
DEATHS = 3  # Dask workers that may die under one visit
LAST_WORDS = 15.0  # seconds for a visit to end when the user stops the run
_LOOK = 0.25


class Deliveries:
    """Counts the results of each visit by its identity: the first is used, later ones are dropped."""

    def __init__(self) -> None:
        self._came: Counter[str] = Counter()
        self._lock = threading.Lock()

    def first(self, identity: str) -> bool:
        """Record a result; return whether it is the first of this identity."""
        with self._lock:
            self._came[identity] += 1
            return self._came[identity] == 1

    def withdraw(self, identity: str) -> None:
        """Drop a recorded result."""
        with self._lock:
            del self._came[identity]

    @property
    def dropped(self) -> int:
        """Return how many results were dropped."""
        with self._lock:
            return sum(self._came.values()) - len(self._came)


class RemoteVisitor:
    """Makes the visits of one run on one host, one sitting at a time; see `run.visitor.Visitor`.

    Plan, host, round, attempt and the case of its first visit identify a sitting. If its Dask worker is lost, the
    sitting is made again when the host is back, at whatever address.
    """

    def __init__(
        self, fleet: Fleet, name: str, plan: Plan, software: str, stop: Stop, isolation: str, deliveries: Deliveries
    ) -> None:
        self.fleet, self.name, self.stop, self.deliveries = fleet, name, stop, deliveries
        self.timing = plan.timing
        self.isolation = isolation
        self._begun = f"ipcbench-{os.urandom(4).hex()}-{digest(plan_record(plan), software)[:16]}-{name}"
        self._attempts: Counter[tuple[str, int]] = Counter()

    def sitting(self, visits: Sequence[Visit], seed: str) -> list[Outcome | Failure]:
        """Make one sitting; raises Interrupted, and HostLost, NotContained and others if no other can follow."""
        key = visits[0].case.id, visits[0].round
        self._attempts[key] += 1
        wanted = f"{self._begun}-{key[0]}-{key[1]}-{self._attempts[key]}"
        seconds = sum(deadlines(visit, self.timing)["visit"] for visit in visits)
        ended: SimpleQueue[Any] = SimpleQueue()

        def came(future: Any) -> None:
            if future.status != "finished" or self.deliveries.first(wanted):
                ended.put(future)

        for lost in range(DEATHS):
            task = f"{wanted}-{lost}"
            address = self.fleet.find(self.name, self.stop)
            future = self.fleet.submit(address, task, self.name, visits, seed, self.timing)
            future.add_done_callback(came)
            try:
                answer = self._awaited(address, task, future, ended, seconds)
            finally:
                with contextlib.suppress(Exception):  # Dask's own, if the cluster is lost
                    future.cancel()
            if isinstance(answer, Failure):
                return [answer] * len(visits)
            if answer and answer.elsewhere:
                self.deliveries.withdraw(wanted)
                self.fleet.forget(self.name)
            elif answer:
                return self._found(answer, len(visits), lost)
        return [Failure("failed", "start", f"the Dask worker was lost {DEATHS} times under this visit")] * len(visits)

    def _found(self, answer: host.Answer, visits: int, lost: int) -> list[Outcome | Failure]:
        if answer.stopped:
            raise Interrupted(self.stop.by or 2)
        if answer.trouble:
            raise (NotContained if answer.uncontained else IpcbenchError)(safe_text(answer.trouble, 600))
        if len(answer.found) != visits:
            return [Failure("failed", "start", "the host did not say what every visit found")] * visits
        return [one.noted(lost) for one in answer.found]

    def close(self) -> None:
        """Do nothing: hosts keep no state between visits."""

    def _awaited(
        self, address: str, task: str, future: Any, ended: SimpleQueue[Any], seconds: float
    ) -> host.Answer | Failure | None:
        """Return the answer of this task, or of an earlier one of this visit; None if its worker was lost."""
        until = time.monotonic() + seconds + 2 * LONGEST_WAIT
        while True:
            with contextlib.suppress(Empty):
                over = ended.get(timeout=_LOOK)
                if over is future or over.status == "finished":
                    return _answer_of(over)
            if self.stop.by is not None:
                self.fleet.stop_sitting(address, task)
                with contextlib.suppress(Empty):
                    ended.get(timeout=LAST_WORDS)
                raise Interrupted(self.stop.by)
            if address not in self.fleet.workers() and ended.empty():
                return None
            if time.monotonic() > until:
                raise HostLost("its Dask worker does not end a visit whose deadline has passed")


def _answer_of(future: Any) -> host.Answer | Failure | None:
    """Return the answer of an ended task; None if it was lost. Raises IpcbenchError if it cannot be decoded."""
    from distributed import CancelledError

    try:
        said = future.result(timeout=LONGEST_WAIT)
    except CancelledError:  # the task was lost with the connection to the scheduler
        return None
    except Exception as error:  # raised on the host after the last retry, or by Dask
        return Failure("failed", "start", f"the host could not make it: {safe_text(error, 300)}")
    try:
        answer: host.Answer = msgspec.json.decode(said, type=host.Answer)
    except (msgspec.MsgspecError, TypeError) as error:
        raise IpcbenchError(f"its answer cannot be read: {safe_text(error, 200)}") from error
    return answer


class HostSite:
    """A host of a fleet as a `run.site.Site`."""

    def __init__(self, fleet: Fleet, name: str, stop: Stop, deliveries: Deliveries) -> None:
        self.fleet, self.name, self.stop, self.deliveries = fleet, name, stop, deliveries

    def stopping(self) -> contextlib.AbstractContextManager[Stop]:
        return contextlib.nullcontext(self.stop)  # one for the whole fleet, which the caller has entered

    def refused(self, _request: Request) -> Sequence[str]:
        return ()  # a fleet measures no plug-ins

    def plan(self, request: Request, seed: int, budget: Budget, timing: Timing) -> Plan:
        plan, reason, elsewhere = self._call(host.plan_here, request, seed, budget, timing)
        if plan is None:
            raise (NotHere if elsewhere else BadRequest)(safe_text(reason, 2000))
        return plan

    def machine(self) -> MachineFacts:
        return self.facts.machine

    def identity(self, salt: str | None, plugins: Sequence[str]) -> Identity:
        return self._call(identity, salt, plugins)

    def examine(self) -> list[Finding]:
        return self._call(examine)

    def leftovers(self) -> int:
        return self._call(host.leftovers)

    def visits(self, plan: Plan, stop: Stop) -> RemoteVisitor:
        who = self.identity(hashlib.sha256(self.name.encode()).hexdigest()[:16], ())
        return RemoteVisitor(self.fleet, self.name, plan, who.software, stop, self.facts.isolation, self.deliveries)

    @functools.cached_property
    def facts(self) -> host.Facts:
        """Return the facts of the host, which are asked for once."""
        return self._call(host.facts)

    def _call(self, function: Callable[..., T], *arguments: object) -> T:
        return self.fleet.call(self.name, self.stop, function, *arguments)
