"""Answer a need from what a file has measured: a ranking, and why other mechanisms are not in it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ipcbench.analysis.advice.need import LOOP, LOOP_QUESTION, MEASURES, NOT_ASKED, THREADS, Need, ruled_out
from ipcbench.analysis.difference import paired
from ipcbench.analysis.models import Estimate, line, scaling
from ipcbench.analysis.ranking import rank
from ipcbench.analysis.stats import SUMMARY, FloatArray, by_round, summarise
from ipcbench.errors import BadRequest
from ipcbench.measure.api.load import EVERY_WORKER, KEPT_UP, with_load
from ipcbench.results.schema import MechanismFacts
from ipcbench.units import format_rate

NOT_MEASURED = "not measured for this question in this file"
FARTHEST_SIZE = 4  # times as large or as small; measurements further away say nothing about the request
FARTHEST_WORKERS = 2  # times as many or as few; one worker has no competition, so it says nothing about several


@dataclass(frozen=True, slots=True)
class Option:
    """One mechanism of the answer: seconds per operation, times the best, CPU seconds per operation of all processes.

    value is what the options are ranked by, in seconds or bytes: the time, unless the need says otherwise. memory is
    the bytes of all processes. best and tied are as in `analysis.stats.rank`. modelled is the time for the size and
    workers asked for, if not measured and if a model of this mechanism fits; else None.
    """

    mechanism: str
    seconds: Estimate
    value: Estimate
    slowdown: Estimate
    best: bool
    tied: bool
    cpu: float
    memory: float
    wait: str
    notes: str
    modelled: Estimate | None
    facts: MechanismFacts


@dataclass(frozen=True, slots=True)
class Out:
    """A mechanism outside the answer, and why."""

    mechanism: str
    reason: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """One process that does the same work, in a plain loop or in threads: seconds per message.

    gain is how many times as fast the best option is; None at a rate, where the time of a message is that between two
    messages.
    """

    mechanism: str
    seconds: Estimate
    gain: Estimate | None


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer to a need: options from the fastest on, and the mechanisms that are out.

    question, size, workers and the setting are those of the measured options; exact says whether they equal the
    request, far whether they are too far from it to answer. sizes and counts are all sizes and numbers of workers
    measured for the question. options is empty if no case answers. keeps_up says whether the options keep up with the
    rate of the need, if it has one; if none does, they are all of them. baselines are those measured.
    """

    need: Need
    question: str
    size: int
    workers: int
    placement: str
    cpus: str
    start_method: str
    python: str
    exact: bool
    far: bool
    sizes: tuple[int, ...]
    counts: tuple[int, ...]
    options: tuple[Option, ...]
    out: tuple[Out, ...]
    keeps_up: bool = True
    baselines: tuple[Baseline, ...] = ()


