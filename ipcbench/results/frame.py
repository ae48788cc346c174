"""Make tidy DataFrames of a result: one row per case, per visit, or per value."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from ipcbench.model import Case
from ipcbench.results.schema import MechanismFacts, PyperfBenchmark, ResultFile

CASE_COLUMNS = [
    "case",
    "question",
    "pattern",
    "operation",
    "mechanism",
    "title",
    "short",
    "family",
    "carries",
    "wait",
    "size",
    "workers",
    "payload",
    "start_method",
    "placement",
    "cpus",
    "python",
    "ranked",
    "verdict",
    "reason",
    "notes",
]
TAIL_COLUMNS = ["case", "delay", "count"]
VISIT_COLUMNS = ["case", "round", "repeat", "seconds", "floor", "cpu"]
VALUE_COLUMNS = ["case", "round", "warmup", "value", "seconds"]


def case_frame(result: ResultFile) -> pd.DataFrame:
    """Return one row per case, skipped ones included, in the order of the file; columns CASE_COLUMNS.

    reason says why a case has no number, and is empty if it is ok; notes are joined by '; '.
    """
    record = result.ipcbench
    facts = {mechanism.name: mechanism for mechanism in record.mechanisms}
    rows = [
        (case.id, case.verdict, f"{case.stage}: {case.detail}" if case.detail else "", "; ".join(case.notes))
        for case in record.cases
    ]
    rows += [(skip.id, "unsupported", skip.reason, "") for skip in record.skips]
    table = []
    for case_id, verdict, reason, notes in rows:
        case = Case.parse(case_id)
        table.append((case_id, *about_case(case, facts.get(case.mechanism)), verdict, reason, notes))
    return pd.DataFrame(table, columns=CASE_COLUMNS)


def about_case(case: Case, facts: MechanismFacts | None) -> tuple[object, ...]:
    """Return the columns "question" to "ranked" of `case_frame`; facts are None if a file has none of the mechanism."""
    about: tuple[object, ...] = (case.mechanism, case.mechanism[:12], "other", "", "")
    if facts:
        about = (facts.title, facts.short, facts.family, facts.carries, facts.wait)
    settings = case.size, case.workers, case.payload, case.start_method, case.placement, case.cpus, case.python
    ranked = facts.ranked if facts else True
    return (case.question, case.pattern, case.operation, case.mechanism, *about, *settings, ranked)


def visit_frame(result: ResultFile) -> pd.DataFrame:
    """Return one row per visit that has values: case, round, repeat, mean and least seconds, CPU seconds.

    All seconds are per operation; repeats count from 1, and most files have one.

    The visit is the independent unit (processes differ more than the values inside one), so values are averaged here
    and never pooled later.
    """
    cost = {
        (visit.case, visit.round): (visit.cpu_user + visit.cpu_system) / max(visit.operations, 1)
        for visit in result.ipcbench.visits
    }
    record, rows = result.ipcbench, []
    for benchmark in result.benchmarks:
        case_id = str(benchmark.metadata.get("name", ""))
        for run in benchmark.runs:
            round_ = int(run.metadata.get("ipcbench_round", 0))
            mean, cpu = sum(run.values) / len(run.values), cost.get((case_id, round_), math.nan)
            rows.append((case_id, round_, record.repeat_of(round_), mean, min(run.values), cpu))
    return pd.DataFrame(rows, columns=VISIT_COLUMNS)


def value_frame(benchmarks: Iterable[PyperfBenchmark]) -> pd.DataFrame:
    """Return one row per value, warm-ups of a visit before its values; columns VALUE_COLUMNS.

    warmup marks warm-ups, value counts both from 1 in each visit, seconds are per operation. For display: statistics
    use `visit_frame`.
    """
    rows = []
    for benchmark in benchmarks:
        case_id = str(benchmark.metadata.get("name", ""))
        for run in benchmark.runs:
            round_ = int(run.metadata.get("ipcbench_round", 0))
            rows += [(case_id, round_, True, place, value) for place, (_, value) in enumerate(run.warmups, start=1)]
            rows += [(case_id, round_, False, place, value) for place, value in enumerate(run.values, start=1)]
    return pd.DataFrame(rows, columns=VALUE_COLUMNS)


def tail_frame(result: ResultFile) -> pd.DataFrame:
    """Count, for each case, the operations that were timed one by one, by their delay in seconds.

    All visits of a case are added up, shortest delay first; columns TAIL_COLUMNS. A delay is the lower end of its
    bucket, less than 1/128 too short.
    """
    together: dict[tuple[str, int], int] = {}
    for visit in result.ipcbench.visits:
        for nanoseconds, count in visit.tail:
            key = visit.case, nanoseconds
            together[key] = together.get(key, 0) + count
    rows = [(case, nanoseconds / 1e9, count) for (case, nanoseconds), count in sorted(together.items())]
    return pd.DataFrame(rows, columns=TAIL_COLUMNS)
