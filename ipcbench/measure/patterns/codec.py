"""codec: what turning a message into bytes costs, and turning the bytes into a message, without sending them.

It needs no peer. The round trip of the same message over the same pipe is `ping-pong`.
"""

from collections.abc import Sequence
from functools import partial
from time import perf_counter
from typing import Any

from ipcbench.measure.api.digest import digest, digests, own
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Go, Lap, Pattern, Proof, Seat, Turn, Unverified, Verification, make_channel
from ipcbench.measure.api.payload import make_payloads
from ipcbench.measure.api.ports import Channel, Encode, Port, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.model import Case


class Codec(Pattern):
    name = "codec"
    question = "What does it cost to turn a message into bytes, and back?"
    operation = "one message encoded or decoded"
    port = "channel"
    operations = ("encode", "decode")
    most_workers = 1

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, Any]] = {}  # each message of the pool and what it is encoded, by its id

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        channel = mechanism.channel
        if channel and channel.codec is Channel.codec:
            return f"{mechanism.name} has no functions that turn a message into bytes and back"
        return super().unfit(mechanism, case)

    def peers(self, workers: int) -> int:
        return 0

    def make_ports(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        return (make_channel(mechanism, settings),)

    def equip(self, seat: Seat, ports: Sequence[Channel], side: Side) -> Seat:
        codec = ports[0].codec()
        if codec is None:
            raise TypeError("codec needs a channel with codec()")
        return seat._replace(encode=codec[0], decode=codec[1])

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        act, made = seat.encode, None
        messages = turn.payloads
        if seat.operation == "decode":
            act, messages = seat.decode, self.encoded_once(turn.payloads, seat.encode)
        go(turn.operations)
        # Clock: starts before the first message, stops after the last. Operation: one message encoded, or decoded.
        start = perf_counter()
        for message in messages:
            made = act(message)
        return Lap(start, perf_counter(), turn.operations, made)

    def encoded_once(self, payloads: Sequence[Any], encode: Encode) -> list[Any]:
        """Return what each payload is encoded; a turn repeats a few payloads, and later turns have the same ones."""
        for payload in payloads:
            if id(payload) not in self.known:
                self.known[id(payload)] = payload, encode(payload)
        return [self.known[id(payload)][1] for payload in payloads]

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        raise NotImplementedError("codec has no peers")

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        return driver.ended - driver.started

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        last = turn.payloads[-1]
        encoded = driver.last if seat.operation == "encode" else self.known[id(last)][1]
        self.encoded = length(encoded)
        if digest(seat.decode(encoded) if seat.operation == "encode" else driver.last) != digest(last):
            raise Unverified("the last message, encoded and decoded, is not the same")

    def prove(self, verification: Verification) -> list[Proof]:
        seat, count = verification.seat, verification.messages
        payloads = make_payloads(verification.content, verification.nonce, verification.size, count)
        kept: list[Any] = []

        def keeping(act: Encode, message: Any) -> Any:
            made = act(message)
            kept.append(made if seat.operation == "encode" else own(made))
            return made

        encodes = seat.operation == "encode"
        if encodes:
            watched = seat._replace(encode=partial(keeping, seat.encode))
        else:
            watched = seat._replace(decode=partial(keeping, seat.decode))
        self.drive(watched, partial(verification.crew.prove, verification.nonce), Turn(count, payloads))
        self.known.clear()
        received = list(map(seat.decode, kept)) if encodes else kept
        return [verification.proof(self.rule, count, [digests(received)])]


def length(encoded: Any) -> int:
    """Return the bytes of an encoded message."""
    parts = encoded if isinstance(encoded, list) else [encoded]
    return sum(memoryview(part).nbytes for part in parts)


PATTERN = Codec()
