"""Sentences about a run: its plan, its cases by verdict, its skips, its cost."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path

from ipcbench.model import Case, Skip
from ipcbench.plan.planner import Plan
from ipcbench.report.content.outcomes import is_expected, outcomes
from ipcbench.report.content.words import listing
from ipcbench.results.schema import ResultFile
from ipcbench.results.touched import touched_words
from ipcbench.run.cost import estimate
from ipcbench.run.precision import half_width, still_wide
from ipcbench.text import count
from ipcbench.units import format_duration

MOST_WIDE = 20  # lines
MOST_ABSENT = 20  # cases with a line each; if there are more, reasons with a line each
MOST_NAMES = 12  # mechanisms listed after one reason
MOST_QUESTIONS = 2  # with a line each for one reason
REPORT_SECONDS = 6.0  # measured time to make a report on a 2-CPU virtual machine


def outlook(plan: Plan, start: float, report: bool) -> str:
    """Return the size and duration of a plan in words; starting a worker takes `start` seconds."""
    rounds, seconds = estimate(plan, start)
    seconds += REPORT_SECONDS if report else 0.0
    skips = f", {len(plan.skips)} skipped" if plan.skips else ""
    budget = plan.budget.seconds
    over = budget is not None and seconds > 1.2 * budget
    precision = plan.budget.precision
    within = format_duration(budget) if budget is not None else count(2 * rounds, "round")
    slow = (
        f", more than the budget of {within}: this machine is slow or busy, and the plan has its fewest rounds already"
        if over
        else ""
    )
    further = ""
    if precision:
        further = f"; then, within {within}, more rounds of blocks with a case not known to ±{_percent(precision)}"
    elif budget is not None and not over:
        further = ", first of all blocks and then of those whose ratios are least known"
    made = count(rounds, "round") if budget is None else f"about {count(rounds, 'round')} of all"
    return (
        f"{count(len(plan.cases), 'case')}{skips}, {made} in shuffled order "
        f"(seed {plan.seed}), {count(plan.timing.values, 'value')} per visit: about {format_duration(seconds)}"
        f"{slow}{further}"
    )


def summary_lines(result: ResultFile, path: Path) -> list[str]:
    """Return the summary of a run: the file, the number of cases by verdict, and why cases have no number."""
    record = result.ipcbench
    counts = "; ".join(f"{number} {words}" for words, number in outcomes(record))
    ending = "" if record.complete else "; interrupted"
    ending += f"; mixed: {'; '.join(record.mixed)}" if record.mixed else ""
    ending += f"; {touched}" if (touched := touched_words(record)) else ""
    lines = [f"{path}: {counts}; {rounds_words(result)} in {format_duration(record.wall)}{ending}"]
    lines += absence_lines(result) + precision_lines(result)
    return lines + skip_lines([Skip(Case.parse(skip.id), skip.reason) for skip in record.skips])


def rounds_words(result: ResultFile) -> str:
    """Return how many rounds were made: '10 complete rounds', or how many the blocks had if these differ."""
    counts = [len(benchmark.runs) for benchmark in result.benchmarks]
    fewest, most = min(counts, default=0), max(counts, default=0)
    if fewest == most or result.ipcbench.settings.budget is None or len(result.ipcbench.repeats) > 1:
        return count(result.ipcbench.rounds, "complete round")
    return f"{fewest} to {most} rounds, more where ratios were less known,"


def absence_lines(result: ResultFile) -> list[str]:
    """Return why measured cases have no number: a line for each, or for each reason if there are many."""
    absent = [case for case in result.ipcbench.cases if case.verdict != "ok"]
    if len(absent) <= MOST_ABSENT:
        return [absence_line(case.id, case.verdict, case.stage, case.detail) for case in absent]
    from ipcbench.report.content.absence import groups
    from ipcbench.results.frame import case_frame

    frame = case_frame(result)
    faults = [case.id for case in absent if not is_expected(case.id, case.verdict)]
    found = groups(frame[frame["case"].isin(faults)])
    lines = [
        f"{count(group.cases, 'case')} {group.verdict} in {group.reason}: {group.mechanisms}; {group.where}"
        for group in found[:MOST_ABSENT]
    ]
    rest = sum(group.cases for group in found[MOST_ABSENT:])
    return [*lines, f"{count(rest, 'case')} more without a number: the report has all"] if rest else lines


def precision_lines(result: ResultFile) -> list[str]:
    """Return how many cases reached the requested precision, and which did not; empty without --precision."""
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
    """Return why a case has no number, in one line; a wrong result has no stage, since every stage succeeded."""
    if is_expected(case, verdict):
        return f"{case}: {detail}, as expected without a lock"
    return f"{case}: {verdict}{'' if verdict == 'wrong' else f' in {stage}'}: {detail}"


def cost_line(result: ResultFile) -> str:
    """Return the share of the wall time spent in values, and the seconds of a visit outside values and warm-ups."""
    record, timed = result.ipcbench, result.timed
    warm = sum(
        loops * value * int((result.metadata | benchmark.metadata | run.metadata).get("inner_loops", 1))
        for benchmark in result.benchmarks
        for run in benchmark.runs
        for loops, value in run.warmups
    )
    beyond = (sum(visit.wall for visit in record.visits) - timed - warm) / max(len(record.visits), 1)
    share = f"{timed / record.wall:.0%} of the time was spent in measured values"
    return f"{share}; a visit took {beyond:.2f} s besides, to start, connect, verify and end its processes"


def self_check_line(result: ResultFile) -> str:
    """Return the result of the self-check: how many cases differ from themselves, which differences can be seen."""
    from ipcbench.analysis.self_check import self_check
    from ipcbench.analysis.stats import by_round
    from ipcbench.results.frame import visit_frame

    return self_check(list(by_round(visit_frame(result)).values()), result.ipcbench.rounds).words()


def skip_lines(skips: Sequence[Skip]) -> list[str]:
    """Return one line per question and reason, with the number of skipped cases and their mechanisms.

    A reason that applies to more than 2 questions, such as an absent library, gets one line for all of them.
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
    """Return the reason of a skip without the name of the mechanism."""
    return skip.reason.removeprefix(f"{skip.case.mechanism} ")
