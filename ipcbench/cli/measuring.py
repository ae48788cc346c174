"""What `run` and `all` do: plan, say so, measure, save, say what was found."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ipcbench.cli.options import Order
from ipcbench.cli.printing import say
from ipcbench.cli.progress import progress_for
from ipcbench.errors import BadRequest, Interrupted, ResultError
from ipcbench.machine.facts import capabilities, default_label, machine_facts
from ipcbench.model import Case, Skip
from ipcbench.plan.planner import Plan, make_plan
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import MOST_PARTS, check_label, check_writable, save
from ipcbench.run.interrupt import Stop
from ipcbench.run.journal import Journal
from ipcbench.run.record import Occasion, make_result
from ipcbench.run.schedule import Findings, estimate, fitted, measure, time_to_start
from ipcbench.run.visit import Visitor
from ipcbench.units import format_duration, format_size

REPORT_SECONDS = 6.0  # what making a report took on a 2-CPU virtual machine
SEVERITY = {"unverified": 5, "timed-out": 4, "failed": 3}


def dry_run(order: Order) -> None:
    """Print the plan: cases, skips with reasons, rounds, estimated time."""
    plan = make_plan(order.request, capabilities(), order.seed, order.budget, order.timing)
    if order.label is not None:
        _free_path(order, order.label)
    for question, size, workers, method, placement in dict.fromkeys(case.block for case in plan.cases):
        block = (question, size, workers, method, placement)
        names = [case.mechanism for case in plan.cases if case.block == block]
        settings = "".join(f", {word}" for word in (method, placement) if word not in ("fork", "spread"))
        say(f"{question}, {format_size(size)}, {_workers(workers)}{settings}: {', '.join(names)}")
    for line in skip_lines(plan.skips):
        say(line)
    with Stop() as stop, contextlib.closing(Visitor(plan.timing, stop)) as visitor:
        start = time_to_start(plan, visitor.visit)
        say(_outlook(fitted(plan, start), start, order))


def measure_and_save(order: Order) -> tuple[ResultFile, Path, int]:
    """Measure what was ordered and save it; the result, its file and the exit code.

    Raises BadRequest and ResultError before anything is measured, and Interrupted if nothing was.
    """
    plan = within_one_file(make_plan(order.request, capabilities(), order.seed, order.budget, order.timing))
    machine = machine_facts()
    begun, started = time.monotonic(), datetime.now(UTC)
    label = order.label
    if label is None:
        label = default_label(machine, started.strftime("%Y%m%d-%H%M%S"))
    path = _free_path(order, label)
    for folder in filter(None, (order.results, order.reports)):
        check_writable(folder)
    with (
        Stop() as stop,
        contextlib.closing(Journal(order.results / f"{label}.journal", order.force)) as journal,
        contextlib.closing(Visitor(plan.timing, stop)) as visitor,
    ):
        start = time_to_start(plan, visitor.visit)
        plan = fitted(plan, start)
        findings = _measure(order, plan, start, journal, visitor, stop)
        if stop.by is not None and not findings.outcomes:
            journal.discard()
            raise Interrupted(stop.by)
        wall = time.monotonic() - begun
        started_at = started.isoformat(timespec="seconds")
        occasion = Occasion(
            label, started_at, order.command, wall, machine, isolation="group", full_metadata=order.full_metadata
        )
        result = make_result(plan, findings, occasion)
        path, saved = _save(result, path, order.force, findings, journal)
    return result, path, _exit_code(findings, stop, saved)


def within_one_file(plan: Plan) -> Plan:
    """The plan with no more rounds than one results file holds; raises BadRequest where more were asked for."""
    per_visit = 60 + plan.timing.values + 4 * plan.timing.warmups
    most = MOST_PARTS // max(1, sum(per_visit + 4 * case.workers for case in plan.cases))
    if most < max(1, plan.budget.rounds or 0):
        asked = f"{_count(plan.budget.rounds or 1, 'round')} of {_count(len(plan.cases), 'case')}"
        raise BadRequest(f"{asked}: one results file holds {most:,} rounds of them; choose fewer rounds or cases")
    return replace(plan, budget=plan.budget._replace(most_rounds=min(plan.budget.most_rounds, most)))


def _free_path(order: Order, label: str) -> Path:
    """Where the results will be; raises BadRequest and ResultError for a label that cannot be, or must not."""
    path = order.results / f"{check_label(label)}.json"
    if os.path.exists(path) and not order.force:
        raise ResultError(f"{path} exists: choose another --label, or --force to overwrite")
    return path


def _measure(order: Order, plan: Plan, start: float, journal: Journal, visitor: Visitor, stop: Stop) -> Findings:
    visitor.timing = plan.timing
    if not order.quiet:
        say(_outlook(plan, start, order), err=True)
    journal.append({"kind": "plan", "cases": [case.id for case in plan.cases], "seed": plan.seed})
    with progress_for(order.quiet) as progress:
        return measure(plan, start, visitor.visit, journal.record, progress, stop)


def _save(result: ResultFile, path: Path, force: bool, findings: Findings, journal: Journal) -> tuple[Path, bool]:
    """Save where it belongs, or where that fails in the temporary folder; the file and whether it is in its place."""
    problem = findings.unsaved
    try:
        save(result, path, force)
        journal.discard()
    except ResultError as error:
        problem = problem or error
        path = Path(tempfile.mkdtemp(prefix="ipcbench-")) / path.name
        save(result, path, replace=False)
    if problem:
        say(f"ipcbench: {problem}; what was measured is in {path}", err=True)
    return path, problem is None


def _exit_code(findings: Findings, stop: Stop, saved: bool) -> int:
    if stop.by is not None:
        return Interrupted(stop.by).exit_code
    verdicts = [SEVERITY[failure.verdict] for failure in findings.failures.values()]
    worst = max(verdicts, default=0)
    return worst if saved or worst == 5 else 6


def _outlook(plan: Plan, start: float, order: Order) -> str:
    rounds, seconds = estimate(plan, start)
    seconds += REPORT_SECONDS if order.reports else 0.0
    skips = f", {len(plan.skips)} skipped" if plan.skips else ""
    budget = plan.budget.seconds
    over = budget is not None and seconds > 1.2 * budget
    return (
        f"{_count(len(plan.cases), 'case')}{skips}, {_count(rounds, 'round')} in shuffled order "
        f"(seed {plan.seed}), {_count(plan.timing.values, 'value')} per visit: about {format_duration(seconds)}"
        f"{', more than the budget, which has no room for fewer rounds: choose fewer cases' if over else ''}"
    )


def summary_lines(result: ResultFile, path: Path) -> list[str]:
    """What a run came to, for the terminal: where it is, how many cases ended how, and which have no number and why."""
    record = result.ipcbench
    counts = ", ".join(f"{count} {verdict}" for verdict, count in record.counts.items())
    ending = "" if record.complete else "; interrupted"
    lines = [f"{path}: {counts}; {_count(record.rounds, 'complete round')} in {format_duration(record.wall)}{ending}"]
    lines += [
        f"{case.id}: {case.verdict} in {case.stage}: {case.detail}" for case in record.cases if case.verdict != "ok"
    ]
    return lines + skip_lines([Skip(Case.parse(skip.id), skip.reason) for skip in record.skips])


def cost_line(result: ResultFile) -> str:
    """What measuring cost: the share of the wall time in counted values, and what a visit takes beyond its turns."""
    record, timed = result.ipcbench, result.timed
    warm = sum(
        loops * value * int((result.metadata | benchmark.metadata | run.metadata).get("inner_loops", 1))
        for benchmark in result.benchmarks
        for run in benchmark.runs
        for loops, value in run.warmups
    )
    beyond = (sum(visit.wall for visit in record.visits) - timed - warm) / max(len(record.visits), 1)
    share = f"{timed / record.wall:.0%} of the time was spent in counted values"
    return f"{share}; a visit took {beyond:.2f} s beyond its timed turns"


def skip_lines(skips: Sequence[Skip]) -> list[str]:
    """One line per reason, however many cases it keeps out."""
    reasons = Counter((skip.case.question, skip.reason) for skip in skips)
    return [f"skipped {_count(count, 'case')} of {name}: {reason}" for (name, reason), count in reasons.items()]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _workers(number: int) -> str:
    return _count(number, "worker")
