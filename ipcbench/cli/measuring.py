"""What `run` and `all` do: plan or resume, say so, measure, save, say what was found."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ipcbench.cli.appending import file_to_append_to, plan_again
from ipcbench.cli.doctor import warning_lines
from ipcbench.cli.finishing import Bench, Finish, carry_out
from ipcbench.cli.here import HERE
from ipcbench.cli.options import (
    Addition,
    Keeping,
    Order,
    Resumption,
    make_addition,
    make_order,
    make_resumption,
)
from ipcbench.cli.output import tell
from ipcbench.cli.planning import dry_run, planned, show_plan, within_one_file
from ipcbench.cli.saving import refuse_existing, refuse_journal, replaces
from ipcbench.cli.summary import count, outlook
from ipcbench.errors import ResultError
from ipcbench.machine.doctor import conditions
from ipcbench.machine.facts import capabilities, default_label, machine_facts
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan
from ipcbench.results.joining import other_conditions
from ipcbench.results.reading import count_parts
from ipcbench.results.schema import PROTOCOL, Condition, MachineFacts, RunRecord
from ipcbench.results.store import check_label, check_writable
from ipcbench.run.cost import fitted, time_to_start
from ipcbench.run.entry import JOURNAL_SCHEMA, Continued, Planned
from ipcbench.run.journal import SUFFIX, Journal
from ipcbench.run.resume import Past, deflated, digest, past_of, plan_record, unlike
from ipcbench.run.site import Site
from ipcbench.shell import pasted


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
    plan = within_one_file(plan_again(path, record, wanted, capabilities()), count_parts(data))
    if wanted.dry_run:
        _refuse_elsewhere(path, record, machine, record.isolation)  # that here is not known before a visit
        show_plan(plan, keeping, False)
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
    if meeting := bench.site.between():
        planned = msgspec.structs.replace(planned, between=meeting.hosts, interface=meeting.interface)
    bench.journal.append(planned)
    if not keeping.quiet:
        tell(outlook(plan, start, keeping.reports is not None))
    past = past_of(bench.journal.path, occasion.label, [planned])
    return carry_out(past, path, keeping, bench, replace=keeping.force)


def resume(wanted: Resumption, site: Site = HERE) -> Finish:
    """Continue the run that a journal tells of, and save it."""
    begun, keeping = time.monotonic(), wanted.keeping
    warn_of_leftovers(site)
    path = keeping.results / f"{check_label(wanted.label)}.json"
    with site.stopping() as stop, _reopened(path.with_suffix(SUFFIX), wanted.label) as (journal, past):
        refuse_other_site(path, past, site)
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
            return carry_out(past, path, keeping, Bench(stop, journal, visitor, site), replace)


def refuse_other_site(path: Path, past: Past, site: Site) -> None:
    """Raise ResultError for a run between two hosts that is continued elsewhere, or over another link."""
    planned, meeting = past.planned, site.between()
    if planned.between is None and meeting is None:
        return
    if planned.between is None or meeting is None:
        raise ResultError(f"{path}: {'' if planned.between else 'not '}between two hosts, which 'fleet pair' measures")
    was, now = planned.between, meeting.hosts
    if (was.server, was.client, was.mtu, planned.interface) != (now.server, now.client, now.mtu, meeting.interface):
        raise ResultError(f"{path}: begun between {was.words}, and this is {now.words} or another interface")


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
        tell(f"ipcbench: {count(found, 'killed run')} left something behind; to remove it: {pasted('clean')}")


@contextlib.contextmanager
def _reopened(path: Path, label: str) -> Iterator[tuple[Journal, Past]]:
    """The journal that a run left and what it says; raises ResultError."""
    journal, entries = Journal.reopen(path)
    with contextlib.closing(journal):
        yield journal, past_of(path, label, entries)
