"""access: the cost of reading or writing shared state, with one worker and with N workers at once.

One operation is one read or one write by any worker, with the locks that the mechanism takes.
"""

from collections.abc import Sequence
from itertools import repeat
from time import perf_counter

from ipcbench.measure.api.digest import digest
from ipcbench.measure.api.pattern import (
    CellPattern,
    Go,
    Lap,
    Proof,
    Seat,
    Turn,
    Unverified,
    Verification,
    check_counts,
    check_last,
)
from ipcbench.measure.api.payload import make_payloads
from ipcbench.measure.api.ports import Side

_PROOF_COUNT = 3


class Access(CellPattern):
    name = "access"
    question = "What does reading or writing shared state cost?"
    operation = "one read, or one write, by any worker"
    operations = ("read", "write")

    def sends(self, side: Side, operation: str) -> bool:
        return (side == "driver") == (operation == "read")

    def streams(self, operation: str, workers: int) -> list[int]:
        return [0] * workers if operation == "read" else list(range(workers))

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        if seat.operation == "read":
            seat.send(turn.payloads[-1])
        go(turn.operations)
        return Lap(0.0, 0.0, turn.operations)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        if seat.operation == "read":
            return _read(seat, turn)
        return _write(seat, turn)

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, *peers)
        if seat.operation == "read":
            check_last(turn.payloads[-1], *peers)
        elif digest(seat.receive()) not in [lap.last for lap in peers]:
            raise Unverified("the state at the end is no worker's last write")

    def prove(self, verification: Verification) -> list[Proof]:
        nonces = [verification.nonce + i for i in range(_PROOF_COUNT)]
        prove = _prove_read if verification.seat.operation == "read" else _prove_write
        return [prove(verification._replace(nonce=nonce)) for nonce in nonces]


def _read(seat: Seat, turn: Turn) -> Lap:
    read, state = seat.receive, None
    # Clock: starts when the first worker does, stops when the last one has ended. Operation: one read.
    start = perf_counter()
    for _ in repeat(None, turn.operations):
        state = read()
    return Lap(start, perf_counter(), turn.operations, state)


def _write(seat: Seat, turn: Turn) -> Lap:
    write = seat.send
    # Clock: starts when the first worker does, stops when the last one has ended. Operation: one write.
    start = perf_counter()
    for payload in turn.payloads:
        write(payload)
    return Lap(start, perf_counter(), turn.operations, turn.payloads[-1])


def _prove_read(verification: Verification) -> Proof:
    """Write in the driver; every worker must read exactly that state."""
    (state,) = make_payloads(verification.content, verification.nonce, verification.size, 1)
    verification.seat.send(state)
    verification.crew.prove(verification.nonce, 1)
    return verification.proof("each", 1, verification.crew.proved())


def _prove_write(verification: Verification) -> Proof:
    """Write in one worker after the other; the driver must read exactly each state."""
    workers = range(verification.seat.workers)
    received = []
    for worker in workers:
        verification.crew.prove(verification.nonce, 1, only=worker)
        verification.crew.proved(only=worker)
        received.append([digest(verification.seat.receive())])
    return verification.proof("each", 1, received)._replace(streams=list(workers))


PATTERN = Access()
