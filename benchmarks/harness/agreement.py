"""Do two runs of one machine agree? The best of each block in one run, among the best or tied of the other.

Make the runs an hour apart with the same command, such as `all`. A block has the cases that a reader compares: one
question, size, number of workers and setting, and one way of waiting. Aim: in at least 95 % of the blocks the best of
either run is the best of the other, or tied with it. Blocks with idle and with awake CPUs are also counted apart, to
decide which of the two should be the default.

    python benchmarks/harness/agreement.py FIRST.json SECOND.json [--json FILE]
"""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from figures import Figure, at_least, plain, write

import ipcbench
from ipcbench.analysis.stats import BLOCK

NEAR = 0.05  # relative difference of two medians that counts as the same
Leaders = tuple[frozenset[str], frozenset[str]]  # the best of a block; the best and those tied with it


def leaders(cases: pd.DataFrame) -> dict[tuple[Any, ...], Leaders]:
    """Return the leaders of each block of at least two ranked cases with a number."""
    ranked = cases[cases["ranked"] & cases["seconds"].notna()]
    found = {}
    for block, rows in ranked.groupby(BLOCK):
        if len(rows) > 1:
            best, ahead = rows[rows["best"]], rows[rows["best"] | rows["tied"]]
            found[block] = frozenset(best["mechanism"]), frozenset(ahead["mechanism"])
    return found


def figures(first: pd.DataFrame, second: pd.DataFrame) -> list[Figure]:
    """Return the agreement of the cases of two runs."""
    one, two = leaders(first), leaders(second)
    blocks = [block for block in one if block in two]
    both = first.merge(second, on="case", suffixes=("", "_second")).dropna(subset=["seconds", "seconds_second"])
    found = [
        plain("blocks in both runs", len(blocks)),
        at_least("best of the first among best or tied of the second", agreed(blocks, one, two), 95, " %"),
        at_least("best of the second among best or tied of the first", agreed(blocks, two, one), 95, " %"),
        plain("the same best", 100 * share([one[block][0] == two[block][0] for block in blocks]), " %"),
        plain("blocks with one clear best, first run", sum(len(one[block][1]) == 1 for block in blocks)),
        plain("blocks with one clear best, second run", sum(len(two[block][1]) == 1 for block in blocks)),
    ]
    for cpus in sorted(set(both["cpus"])):
        of_it = [block for block in blocks if block[BLOCK.index("cpus")] == cpus]
        moved = np.abs(np.log((both["seconds_second"] / both["seconds"])[both["cpus"] == cpus]))
        found += [
            plain(f"{cpus} CPUs: best of the first among best or tied of the second", agreed(of_it, one, two), " %"),
            plain(f"{cpus} CPUs: median change of a case", 100 * float(np.expm1(moved.median())), " %"),
            plain(f"{cpus} CPUs: cases within 5 %", 100 * share(list(moved < np.log1p(NEAR))), " %"),
        ]
    return found


def agreed(blocks: Sequence[tuple[Any, ...]], one: dict[Any, Leaders], other: dict[Any, Leaders]) -> float:
    """Return the share of blocks, in per cent, in which the best of one run leads in the other too."""
    return 100 * share([one[block][0] <= other[block][1] for block in blocks])


def share(found: Sequence[bool]) -> float:
    """Return the share that is true; NaN of none."""
    return sum(found) / len(found) if found else float("nan")


def main() -> None:
    """Read two results files and print how far they agree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    found = figures(ipcbench.load(args.first).cases, ipcbench.load(args.second).cases)
    for figure in found:
        print(figure.line)
    write(args.json, found)


if __name__ == "__main__":
    main()
