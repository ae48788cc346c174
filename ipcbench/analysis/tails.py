"""How slow the slow ones are: percentiles of single operations, as far as there are enough of them to say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
LEAST_BEYOND = 10  # operations that must be slower than a percentile for it to be more than one of them


def percentiles(tails: pd.DataFrame) -> pd.DataFrame:
    """One row per case of `results.frame.tail_frame`: samples, p50, p90, p99, p999 and most, delays in seconds.

    A percentile is the delay that at least that share of all operations keep to; NaN where fewer than 10 are slower
    than it would be. most is the slowest one seen, which grows with the number of samples and estimates nothing.
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
