"""tail: the slowest messages. Every message is timed by itself, in a histogram.

closed: a ping-pong in which each round trip is stamped. Each round trip waits for the one before, so a stall hides the
messages that it would have delayed. open-1k to open-100k: messages are due at a fixed rate and are sent even if earlier
ones are late; each is timed from when it was due until it was received (Tene, "How NOT to Measure Latency": coordinated
omission). The value of an open case is the time per message delivered, the inverse of the achieved rate; if that rate
is below the offered one, the mechanism is saturated. The driver waits by reading the clock, so its CPU time means
nothing.

returned and delivered: a ping-pong, so that the channel is empty before each message. returned is the time until the
sending call returns, delivered the time until the message is received. If returned is far below delivered, the call
only begins to send.
"""

import os
from collections.abc import Sequence
from itertools import pairwise, repeat
from time import perf_counter
from typing import Any

from ipcbench.measure.api.digest import digest, digests
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import (
    NO_CPU,
    ChannelPattern,
    Go,
    Lap,
    Seat,
    Turn,
    Unverified,
    check_counts,
    check_last,
    echo,
)
from ipcbench.model import Case

RATES = {"open-1k": 1e3, "open-3k": 3e3, "open-10k": 1e4, "open-30k": 3e4, "open-100k": 1e5}  # messages per second


class Tail(ChannelPattern):
    name = "tail"
    question = "How bad are the slow ones?"
    operation = "one round trip, or one message delivered at the rate offered (open)"
    operations = ("closed", "returned", "delivered", *RATES)
    sizes = (64, 65_536)
    most_workers = 1
    two_way = True

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        if case.operation in RATES and case.placement == "pack":
            return NO_CPU
        return super().unfit(mechanism, case)

    def streams(self, operation: str, workers: int) -> list[int]:
        return [0] if operation in RATES else [0, 0]

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        play = {"closed": _closed, "returned": _timed_sends, "delivered": _timed_sends}
        return play.get(seat.operation, _open)(seat, go, turn)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        play = {"closed": echo, "returned": _stamped_echo, "delivered": _stamped_echo}
        return play.get(seat.operation, _take)(seat, turn)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        if driver.last is not None:  # replies came back, and the last one stopped the clock
            return driver.ended - driver.started
        return max(lap.ended for lap in peers) - driver.started

    def delays(self, seat: Seat, driver: Lap, peers: Sequence[Lap]) -> Sequence[float]:
        if seat.operation == "closed":
            return [after - before for before, after in pairwise([driver.started, *driver.stamps])]
        begun, returned = driver.stamps[::2], driver.stamps[1::2]
        if seat.operation == "returned":
            return [after - before for before, after in zip(begun, returned, strict=True)]
        (peer,) = peers
        if seat.operation == "delivered":
            return [after - before for before, after in zip(begun, peer.stamps, strict=True)]
        interval = 1 / RATES[seat.operation]
        return [stamp - (driver.started + i * interval) for i, stamp in enumerate(peer.stamps, 1)]

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, driver, *peers)
        check_last(turn.payloads[-1], *peers)
        if seat.operation not in RATES and digest(driver.last) != digest(turn.payloads[-1]):
            raise Unverified("the last reply is not the last message sent")

    def replies(self, turn: Turn, driver: Lap, kept: Sequence[Any]) -> list[list[str]]:
        return [digests(kept)] if kept else []


def _closed(seat: Seat, go: Go, turn: Turn) -> Lap:
    send, receive, reply = seat.send, seat.receive, None
    stamps: list[float] = []
    keep, clock = stamps.append, perf_counter
    go(turn.operations)
    # Clock: starts before the first send, stops after the last reply, both here; each reply is stamped, and its delay
    # is the time since the stamp before. Operation: one round trip.
    start = clock()
    for payload in turn.payloads:
        send(payload)
        reply = receive()
        keep(clock())
    return Lap(start, stamps[-1], turn.operations, reply, stamps=stamps)


def _timed_sends(seat: Seat, go: Go, turn: Turn) -> Lap:
    send, receive, reply = seat.send, seat.receive, None
    stamps: list[float] = []
    keep, clock = stamps.append, perf_counter
    go(turn.operations)
    # Clock: starts before the first send, stops after the last reply, both here; stamps stand before and after each
    # send, and the peer's after each receive. Operation: one round trip.
    start = clock()
    for payload in turn.payloads:
        keep(clock())
        send(payload)
        keep(clock())
        reply = receive()
    return Lap(start, clock(), turn.operations, reply, stamps=stamps)


def _stamped_echo(seat: Seat, turn: Turn) -> Lap:
    send, receive, clock, message = seat.send, seat.receive, perf_counter, None
    stamps: list[float] = []
    keep = stamps.append
    start = clock()
    for _ in repeat(None, turn.operations):
        message = receive()
        keep(clock())
        send(message)
    return Lap(start, clock(), turn.operations, message, stamps=stamps)


def _open(seat: Seat, go: Go, turn: Turn) -> Lap:
    send, clock, interval, let_others = seat.send, perf_counter, 1 / RATES[seat.operation], os.sched_yield
    go(turn.operations)
    # Clock: starts one interval before the first message is due; stops after the peer's last receive, by the peer's
    # stamp. Operation: one message delivered. A late message is sent at once and still timed from when it was due.
    # Waiting releases the interpreter lock (gh-96078): a Queue's feeder in this process would otherwise get it only
    # every 5 ms.
    start = due = clock()
    for payload in turn.payloads:
        due += interval
        while clock() < due:
            let_others()
        send(payload)
    return Lap(start, clock(), turn.operations)


def _take(seat: Seat, turn: Turn) -> Lap:
    receive, clock, message = seat.receive, perf_counter, None
    stamps: list[float] = []
    keep = stamps.append
    start = clock()
    for _ in repeat(None, turn.operations):
        message = receive()
        keep(clock())
    return Lap(start, stamps[-1], turn.operations, message, stamps=stamps)


PATTERN = Tail()
