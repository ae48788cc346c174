"""counter: the cost of adding to one shared number in N workers at once, with or without the lock.

The total must be start + workers x operations, where start is a nonce. A lost update makes the case unverified. In
`counter:unlocked`, which omits the lock on purpose, a lost update is the finding: the case is wrong, and its reason
says by how much.
"""

from collections.abc import Callable, Sequence
from itertools import repeat
from time import perf_counter

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import (
    CellPattern,
    Go,
    Lap,
    Proof,
    Seat,
    Turn,
    Unverified,
    Verification,
    WrongResult,
    check_counts,
)
from ipcbench.measure.api.ports import Cell, Side
from ipcbench.model import Case

_PROOF_COUNT = 100


class Counter(CellPattern):
    name = "counter"
    question = "What does adding to one shared number cost when N workers do it at once?"
    operation = "one increment under the lock, or without it, by any worker"
    operations = ("", "unlocked")
    rule = "total"
    compares_last = False
    # Sums over all timed turns of counter:unlocked, because one short turn may lose nothing.
    added = wanted = 0
    torn = False

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        if case.size != 8:
            return "counter adds to one 8 B number"
        if case.operation == "unlocked" and mechanism.cell and mechanism.cell.unlocked_adder is Cell.unlocked_adder:
            return f"{mechanism.name} cannot be added to without its lock"
        return super().unfit(mechanism, case)

    def sends(self, side: Side, operation: str) -> bool:
        return False

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        total = _cell(seat).total()
        go(turn.operations)
        return Lap(0.0, 0.0, turn.operations, total)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        add = _adder(seat)
        # Clock: starts when the first worker does, stops when the last one has ended. Operation: one increment.
        start = perf_counter()
        for _ in repeat(None, turn.operations):
            add()
        return Lap(start, perf_counter(), turn.operations)

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, *peers)
        added, wanted = _cell(seat).total() - driver.last, seat.workers * turn.operations
        if seat.operation == "unlocked" and seat.workers > 1:
            self.added += added
            self.wanted += wanted
            self.torn |= not 0 <= added <= wanted
        elif added != wanted:
            raise Unverified(f"lost {wanted - added:,} of {wanted:,} increments")

    def prove(self, verification: Verification) -> list[Proof]:
        if self.torn:
            raise WrongResult(f"the number tore: {self.wanted:,} increments changed it by {self.added:,}")
        if self.added != self.wanted:
            raise WrongResult(f"lost {self.wanted - self.added:,} of {self.wanted:,} increments")
        seat, crew, start = verification.seat, verification.crew, verification.nonce
        cell = _cell(seat)
        cell.set_total(start)
        # Without the lock, workers add one after the other in this proof, so no increment can be lost.
        turns: Sequence[int | None] = range(seat.workers) if seat.operation == "unlocked" else [None]
        for only in turns:
            crew.prove(start, _PROOF_COUNT, only)
            crew.proved(only)
        return [Proof(self.rule, expected=start + seat.workers * _PROOF_COUNT, found=cell.total())]


def _adder(seat: Seat) -> Callable[[], object]:
    cell = _cell(seat)
    add = cell.unlocked_adder() if seat.operation == "unlocked" else cell.adder()
    if add is None:
        raise TypeError("counter:unlocked needs a cell with unlocked_adder()")
    return add


def _cell(seat: Seat) -> Cell:
    if seat.cell is None:
        raise TypeError("counter needs a cell")
    return seat.cell


PATTERN = Counter()
