"""How soon is there an answer? Wall time to ±5 % on six cases with ipcbench ÷ that of the stock pyperf script.

The six are round trips: pipe, queue and simple-queue at 64 B; pipe, queue and shared-memory at 64 KiB. ipcbench
measures them with `run --precision 5%`, one command per size. stock.py, in this folder, measures them with pyperf's
defaults, repeated until all six are precise enough, at most three times. Both alternate, so that drift affects both.
The width is that of the 95 % interval of the median over processes, by one rule for both.

Aim: at most 0.33.

    python benchmarks/harness/answer_time.py [--pairs N] [--json FILE]
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from typing import NamedTuple

import pyperf
from figures import Figure, at_most, plain, write
from stock import CASES, LARGE

from ipcbench.model import Case
from ipcbench.results.store import load
from ipcbench.run.precision import half_width

PRECISION = 0.05
MOST_TIMES = 3  # most runs of the stock script for one answer
STOCK = Path(__file__).with_name("stock.py")
Widths = dict[str, float]


class Pair(NamedTuple):
    """Seconds and widths of ipcbench, and of the stock script, whose seconds are a list with one item per run."""

    seconds: float
    widths: Widths
    stock_seconds: list[float]
    stock_widths: Widths


def ours(folder: Path, words: list[str]) -> tuple[float, Widths]:
    """Return the seconds that ipcbench takes for all six cases, and the width that each reaches."""
    seconds, widths = 0.0, {}
    for size in sorted({size for _, size in CASES.values()}):
        names = [Case.parse(name).mechanism for name, (_, other) in CASES.items() if other == size]
        label = "large" if size == LARGE else "small"
        command = ["-m", "ipcbench", "run", "--quiet", "--force", "--label", label, "--pattern", "ping-pong"]
        command += ["--mechanism", ",".join(names), "--size", f"{size}B", "--precision", f"{PRECISION:.0%}", *words]
        seconds += timed(command, folder)
        for benchmark in load(folder / "results" / f"{label}.json").benchmarks:
            means = [fmean(run.values) for run in benchmark.runs]
            widths[str(benchmark.metadata["name"])] = half_width(means)
    return seconds, widths


def stock(folder: Path, words: list[str]) -> tuple[list[float], Widths]:
    """Return the seconds of each run of the stock script until all six are precise, and the width that each reaches."""
    file, widths = folder / "stock.json", dict.fromkeys(CASES, float("inf"))
    seconds: list[float] = []
    file.unlink(missing_ok=True)
    while len(seconds) < MOST_TIMES and max(widths.values()) > PRECISION:
        seconds.append(timed([str(STOCK), "--quiet", "--append", str(file), *words], folder))
        for bench in pyperf.BenchmarkSuite.load(str(file)):
            means = [fmean(run.values) for run in bench.get_runs() if run.values]
            widths[bench.get_name()] = half_width(means)
    return seconds, widths


def timed(command: list[str], folder: Path) -> float:
    """Return the seconds of a command under this Python; raises if the command fails."""
    start = perf_counter()
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=1800)
    seconds = perf_counter() - start
    if done.returncode not in (0, 7):  # 7: CPU time was stolen meanwhile, which the width shows
        raise SystemExit(f"{shlex.join(command)} ended with code {done.returncode}: {done.stderr[-500:]}")
    return seconds


def figures(pairs: Sequence[Pair]) -> list[Figure]:
    """Return the figures of all pairs together."""
    of = f"of {len(CASES)} cases known to ±5 %"
    said = [
        at_most(
            "ipcbench ÷ stock, time to ±5 %", median(pair.seconds / sum(pair.stock_seconds) for pair in pairs), 0.33
        ),
        plain("ipcbench ÷ one run of the stock script", median(pair.seconds / pair.stock_seconds[0] for pair in pairs)),
        plain("ipcbench, time", median(pair.seconds for pair in pairs), " s"),
        plain("stock, time", median(sum(pair.stock_seconds) for pair in pairs), " s"),
        plain("stock, times the script was run", fmean(len(pair.stock_seconds) for pair in pairs)),
        plain(f"ipcbench, {of}", fmean(known(pair.widths) for pair in pairs)),
        plain(f"stock, {of}", fmean(known(pair.stock_widths) for pair in pairs)),
    ]
    for name in CASES:
        said += [
            plain(f"{name}: ± of ipcbench", 100 * median(pair.widths[name] for pair in pairs), " %"),
            plain(f"{name}: ± of stock", 100 * median(pair.stock_widths[name] for pair in pairs), " %"),
        ]
    return said


def known(widths: Widths) -> int:
    """Return how many of these widths are within the precision."""
    return sum(width <= PRECISION for width in widths.values())


def main() -> None:
    """Measure both in alternation, print the figures, and write the JSON on request."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=3, help="times both are taken (default: 3)")
    parser.add_argument("--ours", default="--budget 3m", help="more options for ipcbench run")
    parser.add_argument("--stock", default="", help="more options for the stock script")
    parser.add_argument("--json", help="write the figures here too")
    args = parser.parse_args()
    pairs: list[Pair] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(args.pairs):
            if number % 2:
                its = stock(folder, shlex.split(args.stock))
                mine = ours(folder, shlex.split(args.ours))
            else:
                mine = ours(folder, shlex.split(args.ours))
                its = stock(folder, shlex.split(args.stock))
            pairs.append(Pair(*mine, *its))
            print(f"ipcbench {mine[0]:.1f} s, stock {sum(its[0]):.1f} s", file=sys.stderr, flush=True)
    said = figures(pairs)
    for figure in said:
        print(figure.line)
    write(args.json, said)


if __name__ == "__main__":
    main()
