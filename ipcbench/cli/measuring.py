"""What `run` and `all` do: plan or resume, say so, measure, save, say what was found."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from ipcbench.cli.appending import file_to_append_to, plan_again
from ipcbench.cli.doctor import warning_lines
from ipcbench.cli.ending import exit_code
from ipcbench.cli.options import (
    Addition,
    Keeping,
    Order,
    Resumption,
    make_addition,
    make_order,
    make_resumption,
)
from ipcbench.cli.output import say, tell
from ipcbench.cli.plugins import ask_plugins, warn_of_refused
from ipcbench.cli.progress import Bar, Lines, Quiet, progress_for
from ipcbench.cli.saving import drop, refuse_existing, refuse_journal, replaces, save_all, save_apart, write_end
from ipcbench.cli.summary import count, outlook, skip_lines
from ipcbench.errors import BadRequest, Interrupted, ResultError
from ipcbench.machine.doctor import conditions, examine
from ipcbench.machine.facts import capabilities, default_label, machine_facts
from ipcbench.machine.finding import Finding
from ipcbench.machine.identity import Identity, identity
from ipcbench.model import Budget, Case, Timing
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan, Request, make_plan, mechanisms_of
from ipcbench.results.joining import joined, other_conditions, why_apart
from ipcbench.results.reading import count_parts
from ipcbench.results.schema import PROTOCOL, Condition, MachineFacts, ResultFile, RunRecord
from ipcbench.results.store import MOST_PARTS, check_label, check_writable
from ipcbench.run.cost import fitted, time_to_start
from ipcbench.run.entry import JOURNAL_SCHEMA, Continued, Planned
from ipcbench.run.interrupt import Stop
from ipcbench.run.journal import SUFFIX, Journal
from ipcbench.run.leftovers import find_leftovers
from ipcbench.run.record import Occasion, make_result
from ipcbench.run.resume import Past, deflated, digest, past_of, plan_record, unlike
from ipcbench.run.schedule import Findings, measure
from ipcbench.run.site import Site, Visits
from ipcbench.run.visit import Visitor
from ipcbench.units import format_size


@dataclass(frozen=True, slots=True)
class Finish:
    """What a run came to: its result and where that is, the exit code, whether a signal stopped it.

    resuming is the command that continues it, None where nothing is left to do.
    """

    result: ResultFile
    path: Path
    code: int
    stopped: bool
    resuming: str | None


@dataclass(frozen=True, slots=True)
class Bench:
    """What measuring needs while it goes on."""

    stop: Stop
    journal: Journal
    visitor: Visits
    site: Site


class Here:
    """The machine that this process runs on, as a place where visits are made."""

    def stopping(self) -> contextlib.AbstractContextManager[Stop]:
        return Stop()

    def plan(self, request: Request, seed: int, budget: Budget, timing: Timing) -> Plan:
        names = mechanisms_of(request)
        if names != list(request.mechanisms):  # by globs or all: nobody has said the name of what is left out
            warn_of_refused()
        ask_plugins(names, request.pythons)
        return make_plan(request, capabilities(), seed, budget, timing)

    def machine(self) -> MachineFacts:
        return machine_facts()

    def identity(self, salt: str | None, plugins: Sequence[str]) -> Identity:
        return identity(salt, plugins)

    def examine(self) -> list[Finding]:
        return examine()

    def leftovers(self) -> int:
        return len(find_leftovers())

    def visits(self, plan: Plan, stop: Stop) -> Visits:
        return Visitor(plan.timing, stop, pythons=plan.pythons)

    def progress(self, quiet: bool) -> contextlib.AbstractContextManager[Quiet | Lines | Bar]:
        return progress_for(quiet)


HERE = Here()


def measured(command: str, given: dict[str, Any]) -> Finish | None:
    """Do what `run` or `all` was asked for, until it is saved; None where only a plan was wanted.

    Raises BadRequest and ResultError before anything is measured, and Interrupted if nothing was.
    """
    if given["resume"] is not None:
        return resume(make_resumption(command, given))
    if given["append"] is not None:
        return append(make_addition(command, given))
    order = make_order(command, given)
    if order.dry_run:
        dry_run(order)
        return None
    return begin(order)


def dry_run(order: Order) -> None:
    """Print the plan: cases, skips with reasons, rounds, estimated time."""
    plan = planned(order)
    if order.label is not None:
        path = order.keeping.results / f"{check_label(order.label)}.json"
        refuse_existing(path, order.keeping.force)
    _show(plan, order.keeping, True)


def _show(plan: Plan, keeping: Keeping, fit: bool) -> None:
    """Print a plan; `fit` to its budget first, where the values of a visit are not laid down."""
    for block in dict.fromkeys(case.block for case in plan.cases):
        question, size, workers, *settings = block
        names = [case.mechanism for case in plan.cases if case.block == block]
        more = "".join(f", {word}" for word in settings if word not in ("bytes", "fork", "spread"))
        say(f"{question}, {format_size(size)}, {count(workers, 'worker')}{more}: {', '.join(names)}")
    for line in skip_lines(plan.skips):
        say(line)
    with Stop() as stop, contextlib.closing(Visitor(plan.timing, stop, pythons=plan.pythons)) as visitor:
        start = time_to_start(plan, visitor.visit)
        say(outlook(fitted(plan, start) if fit else plan, start, keeping.reports is not None))


def begin(order: Order, site: Site = HERE) -> Finish:
    """Measure what was ordered and save it."""
    begun, started = time.monotonic(), datetime.now(UTC)
    plan, machine, keeping = planned(order, site), site.machine(), order.keeping
    label = order.label
    if label is None:
        label = default_label(machine, started.strftime("%Y%m%d-%H%M%S"))
    path = keeping.results / f"{check_label(label)}.json"
    if not path.with_suffix(SUFFIX).exists():  # of a run with a journal, the journal can say more
        refuse_existing(path, keeping.force)
    occasion = _Occasion(label, order.command, started, begun, machine, order.full_metadata)
    with _opened(plan, path, keeping, site) as bench:
        refuse_existing(path, keeping.force)
        occasion = occasion._replace(conditions=examined(keeping.quiet, site))
        start = time_to_start(plan, bench.visitor.visit)
        plan = fitted(plan, start)
        bench.visitor.timing = plan.timing
        return _measured_anew(plan, start, occasion, path, keeping, bench)


def append(wanted: Addition) -> Finish | None:
    """Measure what a results file holds once more and add it to the file; None where only a plan was wanted."""
    begun, started = time.monotonic(), datetime.now(UTC)
    machine, keeping = machine_facts(), wanted.keeping
    path = keeping.results / f"{check_label(wanted.label)}.json"
    refuse_journal(path)
    base, data = file_to_append_to(path)
    record = base.ipcbench
    ask_plugins((facts.name for facts in record.mechanisms), wanted.pythons)
    plan = within_one_file(plan_again(path, record, wanted, capabilities()), count_parts(data))
    if wanted.dry_run:
        _refuse_elsewhere(path, record, machine, record.isolation)  # that here is not known before a visit
        _show(plan, keeping, False)
        return None
    occasion = _Occasion(wanted.label, wanted.command, started, begun, machine, record.settings.full_metadata)
    with _opened(plan, path, keeping, HERE) as bench:
        _refuse_elsewhere(path, record, machine, bench.visitor.isolation)
        occasion = occasion._replace(conditions=examined(keeping.quiet, HERE))
        start = time_to_start(plan, bench.visitor.visit)
        return _measured_anew(plan, start, occasion, path, keeping, bench, deflated(path, data))


def _refuse_elsewhere(path: Path, record: RunRecord, machine: MachineFacts, isolation: str) -> None:
    """Raise ResultError if a file was measured under other conditions than those here."""
    found = other_conditions(record, machine, isolation, PROTOCOL)
    if found:
        raise ResultError(f"{path}: measured under other conditions (here in brackets): {'; '.join(found)}")


class _Occasion(NamedTuple):
    """By which command a run begins, when, where and under which conditions; begun is the monotonic clock then."""

    label: str
    command: str
    started: datetime
    begun: float
    machine: MachineFacts
    full_metadata: bool
    conditions: tuple[Condition, ...] = ()


@contextlib.contextmanager
def _opened(plan: Plan, path: Path, keeping: Keeping, site: Site) -> Iterator[Bench]:
    """What a new run needs; raises ResultError where its files could not be written."""
    for folder in filter(None, (keeping.results, keeping.reports)):
        check_writable(folder)
    warn_of_leftovers(site)
    with (
        site.stopping() as stop,
        contextlib.closing(Journal.begin(path.with_suffix(SUFFIX), keeping.force)) as journal,
        contextlib.closing(site.visits(plan, stop)) as visitor,
    ):
        yield Bench(stop, journal, visitor, site)


def _measured_anew(
    plan: Plan, start: float, occasion: _Occasion, path: Path, keeping: Keeping, bench: Bench, base: bytes = b""
) -> Finish:
    """Write the plan down and carry it out; base is the file that the result is appended to, deflated."""
    who = bench.site.identity(None, catalog.packages(case.mechanism for case in plan.cases))
    planned = Planned(
        schema=JOURNAL_SCHEMA,
        digest=digest(plan_record(plan), who.software),
        plan=plan_record(plan),
        label=occasion.label,
        command=occasion.command,
        started=occasion.started.isoformat(timespec="seconds"),
        start=start,
        machine=occasion.machine,
        identity=who,
        isolation=bench.visitor.isolation,
        seconds=time.monotonic() - occasion.begun,
        full_metadata=occasion.full_metadata,
        base=base,
        conditions=occasion.conditions,
    )
    bench.journal.append(planned)
    if not keeping.quiet:
        tell(outlook(plan, start, keeping.reports is not None))
    past = past_of(bench.journal.path, occasion.label, [planned])
    return _carry_out(past, path, keeping, bench, replace=keeping.force)


def resume(wanted: Resumption, site: Site = HERE) -> Finish:
    """Continue the run that a journal tells of, and save it."""
    begun, keeping = time.monotonic(), wanted.keeping
    warn_of_leftovers(site)
    path = keeping.results / f"{check_label(wanted.label)}.json"
    with site.stopping() as stop, _reopened(path.with_suffix(SUFFIX), wanted.label) as (journal, past):
        replace = replaces(path, past, keeping.force)
        for folder in filter(None, (keeping.results, keeping.reports)):
            check_writable(folder)
        with contextlib.closing(site.visits(past.plan, stop)) as visitor:
            now = site.identity(past.identity.salt, catalog.packages(case.mechanism for case in past.plan.cases))
            mixed = unlike(past, now, visitor.isolation)
            over = past.earlier.complete  # then nothing is measured here
            if mixed and not over and not keeping.force:
                raise ResultError(
                    f"{journal.path}: begun with {'; '.join(mixed)}: --force continues and marks the result mixed"
                )
            if not keeping.quiet:
                tell(f"continuing {wanted.label}: {count(len(past.earlier.attempts), 'visit')} made before")
                if journal.damaged:
                    tell(f"the end of the journal is damaged: {count(journal.damaged, 'byte')} are left out")
            if not over:
                found = examined(keeping.quiet, site)
                part = Continued(now, visitor.isolation, tuple(mixed), time.monotonic() - begun, found)
                journal.append(part)
                past = past.continued(part)
            if past.mixed and not keeping.quiet:
                tell(f"the result is marked mixed: {'; '.join(past.mixed)}")
            return _carry_out(past, path, keeping, Bench(stop, journal, visitor, site), replace)


def examined(quiet: bool, site: Site) -> tuple[Condition, ...]:
    """What the machine is like, before anything is measured on it; its warnings are told, unless quiet."""
    found = site.examine()
    for line in [] if quiet else warning_lines(found):
        tell(line)
    return conditions(found)


def warn_of_leftovers(site: Site) -> None:
    """Say so if a run that was killed together with its warden has left something."""
    found = site.leftovers()
    if found:
        tell(f"ipcbench: {count(found, 'killed run')} left something behind: 'ipcbench clean' removes it")


def planned(order: Order, site: Site = HERE) -> Plan:
    """What is ordered, planned for the place where it is to be measured."""
    return within_one_file(site.plan(order.request, order.seed, order.budget, order.timing))


def within_one_file(plan: Plan, taken: int = 0) -> Plan:
    """The plan with no more rounds than one results file holds; raises BadRequest where more were asked for.

    taken is how many parts of the file are there before, see `results.reading`.
    """
    per_visit = 60 + plan.timing.values + 4 * plan.timing.warmups
    most = max(0, MOST_PARTS - taken) // max(1, sum(per_visit + 4 * _peers(case) for case in plan.cases))
    if most < max(1, plan.budget.rounds or 0):
        asked = f"{count(plan.budget.rounds or 1, 'round')} of {count(len(plan.cases), 'case')}"
        room = f"has room for {most:,} more" if taken else f"holds {most:,} rounds of them"
        raise BadRequest(f"{asked}: one results file {room}; choose fewer rounds or cases")
    return replace(plan, budget=plan.budget._replace(most_rounds=min(plan.budget.most_rounds, most)))


def _peers(case: Case) -> int:
    return catalog.pattern(case.pattern).peers(case.workers)


@contextlib.contextmanager
def _reopened(path: Path, label: str) -> Iterator[tuple[Journal, Past]]:
    """The journal that a run left and what it says; raises ResultError."""
    journal, entries = Journal.reopen(path)
    with contextlib.closing(journal):
        planned = [text for entry in entries[:1] if isinstance(entry, Planned) for text in entry.plan.cases]
        ask_plugins(parts[1] for text in planned if len(parts := text.split("/")) > 1)
        yield journal, past_of(path, label, entries)


def _carry_out(past: Past, path: Path, keeping: Keeping, bench: Bench, replace: bool) -> Finish:
    """Measure what is left, save what was found by all parts of the run; raises Interrupted if nothing was."""
    begun, planned, stop, journal = time.monotonic(), past.planned, bench.stop, bench.journal
    journal.full_metadata = planned.full_metadata
    with bench.site.progress(keeping.quiet) as progress:
        findings = measure(past.plan, planned.start, bench.visitor.visit, journal, progress, stop, past.earlier)
    resuming = keeping.resuming(planned.label)
    if stop.by is not None and not findings.outcomes:
        made = len(findings.loops) - len(past.plan.loops) + len(findings.failures)
        if made <= 0 and not past.earlier.attempts:
            journal.discard()
            raise Interrupted(stop.by)
        write_end(journal, findings, stop)
        kept = f"stopped before the first round; what was calibrated is in {journal.path}"
        raise Interrupted(stop.by, f"{kept}; to continue: {resuming}")
    try:
        with stop.breakable():
            write_end(journal, findings, stop)
            wall = past.seconds + time.monotonic() - begun
            result, path, saved = _kept(past, findings, wall, path, replace, bench)
    except Interrupted as error:
        text = f"stopped at once; what was measured is in {journal.path}; to continue: {resuming}"
        raise Interrupted(error.exit_code - 128, text) from error
    over = findings.complete and saved
    return Finish(
        result, path, exit_code(findings, stop.by, saved), stop.by is not None, resuming=None if over else resuming
    )


def _kept(
    past: Past, findings: Findings, wall: float, path: Path, replace: bool, bench: Bench
) -> tuple[ResultFile, Path, bool]:
    """Save what was found, as a file or as a repeat of one: the result, where it is, whether that is its place."""
    planned = past.planned
    occasion = Occasion(
        label=planned.label,
        started=planned.started,
        command=planned.command,
        wall=wall,
        machine=planned.machine,
        isolation=bench.visitor.isolation,
        mixed=past.mixed,
        conditions=past.conditions,
        full_metadata=planned.full_metadata,
    )
    result = make_result(past.plan, findings, occasion)
    if past.base is not None:
        if not findings.rounds or not result.benchmarks:
            lacking = "no case of it has a number" if findings.rounds else "no round of it is complete"
            tell(f"ipcbench: the repeat is not appended: {lacking}; {path} is as it was")
            return past.base, path, drop(findings, bench.journal)
        apart = [] if past.mixed else why_apart(past.base, result)
        if apart:
            return result, *save_apart(result, path, apart, bench.journal)
        result = joined(past.base, result)
    path, saved = save_all(result, path, replace, past, findings, bench.journal)
    return result, path, saved
