"""broadcast: the rate at which one sender reaches N workers if every worker must get every message.

No mechanism here sends to several receivers at once: each worker has its own channel, and the driver sends each message
into every channel in turn.
"""

from collections.abc import Sequence
from itertools import repeat
from time import perf_counter

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import ChannelPattern, Go, Lap, Seat, Turn, check_counts, check_last, make_channel
from ipcbench.measure.api.ports import Channel, Port, Side
from ipcbench.measure.api.settings import PortSettings


class Broadcast(ChannelPattern):
    name = "broadcast"
    question = "How fast does one sender reach every one of N workers?"
    operation = "one message received by all workers"
    sizes = (64, 65_536)
    workers = (1, 2, 4)
    works = rated = True

    def port_count(self, workers: int) -> int:
        return workers

    def make_ports(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        return tuple(make_channel(mechanism, settings) for _ in range(settings.workers))

    def uses(self, number: int, ports: int, workers: int) -> dict[int, Side]:
        return dict.fromkeys(range(ports), "driver") if number < 0 else {number: "peer"}

    def equip(self, seat: Seat, ports: Sequence[Channel], side: Side) -> Seat:
        if side == "driver":
            return seat._replace(outlets=tuple(channel.sender() for channel in ports))
        return seat._replace(receive=ports[seat.number].receiver())

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        outlets = seat.outlets
        go(turn.operations)
        # Clock: starts before the first send, here; stops after the latest worker's last receive, by its stamp.
        # Operation: one message received by all workers.
        start = perf_counter()
        for payload in turn.payloads:
            for send in outlets:
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


PATTERN = Broadcast()
