"""pipeline: the rate at which items pass through a chain of N workers; each sends on what it receives.

    driver ──0──▶ worker 0 ──1──▶ worker 1 ── ... ──N──▶ driver

The driver keeps a window of items in the chain, or fewer if a window may not fit. If a channel surely holds C unread
messages (`Mechanism.room`), N workers with one item each and N + 1 channels hold (N + 1) C + N items, even if the
driver receives nothing. With at most that many outstanding items, no send of the driver blocks for ever.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from ipcbench.measure.api.digest import digest, digests
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import (
    ChannelPattern,
    Go,
    Lap,
    Seat,
    Turn,
    Unverified,
    check_counts,
    check_last,
    echo,
    make_channel,
)
from ipcbench.measure.api.pool import window_for
from ipcbench.measure.api.ports import Channel, Port, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.model import Case


class Pipeline(ChannelPattern):
    name = "pipeline"
    question = "How fast do items pass through a chain of N workers?"
    operation = "one item through the whole chain"
    sizes = (64, 65_536)
    workers = (1, 2, 4)
    works = rated = True

    def port_count(self, workers: int) -> int:
        return workers + 1

    def window(self, mechanism: Mechanism, case: Case) -> int:
        window, chain = window_for(case.size), case.workers
        return min(window, (chain + 1) * mechanism.room(case.size, window) + chain)

    def streams(self, operation: str, workers: int) -> list[int]:
        return [0] * (workers + 1)  # received by each worker, and at the end of the chain

    def make_ports(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        return tuple(make_channel(mechanism, settings) for _ in range(settings.workers + 1))

    def uses(self, number: int, ports: int, workers: int) -> dict[int, Side]:
        if number < 0:
            return {0: "driver", ports - 1: "peer"}
        return {number: "peer", number + 1: "driver"}

    def equip(self, seat: Seat, ports: Sequence[Channel], side: Side) -> Seat:
        inward, outward = (ports[-1], ports[0]) if seat.number < 0 else ports[seat.number : seat.number + 2]
        return seat._replace(send=outward.sender(), receive=inward.receiver())

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        send, receive, item = seat.send, seat.receive, None
        first, rest = turn.payloads[: seat.window], turn.payloads[seat.window :]
        go(turn.operations)
        # Clock: starts before the first send, stops after the last item is out, both here. Operation: one item through
        # the whole chain.
        start = perf_counter()
        for payload in first:
            send(payload)
        for payload in rest:
            item = receive()
            send(payload)
        for _ in first:
            item = receive()
        return Lap(start, perf_counter(), turn.operations, item)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        return echo(seat, turn)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        return driver.ended - driver.started

    def received(self, seat: Seat, driver: Lap, peers: Sequence[Lap]) -> list[Sequence[float]]:
        return super().received(seat, driver, peers)[-1:]  # an item has arrived when the last worker has it

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, driver, *peers)
        check_last(turn.payloads[-1], *peers)
        if digest(driver.last) != digest(turn.payloads[-1]):
            raise Unverified("the last item out is not the last one sent")

    def replies(self, turn: Turn, driver: Lap, kept: Sequence[Any]) -> list[list[str]]:
        return [digests(kept)]


PATTERN = Pipeline()
