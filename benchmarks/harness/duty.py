"""How much of the time is measured? Seconds inside counted values ÷ seconds of wall time of `ipcbench all`.

The input is a results file, or a run made for it. The rest of the time is calibration, warm-up, verification, and
starting, placing and ending processes.

Aim: at least 0.60. More values per visit would reach it, but would widen the intervals of a run of equal duration,
because visits differ more than the values inside one. So the rounds are also evaluated with only their first values:
how wide would an interval be after equal time?

    python benchmarks/harness/duty.py [FILE] [--run WORDS] [--json FILE]
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from figures import Figure, at_least, plain, write

from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load

RUN = "all --budget 4m"


def measured(words: str) -> ResultFile:
    """Make a run and return its results."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ipcbench", *shlex.split(words), "--quiet", "--label", "duty"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=3600)
        path = Path(folder) / "results" / "duty.json"
        if not path.exists():
            raise SystemExit(f"{shlex.join(command)} ended with code {done.returncode}: {done.stderr[-500:]}")
        return load(path)


def figures(result: ResultFile) -> list[Figure]:
    """Return figures on how a run spent its time."""
    record = result.ipcbench
    visits = sum(visit.wall for visit in record.visits)
    return [
        at_least("timed ÷ wall seconds", result.timed / record.wall, 0.75),
        plain("timed ÷ seconds of the visits of complete rounds", result.timed / visits if visits else 0.0),
        plain("wall", record.wall, " s"),
        plain("visits", float(len(record.visits))),
        plain("values per visit", float(record.settings.values)),
        *_trade(result),
    ]


def _trade(result: ResultFile) -> list[Figure]:
    """Return the error at equal time ÷ that with all values, by the number kept: geometric mean over cases."""
    logs = [np.log([run.values for run in benchmark.runs]) for benchmark in result.benchmarks]
    settings, most = result.ipcbench.settings, min(table.shape[1] for table in logs)
    spent = sum(visit.wall for visit in result.ipcbench.visits) / max(1, len(result.ipcbench.visits))
    beyond = spent - (settings.values + settings.warmups) * settings.min_time
    cost = {kept: beyond + (kept + settings.warmups) * settings.min_time for kept in range(1, most + 1)}
    variance = {kept: [np.var(np.log(np.exp(table[:, :kept]).mean(axis=1)), ddof=1) for table in logs] for kept in cost}
    whole = np.array(variance[most]) * cost[most]
    return [
        plain(
            f"error for the same time with {kept} values ÷ with {most}",
            _mean(np.array(variance[kept]) * cost[kept] / whole),
        )
        for kept in (1, 2, 4, 8, 16)
        if kept < most
    ]


def _mean(ratios: np.typing.NDArray[np.float64]) -> float:
    """Return the geometric mean of square roots: from variances to errors."""
    return float(np.exp(np.mean(np.log(ratios[ratios > 0])) / 2))


def main() -> None:
    """Read a file or make a run, print the figures, and write the JSON on request."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, help="a results file (default: a run is made)")
    parser.add_argument("--run", default=RUN, metavar="WORDS", help=f"what the run is (default: {RUN!r})")
    parser.add_argument("--json", help="write the figures here too")
    args = parser.parse_args()
    result = load(args.file) if args.file else measured(args.run)
    said = figures(result)
    for figure in said:
        print(figure.line)
    write(args.json, said, command=result.ipcbench.command)


if __name__ == "__main__":
    main()
