"""Several cases as one: their geometric mean, round by round.

What happens in a round happens to all its cases, and so does what happens to a machine between two repeats. So cases
are averaged inside each round first, and what is compared is the series of these means: with each case by itself what
they share would be taken for independent evidence, and the interval of a mean over many cases would be far too short.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipcbench.analysis.compare import trimmed
from ipcbench.analysis.stats import FloatArray


def mean_series(cases: Sequence[FloatArray]) -> FloatArray:
    """The geometric mean of cases in each round: of each (rounds,) in seconds, or ratios -> (rounds,).

    A round that a case lacks takes that case's own middle, so that every mean is over the same cases; a round that all
    of them lack is NaN.
    """
    logs = np.log(np.array(cases))
    missing = np.isnan(logs)
    for row, gone in zip(logs, missing, strict=True):
        if gone.any() and not gone.all():
            row[gone] = trimmed(row[~gone]).log if (~gone).sum() > 1 else row[~gone][0]
    means: FloatArray = np.exp(logs.mean(axis=0))
    means[missing.all(axis=0)] = np.nan
    return means
