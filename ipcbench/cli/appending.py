"""What `--append` measures: the plan of a results file, made again for a further repeat of it."""

from __future__ import annotations

from pathlib import Path

from ipcbench.cli.options import RESULTS, Addition
from ipcbench.errors import BadRequest, ResultError
from ipcbench.model import Budget, Capabilities, Case, Interpreter, Skip, Timing
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan, why_not
from ipcbench.results.reading import read_bytes
from ipcbench.results.schema import ResultFile, RunRecord
from ipcbench.results.store import load
from ipcbench.shell import pasted


def file_to_append_to(path: Path) -> tuple[ResultFile, bytes]:
    """A results file that may have a further repeat, and its bytes; raises ResultError."""
    result = load(path)
    record = result.ipcbench
    if record.label != path.stem:
        raise ResultError(f"{path}: a copy of label {record.label!r}: a repeat is appended under the name it has only")
    if record.mixed:
        raise ResultError(f"{path}: mixed ({'; '.join(record.mixed)}): a further repeat would belong to no part of it")
    if not record.rounds:
        place = ["--results", str(path.parent)] if path.parent != RESULTS else []
        again = pasted("run", "--label", path.stem, *place, "--force")
        raise ResultError(f"{path}: no complete round in it; to measure it again: {again}")
    try:
        return result, read_bytes(path)
    except OSError as error:
        raise ResultError(f"{path}: cannot read: {error.strerror}") from error


def plan_again(path: Path, record: RunRecord, wanted: Addition, offer: Capabilities) -> Plan:
    """The cases of a file that have a number, with its values and its loops; raises BadRequest and ResultError.

    As many rounds as its first repeat has, unless others were asked for. What this machine does not offer now is
    skipped with the reason.
    """
    cases, skips = [], []
    numbers = {python.tag: python.number for python in _pythons(path, record, wanted)}
    for found in record.cases:
        if found.verdict != "ok":
            continue
        case = _case(path, found.id)
        reason = why_not(case, offer, python=numbers[case.python]) if case.python else why_not(case, offer)
        if reason:
            skips.append(Skip(case, reason))
        else:
            cases.append(case)
    if not cases:
        raise BadRequest(f"{path}: {skips[0].reason if skips else 'none of its cases has a number'}: nothing to append")
    settings = record.settings
    budget = wanted.budget or Budget(rounds=record.repeats[0].rounds)
    return Plan(
        cases=tuple(cases),
        skips=tuple(skips),
        seed=wanted.seed,
        budget=budget._replace(precision=wanted.precision),
        timing=Timing(settings.values, settings.warmups, settings.min_time),
        pythons=wanted.pythons,
        loops={case.id: case.loops for case in record.cases if case.verdict == "ok" and case.loops},
    )


def _pythons(path: Path, record: RunRecord, wanted: Addition) -> tuple[Interpreter, ...]:
    """The interpreters that were chosen, which must be those of the file: it does not say where they are."""
    before, now = {python.tag for python in record.pythons}, {python.tag for python in wanted.pythons}
    if before != now:
        told = f"measured under {', '.join(sorted(before))}" if before else "measured under one Python"
        want = "name each with --python" if before else "leave out --python"
        raise BadRequest(f"{path}: {told}: {want}")
    return wanted.pythons


def _case(path: Path, text: str) -> Case:
    try:
        case = Case.parse(text)
        catalog.mechanism(case.mechanism), catalog.pattern(case.pattern)
    except BadRequest as error:
        raise ResultError(f"{path}: {text} cannot be measured here: {error}") from error
    return case
