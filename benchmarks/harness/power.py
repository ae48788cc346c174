"""Does ipcbench find slowdowns? Real runs, in which one side is made slower by a known 5, 10 and 20 %.

The rounds are those of aa.py, so the noise is that of the machine. The slowdown is exact, because the measured times of
the twins, or of the second file, are multiplied by it. Aim: 10 % is found in at least 90 % of cases, 5 % in at least
half of them.

    python benchmarks/harness/power.py [--rounds N] [--case ID] [--quick] [--folder FOLDER] [--json FILE]
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from aa import between, measured, options
from figures import Figure, at_least, plain, write
from twins import ROUNDS, pairs, spread

from ipcbench.analysis.difference import Difference, paired, quantile, verdicts
from ipcbench.analysis.self_check import drift_of, self_check
from ipcbench.analysis.stats import FloatArray, by_round, resampled_medians
from ipcbench.results.frame import visit_frame
from ipcbench.results.schema import ResultFile

SLOWER = (0.05, 0.10, 0.20)


def found_share(differences: list[Difference], slower: float) -> float:
    """Return the share of differences that are found to be slower, after each is increased by the factor."""
    more = [_slowed(difference, 1 + slower) for difference in differences]
    return sum(verdict == "slower" for verdict in verdicts(more)) / len(more)


def _slowed(found: Difference, by: float) -> Difference:
    return Difference(found.ratio * by, found.low * by, found.high * by, found.error, found.freedom)


def _by_medians(series: Sequence[tuple[FloatArray, FloatArray]]) -> list[Difference]:
    """Return the differences of the pairs by the ratio of medians and its bootstrap over rounds."""
    found = []
    for first, second in series:
        both = ~(np.isnan(first) | np.isnan(second))
        logs = np.log(resampled_medians(second[both])) - np.log(resampled_medians(first[both]))
        error, freedom = float(np.std(logs, ddof=1)), int(both.sum()) - 1
        ratio, reach = float(np.median(second[both]) / np.median(first[both])), quantile(0.975, freedom) * error
        found.append(Difference(ratio, ratio * math.exp(-reach), ratio * math.exp(reach), error, freedom))
    return found


def figures(results: list[ResultFile]) -> list[Figure]:
    """Return the share of slowdowns found, by slowdown, and the smallest detectable difference."""
    series = [pair for result in results for pair in pairs(result)]
    drift = drift_of([self_check(list(by_round(visit_frame(result)).values()), ROUNDS) for result in results])
    inside = [paired(second, first) for first, second in series]
    other = between(results[0], results[1], drift)
    seen = sorted(difference.visible for difference in inside)
    return [
        at_least("5 % slower found inside a run", found_share(inside, 0.05), 0.5),
        at_least("10 % slower found inside a run", found_share(inside, 0.10), 0.9),
        plain("20 % slower found inside a run", found_share(inside, 0.20)),
        plain("20 % slower found inside a run, had medians been compared", found_share(_by_medians(series), 0.20)),
        *(plain(f"{slower:.0%} slower found between two files", found_share(other, slower)) for slower in SLOWER),
        plain("seen four times out of five inside a run, median of cases", 100 * seen[len(seen) // 2], " %"),
        plain("seen four times out of five inside a run, 90 % of cases", 100 * seen[int(0.9 * len(seen))], " %"),
        plain("rounds", float(results[0].ipcbench.rounds)),
        *(plain(f"standard deviation of {name}", 100 * value, " %") for name, value in spread(series).items()),
    ]


def main() -> None:
    args = options((__doc__ or "").partition("\n")[0]).parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        said = figures(measured(args, args.folder or Path(temporary)))
    for figure in said:
        print(figure.line)
    write(args.json, said)


if __name__ == "__main__":
    main()
