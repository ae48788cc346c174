"""A host of a fleet: its results file summed up as a few numbers per case, however many rounds it has.

A thousand files would not fit into memory as tables, and reading them one after the other takes a minute. So several
processes read and sum up the files, and return one `Host` per file.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ipcbench.analysis.compare.averages import centres, mean_series, trimmed_rows
from ipcbench.analysis.compare.columns import chosen
from ipcbench.analysis.compare.side import Side, open_side
from ipcbench.analysis.self_check import drift_between
from ipcbench.analysis.stats import BLOCK, FloatArray, IntArray, by_round
from ipcbench.errors import BadRequest, ResultError
from ipcbench.text import safe_text

LEAST_FOR_PROCESSES = 16  # files; fewer are read sooner than a process starts
MOST_PROCESSES = 8  # each takes about 150 MiB
_PIECE = 4  # files per chunk that a process takes
BoolArray = npt.NDArray[np.bool_]
Filters = Sequence[tuple[str, tuple[str, ...]]]
Named = tuple[str | None, Path]  # name of the host (None: the label of the file), and path of its file


class About(NamedTuple):
    """The question and the mechanism of a case; the fields are columns of `frame.case_frame`."""

    case: str
    question: str
    mechanism: str
    short: str
    family: str
    size: int
    workers: int
    payload: str
    start_method: str
    placement: str
    cpus: str
    python: str
    wait: str
    ranked: bool

    @property
    def block(self) -> tuple[object, ...]:
        """The fields of `stats.BLOCK`, which cases ranked together share."""
        return tuple(getattr(self, name) for name in BLOCK)


def blocks_of(about: Sequence[About]) -> dict[tuple[object, ...], list[int]]:
    """Return the places of the ranked cases by block."""
    blocks: dict[tuple[object, ...], list[int]] = {}
    for place, each in enumerate(about):
        if each.ranked and each.mechanism:
            blocks.setdefault(each.block, []).append(place)
    return blocks


class Error(NamedTuple):
    """A standard error of a logarithm, and its degrees of freedom; NaN below 3 rounds."""

    error: float
    freedom: float


class Numbers(NamedTuple):
    """The numbers of each case, for one host or many: six arrays of shape (…, cases), NaN for a missing number."""

    log: FloatArray  # log(seconds), see `compare.trimmed`
    error: FloatArray  # standard error of log, drift between two moments included; NaN below 3 rounds
    freedom: FloatArray  # degrees of freedom of error
    behind: FloatArray  # log(time / time of the best of the block), by round; NaN if no other case is ranked there
    behind_error: FloatArray
    behind_freedom: FloatArray


@dataclass(frozen=True, slots=True)
class Host:
    """The summary of a file; about and numbers hold the cases with a number, in the same order.

    mean is the error of the mean over all ranked cases. families has, by family, the error of the family's mean
    relative to that mean, paired by round. verdicts counts the cases without a number.
    """

    name: str
    file: str
    digest: str
    protocol: int | None
    machine: str
    plain: bool
    repeats: frozenset[tuple[str, int]]
    facts: Mapping[str, str]
    rounds: int
    about: tuple[About, ...]
    numbers: Numbers
    mean: Error
    families: Mapping[str, Error]
    verdicts: Mapping[str, int]


def host_of(side: Side) -> Host:
    """Sum up one side; raises ResultError if no case has a number."""
    series = by_round(side.visits) if len(side.visits) else {}
    ok = side.cases[(side.cases["verdict"] == "ok") & side.cases["case"].isin(series)]
    about = tuple(About(*row) for row in ok[list(About._fields)].itertuples(index=False, name=None))
    if not about:
        raise ResultError(f"{side.name}: no case has a number")
    seconds = np.array([series[each.case] for each in about]).reshape(len(about), -1)
    logs = np.log(seconds)
    repeats = side.visits.groupby("round")["repeat"].first().sort_index().to_numpy(dtype="int64")
    drift = drift_between(list(seconds))
    own = centres(logs, repeats, drift)
    ranked = np.array([each.ranked for each in about], dtype=bool)
    missing = side.cases.loc[~side.cases["case"].isin([each.case for each in about]), "verdict"].value_counts()
    return Host(
        name=side.name,
        file=side.file,
        digest=side.digest,
        protocol=side.protocol,
        machine=side.machine,
        plain=side.plain,
        repeats=side.repeats,
        facts=dict(side.facts),
        rounds=side.rounds,
        about=about,
        numbers=Numbers(*own, *_behind(about, logs, own[0])),
        mean=_error_of(mean_series(seconds[ranked]), repeats, drift) if ranked.any() else Error(np.nan, np.nan),
        families=_families(about, seconds, ranked, repeats, drift),
        verdicts={str(name): int(many) for name, many in missing.sort_index().items()},
    )


def _behind(about: Sequence[About], logs: FloatArray, log: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return how far each ranked case is behind the best of its block, the standard error and degrees of freedom."""
    best = np.full(len(about), -1)
    for places in blocks_of(about).values():
        if len(places) > 1:
            best[places] = min(places, key=lambda place: (log[place], about[place].mechanism))
    asked = best >= 0
    found = np.full((3, len(about)), np.nan)
    if asked.any():
        found[:, asked] = trimmed_rows(logs[asked] - logs[best[asked]])
        alone = asked & np.isnan(found[0])  # cases without a round in common with the best
        found[0, alone] = (log - log[best])[alone]
    return found[0], np.sqrt(found[1]), found[2]


