"""A sitting: visits that are alive at once and take turns, so that time disturbs all of them alike.

    get ready ─ all but one asleep: cycles of turns in shuffled order, until no visit wants another ─ end

A visit that fails loses only its own turns.
"""

from __future__ import annotations

import os
import random
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ipcbench.run.containment.warden_client import Report, Request, WardenClient
from ipcbench.run.stop import Stop

_AT_ONCE = 2 * (os.cpu_count() or 1)  # visits that get ready, or end, at the same time


class Seat(NamedTuple):
    """How a visit of a sitting ended, and the places of its turns in the order of the sitting, from 0."""

    report: Report
    turns: Sequence[int]


class Sitting:
    """The visits of one sitting, on the way from their requests to their reports."""

    def __init__(self, warden: WardenClient, stop: Stop) -> None:
        self._warden, self._stop = warden, stop
        self._wishes: dict[str, str] = {}  # visits that wait, by what they wait for
        self._turns: dict[str, list[int]] = {}
        self._reports: dict[str, Report] = {}
        self._working: set[str] = set()

    def hold(self, requests: Sequence[Request], seed: str) -> list[Seat]:
        """Make all visits; return how each ended. seed shuffles every cycle. Raises WardenLost."""
        names = [Path(request.folder).name for request in requests]
        wanted = dict(zip(names, requests, strict=True))
        self._a_few_at_once(names, lambda name: self._begin(name, wanted[name]))
        self._take_turns(names, random.Random(seed))
        self._a_few_at_once(names, lambda name: self._give(name) if name in self._wishes else None)
        machine = [note for report in self._reports.values() for note in report.machine]
        for report in self._reports.values():
            report.machine = machine
        return [Seat(self._reports.get(name) or Report(name, "stopped"), self._turns.get(name, ())) for name in names]

    def _take_turns(self, names: Sequence[str], chance: random.Random) -> None:
        """Give every visit that wants one a turn, in another order each cycle."""
        place = 0
        while cycle := [name for name in names if self._wishes.get(name) == "wants-turn"]:
            chance.shuffle(cycle)
            for name in cycle:
                if name not in self._wishes:
                    continue  # it has ended
                self._turns[name].append(place)
                place += 1
                self._give(name)
                while self._working:
                    self._listen()

    def _a_few_at_once(self, names: Sequence[str], start: Callable[[str], object]) -> None:
        """Start something for every visit, while few of them work, and wait until none does."""
        waiting = deque(names)
        while waiting or self._working:
            while waiting and len(self._working) < _AT_ONCE:
                start(waiting.popleft())
            if self._working:
                self._listen()

    def _begin(self, name: str, request: Request) -> None:
        if self._stop.by is None:
            self._turns[name] = []
            self._working.add(name)
            self._warden.begin(request)

    def _give(self, name: str) -> None:
        self._working.add(name)
        del self._wishes[name]
        self._warden.give_turn(name)

    def _listen(self) -> None:
        for heard in self._warden.listen(self._stop):
            name = heard.visit
            if isinstance(heard, Report):
                self._reports[name] = heard
                self._working.discard(name)
                self._wishes.pop(name, None)
            else:
                self._wishes[name] = heard.said
                self._working.discard(name)
