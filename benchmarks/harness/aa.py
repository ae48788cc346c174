"""Does ipcbench find differences where there are none? Every case against itself, inside one run and between two.

Inside a run, a case and its twin are compared round by round; between two consecutive runs, each case is compared with
itself. `pyperf compare_to` is applied to the same two files. Aim: a difference is found in at most 1 % of cases inside
a run, and in at most 5 % between two files.

    python benchmarks/harness/aa.py [--rounds N] [--case ID] [--quick] [--folder FOLDER] [--json FILE]

--folder keeps the two files, or reads them if they are there; power.py reads them too.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import Figure, at_most, plain, write
from twins import CASES, ROUNDS, files, pairs, spread

from ipcbench.analysis.difference import Difference, paired, unpaired, verdicts
from ipcbench.analysis.self_check import drift_of, self_check
from ipcbench.analysis.stats import by_round
from ipcbench.model import Case
from ipcbench.results.frame import visit_frame
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load

DIFFERENT = ("slower", "faster")
_HIDDEN = re.compile(r"not significant \((\d+)\)")


def share(differences: list[Difference]) -> float:
    """Return the share of comparisons in which a difference is found."""
    found = verdicts(differences)
    return sum(verdict in DIFFERENT for verdict in found) / len(found)


def between(one: ResultFile, other: ResultFile, drift: float = 0.0) -> list[Difference]:
    """Return the differences of each case between two files."""
    first, second = by_round(visit_frame(one)), by_round(visit_frame(other))
    return [unpaired([second[case]], [first[case]], drift) for case in first if case in second]


def pyperf_share(folder: Path, cases: int) -> float:
    """Return the share of cases that `pyperf compare_to` calls significant between the two files."""
    command = [sys.executable, "-m", "pyperf", "compare_to", "--table"]
    paths = [str(folder / f"twins-{number}.json") for number in (1, 2)]
    done = subprocess.run([*command, *paths], capture_output=True, text=True, check=True, timeout=300)
    hidden = _HIDDEN.search(done.stdout)
    return 1 - (int(hidden[1]) if hidden else 0) / cases


def measured(args: argparse.Namespace, folder: Path) -> list[ResultFile]:
    """Return the two files of the folder; measure them if they do not exist."""
    paths = [folder / f"twins-{number}.json" for number in (1, 2)]
    if all(path.exists() for path in paths):
        return [load(path) for path in paths]
    cases = [Case.parse(text) for text in args.case] or (CASES[:2] if args.quick else CASES)
    return files(folder, 3 if args.quick else args.rounds, cases)


def figures(folder: Path, results: list[ResultFile]) -> list[Figure]:
    """Return all figures."""
    one, other = results
    inside = [pair for result in results for pair in pairs(result)]
    paired_ones = [paired(first, second) for first, second in inside]
    drift = drift_of([self_check(list(by_round(visit_frame(result)).values()), ROUNDS) for result in results])
    bare, drifting = between(one, other), between(one, other, drift)
    untied = [not difference.tied for difference in paired_ones]
    return [
        at_most("called different inside a run", share(paired_ones), 0.01),
        at_most("called different between two files", share(drifting), 0.05),
        plain("called different between two files, drift left out", share(bare)),
        plain("called significant between them by pyperf compare_to", pyperf_share(folder, len(bare))),
        plain("not tied in a report", sum(untied) / len(untied)),
        plain("drift of the files", 100 * drift, " %"),
        plain("cases inside a run", float(len(inside))),
        plain("cases between two files", float(len(bare))),
        plain("rounds", float(one.ipcbench.rounds)),
        *(plain(f"standard deviation of {name}", 100 * value, " %") for name, value in spread(inside).items()),
    ]


def options(description: str) -> argparse.ArgumentParser:
    """Return the parser of the options of this script and power.py."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of each of the two runs")
    parser.add_argument("--case", action="append", default=[], help="only this case; repeatable")
    parser.add_argument("--folder", type=Path, help="folder of the two files")
    parser.add_argument("--quick", action="store_true", help="two cases and three rounds: does it work?")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser


def main() -> None:
    args = options((__doc__ or "").partition("\n")[0]).parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        said = figures(folder, measured(args, folder))
    for figure in said:
        print(figure.line)
    write(args.json, said)


if __name__ == "__main__":
    main()
