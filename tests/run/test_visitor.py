"""One visit and its verdicts: whatever happens inside, it ends before its deadline and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest
from commands import EXTRA, signalling_worker, until, when_timing

from ipcbench.errors import BadRequest, Interrupted
from ipcbench.measure import mechanisms
from ipcbench.model import Case, Failure, Outcome, StartMethod, Timing, Visit
from ipcbench.run.containment.run_folder import LONGEST_FOLDER, short_folder
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import (
    CALIBRATED,
    LEAST_DEADLINE,
    Visitor,
    deadlines,
    worker_arguments,
)

pytestmark = pytest.mark.usefixtures("no_leaks")

QUICK = Timing(values=1, warmups=1, min_time=0.001)
MANY = 1_000_000  # more loops than any test waits for
SOON = 15.0  # half of the deadline


@pytest.fixture(autouse=True)
def broken_things(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give workers and peers the mechanisms and patterns of tests/support/extra; make warnings errors there."""
    monkeypatch.setenv("PYTHONPATH", str(EXTRA))
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.delenv("IPCBENCH_TIMEOUT_MUL", raising=False)


def visit(stop: Stop, case: Case, loops: int | None = 20, timing: Timing = QUICK) -> Outcome | Failure:
    visitor = Visitor(timing, stop)
    try:
        return visitor.visit(Visit(case, 1, 0, loops))
    finally:
        visitor.close()


def failed(stop: Stop, case: Case, loops: int = 20) -> Failure:
    began = time.monotonic()
    found = visit(stop, case, loops)
    assert isinstance(found, Failure), found
    assert time.monotonic() - began < SOON
    return found


def test_a_visit_gives_values_warmups_and_what_they_cost(stop: Stop) -> None:
    found = visit(stop, Case("ping-pong", "pipe", 64), 50, Timing(values=3, warmups=2, min_time=0.001))
    assert isinstance(found, Outcome)
    assert (len(found.values), len(found.warmups), found.loops, found.operations) == (3, 2, 50, 150)
    assert all(value > 0 for value in found.values)
    assert found.cpu_user + found.cpu_system > 0
    assert found.wall > 0
    assert len(found.cpus) == 2


def test_operations_of_a_cell_pattern_are_counted_for_every_worker(stop: Stop) -> None:
    found = visit(stop, Case("counter", "value", 8, workers=2), 100, Timing(values=2, warmups=1, min_time=0.001))
    assert isinstance(found, Outcome)
    assert found.operations == 2 * 2 * 100


def test_a_calibrating_visit_finds_loops_that_fill_the_shortest_value(stop: Stop) -> None:
    found = visit(stop, Case("ping-pong", "pipe", 64), None, Timing(values=1, warmups=0, min_time=0.005))
    assert isinstance(found, Outcome)
    loops, per_operation = found.warmups[-1]
    assert loops * per_operation >= 0.005 * CALIBRATED
    assert found.values == ()


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("mechanism", ["pipe", "queue", "value", "array", "manager-queue"])
def test_a_killed_peer_makes_the_case_failed_not_hung(stop: Stop, mechanism: str, method: StartMethod) -> None:
    size = 8 if mechanism == "value" else 64
    found = failed(stop, Case("killed-peer", mechanism, size, start_method=method))
    assert (found.verdict, found.stage) == ("failed", "timing")
    assert found.detail == "peer 1 of 1 was killed by SIGKILL"


@pytest.mark.parametrize("size", [64, 2**20])
@pytest.mark.parametrize("mechanism", ["pipe", "queue", "simple-queue", "raw-array", "manager-list"])
def test_a_peer_killed_while_messages_are_in_flight_makes_the_case_failed_not_hung(
    stop: Stop, mechanism: str, size: int
) -> None:
    found = failed(stop, Case("killed-reader", mechanism, size))
    assert (found.verdict, found.stage) == ("failed", "timing")
    assert "peer 1 of 1 was killed by SIGKILL" in found.detail


@pytest.mark.usefixtures("short_timing")
def test_a_killed_peer_of_a_forkserver_is_caught_by_the_deadline(stop: Stop) -> None:
    found = visit(stop, Case("killed-peer", "pipe", 64, start_method="forkserver"))
    assert isinstance(found, Failure)
    assert (found.verdict, found.stage) in {("timed-out", "timing"), ("failed", "timing")}


def test_a_peer_that_raises_makes_the_case_failed_with_its_words(stop: Stop) -> None:
    found = failed(stop, Case("raising-peer", "pipe", 64))
    assert found == Failure("failed", "timing", "peer 1 of 1 raised ValueError: no more of this")


@pytest.mark.usefixtures("short_timing")
def test_a_peer_that_never_answers_is_timed_out(stop: Stop) -> None:
    found = visit(stop, Case("deaf-peer", "queue", 64))
    assert isinstance(found, Failure)
    assert (found.verdict, found.stage) == ("timed-out", "timing")
    assert "no end after" in found.detail


