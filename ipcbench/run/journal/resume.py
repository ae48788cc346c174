"""Read from a journal how far its run came: the plan, and every visit that has ended.

The schedule replays the ended visits in their order and goes on from there. It plans the same rounds in the same order,
because it decides by the same figures.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from ipcbench.errors import BadRequest, ResultError
from ipcbench.machine.identity import Identity, differences
from ipcbench.model import Case, Skip
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan
from ipcbench.results.privacy import kept_text
from ipcbench.results.schema import Condition, SkipRecord
from ipcbench.run.journal.records import JOURNAL_SCHEMA, Continued, Done, Ended, Entry, Failed, Planned, PlanRecord
from ipcbench.run.schedule import Attempt, Earlier, wants_retry


@dataclass(frozen=True, slots=True)
class Past:
    """A run as its journal records it.

    identity and isolation are those of its latest part, and mixed the differences between its parts. seconds is the
    recorded time of all parts. conditions are those of the first part, and those that had another level later.
    """

    planned: Planned
    plan: Plan
    earlier: Earlier
    identity: Identity
    isolation: str
    mixed: tuple[str, ...]
    seconds: float
    conditions: tuple[Condition, ...] = ()

    def continued(self, part: Continued) -> Past:
        """Add one more part."""
        mixed = tuple(dict.fromkeys((*self.mixed, *part.mixed)))
        return replace(
            self,
            identity=part.identity,
            isolation=part.isolation,
            mixed=mixed,
            seconds=self.seconds + part.seconds,
            conditions=together(self.conditions, part.conditions),
        )


def together(known: tuple[Condition, ...], later: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Add to the conditions of a run those that a later part found at another level."""
    levels = {(condition.name, condition.level) for condition in known}
    return known + tuple(condition for condition in later if (condition.name, condition.level) not in levels)


def plan_record(plan: Plan) -> PlanRecord:
    """Return the journal's record of a plan."""
    return PlanRecord(
        cases=tuple(case.id for case in plan.cases),
        skips=tuple(SkipRecord(skip.case.id, kept_text(skip.reason)) for skip in plan.skips),
        seed=plan.seed,
        budget=plan.budget,
        timing=plan.timing,
        notes=plan.notes,
        pythons=plan.pythons,
        room=plan.room,
        payloads=plan.payloads,
        works=plan.works,
    )


def digest(plan: PlanRecord, software: str) -> str:
    """Return a hash that is equal only for equal plans of the same software."""
    return hashlib.sha256(msgspec.json.encode([JOURNAL_SCHEMA, software, plan], order="sorted")).hexdigest()


def past_of(path: Path, label: str, entries: Sequence[Entry]) -> Past:
    """Return how far the run of these records came; raises ResultError for one that cannot be continued."""
    planned = entries[0] if entries else None
    if not isinstance(planned, Planned):
        raise ResultError(f"{path}: no plan in it that this ipcbench can read; --label {label} --force begins anew")
    rest = entries[1:]
    if planned.schema != JOURNAL_SCHEMA:
        raise ResultError(f"{path}: made by another ipcbench (journal schema {planned.schema}, here {JOURNAL_SCHEMA})")
    if planned.label != label:
        raise ResultError(f"{path}: damaged: it is the journal of label {planned.label!r}")
    if any(isinstance(entry, Planned) for entry in rest):
        raise ResultError(f"{path}: damaged: a second plan in it")
    plan = _plan(path, planned)
    visits = [entry for entry in rest if isinstance(entry, Done | Failed)]
    parts = [entry for entry in rest if isinstance(entry, Continued)]
    latest: Planned | Continued = parts[-1] if parts else planned
    conditions = planned.conditions
    for part in parts:
        conditions = together(conditions, part.conditions)
    last = entries[-1]
    return Past(
        planned=planned,
        plan=plan,
        earlier=Earlier(_attempts(path, plan, visits), isinstance(last, Ended) and last.complete),
        identity=latest.identity,
        isolation=latest.isolation,
        mixed=tuple(dict.fromkeys(text for part in parts for text in part.mixed)),
        seconds=planned.seconds + sum(visit.seconds for visit in visits) + sum(part.seconds for part in parts),
        conditions=conditions,
    )


def unlike(past: Past, now: Identity, isolation: str) -> list[str]:
    """Return the differences between a run's latest part and this machine, in words."""
    found = differences(past.identity, now)
    if past.isolation != isolation:
        found.append(f"isolation level {past.isolation} (here {isolation})")
    return found


def _plan(path: Path, planned: Planned) -> Plan:
    record = planned.plan
    if digest(record, planned.identity.software) != planned.digest:
        raise ResultError(f"{path}: damaged: the plan is not the one that was begun")
    if (record.pythons or record.payloads or record.works) and path.exists() and path.stat().st_uid != os.geteuid():
        raise ResultError(f"{path}: names programs to run, and is not yours: only its owner continues it")
    try:
        cases = tuple(map(Case.parse, record.cases))
        for case in cases:
            catalog.mechanism(case.mechanism)
            catalog.pattern(case.pattern)
        skips = tuple(Skip(Case.parse(skip.id), skip.reason) for skip in record.skips)
    except BadRequest as error:
        raise ResultError(f"{path}: its plan cannot be made here: {error}") from error
    if not cases or len(set(cases)) != len(cases):
        raise ResultError(f"{path}: damaged: a plan names each of its cases once, and has one")
    return Plan(
        cases,
        skips,
        record.seed,
        record.budget,
        record.timing,
        record.notes,
        record.pythons,
        record.room,
        record.payloads,
        record.works,
    )


def _attempts(path: Path, plan: Plan, visits: Sequence[Done | Failed]) -> dict[tuple[Case, int, int], Attempt]:
    """Return the ended visits by case, round and attempt; raises ResultError if they do not fit the plan."""
    cases = {case.id: case for case in plan.cases}
    earlier: dict[tuple[Case, int, int], Attempt] = {}
    last_round = 0
    for visit in visits:
        if visit.case not in cases:
            raise ResultError(f"{path}: damaged: {visit.case!r} is not in its plan")
        case = cases[visit.case]
        if (case, visit.round, visit.attempt) in earlier:
            raise ResultError(f"{path}: damaged: {case.id} stands twice in round {visit.round}")
        first = earlier.get((case, visit.round, 1))
        if visit.attempt > 1 and not (first and wants_retry(first.found)):
            raise ResultError(f"{path}: damaged: {case.id} was tried again in round {visit.round} without a reason")
        if visit.round not in (last_round, last_round + 1):
            raise ResultError(f"{path}: damaged: round {visit.round} follows round {last_round}")
        last_round = visit.round
        earlier[case, visit.round, visit.attempt] = Attempt(visit.found, visit.seconds)
    return earlier
