"""many-to-many: the rate at which N senders and N receivers use one channel at once.

`workers` counts pairs of a sender and a receiver, so there are 2N processes besides the driver, which only starts them.
Each sender sends its own stream. Each receiver receives as many messages as one sender sends, from any sender: with
several senders, a sentinel need not come last, because it may overtake messages of another sender.
"""

from collections.abc import Sequence
from itertools import repeat
from time import perf_counter

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import ChannelPattern, Go, Lap, Seat, Turn, Unverified, check_counts
from ipcbench.measure.api.ports import Channel, Side
from ipcbench.model import Case


class ManyToMany(ChannelPattern):
    name = "many-to-many"
    question = "How fast do N senders and N receivers use one channel?"
    operation = "one message received, of any sender by any receiver"
    sizes = (64, 65_536)
    workers = (1, 2, 4)
    senders = receivers = "many"
    per_worker = True
    idle_driver = True
    rule = "shared"
    rated = True

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        if mechanism.ordering == "none":
            return f"{mechanism.name} keeps no order, and {self.name} checks the order of each sender"
        return super().unfit(mechanism, case)

    def peers(self, workers: int) -> int:
        return 2 * workers

    def uses(self, number: int, ports: int, workers: int) -> dict[int, Side]:
        if number < 0:
            return {}
        return {0: "driver" if _sends(number) else "peer"}

    def receives(self, seat: Seat) -> bool:
        return seat.number >= 0 and not _sends(seat.number)

    def sends(self, side: Side, operation: str) -> bool:
        return side == "peer"

    def stream(self, seat: Seat) -> int | None:
        return seat.number // 2 if _sends(seat.number) else None

    def streams(self, operation: str, workers: int) -> list[int]:
        return list(range(workers))

    def equip(self, seat: Seat, ports: Sequence[Channel], side: Side) -> Seat:
        (channel,) = ports
        if seat.number < 0:
            return seat
        if _sends(seat.number):
            return seat._replace(send=channel.sender())
        return seat._replace(receive=channel.receiver())

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        go(turn.operations)
        return Lap(0.0, 0.0, turn.operations)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        return _send(seat, turn) if _sends(seat.number) else _receive(seat, turn)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        # Stamps of several processes: perf_counter is one clock on a Linux host, see process/team.py.
        return max(lap.ended for lap in peers[1::2]) - min(lap.started for lap in peers[::2])

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, *peers)
        sent = [lap.sent for lap in peers[::2]]
        if not any(lap.last in sent for lap in peers[1::2]):
            raise Unverified("no receiver's last message is the last one of a sender")


def _sends(number: int) -> bool:
    """Return whether a peer sends: even peers do, so that a sender and a receiver have neighbouring CPUs."""
    return number >= 0 and number % 2 == 0


def _send(seat: Seat, turn: Turn) -> Lap:
    send = seat.send
    # Clock: starts when the first sender does, stops after the latest receiver's last receive, each by their stamps.
    # Operation: one message received.
    start = perf_counter()
    for payload in turn.payloads:
        send(payload)
    return Lap(start, perf_counter(), turn.operations, sent=turn.payloads[-1])


def _receive(seat: Seat, turn: Turn) -> Lap:
    receive, message = seat.receive, None
    start = perf_counter()
    for _ in repeat(None, turn.operations):
        message = receive()
    return Lap(start, perf_counter(), turn.operations, message)


PATTERN = ManyToMany()