def advise(facts: Sequence[MechanismFacts], summary: pd.DataFrame, visits: pd.DataFrame, need: Need) -> Advice:
    """Answer a need from `analysis.stats.summarise` and the visits of the same file.

    The compared cases were measured side by side: one question, size, number of workers and setting, as asked for or
    the nearest at which two fitting mechanisms were measured. A size measured for one mechanism only is used if all
    others are too far off. Raises BadRequest if what the need ranks by was not measured.
    """
    known = {each.name: each for each in facts}
    reasons = {name: reason for name, each in known.items() if (reason := ruled_out(each, need))}
    asked = summary[(summary["payload"] == need.payload) & summary["mechanism"].isin(set(known) - set(reasons))]
    for column, wanted in (("placement", need.placement), ("cpus", need.cpus), ("python", need.python)):
        asked = asked[asked[column] == wanted] if wanted else asked
    question = _question(asked, need)
    asked = asked[asked["question"] == question]
    ok = asked[asked["seconds"].notna()]
    for column in ("placement", "cpus", "start_method", "python"):
        if len(ok):
            common = list(ok[column].mode())
            ok = ok[ok[column] == ("idle" if "idle" in common else common[0])]
    if ok.empty:
        out = _out(reasons, known, asked, ok)
        asked_for = need.size, need.workers, need.placement, need.cpus, "", need.python
        return Advice(need, question, *asked_for, exact=False, far=False, sizes=(), counts=(), options=(), out=out)
    size, workers = _nearest(ok, need)
    block = ok[(ok["size"] == size) & (ok["workers"] == workers)]
    exact = (size, workers) == (need.size, need.workers)
    series = by_round(visits)
    behind = block[1 / block["seconds"] < KEPT_UP * need.load.rate]
    keeps_up = len(behind) < len(block)
    if keeps_up:
        block = block.drop(behind.index)
        times = zip(behind["mechanism"], behind["seconds"], strict=True)
        reasons |= {name: _too_slow(seconds, need.load.rate) for name, seconds in times}
    options = _options(block, visits, known, {} if exact else _modelled(ok, block, series, need), need.by)
    setting = block.iloc[0]
    best = str(block.set_index("mechanism").loc[options[0].mechanism, "case"])
    baselines = _baselines(summary[summary["payload"] == need.payload], series, need, question, best)
    asked = asked[(asked["size"] == size) & (asked["workers"] == workers)]
    return Advice(
        need=need,
        question=question,
        size=size,
        workers=workers,
        placement=str(setting["placement"]),
        cpus=str(setting["cpus"]),
        start_method=str(setting["start_method"]),
        python=str(setting["python"]),
        exact=exact,
        far=_far(size, workers, need),
        sizes=tuple(sorted(map(int, ok["size"].unique()))),
        counts=tuple(sorted(map(int, ok["workers"].unique()))),
        options=options,
        out=_out(reasons, known, asked, block),
        keeps_up=keeps_up,
        baselines=baselines,
    )


def _too_slow(seconds: float, rate: float) -> str:
    return f"keeps up with {format_rate(1 / seconds)} of {format_rate(rate)}"


def _baselines(
    summary: pd.DataFrame, series: dict[str, FloatArray], need: Need, question: str, best: str
) -> tuple[Baseline, ...]:
    """Return the plain loop, and the threads, that do the same work for the same payload, against the best case."""
    if not need.load.works:
        return ()
    found = []
    same = summary[(summary["size"] == need.size) & summary["seconds"].notna()]
    loop = same[(same["question"] == with_load(LOOP_QUESTION, need.load.work)) & (same["mechanism"] == LOOP)]
    threads = same[(same["question"] == question) & (same["mechanism"] == THREADS)]
    for rows, times in (
        (loop, need.workers if need.pattern in EVERY_WORKER else 1),
        (threads[threads["workers"] == need.workers], 1),
    ):
        for row in rows.head(1).to_dict("records"):
            time = Estimate(*(times * float(row[name]) for name in ("seconds", "low", "high")))
            gain = None
            if not need.load.rate:
                faster = paired(times * series[row["case"]], series[best])
                gain = Estimate(faster.ratio, faster.low, faster.high)
            found.append(Baseline(row["mechanism"], time, gain))
    return tuple(found)


def _question(asked: pd.DataFrame, need: Need) -> str:
    """Return the first question of a need that was measured near enough to answer, else the first measured."""
    measured = asked[asked["seconds"].notna()]
    near = [not _far(size, workers, need) for size, workers in zip(measured["size"], measured["workers"], strict=True)]
    for cases in (measured[np.array(near, dtype=bool)], measured):
        known = set(cases["question"])
        if found := [name for name in need.questions if name in known]:
            return found[0]
    return need.questions[0]


def _nearest(ok: pd.DataFrame, need: Need) -> tuple[int, int]:
    """Return the size and number of workers to answer from, see `advise`; near means few doublings of either."""
    crowds = Counter((int(size), int(workers)) for size, workers in zip(ok["size"], ok["workers"], strict=True))
    least = min(2, max(crowds.values()))

    def distance(place: tuple[int, int]) -> tuple[bool, bool, float, int, int]:
        size, workers = place
        doublings = math.log2(_times(size + 1, need.size + 1)) + math.log2(_times(workers, need.workers))
        return _far(size, workers, need), crowds[place] < least, doublings, size, workers

    return min(crowds, key=distance)


