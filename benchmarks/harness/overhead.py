"""What does ipcbench add to what it measures? Reported time ÷ a bare hand-written loop over the same objects.

For every mechanism that carries messages, one driver and one peer play ping-pong at 64 B (8 B for numbers), turn by
turn in alternation: once as a visit does, through ports and pattern, once in a loop that is written out below with
nothing between it and the library. Both use the same queue, pipe or memory, so drift meets both alike, and the ratio is
taken pair by pair. All processes share one CPU (placement pack), where a round trip is shortest and an overhead shows
most.

Aim: median over mechanisms at most 1.02, worst at most 1.05.

    python benchmarks/harness/overhead.py [--pairs N] [--mechanism NAME] [--json FILE]
"""

import argparse
import json
import statistics
import textwrap
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from ipcbench.measure.pattern import Go, Lap, Seat, Turn
from ipcbench.measure.patterns.ping_pong import PingPong
from ipcbench.measure.ports import Mechanism, Side
from ipcbench.measure.registry import load_mechanism, mechanism_names
from ipcbench.measure.ring import LENGTH
from ipcbench.measure.worker import Session
from ipcbench.model import Case

SECONDS_PER_TURN = 0.05

# What stands before the loop, how a message p is sent, how m is received; `there` and `back` are the ports as this
# process sees them: it sends into `there` and receives from `back`.
_QUEUE = ("put, get = there.queue.put, back.queue.get", "put(p)", "m = get()")
_RING = """
wait_free, post_full = there.free.acquire, there.full.release
wait_full, post_free = back.full.acquire, back.free.release
i = j = 0
slots = there.slots
"""
_VALUE = (
    f"{_RING}\nnew, old = there.holder, back.holder",
    "wait_free(); new.value = p; post_full()",
    "wait_full(); m = old.value; post_free()",
)
_ITEM = (
    f"{_RING}\nnew, old = there.holder, back.holder",
    "wait_free(); new[i] = p; i = (i + 1) % slots; post_full()",
    "wait_full(); m = old[j]; j = (j + 1) % slots; post_free()",
)
BARE = {
    "queue": _QUEUE,
    "simple-queue": _QUEUE,
    "joinable-queue": (
        "put, get, done = there.queue.put, back.queue.get, back.queue.task_done",
        "put(p)",
        "m = get(); done()",
    ),
    "pipe": ("send, recv = there.end.send, there.end.recv", "send(p)", "m = recv()"),
    "pipe-bytes": ("send, recv = there.end.send_bytes, there.end.recv_bytes", "send(p)", "m = recv()"),
    "manager-queue": _QUEUE,
    "manager-list": (
        "append, pop = there.items.append, back.items.pop\n"
        "wait_free, post_full = there.free.acquire, there.full.release\n"
        "wait_full, post_free = back.full.acquire, back.free.release",
        "wait_free(); append(p); post_full()",
        "wait_full(); m = pop(0); post_free()",
    ),
    "manager-dict": _ITEM,
    "manager-array": _ITEM,
    "manager-value": _VALUE,
    "value": _VALUE,
    "raw-value": _VALUE,
    "array": (
        f"{_RING}\nnew, old = there.arrays, back.arrays",
        "wait_free(); new[i].raw = p; i = (i + 1) % slots; post_full()",
        "wait_full(); m = old[j].raw; j = (j + 1) % slots; post_free()",
    ),
    "manager-namespace": (
        f"{_RING}\nnew, old, names = there.namespace, back.namespace, there.names",
        "wait_free(); setattr(new, names[i], p); i = (i + 1) % slots; post_full()",
        "wait_full(); m = getattr(old, names[j]); j = (j + 1) % slots; post_free()",
    ),
    "raw-array": (
        f"{_RING}\nnew, old = memoryview(there.memory).cast('B'), memoryview(back.memory).cast('B')\n"
        "stride, put_length, get_length = there.stride, length.pack_into, length.unpack_from",
        "wait_free(); s = i * stride; put_length(new, s, len(p)); new[s + 8 : s + 8 + len(p)] = p; "
        "i = (i + 1) % slots; post_full()",
        "wait_full(); s = j * stride; m = bytes(old[s + 8 : s + 8 + get_length(old, s)[0]]); "
        "j = (j + 1) % slots; post_free()",
    ),
}

