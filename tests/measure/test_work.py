"""Work for each message: variants of questions with it, and what peers do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from commands import Finished
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.errors import BadRequest
from ipcbench.measure.api.pattern import Seat
from ipcbench.measure.api.work import busy, split, with_work
from ipcbench.measure.registry import load_mechanism, load_pattern, pattern_names
from ipcbench.model import Case, Outcome, Timing, Visit
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor
from ipcbench.units import parse_work, work_name

ABLE = [name for name in pattern_names() if load_pattern(name).works]
NOTHING = object()


@given(st.integers(1, 10_000_000))
def test_work_is_read_as_it_was_written(microseconds: int) -> None:
    assert parse_work(work_name(microseconds / 1e6)) == microseconds / 1e6


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("1us", 1e-6), ("10 µs", 1e-5), ("1.5ms", 0.0015), ("2MS", 0.002), ("10s", 10)]
)
def test_work_is_a_time(text: str, seconds: float) -> None:
    assert parse_work(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "0.5us", "1.0005ms", "11s", "1m", "-1ms", "ms", "0us", "nan", "1e3us"])
def test_other_work_is_refused_in_one_line_with_what_would_fit(text: str) -> None:
    with pytest.raises(BadRequest, match=r"expected 0, or 1us to 10s, such as 10us, 500us or 2ms\Z"):
        parse_work(text)


@pytest.mark.parametrize("question", ["fan-out", "tasks:map", "tasks:map-chunked"])
@given(st.integers(0, 10_000_000))
def test_a_question_and_its_work_are_told_apart_again(question: str, microseconds: int) -> None:
    named = with_work(question, microseconds / 1e6)
    assert split(named.partition(":")[2]) == (question.partition(":")[2], microseconds / 1e6)
    assert (named == question) == (microseconds == 0)
    assert Case.parse(f"{named}/queue/64B/1w").question == named


@pytest.mark.parametrize("name", pattern_names())
def test_only_a_pattern_whose_peers_receive_has_variants_with_work(name: str) -> None:
    pattern = load_pattern(name)
    for operation in pattern.operations:
        assert pattern.knows(operation)
        worked = with_work(f"{name}:{operation}" if operation else name, 0.001).partition(":")[2]
        assert pattern.knows(worked) == pattern.works
        assert not pattern.knows(f"{operation}x")


def test_a_case_with_work_that_its_pattern_has_not_is_refused_in_words() -> None:
    pipe, ping = load_mechanism("pipe"), load_pattern("ping-pong")
    assert ping.unfit(pipe, Case("ping-pong", "pipe", 64, 1, "work-1ms")) == "ping-pong has no work for a message"
    assert "expected closed, returned" in str(load_pattern("tail").unfit(pipe, Case("tail", "pipe", 64, 1, "magic")))


def test_the_work_takes_its_time_of_the_cpu() -> None:
    begun = time.thread_time()
    for _ in range(20):
        busy(0.002)(None)
    assert time.thread_time() - begun >= 0.04


@pytest.mark.parametrize(
    ("name", "payload", "received", "count"),
    [
        ("stream", "bytes", [b"a", b"bc"], 2),
        ("fan-out", "bytes", [b"abc", b"de", b"x"], 2),
        ("fan-out", "dataframe", [NOTHING, NOTHING, None], 2),
        ("task-queue", "bytes", [(0, b"a"), (1, b""), None], 2),
    ],
)
def test_a_receiver_works_on_messages_and_not_on_sentinels(
    monkeypatch: pytest.MonkeyPatch, name: str, payload: str, received: list[Any], count: int
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("ipcbench.measure.api.pattern.busy", lambda _: seen.append)
    waiting = iter(received)
    seat = load_pattern(name).working(Seat(0, "work-1ms", 1, 64, receive=lambda: next(waiting), payload=payload))
    assert [seat.receive() for _ in received] == received
    assert seen == received[:count]
    idle = Seat(0, "", 1, 64, receive=lambda: next(waiting))
    assert load_pattern(name).working(idle) is idle


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("name", ABLE)
def test_every_peer_of_such_a_pattern_works_on_each_message(stop: Stop, name: str) -> None:
    mechanism, operation = ("serial", "map-work-2ms") if name == "tasks" else ("pipe", "work-2ms")
    mechanism = "queue" if name in ("fan-out", "task-queue") else mechanism
    visitor = Visitor(Timing(values=1, warmups=0, min_time=0.001), stop)
    try:
        found = visitor.visit(Visit(Case(name, mechanism, 64, 1, operation), 1, 0, 5))
    finally:
        visitor.close()
    assert isinstance(found, Outcome), found
    assert found.values[0] >= 0.002
    assert found.cpu_user + found.cpu_system >= 5 * 0.002


@pytest.mark.usefixtures("no_leaks")
def test_workers_of_a_pool_work_on_their_tasks(stop: Stop) -> None:
    visitor = Visitor(Timing(values=1, warmups=0, min_time=0.001), stop)
    try:
        found = visitor.visit(Visit(Case("tasks", "pool", 64, 2, "map-work-2ms"), 1, 0, 6))
    finally:
        visitor.close()
    assert isinstance(found, Outcome), found
    assert found.cpu_user + found.cpu_system >= 6 * 0.002


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--pattern", "ping-pong", "--work", "1ms"), "--work is for broadcast, fan-out, pipeline, stream, task-queue"),
        (("--pattern", "fan-out", "--work", "1"), "work '1': expected 0, or 1us to 10s"),
        (("--pattern", "fan-out:work-1ms"), "unknown pattern 'fan-out:work-1ms'"),
    ],
)
def test_work_that_cannot_be_asked_for_is_refused_in_one_line(
    within: Callable[..., Finished], words: tuple[str, ...], said: str
) -> None:
    done = within("run", "--mechanism", "queue", *words)
    assert (done.code, len(done.errors)) == (2, 1)
    assert said in done.err


def test_a_dry_run_says_each_work_as_a_question_of_its_own(within: Callable[..., Finished]) -> None:
    done = within(
        "run",
        "--mechanism",
        "queue",
        "--pattern",
        "fan-out,ping-pong",
        "--size",
        "64B",
        "--workers",
        "1",
        "--work",
        "0,1ms,1000us",
        "--dry-run",
    )
    questions = [line.partition(",")[0] for line in done.out.splitlines()]
    assert questions[:3] == ["fan-out", "fan-out:work-1ms", "ping-pong"]
