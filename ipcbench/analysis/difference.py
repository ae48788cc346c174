"""Differences with intervals, and verdicts over many of them at once.

Two series measured together, round by round, are *paired*: a slowdown of both in one round cancels. Series of
two files are *unpaired*. Both are judged by trimmed means of logarithms, which one or two outlying rounds do not
change much, with the standard error of Yuen ("The two-sample trimmed t for unequal population variances", Biometrika
61, 1974). Medians would be as robust but have less power, see `benchmarks/harness/power.py`. If a label was measured
several times, its repeats are the sample, not the rounds inside them (Kalibera & Jones, "Rigorous Benchmarking in
Reasonable Time", ISMM 2013).

A verdict is "slower" or "faster" only if the interval excludes 1, the p-value holds after adjustment for all tests made
together (Benjamini & Hochberg, 1995, at 5 %) and the difference is larger than a threshold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from ipcbench.analysis.stats import LEAST_ROUNDS, FloatArray

Verdict = Literal["slower", "faster", "equivalent", "inconclusive"]

RATE = 0.05  # of false discoveries among all that are called different; the complement of every interval
MOST_MORE = 10_000  # rounds; if more were needed, more rounds are no remedy
WORTH = 0.03  # a difference below 3 % is not worth a choice, however certain


@dataclass(frozen=True, slots=True)
class Difference:
    """How many times as long the first takes as the second, with its 95 % interval.

    error is the standard error of log(ratio), freedom its degrees of freedom. All but ratio are NaN if either side has
    fewer than 3 rounds.
    """

    ratio: float
    low: float = math.nan
    high: float = math.nan
    error: float = math.nan
    freedom: float = math.nan

    @property
    def known(self) -> bool:
        """Whether there were enough rounds for an interval."""
        return self.error == self.error

    @property
    def tied(self) -> bool:
        """Whether this is no difference: below WORTH, or with 1 in the interval; without an interval only below WORTH.

        The rule for a single pair; `told_apart` has it for several.
        """
        return abs(math.log(self.ratio)) <= math.log1p(WORTH) or self.low <= 1 <= self.high

    @property
    def p(self) -> float:
        """Two-sided p-value of Student's t with that standard error; NaN without an interval."""
        if not self.known:
            return math.nan
        if self.error == 0:
            return 1.0 if self.ratio == 1 else 0.0
        from scipy import special  # slow to import, and a run of few rounds has no intervals

        return float(2 * special.stdtr(self.freedom, -abs(math.log(self.ratio)) / self.error))

    @property
    def visible(self) -> float:
        """The smallest difference that would be seen four times out of five, as a share: 0.05 for 5 %."""
        if not self.known:
            return math.nan
        return math.expm1((quantile(1 - RATE / 2, self.freedom) + quantile(0.8, self.freedom)) * self.error)


@dataclass(frozen=True, slots=True)
class Centre:
    """The centre of some logarithms, its variance and its degrees of freedom."""

    log: float
    variance: float
    freedom: float


def paired(first: FloatArray, second: FloatArray) -> Difference:
    """Compare two series measured together: (rounds,) and (rounds,) in seconds, NaN for a missing round.

    Without a common round, as in a file of several repeats, the ratio is that of both centres, without an interval.
    """
    both = ~(np.isnan(first) | np.isnan(second))
    if not both.any():
        if np.isnan(first).all() or np.isnan(second).all():
            return Difference(math.nan)
        return Difference(math.exp(centre_of([first]) - centre_of([second])))
    logs = np.log(first[both]) - np.log(second[both])
    if len(logs) < LEAST_ROUNDS:
        return Difference(math.exp(np.mean(logs)))
    centre = trimmed(logs)
    return _difference(centre.log, centre.variance, centre.freedom)


def unpaired(first: Sequence[FloatArray], second: Sequence[FloatArray], drift: float = 0.0) -> Difference:
    """Compare two series of different runs: for each, one array (rounds,) in seconds per repeat.

    drift is the standard deviation of log(time) between two moments of one machine beyond what the rounds of one repeat
    show; it enters the interval of a side with a single repeat, which cannot show it.
    """
    sides = [[np.log(repeat[~np.isnan(repeat)]) for repeat in side] for side in (first, second)]
    one, other = ([repeat for repeat in side if len(repeat)] for side in sides)
    if not one or not other:
        return Difference(math.nan)
    if min(sum(map(len, side)) for side in (one, other)) < LEAST_ROUNDS:
        return Difference(math.exp(np.mean(np.concatenate(one)) - np.mean(np.concatenate(other))))
    here, there = _centre(one, drift), _centre(other, drift)
    variance = here.variance + there.variance
    return _difference(here.log - there.log, variance, _together(here, there))


def centre_of(repeats: Sequence[FloatArray]) -> float:
    """Return the logarithm of the time of one side in a comparison: an array (rounds,) in seconds per repeat."""
    logs = [np.log(repeat[~np.isnan(repeat)]) for repeat in repeats]
    return _centre([each for each in logs if len(each)], 0.0).log


