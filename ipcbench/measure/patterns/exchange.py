"""exchange: the rate of messages if both ends send and receive at once.

Each end sends a lead of messages, then alternates between receiving and sending one, and finally receives as many as
the lead. The lead is a window, or as many messages as the channel is sure to hold unread, if these are fewer
(`Mechanism.room`); a case whose channel may not hold one message is refused. With such a lead, the ends cannot both
block while they send: Let C be the number of messages that a channel holds, s and r the numbers of messages that an end
has sent and received. If both ends A and B block, s_A - r_B >= C and s_B - r_A >= C. Each is about to send, so
s_A < r_A + lead and s_B < r_B + lead. The sum is 2C < 2 lead, a contradiction for lead <= C.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from ipcbench.measure.api.digest import digest, digests
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import ChannelPattern, Go, Lap, Seat, Turn, Unverified, check_counts, check_last
from ipcbench.measure.api.pool import window_for
from ipcbench.measure.api.ports import Side
from ipcbench.model import Case


class Exchange(ChannelPattern):
    name = "exchange"
    question = "How fast do messages flow when both ends send and receive at once?"
    operation = "one message received, in either direction"
    sizes = (64, 4096)
    most_workers = 1
    two_way = True

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        if mechanism.channel and self.window(mechanism, case) < 1:
            return f"{mechanism.name} may not hold {case.size:,} B unread, so both ends could block while they send"
        return super().unfit(mechanism, case)

    def per_loop(self, workers: int) -> int:
        return 2

    def window(self, mechanism: Mechanism, case: Case) -> int:
        return mechanism.room(case.size, window_for(case.size))

    def sends(self, side: Side, operation: str) -> bool:
        return True

    def stream(self, seat: Seat) -> int | None:
        return 0 if seat.number < 0 else 1

    def streams(self, operation: str, workers: int) -> list[int]:
        return [0, 1]  # received by the peer, received by the driver

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        go(turn.operations)
        return _exchange(seat, turn)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        return _exchange(seat, turn)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        # Stamps of two processes: perf_counter is one clock on a Linux host, see process/team.py.
        ends = [driver, *peers]
        return max(lap.ended for lap in ends) - min(lap.started for lap in ends)

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, driver, *peers)
        check_last(turn.payloads[-1], *peers)
        if [digest(driver.last)] != [lap.sent for lap in peers]:
            raise Unverified("the last message that came back is not the last one sent")

    def replies(self, turn: Turn, driver: Lap, kept: Sequence[Any]) -> list[list[str]]:
        return [digests(kept)]


def _exchange(seat: Seat, turn: Turn) -> Lap:
    send, receive, message = seat.send, seat.receive, None
    lead, rest = turn.payloads[: seat.window], turn.payloads[seat.window :]
    # Clock: starts when the first end does, stops when the later one has received all, each by their stamps.
    # Operation: one message received, in either direction.
    start = perf_counter()
    for payload in lead:
        send(payload)
    for payload in rest:
        message = receive()
        send(payload)
    for _ in lead:
        message = receive()
    return Lap(start, perf_counter(), turn.operations, message, sent=turn.payloads[-1])


PATTERN = Exchange()
