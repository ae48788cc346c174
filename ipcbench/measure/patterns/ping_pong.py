"""ping-pong: the time until an answer. The driver sends, the peer sends each message back."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from ipcbench.measure.api.digest import digest, digests
from ipcbench.measure.api.pattern import ChannelPattern, Go, Lap, Seat, Turn, Unverified, check_counts, check_last, echo


class PingPong(ChannelPattern):
    name = "ping-pong"
    question = "How long until an answer?"
    operation = "one round trip of the payload"
    most_workers = 1
    two_way = True
    alone = True

    def streams(self, operation: str, workers: int) -> list[int]:
        return [0, 0]  # there and back

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        send, receive, reply = seat.send, seat.receive, None
        go(turn.operations)
        # Clock: starts before the first send, stops after the last reply, both here. Operation: one round trip.
        start = perf_counter()
        for payload in turn.payloads:
            send(payload)
            reply = receive()
        end = perf_counter()
        return Lap(start, end, turn.operations, reply)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        return echo(seat, turn)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        return driver.ended - driver.started

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, driver, *peers)
        check_last(turn.payloads[-1], *peers)
        if digest(driver.last) != digest(turn.payloads[-1]):
            raise Unverified("the last reply is not the last message sent")

    def replies(self, turn: Turn, driver: Lap, kept: Sequence[Any]) -> list[list[str]]:
        return [digests(kept)]


PATTERN = PingPong()