def trimmed(logs: FloatArray) -> Centre:
    """Return the mean without the outer seventh on either side (one of 7 to 13, none of fewer): (rounds,) -> centre.

    Its variance is that of the winsorised values: each outer value is replaced by the nearest inner one, Yuen (1974).
    """
    count, cut = len(logs), len(logs) // 7
    inner = np.sort(logs)
    drawn_in = np.clip(inner, inner[cut], inner[count - 1 - cut])
    kept = count - 2 * cut
    squares = float(np.sum((drawn_in - drawn_in.mean()) ** 2))
    return Centre(float(inner[cut : count - cut].mean()), squares / (kept * (kept - 1)), kept - 1)


def _centre(repeats: Sequence[FloatArray], drift: float) -> Centre:
    """Return the centre of one side; several repeats show the variance of rounds and of drift."""
    if len(repeats) == 1:
        centre = _trimmed_or_alone(repeats[0])
        return Centre(centre.log, centre.variance + drift**2, centre.freedom)
    many = len(repeats)
    centres = list(map(_trimmed_or_alone, repeats))
    logs = np.array([centre.log for centre in centres])
    inside = float(np.mean([centre.variance for centre in centres])) / many  # two repeats may be close by chance
    return Centre(float(logs.mean()), max(float(np.var(logs, ddof=1)) / many, inside), many - 1)


def _trimmed_or_alone(logs: FloatArray) -> Centre:
    """Return the trimmed centre, or the value of a single round, which has no variance."""
    return trimmed(logs) if len(logs) > 1 else Centre(float(logs[0]), 0.0, 0.0)


def _together(one: Centre, other: Centre) -> float:
    """Return the degrees of freedom of a difference: Welch (1938), Satterthwaite (1946); without variance the sum."""
    total = one.variance + other.variance
    if total == 0:
        return one.freedom + other.freedom
    return total**2 / sum(side.variance**2 / side.freedom for side in (one, other))


def _difference(log: float, variance: float, freedom: float) -> Difference:
    error = math.sqrt(variance)
    reach = quantile(1 - RATE / 2, freedom) * error
    return Difference(math.exp(log), math.exp(log - reach), math.exp(log + reach), error, freedom)


def verdicts(differences: Sequence[Difference]) -> list[Verdict]:
    """Return the verdicts on several differences, tested together; a difference below WORTH never counts.

    Equivalent differs by less than WORTH for certain; inconclusive might differ either way.
    """
    found: list[Verdict] = ["inconclusive"] * len(differences)
    known = [place for place, difference in enumerate(differences) if difference.known]
    if not known:
        return found
    held = adjusted(np.array([differences[place].p for place in known]))
    for place, p in zip(known, held, strict=True):
        found[place] = _verdict(differences[place], float(p))
    return found


def told_apart(differences: Sequence[Difference]) -> list[bool]:
    """Return which of several differences are slower or faster; one without an interval only has to reach WORTH."""
    said = verdicts(differences)
    return [
        verdict in ("slower", "faster") if difference.known else not difference.tied
        for difference, verdict in zip(differences, said, strict=True)
    ]


def more_rounds(difference: Difference, rounds: int, drift: float = 0.0) -> int | None:
    """Return about how many more rounds an inconclusive difference needs for a verdict; None if more would not do.

    A standard error shrinks with the square root of the rounds. A difference above WORTH needs an error at which it
    is seen four times out of five, a smaller one an interval within WORTH on both sides. Drift stays in the error,
    whatever the rounds.
    """
    if not difference.known:
        return max(LEAST_ROUNDS - rounds, 1)
    sure = quantile(1 - RATE / 2, difference.freedom)
    found, limit = abs(math.log(difference.ratio)), math.log1p(WORTH)
    to_see, to_exclude = found / (sure + quantile(0.8, difference.freedom)), (limit - found) / sure
    wanted = to_see if found > limit else to_exclude
    lasting = min(drift, difference.error) ** 2
    if wanted**2 <= lasting:
        return None
    times = (difference.error**2 - lasting) / (wanted**2 - lasting)
    more = math.ceil(rounds * times) - rounds
    return max(more, 1) if more <= MOST_MORE else None


def adjusted(p: FloatArray) -> FloatArray:
    """Return p-values adjusted for several tests (Benjamini & Hochberg, 1995), as scipy's false_discovery_control."""
    order = np.argsort(p)[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    found = np.empty_like(p)
    found[order] = np.minimum.accumulate(np.minimum(scaled, 1.0))
    return found


def _verdict(difference: Difference, p: float) -> Verdict:
    ratio, low, high = difference.ratio, difference.low, difference.high
    if p <= RATE and low > 1 and ratio > 1 + WORTH:
        return "slower"
    if p <= RATE and high < 1 and ratio < 1 / (1 + WORTH):
        return "faster"
    return "equivalent" if low >= 1 / (1 + WORTH) and high <= 1 + WORTH else "inconclusive"


@lru_cache(maxsize=256)
def quantile(share: float, freedom: float) -> float:
    """Return a quantile of Student's t."""
    from scipy import special  # see `Difference.p`

    return float(special.stdtrit(freedom, share))
