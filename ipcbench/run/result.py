"""Make the results file from the findings of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

import msgspec

import ipcbench
from ipcbench.measure.api.own import CODECS
from ipcbench.model import TOUCHED, Case, Outcome, OwnPayload, Skip
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan
from ipcbench.results.merge import OF_THE_MACHINE
from ipcbench.results.privacy import allowed, kept_stack, kept_text
from ipcbench.results.schema import (
    NOT_REACHED,
    SCHEMA,
    CaseRecord,
    Condition,
    MachineFacts,
    MechanismFacts,
    Metadata,
    PatternFacts,
    PayloadFacts,
    PyperfBenchmark,
    PyperfRun,
    PythonFacts,
    Repeat,
    ResultFile,
    RunRecord,
    Settings,
    SkipRecord,
    VisitRecord,
)
from ipcbench.run.schedule import Findings
from ipcbench.text import safe_text

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and how a run was made; started is ISO 8601 in UTC, wall in seconds.

    isolation is what contained the visits ("warden", "group", "job", "none"); mixed names the differences between its
    parts; conditions describe the machine; full_metadata keeps all that pyperf collects, with the host's name.
    """

    label: str
    started: str
    command: str
    wall: float
    machine: MachineFacts
    isolation: str = "none"
    mixed: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    full_metadata: bool = False


def make_result(plan: Plan, findings: Findings, occasion: Occasion) -> ResultFile:
    """Make a result of the complete rounds, or of the first round if none is complete."""
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
        benchmarks=[_benchmark(case, by_case[case], occasion.full_metadata) for case in plan.cases if case in by_case],
        ipcbench=_run_record(plan, findings, occasion, by_case, visits),
    )


def _payload_facts(payload: OwnPayload) -> PayloadFacts:
    digests = next(iter(payload.digests.values()))
    source = payload.source if ":" in payload.source else PurePath(payload.source).name
    return PayloadFacts(
        name=payload.name,
        source=kept_text(source),
        of=kept_text(payload.of),
        messages=len(set(digests)),
        size=payload.size,
        codec=CODECS[payload.form[0]],
    )


def _run_record(
    plan: Plan,
    findings: Findings,
    occasion: Occasion,
    measured: dict[Case, dict[int, Outcome]],
    visits: list[VisitRecord],
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
        isolation=occasion.isolation,
        mixed=[kept_text(difference) for difference in occasion.mixed],
        settings=_settings(plan, occasion.full_metadata, occasion.isolation),
        machine=occasion.machine,
        mechanisms=[_mechanism_facts(name) for name in dict.fromkeys(case.mechanism for case in asked)],
        patterns=[_pattern_facts(name) for name in dict.fromkeys(case.pattern for case in asked)],
        cases=[
            _case_record(case, plan, findings, list(measured.get(case, {}).values()))
            for case in plan.cases
            if case not in missed
        ],
        skips=[
            SkipRecord(skip.case.id, kept_text(skip.reason))
            for skip in (*plan.skips, *(Skip(case, NOT_REACHED) for case in missed))
        ],
        visits=visits,
        repeats=[Repeat(occasion.started, occasion.command, plan.seed, 1, findings.rounds, occasion.wall)],
        conditions=list(occasion.conditions),
        pythons=[PythonFacts(python.tag, python.implementation, python.version) for python in plan.pythons],
        payloads=[_payload_facts(payload) for payload in plan.payloads],
    )


def _settings(plan: Plan, full_metadata: bool, isolation: str) -> Settings:
    timing, budget = plan.timing, plan.budget
    return Settings(
        timing.values,
        timing.warmups,
        timing.min_time,
        plan.seed,
        budget.seconds,
        budget.rounds,
        full_metadata=full_metadata,
        precision=budget.precision,
        fresh=timing.fresh or isolation != "warden",  # only a warden adopts what a template forks
    )


def _case_record(case: Case, plan: Plan, findings: Findings, outcomes: list[Outcome]) -> CaseRecord:
    notes = _texts([*plan.notes.get(case.id, ()), *_notes(outcomes)])
    retried = findings.retries.get(case, 0)
    failure = findings.failures.get(case)
    if failure:
        return CaseRecord(
            case.id,
            failure.verdict,
            notes,
            stage=safe_text(failure.stage),
            detail=kept_text(failure.detail),
            retried=retried,
            stack=kept_stack(failure.stack),
        )
    return CaseRecord(case.id, "ok", notes, loops=findings.loops[case], proof=_common_proof(outcomes), retried=retried)


def _notes(outcomes: list[Outcome]) -> list[str]:
    """Return the notes of a case's visits; a note about the machine says in how many visits, unless in all."""
    found = Counter(note for outcome in outcomes for note in set(outcome.notes))
    ordered = dict.fromkeys(note for outcome in outcomes for note in outcome.notes)
    every = len(outcomes)
    return [
        f"{note} in {found[note]} of {every} visits" if note in TOUCHED and found[note] < every else note
        for note in ordered
    ]


def _common_proof(outcomes: list[Outcome]) -> list[str]:
    """Return the proofs that every visit of a case has."""
    return [name for name in outcomes[0].proof if all(name in outcome.proof for outcome in outcomes)]


def _texts(texts: Iterable[str]) -> list[str]:
    """Clean texts for the file, each once."""
    return [kept_text(text) for text in dict.fromkeys(texts)]


def _benchmark(case: Case, outcomes: dict[int, Outcome], full_metadata: bool) -> PyperfBenchmark:
    """Return pyperf's part of a case, without facts of the machine that changed between visits.

    pyperf refuses a benchmark whose runs differ in such a fact, as in the host's name when a laptop moves.
    """
    runs = [_run(number, outcome, full_metadata) for number, outcome in sorted(outcomes.items())]
    for key in OF_THE_MACHINE:
        if any(run.metadata.get(key) != runs[0].metadata.get(key) for run in runs):
            for run in runs:
                run.metadata.pop(key, None)
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


def _run(number: int, outcome: Outcome, full_metadata: bool) -> PyperfRun:
    chosen = outcome.metadata if full_metadata else allowed(outcome.metadata)
    metadata: Metadata = {key: safe_text(text, 4000) if isinstance(text, str) else text for key, text in chosen.items()}
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
        notes=_texts(outcome.notes),
        tail=list(outcome.tail),
        turns=list(outcome.turns),
        encoded=outcome.encoded,
        memory=outcome.memory,
    )


def _mechanism_facts(name: str) -> MechanismFacts:
    plugin = catalog.plugin(name)
    return _copied(MechanismFacts, catalog.mechanism(name), package=plugin.plugin.origin if plugin else "")


def _pattern_facts(name: str) -> PatternFacts:
    return _copied(PatternFacts, catalog.pattern(name))


def _copied(record: type[T], declared: object, **more: str) -> T:
    """Copy what a mechanism or pattern declares into the fields of its record, which have the same names."""
    fields = (name for name in record.__struct_fields__ if name not in more)
    return record(**{name: _kept(getattr(declared, name)) for name in fields}, **{k: _kept(v) for k, v in more.items()})


def _kept(value: object) -> object:
    if isinstance(value, str):
        return kept_text(value)
    return _texts(value) if isinstance(value, tuple) else value
