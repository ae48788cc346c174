"""What `run` and `all` do: plan or resume, say so, measure, save, say what was found."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipcbench.cli.doctor import warning_lines
from ipcbench.run.execute import Bench, Finish, carry_out
from ipcbench.run.local import HERE
from ipcbench.cli.options import Order, Resumption, make_order, make_resumption
from ipcbench.cli.output import tell
from ipcbench.cli.planning import dry_run, planned
from ipcbench.run.save import refuse_existing, replaces
from ipcbench.cli.summary import count, outlook
from ipcbench.errors import ResultError
from ipcbench.machine.doctor import conditions
from ipcbench.machine.facts import default_label
from ipcbench.plan import catalog
from ipcbench.results.schema import Condition
from ipcbench.results.store import check_label, check_writable
from ipcbench.run.cost import fitted, time_to_start
from ipcbench.run.journal.file import SUFFIX, Journal
from ipcbench.run.journal.records import JOURNAL_SCHEMA, Continued, Planned
from ipcbench.run.journal.resume import Past, digest, past_of, plan_record, unlike
from ipcbench.run.site import Site
from ipcbench.shell import pasted


def measured(command: str, given: dict[str, Any]) -> Finish | None:
    """Do what `run` or `all` was asked for, until it is saved; None where only a plan was wanted.

    Raises BadRequest and ResultError before anything is measured, and Interrupted if nothing was.
    """
    if given["resume"] is not None:
        return resume(make_resumption(command, given))
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
    for folder in filter(None, (keeping.results, keeping.reports)):
        check_writable(folder)
    warn_of_leftovers(site)
    with (
        site.stopping() as stop,
        contextlib.closing(Journal.begin(path.with_suffix(SUFFIX), keeping.force)) as journal,
        contextlib.closing(site.visits(plan, stop)) as visitor,
    ):
        refuse_existing(path, keeping.force)
        found = examined(keeping.quiet, site)
        start = time_to_start(plan, visitor.visit)
        plan = fitted(plan, start)
        visitor.timing = plan.timing
        record = plan_record(plan)
        who = site.identity(None, catalog.packages(case.mechanism for case in plan.cases))
        first = Planned(
            schema=JOURNAL_SCHEMA,
            digest=digest(record, who.software),
            plan=record,
            label=label,
            command=order.command,
            started=started.isoformat(timespec="seconds"),
            start=start,
            machine=machine,
            identity=who,
            isolation=visitor.isolation,
            seconds=time.monotonic() - begun,
            full_metadata=order.full_metadata,
            conditions=found,
        )
        journal.append(first)
        if not keeping.quiet:
            tell(outlook(plan, start, keeping.reports is not None))
        past = past_of(journal.path, label, [first])
        return carry_out(past, path, keeping, Bench(stop, journal, visitor, site), replace=keeping.force)


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
            return carry_out(past, path, keeping, Bench(stop, journal, visitor, site), replace)


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
