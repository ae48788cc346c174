"""What `run` and `all` do: plan or resume, say so, measure, save, say what was found."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipcbench.cli.doctor import warning_lines
from ipcbench.cli.ending import exit_code
from ipcbench.cli.options import Keeping, Order, Resumption, make_order, make_resumption
from ipcbench.cli.output import say, tell
from ipcbench.cli.progress import progress_for
from ipcbench.cli.summary import count, outlook, skip_lines
from ipcbench.errors import BadRequest, Interrupted, ResultError
from ipcbench.machine.doctor import conditions, examine
from ipcbench.machine.facts import capabilities, default_label, machine_facts
from ipcbench.machine.identity import identity
from ipcbench.model import Case
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan, make_plan
from ipcbench.results.schema import Condition, ResultFile
from ipcbench.results.store import MOST_PARTS, check_label, check_writable, load, save
from ipcbench.run.cost import fitted, time_to_start
from ipcbench.run.entry import JOURNAL_SCHEMA, Continued, Ended, Planned
from ipcbench.run.interrupt import Stop
from ipcbench.run.journal import SUFFIX, Journal, left_over
from ipcbench.run.leftovers import find_leftovers
from ipcbench.run.record import Occasion, make_result
from ipcbench.run.resume import Past, digest, past_of, plan_record, unlike
from ipcbench.run.schedule import Findings, measure
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
    visitor: Visitor


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


def dry_run(order: Order) -> None:
    """Print the plan: cases, skips with reasons, rounds, estimated time."""
    plan = _plan(order)
    if order.label is not None:
        path = order.keeping.results / f"{check_label(order.label)}.json"
        _refuse_existing(path, order.keeping.force)
    for block in dict.fromkeys(case.block for case in plan.cases):
        question, size, workers, *settings = block
        names = [case.mechanism for case in plan.cases if case.block == block]
        more = "".join(f", {word}" for word in settings if word not in ("bytes", "fork", "spread"))
        say(f"{question}, {format_size(size)}, {count(workers, 'worker')}{more}: {', '.join(names)}")
    for line in skip_lines(plan.skips):
        say(line)
    with Stop() as stop, contextlib.closing(Visitor(plan.timing, stop, pythons=plan.pythons)) as visitor:
        start = time_to_start(plan, visitor.visit)
        say(outlook(fitted(plan, start), start, order.keeping.reports is not None))


def begin(order: Order) -> Finish:
    """Measure what was ordered and save it."""
    begun, started = time.monotonic(), datetime.now(UTC)
    plan, machine, keeping = _plan(order), machine_facts(), order.keeping
    label = order.label
    if label is None:
        label = default_label(machine, started.strftime("%Y%m%d-%H%M%S"))
    path = keeping.results / f"{check_label(label)}.json"
    if not path.with_suffix(SUFFIX).exists():  # of a run with a journal, the journal can say more
        _refuse_existing(path, keeping.force)
    for folder in filter(None, (keeping.results, keeping.reports)):
        check_writable(folder)
    warn_of_leftovers()
    with (
        Stop() as stop,
        contextlib.closing(Journal.begin(path.with_suffix(SUFFIX), keeping.force)) as journal,
        contextlib.closing(Visitor(plan.timing, stop, pythons=plan.pythons)) as visitor,
    ):
        _refuse_existing(path, keeping.force)
        found = examined(keeping.quiet)
        start = time_to_start(plan, visitor.visit)
        plan = fitted(plan, start)
        visitor.timing = plan.timing
        who = identity()
        planned = Planned(
            schema=JOURNAL_SCHEMA,
            digest=digest(plan_record(plan), who.software),
            plan=plan_record(plan),
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
        journal.append(planned)
        if not keeping.quiet:
            tell(outlook(plan, start, keeping.reports is not None))
        past = past_of(journal.path, label, [planned])
        return _carry_out(past, path, keeping, Bench(stop, journal, visitor), replace=keeping.force)


def resume(wanted: Resumption) -> Finish:
    """Continue the run that a journal tells of, and save it."""
    begun, keeping = time.monotonic(), wanted.keeping
    warn_of_leftovers()
    path = keeping.results / f"{check_label(wanted.label)}.json"
    with Stop() as stop, _reopened(path.with_suffix(SUFFIX), wanted.label) as (journal, past):
        replace = _replaces(path, past, keeping.force)
        for folder in filter(None, (keeping.results, keeping.reports)):
            check_writable(folder)
        with contextlib.closing(Visitor(past.plan.timing, stop, pythons=past.plan.pythons)) as visitor:
            now = identity(past.identity.salt)
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
                found = examined(keeping.quiet)
                part = Continued(now, visitor.isolation, tuple(mixed), time.monotonic() - begun, found)
                journal.append(part)
                past = past.continued(part)
            if past.mixed and not keeping.quiet:
                tell(f"the result is marked mixed: {'; '.join(past.mixed)}")
            return _carry_out(past, path, keeping, Bench(stop, journal, visitor), replace)


def examined(quiet: bool) -> tuple[Condition, ...]:
    """What the machine is like, before anything is measured on it; its warnings are told, unless quiet."""
    found = examine()
    for line in [] if quiet else warning_lines(found):
        tell(line)
    return conditions(found)


def warn_of_leftovers() -> None:
    """Say so if a run that was killed together with its warden has left something."""
    found = find_leftovers()
    if found:
        tell(f"ipcbench: {count(len(found), 'killed run')} left something behind: 'ipcbench clean' removes it")


def _plan(order: Order) -> Plan:
    return within_one_file(make_plan(order.request, capabilities(), order.seed, order.budget, order.timing))


def within_one_file(plan: Plan) -> Plan:
    """The plan with no more rounds than one results file holds; raises BadRequest where more were asked for."""
    per_visit = 60 + plan.timing.values + 4 * plan.timing.warmups
    most = MOST_PARTS // max(1, sum(per_visit + 4 * _peers(case) for case in plan.cases))
    if most < max(1, plan.budget.rounds or 0):
        asked = f"{count(plan.budget.rounds or 1, 'round')} of {count(len(plan.cases), 'case')}"
        raise BadRequest(f"{asked}: one results file holds {most:,} rounds of them; choose fewer rounds or cases")
    return replace(plan, budget=plan.budget._replace(most_rounds=min(plan.budget.most_rounds, most)))


def _peers(case: Case) -> int:
    return catalog.pattern(case.pattern).peers(case.workers)


def _refuse_existing(path: Path, force: bool) -> None:
    """Raise ResultError for a label that must not be taken."""
    journal = path.with_suffix(SUFFIX)
    if not force and journal.exists() and journal.stat().st_size:
        raise ResultError(left_over(journal))
    if not force and path.exists():
        raise ResultError(f"{path} exists: choose another --label, or --force to overwrite")


@contextlib.contextmanager
def _reopened(path: Path, label: str) -> Iterator[tuple[Journal, Past]]:
    """The journal that a run left and what it says; raises ResultError."""
    journal, entries = Journal.reopen(path)
    with contextlib.closing(journal):
        yield journal, past_of(path, label, entries)


def _replaces(path: Path, past: Past, force: bool) -> bool:
    """Whether a results file is there that this run may replace; raises ResultError if it is another run's."""
    if force or not path.exists():
        return force
    record, planned = load(path).ipcbench, past.planned
    if (record.started, record.command, record.settings.seed) != (planned.started, planned.command, past.plan.seed):
        raise ResultError(f"{path} is of another run: move it, or --force to overwrite")
    return True


