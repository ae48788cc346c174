"""Work for each message and rates: variants of questions with them, and what senders and receivers do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from commands import Finished
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.errors import BadRequest
from ipcbench.measure.api.load import Load, Pace, busy, is_loaded, offered, split, with_load, without_rate
from ipcbench.measure.api.pattern import Lap, Seat
from ipcbench.measure.registry import load_mechanism, load_pattern, pattern_names
from ipcbench.model import Case, Outcome, Timing, Visit
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor
from ipcbench.units import parse_rate, parse_work, rate_name, work_name

ABLE = [name for name in pattern_names() if load_pattern(name).works]
RATED = [name for name in pattern_names() if load_pattern(name).rated]
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


@given(st.integers(1, 1_000_000))
def test_a_rate_is_read_as_it_was_written(rate: int) -> None:
    assert parse_rate(rate_name(rate)) == rate


@pytest.mark.parametrize(
    ("text", "rate"), [("0", 0), ("30", 30), ("30/s", 30), ("2.5k/s", 2500), (" 10 K/s", 10_000), ("1M/s", 1_000_000)]
)
def test_a_rate_is_messages_per_second(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "-1", "0.5/s", "30 Hz", "2M", "30/min", "nan", "1e3", "/s"])
def test_another_rate_is_refused_in_one_line_with_what_would_fit(text: str) -> None:
    with pytest.raises(BadRequest, match=r"expected 0, or 1/s to 1M/s, such as 30/s or 2\.5k/s\Z"):
        parse_rate(text)


WORKS = st.one_of(st.integers(0, 10_000_000).map(lambda number: work_name(number / 1e6)), st.just("detect-3f2a91bc"))


@pytest.mark.parametrize("question", ["fan-out", "tasks:map", "tasks:map-chunked"])
@given(WORKS, st.integers(0, 1_000_000))
def test_a_question_and_its_load_are_told_apart_again(question: str, work: str, rate: int) -> None:
    named = with_load(question, work, rate)
    assert split(named.partition(":")[2]) == Load(question.partition(":")[2], work, rate)
    assert (named == question) == (work == "0" and not rate)
    assert is_loaded(named.partition(":")[2]) == (named != question)
    assert offered(named) == rate
    assert without_rate(named) == with_load(question, work)
    assert Case.parse(f"{named}/queue/64B/1w").question == named


def test_the_rate_of_an_open_loop_is_offered_too() -> None:
    assert (offered("tail:open-30k"), without_rate("tail:open-30k")) == (30_000, "tail")
    assert (offered("tail:closed"), without_rate("tail:closed")) == (0, "tail:closed")


@pytest.mark.parametrize("name", pattern_names())
def test_only_a_pattern_that_can_have_it_has_variants_with_a_load(name: str) -> None:
    pattern = load_pattern(name)
    for operation in pattern.operations:
        assert pattern.knows(operation)
        question = f"{name}:{operation}" if operation else name
        assert pattern.knows(with_load(question, "1ms").partition(":")[2]) == pattern.works
        assert pattern.knows(with_load(question, rate=30).partition(":")[2]) == pattern.rated
        assert not pattern.knows(f"{operation}x")


def test_a_case_with_a_load_that_its_pattern_has_not_is_refused_in_words() -> None:
    pipe, ping = load_mechanism("pipe"), load_pattern("ping-pong")
    assert ping.unfit(pipe, Case("ping-pong", "pipe", 64, 1, "work-1ms")) == "ping-pong has no work for a message"
    assert ping.unfit(pipe, Case("ping-pong", "pipe", 64, 1, "rate-30")) == "ping-pong has no rate"
    packed = Case("stream", "pipe", 64, 1, "rate-30", placement="pack")
    assert "needs a CPU of its own" in str(load_pattern("stream").unfit(pipe, packed))
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
    monkeypatch.setattr("ipcbench.measure.api.pattern.work_of", lambda _: seen.append)
    waiting = iter(received)
    seat = load_pattern(name).loaded(Seat(0, "work-1ms", 1, 64, receive=lambda: next(waiting), payload=payload))
    assert [seat.receive() for _ in received] == received
    assert seen == received[:count]
    idle = Seat(0, "", 1, 64, receive=lambda: next(waiting))
    assert load_pattern(name).loaded(idle) is idle


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


@pytest.mark.parametrize(("senders", "due"), [(1, [10.5, 11.0, 11.5]), (2, [10.5, 11.5, 12.5])])
def test_senders_take_turns_at_equal_intervals(senders: int, due: list[float]) -> None:
    assert Pace(2, 0, senders).times(10.0, 3) == due
    assert Pace(2, 1, 2).times(10.0, 2) == [11.0, 12.0]


def test_a_message_waits_until_it_is_due_and_a_late_one_not_at_all() -> None:
    pace = Pace(50, 0, 1)
    pace.wait()
    assert pace.due == 1 / 50  # before a turn every message is due, so none has waited
    pace.begin()
    begun = time.perf_counter()
    for _ in range(3):
        pace.wait()
    assert time.perf_counter() - begun >= 3 / 50
    pace.due -= 5  # the sender was held up
    held_up = time.perf_counter()
    pace.wait()
    assert pace.due < held_up


def test_a_turn_at_a_rate_takes_as_long_as_its_messages_are_due_whatever_their_delay() -> None:
    seat, pattern = Seat(-1, "rate-10", 2, 64), load_pattern("fan-out")
    driver = Lap(5.0, 5.31, 4)  # due at 5.1, 5.2, 5.3 and 5.4
    peers = [Lap(5.0, 5.5, 2, stamps=[5.15, 5.35]), Lap(5.0, 5.5, 2, stamps=[5.25, 5.45])]
    assert pattern.seconds(seat, driver, peers) == pytest.approx(0.4)
    assert pattern.delays(seat, driver, peers) == pytest.approx([0.05] * 4)
    every, last = load_pattern("broadcast"), load_pattern("pipeline")
    peers = [Lap(5.0, 5.5, 4, stamps=[5.1 + late, 5.2 + late, 5.3 + late, 5.4 + late]) for late in (0.01, 0.03)]
    assert every.delays(seat, driver, peers) == pytest.approx([0.01] * 4 + [0.03] * 4)
    assert last.delays(seat, driver, peers) == pytest.approx([0.03] * 4)
    assert every.seconds(seat._replace(operation=""), driver, peers) == pytest.approx(0.5)


@pytest.mark.parametrize(("name", "workers"), [("fan-in", 2), ("many-to-many", 2)])
def test_senders_share_the_rate_and_what_they_send_is_timed_together(name: str, workers: int) -> None:
    pattern, seat = load_pattern(name), Seat(-1, "rate-10", workers, 64)
    sent = Lap(5.0, 5.4, 2)  # the first sender's are due at 5.1 and 5.3, the second's at 5.2 and 5.4
    got = Lap(5.0, 5.5, 2, stamps=[5.11, 5.22]), Lap(5.0, 5.5, 2, stamps=[5.33, 5.44])
    if name == "fan-in":
        driver, peers = Lap(5.0, 5.5, 2, stamps=[5.11, 5.22, 5.33, 5.44]), [sent, sent]
    else:
        driver, peers = Lap(0.0, 0.0, 2), [sent, got[0], sent, got[1]]
    assert pattern.delays(seat, driver, peers) == pytest.approx([0.01, 0.02, 0.03, 0.04])


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("name", RATED)
def test_messages_are_sent_at_the_rate_and_each_is_timed(stop: Stop, name: str) -> None:
    visitor = Visitor(Timing(values=2, warmups=0, min_time=0.001), stop)
    workers = 1 if name == "stream" else 2
    try:
        found = visitor.visit(Visit(Case(name, "queue", 64, workers, "rate-200"), 1, 0, 6))
    finally:
        visitor.close()
    assert isinstance(found, Outcome), found
    each = workers if name in ("fan-in", "many-to-many") else 1
    assert sum(count for _, count in found.tail) == 2 * 6 * each * (workers if name == "broadcast" else 1)
    # One message in 5 ms. A turn counts from its first message to its last, so it is shorter by what delayed the first.
    latest = max(delay for delay, _ in found.tail) * (1 + 2**-7) / 1e9
    assert min(found.values) * 6 * each >= 6 * each / 200 - latest


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--pattern", "ping-pong", "--rate", "30/s"), "--rate is for broadcast, fan-in, fan-out, many-to-many"),
        (("--pattern", "fan-out", "--rate", "30 Hz"), "rate '30 Hz': expected 0, or 1/s to 1M/s"),
        (("--pattern", "ping-pong", "--work", "1ms"), "--work is for broadcast, fan-out, pipeline, stream, task-queue"),
        (("--pattern", "fan-out", "--work", "1"), "work '1': expected 0, or 1us to 10s"),
        (("--pattern", "fan-out:work-1ms"), "unknown pattern 'fan-out:work-1ms'"),
    ],
)
def test_a_load_that_cannot_be_asked_for_is_refused_in_one_line(
    within: Callable[..., Finished], words: tuple[str, ...], said: str
) -> None:
    done = within("run", "--mechanism", "queue", *words)
    assert (done.code, len(done.errors)) == (2, 1)
    assert said in done.err


def test_a_dry_run_says_each_load_as_a_question_of_its_own(within: Callable[..., Finished]) -> None:
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
        "--rate",
        "0,30/s",
        "--dry-run",
    )
    questions = [line.partition(",")[0] for line in done.out.splitlines()]
    loaded = ["fan-out", "fan-out:rate-30", "fan-out:work-1ms", "fan-out:work-1ms-rate-30"]
    assert questions[:5] == [*loaded, "ping-pong"]
