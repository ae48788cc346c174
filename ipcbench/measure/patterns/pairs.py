"""pairs: the time of a round trip while N independent pairs make round trips.

`workers` counts pairs, so there are 2N processes besides the driver, which only starts them. Each pair has its own
channels, as in ping-pong.
"""

from collections.abc import Sequence
from time import perf_counter

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import (
    ChannelPattern,
    Go,
    Lap,
    Seat,
    Turn,
    Unverified,
    check_counts,
    echo,
)
from ipcbench.measure.api.ports import Channel, Port, Side
from ipcbench.measure.api.settings import PortSettings


class Pairs(ChannelPattern):
    name = "pairs"
    question = "How long does a round trip take when N pairs make theirs at once?"
    operation = "one round trip of the payload, of any pair"
    sizes = (64, 65_536)
    workers = (1, 2, 4)
    two_way = True
    per_worker = True
    idle_driver = True

    def peers(self, workers: int) -> int:
        return 2 * workers

    def port_count(self, workers: int) -> int:
        return 2 * workers

    def make_ports(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        pairs = [super(Pairs, self).make_ports(mechanism, settings) for _ in range(settings.workers // 2)]
        return tuple(port for pair in pairs for port in pair)

    def uses(self, number: int, ports: int, workers: int) -> dict[int, Side]:
        if number < 0:
            return {}
        there = number // 2 * 2
        return dict.fromkeys((there, there + 1), "driver" if _asks(number) else "peer")

    def sends(self, side: Side, operation: str) -> bool:
        return side == "peer"

    def stream(self, seat: Seat) -> int | None:
        return seat.number // 2 if _asks(seat.number) else None

    def streams(self, operation: str, workers: int) -> list[int]:
        return [pair for pair in range(workers) for _ in "ab"]

    def equip(self, seat: Seat, ports: Sequence[Channel], side: Side) -> Seat:
        if seat.number < 0:
            return seat
        there = seat.number // 2 * 2
        return super().equip(seat, ports[there : there + 2], "driver" if _asks(seat.number) else "peer")

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        go(turn.operations)
        return Lap(0.0, 0.0, turn.operations)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        return _ask(seat, turn) if _asks(seat.number) else echo(seat, turn)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        # Stamps of several processes: perf_counter is one clock on a Linux host, see process/team.py.
        asking = peers[::2]
        return max(lap.ended for lap in asking) - min(lap.started for lap in asking)

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, *peers)
        for asking, answering in zip(peers[::2], peers[1::2], strict=True):
            if not asking.last == answering.last == asking.sent:
                raise Unverified("the last reply of a pair is not its last message")


def _asks(number: int) -> bool:
    """Return whether a peer asks: even peers do, so that both peers of a pair have neighbouring CPUs."""
    return number >= 0 and number % 2 == 0


def _ask(seat: Seat, turn: Turn) -> Lap:
    send, receive, reply = seat.send, seat.receive, None
    # Clock: starts when the first pair does, stops after the latest pair's last reply, by the stamps of those that ask.
    # Operation: one round trip of any pair.
    start = perf_counter()
    for payload in turn.payloads:
        send(payload)
        reply = receive()
    return Lap(start, perf_counter(), turn.operations, reply, sent=turn.payloads[-1])


PATTERN = Pairs()
