"""Does ipcbench find what is slower? Real runs, in which one side is made slower by a known 5, 10 and 20 %.

The rounds are those of aa.py, so the noise is the machine's own; the slowdown is exact, since the times of the twins,
or of the second file, are multiplied by it after they were measured. Aim: 10 % found in at least 90 % of cases, 5 % in
half of them.

    python benchmarks/harness/power.py [--rounds N] [--case ID] [--folder FOLDER] [--json FILE]
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from aa import between, measured, options
from twins import pairs, spread

from ipcbench.analysis.compare import Difference, paired, verdicts
from ipcbench.results.schema import ResultFile

SLOWER = (0.05, 0.10, 0.20)


def found_share(differences: list[Difference], slower: float) -> float:
    """The share of differences, each of them this much more, that are called slower."""
    more = [_slowed(difference, 1 + slower) for difference in differences]
    return sum(verdict == "slower" for verdict in verdicts(more)) / len(more)


def _slowed(found: Difference, by: float) -> Difference:
    return Difference(found.ratio * by, found.low * by, found.high * by, found.error, found.freedom)


def power(results: list[ResultFile]) -> dict[str, Any]:
    """The share found by how much slower it is, and what could have been seen, ready for JSON."""
    series = [pair for result in results for pair in pairs(result)]
    inside, other = [paired(second, first) for first, second in series], between(results[0], results[1])
    seen = sorted(difference.visible for difference in inside)
    return {
        "rounds": results[0].ipcbench.rounds,
        **{f"{slower:.0%} found inside a run": found_share(inside, slower) for slower in SLOWER},
        **{f"{slower:.0%} found between two files": found_share(other, slower) for slower in SLOWER},
        "seen in 4 of 5, median of cases": seen[len(seen) // 2],
        "seen in 4 of 5, 90 % of cases": seen[int(0.9 * len(seen))],
        "spread": spread(series),
    }


def main() -> None:
    args = options((__doc__ or "").partition("\n")[0]).parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = power(measured(args, args.folder or Path(temporary)))
    for name, value in found.items():
        print(f"{name:36} {value:.3f}" if isinstance(value, float) else f"{name:36} {value}")
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
