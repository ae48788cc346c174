"""Find which hosts differ from the rest of a fleet, by how much, and in all cases or only in some.

Each case of a host has a ratio: its time on this host ÷ the fleet's centre. The *level* of a host is the median of
these ratios: a machine that is slower by one factor everywhere differs in level only. Families and single cases are
compared with the level of their own host.

Hosts are never equal, so a difference counts only if it exceeds what three sources explain together: the host's own
error (its rounds, and drift between two moments), the spread of all hosts (1.4826 times the median absolute deviation,
which a few outliers cannot inflate; used from 8 hosts on, since fewer say too little about a spread), and the error of
a median. The test is Student's t with Satterthwaite's degrees of freedom; Benjamini & Hochberg hold the false discovery
rate of all tests made together to 5 %; differences below 3 % never count, as in `compare`.
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
from ipcbench.analysis.difference import RATE, WORTH, adjusted
from ipcbench.analysis.fleet.gather import LEAST_HOSTS, Fleet
from ipcbench.analysis.fleet.host import BoolArray
from ipcbench.analysis.stability import groups
from ipcbench.analysis.stats import FloatArray

LEAST_FOR_SPREAD = 8  # hosts; the median of fewer deviations is mostly chance
_NORMAL = 1.4826  # standard deviation ÷ median absolute deviation, for a normal distribution
_EFFICIENCY = 0.37  # of the median absolute deviation against the standard deviation: its degrees of freedom ÷ (n - 1)
_MEDIAN = math.pi / 2  # variance of a median ÷ variance of a mean


Classes = list[tuple[tuple[str, ...], int]]


@dataclass(frozen=True, slots=True)
class Outliers:
    """How the hosts of a fleet differ. Ratios are times ÷ the fleet's centre: above 1 is slower, NaN is unknown.

    hosts, in the order of the fleet: host, ratio (geometric mean over ranked cases) with low and high (95 %, from the
    host's own error), verdict (slower, faster, empty, or unknown below 3 rounds), level, families (those that differ
    from its level, joined by '; '), odd (how many of its cases differ from its level), cases (how many), missing (how
    many it lacks of the cases that most hosts have), controls (ratio over the controls), kind (number of its class, 0
    the largest), kin (ratio to the median of its class), rounds and file.
    classes are the values of `gather.CLASS`, each with the number of its hosts.

    families: host, family, ratio, beside (ratio ÷ the level of the host), low, high and verdict.
    odd, the cases that differ from the level of their host: host, case, ratio, seconds, beside, low, high, verdict.
    cases: case, hosts, seconds (the centre), low and high (9 of 10 hosts lie between these ratios), least and most
    with their hosts fastest and slowest, and the fields of `host.About`.

    spread is the standard deviation of log(ratio) between hosts beyond their own errors, NaN if there are too few
    hosts; groups and factor say whether the ratios of the hosts form two groups, see `stability.groups`.
    """

    hosts: pd.DataFrame
    families: pd.DataFrame
    odd: pd.DataFrame
    cases: pd.DataFrame
    classes: Classes
    spread: float
    groups: int
    factor: float


def outliers(fleet: Fleet) -> Outliers:
    """Compare every host, family and case with the rest of the fleet."""
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
    controls = np.array([each.mechanism in CONTROLS for each in fleet.about], dtype=bool)
    most = asked & ((~np.isnan(log)).sum(axis=0) * 2 > len(log))
    hosts = _hosts(fleet, judged, level, classes).assign(
        cases=(~np.isnan(inside)).sum(axis=1),
        missing=np.isnan(log[:, most]).sum(axis=1),
        controls=np.exp(_of_rows(ratios[:, controls & common], np.nanmean)),
    )
    many = odd["host"].value_counts()
    spread = float(judged.spread[0]) if len(known) >= LEAST_FOR_SPREAD else math.nan
    return Outliers(
        hosts.assign(families=_off(hosts, families), odd=[int(many.get(name, 0)) for name in hosts["host"]]),
        families,
        odd,
        _cases(fleet, ratios, centre, common),
        classes,
        spread,
        *groups(known),
    )


def _hosts(fleet: Fleet, judged: Judged, level: FloatArray, classes: Classes) -> pd.DataFrame:
    """Return a row per host: its ratio, verdict and level, and its ratio to its class."""
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
    """Return the families of each host that differ from its level, joined by '; '."""
    off: dict[str, list[str]] = {}
    for host, family in families.loc[families["verdict"] != "", ["host", "family"]].itertuples(index=False):
        off.setdefault(str(host), []).append(str(family))
    return pd.Series(["; ".join(off.get(str(host), [])) for host in hosts["host"]], hosts.index, dtype=object)


@dataclass(frozen=True, slots=True)
class Judged:
    """Distances of hosts from a centre, of shape (hosts, n).

    low and high come from the host's own error; certain says whether a distance counts; spread has the shape (n,).
    """

    distance: FloatArray
    low: FloatArray
    high: FloatArray
    certain: BoolArray
    spread: FloatArray


def judge(distance: FloatArray, error: FloatArray, freedom: FloatArray) -> Judged:
    """Find the distances that neither error nor spread explains, all tested together.

    distance and error are logarithms; all arrays have the shape (hosts, n).
    """
    known = ~(np.isnan(distance) | np.isnan(error))
    counts = known.sum(axis=0)
    own = np.where(known, error**2, np.nan)
    typical = _of_rows(own.T, np.nanmedian)
    deviation = _NORMAL * _of_rows(np.abs(np.where(known, distance, np.nan) - _of_rows(distance.T, np.nanmedian)).T)
    between = np.where(counts >= LEAST_FOR_SPREAD, np.maximum(deviation**2 - typical, 0.0), 0.0)
    median = _MEDIAN * (typical + between) / np.maximum(counts, 1)
    own = np.where(counts >= LEAST_FOR_SPREAD, np.fmax(own, typical), own)  # few rounds sometimes agree by chance
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
    """Return a statistic of the numbers in each row, NaN ignored; NaN for a row without a number."""
    found = np.full(len(values), np.nan)
    some = ~np.isnan(values).all(axis=1)
    found[some] = what(values[some], axis=1)
    return found


def _words(judged: Judged) -> npt.NDArray[np.str_]:
    """Return verdicts: slower, faster, empty for neither, unknown if there is no interval."""
    words = np.where(judged.distance > 0, "slower", "faster")
    return np.where(judged.certain, words, np.where(np.isnan(judged.low), "unknown", ""))


def _families(fleet: Fleet, inside: FloatArray, level: FloatArray) -> pd.DataFrame:
    """Return the means of families and their distance from the level of their host; empty if there is one family."""
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
    """Return the cases that differ from the level of their host."""
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


def _cases(fleet: Fleet, ratios: FloatArray, centre: FloatArray, common: BoolArray) -> pd.DataFrame:
    """Return a row per case that at least two hosts have, in the order of the files."""
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
