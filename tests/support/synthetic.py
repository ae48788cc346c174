"""Computed result files, for tests: no process is started and no clock is read.

A case costs a start-up time plus its size over a bandwidth, times a small seeded noise per round and value; the
figures resemble a 2-CPU machine but were never measured. Equal arguments give equal files.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence

from ipcbench.measure.api.histogram import histogram
from ipcbench.model import Case, Skip, Verdict
from ipcbench.results.schema import (
    SCHEMA,
    CaseRecord,
    Condition,
    MachineFacts,
    MechanismFacts,
    PatternFacts,
    PyperfBenchmark,
    PyperfRun,
    Repeat,
    ResultFile,
    RunRecord,
    Settings,
    SkipRecord,
    VisitRecord,
)

# mechanism: (title, family, carries, seconds to start, bytes per second, seconds per state operation)
MECHANISMS: dict[str, tuple[str, str, str, float, float, float]] = {
    "queue": ("multiprocessing.Queue", "queues", "objects", 130e-6, 0.35e9, 0.0),
    "simple-queue": ("multiprocessing.SimpleQueue", "queues", "objects", 98e-6, 0.55e9, 0.0),
    "joinable-queue": ("multiprocessing.JoinableQueue", "queues", "objects", 137e-6, 0.33e9, 0.0),
    "pipe": ("multiprocessing.Pipe, send and recv", "pipes", "objects", 50e-6, 0.60e9, 0.0),
    "pipe-bytes": ("multiprocessing.Pipe, send_bytes and recv_bytes", "pipes", "bytes", 49e-6, 0.80e9, 0.0),
    "value": ("multiprocessing.Value", "shared memory", "number", 52e-6, 1e9, 1.1e-6),
    "raw-value": ("multiprocessing.RawValue", "shared memory", "number", 49e-6, 1e9, 0.09e-6),
    "array": ("multiprocessing.Array", "shared memory", "bytes", 53e-6, 3.1e9, 1.9e-6),
    "raw-array": ("multiprocessing.RawArray", "shared memory", "bytes", 50e-6, 3.3e9, 0.3e-6),
    "manager-queue": ("Manager().Queue", "managers", "objects", 255e-6, 0.20e9, 0.0),
    "manager-list": ("Manager().list", "managers", "objects", 262e-6, 0.21e9, 88e-6),
    "manager-dict": ("Manager().dict", "managers", "objects", 268e-6, 0.21e9, 91e-6),
    "manager-namespace": ("Manager().Namespace", "managers", "objects", 281e-6, 0.20e9, 99e-6),
    "manager-value": ("Manager().Value", "managers", "objects", 250e-6, 0.21e9, 85e-6),
    "manager-array": ("Manager().array", "managers", "number", 259e-6, 0.2e9, 90e-6),
}
ONLY_EIGHT_BYTES = {"value", "raw-value", "manager-array"}
STATE = [name for name, facts in MECHANISMS.items() if facts[5]]
TASK_QUEUES = ["queue", "simple-queue", "joinable-queue", "manager-queue", "pipe-bytes", "pipe"]
CONTROLS = ("memcpy",)
CONTROL_RATE = 1.2e9  # bytes per second that memcpy copies
SIZES = (8, 64, 4096, 65536, 2**20)
PATTERNS = [
    PatternFacts("ping-pong", "How long until an answer?", "one round trip of the payload"),
    PatternFacts("stream", "How fast do messages flow one way?", "one message delivered"),
    PatternFacts("task-queue", "Tasks out, results back: how fast?", "one task done and its result back"),
    PatternFacts("counter", "What does one shared counter cost?", "one increment under its lock"),
    PatternFacts("tail", "How bad are the slow ones?", "one round trip, or one message delivered at the rate offered"),
    PatternFacts("access", "What does shared state cost?", "one read or one write"),
]


def make_cases(sizes: Sequence[int] = SIZES, mechanisms: Iterable[str] = tuple(MECHANISMS)) -> list[Case]:
    """Return cases of every pattern for these mechanisms, without those that `make_skips` skips."""
    names = list(mechanisms)
    eight = [size for size in sizes if size == 8]
    cases = []
    for name in names:
        fitting = eight if name in ONLY_EIGHT_BYTES else sizes
        for pattern in ("ping-pong", "stream"):
            cases += [Case(pattern, name, size) for size in fitting]
    workers = (1, 2, 4, 8)
    cases += [Case("task-queue", name, 64, count) for name in names if name in TASK_QUEUES for count in workers]
    cases += [Case("counter", name, 8, count) for name in names if name in STATE for count in (1, 2, 4)]
    cases += [Case("access", name, 8, 1, kind) for name in names if name in STATE for kind in ("read", "write")]
    return cases


def tail_cases(
    mechanisms: Iterable[str] = ("queue", "pipe", "pipe-bytes", "simple-queue", "raw-array", "manager-queue", "array"),
    operations: Sequence[str] = ("closed", "open-1k", "open-10k", "open-30k", "open-100k"),
) -> list[Case]:
    """Return cases whose operations are timed one by one."""
    return [Case("tail", name, 64, 1, operation) for name in mechanisms for operation in operations]


def make_skips(sizes: Sequence[int] = SIZES) -> list[Skip]:
    """Return skips of sizes that a mechanism of one number cannot carry."""
    return [
        Skip(Case(pattern, name, size), f"{size:,} B asked for, but {name} carries one number of 8 B")
        for pattern in ("ping-pong", "stream")
        for name in sorted(ONLY_EIGHT_BYTES)
        for size in sizes
        if size != 8
    ]


def model_seconds(case: Case) -> float:
    """Return seconds per operation, without noise."""
    start, rate, state = MECHANISMS.get(case.mechanism, ("", "", "", 120e-6, 0.4e9, 2e-6))[3:]
    if case.pattern == "counter":
        return (state + 0.4e-6) * (1 + 0.55 * (case.workers - 1))
    if case.pattern == "access":
        return state * (1.2 if case.operation == "write" else 1.0)
    if case.mechanism in CONTROLS:
        return 0.1e-6 + 2 * case.size / CONTROL_RATE
    if case.pattern == "tail" and case.operation.startswith("open"):
        return max(1 / rate_of(case), 0.3 * start)
    if case.pattern == "stream":
        return 0.12 * start + case.size / rate
    if case.pattern == "task-queue":
        return 0.5 * start / min(case.workers, 3.2) * (1 + 0.05 * case.workers)
    return start + 2 * case.size / rate


def rate_of(case: Case) -> float:
    """Return the messages per second that an open loop offers."""
    return 1000.0 * int(case.operation.removeprefix("open-").removesuffix("k"))


def tail_of(case: Case, truth: float, messages: int) -> list[tuple[int, int]]:
    """Return the delays of one visit, counts by bucket in nanoseconds: a few messages are much slower than most."""
    if case.pattern != "tail":
        return []
    start = truth if case.operation == "closed" else model_seconds(case._replace(operation="closed"))
    if case.operation != "closed" and truth * rate_of(case) > 1.05:
        start *= 200  # messages that are due pile up
    slow = [start * (1 + 0.1 * (messages / (messages - place)) ** 0.6) for place in range(messages)]
    return sorted(histogram(slow).items())


def make_result(
    cases: Sequence[Case] | None = None,
    rounds: int = 8,
    *,
    seconds: Callable[[Case], float] = model_seconds,
    noise: float = 0.02,
    seed: int = 1,
    verdicts: Mapping[str, tuple[Verdict, str]] | None = None,
    notes: Mapping[str, Sequence[str]] | None = None,
    skips: Sequence[Skip] | None = None,
    label: str = "laptop",
    complete: bool = True,
    cpus: int = 4,
    cpu_model: str = "Example CPU 3000 @ 2.50GHz",
    titles: Mapping[str, str] | None = None,
    repeats: Sequence[int] = (),
    conditions: Sequence[Condition] = (),
    messages: int = 400,
    over_time: Callable[[Case, int], float] = lambda _, __: 1.0,
    values: int = 2,
    cpu: Callable[[Case], float] = lambda _: 1.3,
    memory: Callable[[Case], int] = lambda _: 0,
    unranked: Sequence[str] = (),
) -> ResultFile:
    """Build a results file that `store.save` accepts and `store.load` returns.

    cases and skips default to all of `make_cases` and `make_skips`. seconds: the true time of a case. noise: the
    relative spread between rounds; values inside a visit have a quarter of it. verdicts: (verdict, detail) by case id,
    for cases without values. notes: by case id. titles: replacements by mechanism. repeats: the number of rounds of
    each repeat, if there are several. messages: how many each visit of a tail case times one by one. over_time: a
    factor by case and round. values: how many a visit has. cpu: the CPU time as a share of the time. unranked:
    controls besides memcpy. memory: the bytes of all processes; 0 is unknown.
    """
    chosen = make_cases() if cases is None else list(cases)
    skipped = (make_skips() if cases is None else []) if skips is None else list(skips)
    bad, said = verdicts or {}, notes or {}
    names = sorted({case.mechanism for case in chosen} | {skip.case.mechanism for skip in skipped})
    measured = [case for case in chosen if case.id not in bad]
    record = RunRecord(
        schema=SCHEMA,
        ipcbench="0.1.0",
        label=label,
        started="2026-01-15T10:20:30+00:00",
        command=f"ipcbench run --label {label} --budget 10m",
        complete=complete,
        rounds=rounds,
        wall=612.0,
        isolation="group",
        settings=Settings(values=values, warmups=1, min_time=0.05, seed=seed, budget=600.0, rounds=None),
        machine=_machine(cpus, cpu_model),
        mechanisms=[_facts(name, (titles or {}).get(name), name not in unranked) for name in names],
        patterns=PATTERNS,
        cases=[_case_record(case, bad, said) for case in chosen],
        skips=[SkipRecord(skip.case.id, skip.reason) for skip in skipped],
        visits=[
            _visit(case, round_, position, seconds(case), cpu(case), messages, memory(case))
            for round_ in range(1, rounds + 1)
            for position, case in enumerate(measured)
        ],
        repeats=_repeats(repeats or [rounds], f"ipcbench run --label {label} --budget 10m", seed),
        conditions=list(conditions),
    )
    times = {case: [seconds(case) * over_time(case, round_) for round_ in range(1, rounds + 1)] for case in measured}
    benchmarks = [_benchmark(case, times[case], noise, seed, values) for case in measured]
    return ResultFile(version="1.0", benchmarks=benchmarks, ipcbench=record, metadata={"unit": "second"})


def _repeats(rounds: Sequence[int], command: str, seed: int) -> list[Repeat]:
    first, found = 1, []
    for place, many in enumerate(rounds):
        found.append(Repeat(f"2026-01-{15 + place}T10:20:30+00:00", command, seed, first, many, 612.0))
        first += many
    return found


def _case_record(case: Case, bad: Mapping[str, tuple[Verdict, str]], said: Mapping[str, Sequence[str]]) -> CaseRecord:
    if case.id not in bad:
        return CaseRecord(case.id, "ok", notes=list(said.get(case.id, [])), loops=100, proof=["counts", "digests"])
    verdict, detail = bad[case.id]
    return CaseRecord(case.id, verdict, stage="timed", detail=detail)


def _benchmark(case: Case, times: Sequence[float], noise: float, seed: int, many: int) -> PyperfBenchmark:
    chance = random.Random(f"{seed}/{case.id}")
    runs = []
    for round_, truth in enumerate(times, start=1):
        visit = truth * chance.lognormvariate(0.0, noise)
        values = [visit * chance.lognormvariate(0.0, noise / 4) for _ in range(many)]
        metadata: dict[str, str | int | float] = {"ipcbench_round": round_, "loops": 100}
        runs.append(PyperfRun(values, warmups=[(100, values[0] * 1.1)], metadata=metadata))
    return PyperfBenchmark(runs, metadata={"name": case.id, "unit": "second"})


def _visit(case: Case, round_: int, position: int, truth: float, cpu: float, messages: int, memory: int) -> VisitRecord:
    return VisitRecord(
        case=case.id,
        round=round_,
        position=position,
        operations=200,
        cpu_user=200 * truth * cpu * 0.7,
        cpu_system=200 * truth * cpu * 0.3,
        context_switches=400,
        wall=0.3,
        cpus=[[0], [1]],
        tail=tail_of(case, truth, messages),
        memory=(memory, 0, 0),
    )


def _facts(name: str, title: str | None, ranked: bool) -> MechanismFacts:
    unknown = (name, "controls" if name in CONTROLS else "other", "bytes", 0.0, 0.0, 0.0)
    known = MECHANISMS.get(name, unknown)
    return MechanismFacts(
        name=name,
        title=title or known[0],
        short=name.replace("manager-", "mgr-")[:12],
        family=known[1],
        carries=known[2],
        wait="block",
        senders="many",
        receivers="many",
        bounded_by="items",
        ranked=ranked and name not in CONTROLS,
    )


def _machine(cpus: int, cpu_model: str) -> MachineFacts:
    return MachineFacts(
        system="Linux",
        kernel="6.8.0",
        architecture="x86_64",
        cpu_model=cpu_model,
        cpus=cpus,
        usable_cpus=cpus,
        memory=8 * 2**30,
        virtual=True,
        python="3.11.7",
        implementation="CPython",
        pyperf="2.10.0",
        pickle_protocol=4,
        switch_interval=0.005,
    )
