"""Read plain pyperf files for comparisons: names, values, and pyperf's facts of the machine.

Their origin and any proof of transfer are unknown, so they have no report. A pyperf process that has values counts as a
round; pyperf runs one benchmark after the other, so two benchmarks never share a round.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
import pandas as pd

from ipcbench.errors import BadRequest
from ipcbench.model import Case
from ipcbench.results.frame import CASE_COLUMNS, VISIT_COLUMNS, about_case
from ipcbench.results.reading import Refused, refuse_strangers
from ipcbench.text import safe_text

Known = str | int | float | bool | list[Any] | None

# Name of a fact -> the keys of pyperf's metadata that make it up.
FACTS: Mapping[str, tuple[str, ...]] = {
    "date": ("date",),
    "CPU": ("cpu_model_name",),
    "CPUs": ("cpu_count",),
    "system": ("platform",),
    "Python": ("python_implementation", "python_version"),
    "pyperf": ("perf_version",),
}


LONGEST_NAME = 1000  # characters


class _Run(msgspec.Struct):
    values: Annotated[list[float], msgspec.Meta(max_length=100_000)] = []
    metadata: Annotated[dict[str, Known], msgspec.Meta(max_length=1000)] = {}


class _Benchmark(msgspec.Struct):
    runs: Annotated[list[_Run], msgspec.Meta(max_length=10_000)]
    metadata: Annotated[dict[str, Known], msgspec.Meta(max_length=1000)] = {}


class _Suite(msgspec.Struct):
    benchmarks: Annotated[list[_Benchmark], msgspec.Meta(max_length=10_000)]
    metadata: Annotated[dict[str, Known], msgspec.Meta(max_length=1000)] = {}


def foreign(document: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """Return cases and visits of a plain pyperf document, as `frame.case_frame` and `frame.visit_frame`, and its facts.

    Raises Refused and msgspec.ValidationError.
    """
    refuse_strangers(document)
    suite = msgspec.convert(document, _Suite)
    visits: list[tuple[str, int, int, *tuple[float, ...]]] = []
    names: list[str] = []
    for number, benchmark in enumerate(suite.benchmarks, start=1):
        first = benchmark.runs[0].metadata if benchmark.runs else {}  # pyperf looks for the name there too
        about = suite.metadata | benchmark.metadata | first
        name = safe_text(about.get("name") or "", LONGEST_NAME)
        if not name:
            raise Refused(f"not to be compared: a benchmark has no name: number {number} of {len(suite.benchmarks)}")
        if name in names:
            raise Refused(f"not to be compared: two benchmarks are called {name!r}")
        names.append(name)
        visits += _visits(name, benchmark, about)
    if not visits:
        raise Refused("not to be compared: no benchmark in it has a value")
    having = {visit[0] for visit in visits}
    cases = pd.DataFrame([_case(name, name in having) for name in names], columns=CASE_COLUMNS)
    return cases, pd.DataFrame(visits, columns=VISIT_COLUMNS), _facts(suite)


def _visits(
    name: str, benchmark: _Benchmark, about: dict[str, Known]
) -> Iterator[tuple[str, int, int, *tuple[float, ...]]]:
    """Yield one row per run that has values; the other runs calibrate."""
    number = 0
    for run in benchmark.runs:
        unit = (about | run.metadata).get("unit") or "second"
        if unit != "second":
            raise Refused(f"{name} is measured in {safe_text(unit, 40)!r}; only times in seconds can be compared")
        for value in run.values:
            if not (math.isfinite(value) and value > 0):
                raise Refused(f"damaged: {name} has a value of {value!r} s; expected more than 0")
        if run.values:
            number += 1
            mean = math.fsum(run.values) / len(run.values)
            yield name, number, 1, mean, min(run.values), math.nan, math.nan, math.nan


def _case(name: str, measured: bool) -> tuple[object, ...]:
    """Return a row of `case_frame`; its facts are known only if the name is a case id."""
    try:
        case = Case.parse(name)
    except BadRequest:
        case = Case(name, "", 0, 0)
    verdict = ("ok", "") if measured else ("failed", "pyperf has no value of it")
    return (name, *about_case(case, None), *verdict, "")


def _facts(suite: _Suite) -> dict[str, str]:
    """Return the facts, which pyperf keeps in any of three places; of several values, the first."""
    known: dict[str, Known] = {}
    for benchmark in suite.benchmarks:
        for run in benchmark.runs:
            known = run.metadata | known
        known = benchmark.metadata | known
    known = suite.metadata | known
    found = {fact: " ".join(str(known[key]) for key in keys if key in known) for fact, keys in FACTS.items()}
    found["date"] = found["date"][:16]  # to the minute
    return {fact: safe_text(text) for fact, text in found.items() if text}
