"""Percentiles of single operations, as far as there are enough samples."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
LEAST_BEYOND = 10  # operations that must be slower than a percentile, so that no single operation determines it
POINTS = 16  # points of a curve for each factor of ten in the share of slower operations


def percentiles(tails: pd.DataFrame) -> pd.DataFrame:
    """Return a row per case of `results.frame.tail_frame`: samples, p50, p90, p99, p999 and most, delays in seconds.

    At least this share of the operations do not exceed a percentile; NaN if fewer than 10 are slower. most is the
    slowest operation seen: it grows with the number of samples and estimates nothing.
    """
    rows = []
    for case, group in tails.groupby("case", sort=False):
        delays, counts = group["delay"].to_numpy(dtype=float), group["count"].to_numpy(dtype=float)
        below, samples = np.cumsum(counts), float(counts.sum())
        found = [
            float(delays[np.searchsorted(below, share * samples)])
            if samples * (1 - share) >= LEAST_BEYOND - 1e-9
            else math.nan
            for share in PERCENTILES.values()
        ]
        rows.append((case, int(samples), *found, float(delays[-1])))
    return pd.DataFrame(rows, columns=["case", "samples", *PERCENTILES, "most"])


def curves(tails: pd.DataFrame) -> pd.DataFrame:
    """Return the points of the percentile curves of the cases of `results.frame.tail_frame`, from 50 % up.

    Columns: case; one_in, as on HdrHistogram's axis: one operation in `one_in` is slower than the delay, 2 at 50 %, 100
    at 99 %; and delay, in seconds. A curve ends where 10 operations are slower; fewer than 20 have no curve.
    """
    found = []
    for case, group in tails.groupby("case", sort=False):
        below, samples = np.cumsum(group["count"].to_numpy(dtype=float)), float(group["count"].sum())
        one_in = _steps(samples / LEAST_BEYOND)
        delays = group["delay"].to_numpy(dtype=float)[np.searchsorted(below, (1 - 1 / one_in) * samples)]
        found.append(pd.DataFrame({"case": case, "one_in": one_in, "delay": delays}))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["case", "one_in", "delay"])


def _steps(last: float) -> npt.NDArray[np.float64]:
    """Return the points of a curve from 2 to `last`, evenly spaced on a logarithmic axis, with powers of ten."""
    if last < 2:
        return np.empty(0)
    powers = 10 ** (np.arange(1, math.ceil(POINTS * math.log10(last))) / POINTS)
    return np.array([2.0, *(power for power in powers if 2 < power < last), *([last] if last > 2 else [])])
