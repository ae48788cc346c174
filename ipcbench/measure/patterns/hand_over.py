"""hand-over: the cost of waking the other process by signals without data, one signal each way.

Without payloads there is nothing to digest. A verification turn checks the order instead: the stamps of both sides must
show that no wait returns before its notification has begun.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from time import perf_counter
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Go, Lap, Pattern, Proof, Seat, Turn, Verification, check_counts
from ipcbench.measure.api.ports import Port, Side, Signal
from ipcbench.measure.api.settings import PortSettings
from ipcbench.model import Case

_PROOF_COUNT = 100


class HandOver(Pattern):
    name = "hand-over"
    question = "How long does it take to wake the other process and be woken?"
    operation = "one round trip of two signals, without a payload"
    port = "signal"
    sizes = (0,)
    most_workers = 1
    rule = "ordered"
    compares_last = False

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        if case.size or case.payload != "bytes":
            return "hand-over carries no payload"
        return super().unfit(mechanism, case)

    def sends(self, side: Side, operation: str) -> bool:
        return False

    def make_ports(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        make = mechanism.signal
        if make is None:
            raise TypeError(f"{mechanism.name} has no signal")
        return (make(settings), make(settings))

    def equip(self, seat: Seat, ports: Sequence[Signal], side: Side) -> Seat:
        there, back = ports
        outward, inward = (there, back) if side == "driver" else (back, there)
        return seat._replace(notify=outward.notifier(), wait=inward.waiter())

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        notify, wait = seat.notify, seat.wait
        go(turn.operations)
        # Clock: starts before the first notification, stops after the last wait, both here. Operation: one round trip.
        start = perf_counter()
        for _ in repeat(None, turn.operations):
            notify()
            wait()
        return Lap(start, perf_counter(), turn.operations)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        notify, wait = seat.notify, seat.wait
        start = perf_counter()
        for _ in repeat(None, turn.operations):
            wait()
            notify()
        return Lap(start, perf_counter(), turn.operations)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        return driver.ended - driver.started

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, driver, *peers)

    def keep(self, seat: Seat, kept: list[Any]) -> Seat:
        """Return the seat with signals that also keep a stamp before and after each call, four per hand-over."""
        return seat._replace(notify=_stamped(seat.notify, kept), wait=_stamped(seat.wait, kept))

    def account(self, kept: Sequence[Any]) -> list[str]:
        return [repr(stamp) for stamp in kept]

    def prove(self, verification: Verification) -> list[Proof]:
        kept: list[Any] = []
        go = partial(verification.crew.prove, verification.nonce)
        self.drive(self.keep(verification.seat, kept), go, Turn(_PROOF_COUNT))
        (theirs,) = verification.crew.proved()
        return [Proof(self.rule, expected=_PROOF_COUNT, found=in_order(kept, [float(stamp) for stamp in theirs]))]


def in_order(driver: Sequence[float], peer: Sequence[float]) -> int:
    """Count the hand-overs in order, by stamps around notify and wait in the driver, wait and notify in the peer.

    Returns 0 if the numbers of stamps differ. perf_counter is one clock on a Linux host, see process/team.py.
    """
    if len(driver) != len(peer) or len(driver) % 4:
        return 0
    return sum(
        notified <= woken <= answered <= back
        for notified, back, woken, answered in zip(driver[::4], driver[3::4], peer[1::4], peer[2::4], strict=True)
    )


def _stamped(call: Callable[[], object], kept: list[Any]) -> Callable[[], object]:
    def called() -> None:
        before = perf_counter()
        call()
        kept.extend((before, perf_counter()))

    return called


PATTERN = HandOver()
