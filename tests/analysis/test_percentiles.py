"""Single operations: their buckets, their percentiles, and what a rate that cannot be kept looks like."""

from __future__ import annotations

import math
import sys
import threading
from collections import deque
from queue import SimpleQueue
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from ipcbench.analysis.percentiles import LEAST_BEYOND, percentiles
from ipcbench.measure.api.digest import digest
from ipcbench.measure.api.histogram import bucket, histogram
from ipcbench.measure.api.pattern import Lap, Seat, Turn, Unverified
from ipcbench.measure.patterns.tail import RATES, Tail


@given(some.integers(0, 10**13))
def test_a_bucket_is_less_than_one_percent_below_its_delays(nanoseconds: int) -> None:
    lower = bucket(nanoseconds)
    assert lower <= nanoseconds < lower * (1 + 1 / 128) + 1
    assert bucket(lower) == lower


@given(some.lists(some.floats(-1e-6, 1e3), max_size=50))
def test_every_delay_is_counted_once(delays: list[float]) -> None:
    assert histogram(delays).total() == len(delays)


def frame(delays: list[float]) -> pd.DataFrame:
    counts = pd.Series(delays).value_counts().sort_index()
    return pd.DataFrame({"case": "a", "delay": counts.index, "count": counts.to_numpy()})


@given(some.lists(some.floats(1e-9, 10), min_size=1, max_size=3000))
def test_percentiles_are_those_of_the_single_operations(delays: list[float]) -> None:
    (row,) = percentiles(frame(delays)).itertuples(index=False)
    ordered = sorted(delays)
    assert (row.samples, row.most) == (len(delays), ordered[-1])
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)):
        if round(len(delays) * (1 - share), 6) >= LEAST_BEYOND:
            found = getattr(row, name)
            assert sum(delay <= found for delay in ordered) >= share * len(ordered) - 1e-9
            assert sum(delay < found for delay in ordered) <= share * len(ordered) + 1e-9
        else:
            assert math.isnan(getattr(row, name))


def test_the_delay_of_an_open_case_counts_from_when_the_message_was_due() -> None:
    seat = Seat(-1, "open-1k", 1, 64)
    peer = Lap(9.0, 10.010, 3, stamps=[10.0015, 10.010, 10.011])  # the second was held up, and the third behind it
    found = Tail().delays(seat, Lap(10.0, 10.003, 3), [peer])
    assert found == pytest.approx([0.0005, 0.008, 0.008])
    assert Tail().elapsed(Lap(10.0, 10.003, 3), [peer]) == pytest.approx(0.010)


def test_an_open_loop_lets_other_threads_of_its_process_run_while_it_waits() -> None:
    before = sys.getswitchinterval()
    sent, fed, seen = SimpleQueue[Any](), list[Any](), list[int]()

    def send(message: Any) -> None:
        seen.append(len(fed))
        sent.put(message)

    def feed() -> None:
        for message in iter(sent.get, None):
            fed.append(message)

    feeder = threading.Thread(target=feed, daemon=True)
    sys.setswitchinterval(100.0)  # nobody is made to let go of the lock
    try:
        feeder.start()
        Tail().drive(Seat(-1, "open-1k", 1, 64, send=send), lambda _: None, Turn(5, [b"a"] * 5))
    finally:
        sys.setswitchinterval(before)
        sent.put(None)
        feeder.join(10)
    assert seen[-1] >= 1, "what is sent is fed on before the last message is due"


def test_the_delay_of_a_closed_case_is_the_time_since_the_reply_before() -> None:
    driver = Lap(10.0, 10.6, 3, b"reply", stamps=[10.1, 10.4, 10.6])
    assert Tail().delays(Seat(-1, "closed", 1, 64), driver, [Lap(0, 0, 3)]) == pytest.approx([0.1, 0.3, 0.2])
    assert Tail().elapsed(driver, [Lap(0.0, 99.0, 3)]) == pytest.approx(0.6)


def test_a_send_is_timed_until_it_returns_and_until_it_is_received() -> None:
    driver = Lap(10.0, 11.0, 2, b"reply", stamps=[10.0, 10.1, 10.5, 10.7])
    peer = Lap(9.0, 10.95, 2, stamps=[10.3, 10.9])
    for operation, expected in (("returned", [0.1, 0.2]), ("delivered", [0.3, 0.4])):
        seat = Seat(-1, operation, 1, 64)
        assert Tail().delays(seat, driver, [peer]) == pytest.approx(expected)
    assert Tail().elapsed(driver, [peer]) == pytest.approx(1.0)


@pytest.mark.parametrize("operation", RATES)
def test_an_open_sender_is_never_ahead_of_its_schedule(operation: str) -> None:
    line: deque[Any] = deque()
    turn = Turn(5, [number.to_bytes(8, "little") for number in range(5)])
    lap = Tail().drive(Seat(-1, operation, 1, 64, line.append), lambda _: None, turn)
    assert len(line) == lap.operations == 5
    assert lap.ended - lap.started >= 4 / RATES[operation]


@pytest.mark.parametrize("lap", [Lap(0, 1, 2, digest(b"b")), Lap(0, 1, 3, digest(b"a"))], ids=["count", "content"])
@pytest.mark.parametrize("operation", ["closed", "returned", "open-1k"])
def test_a_wrong_count_or_last_message_is_noticed(operation: str, lap: Lap) -> None:
    seat, turn = Seat(-1, operation, 1, 64), Turn(3, [b"a", b"a", b"b"])
    with pytest.raises(Unverified):
        Tail().check(seat, turn, Lap(0, 1, 3, b"b"), [lap])
    Tail().check(seat, turn, Lap(0, 1, 3, b"b"), [Lap(0, 1, 3, digest(b"b"))])