Loop = Callable[[Any, Any, Sequence[Any]], tuple[float, float, Any]]


def bare_loop(mechanism: str, first: str) -> Loop:
    """Write out the loop of one side: `send` first, as the driver does, or `receive` first, as the peer does."""
    before, send, receive = BARE[mechanism]
    body = f"{send}\n{receive}" if first == "send" else f"{receive}\np = m\n{send}"
    source = (
        "def loop(there, back, payloads):\n"
        + textwrap.indent(before, "    ")
        + "\n    start = perf_counter()\n    for p in payloads:\n"
        + textwrap.indent(body, " " * 8)
        + "\n    return start, perf_counter(), m\n"
    )
    scope: dict[str, Any] = {"perf_counter": perf_counter, "length": LENGTH}
    exec(source, scope)
    loop: Loop = scope["loop"]
    return loop


class Alternating(PingPong):
    """ping-pong whose every second turn is the bare loop, on both sides alike."""

    def __init__(self, mechanism: str) -> None:
        self.mechanism = mechanism
        self.turns = 0

    def sit(self, seat: Seat, ports: Sequence[Any], side: Side) -> Seat:
        self.outward, self.inward = (ports[0], ports[-1]) if side == "driver" else (ports[-1], ports[0])
        self.bare = bare_loop(self.mechanism, "send" if side == "driver" else "receive")
        return super().sit(seat, ports, side)

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        self.turns += 1
        if self.turns % 2:
            return super().drive(seat, go, turn)
        go(turn.operations)
        start, end, last = self.bare(self.outward, self.inward, turn.payloads)
        return Lap(start, end, turn.operations, last)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        self.turns += 1
        if self.turns % 2:
            return super().serve(seat, turn)
        start, end, last = self.bare(self.outward, self.inward, range(turn.operations))
        return Lap(start, end, turn.operations, last)


class AlternatingSession(Session):
    """A visit whose pattern alternates; loops are multiples of the ring's slots, so that both loops start at slot 0."""

    def __init__(self, mechanism: Mechanism) -> None:
        size = 8 if mechanism.carries == "number" else 64
        super().__init__(Case("ping-pong", mechanism.name, size, placement="pack"))
        self.pattern = Alternating(mechanism.name)

    def verify(self) -> None:
        """Leave the turns to the comparison; the contract tests hold the mechanism itself."""


def measure(name: str, pairs: int) -> float:
    """The median over pairs of turns of reported ÷ bare time."""
    session = AlternatingSession(load_mechanism(name))
    loops = session.window
    session.time(loops), session.time(loops)
    while session.time(loops) + session.time(loops) < SECONDS_PER_TURN:
        loops *= 2
    ratios = [session.time(loops) / session.time(loops) for _ in range(pairs)]
    session.finish()
    return statistics.median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=41, help="pairs of turns per mechanism")
    parser.add_argument("--mechanism", action="append", choices=mechanism_names(), help="only this one; repeatable")
    parser.add_argument("--json", help="also write the ratios to this file")
    args = parser.parse_args()
    ratios = {}
    for name in args.mechanism or mechanism_names():
        ratios[name] = measure(name, args.pairs)
        print(f"{name:18} {ratios[name]:.3f}", flush=True)
    print(f"{'median':18} {statistics.median(ratios.values()):.3f}\n{'worst':18} {max(ratios.values()):.3f}")
    if args.json:
        with open(args.json, "w") as file:
            json.dump({"pairs": args.pairs, "reported / bare": ratios}, file, indent=2)


if __name__ == "__main__":
    main()
