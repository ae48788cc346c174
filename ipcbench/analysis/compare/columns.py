"""Cases chosen and laid out for comparison along any of their fields.

The *column* is the field whose values are compared; two compared cases agree in all other fields. A *row* is a case by
default, or the geometric mean of all cases that share some fields.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ipcbench.analysis.compare.side import Side
from ipcbench.analysis.stats import FloatArray, IntArray, by_round
from ipcbench.errors import BadRequest, UnknownName
from ipcbench.model import CPUS, PLACEMENTS, START_METHODS
from ipcbench.units import parse_size, size_name

# The name of a field for people -> the column of `gather`.
FIELDS: Mapping[str, str] = {
    "label": "label",
    "mechanism": "mechanism",
    "family": "family",
    "question": "question",
    "pattern": "pattern",
    "operation": "operation",
    "size": "size",
    "workers": "workers",
    "payload": "payload",
    "start-method": "start_method",
    "placement": "placement",
    "cpus": "cpus",
    "python": "python",
    "case": "case",
}
_PARTS = ["label", "pattern", "operation", "mechanism", "size", "workers", "payload", "start_method", "placement"]
PARTS = [*_PARTS, "cpus", "python", "plain"]
_NO_COLUMN = ("family", "case")  # cases that agree in all other fields agree in these too
_ORDER = {"placement": PLACEMENTS, "cpus": CPUS, "start_method": START_METHODS}
_DEFAULTS = {"payload": "bytes", "start_method": "fork", "placement": "spread", "cpus": "idle", "python": ""}


@dataclass(frozen=True, slots=True)
class Projection:
    """Rows, a column and filters, by names of FIELDS; empty rows mean one row per case."""

    column: str = "label"
    rows: tuple[str, ...] = ()
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Gathered:
    """The cases of all sides in one table.

    cases is `frame.case_frame` with two more columns, label (the name of the side) and plain (the name of a benchmark
    from a plain pyperf file, else empty). series has, by label and case, the visit means (rounds,) in seconds of cases
    that are ok; memory has the median bytes of all processes of those whose memory is known; repeats has, by label, the
    repeat of each round. pythons are the tags of --python in the order given.
    """

    cases: pd.DataFrame
    series: Mapping[tuple[str, str], FloatArray]
    memory: Mapping[tuple[str, str], float]
    repeats: Mapping[str, IntArray]
    pythons: Sequence[str]


def field(name: str) -> str:
    """Return the column of a field; raises UnknownName."""
    known = name.strip().replace("_", "-")
    if known not in FIELDS:
        raise UnknownName("field", name, FIELDS)
    return FIELDS[known]


def gather(sides: Sequence[Side]) -> Gathered:
    """Put the cases of all sides into one table."""
    tables: list[pd.DataFrame] = []
    series: dict[tuple[str, str], FloatArray] = {}
    memory: dict[tuple[str, str], float] = {}
    repeats: dict[str, IntArray] = {}
    for side in sides:
        plain = side.cases["case"].where(side.cases["mechanism"] == "", "")
        tables.append(side.cases.assign(label=side.name, plain=plain))
        ok = set(side.cases.loc[side.cases["verdict"] == "ok", "case"])
        rounds = side.visits.groupby("round")["repeat"].first().sort_index()
        repeats[side.name] = rounds.to_numpy(dtype="int64")
        if len(side.visits):
            series |= {(side.name, case): row for case, row in by_round(side.visits).items() if case in ok}
            medians = side.visits.groupby("case")["memory"].median().dropna()
            memory |= {(side.name, str(case)): float(used) for case, used in medians.items() if case in ok}
    pythons = list(dict.fromkeys(tag for side in sides for tag in side.pythons))
    return Gathered(pd.concat(tables, ignore_index=True), series, memory, repeats, pythons)


def chosen(cases: pd.DataFrame, filters: Sequence[tuple[str, tuple[str, ...]]]) -> pd.DataFrame:
    """Return the cases that pass all filters; raises UnknownName for an unknown value, BadRequest if none is left."""
    kept = cases
    for name, values in filters:
        column = field(name)
        found: set[object] = set()
        for value in values:
            matching = {known for known in cases[column].unique() if _matches(column, known, value)}
            if not matching:
                raise UnknownName(name, value, (written(column, known) for known in cases[column].unique()))
            found |= matching
        kept = kept[kept[column].isin(found)]
    if kept.empty:
        said = " ".join(f"--filter {name}={','.join(values)}" for name, values in filters)
        raise BadRequest(f"no case is left after {said}: each value is there, but not together")
    return kept


def _matches(column: str, known: object, value: str) -> bool:
    if column == "size" and not set("*?[") & set(value):
        return known == parse_size(value)
    return fnmatch.fnmatchcase(written(column, known), value)


def written(column: str, value: object) -> str:
    """Write a value of a field: sizes with unit, 'none' for empty."""
    if column == "size":
        return size_name(int(str(value)))
    return str(value) or "none"


def columns_of(cases: pd.DataFrame, projection: Projection, pythons: Sequence[str]) -> list[str]:
    """Return the values of the column field, the base first: in the order of a filter, or in natural order.

    The natural order of Pythons is that of `pythons`, in which --python named them.
    """
    column = field(projection.column)
    if projection.column in _NO_COLUMN:
        raise BadRequest(
            f"--column {projection.column}: cases that agree in all other fields agree in this one too; choose one of "
            f"{', '.join(name for name in FIELDS if name not in _NO_COLUMN)}"
        )
    present = list(dict.fromkeys(cases[column]))
    if column in _ORDER:
        present.sort(key=_ORDER[column].index)
    elif column in ("size", "workers"):
        present.sort()
    elif column == "python":
        present.sort(key=lambda tag: pythons.index(tag) if tag in pythons else len(pythons))
    for name, values in projection.filters:
        if field(name) == column:
            present.sort(key=lambda known: next(n for n, text in enumerate(values) if _matches(column, known, text)))
    return [written(column, value) for value in present]


def varying(cases: pd.DataFrame) -> list[str]:
    """Return the names of the fields that differ between the cases and can be a column."""
    names = [name for name in FIELDS if name not in (*_NO_COLUMN, "question", "operation")]
    return [name for name in names if cases[FIELDS[name]].nunique() > 1]


def keys_of(cases: pd.DataFrame, column: str) -> pd.Series:
    """Return for each case the fields, other than the column, that must be equal in both cases of a pair."""
    without = {"question": {"pattern", "operation"}}.get(column, {column})
    return pd.Series(list(zip(*(cases[part] for part in PARTS if part not in without), strict=True)), cases.index)


def row_names(cases: pd.DataFrame, projection: Projection, labels: int) -> pd.Series:
    """Return the row name of each case: its id without the column, or the chosen fields."""
    column = field(projection.column)
    several = labels > 1 and column != "label"
    if projection.rows:
        parts = [field(name) for name in projection.rows]
        parts += ["label"] if several and "label" not in parts else []
        texts: list[list[str]] = [[written(part, value) for value in cases[part]] for part in parts]
        return pd.Series([" ".join(row) for row in zip(*texts, strict=True)], cases.index)
    return pd.Series([_name(row, column, several) for row in cases.to_dict("records")], cases.index)


def _name(case: Mapping[Hashable, Any], column: str, several: bool) -> str:
    if case["plain"]:
        return str(case["plain"])
    if column == "label":
        return str(case["case"])
    question = case["question"] if column != "operation" else case["pattern"]
    found = {"question": question, "mechanism": case["mechanism"], "size": size_name(int(str(case["size"])))}
    found |= {"workers": f"{case['workers']}w"}
    found |= {part: case[part] for part, default in _DEFAULTS.items() if case[part] != default}
    left = {column, "question"} if column == "pattern" else {column}
    name = "/".join(str(text) for part, text in found.items() if part not in left)
    return f"{case['label']}: {name}" if several else name
