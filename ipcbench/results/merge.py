"""Join two results files of one machine and one setting into one file with the repeats of both.

`why_apart` says why two files cannot be joined, `joined` joins them. Repeats are ordered by their start and rounds are
renumbered, so that each round belongs to one repeat and pairs only visits that were made together. Facts that a file
has once (label, command, machine, settings) come from the file that began first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from ipcbench.model import SEVERITY
from ipcbench.results.schema import (
    CaseRecord,
    Metadata,
    PyperfBenchmark,
    PyperfRun,
    Repeat,
    ResultFile,
    RunRecord,
)

_ROUND = "ipcbench_round"
# Metadata that `pyperf.Benchmark.add_run` refuses to mix, without keys that never differ between repeats of a case.
_SAME_FOR_PYPERF = (
    "aslr",
    "cpu_count",
    "cpu_model_name",
    "hostname",
    "inner_loops",
    "platform",
    "python_executable",
    "python_implementation",
    "python_unicode",
    "python_version",
)
OF_THE_MACHINE = ("aslr", "cpu_count", "cpu_model_name", "hostname", "platform")  # these may change during a run
_MOST_NOTES = 100  # limit of the type of a case
_SEVERITY = ("ok", *SEVERITY)
T = TypeVar("T")
Numbers = dict[int, int]  # old number of a round -> new number


def why_apart(one: ResultFile, other: ResultFile) -> list[str]:
    """Return why two files cannot be joined, with the second file's value in brackets; empty if they can be."""
    first, second = one.ipcbench, other.ipcbench
    found = _other_conditions(first, second)
    for name in ("values", "warmups", "min_time", "fresh", "payload", "full_metadata"):
        mine, its = getattr(first.settings, name), getattr(second.settings, name)
        if mine != its:
            found.append(f"{name.replace('_', ' ')} {mine} ({its})")
    if not found:  # a reason found so far would explain differing metadata too
        found = _other_metadata(one, other)
    for record in (first, second):
        if not record.rounds:
            found.append(f"{record.label} has no complete round")
        if record.mixed:
            found.append(f"{record.label} is mixed: {'; '.join(record.mixed)}")
    twice = {(repeat.started, repeat.seed) for repeat in first.repeats}
    twice &= {(repeat.started, repeat.seed) for repeat in second.repeats}
    found += [f"the repeat of {started} with seed {seed} is in both" for started, seed in sorted(twice)]
    return found


def _other_metadata(one: ResultFile, other: ResultFile) -> list[str]:
    """Return the metadata that differ though pyperf requires them equal in all runs of a benchmark, each once."""
    found: dict[str, str] = {}
    known = {_name(benchmark): _said_first(one, benchmark) for benchmark in one.benchmarks}
    for benchmark in other.benchmarks:
        mine, its = known.get(_name(benchmark)), _said_first(other, benchmark)
        if mine is None:
            continue
        for key in _SAME_FOR_PYPERF:
            if mine.get(key) != its.get(key):
                found.setdefault(key, f"{key} {mine.get(key)} ({its.get(key)}) of {_name(benchmark)}")
    return list(found.values())


def _name(benchmark: PyperfBenchmark) -> str:
    return str(benchmark.metadata.get("name", ""))


def _said_first(result: ResultFile, benchmark: PyperfBenchmark) -> Metadata:
    """Return all metadata of the first visit of a case."""
    return result.metadata | benchmark.metadata | benchmark.runs[0].metadata


def _other_conditions(first: RunRecord, second: RunRecord) -> list[str]:
    """Return the differences in machine and software, with the second file's value in brackets."""
    was, machine, found = first.machine, second.machine, []
    if was.id and machine.id:
        if was.id != machine.id:
            found.append("another machine")
    elif was.kernel != machine.kernel:  # without ids, only these facts can show that it is one machine
        found.append(f"kernel {was.kernel} ({machine.kernel})")
    facts = [
        ("CPU", was.cpu_model, machine.cpu_model),
        ("usable CPUs", was.usable_cpus, machine.usable_cpus),
        ("Python", was.interpreter, machine.interpreter),
        ("pyperf", was.pyperf, machine.pyperf),
        ("protocol", first.protocol, second.protocol),
        ("isolation", first.isolation, second.isolation),
    ]
    return found + [f"{name} {one} ({other})" for name, one, other in facts if one != other]


def joined(first: ResultFile, second: ResultFile) -> ResultFile:
    """Return one file with all rounds of both, in whatever order they are given; see `why_apart` for checks.

    A case that failed in one file has no number, as within a run. A case that only one file has keeps its rounds, with
    a note if the other file skipped it.
    """
    first, second = sorted((first, second), key=lambda result: _when(result.ipcbench.repeats[0]))
    repeats, numbers = _renumbered(first.ipcbench.repeats, second.ipcbench.repeats)
    record = _record(first.ipcbench, second.ipcbench, repeats, numbers)
    good = {case.id for case in record.cases if case.verdict == "ok"}
    metadata = _common([first.metadata, second.metadata])
    parts: dict[str, list[tuple[Metadata, list[PyperfRun]]]] = {}
    for result, new in zip((first, second), numbers, strict=True):
        for benchmark in result.benchmarks:
            about = result.metadata | benchmark.metadata
            runs = [_moved(run, about, new) for run in benchmark.runs]
            parts.setdefault(_name(benchmark), []).append((about, runs))
    benchmarks = [_benchmark(parts[case.id], metadata) for case in record.cases if case.id in good]
    return ResultFile(version="1.0", benchmarks=benchmarks, ipcbench=record, metadata=metadata)


