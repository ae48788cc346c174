"""What does ipcbench add to what it measures? Reported time ÷ a bare hand-written loop over the same objects.

For every mechanism that carries messages, a driver and a peer play ping-pong at 64 B (8 B for numbers), in alternating
turns: one as in a visit, through ports and pattern, one in a loop of bare.py that calls the library directly. Both use
one queue, pipe or memory, so that drift affects both, and the ratio is taken pair by pair. Signals are compared in
hand-over, executors in tasks. All processes share one CPU (placement pack), where a round trip is shortest and overhead
shows most; a mechanism that spins needs two CPUs and gets them (spread).

Aim: median over mechanisms at most 1.01, worst at most 1.03. Controls and baselines, which are never ranked, are listed
without an aim: where no data moves to another process, two calls are a large part of the time.

    python benchmarks/harness/overhead.py [--pairs N] [--mechanism NAME] [--json FILE]
"""

import argparse
import os
import statistics
from collections.abc import Sequence
from typing import Any

from bare import CHANNELS, EXECUTORS, NOT_COMPARED, SIGNALS, Loop, bare_loop
from figures import Figure, at_most, write

from ipcbench.errors import NotOffered
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Go, Lap, Pattern, Seat, Turn
from ipcbench.measure.api.ports import Side
from ipcbench.measure.patterns.hand_over import HandOver
from ipcbench.measure.patterns.ping_pong import PingPong
from ipcbench.measure.patterns.tasks import Tasks
from ipcbench.measure.process.names import claim_names
from ipcbench.measure.process.placement import place, usable_cpus
from ipcbench.measure.registry import load_mechanism, load_pattern, mechanism_names
from ipcbench.measure.worker import Session
from ipcbench.model import Case, Placement

SECONDS_PER_TURN = 0.05


class Alternating(Pattern):
    """A pattern in which every second turn is the bare loop, on both sides."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.visit = load_pattern(case.pattern)
        self.ends: dict[Side, tuple[Any, Any]] = {}
        self.loops: dict[Side, Loop] = {}
        self.turns = {"driver": 0, "peer": 0}  # of each side, which may be threads of one process

    def equip(self, seat: Seat, ports: Sequence[Any], side: Side) -> Seat:
        self.ends[side] = (ports[0], ports[-1]) if side == "driver" else (ports[-1], ports[0])
        self.loops[side] = bare_loop(self.case, side)
        return self.visit.equip(seat, ports, side)

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        if self.is_visit("driver"):
            return self.visit.drive(seat, go, turn)
        go(turn.operations)
        return self.loops["driver"](*self.ends["driver"], turn)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        return self.visit.serve(seat, turn) if self.is_visit("peer") else self.loops["peer"](*self.ends["peer"], turn)

    def is_visit(self, side: Side) -> bool:
        """Count a turn of this side; return whether it is a turn as in a visit."""
        self.turns[side] += 1
        return self.turns[side] % 2 == 1


class AlternatingPingPong(Alternating, PingPong):
    pass


class AlternatingHandOver(Alternating, HandOver):
    pass


class AlternatingTasks(Alternating, Tasks):
    pass


PATTERNS: dict[str, type[Alternating]] = {
    "ping-pong": AlternatingPingPong,
    "hand-over": AlternatingHandOver,
    "tasks": AlternatingTasks,
}


class AlternatingSession(Session):
    """A visit whose pattern alternates."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.pattern = PATTERNS[case.pattern](case)

    def time(self, loops: int) -> float:
        """Play one turn, whose last message differs from that of the turn before."""
        self.pool = [*self.pool[1:], *self.pool[:1]]
        return super().time(loops)

    def verify(self, loops: int) -> None:
        """Do nothing: all turns are for the comparison, and the contract tests verify the mechanism."""


def comparisons(mechanism: Mechanism) -> list[Case]:
    """Return the cases in which a mechanism can be compared with its bare loop."""
    name = mechanism.name
    placement: Placement = "spread" if mechanism.wait == "spin" else "pack"
    cases = [Case("tasks", name, 64, 1, operation) for operation in EXECUTORS.get(name, ())]
    if name in CHANNELS:
        cases.append(
            Case("ping-pong", name, 8 if mechanism.carries == "number" else 64, payload=mechanism.usual_payload)
        )
    if name in SIGNALS:
        cases.append(Case("hand-over", name, 0))
    return [case._replace(placement=placement) for case in cases]


def hindrance(mechanism: Mechanism) -> str | None:
    """Return why a mechanism is not compared here, in words; None if it is."""
    if mechanism.missing():
        return mechanism.missing()
    if not comparisons(mechanism):
        return NOT_COMPARED.get(mechanism.name, "bare.py has no loop for it")
    if mechanism.wait == "spin" and len(usable_cpus()) < 2:
        return f"{mechanism.name} spins, and both sides would share the one CPU"
    return None


def measure(case: Case, pairs: int, seconds: float = SECONDS_PER_TURN) -> float:
    """Return the median of reported ÷ bare time over pairs of turns; raises NotOffered or OSError."""
    cpus = usable_cpus()
    session = AlternatingSession(case)
    try:
        session.set_up()
        loops = getattr(session.ports[0], "slots", 1)  # a multiple, so that both loops start at slot 0
        session.time(loops), session.time(loops)
        while session.time(loops) + session.time(loops) < seconds:
            loops *= 2
        ratios = [session.time(loops) / session.time(loops) for _ in range(pairs)]
        session.finish()
    except BaseException:
        session.abandon()
        raise
    finally:
        if hasattr(os, "sched_setaffinity"):
            place(cpus)
    return statistics.median(ratios)


def figures(held: Sequence[float]) -> list[Figure]:
    """Return the figures of all mechanisms with an aim together."""
    if not held:
        return []
    return [
        at_most("reported ÷ bare, median over mechanisms", statistics.median(held), 1.01),
        at_most("reported ÷ bare, worst mechanism", max(held), 1.03),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=41, help="pairs of turns per mechanism")
    parser.add_argument("--seconds", type=float, default=SECONDS_PER_TURN, help="two turns take at least this long")
    parser.add_argument("--mechanism", action="append", choices=mechanism_names(), help="only this one; repeatable")
    parser.add_argument("--json", help="also write the ratios to this file")
    args = parser.parse_args()
    claim_names()
    ratios: dict[str, float] = {}
    held: list[float] = []
    skipped: dict[str, str] = {}
    for name in args.mechanism or mechanism_names():
        mechanism = load_mechanism(name)
        reason = hindrance(mechanism)
        for case in () if reason else comparisons(mechanism):
            label = f"{name} {case.operation}".rstrip()
            try:
                ratios[label] = measure(case, args.pairs, args.seconds)
            except (NotOffered, OSError) as error:
                reason = str(error)
                break
            held += [ratios[label]] if mechanism.ranked else []
            print(f"{label:28} {ratios[label]:.3f}{'' if mechanism.ranked else '  not ranked'}", flush=True)
        if reason:
            skipped[name] = reason
            print(f"{name:28} skipped: {reason}", flush=True)
    for figure in figures(held):
        print(figure.line)
    if args.json:
        write(args.json, figures(held), **{"pairs": args.pairs, "reported / bare": ratios, "skipped": skipped})


if __name__ == "__main__":
    main()