def _far(size: int, workers: int, need: Need) -> bool:
    """Return whether this size and number of workers are too far from the need."""
    if (workers == 1) != (need.workers == 1) or _times(workers, need.workers) > FARTHEST_WORKERS:
        return True
    return _times(size + 1, need.size + 1) > FARTHEST_SIZE


def _times(first: int, second: int) -> float:
    """Return the ratio of the larger of two numbers to the smaller."""
    return max(first, second) / min(first, second)


def _options(
    block: pd.DataFrame, visits: pd.DataFrame, known: dict[str, MechanismFacts], modelled: dict[str, Estimate], by: str
) -> tuple[Option, ...]:
    """Return the cases of one block, ranked together; spinning ones are among them only if allowed."""
    times = {case: Estimate(*time) for case, *time in block[["case", "seconds", "low", "high"]].itertuples(index=False)}
    block = block.assign(waits=block["wait"], wait="")
    if by != "time":
        visits = visits.assign(seconds=visits[MEASURES[by]]).dropna(subset="seconds")
        if not visits["case"].isin(block["case"]).any():
            raise BadRequest(f"--rank-by {by}: this was not measured in these cases")
        block = summarise(block.drop(columns=SUMMARY), visits).assign(cpu=block["cpu"], memory=block["memory"])
    ranked = rank(block, visits)
    ordered = ranked.sort_values(["best", "slowdown", "mechanism"], ascending=[False, True, True])
    rows: list[Any] = list(ordered.itertuples(index=False))
    return tuple(
        Option(
            mechanism=row.mechanism,
            seconds=times[row.case],
            value=Estimate(row.seconds, row.low, row.high),
            slowdown=Estimate(row.slowdown, row.slowdown_low, row.slowdown_high),
            best=bool(row.best),
            tied=bool(row.tied),
            cpu=row.cpu,
            memory=row.memory,
            wait=row.waits,
            notes=row.notes,
            modelled=modelled.get(row.mechanism),
            facts=known[row.mechanism],
        )
        for row in rows
    )


def _modelled(ok: pd.DataFrame, block: pd.DataFrame, series: dict[str, FloatArray], need: Need) -> dict[str, Estimate]:
    """Return modelled times for the need, by mechanism: between measured sizes or numbers of workers, never beyond.

    One of the two must have been measured as asked: no model covers both at once.
    """
    found = {}
    for name in block["mechanism"]:
        curve = ok[ok["mechanism"] == name]
        for over, same, wanted in (("size", "workers", need.size), ("workers", "size", need.workers)):
            points = curve[curve[same] == getattr(need, same)].sort_values(over)
            if points.empty or not points[over].min() <= wanted <= points[over].max() or points[over].min() < 1:
                continue
            seconds = np.array([series[case] for case in points["case"]])
            places = [float(place) for place in points[over]]
            model = line(places, seconds) if over == "size" else scaling(places, seconds)
            if model is not None and model.known:
                found[name] = model.at(wanted)
    return found


def _out(
    reasons: dict[str, str], known: dict[str, MechanismFacts], asked: pd.DataFrame, block: pd.DataFrame
) -> tuple[Out, ...]:
    """Return the mechanisms of the file outside the answer, without those that were not asked for."""
    answered = set(block["mechanism"])
    absent = asked[asked["verdict"] != "ok"].drop_duplicates("mechanism")
    absences = zip(absent["mechanism"], absent["verdict"], absent["reason"], strict=True)
    verdicts = {name: f"{verdict}: {why.removeprefix(f'{name} ')}" for name, verdict, why in absences}
    found = []
    for name in known:
        if name in answered or reasons.get(name) == NOT_ASKED:
            continue
        found.append(Out(name, reasons.get(name) or verdicts.get(name) or NOT_MEASURED))
    return in_order(found)


def in_order(out: Iterable[Out]) -> tuple[Out, ...]:
    """Sort mechanisms by reason and name, so that those of one reason are together."""
    return tuple(sorted(out, key=lambda each: (each.reason, each.mechanism)))
