"""fan-in: the rate at which messages of N workers reach one receiver over one channel.

Every worker sends its own stream, all of equal length; the driver receives them in any order. The order within each
stream is verified.
"""

from collections.abc import Sequence
from itertools import repeat
from time import perf_counter
from typing import Any

from ipcbench.measure.api.digest import digest, digests
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import ChannelPattern, Go, Lap, Seat, Turn, Unverified, check_counts
from ipcbench.measure.api.ports import Channel, Side
from ipcbench.model import Case


class FanIn(ChannelPattern):
    name = "fan-in"
    question = "How fast do messages of N workers reach one receiver?"
    operation = "one message received, of any worker"
    sizes = (64, 65_536)
    workers = (1, 2, 4)
    senders = "many"
    per_worker = True
    rule = "shared"
    rated = True

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        if mechanism.ordering == "none":
            return f"{mechanism.name} keeps no order, and {self.name} checks the order of each sender"
        return super().unfit(mechanism, case)

    def receives(self, seat: Seat) -> bool:
        return seat.number < 0

    def sends(self, side: Side, operation: str) -> bool:
        return side == "peer"

    def streams(self, operation: str, workers: int) -> list[int]:
        return list(range(workers))

    def equip(self, seat: Seat, ports: Sequence[Channel], side: Side) -> Seat:
        (channel,) = ports
        if side == "driver":
            return seat._replace(receive=channel.receiver())
        return seat._replace(send=channel.sender())

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        receive, message = seat.receive, None
        messages = turn.operations * seat.workers
        go(turn.operations)
        # Clock: starts when the first worker does, by that worker's stamp; stops after the last receive, here.
        # Operation: one message received.
        start = perf_counter()
        for _ in repeat(None, messages):
            message = receive()
        return Lap(start, perf_counter(), turn.operations, message)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        send = seat.send
        start = perf_counter()
        for payload in turn.payloads:
            send(payload)
        return Lap(start, perf_counter(), turn.operations, sent=turn.payloads[-1])

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        # Stamps of several processes: perf_counter is one clock on a Linux host, see process/team.py.
        return driver.ended - min(lap.started for lap in peers)

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, driver, *peers)
        if digest(driver.last) not in [lap.sent for lap in peers]:
            raise Unverified("the last message is no worker's last one")

    def replies(self, turn: Turn, driver: Lap, kept: Sequence[Any]) -> list[list[str]]:
        return [digests(kept)]


PATTERN = FanIn()
