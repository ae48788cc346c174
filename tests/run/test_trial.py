"""The first trial: who is left out, when, and how much is measured of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from scheduler_fakes import Clock, outcome

from ipcbench.cli.measuring.listener import Lines, Terminal
from ipcbench.model import Budget, Failure, Outcome, Timing, Visit
from ipcbench.plan.planner import Request
from ipcbench.run import trial
from ipcbench.run.local import Local
from ipcbench.run.request import Destination, RunRequest
from ipcbench.run.stop import Stop

FAST = {"pipe": 10e-6, "queue": 35e-6, "simple-queue": 41e-6, "manager-queue": 400e-6}  # seconds per operation


class Place(Local):
    """This machine, but every visit takes as long as the clock says and finds what it is told to."""

    def __init__(self, clock: Clock, cost: float, found: Mapping[str, float]) -> None:
        super().__init__()
        self.clock, self.cost, self.found = clock, cost, found

    def stopping(self) -> AbstractContextManager[Stop]:
        return nullcontext(Stop())

    def visits(self, *_: object) -> Any:
        return self

    def sitting(self, visits: Sequence[Visit], _seed: str) -> list[Outcome | Failure]:
        self.clock.now += self.cost * len(visits)
        return [self._outcome(visit.case.mechanism) for visit in visits]

    def _outcome(self, name: str) -> Outcome | Failure:
        if name not in self.found:
            return Failure("failed", "timing", "it broke")
        return outcome()._replace(warmups=((1, 9.0), (64, self.found[name]), (128, 3 * self.found[name])))

    def close(self) -> None:
        pass


class Quiet(Terminal):
    def progress(self) -> AbstractContextManager[Lines]:
        return nullcontext(Lines(lambda _: None))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(trial, "time", made)
    return made


def tried(clock: Clock, seconds: float, cost: float = 0.1, found: Mapping[str, float] = FAST) -> trial.Trial:
    request = RunRequest(
        request=Request(mechanisms=tuple(FAST), patterns=("ping-pong",), sizes=(64,), workers=(1,)),
        budget=Budget(seconds, most_rounds=30),
        timing=Timing(),
        seed=1,
        label="which",
        command="which",
        full_metadata=False,
        destination=Destination(Path(), None, False, lambda *_: ""),
    )
    return trial.narrowed(request, Place(clock, cost, found), Quiet(quiet=True))


def test_all_are_measured_if_there_is_time(clock: Clock) -> None:
    left = tried(clock, 10.0)
    assert not left.slow
    assert set(left.request.request.mechanisms) == set(FAST)
    assert left.request.timing.values == trial.MOST_VALUES
    assert left.request.budget.seconds == pytest.approx(9.6)


def test_those_more_than_four_times_as_slow_are_left_out_if_there_is_not(clock: Clock) -> None:
    left = tried(clock, 3.0)
    assert left.slow == {"simple-queue", "manager-queue"}
    assert (left.fastest, left.tried) == ("pipe", 4)
    assert left.request.request.mechanisms == ("pipe", "queue")
    assert not tried(clock, left.needed + 0.01).slow


def test_what_failed_is_measured_again_and_its_reason_shown(clock: Clock) -> None:
    assert "queue" in tried(clock, 3.0, found={"pipe": 1e-6, "manager-queue": 1e-3}).request.request.mechanisms


def test_if_that_is_not_enough_there_are_fewer_values_and_rounds(clock: Clock) -> None:
    left = tried(clock, 1.0)
    assert left.request.timing.values == trial.FEWEST_VALUES
    assert left.request.budget.least_rounds == trial.LEAST_ROUNDS
