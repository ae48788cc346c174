"""Patterns: what the driver does and times, and what a peer does.

A pattern gets a seat (callables of the ports in its own process) and a turn (the number of operations and the
payloads), and returns a lap: stamps from perf_counter, and what is needed to check the turn afterwards. The same two
functions, drive and serve, play timed turns and verification turns; in the latter the seat's `receive` also keeps what
it returns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, repeat
from time import perf_counter
from typing import Any, Literal, NamedTuple

from ipcbench.measure.api.digest import digest, digests, own
from ipcbench.measure.api.load import Load, Pace, is_loaded, split, work_of
from ipcbench.measure.api.mechanism import Many, Mechanism
from ipcbench.measure.api.payload import Payload, load_kind, make_payloads
from ipcbench.measure.api.pool import MOST_PROVED, proof_count, window_for
from ipcbench.measure.api.ports import Cell, Channel, Decode, Encode, Port, Receive, Run, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.model import Case

Go = Callable[[int], object]
Cycle = Callable[[Callable[["Seat", Go], object]], Sequence["Lap"]]
Rule = Literal["each", "shared", "total", "ordered"]
NO_CPU = "a sender that keeps to a rate needs a CPU of its own: choose spread or free"


class Unverified(Exception):
    """The messages that arrived differ from those sent."""


class WrongResult(Unverified):
    """The measured operation computes a wrong result: a finding about the mechanism, not a fault of the run."""


def is_something(received: Any) -> bool:
    """Return whether what was received is a message, where None is the sentinel."""
    return received is not None


def _always(_: Any) -> bool:
    return True


def _no_port(*_: Any) -> Any:
    raise NotImplementedError("this side of the pattern has no such port")


class Seat(NamedTuple):
    """What one process uses in a turn.

    number: peers count from 0; the driver is -1. operation, workers, payload: the case's. window: messages in flight,
    the pattern's. outlets: for a process that sends to several channels. cycle: for a pattern that makes and ends ports
    and peers in each operation. pace: for a case with a rate.
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
    encode: Encode = _no_port
    decode: Decode = _no_port
    payload: str = "bytes"
    pace: Pace | None = None

    def keeping(self, kept: list[Any]) -> Seat:
        """Return this seat with a `receive` that also appends what it returns to `kept`."""
        receive = self.receive

        def receive_and_keep() -> Any:
            message = receive()
            kept.append(own(message))
            return message

        return self._replace(receive=receive_and_keep)


class Turn(NamedTuple):
    """A stretch of operations: how many on each side, and the payloads that this side sends."""

    operations: int
    payloads: Sequence[Any] = ()


class Lap(NamedTuple):
    """What one side reports of a turn: stamps in seconds of perf_counter, and the number of operations done.

    last: the last message it had. sent: the last message it sent, if that differs. The driver gets both from a peer as
    digests. finished: (number, worker) for each result of numbered tasks. stamps: the end of each operation, for a
    pattern that times every operation.
    """

    started: float
    ended: float
    operations: int
    last: Any = None
    finished: Sequence[tuple[int, int]] = ()
    stamps: Sequence[float] = ()
    sent: Any = None


class Proof(NamedTuple):
    """What a verification turn found; the orchestrator remakes the payloads from the nonce, and judges.

    rule "each": list i of `received` holds the digests of payloads 0 to messages - 1 of streams[i], in order.
    "shared": all lists together hold each digest of all streams once; within a list, those of one stream are in order
    if the mechanism keeps order. "total": `found` equals `expected`. "ordered": `found` hand-overs, in which no wait
    returned before its notification, equal `expected`.
    """

    rule: Rule
    nonce: int = 0
    size: int = 0
    messages: int = 0
    received: Sequence[Sequence[str]] = ()
    streams: Sequence[int] = ()
    expected: int = 0
    found: int = 0


class Crew(ABC):
    """The peers, from the view of a pattern."""

    @abstractmethod
    def prove(self, nonce: int, operations: int, only: int | None = None) -> None:
        """Tell every peer, or peer `only`, to start a verification turn of `operations`, and return at once."""

    @abstractmethod
    def proved(self, only: int | None = None) -> list[list[str]]:
        """Wait for the end of the verification turn; return the digests of what every peer, or `only`, received."""


class Verification(NamedTuple):
    """What the driver needs for a verification turn; loops is how many a timed turn has."""

    seat: Seat
    crew: Crew
    content: str
    size: int
    nonce: int
    loops: int = MOST_PROVED

    @property
    def messages(self) -> int:
        """How many messages the turn sends."""
        return proof_count(self.size, self.loops)

    def proof(self, rule: Rule, messages: int, received: Sequence[Sequence[str]]) -> Proof:
        """Return a proof over stream 0 from the digests of what each receiver got."""
        return Proof(rule, self.nonce, self.size, messages, received, [0] * len(received))