def _when(repeat: Repeat) -> tuple[str, int]:
    return repeat.started, repeat.seed


def _renumbered(first: list[Repeat], second: list[Repeat]) -> tuple[list[Repeat], tuple[Numbers, Numbers]]:
    """Return the repeats of both in order, and for each file the new numbers of its rounds."""
    numbers: tuple[Numbers, Numbers] = ({}, {})
    repeats, following = [], 1
    both = [(repeat, numbers[0]) for repeat in first] + [(repeat, numbers[1]) for repeat in second]
    for repeat, new in sorted(both, key=lambda pair: _when(pair[0])):
        new.update({repeat.first + i: following + i for i in range(repeat.rounds)})
        repeats.append(msgspec.structs.replace(repeat, first=following))
        following += repeat.rounds
    return repeats, numbers


def _record(first: RunRecord, second: RunRecord, repeats: list[Repeat], numbers: tuple[Numbers, Numbers]) -> RunRecord:
    cases = _cases(first, second)
    good = {case.id for case in cases if case.verdict == "ok"}
    known = {case.id for case in cases}
    skips = _each_once(first.skips, second.skips, lambda skip: skip.id)
    precisions = [found.settings.precision for found in (first, second) if found.settings.precision]
    settings = msgspec.structs.replace(
        first.settings,
        full_metadata=first.settings.full_metadata or second.settings.full_metadata,
        precision=min(precisions, default=None),
    )
    return msgspec.structs.replace(
        first,
        complete=first.complete and second.complete,
        rounds=sum(repeat.rounds for repeat in repeats),
        wall=sum(repeat.wall for repeat in repeats),
        settings=settings,
        mechanisms=_each_once(first.mechanisms, second.mechanisms, lambda facts: facts.name),
        patterns=_each_once(first.patterns, second.patterns, lambda facts: facts.name),
        cases=cases,
        skips=[skip for skip in skips if skip.id not in known],
        visits=sorted(
            (
                msgspec.structs.replace(visit, round=new[visit.round])
                for record, new in zip((first, second), numbers, strict=True)
                for visit in record.visits
                if visit.case in good
            ),
            key=lambda visit: (visit.round, visit.position, visit.case),
        ),
        mixed=list(dict.fromkeys((*first.mixed, *second.mixed))),
        pythons=_each_once(first.pythons, second.pythons, lambda python: python.tag),
        payloads=_each_once(first.payloads, second.payloads, lambda payload: payload.name),
        repeats=repeats,
        conditions=[*first.conditions, *second.conditions],
        digest="",
    )


def _each_once(first: Sequence[T], second: Sequence[T], name: Callable[[T], str]) -> list[T]:
    """Join two lists; an item whose name is in both comes from the first."""
    found = {name(item): item for item in first}
    for item in second:
        found.setdefault(name(item), item)
    return list(found.values())


def _cases(first: RunRecord, second: RunRecord) -> list[CaseRecord]:
    """Return the cases of both: those of the first in its order, then the others of the second."""
    found = {case.id: case for case in first.cases}
    for case in second.cases:
        found[case.id] = _one(found[case.id], case) if case.id in found else case
    for record in (first, second):
        for skip in record.skips:
            if skip.id in found:
                found[skip.id] = _noted(found[skip.id], [f"not in every repeat: {skip.reason}"])
    return list(found.values())


def _one(first: CaseRecord, second: CaseRecord) -> CaseRecord:
    """Join the records of a case in both files; the worse verdict counts."""
    worse = max(first, second, key=lambda case: _SEVERITY.index(case.verdict))
    proof = [name for name in first.proof if name in second.proof]
    both = msgspec.structs.replace(worse, proof=proof, retried=first.retried + second.retried, notes=first.notes)
    if worse.verdict == "ok":
        both = msgspec.structs.replace(both, loops=first.loops)
    return _noted(both, second.notes)


def _noted(case: CaseRecord, notes: Iterable[str]) -> CaseRecord:
    return msgspec.structs.replace(case, notes=list(dict.fromkeys((*case.notes, *notes)))[:_MOST_NOTES])


def _common(several: list[Metadata]) -> Metadata:
    """Return the keys and values that all of these metadata have."""
    return {
        key: value
        for key, value in several[0].items()
        if all(key in other and other[key] == value for other in several[1:])
    }


def _moved(run: PyperfRun, about: Metadata, new: Numbers) -> PyperfRun:
    """Copy a visit into its new round, with all metadata about it in its own."""
    return msgspec.structs.replace(run, metadata=about | run.metadata | {_ROUND: new[int(run.metadata[_ROUND])]})


def _benchmark(parts: list[tuple[Metadata, list[PyperfRun]]], metadata: Metadata) -> PyperfBenchmark:
    """Make one benchmark of the visits of a case; metadata that all of them share are kept once."""
    common = _common([about for about, _ in parts])
    own = {key: value for key, value in common.items() if not _says(metadata, key, value)}
    base = metadata | own
    runs = [
        msgspec.structs.replace(
            run,
            metadata={
                key: value for key, value in run.metadata.items() if key == _ROUND or not _says(base, key, value)
            },
        )
        for run in sorted((run for _, runs in parts for run in runs), key=lambda run: int(run.metadata[_ROUND]))
    ]
    return PyperfBenchmark(runs, own)


def _says(metadata: Metadata, key: str, value: object) -> bool:
    return key in metadata and metadata[key] == value
