"""Centres of many cases, and their geometric mean round by round.

A disturbance in a round affects all its cases, and a change of the machine between two repeats does too. Therefore
cases are averaged inside each round first, and the series of these means are compared. If each case were compared by
itself, effects that cases share would count as independent evidence, and the interval of a mean over many cases would
be far too short.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipcbench.analysis.difference import trimmed
from ipcbench.analysis.stats import LEAST_ROUNDS, FloatArray, IntArray


def mean_series(cases: Sequence[FloatArray] | FloatArray) -> FloatArray:
    """Return the geometric mean of cases in each round, each (rounds,) in seconds or ratios -> (rounds,).

    A missing round takes the median of its case, so that every mean is over all cases; a round that all cases lack is
    NaN.
    """
    logs = np.log(np.array(cases))
    missing = np.isnan(logs)
    for row, gone in zip(logs, missing, strict=True):
        if gone.any() and not gone.all():
            row[gone] = trimmed(row[~gone]).log if (~gone).sum() > 1 else row[~gone][0]
    means: FloatArray = np.exp(logs.mean(axis=0))
    means[missing.all(axis=0)] = np.nan
    return means


def trimmed_rows(logs: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return `compare.trimmed` of each row: (n, rounds), NaN if missing -> log, variance and freedom, each (n,).

    All are NaN for a row without a round; variance and freedom are NaN for a single round.
    """
    counts = (~np.isnan(logs)).sum(axis=1)
    ordered = np.sort(logs, axis=1)  # what is missing comes last
    log, variance, freedom = np.full((3, len(logs)), np.nan)
    for count in map(int, np.unique(counts[counts > 0])):
        rows, cut = counts == count, count // 7
        inner, kept = ordered[rows, :count], count - 2 * cut
        log[rows] = inner[:, cut : count - cut].mean(axis=1)
        if kept > 1:
            drawn_in = np.clip(inner, inner[:, [cut]], inner[:, [count - 1 - cut]])
            squares = ((drawn_in - drawn_in.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
            variance[rows], freedom[rows] = squares / (kept * (kept - 1)), kept - 1
    return log, variance, freedom


def centres(logs: FloatArray, repeats: IntArray, drift: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log, error and freedom of each row for a comparison between files, as in `compare.unpaired`.

    logs is (n, rounds), repeats the repeat of each round. Error and freedom are NaN below 3 rounds; drift counts if a
    row has a single repeat.
    """
    each = np.array([trimmed_rows(logs[:, repeats == name]) for name in np.unique(repeats)]).reshape(-1, 3, len(logs))
    log, variance, freedom = each[:, 0], each[:, 1], each[:, 2]
    many = (~np.isnan(log)).sum(axis=0)
    single = np.argmax(~np.isnan(log), axis=0) if len(each) else np.zeros(len(logs), dtype=int)
    rows = np.arange(len(logs))
    found = np.full((3, len(logs)), np.nan)
    one, several = many == 1, many > 1
    for place, of in enumerate((log, variance + drift**2, freedom)):
        found[place, one] = of[single[one], rows[one]]
    if several.any():
        middles, share = log[:, several], many[several]
        inside = np.nansum(np.nan_to_num(variance[:, several]), axis=0) / share**2
        between = np.nanvar(middles, axis=0, ddof=1) / share
        found[:, several] = np.nanmean(middles, axis=0), np.maximum(between, inside), share - 1
    few = (~np.isnan(logs)).sum(axis=1) < LEAST_ROUNDS
    found[1:, few] = np.nan
    return found[0], np.sqrt(found[1]), found[2]