class Pattern(ABC):
    """One question about a port."""

    name: str
    question: str
    operation: str  # what one operation is, in words
    port: Literal["channel", "cell", "signal", "executor"]
    operations: tuple[str, ...] = ("",)  # names of the variants, for a pattern that has several
    sizes: tuple[int, ...] = (64, 4096, 65_536, 2**20)  # payload sizes in bytes, measured by default
    workers: tuple[int, ...] = (1,)  # numbers of workers, measured by default
    most_workers: int | None = None
    senders: Many = "one"  # processes that use each end of one channel
    receivers: Many = "one"
    alone: bool = False  # whether the driver can play without a peer, over a control that sends to itself
    per_worker: bool = False  # whether each worker does all operations of a loop; otherwise the workers share them
    idle_driver: bool = False  # whether the driver only waits while the peers work
    works: bool = False  # whether its receivers can do work for each message
    rated: bool = False  # whether its senders can send at a rate
    cycles: bool = False  # whether each operation makes and ends ports and peers; the visit starts without any
    rule: Rule = "each"  # how its proofs are judged, see Proof
    compares_last: bool = True  # whether `check` compares the last message of every timed turn with the one sent
    encoded: int = 0  # bytes of the last message, for a pattern that encodes messages, after a turn

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        """Return why mechanism and pattern make no case of this size, workers and so on; None if they do."""
        if not self.knows(case.operation):
            if reason := self._lacks(split(case.operation)):
                return reason
            return f"{self.name} has no variant {case.operation!r}: expected {', '.join(filter(None, self.operations))}"
        if split(case.operation).rate and case.placement == "pack":
            return NO_CPU
        if case.payload != "bytes" and (reason := load_kind(case.payload).unfit(case.size)):
            return reason
        if mechanism.only_patterns and self.name not in mechanism.only_patterns:
            return f"{mechanism.name} is measured in {', '.join(mechanism.only_patterns)} only"
        if mechanism.peers == "nobody" and not self.alone:
            return f"{mechanism.name} is a control within one process, and {self.name} needs two"
        if self.most_workers is not None and case.workers > self.most_workers:
            return f"{self.name} is between the driver and {self.most_workers} worker"
        if case.workers < mechanism.least_workers:
            return f"{mechanism.name} has workers of its own from {mechanism.least_workers} on"
        return mechanism.unfit(self.port_of(mechanism), case.size, self.senders, self.receivers, case.payload)

    def knows(self, operation: str) -> bool:
        """Return whether it has this variant."""
        return split(operation).variant in self.operations and not self._lacks(split(operation))

    def _lacks(self, load: Load) -> str | None:
        if load.works and not self.works:
            return f"{self.name} has no work for a message"
        return f"{self.name} has no rate" if load.rate and not self.rated else None

    def receives(self, seat: Seat) -> bool:
        """Return whether this process receives the messages that the case is about."""
        return seat.number >= 0

    def loaded(self, seat: Seat) -> Seat:
        """Return the seat of a process that works on what it receives, and sends at a rate, as its operation says."""
        load = split(seat.operation)
        if not is_loaded(seat.operation):
            return seat
        pace = self._pace(seat) if load.rate else None
        if self.receives(seat):
            seat = seat._replace(receive=self._receiving(seat, load, pace))
        if pace and self.stream(seat) is not None:
            first, *others = seat.outlets or [seat.send]
            send = self._sending(seat, first, pace)
            seat = seat._replace(send=send, outlets=(send, *others) if seat.outlets else ())
        return seat._replace(pace=pace)

    def _pace(self, seat: Seat) -> Pace:
        return Pace(split(seat.operation).rate, self.stream(seat) or 0, seat.workers if self.per_worker else 1)

    def _receiving(self, seat: Seat, load: Load, pace: Pace | None) -> Receive:
        receive, is_message, stamps = seat.receive, self.is_message(seat), pace.stamps if pace else None
        work = work_of(seat.operation) if load.works else None

        def receive_and_work() -> Any:
            message = receive()
            if is_message(message):
                if stamps is not None:
                    stamps.append(perf_counter())
                if work:
                    work(message)
            return message

        return receive_and_work

    def _sending(self, seat: Seat, send: Send, pace: Pace) -> Send:
        wait, is_message = pace.wait, self.is_message(seat)

        def send_when_due(message: Any) -> None:
            if is_message(message):
                wait()
            send(message)

        return send_when_due

    def is_message(self, seat: Seat) -> Callable[[Any], bool]:
        """Return what tells a message from a sentinel."""
        return _always

    def port_of(self, mechanism: Mechanism) -> str:
        """Return the kind of port that this pattern uses of a mechanism."""
        return self.port

    def uses(self, number: int, ports: int, workers: int) -> dict[int, Side]:
        """Return the indexes of the ports that a process uses, each with its side; it closes all others at once."""
        return dict.fromkeys(range(ports), "driver" if number < 0 else "peer")

    def peers(self, workers: int) -> int:
        """Return the number of processes beside the driver."""
        return workers

    def port_count(self, workers: int) -> int:
        """Return the number of ports of a visit."""
        return 1

    def per_loop(self, workers: int) -> int:
        """Return the number of operations in one loop of a turn."""
        return workers if self.per_worker else 1

    def window(self, mechanism: Mechanism, case: Case) -> int:
        """Return how many messages this pattern keeps in flight, at most payload.window_for(size)."""
        return window_for(case.size)

    def sends(self, side: Side, operation: str) -> bool:
        """Return whether this side needs payloads for its turns."""
        return side == "driver"

    def stream(self, seat: Seat) -> int | None:
        """Return the number of the stream of payloads that this seat sends; None if it sends nothing."""
        if not self.sends("driver" if seat.number < 0 else "peer", seat.operation):
            return None
        return max(seat.number, 0)

    def streams(self, operation: str, workers: int) -> list[int]:
        """Return the streams of a proof: for "each" that of every list received, for "shared" those of all lists."""
        return [0] * workers

    def messages(self, payloads: Sequence[Payload]) -> Sequence[Any]:
        """Return the messages that carry these payloads."""
        return payloads

    def payloads_in(self, messages: Sequence[Any]) -> Sequence[Any]:
        """Return the payloads in the messages that a receiver kept."""
        return messages

    def keep(self, seat: Seat, kept: list[Any]) -> Seat:
        """Return the seat for a verification turn, which appends its evidence to `kept`."""
        return seat.keeping(kept)

    def account(self, kept: Sequence[Any]) -> list[str]:
        """Return what a peer reports of its evidence: the digest of every payload."""
        return digests(self.payloads_in(kept))

    @abstractmethod
    def make_ports(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        """Allocate the ports."""

    @abstractmethod
    def equip(self, seat: Seat, ports: Sequence[Any], side: Side) -> Seat:
        """Return the seat with the callables that it needs from connected ports."""

    @abstractmethod
    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        """Play the driver's part: call `go` to start the peers, then act."""

    @abstractmethod
    def serve(self, seat: Seat, turn: Turn) -> Lap:
        """Play a peer's part."""

    @abstractmethod
    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        """Return the seconds of a turn, from the stamps of the sides that begin and end it."""

    def seconds(self, seat: Seat, driver: Lap, peers: Sequence[Lap]) -> float:
        """Return the seconds of a turn: `elapsed`, or at a rate those between the first and the last message received.

        The latter have one interval fewer than messages, so one is added: a mechanism that keeps up takes as long as
        its messages are due, whatever their delay.
        """
        rate = split(seat.operation).rate
        if not rate:
            return self.elapsed(driver, peers)
        stamps = [*chain.from_iterable(self.received(seat, driver, peers))]
        return max(stamps) - min(stamps) + 1 / rate

    def delays(self, seat: Seat, driver: Lap, peers: Sequence[Lap]) -> Sequence[float]:
        """Return the seconds of each operation of a turn, if every single one is timed; else nothing.

        At a rate it is the time from when a message was due until it was received: each receiver gets all messages, or
        together they get them, in which case the nth one received is taken for the nth one due.
        """
        if not split(seat.operation).rate:
            return ()
        sent = [(one, lap) for one, lap in _with_seats(seat, driver, peers) if self.stream(one) is not None]
        due = sorted(chain.from_iterable(self._pace(one).times(lap.started, lap.operations) for one, lap in sent))
        stamps = self.received(seat, driver, peers)
        received = stamps if self.rule == "each" else [sorted(chain.from_iterable(stamps))]
        return [stamp - at for each in received for stamp, at in zip(each, due, strict=True)]

    def received(self, seat: Seat, driver: Lap, peers: Sequence[Lap]) -> list[Sequence[float]]:
        """Return when each receiver got its messages."""
        return [lap.stamps for one, lap in _with_seats(seat, driver, peers) if self.receives(one)]

    @abstractmethod
    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        """Check counts and last messages of a turn, after the clock; raises Unverified if they are wrong."""

    @abstractmethod
    def prove(self, verification: Verification) -> list[Proof]:
        """Play a verification turn through drive and serve, and return what arrived."""


def _with_seats(seat: Seat, driver: Lap, peers: Sequence[Lap]) -> list[tuple[Seat, Lap]]:
    return [(seat._replace(number=number), lap) for number, lap in enumerate([driver, *peers], -1)]


class ChannelPattern(Pattern):
    """A pattern over one channel from the driver to the peer and, if two_way, one back."""

    port = "channel"
    two_way = False

    def port_count(self, workers: int) -> int:
        return 2 if self.two_way else 1

    def make_ports(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        there = make_channel(mechanism, settings)
        if not self.two_way:
            return (there,)
        return (there, there if mechanism.duplex else make_channel(mechanism, settings))

    def equip(self, seat: Seat, ports: Sequence[Channel], side: Side) -> Seat:
        outward, inward = (ports[0], ports[-1]) if side == "driver" else (ports[-1], ports[0])
        if self.two_way:
            return seat._replace(send=outward.sender(), receive=inward.receiver())
        if side == "driver":
            return seat._replace(send=outward.sender())
        return seat._replace(receive=inward.receiver())

    def prove(self, verification: Verification) -> list[Proof]:
        seat, count = verification.seat, verification.messages
        stream, replies, turn = self.stream(seat), list[Any](), Turn(count)
        if stream is not None:
            payloads = make_payloads(verification.content, verification.nonce, verification.size, count, stream)
            turn = Turn(count, self.messages(payloads))
        go = partial(verification.crew.prove, verification.nonce)
        lap = self.drive(self.keep(seat, replies), go, turn)
        received = [*verification.crew.proved(), *self.replies(turn, lap, replies)]
        streams = self.streams(seat.operation, seat.workers)
        if self.rule == "each":
            streams = streams[: len(received)]  # a control has no receiving peer
        return [verification.proof(self.rule, count, received)._replace(streams=streams)]

    def replies(self, turn: Turn, driver: Lap, kept: Sequence[Any]) -> list[list[str]]:
        """Return the digests of the payloads that came back to the driver, one list each; raises Unverified."""
        return []


class CellPattern(Pattern):
    """A pattern over one cell that all workers use at once, after the driver has started them."""

    port = "cell"
    per_worker = True
    idle_driver = True
    sizes = (8,)
    workers = (1, 2, 4)

    def make_ports(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        make = mechanism.cell
        if make is None:
            raise TypeError(f"{mechanism.name} has no cell")
        return (make(settings),)

    def equip(self, seat: Seat, ports: Sequence[Cell], side: Side) -> Seat:
        (cell,) = ports
        return seat._replace(send=cell.writer(), receive=cell.reader(), cell=cell)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        # Stamps of several processes: perf_counter is one clock on a Linux host, see process/team.py.
        return max(lap.ended for lap in peers) - min(lap.started for lap in peers)


def make_channel(mechanism: Mechanism, settings: PortSettings) -> Channel:
    """Allocate a channel of a mechanism, for payloads of the settings' kind; raises TypeError if it has none."""
    if mechanism.channel is None:
        raise TypeError(f"{mechanism.name} has no channel")
    channel = mechanism.channel(settings)
    coded = load_kind(settings.payload).coded if mechanism.carries == "bytes" else None
    return coded(channel) if coded else channel


def paced(seat: Seat, play: Callable[[], Lap]) -> Lap:
    """Play a turn, at the seat's pace if it has one, and return its lap, then with the stamps of what it received."""
    if seat.pace is None:
        return play()
    seat.pace.begin()
    return play()._replace(stamps=[*seat.pace.stamps])


def echo(seat: Seat, turn: Turn) -> Lap:
    """Send each message back, or on to the next channel, as it arrives: the part of a peer that answers."""
    send, receive, message = seat.send, seat.receive, None
    start = perf_counter()
    for _ in repeat(None, turn.operations):
        message = receive()
        send(message)
    return Lap(start, perf_counter(), turn.operations, message)


def check_counts(turn: Turn, *laps: Lap) -> None:
    """Check that every side did all operations of the turn; raises Unverified."""
    for lap in laps:
        if lap.operations != turn.operations:
            raise Unverified(f"{lap.operations:,} of {turn.operations:,} operations were counted")


def check_last(expected: Any, *laps: Lap) -> None:
    """Check that the last message of each peer is the expected payload; raises Unverified."""
    for lap in laps:
        if lap.last != digest(expected):
            raise Unverified("the last message is not the last one sent")
