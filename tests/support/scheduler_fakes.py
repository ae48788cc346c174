"""A fake clock, and computed visits."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from ipcbench.errors import Interrupted, ResultError
from ipcbench.model import Case, Failure, Outcome, Visit
from ipcbench.run.listener import Ahead
from ipcbench.run.schedule import Attempt
from ipcbench.run.stop import Stop


def outcome(seconds: float = 1e-4, loops: int = 400) -> Outcome:
    return Outcome(
        values=(seconds, seconds),
        warmups=((loops, seconds),),
        loops=loops,
        operations=2 * loops,
        cpu_user=0.01,
        cpu_system=0.01,
        context_switches=3,
        wall=0.3,
        cpus=((0,), (1,)),
        metadata={"loops": loops, "inner_loops": 1},
    )


class Clock:
    """A time.monotonic that moves only on request."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class Bench:
    """Visits that take `seconds` each on the fake clock; some of them fail, or stop the run, or cannot be recorded."""

    def __init__(self, clock: Clock, seconds: float = 1.0) -> None:
        self.clock, self.seconds = clock, seconds
        self.made: list[Visit] = []
        self.recorded: list[tuple[Visit, Outcome | Failure]] = []
        self.begun: list[tuple[Visit, int]] = []
        self.kept: dict[tuple[Case, int, int], Attempt] = {}
        self.ahead: list[tuple[float, int, Ahead]] = []
        self.failures: list[Case] = []
        self.reasons: list[Failure] = []
        self.fail: dict[tuple[Case, int], Failure] = {}
        self.fail_once: dict[tuple[Case, int], Failure] = {}
        self.stop_after = self.unsaved_after = 10**9
        self.stop: Stop | None = None

    def visit(self, visit: Visit) -> Outcome | Failure:
        if len(self.made) == self.stop_after:
            raise Interrupted(signal.SIGINT)
        self.made.append(visit)
        self.clock.now += self.seconds
        key = visit.case, visit.round
        return self.fail_once.pop(key, None) or self.fail.get(key) or outcome()

    def sitting(self, visits: Sequence[Visit], seed: str) -> list[Outcome | Failure]:
        assert len({visit.case.block for visit in visits}) == 1
        assert seed
        return [self.visit(visit) for visit in visits]

    def started(self, visit: Visit, attempt: int) -> None:
        self.begun.append((visit, attempt))

    def ended(self, visit: Visit, attempt: int, seconds: float, found: Outcome | Failure) -> None:
        if len(self.recorded) == self.unsaved_after:
            raise ResultError("mine.journal: cannot write: no space left")
        self.recorded.append((visit, found))
        self.kept[visit.case, visit.round, attempt] = Attempt(found, seconds)

    def visiting(self, visits: Sequence[Visit], ahead: Ahead) -> None:
        assert ahead.seconds >= 0
        self.ahead.append((self.clock.now, visits[0].round, ahead))

    def failed(self, case: Case, failure: Failure) -> None:
        self.failures.append(case)
        self.reasons.append(failure)
