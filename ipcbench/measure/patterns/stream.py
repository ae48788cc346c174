"""stream: the rate of messages one way, counted when they are delivered, not when they are sent."""

from collections.abc import Sequence
from itertools import repeat
from time import perf_counter

from ipcbench.measure.api.pattern import ChannelPattern, Go, Lap, Seat, Turn, check_counts, check_last


class Stream(ChannelPattern):
    name = "stream"
    question = "How fast do messages flow one way?"
    operation = "one message delivered"
    most_workers = 1
    works = rated = True

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        send = seat.send
        go(turn.operations)
        # Clock: starts before the first send, here; stops after the peer's last receive, by the peer's stamp.
        # Operation: one message delivered.
        start = perf_counter()
        for payload in turn.payloads:
            send(payload)
        return Lap(start, perf_counter(), turn.operations)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        receive, message = seat.receive, None
        start = perf_counter()
        for _ in repeat(None, turn.operations):
            message = receive()
        return Lap(start, perf_counter(), turn.operations, message)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        # Stamps of two processes: perf_counter is one clock on a Linux host, see process/team.py.
        return max(lap.ended for lap in peers) - driver.started

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, driver, *peers)
        check_last(turn.payloads[-1], *peers)


PATTERN = Stream()
