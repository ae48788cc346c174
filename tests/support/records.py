"""Computed journals, and ways to damage them: for the tests of the journal and of resuming."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence

from synthetic import make_result

from ipcbench.machine.identity import identity
from ipcbench.model import Budget, Case, Outcome, Skip, Timing
from ipcbench.plan.planner import Plan
from ipcbench.run.journal.records import (
    JOURNAL_SCHEMA,
    Done,
    Ended,
    Entry,
    Failed,
    OutcomeRecord,
    Planned,
    Started,
    write_entry,
)
from ipcbench.run.journal.resume import digest, plan_record

CASES = (Case("ping-pong", "pipe", 64), Case("ping-pong", "queue", 64))
SKIPPED = Skip(Case("ping-pong", "value", 64), "value carries one 8 B number")
PLAN = Plan(CASES, (SKIPPED,), 7, Budget(rounds=4), Timing(1, 1, 0.05), {CASES[1].id: ("oversubscribed",)})


def outcome(seconds: float = 1e-4, notes: tuple[str, ...] = ()) -> Outcome:
    """Return the outcome of a visit in which an operation takes so many seconds."""
    return Outcome(
        values=(seconds, 1.1 * seconds),
        warmups=((400, 1.2 * seconds),),
        loops=400,
        operations=800,
        cpu_user=0.01,
        cpu_system=0.02,
        context_switches=3,
        wall=0.3,
        cpus=((0,), (1,)),
        metadata={"loops": 400, "inner_loops": 1, "unit": "second", "duration": 0.25},
        notes=notes,
        proof=("counts", "digests"),
    )


def planned(plan: Plan = PLAN, label: str = "mine") -> Planned:
    """Return the first record of a run of this plan that begins here and now."""
    who = identity()
    return Planned(
        schema=JOURNAL_SCHEMA,
        digest=digest(plan_record(plan), who.software),
        plan=plan_record(plan),
        label=label,
        command="python -m ipcbench run --rounds 4 --seed 7",
        started="2026-01-15T10:20:30+00:00",
        start=0.15,
        machine=make_result([], rounds=1, skips=[]).ipcbench.machine,
        identity=who,
        isolation="group",
        seconds=1.5,
    )


def visits(plan: Plan = PLAN, rounds: int = 4) -> list[Entry]:
    """Return the records of a complete run of this plan, in which one visit had to be repeated."""
    found: list[Entry] = []
    for number in range(rounds + 1):
        for position, visit in enumerate(itertools.chain(*plan.sittings(number, plan.cases, {}))):
            attempt, about = 1, (visit.case.id, number)
            if number == 2 and position == 1:
                found += [
                    Started(*about, position, 1, 1234),
                    Failed(*about, 1, 0.5, "failed", "timing", "no word"),
                ]
                attempt = 2
            good = outcome((number + 1) * 1e-5, ("retried",) if attempt == 2 else ())
            found += [Started(*about, position, attempt, 1234), Done(*about, attempt, 0.25, OutcomeRecord(*good))]
    return [*found, Ended(True)]


PLANNED = planned()
VISITS: list[Entry] = [PLANNED, *visits()]


def journal_of(entries: Sequence[Entry]) -> bytes:
    """Return the bytes of a journal with these records."""
    return b"".join(map(write_entry, entries))


def damaged(data: bytes, chance: random.Random, positions: Iterable[int] | None = None) -> bytes:
    """Return the data with one flipped bit, or, at random once in four times, with two."""
    broken = bytearray(data)
    for position in positions or (chance.randrange(len(data)) for _ in range(2 - bool(chance.randrange(4)))):
        broken[position] ^= 1 << chance.randrange(8)
    return bytes(broken)
