"""Plans: the cases of a selection, skips with reasons, and the order of every round."""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ipcbench.errors import BadRequest, NotHere
from ipcbench.measure.api.load import NO_WORK, with_load
from ipcbench.measure.api.mechanism import is_installed
from ipcbench.measure.api.pattern import Seat
from ipcbench.measure.api.payload import load_kind
from ipcbench.measure.api.pool import pool_count, window_for
from ipcbench.measure.process.placement import assign, background_threads
from ipcbench.model import (
    MOST_WORKERS,
    UNLIMITED,
    Budget,
    Capabilities,
    Case,
    Cpus,
    Interpreter,
    OwnPayload,
    OwnWork,
    Placement,
    Room,
    Skip,
    StartMethod,
    Timing,
    Visit,
)
from ipcbench.plan import catalog
from ipcbench.plan.suites import Row, everything, suite
from ipcbench.text import count
from ipcbench.units import format_size

MOST_TOGETHER = 32  # visits in a sitting
_OF_A_PROCESS = 12 * 2**20  # bytes that a process of a visit shares with no other


@dataclass(frozen=True, slots=True)
class Request:
    """The user's selection; an empty field was not given. Mechanisms and patterns are names or globs.

    own_payloads are those that payloads names beside built-in kinds. works are the work for each message, and rates
    messages per second of all senders, of the patterns that can have them. beside are further questions, each
    with the one mechanism that is asked.
    """

    suites: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    workers: tuple[int, ...] = ()
    payloads: tuple[str, ...] = ()
    own_payloads: tuple[OwnPayload, ...] = ()
    placements: tuple[Placement, ...] = ()
    cpus: tuple[Cpus, ...] = ()
    works: tuple[str, ...] = ()
    own_works: tuple[OwnWork, ...] = ()
    rates: tuple[float, ...] = ()
    start_methods: tuple[StartMethod, ...] = ()
    pythons: tuple[Interpreter, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()
    fast: bool = False
    full: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The cases, skips and settings of a run. notes are expected doubts about values, by case id.

    room is what the visits of a sitting may take together.
    """

    cases: tuple[Case, ...]
    skips: tuple[Skip, ...]
    seed: int
    budget: Budget
    timing: Timing
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pythons: tuple[Interpreter, ...] = ()
    room: Room = UNLIMITED
    payloads: tuple[OwnPayload, ...] = ()
    works: tuple[OwnWork, ...] = ()

    def sittings(self, number: int, cases: Sequence[Case], loops: dict[Case, int]) -> list[list[Visit]]:
        """Return the visits of a round of these cases: a sitting for each block, all shuffled.

        A block that has too little room is split into several sittings.
        """
        ordered = shuffled_blocks(cases, f"{self.seed}/{number}")
        visits = [Visit(case, number, position, loops.get(case)) for position, case in enumerate(ordered)]
        blocks = itertools.groupby(visits, lambda visit: visit.case.block)
        return [sitting for _, block in blocks for sitting in _that_fit(block, self.room)]


def shuffled_blocks(cases: Sequence[Case], seed: str) -> list[Case]:
    """Shuffle cases inside their blocks, and the blocks; cases that are compared stay next to each other.

    Inside a block, cases that differ in Python only are neighbours.
    """
    chance = random.Random(seed)
    blocks: dict[tuple[object, ...], list[Case]] = {}
    for case in cases:
        blocks.setdefault(case.block, []).append(case)
    groups = list(blocks.values())
    chance.shuffle(groups)
    found: list[Case] = []
    for group in groups:
        chance.shuffle(group)
        places: dict[Case, int] = {}
        for case in group:
            places.setdefault(case._replace(python=""), len(places))
        found += sorted(group, key=lambda case: places[case._replace(python="")])
    return found


class Needs(NamedTuple):
    """Bytes of memory and of shared memory."""

    memory: int
    shared_memory: int


def _that_fit(visits: Iterable[Visit], room: Room) -> Iterator[list[Visit]]:
    """Split visits into sittings, each within the room and MOST_TOGETHER; a visit alone always fits."""
    sitting: list[Visit] = []
    for unit in _inseparable(visits, room):
        if sitting and not _fit([*sitting, *unit], room):
            yield sitting
            sitting = []
        sitting += unit
    if sitting:
        yield sitting


def _inseparable(visits: Iterable[Visit], room: Room) -> Iterator[list[Visit]]:
    """Yield neighbours that differ in Python only together if a sitting has room for them, else one by one."""
    for _, alike in itertools.groupby(visits, lambda visit: visit.case._replace(python="")):
        unit = list(alike)
        yield from [unit] if _fit(unit, room) else [[visit] for visit in unit]


def _fit(visits: Sequence[Visit], room: Room) -> bool:
    needed = [needs(visit.case) for visit in visits]
    memory, shared = sum(each.memory for each in needed), sum(each.shared_memory for each in needed)
    return len(visits) <= MOST_TOGETHER and _within(memory, room.memory) and _within(shared, room.shared_memory)


def _within(used: int, limit: int | None) -> bool:
    return limit is None or used <= limit


def needs(case: Case) -> Needs:
    """Estimate the memory that the messages and the processes of a visit take at most."""
    mechanism, pattern = catalog.mechanism(case.mechanism), catalog.pattern(case.pattern)
    ports, window = max(2, pattern.port_count(case.workers)), window_for(case.size)
    most = case.size + load_kind(case.payload).beside + 128
    slots = ports * (window if pattern.port == "channel" else 1) * most
    seats = [Seat(i, case.operation, case.workers, 1) for i in range(-1, pattern.peers(case.workers))]
    senders = max(1, sum(pattern.stream(seat) is not None for seat in seats))
    processes = len(seats) + mechanism.background_processes
    messages = slots + senders * case.size * pool_count(case.size, window)
    return Needs(messages + processes * _OF_A_PROCESS, slots if mechanism.shared_memory else 0)


def make_plan(request: Request, offer: Capabilities, seed: int, budget: Budget, timing: Timing) -> Plan:
    """Return the plan of a request for a machine with these capabilities.

    Raises UnknownName, and BadRequest for a number out of range or if no case is left; NotHere if no case is left but
    another machine could measure some.
    """
    for number in request.workers:
        if not 1 <= number <= MOST_WORKERS:
            raise BadRequest(f"workers {number}: expected 1 to {MOST_WORKERS}")
    for payload in request.own_payloads:
        if request.sizes:
            raise BadRequest(
                f"--payload {payload.source} has its own size, {format_size(payload.size)}: leave out --size"
            )
    wanted = _wanted(request, offer)
    works = [work for work in request.works if work != NO_WORK]
    for option, asked, able in (("work", works, "works"), ("rate", request.rates, "rated")):
        fitting = [found.name for found in catalog.patterns() if getattr(found, able)]
        if any(asked) and not any(case.pattern in fitting for case in wanted):
            raise BadRequest(f"--{option} is for {', '.join(fitting)}, and none of these is chosen")
    pythons = {python.tag: python for python in request.pythons}
    cases, skips = [], []
    for case in wanted:
        under = pythons.get(case.python)
        reason = why_not(case, offer, bool(request.placements), under.number if under else sys.version_info[:2])
        if under and catalog.is_plugin(case.mechanism) and case.mechanism not in under.plugins:
            reason = reason or f"{case.mechanism}: its package is not installed in {under.tag}"
        if under and (lacking := _lacking(case, under.libraries)):
            reason = (
                reason or f"{lacking}, which is not installed in {under.implementation} {under.version} of --python"
            )
        if reason:
            skips.append(Skip(case, reason))
        else:
            cases.append(case)
    if not cases:
        elsewhere = any(not _why_nowhere(skip.case) for skip in skips)
        raise (NotHere if elsewhere else BadRequest)(_why_none(skips))
    notes = {case.id: found for case in cases if (found := _notes(case, offer))}
    room = Room(offer.memory and offer.memory // 2, offer.shared_memory * 3 // 4)
    own = request.own_payloads, request.own_works
    return Plan(tuple(cases), tuple(skips), seed, budget, timing, notes, request.pythons, room, *own)


def why_not(
    case: Case, offer: Capabilities, chosen_placement: bool = False, python: tuple[int, int] = sys.version_info[:2]
) -> str | None:
    """Return why a case cannot run with these capabilities and this Python version; None if it can."""
    reason = _why_nowhere(case)
    if reason:
        return reason
    mechanism, kind = catalog.mechanism(case.mechanism), load_kind(case.payload)
    missing = catalog.missing(case.mechanism, python)
    if missing:
        return missing
    if not case.python and (lacking := _lacking(case, [name for name in kind.requires if is_installed(name)])):
        return f"{lacking}, which is not installed"
    if case.start_method not in offer.start_methods:
        return (
            f"start method {case.start_method} is not available on this machine, only {', '.join(offer.start_methods)}"
        )
    if mechanism.semaphores and offer.semaphores:
        return offer.semaphores
    if case.placement == "spread" and chosen_placement and offer.cpus < 2:
        return "placement spread needs 2 CPUs and this process may use 1: choose pack or free"
    if case.cpus == "awake" and (reason := _why_asleep(case, offer)):
        return reason
    return _why_too_large(case, offer)


def _lacking(case: Case, libraries: Sequence[str]) -> str | None:
    """Return which library the payloads of a case need beside these, in words; None if none."""
    kind = load_kind(case.payload)
    name = next((name for name in kind.requires if name not in libraries), None)
    return f"{kind.title} needs {name}" if name else None


def _why_asleep(case: Case, offer: Capabilities) -> str | None:
    """Return why the CPUs of a case cannot be kept awake; None if they can."""
    mechanism, pattern = catalog.mechanism(case.mechanism), catalog.pattern(case.pattern)
    assigned = assign(case.placement, range(offer.cpus), background_threads(mechanism, pattern, case))
    if len({cpu for cpus in assigned for cpu in cpus}) > offer.cores:
        return (
            f"cpus awake needs a core for each CPU in use, and there are {offer.cores}: a busy loop slows down the "
            "other CPU of its core"
        )
    return offer.asleep


def _why_nowhere(case: Case) -> str | None:
    """Return why no machine can run a case; None if one could."""
    mechanism, pattern = catalog.mechanism(case.mechanism), catalog.pattern(case.pattern)
    reason = pattern.unfit(mechanism, case)
    if reason:
        return reason
    if case.start_method not in mechanism.start_methods:
        return f"{mechanism.name} works under {', '.join(mechanism.start_methods)}, not {case.start_method}"
    return None


def _why_too_large(case: Case, offer: Capabilities) -> str | None:
    memory, shared = needs(case)
    if shared > offer.shared_memory:
        return f"needs {format_size(shared)} of shared memory, and /dev/shm has {format_size(offer.shared_memory)} free"
    if offer.memory is not None and memory > offer.memory:
        return f"needs {format_size(memory)} of memory, and {format_size(offer.memory)} are free"
    return None


def _notes(case: Case, offer: Capabilities) -> tuple[str, ...]:
    pattern = catalog.pattern(case.pattern)
    busy = pattern.peers(case.workers) + (not pattern.idle_driver)
    return ("oversubscribed",) if busy > offer.cpus and case.placement != "pack" else ()


def _wanted(request: Request, offer: Capabilities) -> list[Case]:
    """Return every case that the request selects, possible or not."""
    mechanisms = catalog.select_mechanisms(request.mechanisms)
    questions = catalog.select_questions(request.patterns)
    rows = _suite_rows(request, mechanisms, questions) if _from_suite(request) else _free_rows(mechanisms, questions)
    placements: tuple[Placement, ...] = ("spread",) if offer.cpus > 1 else ("pack",)
    methods: tuple[StartMethod, ...] = ("fork",) if "fork" in offer.start_methods else ("spawn",)
    found: dict[Case, None] = {}
    only_size = {payload.name: payload.size for payload in request.own_payloads}
    beside = [Row((question,), (name,), request.sizes or (64,), (1,)) for question, name in request.beside]
    for row in [*rows, *beside]:
        sizes, workers, names = row.sizes, row.workers, row.mechanisms
        if request.fast and row.fast_sizes:
            sizes, workers, names = row.fast_sizes, row.fast_workers, row.fast_mechanisms or row.mechanisms
        if mechanisms and row not in beside:
            names = tuple(name for name in names if name in mechanisms)
        product = itertools.product(
            _loaded(row.questions, request.works or row.works, request.rates or (0.0,)),
            request.sizes or sizes,
            request.workers or workers,
            request.payloads or row.payloads,
            request.placements or row.placements or placements,
            request.cpus or row.cpus or ("idle",),
            names,
            [python.tag for python in request.pythons] or [""],
        )
        for question, size, number, payload, placement, cpus, name, python in product:
            pattern, _, operation = question.partition(":")
            size = only_size.get(payload, size)
            for method in request.start_methods or row.start_methods or _usual(name, methods):
                case = Case(pattern, name, size, number, operation, payload, method, placement, cpus, python)
                found.setdefault(case)
    return list(found)


def _loaded(questions: Sequence[str], works: Sequence[str], rates: Sequence[float]) -> Iterator[str]:
    """Yield the questions with each work and rate; a pattern that can have none is asked once, without."""
    for question in questions:
        pattern = catalog.pattern(question.partition(":")[0])
        for work, rate in itertools.product(works if pattern.works else (NO_WORK,), rates if pattern.rated else (0.0,)):
            yield with_load(question, work, rate)


def mechanisms_of(request: Request) -> list[str]:
    """Return the mechanisms that a request may select, with plug-ins; raises UnknownName."""
    chosen = catalog.select_mechanisms(request.mechanisms)
    suites = not request.full and _from_suite(request)
    return chosen or ([] if suites else catalog.names())


def _usual(name: str, methods: tuple[StartMethod, ...]) -> tuple[StartMethod, ...]:
    """Return the default start method of a mechanism: the machine's, or else the first that the mechanism declares."""
    offered = catalog.mechanism(name).start_methods
    return methods if set(methods) & set(offered) else offered[:1]


def _full_rows(mechanisms: Sequence[str]) -> list[Row]:
    """Return the rows of all suites, and each mechanism in each question once, so that no pair is left out."""
    names = tuple(found.name for found in catalog.mechanisms(mechanisms or catalog.names()))
    rows = list(everything())
    for question in catalog.questions():
        pattern = catalog.pattern(question.partition(":")[0])
        rows.append(Row((question,), names, pattern.sizes[:1], pattern.workers[:1]))
    return rows


def _from_suite(request: Request) -> bool:
    return bool(request.full or request.suites) or not (request.mechanisms or request.patterns)


def _suite_rows(request: Request, mechanisms: Sequence[str], questions: Sequence[str]) -> list[Row]:
    """Return the rows of the requested suites for these questions and mechanisms; raises BadRequest if none is left."""
    names = request.suites or (() if request.full else ("all",))
    name = ", ".join(map(repr, names)) or "--full"
    rows = _full_rows(mechanisms) if request.full else [row for name in names for row in suite(name).rows]
    rows = [row for row in rows if row.fast_sizes or not request.fast]
    if questions:
        rows = [replace(row, questions=tuple(name for name in row.questions if name in questions)) for row in rows]
        rows = [row for row in rows if row.questions]
        if not rows:
            raise BadRequest(
                f"nothing to measure: suite {name} has no pattern {', '.join(map(repr, request.patterns))}"
            )
    if mechanisms:
        rows = [replace(row, mechanisms=tuple(mechanisms)) if row.any_mechanism else row for row in rows]
        rows = [row for row in rows if set(row.mechanisms) & set(mechanisms)]
        if not rows:
            wanted = ", ".join(map(repr, request.mechanisms))
            raise BadRequest(f"nothing to measure: suite {name} has no mechanism {wanted} in the chosen patterns")
    return rows


def _free_rows(mechanisms: Sequence[str], questions: Sequence[str]) -> list[Row]:
    """Return every mechanism in every question, with the sizes and workers of the pattern."""
    chosen = tuple(mechanisms or (found.name for found in catalog.mechanisms(catalog.names())))
    rows = []
    for question in questions or catalog.questions():
        pattern = catalog.pattern(question.partition(":")[0])
        rows.append(Row((question,), chosen, pattern.sizes, pattern.workers))
    return rows


def _why_none(skips: Sequence[Skip]) -> str:
    """Return why no case of the selection can be measured, in one line with the first three reasons."""
    reasons = list(dict.fromkeys(skip.reason for skip in skips))
    more = f"; and {count(len(reasons) - 3, 'more reason')}" if len(reasons) > 3 else ""
    skipped = "the only case is" if len(skips) == 1 else f"all {len(skips):,} cases are"
    return f"nothing to measure: {skipped} skipped: {'; '.join(reasons[:3])}{more}"
