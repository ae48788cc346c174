"""Does ipcbench call different what is the same? Every case against itself, inside one run and between two.

Inside a run a case and its twin are compared round by round; between two runs, made one after the other, each case with
itself. Beside it, on the same two files, what `pyperf compare_to` calls significant. Aim: at most 1 % of cases inside a
run, at most 5 % between two files.

    python benchmarks/harness/aa.py [--rounds N] [--case ID] [--folder FOLDER] [--json FILE]

--folder keeps the two files, or takes them from there if they are in it; power.py reads them too.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from twins import CASES, ROUNDS, files, pairs, spread

from ipcbench.analysis.compare import Difference, paired, unpaired, verdicts
from ipcbench.analysis.stats import by_round, compare
from ipcbench.model import Case
from ipcbench.results.frame import visit_frame
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load

DIFFERENT = ("slower", "faster")
_HIDDEN = re.compile(r"not significant \((\d+)\)")


def share(differences: list[Difference], worth: float | None = None) -> float:
    """The share of the differences that are called one."""
    found = verdicts(differences) if worth is None else verdicts(differences, worth)
    return sum(verdict in DIFFERENT for verdict in found) / len(found)


def between(one: ResultFile, other: ResultFile, drift: float = 0.0) -> list[Difference]:
    """The differences of each case between two files."""
    first, second = by_round(visit_frame(one)), by_round(visit_frame(other))
    return [unpaired([second[case]], [first[case]], drift) for case in first if case in second]


def pyperf_share(folder: Path, cases: int) -> float:
    """The share of cases that `pyperf compare_to` calls significant between the two files."""
    command = [sys.executable, "-m", "pyperf", "compare_to", "--table"]
    paths = [str(folder / f"twins-{number}.json") for number in (1, 2)]
    done = subprocess.run([*command, *paths], capture_output=True, text=True, check=True, timeout=300)
    hidden = _HIDDEN.search(done.stdout)
    return 1 - (int(hidden[1]) if hidden else 0) / cases


def measured(args: argparse.Namespace, folder: Path) -> list[ResultFile]:
    """The two files of the folder, made if they are not there."""
    paths = [folder / f"twins-{number}.json" for number in (1, 2)]
    if all(path.exists() for path in paths):
        return [load(path) for path in paths]
    return files(folder, args.rounds, [Case.parse(text) for text in args.case] or CASES)


def compared(folder: Path, results: list[ResultFile]) -> dict[str, Any]:
    """All that is found, ready for JSON."""
    one, other = results
    inside = [pair for result in results for pair in pairs(result)]
    differences = between(one, other)
    by_report = [compare(first, second) for first, second in inside]
    return {
        "rounds": one.ipcbench.rounds,
        "cases inside a run": len(inside),
        "called different inside a run": share([paired(first, second) for first, second in inside]),
        "not tied in a report": sum(not found.tied for found in by_report) / len(by_report),
        "cases between two files": len(differences),
        "called different between two files": share(differences),
        "called significant by pyperf": pyperf_share(folder, len(differences)),
        "spread": spread(inside),
    }


def options(description: str) -> argparse.ArgumentParser:
    """What this script and power.py are told."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of each of the two runs")
    parser.add_argument("--case", action="append", default=[], help="only this case; repeatable")
    parser.add_argument("--folder", type=Path, help="where the two files are or will be kept")
    parser.add_argument("--json", type=Path, help="also write what was found to this file")
    return parser


def main() -> None:
    args = options((__doc__ or "").partition("\n")[0]).parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        found = compared(folder, measured(args, folder))
    for name, value in found.items():
        print(f"{name:36} {value:.3f}" if isinstance(value, float) else f"{name:36} {value}")
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
