"""What is said of a run in words: what it will be, and what it came to."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path

from ipcbench.model import Case, Skip
from ipcbench.plan.planner import Plan
from ipcbench.report.content.words import listing
from ipcbench.results.schema import ResultFile
from ipcbench.results.touched import touched_words
from ipcbench.run.cost import estimate
from ipcbench.run.precision import half_width, still_wide
from ipcbench.text import count as count
from ipcbench.units import format_duration

MOST_WIDE = 20  # lines
MOST_ABSENT = 20  # cases that are said one by one, or reasons where there are more
MOST_NAMES = 12  # mechanisms behind one reason
MOST_QUESTIONS = 2  # that a reason is told for one by one
REPORT_SECONDS = 6.0  # what making a report took on a 2-CPU virtual machine


def outlook(plan: Plan, start: float, report: bool) -> str:
    """What a plan comes to on a machine where a worker starts in `start` seconds."""
    rounds, seconds = estimate(plan, start)
    seconds += REPORT_SECONDS if report else 0.0
    skips = f", {len(plan.skips)} skipped" if plan.skips else ""
    budget = plan.budget.seconds
    over = budget is not None and seconds > 1.2 * budget
    precision = plan.budget.precision
    within = f"{format_duration(budget)}" if budget is not None else f"{count(2 * rounds, 'round')}"
    slow = (
        f", more than the budget of {within}: this machine is slow or busy, and fewer rounds would not do"
        if over
        else ""
    )
    further = f"; then within {within} what is not known to ±{_percent(precision)} by then" if precision else ""
    return (
        f"{count(len(plan.cases), 'case')}{skips}, {count(rounds, 'round')} in shuffled order "
        f"(seed {plan.seed}), {count(plan.timing.values, 'value')} per visit: about {format_duration(seconds)}"
        f"{slow}{further}"
    )


def summary_lines(result: ResultFile, path: Path) -> list[str]:
    """What a run came to, for the terminal: where it is, how many cases ended how, and which have no number and why."""
    record = result.ipcbench
    counts = ", ".join(f"{many} {verdict}" for verdict, many in record.counts.items())
    ending = "" if record.complete else "; interrupted"
    ending += f"; mixed: {'; '.join(record.mixed)}" if record.mixed else ""
    ending += f"; {touched}" if (touched := touched_words(record)) else ""
    lines = [f"{path}: {counts}; {count(record.rounds, 'complete round')} in {format_duration(record.wall)}{ending}"]
    lines += absence_lines(result) + precision_lines(result)
    return lines + skip_lines([Skip(Case.parse(skip.id), skip.reason) for skip in record.skips])


def absence_lines(result: ResultFile) -> list[str]:
    """Which measured cases have no number and why: a line for each, or for each reason where they are many."""
    absent = [case for case in result.ipcbench.cases if case.verdict != "ok"]
    if len(absent) <= MOST_ABSENT:
        return [absence_line(case.id, case.verdict, case.stage, case.detail) for case in absent]
    from ipcbench.report.content.absence import groups
    from ipcbench.results.frame import case_frame

    frame = case_frame(result)
    found = groups(frame[frame["case"].isin([case.id for case in absent])])
    lines = [
        f"{count(group.cases, 'case')} {group.verdict} in {group.reason}: {group.mechanisms}; {group.where}"
        for group in found[:MOST_ABSENT]
    ]
    rest = sum(group.cases for group in found[MOST_ABSENT:])
    return [*lines, f"{count(rest, 'case')} more without a number: the report has all"] if rest else lines


def precision_lines(result: ResultFile) -> list[str]:
    """What was reached where a precision was asked for, and what stayed wide; nothing where it was not."""
    precision = result.ipcbench.settings.precision
    if precision is None:
        return []
    means = {
        Case.parse(str(benchmark.metadata["name"])): [statistics.fmean(run.values) for run in benchmark.runs]
        for benchmark in result.benchmarks
    }
    wide = sorted(still_wide(means, means, precision), key=lambda case: -half_width(means[case]))
    lines = [f"precision: {len(means) - len(wide)} of {count(len(means), 'case')} are known to ±{_percent(precision)}"]
    for case in wide[:MOST_WIDE]:
        reached, rounds = half_width(means[case]), count(len(means[case]), "round")
        how = f"±{_percent(reached)}" if reached < math.inf else "no interval"
        lines.append(f"still wide: {case.id}: {how} after {rounds}")
    if len(wide) > MOST_WIDE:
        lines.append(f"still wide: {count(len(wide) - MOST_WIDE, 'case')} more")
    return lines


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def absence_line(case: str, verdict: str, stage: str, detail: str) -> str:
    """Why a case has no number, in one line; a wrong result went well at every stage."""
    return f"{case}: {verdict}{'' if verdict == 'wrong' else f' in {stage}'}: {detail}"


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


def self_check_line(result: ResultFile) -> str:
    """What the file says of itself: how many cases differ from themselves, and what differences can be seen."""
    from ipcbench.analysis.self_check import self_check
    from ipcbench.analysis.stats import by_round
    from ipcbench.results.frame import visit_frame

    return self_check(list(by_round(visit_frame(result)).values()), result.ipcbench.rounds).words()


def skip_lines(skips: Sequence[Skip]) -> list[str]:
    """One line per question and reason, however many cases and mechanisms it keeps out.

    A reason that holds in many questions, as that of an absent library does, is one line for all of them.
    """
    questions: dict[str, list[str]] = {}
    for skip in skips:
        questions.setdefault(_shared(skip), []).append(skip.case.question)
    found: dict[tuple[str, str], list[str]] = {}
    for skip in skips:
        reason = _shared(skip)
        asked = list(dict.fromkeys(questions[reason]))
        where = f"{len(asked)} questions" if len(asked) > MOST_QUESTIONS else skip.case.question
        found.setdefault((where, reason), []).append(skip.case.mechanism)
    lines = []
    for (where, reason), names in found.items():
        who = list(dict.fromkeys(names))
        by_name = any(skip.reason == f"{who[0]} {reason}" for skip in skips)
        said = f"{reason}: {listing(who, MOST_NAMES)}" if len(who) > 1 else f"{who[0]} {reason}" if by_name else reason
        lines.append(f"skipped {count(len(names), 'case')} of {where}: {said}")
    return lines


def _shared(skip: Skip) -> str:
    """A reason without the name of the mechanism it is about."""
    return skip.reason.removeprefix(f"{skip.case.mechanism} ")
