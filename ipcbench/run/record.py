"""What a run found -> the results file."""

from __future__ import annotations

from dataclasses import dataclass

import ipcbench
from ipcbench.model import Case, Outcome, Skip
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan
from ipcbench.results.schema import (
    SCHEMA,
    CaseRecord,
    MachineFacts,
    MechanismFacts,
    Metadata,
    PatternFacts,
    PyperfBenchmark,
    PyperfRun,
    ResultFile,
    RunRecord,
    Settings,
    SkipRecord,
    VisitRecord,
)
from ipcbench.run.schedule import Findings

# What pyperf collects and a reader needs; its host name, boot time, paths and build options stay out.
KEPT = (
    "aslr",
    "cpu_count",
    "cpu_model_name",
    "date",
    "duration",
    "inner_loops",
    "load_avg_1min",
    "loops",
    "mem_max_rss",
    "name",
    "perf_version",
    "python_hash_seed",
    "python_implementation",
    "python_version",
    "timer",
    "unit",
)

_MISSED = "the run was stopped before this case was measured"


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and how a run was made; started is ISO 8601 in UTC, wall in seconds over all its parts.

    mixed says what differed between its parts, where continuing it was forced.
    """

    label: str
    started: str
    command: str
    wall: float
    machine: MachineFacts
    mixed: tuple[str, ...] = ()


def make_result(plan: Plan, findings: Findings, occasion: Occasion) -> ResultFile:
    """Put together what is known, from the complete rounds; from the first round as far as it came if none is."""
    rounds = max(findings.rounds, 1)
    measured = {key: found for key, found in findings.outcomes.items() if key[1] <= rounds}
    by_case: dict[Case, dict[int, Outcome]] = {}
    for (case, number), outcome in measured.items():
        if case not in findings.failures:
            by_case.setdefault(case, {})[number] = outcome
    visits = [
        _visit_record(case, number, findings.positions[case, number], outcome)
        for case, rounds_of_case in by_case.items()
        for number, outcome in rounds_of_case.items()
    ]
    return ResultFile(
        version="1.0",
        metadata={"unit": "second"},
        benchmarks=[_benchmark(case, by_case[case]) for case in plan.cases if case in by_case],
        ipcbench=_run_record(plan, findings, occasion, set(by_case), visits),
    )


def _run_record(
    plan: Plan, findings: Findings, occasion: Occasion, measured: set[Case], visits: list[VisitRecord]
) -> RunRecord:
    missed = [case for case in plan.cases if case not in measured and case not in findings.failures]
    asked = [*plan.cases, *(skip.case for skip in plan.skips)]
    return RunRecord(
        schema=SCHEMA,
        ipcbench=ipcbench.__version__,
        label=occasion.label,
        started=occasion.started,
        command=occasion.command,
        complete=findings.complete,
        rounds=findings.rounds,
        wall=occasion.wall,
        settings=_settings(plan),
        machine=occasion.machine,
        mechanisms=[_mechanism_facts(name) for name in dict.fromkeys(case.mechanism for case in asked)],
        patterns=[_pattern_facts(name) for name in dict.fromkeys(case.pattern for case in asked)],
        cases=[_case_record(case, plan, findings) for case in plan.cases if case not in missed],
        skips=[
            SkipRecord(skip.case.id, skip.reason) for skip in (*plan.skips, *(Skip(case, _MISSED) for case in missed))
        ],
        visits=visits,
    )


def _settings(plan: Plan) -> Settings:
    timing, budget = plan.timing, plan.budget
    return Settings(timing.values, timing.warmups, timing.min_time, plan.seed, budget.seconds, budget.rounds)


def _case_record(case: Case, plan: Plan, findings: Findings) -> CaseRecord:
    notes = list(plan.notes.get(case.id, ()))
    failure = findings.failures.get(case)
    if failure:
        return CaseRecord(case.id, failure.verdict, notes, failure.stage, failure.detail[:4000])
    return CaseRecord(case.id, "ok", notes, loops=findings.loops[case])


def _benchmark(case: Case, outcomes: dict[int, Outcome]) -> PyperfBenchmark:
    runs = [_run(number, outcome) for number, outcome in sorted(outcomes.items())]
    common = {
        key: value
        for key, value in runs[0].metadata.items()
        if key != "ipcbench_round" and all(run.metadata.get(key) == value for run in runs)
    }
    for run in runs:
        run.metadata = {key: value for key, value in run.metadata.items() if key not in common}
    about: Metadata = {
        "name": case.id,
        "ipcbench_mechanism": case.mechanism,
        "ipcbench_pattern": case.question,
        "ipcbench_size": case.size,
        "ipcbench_workers": case.workers,
    }
    return PyperfBenchmark(runs=runs, metadata=common | about)


def _run(number: int, outcome: Outcome) -> PyperfRun:
    metadata: Metadata = {key: outcome.metadata[key] for key in KEPT if key in outcome.metadata}
    return PyperfRun(list(outcome.values), list(outcome.warmups), metadata | {"ipcbench_round": number})


def _visit_record(case: Case, number: int, position: int, outcome: Outcome) -> VisitRecord:
    return VisitRecord(
        case=case.id,
        round=number,
        position=position,
        operations=outcome.operations,
        cpu_user=outcome.cpu_user,
        cpu_system=outcome.cpu_system,
        context_switches=outcome.context_switches,
        wall=outcome.wall,
        cpus=[list(cpus) for cpus in outcome.cpus],
    )


def _mechanism_facts(name: str) -> MechanismFacts:
    found = catalog.mechanism(name)
    return MechanismFacts(
        name=found.name,
        title=found.title,
        short=found.short,
        family=found.family,
        carries=found.carries,
        wait=found.wait,
        senders=found.senders,
        receivers=found.receivers,
        bounded_by=found.bounded_by,
        background_threads=found.background_threads,
        background_processes=found.background_processes,
        caveats=list(found.caveats),
    )


def _pattern_facts(name: str) -> PatternFacts:
    found = catalog.pattern(name)
    return PatternFacts(found.name, found.question, found.operation)