def test_a_flipped_bit_is_reported_as_unverified(stop: Stop) -> None:
    found = failed(stop, Case("stream", "lossy", 64))
    assert (found.verdict, found.stage) != ("failed", "timing")
    assert found.verdict == "unverified"


def failure_at_last(stop: Stop, case: Case) -> Failure:
    """The first failure of a case with workers that fail when they meet, which they need not in every visit."""
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        found = visit(stop, case, 100_000)
        if isinstance(found, Failure):
            return found
    raise AssertionError(f"no failure of {case.id} in a minute")


def test_a_lost_update_is_reported_as_unverified(stop: Stop) -> None:
    found = failure_at_last(stop, Case("counter", "unlocked-value", 8, workers=2))
    assert found.verdict == "unverified"
    assert "increments" in found.detail


def test_a_signal_that_does_not_wait_is_reported_as_unverified(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    # The judge, who is here, asks the mechanism about its peers.
    monkeypatch.setattr(mechanisms, "__path__", [*mechanisms.__path__, str(EXTRA / "mechanisms")])
    found = failed(stop, Case("hand-over", "hasty-signal", 0))
    assert (found.verdict, found.stage) == ("unverified", "verification")
    assert "a wait returned before its notification" in found.detail


def test_updates_lost_without_the_lock_are_a_finding(stop: Stop) -> None:
    found = failure_at_last(stop, Case("counter", "value", 8, 2, "unlocked"))
    assert found.verdict == "wrong"
    assert re.fullmatch(r"lost [0-9,]+ of [0-9,]+ increments", found.detail)


def test_a_mechanism_that_does_not_exist_makes_the_case_failed_in_one_line(stop: Stop) -> None:
    found = failed(stop, Case("ping-pong", "no-such-thing", 64))
    assert found.verdict == "failed"
    assert len(found.detail.splitlines()) == 1
    assert "no-such-thing" in found.detail


def test_a_killed_worker_makes_the_case_failed_and_its_peers_are_gone(stop: Stop, temporary: Path) -> None:
    thread = when_timing(temporary, signalling_worker(signal.SIGKILL))
    found = failed(stop, Case("ping-pong", "pipe", 64), MANY)
    thread.join(SOON)
    assert found == Failure("failed", "timing", "the worker was killed by SIGKILL")


def test_asking_to_stop_ends_a_visit_that_is_under_way(stop: Stop, temporary: Path) -> None:
    def act() -> None:
        assert until(lambda: any(temporary.glob("*/*/stage")), SOON)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=act)
    thread.start()
    with pytest.raises(Interrupted) as caught:
        visit(stop, Case("ping-pong", "manager-queue", 64), MANY)
    thread.join(SOON)
    assert caught.value.exit_code == 130


def test_the_deadline_is_ten_times_the_plan_and_at_least_half_a_minute() -> None:
    short = Visit(Case("ping-pong", "pipe", 64), 1, 0, 1)
    assert deadlines(short, QUICK) == {
        "visit": LEAST_DEADLINE,
        "timing": LEAST_DEADLINE,
        "stage": LEAST_DEADLINE / 2,
    }
    long = deadlines(short, Timing(values=99, warmups=1, min_time=1.0))
    assert long["visit"] == pytest.approx(10 * (100 + 0.5 + 0.1))


def test_a_slow_machine_can_stretch_deadlines_and_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    some = Visit(Case("ping-pong", "pipe", 64), 1, 0, 1)
    monkeypatch.setenv("IPCBENCH_TIMEOUT_MUL", "2.5")
    assert deadlines(some, QUICK)["visit"] == 2.5 * LEAST_DEADLINE
    monkeypatch.setenv("IPCBENCH_TIMEOUT_MUL", "soon")
    with pytest.raises(BadRequest, match=r"IPCBENCH_TIMEOUT_MUL='soon': expected a number from 0\.01 to 100"):
        deadlines(some, QUICK)


def test_round_zero_calibrates_and_other_rounds_take_their_loops(tmp_path: Path) -> None:
    case = Case("ping-pong", "pipe", 64)
    calibrating = worker_arguments(Visit(case, 0, 0, None), QUICK, tmp_path)
    assert "--calibrate-loops" in calibrating
    assert "--loops" not in calibrating
    timed = worker_arguments(Visit(case, 1, 0, 7), QUICK, tmp_path)
    assert timed[timed.index("--loops") + 1] == "7"
    assert "--calibrate-loops" not in timed


def test_a_temporary_folder_too_long_for_sockets_is_left_for_a_shorter_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * LONGEST_FOLDER)
    long.mkdir()
    short = "/tmp"
    monkeypatch.setattr("tempfile.tempdir", str(long))
    assert short_folder((short,)) == short
    assert short_folder(()) == str(long)


def test_managers_work_below_a_long_temporary_folder(
    stop: Stop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 60)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    assert isinstance(visit(stop, Case("ping-pong", "manager-queue", 64)), Outcome)
