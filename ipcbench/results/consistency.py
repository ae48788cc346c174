"""Check what types cannot express about a results file: names agree, dates exist, nothing is duplicate or left over.

No rule is about facts of the machine: some machines count fewer CPUs than a process may use, or have clocks that begin
in 1970, and a rule that they break would refuse their results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from ipcbench.errors import BadRequest
from ipcbench.model import Case
from ipcbench.results.schema import CaseRecord, Metadata, PyperfBenchmark, ResultFile, RunRecord

REQUIRED_PROOF = ("counts", "digests")
_COUNTS = ("loops", "inner_loops", "ipcbench_round")
_SAME_IN_ONE_CASE = ("hostname", "perf_version", "python_implementation", "python_version")


def problems(result: ResultFile) -> Iterator[str]:
    """Yield each problem of a file whose types are right, with its place."""
    record = result.ipcbench
    yield from _dates(result)
    yield from _repeated("case", [case.id for case in record.cases] + [skip.id for skip in record.skips])
    yield from _repeated("benchmark", [_name(benchmark) for benchmark in result.benchmarks])
    yield from _repeated("mechanism", [facts.name for facts in record.mechanisms])
    yield from _repeated("pattern", [facts.name for facts in record.patterns])
    yield from _repeated("visit", [f"{visit.case}, round {visit.round}" for visit in record.visits])
    yield from _repeats(record)
    for case in record.cases:
        yield from _case(case)
    for skip in record.skips:
        yield from _not_an_id(skip.id)
    yield from _benchmarks(result)


def _repeats(record: RunRecord) -> Iterator[str]:
    """Check that the repeats follow each other and together have all rounds."""
    first = 1
    for repeat in record.repeats:
        yield from _impossible("started", repeat.started)
        if repeat.first != first:
            yield f"a repeat begins with round {repeat.first} instead of {first}"
        first += repeat.rounds
    if first != record.rounds + 1:
        yield f"{record.rounds} rounds, and {first - 1} in its repeats"


def _name(benchmark: PyperfBenchmark) -> str:
    return str(benchmark.metadata.get("name", ""))


def _repeated(what: str, names: list[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"{what} {name!r} stands twice"


def _not_an_id(text: str) -> Iterator[str]:
    try:
        Case.parse(text)
    except BadRequest as error:
        yield str(error)


def _case(case: CaseRecord) -> Iterator[str]:
    yield from _not_an_id(case.id)
    if case.verdict != "ok":
        return
    missing = [name for name in REQUIRED_PROOF if name not in case.proof]
    if missing:
        yield f"case {case.id!r} is ok without proof of {' and '.join(missing)}"
    if case.stage or case.detail or case.stack:
        yield f"case {case.id!r} is ok and says why it failed"


def _benchmarks(result: ResultFile) -> Iterator[str]:
    """Check that the cases that are ok, the benchmarks and the visits agree."""
    measured = {case.id for case in result.ipcbench.cases if case.verdict == "ok"}
    for name in sorted({_name(benchmark) for benchmark in result.benchmarks} ^ measured):
        yield f"{name!r} has values without being ok, or the reverse"
    runs = set()
    for benchmark in result.benchmarks:
        name = _name(benchmark)
        rounds = []
        for run in benchmark.runs:
            yield from _metadata(name, result.metadata | benchmark.metadata | run.metadata)
            if not run.values:
                yield f"benchmark {name!r}: a visit without values"
            rounds.append(run.metadata.get("ipcbench_round"))
        if not rounds:
            yield f"benchmark {name!r}: a case without visits"
        yield from _rounds(name, rounds, result.ipcbench.rounds)
        if not result.ipcbench.mixed:
            yield from _mixed(benchmark)
        runs |= {(name, number) for number in rounds}
    for name, number in sorted(runs ^ {(visit.case, visit.round) for visit in result.ipcbench.visits}, key=str):
        yield f"{name!r} has values in round {number} without a record of the visit, or the reverse"


def _rounds(name: str, rounds: list[str | int | float | None], most: int) -> Iterator[str]:
    last = 0
    for number in rounds:
        if not isinstance(number, int) or not last < number <= max(most, 1):
            yield f"benchmark {name!r}: round {number!r} after {last}, of {most}"
            return
        last = number


def _mixed(benchmark: PyperfBenchmark) -> Iterator[str]:
    for key in _SAME_IN_ONE_CASE:
        values = {run.metadata[key] for run in benchmark.runs if key in run.metadata}
        if len(values) > 1:
            yield f"benchmark {_name(benchmark)!r} mixes values of different {key}"


def _metadata(name: str, metadata: Metadata) -> Iterator[str]:
    """Check that a benchmark's metadata agree with its name, a case id, and are usable by the analysis."""
    if metadata.get("unit", "second") != "second":
        yield f"benchmark {name!r}: unit {metadata['unit']!r} instead of 'second'"
    for key in _COUNTS:
        number = metadata.get(key, 1)
        if not isinstance(number, int) or number < 1:
            yield f"benchmark {name!r}: {key} is {number!r}"
    try:
        case = Case.parse(name)
    except BadRequest as error:
        yield str(error)
        return
    expected = {
        "ipcbench_mechanism": case.mechanism,
        "ipcbench_pattern": case.question,
        "ipcbench_size": case.size,
        "ipcbench_workers": case.workers,
    }
    for key, value in expected.items():
        if metadata.get(key, value) != value:
            yield f"benchmark {name!r}: {key} is {metadata[key]!r}"


def _dates(result: ResultFile) -> Iterator[str]:
    yield from _impossible("started", result.ipcbench.started)
    every: Iterable[Metadata] = (
        metadata
        for benchmark in result.benchmarks
        for metadata in (benchmark.metadata, *(run.metadata for run in benchmark.runs))
    )
    for metadata in (result.metadata, *every):
        if "date" in metadata:
            yield from _impossible("date", metadata["date"])


def _impossible(what: str, text: object) -> Iterator[str]:
    try:
        if not isinstance(text, str):
            raise ValueError
        datetime.fromisoformat(text)
    except ValueError:
        yield f"{what} {text!r} is no date"
