"""Compare columns of cases: each case, each family, the controls, and what is missing where."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ipcbench.analysis.compare.columns import Gathered, Projection, columns_of, field, keys_of, row_names, written
from ipcbench.analysis.compare.pairing import SIDES, Lack, Pair, Scales, grouped, lacking, pairs, together, where_of
from ipcbench.analysis.difference import Difference, Verdict, more_rounds, verdicts
from ipcbench.analysis.self_check import SelfCheck, drift_of

CONTROLS = ("no-op", "memcpy", "pickle", "os-pipe")
LEAST_FOR_WHOLE = 3  # cases; in a mean over fewer, each case has too much weight
MOVED = 0.05  # controls that differ by more indicate another machine, or another state of the machine


@dataclass(frozen=True, slots=True)
class Row:
    """One row in one column against the base: ratio above 1 is slower; times in seconds, NaN if unknown.

    In a row of several cases, ratio and times are geometric means over the `cases` with a number on both sides, and
    `missing` counts the others. visible is the smallest difference that would be seen four times out of five, as a
    share. floor is the larger noise floor of the two files, as a share; NaN inside one file, for a row of several cases
    and for a file with too few rounds. excess is ratio over the mean of all cases; NaN unless the column is of another
    machine. more is about how many more rounds an inconclusive row needs (in each file, if there are several; repeats
    if repeats is above 1), NaN if more rounds would not settle it. base_memory and memory are bytes of all processes,
    NaN if unknown. question, mechanism, size and workers are those of its first case.
    """

    row: str
    column: str
    verdict: Verdict
    ratio: float
    low: float
    high: float
    base_seconds: float
    seconds: float
    cases: int
    missing: int
    rounds: int
    repeats: int
    visible: float
    floor: float
    excess: float
    more: float
    paired: bool
    base_memory: float
    memory: float
    family: str
    question: str
    mechanism: str
    size: int
    workers: int
    setting: str
    ranked: bool


@dataclass(frozen=True, slots=True)
class Mean:
    """The geometric mean of a family, of a control, or of "all", over the cases that both columns have."""

    name: str
    column: str
    ratio: float
    low: float
    high: float
    cases: int
    missing: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """The result of a comparison; every column is compared with the first, the base.

    table has the fields of Row as columns, families and controls those of Mean, missing those of `pairing.Lack`. drift
    and floors are the drift and the noise floor of each file by label, see `self_check`. wholes has, for each column of
    another machine, the mean over all cases.
    """

    projection: Projection
    columns: list[str]
    table: pd.DataFrame
    families: pd.DataFrame
    controls: pd.DataFrame
    missing: pd.DataFrame
    drift: Mapping[str, float]
    floors: Mapping[str, float]
    wholes: Mapping[str, Mean]

    @property
    def within_noise(self) -> pd.Series[bool]:
        """Which rows of the table differ, but by less than the noise floor of their files."""
        distance = self.table["ratio"].map(lambda ratio: max(ratio, 1 / ratio) - 1)
        return self.table["verdict"].isin(["slower", "faster"]) & (distance < self.table["floor"])

    @property
    def base(self) -> str:
        """The column that the others are compared with."""
        return self.columns[0]


def contrast(
    gathered: Gathered,
    cases: pd.DataFrame,
    projection: Projection,
    checks: Mapping[str, SelfCheck] | None = None,
    elsewhere: Collection[str] = (),
) -> Contrast:
    """Compare the chosen cases column by column with the first one.

    checks has the self-check of each file by label: drift between two moments of a machine, see `difference.unpaired`,
    and noise floor; of two noise floors the larger counts. elsewhere names the columns of another machine than the
    base's, whose rows are set against the mean of all. All rows are judged together. Raises BadRequest for a field that
    cannot be a column.
    """
    columns = columns_of(cases, projection, gathered.pythons)
    column = field(projection.column)
    about = cases.assign(
        place=[written(column, value) for value in cases[column]],
        key=keys_of(cases, column),
        row=row_names(cases, projection, cases["label"].nunique()),
        setting=[" ".join(filter(None, setting)) for setting in zip(*(cases[name] for name in _SETTING), strict=True)],
    )
    several = column != "label" and cases["label"].nunique() > 1  # then rounds of two files must not be mixed

    def family(pair: Pair) -> str:
        return f"{pair.about.label}: {pair.about.family}" if several else str(pair.about.family)

    known = {label: check for label, check in (checks or {}).items() if check.known}
    drift = {label: drift_of([check]) for label, check in known.items()}
    floors = {label: check.floor for label, check in known.items()}
    scales = Scales(gathered, drift)
    groups: list[tuple[str, list[Pair]]] = []
    families: list[Mean] = []
    controls: list[Mean] = []
    missing: list[Lack] = []
    wholes: dict[str, Mean] = {}
    for name in columns[1:]:
        found = pairs(about, gathered, columns[0], name)
        groups += [(name, group) for group in grouped(found, lambda pair: str(pair.about.row)).values()]
        # Two mechanisms that are compared with each other may have different families.
        ranked = [pair for pair in found if pair.about.ranked and column != "mechanism"]
        families += _means(scales, name, grouped(ranked, family), [] if several else ranked)
        if projection.column == "label":
            moved = [pair for pair in found if pair.about.mechanism in CONTROLS]
            controls += _means(scales, name, grouped(moved, lambda pair: str(pair.about.mechanism)), moved)
        if name in elsewhere:
            wholes |= {mean.column: mean for mean in _means(scales, name, {"all": ranked}, ranked)}
        missing += lacking(about, found, columns[0], name)
    return Contrast(
        projection,
        columns,
        _frame(Row, _rows(scales, groups, floors, wholes)),
        _frame(Mean, families),
        _frame(Mean, controls),
        _frame(Lack, missing),
        drift,
        floors,
        wholes,
    )


_SETTING = ["payload", "start_method", "placement", "cpus", "python"]


def _frame(kind: type, items: Sequence[object]) -> pd.DataFrame:
    names = list(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    return pd.DataFrame([[getattr(item, name) for name in names] for item in items], columns=names)


def _rows(
    scales: Scales,
    groups: Sequence[tuple[str, list[Pair]]],
    floors: Mapping[str, float],
    wholes: Mapping[str, Mean],
) -> list[Row]:
    """Return the rows with a number on both sides, judged together."""
    weighed = []
    for column, group in groups:
        complete = [pair for pair in group if pair.complete]
        if complete:
            weighed.append((column, group, complete, scales.weigh(complete)))
    said = verdicts([difference for *_, difference in weighed])
    return [_row(scales, *each, verdict, floors, wholes) for each, verdict in zip(weighed, said, strict=True)]


def _row(
    scales: Scales,
    column: str,
    group: Sequence[Pair],
    complete: Sequence[Pair],
    difference: Difference,
    verdict: Verdict,
    floors: Mapping[str, float],
    wholes: Mapping[str, Mean],
) -> Row:
    first, alike = group[0].about, together(complete)
    rounds, repeats = scales.rounds(complete)
    drift = 0.0 if alike or repeats > 1 else scales.between(*(where_of(complete[0], side) for side in SIDES))
    unit = repeats if repeats > 1 and not alike else rounds
    more = more_rounds(difference, unit, drift) if verdict == "inconclusive" else None
    labels = {where_of(complete[0], side)[0] for side in SIDES}
    one = not alike and len(complete) == 1 and labels <= floors.keys()
    whole = wholes.get(column)
    return Row(
        row=str(first.row),
        column=column,
        verdict=verdict,
        ratio=difference.ratio,
        low=difference.low,
        high=difference.high,
        base_seconds=scales.seconds(complete, "base"),
        seconds=scales.seconds(complete, "other"),
        cases=len(complete),
        missing=sum((pair.base is None) != (pair.other is None) for pair in group),
        rounds=rounds,
        repeats=1 if alike else repeats,
        visible=difference.visible,
        floor=max(floors[label] for label in labels) if one else math.nan,
        excess=difference.ratio / whole.ratio if whole and whole.cases >= LEAST_FOR_WHOLE else math.nan,
        more=math.nan if more is None else float(more),
        paired=alike,
        base_memory=scales.memory(complete, "base"),
        memory=scales.memory(complete, "other"),
        family=str(first.family),
        question=str(first.question),
        mechanism=str(first.mechanism),
        size=int(first.size),
        workers=int(first.workers),
        setting=str(first.setting),
        ranked=bool(first.ranked),
    )


def _means(scales: Scales, column: str, named: Mapping[str, list[Pair]], whole: Sequence[Pair]) -> list[Mean]:
    """Return the mean of each group, and of all if there are several, over the cases with a number on both sides."""
    groups = dict(named) | ({"all": list(whole)} if len(named) > 1 else {})
    found = []
    for name, group in groups.items():
        complete = [pair for pair in group if pair.complete]
        lacking_ = sum((pair.base is None) != (pair.other is None) for pair in group)
        if complete:
            d = scales.weigh(complete)
            found.append(Mean(name, column, d.ratio, d.low, d.high, len(complete), lacking_))
    return found
