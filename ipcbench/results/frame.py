"""Make tidy DataFrames of a result: one row per case, per visit, or per value."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from ipcbench.model import Case
from ipcbench.results.schema import MechanismFacts, PyperfBenchmark, ResultFile, VisitRecord

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
VISIT_COLUMNS = ["case", "round", "repeat", "seconds", "floor", "cpu", "p99", "memory"]
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
    """Return one row per visit that has values; columns VISIT_COLUMNS.

    seconds is the mean of its values, floor the least, and cpu the CPU seconds of all processes, each per operation.
    p99 is the delay in seconds that 99 % of its messages did not exceed, of fewer than 100 the longest; NaN if messages
    were not timed one by one. memory is the bytes of all processes, see `model.Memory`, NaN if unknown. Repeats count
    from 1, and most files have one.

    The visit is the independent unit (processes differ more than the values inside one), so values are averaged here
    and never pooled later.
    """
    about = {(visit.case, visit.round): _about_visit(visit) for visit in result.ipcbench.visits}
    record, rows = result.ipcbench, []
    for benchmark in result.benchmarks:
        case_id = str(benchmark.metadata.get("name", ""))
        for run in benchmark.runs:
            round_ = int(run.metadata.get("ipcbench_round", 0))
            mean, more = sum(run.values) / len(run.values), about.get((case_id, round_), (math.nan,) * 3)
            rows.append((case_id, round_, record.repeat_of(round_), mean, min(run.values), *more))
    return pd.DataFrame(rows, columns=VISIT_COLUMNS)


def _about_visit(visit: VisitRecord) -> tuple[float, float, float]:
    """Return the columns "cpu", "p99" and "memory" of `visit_frame`."""
    left = 0.99 * sum(number for _, number in visit.tail)
    p99 = math.nan
    for nanoseconds, number in visit.tail:
        p99, left = nanoseconds / 1e9, left - number
        if left <= 0:
            break
    cpu = (visit.cpu_user + visit.cpu_system) / max(visit.operations, 1)
    return cpu, p99, float(visit.memory[0]) or math.nan


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
