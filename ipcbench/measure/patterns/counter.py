"""counter: what does adding to one shared number cost when N workers do it at once, each under its lock?

The total is checked: start + workers x operations, start being a nonce. A lost update makes the case unverified.
"""

from collections.abc import Sequence
from itertools import repeat
from time import perf_counter

from ipcbench.measure.pattern import CellPattern, Go, Lap, Proof, Seat, Turn, Unverified, Verification, check_counts
from ipcbench.measure.ports import Cell, Mechanism, Side
from ipcbench.model import Case

_PROOF_COUNT = 100


class Counter(CellPattern):
    name = "counter"
    question = "What does adding to one shared number cost when N workers do it at once?"
    operation = "one increment under the lock, by any worker"
    rule = "total"
    compares_last = False

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        if case.size != 8:
            return "counter adds to one 8 B number"
        return super().unfit(mechanism, case)

    def sends(self, side: Side, operation: str) -> bool:
        return False

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        total = _cell(seat).total()
        go(turn.operations)
        return Lap(0.0, 0.0, turn.operations, total)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        add = _cell(seat).adder()
        # Clock: starts when the first worker does, stops when the last one has ended. Operation: one increment.
        start = perf_counter()
        for _ in repeat(None, turn.operations):
            add()
        return Lap(start, perf_counter(), turn.operations)

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, *peers)
        added, wanted = _cell(seat).total() - driver.last, seat.workers * turn.operations
        if added != wanted:
            raise Unverified(f"lost {wanted - added:,} of {wanted:,} increments")

    def prove(self, verification: Verification) -> list[Proof]:
        cell, start = _cell(verification.seat), verification.nonce
        cell.set_total(start)
        verification.crew.prove(verification.nonce, _PROOF_COUNT)
        verification.crew.proved()
        return [Proof(self.rule, expected=start + verification.seat.workers * _PROOF_COUNT, found=cell.total())]


def _cell(seat: Seat) -> Cell:
    if seat.cell is None:
        raise TypeError("counter needs a cell")
    return seat.cell


PATTERN = Counter()
