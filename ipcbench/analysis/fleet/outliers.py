"""Which hosts differ from the rest of a fleet, by how much, and whether in all they do or in a part of it.

A host stands at the ratio of its time to the fleet's centre, and its *level* is the middle of those over its cases: a
machine that is slower by one factor in all it does differs in level and in nothing else. Of a family, and of a case,
what is asked is how far it lies from the host's own level: that is the shape.

Hosts are never equal, so a difference counts only beyond what three things explain: the host's own error (its rounds,
and drift between two moments), the spread of all hosts (1.4826 times the median absolute deviation, which a few wild
hosts cannot stretch; from 8 hosts on, fewer have no spread to go by) and the error of a median. Student's t with the
degrees of freedom of Satterthwaite, all that is asked at once held to 5 % by Benjamini & Hochberg, and nothing below
3 %, as `compare` has it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from ipcbench.analysis.compare.contrast import CONTROLS
from ipcbench.analysis.compare.difference import RATE, WORTH, adjusted
from ipcbench.analysis.fleet.gather import LEAST_HOSTS, Fleet
from ipcbench.analysis.fleet.host import BoolArray
from ipcbench.analysis.stability import groups
from ipcbench.analysis.stats import FloatArray

LEAST_FOR_SPREAD = 8  # hosts: the middle of fewer deviations is chance
_NORMAL = 1.4826  # standard deviations in a median absolute deviation, of a normal distribution
_EFFICIENCY = 0.37  # of that beside the standard deviation: its degrees of freedom are so many of n - 1
_MEDIAN = math.pi / 2  # variance of a median over that of a mean


Classes = list[tuple[tuple[str, ...], int]]


@dataclass(frozen=True, slots=True)
class Apart:
    """What was found; ratios are times over the fleet's centre, above 1 is slower, NaN where unknown.

    hosts, in the order of the fleet: host, ratio (geometric mean over ranked cases) with low and high (95 %, of its own
    error), verdict (slower, faster, empty, or unknown below 3 rounds), level, families (those that lie off its level,
    joined by '; '), odd (how many of its cases do), cases, missing (of those that most hosts have), controls (ratio
    over these), kind (number of its class, 0 the largest), kin (ratio to the middle of its class), rounds and file.
    classes are the values of `fleet.CLASS` with how many hosts have them.

    families: host, family, ratio, beside (over the level of the host), low, high and verdict.
    odd: host, case, ratio, seconds, beside, low, high, verdict, of cases that lie off the level of their host.
    cases: case, hosts, seconds (the centre), low and high (the ratios that nine of ten hosts lie between), least and
    most with their hosts fastest and slowest, and the fields of `hosts.About`.

    spread is the standard deviation of log(ratio) between hosts beyond their own errors, NaN where they are too few;
    groups and apart say whether the ratios of the hosts fall in two, see `shape.groups`.
    """

    hosts: pd.DataFrame
    families: pd.DataFrame
    odd: pd.DataFrame
    cases: pd.DataFrame
    classes: Classes
    spread: float
    groups: int
    apart: float


def apart(fleet: Fleet) -> Apart:
    """Look at all hosts at once."""
    log = fleet.numbers.log
    common = (~np.isnan(log)).sum(axis=0) >= LEAST_HOSTS
    centre = np.full(log.shape[1], np.nan)
    centre[common] = np.nanmedian(log[:, common], axis=0)
    ratios = log - centre
    asked = common & fleet.ranked
    inside = np.where(asked, ratios, np.nan)
    mean, level = _of_rows(inside, np.nanmean), _of_rows(inside, np.nanmedian)
    error, freedom = (np.array([getattr(host.mean, name) for host in fleet.hosts]) for name in ("error", "freedom"))
    judged = judge(mean[:, None], error[:, None], freedom[:, None])
    families = _families(fleet, inside, level)
    odd = _odd(fleet, inside, level)
    kinds = Counter(fleet.classes)
    classes = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    known = mean[~np.isnan(mean)]
    controls = _of_rows(ratios[:, _controls(fleet) & common], np.nanmean)
    most = asked & ((~np.isnan(log)).sum(axis=0) * 2 > len(log))
    hosts = _hosts(fleet, judged, level, classes).assign(
        cases=(~np.isnan(inside)).sum(axis=1), missing=np.isnan(log[:, most]).sum(axis=1), controls=np.exp(controls)
    )
    many = odd["host"].value_counts()
    spread = float(judged.spread[0]) if len(known) >= LEAST_FOR_SPREAD else math.nan
    return Apart(
        hosts.assign(families=_off(hosts, families), odd=[int(many.get(name, 0)) for name in hosts["host"]]),
        families,
        odd,
        _cases(fleet, ratios, centre, common),
        classes,
        spread,
        *groups(known),
    )


def _hosts(fleet: Fleet, judged: Judged, level: FloatArray, classes: Classes) -> pd.DataFrame:
    """What is known of hosts by themselves and beside their class."""
    place = {each: number for number, (each, _) in enumerate(classes)}
    kind = np.array([place[own] for own in fleet.classes])
    mean = judged.distance[:, 0]
    middles = _of_rows(np.array([np.where(kind == number, mean, np.nan) for number in range(len(classes))]))
    return pd.DataFrame(
        {
            "host": [host.name for host in fleet.hosts],
            "ratio": np.exp(mean),
            "low": np.exp(judged.low[:, 0]),
            "high": np.exp(judged.high[:, 0]),
            "verdict": _words(judged)[:, 0],
            "level": np.exp(level),
            "kind": kind,
            "kin": np.exp(mean - middles[kind]),
            "rounds": [host.rounds for host in fleet.hosts],
            "file": [host.file for host in fleet.hosts],
        }
    )


def _off(hosts: pd.DataFrame, families: pd.DataFrame) -> pd.Series:
    """The families of each host that lie off its level, in one text."""
    off: dict[str, list[str]] = {}
    for host, family in families.loc[families["verdict"] != "", ["host", "family"]].itertuples(index=False):
        off.setdefault(str(host), []).append(str(family))
    return pd.Series(["; ".join(off.get(str(host), [])) for host in hosts["host"]], hosts.index, dtype=object)


@dataclass(frozen=True, slots=True)
class Judged:
    """Distances of hosts from a centre, (hosts, n): low and high by their own error; certain says which count."""

    distance: FloatArray
    low: FloatArray
    high: FloatArray
    certain: BoolArray
    spread: FloatArray


def judge(distance: FloatArray, error: FloatArray, freedom: FloatArray) -> Judged:
    """Which distances no error and no spread explain: each (hosts, n), as logarithms, all of them asked at once."""
    known = ~(np.isnan(distance) | np.isnan(error))
    counts = known.sum(axis=0)
    own = np.where(known, error**2, np.nan)
    typical = _of_rows(own.T, np.nanmedian)
    deviation = _NORMAL * _of_rows(np.abs(np.where(known, distance, np.nan) - _of_rows(distance.T, np.nanmedian)).T)
    between = np.where(counts >= LEAST_FOR_SPREAD, np.maximum(deviation**2 - typical, 0.0), 0.0)
    median = _MEDIAN * (typical + between) / np.maximum(counts, 1)
    own = np.where(counts >= LEAST_FOR_SPREAD, np.fmax(own, typical), own)  # few rounds agree by chance at times
    total = own + between + median
    parts = own**2 / freedom + between**2 / np.maximum(_EFFICIENCY * (counts - 1), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(distance == 0, 0.0, np.abs(distance) / np.sqrt(total))
        degrees = np.where(parts > 0, total**2 / parts, freedom)
        reach = special.stdtrit(freedom, 1 - RATE / 2) * error
    p = 2 * special.stdtr(degrees[known], -t[known])
    certain = np.zeros(distance.shape, dtype=bool)
    if len(p):
        certain[known] = adjusted(p) <= RATE
    certain &= np.abs(distance) > math.log1p(WORTH)
    return Judged(distance, distance - reach, distance + reach, certain, np.sqrt(between))


def _of_rows(values: FloatArray, what: Callable[..., FloatArray] = np.nanmedian) -> FloatArray:
    """A statistic of what is known in each row; NaN where nothing is."""
    found = np.full(len(values), np.nan)
    some = ~np.isnan(values).all(axis=1)
    found[some] = what(values[some], axis=1)
    return found


def _words(judged: Judged) -> npt.NDArray[np.str_]:
    """slower, faster, empty for neither, unknown without an interval."""
    words = np.where(judged.distance > 0, "slower", "faster")
    return np.where(judged.certain, words, np.where(np.isnan(judged.low), "unknown", ""))


def _families(fleet: Fleet, inside: FloatArray, level: FloatArray) -> pd.DataFrame:
    """The means of families, and how far they lie off the level of their host; none where there is one family."""
    names = list(dict.fromkeys(each.family for each in fleet.about if each.ranked))
    names = names if len(names) > 1 else []
    shape = len(fleet.hosts), len(names)
    mean, error, freedom = np.full((3, *shape), np.nan)
    for column, name in enumerate(names):
        mean[:, column] = _of_rows(inside[:, [each.family == name for each in fleet.about]], np.nanmean)
        for row, host in enumerate(fleet.hosts):
            if name in host.families:
                error[row, column], freedom[row, column] = host.families[name]
    judged = judge(mean - level[:, None], error, freedom)
    rows, columns = np.nonzero(~np.isnan(mean))
    return pd.DataFrame(
        {
            "host": [fleet.hosts[row].name for row in rows],
            "family": [names[column] for column in columns],
            "ratio": np.exp(mean[rows, columns]),
            "beside": np.exp(judged.distance[rows, columns]),
            "low": np.exp(judged.low[rows, columns]),
            "high": np.exp(judged.high[rows, columns]),
            "verdict": np.where(judged.certain, np.where(judged.distance > 0, "slower", "faster"), "")[rows, columns],
        }
    )


def _odd(fleet: Fleet, inside: FloatArray, level: FloatArray) -> pd.DataFrame:
    """The cases that lie off the level of their host."""
    judged = judge(inside - level[:, None], fleet.numbers.error, fleet.numbers.freedom)
    rows, columns = np.nonzero(judged.certain)
    found = pd.DataFrame(
        {
            "host": [fleet.hosts[row].name for row in rows],
            "case": [fleet.about[column].case for column in columns],
            "ratio": np.exp(inside[rows, columns]),
            "seconds": np.exp(fleet.numbers.log[rows, columns]),
            "beside": np.exp(judged.distance[rows, columns]),
            "low": np.exp(judged.low[rows, columns]),
            "high": np.exp(judged.high[rows, columns]),
            "verdict": np.where(judged.distance[rows, columns] > 0, "slower", "faster"),
        }
    )
    return found.iloc[np.argsort(-np.abs(np.log(found["beside"].to_numpy(dtype=float))), kind="stable")]


def _controls(fleet: Fleet) -> BoolArray:
    return np.array([each.mechanism in CONTROLS for each in fleet.about], dtype=bool)


def _cases(fleet: Fleet, ratios: FloatArray, centre: FloatArray, common: BoolArray) -> pd.DataFrame:
    """A row per case that two hosts have, in the order of the files."""
    names = np.array([host.name for host in fleet.hosts], dtype=object)
    shown = ratios[:, common]
    low, high = np.nanquantile(shown, [0.05, 0.95], axis=0) if shown.size else np.empty((2, 0))
    about = [each for each, kept in zip(fleet.about, common, strict=True) if kept]
    table = pd.DataFrame(about, columns=about[0]._fields if about else ["case"])
    return table.assign(
        hosts=(~np.isnan(shown)).sum(axis=0),
        seconds=np.exp(centre[common]),
        low=np.exp(low),
        high=np.exp(high),
        least=np.exp(np.nanmin(shown, axis=0)),
        most=np.exp(np.nanmax(shown, axis=0)),
        fastest=names[np.nanargmin(shown, axis=0)],
        slowest=names[np.nanargmax(shown, axis=0)],
    )
