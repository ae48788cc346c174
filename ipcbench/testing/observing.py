"""Run a mechanism under a warden, and collect the observations that the rules judge."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, NamedTuple

import msgspec

from ipcbench.errors import BadRequest, NotHere, is_shortage
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.process.names import visit_name
from ipcbench.model import Case, Failure, Outcome, StartMethod, Timing, Visit
from ipcbench.plan import catalog
from ipcbench.plan.plugins import checked
from ipcbench.run.containment.warden_client import Report, read_json
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Errand, Visitor
from ipcbench.testing.remains import sweep
from ipcbench.text import safe_text

IMPORT_SECONDS = 10.0  # for importing a mechanism and sending one message
SECONDS = 90.0  # for all observations under one start method
KILLED_SECONDS = 4.0  # deadline of a visit whose peer was killed
LOOPS = 20
AT_ONCE = 3  # observations of one mechanism at once; they sleep most of the time
TIMING = Timing(values=1, warmups=1, min_time=0.001)
_PROGRAM = ("-m", "ipcbench.measure.contract")


class Observed(dict[str, dict[str, Any]]):
    """Observations of measure.contract, by name. trouble: why they are missing or incomplete, in words."""

    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Killed:
    """The end of a visit whose peer was killed: how, after how many seconds, and what the warden did not remove."""

    ending: str
    seconds: float
    left: tuple[str, ...]


class Claims(msgspec.Struct):
    """The result of the process that imports a mechanism, see measure.contract.claims."""

    refused: str = ""
    pulled: list[str] = []


class Imported(NamedTuple):
    """What importing a mechanism did, in its own process.

    against: why the mechanism cannot be tried further, in words; mechanism is None then. pulled: the libraries that it
    imported. printed: whether anything was printed.
    """

    against: str = ""
    mechanism: Mechanism | None = None
    pulled: Sequence[str] = ()
    printed: bool = False


class Subject:
    """One mechanism and its observations: all start at once, and each property waits for its own."""

    def __init__(self, name: str, imported: Imported, visitors: Sequence[Visitor], every_method: bool = True) -> None:
        self.name = name
        self.imported = imported
        self._idle: SimpleQueue[Visitor] = SimpleQueue()
        for visitor in visitors:
            self._idle.put(visitor)
        self._pool = ThreadPoolExecutor(len(visitors))
        self._seen: dict[StartMethod, Future[Observed]] = {}
        if imported.mechanism:
            methods = imported.mechanism.start_methods
            tried = methods if every_method else methods[:1]
            self._seen = {method: self._pool.submit(self._observe, method) for method in tried}
            if imported.mechanism.peers in ("processes", "own"):
                self._killed = self._pool.submit(self._kill, methods[0])
            self._visited = self._pool.submit(self._visit)

    def close(self) -> None:
        """Wait for all observations that have begun."""
        self._pool.shutdown()

    @property
    def mechanism(self) -> Mechanism:
        """The mechanism; raises LookupError if it could not be imported, when only the first rule applies."""
        if self.imported.mechanism is None:
            raise LookupError(self.name)
        return self.imported.mechanism

    @property
    def first(self) -> Observed:
        """Observations under the first start method, which are complete."""
        return self._seen[self.mechanism.start_methods[0]].result()

    @property
    def everywhere(self) -> Mapping[StartMethod, Observed]:
        """Observations under each start method that is tried."""
        return {method: found.result() for method, found in self._seen.items()}

    @property
    def killed(self) -> Killed:
        """The end of a visit whose peer was killed in the middle of its messages."""
        return self._killed.result()

    @property
    def visited(self) -> Outcome | Failure:
        """The outcome of a visit, as `ipcbench run` makes it, in the first pattern that the mechanism can play."""
        return self._visited.result()

    @contextlib.contextmanager
    def _visitor(self) -> Iterator[Visitor]:
        visitor = self._idle.get()
        try:
            yield visitor
        finally:
            self._idle.put(visitor)

    def _observe(self, method: StartMethod) -> Observed:
        with self._visitor() as visitor:
            return _observed(visitor.errand((*_PROGRAM, self.name, method), SECONDS))

    def _kill(self, method: StartMethod) -> Killed:
        with self._visitor() as visitor:
            errand = visitor.errand((*_PROGRAM, self.name, method, "killed"), KILLED_SECONDS)
            left = tuple(sweep(visit_name(visitor.run_id, visitor.made), visitor.folder))
        report = errand.report
        if isinstance(report, Failure):
            return Killed(report.detail, errand.seconds, left)
        begun = "killed" in [stage for _, stage in report.stages]
        return Killed(report.ending if begun else _trouble(report) or "it ended before", errand.seconds, left)

    def _visit(self) -> Outcome | Failure:
        with self._visitor() as visitor:
            return visitor.visit(Visit(first_case(self.mechanism), 1, 0, LOOPS))


def first_case(mechanism: Mechanism) -> Case:
    """Return the simplest case of a mechanism, under the first start method that it declares."""
    size = 8 if mechanism.carries == "number" else max(64, mechanism.smallest)
    size = min(size, mechanism.largest or size)
    sizes = {"hand-over": 0, "counter": 8}
    for name in ("ping-pong", "tasks", "counter", "hand-over", "tail", "stream"):
        pattern = catalog.pattern(name)
        operation = "" if "" in pattern.operations else pattern.operations[0]
        if name == "tasks" and mechanism.operations:
            operation = mechanism.operations[0]
        case = Case(name, mechanism.name, sizes.get(name, size), mechanism.least_workers, operation)
        case = case._replace(start_method=mechanism.start_methods[0], payload=mechanism.usual_payload)
        if not pattern.unfit(mechanism, case):
            return case
    raise LookupError(f"{mechanism.name} plays no pattern that is tried here")


@contextlib.contextmanager
def subject(name: str, stop: Stop, every_method: bool = True) -> Iterator[Subject]:
    """Yield a mechanism, built-in or a plug-in, with its observations under way.

    Without `every_method` it is observed under the first start method only that it declares.

    Raises UnknownName, BadRequest for a plug-in that cannot be used at all, NotHere if this machine lacks something
    that it needs, and Interrupted.
    """
    catalog.select_mechanisms([name])
    with contextlib.ExitStack() as opened:
        visitors = [opened.enter_context(closing(Visitor(TIMING, stop))) for _ in range(AT_ONCE)]
        imported = _imported(name, visitors[0])
        if imported.mechanism and (missing := catalog.missing(name)):
            raise NotHere(f"{missing}: its conformance cannot be tried here")
        try:
            seen = Subject(name, imported, visitors, every_method)
        except RuntimeError as error:
            if not is_shortage(error):
                raise
            raise NotHere(f"{name}: its conformance cannot be tried here: {error}") from error
        yield opened.enter_context(closing(seen))


def _imported(name: str, visitor: Visitor) -> Imported:
    """Import a mechanism in its own process and, if that does no harm, in this process too, for its facts."""
    errand = visitor.errand(("-m", "ipcbench.measure.contract.claims", name), IMPORT_SECONDS)
    report = errand.report
    if isinstance(report, Failure):
        return Imported(report.detail)
    try:
        claims = read_json(errand.left or b"{}", Claims)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return Imported("the record of the process that imports it cannot be read")
    against = safe_text(claims.refused, 600) or _harm(report, errand.seconds)
    if not against:
        try:
            known = catalog.plugin(name)
            mechanism = known.mechanism if known else checked(catalog.mechanism(name))
            against = (known and known.reason) or ""
        except BadRequest as error:
            against = str(error)
    if against:
        return Imported(against)
    return Imported("", mechanism, claims.pulled, bool(report.tail))


def _harm(report: Report, seconds: float) -> str:
    """Return how the process that imported a mechanism and sent one message failed, in words; empty if it did not.

    `seconds` is how long it ran.
    """
    stage, said = "importing it" if report.stage in ("start", "import") else report.stage, _said(report)
    if report.ending == "late":
        return f"{stage} had not ended {seconds:.0f} s after the process began{said}"
    if report.status:
        how = f"exit code {report.status}" if report.status > 0 else signal.Signals(-report.status).name
        return f"{stage} ended with {how}{said}"
    if report.stage != "exit":
        return f"{stage} ends the process{said}"
    processes = [leak for leak in report.leaks if leak.startswith("process")]  # visits find other leaks
    return f"left behind by importing it and sending one message: {safe_text(processes[0])}" if processes else ""


def _observed(errand: Errand) -> Observed:
    found = Observed()
    report = errand.report
    with contextlib.suppress(ValueError, TypeError):
        found.update(json.loads(errand.left or b"{}"))
    found.trouble = _trouble(report)
    return found


def _trouble(report: Report | Failure) -> str:
    """Return what went wrong besides the observations, in words; empty if nothing did."""
    if isinstance(report, Failure):
        return report.detail
    if report.ending == "late":
        return f"no end after {report.waited:.0f} s"
    if report.status:
        return f"exit code {report.status}{_said(report)}"
    return f"left behind: {', '.join(report.leaks[:3])}" if report.leaks else ""


def _said(report: Report) -> str:
    """Return a colon and the last line that the process printed; empty if it printed nothing."""
    lines = [line for line in report.tail.splitlines() if line.strip()]
    return f": {safe_text(lines[-1])}" if lines else ""