def _carry_out(past: Past, path: Path, keeping: Keeping, bench: Bench, replace: bool) -> Finish:
    """Measure what is left, save what was found by all parts of the run; raises Interrupted if nothing was."""
    begun, planned, stop, journal = time.monotonic(), past.planned, bench.stop, bench.journal
    journal.full_metadata = planned.full_metadata
    with progress_for(keeping.quiet) as progress:
        findings = measure(past.plan, planned.start, bench.visitor.visit, journal, progress, stop, past.earlier)
    resuming = keeping.resuming(planned.label)
    if stop.by is not None and not findings.outcomes:
        made = len(findings.loops) + len(findings.failures)
        if not made and not past.earlier.attempts:
            journal.discard()
            raise Interrupted(stop.by)
        _write_end(journal, findings, stop)
        kept = f"stopped before the first round; what was calibrated is in {journal.path}"
        raise Interrupted(stop.by, f"{kept}; to continue: {resuming}")
    try:
        with stop.breakable():
            _write_end(journal, findings, stop)
            wall = past.seconds + time.monotonic() - begun
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
            path, saved = _save(result, path, replace, findings, journal)
    except Interrupted as error:
        text = f"stopped at once; what was measured is in {journal.path}; to continue: {resuming}"
        raise Interrupted(error.exit_code - 128, text) from error
    over = findings.complete and saved
    return Finish(
        result, path, exit_code(findings, stop.by, saved), stop.by is not None, resuming=None if over else resuming
    )


def _write_end(journal: Journal, findings: Findings, stop: Stop) -> None:
    """Say in the journal how this part ended; without that it ends as if it had been killed, which loses nothing."""
    trouble = findings.unsaved or findings.broken
    with contextlib.suppress(ResultError):
        journal.append(Ended(findings.complete, stop.by, str(trouble or "")[:1000]))


def _save(result: ResultFile, path: Path, replace: bool, findings: Findings, journal: Journal) -> tuple[Path, bool]:
    """Save where it belongs, or where that fails in the temporary folder; the file and whether it is in its place."""
    problem = findings.unsaved
    try:
        save(result, path, replace)
        if findings.complete:
            journal.discard()
    except ResultError as error:
        problem = problem or error
        path = _save_elsewhere(result, path.name) or journal.path
    if findings.broken:
        tell(f"ipcbench: {findings.broken}; no further visit was made")
    if problem:
        tell(f"ipcbench: {problem}; what was measured is in {path}")
    return path, problem is None


def _save_elsewhere(result: ResultFile, name: str) -> Path | None:
    """Save in a new temporary folder; None where that cannot be done either."""
    try:
        path = Path(tempfile.mkdtemp(prefix="ipcbench-")) / name
        save(result, path, replace=False)
    except (OSError, ResultError):
        return None
    return path
