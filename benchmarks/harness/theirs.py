"""Do the benchmarks of the libraries' authors agree? Their figure ÷ that of ipcbench, measured together.

Two scripts of others run unchanged: perf/perf.py of pyzmq (https://github.com/zeromq/pyzmq), round trips and streams of
one size over one address, and comparison_tests.py of faster-fifo (https://github.com/alex-petrenko/faster-fifo), the
seconds from before the first process starts until the last one has ended. They alternate with ipcbench, so that drift
affects both; the ratio is taken pair by pair, and the median is printed with minimum and maximum. All processes share
one CPU: on two CPUs the scheduler uses one or both, and their figure has two values that differ by a large factor. With
`--cpus 0` they may use all CPUs, and ipcbench measures with placement free.

The scripts and ipcbench measure slightly different things, see docs/method.md; so there is no aim.

    python benchmarks/harness/theirs.py [--pyzmq PERF.PY] [--faster-fifo COMPARISON_TESTS.PY] [--pairs N] [--json FILE]
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median

from figures import Figure, write

from ipcbench.model import Case
from ipcbench.results.store import load

Seconds = dict[str, float]  # of one operation, by what was measured

COUNTS = {64: 20_000, 65_536: 8_000}  # messages of a run of perf.py, for a second or more
MESSAGES = 200_001  # of comparison_tests.py
LIMIT = 120.0  # seconds for any command


def pyzmq(script: Path, folder: Path) -> Seconds:
    """Return what perf.py finds: the time of a round trip, twice its latency, and of a message of a stream."""
    found = {}
    for size, count in COUNTS.items():
        for kind, url in (("ipc", f"ipc://{folder}/perf"), ("tcp", "tcp://127.0.0.1:5599")):
            said = output([str(script), "lat", "--size", str(size), "--count", str(count), "--url", url], folder)
            found[f"ping-pong/zmq-{kind}/{size}B"] = 2e-6 * number(r"mean latency *: *([0-9.]+)", said)
        words = ["thr", "--size", str(size), "--count", str(10 * count), "--url", f"ipc://{folder}/perf"]
        found[f"stream/zmq-ipc/{size}B"] = 1 / number(
            r"mean throughput: *([0-9.]+) *\[msg/s\]", output([str(script), *words], folder)
        )
    return found


def faster_fifo(script: Path, folder: Path) -> Seconds:
    """Return what comparison_tests.py finds per message; it fails if a queue is not faster, after printing figures."""
    said = output(["-m", "unittest", script.stem], script.parent, fine=(0, 1))
    times = [float(text) for text in re.findall(r"Time taken by queue type \S+ is ([0-9.]+)", said)]
    names = ("faster-fifo", "faster-fifo-many", "queue")
    return {f"stream/{name}": seconds / MESSAGES for name, seconds in zip(names, times, strict=True)}


def ours(folder: Path, words: Sequence[str]) -> dict[str, float]:
    """Return what ipcbench finds for these cases, by pattern, mechanism and size: the median over its rounds."""
    command = ["-m", "ipcbench", "run", "--quiet", "--force", "--label", "ours", "--placement", "free", *words]
    output(command, folder, fine=(0, 7))  # 7: CPU time was stolen meanwhile
    found = {}
    for benchmark in load(folder / "results" / "ours.json").benchmarks:
        case = Case.parse(str(benchmark.metadata["name"]))
        name = f"{case.pattern}/{case.mechanism}" + (f"/{case.size}B" if case.mechanism.startswith("zmq") else "")
        found[name] = median(fmean(run.values) for run in benchmark.runs)
    return found


def output(words: Sequence[str], folder: Path, fine: Sequence[int] = (0,)) -> str:
    """Return the output of a command under this Python; raises if the command fails or takes too long."""
    try:
        done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        raise SystemExit(f"{' '.join(words)} was not over after {LIMIT:.0f} s") from None
    if done.returncode not in fine:
        raise SystemExit(f"{' '.join(words)} ended with code {done.returncode}: {done.stderr[-500:]}")
    return done.stdout + done.stderr


def number(pattern: str, said: str) -> float:
    """Return the number that a script has printed."""
    found = re.search(pattern, said)
    if not found:
        raise SystemExit(f"no {pattern!r} in what the script printed: {said[-500:]}")
    return float(found[1])


# For each library the arguments of its authors' script, and the matching cases of ipcbench.
LIBRARIES: dict[str, tuple[Callable[[Path, Path], Seconds], tuple[tuple[str, ...], ...]]] = {
    "pyzmq": (
        pyzmq,
        (
            ("--mechanism", "zmq-ipc,zmq-tcp", "--pattern", "ping-pong", "--size", "64B,64KiB", "--rounds", "3"),
            ("--mechanism", "zmq-ipc", "--pattern", "stream", "--size", "64B,64KiB", "--rounds", "3"),
        ),
    ),
    "faster-fifo": (
        faster_fifo,
        (
            (
                "--mechanism",
                "faster-fifo,faster-fifo-many,queue",
                "--pattern",
                "stream",
                "--size",
                "64B",
                "--rounds",
                "3",
            ),
        ),
    ),
}


def figures(pairs: Sequence[tuple[Seconds, Seconds]]) -> list[Figure]:
    """Return the figures of all pairs together."""
    said = []
    for name in pairs[0][0]:
        ratios = [theirs[name] / mine[name] for theirs, mine in pairs]
        shown = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        times = "{:.3g} µs, {:.3g} µs".format(
            *(1e6 * median(each[name] for each in side) for side in zip(*pairs, strict=True))
        )
        said.append(Figure(f"{name}: theirs ÷ ipcbench", median(ratios), f"{shown}: {times}"))
    return said


def main() -> None:
    """Measure both in alternation, print the figures, and write the JSON on request."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pyzmq", type=Path, metavar="FILE", help="its perf/perf.py")
    parser.add_argument("--faster-fifo", type=Path, metavar="FILE", help="its comparison_tests.py")
    parser.add_argument("--pairs", type=int, default=5, help="times both are taken (default: 5)")
    parser.add_argument("--cpus", type=int, default=1, help="how many CPUs all of it may use (default: 1; 0: all)")
    parser.add_argument("--json", help="write the figures here too")
    args = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: args.cpus or None])
    given = {"pyzmq": args.pyzmq, "faster-fifo": args.faster_fifo}
    if not any(given.values()):
        parser.error("give --pyzmq, --faster-fifo or both: files of the libraries' source trees")
    said = []
    for library, script in given.items():
        if script:
            said += compared(library, script.resolve(), args.pairs)
    for figure in said:
        print(figure.line)
    write(args.json, said)


def compared(library: str, script: Path, count: int) -> list[Figure]:
    """Run a library's script and ipcbench in alternation, `pairs` times."""
    theirs, commands = LIBRARIES[library]
    pairs = []
    with tempfile.TemporaryDirectory() as name:
        for taken in range(count):
            mine: Seconds = {}
            its = theirs(script, Path(name)) if taken % 2 else None
            for words in commands:
                mine |= ours(Path(name), words)
            pairs.append((its or theirs(script, Path(name)), mine))
            print(f"{library}: {taken + 1} of {count}", file=sys.stderr, flush=True)
    return figures(pairs)


if __name__ == "__main__":
    main()