def _families(
    about: Sequence[About], seconds: FloatArray, ranked: BoolArray, repeats: IntArray, drift: float
) -> dict[str, Error]:
    """Return, by family, the error of its mean relative to the mean of all cases; empty if there is one family."""
    names = [each.family for each in about if each.ranked]
    found: dict[str, Error] = {}
    if len(set(names)) < 2:
        return found
    whole = mean_series(seconds[ranked])
    for family in dict.fromkeys(names):
        inside = np.array([each.ranked and each.family == family for each in about], dtype=bool)
        found[family] = _error_of(mean_series(seconds[inside]) / whole, repeats, drift)
    return found


def _error_of(means: FloatArray, repeats: IntArray, drift: float) -> Error:
    _, error, freedom = centres(np.log(means)[None, :], repeats, drift)
    return Error(float(error[0]), float(freedom[0]))


def read_host(named: Named, filters: Filters = ()) -> Host | str:
    """Read one file and sum up its cases that pass the filters, or return one line that says why that failed."""
    try:
        side = open_side(named[1], named[0])
        cases = chosen(side.cases.assign(label=side.name), filters)
        return host_of(replace(side, cases=cases))
    except ResultError as error:
        return str(error)
    except BadRequest as error:
        return f"{side.name}: {error}"


def read_hosts(files: Sequence[Named], filters: Filters = ()) -> Iterator[Host | str]:
    """Read many files and yield the hosts in the same order; use several CPUs if there are enough files.

    Raises ResultError if a reading process is killed, for example when memory runs out.
    """
    work = partial(read_host, filters=filters)
    processes = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, MOST_PROCESSES)
    piped = not all(path.is_file() for _, path in files)  # another process cannot read a pipe of this one
    if len(files) < LEAST_FOR_PROCESSES or processes < 2 or piped:
        yield from map(work, files)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy locks held by threads of numpy
    pool = ProcessPoolExecutor(processes, context, initializer=_quiet)
    try:
        yield from pool.map(work, files, chunksize=_PIECE)
    except BrokenProcessPool as error:
        raise ResultError("a process that reads results was killed; is there memory enough?") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _quiet() -> None:
    """Set up a reading process: leave Ctrl-C to the parent, and collect no garbage, since there are no cycles."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()


def fact(host: Host, name: str) -> str:
    """Return a fact of a host by its name in `Side.facts`; 'not known' if it has none."""
    return safe_text(host.facts.get(name) or "not known")
