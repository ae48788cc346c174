"""One session of a run: plan it or read its journal, measure, save."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime

from ipcbench.errors import ResultError
from ipcbench.machine.doctor import conditions
from ipcbench.machine.facts import default_label
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan
from ipcbench.results.schema import Condition
from ipcbench.results.store import check_label, check_writable
from ipcbench.run import own_work
from ipcbench.run.capacity import refuse_unkeepable, within_one_file
from ipcbench.run.cost import fitted, time_to_start
from ipcbench.run.execute import FinishedRun, execute
from ipcbench.run.journal.file import SUFFIX, Journal
from ipcbench.run.journal.records import JOURNAL_SCHEMA, Continued, Planned
from ipcbench.run.journal.resume import digest, past_of, plan_record, unlike
from ipcbench.run.listener import Listener
from ipcbench.run.own_payload import refuse_changed
from ipcbench.run.request import Destination, ResumeRequest, RunRequest
from ipcbench.run.result import Occasion
from ipcbench.run.save import refuse_existing, replaces
from ipcbench.run.site import Site


def run(request: RunRequest | ResumeRequest, site: Site, listener: Listener) -> FinishedRun:
    """Begin or continue a run, measure and save it.

    Raises BadRequest and ResultError before the first visit, and Interrupted if a signal comes before any result.
    """
    return _begin(request, site, listener) if isinstance(request, RunRequest) else _resume(request, site, listener)


def plan_run(request: RunRequest, site: Site, listener: Listener) -> Plan:
    """Plan a run for the place where it is measured; raises BadRequest for one that no results file can hold."""
    for reason in site.refused(request.request):
        listener.warned(f"plug-in {reason}")
    plan = within_one_file(site.plan(request.request, request.seed, request.budget, request.timing))
    refuse_unkeepable(plan, Occasion("", "", request.command, 0.0, site.machine(), full_metadata=request.full_metadata))
    return plan


def _begin(request: RunRequest, site: Site, listener: Listener) -> FinishedRun:
    begun, started = time.monotonic(), datetime.now(UTC)
    plan, machine, destination = plan_run(request, site, listener), site.machine(), request.destination
    label = request.label
    if label is None:
        label = default_label(machine, started.strftime("%Y%m%d-%H%M%S"))
    path = destination.results / f"{check_label(label)}.json"
    if not path.with_suffix(SUFFIX).exists():  # if there is one, opening it gives the better error
        refuse_existing(path, destination.force)
    _check_folders(destination)
    _look_for_leftovers(site, listener)
    with (
        site.stopping() as stop,
        contextlib.closing(Journal.begin(path.with_suffix(SUFFIX), destination.force)) as journal,
        contextlib.closing(site.visits(plan, stop)) as visits,
    ):
        refuse_existing(path, destination.force)
        found = _examine(site, listener)
        start = time_to_start(plan, visits.sitting)
        plan = fitted(plan, start)
        visits.timing = plan.timing
        record = plan_record(plan)
        who = site.identity(None, catalog.packages(case.mechanism for case in plan.cases))
        first = Planned(
            schema=JOURNAL_SCHEMA,
            digest=digest(record, who.software),
            plan=record,
            label=label,
            command=request.command,
            started=started.isoformat(timespec="seconds"),
            start=start,
            machine=machine,
            identity=who,
            isolation=visits.isolation,
            seconds=time.monotonic() - begun,
            full_metadata=request.full_metadata,
            conditions=found,
        )
        journal.append(first)
        listener.begun(plan, start)
        past = past_of(journal.path, label, [first])
        replace = destination.force
        return execute(past, path, destination, replace, stop=stop, journal=journal, visits=visits, listener=listener)


def _resume(request: ResumeRequest, site: Site, listener: Listener) -> FinishedRun:
    begun, destination = time.monotonic(), request.destination
    _look_for_leftovers(site, listener)
    path = destination.results / f"{check_label(request.label)}.json"
    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(site.stopping())
        journal, entries = Journal.reopen(path.with_suffix(SUFFIX))
        stack.enter_context(contextlib.closing(journal))
        past = past_of(journal.path, request.label, entries)
        replace = replaces(path, past, destination.force)
        _check_folders(destination)
        visits = stack.enter_context(contextlib.closing(site.visits(past.plan, stop)))
        now = site.identity(past.identity.salt, catalog.packages(case.mechanism for case in past.plan.cases))
        mixed = unlike(past, now, visits.isolation)
        over = past.earlier.complete  # if so, no visit is made
        if mixed and not over and not destination.force:
            raise ResultError(
                f"{journal.path}: begun with {'; '.join(mixed)}: --force continues and marks the result mixed"
            )
        listener.resumed(request.label, len(past.earlier.attempts), journal.damaged)
        if not over:
            if past.plan.payloads:
                refuse_changed(past.plan.payloads, past.plan.pythons, stop)
            if past.plan.works:
                own_work.refuse_changed(past.plan.works, past.plan.pythons, stop)
            found = _examine(site, listener)
            part = Continued(now, visits.isolation, tuple(mixed), time.monotonic() - begun, found)
            journal.append(part)
            past = past.continued(part)
        if past.mixed:
            listener.mixed(past.mixed)
        return execute(past, path, destination, replace, stop=stop, journal=journal, visits=visits, listener=listener)


def _check_folders(destination: Destination) -> None:
    for folder in filter(None, (destination.results, destination.reports)):
        check_writable(folder)


def _look_for_leftovers(site: Site, listener: Listener) -> None:
    runs = site.leftovers()
    if runs:
        listener.leftovers(runs)


def _examine(site: Site, listener: Listener) -> tuple[Condition, ...]:
    found = site.examine()
    listener.examined(found)
    return conditions(found)
