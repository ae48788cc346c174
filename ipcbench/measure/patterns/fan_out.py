"""fan-out: the rate at which N competing workers receive the messages of one sender from one channel.

A worker cannot know how many messages it will get, so it receives until it gets a sentinel. Its length marks a
sentinel, because a channel of bytes cannot carry None: it is the first byte of a payload, the first number of an array,
or an empty dict, and so shorter than any payload. All mechanisms use these sentinels, so that all pay for the same test
of the length. Kinds of payload without a length have None as sentinel, and all mechanisms pay for the test for None.
The one sender sends the sentinels after its messages, so the channel must keep order.
"""

from collections.abc import Callable, Sequence
from itertools import repeat
from time import perf_counter
from typing import Any

from ipcbench.measure.api.digest import digest
from ipcbench.measure.api.kind import Kind
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import ChannelPattern, Go, Lap, Seat, Turn, Unverified, check_counts, is_something
from ipcbench.measure.api.payload import load_kind
from ipcbench.model import Case

_END = 1  # len() of the longest sentinel


class FanOut(ChannelPattern):
    name = "fan-out"
    question = "How fast do N competing workers take the messages of one sender?"
    operation = "one message received, by any worker"
    sizes = (64, 65_536)
    workers = (1, 2, 4)
    receivers = "many"
    rule = "shared"
    works = rated = True

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        sentinel = load_kind(case.payload).unit  # bytes
        if mechanism.ordering == "none":
            return f"{mechanism.name} keeps no order, and a sentinel would overtake messages"
        if case.size <= sentinel:
            return f"{self.name} needs payloads longer than its sentinel of {sentinel} B"
        if mechanism.carries == "bytes" and mechanism.smallest > sentinel:
            return f"{mechanism.name} carries at least {mechanism.smallest:,} B, and a sentinel has {sentinel}"
        return super().unfit(mechanism, case)

    def streams(self, operation: str, workers: int) -> list[int]:
        return [0]

    def payloads_in(self, messages: Sequence[Any]) -> Sequence[Any]:
        return messages[:-1]  # the last one is the sentinel that ended the turn

    def is_message(self, seat: Seat) -> Callable[[Any], bool]:
        return _is_longer if load_kind(seat.payload).has_length else is_something

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        send, sentinel = seat.send, _sentinel(turn.payloads[0], load_kind(seat.payload))
        go(turn.operations)
        # Clock: starts before the first send, here; stops when the latest worker has its sentinel, by that worker's
        # stamp. Operation: one message received. The sentinels, one per worker and turn, are not counted; they are
        # inside the clock, since only a sentinel tells a worker that a message was its last.
        start = perf_counter()
        for payload in turn.payloads:
            send(payload)
        for _ in repeat(None, seat.workers):
            send(sentinel)
        return Lap(start, perf_counter(), turn.operations)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        return _take(seat) if load_kind(seat.payload).has_length else _take_until_none(seat)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        # Stamps of two processes: perf_counter is one clock on a Linux host, see process/team.py.
        return max(lap.ended for lap in peers) - driver.started

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, driver)
        done = sum(lap.operations for lap in peers)
        if done != turn.operations:
            raise Unverified(f"the workers received {done:,} messages of {turn.operations:,}")
        if digest(turn.payloads[-1]) not in [lap.last for lap in peers]:
            raise Unverified("the last message sent is not the last one of any worker")


def _is_longer(received: Any) -> bool:
    return len(received) > _END


def _take(seat: Seat) -> Lap:
    receive, last, done = seat.receive, None, 0
    start = perf_counter()
    while len(message := receive()) > _END:
        last = message
        done += 1
    return Lap(start, perf_counter(), done, last)


def _take_until_none(seat: Seat) -> Lap:
    receive, last, done = seat.receive, None, 0
    start = perf_counter()
    while (message := receive()) is not None:
        last = message
        done += 1
    return Lap(start, perf_counter(), done, last)


def _sentinel(payload: Any, kind: Kind) -> Any:
    if not kind.has_length:
        return None
    return {} if isinstance(payload, dict) else payload[:_END]


PATTERN = FanOut()
