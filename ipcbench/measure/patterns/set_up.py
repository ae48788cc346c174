"""set-up: the cost to make a port, start N workers, connect them, pass one message to each, and close everything.

The port is the mechanism's channel or, if it has none, its cell. A channel for many receivers is made once, and each
worker receives one message; otherwise each worker has its own channel. State is written once and read by each worker. A
manager is started and ended in each operation, as any user of a manager must do; a forkserver and a resource tracker
start once and remain. Each operation also includes a Pipe to each worker, which every visit needs: over it the worker
reports that it is ready and what it received. The message is small, because its digest is computed inside the clock.
"""

from collections.abc import Sequence
from functools import partial
from time import perf_counter
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import (
    Go,
    Lap,
    Pattern,
    Proof,
    Seat,
    Turn,
    Unverified,
    Verification,
    check_counts,
    check_last,
    make_channel,
)
from ipcbench.measure.api.payload import make_payloads
from ipcbench.measure.api.ports import Cell, Port, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.model import Case

_LARGEST = 4096
_PROOF_COUNT = 3


class SetUp(Pattern):
    name = "set-up"
    question = "What does it cost to make a port, start N workers, connect them and close everything?"
    operation = "making, starting, connecting, one message to each worker, and closing"
    port = "channel"
    sizes = (64,)
    workers = (1, 4)
    cycles = True

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        if case.size > _LARGEST:
            return f"{self.name} passes a small message, of at most {_LARGEST:,} B"
        return super().unfit(mechanism, case)

    def port_of(self, mechanism: Mechanism) -> str:
        return "channel" if mechanism.channel or not mechanism.cell else "cell"

    def port_count(self, workers: int) -> int:
        return workers

    def make_ports(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        if mechanism.cell and not mechanism.channel:
            return (mechanism.cell(settings),)
        count = 1 if mechanism.receivers == "many" else settings.workers
        return tuple(make_channel(mechanism, settings) for _ in range(count))

    def uses(self, number: int, ports: int, workers: int) -> dict[int, Side]:
        if number < 0:
            return dict.fromkeys(range(ports), "driver")
        return {number % ports: "peer"}

    def equip(self, seat: Seat, ports: Sequence[Any], side: Side) -> Seat:
        if isinstance(ports[0], Cell):
            (cell,) = ports
            return seat._replace(send=cell.writer(), receive=cell.reader(), cell=cell)
        if side == "peer":
            return seat._replace(receive=ports[seat.number % len(ports)].receiver())
        senders = [channel.sender() for channel in ports]
        return seat._replace(outlets=senders * (seat.workers // len(senders)))

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        cycle, done = seat.cycle, list[Sequence[Lap]]()
        # Clock: starts before the first port is made, stops when the last worker has been joined and the last port is
        # closed, both here. Operation: all of that, once.
        start = perf_counter()
        for payload in turn.payloads:
            done.append(cycle(partial(_pass, payload)))
        return Lap(start, perf_counter(), len(done), done)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        start = perf_counter()
        message = seat.receive()
        return Lap(start, perf_counter(), turn.operations, message)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        return driver.ended - driver.started

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        check_counts(turn, driver)
        for payload, laps in zip(turn.payloads, driver.last, strict=True):
            if len(laps) != seat.workers:
                raise Unverified(f"{len(laps)} of {seat.workers} workers answered")
            check_last(payload, *laps)

    def prove(self, verification: Verification) -> list[Proof]:
        seat, content, nonce, size = verification.seat, verification.content, verification.nonce, verification.size
        cycles = [seat.cycle(partial(_pass, payload)) for payload in make_payloads(content, nonce, size, _PROOF_COUNT)]
        received = [[lap.last for lap in laps] for laps in zip(*cycles, strict=True)]
        return [verification.proof(self.rule, _PROOF_COUNT, received)]


def _pass(payload: Any, seat: Seat, go: Go) -> None:
    """Pass a message to each worker: state before they read, messages while they wait."""
    if seat.cell:
        seat.send(payload)
        go(1)
        return
    go(1)
    for send in seat.outlets:
        send(payload)


PATTERN = SetUp()
