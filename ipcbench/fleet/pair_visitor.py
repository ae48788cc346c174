"""Visits between two hosts: both halves or neither, under the locks of both."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from ipcbench.errors import HostLost, Interrupted
from ipcbench.fleet import half
from ipcbench.fleet.client import Fleet
from ipcbench.fleet.host import Answer
from ipcbench.fleet.lock import LONGEST_WAIT
from ipcbench.fleet.visitor import DEATHS, LAST_WORDS, again, answer_of, refuse_trouble
from ipcbench.model import Failure, Outcome, Timing, Visit
from ipcbench.run.interrupt import Stop
from ipcbench.run.schedule import worse
from ipcbench.run.visit import deadlines

PARTING = 10.0  # seconds by which one half may end after the other
_LOOK = 0.25


class _Lost(Exception):
    """A half was lost with its Dask worker, or came to another host."""


class _Spoiled(Exception):
    """A half has ended before it could begin; failure says how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Ends:
    """Which two hosts, by their ids, and the server's address that is bound to."""

    server: str
    client: str
    interface: str


@dataclass(slots=True, eq=False)
class _Half:
    """One half of a visit as it is seen from here."""

    name: str
    address: str
    task: str
    future: Any
    over: bool = False


class PairVisitor:
    """Makes the visits between two hosts, one at a time; see `visit.Visitor`.

    Each host's half is a Dask task. They are asked for in the order of the hosts' ids, and the second when the first
    holds its host: so two pairs, or a pair and a run, wait for each other and never both. Only when both are held does
    either begin.
    """

    def __init__(self, fleet: Fleet, ends: Ends, timing: Timing, stop: Stop, isolation: str) -> None:
        self.fleet, self.ends, self.timing, self.stop, self.isolation = fleet, ends, timing, stop, isolation
        self._begun = f"ipcbench-{os.urandom(8).hex()}"
        self._made = 0

    def visit(self, visit: Visit) -> Outcome | Failure:
        """Make one visit; raises Interrupted, and HostLost, NotContained and others if no further one can be made."""
        for lost in range(DEATHS):
            try:
                found = self._together(visit)
            except _Lost:
                continue
            return again(found) if lost and isinstance(found, Outcome) else found
        return Failure("failed", "start", f"a Dask worker was lost {DEATHS} times under this visit")

    def close(self) -> None:
        """Nothing stays on a host between visits."""

    def _together(self, visit: Visit) -> Outcome | Failure:
        self._made += 1
        halves: dict[str, _Half] = {}
        ended: SimpleQueue[_Half] = SimpleQueue()
        try:
            for name in sorted((self.ends.server, self.ends.client)):
                halves[name] = self._ordered(name, visit, ended)
                self._await(halves, ended, half.is_held, halves[name], "was not free")
            server, client = halves[self.ends.server], halves[self.ends.client]
            self._ask(server, half.begin, None)
            meeting = self._await(halves, ended, half.published, server, "did not say where it waits")
            self._ask(client, half.begin, meeting)
            return self._outcome(*self._answers(halves, ended, deadlines(visit, self.timing)["visit"]))
        except _Spoiled as error:
            return error.failure
        finally:
            self._end(halves.values(), ended)

    def _ordered(self, name: str, visit: Visit, ended: SimpleQueue[_Half]) -> _Half:
        task = f"{self._begun}-{visit.case.id}-{visit.round}-{self._made}-{name}"
        address = self.fleet.find(name, self.stop)
        interface = self.ends.interface if name == self.ends.server else ""
        future = self.fleet.submit(address, task, half.make_half, name, visit, self.timing, interface, retries=0)
        ordered = _Half(name, address, task, future)
        future.add_done_callback(lambda _: ended.put(ordered))
        return ordered

    def _await(
        self,
        halves: dict[str, _Half],
        ended: SimpleQueue[_Half],
        function: Callable[..., Any],
        about: _Half,
        otherwise: str,
    ) -> Any:
        """What a function says of a half on its host, once that is something.

        Raises _Spoiled if a half ends before, or after LONGEST_HOLD.
        """
        until = time.monotonic() + half.LONGEST_HOLD
        while not (found := self._ask(about, function, _LOOK)):
            self._look(halves)
            with contextlib.suppress(Empty):
                over = ended.get_nowait()
                over.over = True
                answer = self._answer(over)
                raise _Spoiled(
                    _failure(over.name, answer) or Failure("failed", "start", f"host {over.name} ended early")
                )
            if time.monotonic() > until:
                raise _Spoiled(
                    Failure("failed", "start", f"host {about.name} {otherwise} in {half.LONGEST_HOLD:.0f} s")
                )
        return found

    def _answers(
        self, halves: dict[str, _Half], ended: SimpleQueue[_Half], seconds: float
    ) -> list[tuple[str, Answer | Failure]]:
        """What both halves answer, by their hosts, in the order in which they ended."""
        found: list[tuple[str, Answer | Failure]] = []
        until = time.monotonic() + seconds + 2 * LONGEST_WAIT
        while len(found) < len(halves):
            with contextlib.suppress(Empty):
                over = ended.get(timeout=_LOOK)
                over.over = True
                found.append((over.name, self._answer(over)))
                until = min(until, time.monotonic() + PARTING)
                continue
            self._look(halves)
            if time.monotonic() > until and found:
                for left in [each for each in halves.values() if not each.over]:
                    self.fleet.stop_visit(left.address, left.task)
                    until = time.monotonic() + LAST_WORDS + LONGEST_WAIT
            if time.monotonic() > until:
                raise HostLost("a Dask worker does not end a visit whose deadline has passed")
        return found

    def _outcome(self, *answers: tuple[str, Answer | Failure]) -> Outcome | Failure:
        """What a visit comes to by what its halves answer: what spoiled it first, of what is equally bad."""
        failures = [failure for name, answer in answers if (failure := _failure(name, answer))]
        if failures:
            return functools.reduce(worse, failures)
        said = dict(answers)
        server, client = said[self.ends.server], said[self.ends.client]
        if isinstance(server, Answer) and isinstance(client, Answer) and client.outcome:
            return client.outcome._replace(notes=tuple(dict.fromkeys((*client.outcome.notes, *server.notes))))
        return Failure("failed", "start", "the client's host said nothing of what it found")

    def _answer(self, over: _Half) -> Answer | Failure:
        answer = answer_of(over.future)
        if answer is None:
            raise _Lost
        if isinstance(answer, Answer):
            if answer.elsewhere:
                self.fleet.forget(over.name)
                raise _Lost
            if answer.stopped and self.stop.by is not None:
                raise Interrupted(self.stop.by)
            refuse_trouble(answer)
        return answer

    def _look(self, halves: dict[str, _Half]) -> None:
        """Raise Interrupted if the user wants to stop, and _Lost if a half has gone with its Dask worker."""
        if self.stop.by is not None:
            raise Interrupted(self.stop.by)
        workers = self.fleet.workers()
        if any(each.address not in workers and not each.over for each in halves.values()):
            raise _Lost

    def _ask(self, of: _Half, function: Callable[..., Any], *arguments: object) -> Any:
        """Call a function at a half's host; raises _Lost if that has gone."""
        try:
            return self.fleet.at(of.address, function, of.task, *arguments)
        except HostLost:
            until = time.monotonic() + LAST_WORDS
            while time.monotonic() < until:
                if of.address not in self.fleet.workers():
                    raise _Lost from None
                time.sleep(_LOOK)
            raise

    def _end(self, halves: Any, ended: SimpleQueue[_Half]) -> None:
        """End what is under way of a visit, and wait for it, so that the next one finds its hosts free."""
        left = [each for each in halves if not each.over]
        for each in left:
            self.fleet.stop_visit(each.address, each.task)
        until = time.monotonic() + LAST_WORDS
        while any(not each.over for each in left) and time.monotonic() < until:
            with contextlib.suppress(Empty):
                ended.get(timeout=_LOOK).over = True
                continue
            with contextlib.suppress(HostLost):
                workers = self.fleet.workers()
                left = [each for each in left if each.address in workers]
        for each in halves:
            with contextlib.suppress(Exception):  # Dask's own, of a cluster that has gone
                each.future.cancel()


def _failure(name: str, answer: Answer | Failure) -> Failure | None:
    """Why a half has spoiled its visit; None if it has not."""
    if isinstance(answer, Failure):
        found: Failure | None = answer
    elif answer.stopped:
        found = Failure("failed", "timing", "it did not end when the other half had")
    else:
        found = answer.failure
    return found and found._replace(detail=f"host {name}: {found.detail}")
