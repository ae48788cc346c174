"""What a pattern is: what the driver does and times, and what a peer does when told to go.

A pattern sees a seat (callables of the ports in its own process) and a turn (how many operations, which payloads), and
answers with a lap: its stamps from perf_counter and what is needed to check the turn afterwards. The same two functions
play timed turns and verification turns; for the latter the seat's `receive` also keeps what it returned.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from time import perf_counter
from typing import Any, Literal, NamedTuple

from ipcbench.measure.api.arrays import ArrayChannel
from ipcbench.measure.api.mechanism import Many, Mechanism
from ipcbench.measure.api.payload import (
    LEAST_OBJECT,
    Content,
    Payload,
    digest,
    digests,
    make_payloads,
    own,
    proof_count,
    window_for,
)
from ipcbench.measure.api.ports import Cell, Channel, Port, Receive, Run, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.model import Case

Go = Callable[[int], object]
Cycle = Callable[[Callable[["Seat", Go], object]], Sequence["Lap"]]
Rule = Literal["each", "shared", "total", "ordered"]


class Unverified(Exception):
    """What arrived is not what was sent."""


class WrongResult(Unverified):
    """What was computed is wrong because of what was measured, which is a finding about it and no fault of the run."""


def _no_port(*_: Any) -> Any:
    raise NotImplementedError("this side of the pattern has no such port")


class Seat(NamedTuple):
    """What one process uses in a turn. number counts peers from 0; the driver has -1.

    operation and workers are the case's, window (messages in flight) is the pattern's. outlets are for a process that
    sends to several channels, cycle for one that plays whole lives of ports and peers.
    """

    number: int
    operation: str
    workers: int
    window: int
    send: Send = _no_port
    receive: Receive = _no_port
    notify: Callable[[], object] = _no_port
    wait: Callable[[], object] = _no_port
    cell: Cell | None = None
    run: Run = _no_port
    outlets: Sequence[Send] = ()
    cycle: Cycle = _no_port

    def keeping(self, kept: list[Any]) -> Seat:
        """The same seat with a `receive` that also appends what it returns to `kept`."""
        receive = self.receive

        def receive_and_keep() -> Any:
            message = receive()
            kept.append(own(message))
            return message

        return self._replace(receive=receive_and_keep)


class Turn(NamedTuple):
    """One stretch of operations: how many for each side that counts, and what this side sends."""

    operations: int
    payloads: Sequence[Any] = ()


class Lap(NamedTuple):
    """One side's account of a turn: stamps in seconds of perf_counter, operations done, the last message it had.

    sent is the last message it sent, where that is another one. Those of a peer arrive at the driver as digests.
    finished lists (number, worker) for each result of numbered work, stamps the end of every operation where each has
    its own time.
    """

    started: float
    ended: float
    operations: int
    last: Any = None
    finished: Sequence[tuple[int, int]] = ()
    stamps: Sequence[float] = ()
    sent: Any = None


class Proof(NamedTuple):
    """What a verification turn found, for the orchestrator to judge; it makes the payloads again from the nonce.

    each: list i of `received` holds the digests of payloads 0 to messages - 1 of streams[i], in order.
    shared: all lists together hold each of those digests of all streams once, and each list has those of one stream in
    order if the mechanism keeps it. total: `found` equals `expected`. ordered: of `expected` hand-overs as many were
    found in which nobody woke before being notified.
    """

    rule: Rule
    nonce: int = 0
    size: int = 0
    content: Content = "bytes"
    messages: int = 0
    received: Sequence[Sequence[str]] = ()
    streams: Sequence[int] = ()
    expected: int = 0
    found: int = 0


class Crew(ABC):
    """The peers as a pattern sees them."""

    @abstractmethod
    def prove(self, nonce: int, operations: int, only: int | None = None) -> None:
        """Tell every peer, or one, to start a verification turn of so many operations, and return at once."""

    @abstractmethod
    def proved(self, only: int | None = None) -> list[list[str]]:
        """Wait until the peers, or one, have ended their verification turn; the digests of what each received."""


class Verification(NamedTuple):
    """What a verification turn needs in the driver."""

    seat: Seat
    crew: Crew
    content: Content
    size: int
    nonce: int

    def proof(self, rule: Rule, messages: int, received: Sequence[Sequence[str]]) -> Proof:
        """A proof over stream 0 from what each receiver got."""
        return Proof(rule, self.nonce, self.size, self.content, messages, received, [0] * len(received))


class Pattern(ABC):
    """One question about a port.

    operations names the variants of a pattern that asks about more than one thing. sizes and workers are measured where
    nobody chose. senders and receivers say how many processes use one channel. alone says that the driver can play its
    part without a peer, over a control that sends to itself. per_worker says that each worker does all operations of
    a loop; otherwise they share them. idle_driver says that the driver only waits while the peers work, cycles that it
    makes ports and peers in each operation and a visit starts without any. rule is how its proofs are judged, see
    Proof. compares_last says that `check` compares the last message of every timed turn with what was sent.
    """

    name: str
    question: str
    operation: str
    port: Literal["channel", "cell", "signal", "executor"]
    operations: tuple[str, ...] = ("",)
    sizes: tuple[int, ...] = (64, 4096, 65_536, 2**20)
    workers: tuple[int, ...] = (1,)
    most_workers: int | None = None
    senders: Many = "one"
    receivers: Many = "one"
    alone: bool = False
    per_worker: bool = False
    idle_driver: bool = False
    cycles: bool = False
    rule: Rule = "each"
    compares_last: bool = True

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        """Why mechanism and pattern make no case of this size, with so many workers and so on; None if they do."""
        if case.payload == "object" and case.size < LEAST_OBJECT:
            return f"an object takes at least {LEAST_OBJECT} B"
        if case.payload == "array" and case.size % 8:
            return "an array is of whole float64, 8 B each"
        if mechanism.only_patterns and self.name not in mechanism.only_patterns:
            return f"{mechanism.name} is measured in {', '.join(mechanism.only_patterns)} only"
        if mechanism.peers == "nobody" and not self.alone:
            return f"{mechanism.name} is a control within one process, and {self.name} needs two"
        if self.most_workers is not None and case.workers > self.most_workers:
            return f"{self.name} is between the driver and {self.most_workers} worker"
        if case.workers < mechanism.least_workers:
            return f"{mechanism.name} has workers of its own from {mechanism.least_workers} on"
        return mechanism.unfit(self.port_of(mechanism), case.size, self.senders, self.receivers, case.payload)

    def port_of(self, mechanism: Mechanism) -> str:
        """Which of a mechanism's ports this pattern is about."""
        return self.port

    def uses(self, number: int, ports: int, workers: int) -> dict[int, Side]:
        """Which of the ports a process uses, and as which side; all others it closes at once."""
        return dict.fromkeys(range(ports), "driver" if number < 0 else "peer")

    def peers(self, workers: int) -> int:
        """How many processes there are beside the driver."""
        return workers

    def port_count(self, workers: int) -> int:
        """How many ports a visit has."""
        return 1

    def per_loop(self, workers: int) -> int:
        """How many operations one loop of a turn stands for."""
        return workers if self.per_worker else 1

    def window(self, mechanism: Mechanism, case: Case) -> int:
        """How many messages this pattern keeps in flight, at most what any mechanism may hold."""
        return window_for(case.size)

    def sends(self, side: Side, operation: str) -> bool:
        """Whether this side needs payloads for its turns."""
        return side == "driver"

    def stream(self, seat: Seat) -> int | None:
        """Which stream of payloads the process in this seat sends; None if it sends nothing."""
        if not self.sends("driver" if seat.number < 0 else "peer", seat.operation):
            return None
        return max(seat.number, 0)

    def streams(self, operation: str, workers: int) -> list[int]:
        """What a proof is about: for `each` the stream of every list received, for `shared` those of all together."""
        return [0] * workers

    def messages(self, payloads: Sequence[Payload]) -> Sequence[Any]:
        """Make payloads into what this pattern sends."""
        return payloads

    def payloads_in(self, messages: Sequence[Any]) -> Sequence[Any]:
        """The payloads in what a receiver kept."""
        return messages

    def keep(self, seat: Seat, kept: list[Any]) -> Seat:
        """The seat for a verification turn, which keeps in `kept` what shows that it was played."""
        return seat.keeping(kept)

    def account(self, kept: Sequence[Any]) -> list[str]:
        """What a peer tells of what it kept: the digest of every payload."""
        return digests(self.payloads_in(kept))

    @abstractmethod
    def lay(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        """Allocate the ports."""

    @abstractmethod
    def sit(self, seat: Seat, ports: Sequence[Any], side: Side) -> Seat:
        """Give a seat the callables it needs from connected ports."""

    @abstractmethod
    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        """Play the driver's part: tell the peers to go, then act."""

    @abstractmethod
    def serve(self, seat: Seat, turn: Turn) -> Lap:
        """Play a peer's part."""

    @abstractmethod
    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        """Seconds of a turn, by the stamps of the sides that begin and end it."""

    def delays(self, seat: Seat, driver: Lap, peers: Sequence[Lap]) -> Sequence[float]:
        """Seconds that each operation of a turn took, where the pattern times every single one."""
        return ()

    @abstractmethod
    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        """Check counts and last messages of a turn, after the clock; raises Unverified."""

    @abstractmethod
    def prove(self, verification: Verification) -> list[Proof]:
        """Play a verification turn through the same two functions and report what arrived."""


class ChannelPattern(Pattern):
    """A pattern over one channel there and, where two_way, one back."""

    port = "channel"
    two_way = False

    def port_count(self, workers: int) -> int:
        return 2 if self.two_way else 1

    def lay(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        there = make_channel(mechanism, settings)
        if not self.two_way:
            return (there,)
        return (there, there if mechanism.duplex else make_channel(mechanism, settings))

    def sit(self, seat: Seat, ports: Sequence[Channel], side: Side) -> Seat:
        outward, inward = (ports[0], ports[-1]) if side == "driver" else (ports[-1], ports[0])
        if self.two_way:
            return seat._replace(send=outward.sender(), receive=inward.receiver())
        if side == "driver":
            return seat._replace(send=outward.sender())
        return seat._replace(receive=inward.receiver())

    def prove(self, verification: Verification) -> list[Proof]:
        seat, count = verification.seat, proof_count(verification.size)
        stream, replies, turn = self.stream(seat), list[Any](), Turn(count)
        if stream is not None:
            payloads = make_payloads(verification.content, verification.nonce, verification.size, count, stream)
            turn = Turn(count, self.messages(payloads))
        go = partial(verification.crew.prove, verification.nonce)
        lap = self.drive(self.keep(seat, replies), go, turn)
        received = [*verification.crew.proved(), *self.replies(turn, lap, replies)]
        streams = self.streams(seat.operation, seat.workers)
        if self.rule == "each":
            streams = streams[: len(received)]  # a control has no peer that receives anything
        return [verification.proof(self.rule, count, received)._replace(streams=streams)]

    def replies(self, turn: Turn, driver: Lap, kept: Sequence[Any]) -> list[list[str]]:
        """The digests of payloads that came back to the driver, if any do; raises Unverified."""
        return []


class CellPattern(Pattern):
    """A pattern over one cell that all workers use at once, after the driver has told them to go."""

    port = "cell"
    per_worker = True
    idle_driver = True
    sizes = (8,)
    workers = (1, 2, 4)

    def lay(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        make = mechanism.cell
        if make is None:
            raise TypeError(f"{mechanism.name} has no cell")
        return (make(settings),)

    def sit(self, seat: Seat, ports: Sequence[Cell], side: Side) -> Seat:
        (cell,) = ports
        return seat._replace(send=cell.writer(), receive=cell.reader(), cell=cell)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        # Stamps of several processes: perf_counter is one clock on a Linux host, see peers.py.
        return max(lap.ended for lap in peers) - min(lap.started for lap in peers)


def make_channel(mechanism: Mechanism, settings: PortSettings) -> Channel:
    """Allocate a channel of a mechanism that was found fit to have one, for the payloads of the case."""
    if mechanism.channel is None:
        raise TypeError(f"{mechanism.name} has no channel")
    channel = mechanism.channel(settings)
    return ArrayChannel(channel) if settings.payload == "array" and mechanism.carries == "bytes" else channel


def echo(seat: Seat, turn: Turn) -> Lap:
    """Send back, or on, each message as it comes: the part of a peer that answers."""
    send, receive, message = seat.send, seat.receive, None
    start = perf_counter()
    for _ in repeat(None, turn.operations):
        message = receive()
        send(message)
    return Lap(start, perf_counter(), turn.operations, message)


def check_counts(turn: Turn, *laps: Lap) -> None:
    """Check that every side did as many operations as the turn has; raises Unverified."""
    for lap in laps:
        if lap.operations != turn.operations:
            raise Unverified(f"{lap.operations:,} of {turn.operations:,} operations were counted")


def check_last(expected: Any, *laps: Lap) -> None:
    """Check that the last message a peer had is the expected payload; raises Unverified."""
    for lap in laps:
        if lap.last != digest(expected):
            raise Unverified("the last message is not the last one sent")
